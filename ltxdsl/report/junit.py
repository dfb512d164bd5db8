"""Findings as JUnit XML: what Jenkins, GitLab and most CI systems show as tests."""

from __future__ import annotations

from collections.abc import Sequence
from xml.etree import ElementTree

from ltxdsl.diagnostics import render, visible
from ltxdsl.report.findings import FileFindings, fails


def as_junit(files: Sequence[FileFindings], strict: bool) -> str:
    """A test suite for each file and a failed test for each finding that counts; what does not is its output."""
    root = ElementTree.Element("testsuites", name="ltx check")
    for file in files:
        _suite(root, file, strict)
    for count in ("tests", "failures", "errors"):
        root.set(count, str(sum(int(suite.get(count, "0")) for suite in root)))
    ElementTree.indent(root)
    return '<?xml version="1.0" encoding="UTF-8"?>\n' + ElementTree.tostring(root, encoding="unicode")


def _suite(root: ElementTree.Element, file: FileFindings, strict: bool) -> None:
    name = visible(file.path)
    failed = [d for d in file.diagnostics if fails(d, strict)]
    count = {"name": name, "tests": str(max(1, len(failed))), "failures": str(len(failed)), "errors": "0"}
    suite = ElementTree.SubElement(root, "testsuite", count)
    for found in failed:
        line, column, *_ = file.lines(found)
        title = f"{found.code} at {line}:{column}"
        case = ElementTree.SubElement(suite, "testcase", name=title, classname=name, file=name, line=str(line))
        failure = ElementTree.SubElement(case, "failure", message=visible(found.message), type=found.code)
        failure.text = render(found, file.source)
    if not failed:
        ElementTree.SubElement(suite, "testcase", name="no problems", classname=name, file=name, line="1")
    if rest := [render(d, file.source) for d in file.diagnostics if d not in failed]:
        ElementTree.SubElement(suite, "system-out").text = "\n\n".join(rest)
