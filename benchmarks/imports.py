"""Reading ComfyUI's files: time in process against a bare parse of the same JSON, and growth with their nodes."""

from __future__ import annotations

import json
from functools import partial
from typing import Any

from benchmarks.measure import interleaved, milliseconds, ratio
from benchmarks.report import Goal, Report, Settings

NODES = (50, 1_000, 5_000)
JUDGED = 1_000  # nodes that growth is judged at
GOAL_MS, GOAL_GROWTH = 3.0, 1.5


def chain(count: int) -> str:
    """An editor graph: a model through LoRA loaders in a row, every tenth of them a reroute, as the editor saves it."""
    nodes: list[dict[str, Any]] = [_node(1, "UNETLoader", ["model.safetensors", "default"], None)]
    links = []
    for id in range(2, count + 1):
        reroute = id % 10 == 0
        nodes.append(_node(id, "Reroute" if reroute else "LoraLoaderModelOnly", [] if reroute else ["l", 0.5], id))
        links.append([id, id - 1, 0, id, 0, "MODEL"])
    return json.dumps({"version": 0.4, "nodes": nodes, "links": links, "groups": [], "extra": {}})


def _node(id: int, kind: str, values: list[Any], link: int | None) -> dict[str, Any]:
    inputs = [{"name": "" if kind == "Reroute" else "model", "type": "MODEL", "link": link}] if link else []
    outputs = [{"name": "MODEL", "type": "MODEL", "links": [id + 1]}]
    place = {"pos": [id * 10, 0], "size": [300, 100], "flags": {}, "order": id, "mode": 0, "properties": {}}
    return {"id": id, "type": kind, "inputs": inputs, "outputs": outputs, "widgets_values": values, **place}


def measure(settings: Settings) -> Report:
    """Least time of each for each size, and the time for a node against that in the smallest graph."""
    counts = NODES[:2] if settings.small else NODES
    rows = [_row(count, settings.rounds(9)) for count in counts]
    for row in rows:
        row["growth"] = row["ms"] / rows[0]["ms"] / (row["nodes"] / rows[0]["nodes"])
    judged = next((row for row in rows if row["nodes"] == JUDGED), rows[-1])
    goals = (
        Goal("reading a graph of 50 nodes, in process, after warm-up", GOAL_MS, rows[0]["ms"], "ms"),
        Goal(f"time for a node in a graph of {JUDGED}", GOAL_GROWTH, judged["growth"], "times the smallest's"),
    )
    return Report({"read against json.loads": rows}, goals=goals, notes=("processor time; medians of ratios",))


def _row(count: int, rounds: int) -> dict[str, Any]:
    import time

    from ltxdsl.comfy.catalogue import catalogue
    from ltxdsl.comfy.read import read_workflow

    text, known = chain(count), catalogue()
    work = {"bare": partial(json.loads, text), "read": partial(read_workflow, text, known)}
    interleaved(work, 1)
    times = interleaved(work, rounds, time.process_time)
    return {"nodes": count, "ratio": ratio(times["read"], times["bare"]), "ms": milliseconds(min(times["read"]))}
