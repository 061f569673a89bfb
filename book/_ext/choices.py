"""Which loss? The questions of `which-loss.yml`, their answers, and the losses in which each path ends."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

SOURCE = Path(__file__).resolve().parents[1] / "which-loss.yml"


@dataclass(frozen=True, kw_only=True)
class Pick:
    """A loss in which a path ends: a reason, perhaps a catch, where it is seen, and the checks of both sentences."""

    loss: str
    why: str
    but: str = ""
    see: str
    link: str = ""
    by: tuple[str, ...]


@dataclass(frozen=True)
class Answer:
    """One answer to a question. `key` stands in the address of the page; the path goes on or ends."""

    key: str
    text: str
    then: Question | tuple[Pick, ...]


@dataclass(frozen=True)
class Question:
    text: str
    answers: tuple[Answer, ...]


@dataclass(frozen=True)
class LeftOut:
    """A loss that no path ends in, with the reason, a claim as above, and the loss to take instead."""

    loss: str
    why: str
    instead: str
    by: tuple[str, ...]


def paths(question: Question, here: tuple[Answer, ...] = ()) -> Iterator[tuple[Answer, ...]]:
    """Every way through the questions, as the answers that it gives."""
    for answer in question.answers:
        if isinstance(answer.then, Question):
            yield from paths(answer.then, (*here, answer))
        else:
            yield (*here, answer)


def picks(question: Question) -> Iterator[Pick]:
    """The losses at the ends, as often as a path ends in them."""
    for *_, last in paths(question):
        yield from last.then  # type: ignore[misc]


def among(question: Question, losses: Iterable[str]) -> Question:
    """The questions of a book that has these losses alone: an answer that leads to none of them goes."""
    kept, losses = [], set(losses)
    for answer in question.answers:
        if isinstance(answer.then, Question):
            then: Question | tuple[Pick, ...] = among(answer.then, losses)
            there = bool(then.answers)  # type: ignore[union-attr]
        else:
            then = tuple(pick for pick in answer.then if pick.loss in losses)
            there = bool(then)
        if there:
            kept.append(Answer(answer.key, answer.text, then))
    return Question(question.text, tuple(kept))


def _question(data: dict[str, Any]) -> Question:
    return Question(data["question"], tuple(_answer(answer) for answer in data["answers"]))


def _answer(data: dict[str, Any]) -> Answer:
    ends = tuple(Pick(**{**pick, "by": tuple(pick["by"])}) for pick in data.get("losses", ()))
    return Answer(data["key"], data["text"], ends or _question(data))


_DATA = yaml.safe_load(SOURCE.read_text(encoding="utf-8"))
QUESTIONS = _question(_DATA)
LEFT_OUT = tuple(LeftOut(**{**one, "by": tuple(one["by"])}) for one in _DATA["left_out"])
"""Losses that belong to no path. The page lists by itself, without a reason, one that is neither here nor at an end: a
new loss need not be placed at once."""
