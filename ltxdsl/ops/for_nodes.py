"""What raw nodes take of models and files, where a pass has a statement for it: a model with LoRAs, a sound."""

from typing import TYPE_CHECKING, Annotated, Any, ClassVar

import msgspec

from ltxdsl.ops import nodes
from ltxdsl.ops.base import LoraUse
from ltxdsl.ops.cells import Symbol
from ltxdsl.ops.declare import NOWHERE, Role, option, parts, statement, word
from ltxdsl.ops.kinds import FILE, LOCATED, LORA, NUMBER, TIME, Located, words
from ltxdsl.ops.raw_values import THING, wires_of, word_of
from ltxdsl.ops.steps import same_as
from ltxdsl.ops.wired import Wired
from ltxdsl.source import Span
from ltxdsl.values import Frames, Seconds, in_seconds

if TYPE_CHECKING:
    from ltxdsl.compiler.lower import Scene

ON_SERVER = "VHS_LoadAudio"  # which takes the path of a file there
SOUND_LOADERS = (ON_SERVER, "VHS_LoadAudioUpload")
IN_CONTEXT = words("`in_context`", {"in_context": True})
MODEL = Symbol("model")


class OnModel(msgspec.Struct, frozen=True, kw_only=True):
    """One LoRA."""

    name: Annotated[str, word(LORA, "its role in the model set, or its file")]
    strength: Annotated[float, word(NUMBER, "its strength", low=-100, high=100)] = 1.0
    in_context: Annotated[bool, word(IN_CONTEXT, "by the loader of in-context LoRAs, which knows a factor")] = False
    span: Span = NOWHERE


@statement(
    "loras",
    Role.ACTION,
    'patched, factor = loras "union.safetensors" 1 in_context\n'
    'known = node "GetICLoRAParameters" { iclora_model: patched }\nprompt "a lake"\npass dev 30',
)
class Loras(Wired, frozen=True):
    """A model with LoRAs for raw nodes, which a pass has by its own `lora`: the first name before it is that model.

    The second name is how many times smaller than the clip a control video is, of an `in_context` LoRA. `on` names
    another model that a node gives. Where it is the word `model`, the passes after it go on from there.
    """

    nameable: ClassVar[bool] = True
    gives_outputs: ClassVar[bool] = True
    targets: ClassVar[tuple[str, ...]] = ("comfy",)

    loras: Annotated[tuple[OnModel, ...], parts(OnModel, LORA, "LoRAs with `|` between them")]
    on: Annotated[Any, option(THING, "the model; the script's if not said")] = None

    @property
    def asks(self) -> list[tuple[Any, Span]]:
        """The model."""
        return [] if self.on is None else [(self.on, self.span_of("on"))]

    def apply(self, scene: "Scene") -> None:
        """One op with both outputs."""
        if self.too_early(scene):
            return
        model = MODEL if self.on is None else self.on
        uses = tuple(LoraUse(one.name, one.strength, in_context=one.in_context) for one in self.loras)
        op = nodes.PatchModel(loras=uses, word=word_of(model), fps=scene.fps)
        self.enter(scene, op, wires_of(scene, self, model, nodes.NODE_PORTS[0]))


@statement(
    "track",
    Role.ACTION,
    'song = track "song.mp3"\nvoices = node "AudioSeparator" { audio: song }\n'
    'prompt "she sings"\naudio voices\npass dev 30',
)
class Track(Wired, frozen=True):
    """A sound file for raw nodes, all of it or a stretch; what only goes into the clip needs no more than `audio`.

    `as` names a node of VideoHelperSuite that reads it: `VHS_LoadAudio` by its path on the server, wherever it is. With
    one of these the second name before it is how long the sound is, in seconds.
    """

    nameable: ClassVar[bool] = True
    gives_outputs: ClassVar[bool] = True
    targets: ClassVar[tuple[str, ...]] = ("comfy",)

    path: Annotated[Located, word(LOCATED, "the file, relative to the script")]
    start: Annotated[Frames | Seconds, option(TIME, "where in the file it begins", key="from")] = Seconds(0.0)
    seconds: Annotated[Frames | Seconds | None, option(TIME, "how much of it; to its end if not said", key="first")] = (
        None
    )
    node: Annotated[str, option(same_as(*SOUND_LOADERS), "the node of ComfyUI that reads it", key="as")] = ""

    @property
    def asks(self) -> list[tuple[Any, Span]]:
        """Nothing."""
        return []

    def apply(self, scene: "Scene") -> None:
        """One op with both outputs."""
        start = in_seconds(self.start, scene.fps)
        seconds = 0.0 if self.seconds is None else in_seconds(self.seconds, scene.fps)
        path = self.path.said if self.node == ON_SERVER else str(self.path)
        self.enter(scene, nodes.LoadSound(path=path, start=start, seconds=seconds, node=self.node), {})


@statement(
    "separate",
    Role.ACTION,
    'song = track "song.mp3" first 10s\nvoices, music = separate song "MelBandRoformer_fp16.safetensors"\n'
    'prompt "she sings"\naudio voices\npass dev 30\nsave "song.mp4"',
)
class Separate(Wired, frozen=True):
    """The voices of a sound, and what is left without them: lips follow a voice better than a whole song.

    By the nodes of ComfyUI-MelBandRoFormer. The first name before it is the voices, the second one the rest.
    """

    nameable: ClassVar[bool] = True
    gives_outputs: ClassVar[bool] = True
    targets: ClassVar[tuple[str, ...]] = ("comfy",)

    sound: Annotated[Any, word(THING, "the sound: of a `track` or another node, or `audio`")]
    model: Annotated[str, word(FILE, "the model's file in ComfyUI's diffusion_models folder")]

    @property
    def asks(self) -> list[tuple[Any, Span]]:
        """The sound."""
        return [(self.sound, self.span_of("sound"))]

    def apply(self, scene: "Scene") -> None:
        """One op with both outputs."""
        if not self.too_early(scene):
            op = nodes.SeparateSound(model=self.model, word=word_of(self.sound), fps=scene.fps)
            self.enter(scene, op, wires_of(scene, self, self.sound, nodes.NODE_PORTS[0]))
