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
from scipy.spatial.distance import pdist, squareform
from scipy.stats import norm
from sklearn.datasets import load_digits
from sklearn.neighbors import KNeighborsClassifier

from lossbook.analysis import embedding, mining, postcards, shared_information, views
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
    assert not postcards.contrastive_slopes(np.zeros((9, 2))).any()


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
    libraries = CHAPTER.split("## What other libraries")[1].split("\n## ")[0]
    lines = re.findall(r"^\| (.+?) \|", libraries, re.MULTILINE)
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
        (postcards.contrastive_slopes, torch_contrastive),
        (postcards.triplet_slopes, torch_triplets),
        (postcards.info_nce_slopes, torch_info_nce),
    ],
)
def test_the_cards_are_pulled_by_the_gradient_of_the_loss(slopes: Callable[..., Any], loss: Callable[..., Any]):
    z = torch.tensor(rng.normal(size=(9, 2)), requires_grad=True)
    loss(z).backward()
    assert_allclose(slopes(z.detach().numpy()), z.grad.numpy(), atol=1e-12)


def test_without_a_network_similar_pairs_leave_every_centre_where_it_is():
    path = postcards.descend(lambda z: postcards.contrastive_slopes(z, remarks="similar"))
    centres = path.reshape(len(path), 3, 3, 2).mean(axis=2)
    assert_allclose(centres[-1], centres[0], atol=1e-12)
    assert postcards.mean_distances(path[-1])[0] < 0.01 < 1 < postcards.mean_distances(path[-1])[1]


FRAMES = range(postcards.FRAMES + 1)


def test_same_hand_alone_shrinks_everything_and_the_magnifier_still_finds_order():
    within, between = np.array([postcards.mean_distances(points) for points in postcards.placed("similar")]).T
    assert (np.diff(within) < 0).all() and between[-1] < 0.05 * between[0] and between[-1] < 0.04
    assert all(postcards.own_neighbours(points) == 9 for points in postcards.placed("similar")[1:])
    assert 0.005 < np.ptp(postcards.placed("similar")[-1], axis=0).max() / (2 * figures.REACH) < 0.015


def test_different_hands_alone_gather_nobody_and_both_remarks_sort():
    within, between = np.array([postcards.mean_distances(points) for points in postcards.placed("dissimilar")]).T
    assert within[-1] > 1.4 * within[0] and (np.diff(between) > -1e-12).all()
    within, between = np.array([postcards.mean_distances(points) for points in postcards.placed("both")]).T
    assert within[-1] < 0.3 * within[0] and between[-1] > 1.6 * between[0] and between[-1] > 7 * within[-1]


@pytest.mark.seeds
@pytest.mark.parametrize("first", [100, 200, 300])
def test_neither_remark_can_be_left_out_whatever_the_cards(first: int):
    seeds = range(first, first + 100)
    share = {remarks: postcards.share_sorted(remarks, seeds) for remarks in ("similar", "dissimilar", "both")}
    before = np.mean([postcards.own_neighbours(postcards.placed("both", seed)[0]) / 9 for seed in seeds])
    assert before < share["similar"] < share["both"] - 0.05 and before < share["dissimilar"] < share["both"] - 0.05
    shrunk = [postcards.mean_distances(postcards.placed("similar", seed)[-1])[1] for seed in seeds]
    start = [postcards.mean_distances(postcards.placed("similar", seed)[0])[1] for seed in seeds]
    assert np.mean(shrunk) < 0.1 * np.mean(start)


def test_no_card_leaves_the_table_and_the_magnifier_changes_the_picture_only():
    explorer = figures.postcards()
    for remarks in figures.REMARKS.values():
        for step in FRAMES:
            plain = explorer.set(step=step, remarks=remarks, magnified=False).readout
            drawn = np.concatenate([line.get_xydata() for line in explorer.figure.axes[0].lines])
            assert np.abs(drawn).max() < figures.REACH - 0.1
            assert explorer.set(magnified=True).readout == plain
            drawn = np.concatenate([line.get_xydata() for line in explorer.figure.axes[0].lines])
            assert np.abs(drawn).max() == pytest.approx(0.85 * figures.REACH)
            points = postcards.placed(remarks)[step]
            right = KNeighborsClassifier(2).fit(points, postcards.PAINTERS).kneighbors(points)[1][:, 1]
            assert f"painter: {(postcards.PAINTERS[right] == postcards.PAINTERS).sum()} of 9." in plain


