"""The command `ltx`. Each subcommand lives in a module of its own, imported when it is used."""

from __future__ import annotations

import sys
import warnings
from importlib import import_module
from keyword import iskeyword
from pathlib import Path

import click

import ltxdsl

COMMANDS = {
    "run": "make the video",
    "check": "find mistakes before they cost anything",
    "fmt": "write scripts in the one layout",
    "plan": "show what a run will do and cost",
    "inputs": "list what a script takes from outside",
    "export": "write a ComfyUI workflow",
    "import": "read a ComfyUI workflow into a script",
    "diff": "compare scripts and workflows",
    "git-setup": "let git compare workflows as scripts",
    "nodes": "list and refresh the interfaces of ComfyUI's nodes",
    "explain": "teach a rule by its code",
    "rules": "list the rules",
    "docs": "write the reference pages (for developers)",
}
FOUND_ERRORS, WRONG_USE, RUN_FAILED, INTERRUPTED = 1, 2, 3, 130


class _Lazy(click.Group):
    """A group that imports a subcommand when it is asked for."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, name: str) -> click.Command | None:
        if name not in COMMANDS:
            return None
        command = getattr(import_module(f"ltxdsl.cli.{_module_of(name)}"), "command")  # noqa: B009 - mypy cannot know it
        assert isinstance(command, click.Command)
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl(list(COMMANDS.items()))


def _module_of(name: str) -> str:
    return f"{name}_" if iskeyword(name) else name.replace("-", "_")


@click.group(cls=_Lazy, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(ltxdsl.__version__, prog_name="ltx")
def ltx() -> None:
    """Make video with LTX 2.3 from small text scripts."""


def _worded(
    message: Warning | str, category: type[Warning], filename: str, lineno: int, line: str | None = None
) -> str:
    """A warning of ours in words; one of a library with its place in the code."""
    ours = Path(__file__).parents[1] in Path(filename).parents
    return f"warning: {message}\n" if ours else f"{filename}:{lineno}: {category.__name__}: {message}\n"


def main() -> None:
    """Run the command line; every way out has its exit code."""
    warnings.formatwarning = _worded
    try:
        result = ltx.main(standalone_mode=False)
        code = result if isinstance(result, int) else 0
    except click.ClickException as error:
        error.show()
        code = WRONG_USE
    except (KeyboardInterrupt, click.exceptions.Abort):
        kept = " Finished steps are kept: the same command goes on from here." if sys.argv[1:2] == ["run"] else ""
        click.echo(f"stopped.{kept}", err=True)
        code = INTERRUPTED
    except BrokenPipeError:
        sys.stderr.close()
        code = 0
    sys.exit(code)
