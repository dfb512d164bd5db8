"""How fast ltxdsl is, and how much memory it takes: `python -m benchmarks [NAME…] [--json] [--repeat N]`.

Numbers come with what they are compared to, measured in turn: ratios travel between machines, seconds do not.
"""
