"""What every loss must satisfy, by being in the catalogue: nothing here names a loss.

Each `check_…` takes a record and fails loudly; the tests at the end prove that a wrong record fails.
"""

from __future__ import annotations

import dataclasses
import importlib
import math

import numpy as np
import pytest
import torch
from latex_reader import read
from oracles import CLASSES, DRAW, HELD, SPECIAL_DRAWS, TORCH, VECTORS, WHOLE, draw, settings, target_of, torch_losses
from scipy import optimize, stats

from lossbook.catalogue import CATALOGUE
from lossbook.core import DOMAINS, REDUCTIONS, Loss

SEED = 20261121


def generator():
    return np.random.default_rng(SEED)


def rounds(loss: Loss):
    """Inputs and keywords, several times."""
    rng = generator()
    return [(draw(loss, rng), keywords) for keywords in settings(loss, rng) for _ in range(3)]


def allowed(loss: Loss) -> list[str]:
    return [reduction for reduction in REDUCTIONS if reduction in loss.reductions]


# ── Values and gradients against independent ones ────────────────────────────────────────────────────────────────────


def check_values_against_torch(loss: Loss):
    """The value, and its sum and mean where it has them, are those of a second implementation in PyTorch,
    which is printed below."""
    for inputs, keywords in rounds(loss):
        expected = torch_losses(loss, inputs, keywords)[0].detach()
        if "none" in loss.reductions:
            np.testing.assert_allclose(loss(**inputs, **keywords, reduction="none"), expected, rtol=1e-9, atol=1e-12)
            np.testing.assert_allclose(
                loss(**inputs, **keywords, reduction="sum"), expected.sum(), rtol=1e-9, atol=1e-12
            )
        np.testing.assert_allclose(loss(**inputs, **keywords, reduction="mean"), expected.mean(), rtol=1e-9, atol=1e-12)


def check_gradients_against_autograd(loss: Loss):
    """Every gradient, under every reduction, is PyTorch's automatic derivative of that second implementation."""
    for inputs, keywords in rounds(loss):
        for reduction in allowed(loss):
            losses, tensors = torch_losses(loss, inputs, keywords)
            (losses.mean() if reduction == "mean" else losses.sum()).backward()
            for name, gradient in loss.grads.items():
                result = gradient(**inputs, **keywords, reduction=reduction)
                assert np.shape(result) == np.shape(inputs[name]), name
                np.testing.assert_allclose(
                    result, tensors[name].grad, rtol=1e-8, atol=1e-11, err_msg=f"{name} {keywords}"
                )


def directions(loss: Loss, name: str, value):
    """The directions to step in: every element alone, or for distributions those that keep the sum."""
    shape = np.shape(value)
    for index in np.ndindex(shape):
        step = np.zeros(shape)
        step[index] = 1.0
        if loss.arguments[name].domain == "distribution":
            step[(*index[:-1], (index[-1] + 1) % shape[-1])] = -1.0
        yield step


def check_gradients_against_finite_differences(loss: Loss):
    """Every gradient is the difference quotient of the loss itself, element by element."""
    h = 1e-5
    for inputs, keywords in rounds(loss)[::3]:
        reduction = allowed(loss)[-1]
        keywords = {**keywords, **HELD.get(loss.name, lambda inputs: {})(inputs)}
        for name, gradient in loss.grads.items():
            slopes = gradient(**inputs, **keywords, reduction=reduction)
            for step in directions(loss, name, inputs[name]):
                above = loss(**{**inputs, name: inputs[name] + h * step}, **keywords, reduction=reduction)
                below = loss(**{**inputs, name: inputs[name] - h * step}, **keywords, reduction=reduction)
                slope = (above - below) / (2 * h)
                assert np.sum(slopes * step) == pytest.approx(slope, rel=1e-5, abs=1e-6), (name, keywords)


def check_library_names_exist(loss: Loss):
    """The names that PyTorch, scikit-learn and SciPy have for the loss exist in the installed versions."""
    for path in (loss.torch, loss.sklearn, loss.scipy):
        if not path:
            continue
        dotted = path.split()[0]
        module, _, attribute = dotted.rpartition(".")
        assert hasattr(importlib.import_module(module), attribute), f"{dotted} of {loss.name} does not exist"


