"""The checks that every family calls, word for word; the reductions; the record."""

from __future__ import annotations

import dataclasses
import math
from fractions import Fraction

import numpy as np
import pytest

import lossbook
from lossbook.catalogue import CATALOGUE, _by_name, find
from lossbook.core import (
    Argument,
    Loss,
    check_distribution,
    check_labels,
    check_logits,
    check_probability,
    fixed_or_predicted,
    number,
    positive,
    real,
    reduce,
    reduce_grad,
    residual,
    same_shape,
)


def says(call, *arguments, **keywords) -> str:
    """The message of the `ValueError` that the call raises."""
    with pytest.raises(ValueError) as caught:
        call(*arguments, **keywords)
    return str(caught.value)


# ── What came, and what is allowed ───────────────────────────────────────────────────────────────────────────────────


def test_real_reads_what_is_a_number():
    for value in ([1, 2], np.array([1, 2], dtype=np.int8), (True, 2), [Fraction(1), 2], np.float32([1, 2])):
        result = real("x", value)
        assert result.dtype == np.float64 and result.tolist() == [1, 2]
    assert real("x", [10**30]) == 1e30
    assert np.isnan(real("x", [math.nan])).all()


def test_real_copies():
    original = np.array([1.0, 2.0])
    real("x", original)[0] = 5
    assert original[0] == 1


def test_real_says_what_came():
    assert says(real, "prediction", "cat") == "prediction must hold real numbers, got 'cat'"
    assert says(real, "prediction", [None, 1.0]) == "prediction must hold real numbers, got [None, 1.0]"
    assert says(real, "prediction", np.array([1j])) == "prediction must hold real numbers, got [1j]"
    assert says(real, "target", [[1], [1, 2]]).startswith("target must hold real numbers, got [[1], [1, 2]] (")
    assert "masked array (its mask would be lost)" in says(real, "target", np.ma.array([1.0], mask=[True]))


def test_shapes_are_never_broadcast():
    assert says(residual, np.zeros(3), np.zeros((3, 1))) == (
        "prediction and target must have the same shape, got (3,) and (3, 1)"
    )
    assert says(residual, 0.0, [1.0]) == "prediction and target must have the same shape, got () and (1,)"
    same_shape("a", np.zeros(2), "b", np.ones(2))


def test_positive_shows_the_first_offender():
    assert says(positive, "scale", [1.0, 0.0, -2.0]) == "scale must be greater than 0, got 0.0"
    assert says(positive, "scale", [1.0, math.inf]) == "scale must be finite, got inf at index (1,)"
    assert positive("scale", [1.0, math.nan, 1e308]).shape == (3,)


def test_a_scale_is_one_number_or_one_per_example():
    example = np.zeros((2, 3))
    assert fixed_or_predicted("scale", 2, example).shape == ()
    assert fixed_or_predicted("scale", example + 1, example).shape == (2, 3)
    assert says(fixed_or_predicted, "scale", [1.0, 1.0, 1.0], example) == (
        "scale must be a number or an array of the shape of prediction, (2, 3), got shape (3,)"
    )


@pytest.mark.parametrize("value", [1, 1.0, np.float32(1), np.array(1), Fraction(1)])
def test_number_reads_one_number(value):
    assert number("delta", value, 0) == 1.0 and type(number("delta", value, 0)) is float


@pytest.mark.parametrize("value", [0, -1, math.nan, math.inf, True, "1", None, 1j, [1.0], [[1], [1, 2]], np.ma.masked])
def test_number_refuses(value):
    assert says(number, "delta", value, 0).startswith("delta must be a number in (0, inf), got ")


def test_number_names_closed_ends():
    assert says(number, "epsilon", -1, 0, closed=True) == "epsilon must be a number in [0, inf), got -1"
    assert (
        says(number, "label_smoothing", 1.5, 0, 1, closed=True) == "label_smoothing must be a number in [0, 1], got 1.5"
    )
    assert says(number, "epsilon", math.inf, 0, closed=True) == "epsilon must be a number in [0, inf), got inf"
    assert number("epsilon", 0, 0, 1, closed=True) == 0
    assert says(number, "x", 10**400).startswith("x must be a number in (-inf, inf), got 1000")


