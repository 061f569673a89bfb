"""Where PyTorch, Keras, scikit-learn, SciPy and Optax say it differently: pairs of expressions with one value.

Data only. The page *Conventions side by side* prints it with the values, and a test evaluates both sides of each entry.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

LIBRARIES = ("PyTorch", "Keras", "scikit-learn", "SciPy", "Optax")
NOT_HERE = ("Keras", "Optax")  # too large for this book: what they document is written out in NumPy

SYMPTOMS = {
    "half": "My loss is half of yours, or twice.",
    "divisor": "My loss is too small, or too large, by a whole number: of classes, columns, examples.",
    "weights": "With weights, or with ignored labels, the mean is another one.",
    "constant": "The two losses differ by a constant, or mine is negative.",
    "swap": "The two losses differ, and which argument comes first matters.",
    "inputs": "My loss starts in the wrong place and hardly falls: scores, probabilities or logarithms are mixed up.",
    "labels": "My labels are 0 and 1, or the classes stand on another axis.",
    "shapes": "The model learns the mean of everything, and nothing complained about shapes.",
    "nan": "My loss or its gradient is NaN or infinite, or it stops at 100, 36 or 16.",
    "digits": "The two losses agree to a few digits only.",
    "threshold": "The threshold, or the strength of a penalty, means something else.",
    "smoothing": "With label smoothing the two losses differ.",
    "order": "My AUC or NDCG is another number than the library's.",
}
"""What readers come with; each entry names those it explains."""


@dataclass(frozen=True, kw_only=True)
class Convention:
    """One library's habit, as three expressions over `inputs`.

    `call` is what the library is asked, `same` what this package (or NumPy) is asked for the same number, and `trap`,
    if there is one, what a reader might take for the same. `exact` stands in the place of a trap where the library
    itself departs from the loss: the loss as it is. `restated` writes out in NumPy what the library documents, for one
    that the tests do without. `within` is the relative tolerance of `call` against `same`. `symptoms` are keys of
    `SYMPTOMS`.
    """

    topic: str
    claim: str
    library: str
    call: str
    same: str
    trap: str = ""
    exact: str = ""
    symptoms: tuple[str, ...] = ()
    restated: str = ""
    within: float = 1e-12

    def __post_init__(self) -> None:
        if self.library not in LIBRARIES:
            raise ValueError(f"library must be one of {', '.join(LIBRARIES)}, got {self.library!r}")
        for symptom in self.symptoms:
            if symptom not in SYMPTOMS:
                raise ValueError(f"symptoms must be among {', '.join(SYMPTOMS)}, got {symptom!r}")

    @property
    def function(self) -> str:
        """What is called, without its module: `mse_loss`."""
        calls = re.findall(r"(\w+)(?=\()", self.call.removeprefix("autograd"))
        return str(calls[0])


def inputs(seed: int = 0) -> dict[str, NDArray[Any]]:
    """The arrays that the expressions are evaluated on, by name."""
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
        "step_logits": some(2, 3, 3),
        "step_labels": rng.integers(0, 3, size=(2, 3)),
        "frame_logits": some(6, 2, 4),
        "frame_labels": rng.integers(1, 4, size=(2, 3)),
    }


CONVENTIONS: tuple[Convention, ...] = (
    # ── Argument order and reductions ──
    Convention(
        topic="reductions",
        claim="The mean of PyTorch's elementwise losses divides by the number of *elements*: two targets per example "
        "count as "
        "two. (Losses of classes and of pairs divide by the number of examples.)",
        library="PyTorch",
        symptoms=("divisor",),
        call="F.mse_loss(predictions, targets)",
        same="mse(predictions, targets)",
        trap='mse(predictions, targets, reduction="none").sum(axis=1).mean()',
    ),
    Convention(
        topic="reductions",
        claim="Optax leaves the mean to you: its regression losses come one per element, those of classes, of rows "
        "and of "
        "triplets one per example. (`ntxent` and `ranking_softmax_loss` are exceptions.)",
        library="Optax",
        symptoms=("divisor",),
        call="optax.squared_error(prediction, target)",
        restated="(prediction - target) ** 2",
        same='mse(prediction, target, reduction="none")',
    ),
    Convention(
        topic="reductions",
        claim="scikit-learn's metrics take the truth first. Squared error forgives the swap; pinball loss does not.",
        library="scikit-learn",
        symptoms=("swap",),
        call="metrics.mean_pinball_loss(target, prediction, alpha=0.9)",
        same="pinball(prediction, target, quantile=0.9)",
        trap="pinball(target, prediction, quantile=0.9)",
    ),
    Convention(
        topic="reductions",
        claim="With several targets, scikit-learn's RMSE is the mean of each column's root, not the root of one mean.",
        library="scikit-learn",
        symptoms=("divisor",),
        call="metrics.root_mean_squared_error(targets, predictions)",
        same="np.mean([rmse(predictions[:, k], targets[:, k]) for k in range(2)])",
        trap="rmse(predictions, targets)",
    ),
    Convention(
        topic="reductions",
        claim="Ignored labels leave the mean: PyTorch divides by the number of labels that count. Its `ignore_index` "
        "is −100 unasked; here nothing is ignored unless you say so.",
        library="PyTorch",
        symptoms=("weights",),
        call="F.cross_entropy(logits, some_ignored)",
        same="softmax_cross_entropy(logits, some_ignored, ignore_index=-100)",
        trap='softmax_cross_entropy(logits, some_ignored, ignore_index=-100, reduction="sum") / 4',
    ),
    Convention(
        topic="reductions",
        claim="Class weights make the mean a weighted mean: the sum is divided by the weights of the labels present.",
        library="PyTorch",
        symptoms=("weights",),
        call="F.cross_entropy(logits, labels, weight=class_weight)",
        same="softmax_cross_entropy(logits, labels, weight=class_weight)",
        trap='np.mean(class_weight[labels] * softmax_cross_entropy(logits, labels, reduction="none"))',
    ),
    Convention(
        topic="reductions",
        claim="With one-hot or soft targets the same weights do *not* enter the divisor: the sum is divided by the "
        "number of examples.",
        library="PyTorch",
        symptoms=("weights",),
        call="F.cross_entropy(logits, one_hot, weight=class_weight)",
        same="softmax_cross_entropy(logits, one_hot, weight=class_weight)",
        trap="softmax_cross_entropy(logits, labels, weight=class_weight)",
    ),
    Convention(
        topic="reductions",
        claim="`sample_weight` in scikit-learn's metrics gives a weighted mean: only the ratios of the weights matter.",
        library="scikit-learn",
        symptoms=("weights",),
        call="metrics.log_loss(labels, softmax(logits), sample_weight=sample_weight)",
        same='np.average(softmax_cross_entropy(logits, labels, reduction="none"), weights=sample_weight)',
        trap='np.mean(sample_weight * softmax_cross_entropy(logits, labels, reduction="none"))',
    ),
    # ── One half, squares and thresholds ──
    Convention(
        topic="regression",
        claim="Optax's `l2_loss` holds a ½ that its `squared_error` does not.",
        library="Optax",
        symptoms=("half",),
        call="optax.l2_loss(prediction, target)",
        restated="0.5 * (prediction - target) ** 2",
        same='mse(prediction, target, reduction="none") / 2',
        trap='mse(prediction, target, reduction="none")',
    ),
    Convention(
        topic="regression",
        claim="Smooth L1 is Huber with δ = β, *divided by β*. For β = 1 nobody notices.",
        library="PyTorch",
        symptoms=(
            "threshold",
            "half",
        ),
        call="F.smooth_l1_loss(prediction, target, beta=2.0)",
        same="huber(prediction, target, delta=2.0) / 2.0",
        trap="huber(prediction, target, delta=2.0)",
    ),
    Convention(
        topic="regression",
        claim="`huber_loss` is Huber as in the chapter, ½ included.",
        library="PyTorch",
        symptoms=("half",),
        call="F.huber_loss(prediction, target, delta=2.0)",
        same="huber(prediction, target, delta=2.0)",
    ),
    Convention(
        topic="regression",
        claim="Optax's Huber is the same one, element by element.",
        library="Optax",
        symptoms=("half",),
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
        symptoms=("threshold",),
        call="linear_model.HuberRegressor(epsilon=1.5, alpha=0, tol=1e-9).fit(x[:, None], y).coef_[0]",
        same="fit_line(HUBER, x, y, delta=1.5 * linear_model.HuberRegressor(epsilon=1.5, alpha=0, tol=1e-9)"
        ".fit(x[:, None], y).scale_).slope",
        trap="fit_line(HUBER, x, y, delta=1.5).slope",
        within=1e-4,
    ),
    Convention(
        topic="regression",
        claim="SVR's `epsilon` is in the unit of y, and `C` multiplies the *sum* of the losses, beside ½‖w‖².",
        library="scikit-learn",
        symptoms=("threshold",),
        call='svm.SVR(kernel="linear", C=0.02, epsilon=0.3, tol=1e-9).fit(x[:, None], y).coef_[0, 0]',
        same="optimize.minimize_scalar(lambda w: w**2 / 2 + 0.02 * epsilon_insensitive("
        'w * x + tube_level(y - w * x, 0.3), y, epsilon=0.3, reduction="sum"), bounds=(-9, 9), method="bounded", '
        'options={"xatol": 1e-9}).x',
        trap="optimize.minimize_scalar(lambda w: w**2 / 2 + 0.02 * epsilon_insensitive("
        'w * x + tube_level(y - w * x, 0.3), y, epsilon=0.3), bounds=(-9, 9), method="bounded", options={"xatol": '
        "1e-9}).x",
        within=1e-3,
    ),
    Convention(
        topic="regression",
        claim="Optax's log-cosh, element by element.",
        library="Optax",
        symptoms=("divisor",),
        call="optax.log_cosh(prediction, target)",
        restated="np.log(np.cosh(prediction - target))",
        same='log_cosh(prediction, target, reduction="none")',
    ),
    # ── Likelihoods ──
    Convention(
        topic="likelihoods",
        claim="`gaussian_nll_loss` takes the *variance*, not σ.",
        library="PyTorch",
        symptoms=("inputs",),
        call="F.gaussian_nll_loss(prediction, target, scale**2, full=True)",
        same="normal_nll(prediction, target, scale=scale)",
        trap="normal_nll(prediction, target, scale=scale**2)",
    ),
    Convention(
        topic="likelihoods",
        claim="By default it leaves out the constant ½ log 2π, so it cannot be compared with other densities' NLL.",
        library="PyTorch",
        symptoms=("constant",),
        call="F.gaussian_nll_loss(prediction, target, scale**2)",
        same="normal_nll(prediction, target, scale=scale) - 0.5 * np.log(2 * np.pi)",
        trap="normal_nll(prediction, target, scale=scale)",
    ),
    Convention(
        topic="likelihoods",
        claim="It raises any variance below `eps` = 10⁻⁶ to `eps`, in silence. Here σ is taken as given.",
        library="PyTorch",
        symptoms=("nan",),
        call="F.gaussian_nll_loss(prediction, prediction, 0 * scale + 1e-10, full=True)",
        same="normal_nll(prediction, prediction, scale=0 * scale + 1e-3)",
        trap="normal_nll(prediction, prediction, scale=0 * scale + 1e-5)",
    ),
    Convention(
        topic="likelihoods",
        claim="`poisson_nll_loss` takes the *logarithm* of the rate and leaves log y! out.",
        library="PyTorch",
        symptoms=("constant",),
        call="F.poisson_nll_loss(log_rate, count)",
        same="poisson_nll(log_rate, count) - np.mean(special.gammaln(count + 1))",
        trap="poisson_nll(log_rate, count)",
    ),
    Convention(
        topic="likelihoods",
        claim="With `full=True` it puts Stirling's approximation in the place of log y!, and 0 for y ≤ 1.",
        library="PyTorch",
        symptoms=(
            "digits",
            "constant",
        ),
        call="F.poisson_nll_loss(log_rate, count, full=True)",
        same="np.mean(np.exp(log_rate) - count * log_rate"
        " + (count > 1) * (count * np.log(count) - count + 0.5 * np.log(2 * np.pi * count)))",
        trap="poisson_nll(log_rate, count)",
    ),
    Convention(
        topic="likelihoods",
        claim="With `log_input=False` it takes the rate itself and adds 10⁻⁸ inside the logarithm.",
        library="PyTorch",
        symptoms=(
            "inputs",
            "digits",
        ),
        call="F.poisson_nll_loss(np.exp(log_rate), count, log_input=False)",
        same="np.mean(np.exp(log_rate) - count * np.log(np.exp(log_rate) + 1e-8))",
    ),
    Convention(
        topic="likelihoods",
        claim="scikit-learn's Poisson deviance is twice the NLL above that of a perfect prediction; it takes the mean, "
        "not its logarithm.",
        library="scikit-learn",
        symptoms=(
            "half",
            "inputs",
        ),
        call="metrics.mean_poisson_deviance(count, np.exp(log_rate))",
        same="2 * (poisson_nll(log_rate, count) - poisson_nll(np.log(count), count))",
        trap="poisson_nll(log_rate, count)",
    ),
    Convention(
        topic="likelihoods",
        claim="PyTorch's von Mises density uses a short polynomial for the Bessel function: expect seven digits, not "
        "sixteen.",
        library="PyTorch",
        symptoms=("digits",),
        call="-distributions.VonMises(prediction, concentration).log_prob(torch.tensor(target)).mean()",
        same="von_mises_nll(prediction, target, concentration=concentration)",
        within=1e-6,
    ),
    # ── Divergences ──
    Convention(
        topic="divergences",
        claim="`kl_div` takes the *model* first, as logarithms, and the truth second.",
        library="PyTorch",
        symptoms=(
            "swap",
            "inputs",
        ),
        call='F.kl_div(np.log(q), p, reduction="batchmean")',
        same='kl_divergence(p, q, reduction="mean")',
        trap='kl_divergence(q, p, reduction="mean")',
    ),
    Convention(
        topic="divergences",
        claim='Its default `reduction="mean"` divides by the number of *probabilities*, which is no divergence. '
        "`batchmean` divides by the number of distributions. PyTorch 2.13 warns, and announces that `mean` will become "
        "`batchmean` in its next major version.",
        library="PyTorch",
        symptoms=("divisor",),
        call="F.kl_div(np.log(q), p)",
        same='kl_divergence(p, q, reduction="sum") / p.size',
        trap='kl_divergence(p, q, reduction="mean")',
    ),
    Convention(
        topic="divergences",
        claim="`torch.distributions.kl_divergence` takes the truth first again.",
        library="PyTorch",
        symptoms=("swap",),
        call="distributions.kl_divergence(distributions.Normal(mean_p, scale), distributions.Normal(mean_q, 1.0))",
        same='kl_normal(mean_p, scale, mean_q, np.ones(4), reduction="none")',
        trap='kl_normal(mean_q, np.ones(4), mean_p, scale, reduction="none")',
    ),
    Convention(
        topic="divergences",
        claim="Optax's `kl_divergence` has PyTorch's order: logarithms of the model, then the truth.",
        library="Optax",
        symptoms=("swap",),
        call="optax.kl_divergence(np.log(q), p)",
        restated="np.sum(p * (np.log(p) - np.log(q)), axis=-1)",
        same="kl_divergence(p, q)",
        trap="kl_divergence(q, p)",
    ),
    Convention(
        topic="divergences",
        claim="`rel_entr` gives the terms p log(p/q), truth first; their sum is the divergence.",
        library="SciPy",
        symptoms=("swap",),
        call="special.rel_entr(p, q).sum(axis=-1)",
        same="kl_divergence(p, q)",
    ),
    Convention(
        topic="divergences",
        claim="The terms of `scipy.special.kl_div` are p log(p/q) − p + q. Only the sum over a whole distribution is "
        "the same.",
        library="SciPy",
        symptoms=("divisor",),
        call="special.kl_div(p, q)[0]",
        same="p[0] * np.log(p[0] / q[0]) - p[0] + q[0]",
        trap="p[0] * np.log(p[0] / q[0])",
    ),
    Convention(
        topic="divergences",
        claim="`scipy.stats.entropy(pk, qk)` is the divergence, truth first, and normalises counts in silence. Here "
        "anything that does not sum to one is refused.",
        library="SciPy",
        symptoms=("inputs",),
        call="stats.entropy(20 * p, q, axis=-1)",
        same="kl_divergence(p, q)",
        trap="entropy(p)",
    ),
    Convention(
        topic="divergences",
        claim="`jensenshannon` is the *distance*, the square root of the divergence.",
        library="SciPy",
        symptoms=("half",),
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
        symptoms=("inputs",),
        call="F.cross_entropy(logits, labels)",
        same="softmax_cross_entropy(logits, labels)",
        trap="softmax_cross_entropy(softmax(logits), labels)",
    ),
    Convention(
        topic="classification",
        claim="`nll_loss` takes *log*-probabilities, and takes no logarithm although its name says so.",
        library="PyTorch",
        symptoms=("inputs",),
        call="F.nll_loss(log_softmax(logits), labels)",
        same="softmax_cross_entropy(logits, labels)",
        trap="-np.mean(softmax(logits)[np.arange(4), labels])",
    ),
    Convention(
        topic="classification",
        claim="Optax has one function for class indices and one for one-hot or soft targets.",
        library="Optax",
        symptoms=("labels",),
        call="optax.softmax_cross_entropy_with_integer_labels(logits, labels)",
        restated="np.log(np.sum(np.exp(logits), axis=-1)) - logits[np.arange(4), labels]",
        same='softmax_cross_entropy(logits, labels, reduction="none")',
    ),
    Convention(
        topic="classification",
        claim="scikit-learn's `log_loss` takes probabilities, the truth first.",
        library="scikit-learn",
        symptoms=(
            "swap",
            "inputs",
        ),
        call="metrics.log_loss(labels, softmax(logits))",
        same='cross_entropy(one_hot, softmax(logits), reduction="mean")',
    ),
    Convention(
        topic="classification",
        claim="It clips probabilities at the machine epsilon of *their* type, so a certain wrong answer costs 36 in "
        "double "
        "precision and not infinity.",
        library="scikit-learn",
        call="metrics.log_loss([1], [[1.0, 0.0]], labels=[0, 1])",
        same="-np.log(np.finfo(np.float64).eps)",
        exact="binary_cross_entropy([0.0], [1.0])",
        symptoms=("nan",),
    ),
    Convention(
        topic="classification",
        claim="In single precision, which networks output, the same answer costs 16.",
        library="scikit-learn",
        call="metrics.log_loss([1], np.array([[1.0, 0.0]], dtype=np.float32), labels=[0, 1])",
        same="-np.log(np.finfo(np.float32).eps)",
        exact="binary_cross_entropy([0.0], [1.0])",
        symptoms=("nan",),
        within=1e-6,
    ),
    Convention(
        topic="classification",
        claim="PyTorch's `binary_cross_entropy` stops each logarithm at −100.",
        library="PyTorch",
        call="F.binary_cross_entropy(0 * yes, yes)",
        same="np.mean(100 * yes)",
        symptoms=("nan",),
        exact="binary_cross_entropy(0 * yes, yes)",
    ),
    Convention(
        topic="classification",
        claim="Label smoothing ε moves ε/K to *every* class, the right one included: it keeps 1 − ε + ε/K.",
        library="PyTorch",
        symptoms=("smoothing",),
        call="F.cross_entropy(logits, labels, label_smoothing=0.3)",
        same="softmax_cross_entropy(logits, labels, label_smoothing=0.3)",
        trap="softmax_cross_entropy(logits, 0.7 * one_hot + 0.3 / 2 * (1 - one_hot))",
    ),
    Convention(
        topic="classification",
        claim="Optax smooths in the same way, but smooths the labels and not the loss.",
        library="Optax",
        symptoms=("smoothing",),
        call="optax.softmax_cross_entropy(logits, optax.smooth_labels(one_hot, 0.3))",
        restated="-np.sum((0.7 * one_hot + 0.1) * (logits - np.log(np.sum(np.exp(logits), -1, keepdims=True))), -1)",
        same='softmax_cross_entropy(logits, labels, label_smoothing=0.3, reduction="none")',
    ),
    Convention(
        topic="classification",
        claim="`pos_weight` multiplies the positive terms, and the mean still divides by the number of elements: no "
        "weighted mean.",
        library="PyTorch",
        symptoms=("weights",),
        call="F.binary_cross_entropy_with_logits(score, yes, pos_weight=torch.tensor(5.0))",
        same="binary_cross_entropy_with_logits(score, yes, pos_weight=5.0)",
        trap='np.average(binary_cross_entropy_with_logits(score, yes, reduction="none"), weights=1 + 4 * yes)',
    ),
    Convention(
        topic="classification",
        claim="Optax's sigmoid cross-entropy has no `pos_weight`, and one loss per element.",
        library="Optax",
        symptoms=("divisor",),
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
        symptoms=("digits",),
        exact="binary_cross_entropy_with_logits(-40.0, 0.0)",
    ),
    Convention(
        topic="classification",
        claim="The Brier score of two classes is a mean squared error of the positive class alone; over both it is "
        "twice that.",
        library="scikit-learn",
        symptoms=("half",),
        call="metrics.brier_score_loss(yes, sigmoid(score))",
        same="mse(sigmoid(score), yes)",
        trap="mse(sigmoid(score), yes) + mse(1 - sigmoid(score), 1 - yes)",
    ),
    Convention(
        topic="classification",
        claim="`hinge_loss` takes the truth first as any two labels, and reads the larger as +1.",
        library="scikit-learn",
        symptoms=(
            "labels",
            "swap",
        ),
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
        symptoms=("labels",),
        call="F.cosine_embedding_loss(x1, x2, 1 - 2 * dissimilar, margin=0.2)",
        same="cosine_embedding(x1, x2, dissimilar, margin=0.2)",
        trap="cosine_embedding(x1, x2, 1 - dissimilar, margin=0.2)",
        within=1e-9,
    ),
    Convention(
        topic="pairs",
        claim="`hinge_embedding_loss` looks like the contrastive loss, but neither squares nor halves.",
        library="PyTorch",
        symptoms=(
            "half",
            "labels",
        ),
        call="F.hinge_embedding_loss(distance, 1 - 2 * dissimilar, margin=1.0)",
        same="np.mean(np.where(dissimilar, np.maximum(0, 1.0 - distance), distance))",
        trap="contrastive(distance, dissimilar, margin=1.0)",
    ),
    Convention(
        topic="pairs",
        claim="`triplet_margin_loss` compares distances, not squared ones as FaceNet does, and adds 10⁻⁶ inside.",
        library="PyTorch",
        symptoms=(
            "half",
            "digits",
        ),
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
        same='triplet_margin(x1, x1, x2, margin=5.001, reduction="none")',
        symptoms=("digits",),
        within=1e-4,
    ),
    Convention(
        topic="pairs",
        claim="Optax's `ntxent` takes all embeddings at once with a label per thing, and its temperature is 0.07 "
        "unasked; here it is 0.1.",
        library="Optax",
        symptoms=("threshold",),
        call="optax.ntxent(np.concatenate([x1, x2]), np.array([0, 1, 2, 0, 1, 2]))",
        restated="np.mean([np.log(sum(np.exp(cosine(a, b) / 0.07) for j, b in enumerate([*x1, *x2]) if j != i))"
        " - cosine(a, [*x2, *x1][i]) / 0.07 for i, a in enumerate([*x1, *x2])])",
        same="nt_xent(x1, x2, temperature=0.07)",
        trap="nt_xent(x1, x2)",
        within=1e-9,
    ),
    # ── Shapes, classes and weights ──
    Convention(
        topic="shapes",
        claim="A column of targets against a row of predictions broadcasts to a table of all pairs. `mse_loss`, "
        "`l1_loss` and "
        "`huber_loss` warn, and go on. Here it is refused.",
        library="PyTorch",
        symptoms=("shapes",),
        call="F.mse_loss(prediction, target[:, None])",
        same="np.mean((target[:, None] - prediction) ** 2)",
        trap="mse(prediction, target)",
    ),
    Convention(
        topic="shapes",
        claim="`poisson_nll_loss` and `gaussian_nll_loss` do the same without a word.",
        library="PyTorch",
        symptoms=("shapes",),
        call="F.poisson_nll_loss(log_rate, count[:, None])",
        same="np.mean(np.exp(log_rate) - count[:, None] * log_rate)",
        trap="np.mean(np.exp(log_rate) - count * log_rate)",
    ),
    Convention(
        topic="shapes",
        claim="PyTorch's classes stand on axis 1, those of Optax and of this course on the last. Where a sequence is "
        "as long as "
        "there are classes, nothing complains.",
        library="PyTorch",
        symptoms=("labels",),
        call="F.cross_entropy(step_logits, step_labels)",
        same="softmax_cross_entropy(np.moveaxis(step_logits, 1, -1), step_labels)",
        trap="softmax_cross_entropy(step_logits, step_labels)",
    ),
    Convention(
        topic="shapes",
        claim="Soft targets are not checked: rows that sum to 4 give a loss all the same. Here they are refused.",
        library="PyTorch",
        symptoms=("labels",),
        call="F.cross_entropy(logits, one_hot + 1)",
        same="np.mean(np.sum((one_hot + 1) * -log_softmax(logits), axis=-1))",
        trap="softmax_cross_entropy(logits, labels)",
    ),
    Convention(
        topic="reductions",
        claim="The mean over micro-batches of unequal size is no mean over examples: the small one counts as much as "
        "the large "
        "one.",
        library="PyTorch",
        symptoms=("weights", "divisor"),
        call="(F.cross_entropy(logits[:3], labels[:3]) + F.cross_entropy(logits[3:], labels[3:])) / 2",
        same='np.average(softmax_cross_entropy(logits, labels, reduction="none"), weights=[1 / 6, 1 / 6, 1 / 6, 1 / '
        "2])",
        trap="softmax_cross_entropy(logits, labels)",
    ),
    Convention(
        topic="reductions",
        claim="A batch whose labels are all ignored costs 0/0, which is NaN. Here it is refused.",
        library="PyTorch",
        symptoms=("nan",),
        call="F.cross_entropy(logits, 0 * labels - 100)",
        same="np.divide(0.0, 0.0)",
    ),
    Convention(
        topic="reductions",
        claim="With label smoothing, class weights enter the smoothed part class by class; the divisor stays that of "
        "the labels.",
        library="PyTorch",
        symptoms=("weights", "smoothing"),
        call="F.cross_entropy(logits, labels, weight=class_weight, label_smoothing=0.3)",
        same="softmax_cross_entropy(logits, labels, weight=class_weight, label_smoothing=0.3)",
        trap='np.average(softmax_cross_entropy(logits, labels, label_smoothing=0.3, reduction="none"),'
        " weights=class_weight[labels])",
    ),
    Convention(
        topic="reductions",
        claim="The `weight` of `binary_cross_entropy` multiplies, and the mean still divides by the number of "
        "elements: unlike the "
        "`weight` of `cross_entropy`.",
        library="PyTorch",
        symptoms=("weights",),
        call="F.binary_cross_entropy(sigmoid(score), yes, weight=sample_weight)",
        same='np.mean(sample_weight * binary_cross_entropy(sigmoid(score), yes, reduction="none"))',
        trap='np.average(binary_cross_entropy(sigmoid(score), yes, reduction="none"), weights=sample_weight)',
        within=1e-9,
    ),
    Convention(
        topic="reductions",
        claim="Keras's `sample_weight` multiplies, and the mean divides by the number of examples, not by the sum of "
        "the weights "
        '(`reduction="mean_with_sample_weight"` does that).',
        library="Keras",
        symptoms=("weights",),
        call="keras.losses.MeanSquaredError()(targets, predictions, sample_weight=sample_weight)",
        restated="np.sum(sample_weight * np.mean((targets - predictions) ** 2, axis=-1)) / 4",
        same='np.mean(sample_weight * mse(predictions, targets, reduction="none").mean(axis=1))',
        trap='np.average(mse(predictions, targets, reduction="none").mean(axis=1), weights=sample_weight)',
    ),
    Convention(
        topic="reductions",
        claim="`reduction=None` of Keras still averages the last axis. The truth comes first, as in scikit-learn.",
        library="Keras",
        symptoms=("divisor", "swap"),
        call="keras.losses.MeanSquaredError(reduction=None)(targets, predictions)",
        restated="np.mean((targets - predictions) ** 2, axis=-1)",
        same='mse(predictions, targets, reduction="none").mean(axis=1)',
        trap='mse(predictions, targets, reduction="none").sum(axis=1)',
    ),
    # ── Thresholds and penalties of scikit-learn and SciPy ──
    Convention(
        topic="regression",
        claim="`QuantileRegressor` calls the level `quantile`; its `alpha` is an L1 penalty, and 1 unasked. Only "
        "`alpha=0` fits the "
        "plain quantile.",
        library="scikit-learn",
        symptoms=("threshold",),
        call="linear_model.QuantileRegressor(quantile=0.37, alpha=0).fit(x[:, None], y).coef_[0]",
        same="fit_line(PINBALL, x, y, quantile=0.37).slope",
        trap="linear_model.QuantileRegressor(quantile=0.37).fit(x[:, None], y).coef_[0]",
        within=1e-5,
    ),
    Convention(
        topic="regression",
        claim='In `GradientBoostingRegressor` the level is `alpha` again, as in the metric. (With `loss="huber"` the '
        "same `alpha` is the "
        "quantile of the residuals that sets δ.)",
        library="scikit-learn",
        symptoms=("threshold",),
        call='ensemble.GradientBoostingRegressor(loss="quantile", alpha=0.37, n_estimators=1, learning_rate=1e-12)'
        ".fit(x[:, None], y).predict([[2.5]])[0]",
        same="np.quantile(y, 0.37)",
        trap="np.quantile(y, 0.63)",
        within=1e-6,
    ),
    Convention(
        topic="regression",
        claim="Ridge adds its penalty to the *sum* of squares.",
        library="scikit-learn",
        symptoms=("threshold",),
        call="linear_model.Ridge(alpha=3.0).fit(x[:, None], y).coef_[0]",
        same="np.sum((x - x.mean()) * (y - y.mean())) / (np.sum((x - x.mean()) ** 2) + 3.0)",
        trap="np.sum((x - x.mean()) * (y - y.mean())) / (np.sum((x - x.mean()) ** 2) + 3.0 * x.size)",
    ),
    Convention(
        topic="regression",
        claim="Lasso adds its penalty to *half the mean* of squares.",
        library="scikit-learn",
        symptoms=("threshold", "half"),
        call="linear_model.Lasso(alpha=0.5, tol=1e-12).fit(x[:, None], y).coef_[0]",
        same="(np.sum((x - x.mean()) * (y - y.mean())) - 0.5 * x.size) / np.sum((x - x.mean()) ** 2)",
        trap="(np.sum((x - x.mean()) * (y - y.mean())) - 0.5) / np.sum((x - x.mean()) ** 2)",
        within=1e-6,
    ),
    Convention(
        topic="regression",
        claim="`LinearSVR` has no tube unless asked; SVR has one of 0.1. (And `LinearSVC` uses the *squared* hinge.)",
        library="scikit-learn",
        symptoms=("threshold",),
        call="svm.LinearSVR().epsilon",
        same="0.0",
        trap="svm.SVR().epsilon",
    ),
    Convention(
        topic="regression",
        claim="SciPy's `huber` takes the threshold first, then the residual.",
        library="SciPy",
        symptoms=("swap", "threshold"),
        call="special.huber(2.0, target - prediction)",
        same='huber(prediction, target, delta=2.0, reduction="none")',
        trap="special.huber(np.abs(target - prediction), 2.0)",
    ),
    Convention(
        topic="regression",
        claim='`least_squares` with `loss="huber"` minimises the sum of Huber losses with δ = `f_scale`.',
        library="SciPy",
        symptoms=("threshold",),
        call='optimize.least_squares(lambda e: e, target - prediction, loss="huber", f_scale=2.0, max_nfev=1).cost',
        same='huber(prediction, target, delta=2.0, reduction="sum")',
        trap='mse(prediction, target, reduction="sum")',
    ),
    Convention(
        topic="regression",
        claim='With `loss="cauchy"` it minimises the sum of Cauchy losses with c = `f_scale`.',
        library="SciPy",
        symptoms=("threshold",),
        call='optimize.least_squares(lambda e: e, target - prediction, loss="cauchy", f_scale=2.0, max_nfev=1).cost',
        same='cauchy(prediction, target, scale=2.0, reduction="sum")',
        trap='cauchy(prediction, target, scale=1.0, reduction="sum")',
    ),
    Convention(
        topic="regression",
        claim="The root of `mse_loss` has no gradient at a perfect fit: autograd gives NaN. Here it is 0, a "
        "subgradient.",
        library="PyTorch",
        symptoms=("nan",),
        call="autograd(lambda guess: F.mse_loss(guess, target).sqrt(), target)",
        same="np.full(4, np.nan)",
        exact="rmse_grad(target, target)",
    ),
    Convention(
        topic="regression",
        claim="Keras's Huber is the same one, ½ included, averaged over the last axis.",
        library="Keras",
        symptoms=("half",),
        call="keras.losses.Huber(delta=2.0)(target, prediction)",
        restated="np.mean(0.5 * np.minimum(np.abs(target - prediction), 2.0) ** 2"
        " + 2.0 * np.maximum(np.abs(target - prediction) - 2.0, 0))",
        same="huber(prediction, target, delta=2.0)",
    ),
    Convention(
        topic="likelihoods",
        claim="The floor under the variance in `gaussian_nll_loss` is outside of autograd: the gradient passes as if "
        "there were "
        "none, at the size it has on the floor.",
        library="PyTorch",
        symptoms=("nan",),
        call="autograd(lambda v: F.gaussian_nll_loss(prediction, target, v), 0 * scale + 1e-10)",
        same="(0.5 / 1e-6 - 0.5 * (target - prediction) ** 2 / 1e-12) / 4",
        exact="0 * scale",
    ),
    Convention(
        topic="likelihoods",
        claim="Keras's Poisson takes the *rate*, adds 10⁻⁷ inside the logarithm, and leaves log y! out.",
        library="Keras",
        symptoms=("inputs", "constant"),
        call="keras.losses.Poisson()(count, np.exp(log_rate))",
        restated="np.mean(np.exp(log_rate) - count * np.log(np.exp(log_rate) + 1e-7))",
        same="poisson_nll(np.log(np.exp(log_rate) + 1e-7), count) - np.mean(special.gammaln(count + 1)) - 1e-7",
        trap="poisson_nll(log_rate, count)",
        within=1e-9,
    ),
    Convention(
        topic="divergences",
        claim="With `log_target=True` the truth too comes as logarithms. (A zero in it then gives NaN.)",
        library="PyTorch",
        symptoms=("inputs", "nan"),
        call='F.kl_div(np.log(q), np.log(p), log_target=True, reduction="batchmean")',
        same='kl_divergence(p, q, reduction="mean")',
        trap='kl_divergence(q, p, reduction="mean")',
    ),
    Convention(
        topic="divergences",
        claim="Probabilities in the place of their logarithms give a *negative* number, in silence.",
        library="PyTorch",
        symptoms=("inputs", "constant"),
        call='F.kl_div(q, p, reduction="batchmean")',
        same="np.mean(np.sum(p * (np.log(p) - q), axis=-1))",
        trap='kl_divergence(p, q, reduction="mean")',
    ),
    Convention(
        topic="divergences",
        claim="Keras's `KLDivergence` takes the truth first, as probabilities.",
        library="Keras",
        symptoms=("swap",),
        call="keras.losses.KLDivergence(reduction=None)(p, q)",
        restated="np.sum(p * np.log(p / q), axis=-1)",
        same="kl_divergence(p, q)",
        trap="kl_divergence(q, p)",
    ),
    Convention(
        topic="classification",
        claim="Keras takes *probabilities* unless you say `from_logits=True`. Scores go through as they are, clipped "
        "to [10⁻⁷, 1 − "
        "10⁻⁷].",
        library="Keras",
        symptoms=("inputs",),
        call="keras.losses.BinaryCrossentropy()(yes, score)",
        restated="-np.mean(yes * np.log(np.clip(score, 1e-7, 1 - 1e-7))"
        " + (1 - yes) * np.log(1 - np.clip(score, 1e-7, 1 - 1e-7)))",
        same="binary_cross_entropy(np.clip(score, 1e-7, 1 - 1e-7), yes)",
        trap="binary_cross_entropy_with_logits(score, yes)",
        within=1e-6,
    ),
    Convention(
        topic="classification",
        claim="So a certain wrong answer costs 16 in Keras, at the clip of 10⁻⁷.",
        library="Keras",
        symptoms=("nan",),
        call="keras.losses.BinaryCrossentropy()(np.ones((1, 1)), np.zeros((1, 1)))",
        restated="-np.log(1e-7)",
        same="binary_cross_entropy([1e-7], [1.0])",
        exact="binary_cross_entropy([0.0], [1.0])",
    ),
    Convention(
        topic="classification",
        claim="Keras smooths binary labels towards ½: y becomes y (1 − α) + α/2. PyTorch's `binary_cross_entropy` "
        "has no smoothing.",
        library="Keras",
        symptoms=("smoothing",),
        call="keras.losses.BinaryCrossentropy(label_smoothing=0.2)(yes, sigmoid(score))",
        restated="-np.mean((0.8 * yes + 0.1) * np.log(sigmoid(score)) + (0.9 - 0.8 * yes) * np.log(1 - "
        "sigmoid(score)))".replace("sigmoid(score)", "1 / (1 + np.exp(-score))"),
        same="0.9 * binary_cross_entropy(sigmoid(score), yes) + 0.1 * binary_cross_entropy(sigmoid(score), 1 - yes)",
        trap="binary_cross_entropy(sigmoid(score), yes)",
        within=1e-9,
    ),
    Convention(
        topic="classification",
        claim="Keras's binary focal loss leaves α off unless you say `apply_class_balancing=True`. This package and "
        "torchvision have ¼ on the positives.",
        library="Keras",
        symptoms=("weights",),
        call="keras.losses.BinaryFocalCrossentropy(from_logits=True)(yes, score)",
        restated="np.mean(np.abs(yes - 1 / (1 + np.exp(-score))) ** 2 * np.log(1 + np.exp((1 - 2 * yes) * score)))",
        same="sigmoid_focal(score, yes, alpha=None)",
        trap="sigmoid_focal(score, yes)",
        within=1e-6,
    ),
    Convention(
        topic="classification",
        claim="Keras's hinge reads 0 and 1 as −1 and +1.",
        library="Keras",
        symptoms=("labels",),
        call="keras.losses.Hinge()(yes, score)",
        restated="np.mean(np.maximum(0, 1 - (2 * yes - 1) * score))",
        same="np.mean(np.where(yes == 1, np.maximum(0, 1 - score), np.maximum(0, 1 + score)))",
        trap="np.mean(np.maximum(0, 1 - yes * score))",
    ),
    Convention(
        topic="classification",
        claim="PyTorch's `soft_margin_loss` (and `hinge_embedding_loss`) want −1 and +1, and take a 0 without a word.",
        library="PyTorch",
        symptoms=("labels",),
        call="F.soft_margin_loss(score, 2 * yes - 1)",
        same="binary_cross_entropy_with_logits(score, yes)",
        trap="np.mean(np.log(1 + np.exp(-yes * score)))",
    ),
    Convention(
        topic="classification",
        claim="The Brier score is halved for two classes only: with three it is the whole sum over the classes.",
        library="scikit-learn",
        symptoms=("half", "divisor"),
        call="metrics.brier_score_loss(labels, softmax(logits))",
        same='mse(softmax(logits), one_hot, reduction="sum") / 4',
        trap='mse(softmax(logits), one_hot, reduction="sum") / 8',
    ),
    Convention(
        topic="pairs",
        claim="Keras's `CosineSimilarity` is minus the cosine: −1 is a perfect match.",
        library="Keras",
        symptoms=("constant",),
        call="keras.losses.CosineSimilarity(reduction=None)(x1, x2)",
        restated="-np.sum(x1 * x2, axis=-1) / np.sqrt(np.sum(x1**2, axis=-1) * np.sum(x2**2, axis=-1))",
        same='cosine_embedding(x1, x2, 0 * dissimilar, reduction="none") - 1',
        trap='cosine_embedding(x1, x2, 0 * dissimilar, reduction="none")',
        within=1e-9,
    ),
    Convention(
        topic="pairs",
        claim="`pairwise_distance` adds 10⁻⁶ to the difference, so that two equal points still push: 1/√2 a "
        "coordinate in the plane.",
        library="PyTorch",
        symptoms=("nan",),
        call="autograd(lambda a: F.pairwise_distance(a, x2).sum(), x2)[0]",
        same="np.full(2, 0.5**0.5)",
        exact="np.zeros(2)",
        within=1e-6,
    ),
    # ── Order ──
    Convention(
        topic="ranking",
        claim="PyTorch's margin ranking loss takes the order of a pair as y = ±1, with 1 where the first is preferred, "
        "and its margin is 0 unless you give one. With y = 0 the scores drop out.",
        library="PyTorch",
        symptoms=("labels",),
        call="F.margin_ranking_loss(prediction, target, 2 * yes - 1, margin=1.0)",
        same="margin_ranking(np.where(yes == 1, prediction, target), np.where(yes == 1, target, prediction))",
        trap="np.mean(np.maximum(0, 1 - yes * (prediction - target)))",
    ),
    Convention(
        topic="ranking",
        claim="scikit-learn's NDCG takes the relevance itself as the gain; many papers take 2 to its power, minus 1.",
        library="scikit-learn",
        symptoms=("order",),
        call="metrics.ndcg_score([count], [score])",
        same="np.sum(count[np.argsort(-score)] / np.log2([2, 3, 4, 5])) "
        "/ np.sum(np.sort(count)[::-1] / np.log2([2, 3, 4, 5]))",
        trap="np.sum((2.0 ** count - 1)[np.argsort(-score)] / np.log2([2, 3, 4, 5])) "
        "/ np.sum((2.0 ** np.sort(count)[::-1] - 1) / np.log2([2, 3, 4, 5]))",
    ),
    Convention(
        topic="ranking",
        claim="scikit-learn's AUC counts a tied pair as one half: one minus it is the mean of the 0–1 loss over "
        "pairs only with that rule.",
        library="scikit-learn",
        symptoms=("order",),
        call="metrics.roc_auc_score(yes, np.round(score / 4))",
        same="np.mean([np.sign(a - b) / 2 + 0.5 for a in np.round(score / 4)[yes == 1] "
        "for b in np.round(score / 4)[yes == 0]])",
        trap="np.mean([a > b for a in np.round(score / 4)[yes == 1] for b in np.round(score / 4)[yes == 0]])",
    ),
    # ── Sequences ──
    Convention(
        topic="sequences",
        claim="The mean of PyTorch's CTC loss divides every loss by its number of labels first, so a long text weighs "
        "less. It takes logarithms of probabilities, frames first.",
        library="PyTorch",
        symptoms=("divisor",),
        call="F.ctc_loss(F.log_softmax(frame_logits, -1), frame_labels, (6, 6), (3, 1))",
        same="np.mean(ctc(np.swapaxes(frame_logits, 0, 1), frame_labels, label_lengths=[3, 1], "
        'reduction="none") / [3, 1])',
        trap="ctc(np.swapaxes(frame_logits, 0, 1), frame_labels, label_lengths=[3, 1])",
    ),
    Convention(
        topic="sequences",
        claim="Where no path fits, CTC is infinite, in PyTorch too; `zero_infinity` calls it 0, with a gradient of 0, "
        "and hides that the labels are too long for the frames.",
        library="PyTorch",
        symptoms=("nan",),
        call="F.ctc_loss(F.log_softmax(frame_logits[:2], -1), frame_labels, (2, 2), (3, 3), zero_infinity=True)",
        same="np.zeros(())",
        exact="ctc(np.swapaxes(frame_logits[:2], 0, 1), frame_labels)",
    ),
    Convention(
        topic="sequences",
        claim="PyTorch has no distillation loss. Of `kl_div` at a temperature T the factor T² is yours, and the "
        "reduction that divides by the number of examples.",
        library="PyTorch",
        symptoms=("divisor",),
        call="4 * F.kl_div(F.log_softmax(step_logits[0] / 2, -1), F.softmax(step_logits[1] / 2, -1), "
        'reduction="batchmean")',
        same="distillation(step_logits[0], step_logits[1], temperature=2.0)",
        trap="distillation(step_logits[0], step_logits[1], temperature=2.0) / 4",
    ),
    # ── Generative models and pictures ──
    Convention(
        topic="creating",
        claim="SciPy's `wasserstein_distance` divides weights by their sum: masses 3 and 1 at one place are 0 apart. "
        "Here weights that do not sum to 1 are refused.",
        library="SciPy",
        symptoms=("weights",),
        call="stats.wasserstein_distance(score, target, sample_weight, yes + 1)",
        same="wasserstein_1(score, target, x_weights=sample_weight / 10, y_weights=(yes + 1) / np.sum(yes + 1))",
        trap="wasserstein_1(score, target)",
    ),
    Convention(
        topic="creating",
        claim="SciPy's `wasserstein_distance` takes *values* first. Two histograms alone would be taken for two "
        "samples of numbers; the places of their bins come before them.",
        library="SciPy",
        symptoms=("inputs",),
        call="stats.wasserstein_distance(np.arange(3), np.arange(3), p[0], q[0])",
        same="wasserstein_1_histogram(p[0], q[0])",
        trap="wasserstein_1(p[0], q[0])",
    ),
    Convention(
        topic="creating",
        claim="`torch.distributions` takes standard deviations, encoders give logarithms of variances, and the "
        "divergence comes one per component: the sum is yours.",
        library="PyTorch",
        symptoms=("inputs",),
        call="distributions.kl_divergence(distributions.Normal(mean_p, scale), distributions.Normal(0.0, 1.0)).sum()",
        same="kl_standard_normal(mean_p, 2 * np.log(scale))",
        trap="kl_standard_normal(mean_p, np.log(scale))",
    ),
    Convention(
        topic="creating",
        claim="The loss of PyTorch's VAE example sums over the pixels *and* the batch: twice the batch is twice the "
        "step. A mean over the pixels beside this rate would be β = number of pixels.",
        library="PyTorch",
        symptoms=("divisor",),
        call='F.binary_cross_entropy(sigmoid(logits), one_hot, reduction="sum") '
        "- 0.5 * np.sum(1 + np.log([scale, scale]).T - predictions**2 - np.array([scale, scale]).T)",
        same='bernoulli_elbo(logits, one_hot, predictions, np.log([scale, scale]).T, reduction="sum")',
        trap="bernoulli_elbo(logits, one_hot, predictions, np.log([scale, scale]).T)",
        within=1e-9,
    ),
    Convention(
        topic="creating",
        claim="Data and generated things in *one* batch halve the discriminator's loss, which here, as in the paper "
        "and in PyTorch's DCGAN example, adds the two: log 2 at the end of the game instead of 2 log 2.",
        library="PyTorch",
        symptoms=("half",),
        call="F.binary_cross_entropy_with_logits(np.concatenate([score, target]), np.repeat([1.0, 0.0], 4))",
        same="discriminator(score, target) / 2",
        trap="discriminator(score, target)",
    ),
    Convention(
        topic="creating",
        claim="PyTorch's tutorial and example of style transfer, Johnson's code and *Dive into deep learning* divide "
        "the Gram matrix by channels times places and take the mean of squares: 4/C² of the paper's, so layers weigh "
        "less the more channels they have.",
        library="PyTorch",
        symptoms=("divisor",),
        call="F.mse_loss(logits @ logits.T / 12, one_hot @ one_hot.T / 12)",
        same='style(logits, one_hot, normalisation="size")',
        trap="style(logits, one_hot)",
    ),
    Convention(
        topic="creating",
        claim="Keras's example of style transfer has the paper's formula with 3 for the channels of every layer and "
        "the pixels of the picture, here 32, for its places.",
        library="Keras",
        symptoms=("divisor",),
        call="keras.ops.sum((predictions @ predictions.T - targets @ targets.T) ** 2) / (4 * 3**2 * 32**2)",
        restated="np.sum((predictions @ predictions.T - targets @ targets.T) ** 2) / (4 * 3**2 * 32**2)",
        same="style(predictions, targets) * (4 / 3) ** 2 * (2 / 32) ** 2",
        trap="style(predictions, targets)",
    ),
    Convention(
        topic="creating",
        claim="A content loss by `mse_loss` is a mean; the paper's is half the *sum*.",
        library="PyTorch",
        symptoms=("divisor", "half"),
        call="F.mse_loss(predictions, targets)",
        same="content(predictions, targets) * 2 / 8",
        trap="content(predictions, targets)",
    ),
    Convention(
        topic="creating",
        claim="The total variation of *Dive into deep learning* is half the mean absolute step across plus half that "
        "down; Johnson's code, the default here, has half the *sum* of their squares.",
        library="PyTorch",
        symptoms=("divisor",),
        call="(F.l1_loss(logits[:, 1:], logits[:, :-1]) + F.l1_loss(logits[1:], logits[:-1])) / 2",
        same='total_variation(logits, form="absolute")',
        trap="total_variation(logits)",
    ),
    Convention(
        topic="creating",
        claim="Keras's example of style transfer raises the squared steps to the power 5/4 and adds up.",
        library="Keras",
        symptoms=("divisor",),
        call="keras.ops.sum(keras.ops.power((logits[:-1, :-1] - logits[1:, :-1]) ** 2 "
        "+ (logits[:-1, :-1] - logits[:-1, 1:]) ** 2, 1.25))",
        restated="np.sum(((logits[:-1, :-1] - logits[1:, :-1]) ** 2 "
        "+ (logits[:-1, :-1] - logits[:-1, 1:]) ** 2) ** 1.25)",
        same='total_variation(logits, form="power")',
        trap="total_variation(logits)",
    ),
    # ── Masks ──
    Convention(
        topic="masks",
        claim="Keras's Dice forms one quotient for the whole batch, unless `axis` names rows and columns.",
        library="Keras",
        symptoms=("divisor",),
        call="keras.losses.Dice()(one_hot[:2] * yes[:2, None], p)",
        restated="1 - 2 * np.sum(one_hot[:2] * yes[:2, None] * p) / (np.sum(one_hot[:2] * yes[:2, None]) + np.sum(p) "
        "+ 1e-7)",
        same='dice(p[:, None], (one_hot[:2] * yes[:2, None])[:, None], over="batch")',
        trap="dice(p[:, None], (one_hot[:2] * yes[:2, None])[:, None])",
        within=1e-6,
    ),
    Convention(
        topic="masks",
        claim="Keras documents α of its Tversky loss as the weight of false positives. Its code gives it to the false "
        "*negatives*, and β to the false positives: exchange the two.",
        library="Keras",
        symptoms=("swap",),
        call="keras.losses.Tversky(alpha=0.3, beta=0.7)(one_hot[:2], p * q)",
        restated="1 - np.sum(one_hot[:2] * p * q) / (np.sum(one_hot[:2] * p * q) "
        "+ 0.3 * np.sum(one_hot[:2] * (1 - p * q)) + 0.7 * np.sum((1 - one_hot[:2]) * p * q) + 1e-7)",
        same="tversky(p * q, one_hot[:2], alpha=0.7, beta=0.3)",
        trap="tversky(p * q, one_hot[:2], alpha=0.3, beta=0.7)",
        within=1e-6,
    ),
)
