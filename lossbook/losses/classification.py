r"""Classification losses: scores (logits) in, log-sum-exp inside.

A probability that is nearly 1 has lost the digits of its distance from 1, so that distance is never computed as
1 − p̂ but as the sum of the other probabilities: a loss of 4e-18 comes out as 4e-18, not as 0. A logit of −inf is an
impossible class; +inf is refused.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from lossbook.core import (
    Argument,
    Card,
    Floats,
    Loss,
    Parameter,
    check_distribution,
    check_labels,
    check_logits,
    check_probability,
    check_reduction,
    number,
    quiet,
    real,
    reduce,
    reduce_grad,
    same_shape,
    shown,
)
from lossbook.losses.scores import blocks, check_scores, logistic, relative_scores, softplus

__all__ = [
    "BINARY_CROSS_ENTROPY",
    "BINARY_CROSS_ENTROPY_WITH_LOGITS",
    "SOFTMAX_CROSS_ENTROPY",
    "binary_cross_entropy",
    "binary_cross_entropy_grad",
    "binary_cross_entropy_with_logits",
    "binary_cross_entropy_with_logits_grad",
    "softmax_cross_entropy",
    "softmax_cross_entropy_grad",
]

# ── Cross-entropy of K classes ───────────────────────────────────────────────────────────────────────────────────────


class _Targets(NamedTuple):
    """What the labels ask for: the loss is −Σ mass · log p̂, and "mean" divides by the sum of the weights."""

    weights: Floats  # per example
    labels: NDArray[np.intp] | None  # class indices, one per row; −1 is an ignored one
    soft: Floats  # distributions, one per row, where there are no class indices
    smoothing: float
    class_weights: Floats

    def mass(self, rows: slice) -> Floats:
        """Weight times target probability, per class, of some of the examples."""
        smoothed = self.smoothing / self.class_weights.size
        if self.labels is None:
            return ((1 - self.smoothing) * self.soft[rows] + smoothed) * self.class_weights
        labels = self.labels[rows, np.newaxis]
        target = np.full((len(labels), self.class_weights.size), smoothed)
        np.put_along_axis(target, np.maximum(labels, 0), 1 - self.smoothing + smoothed, axis=1)
        target *= self.class_weights
        target *= labels >= 0
        return target


def _class_weights(weight: ArrayLike | None, classes: int) -> Floats:
    weights = np.ones(classes) if weight is None else real("weight", weight)
    if weights.shape != (classes,):
        raise ValueError(f"weight must hold one number per class, shape {(classes,)}, got shape {weights.shape}")
    if np.any(weights < 0) or not np.isfinite(weights).all():
        raise ValueError(f"weight must be finite and not negative, got {shown(weights)}")
    return weights


def _targets(
    shape: tuple[int, ...],
    labels: ArrayLike,
    label_smoothing: float,
    ignore_index: int | None,
    weight: ArrayLike | None,
) -> _Targets:
    classes = shape[-1]
    smoothing = number("label_smoothing", label_smoothing, 0, 1, closed=True)
    class_weights = _class_weights(weight, classes)
    given = real("labels", labels)
    if given.shape == shape:
        if ignore_index is not None:
            raise ValueError(f"ignore_index must be None with one-hot or soft labels, got {shown(ignore_index)}")
        soft = check_distribution("labels", given).reshape(-1, classes)
        return _Targets(np.ones(shape[:-1]), None, soft, smoothing, class_weights)
    if given.shape == shape[:-1]:
        indices = check_labels("labels", labels, classes, ignore_index)
        kept = np.ones(indices.shape, dtype=bool) if ignore_index is None else indices != ignore_index
        indices = np.where(kept, indices, -1)
        weights = np.where(kept, class_weights[indices], 0.0)
        return _Targets(weights, indices.ravel(), np.empty(0), smoothing, class_weights)
    allowed = f"class indices of shape {shape[:-1]} or distributions of shape {shape}"
    raise ValueError(f"labels must be {allowed}, got shape {given.shape}")


def _divisor(weights: Floats, reduction: str) -> float:
    """What the mean divides by, and 1 for every other reduction."""
    check_reduction(reduction, weights.size)
    if reduction != "mean":
        return 1.0
    total = float(weights.sum())
    if total == 0:
        raise ValueError("reduction='mean' needs a label that counts, got only ignored ones or weights of 0")
    return total


def softmax_cross_entropy(
    logits: ArrayLike,
    labels: ArrayLike,
    *,
    label_smoothing: float = 0.0,
    ignore_index: int | None = None,
    weight: ArrayLike | None = None,
    reduction: str = "mean",
) -> Floats | float:
    r"""Cross-entropy of class labels from scores: −log of the probability that the softmax gives to the right class.

    .. math:: \ell = -\log \frac{\exp(s_y)}{\sum_{k=1}^{K} \exp(s_k)}
              \qquad\text{or}\qquad \ell = -\sum_{k=1}^{K} p_k \log \hat p_k,
              \qquad \hat p_k = \frac{\exp(s_k)}{\sum_{j=1}^{K} \exp(s_j)}

    Parameters
    ----------
    logits : array_like
        Scores of shape (…, K), the classes on the last axis. −inf is an impossible class.
    labels : array_like
        Class indices 0 … K − 1 of shape (…) and integer type, or distributions (one-hot or soft) of the shape of
        `logits`. The shape decides which is meant, so nothing is ambiguous: integers of the shape of `logits` are
        one-hot, and indices stored as floats or booleans are refused.
    label_smoothing : float
        ε in [0, 1]: the target becomes (1 − ε) y + ε/K.
    ignore_index : int, optional
        A label that marks examples to be left out: their loss and gradient are 0, and "mean" does not count them.
    weight : array_like, optional
        One weight ≥ 0 per class, multiplying that class's term.
    reduction : {"none", "mean", "sum"}
        One loss per example, their mean, or their sum. With class indices the mean is *weighted*: it divides by the
        sum of the weights of the labels. With distributions it divides by the number of examples.

    Returns
    -------
    float or ndarray
        In nats. A float, or for "none" an array of the shape of `logits` without its last axis. Infinite where a class
        with a score of −inf has target probability.

    Raises
    ------
    ValueError
        If a score is +inf, all scores of an example are −inf, a label is negative, out of range or not an integer, a
        soft label is negative or does not sum to one within 1e-6, the shapes do not fit, a weight is negative or not
        finite, label smoothing is outside [0, 1], `ignore_index` meets soft labels, or "mean" has nothing to average.

    Notes
    -----
    The conventions are those of `torch.nn.functional.cross_entropy`, whose default `ignore_index` is −100 while here
    nothing is ignored unless asked for, and which keeps the classes on axis 1. PyTorch returns NaN when every label is
    ignored.

    References
    ----------
    Bridle (1990), "Probabilistic interpretation of feedforward classification network outputs", *Neurocomputing*;
    Szegedy et al. (2016), "Rethinking the Inception architecture", for label smoothing.

    Examples
    --------
    >>> softmax_cross_entropy([[0.0, np.log(3.0)]], [1])  # log(4/3)
    0.2876820724517809
    >>> softmax_cross_entropy([[0.0, 40.0]], [1])
    4.248354255291589e-18
    >>> softmax_cross_entropy([[0.0, 0.0]], [[0.5, 0.5]], reduction="none")
    array([0.69314718])
    """
    s = check_scores(logits)
    targets = _targets(s.shape, labels, label_smoothing, ignore_index, weight)
    divisor = _divisor(targets.weights, reduction)
    rows, losses = s.reshape(-1, s.shape[-1]), np.empty(s.shape[:-1])
    for part in blocks(rows):
        scores, mass = relative_scores(rows[part]), targets.mass(part)
        surprisals = np.subtract(np.log1p(scores.rest), scores.gaps, out=scores.gaps)
        with quiet():
            surprisals *= mass
        surprisals[mass == 0] = 0.0  # also where the surprise is infinite
        losses.reshape(-1)[part] = surprisals.sum(axis=-1)
    return reduce(losses / divisor, "none" if reduction == "none" else "sum")


def softmax_cross_entropy_grad(
    logits: ArrayLike,
    labels: ArrayLike,
    *,
    label_smoothing: float = 0.0,
    ignore_index: int | None = None,
    weight: ArrayLike | None = None,
    reduction: str = "mean",
) -> Floats:
    """d softmax_cross_entropy / d logits = p̂ − y. Arguments as in `softmax_cross_entropy`.

    Under "mean" it is divided by what the mean of the losses divides by: N, or for class indices the sum of the weights
    of the labels that count. With class weights it is p̂ Σ w y − w y. For the right class of a hard label it is minus
    the sum of the other probabilities, which keeps the digits that p̂ − 1 loses.

    >>> softmax_cross_entropy_grad([[0.0, np.log(3.0)]], [1])
    array([[ 0.25, -0.25]])
    >>> softmax_cross_entropy_grad([[0.0, 40.0]], [1])
    array([[ 4.24835426e-18, -4.24835426e-18]])
    """
    s = check_scores(logits)
    targets = _targets(s.shape, labels, label_smoothing, ignore_index, weight)
    divisor = _divisor(targets.weights, reduction)
    gradient = np.empty(s.shape)
    rows, out = s.reshape(-1, s.shape[-1]), gradient.reshape(-1, s.shape[-1])
    for part in blocks(rows):
        scores, mass = relative_scores(rows[part]), targets.mass(part)
        total = mass.sum(axis=-1, keepdims=True)
        against = scores.rest / (1 + scores.rest)  # 1 − p̂ of the largest logit, from the others
        slopes = scores.powers
        slopes /= 1 + scores.rest
        slopes *= total
        slopes -= mass
        top = np.where(scores.top)
        own, whole, other = mass[top], total[top[0], 0], against[top[0], 0]
        # whole − own is exact for a hard label: 0 in its own place
        slopes[top] = np.where(own > whole / 2, (whole - own) - whole * other, whole * (1 - other) - own)
        slopes /= divisor
        slopes[total[:, 0] == 0] = 0.0  # an ignored example, whatever its scores are
        out[part] = slopes
    return gradient


SOFTMAX_CROSS_ENTROPY = Loss(
    value=softmax_cross_entropy,
    grad=softmax_cross_entropy_grad,
    title="softmax cross-entropy",
    synonyms=("categorical cross-entropy", "multinomial logistic loss", "log loss"),
    latex=r"-\log \frac{\exp\left(s_y\right)}{\sum_{k=1}^{K} \exp\left(s_k\right)}",
    latex_grad={"logits": r"\frac{\exp\left(s_k\right)}{\sum_{j=1}^{K} \exp\left(s_j\right)} - [k = y]"},
    arguments={"logits": Argument("s", "logits"), "labels": Argument("y", "label")},
    where="$y$ is the index of the true class, and $[k = y]$ is 1 if $k$ is that class and 0 otherwise.",
    estimates="the conditional probability of every class",
    card=Card(
        what=r"Minus the log-probability of the true class: $\operatorname{LSE}(s) - s_y$.",
        why="The negative log-likelihood, if the label is drawn from the distribution that the softmax predicts.",
        strengths=(
            "Convex in the logits; the slope in each is between −1 and 1.",
            "A sure mistake pulls hardest.",
            "In the mean over equal features it is lowest at the share of each class: probabilities are honest.",
        ),
        weaknesses=(
            "One confident mistake can cost more than a thousand right answers save.",
            "Where the true class always leads, larger logits are cheaper still: training has no end of its own.",
        ),
        pytorch="F.cross_entropy(logits, labels)",
    ),
    torch="torch.nn.functional.cross_entropy",
    sklearn="sklearn.metrics.log_loss (from probabilities)",
    optax="optax.softmax_cross_entropy_with_integer_labels",
    source="bridle1990",
    chapter="softmax",
    keras="keras.losses.SparseCategoricalCrossentropy (from logits, if told)",
)


# ── Two classes ──────────────────────────────────────────────────────────────────────────────────────────────────────


def _two_classes(name: str, scores: Floats, label_name: str, labels: ArrayLike) -> tuple[Floats, Floats]:
    targets = check_probability(label_name, labels)
    same_shape(name, scores, label_name, targets)
    return scores, targets


def binary_cross_entropy(prediction: ArrayLike, target: ArrayLike, *, reduction: str = "mean") -> Floats | float:
    r"""Cross-entropy of a yes or no from the predicted probability of yes.

    .. math:: \ell = -y \log \hat p - (1 - y) \log(1 - \hat p)

    Parameters
    ----------
    prediction : array_like
        Probabilities p̂ in [0, 1], any shape.
    target : array_like
        0, 1, or a probability between them, of the shape of `prediction`.
    reduction : {"none", "mean", "sum"}
        One loss per element, their mean, or their sum.

    Returns
    -------
    float or ndarray
        In nats. A float, or for "none" an array of the shape of `prediction`. Infinite for a certain wrong prediction.

    Raises
    ------
    ValueError
        If the shapes differ, a prediction or target lies outside [0, 1], the reduction is unknown, or "mean" meets an
        empty batch.

    Notes
    -----
    PyTorch's `binary_cross_entropy` stops at 100 instead of infinity. Where the score is known, use
    `binary_cross_entropy_with_logits`: a probability near 1 has lost its digits before it arrives here.

    References
    ----------
    Cox (1958), "The regression analysis of binary sequences", *Journal of the Royal Statistical Society B* 20, 215–242.

    Examples
    --------
    >>> binary_cross_entropy([0.75, 0.25], [1.0, 0.0])
    0.2876820724517809
    >>> binary_cross_entropy([0.0, 1.0], [1.0, 1.0], reduction="none")
    array([inf,  0.])
    """
    p, y = _two_classes("prediction", check_probability("prediction", prediction), "target", target)
    with quiet():
        yes = np.where(y == 0, 0.0, y * np.abs(np.log(p)))
        no = np.where(y == 1, 0.0, (1 - y) * np.abs(np.log1p(-p)))
    return reduce(np.where(np.isnan(p), p, yes + no), reduction)


def binary_cross_entropy_grad(prediction: ArrayLike, target: ArrayLike, *, reduction: str = "mean") -> Floats:
    """d binary_cross_entropy / d prediction = (p̂ − y) / (p̂ (1 − p̂)). Arguments as in `binary_cross_entropy`.

    At p̂ = 0 and 1 the slope from inside: infinite for a wrong target, ±1 for the right one.

    >>> binary_cross_entropy_grad([0.75, 0.25], [1.0, 0.0], reduction="sum")
    array([-1.33333333,  1.33333333])
    """
    p, y = _two_classes("prediction", check_probability("prediction", prediction), "target", target)
    with quiet():
        inside = (p - y) / p / (1 - p)
        slopes = np.where(y == 0, 1 / (1 - p), np.where(y == 1, -1 / p, inside))
    return reduce_grad(np.where(np.isnan(p), p, slopes), reduction)


BINARY_CROSS_ENTROPY = Loss(
    value=binary_cross_entropy,
    grad=binary_cross_entropy_grad,
    title="binary cross-entropy",
    synonyms=("BCE", "log loss", "Bernoulli NLL"),
    latex=r"-y \log \hat p - (1 - y) \log\left(1 - \hat p\right)",
    latex_grad={"prediction": r"\frac{\hat p - y}{\hat p \left(1 - \hat p\right)}"},
    arguments={"prediction": Argument(r"\hat p", "unit"), "target": Argument("y", "probability")},
    estimates="the conditional probability of 1",
    torch="torch.nn.functional.binary_cross_entropy",
    sklearn="sklearn.metrics.log_loss",
    card=Card(
        what="Minus the logarithm of the probability that the label was given.",
        why="Maximum likelihood for a label of 0 or 1: the Bernoulli distribution.",
        strengths=(
            r"The average over labels is lowest where $\hat p$ is the share of ones.",
            r"Convex in $\hat p$.",
        ),
        weaknesses=(
            r"A label to which the model gave the probability 0 costs infinitely much.",
            r"Once $\hat p$ has rounded to 1, a mistake costs $\infty$; from the logit 40 it costs 40.",
        ),
        pytorch="F.binary_cross_entropy(prediction, target)",
    ),
    source="cox1958",
    chapter="cross-entropy",
    keras="keras.losses.BinaryCrossentropy",
)


def _pos_weight(pos_weight: ArrayLike, scores: Floats) -> float | Floats:
    """One weight for all, or one per label on the last axis."""
    if np.ndim(pos_weight) == 0 or scores.ndim == 0:
        return number("pos_weight", pos_weight, 0)  # type: ignore[arg-type]
    weights = real("pos_weight", pos_weight)
    if weights.shape != scores.shape[-1:]:
        raise ValueError(
            f"pos_weight must be a number or one per label, shape {scores.shape[-1:]}, got {shown(weights)}"
        )
    if not (np.isfinite(weights) & (weights > 0)).all():
        raise ValueError(f"pos_weight must be finite and greater than 0, got {shown(weights)}")
    return weights


def binary_cross_entropy_with_logits(
    logits: ArrayLike, labels: ArrayLike, *, pos_weight: ArrayLike = 1.0, reduction: str = "mean"
) -> Floats | float:
    r"""Cross-entropy of a yes or no from the score of yes: the stable way to compute `binary_cross_entropy`.

    .. math:: \ell = w\, y \log(1 + \exp(-s)) + (1 - y) \log(1 + \exp(s))

    Parameters
    ----------
    logits : array_like
        One score per example, any shape; p̂ = sigmoid(s). −inf is an impossible yes.
    labels : array_like
        0, 1, or a probability between them, of the shape of `logits`.
    pos_weight : float or array_like
        w > 0 multiplies the term of the positive class: above 1 for a rare one. Where an example has several labels on
        the last axis, one number for all or one per label.
    reduction : {"none", "mean", "sum"}
        One loss per element, their mean, or their sum. The mean divides by the number of elements, whatever the weight.

    Returns
    -------
    float or ndarray
        In nats. A float, or for "none" an array of the shape of `logits`.

    Raises
    ------
    ValueError
        If the shapes differ, a score is +inf, a label lies outside [0, 1], `pos_weight` is not finite and greater than
        0 or not one per label, the reduction is unknown, or "mean" meets an empty batch.

    References
    ----------
    Cox (1958), "The regression analysis of binary sequences", *Journal of the Royal Statistical Society B* 20, 215–242.

    Examples
    --------
    >>> binary_cross_entropy_with_logits([0.0, 40.0, 40.0], [1.0, 1.0, 0.0], reduction="none")
    array([6.93147181e-01, 4.24835426e-18, 4.00000000e+01])
    """
    s, y = _two_classes("logits", check_logits("logits", logits), "labels", labels)
    w = _pos_weight(pos_weight, s)
    with quiet():
        yes = np.where(y == 0, 0.0, w * y * softplus(-s))
        no = np.where(y == 1, 0.0, (1 - y) * softplus(s))
    return reduce(np.where(np.isnan(s), s, yes + no), reduction)


def binary_cross_entropy_with_logits_grad(
    logits: ArrayLike, labels: ArrayLike, *, pos_weight: ArrayLike = 1.0, reduction: str = "mean"
) -> Floats:
    """d binary_cross_entropy_with_logits / d logits, which is p̂ − y where `pos_weight` is 1. Arguments as there.

    >>> binary_cross_entropy_with_logits_grad([0.0, 40.0], [1.0, 1.0], reduction="sum")
    array([-5.00000000e-01, -4.24835426e-18])
    """
    s, y = _two_classes("logits", check_logits("logits", logits), "labels", labels)
    w = _pos_weight(pos_weight, s)
    return reduce_grad((1 - y) * logistic(s) - w * y * logistic(-s), reduction)


BINARY_CROSS_ENTROPY_WITH_LOGITS = Loss(
    value=binary_cross_entropy_with_logits,
    grad=binary_cross_entropy_with_logits_grad,
    title="binary cross-entropy from logits",
    synonyms=("sigmoid cross-entropy", "logistic loss", "BCE with logits"),
    latex=r"w y \log\left(1 + \exp\left(-s\right)\right) + (1 - y) \log\left(1 + \exp\left(s\right)\right)",
    latex_grad={"logits": r"\frac{1 - y}{1 + \exp\left(-s\right)} - \frac{w y}{1 + \exp\left(s\right)}"},
    arguments={"logits": Argument("s", "real"), "labels": Argument("y", "probability")},
    parameters={"pos_weight": Parameter(1.0, 0.1, 10.0, "w")},
    where="$w$ weights the class 1; the plain loss has $w = 1$.",
    estimates="the conditional log-odds of 1, plus log w",
    card=Card(
        what="Cross-entropy of a yes or no from one logit $s$, with $w$ for the price of a missed yes.",
        why="One sigmoid for each question: two classes, or several labels that do not exclude each other.",
        strengths=(
            r"At $w = 1$ the slope is $\sigma(s) - y$: bounded, and right for a $y$ between 0 and 1 too.",
            "Equal to the softmax loss of the logits $s$ and 0, at $w = 1$.",
        ),
        weaknesses=(r"With $w \ne 1$ the sigmoid is no probability: its odds are $w$ times the true ones.",),
        pytorch="F.binary_cross_entropy_with_logits(\n    logits, labels, pos_weight=logits.new_tensor(pos_weight)\n)",
    ),
    torch="torch.nn.functional.binary_cross_entropy_with_logits",
    sklearn="sklearn.metrics.log_loss (from probabilities)",
    optax="optax.sigmoid_binary_cross_entropy",
    source="cox1958",
    chapter="softmax",
    keras="keras.losses.BinaryCrossentropy (from logits, if told)",
)
