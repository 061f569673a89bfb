"""Losses of language models: hand numbers, masks and means, PyTorch's conventions, 50 digits, refusals."""

import math

import mpmath
import numpy as np
import pytest
import torch
import torch.nn.functional as F
from precision import DIGITS, exact, ulps

from lossbook.losses.sequences import (
    bits_per_byte,
    distillation,
    distillation_grad,
    perplexity,
    sequence_cross_entropy,
    sequence_cross_entropy_grad,
)

LOGITS = np.log([[[1.0, 1.0], [1.0, 3.0]], [[1.0, 7.0], [1.0, 1.0]]])  # probabilities ½, ¾, ⅞ and padding
LABELS, MASK = np.array([[0, 1], [1, -100]]), np.array([[1, 1], [1, 0]])
LN2, THIRDS, EIGHTHS = math.log(2), math.log(4 / 3), math.log(8 / 7)


def random(seed: int = 0, lengths: tuple[int, ...] = (5, 2, 7)) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    mask = np.arange(max(lengths)) < np.array(lengths)[:, np.newaxis]
    return rng.normal(0, 2, (*mask.shape, 4)), rng.integers(0, 4, mask.shape), mask


# ── By hand ──────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_the_two_means_by_hand():
    losses = sequence_cross_entropy(LOGITS, LABELS, mask=MASK, reduction="none")
    assert losses.ravel().tolist() == pytest.approx([LN2, THIRDS, EIGHTHS, 0], rel=1e-15)
    assert sequence_cross_entropy(LOGITS, LABELS, mask=MASK, reduction="sum") == pytest.approx(LN2 + THIRDS + EIGHTHS)
    assert sequence_cross_entropy(LOGITS, LABELS, mask=MASK) == pytest.approx((LN2 + THIRDS + EIGHTHS) / 3)
    by_sequence = sequence_cross_entropy(LOGITS, LABELS, mask=MASK, average="sequence")
    assert by_sequence == pytest.approx(((LN2 + THIRDS) / 2 + EIGHTHS) / 2)


def test_the_gradient_by_hand():
    slopes = sequence_cross_entropy_grad(LOGITS, LABELS, mask=MASK, average="sequence")
    np.testing.assert_allclose(slopes[0], [[-1 / 8, 1 / 8], [1 / 16, -1 / 16]], rtol=1e-14)
    np.testing.assert_allclose(slopes[1], [[1 / 16, -1 / 16], [0, 0]], rtol=1e-14)
    by_token = sequence_cross_entropy_grad(LOGITS, LABELS, mask=MASK)
    np.testing.assert_allclose(by_token[1, 0], [1 / 24, -1 / 24], rtol=1e-14)


def test_z_loss_by_hand():
    assert sequence_cross_entropy([0.0, 0.0], 0, z_loss=0.5) == pytest.approx(LN2 + LN2**2 / 2)
    np.testing.assert_allclose(
        sequence_cross_entropy_grad([0.0, 0.0], 0, z_loss=0.5), [0.5 * (1 + LN2) - 1, 0.5 * (1 + LN2)]
    )
    shifted = [sequence_cross_entropy([c, c], 0, z_loss=0.5) for c in (-LN2, 0.0)]  # log-probabilities cost nothing
    assert shifted[0] == pytest.approx(LN2) and shifted[0] < shifted[1]


def test_perplexity_and_bits_by_hand():
    assert perplexity(np.log([2.0, 8.0])) == pytest.approx(4)
    assert perplexity(np.log([2.0, 8.0, 5.0]), mask=[1, 1, 0]) == pytest.approx(4)
    assert perplexity(np.full(7, math.log(50257.0))) == pytest.approx(50257)
    assert bits_per_byte(np.log([2.0, 8.0]), 4) == pytest.approx(1)
    # The same text and bits in half as many tokens: the perplexity is squared, the bits per byte stay.
    fine, coarse = np.log([3.0, 3.0, 3.0, 3.0]), np.log([9.0, 9.0])
    assert perplexity(coarse) == pytest.approx(perplexity(fine) ** 2)
    assert bits_per_byte(coarse, 4) == pytest.approx(bits_per_byte(fine, 4), rel=1e-15)
    assert perplexity([math.inf, 0.0]) == math.inf and math.isnan(perplexity([math.nan, 0.0]))


def test_distillation_by_hand():
    s, t = [0.0, 0.0], [0.0, math.log(3.0)]
    entropy = -(math.log(1 / 4) / 4 + 3 / 4 * math.log(3 / 4))
    assert distillation(s, t, temperature=1) == pytest.approx(LN2 - entropy)
    assert distillation_grad(s, t, temperature=1).tolist() == pytest.approx([1 / 4, -1 / 4])
    hot = [0.0, math.log(9.0)]  # at T = 2 they are ¼ and ¾
    assert distillation(s, hot, temperature=2) == pytest.approx(4 * (LN2 - entropy))
    assert distillation_grad(s, hot, temperature=2).tolist() == pytest.approx([2 / 4, -2 / 4])


