"""What the cards of the chapter on sequences claim."""

from __future__ import annotations

import itertools
import math

import numpy as np
import pytest
from claims import holds, random

import lossbook
from lossbook.analysis.cuts import CUTS, cut_sentence

PAIRS = list(itertools.product(range(3), repeat=2))


@holds(
    "sequence_cross_entropy",
    "A proper score, token by token: the true conditional probabilities have the least expected loss.",
)
def tokens_are_scored_properly() -> None:
    rng = random()
    for _ in range(30):
        truth, other = rng.dirichlet(np.ones(4), 2)
        every = np.arange(4)
        own, wrong = (
            truth @ np.asarray(lossbook.sequence_cross_entropy(np.log([[p] * 4]), [every], reduction="none"))[0]
            for p in (truth, other)
        )
        assert own < wrong and own == pytest.approx(-(truth * np.log(truth)).sum())


@holds("sequence_cross_entropy", "No assumption on how tokens depend on each other.")
def any_joint_distribution_is_a_product() -> None:
    joint = random().dirichlet(np.ones(9)).reshape(3, 3)
    first = joint.sum(axis=1)
    for y1, y2 in PAIRS:
        logits = np.log([first, joint[y1] / first[y1]])
        assert lossbook.sequence_cross_entropy(logits, [y1, y2], reduction="sum") == pytest.approx(
            -math.log(joint[y1, y2])
        )


@holds(
    "sequence_cross_entropy",
    "Only the probability of the true token counts, not how the rest is spread over near misses and nonsense.",
)
def only_the_true_token_counts() -> None:
    rng = random()
    for _ in range(20):
        s = rng.normal(0, 2, 5)
        others = np.concatenate([s[:1], rng.permutation(s[1:])])
        assert lossbook.sequence_cross_entropy([others], [0]) == pytest.approx(
            lossbook.sequence_cross_entropy([s], [0])
        )


@holds("sequence_cross_entropy", "Means over tokens cannot be compared between tokenisers.")
def means_depend_on_the_cut() -> None:
    """One model, one text: the mean of a token is different in every cut, the sum the same."""
    found = [cut_sentence(cut, 1) for cut in CUTS]
    assert len({round(float(one.costs.mean()), 3) for one in found}) == len(CUTS)
    assert [one.costs.sum() for one in found] == pytest.approx([found[0].costs.sum()] * len(CUTS))


@holds("sequence_cross_entropy", r"With $\lambda = 0$ it does not notice when all scores of a row rise together.")
def scores_may_drift() -> None:
    s = random().normal(0, 2, (3, 5))
    plain, held = (
        [lossbook.sequence_cross_entropy(s + c, [0, 1, 2], z_loss=z) for c in (0, 10, 100)] for z in (0, 1e-4)
    )
    assert plain == pytest.approx([plain[0]] * 3) and held[0] < held[1] < held[2]


@holds(
    "distillation", r"Small probabilities count: a gap of 6 is odds of 403 to 1 at $T = 1$ and of 4.5 to 1 at $T = 4$."
)
def small_probabilities_count() -> None:
    for temperature, odds, within in ((1.0, 403, 0.5), (4.0, 4.5, 0.05)):
        p = lossbook.softmax([6.0, 0.0], temperature=temperature)
        assert p[0] / p[1] == pytest.approx(odds, abs=within)


@holds("distillation", r"With $T^2$ the gradient has a limit as $T$ grows; without, it falls as $1/T^2$.")
def the_gradient_has_a_limit() -> None:
    s, t = random().normal(0, 2, (2, 6))
    gap = s - t - (s - t).mean()
    for temperature in (1e3, 1e4):
        slope = lossbook.distillation_grad(s, t, temperature=temperature)
        np.testing.assert_allclose(slope, gap / 6, atol=20 / temperature)
    near, far = (np.abs(lossbook.distillation_grad(s, t, temperature=x) / x**2).max() for x in (1e3, 2e3))
    assert near / far == pytest.approx(4, rel=0.01)


@holds("distillation", "The best student repeats the teacher, mistakes and all.")
def the_teacher_is_repeated() -> None:
    rng = random()
    for temperature in (0.5, 1.0, 8.0):
        t = rng.normal(0, 2, 5)
        assert lossbook.distillation(t + 3, t, temperature=temperature) == pytest.approx(0, abs=1e-12)
        assert np.abs(lossbook.distillation_grad(t + 3, t, temperature=temperature)).max() < 1e-12
        assert all(lossbook.distillation(rng.normal(0, 2, 5), t, temperature=temperature) > 0 for _ in range(20))


@holds("distillation", "Values at different $T$ are on different scales.")
def scales_differ() -> None:
    values = [lossbook.distillation([0.0, 0.0], [0.0, 3.0], temperature=t) for t in (0.5, 1.0, 2.0, 8.0)]
    assert (np.diff(values) > 0.05).all()


@holds("ctc", "No alignment is needed: every one that fits is in the sum.")
def all_alignments_are_in_the_sum() -> None:
    s = random().normal(0, 1, (4, 3))
    p = np.exp(s) / np.exp(s).sum(axis=1, keepdims=True)
    total: dict[tuple[int, ...], float] = {}
    for path in itertools.product(range(3), repeat=4):
        labels = tuple(k for k, _ in itertools.groupby(path) if k)
        total[labels] = total.get(labels, 0.0) + math.prod(p[t, k] for t, k in enumerate(path))
    for labels, probability in total.items():
        assert lossbook.ctc(s, np.array(labels, dtype=int)) == pytest.approx(-math.log(probability))
    assert sum(total.values()) == pytest.approx(1)


@holds("ctc", "The gradient is bounded: no entry exceeds 1, and each frame's sum to 0.")
def the_gradient_is_bounded() -> None:
    rng = random()
    for scale in (1, 10, 100):
        slope = lossbook.ctc_grad(rng.normal(0, scale, (6, 4)), [1, 3, 3])
        assert np.abs(slope).max() <= 1 + 1e-12 and np.abs(slope.sum(axis=1)).max() < 1e-12


@holds("ctc", "Frames are independent given the input: if the paths aa and bb are likely, so is ab or ba.")
def frames_are_independent() -> None:
    rng = random()
    for _ in range(50):
        p = rng.dirichlet(np.ones(3), 2)
        assert max(p[0, 1] * p[1, 2], p[0, 2] * p[1, 1]) >= min(p[0, 1] * p[1, 1], p[0, 2] * p[1, 2])


@holds("ctc", "Infinite, without a gradient, where labels and the blanks between equal ones do not fit the frames.")
def no_room() -> None:
    s = random().normal(0, 1, (4, 3))
    for labels in ([1, 2, 1, 2, 1], [1, 1, 2, 2], [1, 1, 1]):
        assert lossbook.ctc(s, labels) == math.inf and np.isnan(lossbook.ctc_grad(s, labels)).all()
    assert np.isfinite(lossbook.ctc(s, [1, 1, 2])) and np.isfinite(lossbook.ctc(s, [1, 2, 1, 2]))


@holds("ctc", "The best class in each frame need not spell the most probable labels.")
def greedy_is_not_best() -> None:
    s = np.log([[0.6, 0.4], [0.6, 0.4]])
    empty, letter = (math.exp(-float(lossbook.ctc(s, np.array(y, dtype=int)))) for y in ([], [1]))
    assert empty == pytest.approx(0.36) and letter == pytest.approx(0.64)
