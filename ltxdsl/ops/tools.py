"""What other tools do: raw nodes, polishing with another model, training."""

from typing import TYPE_CHECKING, Annotated, Any, ClassVar

from ltxdsl.ops import nodes
from ltxdsl.ops.cells import BadValue, Cell, Symbol, describe
from ltxdsl.ops.declare import Field, Role, Statement, option, statement, word
from ltxdsl.ops.kinds import FILE, INTEGER, NUMBER, TEXT, Names, NodeRef, choice
from ltxdsl.ops.text import Prompt

if TYPE_CHECKING:
    from ltxdsl.compiler.lower import Scene
    from ltxdsl.compiler.result import Output

LOADED = ("model", "vae", "audio_vae", "clip")  # what ComfyUI loads for the script
MADE = ("frames", "audio", "latent", "audio_latent", "positive", "negative")  # what the script has made so far
FAMILY = choice("`wan`", lambda names: ("wan",))
TILER = choice("`usdu`", lambda names: ("usdu",))
TRUTH = {"true": True, "false": False}


@statement(
    "node",
    Role.ACTION,
    'prompt "a lake"\npass dev 30\n'
    'blurred = node "ImageBlur" {\n  image: frames\n  blur_radius: 3\n  sigma: 1.0\n}\nsave blurred "lake.mp4"',
)
class Node(Statement, frozen=True):
    """A node of ComfyUI as it is, so that nothing there is out of reach.

    Each line of its block is an input: a number, a text, true or false, the name of another node, or one of these.

    | word | what it is |
    | --- | --- |
    | frames, audio | what a save would write, decoded |
    | latent, audio_latent | the latents of the last pass |
    | positive, negative | the prompts that hold, encoded |
    | model, vae, audio_vae, clip | what the script's models are loaded as |

    A name before it stands for its first output, or that of `slot`; `save NAME "file"` writes it. What the node takes
    is the server's business: nothing here knows its inputs.
    """

    nameable: ClassVar[bool] = True
    targets: ClassVar[tuple[str, ...]] = ("comfy",)
    body: ClassVar[str] = "fields"

    type: Annotated[str, word(TEXT, "the class of the node")]
    slot: Annotated[int, option(INTEGER, "which output its name stands for, from 0", low=0, high=64)] = 0

    @property
    def made(self) -> list[Field]:
        """The lines that ask for what the script has made."""
        return [field for field in self.fields if isinstance(field.value, Symbol) and field.value.name in MADE]

    @property
    def wired(self) -> list[Field]:
        """The lines that name other nodes."""
        return [field for field in self.fields if isinstance(field.value, NodeRef)]

    @classmethod
    def read_field(cls, cell: Cell, names: Names) -> Any:
        """A literal, another node, or a word for what there is."""
        value = cell.value
        if isinstance(value, bool | int | float | str):
            return value
        if cell.name and (found := names.node(cell.name)):
            return found
        if isinstance(value, Symbol) and value.name in (*MADE, *LOADED, *TRUTH):
            return TRUTH.get(value.name, value)
        hint = f"known here: {', '.join((*MADE, *LOADED))}, and the names of nodes"
        raise BadValue(cell.span, f"{describe(value)} is nothing that a node takes", "LTX003", hint=hint)

    def apply(self, scene: "Scene") -> None:
        """One op, wired to what there is."""
        if scene.latent is None and self.made:
            return  # a check says so
        ports = dict(zip((field.key for field in self.wired), nodes.NODE_PORTS, strict=False))
        inputs = {ports[f.key]: scene.raw[f.value.node] for f in self.wired if f.value.node in scene.raw}
        inputs |= scene.known({field.value.name for field in self.made}, self)
        words = {f.key: f.value.name for f in self.fields if isinstance(f.value, Symbol)}
        literals = [(f.key, f.value) for f in self.fields if not isinstance(f.value, Symbol | NodeRef)]
        op = nodes.RawNode(
            class_type=self.type, literals=tuple(literals), wires=(*words.items(), *ports.items()), slot=self.slot
        )
        scene.raw[self.span] = scene.add(op, self, **inputs)


@statement("polish", Role.SETTING, 'prompt "a lake"\npass dev 30\npolish wan "phantom-1.3b" denoise 0.2\nsave "a.mp4"')
class Polish(Statement, frozen=True):
    """Refine what is saved with a model of the WAN family, at a low denoise: eyes, hands, smeared texture.

    0.1 polishes, 0.2 to 0.4 repairs; over that the model follows the prompt and no longer the clip. `tile usdu` goes
    over the frames in tiles with Ultimate SD Upscale, which needs little memory. The steps and cfg are those of
    distilled WAN models (self-forcing, DMD). Every pass with WAN raises contrast.
    """

    targets: ClassVar[tuple[str, ...]] = ("comfy",)
    in_block: ClassVar[bool] = False
    for_saves: ClassVar[bool] = True
    rank: ClassVar[int] = 1

    family: Annotated[str, word(FAMILY, "the family of the model")]
    model: Annotated[str, word(FILE, "the model's file in ComfyUI's diffusion_models folder")]
    denoise: Annotated[float, option(NUMBER, "how much is made anew", low=0.01, high=1)] = 0.2
    steps: Annotated[int, option(INTEGER, "steps of the whole schedule", low=1, high=100)] = 4
    cfg: Annotated[float, option(NUMBER, "guidance", low=1, high=20)] = 1.0
    tile: Annotated[str, option(TILER, "in tiles, by Ultimate SD Upscale")] = ""

    def shape_output(self, scene: "Scene", output: "Output") -> None:
        """Over all frames, with the prompt that holds."""
        prompt = scene.settings.get(Prompt)
        output.coded("srgb")
        op = nodes.PolishFrames(
            model=self.model,
            denoise=self.denoise,
            steps=self.steps,
            cfg=self.cfg,
            seed=scene.seed,
            text=prompt.text if prompt else "",
            tile=self.tile,
        )
        output.image = output.add(op)


@statement("enlarge", Role.SETTING, 'prompt "a lake"\npass dev 30\nenlarge "4x-UltraSharp.pth"\nsave "lake.mp4"')
class Enlarge(Statement, frozen=True):
    """Enlarge what is saved with a picture upscaler, frame by frame and by the model's own factor."""

    targets: ClassVar[tuple[str, ...]] = ("comfy",)
    in_block: ClassVar[bool] = False
    for_saves: ClassVar[bool] = True
    rank: ClassVar[int] = 5

    model: Annotated[str, word(FILE, "the model's file in ComfyUI's upscale_models folder")]

    def shape_output(self, scene: "Scene", output: "Output") -> None:
        """Frame by frame."""
        output.coded("srgb")
        output.image = output.add(nodes.EnlargeFrames(model=self.model))
