"""Times, sizes and work as people read them."""

from __future__ import annotations


def seconds_text(seconds: float) -> str:
    """`<0.1 s`, `12.3 s`, `14 min`, `2.5 h`."""
    if seconds < 0.095:
        return "<0.1 s"
    if seconds < 100:
        return f"{seconds:.1f} s"
    return f"{seconds / 60:.0f} min" if seconds < 7200 else f"{seconds / 3600:.1f} h"


def gigabytes(count: float) -> str:
    """`0.02 GB`, `17.3 GB`."""
    return f"{count / 1e9:.2f} GB" if count < 1e9 else f"{count / 1e9:.1f} GB"


def bytes_text(count: float) -> str:
    """`3 kB`, `12 MB`, `1.5 GB`."""
    for unit, size in (("GB", 1e9), ("MB", 1e6)):
        if count >= size:
            return f"{count / size:.1f} {unit}"
    return f"{count / 1e3:.0f} kB"


def flops_text(flops: float) -> str:
    """`3.2 TFLOP`."""
    for unit, size in (("PFLOP", 1e15), ("TFLOP", 1e12), ("GFLOP", 1e9)):
        if flops >= size:
            return f"{flops / size:.1f} {unit}"
    return f"{flops / 1e6:.0f} MFLOP"