def test_the_three_losses_bring_the_free_cards_to_what_the_text_says():
    paths = {name: figures._field_path(name) for _, (name, _) in figures.FIELDS.items()}
    path, pulled = paths["contrastive"]
    i, j, label = zip(*PAIRS, strict=True)
    distance = np.linalg.norm(path[-1][list(i)] - path[-1][list(j)], axis=1)
    label = np.array(label)
    assert distance[label == 0].max() < 0.01 and distance[label == 1].min() > 0.99
    assert contrastive(distance, label.astype(float)) < 1e-5 and np.abs(pulled[-1]).max() < 0.005
    path, pulled = paths["triplet"]
    assert not pulled[-1].any() and postcards.mean_distances(path[-1])[0] > 0.2  # stops with the cards still apart
    stopped = [
        int(np.flatnonzero(np.abs(pulls).max(axis=(1, 2)) < 0.01)[0])
        for _, pulls in paths.values()
        if np.abs(pulls[-1]).max() < 0.01
    ]
    assert stopped[1] < stopped[0]  # the triplet loss is at rest earlier
    path, pulled = paths["InfoNCE"]
    assert np.abs((path * pulled).sum(axis=2)).max() < 1e-12  # no pull along the ray from the origin
    angle = np.arctan2(*path[-1].T).reshape(3, 3)
    assert np.ptp(angle, axis=1).max() < np.deg2rad(2) < np.deg2rad(100) < np.diff(np.sort(angle.mean(axis=1))).min()


def test_one_pair_in_every_state():
    distance = np.linspace(0, 2, 21)
    for margin in (0.25, 0.5, 1.0, 1.5, 2.0):
        slope = contrastive_grad(distance, np.ones(21), margin=margin, reduction="none")
        assert slope.argmin() == 0 and slope[0] == -margin  # steepest where the two coincide
        assert (slope[distance >= margin] == 0).all() and (slope[distance < margin] < 0).all()
        assert (contrastive_grad(distance[1:], np.zeros(20), margin=margin, reduction="none") > 0).all()


def test_a_lower_temperature_gives_the_nearest_negative_more_of_the_push_in_every_state():
    shares = []
    for temperature in figures.TEMPERATURES:
        push = scipy.special.softmax(figures.NEGATIVES / temperature)
        assert push.argmax() == 0
        shares.append(push[0])
    assert shares == sorted(shares, reverse=True) and shares[0] > 0.99
    assert shares[-1] > 1.3 / 5 and "the more alike all negatives are pushed" in CHAPTER  # more alike, not alike
    for cosine in np.linspace(-1, 1, 21):
        picked = scipy.special.softmax(np.array([cosine, *figures.NEGATIVES]) / 2.0)
        assert picked.max() < 0.31  # nearly alike, however good the embedding
    push = scipy.special.softmax(np.linspace(-1, 1, 21) / 1.0)  # at T = 1, from the farthest stranger to the nearest
    assert f"at most $e^2 \\approx {push.max() / push.min():.0f}$ times as hard" in CHAPTER


def test_accuracy_and_distances_agree_with_other_libraries():
    known, labels = rng.normal(size=(80, 2)), rng.integers(0, 4, 80)
    points, wanted = rng.normal(size=(40, 2)), rng.integers(0, 4, 40)
    score = KNeighborsClassifier(1).fit(known, labels).score(points, wanted)
    assert embedding.right_neighbours(known, labels, points, wanted).mean() == pytest.approx(score)
    same = pdist(labels[:, None]) == 0
    assert_allclose(
        embedding.distances_by_label(known, labels), [pdist(known)[same].mean(), pdist(known)[~same].mean()]
    )


def test_readouts():
    assert "loss 0.245, slope −0.70, pushed apart" in figures.one_pair().readout
    assert "slope 0.00, nothing pulls" in figures.one_pair().set(distance=1.0).readout
    for margin in (0.25, 0.5, 1.0, 1.5, 2.0):  # in one point a pair has a slope, and stays
        told = figures.one_pair().set(distance=0, margin=margin).readout
        assert told.endswith(f"slope −{margin:.2f}, but no direction to be pushed in.")
    similar = figures.one_pair().set(distance=2.0, label=0)
    assert "loss 2.000, slope 2.00, pulled together" in similar.readout
    explorer = figures.force_field()
    assert "0 of 9 cards are still pulled" in explorer.set(loss="triplet", step=24).readout
    for step in range(25):
        read = explorer.set(loss="contrastive", step=step).readout
        assert ("1 of 9 cards is still" in read) == (": 1 of 9" in read)


