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
    return reprlib.repr(value.tolist() if isinstance(value, np.ndarray | np.generic) else value)


def place(where: NDArray[np.bool_]) -> tuple[int, ...]:
    """The index of the first True: where in an array the refused value stands."""
    return tuple(int(i) for i in np.argwhere(where)[0])


def quiet() -> np.errstate:
    """No floating-point warnings inside: a loss beyond 1.8e308 is `inf` and an undefined one is NaN, both meant."""
    return np.errstate(all="ignore")


def real(name: str, value: ArrayLike) -> Floats:
    """`value` as a float64 array. Raises `ValueError` unless it holds real numbers; NaN passes through."""
    if isinstance(value, np.ma.MaskedArray):
        raise ValueError(f"{name} must be a plain array, got a masked array (its mask would be lost)")
    try:
        array = np.asarray(value)
        if array.dtype.kind == "O" and all(isinstance(item, numbers.Real) for item in array.flat):
            array = array.astype(np.float64)  # fractions, and integers beyond 64 bits
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
    with quiet():
        return np.asarray(target - prediction)


def positive(name: str, value: ArrayLike) -> Floats:
    """`value` as a float64 array of finite numbers > 0. NaN passes through."""
    array = real(name, value)
    if np.any(array <= 0):
        raise ValueError(f"{name} must be greater than 0, got {shown(array[array <= 0][0])}")
    if np.any(array == math.inf):
        raise ValueError(f"{name} must be finite, got inf at index {place(array == math.inf)}")
    return array


def fixed_or_predicted(name: str, value: ArrayLike, example: Floats) -> Floats:
    """A positive parameter that is one number for all (fixed), or has the shape of `example` (predicted)."""
    array = positive(name, value)
    if array.ndim and array.shape != example.shape:
        allowed = f"a number or an array of the shape of prediction, {example.shape}"
        raise ValueError(f"{name} must be {allowed}, got shape {array.shape}")
    return array


def number(name: str, value: float, low: float = -math.inf, high: float = math.inf, *, closed: bool = False) -> float:
    """One finite number between `low` and `high` as a float; `closed` allows the ends. NaN and infinity are refused."""
    left, right = "[" if closed and low > -math.inf else "(", "]" if closed and high < math.inf else ")"
    allowed = f"a number in {left}{low:g}, {high:g}{right}"
    try:
        single = np.asarray(value).item()
        usable = isinstance(single, numbers.Real) and not isinstance(single, bool) and np.ndim(value) == 0
        result = float(single) if usable and not isinstance(value, np.ma.MaskedArray) else math.nan
    except Exception as problem:
        raise ValueError(f"{name} must be {allowed}, got {shown(value)}") from problem
    inside = low <= result <= high if closed else low < result < high
    if not inside or math.isinf(result):
        raise ValueError(f"{name} must be {allowed}, got {shown(value)}")
    return result


def whole(name: str, value: int) -> int:
    """One integer as an int, for an axis or an index. A float that is whole is refused, and so is a boolean."""
    if isinstance(value, bool) or not isinstance(value, numbers.Integral):
        raise ValueError(f"{name} must be an integer, got {shown(value)}")
    return int(value)


def check_probability(name: str, value: ArrayLike) -> Floats:
    """`value` as a float64 array of probabilities, numbers in [0, 1]. NaN passes through."""
    array = real(name, value)
    wrong = (array < 0) | (array > 1)
    if wrong.any():
        raise ValueError(f"{name} must lie in [0, 1], got {shown(array[wrong][0])} at index {place(wrong)}")
    return array


def check_distribution(name: str, value: ArrayLike, axis: int = -1) -> Floats:
    """`value` as a float64 array of distributions: numbers ≥ 0 that sum to 1 along `axis`, within 1e-6. NaN passes."""
    array = real(name, value)
    if not -array.ndim <= whole("axis", axis) < array.ndim:
        raise ValueError(f"{name} must have an axis {axis} to sum to 1 along, got shape {array.shape}")
    if np.any(array < 0):
        raise ValueError(f"{name} must not be negative, got {shown(array[array < 0][0])} at index {place(array < 0)}")
    sums = np.asarray(array.sum(axis=axis))
    wrong = np.abs(sums - 1) > 1e-6
    if wrong.any():
        where = f" at index {place(wrong)}" if sums.ndim else ""
        raise ValueError(f"{name} must sum to 1 along axis {axis}, got a sum of {shown(sums[wrong][0])}{where}")
    return array


def check_logits(name: str, value: ArrayLike) -> Floats:
    """`value` as a float64 array of scores below +inf. −inf (an impossible class) and NaN pass through."""
    array = real(name, value)
    if np.any(array == math.inf):
        raise ValueError(f"{name} must be less than +inf, got inf at index {place(array == math.inf)}")
    return array


