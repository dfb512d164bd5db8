"""ltxdsl: a small language for making video with LTX 2.3."""

__version__ = "0.1.0"
