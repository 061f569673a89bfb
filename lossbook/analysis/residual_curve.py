"""Read any loss of a residual as a curve: its values, its slope, the density it implies.

The loss may be a record of the catalogue, its name, or any callable, NumPy or PyTorch, of the residual e = y − ŷ or of
(prediction, target).
"""

from __future__ import annotations

import copy
import inspect
import sys
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import numpy as np

from lossbook.catalogue import find
from lossbook.core import RESIDUAL, Floats, Loss, quiet


@dataclass(frozen=True)
class ResidualCurve:
    """A loss as a function of the residual alone.

    `value` and `slope` map an array of residuals to the losses and to dℓ/de; `how` says where the slope comes from.
    """

    title: str
    value: Callable[[Floats], Floats]
    slope: Callable[[Floats], Floats]
    how: str
    parameters: dict[str, float] = field(default_factory=dict)


def residual_curve(loss: Loss | str | Callable[..., Any], **parameters: float) -> ResidualCurve:
    """`loss` as a curve over the residual.

    Raises
    ------
    ValueError
        If `loss` is not a loss of the residual: not callable, tied to other arguments (logits, labels), defined only on
        a whole batch (RMSE), or a callable that fails, changes shape or returns anything but finite real numbers.
    """
    if isinstance(loss, str):
        loss = find(loss)
    if isinstance(loss, Loss):
        return _from_record(loss, parameters)
    if not callable(loss):
        raise ValueError(f"loss must be a Loss, the name of one, or a callable of the residual, got {loss!r}")
    return _from_callable(loss, parameters)


def _from_record(loss: Loss, parameters: dict[str, float]) -> ResidualCurve:
    further = [name for name in loss.arguments if name not in RESIDUAL]  # a scale, which one number may fix
    named = all(loss.arguments.get(name) == RESIDUAL[name] for name in RESIDUAL)  # of BCE it is the names only
    if named and not set(further) <= set(parameters):
        raise ValueError(f"{further[0]} must be given as a number to make a curve of {loss.name}, got none")
    if not named:
        raise ValueError(f"loss must be a function of the residual alone, got {loss.name}({', '.join(loss.arguments)})")
    unknown = set(parameters) - set(loss.parameters) - set(further)
    if unknown:
        known = ", ".join([*further, *loss.parameters]) or "no parameters"
        raise ValueError(f"parameters of {loss.name} must be among {known}, got {', '.join(sorted(unknown))}")
    parameters = {**loss.defaults, **parameters}

    def value(e: Floats) -> Floats:
        return np.asarray(loss.value(np.zeros_like(e), e, reduction="none", **parameters))

    def slope(e: Floats) -> Floats:
        return -np.asarray(loss.grad(np.zeros_like(e), e, reduction="none", **parameters))  # de = −dŷ

    try:
        value(np.zeros(1))
    except ValueError as problem:
        raise ValueError(f"loss must give one value per residual, got {loss.name}: {problem}") from problem
    return ResidualCurve(loss.title, value, slope, "exact", parameters)


def _from_callable(loss: Callable[..., Any], parameters: dict[str, float]) -> ResidualCurve:
    title = getattr(loss, "__name__", type(loss).__name__)
    trial = np.array([-1.5, -0.25, 0.5, 2.0])
    problems = []
    each = _unreduced(loss, parameters)
    for candidate, reader in ((c, r) for c in [each] * (each is not loss) + [loss] for r in READERS):
        curve = reader(candidate, parameters)
        if curve is None:
            continue
        try:
            losses = curve[0](trial)
            if losses.shape == trial.shape:
                curve[1](trial)
        except Exception as problem:
            problems.append(f"{type(problem).__name__}: {problem}")
            continue
        if losses.shape != trial.shape and candidate is not loss:
            continue  # its "none" means something else
        if losses.shape != trial.shape:
            raise ValueError(f"loss must return one number per residual, got shape {losses.shape} for {trial.shape}")
        if not np.isfinite(losses).all():
            raise ValueError(f"loss must be finite at ordinary residuals, got {losses.tolist()} at {trial.tolist()}")
        return ResidualCurve(title, *curve, parameters)
    raise ValueError(
        f"loss must accept an array of residuals (or prediction and target), got {title}, which fails: "
        + "; ".join(dict.fromkeys(problems))
    )


def _unreduced(loss: Callable[..., Any], parameters: dict[str, float]) -> Callable[..., Any]:
    """The loss before its mean is taken, where it can be asked for: by a keyword, or as an attribute of a module."""
    if getattr(loss, "reduction", None) in ("mean", "sum"):
        each = copy.copy(loss)
        each.reduction = "none"  # type: ignore[attr-defined]
        return each
    if "reduction" in _keywords(loss) and "reduction" not in parameters:
        return partial(loss, reduction="none")
    return loss


def _keywords(loss: Callable[..., Any]) -> dict[str, inspect.Parameter]:
    try:
        return dict(inspect.signature(getattr(loss, "forward", loss)).parameters)
    except (TypeError, ValueError):  # ufuncs and builtins tell no signature; they take one argument
        return {}


