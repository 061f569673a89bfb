"""The chapter on cross-entropy: its identities as numbers, and what its figures compute, by independent references."""

from __future__ import annotations

import inspect
import itertools
import math
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from scipy import integrate, optimize, special, stats

from lossbook.analysis import joint, optimism, pin, priors, tumours
from lossbook.exercises import check
from lossbook.explorer import Explorer, palette
from lossbook.figures import cross_entropy as figures
from lossbook.losses.information import cross_entropy, entropy, kl_divergence

PAGE = (Path(__file__).parents[1] / "book/part-1/cross-entropy.md").read_text(encoding="utf-8")
GRID = np.arange(1, 1000) / 1000
FLOOR = -0.7 * math.log(0.7) - 0.3 * math.log(0.3)


def marker(explorer: Explorer, axis: int, index: int) -> tuple[float, float]:
    """The place of the n-th one-point line of a panel."""
    lines = [line for line in explorer.figure.axes[axis].lines if len(line.get_xdata()) == 1]
    return float(lines[index].get_xdata()[0]), float(lines[index].get_ydata()[0])


def states(explorer: Explorer) -> Iterator[tuple[dict[str, Any], str]]:
    """Every state of an explorer, and what its readout says there."""
    names = list(explorer.controls)
    for values in itertools.product(*(explorer.controls[name].values for name in names)):
        state = dict(zip(names, values, strict=True))
        yield state, explorer.set(**state).readout


def numbers(text: str) -> list[float]:
    """The numbers of a sentence with decimals, in order."""
    return [float(found) for found in re.findall(r"-?\d+\.\d+", text.replace("−", "-"))]


# ── The constant term ────────────────────────────────────────────────────────────────────────────────────────────────


def test_divergence_is_cross_entropy_minus_the_entropy_of_the_truth() -> None:
    p, q = np.random.default_rng(1).dirichlet(np.full(5, 0.6), size=(2, 300))
    difference = cross_entropy(p, q) - entropy(p)
    np.testing.assert_allclose(difference, special.rel_entr(p, q).sum(axis=-1), rtol=1e-10)
    assert np.abs(cross_entropy(p, q) - entropy(q) - special.rel_entr(p, q).sum(axis=-1)).max() > 0.1  # not the model's


@pytest.mark.parametrize("truth", [0.1, 0.35, 0.7])
def test_both_have_the_truth_as_argmin_and_differ_by_a_constant(truth: float) -> None:
    loss = pin.average_loss(truth, GRID)
    expected = -truth * np.log(GRID) - (1 - truth) * np.log1p(-GRID)
    np.testing.assert_allclose(loss, expected, rtol=1e-13)
    divergence = special.rel_entr(truth, GRID) + special.rel_entr(1 - truth, 1 - GRID)
    assert GRID[loss.argmin()] == GRID[divergence.argmin()] == truth
    assert np.ptp(loss - divergence) < 1e-12


def test_gap_figure_shows_the_entropy() -> None:
    price = -0.7 * math.log(0.4) - 0.3 * math.log(0.6)
    said = f"cross-entropy {price:.3f} − entropy {FLOOR:.3f} = KL {price - FLOOR:.3f} nats"
    assert said in figures.constant_gap().set(truth=0.7, w=0.4).readout


def test_the_bar_keeps_its_length_and_the_figures_in_a_sentence_add_up() -> None:
    """In every state: the bar between the curves is the entropy, and what is printed is right and adds up."""
    explorer = figures.constant_gap()
    bar = next(line for line in explorer.figure.axes[0].lines if line.get_linewidth() == 4)
    for state, text in states(explorer):
        truth, w = state["truth"], state["w"]
        _, price, floor, extra, _ = numbers(text)
        assert price - floor == pytest.approx(extra, abs=1e-9), text
        exact = -truth * math.log(w) - (1 - truth) * math.log(1 - w)
        assert price == pytest.approx(exact, abs=5.1e-4)
        assert floor == pytest.approx(stats.entropy([truth, 1 - truth]), abs=5.1e-4)
        assert np.ptp(bar.get_ydata()) == pytest.approx(stats.entropy([truth, 1 - truth]), rel=1e-9)
        upper, lower = (line.get_ydata() for line in explorer.figure.axes[0].lines[:2])
        assert upper.argmin() == lower.argmin()


def test_a_fitted_loss_is_often_below_the_floor() -> None:
    below = [stats.entropy([m, 1 - m]) < FLOOR for m in (pin.THROWS[:n].mean() for n in range(1, 61))]
    assert sum(below) == pin.below_the_floor() == 40


def test_joint_is_conditional_plus_features_minus_truth() -> None:
    """Each term by a plain loop over the six cells, and the divergence of the two joint tables."""
    for w in (0.0, 0.7, 2.0):
        terms = joint.joint_terms(w)
        conditional = features = truth = whole = 0.0
        for x in range(3):
            for y in range(2):
                cell = joint.ALL_DAYS[x, y]
                late = 1 / (1 + math.exp(2 - w * x))
                chance = late if y else 1 - late
                conditional -= cell * math.log(chance)
                features -= cell * math.log(joint.FORECAST[x])
                truth -= cell * math.log(cell)
                whole += cell * math.log(cell / (chance * joint.FORECAST[x]))
        assert terms.conditional == pytest.approx(conditional, rel=1e-12)
        assert terms.features == pytest.approx(features, rel=1e-12)
        assert terms.truth == pytest.approx(truth, rel=1e-12)
        assert terms.joint_kl == pytest.approx(whole, rel=1e-10) == pytest.approx(conditional + features - truth)
    assert joint.ALL_DAYS.sum() == pytest.approx(1, abs=1e-12) == pytest.approx(joint.FORECAST.sum())


def best_of_the_bus(tied: bool) -> float:
    """Where the slope of the divergence is 0: expected minus true, of lateness in each weather and of the weather."""
    days = np.array([0.6, 0.25, 0.15])
    late = np.array([0.06, 0.075, 0.105]) / days
    x = np.arange(3.0)

    def slope(w: float) -> float:
        shares = np.exp(-w * x)
        return float(days @ (x * (special.expit(w * x - 2) - late)) + tied * (days @ x - shares @ x / shares.sum()))

    return float(optimize.brentq(slope, 0.0, 3.0))


