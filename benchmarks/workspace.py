"""A temporary place to measure in: a compiled copy of the package, a cache, scripts, a picture."""

from __future__ import annotations

import compileall
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from benchmarks import scripts
from benchmarks.measure import Child, run_child

ROOT = Path(__file__).parent.parent
LTX = ("-c", "from ltxdsl.__main__ import main; main()")  # what the installed `ltx` does
BUILD_MODELS = (
    "from ltxdsl.models import load_model_set; from ltxdsl.runtime.tiny import ensure; ensure(load_model_set())"
)


@dataclass(frozen=True)
class Workspace:
    """A folder with scripts in it, and the environment that children run in."""

    folder: Path
    environment: dict[str, str]

    @property
    def cache(self) -> Path:
        """The cache that the children use."""
        return Path(self.environment["LTX_CACHE"])

    def python(self, *arguments: str) -> Child:
        """Run Python here."""
        return run_child(arguments, self.folder, self.environment)

    def ltx(self, *arguments: str) -> Child:
        """Run `ltx` here."""
        return self.python(*LTX, *arguments)

    def build_models(self) -> None:
        """Build the embedded models, as a first run would; this also warms the disk."""
        self.python("-c", BUILD_MODELS)

    def empty_store(self) -> None:
        """Forget all results; the models stay."""
        shutil.rmtree(self.cache / "store", ignore_errors=True)

    def empty_answers(self) -> None:
        """Forget what `ltx check` said."""
        shutil.rmtree(self.cache / "check", ignore_errors=True)


@contextmanager
def workspace() -> Iterator[Workspace]:
    """A fresh workspace, removed at the end. The package is compiled there, as an installer would do it."""
    with tempfile.TemporaryDirectory(prefix="ltxdsl-bench-") as name:
        folder = Path(name)
        installed = folder / "installed"
        shutil.copytree(ROOT / "ltxdsl", installed / "ltxdsl", ignore=shutil.ignore_patterns("__pycache__"))
        compileall.compile_dir(installed, quiet=2)
        scripts.write_all(folder)
        yield Workspace(folder, _environment(folder, installed))


def _environment(folder: Path, installed: Path) -> dict[str, str]:
    own = {
        "LTX_CACHE": str(folder / "cache"),
        "PYTHONPATH": str(installed),
        "HF_HUB_OFFLINE": "1",
        "DO_NOT_TRACK": "1",
    }
    return {**{k: v for k, v in os.environ.items() if not k.startswith(("PYTHON", "LTX_"))}, **own}


@contextmanager
def inside(place: Workspace) -> Iterator[None]:
    """This process in the workspace's folder, with its cache."""
    before = Path.cwd(), os.environ.get("LTX_CACHE")
    os.environ["LTX_CACHE"] = str(place.cache)
    os.chdir(place.folder)
    try:
        yield
    finally:
        os.chdir(before[0])
        os.environ.pop("LTX_CACHE")
        if before[1] is not None:
            os.environ["LTX_CACHE"] = before[1]
