"""What the chapter on style transfer says and draws, against PyTorch, SciPy and plain arithmetic; its runs, small."""

from __future__ import annotations

import inspect
import math
import re
import sys
import types
from collections.abc import Iterator
from functools import cache
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
import torch.nn.functional as nnf
from numpy.testing import assert_allclose
from scipy.optimize import check_grad

from lossbook.analysis import moments, painting, style_weights, texture
from lossbook.analysis.photographs import CROPS, dealt, new_order, photograph
from lossbook.exercises import check
from lossbook.exercises.found import exercises
from lossbook.figures import style_transfer as figures
from lossbook.losses.style import NORMALISATIONS, content, gram_matrix, style, total_variation

CHAPTER = (Path(__file__).parents[1] / "book/part-3/style-transfer.md").read_text(encoding="utf-8")
SEEDS = [0, 1, 2]  # 0 is the one that the chapter prints
seeds = pytest.mark.parametrize("seed", SEEDS)


@pytest.fixture(autouse=True)
def one_thread() -> Iterator[None]:
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


# ── Photographs ──────────────────────────────────────────────────────────────────────────────────────────────────────


def test_what_no_screen_shows_is_below_0_or_above_1() -> None:
    frames = np.array([[-0.1, 0.0, 0.5, 1.0], [1.2, -3.0, 7.0, 0.3]]).reshape(2, 1, 2, 2)
    assert painting.Painting([0, 1], frames, np.zeros(2), np.zeros(2)).outside.tolist() == [0.25, 0.75]


def test_photographs_are_means_of_blocks():
    from sklearn.datasets import load_sample_image

    file, top, left, _ = CROPS["flower"]
    block = load_sample_image(file)[top : top + 3, left : left + 3].reshape(9, 3).mean(axis=0) / 255
    assert_allclose(photograph("flower")[:, 0, 0], block)
    for name in CROPS:
        picture = photograph(name, 48)
        assert picture.shape == (3, 48, 48) and 0 <= picture.min() < picture.max() <= 1
    with pytest.raises(ValueError, match="name must be one of pagoda, flower, petals, got 'cat'"):
        photograph("cat")
    with pytest.raises(ValueError, match="size must divide 384, got 100"):
        photograph("pagoda", 100)


@pytest.mark.parametrize("tile", [1, 4, 12, 48])
def test_tiles_are_dealt_out_and_none_is_lost(tile: int):
    picture = photograph("pagoda", 48)
    moved = dealt(picture, tile, seed=3)
    assert_allclose(np.sort(moved.reshape(3, -1)), np.sort(picture.reshape(3, -1)))  # every pixel is still there
    cuts = [(i, j) for i in range(0, 48, tile) for j in range(0, 48, tile)]
    pieces = {picture[:, i : i + tile, j : j + tile].tobytes() for i, j in cuts}
    assert pieces == {moved[:, i : i + tile, j : j + tile].tobytes() for i, j in cuts}
    with pytest.raises(ValueError, match="tile must divide 48 and 48, got 5"):
        dealt(picture, 5)


def test_in_a_new_order_nothing_keeps_its_place():
    for seed in range(30):
        assert (new_order(4, seed) != np.arange(4)).all()
    assert new_order(1).tolist() == [0]


# ── Filters and their answers, by PyTorch ────────────────────────────────────────────────────────────────────────────


def by_torch(picture: torch.Tensor, bank: texture.Bank) -> list[torch.Tensor]:
    maps = []
    for filters in bank:
        half = filters.shape[-1] // 2
        rolled = torch.cat([picture[:, -half:], picture, picture[:, :half]], dim=1)
        rolled = torch.cat([rolled[:, :, -half:], rolled, rolled[:, :, :half]], dim=2)
        maps.append(nnf.conv2d(rolled[None], torch.tensor(filters))[0].clamp(min=0).flatten(1))
    return maps


def test_random_filters_have_mean_zero_and_length_one():
    for filters in texture.filter_bank(4, 6):
        assert_allclose(filters.mean(axis=(1, 2, 3)), 0, atol=1e-15)
        assert_allclose(np.square(filters).sum(axis=(1, 2, 3)), 1)
    assert [filters.shape for filters in texture.filter_bank()] == [(24, 3, width, width) for width in (3, 5, 7, 11)]
    grey = np.full((3, 24, 24), 0.3)
    assert all(values.max() < 1e-15 for values in texture.answers(grey, texture.filter_bank()))  # an even grey


