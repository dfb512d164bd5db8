"""Running a prompt on a ComfyUI server: look whether it can, send files, hand in, follow, fetch."""

from __future__ import annotations

import time
import uuid
from collections.abc import Mapping
from typing import Any, NamedTuple

import msgspec

from ltxdsl.comfy.interface import Info
from ltxdsl.comfy.server.address import BadAddress, address
from ltxdsl.comfy.server.check import lacking
from ltxdsl.comfy.server.client import Client
from ltxdsl.comfy.server.deliver import Undelivered, Written, delivered, deliveries, refuse_overwriting
from ltxdsl.comfy.server.errors import UNREACHABLE, ServerError, Trouble
from ltxdsl.comfy.server.inputs import inputs_of, placed, sent
from ltxdsl.comfy.server.job import Job, job_of_script, job_of_workflow
from ltxdsl.comfy.server.messages import Picture
from ltxdsl.comfy.server.results import failure_of, files_of, refusals, texts_of
from ltxdsl.comfy.server.watch import Listener, Watch, cancelled

__all__ = [
    "BadAddress",
    "Client",
    "Done",
    "Job",
    "Manner",
    "ServerError",
    "Undelivered",
    "address",
    "job_of_script",
    "job_of_workflow",
    "run_on",
]


class Manner(NamedTuple):
    """How a job is run: whether files are replaced, and whether previews are asked for."""

    force: bool = False
    previews: bool = False


class Done(msgspec.Struct, frozen=True, kw_only=True):
    """What a run on a server did. `computed` and `reused` are nodes, as a person knows them."""

    server: str
    job: str
    written: tuple[Written, ...]
    computed: tuple[str, ...]
    reused: tuple[str, ...]
    texts: tuple[tuple[str, str], ...]
    seconds: float
    warnings: tuple[str, ...] = ()


class _Heard(Listener):
    """Passes on what a listener hears, and remembers which nodes ran."""

    def __init__(self, listener: Listener) -> None:
        self._listener = listener
        self.computed: dict[str, None] = {}
        self.kept: dict[str, None] = {}
        self.warnings: list[str] = []

    def noted(self, text: str) -> None:
        self._listener.noted(text)

    def waiting(self, before: int) -> None:
        self._listener.waiting(before)

    def progressed(self, node: str, done: float, total: float) -> None:
        self._listener.progressed(node, done, total)

    def ended(self) -> None:
        self._listener.ended()

    def pictured(self, picture: Picture) -> None:
        self._listener.pictured(picture)

    def started(self, node: str) -> None:
        self.computed[node] = None
        self._listener.started(node)

    def reused(self, nodes: list[str]) -> None:
        self.kept.update(dict.fromkeys(nodes))
        self._listener.reused(nodes)

    def warned(self, text: str) -> None:
        self.warnings.append(text)
        self._listener.warned(text)


def run_on(
    client: Client,
    job: Job,
    catalogue: Mapping[str, Info],
    listener: Listener,
    manner: Manner = Manner(),  # noqa: B008
) -> Done:
    """The whole way. Raises ServerError; on KeyboardInterrupt the job is taken back, and it goes on."""
    began = time.monotonic()
    if not manner.force:
        refuse_overwriting(job)
    heard = _Heard(listener)
    heard.noted(f"asking {client.at.url}")
    info = client.object_info()
    files, missing = inputs_of(job, info)
    if troubles := [*lacking(job, info, catalogue), *missing]:
        raise ServerError(*troubles)
    prompt = placed(job, info, catalogue, sent(client, files, heard.noted))
    name, entry = _followed(client, job, prompt, heard, manner)
    if failure := failure_of(entry, job):
        raise ServerError(failure)
    wanted, differing, undelivered = deliveries(job, files_of(entry))
    for text in differing:
        heard.warned(text)
    written, troubles = delivered(client, wanted, manner.force, heard.noted)
    heard.ended()
    if troubles := [*undelivered, *troubles]:
        raise Undelivered(written, troubles)
    return Done(
        server=client.at.url,
        job=name,
        written=tuple(written),
        computed=tuple(job.title(id) for id in heard.computed),
        reused=tuple(job.title(id) for id in heard.kept if id not in heard.computed),
        texts=tuple((job.title(id), text) for id, text in texts_of(entry)),
        seconds=time.monotonic() - began,
        warnings=tuple(heard.warnings),
    )


def _followed(
    client: Client, job: Job, prompt: Mapping[str, Any], heard: _Heard, manner: Manner
) -> tuple[str, dict[str, Any]]:
    """The job's name, and what became of it."""
    watch = Watch(client, str(uuid.uuid4()), heard)
    try:
        with watch.connected():
            _hand_in(client, job, prompt, watch, manner)
            return watch.job, watch.result()
    except KeyboardInterrupt:
        heard.ended()
        heard.warned(cancelled(client, watch.job))
        raise


def _hand_in(client: Client, job: Job, prompt: Mapping[str, Any], watch: Watch, manner: Manner) -> None:
    """Raises ServerError where the server does not take all of it; what it took is then taken back."""
    asked = {"prompt": prompt, "client_id": watch.client_id, "prompt_id": watch.job}
    if manner.previews:
        asked["extra_data"] = {"preview_method": "auto"}
    answer = client.prompt(asked)
    named = answer.get("prompt_id")
    if isinstance(named, str) and named:
        watch.job = named
    if troubles := refusals(answer, job):
        if named:
            cancelled(client, watch.job)
        raise ServerError(*troubles)
    if not named:
        raise ServerError(Trouble(UNREACHABLE, f"{client.at.url}/prompt: the answer names no job"))
