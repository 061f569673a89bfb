r"""Reads the LaTeX of a loss record as a formula that can be evaluated: the printed formula becomes the checked one.

A small recursive-descent reader of the LaTeX that the records use, and strict on purpose: a command, symbol or index
it does not know, a token left over, or a juxtaposition that people read in two ways (`\log a b`) is a `LatexError`;
nothing is skipped. `e` is the residual, never Euler's number, and `\log` is natural.

>>> float(read(r"\frac{1}{2} e^2", {"e"})({"e": 3.0}))
4.5
>>> float(read(r"-\sum_{k=1}^{K} p_k \log p_k", {"p", "K"})({"p": [0.5, 0.5], "K": 2}).round(6))
0.693147
"""

from __future__ import annotations

import operator
import re
from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import contextmanager
from functools import reduce
from typing import Any

import numpy as np
from scipy import special

Scope = Mapping[str, Any]
Node = Callable[[Scope], Any]


class LatexError(ValueError):
    """The formula cannot be read, or not in one way only."""


TOKEN = re.compile(r"\\[A-Za-z]+|\\\\|\\[,;:!{}|]|\d+(?:\.\d+)?|[A-Za-z]|[-+*/^_{}()\[\]|!&=<>,.]")
SPACING = {r"\,", r"\;", r"\:", r"\!", r"\quad", r"\qquad", r"\left", r"\right", r"\bigl", r"\bigr", r"\Bigl", r"\Bigr"}
ACCENTS = {r"\hat", r"\bar", r"\tilde", r"\widehat"}
GREEK = set(
    re.findall(
        r"\\\w+",
        r"\alpha \beta \gamma \delta \epsilon \varepsilon \zeta \eta \theta \vartheta \kappa \lambda \mu \nu \xi \rho"
        r" \sigma \tau \phi \varphi \chi \psi \omega \Delta \Lambda \Sigma \Phi \Psi \Omega \ell",
    )
)
FUNCTIONS: dict[str, Callable[..., Any]] = {
    r"\log": np.log,
    r"\ln": np.log,
    r"\exp": np.exp,
    r"\cosh": np.cosh,
    r"\sinh": np.sinh,
    r"\tanh": np.tanh,
    r"\cos": lambda *angle_or_vectors: _cosine(*angle_or_vectors),
    r"\sin": np.sin,
    r"\Gamma": special.gamma,
    "sign": np.sign,
    "erf": special.erf,
    "softplus": lambda x: np.logaddexp(0, x),
    "sigmoid": special.expit,
    "digamma": special.digamma,
    "B": special.beta,
    r"\max": lambda *values: np.max(values),
    r"\min": lambda *values: np.min(values),
    "I_0": special.i0,
    "I_1": special.i1,
}
RELATIONS = {
    "=": operator.eq,
    "<": operator.lt,
    ">": operator.gt,
    r"\le": operator.le,
    r"\leq": operator.le,
    r"\ge": operator.ge,
    r"\geq": operator.ge,
    r"\ne": operator.ne,
    r"\neq": operator.ne,
}


def read(latex: str, symbols: Collection[str], free: Collection[str] = ()) -> Callable[[Scope], Any]:
    r"""The formula as a function of a mapping from symbol to number, or to a vector where the formula indexes it.

    `symbols` are all it may use, written as in the records (`\hat y`, `\sigma_p`); a subscript that is no part of a
    symbol is an index. `free` are index letters that the caller binds: counted from 0, under the key `"#k"`.
    """
    reader = _Reader(latex, {canonical(symbol) for symbol in symbols}, set(free))
    node = reader.expression()
    if reader.token is not None:
        raise reader.error(f"{reader.token!r} is left over")

    def formula(scope: Scope) -> Any:
        with np.errstate(all="ignore"):
            return node({key if key.startswith("#") else canonical(key): value for key, value in scope.items()})

    return formula


def free_indices(latex: str, symbols: Collection[str]) -> set[str]:
    """The index letters that no sum binds, so that the formula is one component of a vector."""
    reader = _Reader(latex, {canonical(symbol) for symbol in symbols}, None)
    reader.expression()
    return reader.unbound


def canonical(symbol: str) -> str:
    r"""One spelling per symbol: `\hat y` and `\hat{y}`, `\sigma_q` and `\sigma_{q}`."""
    return re.sub(r"[\s{}]", "", symbol)


