"""Where a server is, and the headers that it wants. What is secret is never shown."""

from __future__ import annotations

import base64
import ipaddress
import re
from collections.abc import Mapping
from urllib.parse import SplitResult, unquote, urlsplit

DEFAULT = "http://127.0.0.1:8188"
TOKEN, HEADERS = "LTX_COMFY_TOKEN", "LTX_COMFY_HEADERS"
_RELEASE = re.compile(r"\d+(\.\d+){0,2}|latest")
_NAME = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")


class BadAddress(ValueError):
    """An address or header that cannot be used; `args[0]` says why, without what is secret."""


class Address:
    """The URL of a server without the last `/`, and headers for every request to it."""

    def __init__(self, url: str, headers: Mapping[str, str]) -> None:
        self.url = url
        self.headers = dict(headers)

    def __repr__(self) -> str:
        return f"Address({self.url})"

    @property
    def socket(self) -> str:
        """The same for websockets."""
        return "ws" + self.url.removeprefix("http")

    @property
    def here(self) -> bool:
        """Whether it is this machine: no proxy leads there."""
        host = urlsplit(self.url).hostname or ""
        try:
            return ipaddress.ip_address(host).is_loopback
        except ValueError:
            return host == "localhost"


def address(text: str, environment: Mapping[str, str]) -> Address:
    """The server that `HOST:PORT` or a URL names, the usual one for "". Raises BadAddress."""
    if _RELEASE.fullmatch(text):
        raise BadAddress(f"`{text}` is a release of ComfyUI, and no address: such as `comfy@127.0.0.1:8188`")
    parts = _split(text if "://" in text else f"http://{text}" if text else DEFAULT)
    host = parts.netloc.rpartition("@")[2]
    url = f"{parts.scheme}://{host}{parts.path.rstrip('/')}"
    return Address(url, {**_from_user(parts), **_from_environment(environment)})


def _split(text: str) -> SplitResult:
    try:
        parts = urlsplit(text)
        named = bool(parts.hostname) and parts.port != 0
    except ValueError as error:
        raise BadAddress(f"that is no address: {error}") from None
    if parts.scheme not in ("http", "https") or not named or re.search(r"[\s\x00-\x1f]", text):
        raise BadAddress("an address is HOST:PORT, or a URL that begins with http:// or https://")
    if parts.query or parts.fragment:
        raise BadAddress(f"an address has no `?` or `#`; a token goes into {TOKEN}")
    return parts


def _from_user(parts: SplitResult) -> dict[str, str]:
    """`https://name:password@host` as a header."""
    if parts.username is None:
        return {}
    pair = f"{unquote(parts.username)}:{unquote(parts.password or '')}"
    return {"Authorization": f"Basic {base64.b64encode(pair.encode()).decode()}"}


def _from_environment(environment: Mapping[str, str]) -> dict[str, str]:
    headers = {}
    if token := environment.get(TOKEN, "").strip():
        headers["Authorization"] = f"Bearer {_sendable(token, TOKEN)}"
    for number, line in enumerate(environment.get(HEADERS, "").splitlines(), 1):
        name, colon, value = line.partition(":")
        if not line.strip():
            continue
        if not colon or not _NAME.fullmatch(name.strip()):
            raise BadAddress(f"line {number} of {HEADERS} is not `Name: value`")
        headers[name.strip()] = _sendable(value.strip(), HEADERS)
    return headers


def _sendable(value: str, where: str) -> str:
    if not value.isascii() or not value.isprintable():
        raise BadAddress(f"{where} holds characters that no header can")
    return value
