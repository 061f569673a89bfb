"""From a figure to markup: what to draw once, what changes with the controls, and the table of every state."""

from __future__ import annotations

import itertools
import math
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import numpy as np
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.legend import Legend
from matplotlib.offsetbox import OffsetBox
from matplotlib.text import Annotation

from lossbook.explorer.controls import Handle
from lossbook.explorer.pen import SCALE, Pen, units

TALL = 1.5  # times as high as wide: a column of panels that is too much for a phone together with its neighbours
GRIP = 160  # units: how far around a handle's marker the finger may land


class Drawing:
    """A figure cut into units that are drawn alone: the artists in each axes and in the figure itself.

    Axes whose limits, place or list of artists change are drawn as one unit from then on: ticks, grid and everything
    else in them may move.
    """

    def __init__(self, figure: Figure, name: str, handles: Sequence[Handle]) -> None:
        self.figure, self.prefix = figure, f"{name}::"
        figure.draw_without_rendering()
        figure.set_layout_engine("none")  # the axes stay where the first draw put them
        self.width, self.height = (float(size) * 72 for size in figure.get_size_inches())
        self.pen = Pen(self.width, self.height, self.prefix)
        self.handles = tuple(handles)
        self.markers = {id(handle.artist) for handle in handles}
        self.axes: dict[str, Axes] = {}
        self.parents: dict[str, str] = {}
        self.artists: dict[str, Artist] = {}
        for child in children(figure):
            key = self._register(child, "")
            if isinstance(child, Axes):
                self.axes[key] = child
                for artist in children(child):
                    self._register(artist, key)
        self.whole: set[str] = set()
        self.parts = self._draw_everything()
        self.now: dict[str, str] = {}  # what changed since
        self.layouts = {key: layout(axes) for key, axes in self.axes.items()}

    @property
    def grips(self) -> dict[str, Handle]:
        """The handles by the keys of their markers."""
        keys = {id(artist): key for key, artist in self.artists.items()}
        return {keys[id(handle.artist)]: handle for handle in self.handles}

    def _register(self, artist: Artist, parent: str) -> str:
        key = str(len(self.artists))
        self.artists[key], self.parents[key] = artist, parent
        return key

    def _draw_everything(self) -> dict[str, str]:
        """The markup of every unit, in drawing order; of an axes only its own, without its artists'."""
        parts: dict[str, str] = {}
        self.pen.out = []

        def wrapped(key: str, artist: Artist) -> Callable[..., None]:
            def draw(renderer: Pen, *arguments: Any, **keywords: Any) -> None:
                before, self.pen.out = self.pen.out, []
                parts[key] = ""  # takes its place before what it contains
                parts[key] = self._alone(artist)
                self.pen.out = before

            return draw

        for key, artist in self.artists.items():
            artist.draw = wrapped(key, artist)  # type: ignore[method-assign]
        try:
            self.figure.draw(self.pen)
        finally:
            for artist in self.artists.values():
                del artist.draw
        return parts

    def _alone(self, artist: Artist) -> str:
        """The markup of one artist, drawn now."""
        self.pen.out, self.pen.artist = [], artist
        type(artist).draw(artist, self.pen)
        artist.stale = False
        if id(artist) in self.markers and artist.get_visible():
            x, y = self.place(artist)
            self.pen.out.append(f'<circle cx="{x}" cy="{y}" r="{GRIP}" pointer-events="all"/>')
        return "".join(self.pen.out)

    @contextmanager
    def _gripped(self) -> Iterator[None]:
        """While an axes is drawn as one, its handles keep the groups by which the page finds them."""
        keys = [key for key, artist in self.artists.items() if id(artist) in self.markers]

        def wrapped(key: str, artist: Artist) -> Callable[..., None]:
            def draw(renderer: Pen, *arguments: Any, **keywords: Any) -> None:
                before = self.pen.out
                markup = self._alone(artist)
                self.pen.out = [*before, self.group(key, markup)]

            return draw

        for key in keys:
            self.artists[key].draw = wrapped(key, self.artists[key])  # type: ignore[method-assign]
        try:
            yield
        finally:
            for key in keys:
                del self.artists[key].draw

    def group(self, key: str, markup: str) -> str:
        """The markup of one unit in the group by which the page finds it."""
        kind = ' class="explorer-handle"' if id(self.artists[key]) in self.markers else ""
        return f'<g id="{self.prefix}{key}"{kind}>{markup}</g>'

    def place(self, artist: Any) -> tuple[int, int]:
        """Where a marker of one point stands, in the picture's units."""
        x, y = artist.get_transform().transform(np.array([artist.get_xdata()[0], artist.get_ydata()[0]], dtype=float))
        return units((x, self.height - y)) if math.isfinite(x) and math.isfinite(y) else (0, 0)

    def changed(self) -> dict[str, str]:
        """The markup of the units that updates have changed since the last call."""
        if {id(child) for child in children(self.figure)} != {
            id(self.artists[k]) for k, p in self.parents.items() if not p
        }:
            raise ValueError("update must not add axes or figure texts to the figure, or remove them: make them first")
        for key, axes in self.axes.items():
            if axes.stale and key not in self.whole and layout(axes) != self.layouts[key]:
                self.whole.add(key)
                axes.stale = True
        found: dict[str, str] = {}
        for key, artist in self.artists.items():
            if self.parents[key] in self.whole or key not in self.parts or not stale(artist):
                continue  # part of a whole, never drawn (the spines of axes that are off), or unchanged
            if key in self.axes and key not in self.whole:
                continue
            if key in self.whole:
                with self._gripped():
                    found[key] = self._alone(artist)
            else:
                found[key] = self._alone(artist)
        for axes in self.axes.values():
            axes.stale = False
        self.figure.stale = False
        self.now |= found
        return found

    # The picture as it stands

    def panels(self) -> list[tuple[float, float, list[str]]]:
        """The columns of axes that may stand below each other on a phone: left edge, width, and their axes' keys."""
        loose = any(markup for key, markup in self.parts.items() if not self.parents[key] and key not in self.axes)
        boxes = {key: axes.get_tightbbox(self.pen) for key, axes in self.axes.items()}
        spans = sorted((box.x0, box.x1, key) for key, box in boxes.items() if box is not None)
        if loose or not spans or len(spans) < len(self.axes):
            return [(0, self.width, list(self.axes))]
        columns: list[list[Any]] = []
        for left, right, key in spans:
            if columns and left < columns[-1][1]:
                columns[-1][1] = max(columns[-1][1], right)
                columns[-1][2].append(key)
            else:
                columns.append([left, right, [key]])
        cuts = [0.0, *((a[1] + b[0]) / 2 for a, b in itertools.pairwise(columns)), self.width]
        return [(cuts[i], cuts[i + 1] - cuts[i], column[2]) for i, column in enumerate(columns)]

    def svg(self, named: Iterable[str]) -> str:
        """The picture, one `<svg>` a column; `named` are the units that need a group to be found by."""
        parts, named, text = {**self.parts, **self.now}, set(named), ""
        panels = self.panels()
        for number, (left, width, keys) in enumerate(panels):
            body = ""
            for key in self.parts:
                if self.parents[key] or (key in self.axes and key not in keys) or (number and key not in self.axes):
                    continue
                inner = parts[key]
                if key in self.axes and key not in self.whole:
                    mine = [child for child in self.parts if self.parents[child] == key]
                    inner += "".join(self.group(c, parts[c]) if c in named else parts[c] for c in mine)
                body += self.group(key, inner) if key in named else inner
            box = f"{left * SCALE:.0f} 0 {width * SCALE:.0f} {self.height * SCALE:.0f}"
            defs = "" if number else f'<defs id="{self.prefix}defs">{self.pen.definitions()}</defs>'
            look = f'style="--w:{width / 72:.2f}" fill="none" stroke-linejoin="round"'
            if len(panels) > 1 and self.height > TALL * width:
                look = f'class="explorer-tall" {look}'
            text += f'<svg viewBox="{box}" {look}>{defs}{body}</svg>'
        return text


