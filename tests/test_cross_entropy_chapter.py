"""The chapter on cross-entropy: its identities as numbers, and what its figures compute, by independent references."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy import integrate, optimize, special, stats

from lossbook.exercises import check
from lossbook.explorer import Explorer
from lossbook.figures import cross_entropy as figures
from lossbook.losses.information import cross_entropy, entropy, kl_divergence
from lossbook.losses.likelihood_real import laplace_nll, normal_nll

GRID = np.arange(1, 1000) / 1000
FLOOR = -0.7 * math.log(0.7) - 0.3 * math.log(0.3)


def marker(explorer: Explorer, axis: int, index: int) -> tuple[float, float]:
    """The place of the n-th one-point line of a panel."""
    lines = [line for line in explorer.figure.axes[axis].lines if len(line.get_xdata()) == 1]
    return float(lines[index].get_xdata()[0]), float(lines[index].get_ydata()[0])


# ── The constant term ────────────────────────────────────────────────────────────────────────────────────────────────


def test_divergence_is_cross_entropy_minus_the_entropy_of_the_truth() -> None:
    p, q = np.random.default_rng(1).dirichlet(np.full(5, 0.6), size=(2, 300))
    difference = cross_entropy(p, q) - entropy(p)
    np.testing.assert_allclose(difference, special.rel_entr(p, q).sum(axis=-1), rtol=1e-10)
    assert np.abs(cross_entropy(p, q) - entropy(q) - special.rel_entr(p, q).sum(axis=-1)).max() > 0.1  # not the model's


@pytest.mark.parametrize("truth", [0.1, 0.35, 0.7])
def test_both_have_the_truth_as_argmin_and_differ_by_a_constant(truth: float) -> None:
    loss = figures.average_loss(truth, GRID)
    expected = -truth * np.log(GRID) - (1 - truth) * np.log1p(-GRID)
    np.testing.assert_allclose(loss, expected, rtol=1e-13)
    divergence = special.rel_entr(truth, GRID) + special.rel_entr(1 - truth, 1 - GRID)
    assert GRID[loss.argmin()] == GRID[divergence.argmin()] == truth
    assert np.ptp(loss - divergence) < 1e-12


def test_gap_figure_shows_the_entropy() -> None:
    price = -0.7 * math.log(0.4) - 0.3 * math.log(0.6)
    said = f"cross-entropy {price:.3f} − entropy {FLOOR:.3f} = KL {price - FLOOR:.3f} nats"
    assert said in figures.constant_gap().set(truth=0.7, w=0.4).readout


def test_joint_is_conditional_plus_features_minus_truth() -> None:
    """Each term by a plain loop over the six cells, and the divergence of the two joint tables."""
    for w in (0.0, 0.7, 2.0):
        terms = figures.joint_terms(w)
        conditional = features = truth = joint = 0.0
        for x in range(3):
            for y in range(2):
                cell = figures.ALL_DAYS[x, y]
                late = 1 / (1 + math.exp(2 - w * x))
                chance = late if y else 1 - late
                conditional -= cell * math.log(chance)
                features -= cell * math.log(figures.FORECAST[x])
                truth -= cell * math.log(cell)
                joint += cell * math.log(cell / (chance * figures.FORECAST[x]))
        assert terms.conditional == pytest.approx(conditional, rel=1e-12)
        assert terms.features == pytest.approx(features, rel=1e-12)
        assert terms.truth == pytest.approx(truth, rel=1e-12)
        assert terms.joint_kl == pytest.approx(joint, rel=1e-10) == pytest.approx(conditional + features - truth)
    assert figures.ALL_DAYS.sum() == pytest.approx(1, abs=1e-12) == pytest.approx(figures.FORECAST.sum())


# ── Data arrive ──────────────────────────────────────────────────────────────────────────────────────────────────────


def test_the_first_three_throws_are_up() -> None:
    assert figures.THROWS[:4].tolist() == [1, 1, 1, 0]


@pytest.mark.parametrize("throws", [3, 10, 60])
def test_the_three_panels_agree(throws: int) -> None:
    products = np.prod(stats.bernoulli(GRID[:, None]).pmf(figures.THROWS[:throws]), axis=1)
    logs, losses = figures.likelihoods(throws, GRID)
    np.testing.assert_allclose(np.exp(logs), products, rtol=1e-10)
    np.testing.assert_allclose(losses, -np.log(products) / throws, rtol=1e-10, atol=1e-15)
    assert products.argmax() == logs.argmax() == losses.argmin()
    share = figures.THROWS[:throws].mean()
    assert marker(figures.pin_arrives().set(throws=throws), 0, 0) == pytest.approx((share, 1))


def test_powers_of_ten() -> None:
    assert figures.powers_of_ten(math.log(2.94e-16)) == "2.9 · 10⁻¹⁶"
    assert [figures.powers_of_ten(math.log(x)) for x in (1.0, 0.25, 0.00123)] == ["1", "0.25", "0.00123"]


# ── Monte Carlo and spikes ───────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(("w", "size"), [(0.9, 50), (0.3, 200)])
def test_standard_error_by_drawing_datasets(w: float, size: int) -> None:
    up = np.random.default_rng(3).random((20_000, size)) < 0.7
    losses = np.where(up, -math.log(w), -math.log(1 - w)).mean(axis=1)
    assert figures.standard_error(w, size) == pytest.approx(losses.std(), rel=0.03)
    exact = float(figures.average_loss(0.7, w))
    assert losses.mean() == pytest.approx(exact, abs=4 * losses.std() / math.sqrt(20_000))


def test_a_model_without_preference_has_no_luck() -> None:
    assert figures.standard_error(0.5, 7) == 0


def test_every_path_ends_near_the_cross_entropy() -> None:
    assert np.all(np.abs(figures.shares_up()[:, -1] - 0.7) < 4 * math.sqrt(0.21 / 10_000))


def test_the_loss_of_a_dataset_is_the_cross_entropy_of_its_shares() -> None:
    throws = figures.THROWS[:20]
    plain = np.mean([-math.log(0.6) if throw else -math.log(0.4) for throw in throws])
    assert plain == pytest.approx(cross_entropy([1 - throws.mean(), throws.mean()], [0.4, 0.6]), rel=1e-13)


def test_seedlings_are_cheapest_at_their_mean_and_standard_deviation() -> None:
    explorer = figures.spikes()
    found = {}
    for mean in explorer.controls["mean"].values:
        for scale in explorer.controls["scale"].values:
            found[mean, scale] = -stats.norm(mean, scale).logpdf(figures.SEEDLINGS).mean()
    assert min(found, key=found.__getitem__) == (4.25, 1.5)
    assert stats.norm.fit(figures.SEEDLINGS) == pytest.approx((4.25, 1.5), abs=1e-3)
    assert f"is {found[4.25, 1.5]:.3f} nats" in explorer.set(mean=4.25, scale=1.5).readout


# ── Maximum likelihood is the forward divergence ─────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("mixed", [1, 2, 5, 9])
def test_maximum_likelihood_is_forward_and_not_reverse(mixed: int) -> None:
    counts = np.array([10, mixed, 10 - mixed])
    likelihood = stats.binom(2, GRID[:, None]).logpmf([0, 1, 2]) @ counts
    forward, reverse = figures.best_pairs(mixed)
    assert GRID[likelihood.argmax()] == pytest.approx(forward, abs=1e-12)
    assert forward == pytest.approx((mixed + 2 * (10 - mixed)) / 40, abs=6e-4)
    models = stats.binom(2, GRID[:, None]).pmf([0, 1, 2])
    backward = special.rel_entr(models, counts / 20).sum(axis=1)
    assert GRID[backward.argmin()] == pytest.approx(reverse, abs=1e-12)


def test_the_reverse_optimum_of_the_text_and_an_unseen_outcome() -> None:
    assert figures.best_pairs(2) == pytest.approx((0.45, 0.181), abs=1e-9)
    assert kl_divergence(figures.two_throws(0.3), figures.box_of_pins(0)) == math.inf


def test_the_stars_meet_where_the_model_nearly_fits() -> None:
    """As the caption says: eight mixed pairs of twenty are close to the 8.4 that w = 0.3 expects."""
    assert figures.best_pairs(8) == pytest.approx((0.3, 0.3), abs=6e-4)
    gaps = [forward - reverse for forward, reverse in map(figures.best_pairs, range(1, 9))]
    assert gaps[0] == max(gaps) > 0.4


# ── Binary labels, two targets ───────────────────────────────────────────────────────────────────────────────────────


def test_the_floor_of_a_label_is_its_entropy() -> None:
    explorer = figures.label_curves()
    for y, prediction in ((0.0, 0.3), (1.0, 0.3), (0.7, 0.3), (0.7, 0.7)):
        expected = -y * math.log(prediction) - (1 - y) * math.log(1 - prediction)
        floor = stats.entropy([y, 1 - y])
        text = explorer.set(y=y, prediction=prediction).readout
        assert f"loss {expected:.3f} = entropy of the label {floor:.3f} + KL {expected - floor:.3f}" in text


def test_two_targets_are_ordered_both_ways() -> None:
    prices = [stats.entropy(p) + stats.entropy(p, [0.65, 0.35]) for p in ([0.95, 0.05], [0.5, 0.5])]
    extras = [stats.entropy(p, [0.65, 0.35]) for p in ([0.95, 0.05], [0.5, 0.5])]
    assert prices[0] < prices[1] and extras[0] > extras[1]
    explorer = figures.two_targets()
    for value in (*prices, *extras):
        assert f"{value:.3f}" in explorer.readout
    assert explorer.readout.endswith("They disagree.")
    assert explorer.set(first=0.8, second=0.35, model=0.8).readout.endswith("They agree.")
    assert explorer.set(first=0.5, second=0.5).readout.endswith("There is a tie.")


# ── Priors ───────────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(("up", "down", "a", "b"), [(3, 0, 2, 2), (7, 3, 1, 1), (21, 9, 15, 5), (1, 9, 5, 2)])
def test_posterior_mode_by_search(up: int, down: int, a: float, b: float) -> None:
    posterior = GRID ** (up + a - 1) * (1 - GRID) ** (down + b - 1)
    assert figures.posterior_mode(up, down, a, b) == pytest.approx(GRID[posterior.argmax()], abs=1e-3)
    np.testing.assert_allclose(
        figures.beta_density(a + up, b + down, GRID), stats.beta(a + up, b + down).pdf(GRID), rtol=1e-9
    )


@pytest.mark.parametrize("estimate", [-2.5, -0.4, 0.0, 1.0, 3.0])
@pytest.mark.parametrize("width", [0.5, 1.0, 4.0])
def test_penalties_are_priors(estimate: float, width: float) -> None:
    """The closed forms minimise loss − log prior, with SciPy's densities."""
    for prior, found in (
        (stats.norm(0, width), figures.map_under_normal(estimate, width)),
        (stats.laplace(0, width), figures.map_under_laplace(estimate, width)),
    ):
        result = optimize.minimize_scalar(
            lambda w, prior=prior: (w - estimate) ** 2 / 2 - prior.logpdf(w), bounds=(-5, 5), method="bounded"
        )
        assert found == pytest.approx(result.x, abs=1e-4)
    w = np.linspace(-2, 2, 9)
    squares = normal_nll(0 * w, w, scale=width, reduction="none")
    sizes = laplace_nll(0 * w, w, scale=width, reduction="none")
    np.testing.assert_allclose(squares - squares[4], w**2 / (2 * width**2), atol=1e-12)
    np.testing.assert_allclose(sizes - sizes[4], np.abs(w) / width, atol=1e-12)