def test_the_best_w_stays_for_every_forecast_and_jumps_where_w_shapes_the_weather() -> None:
    """In every state of the figure: the three terms, both stars, and the sentence, by arithmetic of its own."""
    free, tied = best_of_the_bus(False), best_of_the_bus(True)
    assert (round(free, 3), round(tied, 3)) == (1.344, 0.91)
    explorer = figures.bus_terms()
    prices: dict[str, set[float]] = {}
    for state, text in states(explorer):
        w, forecast = state["w"], state["forecast"]
        shaped = forecast == joint.TIED
        weather = np.exp(-w * np.arange(3)) if shaped else np.array(joint.FORECASTS[forecast])
        weather = weather / weather.sum()
        late = 1 / (1 + np.exp(2 - w * np.arange(3)))
        table = np.stack([1 - late, late], axis=1)
        conditional = -np.sum(joint.ALL_DAYS * np.log(table))
        features = -joint.ALL_DAYS.sum(axis=1) @ np.log(weather)
        model = (weather[:, None] * table).ravel()
        truth, whole = stats.entropy(joint.ALL_DAYS.ravel()), stats.entropy(joint.ALL_DAYS.ravel(), model)
        *said, at_conditional, at_joint = numbers(text)[1:]
        assert said == pytest.approx([conditional, features, truth, whole], abs=5.1e-4)
        assert said[0] + said[1] - said[2] == pytest.approx(said[3], abs=1e-9), text  # as printed
        assert [float(label.get_text()) for label in explorer.figure.axes[0].texts] == said
        wanted = (free, tied if shaped else free)
        assert (at_conditional, at_joint) == pytest.approx(wanted, abs=5.1e-4)
        assert (marker(explorer, 1, 0)[0], marker(explorer, 1, 1)[0]) == pytest.approx(wanted, abs=1e-6)
        bars = [(bar.get_x(), bar.get_x() + bar.get_width()) for bar in explorer.figure.axes[0].patches]
        ends = [(0, conditional), (conditional, conditional + features), (whole, conditional + features), (0, whole)]
        np.testing.assert_allclose(bars, ends, atol=1e-9)
        prices.setdefault(forecast, set()).add(round(features, 9))
    constant = {forecast: len(values) == 1 for forecast, values in prices.items()}
    assert constant == {**dict.fromkeys(joint.FORECASTS, True), joint.TIED: False}
    first, right, worst = (min(prices[name]) for name in joint.FORECASTS)
    assert "of the three terms only the middle one grows" in explorer.predict.found  # the joint KL's bar grows as well
    assert round(first - right, 4) == 0.0207 and right < first < worst


# ── Data arrive ──────────────────────────────────────────────────────────────────────────────────────────────────────


def test_the_first_three_throws_are_up() -> None:
    assert pin.THROWS[:4].tolist() == [1, 1, 1, 0]


@pytest.mark.parametrize("throws", [3, 10, 60])
def test_the_three_panels_agree(throws: int) -> None:
    products = np.prod(stats.bernoulli(GRID[:, None]).pmf(pin.THROWS[:throws]), axis=1)
    logs, losses = pin.likelihoods(throws, GRID)
    np.testing.assert_allclose(np.exp(logs), products, rtol=1e-10)
    np.testing.assert_allclose(losses, -np.log(products) / throws, rtol=1e-10, atol=1e-15)
    assert products.argmax() == logs.argmax() == losses.argmin()
    share = pin.THROWS[:throws].mean()
    assert marker(figures.pin_arrives().set(throws=throws), 0, 0) == pytest.approx((share, 1))


def test_the_panels_agree_at_every_step() -> None:
    """After each throw the three curves are best at one w, the log-likelihood never rises, the likelihood narrows."""
    explorer = figures.pin_arrives()
    best_logs, widths = [], {}
    for state, text in states(explorer):
        throws = state["throws"]
        curves = [next(line for line in axis.lines if len(line.get_xdata()) > 2) for axis in explorer.figure.axes]
        likelihood, logs, losses = (np.asarray(curve.get_ydata()) for curve in curves)
        assert likelihood.argmax() == logs.argmax() == losses.argmin()
        share = pin.THROWS[:throws].mean()
        assert {marker(explorer, panel, 0)[0] for panel in range(3)} == {share}
        assert f"the best w is {share:.3f}" in text
        best_logs.append(-throws * pin.share_loss(throws))
        widths[throws] = np.mean(likelihood > 0.5)
    assert np.all(np.diff(best_logs) <= 0) and best_logs[-1] < -30
    assert widths[60] < widths[20] < widths[6]


@pytest.mark.parametrize("seed", [0, 1, 2])
def test_the_average_loss_settles_and_the_likelihood_does_not(seed: int) -> None:
    """What the caption says of one pin holds for others: only the average loss comes to rest on the dashed curve."""
    up = (np.random.default_rng(seed).random(100_000) < pin.POINT_UP).cumsum()
    grid = np.linspace(0.2, 0.9, 71)
    gaps = [np.abs(pin.average_loss(up[n - 1] / n, grid) - pin.average_loss(pin.POINT_UP, grid)).max() for n in
            (10_000, 100_000)]  # fmt: skip
    assert max(gaps) < 0.05
    lowest = [-n * stats.entropy([up[n - 1] / n, 1 - up[n - 1] / n]) for n in (100, 10_000, 100_000)]
    assert lowest[0] > lowest[1] > lowest[2] and lowest[2] < -50_000


def test_an_exponential_however_small() -> None:
    assert figures.exponential(math.log(2.94e-16)) == "2.9 · 10⁻¹⁶"
    assert [figures.exponential(math.log(x)) for x in (1.0, 0.25, 0.00123)] == ["1", "0.25", "0.00123"]


# ── Monte Carlo and spikes ───────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(("w", "size"), [(0.9, 50), (0.3, 200)])
def test_standard_error_by_drawing_datasets(w: float, size: int) -> None:
    up = np.random.default_rng(3).random((20_000, size)) < 0.7
    losses = np.where(up, -math.log(w), -math.log(1 - w)).mean(axis=1)
    assert pin.standard_error(w, size) == pytest.approx(losses.std(), rel=0.03)
    exact = float(pin.average_loss(0.7, w))
    assert losses.mean() == pytest.approx(exact, abs=4 * losses.std() / math.sqrt(20_000))


def test_a_model_without_preference_has_no_luck() -> None:
    assert pin.standard_error(0.5, 7) == 0
    assert set(pin.paths(0.5).round(12).ravel()) == {round(math.log(2), 12)}


def test_half_the_width_takes_four_times_the_examples() -> None:
    for w in (0.3, 0.6, 0.8, 0.9):
        assert pin.standard_error(w, 4 * 50) == pytest.approx(pin.standard_error(w, 50) / 2, rel=1e-12)


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_the_band_keeps_its_promise(seed: int) -> None:
    """About 95% of the datasets of 100 throws, whichever 20 000 are drawn."""
    up = np.random.default_rng(seed).binomial(100, 0.7, size=20_000)
    losses = -(up * math.log(0.9) + (100 - up) * math.log(0.1)) / 100
    inside = np.abs(losses - pin.average_loss(0.7, 0.9)) <= 2 * pin.standard_error(0.9, 100)
    assert 0.94 < inside.mean() < 0.97


