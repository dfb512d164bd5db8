"""The rules, one file a family. Importing this module fills the table."""

from ltxdsl.compiler.checks import (
    conditioning,
    files,
    guidance,
    language,
    models,
    prompts,
    results,
    sampling,
    shape,
    targets,
)
from ltxdsl.compiler.checks.rules import RULES, Program, Rule, check

__all__ = [
    "RULES",
    "Program",
    "Rule",
    "check",
    "conditioning",
    "files",
    "guidance",
    "language",
    "models",
    "prompts",
    "results",
    "sampling",
    "shape",
    "targets",
]
