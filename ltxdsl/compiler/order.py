"""An order of steps that loads each model as seldom as possible, and lets go of large values early.

Ops that need models are run in batches of equal needs. When none of a batch is left, the next batch is one that can
be finished at once, if there is one: running it now is never worse. Else a rule chooses; the order with the fewest
loads is taken. Ops without models are run when somebody needs them, those that write as soon as they can. All of it
is near-linear in the number of ops.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable
from heapq import heappop, heappush

from ltxdsl.compiler.graph import Graph, Node
from ltxdsl.ops.base import LoraUse, Port

Parts = tuple[str, ...]
Variant = tuple[LoraUse, ...]  # of one model: changing its LoRAs costs as well
# What a rule sees of a batch: how long a chain of batches starts in it, how much of it is ready, how much is left.
Weight = tuple[int, int, int]
Rule = Callable[[Weight], tuple[int, ...]]
RULES: tuple[Rule, ...] = (
    lambda w: (w[0], w[1]),
    lambda w: (w[0], -w[2]),
    lambda w: (w[1] - w[2], w[0]),
    lambda w: (w[1], w[0]),
)


def order_by_residency(graph: Graph) -> list[Node]:
    """Sources first, with as few changes of the models in use as the rules find."""
    known = _Facts(graph)
    return min((_Order(known, rule).run() for rule in RULES), key=lambda nodes: count_loads(n.op.uses for n in nodes))


def count_loads(uses: Iterable[Parts]) -> int:
    """Parts loaded by steps with these needs, if only those of the last step that needed any stay in memory."""
    loads, loaded = 0, frozenset[str]()
    for parts in map(frozenset, uses):
        if parts:
            loads += len(parts - loaded)
            loaded = parts
    return loads


class _Facts:
    """A graph by numbers, in an order with sources first."""

    def __init__(self, graph: Graph) -> None:
        self.nodes = graph.order()
        place = {node.id: index for index, node in enumerate(self.nodes)}
        self.sources = [sorted({place[ref.node] for ref in node.inputs.values()}) for node in self.nodes]
        self.readers: list[list[int]] = [[] for _ in self.nodes]
        for index, sources in enumerate(self.sources):
            for source in sources:
                self.readers[source].append(index)
        self.batch = [tuple(sorted(node.op.uses)) for node in self.nodes]
        self.chain = self._chains()
        self.variant = [getattr(node.op, "loras", ()) for node in self.nodes]
        self.rank = [self._rank(node, place) for node in self.nodes]

    def _chains(self) -> list[int]:
        """The most changes of batch on a way from each node to an end."""
        chains = [0] * len(self.nodes)
        behind: list[set[tuple[int, Parts]]] = [set() for _ in self.nodes]  # (changes, next batch) behind a node
        for index in range(len(self.nodes) - 1, -1, -1):
            after = set[tuple[int, Parts]]().union(*(behind[r] for r in self.readers[index]))
            own = self.batch[index]
            chains[index] = max((count + (batch != own and bool(own)) for count, batch in after), default=0)
            behind[index] = {(chains[index], own)} if own else _longest(after)
        return chains

    def _rank(self, node: Node, place: dict[str, int]) -> tuple[bool, int]:
        """Within a batch: what frees frames first, then as written."""
        frees = any(kind is Port.IMAGE for port, kind in node.op.inputs.items() if port in node.inputs)
        return (not frees, place[node.id])


def _longest(after: set[tuple[int, Parts]]) -> set[tuple[int, Parts]]:
    """The longest chain for each batch."""
    best: dict[Parts, int] = {}
    for count, batch in after:
        best[batch] = max(count, best.get(batch, 0))
    return {(count, batch) for batch, count in best.items()}


class _Order:
    """One run over the graph: what is done, what is ready, and what came out."""

    def __init__(self, facts: _Facts, rule: Rule) -> None:
        self.facts, self.rule = facts, rule
        self.open = [len(sources) for sources in facts.sources]
        self.ready: dict[Parts, dict[Variant, list[tuple[tuple[bool, int], int]]]] = {}
        self.left = Counter(batch for batch in facts.batch if batch)
        self.written: set[int] = set()
        self.ordered: list[Node] = []
        for index, sources in enumerate(facts.sources):
            if not sources:
                self._now_ready(index)

    def run(self) -> list[Node]:
        """All nodes in order."""
        while any(self.ready.values()):
            self._run_batch(self._next_batch())
        for index in range(len(self.facts.nodes)):
            self._write(index)
        return self.ordered

    def _next_batch(self) -> Parts:
        waiting = [batch for batch, heaps in self.ready.items() if heaps]
        if len(waiting) == 1:
            return waiting[0]
        return next((b for b in waiting if self._can_be_finished(b)), None) or max(waiting, key=self._weight)

    def _ready_in(self, batch: Parts) -> list[int]:
        return [index for heap in self.ready[batch].values() for _, index in heap]

    def _weight(self, batch: Parts) -> tuple[tuple[int, ...], int]:
        ready = self._ready_in(batch)
        chain = max(self.facts.chain[index] for index in ready)
        return self.rule((chain, len(ready), self.left[batch])), -min(ready)

    def _can_be_finished(self, batch: Parts) -> bool:
        """Whether nothing of the batch waits for another batch: tried out on a copy of the counts that it touches."""
        open_inputs: dict[int, int] = {}
        stack = self._ready_in(batch)
        done = 0
        while stack:
            index = stack.pop()
            done += bool(self.facts.batch[index])
            for reader in self.facts.readers[index]:
                open_inputs[reader] = open_inputs.get(reader, self.open[reader]) - 1
                if not open_inputs[reader] and self.facts.batch[reader] in ((), batch):
                    stack.append(reader)
        return done == self.left[batch]

    def _run_batch(self, batch: Parts) -> None:
        """All of a batch that can be run, with equal LoRAs together."""
        heaps = self.ready[batch]
        variant: Variant = ()
        while heaps:
            if variant not in heaps:
                variant = min(heaps, key=lambda v: heaps[v][0])
            _, index = heappop(heaps[variant])
            if not heaps[variant]:
                del heaps[variant]
            self.left[batch] -= 1
            self._write(index)
            self._done(index)

    def _now_ready(self, index: int) -> None:
        """All that the node reads is there or can be made without a model."""
        batch = self.facts.batch[index]
        if batch:
            heaps = self.ready.setdefault(batch, {})
            heappush(heaps.setdefault(self.facts.variant[index], []), (self.facts.rank[index], index))
        else:
            self._done(index)

    def _done(self, index: int) -> None:
        """Tell the readers; those without a model count as done too, and those that write are written."""
        stack = [index]
        while stack:
            done = stack.pop()
            if not self.facts.batch[done] and not self.facts.nodes[done].op.pure:
                self._write(done)
            for reader in self.facts.readers[done]:
                self.open[reader] -= 1
                if self.open[reader]:
                    continue
                if self.facts.batch[reader]:
                    self._now_ready(reader)
                else:
                    stack.append(reader)

    def _write(self, index: int) -> None:
        """Put a node into the order, after what it reads and is not there yet."""
        stack = [index]
        while stack:
            top = stack[-1]
            missing = [s for s in self.facts.sources[top] if s not in self.written]
            if top in self.written or not missing:
                stack.pop()
                if top not in self.written:
                    self.written.add(top)
                    self.ordered.append(self.facts.nodes[top])
            else:
                stack.extend(reversed(missing))