def test_the_bolder_the_model_the_larger_its_luck() -> None:
    bold = np.linspace(0.5, 0.99, 50)
    for side in (bold, 1 - bold):
        assert np.all(np.diff([float(pin.standard_error(w, 10)) for w in side]) > 0)


def test_own_loss_is_below_the_floor_on_average_and_new_loss_never() -> None:
    """For every number of throws and every series, from the binomial formula and the counts of each series."""
    for n in range(1, 61):
        mean = sum(
            math.comb(n, k) * 0.7**k * 0.3 ** (n - k) * stats.entropy([k, n - k]) for k in range(n + 1)
        )  # `stats.entropy` divides by the sum
        assert optimism.mean_own_loss(n) == pytest.approx(mean, rel=1e-9)
        assert mean < FLOOR
    assert [round(optimism.mean_own_loss(n), 3) for n in (3, 10, 60)] == [0.401, 0.556, 0.602]
    explorer = figures.own_and_new()
    assert explorer.predict is not None and explorer.predict.answer == pytest.approx(0.37, abs=1e-12)
    for state, text in states(explorer):
        n, throws = state["size"], optimism.series(state["series"])
        k = int(throws[: state["size"]].sum())
        assert f"N = {n}:" in text  # not "1 throws"
        own, later, prior = numbers(text)[0], numbers(text)[1:-1], numbers(text)[-1]
        assert own == pytest.approx(stats.entropy([k, n - k]), abs=5.1e-4)
        assert later[0] == pytest.approx(optimism.mean_own_loss(n), abs=5.1e-4)
        assert ("new throws infinite" in text) == (k in (0, n)) == (len(later) == 1)
        if 0 < k < n:
            assert later[1] == pytest.approx(-0.7 * math.log(k / n) - 0.3 * math.log(1 - k / n), abs=5.1e-4)
        map_up = (k + 1) / (n + 2)
        assert prior == pytest.approx(-0.7 * math.log(map_up) - 0.3 * math.log(1 - map_up), abs=5.1e-4)
    for number in range(1, optimism.SERIES + 1):
        found = optimism.judged(number)
        assert np.all(found.new >= FLOOR - 1e-12) and np.all(np.isfinite(found.prior))
    assert np.array_equal(optimism.series(1), pin.THROWS)
    ends = [float(line[-1]) for line in (optimism.judged(1).own, optimism.judged(1).new, optimism.judged(1).prior)]
    assert ends == pytest.approx([FLOOR] * 3, abs=0.02)


def test_every_path_ends_near_the_cross_entropy() -> None:
    assert np.all(np.abs(pin.shares_up()[:, -1] - 0.7) < 4 * math.sqrt(0.21 / 10_000))
    for w in (0.3, 0.6, 0.8, 0.9):
        gaps = np.abs(pin.paths(w) - pin.average_loss(0.7, w))
        assert gaps[:, -1].max() < 0.02 < gaps[:, pin.SIZES <= 20].max(axis=1).min()  # each wanders, all close in


def test_what_is_read_of_a_growing_dataset_in_every_state() -> None:
    """What is printed adds up: off by the printed average minus the printed cross-entropy; all of them by hand."""
    explorer = figures.monte_carlo()
    (label,) = explorer.figure.axes[0].texts
    for state, text in states(explorer):
        w, size = state["w"], state["size"]
        _, here, off, error = numbers(text)
        (truth,) = numbers(label.get_text())
        assert truth == pytest.approx(-0.7 * math.log(w) - 0.3 * math.log(1 - w), abs=5.1e-4)
        assert off == pytest.approx(here - truth, abs=1e-9)
        assert error == pytest.approx(abs(math.log(w / (1 - w))) * math.sqrt(0.21 / size), abs=5.1e-4)
        up = pin.shares_up()[state["dataset"] - 1, np.searchsorted(pin.SIZES, size)]
        assert here == pytest.approx(-up * math.log(w) - (1 - up) * math.log(1 - w), abs=5.1e-4)


def test_the_loss_of_a_density_is_finite_only_where_it_is_positive_on_every_example() -> None:
    examples = np.array([0.2, 0.7, 1.3])
    assert np.isfinite(-stats.norm.logpdf(examples).mean()) and -stats.uniform.logpdf(examples).mean() == math.inf
    assert "stays finite, *if the density is positive on every example*" in PAGE


def test_sigma_is_introduced_before_it_is_used() -> None:
    first = PAGE.index(r"\sigma(")
    assert PAGE[first:].startswith(r"\sigma(s) = \frac{1}{1 + e^{-s}}")


def test_the_loss_of_a_dataset_is_the_cross_entropy_of_its_shares() -> None:
    throws = pin.THROWS[:20]
    plain = np.mean([-math.log(0.6) if throw else -math.log(0.4) for throw in throws])
    assert plain == pytest.approx(cross_entropy([1 - throws.mean(), throws.mean()], [0.4, 0.6]), rel=1e-13)


# ── Maximum likelihood is the forward divergence ─────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("mixed", range(1, 10))
def test_maximum_likelihood_is_forward_and_not_reverse(mixed: int) -> None:
    counts = np.array([10, mixed, 10 - mixed])
    likelihood = stats.binom(2, GRID[:, None]).logpmf([0, 1, 2]) @ counts
    forward, reverse = pin.best_pairs(mixed)
    assert GRID[likelihood.argmax()] == pytest.approx(forward, abs=5.1e-4)
    assert forward == pytest.approx((mixed + 2 * (10 - mixed)) / 40, rel=1e-12)
    models = stats.binom(2, GRID[:, None]).pmf([0, 1, 2])
    backward = special.rel_entr(models, counts / 20).sum(axis=1)
    assert GRID[backward.argmin()] == pytest.approx(reverse, abs=1e-3)
    for near in (reverse - 1e-6, reverse + 1e-6):
        assert pin.pair_losses(mixed, near)[2] >= pin.pair_losses(mixed, reverse)[2]


def test_the_reverse_optimum_of_the_text_and_an_unseen_outcome() -> None:
    assert pin.best_pairs(2) == pytest.approx((0.45, 0.181063), abs=1e-6)
    _, reverse = pin.best_pairs(2)
    ratio = (0.45 / reverse) ** 18 * (0.55 / (1 - reverse)) ** 22
    assert round(ratio) == 2058  # as the chapter prints it
    for w in (0.01, 0.3, 0.99):
        assert kl_divergence(pin.two_throws(w), pin.pairs(0)) == math.inf


