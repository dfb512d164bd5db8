"""The site builds strictly, and asks nothing of a network."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent


@pytest.mark.slow
def test_it_builds_and_loads_nothing_from_outside(tmp_path: Path):
    pytest.importorskip("material", reason="the site needs the extra `docs`")
    build = [sys.executable, "-m", "mkdocs", "build", "--strict", "--quiet", "--site-dir", str(tmp_path)]
    subprocess.run(build, cwd=ROOT, env={**os.environ, "NO_MKDOCS_2_WARNING": "1"}, check=True)
    pages = sorted(path for path in tmp_path.rglob("*.html") if path.name != "404.html")
    assert len(pages) > 200
    for page in pages:
        text = page.read_text(encoding="utf-8")
        assert not re.findall(r'<(?:script|link|img)[^>]*(?:src|href)="(?:https?:)?//[^"]*', text), page
        for script in re.findall(r'<script src="([^"]+)"', text):
            assert (page.parent / script).exists(), f"{page}: {script}"
