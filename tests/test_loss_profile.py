"""The loss profile: slopes, implied densities and refusals, against closed forms."""

from functools import partial

import numpy as np
import pytest
import torch
from numpy.testing import assert_allclose
from scipy import stats

import lossbook
from lossbook.analysis import profile as analysis
from lossbook.analysis.profile import GRID, Profile, loss_profile
from lossbook.analysis.residual_curve import implied_density, residual_curve
from lossbook.catalogue import CATALOGUE
from lossbook.figures import profile
from lossbook.losses.regression import MSE
from lossbook.losses.robust import CAUCHY, HUBER

E = np.array([-3.0, -1.5, -0.5, 0.25, 1.5, 4.0])


@pytest.mark.parametrize(
    "loss",
    [
        pytest.param(HUBER, id="record"),
        pytest.param("huber", id="name"),
        pytest.param(lossbook.huber, id="function of prediction and target"),
        pytest.param(lambda e: np.where(np.abs(e) <= 1, e**2 / 2, np.abs(e) - 0.5), id="NumPy callable"),
        pytest.param(torch.nn.HuberLoss(), id="PyTorch module that averages"),
        pytest.param(torch.nn.functional.huber_loss, id="PyTorch function that averages"),
        pytest.param(partial(lossbook.huber, reduction="sum"), id="NumPy function that sums"),
        pytest.param(lambda y_hat, y: lossbook.huber(y_hat, y), id="NumPy callable that averages without a say"),
        pytest.param(torch.nn.HuberLoss(reduction="none"), id="PyTorch module"),
        pytest.param(lambda e: torch.where(e.abs() <= 1, e**2 / 2, e.abs() - 0.5), id="PyTorch callable"),
    ],
)
def test_every_way_to_hand_over_huber_gives_huber(loss):
    curve = residual_curve(loss)
    assert_allclose(curve.value(E), [2.5, 1.0, 0.125, 0.03125, 1.0, 3.5], rtol=1e-12)
    assert_allclose(curve.slope(E), [-1, -1, -0.5, 0.25, 1, 1], atol=1e-8)


def nan_beyond_three(e):
    return np.where(np.abs(e) > 3, np.nan, e**2)


@pytest.mark.parametrize(
    "loss", [torch.nn.MSELoss(), torch.nn.functional.mse_loss, lossbook.mse, partial(lossbook.mse), CATALOGUE["mse"]]
)
def test_a_loss_that_averages_has_a_profile(loss):
    readout = profile(loss, name="averages", sample=[1.0, 2.0, 6.0]).set(probe=1.5).readout
    assert readout.startswith("At e = 1.5 the loss is 2.250 and its slope 3.000; the density it implies is 0.564")
    assert readout.endswith("the constant it fits to the sample is 3.000.")  # 0.564 is π^−½


def test_a_callable_that_works_in_place_is_read_right():
    def doubled(e):
        e *= 2
        return e**2

    assert_allclose(residual_curve(doubled).value(E), 4 * E**2)


def test_a_slope_is_measured_over_a_millionth_of_the_residual_or_of_one():
    asked = []

    def squared(e):
        asked.append(e)
        return e**2

    curve, e = residual_curve(squared), np.array([0.0, 0.5, -3.0, 200.0])
    asked.clear()
    assert_allclose(curve.slope(e), 2 * e, rtol=1e-8, atol=1e-12)
    steps = np.array([1.0, 1.0, 3.0, 200.0])
    assert_allclose(asked, [e + 1e-6 * steps, e - 1e-6 * steps], rtol=1e-12)


@pytest.mark.parametrize(
    "loss",
    [
        pytest.param(lambda e: np.log(np.abs(e)), id="minus infinity at 0"),
        pytest.param(lambda e: np.where(np.abs(e) < 0.2, np.inf, np.abs(e)), id="infinite inside"),
        pytest.param(lambda e: 1e300 * e**2, id="needle"),
        pytest.param(lambda e: 1.0, id="one number for all"),
        pytest.param(lambda e: np.floor(np.abs(e)), id="steps"),
    ],
)
def test_a_strange_loss_is_drawn_without_a_warning(loss):
    explorer = profile(loss, name="strange")
    for probe in (-5.0, 0.0, 2.5):
        assert explorer.set(probe=probe).readout


@pytest.mark.parametrize("quantile", [0.2, 0.9])
def test_a_residual_is_target_minus_prediction(quantile):
    curve = residual_curve("pinball", quantile=quantile)
    assert_allclose(curve.value(np.array([-2.0, 3.0])), [2 * (1 - quantile), 3 * quantile], rtol=1e-12)
    assert_allclose(curve.slope(np.array([-2.0, 3.0])), [quantile - 1, quantile], rtol=1e-12)


