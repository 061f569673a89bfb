r"""Connectionist temporal classification (CTC): labels for a sequence of frames, without saying which frame is which.

A path names one class for every frame, or the blank. It stands for the labels that are left when repeats are merged
*and then* blanks are dropped, in this order: "aa–a" is "aa", since the blank keeps its two letters apart. The loss is
−log of the probability of all paths that stand for the labels, summed by dynamic programming in logarithms.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from lossbook.core import (
    Argument,
    Card,
    Floats,
    Loss,
    check_labels,
    place,
    quiet,
    real,
    reduce,
    reduce_grad,
    shown,
    whole,
)
from lossbook.losses.scores import check_scores, log_softmax

__all__ = ["CTC", "ctc", "ctc_collapse", "ctc_grad", "ctc_occupancy"]

Indices = NDArray[np.intp]


def ctc_collapse(path: Sequence[int] | Indices, *, blank: int = 0) -> list[int]:
    """The labels that a path stands for: repeats merged first, blanks dropped then.

    Parameters
    ----------
    path : sequence of int
        One class per frame.
    blank : int
        The class that stands for nothing.

    Returns
    -------
    list of int

    Examples
    --------
    >>> ctc_collapse([1, 1, 0, 1, 2, 2])
    [1, 1, 2]
    """
    classes = [whole("path", item) for item in np.asarray(path).tolist()]
    blank = whole("blank", blank)
    return [item for t, item in enumerate(classes) if item != blank and (t == 0 or item != classes[t - 1])]


class _Example(NamedTuple):
    """Frames of one example as log-probabilities, and the labels with a blank around each."""

    log_p: Floats  # (T, K)
    states: Indices  # (2U + 1,): blank, y₁, blank, …, blank
    skips: NDArray[np.bool_]  # whether a state may be entered from the last but one, past a blank


def _lengths(name: str, lengths: ArrayLike | None, batch: tuple[int, ...], low: int, high: int) -> Indices:
    if lengths is None:
        return np.full(batch, high, dtype=np.intp)
    given = real(name, lengths)
    if given.shape != batch:
        raise ValueError(f"{name} must hold one number per example, shape {batch}, got shape {given.shape}")
    wrong = (given != np.round(given)) | (given < low) | (given > high) | np.isnan(given)
    if wrong.any():
        raise ValueError(
            f"{name} must be integers from {low} to {high}, got {shown(given[wrong][0])} at index {place(wrong)}"
        )
    return given.astype(np.intp)


class _Batch(NamedTuple):
    logits: Floats
    labels: Indices
    lengths: Indices
    label_lengths: Indices
    blank: int

    def examples(self) -> Iterator[tuple[tuple[int, ...], _Example]]:
        """Each with its index in the batch."""
        for index in np.ndindex(self.lengths.shape):
            labels = self.labels[index][: self.label_lengths[index]]
            states = np.full(2 * labels.size + 1, self.blank, dtype=np.intp)
            states[1::2] = labels
            skips = np.zeros(states.size, dtype=bool)
            skips[2:] = (states[2:] != self.blank) & (states[2:] != states[:-2])
            yield index, _Example(log_softmax(self.logits[index][: self.lengths[index]]), states, skips)


def _batch(
    logits: ArrayLike, labels: ArrayLike, lengths: ArrayLike | None, label_lengths: ArrayLike | None, blank: int
) -> _Batch:
    s, given = check_scores(logits), real("labels", labels)
    if s.ndim < 2 or s.shape[-2] == 0:
        raise ValueError(f"logits must have at least one frame on the last axis but one, got shape {s.shape}")
    if given.ndim != s.ndim - 1 or given.shape[:-1] != s.shape[:-2]:
        raise ValueError(f"labels must have the shape {s.shape[:-2]} and a last axis of labels, got {given.shape}")
    classes = s.shape[-1]
    if not -classes <= whole("blank", blank) < classes:
        raise ValueError(f"blank must be a class from 0 to {classes - 1}, got {shown(blank)}")
    blank %= classes
    frames = _lengths("lengths", lengths, s.shape[:-2], 1, s.shape[-2])
    counts = _lengths("label_lengths", label_lengths, s.shape[:-2], 0, given.shape[-1])
    padding = np.arange(given.shape[-1]) >= counts[..., np.newaxis]
    other = 0 if blank else classes - 1  # a class that is no blank stands for what is not read
    read = np.where(padding, other, np.asarray(labels)).astype(np.asarray(labels).dtype)
    y = check_labels("labels", read, classes)
    if np.any(y == blank):
        raise ValueError(f"labels must not hold the blank, got {blank} at index {place(y == blank)}")
    return _Batch(s, y, frames, counts, blank)


def _sum(*logs: Floats) -> Floats:
    """Logarithm of the sum of what the logarithms stand for, position by position."""
    with quiet():
        return np.asarray(np.logaddexp.reduce(logs))


def _later(logs: Floats, steps: int) -> Floats:
    """Every entry `steps` places later, and nothing (−∞) where none has come."""
    return np.concatenate([np.full(min(steps, logs.size), -np.inf), logs[: max(logs.size - steps, 0)]])


def _forward(example: _Example) -> Floats:
    """log α: the probability of all beginnings of paths that end in a state at a frame."""
    emitted = example.log_p[:, example.states]
    alpha = np.full(emitted.shape, -np.inf)
    alpha[0, :2] = emitted[0, :2]  # a path starts with the first blank or with the first label
    for t in range(1, len(emitted)):
        before = alpha[t - 1]
        past_a_blank = np.where(example.skips, _later(before, 2), -np.inf)
        with quiet():
            alpha[t] = _sum(before, _later(before, 1), past_a_blank) + emitted[t]
    return alpha


def _backward(example: _Example) -> Floats:
    """log β: the probability of all ends of paths after a state at a frame, that frame's own not among them."""
    emitted = example.log_p[:, example.states]
    beta = np.full(emitted.shape, -np.inf)
    beta[-1, -2:] = 0.0  # a path ends with the last label or with the last blank
    for t in range(len(emitted) - 2, -1, -1):
        with quiet():
            after = beta[t + 1] + emitted[t + 1]
        past_a_blank = np.where(example.skips, after, -np.inf)
        beta[t] = _sum(after, _later(after[::-1], 1)[::-1], _later(past_a_blank[::-1], 2)[::-1])
    return beta


