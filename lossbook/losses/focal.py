r"""Focal loss: cross-entropy that counts an example the less, the better it is predicted already.

The factor (1 − p̂)^γ is at most 1, so nothing costs more than under cross-entropy. The scores come in as logits, and a
probability that is nearly 1 has lost no digit of its distance from 1.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from lossbook.core import (
    Argument,
    Card,
    Floats,
    Loss,
    Parameter,
    check_logits,
    number,
    place,
    quiet,
    real,
    reduce,
    reduce_grad,
    same_shape,
    shown,
)
from lossbook.losses._rows import Rows, labelled
from lossbook.losses.scores import logistic, softplus

__all__ = [
    "SIGMOID_FOCAL",
    "SOFTMAX_FOCAL",
    "sigmoid_focal",
    "sigmoid_focal_grad",
    "softmax_focal",
    "softmax_focal_grad",
]


def _focus(p: Floats, against: Floats, surprisal: Floats, gamma: float) -> tuple[Floats, Floats]:
    """What a term costs, and the factor on the slope of cross-entropy, from p̂, 1 − p̂ and −log p̂ of the right class."""
    gamma = number("gamma", gamma, 0, closed=True)
    with quiet():
        weight = np.power(against, gamma)
        ratio = np.where(against > 0, surprisal / against, 1.0)  # its limit where p̂ is 1
        ratio = np.where(np.isinf(surprisal), 0.0, p * ratio)
        cost = np.where(weight == 0, 0.0, weight * surprisal) + 0.0
        return np.where(np.isnan(against), against, cost), weight * (1 + gamma * ratio)


def _right(rows: Rows) -> tuple[Floats, Floats, Floats]:
    return rows.own(rows.p), rows.own(rows.against), -rows.own(rows.log_p)


# ── Two classes ──────────────────────────────────────────────────────────────────────────────────────────────────────


def _binary(logits: ArrayLike, labels: ArrayLike, alpha: float | None) -> tuple[Floats, Floats, Floats]:
    """The margin of every score, ±1 by label, and the weight of the label."""
    s, y = check_logits("logits", logits), real("labels", labels)
    same_shape("logits", s, "labels", y)
    wrong = (y != 0) & (y != 1) & ~np.isnan(y)
    if wrong.any():
        raise ValueError(f"labels must be 0 or 1, got {shown(y[wrong][0])} at index {place(wrong)}")
    a = 1.0 if alpha is None else number("alpha", alpha, 0, 1)
    sign = 2 * y - 1
    return sign * s, sign, np.where(sign > 0, a, 1.0 if alpha is None else 1 - a)


def sigmoid_focal(
    logits: ArrayLike, labels: ArrayLike, *, gamma: float = 2.0, alpha: float | None = 0.25, reduction: str = "mean"
) -> Floats | float:
    r"""Focal loss of a yes or no from the score of yes.

    .. math:: \ell = -\alpha y (1 - \hat p)^\gamma \log \hat p - (1 - \alpha) (1 - y) \hat p^\gamma \log(1 - \hat p),
              \qquad \hat p = \frac{1}{1 + \exp(-s)}

    Parameters
    ----------
    logits : array_like
        One score per example or per label, any shape. −inf is an impossible yes.
    labels : array_like
        0 or 1, the shape of `logits`.
    gamma : float
        γ ≥ 0; with 0 it is cross-entropy, weighted.
    alpha : float, optional
        α in (0, 1): the weight of the *positive* class, label 1. The other has 1 − α. None leaves both at 1.
    reduction : {"none", "mean", "sum"}
        One loss per element, their mean, or their sum. The mean divides by the number of elements. Detectors divide the
        sum by the number of positives, which the caller does.

    Returns
    -------
    float or ndarray
        In nats. A float, or for "none" an array of the shape of `logits`.

    Raises
    ------
    ValueError
        If the shapes differ, a score is +inf, a label is neither 0 nor 1, γ is negative or infinite, α is outside
        (0, 1), the reduction is unknown, or "mean" meets an empty batch.

    Notes
    -----
    torchvision's `sigmoid_focal_loss` has the same defaults, fvcore's and Optax's leave α off. With γ > 0 the best p̂ is
    not the true probability but nearer to ½: read off no probability.

    References
    ----------
    Lin et al. (2017), "Focal loss for dense object detection", *ICCV*.

    Examples
    --------
    >>> sigmoid_focal([np.log(3.0), np.log(3.0)], [1, 0], gamma=1, alpha=None, reduction="none")
    array([0.07192052, 1.03972077])
    >>> sigmoid_focal([800.0, -800.0], [1, 1], alpha=None, reduction="none")
    array([  0., 800.])
    """
    m, _, weight = _binary(logits, labels, alpha)
    return reduce(weight * _focus(logistic(m), logistic(-m), softplus(-m), gamma)[0], reduction)


def sigmoid_focal_grad(
    logits: ArrayLike, labels: ArrayLike, *, gamma: float = 2.0, alpha: float | None = 0.25, reduction: str = "mean"
) -> Floats:
    """d sigmoid_focal / d logits: for label 1, α(1 − p̂)^γ times γ p̂ log p̂ + p̂ − 1; for label 0, turned round.

    Arguments as in `sigmoid_focal`.

    >>> sigmoid_focal_grad([0.0, 0.0], [1, 0], gamma=0, alpha=0.25, reduction="none")
    array([-0.125,  0.375])
    """
    m, sign, weight = _binary(logits, labels, alpha)
    against = logistic(-m)
    return reduce_grad(-sign * weight * against * _focus(logistic(m), against, softplus(-m), gamma)[1], reduction)


GAMMA = Parameter(2.0, 0.0, 5.0, r"\gamma", "at least 0")

SIGMOID_FOCAL = Loss(
    value=sigmoid_focal,
    grad=sigmoid_focal_grad,
    title="focal loss",
    synonyms=("binary focal loss", "focal cross-entropy"),
    latex=r"-\alpha y \left(1 - \hat p\right)^\gamma \log \hat p"
    r" - (1 - \alpha) (1 - y) \hat p^\gamma \log\left(1 - \hat p\right)",
    latex_grad={
        "logits": r"\alpha y \left(1 - \hat p\right)^\gamma"
        r" \left(\gamma \hat p \log\left(\hat p\right) + \hat p - 1\right)"
        r" + (1 - \alpha) (1 - y) \hat p^\gamma"
        r" \left(\hat p - \gamma \left(1 - \hat p\right) \log\left(1 - \hat p\right)\right)"
    },
    where=r"$\hat p$ is the sigmoid of $s$.",
    arguments={"logits": Argument("s", "real"), "labels": Argument("y", "binary")},
    parameters={"gamma": GAMMA, "alpha": Parameter(0.25, 0.05, 0.95, r"\alpha", "in (0, 1)")},
    estimates="something nearer to ½ than the conditional probability of 1",
    optax="optax.sigmoid_focal_loss (α off)",
    keras="keras.losses.BinaryFocalCrossentropy (from logits and with α, if told)",
    card=Card(
        what="Cross-entropy times a factor that makes easy cases cheap.",
        why="A detector sees a hundred thousand easy boxes for ten objects.",
        strengths=(
            r"At $\gamma = 2$ its factor is 0.01 for a label that is forecast at 0.9, and 0.81 for one at 0.1.",
            "The likelier of two examples stays the likelier.",
        ),
        weaknesses=(
            r"Not proper: at $\gamma = 2$, without $\alpha$, 0.750 is best where the truth is 0.95.",
            r"$\alpha$ is the weight of the *positives*: 0.25 makes them the cheap ones.",
        ),
        pytorch="""torch.where(labels == 1,
 -alpha * torch.sigmoid(-logits) ** gamma * F.logsigmoid(logits),
 (alpha - 1) * torch.sigmoid(logits) ** gamma
 * F.logsigmoid(-logits)).mean()""",
    ),
    source="lin2017",
    chapter="classification",
)

# ── Several classes ──────────────────────────────────────────────────────────────────────────────────────────────────


def _class_weights(alpha: ArrayLike | None, classes: int) -> Floats:
    weights = np.ones(classes) if alpha is None else real("alpha", alpha)
    if weights.shape != (classes,):
        raise ValueError(f"alpha must hold one number per class, shape {(classes,)}, got shape {weights.shape}")
    if np.any(weights < 0) or not np.isfinite(weights).all():
        raise ValueError(f"alpha must be finite and not negative, got {shown(weights)}")
    return weights


def softmax_focal(
    logits: ArrayLike,
    labels: ArrayLike,
    *,
    gamma: float = 2.0,
    alpha: ArrayLike | None = None,
    reduction: str = "mean",
) -> Floats | float:
    r"""Focal loss of class labels from scores.

    .. math:: \ell = -(1 - \hat p_y)^\gamma \log \hat p_y,
              \qquad \hat p_k = \frac{\exp(s_k)}{\sum_{j=1}^{K} \exp(s_j)}

    Parameters
    ----------
    logits : array_like
        Scores of shape (…, K), the classes on the last axis. −inf is an impossible class.
    labels : array_like
        Class indices 0 … K − 1 of shape (…) and integer type.
    gamma : float
        γ ≥ 0; with 0 it is cross-entropy.
    alpha : array_like, optional
        One weight ≥ 0 per class, on the examples of that class.
    reduction : {"none", "mean", "sum"}
        One loss per example, their mean, or their sum. The mean divides by the number of examples, whatever the
        weights are.

    Returns
    -------
    float or ndarray
        In nats. A float, or for "none" an array of the shape of `labels`.

    Raises
    ------
    ValueError
        If a score is +inf, all scores of an example are −inf, a label is negative, out of range or not an integer, the
        shapes do not fit, γ is negative or infinite, a weight is negative or not finite, the reduction is unknown, or
        "mean" meets an empty batch.

    Notes
    -----
    The sigmoids of two labels and the softmax of two classes agree: it is `sigmoid_focal(s₁ − s₀, label, alpha=None)`.

    References
    ----------
    Lin et al. (2017), "Focal loss for dense object detection", *ICCV*.

    Examples
    --------
    >>> softmax_focal([[0.0, np.log(3.0)]], [0], gamma=1)  # ¾ log 4
    1.039720770839918
    """
    rows = labelled(logits, labels)
    weights = _class_weights(alpha, rows.shape[-1])[rows.labels, np.newaxis]
    losses = weights * _focus(*_right(rows), gamma)[0]
    return reduce(losses.reshape(rows.shape[:-1]), reduction)


def softmax_focal_grad(
    logits: ArrayLike,
    labels: ArrayLike,
    *,
    gamma: float = 2.0,
    alpha: ArrayLike | None = None,
    reduction: str = "mean",
) -> Floats:
    """d softmax_focal / d logits: that of cross-entropy, p̂ − y, times a factor that falls to 0 as p̂_y rises to 1.

    Arguments as in `softmax_focal`.

    >>> softmax_focal_grad([[0.0, 0.0]], [0], gamma=1)  # ½ (½ + ½ log 2)
    array([[-0.4232868,  0.4232868]])
    """
    rows = labelled(logits, labels)
    weights = _class_weights(alpha, rows.shape[-1])[rows.labels, np.newaxis]
    slopes = weights * _focus(*_right(rows), gamma)[1] * rows.towards
    return reduce_grad(slopes.reshape(rows.shape), reduction, len(slopes))


SOFTMAX_FOCAL = Loss(
    value=softmax_focal,
    grad=softmax_focal_grad,
    title="focal loss of several classes",
    synonyms=("categorical focal loss",),
    latex=r"-\left(1 - \hat p_y\right)^\gamma \log \hat p_y",
    latex_grad={
        "logits": r"\left(\left(1 - \hat p_y\right)^\gamma - \gamma \hat p_y \left(1 - \hat p_y\right)^{\gamma - 1}"
        r" \log\left(\hat p_y\right)\right) \left(\hat p_k - [k = y]\right)"
    },
    where=r"$\hat p$ is the softmax of $s$.",
    arguments={"logits": Argument("s", "logits"), "labels": Argument("y", "label")},
    parameters={"gamma": GAMMA},
    estimates="a distribution flatter than the conditional one",
    keras="keras.losses.CategoricalFocalCrossentropy (from probabilities; one-hot)",
    card=Card(
        what="Softmax cross-entropy, times the same factor.",
        why="The same for one of $K$ classes.",
        strengths=(
            "It never raises a loss: the factor is at most 1.",
            "The likeliest class stays the likeliest.",
        ),
        weaknesses=("Not proper: the best forecast is flatter than the truth.",),
        pytorch="""(
    (1 - F.softmax(logits, -1).gather(-1, labels[:, None])[:, 0]) ** gamma
    * F.cross_entropy(logits, labels, reduction="none")
).mean()""",
    ),
    source="lin2017",
    chapter="classification",
)
