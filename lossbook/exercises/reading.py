"""Reading what a learner typed. `book/_static/question.js` reads numbers by the same rules; one table tests both."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from lossbook.exercises.kinds import Choice, Order, detached, picture

ALL_READ = "0.5, 1/2, 5e-1, 50%, 2^3, sqrt(2), log(2) and 2*pi are all read."

# What every reader may be told, in the notebook and on the page alike. `{piece}` is what was not understood.
TEXTS = {
    "right": "Compare your way with the worked solution: there may be a shorter one.",
    "done": "Noted as done, on your word.",
    "moved": "Moved to place {piece}.",
    "empty": f"Write a number first: {ALL_READ}",
    "word": f"I did not understand “{{piece}}”. Write a plain number: {ALL_READ}",
    "shape": f"I could not read “{{piece}}” as one number. Brackets, or a * for “times”, may help: {ALL_READ}",
    "comma": "“{piece}” may mean two numbers: does the comma mark decimals or thousands? Write a point, or nothing.",
    "zero": "“{piece}” divides by zero.",
    "real": "“{piece}” is not a real number: a root or a logarithm of what has none.",
    "big": "“{piece}” is too large for a floating-point number.",
    "sign": "The size is right; the sign is not.",
    "percent": "That is a hundred times the answer. If you mean per cent, write the sign: 20% is read as 0.2.",
    "double": "That is twice the answer: look for a factor 2 too many, or a ½ too few.",
    "half": "That is half the answer: look for a ½ too many, or a factor 2 too few.",
    "inverse": "That is the answer upside down: one divided by it.",
    "square": "That is the answer squared: a root is missing, or a square too many.",
    "root": "That is the root of the answer: a square is missing, or a root too many.",
    "rest": "That is what the answer leaves of 1.",
    "bits": "That is the answer in bits, with logarithms to the base 2. Here it is asked in nats: use the natural one.",
    "nats": "That is the answer in nats, with natural logarithms. Here it is asked in bits: use the base 2.",
    "ten": "You took logarithms to the base 10, as the key `log` of many calculators does.",
    "near": "Close, but not close enough. If you rounded, keep one digit more; if you did not, look for a small slip.",
    "number": "That is not it, nor one of the usual slips. Go through the steps once more; a hint may help.",
    "choose": "Choose an option first.",
    "more": "What you chose is right, but something that is right is missing.",
    "once": "Each step has one place: use every letter once.",
    "prefix": "Your order is right up to step {piece}; look again at what comes after it.",
    "start": "The first step cannot come first. What has to be there before anything else can be done?",
}

# ── Numbers: a pocket calculator's grammar. A product needs its sign, and a bare `ln 4` ends where its number ends ────

LONGEST, DEEPEST = 200, 20  # characters, and brackets in brackets, that are read
SHOWN = 40  # characters of what was not understood
SPACE = " \t\n\r\u00a0\u2009\u202f"
SAME = str.maketrans({"−": "-", "–": "-", "‐": "-", "‑": "-", "×": "*", "·": "*", "÷": "/", "⁄": "/", "∕": "/"})
FRACTIONS = {"½": (1, 2), "⅓": (1, 3), "⅔": (2, 3), "¼": (1, 4), "¾": (3, 4), "⅕": (1, 5), "⅖": (2, 5), "⅗": (3, 5)}
FRACTIONS |= {"⅘": (4, 5), "⅙": (1, 6), "⅚": (5, 6), "⅛": (1, 8), "⅜": (3, 8), "⅝": (5, 8), "⅞": (7, 8)}
CONSTANTS = {"e": math.e, "pi": math.pi, "π": math.pi}
FUNCTIONS: dict[str, Callable[[float], float]] = {
    "√": math.sqrt,
    "sqrt": math.sqrt,
    "log": math.log,
    "ln": math.log,
    "log2": math.log2,
    "log10": math.log10,
    "exp": math.exp,
}
MIXED = re.compile(f"([0-9]*)([{''.join(FRACTIONS)}])")
GROUPED = r"[1-9][0-9]{0,2}(?:[ \u00a0\u2009\u202f][0-9]{3})+(?![0-9])"  # 1 000 000
NUMBER = re.compile(rf"(?:(?:{GROUPED}|[0-9]+)(?:\.[0-9]*|,[0-9]+)?|[.,][0-9]+)(?:[eE][+-]?[0-9]+)?")
THOUSANDS = re.compile(r"[1-9][0-9]{0,2},[0-9]{3}")
SIGN = re.compile(r"\*\*|[-+*/^%()]")
NAME = re.compile(r"[Ll][Oo][Gg](?:2|10)(?=[ ]*\()|[A-Za-z]+|[√π]")
STRANGE = re.compile(f"[^0-9.,/+*^%()\\-{SPACE}]+")


class Unread(Exception):
    """What was typed is no number: a key of `TEXTS` and the piece that was not understood."""

    def __init__(self, key: str, piece: str) -> None:
        self.key, self.piece = key, piece if len(piece) <= SHOWN else f"{piece[: SHOWN - 1]}…"


def parse_number(text: str) -> tuple[float | None, str, str]:
    """The number that `text` means, or None with a key of `TEXTS` and the piece that was not understood."""
    text = text.strip(SPACE)
    try:
        if not text or len(text) > LONGEST or text.count("(") > DEEPEST:
            raise Unread("shape" if text else "empty", text)
        return _Reader(text).number(), "", ""
    except Unread as refused:
        return None, refused.key, refused.piece


def _tokens(text: str) -> list[float | str]:
    """Numbers as numbers, signs and names as text."""
    found: list[float | str] = []
    typed, place = text.translate(SAME), 0
    while place < len(typed):
        if typed[place] in SPACE:
            place += 1
            continue
        if match := MIXED.match(typed, place):
            top, below = FRACTIONS[match[2]]
            found.append(int(match[1] or 0) + top / below)
        elif match := NUMBER.match(typed, place):
            if THOUSANDS.fullmatch(match[0]):
                raise Unread("comma", text)
            found.append(float(re.sub(f"[{SPACE}]", "", match[0]).replace(",", ".")))
        elif match := SIGN.match(typed, place):
            found.append("^" if match[0] == "**" else match[0])
        elif (match := NAME.match(typed, place)) and match[0].lower() in (*CONSTANTS, *FUNCTIONS):
            found.append(match[0].lower())
        else:
            strange = STRANGE.match(typed, place)
            raise Unread("word", strange[0]) if strange else Unread("shape", text)
        place = match.end()
    return found


class _Reader:
    """Reads the tokens of `text` from left to right; each method reads one kind of piece and returns its value."""

    def __init__(self, text: str) -> None:
        self.text, self.tokens, self.place = text, _tokens(text), 0

    def number(self) -> float:
        value = self.sum()
        if self.place < len(self.tokens):
            raise Unread("shape", self.text)
        return value

    def next(self) -> float | str | None:
        return self.tokens[self.place] if self.place < len(self.tokens) else None

    def take(self, *wanted: str) -> str:
        """The next token if it is one of those wanted, else nothing."""
        token = self.next()
        if not isinstance(token, str) or token not in wanted:
            return ""
        self.place += 1
        return token

    def value(self, compute: Callable[..., float], *arguments: float) -> float:
        try:
            result = compute(*arguments)
        except OverflowError:
            result = math.inf
        except ZeroDivisionError:
            raise Unread("zero", self.text) from None
        except ValueError:
            raise Unread("real", self.text) from None
        if isinstance(result, complex):
            raise Unread("real", self.text)
        if not math.isfinite(result):
            raise Unread("big", self.text)
        return result

    def sum(self) -> float:
        value = self.product()
        while sign := self.take("+", "-"):
            other = self.product()
            value = self.value(lambda a, b, sign=sign: a + b if sign == "+" else a - b, value, other)
        return value

    def product(self) -> float:
        value = self.signed()
        while sign := self.take("*", "/"):
            other = self.signed()
            value = self.value(lambda a, b, sign=sign: a * b if sign == "*" else a / b, value, other)
        return value

    def signed(self) -> float:
        if self.take("-"):
            return -self.power()
        self.take("+")
        return self.power()

    def power(self) -> float:
        base = self.atom() / (100 if self.take("%") else 1)
        return self.value(lambda a, b: a**b, base, self.signed()) if self.take("^") else base

    def atom(self) -> float:
        if self.take("("):
            return self.rest_of_brackets()
        if name := self.take(*FUNCTIONS):
            return self.value(FUNCTIONS[name], self.rest_of_brackets() if self.take("(") else self.bare(name))
        return self.plain()

    def rest_of_brackets(self) -> float:
        value = self.sum()
        if not self.take(")"):
            raise Unread("shape", self.text)
        return value

    def bare(self, name: str) -> float:
        """The number after `ln` or `√` without brackets, and nothing that may belong to it: ln 1/2 means two things."""
        value = self.plain()
        if self.next() in (("^", "%") if name == "√" else ("^", "%", "*", "/")):
            raise Unread("shape", self.text)
        return value

    def plain(self) -> float:
        token = self.next()
        self.place += 1
        if isinstance(token, float):
            return self.value(float, token)
        if token not in CONSTANTS:
            raise Unread("shape", self.text)
        return CONSTANTS[token]


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
