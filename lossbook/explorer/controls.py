"""The controls of an explorer: what a reader can move, and the values each can take."""

from __future__ import annotations

import math
import numbers
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from matplotlib.lines import Line2D

from lossbook.core import shown

MAX_VALUES = 5000  # as many as a page holds states
TOLERANCE = 1e-6  # of a step: 2.0000001 is 2.0, 2.04 on a grid of tenths is a mistake


class Control:
    """A named choice among finitely many `values`; `texts` are those values as the page shows them.

    The state of a control is an index into `values`, so nothing that the page computes depends on floating point.
    """

    kind: str
    label: str
    unit: str = ""
    values: list[Any]
    texts: list[str]
    start: int

    def index(self, name: str, value: Any) -> int:
        """Where `value` stands in the grid. Raises `ValueError` that names control, range and value."""
        for index, candidate in enumerate(self.values):
            if candidate is value:
                return index
        for index, candidate in enumerate(self.values):
            if type(candidate) is type(value) and candidate == value:
                return index
        raise ValueError(f"{name} must be one of {', '.join(self.texts)}, got {shown(value)}")


def _number(name: str, value: Any) -> float:
    if isinstance(value, bool) or not isinstance(value, numbers.Real) or not math.isfinite(value):
        raise ValueError(f"{name} must be a finite number, got {shown(value)}")
    return float(value)


class Slider(Control):
    """A range input over `start, start + step, …, stop`, or over the numbers in `values`.

    >>> Slider(0.0, 1.0, step=0.25, value=0.5, label="weight").values
    [0.0, 0.25, 0.5, 0.75, 1.0]
    """

    kind = "slider"

    def __init__(
        self,
        start: float | None = None,
        stop: float | None = None,
        *,
        step: float | None = None,
        values: Sequence[float] | None = None,
        value: float | None = None,
        label: str,
        unit: str = "",
    ) -> None:
        if values is not None:
            if start is not None or stop is not None or step is not None:
                raise ValueError("Slider takes either start, stop and step, or values, not both")
            if not isinstance(values, Iterable):
                raise ValueError(f"values must be at least two increasing numbers, got {shown(values)}")
            values = list(values)
            self.values = [_number("values", item) for item in values]
            if len(self.values) < 2 or any(a >= b for a, b in zip(self.values, self.values[1:], strict=False)):
                raise ValueError(f"values must be at least two increasing numbers, got {shown(values)}")
            decimals = max(_decimals(item) for item in self.values)
        else:
            self.values, decimals = _grid(_number("start", start), _number("stop", stop), _number("step", step))
        if all(isinstance(item, numbers.Integral) for item in (values if values is not None else (start, stop, step))):
            self.values = [round(item) for item in self.values]  # counts stay counts: update can use them as sizes
        self.label, self.unit = _label(label), unit
        texts = [f"{item:.{decimals}f}" for item in self.values]
        if len(set(texts)) < len(texts):  # rates of 1e-6 and the like
            texts = [f"{item:g}" for item in self.values]
        self.texts = [text.replace("-", "−") for text in texts]
        self._places = {item: index for index, item in enumerate(self.values)}
        self.start = 0 if value is None else self.index("value", value)

    def index(self, name: str, value: Any) -> int:
        if type(value) in (int, float) and value in self._places:
            return self._places[value]
        number = _number(name, value)
        nearest = min(range(len(self.values)), key=lambda index: abs(self.values[index] - number))
        step = min(b - a for a, b in zip(self.values, self.values[1:], strict=False))
        if abs(self.values[nearest] - number) > TOLERANCE * step:
            low, high = self.values[0], self.values[-1]
            raise ValueError(
                f"{name} must be on its grid from {low:g} to {high:g} (nearest: {self.values[nearest]:g}), "
                f"got {value!r}"
            )
        return nearest


def _grid(start: float, stop: float, step: float) -> tuple[list[float], int]:
    """The numbers from start to stop, rounded to the decimals that start and step have, and those decimals."""
    if step <= 0 or stop <= start:
        raise ValueError(f"a slider needs start < stop and step > 0, got start={start:g}, stop={stop:g}, step={step:g}")
    count = round((stop - start) / step)
    if count >= MAX_VALUES:
        raise ValueError(f"a slider needs at most {MAX_VALUES} values, got {count + 1} from step={step:g}")
    if abs(start + count * step - stop) > TOLERANCE * step:
        raise ValueError(f"step must lead from start to stop, got start={start:g}, stop={stop:g}, step={step:g}")
    decimals = max(_decimals(start), _decimals(step))
    return [round(start + index * step, 12) for index in range(count + 1)], decimals


def _decimals(value: float) -> int:
    """How many decimals it takes to write the number, four at most."""
    return next((digits for digits in range(4) if abs(value - round(value, digits)) < 1e-9), 4)


def _label(label: str) -> str:
    if not isinstance(label, str) or not label.strip():
        raise ValueError(f"label must be a non-empty text, got {shown(label)}")
    return label


class Play(Slider):
    """A slider with a play/pause button beside it, for controls that are time. `interval`: milliseconds a step."""

    kind = "play"
    interval: int

    def __init__(
        self,
        start: float,
        stop: float,
        *,
        step: float = 1,
        value: float | None = None,
        label: str,
        unit: str = "",
        interval: int = 100,
    ) -> None:
        super().__init__(start, stop, step=step, value=value, label=label, unit=unit)
        if not isinstance(interval, numbers.Real) or not 20 <= interval < math.inf:
            raise ValueError(f"interval must be at least 20 milliseconds, got {shown(interval)}")
        self.interval = interval


class Choice(Control):
    """A select input among `options`: texts, or a mapping from the text shown to the value `update` receives."""

    kind = "choice"

    def __init__(self, options: Sequence[str] | Mapping[str, Any], *, value: Any = None, label: str) -> None:
        if not isinstance(options, Sequence | Mapping) or isinstance(options, str) or len(options) < 2:
            raise ValueError(f"options must be at least two texts, got {shown(options)}")
        self.texts = list(options)
        self.values = list(options.values()) if isinstance(options, Mapping) else list(options)
        if not all(isinstance(text, str) for text in self.texts) or len(set(self.texts)) < len(self.texts):
            raise ValueError(f"options must be distinct texts, got {shown(self.texts)}")
        self.label = _label(label)
        self.start = 0 if value is None else self.index("value", value)


class Toggle(Control):
    """A checkbox."""

    kind = "toggle"

    def __init__(self, value: bool = False, *, label: str) -> None:
        self.values, self.texts, self.label = [False, True], ["off", "on"], _label(label)
        self.start = self.index("value", value)


@dataclass(frozen=True)
class Handle:
    """A marker of one point that is dragged in the picture: `x` and/or `y` name the sliders that it moves."""

    artist: Line2D
    x: str | None = None
    y: str | None = None

    def __post_init__(self) -> None:
        if not isinstance(self.artist, Line2D) or len(self.artist.get_xdata()) != 1:
            raise ValueError(f"artist of a handle must be a Line2D with one point, got {shown(self.artist)}")
        if not self.controls:
            raise ValueError("a handle needs x or y, the name of the slider it moves")

    @property
    def controls(self) -> list[str]:
        """The names of the sliders that it moves."""
        return [name for name in (self.x, self.y) if name is not None]
