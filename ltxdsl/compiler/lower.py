"""Typed statements to a graph of ops.

A scene is what a script has said so far: settings and conditions that hold for later passes, and where the clip
stands. Values off the grid are rounded down here; the checks refuse them.
"""

from __future__ import annotations

import math
from collections.abc import Iterable

from ltxdsl import geometry
from ltxdsl.compiler.graph import Graph, Ref
from ltxdsl.compiler.stage import Placed, Settings, Stage
from ltxdsl.media_info import count_frames
from ltxdsl.models import ModelSet
from ltxdsl.ops import Statement, nodes
from ltxdsl.ops.base import LoraUse, NagUse, Op, Relay
from ltxdsl.ops.conditioning import Guide, InplaceImage
from ltxdsl.ops.declare import Role
from ltxdsl.ops.guidance import Cfg, Nag
from ltxdsl.ops.kinds import MediaRef, PerStep, RoleUse
from ltxdsl.ops.media import Decode
from ltxdsl.ops.models import LoraStatement
from ltxdsl.ops.sampling import UPSCALE_STEPS, Pass, Upscale
from ltxdsl.ops.text import Negative, Prompt, RelayPrompt
from ltxdsl.ops.time import ClipLength, ClipSize, Seed
from ltxdsl.sampling.relay import equal_lengths, lengths_from_pixels
from ltxdsl.sampling.schedules import schedule
from ltxdsl.values import Frames, Seconds

DISTILL = "distill"
MOST_OPS = 500_000


