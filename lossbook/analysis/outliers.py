"""What odd points do to fits: one reading of nine, one loose point beside a line, days left out of a data set."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, field
from functools import cache

import numpy as np
from numpy.typing import ArrayLike

from lossbook.analysis.fitting import Line, fit_constant, fit_line
from lossbook.analysis.residual_curve import residual_curve
from lossbook.core import Floats, Loss
from lossbook.losses.regression import MAE, MSE
from lossbook.losses.robust import CAUCHY, HUBER


@dataclass(frozen=True, eq=False)
class Contender:
    """A loss with its parameters, under the name that a comparison gives it."""

    label: str
    loss: Loss
    parameters: dict[str, float] = field(default_factory=dict)

    @property
    def short(self) -> str:
        """The label without its parameters: "Huber" for "Huber, δ = 1"."""
        return self.label.partition(",")[0]

    def line(self, x: ArrayLike, y: ArrayLike) -> Line:
        return fit_line(self.loss, x, y, **self.parameters)

    def slope(self, e: Floats) -> Floats:
        """dℓ/de, the pull of a residual."""
        return residual_curve(self.loss, **self.parameters).slope(e)


SCALES = np.array([1003.0, 998.0, 1001.0, 996.0, 1004.0, 999.0, 1000.0, 1002.0])  # grams, eight readings of one bag
"""Eight kitchen scales weigh the same bag of flour; the ninth is the reader's."""

WEIGHERS = (
    Contender("squared error", MSE),
    Contender("Huber, δ = 3 g", HUBER, {"delta": 3.0}),
    Contender("absolute error", MAE),
)


@cache
def weights(ninth: float) -> tuple[float, ...]:
    """The constant that each of `WEIGHERS` fits to the eight readings and the ninth."""
    readings = np.append(SCALES, ninth)
    return tuple(fit_constant(one.loss, readings, **one.parameters) for one in WEIGHERS)


LINE_X = np.arange(1.0, 11.0)
LINE_Y = np.array([2.9, 3.4, 4.9, 5.6, 6.2, 7.7, 8.0, 9.3, 9.8, 11.2])
LINES = (
    Contender("squared", MSE),
    Contender("Huber, δ = 1", HUBER),
    Contender("absolute", MAE),
    Contender("Cauchy, c = 1", CAUCHY, {"scale": 1.0}),
)


@cache
def lines_with_outlier(x: float, y: float) -> dict[str, Line]:
    """The line that each of `LINES` fits to the ten points and an eleventh at (x, y)."""
    places, targets = np.append(LINE_X, x), np.append(LINE_Y, y)
    return {one.label: one.line(places, targets) for one in LINES}


PLANT = (
    Contender("squared", MSE),
    Contender("Huber, δ = 2", HUBER, {"delta": 2.0}),
    Contender("absolute", MAE),
    Contender("Cauchy, c = 2", CAUCHY, {"scale": 2.0}),
)


def slopes_without(days: Collection[int], x: ArrayLike, y: ArrayLike) -> dict[str, float]:
    """The slope that each of `PLANT` fits without the days in `days`, which are counted from 1."""
    x, y = np.asarray(x, dtype=float), np.asarray(y, dtype=float)
    kept = ~np.isin(np.arange(1, x.size + 1), list(days))
    return {one.label: one.line(x[kept], y[kept]).slope for one in PLANT}


def share_below(line: Line, x: Floats, y: Floats) -> tuple[int, float]:
    """How many points lie below a line, and their share. A point on it, up to rounding, does not."""
    below = int((y < line(x) - 1e-9 * np.ptp(y)).sum())
    return below, below / y.size


FLATS = np.arange(20.0, 111.0, 10.0)  # m²
RENTS = np.array([930.0, 960.0, 1010.0, 1010.0, 1130.0, 1140.0, 1250.0, 1240.0, 1370.0])  # francs
"""Ten flats and nine rents; that of the largest is the reader's."""

LANDLORDS = (
    Contender("squared error", MSE),
    Contender("Huber, δ = 100 francs", HUBER, {"delta": 100.0}),
    Contender("absolute error", MAE),
)


@cache
def rent_lines(last: float) -> tuple[Line, ...]:
    """The line that each of `LANDLORDS` fits to the nine rents and the last."""
    rents = np.append(RENTS, last)
    return tuple(one.line(FLATS, rents) for one in LANDLORDS)
