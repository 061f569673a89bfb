"""Exercises that answer back: `check("some-id", answer)`, `hint("some-id")`, `ask("some-id")`, `progress()`.

How to write one: see `lossbook.exercises.kinds`.
"""

from lossbook.exercises.found import chapters, exercises
from lossbook.exercises.kinds import Case, Choice, Code, Exercise, Mistake, Numeric, Option, Order, Paper, case
from lossbook.exercises.session import Result, ask, check, hint, progress

__all__ = [
    "Case",
    "Choice",
    "Code",
    "Exercise",
    "Mistake",
    "Numeric",
    "Option",
    "Order",
    "Paper",
    "Result",
    "ask",
    "case",
    "chapters",
    "check",
    "exercises",
    "hint",
    "progress",
]
