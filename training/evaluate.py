"""The embedded set before the judge: clips of captions that no training has seen, made by the runtime, as a table.

python -m training.evaluate --count 60 --pass "dev 30" --pass "distill 8"
python -m training.evaluate --count 200 --card docs/model-card.md
Every clip is a shot of one script, so that the models are loaded once; picture and sound are judged as they are in
the MP4.
"""

from __future__ import annotations

import argparse
import re
import tempfile
from collections import defaultdict
from pathlib import Path
from typing import Any

import av
import numpy as np

from ltxdsl.compiler import Request, compile
from ltxdsl.compiler.planner import plan
from ltxdsl.models import load_model_set
from ltxdsl.runtime.execute import execute
from ltxdsl.source import Source
from ltxdsl.store import Store
from training.clips import held_out_scene
from training.judge.verdict import Verdict, listen, look
from training.world.caption import caption
from training.world.scene import Scene

PASSES = ("dev 30", "distill 8")
ORDER = ("colour", "background", "motion", "shape", "size", "place", "there", "camera", "change time", "pitch")
MARKS = ("<!-- results -->", "<!-- end of results -->")
Array = np.ndarray


def script(scenes: list[Scene], folder: Path, passes: str) -> str:
    """One shot for each scene."""
    shots = (
        f'shot "clip{number}" {{\n  seed {number}\n  prompt "{caption(one)}"\n  pass {passes}\n'
        f'  save "{folder}/{number}.mp4" crf 4\n}}'
        for number, one in enumerate(scenes)
    )
    return "\n".join(shots)


def make(text: str, cache: Path) -> None:
    """Run a script on the embedded set."""
    models = load_model_set("embedded", cache)
    found = compile(Source(text), models, Request())
    if not found.ok:
        raise SystemExit("\n".join(d.message for d in found.diagnostics))
    execute(plan(found.graph, found.stages, models), models, Store(cache / "store"))


def read(path: Path) -> tuple[Array, Array, int]:
    """Frames F H W 3 in 0..1, samples (mono), and their rate."""
    with av.open(str(path)) as container:
        frames = [frame.to_ndarray(format="rgb24") for frame in container.decode(video=0)]
    with av.open(str(path)) as container:
        sound = [frame.to_ndarray() for frame in container.decode(audio=0)]
        rate = container.streams.audio[0].rate
    return np.stack(frames).astype(np.float32) / 255, np.concatenate(sound, axis=1).mean(axis=0), rate


def judged(scene: Scene, path: Path) -> Verdict:
    """All verdicts on a file."""
    clip, samples, rate = read(path)
    length = round(len(clip) / 24 * rate)
    return look(scene, clip) | listen(scene, samples[:length], rate, len(clip))


def table(verdicts: list[tuple[Scene, Verdict]]) -> list[tuple[str, int, int]]:
    """Measure, right, of how many; `two objects` asks for both to be there in their colours."""
    rights: dict[str, list[bool]] = defaultdict(list)
    for scene, verdict in verdicts:
        for name, right in verdict.items():
            rights[name].append(right)
        if len(scene.things) == 2:
            rights["two objects"].append(verdict["there"] and verdict.get("colour", True))
    names = [name for name in (*ORDER, "two objects") if name in rights]
    return [(name, sum(rights[name]), len(rights[name])) for name in names]


def markdown(tables: dict[str, list[tuple[str, int, int]]]) -> str:
    """The table of a model card: a column for each pass."""
    names = [name for name, _, _ in next(iter(tables.values()))]
    counts = {name: count for name, _, count in next(iter(tables.values()))}
    shares = {passes: {name: f"{100 * right / n:.0f} %" for name, right, n in rows} for passes, rows in tables.items()}
    lines = [f"| measure | {' | '.join(f'right, `pass {passes}`' for passes in tables)} | clips |"]
    lines.append(f"| --- |{' --- |' * len(tables)} --- |")
    lines += [f"| {name} | {' | '.join(shares[p][name] for p in tables)} | {counts[name]} |" for name in names]
    return "\n".join(lines)


def write_card(path: Path, block: str) -> None:
    """Replace what stands between the marks."""
    start, end = map(re.escape, MARKS)
    text = path.read_text()
    between = f"{MARKS[0]}\n\n{block}\n\n{MARKS[1]}"
    path.write_text(re.sub(f"{start}.*{end}", lambda _: between, text, flags=re.DOTALL))


def main() -> None:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--count", type=int, default=200)
    parser.add_argument(
        "--pass", dest="passes", action="append", help=f"a column of the table; {PASSES} if none is said"
    )
    parser.add_argument("--card", type=Path, help="the page to write the table into")
    options = parser.parse_args()
    scenes: list[Any] = [held_out_scene(number) for number in range(options.count)]
    tables = {}
    for passes in options.passes or PASSES:
        with tempfile.TemporaryDirectory() as work:
            make(script(scenes, Path(work), passes), Path(work) / "cache")
            tables[passes] = table([(one, judged(one, Path(work) / f"{n}.mp4")) for n, one in enumerate(scenes)])
    block = markdown(tables)
    print(block)
    if options.card:
        write_card(options.card, block)


if __name__ == "__main__":
    main()
