"""The figures of the page "Your own loss": the profile of a loss, and what it fits beside three others.

On a page without Python they show the worked examples. With it, the same pictures show what the reader types: then
`live_profile` and `live_fits` give the controls, and `lossbook.page.own_loss` moves the artists.
"""

from __future__ import annotations

from functools import cache
from typing import Any, NamedTuple

import numpy as np
from matplotlib.artist import Artist

from lossbook.analysis.own_loss import EXAMPLES, OUTLIER, RIVALS, Fits, X, Y, example
from lossbook.analysis.profile import REACH, Profile
from lossbook.analysis.sentences import fitted, label
from lossbook.explorer import Choice, Explorer, Handle, Slider, palette, subplots
from lossbook.figures.loss_profile import NO_DENSITY, Panels

WIDEST = 11.0  # the x shown, from 0
OWN = "This loss"
DASHES = dict(zip(RIVALS, (":", "--", "-."), strict=True))
ALT_PROFILE = (
    "Four panels for squared error: the loss over the residual from −5 to 5, a parabola; its slope, a rising line; the "
    "normal density it implies; and ten targets as points, with the constant 0.250 that the loss fits to them."
)
ALT_FITS = (
    "Left, four rows: the constants that squared error, absolute error, Huber and the chosen loss fit to ten targets. "
    "Right, the ten points and the four lines; one point stands far above the others."
)


@cache
def _profile(title: str) -> Profile:
    return Profile(example(title), Y)


def own_loss_profile() -> Explorer:
    """The four panels of each worked example."""
    figure, panels = _panels()

    def update(loss: str, probe: float) -> str:
        return panels(_profile(loss), probe)

    return Explorer(
        figure,
        update,
        name="own-loss",
        controls={
            "loss": Choice(list(EXAMPLES), label="loss"),
            "probe": Slider(-REACH, REACH, step=0.5, value=1.0, label="residual e"),
        },
        handles=_probes(panels),
        caption="Worked examples. Choose a loss and drag the marked residual along it; watch the slope, which is the "
        "pull on the prediction, the density it implies, if there is one, and the constant it fits to the ten targets.",
        alt=ALT_PROFILE,
    )


def own_loss_fits() -> Explorer:
    """The constant and the line of each worked example beside those of three others, as one target moves."""
    figure, panels = _fits()

    def update(loss: str, outlier: float) -> str:
        y = Y.copy()
        y[OUTLIER] = outlier
        return panels(Fits(OWN, _profile(loss).of(y), X, y))

    return Explorer(
        figure,
        update,
        name="own-loss-fits",
        controls={
            "loss": Choice(list(EXAMPLES), label="loss"),
            "outlier": Slider(-1.8, 4.2, step=0.5, value=4.2, label="second target"),
        },
        handles=[Handle(panels.points[OUTLIER], y="outlier")],
        caption="Drag the loose point up and down. Which of the four constants follow it, and which lines?",
        alt=ALT_FITS,
    )


class Live(NamedTuple):
    """A picture whose artists a page moves, by the names that its Python gives them."""

    explorer: Explorer
    moved: dict[str, Artist]


# ── The same pictures for a loss that is typed ───────────────────────────────────────────────────────────────────────


def live_profile() -> Live:
    """The four panels with a finer probe, and the artists that a page moves."""
    figure, panels = _panels()

    def update(probe: float) -> str:
        sentence = panels(_profile("squared error"), probe)
        panels.no_density.set_text(NO_DENSITY)  # so that the page knows how it is drawn
        return sentence

    explorer = Explorer(
        figure,
        update,
        name="own-loss",
        controls={"probe": Slider(-REACH, REACH, step=0.1, value=1.0, label="residual e")},
        handles=_probes(panels),
        caption="Your loss. Drag the marked residual along the curve or along the slope.",
        alt="Four panels for the loss that was typed: the loss over the residual from −5 to 5; its slope; the density "
        "it implies, if there is one; and the targets with the constant that the loss fits to them.",
    )
    names = ("loss_curve", "slope_curve", "density_curve", "no_density", "probe", "probe_slope", "constant")
    moved = {name: getattr(panels, name) for name in (*names, "constant_label")}
    return Live(explorer, moved | {f"target_{i}": artist for i, artist in enumerate(panels.targets)})


