"""LoRAs."""

from typing import TYPE_CHECKING, Annotated

from ltxdsl.ops.base import LoraUse
from ltxdsl.ops.declare import Role, Statement, option, statement, word
from ltxdsl.ops.kinds import LORA, NUMBER, PER_STEP, SPAN, PerStep
from ltxdsl.values import TimeSpan

if TYPE_CHECKING:
    from ltxdsl.compiler.draft import Draft


@statement("lora", Role.CONDITION, 'prompt "a lake"\npass dev 8 { lora distill 0.5; cfg 1 }')
class LoraStatement(Statement, frozen=True):
    """A LoRA on the base model, for the passes after it or for the pass whose block it stands in.

    `1 for 3 then 0.5` changes the strength from step to step; `audio 0` leaves the sound's own layers alone. A stretch
    of time, `2s..4s`, holds it to the segments of the `relay` that lie there (ComfyUI, SirAxe's nodes).
    """

    name: Annotated[str, word(LORA, "its role in the model set, or its file")]
    amount: Annotated[PerStep, word(PER_STEP, "how much of it; the strength", low=-10, high=10)] = PerStep((), 1.0)
    audio: Annotated[
        float | None, option(NUMBER, "strength in the layers of the sound; the same if not said", low=-10, high=10)
    ] = None

    when: Annotated[TimeSpan | None, word(SPAN, "where in the clip; everywhere if not said")] = None

    @property
    def strength(self) -> float:
        """The largest strength of all steps."""
        return max(self.amount.values, key=abs)

    def overrides(self, other: Statement) -> bool:
        """The same LoRA, in the same stretch of time."""
        return isinstance(other, LoraStatement) and (other.name, other.when) == (self.name, self.when)

    @property
    def off(self) -> bool:
        """At strength 0 in all steps."""
        return not any(self.amount.values)

    def shape_pass(self, draft: "Draft") -> None:
        """One more LoRA."""
        by_step = (*self.amount.runs, (self.amount.last, 0)) if self.amount.runs else ()
        draft.loras.append(LoraUse(self.name, self.strength, by_step, self.audio, self._segments(draft)))

    def _segments(self, draft: "Draft") -> tuple[int, ...]:
        """The relay's segments whose middle lies in the stretch of time; -1 stands for none."""
        if self.when is None:
            return ()
        start, end = self.when.bounds(draft.frames, draft.fps)
        relay = draft.sampling.get("relay")
        lengths = relay.lengths if relay else ()
        middles = [8 * (sum(lengths[:i]) + length / 2) for i, length in enumerate(lengths)]
        return tuple(i for i, middle in enumerate(middles) if start <= middle < end) or (-1,)
