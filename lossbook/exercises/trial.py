"""Trying a learner's function on the cases of an exercise, beside the reference and the known mistakes."""

from __future__ import annotations

import collections.abc
import copy
import inspect
import types
import warnings
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from lossbook.exercises.kinds import Case, Code, detached, picture
from lossbook.exercises.sandbox import Noise

PRINTED = 300  # characters of print-out that are shown


@dataclass(frozen=True)
class Outcome:
    """What one call gave: a value, or what it raised."""

    value: Any = None
    raised: BaseException | None = None


def call(function: Callable[..., Any], case: Case) -> tuple[Outcome, list[str]]:
    """Call `function` on a copy of `case`; return the outcome and the arguments that the function changed."""
    arguments, keywords = copy.deepcopy((case.arguments, dict(case.keywords)))
    try:
        outcome = Outcome(function(*arguments, **keywords))
    except BaseException as problem:
        outcome = Outcome(raised=problem)
    pairs = {f"number {index + 1}": (arguments[index], value) for index, value in enumerate(case.arguments)}
    pairs |= {name: (keywords[name], value) for name, value in case.keywords.items()}
    return outcome, [name for name, (after, before) in pairs.items() if not _unchanged(after, before)]


def _unchanged(after: Any, before: Any) -> bool:
    if isinstance(before, np.ndarray):
        return type(after) is np.ndarray and after.shape == before.shape and after.tobytes() == before.tobytes()
    return bool(after == before)


def ordered(exercise: Code) -> list[Case]:
    """The cases, smallest first: the first that fails is the one to show."""
    return sorted(exercise.cases, key=lambda case: case.size)


def known(exercise: Code) -> list[Callable[..., Any]]:
    """The functions that an answer is compared with: the reference, the known mistakes, and a starter that runs."""
    starter = [exercise.starter] if exercise.starter else []
    return [exercise.reference, *(mistake.wrong for mistake in exercise.mistakes), *starter]


def expected(exercise: Code) -> list[list[Outcome]]:
    """The outcome of each known function on each case."""
    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore")
        return [[call(function, case)[0] for function in known(exercise)] for case in ordered(exercise)]


def trials(
    exercise: Code, answer: Callable[..., Any], outcomes: list[list[Outcome]], noise: Noise
) -> Iterator[dict[str, Any]]:
    """For each case what came of it, as plain data that can leave a sandbox."""
    for case, wanted in zip(ordered(exercise), outcomes, strict=True):
        printed, warned = len(noise.printed.getvalue()), len(noise.warned)
        got, changed = call(answer, case)
        with np.errstate(all="ignore"):
            differences = [difference(got, want, exercise.tolerance) for want in wanted]
        yield {
            "agrees": [not difference for difference in differences],
            "difference": differences[0],
            "received": _received(got),
            "empty": got.raised is None and (got.value is None or got.value is Ellipsis),
            "starter": isinstance(got.raised, NotImplementedError),
            "printed": noise.printed.getvalue()[printed : printed + PRINTED],
            "warned": [told(entry.message) for entry in noise.warned[warned : warned + 1]],
            "changed": [_name(exercise, argument) for argument in changed],
        }


def _name(exercise: Code, argument: str) -> str:
    """The argument's name in the statement, which is its name in the reference."""
    names = list(inspect.signature(exercise.reference).parameters)
    place = argument.removeprefix("number ")
    return f"`{names[int(place) - 1] if place != argument else argument}`"


def _received(got: Outcome) -> str:
    if got.raised is None:
        return picture(got.value)
    return f"{type(got.raised).__name__}: {told(got.raised)}".rstrip(": ")


def told(problem: Any) -> str:
    """The first line of what an exception says; never raises."""
    try:
        return (str(problem).splitlines() or [""])[0][:200]
    except BaseException:
        return ""


# ── Whether two outcomes agree ───────────────────────────────────────────────────────────────────────────────────────


def difference(got: Outcome, want: Outcome, tolerance: float) -> str:
    """How `got` differs from `want`, in words; empty if it does not. Never raises."""
    if got.raised or want.raised:
        if want.raised is None:
            return f"it raised {type(got.raised).__name__}"
        return "" if isinstance(got.raised, type(want.raised)) else f"it should raise {type(want.raised).__name__}"
    try:
        return _unlike(got.value, want.value, tolerance)
    except BaseException as problem:
        return f"what it returned cannot be read ({type(problem).__name__})"


def _unlike(got: Any, want: Any, tolerance: float) -> str:
    if got is None or got is Ellipsis:
        return "" if got is want else "it returned nothing"
    if isinstance(want, bool | np.bool_):
        return _unlike_truth(got, bool(want))
    if isinstance(want, str):
        same = isinstance(got, str) and str.__str__(got) == want
        return "" if same else "the text is another one" if isinstance(got, str) else f"it returned {_a(got)}, not text"
    if isinstance(want, tuple | list):
        return _unlike_sequence(got, want, tolerance)
    return _unlike_numbers(got, np.asarray(want), tolerance)


def _unlike_truth(got: Any, want: bool) -> str:
    if not isinstance(got, bool | np.bool_):
        return f"it returned {_a(got)}, not True or False"
    return "" if bool(got) is want else "the truth value is the other one"


def _unlike_sequence(got: Any, want: Any, tolerance: float) -> str:
    if not isinstance(got, tuple | list | np.ndarray) or len(got) != len(want):
        return f"it returned {_a(got)}, not {len(want)} values"
    return next((text for pair in zip(got, want, strict=True) if (text := _unlike(*pair, tolerance))), "")


def _unlike_numbers(got: Any, want: np.ndarray, tolerance: float) -> str:
    if isinstance(got, collections.abc.Iterator | str | bytes | set | dict | type | types.FunctionType):
        return f"it returned {_a(got)}, not {'an array of numbers' if want.ndim else 'a number'}"
    array = np.array(detached(got), subok=False)
    if array.dtype.kind not in "iuf" and not (want.dtype.kind == "b" and array.dtype.kind == "b"):
        return f"it returned {_a(got)}, not {'an array of real numbers' if want.ndim else 'a real number'}"
    if array.shape != want.shape:
        return f"it returned {_shape(array)}, not {_shape(want)}"
    array, want = array.astype(float), want.astype(float)
    if np.any(np.isnan(array) & ~np.isnan(want)):
        return "there is a NaN in it"
    alike = np.isclose(array, want, rtol=tolerance, atol=tolerance * 1e-3, equal_nan=True)
    return "" if np.all(alike) else "the numbers differ" if want.ndim else "the number differs"


def _a(value: Any) -> str:
    name = type(value).__name__
    return f"{'an' if name[:1].lower() in 'aeiou' else 'a'} {name}"


def _shape(array: np.ndarray) -> str:
    return f"an array of shape {array.shape}" if array.ndim else "a single number"
