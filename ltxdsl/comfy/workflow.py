"""A ComfyUI workflow as it was read: the prompt that the editor would queue, and what a person wrote around it."""

from __future__ import annotations

import msgspec

from ltxdsl.comfy.builder import Prompt


class Fault(msgspec.Struct, frozen=True):
    """What could not be read as written; `node` is its id in the file ("" = the file), `title` what a person sees.

    Codes: unknown_class (kept, its values named by position), lost_link, lost_value, virtual_node, cycle, …
    """

    node: str
    title: str
    code: str
    message: str


class Mark(msgspec.Struct, frozen=True):
    """What the editor shows of a node of the prompt: title, place, size, and the groups that it lies in."""

    title: str = ""
    place: tuple[float, float] = (0.0, 0.0)
    size: tuple[float, float] = (0.0, 0.0)
    groups: tuple[str, ...] = ()


class Note(msgspec.Struct, frozen=True):
    """A text that stands beside the nodes."""

    text: str
    title: str = ""
    place: tuple[float, float] = (0.0, 0.0)
    groups: tuple[str, ...] = ()


class Workflow(msgspec.Struct, frozen=True, kw_only=True):
    """One file. `prompt` is in API form, with the ids that the editor writes ("267:242").

    `counts` says what became of the nodes of the file: read (in the prompt), virtual (reroutes, primitives, Set and
    Get, notes, panels), muted, bypassed, subgraphs. `script` is the text that an export of ours left in the file.
    """

    form: str  # "api", "editor 0.4", "editor 1.0"
    prompt: Prompt
    faults: tuple[Fault, ...] = ()
    marks: dict[str, Mark] = {}
    notes: tuple[Note, ...] = ()
    counts: dict[str, int] = {}
    script: str = ""
    signature: str = ""  # of the prompt that the script was exported as
