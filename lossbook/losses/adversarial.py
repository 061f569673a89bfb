r"""Losses of two players: one tells real things from generated ones, the other generates them.

The scores are the discriminator's logits, s_r on a real thing and s_g on a generated one; its probability of "real" is
sigmoid(s). In this form nothing saturates by rounding, and a score of ±800 is as exact as one of ±1.
"""

from __future__ import annotations

from numpy.typing import ArrayLike

from lossbook.core import Argument, Card, Floats, Loss, real, reduce, reduce_grad, same_shape
from lossbook.losses.scores import logistic, softplus

__all__ = [
    "DISCRIMINATOR",
    "GENERATOR_NONSATURATING",
    "GENERATOR_SATURATING",
    "discriminator",
    "discriminator_grad",
    "discriminator_grad_fake_logits",
    "generator_nonsaturating",
    "generator_nonsaturating_grad",
    "generator_saturating",
    "generator_saturating_grad",
]

REAL = Argument("s_r", "real", "the discriminator's score of a real thing, above 0 for “real”")
FAKE = Argument("s_g", "real", "the discriminator's score of a generated thing, above 0 for “real”")


def _scores(real_logits: ArrayLike, fake_logits: ArrayLike) -> tuple[Floats, Floats]:
    a, b = real("real_logits", real_logits), real("fake_logits", fake_logits)
    same_shape("real_logits", a, "fake_logits", b)
    return a, b


def discriminator(real_logits: ArrayLike, fake_logits: ArrayLike, *, reduction: str = "mean") -> Floats | float:
    r"""The discriminator's loss: binary cross-entropy with label 1 for the real thing and 0 for the generated one.

    .. math:: \ell = \log(1 + \exp(-s_r)) + \log(1 + \exp(s_g))

    Parameters
    ----------
    real_logits, fake_logits : array_like
        Scores of real and of generated things, any shape, one shape: as many of one kind as of the other.
    reduction : {"none", "mean", "sum"}
        One loss per pair, their mean, or their sum.

    Returns
    -------
    float or ndarray
        In nats. Two halves are added, not averaged: a discriminator that knows nothing pays 2 log 2.

    Raises
    ------
    ValueError
        If the shapes differ, an argument is not real, the reduction is unknown, or "mean" meets an empty batch.

    Notes
    -----
    The paper maximises the negative of this. Averaged over data and generator, the least it can be is
    2 log 2 − 2 JS(p, g), at the scores log p(x)/g(x).

    References
    ----------
    Goodfellow et al. (2014), "Generative adversarial nets", *NeurIPS*.

    Examples
    --------
    >>> discriminator([0.0, 800.0], [0.0, -800.0], reduction="none").round(6)
    array([1.386294, 0.      ])
    """
    a, b = _scores(real_logits, fake_logits)
    return reduce(softplus(-a) + softplus(b), reduction)


def discriminator_grad(real_logits: ArrayLike, fake_logits: ArrayLike, *, reduction: str = "mean") -> Floats:
    """d discriminator / d real_logits: minus the probability of "generated". Arguments as in `discriminator`.

    >>> discriminator_grad([0.0, 800.0], [0.0, 0.0], reduction="none")
    array([-0.5,  0. ])
    """
    a, _ = _scores(real_logits, fake_logits)
    return reduce_grad(-logistic(-a), reduction)


def discriminator_grad_fake_logits(
    real_logits: ArrayLike, fake_logits: ArrayLike, *, reduction: str = "mean"
) -> Floats:
    """d discriminator / d fake_logits: the probability of "real". Arguments as in `discriminator`.

    >>> discriminator_grad_fake_logits([0.0, 0.0], [0.0, 800.0], reduction="none")
    array([0.5, 1. ])
    """
    _, b = _scores(real_logits, fake_logits)
    return reduce_grad(logistic(b), reduction)


DISCRIMINATOR = Loss(
    value=discriminator,
    grad=discriminator_grad,
    more_grads={"fake_logits": discriminator_grad_fake_logits},
    title="discriminator's loss",
    synonyms=("adversarial loss", "GAN loss", "minimax loss"),
    latex=r"\log\left(1 + \exp(-s_r)\right) + \log\left(1 + \exp(s_g)\right)",
    latex_grad={
        "real_logits": r"-\frac{1}{1 + \exp(s_r)}",
        "fake_logits": r"\frac{1}{1 + \exp(-s_g)}",
    },
    arguments={"real_logits": REAL, "fake_logits": FAKE},
    estimates="log p(x)/g(x), the log of the ratio of the data's density and the generator's",
    card=Card(
        what="Cross-entropy of a judge: label 1 for real things, 0 for generated ones, the two added.",
        why="Its best score is the logarithm of a ratio of densities that nobody has to know.",
        strengths=(
            r"At the best scores its mean is $2 \log 2 - 2\,\mathrm{JS}(p, g)$.",
            "No slope exceeds 1.",
        ),
        weaknesses=("Where data and generated things never meet, the best loss is 0, near or far.",),
        pytorch="(F.softplus(-real_logits) + F.softplus(fake_logits)).mean()",
    ),
    source="goodfellow2014",
    chapter="generative",
)


