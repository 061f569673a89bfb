"""What every loss shares: the residual, the reductions, the checks and the record.

No formula lives here. The family modules (`regression`, `likelihood`, ...) hold the formulas and call these names.
"""

from __future__ import annotations

import math
import numbers
import reprlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

Floats = NDArray[np.float64]
REDUCTIONS = ("none", "mean", "sum")


# ── Reading arguments: refuse loudly, never repair silently ──────────────────────────────────────────────────────────


def shown(value: object) -> str:
    """A short picture of a refused value, for an error message."""
    return reprlib.repr(value.tolist() if isinstance(value, np.ndarray) else value)


def real(name: str, value: ArrayLike) -> Floats:
    """`value` as a float64 array. Raises `ValueError` unless it holds real numbers; NaN passes through."""
    if isinstance(value, np.ma.MaskedArray):
        raise ValueError(f"{name} must be a plain array, got a masked array (its mask would be lost)")
    try:
        array = np.asarray(value)
    except Exception as problem:
        raise ValueError(f"{name} must hold real numbers, got {shown(value)} ({problem})") from problem
    if array.dtype.kind not in "biuf":
        raise ValueError(f"{name} must hold real numbers, got {shown(value)}")
    return array.astype(np.float64)


def same_shape(name: str, value: Floats, other_name: str, other: Floats) -> None:
    """Refuse two arrays of different shapes: `(N,)` against `(N, 1)` would silently broadcast to `(N, N)`."""
    if value.shape != other.shape:
        raise ValueError(f"{name} and {other_name} must have the same shape, got {value.shape} and {other.shape}")


def residual(prediction: ArrayLike, target: ArrayLike) -> Floats:
    """The residual e = y − ŷ, target minus prediction, for arrays of one shape."""
    prediction, target = real("prediction", prediction), real("target", target)
    same_shape("prediction", prediction, "target", target)
    return target - prediction


def positive(name: str, value: ArrayLike) -> Floats:
    """`value` as a float64 array of numbers > 0. NaN passes through."""
    array = real(name, value)
    if np.any(array <= 0):
        raise ValueError(f"{name} must be greater than 0, got {shown(array[array <= 0][0])}")
    return array


def number(name: str, value: float, low: float = -math.inf, high: float = math.inf, *, closed: bool = False) -> float:
    """One number strictly between `low` and `high` (`closed`: the ends are allowed), as a float. NaN is refused."""
    allowed = f"a number in {'[' if closed else '('}{low:g}, {high:g}{']' if closed else ')'}"
    if isinstance(value, bool | np.bool_) or np.ndim(value) != 0 or not isinstance(np.asarray(value).item(), numbers.Real):
        raise ValueError(f"{name} must be {allowed}, got {shown(value)}")
    value = float(value)
    if not (low <= value <= high if closed else low < value < high):
        raise ValueError(f"{name} must be {allowed}, got {value!r}")
    return value


# ── From one value per example to one number ─────────────────────────────────────────────────────────────────────────


def check_reduction(reduction: str, size: int) -> None:
    """Refuse an unknown reduction and the mean of an empty batch."""
    if reduction not in REDUCTIONS:
        raise ValueError(f"reduction must be one of {', '.join(map(repr, REDUCTIONS))}, got {shown(reduction)}")
    if reduction == "mean" and size == 0:
        raise ValueError("reduction='mean' needs at least one example, got an empty batch")


def reduce(values: Floats, reduction: str) -> Floats | float:
    """The losses as they are ("none"), their sum, or their mean over all elements."""
    values = np.asarray(values)
    check_reduction(reduction, values.size)
    if reduction == "none":
        return values
    return float(values.mean() if reduction == "mean" else values.sum())


def reduce_grad(slopes: Floats, reduction: str, size: int | None = None) -> Floats:
    """The gradient of the reduced loss from each loss's own slope: the mean divides by the number of losses.

    `size` is that number where it is not the number of slopes (one loss per row of logits, say).
    """
    slopes = np.asarray(slopes)
    size = slopes.size if size is None else size
    check_reduction(reduction, size)
    return slopes / size if reduction == "mean" else slopes


# ── What is known about a loss, said once ────────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True)
class Parameter:
    """A number that shapes a loss: its default, the range its sliders cover, its symbol and what is allowed.

    `low` and `high` are for sliders and tests; `domain` says in words what the function accepts.
    """

    default: float
    low: float
    high: float
    symbol: str
    domain: str = "greater than 0"