def test_answers_and_their_gradient_are_those_of_a_convolution():
    bank, picture = texture.filter_bank(5, 4), np.random.default_rng(6).random((3, 14, 12))
    pixels = torch.tensor(picture, requires_grad=True)
    expected, maps = by_torch(pixels, bank), texture.answers(picture, bank)
    slopes = [np.random.default_rng(7).normal(size=values.shape) for values in maps]
    for ours, theirs in zip(maps, expected, strict=True):
        assert_allclose(ours, theirs.detach(), atol=1e-13)
    sum((values * torch.tensor(slope)).sum() for values, slope in zip(expected, slopes, strict=True)).backward()
    assert_allclose(texture.answers_grad(picture, bank, slopes), pixels.grad, atol=1e-12)


def test_the_cost_of_a_picture_and_its_gradient():
    bank, rng = texture.filter_bank(8, 3), np.random.default_rng(9)
    aim = painting.wanted(*(texture.answers(rng.random((3, 12, 12)), bank) for _ in range(2)), 0.3)

    def value(pixels: np.ndarray) -> float:
        return painting.cost(texture.answers(pixels.reshape(3, 12, 12), bank), aim)[0]

    def slope(pixels: np.ndarray) -> np.ndarray:
        maps = texture.answers(pixels.reshape(3, 12, 12), bank)
        return texture.answers_grad(pixels.reshape(3, 12, 12), bank, painting.cost(maps, aim)[1]).ravel()

    start = rng.random(3 * 12 * 12)
    assert check_grad(value, slope, start) < 1e-5 * np.linalg.norm(slope(start)) + 1e-5
    both = painting.shares(texture.answers(start.reshape(3, 12, 12), bank), aim)
    assert value(start) == pytest.approx(both[0] + 0.3 * both[1], rel=1e-12)


def test_of_the_style_picture_a_small_map_is_kept():
    maps = np.abs(np.random.default_rng(10).normal(size=(5, 60)))
    small = texture.same_gram(maps)
    assert small.shape == (5, 5)
    assert_allclose(gram_matrix(small, normalisation="places"), gram_matrix(maps, normalisation="places"), rtol=1e-12)
    other = np.random.default_rng(11).random((5, 40))
    assert style(other, small) == pytest.approx(style(other, maps), rel=1e-10)


def test_in_units_of_a_blank_sheet_all_normalisations_are_one():
    f, a = np.random.default_rng(12).random((2, 6, 30))
    shares = [style(f, a, normalisation=n) / style(0 * f, a, normalisation=n) for n in NORMALISATIONS]
    assert_allclose(shares, shares[0], rtol=1e-12)
    assert texture.style_share([f], [a]) == pytest.approx(shares[0])
    assert texture.style_share([0 * f], [a]) == texture.content_share([0 * f], [a]) == 1


# ── What a Gram matrix notices ───────────────────────────────────────────────────────────────────────────────────────


def bank(seed: int) -> dict[str, int]:
    """The chapter's filters, or fewer."""
    return {"seed": seed, "count": 12} if seed else {}


@pytest.mark.seeds
@seeds
def test_the_larger_the_tiles_of_the_picture_the_less_is_noticed(seed: int):
    found = [texture.tiles_moved(tile, **bank(seed)) for tile in texture.TILES]
    assert all(small.style > large.style for small, large in pairwise(found))
    assert found[0].style > 5 and found[texture.TILES.index(32)].style < 0.5 and found[-1] == (0, 0)
    assert all(notice.content > 1 for notice in found[:-1])


@pytest.mark.seeds
@seeds
def test_moved_answers_are_never_noticed(seed: int):
    for tile in texture.TILES:
        notice = texture.answers_moved(tile, **bank(seed))
        assert notice.style < 1e-25 and (notice.content > 1 or tile == 96)


