"""What the chapter on contrastive losses says and draws, against PyTorch, SciPy, scikit-learn and plain arithmetic."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import scipy.special
import torch
import torch.nn.functional as F
from numpy.testing import assert_allclose
from scipy.optimize import approx_fprime, minimize
from scipy.spatial.distance import pdist
from sklearn.neighbors import KNeighborsClassifier

from lossbook.exercises import check
from lossbook.figures import contrastive as figures
from lossbook.losses.classification import softmax_cross_entropy
from lossbook.losses.contrastive_candidates import info_nce, nt_xent, triplet_margin
from lossbook.losses.contrastive_pairs import contrastive, contrastive_grad, cosine_embedding, pairwise_distance

CHAPTER = (Path(__file__).parents[1] / "book/part-2/contrastive.md").read_text(encoding="utf-8")
rng = np.random.default_rng(12)

# ── The pair ─────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_the_numbers_to_remember():
    assert_allclose(contrastive(0.3, 1, margin=1.0), 0.7**2 / 2)
    assert_allclose(contrastive(0.3, 0, margin=1.0), 0.045)
    assert_allclose(contrastive_grad(0.3, 1, margin=1.0), -0.7)
    assert_allclose(contrastive_grad(0.9, 1, margin=1.0), -0.1)
    assert_allclose(contrastive(0.09, 1, margin=1.0), 0.91**2 / 2)  # a squared distance passed by mistake
    for d in (0.0, 0.3, 0.99, 1.0, 1.4):
        slope = approx_fprime([d], lambda x: max(0.0, 1 - x[0]) ** 2 / 2, 1e-7)[0]
        assert_allclose(contrastive_grad(d, 1), slope, atol=1e-6)


def test_the_loss_scales_with_the_square_of_distance_and_margin():
    d, y = rng.uniform(0, 2, 50), rng.integers(0, 2, 50)
    assert_allclose(contrastive(7 * d, y, margin=7.0), 49 * contrastive(d, y, margin=1.0), rtol=1e-13)


def test_a_regression_of_distances_fails_where_the_margin_does_not():
    corners = np.array([[0, 0], [1, 0], [1, 1], [0, 1]])
    assert_allclose(np.mean((pdist(corners) - 1) ** 2), (2 * (np.sqrt(2) - 1) ** 2) / 6)
    assert contrastive(pdist(corners), np.ones(6), margin=1.0) == 0

    def stress(z: np.ndarray) -> float:
        return float(np.sum((pdist(z.reshape(4, 2)) - 1) ** 2))

    best = min(minimize(stress, rng.normal(size=8)).fun for _ in range(10))
    assert best > 0.05  # no four points of a plane are pairwise at distance 1
    triangle = np.array([[0, 0], [1, 0], [0.5, np.sqrt(0.75)]])
    assert_allclose(pdist(triangle), 1)


def test_collapse_costs_half_the_squared_margin_and_does_not_move():
    y = np.array([0.0, 1.0, 1.0])
    for m in (0.0, 0.01, 1.0, 100.0):
        assert_allclose(contrastive(np.zeros(3), y, margin=m, reduction="none"), y * m**2 / 2)
    assert not figures.contrastive_slopes(np.zeros((9, 2))).any()


# ── Candidates ───────────────────────────────────────────────────────────────────────────────────────────────────────


def test_info_nce_is_cross_entropy_and_its_slope_is_a_difference_of_probabilities():
    a, p, n = rng.normal(size=(1, 8)), rng.normal(size=(1, 8)), rng.normal(size=(20, 8))
    c = np.concatenate([p, n])
    s = (c @ a[0]) / np.linalg.norm(c, axis=1) / np.linalg.norm(a)
    assert_allclose(info_nce(a, p, n, temperature=0.2), softmax_cross_entropy([s / 0.2], [0]), rtol=1e-12)
    slopes = approx_fprime(s, lambda v: -float(scipy.special.log_softmax(v / 0.2)[0]), 1e-7)
    assert_allclose(slopes, (scipy.special.softmax(s / 0.2) - np.eye(21)[0]) / 0.2, atol=1e-5)


def test_limits_of_the_temperature():
    cosines = np.array([0.8, *figures.NEGATIVES])
    assert_allclose(softmax_cross_entropy(cosines / 1e6, 0), np.log(6), rtol=1e-5)
    assert_allclose(-np.log(np.e / (np.e + 20 / np.e)), 1.3101, atol=1e-4)  # cosine 1 against twenty times −1, T = 1
    readout = figures.temperature().set(temperature=0.2, cosine=0.8).readout
    p = scipy.special.softmax(cosines / 0.2)
    assert f"probability {p[0]:.3f}: loss {-np.log(p[0]):.3f}" in readout
    assert f"takes {p[1] / p[1:].sum():.0%} of the push" in readout


@pytest.mark.parametrize("n", [2, 4, 256])
def test_collapsed_views_cost_the_logarithm_of_the_candidates(n: int):
    assert_allclose(nt_xent(np.ones((n, 3)), np.ones((n, 3)), temperature=0.1), np.log(2 * n - 1), rtol=1e-12)


def test_info_nce_exercise_agrees_with_the_package():
    from lossbook.exercises.contrastive import info_nce_of_one

    a, p, n = rng.normal(size=4), rng.normal(size=4), rng.normal(size=(6, 4))
    assert_allclose(info_nce_of_one(a, p, n, 0.3), info_nce(a[None], p[None], n, temperature=0.3), rtol=1e-12)
    assert check("contrastive-collapsed", np.log(7)).right


# ── The table of other libraries: every row has its formula here, written out from that library's documentation ──────

A, P, N = (rng.normal(size=(6, 3)) for _ in range(3))
D, E = np.linalg.norm(A - P, axis=1), np.linalg.norm(A - N, axis=1)
Y = np.array([0.0, 1.0, 0.0, 1.0, 1.0, 0.0])
M = float(np.median(D)) + 0.3
COSINE = F.cosine_similarity(torch.tensor(A), torch.tensor(P)).numpy()


def ours() -> None:
    expected = np.where(Y == 0, D**2 / 2, np.maximum(M - D, 0) ** 2 / 2)
    assert_allclose(contrastive(D, Y, margin=M, reduction="none"), expected, rtol=1e-12)


def tensorflow_addons() -> None:
    y_true = 1 - Y
    theirs = y_true * D**2 + (1 - y_true) * np.maximum(M - D, 0) ** 2
    assert_allclose(theirs, 2 * contrastive(D, Y, margin=M, reduction="none"), rtol=1e-12)


def metric_learning_contrastive() -> None:
    """The default reducer: mean over non-zero positive losses plus mean over non-zero negative losses."""
    d = np.append(D, [M + 1.0])
    y = np.append(Y, [1.0])  # one pair beyond the margin, which no longer counts
    pulled, pushed = d[y == 0], np.maximum(M - d[y == 1], 0)
    theirs = pulled[pulled > 0].mean() + pushed[pushed > 0].mean()
    each = np.sqrt(2 * np.asarray(contrastive(d, y, margin=M, reduction="none")))  # ours, without ½ and square
    assert_allclose(theirs, each[y == 0].mean() + each[(y == 1) & (each > 0)].mean(), rtol=1e-12)
    assert not np.isclose(theirs, each.mean())


def hinge_embedding() -> None:
    theirs = F.hinge_embedding_loss(torch.tensor(D), torch.tensor(1 - 2 * Y), margin=M, reduction="none").numpy()
    assert_allclose(theirs, np.where(Y == 0, D, np.maximum(M - D, 0)), rtol=1e-12)
    assert_allclose(theirs**2 / 2, contrastive(D, Y, margin=M, reduction="none"), rtol=1e-12)


def cosine_embedding_loss() -> None:
    pair, label = (torch.tensor(A), torch.tensor(P)), torch.tensor(1 - 2 * Y)
    theirs = F.cosine_embedding_loss(*pair, label, margin=0.2, reduction="none").numpy()
    assert_allclose(theirs, np.where(Y == 0, 1 - COSINE, np.maximum(COSINE - 0.2, 0)), atol=1e-12)
    assert_allclose(theirs, cosine_embedding(A, P, Y, margin=0.2, reduction="none"), atol=1e-12)


def torch_triplet() -> None:
    theirs = F.triplet_margin_loss(*map(torch.tensor, (A, P, N)), margin=M, reduction="none").numpy()
    near, far = (np.linalg.norm(A - other + 1e-6, axis=1) for other in (P, N))
    assert_allclose(theirs, np.maximum(near - far + M, 0), rtol=1e-12)
    assert_allclose(theirs, triplet_margin(A, P, N, margin=M, reduction="none"), atol=1e-5)


def optax_triplet() -> None:
    near, far = (np.sqrt(np.square(A - other).sum(axis=1) + 1e-6) for other in (P, N))
    theirs = np.maximum(near - far + M, 0)
    assert theirs.shape == (6,)
    assert_allclose(theirs, triplet_margin(A, P, N, margin=M, reduction="none"), atol=1e-5)


def facenet() -> None:
    theirs = np.maximum(D**2 - E**2 + M, 0)
    assert_allclose(np.maximum(D - E + M, 0), triplet_margin(A, P, N, margin=M, reduction="none"), rtol=1e-12)
    assert np.abs(theirs - np.maximum(D - E + M, 0)).max() > 0.1


def by_label(embeddings: np.ndarray, labels: np.ndarray, temperature: float = 0.07) -> float:
    """One cross-entropy per ordered positive pair: that positive against all negatives of its anchor; the mean."""
    z = embeddings / np.linalg.norm(embeddings, axis=1, keepdims=True)
    s = z @ z.T / temperature
    losses = [
        scipy.special.logsumexp(np.append(s[i, labels != labels[i]], s[i, j])) - s[i, j]
        for i in range(len(z))
        for j in range(len(z))
        if i != j and labels[i] == labels[j]
    ]
    return float(np.mean(losses))


def nt_xent_by_label() -> None:
    labels = np.tile(np.arange(6), 2)
    assert_allclose(by_label(np.concatenate([A, P]), labels), nt_xent(A, P, temperature=0.07), rtol=1e-12)


ROWS: dict[str, Callable[[], None]] = {
    "`lossbook.contrastive`": ours,
    "TensorFlow Addons `contrastive_loss`": tensorflow_addons,
    "PyTorch Metric Learning `ContrastiveLoss`": metric_learning_contrastive,
    "PyTorch `hinge_embedding_loss`": hinge_embedding,
    "PyTorch `cosine_embedding_loss`": cosine_embedding_loss,
    "PyTorch `triplet_margin_loss`": torch_triplet,
    "Optax `triplet_margin_loss`": optax_triplet,
    "FaceNet, in the paper": facenet,
    "PyTorch Metric Learning `NTXentLoss`": nt_xent_by_label,
    "Optax `ntxent`": nt_xent_by_label,
}


def test_every_row_of_the_table_is_evaluated():
    lines = re.findall(r"^\| (.+?) \|", CHAPTER, re.MULTILINE)
    assert [line for line in lines if line != "Function"] == list(ROWS)


@pytest.mark.parametrize("row", ROWS)
def test_a_row_of_the_table(row: str):
    ROWS[row]()


# ── The figures' own numbers ─────────────────────────────────────────────────────────────────────────────────────────

PAIRS = [(i, j, int(i // 3 != j // 3)) for i in range(9) for j in range(i + 1, 9)]
TRIPLETS = [(a, p, n) for a in range(9) for p in range(9) for n in range(9) if a != p and a // 3 == p // 3 != n // 3]


def torch_contrastive(z: torch.Tensor, margin: float = 1.0) -> torch.Tensor:
    terms = [(z[i] - z[j]).norm() for i, j, _ in PAIRS]
    terms = [torch.clamp(margin - d, min=0) if y else d for d, (_, _, y) in zip(terms, PAIRS, strict=True)]
    return torch.stack(terms).square().mean() / 2


def torch_triplets(z: torch.Tensor) -> torch.Tensor:
    return torch.stack([torch.relu((z[a] - z[p]).norm() - (z[a] - z[n]).norm() + 1) for a, p, n in TRIPLETS]).mean()


def torch_info_nce(z: torch.Tensor) -> torch.Tensor:
    terms = []
    for a in range(9):
        strangers = [k for k in range(9) if k // 3 != a // 3]
        for p in (k for k in range(9) if k != a and k // 3 == a // 3):
            s = torch.stack([F.cosine_similarity(z[a], z[k], dim=0) for k in (p, *strangers)]) / 0.3
            terms.append(-s.log_softmax(0)[0])
    return torch.stack(terms).mean()


@pytest.mark.parametrize(
    ("slopes", "loss"),
    [
        (figures.contrastive_slopes, torch_contrastive),
        (figures.triplet_slopes, torch_triplets),
        (figures.info_nce_slopes, torch_info_nce),
    ],
)
def test_the_cards_are_pulled_by_the_gradient_of_the_loss(slopes: Callable[..., Any], loss: Callable[..., Any]):
    z = torch.tensor(rng.normal(size=(9, 2)), requires_grad=True)
    loss(z).backward()
    assert_allclose(slopes(z.detach().numpy()), z.grad.numpy(), atol=1e-12)


def test_without_a_network_similar_pairs_leave_every_centre_where_it_is():
    path = figures.descend(lambda z: figures.contrastive_slopes(z, remarks="similar"))
    centres = path.reshape(len(path), 3, 3, 2).mean(axis=2)
    assert_allclose(centres[-1], centres[0], atol=1e-12)
    assert figures.mean_distances(path[-1])[0] < 0.01 < 1 < figures.mean_distances(path[-1])[1]


def test_with_a_network_similar_pairs_alone_collapse_and_both_kinds_sort():
    def own_neighbour(points: np.ndarray) -> bool:
        return figures.nearest_accuracy(points[1:], figures.PAINTERS[1:], points[:1], figures.PAINTERS[:1]) == 1

    alone, both = figures.placed("similar"), figures.placed("both")
    assert figures.mean_distances(alone[-1])[1] < 0.05 * figures.mean_distances(alone[0])[1]
    within, between = figures.mean_distances(both[-1])
    assert between > 5 * within and own_neighbour(both[-1])
    within, between = figures.mean_distances(figures.placed("dissimilar")[-1])
    assert between < 2 * within


def test_settled_cards_are_a_margin_apart_and_larger_margins_spread_them():
    wide = []
    for margin in (1.0, 2.0, 3.0):
        points = figures.settled(margin)
        apart = pairwise_distance(points[[0, 0, 3]], points[[3, 6, 6]])
        assert (apart > margin - 1e-6).all()
        wide.append(figures.mean_distances(points)[1])
        assert figures.mean_distances(points)[0] < 1e-6
    assert wide == sorted(wide)
    assert_allclose(figures.mean_distances(figures.settled(0.0))[1], 1.2958, atol=1e-3)  # and none at M = 0


def test_accuracy_and_distances_agree_with_other_libraries():
    known, labels = rng.normal(size=(80, 2)), rng.integers(0, 4, 80)
    points, wanted = rng.normal(size=(40, 2)), rng.integers(0, 4, 40)
    score = KNeighborsClassifier(1).fit(known, labels).score(points, wanted)
    assert figures.nearest_accuracy(known, labels, points, wanted) == pytest.approx(score)
    same = pdist(labels[:, None]) == 0
    assert_allclose(figures.distances_by_label(known, labels), [pdist(known)[same].mean(), pdist(known)[~same].mean()])


def test_readouts():
    assert "loss 0.245, slope −0.70, pushed apart" in figures.one_pair().readout
    assert "slope 0.00, nothing pulls" in figures.one_pair().set(distance=1.0).readout
    similar = figures.one_pair().set(distance=2.0, label=0)
    assert "loss 2.000, slope 2.00, pulled together" in similar.readout
    assert "0 of 9 cards are still pulled" in figures.force_field().set(loss="triplet", step=24).readout


def test_the_linear_map_learns_by_the_package_s_own_gradient():
    record = figures.linear_training()
    assert record.accuracy[-1] > 2 * record.accuracy[0]
    assert record.embeddings.shape == (5, 200, 2) and record.digits.shape == (200,)


# ── The chapter's own training ───────────────────────────────────────────────────────────────────────────────────────


@pytest.fixture(autouse=True)
def one_thread() -> Iterator[None]:
    threads = torch.get_num_threads()
    torch.set_num_threads(1)  # small tensors: more threads only wait for each other
    yield
    torch.set_num_threads(threads)


def cells(*starts: str) -> dict[str, Any]:
    """The names defined by the chapter's cells that contain one of the texts, run in order."""
    names: dict[str, Any] = {"np": np, "figures": figures}
    for code in re.findall(r"```\{code-cell\} ipython3\n(.*?)```", CHAPTER, re.DOTALL):
        if any(start in code for start in starts):
            exec(code, names)
    return names


