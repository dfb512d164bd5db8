"""The embedded model set: a tiny LTX-2.3 that the package builds itself, from a seed."""

from __future__ import annotations

import os
import shutil
import tempfile
from pathlib import Path

from ltxdsl.models import ModelSet

INDEX = "model_index.json"  # written last: a folder that has it is whole


def ensure(models: ModelSet) -> None:
    """Build the set if the package knows how (`recipe`) and it is not there yet."""
    folder = Path(models.folder)
    if models.recipe and not (folder / INDEX).is_file():
        _build_beside(folder)


def _build_beside(folder: Path) -> None:
    """Build in a temporary folder and rename; the first of several builders wins."""
    from ltxdsl.runtime.tiny.bundle import write_bundle

    folder.parent.mkdir(parents=True, exist_ok=True)
    work = Path(tempfile.mkdtemp(prefix=f".{folder.name}-", dir=folder.parent))
    try:
        write_bundle(work)
        _publish(work, folder)
    finally:
        shutil.rmtree(work, ignore_errors=True)


def _publish(work: Path, folder: Path) -> None:
    work.chmod(0o755)
    try:
        os.rename(work, folder)
    except OSError:
        if not (folder / INDEX).is_file():  # what is there is no bundle: the rest of an older or broken one
            shutil.rmtree(folder, ignore_errors=True)
            os.rename(work, folder)
