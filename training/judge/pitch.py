"""What a sound says: its tones on the 100 Hz grid, and their colours."""

from __future__ import annotations

import numpy as np

from training.world.words import PITCHES

Array = np.ndarray
QUIET = 0.01  # root mean square under which a sound is silence
SHARE = 0.35  # of the loudest tone's amplitude, to count as a tone


def pitches(samples: Array, rate: int) -> tuple[int, ...]:
    """The tones of a sound in Hz, rising; () for silence. Any pitch is rounded to 100 Hz."""
    if samples.size == 0 or float(np.sqrt(np.square(samples).mean())) < QUIET:
        return ()
    spectrum = np.abs(np.fft.rfft(samples * np.hanning(samples.size)))
    bins = np.fft.rfftfreq(samples.size, 1 / rate)
    grid = np.rint(bins / 100).astype(int)
    bands = np.zeros(grid[-1] + 1)
    np.maximum.at(bands, grid, spectrum)
    bands[0] = 0.0
    return tuple(int(100 * band) for band in np.flatnonzero(bands > SHARE * bands.max()))


def colours_heard(samples: Array, rate: int) -> tuple[str, ...]:
    """The colours whose tones are heard."""
    words = {pitch: word for word, pitch in PITCHES.items()}
    return tuple(words[pitch] for pitch in pitches(samples, rate) if pitch in words)
