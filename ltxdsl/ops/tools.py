"""What other tools do: raw nodes, polishing with another model, training."""

from typing import TYPE_CHECKING, Annotated, Any, ClassVar

from ltxdsl.grammar import tree
from ltxdsl.ops import nodes
from ltxdsl.ops.declare import Field, Role, Statement, option, statement, word
from ltxdsl.ops.kinds import FILE, INTEGER, NUMBER, TEXT, Names, choice, words
from ltxdsl.ops.raw_values import THINGS, raw_value, wires_of, word_of
from ltxdsl.ops.text import Prompt
from ltxdsl.ops.wired import Wired
from ltxdsl.source import Span
from ltxdsl.targets import LOCAL

if TYPE_CHECKING:
    from ltxdsl.compiler.graph import Ref
    from ltxdsl.compiler.lower import Scene
    from ltxdsl.compiler.result import Output

OWN = words("`own`", {"own": True})
FAMILY = choice("`wan`", lambda names: ("wan",))
TILER = choice("`usdu`", lambda names: ("usdu",))


@statement(
    "node",
    Role.ACTION,
    'prompt "a lake"\npass dev 30\n'
    'blurred = node "ImageBlur" {\n  image: frames\n  blur_radius: 3\n  sigma: 1.0\n}\nsave blurred "lake.mp4"',
)
class Node(Wired, frozen=True):
    """A node of ComfyUI as it is, so that nothing there is out of reach.

    Each line of its block is an input: a number, a text, `true`, `false`, `null`, an object in braces with lines of its
    own, `json "[1, 2]"` for anything else that a file can hold, the name of another node or of a file, or one of these.
    After the name of a picture or video may stand `width`, `height` or `frames`, after a video file's `audio` or `fps`.

    | word | what it is |
    | --- | --- |
    | frames, audio | what a save would write, decoded |
    | latent, audio_latent | the latents of the last pass |
    | av_latent, denoised | the two outputs of the last pass's sampler, picture and sound in one latent |
    | audio_sampled | its sound, which is `audio_latent` unless that is kept from a file |
    | positive, negative | the prompts that hold, encoded |
    | positive_at_rate, negative_at_rate | the same with the frame rate, as a guider takes them |
    | positive_guided, negative_guided | these with the guides of the last pass |
    | positive_cropped, negative_cropped, latent_cropped | these after `LTXVCropGuides`, needed or not |
    | written | the prompt as a text: what `enhance` has written, if it is there |
    | model, vae, audio_vae, clip, upsampler | what the script's models are loaded as |

    The names before it stand for its outputs, from the first on (`_` leaves one out). A name of one's own is for other
    nodes, and for `save NAME "file"`. One of the words above is for all that comes after: `model = node "…" { model:
    model }` changes the model of the passes after it. What the node takes is the server's business: nothing here knows
    its inputs.
    """

    nameable: ClassVar[bool] = True
    gives_outputs: ClassVar[bool] = True
    targets: ClassVar[tuple[str, ...]] = ("comfy",)
    body: ClassVar[str] = "fields"

    type: Annotated[str, word(TEXT, "the class of the node")]
    own: Annotated[bool, word(OWN, "a node of its own, though a statement writes an equal one")] = False
    title: Annotated[str, option(TEXT, "what its box says, if not the class")] = ""

    @property
    def asks(self) -> list[tuple[Any, Span]]:
        """Its lines that are no literals."""
        return [(field.value, field.span) for field in self.wired]

    @property
    def wired(self) -> list[Field]:
        """The lines that are no literals."""
        return [field for field in self.fields if isinstance(field.value, THINGS)]

    @classmethod
    def read_field(cls, line: tree.Field, names: Names) -> Any:
        """A literal, another node, or a word for what there is."""
        return raw_value(line, names)

    def left_out(self, target: str) -> bool:
        """Nothing comes of a node without names."""
        return target == LOCAL and not self.binds

    def apply(self, scene: "Scene") -> None:
        """One op, wired to what there is; some of its outputs may take the place of that from here on."""
        if self.left_out(scene.target) or self.too_early(scene):
            return
        inputs: dict[str, Ref] = {}
        wires = []
        for port, field in zip(nodes.NODE_PORTS, self.wired, strict=False):
            inputs |= wires_of(scene, self, field.value, port)
            wires.append((field.key, port, word_of(field.value)))
        literals = [(field.key, field.value) for field in self.fields if not isinstance(field.value, THINGS)]
        op = nodes.RawNode(
            class_type=self.type,
            literals=tuple(literals),
            wires=tuple(wires),
            title=self.title,
            own=self.own,
            fps=scene.fps,
        )
        self.enter(scene, op, inputs)


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
