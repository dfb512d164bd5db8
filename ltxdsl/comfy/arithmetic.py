"""The expressions of ComfyUI's math nodes, read as Python reads them, without running any of it as code."""

from __future__ import annotations

import ast
import math
import operator
from collections.abc import Callable, Mapping
from typing import Any

LARGEST = 2.0**63
LONGEST = 2000  # characters of an expression
_BINARY: dict[type[ast.operator], Callable[[Any, Any], Any]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
    ast.FloorDiv: operator.floordiv,
    ast.Mod: operator.mod,
}
_COMPARED: dict[type[ast.cmpop], Callable[[Any, Any], bool]] = {
    ast.Eq: operator.eq,
    ast.NotEq: operator.ne,
    ast.Lt: operator.lt,
    ast.LtE: operator.le,
    ast.Gt: operator.gt,
    ast.GtE: operator.ge,
}
_UNARY: dict[type[ast.unaryop], Callable[[Any], Any]] = {
    ast.USub: operator.neg,
    ast.UAdd: operator.pos,
    ast.Not: operator.not_,
}
_FUNCTIONS: dict[str, Callable[..., Any]] = {
    "abs": abs,
    "ceil": math.ceil,
    "float": float,
    "floor": math.floor,
    "int": int,
    "max": max,
    "min": min,
    "round": round,
    "sqrt": math.sqrt,
}


class Unknown(ValueError):
    """A value that cannot be known from the file."""


def computed(text: str, names: Mapping[str, float]) -> float:
    """The number that an expression comes to. Raises Unknown for all that is no plain sum of known numbers."""
    if len(text) > LONGEST:
        raise Unknown("too long")
    try:
        return float(_value(ast.parse(text.strip(), mode="eval").body, names))
    except (KeyError, SyntaxError, ValueError, ArithmeticError, TypeError, RecursionError, MemoryError) as error:
        raise Unknown(str(error)) from None


def _value(node: ast.expr, names: Mapping[str, float]) -> Any:
    match node:
        case ast.Constant(value=int() | float() | bool() as value):
            return value
        case ast.Name(id=name) if name in names:
            return names[name]
        case ast.BinOp(left=left, op=sign, right=right):
            return _bounded(_power(sign) or _BINARY[type(sign)], _value(left, names), _value(right, names))
        case ast.UnaryOp(op=sign, operand=operand) if type(sign) in _UNARY:
            return _UNARY[type(sign)](_value(operand, names))
        case ast.Compare(left=left, ops=[sign], comparators=[right]) if type(sign) in _COMPARED:
            return _COMPARED[type(sign)](_value(left, names), _value(right, names))
        case ast.BoolOp(op=sign, values=values):
            known = [_value(value, names) for value in values]
            return all(known) if isinstance(sign, ast.And) else any(known)
        case ast.IfExp(test=test, body=body, orelse=other):
            return _value(body if _value(test, names) else other, names)
        case ast.Call(func=ast.Name(id=name), args=args, keywords=[]) if name in _FUNCTIONS:
            return _FUNCTIONS[name](*(_value(arg, names) for arg in args))
    raise Unknown("not a sum")


def _power(sign: ast.operator) -> Callable[[Any, Any], Any] | None:
    return math.pow if isinstance(sign, ast.Pow) else None


def _bounded(how: Callable[[Any, Any], Any] | None, left: Any, right: Any) -> Any:
    if how is None or not all(isinstance(v, int | float) and abs(v) < LARGEST for v in (left, right)):
        raise Unknown("too large")
    return how(left, right)
