"""`Explorer`: one Matplotlib figure with controls, static on a page and a picture on paper."""

from __future__ import annotations

import base64
import html
import io
import math
import os
import re
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, TypeGuard

import numpy as np
from matplotlib.artist import Artist
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from lossbook.core import shown
from lossbook.explorer import static
from lossbook.explorer.controls import Control, Handle, Slider
from lossbook.explorer.encode import Drawing, Table
from lossbook.explorer.moments import Challenge, Predict, check_moments
from lossbook.explorer.palette import style
from lossbook.explorer.pen import SCALE
from lossbook.explorer.state import State

MAX_STATES = 5000  # what a page should carry and a build should wait for
PAPER_DPI = 144


class Explorer(State):
    """A figure that its reader can play with.

    In a Jupyter kernel it is a widget: `explorer.delta = 2.0` moves slider and picture, `observe` and `VBox` work.
    While a book is built it is static HTML that holds every state. Where neither can be shown it is a plain picture.

    Parameters
    ----------
    figure : Figure
        Built once; `subplots` makes one in the book's style.
    update : callable
        Receives every control as a keyword, changes artists of the figure (`set_data`, `set_text`, …) and returns the
        sentence that the readout shows.
    name : str
        Unique in the book: lower-case words joined by hyphens.
    controls : mapping
        The keywords of `update`, each with its `Slider`, `Choice`, `Toggle` or `Play`.
    handles : sequence of Handle
        Markers that are dragged in the picture.
    caption, alt : str
        What it shows and what to try, with mathematics in dollar signs; and the picture in words, for those who do not
        see it.
    challenge : Challenge, optional
        A goal below the controls; the explorer says when a state meets it.
    predict : Predict, optional
        What its reader guesses before it opens, where the chapter has a `{predict}` directive of its name.
    """

    def __init__(
        self,
        figure: Figure,
        update: Callable[..., str],
        *,
        name: str,
        controls: Mapping[str, Control],
        handles: Sequence[Handle] = (),
        caption: str,
        alt: str,
        challenge: Challenge | None = None,
        predict: Predict | None = None,
    ) -> None:
        if not isinstance(figure, Figure):
            raise ValueError(f"figure must be a Matplotlib Figure, got {shown(figure)}")
        adopt(figure)
        self.figure = figure
        self._drawing: Drawing | None = None
        self._all: Table | None = None
        super().__init__(update, name=name, controls=controls, caption=caption, alt=alt)
        check_handles(handles, figure, name, controls)
        check_moments(challenge, predict, name, self.controls)
        self.handles, self.challenge, self.predict = tuple(handles), challenge, predict
        self._complete = True

    @property
    def drawing(self) -> Drawing:
        """The figure's markup, up to date with the present state."""
        with style():
            if self._drawing is None:
                self._drawing = Drawing(self.figure, self.name, self.handles)
            self._drawing.changed()
        return self._drawing

    def table(self, seconds: float = float("inf")) -> Table:
        """What the picture shows in every state; raises `TooSlow` after some seconds of drawing."""
        if self._all is None:
            count = math.prod(self.sizes.values())
            if count > MAX_STATES:
                raise ValueError(
                    f"{self.name} has {count} states, a page holds {MAX_STATES}: use fewer values a control"
                )
            drawing, present = self.drawing, self._indices
            try:
                with style():
                    table = Table(drawing, self._move, self.sizes, seconds)
                if self.challenge:
                    table.set_goal(self.challenge.column(self.controls), self.name)
                self._all = table
            finally:
                self._move(present)
        return self._all

    def places(self, artists: Mapping[str, Artist]) -> dict[str, Any]:
        """How data become points of the picture, for who moves its artists without Matplotlib.

        Of each named artist the markup as it stands now and the group it stands in; of a marker where it is, of a line
        through two points their y; the limits of its axes, which must be linear, and the numbers by which these turn x
        and y into the picture's units: `unit = start + step * x`.
        """
        drawing = self.drawing
        keys = {id(artist): key for key, artist in drawing.artists.items()}
        found: dict[str, Any] = {}
        for name, artist in artists.items():
            axes = artist.axes
            if axes is None or axes.get_xscale() != "linear" or axes.get_yscale() != "linear":
                raise ValueError(f"artists of {self.name} must stand in linear axes, got {name}")
            (left, low), (right, high) = axes.transData.transform([(0.0, 0.0), (1.0, 1.0)])
            found[name] = {
                "key": keys[id(artist)],
                "markup": {**drawing.parts, **drawing.now}[keys[id(artist)]],
                "x": [SCALE * float(left), SCALE * float(right - left)],
                "y": [SCALE * float(drawing.height - low), SCALE * float(low - high)],
                "xlim": list(map(float, axes.get_xlim())),
                "ylim": list(map(float, axes.get_ylim())),
                "ends": list(map(float, artist.get_ydata())) if is_line(artist, 2) else None,
                "at": list(drawing.place(artist)) if is_line(artist, 1) else None,
            }
        return found

    def bare(self, artists: Mapping[str, Artist]) -> str:
        """The figure with its controls and no table: the artists' groups wait for somebody who fills them."""
        drawing = self.drawing
        keys = {id(artist): key for key, artist in drawing.artists.items()}
        return static.figure(self, drawing.svg([*(keys[id(one)] for one in artists.values()), *drawing.grips]))

    def html(self) -> str:
        """The figure with its controls and the table of every state, for a page that has the player's assets."""
        table, drawing = self.table(), self.drawing
        return static.figure(self, drawing.svg([*table.artists, *drawing.grips]), table.data(), typeset=True)

    def save(self, path: str | os.PathLike[str], *, title: str | None = None, address: str | None = None) -> None:
        """Write the explorer as one HTML file, for slides or another site: its controls work, and it loads nothing.

        It begins where the controls stand now, and says that it comes from Lossbook.

        Parameters
        ----------
        path : str or path
            A name that ends in `.html`, in a folder that is there. A file of this name is replaced.
        title : str, optional
            What the line below the figure calls its source, such as the title of a chapter; otherwise its own name.
        address : str, optional
            Where that stands on the web, `https://…`: the line then links to it.

        Raises
        ------
        ValueError
            If `path` does not end in `.html` or its folder is not there, or if `title` or `address` is no such text.

        Examples
        --------
        >>> from lossbook.figures.regression import huber_profile
        >>> huber_profile().set(delta=2.0).save("huber.html")  # doctest: +SKIP
        """
        if not isinstance(path, str | os.PathLike) or Path(path).suffix != ".html":
            raise ValueError(f"path must name an .html file in a folder that is there, got {shown(path)}")
        if not Path(path).parent.is_dir() or Path(path).is_dir():
            raise ValueError(f"path must name an .html file in a folder that is there, got {shown(str(path))}")
        if title is not None and (not isinstance(title, str) or not title.strip()):
            raise ValueError(f"title must be a text, got {shown(title)}")
        if address is not None and not (isinstance(address, str) and re.fullmatch(r"https?://\S+", address)):
            raise ValueError(f"address must begin with https:// or http://, got {shown(address)}")
        table, drawing = self.table(), self.drawing
        figure = static.figure(self, drawing.svg([*table.artists, *drawing.grips]), table.data())
        name = html.escape(title or self.name)
        link = f'<a href="{html.escape(address)}">{name}</a>' if address else name
        source = f"From <cite>Lossbook</cite>, a course on the losses of machine learning: {link}."
        own = self.name.replace("-", " ").capitalize()
        Path(path).write_text(static.alone(figure, title or own, source), encoding="utf-8")

    def _words(self) -> str:
        """What it shows, for those who see no picture, and its challenge."""
        goal = f"Challenge: {self.challenge.goal}" if self.challenge else ""
        return " ".join(filter(None, (self.alt, self.readout, goal)))

    def png(self) -> bytes:
        """The picture for paper."""
        _ = self.drawing  # the markup of this state, before Agg marks everything as drawn
        data = io.BytesIO()
        with style():
            self.figure.savefig(data, format="png", dpi=PAPER_DPI, facecolor="white", metadata={"Software": None})
        return data.getvalue()

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> dict[str, str]:
        picture = base64.b64encode(self.png()).decode()
        return {"text/html": self.html(), "image/png": picture, "text/plain": self._words()}


