"""The order of steps: valid, near-linear, and as few loads as an exhaustive search finds, or nearly so."""

from __future__ import annotations

import random
import time
from typing import ClassVar

from hypothesis import given, settings
from hypothesis import strategies as st

from ltxdsl.compiler.graph import Graph, Node, Ref
from ltxdsl.compiler.order import count_loads, order_by_residency
from ltxdsl.ops.base import LoraUse, Op, Port


class _Any(Op, frozen=True, kw_only=True):
    inputs: ClassVar = {"a": Port.LATENT, "b": Port.LATENT}
    outputs: ClassVar = {"out": Port.LATENT}
    optional: ClassVar = frozenset({"a", "b"})
    number: int = 0
    loras: tuple[LoraUse, ...] = ()


class T(_Any, frozen=True):
    """Needs one model."""

    uses = ("t",)
    kernel = "t"


class U(_Any, frozen=True):
    """Needs another."""

    uses = ("u",)
    kernel = "u"


class V(_Any, frozen=True):
    """Needs a third."""

    uses = ("v",)
    kernel = "v"


class N(_Any, frozen=True):
    """Needs none."""

    kernel = "n"


class W(_Any, frozen=True):
    """Writes."""

    kernel = "w"
    pure = False


KINDS = (T, U, V, N, W, T)


@st.composite
def graphs(draw: st.DrawFn, size: int = 12) -> Graph:
    """Random graphs over the five kinds."""
    graph, ids = Graph(), []
    for number in range(draw(st.integers(1, size))):
        inputs = {port: Ref(draw(st.sampled_from(ids)), "out") for port in "ab" if ids and draw(st.booleans())}
        ids.append(graph.add(draw(st.sampled_from(KINDS))(number=number), inputs))
    return graph


def loads(nodes: list[Node]) -> int:
    return count_loads(node.op.uses for node in nodes)


def fewest_loads(graph: Graph) -> int:
    """By trying everything: all that can be done with one model is done, then another is loaded, breadth first."""
    nodes = graph.order()
    bit = {node.id: 1 << index for index, node in enumerate(nodes)}
    needs = [sum({bit[ref.node] for ref in node.inputs.values()}) for node in nodes]

    def closed(done: int, parts: tuple[str, ...]) -> int:
        for node, need in zip(nodes, needs, strict=True):  # sources first: one round is enough
            if need & ~done == 0 and node.op.uses in ((), parts):
                done |= bit[node.id]
        return done

    states, count = {closed(0, ())}, 0
    while (1 << len(nodes)) - 1 not in states:
        states = {closed(state, parts) for state in states for parts in (("t",), ("u",), ("v",))}
        count += 1
    return count


@settings(deadline=None)
@given(graphs())
def test_every_node_comes_once_and_after_what_it_reads(graph: Graph):
    order = order_by_residency(graph)
    assert sorted(n.id for n in order) == sorted(graph.nodes)
    seen: set[str] = set()
    for node in order:
        assert {ref.node for ref in node.inputs.values()} <= seen
        seen.add(node.id)


@settings(deadline=None, max_examples=200)
@given(graphs())
def test_it_is_at_most_one_load_from_the_best(graph: Graph):
    best = fewest_loads(graph)
    assert best <= loads(order_by_residency(graph)) <= best + 1


def random_graph(seed: int, size: int) -> Graph:
    rng = random.Random(seed)
    graph, ids = Graph(), []
    for number in range(size):
        inputs = {port: Ref(rng.choice(ids), "out") for port in "ab" if ids and rng.random() < 0.6}
        ids.append(graph.add(rng.choice((T, U, V, N))(number=number), inputs))
    return graph


def test_on_the_whole_it_is_the_best():
    graphs = [random_graph(seed, 3 + seed % 11) for seed in range(400)]
    best = [fewest_loads(graph) for graph in graphs]
    found = [loads(order_by_residency(graph)) for graph in graphs]
    assert sum(found) <= 1.005 * sum(best)
    assert sum(a == b for a, b in zip(found, best, strict=True)) >= 0.98 * len(graphs)


def test_a_writer_goes_right_behind_what_it_writes():
    graph = Graph()
    made = [graph.add(V(number=i), {}) for i in range(5)]
    for id in made:
        graph.add(W(), {"a": Ref(id, "out")})
    assert "".join(n.op.kernel for n in order_by_residency(graph)) == "vw" * 5


def test_equal_loras_go_together():
    graph = Graph()
    strong, weak = (LoraUse("a", 1.0),), (LoraUse("b", 0.1),)
    for i in range(6):
        first = graph.add(T(number=i, loras=(strong, weak)[i % 2]), {})
        graph.add(T(number=i, loras=()), {"a": Ref(first, "out")})
    used = [n.op.loras for n in order_by_residency(graph)]
    assert sum(a != b for a, b in zip(used, used[1:], strict=False)) <= 3  # 11 as written


def chain(count: int) -> Graph:
    """Shots that go on from each other: sample, decode, write, encode the end, and again."""
    graph, last = Graph(), ""
    for number in range(count):
        latent = graph.add(T(number=number), {"a": Ref(last, "out")} if last else {})
        frames = graph.add(V(number=number), {"a": Ref(latent, "out")})
        graph.add(W(number=number), {"a": Ref(frames, "out")})
        last = graph.add(V(number=-number), {"a": Ref(graph.add(N(), {"a": Ref(frames, "out")}), "out")})
    return graph


def test_time_grows_no_faster_than_the_graph():
    def seconds(graph: Graph) -> float:
        return min(_timed(graph) for _ in range(3))

    for make in (chain, lambda count: random_graph(1, 5 * count)):
        few, many = seconds(make(100)), seconds(make(1600))
        assert many < 16 * 4 * few  # 16 times the ops: far from the 256 times of a quadratic one


def _timed(graph: Graph) -> float:
    began = time.process_time()
    order_by_residency(graph)
    return time.process_time() - began
