"""Samplers on a scalar: D(x, σ) = 0.3 + 0.2·x·(1-σ), U = 0.1 + 0.1·x, every noise 0.5, x = 1 at the start.

The numbers are those of the real functions of ComfyUI (res_2s: of ltx-pipelines), run with these in double precision.
"""

import math
from pathlib import Path

import pytest
import torch

from ltxdsl.sampling import SAMPLERS, schedule
from ltxdsl.sampling.er_sde import ErSde
from ltxdsl.sampling.flow import odds, steps

S3 = (0.909375, 0.725, 0.421875, 0.0)
S5 = (1.0, 0.975, *S3)

REFERENCE = Path(__file__).with_name("samplers.txt")
ROWS = [line.split(" | ") for line in REFERENCE.read_text().splitlines()]
# Those that draw at a look within a step, too; res_2s also in the step that ends just above 0.
DRAWS = {"seeds_2": 4, "exp_heun_2_x0_sde": 4, "dpmpp_sde": 4, "res_2s": 6}
DETERMINISTIC = [name for name, entry in SAMPLERS.items() if not (entry.stochastic or entry.needs_negative)]


def value(text):
    if text[0].isupper():
        return text.replace("_", " ")
    if text[0].isalpha():
        return text
    return float(text) if "." in text else int(text)


def call(words):
    name, *options = words.split()
    return name, {key: value(text) for key, text in (option.split("=") for option in options)}


def run(name, sigmas, start=1.0, **options):
    """The states at the start of each step, then the result."""
    entry, states = SAMPLERS[name], []

    def denoise(x, sigma):
        states.append(x)
        D = 0.3 + 0.2 * x * (1 - sigma)
        return (D, 0.1 + 0.1 * x) if entry.needs_negative else D

    out = entry.function(denoise, start, sigmas, lambda: 0.5 + 0 * start, **options)
    return [*states[:: entry.evaluations], out]


@pytest.mark.parametrize(("words", "three", "five"), ROWS, ids=[words for words, _, _ in ROWS])
def test_the_states_of_the_reference_runs(words, three, five):
    name, options = call(words)
    for sigmas, numbers in ((S3, three), (S5, five)):
        expected = list(map(float, numbers.split(", ")))  # without the first state; res_2s: the result alone
        assert run(name, sigmas, **options)[-len(expected) :] == pytest.approx(expected, rel=0, abs=1e-6)


def test_every_sampler_has_a_reference_run():
    assert {words.split()[0] for words, _, _ in ROWS} == set(SAMPLERS)


@pytest.mark.parametrize("words", [words for words, _, _ in ROWS])
def test_tensors_give_the_numbers_of_floats(words):
    name, options = call(words)
    start = torch.tensor([[1.0, -2.0, 0.25]], dtype=torch.float64)
    alone = [run(name, S5, number, **options)[-1] for number in start.flatten().tolist()]
    together = run(name, S5, start, **options)[-1]
    assert together.flatten().tolist() == pytest.approx(alone, rel=1e-12)
    assert run(name, S5, start.float(), **options)[-1].dtype == torch.float32
    assert start.flatten().tolist() == [1.0, -2.0, 0.25]  # the caller's tensor is not written to


@pytest.mark.parametrize("name", DETERMINISTIC)
def test_many_small_steps_follow_the_flow(name):
    """They end where the flow's equation does: dx/dσ = (x - D) / σ, solved with 20 000 midpoint steps."""
    x, n = 1.0, 20_000

    def slope(x, sigma):
        return (x - 0.3 - 0.2 * x * (1 - sigma)) / sigma

    for i in range(n):
        sigma, width = 1 - i / n, 1 / n
        x -= width * slope(x - width / 2 * slope(x, sigma), sigma - width / 2)
    error = abs(run(name, [1 - i / 200 for i in range(200)] + [0.0])[-1] - x)
    assert error < 2e-3


@pytest.mark.parametrize("name", SAMPLERS)
def test_default_options_are_the_defaults(name):
    assert run(name, S5, **SAMPLERS[name].options) == run(name, S5)


@pytest.mark.parametrize("entry", SAMPLERS.values(), ids=SAMPLERS)
def test_a_declaration_says_what_it_is(entry):
    assert entry.summary.endswith(".")
    assert entry.source
    assert entry.function.__name__ == f"sample_{entry.name}"


@pytest.mark.parametrize("name", SAMPLERS)
def test_only_stochastic_samplers_draw_noise(name):
    entry, draws = SAMPLERS[name], []
    prediction = (0.3, 0.1) if entry.needs_negative else 0.3
    entry.function(lambda x, sigma: prediction, 1.0, S3, lambda: draws.append(1) or 0.5)
    assert len(draws) == DRAWS.get(name, 2 if entry.stochastic else 0)  # none in the step to 0


@pytest.mark.parametrize("name", SAMPLERS)
def test_only_multistep_samplers_change_when_the_list_is_cut(name):
    whole, first = run(name, S3)[-1], run(name, S3[:2])[-1]
    second = run(name, S3[1:], first)[-1]
    assert (second == whole) is not SAMPLERS[name].multistep


