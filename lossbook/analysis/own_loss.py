"""A loss of the reader's own: read from what was typed, and fitted beside three that everybody knows."""

from __future__ import annotations

import types
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import Any

import numpy as np

from lossbook.analysis.fitting import Line, fit_constant, fit_line
from lossbook.analysis.profile import SAMPLE, Profile
from lossbook.analysis.residual_curve import ResidualCurve, residual_curve
from lossbook.core import Floats, quiet
from lossbook.losses.regression import MAE, MSE
from lossbook.losses.robust import HUBER

RIVALS = {"Squared": MSE, "Absolute": MAE, "Huber": HUBER}
X = np.arange(1.0, 11.0)
Y = np.array([SAMPLE[i] for i in (0, 9, 1, 2, 4, 3, 6, 5, 7, 8)])
"""Ten targets, those of `SAMPLE`: nine near a rising line, and one far above it."""
OUTLIER = 1  # its place among them
FAR = 1e4  # times the spread of the targets: a line that leaves them as far as that is none

EXAMPLES = {
    "squared error": """\
def loss(e):
    return e**2
""",
    "absolute error": """\
def loss(e):
    return np.abs(e)
""",
    "Huber": """\
def loss(e):
    delta = 1.0
    size = np.abs(e)
    return np.where(size <= delta, e**2 / 2, delta * (size - delta / 2))
""",
    "pinball": """\
def loss(e):
    tau = 0.8  # the quantile it estimates
    return np.maximum(tau * e, (tau - 1) * e)
""",
    "Cauchy": """\
def loss(e):
    c = 2**0.5
    return c**2 / 2 * np.log1p((e / c) ** 2)
""",
    "Tukey's biweight": """\
def loss(e):
    c = 2.5  # beyond it nothing pulls any more
    inside = 1 - (1 - (e / c) ** 2) ** 3
    return c**2 / 6 * np.where(np.abs(e) <= c, inside, 1)
""",
    "LINEX": """\
def loss(e):
    return np.exp(e) - e - 1  # too low costs more than too high
""",
}


def function_in(space: dict[str, Any]) -> Callable[..., Any]:
    """The function called `loss` among what a reader's code defined, or the only function there is.

    Raises
    ------
    ValueError
        If there is neither.
    """
    made = [
        value
        for value in space.values()
        if isinstance(value, types.FunctionType) and value.__module__ == space.get("__name__")
    ]
    if callable(space.get("loss")):
        return space["loss"]  # type: ignore[no-any-return]
    if len(made) == 1:
        return made[0]
    names = ", ".join(one.__name__ for one in made) or "no function"
    raise ValueError(f"there must be a function called loss, got {names}")


def example(title: str) -> ResidualCurve:
    """One of `EXAMPLES` as a curve."""
    space: dict[str, Any] = {"np": np, "__name__": "__main__"}
    exec(EXAMPLES[title], space)
    return residual_curve(function_in(space))


@lru_cache(maxsize=64)
def _rivals(x: tuple[float, ...], y: tuple[float, ...]) -> tuple[dict[str, float], dict[str, Line]]:
    """The constants and the lines of the three."""
    constants = {name: fit_constant(loss, y) for name, loss in RIVALS.items()}
    return constants, {name: fit_line(loss, x, y) for name, loss in RIVALS.items()}


@dataclass(frozen=True)
class Fits:
    """What a loss called `name` fits to targets y at x, beside `RIVALS`."""

    name: str
    profile: Profile
    x: Floats
    y: Floats

    @cached_property
    def constants(self) -> dict[str, float]:
        """By name; of this loss last."""
        return {**_rivals(tuple(self.x), tuple(self.y))[0], self.name: self.profile.constant}

    @cached_property
    def lines(self) -> dict[str, Line | None]:
        """By name; None where none is best, because the loss falls for ever."""
        with quiet():
            line = fit_line(self.profile.curve, self.x, self.y)
            away = np.abs(self.y - line(self.x)).max()
        rivals = _rivals(tuple(self.x), tuple(self.y))[1]
        return {**rivals, self.name: line if away <= FAR * max(float(np.ptp(self.y)), 1.0) else None}