def test_the_linear_map_learns_by_the_package_s_own_gradient():
    assert postcards.pulls(lambda points: points, np.array([[[1.0, -2.0]]])).tolist() == [[[-9, 18]]]  # of nine cards
    assert embedding.centred(np.array([[1.0, 10.0], [3.0, 30.0]])).tolist() == [[-1, -10], [1, 10]]
    record = embedding.linear_training()
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
            exec(re.sub(r"^:tags:.*", "", code), names)
    return names


SEEDS = [0, 1, 2]  # 0 is the one that the chapter prints
seeds = pytest.mark.parametrize("seed", SEEDS)


@pytest.mark.seeds
@seeds
def test_the_push_sorts_coarsely_and_the_pulls_do_the_rest(seed: int):
    run = cells("def train(")["train"](1.0, (0, 15, 30, 390, 400), seed=seed)
    accuracy, between = run.accuracy, [run.distances(k)[1] for k in range(5)]
    assert accuracy[0] < 0.4 < accuracy[1] < 0.65 < 0.8 < accuracy[-1]
    assert between[0] < 0.2 and between[1] > 1.8 and between[2] < 0.8 * between[1] < between[-1] + 0.2
    assert run.distances(1)[0] > 8 * run.distances(0)[0]  # equal digits are swept along


@pytest.mark.seeds
@seeds
def test_pairwise_distance_leaves_the_point_that_a_norm_keeps(seed: int):
    digits = cells("def train(")
    for distance, leaves in (
        (lambda u, v: torch.linalg.vector_norm(u - v, dim=-1), False),
        (lambda u, v: (u - v).square().sum(dim=-1).add(1e-12).sqrt(), False),
        (F.pairwise_distance, True),
    ):
        torch.manual_seed(seed)
        network = torch.nn.Sequential(torch.nn.Linear(64, 64), torch.nn.ReLU(), torch.nn.Linear(64, 2))
        torch.nn.init.zeros_(network[2].weight)
        optimiser, random = torch.optim.Adam(network.parameters(), lr=0.01), np.random.default_rng(seed)
        for _ in range(100):
            i, j = random.choice(digits["known"], size=(2, 128))
            d = distance(network(digits["inputs"][i]), network(digits["inputs"][j]))
            y = torch.tensor(digits["digits"][i] != digits["digits"][j])
            optimiser.zero_grad()
            torch.where(y, torch.clamp(1 - d, min=0), d).square().mean().backward()
            optimiser.step()
        with torch.no_grad():
            z = network(digits["inputs"]).numpy()
        assert (embedding.spread(z) > 0.1) == leaves, "stays where the gradient at D = 0 is 0"


def test_the_point_of_collapse_is_a_peak_as_pointed_as_a_cone():
    """From last-layer weights of 0 the mean loss falls in every direction, at a rate that does not vanish."""
    pixels = rng.normal(size=(40, 6))
    i, j = np.triu_indices(40, 1)
    y = (np.arange(40)[i] % 4 != np.arange(40)[j] % 4).astype(float)
    for _ in range(50):
        direction = rng.normal(size=(6, 2))
        direction /= np.linalg.norm(direction)
        losses = [
            float(contrastive(pairwise_distance(pixels[i] @ (t * direction), pixels[j] @ (t * direction)), y))
            for t in (0.0, 1e-6, 2e-6)
        ]
        slopes = np.diff(losses) / 1e-6
        away = np.linalg.norm((pixels[i] - pixels[j]) @ direction, axis=1)
        assert_allclose(slopes, -np.sum(away[y == 1]) / y.size, rtol=1e-4)
        assert slopes.max() < -0.1


@pytest.mark.seeds
@seeds
def test_too_small_and_too_large_sort_badly_because_of_the_steps(seed: int):
    train = cells("def train(")["train"]
    plain, small, large = (train(margin, seed=seed) for margin in (1.0, 0.01, 100.0))
    assert max(small.accuracy[-1], large.accuracy[-1]) < plain.accuracy[-1] - 0.1
    assert large.distances()[1] > 100
    pushed = pdist(plain.embeddings[-1])[pdist(plain.digits[:, None]) > 0] < 1
    assert 0.1 < pushed.mean() < 0.2  # "most of those are easy", not nearly all
    assert "soon most of those are *easy*" in CHAPTER
    assert 3 * large.last_move() < plain.last_move() < 0.7 * small.last_move()
    assert train(100.0, rate=0.1, seed=seed).accuracy[-1] > large.accuracy[-1] + 0.15


