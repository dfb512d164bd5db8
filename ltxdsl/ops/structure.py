"""Names for values."""

from typing import Annotated, Any

from ltxdsl.ops.declare import Role, Statement, statement, word
from ltxdsl.ops.kinds import ASSIGNMENT


@statement("let", Role.NAME, 'let strong = 0.8\nlet weak = strong / 2\nprompt "a lake"\npass distill weak 8')
class Let(Statement, frozen=True):
    """Name a value. Arithmetic works on numbers and on numbers with a unit; a text shows it as `{name}`."""

    binding: Annotated[Any, word(ASSIGNMENT, "name = value")]
