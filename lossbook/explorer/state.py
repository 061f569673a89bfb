"""Where the controls of an explorer stand, and the sentence about it: an explorer without its picture."""

from __future__ import annotations

import difflib
import inspect
import keyword
import re
from collections.abc import Callable, Iterable, Mapping
from typing import Any, Self

from lossbook.core import shown
from lossbook.explorer.controls import Control
from lossbook.explorer.palette import style

# What instances of an explorer, or of the widget that it is in Jupyter, use themselves.
RESERVED = {
    "alt", "caption", "challenge", "close", "comm", "controls", "drawing", "figure", "handles", "keys", "layout", "log",
    "name", "observe", "open", "predict", "readout", "save", "send", "set", "state", "tabbable", "table",
    "tooltip", "update",
}  # fmt: skip


class Refused(ValueError):
    """A control, or a value of one, that is not there. The reader slipped, so a notebook shows the message alone."""

    def _render_traceback_(self) -> list[str]:
        return [f"ValueError: {self}"]


class State:
    """The controls, each at one of its values. `explorer.delta` reads the control `delta` and assigning moves it."""

    _complete = False  # from then on an attribute that is not there is a misspelt control

    def __init__(
        self, update: Callable[..., str], *, name: str, controls: Mapping[str, Control], caption: str, alt: str
    ) -> None:
        check(type(self), update, name, controls, caption, alt)
        self.update, self.name, self.caption, self.alt = update, name, caption, alt
        self.controls = dict(controls)
        self._move(tuple(control.start for control in self.controls.values()))

    @property
    def sizes(self) -> dict[str, int]:
        """How many values each control has."""
        return {key: len(control.values) for key, control in self.controls.items()}

    @property
    def state(self) -> dict[str, Any]:
        """The value of every control."""
        return self._at(self._indices)

    @property
    def readout(self) -> str:
        """The sentence about the present state."""
        return self._sentence

    def set(self, **values: Any) -> Self:
        """Move controls. Raises `ValueError` for an unknown control or a value off its grid.

        Returns
        -------
        Explorer
            Itself, so that a notebook shows it.
        """
        self._move(self._indices_with(values))
        return self

    def _at(self, indices: Iterable[int]) -> dict[str, Any]:
        pairs = zip(self.controls.items(), indices, strict=True)
        return {key: control.values[index] for (key, control), index in pairs}

    def _indices_with(self, values: Mapping[str, Any]) -> tuple[int, ...]:
        if unknown := sorted(set(values) - set(self.controls)):
            near = difflib.get_close_matches(unknown[0], self.controls, n=1)
            raise Refused(
                f"controls of {self.name} are {', '.join(self.controls)}, got {', '.join(unknown)}"
                + "".join(f": did you mean {key}?" for key in near)
            )
        now = zip(self.controls.items(), self._indices, strict=True)
        try:
            return tuple(control.index(key, values[key]) if key in values else index for (key, control), index in now)
        except ValueError as problem:
            raise Refused(str(problem)) from None

    def _move(self, indices: tuple[int, ...]) -> str:
        """Run `update` for a state. Returns its sentence."""
        with style():
            sentence = self.update(**self._at(indices))
        if not isinstance(sentence, str):
            raise ValueError(f"update of {self.name} must return the sentence of the readout, got {shown(sentence)}")
        self._indices, self._sentence = indices, sentence
        return sentence

    # ── Controls as attributes ───────────────────────────────────────────────────────────────────────────────────────

    def __getattr__(self, name: str) -> Any:
        """Called for what is not found otherwise."""
        if name in self.__dict__.get("controls", ()):
            return self._at(self._indices)[name]
        raise AttributeError(f"{type(self).__name__} has no {name!r}", name=name, obj=self)

    def __setattr__(self, name: str, value: Any) -> None:
        known = name.startswith("_") or name in self.__dict__ or hasattr(type(self), name)
        if self._complete and (name in self.controls or not known):
            self.set(**{name: value})
        else:
            super().__setattr__(name, value)

    def __dir__(self) -> list[str]:
        return [*super().__dir__(), *self.controls]


def check(kind: type, update: Any, name: Any, controls: Any, caption: Any, alt: Any) -> None:
    """Refuse what cannot become an explorer, with a message that names the argument."""
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
            or hasattr(kind, key)
        ):
            raise ValueError(f"controls of {name} must have names that are free for attributes, got {shown(key)}")
    if not callable(update):
        raise ValueError(f"update of {name} must be callable, got {shown(update)}")
    try:
        inspect.signature(update).bind(**controls)
    except TypeError as problem:
        raise ValueError(f"update of {name} must take the controls {list(controls)} as keywords: {problem}") from None
