"""Run a plan: one loop over steps, results in the store, files delivered at the end.

Nothing here imports torch until a step has to be computed: a run whose results are all stored only copies files.
"""

from __future__ import annotations

import errno
import gc
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec

from ltxdsl.compiler.plan import Plan, Step
from ltxdsl.models import ModelSet
from ltxdsl.ops import nodes
from ltxdsl.ops.base import Op
from ltxdsl.ops.media import numbered
from ltxdsl.runtime.report import Reporter, Silent
from ltxdsl.store import Manifest, Store, StoredFile, copy_into_place, digest

if TYPE_CHECKING:
    from ltxdsl.runtime.session import Session


class RunError(Exception):
    """A run that cannot go on: a message for the user, and what helps."""

    def __init__(self, code: str, message: str, hint: str = "") -> None:
        super().__init__(message)
        self.code, self.message, self.hint = code, message, hint


class Written(msgspec.Struct, frozen=True):
    """A delivered file; `fresh` is false where it was there already, byte for byte."""

    path: str
    bytes: int
    sha256: str
    fresh: bool


class Result(msgspec.Struct, frozen=True, kw_only=True):
    """What a run did."""

    written: tuple[Written, ...]
    computed: tuple[str, ...]  # labels of computed steps
    reused: tuple[str, ...]  # labels of steps whose results came from the store
    seconds: float
    saved_seconds: float  # what the reused results took when they were made
    warnings: tuple[str, ...] = ()


def execute(
    plan: Plan, models: ModelSet, store: Store, *, reporter: Reporter | None = None, force: bool = False
) -> Result:
    """Compute what the store lacks, then deliver the files.

    Raises RunError; existing files are only replaced by `force`, and nothing is ever half written.
    """
    began = time.perf_counter()
    reporter = reporter or Silent()
    todo, reused = outstanding(plan, store.verified)
    with _plain_errors(store.folder):
        _refuse_overwriting(plan, store, todo, force)
    reporter.planned(plan, todo)
    warnings: list[str] = []
    with _plain_errors(store.folder):
        if todo:
            warnings = _compute(plan, todo, models, store, reporter)
        written = tuple(w for step in plan.steps if not step.pure for w in _deliver(step, store, force))
    manifests = [store.manifest(step.key) for step in reused]
    return Result(
        written=written,
        computed=tuple(s.label for s in todo),
        reused=tuple(s.label for s in reused),
        seconds=time.perf_counter() - began,
        saved_seconds=sum(m.seconds for m in manifests if m),
        warnings=tuple(warnings),
    )


def outstanding(plan: Plan, stored: Callable[[str], Manifest | None]) -> tuple[list[Step], list[Step]]:
    """The steps to compute, in order, and the stored ones that they (or the user) read. Others are not needed."""
    needed = {f"{s.id}.{port}" for s in plan.steps if not s.pure for port in s.outputs}
    todo, reused = [], []
    for step in reversed(plan.steps):
        if needed.isdisjoint(f"{step.id}.{port}" for port in step.outputs):
            continue
        if step.stored and stored(step.key):
            reused.append(step)
        else:
            todo.append(step)
            needed |= set(step.inputs.values())
    return todo[::-1], reused[::-1]


def _refuse_overwriting(plan: Plan, store: Store, todo: list[Step], force: bool) -> None:
    """Before any work: a file in the way stops the run, unless it is the very result."""
    waiting = {step.id for step in todo}
    for step in plan.steps:
        if step.pure or force:
            continue
        manifest = None if step.id in waiting else store.manifest(step.key)
        known = dict(targets(step, manifest)) if manifest else {}
        for target in known or in_the_way(step):
            if target.exists() and (manifest is None or digest(target) != manifest.files[known[target]].sha256):
                raise RunError("LTX084", f"`{target}` is there already", "name another file, or add `--force`")


@contextmanager
def _plain_errors(folder: Path) -> Iterator[None]:
    """Turn what the machine or the files can do to a run into messages."""
    from ltxdsl.runtime.errors import MediaError, ModelFileError, NotFiniteError

    try:
        yield
    except MediaError as error:
        raise RunError("LTX085", f"`{error.path}`: {error.reason}", "is the file complete?") from error
    except ModelFileError as error:
        hint = "check the model set in ltx.toml, or fetch the file again"
        raise RunError("LTX086", f"`{error.path}`: {error.reason}", hint) from error
    except NotFiniteError as error:
        raise RunError("LTX089", str(error), "lower cfg or LoRA strengths, or use another sampler") from error
    except OSError as error:
        where = error.filename or folder
        if error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG):
            hint = "make room, or set LTX_CACHE to another disk; finished steps are kept"
            raise RunError("LTX087", f"no room left on the disk of `{where}`", hint) from error
        raise RunError("LTX088", f"`{where}`: {error.strerror or error}") from error


