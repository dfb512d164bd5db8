"""What the script says beside its nodes: its comments, each with the statement that it speaks of, and its passes."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import pairwise

import msgspec

from ltxdsl.comfy.builder import Place
from ltxdsl.compiler import Compilation
from ltxdsl.compiler.stage import Stage
from ltxdsl.grammar.tree import Comment, Entry, Statement
from ltxdsl.source import Span


class Remark(msgspec.Struct, frozen=True):
    """A comment of one line or several, and the statement that it stands before, in or behind."""

    text: str
    about: Span | None = None


class Said(msgspec.Struct, frozen=True):
    """The script's text and remarks; where each pass is written, and what is said of it in a title."""

    text: str = ""
    remarks: tuple[Remark, ...] = ()
    spans: dict[str, Span] = {}
    titles: dict[str, str] = {}


def said_of(compilation: Compilation) -> Said:
    """What an export keeps of its script."""
    stages = compilation.stages
    whole = {entry.span.start: entry.span for entry in _all(compilation.script.entries)}
    return Said(
        compilation.source.text,
        tuple(_remarks(compilation)),
        {stage.name: whole.get(stage.statement.span.start, stage.statement.span) for stage in stages},
        {stage.name: f"{stage.name}: {_words(stage)}" for stage in stages},
    )


def _all(entries: Iterable[Entry]) -> Iterator[Entry]:
    """Entries, and those in their blocks."""
    for entry in entries:
        yield entry
        yield from _all(entry.block.entries if entry.block else ())


def _words(stage: Stage) -> str:
    steps = len(stage.sigmas) - 1
    counted = f"{steps} step{'s' if steps != 1 else ''} {stage.sampler}"
    return f"{stage.width}x{stage.height}, {stage.frames} frames, {counted}"


def _remarks(compilation: Compilation) -> Iterator[Remark]:
    text = compilation.source.text
    for block in _blocks(compilation.script.comments, text):
        words = "\n".join(comment.text.lstrip("#").strip() for comment in block)
        yield Remark(words, _subject(block[0].span.to(block[-1].span), compilation.script.entries, text))


def _blocks(comments: Sequence[Comment], text: str) -> list[list[Comment]]:
    """Comments on lines that follow one another are one."""
    blocks = [[comment] for comment in comments[:1]]
    for before, comment in pairwise(comments):
        between = text[before.span.end : comment.span.start]
        if between.strip() or between.count("\n") > 1:
            blocks.append([])
        blocks[-1].append(comment)
    return blocks


def _subject(span: Span, entries: Sequence[Entry], text: str) -> Span | None:
    """The statement before it on its line, or else the next one; of a block, if it stands in one."""
    for entry in entries:
        block = entry.block
        if isinstance(entry, Statement) and block is not None and block.span.start < span.start < block.span.end:
            return _subject(span, block.entries, text) or entry.span
    on_line = [
        entry.span
        for entry in entries
        if entry.span.end <= span.start and "\n" not in text[entry.span.end : span.start]
    ]
    after = [entry.span for entry in entries if entry.span.start >= span.end]
    return next(iter((*on_line[-1:], *after)), None)


def by_group(said: Said, first: str, groups: Mapping[str, str], places: Mapping[str, Place]) -> dict[str, str]:
    """The note of each group; what is about no pass, picture or file in particular stands at the `first`."""
    found: dict[str, list[str]] = {}
    known = set(groups.values())
    spots = [(span, title) for title, span in said.spans.items() if title in known]
    spots += [(place.op, groups[id]) for id, place in places.items() if isinstance(place.op, Span) and id in groups]
    for remark in said.remarks:
        found.setdefault(_group(remark.about, spots) or first, []).append(remark.text)
    return {group: "\n\n".join(texts) for group, texts in found.items()}


def _group(about: Span | None, spots: Iterable[tuple[Span, str]]) -> str:
    """What a remark is about lies in the statement of a group's nodes, or holds it."""
    if about is None:
        return ""
    holding = [title for span, title in spots if span.start <= about.start and about.end <= span.end]
    held = [title for span, title in spots if about.start <= span.start and span.end <= about.end]
    return next(iter((*holding, *held)), "")
