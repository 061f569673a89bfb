"""What the cards of losses say: every claim is checked, and every line of PyTorch is run.

A claim of `strengths` and `weaknesses` without a check, or a check of a claim that no card makes, fails.
"""

from __future__ import annotations

import ast
import dataclasses
import importlib
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from claims import CHECKS, Claim, random
from oracles import WHOLE, draw, settings, torch_losses

from lossbook.analysis.margins import MARGIN_LOSSES
from lossbook.catalogue import CATALOGUE, find
from lossbook.core import Card, Loss

ROOT = Path(__file__).parents[1]
SHOWN = [loss for loss in CATALOGUE.values() if loss.card]
CARDS = pytest.mark.parametrize("loss", SHOWN, ids=lambda loss: loss.name)
for file in sorted(Path(__file__).parent.glob("claims_*.py")):
    importlib.import_module(file.stem)


CLAIMS: list[Claim] = [(loss.name, claim) for loss in SHOWN for claim in (*loss.card.strengths, *loss.card.weaknesses)]


@pytest.mark.parametrize(("name", "claim"), CLAIMS, ids=lambda text: text[:40])
def test_a_claim_is_checked(name: str, claim: str) -> None:
    assert (name, claim) in CHECKS, "write its check, in claims_<chapter>.py"


@pytest.mark.parametrize("check", list(dict.fromkeys(CHECKS.values())), ids=lambda check: check.__name__)
def test_what_a_card_claims_holds(check: Callable[[], None]) -> None:
    check()


def test_no_check_is_left_of_a_claim_that_is_gone() -> None:
    assert set(CHECKS) == set(CLAIMS)


@CARDS
def test_the_line_of_pytorch_is_the_loss(loss: Loss) -> None:
    """Value and gradients under "mean", at every setting of the parameters, beside the package and the oracle."""
    rng = random()
    ast.parse(loss.card.pytorch, mode="eval")
    for keywords in settings(loss, rng):
        inputs = draw(loss, rng)
        tensors = {
            name: torch.tensor(value, requires_grad=name in loss.grads)
            if loss.arguments[name].domain not in WHOLE
            else torch.tensor(value)
            for name, value in inputs.items()
        }
        mean = eval(loss.card.pytorch, {"torch": torch, "F": F}, {**tensors, **keywords})
        assert mean.ndim == 0
        assert mean.item() == pytest.approx(loss(**inputs, **keywords, reduction="mean"), rel=1e-9, abs=1e-12)
        assert mean.item() == pytest.approx(torch_losses(loss, inputs, keywords)[0].mean().item(), rel=1e-9, abs=1e-12)
        mean.backward()
        for name, grad in loss.grads.items():
            np.testing.assert_allclose(
                tensors[name].grad, grad(**inputs, **keywords, reduction="mean"), rtol=1e-7, atol=1e-10
            )


@CARDS
def test_a_card_is_short(loss: Loss) -> None:
    """A screen has room for sentences of two lines, and for code that fits beside its name."""
    told = (loss.card.what, loss.card.why, *loss.card.strengths, *loss.card.weaknesses)
    assert all(len(text) <= 110 and text.endswith(".") for text in told), [text for text in told if len(text) > 110]
    assert len(loss.card.strengths) <= 3 and len(loss.card.weaknesses) <= 3
    lines = loss.card.pytorch.splitlines()
    assert max(map(len, lines)) <= 84 and len(lines) <= 6  # beyond 68 columns a line goes on in the next


def test_a_card_without_claims_is_refused() -> None:
    with pytest.raises(ValueError, match="strengths must be a tuple of at least one sentence, got 'fast'"):
        Card(what="a.", why="b.", strengths="fast", weaknesses=("c.",), pytorch="0")
    with pytest.raises(ValueError, match=r"weaknesses must be a tuple of at least one sentence, got \(\)"):
        Card(what="a.", why="b.", strengths=("c.",), weaknesses=(), pytorch="0")


# ── Page and notebook ────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.fixture(scope="module")
def cards() -> Iterator[Any]:
    folder = str(ROOT / "book" / "_ext")
    sys.path.insert(0, folder)
    yield importlib.import_module("cards")
    sys.path.remove(folder)


@CARDS
def test_a_card_says_all_that_is_asked_of_it(loss: Loss, cards: Any) -> None:
    asked = ["What", "Why", "Forward", "Backward", "Estimates", "Strengths", "Weaknesses", "PyTorch"]
    assert [name for name, _ in cards.facts(loss) if name != "Where"] == asked


def test_a_loss_without_a_card_says_so(cards: Any) -> None:
    with pytest.raises(ValueError, match="the record of rmse has no card"):
        list(cards.facts(dataclasses.replace(find("rmse"), card=None)))


def test_a_card_in_a_notebook(cards: Any) -> None:
    notebooks = importlib.import_module("notebooks")
    writer = notebooks.Writer(ROOT / "book/part-2/classification.md", numbers={"formula-exponential": "7.3"})
    text = writer.text("Before\n\n```{card} exponential\n:folded:\n```\n\nAfter")
    assert text.startswith("Before\n\n> **Exponential loss** (also AdaBoost loss)\n>\n> **What.** A cost")
    assert "> $$\n> \\ell(s, y) = \\exp\\left(-y s\\right) \\tag{7.3}\n> $$" in text
    assert "> **Backward.**\n>\n> $$\n> \\frac{\\partial \\ell}{\\partial s} = -y" in text
    assert "[Freund and Schapire, 1997]" in text and "> - Twice the best score is the log-odds." in text
    assert "> ```python\n> torch.exp(-target * score).mean()\n> ```" in text and text.endswith("After")
    question = "```{question} classification-hinge-of-one\nWhat?\n```"
    split = f":::{{admonition}} More\n:class: dropdown\n\n{question}\n\n:::\n\nAfter"
    first, *_, last = (cell.source for cell in writer.cells(split))
    assert first.strip("> \n") == "**More**" and last == "After", "an admonition that a question in it has split"
    notebook = notebooks.notebook_of("```{card} hinge\n```", notebooks.Writer(ROOT / "book/part-2/classification.md"))
    assert "Support" in notebook.cells[-1].source and notebook.cells[-1].source.startswith("## References")


def test_a_slope_that_is_minus_the_first_is_printed_as_that(cards: Any) -> None:
    formula = importlib.import_module("formula")
    assert formula.equations(find("dpo"), "gradient", short=True)[1] == (
        "formula-dpo-rejected",
        r"\frac{\partial \ell_{\beta}}{\partial a_l} = -\frac{\partial \ell_{\beta}}{\partial a_w}",
    )
    assert formula.opposite("-a b", "a b") and formula.opposite("a b", "-a b")
    assert not formula.opposite("-a + b", "a + b") and not formula.opposite("a", "a")
    for loss in CATALOGUE.values():  # what is left out is what the other derivative says
        first, *_ = loss.grads
        for (argument, short), (_, whole) in zip(
            formula.gradient_equations(loss, True), formula.gradient_equations(loss), strict=True
        ):
            if short != whole:
                assert loss.latex_grad[argument].removeprefix("-") == loss.latex_grad[first].removeprefix("-")


def test_every_margin_loss_has_a_card() -> None:
    assert all(loss.card for loss in MARGIN_LOSSES.values())