def check_labels(name: str, labels: ArrayLike, classes: int, ignore_index: int | None = None) -> NDArray[np.intp]:
    """`labels` as an integer array of class indices 0 … classes − 1; `ignore_index` is allowed beside them."""
    array = real(name, labels)
    ignore_index = None if ignore_index is None else whole("ignore_index", ignore_index)
    allowed = f"integers from 0 to {classes - 1}" + ("" if ignore_index is None else f" or ignore_index={ignore_index}")
    wrong = (array != np.round(array)) | (array < 0) | (array >= classes)
    if ignore_index is not None:
        wrong &= array != ignore_index
    if wrong.any():
        raise ValueError(f"{name} must be {allowed}, got {shown(np.asarray(labels)[wrong][0])} at index {place(wrong)}")
    if np.asarray(labels).dtype.kind not in "iu" and array.size:
        raise ValueError(f"{name} must be {allowed}, got {np.asarray(labels).dtype} values {shown(labels)}")
    return array.astype(np.intp)


# ── From one value per example to one number ─────────────────────────────────────────────────────────────────────────


def check_reduction(reduction: str, size: int) -> None:
    """Refuse an unknown reduction and the mean of an empty batch."""
    if not isinstance(reduction, str) or reduction not in REDUCTIONS:
        raise ValueError(f"reduction must be one of {', '.join(map(repr, REDUCTIONS))}, got {shown(reduction)}")
    if reduction == "mean" and size == 0:
        raise ValueError("reduction='mean' needs at least one example, got an empty batch")


def reduce(values: Floats, reduction: str) -> Floats | float:
    """The losses as they are ("none"), their sum, or their mean over all elements."""
    values = np.asarray(values)
    check_reduction(reduction, values.size)
    if reduction == "none":
        return values
    with quiet():
        total = float(values.sum())
        if reduction == "sum":
            return total
        if math.isinf(total) and np.isfinite(values).all():  # the mean of finite losses is finite, if their sum is not
            peak = np.abs(values).max()
            return float(peak * (values / peak).mean())
        return total / values.size


def reduce_grad(slopes: Floats, reduction: str, size: int | None = None) -> Floats:
    """The gradient of the reduced loss from each loss's own slope: the mean divides by the number of losses.

    `size` is that number where it is not the number of slopes (one loss per row of logits, say).
    """
    slopes = np.asarray(slopes) + 0.0  # no −0: nobody wants to read it
    size = slopes.size if size is None else size
    check_reduction(reduction, size)
    return np.asarray(slopes / size if reduction == "mean" else slopes)


def parameter_grad(slopes: Floats, parameter: ArrayLike, reduction: str) -> Floats | float:
    """The gradient of a parameter that is one number for all examples (their sum) or one per example (an array)."""
    gradient = reduce_grad(slopes, reduction)
    return float(gradient.sum()) if np.ndim(parameter) == 0 else gradient


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
    """An array that a loss takes: its LaTeX symbol and its domain, a key of `DOMAINS`.

    `holds` says for readers what the array holds, where the words of `DOMAINS` do not fit.
    """

    symbol: str
    domain: str
    holds: str = ""

    def __post_init__(self) -> None:
        if self.domain not in DOMAINS:
            raise ValueError(f"domain must be one of {', '.join(DOMAINS)}, got {shown(self.domain)}")
        object.__setattr__(self, "holds", self.holds or DOMAINS[self.domain])


DOMAINS: Mapping[str, str] = MappingProxyType(
    {
        "real": "any real number",
        "positive": "a number greater than 0",
        "nonnegative": "a number ≥ 0",
        "unit": "a number in (0, 1)",
        "probability": "a number in [0, 1]",
        "count": "0, 1, 2, …",
        "angle": "an angle in radians",
        "binary": "0 or 1",
        "sign": "−1 or 1",
        "logits": "one real score per class, on the last axis",
        "components": "one real number per component, on the last axis",
        "box": "corners x₁ < x₂ and y₁ < y₂ as (x₁, y₁, x₂, y₂), on the last axis",
        "soft mask": "a number in [0, 1] per row and column, on the last two axes",
        "soft masks": "a number in [0, 1] per class, row and column, on the last three axes",
        "mask": "0 or 1 per row and column, on the last two axes",
        "label map": "a class index 0, …, K − 1 per row and column, on the last two axes",
        "positive components": "one number greater than 0 per component, on the last axis",
        "binary components": "0 or 1 per component, on the last axis",
        "label": "a class index 0, …, K − 1",
        "distribution": "numbers ≥ 0 that sum to 1 along the axis",
        "embedding": "one real vector per example, on the last axis",
        "features": "one real number per channel and place, on the last two axes",
        "frames": "one real score per frame and class, on the last two axes",
        "label sequence": "class indices 0, …, K − 1 without the blank, on the last axis",
        "picture": "one real number per row and column, on the last two axes",
    }
)


