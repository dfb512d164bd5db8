"""The script that an export leaves in its file, and whether the graph is still the one that it wrote."""

from __future__ import annotations

import hashlib

from ltxdsl.comfy.builder import Prompt
from ltxdsl.comfy.compare import digests
from ltxdsl.comfy.workflow import Workflow


def signature(prompt: Prompt) -> str:
    """What a prompt says, blind to ids and order, in 64 characters."""
    return hashlib.sha256("\n".join(sorted(digests(prompt).values())).encode()).hexdigest()


def unedited(workflow: Workflow) -> bool:
    """Whether the script in the file still is what its graph says."""
    return bool(workflow.script) and signature(workflow.prompt) == workflow.signature
