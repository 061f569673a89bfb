"""Contrastive losses: hand numbers, torch, zero vectors, identical points, collapse, refusals."""

import math
from fractions import Fraction

import mpmath
import numpy as np
import pytest
import torch
from memory import peak
from precision import DIGITS, exact, ulps

from lossbook import contrastive as contrastive_function
from lossbook.losses._embeddings import direction
from lossbook.losses.contrastive_candidates import (
    info_nce,
    info_nce_grad,
    info_nce_grad_negatives,
    info_nce_grad_positive,
    nt_xent,
    nt_xent_grad,
    nt_xent_grad_x2,
    triplet_margin,
    triplet_margin_grad,
    triplet_margin_grad_negative,
    triplet_margin_grad_positive,
)
from lossbook.losses.contrastive_pairs import (
    contrastive,
    contrastive_embeddings,
    contrastive_embeddings_grad,
    contrastive_embeddings_grad_x2,
    contrastive_grad,
    cosine_embedding,
    cosine_embedding_grad,
    cosine_embedding_grad_x2,
    pairwise_distance,
    pairwise_distance_grad,
    pairwise_distance_grad_x2,
)

F = torch.nn.functional


def points(*shape: int, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).normal(size=shape)


U, V, W = points(12, 3), points(12, 3, seed=1), points(12, 3, seed=2)
Y = np.arange(12) % 2


# ── Hand numbers ─────────────────────────────────────────────────────────────────────────────────────────────────────


def test_both_branches_at_a_distance_of_0_3():
    assert contrastive([0.3], [0]) == pytest.approx(0.045)
    assert contrastive([0.3], [1]) == pytest.approx(0.245)
    assert contrastive_grad([0.3], [0]).tolist() == pytest.approx([0.3])
    assert contrastive_grad([0.3], [1]).tolist() == pytest.approx([-0.7])
    assert contrastive([1.0, 5.0], [1, 1], reduction="none").tolist() == [0, 0]
    assert contrastive_grad([1.0, 5.0], [1, 1]).tolist() == [0, 0]
    assert contrastive([0.5, 0.5], [1, 1], margin=2.0, reduction="sum") == 2.25


def test_three_four_five():
    assert pairwise_distance([0.0, 0.0], [3.0, 4.0]) == 5
    assert pairwise_distance_grad([3.0, 4.0], [0.0, 0.0]).tolist() == [0.6, 0.8]
    assert pairwise_distance([1.0, 0.0], [-2.0, 0.0], metric="cosine") == 2
    assert cosine_embedding([[1.0, 0.0]], [[3.0, 4.0]], [0]) == pytest.approx(0.4)
    assert cosine_embedding([[1.0, 0.0]], [[3.0, 4.0]], [1], margin=0.5) == pytest.approx(0.1)
    assert triplet_margin([[0.0, 0.0]], [[3.0, 4.0]], [[0.0, 2.0]]) == 4
    assert triplet_margin([[0.0, 0.0]], [[3.0, 4.0]], [[0.0, 7.0]]) == 0


@pytest.mark.parametrize("n", [1, 2, 5, 64])
def test_collapsed_embeddings(n):
    same = np.tile([0.6, -0.8, 2.0], (n, 1))
    assert nt_xent(same, same) == pytest.approx(math.log(2 * n - 1), abs=1e-12)
    assert info_nce(same, same) == pytest.approx(math.log(n), abs=1e-12)
    assert info_nce(same, same, same) == pytest.approx(math.log(n + 1), abs=1e-12)
    assert np.abs(nt_xent_grad(same, same)).max() < 1e-14, "a collapse is a stationary point"
    assert triplet_margin(same, same, same, margin=0.7) == pytest.approx(0.7)


def test_info_nce_by_hand():
    # cosines 1 and 0 at temperature ½: log(1 + e⁻²)
    found = info_nce([[2.0, 0.0]], [[3.0, 0.0]], [[0.0, 1.0]], temperature=0.5)
    assert found == pytest.approx(math.log1p(math.exp(-2)))


# ── Against torch ────────────────────────────────────────────────────────────────────────────────────────────────────


def torch_info_nce(a, p, n, temperature):
    a, p, n = (F.normalize(x, dim=-1) for x in (a, p, n))
    against = torch.einsum("id,imd->im", a, n) if n.ndim == 3 else a @ n.T
    scores = torch.cat([(a * p).sum(1, keepdim=True), against], 1) / temperature
    return F.cross_entropy(scores, torch.zeros(len(a), dtype=torch.long), reduction="none")