def test_probabilities():
    assert check_probability("p", [0, 0.5, 1, math.nan]).shape == (4,)
    assert says(check_probability, "p", [[0.5, 1.25]]) == "p must lie in [0, 1], got 1.25 at index (0, 1)"
    assert says(check_probability, "p", -0.5) == "p must lie in [0, 1], got -0.5 at index ()"


def test_distributions():
    assert check_distribution("q", [[0.25, 0.75], [1, 0]]).shape == (2, 2)
    assert check_distribution("q", [[0.25, 1], [0.75, 0]], axis=0).shape == (2, 2)
    assert check_distribution("q", np.float32([0.1] * 10)).shape == (10,)
    assert np.isnan(check_distribution("q", [math.nan, 1])).any()
    assert says(check_distribution, "q", [[0.5, 0.5], [0.5, 0.25]]) == (
        "q must sum to 1 along axis -1, got a sum of 0.75 at index (1,)"
    )
    assert says(check_distribution, "q", [0.5, 0.25]) == "q must sum to 1 along axis -1, got a sum of 0.75"
    assert says(check_distribution, "q", [1.5, -0.5]) == "q must not be negative, got -0.5 at index (1,)"
    assert "got a sum of inf" in says(check_distribution, "q", [math.inf, 0])
    assert "got a sum of 0.0" in says(check_distribution, "q", [])
    assert says(check_distribution, "q", 1.0) == "q must have an axis -1 to sum to 1 along, got shape ()"
    assert says(check_distribution, "q", [1.0], axis=1) == "q must have an axis 1 to sum to 1 along, got shape (1,)"


def test_logits():
    assert check_logits("logits", [-math.inf, 1e300, math.nan]).shape == (3,)
    assert says(check_logits, "logits", [[0.0, math.inf]]) == "logits must be less than +inf, got inf at index (0, 1)"


def test_labels():
    labels = check_labels("labels", [0, 2, -100], 3, ignore_index=-100)
    assert labels.dtype == np.intp and labels.tolist() == [0, 2, -100]
    assert check_labels("labels", [], 3).size == 0
    assert says(check_labels, "labels", [0, 3], 3) == "labels must be integers from 0 to 2, got 3 at index (1,)"
    assert says(check_labels, "labels", [-1], 3) == "labels must be integers from 0 to 2, got -1 at index (0,)"
    assert says(check_labels, "labels", [-1], 3, -100) == (
        "labels must be integers from 0 to 2 or ignore_index=-100, got -1 at index (0,)"
    )
    assert says(check_labels, "labels", [0.5], 3) == "labels must be integers from 0 to 2, got 0.5 at index (0,)"
    assert says(check_labels, "labels", [math.nan], 3) == "labels must be integers from 0 to 2, got nan at index (0,)"
    assert says(check_labels, "labels", [1.0], 3) == "labels must be integers from 0 to 2, got float64 values [1.0]"


# ── Reductions ───────────────────────────────────────────────────────────────────────────────────────────────────────


def test_reductions():
    values = np.array([[1.0, 2.0], [3.0, 6.0]])
    assert reduce(values, "none") is values
    assert reduce(values, "sum") == 12 and reduce(values, "mean") == 3
    assert reduce_grad(values, "mean").tolist() == [[0.25, 0.5], [0.75, 1.5]]
    assert reduce_grad(values, "mean", size=2).tolist() == [[0.5, 1], [1.5, 3]]
    assert reduce(np.array([]), "sum") == 0
    assert not np.signbit(reduce_grad(np.array([-0.0]), "sum")).any()


def test_unknown_reductions():
    expected = "reduction must be one of 'none', 'mean', 'sum', got 'average'"
    assert says(reduce, np.ones(2), "average") == says(reduce_grad, np.ones(2), "average") == expected
    assert says(reduce, np.ones(2), np.ones(2)).endswith("got [1.0, 1.0]")
    assert says(reduce, np.array([]), "mean") == "reduction='mean' needs at least one example, got an empty batch"