@pytest.mark.parametrize(
    ("loss", "parameters", "density"),
    [
        ("mse", {}, stats.norm(0, 0.5**0.5)),
        ("mae", {}, stats.laplace(0, 1)),
        ("log_cosh", {}, stats.hypsecant(0, 1)),
        ("cauchy", {"scale": 2**0.5}, stats.cauchy(0, 2**0.5)),
        ("cauchy", {"scale": 2.0}, stats.t(3, scale=(4 / 3) ** 0.5)),  # ν = c² − 1 = 3, ν s² = c²
        ("pinball", {"quantile": 0.25}, stats.laplace_asymmetric((1 / 3) ** 0.5, scale=1 / (0.25 * 0.75) ** 0.5)),
    ],
)
def test_implied_densities_are_the_ones_that_scipy_knows(loss, parameters, density):
    implied = implied_density(residual_curve(loss, **parameters))
    assert implied.exists
    assert_allclose(implied(E), density.pdf(E), rtol=2e-5)


@pytest.mark.parametrize(
    ("loss", "parameters"),
    [
        pytest.param(lambda e: 1 - np.exp(-(e**2) / 2), {}, id="levels off"),
        pytest.param(lambda e: e / 8, {}, id="falls without bound"),
        pytest.param(CAUCHY, {"scale": 1.0}, id="tail 1/|e|"),
        pytest.param(CAUCHY, {"scale": 0.7}, id="tail heavier than 1/|e|"),
    ],
)
def test_a_loss_without_density_says_so(loss, parameters):
    assert not implied_density(residual_curve(loss, **parameters)).exists
    assert "implies no density" in profile(loss, **parameters).readout


@pytest.mark.parametrize("power", [1.1, 1.5, 3.0])
def test_a_tail_that_ends_slowly_is_counted_to_its_end(power):
    """The density is (1 + |e|)^−power over 2/(power − 1); at 1.1 a sixteenth of it lies beyond 2^40."""
    implied = implied_density(residual_curve(lambda e: power * np.log1p(np.abs(e))))
    assert_allclose(implied(0.0), (power - 1) / 2, rtol=1e-6)


@pytest.mark.parametrize(
    ("loss", "words"),
    [
        (3.0, "loss must be a Loss, the name of one, or a callable of the residual, got 3.0"),
        ("hubert", "name must be one of"),
        ("rmse", "loss must give one value per residual, got rmse"),
        (lambda e: e[:2], r"loss must return one number per residual, got shape \(2,\)"),
        (lambda e: np.log(e - 100), "loss must be finite at ordinary residuals"),
        (lambda e: 1j * e, "instead of real numbers"),
        (lambda a, b, c: a, "loss must accept an array of residuals"),
        (lambda e: e.nothing, "has no attribute 'nothing'"),
        (nan_beyond_three, "loss must be a number at every residual, got nan at"),
        ("binary_cross_entropy", r"must be a function of the residual alone, got binary_cross_entropy\(prediction"),
    ],
)
def test_what_cannot_be_profiled_is_refused_with_a_reason(loss, words):
    with pytest.raises(ValueError, match=words):
        profile(loss)


def test_an_unknown_parameter_is_refused():
    with pytest.raises(ValueError, match="parameters of huber must be among delta, got beta"):
        profile(HUBER, beta=1.0)


def test_a_bad_sample_is_refused():
    with pytest.raises(ValueError, match="sample must be a non-empty one-dimensional array of finite numbers"):
        profile(MSE, sample=[1.0, np.inf])
    with pytest.raises(ValueError, match="sample must be a plain array, got a masked array"):
        profile(MSE, sample=np.ma.masked_greater([1.0, 9.0], 5))
    with pytest.raises(ValueError, match="sample must hold real numbers, got 'abc'"):
        profile(MSE, sample="abc")


def test_the_readout_by_hand():
    # δ = 2 at e = 3: loss 2 · (3 − 1) = 4, slope 2; the sample's clipped residuals must sum to zero at the constant
    explorer = profile(HUBER, sample=[0, 1, 2, 100], name="by-hand").set(delta=2.0, probe=3.0)
    # c: (0 − c) + (1 − c) + (2 − c) + 2 = 0 gives c = 5/3, with 0 … 2 within 2 of it
    assert explorer.readout.startswith("At e = 3.0 the loss is 4.000 and its slope 2.000;")
    assert explorer.readout.endswith("the constant it fits to the sample is 1.667.")


@pytest.mark.parametrize(
    "name", [name for name, loss in CATALOGUE.items() if loss.chapter == "regression" and name != "rmse"]
)
def test_every_regression_loss_has_a_profile(name):
    assert profile(name).readout


def test_a_profile_reads_the_middle_of_the_constants_that_are_equally_good():
    # δ = 0.1 on the ten points of the sample: every constant from 0 to 0.1, all of them at least δ from every point
    assert profile("huber").set(delta=0.1).readout.endswith("the constant it fits to the sample is 0.050.")


def test_a_callable_of_prediction_and_target_is_not_mirrored():
    def leaning(prediction, target):  # 9 for a prediction too low, 1 for one too high
        e = target - prediction
        return np.where(e > 0, 9 * e, -e)

    curve = residual_curve(leaning)
    assert curve.value(np.array([-1.0, 1.0])).tolist() == [1, 9]