def torch_info_nce_in_batch(a, p, temperature):
    scores = F.normalize(a, dim=-1) @ F.normalize(p, dim=-1).T / temperature
    return F.cross_entropy(scores, torch.arange(len(a)), reduction="none")


def torch_nt_xent(x1, x2, temperature):
    z, n = F.normalize(torch.cat([x1, x2]), dim=-1), len(x1)
    losses = []
    for i in range(2 * n):
        others = torch.tensor([k for k in range(2 * n) if k != i])
        partner = (others == (i + n) % (2 * n)).nonzero().item()
        losses.append(-torch.log_softmax(z[others] @ z[i] / temperature, 0)[partner])
    return torch.stack(losses)


def torch_contrastive(u, v, margin):
    d, y = (u - v).norm(dim=-1), torch.tensor(Y)
    return torch.where(y == 0, d**2 / 2, torch.clamp(margin - d, min=0) ** 2 / 2)


SIGNED = torch.tensor(1 - 2 * Y)  # torch says 1 for similar and −1 for dissimilar
CASES = {
    "contrastive": (
        contrastive_embeddings,
        (contrastive_embeddings_grad, contrastive_embeddings_grad_x2),
        (U, V),
        (Y,),
        {"margin": 2.0},
        lambda u, v: torch_contrastive(u, v, 2.0),
    ),
    "cosine": (
        cosine_embedding,
        (cosine_embedding_grad, cosine_embedding_grad_x2),
        (U, V),
        (Y,),
        {"margin": -0.2},
        lambda u, v: F.cosine_embedding_loss(u, v, SIGNED, margin=-0.2, reduction="none"),
    ),
    "triplet": (
        triplet_margin,
        (triplet_margin_grad, triplet_margin_grad_positive, triplet_margin_grad_negative),
        (U, V, W),
        (),
        {"margin": 0.5},
        lambda a, p, n: F.triplet_margin_loss(a, p, n, margin=0.5, eps=0.0, reduction="none"),
    ),
    "info_nce, shared negatives": (
        info_nce,
        (info_nce_grad, info_nce_grad_positive, info_nce_grad_negatives),
        (U, V, W[:5]),
        (),
        {"temperature": 0.3},
        lambda a, p, n: torch_info_nce(a, p, n, 0.3),
    ),
    "info_nce, own negatives": (
        info_nce,
        (info_nce_grad, info_nce_grad_positive, info_nce_grad_negatives),
        (U, V, points(12, 4, 3, seed=3)),
        (),
        {"temperature": 0.3},
        lambda a, p, n: torch_info_nce(a, p, n, 0.3),
    ),
    "info_nce in the batch": (
        info_nce,
        (info_nce_grad, info_nce_grad_positive),
        (U, V),
        (),
        {"temperature": 0.3},
        lambda a, p: torch_info_nce_in_batch(a, p, 0.3),
    ),
    "nt_xent": (
        nt_xent,
        (nt_xent_grad, nt_xent_grad_x2),
        (U, V),
        (),
        {"temperature": 0.3},
        lambda u, v: torch_nt_xent(u, v, 0.3),
    ),
}


@pytest.mark.parametrize("reduction", ["none", "mean", "sum"])
@pytest.mark.parametrize("name", CASES)
def test_value_and_gradients_are_torchs(name, reduction):
    value, gradients, embeddings, rest, keywords, oracle = CASES[name]
    tensors = [torch.tensor(x, requires_grad=True) for x in embeddings]
    losses = oracle(*tensors)
    expected = {"none": losses, "mean": losses.mean(), "sum": losses.sum()}[reduction]
    np.testing.assert_allclose(
        value(*embeddings, *rest, **keywords, reduction=reduction), expected.detach().numpy(), rtol=1e-9, atol=1e-15
    )  # torch adds 1e-12 inside its cosine
    expected.sum().backward()
    for gradient, tensor in zip(gradients, tensors, strict=True):
        found = gradient(*embeddings, *rest, **keywords, reduction=reduction)
        np.testing.assert_allclose(found, tensor.grad.numpy(), rtol=1e-9, atol=1e-13)