@pytest.mark.seeds
@seeds
def test_the_flower_minds_less(seed: int):
    found = [texture.tiles_moved(tile, "flower", seed).style for tile in (1, 8, 32)]
    assert 0.1 < found[0] < 0.6 and found[-1] < 0.02
    assert all(a > b for a, b in pairwise(found))


@pytest.mark.seeds
@seeds
def test_colours_give_most_of_the_flowers_gram_matrix(seed: int):
    """Without them nearly a blank sheet, with every block of 8 by 8 averaged nearly the flower; not so the pagoda."""
    filters = texture.filter_bank(seed)
    for name, grey, blocks in (("flower", (0.8, 0.95), (0.005, 0.04)), ("pagoda", (0.1, 0.3), (0.1, 0.3))):
        picture = photograph(name)
        maps = texture.answers(picture, filters)
        coarse = picture.reshape(3, 12, 8, 12, 8).mean(axis=(2, 4)).repeat(8, 1).repeat(8, 2)
        for changed, (low, high) in ((np.repeat(picture.mean(0, keepdims=True), 3, 0), grey), (coarse, blocks)):
            assert low < texture.style_share(texture.answers(changed, filters), maps) < high


@pytest.mark.seeds
@seeds
def test_wider_filters_answer_to_coarser_patterns(seed: int):
    """On the whole: the mean frequency of the answers falls with the width, for the mean over the filters and for the
    one that is shown."""
    length = np.hypot(np.fft.fftfreq(96)[:, None], np.fft.fftfreq(96))
    found = []
    for values in texture.answers(photograph("pagoda"), texture.filter_bank(seed)):
        power = np.abs(np.fft.fft2((values - values.mean(axis=1, keepdims=True)).reshape(-1, 96, 96))) ** 2
        found.append((power * length).sum(axis=(1, 2)) / power.sum(axis=(1, 2)))
    means = np.mean(found, axis=1)
    assert means[0] > means[1] > means[3] and means[2] > means[3] and means[1] > means[2] - 0.005
    if seed == 0:
        shown = [values[figures.SHOWN_FILTER] for values in found]
        assert all(a > b for a, b in pairwise(shown))


def test_the_strength_of_waves():
    x = np.arange(32)
    wave = 3 * np.cos(2 * np.pi * x / 8)[np.newaxis, np.newaxis, :].repeat(3, 0).repeat(32, 1)
    assert texture.waves(wave, 6, 10) == pytest.approx(np.square(wave).sum())
    assert texture.waves(wave, 2, 7) == pytest.approx(0, abs=1e-12) == texture.waves(wave + 1, 9, 32)


@pytest.mark.parametrize("width", [3, 5, 7])
@pytest.mark.parametrize("tile", [8, 12, 24])
def test_the_share_of_windows_across_a_cut(width: int, tile: int):
    """Counted: the windows of a picture whose tiles are numbered that hold more than one number."""
    rows = np.arange(48) // tile
    inside = sum(len({rows[(i + k) % 48] for k in range(width)}) == 1 for i in range(48)) / 48
    assert 1 - inside**2 == pytest.approx(1 - (1 - (width - 1) / tile) ** 2)


def test_the_shares_that_the_text_names():
    assert abs((1 - (1 - 6 / 32) ** 2) - 1 / 3) < 0.01  # "a third"
    assert 1 - (1 - 6 / 7) ** 2 > 0.97  # "nearly everything"


def test_the_tiles_say_what_is_in_the_table():
    explorer = figures.tiles()
    assert explorer.predict.answer == "more than 1" and texture.tiles_moved(1).style > 1
    for tile in texture.TILES:
        explorer.tile, explorer.moved = tile, "answers"
        assert "style loss 0, content loss" in explorer.readout
        explorer.moved = "picture"
        assert f"content loss {texture.tiles_moved(tile).content:.2f}." in explorer.readout or tile == 96
    assert explorer.readout == "Nothing is moved: style loss 0, content loss 0."


# ── Clouds ───────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_the_points_of_the_ring_are_not_evenly_spaced() -> None:
    """Else a cloud that is turned a little would be the same cloud."""
    x, y = moments.standard("ring")
    gaps = np.diff(np.sort(np.arctan2(y, x)))
    assert gaps.min() < 0.8 * gaps.mean() and gaps.max() > 1.2 * gaps.mean()


