"""Losses of style transfer: hand numbers, normalisations and forms by autograd, published code, 50 digits, refusals.

The name leaves `test_style.py` to the style of the code.
"""

import mpmath
import numpy as np
import pytest
import torch
from precision import DIGITS, exact, ulps

from lossbook.losses.style import (
    FORMS,
    NORMALISATIONS,
    content,
    content_grad,
    gram_matrix,
    style,
    style_grad,
    total_variation,
    total_variation_grad,
)

F, SWAPPED = [[1.0, 2.0], [0.0, 3.0]], [[2.0, 1.0], [3.0, 0.0]]  # two channels at two places, and places exchanged


def maps(seed: int, *shape: int) -> np.ndarray:
    return np.random.default_rng(seed).normal(0, 1.5, shape)


# ── By hand ──────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_content_by_hand():
    assert content(F, [[1.0, 0.0], [1.0, 3.0]]) == (4 + 1) / 2
    assert content_grad(F, [[1.0, 0.0], [1.0, 3.0]]).tolist() == [[0, 2], [-1, 0]]
    assert content(F, SWAPPED) == (1 + 1 + 9 + 9) / 2  # places exchanged: content sees it


def test_gram_by_hand():
    assert gram_matrix(F).tolist() == [[5, 6], [6, 9]]  # 1·1 + 2·2, 1·0 + 2·3, 0·0 + 3·3
    assert gram_matrix(F, normalisation="places").tolist() == [[2.5, 3], [3, 4.5]]
    assert gram_matrix(F, normalisation="size").tolist() == [[1.25, 1.5], [1.5, 2.25]]
    assert gram_matrix(SWAPPED).tolist() == gram_matrix(F).tolist()


def test_style_by_hand():
    other = [[1.0, 2.0], [3.0, 0.0]]  # its Gram matrix is [[5, 3], [3, 9]]
    differences = 2 * 3**2
    assert style(F, SWAPPED) == 0 and not style_grad(F, SWAPPED).any()
    assert style(F, other) == differences / (4 * 2**2 * 2**2)
    assert style(F, other, normalisation="places") == differences / 2**2 / 2**2
    assert style(F, other, normalisation="size") == differences / (2 * 2) ** 2 / 2**2
    slopes = np.array([[0, 3], [3, 0]]) @ F / (2**2 * 2**2)
    assert style_grad(F, other).tolist() == slopes.tolist()


def test_total_variation_by_hand():
    picture = [[0.0, 3.0], [4.0, 0.0]]  # one pixel with both neighbours: steps 3 and 4
    assert total_variation(picture) == (9 + 16) / 2
    assert total_variation(picture, form="power") == pytest.approx(25**1.25, rel=1e-15)
    assert total_variation(picture, form="absolute") == ((3 + 4) / 2 + (4 + 3) / 2) / 2
    assert total_variation_grad(picture).tolist() == [[-7, 3], [4, 0]]
    assert total_variation_grad(picture, form="absolute").tolist() == [[-0.5, 0.5], [0.5, -0.5]]
    for form in FORMS:
        assert total_variation(np.full((3, 4), 7.0), form=form) == 0
        assert not total_variation_grad(np.full((3, 4), 7.0), form=form).any()


def test_what_the_forms_make_of_an_edge():
    """Spread over twice the pixels an edge costs half in squares, the same in absolute steps, and less in between."""
    sharp, soft = np.tile([0.0, 0.0, 1.0, 1.0], (3, 1)), np.tile([0.0, 0.5, 1.0, 1.0], (3, 1))
    ratios = {form: total_variation(soft, form=form) / total_variation(sharp, form=form) for form in FORMS}
    assert ratios == pytest.approx({"squared": 0.5, "power": 2 * 0.5**2.5, "absolute": 1.0})


# ── By PyTorch ───────────────────────────────────────────────────────────────────────────────────────────────────────


def by_torch(normalisation: str, f: torch.Tensor, a: torch.Tensor) -> torch.Tensor:
    channels = f.shape[-2]
    grams = []
    for x in (f, a):
        divisor = {"paper": x.shape[-1], "places": x.shape[-1], "size": channels * x.shape[-1]}[normalisation]
        grams.append(x @ x.mT / divisor)
    squares = (grams[0] - grams[1]) ** 2
    return squares.sum((-2, -1)) / (4 * channels**2) if normalisation == "paper" else squares.mean((-2, -1))