@pytest.mark.seeds
@seeds
def test_the_symptoms_of_the_siamese_network(seed: int):
    train = cells("def train(")["train"]
    alone = train(1.0, dissimilar=False, seed=seed)
    assert alone.distances()[1] < 1e-3 and alone.accuracy[-1] > 0.15
    decayed = train(0.01, decay=0.01, seed=seed)
    assert decayed.distances()[1] < 1e-6
    assert decayed.accuracy[-1] < 0.2 < alone.accuracy[-1]  # not "the same": where all are 0 no neighbour is told
    assert "| all distances go to 0, with dissimilar pairs |" in CHAPTER
    assert train(100.0, decay=0.01, seed=seed).distances()[1] > 100
    assert train(1.0, last_layer=0.0, seed=seed).distances() == (0, 0)
    turned = train(1.0, turned=True, seed=seed)
    within, between = turned.distances()
    assert within > 0.9 * between and between < 0.15 and turned.accuracy[-1] < 0.2


def test_the_saving_is_linear_and_the_price_quadratic():
    """Whatever the mixture: a hundred similar pairs for each dissimilar one, and the point is no minimum."""
    for margin in (0.01, 1.0, 100.0):
        for share in (1, 100):
            d = margin * np.array([1e-3, 1e-4]) / share
            saves = margin**2 / 2 - np.asarray(contrastive(d, [1, 1], margin=margin, reduction="none"))
            assert_allclose(saves, margin * d - d**2 / 2, rtol=1e-9)
            assert (saves > share * np.asarray(contrastive(d, [0, 0], margin=margin, reduction="none"))).all()


# ── Triplets, the ceiling, views ─────────────────────────────────────────────────────────────────────────────────────


def test_the_zones_of_a_triplet_in_every_state():
    explorer = figures.triplet_zones()
    (pull,) = (line for line in explorer.figure.axes[0].lines if len(line.get_xdata()) == 9 or line.get_lw() == 2.4)
    found = set()
    for x in np.arange(-1.5, 1.51, 0.25):
        for y in np.arange(-1.25, 1.26, 0.25):
            readout = explorer.set(x=x, y=y).readout
            d = float(np.hypot(x, y))
            name = "hard" if d < 0.6 else "semi-hard" if d < 1.1 else "easy"
            assert f"{d:.2f}: {name}." in readout and f"costs {max(0.0, 0.6 - d + 0.5):.2f}." in readout
            strokes = np.asarray(pull.get_xydata()).reshape(3, 3, 2)
            length = np.linalg.norm(strokes[:, 1] - strokes[:, 0], axis=1)
            assert_allclose(length[1:], 0.4 * np.array([d < 1.1, 0 < d < 1.1]), atol=1e-12)
            assert (length[0] == 0) == (d > 1.1) or (x > 0 and y == 0)  # towards p and from n cancel on their ray
            found.add(name)
    assert len(found) == 3


def test_the_ceiling_in_every_state():
    explorer = figures.information_ceiling()
    for count in figures.COUNTS:
        explorer.set(count=count)
        told = explorer.figure.axes[0].lines[1].get_ydata()
        assert max(told) <= np.log(count) and (np.array(told) <= figures.SHARED + 0.05).all()
        assert told[-1] > 0.97 * np.log(count) and np.all(np.diff(told) > -1e-9)
        assert (told[1] > 0.9 * 0.5) == (count >= 32) and (told[1] < 0.5 * 0.5) == (count == 2)
    assert "many candidates report small amounts almost in full, few not even these" in explorer.caption
    assert explorer.predict.answer == pytest.approx(7 * np.log(2))


def test_no_views_cost_less_than_those_that_stand_evenly():
    for n in (2, 5, 128):
        for t in (0.2, 1.0):
            simplex = np.eye(n) - 1 / n
            assert views.lowest(n, t) == pytest.approx(nt_xent(simplex, simplex, temperature=t))
    for _ in range(20):
        x1, x2 = rng.normal(size=(2, 6, 4))
        assert nt_xent(x1, x2, temperature=0.5) > views.lowest(6, 0.5)


