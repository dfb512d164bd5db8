"""Text to syntax tree and back."""

from ltxdsl.grammar.format import format_script
from ltxdsl.grammar.parse import parse, parse_item

__all__ = ["format_script", "parse", "parse_item"]
