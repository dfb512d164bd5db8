"""Statements and ops, declared. Importing this module fills the table of statements."""

from ltxdsl.ops import (
    clips,
    conditioning,
    controls,
    finish,
    guidance,
    hdr,
    media,
    models,
    patches,
    sampling,
    sound,
    structure,
    text,
    time,
    timeline,
    tools,
    training,
)
from ltxdsl.ops.declare import STATEMENTS, Statement

__all__ = [
    "STATEMENTS",
    "Statement",
    "clips",
    "conditioning",
    "controls",
    "finish",
    "guidance",
    "hdr",
    "media",
    "models",
    "patches",
    "sampling",
    "sound",
    "structure",
    "text",
    "time",
    "timeline",
    "tools",
    "training",
]