def test_the_reverse_divergence_has_two_valleys_at_one_mixed_pair_alone() -> None:
    """Counted on a fine grid, with the divergence from SciPy; and what the model claims at the two optima."""
    models = stats.binom(2, GRID[:, None]).pmf([0, 1, 2])
    valleys = {}
    for mixed in range(1, 10):
        values = special.rel_entr(models, np.array([10, mixed, 10 - mixed]) / 20).sum(axis=1)
        inner = (values[1:-1] < values[:-2]) & (values[1:-1] < values[2:])
        valleys[mixed] = GRID[1:-1][inner].tolist()
    assert {mixed for mixed, found in valleys.items() if len(found) > 1} == {1}
    assert valleys[1] == pytest.approx([0.07, 0.917], abs=1e-3) and valleys[1][0] < 0.5 < valleys[1][1]
    forward, reverse = pin.best_pairs(2)
    assert (100 * pin.two_throws(forward)[1], 100 * pin.two_throws(reverse)[2]) == pytest.approx((49.5, 3), abs=0.3)


def test_average_loss_and_forward_divergence_share_their_star_always() -> None:
    explorer = figures.forward_not_reverse()
    for state, text in states(explorer):
        stars = [marker(explorer, 1, index) for index in range(3)]
        assert stars[0][0] == stars[1][0]
        assert stars[1][1] < stars[0][1]
        *_, shared, reverse = numbers(text)
        assert (shared, reverse) == pytest.approx(pin.best_pairs(state["mixed"]), abs=5.1e-4)


def test_the_stars_meet_where_the_model_nearly_fits() -> None:
    """As the caption says: eight mixed pairs of twenty are close to the 8.4 that w = 0.3 expects."""
    assert pin.best_pairs(8) == pytest.approx((0.3, 0.3), abs=1e-3)
    gaps = [forward - reverse for forward, reverse in map(pin.best_pairs, range(1, 9))]
    assert gaps[0] == max(gaps) > 0.4


# ── Binary labels, two targets ───────────────────────────────────────────────────────────────────────────────────────


def test_the_floor_of_a_label_is_its_entropy_and_no_prediction_gets_below() -> None:
    explorer = figures.label_curves()
    curve, floor_line = (
        next(line for line in explorer.figure.axes[0].lines if line.get_linestyle() == style and line.get_color() == c)
        for style, c in (("-", palette.loss), ("--", palette.truth))
    )
    for state, text in states(explorer):
        y, prediction = state["y"], state["prediction"]
        expected = -y * math.log(prediction) - (1 - y) * math.log(1 - prediction)
        _, _, loss, floor, extra = numbers(text)
        assert loss == pytest.approx(expected, abs=5.1e-4)
        assert floor == pytest.approx(stats.entropy([y, 1 - y]), abs=5.1e-4)
        assert floor + extra == pytest.approx(loss, abs=1e-9), text
        assert np.min(curve.get_ydata()) >= floor_line.get_ydata()[0] - 1e-12
        assert (floor == 0) == (y in (0, 1))
    floors = [stats.entropy([y, 1 - y]) for y in explorer.controls["y"].values]
    assert np.all(np.diff(floors[:6]) > 0) and np.all(np.diff(floors[5:]) < 0)


def test_two_targets_are_ordered_both_ways() -> None:
    prices = [stats.entropy(p) + stats.entropy(p, [0.65, 0.35]) for p in ([0.95, 0.05], [0.5, 0.5])]
    extras = [stats.entropy(p, [0.65, 0.35]) for p in ([0.95, 0.05], [0.5, 0.5])]
    assert prices[0] < prices[1] and extras[0] > extras[1]
    explorer = figures.two_targets()
    assert "At the start p₁ has the smaller total" in explorer.caption  # in 16 of 343 states
    for value in (*prices, *extras):
        assert f"{value:.3f}" in explorer.readout
    assert explorer.readout.endswith("They disagree.")
    assert explorer.set(first=0.8, second=0.35, model=0.8).readout.endswith("They agree.")
    assert explorer.set(first=0.5, second=0.5).readout.endswith("There is a tie.")


def test_two_targets_in_every_state() -> None:
    """What stands over the bars adds up as printed; the verdict is right; both verdicts are within reach."""
    explorer = figures.two_targets()
    verdicts = set()
    assert explorer.challenge is not None
    goal = explorer.challenge.column(explorer.controls)
    for met, (state, text) in zip(goal, states(explorer), strict=True):
        assert met == (text.endswith("They agree.") and (state["first"], state["second"]) == (0.95, 0.5))
        q = [state["model"], 1 - state["model"]]
        truths = [[state[name], 1 - state[name]] for name in ("first", "second")]
        extras = [stats.entropy(p, q) for p in truths]
        prices = [stats.entropy(p) + extra for p, extra in zip(truths, extras, strict=True)]
        assert numbers(text) == pytest.approx([*prices, *extras], abs=5.1e-4)
        written = [label.get_text() for label in explorer.figure.axes[1].texts if " + " in label.get_text()]
        for label, p, extra in zip(written, truths, extras, strict=True):
            own, more, total = numbers(label)
            assert own + more == pytest.approx(total, abs=1e-9), label
            assert (own, more) == pytest.approx((stats.entropy(p), extra), abs=5.1e-4)
            assert len(label) <= len("0.12345 + 0.12345 = 0.12345")
        signs = [np.sign(round(pair[0] - pair[1], 9)) for pair in (prices, extras)]
        wanted = "There is a tie." if 0 in signs else "They agree." if signs[0] == signs[1] else "They disagree."
        assert text.endswith(wanted), text
        if (state["first"], state["second"]) == (0.95, 0.5):
            verdicts.add(wanted)
    assert verdicts >= {"They agree.", "They disagree."}


# ── Priors ───────────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(("up", "down", "a", "b"), [(3, 0, 2, 2), (7, 3, 1, 1), (21, 9, 15, 5), (1, 9, 5, 2)])
def test_posterior_mode_by_search(up: int, down: int, a: float, b: float) -> None:
    posterior = GRID ** (up + a - 1) * (1 - GRID) ** (down + b - 1)
    assert priors.posterior_mode(up, down, a, b) == pytest.approx(GRID[posterior.argmax()], abs=1e-3)
    np.testing.assert_allclose(
        priors.beta_density(a + up, b + down, GRID), stats.beta(a + up, b + down).pdf(GRID), rtol=1e-9
    )


