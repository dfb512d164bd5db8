"""A plan in the terminal."""

from __future__ import annotations

from collections import Counter

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from ltxdsl.compiler.plan import Plan, Reason, Saved, Stage, Step
from ltxdsl.quantities import bytes_text, flops_text, gigabytes, seconds_text
from ltxdsl.values import plain

WIDTH_WITHOUT_TERMINAL = 130
NARROW = 112  # columns of a terminal under which the columns that say least are left out
HEADINGS = "pass size latent tokens sound models sampler sigmas cfg calls memory time".split()
WIDE_ONLY = ("latent", "sound", "sigmas", "models")
STEP_HEADINGS = ("", "step", "loads", "then unloads", "time")
RIGHT = ("tokens", "sound", "calls", "memory", "time")
REASONS_SHOWN = 8


def plan_text(plan: Plan, name: str, color: bool, states: dict[str, str], why: bool = False) -> None:
    """Print passes, steps and totals. `states` says of a step, by id, what stands in the place of its time."""
    console = Console(highlight=False, no_color=not color, width=None if color else WIDTH_WITHOUT_TERMINAL)
    console.print(f"[bold]{name}[/bold]  {_passes(plan)}, model set {plan.models}, on {plan.hardware}")
    console.print()
    console.print(_stage_table(plan, console.width < NARROW))
    console.print()
    console.print(_step_table(plan, states, console.width < NARROW))
    if why:
        console.print()
        _print_reasons(console, plan.reasons)
    console.print()
    _print_advice(console, plan)
    for line in _totals(plan):
        console.print(line)


def _totals(plan: Plan) -> list[str]:
    time, peak = seconds_text(plan.estimate.seconds), gigabytes(plan.peak_bytes)
    main = f", main memory {gigabytes(plan.main_bytes)} of {gigabytes(plan.main_memory)}"
    over = " [red](too much: it swaps)[/red]" if plan.main_bytes > plan.main_memory else ""
    main = main + over if plan.main_bytes >= 1e9 else ""
    return [
        f"about [bold]{time}[/bold], {flops_text(plan.estimate.flops)}, peak {peak} of {gigabytes(plan.memory)}{main}",
        f"writes [bold]{', '.join(plan.outputs)}[/bold]",
    ]


def _passes(plan: Plan) -> str:
    count = len(plan.stages)
    passes = f"{count} pass{'es' if count != 1 else ''}"
    if not count:
        return passes
    first = plan.stages[0]
    seconds = plain(round(first.frames / first.fps, 2))
    return f"{passes}, {first.frames} frames @ {plain(first.fps)} fps ({seconds} s)"


def _stage_table(plan: Plan, narrow: bool) -> Table:
    table = Table(box=None, pad_edge=False, header_style="dim", padding=(0, 2, 0, 0))
    shown = [h for h in HEADINGS if not (narrow and h in WIDE_ONLY)]
    for heading in shown:
        table.add_column(heading, justify="right" if heading in RIGHT else "left")
    for stage in plan.stages:
        cells = dict(zip(HEADINGS, _stage_row(stage), strict=True))
        table.add_row(*(cells[heading] for heading in shown))
    return table


def _stage_row(stage: Stage) -> tuple[str, ...]:
    guides = f"+{stage.guide_tokens:,}" if stage.guide_tokens else ""
    return (
        stage.name.removeprefix("pass "),
        f"{stage.width}x{stage.height}",
        "x".join(map(str, stage.latent)),
        f"{stage.tokens:,}{guides}",
        str(stage.audio_tokens),
        " + ".join(stage.models),
        f"{stage.sampler} {len(stage.sigmas) - 1}",
        _sigmas(stage.sigmas),
        _cfg(stage.cfg),
        str(stage.calls),
        gigabytes(stage.peak_bytes),
        seconds_text(stage.estimate.seconds),
    )


