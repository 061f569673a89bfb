"""What a prior adds to a likelihood: posterior modes, penalties, and densities over another parameter."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import ArrayLike

from lossbook.core import Floats
from lossbook.losses.likelihood_bounded import beta_mode, beta_nll
from lossbook.losses.likelihood_real import laplace_nll, normal_nll
from lossbook.losses.scores import log_sigmoid, sigmoid


def beta_density(a: float, b: float, w: ArrayLike) -> Floats:
    """The density of a Beta distribution."""
    return np.exp(-np.asarray(beta_nll(a, b, np.asarray(w, dtype=float), reduction="none")))


def posterior_mode(up: int, down: int, a: float, b: float) -> float:
    """The MAP estimate of w after `up` and `down` throws under a Beta(a, b) prior; NaN where there is no single one."""
    return float(beta_mode(a + up, b + down))


def posterior_mean(up: int, down: int, a: float, b: float) -> float:
    """The mean of the posterior after `up` and `down` throws under a Beta(a, b) prior."""
    return (a + up) / (a + b + up + down)


def log_odds_mode(up: int, down: int) -> float:
    """The log-odds where the posterior density over them is largest, after a prior that is flat over w."""
    return math.log((up + 1) / (down + 1))


def log_odds_density(a: float, b: float, s: ArrayLike) -> Floats:
    """The density of the log-odds s of a probability that has a Beta(a, b) density, by the change of variables."""
    s = np.asarray(s, dtype=float)
    jacobian = log_sigmoid(s) + log_sigmoid(-s)  # log of dw/ds = w (1 − w)
    return np.exp(jacobian - np.asarray(beta_nll(a, b, sigmoid(s), reduction="none")))


# ── One weight ───────────────────────────────────────────────────────────────────────────────────────────────────────


def data_loss(w: ArrayLike, estimate: float) -> Floats:
    """The loss of data that want the weight to be `estimate`."""
    return (np.asarray(w, dtype=float) - estimate) ** 2 / 2


def normal_penalty(w: ArrayLike, width: float) -> Floats:
    """Minus the log-density of a normal prior with mean 0, taken to be 0 at w = 0."""
    w = np.asarray(w, dtype=float)
    return np.asarray(normal_nll(np.zeros_like(w), w, scale=width, reduction="none")) - float(
        normal_nll([0.0], [0.0], scale=width)
    )


def laplace_penalty(w: ArrayLike, width: float) -> Floats:
    """Minus the log-density of a Laplace prior with centre 0, taken to be 0 at w = 0."""
    w = np.asarray(w, dtype=float)
    return np.asarray(laplace_nll(np.zeros_like(w), w, scale=width, reduction="none")) - float(
        laplace_nll([0.0], [0.0], scale=width)
    )


def map_under_normal(estimate: float, width: float) -> float:
    """Where ½ (w − estimate)² + w²/(2 width²) is smallest."""
    return estimate * width**2 / (1 + width**2)


def map_under_laplace(estimate: float, width: float) -> float:
    """Where ½ (w − estimate)² + |w|/width is smallest."""
    return math.copysign(max(abs(estimate) - 1 / width, 0.0), estimate)
