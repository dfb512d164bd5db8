"""Machines that plans are estimated for.

Memory, bandwidth and peak rates are the makers' data sheets: dense, 16-bit products added up in 32 bits. What large
products reach of the peak is assumed, not measured: half on consumer cards, 0.45 on the others. The row `cpu` is two
cores of a server, measured with this package; main memory and disk are what such machines often have.
"""

from __future__ import annotations

from typing import Any

import msgspec


class Hardware(msgspec.Struct, frozen=True, kw_only=True):
    """A machine. `memory` is what models run in; `main` is the computer's own, the same one if they are `shared`."""

    name: str
    memory: float
    main: float = 64e9
    flops: float  # a second in 16 bits, as reached
    fp8_flops: float = 0.0  # with 8-bit weights and activations; 0 = it computes them in 16 bits
    bandwidth: float  # bytes/s of its memory
    bus: float = 2.4e10  # bytes/s from main memory: PCIe 4.0 x16 as reached
    disk: float = 3e9  # bytes/s
    shared: bool = False
    reserved: float = 1.2e9  # taken before any model: driver, libraries, and what lies between allocations
    layer_seconds: float = 1e-3  # that a layer costs however small it is: launching its kernels
    start_seconds: float = 6.0  # until the libraries are loaded


def _card(name: str, memory: float, peak: float, bandwidth: float, **more: Any) -> Hardware:
    fp8 = more.pop("fp8_peak", 0.0)
    return Hardware(
        name=name, memory=memory * 1e9, flops=0.5 * peak * 1e12, fp8_flops=0.5 * fp8 * 1e12, bandwidth=bandwidth, **more
    )


def _server(name: str, memory: float, peak: float, bandwidth: float, **more: Any) -> Hardware:
    fp8 = more.pop("fp8_peak", 0.0)
    rates: dict[str, Any] = {"flops": 0.45 * peak * 1e12, "fp8_flops": 0.45 * fp8 * 1e12, "main": 256e9}
    return Hardware(name=name, memory=memory * 1e9, bandwidth=bandwidth, **{**rates, **more})


HARDWARE = {
    h.name: h
    for h in (
        Hardware(
            name="cpu",
            memory=64e9,
            flops=6e10,
            bandwidth=4e10,
            shared=True,
            disk=1e9,
            reserved=1e9,
            layer_seconds=1e-2,
            start_seconds=5.0,
        ),
        Hardware(name="m4max", memory=128e9, main=128e9, flops=1.0e13, bandwidth=5.46e11, shared=True, reserved=8e9),
        _card("rtx3060", 12.9, 25.5, 3.6e11),
        _card("rtx3090", 25.8, 71, 9.36e11),
        _card("rtx4070ti", 12.9, 80.2, 5.04e11, fp8_peak=160),
        _card("rtx4080", 17.2, 97.5, 7.17e11, fp8_peak=195),
        _card("rtx4090", 25.8, 165.2, 1.008e12, fp8_peak=330),
        _card("rtx5090", 34.4, 209.5, 1.792e12, fp8_peak=419, bus=4.8e10),
        _server("l40s", 51.5, 181, 8.64e11, fp8_peak=362),
        _server("a100", 85.9, 312, 2.04e12),
        _server("h100", 85.9, 989, 3.35e12, fp8_peak=1979, bus=4.8e10),
        _server("h200", 151, 989, 4.8e12, fp8_peak=1979, bus=4.8e10),
        _server("b200", 193, 2250, 8e12, fp8_peak=4500, bus=4.8e10),
    )
}
