"""The wrong answers that people give, whatever is asked: for each exercise, which are accepted and which go unheard.

    python tests/likely_wrong.py [chapter]

Numbers: sign, ½, 2, per cent, the other bases, … of the answer. Functions: the reference with one operator, constant,
function or argument changed, which is judged like an answer; what is accepted is another way to write the same, or
wants one more case.
"""

from __future__ import annotations

import ast
import copy
import math
import sys
import warnings
from collections.abc import Iterator
from typing import Any

import numpy as np

from lossbook.exercises import Code, Numeric, chapters, check, exercises
from lossbook.exercises.kinds import Exercise
from lossbook.exercises.reading import TEXTS

UNHEARD = ([TEXTS["number"]], [TEXTS["near"]])


def numbers(exercise: Numeric) -> dict[str, float]:
    """Wrong numbers by the slip that makes them of the right one, apart from it by more than its margin."""
    value = exercise.value
    logarithmic = "log" in " ".join([exercise.solution, exercise.code, *exercise.hints]) or exercise.unit == "nats"
    found = {"sign": -value, "twice": 2 * value, "half": value / 2, "square": value**2}
    if value > 0:
        found["root"] = math.sqrt(value)
    if value:
        found["upside down"] = 1 / value
    if 0 < abs(value) <= 1:
        found["per cent"] = 100 * value
    if 0 < value < 1 and not exercise.unit:
        found["the rest to 1"] = 1 - value
    if logarithmic and exercise.unit == "bits":
        found |= {"nats": value * math.log(2), "base 10": value * math.log10(2)}
    elif logarithmic:
        found |= {"bits": value / math.log(2), "base 10": value / math.log(10), "no logarithm": math.exp(-abs(value))}
    return {slip: wrong for slip, wrong in found.items() if abs(wrong - value) > 1e-9 * max(1, abs(value))}


def judged(exercise: Numeric) -> Iterator[tuple[str, float, str]]:
    """Each likely wrong number and what becomes of it: accepted, unheard, or what is said."""
    for slip, wrong in numbers(exercise).items():
        result = check(exercise.id, wrong)
        said = "ACCEPTED" if result.right else "unheard" if result.messages in UNHEARD else result.messages[0]
        yield slip, wrong, said


# ── Functions: the reference with one change ─────────────────────────────────────────────────────────────────────────

OPERATORS = {ast.Add: ast.Sub, ast.Sub: ast.Add, ast.Mult: ast.Div, ast.Div: ast.Mult}
COMPARISONS = {ast.Lt: ast.LtE, ast.LtE: ast.Lt, ast.Gt: ast.GtE, ast.GtE: ast.Gt, ast.Eq: ast.NotEq}
NAMES = {"log": ("log2", "log10"), "mean": ("sum",), "sum": ("mean",), "max": ("min",), "min": ("max",)}
NAMES |= {
    "maximum": ("minimum",),
    "minimum": ("maximum",),
    "abs": ("negative",),
    "log1p": ("log",),
    "sqrt": ("square",),
}


def changes(node: ast.AST) -> Iterator[tuple[str, dict[str, Any]]]:
    """What may be changed in one node: a few words, and its new fields."""
    if isinstance(node, ast.BinOp):
        if type(node.op) in OPERATORS:
            yield f"{type(node.op).__name__} → {OPERATORS[type(node.op)].__name__}", {"op": OPERATORS[type(node.op)]()}
        if isinstance(node.op, ast.Mult | ast.Div | ast.Pow):
            yield f"{type(node.op).__name__} by 1", {"right": ast.Constant(1)}
        if isinstance(node.op, ast.Mult):
            yield "Mult of 1", {"left": ast.Constant(1)}
        if isinstance(node.op, ast.Add | ast.Sub):
            yield "second term dropped", {"right": ast.Constant(0)}
            yield "first term dropped", {"left": ast.Constant(0)}
        if isinstance(node.op, ast.Sub | ast.Div):
            yield "sides swapped", {"left": node.right, "right": node.left}
    elif isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub):
        yield "minus dropped", {"op": ast.UAdd()}
    elif isinstance(node, ast.Compare):
        for old, new in COMPARISONS.items():
            if isinstance(node.ops[0], old):
                yield f"{old.__name__} → {new.__name__}", {"ops": [new(), *node.ops[1:]]}
        yield "always true", {"left": ast.Constant(0), "ops": [ast.Eq()], "comparators": [ast.Constant(0)]}
        yield "always false", {"left": ast.Constant(0), "ops": [ast.Eq()], "comparators": [ast.Constant(1)]}
    elif isinstance(node, ast.Constant) and type(node.value) in (int, float):
        for value in {node.value + 1, node.value * 2, node.value / 2, -node.value, 0} - {node.value}:
            yield f"{node.value} → {value}", {"value": value}
    elif isinstance(node, ast.Attribute) and node.attr in NAMES:
        for name in NAMES[node.attr]:
            yield f"{node.attr} → {name}", {"attr": name}
    elif isinstance(node, ast.Call):
        for keyword in node.keywords:
            yield f"without {keyword.arg}", {"keywords": [other for other in node.keywords if other is not keyword]}
        if len(node.args) == 2:
            yield "arguments swapped", {"args": node.args[::-1]}


def variants(exercise: Code) -> Iterator[tuple[str, Any]]:
    """The reference with one change each, as functions."""
    tree = ast.parse(exercise.code)
    body = tree.body[0].body  # type: ignore[attr-defined]
    inside = [node for statement in body for node in ast.walk(statement)]
    for place, node in enumerate(inside):
        for words, fields in changes(node):
            changed = copy.deepcopy(tree)
            twin = [n for statement in changed.body[0].body for n in ast.walk(statement)][place]  # type: ignore[attr-defined]
            for name, value in fields.items():
                setattr(twin, name, copy.deepcopy(value))
            names: dict[str, Any] = {"np": np}
            try:
                code = compile(ast.fix_missing_locations(changed), "variant", "exec", dont_inherit=True)
                exec(code, names)
            except (SyntaxError, ValueError):
                continue
            yield f"`{ast.unparse(node)}`: {words}", names[exercise.reference.__name__]
    yield from swapped_arguments(exercise)


def swapped_arguments(exercise: Code) -> Iterator[tuple[str, Any]]:
    if all(len(case.arguments) >= 2 for case in exercise.cases):
        yield "arguments in the other order", lambda a, b, *more, **named: exercise.reference(b, a, *more, **named)


def accepted(exercise: Code) -> list[str]:
    """The changes of the reference that are judged right."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return [words for words, function in variants(exercise) if check(exercise.id, function).right]


def report(found: list[Exercise]) -> Iterator[str]:
    for exercise in found:
        if isinstance(exercise, Numeric):
            yield f"\n### {exercise.id}: {exercise.value:.6g} {exercise.unit} ± {exercise.margin:.2g}"
            for slip, wrong, said in judged(exercise):
                yield f"- {slip} ({wrong:.5g}): {said if said in ('ACCEPTED', 'unheard') else 'heard: ' + said[:60]}"
        elif isinstance(exercise, Code):
            yield f"\n### {exercise.id}: changes of the reference that are judged right"
            yield from (f"- {words}" for words in accepted(exercise))


if __name__ == "__main__":
    chosen = chapters()[sys.argv[1]] if sys.argv[1:] else exercises()
    print("\n".join(report(list(chosen.values()))))