def _log_probability(alpha: Floats) -> float:
    return float(_sum(*alpha[-1, -2:]))


def _occupancy(example: _Example) -> Floats:
    """γ, frames by classes. In every frame αβ sums to the probability of the labels, by which it is divided."""
    through = _forward(example) + _backward(example)
    peak = through.max(axis=1, keepdims=True)
    if np.isneginf(peak).any():
        return np.full(example.log_p.shape, np.nan)
    at_states = np.exp(through - peak)
    gamma = np.zeros(example.log_p.shape)
    np.add.at(gamma.T, example.states, (at_states / at_states.sum(axis=1, keepdims=True)).T)
    return gamma


def ctc(
    logits: ArrayLike,
    labels: ArrayLike,
    *,
    lengths: ArrayLike | None = None,
    label_lengths: ArrayLike | None = None,
    blank: int = 0,
    reduction: str = "mean",
) -> Floats | float:
    r"""CTC loss: −log of the probability of all paths that stand for the labels.

    .. math:: \ell = -\log \sum_{i=1}^{M} \prod_{t=1}^{T} a_{it}

    Here a is the probability, in frame t, of the class that the i-th of these M paths has there.

    Parameters
    ----------
    logits : array_like
        Scores of shape (…, T, K): K classes, the blank among them, for each of T frames.
    labels : array_like
        Class indices of shape (…, U) and integer type, without blanks. U may be 0:
        then only the path of blanks is left.
    lengths, label_lengths : array_like, optional
        How many frames (at least 1) and labels of each example count, integers of the batch's shape (…). What stands
        behind them is padding, whose gradient is 0. Without them all count.
    blank : int
        The class that stands for nothing; −1 is the last one.
    reduction : {"none", "mean", "sum"}
        One loss per example, their mean, or their sum.

    Returns
    -------
    float or ndarray
        In nats. A float, or for "none" an array of the batch's shape. Infinite where no path fits: T frames hold U
        labels only if T ≥ U + the number of labels that equal the one before, since a blank has to part those.

    Raises
    ------
    ValueError
        If a score is +inf, all scores of a frame are −inf, there is no frame, the batches differ, a label is the blank,
        out of range or not an integer, a length is out of range, `blank` is no class, the reduction is unknown, or
        "mean" meets an empty batch.

    Notes
    -----
    The frames are independent of each other given the input: no path is more probable because its letters make a word.
    PyTorch's `ctc_loss` takes log-probabilities of shape (T, N, K), and its "mean" divides every loss by its number of
    labels first. It too returns `inf` where no path fits; `zero_infinity` makes that 0. Optax's `ctc_loss` has ones
    where there is padding, gives one loss per example, and is finite where no path fits: its logarithm of 0 is −10⁵.

    References
    ----------
    Graves et al. (2006), "Connectionist temporal classification: labelling unsegmented sequence data with recurrent
    neural networks", *ICML*.

    Examples
    --------
    >>> even = np.zeros((3, 3))  # 27 paths, all as probable
    >>> ctc(even, [1, 2])  # log(27/5): 12–, 1–2, –12, 112, 122
    1.686398953570229
    >>> ctc(even, [1, 1]), ctc(even[:2], [1, 1])  # 1–1 alone, and none
    (3.295836866004329, inf)
    """
    batch = _batch(logits, labels, lengths, label_lengths, blank)
    losses = np.empty(batch.lengths.shape)
    for index, example in batch.examples():
        losses[index] = -_log_probability(_forward(example))
    return reduce(losses + 0.0, reduction)