@pytest.mark.parametrize("normalisation", NORMALISATIONS)
@pytest.mark.parametrize("places", [6, 11])
@pytest.mark.parametrize("reduction", ["none", "mean", "sum"])
def test_every_normalisation(normalisation, places, reduction):
    f, a = maps(1, 4, 3, 6), maps(2, 4, 3, places)
    tensor = torch.tensor(f, requires_grad=True)
    losses = by_torch(normalisation, tensor, torch.tensor(a))
    total = losses.mean() if reduction == "mean" else losses.sum()
    total.backward()
    expected = (losses if reduction == "none" else total).detach().numpy()
    keywords = {"normalisation": normalisation, "reduction": reduction}
    np.testing.assert_allclose(style(f, a, **keywords), expected, rtol=1e-12)
    np.testing.assert_allclose(style_grad(f, a, **keywords), tensor.grad, rtol=1e-11, atol=1e-15)


def test_normalisations_differ_by_the_channels_alone():
    for channels in (1, 3, 8):
        f, a = maps(3, channels, 20), maps(4, channels, 20)
        paper = style(f, a)
        assert style(f, a, normalisation="places") == pytest.approx(4 * paper)
        assert style(f, a, normalisation="size") == pytest.approx(4 * paper / channels**2)
    gram, places = gram_matrix(maps(5, 3, 7)), gram_matrix(maps(5, 3, 7), normalisation="places")
    np.testing.assert_allclose(places, gram / 7, rtol=1e-15)


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("reduction", ["none", "mean", "sum"])
def test_every_form_of_total_variation(form, reduction):
    x = maps(6, 3, 4, 5)
    tensor = torch.tensor(x, requires_grad=True)
    here = tensor[:, :-1, :-1]
    squares = (tensor[:, :-1, 1:] - here) ** 2 + (tensor[:, 1:, :-1] - here) ** 2
    losses = {
        "squared": squares.sum((-2, -1)) / 2,
        "power": (squares**1.25).sum((-2, -1)),
        "absolute": (tensor.diff(dim=-1).abs().mean((-2, -1)) + tensor.diff(dim=-2).abs().mean((-2, -1))) / 2,
    }[form]
    (losses.mean() if reduction == "mean" else losses.sum()).backward()
    expected = {"none": losses, "mean": losses.mean(), "sum": losses.sum()}[reduction].detach()
    np.testing.assert_allclose(total_variation(x, form=form, reduction=reduction), expected, rtol=1e-12)
    np.testing.assert_allclose(total_variation_grad(x, form=form, reduction=reduction), tensor.grad, atol=1e-12)


# ── Published code, written out: a map has the shape (channels, height, width) there ─────────────────────────────────


def test_the_codes_of_the_others():
    f, a = maps(7, 5, 4, 6), maps(8, 5, 4, 6)
    flat, wanted = torch.tensor(f).reshape(1, 5, 24), torch.tensor(a).reshape(1, 5, 24)
    ours = f.reshape(5, 24), a.reshape(5, 24)
    gatys = torch.nn.MSELoss()(
        torch.bmm(flat, flat.transpose(1, 2)) / 24, torch.bmm(wanted, wanted.transpose(1, 2)) / 24
    )
    assert style(*ours, normalisation="places") == pytest.approx(gatys.item(), rel=1e-12)
    d2l = torch.square(flat[0] @ flat[0].T / (5 * 24) - wanted[0] @ wanted[0].T / (5 * 24)).mean()
    assert style(*ours, normalisation="size") == pytest.approx(d2l.item(), rel=1e-12)
    assert content(*ours) == pytest.approx(torch.nn.functional.mse_loss(flat, wanted).item() * 5 * 24 / 2, rel=1e-12)


def test_johnsons_gradient():
    """His layer has no value, only what it adds to the gradient."""
    x = maps(9, 3, 5, 6)
    added = np.zeros_like(x)
    across, along = x[:, :-1, :-1] - x[:, :-1, 1:], x[:, :-1, :-1] - x[:, 1:, :-1]
    added[:, :-1, :-1] += across + along
    added[:, :-1, 1:] -= across
    added[:, 1:, :-1] -= along
    np.testing.assert_allclose(total_variation_grad(x, reduction="sum"), added, atol=1e-14)


# ── Symmetries ───────────────────────────────────────────────────────────────────────────────────────────────────────