@pytest.mark.parametrize("way", [1, -1])
def test_no_constant_is_best_where_the_loss_falls_without_end_on_one_side(way):
    def falls(e):
        return np.where(way * e > 0, -np.log1p(np.maximum(way * e, 0)), -way * e)

    assert np.isnan(Profile(residual_curve(falls), np.array([0.0, 1.0, 2.0])).constant)


def test_the_residuals_that_are_shown_and_the_sample():
    assert analysis.REACH == 5 and len(analysis.SAMPLE) == 10 and list(analysis.SAMPLE) == sorted(analysis.SAMPLE)
    assert_allclose(GRID, np.arange(-200, 201) / 40, atol=1e-12)
    assert_allclose(analysis.NORMAL, stats.norm.pdf(GRID), rtol=1e-12)
    assert np.mean(analysis.SAMPLE) == pytest.approx(0.25) and np.median(analysis.SAMPLE) == pytest.approx(0.05)


def test_four_sides_of_a_profile_and_the_same_on_another_sample():
    one = loss_profile(CAUCHY, np.array([0.0, 1.0, 5.0]), scale=2.0)
    assert_allclose(one.values, 2 * np.log1p(GRID**2 / 4), rtol=1e-12)
    assert_allclose(one.slopes, GRID / (1 + GRID**2 / 4), rtol=1e-12, atol=1e-15)
    assert one.at(-2.0) == pytest.approx((2 * np.log(2), -1.0))
    assert_allclose(one.densities, stats.t(3, scale=(4 / 3) ** 0.5).pdf(GRID), rtol=2e-5)
    assert np.isnan(loss_profile(CAUCHY, one.sample, scale=1.0).densities).all()
    squared = loss_profile(MSE, one.sample)
    first = squared.constant
    other = squared.of(np.array([3.0, 4.0]))
    assert (first, other.constant) == pytest.approx((2.0, 3.5)) and other.sample.tolist() == [3, 4]
    assert other.curve is squared.curve and np.array_equal(other.values, squared.values)
    for key in ("values", "slopes", "density"):  # what is there already is handed on, and nothing else
        kept = getattr(squared, key)
        assert getattr(squared.of(one.sample), key) is kept
    assert "constant" not in vars(squared.of(one.sample))


def test_a_loss_that_falls_only_a_little_has_a_constant_all_the_same():
    sample = np.array([0.0, 0.2])
    assert loss_profile("mae", sample).constant == pytest.approx(0.1)
    flat = loss_profile(lambda e: 1 - np.exp(-(e**2) / 2), sample)  # levels off far out, and there it is highest
    assert flat.constant == pytest.approx(0.1, abs=1e-4)


def test_what_a_pull_does_far_out():
    residual = {"grows": "mse", "bounded": "log_cosh", "returns to 0": "cauchy"}
    for told, name in residual.items():
        assert analysis.far_pull(CATALOGUE[name]) == told
    assert analysis.far_pull(CATALOGUE["rmse"]) == ""


def test_a_further_argument_is_given_as_a_number():
    curve = residual_curve("normal_nll", scale=2.0)
    assert_allclose(curve.value(E), -stats.norm(scale=2).logpdf(E))
    assert_allclose(curve.slope(E), E / 4)
    assert curve.how == "exact" and curve.parameters["scale"] == 2.0 and curve.title == CATALOGUE["normal_nll"].title
    with pytest.raises(ValueError, match="scale must be given as a number to make a curve of normal_nll, got none"):
        residual_curve("normal_nll")
    with pytest.raises(ValueError, match=r"must be among scale.*, got beta, gamma"):
        residual_curve("normal_nll", scale=1.0, gamma=1.0, beta=1.0)
    with pytest.raises(ValueError, match="parameters of mse must be among no parameters, got beta"):
        residual_curve("mse", beta=1.0)
    assert (
        residual_curve(HUBER).parameters == {"delta": 1.0} and residual_curve(HUBER, delta=3.0).parameters["delta"] == 3
    )


def test_a_callable_keeps_its_name_its_parameters_and_its_reduction():
    def bent(e, power=1.0):
        return np.abs(e) ** power

    curve = residual_curve(bent, power=3.0)
    assert (curve.title, curve.how, curve.parameters) == ("bent", "central differences", {"power": 3.0})
    assert_allclose(curve.value(E), np.abs(E) ** 3)
    module = torch.nn.HuberLoss(reduction="sum", delta=2.0)
    curve = residual_curve(module)
    assert (curve.title, curve.how, module.reduction) == ("HuberLoss", "autograd", "sum")
    assert_allclose(curve.value(E), np.where(np.abs(E) <= 2, E**2 / 2, 2 * np.abs(E) - 2))
    assert_allclose(residual_curve(torch.nn.functional.huber_loss, delta=2.0).value(E), curve.value(E))
    assert_allclose(residual_curve(lossbook.huber, delta=2.0).slope(E), np.clip(E, -2, 2), atol=1e-8)
    averages = residual_curve(lambda e: (e**2).mean() if isinstance(e, torch.Tensor) else e.nothing)
    assert averages.how == "autograd"
    assert_allclose(averages.slope(E), 2 * E)