@pytest.mark.seeds
@seeds
def test_the_middle_temperature_spreads_and_sorts_best(seed: int):
    cold, middle, warm = (views.learn(t, seed) for t in (0.02, 0.2, 1.0))
    assert middle.right[-1] > max(cold.right[-1], warm.right[-1]) + 0.015
    assert middle.uniformity[-1] < min(cold.uniformity[-1], warm.uniformity[-1]) - 0.2
    assert cold.alignment[-1] < 0.7 * min(middle.alignment[-1], warm.alignment[-1])
    assert abs(warm.losses[0] - np.log(255)) < 0.05
    assert views.THINGS == 128  # as the prose says
    assert views.lowest(128, 1.0) < warm.losses.min() and warm.losses[-20:].mean() < 4.8


@pytest.mark.seeds
@seeds
def test_views_whose_partners_are_shuffled_or_marked(seed: int):
    plain, mixed, marked = (views.learn(0.2, seed, spoil) for spoil in (None, views.shuffled, views.marked))
    assert abs(mixed.losses[-20:].mean() - np.log(255)) < 0.01
    assert marked.losses[-20:].mean() < plain.losses[-20:].mean() - 0.5
    assert marked.right[-1] < plain.right[-1] - 0.25


@pytest.mark.seeds
@seeds
def test_the_hardest_negatives_find_the_wrong_labels(seed: int):
    clean, few, many = (mining.mine("hardest", wrong, seed) for wrong in mining.WRONG)
    assert clean.right > 0.8 and clean.between > 1.5 and clean.losses[-20:].mean() < 0.75
    assert few.right < 0.5 and few.losses[-20:].mean() > 0.9
    assert many.losses[-20:].mean() == pytest.approx(1.0, abs=0.01) and many.between < 0.005
    for search in ("random", "semi-hard"):
        run = mining.mine(search, 0.1, seed)
        assert run.right > 0.75 and run.between > 1.5 and run.losses[-20:].mean() < 0.5
        assert mining.mine(search, 0.0, seed).right > run.right + 0.02


# ── The figures' runs, a step or two of them, done again with autograd ───────────────────────────────────────────────


@pytest.mark.parametrize("remarks", ["similar", "dissimilar"])
def test_the_pull_of_one_kind_of_pair(remarks: str):
    z = torch.tensor(0.4 * rng.normal(size=(9, 2)), requires_grad=True)
    wanted = int(remarks == "dissimilar")
    pairs = [((z[i] - z[j]).norm(), y) for i, j, y in PAIRS if y == wanted]
    torch.stack([torch.clamp(0.6 - d, min=0) if y else d for d, y in pairs]).square().mean().div(2).backward()
    found = postcards.contrastive_slopes(z.detach().numpy(), margin=0.6, remarks=remarks)
    assert_allclose(found, z.grad.numpy(), atol=1e-12)


def test_a_frame_of_the_free_cards_is_four_steps():
    start = 0.7 * np.random.default_rng(8).normal(size=(9, 2))
    path = postcards.descend(postcards.contrastive_slopes)
    assert path.shape == (25, 9, 2) and np.array_equal(path[0], start)
    z = torch.tensor(start, requires_grad=True)
    for _ in range(4):
        (slope,) = torch.autograd.grad(torch_contrastive(z), z)
        z = (z - 0.08 * 9 * slope).detach().requires_grad_()
    assert_allclose(path[1], z.detach().numpy(), atol=1e-12)
    assert postcards.descend(lambda points: points, 1, np.ones((9, 2)))[-1] == pytest.approx((1 - 0.72) ** 4)


def test_a_frame_of_the_network_of_eight_weights_is_four_steps():
    z = np.random.default_rng(6).normal(size=12 + 36)  # painters first, then the cards around them
    cards = np.repeat(1.1 * z[:12].reshape(3, 4), 3, axis=0) + 0.6 * z[12:].reshape(9, 4)
    assert_allclose(postcards.seen(6), cards, rtol=1e-14)
    assert np.array_equal(postcards.seen(), postcards.seen(4)) and np.array_equal(
        postcards.placed("both"), postcards.placed("both", 4)
    )
    w = torch.tensor(0.4 * np.random.default_rng(1).normal(size=(4, 2)), requires_grad=True)
    path = postcards.placed("both", 6)
    assert path.shape == (25, 9, 2)
    assert_allclose(path[0], cards @ w.detach().numpy(), rtol=1e-14)
    for _ in range(4):
        (slope,) = torch.autograd.grad(torch_contrastive(torch.tensor(cards) @ w), w)
        w = (w - 0.05 * 9 * slope).detach().requires_grad_()
    assert_allclose(path[1], cards @ w.detach().numpy(), rtol=1e-12)


