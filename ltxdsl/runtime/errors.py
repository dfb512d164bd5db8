"""What can go wrong with the files that a run reads, as sentences for the user."""

from __future__ import annotations

from pathlib import Path


class FileProblem(Exception):
    """A file that cannot be used, and why."""

    def __init__(self, path: str | Path, reason: str) -> None:
        super().__init__(f"{path}: {reason}")
        self.path = Path(path)
        self.reason = reason


class ModelFileError(FileProblem):
    """A model folder, weight file or LoRA that is missing, broken or of another shape."""


class MediaError(FileProblem):
    """A picture, video or sound that cannot be read or written."""


class NotFiniteError(ArithmeticError):
    """A pass that ended in infinities: it would decode to black frames."""

    def __init__(self, sampler: str) -> None:
        super().__init__(
            f"the pass ended in numbers that are not finite ({sampler}); check sigmas, cfg and LoRA strengths"
        )
