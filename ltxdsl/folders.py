"""Folders of this user."""

from __future__ import annotations

import os
from pathlib import Path


def cache_folder() -> Path:
    """Where built models, step results and the parser's tables are kept; `LTX_CACHE` overrides it."""
    if folder := os.environ.get("LTX_CACHE"):
        return Path(folder)
    import platformdirs

    return Path(platformdirs.user_cache_dir("ltxdsl", appauthor=False))
