"""Guidance against the vectors that ltx-core, ComfyUI-LTXVideo and diffusers all gave."""

import statistics
from operator import add, mul, sub

import pytest
import torch

from ltxdsl.sampling import GuidanceScales, apg, combine


class Vec(tuple):
    """Numbers with what guidance needs of a tensor."""

    def _with(self, other, sign):
        others = other if isinstance(other, Vec) else (other,) * len(self)
        return Vec(map(sign, self, others))

    def __add__(self, other):
        return self._with(other, add)

    def __sub__(self, other):
        return self._with(other, sub)

    def __mul__(self, other):
        return self._with(other, mul)

    __rmul__ = __mul__

    def std(self):
        return statistics.stdev(self)

    def sum(self):
        return sum(self)


C, U, P, M = Vec((1, 2, 3, 4)), Vec((0, 1, 1, 2)), Vec((1, 1, 2, 4)), Vec((1, 2, 2, 3))
FULL = {"cfg": 3, "stg": 1, "modality": 3}


@pytest.mark.parametrize(
    ("scales", "guided"),
    [
        (FULL, (3, 5, 10, 10)),
        ({**FULL, "rescale": 0.7}, (1.66175, 2.769583, 5.539167, 5.539167)),
        ({"modality": 2.5}, (1, 2, 4.5, 5.5)),
        ({"modality": 0.0}, (1, 2, 2, 3)),
        ({}, (1, 2, 3, 4)),
    ],
)
def test_the_vectors_of_the_reference_runs(scales, guided):
    assert combine(C, U, P, M, scales=GuidanceScales(**scales)) == pytest.approx(guided, abs=1e-6)
    tensors = [torch.tensor(part, dtype=torch.float64) for part in (C, U, P, M)]
    assert combine(*tensors, scales=GuidanceScales(**scales)).tolist() == pytest.approx(guided, abs=1e-6)


@pytest.mark.parametrize(
    ("scales", "needs"),
    [
        ({}, (False, False, False)),
        ({"cfg": 3}, (True, False, False)),
        ({"cfg": 0}, (True, False, False)),
        ({"stg": 1}, (False, True, False)),
        ({"modality": 0}, (False, False, True)),
        ({"rescale": 0.7}, (False, False, False)),
    ],
)
def test_which_calls_are_needed(scales, needs):
    scales = GuidanceScales(**scales)
    assert (scales.needs_negative, scales.needs_perturbed, scales.needs_isolated) == needs


def test_a_call_that_is_not_needed_may_be_left_out():
    assert combine(C, scales=GuidanceScales()) is C
    assert combine(C, U, scales=GuidanceScales(cfg=2)) == (2, 3, 5, 6)


@pytest.mark.parametrize(
    ("options", "guided"),
    [
        ({"eta": 1.0}, (3, 4, 7, 8)),
        ({"eta": 0.0}, (1.866667, 1.733333, 3.6, 3.466667)),
        ({"threshold": 1.0}, (1.632456, 2.632456, 4.264911, 5.264911)),
        ({"threshold": 100.0}, (3, 4, 7, 8)),
    ],
)
def test_apg(options, guided):
    assert apg(C, U, scale=3, **options) == pytest.approx(guided, abs=1e-6)
