"""The rules, one file a family. Importing this module fills the table."""

from ltxdsl.compiler.checks import (  # noqa: F401 - each fills the table
    colour,
    comfy_nodes,
    conditioning,
    controls,
    files,
    guidance,
    guiders,
    language,
    long,
    lora_files,
    measured,
    memory,
    models,
    prompts,
    results,
    sampling,
    servers,
    shape,
    slips,
    sound,
    sources,
    structure,
    suppressions,
    targets,
    texts,
    timeline,
    tools,
    upscales,
    workflows,
)
from ltxdsl.compiler.checks.rules import RULES, Program, Rule, check_all, known_rules

__all__ = ["RULES", "Program", "Rule", "check_all", "known_rules"]
