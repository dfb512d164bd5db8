"""Stand in for a ComfyUI server: the editor's files and a saved `/object_info` are all that converting needs.

python tests/oracle/serve.py FRONTEND_STATIC OBJECT_INFO.json [PORT]
"""

from __future__ import annotations

import json
import sys
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import urlsplit

# What the editor asks for while it starts, and the answer of a server on which nothing was ever done.
ANSWERS = {
    "/extensions": [],
    "/system_stats": {
        "system": {
            "os": "posix", "comfyui_version": "0.27.0", "python_version": "3", "pytorch_version": "2", "argv": [],
            "embedded_python": False, "ram_total": 1, "ram_free": 1, "required_frontend_version": "1.0.0",
        },
        "devices": [],
    },
    "/settings": {"Comfy.TutorialCompleted": True, "Comfy.Validation.Workflows": False},
    "/users": {"storage": "server", "migrated": True},
    "/queue": {"queue_running": [], "queue_pending": []},
    "/prompt": {"exec_info": {"queue_remaining": 0}},
}  # fmt: skip
LISTS = ("/embeddings", "/userdata", "/experiment/models", "/v2/userdata", "/assets")


class Handler(SimpleHTTPRequestHandler):
    """Files of the editor, and the few answers of a server."""

    def __init__(self, *rest: object, info: bytes, **named: object) -> None:
        self.info = info
        super().__init__(*rest, **named)  # type: ignore[arg-type]

    def do_GET(self) -> None:
        path = urlsplit(self.path).path
        if not path.startswith("/api/"):
            return super().do_GET()
        asked = path.removeprefix("/api")
        if asked == "/object_info":
            return self._say(self.info)
        return self._say(json.dumps(ANSWERS.get(asked, [] if asked.startswith(LISTS) else {})).encode())

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers.get("Content-Length") or 0))
        self._say(b"{}")

    def log_message(self, *_: object) -> None:
        """Nothing."""

    def _say(self, body: bytes) -> None:
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


def server(folder: str, object_info: str, port: int = 0) -> ThreadingHTTPServer:
    """A server for loopback alone; port 0 = any free one."""
    with open(object_info, "rb") as file:
        info = file.read()
    return ThreadingHTTPServer(("127.0.0.1", port), partial(Handler, directory=folder, info=info))


if __name__ == "__main__":
    made = server(sys.argv[1], sys.argv[2], int((sys.argv[3:] or ["8199"])[0]))
    print(f"http://127.0.0.1:{made.server_port}", flush=True)
    made.serve_forever()
