"""What an explorer asks of its reader: a guess before it opens, and a goal to be reached with its controls."""

from __future__ import annotations

import itertools
import math
import numbers
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from lossbook.core import shown
from lossbook.explorer.controls import Control


@dataclass(frozen=True)
class Challenge:
    """A goal, and whether a state of the controls meets it. The start must not, and some state must.

    Parameters
    ----------
    goal : str
        A sentence such as "Make the error smaller than 0.02.", with mathematics in dollar signs.
    met : callable
        Receives every control as a keyword, as `update` does, and returns whether the goal is met.
    """

    goal: str
    met: Callable[..., bool]

    def __post_init__(self) -> None:
        if not isinstance(self.goal, str) or not self.goal.strip() or self.goal.count("$") % 2:
            raise ValueError(f"goal must be a sentence with its mathematics between pairs of $, got {shown(self.goal)}")
        if not callable(self.met):
            raise ValueError(f"met must be callable, got {shown(self.met)}")

    def column(self, controls: Mapping[str, Control]) -> list[bool]:
        """For every state, in the order of the table, whether it meets the goal."""
        states = itertools.product(*(control.values for control in controls.values()))
        return [bool(self.met(**dict(zip(controls, state, strict=True)))) for state in states]


@dataclass(frozen=True)
class Predict:
    """What a reader guesses before the explorer opens: a number, one of some options, or a value of a control.

    The question itself stands in the chapter's `{predict}` directive.

    Parameters
    ----------
    answer : float or str or object
        What happens, computed: a number; one of `options`; or a value of `control`.
    found : str
        The sentence, in MyST, that is shown beside the guess.
    options : sequence of str
        What can be chosen, in MyST, in this order.
    control : str
        The control of the explorer whose value is guessed.
    unit : str
        Of a number.

    >>> Predict(0.25, "It is a quarter.").kind
    'number'
    >>> Predict("It falls.", "It falls by half.", options=["It rises.", "It falls."]).letter
    'B'
    """

    answer: Any
    found: str
    options: Sequence[str] = ()
    control: str = ""
    unit: str = ""

    def __post_init__(self) -> None:
        if not isinstance(self.found, str) or not self.found.strip():
            raise ValueError(f"found must be a sentence, got {shown(self.found)}")
        if self.options and self.control:
            raise ValueError(f"control must be empty where there are options, got {shown(self.control)}")
        if self.kind != "number" and self.unit:
            raise ValueError(f"unit must be empty unless a number is guessed, got {shown(self.unit)}")
        if self.options and (len(set(self.options)) < max(2, len(self.options)) or self.answer not in self.options):
            raise ValueError(f"answer must be one of at least two different options, got {shown(self.answer)}")
        if self.kind == "number" and (
            isinstance(self.answer, bool) or not isinstance(self.answer, numbers.Real) or not math.isfinite(self.answer)
        ):
            raise ValueError(f"answer must be a finite number, got {shown(self.answer)}")

    @property
    def kind(self) -> str:
        return "choice" if self.options else "place" if self.control else "number"

    @property
    def named(self) -> dict[str, str]:
        """The options by letter."""
        return {chr(ord("A") + number): option for number, option in enumerate(self.options)}

    @property
    def letter(self) -> str:
        """The letter of the answer."""
        return next(letter for letter, option in self.named.items() if option == self.answer)


def check_moments(challenge: Any, predict: Any, name: str, controls: Mapping[str, Control]) -> None:
    """Refuse a goal that the start meets, and a guess at a control that is not there."""
    if challenge is not None:
        if not isinstance(challenge, Challenge) or not controls:
            raise ValueError(f"challenge of {name} must be a Challenge and needs controls, got {shown(challenge)}")
        if challenge.met(**{key: control.values[control.start] for key, control in controls.items()}):
            raise ValueError(f"challenge of {name} must not be met at the start, got {shown(challenge.goal)}")
    if predict is None:
        return
    if not isinstance(predict, Predict):
        raise ValueError(f"predict of {name} must be a Predict, got {shown(predict)}")
    if predict.kind == "place":
        if predict.control not in controls:
            raise ValueError(f"predict of {name} must name one of its controls, got {shown(predict.control)}")
        controls[predict.control].index("answer", predict.answer)