def live_fits() -> Live:
    """The fits with every target to be dragged, and the artists that a page moves."""
    figure, panels = _fits()

    def update(point: int, x: float, y: float) -> str:
        return panels(Fits(OWN, _profile("squared error"), X, Y))

    explorer = Explorer(
        figure,
        update,
        name="own-loss-fits",
        controls={
            "point": Slider(1, len(X), step=1, value=OUTLIER + 1, label="point"),
            "x": Slider(0, WIDEST, step=0.1, value=X[OUTLIER], label="its x"),
            "y": Slider(-5, 5, step=0.1, value=Y[OUTLIER], label="its target y"),
        },
        handles=[Handle(artist, x="x", y="y") for artist in panels.points],
        caption="Drag any point, or choose one and move it with the sliders: constants and lines follow.",
        alt="Left, four rows: the constants that squared error, absolute error, Huber and the loss that was typed fit "
        "to the targets. Right, the points and the four lines.",
    )
    return Live(explorer, panels.moved())


def _panels() -> tuple[Any, Panels]:
    figure, axes = subplots(2, 2)
    panels = Panels(axes, OWN, Y)
    return figure, panels


def _probes(panels: Panels) -> list[Handle]:
    return [Handle(panels.probe, x="probe"), Handle(panels.probe_slope, x="probe")]


class _Fits:
    """The two panels of fits and the artists that change in them."""

    def __init__(self, left: Any, right: Any) -> None:
        names = [*RIVALS, OWN]
        self.rows = dict(zip(names, range(len(names), 0, -1), strict=True))
        self.constants, self.values, self.lines = {}, {}, {}
        for name, row in self.rows.items():
            look: dict[str, Any] = {"color": palette.muted, "lw": 2, "ls": DASHES.get(name, "-")}
            if name == OWN:
                look |= {"color": palette.model, "lw": 3}
            (self.constants[name],) = left.plot([0, 0], [row - 0.36, row + 0.36], **look)
            self.values[name] = left.text(-4.8, row, "0", color=look["color"], va="center")
            (self.lines[name],) = right.plot([0, WIDEST], [0, 0], **look, label=name)
        self.at = list(zip(X, Y, strict=True))
        self.targets = [left.plot([y], [0], "o", color=palette.data, alpha=0.7, ms=6)[0] for y in Y]
        left.set(xlim=(-5, 5), ylim=(-0.5, len(names) + 0.6), xlabel="target y", title="constants they fit")
        left.set_yticks([0, *self.rows.values()], ["targets", *self.rows])
        self.points = [
            right.plot([x], [y], "o", color=palette.outlier if i == OUTLIER else palette.data, ms=8)[0]
            for i, (x, y) in enumerate(zip(X, Y, strict=True))
        ]
        right.set(xlim=(0, WIDEST), ylim=(-5, 5), xlabel="x", ylabel="target y", title="lines they fit")
        right.legend(loc="lower right", ncols=2, fontsize="small", handlelength=2.6)

    def __call__(self, fits: Fits) -> str:
        for name, constant in fits.constants.items():
            self.constants[name].set_xdata([constant] * 2)
            self.values[name].set_text(label(constant, 2))
            line = fits.lines[name]
            ends = np.array([0, WIDEST])
            self.lines[name].set_data(ends, line(ends) if line else np.full(2, np.nan))
        for i, (x, y) in enumerate(zip(fits.x, fits.y, strict=True)):
            if self.at[i] != (x, y):  # the others need not be drawn again
                self.at[i] = (x, y)
                self.points[i].set_data([x], [y])
                self.targets[i].set_data([y], [0])
        return fitted(fits.constants, fits.lines)

    def moved(self) -> dict[str, Artist]:
        """By the names that the page's Python gives them."""
        found: dict[str, Artist] = {}
        for name in self.rows:
            found |= {f"constant {name}": self.constants[name], f"value {name}": self.values[name]}
            found[f"line {name}"] = self.lines[name]
        for i, (point, target) in enumerate(zip(self.points, self.targets, strict=True)):
            found |= {f"point {i}": point, f"target {i}": target}
        return found


def _fits() -> tuple[Any, _Fits]:
    figure, (left, right) = subplots(1, 2, figsize=(7.4, 3.6))
    return figure, _Fits(left, right)
