"""The rules, one file a family. Importing this module fills the table."""

from ltxdsl.compiler.checks import (
    conditioning,
    files,
    guidance,
    language,
    lora_files,
    models,
    prompts,
    results,
    sampling,
    shape,
    structure,
    suppressions,
    targets,
    texts,
)
from ltxdsl.compiler.checks.rules import RULES, Program, Rule, check_all, known_rules

__all__ = [
    "RULES",
    "Program",
    "Rule",
    "check_all",
    "conditioning",
    "files",
    "guidance",
    "known_rules",
    "language",
    "lora_files",
    "models",
    "prompts",
    "results",
    "sampling",
    "shape",
    "structure",
    "suppressions",
    "targets",
    "texts",
]
