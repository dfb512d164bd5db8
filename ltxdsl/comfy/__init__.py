"""ComfyUI: a compiled graph as an API prompt, and the check that a server will take a prompt.

Foreign words (frame_idx, length, noise_mask) live here and nowhere else. Nothing here needs torch.
"""

from ltxdsl.comfy.export import Export, ExportError, export_prompt
from ltxdsl.comfy.validate import Problem, validate_prompt

__all__ = ["Export", "ExportError", "Problem", "export_prompt", "validate_prompt"]