def test_how_well_cards_are_sorted_by_hand():
    line = np.stack([np.array([0.0, 1, 2, 10, 11, 12, 11.4, 20, 21]), np.zeros(9)], axis=1)
    # 11 lies nearest to the stray card at 11.4, and that one to 11; 12 to 11.4
    assert postcards.own_neighbours(line) == 6
    same, other = ([abs(line[i, 0] - line[j, 0]) for i, j, y in PAIRS if y == kind] for kind in (0, 1))
    assert postcards.mean_distances(line) == pytest.approx((np.mean(same), np.mean(other)), rel=1e-5)
    both = [postcards.own_neighbours(postcards.placed("both", seed)[-1]) / 9 for seed in (3, 5)]
    assert postcards.share_sorted("both", range(3, 6, 2)) == pytest.approx(np.mean(both))


def test_the_linear_map_of_the_digits_trained_again_by_autograd():
    pixels, digits = load_digits(return_X_y=True)
    x = (pixels - pixels.mean(axis=0)) / 16
    random = np.random.default_rng(0)
    w = torch.tensor(0.1 * random.normal(size=(64, 2)), requires_grad=True)
    run = embedding.linear_training()
    assert run.steps == [0, 5, 20, 80, 240] and run.margin == 1.0
    assert np.array_equal(run.digits, digits[400:600])
    assert_allclose(run.embeddings[0], x[400:600] @ w.detach().numpy(), atol=1e-13)
    for _ in range(5):
        i, j = random.integers(0, 400, size=(2, 200))
        d = (torch.tensor(x[i] - x[j]) @ w).square().sum(dim=1)
        far = torch.tensor(digits[i] != digits[j])
        d = torch.where(d > 0, d, 1).sqrt() * (d > 0)
        loss = torch.where(far, torch.clamp(1 - d, min=0), d).square().mean() / 2
        (slope,) = torch.autograd.grad(loss, w)
        w = (w - 0.3 * slope).detach().requires_grad_()
    placed = x @ w.detach().numpy()
    assert_allclose(run.embeddings[1], placed[400:600], atol=1e-6)
    neighbours = KNeighborsClassifier(1).fit(placed[:400], digits[:400]).predict(placed[400:600])
    assert np.array_equal(run.right[1], neighbours == digits[400:600])


def test_distances_and_movement_by_hand():
    before, after = np.array([[0.0, 0], [2, 0], [4, 0]]), np.array([[10.0, 0], [12, 3], [14, 0]])
    run = embedding.Training(
        1.0, [0, 9], np.array([before, after]), np.array([5, 5, 7]), np.array([[1, 0, 0], [1, 1, 0]])
    )
    assert run.distances(0) == pytest.approx((2, 3), rel=1e-5)
    assert run.distances() == pytest.approx((np.sqrt(13), (4 + np.sqrt(13)) / 2), rel=1e-5)
    assert run.last_move() == pytest.approx((1 + 2 + 1) / 3 / ((4 + np.sqrt(13)) / 2), rel=1e-5)  # the shift is none
    assert run.accuracy == pytest.approx([1 / 3, 2 / 3])
    assert embedding.spread(before) == pytest.approx(np.sqrt(8 / 6))


def test_the_shared_information_from_densities():
    assert shared_information.ANCHORS == 2000
    assert shared_information.information(0.6) == pytest.approx(-np.log(0.8))
    assert shared_information.correlation(-np.log(0.8)) == pytest.approx(0.6)
    assert shared_information.reported(0.0, 8) == pytest.approx(0)
    for seed in (0, 3):
        draw = np.random.default_rng(seed)
        a, e = draw.normal(size=2000), draw.normal(size=2000)
        c = np.column_stack([0.6 * a + 0.8 * e, draw.normal(size=(2000, 4))])
        ratio = norm.logpdf(c, 0.6 * a[:, None], 0.8) - norm.logpdf(c)
        told = np.log(5) + scipy.special.log_softmax(ratio, axis=1)[:, 0].mean()
        assert shared_information.reported(0.6, 5, seed) == pytest.approx(told)
    assert shared_information.reported(0.6, 5) == shared_information.reported(0.6, 5, 0)
    assert shared_information.reported(0.6, 512) == pytest.approx(-np.log(0.8), abs=0.03)