# ── Densities ────────────────────────────────────────────────────────────────────────────────────────────────────────


def factor_of(loss: Loss, keywords) -> float:
    """The printed factor between the loss and −log of its density, as a number."""
    scope = {parameter.symbol: keywords[name] for name, parameter in loss.parameters.items()}
    return float(read(loss.density.factor, scope)(scope))


def check_density_against_scipy(loss: Loss):
    """Where SciPy has the density, the loss is the printed factor × −log of SciPy's, plus a constant."""
    if loss.density is None or not loss.density.scipy:
        return
    target = target_of(loss)
    for inputs, keywords in rounds(loss):
        names = {"stats": stats, "np": np, **inputs, **keywords}
        noise = eval(loss.density.scipy, {"__builtins__": {}}, names)
        log_density = (noise.logpmf if hasattr(noise.dist, "pmf") else noise.logpdf)(inputs[target])
        factor = factor_of(loss, keywords)
        rest = loss(**inputs, **keywords, reduction="none") + factor * log_density
        np.testing.assert_allclose(rest, rest[0], rtol=1e-9, atol=1e-9, err_msg=str(keywords))


# ── What the minimiser estimates ─────────────────────────────────────────────────────────────────────────────────────

SAMPLE = np.random.default_rng(SEED).gamma(2.0, 1.5, 41)  # odd and skewed: mean, median and quantiles are apart
ESTIMATES = {
    "the conditional mean": lambda keywords: np.mean(SAMPLE),
    "the conditional median": lambda keywords: np.median(SAMPLE),
    "the conditional quantile": lambda keywords: np.quantile(SAMPLE, keywords["quantile"], method="inverted_cdf"),
}


def check_what_it_estimates(loss: Loss):
    """Where the record says that the minimiser is a mean, a median or a quantile, the best constant for a skewed
    sample is it."""
    domains = [argument.domain for argument in loss.arguments.values()][:2]
    if loss.estimates not in ESTIMATES or domains != ["real", "real"]:
        return
    first, second = list(loss.arguments)[:2]
    rng = generator()
    for keywords in settings(loss, rng):

        def cost(constant, keywords=keywords):
            return loss(**{first: np.full(41, constant), second: SAMPLE}, **keywords)

        grid = np.sort(np.concatenate([SAMPLE, np.linspace(0, SAMPLE.max(), 200)]))
        start = int(np.argmin([cost(constant) for constant in grid]))
        around = grid[max(start - 1, 0)], grid[min(start + 1, len(grid) - 1)]
        best = optimize.minimize_scalar(cost, bounds=around, method="bounded", options={"xatol": 1e-9}).x
        assert best == pytest.approx(ESTIMATES[loss.estimates](keywords), abs=1e-4), keywords


# ── Reductions, shapes and kinds of numbers ──────────────────────────────────────────────────────────────────────────


def check_reductions_agree(loss: Loss):
    """The sum and the mean are those of the losses of the single examples, and so are their gradients."""
    if loss.reductions != REDUCTIONS:
        return
    for inputs, keywords in rounds(loss):
        losses = loss(**inputs, **keywords, reduction="none")
        total, mean = (loss(**inputs, **keywords, reduction=reduction) for reduction in ("sum", "mean"))
        assert isinstance(total, float) and isinstance(mean, float)
        assert total == pytest.approx(losses.sum(), rel=1e-12, abs=0)
        assert mean == pytest.approx(losses.mean(), rel=1e-12, abs=0)
        for gradient in loss.grads.values():
            slopes = gradient(**inputs, **keywords, reduction="none")
            np.testing.assert_array_equal(gradient(**inputs, **keywords, reduction="sum"), slopes)
            np.testing.assert_allclose(
                gradient(**inputs, **keywords, reduction="mean"), slopes / losses.size, 1e-13, 1e-15
            )


