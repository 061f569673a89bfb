"""A policy over four answers, trained on the preference for one of them over another: DPO and IPO step by step."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from types import MappingProxyType
from typing import NamedTuple

import numpy as np

from lossbook.core import Floats, number
from lossbook.losses.preference import dpo, dpo_grad, ipo, ipo_grad
from lossbook.losses.scores import softmax

ANSWERS = ("Never!", "No.", "Maybe.", "Sure!")
"""To "May I borrow your bicycle?", from the least to the most willing."""
REFERENCE = np.array([0.2, 0.5, 0.2, 0.1])
CHOSEN, REJECTED = 1, 0
WILLING = np.array([-2.0, -1.0, 0.0, 1.0])
"""How willing each answer is: the one feature of the policy that has a single dial."""
FEATURES: Mapping[str, Floats] = MappingProxyType({"table": np.eye(4), "dial": WILLING[:, np.newaxis]})
"""Logits are log π_ref plus these times the parameters: a number of its own for each answer, or one dial for all."""
LOSSES = MappingProxyType({"DPO": (dpo, dpo_grad), "IPO": (ipo, ipo_grad)})
STEPS = 60
STRIDE = 0.15
"""By how much the first step moves the lead h, where all prefer one answer: the learning rate is chosen for that."""


def _zero(h: Floats | float) -> tuple[Floats, Floats]:
    h = np.atleast_1d(np.asarray(h, dtype=float))
    return h, np.zeros_like(h)


def preference_loss(loss: str, h: Floats | float, beta: float, share: float = 1.0) -> Floats:
    """The expected loss of a lead h if a share of the judges prefers the chosen answer, and the rest the other."""
    value, _ = LOSSES[loss]
    lead, none = _zero(h)
    one, other = (np.asarray(value(x, none, none, none, beta=beta, reduction="none")) for x in (lead, -lead))
    return share * one + (1 - share) * other


def preference_slope(loss: str, h: Floats | float, beta: float, share: float = 1.0) -> Floats:
    """The derivative of `preference_loss` in h."""
    _, grad = LOSSES[loss]
    lead, none = _zero(h)
    one, other = (grad(x, none, none, none, beta=beta, reduction="none") for x in (lead, -lead))
    return share * one - (1 - share) * other


def best_lead(loss: str, beta: float, share: float) -> float:
    """The lead h with the smallest expected loss: log-odds/β under DPO, (share − ½)/β under IPO.

    >>> best_lead("DPO", 0.1, 1.0), round(best_lead("IPO", 0.1, 1.0), 6)
    (inf, 5.0)
    """
    beta, share = number("beta", beta, 0), number("share", share, 0, 1, closed=True)
    if loss == "IPO":
        return (share - 0.5) / beta
    with np.errstate(divide="ignore"):
        return float((np.log(share) - np.log1p(-share)) / beta)


class Course(NamedTuple):
    """A training run: for each step the policy, the log-ratios to the reference, and the expected loss."""

    policy: Floats
    log_ratio: Floats
    loss: Floats


@cache
def train(policy: str, loss: str, beta: float, share: float = 1.0) -> Course:
    """Plain gradient descent on the expected loss, from the reference."""
    features, base = FEATURES[policy], np.log(REFERENCE)
    apart = features[CHOSEN] - features[REJECTED]
    rate = STRIDE / (apart @ apart * abs(preference_slope(loss, 0.0, beta)[0]))
    theta, record = np.zeros(features.shape[1]), []
    for _ in range(STEPS + 1):
        p = softmax(base + features @ theta)
        ratio = np.log(p) - base
        h = ratio[CHOSEN] - ratio[REJECTED]
        record.append((p, ratio, preference_loss(loss, h, beta, share)[0]))
        theta = theta - rate * preference_slope(loss, h, beta, share)[0] * apart
    policies, ratios, losses = zip(*record, strict=True)
    return Course(np.array(policies), np.array(ratios), np.array(losses))