def test_distillation_at_a_large_temperature_is_half_the_variance_of_the_difference():
    rng = np.random.default_rng(3)
    s, t = rng.normal(0, 2, (2, 5))
    half = np.var(t - s) / 2
    gaps = [abs(distillation(s, t, temperature=temperature) - half) for temperature in (100.0, 1000.0, 1e4)]
    assert gaps[0] < 0.05 * half and gaps[1] < gaps[0] / 5 and gaps[2] < gaps[1] / 5
    np.testing.assert_allclose(
        distillation_grad(s, t, temperature=1e6), ((s - t) - np.mean(s - t)) / 5, rtol=1e-4, atol=1e-9
    )


# ── Masks and means ──────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("z_loss", [0.0, 1e-4])
@pytest.mark.parametrize("smoothing", [0.0, 0.1])
def test_against_pytorch_with_padding(z_loss, smoothing):
    logits, labels, mask = random()
    s = torch.tensor(logits, requires_grad=True)
    marked = torch.tensor(np.where(mask, labels, -100))
    costs = F.cross_entropy(s.movedim(-1, 1), marked, reduction="none", label_smoothing=smoothing)
    costs = costs + z_loss * torch.logsumexp(s, -1) ** 2 * torch.tensor(mask)
    lengths = torch.tensor(mask.sum(axis=1))
    means = {"token": costs.sum() / lengths.sum(), "sequence": (costs.sum(1) / lengths).mean()}
    for average, expected in means.items():
        keywords = {"mask": mask, "average": average, "z_loss": z_loss, "label_smoothing": smoothing}
        given = np.where(mask, labels, -100)
        assert sequence_cross_entropy(logits, given, **keywords) == pytest.approx(expected.item(), rel=1e-13)
        (slopes,) = torch.autograd.grad(expected, s, retain_graph=True)
        np.testing.assert_allclose(sequence_cross_entropy_grad(logits, given, **keywords), slopes, 1e-12, 1e-15)
    if z_loss == 0:
        plain = F.cross_entropy(s.movedim(-1, 1), marked, label_smoothing=smoothing)
        assert means["token"].item() == pytest.approx(plain.item(), rel=1e-13)


def test_padding_is_not_read():
    logits, labels, mask = random(1)
    spoilt = np.where(mask[..., np.newaxis], logits, np.nan)
    for average in ("token", "sequence"):
        keywords = {"mask": mask, "average": average, "z_loss": 1e-3}
        clean = sequence_cross_entropy(logits, labels, **keywords)
        assert sequence_cross_entropy(spoilt, np.where(mask, labels, 99), **keywords) == clean
        slopes = sequence_cross_entropy_grad(spoilt, labels, **keywords)
        np.testing.assert_array_equal(slopes, sequence_cross_entropy_grad(logits, labels, **keywords))
        assert not slopes[~mask].any()
    infinite = np.where(mask[..., np.newaxis], logits, -np.inf)
    assert sequence_cross_entropy(infinite, labels, mask=mask) == sequence_cross_entropy(logits, labels, mask=mask)


def test_a_mean_of_means_is_not_the_mean():
    """Micro-batches of 3 and 30 tokens: their means averaged weigh a token of the short one ten times as much."""
    logits, labels, mask = random(2, lengths=(3, 30))
    halves = [sequence_cross_entropy(logits[i], labels[i], mask=mask[i]) for i in range(2)]
    whole = sequence_cross_entropy(logits, labels, mask=mask)
    sums = [sequence_cross_entropy(logits[i], labels[i], mask=mask[i], reduction="sum") for i in range(2)]
    assert np.mean(halves) != pytest.approx(whole, rel=1e-3)
    assert np.mean(halves) == pytest.approx(sequence_cross_entropy(logits, labels, mask=mask, average="sequence"))
    assert sum(sums) / 33 == pytest.approx(whole, rel=1e-14)
    sizes = [
        np.abs(sequence_cross_entropy_grad(logits, labels, mask=mask, average=average)).sum(axis=(1, 2))
        for average in ("token", "sequence")
    ]
    np.testing.assert_allclose(sizes[1] / sizes[0], [33 / 6, 33 / 60], rtol=1e-12)


def test_sequences_of_one_length_have_one_mean():
    logits, labels, _ = random(4)
    assert sequence_cross_entropy(logits, labels) == pytest.approx(
        sequence_cross_entropy(logits, labels, average="sequence"), rel=1e-14
    )


def test_perplexity_is_that_of_the_mean_loss():
    logits, labels, mask = random(5)
    losses = sequence_cross_entropy(logits, labels, mask=mask, reduction="none")
    assert perplexity(losses, mask=mask) == pytest.approx(math.exp(sequence_cross_entropy(logits, labels, mask=mask)))
    assert perplexity(losses) < perplexity(losses, mask=mask)  # what padding does if it is counted


