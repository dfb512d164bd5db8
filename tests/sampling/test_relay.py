"""Prompt Relay's lengths and costs against what KPR gave."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ltxdsl.sampling.relay import (
    cost,
    cost_table,
    epsilon_from_boundary,
    equal_lengths,
    lengths_from_pixels,
    query_frames,
    sigma_of,
    windows,
)


@pytest.mark.parametrize(
    ("frames", "segments", "lengths"),
    [(16, 3, [6, 5, 5]), (16, 2, [8, 8]), (16, 4, [4] * 4), (2, 3, [1, 1, 0])],
)
def test_equal_lengths(frames, segments, lengths):
    assert equal_lengths(frames, segments) == lengths


@pytest.mark.parametrize(
    ("pixels", "lengths"),
    [
        ([49, 72], [6, 10]),
        ([40, 41, 40], [5, 6, 5]),
        ([24, 24, 24], [3, 3, 3]),
        ([1, 120], [1, 15]),
        ([60, 61], [8, 8]),
        ([120], [16]),  # 15 of 16: taken to fill the clip
        ([108], [14]),  # 13.5 rounds to even: a tail is left
        ([100], [12]),  # and 12.5 too
        ([500, 500], [8, 8]),
        ([1, 1, 1], [1, 0, 0]),  # nobody has two
        ([0, 0, 121], [1, 1, 14]),
    ],
)
def test_lengths_from_pixels(pixels, lengths):
    assert lengths_from_pixels(pixels, 16) == lengths


@pytest.mark.parametrize("pixels", [[], [0, 0], [-8, 24]])
def test_lengths_that_say_nothing(pixels):
    with pytest.raises(ValueError, match="segment lengths"):
        lengths_from_pixels(pixels, 16)


@given(st.lists(st.integers(1, 400), min_size=1, max_size=12), st.integers(1, 40))
def test_lengths_fit_the_clip(pixels, frames):
    lengths = lengths_from_pixels(pixels, frames)
    assert sum(lengths) <= frames
    assert len(lengths) == len(pixels)
    assert min(lengths) >= (1 if sum(lengths) >= len(pixels) else 0)
    assert sum(equal_lengths(frames, len(pixels))) == frames


@pytest.mark.parametrize(
    ("epsilon", "sigma"),
    [(1e-6, 0.07238), (1e-3, 0.144765), (0.1, 0.434294), (0.5, 1.442695), (0.9, 9.49122), (0.99, 99.499)],
)
def test_sigma(epsilon, sigma):
    assert sigma_of(epsilon) == pytest.approx(sigma, rel=5e-5)


@pytest.mark.parametrize("epsilon", [0.0, 1.0, -1.0, 2.0])
def test_sigma_of_an_epsilon_out_of_range(epsilon):
    assert sigma_of(epsilon) == 0.1448


@pytest.mark.parametrize(
    ("lengths", "spans"),
    [
        ([6, 5, 5], [(3, 1), (8, 0), (13, 0)]),
        ([8, 8], [(4, 2), (12, 2)]),
        ([4] * 4, [(2, 0), (6, 0), (10, 0), (14, 0)]),
        ([8, 0, 8], [(4, 2), (8, math.inf), (12, 2)]),
    ],
)
def test_windows(lengths, spans):
    assert windows(lengths) == spans


FRAMES = [0, 1, 2, 6, 7, 8, 9, 12, 15]
COSTS = {
    (1e-3, 0): [95.434, 23.859, 0, 0, 23.859, 95.434, 214.727, 858.907, 1932.542],
    (1e-3, 1): [2385.854, 1932.542, 1526.946, 381.737, 214.727, 95.434, 23.859, 0, 23.859],
    (0.5, 0): [0.9609, 0.2402, 0, 0, 0.2402, 0.9609, 2.1620, 8.6482, 19.4583],
}


@pytest.mark.parametrize(("epsilon", "segment"), COSTS)
def test_costs(epsilon, segment):
    table = cost_table(FRAMES, [8, 8], epsilon)
    assert [row[segment] for row in table] == pytest.approx(COSTS[epsilon, segment], abs=1e-3)
    assert {len(row) for row in table} == {2}


def test_a_segment_without_frames_is_never_penalised():
    assert [row[1] for row in cost_table(range(16), [8, 0, 8], 1e-3)] == [0.0] * 16


def test_the_first_audio_token_of_the_second_segment():
    costs = [row[1] for row in cost_table(query_frames(126, 16), [8, 8], 1e-3)]
    assert costs.index(0.0) == 79


@given(st.floats(-100, 100), st.floats(0, 100), st.floats(0, 20), st.floats(1e-6, 0.99), st.floats(0, 10))
def test_a_cost_is_never_negative_and_nothing_in_the_window(frame, midpoint, window, epsilon, strength):
    assert cost(frame, midpoint, window, epsilon, strength) >= 0
    assert cost(midpoint, midpoint, window, epsilon, strength) == 0
    assert cost(midpoint - window / 2, midpoint, window, epsilon, strength) == 0
    further = midpoint + math.copysign(abs(frame - midpoint) + 1, frame - midpoint)
    assert cost(further, midpoint, window, epsilon, strength) >= cost(frame, midpoint, window, epsilon, strength)


@given(st.floats(1e-6, 0.99))
def test_epsilon_from_boundary_gives_that_weight_at_the_boundary(weight):
    window = 2.0
    boundary = 4 + window + 2
    assert math.exp(-cost(boundary, 4, window, epsilon_from_boundary(weight))) == pytest.approx(weight)


def test_the_epsilon_that_softens_as_the_authors_later_code():
    assert epsilon_from_boundary(1e-3) == pytest.approx(0.156, abs=5e-4)
    assert cost(8, 4, 2, 1e-3) == pytest.approx(2 * math.log(1e3) ** 2)
