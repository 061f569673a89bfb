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
    """The colours by meaning. In the page each is a CSS variable, `--lb-loss` for `palette.loss`, with a dark twin."""

    loss: str = "#004c9a"
    gradient: str = "#c23b00"
    density: str = "#7d3c98"
    model: str = "#00704f"
    outlier: str = "#8f5f00"
    truth: str = "#0773a6"
    data: str = "#4d5156"
    muted: str = "#6b6f75"
    ink: str = "#202124"
    axis: str = "#5f6368"
    grid: str = "#dfe1e5"
    background: str = "#ffffff"


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
