"""A server that behaves like ComfyUI 0.27 towards a client: HTTP and websocket on one port, and no models."""

from __future__ import annotations

import base64
import hashlib
import json
import re
import signal
import struct
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from email.parser import BytesParser
from email.policy import HTTP
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qsl, urlsplit

JPEG = b"\xff\xd8\xff\xe0 a preview"
GUID = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"  # of RFC 6455
FRAMES = 3


class Job:
    def __init__(self, id: str, number: int, prompt: dict[str, Any], client: str) -> None:
        self.id, self.number, self.prompt, self.client = id, number, prompt, client
        self.stopped = threading.Event()

    @property
    def item(self) -> list[Any]:
        return [self.number, self.id, self.prompt, {}, []]


class Fake:
    """What tests look at and change: `play` is what becomes of a job, in a thread of its own."""

    def __init__(self, info: dict[str, Any]) -> None:
        self.info = info
        self.play: Callable[[Job], None] = self.happy
        self.pending: list[Job] = []
        self.running: list[Job] = []
        self.history: dict[str, Any] = {}
        self.files: dict[tuple[str, str, str], bytes] = {}  # by type, folder and name
        self.uploads: list[str] = []
        self.posted: list[tuple[str, Any]] = []
        self.headers: list[dict[str, str]] = []
        self.prompts: list[dict[str, Any]] = []
        self.refusal: tuple[int, dict[str, Any]] | None = None
        self.instead: dict[str, tuple[int, bytes]] = {}  # other answers, by path
        self.sockets: dict[str, Any] = {}
        self.takes_sockets = True
        self.connections = 0
        self.cached: list[str] = []
        handler = type("Handler", (_Handler,), {"fake": self})
        self.http = ThreadingHTTPServer(("127.0.0.1", 0), handler)
        self.http.daemon_threads = True
        self.url = f"http://127.0.0.1:{self.http.server_port}"
        threading.Thread(target=self.http.serve_forever, args=(0.02,), daemon=True).start()

    def close(self) -> None:
        self.drop()
        self.http.shutdown()
        self.http.server_close()

    # --- what happens to a job

    def submit(self, value: dict[str, Any]) -> tuple[int, dict[str, Any]]:
        self.prompts.append(value)
        prompt = value["prompt"]
        for node in prompt.values():
            if node["class_type"] not in self.info:
                return 400, {"error": {"type": "missing_node_type", "message": node["class_type"]}, "node_errors": {}}
        status, answer = self.refusal or (200, {"node_errors": {}})
        if status != 200:
            return status, answer
        job = Job(value["prompt_id"], len(self.prompts), prompt, value["client_id"])
        self.pending.append(job)
        threading.Thread(target=self.play, args=(job,), daemon=True).start()
        return status, {"prompt_id": job.id, "number": job.number, **answer}

    def start(self, job: Job) -> None:
        if job in self.pending:
            self.pending.remove(job)
        self.running.append(job)
        self.say(job, "status", {"status": {"exec_info": {"queue_remaining": 1}}})
        self.say(job, "execution_start", prompt_id=job.id)
        self.say(job, "execution_cached", nodes=self.cached, prompt_id=job.id)

    def happy(self, job: Job) -> None:
        self.start(job)
        for id in job.prompt:
            if id not in self.cached:
                self.say(job, "executing", node=id, display_node=id, prompt_id=job.id)
            if job.prompt[id]["class_type"] == "SamplerCustomAdvanced":
                self.steps(job, id)
        self.finish(job)

    def steps(self, job: Job, id: str) -> None:
        for step in (1, 2):
            state = {"value": step, "max": 2, "state": "running", "node_id": id, "display_node_id": id}
            self.say(job, "progress", value=step, max=2, node=id, prompt_id=job.id)
            self.say(job, "progress_state", prompt_id=job.id, nodes={id: state, "x": None})
            self.send(job, struct.pack(">II", 1, 1) + JPEG)
        for odd in (b"", b"\0", struct.pack(">II", 4, 2**31) + b"{}", struct.pack(">II", 99, 0) + b"x"):
            self.send(job, odd)
        for odd in (
            "",
            "{",
            "[]",
            '{"type": 5}',
            '{"type": "crystools.monitor", "data": [1]}',
            '{"type": "executing"}',
        ):
            self.send(job, odd)
        self.say(job, "executing", {"node": {"no": "id"}, "prompt_id": job.id})
        self.say(job, "progress", {"value": "much", "max": None, "prompt_id": job.id})
        self.say(job, "execution_error", {"prompt_id": "somebody else's"})

    def finish(self, job: Job, tell: bool = True) -> None:
        outputs = {id: made for id, node in job.prompt.items() if (made := self.made(node))}
        self.end(job, "success", outputs, [["execution_success", {"prompt_id": job.id}]])
        if tell:
            self.say(job, "execution_success", prompt_id=job.id)

    def end(self, job: Job, status: str, outputs: dict[str, Any], messages: list[Any]) -> None:
        self.history[job.id] = {
            "prompt": job.item,
            "outputs": outputs,
            "status": {"status_str": status, "completed": status == "success", "messages": messages},
        }
        self.running.remove(job)

    def fail(self, job: Job, id: str, **error: Any) -> None:
        told = {"prompt_id": job.id, "node_id": id, "executed": [], **error}
        self.end(job, "error", {}, [["execution_start", {}], ["execution_error", told]])
        self.say(job, "execution_error", told)

    def made(self, node: dict[str, Any]) -> dict[str, Any]:
        kind, prefix = node["class_type"], node["inputs"].get("filename_prefix", "")
        if kind == "SaveVideo":
            return {"images": [self.wrote(f"{prefix}_00001_.mp4")], "animated": [True]}
        if kind == "SaveImage":
            return {"images": [self.wrote(f"{prefix}_{n:05d}_.png") for n in range(1, FRAMES + 1)]}
        if kind == "SaveAudio":
            return {"audio": [self.wrote(f"{prefix}_00001.flac")]}
        if kind == "VHS_VideoCombine":
            return {"gifs": [{**self.wrote(f"{prefix}_00001.mp4", "sub"), "format": "video/h264-mp4"}]}
        return {"text": ["so it is"]} if kind == "PreviewAny" else {}

    def wrote(self, name: str, folder: str = "") -> dict[str, str]:
        self.files["output", folder, name] = f"the bytes of {name}".encode()
        return {"filename": name, "subfolder": folder, "type": "output"}

    # --- the websocket

    def say(self, job: Job, type: str, data: dict[str, Any] | None = None, **more: Any) -> None:
        self.send(job, json.dumps({"type": type, "data": {**(data or {}), **more}}))

    def send(self, job: Job, message: str | bytes) -> None:
        data = message.encode() if isinstance(message, str) else message
        size = bytes([len(data)]) if len(data) < 126 else b"\x7e" + struct.pack(">H", len(data))
        socket = self.sockets.get(job.client)
        try:
            if socket is not None:
                socket.sendall((b"\x81" if isinstance(message, str) else b"\x82") + size + data)
        except OSError:
            self.sockets.pop(job.client, None)

    def drop(self) -> None:
        """Break all connections off, without a word."""
        for id in list(self.sockets):
            socket = self.sockets.pop(id)
            with suppress(OSError):
                socket.shutdown(2)