def is_line(artist: Artist, points: int) -> TypeGuard[Line2D]:
    """Whether an artist is a line through so many points; through one it is a marker."""
    return isinstance(artist, Line2D) and np.size(artist.get_xdata()) == points


def adopt(figure: Figure) -> None:
    """Take a figure from pyplot, so that no notebook shows it twice, and measure it in points."""
    if "matplotlib.pyplot" in sys.modules:
        sys.modules["matplotlib.pyplot"].close(figure)
    FigureCanvasAgg(figure)
    figure.set_dpi(72)  # after closing, which resets it
    figure.stale_callback = None  # pyplot's interactive mode would redraw everything on every change


def check_handles(handles: Any, figure: Figure, name: str, controls: Mapping[str, Control]) -> None:
    """Refuse handles that are no markers of the figure, or that move anything but its sliders."""
    if not isinstance(handles, Sequence):
        raise ValueError(f"handles of {name} must be a list of Handle objects, got {shown(handles)}")
    for handle in handles:
        if not isinstance(handle, Handle) or handle.artist.get_figure(root=True) is not figure:
            raise ValueError(
                f"handles of {name} must be Handle objects with a marker of its figure, got {shown(handle)}"
            )
        for key in handle.controls:
            if not isinstance(controls.get(key), Slider):
                raise ValueError(f"handles of {name} must name its sliders, got {shown(key)}")
