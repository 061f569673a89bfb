r"""Losses of denoisers: squared errors, and what an error in the data, the noise, the velocity or the score weighs.

A noisy example is z = αx + σε with α² + σ² = 1, from data x and standard normal noise ε. Its noise level is given as
the logarithm of the signal-to-noise ratio, log_snr = log(α²/σ²), which loses no digits at either end. The four things
that a network may predict are tied by z, so that a prediction of one is a prediction of each:

    noise ε = (z − αx)/σ,   velocity v = αε − σx,   score = −ε/σ
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import ArrayLike

from lossbook.core import Argument, Card, Floats, Loss, quiet, real, shown
from lossbook.losses._components import same_components, total, total_grad
from lossbook.losses.scores import logistic

__all__ = [
    "DENOISING",
    "FLOW_MATCHING",
    "add_noise",
    "convert_prediction",
    "denoising",
    "denoising_grad",
    "denoising_weight",
    "flow_matching",
    "flow_matching_grad",
]

# ── One noise level ──────────────────────────────────────────────────────────────────────────────────────────────────

# The squared error of a quantity is that of the data times snr^a · (1 + snr)^b: these are (a, b).
ORDERS = {"data": (0, 0), "noise": (1, 0), "velocity": (0, 1), "score": (1, 1)}
WEIGHTS: dict[tuple[int, int], Callable[[Floats], Floats]] = {
    (0, 0): np.ones_like,
    (1, 0): np.exp,
    (0, 1): lambda level: 1 + np.exp(level),
    (1, 1): lambda level: np.exp(level) * (1 + np.exp(level)),
    (-1, 0): lambda level: np.exp(-level),
    (0, -1): lambda level: logistic(-level),
    (-1, -1): lambda level: np.exp(-level) * logistic(-level),
    (-1, 1): lambda level: 1 + np.exp(-level),
    (1, -1): logistic,
}


def _kind(name: str, value: str) -> str:
    if not isinstance(value, str) or value not in ORDERS:
        raise ValueError(f"{name} must be one of {', '.join(map(repr, ORDERS))}, got {shown(value)}")
    return value


def _levels(log_snr: ArrayLike, example: Floats) -> Floats:
    """One level for all, or one per example, as a column beside the components."""
    level = real("log_snr", log_snr)
    if level.ndim and level.shape != example.shape[:-1]:
        allowed = f"a number or one number per example, shape {example.shape[:-1]}"
        raise ValueError(f"log_snr must be {allowed}, got shape {level.shape}")
    return np.broadcast_to(level[..., np.newaxis], (*example.shape[:-1], 1))


def _amplitudes(level: Floats) -> tuple[Floats, Floats]:
    """α and σ of a noise level."""
    return np.sqrt(logistic(level)), np.sqrt(logistic(-level))


def add_noise(data: ArrayLike, noise: ArrayLike, log_snr: ArrayLike) -> Floats:
    """The noisy example z = αx + σε at a noise level.

    Parameters
    ----------
    data, noise : array_like
        x and ε of one shape (…, K).
    log_snr : array_like
        log(α²/σ²), one number or one per example; α² is its sigmoid, and σ² = 1 − α².

    Raises
    ------
    ValueError
        If the shapes differ or an argument is not real.

    Examples
    --------
    >>> add_noise([2.0], [0.0], np.log(1 / 3))  # α² = ¼
    array([1.])
    """
    x, noise = same_components(data=data, noise=noise)
    alpha, sigma = _amplitudes(_levels(log_snr, x))
    with quiet():
        return np.asarray(alpha * x + sigma * noise)


def convert_prediction(
    prediction: ArrayLike, noisy: ArrayLike, log_snr: ArrayLike, *, predicts: str = "noise", wanted: str = "data"
) -> Floats:
    """A prediction of one of the four quantities as the prediction of another that it amounts to.

    Parameters
    ----------
    prediction, noisy : array_like
        What a network predicts, and the noisy example z that it saw, of one shape (…, K).
    log_snr : array_like
        The noise level, one number or one per example.
    predicts, wanted : {"data", "noise", "velocity", "score"}
        What `prediction` is of, and what is asked for.

    Returns
    -------
    ndarray
        Data from noise divides by α: where hardly any signal is left, a small error in the noise is large in the data.

    Raises
    ------
    ValueError
        If the shapes differ, or a quantity is none of the four.

    Examples
    --------
    >>> noisy = add_noise([2.0], [1.0], 0.0)
    >>> convert_prediction([1.0], noisy, 0.0, predicts="noise", wanted="data").round(12)
    array([2.])
    """
    y, z = same_components(prediction=prediction, noisy=noisy)
    given, asked = _kind("predicts", predicts), _kind("wanted", wanted)
    alpha, sigma = _amplitudes(_levels(log_snr, y))
    if given == asked:
        return y
    with quiet():
        if given == "score":
            y, given = -sigma * y, "noise"
        if asked == "score":
            asked, last = "noise", -1 / sigma
        else:
            last = np.ones_like(sigma)
        if (given, asked) == ("noise", "data"):
            y = (z - sigma * y) / alpha
        elif (given, asked) == ("velocity", "data"):
            y = alpha * z - sigma * y
        elif (given, asked) == ("data", "noise"):
            y = (z - alpha * y) / sigma
        elif (given, asked) == ("velocity", "noise"):
            y = sigma * z + alpha * y
        elif (given, asked) == ("data", "velocity"):
            y = (alpha * z - y) / sigma
        elif (given, asked) == ("noise", "velocity"):
            y = (y - sigma * z) / alpha
        return np.asarray(last * y)


def denoising_weight(log_snr: ArrayLike, *, predicts: str = "data", weighs: str = "noise") -> Floats:
    """What one unit of squared error in `predicts` costs when the error is measured in `weighs`.

    With snr = exp(log_snr): data 1, noise snr, velocity 1 + snr, score snr(1 + snr), each against an error in the data.

    >>> denoising_weight([0.0, np.log(3.0)], predicts="data", weighs="velocity").round(12)
    array([2., 4.])
    """
    given, asked = ORDERS[_kind("predicts", predicts)], ORDERS[_kind("weighs", weighs)]
    with quiet():
        return np.asarray(WEIGHTS[asked[0] - given[0], asked[1] - given[1]](real("log_snr", log_snr)))


# ── The loss ─────────────────────────────────────────────────────────────────────────────────────────────────────────


def _errors(
    prediction: ArrayLike, target: ArrayLike, log_snr: ArrayLike, kinds: tuple[str, str]
) -> tuple[Floats, Floats]:
    """ŷ − y, and the weight of its square."""
    y, t = same_components(prediction=prediction, target=target)
    weight = denoising_weight(_levels(log_snr, y), predicts=kinds[0], weighs=kinds[1])
    with quiet():
        return y - t, weight


def denoising(
    prediction: ArrayLike,
    target: ArrayLike,
    log_snr: ArrayLike,
    *,
    predicts: str = "data",
    weighs: str = "noise",
    reduction: str = "mean",
) -> Floats | float:
    r"""Denoising loss: the squared error of one quantity, measured as an error of another.

    .. math:: \ell = \exp(\lambda) \sum_{k=1}^{K} e_k^2

    with e = y − ŷ and λ = log_snr, for the default: an error in the data that is paid for as an error in the noise.

    Parameters
    ----------
    prediction, target : array_like
        The predicted and the true quantity, of one shape (…, K).
    log_snr : array_like
        The noise level λ = log(α²/σ²), one number or one per example.
    predicts : {"data", "noise", "velocity", "score"}
        What `prediction` and `target` are.
    weighs : {"data", "noise", "velocity", "score"}
        In which of the four the error counts. With `predicts="noise", weighs="noise"` this is the plain squared error
        that is called the simple loss of diffusion.
    reduction : {"none", "mean", "sum"}
        One loss per example, their mean, or their sum. Components are always summed.

    Returns
    -------
    float or ndarray
        A float, or for "none" an array of the shape of `prediction` without its last axis.

    Raises
    ------
    ValueError
        If the shapes differ, a quantity is none of the four, the reduction is unknown, or "mean" meets an empty batch.

    References
    ----------
    Ho et al. (2020), "Denoising diffusion probabilistic models", *NeurIPS*; Salimans and Ho (2022), "Progressive
    distillation for fast sampling of diffusion models", *ICLR*.

    Examples
    --------
    >>> round(denoising([1.0, 0.0], [0.0, 2.0], np.log(3.0)), 12)  # 3 · (1 + 4)
    15.0
    >>> denoising([1.0, 0.0], [0.0, 2.0], 5.0, predicts="noise", weighs="noise")
    5.0
    """
    e, weight = _errors(prediction, target, log_snr, (predicts, weighs))
    with quiet():
        return total(np.where(e == 0, 0.0 * np.where(np.isnan(weight), weight, 1.0), weight * np.square(e)), reduction)


def denoising_grad(
    prediction: ArrayLike,
    target: ArrayLike,
    log_snr: ArrayLike,
    *,
    predicts: str = "data",
    weighs: str = "noise",
    reduction: str = "mean",
) -> Floats:
    """d denoising / d prediction: twice the weight times ŷ − y. Arguments as in `denoising`.

    >>> denoising_grad([1.0, 0.0], [0.0, 2.0], np.log(3.0)).round(12)
    array([  6., -12.])
    """
    e, weight = _errors(prediction, target, log_snr, (predicts, weighs))
    with quiet():
        return total_grad(np.where(e == 0, 0.0 * np.where(np.isnan(weight), weight, 1.0), 2 * weight * e), reduction)


DENOISING = Loss(
    value=denoising,
    grad=denoising_grad,
    title="denoising loss",
    synonyms=("diffusion loss", "DDPM loss", "simple loss", "denoising score matching"),
    latex=r"\exp(\lambda) \sum_{k=1}^{K} e_k^2",
    latex_grad={"prediction": r"-2 \exp(\lambda) e_k"},
    where=r"$\lambda$ is $\log(\alpha^2/\sigma^2)$ of the noisy example $\alpha x + \sigma \varepsilon$. This is the "
    "form for a prediction of the data whose error counts as an error in the noise.",
    arguments={
        "prediction": Argument(r"\hat y", "components"),
        "target": Argument("y", "components"),
        "log_snr": Argument(r"\lambda", "real", "the noise level, the logarithm of the signal-to-noise ratio"),
    },
    estimates="the conditional mean, given the noisy example",
    card=Card(
        what="Squared error of denoised data, weighed as an error in the noise.",
        why="A network that undoes noise at every level can draw data step by step.",
        strengths=("The best prediction is the conditional mean, whatever the weight.",),
        weaknesses=("Where there is mostly noise an error hardly counts: 0.0003 of its square at λ = −8.",),
        pytorch="(log_snr.exp() * ((prediction - target) ** 2).sum(-1)).mean()",
    ),
    source="ho2020",
    chapter="generative",
)


# ── Flow matching ────────────────────────────────────────────────────────────────────────────────────────────────────


def flow_matching(
    prediction: ArrayLike, data: ArrayLike, noise: ArrayLike, *, reduction: str = "mean"
) -> Floats | float:
    r"""Flow matching along straight lines: squared error of a predicted speed against data minus noise.

    .. math:: \ell = \sum_{k=1}^{K} \left(\hat u_k - (x_k - \varepsilon_k)\right)^2

    Parameters
    ----------
    prediction : array_like
        The speed û that a network predicts at the point (1 − t)ε + tx, of shape (…, K).
    data, noise : array_like
        The ends x and ε of the line, of the same shape.
    reduction : {"none", "mean", "sum"}
        One loss per example, their mean, or their sum. Components are always summed.

    Returns
    -------
    float or ndarray
        A float, or for "none" an array of the shape of `prediction` without its last axis.

    Raises
    ------
    ValueError
        If the shapes differ, an argument is not real, the reduction is unknown, or "mean" meets an empty batch.

    References
    ----------
    Lipman et al. (2023), "Flow matching for generative modeling", *ICLR*.

    Examples
    --------
    >>> flow_matching([1.0, 1.0], [2.0, 3.0], [1.0, 1.0])
    1.0
    """
    u, x, start = same_components(prediction=prediction, data=data, noise=noise)
    with quiet():
        return total(np.square(u - (x - start)), reduction)


def flow_matching_grad(prediction: ArrayLike, data: ArrayLike, noise: ArrayLike, *, reduction: str = "mean") -> Floats:
    """d flow_matching / d prediction: twice the error of the speed. Arguments as in `flow_matching`.

    >>> flow_matching_grad([1.0, 1.0], [2.0, 3.0], [1.0, 1.0])
    array([ 0., -2.])
    """
    u, x, start = same_components(prediction=prediction, data=data, noise=noise)
    with quiet():
        return total_grad(2 * (u - (x - start)), reduction)


FLOW_MATCHING = Loss(
    value=flow_matching,
    grad=flow_matching_grad,
    title="flow matching loss",
    synonyms=("conditional flow matching", "rectified flow loss"),
    latex=r"\sum_{k=1}^{K} \left(\hat u_k - \left(x_k - \varepsilon_k\right)\right)^2",
    latex_grad={"prediction": r"2 \left(\hat u_k - \left(x_k - \varepsilon_k\right)\right)"},
    arguments={
        "prediction": Argument(r"\hat u", "components", "the predicted speed, on the last axis"),
        "data": Argument("x", "components", "the example, on the last axis"),
        "noise": Argument(r"\varepsilon", "components", "the noise that the line starts from, on the last axis"),
    },
    estimates="the mean speed of all lines through the point",
    card=Card(
        what="Squared error of a speed against data minus noise.",
        why="Who travels from noise to data along the mean speed arrives at data.",
        strengths=("The best speed at a point is the mean over all lines through it.",),
        weaknesses=("Where lines cross it cannot become 0: the spread of their speeds is left.",),
        pytorch="((prediction - (data - noise)) ** 2).sum(-1).mean()",
    ),
    source="lipman2023",
    chapter="generative",
)
