"""Answers typed in a page, judged as the page's Python judges them: in place, with a card as plain data."""

from __future__ import annotations

import json
import sys
from typing import Any

import numpy as np
import pytest

from lossbook.exercises import Code, check, exercises, sandbox
from lossbook.exercises.kinds import source
from lossbook.exercises.trial import ordered
from lossbook.page import answers

PINBALL = exercises()["regression-pinball-code"]
assert isinstance(PINBALL, Code)
HEAD = "def pinball_loss(prediction, target, quantile):\n"
CODES = [exercise for exercise in exercises().values() if isinstance(exercise, Code)]


@pytest.fixture(autouse=True)
def in_a_page(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "platform", "emscripten")


def judged(typed: str, exercise: Code = PINBALL) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    """The card, and what would have been shown after each step if Python had hung there."""
    said: list[str] = []
    card = json.loads(answers.judge(exercise.id, typed, said.append))
    return card, [json.loads(text) for text in said]


@pytest.mark.parametrize("exercise", CODES, ids=[exercise.id for exercise in CODES])
def test_a_reference_is_right_and_a_starter_is_not_attempted(exercise: Code) -> None:
    assert judged(exercise.code, exercise)[0]["status"] == "right"
    assert judged(exercise.starter_code, exercise)[0]["status"] == "not attempted"


def test_a_card_says_what_the_notebook_says() -> None:
    typed = HEAD + "    return np.abs(target - prediction)"
    space: dict[str, Any] = {"np": np}
    exec(typed, space)
    result, (card, _) = check(PINBALL.id, space["pinball_loss"]), judged(typed)
    assert card["rows"] == list(map(list, result.card.rows)) and len(card["rows"]) == 3
    assert card["messages"] == result.messages and card["status"] == "wrong"


def test_a_known_mistake_is_named_by_its_number() -> None:
    wrong = HEAD + "    e = prediction - target\n    return np.maximum(quantile * e, (quantile - 1) * e)"
    assert judged(wrong)[0]["messages"] == [0]


def test_what_would_be_shown_if_it_hung_names_the_case() -> None:
    _, said = judged(PINBALL.code)
    timeouts = [step[sandbox.TIMEOUT] for step in said]
    assert all(card["status"] == "wrong" and "2 seconds" in card["messages"][0] for card in timeouts)
    cases = [dict(card["rows"]).get("case") for card in timeouts]
    assert cases == [None, *map(str, ordered(PINBALL)), None]
    assert "ended Python" in said[1][sandbox.CRASH]["messages"][0]


@pytest.mark.parametrize(
    ("typed", "status", "told"),
    [
        ("", "not attempted", "Write the function `pinball_loss`."),
        ("x = 3", "not read", "no function called `pinball_loss`"),
        ("def f(:", "not read", "SyntaxError"),
        ("import scipy.nothing", "not read", "ModuleNotFoundError"),
        ("1 / 0", "not read", 'File "<your answer>", line 1, in <module>\n    1 / 0'),
        ("raise KeyboardInterrupt", "not read", "KeyboardInterrupt"),
        ("import sys\nsys.exit()", "not read", "SystemExit"),
        (HEAD + "    return nothing_there", "wrong", "NameError"),
        (HEAD + "    print('looking')", "wrong", "It prints, but it returns nothing"),
        ("pinball_loss = 3", "not read", "no function called `pinball_loss`"),
        (PINBALL.code.replace("pinball_loss", "mine"), "right", "Right"),
        (HEAD + "    raise SystemExit", "wrong", "SystemExit"),
    ],
)
def test_nonsense_is_answered(typed: str, status: str, told: str) -> None:
    card, _ = judged(typed)
    assert card["status"] == status
    assert told in f"{card}".replace("\\n", "\n"), card
    assert "lossbook" not in card["code"], "none of our own lines"


def test_one_answer_leaves_nothing_to_the_next() -> None:
    before = np.exp, abs, np.geterr()
    judged(
        "import builtins\nnp.exp = len\nbuiltins.abs = None\nnp.seterr(all='raise')\nnp.mine = 1\n"
        + source(PINBALL.reference)
    )
    assert (np.exp, abs, np.geterr()) == before and not hasattr(np, "mine")
    assert sandbox.heard is None and judged(PINBALL.code)[0]["status"] == "right"
