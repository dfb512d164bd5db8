"""Model sets from `ltx.toml`, a folder, or the package."""

from __future__ import annotations

import os
import tomllib
from pathlib import Path
from typing import Any

import msgspec

from ltxdsl.folders import cache_folder
from ltxdsl.models.modelset import ModelSet

EMBEDDED = "embedded"  # what runs where nothing is named
LTX_23 = "ltx-2.3"  # what ComfyUI is asked for where nothing is named
SETTINGS_FILE = "ltx.toml"


class ModelSetError(Exception):
    """A model set that cannot be read; `args[0]` says why in the user's words."""


def load_model_set(name: str | None = None, start: Path | None = None, default: str = EMBEDDED) -> ModelSet:
    """The model set of that name or folder; without a name the one that `ltx.toml` prefers, else the default.

    `ltx.toml` is looked for from `start` upwards.
    """
    settings_path, settings = find_settings(start or Path.cwd())
    name = name or settings.get("models") or default
    sets = settings.get("sets", {})
    if name in sets:
        return _from_table(name, dict(sets[name]), settings_path.parent)
    if name in (EMBEDDED, LTX_23):
        return _built_in(name)
    if os.path.isdir(name):
        return _from_table(Path(name).name, {"folder": name}, Path.cwd())
    known = ", ".join([EMBEDDED, LTX_23, *sets])
    raise ModelSetError(f"there is no model set `{name}`: it is no folder, and {settings_path} knows {known}")


def load_severities(start: Path | None = None) -> dict[str, str]:
    """The severities that `[rules]` of `ltx.toml` gives to rules, as written; looked for from `start` upwards."""
    path, settings = find_settings(start or Path.cwd())
    table = settings.get("rules", {})
    if not isinstance(table, dict):
        raise ModelSetError(f'{path}: `rules` is a table, such as `[rules]` with `LTX048 = "off"` in it')
    return {str(code): str(word) for code, word in table.items()}


def _built_in(name: str) -> ModelSet:
    table = tomllib.loads((Path(__file__).parent / f"{name}.toml").read_text())
    folder = cache_folder() / "models" / table.get("recipe", name)
    return _from_table(name, {**table, "folder": str(folder)}, Path("/"))


def find_settings(start: Path) -> tuple[Path, dict[str, Any]]:
    """`ltx.toml` and what it says, looked for from a folder upwards; an empty table where there is none."""
    folder = start.resolve()
    for candidate in (folder, *folder.parents):
        path = candidate / SETTINGS_FILE
        if os.path.isfile(path):
            try:
                return path, tomllib.loads(path.read_text())
            except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
                raise ModelSetError(f"{path} is not valid TOML: {error}") from None
    return folder / SETTINGS_FILE, {}


def _from_table(name: str, table: dict[str, Any], base: Path) -> ModelSet:
    if "folder" not in table:
        raise ModelSetError(f"the model set `{name}` needs a `folder`: a diffusers LTX-2 repository")
    folder = base / Path(table["folder"]).expanduser()
    try:
        return msgspec.convert({**table, "name": name, "folder": str(folder)}, ModelSet)
    except msgspec.ValidationError as error:
        raise ModelSetError(f"the model set `{name}` does not read: {error}") from None
