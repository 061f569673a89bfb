"""The two tasks of the benchmark: a loss with its gradient over δ, and a bell curve against a target with two humps."""

from __future__ import annotations

import numpy as np
from scipy import stats

from lossbook.explorer import Explorer, Handle, Slider, palette, subplots

DELTAS = Slider(0.0, 4.0, step=0.1, value=1.0, label="δ")
MUS = Slider(-4.0, 4.0, step=0.4, value=0.0, label="μ")
SIGMAS = Slider(0.3, 3.3, step=0.15, value=1.2, label="σ")


def huber(residual: np.ndarray, delta: float) -> tuple[np.ndarray, np.ndarray]:
    size = np.abs(residual)
    return np.where(size <= delta, residual**2 / 2, delta * (size - delta / 2)), np.clip(residual, -delta, delta)


def t1() -> Explorer:
    """Two panels, three curves of 401 points each, one slider of 41 states."""
    e = np.linspace(-5, 5, 401)
    figure, (left, right) = subplots(1, 2)
    (value,) = left.plot(e, e, color=palette.loss)
    (slope,) = right.plot(e, e, color=palette.gradient)
    (density,) = right.plot(e, e, color=palette.density)
    left.set(xlabel="residual e", ylabel="loss", xlim=(-5, 5), ylim=(0, 12))
    right.set(xlabel="residual e", ylabel="gradient, density", xlim=(-5, 5), ylim=(-4.2, 4.2))

    def update(delta: float) -> str:
        loss, gradient = huber(e, delta)
        weight = np.exp(-loss)
        value.set_ydata(loss)
        slope.set_ydata(gradient)
        density.set_ydata(weight / np.trapezoid(weight, e))
        return f"With δ = {delta:.1f} a residual of 3 costs {np.interp(3, e, loss):.2f}."

    return Explorer(
        figure,
        update,
        name="t1",
        controls={"delta": DELTAS},
        caption="The Huber loss, its gradient and its density. Move δ.",
        alt="Three curves over the residual: a loss with linear tails, its clipped gradient, and a density.",
    )


def humps(x: np.ndarray) -> np.ndarray:
    return 0.6 * stats.norm.pdf(x, -2, 0.7) + 0.4 * stats.norm.pdf(x, 2, 0.9)


def bell(x: np.ndarray, mu: float, sigma: float) -> np.ndarray:
    return np.exp(-(((x - mu) / sigma) ** 2) / 2) / (sigma * np.sqrt(2 * np.pi))


def t2() -> Explorer:
    """A target with two humps, a bell curve, the integrand between them and a label over 21 × 21 states."""
    x = np.linspace(-7, 7, 401)
    p = humps(x)
    figure, axes = subplots()
    axes.plot(x, p, color=palette.truth)
    (curve,) = axes.plot(x, x, color=palette.model)
    (integrand,) = axes.plot(x, x, color=palette.gradient)
    (top,) = axes.plot([0], [0], "o", color=palette.model)
    label = axes.text(0.98, 0.95, "", ha="right", va="top", transform=axes.transAxes)
    axes.set(xlabel="x", ylabel="density", xlim=(-7, 7), ylim=(-0.6, 1.4))

    def update(mu: float, sigma: float) -> str:
        q = bell(x, mu, sigma)
        terms = np.where(q > 1e-300, q * (np.log(np.maximum(q, 1e-300)) - np.log(p)), 0)
        curve.set_ydata(q)
        integrand.set_ydata(terms)
        top.set_data([mu], [bell(np.array(mu), mu, sigma)])
        value = np.trapezoid(terms, x)
        label.set_text(f"KL = {value:.3f}")
        return f"With μ = {mu:.1f} and σ = {sigma:.2f} the divergence KL(q‖p) is {value:.3f} nats."

    return Explorer(
        figure,
        update,
        name="t2",
        controls={"mu": MUS, "sigma": SIGMAS},
        handles=[Handle(top, x="mu", y="sigma")],
        caption="A bell curve $q$ against a target $p$ with two humps. Drag its top.",
        alt="A density with two humps and a bell curve, with the integrand of the divergence between them.",
    )
