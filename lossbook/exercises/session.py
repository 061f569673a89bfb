"""What a learner calls in a notebook: `ask`, `check`, `hint` and `progress`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from lossbook.exercises import sandbox, trial
from lossbook.exercises.cards import Card
from lossbook.exercises.found import chapters, closest, exercises
from lossbook.exercises.kinds import Choice, Code, Exercise, Numeric, Order, Paper, close, picture
from lossbook.exercises.reading import TEXTS, read

RIGHT, WRONG, BLANK, UNREAD, UNKNOWN = "right", "wrong", "not attempted", "not read", "unknown"
HEADINGS = {RIGHT: "✓ Right", WRONG: "✗ Not yet", BLANK: "– Not attempted", UNREAD: "– Not read"}
HEADINGS |= {UNKNOWN: "? No such exercise"}
JUDGED = (RIGHT, WRONG)  # what counts as an answer; what cannot be read is none
NEAR = 10  # margins from the answer: an answer rounded too much, or a small slip
SECONDS = 2.0  # to find out what an answer is that is not a function
PLAIN = (int, float, str, bool, type(None), type(...))
ENDINGS = {
    sandbox.TIMEOUT: "It had not finished after {:g} seconds. Is there a loop that never ends?",
    sandbox.CRASH: "It ended Python itself: a crash, or a call such as `os._exit`.",
    sandbox.NOT_SENT: "It could not be copied into a Python of its own, where answers are tried. Does it use something "
    "from outside itself that cannot be copied, such as an open file, a lock or a generator?",
}
FAIL = ("case", "expected", "received")


@dataclass
class Result:
    """What came of an answer: sentences in MyST, and the smallest case that failed where one did."""

    id: str
    status: str
    messages: Sequence[str] = ()
    case: str = ""
    expected: str = ""
    received: str = ""

    @property
    def right(self) -> bool:
        return self.status == RIGHT

    def __bool__(self) -> bool:
        return self.right

    @property
    def card(self) -> Card:
        rows = [(name, getattr(self, name)) for name in FAIL if getattr(self, name)]
        return Card(f"{HEADINGS[self.status]} · {self.id}", self.status, self.messages, rows)

    def __repr__(self) -> str:
        return self.card.text

    def _repr_html_(self) -> str:
        return self.card.html


@dataclass
class Record:
    """What one learner has done with one exercise in this session."""

    answers: int = 0
    right: bool = False
    hints: int = 0


SESSION: dict[str, Record] = {}


def check(id: str, answer: Any = None) -> Result:
    """Judge `answer` to the exercise called `id`; never raises, whatever the answer is or does.

    Hand in a number ("1/2", "20%" and "sqrt(21)" will do), the letter or letters of a choice, the letters of an order
    ("bca"), or the function that you wrote, itself, without calling it.
    """
    try:
        exercise = _find(id)
        if isinstance(exercise, Result):
            return exercise
        result = _judge(exercise, answer)
        if result.status in JUDGED:
            record = SESSION.setdefault(exercise.id, Record())
            record.answers += 1
            record.right |= result.right
        return result
    except KeyboardInterrupt:  # the learner's own
        raise
    except BaseException as problem:  # a fault of ours: say so rather than stop the learner's notebook
        text = f"The checker itself failed ({type(problem).__name__}: {trial.told(problem)}). Please report it."
        return Result(picture(id), WRONG, [text])


def _find(id: Any) -> Exercise | Result:
    name = str.__str__(id).strip() if isinstance(id, str) else ""
    if name in exercises():
        return exercises()[name]
    near = closest(name) if name else []
    here = 'The id stands in the question: `check("the-id", your_answer)`.'
    advice = f"Did you mean {' or '.join(near)}?" if near else here
    return Result(picture(id), UNKNOWN, [f"There is no exercise called {picture(id)}. {advice}"])


def _judge(exercise: Exercise, answer: Any) -> Result:
    if isinstance(exercise, Code):
        return _judge_function(exercise, answer)
    if answer is None or answer is Ellipsis or (type(answer) is str and not answer.strip()):
        return Result(exercise.id, BLANK, [_how(exercise)])
    if isinstance(exercise, Paper):
        return _judge_paper(exercise, answer)
    value, problem = _read_safely(exercise, answer)
    if problem:
        return Result(exercise.id, UNREAD, [problem])
    if not isinstance(exercise, Numeric) and not value:
        return Result(exercise.id, BLANK, [_how(exercise)])
    right, messages = verdict(exercise, value)
    return Result(exercise.id, RIGHT if right else WRONG, messages)


def _judge_paper(exercise: Paper, answer: Any) -> Result:
    if type(answer) is str and answer.strip().lower() == "done":
        return Result(exercise.id, RIGHT, [TEXTS["done"]])
    return Result(exercise.id, UNREAD, [f"Nobody but you can judge this one. {_how(exercise)}"])


def _read_safely(exercise: Exercise, answer: Any) -> tuple[Any, str]:
    """Read an answer; anything but a plain value is read in the sandbox, for its methods may do what they like."""
    if type(answer) in PLAIN:
        return read(exercise, answer)
    reports, ending = sandbox.confined(lambda report, _: report(read(exercise, answer)), SECONDS)
    if not reports:
        what = "took too long to look at" if ending == sandbox.TIMEOUT else "could not be looked at"
        return None, f"What was handed in (a {type(answer).__name__}) {what}."
    value, problem = reports[0]
    return value, problem


def verdict(exercise: Exercise, value: Any) -> tuple[bool, list[str]]:
    """Whether a number, or the letters of a choice or an order, are right, and what to say.

    `book/_static/question.js` judges by the same rules and the same texts; a test holds them together.
    """
    if isinstance(exercise, Numeric):
        return _verdict_number(exercise, value)
    if isinstance(exercise, Choice):
        return _verdict_choice(exercise, set(value))
    assert isinstance(exercise, Order)
    return _verdict_order(exercise, value)


def _verdict_number(exercise: Numeric, value: float) -> tuple[bool, list[str]]:
    if close(value, exercise.value, exercise.margin):
        return True, [TEXTS["right"]]
    for mistake in exercise.mistakes:
        if close(value, mistake.wrong, exercise.reach(mistake)):
            return False, [mistake.hint]
    for key, slip in exercise.slips.items():
        if close(value, slip, exercise.slip_margin(slip)):
            return False, [TEXTS[key]]
    return False, [TEXTS["near" if close(value, exercise.value, NEAR * exercise.margin) else "number"]]


def _verdict_choice(exercise: Choice, letters: set[str]) -> tuple[bool, list[str]]:
    right = {letter for letter, option in exercise.named.items() if option.right}
    wrong = [option.feedback for letter, option in exercise.named.items() if letter in letters - right]
    if wrong:
        return False, wrong
    if letters != right:
        return False, [TEXTS["more"]]
    return True, [option.feedback for letter, option in exercise.named.items() if letter in right]


def _verdict_order(exercise: Order, letters: Sequence[str]) -> tuple[bool, list[str]]:
    if sorted(letters) != list(exercise.shuffled):
        return False, [TEXTS["once"]]
    names = [exercise.shuffled[letter] for letter in letters]
    if tuple(names) in exercise.accepted:
        return True, [TEXTS["right"]]
    for mistake in exercise.mistakes:
        places = [names.index(name) for name in mistake.wrong]
        if places == sorted(places):
            return False, [mistake.hint]
    prefix = max(_common(names, order) for order in exercise.accepted)
    return False, [TEXTS["prefix"].format(piece=prefix) if prefix else TEXTS["start"]]


def _common(names: Sequence[str], order: Sequence[str]) -> int:
    return next((index for index, pair in enumerate(zip(names, order, strict=True)) if pair[0] != pair[1]), len(names))


# ── Functions ────────────────────────────────────────────────────────────────────────────────────────────────────────


def _judge_function(exercise: Code, answer: Any) -> Result:
    if answer is None or answer is Ellipsis:
        return Result(exercise.id, BLANK, [_how(exercise)])
    if not callable(answer):
        text = f"{_how(exercise)} This is a {type(answer).__name__}: hand in the function itself, without calling it."
        return Result(exercise.id, UNREAD, [text])
    outcomes = trial.expected(exercise)

    def work(report: sandbox.Report, noise: sandbox.Noise) -> None:
        for entry in trial.trials(exercise, answer, outcomes, noise):
            report(entry)

    entries, ending = sandbox.confined(work, exercise.seconds)
    result = _sum_up(exercise, entries, ending, outcomes)
    result.messages = [*result.messages, *_remarks(entries)]
    return result


def _sum_up(exercise: Code, entries: list[dict[str, Any]], ending: str, outcomes: list[list[trial.Outcome]]) -> Result:
    cases, wrong = trial.ordered(exercise), Result(exercise.id, WRONG)
    if ending != sandbox.DONE and len(entries) < len(cases):
        return unfinished(exercise, entries, ending)
    if all((entry["starter"] or entry["empty"]) and not entry["agrees"][0] for entry in entries):
        return _nothing_returned(exercise, entries)
    agreeing = [all(column) for column in zip(*(entry["agrees"] for entry in entries), strict=True)]
    if agreeing[0]:
        return _right_numbers(exercise, entries)
    for mistake, agrees in zip(exercise.mistakes, agreeing[1:], strict=False):
        if agrees:
            wrong.messages = [mistake.hint]
            return wrong
    if exercise.starter and agreeing[-1]:
        return Result(
            exercise.id, BLANK, ["It still does what the function you were given does: it waits for its repair."]
        )
    index = next(index for index, entry in enumerate(entries) if not entry["agrees"][0])
    entry, wanted = entries[index], outcomes[index][0]
    wrong.messages = [f"In the smallest case that fails, {entry['difference']}."]
    wrong.case, wrong.received = str(cases[index]), entry["received"]
    wrong.expected = f"{type(wanted.raised).__name__}" if wanted.raised else picture(wanted.value)
    return wrong


def unfinished(exercise: Code, entries: list[dict[str, Any]], ending: str) -> Result:
    """What to say of a function that gave these entries and then ended so."""
    case = "".join(map(str, trial.ordered(exercise)[len(entries) :][:1]))
    return Result(exercise.id, WRONG, [ENDINGS[ending].format(exercise.seconds)], case=case)


def _nothing_returned(exercise: Code, entries: list[dict[str, Any]]) -> Result:
    if any(entry["printed"] for entry in entries):
        return Result(exercise.id, WRONG, ["It prints, but it returns nothing: end it with `return`."])
    text = "Your function returns nothing yet: write its body, and end it with `return`."
    return Result(exercise.id, BLANK, [text if entries[0]["empty"] else _how(exercise)])


def _right_numbers(exercise: Code, entries: list[dict[str, Any]]) -> Result:
    changed = sorted({name for entry in entries for name in entry["changed"]})
    if not changed:
        return Result(exercise.id, RIGHT, [TEXTS["right"]])
    text = f"What it returns is right, but it changes its argument {' and '.join(changed)} in place."
    return Result(exercise.id, WRONG, [f"{text} Its caller needs it: write `a = a - b`, not `a -= b`, or copy first."])


def _remarks(entries: list[dict[str, Any]]) -> list[str]:
    """What else was noticed: print-outs and warnings."""
    printed = next((entry["printed"] for entry in entries if entry["printed"]), "")
    warned = next((entry["warned"][0] for entry in entries if entry["warned"]), "")
    changed = any(entry["changed"] for entry in entries) and not all(entry["agrees"][0] for entry in entries)
    remarks = [f"It printed: `{' '.join(printed.split())}`"] if printed else []
    remarks += [f"Python warned: `{warned}`"] if warned else []
    return remarks + (["It also changes its arguments in place."] if changed else [])


# ── Questions, hints, progress ───────────────────────────────────────────────────────────────────────────────────────


def _how(exercise: Exercise) -> str:
    """How an answer to this exercise is handed in."""
    example, what = {
        "numeric": ("0.5", "a number"),
        "choice": ('"a"', 'a letter, or several as in ["a", "c"]'),
        "order": ('"bca…"', "the letters in the right order"),
        "code": ("your_function", "the function itself"),
        "paper": ('"done"', "this word, once you have compared yours with the solution in the book"),
    }[exercise.kind]
    return f'Hand in {what}: `check("{exercise.id}", {example})`.'


def ask(id: str) -> Card:
    """Show what the exercise offers: the options of a choice, the steps to put in order, the starter of a function."""
    exercise = _find(id)
    if isinstance(exercise, Result):
        return exercise.card
    rows: list[tuple[str, str]] = []
    if isinstance(exercise, Choice):
        rows = [(letter, option.text) for letter, option in exercise.named.items()]
    if isinstance(exercise, Order):
        rows = [(letter, exercise.steps[name]) for letter, name in exercise.shuffled.items()]
    code = exercise.starter_code if isinstance(exercise, Code) else ""
    return Card(f"{exercise.title} ({exercise.task})", "asked", [_how(exercise)], rows, code)


def hint(id: str) -> Card:
    """The next hint for an exercise; each call gives one more."""
    exercise = _find(id)
    if isinstance(exercise, Result):
        return exercise.card
    record = SESSION.setdefault(exercise.id, Record())
    if record.hints >= len(exercise.hints):
        text = "There are no more hints" if exercise.hints else "There are no hints for this one"
        text += ": the solution is folded under the question in the book."
        return Card(f"Hints · {exercise.id}", "asked", [text])
    record.hints += 1
    heading = f"Hint {record.hints} of {len(exercise.hints)} · {exercise.id}"
    return Card(heading, "asked", [exercise.hints[record.hints - 1]])


@dataclass
class Progress:
    """What this learner has done in this session, chapter by chapter."""

    records: dict[str, Record] = field(default_factory=dict)

    @property
    def cards(self) -> list[Card]:
        cards = []
        for chapter, members in chapters().items():
            rows = [(member.title, _line(self.records[id])) for id, member in members.items() if id in self.records]
            right = sum(self.records[id].right for id in members if id in self.records)
            if rows:
                cards.append(Card(f"{chapter}: {right} of {len(members)} right", "asked", [], rows))
        nothing = 'Nothing yet. Start with any question: `check("its-id", your_answer)`.'
        return cards or [Card("Progress", "asked", [nothing])]

    def __repr__(self) -> str:
        return "\n\n".join(card.text for card in self.cards)

    def _repr_html_(self) -> str:
        return "".join(card.html for card in self.cards)


def _line(record: Record) -> str:
    answers = f"{record.answers} answer{'s' * (record.answers != 1)}"
    hints = f", {record.hints} hint{'s' * (record.hints != 1)}" if record.hints else ""
    return f"{'✓ right' if record.right else '✗ not yet' if record.answers else '– not attempted'} ({answers}{hints})"


def progress() -> Progress:
    """What has been done in this notebook since it was started."""
    return Progress(dict(SESSION))
