"""From a ComfyUI prompt to a script: nodes as they are, and idioms of nodes as statements."""

from ltxdsl.comfy.lift.raw import Unwritable, raw_script

__all__ = ["Unwritable", "raw_script"]
