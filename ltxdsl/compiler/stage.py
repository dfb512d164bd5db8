"""What a pass is: its facts, and the settings that hold for it."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, TypeVar

import msgspec

from ltxdsl import geometry
from ltxdsl.ops import Statement
from ltxdsl.ops.base import Deltas, Enhance, LoraUse
from ltxdsl.ops.conditioning import Guide
from ltxdsl.ops.declare import Role
from ltxdsl.ops.guidance import Nag
from ltxdsl.ops.kinds import RoleUse
from ltxdsl.ops.sampling import Pass, Upscale
from ltxdsl.ops.text import Negative, RelayPrompt
from ltxdsl.values import Position

T = TypeVar("T", bound=Statement)


class Placed(msgspec.Struct, frozen=True):
    """A condition in a pass: its place as written, the pixel frame that this is, and the frames it has."""

    statement: Statement
    at: Position
    frame: int
    count: int  # frames of the source that are used


class Stage(msgspec.Struct, kw_only=True):
    """One sampled pass, with the facts that checks and the plan read."""

    name: str
    node: str
    statement: Pass | Upscale
    width: int
    height: int
    asked: tuple[float, float]  # the size before rounding to the grid
    frames: int
    fps: float
    continues: bool  # starts from what an earlier pass made
    sampler: str
    sigmas: tuple[float, ...]
    sigmas_problem: str
    cfg: tuple[float, ...]
    audio_cfg: tuple[float, ...]
    role: RoleUse
    loras: tuple[LoraUse, ...]
    seed: int
    text: str
    locals: tuple[str, ...]
    enhance: Enhance | None
    negative_text: str
    placed: tuple[Placed, ...]
    sampling: dict[str, Any]  # further parameters of the op that samples
    settings: Settings

    @property
    def steps(self) -> int:
        """Sampler steps."""
        return max(len(self.sigmas) - 1, 0)

    @property
    def relay(self) -> RelayPrompt | None:
        """The relay that holds."""
        return self.settings.get(RelayPrompt)

    @property
    def negative(self) -> Negative | None:
        """The negative prompt that holds."""
        return self.settings.get(Negative)

    @property
    def nag(self) -> Nag | None:
        """The attention guidance that holds."""
        return self.settings.get(Nag)

    @property
    def deltas(self) -> Deltas | None:
        """Guidance beside cfg, if there is any."""
        return self.sampling.get("deltas")

    def placement(self, statement: Statement) -> Placed:
        """Where a condition stands."""
        return next(placed for placed in self.placed if placed.statement is statement)

    @property
    def guide_latents(self) -> int:
        """Latent frames that guides append."""
        guides = (p for p in self.placed if isinstance(p.statement, Guide))
        return sum(geometry.guide_latents(p.count, p.frame) for p in guides)


class Settings:
    """The settings and conditions that hold at a point of the script."""

    def __init__(self, single: dict[type, Statement] | None = None, many: Iterable[Statement] = ()) -> None:
        self.single = dict(single or {})
        self.many = list(many)

    def put(self, statement: Statement) -> None:
        """Add a statement: settings replace, conditions add up."""
        if statement.role is Role.CONDITION:
            self.many.append(statement)
        else:
            self.single[type(statement)] = statement

    def within(self, statements: Iterable[Statement]) -> Settings:
        """These settings with a block's statements on top."""
        said = list(statements)
        outside = [held for held in self.many if not any(one.overrides(held) for one in said)]
        inner = Settings(self.single, outside)
        for statement in said:
            if not (statement.off and len(outside) < len(self.many)):
                inner.put(statement)
        return inner

    def only(self, *kinds: type[Statement]) -> Settings:
        """Those of these kinds alone."""
        return Settings({kind: said for kind, said in self.single.items() if kind in kinds})

    def ranked(self) -> list[Statement]:
        """All of them, in the order in which they change a pass."""
        return sorted((*self.single.values(), *self.many), key=lambda statement: statement.rank)

    def get(self, cls: type[T]) -> T | None:
        """The statement of that kind that holds, or None."""
        return self.single.get(cls)  # type: ignore[return-value]

    def all(self, cls: type[T]) -> list[T]:
        """All settings and conditions of that kind, and of kinds made from it."""
        return [s for s in (*self.single.values(), *self.many) if isinstance(s, cls)]
