"""A real ComfyUI in this process: its own validation and its own execution, in a folder of files that is thrown away.

Nothing is written into the checkout. Models, inputs and outputs lie in `base`; packs are those of the checkout's
`custom_nodes`. Runs on the CPU in float32 with PyTorch's attention.
"""

from __future__ import annotations

import asyncio
import logging
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

LEVEL = logging.ERROR
Prompt = Mapping[str, Mapping[str, Any]]


class Verdict(NamedTuple):
    """What the server says of a prompt: `kept` are the output nodes that it would run."""

    valid: bool
    error: str
    node_errors: dict[str, Any]
    kept: tuple[str, ...]


class RealComfy:
    """The server without its web pages. One for a process: ComfyUI keeps its state in modules."""

    def __init__(self, checkout: Path, base: Path) -> None:
        self.checkout, self.base = checkout, base
        for name in ("input", "output", "temp", "models", "custom_nodes"):
            (base / name).mkdir(parents=True, exist_ok=True)
        sys.path.insert(0, str(checkout))
        sys.argv = [sys.argv[0]]
        from comfy.cli_args import args

        args.cpu = True
        args.base_directory = str(base)
        args.use_pytorch_cross_attention = args.force_fp32 = args.fp32_vae = True
        args.database_url = "sqlite:///:memory:"
        logging.getLogger().setLevel(LEVEL)
        self._loop = asyncio.new_event_loop()
        asyncio.set_event_loop(self._loop)
        self._loop.run_until_complete(self._start())

    async def _start(self) -> None:
        import execution
        import folder_paths
        import nodes
        import server

        folder_paths.add_model_folder_path("custom_nodes", str(self.checkout / "custom_nodes"))
        self._server = server.PromptServer(asyncio.get_running_loop())
        self._server.prompt_queue = execution.PromptQueue(self._server)
        await nodes.init_extra_nodes(init_custom_nodes=True, init_api_nodes=False)
        logging.getLogger().setLevel(LEVEL)

    @property
    def version(self) -> str:
        """ComfyUI's release."""
        import comfyui_version

        return str(comfyui_version.__version__)

    @property
    def classes(self) -> dict[str, Any]:
        """All node classes by name; the caller may add its own."""
        import nodes

        found: dict[str, Any] = nodes.NODE_CLASS_MAPPINGS
        return found

    def validate(self, prompt: Prompt) -> Verdict:
        """As `POST /prompt` does it."""
        import execution

        valid, error, kept, node_errors = self._loop.run_until_complete(
            execution.validate_prompt("accept", {id: dict(node) for id, node in prompt.items()}, None)
        )
        said = f"{error['message']} {error['details']}".strip() if error else ""
        return Verdict(bool(valid), said, node_errors, tuple(kept))

    def outputs(self, prompt: Prompt) -> set[str]:
        """The ids of nodes that are outputs."""
        known = self.classes
        return {id for id, node in prompt.items() if getattr(known.get(node["class_type"]), "OUTPUT_NODE", False)}

    def run(self, prompt: Prompt) -> None:
        """Run it; RuntimeError with the node that failed."""
        import execution

        verdict = self.validate(prompt)
        if not verdict.valid or verdict.node_errors:
            raise RuntimeError(f"refused: {verdict.error} {verdict.node_errors}")
        executor = execution.PromptExecutor(
            self._server, execution.CacheType.NONE, {"lru": 0, "ram": 0, "ram_inactive": 0}
        )
        executor.execute({id: dict(node) for id, node in prompt.items()}, "parity", {}, list(verdict.kept))
        if not executor.success:
            message = next(data for event, data in executor.status_messages if event == "execution_error")
            where = f"{message['node_type']} {message['node_id']}"
            raise RuntimeError(f"{where}: {message['exception_message']}\n{''.join(message['traceback'])}")
