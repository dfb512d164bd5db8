"""The pytest plugin: `.ltx` files are tests.

Each script gives one test for each law of `ltxdsl.testing.laws`. It is collected where pytest is told so, by `--ltx` or
`ltx = true` in the settings; before that nothing is imported.
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


def _hardware(config: pytest.Config) -> str:
    return str(config.getoption("--ltx-on") or config.getini("ltx_on"))


def _beside_settings(config: pytest.Config, path: str) -> str:
    """A path of the settings, which is meant from their folder, wherever pytest runs."""
    folder = config.inipath.parent if config.inipath else config.rootpath
    return str(folder / path) if path else ""


class Script(pytest.File):
    """One script."""

    def collect(self) -> Iterator[pytest.Item]:
        """A test for each law, and for each target."""
        from ltxdsl.testing.laws import LAWS, wrong_options

        targets = self.config.getoption("--ltx-target") or self.config.getini("ltx_targets") or ["local"]
        if wrong := wrong_options(targets, _hardware(self.config)):
            raise self.CollectError(wrong)
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
            hardware=_hardware(self.config),
            strict=bool(ini("ltx_strict")),
            object_info=_beside_settings(self.config, ini("ltx_object_info")),
        )
        if why_not := LAWS[self.law].why_not(case):
            pytest.skip(why_not)
        LAWS[self.law].hold(case)

    def repr_failure(self, excinfo: pytest.ExceptionInfo[BaseException], style: Any = None) -> Any:
        """Findings as `ltx check` shows them; a traceback only for a fault of the compiler."""
        from click import ClickException

        from ltxdsl.testing.laws import Broken

        if isinstance(excinfo.value, ClickException):  # a file or a model set that cannot be read
            return excinfo.value.format_message()
        if isinstance(excinfo.value, Broken):
            return str(excinfo.value)
        return super().repr_failure(excinfo, style)

    def reportinfo(self) -> tuple[Path, int, str]:
        """Where it is and what it is called."""
        return self.path, 0, f"{self.path.name}: {self.name}"
