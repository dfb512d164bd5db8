"""Graph to graph. A pass takes a valid graph, gives a valid graph of the same meaning, and never names an op."""

from ltxdsl.compiler.passes.drop_dead import drop_dead
from ltxdsl.compiler.passes.drop_unneeded_inputs import drop_unneeded_inputs
from ltxdsl.compiler.passes.insert_crops import insert_crops
from ltxdsl.compiler.passes.share_equal import share_equal

__all__ = ["drop_dead", "drop_unneeded_inputs", "insert_crops", "share_equal"]