@pytest.mark.parametrize("metric", ["euclidean", "cosine"])
def test_distance_gradients_are_torchs(metric):
    u, v = torch.tensor(U, requires_grad=True), torch.tensor(V, requires_grad=True)
    distance = (u - v).norm(dim=-1) if metric == "euclidean" else 1 - F.cosine_similarity(u, v)
    np.testing.assert_allclose(pairwise_distance(U, V, metric=metric), distance.detach().numpy(), rtol=1e-12)
    distance.sum().backward()
    np.testing.assert_allclose(pairwise_distance_grad(U, V, metric=metric), u.grad.numpy(), rtol=1e-10, atol=1e-14)
    np.testing.assert_allclose(pairwise_distance_grad_x2(U, V, metric=metric), v.grad.numpy(), rtol=1e-10, atol=1e-14)


# ── Accuracy and extremes ────────────────────────────────────────────────────────────────────────────────────────────


def test_euclidean_distances_of_neighbours_to_a_few_ulp():
    rng = np.random.default_rng(4)
    with mpmath.workdps(DIGITS):
        near = U + 1e-9 * rng.normal(size=U.shape)
        squares = [
            [(exact(a) - exact(b)) ** 2 for a, b in zip(u, v, strict=True)] for u, v in zip(U, near, strict=True)
        ]
        assert ulps(pairwise_distance(U, near), [mpmath.sqrt(mpmath.fsum(row)) for row in squares]) < 4


def test_cosine_distance_of_nearly_parallel_vectors_keeps_its_size():
    angle = 1e-7  # 1 − cos(1e-7) is 5e-15, of which 1 − u·v would keep one digit
    found = pairwise_distance([1.0, 0.0], [math.cos(angle), math.sin(angle)], metric="cosine")
    assert found == pytest.approx(angle**2 / 2, rel=1e-8, abs=0)


def test_huge_and_tiny_vectors():
    assert pairwise_distance([3e200, 0.0], [0.0, 4e200]) == pytest.approx(5e200, rel=1e-15, abs=0)
    assert pairwise_distance([3e-200, 0.0], [0.0, 4e-200]) == pytest.approx(5e-200, rel=1e-15, abs=0)
    assert pairwise_distance_grad([3e-200, 4e-200], [0.0, 0.0]).tolist() == pytest.approx([0.6, 0.8])
    assert nt_xent(U * 1e-200, V * 1e200) == pytest.approx(nt_xent(U, V), rel=1e-12, abs=0)


# ── Documented answers ───────────────────────────────────────────────────────────────────────────────────────────────


def test_identical_points_have_gradient_zero():
    same = [[1.0, 2.0]]
    assert pairwise_distance_grad(same, same).tolist() == [[0, 0]]
    assert contrastive_embeddings(same, same, [1]) == 0.5
    assert contrastive_embeddings_grad(same, same, [1]).tolist() == [[0, 0]]
    assert contrastive_embeddings_grad(same, same, [0]).tolist() == [[0, 0]]
    assert triplet_margin_grad(same, same, same).tolist() == [[0, 0]]


def test_a_margin_of_zero():
    assert contrastive([0.0, 0.3], [1, 1], margin=0) == 0
    assert contrastive_grad([0.0, 0.3], [1, 1], margin=0).tolist() == [0, 0]
    assert triplet_margin([[0.0]], [[1.0]], [[1.0]], margin=0) == 0
    assert triplet_margin_grad([[0.0]], [[1.0]], [[1.0]], margin=0).tolist() == [[0]], "0 at the kink"


def test_one_pair_alone_has_nothing_to_be_confused_with():
    one, other = [[1.0, 0.0]], [[0.0, 1.0]]
    assert nt_xent(one, other) == 0
    assert info_nce(one, other) == 0
    assert not np.any(nt_xent_grad(one, other))
    assert not np.any(info_nce_grad(one, other))


def test_nan_passes_through():
    assert np.isnan(contrastive([math.nan], [1]))
    assert np.isnan(contrastive_grad([math.nan], [0])).all()
    assert np.isnan(triplet_margin([[math.nan]], [[0.0]], [[1.0]]))
    assert np.isnan(triplet_margin_grad([[math.nan]], [[0.0]], [[1.0]])).all()
    assert np.isnan(nt_xent([[math.nan, 1.0]], [[0.0, 1.0]]))


def test_the_function_is_what_the_package_exports():
    assert contrastive_function is contrastive