def _sigmas(sigmas: tuple[float, ...]) -> str:
    shown = [plain(round(s, 3)) for s in sigmas]
    return " ".join(shown if len(shown) <= 5 else [*shown[:2], "…", *shown[-2:]])


def _cfg(cfg: tuple[float, ...]) -> str:
    runs: list[tuple[float, int]] = []
    for scale in cfg:
        runs = [*runs[:-1], (scale, runs[-1][1] + 1)] if runs and runs[-1][0] == scale else [*runs, (scale, 1)]
    return ", ".join(plain(s) if len(runs) == 1 else f"{plain(s)} for {n}" for s, n in runs)


def _step_table(plan: Plan, states: dict[str, str], narrow: bool) -> Table:
    table = Table(box=None, pad_edge=False, header_style="dim", padding=(0, 2, 0, 0))
    shown = [h for h in STEP_HEADINGS if not (narrow and h == "then unloads")]
    for heading in shown:
        table.add_column(heading, justify="right" if heading in ("", "time") else "left", no_wrap=heading == "time")
    for number, step in enumerate(plan.steps, 1):
        cells = dict(zip(STEP_HEADINGS, _step_row(number, step, states.get(step.id, "")), strict=True))
        table.add_row(*(cells[heading] for heading in shown))
    return table


def _step_row(number: int, step: Step, state: str) -> tuple[str, ...]:
    time = state or seconds_text(step.estimate.seconds)
    where = f"[dim]{step.stage}:[/dim] " if step.stage else ""
    return (f"[dim]{number}[/dim]", where + escape(step.label), ", ".join(step.loads), ", ".join(step.unloads), time)


def _print_advice(console: Console, plan: Plan) -> None:
    """What does not fit, each only once, with what would help."""
    for advice in {a.what: a for a in plan.advice}.values():
        stops = advice.kind in ("memory", "decode")
        mark = "[red]does not fit[/red]" if stops else "[yellow]slow[/yellow]"
        console.print(f"{mark}: {escape(advice.what)}")
        for remedy in advice.remedies:
            console.print(f"  [dim]helps:[/dim] {remedy}")
    if plan.advice:
        console.print()


def _print_reasons(console: Console, reasons: tuple[Reason, ...]) -> None:
    """What each pass of the compiler did and saved; equal things once, the largest savings first."""
    if not reasons:
        console.print("the compiler found nothing to leave out")
    for by in dict.fromkeys(reason.by for reason in reasons):
        done = [reason for reason in reasons if reason.by == by]
        console.print(f"[bold]{by}[/bold]{_saved(_sum(done), prefix=': saves ')}")
        times = Counter(reason.what for reason in done)
        unique = sorted({r.what: r for r in reversed(done)}.values(), key=lambda r: -r.saved.seconds)
        for reason in unique[:REASONS_SHOWN]:
            often = f" ({times[reason.what]} times)" if times[reason.what] > 1 else ""
            console.print(f"  {escape(reason.what)}{often}{_saved(reason.saved, prefix='  [dim]', suffix='[/dim]')}")
        if len(unique) > REASONS_SHOWN:
            console.print(f"  [dim]and {len(unique) - REASONS_SHOWN} more[/dim]")


def _sum(reasons: list[Reason]) -> Saved:
    fields = Saved.__struct_fields__
    return Saved(**{name: sum(getattr(reason.saved, name) for reason in reasons) for name in fields})


def _saved(saved: Saved, prefix: str, suffix: str = "") -> str:
    """`2 encodes, 2 steps, 3.1 MB, about 1.4 s`; nothing if nothing was saved."""
    counts = [("model load", saved.loads), ("encode", saved.encodes), ("step", saved.steps)]
    parts = [f"{n} {word}{'s' if n != 1 else ''}" for word, n in counts if n]
    parts += [bytes_text(saved.bytes)] if saved.bytes >= 1e3 else []
    parts += [f"about {seconds_text(saved.seconds)}"] if saved.seconds >= 0.05 else []
    return f"{prefix}{', '.join(parts)}{suffix}" if parts else ""
