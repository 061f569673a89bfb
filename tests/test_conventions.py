"""Every entry of the page *Conventions side by side*: both expressions are evaluated, and the trap is one."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest

from lossbook.conventions import CONVENTIONS, Convention

BOOK = Path(__file__).parents[1] / "book"
SEEDS = range(4)


@pytest.fixture(scope="module")
def extension() -> Iterator[ModuleType]:
    sys.path.append(str(BOOK / "_ext"))
    import conventions

    yield conventions
    sys.path.remove(str(BOOK / "_ext"))


def label(convention: Convention) -> str:
    return convention.library + "-" + convention.call.partition("(")[0].lstrip("-")


@pytest.mark.parametrize("convention", CONVENTIONS, ids=label)
def test_both_sides_have_one_value(convention: Convention, extension: ModuleType) -> None:
    """On several draws of the inputs; for Optax what it documents, written out, stands for the call."""
    for seed in SEEDS:
        known = extension.names(seed)
        theirs = extension.evaluate(convention.restated or convention.call, known)
        ours = extension.evaluate(convention.same, known)
        assert theirs.shape == ours.shape, seed
        np.testing.assert_allclose(ours, theirs, rtol=convention.within, atol=1e-15, err_msg=f"seed {seed}")
        if convention.trap:
            trap = extension.evaluate(convention.trap, known)
            assert not np.allclose(trap, theirs, rtol=1e-3, atol=0), f"seed {seed}: no trap"


@pytest.mark.parametrize("convention", CONVENTIONS, ids=label)
def test_the_values_on_the_page_show_it(convention: Convention, extension: ModuleType) -> None:
    """With the digits that are printed, the first two lines agree and the third does not."""
    values = [value for _, _, value in extension.rows(convention, extension.names())]
    assert values[0] == values[1]
    assert len(values) == 2 or values[2] != values[0]


def test_optax_alone_is_written_out() -> None:
    assert all(bool(convention.restated) == (convention.library == "Optax") for convention in CONVENTIONS)


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
        test_both_sides_have_one_value(wrong, extension)
