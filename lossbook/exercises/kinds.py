r"""The kinds of exercise. An author writes one module-level object per exercise in `lossbook/exercises/<chapter>.py`.

The statement stands in the chapter, inside a `{question}` directive that names the id; everything else stands here.
Texts (options, feedback, hints, solution) are MyST with `$…$` maths, so write raw strings. One example of each kind:

>>> Numeric(
...     "demo-squared-error",
...     "Squared error of one prediction",
...     answer=(5 - 3) ** 2,  # compute it, with a lossbook function where there is one
...     mistakes=[
...         Mistake(2, r"That is the residual $e$; the loss is its square."),
...         Mistake(2**2 / 2, r"A factor ½ has slipped in: the squared error is $e^2$."),
...     ],
...     hints=[r"The residual is $e = y - \hat y$.", r"Square it."],
...     solution=r"$e = 5 - 3 = 2$, so the loss is $e^2 = 4$.",
... ).title
'Squared error of one prediction'

>>> Choice(
...     "demo-minimiser",
...     "What squared error estimates",
...     options=[
...         Option("the median", "The median minimises the *absolute* error."),
...         Option("the mean", r"Set $\sum_i (c - y_i) = 0$ and solve for $c$.", right=True),
...     ],
...     solution="The mean.",
... ).several
False

>>> Order(
...     "demo-likelihood",
...     "From likelihood to loss",
...     steps={"product": "Write the product.", "log": "Take the logarithm.", "minus": "Change the sign."},
...     mistakes=[Mistake(("minus", "log"), "The sign of the *logarithm* changes, so the logarithm comes first.")],
...     solution="Product, logarithm, sign.",
... ).accepted
(('product', 'log', 'minus'),)

>>> def squared(prediction, target):
...     "One squared error per example."
...     return (target - prediction) ** 2
>>> Code(
...     "demo-code",
...     "Write the squared error",
...     reference=squared,  # a plain `def`: its source is the solution, its signature and docstring are the starter
...     cases=[case(1.0, 3.0), case([0.0, 1.0], [2.0, 5.0])],
...     mistakes=[Mistake(lambda prediction, target: abs(target - prediction), "Square the residual.")],
...     hints=["Start from the residual."],
... ).kind
'code'

>>> Paper("demo-paper", "Derive the mean", solution="Differentiate, set to zero, solve.", hints=["Differentiate."]).kind
'paper'
"""

from __future__ import annotations

import ast
import inspect
import math
import random
import textwrap
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from string import ascii_lowercase
from typing import Any, ClassVar

import numpy as np


@dataclass(frozen=True)
class Mistake:
    """A known mistake and the hint a good teacher gives.

    `wrong` is a function for `Code` (the wrong variant), a number for `Numeric`, and for `Order` names of steps that
    stand in the wrong order: ("minus", "log") means that "minus" was put somewhere before "log". The first mistake
    of an exercise that fits is the one reported.
    """

    wrong: Any
    hint: str
    tolerance: float | None = field(default=None, kw_only=True)  # of a number; see `Numeric.reach`


@dataclass(frozen=True)
class Option:
    """One option of a `Choice` and what is said to someone who chooses it, wrong or right."""

    text: str
    feedback: str
    right: bool = False


@dataclass(frozen=True)
class Case:
    """Arguments of one call; write it `case(prediction, target, delta=2.0)`. Lists of numbers arrive as arrays."""

    arguments: tuple[Any, ...]
    keywords: Mapping[str, Any]

    @property
    def size(self) -> int:
        """How many numbers a reader has to look at."""
        return sum(np.size(value) for value in (*self.arguments, *self.keywords.values()))

    def __str__(self) -> str:
        shown = [picture(value) for value in self.arguments]
        return ", ".join(shown + [f"{name}={picture(value)}" for name, value in self.keywords.items()])


def case(*arguments: Any, **keywords: Any) -> Case:
    """One call on which answers are judged. Lists become arrays, so that an answer may compute with them."""
    return Case(tuple(map(_array, arguments)), {name: _array(value) for name, value in keywords.items()})


def _array(value: Any) -> Any:
    return np.array(value) if isinstance(value, list) else value