def test_the_network_of_the_chapter_sorts_digits_and_collapses_where_the_chapter_says():
    train = cells("def train(")["train"]
    short = (0, 150)
    plain = train(1.0, short)
    assert plain.accuracy[-1] > 0.6 > 0.4 > plain.accuracy[0]
    assert plain.distances()[1] > 1
    wide = train(100.0, short)
    assert wide.distances()[1] > 20 and wide.accuracy[-1] < plain.accuracy[-1]
    assert train(1.0, short, dissimilar=False).distances()[1] < 0.01 * plain.distances()[0]
    assert train(0.01, short, decay=0.1).distances()[1] < 1e-4 < 10 < train(100.0, short, decay=0.1).distances()[1]
    assert train(1.0, (0, 20), start_at_zero=True).distances() == (0, 0)


@pytest.mark.parametrize("margin", [0.01, 100.0])
def test_a_margin_is_a_unit_of_length_for_a_network_whose_start_and_steps_scale_along(margin: float):
    train = cells("def train(")["train"]
    steps = (0, 20, 300)
    plain, scaled, unscaled = train(1.0, steps), train(margin, steps, scale=margin), train(margin, steps)
    assert_allclose(np.divide(scaled.distances(1), margin), plain.distances(1), rtol=0.05)
    assert scaled.accuracy[-1] > plain.accuracy[-1] - 0.07 > unscaled.accuracy[-1] + 0.1


def test_the_plain_pytorch_form_has_the_same_value():
    theirs = cells("def train(", "def contrastive_torch")["contrastive_torch"]
    y = torch.tensor(Y)
    assert_allclose(theirs(torch.tensor(A), torch.tensor(P), y, M).item(), contrastive(D, Y, margin=M), rtol=1e-9)