@pytest.mark.parametrize("shape", moments.SHAPES)
def test_all_clouds_have_one_gram_matrix(shape: str):
    first = moments.cloud(1.0)
    for shift in figures.SHIFTS:
        points = moments.cloud(shift, shape)
        assert_allclose(points.mean(axis=1), shift * moments.CENTRE, atol=1e-12)
        assert_allclose(points @ points.T / moments.POINTS, moments.MOMENTS, rtol=1e-12)
        assert abs(moments.two_sample(first, points, moments.squared_products)) < 1e-12
        assert style(points, first) < 1e-24


@pytest.mark.parametrize("shape", moments.SHAPES)
def test_the_bell_shaped_kernel_sees_the_centre_move(shape: str):
    first = moments.cloud(1.0)
    seen = [moments.two_sample(first, moments.cloud(shift, shape), moments.bells) for shift in figures.SHIFTS]
    assert all(a > b for a, b in pairwise(seen))
    assert seen[0] > 1 and 0 <= round(seen[-1], 12) < 0.05


def test_two_sample_distances_by_loops():
    x, y = np.random.default_rng(13).normal(size=(2, 3, 7))
    for kernel, one in (
        (moments.squared_products, lambda f, g: float(f @ g) ** 2),
        (moments.bells, lambda f, g: float(np.exp(-np.sum((f - g) ** 2) / 2))),
    ):

        def mean(a, b, one=one):
            return np.mean([[one(f, g) for g in b.T] for f in a.T])

        assert moments.two_sample(x, y, kernel) == pytest.approx(mean(x, x) + mean(y, y) - 2 * mean(x, y), rel=1e-10)
    by_gram = np.sum((x @ x.T / 7 - y @ y.T / 7) ** 2)
    assert moments.two_sample(x, y, moments.squared_products) == pytest.approx(by_gram, rel=1e-10)
    with pytest.raises(ValueError, match="shape must be one of one heap, two heaps, ring, got 'star'"):
        moments.cloud(0.0, "star")


def test_a_kernel_with_a_one_adds_twice_the_distance_of_the_means():
    x, y = np.random.default_rng(14).normal(size=(2, 3, 9))
    plus_one = moments.two_sample(x, y, lambda f, g: (1 + f.T @ g) ** 2)
    means = np.sum((x.mean(axis=1) - y.mean(axis=1)) ** 2)
    assert plus_one == pytest.approx(moments.two_sample(x, y, moments.squared_products) + 2 * means, rel=1e-10)


# ── Weights of published codes ───────────────────────────────────────────────────────────────────────────────────────


def test_what_each_code_charges_for_a_layer():
    """Against the codes' own formulas on maps of VGG's channels, with few places."""
    rng = np.random.default_rng(15)
    for layer, (channels, shrunk) in enumerate(zip(style_weights.CHANNELS, style_weights.SHRUNK, strict=True)):
        places, pixels = 1024 // shrunk**2 or 1, 1024  # a picture of 32 by 32
        f, a = rng.random((2, channels, places))
        paper = style(f, a)
        g, h = f @ f.T, a @ a.T
        by_code = {
            "the paper": np.sum((g - h) ** 2) / (4 * channels**2 * places**2),
            "its authors' PyTorch": np.mean((g / places - h / places) ** 2) * 1000 / channels**2,
            "Johnson, PyTorch's example, d2l": np.mean(((g - h) / (channels * places)) ** 2),
            "Keras' example": np.sum((g - h) ** 2) / (4 * 3**2 * pixels**2),
        }
        assert set(by_code) == set(style_weights.CODES)
        for code, value in by_code.items():
            assert value / paper == pytest.approx(style_weights.charged(code)[layer], rel=1e-9), code
    with pytest.raises(ValueError, match=r"code must be one of the paper, .* got 'mine'"):
        style_weights.charged("mine")


