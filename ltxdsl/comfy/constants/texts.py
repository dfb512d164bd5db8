"""Nodes of texts: joined, replaced, cut."""

from __future__ import annotations

import io
from collections.abc import Callable

from ltxdsl.comfy.arithmetic import Unknown
from ltxdsl.comfy.constants.known import Inputs, Known, Outputs, literal, node, number, text, truth


@node("StringConcatenate")
def joined(inputs: Inputs, known: Known) -> Outputs:
    """Two, with something between them."""
    return (text(inputs["delimiter"]).join((text(inputs["string_a"]), text(inputs["string_b"]))),)


@node("JoinStrings")
def joined_strings(inputs: Inputs, known: Known) -> Outputs:
    """KJNodes: the same; one that is not given is empty."""
    return (text(inputs["delimiter"]).join(text(inputs.get(f"string{index}", "")) for index in (1, 2)),)


@node("JoinStringMulti")
def joined_many(inputs: Inputs, known: Known) -> Outputs:
    """KJNodes: as many as it says, but for empty ones after the first."""
    if truth(inputs["return_list"]):
        raise Unknown("a list")
    parts = [text(inputs.get(f"string_{index}", "")) for index in range(1, number(inputs["inputcount"]) + 1)]
    return (text(inputs["delimiter"]).join([parts[0], *filter(None, parts[1:])]),)


@node("VRGDG_MultiStringConcat")
def joined_boxes(inputs: Inputs, known: Known) -> Outputs:
    """VRGameDevGirl: as many as it says, but for empty ones; newer releases read what is between them."""
    if "\\" in text(inputs["delimiter"]):
        raise Unknown("read otherwise")
    count = max(1, min(20, number(inputs["string_count"])))
    parts = [text(inputs.get(f"string_{index}", "")) for index in range(1, count + 1)]
    return (text(inputs["delimiter"]).join(filter(None, parts)),)


@node("JWStringConcat")
def appended(inputs: Inputs, known: Known) -> Outputs:
    """One after the other."""
    return (text(inputs["a"]) + text(inputs["b"]),)


@node("StringReplace")
def replaced(inputs: Inputs, known: Known) -> Outputs:
    """Wherever it stands."""
    return (text(inputs["string"]).replace(text(inputs["find"]), text(inputs["replace"])),)


@node("JWStringReplace")
def jw_replaced(inputs: Inputs, known: Known) -> Outputs:
    """Wherever it stands."""
    return (text(inputs["source"]).replace(text(inputs["to_replace"]), text(inputs["replace_with"])),)


@node("JWStringGetLine")
def line(inputs: Inputs, known: Known) -> Outputs:
    """One line, from 0 on or from the end."""
    return (text(inputs["source"]).splitlines()[number(inputs["line_index"])],)


@node("StringTrim")
def trimmed(inputs: Inputs, known: Known) -> Outputs:
    """Without the blanks at its ends."""
    ways: dict[str, Callable[[str], str]] = {"Both": str.strip, "Left": str.lstrip, "Right": str.rstrip}
    return (ways[inputs["mode"]](text(inputs["string"])),)


@node("CaseConverter")
def cased(inputs: Inputs, known: Known) -> Outputs:
    """In large or small letters."""
    ways = {"UPPERCASE": str.upper, "lowercase": str.lower, "Capitalize": str.capitalize, "Title Case": str.title}
    return (ways[inputs["mode"]](text(inputs["string"])),)


@node("StringSubstring")
def part(inputs: Inputs, known: Known) -> Outputs:
    """From one sign to another."""
    return (text(inputs["string"])[number(inputs["start"]) : number(inputs["end"])],)


@node("StringLength")
def length(inputs: Inputs, known: Known) -> Outputs:
    """In signs."""
    return (len(text(inputs["string"])),)


@node("StringContains")
def contains(inputs: Inputs, known: Known) -> Outputs:
    """Whether one stands in the other."""
    found, whole = text(inputs["substring"]), text(inputs["string"])
    return (found in whole if truth(inputs["case_sensitive"]) else found.lower() in whole.lower(),)


@node("StringCompare")
def compared(inputs: Inputs, known: Known) -> Outputs:
    """Whether they are equal, or one begins or ends as the other."""
    first, second = text(inputs["string_a"]), text(inputs["string_b"])
    if not truth(inputs["case_sensitive"]):
        first, second = first.lower(), second.lower()
    if inputs["mode"] == "Equal":
        return (first == second,)
    return ({"Starts With": first.startswith, "Ends With": first.endswith}[inputs["mode"]](second),)


@node("JWStringToInteger")
def to_whole(inputs: Inputs, known: Known) -> Outputs:
    """A whole number."""
    return (int(text(inputs["text"])),)


@node("JWStringToFloat")
def to_float(inputs: Inputs, known: Known) -> Outputs:
    """A number."""
    return (float(text(inputs["text"])),)


@node("SomethingToString")
def shown(inputs: Inputs, known: Known) -> Outputs:
    """KJNodes: a literal as Python writes it, with what goes before and after it."""
    return (f"{text(inputs.get('prefix', ''))}{literal(inputs['input'])}{text(inputs.get('suffix', ''))}",)


@node("StringConstantMultiline")
def lines(inputs: Inputs, known: Known) -> Outputs:
    """KJNodes: as it is, or in one line without blanks at its ends."""
    said = text(inputs["string"])
    return (said.replace("\n", "").strip() if truth(inputs["strip_newlines"]) else said,)


@node("Text Multiline")
def without_comments(inputs: Inputs, known: Known) -> Outputs:
    """WAS: lines that begin with # are left out; older releases put something in for a word in brackets."""
    said = text(inputs["text"])
    if "[" in said:
        raise Unknown("a word in brackets")
    return ("\n".join(line.replace("\n", "") for line in io.StringIO(said) if not line.strip().startswith("#")),)
