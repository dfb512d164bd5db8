"""What stands beside the clip and changes nothing of it: what is shown, and memory that is let go of."""

from typing import TYPE_CHECKING, Annotated, Any, ClassVar

import msgspec

from ltxdsl.ops import nodes
from ltxdsl.ops.cells import Symbol
from ltxdsl.ops.declare import NOWHERE, Role, option, parts, statement, word
from ltxdsl.ops.kinds import TEXT, MediaRef, NodeRef, NodeText, words
from ltxdsl.ops.raw_values import THING, THING_OR_LITERAL, WRITTEN, wires_of, word_of
from ltxdsl.ops.wired import Wired
from ltxdsl.source import Span
from ltxdsl.targets import LOCAL

if TYPE_CHECKING:
    from ltxdsl.compiler.lower import Scene

CACHE, MODELS, MEMORY = (words(f"`{part}`", {part: True}) for part in ("cache", "models", "ram"))
KINDS = {"frames": "image", "video": "image", "image": "image", "audio": "audio"}


class Shown(msgspec.Struct, frozen=True, kw_only=True):
    """One thing that is shown."""

    thing: Annotated[Any, word(THING_OR_LITERAL, "a word of `node`, a name, or a quoted text")]
    span: Span = NOWHERE


@statement("show", Role.ACTION, 'prompt "a lake"\npass dev 30\nshow written | frames\nsave "lake.mp4"')
class Show(Wired, frozen=True):
    """Look at something: a text, a picture, a sound, or what a raw node gives.

    It takes a quoted text, the words of [`node`](node.md) (`written`, `frames`, `audio`, `latent`, …), and names of
    pictures, sounds and raw nodes; several with `|` between them. In ComfyUI `PreviewImage` shows frames and pictures,
    `PreviewAudio` sound, `PreviewAny` all else; what a raw node gives is known by its class. `by` names another class
    that only displays, as `ltx import` finds it. `ltx run` prints texts (`written` is the prompt) and leaves the rest
    out.
    """

    things: Annotated[tuple[Shown, ...], parts(Shown, THING_OR_LITERAL, "what is shown, with `|` between them")]
    by: Annotated[str, option(TEXT, "the class of ComfyUI's node, if not the usual one")] = ""

    @property
    def asks(self) -> list[tuple[Any, Span]]:
        """Each thing."""
        return [(shown.thing, shown.span) for shown in self.things]

    def left_out(self, target: str) -> bool:
        """Nothing comes of it; only texts are shown here."""
        return target == LOCAL and not any(map(_is_text, (thing for thing, _ in self.asks)))

    def apply(self, scene: "Scene") -> None:
        """An op for each thing; here a text is kept for the end of the run."""
        if scene.target == LOCAL:
            scene.shown += [text for thing, _ in self.asks if (text := _text(scene, thing))]
        elif not self.too_early(scene):
            for thing, _ in self.asks:
                self._show(scene, thing)

    def _show(self, scene: "Scene", thing: Any) -> None:
        if isinstance(thing, int | float | str):
            self.enter(scene, nodes.Show(literal=thing, by=self.by), {})
            return
        kind = KINDS.get(_kind(thing), "")
        op = nodes.Show(wired=True, word=word_of(thing), kind=kind, by=self.by, fps=scene.fps)
        self.enter(scene, op, wires_of(scene, self, thing, nodes.NODE_PORTS[0]))


def _kind(thing: Any) -> str:
    return thing.kind if isinstance(thing, MediaRef) else word_of(thing)


def _is_text(thing: Any) -> bool:
    return not isinstance(thing, NodeRef | MediaRef | Symbol) or thing == Symbol(WRITTEN)


def _text(scene: "Scene", thing: Any) -> str:
    """What is printed of it here."""
    if thing == Symbol(WRITTEN):
        return "" if isinstance(scene.prompt, NodeText) else scene.prompt
    return str(thing) if _is_text(thing) else ""


@statement(
    "free", Role.ACTION, 'prompt "a lake"\npass 0.5x dev 30\nfree cache ram after latent\nupscale 2x distill 0.6 3'
)
class Free(Wired, frozen=True):
    """Let go of memory at this point in ComfyUI: `cache` on the graphics card, loaded `models`, `ram`; or several.

    `after` is what must be there first, in the words of [`node`](node.md) or by name; without it `latent`, or `model`
    before any pass. A name before it stands for the same thing from here on, so that what reads it waits: `latent =
    free cache after latent`. The nodes are `VRAMCleanup` and `RAMCleanup` of Comfyui-Memory_Cleanup; `by` names another
    class, such as `VRAM_Debug` of KJNodes. It changes nothing of the clip. `ltx run` needs no word for it: it lets go
    of a model when no later step uses it, and of frames and latents when no later step reads them.
    """

    nameable: ClassVar[bool] = True
    gives_outputs: ClassVar[bool] = True

    cache: Annotated[bool, word(CACHE, "what the graphics card holds beside models; so if nothing is said")] = False
    models: Annotated[bool, word(MODELS, "models that are loaded")] = False
    ram: Annotated[bool, word(MEMORY, "the machine's own memory: caches of files, of processes")] = False
    by: Annotated[str, option(TEXT, "the class of ComfyUI's node, if not the usual ones")] = ""
    after: Annotated[Any, option(THING, "what it waits for")] = None

    @property
    def asks(self) -> list[tuple[Any, Span]]:
        """What it waits for."""
        return [] if self.after is None else [(self.after, self.span_of("after"))]

    def apply(self, scene: "Scene") -> None:
        """One op; this runtime does it by itself."""
        if scene.target == LOCAL or self.too_early(scene):
            return
        what = tuple(part for part in ("cache", "models", "ram") if getattr(self, part)) or ("cache",)
        thing = self.after if self.after is not None else Symbol("model" if scene.latent is None else "latent")
        kind = KINDS.get(_kind(thing), word_of(thing))
        op = nodes.Free(what=what, by=self.by, word=word_of(thing), kind=kind, fps=scene.fps)
        self.enter(scene, op, wires_of(scene, self, thing, nodes.NODE_PORTS[0]))
