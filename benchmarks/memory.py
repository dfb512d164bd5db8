"""Peak memory of a run by the size of the video."""

from __future__ import annotations

from statistics import median

from benchmarks import scripts
from benchmarks.measure import MEBI, Child
from benchmarks.report import Report, Settings
from benchmarks.workspace import Workspace, workspace

SIDES = (64, 128, 256)
LOOK = "import ltxdsl.runtime.kernels"
LOAD = (
    "from ltxdsl.models import load_model_set; from ltxdsl.runtime.session import Session\n"
    "session = Session(load_model_set())\n"
    "for part in ('transformer', 'text_encoder', 'connectors', 'video_vae', 'audio_vae', 'vocoder'): session.part(part)"
)


def measure(settings: Settings) -> Report:
    """What imports take, what all parts at once take, and runs of 25 frames in 4 steps."""
    rounds = settings.rounds(3)
    sides = SIDES[:1] if settings.small else SIDES
    with workspace() as place:
        place.build_models()
        rows = [_row("python -c pass", [place.python("-c", "pass")])]
        rows.append(_row("imports alone", [place.python("-c", LOOK) for _ in range(rounds)]))
        rows.append(_row("all parts loaded", [place.python("-c", LOAD) for _ in range(rounds)]))
        rows += [_row(f"run {side}x{side}", [_run(place, side) for _ in range(rounds)]) for side in sides]
    return Report({"peak memory": rows}, notes=(f"largest of {rounds} processes; every run with an empty store",))


def _run(place: Workspace, side: int) -> Child:
    place.empty_store()
    return place.ltx("run", "-e", scripts.square(side), "-o", f"{side}.mp4", "--force", "--json")


def _row(name: str, children: list[Child]) -> dict[str, object]:
    return {
        "what": name,
        "peak MB": round(max(child.peak for child in children) / MEBI, 1),
        "wall s": round(median(child.seconds for child in children), 2),
    }