def test_what_the_text_says_of_them():
    johnson, keras = (style_weights.charged(style_weights.CODES[k]) for k in (2, 3))
    assert_allclose(johnson[0] / johnson, [1, 4, 16, 64, 64])
    assert_allclose(keras[0] / keras, [1, 4, 16, 64, 1024])
    assert 1e6 * johnson[0] == pytest.approx(976.6, abs=0.1) and 1e6 * johnson[-1] == pytest.approx(15.26, abs=0.01)
    size = NORMALISATIONS["size"](64) / NORMALISATIONS["size"](512)
    assert size / (NORMALISATIONS["paper"](64) / NORMALISATIONS["paper"](512)) == 64


def test_what_the_text_says_of_an_edge():
    sharp, soft = np.tile([0.0, 0.0, 1.0, 1.0], (4, 1)), np.tile([0.0, 0.5, 1.0, 1.0], (4, 1))
    assert total_variation(soft) == total_variation(sharp) / 2
    assert total_variation(soft, form="absolute") == total_variation(sharp, form="absolute")


def test_half_the_contrast_costs_nine_sixteenths():
    bank, picture = texture.filter_bank(16, 6), photograph("flower", 48)
    maps = texture.answers(picture, bank)
    for a, b in ((0.5, 0.2), (2.0, -0.3), (1.0, 0.4)):
        assert texture.style_share(texture.answers(a * picture + b, bank), maps) == pytest.approx((a**2 - 1) ** 2)
        assert texture.content_share(texture.answers(a * picture + b, bank), maps) == pytest.approx((a - 1) ** 2)


def test_content_sums_where_others_average():
    f, p = np.random.default_rng(17).random((2, 4, 9))
    assert content(f, p) == pytest.approx(np.mean((f - p) ** 2) * 4 * 9 / 2)


# ── The chapter's own run ────────────────────────────────────────────────────────────────────────────────────────────


@cache
def names() -> dict[str, Any]:
    """What the chapter's cells define, without running any of its own paintings."""
    found: dict[str, Any] = {"np": np, "photograph": photograph, "total_variation": total_variation}
    for code in re.findall(r"```\{code-cell\} ipython3\n(?::tags:.*?\n)?(.*?)```", CHAPTER, re.DOTALL):
        if re.search(r"^def (network|paint|symptoms)\(|total_variation_grad$", code, re.MULTILINE):
            exec(code.split("for name, value in symptoms()")[0].split("\nsharp =")[0], found)
    return found


SMALL = {"size": 32, "count": 8}


@cache
def small_run(seed: int, weight: float = 0.0, frames: tuple[int, ...] = (0, 2, 8, 30)) -> painting.Painting:
    roofs, petals = photograph("pagoda", SMALL["size"]), photograph("flower", SMALL["size"])
    look = names()["network"](SMALL["count"], seed=seed)
    return names()["paint"](look, roofs, petals, weight, frames=frames, seed=seed)


def test_the_network_answers_as_the_package_does():
    picture = photograph("pagoda", 32)
    maps = names()["network"](5, (3, 7), seed=3)(names()["tensor"](picture))
    for ours, theirs in zip(texture.answers(picture, texture.filter_bank(3, 5, (3, 7))), maps, strict=True):
        assert_allclose(theirs, ours, atol=2e-6)


@pytest.mark.seeds
@seeds
def test_the_style_loss_falls_by_thousands(seed: int):
    run = small_run(seed)
    assert all(a > b for a, b in pairwise(run.style))
    assert run.style[0] > 1 and run.style[-1] < run.style[0] / 1000


@pytest.mark.seeds
@seeds
def test_grain_goes_first_and_coarse_waves_come_last(seed: int):
    run, pagoda = small_run(seed), photograph("pagoda", SMALL["size"])
    fine, coarse = (
        [texture.waves(frame, *reach) / texture.waves(pagoda, *reach) for frame in run.frames]
        for reach in ((2, 4), (16, SMALL["size"]))
    )
    assert fine[0] > fine[1] > fine[2] > fine[3] and fine[0] > 2 * fine[2]
    assert coarse[2] < coarse[3] < 0.6 and coarse[2] - coarse[0] < (coarse[3] - coarse[0]) / 2  # the most of it late


