"""Critics between two crowds of numbers, trained with PyTorch: what clipping and a gradient penalty make of them.

The generated numbers lie left of the data, so the best critic is known: a straight line of slope 1.
"""

from __future__ import annotations

from functools import cache
from typing import Any, NamedTuple

import numpy as np

from lossbook.core import Floats, number
from lossbook.losses.transport import gradient_penalty_grad, wasserstein_1

WIDTH = 32
"""Units in each of the two hidden layers."""
AT = np.linspace(-3.0, 4.0, 141)
"""Where scores and slopes of a trained critic are read."""
COUNT = 120


def crowds(seed: int = 0) -> tuple[Floats, Floats]:
    """Data, in two heaps around ½ and 2½, and generated numbers, in one heap around −1½."""
    rng = np.random.default_rng(seed)
    heaps = np.repeat([0.5, 2.5], COUNT // 2)
    return heaps + 0.3 * rng.normal(size=COUNT), -1.5 + 0.4 * rng.normal(size=COUNT)


def way(seed: int = 0) -> float:
    """The Wasserstein-1 distance of the two crowds."""
    return float(wasserstein_1(*crowds(seed)))


def steepest_clipped(clip: float) -> float:
    """The steepest slope of a critic whose weights all lie within ±`clip`: c for each layer, and every path adds up.

    >>> round(steepest_clipped(0.01), 6)
    0.001024
    """
    return number("clip", clip, 0) ** 3 * WIDTH**2


def best_penalised(penalty: float, distance: float) -> float:
    """The slope k of the best *straight* critic under a gradient penalty: −k·distance + λ(k − 1)² is least there.

    >>> best_penalised(10.0, 3.0)
    1.15
    """
    return 1 + number("distance", distance, 0) / (2 * number("penalty", penalty, 0))


class Critic(NamedTuple):
    """A trained critic: scores and slopes at `AT`, its weights (biases apart), and by how much it scores data higher
    than generated numbers on average."""

    scores: Floats
    slopes: Floats
    weights: Floats
    gain: float

    @property
    def steepest(self) -> float:
        """The largest slope, up or down."""
        return float(np.abs(self.slopes).max())

    @property
    def found(self) -> float:
        """The gain of this critic divided by its steepest slope: a lower bound on the distance, up to rounding."""
        return self.gain / self.steepest


@cache
def train_critic(clip: float | None = None, penalty: float | None = None, seed: int = 0, steps: int = 300) -> Critic:
    """A critic with two hidden layers, its weights clipped after every step, or its slope penalised.

    The penalty starts after 30 steps: from the first step on, one of λ > distance/2 would hold a critic that happens to
    begin with the wrong sign, since the slope of a critic of one number can only change it by way of 0.
    """
    import torch

    if (clip is None) == (penalty is None):
        raise ValueError(f"give either clip or penalty, got clip={clip!r} and penalty={penalty!r}")
    torch.set_num_threads(1)
    torch.manual_seed(seed)
    data, generated = (torch.tensor(crowd, dtype=torch.float32)[:, None] for crowd in crowds(seed))
    bend = torch.nn.LeakyReLU(0.2)
    layers = torch.nn.Linear(1, WIDTH), bend, torch.nn.Linear(WIDTH, WIDTH), bend, torch.nn.Linear(WIDTH, 1)
    critic = torch.nn.Sequential(*layers)
    numbers = list(critic.parameters())
    optimiser: Any = (
        torch.optim.Adam(numbers, lr=5e-3, betas=(0.5, 0.9), fused=True)
        if clip is None
        else torch.optim.RMSprop(numbers, lr=5e-3)
    )
    for step in range(steps):
        optimiser.zero_grad()
        (critic(generated).mean() - critic(data).mean()).backward(inputs=numbers)
        if penalty is not None and step >= 30:
            share = torch.rand(COUNT, 1)
            between = (share * data[torch.randperm(COUNT)] + (1 - share) * generated).requires_grad_()
            (slope,) = torch.autograd.grad(critic(between).sum(), between, create_graph=True)
            pull = gradient_penalty_grad(slope.detach().double().numpy(), penalty=penalty)
            slope.backward(torch.tensor(pull, dtype=torch.float32), inputs=numbers)
        optimiser.step()
        if clip is not None:
            with torch.no_grad():
                for values in numbers:
                    values.clamp_(-clip, clip)
    places = torch.tensor(AT, dtype=torch.float32)[:, None].requires_grad_()
    scores = critic(places)
    (slopes,) = torch.autograd.grad(scores.sum(), places)
    weights = torch.cat([values.detach().flatten() for values in numbers[::2]])
    with torch.no_grad():
        gain = float(critic(data).mean() - critic(generated).mean())
    return Critic(scores.detach().double().numpy()[:, 0], slopes.double().numpy()[:, 0], weights.double().numpy(), gain)