def picture(value: Any) -> str:
    """A value as a learner would type it, cut short; never raises."""
    try:
        if isinstance(value, np.ndarray | np.generic):
            text = np.array2string(np.asarray(value), separator=", ", threshold=12, precision=6)
        else:
            text = repr(value)
    except BaseException as problem:
        text = f"<{type(value).__name__} whose repr raises {type(problem).__name__}>"
    text = " ".join(text.split())
    return text if len(text) <= 120 else f"{text[:117]}…"


@dataclass(frozen=True)
class Exercise:
    """What all kinds share. `id` is unique in the book and names the chapter: "regression-huber-at-two"."""

    kind: ClassVar[str] = ""
    task: ClassVar[str] = ""  # what the reader is asked to do, in a few words

    id: str
    title: str
    hints: Sequence[str] = field(default=(), kw_only=True)
    solution: str = field(default="", kw_only=True)

    @property
    def code(self) -> str:
        """Python source that belongs to the solution, taken from the function that the tests execute."""
        return ""


# What an answer in nats or in bits is multiplied with by somebody who takes the logarithm to another base.
OTHER_BASES = {
    "nats": {"bits": 1 / math.log(2), "ten": 1 / math.log(10)},
    "bits": {"nats": math.log(2), "ten": math.log10(2)},
}


@dataclass(frozen=True)
class Numeric(Exercise):
    """A number. Right within `tolerance` (absolute; by default half a percent of the answer, 1e-3 for the answer 0).

    `answer` may be a function without arguments: then its source is shown as the worked solution. Slips that can happen
    to any number are heard without being written down (`slips`): a sign, a factor 2, per cent, and in an exercise whose
    unit is nats or bits the other bases of the logarithm. A `Mistake` of the same number goes before.
    """

    kind: ClassVar[str] = "numeric"
    task: ClassVar[str] = "a number"

    answer: float | Callable[[], float] = field(kw_only=True)
    tolerance: float | None = field(default=None, kw_only=True)
    unit: str = field(default="", kw_only=True)
    mistakes: Sequence[Mistake] = field(default=(), kw_only=True)

    @property
    def value(self) -> float:
        return float(self.answer() if callable(self.answer) else self.answer)

    @property
    def margin(self) -> float:
        return self.tolerance if self.tolerance is not None else abs(self.value) * 0.005 or 1e-3

    def reach(self, mistake: Mistake) -> float:
        """How far from a mistake's number its hint is given.

        The mistake's `tolerance`; by default half a percent of its number, or what rounding it to two digits takes, and
        never more than halfway to what is accepted or to another mistake.
        """
        if mistake.tolerance is not None:
            return mistake.tolerance
        wrong = float(mistake.wrong)
        own = max(abs(wrong) * 0.005, abs(wrong - float(f"{wrong:.1e}"))) or self.margin
        others = [abs(wrong - other.wrong) for other in self.mistakes if other.wrong != mistake.wrong]
        return min([own, (abs(wrong - self.value) - self.margin) / 2, *(distance / 2 for distance in others)])

    @property
    def slips(self) -> dict[str, float]:
        """Numbers that a slip makes of the answer, whatever is asked, by the key of the text that says so."""
        found = {"sign": -self.value}
        if abs(self.value) <= 1:
            found["percent"] = 100 * self.value
        if self.unit in OTHER_BASES:
            found |= {key: factor * self.value for key, factor in OTHER_BASES[self.unit].items()}
        found |= {"double": 2 * self.value, "half": self.value / 2, "square": self.value**2}
        if self.value > 0:
            found["root"] = math.sqrt(self.value)
        if 0 < self.value < 1 and not self.unit:
            found["rest"] = 1 - self.value
        if self.value:
            found["inverse"] = 1 / self.value
        return {
            key: slip for key, slip in found.items() if abs(slip - self.value) > self.margin + self.slip_margin(slip)
        }

    def slip_margin(self, slip: float) -> float:
        """Within which a slip is heard: the answer's own margin, in proportion."""
        return abs(slip / self.value) * self.margin if self.value else 0.0

    @property
    def code(self) -> str:
        return source(self.answer) if callable(self.answer) else ""


@dataclass(frozen=True)
class Choice(Exercise):
    """One right option, or several (then the reader chooses all that are right). Options are called a, b, c, …"""

    kind: ClassVar[str] = "choice"

    options: Sequence[Option] = field(kw_only=True)

    @property
    def several(self) -> bool:
        return sum(option.right for option in self.options) != 1

    @property
    def task(self) -> str:  # type: ignore[override]
        return "choose all that are right" if self.several else "choose one"

    @property
    def named(self) -> dict[str, Option]:
        return dict(zip(ascii_lowercase, self.options, strict=False))


