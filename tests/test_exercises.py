"""The engine of the exercises: it judges rightly, says what happened, never raises and never hangs."""

from __future__ import annotations

import inspect
import itertools
import math
import os
import re
import subprocess
import sys
import time
import unicodedata
import warnings
from collections.abc import Callable
from types import MappingProxyType, SimpleNamespace
from typing import Any

import cloudpickle
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from typed_numbers import TYPED

import lossbook.exercises.found as found
import lossbook.exercises.sandbox as sandbox
import lossbook.exercises.session as session
import lossbook.exercises.trial as trial
from lossbook.exercises import Choice, Code, Mistake, Numeric, Option, Order, Paper, ask, case, check, hint, progress
from lossbook.exercises.kinds import picture
from lossbook.exercises.reading import TEXTS, parse_number
from lossbook.exercises.session import verdict


def squared(prediction: np.ndarray, target: np.ndarray) -> np.ndarray:
    """One squared error per example."""
    return (target - prediction) ** 2


def halved(prediction: np.ndarray, target: np.ndarray) -> np.ndarray:
    """Twice too small."""
    return (target - prediction) ** 2 / 2


def positive_root(x: float) -> float:
    """The root; ValueError where there is none."""
    if x < 0:
        raise ValueError("no root")
    return x**0.5


def values(x: float) -> tuple[bool, str, tuple[float, float]]:
    """A truth, a text and a pair."""
    return x > 0, "up", (x, x)


PATIENCE = 120.0  # seconds: what ends by itself is never cut short, however slow the machine

EXERCISES = [
    Code("toy-values", "Values", reference=values, cases=[case(1.0)], seconds=PATIENCE),
    Code(
        "toy-code",
        "Squares",
        reference=squared,
        cases=[case([0.0, 1.0], [2.0, 5.0]), case([1.0], [3.0])],
        mistakes=[
            Mistake(lambda prediction, target: abs(target - prediction), "Square it."),
            Mistake(lambda prediction, target: np.sum((target - prediction) ** 2), "One per example."),
        ],
        hints=["One.", "Two."],
        seconds=PATIENCE,
    ),
    Code(
        "toy-endless", "Soon", reference=squared, cases=[case([0.0, 1.0], [2.0, 5.0]), case([1.0], [3.0])], seconds=0.4
    ),
    Code("toy-repair", "Repair", reference=squared, starter=halved, cases=[case([1.0], [3.0])], seconds=PATIENCE),
    Code("toy-raise", "Root", reference=positive_root, cases=[case(4.0), case(-1.0)], seconds=PATIENCE),
    Numeric(
        "toy-number", "Half", answer=0.5, mistakes=[Mistake(2.0, "Upside down: $1/2$."), Mistake(0.25, "Squared.")]
    ),
    Numeric("toy-zero", "Zero", answer=lambda: 0.0),
    Choice("toy-one", "One", options=[Option("no", "Not this."), Option("yes", "Because.", right=True)]),
    Choice(
        "toy-two",
        "Two",
        options=[
            Option("A", "A!", right=True),
            Option("B", "not B"),
            Option("C", "C!", right=True),
            Option("D", "not D"),
        ],
    ),
    Order(
        "toy-order",
        "Order",
        steps={"one": "first", "two": "second", "three": "third", "four": "fourth"},
        also=[("one", "two", "four", "three")],
        mistakes=[Mistake(("two", "one"), "One before two.")],
    ),
    Paper("toy-paper", "Think", solution="Thought."),
]
BY_ID = MappingProxyType({exercise.id: exercise for exercise in EXERCISES})
FORKED = pytest.param("forked", marks=pytest.mark.skipif(sys.platform != "linux", reason="forks on Linux only"))


@pytest.fixture(autouse=True)
def toys(monkeypatch: pytest.MonkeyPatch) -> None:
    for module in (found, session):
        monkeypatch.setattr(module, "exercises", lambda: BY_ID)
        monkeypatch.setattr(module, "chapters", lambda: {"toy": BY_ID})
    monkeypatch.setattr(session, "SESSION", {})
    monkeypatch.setattr(session, "SECONDS", PATIENCE)


cloudpickle.register_pickle_by_value(sys.modules[__name__])  # as for what a notebook defines