# ── 50 digits ────────────────────────────────────────────────────────────────────────────────────────────────────────


def by_mpmath(s, t, temperature):
    def softmax(scores):
        powers = [mpmath.exp(exact(score) / exact(temperature)) for score in scores]
        return [power / sum(powers) for power in powers]

    with mpmath.workdps(DIGITS):
        p, q = softmax(s), softmax(t)
        pairs = list(zip(p, q, strict=True))
        value = exact(temperature) ** 2 * sum(b * mpmath.log(b / a) for a, b in pairs)
        return value, [exact(temperature) * (a - b) for a, b in pairs]


@pytest.mark.parametrize("temperature", [0.5, 1.0, 2.0, 20.0])
@pytest.mark.parametrize("gap", [1.0, 1e-3, 1e-7])
def test_distillation_to_its_last_digits(temperature, gap):
    rng = np.random.default_rng(8)
    s = rng.normal(0, 2, 4)
    t = s + gap * rng.normal(0, 1, 4)
    value, slopes = by_mpmath(s, t, temperature)
    room = max(16.0, 8 / gap)  # two scores that agree in seven digits leave nine for their difference
    assert ulps(distillation(s, t, temperature=temperature), value) < room
    result = distillation_grad(s, t, temperature=temperature)
    assert np.abs(result - np.array(slopes, dtype=float)).max() < 1e-14


def test_distillation_of_itself_and_of_the_impossible():
    s = np.array([1.0, -2.0, -np.inf])
    assert distillation(s, s) == 0 and not distillation_grad(s, s).any()
    assert distillation([0.0, -math.inf], [0.0, 0.0]) == math.inf
    assert distillation([0.0, 0.0], [0.0, -math.inf], temperature=1.0) == pytest.approx(LN2)
    assert distillation([-800.0, 800.0], [800.0, -800.0], temperature=1.0) == pytest.approx(1600)


# ── Refusals ─────────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("keywords", "message"),
    [
        ({"mask": [[1, 1]]}, r"mask must have one entry per token, shape \(2, 2\), got shape \(1, 2\)"),
        ({"mask": [[1, 1], [0.5, 0]]}, r"mask must be 0 or 1, got 0.5 at index \(1, 0\)"),
        ({"mask": [[1, 1], [math.nan, 0]]}, "mask must be 0 or 1, got nan"),
        ({"mask": np.zeros((2, 2))}, "needs a token that counts, got a mask of zeros"),
        ({"mask": [[1, 1], [0, 0]], "average": "sequence"}, "a token that counts in every sequence"),
        ({"average": "batch"}, "average must be one of 'token', 'sequence', got 'batch'"),
        ({"average": None}, "average must be"),
        ({"mask": np.ones((2, 2))}, "labels must be integers from 0 to 1, got -100"),
        ({"label_smoothing": 1.5, "mask": MASK}, "label_smoothing must"),
    ],
)
def test_what_is_refused(keywords, message):
    for function in (sequence_cross_entropy, sequence_cross_entropy_grad):
        with pytest.raises(ValueError, match=message):
            function(LOGITS, LABELS, **keywords)


def test_labels_are_indices():
    with pytest.raises(ValueError, match="labels must be"):
        sequence_cross_entropy(LOGITS, [[0.0, 1.0], [1.0, 1.0]])
    with pytest.raises(ValueError, match=r"labels must be class indices of shape \(2, 2\)"):
        sequence_cross_entropy(LOGITS, np.ones((2, 2, 2), dtype=int))


@pytest.mark.parametrize("n_bytes", [0, -3, 4.0, True, None, "4"])
def test_bytes_are_counted(n_bytes):
    with pytest.raises(ValueError, match="n_bytes must be an integer greater than 0, got"):
        bits_per_byte([1.0], n_bytes)


@pytest.mark.parametrize("function", [perplexity, lambda losses, **keywords: bits_per_byte(losses, 2, **keywords)])
def test_evaluations_refuse_what_is_no_loss(function):
    with pytest.raises(ValueError, match=r"losses must not be negative, got -0.5 at index \(1,\)"):
        function([1.0, -0.5])
    with pytest.raises(ValueError, match="losses must hold a token that counts"):
        function([])
    with pytest.raises(ValueError, match="losses must hold a token that counts"):
        function([1.0], mask=[0])
    with pytest.raises(ValueError, match="mask must have one entry per token"):
        function([1.0, 2.0], mask=[1])


def test_a_teacher_needs_a_class():
    with pytest.raises(ValueError, match="teacher_logits must hold a finite score"):
        distillation([0.0, 0.0], [-math.inf, -math.inf])
    with pytest.raises(ValueError, match="logits must hold a finite score"):
        distillation_grad([-math.inf, -math.inf], [0.0, 0.0])
    with pytest.raises(ValueError, match=r"teacher_logits must be less than \+inf"):
        distillation([0.0, 0.0], [0.0, math.inf])
