"""What ComfyUI's own editor queues, compared with what was read."""

import json
from collections import Counter

from ltxdsl.comfy.catalogue import catalogue
from ltxdsl.comfy.catalogue.noted import noted
from ltxdsl.comfy.compare import digests
from ltxdsl.comfy.interface import sockets_of

# What the editor's server knew; classes that were noted by hand since are such that it did not have.
EDITOR_S = {name: info for name, info in catalogue().items() if name not in noted()}


def comparable(prompt, known=EDITOR_S):
    """Without what the server does not know; of unknown classes the links alone, as the editor loses the rest."""
    found = {id: _bare(node, known) for id, node in prompt.items()}
    return Counter(digests(found).values())


def _bare(node, known):
    inputs = {name: value for name, value in node["inputs"].items() if value is not None}
    info = known.get(node.get("class_type") or "")
    if info is None:
        links = {name: value for name, value in inputs.items() if isinstance(value, list)}
        return {"class_type": "unknown", "inputs": links}
    drawn = {"LOAD_3D", "IMAGECOMPARE"}  # what the editor's own windows show at the time
    sockets = {name: socket for name, socket in sockets_of(info, inputs).items() if socket.type not in drawn}
    kept = {name: value for name, value in inputs.items() if name in sockets} if sockets else inputs
    return {"class_type": node["class_type"], "inputs": kept}


def truth_of(folder, name):
    """What the newest editor queues; where it writes a null, what the older one does (its fault: the README there)."""
    newest = json.loads((folder / f"{name}.api.json").read_text(encoding="utf-8"))
    path = folder / f"{name}.api-1.45.20.json"
    older = json.loads(path.read_text(encoding="utf-8")) if path.is_file() else {}
    for id, node in newest.items():
        before = older.get(id, {}).get("inputs", {})
        node["inputs"] = {n: before.get(n) if value is None else value for n, value in node["inputs"].items()}
    return newest


def differences(made, truth, known):
    """For people: nodes by id whose own inputs differ, as (id, class, input, read, editor)."""
    for id in sorted(made.keys() | truth.keys()):
        if id not in made or id not in truth:
            kind = (made.get(id) or truth.get(id)).get("class_type")
            yield id, kind, "", "is read" if id in made else "not read", "is queued" if id in truth else "not queued"
            continue
        one, other = _bare(made[id], known), _bare(truth[id], known)
        for name in sorted(one["inputs"].keys() | other["inputs"].keys()):
            pair = one["inputs"].get(name), other["inputs"].get(name)
            if pair[0] != pair[1]:
                yield id, one["class_type"], name, *pair