def generator_saturating(fake_logits: ArrayLike, *, reduction: str = "mean") -> Floats | float:
    r"""The generator's half of the two-player game: the log-probability that its work is found out, to be minimised.

    .. math:: \ell = -\log(1 + \exp(s_g))

    Parameters
    ----------
    fake_logits : array_like
        Scores of generated things, any shape.
    reduction : {"none", "mean", "sum"}
        One loss per thing, their mean, or their sum.

    Returns
    -------
    float or ndarray
        In nats, at most 0: log(1 − D). It has no lower bound.

    Raises
    ------
    ValueError
        If the scores are not real, the reduction is unknown, or "mean" meets an empty batch.

    Notes
    -----
    Where the discriminator is sure (s far below 0) the loss is 0 and so is its slope: this is the log that saturates.

    References
    ----------
    Goodfellow et al. (2014), "Generative adversarial nets", *NeurIPS*.

    Examples
    --------
    >>> generator_saturating([0.0, -800.0, 800.0], reduction="none").round(6)
    array([-6.93147e-01,  0.00000e+00, -8.00000e+02])
    """
    return reduce(0.0 - softplus(real("fake_logits", fake_logits)), reduction)


def generator_saturating_grad(fake_logits: ArrayLike, *, reduction: str = "mean") -> Floats:
    """d generator_saturating / d fake_logits: minus the probability of "real". Arguments as in `generator_saturating`.

    >>> generator_saturating_grad([0.0, -800.0, 800.0], reduction="none")
    array([-0.5,  0. , -1. ])
    """
    return reduce_grad(-logistic(real("fake_logits", fake_logits)), reduction)


GENERATOR_SATURATING = Loss(
    value=generator_saturating,
    grad=generator_saturating_grad,
    title="generator's loss, saturating",
    synonyms=("minimax generator loss",),
    latex=r"-\log\left(1 + \exp(s_g)\right)",
    latex_grad={"fake_logits": r"-\frac{1}{1 + \exp(-s_g)}"},
    arguments={"fake_logits": FAKE},
    estimates="the data's distribution, if the discriminator is the best one throughout",
    card=Card(
        what="The log-probability that generated things are found out, to be minimised.",
        why="The generator's half of the game of two.",
        strengths=(r"Against the best discriminator it pulls like $2\,\mathrm{JS}(p, g)$.",),
        weaknesses=("Where the discriminator is sure it is silent: at a score of −10 its slope is −0.00005.",),
        pytorch="-F.softplus(fake_logits).mean()",
    ),
    source="goodfellow2014",
    chapter="generative",
)


def generator_nonsaturating(fake_logits: ArrayLike, *, reduction: str = "mean") -> Floats | float:
    r"""The generator's loss that is used: cross-entropy against the wrong label, "real".

    .. math:: \ell = \log(1 + \exp(-s_g))

    Parameters
    ----------
    fake_logits : array_like
        Scores of generated things, any shape.
    reduction : {"none", "mean", "sum"}
        One loss per thing, their mean, or their sum.

    Returns
    -------
    float or ndarray
        In nats, at least 0: −log D. Where the discriminator knows nothing it is log 2.

    Raises
    ------
    ValueError
        If the scores are not real, the reduction is unknown, or "mean" meets an empty batch.

    Notes
    -----
    Its slope is largest where the discriminator is sure. It is no longer a half of one game: against the best
    discriminator its gradient is that of KL(g‖p) − 2 JS(p, g), which punishes strange things and forgives missing ones.

    References
    ----------
    Goodfellow et al. (2014), "Generative adversarial nets", *NeurIPS*.

    Examples
    --------
    >>> generator_nonsaturating([0.0, -800.0, 800.0], reduction="none").round(6)
    array([6.93147e-01, 8.00000e+02, 0.00000e+00])
    """
    return reduce(softplus(-real("fake_logits", fake_logits)), reduction)


def generator_nonsaturating_grad(fake_logits: ArrayLike, *, reduction: str = "mean") -> Floats:
    """d generator_nonsaturating / d fake_logits: minus the probability of "generated".

    Arguments as in `generator_nonsaturating`.

    >>> generator_nonsaturating_grad([0.0, -800.0, 800.0], reduction="none")
    array([-0.5, -1. ,  0. ])
    """
    return reduce_grad(-logistic(-real("fake_logits", fake_logits)), reduction)


GENERATOR_NONSATURATING = Loss(
    value=generator_nonsaturating,
    grad=generator_nonsaturating_grad,
    title="generator's loss, non-saturating",
    synonyms=("−log D trick", "non-saturating GAN loss"),
    latex=r"\log\left(1 + \exp(-s_g)\right)",
    latex_grad={"fake_logits": r"-\frac{1}{1 + \exp(s_g)}"},
    arguments={"fake_logits": FAKE},
    estimates="the data's distribution; on the way there it forgives missing modes",
    card=Card(
        what="Cross-entropy of generated things against the wrong label, “real”.",
        why="The other loss is silent where the generator does worst.",
        strengths=("Where the discriminator is sure its slope is nearly −1, as steep as it gets.",),
        weaknesses=(
            r"Against the best discriminator it pulls like $\mathrm{KL}(g \,\|\, p) - 2\,\mathrm{JS}(p, g)$.",
            "So a missing mode is cheap: of two equal ones, 0.262 nats.",
        ),
        pytorch="F.softplus(-fake_logits).mean()",
    ),
    source="goodfellow2014",
    chapter="generative",
)
