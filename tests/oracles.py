"""What the family of tests knows about a loss from elsewhere: how to draw its inputs, and PyTorch's word for it.

Add a loss with an entry in `TORCH`, written with PyTorch and without lossbook. Without one its tests fail.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch
import torch.distributions as td
import torch.nn.functional as F

import lossbook
from lossbook.core import Loss

CLASSES = 4  # K, and the length of an embedding
Inputs = dict[str, Any]
Shape = tuple[int, ...]
Generator = np.random.Generator


# ── Drawing inputs ───────────────────────────────────────────────────────────────────────────────────────────────────


def _boxes(centres: np.ndarray, sizes: np.ndarray) -> np.ndarray:
    return np.concatenate([centres - sizes / 2, centres + sizes / 2], axis=-1)


# One array per domain of `core.DOMAINS`, for a batch of the given shape. Nothing on a boundary or a kink.
DRAW: dict[str, Callable[[Generator, Shape], Any]] = {
    "real": lambda rng, shape: rng.normal(0, 1.5, shape),
    "positive": lambda rng, shape: rng.uniform(0.3, 3, shape),
    "nonnegative": lambda rng, shape: rng.uniform(0.1, 3, shape),
    "unit": lambda rng, shape: rng.uniform(0.05, 0.95, shape),
    "probability": lambda rng, shape: rng.uniform(0.05, 0.95, shape),
    "count": lambda rng, shape: rng.poisson(3.0, shape),
    "angle": lambda rng, shape: rng.uniform(-math.pi, math.pi, shape),
    "binary": lambda rng, shape: rng.integers(0, 2, shape),
    "sign": lambda rng, shape: 2 * rng.integers(0, 2, shape) - 1,
    "label": lambda rng, shape: rng.integers(0, CLASSES, shape),
    "logits": lambda rng, shape: rng.normal(0, 2, (*shape, CLASSES)),
    "distribution": lambda rng, shape: rng.dirichlet(np.full(CLASSES, 2.0), shape),
    "embedding": lambda rng, shape: rng.normal(0, 1, (*shape, CLASSES)),
    "components": lambda rng, shape: rng.normal(0, 2, (*shape, CLASSES)),
    "box": lambda rng, shape: _boxes(rng.normal(0, 0.7, (*shape, 2)), rng.uniform(0.5, 3, (*shape, 2))),
    "soft mask": lambda rng, shape: rng.uniform(0.05, 0.95, (*shape, 3, 4)),
    "soft masks": lambda rng, shape: rng.uniform(0.05, 0.95, (*shape, CLASSES, 3, 4)),
    "mask": lambda rng, shape: rng.integers(0, 2, (*shape, 3, 4)),
    "label map": lambda rng, shape: rng.integers(0, CLASSES, (*shape, 3, 4)),
    "positive components": lambda rng, shape: rng.uniform(0.3, 3, (*shape, CLASSES)),
    "features": lambda rng, shape: rng.normal(0, 1.5, (*shape, 3, 5)),
    "picture": lambda rng, shape: rng.normal(0, 1.5, (*shape, 3, 4)),
    "binary components": lambda rng, shape: rng.integers(0, 2, (*shape, CLASSES)),
    "frames": lambda rng, shape: rng.normal(0, 2, (*shape, 5, CLASSES)),  # enough for three labels that are equal
    "label sequence": lambda rng, shape: rng.integers(1, CLASSES, (*shape, 3)),
}
VECTORS = {
    "logits",
    "distribution",
    "embedding",
    "components",
    "positive components",
    "box",
    "soft mask",
    "soft masks",
    "mask",
    "label map",
    "features",
    "picture",
    "binary components",
    "frames",
    "label sequence",
}  # domains with one vector per example
WHOLE = {
    "count",
    "mask",
    "label map",
    "binary",
    "binary components",
    "sign",
    "label",
    "label sequence",
}  # domains of integers, which have no derivative and no NaN

# Losses whose arguments are not one array of the batch's shape each: their inputs by name.
SPECIAL_DRAWS: dict[str, Callable[[Generator, Shape], Inputs]] = {
    "info_nce": lambda rng, shape: {
        "anchor": rng.normal(0, 1, (*shape, CLASSES)),
        "positive": rng.normal(0, 1, (*shape, CLASSES)),
        "negatives": rng.normal(0, 1, (*shape, 3, CLASSES)),
    },
    "nt_xent": lambda rng, shape: {
        name: rng.normal(0, 1, (*shape, CLASSES)) for name in ("x1", "x2")
    },  # one batch: 2N losses
    "forward_correction": lambda rng, shape: {
        "logits": rng.normal(0, 2, (*shape, CLASSES)),
        "labels": rng.integers(0, CLASSES, shape),
        "noise_matrix": rng.dirichlet(np.full(CLASSES, 2.0), CLASSES),  # one for all examples
    },
}

# What a gradient treats as a constant though it depends on the inputs: keywords that hold it while an input moves.
HELD: dict[str, Callable[[Inputs], Inputs]] = {"ciou": lambda inputs: {"alpha": lossbook.ciou_alpha(**inputs)}}

# Losses whose formula speaks of the whole batch: its symbols are arrays over the examples, indexed in the LaTeX.
BATCHWISE = {"rmse"}

# Symbols of a formula beyond the arguments, the parameters, e, N and K: by name of the loss, from its inputs.
EXTRA_SYMBOLS: dict[str, Callable[[Inputs], dict[str, Any]]] = {
    "info_nce": lambda inputs: {"M": inputs["negatives"].shape[-2]},
    "bernoulli_elbo": lambda inputs: {"D": inputs["logits"].shape[-1], "K": inputs["mean"].shape[-1]},
    "normal_elbo": lambda inputs: {"D": inputs["prediction"].shape[-1], "K": inputs["mean"].shape[-1]},
}


def _ntxent_scopes(inputs: Inputs, parameters: dict[str, float], argument: str | None) -> list[dict[str, Any]]:
    """Every view with its candidates, and the probabilities with which it picks them and they pick it."""
    n, temperature = len(inputs["x1"]), parameters["temperature"]
    views = np.concatenate([inputs["x1"], inputs["x2"]])
    units = views / np.linalg.norm(views, axis=1, keepdims=True)
    odds = np.exp(units @ units.T / temperature) * (1 - np.eye(2 * n))
    picks = odds / odds.sum(axis=1, keepdims=True)
    found = []
    for i in {None: range(2 * n), "x1": range(n), "x2": range(n, 2 * n)}[argument]:
        others = [k for k in range(2 * n) if k != i]
        numbers = {"T": temperature, "N": n, "K": len(others), "j": others.index((i + n) % (2 * n))}
        found.append({**numbers, "z": views[i], "c": views[others], "p": picks[i, others], "q": picks[others, i]})
    return found


def _probability_scopes(inputs: Inputs, parameters: dict[str, float], argument: str | None) -> list[dict[str, Any]]:
    """Scores and labels beside the probabilities that the formula is written in, and the noise where there is some."""
    symbols = {"gamma": r"\gamma", "alpha": r"\alpha", "q": "q", "z_loss": r"\lambda"}
    numbers = {symbols[name]: value for name, value in parameters.items()}
    matrix = inputs.get("noise_matrix", np.eye(CLASSES))
    found = []
    for s, y in zip(inputs["logits"], inputs["labels"], strict=True):
        p = np.exp(s) / np.exp(s).sum() if np.ndim(s) else 1 / (1 + np.exp(-s))
        found.append({**numbers, "s": s, "y": y, r"\hat p": p, "t": matrix[:, y], "K": np.size(s)})
    return found


def _distillation_scopes(inputs: Inputs, parameters: dict[str, float], argument: str | None) -> list[dict[str, Any]]:
    """The softened distributions of student and teacher."""
    numbers = {"T": parameters["temperature"], "K": CLASSES}
    found = []
    for s, t in zip(inputs["logits"], inputs["teacher_logits"], strict=True):
        p, q = (np.exp(scores / numbers["T"]) / np.exp(scores / numbers["T"]).sum() for scores in (s, t))
        found.append({**numbers, "s": s, "t": t, r"\hat p": p, "q": q})
    return found


def paths(frames: int, classes: int, labels: list[int]) -> list[tuple[int, ...]]:
    """All paths that stand for the labels, class 0 being the blank: by trying every one."""
    return [
        path
        for path in itertools.product(range(classes), repeat=frames)
        if [label for label, _ in itertools.groupby(path) if label != 0] == labels
    ]


def _path_scopes(inputs: Inputs, parameters: dict[str, float], argument: str | None) -> list[dict[str, Any]]:
    """What every path emits, frame by frame, and what the paths that fit emit together."""
    found = []
    for s, y in zip(inputs["logits"], inputs["labels"], strict=True):
        p = np.exp(s) / np.exp(s).sum(axis=1, keepdims=True)
        fitting = paths(*s.shape, y.tolist())
        emitted = np.array([[p[t, k] for t, k in enumerate(path)] for path in fitting])
        shares = emitted.prod(axis=1) / emitted.prod(axis=1).sum()
        gamma = np.zeros(s.shape)
        for path, share in zip(fitting, shares, strict=True):
            gamma[np.arange(len(s)), path] += share
        found.append({"M": len(fitting), "T": len(s), "a": emitted, r"\hat p": p, r"\gamma": gamma})
    return found


def _ctc(logits: torch.Tensor, labels: torch.Tensor) -> torch.Tensor:
    frames, counts = (torch.full((len(labels),), size) for size in (logits.shape[1], labels.shape[1]))
    log_p = F.log_softmax(logits, dim=-1).transpose(0, 1)
    return F.ctc_loss(log_p, labels, frames, counts, reduction="none")


def _box_scopes(inputs: Inputs, parameters: dict[str, float], argument: str | None) -> list[dict[str, Any]]:
    """Areas, distances and angles of every pair of boxes, with their derivatives by autograd."""
    found = []
    for corners, t in zip(*map(torch.tensor, inputs.values()), strict=True):
        b = corners.requires_grad_()
        size, t_size = b[2:] - b[:2], t[2:] - t[:2]
        around = torch.maximum(b, t)[2:] - torch.minimum(b, t)[:2]
        common = F.relu(torch.minimum(b, t)[2:] - torch.maximum(b, t)[:2]).prod()
        turn = torch.atan(t_size[0] / t_size[1]) - torch.atan(size[0] / size[1])
        terms = {
            "I": common,
            "U": size.prod() + t_size.prod() - common,
            "C": around.prod(),
            "R": ((b[:2] + b[2:] - t[:2] - t[2:]) / 2).square().sum(),
            "Q": around.square().sum(),
            "v": 4 / math.pi**2 * turn**2,
        }
        scope = {name: term.item() for name, term in terms.items()}
        for name, term in terms.items():
            scope[rf"\tilde {name}"] = torch.autograd.grad(term, b, retain_graph=True)[0].numpy()
        scope[r"\alpha"] = scope["v"] / (1 - scope["I"] / scope["U"] + scope["v"])
        found.append(scope)
    return found


def _mask_scopes(inputs: Inputs, parameters: dict[str, float], argument: str | None) -> list[dict[str, Any]]:
    """Pixels in a row, with what they have in common, what both have, what is too much and what is missing."""
    symbols = {"smooth": r"\epsilon", "alpha": r"\alpha", "beta": r"\beta"}
    numbers = {symbols[name]: value for name, value in parameters.items()}
    found = []
    for p, y in zip(*(np.reshape(value, (len(value), -1)) for value in inputs.values()), strict=True):
        common, much, missing = p @ y, p @ (1 - y), (1 - p) @ y
        scope = {**numbers, "M": p.size, r"\hat p": p, "y": y, r"\phi": y, "#shape": -1}
        scope |= {"I": common, "S": p.sum() + y.sum(), "F": much, "R": missing}
        if r"\beta" in numbers:
            weighted = numbers[r"\alpha"] * much + numbers[r"\beta"] * missing
            scope["Q"] = common + weighted + numbers[r"\epsilon"]
        found.append(scope)
    return found


def _class_scopes(inputs: Inputs, parameters: dict[str, float], argument: str | None) -> list[dict[str, Any]]:
    """Classes by pixels, with the sums of every class and its weight."""
    found = []
    for p, y in zip(*(np.reshape(value, (len(value), CLASSES, -1)) for value in inputs.values()), strict=True):
        weights, common, both = y.sum(axis=1) ** -2.0, (p * y).sum(axis=1), (p + y).sum(axis=1)
        sums = {"I": common, "S": both, "w": weights, "A": weights @ common, "B": weights @ both}
        found.append({**sums, "K": CLASSES, "y": y, r"\epsilon": parameters["smooth"], "#shape": (CLASSES, -1)})
    return found


def jaccard_steps(errors: np.ndarray, own: np.ndarray) -> np.ndarray:
    """Growth of the Jaccard loss of a set when each pixel is taken as wrong after all with a larger error, by sets."""
    wanted = {i for i, inside in enumerate(own) if inside}
    steps = np.zeros(len(errors))
    guess, before = set(wanted), 0.0
    for i in sorted(range(len(errors)), key=lambda i: -errors[i]):
        guess = guess ^ {i}
        loss = 1 - len(guess & wanted) / len(guess | wanted) if guess | wanted else 0.0
        steps[i], before = loss - before, loss
    return steps


def _lovasz_scopes(inputs: Inputs, parameters: dict[str, float], argument: str | None) -> list[dict[str, Any]]:
    """Errors and steps of the pixels, by class where there are several."""
    found = []
    for x, y in zip(*inputs.values(), strict=True):
        own = np.array([y == k for k in range(CLASSES)]) if x.ndim == 3 else (y == 1)
        own = own.reshape(*x.shape[:-2], -1)
        z, x = 2.0 * own - 1, x.reshape(own.shape)
        if own.ndim == 1:
            m = 1 - z * x
            found.append({"M": x.size, "z": z, "m": m, "d": jaccard_steps(m, own), "#shape": -1})
            continue
        m = np.abs(own - x)
        d = np.array([jaccard_steps(*pair) if pair[1].any() else 0 * pair[0] for pair in zip(m, own, strict=True)])
        sizes = {"M": x.shape[1], "K": CLASSES, "C": int(own.any(axis=1).sum())}
        found.append({**sizes, "z": z, "m": m, "d": d, "#shape": (CLASSES, -1)})
    return found


def _map_scopes(inputs: Inputs, parameters: dict[str, float], argument: str | None) -> list[dict[str, Any]]:
    """Two feature maps, row by row a channel."""
    maps = [dict(zip(("F", "P"), pair, strict=True)) for pair in zip(*inputs.values(), strict=True)]
    return [{**pair, "A": pair["P"], "C": pair["F"].shape[0], "M": pair["F"].shape[1]} for pair in maps]


def _step_scopes(inputs: Inputs, parameters: dict[str, float], argument: str | None) -> list[dict[str, Any]]:
    """The steps from each pixel to the right and down, and those that arrive at it; 0 where there are none."""
    found = []
    for x in inputs["image"]:
        height, width = x.shape
        h, v = np.zeros((height + 1, width + 1)), np.zeros((height + 1, width + 1))  # the last of each is the edge
        for i in range(height - 1):
            for j in range(width - 1):
                h[i, j], v[i, j] = x[i, j + 1] - x[i, j], x[i + 1, j] - x[i, j]
        arrived = {r"\bar h": np.roll(h, 1, axis=1), r"\bar v": np.roll(v, 1, axis=0)}
        found.append({"h": h, "v": v, **arrived, "H": height, "W": width})
    return found


def _partner_scopes(inputs: Inputs, parameters: dict[str, float], argument: str | None) -> list[dict[str, Any]]:
    """Every value of a sample beside the value of the other sample that has its rank, found by counting."""
    found = []
    for x, y in zip(inputs["x"], inputs["y"], strict=True):
        ranks = (x[:, np.newaxis] > x).sum(axis=1)
        found.append({"x": x, "z": np.array([y[(y[:, np.newaxis] > y).sum(axis=1) == rank][0] for rank in ranks])})
        found[-1]["n"] = len(x)
    return found


# Losses in which one example is not one row of the arguments, or whose formula has symbols of its own: what the symbols
# stand for, example by example, for the value (argument None) or for the gradient with respect to an argument.
SCOPES: dict[str, Callable[[Inputs, dict[str, float], str | None], list[dict[str, Any]]]] = {
    "nt_xent": _ntxent_scopes,
    "ctc": _path_scopes,
    **dict.fromkeys(("dice", "jaccard", "tversky", "boundary"), _mask_scopes),
    "generalised_dice": _class_scopes,
    **dict.fromkeys(("iou", "giou", "diou", "ciou"), _box_scopes),
    **dict.fromkeys(("lovasz_hinge", "lovasz_softmax"), _lovasz_scopes),
    "content": _map_scopes,
    "style": _map_scopes,
    "total_variation": _step_scopes,
    "wasserstein_1": _partner_scopes,
    **dict.fromkeys(
        (
            "generalised_cross_entropy",
            "forward_correction",
            "sigmoid_focal",
            "softmax_focal",
            "sequence_cross_entropy",
        ),
        _probability_scopes,
    ),
    "distillation": _distillation_scopes,
}


def extra_symbols(loss: Loss, inputs: Inputs) -> dict[str, Any]:
    return EXTRA_SYMBOLS.get(loss.name, lambda inputs: {})(inputs)


def draw(loss: Loss, rng: Generator, shape: Shape = (6,)) -> Inputs:
    """Random arguments of a loss, by name."""
    if loss.name in SPECIAL_DRAWS:
        return SPECIAL_DRAWS[loss.name](rng, shape)
    return {name: DRAW[argument.domain](rng, shape) for name, argument in loss.arguments.items()}


def target_of(loss: Loss) -> str:
    """The argument that is observed, not predicted."""
    return next(name for name in ("target", "labels", "label") if name in loss.arguments)


def settings(loss: Loss, rng: Generator, random: int = 3) -> list[dict[str, float]]:
    """Keyword sets to test: the defaults, both ends of every slider, and a few random ones."""
    if not loss.parameters:
        return [{}]
    ranges = loss.parameters.items()
    ends = [{name: getattr(parameter, end) for name, parameter in ranges} for end in ("low", "high")]
    inside = [{name: float(rng.uniform(p.low, p.high)) for name, p in ranges} for _ in range(random)]
    return [loss.defaults, *ends, *inside]


# ── PyTorch's word ───────────────────────────────────────────────────────────────────────────────────────────────────


def _log_cosh(e: torch.Tensor) -> torch.Tensor:
    return torch.logaddexp(e, -e) - math.log(2)


def _contrastive(distance: torch.Tensor, label: torch.Tensor, margin: float) -> torch.Tensor:
    return (1 - label) * distance**2 / 2 + label * F.relu(margin - distance) ** 2 / 2


def _info_nce(
    anchor: torch.Tensor, positive: torch.Tensor, negatives: torch.Tensor, temperature: float
) -> torch.Tensor:
    candidates = torch.cat([positive[:, None], negatives], dim=1)
    scores = F.cosine_similarity(anchor[:, None], candidates, dim=-1) / temperature
    return F.cross_entropy(scores, torch.zeros(len(anchor), dtype=torch.long), reduction="none")


def _nt_xent(x1: torch.Tensor, x2: torch.Tensor, temperature: float) -> torch.Tensor:
    views = F.normalize(torch.cat([x1, x2]), dim=-1)
    scores = (views @ views.T / temperature).fill_diagonal_(-math.inf)
    partners = torch.arange(len(views)).roll(len(x1))
    return F.cross_entropy(scores, partners, reduction="none")


def _sigmoid_focal(logits: torch.Tensor, labels: torch.Tensor, gamma: float, alpha: float) -> torch.Tensor:
    targets = labels.to(logits.dtype)
    p = torch.sigmoid(logits)
    p_t = p * targets + (1 - p) * (1 - targets)
    alpha_t = alpha * targets + (1 - alpha) * (1 - targets)
    return alpha_t * (1 - p_t) ** gamma * F.binary_cross_entropy_with_logits(logits, targets, reduction="none")


def _softmax_focal(logits: torch.Tensor, labels: torch.Tensor, gamma: float) -> torch.Tensor:
    costs = F.cross_entropy(logits, labels, reduction="none")
    return (1 - torch.exp(-costs)) ** gamma * costs


def _listmle(scores: torch.Tensor, relevance: torch.Tensor) -> torch.Tensor:
    ordered = scores.gather(-1, relevance.argsort(dim=-1, descending=True))
    return (ordered.flip(-1).logcumsumexp(dim=-1).flip(-1) - ordered).sum(-1)


def _iou(b: torch.Tensor, t: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """IoU and the area of the union."""
    low, high = torch.maximum(b, t)[..., :2], torch.minimum(b, t)[..., 2:]
    common = F.relu(high - low).prod(-1)
    union = sum((box[..., 2:] - box[..., :2]).prod(-1) for box in (b, t)) - common
    return common / union, union


def _hull(b: torch.Tensor, t: torch.Tensor) -> torch.Tensor:
    """The area of the smallest box around both."""
    return (torch.maximum(b, t)[..., 2:] - torch.minimum(b, t)[..., :2]).prod(-1)


def _centres(b: torch.Tensor, t: torch.Tensor) -> torch.Tensor:
    """Squared distance of the centres by the squared diagonal around both."""
    around = torch.maximum(b, t)[..., 2:] - torch.minimum(b, t)[..., :2]
    middles = [(box[..., :2] + box[..., 2:]) / 2 for box in (b, t)]
    return (middles[0] - middles[1]).square().sum(-1) / around.square().sum(-1)


def _shape(b: torch.Tensor, t: torch.Tensor, overlap: torch.Tensor) -> torch.Tensor:
    """How far apart the aspect ratios are, times its weight, which is no function of anything."""
    angles = [torch.atan((box[..., 2] - box[..., 0]) / (box[..., 3] - box[..., 1])) for box in (b, t)]
    v = 4 / math.pi**2 * (angles[1] - angles[0]) ** 2
    return (v / (1 - overlap + v)).detach() * v


def _dice(prediction: torch.Tensor, target: torch.Tensor, smooth: float) -> torch.Tensor:
    common = torch.einsum("...hw,...hw->...", prediction, target)
    return 1 - (2 * common + smooth) / (prediction.sum((-2, -1)) + target.sum((-2, -1)) + smooth)


def _jaccard(prediction: torch.Tensor, target: torch.Tensor, smooth: float) -> torch.Tensor:
    common = torch.einsum("...hw,...hw->...", prediction, target)
    return 1 - (common + smooth) / ((prediction + target).sum((-2, -1)) - common + smooth)


def _tversky(prediction: torch.Tensor, target: torch.Tensor, alpha: float, beta: float, smooth: float) -> torch.Tensor:
    common = (prediction * target).sum((-2, -1))
    much, missing = (prediction.sum((-2, -1)) - common), (target.sum((-2, -1)) - common)
    return 1 - (common + smooth) / (common + alpha * much + beta * missing + smooth)


def _generalised_dice(prediction: torch.Tensor, target: torch.Tensor, smooth: float) -> torch.Tensor:
    weights = target.sum((-2, -1)) ** -2
    common = (weights * torch.einsum("...khw,...khw->...k", prediction, target)).sum(-1)
    both = (weights * (prediction.sum((-2, -1)) + target.sum((-2, -1)))).sum(-1)
    return 1 - (2 * common + smooth) / (both + smooth)


def _lovasz(errors: torch.Tensor, own: torch.Tensor) -> torch.Tensor:
    ordered, order = errors.sort(descending=True)
    wrong = own[order].cumsum(0)
    losses = 1 - (own.sum() - wrong) / (own.sum() + torch.arange(1, len(own) + 1) - wrong)
    return (losses.diff(prepend=torch.zeros(1)) * F.relu(ordered)).sum()


def _style(features: torch.Tensor, target: torch.Tensor) -> torch.Tensor:
    channels, places = features.shape[-2:]
    gram, wanted = (torch.einsum("...km,...jm->...kj", maps, maps) for maps in (features, target))
    return (gram - wanted).square().sum((-2, -1)) / (4 * channels**2 * places**2)


def _total_variation(image: torch.Tensor) -> torch.Tensor:
    here = image[..., :-1, :-1]
    return ((image[..., :-1, 1:] - here) ** 2 + (image[..., 1:, :-1] - here) ** 2).sum((-2, -1)) / 2


def _rate(mean: torch.Tensor, log_variance: torch.Tensor) -> torch.Tensor:
    code = td.Normal(mean, torch.exp(log_variance / 2))
    return td.kl_divergence(code, td.Normal(torch.zeros_like(mean), torch.ones_like(mean))).sum(-1)


# By name of the loss: one loss per example (or, where it has none, the number of the batch) from tensors by keyword.
TORCH: dict[str, Callable[..., torch.Tensor]] = {
    "mse": lambda prediction, target: F.mse_loss(prediction, target, reduction="none"),
    "mae": lambda prediction, target: F.l1_loss(prediction, target, reduction="none"),
    "rmse": lambda prediction, target: torch.linalg.vector_norm(prediction - target) / math.sqrt(target.numel()),
    "huber": lambda prediction, target, delta: F.huber_loss(prediction, target, delta=delta, reduction="none"),
    "smooth_l1": lambda prediction, target, beta: F.smooth_l1_loss(prediction, target, beta=beta, reduction="none"),
    "log_cosh": lambda prediction, target: _log_cosh(prediction - target),
    "pinball": lambda prediction, target, quantile: (
        quantile * F.relu(target - prediction) + (1 - quantile) * F.relu(prediction - target)
    ),
    "epsilon_insensitive": lambda prediction, target, epsilon: F.relu((prediction - target).abs() - epsilon),
    "cauchy": lambda prediction, target, scale: (
        -(scale**2) / 2 * (td.Cauchy(prediction, scale).log_prob(target) + math.log(math.pi * scale))
    ),
    "normal_nll": lambda prediction, target, scale: F.gaussian_nll_loss(
        prediction, target, scale**2, full=True, reduction="none"
    ),
    "laplace_nll": lambda prediction, target, scale: -td.Laplace(prediction, scale).log_prob(target),
    "student_t_nll": lambda prediction, target, scale, df: -td.StudentT(df, prediction, scale).log_prob(target),
    "cross_entropy": lambda p, q: -(p * q.log()).sum(-1),
    "kl_divergence": lambda p, q: F.kl_div(q.log(), p, reduction="none").sum(-1),
    "js_divergence": lambda p, q: (torch.xlogy(p, 2 * p / (p + q)) + torch.xlogy(q, 2 * q / (p + q))).sum(-1) / 2,
    "kl_normal": lambda mean_p, scale_p, mean_q, scale_q: td.kl_divergence(
        td.Normal(mean_p, scale_p), td.Normal(mean_q, scale_q)
    ),
    "contrastive": _contrastive,
    "contrastive_embeddings": lambda x1, x2, label, margin: _contrastive(
        torch.linalg.vector_norm(x1 - x2, dim=-1), label, margin
    ),
    "cosine_embedding": lambda x1, x2, label, margin: F.cosine_embedding_loss(
        x1, x2, 1 - 2 * label, margin=margin, reduction="none"
    ),
    "triplet_margin": lambda anchor, positive, negative, margin: F.triplet_margin_loss(
        anchor, positive, negative, margin=margin, eps=0, reduction="none"
    ),
    "info_nce": _info_nce,
    "nt_xent": _nt_xent,
    "bernoulli_nll": lambda logits, labels: -td.Bernoulli(logits=logits).log_prob(labels.double()),
    "categorical_nll": lambda logits, labels: -td.Categorical(logits=logits).log_prob(labels),
    "beta_nll": lambda a, b, target: -td.Beta(a, b).log_prob(target),
    "poisson_nll": lambda log_rate, target: -td.Poisson(log_rate.exp()).log_prob(target.double()),
    "von_mises_nll": lambda prediction, target, concentration: (  # torch's own has single-precision Bessel functions
        torch.log(2 * math.pi * torch.special.i0(concentration)) - concentration * torch.cos(target - prediction)
    ),
    "normal_mixture_nll": lambda logits, means, scales, target: (
        -td.MixtureSameFamily(td.Categorical(logits=logits), td.Normal(means, scales)).log_prob(target)
    ),
    "softmax_cross_entropy": lambda logits, labels: F.cross_entropy(logits, labels, reduction="none"),
    "binary_cross_entropy": lambda prediction, target: F.binary_cross_entropy(prediction, target, reduction="none"),
    "binary_cross_entropy_with_logits": lambda logits, labels, pos_weight: F.binary_cross_entropy_with_logits(
        logits, labels, pos_weight=torch.tensor(pos_weight, dtype=logits.dtype), reduction="none"
    ),
    "hinge": lambda score, target: F.relu(1 - target * score),
    "squared_hinge": lambda score, target: F.relu(1 - target * score) ** 2,
    "perceptron": lambda score, target: F.relu(-target * score),
    "logistic": lambda score, target: F.soft_margin_loss(score, target, reduction="none"),
    "exponential": lambda score, target: torch.exp(-target * score),
    "brier": lambda prediction, labels: ((prediction - F.one_hot(labels, prediction.shape[-1])) ** 2).sum(-1),
    "binary_brier": lambda prediction, target: F.mse_loss(prediction, target, reduction="none"),
    "spherical": lambda prediction, labels: -F.normalize(prediction, dim=-1).gather(-1, labels[..., None])[..., 0],
    "generalised_cross_entropy": lambda logits, labels, q: (
        (1 - F.softmax(logits, dim=-1).gather(-1, labels[..., None])[..., 0] ** q) / q
    ),
    "forward_correction": lambda logits, labels, noise_matrix: F.nll_loss(
        torch.log(F.softmax(logits, dim=-1) @ noise_matrix), labels, reduction="none"
    ),
    "sigmoid_focal": _sigmoid_focal,
    "softmax_focal": _softmax_focal,
    "margin_ranking": lambda preferred, other, margin: F.margin_ranking_loss(
        preferred, other, torch.ones_like(preferred), margin=margin, reduction="none"
    ),
    "pairwise_logistic": lambda preferred, other: -F.logsigmoid(preferred - other),
    "listnet": lambda scores, relevance: F.cross_entropy(scores, F.softmax(relevance, dim=-1), reduction="none"),
    "listmle": _listmle,
    "dpo": lambda chosen, rejected, reference_chosen, reference_rejected, beta: (
        -F.logsigmoid(beta * ((chosen - rejected) - (reference_chosen - reference_rejected)))
    ),
    "content": lambda features, target: F.mse_loss(features, target, reduction="none").sum((-2, -1)) / 2,
    "style": _style,
    "total_variation": _total_variation,
    "sequence_cross_entropy": lambda logits, labels, z_loss: (
        F.cross_entropy(logits, labels, reduction="none") + z_loss * torch.logsumexp(logits, dim=-1) ** 2
    ),
    "distillation": lambda logits, teacher_logits, temperature: (
        temperature**2
        * F.kl_div(
            F.log_softmax(logits / temperature, dim=-1),
            F.log_softmax(teacher_logits / temperature, dim=-1),
            log_target=True,
            reduction="none",
        ).sum(-1)
    ),
    "ctc": _ctc,
    "iou": lambda prediction, target: 1 - _iou(prediction, target)[0],
    "giou": lambda prediction, target: (
        2 - _iou(prediction, target)[0] - _iou(prediction, target)[1] / _hull(prediction, target)
    ),
    "diou": lambda prediction, target: 1 - _iou(prediction, target)[0] + _centres(prediction, target),
    "ciou": lambda prediction, target: (
        1
        - _iou(prediction, target)[0]
        + _centres(prediction, target)
        + _shape(prediction, target, _iou(prediction, target)[0])
    ),
    "dice": _dice,
    "jaccard": _jaccard,
    "tversky": _tversky,
    "generalised_dice": _generalised_dice,
    "lovasz_hinge": lambda logits, labels: torch.stack(
        [_lovasz(1 - s * (2 * y - 1), y.double()) for s, y in zip(logits.flatten(1), labels.flatten(1), strict=True)]
    ),
    "lovasz_softmax": lambda prediction, labels: torch.stack(
        [
            torch.stack([_lovasz(((y == k).double() - p[k]).abs(), (y == k).double()) for k in y.unique()]).mean()
            for p, y in zip(prediction.flatten(2), labels.flatten(1), strict=True)
        ]
    ),
    "boundary": lambda prediction, distance: torch.mean(prediction * distance, dim=(-2, -1)),
    "ipo": lambda chosen, rejected, reference_chosen, reference_rejected, beta: (
        ((chosen - rejected) - (reference_chosen - reference_rejected) - 1 / (2 * beta)) ** 2
    ),
    "kl_standard_normal": lambda mean, log_variance: _rate(mean, log_variance),
    "bernoulli_elbo": lambda logits, labels, mean, log_variance, beta: (
        F.binary_cross_entropy_with_logits(logits, labels.double(), reduction="none").sum(-1)
        + beta * _rate(mean, log_variance)
    ),
    "normal_elbo": lambda prediction, target, mean, log_variance, scale, beta: (
        F.gaussian_nll_loss(prediction, target, torch.full_like(prediction, scale**2), full=True, reduction="none").sum(
            -1
        )
        + beta * _rate(mean, log_variance)
    ),
    "discriminator": lambda real_logits, fake_logits: F.softplus(-real_logits) + F.softplus(fake_logits),
    "generator_saturating": lambda fake_logits: F.logsigmoid(-fake_logits),
    "generator_nonsaturating": lambda fake_logits: -F.logsigmoid(fake_logits),
    "wasserstein_1": lambda x, y: (x.sort(dim=-1).values - y.sort(dim=-1).values).abs().mean(-1),
    "wasserstein_1_histogram": lambda p, q, width: width * (p - q).cumsum(-1)[..., :-1].abs().sum(-1),
    "wasserstein_critic": lambda real_scores, fake_scores: fake_scores - real_scores,
    "wasserstein_generator": lambda fake_scores: -fake_scores,
    "gradient_penalty": lambda gradients, penalty: penalty * (torch.linalg.vector_norm(gradients, dim=-1) - 1) ** 2,
    "denoising": lambda prediction, target, log_snr: (
        log_snr.exp() * F.mse_loss(prediction, target, reduction="none").sum(-1)
    ),
    "flow_matching": lambda prediction, data, noise: F.mse_loss(prediction, data - noise, reduction="none").sum(-1),
}


def torch_losses(loss: Loss, inputs: Inputs, parameters: dict[str, float]) -> tuple[torch.Tensor, Inputs]:
    """PyTorch's losses, and the tensors they were computed from (those with a gradient in lossbook require one)."""
    if loss.name not in TORCH:
        pytest.fail(f"no PyTorch oracle for {loss.name}: add one to TORCH in tests/oracles.py")
    tensors = {name: torch.tensor(value) for name, value in inputs.items()}
    for name in loss.grads:
        tensors[name].requires_grad_()
    return TORCH[loss.name](**tensors, **parameters), tensors