def _of_residual(loss: Callable[..., Any], parameters: dict[str, float]) -> Callable[[Any], Any]:
    """`loss(e)`, or `loss(0, e)` where it takes a prediction and a target."""
    needed = [
        p
        for p in _keywords(loss).values()
        if p.default is p.empty and p.kind in (p.POSITIONAL_ONLY, p.POSITIONAL_OR_KEYWORD)
    ]
    if len(needed) == 2:
        return lambda e: loss(0 * e, e, **parameters)
    return lambda e: loss(e, **parameters)


def _one_each(evaluate: Callable[[Floats], Any], e: Floats) -> Floats:
    """One loss for each residual, also from a loss that averages: then it is asked about one residual at a time."""
    losses = evaluate(e)
    if np.shape(losses) == ():
        parts = [losses] if e.size == 1 else [evaluate(e[i : i + 1]) for i in range(e.size)]
        losses = np.array(parts).reshape(e.shape)
    losses = np.asarray(losses)
    if losses.dtype.kind not in "biuf":
        raise ValueError(f"it returned {losses.dtype} instead of real numbers")
    return losses.astype(np.float64)


def _numpy_reader(loss: Callable[..., Any], parameters: dict[str, float]) -> tuple[Any, Any, str]:
    call = _of_residual(loss, parameters)

    def value(e: Floats) -> Floats:
        with quiet():
            return _one_each(call, np.array(e, dtype=float))  # a copy, for a loss that works in place

    def slope(e: Floats) -> Floats:
        step = 1e-6 * np.maximum(1, np.abs(e))
        with quiet():  # beside an infinite loss the slope is infinite or NaN
            return (value(e + step) - value(e - step)) / (2 * step)

    return value, slope, "central differences"


def _torch_reader(loss: Callable[..., Any], parameters: dict[str, float]) -> tuple[Any, Any, str] | None:
    torch = sys.modules.get("torch")  # a PyTorch loss means that its author has imported torch
    if torch is None:
        return None

    call = _of_residual(loss, parameters)

    def value(e: Floats) -> Floats:
        with torch.no_grad():
            return _one_each(lambda part: call(torch.tensor(part)).numpy(), np.asarray(e, dtype=float))

    def slope(e: Floats) -> Floats:
        leaf = torch.tensor(np.asarray(e, dtype=float), requires_grad=True)
        losses = call(leaf)
        if losses.ndim == 0 and leaf.numel() > 1:
            losses = torch.stack([call(part.reshape(1)) for part in leaf])
        return torch.autograd.grad(losses.sum(), leaf)[0].numpy()

    return value, slope, "autograd"


READERS = (_numpy_reader, _torch_reader)


@dataclass(frozen=True)
class ImpliedDensity:
    """p(e) = exp(−ℓ(e)) / Z, if there is one: where the integral Z is infinite, `exists` is False."""

    curve: ResidualCurve
    z: float
    floor: float

    @property
    def exists(self) -> bool:
        return bool(np.isfinite(self.z))

    def __call__(self, e: Floats) -> Floats:
        with quiet():
            return np.exp(self.floor - self.curve.value(np.asarray(e, dtype=float))) / self.z


def implied_density(curve: ResidualCurve) -> ImpliedDensity:
    r"""The noise density :math:`p(e) = e^{-\ell(e)} / Z` whose negative log-likelihood is the loss, if there is one.

    Z is summed over shells that double in width, :math:`2^k < |e| < 2^{k+1}`. A density exists if the shells shrink:
    a tail :math:`|e|^{-c}` changes a shell by the factor :math:`2^{1-c}`, so they shrink exactly where c > 1.
    """
    nodes, weights = np.polynomial.legendre.leggauss(32)
    unit = (np.arange(64)[:, None] + (nodes + 1) / 2).ravel() / 64  # 64 pieces: kinks cost little accuracy
    weights = np.tile(weights / 128, 64)
    inner = np.linspace(-1, 1, 2001)
    with quiet():
        floor = float(curve.value(np.concatenate([inner, np.linspace(-64, 64, 4001)])).min())

        def mass(low: float, high: float) -> float:
            return float((weights * np.exp(floor - curve.value(low + (high - low) * unit))).sum() * abs(high - low))

        shells: list[float] = []
        while len(shells) < 60 and (len(shells) < 8 or any(shells[-2:])):  # two empty ones beyond 64 are the end
            k = len(shells)
            shells.append(mass(2.0**k, 2.0 ** (k + 1)) + mass(-(2.0**k), -(2.0 ** (k + 1))))
        total = mass(0, 1) + mass(0, -1) + sum(shells)
    last = shells[-2:]
    if not np.isfinite(total) or last[1] > (1 - 1e-3) * last[0]:
        return ImpliedDensity(curve, np.inf, floor)
    # A power-law tail goes on after the last shell, as a geometric series.
    tail = last[1] / (1 - last[1] / last[0]) * (last[1] / last[0]) if last[0] > 0 else 0.0
    return ImpliedDensity(curve, total + tail, floor)