def ctc_grad(
    logits: ArrayLike,
    labels: ArrayLike,
    *,
    lengths: ArrayLike | None = None,
    label_lengths: ArrayLike | None = None,
    blank: int = 0,
    reduction: str = "mean",
) -> Floats:
    """d ctc / d logits: in every frame the probability of a class less its share of the paths that fit, p̂ − γ.

    Arguments as in `ctc`. Each row sums to 0. Where no path fits there is no gradient: it is NaN.

    >>> ctc_grad(np.zeros((2, 2)), [1])  # –1, 1–, 11
    array([[ 0.16666667, -0.16666667],
           [ 0.16666667, -0.16666667]])
    """
    batch = _batch(logits, labels, lengths, label_lengths, blank)
    slopes = np.zeros(batch.logits.shape)
    for index, example in batch.examples():
        slopes[index][: len(example.log_p)] = np.exp(example.log_p) - _occupancy(example)
    return reduce_grad(slopes, reduction, batch.lengths.size)


def ctc_occupancy(
    logits: ArrayLike,
    labels: ArrayLike,
    *,
    lengths: ArrayLike | None = None,
    label_lengths: ArrayLike | None = None,
    blank: int = 0,
) -> Floats:
    """Where the paths that stand for the labels are: the probability of each class in each frame, given the labels.

    Arguments as in `ctc`. It has the shape of `logits`, and each row sums to 1; NaN where no path fits.

    >>> ctc_occupancy(np.zeros((2, 2)), [1])  # two of the three paths –1, 1–, 11
    array([[0.33333333, 0.66666667],
           [0.33333333, 0.66666667]])
    """
    batch = _batch(logits, labels, lengths, label_lengths, blank)
    gamma = np.zeros(batch.logits.shape)
    for index, example in batch.examples():
        gamma[index][: len(example.log_p)] = _occupancy(example)
    return gamma


CTC = Loss(
    value=ctc,
    grad=ctc_grad,
    title="CTC loss",
    synonyms=("connectionist temporal classification",),
    latex=r"-\log \sum_{i=1}^{M} \prod_{t=1}^{T} a_{it}",
    latex_grad={"logits": r"\hat p_{tk} - \gamma_{tk}"},
    where=r"$a_{it}$ is the probability, in frame $t$ of $T$, of the class that path $i$ has there; the $M$ paths are "
    r"those that become the labels $y$ when repeats are merged and blanks are dropped then. $\hat p_{tk}$ is the "
    r"softmax of the scores $s$ of frame $t$, and $\gamma_{tk}$ the probability of class $k$ there given the labels: "
    r"the share of these paths, each with its probability, that pass it.",
    arguments={"logits": Argument("s", "frames"), "labels": Argument("y", "label sequence")},
    estimates="labels in their order; in every frame the share of the paths that fit",
    card=Card(
        what="−log of the probability of all paths that become the labels: one class a frame, or the blank.",
        why="Labels in their order, where nobody knows which frame is which label.",
        strengths=(
            "No alignment is needed: every one that fits is in the sum.",
            "The gradient is bounded: no entry exceeds 1, and each frame's sum to 0.",
        ),
        weaknesses=(
            "Frames are independent given the input: if the paths aa and bb are likely, so is ab or ba.",
            "Infinite, without a gradient, where labels and the blanks between equal ones do not fit the frames.",
            "The best class in each frame need not spell the most probable labels.",
        ),
        pytorch="""F.ctc_loss(
    logits.log_softmax(-1).transpose(0, 1), labels,
    torch.full((len(labels),), logits.shape[1]),
    torch.full((len(labels),), labels.shape[1]),
    reduction="none",
).mean()""",
    ),
    torch="torch.nn.functional.ctc_loss (log-probabilities, frames first)",
    keras="keras.losses.CTC",
    optax="optax.losses.ctc_loss",
    source="graves2006",
    chapter="sequences",
)