@dataclass(frozen=True)
class Order(Exercise):
    """Steps to put in order: `steps` has them in the right order by short names, `also` lists further right orders."""

    kind: ClassVar[str] = "order"
    task: ClassVar[str] = "put in order"

    steps: Mapping[str, str] = field(kw_only=True)
    also: Sequence[Sequence[str]] = field(default=(), kw_only=True)
    mistakes: Sequence[Mistake] = field(default=(), kw_only=True)

    @property
    def accepted(self) -> tuple[tuple[str, ...], ...]:
        return (tuple(self.steps), *map(tuple, self.also))

    @property
    def shuffled(self) -> dict[str, str]:
        """Names of the steps as they are offered, by letter: one shuffle for all readers, never a right order."""
        names, shuffle = list(self.steps), random.Random(self.id)
        while tuple(names) in self.accepted:
            shuffle.shuffle(names)
        return dict(zip(ascii_lowercase, names, strict=False))


@dataclass(frozen=True)
class Code(Exercise):
    """A function, judged on `cases` against `reference`.

    The reference is a plain `def` in the chapter's module: its source is the solution; its signature and docstring,
    with `raise NotImplementedError` for a body, are the starter. To let readers repair something, give the broken
    function as `starter`: handing it in unchanged counts as not attempted. `equals` names the lossbook function that
    the reference must agree with on every case (a test holds them together). If the reference raises, the answer has
    to raise the same.
    Cases must tell the mistakes apart: tests prove that each one gets its own hint.
    """

    kind: ClassVar[str] = "code"
    task: ClassVar[str] = "write a function"

    reference: Callable[..., Any] = field(kw_only=True)
    cases: Sequence[Case] = field(kw_only=True)
    mistakes: Sequence[Mistake] = field(default=(), kw_only=True)
    starter: Callable[..., Any] | None = field(default=None, kw_only=True)
    equals: Callable[..., Any] | None = field(default=None, kw_only=True)
    tolerance: float = field(default=1e-6, kw_only=True)
    seconds: float = field(default=2.0, kw_only=True)

    @property
    def code(self) -> str:
        return source(self.reference)

    @property
    def starter_code(self) -> str:
        return source(self.starter) if self.starter else stub(self.code)


@dataclass(frozen=True)
class Paper(Exercise):
    """A derivation on paper with a worked solution to compare with (a number to check at the end: use `Numeric`)."""

    kind: ClassVar[str] = "paper"
    task: ClassVar[str] = "on paper"


def guarded(loss: Callable[..., Any], hint: str) -> list[Mistake]:
    """A loss of probabilities whose `log` adds a tiny number to them."""

    def added(tiny: float) -> Callable[..., Any]:
        return lambda *given, **named: loss(*given, log=lambda p: np.log(p + tiny), **named)

    sizes = 1e-15, 1e-12, 1e-10, 1e-9, 1e-8, 1e-7
    return [Mistake(added(tiny), hint.format(f"With {tiny:g} added or in its place")) for tiny in sizes]


def source(function: Callable[..., Any]) -> str:
    """The source of a function, as the book prints it."""
    return textwrap.dedent(inspect.getsource(function)).strip()


def stub(text: str) -> str:
    """The function in `text` with its signature and docstring and nothing else."""
    function = ast.parse(text).body[0]
    assert isinstance(function, ast.FunctionDef)
    documented = ast.get_docstring(function) is not None
    end = function.body[0].end_lineno if documented else function.body[0].lineno - 1
    assert end is not None
    return "\n".join([*text.splitlines()[:end], "    raise NotImplementedError  # your turn"])


def detached(value: Any) -> Any:
    """A tensor that autograd follows without its history, which NumPy would refuse; anything else as it is."""
    return value.detach() if getattr(value, "requires_grad", False) is True else value


def close(left: float, right: float, margin: float) -> bool:
    """Whether two numbers agree within `margin`; NaN agrees with nothing. The page's script does the same."""
    return math.isfinite(left) and abs(left - right) <= margin * (1 + 1e-9)
