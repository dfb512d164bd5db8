"""Following a job to its end: by messages while the socket holds, and by asking whatever becomes of that."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from ltxdsl.comfy.server.client import Client
from ltxdsl.comfy.server.errors import LOST, ServerError, Trouble, Unreachable
from ltxdsl.comfy.server.messages import Picture, Said, message

if TYPE_CHECKING:
    from websockets.sync.client import ClientConnection

ENDS = ("execution_success", "execution_error", "execution_interrupted")
QUIET = 5.0  # seconds of silence after which the server is asked
SOONEST, LATEST = 0.25, 10.0  # seconds between tries to connect again
FIRST = 0.01  # seconds until the result of a job that has ended is asked for
GIVE_UP = 600.0  # seconds without any answer
ABSENT = 4  # answers in a row that know nothing of the job
LARGEST = 1 << 26  # bytes of a message


class Listener:
    """Hears what becomes of a job, and does nothing with it; nodes by their ids at run time."""

    def noted(self, text: str) -> None:
        """Something takes time that is no node."""

    def warned(self, text: str) -> None:
        """Something went on, but perhaps not as wanted."""

    def waiting(self, before: int) -> None:
        """So many jobs are before this one."""

    def reused(self, nodes: list[str]) -> None:
        """The server still has the results of these."""

    def started(self, node: str) -> None:
        """A node begins."""

    def progressed(self, node: str, done: float, total: float) -> None:
        """A node goes on."""

    def ended(self) -> None:
        """Nothing runs any more."""

    def pictured(self, picture: Picture) -> None:
        """A preview."""


class Watch:
    """One job of one server. Use it around the request that hands the job in, so that nothing is missed."""

    def __init__(self, client: Client, job: str, listener: Listener) -> None:
        self.client, self.job, self.listener = client, job, listener
        self.client_id = job  # stays where an older server names the job itself
        self._socket: ClientConnection | None = None
        self._stack = ExitStack()
        self._node = ""
        self._began = self._over = False
        self._absent = self._tries = 0
        self._pause = SOONEST
        self._heard, self._asked = time.monotonic(), 0.0

    @contextmanager
    def connected(self) -> Iterator[None]:
        """While this holds, messages are kept."""
        try:
            self._connect()
            if self._socket is None:
                self.listener.warned("no websocket: the server is asked now and then, and nothing is seen of the nodes")
            yield
        finally:
            self._drop()

    def result(self) -> dict[str, Any]:
        """What the server's history says once the job has ended. Raises ServerError."""
        if self._socket is not None:
            self._read(self._socket)
        while (entry := self._entry()) is None:
            self._listen()
        self.listener.ended()
        return entry

    # --- asking

    def _entry(self) -> dict[str, Any] | None:
        try:
            entry = self.client.history(self.job)
            if entry is None:
                self._place()
        except Unreachable as error:
            silent = time.monotonic() - self._heard
            if silent > GIVE_UP:
                hint = "the same command again takes up what the server still holds"
                raise ServerError(Trouble(LOST, f"no answer for {silent / 60:.0f} minutes: {error}", hint)) from None
            return None
        self._heard = time.monotonic()
        return entry

    def _place(self) -> None:
        """Where the job is in the queue; a few answers without it mean that it is lost."""
        queue = self.client.queue()
        if any(_id(item) == self.job for item in queue["queue_running"]):
            self._absent = 0
            return
        number = next((item[0] for item in queue["queue_pending"] if _id(item) == self.job), None)
        if number is not None:
            self._absent = 0
            before = sum(1 for item in queue["queue_pending"] if _before(item, number))
            self.listener.waiting(before + len(queue["queue_running"]))
            return
        self._absent += 1
        if self._absent >= ABSENT:
            hint = "was it started anew, or its queue cleared? The same command hands the job in again"
            raise ServerError(Trouble(LOST, f"the server knows nothing of the job {self.job} any more", hint))

    # --- listening

    def _listen(self) -> None:
        """Until it is time to ask: the job has ended, a while was silent, or the socket is gone."""
        if self._over or self._absent:
            self._tries += 1
            time.sleep(min(FIRST * 2**self._tries, LATEST))
        elif self._socket is None:
            time.sleep(self._pause)
            self._pause = min(self._pause * 2, LATEST)
            self._connect()
        else:
            self._read(self._socket)

    def _read(self, socket: ClientConnection) -> None:
        from websockets.exceptions import ConnectionClosed

        try:
            while not self._over:
                self._take(socket.recv(timeout=QUIET))
        except TimeoutError:
            return
        except (ConnectionClosed, OSError):
            self._drop()
            self.listener.warned("the connection broke off: the job goes on, and the server is asked for it")

    def _connect(self) -> None:
        """Try once; nothing but asking is left where that fails."""
        from websockets.exceptions import WebSocketException
        from websockets.sync.client import connect

        at = self.client.at
        try:
            self._socket = self._stack.enter_context(
                connect(
                    f"{at.socket}/ws?clientId={quote(self.client_id)}",
                    additional_headers=at.headers,
                    proxy=None if at.here else True,
                    open_timeout=10,
                    close_timeout=1,
                    ping_timeout=None,  # a server that loads a model answers nobody for a while
                    max_size=LARGEST,
                )
            )
            self._pause = SOONEST
        except (OSError, ValueError, ImportError, WebSocketException):
            self._socket = None

    def _drop(self) -> None:
        self._socket = None
        self._stack.close()

    # --- understanding

    def _take(self, raw: str | bytes) -> None:
        self._heard = time.monotonic()
        said = message(raw)
        if isinstance(said, Picture):
            self.listener.pictured(said)
        elif said is not None and said.data.get("prompt_id") in (None, self.job):
            self._understand(said)

    def _understand(self, said: Said) -> None:
        match said:
            case Said("status", _) if not self._began:
                self._look()
            case Said("execution_start", _):
                self._began = True
            case Said("execution_cached", {"nodes": list(nodes)}):
                self.listener.reused([str(one) for one in nodes])
            case Said("executing", {"node": None}):
                self._over = True
            case Said("executing", data):
                self._start(data.get("display_node") or data.get("node"))
            case Said("progress", data):
                self._progress(data.get("node"), data)
            case Said("progress_state", {"nodes": dict(nodes)}):
                for id, state in nodes.items():
                    if isinstance(state, dict) and state.get("state") == "running":
                        self._progress(state.get("display_node_id") or id, state)
            case Said(type, _) if type in ENDS:
                self._over = True

    def _look(self) -> None:
        """Ask for the place in the queue, now and then."""
        if time.monotonic() - self._asked < 1:
            return
        self._asked = time.monotonic()
        try:
            self._place()
        except Unreachable:
            return

    def _start(self, node: Any) -> None:
        if isinstance(node, str | int) and str(node) != self._node:
            self._began, self._node = True, str(node)
            self.listener.started(self._node)

    def _progress(self, node: Any, state: dict[str, Any]) -> None:
        done, total = state.get("value"), state.get("max")
        if isinstance(done, int | float) and isinstance(total, int | float) and total > 1:
            self._start(node if node is not None else self._node)
            self.listener.progressed(self._node, done, total)


def _id(item: Any) -> Any:
    return item[1] if isinstance(item, list) and len(item) > 1 else None


def _before(item: Any, number: Any) -> bool:
    return isinstance(item, list) and bool(item) and type(item[0]) in (int, float) and item[0] < number


def cancelled(client: Client, job: str) -> str:
    """Take a job out of the queue, or stop it; says what was done."""
    try:
        client.post("/queue", {"delete": [job]})  # first, so that it does not begin in between
        queue = client.queue()
        if any(_id(item) == job for item in queue["queue_running"]):
            client.post("/interrupt", {"prompt_id": job})
            return f"stopped on {client.at.url}"
    except Unreachable as error:
        return f"the job may go on: {error}"
    return f"taken out of the queue of {client.at.url}"
