"""What the chapter on regression losses claims about its figures, against values found by other means."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from numpy.testing import assert_allclose
from statsmodels.datasets import engel
from statsmodels.regression.quantile_regression import QuantReg

from lossbook.analysis.fitting import fit_constant, fit_line
from lossbook.figures import regression as figures
from lossbook.figures.loss_profile import SAMPLE
from lossbook.losses.regression import MAE, PINBALL
from lossbook.losses.robust import HUBER


def test_the_broken_scale_moves_one_diamond_of_three():
    """The mean of nine follows by one gram for nine; clipped residuals sum to 0 at 1001 g wherever the ninth is."""
    assert np.clip([*(figures.SCALES - 1001), 9.0], -3, 3).sum() == 0
    flour = figures.flour_scales()
    assert flour.readout.endswith("chooses 1001.4 g, Huber 1001.0 g and absolute error 1001.0 g.")
    assert flour.set(reading=1080).readout.endswith("chooses 1009.2 g, Huber 1001.0 g and absolute error 1001.0 g.")
    left = [flour.set(reading=at).readout.rpartition("error ")[2] for at in range(990, 1012, 2)]
    assert left == ["1000.0 g."] * 6 + ["1001.0 g."] * 5  # the median moves in a single step


def test_a_huber_constant_below_mean_and_median():
    """As text and caption say of δ = 0.5: four points above 0.5, four below −0.5, and −0.1 + 0.2 + 0.4 = 0.5."""
    assert np.clip(SAMPLE, -0.5, 0.5).sum() == pytest.approx(0)
    assert fit_constant(HUBER, SAMPLE, delta=0.5) == pytest.approx(0, abs=1e-9)
    assert 0 < np.median(SAMPLE) < np.mean(SAMPLE)


def test_absolute_error_passes_through_the_far_point():
    """The best of all lines through two of the eleven points, which is one of the optima."""
    x, y = np.append(figures.LINE_X, 60.0), np.append(figures.LINE_Y, 0.0)
    costs = {}
    for i, j in itertools.combinations(range(11), 2):
        slope = (y[j] - y[i]) / (x[j] - x[i])
        costs[i, j] = np.abs(y - y[i] - slope * (x - x[i])).sum(), slope
    pair = min(costs, key=costs.__getitem__)
    line = figures.lines_with_outlier(60.0, 0.0)["absolute"]
    assert 10 in pair
    assert_allclose([line(60.0), line.slope], [0, costs[pair][1]], atol=1e-9)


def test_a_point_in_the_middle_does_not_tilt_the_squared_error_line():
    slopes = [figures.lines_with_outlier(5.5, y)["squared"].slope for y in (0.0, 18.0)]
    assert_allclose(slopes, np.polyfit(figures.LINE_X, figures.LINE_Y, 1)[0], rtol=1e-12)
    alone = fit_line(MAE, figures.LINE_X, figures.LINE_Y).slope
    assert alone == pytest.approx(0.93, abs=0.005)


def test_upper_quantile_lines_are_steeper():
    households = engel.load_pandas().data
    income, food = households["income"].to_numpy(), households["foodexp"].to_numpy()
    levels = np.linspace(0.05, 0.95, 19)
    slopes = [fit_line(PINBALL, income, food, quantile=round(level, 2)).slope for level in levels]
    assert (np.diff(slopes) > 0).all()
    features = np.column_stack([np.ones_like(income), income])
    theirs = [QuantReg(food, features).fit(q=level).params[1] for level in (0.1, 0.5, 0.9)]
    assert_allclose([slopes[1], slopes[9], slopes[17]], theirs, rtol=1e-3)