@dataclass(frozen=True)
class Density:
    r"""The noise a loss comes from: the loss is `factor` × the negative log-density, plus a constant free of e.

    `latex` is the density of the target, in the symbols of the loss and with `\ell` for the loss of one example.
    `factor` is LaTeX too, in the symbols of the loss's parameters. `scipy` rebuilds the density for the tests, an
    expression in parameters and arguments over `scipy.stats` as `stats` ("stats.laplace(prediction, 1)"), empty where
    SciPy has none.
    """

    name: str
    latex: str
    scipy: str = ""
    factor: str = "1"


@dataclass(frozen=True, kw_only=True)
class Card:
    r"""What the loss's card says beyond the rest of its record: short sentences in Markdown, one claim each.

    `what` and `why` say what the loss measures and what it was made for, `strengths` and `weaknesses` what holds of it:
    a test checks each of them. `pytorch` is one expression over the arguments and parameters by their names, `torch`
    and `torch.nn.functional` as `F`; it gives the mean loss, which a test compares with `value`, gradients included.
    """

    what: str
    why: str
    strengths: tuple[str, ...]
    weaknesses: tuple[str, ...]
    pytorch: str

    def __post_init__(self) -> None:
        for name in ("strengths", "weaknesses"):
            claims = getattr(self, name)
            if not isinstance(claims, tuple) or not claims:
                raise ValueError(f"{name} must be a tuple of at least one sentence, got {shown(claims)}")


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
    latex_slope : str
        Left-hand side of the derivatives where it is not ∂ℓ by the argument: where each example takes part in the loss
        of every other, they are those of the sum of all losses.
    where : str
        What the symbols mean that neither an argument nor the notation page explains, a sentence in Markdown.
    arguments, parameters : mapping
        The arrays it takes, in order, and the keyword numbers that shape it; both by the name the functions use.
    reductions : tuple of str
        What `reduction` may be. A loss without a value per example, such as the root of a mean, allows "mean" alone.
    density : Density or None
        The noise model it comes from; None where there is none.
    estimates : str
        What the minimiser estimates: "the conditional mean".
    torch, keras, sklearn, scipy, optax : str
        What the libraries call it; empty where they have none.
    card : Card or None
        What its card says beyond all this; None as long as its chapter shows none.
    source, chapter : str
        Key in `book/references.bib`, and the file name of the chapter that teaches it.
    """

    value: Callable[..., Any]
    grad: Callable[..., Floats | float]
    title: str
    latex: str
    latex_grad: Mapping[str, str]
    estimates: str
    source: str
    chapter: str
    arguments: Mapping[str, Argument] = field(default_factory=lambda: RESIDUAL)
    parameters: Mapping[str, Parameter] = field(default_factory=dict)
    more_grads: Mapping[str, Callable[..., Floats | float]] = field(default_factory=dict)
    latex_slope: str = ""
    where: str = ""
    reductions: tuple[str, ...] = REDUCTIONS
    density: Density | None = None
    synonyms: tuple[str, ...] = ()
    card: Card | None = field(default=None, repr=False)
    torch: str = ""
    keras: str = ""
    sklearn: str = ""
    scipy: str = ""
    optax: str = ""

    def __post_init__(self) -> None:
        for name in ("latex_grad", "arguments", "parameters", "more_grads"):
            object.__setattr__(self, name, MappingProxyType(dict(getattr(self, name))))
        if set(self.latex_grad) != set(self.grads):
            raise ValueError(
                f"latex_grad of {self.name} must have the keys {set(self.grads)}, got {set(self.latex_grad)}"
            )

    @property
    def name(self) -> str:
        """The name of the function, which is the key in the catalogue."""
        return self.value.__name__

    @property
    def grads(self) -> dict[str, Callable[..., Floats | float]]:
        """Every derivative by the argument it is taken with respect to, the first argument first."""
        return {next(iter(self.arguments)): self.grad, **self.more_grads}

    @property
    def defaults(self) -> dict[str, float]:
        """The parameters' default values, ready to be passed on as keywords."""
        return {name: parameter.default for name, parameter in self.parameters.items()}

    def __call__(self, *arguments: ArrayLike, **keywords: Any) -> Any:
        """The loss itself, so that a record can stand where a function is expected."""
        return self.value(*arguments, **keywords)
