"""Predictions of a pass that is under way, on disk, so that a killed run goes on where it was."""

from __future__ import annotations

import time

from safetensors import SafetensorError
from safetensors.torch import load_file
from torch import Tensor

from ltxdsl.runtime.tensor_files import save_tensors
from ltxdsl.store import Store

SECONDS_BETWEEN_WRITES = 2.0


class Journal:
    """The model's predictions by number of the call.

    Samplers are deterministic, so replaying the predictions leads to the same state, bit for bit, without the model.
    Written at most every two seconds: a kill costs no more than that.
    """

    def __init__(self, store: Store, key: str) -> None:
        self.store = store
        self.key = key
        self.pending: dict[int, Tensor] = {}
        self.written = time.monotonic()
        self.known = self._read()

    def _read(self) -> dict[int, Tensor]:
        folder = self.store.folder / "unfinished" / self.key
        known: dict[int, Tensor] = {}
        for file in sorted(folder.glob("calls-*.safetensors")) if folder.is_dir() else ():
            try:
                known |= {int(name): tensor for name, tensor in load_file(file).items()}
            except (SafetensorError, OSError, ValueError):
                file.unlink(missing_ok=True)
        return known

    def recall(self, index: int) -> Tensor | None:
        """The prediction of that call, if the interrupted run had it."""
        return self.known.get(index)

    def remember(self, index: int, prediction: Tensor) -> None:
        """Note a prediction; write when it is time."""
        self.pending[index] = prediction
        if time.monotonic() - self.written > SECONDS_BETWEEN_WRITES:
            self.flush()

    def flush(self) -> None:
        """Write what is not yet on disk, whole or not at all."""
        if self.pending:
            folder = self.store.scratch(self.key)
            file = folder / f"calls-{min(self.pending):06d}.safetensors"
            partial = file.with_suffix(".partial")
            save_tensors({str(index): prediction for index, prediction in self.pending.items()}, partial)
            partial.rename(file)
            self.pending = {}
        self.written = time.monotonic()