@pytest.mark.parametrize("name", SAMPLERS)
def test_model_calls(name):
    entry, sigmas = SAMPLERS[name], []

    def denoise(x, sigma):
        sigmas.append(sigma)
        return (0.3, 0.1) if entry.needs_negative else 0.3

    entry.function(denoise, 1.0, S3, lambda: 0.5)
    assert len(sigmas) == entry.calls_to_zero + 2 * entry.evaluations
    assert sigmas[: 3 * entry.evaluations : entry.evaluations] == list(S3[:-1])


@pytest.mark.parametrize("name", SAMPLERS)
def test_a_repeated_sigma_is_no_step(name):
    assert run(name, (*S5[:3], *S5[2:], 0.0))[-1] == run(name, S5)[-1]


def test_euler_ancestral_without_eta_is_euler():
    assert run("euler_ancestral", S5, eta=0.0) == run("euler", S5)
    assert run("euler_ancestral_cfg_pp", S5, eta=0.0) == run("euler_cfg_pp", S5)
    assert run("gradient_estimation", S5, gamma=1.0) == run("euler", S5)


def test_steps_leave_out_what_goes_nowhere():
    assert list(steps((1.0, 0.5, 0.5, 0.0, 0.0))) == [(1.0, 0.5), (0.5, 0.0)]
    assert list(steps(())) == []


def test_er_sde_starts_just_under_one():
    seen = []
    SAMPLERS["er_sde"].function(lambda x, sigma: seen.append(sigma) or 0.3, 1.0, S5, lambda: 0.5)
    assert seen == [pytest.approx(0.99999065, abs=1e-8), *S5[1:-1]]


@pytest.mark.parametrize("name", ["simple", "kl_optimal", "beta", "ltxv", "linear_quadratic"])
def test_er_sde_takes_every_schedule(name):
    assert math.isfinite(run("er_sde", schedule(name, 12))[-1])
    assert math.isfinite(run("er_sde", (1 - 1e-16, 1 - 1e-12, 0.5, 0.0))[-1])


@pytest.mark.parametrize(("kind", "eta"), [("ER-SDE", 1.0), ("Reverse-time SDE", 1.0), ("ODE", 1.0)])
@pytest.mark.parametrize(("s", "t"), [(0.975, 0.909375), (0.909375, 0.725), (0.725, 0.421875), (0.3, 0.01)])
def test_the_weights_of_er_sde_are_its_integrals(kind, eta, s, t):
    """By Simpson's rule on a fine grid, with the known first error of left rectangles put in."""
    solver, a, b = ErSde(kind=kind, eta=eta), odds(t), odds(s)
    phi = {
        "ER-SDE": lambda u: u * (math.exp(u**0.3) + 10),
        "Reverse-time SDE": lambda u: u**2,
        "ODE": lambda u: u,
    }[kind]

    def integral(f, n=20_000):
        h = (b - a) / n
        odd = sum(f(a + h * i) for i in range(1, n, 2))
        even = sum(f(a + h * i) for i in range(2, n, 2))
        fine = h / 3 * (f(a) + 4 * odd + 2 * even + f(b))
        return fine + (b - a) / 200 / 2 * (f(a) - f(b))

    first = (a - b) + integral(lambda u: 1 / phi(u)) * phi(a)
    second = (a - b) ** 2 / 2 + integral(lambda u: (u - b) / phi(u)) * phi(a)
    scale = b - a
    assert solver.weights(b, a) == pytest.approx((first, second), rel=2e-3, abs=2e-3 * scale)


def test_er_sde_as_an_ode_is_exact_where_the_prediction_is_linear():
    """dy/dλ = (y - D)/λ with D = p + q·λ has the solution y = p + C·λ - q·λ·ln λ."""
    p, q, c = 0.3, 0.7, 1.1
    before, s, t = 0.8, 0.7, 0.55

    def y(lam):
        return p + c * lam - q * lam * math.log(lam)

    past = [(odds(sigma), p + q * odds(sigma)) for sigma in (s, before)]
    x = ErSde(kind="ODE", max_stage=2).step((1 - s) * y(odds(s)), past, t, lambda: math.nan)
    assert x == pytest.approx((1 - t) * y(odds(t)), abs=1e-3)
    plain = ErSde(kind="ODE", max_stage=2).step((1 - s) * y(odds(s)), past[:1], t, lambda: math.nan)
    assert abs(plain - (1 - t) * y(odds(t))) > 0.03


def test_er_sde_without_eta_is_the_ode():
    reverse = run("er_sde", S5, kind="Reverse-time SDE", eta=0.0)
    assert reverse == pytest.approx(run("er_sde", S5, kind="ODE"), rel=1e-12)


@pytest.mark.parametrize(("options", "said"), [({"kind": "SDE"}, "no kind 'SDE'"), ({"max_stage": 4}, "not 4")])
def test_what_er_sde_refuses(options, said):
    with pytest.raises(ValueError, match=said):
        run("er_sde", S3, **options)