@pytest.mark.seeds
@seeds
def test_more_filters_please_filters_that_no_run_has_seen(seed: int):
    pictures = photograph("pagoda", 32), photograph("flower", 32)
    names_ = names()
    others = names_["network"](seed=99)
    aim = painting.wanted(*(names_["seen"](others(names_["tensor"](picture))) for picture in pictures), 0.0)
    own, judged = [], []
    for count in (6, 12, 24):
        run = names_["paint"](names_["network"](count, seed=seed), *pictures, frames=(0, 30), seed=seed)
        own.append(run.style[-1])
        judged.append(painting.shares(names_["seen"](others(names_["tensor"](run.frames[-1]))), aim)[0])
    assert judged[0] > 2 * judged[1] > 3 * judged[2] and own[0] < own[1] < own[2]


@pytest.mark.seeds
@seeds
def test_more_weight_for_the_content_trades_one_loss_for_the_other(seed: int):
    runs = [small_run(seed, weight, (0, 30)) for weight in (0.003, 0.1, 3.0)]
    assert all(a.content[-1] > b.content[-1] and a.style[-1] < b.style[-1] for a, b in pairwise(runs))
    assert all(run.steps == (0, 30) and run.frames.shape == (2, 3, 32, 32) for run in runs)


@pytest.mark.seeds
@seeds
def test_every_row_of_the_table_of_symptoms(seed: int):
    found = names()["symptoms"](seed, size=32, count=8, steps=40)
    assert found["bad-weight"] > 0.9 > 0.5 > found["good-weight"]
    assert 1 <= found["nan-steps"] < 20
    assert found["plain-end"] < found["slow-end"] / 50 and found["slow-end"] < 1
    assert found["small-scale"] > 2 > 0.05 > found["large-scale"]
    assert found["narrow-own"] < 1e-4 and found["narrow-wide"] > 0.1
    assert 0.002 < found["outside"] < 0.1 and found["cut"] > 4 * found["uncut"]
    assert found["grain"] > 1.5 and found["grain-smooth"] < 0.6 * found["grain"] and found["style-smooth"] < 0.01
    printed = set(
        re.findall(r"\{glue:text\}`([a-z-]+)[:`]", CHAPTER.split("## When training goes wrong")[1].split("```")[0])
    )
    assert printed == set(found)


def test_the_network_with_trained_weights(monkeypatch: pytest.MonkeyPatch):
    """The cell in the fold, with a network of VGG's shape and few channels in the place of the download."""
    code = re.search(r"```python\n(from torchvision.*?)```", CHAPTER, re.DOTALL)
    assert code
    plan = [2, 2, "M", 3, 3, "M", 4, 4, 4, 4, "M", 5, 5, 5, 5, "M", 5, 5, 5, 5, "M"]  # VGG-19's layers
    layers: list[torch.nn.Module] = []
    before = 3
    for width in plan:
        if width == "M":
            layers.append(torch.nn.MaxPool2d(2))
        else:
            layers += [torch.nn.Conv2d(before, int(width), 3, padding=1), torch.nn.ReLU(inplace=True)]
            before = int(width)
    fake = types.ModuleType("torchvision.models")
    fake.vgg19 = lambda weights: types.SimpleNamespace(features=torch.nn.Sequential(*layers))  # type: ignore[attr-defined]
    fake.VGG19_Weights = types.SimpleNamespace(DEFAULT=None)  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "torchvision", types.ModuleType("torchvision"))
    monkeypatch.setitem(sys.modules, "torchvision.models", fake)
    space: dict[str, Any] = {"torch": torch}
    torch.manual_seed(1)
    exec(code[1], space)
    maps = space["look"](torch.rand(3, 32, 32, requires_grad=True))
    assert [tuple(values.shape) for values in maps] == [(2, 1024), (3, 256), (4, 64), (5, 16), (5, 4)]
    assert all(values.min() >= 0 for values in maps)  # after the ReLU
    run = names()["paint"](space["look"], photograph("pagoda", 32), photograph("flower", 32), 0.1, frames=(0, 3))
    assert run.style[-1] < run.style[0]


# ── The small painting that stands in for a run ──────────────────────────────────────────────────────────────────────


def test_the_small_painting_stays_within_what_a_screen_shows():
    run = painting.small_painting()
    assert run.style[-1] < run.style[0] / 100 and not run.outside.any()
    light, heavy = painting.small_painting(0.01), painting.small_painting(1.0)
    assert heavy.content[-1] < light.content[-1] and heavy.style[-1] > light.style[-1]