@pytest.mark.parametrize(
    ("function", "arguments", "keywords", "message"),
    [
        (contrastive, ([-0.1], [0]), {}, r"distance must not be negative, got -0\.1"),
        (contrastive, ([0.1], [-1]), {}, r"label must be 0 \(similar\) or 1 \(dissimilar\), got -1"),
        (contrastive, ([0.1], [0.5]), {}, "label must be 0"),
        (contrastive, ([0.1], [math.nan]), {}, "label must be 0"),
        (contrastive, ([0.1, 0.2], [0]), {}, "label must have one entry per pair"),
        (contrastive, ([0.1], [0]), {"margin": -1}, "margin must be"),
        (contrastive, ([], []), {}, "empty batch"),
        (contrastive_grad, ([0.1], [0]), {"reduction": "avg"}, "reduction must be"),
        (contrastive_embeddings, (U, V, Y[:3]), {}, "label must have one entry per pair"),
        (contrastive_embeddings, (U, V[:3], Y), {}, "x1 and x2 must have the same shape"),
        (pairwise_distance, (1.0, 2.0), {}, "x1 must hold vectors"),
        (pairwise_distance, (U, V), {"metric": "manhattan"}, "metric must be one of"),
        (pairwise_distance, ([0.0, 0.0], [1.0, 0.0]), {"metric": "cosine"}, "x1 must not hold a zero vector"),
        (cosine_embedding, (U, V * 0, Y), {}, r"x2 must not hold a zero vector .* at index \(0,\)"),
        (cosine_embedding, (U, V, Y), {"margin": 1.5}, "margin must be"),
        (cosine_embedding_grad, (U, V, 2 * Y - 1), {}, "label must be 0"),
        (triplet_margin, (U, V, W[:, :2]), {}, "anchor and negative must have the same shape"),
        (triplet_margin, (U, V, W), {"margin": -0.5}, "margin must be"),
        (info_nce, (U, V), {"temperature": 0}, "temperature must be"),
        (info_nce, (U, V * 0), {}, "positive must not hold a zero vector"),
        (info_nce, (U, V, W[:, :2]), {}, "negatives must have the shape"),
        (info_nce, (U, V, points(3, 4, 3)), {}, "negatives must have the shape"),
        (info_nce, (U[0], V[0]), {}, "anchor must have the shape"),
        (info_nce, (U[:0], V[:0]), {}, "empty batch"),
        (info_nce, (U[:0], V[:0]), {"reduction": "sum"}, "anchor must hold at least one example"),
        (info_nce_grad_negatives, (U, V, None), {}, "negatives must be an array"),
        (nt_xent, (U, V[:4]), {}, "x1 and x2 must have the same shape"),
        (nt_xent, (U, V), {"temperature": -1}, "temperature must be"),
        (nt_xent, (U * 0, V), {}, "x1 must not hold a zero vector"),
        (nt_xent_grad_x2, (U, V), {"reduction": "median"}, "reduction must be"),
    ],
)
def test_refusals(function, arguments, keywords, message):
    with pytest.raises(ValueError, match=message):
        function(*arguments, **keywords)


# ── The ends of the range ────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("u", "v"),
    [((1, 1), (1, -1)), ((3, 4), (4, -3)), ((5, 12), (12, -5)), ((1, 2, 3), (3, 0, -1)), ((7, 24), (-24, 7))],
)
def test_a_dissimilar_pair_at_right_angles_costs_nothing_and_stays(u, v):
    # cos = 0 is the margin: the kink, where the gradient is 0
    assert cosine_embedding([u], [v], [1]) == 0
    assert not cosine_embedding_grad([u], [v], [1]).any() and not cosine_embedding_grad_x2([u], [v], [1]).any()


def test_a_small_cosine_keeps_its_digits():
    assert cosine_embedding([[1.0, 0.0]], [[1e-10, 1.0]], [1]) == pytest.approx(1e-10, rel=1e-15, abs=0)


@pytest.mark.parametrize("scale", [5e-324, 1e-320, 1e-300, 1e300, 1.7e308])
def test_directions_at_the_ends_of_the_range(scale):
    u, v = scale * np.array([1.0, 1.0]), np.array([2.0, 2.0])
    assert pairwise_distance(u, v, metric="cosine") == pytest.approx(0, abs=1e-15)
    assert cosine_embedding([u], [v], [1]) == pytest.approx(1, rel=1e-15, abs=0)
    assert pairwise_distance_grad(u, [0.0, 0.0]) == pytest.approx([0.5**0.5] * 2, rel=1e-15, abs=0)
    assert info_nce([u], [u], [-u], temperature=1.0) == pytest.approx(math.log1p(math.exp(-2)), rel=1e-14, abs=0)