@pytest.mark.parametrize("estimate", [-2.5, -0.4, 0.0, 1.0, 3.0])
@pytest.mark.parametrize("width", [0.5, 1.0, 4.0])
def test_penalties_are_priors(estimate: float, width: float) -> None:
    """The closed forms minimise loss − log prior, with SciPy's densities."""
    for prior, found in (
        (stats.norm(0, width), priors.map_under_normal(estimate, width)),
        (stats.laplace(0, width), priors.map_under_laplace(estimate, width)),
    ):
        result = optimize.minimize_scalar(
            lambda w, prior=prior: (w - estimate) ** 2 / 2 - prior.logpdf(w), bounds=(-5, 5), method="bounded"
        )
        assert found == pytest.approx(result.x, abs=1e-4)
    w = np.linspace(-2, 2, 9)
    np.testing.assert_allclose(priors.data_loss(w, 1.5), (w - 1.5) ** 2 / 2, atol=1e-12)
    np.testing.assert_allclose(priors.normal_penalty(w, width), w**2 / (2 * width**2), atol=1e-12)
    np.testing.assert_allclose(priors.laplace_penalty(w, width), np.abs(w) / width, atol=1e-12)


def test_a_flat_prior_leaves_the_mle_alone_and_data_fade_a_prior() -> None:
    """MAP and MLE coincide under Beta(1, 1) wherever there are data; the printed columns draw together."""
    explorer = figures.beta_prior()
    for state, text in states(explorer):
        up, down = state["up"], state["down"]
        if (state["a"], state["b"]) == (1, 1) and up + down:
            said = f"MLE {up / (up + down):.3f}; MAP {up / (up + down):.3f};"
            assert said in text
            assert marker(explorer, 0, 0)[0] == pytest.approx(marker(explorer, 0, 1)[0])
    gaps = []
    for n in (3, 10, 30, 60):
        up = int(pin.THROWS[:n].sum())
        gaps.append(abs(up / n - priors.posterior_mode(up, n - up, 2, 2)))
    assert np.all(np.diff(gaps) < 0)
    assert priors.posterior_mode(3, 0, 2, 2) == pytest.approx(0.8)


def test_one_penalty_multiplies_and_the_other_subtracts() -> None:
    """In every state: the same fraction for one width, the same step, and exactly 0 while the MLE is small."""
    explorer = figures.penalties()
    for state, text in states(explorer):
        estimate, width = state["estimate"], state["width"]
        *_, normal, laplace = numbers(text)
        assert normal == pytest.approx(estimate * width**2 / (1 + width**2), abs=5.1e-4)
        moved = abs(estimate) - abs(priors.map_under_laplace(estimate, width))
        assert moved == pytest.approx(min(1 / width, abs(estimate)), abs=1e-12)
        assert (priors.map_under_laplace(estimate, width) == 0) == (abs(estimate) <= 1 / width)
        assert laplace == pytest.approx(priors.map_under_laplace(estimate, width), abs=5.1e-4)


def test_two_modes_are_apart_unless_ups_and_downs_are_equal() -> None:
    explorer = figures.parameterisation()
    for state, text in states(explorer):
        up, down = state["up"], state["down"]
        n = up + down
        assert special.expit(priors.log_odds_mode(up, down)) == pytest.approx((up + 1) / (n + 2), rel=1e-12)
        assert f"w = {(up + 1) / (n + 2):.3f}." in text
        if n == 0:
            assert "has no mode" in text
            continue
        gap = up / n - (up + 1) / (n + 2)
        assert abs(gap) == pytest.approx(abs(up - down) / (n * (n + 2)), abs=1e-12)
        assert abs(gap) <= 1 / (n + 2) + 1e-12
        assert (abs(gap) < 1e-12) == (up == down)


@pytest.mark.parametrize(("up", "down"), [(3, 0), (7, 2), (0, 4)])
def test_one_posterior_two_modes(up: int, down: int) -> None:
    """The log-odds density is that of a transformed Beta: same probabilities, its mode at (n₁ + 1)/(N + 2)."""
    s = np.linspace(-12, 12, 240_001)
    density = priors.log_odds_density(1 + up, 1 + down, s)
    assert special.expit(s[density.argmax()]) == pytest.approx((up + 1) / (up + down + 2), abs=1e-4)
    for cut in (-1.0, 0.0, 1.5):
        below, _ = integrate.quad(lambda t: float(priors.log_odds_density(1 + up, 1 + down, t)), -60, cut)
        assert below == pytest.approx(stats.beta(1 + up, 1 + down).cdf(special.expit(cut)), rel=1e-8)


# ── Tumours ──────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_the_fit_balances_pushes_and_prior() -> None:
    data = tumours.halves()
    for width in (0.1, 1.0, 10.0):
        weights, intercept = tumours.map_fit(width)
        push = data.train_y - special.expit(data.train_x @ weights + intercept)
        np.testing.assert_allclose(push @ data.train_x, weights / width**2, atol=1e-5)
        assert push.sum() == pytest.approx(0, abs=1e-5)


def test_losses_of_the_fits_against_scikit_learn() -> None:
    from sklearn.metrics import log_loss

    data = tumours.halves()
    for width in (0.3, 3.0):
        weights, intercept = tumours.map_fit(width)
        train = log_loss(data.train_y, special.expit(data.train_x @ weights + intercept))
        test = log_loss(data.test_y, special.expit(data.test_x @ weights + intercept))
        assert tumours.average_losses(width) == pytest.approx((train, test), rel=1e-9)


def test_the_training_half_is_separable_so_there_is_no_maximum() -> None:
    """A linear program finds a hyperplane with all margins at least 1; wider priors then lower the loss for ever."""
    data = tumours.halves()
    signs = 2 * data.train_y - 1
    rows = -signs[:, None] * np.column_stack([data.train_x, np.ones(signs.size)])
    program = optimize.linprog(np.zeros(31), A_ub=rows, b_ub=-np.ones(signs.size), bounds=[(None, None)] * 31)
    assert program.status == 0
    losses = np.array([tumours.average_losses(width) for width in tumours.WIDTHS])
    lengths = [np.linalg.norm(tumours.map_fit(width)[0]) for width in tumours.WIDTHS]
    assert np.all(np.diff(losses[:, 0]) < 0) and np.all(np.diff(lengths) > 0)
    assert tumours.WIDTHS[losses[:, 1].argmin()] == 1.0


@pytest.mark.parametrize("split", [1, 2, 3])
def test_other_halves_tell_the_same_story(split: int) -> None:
    """What the chapter says of its run holds for others: a moderate prior has the best test loss, wide ones pay."""
    losses = np.array([tumours.average_losses(width, split) for width in tumours.WIDTHS])
    assert np.all(np.diff(losses[:, 0]) < 0)
    best = losses[:, 1].argmin()
    assert 0.1 <= tumours.WIDTHS[best] <= 3
    assert losses[-1, 1] > 2 * losses[best, 1] and losses[0, 1] > 2 * losses[best, 1]
    assert 3.5 < losses[-1, 1] / tumours.average_losses(1.0, split)[1] < 11.5  # "4 to 11 times"
    assert tumours.misjudged(100.0, split) > tumours.misjudged(1.0, split)


