"""A joint distribution of features and target: the terms of its divergence, for a bus that is late in bad weather."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from lossbook.analysis.pin import two_sided
from lossbook.core import Floats
from lossbook.losses.information import cross_entropy, entropy, kl_divergence
from lossbook.losses.scores import sigmoid

WEATHER = ("dry", "rain", "snow")
ALL_DAYS = np.array([[0.54, 0.06], [0.175, 0.075], [0.045, 0.105]])
"""p*(x, y) of the bus: rows are the weather x, columns y = 0 (on time) and 1 (late)."""
FORECAST = np.array([0.5, 0.3, 0.2])
"""The weather as the model has it, p(x): not the true one, and free of w."""


def bus_late(w: float) -> Floats:
    """p(y | x, w) of the bus for each weather: the log-odds of being late rise by w from one row to the next."""
    return two_sided(sigmoid(w * np.arange(3.0) - 2))


@dataclass(frozen=True)
class JointTerms:
    """What the joint divergence of the bus is made of, at one w."""

    joint_kl: float
    conditional: float
    features: float
    truth: float


def joint_terms(w: float) -> JointTerms:
    """The joint KL of the bus model, and the three terms whose sum (the last subtracted) it is."""
    days, late = ALL_DAYS.sum(axis=1), bus_late(w)
    given = ALL_DAYS / days[:, None]
    return JointTerms(
        joint_kl=float(kl_divergence(ALL_DAYS.ravel(), (FORECAST[:, None] * late).ravel())),
        conditional=float(days @ cross_entropy(given, late)),
        features=float(cross_entropy(days, FORECAST)),
        truth=float(entropy(ALL_DAYS.ravel())),
    )