@dataclass(frozen=True)
class Argument:
    """An array that a loss takes: its LaTeX symbol and its domain, a key of `DOMAINS`."""

    symbol: str
    domain: str

    def __post_init__(self) -> None:
        if self.domain not in DOMAINS:
            raise ValueError(f"domain must be one of {', '.join(DOMAINS)}, got {shown(self.domain)}")


DOMAINS: Mapping[str, str] = MappingProxyType(
    {
        "real": "any real number",
        "positive": "a number greater than 0",
        "unit": "a number in (0, 1)",
        "probability": "a number in [0, 1]",
        "count": "0, 1, 2, …",
        "angle": "an angle in radians",
        "binary": "0 or 1",
        "logits": "one real score per class, on the last axis",
        "label": "a class index 0, …, K − 1",
        "distribution": "numbers ≥ 0 that sum to 1 along the axis",
        "embedding": "one real vector per example, on the last axis",
    }
)


@dataclass(frozen=True)
class Density:
    """The noise whose negative log-likelihood a loss is, up to a positive factor and a constant.

    `latex` is the density of the target; `scipy` rebuilds it for the tests, an expression in the loss's parameters and
    arguments over `scipy.stats` as `stats` ("stats.laplace(prediction, 1)"), empty where SciPy has none.
    """

    name: str
    latex: str
    scipy: str = ""


RESIDUAL = MappingProxyType({"prediction": Argument(r"\hat y", "real"), "target": Argument("y", "real")})


@dataclass(frozen=True, kw_only=True)
class Loss:
    """One record per loss: the two functions, and everything else that is known about it.

    Attributes
    ----------
    value, grad : callable
        The loss, and its derivative with respect to its first argument.
    more_grads : mapping
        Derivatives with respect to further arguments that a model may predict, by argument.
    title, synonyms : str, tuple of str
        The name in running text, and the other names it goes by.
    latex, latex_grad : str, mapping
        Right-hand sides of the loss of one example and of its derivatives (by argument), in the symbols of `arguments`
        and `parameters` and in e = y − ŷ. Tests parse both and compare them with `value` and the gradients.
    arguments, parameters : mapping
        The arrays it takes, in order, and the keyword numbers that shape it.
    density : Density or None
        The noise model it comes from; None where there is none.
    estimates : str
        What the minimiser estimates: "the conditional mean".
    torch, sklearn, optax : str
        What the libraries call it; empty where they have none.
    source, chapter : str
        Key in `book/references.bib`, and the file name of the chapter that teaches it.
    """

    value: Callable[..., Any]
    grad: Callable[..., Floats]
    title: str
    latex: str
    latex_grad: Mapping[str, str]
    estimates: str
    source: str
    chapter: str
    arguments: Mapping[str, Argument] = field(default_factory=lambda: RESIDUAL)
    parameters: Mapping[str, Parameter] = field(default_factory=dict)
    more_grads: Mapping[str, Callable[..., Floats]] = field(default_factory=dict)
    density: Density | None = None
    synonyms: tuple[str, ...] = ()
    torch: str = ""
    sklearn: str = ""
    optax: str = ""

    def __post_init__(self) -> None:
        for name in ("latex_grad", "arguments", "parameters", "more_grads"):
            object.__setattr__(self, name, MappingProxyType(dict(getattr(self, name))))
        if set(self.latex_grad) != set(self.grads):
            raise ValueError(f"latex_grad of {self.name} must have the keys {set(self.grads)}, got {set(self.latex_grad)}")

    @property
    def name(self) -> str:
        """The name of the function, which is the key in the catalogue."""
        return self.value.__name__

    @property
    def grads(self) -> dict[str, Callable[..., Floats]]:
        """Every derivative by the argument it is taken with respect to, the first argument first."""
        return {next(iter(self.arguments)): self.grad, **self.more_grads}

    @property
    def defaults(self) -> dict[str, float]:
        """The parameters' default values, ready to be passed on as keywords."""
        return {name: parameter.default for name, parameter in self.parameters.items()}

    def __call__(self, *arguments: ArrayLike, **keywords: Any) -> Any:
        """The loss itself, so that a record can stand where a function is expected."""
        return self.value(*arguments, **keywords)
