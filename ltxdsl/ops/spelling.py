"""How ComfyUI's nodes are written: choices that change the workflow and not the video."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Annotated, Any, ClassVar

import msgspec

from ltxdsl.grammar import tree
from ltxdsl.ops.base import PARTS_ALONE, PATCHED, STACKED, TOGETHER, Rename, Spelling
from ltxdsl.ops.cells import BadValue, Cell, Symbol
from ltxdsl.ops.declare import NOWHERE, Role, Statement, option, parts, statement, word
from ltxdsl.ops.idioms import IDIOMS
from ltxdsl.ops.kinds import FILE, INTEGER, TEXT, Kind, Names, Taken, choice, words
from ltxdsl.ops.raw_values import CONSTANTS, LOADED, MADE, THINGS, raw_value, wires_of, word_of
from ltxdsl.source import Span

if TYPE_CHECKING:
    from ltxdsl.compiler.expand import Here
    from ltxdsl.compiler.graph import Ref
    from ltxdsl.compiler.lower import Scene

NAMES_OR_CLASS = f'such as `spell "VAEDecode" as "VAEDecodeTiled"`, or of {", ".join(IDIOMS)}'


def _take_idioms(cells: Sequence[Cell], at: int, names: Names) -> Taken | None:
    listed = cells[at].value if isinstance(cells[at].value, list) else [cells[at]]
    known = all(isinstance(cell.value, Symbol) and cell.value.name in IDIOMS for cell in listed)
    return Taken(tuple(cell.value.name for cell in listed), at + 1) if known else None


IDIOM = Kind("names of usual spellings", _take_idioms, lambda names: IDIOMS)
SHARING = choice("`own` or `shared`", lambda names: ("own", "shared"))


class Spelled(Statement, frozen=True):
    """A statement that only says how nodes are written."""

    def written(
        self, scene: "Scene", values: Mapping[str, Any], place: str = ""
    ) -> tuple[tuple[tuple[str, Any], ...], dict[str, "Ref"]]:
        """Lines as an export reads them, and what raw nodes give to them, by ports that `place` keeps apart."""
        lines: list[tuple[str, Any]] = []
        inputs: dict[str, Ref] = {}
        for index, (key, value) in enumerate(values.items()):
            if isinstance(value, THINGS):
                port = f"{self.span.start}.{place}{index}"
                inputs |= wires_of(scene, self, value, port)
                value = Rename(port, node=True, word=word_of(value))
            lines.append((key, value))
        return tuple(lines), inputs

    def own_lines(self) -> dict[str, Any]:
        """The lines of its block, by their keys."""
        return {field.key: field.value for field in self.fields}


@statement(
    "spell",
    Role.CONDITION,
    'prompt "a lake"\nspell "SaveVideo" { format: "auto"; codec: "auto" }\n'
    'spell "VAEDecode" as "VAEDecodeTiled" { tile_size: 768 }\nspell vhs, scheduler\n'
    'pass dev 30\nsave "lake.mp4"',
)
class Spell(Spelled, frozen=True):
    """Another way to write nodes of a class in a ComfyUI workflow; the video stays what the script says.

    Each line is an input of such nodes, written so: a literal as in a `node`, what a raw node gives, `none` to leave
    the input out, the name of another input whose link it takes (`latents: samples`), or the class of a node written
    before in the same pass; a number after it is another output of that node (`av_latent: av_latent 1`), a name one of
    that node's inputs (`images: video images`). With `as` the node is of another class, and need not say what is known
    of that: inputs of the same name stay, those that are the same by another name are taken over (a saver's `images`
    from the video's, the steps of `LTXVScheduler` from the sigmas), and every other widget is as an editor makes it.
    `ltx import` writes this for what a person chose between equal spellings. At the top it holds for all that is
    written after it, in a block for that pass. Several without a block may stand with `|` between them.

    What is usual has a name, `spell vhs, kj`:

    | name | meaning |
    | --- | --- |
    {IDIOMS}
    """

    body: ClassVar[str] = "fields"
    bare: ClassVar[bool] = True
    listed: ClassVar[bool] = True

    idioms: Annotated[tuple[str, ...], word(IDIOM, "usual spellings by their names, with commas between them")] = ()
    type: Annotated[str, word(TEXT, "the class that is written otherwise")] = ""
    other: Annotated[str, option(TEXT, "the class that is written in its place", key="as")] = ""
    nth: Annotated[
        int, option(INTEGER, "only the first, second, … of them in a pass; all if not said", low=0, high=99)
    ] = 0
    sharing: Annotated[
        str, word(SHARING, "`own`: each pass has such a node of its own, `shared`: it takes an equal one of before")
    ] = ""

    @classmethod
    def read_field(cls, line: tree.Field, names: Names) -> Any:
        """As in a `node`; another word names an input."""
        match line.items:
            case (tree.Name(name),) if not _known(name, names):
                return Rename("" if name == "none" else name)
            case (tree.Name(name) | tree.Text(name), tree.Literal("NUMBER", text)) if text.isdigit():
                return Rename(name, slot=int(text))
            case (tree.Name(name), tree.Name(inner)) if names.media(name) is None:
                return Rename(name, of=inner)
        return raw_value(line, names)

    def spellings(self, scene: "Scene") -> tuple[tuple[Spelling, ...], dict[str, "Ref"]]:
        """Those of its names, and the one for its class."""
        found: list[Spelling] = []
        inputs: dict[str, Ref] = {}
        for name in self.idioms:
            for type, other, values in IDIOMS[name].spellings if scene.latent or not IDIOMS[name].later else ():
                lines, given = self.written(scene, values, f"{name}.{type}")
                found.append(Spelling(type, other, lines))
                inputs |= given
        if self.type:
            lines, given = self.written(scene, self.own_lines())
            found.append(Spelling(self.type, self.other, lines, self.sharing, self.nth))
            inputs |= given
        return tuple(found), inputs

    def expand(self, here: "Here") -> "Sequence[Statement]":
        """Itself. Raises BadValue where it says nothing, or lines of no class."""
        if not self.type and (self.fields or not self.idioms):
            raise BadValue(self.span, "`spell` needs the class of a node, or a name", "LTX003", hint=NAMES_OR_CLASS)
        return (self,)


Spell.__doc__ = str(Spell.__doc__).replace("{IDIOMS}", "\n    ".join(f"| `{n}` | {i.doc} |" for n, i in IDIOMS.items()))


def _known(name: str, names: Names) -> bool:
    return name in (*CONSTANTS, *MADE, *LOADED) or bool(names.node(name) or names.media(name))


STACKABLE = words(
    "a word of the stack",
    {
        word: word
        for word in (
            *("lora", "power", "attention", "nag", "relay", "chunk", "tune", "cache", "normalize", "windows"),
            *("preview", "patch", "speaker", "early"),
        )
    },
)


class Layer(msgspec.Struct, frozen=True, kw_only=True):
    """What stands on the model at one place."""

    what: Annotated[str, word(STACKABLE, "which of them")]
    number: Annotated[int, word(INTEGER, "how many of them; 0 for a `power` without LoRAs", low=0, high=99)] = 1
    span: Span = NOWHERE


@statement("stack", Role.SETTING, 'prompt "a lake"\nstack lora | attention\npass distill 8')
class Stack(Spelled, frozen=True):
    """In which order LoRAs and patches stand on the model in a ComfyUI workflow, from its loader on.

    It changes nothing of the video. What is not named comes after what is, in the usual order. `power` is LoRAs in one
    `Power Lora Loader (rgthree)`, `early` a `speaker` before the node of the frame rate. `ltx import` writes this where
    a workflow has another order.
    """

    layers: Annotated[tuple[Layer, ...], parts(Layer, STACKABLE, "words with `|` between them, each for the next one")]

    def spellings(self, scene: "Scene") -> tuple[tuple[Spelling, ...], dict[str, "Ref"]]:
        """One, for the model."""
        return (Spelling(STACKED, "", tuple((layer.what, layer.number) for layer in self.layers)),), {}


@statement(
    "patch",
    Role.CONDITION,
    'prompt "a lake"\npatch "ModelPatchTorchSettings" { enable_fp16_accumulation: true }\npass dev 30',
)
class PatchNode(Spelled, frozen=True):
    """A node of ComfyUI on the model that the language has no word for: it takes a `model` and gives one on.

    Its lines are its other inputs, as in a `node`. For all passes after it, or the one whose block it stands in.
    """

    body: ClassVar[str] = "fields"
    targets: ClassVar[tuple[str, ...]] = ("comfy",)

    type: Annotated[str, word(TEXT, "its class")]
    output: Annotated[int, option(INTEGER, "which of its outputs is the model", low=0, high=63)] = 0

    @classmethod
    def read_field(cls, line: tree.Field, names: Names) -> Any:
        """A literal, what a node gives, or a word for what there is."""
        return raw_value(line, names)

    def spellings(self, scene: "Scene") -> tuple[tuple[Spelling, ...], dict[str, "Ref"]]:
        """One, for the model."""
        lines, inputs = self.written(scene, self.own_lines())
        return (Spelling(PATCHED, self.type, lines, nth=self.output),), inputs


JOINED = words("inplace, guide or both", {"inplace": ("inplace",), "guide": ("guide",), "both": ("inplace", "guide")})


@statement(
    "together",
    Role.SETTING,
    'prompt "a lake"\ntogether inplace\npass distill 8 { inplace "a.png" @ 0; inplace "b.png" @ end }',
)
class Together(Spelled, frozen=True):
    """All pictures in place of a pass, or all its guides, in one node of a ComfyUI workflow (KJNodes').

    It changes nothing of the video. Guides that only another node can say stay nodes of their own.
    """

    what: Annotated[tuple[str, ...], word(JOINED, "which of them")]

    def spellings(self, scene: "Scene") -> tuple[tuple[Spelling, ...], dict[str, "Ref"]]:
        """One, for the nodes of pictures."""
        return (Spelling(TOGETHER, "", tuple((one, True) for one in self.what)),), {}


@statement(
    "load",
    Role.CONDITION,
    'load checkpoint "ltx-2.3-22b-dev-fp8.safetensors" text "gemma_3_12B_it.safetensors"\nprompt "a lake"\npass dev 30',
)
class Load(Spelled, frozen=True):
    """The files that a ComfyUI workflow loads, where they are not those of the model set.

    A script that names them is bound to one machine's files: the [model set](../models.md) is the place for what is
    meant to be shared. `ltx import` writes what it finds.
    """

    checkpoint: Annotated[str, option(FILE, "the checkpoint, of which the sound and text parts are read too")] = ""
    model: Annotated[str, option(FILE, "the video model from a file of its own, safetensors or GGUF")] = ""
    vae: Annotated[str, option(FILE, "the video VAE from a file of its own")] = ""
    audio: Annotated[str, option(FILE, "another file for the audio VAE")] = ""
    text: Annotated[str, option(FILE, "the text encoder")] = ""
    projection: Annotated[str, option(FILE, "another file for the projection of the text encoder")] = ""
    upsampler: Annotated[str, option(FILE, "the latent upsampler")] = ""
    distill: Annotated[str, option(FILE, "the distilled LoRA, the role `distill`")] = ""

    def spellings(self, scene: "Scene") -> tuple[tuple[Spelling, ...], dict[str, "Ref"]]:
        """Of the loaders."""
        said = {
            ("CheckpointLoaderSimple", "ckpt_name"): self.checkpoint,
            ("LTXVAudioVAELoader", "ckpt_name"): self.audio or self.checkpoint,
            ("LTXAVTextEncoderLoader", "text_encoder"): self.text,
            ("LTXAVTextEncoderLoader", "ckpt_name"): self.projection or self.checkpoint,
            ("LatentUpscaleModelLoader", "model_name"): self.upsampler,
        }
        files = {"model": self.model, "vae": self.vae, "distill": self.distill}
        parts = tuple((part, file) for part, file in files.items() if file)
        alone = (Spelling(PARTS_ALONE, "", parts),) if parts else ()
        return (*alone, *(Spelling(node, "", ((name, file),)) for (node, name), file in said.items() if file)), {}
