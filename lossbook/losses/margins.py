r"""Losses of the margin m = y s: a real score s, a label y = ±1, and one curve that says what a margin costs.

The sign of the score is the decision, and a margin below 0 is a mistake. At the corner of a loss the gradient is 0, the
slope from the right.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from lossbook.core import (
    Argument,
    Card,
    Floats,
    Loss,
    place,
    quiet,
    real,
    reduce,
    reduce_grad,
    same_shape,
    shown,
)
from lossbook.losses.scores import logistic as probability
from lossbook.losses.scores import softplus

__all__ = [
    "EXPONENTIAL",
    "HINGE",
    "LOGISTIC",
    "PERCEPTRON",
    "SQUARED_HINGE",
    "exponential",
    "exponential_grad",
    "hinge",
    "hinge_grad",
    "logistic",
    "logistic_grad",
    "perceptron",
    "perceptron_grad",
    "squared_hinge",
    "squared_hinge_grad",
]


def _margin(score: ArrayLike, target: ArrayLike) -> tuple[Floats, Floats]:
    """The margin y s and the labels y."""
    s, y = real("score", score), real("target", target)
    same_shape("score", s, "target", y)
    wrong = (np.abs(y) != 1) & ~np.isnan(y)
    if wrong.any():
        raise ValueError(f"target must be -1 or 1, got {shown(y[wrong][0])} at index {place(wrong)}")
    return y * s, y


ARGUMENTS = {"score": Argument("s", "real"), "target": Argument("y", "sign")}

# ── Hinges ───────────────────────────────────────────────────────────────────────────────────────────────────────────


def hinge(score: ArrayLike, target: ArrayLike, *, reduction: str = "mean") -> Floats | float:
    r"""Hinge loss: nothing from a margin of 1 on, and below it what is missing.

    .. math:: \ell = \max(0, 1 - y s)

    Parameters
    ----------
    score : array_like
        Real scores s, any shape; the decision is their sign.
    target : array_like
        y = −1 or 1, the shape of `score`.
    reduction : {"none", "mean", "sum"}
        One loss per element, their mean, or their sum.

    Returns
    -------
    float or ndarray
        In the unit of the score. A float, or for "none" an array of the shape of `score`.

    Raises
    ------
    ValueError
        If the shapes differ, a label is neither −1 nor 1 (0 is refused), the reduction is unknown, or "mean" meets an
        empty batch.

    Notes
    -----
    Keras reads labels of 0 as −1. scikit-learn's `hinge_loss` takes the truth first, as any two labels. PyTorch's
    `hinge_embedding_loss` is another loss, of a distance.

    References
    ----------
    Cortes and Vapnik (1995), "Support-vector networks", *Machine Learning* 20, 273–297.

    Examples
    --------
    >>> hinge([2.0, 0.5, 0.5], [1, 1, -1], reduction="none")
    array([0. , 0.5, 1.5])
    """
    m, _ = _margin(score, target)
    return reduce(np.maximum(0, 1 - m), reduction)


def hinge_grad(score: ArrayLike, target: ArrayLike, *, reduction: str = "mean") -> Floats:
    """d hinge / d score: −y below a margin of 1, and 0 from there on. Arguments as in `hinge`.

    >>> hinge_grad([2.0, 0.5, 0.5], [1, 1, -1], reduction="none")
    array([ 0., -1.,  1.])
    """
    m, y = _margin(score, target)
    return reduce_grad(np.where(np.isnan(m), m, -y * (m < 1)), reduction)


HINGE = Loss(
    value=hinge,
    grad=hinge_grad,
    title="hinge loss",
    synonyms=("SVM loss", "max-margin loss"),
    latex=r"\max\left(0, 1 - y s\right)",
    latex_grad={"score": r"\begin{cases} -y & y s < 1 \\ 0 & y s \ge 1 \end{cases}"},
    arguments=ARGUMENTS,
    estimates="the more probable label: the score is its sign, and no probability can be read off",
    sklearn="sklearn.metrics.hinge_loss (truth first)",
    keras="keras.losses.Hinge",
    optax="optax.hinge_loss",
    card=Card(
        what="What the margin lacks to 1.",
        why="Support vector machines: be right by a margin of 1, and no more is asked.",
        strengths=(
            "Beyond a margin of 1 an example has no gradient and drops out.",
            "A mistake pulls with the same force however far off it is.",
        ),
        weaknesses=(r"The best score is 1 for every $\eta$ between ½ and 1, so $\eta$ cannot be read off.",),
        pytorch="F.relu(1 - target * score).mean()",
    ),
    source="cortes1995",
    chapter="classification",
)


def squared_hinge(score: ArrayLike, target: ArrayLike, *, reduction: str = "mean") -> Floats | float:
    r"""Squared hinge loss: nothing from a margin of 1 on, and below it the square of what is missing.

    .. math:: \ell = \left(\max(0, 1 - y s)\right)^2

    Parameters
    ----------
    score, target : array_like
        As in `hinge`.
    reduction : {"none", "mean", "sum"}
        One loss per element, their mean, or their sum.

    Returns
    -------
    float or ndarray
        A float, or for "none" an array of the shape of `score`.

    Raises
    ------
    ValueError
        As `hinge`.

    References
    ----------
    Bartlett, Jordan and McAuliffe (2006), "Convexity, classification, and risk bounds", *Journal of the American
    Statistical Association* 101, 138–156.

    Examples
    --------
    >>> squared_hinge([2.0, 0.5, 0.5], [1, 1, -1], reduction="none")
    array([0.  , 0.25, 2.25])
    """
    m, _ = _margin(score, target)
    with quiet():
        return reduce(np.square(np.maximum(0, 1 - m)), reduction)


def squared_hinge_grad(score: ArrayLike, target: ArrayLike, *, reduction: str = "mean") -> Floats:
    """d squared_hinge / d score: −2y times what the margin lacks to 1. Arguments as in `hinge`.

    >>> squared_hinge_grad([2.0, 0.5, 0.5], [1, 1, -1], reduction="none")
    array([ 0., -1.,  3.])
    """
    m, y = _margin(score, target)
    with quiet():
        return reduce_grad(-2 * y * np.maximum(0, 1 - m), reduction)


SQUARED_HINGE = Loss(
    value=squared_hinge,
    grad=squared_hinge_grad,
    title="squared hinge loss",
    synonyms=("L2 hinge loss",),
    latex=r"\left(\max\left(0, 1 - y s\right)\right)^2",
    latex_grad={"score": r"-2 y \max\left(0, 1 - y s\right)"},
    arguments=ARGUMENTS,
    estimates="2η − 1, where η is the conditional probability of +1",
    sklearn="sklearn.svm.LinearSVC (its default)",
    keras="keras.losses.SquaredHinge",
    card=Card(
        what="The square of what the margin lacks to 1.",
        why=r"A hinge without the corner, from whose best score $\eta$ comes back.",
        strengths=(
            "Beyond a margin of 1 an example drops out.",
            "The slope has no jump.",
        ),
        weaknesses=("The further off a mistake is, the harder it pulls, without bound.",),
        pytorch="F.relu(1 - target * score).square().mean()",
    ),
    source="bartlett2006",
    chapter="classification",
)


def perceptron(score: ArrayLike, target: ArrayLike, *, reduction: str = "mean") -> Floats | float:
    r"""Perceptron loss: what a mistake costs is how far the score is on the wrong side.

    .. math:: \ell = \max(0, -y s)

    Parameters
    ----------
    score, target : array_like
        As in `hinge`.
    reduction : {"none", "mean", "sum"}
        One loss per element, their mean, or their sum.

    Returns
    -------
    float or ndarray
        A float, or for "none" an array of the shape of `score`.

    Raises
    ------
    ValueError
        As `hinge`.

    Notes
    -----
    A score of 0 costs nothing, whatever the label is, so the best score is always 0. Rosenblatt's rule also learns from
    an example at 0, where the gradient here is 0.

    References
    ----------
    Rosenblatt (1958), "The perceptron: A probabilistic model for information storage and organization in the brain",
    *Psychological Review* 65, 386–408.

    Examples
    --------
    >>> perceptron([2.0, 0.5, 0.5], [1, 1, -1], reduction="none")
    array([0. , 0. , 0.5])
    """
    m, _ = _margin(score, target)
    return reduce(np.maximum(0, -m), reduction)


def perceptron_grad(score: ArrayLike, target: ArrayLike, *, reduction: str = "mean") -> Floats:
    """d perceptron / d score: −y for a mistake, and 0 from a margin of 0 on. Arguments as in `hinge`.

    >>> perceptron_grad([2.0, 0.5, 0.5], [1, 1, -1], reduction="none")
    array([0., 0., 1.])
    """
    m, y = _margin(score, target)
    return reduce_grad(np.where(np.isnan(m), m, -y * (m < 0)), reduction)


PERCEPTRON = Loss(
    value=perceptron,
    grad=perceptron_grad,
    title="perceptron loss",
    synonyms=("perceptron criterion",),
    latex=r"\max\left(0, -y s\right)",
    latex_grad={"score": r"\begin{cases} -y & y s < 0 \\ 0 & y s \ge 0 \end{cases}"},
    arguments=ARGUMENTS,
    estimates="nothing: a score of 0 is best whatever the probabilities are",
    sklearn="sklearn.linear_model.Perceptron",
    optax="optax.losses.perceptron_loss",
    card=Card(
        what="How far the score lies on the wrong side of 0.",
        why="What the perceptron descends: a step for each mistake, none for a right answer.",
        strengths=("A right decision costs nothing and pulls nothing.",),
        weaknesses=("A score of 0 costs nothing whatever the label is, so 0 is always best.",),
        pytorch="F.relu(-target * score).mean()",
    ),
    source="rosenblatt1958",
    chapter="classification",
)

# ── Smooth ones ──────────────────────────────────────────────────────────────────────────────────────────────────────


def logistic(score: ArrayLike, target: ArrayLike, *, reduction: str = "mean") -> Floats | float:
    r"""Logistic loss of the margin: binary cross-entropy from a logit, with labels ±1.

    .. math:: \ell = \log(1 + \exp(-y s))

    Parameters
    ----------
    score, target : array_like
        As in `hinge`; the score is the log-odds of y = 1.
    reduction : {"none", "mean", "sum"}
        One loss per element, their mean, or their sum.

    Returns
    -------
    float or ndarray
        In nats. A float, or for "none" an array of the shape of `score`.

    Raises
    ------
    ValueError
        As `hinge`.

    Notes
    -----
    `binary_cross_entropy_with_logits(score, (1 + target) / 2)`. Divided by log 2 it passes through 1 at a margin of 0,
    and lies above the 0–1 loss, as it is often drawn. PyTorch's `soft_margin_loss` overflows below a margin of −709.

    References
    ----------
    Cox (1958), "The regression analysis of binary sequences", *Journal of the Royal Statistical Society B* 20, 215–242.

    Examples
    --------
    >>> logistic([0.0, 40.0, 40.0], [1, 1, -1], reduction="none")
    array([6.93147181e-01, 4.24835426e-18, 4.00000000e+01])
    """
    m, _ = _margin(score, target)
    return reduce(softplus(-m), reduction)


def logistic_grad(score: ArrayLike, target: ArrayLike, *, reduction: str = "mean") -> Floats:
    """d logistic / d score: −y times the probability of the other label, sigmoid(−y s). Arguments as in `hinge`.

    >>> logistic_grad([0.0, 40.0, 40.0], [1, 1, -1], reduction="none")
    array([-5.00000000e-01, -4.24835426e-18,  1.00000000e+00])
    """
    m, y = _margin(score, target)
    return reduce_grad(-y * probability(-m), reduction)


LOGISTIC = Loss(
    value=logistic,
    grad=logistic_grad,
    title="logistic loss of the margin",
    synonyms=("soft margin loss", "logistic loss"),
    latex=r"\log\left(1 + \exp\left(-y s\right)\right)",
    latex_grad={"score": r"-\frac{y}{1 + \exp\left(y s\right)}"},
    arguments=ARGUMENTS,
    estimates="the conditional log-odds of +1",
    torch="torch.nn.functional.soft_margin_loss",
    sklearn="sklearn.linear_model.LogisticRegression",
    optax="optax.sigmoid_binary_cross_entropy (labels 0 and 1)",
    card=Card(
        what="Binary cross-entropy with labels ±1 instead of 0 and 1.",
        why=r"The negative log-likelihood of a label that is 1 with probability $\sigma(s)$.",
        strengths=(
            "The sigmoid of the best score is the probability of 1.",
            "No example pulls with a force above 1.",
        ),
        weaknesses=(
            "No example ever quite drops out.",
            "If a line separates the classes, steeper is always cheaper: there is no best line.",
        ),
        pytorch="F.softplus(-target * score).mean()",
    ),
    source="cox1958",
    chapter="classification",
)


def exponential(score: ArrayLike, target: ArrayLike, *, reduction: str = "mean") -> Floats | float:
    r"""Exponential loss of the margin, which AdaBoost descends: each further unit of a mistake costs e times as much.

    .. math:: \ell = \exp(-y s)

    Parameters
    ----------
    score, target : array_like
        As in `hinge`; the score is half the log-odds of y = 1.
    reduction : {"none", "mean", "sum"}
        One loss per element, their mean, or their sum.

    Returns
    -------
    float or ndarray
        A float, or for "none" an array of the shape of `score`; infinite below a margin of −709.8.

    Raises
    ------
    ValueError
        As `hinge`.

    References
    ----------
    Freund and Schapire (1997), "A decision-theoretic generalization of on-line learning and an application to
    boosting", *Journal of Computer and System Sciences* 55, 119–139.

    Examples
    --------
    >>> exponential([0.0, np.log(2.0), np.log(2.0)], [1, 1, -1], reduction="none")
    array([1. , 0.5, 2. ])
    """
    m, _ = _margin(score, target)
    with quiet():
        return reduce(np.exp(-m), reduction)


def exponential_grad(score: ArrayLike, target: ArrayLike, *, reduction: str = "mean") -> Floats:
    """d exponential / d score: −y times the loss itself. Arguments as in `hinge`.

    >>> exponential_grad([0.0, np.log(2.0), np.log(2.0)], [1, 1, -1], reduction="none")
    array([-1. , -0.5,  2. ])
    """
    m, y = _margin(score, target)
    with quiet():
        return reduce_grad(-y * np.exp(-m), reduction)


EXPONENTIAL = Loss(
    value=exponential,
    grad=exponential_grad,
    title="exponential loss",
    synonyms=("AdaBoost loss",),
    latex=r"\exp\left(-y s\right)",
    latex_grad={"score": r"-y \exp\left(-y s\right)"},
    arguments=ARGUMENTS,
    estimates="half the conditional log-odds of +1",
    sklearn='sklearn.ensemble.GradientBoostingClassifier (with loss="exponential")',
    card=Card(
        what="A cost that is multiplied by $e$ for every unit of margin lost.",
        why="What AdaBoost descends.",
        strengths=("Twice the best score is the log-odds.",),
        weaknesses=("One example with a margin of −10 costs more than twenty thousand at the boundary.",),
        pytorch="torch.exp(-target * score).mean()",
    ),
    source="freund1997",
    chapter="classification",
)
