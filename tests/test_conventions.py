"""Every entry of the page *Conventions side by side*: both expressions are evaluated, and the trap is one."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest

from lossbook.conventions import CONVENTIONS, NOT_HERE, SYMPTOMS, Convention

BOOK = Path(__file__).parents[1] / "book"
SEEDS = range(50)


@pytest.fixture(scope="module")
def extension() -> Iterator[ModuleType]:
    sys.path.append(str(BOOK / "_ext"))
    import conventions

    yield conventions
    sys.path.remove(str(BOOK / "_ext"))


def label(convention: Convention) -> str:
    return convention.library + "-" + convention.call.partition("(")[0].lstrip("-")


def compare(convention: Convention, extension: ModuleType, seeds: range = SEEDS) -> None:
    """On every draw of the inputs; for Keras and Optax what they document, written out, stands for the call."""
    taken_in = 0
    for seed in seeds:
        known = extension.names(seed)
        theirs = extension.evaluate(convention.restated or convention.call, known)
        ours = extension.evaluate(convention.same, known)
        assert theirs.shape == ours.shape, seed
        np.testing.assert_allclose(ours, theirs, rtol=convention.within, atol=1e-15, err_msg=f"seed {seed}")
        for other in filter(None, (convention.trap, convention.exact)):
            value = extension.evaluate(other, known)
            taken_in += np.shape(value) == theirs.shape and np.allclose(value, theirs, rtol=1e-3, atol=0)
    assert taken_in <= len(seeds) / 2, "no trap"


@pytest.mark.parametrize("convention", CONVENTIONS, ids=label)
def test_both_sides_have_one_value(convention: Convention, extension: ModuleType) -> None:
    compare(convention, extension)


@pytest.mark.parametrize("convention", CONVENTIONS, ids=label)
def test_the_values_on_the_page_show_it(convention: Convention, extension: ModuleType) -> None:
    """With the digits that are printed, the first two lines agree and the third does not."""
    values = [value for *_, value in extension.rows(convention, extension.names())]
    assert values[0] == values[1]
    assert len(values) == 2 or values[2] != values[0]
    assert not (convention.trap and convention.exact)


def test_only_what_is_not_installed_is_written_out() -> None:
    assert all(bool(entry.restated) == (entry.library in NOT_HERE) for entry in CONVENTIONS)
    page = (BOOK / "reference/conventions.md").read_text(encoding="utf-8")
    pins = (BOOK.parent / "requirements-conventions.txt").read_text(encoding="utf-8")
    for library in NOT_HERE:  # the page names the version that `make conventions` installs
        (version,) = re.findall(rf"^{library.lower()}==(\S+)$", pins, re.MULTILINE)
        assert f"{library} {version}" in page


def test_each_symptom_leads_somewhere_and_each_entry_is_led_to(extension: ModuleType) -> None:
    named = {symptom for entry in CONVENTIONS for symptom in entry.symptoms}
    assert named == set(SYMPTOMS)
    assert [entry.call for entry in CONVENTIONS if not entry.symptoms] == []
    at = extension.anchors()
    assert len(set(at.values())) == len(CONVENTIONS)


def test_a_line_says_lossbook_where_it_is(extension: ModuleType) -> None:
    assert extension.by_lossbook("np.mean(mse(prediction, target))")
    assert not extension.by_lossbook("np.mean(100 * yes)")
    assert not extension.by_lossbook("F.mse_loss(a, b)")


def test_what_claims_say_in_passing() -> None:
    """Who warns and who does not, and the NaN of a zero in `log_target`."""
    import warnings

    import torch
    import torch.nn.functional as F

    row, column = torch.arange(3.0), torch.arange(3.0)[:, None]
    for loss in (F.mse_loss, F.l1_loss, F.huber_loss):
        with pytest.warns(UserWarning, match="broadcasting"):
            loss(row, column)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert F.poisson_nll_loss(row, column) != F.poisson_nll_loss(row, row)
        assert F.gaussian_nll_loss(row, column, torch.ones(3)) != F.gaussian_nll_loss(row, row, torch.ones(3))
        F.soft_margin_loss(row, torch.tensor([0.0, 1.0, 1.0]))
    with pytest.warns(UserWarning, match="batchmean"):
        F.kl_div(torch.log(torch.tensor([[0.5, 0.5]])), torch.tensor([[0.5, 0.5]]))
    zero = F.kl_div(
        torch.log(torch.tensor([0.5, 0.5])), torch.log(torch.tensor([0.0, 1.0])), reduction="sum", log_target=True
    )
    assert torch.isnan(zero)


def test_linear_svc_uses_the_squared_hinge() -> None:
    from sklearn.svm import LinearSVC

    assert LinearSVC().loss == "squared_hinge"  # as the entry on LinearSVR adds


def test_what_is_written_out_does_not_ask_lossbook(extension: ModuleType) -> None:
    import lossbook

    for convention in CONVENTIONS:
        words = set(re.findall(r"\b[a-z_]\w*(?=\()", re.sub(r"np\.\w+", "", convention.restated)))
        assert not words & set(vars(lossbook)), convention.restated


def test_every_entry_is_on_the_page() -> None:
    page = (BOOK / "reference/conventions.md").read_text(encoding="utf-8")
    printed = re.findall(r"^```\{conventions\} (\w+)$", page, re.MULTILINE)
    assert sorted(printed) == sorted({convention.topic for convention in CONVENTIONS})


def test_a_wrong_entry_is_found(extension: ModuleType) -> None:
    """The check can fail: β forgotten as a divisor."""
    (smooth,) = (entry for entry in CONVENTIONS if "smooth_l1" in entry.call)
    wrong = Convention(**{**vars(smooth), "same": smooth.trap})
    with pytest.raises(AssertionError, match="seed 0"):
        compare(wrong, extension, range(1))
