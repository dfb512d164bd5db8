"""Rules of upscales: the way through pixels, and the look of latents."""

from __future__ import annotations

from collections.abc import Iterator

from ltxdsl.compiler.checks.rules import Finding, Program, rule
from ltxdsl.diagnostics import Fix, Severity
from ltxdsl.ops.sampling import Pass, Upscale
from ltxdsl.source import Span
from ltxdsl.values import plain


@rule(
    "LTX270",
    "upscale in time through pixels",
    Severity.ERROR,
    why="Resizing pictures makes none between them, and AdaIN by frame needs as many frames before as after.",
    wrong='length 25f\nprompt "a lake"\npass distill 8\nupscale time 2x by lanczos',
    right='length 25f\nprompt "a lake"\npass distill 8\nupscale time 2x',
    source="ComfyUI nodes.py ImageScale; LTXVideo LTXVAdainLatent per_frame",
    asked={"target": "comfy"},
)
def time_through_pixels(program: Program) -> Iterator[Finding]:
    """New frames come from the temporal upsampler alone."""
    for said in program.each(Upscale):
        for field in ("by", "enlarge", "by_frame") if said.time else ():
            if said.gives(field):
                yield Finding(f"`{field}` is for upscales of the picture", said.span_of(field))


@rule(
    "LTX271",
    "AdaIN that is not asked for",
    Severity.WARNING,
    why="`by_frame` says how `adain` counts; without a share nothing is matched.",
    wrong='prompt "a lake"\npass 0.5x dev 30\nupscale 2x by_frame',
    right='prompt "a lake"\npass 0.5x dev 30\nupscale 2x adain 0.5 by_frame',
)
def by_frame_of_nothing(program: Program) -> Iterator[Finding]:
    """No share, or 0."""
    for said in program.each(Upscale):
        if said.by_frame and not said.adain:
            end = said.span_of("by_frame").start
            fixes = () if said.gives("adain") else (Fix(Span(end, end), "adain 0.5 "),)
            yield Finding("`by_frame` without `adain`", said.span_of("by_frame"), fixes=fixes)


@rule(
    "LTX272",
    "clip that only goes through the VAE",
    Severity.NOTE,
    why="Decoding and encoding loses detail that steps after it make again; without steps `enlarge` on what is saved "
    "does the same for less.",
    wrong='prompt "a lake"\npass 0.5x dev 30\nupscale 2x 0 by lanczos',
    right='prompt "a lake"\npass 0.5x dev 30\nupscale 2x distill 3 by lanczos',
    source="LTX-2 video VAE: 32x32x8 pixels to 128 numbers",
)
def pixels_without_steps(program: Program) -> Iterator[Finding]:
    """0 steps through pixels."""
    for said in program.each(Upscale):
        if said.through_pixels and said.steps == 0:
            yield Finding("no step follows the encoding", said.span_of("steps"))


@rule(
    "LTX273",
    "first sigma said twice",
    Severity.WARNING,
    why="`start` replaces the first sigma of a list; in a list that is written out it can stand there itself.",
    wrong='prompt "a lake"\npass 0.5x dev 30\nupscale 2x distill sigmas 0.909375, 0.725, 0.421875, 0 start 0.85',
    right='prompt "a lake"\npass 0.5x dev 30\nupscale 2x distill 3 start 0.85',
    source="ComfyUI comfy_extras/nodes_custom_sampler.py SetFirstSigma",
)
def two_starts(program: Program) -> Iterator[Finding]:
    """Only with a list of numbers."""
    for said in (*program.each(Pass), *program.each(Upscale)):
        if said.start is not None and isinstance(said.sigmas, tuple):
            yield Finding(f"the list's first is left for {plain(said.start)}", said.span_of("start"))
