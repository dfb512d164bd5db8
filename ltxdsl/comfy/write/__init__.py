"""Writing the graph that ComfyUI's editor opens: nodes with their widgets, a layout, and the script in the file."""

from ltxdsl.comfy.write.editor import cautions, editor_graph
from ltxdsl.comfy.write.notes import Said, said_of
from ltxdsl.comfy.write.own import unedited

__all__ = ["Said", "cautions", "editor_graph", "said_of", "unedited"]