def test_places_do_not_matter_and_channels_do():
    f, a = maps(10, 4, 30), maps(11, 4, 30)
    order = np.random.default_rng(12).permutation(30)
    assert style(f[:, order], a) == pytest.approx(style(f, a), rel=1e-12)
    np.testing.assert_allclose(style_grad(f[:, order], a), style_grad(f, a)[:, order], rtol=1e-10, atol=1e-14)
    assert style(f[[1, 0, 2, 3]], a) != pytest.approx(style(f, a), rel=1e-3)
    assert content(f[:, order], f) > 1 > style(f[:, order], f)


def test_a_rotation_of_the_places_does_not_matter_either():
    """Any orthogonal mixture of the places leaves F Fᵀ as it is, a reflection of all signs too."""
    f = maps(13, 3, 8)
    mixture, _ = np.linalg.qr(maps(14, 8, 8))
    np.testing.assert_allclose(gram_matrix(f @ mixture), gram_matrix(f), rtol=1e-12)
    assert style(-f, f) == 0


# ── To the last digits, and beyond the range ─────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("size", [1e-3, 1.0, 1e3])
def test_fifty_digits(size):
    f, a = size * maps(15, 2, 3), size * maps(16, 2, 3)
    x = size * maps(17, 3, 3)
    with mpmath.workdps(DIGITS):
        one, two, picture = ([[exact(value) for value in row] for row in rows] for rows in (f, a, x))
        gram = [[sum(p * q for p, q in zip(r, s, strict=True)) for s in rows] for rows in (one, two) for r in rows]
        squares = [(g - h) ** 2 for g, h in zip(gram[0] + gram[1], gram[2] + gram[3], strict=True)]
        assert ulps(style(f, a), sum(squares) / (4 * 4 * 9)) < 16
        apart = [(p - q) ** 2 for r, s in zip(one, two, strict=True) for p, q in zip(r, s, strict=True)]
        assert ulps(content(f, a), sum(apart) / 2) < 4
        steps = [
            (picture[i][j + 1] - picture[i][j]) ** 2 + (picture[i + 1][j] - picture[i][j]) ** 2
            for i in range(2)
            for j in range(2)
        ]
        assert ulps(total_variation(x), sum(steps) / 2) < 4
        assert ulps(total_variation(x, form="power"), sum(step ** mpmath.mpf(1.25) for step in steps)) < 8


def test_beyond_the_range_there_is_no_warning():
    assert content([[1e200]], [[-1e200]]) == np.inf
    assert style([[1e200]], [[1.0]]) == np.inf
    assert total_variation([[0.0, 1e200], [0.0, 0.0]]) == np.inf


# ── Refusals ─────────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("function", [style, style_grad, gram_matrix])
@pytest.mark.parametrize("wrong", ["none", "", None, 3, ["paper"]])
def test_an_unknown_normalisation(function, wrong):
    arguments = (F,) if function is gram_matrix else (F, F)
    with pytest.raises(ValueError, match="normalisation must be one of 'paper', 'places', 'size', got"):
        function(*arguments, normalisation=wrong)


@pytest.mark.parametrize("function", [total_variation, total_variation_grad])
def test_an_unknown_form(function):
    for wrong in ("l1", None):
        with pytest.raises(ValueError, match=f"form must be one of 'squared', 'power', 'absolute', got {wrong!r}"):
            function(F, form=wrong)


@pytest.mark.parametrize("shape", [(), (3,), (0, 3), (3, 0)])
def test_maps_need_channels_and_places(shape):
    for function in (content, content_grad, style, style_grad):
        with pytest.raises(ValueError, match=r"features must have channels and places .* got shape \("):
            function(np.zeros(shape), np.zeros(shape))
    with pytest.raises(ValueError, match="features must have channels and places"):
        gram_matrix(np.zeros(shape))


def test_channels_must_agree_and_places_need_not():
    with pytest.raises(ValueError, match=r"except for the places, got \(2, 3\) and \(3, 3\)"):
        style(np.zeros((2, 3)), np.zeros((3, 3)))
    with pytest.raises(ValueError, match="same shape"):
        content(np.zeros((2, 3)), np.zeros((2, 4)))
    assert style(np.ones((2, 3)), np.ones((2, 5))) == 0


@pytest.mark.parametrize("shape", [(), (4,), (1, 4), (4, 1), (2, 0, 4)])
def test_pictures_need_two_rows_and_columns(shape):
    for function in (total_variation, total_variation_grad):
        with pytest.raises(ValueError, match="image must have at least two rows and two columns"):
            function(np.zeros(shape))