def check_a_grid_of_examples_is_a_batch(loss: Loss):
    """A grid of examples gives what the same examples give in a row."""
    if loss.name in SPECIAL_DRAWS or loss.reductions != REDUCTIONS:
        return
    inputs = draw(loss, generator(), (2, 3))
    flat = {name: np.reshape(value, (6, *np.shape(value)[2:])) for name, value in inputs.items()}
    for function in (loss, *loss.grads.values()):
        grid, row = (np.asarray(function(**given, reduction="none")) for given in (inputs, flat))
        np.testing.assert_allclose(np.reshape(grid, row.shape), row, rtol=1e-14)
    assert loss(**inputs, reduction="none").shape == (2, 3)


def check_a_single_example_needs_no_batch(loss: Loss):
    """One example alone gives what it gives as a batch of one."""
    if loss.name in SPECIAL_DRAWS:
        return
    inputs = draw(loss, generator(), ())
    batch = {name: np.asarray(value)[np.newaxis] for name, value in inputs.items()}
    for reduction in allowed(loss):
        value = loss(**inputs, reduction=reduction)
        assert np.ndim(value) == 0
        assert value == pytest.approx(np.sum(loss(**batch, reduction=reduction)), rel=1e-14, abs=0)
        for name, gradient in loss.grads.items():
            slopes = gradient(**inputs, reduction=reduction)
            assert np.shape(slopes) == np.shape(inputs[name])
            np.testing.assert_allclose(slopes, gradient(**batch, reduction=reduction)[0], rtol=1e-14)


def check_integers_and_lists_are_read_as_floats(loss: Loss):
    """Integers and lists give what arrays of floats give."""
    inputs = draw(loss, generator())
    for name, argument in loss.arguments.items():
        if argument.domain in ("real", "logits", "embedding"):
            inputs[name] = np.round(inputs[name] * 2)
        elif argument.domain in ("positive", "nonnegative"):
            inputs[name] = np.ceil(inputs[name])
    kinds = (
        {n: v.astype(int) if np.all(v == np.round(v)) else v for n, v in inputs.items()},
        {name: value.tolist() if loss.arguments[name].domain not in WHOLE else value for name, value in inputs.items()},
    )
    for function in (loss, *loss.grads.values()):
        for given in kinds:
            np.testing.assert_array_equal(function(**given, reduction="mean"), function(**inputs, reduction="mean"))


def check_float32_is_computed_in_float64(loss: Loss):
    """Single-precision input is computed in double precision."""
    inputs = draw(loss, generator(), (50,)) if loss.name not in SPECIAL_DRAWS else draw(loss, generator())
    single = {n: v if loss.arguments[n].domain in WHOLE else v.astype(np.float32) for n, v in inputs.items()}
    double = {n: v if loss.arguments[n].domain in WHOLE else v.astype(np.float64) for n, v in single.items()}
    assert loss(**single, reduction="mean") == loss(**double, reduction="mean")
    for gradient in loss.grads.values():
        result = gradient(**single, reduction="mean")
        assert result.dtype == np.float64
        np.testing.assert_array_equal(result, gradient(**double, reduction="mean"))


def check_nan_passes_through(loss: Loss):
    """A NaN in one example is seen in its loss, in the mean and in a gradient, and in no other example's loss."""
    for name, argument in loss.arguments.items():
        if argument.domain in WHOLE:
            continue
        inputs = draw(loss, generator())
        inputs[name][0] = np.nan
        assert math.isnan(loss(**inputs, reduction="mean")), name
        slopes = [gradient(**inputs, reduction="mean") for gradient in loss.grads.values()]
        assert any(np.isnan(slope).any() for slope in slopes), (
            name
        )  # a slope that does not depend on it may be a number
        if "none" in loss.reductions and loss.name not in SPECIAL_DRAWS:
            assert np.isnan(loss(**inputs, reduction="none")).tolist() == [True] + [False] * 5


def check_inputs_are_not_changed(loss: Loss):
    """No function changes the arrays it is given."""
    inputs = draw(loss, generator())
    before = {name: np.copy(value) for name, value in inputs.items()}
    for function in (loss, *loss.grads.values()):
        function(**inputs, reduction="mean")
    for name, value in before.items():
        np.testing.assert_array_equal(inputs[name], value)


