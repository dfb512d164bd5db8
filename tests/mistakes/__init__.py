"""Scripts that are right, and the ways in which people get them wrong."""

from tests.mistakes.scripts import SCRIPTS
from tests.mistakes.table import MISTAKES, Mistake

__all__ = ["MISTAKES", "SCRIPTS", "Mistake"]
