"""One finding in a workflow: a rule's code, the node and input, and words for people."""

from __future__ import annotations

import msgspec

from ltxdsl.diagnostics import Severity


class Found(msgspec.Struct, frozen=True):
    """`node` is an id in the prompt ("" = the whole file), `severity` None that of the rule."""

    code: str
    node: str
    input: str
    message: str
    hint: str = ""
    severity: Severity | None = None
