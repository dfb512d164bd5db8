"""The pytest plugin: `.ltx` files are tests.

Each script gives one test for each thing that should hold: `parse`, `format`, `check`, `plan`, `export`, `expect`. It
is collected where pytest is told so, by `--ltx` or `ltx = true` in the settings; before that nothing is imported.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest


def pytest_addoption(parser: pytest.Parser) -> None:
    """Options of the command line, and of `[tool.pytest.ini_options]`."""
    group = parser.getgroup("ltx", "ltxdsl scripts")
    group.addoption("--ltx", action="store_true", help="collect .ltx files as tests")
    group.addoption(
        "--ltx-target", action="append", metavar="NAME[@VERSION]", help="check for this, such as comfy@0.27"
    )
    group.addoption("--ltx-models", metavar="NAME", help="the model set; else the one of ltx.toml")
    group.addoption("--ltx-on", metavar="HARDWARE", help="hardware that every script must fit on, such as rtx4090")
    parser.addini("ltx", "collect .ltx files as tests", type="bool", default=False)
    parser.addini("ltx_targets", "targets to check scripts for", type="args", default=[])
    parser.addini("ltx_models", "the model set", default="")
    parser.addini("ltx_on", "hardware that every script must fit on", default="")
    parser.addini("ltx_strict", "warnings fail, too", type="bool", default=False)
    parser.addini("ltx_object_info", "a server's /object_info as JSON, which exports are held against", default="")


def pytest_collect_file(file_path: Path, parent: pytest.Collector) -> pytest.Collector | None:
    """Scripts, where they are asked for."""
    config = parent.config
    if file_path.suffix == ".ltx" and (config.getoption("--ltx") or config.getini("ltx")):
        return Script.from_parent(parent, path=file_path)
    return None


class Script(pytest.File):
    """One script."""

    def collect(self) -> Iterator[pytest.Item]:
        """A test for each law, and for each target."""
        from ltxdsl.testing.laws import LAWS

        targets = self.config.getoption("--ltx-target") or self.config.getini("ltx_targets") or ["local"]
        for name, law in LAWS.items():
            for target in targets if law.by_target else targets[:1]:
                shown = f"{name}[{target}]" if law.by_target and len(targets) > 1 else name
                yield ScriptTest.from_parent(self, name=shown, law=name, target=target)


class ScriptTest(pytest.Item):
    """One law on one script."""

    def __init__(self, *, law: str, target: str, **rest: Any) -> None:
        super().__init__(**rest)
        self.law, self.target = law, target

    def runtest(self) -> None:
        """Hold it against the script."""
        from ltxdsl.testing.laws import LAWS, Case

        ini, option = self.config.getini, self.config.getoption
        case = Case(
            self.path,
            target=self.target,
            models=option("--ltx-models") or ini("ltx_models") or None,
            hardware=option("--ltx-on") or ini("ltx_on"),
            strict=bool(ini("ltx_strict")),
            object_info=ini("ltx_object_info"),
        )
        if LAWS[self.law].applies(case):
            LAWS[self.law].hold(case)
        else:
            pytest.skip(LAWS[self.law].why_not)

    def repr_failure(self, excinfo: pytest.ExceptionInfo[BaseException], style: Any = None) -> Any:
        """Findings as `ltx check` shows them; a traceback only for a fault of the compiler."""
        from ltxdsl.testing.laws import Broken

        if isinstance(excinfo.value, Broken):
            return str(excinfo.value)
        return super().repr_failure(excinfo, style)

    def reportinfo(self) -> tuple[Path, int, str]:
        """Where it is and what it is called."""
        return self.path, 0, f"{self.path.name}: {self.name}"
