"""A joint distribution of features and target: the terms of its divergence, for a bus that is late in bad weather."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

import numpy as np
from scipy.optimize import minimize_scalar

from lossbook.analysis.pin import two_sided
from lossbook.core import Floats
from lossbook.losses.information import cross_entropy, entropy, kl_divergence
from lossbook.losses.scores import sigmoid, softmax

WEATHER = ("dry", "rain", "snow")
ALL_DAYS = np.array([[0.54, 0.06], [0.175, 0.075], [0.045, 0.105]])
"""p*(x, y) of the bus: rows are the weather x, columns y = 0 (on time) and 1 (late)."""
FORECAST = np.array([0.5, 0.3, 0.2])
"""The weather as the model has it, p(x): not the true one, and free of w."""

TIED = "shaped by w"
FORECASTS = {
    "50, 30, 20%": FORECAST,
    "60, 25, 15%, the true one": ALL_DAYS.sum(axis=1),
    "10, 10, 80%": np.array([0.1, 0.1, 0.8]),
}
"""Forecasts of the weather that are free of w. The model may also let w shape it; this choice is called `TIED`."""


def weather(w: float, forecast: str) -> Floats:
    """p(x | w) of the model: a fixed forecast, or one that makes each row rarer than the last by a factor e^−w."""
    return np.asarray(softmax(-w * np.arange(3.0))) if forecast == TIED else FORECASTS[forecast]


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


def joint_terms(w: float, forecast: str = "50, 30, 20%") -> JointTerms:
    """The joint KL of the bus model, and the three terms whose sum (the last subtracted) it is."""
    days, late, expected = ALL_DAYS.sum(axis=1), bus_late(w), weather(w, forecast)
    given = ALL_DAYS / days[:, None]
    return JointTerms(
        joint_kl=float(kl_divergence(ALL_DAYS.ravel(), (expected[:, None] * late).ravel())),
        conditional=float(days @ cross_entropy(given, late)),
        features=float(cross_entropy(days, expected)),
        truth=float(entropy(ALL_DAYS.ravel())),
    )


@cache
def best_w(forecast: str) -> tuple[float, float]:
    """The w at which the conditional cross-entropy is lowest, and the one at which the joint divergence is."""

    def lowest(name: str) -> float:
        found = minimize_scalar(
            lambda w: getattr(joint_terms(w, forecast), name), bounds=(0, 3), method="bounded", options={"xatol": 1e-9}
        )
        return float(found.x)

    return lowest("conditional"), lowest("joint_kl")
