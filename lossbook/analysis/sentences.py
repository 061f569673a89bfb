"""Sentences about numbers that a figure shows, and a page that has no Matplotlib shows too."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from lossbook.analysis.fitting import Line
from lossbook.analysis.profile import Profile


def written(number: float, digits: int = 2) -> str:
    """`number` with a fixed number of decimals, a true minus sign, and no minus on zero.

    >>> written(-1.234), written(-0.001)
    ('−1.23', '0.00')
    """
    text = f"{number:.{digits}f}"
    return text.lstrip("-") if float(text) == 0 else text.replace("-", "−")


def profiled(profile: Profile, probe: float) -> str:
    """What a loss profile says of one residual."""
    value, slope = profile.at(probe)
    implied = (
        f"the density it implies is {profile.density(np.zeros(1))[0]:.3f} at e = 0"
        if profile.density.exists
        else "it implies no density, because exp(−loss) has an infinite integral"
    )
    return (
        f"At e = {written(probe, 1)} the loss is {written(value, 3)} and its slope {written(slope, 3)}; {implied}; "
        + (
            "no constant fits the sample best, because it falls without end."
            if np.isnan(profile.constant)
            else f"the constant it fits to the sample is {written(profile.constant, 3)}."
        )
    )


def fitted(constants: Mapping[str, float], lines: Mapping[str, Line | None]) -> str:
    """The constant and the slope of the line that the last loss fits, and then the others."""

    def both(name: str, digits: int) -> tuple[str, str]:
        line = lines[name]
        return written(constants[name], digits), written(line.slope, digits) if line else ""

    *others, own = constants
    constant, slope = both(own, 3)
    first = "no constant, for none is best," if np.isnan(constants[own]) else f"the constant {constant}"
    second = f"a line of slope {slope}" if slope else "no line, for none is best"
    beside = "; ".join("{} {} and {}".format(name, *both(name, 2)) for name in others)
    return f"{own} fits {first} and {second}. Constant and slope of the others: {beside}."


def label(constant: float, digits: int) -> str:
    """What stands beside a constant; nothing where there is none."""
    return "" if np.isnan(constant) else written(constant, digits)
