"""Triplets of digits, with negatives drawn at random or searched for, where some labels are wrong."""

from __future__ import annotations

from functools import cache
from typing import Any, NamedTuple

import numpy as np

from lossbook.analysis.embedding import distances_by_label, right_neighbours
from lossbook.analysis.views import split
from lossbook.core import Floats

SEARCHES = ("random", "semi-hard", "hardest")
WRONG = (0.0, 0.05, 0.1)
STEPS, BATCH, RATE, MARGIN = 300, 128, 5e-3, 1.0


class Mined(NamedTuple):
    """A run: the loss of every step; at the end the share of unseen digits whose nearest known digit is right, the
    mean distance of different digits; and, over the first 100 steps, the share of triplets with a wrong label."""

    losses: Floats
    right: float
    between: float
    spoilt: float


def negatives(distance: Any, allowed: Any, near: Any, search: str, chance: Any) -> Any:
    """For every row of distances the column of a negative: any, the nearest, or one that is semi-hard if there is one.

    `near` is the distance of the row's positive, `chance` a number in [0, 1) for every pair.
    """
    import torch

    if search == "hardest":
        return torch.where(allowed, distance, torch.inf).argmin(1)
    wanted = torch.zeros_like(allowed)
    if search == "semi-hard":
        wanted = allowed & (distance > near[:, None]) & (distance < near[:, None] + MARGIN)
    return torch.where(allowed, chance + wanted.float(), -1.0).argmax(1)


@cache
def mine(search: str, wrong: float, seed: int = 0) -> Mined:
    """Train a network of 64 hidden units to place digits in the plane by triplets; judged by the true labels."""
    import torch
    from torch.nn import functional as F

    torch.set_num_threads(1)
    data, rng = split(), np.random.default_rng(seed)
    labels, turned = data.known_digits.copy(), rng.choice(1200, round(wrong * 1200), replace=False)
    labels[turned] = (labels[turned] + rng.integers(1, 10, len(turned))) % 10
    y, spoilt = torch.tensor(labels), torch.tensor(labels != data.known_digits)
    known, unseen = (torch.tensor(x).float() for x in (data.known, data.unseen))
    torch.manual_seed(seed)
    random = torch.Generator().manual_seed(seed)
    network = torch.nn.Sequential(torch.nn.Linear(64, 64), torch.nn.ReLU(), torch.nn.Linear(64, 2))
    optimiser = torch.optim.Adam(network.parameters(), lr=RATE, fused=True)
    losses, shares, rows = [], [], torch.arange(BATCH)
    for step in range(STEPS):
        batch = torch.randperm(1200, generator=random)[:BATCH]
        z, same = network(known[batch]), y[batch][:, None] == y[batch]
        # A small number under the root: with PyTorch's cdist two points in one place have no finite gradient.
        distance = (z[:, None] - z).square().sum(dim=-1).add(1e-12).sqrt()
        others = same & ~torch.eye(BATCH, dtype=torch.bool)
        chance = torch.rand(2, BATCH, BATCH, generator=random)
        p = torch.where(others, chance[0], -1.0).argmax(1)
        near = distance[rows, p]
        n = negatives(distance.detach(), ~same, near.detach(), search, chance[1])
        loss = F.relu(near - distance[rows, n] + MARGIN)[others.any(1)].mean()
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        losses.append(loss.item())
        if step < 100:
            flags = spoilt[batch]
            shares.append((flags | flags[p] | flags[n]).float().mean().item())
    with torch.no_grad():
        placed = [network(x).double().numpy() for x in (known, unseen)]
    right = right_neighbours(placed[0], data.known_digits, placed[1], data.unseen_digits)
    between = distances_by_label(placed[1], data.unseen_digits)[1]
    return Mined(np.array(losses), float(right.mean()), between, float(np.mean(shares)))