class _Reader:
    """One pass over the tokens; every method reads one construct and returns a function of the scope."""

    def __init__(self, latex: str, symbols: set[str], free: set[str] | None) -> None:
        self.latex, self.symbols, self.bound, self.collect = latex, symbols, set(free or ()), free is None
        self.unbound: set[str] = set()
        rest = TOKEN.sub("", latex).strip()
        if rest:
            raise self.error(f"unknown characters {rest!r}")
        self.tokens = [token for token in TOKEN.findall(latex) if token not in SPACING]
        self.position = self.bars = 0

    def error(self, problem: str) -> LatexError:
        return LatexError(f"{problem} in {self.latex}")

    @property
    def token(self) -> str | None:
        return self.tokens[self.position] if self.position < len(self.tokens) else None

    def take(self, expected: str | None = None) -> str:
        token = self.token
        if token is None or (expected is not None and token != expected):
            raise self.error(f"{expected or 'something more'!r} was expected, not {token!r},")
        self.position += 1
        return token

    def took(self, *tokens: str) -> bool:
        found = self.token in tokens
        self.position += found
        return found

    # ── Sums, products, powers ───────────────────────────────────────────────────────────────────────────────────────

    def expression(self) -> Node:
        node = self.term()
        while self.token in ("+", "-"):
            node = _binary(operator.add if self.take() == "+" else operator.sub, node, self.term())
        return node

    def term(self) -> Node:
        if self.took("+"):
            return self.term()
        if self.took("-"):
            inner = self.term()
            return lambda scope: -inner(scope)
        node = self.power()
        while self.starts_factor() or self.token in (r"\cdot", r"\times", "/"):
            if self.took("/"):
                node = _binary(operator.truediv, node, self.power())
                if self.starts_factor():
                    raise self.error("a factor after a/b is ambiguous")
            elif self.took(r"\cdot"):
                node = _binary(_dot, node, self.power())
            else:
                self.took(r"\times")
                node = _binary(operator.mul, node, self.power())
        return node

    def starts_factor(self) -> bool:
        token = self.token
        if (
            token is None
            or token in RELATIONS
            or token in (r"\\", r"\end", "&", r"\rVert", r"\cdot", r"\times", r"\}", r"\text")
        ):
            return False
        return (token == "|" and not self.bars) or token[0].isalnum() or token in "([{" or token[0] == "\\"

    def power(self) -> Node:
        node = self.atom()
        while self.took("!"):
            node = _apply(special.gamma, [_binary(operator.add, node, lambda scope: 1.0)])
        if self.took("^"):
            node = _binary(np.float_power, node, self.group_or_token())
            if self.token == "^":
                raise self.error("a double power")
        return node

    def group_or_token(self) -> Node:
        if self.token == "{":
            return self.group()
        if self.token is not None and self.token.isdigit() and len(self.token) > 1:
            raise self.error(f"{self.token!r} needs braces")
        return self.atom()

    def group(self, left: str = "{", right: str = "}") -> Node:
        self.take(left)
        with self.outside_bars():
            node = self.expression()
        self.take(right)
        return node

    @contextmanager
    def outside_bars(self) -> Iterator[None]:
        bars, self.bars = self.bars, 0
        yield
        self.bars = bars

    # ── Atoms ────────────────────────────────────────────────────────────────────────────────────────────────────────

    def atom(self) -> Node:
        token = self.token or ""
        constructs = {
            r"\frac": self.fraction,
            r"\tfrac": self.fraction,
            r"\sqrt": self.root,
            r"\sum": lambda: self.series(_plus),
            r"\prod": lambda: self.series(_times),
            r"\begin": self.cases,
            r"\operatorname": self.operator_name,
            r"\lVert": self.norm,
            "|": self.absolute,
            "[": self.bracket,
        }
        if token in constructs:
            self.take()
            return constructs[token]()
        for left, right in ("()", "{}"):
            if token == left:
                return self.group(left, right)
        if token[:1].isdigit():
            value = float(self.take())
            return lambda scope: value
        if token == r"\pi" and token not in self.symbols:
            self.take()
            return lambda scope: np.pi
        if token in FUNCTIONS and token not in self.symbols:
            return self.function(self.take())
        return self.symbol()

    def fraction(self) -> Node:
        return _binary(operator.truediv, self.group(), self.group())

    def root(self) -> Node:
        return _apply(np.sqrt, [self.group()])

    def absolute(self) -> Node:
        bars, self.bars = self.bars, 1
        inner = self.expression()
        self.take("|")
        self.bars = bars
        return _apply(np.abs, [inner])

    def norm(self) -> Node:
        inner = self.expression()
        self.take(r"\rVert")
        return lambda scope: np.linalg.norm(_vector(inner(scope)))

    def bracket(self) -> Node:
        """`[a + b]` is a parenthesis; `[k = y]` with a comparison is 1 where it holds and 0 elsewhere (Iverson)."""
        start = self.position
        with self.outside_bars():
            try:
                condition = self.condition()
            except LatexError:
                self.position = start
                inner = self.expression()
            else:
                inner = lambda scope: float(condition(scope))  # noqa: E731
        self.take("]")
        return inner

    def operator_name(self) -> Node:
        self.take("{")
        name = ""
        while self.token != "}":
            name += self.take()
        self.take("}")
        if name not in FUNCTIONS:
            raise self.error(f"unknown function {name!r}")
        return self.function(name)

    def function(self, name: str) -> Node:
        """A function of what its parentheses hold, or without them of exactly one factor."""
        if name == r"\max" and self.took("_"):
            return self.largest()
        exponent = self.group_or_token() if self.took("^") else None
        if self.token == "(":
            self.take()
            with self.outside_bars():
                arguments = [self.expression()]
                while self.took(","):
                    arguments.append(self.expression())
            self.take(")")
            if self.token == "^":
                raise self.error(f"a power after {name}(…) is ambiguous")
        else:
            arguments = [self.power()]
            if self.starts_factor():
                raise self.error(f"what {name} applies to is ambiguous: put it in parentheses")
        node = _apply(FUNCTIONS[name], arguments)
        return node if exponent is None else _binary(np.float_power, node, exponent)

    def symbol(self) -> Node:
        name = self.take()
        if name in ACCENTS:
            name += self.subscript()
        elif not (name.isalpha() or name in GREEK):
            raise self.error(f"{name!r} is not a symbol")
        subscript = self.subscript() if self.took("_") else ""
        if f"{name}_{subscript}" in FUNCTIONS:
            return self.function(f"{name}_{subscript}")
        if subscript and f"{name}_{subscript}" not in self.symbols:
            return self.indexed(name, subscript)
        full = f"{name}_{subscript}" if subscript else name
        if full not in self.symbols:
            raise self.error(f"unknown symbol {full!r}")
        return lambda scope: scope[full]

    def subscript(self) -> str:
        """One token or a braced run of tokens, as text."""
        if not self.took("{"):
            return self.take()
        name = ""
        while self.token != "}":
            name += self.take()
        self.take("}")
        return name

    def indexed(self, name: str, index: str) -> Node:
        if name not in self.symbols:
            raise self.error(f"unknown symbol {name!r}")
        if index in self.symbols:  # the label picks the entry
            return lambda scope: scope[name][int(scope[index])]
        if len(index) == 2 and index.isalpha():  # row and column
            for letter in index:
                if letter not in self.bound and not self.collect:
                    raise self.error(f"unknown index {letter!r}")
            self.unbound |= set(index) - self.bound
            return lambda scope: scope[name][scope[f"#{index[0]}"], scope[f"#{index[1]}"]]
        if index not in self.bound:
            if not self.collect:
                raise self.error(f"unknown index {index!r}")
            self.unbound.add(index)
        return lambda scope: scope[name][scope[f"#{index}"]]

    def series(self, join: Callable[[Any, Any], Any]) -> Node:
        """A sum or product over an index from 1; it reaches up to the next + or − outside brackets."""
        self.take("_")
        self.take("{")
        index = self.take()
        self.take("=")
        self.take("1")
        self.take("}")
        self.take("^")
        last = self.group_or_token()
        if index in self.bound or index in self.symbols:
            raise self.error(f"the index {index!r} has a meaning already")
        self.bound.add(index)
        body = self.term()
        self.bound.remove(index)
        return lambda scope: reduce(join, (body({**scope, f"#{index}": i}) for i in range(int(last(scope)))))

    def largest(self) -> Node:
        r"""`\max_k` of one factor, over k = 1, …, K."""
        index = self.take()
        if "K" not in self.symbols or index in self.bound or index in self.symbols:
            raise self.error(f"what {index!r} runs over is not said")
        self.bound.add(index)
        body = self.power()
        self.bound.remove(index)
        return lambda scope: max(body({**scope, f"#{index}": i}) for i in range(int(scope["K"])))

    # ── Cases ────────────────────────────────────────────────────────────────────────────────────────────────────────

    def cases(self) -> Node:
        self.environment()
        rows = [self.row()]
        while self.took(r"\\"):
            rows.append(self.row())
        self.take(r"\end")
        self.environment()

        def choose(scope: Scope) -> Any:
            values = [node(scope) for node, condition in rows if condition(scope)]
            if len(values) != 1:
                return np.nan if not values else values[0]
            return values[0]

        return choose

    def environment(self) -> None:
        if self.subscript() != "cases":
            raise self.error("an unknown environment")

    def row(self) -> tuple[Node, Node]:
        with self.outside_bars():
            node = self.expression()
            self.take("&")
            if self.took(r"\text"):
                if self.subscript() != "otherwise":
                    raise self.error("an unknown condition")
                return node, lambda scope: True
            return node, self.condition()

    def condition(self) -> Node:
        """A comparison or a chain of them, 0 < e \\le 1, or several with commas."""
        sides, relations = [self.side()], []
        while self.token in RELATIONS:
            relations.append(RELATIONS[self.take()])
            sides.append(self.side())
        if not relations:
            raise self.error("a condition without a comparison")
        more = self.condition() if self.took(",") else None

        def holds(scope: Scope) -> bool:
            values = [side(scope) for side in sides]
            chain = all(test(a, b) for test, a, b in zip(relations, values, values[1:], strict=False))
            return chain and (more is None or more(scope))

        return holds

    def side(self) -> Node:
        """A side of a comparison: an expression, or an index letter that stands for its own number."""
        index = self.token
        if index in self.bound or (self.collect and index in ("i", "j", "k") and index not in self.symbols):
            self.take()
            if self.collect and index not in self.bound:
                self.unbound.add(index or "")
            return lambda scope: scope[f"#{index}"]
        return self.expression()


