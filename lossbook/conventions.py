"""Where PyTorch, scikit-learn, SciPy and Optax say the same thing differently: pairs of expressions with one value.

Data only. The page *Conventions side by side* prints it with the values, and a test evaluates both sides of each entry.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

LIBRARIES = ("PyTorch", "scikit-learn", "SciPy", "Optax")


@dataclass(frozen=True, kw_only=True)
class Convention:
    """One library's habit, as three expressions over `inputs`.

    `call` is what the library is asked, `same` what this package (or NumPy) is asked for the same number, and `trap`,
    if there is one, what a reader might take for the same. `restated` writes out in NumPy what the library documents,
    for one that the tests do without. `within` is the relative tolerance of `call` against `same`.
    """

    topic: str
    claim: str
    library: str
    call: str
    same: str
    trap: str = ""
    restated: str = ""
    within: float = 1e-12

    def __post_init__(self) -> None:
        if self.library not in LIBRARIES:
            raise ValueError(f"library must be one of {', '.join(LIBRARIES)}, got {self.library!r}")


def inputs(seed: int = 0) -> dict[str, NDArray[Any]]:
    """The numbers that the expressions are evaluated on. Every name is an array."""
    rng = np.random.default_rng(seed)

    def some(*shape: int) -> NDArray[np.float64]:
        return rng.normal(size=shape).round(2)

    def distributions(*shape: int) -> NDArray[np.float64]:
        parts = rng.integers(1, 20, size=shape)
        return np.asarray(parts / parts.sum(axis=-1, keepdims=True))

    x = np.linspace(0, 5, 30)
    labels = rng.permutation([0, 1, 2, 2])
    return {
        "prediction": some(4),
        "target": some(4) + np.array([3, 0, 0.3, -3]),
        "predictions": some(4, 2),
        "targets": some(4, 2) + np.array([0, 5]),
        "scale": np.array([0.5, 1.0, 2.0, 3.0]),
        "logits": some(4, 3) * 2,
        "labels": labels,
        "some_ignored": np.where(np.arange(4) == 1, -100, labels),
        "one_hot": np.eye(3)[labels],
        "class_weight": np.array([1.0, 2.0, 6.0]),
        "score": some(4) * 2,
        "yes": np.array([1.0, 0.0, 1.0, 1.0]),
        "sample_weight": np.array([1.0, 2.0, 3.0, 4.0]),
        "p": distributions(2, 3),
        "q": distributions(2, 3),
        "mean_p": some(4),
        "mean_q": some(4),
        "log_rate": some(4),
        "count": rng.integers(1, 6, size=4).astype(float),
        "concentration": np.array([0.5, 2.0, 10.0, 20.0]),
        "x1": some(3, 2),
        "x2": some(3, 2),
        "x3": some(3, 2),
        "distance": np.abs(some(3)).clip(0.1, 0.9),
        "dissimilar": np.array([0, 1, 0]),
        "x": x,
        "y": (2 * x - 1 + rng.standard_t(2, size=x.size)).round(2),
    }


CONVENTIONS: tuple[Convention, ...] = (
    # ── Argument order and reductions ──
    Convention(
        topic="reductions",
        claim="PyTorch's mean divides by the number of *elements*: two targets per example count as two.",
        library="PyTorch",
        call="F.mse_loss(predictions, targets)",
        same="mse(predictions, targets)",
        trap='mse(predictions, targets, reduction="none").sum(axis=1).mean()',
    ),
    Convention(
        topic="reductions",
        claim="Optax leaves the mean to you: its regression losses come one per element, its softmax losses one per "
        "example. (`ntxent` is an exception.)",
        library="Optax",
        call="optax.squared_error(prediction, target)",
        restated="(prediction - target) ** 2",
        same='mse(prediction, target, reduction="none")',
    ),
    Convention(
        topic="reductions",
        claim="scikit-learn's metrics take the truth first. Squared error forgives the swap; pinball loss does not.",
        library="scikit-learn",
        call="metrics.mean_pinball_loss(target, prediction, alpha=0.9)",
        same="pinball(prediction, target, quantile=0.9)",
        trap="pinball(target, prediction, quantile=0.9)",
    ),
    Convention(
        topic="reductions",
        claim="With several targets, scikit-learn's RMSE is the mean of each column's root, not the root of one mean.",
        library="scikit-learn",
        call="metrics.root_mean_squared_error(targets, predictions)",
        same="np.mean([rmse(predictions[:, k], targets[:, k]) for k in range(2)])",
        trap="rmse(predictions, targets)",
    ),
    Convention(
        topic="reductions",
        claim="Ignored labels leave the mean: PyTorch divides by the number of labels that count. Its `ignore_index` "
        "is −100 unasked; here nothing is ignored unless you say so.",
        library="PyTorch",
        call="F.cross_entropy(logits, some_ignored)",
        same="softmax_cross_entropy(logits, some_ignored, ignore_index=-100)",
        trap='softmax_cross_entropy(logits, some_ignored, ignore_index=-100, reduction="sum") / 4',
    ),
    Convention(
        topic="reductions",
        claim="Class weights make the mean a weighted mean: the sum is divided by the weights of the labels present.",
        library="PyTorch",
        call="F.cross_entropy(logits, labels, weight=class_weight)",
        same="softmax_cross_entropy(logits, labels, weight=class_weight)",
        trap='np.mean(class_weight[labels] * softmax_cross_entropy(logits, labels, reduction="none"))',
    ),
    Convention(
        topic="reductions",
        claim="With one-hot or soft targets the same weights do *not* enter the divisor: the sum is divided by the "
        "number of examples.",
        library="PyTorch",
        call="F.cross_entropy(logits, one_hot, weight=class_weight)",
        same="softmax_cross_entropy(logits, one_hot, weight=class_weight)",
        trap="softmax_cross_entropy(logits, labels, weight=class_weight)",
    ),
    Convention(
        topic="reductions",
        claim="`sample_weight` in scikit-learn's metrics gives a weighted mean: only the ratios of the weights matter.",
        library="scikit-learn",
        call="metrics.log_loss(labels, softmax(logits), sample_weight=sample_weight)",
        same='np.average(softmax_cross_entropy(logits, labels, reduction="none"), weights=sample_weight)',
        trap='np.mean(sample_weight * softmax_cross_entropy(logits, labels, reduction="none"))',
    ),
    # ── One half, squares and thresholds ──
    Convention(
        topic="regression",
        claim="Optax's `l2_loss` holds a ½ that its `squared_error` does not.",
        library="Optax",
        call="optax.l2_loss(prediction, target)",
        restated="0.5 * (prediction - target) ** 2",
        same='mse(prediction, target, reduction="none") / 2',
        trap='mse(prediction, target, reduction="none")',
    ),
    Convention(
        topic="regression",
        claim="Smooth L1 is Huber with δ = β, *divided by β*. For β = 1 nobody notices.",
        library="PyTorch",
        call="F.smooth_l1_loss(prediction, target, beta=2.0)",
        same="huber(prediction, target, delta=2.0) / 2.0",
        trap="huber(prediction, target, delta=2.0)",
    ),
    Convention(
        topic="regression",
        claim="`huber_loss` is Huber as in the chapter, ½ included.",
        library="PyTorch",
        call="F.huber_loss(prediction, target, delta=2.0)",
        same="huber(prediction, target, delta=2.0)",
    ),
    Convention(
        topic="regression",
        claim="Optax's Huber is the same one, element by element.",
        library="Optax",
        call="optax.huber_loss(prediction, target, delta=2.0)",
        restated="0.5 * np.minimum(np.abs(target - prediction), 2.0) ** 2"
        " + 2.0 * np.maximum(np.abs(target - prediction) - 2.0, 0)",
        same='huber(prediction, target, delta=2.0, reduction="none")',
    ),
    Convention(
        topic="regression",
        claim="`HuberRegressor` learns a scale σ beside the line, and its `epsilon` counts in σ: δ = epsilon · σ. (Its "
        "objective is twice this Huber loss over σ, plus σ for each example.)",
        library="scikit-learn",
        call="linear_model.HuberRegressor(epsilon=1.5, alpha=0, tol=1e-9).fit(x[:, None], y).coef_[0]",
        same="fit_line(HUBER, x, y, delta=1.5 * linear_model.HuberRegressor(epsilon=1.5, alpha=0, tol=1e-9)"
        ".fit(x[:, None], y).scale_).slope",
        trap="fit_line(HUBER, x, y, delta=1.5).slope",
        within=1e-5,
    ),
    Convention(
        topic="regression",
        claim="SVR's `epsilon` is in the unit of y, and `C` multiplies the *sum* of the losses, beside ½‖w‖².",
        library="scikit-learn",
        call='svm.SVR(kernel="linear", C=0.02, epsilon=0.3, tol=1e-9).fit(x[:, None], y).coef_[0, 0]',
        same="optimize.minimize(lambda w: w[0] ** 2 / 2 + 0.02 * epsilon_insensitive(w[0] * x + w[1], y, epsilon=0.3,"
        ' reduction="sum"), [2.0, 0.0], method="Nelder-Mead").x[0]',
        trap="optimize.minimize(lambda w: w[0] ** 2 / 2 + 0.02 * epsilon_insensitive(w[0] * x + w[1], y, epsilon=0.3),"
        ' [2.0, 0.0], method="Nelder-Mead").x[0]',
        within=1e-3,
    ),
    Convention(
        topic="regression",
        claim="Optax's log-cosh, element by element.",
        library="Optax",
        call="optax.log_cosh(prediction, target)",
        restated="np.log(np.cosh(prediction - target))",
        same='log_cosh(prediction, target, reduction="none")',
    ),
    # ── Likelihoods ──
    Convention(
        topic="likelihoods",
        claim="`gaussian_nll_loss` takes the *variance*, not σ.",
        library="PyTorch",
        call="F.gaussian_nll_loss(prediction, target, scale**2, full=True)",
        same="normal_nll(prediction, target, scale=scale)",
        trap="normal_nll(prediction, target, scale=scale**2)",
    ),
    Convention(
        topic="likelihoods",
        claim="By default it leaves out the constant ½ log 2π, so it cannot be compared with other densities' NLL.",
        library="PyTorch",
        call="F.gaussian_nll_loss(prediction, target, scale**2)",
        same="normal_nll(prediction, target, scale=scale) - 0.5 * np.log(2 * np.pi)",
        trap="normal_nll(prediction, target, scale=scale)",
    ),
    Convention(
        topic="likelihoods",
        claim="It raises any variance below `eps` = 10⁻⁶ to `eps`, in silence. Here σ is taken as given.",
        library="PyTorch",
        call="F.gaussian_nll_loss(prediction, prediction, 0 * scale + 1e-10, full=True)",
        same="normal_nll(prediction, prediction, scale=0 * scale + 1e-3)",
        trap="normal_nll(prediction, prediction, scale=0 * scale + 1e-5)",
    ),
    Convention(
        topic="likelihoods",
        claim="`poisson_nll_loss` takes the *logarithm* of the rate and leaves log y! out.",
        library="PyTorch",
        call="F.poisson_nll_loss(log_rate, count)",
        same="poisson_nll(log_rate, count) - np.mean(special.gammaln(count + 1))",
        trap="poisson_nll(log_rate, count)",
    ),
    Convention(
        topic="likelihoods",
        claim="With `full=True` it puts Stirling's approximation in the place of log y!, and 0 for y ≤ 1.",
        library="PyTorch",
        call="F.poisson_nll_loss(log_rate, count, full=True)",
        same="np.mean(np.exp(log_rate) - count * log_rate"
        " + (count > 1) * (count * np.log(count) - count + 0.5 * np.log(2 * np.pi * count)))",
        trap="poisson_nll(log_rate, count)",
    ),
    Convention(
        topic="likelihoods",
        claim="With `log_input=False` it takes the rate itself and adds 10⁻⁸ inside the logarithm.",
        library="PyTorch",
        call="F.poisson_nll_loss(np.exp(log_rate), count, log_input=False)",
        same="np.mean(np.exp(log_rate) - count * np.log(np.exp(log_rate) + 1e-8))",
    ),
    Convention(
        topic="likelihoods",
        claim="scikit-learn's Poisson deviance is twice the NLL above that of a perfect prediction; it takes the mean, "
        "not its logarithm.",
        library="scikit-learn",
        call="metrics.mean_poisson_deviance(count, np.exp(log_rate))",
        same="2 * (poisson_nll(log_rate, count) - poisson_nll(np.log(count), count))",
        trap="poisson_nll(log_rate, count)",
    ),
    Convention(
        topic="likelihoods",
        claim="PyTorch's von Mises density uses a short polynomial for the Bessel function: expect seven digits, not "
        "sixteen.",
        library="PyTorch",
        call="-distributions.VonMises(prediction, concentration).log_prob(torch.tensor(target)).mean()",
        same="von_mises_nll(prediction, target, concentration=concentration)",
        within=1e-6,
    ),
    # ── Divergences ──
    Convention(
        topic="divergences",
        claim="`kl_div` takes the *model* first, as logarithms, and the truth second.",
        library="PyTorch",
        call='F.kl_div(np.log(q), p, reduction="batchmean")',
        same='kl_divergence(p, q, reduction="mean")',
        trap='kl_divergence(q, p, reduction="mean")',
    ),
    Convention(
        topic="divergences",
        claim='Its default `reduction="mean"` divides by the number of *probabilities*, which is no divergence. '
        "`batchmean` divides by the number of distributions.",
        library="PyTorch",
        call="F.kl_div(np.log(q), p)",
        same='kl_divergence(p, q, reduction="sum") / p.size',
        trap='kl_divergence(p, q, reduction="mean")',
    ),
    Convention(
        topic="divergences",
        claim="`torch.distributions.kl_divergence` takes the truth first again.",
        library="PyTorch",
        call="distributions.kl_divergence(distributions.Normal(mean_p, scale), distributions.Normal(mean_q, 1.0))",
        same='kl_normal(mean_p, scale, mean_q, np.ones(4), reduction="none")',
        trap='kl_normal(mean_q, np.ones(4), mean_p, scale, reduction="none")',
    ),
    Convention(
        topic="divergences",
        claim="Optax's `kl_divergence` has PyTorch's order: logarithms of the model, then the truth.",
        library="Optax",
        call="optax.kl_divergence(np.log(q), p)",
        restated="np.sum(p * (np.log(p) - np.log(q)), axis=-1)",
        same="kl_divergence(p, q)",
        trap="kl_divergence(q, p)",
    ),
    Convention(
        topic="divergences",
        claim="`rel_entr` gives the terms p log(p/q), truth first; their sum is the divergence.",
        library="SciPy",
        call="special.rel_entr(p, q).sum(axis=-1)",
        same="kl_divergence(p, q)",
    ),
    Convention(
        topic="divergences",
        claim="The terms of `scipy.special.kl_div` are p log(p/q) − p + q. Only the sum over a whole distribution is "
        "the same.",
        library="SciPy",
        call="special.kl_div(p, q)[0]",
        same="p[0] * np.log(p[0] / q[0]) - p[0] + q[0]",
        trap="p[0] * np.log(p[0] / q[0])",
    ),
    Convention(
        topic="divergences",
        claim="`scipy.stats.entropy(pk, qk)` is the divergence, truth first, and normalises counts in silence. Here "
        "anything that does not sum to one is refused.",
        library="SciPy",
        call="stats.entropy(20 * p, q, axis=-1)",
        same="kl_divergence(p, q)",
        trap="entropy(p)",
    ),
    Convention(
        topic="divergences",
        claim="`jensenshannon` is the *distance*, the square root of the divergence.",
        library="SciPy",
        call="distance_functions.jensenshannon(p, q, axis=-1)",
        same="np.sqrt(js_divergence(p, q))",
        trap="js_divergence(p, q)",
    ),
    # ── Classification ──
    Convention(
        topic="classification",
        claim="`cross_entropy` takes scores and applies the softmax itself. Probabilities passed to it go through a "
        "second softmax, and nothing complains.",
        library="PyTorch",
        call="F.cross_entropy(logits, labels)",
        same="softmax_cross_entropy(logits, labels)",
        trap="softmax_cross_entropy(softmax(logits), labels)",
    ),
    Convention(
        topic="classification",
        claim="`nll_loss` takes *log*-probabilities, and takes no logarithm although its name says so.",
        library="PyTorch",
        call="F.nll_loss(log_softmax(logits), labels)",
        same="softmax_cross_entropy(logits, labels)",
        trap="-np.mean(softmax(logits)[np.arange(4), labels])",
    ),
    Convention(
        topic="classification",
        claim="Optax has one function for class indices and one for one-hot or soft targets.",
        library="Optax",
        call="optax.softmax_cross_entropy_with_integer_labels(logits, labels)",
        restated="np.log(np.sum(np.exp(logits), axis=-1)) - logits[np.arange(4), labels]",
        same='softmax_cross_entropy(logits, labels, reduction="none")',
    ),
    Convention(
        topic="classification",
        claim="scikit-learn's `log_loss` takes probabilities, the truth first.",
        library="scikit-learn",
        call="metrics.log_loss(labels, softmax(logits))",
        same='cross_entropy(one_hot, softmax(logits), reduction="mean")',
    ),
    Convention(
        topic="classification",
        claim="It clips probabilities at the machine epsilon, so a certain wrong answer costs 36 and not infinity.",
        library="scikit-learn",
        call="metrics.log_loss([1], [[1.0, 0.0]], labels=[0, 1])",
        same="-np.log(np.finfo(float).eps)",
        trap="binary_cross_entropy([0.0], [1.0])",
    ),
    Convention(
        topic="classification",
        claim="PyTorch's `binary_cross_entropy` stops each logarithm at −100.",
        library="PyTorch",
        call="F.binary_cross_entropy(0 * yes, yes)",
        same="np.mean(100 * yes)",
        trap="binary_cross_entropy(0 * yes, yes)",
    ),
    Convention(
        topic="classification",
        claim="Label smoothing ε moves ε/K to *every* class, the right one included: it keeps 1 − ε + ε/K.",
        library="PyTorch",
        call="F.cross_entropy(logits, labels, label_smoothing=0.3)",
        same="softmax_cross_entropy(logits, labels, label_smoothing=0.3)",
        trap="softmax_cross_entropy(logits, 0.7 * one_hot + 0.3 / 2 * (1 - one_hot))",
    ),
    Convention(
        topic="classification",
        claim="Optax smooths in the same way, but smooths the labels and not the loss.",
        library="Optax",
        call="optax.softmax_cross_entropy(logits, optax.smooth_labels(one_hot, 0.3))",
        restated="-np.sum((0.7 * one_hot + 0.1) * (logits - np.log(np.sum(np.exp(logits), -1, keepdims=True))), -1)",
        same='softmax_cross_entropy(logits, labels, label_smoothing=0.3, reduction="none")',
    ),
    Convention(
        topic="classification",
        claim="`pos_weight` multiplies the positive terms, and the mean still divides by the number of elements: no "
        "weighted mean.",
        library="PyTorch",
        call="F.binary_cross_entropy_with_logits(score, yes, pos_weight=torch.tensor(5.0))",
        same="binary_cross_entropy_with_logits(score, yes, pos_weight=5.0)",
        trap='np.average(binary_cross_entropy_with_logits(score, yes, reduction="none"), weights=1 + 4 * yes)',
    ),
    Convention(
        topic="classification",
        claim="Optax's sigmoid cross-entropy has no `pos_weight`, and one loss per element.",
        library="Optax",
        call="optax.sigmoid_binary_cross_entropy(score, yes)",
        restated="-yes * np.log(1 / (1 + np.exp(-score))) - (1 - yes) * np.log(1 / (1 + np.exp(score)))",
        same='binary_cross_entropy_with_logits(score, yes, reduction="none")',
    ),
    Convention(
        topic="classification",
        claim="From a score far on the right side PyTorch returns 0, where the loss still has sixteen digits.",
        library="PyTorch",
        call="F.binary_cross_entropy_with_logits(torch.tensor(-40.0, dtype=torch.float64), torch.tensor(0.0).double())",
        same="np.log(1 + np.exp(-40.0))",
        trap="binary_cross_entropy_with_logits(-40.0, 0.0)",
    ),
    Convention(
        topic="classification",
        claim="The Brier score of two classes is a mean squared error of the positive class alone; over both it is "
        "twice that.",
        library="scikit-learn",
        call="metrics.brier_score_loss(yes, sigmoid(score))",
        same="mse(sigmoid(score), yes)",
        trap="mse(sigmoid(score), yes) + mse(1 - sigmoid(score), 1 - yes)",
    ),
    Convention(
        topic="classification",
        claim="`hinge_loss` takes the truth first as any two labels, and reads the larger as +1.",
        library="scikit-learn",
        call="metrics.hinge_loss(yes, score)",
        same="np.mean(np.maximum(0, 1 - (2 * yes - 1) * score))",
        trap="np.mean(np.maximum(0, 1 - yes * score))",
    ),
    # ── Pairs and triplets ──
    Convention(
        topic="pairs",
        claim="Hadsell, Chopra and LeCun, and this course, label *dissimilar* pairs 1. PyTorch labels similar pairs 1 "
        "and dissimilar ones −1.",
        library="PyTorch",
        call="F.cosine_embedding_loss(x1, x2, 1 - 2 * dissimilar, margin=0.2)",
        same="cosine_embedding(x1, x2, dissimilar, margin=0.2)",
        trap="cosine_embedding(x1, x2, 1 - dissimilar, margin=0.2)",
        within=1e-9,
    ),
    Convention(
        topic="pairs",
        claim="`hinge_embedding_loss` looks like the contrastive loss, but neither squares nor halves.",
        library="PyTorch",
        call="F.hinge_embedding_loss(distance, 1 - 2 * dissimilar, margin=1.0)",
        same="np.mean(np.where(dissimilar, np.maximum(0, 1.0 - distance), distance))",
        trap="contrastive(distance, dissimilar, margin=1.0)",
    ),
    Convention(
        topic="pairs",
        claim="`triplet_margin_loss` compares distances, not squared ones as FaceNet does, and adds 10⁻⁶ inside.",
        library="PyTorch",
        call="F.triplet_margin_loss(x1, x2, x3, margin=5.0)",
        same="triplet_margin(x1, x2, x3, margin=5.0)",
        trap="np.mean(np.maximum(0, ((x1 - x2) ** 2).sum(axis=1) - ((x1 - x3) ** 2).sum(axis=1) + 5.0))",
        within=1e-5,
    ),
    Convention(
        topic="pairs",
        claim="Optax's triplet loss adds 10⁻⁶ under the root: a distance of 0 becomes 0.001.",
        library="Optax",
        call="optax.losses.triplet_margin_loss(x1, x1, x2, margin=5.0)",
        restated="np.maximum(0, np.sqrt(1e-6) - np.sqrt(((x1 - x2) ** 2).sum(axis=1) + 1e-6) + 5.0)",
        same='triplet_margin(x1, x1, x2, margin=5.0, reduction="none") + 1e-3',
        within=1e-5,
    ),
    Convention(
        topic="pairs",
        claim="Optax's `ntxent` takes all embeddings at once with a label per thing, and its temperature is 0.07 "
        "unasked; here it is 0.1.",
        library="Optax",
        call="optax.ntxent(np.concatenate([x1, x2]), np.array([0, 1, 2, 0, 1, 2]))",
        restated="np.mean([np.log(sum(np.exp(cosine(a, b) / 0.07) for j, b in enumerate([*x1, *x2]) if j != i))"
        " - cosine(a, [*x2, *x1][i]) / 0.07 for i, a in enumerate([*x1, *x2])])",
        same="nt_xent(x1, x2, temperature=0.07)",
        trap="nt_xent(x1, x2)",
        within=1e-9,
    ),
)
