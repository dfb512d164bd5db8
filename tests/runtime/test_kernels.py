"""Laws over the table of kernels."""

from __future__ import annotations

import inspect
import subprocess
import sys

import pytest

from ltxdsl.ops import nodes
from ltxdsl.ops.base import Op, Port
from ltxdsl.runtime.kernels import KERNELS
from ltxdsl.runtime.values import TYPES

OPS = sorted(
    (kind for kind in vars(nodes).values() if isinstance(kind, type) and issubclass(kind, Op) and kind.kernel),
    key=lambda kind: kind.__name__,
)


@pytest.mark.parametrize("op", OPS, ids=lambda op: op.kernel)
def test_every_op_has_a_kernel_with_its_ports(op: type[Op]) -> None:
    parameters = inspect.signature(KERNELS[op.kernel]).parameters.values()
    ports = {p.name: p for p in parameters if p.kind is inspect.Parameter.KEYWORD_ONLY}
    assert set(ports) == set(op.inputs)
    assert {name for name, p in ports.items() if p.default is None} == op.optional
    assert [p.name for p in parameters if p.name not in ports] == ["session", "op"]


def test_every_kernel_has_an_op_and_says_what_it_does() -> None:
    assert set(KERNELS) == {op.kernel for op in OPS}
    assert all(kernel.__doc__ for kernel in KERNELS.values())


def test_every_port_has_a_type() -> None:
    assert set(TYPES) == set(Port)


def test_naming_the_package_imports_no_torch() -> None:
    code = "import sys, ltxdsl.runtime, ltxdsl.runtime.errors, ltxdsl.runtime.tiny; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_loading_the_kernels_imports_no_diffusers() -> None:
    code = (
        "import sys, ltxdsl.runtime.kernels as k; sys.exit('diffusers' in sys.modules or 'transformers' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
