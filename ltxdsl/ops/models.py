"""LoRAs."""

from typing import TYPE_CHECKING, Annotated

from ltxdsl.ops.base import LoraUse
from ltxdsl.ops.declare import Role, Statement, statement, word
from ltxdsl.ops.kinds import LORA, NUMBER

if TYPE_CHECKING:
    from ltxdsl.compiler.draft import Draft


@statement("lora", Role.CONDITION, 'prompt "a lake"\npass dev 8 { lora distill 0.5; cfg 1 }')
class LoraStatement(Statement, frozen=True):
    """A LoRA on the base model, for the passes after it or for the pass whose block it stands in."""

    name: Annotated[str, word(LORA, "its role in the model set, or its file")]
    strength: Annotated[float, word(NUMBER, "how much of it", low=-10, high=10)] = 1.0

    def shape_pass(self, draft: "Draft") -> None:
        """One more LoRA."""
        draft.loras.append(LoraUse(self.name, self.strength))