# ── Refusals: every function of the record says which argument and what came ─────────────────────────────────────────


def refused(loss: Loss, inputs, *fragments: str, **keywords):
    """Every function of the loss raises `ValueError`, and the message holds every fragment."""
    for function in (loss.value, *loss.grads.values()):
        with pytest.raises(ValueError) as caught:
            function(**inputs, **keywords)
        for fragment in fragments:
            assert fragment in str(caught.value), f"{fragment!r} is missing in {caught.value!s} of {function.__name__}"


def check_refuses_an_unknown_reduction(loss: Loss):
    """An unknown reduction is refused by name, by the loss and every gradient."""
    for reduction in ("average", "", None, 1, ["mean"]):
        refused(loss, draw(loss, generator()), "reduction must be", f"got {reduction!r}", reduction=reduction)


def check_refuses_another_shape(loss: Loss):
    """Arguments whose shapes differ are refused."""
    names = list(loss.arguments)
    for name in names[1:]:
        inputs = draw(loss, generator())
        for value in (inputs[name][:-1], inputs[name][:, np.newaxis]):
            refused(loss, {**inputs, name: value}, name, "shape", str(np.shape(value)))


NOT_REAL = {"text": ["a"] * 6, "complex": [1j] * 6, "None": [None] * 6, "ragged": [[1.0], [1.0, 2.0]]}


def check_refuses_what_is_not_real(loss: Loss):
    """Text, complex numbers, `None`, ragged lists and masked arrays are refused."""
    for name in loss.arguments:
        for value in NOT_REAL.values():
            refused(loss, {**draw(loss, generator()), name: value}, name, "got")
        masked = np.ma.masked_invalid(draw(loss, generator())[name])
        refused(loss, {**draw(loss, generator()), name: masked}, name, "masked array")


BAD = {  # by domain of an argument: what one element must not be
    "positive": (0.0, -1.0, math.inf),
    "nonnegative": (-1.0,),
    "unit": (-0.1, 1.1),
    "probability": (-0.1, 1.1),
    "count": (-1, 0.5),
    "binary": (2, -1),
    "sign": (0, 2),
    "label": (-1, CLASSES),
    "logits": (math.inf,),
    "distribution": (-0.1, 0.9),
    "real": (),
    "angle": (),
    "embedding": (),
    "components": (),
    "box": (-100.0, math.inf),
    "soft mask": (-0.1, 1.1),
    "soft masks": (-0.1, 1.1),
    "mask": (2, -1),
    "label map": (-1, CLASSES),
    "positive components": (0.0, -1.0, math.inf),
    "features": (),
    "picture": (),
    "binary components": (2, -1),
    "frames": (math.inf,),
    "label sequence": (-1, CLASSES, 0),
}


def check_refuses_values_outside_the_domain(loss: Loss):
    """A value outside the domain of its argument is refused, and the message names the argument."""
    for name, argument in loss.arguments.items():
        for bad in BAD[argument.domain]:
            inputs = draw(loss, generator())
            value = np.array(inputs[name], dtype=type(bad) if argument.domain in WHOLE else float)
            value.flat[-1] = bad
            refused(loss, {**inputs, name: value}, name, "must", "got")
            if argument.domain != "distribution" or bad < 0:
                refused(loss, {**inputs, name: value}, f"got {bad}")


BAD_PARAMETER = {  # by `Parameter.domain`
    "greater than 0": (0, -1.5, math.nan, math.inf, "1", [1.0]),
    "at least 0": (-1.5, math.nan, math.inf, None),
    "in (0, 1)": (0, 1, -0.5, math.nan),
    "in (0, 1]": (0, -0.5, 1.5, math.nan),
    "in [0, 1]": (-0.5, 1.5, math.nan),
    "in [0, 1)": (-0.5, 1, math.nan),
    "in [−1, 1]": (-1.5, 1.5, math.nan),
    "any real number": (math.nan, math.inf, "1"),
}


def check_refuses_parameters_outside_their_domain(loss: Loss):
    """A parameter outside its domain is refused, and the message names the parameter and the value."""
    for name, parameter in loss.parameters.items():
        for bad in BAD_PARAMETER[parameter.domain]:
            refused(loss, draw(loss, generator()), f"{name} must", f"got {bad!r}", **{name: bad})


