"""Rows of handwritten digits, read by a small network that was never told where a digit stands."""

from __future__ import annotations

from collections import Counter
from functools import cache
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from lossbook.core import Floats
from lossbook.losses.ctc import ctc, ctc_collapse

WIDTH, FRAMES, MOST = 40, 20, 4  # columns, frames (every second column), digits
STEPS, BATCH, RATE = 200, 32, 3e-3
STAGES = (0, 10, 20, 30, 40, 60, 80, 100, 150, 200)
SHOWN = 3  # rows that are looked at on the way


class Rows(NamedTuple):
    """Pictures of eight by forty pixels, and their digits plus 1, 0 where there is none."""

    pictures: Floats
    labels: NDArray[np.intp]
    lengths: NDArray[np.intp]


def _write(images: Floats, digits: NDArray[np.intp], count: int, rng: np.random.Generator) -> Rows:
    """Two to four digits a row, with random gaps."""
    pictures = np.zeros((count, 8, WIDTH))
    labels, lengths = np.zeros((count, MOST), dtype=np.intp), rng.integers(2, MOST + 1, count)
    for row, length in enumerate(lengths):
        gaps = rng.multinomial(WIDTH - 8 * length, np.full(length + 1, 1 / (length + 1)))
        left = 0
        for place, pick in enumerate(rng.integers(0, len(images), length)):
            left += gaps[place]
            pictures[row, :, left : left + 8] = images[pick]
            labels[row, place] = digits[pick] + 1
            left += 8
    return Rows(pictures, labels, lengths)


@cache
def rows(seed: int = 0) -> tuple[Rows, Rows]:
    """Two thousand rows to learn from and three hundred of digits that none of those has."""
    from sklearn.datasets import load_digits
    from sklearn.model_selection import train_test_split

    digits = load_digits()
    split = train_test_split(digits.images / 16, digits.target, test_size=0.3, random_state=0, stratify=digits.target)
    rng = np.random.default_rng(seed)
    return _write(split[0], split[2], 2000, rng), _write(split[1], split[3], 300, rng)


def has_repeat(labels: ArrayLike) -> bool:
    """Whether a digit equals the one before.

    >>> has_repeat([3, 4, 4]), has_repeat([4, 3, 4])
    (True, False)
    """
    y = np.asarray(labels)
    return bool(np.any(y[1:] == y[:-1]))


def frames_needed(labels: ArrayLike) -> int:
    """The least number of frames that holds the labels: one each, and a blank between equal ones.

    >>> frames_needed([3, 4, 4]), frames_needed([])
    (4, 0)
    """
    y = np.asarray(labels)
    return int(y.size + np.count_nonzero(y[1:] == y[:-1]))


class Reading(NamedTuple):
    """A run: losses on the way, what the network said of some unseen rows at every stage, and how it did at the end."""

    path: list[float]
    said: Floats  # stages by rows by frames by classes: probabilities
    exact: float
    exact_repeats: float
    blank: float
    seen_digits: NDArray[np.intp]  # how often each digit is read, over all unseen rows


def _network(norm: bool) -> Any:
    import torch
    from torch import nn

    torch.set_num_threads(1)

    def block(inputs: int, stride: int = 1) -> list[Any]:
        return [
            nn.Conv1d(inputs, 32, 5, stride=stride, padding=2),
            *([nn.BatchNorm1d(32)] if norm else []),
            nn.ReLU(),
        ]

    return nn.Sequential(*block(8), *block(32, stride=2), *block(32), nn.Conv1d(32, 11, 1))


@cache
def train_reader(seed: int = 0, norm: bool = True, steps: int = STEPS, shifted: bool = True) -> Reading:
    """Train a network of four convolutions with the CTC loss, and read unseen rows greedily.

    `norm` is batch normalisation after each convolution. Without `shifted` the labels are the digits themselves, so
    that 0 is both a digit and the blank.
    """
    import torch
    from torch.nn import functional as F

    known, unseen = rows(seed)
    torch.manual_seed(seed)
    network = _network(norm)
    optimiser = torch.optim.Adam(network.parameters(), lr=RATE)
    pictures, labels = torch.tensor(known.pictures).float(), torch.tensor(known.labels)
    labels = labels if shifted else (labels - 1).clamp(min=0)
    lengths, frames = torch.tensor(known.lengths), torch.full((BATCH,), FRAMES)
    looks, path, said = torch.tensor(unseen.pictures).float(), [], []

    def say(x: Any) -> Any:
        network.eval()
        with torch.no_grad():
            spoken = network(x).softmax(1).permute(0, 2, 1).double().numpy()
        network.train()
        return spoken

    for step in range(steps + 1):
        if step in STAGES:
            said.append(say(looks[:SHOWN]))
        batch = torch.randint(0, len(pictures), (BATCH,))
        log_p = network(pictures[batch]).permute(2, 0, 1).log_softmax(-1)  # frames first
        losses = F.ctc_loss(log_p, labels[batch], frames, lengths[batch], reduction="none")
        loss = losses.mean()  # of rows: ctc_loss's own "mean" divides by their lengths first
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        path.append(loss.item())
    return Reading(path, np.array(said), *_judged(say(looks), unseen, shifted))


def _judged(said: Floats, unseen: Rows, shifted: bool) -> tuple[float, float, float, NDArray[np.intp]]:
    best, right, repeats = said.argmax(-1), [], []
    read = np.zeros(10, dtype=np.intp)
    for path, y, length in zip(best, unseen.labels, unseen.lengths, strict=True):
        digits = np.array(ctc_collapse(path), dtype=np.intp) - shifted
        read += np.bincount(digits, minlength=10)[:10]  # without `shifted` there is an eleventh class, no digit
        right.append(np.array_equal(digits + 1, y[:length]))
        if has_repeat(y[:length]):
            repeats.append(right[-1])
    return float(np.mean(right)), float(np.mean(repeats)), float(np.mean(best == 0)), read


@cache
def best_constant(seed: int = 0) -> tuple[float, float]:
    """The smallest mean loss of a network that does not look at the picture, and its share of blanks.

    It says the same in every frame, and all digits are alike to it. Then a row's loss depends only on its length and
    on how many of its digits equal the one before.
    """
    known, _ = rows(seed)
    kinds = Counter(
        (int(length), frames_needed(y[:length])) for y, length in zip(known.labels, known.lengths, strict=True)
    )
    shares = np.linspace(0.6, 0.98, 39)
    logits = np.log(np.column_stack([shares, *[(1 - shares) / 10] * 10]))
    mean = np.zeros(len(shares))
    for (length, needed), count in kinds.items():
        repeats = needed - length
        digits = np.concatenate([np.ones(repeats + 1), np.arange(2, length - repeats + 1)]).astype(np.intp)
        frames = np.repeat(logits[:, np.newaxis], FRAMES, axis=1)
        losses = ctc(frames, np.tile(digits, (len(shares), 1)), reduction="none")
        mean += count / len(known.lengths) * np.asarray(losses)
    return float(mean.min()), float(shares[mean.argmin()])
