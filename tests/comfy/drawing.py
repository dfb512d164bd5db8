"""A graph of the editor as a picture, to look at: python -m tests.comfy.drawing graph.json graph.png."""

import json
import sys
from pathlib import Path

from PIL import Image, ImageDraw, ImageFont

SCALE = 0.5
MARGIN = 40


def _framed(node: dict) -> list[float]:
    """A node's box with its title, which stands above its place."""
    (x, y), (width, height) = node["pos"], node["size"]
    return [x, y - 30, width, height + 30]


def drawn(graph: dict) -> Image.Image:
    """Groups, links and nodes with their titles, at half the editor's size."""
    frames = [group["bounding"] for group in graph["groups"]] + [_framed(n) for n in graph["nodes"]]
    left, top = (min(frame[side] for frame in frames) for side in (0, 1))
    right, bottom = (max(frame[side] + frame[side + 2] for frame in frames) for side in (0, 1))

    def at(x: float, y: float) -> tuple[float, float]:
        return (x - left) * SCALE + MARGIN, (y - top) * SCALE + MARGIN

    picture = Image.new("RGB", (int(at(right, 0)[0]) + MARGIN, int(at(0, bottom)[1]) + MARGIN), "#222222")
    draw = ImageDraw.Draw(picture)
    small, large = ImageFont.load_default(11), ImageFont.load_default(16)
    for group in graph["groups"]:
        x, y, width, height = group["bounding"]
        draw.rectangle((*at(x, y), *at(x + width, y + height)), fill="#2c2c34", outline=group["color"], width=2)
        draw.text(at(x + 16, y + 10), group["title"], fill=group["color"], font=large)
    nodes = {node["id"]: node for node in graph["nodes"]}
    for _, origin, slot, target, index, _ in graph["links"]:
        one, other = nodes[origin], nodes[target]
        start = at(one["pos"][0] + one["size"][0], one["pos"][1] + 14 + 20 * slot)
        end = at(other["pos"][0], other["pos"][1] + 14 + 20 * index)
        middle = (start[0] + end[0]) / 2
        draw.line((start, (middle, start[1]), (middle, end[1]), end), fill="#8899bb", width=1)
    for node in graph["nodes"]:
        (x, y), (width, height) = node["pos"], node["size"]
        draw.rectangle((*at(x, y), *at(x + width, y + height)), fill="#3a3a3a", outline="#777777")
        draw.rectangle((*at(x, y - 30), *at(x + width, y)), fill="#4a5a4a")
        draw.text(at(x + 10, y - 24), node["title"][:30], fill="#eeeeee", font=small)
        values = node["widgets_values"]
        for row, value in enumerate(list(values.values() if isinstance(values, dict) else values)[:4]):
            line = y + 6 + 24 * row + 20 * max(len(node["inputs"]), len(node["outputs"]))
            draw.text(at(x + 14, line), str(value)[:34], fill="#bbbbbb", font=small)
    return picture


if __name__ == "__main__":
    drawn(json.loads(Path(sys.argv[1]).read_text(encoding="utf-8"))).save(sys.argv[2])
