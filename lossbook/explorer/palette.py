"""Colours with one meaning each, and the style that every figure of the book wears."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import asdict, dataclass
from functools import cache, wraps
from pathlib import Path
from typing import Any

import matplotlib as mpl
from matplotlib.axes import Axes
from matplotlib.figure import Figure

STYLE = Path(__file__).parent.parent / "lossbook.mplstyle"


@dataclass(frozen=True)
class Palette:
    """The colours by meaning. In the page each is a CSS variable, `--lb-loss` for `palette.loss`, with a dark twin.

    They are told apart by those who see no red or no green too, and stand out from both pages as letters must. A text
    names what is drawn rather than its colour; where it does name one, it is that colour in both themes.
    """

    loss: str = "#0240ba"  # blue: losses and what they cost
    gradient: str = "#85101a"  # red: gradients, and what pulls
    density: str = "#591b78"  # purple: what a loss implies about the noise
    model: str = "#087d5f"  # green: predictions and fits
    outlier: str = "#bd4b00"  # orange: what stands out, an outlier or a surplus; the point that the reader moves
    truth: str = "#0172a9"  # light blue: what the data come from
    data: str = "#4d5156"  # grey
    muted: str = "#6b6f75"
    ink: str = "#202124"
    axis: str = "#5f6368"
    grid: str = "#dfe1e5"
    background: str = "#ffffff"

    @property
    def surplus(self) -> str:
        """Orange too: a divergence, what a wrong model pays beyond what cannot be avoided."""
        return self.outlier


palette = Palette()
VARIABLES = {colour: f"var(--lb-{name},{colour})" for name, colour in asdict(palette).items()}
VARIABLES["#000000"] = VARIABLES[palette.ink]  # plain black is ink too, or it would vanish in the dark theme


_worn: ContextVar[bool] = ContextVar("worn", default=False)


@cache
def _style() -> dict[str, Any]:
    return dict(mpl.rc_params_from_file(STYLE, use_default_template=False))


@contextmanager
def style() -> Iterator[None]:
    """The book's Matplotlib style, for the length of a `with` block. Free of charge inside another."""
    if _worn.get():
        yield
        return
    # Not rc_context, which copies and checks all of Matplotlib's three hundred settings: that costs more than a curve.
    ours, token = _style(), _worn.set(True)
    theirs = {key: dict.__getitem__(mpl.rcParams, key) for key in ours}
    dict.update(mpl.rcParams, ours)
    try:
        yield
    finally:
        dict.update(mpl.rcParams, theirs)
        _worn.reset(token)


class BookAxes(Axes):
    """Axes that draw in the book's style whenever they are asked, not only while `style()` lasts."""


def _styled(method: Callable[..., Any]) -> Callable[..., Any]:
    @wraps(method)
    def styled(*arguments: Any, **keywords: Any) -> Any:
        with style():
            return method(*arguments, **keywords)

    return styled


_DRAW = """
    plot scatter step stem bar barh hist fill_between fill_betweenx errorbar boxplot axhline axvline axline axhspan
    axvspan hlines vlines text annotate legend set_title contour contourf clabel imshow pcolormesh quiver
    inset_axes twinx twiny set
"""
for _name in _DRAW.split():
    setattr(BookAxes, _name, _styled(getattr(Axes, _name)))


def subplots(
    nrows: int = 1, ncols: int = 1, *, figsize: tuple[float, float] | None = None, **keywords: Any
) -> tuple[Figure, Any]:
    """A figure in the book's style and its axes, as `pyplot.subplots` gives them, but unknown to pyplot.

    So a notebook shows it once, as the explorer, and not a second time as a bare figure. Two panels side by side are
    7 inches wide, one is 5: text of 10 to 12 points then stays legible on a phone.
    """
    with style():
        figure = Figure(figsize=figsize or (5.0 if ncols == 1 else 7.0, 3.2 * nrows), layout="constrained")
        keywords["subplot_kw"] = {"axes_class": BookAxes, **keywords.get("subplot_kw", {})}
        return figure, figure.subplots(nrows, ncols, **keywords)
