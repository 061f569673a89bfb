"""The figure of the first page."""

from __future__ import annotations

import numpy as np

from lossbook.analysis.outliers import FLATS, LANDLORDS, RENTS, rent_lines
from lossbook.explorer import Explorer, Handle, Slider, palette, subplots
from lossbook.figures.wording import written

LOOKS = ((palette.loss, "-"), (palette.model, "-"), (palette.density, "--"))


def one_rent() -> Explorer:
    """Ten flats and their rents, the last one dragged, and the line of three losses."""
    figure, axis = subplots(figsize=(5.0, 3.45))
    axis.plot(FLATS[:-1], RENTS, "o", color=palette.data, ms=6.5, alpha=0.85)
    ends = np.array([12.0, 118.0])
    drawn = []
    for row, (contender, (colour, dash)) in enumerate(zip(LANDLORDS, LOOKS, strict=True)):
        (line,) = axis.plot(ends, ends, dash, color=colour, lw=2.2)
        axis.plot([14, 21], [2280 - 185 * row] * 2, dash, color=colour, lw=2.2)
        drawn.append((line, axis.text(23, 2280 - 185 * row, contender.short, color=colour, va="center")))
    largest = [FLATS[-1]], [0]
    (arrows,) = axis.plot(*largest, ls="", marker="$\\updownarrow$", ms=46, mew=0, clip_on=False, color=palette.outlier)
    (point,) = axis.plot(*largest, "o", ms=15, color=palette.outlier)
    word = axis.text(FLATS[-1] - 5, 0, "drag", color=palette.outlier, ha="right", va="center", fontweight="bold")
    axis.set(xlim=(12, 118), ylim=(-160, 2480), xlabel="size (m²)", ylabel="rent (francs)")
    axis.set(xticks=range(20, 120, 20), yticks=range(0, 2500, 500))
    axis.set_yticklabels([f"{rent:,}" for rent in range(0, 2500, 500)])

    def update(rent: int) -> str:
        for artist in (arrows, point):
            artist.set_data([FLATS[-1]], [rent])
        word.set_y(rent)
        slopes = []
        for (line, _), fit in zip(drawn, rent_lines(float(rent)), strict=True):
            line.set_ydata(fit(ends))
            slopes.append(written(fit.slope))
        squared, huber, absolute = slopes
        falls = ": larger flats are cheaper" if rent_lines(float(rent))[0].slope < 0 else ""
        return (
            f"By squared error each square metre costs {squared} francs{falls}. "
            f"By absolute error {absolute}, by Huber {huber}."
        )

    return Explorer(
        figure,
        update,
        name="one-rent",
        controls={"rent": Slider(0, 2400, step=50, value=600, label="largest flat", unit="francs")},
        handles=[Handle(point, y="rent")],
        caption="Drag the rent of the largest flat. Squared error follows, until larger flats are cheaper; absolute "
        "error and Huber give way a little, and hold.",
        alt="Nine rents rise along a line from 930 to 1,370 francs, the tenth lies far below at 600. The squared-error "
        "line has nearly lost its slope; those of absolute error and Huber still run along the nine.",
    )
