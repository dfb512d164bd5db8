"""Ask ComfyUI's own editor, in headless Chromium, what it would queue for every workflow of a folder.

    python tests/oracle/queue_in_editor.py URL CHROMIUM FOLDER OUT [PATTERN]

Writes OUT/NAME.api.json; a file that the editor cannot convert is named in OUT/failed.json with its words.
"""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path
from typing import Any

READY = "() => window.app && window.app.graph && window.LiteGraph && window.app.extensionManager"
KNOWN = "() => Object.keys(LiteGraph.registered_node_types).length > 100"
CONVERT = """async (graph) => {
  await app.loadGraphData(graph, true, true, null, {});
  return JSON.stringify((await app.graphToPrompt()).output);
}"""


def main(url: str, chromium: str, folder: Path, out: Path, pattern: str = "*.json") -> None:
    """One page for all files; a new one after a failure, since the editor may be left half loaded."""
    from playwright.sync_api import Error, sync_playwright

    out.mkdir(parents=True, exist_ok=True)
    failed: dict[str, str] = {}
    with sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=chromium, args=["--no-sandbox", "--disable-gpu"])
        page = _page(browser, url)
        for path in sorted(folder.glob(pattern)):
            target = out / f"{path.stem}.api.json"
            graph = json.loads(path.read_text(encoding="utf-8"))
            if target.exists() or not isinstance(graph, dict) or "nodes" not in graph:
                continue
            start = time.monotonic()
            try:
                target.write_text(page.evaluate(CONVERT, graph))
                print(f"{path.name}: {time.monotonic() - start:.1f} s", flush=True)
            except Error as error:
                failed[path.name] = error.message.splitlines()[0]
                print(f"{path.name}: {failed[path.name]}", flush=True)
                page.close()
                page = _page(browser, url)
        browser.close()
    (out / "failed.json").write_text(json.dumps(failed, indent=1))


def _page(browser: Any, url: str) -> Any:
    page = browser.new_page()
    page.set_default_timeout(120_000)
    page.goto(url)
    page.wait_for_function(READY)
    page.wait_for_function(KNOWN)
    return page


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], Path(sys.argv[3]), Path(sys.argv[4]), *sys.argv[5:6])
