"""The loss profile: one linked picture of any loss of a residual."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from math import floor, log10
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from lossbook.analysis.fitting import finite_vector
from lossbook.analysis.profile import GRID, NORMAL, REACH, SAMPLE, Profile, loss_profile
from lossbook.analysis.residual_curve import residual_curve
from lossbook.analysis.sentences import label, profiled
from lossbook.catalogue import find
from lossbook.core import Floats, Loss
from lossbook.explorer import Explorer, Handle, Slider, palette, subplots
from lossbook.figures.wording import letter

NO_DENSITY = "no density:\nits integral is infinite"


def profile(
    loss: Loss | str | Callable[..., Any],
    *,
    sample: ArrayLike = SAMPLE,
    name: str | None = None,
    caption: str | None = None,
    alt: str | None = None,
    **parameters: float,
) -> Explorer:
    r"""The loss, its slope, the density it implies and the constant it fits to a sample, in one linked picture.

    Parameters
    ----------
    loss : Loss, str or callable
        A record of the catalogue or its name; or any callable of the residual e = y − ŷ, or of (prediction, target),
        that works on NumPy arrays or on PyTorch tensors. A loss that averages is asked about one residual at a time.
    sample : array_like, shape (N,)
        The numbers to which the loss fits a constant; the picture shows those between −5 and 5.
    name, caption, alt : str, optional
        As for `Explorer`; made from the loss's name where they are left out.
    **parameters
        Values for the loss's own keywords. A catalogue loss gets a slider for each one that is left out.

    Returns
    -------
    Explorer
        With a slider for the residual that is probed, and those of the loss.

    Raises
    ------
    ValueError
        If the callable cannot be profiled: it fails on an array of residuals and on a tensor, changes the shape,
        returns something that is not a finite real number, or needs more than a residual; if the sample is not a
        one-dimensional array of finite numbers.

    Notes
    -----
    The density is :math:`p(e) = e^{-\ell(e)} / Z` with Z integrated numerically. Where Z is infinite the loss is no
    negative log-likelihood, and the picture says so. Slopes are exact for catalogue losses, automatic for PyTorch
    callables, and central differences otherwise.

    Examples
    --------
    >>> explorer = profile(lambda e: e**4, name="fourth-power")
    >>> explorer.readout.startswith("At e = 1.0 the loss is 1.000")
    True
    """
    record = find(loss) if isinstance(loss, str) else loss
    curve = residual_curve(record, **parameters)
    free = {}
    if isinstance(record, Loss):
        free = {key: value for key, value in record.parameters.items() if key not in parameters}
    sample = finite_vector("sample", sample)

    figure, axes = subplots(2, 2)
    draw = Panels(axes, curve.title, sample)

    @cache  # the probe moves along the same curves
    def shape(**changed: float) -> Profile:
        return loss_profile(record, sample, **{**parameters, **changed})

    def update(probe: float, **changed: float) -> str:
        return draw(shape(**changed), probe)

    controls = {
        key: Slider(p.low, p.high, step=_step(p.low, p.high), value=p.default, label=letter(p.symbol))
        for key, p in free.items()
    }
    controls["probe"] = Slider(-REACH, REACH, step=0.5, value=1.0, label="residual e")
    return Explorer(
        figure,
        update,
        name=name or f"profile-{_slug(curve.title)}",
        controls=controls,
        handles=[Handle(draw.probe, x="probe"), Handle(draw.probe_slope, x="probe")],
        caption=caption
        or f"The profile of {curve.title}. Drag the marked residual along the curve"
        + (" and move the parameter" if free else "")
        + "; watch the slope, which is the pull on the prediction, and the constant that the loss fits to the sample.",
        alt=alt
        or f"Four panels for {curve.title}: the loss over the residual from −5 to 5; its slope; the density it "
        "implies; and a sample of points with the constant that the loss fits to it.",
    )


class Panels:
    """The four panels and the artists that change in them."""

    def __init__(self, axes: Any, title: str, sample: Floats) -> None:
        (loss, slope), (density, fit) = axes
        self.sample = sample
        self.shown: Profile | None = None
        (self.loss_curve,) = loss.plot(GRID, GRID, color=palette.loss)
        (self.slope_curve,) = slope.plot(GRID, GRID, color=palette.gradient)
        (self.density_curve,) = density.plot(GRID, GRID, color=palette.density)
        density.plot(GRID, NORMAL, color=palette.muted, lw=1, ls=":")
        self.no_density = density.text(0, 0.58, "", ha="center", va="center", color=palette.density)
        (self.probe,) = loss.plot([1], [1], "o", color=palette.loss, ms=9)
        (self.probe_slope,) = slope.plot([1], [1], "o", color=palette.gradient, ms=9)
        for x in (loss, slope, density):
            x.set(xlim=(-REACH, REACH), xlabel="residual e = y − ŷ")
        loss.set(ylim=(-0.4, 8), title="loss ℓ(e)")
        slope.set(ylim=(-5, 5), title="slope dℓ/de")
        slope.axhline(0, color=palette.muted, lw=0.8)
        density.set(ylim=(0, 0.85), title="density it implies, p(e)")
        density.text(-4.8, 0.8, "dotted: normal, σ = 1", color=palette.muted, va="top", fontsize="small")
        self.targets = [fit.plot([y], [0], "o", color=palette.data, alpha=0.7, ms=6)[0] for y in sample]
        self.constant = fit.axvline(0, color=palette.model, lw=2)
        self.constant_label = fit.text(0, 0.75, "", color=palette.model)
        fit.set(xlim=(-REACH, REACH), ylim=(-0.5, 1), yticks=[], xlabel="sample y", title="constant it fits")

    def __call__(self, profile: Profile, probe: float) -> str:
        if profile is not self.shown:  # the probe moves along the same curves, which need not be drawn again
            self.reshape(profile)
        value, slope = profile.at(probe)
        self.probe.set_data([probe], [value])
        self.probe_slope.set_data([probe], [slope])
        return profiled(profile, probe)

    def reshape(self, profile: Profile) -> None:
        """Everything but the probe."""
        self.shown = profile
        self.loss_curve.set_data(GRID, profile.values)
        self.slope_curve.set_data(GRID, profile.slopes)
        self.density_curve.set_data(GRID, profile.densities)
        self.no_density.set_text("" if profile.density.exists else NO_DENSITY)
        self.constant.set_xdata([profile.constant] * 2)
        self.constant_label.set_x(0.0 if np.isnan(profile.constant) else profile.constant + 0.2)
        self.constant_label.set_text(label(profile.constant, 3))


def _step(low: float, high: float) -> float:
    """A round step that divides the range into about 40."""
    return float(round(10.0 ** floor(log10((high - low) / 20)), 12))


def _slug(title: str) -> str:
    return "-".join("".join(c if c.isascii() and c.isalnum() else " " for c in title.lower()).split()) or "loss"
