"""Compare what `read_workflow` makes of a folder of workflows with what ComfyUI's editor queues for them.

    python -m tests.oracle.compare FOLDER TRUTHS [-v]

TRUTHS holds NAME.api.json for NAME.json, as `queue_in_editor.py` writes them. Prints one line for each file that
differs (with -v: every input that does), and a table. Exit code 1 if any differs.
"""

import json
import sys
from collections import Counter
from pathlib import Path

from ltxdsl.comfy.catalogue import catalogue
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
        counts["equal" if equal else "differ"] += 1
        counts["equal LTX" if equal else "differ LTX"] += "LTXV" in json.dumps(truth)
        if not equal:
            found = list(differences(made, truth, known))
            print(f"{name}: {len(found)} differences")
            for id, kind, name, one, other in found if loud else []:
                print(f"    {id} {kind} {name}: read {_short(one)}, editor {_short(other)}")
    total = sum(counts[key] for key in ("equal", "differ", "not read"))
    for key, count in counts.items():
        print(f"{key:12} {count:5}")
    print(f"equal {100 * counts['equal'] / max(total, 1):.1f} % of {total}")
    return 0 if counts["equal"] == total else 1


def _short(value: object) -> str:
    text = json.dumps(value, ensure_ascii=False)
    return text if len(text) < 90 else text[:87] + "…"


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]), Path(sys.argv[2]), "-v" in sys.argv[3:]))
