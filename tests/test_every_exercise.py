"""What every exercise has to keep by being there: reference, starter, mistakes, options, and its place in the book."""

from __future__ import annotations

import itertools
import re
from pathlib import Path

import numpy as np
import pytest
from likely_wrong import judged

import lossbook.exercises.session as session
from lossbook.exercises import Choice, Code, Exercise, Numeric, Order, check, exercises
from lossbook.exercises.cards import inline
from lossbook.exercises.trial import difference, expected, ordered, trials

BOOK = Path(__file__).parents[1] / "book"
QUESTION = re.compile(r"^\s*(?:`{3,}|:{3,})\{question\}\s+(\S+)", re.MULTILINE)


def every(*kinds: type[Exercise]) -> pytest.MarkDecorator:
    found = [exercise for exercise in exercises().values() if isinstance(exercise, kinds)]
    return pytest.mark.parametrize("exercise", found, ids=[exercise.id for exercise in found])


def texts(exercise: Exercise) -> list[str]:
    """Everything an author wrote to be read."""
    own = [exercise.title, *exercise.hints, *([exercise.solution] if exercise.solution else [])]
    own += [mistake.hint for mistake in getattr(exercise, "mistakes", ())]
    if isinstance(exercise, Choice):
        own += [text for option in exercise.options for text in (option.text, option.feedback)]
    return own + (list(exercise.steps.values()) if isinstance(exercise, Order) else [])


