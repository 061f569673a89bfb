"""Exercises that answer back: `check("some-id", answer)`, `hint("some-id")`, `progress()`.

How to write one: see `lossbook.exercises.kinds`.
"""

from lossbook.exercises.kinds import Case, Choice, Code, Exercise, Mistake, Numeric, Option, Order, Paper, case

__all__ = ["Case", "Choice", "Code", "Exercise", "Mistake", "Numeric", "Option", "Order", "Paper", "case"]
