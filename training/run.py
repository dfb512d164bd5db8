"""A training run in a folder outside git: state that survives a kill at any time, log, curve, pictures."""

from __future__ import annotations

import argparse
import json
import os
import signal
import time
from pathlib import Path
from typing import Any

import numpy as np
import torch
from PIL import Image, ImageDraw

HOME = Path("~/.cache/ltxdsl-training").expanduser()
Curve = list[tuple[float, float]]


class Run:
    """The folder of a run and its clock."""

    def __init__(self, folder: Path, minutes: float, every: float = 180.0):
        """Stops after `minutes`; saves every `every` seconds."""
        folder.mkdir(parents=True, exist_ok=True)
        self.folder, self.every = folder, every
        self.end, self.saved, self.stopped = time.monotonic() + 60 * minutes, time.monotonic(), False
        for sign in (signal.SIGTERM, signal.SIGINT):
            signal.signal(sign, self._stop)

    def _stop(self, *_: object) -> None:
        self.stopped = True

    @property
    def over(self) -> bool:
        """True when the time is up or the process was asked to end."""
        return self.stopped or time.monotonic() > self.end

    def due(self) -> bool:
        """True once per `every` seconds."""
        if time.monotonic() - self.saved < self.every:
            return False
        self.saved = time.monotonic()
        return True

    def load(self) -> dict[str, Any] | None:
        """The last whole state."""
        path = self.folder / "state.pt"
        return torch.load(path, weights_only=True) if path.is_file() else None

    def save(self, state: dict[str, Any]) -> None:
        """Write a state beside the old one and rename: a kill leaves one of the two."""
        torch.save(state, self.folder / "state.new")
        os.replace(self.folder / "state.new", self.folder / "state.pt")

    def log(self, **values: float) -> None:
        """One line of JSON in `log.jsonl`, and on the screen."""
        line = json.dumps({key: round(value, 5) for key, value in values.items()} | {"at": time.strftime("%H:%M:%S")})
        print(line, flush=True)
        with (self.folder / "log.jsonl").open("a") as file:
            file.write(line + "\n")

    def rows(self, upto: int) -> list[dict[str, Any]]:
        """The lines of the log up to a step (a killed run may have logged steps that it then lost)."""
        path = self.folder / "log.jsonl"
        lines = path.read_text().splitlines() if path.is_file() else []
        return [row for row in map(json.loads, lines) if row["step"] <= upto]


def command(about: str | None, minutes: float = 0, steps: int = 0) -> argparse.ArgumentParser:
    """The options that all commands of the training share; those of a run with its usual minutes and steps."""
    parser = argparse.ArgumentParser(description=about, formatter_class=argparse.RawDescriptionHelpFormatter)
    if minutes:
        parser.add_argument("--minutes", type=float, default=minutes)
        parser.add_argument("--steps", type=int, default=steps, help="horizon of the learning rate")
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument(
        "--fast", action="store_true", help="in bfloat16, compiled where that is right (AVX512-BF16, AMX)"
    )
    return parser


def options_of(parser: argparse.ArgumentParser) -> argparse.Namespace:
    """What was asked for; torch has its threads."""
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    return options


def draw_curve(path: Path, curves: dict[str, Curve]) -> None:
    """A PNG of curves over the steps, each with its last value."""
    picture = Image.new("RGB", (720, 360), "white")
    pen = ImageDraw.Draw(picture)
    points = np.array([point for curve in curves.values() for point in curve] or [(0.0, 0.0)])
    low, high = points.min(axis=0), points.max(axis=0)
    span = np.where(high > low, high - low, 1.0)
    for index, (name, curve) in enumerate(curves.items()):
        ink = ("crimson", "royalblue", "seagreen", "darkorange")[index % 4]
        at = [(40 + 650 * u, 330 - 290 * v) for u, v in (np.array(curve) - low) / span] if curve else []
        if len(at) > 1:
            pen.line(at, fill=ink, width=2)
        last = f"{curve[-1][1]:.2f}" if curve else "-"
        pen.text((60 + 160 * index, 8), f"{name}: {last}", fill=ink)
    pen.text((4, 330), f"{low[1]:.1f}", fill="black")
    pen.text((4, 36), f"{high[1]:.1f}", fill="black")
    pen.text((600, 342), f"step {high[0]:.0f}", fill="black")
    picture.save(path)


def draw_sheet(path: Path, rows: list[torch.Tensor], frames: int = 5) -> None:
    """A PNG of clips (3 F H W in -1..1), one a row, `frames` frames of each."""
    pictures = []
    for clip in rows:
        chosen = np.linspace(0, clip.shape[1] - 1, frames).round().astype(int)
        pictures.append(torch.cat([clip[:, index] for index in chosen], dim=2))
    sheet = torch.cat(pictures, dim=1).add(1).div(2).clamp(0, 1).mul(255).byte()
    Image.fromarray(sheet.permute(1, 2, 0).numpy()).save(path)