def test_the_digits_that_are_split():
    pixels, digits = load_digits(return_X_y=True)
    data, order = views.split(), np.random.default_rng(0).permutation(1797)
    assert data.known.shape == (1200, 64) and data.unseen.shape == (597, 64)
    assert np.array_equal(np.concatenate([data.known, data.unseen]) * 16, pixels[order])
    assert np.array_equal(np.concatenate([data.known_digits, data.unseen_digits]), digits[order])


def test_alignment_and_uniformity_by_hand():
    u, v = torch.tensor([[1.0, 0], [0, 1], [-1, 0]]), torch.tensor([[1.0, 0], [1, 0], [0, 1]])
    assert float(views.alignment(u, v)) == pytest.approx(4 / 3)
    assert float(views.uniformity(u)) == pytest.approx(np.log(np.mean(np.exp(-2 * np.array([2, 2, 4])))))


def test_a_view_is_the_picture_moved_by_up_to_one_pixel_with_noise():
    pictures = torch.tensor(views.split().known[:300]).float()
    seen = views._view(pictures, torch.Generator().manual_seed(1)).reshape(-1, 8, 8)
    framed = F.pad(pictures.reshape(-1, 8, 8), (1, 1, 1, 1))
    moves = [(r, c) for r in range(3) for c in range(3)]
    rest = torch.stack([seen - framed[:, r : r + 8, c : c + 8] for r, c in moves])
    best = rest.square().mean(dim=(2, 3)).argmin(0)
    assert_allclose(np.bincount(best.numpy(), minlength=9) / 300, 1 / 9, atol=0.06)
    noise = rest[best, torch.arange(300)]
    assert abs(float(noise.mean())) < 0.003 and float(noise.std()) == pytest.approx(0.1, abs=0.002)


def test_what_shuffling_and_marking_do_to_two_views():
    x1, x2 = torch.rand(50, 64) - 5, torch.rand(50, 64) - 5
    same, moved = views.shuffled(x1, x2, torch.Generator().manual_seed(2))
    assert torch.equal(same, x1) and not torch.equal(moved, x2)
    assert sorted(moved[:, 0].tolist()) == sorted(x2[:, 0].tolist())
    a, b = views.marked(x1, x2, torch.Generator().manual_seed(2))
    assert torch.equal(a[:, :8], b[:, :8]) and float(a[:, :8].min()) >= 0 and 2.8 < float(a[:, :8].max()) < 3
    assert torch.equal(a[:, 8:], x1[:, 8:]) and torch.equal(b[:, 8:], x2[:, 8:])


