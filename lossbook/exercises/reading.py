"""Reading what a learner typed. `book/_static/question.js` reads numbers by the same rules; one table tests both."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from typing import Any

import numpy as np

from lossbook.exercises.kinds import Choice, Order, detached, picture

# What every reader may be told, in the notebook and on the page alike. `{piece}` is what was not understood.
TEXTS = {
    "right": "Compare your way with the worked solution: there may be a shorter one.",
    "done": "Noted as done, on your word.",
    "moved": "Moved to place {piece}.",
    "empty": "Write a number first: 0.5, 1/2 and 5e-1 are all read.",
    "word": "I did not understand “{piece}”. Write a plain number: 0.5, 1/2 and 5e-1 are all read.",
    "shape": "I could not read “{piece}” as one number. 0.5, 1/2 and 5e-1 are all read.",
    "comma": "“{piece}” may mean two numbers: does the comma mark decimals or thousands? Write a point, or nothing.",
    "zero": "“{piece}” divides by zero.",
    "big": "“{piece}” is too large for a floating-point number.",
    "sign": "The size is right; the sign is not.",
    "near": "Close, but not close enough. If you rounded, keep one digit more; if you did not, look for a small slip.",
    "number": "That is not it, nor one of the usual slips. Go through the steps once more; a hint may help.",
    "choose": "Choose an option first.",
    "more": "What you chose is right, but something that is right is missing.",
    "once": "Each step has one place: use every letter once.",
    "prefix": "Your order is right up to step {piece}; look again at what comes after it.",
    "start": "The first step cannot come first. What has to be there before anything else can be done?",
}

SPACE = " \t\n\r\u00a0\u2009\u202f"
MINUS = str.maketrans({"−": "-", "–": "-", "‐": "-", "‑": "-"})
NUMBER = re.compile(r"[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]+)?")
THOUSANDS = re.compile(r"[+-]?[1-9][0-9]{0,2},[0-9]{3}")
DECIMAL_COMMA = re.compile(r"([+-]?[0-9]*),([0-9]+(?:[eE][+-]?[0-9]+)?)")
STRANGE = re.compile(r"[^0-9.,/+\-" + SPACE + "]+")


def parse_number(text: str) -> tuple[float | None, str, str]:
    """The number that `text` means, or None with a key of `TEXTS` and the piece that was not understood."""
    text = text[:200].strip(SPACE)
    if not text:
        return None, "empty", ""
    parts = [_plain(part.strip(SPACE)) for part in text.translate(MINUS).split("/")]
    if any(part == "comma" for part in parts):
        return None, "comma", text
    if len(parts) > 2 or not all(NUMBER.fullmatch(part) for part in parts):
        strange = [piece for piece in STRANGE.findall(text.translate(MINUS)) if piece not in "eE"]
        return None, "word" if strange else "shape", strange[0] if strange else text
    numbers = [float(part) for part in parts]
    if len(numbers) == 2 and numbers[1] == 0:
        return None, "zero", text
    value = numbers[0] / numbers[1] if len(numbers) == 2 else numbers[0]
    return (value, "", "") if math.isfinite(value) else (None, "big", text)


def _plain(part: str) -> str:
    """One number with a decimal point for its comma; "comma" if the comma may mean thousands."""
    if THOUSANDS.fullmatch(part):
        return "comma"
    comma = DECIMAL_COMMA.fullmatch(part)
    return f"{comma[1]}.{comma[2]}" if comma else part


def read_number(answer: Any) -> tuple[float | None, str]:
    """The number handed in, or None and what to say. May call methods of `answer`: do it in the sandbox."""
    if isinstance(answer, str):
        value, key, piece = parse_number(str(answer))
        return value, TEXTS[key].format(piece=piece) if key else ""
    if callable(answer):
        return None, "This is a function; hand in the number that it gives."
    if isinstance(answer, bool | np.bool_):
        return None, f"{answer} is a truth value; a number is asked for."
    try:
        array = np.asarray(detached(answer))
    except Exception as problem:
        return None, f"{picture(answer)} is not a number ({type(problem).__name__})."
    if array.ndim:
        return None, f"An array of shape {array.shape} was handed in; one number is asked for."
    if array.dtype.kind not in "iufO" or (array.dtype.kind == "O" and type(answer) is not int):
        return None, f"{picture(answer)} (a {type(answer).__name__}) is not a real number."
    try:
        value = float(array)
    except OverflowError:
        value = math.inf
    if math.isnan(value):
        return None, "NaN was handed in: somewhere 0/0, ∞ − ∞ or the logarithm of a negative number was computed."
    return (value, "") if math.isfinite(value) else (None, "An infinite number was handed in; the answer is finite.")


def read_letters(answer: Any, letters: Sequence[str]) -> tuple[list[str] | None, str]:
    """The letters handed in ("b", "a, c", ["a", "c"]), or None and what to say. Do it in the sandbox."""
    if isinstance(answer, list | tuple | set | frozenset):
        pieces = list(answer)
    elif isinstance(answer, str):
        pieces = re.findall(r"[^\s,;>→]", str(answer)[:200])
    else:
        return (
            None,
            f"{picture(answer)} (a {type(answer).__name__}) is no answer: hand in letters, as {letters[0]!r}.",
        )
    pieces = [str(piece).lower() if isinstance(piece, str) else piece for piece in pieces]
    for piece in pieces:
        if type(piece) is not str or piece not in letters:
            return None, f"I did not understand {picture(piece)}: the letters are {', '.join(letters)}."
    return pieces, ""


def read(exercise: Any, answer: Any) -> tuple[Any, str]:
    """What was handed in to a question, as plain data, or None and what to say."""
    if isinstance(exercise, Choice):
        return read_letters(answer, list(exercise.named))
    if isinstance(exercise, Order):
        return read_letters(answer, list(exercise.shuffled))
    return read_number(answer)
