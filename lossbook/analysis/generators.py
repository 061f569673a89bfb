"""Three small generators of points in the plane, trained with PyTorch: a VAE, two players, a denoiser; and their score.

The data are eight spots on a ring. Everything is seeded and runs on one thread. Each is trained three times over, side
by side: from three beginnings and on three draws of the data, which costs little more than once.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from itertools import pairwise
from typing import Any, NamedTuple

import numpy as np

from lossbook.core import Floats
from lossbook.losses.transport import wasserstein_1

SPOTS, RADIUS, SPREAD = 8, 2.0, 0.2
CENTRES = RADIUS * np.stack([np.cos(np.arange(8) * np.pi / 4), np.sin(np.arange(8) * np.pi / 4)], axis=1)
STAGES = (0, 50, 150, 300, 600)
"""Steps after which samples are drawn."""
SAMPLES = 400
"""Points that are drawn at each stage."""
COPIES = 3
"""Runs of each, side by side."""


def eight_spots(count: int, seed: int) -> Floats:
    """Points of the data: one of eight spots on a ring of radius 2, and around it a normal with spread 0.2."""
    rng = np.random.default_rng(seed)
    return CENTRES[rng.integers(0, SPOTS, count)] + SPREAD * rng.normal(0, 1, (count, 2))


# ── How good are samples? ────────────────────────────────────────────────────────────────────────────────────────────


class Score(NamedTuple):
    """`spots`: how many of the eight have at least a quarter of their share. `near`: share of points within three
    spreads of a centre (fresh data: 0.989). `distance`: Wasserstein-1 from fresh data, averaged over 16 directions."""

    spots: int
    near: float
    distance: float


def score(points: Floats, seed: int = 1000) -> Score:
    """Coverage, precision and distance of samples, against as many fresh points of the data."""
    gaps = np.linalg.norm(points[:, np.newaxis] - CENTRES, axis=2)
    nearest, near = gaps.argmin(axis=1), gaps.min(axis=1) < 3 * SPREAD
    counts = np.bincount(nearest[near], minlength=SPOTS)
    fresh = eight_spots(len(points), seed)
    angles = np.arange(16) * np.pi / 16
    axes = np.stack([np.cos(angles), np.sin(angles)])
    distance = wasserstein_1((points @ axes).T, (fresh @ axes).T)
    return Score(int((counts >= len(points) / SPOTS / 4).sum()), float(near.mean()), float(distance))


class Run(NamedTuple):
    """The samples of three copies at each stage, and what was written down on the way, stages × copies."""

    samples: Floats  # stages × copies × points × 2
    notes: dict[str, Floats]

    def score(self, stage: int = -1, copy: int = 0) -> Score:
        """The score of the samples of one copy at one stage."""
        return score(self.samples[stage, copy])

    def scores(self) -> list[Score]:
        """The scores of all copies in the end."""
        return [self.score(copy=copy) for copy in range(COPIES)]

    def near(self) -> float:
        """The share of the samples near a spot in the end, the mean over the copies."""
        return float(np.mean([found.near for found in self.scores()]))


# ── Networks ─────────────────────────────────────────────────────────────────────────────────────────────────────────


class _Networks:
    """As many networks as there are copies, each with two hidden layers of 64 units."""

    def __init__(self, inputs: int, outputs: int, width: int = 64) -> None:
        import torch

        def drawn(*shape: int, reach: float) -> Any:
            return torch.empty(COPIES, *shape).uniform_(-reach, reach).requires_grad_()

        sizes = list(pairwise([inputs, width, width, outputs]))
        self.weights = [drawn(a, b, reach=a**-0.5) for a, b in sizes]
        self.shifts = [drawn(1, b, reach=a**-0.5) for a, b in sizes]

    def __call__(self, x: Any) -> Any:
        import torch

        for layer, (weight, shift) in enumerate(zip(self.weights, self.shifts, strict=True)):
            x = torch.baddbmm(shift, torch.nn.functional.silu(x) if layer else x, weight)
        return x


def _data(seed: int) -> Callable[[int], Any]:
    """Fresh data for each copy, a batch at a time; from here on PyTorch's own random numbers are seeded too."""
    import torch

    torch.set_num_threads(1)
    torch.manual_seed(seed)
    drawn = [eight_spots(10_000, seed + copy) for copy in range(COPIES)]
    points, copies = torch.tensor(np.array(drawn), dtype=torch.float32), torch.arange(COPIES)[:, None]
    return lambda count: points[copies, torch.randint(points.shape[1], (COPIES, count))]


def _adam(*networks: _Networks, rate: float = 2e-3, betas: tuple[float, float] = (0.9, 0.999)) -> Any:
    import torch

    numbers = [values for network in networks for values in (*network.weights, *network.shifts)]
    return torch.optim.Adam(numbers, lr=rate, betas=betas, fused=True)


def _per_copy(losses: Any) -> Any:
    """The mean over each copy's examples."""
    return losses.flatten(1).mean(1)


def _run(samples: list[Floats], **notes: list[Floats]) -> Run:
    return Run(np.array(samples), {name: np.array(values) for name, values in notes.items()})