@pytest.mark.parametrize(("up", "down"), [(3, 0), (7, 2), (0, 4)])
def test_one_posterior_two_modes(up: int, down: int) -> None:
    """The log-odds density is that of a transformed Beta: same probabilities, its mode at (n₁ + 1)/(N + 2)."""
    s = np.linspace(-12, 12, 240_001)
    density = figures.log_odds_density(1 + up, 1 + down, s)
    assert special.expit(s[density.argmax()]) == pytest.approx((up + 1) / (up + down + 2), abs=1e-4)
    for cut in (-1.0, 0.0, 1.5):
        below, _ = integrate.quad(lambda t: float(figures.log_odds_density(1 + up, 1 + down, t)), -60, cut)
        assert below == pytest.approx(stats.beta(1 + up, 1 + down).cdf(special.expit(cut)), rel=1e-8)


# ── Tumours ──────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_the_fit_balances_pushes_and_prior() -> None:
    data = figures.tumours()
    for width in (0.1, 1.0, 10.0):
        weights, intercept = figures.map_fit(width)
        push = data.train_y - special.expit(data.train_x @ weights + intercept)
        np.testing.assert_allclose(push @ data.train_x, weights / width**2, atol=1e-5)
        assert push.sum() == pytest.approx(0, abs=1e-5)