@pytest.mark.parametrize("split", [0, 1, 2, 3])
def test_longer_weights_turn_no_tumour_round_and_the_test_loss_turns(split: int) -> None:
    """Training loss down with every length; test loss down, then up, with the same mistakes; by the plain formula."""
    data, (train, test) = tumours.halves(split), tumours.places(split)
    weights, intercept = tumours.map_fit(100.0, split)
    length = math.sqrt(sum(weight**2 for weight in weights))
    np.testing.assert_allclose(test, (data.test_x @ weights + intercept) / length, rtol=1e-12)
    assert np.all((train > 0) == data.train_y)  # nobody on the wrong side
    signs = [2 * y - 1 for y in (data.train_y, data.test_y)]
    means = np.array([[np.logaddexp(0, -s * at * length).mean() for s, at in zip(signs, (train, test), strict=True)]
                      for length in tumours.LENGTHS])  # fmt: skip
    np.testing.assert_allclose(
        means, [[part.mean() for part in tumours.losses_at(length, split)] for length in tumours.LENGTHS], rtol=1e-9
    )
    best = int(means[:, 1].argmin())
    assert np.all(np.diff(means[:, 0]) < 0) and means[-1, 0] < 1e-4
    assert 0 < best < len(means) - 1
    assert np.all(np.diff(means[: best + 1, 1]) < 0) and np.all(np.diff(means[best:, 1]) > 0)


def test_the_figure_of_one_direction_in_every_state() -> None:
    data, (train, test) = tumours.halves(), tumours.places()
    explorer = figures.one_direction()
    assert explorer.predict is not None and explorer.predict.answer == 8
    crosses = [line for line in explorer.figure.axes[0].lines if line.get_marker() == "x"]
    assert sum(len(line.get_xdata()) for line in crosses) == 14
    assert [int(np.sum(at <= -3)) for at in (train, test)] == [1, 0] and "the surest one is off" in explorer.caption
    assert max(train.max(), test.max()) < explorer.figure.axes[0].get_xlim()[1]
    for state, text in states(explorer):
        each = np.logaddexp(0, -(2 * data.test_y - 1) * test * state["length"])
        own = np.logaddexp(0, -(2 * data.train_y - 1) * train * state["length"]).mean()
        error = each.std(ddof=1) / math.sqrt(each.size)
        loss = f"{own:.3g}" if own > 1e-4 else "4.02 · 10⁻⁵"
        assert text == (
            f"Length {state['length']:g}: 0 of 284 training tumours on the wrong side, loss {loss} nats; 14 of 285 "
            f"test tumours, loss {each.mean():.3g} ± {error:.2g}, the dearest costs {each.max():.1f}."
        )


@pytest.mark.parametrize("seed", [0, 1, 2])
def test_the_symptoms_of_the_table(seed: int) -> None:
    """The losses at the start, with weights as PyTorch draws them; a tight prior; and a logit of 40."""
    labels = tumours.halves().train_y
    raw = tumours.raw_features()
    np.testing.assert_allclose((raw - raw.mean(axis=0)) / raw.std(axis=0), tumours.halves().train_x, atol=1e-9)
    generator = np.random.default_rng(seed)
    weights = generator.uniform(-1, 1, 31) / math.sqrt(30)
    starts = [
        np.logaddexp(0, -(2 * labels - 1) * (x @ weights[:30] + weights[30])).mean()
        for x in (raw, tumours.halves().train_x)
    ]
    assert starts[0] > 10 and starts[1] < 1.5
    assert tumours.average_losses(0.01, seed)[0] > 0.9 * stats.entropy([labels.mean(), 1 - labels.mean()])
    assert tumours.average_losses(100.0, seed)[0] < 0.01 < 20 < np.linalg.norm(tumours.map_fit(100.0, seed)[0])
    assert 1 / (1 + math.exp(-40)) == 1 and np.logaddexp(0, 40) == 40


@pytest.mark.parametrize("split", range(5))
def test_the_test_loss_climbs_far_more_than_the_errors(split: int) -> None:
    """As the table of symptoms says; but the errors do rise, from 6 to 14 in the chapter's own halves."""
    losses, errors = ([of(width, split) for width in (1.0, 100.0)] for of in (
        lambda width, split: tumours.average_losses(width, split)[1], tumours.misjudged))  # fmt: skip
    assert losses[1] / losses[0] > 3 * errors[1] / errors[0] > 3


def test_in_the_end_the_mistakes_alone_count() -> None:
    """As the answer to the guess says: their loss grows in proportion to the length, and is nearly all of it."""
    wrong = (tumours.places()[1] > 0) != tumours.halves().test_y
    half, whole = (tumours.losses_at(length)[1] for length in (64.0, 128.0))
    assert whole[wrong].sum() / whole.sum() > 0.99
    assert whole[wrong].sum() / half[wrong].sum() == pytest.approx(2, abs=0.05)


def test_the_alternative_texts_of_the_new_figures() -> None:
    """Every number with decimals in them is one that the start shows, by other means."""
    known = {
        figures.bus_terms: {0.508, 0.958, 1.377, 0.089, 1.344},
        figures.own_and_new: {round(-0.7 * math.log(0.8) - 0.3 * math.log(0.2), 3), round(FLOOR, 3)},
        figures.forward_not_reverse: {0.5, 0.1, 0.4, 0.45, 0.181},
        figures.one_direction: set(),
    }
    for build, wanted in known.items():
        explorer = build()
        assert set(numbers(explorer.alt)) == wanted
        if build is figures.bus_terms:
            assert set(numbers(explorer.readout)[1:]) == wanted


def test_what_the_chapter_says_of_the_widest_prior() -> None:
    """The printed list, and the sentence below it."""
    each = np.sort(tumours.each_test_loss(100.0))[::-1]
    assert each[:5].round(1).tolist() == [115.8, 55.1, 31.1, 21.2, 15.9]
    shares = each[:5].sum() / each.sum(), each[0] / each.sum()
    assert shares == pytest.approx((0.80, 0.39), abs=5e-3)
    near, wide = tumours.average_losses(1.0)[1], tumours.average_losses(100.0)[1]
    assert wide / near == pytest.approx(15.6, abs=0.05)
    ones = tumours.halves().test_y.mean()
    assert wide > stats.entropy([ones, 1 - ones]) > near
    assert (tumours.misjudged(1.0) * 285, tumours.misjudged(100.0) * 285) == pytest.approx((6, 14))
    assert 14 / 285 < 1 / 20
    assert tumours.chosen_width() == 1.0
    factors = [tumours.average_losses(100.0, s)[1] / tumours.average_losses(1.0, s)[1] for s in range(1, 5)]
    assert (round(min(factors)), round(max(factors))) == (4, 11)


