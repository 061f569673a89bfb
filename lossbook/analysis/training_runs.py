"""Training runs of a small network, healthy and with one bug each: what the curves of loss and accuracy look like."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cache
from types import MappingProxyType
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from lossbook.core import Floats, quiet
from lossbook.losses.classification import softmax_cross_entropy, softmax_cross_entropy_grad
from lossbook.losses.scores import logistic, softmax, softplus

Labels = NDArray[np.intp]
STEPS = 120
"""Steps of gradient descent in a run, each on the whole training set."""


class Data(NamedTuple):
    """Features and labels to train on, and others to test on."""

    x: Floats
    y: Labels
    test_x: Floats
    test_y: Labels


class Run(NamedTuple):
    """What is recorded before each step and after the last one, and the logits of the test set at the end."""

    loss: Floats
    test_loss: Floats
    accuracy: Floats
    test_accuracy: Floats
    logits: Floats


@cache
def digits(seed: int = 0, size: int = 600, wrong: float = 0.0, *, tested: int | None = None) -> Data:
    """Handwritten digits of 64 pixels from 0 to 1, `size` of them for training; a share of their labels is replaced.

    The others are for testing, or the first `tested` of them.
    """
    from sklearn.datasets import load_digits

    pictures = load_digits()
    rng = np.random.default_rng(seed)
    order = rng.permutation(len(pictures.target))
    x, y = pictures.data[order] / 16, pictures.target[order]
    labels = y[:size].copy()
    other = rng.random(size) < wrong
    labels[other] = (labels[other] + rng.integers(1, 10, other.sum())) % 10
    end = None if tested is None else size + tested
    return Data(x[:size], labels, x[size:end], y[size:end])


@cache
def tumours(seed: int = 0, size: int = 300) -> Data:
    """Breast tumours, 30 measurements each on a common scale; label 1 is benign."""
    from sklearn.datasets import load_breast_cancer

    cells = load_breast_cancer()
    order = np.random.default_rng(seed).permutation(len(cells.target))
    x = cells.data[order]
    x = (x - x[:size].mean(axis=0)) / x[:size].std(axis=0)
    y = cells.target[order]
    return Data(x[:size], y[:size], x[size:], y[size:])


@cache
def is_eight(seed: int = 0) -> Data:
    """Digits again, with label 1 for an eight and 0 for any other digit."""
    of_ten = digits(seed, tested=500)
    return Data(of_ten.x, (of_ten.y == 8).astype(np.intp), of_ten.test_x, (of_ten.test_y == 8).astype(np.intp))


# ── Losses of a column of scores, with the slips in them ─────────────────────────────────────────────────────────────

Slope = tuple[Floats, Floats]
Criterion = Callable[[Floats, Labels], Slope]  # the loss of every example, and the gradient of their mean


def cross_entropy(s: Floats, y: Labels) -> Slope:
    """As it should be."""
    return np.asarray(softmax_cross_entropy(s, y, reduction="none")), softmax_cross_entropy_grad(s, y)


def softmax_twice(s: Floats, y: Labels) -> Slope:
    """Probabilities, handed to a loss that expects logits."""
    p = softmax(s)
    values, g = cross_entropy(p, y)
    return values, p * (g - (g * p).sum(axis=-1, keepdims=True))


def by_quotient(s: Floats, y: Labels) -> Slope:
    """Softmax as a plain quotient of exponentials, which overflows."""
    with quiet():
        e = np.exp(s)
        p = e / e.sum(axis=-1, keepdims=True)
        rows = np.arange(len(y))
        values = -np.log(p[rows, y])
        return values, (p - np.eye(s.shape[-1])[y]) / len(y)


def weights_in_the_mean(s: Floats, y: Labels) -> Slope:
    """Class weights N/N_k, and a mean over the examples instead of over their weights."""
    share = np.bincount(y, minlength=s.shape[-1]) / len(y)
    w = (1 / np.maximum(share, 1 / len(y)))[y]
    values, g = cross_entropy(s, y)
    return w * values, w[:, None] * g


def binary(s: Floats, y: Floats | Labels) -> Slope:
    """Binary cross-entropy from one logit, as libraries compute it: any label is accepted."""
    z, t = s[:, 0], np.asarray(y, dtype=float)
    return softplus(z) - t * z, ((logistic(z) - t) / len(t))[:, None]


def labels_of_sign(s: Floats, y: Labels) -> Slope:
    """Labels −1 and 1 in a loss for 0 and 1."""
    return binary(s, 2 * y - 1)


def sigmoid_twice(s: Floats, y: Labels) -> Slope:
    """Probabilities, handed to a loss that expects a logit."""
    p = logistic(s)
    values, g = binary(p, y)
    return values, g * p * (1 - p)


def logits_as_probabilities(s: Floats, y: Labels) -> Slope:
    """Logits in a loss of probabilities that clips them to 10⁻⁷ … 1 − 10⁻⁷; nothing flows back where it clips."""
    z = s[:, 0]
    p = np.clip(z, 1e-7, 1 - 1e-7)
    values = -np.where(y == 1, np.log(p), np.log1p(-p))
    slope = np.where(y == 1, -1 / p, 1 / (1 - p)) * (z == p)
    return values, (slope / len(y))[:, None]


# ── The network ──────────────────────────────────────────────────────────────────────────────────────────────────────


def train(
    data: Data,
    criterion: Criterion = cross_entropy,
    *,
    rate: float = 0.5,
    scale: float = 1.0,
    outputs: int = 10,
    hidden: int = 32,
    steps: int = STEPS,
    seed: int = 0,
) -> Run:
    """Gradient descent with momentum 0.9 on a network with one hidden layer of rectified units.

    `scale` multiplies the initial weights of the output layer, which are normal with variance 0.01 otherwise.
    """
    rng = np.random.default_rng(seed + 1)
    features = data.x.shape[1]
    parts = [
        rng.normal(0, np.sqrt(2 / features), (features, hidden)),
        np.zeros(hidden),
        rng.normal(0, 0.1 * scale, (hidden, outputs)),
        np.zeros(outputs),
    ]
    speed = [np.zeros_like(part) for part in parts]

    def forward(x: Floats) -> tuple[Floats, Floats]:
        inside = np.maximum(x @ parts[0] + parts[1], 0)
        return inside, inside @ parts[2] + parts[3]

    def right(s: Floats, y: Labels) -> float:
        chosen = s.argmax(axis=-1) if outputs > 1 else s[:, 0] > (0.5 if criterion is logits_as_probabilities else 0)
        return float(np.mean(chosen == y))

    record = []
    with quiet():
        for _ in range(steps + 1):
            inside, s = forward(data.x)
            values, g = criterion(s, data.y)
            test = forward(data.test_x)[1]
            test_values, _ = criterion(test, data.test_y)
            record.append((values.mean(), test_values.mean(), right(s, data.y), right(test, data.test_y)))
            back = (g @ parts[2].T) * (inside > 0)
            slopes = (data.x.T @ back, back.sum(axis=0), inside.T @ g, g.sum(axis=0))
            for part, v, slope in zip(parts, speed, slopes, strict=True):
                v *= 0.9
                v -= rate * slope
                part += v
    loss, test_loss, accuracy, test_accuracy = np.array(record).T
    return Run(loss, test_loss, accuracy, test_accuracy, test)


class Case(NamedTuple):
    """A cause, and the run that shows it. `classes` is that of the task."""

    cause: str
    classes: int
    start: Callable[[int], Run]


CASES: Mapping[str, Case] = MappingProxyType(
    {
        "A": Case(
            "softmax applied twice",
            10,
            lambda seed: train(digits(seed, tested=500), softmax_twice, rate=1.0, seed=seed),
        ),
        "B": Case(
            "too few labels, some wrong",
            10,
            lambda seed: train(digits(seed, 150, 0.2, tested=500), rate=0.2, hidden=128, seed=seed),
        ),
        "C": Case(
            "labels −1 and 1", 2, lambda seed: train(tumours(seed), labels_of_sign, rate=0.001, outputs=1, seed=seed)
        ),
        "D": Case(
            "first weights too large", 10, lambda seed: train(digits(seed, tested=500), rate=0.02, scale=20, seed=seed)
        ),
        "E": Case(
            "logits taken for probabilities",
            2,
            lambda seed: train(tumours(seed), logits_as_probabilities, rate=0.1, outputs=1, seed=seed),
        ),
        "F": Case("nothing is wrong", 10, lambda seed: train(digits(seed, tested=500), rate=0.1, seed=seed)),
        "G": Case(
            "weights in the mean",
            10,
            lambda seed: train(digits(seed, tested=500), weights_in_the_mean, rate=0.01, seed=seed),
        ),
        "H": Case(
            "learning rate too large",
            10,
            lambda seed: train(digits(seed, tested=500), by_quotient, rate=100.0, seed=seed),
        ),
        "I": Case("a rare class", 2, lambda seed: train(is_eight(seed), binary, rate=0.01, outputs=1, seed=seed)),
    }
)
"""Runs to diagnose, by the letter of the curve."""


@cache
def run_of(letter: str, seed: int = 0) -> Run:
    """The run behind a curve of `CASES`."""
    if letter not in CASES:
        raise ValueError(f"letter must be one of {', '.join(CASES)}, got {letter!r}")
    return CASES[letter].start(seed)


@cache
def noisy_run() -> Run:
    """A run on 600 digits of which a fifth has a wrong label: its logits for the other digits are too sure."""
    return train(digits(0, 600, 0.2), rate=0.3, hidden=64, steps=300)


@cache
def noisy_logits() -> tuple[Floats, Labels]:
    """The logits of `noisy_run`, and the labels of the digits, which are right."""
    return noisy_run().logits, digits(0, 600, 0.2).test_y