def children(owner: Figure | Axes) -> list[Artist]:
    """What an owner draws, without its background."""
    return [artist for artist in owner.get_children() if artist is not owner.patch]


def stale(artist: Artist) -> bool:
    """Whether an artist must be drawn again. Annotations and legends do not notice everything that happens to them."""
    if isinstance(artist, Annotation):
        return True
    if isinstance(artist, Legend | OffsetBox):
        return artist.stale or any(part.stale for part in artist.findobj())
    return bool(artist.stale)


def layout(axes: Axes) -> tuple[Any, ...]:
    """What, when it changes, moves everything in an axes."""
    return (
        tuple(axes.viewLim.get_points().ravel()),
        axes.get_position().bounds,
        axes.get_visible(),
        axes.axison,
        axes.get_xscale(),
        axes.get_yscale(),
        tuple((id(artist), artist.get_zorder()) for artist in children(axes)),
    )


def shared(texts: Sequence[str]) -> str:
    """The longest beginning that all texts share: that of the first and the last in alphabetical order."""
    low, high = min(texts), max(texts)
    return low[: next((i for i, (a, b) in enumerate(zip(low, high, strict=False)) if a != b), len(low))]


class TooSlow(Exception):
    """The states take longer to draw than the caller wants to wait."""


class Table:
    """What the picture shows in every state: distinct markups, and which of them each state shows."""

    def __init__(
        self,
        drawing: Drawing,
        move: Callable[[tuple[int, ...]], str],
        sizes: dict[str, int],
        seconds: float = math.inf,
    ) -> None:
        self.goal: dict[str, Any] | None = None
        self.sizes, began = sizes, time.perf_counter()
        while True:  # an axes that turns out to move as a whole changes the units: then start again
            whole = set(drawing.whole)
            rows: list[dict[str, str]] = []
            places: list[list[tuple[int, int]]] = []
            for state in itertools.product(*(range(size) for size in sizes.values())):
                readout = move(state)
                drawing.changed()
                rows.append({**drawing.now, "readout": readout})
                places.append([drawing.place(handle.artist) for handle in drawing.handles])
                if drawing.whole != whole:
                    break
                if time.perf_counter() - began > seconds:
                    raise TooSlow
            else:
                break
        keys = [key for key in rows[-1] if drawing.parents.get(key) not in drawing.whole or key == "readout"]
        first = drawing.parts
        columns = {key: [row.get(key, first.get(key, "")) for row in rows] for key in keys}
        self.artists = {
            key: self._cell(column)
            for key, column in columns.items()
            if key != "readout" and (len(set(column)) > 1 or column[0] != first[key])
        }
        self.readout = self._cell(columns["readout"])
        self.handles = []
        for number, (key, handle) in enumerate(drawing.grips.items()):
            on, spots = self._reduced([row[number] for row in places])
            self.handles.append(
                {"artist": key, "controls": handle.controls, "on": on, "at": [list(spot) for spot in spots]}
            )

    def _reduced(self, column: list[Any]) -> tuple[list[str], list[Any]]:
        """The controls that a column of values depends on, and its values over those alone."""
        numbers: dict[Any, int] = {}
        grid = np.array([numbers.setdefault(value, len(numbers)) for value in column]).reshape(
            tuple(self.sizes.values())
        )
        on = list(self.sizes)
        for name in self.sizes:
            axis = on.index(name)
            if np.all(grid == grid.take([0], axis=axis)):
                grid = grid.take(0, axis=axis)
                on.remove(name)
        distinct = list(numbers)
        return on, [distinct[number] for number in grid.ravel()]

    def _cell(self, column: list[str]) -> dict[str, Any]:
        """A column of markups: common head and tail once, repetitions as the number of the first."""
        on, texts = self._reduced(column)
        head = shared(texts)
        tail = shared([text[len(head) :][::-1] for text in texts])[::-1]
        seen: dict[str, int] = {}
        body: list[str | int] = []
        for number, text in enumerate(texts):
            first = seen.setdefault(text, number)
            body.append(text[len(head) : len(text) - len(tail)] if first == number else first)
        return {"on": on, "head": head, "tail": tail, "body": body}

    def set_goal(self, met: list[bool], name: str) -> None:
        """Add for every state whether it meets the explorer's challenge."""
        if not any(met):
            raise ValueError(f"challenge of {name} must be met by some state, no state meets it")
        on, body = self._reduced(met)
        self.goal = {"on": on, "body": body}

    def data(self) -> dict[str, Any]:
        """The table as the page receives it."""
        found: dict[str, Any] = {"artists": self.artists, "readout": self.readout, "handles": self.handles}
        return {**found, "goal": self.goal} if self.goal else found
