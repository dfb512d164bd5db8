"""Schedules against the lists that ComfyUI, ltx-core and diffusers gave when they were run."""

import math
import subprocess
import sys
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ltxdsl.sampling import SCHEDULES, partial, schedule
from ltxdsl.sampling.beta import beta_cdf, beta_quantile
from ltxdsl.sampling.flow import percent_to_sigma, shifted
from ltxdsl.sampling.schedules import DISTILLED, sigmas_ltxv

REFERENCE = Path(__file__).with_name("schedules.txt")
ROWS = [line.split(": ") for line in REFERENCE.read_text().splitlines()]


def close(values, rel=0, abs=1e-6):
    return pytest.approx(values, rel=rel, abs=abs)


@pytest.mark.parametrize(("call", "values"), ROWS, ids=[call for call, _ in ROWS])
def test_the_lists_of_the_reference_runs(call, values):
    name, *numbers = call.split()
    assert schedule(name, *map(int, numbers)) == close([float(value) for value in values.split(", ")])


def test_every_schedule_has_a_reference_run():
    assert {call.split()[0] for call, _ in ROWS} == set(SCHEDULES)


def test_ltxv_without_stretch():
    values = [1, 0.981941, 0.958854, 0.928297, 0.885948, 0.823345, 0.721394, 0.525999, 0]
    assert sigmas_ltxv(8, stretch=False) == close(values)


@pytest.mark.parametrize(
    ("options", "values"),
    [
        ({"power": 1.5}, [1, 0.994061, 0.979456, 0.952373, 0.903417, 0.810792, 0.615142, 0.1, 0]),
        ({"contrast": 1.5}, [1, 0.999999, 0.999998, 0.964229, 0.849651, 0.677209, 0.388263, 0, 0]),
        ({"power": 1.5, "mix": 0.5}, [1, 0.9812, 0.953518, 0.912758, 0.850087, 0.746294, 0.552154, 0.1, 0]),
    ],
)
def test_rs_is_bent_by_hand(options, values):
    """768x512, 97 frames: 13 latent frames of 384 tokens, of which it counts 12."""
    assert schedule("rs", 8, 13 * 384, 384, **options) == close(values)


def test_the_bias_of_rs():
    assert schedule("rs", 8, 13 * 384, 384, bias=0.5)[-3:] == close((0.614106, 0.145, 0.0))


def test_the_end_of_forty_linear_quadratic_steps():
    tail = [0.975, 0.971375, 0.963, 0.949875, 0.932, 0.909375, 0.882, 0.849875, 0.813, 0.771375, 0.725]
    tail += [0.673875, 0.618, 0.557375, 0.492, 0.421875, 0.347, 0.267375, 0.183, 0.093875, 0]
    assert schedule("linear_quadratic", 40)[20:] == close(tail)


def test_eight_linear_quadratic_steps_are_the_distilled_list():
    assert schedule("linear_quadratic", 8) == close(DISTILLED, abs=1e-15)


def test_simple_is_ltxv_without_stretch_at_the_same_shift():
    tokens = 1024 + (2.37 - 0.95) / 1.1 * 3072
    assert schedule("simple", 8) == close(sigmas_ltxv(8, tokens, stretch=False), abs=1e-12)


def test_partial_is_the_end_of_a_longer_schedule():
    assert partial("linear_quadratic", 4, 0.5) == close([0.975, 0.909375, 0.725, 0.421875, 0])
    assert partial("simple", 8, 0.3) == schedule("simple", 26)[-9:]
    assert partial("simple", 8, 1.5) == schedule("simple", 8)
    assert partial("simple", 8, 1.0) == schedule("simple", 8)
    assert partial("simple", 8, 0.0) == ()


@pytest.mark.parametrize(
    ("name", "steps", "said"),
    [
        ("distilled", 9, "at most 8 steps, not 9; linear_quadratic takes more"),
        ("distiled", 8, "no schedule 'distiled'; there are distilled, ltxv,"),
        ("simple", 0, "at least 1 step, not 0"),
    ],
)
def test_what_a_schedule_refuses(name, steps, said):
    with pytest.raises(ValueError, match=said):
        schedule(name, steps)


@pytest.mark.parametrize("name", SCHEDULES)
@given(steps=st.integers(1, 60), tokens=st.integers(32, 100_000))
def test_sigmas_fall_strictly_from_one_to_zero(name, steps, tokens):
    longest = SCHEDULES[name].longest
    steps = min(steps, longest) if longest else steps
    sigmas = schedule(name, steps, tokens)
    assert len(sigmas) == steps + 1
    assert sigmas[0] == 1 or longest
    assert sigmas[0] <= 1
    assert sigmas[-1] == 0
    assert all(s > t for s, t in pairwise(sigmas))


@given(steps=st.integers(2, 60), tokens=st.integers(32, 300_000), terminal=st.floats(0.01, 0.9))
def test_the_stretched_schedule_ends_at_terminal(steps, tokens, terminal):
    assert sigmas_ltxv(steps, tokens, terminal=terminal)[-2] == pytest.approx(terminal)


@pytest.mark.parametrize(
    ("percent", "sigma"),
    [(0.1, 0.98972), (0.25, 0.969781), (0.5, 0.914511), (0.9, 0.543087), (1e-4, 0.99999065)],
)
def test_percent_to_sigma(percent, sigma):
    assert percent_to_sigma(percent) == close(sigma)


def test_the_smallest_sigma_of_the_table():
    assert shifted(1e-4) == close(0.0010687, abs=1e-7)


@given(x=st.floats(0, 0.999), a=st.floats(0.2, 5))
def test_the_incomplete_beta_function_where_it_has_a_closed_form(x, a):
    assert beta_cdf(x, a, 1) == pytest.approx(x**a, abs=1e-13)
    assert beta_cdf(x, 1, a) == pytest.approx(1 - (1 - x) ** a, abs=1e-13)
    assert beta_cdf(x, 0.5, 0.5) == pytest.approx(2 / math.pi * math.asin(math.sqrt(x)), abs=1e-13)


@given(p=st.floats(0.001, 0.999), a=st.floats(0.4, 3), b=st.floats(0.4, 3))
def test_a_quantile_has_its_share_below(p, a, b):
    assert beta_cdf(beta_quantile(p, a, b), a, b) == pytest.approx(p, abs=1e-6)


@pytest.mark.parametrize("entry", SCHEDULES.values(), ids=SCHEDULES)
def test_a_declaration_says_what_it_is(entry):
    assert entry.summary.endswith(".")
    assert entry.source
    assert SCHEDULES[entry.name].function.__name__ == f"sigmas_{entry.name}"


def test_nothing_here_imports_torch_or_numpy():
    modules = "schedules, samplers, guidance, relay"
    code = f"import sys; from ltxdsl.sampling import {modules}; print(*{{'torch', 'numpy'}} & set(sys.modules))"
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert run.stdout.strip() == ""
