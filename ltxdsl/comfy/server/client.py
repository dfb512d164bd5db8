"""What is asked of a server by HTTP. Every failure is an Unreachable with the reason in it."""

from __future__ import annotations

import json
import urllib.request
import uuid
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from http.client import HTTPException, HTTPMessage
from pathlib import Path
from typing import IO, Any
from urllib.error import HTTPError
from urllib.parse import urlencode

from ltxdsl.comfy.server.address import HEADERS, TOKEN, Address
from ltxdsl.comfy.server.errors import Unreachable

PATIENCE, SOON = 60.0, 10.0  # seconds to wait for a large answer, and for a small one
PIECE = 1 << 20  # bytes of a file at a time
LIMIT = 100  # MB that a server takes by default


class _Stay(urllib.request.HTTPRedirectHandler):
    """Headers are for one server: nothing is followed to another."""

    def redirect_request(
        self, req: urllib.request.Request, fp: IO[bytes], code: int, msg: str, headers: HTTPMessage, newurl: str
    ) -> None:
        """Nothing, so that the answer is an error."""


class Client:
    """One server."""

    def __init__(self, at: Address) -> None:
        self.at = at
        proxies = urllib.request.ProxyHandler({} if at.here else None)
        self._opener = urllib.request.build_opener(proxies, _Stay())

    def object_info(self) -> dict[str, Any]:
        """The interfaces of its nodes, with the names of its files."""
        info = self.ask("/object_info", patience=PATIENCE)
        known = isinstance(info, dict) and all(isinstance(v, dict) and "input" in v for v in info.values())
        if not known or not info:
            raise self._strange("/object_info", "the answer is no list of nodes")
        return dict(info)

    def queue(self) -> dict[str, list[Any]]:
        """What runs and what waits: lists of [number, id, prompt, …]."""
        found = self._object("/queue")
        return {name: list(found.get(name) or []) for name in ("queue_running", "queue_pending")}

    def history(self, job: str) -> dict[str, Any] | None:
        """What became of a job; None while nothing has."""
        found = self._object(f"/history/{job}").get(job)
        return found if isinstance(found, dict) else None

    def post(self, path: str, value: Mapping[str, Any]) -> None:
        """Send JSON; what is answered does not matter."""
        with self._opened(path, json.dumps(value).encode(), {"Content-Type": "application/json"}, SOON):
            pass

    def prompt(self, value: Mapping[str, Any]) -> dict[str, Any]:
        """Hand in a job; a refusal is an answer, too."""
        data, headers = json.dumps(value).encode(), {"Content-Type": "application/json"}
        answer = self._json("/prompt", data, headers, PATIENCE, refusal=400)
        if not isinstance(answer, dict):
            raise self._strange("/prompt", "the answer is no object")
        return answer

    def holds(self, query: Mapping[str, str], size: int) -> bool:
        """Whether it has a file of that size."""
        path = f"/view?{urlencode(query)}"
        try:
            with self._opened(path, None, {}, SOON, method="HEAD") as answer:
                return str(answer.headers.get("Content-Length")) == str(size)
        except Unreachable as error:
            if error.status:
                return False
            raise

    def upload(self, path: Path, name: str, subfolder: str) -> dict[str, Any]:
        """Send a file into the input folder; gives what the server says of it."""
        boundary = uuid.uuid4().hex
        fields = {"subfolder": subfolder, "type": "input", "overwrite": "true"}
        head = "".join(_part(boundary, f'name="{key}"') + f"{value}\r\n" for key, value in fields.items())
        head += _part(boundary, f'name="image"; filename="{name}"', "Content-Type: application/octet-stream\r\n")
        tail = f"\r\n--{boundary}--\r\n"
        size = path.stat().st_size
        headers = {
            "Content-Type": f"multipart/form-data; boundary={boundary}",
            "Content-Length": str(len(head) + size + len(tail)),
        }
        try:
            answer = self._json("/upload/image", _body(head, path, tail), headers, PATIENCE)
        except Unreachable as error:
            if error.status == 413 or (not error.status and size > LIMIT * 1_000_000):
                hint = f"a server takes {LIMIT} MB by default: start it with `--max-upload-size`"
                raise Unreachable(f"`{path}` with {size / 1e6:.0f} MB is not taken: {error}", hint) from None
            raise
        if not isinstance(answer, dict) or not isinstance(answer.get("name"), str):
            raise self._strange("/upload/image", "the answer names no file")
        return answer

    @contextmanager
    def view(self, query: Mapping[str, str]) -> Iterator[IO[bytes]]:
        """A file of the server, to be read."""
        with self._opened(f"/view?{urlencode(query)}", None, {}, PATIENCE) as answer:
            yield answer

    def ask(self, path: str, patience: float = SOON) -> Any:
        """JSON."""
        return self._json(path, None, {}, patience)

    def _object(self, path: str) -> dict[str, Any]:
        found = self.ask(path)
        if not isinstance(found, dict):
            raise self._strange(path, "the answer is no object")
        return found

    def _json(
        self, path: str, data: Any, headers: Mapping[str, str], patience: float, refusal: int | None = None
    ) -> Any:
        with self._opened(path, data, headers, patience, refusal=refusal) as answer:
            text = answer.read()
        try:
            return json.loads(text)
        except ValueError:
            raise self._strange(path, "the answer is no JSON") from None

    @contextmanager
    def _opened(
        self,
        path: str,
        data: Any,
        headers: Mapping[str, str],
        patience: float,
        method: str | None = None,
        refusal: int | None = None,
    ) -> Iterator[Any]:
        """An answer; one of the status `refusal` is as good as 200."""
        asked = urllib.request.Request(self.at.url + path, data, {**self.at.headers, **headers}, method=method)
        try:
            with self._sent(asked, patience, refusal) as answer:
                yield answer
        except HTTPError as error:
            raise self._refused(path, error) from None
        except (OSError, ValueError, HTTPException) as error:
            reason = getattr(error, "reason", None) or error
            said = getattr(reason, "strerror", None) or str(reason) or type(reason).__name__
            hint = "is ComfyUI running there? `--on comfy@HOST:PORT` names another server"
            raise Unreachable(f"{self.at.url}: {said}", hint) from None

    def _sent(self, asked: urllib.request.Request, patience: float, refusal: int | None) -> Any:
        try:
            return self._opener.open(asked, timeout=patience)
        except HTTPError as error:
            if error.code == refusal:
                return error
            raise

    def _refused(self, path: str, error: HTTPError) -> Unreachable:
        where, status = f"{self.at.url}{path.partition('?')[0]}", error.code
        error.close()
        if status in (401, 403):
            hint = f"{TOKEN} holds a token, {HEADERS} other headers, as `Name: value`"
            return Unreachable(f"{where}: the server wants to know who asks ({status})", hint, status)
        if 300 <= status < 400:
            hint = "name the server that it leads to, or log in by a header"
            return Unreachable(f"{where}: the server sends elsewhere ({status})", hint, status)
        hint = "is that address ComfyUI's own?" if status == 404 else ""
        return Unreachable(f"{where}: the server answers {status} {error.reason}", hint, status)

    def _strange(self, path: str, what: str) -> Unreachable:
        return Unreachable(f"{self.at.url}{path}: {what}", "is that address ComfyUI's own, without a page before it?")


def _part(boundary: str, named: str, more: str = "") -> str:
    return f"--{boundary}\r\nContent-Disposition: form-data; {named}\r\n{more}\r\n"


def _body(head: str, path: Path, tail: str) -> Iterator[bytes]:
    yield head.encode()
    with path.open("rb") as stream:
        while piece := stream.read(PIECE):
            yield piece
    yield tail.encode()
