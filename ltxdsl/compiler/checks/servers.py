"""Rules of runs on a ComfyUI server, which only such a run can find (ltxdsl/comfy/server)."""

from __future__ import annotations

from ltxdsl.compiler.checks.rules import known_elsewhere

API = "ComfyUI server.py and execution.py, a server of 0.27"


def _of_servers(code: str, title: str, why: str) -> None:
    """No script breaks it by itself."""
    known_elsewhere(code, title, why=why, wrong="", right="", source=API)


_of_servers(
    "LTX300",
    "server that cannot be asked",
    "A run needs a ComfyUI that answers in its own form; a page to log in stands before some of them.",
)
_of_servers(
    "LTX301",
    "node class that the server lacks",
    "A server refuses a whole prompt for one class that it lacks; they come with releases of ComfyUI and with packs.",
)
_of_servers(
    "LTX302",
    "file that the server lacks",
    "Loaders take names out of the lists of their folders; pictures, videos and sounds are sent if they lie here.",
)
_of_servers(
    "LTX303",
    "job that the server refuses",
    "A server holds a prompt against its own nodes. It would run the outputs that it finds right: all or none is run.",
)
_of_servers(
    "LTX304",
    "node that fails on the server",
    "The message is the node's own; `--verbose` shows where in its code it comes from.",
)
_of_servers(
    "LTX305",
    "job that is lost",
    "Whoever can reach a server can stop jobs and clear its queue; started anew, it has forgotten all of them.",
)
_of_servers(
    "LTX306",
    "result that cannot be fetched",
    "A node tells which files it made; what it does not tell stays in the server's output folder.",
)
