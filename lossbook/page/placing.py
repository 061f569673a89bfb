"""Data put into a picture that Matplotlib has drawn: curves, markers and texts in the units of the picture.

`Explorer.places` wrote down, when the book was built, how each artist was drawn and how its axes turn x and y into the
picture's units. Nothing is drawn anew here: in that markup the coordinates change, and nothing else.
"""

from __future__ import annotations

import html
import re
from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from lossbook.core import Floats, quiet

OUTSIDE = 20_000.0  # units: as far from the picture as a coordinate goes
OUTLINE = re.compile(r'(?<= d=")[^"]*')
BEGINNING = re.compile(r'(?<= d="m)(-?\d+) ?(-?\d+)')
CENTRE = re.compile(r' cx="-?\d+" cy="-?\d+"')
CORNER = re.compile(r'(?<= x=")-?\d+(?=")')
CONTENT = re.compile(r"(?<=>)[^<]*(?=</text>)")


class Place:
    """One artist, where its picture has it."""

    def __init__(self, place: Mapping[str, Any]) -> None:
        self.key: str = place["key"]
        self.markup: str = place["markup"]
        self.x, self.y, self.at = place["x"], place["y"], place["at"]
        self.ends: list[float] = place["ends"]
        self.xlim: list[float] = place["xlim"]
        self.ylim: list[float] = place["ylim"]

    def units(self, x: ArrayLike, y: ArrayLike) -> Floats:
        """Points in the picture's units, a row each; NaN stays NaN, and what is far outside comes nearer."""
        with quiet():
            both = np.column_stack([self.x[0] + self.x[1] * np.asarray(x), self.y[0] + self.y[1] * np.asarray(y)])
        return np.asarray(np.rint(np.clip(both, -OUTSIDE, OUTSIDE)))

    def data(self, at: ArrayLike) -> tuple[float, float]:
        """The x and y of a point of the picture."""
        u, v = np.asarray(at, dtype=float)
        return float((u - self.x[0]) / self.x[1]), float((v - self.y[0]) / self.y[1])

    def curve(self, x: ArrayLike, y: ArrayLike) -> str:
        """The line through these points; it is interrupted where one is NaN."""
        points = self.units(x, y)
        broken = np.isnan(points).any(axis=1)
        edges = np.flatnonzero(np.diff(np.concatenate([[True], broken, [True]]).astype(int)))
        pieces = [points[a:b].astype(int).tolist() for a, b in zip(edges[::2], edges[1::2], strict=True)]
        outline = "".join("M" + "L".join(f"{u} {v}" for u, v in piece) for piece in pieces)
        return OUTLINE.sub(outline, self.markup) if outline else ""

    def marker(self, x: float, y: float) -> str:
        """The marker at this point; none where it is no point."""
        ((u, v),) = self.units([x], [y])
        if not np.isfinite([u, v]).all():
            return ""
        right, down = int(u) - self.at[0], int(v) - self.at[1]
        text = BEGINNING.sub(lambda start: f"{int(start[1]) + right} {int(start[2]) + down}", self.markup)
        return CENTRE.sub(f' cx="{int(u)}" cy="{int(v)}"', text)

    def text(self, content: str, x: float | None = None) -> str:
        """The text with this content, at this x if one is given."""
        text = CONTENT.sub(html.escape(content, quote=False).replace("\\", r"\\"), self.markup)
        if x is None:
            return text
        ((u, _),) = self.units([x], [0.0])
        return CORNER.sub(str(int(u)), text) if np.isfinite(u) else ""
