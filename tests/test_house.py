"""The rules of the house: what may import what, and how large things are."""

from __future__ import annotations

import ast
import subprocess
import sys
import tomllib
from pathlib import Path
from statistics import median, quantiles

import pytest
from packaging.requirements import Requirement

ROOT = Path(__file__).parent.parent
PACKAGE = ROOT / "ltxdsl"
FILES = sorted(PACKAGE.rglob("*.py"))
HEAVY = ("torch", "diffusers", "transformers", "safetensors")


def imports(path: Path, top_level_only: bool = False) -> set[str]:
    tree = ast.parse(path.read_text())
    found: set[str] = set()
    for node in tree.body if top_level_only else ast.walk(tree):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            found.add(node.module)
    return found


def rooted(names: set[str], *roots: str) -> set[str]:
    return {n for n in names if any(n == r or n.startswith(r + ".") for r in roots)}


# What a statement's meaning is said to: their types, for type checkers only.
SCENERY = {f"ltxdsl.compiler.{name}" for name in ("draft", "expand", "graph", "lower", "result", "stage")}


@pytest.mark.parametrize("path", FILES, ids=lambda p: str(p.relative_to(PACKAGE)))
def test_imports(path: Path):
    inside = path.relative_to(PACKAGE).parts
    found = imports(path)
    if inside[0] != "runtime":
        assert not rooted(found, *HEAVY), "only runtime/ may import torch and its family"
    if inside[0] == "compiler":
        assert not rooted(found, "ltxdsl.comfy", "ltxdsl.runtime", "ltxdsl.cli")
    if inside[0] in ("ops", "sampling", "grammar", "models"):
        assert not rooted(found, "ltxdsl.compiler", "ltxdsl.comfy", "ltxdsl.runtime", "ltxdsl.cli") - SCENERY
    if inside[0] == "comfy":
        assert not rooted(found, "ltxdsl.runtime", "ltxdsl.cli")


SCRIPT = 'guide "a.png" @ -1 strength 0.4; relay "a" | "b"; pass 0.25x dev 40 er_sde; upscale 2x distill 0.6'


@pytest.mark.parametrize(
    ("arguments", "forbidden"),
    [
        (["check", "-e", SCRIPT], (*HEAVY, "networkx", "rich", "numpy", "av", "PIL", "websockets")),
        (["fmt", "-e", SCRIPT], (*HEAVY, "networkx", "rich", "numpy", "av", "PIL", "websockets")),
        (["plan", "-e", SCRIPT], HEAVY),
        (["plan", "-e", SCRIPT, "--json"], HEAVY),
        (["export", "-e", SCRIPT], HEAVY),
        (["explain", "LTX010"], HEAVY),
        (["rules"], HEAVY),
    ],
    ids=lambda a: " ".join(a[:1]) if isinstance(a, list) else "",
)
def test_what_only_looks_loads_nothing_heavy(arguments: list[str], forbidden: tuple[str, ...], in_pictures: Path):
    program = (
        f"import sys; sys.argv = {['ltx', *arguments]!r}\n"
        "from ltxdsl.cli import main\n"
        "try: main()\n"
        "except SystemExit as end: assert not end.code, end.code\n"
        f"loaded = [m for m in {forbidden!r} if m in sys.modules]\n"
        "assert not loaded, loaded"
    )
    environment = {"PYTHONPATH": str(ROOT), "LTX_CACHE": str(in_pictures / "cache"), "PATH": "/usr/bin:/bin"}
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, env=environment)
    assert done.returncode == 0, done.stderr


def functions() -> list[tuple[int, int, str]]:
    found = []
    for path in FILES:
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                size = (node.end_lineno or node.lineno) - node.lineno + 1
                arguments = len(node.args.args) + len(node.args.kwonlyargs)
                found.append((size, arguments, f"{path.relative_to(ROOT)}:{node.lineno} {node.name}"))
    return sorted(found, reverse=True)


def test_sizes():
    """A large function is a question in review; the table is printed with `pytest -s`."""
    found = functions()
    sizes = [size for size, _, _ in found]
    print(f"\n{len(found)} functions, median {median(sizes)}, 90th percentile {quantiles(sizes, n=10)[-1]}")
    for size, arguments, name in found[:10]:
        print(f"{size:5} lines {arguments:3} parameters  {name}")
    assert median(sizes) <= 10
    assert quantiles(sizes, n=10)[-1] <= 30


def test_every_dependency_is_pinned_to_a_version_in_its_range():
    """bootstrap.py installs with these versions: what is not pinned would change under the tests."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    groups = (project["dependencies"], *project["optional-dependencies"].values())
    needed = [Requirement(line) for group in groups for line in group]
    lines = (ROOT / "constraints.txt").read_text(encoding="utf-8").splitlines()
    pins = dict(line.split("==") for line in lines if line and not line.startswith("#"))
    assert {one.name for one in needed} == pins.keys()
    assert [str(one) for one in needed if not one.specifier.contains(pins[one.name])] == []


def test_no_file_of_this_machine_is_named():
    """Nothing in the project depends on where it was made."""
    words = ["/work" + "/", "pyenv", "/opt" + "/ltx"]
    texts = [
        p for p in ROOT.rglob("*") if p.is_file() and p.suffix in (".py", ".md", ".toml", ".ltx", ".yaml", ".lark")
    ]
    for path in texts:
        if ".venv" in path.parts or path == Path(__file__):
            continue
        text = path.read_text()
        assert not [w for w in words if w in text], path
