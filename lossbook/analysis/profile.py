"""The numbers of a loss profile: the loss, its slope, the density it implies and the constant it fits."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from lossbook.analysis.fitting import fit_constant
from lossbook.analysis.residual_curve import ImpliedDensity, ResidualCurve, implied_density, residual_curve
from lossbook.core import Floats, Loss, quiet
from lossbook.losses.likelihood_real import normal_nll

REACH = 5.0  # the residuals shown: from −REACH to REACH
GRID = np.linspace(-REACH, REACH, 401)
NORMAL = np.exp(-np.asarray(normal_nll(GRID, np.zeros_like(GRID), scale=1.0, reduction="none")))
"""The standard normal density on `GRID`, for comparison."""
SAMPLE = (-1.9, -1.2, -0.8, -0.5, -0.1, 0.2, 0.4, 0.9, 1.3, 4.2)


@dataclass(frozen=True)
class Profile:
    """One loss with its parameters, seen from four sides."""

    curve: ResidualCurve
    sample: Floats

    @cached_property
    def values(self) -> Floats:
        return self.curve.value(GRID)

    @cached_property
    def slopes(self) -> Floats:
        return self.curve.slope(GRID)

    @cached_property
    def density(self) -> ImpliedDensity:
        return implied_density(self.curve)

    @cached_property
    def densities(self) -> Floats:
        """The implied density on `GRID`; NaN where there is none."""
        return self.density(GRID) if self.density.exists else np.full_like(GRID, np.nan)

    @cached_property
    def constant(self) -> float:
        """The constant that the loss fits to the sample; NaN where none is best, because the loss falls without end."""
        best = fit_constant(self.curve, self.sample)
        away = 1e3 * max(float(np.ptp(self.sample)), 1.0)
        with quiet():
            here, *far = (self.curve.value(self.sample - c).sum() for c in (best, best - away, best + away))
        return float("nan") if min(far) < here - 1e-9 * abs(here) else best

    def of(self, sample: Floats) -> Profile:
        """The profile of the same loss on another sample; what does not depend on it is not computed again."""
        other = Profile(self.curve, sample)
        vars(other).update({key: value for key, value in vars(self).items() if key in ("values", "slopes", "density")})
        return other

    def at(self, e: float) -> tuple[float, float]:
        """Loss and slope at one residual."""
        here = np.array([e])
        return float(self.curve.value(here)[0]), float(self.curve.slope(here)[0])


def loss_profile(loss: Loss | str | Callable[..., Any], sample: Floats, **parameters: float) -> Profile:
    """The profile of a loss at the given parameters."""
    return Profile(residual_curve(loss, **parameters), sample)


def far_pull(loss: Loss) -> str:
    """What the slope of a loss of the residual does far out: "grows", "bounded" or "returns to 0"; else nothing.

    >>> from lossbook.catalogue import find
    >>> far_pull(find("mse")), far_pull(find("huber")), far_pull(find("cauchy")), far_pull(find("kl_divergence"))
    ('grows', 'bounded', 'returns to 0', '')
    """
    try:
        near, far = np.abs(residual_curve(loss).slope(np.array([1e3, 1e6])))
    except ValueError:  # a loss of something else, or of a whole batch
        return ""
    if far > 2 * near:
        return "grows"
    return "returns to 0" if far < near / 2 else "bounded"