def test_two_steps_of_the_views_again(monkeypatch: pytest.MonkeyPatch):
    assert (views.THINGS, views.STEPS, views.NOISE, views.RATE) == (128, 300, 0.1, 5e-3)
    assert views.STAGES == (0, 10, 20, 40, 80, 150, 300)
    monkeypatch.setattr(views, "STEPS", 2)
    monkeypatch.setattr(views, "STAGES", (0, 2))
    run = views.learn.__wrapped__(0.5, 3)
    assert run.losses.shape == (3,) and run.right.shape == (2,)
    data = views.split()
    known = torch.tensor(data.known).float()
    torch.manual_seed(3)
    random = torch.Generator().manual_seed(3)
    network = torch.nn.Sequential(torch.nn.Linear(64, 64), torch.nn.ReLU(), torch.nn.Linear(64, 8))
    adam = torch.optim.Adam(network.parameters(), lr=0.005, fused=True)
    for step in range(3):
        if step != 1:
            judge = torch.Generator().manual_seed(0)
            with torch.no_grad():
                u, v = (F.normalize(network(views._view(known[:400], judge))) for _ in range(2))
                z, other = F.normalize(network(known)).numpy(), F.normalize(network(torch.tensor(data.unseen).float()))
            assert run.alignment[step // 2] == pytest.approx(float((u - v).square().sum() / 400), rel=1e-4)
            assert run.uniformity[step // 2] == pytest.approx(np.log(np.exp(-2 * pdist(u) ** 2).mean()), rel=1e-4)
            score = KNeighborsClassifier(1).fit(z, data.known_digits).score(other.numpy(), data.unseen_digits)
            assert run.right[step // 2] == pytest.approx(score, abs=0.004)
        batch = known[torch.randperm(1200, generator=random)[:128]]
        u, v = (F.normalize(network(x)) for x in (views._view(batch, random), views._view(batch, random)))
        assert run.losses[step] == pytest.approx(
            float(nt_xent(u.detach().numpy(), v.detach().numpy(), temperature=0.5)), rel=1e-4
        )
        both = torch.cat([u, v])
        s = (both @ both.T / 0.5).masked_fill(torch.eye(256, dtype=torch.bool), -torch.inf)
        adam.zero_grad()
        (-s.log_softmax(1)[torch.arange(256), (torch.arange(256) + 128) % 256]).mean().backward()
        adam.step()


def test_which_negative_each_search_takes():
    distance = torch.tensor([[0.0, 0.5, 0.9, 1.2, 2.5]]).repeat(2, 1)
    allowed = torch.tensor([[False, True, True, True, True], [False, False, False, False, True]])
    near, chance = torch.tensor([0.6, 0.6]), torch.tensor([[0.99, 0.8, 0.1, 0.2, 0.7]]).repeat(2, 1)

    def taken(search: str) -> list[int]:
        return mining.negatives(distance, allowed, near, search, chance).tolist()

    assert taken("hardest") == [1, 4] and taken("random") == [1, 4]
    assert taken("semi-hard") == [3, 4]  # 0.9 and 1.2 lie within the margin of 1; where none does, any
    edge = mining.negatives(distance[:1], allowed[:1], torch.tensor([1.3]), "semi-hard", chance[:1])
    assert edge.tolist() == [1]  # 2.5 is too easy, the others too hard: again any
    assert mining.negatives(distance[:1], allowed[:1], torch.tensor([1.6]), "semi-hard", chance[:1]).tolist() == [4]


@pytest.mark.parametrize("search", mining.SEARCHES)
def test_two_steps_of_mining_again(search: str, monkeypatch: pytest.MonkeyPatch):
    assert (mining.STEPS, mining.BATCH, mining.RATE, mining.MARGIN) == (300, 128, 5e-3, 1.0)
    monkeypatch.setattr(mining, "STEPS", 2)
    run = mining.mine.__wrapped__(search, 0.1, 5)
    data, draw = views.split(), np.random.default_rng(5)
    labels, places = data.known_digits.copy(), draw.choice(1200, 120, replace=False)
    labels[places] = (labels[places] + draw.integers(1, 10, 120)) % 10
    wrong = labels != data.known_digits
    assert wrong.sum() == 120
    torch.manual_seed(5)
    random = torch.Generator().manual_seed(5)
    network = torch.nn.Sequential(torch.nn.Linear(64, 64), torch.nn.ReLU(), torch.nn.Linear(64, 2))
    adam = torch.optim.Adam(network.parameters(), lr=0.005, fused=True)
    known = torch.tensor(data.known).float()
    spoilt = []
    for step in range(2):
        batch = torch.randperm(1200, generator=random)[:128].numpy()
        z, y = network(known[batch]), labels[batch]
        chance = torch.rand(2, 128, 128, generator=random).numpy()
        d = squareform(pdist(z.detach().numpy()))
        terms = []
        for a in range(128):
            mine = [k for k in range(128) if y[k] == y[a] and k != a]
            p = max(mine, key=lambda k: chance[0, a, k])
            strangers = [k for k in range(128) if y[k] != y[a]]
            between = [k for k in strangers if d[a, p] < d[a, k] < d[a, p] + 1]
            if search == "hardest":
                n = min(strangers, key=lambda k: d[a, k])
            else:
                n = max(between if search == "semi-hard" and between else strangers, key=lambda k: chance[1, a, k])
            terms.append(torch.relu((z[a] - z[p]).norm() - (z[a] - z[n]).norm() + 1))
            spoilt.append(wrong[batch[[a, p, n]]].any())
        loss = torch.stack(terms).mean()
        assert run.losses[step] == pytest.approx(loss.item(), rel=1e-3)
        adam.zero_grad()
        loss.backward()
        adam.step()
    assert run.spoilt == pytest.approx(np.mean(spoilt), abs=0.01)
    with torch.no_grad():
        known_z, z = network(known).numpy(), network(torch.tensor(data.unseen).float()).numpy()
    score = KNeighborsClassifier(1).fit(known_z, data.known_digits).score(z, data.unseen_digits)
    assert run.right == pytest.approx(score, abs=0.01)
    assert run.between == pytest.approx(pdist(z)[pdist(data.unseen_digits[:, None]) > 0].mean(), rel=1e-3)
