"""Where a script can run, by name and version, and how they differ where it matters for a script.

What ComfyUI's nodes do depends on its version. Each change is a row with the release that brought it; rules and the
export ask a target for the facts by name, and never compare versions themselves.
"""

from __future__ import annotations

import difflib

import msgspec

from ltxdsl import geometry

LATEST = "latest"
LOCAL, COMFY = "local", "comfy"
TITLES = {LOCAL: "this runtime", COMFY: "ComfyUI"}

Version = tuple[int, int]


class Change(msgspec.Struct, frozen=True):
    """What ComfyUI does since a release; before it, the opposite holds."""

    since: Version
    what: str
    source: str


_GUIDES = "ComfyUI comfy_extras/nodes_lt.py"

# By the release that a change ships in: the one after the version that the tree had at its commit.
CHANGES = {
    "strength_on_attention": Change(
        (0, 16), "a guide's strength also weighs on attention", f"{_GUIDES} LTXVAddGuide, a4522017"
    ),
    "short_still_guides": Change(
        (0, 17), "a still guide covers one frame wherever it stands", f"{_GUIDES} LTXVAddGuide, 58017e87"
    ),
    "centred_guides": Change(
        (0, 21), "a guide of another shape is cut evenly, not stretched", f"{_GUIDES} LTXVAddGuide, 05cd076b"
    ),
    "whole_video_guides": Change(
        (0, 22), "a guide video that starts later fills every latent it covers", f"{_GUIDES} LTXVAddGuide, 1d95ed21"
    ),
    "strong_guides": Change((0, 22), "a guide's strength may be over 1", f"{_GUIDES} LTXVAddGuide, 33ce449c"),
    "exact_crops": Change(
        (0, 23), "a crop removes every guide latent, whatever they share", f"{_GUIDES} LTXVCropGuides, 2072d3e4"
    ),
    "guides_in_windows": Change(
        (0, 26), "context windows know which frames are guides", "ComfyUI comfy/context_windows.py, cd77c551"
    ),
}
COMFY_VERSIONS = tuple((0, minor) for minor in range(15, 28))


class Target(msgspec.Struct, frozen=True):
    """A place to run, with its version; the version of `local` is this package's."""

    name: str
    version: Version | None = None  # None: the newest known

    def __str__(self) -> str:
        if self.name == LOCAL:
            return self.name
        return f"{self.name}@{'.'.join(map(str, self.version)) if self.version else LATEST}"

    @property
    def title(self) -> str:
        """What a sentence calls it."""
        shown = f" {'.'.join(map(str, self.version))}" if self.version else ""
        return TITLES[self.name] + shown

    def does(self, change: str) -> bool:
        """Whether a change of ComfyUI holds here; this runtime does as the newest one."""
        return self.version is None or self.version >= CHANGES[change].since

    def audio_latents(self, frames: int, fps: float) -> int:
        """Audio latents of a clip: ComfyUI rounds up, this runtime and diffusers to the nearest even."""
        return (geometry.comfy_audio_latents if self.name == COMFY else geometry.audio_latents)(frames, fps)


class UnknownTarget(ValueError):
    """A target that is not known; `args[0]` says it in the user's words, `hint` lists the known ones."""

    def __init__(self, message: str, hint: str) -> None:
        super().__init__(message)
        self.hint = hint


def target_named(text: str) -> Target:
    """The target that `local`, `comfy`, `comfy@0.27` or `comfy@latest` names."""
    name, at, version = text.partition("@")
    if name not in TITLES:
        near = difflib.get_close_matches(name, TITLES, n=1)
        raise UnknownTarget(f"there is no target `{text}`", f"did you mean `{near[0]}`?" if near else _known())
    if not at or (version == LATEST and name == COMFY):
        return Target(name)
    number = _version(version)
    if name == LOCAL or number not in COMFY_VERSIONS:
        raise UnknownTarget(f"nothing is known of `{text}`", _known())
    return Target(name, number)


def _version(text: str) -> Version | None:
    parts = text.split(".")
    return (int(parts[0]), int(parts[1])) if len(parts) in (2, 3) and all(p.isdecimal() for p in parts) else None


def _known() -> str:
    first, last = (".".join(map(str, v)) for v in (COMFY_VERSIONS[0], COMFY_VERSIONS[-1]))
    return f"known are {LOCAL}, {COMFY}@{first} to {COMFY}@{last}, and {COMFY}@{LATEST} (the same as {COMFY})"