def test_the_differences_have_the_standard_errors_that_the_slips_print() -> None:
    """By a plain loop over the test half, with the formula of the loss."""
    data = tumours.halves()
    each = {}
    for width in (1.0, 3.0, 100.0):
        weights, intercept = tumours.map_fit(width)
        scores = data.test_x @ weights + intercept
        each[width] = np.array([np.logaddexp(0, -s if y else s) for s, y in zip(scores, data.test_y, strict=True)])
        np.testing.assert_allclose(each[width], tumours.each_test_loss(width), rtol=1e-9, atol=1e-12)
    for width, wanted in ((3.0, (0.0234, 0.0181)), (100.0, (0.978, 0.473))):
        gaps = each[width] - each[1.0]
        found = tumours.difference(width, 1.0)
        assert found == pytest.approx((gaps.mean(), gaps.std(ddof=1) / math.sqrt(gaps.size)), rel=1e-12)
        assert found == pytest.approx(wanted, rel=5e-3)
    dearest = np.sort(each[100.0])[::-1]
    assert dearest[:5].sum() > 0.75 * dearest.sum()  # "most of it comes from five tumours"


def test_the_same_penalty_beside_sum_and_mean_gives_other_weights() -> None:
    n = len(tumours.halves().train_y)
    beside_sum, beside_mean = (np.linalg.norm(tumours.map_fit(width)[0]) for width in (1.0, n**-0.5))
    assert beside_sum > 5 * beside_mean


# ── Slips get their hints ────────────────────────────────────────────────────────────────────────────────────────────


HEARD = {
    "cross-entropy-floor": [
        "0.722",
        "0.217",
        "1.61",
        "0.223",
        "0.693",
        "0",
        "-0.5",
        "0.1785",
        "0.322",
        "1.83",
        "0.916",
    ],
    "cross-entropy-one-label": ["0.699", "2.32", "0.223", "-1.61", "5", "0.8", "0.2", "1.83"],
    "cross-entropy-of-pairs": ["1.4", "0.8", "0.6", "0.2", "0.75", "0.77", "0.775", "0.55", "0.3", "2.33", "0.4", "28"],
    "cross-entropy-how-many": ["30", "3600", "1500", "5.48", "18", "225", "3457", "3458"],
    "cross-entropy-map-of-five": ["0.8", "7/11", "0.5", "5/7", "7/9", "6/11", "0.6", "4/9", "0.33"],
    "cross-entropy-flat-over-what": ["7/9", "8/3", "0.98", "6/7", "3/11", "0.8", "7/11"],
}
GENERIC = ("That is not it", "Close, but")


@pytest.mark.parametrize("id", HEARD)
def test_likely_wrong_answers_are_heard_by_name(id: str) -> None:
    said = {answer: check(id, answer) for answer in HEARD[id]}
    assert not any(result.right for result in said.values())
    unheard = [answer for answer, result in said.items() if result.messages[0].startswith(GENERIC)]
    assert not unheard
    assert "prior is missing" in " ".join(check("cross-entropy-map-of-five", 0.8).messages)


RIGHT = {
    "cross-entropy-bce-repair": (
        lambda p, y: -np.log(1 - np.abs(y - p)),
        lambda p, y: -np.log(y * p + (1 - y) * (1 - p)),
        lambda p, y: np.where(y == 1, -np.log(p), -np.log1p(-p)),
        lambda p, y: -special.xlogy(y, p) - special.xlog1py(1 - y, -p),
    ),
    "cross-entropy-dataset-code": (
        lambda counts, q: -np.log(np.prod(q**counts)) / counts.sum(),
        lambda counts, q: np.average(-np.log(q), weights=counts),
        lambda counts, q: np.mean(np.repeat(-np.log(q), counts.astype(int))),
    ),
}


@pytest.mark.parametrize("id", RIGHT)
def test_a_right_function_in_another_spelling_is_accepted(id: str) -> None:
    assert all(check(id, answer).right for answer in RIGHT[id])


def test_how_many_hears_no_slip_that_was_not_made() -> None:
    for answer in (1, 3, 6, 9, 26, 34):
        assert check("cross-entropy-how-many", answer).messages[0].startswith(GENERIC)


# ── What the figures compute, by hand ────────────────────────────────────────────────────────────────────────────────


def test_throws_and_series_drawn_again() -> None:
    """Sixty throws each, point up in seven of ten; six series, the first of them the chapter's."""
    assert (pin.POINT_UP, optimism.SERIES, pin.DATASETS) == (0.7, 6, 8)
    assert pin.THROWS.tolist() == [int(u < 0.7) for u in np.random.default_rng(26).random(60)]
    for number in (2, 3):
        assert optimism.series(number).tolist() == [int(u < 0.7) for u in np.random.default_rng(number).random(60)]
    up = np.random.default_rng(5).random((8, 10_000)) < 0.7
    assert (pin.SIZES[0], pin.SIZES[-1]) == (2, 10_000)
    assert (*(d * 10**k for k in range(4) for d in (1, 2, 5) if d * 10**k > 1), 10_000) == pin.STOPS
    np.testing.assert_allclose(pin.shares_up(), [[row[:n].mean() for n in pin.SIZES] for row in up], rtol=1e-12)
    assert 0.1 < np.diff(np.log(pin.SIZES[-50:])).max() < 0.15  # evenly spread on a scale of powers


def test_losses_of_a_series_by_counts() -> None:
    """On its own throws, on new ones, and of the MAP under Beta(2, 2): after four throws, three of them up."""
    found = optimism.judged(1)
    assert (found.own[3], found.new[3]) == pytest.approx(
        (stats.entropy([3, 1]), -0.7 * math.log(0.75) - 0.3 * math.log(0.25))
    )
    assert found.prior[3] == pytest.approx(-0.7 * math.log(4 / 6) - 0.3 * math.log(2 / 6))
    assert found.own[0] == 0 and math.isinf(found.new[0]) and found.own.size == found.new.size == found.prior.size == 60
    assert optimism.all_alike(1) == 1 and optimism.all_alike(2) == pytest.approx(0.58)
    assert pin.share_loss(4) == pytest.approx(stats.entropy([3, 1])) and pin.share_loss(3) == 0


def test_surplus_and_pairs_by_scipy() -> None:
    w = np.array([0.2, 0.6])
    np.testing.assert_allclose(pin.surplus(0.9, w), [stats.entropy([0.1, 0.9], [1 - at, at]) for at in w], rtol=1e-12)
    np.testing.assert_allclose(pin.pairs(3), [0.5, 0.15, 0.35])
    np.testing.assert_allclose(pin.two_throws(w), stats.binom.pmf([0, 1, 2], 2, w[:, None]))
    p, models = np.array([0.5, 0.15, 0.35]), stats.binom.pmf([0, 1, 2], 2, w[:, None])
    loss, forward, reverse = pin.pair_losses(3, w)
    np.testing.assert_allclose(loss, -np.log(models) @ p, rtol=1e-12)
    np.testing.assert_allclose(forward, stats.entropy(p[:, None], models.T), rtol=1e-12)
    np.testing.assert_allclose(reverse, stats.entropy(models.T, p[:, None]), rtol=1e-12)
    np.testing.assert_allclose(pin.paths(0.8)[2, :3], [-m * math.log(0.8) - (1 - m) * math.log(0.2)
                                                      for m in pin.shares_up()[2, :3]], rtol=1e-12)  # fmt: skip


