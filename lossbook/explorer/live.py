"""The explorer as a Jupyter widget. Imported only where one is shown live."""

from __future__ import annotations

import base64
import itertools
import math
import traceback
from contextlib import suppress
from typing import Any, Self

import anywidget
import traitlets

from lossbook.explorer import static
from lossbook.explorer.controls import Choice, Control, Handle
from lossbook.explorer.encode import Drawing, TooSlow
from lossbook.explorer.explorer import MAX_STATES, Explorer
from lossbook.explorer.palette import style

FEW_STATES = 100
PATIENCE = 0.3  # seconds: the states of more than FEW_STATES are drawn beforehand if it takes no longer
SCRIPT, STYLE = (path.read_text(encoding="utf-8") for path in static.ASSETS)


def tokens(control: Control) -> list[Any]:
    """The control's values as the browser knows them: plain values as they are, objects by the text shown."""
    plain = all(isinstance(value, bool | int | float | str) for value in control.values)
    return control.values if plain else control.texts


class Grid(traitlets.TraitType[Any, Any]):
    """A trait that takes the values of one control and nothing else."""

    def __init__(self, key: str, control: Control) -> None:
        super().__init__(control.values[control.start])
        self.key, self.control, self.tokens = key, control, tokens(control)
        self.tag(sync=True, to_json=self._token, from_json=self._value)

    def validate(self, obj: Any, value: Any) -> Any:
        try:
            return self.control.values[self.control.index(self.key, value)]
        except ValueError as problem:
            raise traitlets.TraitError(str(problem)) from None

    def _token(self, value: Any, widget: Any) -> Any:
        return self.tokens[self.control.index(self.key, value)]

    def _value(self, token: Any, widget: Any) -> Any:
        if isinstance(self.control, Choice) and token in self.tokens:
            return self.control.values[self.tokens.index(token)]
        return token


class LiveExplorer(Explorer, anywidget.AnyWidget):
    """An explorer and a widget: one synced trait per control, and one per unit of the picture.

    Where the states are few the browser receives them all and the kernel draws nothing. Where they are many the kernel
    draws what a change has changed and nothing else; since each unit is a trait, a view that opens later finds the
    picture as it is.
    """

    _esm = SCRIPT + "export default { render: lossbook.render };\n"
    _css = STYLE
    _html = traitlets.Unicode().tag(sync=True)
    _readout = traitlets.Unicode().tag(sync=True)
    _met = traitlets.Bool(False).tag(sync=True)
    _error = traitlets.Unicode().tag(sync=True)
    _values = traitlets.Dict().tag(sync=True)
    _texts = traitlets.Dict().tag(sync=True)
    _units: traitlets.List[str] = traitlets.List().tag(sync=True)
    _handles: traitlets.List[Any] = traitlets.List().tag(sync=True)
    _table = traitlets.Any().tag(sync=True)

    _drawing: Drawing

    def __init__(self, *arguments: Any, **keywords: Any) -> None:
        Explorer.__init__(self, *arguments, **keywords)
        self.add_traits(**{key: Grid(key, control) for key, control in self.controls.items()})
        states = math.prod(self.sizes.values())
        table = None
        if self.controls and states <= MAX_STATES:
            with suppress(TooSlow):
                table = self.table(PATIENCE if states > FEW_STATES else math.inf)
        self._ships = table is not None or not self.controls
        self._places: dict[tuple[Any, ...], Any] = {}
        units = [] if self._ships else [*self.drawing.artists, "defs"]
        self.add_traits(**{f"_unit_{key}": traitlets.Unicode(None, allow_none=True).tag(sync=True) for key in units})
        anywidget.AnyWidget.__init__(
            self,
            _table=table.data() if table else None,
            _units=units,
            _handles=[{"artist": key, "controls": handle.controls} for key, handle in self.drawing.grips.items()],
            _texts={key: control.texts for key, control in self.controls.items()},
            _values={key: tokens(control) for key, control in self.controls.items()},
            _readout=self._sentence,
            _html=static.figure(
                self, self.drawing.svg(units or [*(table.artists if table else ()), *self.drawing.grips])
            ),
        )
        self.observe(self._moved, names=list(self.controls))
        self.on_msg(self._dragged)

    # ── The state lives in the traits; the figure follows when somebody looks at it ─────────────────────────────────

    def _follow(self) -> None:
        """Bring the figure to the state that the traits say."""
        if not all(self.has_trait(key) for key in self.controls):
            return  # under construction
        now = tuple(control.index(key, getattr(self, key)) for key, control in self.controls.items())
        if now != self._indices:
            self._move(now)

    @property
    def state(self) -> dict[str, Any]:
        return {key: getattr(self, key) for key in self.controls}

    @property
    def readout(self) -> str:
        self._follow()
        return self._sentence

    @property
    def drawing(self) -> Drawing:
        self._follow()
        return super().drawing

    def set(self, **values: Any) -> Self:
        self._indices_with(values)  # refuses all of them if one is wrong
        with self.hold_sync(), self.hold_trait_notifications():
            for key, value in values.items():
                self.set_trait(key, value)
        return self

    def _moved(self, change: Any) -> None:
        """Send what a change has changed, unless the browser knows it already."""
        if self._ships:
            return
        try:
            with style():
                self._follow()
                changed, definitions = self._drawing.changed(), self._drawing.pen.definitions()
        except Exception:
            self._error = traceback.format_exc()
            raise
        with self.hold_sync():
            for key, markup in changed.items():
                self.set_trait(f"_unit_{key}", markup)
            self._unit_defs = definitions
            self._readout, self._error = self._sentence, ""
            self._met = bool(self.challenge and self.challenge.met(**self.state))

    def set_state(self, sync_data: Any) -> None:
        """What the browser says. No cell waits for it that could show an exception: the widget shows it itself."""
        try:
            super().set_state(sync_data)
        except Exception:
            self._error = traceback.format_exc()

    def _dragged(self, widget: Any, content: dict[str, Any], buffers: Any) -> None:
        """The browser asks for the state whose marker stands nearest to a point."""
        try:
            handle, at = self.handles[content["handle"]], content["at"]
            near = min(self._spots(handle), key=lambda spot: math.dist(spot[0], at))
            self.set(**near[1])
        except Exception:
            self._error = traceback.format_exc()

    def _spots(self, handle: Handle) -> list[tuple[tuple[int, int], dict[str, Any]]]:
        """Where a handle's marker stands for each value of its controls, the others as they are now."""
        self._follow()
        keys, present = list(self.controls), self._indices
        others = tuple(index for key, index in zip(keys, present, strict=True) if key not in handle.controls)
        if (handle, others) not in self._places:
            spots = []
            ranges = [
                range(self.sizes[k]) if k in handle.controls else (i,) for k, i in zip(keys, present, strict=True)
            ]
            for indices in itertools.product(*ranges):
                self._move(indices)
                values = {
                    k: self.controls[k].values[i] for k, i in zip(keys, indices, strict=True) if k in handle.controls
                }
                spots.append((self._drawing.place(handle.artist), values))
            self._move(present)
            self._places[handle, others] = spots
        return self._places[handle, others]

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> Any:  # type: ignore[override]
        """The widget, and the picture for where no widget can be shown."""
        bundle = anywidget.AnyWidget._repr_mimebundle_(self, include=include, exclude=exclude)
        data, metadata = bundle if isinstance(bundle, tuple) else (bundle or {}, {})
        picture = base64.b64encode(self.png()).decode()
        return {**data, "image/png": picture, "text/plain": self._words()}, metadata
