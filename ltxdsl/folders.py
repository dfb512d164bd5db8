"""Folders of this user."""

from __future__ import annotations

import os
import sys

TYPE_CHECKING = False  # this module is read before anything else, so it loads nothing
if TYPE_CHECKING:
    from pathlib import Path


def cache_path() -> str:
    """Where models, results, the parser's tables and answers of `check` are kept; `LTX_CACHE` overrides it."""
    if folder := os.environ.get("LTX_CACHE"):
        return folder
    if sys.platform == "linux":  # as platformdirs does, which takes longer to load than Python itself
        base = os.environ.get("XDG_CACHE_HOME", "").strip() or os.path.expanduser("~/.cache")
        return os.path.join(base, "ltxdsl")
    import platformdirs

    return platformdirs.user_cache_dir("ltxdsl", appauthor=False)


def cache_folder() -> Path:
    """The same as a path."""
    from pathlib import Path

    return Path(cache_path())


def data_folder() -> Path:
    """Where what the user has fetched stays; `LTX_DATA` overrides it."""
    from pathlib import Path

    if folder := os.environ.get("LTX_DATA"):
        return Path(folder)
    import platformdirs

    return Path(platformdirs.user_data_dir("ltxdsl", appauthor=False))