def _compute(plan: Plan, todo: list[Step], models: ModelSet, store: Store, reporter: Reporter) -> list[str]:
    """Run what is to do; gives the warnings."""
    there = Path(models.folder).exists()
    if not there and not models.recipe:
        hint = "name the folder of a diffusers LTX-2 repository in ltx.toml, or with --models"
        raise RunError("LTX086", f"the model set `{models.name}` has no files: there is no `{models.folder}`", hint)
    reporter.noted("loading libraries")
    from ltxdsl.runtime.session import Session

    if not there:
        reporter.noted("building the embedded models, once")
    gc.freeze()  # the libraries stay: collecting over them again and again costs a fifth of a small run
    session = Session(models)
    warnings: list[str] = []

    def warned(text: str) -> None:
        if text not in warnings:
            warnings.append(text)
            reporter.warned(text)

    session.warned = warned
    waiting = {step.id for step in todo}
    values: dict[str, Any] = {}
    last_use = {part: step.id for step in todo for part in step.parts}
    for step in _with_stored(plan, todo, waiting):
        if step.id not in waiting:
            values.update(_stored_values(step, store, session))
        else:
            reporter.started(step)
            began = time.perf_counter()
            values.update(_run_step(step, values, session, store, reporter))
            reporter.finished(step, time.perf_counter() - began)
        for part in step.parts:
            if last_use.get(part) == step.id:
                session.release(part)
        for name in step.frees:
            values.pop(name, None)
    return warnings


def _with_stored(plan: Plan, todo: list[Step], waiting: set[str]) -> list[Step]:
    """The steps to compute and the stored ones that they read, in the plan's order."""
    read = {name.rsplit(".", 1)[0] for step in todo for name in step.inputs.values()}
    return [step for step in plan.steps if step.id in waiting or step.id in read]


def _run_step(step: Step, values: dict[str, Any], session: Session, store: Store, reporter: Reporter) -> dict[str, Any]:
    from ltxdsl.runtime.journal import Journal
    from ltxdsl.runtime.kernels import KERNELS
    from ltxdsl.runtime.values import File

    journal = Journal(store, step.key)
    session.recall, session.remember = journal.recall, journal.remember
    session.progress = lambda done, total, note: reporter.progressed(step, done, total, note)
    session.scratch = lambda suffix: store.scratch(step.key) / f"result{suffix}"
    began = time.perf_counter()
    inputs = {port: values[name] for port, name in step.inputs.items()}
    try:
        outputs = KERNELS[step.kernel](session, op_of(step), **inputs)
    except BaseException:
        journal.flush()
        raise
    if step.stored:
        seconds = time.perf_counter() - began
        store.put(step.key, step.label, lambda folder: _save(outputs, folder), seconds)
    store.discard(step.key)
    return {f"{step.id}.{port}": v for port, v in outputs.items() if not isinstance(v, File)}


def _save(outputs: dict[str, Any], folder: Path) -> dict[str, Any]:
    """Put the values of a step into a folder; gives the JSON that belongs to them."""
    from ltxdsl.runtime.tensor_files import save_tensors
    from ltxdsl.runtime.values import File

    meta = {}
    for port, value in outputs.items():
        if isinstance(value, File) and value.frames:
            for index, path in enumerate(value.frames):
                path.rename(folder / f"{port}.{index:06d}{path.suffix}")
        elif isinstance(value, File):
            value.path.rename(folder / f"{port}{value.path.suffix}")
        else:
            tensors, meta[port] = value.to_tensors()
            save_tensors(tensors, folder / f"{port}.safetensors")
    return meta


def _stored_values(step: Step, store: Store, session: Session) -> dict[str, Any]:
    from safetensors.torch import load_file

    from ltxdsl.runtime.values import STORED

    manifest = _kept(step, store)
    ports = type(op_of(step)).outputs
    values = {}
    for port, kind in ports.items():
        if kind in STORED:
            tensors = load_file(store.entry(step.key) / f"{port}.safetensors", device=str(session.device))
            values[f"{step.id}.{port}"] = STORED[kind].from_tensors(tensors, manifest.meta[port])
    return values


def targets(step: Step, manifest: Manifest) -> Iterator[tuple[Path, str]]:
    """Where the files of a step go, each with its name in the store; a sequence is numbered."""
    pattern, first = str(step.op["path"]), step.op.get("first")
    for index, name in enumerate(sorted(manifest.files)):
        yield Path(numbered(pattern, first + index) if isinstance(first, int) else pattern), name


def in_the_way(step: Step) -> list[Path]:
    """Files that are where those of a step may go; of a sequence any with its pattern."""
    pattern = Path(str(step.op.get("path", "")))
    if "first" not in step.op:
        return [pattern]
    return sorted(pattern.parent.glob(numbered(pattern.name, None)))


def _deliver(step: Step, store: Store, force: bool) -> Iterator[Written]:
    """Copy stored files to where the script wants them."""
    manifest = _kept(step, store)
    for target, name in targets(step, manifest):
        yield _delivered(store.entry(step.key) / name, target, manifest.files[name], force)


def _delivered(source: Path, target: Path, file: StoredFile, force: bool) -> Written:
    fresh = not (target.is_file() and digest(target) == file.sha256)
    if fresh and target.exists() and not force:
        raise RunError("LTX084", f"`{target}` appeared during the run", "the result is kept: run again with --force")
    if fresh:
        copy_into_place(source, target)
    return Written(str(target), file.size, file.sha256, fresh)


def _kept(step: Step, store: Store) -> Manifest:
    """The manifest of a result that was in the store a moment ago."""
    manifest = store.manifest(step.key)
    if manifest is None:
        raise RunError("LTX088", f"the stored result of `{step.label}` vanished during the run", "run again")
    return manifest


def op_of(step: Step) -> Op:
    """The op of a step, typed again."""
    return msgspec.convert(step.op, getattr(nodes, step.op["type"]))  # type: ignore[no-any-return]
