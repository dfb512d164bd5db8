"""The official templates, where they are installed: PyPI `comfyui-workflow-templates-json`, MIT; never vendored."""

import json
from pathlib import Path

import pytest

from ltxdsl.comfy.read import read_file

from .graphs import KNOWN

package = pytest.importorskip("comfyui_workflow_templates_json", reason="the official templates are not installed")


def templates():
    paths = sorted((Path(package.__file__).parent / "templates").glob("*.json"))
    return [path for path in paths if "nodes" in json.loads(path.read_text(encoding="utf-8"))]


def graphs(raw):
    return [raw, *((raw.get("definitions") or {}).get("subgraphs") or [])]


def test_all_are_read_and_nothing_is_silent():
    paths = templates()
    assert len(paths) > 300
    for path in paths:
        workflow = read_file(path, KNOWN)
        strange = {id for id, one in workflow.prompt.items() if one["class_type"] not in KNOWN}
        reported = {fault.node for fault in workflow.faults if fault.code == "unknown_class"}
        assert strange == reported, path.name
        assert workflow.counts.get("read", 0) == len(workflow.prompt), path.name
        top = json.loads(path.read_text(encoding="utf-8"))
        if not graphs(top)[1:]:
            assert sum(workflow.counts.values()) == len(top["nodes"]), path.name
