"""Typed statements to a graph of ops.

A scene is what a script has said so far: settings and conditions that hold for later passes, and where the clip
stands. What a statement means is said in its own class (`ltxdsl/ops`); here is what they share. Values off the grid
are rounded down; the checks refuse them.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from typing import NamedTuple

import msgspec

from ltxdsl import geometry
from ltxdsl.compiler.draft import Draft
from ltxdsl.compiler.graph import Graph, Ref
from ltxdsl.compiler.result import Output, decoding, output_of
from ltxdsl.compiler.stage import Placed, Settings, Stage
from ltxdsl.models import ModelSet
from ltxdsl.ops import Statement, nodes
from ltxdsl.ops.base import Op, Spelling
from ltxdsl.ops.declare import Role
from ltxdsl.ops.kinds import ClipRef, MediaRef, NodeRef, NodeText
from ltxdsl.ops.measured import Like
from ltxdsl.ops.media import Decode
from ltxdsl.ops.sampling import Pass, Upscale
from ltxdsl.ops.sound import SoundFile
from ltxdsl.ops.spelling import Spelled
from ltxdsl.ops.steps import facts_of
from ltxdsl.ops.structure import Shot
from ltxdsl.ops.text import Negative, Prompt
from ltxdsl.ops.time import ClipLength, ClipRate, ClipSize, Seed
from ltxdsl.source import Span
from ltxdsl.targets import LOCAL
from ltxdsl.values import Fps, Frames, Seconds

MOST_OPS = 500_000


class Clip(NamedTuple):
    """What a shot has made: its latents, how long it is, and its size in pixels."""

    latent: Ref
    audio: Ref | None
    frames: int
    fps: float
    width: int
    height: int


class Scene:
    """Builds the graph, statement by statement."""

    def __init__(self, models: ModelSet, target: str = LOCAL, shot: str = "", graph: Graph | None = None) -> None:
        self.models = models
        self.target = target
        self.shot = shot
        self.graph = Graph() if graph is None else graph
        self.settings = Settings()
        self.stages: list[Stage] = []
        self.shots: dict[str, Scene] = {}  # what has been shot so far, by name, in order
        self.outside: tuple[Statement, ...] = ()  # what holds from outside, in a shot
        self.raw: dict[Span, str] = {}  # raw nodes, by their statements
        self.shown: list[str] = []  # texts that a run here prints
        self.replaced: dict[str, Ref] = {}  # what raw nodes give in the place of what there was, by its word
        self.spelled: tuple[tuple[Spelling, ...], dict[str, Ref]] = ((), {})
        self.measuring: dict[tuple[Span, str], Ref | None] = {}  # what a server measures of the clip
        self.colour = "srgb"  # how light is coded in the clip
        self.latent: Ref | None = None
        self.audio: Ref | None = None
        self.handed = False  # a raw node gives the latent
        self.sounded = False  # a pass has made the sound
        self.silent = False  # the clip has none
        self.doublings = 0  # upscales in time
        self.left = 0.0  # the sigma at which the last pass stopped: noise that is still in the latents
        self.width = self.height = 0
        self.asked = (0.0, 0.0)
        self.chain: list[float] = [1.0]  # the first pass's share of the size, then the factor of each upscale
        self.name = ""
        self.leftover: list[Statement] = []  # settings and conditions that no pass has seen yet
        self.late: list[Statement] = []  # statements that would change the clip after its first pass
        self.held = 0  # conditions, counted once for each action that they hold for
        self.overflow: Statement | None = None  # where the script grew too large to go on

    # --- shots

    def shoot(self, shot: Shot) -> None:
        """Run a shot in a scene of its own: what holds here holds there, and nothing comes back but its clip."""
        scene = Scene(self.models, self.target, shot.name, self.graph)
        scene.settings = self.settings.within(())
        scene.replaced = dict(self.replaced)
        scene.outside = (*self.settings.single.values(), *self.settings.many)
        scene.shots, scene.shown = self.shots, self.shown
        scene.run(shot.settings)
        if scene.stages:
            self.leftover.clear()
        self.shots[shot.name] = scene
        self.held += scene.held

    def clip(self, ref: ClipRef) -> Clip | None:
        """What a shot before this point has made; None where it has made nothing."""
        scene = self.shots.get(ref.shot)
        if scene is None or scene.latent is None:
            return None
        return Clip(scene.latent, scene.audio, scene.frames, scene.fps, scene.width, scene.height)

    @property
    def all_stages(self) -> list[Stage]:
        """The passes of the script, its own, then those of its shots; in a shot, its own."""
        if self.shot:
            return self.stages
        return [*self.stages, *(stage for scene in self.shots.values() for stage in scene.stages)]

    def stage_name(self, words: str) -> str:
        """`pass 1`; in a shot with the shot's name before it."""
        return f"{self.shot}: {words}" if self.shot else words

    # --- what holds now

    @property
    def size(self) -> tuple[int, int]:
        """The size that the chain of passes is to end at: what the script asks for, or a valid one to fit it from."""
        found = self.settings.get(ClipSize)
        defaults = self.models.defaults
        if found is None and (like := self._like("size")) and (sides := like.sides(self.chain)):
            return sides
        return found.rendered(self.chain) if found else (defaults.width, defaults.height)

    def _like(self, what: str) -> Like | None:
        """What the clip has its size, length or fps from."""
        return next((said for said in self.settings.all(Like) if said.gives_clip(what)), None)

    @property
    def seed(self) -> int:
        """The seed that holds."""
        found = self.settings.get(Seed)
        return found.seed if found else self.models.defaults.seed

    @property
    def prompt(self) -> str:
        """The prompt that holds."""
        found = self.settings.get(Prompt)
        return found.text if found else ""

    @property
    def fps(self) -> float:
        """Frames per second, now."""
        return self._asked_fps * (1 << self.doublings)

    @property
    def _asked_fps(self) -> float:
        if rate := self.settings.get(ClipRate):
            return rate.fps.rate if rate.fps.rate > 0 else self.models.defaults.fps
        if (like := self._like("fps")) and like.rate:
            return like.rate
        found = self.settings.get(ClipLength)
        return found.fps.rate if found and found.fps and found.fps.rate > 0 else self.models.defaults.fps

    @property
    def frames(self) -> int:
        """Pixel frames of the clip, on the grid, now: 2T - 1 after each upscale in time."""
        return ((self._asked_frames - 1) << self.doublings) + 1

    @property
    def _asked_frames(self) -> int:
        for said in self.settings.single.values():
            if frames := said.clip_frames(self, self._asked_fps):
                return frames
        if like := self._like("length"):
            return like.frames or self.models.defaults.frames
        found = self.settings.get(ClipLength)
        match found.time if found else None:
            case Frames(count):
                return max(1, geometry.snapped_frames(count))
            case Seconds(seconds):
                return geometry.pixel_frames(max(1, round((seconds * self._asked_fps - 1) / 8) + 1))
        return self.models.defaults.frames

    def run(self, statements: Sequence[Statement]) -> None:
        """Apply statements in order."""
        self.chain = chain_of(statements)
        self.apply(statements)

    def apply(self, statements: Sequence[Statement]) -> None:
        """The same for some of them."""
        for statement in statements:
            if statement.role is Role.ACTION:
                self.spelled = self._spelled(statement)
                self.leftover = [one for one in self.leftover if not isinstance(one, Spelled)]  # saves have nodes too
                statement.apply(self)
                self.held += len(self.settings.many)
                if len(self.graph) + self.held > MOST_OPS:
                    self.overflow = statement
                    return
            elif statement.left_out(self.target):
                continue  # a check says so
            elif statement.before_passes and self.latent is not None:
                self.late.append(statement)
            else:
                self.settings.put(statement)
                if not statement.for_saves:
                    self.leftover.append(statement)

    def _spelled(self, statement: Statement) -> tuple[tuple[Spelling, ...], dict[str, Ref]]:
        """How ComfyUI's nodes are written for an action, and what raw nodes give to them."""
        if self.target == LOCAL:
            return (), {}  # they are about ComfyUI's nodes
        said = [one.spellings(self) for one in (statement, *self.settings.within(statement.settings).all(Statement))]
        return sum((spellings for spellings, _ in said), ()), {p: ref for _, wires in said for p, ref in wires.items()}

    # --- what statements call

    def add(self, op: Op, statement: Statement, /, **inputs: Ref) -> Ref:
        """An op for a statement; gives its first output."""
        parts = {word: ref for word, ref in self.replaced.items() if op.takes_part(word)}
        spellings, wires = self.spelled
        wires = wires | self._measured(op)
        id = self.graph.add(op, parts | wires | inputs, statement.span, self.name, spellings)
        return Ref(id, next(iter(op.outputs)))

    def _measured(self, op: Op) -> dict[str, Ref]:
        """What a server measures of the clip for an op, by ports."""
        if self.target == LOCAL or not op.measures:
            return {}
        found: dict[str, Ref] = {}
        for what in op.measures:
            like = self._like(what)
            if like is None:
                continue
            if (like.span, what) not in self.measuring:
                self.measuring[like.span, what] = like.measured(what, self)
            if ref := self.measuring[like.span, what]:
                found[f"clip.{what}"] = ref
        return found

    def start(self, factor: float, statement: Statement) -> None:
        """Empty latents at a share of the size."""
        width, height = self.size
        share = geometry.exact_share(factor)
        self.asked = (width * share, height * share)
        self.width, self.height = (max(32, int(side) // 32 * 32) for side in self.asked)
        self.name = self._next_name()
        like = self._like("size")
        share = float(share) * like.times.value if like else 1.0
        empty = nodes.EmptyVideo(width=self.width, height=self.height, frames=self.frames, share=share)
        self.latent = self.add(empty, statement)
        self.audio = self.add(nodes.EmptyAudio(frames=self.frames, fps=self.fps), statement)

    def upsample(self, op: nodes.UpsampleLatent, statement: Statement) -> None:
        """Upsample the latent; sizes follow."""
        assert self.latent is not None
        self.name = self._next_name()
        self.latent = self.add(op, statement, latent=self.latent)
        rows, columns = geometry.cells(self.width, self.height)
        self.asked = (self.width * op.factor, self.height * op.factor)
        self.width = 32 * geometry.upsampled_cells(columns, op.factor)
        self.height = 32 * geometry.upsampled_cells(rows, op.factor)

    def resize(self, factor: float, statement: Upscale) -> None:
        """Through pixels, to the next lower size on the grid."""
        assert self.latent is not None
        self.name = self._next_name()
        image = self.add(decoding(self.settings.get(Decode), self.fps, 32), statement, latent=self.latent)
        self.asked = (self.width * factor, self.height * factor)
        self.width, self.height = (max(32, int(side + 1e-6) // 32 * 32) for side in self.asked)
        larger = statement.resized(self, image, self.width, self.height)
        self.latent = self.add(nodes.EncodeClip(frames=self.frames), statement, image=larger)

    def double(self, statement: Statement) -> None:
        """Upsample the latent in time; frames and rate follow."""
        assert self.latent is not None
        self.name = self._next_name()
        self.latent = self.add(nodes.UpsampleTime(), statement, latent=self.latent)
        self.asked = (self.width, self.height)
        self.doublings += 1

    def sample(self, statement: Pass | Upscale) -> None:
        """Encode prompts and conditions for this pass, then denoise; a latent of a raw node may come without sound."""
        assert self.latent is not None
        if self.audio is None:
            self.audio = self.add(nodes.EmptyAudio(frames=self.frames, fps=self.fps), statement)
        settings = self.settings.within(said for said in statement.settings if not said.left_out(self.target))
        self.leftover.clear()
        self.name = self._next_name()
        stage = self._drafted(statement, settings).stage(self.name, self.asked)
        inputs = self._texts(stage)
        latent, audio = self.latent, self.audio
        for condition in settings.ranked():
            latent = condition.shape_latent(self, stage, latent)
            audio = condition.shape_sound(self, stage, audio)
            inputs |= condition.pass_inputs(self, stage)
        for made in ("frames", "audio"):
            self.replaced.pop(made, None)
        sampled = self.add(self._sample_op(stage), statement, latent=latent, audio=audio, **inputs)
        stage.node = sampled.node
        self.latent, self.audio = Ref(stage.node, "latent"), Ref(stage.node, "audio")
        self.left = stage.sigmas[-1] if stage.sigmas else 0.0
        self.sounded = self.sounded or not self.left
        self.silent = self.silent or ("loop" in stage.sampling and not stage.settings.get(SoundFile))
        self.stages.append(stage)

    def take(self, clip: Clip) -> None:
        """Go on with what a shot has made."""
        self.latent, self.audio, self.width, self.height = clip.latent, clip.audio, clip.width, clip.height
        self.settings.put(ClipLength(time=Frames(clip.frames), fps=Fps(clip.fps)))
        self.sounded = clip.audio is not None

    def remake(self, frames: Ref, step: Pass, statement: Statement) -> None:
        """A pass from noise, with frames as a guide over the whole clip and none of the conditions of other passes."""
        self.name = self._next_name()
        fitted = self.add(nodes.FitFrames(width=self.width, height=self.height), statement, image=frames)
        guide = self.add(nodes.EncodeFrames(), statement, image=fitted)
        empty = nodes.EmptyVideo(width=self.width, height=self.height, frames=self.frames)
        latent = self.add(empty, statement)
        self.latent = self.add(nodes.AppendGuide(), statement, latent=latent, guide=guide)
        self.sample(step)
        self.stages[-1].continues = False

    def output(self, statement: Statement, deep: bool) -> Output | None:
        """The clip as a save writes it, `deep` in more than 8 bits; None where there is no clip (a check says so)."""
        return output_of(self, statement, deep)

    def known(self, words: Collection[str], statement: Statement) -> dict[str, Ref]:
        """What there is, by the words that raw nodes have for it."""
        output = self.output(statement, deep=False) if {"frames", "audio"} & set(words) else None
        negative = self.settings.get(Negative)
        made: dict[str, Callable[[], Ref | None]] = {
            "frames": lambda: output.image if output else None,
            "audio": lambda: output.sound() if output else None,
            "latent": lambda: self.latent,
            "audio_latent": lambda: self.audio,
            "positive": lambda: self.encode(self._said(statement), statement),
            "negative": lambda: self.encode(nodes.EncodeText(text=negative.text if negative else ""), statement),
        }
        found = {word: self.replaced.get(word) or made.get(word, _nothing)() for word in sorted(set(words))}
        return {word: ref for word, ref in found.items() if ref is not None}

    def _said(self, statement: Statement) -> nodes.EncodeText:
        """The prompt as a pass would have it here, but for the texts of a relay."""
        draft = self._drafted(Pass(span=statement.span), self.settings)
        return nodes.EncodeText(text=draft.text, enhance=draft.enhance)

    @property
    def says_negative(self) -> bool:
        """Whether the script, or a raw node of it, has a negative prompt."""
        return self.settings.get(Negative) is not None or "negative" in self.replaced

    def encode(self, op: nodes.EncodeText, statement: Statement) -> Ref:
        """An encoded text, or what a raw node writes, encoded."""
        if isinstance(op.text, NodeText):
            written = {"words.": self.wire(op.text.ref)} if op.text.ref.node in self.raw else {}
            return self.add(msgspec.structs.replace(op, text=str(op.text)), statement, **written)
        return self.add(op, statement)

    def wire(self, ref: NodeRef) -> Ref:
        """An output of a raw node that is there."""
        return Ref(self.raw[ref.node], nodes.NODE_OUTPUTS[ref.slot])

    def replace(self, word: str, ref: Ref) -> None:
        """From here on, what a raw node gives is what a word stands for."""
        match word:
            case "latent":
                self.latent, self.handed = ref, True
                if not self.width:
                    self.width, self.height = self.size
                    self.asked = (float(self.width), float(self.height))
            case "audio_latent":
                self.audio = ref
            case _:
                self.replaced[word] = ref

    def encoded(
        self, source: MediaRef, stage: Stage, placed: Placed, crf: int | None, statement: Statement, as_is: str = ""
    ) -> Ref:
        """The latent of a picture or video at a pass's size; `crf` None = the model set's default for stills.

        `as_is` says what ComfyUI's node does with one that no pass fits to its size: cut, stretch, or nothing.
        """
        fitted = self.fitted(source, stage, placed, crf, statement, as_is)
        return self.add(nodes.EncodeFrames(start=placed.frame if placed.count > 1 else 0), statement, image=fitted)

    def fitted(
        self, source: MediaRef, stage: Stage, placed: Placed, crf: int | None, statement: Statement, as_is: str = ""
    ) -> Ref:
        """A picture or video at a pass's size, compressed as `encoded` has it."""
        usual = source.kind != "video" and not source.as_is
        read = self.read(source, placed.count, statement)
        default_crf = self.models.defaults.still_crf if usual else 0
        as_is = as_is if source.as_is else ""
        idle = bool(as_is) and crf == 0
        crf = default_crf if crf is None else crf
        fit = nodes.FitFrames(width=stage.width, height=stage.height, crf=crf, as_is=as_is, idle=idle)
        return self.add(fit, statement, image=read)

    def read(self, source: MediaRef, count: int, statement: Statement) -> Ref:
        """A picture, or so many frames of a video, after its steps; a node of ComfyUI takes all that is there."""
        whole = bool(source.steps) or (source.as_is and self.target != LOCAL)
        if source.node is not None:
            image = self.wire(source.node)
        elif source.kind == "video":
            image = self.add(nodes.ReadVideo(path=source.path, frames=0 if whole else count), statement)
        else:
            image = self.add(nodes.ReadImage(path=source.path), statement)
        for step in source.steps:
            image = self.add(step.op(), statement, image=image)
        if whole and count and self._is_longer(source, count):
            image = self.add(nodes.CutFrames(start=0, count=count), statement, image=image)
        return image

    def _is_longer(self, source: MediaRef, count: int) -> bool:
        """Whether more than `count` frames come of all steps; ComfyUI's nodes leave out what fills no latent."""
        there = 0 if source.node is not None else facts_of(source).frames
        if self.target == LOCAL:
            return max(count, there) > 1
        return there - count >= geometry.TEMPORAL

    def fact(self, source: MediaRef, fact: str, statement: Statement, alone: str = "") -> Ref:
        """What a server reads or measures of a picture or video: width, height, frames; of a video file audio, fps."""
        if fact in ("audio", "fps"):
            return Ref(self.add(nodes.ReadBeside(path=source.path), statement).node, fact)
        image = self.file(source, statement)
        told = fact != "frames" and bool(source.steps) and source.steps[-1].tells_size
        return Ref(self.add(nodes.MeasureFrames(alone=alone, told=told), statement, image=image).node, fact)

    def file(self, source: MediaRef, statement: Statement) -> Ref:
        """All of a picture, video or sound, for a raw node."""
        if source.kind == "audio":
            return self.add(nodes.ReadSound(path=source.path, seconds=self.frames / self.fps), statement)
        return self.read(source, 0, statement)

    # --- the parts of a pass

    def _drafted(self, statement: Pass | Upscale, settings: Settings) -> Draft:
        draft = Draft(statement, settings, self.models, self.models.defaults.seed)
        draft.width, draft.height, draft.frames, draft.fps = self.width, self.height, self.frames, self.fps
        draft.first = not self.stages
        draft.continues, draft.left = bool(self.stages) or self.handed, self.left
        for held in settings.ranked():
            held.shape_pass(draft)
        if not any(isinstance(said, Seed) for said in statement.settings):
            draft.seed += len(self.stages)
        return draft

    def _texts(self, stage: Stage) -> dict[str, Ref]:
        positive = nodes.EncodeText(text=stage.text, locals=stage.locals, enhance=stage.enhance)
        negative = nodes.EncodeText(text=stage.negative_text)
        said = stage.relay or stage.settings.get(Prompt) or stage.statement
        texts = {
            "positive": self.replaced.get("positive") or self.encode(positive, said),
            "negative": self.replaced.get("negative") or self.encode(negative, stage.negative or stage.statement),
        }
        if stage.nag and stage.sampling.get("nag"):
            texts["nag"] = self.add(nodes.EncodeText(text=stage.nag.text), stage.nag)
            if stage.nag.audio:
                texts["nag_audio"] = self.add(nodes.EncodeText(text=stage.nag.audio), stage.nag)
        return texts

    def _sample_op(self, stage: Stage) -> nodes.Sample:
        return nodes.Sample(
            sampler=stage.sampler,
            sigmas=stage.sigmas,
            seed=stage.seed,
            fps=self.fps,
            cfg=stage.cfg,
            audio_cfg=stage.audio_cfg,
            loras=stage.loras,
            negative_said=str(stage.negative_text) if stage.negative else None,
            negative_wired=isinstance(stage.negative_text, NodeText),
            **{"keep_audio": self.sounded, **stage.sampling},
        )

    def _next_name(self) -> str:
        return self.stage_name(f"pass {len(self.stages) + 1}")


def _nothing() -> None:
    """A word whose meaning is the target's business."""


def chain_of(statements: Sequence[Statement]) -> list[float]:
    """The first pass's share of the size, then the factor of each upscale."""
    first = next((s for s in statements if isinstance(s, Pass)), None)
    share = first.scale.value if first and first.scale else 1.0
    return [share, *(s.factor.value for s in statements if isinstance(s, Upscale) and not s.time)]
