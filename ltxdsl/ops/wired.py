"""Statements that become nodes of ComfyUI and are wired to what there is."""

from typing import TYPE_CHECKING, Any

from ltxdsl.ops.base import Op
from ltxdsl.ops.cells import Symbol
from ltxdsl.ops.declare import Statement
from ltxdsl.ops.kinds import NodeRef
from ltxdsl.ops.raw_values import LOADED, MADE, of_clip
from ltxdsl.source import Span

if TYPE_CHECKING:
    from ltxdsl.compiler.graph import Ref
    from ltxdsl.compiler.lower import Scene


class Wired(Statement, frozen=True):
    """A statement that asks for what there is by words and names; names before it may stand for what it gives."""

    @property
    def asks(self) -> list[tuple[Any, Span]]:
        """What it asks for, with its place."""
        raise NotImplementedError

    @property
    def made(self) -> list[tuple[str, Span]]:
        """The words for what passes have made."""
        return [(thing.name, span) for thing, span in self.asks if isinstance(thing, Symbol) and of_clip(thing.name)]

    def too_early(self, scene: "Scene") -> bool:
        """Whether it asks for what no pass has made yet; a check says so."""
        return scene.latent is None and bool(self.made)

    def enter(self, scene: "Scene", op: Op, inputs: dict[str, "Ref"]) -> None:
        """Add the op; its outputs take the place of that whose words stand before the statement."""
        scene.raw[self.span] = scene.add(op, self, **inputs).node
        for slot, name in enumerate(self.binds):
            if name in (*LOADED, *MADE):
                scene.replace(name, scene.wire(NodeRef(self.span, slot)))