def use(way: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Have answers run in one of the two ways."""
    monkeypatch.setattr(sandbox, "confined", {"forked": sandbox._forked, "spawned": sandbox._spawned}[way])


@pytest.fixture(params=[FORKED, "spawned"])
def way(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    use(request.param, monkeypatch)


# ── Functions ────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_a_right_function(way: None) -> None:
    result = check("toy-code", squared)
    assert result.right and result and result.status == "right"
    assert check("toy-code", lambda prediction, target: [float(x) for x in squared(prediction, target)]).right


def test_the_smallest_case_that_fails_is_shown() -> None:
    result = check("toy-code", lambda prediction, target: squared(prediction, target) + 1)
    assert (result.case, result.expected, result.received) == ("[1.], [3.]", "[4.]", "[5.]")
    text = repr(result)
    assert "✗ Not yet · toy-code" in text and "expected  [4.]" in text and "received  [5.]" in text
    assert "<table" in result._repr_html_() and "[5.]" in result._repr_html_()


def test_a_known_mistake_gets_its_hint(way: None) -> None:
    assert check("toy-code", lambda p, t: np.sqrt(squared(p, t))).messages == ["Square it."]
    assert check("toy-code", lambda p, t: float(np.sum(squared(p, t)))).messages == ["One per example."]


def test_starters_are_not_attempted() -> None:
    def starter(prediction: Any, target: Any) -> Any:
        raise NotImplementedError

    answers = [
        ("toy-code", starter),
        ("toy-code", lambda p, t: ...),
        ("toy-code", lambda p, t: None),
        ("toy-repair", halved),
    ]
    answers += [(id, None) for id in BY_ID] + [(id, ...) for id in BY_ID] + [("toy-number", " "), ("toy-two", [])]
    for id, answer in answers:
        assert check(id, answer).status == "not attempted", (id, answer)
    assert "Nothing yet" in repr(progress()), "looking is not answering"


def _mutates(prediction: Any, target: Any) -> Any:
    target -= prediction
    return target**2


def _swallows(prediction: Any, target: Any) -> Any:
    while True:
        try:
            while True:
                pass
        except BaseException:
            pass


def _recurses(prediction: Any, target: Any) -> Any:
    return _recurses(prediction, target)


def _raises(problem: BaseException) -> Callable[..., Any]:
    def answer(prediction: Any, target: Any) -> Any:
        raise problem

    return answer


class Silent(Exception):
    def __str__(self) -> str:
        raise RuntimeError


SAID = {
    "mutates": (_mutates, "changes its argument `target` in place"),
    "prints": (lambda p, t: print("hello") or squared(p, t), "It printed: `hello`"),
    "only prints": (lambda p, t: print("hello"), "It prints, but it returns nothing"),
    "warns": (lambda p, t: warnings.warn("careful", UserWarning, stacklevel=1) or squared(p, t), "warned: `careful`"),
    "divides": (lambda p, t: 1 / 0, "ZeroDivisionError: division by zero"),
    "exits": (_raises(SystemExit(3)), "SystemExit"),
    "interrupts": (_raises(KeyboardInterrupt()), "KeyboardInterrupt"),
    "unprintable": (_raises(Silent()), "it raised Silent"),
    "recurses": (_recurses, "RecursionError"),
    "asks": (lambda p, t: input("?"), "EOFError"),
    "too few arguments": (lambda p: p, "TypeError"),
    "too many arguments": (lambda p, t, q: p, "TypeError"),
    "a class": (dict, "TypeError"),
    "nan": (lambda p, t: np.full(p.shape, math.nan), "there is a NaN in it"),
    "scalar": (lambda p, t: 4.0, "a single number, not an array of shape (1,)"),
    "column": (lambda p, t: squared(p, t)[:, None], "an array of shape (1, 1), not an array of shape (1,)"),
    "text": (lambda p, t: "4", "it returned a str"),
    "truth": (lambda p, t: p == t, "not an array of real numbers"),
    "complex": (lambda p, t: squared(p, t) * (1 + 0j), "not an array of real numbers"),
    "generator": (lambda p, t: (x for x in squared(p, t)), "it returned a generator"),
    "endless generator": (lambda p, t: itertools.count(), "it returned a count"),
    "function": (lambda p, t: squared, "it returned a function"),
    "ragged": (lambda p, t: [[1], [1, 2]], "cannot be read (ValueError)"),
    "half a starter": (lambda p, t: squared(p, t) if p.size == 1 else None, "it returned nothing"),
    "not a function": (4.0, "hand in the function itself"),
}


TOLD = [pytest.param(name, "forked", marks=FORKED.marks) for name in SAID]
TOLD += [pytest.param(name, "spawned") for name in ("mutates", "prints", "warns", "interrupts", "recurses", "asks")]


@pytest.mark.parametrize(("name", "way"), TOLD)
def test_it_says_what_happened(name: str, way: str, monkeypatch: pytest.MonkeyPatch) -> None:
    use(way, monkeypatch)
    answer, words = SAID[name]
    stdout = sys.stdout
    result = check("toy-code", answer)
    assert words in " ".join(repr(result).split())
    assert result.right == (name in ("prints", "warns"))
    assert sys.stdout is stdout


ENDLESS = {
    "loop": lambda p, t: next(x for x in itertools.count() if x < 0),
    "sleep": lambda p, t: time.sleep(60),
    "swallows": _swallows,
    "holds the interpreter": lambda p, t: 3 ** (10**9) + sum(range(10**13)),
}


@pytest.fixture
def children(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """The numbers of the processes that are started, as they are."""
    started: list[int] = []
    fork, popen = getattr(os, "fork", None), subprocess.Popen

    def forking() -> int:
        child = fork()
        started.append(child)
        return child

    def opening(*arguments: Any, **keywords: Any) -> Any:
        child = popen(*arguments, **keywords)
        started.append(child.pid)
        return child

    if fork:
        monkeypatch.setattr(os, "fork", forking)
    monkeypatch.setattr(subprocess, "Popen", opening)
    return started


@pytest.mark.parametrize("name", ENDLESS)
def test_what_never_ends_is_ended(name: str, way: None, children: list[int]) -> None:
    result = check("toy-endless", ENDLESS[name])
    assert result.status == "wrong" and "had not finished after 0.4 seconds" in repr(result)
    assert result.case == "[1.], [3.]"
    assert len(children) >= 1
    for child in children:
        with pytest.raises(ProcessLookupError):
            os.kill(child, 0)


@pytest.mark.skipif(sys.platform != "linux", reason="memory is limited on Linux only")
def test_what_fills_the_memory_is_ended(way: None) -> None:
    assert check("toy-code", lambda p, t: [bytearray(2**24) for _ in itertools.count()]).status == "wrong"
    assert "MemoryError" in repr(check("toy-code", lambda p, t: bytearray(2**32))), "more than an answer may take"


def test_what_ends_python_ends_another(way: None) -> None:
    assert "ended Python itself" in repr(check("toy-code", lambda p, t: os._exit(1)))


def test_c_code_that_prints_does_not_speak_for_the_answer(way: None) -> None:
    assert check("toy-code", lambda p, t: squared(p, t) + 0 * os.write(1, b'"done"\n')).right


def test_what_cannot_be_copied_is_refused_with_the_reason(monkeypatch: pytest.MonkeyPatch) -> None:
    use("spawned", monkeypatch)
    steps = itertools.tee(x for x in [1])
    generator = (x for x in steps[0])
    result = check("toy-code", lambda p, t: next(generator))
    assert result.status == "wrong" and "such as an open file, a lock or a generator" in repr(result)
    assert "could not be looked at" in repr(check("toy-number", generator))


def test_copying_has_its_time_too(monkeypatch: pytest.MonkeyPatch) -> None:
    """An answer has a say in how it is copied, and may never come to an end of it."""

    class Endless:
        def __reduce__(self) -> Any:
            time.sleep(60)

    use("spawned", monkeypatch)
    monkeypatch.setattr(sandbox, "START_SECONDS", 0.3)
    assert check("toy-number", Endless()).status == "not read"


def test_with_torch_loaded_an_answer_is_ended_and_may_use_torch() -> None:
    """In a Python where PyTorch has its threads running, as in the chapters."""
    import torch

    torch.mm(torch.ones(1000, 1000), torch.ones(1000, 1000)).sum()

    def with_torch(prediction: np.ndarray, target: np.ndarray) -> Any:
        weight = torch.tensor(prediction, requires_grad=True)
        ((weight - torch.tensor(target)) ** 2).sum().backward()
        torch.ones(2_000_000).sum()  # large enough for several threads
        return (weight.grad / 2) ** 2

    assert check("toy-code", with_torch).right
    followed = torch.tensor(0.5, requires_grad=True)
    assert check("toy-number", followed).right and check("toy-number", followed * 4).messages == ["Upside down: $1/2$."]
    assert check("toy-code", lambda p, t: (torch.tensor(p, requires_grad=True) - torch.tensor(t)) ** 2).right
    assert check("toy-endless", ENDLESS["holds the interpreter"]).status == "wrong"


@pytest.mark.skipif(sys.platform != "linux", reason="forks on Linux only")
def test_what_is_unsafe_to_fork_is_spawned(monkeypatch: pytest.MonkeyPatch) -> None:
    assert sandbox._safe_to_fork()
    monkeypatch.setitem(sys.modules, "jax", sys)
    assert not sandbox._safe_to_fork()
    assert check("toy-code", squared).right


def test_an_answer_in_pieces_does_not_count(way: None) -> None:
    """Right on the first case and no end of the second is wrong, and the second is named."""
    result = check("toy-code", lambda p, t: squared(p, t) if p.size == 1 else os._exit(1))
    assert result.status == "wrong" and result.case == "[0., 1.], [2., 5.]"


def test_exceptions_can_be_asked_for() -> None:
    assert check("toy-raise", positive_root).right
    result = check("toy-raise", lambda x: abs(x) ** 0.5)
    assert "it should raise ValueError" in repr(result) and result.received == "1.0"


def test_other_values_than_numbers() -> None:
    assert check("toy-values", values).right
    wrong: list[tuple[Callable[..., Any], str]] = [
        (lambda x: (1, "up", (x, x)), "it returned an int, not True or False"),
        (lambda x: (False, "up", (x, x)), "the truth value is the other one"),
        (lambda x: (True, "down", (x, x)), "the text is another one"),
        (lambda x: (True, 7, (x, x)), "it returned an int, not text"),
        (lambda x: (True, "up", (x,)), "it returned a tuple, not 2 values"),
        (lambda x: (True, "up", (x, True)), "not a real number"),
        (lambda x: (True, "up", (x, x + 1)), "the number differs"),
    ]
    for answer, words in wrong:
        assert words in repr(check("toy-values", answer))


def test_a_sly_object_is_not_right() -> None:
    class Equal(float):
        def __eq__(self, other: object) -> bool:
            return True

        __hash__ = None  # type: ignore[assignment]

    class Array(np.ndarray):
        def __array_ufunc__(self, *_: Any, **__: Any) -> Any:
            return np.array([True])

        def astype(self, *_: Any, **__: Any) -> Any:
            return np.array([4.0, 16.0][: self.size])

    assert not check("toy-code", lambda p, t: Equal(7)).right
    assert not check("toy-code", lambda p, t: (p * 0).view(Array)).right
    assert not check("toy-number", Equal(7)).right


# ── Numbers, choices, orders, paper ──────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("text", TYPED)
def test_typed_numbers(text: str) -> None:
    value, key, piece = parse_number(text)
    expected = TYPED[text]
    if isinstance(expected, tuple):
        assert (key, piece) == expected and TEXTS[key]
    else:
        assert (value, key) == (pytest.approx(expected, rel=1e-15, abs=0), "")


def test_a_wrong_repair_is_not_the_starter() -> None:
    result = check("toy-repair", lambda prediction, target: (target - prediction) ** 2 / 4)
    assert result.status == "wrong" and "In the smallest case that fails" in result.messages[0]
    assert check("toy-repair", squared).right


@pytest.mark.parametrize("sign", "½⅓⅔¼¾⅕⅖⅗⅘⅙⅚⅛⅜⅝⅞")
def test_every_fraction_of_one_sign(sign: str) -> None:
    assert parse_number(sign)[0] == pytest.approx(unicodedata.numeric(sign), rel=1e-15, abs=0)
    assert parse_number(f"3{sign}")[0] == pytest.approx(3 + unicodedata.numeric(sign), rel=1e-15, abs=0)


def test_numbers() -> None:
    for answer in (0.5, "1/2", "0,5", "50%", "sqrt(1/4)", "½", np.float32(0.5), np.array(0.5), 0.5024):
        assert check("toy-number", answer).right, answer
    assert check("toy-number", 2).messages == ["Upside down: $1/2$."]
    assert check("toy-number", -0.5).messages == [TEXTS["sign"]]
    assert check("toy-number", 0.51).messages == [TEXTS["near"]]
    assert check("toy-number", 0.7).messages == [TEXTS["number"]]
    assert check("toy-zero", 5e-4).right and not check("toy-zero", 2e-3).right
    assert r"\(1/2\)" in check("toy-number", 2)._repr_html_()


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (math.nan, "NaN was handed in"),
        (-math.inf, "infinite"),
        (10**400, "infinite"),
        (True, "truth value"),
        (np.array([0.5]), "shape (1,)"),
        ([0.5], "shape (1,)"),
        (0.5 + 0j, "not a real number"),
        (b"0.5", "not a real number"),
        (squared, "function"),
        ({}, "not a real number"),
        ("ln x", "“x”"),
    ],
)
def test_what_is_no_number_is_named(answer: Any, words: str) -> None:
    result = check("toy-number", answer)
    assert result.status == "not read" and words in repr(result)
    assert not progress().records, "what cannot be read is no answer"


def test_a_mistake_has_a_margin_of_its_own() -> None:
    hints = {30: "thirty", 2 / 7: "two sevenths", 905.0: "near the answer", 1500: "wide", 0: "nothing", 1600: "next"}
    mistakes = [Mistake(wrong, hint) for wrong, hint in hints.items()]
    mistakes[3] = Mistake(1500, "wide", tolerance=40)
    exercise = Numeric("a-b", "Many", answer=900, mistakes=mistakes)

    def said(value: float) -> str:
        return verdict(exercise, value)[1][0]

    assert [said(x) for x in (30, 30.15, 29.85)] == ["thirty"] * 3
    assert "thirty" not in (said(30.16), said(26), said(34.4)), "as wide as that of the answer, 4.5, would be"
    assert said(0.29) == said(0.2857) == "two sevenths", "what rounds to two digits is heard"
    assert "two sevenths" not in (said(0.28), said(0.2915))
    assert verdict(exercise, 904.5)[0] and said(904.8) == "near the answer"
    assert said(1460) == said(1540) == "wide" and said(1459) != "wide"
    assert said(1592) == "next" and said(1608.1) != "next", "half a percent"
    assert said(-0.1) == said(0.14) == "nothing" and said(0.2) != "nothing", "halfway to the next"


@pytest.mark.parametrize(
    ("unit", "answer", "slips"),
    [
        ("", 0.2, {-0.2: "sign", 20: "percent", 0.4: "double", 0.1: "half", 0.04: "square", 0.8: "rest", 5: "inverse"}),
        ("", -4.0, {4: "sign", -8: "double", -2: "half", 16: "square", -0.25: "inverse"}),
        ("", 21.0, {4.58: "root", 441: "square"}),
        ("nats", math.log(5), {math.log2(5): "bits", 2.32: "bits", math.log10(5): "ten", 0.699: "ten"}),
        ("bits", 3.0, {2.079: "nats", 0.903: "ten"}),
        ("", 1.0, {-1: "sign", 100: "percent", 2: "double", 0.5: "half"}),
        ("", 0.5, {0.25: "half", 1: "double", 2: "inverse", 0.7: "number"}),
        ("", 0.0, {0.1: "number"}),
    ],
)
def test_slips_that_can_happen_to_any_number_are_heard(unit: str, answer: float, slips: dict[float, str]) -> None:
    exercise = Numeric("a-b", "Any", answer=answer, unit=unit)
    assert verdict(exercise, answer)[0]
    for number, key in slips.items():
        assert verdict(exercise, number) == (False, [TEXTS[key]]), number


def test_functions_are_judged_to_a_millionth_and_near_zero_to_a_billionth() -> None:
    def off(relative: float, absolute: float) -> Callable[..., Any]:
        return lambda p, t: squared(p, t) * (1 + relative) + absolute

    exercise = Code("a-b", "Near", reference=squared, cases=[case([1.0, 1.0], [3.0, 1.0])])
    wanted, got = trial.call(squared, exercise.cases[0])[0], {}
    for relative, absolute in ((0.9e-6, 0), (-0.9e-6, 0), (1.1e-6, 0), (-1.1e-6, 0), (0, 0.9e-9), (0, 1.1e-9)):
        outcome = trial.call(off(relative, absolute), exercise.cases[0])[0]
        got[relative, absolute] = not trial.difference(outcome, wanted, exercise.tolerance)
    assert list(got.values()) == [True, True, False, False, True, False]


def test_choices() -> None:
    assert check("toy-one", "b").messages == ["Because."] and check("toy-one", "B").right
    assert check("toy-one", "a").messages == ["Not this."]
    for answer in ("ac", "c, a", ["a", "c"], {"a", "c"}, ("c", "a", "a")):
        assert check("toy-two", answer).right
    assert check("toy-two", "a").messages == [TEXTS["more"]]
    assert check("toy-two", "abd").messages == ["not B", "not D"]
    assert check("toy-two", "abcd").status == "wrong"
    for answer in ("x", 1, ["a", None], "yes"):
        assert check("toy-two", answer).status == "not read"


def test_orders() -> None:
    toy = BY_ID["toy-order"]
    assert isinstance(toy, Order)
    letter = {name: letter for letter, name in toy.shuffled.items()}

    def answer(*names: str) -> str:
        return "".join(letter[name] for name in names)

    assert tuple(toy.shuffled.values()) not in toy.accepted
    assert check("toy-order", answer("one", "two", "three", "four")).right
    assert check("toy-order", answer("one", "two", "four", "three")).right
    assert check("toy-order", answer("two", "one", "three", "four")).messages == ["One before two."]
    assert "up to step 1;" in repr(check("toy-order", answer("one", "four", "two", "three")))
    assert check("toy-order", answer("three", "one", "two", "four")).messages == [TEXTS["start"]]
    for piece in ("aabc", "abc"):
        assert check("toy-order", piece).status == "wrong"
    assert check("toy-order", "abcde").status == "not read"


def test_paper() -> None:
    assert check("toy-paper", "done").right
    assert check("toy-paper", "c = 3").status == "not read"


# ── Around it ────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_an_unknown_id_names_its_neighbours() -> None:
    assert "Did you mean toy-number" in repr(check("toy-numbr", 1))
    for id in ("", "zzz", None, 3, squared, ["toy-code"], "x" * 10**6):
        assert check(id, 1).status == "unknown"  # type: ignore[arg-type]
        assert "no exercise" in repr(hint(id)) and "no exercise" in repr(ask(id))  # type: ignore[arg-type]


def test_hints_come_one_by_one() -> None:
    assert ["One." in repr(hint("toy-code")), "Two." in repr(hint("toy-code"))] == [True, True]
    assert "no more hints" in repr(hint("toy-code"))
    assert "no hints" in repr(hint("toy-number"))


def test_progress_tells_what_was_done() -> None:
    check("toy-number", 1)
    check("toy-number", 0.5)
    check("toy-number", 1)
    check("toy-one", "a")
    hint("toy-code")
    text = repr(progress())
    assert f"toy: 1 of {len(EXERCISES)} right" in text
    assert "Half     ✓ right (3 answers)" in text
    assert "One      ✗ not yet (1 answer)" in text
    assert "Squares  – not attempted (0 answers, 1 hint)" in text
    assert "✓ right" in progress()._repr_html_()


def test_ask_shows_what_there_is() -> None:
    assert "raise NotImplementedError" in repr(ask("toy-code")) and "squared(" in repr(ask("toy-code"))
    assert "/ 2" in repr(ask("toy-repair"))
    assert "b  yes" in repr(ask("toy-one"))
    assert set(repr(ask("toy-order")).split()) >= {"first", "second", "third", "fourth"}
    assert "<pre>" in ask("toy-code")._repr_html_()


def test_a_fault_of_ours_is_told_not_raised(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(session, "_judge", lambda *_: 1 / 0)
    assert "The checker itself failed (ZeroDivisionError" in repr(check("toy-code", squared))


def test_the_learners_own_interrupt_goes_through(monkeypatch: pytest.MonkeyPatch) -> None:
    def stop(*_: Any) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(session, "_judge", stop)
    with pytest.raises(KeyboardInterrupt):
        check("toy-code", squared)


def test_ids_must_differ() -> None:
    found.unique([("one", EXERCISES[0]), ("two", EXERCISES[1])])
    with pytest.raises(ValueError, match="toy-values"):
        found.unique([("one", EXERCISES[0]), ("two", EXERCISES[0])])


# ── Thousands of odd answers ─────────────────────────────────────────────────────────────────────────────────────────


def refuse(*_: Any, **__: Any) -> Any:
    raise ValueError("no")


SPECIAL = "eq ne lt len iter getitem float int index bool array repr str hash getattr call contains format reduce_ex"
NAMES = SPECIAL.split()


def nasty(names: list[str], base: type) -> Any:
    """An object some of whose special methods raise."""
    return type("Nasty", (base,), {f"__{name}__": refuse for name in names})()


PLAIN = st.one_of(
    st.none(),
    st.just(...),
    st.booleans(),
    st.integers(),
    st.floats(),
    st.complex_numbers(),
    st.text(max_size=12),
    st.text(alphabet="0123456789.,/-+eE −", max_size=8),
    st.text(alphabet="abcd, ", max_size=6),
    st.sampled_from(list(TYPED)),
    st.binary(max_size=5),
    st.decimals(),
    st.fractions(),
    st.dates(),
)
ARRAYS = st.builds(
    lambda shape, fill, kind: np.full(shape, fill).astype(kind),
    st.sampled_from([(), (1,), (2,), (0,), (1, 1), (2, 2), (1000, 1000)]),
    st.sampled_from([0, 1, 4, 16]),
    st.sampled_from(["f8", "f4", "i8", "u1", "?", "c16", "U3", "O", "M8[s]"]),
)
NASTY = st.builds(
    nasty,
    st.lists(st.sampled_from(NAMES), unique=True, max_size=6),
    st.sampled_from([object, float, str, list, int, dict]),
)
ODD = st.recursive(
    PLAIN | ARRAYS | NASTY,
    lambda inner: st.one_of(
        st.lists(inner, max_size=4),
        st.lists(inner, max_size=4).map(tuple),
        st.dictionaries(st.text(max_size=3), inner, max_size=3),
        inner.map(lambda value: lambda *_, **__: value),
        st.lists(inner, max_size=2).map(iter),
    ),
    max_leaves=5,
)


def calculated(text: str) -> float:
    """What SymPy makes of a text that means a number."""
    from sympy import E, pi
    from sympy.parsing.sympy_parser import parse_expr

    for sign, plain in {"−": "-", "–": "-", "‑": "-", "×": "*", "·": "*", "÷": "/", "⁄": "/", "^": "**"}.items():
        text = text.replace(sign, plain)
    text = re.sub(r"(?<=\d)[ \u00a0\u202f](?=\d{3}(\D|$))", "", text).replace(",", ".")
    text = re.sub(r"(\d*)([½⅓¼¾])", lambda mixed: f"({mixed[1] or 0}+{unicodedata.numeric(mixed[2])})", text)
    text = re.sub(r"(?i)(√|sqrt|ln|log)\s*([\d.]+)", r"\1(\2)", text.replace("%", "/100")).replace("√", "sqrt")
    return float(parse_expr(text.lower().strip(), {"e": E, "pi": pi, "π": pi}).evalf())


def truly_right(id: str, answer: Any) -> bool:
    """Whether the toy answer is right, found in another way than the engine finds it."""
    if id == "toy-paper":
        return isinstance(answer, str) and answer.strip().lower() == "done"
    if id in ("toy-number", "toy-zero"):
        goal, margin = (0.5, 0.0025) if id == "toy-number" else (0.0, 1e-3)
        if isinstance(answer, str):
            answer = calculated(answer)
        return abs(float(answer) - goal) <= margin * 1.001
    letters = {letter for piece in answer for letter in str(piece).lower() if letter.isalpha()}
    return letters == {"toy-one": {"b"}, "toy-two": {"a", "c"}, "toy-order": {"a", "b", "c", "d"}}[id]


def in_place(work: sandbox.Work, seconds: float) -> tuple[list[Any], str]:
    """The sandbox without its walls: quick, for answers that do not loop."""
    reports: list[Any] = []
    try:
        with sandbox.quiet() as noise:
            work(reports.append, noise)
    except BaseException:
        return reports, sandbox.CRASH
    return reports, sandbox.DONE


@settings(max_examples=2500, deadline=None, suppress_health_check=list(HealthCheck), database=None)
@given(id=st.sampled_from(list(BY_ID)), answer=ODD)
def test_nothing_raises_and_nothing_wrong_is_accepted(id: str, answer: Any) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sandbox, "confined", in_place)
        result = check(id, answer)
    assert result.status in ("right", "wrong", "not attempted", "not read")
    assert result.messages and repr(result) and result._repr_html_()
    if result.right:
        assert not isinstance(BY_ID[id], Code), "no constant function is right"
        assert truly_right(id, answer)


@pytest.mark.parametrize("way", [FORKED, "spawned"])
def test_nothing_raises_in_another_process(way: str, monkeypatch: pytest.MonkeyPatch) -> None:
    use(way, monkeypatch)
    ids = st.sampled_from(["toy-code", "toy-repair", "toy-raise", "toy-number", "toy-two"])

    @settings(max_examples={"forked": 100, "spawned": 5}[way], deadline=None, database=None)
    @given(id=ids, value=ODD)
    def run(id: str, value: Any) -> None:
        result = check(id, (lambda *_: value) if isinstance(BY_ID[id], Code) else value)
        assert result.status in ("right", "wrong", "not attempted", "not read")
        assert result.messages and repr(result) and result._repr_html_()

    run()


@settings(max_examples=1500, deadline=None, database=None)
@given(text=st.text(max_size=10) | st.text(alphabet="0123456789.,/-+eE −", max_size=8))
def test_any_text_is_read_or_refused_with_reason(text: str) -> None:
    value, key, _ = parse_number(text)
    assert (value is None) == bool(key)
    assert value is None or math.isfinite(value)


@settings(max_examples=300, deadline=None, database=None)
@given(value=ODD)
def test_a_picture_is_short_and_never_raises(value: Any) -> None:
    assert len(picture(value)) <= 120


@pytest.mark.parametrize("tolerance", [1e-6, 1e-3])
def test_how_near_a_number_has_to_be(tolerance):
    from lossbook.exercises.trial import Outcome, difference

    def told(got, want):
        return difference(Outcome(value=got), Outcome(value=want), tolerance)

    assert told(2 * (1 + 0.9 * tolerance), 2.0) == "" == told(0.9e-3 * tolerance, 0.0)
    assert told(2 * (1 + 1.1 * tolerance), 2.0) == "the number differs" == told(1.1e-3 * tolerance, 0.0)


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        (
            'def f(\n    x,\n):\n    """What it does."""\n    y = x\n    return y',
            'def f(\n    x,\n):\n    """What it does."""',
        ),
        ("def f(\n    x,\n):\n    y = x\n    return y", "def f(\n    x,\n):"),
    ],
)
def test_a_stub_has_the_signature_and_the_docstring_and_nothing_else(text, kept):
    from lossbook.exercises.kinds import stub

    assert stub(text) == kept + "\n    raise NotImplementedError  # your turn"


def test_what_an_answer_returned_is_said_in_words():
    from lossbook.exercises.trial import Outcome, difference

    def told(got, want):
        return difference(Outcome(value=got), Outcome(value=want), 1e-6)

    assert told(None, 1.0) == told(..., 1.0) == told(..., None) == "it returned nothing"
    assert told(None, None) == told(..., ...) == ""
    assert told((1.0,), (1.0, 2.0)) == "it returned a tuple, not 2 values"
    assert told([1.0, 2.0], (1.0, 2.0)) == told(np.array([1.0, 2.0]), (1.0, 2.0)) == ""
    assert told((1.0, 3.0), (1.0, 2.0)) == "the number differs"
    assert told([1.0, 2.0], np.array([1.0, 2.0])) == ""
    assert told([1.0, 3.0], np.array([1.0, 2.0])) == "the numbers differ"
    assert told(1.0, np.array([1.0, 1.0])) == "it returned a single number, not an array of shape (2,)"
    assert told([1.0, math.nan], np.array([1.0, 2.0])) == "there is a NaN in it"
    assert told([1.0, math.nan], np.array([1.0, math.nan])) == ""
    assert told("1", 1.0) == "it returned a str, not a number"
    assert told("1", np.array([1.0])) == "it returned a str, not an array of numbers"
    for wrong in (iter([1.0]), b"1", {1.0}, {1.0: 1.0}, float, lambda: 1.0):
        assert told(wrong, 1.0) == f"it returned a {type(wrong).__name__}, not a number"
        assert told(wrong, np.array([1.0])) == f"it returned a {type(wrong).__name__}, not an array of numbers"
    assert told([1j], np.array([1.0])) == "it returned a list, not an array of real numbers"
    assert difference(Outcome(raised=KeyError("x")), Outcome(value=1.0), 1e-6) == "it raised KeyError"
    assert difference(Outcome(value=1.0), Outcome(raised=ValueError()), 1e-6) == "it should raise ValueError"
    assert difference(Outcome(raised=UnicodeError()), Outcome(raised=ValueError()), 1e-6) == ""


@pytest.mark.parametrize("kind", [Choice, Code, Numeric, Order])
def test_what_an_exercise_holds_is_named(kind: type) -> None:
    """Nobody reads `Numeric("id", "statement", 3.0, 0.1)` at first sight."""
    own = [name for name in kind.__annotations__ if name not in ("kind", "task")]
    parameters = inspect.signature(kind).parameters
    assert own and all(parameters[name].kind is inspect.Parameter.KEYWORD_ONLY for name in own)


def test_a_fork_is_safe_without_pytorch_and_with_it_on_the_cpu(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "platform", "linux")
    for name in (*sandbox.UNSAFE_TO_FORK, "torch"):
        monkeypatch.delitem(sys.modules, name, raising=False)
    assert sandbox._safe_to_fork()
    for started in (False, True):
        cuda = SimpleNamespace(is_initialized=lambda started=started: started)
        monkeypatch.setitem(sys.modules, "torch", SimpleNamespace(cuda=cuda))
        assert sandbox._safe_to_fork() is not started
    monkeypatch.delitem(sys.modules, "torch")
    monkeypatch.setitem(sys.modules, "jax", SimpleNamespace())
    assert not sandbox._safe_to_fork()
    monkeypatch.delitem(sys.modules, "jax")
    monkeypatch.setattr(sys, "platform", "darwin")
    assert not sandbox._safe_to_fork()