def test_the_figures_take_paintings():
    run = small_run(0)
    film, trade = figures.film(run), figures.weights([small_run(0, w, (0, 30)) for w in (0.003, 0.1, 3.0)])
    film.frame = 0
    assert film.readout == f"After 0 iterations the style loss is {run.style[0]:.2g} of a blank sheet's."
    assert trade.weight == 0.1
    table = film.table()
    assert any("data:image/" in cell["head"] for cell in table.artists.values())


# ── Exercises whose numbers the chapter knows ────────────────────────────────────────────────────────────────────────


def test_the_exercises():
    assert check("style-transfer-gram-entry", 5).right
    assert check("style-transfer-cuts", 0.234).right
    assert check("style-transfer-size-factor", 244).right
    assert check("style-transfer-by-hand", 9 / 32).right
    assert check("style-transfer-half-contrast", 9 / 16).right
    assert check("style-transfer-content-from-mse", 576).right
    ours = [name for name in exercises() if name.startswith("style-transfer-")]
    before = CHAPTER.split("## Exercises")[0]
    assert sum(f"{{question}} {name}\n" in before for name in ours) >= 6
    assert sum(f"{{question}} {name}\n" in CHAPTER.split("## Exercises")[1] for name in ours) >= 7


# ── The package's parts by hand ──────────────────────────────────────────────────────────────────────────────────────


def test_the_crops_by_their_first_and_last_pixels():
    from sklearn.datasets import load_sample_image

    places = {"pagoda": ("china.jpg", 20, 15, 384), "flower": ("flower.jpg", 70, 160, 288)}
    places["petals"] = ("flower.jpg", 124, 212, 192)
    for name, (file, top, left, side) in places.items():
        pixels, block = load_sample_image(file) / 255, side // 96
        first = pixels[top : top + block, left : left + block].mean(axis=(0, 1))
        last = pixels[top + side - block : top + side, left + side - block : left + side].mean(axis=(0, 1))
        assert_allclose(photograph(name)[:, 0, 0], first)
        assert_allclose(photograph(name)[:, -1, -1], last)
        assert photograph(name).shape == (3, 96, 96) and not photograph(name).flags.writeable
    with pytest.raises(ValueError, match="size must divide 384, got 0"):
        photograph("pagoda", 0)


def test_tiles_lie_in_the_order_that_was_drawn():
    picture = np.arange(2 * 4 * 6.0).reshape(2, 4, 6)
    order, moved = new_order(6, 4), dealt(picture, 2, 4)
    for k, came_from in enumerate(order):
        (i, j), (a, b) = divmod(k, 3), divmod(int(came_from), 3)
        assert_allclose(
            moved[:, 2 * i : 2 * i + 2, 2 * j : 2 * j + 2], picture[:, 2 * a : 2 * a + 2, 2 * b : 2 * b + 2]
        )
    assert_allclose(dealt(picture, 2), dealt(picture, 2, 0))
    assert new_order(9).tolist() == new_order(9, 0).tolist() != new_order(9, 1).tolist()
    for tile in (0, -2, 3, 4):
        with pytest.raises(ValueError, match=f"tile must divide 4 and 6, got {tile}"):
            dealt(picture, tile)


def test_losses_of_tiles_are_means_over_three_deals():
    picture, filters = photograph("flower", 48), texture.filter_bank(3, 2)
    before = texture.answers(picture, filters)
    after = [texture.answers(dealt(picture, 8, deal), filters) for deal in range(3)]
    found = texture.tiles_moved(8, "flower", 3, 2, 48)
    for loss, value in ((style, found.style), (content, found.content)):
        shares = [[loss(f, a) / loss(0 * a, a) for f, a in zip(maps, before, strict=True)] for maps in after]
        assert value == pytest.approx(np.mean(shares))
    moved = [dealt(a.reshape(2, 48, 48), 8).reshape(2, -1) for a in before]
    share = np.mean([content(f, a) / content(0 * a, a) for f, a in zip(moved, before, strict=True)])
    assert texture.answers_moved(8, "flower", 3, 2, 48).content == pytest.approx(share)