def test_the_bus_and_its_forecasts() -> None:
    """Six, two and a half and one and a half of ten days; each late more often than the last."""
    np.testing.assert_allclose(joint.ALL_DAYS.sum(axis=1), [0.6, 0.25, 0.15])
    np.testing.assert_allclose(joint.ALL_DAYS[:, 1], [0.06, 0.075, 0.105])
    for name, shares in zip(joint.FORECASTS, ([50, 30, 20], [60, 25, 15], [10, 10, 80]), strict=True):
        np.testing.assert_allclose(joint.weather(0.9, name), np.array(shares) / 100)
        assert re.findall(r"\d+", name) == [str(share) for share in shares]
    np.testing.assert_allclose(joint.weather(math.log(2), joint.TIED), [4 / 7, 2 / 7, 1 / 7])
    np.testing.assert_allclose(joint.bus_late(1.0)[:, 1], special.expit([-2, -1, 0]))
    assert joint.joint_terms(0.7) == joint.joint_terms(0.7, "50, 30, 20%") and joint.WEATHER == ("dry", "rain", "snow")


def test_means_modes_and_penalties_by_hand() -> None:
    assert priors.posterior_mean(7, 3, 2, 5) == pytest.approx(9 / 17)
    assert priors.posterior_mode(7, 3, 2, 5) == pytest.approx(8 / 15) and math.isnan(priors.posterior_mode(0, 0, 1, 1))
    assert priors.log_odds_mode(5, 1) == pytest.approx(math.log(3))
    assert priors.log_odds_density(2, 3, 0.4) == pytest.approx(
        stats.beta(2, 3).pdf(special.expit(0.4)) * special.expit(0.4) * special.expit(-0.4), rel=1e-12
    )
    assert (priors.normal_penalty(3.0, 2.0), priors.laplace_penalty(-3.0, 2.0)) == pytest.approx((9 / 8, 3 / 2))
    assert (priors.map_under_normal(-3.0, 2.0), priors.map_under_laplace(-3.0, 2.0)) == pytest.approx((-2.4, -2.5))
    assert priors.map_under_laplace(0.4, 2.0) == 0 and priors.data_loss(-1.0, 2.0) == 4.5


def test_the_tumours_come_in_two_halves_that_the_first_one_standardises() -> None:
    from sklearn.datasets import load_breast_cancer
    from sklearn.model_selection import train_test_split

    x, y = load_breast_cancer(return_X_y=True)
    for split in (0, 2):
        train, test, labels, test_labels = train_test_split(x, y, test_size=0.5, random_state=split, stratify=y)
        data = tumours.halves(split)
        np.testing.assert_array_equal(tumours.raw_features(split), train)
        np.testing.assert_allclose(data.train_x, stats.zscore(train), atol=1e-9)
        np.testing.assert_allclose(data.test_x, (test - train.mean(axis=0)) / train.std(axis=0), atol=1e-9)
        assert (data.train_y == labels).all() and (data.test_y == test_labels).all()
    weights, intercept = tumours.map_fit(1.0, 2)
    wrong = (data.test_x @ weights + intercept > 0) != (data.test_y == 1)
    assert tumours.misjudged(1.0, 2) == wrong.mean() and tumours.places(2)[0].size == 284
    train, test = tumours.losses_at(2.0, 2)
    np.testing.assert_allclose(train, np.logaddexp(0, -(2 * data.train_y - 1) * tumours.places(2)[0] * 2), rtol=1e-9)
    np.testing.assert_allclose(test, np.logaddexp(0, -(2 * data.test_y - 1) * tumours.places(2)[1] * 2), rtol=1e-9)
    assert tumours.standard_error(np.array([1.0, 2, 4, 9])) == pytest.approx(stats.sem([1, 2, 4, 9]))
    for of in (tumours.average_losses, tumours.misjudged):
        assert of(1.0) == of(1.0, 0)
    np.testing.assert_array_equal(tumours.each_test_loss(1.0), tumours.each_test_loss(1.0, 0))
    np.testing.assert_array_equal(tumours.losses_at(1.0)[1], tumours.losses_at(1.0, 0)[1])
    np.testing.assert_array_equal(tumours.places()[0], tumours.places(0)[0])
    np.testing.assert_array_equal(tumours.map_fit(1.0)[0], tumours.map_fit(1.0, 0)[0])
    np.testing.assert_array_equal(tumours.raw_features(), tumours.raw_features(0))
    np.testing.assert_array_equal(tumours.halves().train_x, tumours.halves(0).train_x)


def test_a_width_is_chosen_by_five_folds_of_the_training_half(monkeypatch: pytest.MonkeyPatch) -> None:
    """Scikit-learn's own cross-validation of two widths of another split, on the same folds."""
    from sklearn.linear_model import LogisticRegression
    from sklearn.model_selection import StratifiedKFold, cross_val_predict

    assert [round(math.log2(length)) for length in tumours.LENGTHS] == list(range(-2, 8))
    assert tumours.WIDTHS == (0.01, 0.03, 0.1, 0.3, 1, 3, 10, 30, 100)
    data, folds, prices, losses = tumours.halves(2), StratifiedKFold(5, shuffle=True, random_state=0), {}, []
    plain = tumours.binary_cross_entropy_with_logits

    def noted(*given: Any, **rest: Any) -> Any:
        losses.append(plain(*given, **rest))
        return losses[-1]

    monkeypatch.setattr(tumours, "binary_cross_entropy_with_logits", noted)
    monkeypatch.setattr(tumours, "WIDTHS", (0.1, 0.3))
    chosen = tumours.chosen_width.__wrapped__(2)
    for width in (0.1, 0.3):
        model = LogisticRegression(C=width**2, solver="newton-cholesky", tol=1e-8, max_iter=1000)
        held = cross_val_predict(model, data.train_x, data.train_y, cv=folds, method="decision_function")
        prices[width] = np.logaddexp(0, -(2 * data.train_y - 1) * held).sum()
    assert np.reshape(losses, (2, 5)).sum(axis=1) == pytest.approx(list(prices.values()), rel=1e-6)
    assert chosen == min(prices, key=prices.__getitem__)
    assert inspect.signature(tumours.chosen_width).parameters["split"].default == 0
