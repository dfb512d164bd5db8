"""Graph to graph. A pass takes a valid graph, gives a valid graph of the same meaning, and never names an op.

It records on the graph what it did, for `ltx plan --why`.
"""

from ltxdsl.compiler.passes.drop_dead import drop_dead
from ltxdsl.compiler.passes.drop_unneeded_inputs import drop_unneeded_inputs
from ltxdsl.compiler.passes.fold_constants import fold_constants
from ltxdsl.compiler.passes.insert_crops import insert_crops
from ltxdsl.compiler.passes.share_equal import share_equal
from ltxdsl.compiler.passes.skip_unchanged import skip_unchanged

__all__ = [
    "drop_dead",
    "drop_unneeded_inputs",
    "fold_constants",
    "insert_crops",
    "share_equal",
    "skip_unchanged",
]
