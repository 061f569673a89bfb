"""The answer to a code exercise: code that was typed goes in, the card of `check` comes out."""

from __future__ import annotations

import json
import types
from collections.abc import Callable
from typing import Any

import numpy as np

from lossbook.exercises import sandbox, session
from lossbook.exercises.cards import Card
from lossbook.exercises.found import exercises
from lossbook.exercises.kinds import Code
from lossbook.page.reading import as_it_was, executed, told

FILE = "<your answer>"
STOPPED = "Python stopped before there was a function to try:"


def judge(id: str, typed: str, say: Callable[[str], None]) -> str:
    """The card for what was typed, as JSON.

    Before every step that may never end or may end Python, `say` is told which cards to show if it does.
    """
    exercise = exercises()[id]
    assert isinstance(exercise, Code)

    def prepare(entries: list[Any]) -> None:
        cards = {ending: session.unfinished(exercise, entries, ending).card for ending in ENDINGS}
        packs = {ending: packed(exercise, card) for ending, card in cards.items()}
        say(json.dumps({"seconds": exercise.seconds, **packs}))

    with as_it_was():
        prepare([{}] * len(exercise.cases))  # reading it comes before any case
        answer = read(exercise, typed)
        if isinstance(answer, Card):
            return json.dumps(packed(exercise, answer))
        prepare([])
        sandbox.heard = prepare
        try:
            card = session.check(id, answer).card
            if card.status == session.BLANK and exercise.starter is None:
                card = _card(
                    session.BLANK, [f"Write the body of `{exercise.reference.__name__}`, and return its result."]
                )
            return json.dumps(packed(exercise, card))
        finally:
            sandbox.heard = None


ENDINGS = (sandbox.TIMEOUT, sandbox.CRASH)


def read(exercise: Code, typed: str) -> Any:
    """The function that was typed: the one of the exercise's name, or the only one. Else a card that says why not."""
    name = (exercise.starter or exercise.reference).__name__
    space: dict[str, Any] = {"np": np, "__name__": "__main__"}
    try:
        with sandbox.quiet():
            executed(typed, FILE, space)
    except BaseException as problem:
        return _card(session.UNREAD, [STOPPED], told(problem, FILE))
    made = [
        value for value in space.values() if isinstance(value, types.FunctionType) and value.__module__ == "__main__"
    ]
    if callable(space.get(name)):
        return space[name]
    if len(made) == 1:
        return made[0]
    if not typed.strip():
        return _card(session.BLANK, [f"Write the function `{name}`."])
    return _card(session.UNREAD, [f"There is no function called `{name}` in what you wrote."])


def _card(status: str, messages: list[str], code: str = "") -> Card:
    return Card(session.HEADINGS[status], status, messages, code=code)


def packed(exercise: Code, card: Card) -> dict[str, Any]:
    """A card as plain data. A known mistake's hint stands in the page, set with its formulas: here it is its number."""
    known = {mistake.hint: index for index, mistake in enumerate(exercise.mistakes)}
    return {
        "heading": session.HEADINGS[card.status],
        "status": card.status,
        "messages": [known.get(message, message) for message in card.messages],
        "rows": list(card.rows),
        "code": card.code,
    }