class _Handler(BaseHTTPRequestHandler):
    fake: Fake
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        fake, (path, query) = self.fake, self._asked()
        if path in fake.instead:
            self._answer(*fake.instead[path])
        elif path == "/ws":
            self._socket(query["clientId"])
        elif path == "/object_info":
            self._json(fake.info)
        elif path == "/queue":
            self._json({f"queue_{n}": [j.item for j in getattr(fake, n)] for n in ("running", "pending")})
        elif path.startswith("/history/"):
            id = path.rpartition("/")[2]
            self._json({id: fake.history[id]} if id in fake.history else {})
        elif path == "/view":
            data = fake.files.get((query["type"], query["subfolder"], query["filename"]))
            self._answer(*((404, b"") if data is None else (200, data)))
        else:
            self._answer(404, b"not found")

    do_HEAD = do_GET  # noqa: N815

    def do_POST(self) -> None:
        fake, (path, _) = self.fake, self._asked()
        body = self.rfile.read(int(self.headers["Content-Length"]))
        if path in fake.instead:
            self._answer(*fake.instead[path])
        elif path == "/upload/image":
            self._json(self._uploaded(body))
        elif path == "/prompt":
            status, value = fake.submit(json.loads(body))
            self._json(value, status)
        else:
            value = json.loads(body)
            fake.posted.append((path, value))
            self._acted(path, value)
            self._answer(200, b"")

    def _acted(self, path: str, value: dict[str, Any]) -> None:
        for job in [*self.fake.pending, *self.fake.running]:
            if path == "/queue" and job.id in value.get("delete", ()) and job in self.fake.pending:
                self.fake.pending.remove(job)
                job.stopped.set()
            if path == "/interrupt" and value.get("prompt_id") == job.id and job in self.fake.running:
                self.fake.running.remove(job)
                job.stopped.set()

    def _asked(self) -> tuple[str, dict[str, str]]:
        parts = urlsplit(self.path)
        self.fake.headers.append(dict(self.headers))
        return parts.path, dict(parse_qsl(parts.query, keep_blank_values=True))

    def _uploaded(self, body: bytes) -> dict[str, str]:
        head = f"Content-Type: {self.headers['Content-Type']}\r\n\r\n".encode()
        parts = {
            p.get_param("name", header="content-disposition"): p
            for p in BytesParser(policy=HTTP).parsebytes(head + body).iter_parts()
        }
        folder, name = parts["subfolder"].get_content().strip(), parts["image"].get_filename()
        assert re.fullmatch(r"[\w.-]+", name)
        self.fake.files["input", folder, name] = parts["image"].get_payload(decode=True)
        self.fake.uploads.append(f"{folder}/{name}")
        return {"name": name, "subfolder": folder, "type": "input"}

    def _socket(self, client: str) -> None:
        self.fake.connections += 1
        if not self.fake.takes_sockets:
            return self._answer(503, b"")
        key = base64.b64encode(hashlib.sha1((self.headers["Sec-WebSocket-Key"] + GUID).encode()).digest()).decode()
        self.send_response(101)
        for name, value in (("Upgrade", "websocket"), ("Connection", "Upgrade"), ("Sec-WebSocket-Accept", key)):
            self.send_header(name, value)
        self.end_headers()
        self.fake.sockets[client] = self.connection
        self.close_connection = True
        try:
            while (first := self.rfile.read(1)) not in (b"", b"\x88"):
                assert first
            self.connection.sendall(b"\x88\x00")
        except (OSError, ValueError):
            return None
        return None

    def _json(self, value: Any, status: int = 200) -> None:
        self._answer(status, json.dumps(value).encode(), "application/json")

    def _answer(self, status: int, body: bytes, type: str = "application/octet-stream") -> None:
        self.send_response(status)
        self.send_header("Content-Type", type)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def log_message(self, *arguments: Any) -> None:
        """Quiet."""


def press_ctrl_c() -> None:
    """As the terminal does it, in the thread that runs the command."""
    time.sleep(0.05)
    signal.pthread_kill(threading.main_thread().ident or 0, signal.SIGINT)
