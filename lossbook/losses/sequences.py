r"""Losses of language models: cross-entropy token by token, what evaluations make of it, and distillation.

Sequences stand in rows: the classes (the vocabulary) on the last axis of the logits, the tokens of a sequence on the
axis before. Sequences of different lengths are padded, and a mask says which tokens count.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from lossbook.core import (
    Argument,
    Card,
    Floats,
    Loss,
    Parameter,
    check_labels,
    check_reduction,
    number,
    place,
    quiet,
    real,
    reduce,
    reduce_grad,
    same_shape,
    shown,
)
from lossbook.losses.classification import softmax_cross_entropy, softmax_cross_entropy_grad
from lossbook.losses.scores import check_scores, log_softmax, logsumexp, relative_scores, softmax
from lossbook.numerics import x_minus_log1p

__all__ = [
    "DISTILLATION",
    "SEQUENCE_CROSS_ENTROPY",
    "bits_per_byte",
    "distillation",
    "distillation_grad",
    "perplexity",
    "sequence_cross_entropy",
    "sequence_cross_entropy_grad",
]

AVERAGES = ("token", "sequence")


def _mask(mask: ArrayLike | None, shape: tuple[int, ...]) -> NDArray[np.bool_]:
    """Which tokens count: all of them, or where the mask is 1 (or True)."""
    if mask is None:
        return np.ones(shape, dtype=bool)
    given = real("mask", mask)
    if given.shape != shape:
        raise ValueError(f"mask must have one entry per token, shape {shape}, got shape {given.shape}")
    wrong = (given != 0) & (given != 1)
    if wrong.any():
        raise ValueError(f"mask must be 0 or 1, got {shown(given[wrong][0])} at index {place(wrong)}")
    return given == 1


class _Tokens(NamedTuple):
    """Logits and labels with what does not count set to something harmless, and the weight of every token."""

    logits: Floats
    labels: NDArray[np.intp]
    weights: Floats


def _tokens(logits: ArrayLike, labels: ArrayLike, mask: ArrayLike | None, average: str, reduction: str) -> _Tokens:
    s, given = check_scores(logits), real("labels", labels)
    if given.shape != s.shape[:-1]:
        raise ValueError(f"labels must be class indices of shape {s.shape[:-1]}, got shape {given.shape}")
    if not isinstance(average, str) or average not in AVERAGES:
        raise ValueError(f"average must be one of {', '.join(map(repr, AVERAGES))}, got {shown(average)}")
    counts = _mask(mask, given.shape)
    kept = check_labels("labels", np.where(counts, np.asarray(labels), 0).astype(np.asarray(labels).dtype), s.shape[-1])
    check_reduction(reduction, given.size)
    weights = counts.astype(np.float64)
    if reduction == "mean":
        if not counts.any():
            raise ValueError("reduction='mean' needs a token that counts, got a mask of zeros")
        if average == "token":
            weights /= counts.sum()
        else:
            lengths = np.atleast_1d(counts.sum(axis=-1, keepdims=True) if counts.ndim else counts)
            if np.any(lengths == 0):
                raise ValueError("average='sequence' needs a token that counts in every sequence, got one of length 0")
            weights = weights / (lengths if counts.ndim else 1) / lengths.size
    return _Tokens(np.where(counts[..., np.newaxis], s, 0.0), kept, weights)


def sequence_cross_entropy(
    logits: ArrayLike,
    labels: ArrayLike,
    *,
    mask: ArrayLike | None = None,
    average: str = "token",
    z_loss: float = 0.0,
    label_smoothing: float = 0.0,
    reduction: str = "mean",
) -> Floats | float:
    r"""Cross-entropy of every next token, over the tokens that count, with a penalty on the normaliser if wanted.

    .. math:: \ell = \log \sum_{k=1}^{K} \exp(s_k) - s_y + \lambda \left(\log \sum_{k=1}^{K} \exp(s_k)\right)^2

    Parameters
    ----------
    logits : array_like
        Scores of shape (…, T, K): K classes for each of T tokens. The scores in a row are those that the model gives
        *before* it sees the token of that row.
    labels : array_like
        The tokens, class indices of shape (…, T) and integer type. Where the mask is 0 they may be anything.
    mask : array_like, optional
        1 (or True) for tokens that count and 0 for padding, the shape of `labels`. Without it all count.
    average : {"token", "sequence"}
        What "mean" is: all losses by the number of tokens that count, or the mean of every sequence's own mean, in
        which a token of a short sequence weighs more. It does nothing under other reductions.
    z_loss : float
        λ ≥ 0, the weight of the squared log-normaliser; PaLM was trained with 1e-4. It holds logits near the level at
        which they are log-probabilities.
    label_smoothing : float
        ε in [0, 1]: the target becomes (1 − ε) y + ε/K.
    reduction : {"none", "mean", "sum"}
        One loss per token (0 where the mask is 0), their mean, or their sum.

    Returns
    -------
    float or ndarray
        In nats (with z-loss: nats and their squares). A float, or for "none" an array of the shape of `labels`.

    Raises
    ------
    ValueError
        If the shapes do not fit, a label that counts is out of range or not an integer, a score that counts is +inf or
        all scores of a token are −inf, the mask holds anything but 0 and 1, λ is negative or infinite, the smoothing is
        outside [0, 1], `average` or `reduction` is unknown, or "mean" meets no token that counts; with
        average="sequence" if that is so of one sequence.

    Notes
    -----
    PyTorch marks padding by a label, −100: here `mask=labels != -100`. Its "mean" is the token mean. Token means of
    micro-batches, averaged again, are not the token mean of all when their numbers of tokens differ: add the sums and
    divide once.

    References
    ----------
    Bengio et al. (2003), "A neural probabilistic language model", *JMLR* 3, 1137–1155; Chowdhery et al. (2023), "PaLM:
    scaling language modeling with pathways", *JMLR* 24, for z-loss.

    Examples
    --------
    >>> logits, labels = np.log([[[1, 1], [1, 3]], [[1, 7], [1, 1]]]), [[0, 1], [1, -100]]
    >>> sequence_cross_entropy(logits, labels, mask=[[1, 1], [1, 0]], reduction="none")
    array([[0.69314718, 0.28768207],
           [0.13353139, 0.        ]])
    >>> sequence_cross_entropy(logits, labels, mask=[[1, 1], [1, 0]])
    0.3714535485454163
    >>> sequence_cross_entropy(logits, labels, mask=[[1, 1], [1, 0]], average="sequence")
    0.31197300956519286
    """
    strength = number("z_loss", z_loss, 0, closed=True)
    tokens = _tokens(logits, labels, mask, average, reduction)
    losses = softmax_cross_entropy(tokens.logits, tokens.labels, label_smoothing=label_smoothing, reduction="none")
    with quiet():
        penalty = strength * np.square(logsumexp(tokens.logits)) if strength else 0.0
        losses = np.where(tokens.weights > 0, losses + penalty, 0.0) * tokens.weights
    return reduce(losses, "none" if reduction == "none" else "sum")


def sequence_cross_entropy_grad(
    logits: ArrayLike,
    labels: ArrayLike,
    *,
    mask: ArrayLike | None = None,
    average: str = "token",
    z_loss: float = 0.0,
    label_smoothing: float = 0.0,
    reduction: str = "mean",
) -> Floats:
    """d sequence_cross_entropy / d logits: p̂ − y in the row of a token that counts, by what the mean divides by.

    Arguments as in `sequence_cross_entropy`. With z-loss it is (1 + 2λ log Z) p̂ − y, Z being the normaliser.

    >>> sequence_cross_entropy_grad(np.log([[1.0, 1.0], [1.0, 3.0]]), [0, 1], mask=[0, 1])
    array([[ 0.  ,  0.  ],
           [ 0.25, -0.25]])
    """
    strength = number("z_loss", z_loss, 0, closed=True)
    tokens = _tokens(logits, labels, mask, average, reduction)
    s, weights = tokens.logits, tokens.weights[..., np.newaxis]
    slopes = softmax_cross_entropy_grad(s, tokens.labels, label_smoothing=label_smoothing, reduction="none")
    with quiet():
        if strength:
            slopes = slopes + 2 * strength * np.asarray(logsumexp(s))[..., np.newaxis] * softmax(s)
        return reduce_grad(np.where(weights > 0, slopes, 0.0) * weights, "none")


SEQUENCE_CROSS_ENTROPY = Loss(
    value=sequence_cross_entropy,
    grad=sequence_cross_entropy_grad,
    title="sequence cross-entropy",
    synonyms=("language modelling loss", "next-token loss", "teacher forcing loss"),
    latex=r"\log \sum_{k=1}^{K} \exp\left(s_k\right) - s_y + \lambda \left(\log \sum_{k=1}^{K} \exp\left(s_k\right)"
    r"\right)^2",
    latex_grad={
        "logits": r"\left(1 + 2 \lambda \log \sum_{j=1}^{K} \exp\left(s_j\right)\right) \hat p_k - [k = y]",
    },
    where=r"$s$ are the scores and $y$ is the class of one token that counts, $\hat p = \operatorname{softmax}(s)$; "
    r"$\lambda$ is the weight of the z-loss, 0 unless asked for.",
    arguments={"logits": Argument("s", "logits"), "labels": Argument("y", "label")},
    parameters={"z_loss": Parameter(0.0, 0.0, 0.01, r"\lambda", "at least 0")},
    estimates="the conditional probability of every next token",
    card=Card(
        what="Cross-entropy of every next token that counts, given the true tokens before it.",
        why="The sum over a sequence is −log of its probability, by the product rule.",
        strengths=(
            "A proper score, token by token: the true conditional probabilities have the least expected loss.",
            "No assumption on how tokens depend on each other.",
        ),
        weaknesses=(
            "Only the probability of the true token counts, not how the rest is spread over near misses and nonsense.",
            "Means over tokens cannot be compared between tokenisers.",
            r"With $\lambda = 0$ it does not notice when all scores of a row rise together.",
        ),
        pytorch="F.cross_entropy(logits, labels) + z_loss * logits.logsumexp(-1).square().mean()",
    ),
    torch="torch.nn.functional.cross_entropy (classes on axis 1)",
    optax="optax.softmax_cross_entropy_with_integer_labels",
    source="bengio2003",
    chapter="sequences",
)


# ── What evaluations report ──────────────────────────────────────────────────────────────────────────────────────────


def _nats(losses: ArrayLike, mask: ArrayLike | None) -> Floats:
    """The losses of the tokens that count."""
    given = real("losses", losses)
    if np.any(given < 0):
        raise ValueError(f"losses must not be negative, got {shown(given[given < 0][0])} at index {place(given < 0)}")
    kept = given[_mask(mask, given.shape)]
    if kept.size == 0:
        raise ValueError(f"losses must hold a token that counts, got shape {given.shape} with none")
    return np.asarray(kept)


def perplexity(losses: ArrayLike, *, mask: ArrayLike | None = None) -> float:
    """Perplexity: the exponential of the mean loss of a token, the number of equally likely tokens that cost as much.

    Parameters
    ----------
    losses : array_like
        −log p̂ of every token in nats, any shape: from `sequence_cross_entropy` under "none" without z-loss and
        smoothing, or from any other model that gives probabilities.
    mask : array_like, optional
        1 for tokens that count and 0 for others, the shape of `losses`.

    Returns
    -------
    float
        At least 1, per token: two numbers are comparable only if the same tokenizer cut the same text.

    Raises
    ------
    ValueError
        If a loss is negative, the mask does not fit or holds anything but 0 and 1, or no token counts.

    References
    ----------
    Jelinek et al. (1977), "Perplexity – a measure of the difficulty of speech recognition tasks", *Journal of the
    Acoustical Society of America* 62, S63.

    Examples
    --------
    >>> round(perplexity(np.log([2.0, 8.0])), 12)  # the geometric mean
    4.0
    """
    with quiet():
        return float(np.exp(_nats(losses, mask).mean()))


def bits_per_byte(losses: ArrayLike, n_bytes: int, *, mask: ArrayLike | None = None) -> float:
    """Bits per byte: all of a text's loss, in bits, by the length of the text in bytes.

    Parameters
    ----------
    losses : array_like
        −log p̂ of every token in nats, any shape; as in `perplexity`.
    n_bytes : int
        Length of the text that the tokens stand for, `len(text.encode())`, greater than 0.
    mask : array_like, optional
        1 for tokens that count and 0 for others, the shape of `losses`.

    Returns
    -------
    float
        Comparable between tokenizers and with a compressor, whose bits per byte are 8 times its ratio of sizes.

    Raises
    ------
    ValueError
        As `perplexity`; if the number of bytes is not an integer greater than 0.

    Examples
    --------
    >>> bits_per_byte(np.log([2.0, 8.0]), 4)  # 1 + 3 bits for four bytes
    1.0
    """
    if isinstance(n_bytes, bool) or not isinstance(n_bytes, int | np.integer) or n_bytes <= 0:
        raise ValueError(f"n_bytes must be an integer greater than 0, got {shown(n_bytes)}")
    with quiet():
        return float(_nats(losses, mask).sum() / (math.log(2) * n_bytes))


# ── A teacher's distribution in place of labels ──────────────────────────────────────────────────────────────────────


def distillation(
    logits: ArrayLike, teacher_logits: ArrayLike, *, temperature: float = 2.0, reduction: str = "mean"
) -> Floats | float:
    r"""Distillation loss: KL divergence of the student from its teacher, both softened, times the squared temperature.

    .. math:: \ell = T^2 \sum_{k=1}^{K} q_k \log \frac{q_k}{\hat p_k},
              \qquad q_k = \frac{\exp(t_k / T)}{\sum_{j=1}^{K} \exp(t_j / T)},
              \qquad \hat p_k = \frac{\exp(s_k / T)}{\sum_{j=1}^{K} \exp(s_j / T)}

    Parameters
    ----------
    logits, teacher_logits : array_like
        Scores s of the student and t of the teacher, of shape (…, K), the classes on the last axis. −inf is an
        impossible class.
    temperature : float
        T > 0. Large ones compare small probabilities too; at 1 it is the plain KL divergence.
    reduction : {"none", "mean", "sum"}
        One loss per example, their mean, or their sum. The mean divides by the number of examples.

    Returns
    -------
    float or ndarray
        In nats. A float, or for "none" an array of the shape of `logits` without its last axis. Infinite where a class
        of positive probability has a student's score of −inf.

    Raises
    ------
    ValueError
        If the shapes differ, a score is +inf, all scores of a row are −inf, the temperature is not finite and greater
        than 0, the reduction is unknown, or "mean" meets an empty batch.

    Notes
    -----
    Without T² the gradient shrinks by it: to (p̂ − q)/T, where p̂ − q itself falls as 1/T. With it the loss tends, for
    large T, to half the variance over the classes of the difference t − s. PyTorch's `kl_div` with
    reduction="mean" divides by K as well; "batchmean" does not.

    References
    ----------
    Hinton et al. (2015), "Distilling the knowledge in a neural network", arXiv:1503.02531.

    Examples
    --------
    >>> distillation([0.0, 0.0], [0.0, np.log(3.0)], temperature=1.0)  # log 2 less the entropy of (¼, ¾)
    0.13081203594113702
    >>> distillation([0.0, 0.0], [0.0, np.log(3.0)], temperature=100.0), float(np.log(3.0) ** 2 / 8)
    (0.1508663439980436, 0.15086862010157276)
    """
    s, t, temperature = _pair(logits, teacher_logits, temperature)
    p, q = softmax(s, temperature=temperature), softmax(t, temperature=temperature)
    with quiet():
        gap = log_softmax(s, temperature=temperature) - log_softmax(t, temperature=temperature)
        costs = q * x_minus_log1p(np.expm1(gap), gap)  # every term ≥ 0, and their sum is the divergence
        costs = np.where(q == 0, p, np.where(np.isneginf(gap), np.inf, costs))
        return reduce(temperature**2 * costs.sum(axis=-1), reduction)


def _pair(logits: ArrayLike, teacher_logits: ArrayLike, temperature: float) -> tuple[Floats, Floats, float]:
    s, t = check_scores(logits), real("teacher_logits", teacher_logits)
    same_shape("logits", s, "teacher_logits", t)
    if np.any(t == math.inf):
        raise ValueError(f"teacher_logits must be less than +inf, got inf at index {place(t == math.inf)}")
    if np.any(np.isneginf(t).all(axis=-1)):
        raise ValueError("teacher_logits must hold a finite score for at least one class, got -inf for all of them")
    relative_scores(s)  # refuses a row of −inf
    return s, t, number("temperature", temperature, 0)


def distillation_grad(
    logits: ArrayLike, teacher_logits: ArrayLike, *, temperature: float = 2.0, reduction: str = "mean"
) -> Floats:
    """d distillation / d logits: the temperature times the difference of the two softened distributions, T (p̂ − q).

    Arguments as in `distillation`.

    >>> distillation_grad([0.0, 0.0], [0.0, np.log(3.0)], temperature=1.0)
    array([ 0.25, -0.25])
    """
    s, t, temperature = _pair(logits, teacher_logits, temperature)
    slopes = temperature * (softmax(s, temperature=temperature) - softmax(t, temperature=temperature))
    return reduce_grad(slopes, reduction, s[..., 0].size)


DISTILLATION = Loss(
    value=distillation,
    grad=distillation_grad,
    title="distillation loss",
    synonyms=("knowledge distillation", "soft-target loss"),
    latex=r"T^2 \sum_{k=1}^{K} q_k \log \frac{q_k}{\hat p_k}",
    latex_grad={"logits": r"T \left(\hat p_k - q_k\right)"},
    where=r"$q = \operatorname{softmax}(t / T)$ is the teacher's distribution at the temperature $T$, "
    r"$\hat p = \operatorname{softmax}(s / T)$ the student's.",
    arguments={"logits": Argument("s", "logits"), "teacher_logits": Argument("t", "logits")},
    parameters={"temperature": Parameter(2.0, 0.5, 10.0, "T")},
    estimates="the teacher's scores, up to one number per row",
    card=Card(
        what=r"KL divergence of student from teacher, both softened by a temperature $T$, times $T^2$.",
        why="A teacher's small probabilities say which wrong answers are nearly right; a label does not.",
        strengths=(
            r"Small probabilities count: a gap of 6 is odds of 403 to 1 at $T = 1$ and of 4.5 to 1 at $T = 4$.",
            r"With $T^2$ the gradient has a limit as $T$ grows; without, it falls as $1/T^2$.",
        ),
        weaknesses=(
            "The best student repeats the teacher, mistakes and all.",
            "Values at different $T$ are on different scales.",
        ),
        pytorch="""temperature**2 * F.kl_div(
    (logits / temperature).log_softmax(-1),
    (teacher_logits / temperature).softmax(-1),
    reduction="batchmean",
)""",
    ),
    source="hinton2015",
    chapter="sequences",
)