class Scene:
    """Builds the graph, statement by statement."""

    def __init__(self, models: ModelSet) -> None:
        self.models = models
        self.graph = Graph()
        self.settings = Settings()
        self.stages: list[Stage] = []
        self.latent: Ref | None = None
        self.audio: Ref | None = None
        self.sounded = False  # a pass has made the sound
        self.width = self.height = 0
        self.asked = (0.0, 0.0)
        self.name = ""
        self.leftover: list[Statement] = []  # settings and conditions that no pass has seen yet
        self.late: list[Statement] = []  # statements that would change the clip after its first pass
        self.held = 0  # conditions, counted once for each action that they hold for
        self.overflow: Statement | None = None  # where the script grew too large to go on

    # --- what holds now

    @property
    def size(self) -> tuple[int, int]:
        """The size that the script asks for."""
        found = self.settings.get(ClipSize)
        defaults = self.models.defaults
        return (found.size.width, found.size.height) if found else (defaults.width, defaults.height)

    @property
    def fps(self) -> float:
        """Frames per second."""
        found = self.settings.get(ClipLength)
        return found.fps.rate if found and found.fps and found.fps.rate > 0 else self.models.defaults.fps

    @property
    def frames(self) -> int:
        """Pixel frames of the clip, on the grid."""
        found = self.settings.get(ClipLength)
        match found.time if found else None:
            case Frames(count):
                return max(1, geometry.snapped_frames(count))
            case Seconds(seconds):
                return geometry.pixel_frames(max(1, round((seconds * self.fps - 1) / 8) + 1))
        return self.models.defaults.frames

    def run(self, statements: Iterable[Statement]) -> None:
        """Apply statements in order."""
        for statement in statements:
            if statement.role is Role.ACTION:
                statement.apply(self)
                self.held += len(self.settings.many)
                if len(self.graph) + self.held > MOST_OPS:
                    self.overflow = statement
                    return
            elif statement.before_passes and self.latent is not None:
                self.late.append(statement)
            else:
                self.settings.put(statement)
                self.leftover.append(statement)

    # --- what actions call

    def start(self, factor: float, statement: Statement) -> None:
        """Empty latents at a share of the size."""
        width, height = self.size
        self.asked = (width * factor, height * factor)
        self.width, self.height = (max(32, int(side) // 32 * 32) for side in self.asked)
        self.name = self._next_name()
        empty = nodes.EmptyVideo(width=self.width, height=self.height, frames=self.frames)
        self.latent = Ref(self._add(empty, statement), "latent")
        silent = nodes.EmptyAudio(frames=self.frames, fps=self.fps)
        self.audio = Ref(self._add(silent, statement), "audio")

    def upsample(self, op: nodes.UpsampleLatent, statement: Statement) -> None:
        """Upsample the latent; sizes follow."""
        assert self.latent is not None
        self.name = self._next_name()
        self.latent = Ref(self._add(op, statement, latent=self.latent), "latent")
        rows, columns = geometry.cells(self.width, self.height)
        self.asked = (self.width * op.factor, self.height * op.factor)
        self.width = 32 * geometry.upsampled_cells(columns, op.factor)
        self.height = 32 * geometry.upsampled_cells(rows, op.factor)

    def sample(self, statement: Pass | Upscale) -> None:
        """Encode prompts and conditions for this pass, then denoise."""
        assert self.latent is not None
        assert self.audio is not None
        settings = self.settings.within(statement.settings)
        self.leftover.clear()
        continues = bool(self.stages)
        self.name = self._next_name()
        stage = self._stage(statement, settings, continues)
        inputs = {"audio": self.audio, **self._texts(stage)}
        latent = self._conditioned(stage, self.latent)
        op = nodes.Sample(
            sampler=stage.sampler,
            sigmas=stage.sigmas,
            seed=self._seed(settings) + len(self.stages),
            fps=self.fps,
            cfg=stage.cfg,
            audio_cfg=stage.audio_cfg,
            loras=stage.loras,
            relay=Relay(stage.relay_lengths, stage.relay.eps) if stage.relay else None,
            nag=_nag_use(stage.nag),
            keep_audio=self.sounded,
        )
        stage.node = self._add(op, statement, latent=latent, **inputs)
        self.latent, self.audio = Ref(stage.node, "latent"), Ref(stage.node, "audio")
        self.sounded = True
        self.stages.append(stage)

    def write(self, op: nodes.WriteVideo | nodes.WriteImage, statement: Statement, sound: bool) -> None:
        """Decode what there is and write it."""
        if self.latent is None or self.audio is None:
            return  # a check says so
        self.name = "output"
        tiled = self.settings.get(Decode)
        image = self._add(_decode_op(tiled, self.fps), statement, latent=self.latent)
        inputs = {"image": Ref(image, "image")}
        if sound:
            decoded = self._add(nodes.DecodeAudio(), statement, audio=self.audio)
            inputs["audio"] = Ref(decoded, "audio")
        self._add(op, statement, **inputs)

    # --- the parts of a pass

    def _stage(self, statement: Pass | Upscale, settings: Settings, continues: bool) -> Stage:
        role = statement.model or self._default_role(statement)
        sigmas, problem = self._sigmas(statement, role, settings)
        loras = self._loras(role, settings)
        cfg = self._cfg(settings, loras)
        steps = max(len(sigmas) - 1, 0)
        relay = settings.get(RelayPrompt)
        return Stage(
            name=self.name,
            node="",
            statement=statement,
            width=self.width,
            height=self.height,
            asked=self.asked,
            frames=self.frames,
            fps=self.fps,
            continues=continues,
            sampler=statement.sampler,
            sigmas=sigmas,
            sigmas_problem=problem,
            cfg=cfg[0].over(steps),
            audio_cfg=cfg[1].over(steps),
            role=role,
            loras=loras,
            placed=self._placed(settings),
            relay=relay,
            relay_lengths=relay_lengths(relay, self.frames, self.fps) if relay else (),
            negative=settings.get(Negative),
            nag=settings.get(Nag),
            settings=settings,
        )

    def _default_role(self, statement: Pass | Upscale) -> RoleUse:
        base = self.models.bases[0]
        distill = self.models.loras.get(DISTILL)
        if isinstance(statement, Upscale) and distill and not self.models.distilled:
            return RoleUse(base, DISTILL, distill.strength)
        return RoleUse(base)

    def _sigmas(self, statement: Pass | Upscale, role: RoleUse, settings: Settings) -> tuple[tuple[float, ...], str]:
        """The sigmas of a pass, and why there are none if there are none."""
        if isinstance(statement.sigmas, tuple):
            return statement.sigmas, ""
        fast = self.models.distilled or DISTILL in {u.name for u in self._loras(role, settings)}
        usual = "distilled" if fast or isinstance(statement, Upscale) else "ltxv"
        name = statement.sigmas or statement.schedule or usual
        steps = statement.steps or self._default_steps(statement, fast)
        try:
            return schedule(name, steps, geometry.tokens(self.width, self.height, self.frames)), ""
        except ValueError as error:
            return (), str(error)

    def _default_steps(self, statement: Pass | Upscale, fast: bool) -> int:
        if isinstance(statement, Upscale):
            return UPSCALE_STEPS
        return 8 if fast else self.models.defaults.steps

    def _loras(self, role: RoleUse, settings: Settings) -> tuple[LoraUse, ...]:
        used = [LoraUse(role.lora, role.strength)] if role.lora else []
        used += [LoraUse(s.name, s.strength) for s in settings.all(LoraStatement)]
        return tuple(used)

    def _cfg(self, settings: Settings, loras: tuple[LoraUse, ...]) -> tuple[PerStep, PerStep]:
        if said := settings.get(Cfg):
            return said.video, said.audio or said.video
        if self.models.distilled or any(use.name == DISTILL for use in loras):
            return PerStep((), 1.0), PerStep((), 1.0)
        return PerStep((), self.models.defaults.cfg), PerStep((), self.models.defaults.audio_cfg)

    def _seed(self, settings: Settings) -> int:
        said = settings.get(Seed)
        return said.seed if said else self.models.defaults.seed

    def _placed(self, settings: Settings) -> tuple[Placed, ...]:
        conditions: list[Guide | InplaceImage] = [*settings.all(InplaceImage), *settings.all(Guide)]
        return tuple(self._place(c) for c in conditions)

    def _place(self, condition: Guide | InplaceImage) -> Placed:
        frame = condition.at.frame(self.frames, self.fps)
        if condition.source.kind != "video":
            return Placed(condition, frame, 1)
        there = count_frames(condition.source.path) or self.frames
        return Placed(condition, frame, geometry.guide_frames_used(min(there, self.frames - max(frame, 0)), frame))

    def _texts(self, stage: Stage) -> dict[str, Ref]:
        prompt = stage.settings.get(Prompt)
        segments = stage.relay.segments if stage.relay else ()
        positive = nodes.EncodeText(text=prompt.text if prompt else "", locals=tuple(s.text for s in segments))
        negative = nodes.EncodeText(text=stage.negative.text if stage.negative else "")
        said = stage.relay or prompt or stage.statement
        return {
            "positive": Ref(self._add(positive, said), "text"),
            "negative": Ref(self._add(negative, stage.negative or stage.statement), "text"),
        }

    def _conditioned(self, stage: Stage, latent: Ref) -> Ref:
        for placed in stage.placed:
            encoded = self._encoded(placed, stage)
            op = _condition_op(placed)
            port = "guide" if isinstance(op, nodes.AppendGuide) else "image"
            latent = Ref(self._add(op, placed.statement, latent=latent, **{port: encoded}), "latent")
        return latent

    def _encoded(self, placed: Placed, stage: Stage) -> Ref:
        condition = placed.statement
        still = condition.source.kind != "video"
        read = Ref(self._add(_read_op(condition.source, placed.count), condition), "image")
        default_crf = self.models.defaults.still_crf if still else 0
        crf = default_crf if condition.crf is None else condition.crf
        fit = nodes.FitFrames(width=stage.width, height=stage.height, crf=crf)
        fitted = Ref(self._add(fit, condition, image=read), "image")
        start = placed.frame if placed.count > 1 else 0
        return Ref(self._add(nodes.EncodeFrames(start=start), condition, image=fitted), "latent")

    def _add(self, op: Op, statement: Statement, /, **inputs: Ref) -> str:
        return self.graph.add(op, inputs, statement.span, self.name)

    def _next_name(self) -> str:
        return f"pass {len(self.stages) + 1}"


def relay_lengths(relay: RelayPrompt, frames: int, fps: float) -> tuple[int, ...]:
    """Latent frames of each segment: equal shares, or what their times come to."""
    latents = geometry.latent_frames(frames)
    spans = [s.when.bounds(frames, fps) for s in relay.segments if s.when]
    if len(spans) < len(relay.segments):
        return tuple(equal_lengths(latents, len(relay.segments)))
    pixels = [max(0, min(end, frames) - min(start, frames)) for start, end in spans]
    if not any(pixels):
        return tuple(0 for _ in pixels)
    return tuple(lengths_from_pixels(pixels, latents))


def _nag_use(nag: Nag | None) -> NagUse | None:
    return NagUse(nag.text, nag.audio, nag.scale, nag.alpha, nag.tau) if nag else None


def _condition_op(placed: Placed) -> nodes.Inplace | nodes.AppendGuide:
    condition = placed.statement
    if isinstance(condition, InplaceImage):
        return nodes.Inplace(slot=max(0, geometry.slot_of(placed.frame)), strength=condition.strength)
    attention = condition.attention
    if attention is None:
        # As in ComfyUI: LTXVAddGuide lets strength weigh on attention, LTXVAddLatentGuide (before the clip) does not.
        attention = condition.strength if placed.frame >= 0 else 1.0
    return nodes.AppendGuide(frame=placed.frame, strength=min(1.0, condition.strength), attention=attention)


def _read_op(source: MediaRef, count: int) -> nodes.ReadImage | nodes.ReadVideo:
    if source.kind == "video":
        return nodes.ReadVideo(path=source.path, frames=count)
    return nodes.ReadImage(path=source.path)


def _decode_op(tiled: Decode | None, fps: float) -> nodes.DecodeVideo:
    if tiled is None:
        return nodes.DecodeVideo()

    def count(time: Frames | Seconds | None) -> int:
        match time:
            case Frames(frames):
                return frames
            case Seconds(seconds):
                return math.ceil(seconds * fps)
        return 0

    return nodes.DecodeVideo(
        tile=tiled.tile,
        overlap=tiled.overlap,
        tile_frames=count(tiled.frames),
        overlap_frames=count(tiled.share),
    )