@pytest.fixture(autouse=True)
def new_session(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing answered yet, and time enough for every answer on any machine: none here is endless."""
    monkeypatch.setattr(session, "SESSION", {})
    confined = session.sandbox.confined
    monkeypatch.setattr(session.sandbox, "confined", lambda work, _: confined(work, 600))


def test_ids_in_chapters_and_in_the_package_agree_both_ways() -> None:
    """A question without an exercise fails to build; this finds the exercise that no chapter asks, or that two ask."""
    asked = [name for page in sorted(BOOK.rglob("*.md")) for name in QUESTION.findall(page.read_text(encoding="utf-8"))]
    assert sorted(asked) == sorted(exercises())


@every(Exercise)
def test_it_helps(exercise: Exercise) -> None:
    assert re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)+", exercise.id)
    assert exercise.hints and (exercise.solution or exercise.code)
    hints = [mistake.hint for mistake in getattr(exercise, "mistakes", ())]
    assert len(set(hints)) == len(hints), "each mistake has a hint of its own"
    if isinstance(exercise, Code | Numeric):
        assert len(hints) >= 2


@every(Exercise)
def test_its_texts_are_whole(exercise: Exercise) -> None:
    for text in texts(exercise):
        assert text.replace(r"\$", "").count("$") % 2 == 0, f"a $ without its partner: {text}"
        assert not re.search(r"[\x00-\x09\x0b-\x1f]", text), f"a string with \\f or \\t that is not raw: {text}"
        broken = re.search(r"(?<!\$)\$[^$]*\n[-+*>#] [^$]*\$(?!\$)", text)
        assert not broken, f"Markdown takes a formula's second line for a list: {broken}"
        assert inline(text)


@every(Numeric)
def test_a_number_is_judged_by_its_value(exercise: Numeric) -> None:
    assert check(exercise.id, exercise.value).right
    assert check(exercise.id, repr(exercise.value)).right
    assert check(exercise.id, np.float64(exercise.value)).right
    for mistake in exercise.mistakes:
        assert check(exercise.id, float(mistake.wrong)).messages == [mistake.hint]
        assert not check(exercise.id, f"{mistake.wrong:.1e}").right, "a mistake that is rounded is accepted"
    heard = [(exercise.value, exercise.margin), *((m.wrong, exercise.reach(m)) for m in exercise.mistakes)]
    for (one, reach), (other, beyond) in itertools.combinations(heard, 2):
        assert abs(one - other) >= (reach + beyond) * (1 - 1e-9), "a number could earn either of two answers"


@every(Numeric)
def test_no_likely_wrong_number_is_accepted_or_goes_unheard(exercise: Numeric) -> None:
    """Where logarithms may be meant, the slips are likely in some exercises and far-fetched in others."""
    said = {slip: what for slip, _, what in judged(exercise)}
    assert "ACCEPTED" not in said.values(), said
    far_fetched = {"bits", "base 10", "no logarithm"} if exercise.unit not in ("nats", "bits") else {"no logarithm"}
    assert {slip for slip, what in said.items() if what == "unheard"} <= far_fetched


@every(Choice)
def test_no_distractor_is_accepted(exercise: Choice) -> None:
    right = {letter for letter, option in exercise.named.items() if option.right}
    assert right and right != set(exercise.named)
    for size in range(1, len(exercise.named) + 1):
        for chosen in itertools.combinations(exercise.named, size):
            result = check(exercise.id, "".join(chosen))
            assert result.right == (set(chosen) == right)
            wrong = [exercise.named[letter].feedback for letter in chosen if letter not in right]
            assert not wrong or list(result.messages) == wrong


@every(Order)
def test_only_right_orders_are_accepted(exercise: Order) -> None:
    letter = {name: letter for letter, name in exercise.shuffled.items()}
    for names in itertools.islice(itertools.permutations(exercise.steps), 720):
        assert check(exercise.id, "".join(letter[name] for name in names)).right == (names in exercise.accepted)


@every(Order)
def test_each_wrong_order_gets_its_hint(exercise: Order) -> None:
    for mistake in exercise.mistakes:
        order = [name for name in exercise.steps if name != mistake.wrong[0]]
        order.insert(order.index(mistake.wrong[1]), mistake.wrong[0])
        letter = {name: letter for letter, name in exercise.shuffled.items()}
        assert check(exercise.id, "".join(letter[name] for name in order)).messages == [mistake.hint]


def pasted(code: str, names: dict[str, object]) -> None:
    """Run code as a notebook does: annotations are evaluated there, so each name in them has to exist."""
    exec(compile(code, "notebook", "exec", dont_inherit=True), names)


@every(Code)
def test_the_reference_is_right_and_equals_the_package(exercise: Code) -> None:
    assert check(exercise.id, exercise.reference).right
    if exercise.equals:
        for case, wanted in zip(ordered(exercise), expected(exercise), strict=True):
            value = exercise.equals(*case.arguments, **case.keywords)
            assert not difference(type(wanted[0])(value), wanted[0], exercise.tolerance)


@every(Code)
def test_the_printed_solution_is_right_by_itself(exercise: Code) -> None:
    """The solution as the page prints it, pasted into a notebook that has NumPy and nothing else."""
    names = {"np": np}
    pasted(exercise.code, names)
    assert check(exercise.id, names[exercise.reference.__name__]).right


@every(Code)
def test_the_starter_is_not_attempted(exercise: Code) -> None:
    names = {"np": np}
    pasted(exercise.starter_code, names)
    function = exercise.starter or exercise.reference
    assert check(exercise.id, names[function.__name__]).status == "not attempted"
    assert function.__doc__, "the starter says what to write"


@every(Code)
def test_each_mistake_gets_its_own_hint_and_no_other(exercise: Code, monkeypatch: pytest.MonkeyPatch) -> None:
    """Also when the order of the mistakes is another: no two of them agree on all cases."""
    outcomes = expected(exercise)
    monkeypatch.setattr(session.trial, "expected", lambda _: outcomes)  # the same for every answer
    for index, mistake in enumerate(exercise.mistakes):
        assert check(exercise.id, mistake.wrong).messages[:1] == [mistake.hint]
        noise = session.sandbox.Noise(session.sandbox.io.StringIO(), [])
        entries = list(trials(exercise, mistake.wrong, outcomes, noise))
        columns = zip(*(entry["agrees"] for entry in entries), strict=True)
        assert [place for place, column in enumerate(columns) if all(column)] == [index + 1]


def stated(solution: str) -> list[float]:
    """The numbers that a worked solution states, fractions among them."""
    text = re.sub(r"\\[dt]?frac\{?(\d+)\}?\{?(\d+)\}?", r"\1/\2", solution.replace("−", "-").replace("{,}", ""))
    text = re.sub(r"\\[,;! ]|[$%]", "", text)
    found = re.findall(r"(-?\s?\d+(?:\.\d+)?)(?:/(\d+))?", text)
    return [float(top.replace(" ", "")) / float(below or 1) for top, below in found if float(below or 1)]


@every(Numeric)
def test_the_worked_solution_arrives_at_the_answer(exercise: Numeric) -> None:
    """Unless the solution is the answer's own source, it must state the number that `check` accepts."""
    assert exercise.code or min(abs(exercise.value - x) for x in stated(exercise.solution)) <= exercise.margin