def test_distances_beyond_the_range_come_without_a_warning():
    far, here = [[1e308, 1e308]], [[-1e308, 0.0]]
    assert contrastive_embeddings(far, here, [0]) == math.inf
    assert np.isnan(triplet_margin(far, here, here))  # ∞ − ∞
    assert triplet_margin_grad(far, here, here).shape == (1, 2)
    assert contrastive_embeddings_grad(far, here, [0]).shape == (1, 2)
    assert pairwise_distance_grad(far, here).shape == (1, 2)


def test_a_temperature_may_be_any_real_number():
    x1, x2 = np.eye(3)[:2], np.eye(3)[1:]
    assert nt_xent_grad(x1, x2, temperature=Fraction(1, 2)).dtype == np.float64
    np.testing.assert_array_equal(
        nt_xent_grad(x1, x2, temperature=Fraction(1, 2)), nt_xent_grad(x1, x2, temperature=0.5)
    )


# ── Memory ───────────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("function", [info_nce, info_nce_grad, info_nce_grad_positive, info_nce_grad_negatives])
@pytest.mark.parametrize("own", [False, True])
def test_many_negatives_take_a_few_times_their_own_memory(function, own):
    draw = np.random.default_rng(0)
    anchor, positive = draw.normal(size=(2, 2, 32))
    negatives = draw.normal(size=(2, 6_000, 32) if own else (6_000, 32))
    assert peak(lambda: function(anchor, positive, negatives)) < 8 * negatives.nbytes


@pytest.mark.parametrize("function", [nt_xent, nt_xent_grad, nt_xent_grad_x2, info_nce, info_nce_grad_positive])
def test_a_batch_takes_a_few_times_the_memory_of_its_scores(function):
    x1, x2 = np.random.default_rng(0).normal(size=(2, 512, 32))
    views = 2 * len(x1) if "xent" in function.__name__ else len(x1)
    assert peak(lambda: function(x1, x2)) < 5 * 8 * views**2


# ── Vectors of any size ──────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("size", [1e-320, 1e-200, 1.0, 1e200])
def test_lengths_and_angles_of_vectors_of_any_size(size):
    u, v = size * np.array([3.0, 4.0]), size * np.array([4.0, -3.0])
    rel = 1e-2 if size < 1e-300 else 1e-15  # 1e-320 has three digits
    assert pairwise_distance(u, np.zeros(2)) == pytest.approx(5 * size, rel=rel, abs=0)
    assert pairwise_distance(u, v, metric="cosine") == pytest.approx(1, rel=rel)
    np.testing.assert_allclose(pairwise_distance_grad(u, np.zeros(2)), [0.6, 0.8], rtol=rel)
    # beside an ordinary vector the tiny or huge one is still read right
    both = np.array([u, [3.0, 4.0]])
    np.testing.assert_allclose(pairwise_distance(both, 0 * both), [5 * size, 5], rtol=rel)
    assert cosine_embedding(both, np.array([v, [4.0, -3.0]]), [1, 1], reduction="none")[1] == 0


def test_a_distance_beyond_the_range_has_a_direction():
    # the difference of the first entries overflows; a dissimilar pair that far apart is left alone
    x1, x2 = [[1e308, 1e308]], [[-1e308, 0.0]]
    assert contrastive_embeddings_grad(x1, x2, [1]).tolist() == [[0.0, 0.0]]
    np.testing.assert_allclose(pairwise_distance_grad(x1, x2), np.array([[2, 1]]) / 5**0.5, rtol=1e-15)
    assert contrastive_embeddings_grad([[1e308, 1.0]], [[-1e308, 1.0]], [0]).tolist() == [[math.inf, 0.0]]
    np.testing.assert_allclose(triplet_margin_grad(x1, x2, [[1e308, 0.0]]), np.array([[2, 1]]) / 5**0.5 - [[0, 1]])


def test_a_direction_far_out_among_others():
    """A difference beyond the largest number is halved, in its own row alone."""
    x, y = np.array([[1e308, 0.0], [3.0, 4.0], [0.0, 2.0]]), np.array([[-1e308, 0.0], [0.0, 0.0], [0.0, 2.0]])
    assert direction(x, y) == pytest.approx(np.array([[1.0, 0.0], [0.6, 0.8], [0.0, 0.0]]), rel=1e-15)
