"""`Explorer`: one Matplotlib figure with controls, live in Jupyter, static on a page, a picture on paper."""

from __future__ import annotations

import base64
import inspect
import io
import keyword
import math
import os
import re
import sys
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from lossbook.core import shown
from lossbook.explorer import static
from lossbook.explorer.controls import Control, Handle, Slider
from lossbook.explorer.encode import Drawing, Table
from lossbook.explorer.palette import style

MAX_STATES = 5000  # what a page should carry and a build should wait for
PAPER_DPI = 144
# Names that the explorer or the widget behind it uses itself.
RESERVED = {
    "alt",
    "caption",
    "close",
    "comm",
    "controls",
    "drawing",
    "figure",
    "handles",
    "keys",
    "layout",
    "log",
    "name",
    "open",
}
RESERVED |= {"observe", "readout", "send", "set", "state", "tabbable", "table", "tooltip", "update"}


def is_live() -> bool:
    """Whether this runs in a Jupyter kernel that can show widgets, and no book is being built."""
    if os.environ.get("LOSSBOOK_STATIC") or "IPython" not in sys.modules:
        return False
    shell = sys.modules["IPython"].get_ipython()
    if shell is None or not hasattr(shell, "kernel"):
        return False
    try:
        import anywidget  # noqa: F401
    except ImportError:
        return False
    return True


class Explorer:
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
    """

    def __new__(cls, *arguments: Any, **keywords: Any) -> Explorer:
        if cls is Explorer and is_live():
            from lossbook.explorer.live import LiveExplorer

            return LiveExplorer.__new__(LiveExplorer, *arguments, **keywords)
        if cls is Explorer:
            keys = keywords.get("controls")
            attributes = {key: _control(key) for key in keys} if isinstance(keys, Mapping) else {}
            return object.__new__(type("Explorer", (cls,), attributes))
        return super().__new__(cls, *arguments, **keywords)

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
    ) -> None:
        check(figure, update, name, controls, handles, caption, alt)
        adopt(figure)
        self.figure, self.update, self.name, self.caption, self.alt = figure, update, name, caption, alt
        self.controls, self.handles = dict(controls), tuple(handles)
        self._drawing: Drawing | None = None
        self._all: Table | None = None
        self._move(tuple(control.start for control in self.controls.values()))

    # ── The state ────────────────────────────────────────────────────────────────────────────────────────────────────

    @property
    def sizes(self) -> dict[str, int]:
        """How many values each control has."""
        return {key: len(control.values) for key, control in self.controls.items()}

    @property
    def state(self) -> dict[str, Any]:
        """The value of every control."""
        return {key: control.values[i] for (key, control), i in zip(self.controls.items(), self._indices, strict=True)}

    @property
    def readout(self) -> str:
        """The sentence about the present state."""
        return self._sentence

    def set(self, **values: Any) -> Explorer:
        """Move controls. Raises `ValueError` for an unknown control or a value off its grid.

        Returns
        -------
        Explorer
            Itself, so that a notebook shows it.
        """
        self._move(self._indices_with(values))
        return self

    def _indices_with(self, values: Mapping[str, Any]) -> tuple[int, ...]:
        if unknown := set(values) - set(self.controls):
            raise ValueError(
                f"controls of {self.name} are {', '.join(self.controls)}, got {', '.join(sorted(unknown))}"
            )
        now = zip(self.controls.items(), self._indices, strict=True)
        return tuple(control.index(key, values[key]) if key in values else index for (key, control), index in now)

    def _move(self, indices: tuple[int, ...]) -> str:
        """Run `update` for a state. Returns its sentence."""
        values = {key: control.values[i] for (key, control), i in zip(self.controls.items(), indices, strict=True)}
        with style():
            sentence = self.update(**values)
        if not isinstance(sentence, str):
            raise ValueError(f"update of {self.name} must return the sentence of the readout, got {shown(sentence)}")
        self._indices, self._sentence = indices, sentence
        return sentence

    # ── The picture ──────────────────────────────────────────────────────────────────────────────────────────────────

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
                    self._all = Table(drawing, self._move, self.sizes, seconds)
            finally:
                self._move(present)
        return self._all

    def html(self) -> str:
        """The figure with its controls and the table of every state, for a page that has the player's assets."""
        table, drawing = self.table(), self.drawing
        return static.figure(self, drawing.svg([*table.artists, *drawing.grips]), table.data())

    def png(self) -> bytes:
        """The picture for paper."""
        _ = self.drawing  # the markup of this state, before Agg marks everything as drawn
        data = io.BytesIO()
        with style():
            self.figure.savefig(data, format="png", dpi=PAPER_DPI, facecolor="white", metadata={"Software": None})
        return data.getvalue()

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> dict[str, str]:
        picture = base64.b64encode(self.png()).decode()
        return {"text/html": self.html(), "image/png": picture, "text/plain": f"{self.alt} {self.readout}".strip()}


def _control(key: str) -> property:
    def get(self: Explorer) -> Any:
        return self.state[key]

    def put(self: Explorer, value: Any) -> None:
        self.set(**{key: value})

    return property(get, put, doc=f"The control {key}.")


def adopt(figure: Figure) -> None:
    """Take a figure from pyplot, so that no notebook shows it twice, and measure it in points."""
    if "matplotlib.pyplot" in sys.modules:
        sys.modules["matplotlib.pyplot"].close(figure)
    FigureCanvasAgg(figure)
    figure.set_dpi(72)  # after closing, which resets it
    figure.stale_callback = None  # pyplot's interactive mode would redraw everything on every change


def check(
    figure: Any, update: Any, name: Any, controls: Any, handles: Sequence[Handle], caption: Any, alt: Any
) -> None:
    """Refuse what cannot become an explorer, with a message that names the argument."""
    if not isinstance(figure, Figure):
        raise ValueError(f"figure must be a Matplotlib Figure, got {shown(figure)}")
    if not isinstance(name, str) or not re.fullmatch(r"[a-z][a-z0-9]*(-[a-z0-9]+)*", name):
        raise ValueError(f"name must be lower-case words joined by hyphens, such as 'huber-profile', got {shown(name)}")
    for argument, text in (("caption", caption), ("alt", alt)):
        if not isinstance(text, str) or not text.strip():
            raise ValueError(f"{argument} of {name} must be a non-empty text, got {shown(text)}")
    if caption.count("$") % 2:
        raise ValueError(f"caption of {name} must have its mathematics between pairs of $, got {shown(caption)}")
    if not isinstance(controls, Mapping) or not all(isinstance(control, Control) for control in controls.values()):
        raise ValueError(
            f"controls of {name} must map keywords of update to Slider, Choice, Toggle or Play, got {shown(controls)}"
        )
    for key in controls:
        if (
            not isinstance(key, str)
            or not key.isidentifier()
            or keyword.iskeyword(key)
            or key.startswith("_")
            or key in RESERVED
            or hasattr(Explorer, key)
        ):
            raise ValueError(f"controls of {name} must have names that are free for attributes, got {shown(key)}")
    if not callable(update):
        raise ValueError(f"update of {name} must be callable, got {shown(update)}")
    try:
        inspect.signature(update).bind(**controls)
    except TypeError as problem:
        raise ValueError(f"update of {name} must take the controls {list(controls)} as keywords: {problem}") from None
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