def test_what_is_moved_by_default():
    for moved in (texture.tiles_moved, texture.answers_moved):
        given = {name: one.default for name, one in inspect.signature(moved).parameters.items()}
        assert given == {"tile": inspect.Parameter.empty, "name": "pagoda", "seed": 0, "count": 24, "size": 96}
    assert texture.TILES == (1, 2, 4, 8, 12, 16, 32, 96) and all(96 % tile == 0 for tile in texture.TILES)
    bank_ = texture.filter_bank()
    assert not any(filters.flags.writeable for filters in bank_)
    assert all(np.array_equal(a, b) for a, b in zip(bank_, texture.filter_bank(0, 24, (3, 5, 7, 11)), strict=True))
    assert not np.array_equal(bank_[0], texture.filter_bank(1)[0])


def test_waves_of_exactly_a_length_count():
    x = np.arange(32)
    wave = np.cos(2 * np.pi * x / 8)[np.newaxis, np.newaxis, :].repeat(3, 0).repeat(16, 1)  # 16 by 32
    for reach, share in (((8, 8), 1), ((8, 20), 1), ((4, 8), 1), ((8.1, 20), 0), ((4, 7.9), 0)):
        assert texture.waves(wave, *reach) == pytest.approx(share * np.square(wave).sum(), abs=1e-9)
    assert texture.waves(wave.transpose(0, 2, 1), 7, 9) == pytest.approx(np.square(wave).sum())


def test_the_clouds_are_a_heap_two_heaps_and_a_ring():
    assert_allclose(moments.MOMENTS, [[1.5**2 + 0.5, 1.5 * 0.8 + 0.15], [1.5 * 0.8 + 0.15, 0.8**2 + 0.3]])
    assert moments.POINTS == 48 and moments.CENTRE.tolist() == [1.5, 0.8]
    for shape in moments.SHAPES:
        points = moments.standard(shape)
        assert points.shape == (2, 48)
        assert_allclose(points @ points.T / 48, np.eye(2), atol=1e-12)
        assert_allclose(points.mean(axis=1), 0, atol=1e-12)
    radius = np.hypot(*moments.standard("ring"))
    assert_allclose(radius, math.sqrt(2), rtol=0.1)
    angles = np.sort(np.arctan2(*moments.standard("ring")))
    assert np.diff([*angles, angles[0] + 2 * np.pi]).max() < 2 * 2 * np.pi / 48  # all round
    below, above = np.split(moments.standard("two heaps")[1], 2)
    assert below.max() < -0.4 and above.min() > 0.4
    assert 0.15 < below.std() < 0.25  # narrow heaps
    x, y = moments.standard("one heap")
    assert 0.5 < np.mean(np.hypot(x, y) < 1.4) < 0.8 and np.mean(np.hypot(x, y) < 0.7) > 0.1  # full in the middle
    assert_allclose(moments.cloud(0.5), moments.cloud(0.5, "one heap"))


def test_what_the_small_painting_records():
    run, light = painting.small_painting(), painting.small_painting(0.01)
    assert run.steps == [0, 1, 2, 4, 8, 16, 24] and (run.weight, light.weight) == (0, 0.01)
    assert_allclose(run.frames[0], np.random.default_rng(0).random((3, 48, 48)))
    filters = texture.filter_bank(0, 8)
    pagoda, flower = (texture.answers(photograph(name, 48), filters) for name in ("pagoda", "flower"))
    for k in (0, 3, 6):
        maps = texture.answers(light.frames[k], filters)
        for loss, aims, value in ((style, pagoda, light.style[k]), (content, flower, light.content[k])):
            assert value == pytest.approx(
                np.mean([loss(f, a) / loss(0 * a, a) for f, a in zip(maps, aims, strict=True)])
            )
    for one in (run, light):
        assert (np.diff(one.style + one.weight * one.content) < 0).all()  # each step of L-BFGS descends
    assert painting.Painting([0], run.frames[:1], run.style[:1], run.content[:1]).weight == 0


def test_the_layers_of_vgg():
    assert style_weights.CHANNELS.tolist() == [64, 128, 256, 512, 512]
    assert style_weights.SHRUNK.tolist() == [1, 2, 4, 8, 16]
