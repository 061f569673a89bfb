"""What the cards of the chapter on style transfer claim."""

from __future__ import annotations

import numpy as np
import pytest
from claims import holds, random

import lossbook
from lossbook.analysis import moments
from lossbook.losses.style import FORMS


@holds("content", "Its slope in the answers is their difference.")
def content_slope() -> None:
    f, p = random().normal(size=(2, 3, 7))
    np.testing.assert_allclose(lossbook.content_grad(f, p), f - p)


@holds("content", "The same answers at other places cost as if they were others; the style loss of them is 0.")
def content_places() -> None:
    f = random().normal(size=(4, 2000))
    other, moved = random().permuted(f, axis=1), np.roll(f, 1, axis=1)
    assert lossbook.content(moved, f) == pytest.approx(lossbook.content(other, f), rel=0.1)
    assert lossbook.style(moved, f) < 1e-25


@holds("style", "The order of the places does not matter: whole columns may be shuffled.")
def style_order() -> None:
    f = random().normal(size=(4, 50))
    assert lossbook.style(f[:, random().permutation(50)], f) < 1e-25
    assert lossbook.style(random().permuted(f, axis=1), f) > 1e-4  # each channel for itself: that is noticed


@holds("style", "The two pictures may differ in size.")
def style_sizes() -> None:
    f = random().normal(size=(4, 50))
    assert lossbook.style(np.tile(f, 3), f) < 1e-25


@holds("style", "It knows second moments only: a cloud with another mean and another shape can cost 0.")
def style_moments() -> None:
    near, far = moments.cloud(0.0, "ring"), moments.cloud(1.0)
    assert lossbook.style(near, far) < 1e-24 and np.linalg.norm(near.mean(axis=1) - far.mean(axis=1)) > 1


@holds("style", "Of fourth order: features of twice the size, in both, cost sixteen times as much.")
def style_order_of_growth() -> None:
    f, a = random().normal(size=(2, 4, 50))
    assert lossbook.style(2 * f, 2 * a) == pytest.approx(16 * lossbook.style(f, a))


@holds("total_variation", "Only a picture of one colour is free (the last pixel of all apart).")
def one_colour() -> None:
    flat = np.full((4, 5), 0.3)
    for i in range(4):
        for j in range(5):
            spotted = flat.copy()
            spotted[i, j] += 0.1
            assert (lossbook.total_variation(spotted) == 0) == ((i, j) == (3, 4))


@holds("total_variation", "An edge that is smeared over two pixels costs half: it blurs.")
def smeared() -> None:
    sharp, soft = np.tile([0.0, 0.0, 1.0, 1.0], (4, 1)), np.tile([0.0, 0.5, 1.0, 1.0], (4, 1))
    assert lossbook.total_variation(soft) == lossbook.total_variation(sharp) / 2


@holds("total_variation", "The sum of squares is one of at least four formulas of that name.")
def four_formulas() -> None:
    x = random().random((6, 6))
    here = x[:-1, :-1]
    roots = np.sqrt((x[:-1, 1:] - here) ** 2 + (x[1:, :-1] - here) ** 2).sum()
    assert len({round(value, 6) for value in (roots, *(lossbook.total_variation(x, form=form) for form in FORMS))}) == 4