def test_the_mean_of_finite_losses_is_finite():
    assert reduce(np.array([1.7e308] * 3), "mean") == 1.7e308
    assert reduce(np.array([1.7e308] * 3), "sum") == math.inf
    assert reduce(np.array([1.0, math.inf]), "mean") == math.inf
    assert math.isnan(reduce(np.array([math.inf, -math.inf]), "mean"))


# ── The record and the catalogue ─────────────────────────────────────────────────────────────────────────────────────


def test_a_record_is_frozen_and_callable():
    huber = find("huber")
    assert huber([0.0], [3.0], delta=2.0) == 4
    assert huber.name == "huber" and huber.defaults == {"delta": 1.0} and list(huber.grads) == ["prediction"]
    with pytest.raises(dataclasses.FrozenInstanceError):
        huber.title = "other"
    with pytest.raises(TypeError):
        huber.parameters["delta"] = None


def test_a_record_needs_the_latex_of_every_gradient():
    assert says(dataclasses.replace, find("normal_nll"), latex_grad={"prediction": "0"}).startswith(
        "latex_grad of normal_nll must have the keys"
    )


def test_an_argument_needs_a_known_domain():
    assert says(Argument, "x", "irrational").startswith("domain must be one of real, positive,")


def test_an_argument_says_what_it_holds():
    assert Argument("x", "real").holds == "any real number"
    assert Argument("x", "real", "a height in metres").holds == "a height in metres"


def test_find():
    assert find("mse") is CATALOGUE["mse"]
    assert says(find, "hubert").endswith(", got 'hubert'") and "huber, " in says(find, "hubert")
    assert says(find, None).endswith("got None")


def test_every_source_is_in_the_bibliography(pytestconfig):
    bibliography = (pytestconfig.rootpath / "book" / "references.bib").read_text(encoding="utf-8")
    missing = {loss.source for loss in CATALOGUE.values() if f"{{{loss.source}," not in bibliography}
    assert not missing


@pytest.mark.parametrize("record", CATALOGUE.values(), ids=lambda record: record.name)
def test_a_family_exports_its_record_and_functions(record: Loss) -> None:
    """What a new loss needs to be found stands in its family file alone."""
    for function in (record.value, *record.grads.values()):
        assert getattr(lossbook, function.__name__) is function
    assert getattr(lossbook, record.name.upper()) is record


def test_two_records_of_one_name_are_refused():
    huber = find("huber")
    assert _by_name(iter([huber, huber])) == {"huber": huber}
    assert says(_by_name, iter([huber, dataclasses.replace(huber, title="other")])) == (
        "two records are called 'huber'"
    )


@pytest.mark.parametrize("value", [1 + 1e-12, -1e-12])
def test_a_probability_is_not_even_a_little_outside(value):
    assert "p must lie in [0, 1]" in says(check_probability, "p", [0.5, value])
    assert check_probability("p", [0, 1]).tolist() == [0, 1]


def test_a_distribution_sums_to_one_within_a_millionth():
    assert check_distribution("p", [0.5, 0.5 + 0.9e-6]).sum() > 1
    for total in (1.1e-6, -1.1e-6):
        assert "p must sum to 1" in says(check_distribution, "p", [0.5, 0.5 + total])
    columns = [[0.25, 1.0], [0.75, 0.0]]
    assert check_distribution("p", columns, axis=0).tolist() == columns
    assert "along axis 1" in says(check_distribution, "p", columns, 1)
    for axis in (2, -3):
        assert f"p must have an axis {axis}" in says(check_distribution, "p", columns, axis)


@pytest.mark.parametrize("kind", ["Argument", "Density", "Loss", "Parameter"])
def test_a_record_stays_as_it_was_written(kind):
    fields = dataclasses.fields(getattr(lossbook.core, kind))
    record = object.__new__(getattr(lossbook.core, kind))
    with pytest.raises(dataclasses.FrozenInstanceError):
        setattr(record, fields[0].name, "something else")