# ── Numbers and vectors ──────────────────────────────────────────────────────────────────────────────────────────────


def _binary(function: Callable[[Any, Any], Any], left: Node, right: Node) -> Node:
    """An operation on two numbers; vectors can be added, and stretched or divided by a number, and nothing else."""

    def node(scope: Scope) -> Any:
        a, b = np.float64(left(scope)), np.float64(right(scope))
        ranks = np.ndim(a), np.ndim(b)
        meant = ranks == (0, 0) or function in {
            (1, 1): (operator.add, operator.sub, _dot),
            (1, 0): (operator.mul, operator.truediv, _dot),
            (0, 1): (operator.mul, _dot),
        }.get(ranks, ())
        if not meant:
            raise LatexError(
                f"{function.__name__} of shapes {np.shape(a)} and {np.shape(b)}: a vector without its index?"
            )
        return function(a, b)

    return node


def _dot(a: Any, b: Any) -> Any:
    r"""What `\cdot` means: the product of two vectors is a number."""
    return np.dot(a, b)


def _plus(a: Any, b: Any) -> Any:
    return _binary(operator.add, lambda scope: a, lambda scope: b)({})


def _times(a: Any, b: Any) -> Any:
    return _binary(operator.mul, lambda scope: a, lambda scope: b)({})


def _apply(function: Callable[..., Any], arguments: list[Node]) -> Node:
    def node(scope: Scope) -> Any:
        values = [np.float64(argument(scope)) for argument in arguments]
        if any(np.ndim(value) for value in values) and function is not FUNCTIONS[r"\cos"]:
            raise LatexError("a function of a vector: an index is missing")
        return function(*values)

    return node


def _vector(value: Any) -> Any:
    if np.ndim(value) != 1:
        raise LatexError(f"the norm of shape {np.shape(value)}")
    return value


def _cosine(a: Any, b: Any | None = None) -> Any:
    """cos(x) of an angle, or cos(u, v) of the angle between two vectors."""
    if b is None:
        return np.cos(a)
    return np.dot(_vector(a), b) / (np.linalg.norm(a) * np.linalg.norm(b))
