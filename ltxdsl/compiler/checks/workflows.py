"""Rules of ComfyUI workflow files, which `ltx check` finds in the files themselves (ltxdsl/comfy/doctor)."""

from __future__ import annotations

from ltxdsl.compiler.checks.rules import known_elsewhere
from ltxdsl.diagnostics import Severity

UNREADABLE = "LTX286"
SERVER = "ComfyUI execution.py validate_prompt, seen on a server of 0.27"


def _of_workflows(code: str, title: str, severity: Severity, why: str, source: str = SERVER) -> None:
    """A rule of files; a script cannot break it. Nothing is made from a workflow, so a project may turn it down."""
    free = severity is Severity.ERROR and code != UNREADABLE
    known_elsewhere(code, title, severity, why=why, wrong="", right="", source=source, optional=free)


_of_workflows(
    "LTX280",
    "node of a class that nobody knows",
    Severity.WARNING,
    "A server refuses a whole prompt for one class that it lacks. It may belong to a pack that is not known here.",
)
_of_workflows(
    "LTX281",
    "input that is missing or that the node does not have",
    Severity.ERROR,
    "A server runs no output that needs a node without a required input; names that it does not know it ignores.",
)
_of_workflows(
    "LTX282",
    "link that leads nowhere or does not fit",
    Severity.ERROR,
    "A link is the id of a node and the number of one of its outputs, whose type the input must take.",
)
_of_workflows(
    "LTX283",
    "value that the node does not take",
    Severity.ERROR,
    "A server holds numbers against limits and choices against lists; it answers 200 all the same if another output is "
    "fine.",
)
_of_workflows(
    "LTX284",
    "nodes in a circle",
    Severity.ERROR,
    "A node runs after all that it reads, so none can read itself by way of others.",
)
_of_workflows(
    "LTX285",
    "nodes that nothing needs",
    Severity.WARNING,
    "Only what an output node needs is run; a prompt without one is refused.",
)
_of_workflows(
    UNREADABLE,
    "file that is no workflow, or not wholly read",
    Severity.ERROR,
    "A workflow is JSON with `nodes` (the editor's form) or entries with a `class_type` (the API's). What cannot "
    "be read as it is written is a warning or a note.",
    "docs/comfyui.md",
)
_of_workflows(
    "LTX287",
    "frame rates that differ",
    Severity.WARNING,
    "Sound is laid out by the rate of its latent, motion by that in the conditioning, and the file plays at its own: "
    "where they differ, the sound drifts, or the motion is too fast or slow.",
    "spec media.md, ComfyUI LTXVEmptyLatentAudio, LTXVConditioning, CreateVideo",
)
_of_workflows(
    "LTX288",
    "loader with a file of another kind",
    Severity.WARNING,
    "A loader takes any file of its folder; one that holds another model fails when it is loaded, or loads nothing.",
    "spec media.md, checkpoint files",
)
_of_workflows(
    "LTX289",
    "guides that are not cropped",
    Severity.ERROR,
    "Guides are latents behind the clip: without LTXVCropGuides they are decoded as frames, and upsampled with it.",
    "spec guides.md, crops",
)
_of_workflows(
    "LTX290",
    "sound of another length than the clip",
    Severity.WARNING,
    "The sound's latent is made for a number of frames of its own. Where the picture's node cuts its length to 1 + 8N, "
    "or is told another one, sound and picture end at different times, and lips drift.",
    "ComfyUI comfy_extras/nodes_lt.py EmptyLTXVLatentVideo, nodes_lt_audio.py LTXVEmptyLatentAudio",
)
