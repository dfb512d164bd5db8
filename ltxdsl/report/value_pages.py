"""The pages of values, samplers and schedules."""

from __future__ import annotations

from typing import Any

from ltxdsl.grammar import parse_item
from ltxdsl.ops.cells import Cell, describe, evaluate, position, shown
from ltxdsl.report.markdown import fenced, table
from ltxdsl.sampling.samplers import SAMPLERS, Sampler
from ltxdsl.sampling.schedules import SCHEDULES, Schedule, schedule
from ltxdsl.values import plain

FRAMES, RATE = 121, 24.0  # the clip by which places are explained

LITERALS = {
    "3": "a plain number: steps, strengths, seeds",
    "0.8": "a plain number with a fraction",
    "1e-3": "a number in scientific form",
    "0.25x": "how large a pass is, as a share of `size`; how much an `upscale` enlarges",
    "1920x1024": "width and height in pixels",
    "121f": "pixel frames",
    "24fps": "frames per second",
    "2.5s": "seconds",
    "50%": "a share of the clip's length; as a place, a share of the way to the last frame",
    '"a lake"': 'a text on one line; `\\"` is a quote in it, `\\n` a new line, `\\\\` a backslash',
    '"""a lake"""': "a text over several lines, taken as it stands",
    "2s..4s": "from one place up to another; the end is not part of it",
}
PLACES = {
    "0": "the first frame, as `start`",
    "start": "the first frame",
    "48f": "frame 48; frames count from 0",
    "2.5s": "2.5 seconds from the start",
    "50%": "half of the way to the last frame",
    "end": "the last frame",
    "end - 8f": "8 frames before the last",
    "end - 1s": "a second before the last frame",
    "-1": "the latent slot before the first frame: 8 frames before it",
    "-2": "the slot before that one",
}
SUMS = (
    "2 * 3 + 1",
    "10 / 4",
    "2s + 0.5s",
    "24f * 2",
    "4s / 2s",
    "5s * 24fps",
    "120f / 24fps",
    "50% * 4s",
    "0.5x / 2",
    "0.5x * 0.5x",
    "1920x1024 * 0.5x",
    "1920x1024 / 2",
    "(1 + 2) * 8f",
)


def values_page() -> str:
    """Units, places in time, names and sums."""
    lines = ["# Values and places", "", *_literals(), "", *_places(), "", *_names()]
    return "\n".join(lines)


def _literals() -> list[str]:
    rows = [(f"`{text}`", _described(text), meaning) for text, meaning in LITERALS.items()]
    intro = [
        "A value carries its unit, so that frames cannot be mistaken for seconds, nor a factor for a count.",
        "A unit stands right after its number, without a space.",
    ]
    return [*intro, "", *table(("written", "is", "used for"), rows)]


def _described(text: str) -> str:
    return describe(_value(text)).partition(" (")[0]


def _places() -> list[str]:
    rows = [(f"`@ {text}`", str(_frame(text)), meaning) for text, meaning in PLACES.items()]
    return [
        "## Places in time",
        "",
        f"What stands after `@`, with the pixel frame that it means in a clip of {FRAMES} frames at {plain(RATE)} fps:",
        "",
        *table(("written", "pixel frame", "meaning"), rows),
        "",
        "A plain number other than 0 is refused after `@` (`@ 8` could be frames or seconds), and a negative one is",
        "always a slot before the clip. Counting from the end is written `end`, never `-1`.",
        "A latent holds 8 pixel frames, but for the first, which holds one: clips have 1 + 8N frames.",
    ]


def _frame(text: str) -> int:
    return position(_cell(text)).frame(FRAMES, RATE)


def _names() -> list[str]:
    rows = [(f"`{text}`", f"`{shown(_value(text))}`") for text in SUMS]
    return [
        "## Names and sums",
        "",
        "[`let`](let.md) names a value. Sums work on numbers, and on numbers with a unit where that has a meaning;",
        "a text shows a named value as `{name}`.",
        "",
        *fenced("ltx", 'let base = 4\nlet strong = base / 5\nprompt "a lake, take {base}"\npass distill strong 8'),
        "",
        *table(("sum", "value"), rows),
        "",
        "A name that is used and never bound is an input of the script; `--set name=value` gives it a value.",
    ]


def _value(text: str) -> Any:
    return _cell(text).value


def _cell(text: str) -> Cell:
    item = parse_item(text)
    assert item is not None, text
    return evaluate(item, lambda name: None)


# --- samplers and schedules


def samplers_page() -> str:
    """The table of samplers."""
    heads = ("sampler", "what it does", "model calls a step", "properties", "in ComfyUI", "source")
    lines = [
        "# Samplers",
        "",
        "How a step from one sigma to the next is taken. A sampler is named in a pass by its word:",
        "",
        *fenced("ltx", 'prompt "a lake"\npass dev 30 er_sde'),
        "",
        *table(heads, map(_sampler_row, SAMPLERS.values())),
        "",
        "*Stochastic* samplers draw fresh noise at every step. *Multistep* samplers read earlier steps.",
        "*Needs the negative prompt* means that it is evaluated at cfg 1 too.",
        "",
        "Their options have these values where `sampler` gives no others:",
        "",
        *table(("sampler", "options"), [(f"`{s.name}`", _options(s)) for s in SAMPLERS.values() if s.options]),
    ]
    return "\n".join(lines)


def _sampler_row(sampler: Sampler) -> tuple[str, ...]:
    facts = {
        "stochastic": sampler.stochastic,
        "multistep": sampler.multistep,
        "needs the negative prompt": sampler.needs_negative,
    }
    properties = ", ".join(name for name, holds in facts.items() if holds)
    calls = str(sampler.evaluations)
    return f"`{sampler.name}`", sampler.summary, calls, properties, f"`{sampler.comfy}`", sampler.source


def _options(entry: Sampler | Schedule) -> str:
    return ", ".join(f"{name} {shown(value)}" for name, value in entry.options.items())


def schedules_page() -> str:
    """The table of schedules, and the sigmas of one example each."""
    heads = ("schedule", "what it does", "in ComfyUI", "source")
    lines = [
        "# Schedules",
        "",
        "How sigma, the share of noise, falls from 1 to 0. A schedule is named in a pass by its word, or the sigmas",
        "are written out:",
        "",
        *fenced("ltx", 'prompt "a lake"\npass dev 30 euler linear_quadratic'),
        "",
        *fenced("ltx", 'prompt "a lake"\npass distill euler sigmas 1, 0.9, 0.7, 0.4, 0'),
        "",
        *table(heads, map(_schedule_row, SCHEDULES.values())),
        "",
        "An export writes the sigmas themselves (`ManualSigmas`), whichever schedule they come from.",
        "",
        "Options, and their values where `schedule` gives no others:",
        "",
        *table(("schedule", "options"), [(f"`{s.name}`", _options(s)) for s in SCHEDULES.values() if s.options]),
        "",
        "The sigmas of 8 steps (of a fixed list: all), rounded, for a clip of 4096 tokens:",
        "",
        *table(("schedule", "sigmas"), [(f"`{name}`", _sigmas(name)) for name in SCHEDULES]),
    ]
    return "\n".join(lines)


def _schedule_row(entry: Schedule) -> tuple[str, ...]:
    comfy = f"`{entry.comfy}`" if entry.comfy else "a list of sigmas"
    return f"`{entry.name}`", entry.summary, comfy, entry.source


def _sigmas(name: str) -> str:
    return " ".join(plain(round(sigma, 3)) for sigma in schedule(name, SCHEDULES[name].longest or 8))
