"""What the LoRAs of the embedded set do: a style that grows with its strength, a control that is followed."""

from __future__ import annotations

from pathlib import Path

import av
import numpy as np
import pytest

from tests.behaviour.films import WHITE, Film, films, thing
from training.loras import outlines
from training.world.scene import Scene, Thing

pytestmark = pytest.mark.behaviour
SEEDS = (1, 2, 3)


def colourfulness(film: Film) -> float:
    """The spread of the three colours of a pixel, where it is widest."""
    return float(np.quantile(np.ptp(film.frames, axis=-1), 0.99))


def test_a_style_grows_with_its_strength(tmp_path: Path):
    words = f'prompt "{thing("red")} on a teal background, with a tone"'
    strengths = {"none": "", "half": "lora pastel 0.5", "full": "lora pastel 1"}
    shots = {
        f"{name}-{s}": f"seed {s}\n{words}\npass dev 20 {{ {lora} }}" if lora else f"seed {s}\n{words}\npass dev 20"
        for name, lora in strengths.items()
        for s in SEEDS
    }
    made = films(shots, tmp_path)
    mean = {name: np.mean([colourfulness(made[f"{name}-{s}"]) for s in SEEDS]) for name in strengths}
    assert mean["none"] > mean["half"] + 0.05
    assert mean["half"] > mean["full"] + 0.05
    dark = {name: np.mean([made[f"{name}-{s}"].frames.min() for s in SEEDS]) for name in strengths}
    assert dark["full"] > dark["none"] + 0.2, "pastel has no dark pixels"


def write_outlines(path: Path, motion: str) -> None:
    """A control video of one thing that moves."""
    scene = Scene((Thing("ball", "red", "large", motion, "in the middle"),), "black")
    frames = np.repeat(np.repeat(outlines(scene), 2, axis=1), 2, axis=2)
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=24, options={"crf": "4"})
        stream.width, stream.height, stream.pix_fmt = frames.shape[2], frames.shape[1], "yuv444p"
        for frame in frames:
            picture = av.VideoFrame.from_ndarray((frame * 255).round().astype(np.uint8), format="rgb24")
            container.mux(stream.encode(picture))
        container.mux(stream.encode())


def test_outlines_are_followed_whatever_the_words_say(tmp_path: Path):
    ways = {"moves right": (1.0, 0.0), "rises": (0.0, -1.0)}
    words = f'prompt "{thing("blue")} {WHITE}"'
    shots = {}
    for motion in ways:
        name = motion.replace(" ", "_")
        write_outlines(tmp_path / f"{name}.mp4", motion)
        control = f'control canny from "{tmp_path}/{name}.mp4" with lora outline 1'
        shots |= {f"{name}-{s}": f"seed {s}\n{words}\n{control}\npass dev 20" for s in SEEDS}
    shots |= {f"free-{s}": f"seed {s}\n{words}\npass dev 20" for s in SEEDS}
    made = films(shots, tmp_path)
    for motion, way in ways.items():
        along = [float(made[f"{motion.replace(' ', '_')}-{s}"].way() @ np.array(way)) for s in SEEDS]
        free = [float(made[f"free-{s}"].way() @ np.array(way)) for s in SEEDS]
        assert np.median(along) > 0.15
        assert np.median(free) < 0.1, "without the control it stays still, as the words say"
