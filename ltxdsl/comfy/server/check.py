"""Whether a server has what a prompt needs, before anything is sent: its node classes, and the files in their lists."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from typing import Any

from ltxdsl.comfy.builder import Prompt, base_name
from ltxdsl.comfy.interface import COMBO, Info, Socket, known_sockets
from ltxdsl.comfy.packs import pack_of
from ltxdsl.comfy.server.errors import CLASS, FILE, Trouble
from ltxdsl.comfy.server.job import Job
from ltxdsl.near import nearest

ENDINGS = (".safetensors", ".sft", ".gguf", ".pt", ".pth", ".ckpt", ".bin", ".onnx", ".engine")
MOST_SHOWN = 3
Slot = tuple[str, str]  # node and input


def lacking(job: Job, info: Mapping[str, Info], catalogue: Mapping[str, Info]) -> list[Trouble]:
    """A finding for each class that is missing, and for each file of each list."""
    return [*_classes(job, info, catalogue), *_files(job, info, catalogue)]


def _classes(job: Job, info: Mapping[str, Info], catalogue: Mapping[str, Info]) -> Iterator[Trouble]:
    missing: dict[str, list[str]] = {}
    for id, node in job.prompt.items():
        if node["class_type"] not in info:
            missing.setdefault(node["class_type"], []).append(id)
    for kind, ids in missing.items():
        message = f"the server has no node class `{kind}`{_several(ids)}"
        yield Trouble(CLASS, f"{job.named(ids[0])}: {message}", _whose(kind, catalogue), ids[0])


def _whose(kind: str, catalogue: Mapping[str, Info]) -> str:
    if kind not in catalogue:
        return "no pack that is known here has it: the workflow's author may say which one it is from"
    pack = pack_of(kind, catalogue)
    return f"install the pack `{pack}` there" if pack else "it is ComfyUI's own: the server needs a newer release"


def _files(job: Job, info: Mapping[str, Info], catalogue: Mapping[str, Info]) -> Iterator[Trouble]:
    missing: dict[tuple[str, str, str], dict[str, Collection[Any]]] = {}  # by node: what its list holds
    for (id, name), value, held in listed(job.prompt, info, catalogue):
        if spelled(value, held) is None:
            missing.setdefault((job.prompt[id]["class_type"], name, value), {})[id] = held
    for (_, name, value), lists in missing.items():
        ids, held = list(lists), next(iter(lists.values()))
        message = f"the server has no file `{value}` for `{name}`{_several(ids)}"
        yield Trouble(FILE, f"{job.named(ids[0])}: {message}", _instead(value, held), ids[0])


def _several(ids: Collection[str]) -> str:
    return f" ({len(ids)} nodes)" if len(ids) > 1 else ""


def _instead(value: str, held: Collection[Any]) -> str:
    names = [str(one) for one in held]
    own = base_name(value).lower()
    if moved := next((one for one in names if base_name(one).lower() == own), ""):
        return f"it has `{moved}`: name that in the model set's `comfy` table of ltx.toml, or in the workflow"
    if near := nearest(value, names):
        return f"did you mean `{near}`? Put the file there, or name another in the model set's `comfy` table"
    shown = ", ".join(names[:MOST_SHOWN]) + (", …" if len(names) > MOST_SHOWN else "")
    return f"put it into the server's models folder; it has {shown or 'none'} there"


def listed(
    prompt: Prompt, info: Mapping[str, Info], catalogue: Mapping[str, Info]
) -> Iterator[tuple[Slot, str, Collection[Any]]]:
    """Each input that names a file of a list, its value, and what the list holds; not those that take uploads."""
    for id, node in prompt.items():
        kind = node["class_type"]
        for socket in choices(kind, node["inputs"], info):
            value = node["inputs"].get(socket.name)
            said = listed_options(info[kind], socket.name)
            if not isinstance(value, str) or uploads(info[kind], socket.name) or (not socket.options and said is None):
                continue
            if value.lower().endswith(ENDINGS) or _is_list_of_files(kind, socket.name, node["inputs"], catalogue):
                yield (id, socket.name), value, socket.options


def spelled(value: str, held: Collection[Any]) -> str | None:
    """A name as the server's system writes it: with its own slashes. None if it is not in the list."""
    if value in held:
        return value
    plain = value.replace("\\", "/")
    return next((one for one in held if isinstance(one, str) and one.replace("\\", "/") == plain), None)


def choices(kind: str, inputs: Info, info: Mapping[str, Info]) -> list[Socket]:
    """Inputs that are chosen from a list."""
    return [one for one in known_sockets(info[kind], inputs).values() if one.type == COMBO] if kind in info else []


def _is_list_of_files(kind: str, name: str, inputs: Info, catalogue: Mapping[str, Info]) -> bool:
    """In the catalogue lists of files are empty."""
    known = next((one for one in choices(kind, inputs, catalogue) if one.name == name), None)
    return known is not None and not known.options and listed_options(catalogue[kind], name) is not None


def spec_of(info: Info, name: str) -> tuple[Any, Mapping[str, Any]]:
    """The type and options that an interface says of an input; nothing of one that a choice brings."""
    for section in info["input"].values():
        spec = section.get(name) if isinstance(section, Mapping) else None
        if isinstance(spec, list | tuple) and spec:
            options = spec[1] if len(spec) > 1 and isinstance(spec[1], Mapping) else {}
            return spec[0], options
    return None, {}


def listed_options(info: Info, name: str) -> Collection[Any] | None:
    """The list that an interface gives; None if it has none."""
    kind, options = spec_of(info, name)
    found = kind if isinstance(kind, list) else options.get("options")
    return found if isinstance(found, list) else None


def uploads(info: Info, name: str) -> bool:
    """Whether an input takes files of the input folder."""
    return any(key.endswith("_upload") and value for key, value in spec_of(info, name)[1].items())
