"""Compare what `read_workflow` makes of a folder of workflows with what ComfyUI's editor queues for them.

    python -m tests.oracle.compare FOLDER TRUTHS [-v]

TRUTHS holds NAME.api.json for NAME.json, as `queue_in_editor.py` writes them. Prints one line for each file that
differs (with -v: every input that does), and a table. Exit code 1 if any differs. Files for a newer ComfyUI than the
server's are counted apart: the editor then puts values into the wrong widgets, or has none. They are told by classes
that the server does not know, by choices that it does not have, and by values that the file itself names otherwise.
"""

import json
import sys
from collections import Counter
from collections.abc import Iterator, Mapping
from pathlib import Path

from ltxdsl.comfy.catalogue import catalogue
from ltxdsl.comfy.interface import DYNAMIC
from ltxdsl.comfy.read import WorkflowError, read_file
from tests.comfy.truth import comparable, differences, truth_of


def main(folder: Path, truths: Path, loud: bool) -> int:
    """The table on standard output."""
    known, counts = catalogue(), Counter()
    for path in sorted(truths.glob("*.api.json")):
        name = path.name.removesuffix(".api.json")
        try:
            made = read_file(folder / f"{name}.json", known).prompt
        except WorkflowError as error:
            print(f"{name}: {error}")
            counts["not read"] += 1
            continue
        truth = truth_of(truths, name)
        equal = comparable(made, known) == comparable(truth, known)
        found = [] if equal else list(differences(made, truth, known))
        newer = is_newer(json.loads((folder / f"{name}.json").read_text(encoding="utf-8")), truth, found, known)
        fate = ("equal" if equal else "differ") + (", newer file" if newer else "")
        counts[fate] += 1
        counts[f"  of LTX: {fate}"] += "LTXV" in json.dumps(truth)
        if not equal:
            print(f"{name}: {len(found)} differences" + (" (newer file)" if newer else ""))
            for id, kind, name, one, other in found if loud else []:
                print(f"    {id} {kind} {name}: read {_short(one)}, editor {_short(other)}")
    total = counts["equal"] + counts["differ"] + counts["not read"]
    for key, count in sorted(counts.items()):
        print(f"{key:26} {count:5}")
    print(f"equal {100 * counts['equal'] / max(total, 1):.1f} % of {total} that are not newer than the server")
    return 0 if counts["equal"] == total else 1


def is_newer(file: dict, truth: dict, found: list, known: Mapping) -> bool:
    """Whether a file was made for a newer ComfyUI than the server that the editor asked."""
    if any(node.get("class_type") is None for node in truth.values()):
        return True
    chosen = (
        unknown_choices(node, known[node["class_type"]]) for node in truth.values() if node["class_type"] in known
    )
    if any(chosen):
        return True
    named = set(_named(file))
    return bool(found) and all((name, json.dumps(read)) in named for _, _, name, read, _ in found)


def unknown_choices(node: dict, info: Mapping) -> bool:
    """Whether a dynamic combo has a value that the class does not offer."""
    specs = [pair for kind in ("required", "optional") for pair in (info["input"].get(kind) or {}).items()]
    dynamic = [(name, spec[1]["options"]) for name, spec in specs if spec[0] == DYNAMIC]
    return any(node["inputs"].get(name) not in {one["key"] for one in options} for name, options in dynamic)


def _named(file: dict) -> Iterator[tuple[str, str]]:
    graphs = [file, *((file.get("definitions") or {}).get("subgraphs") or [])]
    for node in (node for graph in graphs for node in graph.get("nodes") or []):
        for name, value in (node.get("widgets_values_named") or {}).items():
            yield name, json.dumps(value)


def _short(value: object) -> str:
    text = json.dumps(value, ensure_ascii=False)
    return text if len(text) < 90 else text[:87] + "…"


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]), Path(sys.argv[2]), "-v" in sys.argv[3:]))
