r"""Losses of preferences between answers: a policy is trained from pairs, against a reference that it started from.

Both need one number of a pair, h: by how many nats the policy raised the chosen answer more than the rejected one.
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
    number,
    quiet,
    real,
    reduce,
    reduce_grad,
    same_shape,
)
from lossbook.losses.scores import logistic, softplus

__all__ = [
    "DPO",
    "IPO",
    "dpo",
    "dpo_grad",
    "dpo_grad_rejected",
    "ipo",
    "ipo_grad",
    "ipo_grad_rejected",
]


def _advantage(
    chosen: ArrayLike, rejected: ArrayLike, reference_chosen: ArrayLike, reference_rejected: ArrayLike
) -> Floats:
    """By how much the policy raised the chosen answer more than the rejected one, in nats."""
    given = {
        "chosen": chosen,
        "rejected": rejected,
        "reference_chosen": reference_chosen,
        "reference_rejected": reference_rejected,
    }
    arrays = {name: real(name, value) for name, value in given.items()}
    for name, array in arrays.items():
        same_shape("chosen", arrays["chosen"], name, array)
    a_w, a_l, b_w, b_l = arrays.values()
    with quiet():
        return np.asarray((a_w - b_w) - (a_l - b_l))


PREFERENCE = {
    "chosen": Argument("a_w", "real", "log-probability of the chosen answer under the policy"),
    "rejected": Argument("a_l", "real", "log-probability of the rejected answer under the policy"),
    "reference_chosen": Argument("b_w", "real", "log-probability of the chosen answer under the reference"),
    "reference_rejected": Argument("b_l", "real", "log-probability of the rejected answer under the reference"),
}
_H = r"(a_w - b_w) - (a_l - b_l)"
_WHERE = (
    r"$a_w$ and $a_l$ are $\log \pi(y_w \mid x)$ and $\log \pi(y_l \mid x)$ of the chosen and the rejected answer "
    r"under the policy, $b_w$ and $b_l$ the same under the reference."
)


def dpo(
    chosen: ArrayLike,
    rejected: ArrayLike,
    reference_chosen: ArrayLike,
    reference_rejected: ArrayLike,
    *,
    beta: float = 0.1,
    reduction: str = "mean",
) -> Floats | float:
    r"""Direct preference optimisation: the pairwise logistic loss of two rewards that the policy itself implies.

    .. math:: \ell = \log(1 + \exp(-\beta h)), \qquad h = (a_w - b_w) - (a_l - b_l)

    Parameters
    ----------
    chosen, rejected : array_like
        Log-probabilities a_w and a_l of whole answers under the policy that is trained, in nats, any shape, one shape.
        The sum over the tokens of an answer, not the mean.
    reference_chosen, reference_rejected : array_like
        The same, b_w and b_l, under the reference policy.
    beta : float
        β > 0: how much reward a nat is. The larger, the smaller the lead that fits the same preferences.
    reduction : {"none", "mean", "sum"}
        One loss per pair, their mean, or their sum.

    Returns
    -------
    float or ndarray
        In nats; log 2 where the policy is the reference. A float, or for "none" an array of the shape of `chosen`.

    Raises
    ------
    ValueError
        If the shapes differ, β is not finite and greater than 0, the reduction is unknown, or "mean" meets an empty
        batch.

    Notes
    -----
    `pairwise_logistic(β (a_w − b_w), β (a_l − b_l))`. Only the difference counts: the loss falls too when both answers
    become less probable, the rejected one faster.

    References
    ----------
    Rafailov et al. (2023), "Direct preference optimization: Your language model is secretly a reward model", *NeurIPS*.

    Examples
    --------
    >>> dpo([-10.0, -12.0], [-10.0, -22.0], [-10.0, -10.0], [-10.0, -10.0], reduction="none")  # log 2; log(1 + 1/e)
    array([0.69314718, 0.31326169])
    """
    beta = number("beta", beta, 0)
    return reduce(softplus(-beta * _advantage(chosen, rejected, reference_chosen, reference_rejected)), reduction)


def dpo_grad(
    chosen: ArrayLike,
    rejected: ArrayLike,
    reference_chosen: ArrayLike,
    reference_rejected: ArrayLike,
    *,
    beta: float = 0.1,
    reduction: str = "mean",
) -> Floats:
    """d dpo / d chosen: −β sigmoid(−βh), the larger the more the implied rewards are in the wrong order.

    Arguments as in `dpo`.

    >>> dpo_grad([-10.0], [-10.0], [-10.0], [-10.0], beta=0.5)
    array([-0.25])
    """
    beta = number("beta", beta, 0)
    h = _advantage(chosen, rejected, reference_chosen, reference_rejected)
    return reduce_grad(-beta * logistic(-beta * h), reduction)


def dpo_grad_rejected(
    chosen: ArrayLike,
    rejected: ArrayLike,
    reference_chosen: ArrayLike,
    reference_rejected: ArrayLike,
    *,
    beta: float = 0.1,
    reduction: str = "mean",
) -> Floats:
    """d dpo / d rejected, the opposite of the gradient with respect to chosen. Arguments as in `dpo`.

    >>> dpo_grad_rejected([-10.0], [-10.0], [-10.0], [-10.0], beta=0.5)
    array([0.25])
    """
    return 0.0 - dpo_grad(chosen, rejected, reference_chosen, reference_rejected, beta=beta, reduction=reduction)


BETA = Parameter(0.1, 0.02, 1.0, r"\beta")

DPO = Loss(
    value=dpo,
    grad=dpo_grad,
    more_grads={"rejected": dpo_grad_rejected},
    title="direct preference optimisation",
    synonyms=("DPO",),
    latex=rf"\log\left(1 + \exp\left(-\beta \left({_H}\right)\right)\right)",
    latex_grad={
        "chosen": rf"-\frac{{\beta}}{{1 + \exp\left(\beta \left({_H}\right)\right)}}",
        "rejected": rf"\frac{{\beta}}{{1 + \exp\left(\beta \left({_H}\right)\right)}}",
    },
    where=_WHERE,
    arguments=PREFERENCE,
    parameters={"beta": BETA},
    estimates="log-ratios whose difference, times β, is the log-odds of being preferred",
    card=Card(
        what=r"The pairwise logistic loss of implied rewards: $\beta$ times the log-ratios of policy to reference.",
        why="Preferences between answers, without a reward model.",
        strengths=(r"Started from the reference it is $\log 2$, whatever $\beta$ and the answers are.",),
        weaknesses=(
            "It sees the lead alone: both answers may become less probable while it falls.",
            "Where everybody agrees, no lead is best.",
        ),
        pytorch="""-F.logsigmoid(beta * ((chosen - reference_chosen)
                      - (rejected - reference_rejected))).mean()""",
    ),
    source="rafailov2023",
    chapter="ranking",
)


def ipo(
    chosen: ArrayLike,
    rejected: ArrayLike,
    reference_chosen: ArrayLike,
    reference_rejected: ArrayLike,
    *,
    beta: float = 0.1,
    reduction: str = "mean",
) -> Floats | float:
    r"""Identity preference optimisation: the squared distance of the policy's advantage from a fixed lead, 1/(2β).

    .. math:: \ell = \left(h - \frac{1}{2 \beta}\right)^2, \qquad h = (a_w - b_w) - (a_l - b_l)

    Parameters
    ----------
    chosen, rejected, reference_chosen, reference_rejected : array_like
        As in `dpo`.
    beta : float
        β > 0, the paper's τ: the larger, the smaller the lead that is asked for.
    reduction : {"none", "mean", "sum"}
        One loss per pair, their mean, or their sum.

    Returns
    -------
    float or ndarray
        In nats squared. A float, or for "none" an array of the shape of `chosen`.

    Raises
    ------
    ValueError
        As `dpo`.

    References
    ----------
    Azar et al. (2024), "A general theoretical paradigm to understand learning from human preferences", *AISTATS*.

    Examples
    --------
    >>> ipo([-10.0, -10.0], [-10.0, -15.0], [-10.0, -10.0], [-10.0, -10.0], reduction="none")
    array([25.,  0.])
    """
    beta = number("beta", beta, 0)
    h = _advantage(chosen, rejected, reference_chosen, reference_rejected)
    with quiet():
        return reduce(np.square(h - 1 / (2 * beta)), reduction)


def ipo_grad(
    chosen: ArrayLike,
    rejected: ArrayLike,
    reference_chosen: ArrayLike,
    reference_rejected: ArrayLike,
    *,
    beta: float = 0.1,
    reduction: str = "mean",
) -> Floats:
    """d ipo / d chosen: twice the distance to the lead, h − 1/(2β). Arguments as in `dpo`.

    >>> ipo_grad([-10.0], [-15.0], [-10.0], [-10.0], beta=0.05)
    array([-10.])
    """
    beta = number("beta", beta, 0)
    h = _advantage(chosen, rejected, reference_chosen, reference_rejected)
    with quiet():
        return reduce_grad(2 * (h - 1 / (2 * beta)), reduction)


def ipo_grad_rejected(
    chosen: ArrayLike,
    rejected: ArrayLike,
    reference_chosen: ArrayLike,
    reference_rejected: ArrayLike,
    *,
    beta: float = 0.1,
    reduction: str = "mean",
) -> Floats:
    """d ipo / d rejected, the opposite of the gradient with respect to chosen. Arguments as in `dpo`.

    >>> ipo_grad_rejected([-10.0], [-15.0], [-10.0], [-10.0], beta=0.05)
    array([10.])
    """
    return 0.0 - ipo_grad(chosen, rejected, reference_chosen, reference_rejected, beta=beta, reduction=reduction)


IPO = Loss(
    value=ipo,
    grad=ipo_grad,
    more_grads={"rejected": ipo_grad_rejected},
    title="identity preference optimisation",
    synonyms=("IPO",),
    latex=rf"\left({_H} - \frac{{1}}{{2 \beta}}\right)^2",
    latex_grad={
        "chosen": rf"2 \left({_H} - \frac{{1}}{{2 \beta}}\right)",
        "rejected": rf"-2 \left({_H} - \frac{{1}}{{2 \beta}}\right)",
    },
    where=_WHERE,
    arguments=PREFERENCE,
    parameters={"beta": BETA},
    estimates="log-ratios whose difference is (P − ½)/β, P the probability of being preferred",
    card=Card(
        what=r"A squared error that asks for a lead of $\frac{1}{2\beta}$, and no more.",
        why="A best lead that is finite, also where everybody agrees.",
        strengths=(r"The best lead is at most $\frac{1}{2\beta}$; beyond it the pull turns round.",),
        weaknesses=(
            "It sees the lead alone: both answers may become less probable while it falls.",
            r"Values at different $\beta$ are on different scales: it starts at $\frac{1}{4\beta^2}$.",
        ),
        pytorch="""((chosen - reference_chosen) - (rejected - reference_rejected)
 - 1 / (2 * beta)).square().mean()""",
    ),
    source="azar2024",
    chapter="ranking",
)
