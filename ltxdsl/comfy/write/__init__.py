"""Writing the graph that ComfyUI's editor opens: nodes with their widgets, a layout, and the script in the file."""

from ltxdsl.comfy.write.editor import editor_graph
from ltxdsl.comfy.write.own import unedited

__all__ = ["editor_graph", "unedited"]
