"""From a ComfyUI prompt to a script: nodes as they are, and idioms of nodes as statements."""

from ltxdsl.comfy.lift.engine import Lifted, lift
from ltxdsl.comfy.lift.raw import Unwritable, raw_script

__all__ = ["Lifted", "Unwritable", "lift", "raw_script"]