def test_losses_of_the_fits_against_scikit_learn() -> None:
    from sklearn.metrics import log_loss

    data = figures.tumours()
    for width in (0.3, 3.0):
        weights, intercept = figures.map_fit(width)
        train = log_loss(data.train_y, special.expit(data.train_x @ weights + intercept))
        test = log_loss(data.test_y, special.expit(data.test_x @ weights + intercept))
        assert figures.tumour_losses(width) == pytest.approx((train, test), rel=1e-9)


def test_the_training_half_is_separable_so_there_is_no_maximum() -> None:
    """A linear program finds a hyperplane with all margins at least 1; wider priors then lower the loss for ever."""
    data = figures.tumours()
    signs = 2 * data.train_y - 1
    rows = -signs[:, None] * np.column_stack([data.train_x, np.ones(signs.size)])
    program = optimize.linprog(np.zeros(31), A_ub=rows, b_ub=-np.ones(signs.size), bounds=[(None, None)] * 31)
    assert program.status == 0
    losses = np.array([figures.tumour_losses(width) for width in figures.WIDTHS])
    lengths = [np.linalg.norm(figures.map_fit(width)[0]) for width in figures.WIDTHS]
    assert np.all(np.diff(losses[:, 0]) < 0) and np.all(np.diff(lengths) > 0)
    assert figures.WIDTHS[losses[:, 1].argmin()] == 1.0


def test_the_same_penalty_beside_sum_and_mean_gives_other_weights() -> None:
    n = len(figures.tumours().train_y)
    beside_sum, beside_mean = (np.linalg.norm(figures.map_fit(width)[0]) for width in (1.0, n**-0.5))
    assert beside_sum > 5 * beside_mean


# ── Slips get their hints ────────────────────────────────────────────────────────────────────────────────────────────


def test_a_slip_of_the_chapter_is_recognised() -> None:
    assert "reverse" in " ".join(check("cross-entropy-of-pairs", 0.181).messages)
    assert "prior is missing" in " ".join(check("cross-entropy-map-of-five", 0.8).messages)
