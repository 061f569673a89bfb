"""Digits embedded without labels: two views of each picture have to find each other, with NT-Xent.

A view is the picture moved by up to one pixel each way, with noise. The digits serve to judge the embedding only.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from lossbook.analysis.embedding import right_neighbours
from lossbook.core import Floats

TEMPERATURES = (0.02, 0.05, 0.2, 0.5, 1.0)
THINGS, STEPS = 128, 300
STAGES = (0, 10, 20, 40, 80, 150, 300)
NOISE, RATE = 0.1, 5e-3


class Split(NamedTuple):
    """Pictures of 64 pixels in [0, 1] and their digits: those to learn from, and the others."""

    known: Floats
    known_digits: NDArray[np.intp]
    unseen: Floats
    unseen_digits: NDArray[np.intp]


@cache
def split() -> Split:
    """Twelve hundred digits, and the 597 that are held out."""
    from sklearn.datasets import load_digits

    pixels, digits = load_digits(return_X_y=True)
    order = np.random.default_rng(0).permutation(len(digits))
    known, unseen = order[:1200], order[1200:]
    return Split(pixels[known] / 16, digits[known], pixels[unseen] / 16, digits[unseen])


class Learnt(NamedTuple):
    """A run: the loss of every step, and at each stage how far partners are apart, how evenly all are spread, and the
    share of unseen digits whose nearest known digit is right."""

    losses: Floats
    alignment: Floats
    uniformity: Floats
    right: Floats


def alignment(u: Any, v: Any) -> Any:
    """The mean squared distance of partners on the sphere: 0 if both views of each thing agree."""
    return (u - v).square().sum(dim=-1).mean()


def uniformity(z: Any) -> Any:
    """The log of the mean of exp(−2 D²) over all pairs: 0 if all are one point, lower the more evenly they spread."""
    import torch

    return torch.pdist(z).square().mul(-2).exp().mean().log()


def _view(pictures: Any, random: Any) -> Any:
    import torch
    from torch.nn import functional as F

    framed = F.pad(pictures.reshape(-1, 8, 8), (1, 1, 1, 1))
    rows, columns = torch.randint(0, 3, (2, len(framed), 1), generator=random) + torch.arange(8)
    moved = framed[torch.arange(len(framed))[:, None, None], rows[:, :, None], columns[:, None, :]]
    return (moved + NOISE * torch.randn(moved.shape, generator=random)).reshape(-1, 64)


def shuffled(x1: Any, x2: Any, random: Any) -> tuple[Any, Any]:
    """Partners out of order, as when each branch shuffles its own data."""
    import torch

    return x1, x2[torch.randperm(len(x2), generator=random)]


def marked(x1: Any, x2: Any, random: Any) -> tuple[Any, Any]:
    """The top row of both views of a thing overwritten by the same random pixels, by which they know each other."""
    import torch

    mark = 3 * torch.rand((len(x1), 8), generator=random)
    return tuple(torch.cat([mark, x[:, 8:]], dim=1) for x in (x1, x2))  # type: ignore[return-value]


@cache
def learn(temperature: float, seed: int = 0, spoil: Callable[..., Any] | None = None) -> Learnt:
    """Train a network of 64 hidden units to embed digits on a sphere in eight dimensions; `spoil` alters views."""
    import torch
    from torch.nn import functional as F

    torch.set_num_threads(1)
    data = split()
    known, unseen = (torch.tensor(x).float() for x in (data.known, data.unseen))
    torch.manual_seed(seed)
    random = torch.Generator().manual_seed(seed)
    network = torch.nn.Sequential(torch.nn.Linear(64, 64), torch.nn.ReLU(), torch.nn.Linear(64, 8))
    optimiser = torch.optim.Adam(network.parameters(), lr=RATE, fused=True)
    partners, losses, stages = torch.arange(2 * THINGS).roll(THINGS), [], []

    def look() -> tuple[float, float, float]:
        with torch.no_grad():
            random = torch.Generator().manual_seed(0)
            u, v = (F.normalize(network(_view(known[:400], random))) for _ in range(2))
            known_z, unseen_z = (F.normalize(network(x)).numpy() for x in (known, unseen))
        right = right_neighbours(known_z, data.known_digits, unseen_z, data.unseen_digits)
        return float(alignment(u, v)), float(uniformity(u)), float(right.mean())

    for step in range(STEPS + 1):
        if step in STAGES:
            stages.append(look())
        batch = known[torch.randperm(len(known), generator=random)[:THINGS]]
        views = _view(batch, random), _view(batch, random)
        z = F.normalize(network(torch.cat(views if spoil is None else spoil(*views, random))))
        scores = (z @ z.T / temperature).fill_diagonal_(-torch.inf)
        loss = F.cross_entropy(scores, partners)
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        losses.append(loss.item())
    return Learnt(np.array(losses), *np.array(stages).T)


def lowest(things: int, temperature: float) -> float:
    """No arrangement of 2N views in any number of dimensions has a smaller mean NT-Xent.

    Partners coincide and the N things stand evenly, with the cosine −1/(N − 1) of any two.

    >>> round(lowest(2, 1.0), 4)  # opposite to each other
    0.2395
    """
    return float(np.log1p((2 * things - 2) * np.exp(-(1 + 1 / (things - 1)) / temperature)))
