r"""Scoring a forecast: Brier and spherical score of probabilities, and two cross-entropies that expect wrong labels.

A score is strictly proper if the forecast that is best on average is the true distribution and no other: Brier,
spherical and logarithmic are; of the generalised cross-entropies none is, only their limit q → 0. Gradients in a
forecast treat its probabilities as free; what counts along the simplex is their difference between two classes.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from lossbook.core import (
    Argument,
    Card,
    Floats,
    Loss,
    Parameter,
    check_distribution,
    check_probability,
    number,
    quiet,
    real,
    reduce,
    reduce_grad,
    same_shape,
    shown,
)
from lossbook.losses._rows import Rows, indices, labelled

__all__ = [
    "BINARY_BRIER",
    "BRIER",
    "FORWARD_CORRECTION",
    "GENERALISED_CROSS_ENTROPY",
    "SPHERICAL",
    "binary_brier",
    "binary_brier_grad",
    "brier",
    "brier_grad",
    "forward_correction",
    "forward_correction_grad",
    "generalised_cross_entropy",
    "generalised_cross_entropy_grad",
    "spherical",
    "spherical_grad",
]


def _forecast(prediction: ArrayLike, labels: ArrayLike) -> tuple[Floats, NDArray[np.bool_]]:
    """The forecast distributions, and a mask of the same shape that is True at the label of each."""
    p = check_distribution("prediction", prediction)
    return p, np.arange(p.shape[-1]) == indices(p, labels)[..., np.newaxis]


FORECAST = {"prediction": Argument(r"\hat p", "distribution"), "labels": Argument("y", "label")}

# ── Brier ────────────────────────────────────────────────────────────────────────────────────────────────────────────


def brier(prediction: ArrayLike, labels: ArrayLike, *, reduction: str = "mean") -> Floats | float:
    r"""Brier score: the squared distance between the forecast probabilities and what happened.

    .. math:: \ell = \sum_{k=1}^{K} \left(\hat p_k - [k=y]\right)^2

    Parameters
    ----------
    prediction : array_like
        Forecasts of shape (…, K): distributions along the last axis.
    labels : array_like
        Class indices 0 … K − 1 of shape (…) and integer type.
    reduction : {"none", "mean", "sum"}
        One loss per example, their mean, or their sum. The mean divides by the number of examples, not of classes.

    Returns
    -------
    float or ndarray
        Between 0 and 2. A float, or for "none" an array of the shape of `labels`.

    Raises
    ------
    ValueError
        If a forecast is negative or does not sum to one within 1e-6, a label is negative, out of range or not an
        integer, the shapes do not fit, the reduction is unknown, or "mean" meets an empty batch.

    Notes
    -----
    For two classes it is twice `binary_brier`. scikit-learn's `brier_score_loss` takes the truth first and halves the
    sum for two classes, not for more, unless `scale_by_half` says otherwise.

    References
    ----------
    Brier (1950), "Verification of forecasts expressed in terms of probability", *Monthly Weather Review* 78, 1–3.

    Examples
    --------
    >>> brier([[0.5, 0.25, 0.25], [1.0, 0.0, 0.0]], [0, 1], reduction="none")
    array([0.375, 2.   ])
    """
    p, right = _forecast(prediction, labels)
    return reduce(np.square(p - right).sum(axis=-1), reduction)


def brier_grad(prediction: ArrayLike, labels: ArrayLike, *, reduction: str = "mean") -> Floats:
    """d brier / d prediction: 2(p̂ − y) with y one-hot, over N under "mean". Arguments as in `brier`.

    >>> brier_grad([[0.5, 0.25, 0.25]], [0])
    array([[-1. ,  0.5,  0.5]])
    """
    p, right = _forecast(prediction, labels)
    return reduce_grad(2 * (p - right), reduction, right[..., 0].size)


BRIER = Loss(
    value=brier,
    grad=brier_grad,
    title="Brier score",
    synonyms=("quadratic score", "Brier loss"),
    latex=r"\sum_{k=1}^{K} \left(\hat p_k - [k = y]\right)^2",
    latex_grad={"prediction": r"2 \left(\hat p_k - [k = y]\right)"},
    arguments=FORECAST,
    estimates="the conditional probability of every class",
    sklearn="sklearn.metrics.brier_score_loss (truth first; halved for two classes)",
    card=Card(
        what="Squared distance from the forecast to the label, a coordinate for each class.",
        why="Honest forecasts, by a cost that stays finite.",
        strengths=(
            "Strictly proper: honesty alone is cheapest.",
            "It is never above 2.",
        ),
        weaknesses=(
            "Not local: how you spread the rest counts too.",
            "Through a softmax that is sure of a wrong class it hardly pulls.",
        ),
        pytorch="(prediction - F.one_hot(labels, prediction.shape[-1])).square().sum(-1).mean()",
    ),
    source="brier1950",
    chapter="classification",
)


def _event(prediction: ArrayLike, target: ArrayLike) -> tuple[Floats, Floats]:
    p, y = check_probability("prediction", prediction), check_probability("target", target)
    same_shape("prediction", p, "target", y)
    return p, y


def binary_brier(prediction: ArrayLike, target: ArrayLike, *, reduction: str = "mean") -> Floats | float:
    r"""Brier score of a yes or no from the forecast probability of yes: half of `brier` for two classes.

    .. math:: \ell = (\hat p - y)^2

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
        Between 0 and 1. A float, or for "none" an array of the shape of `prediction`.

    Raises
    ------
    ValueError
        If the shapes differ, a prediction or target lies outside [0, 1], the reduction is unknown, or "mean" meets an
        empty batch.

    Notes
    -----
    `mse` of a probability. With a target between 0 and 1 the cost of the noise in the outcome, y(1 − y), is left out.

    References
    ----------
    Brier (1950), "Verification of forecasts expressed in terms of probability", *Monthly Weather Review* 78, 1–3.

    Examples
    --------
    >>> binary_brier([0.75, 0.25, 0.0], [1, 1, 1], reduction="none")
    array([0.0625, 0.5625, 1.    ])
    """
    p, y = _event(prediction, target)
    return reduce(np.square(p - y), reduction)


def binary_brier_grad(prediction: ArrayLike, target: ArrayLike, *, reduction: str = "mean") -> Floats:
    """d binary_brier / d prediction = 2(p̂ − y), over N under "mean". Arguments as in `binary_brier`.

    >>> binary_brier_grad([0.75, 0.25], [1, 1], reduction="none")
    array([-0.5, -1.5])
    """
    p, y = _event(prediction, target)
    return reduce_grad(2 * (p - y), reduction)


BINARY_BRIER = Loss(
    value=binary_brier,
    grad=binary_brier_grad,
    title="Brier score of two classes",
    synonyms=("half Brier score",),
    latex=r"\left(\hat p - y\right)^2",
    latex_grad={"prediction": r"2 \left(\hat p - y\right)"},
    arguments={"prediction": Argument(r"\hat p", "probability"), "target": Argument("y", "probability")},
    estimates="the conditional probability of 1",
    sklearn="sklearn.metrics.brier_score_loss (truth first)",
    card=Card(
        what="Squared error of the forecast of one event.",
        why="The Brier score of both classes is twice this, so one of them will do.",
        strengths=(
            "Strictly proper: honesty alone is cheapest.",
            "The mean splits exactly into uncertainty, resolution and reliability.",
        ),
        weaknesses=("Through a sigmoid that is sure of the wrong answer it hardly pulls.",),
        pytorch="F.mse_loss(prediction, target)",
    ),
    source="brier1950",
    chapter="classification",
)

# ── Spherical ────────────────────────────────────────────────────────────────────────────────────────────────────────


def spherical(prediction: ArrayLike, labels: ArrayLike, *, reduction: str = "mean") -> Floats | float:
    r"""Spherical score, turned to a loss: minus the cosine between the forecast and what happened.

    .. math:: \ell = -\frac{\hat p_y}{\lVert \hat p \rVert}

    Parameters
    ----------
    prediction, labels : array_like
        As in `brier`.
    reduction : {"none", "mean", "sum"}
        One loss per example, their mean, or their sum. The mean divides by the number of examples.

    Returns
    -------
    float or ndarray
        Between −1 and 0. A float, or for "none" an array of the shape of `labels`.

    Raises
    ------
    ValueError
        As `brier`.

    References
    ----------
    Gneiting and Raftery (2007), "Strictly proper scoring rules, prediction, and estimation", *Journal of the American
    Statistical Association* 102, 359–378.

    Examples
    --------
    >>> spherical([[3 / 7, 4 / 7], [0.0, 1.0]], [0, 0], reduction="none")
    array([-0.6,  0. ])
    """
    p, right = _forecast(prediction, labels)
    own = (p * right).sum(axis=-1)
    return reduce(0.0 - own / np.linalg.norm(p, axis=-1), reduction)


def spherical_grad(prediction: ArrayLike, labels: ArrayLike, *, reduction: str = "mean") -> Floats:
    """d spherical / d prediction: (p̂ p̂_y/‖p̂‖² − y)/‖p̂‖ with y one-hot. Arguments as in `brier`.

    >>> spherical_grad([[0.0, 1.0]], [0])
    array([[-1.,  0.]])
    """
    p, right = _forecast(prediction, labels)
    length = np.linalg.norm(p, axis=-1, keepdims=True)
    unit = p / length
    own = (unit * right).sum(axis=-1, keepdims=True)
    others = np.square(np.where(right, 0.0, unit)).sum(axis=-1, keepdims=True)  # 1 − own², without cancellation
    return reduce_grad(np.where(right, -others, unit * own) / length, reduction, right[..., 0].size)


SPHERICAL = Loss(
    value=spherical,
    grad=spherical_grad,
    title="spherical score",
    synonyms=("spherical loss",),
    latex=r"-\frac{\hat p_y}{\lVert \hat p \rVert}",
    latex_grad={
        "prediction": r"\frac{\hat p_y \hat p_k}{\lVert \hat p \rVert^3} - \frac{[k = y]}{\lVert \hat p \rVert}"
    },
    arguments=FORECAST,
    estimates="the conditional probability of every class",
    card=Card(
        what="Minus the forecast of what happened, divided by the length of the forecast as a vector.",
        why="Honest forecasts again, by the angle between forecast and label.",
        strengths=(
            "Strictly proper: honesty alone is cheapest.",
            "It lies between −1 and 0.",
        ),
        weaknesses=("Not local: how you spread the rest counts too.",),
        pytorch="-F.normalize(prediction, dim=-1).gather(-1, labels[:, None]).mean()",
    ),
    source="gneiting2007",
    chapter="classification",
)

# ── Labels that may be wrong ─────────────────────────────────────────────────────────────────────────────────────────


def _exponent(q: float) -> float:
    exponent = number("q", q, 0, 1, closed=True)
    if exponent == 0:
        raise ValueError(f"q must be greater than 0, got {shown(q)}")
    return exponent


def generalised_cross_entropy(
    logits: ArrayLike, labels: ArrayLike, *, q: float = 0.7, reduction: str = "mean"
) -> Floats | float:
    r"""Generalised cross-entropy from scores: between cross-entropy (q → 0) and the absolute error (q = 1).

    .. math:: \ell = \frac{1 - \hat p_y^q}{q}, \qquad \hat p_k = \frac{\exp(s_k)}{\sum_{j=1}^{K} \exp(s_j)}

    Parameters
    ----------
    logits : array_like
        Scores of shape (…, K), the classes on the last axis. −inf is an impossible class.
    labels : array_like
        Class indices 0 … K − 1 of shape (…) and integer type.
    q : float
        In (0, 1]. The larger, the less an example counts that the model thinks is mislabelled.
    reduction : {"none", "mean", "sum"}
        One loss per example, their mean, or their sum.

    Returns
    -------
    float or ndarray
        Between 0 and 1/q. A float, or for "none" an array of the shape of `labels`.

    Raises
    ------
    ValueError
        If a score is +inf, all scores of an example are −inf, a label is negative, out of range or not an integer, the
        shapes do not fit, q is outside (0, 1], the reduction is unknown, or "mean" meets an empty batch.

    Notes
    -----
    At q = 1 it is 1 − p̂_y, half of the absolute error Σ|p̂ − y| on probabilities. From probabilities p̂ call it with
    log p̂ as the scores.

    References
    ----------
    Zhang and Sabuncu (2018), "Generalized cross entropy loss for training deep neural networks with noisy labels",
    *NeurIPS*.

    Examples
    --------
    >>> generalised_cross_entropy([[0.0, np.log(3.0)]], [0], q=0.5)  # 2 (1 − √¼)
    1.0
    >>> generalised_cross_entropy([[0.0, -800.0], [0.0, -800.0]], [0, 1], q=0.5, reduction="none")
    array([0., 2.])
    """
    q = _exponent(q)
    rows = labelled(logits, labels)
    return reduce((-np.expm1(q * rows.own(rows.log_p)) / q + 0.0).reshape(rows.shape[:-1]), reduction)


def generalised_cross_entropy_grad(
    logits: ArrayLike, labels: ArrayLike, *, q: float = 0.7, reduction: str = "mean"
) -> Floats:
    """d generalised_cross_entropy / d logits: that of cross-entropy, p̂ − y, times p̂_y to the power q.

    Arguments as in `generalised_cross_entropy`.

    >>> generalised_cross_entropy_grad([[0.0, np.log(3.0)]], [0], q=0.5)
    array([[-0.375,  0.375]])
    """
    q = _exponent(q)
    rows = labelled(logits, labels)
    own, log_own = rows.own(rows.p), rows.own(rows.log_p)
    powers = np.where(own > 1e-300, own**q, np.exp(q * log_own))  # p̂ itself may be 0 where its power is not
    return reduce_grad((powers * rows.towards).reshape(rows.shape), reduction, len(powers))


GENERALISED_CROSS_ENTROPY = Loss(
    value=generalised_cross_entropy,
    grad=generalised_cross_entropy_grad,
    title="generalised cross-entropy",
    synonyms=("GCE", "generalized cross-entropy", "Lq loss"),
    latex=r"\frac{1 - \hat p_y^q}{q}",
    latex_grad={"logits": r"\hat p_y^q \left(\hat p_k - [k = y]\right)"},
    where=r"$\hat p$ is the softmax of $s$.",
    arguments={"logits": Argument("s", "logits"), "labels": Argument("y", "label")},
    parameters={"q": Parameter(0.7, 0.1, 1.0, "q", "in (0, 1]")},
    estimates="a distribution sharper than the conditional one; at q = 1 the most probable class",
    card=Card(
        what=r"Between cross-entropy ($q \to 0$) and half the absolute error of the probabilities ($q = 1$).",
        why="Wrong labels: a confident mistake costs no more than a bound.",
        strengths=("It is never above $1/q$.",),
        weaknesses=(
            "Not proper for $q > 0$: the best forecast is sharper than the truth.",
            "It hardly pulls where the network is sure of another class: a wrong label, or a class not learnt yet.",
        ),
        pytorch="((1 - F.softmax(logits, -1).gather(-1, labels[:, None]) ** q) / q).mean()",
    ),
    source="zhang2018",
    chapter="classification",
)


def _noise(noise_matrix: ArrayLike, classes: int) -> Floats:
    matrix = real("noise_matrix", noise_matrix)
    if matrix.shape != (classes, classes):
        raise ValueError(f"noise_matrix must have the shape {(classes, classes)}, got shape {matrix.shape}")
    return check_distribution("noise_matrix", matrix)


def _complement(matrix: Floats) -> Floats:
    """1 − T with all its digits: for the largest entry of a row the sum of the others."""
    largest = np.argmax(matrix, axis=1)[:, np.newaxis]
    others = np.copy(matrix)
    np.put_along_axis(others, largest, 0.0, axis=1)
    wrong = 1 - matrix
    np.put_along_axis(wrong, largest, others.sum(axis=1, keepdims=True), axis=1)
    return wrong


def _log_observed(rows: Rows, matrix: Floats) -> tuple[Floats, Floats]:
    """log of p̂_k T_ky for the observed label y, and the logarithm of its sum over k, as a column."""
    with quiet():
        joint = rows.log_p + np.log(matrix[:, rows.labels].T)
        top = joint.max(axis=1, keepdims=True)
        top = np.where(np.isneginf(top), 0.0, top)
        return joint, top + np.log(np.exp(joint - top).sum(axis=1, keepdims=True))


def _differences(rows: Rows, matrix: Floats) -> Floats:
    """Σ_i p̂_i (T_iy − T_ky) for every class k: P(y) − T_ky, without its cancellation."""
    found = np.empty_like(rows.p)
    for label in np.unique(rows.labels):
        column, chosen = matrix[:, label], rows.labels == label
        found[chosen] = rows.p[chosen] @ (column[:, np.newaxis] - column)
    return found


def forward_correction(
    logits: ArrayLike, labels: ArrayLike, noise_matrix: ArrayLike, *, reduction: str = "mean"
) -> Floats | float:
    r"""Cross-entropy of labels that were changed at random: the forecast is changed with the same probabilities.

    .. math:: \ell = -\log \left(\sum_{k=1}^{K} t_k \hat p_k\right),
              \qquad \hat p_k = \frac{\exp(s_k)}{\sum_{j=1}^{K} \exp(s_j)}

    Parameters
    ----------
    logits : array_like
        Scores of the true classes, shape (…, K). −inf is an impossible class.
    labels : array_like
        The classes that were observed, 0 … K − 1, of shape (…) and integer type.
    noise_matrix : array_like
        T of shape (K, K), one for all examples: T[k, j] is the probability that the class k is observed as j. Rows sum
        to 1; the identity gives cross-entropy. In the formula t is its column of the observed label y.
    reduction : {"none", "mean", "sum"}
        One loss per example, their mean, or their sum.

    Returns
    -------
    float or ndarray
        In nats. A float, or for "none" an array of the shape of `labels`. Infinite for a label that cannot be observed,
        where the gradient is NaN.

    Raises
    ------
    ValueError
        As `generalised_cross_entropy`, and if the noise matrix is not K × K, has a negative entry, or a row of it does
        not sum to one within 1e-6.

    Notes
    -----
    If T is the true one and has an inverse, the best scores are those of the true classes.

    References
    ----------
    Patrini et al. (2017), "Making deep neural networks robust to label noise: A loss correction approach", *CVPR*.

    Examples
    --------
    >>> forward_correction([[0.0, np.log(3.0)]], [1], [[0.5, 0.5], [0.0, 1.0]])  # −log(½ · ¼ + ¾)
    0.13353139262452263
    """
    rows = labelled(logits, labels)
    matrix = _noise(noise_matrix, rows.shape[-1])
    missed = np.einsum("nk,kn->n", rows.p, _complement(matrix)[:, rows.labels])  # the probability of the other labels
    with quiet():
        losses = np.where(missed < 0.5, -np.log1p(-missed), -_log_observed(rows, matrix)[1][:, 0])
    return reduce(losses.reshape(rows.shape[:-1]) + 0.0, reduction)


def forward_correction_grad(
    logits: ArrayLike, labels: ArrayLike, noise_matrix: ArrayLike, *, reduction: str = "mean"
) -> Floats:
    """d forward_correction / d logits: p̂ minus the probability of each true class given the label that was observed.

    Arguments as in `forward_correction`.

    >>> forward_correction_grad([[0.0, np.log(3.0)]], [1], [[0.5, 0.5], [0.0, 1.0]])  # ¼ − ⅛ / ⅞
    array([[ 0.10714286, -0.10714286]])
    """
    rows = labelled(logits, labels)
    matrix = _noise(noise_matrix, rows.shape[-1])
    joint, log_observed = _log_observed(rows, matrix)
    observed = np.einsum("nk,kn->n", rows.p, matrix[:, rows.labels])[:, np.newaxis]
    with quiet():
        slopes = rows.p / observed * _differences(rows, matrix)
        slopes = np.where(observed > 1e-290, slopes, rows.p - np.exp(joint - log_observed))
    return reduce_grad(slopes.reshape(rows.shape), reduction, len(slopes))


FORWARD_CORRECTION = Loss(
    value=forward_correction,
    grad=forward_correction_grad,
    title="forward-corrected cross-entropy",
    synonyms=("forward loss correction",),
    latex=r"-\log \left(\sum_{k=1}^{K} t_k \hat p_k\right)",
    latex_grad={"logits": r"\hat p_k - \frac{t_k \hat p_k}{\sum_{j=1}^{K} t_j \hat p_j}"},
    where=r"$\hat p$ is the softmax of $s$, and $t$ the column of $T$ of the observed label $y$: "
    r"$t_k$ is the probability that the class $k$ is observed as $y$.",
    arguments={
        "logits": Argument("s", "logits"),
        "labels": Argument("y", "label"),
        "noise_matrix": Argument(
            "T", "distribution", "K × K, a row per true class: the probabilities of the observed class"
        ),
    },
    estimates="the conditional probability of every true class",
    card=Card(
        what="Cross-entropy of what is *seen*: the forecast goes through the matrix of confusions first.",
        why="Labels that are wrong in a known way.",
        strengths=("If the matrix can be inverted, the true probabilities alone are best.",),
        weaknesses=("If its rows are alike, every forecast costs the same.",),
        pytorch="F.nll_loss(torch.log(F.softmax(logits, -1) @ noise_matrix), labels)",
    ),
    source="patrini2017",
    chapter="classification",
)