@cache
def train_vae(
    seed: int = 0, beta: float = 1.0, scale: float = SPREAD, steps: int = STAGES[-1], variance_slip: bool = False
) -> Run:
    """A variational autoencoder with a code of two numbers; `variance_slip` reads the log-variance as a variance."""
    import torch

    batch = _data(seed)
    encoder, decoder = _Networks(2, 4), _Networks(2, 2)
    optimiser, samples, rates, errors = _adam(encoder, decoder), [], [], []
    for step in range(steps + 1):
        x = batch(128)
        mean, log_variance = encoder(x).chunk(2, dim=-1)
        log_variance = log_variance.clamp(-12, 12)
        spread = log_variance.abs().sqrt() if variance_slip else torch.exp(log_variance / 2)
        code = mean + spread * torch.randn_like(mean)
        error = _per_copy(((x - decoder(code)) ** 2).sum(-1))
        rate = _per_copy((torch.exp(log_variance) + mean**2 - 1 - log_variance).sum(-1) / 2)
        if step in STAGES or step == steps:
            with torch.no_grad():
                drawn = decoder(torch.randn(COPIES, SAMPLES, 2))
                samples.append((drawn + scale * torch.randn_like(drawn)).numpy())
            rates.append(rate.detach().numpy())
            errors.append(error.detach().numpy())
        optimiser.zero_grad()
        (error / (2 * scale**2) + beta * rate).sum().backward()
        optimiser.step()
    return _run(samples, rate=rates, error=errors)


@cache
def train_players(
    seed: int = 0,
    saturating: bool = False,
    steps: int = STAGES[-1],
    generator_rate: float = 1.5e-3,
    judge_rate: float = 1.5e-3,
) -> Run:
    """A generator and a discriminator by turns, one step each."""
    import torch

    softplus = torch.nn.functional.softplus
    batch = _data(seed)
    generator, judge = _Networks(2, 2), _Networks(2, 1)
    forward = _adam(generator, rate=generator_rate, betas=(0.5, 0.999))
    judging = _adam(judge, rate=judge_rate, betas=(0.5, 0.999))
    samples, losses = [], []
    for step in range(steps + 1):
        fake = generator(torch.randn(COPIES, 128, 2)).detach()
        loss = _per_copy(softplus(-judge(batch(128))) + softplus(judge(fake)))
        judging.zero_grad()
        loss.sum().backward()
        judging.step()
        if step in STAGES or step == steps:
            with torch.no_grad():
                samples.append(generator(torch.randn(COPIES, SAMPLES, 2)).numpy())
            losses.append(loss.detach().numpy())
        scores = judge(generator(torch.randn(COPIES, 128, 2)))
        forward.zero_grad()
        _per_copy(-softplus(scores) if saturating else softplus(-scores)).sum().backward()
        forward.step()
    return _run(samples, loss=losses)


@cache
def train_denoiser(
    seed: int = 0,
    predicts: str = "velocity",
    steps: int = STAGES[-1],
    start: float = 0.03,
) -> Run:
    """A denoiser with the plain squared error of what it predicts, and its samples in 40 steps of equal angle.

    The noisy example is cos φ · x + sin φ · ε with φ uniform from 0 to a right angle; samples start at cos φ = `start`.
    """
    import torch

    batch = _data(seed)
    network = _Networks(4, 2)
    optimiser, samples, errors = _adam(network, rate=3e-3), [], []

    def predict(z: Any, angle: Any) -> Any:
        return network(torch.cat([z, torch.cos(angle), torch.sin(angle)], dim=-1))

    def target(x: Any, noise: Any, angle: Any) -> Any:
        return {"data": x, "noise": noise, "velocity": torch.cos(angle) * noise - torch.sin(angle) * x}[predicts]

    @torch.no_grad()
    def draw() -> Floats:
        """From pure noise: at each angle the data and the noise that the prediction amounts to, then one angle less."""
        angles = torch.linspace(np.arccos(start), 0.02, 41)
        z = torch.randn(COPIES, SAMPLES, 2)
        for here, there in pairwise(angles):
            alpha, sigma = torch.cos(here), torch.sin(here)
            y = predict(z, here.expand(COPIES, SAMPLES, 1))
            x = {"data": y, "noise": (z - sigma * y) / alpha, "velocity": alpha * z - sigma * y}[predicts]
            z = torch.cos(there) * x + torch.sin(there) * (z - alpha * x) / sigma
        return np.asarray(x.numpy(), dtype=np.float64)

    for step in range(steps + 1):
        x = batch(256)
        noise, angle = torch.randn_like(x), torch.rand(COPIES, 256, 1) * np.pi / 2
        z = torch.cos(angle) * x + torch.sin(angle) * noise
        error = _per_copy(((predict(z, angle) - target(x, noise, angle)) ** 2).sum(-1))
        if step in STAGES or step == steps:
            samples.append(draw())
            errors.append(error.detach().numpy())
        optimiser.zero_grad()
        error.sum().backward()
        optimiser.step()
    return _run(samples, error=errors)
