"""What can go wrong with a server, as findings that name a node where one is known."""

from __future__ import annotations

import msgspec

CLASS, FILE, REFUSED = "LTX301", "LTX302", "LTX303"  # found before anything is computed
UNREACHABLE, FAILED, LOST, UNDELIVERED = "LTX300", "LTX304", "LTX305", "LTX306"
IN_THE_WAY = "LTX084"


class Trouble(msgspec.Struct, frozen=True):
    """One finding: a rule's code, words for people, the node ("" = none), and lines that only --verbose shows."""

    code: str
    message: str
    hint: str = ""
    node: str = ""
    details: str = ""


class ServerError(Exception):
    """A run on a server that cannot go on."""

    def __init__(self, *troubles: Trouble) -> None:
        super().__init__("; ".join(one.message for one in troubles))
        self.troubles = troubles


class Unreachable(ServerError):
    """No answer, or none that a ComfyUI gives. `status` is that of HTTP, where there was one."""

    def __init__(self, message: str, hint: str = "", status: int = 0) -> None:
        super().__init__(Trouble(UNREACHABLE, message, hint))
        self.status = status