def check_refuses_the_mean_of_nothing(loss: Loss):
    """The mean of an empty batch is refused."""
    if loss.name in SPECIAL_DRAWS:
        return
    inputs = draw(loss, generator(), (0,))
    refused(loss, inputs, "at least one example", "empty batch", reduction="mean")
    if "none" in loss.reductions:
        assert loss(**inputs, reduction="sum") == 0 and loss(**inputs, reduction="none").shape == (0,)


# ── All of it, for all of them ───────────────────────────────────────────────────────────────────────────────────────

CHECKS = [check for name, check in list(globals().items()) if name.startswith("check_")]


@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.__name__.removeprefix("check_"))
@pytest.mark.parametrize("loss", CATALOGUE.values(), ids=lambda loss: loss.name)
def test_every_loss(loss, check):
    check(loss)


def test_every_domain_can_be_drawn_and_misused():
    assert set(DRAW) == set(BAD) == set(DOMAINS)
    assert set(DOMAINS) >= VECTORS | WHOLE


def test_no_oracle_without_a_loss():
    assert set(TORCH) <= set(CATALOGUE)


# ── The family can fail ──────────────────────────────────────────────────────────────────────────────────────────────

SOUND = CATALOGUE["huber"]


def spoilt(function, change):
    def wrong(*arguments, **keywords):
        return change(function(*arguments, **keywords))

    wrong.__name__ = function.__name__
    return wrong


@pytest.mark.parametrize("check", [check_gradients_against_autograd, check_gradients_against_finite_differences])
@pytest.mark.parametrize("change", [np.negative, lambda slopes: slopes * 1.0001, lambda slopes: slopes + 1e-4])
def test_a_wrong_gradient_is_caught(check, change):
    with pytest.raises(AssertionError):
        check(dataclasses.replace(SOUND, grad=spoilt(SOUND.grad, change)))


@pytest.mark.parametrize("loss", CATALOGUE.values(), ids=lambda loss: loss.name)
def test_a_gradient_of_the_wrong_sign_is_caught_for_every_loss(loss):
    with pytest.raises(AssertionError):
        check_gradients_against_finite_differences(dataclasses.replace(loss, grad=spoilt(loss.grad, np.negative)))


def test_a_wrong_value_is_caught():
    with pytest.raises(AssertionError):
        check_values_against_torch(dataclasses.replace(SOUND, value=spoilt(SOUND.value, lambda value: value * 1.0001)))


def test_a_wrong_density_is_caught():
    mse = CATALOGUE["mse"]
    with pytest.raises(AssertionError):
        check_density_against_scipy(
            dataclasses.replace(mse, density=dataclasses.replace(mse.density, scipy="stats.norm(prediction, 1)"))
        )


def test_a_wrong_claim_of_what_it_estimates_is_caught():
    with pytest.raises(AssertionError):
        check_what_it_estimates(dataclasses.replace(CATALOGUE["mae"], estimates="the conditional mean"))


def test_a_name_that_no_library_has_is_caught():
    with pytest.raises(AssertionError, match="does not exist"):
        check_library_names_exist(dataclasses.replace(SOUND, torch="torch.nn.functional.hubert_loss"))


def test_a_loss_that_accepts_anything_is_caught():
    careless = dataclasses.replace(CATALOGUE["student_t_nll"], value=spoilt(lambda *_, **__: 0.0, float))
    for check in CHECKS:
        if check.__name__.startswith("check_refuses"):
            with pytest.raises(pytest.fail.Exception):
                check(careless)


def test_a_loss_without_an_oracle_fails():
    def unheard_of(prediction, target, *, reduction="mean"):
        return 0.0

    with pytest.raises(pytest.fail.Exception, match="no PyTorch oracle for unheard_of"):
        check_values_against_torch(dataclasses.replace(CATALOGUE["mse"], value=unheard_of))


def test_torch_is_used_in_float64():
    losses, _ = torch_losses(SOUND, draw(SOUND, generator()), SOUND.defaults)
    assert losses.dtype == torch.float64
