"""A plan in the terminal."""

from __future__ import annotations

from rich.console import Console
from rich.table import Table

from ltxdsl.compiler.plan import Plan, Stage, Step
from ltxdsl.values import plain

WIDTH_WITHOUT_TERMINAL = 130
HEADINGS = "pass size latent tokens sound models sampler sigmas cfg calls memory time".split()


def plan_text(plan: Plan, name: str, color: bool, states: dict[str, str]) -> None:
    """Print passes, steps and totals. `states` says of a step, by id, what stands in the place of its time."""
    console = Console(highlight=False, no_color=not color, width=None if color else WIDTH_WITHOUT_TERMINAL)
    console.print(f"[bold]{name}[/bold]  {_passes(plan)}, model set {plan.models}, on {plan.hardware}")
    console.print()
    console.print(_stage_table(plan))
    console.print()
    console.print(_step_table(plan, states))
    console.print()
    time, peak = _seconds(plan.estimate.seconds), _gigabytes(plan.peak_bytes)
    console.print(f"about [bold]{time}[/bold], {_flops(plan.estimate.flops)}, peak {peak}")
    console.print(f"writes [bold]{', '.join(plan.outputs)}[/bold]")


def _passes(plan: Plan) -> str:
    first = plan.stages[0]
    count = len(plan.stages)
    seconds = plain(round(first.frames / first.fps, 2))
    return f"{count} pass{'es' if count > 1 else ''}, {first.frames} frames @ {plain(first.fps)} fps ({seconds} s)"


def _stage_table(plan: Plan) -> Table:
    table = Table(box=None, pad_edge=False, header_style="dim", padding=(0, 2, 0, 0))
    for heading in HEADINGS:
        table.add_column(
            heading, justify="right" if heading in ("tokens", "sound", "calls", "memory", "time") else "left"
        )
    for stage in plan.stages:
        table.add_row(*_stage_row(stage))
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
        _gigabytes(stage.peak_bytes),
        _seconds(stage.estimate.seconds),
    )


def _sigmas(sigmas: tuple[float, ...]) -> str:
    shown = [plain(round(s, 3)) for s in sigmas]
    return " ".join(shown if len(shown) <= 5 else [*shown[:2], "…", *shown[-2:]])


def _cfg(cfg: tuple[float, ...]) -> str:
    runs: list[tuple[float, int]] = []
    for scale in cfg:
        runs = [*runs[:-1], (scale, runs[-1][1] + 1)] if runs and runs[-1][0] == scale else [*runs, (scale, 1)]
    return ", ".join(plain(s) if len(runs) == 1 else f"{plain(s)} for {n}" for s, n in runs)


def _step_table(plan: Plan, states: dict[str, str]) -> Table:
    table = Table(box=None, pad_edge=False, header_style="dim", padding=(0, 2, 0, 0))
    for heading in ("", "step", "loads", "then unloads", "time"):
        table.add_column(heading, justify="right" if heading in ("", "time") else "left")
    for number, step in enumerate(plan.steps, 1):
        table.add_row(*_step_row(number, step, states.get(step.id, "")))
    return table


def _step_row(number: int, step: Step, state: str) -> tuple[str, ...]:
    time = state or _seconds(step.estimate.seconds)
    where = f"[dim]{step.stage}:[/dim] " if step.stage else ""
    return (f"[dim]{number}[/dim]", where + step.label, ", ".join(step.loads), ", ".join(step.unloads), time)


def _seconds(seconds: float) -> str:
    if seconds < 0.095:
        return "<0.1 s"
    if seconds < 100:
        return f"{seconds:.1f} s"
    return f"{seconds / 60:.0f} min" if seconds < 7200 else f"{seconds / 3600:.1f} h"


def _gigabytes(count: float) -> str:
    return f"{count / 1e9:.2f} GB" if count < 1e9 else f"{count / 1e9:.1f} GB"


def _flops(flops: float) -> str:
    for unit, size in (("PFLOP", 1e15), ("TFLOP", 1e12), ("GFLOP", 1e9)):
        if flops >= size:
            return f"{flops / size:.1f} {unit}"
    return f"{flops / 1e6:.0f} MFLOP"
