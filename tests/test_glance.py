"""The page *Losses at a glance*, made for a tiny table of contents."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType, SimpleNamespace

import pytest

from lossbook.catalogue import CATALOGUE, find
from lossbook.core import DOMAINS


@pytest.fixture(scope="module")
def glance() -> Iterator[ModuleType]:
    folder = str(Path(__file__).parents[1] / "book" / "_ext")
    sys.path.append(folder)
    import glance

    yield glance
    sys.path.remove(folder)


@pytest.fixture
def env(tmp_path: Path) -> SimpleNamespace:
    """An environment whose contents are two chapters, the later one of the catalogue first."""
    for name, heading in {"regression": "Regression losses", "softmax": "Softmax"}.items():
        (tmp_path / f"{name}.md").write_text(f"---\nkernelspec: x\n---\n\n# {heading}\n\n# minimise this\n")
    pages = {"index": None, "part-2/regression": None, "part-1/softmax": None}
    return SimpleNamespace(
        config=SimpleNamespace(external_site_map=pages), doc2path=lambda page: tmp_path / f"{Path(page).name}.md"
    )


def test_order_is_that_of_the_contents(glance: ModuleType, env: SimpleNamespace) -> None:
    losses = glance.in_course_order(env)
    assert sorted(loss.name for loss in losses) == sorted(CATALOGUE)
    chapters = list(dict.fromkeys(loss.chapter for loss in losses))
    assert chapters[:2] == ["regression", "softmax"]
    assert len(chapters) == len({loss.chapter for loss in CATALOGUE.values()})  # each chapter in one piece


def test_chapters_have_their_headings(glance: ModuleType, env: SimpleNamespace) -> None:
    assert glance.chapter_title(env, "regression") == "Regression losses"
    assert glance.chapter_title(env, "not-yet-written") == "Not yet written"


@pytest.mark.parametrize(
    "query", ["log_cosh", "log cosh", "log-cosh loss", "optax.log_cosh", "hyperbolic", "regression"]
)
def test_what_finds_a_loss(query: str, glance: ModuleType) -> None:
    assert query in glance.words(find("log_cosh"), "Regression losses")


def test_dashes_are_found_with_a_hyphen(glance: ModuleType) -> None:
    assert "kullback-leibler" in glance.words(find("kl_divergence"), "")


@pytest.mark.parametrize("name", CATALOGUE)
def test_nothing_of_the_record_is_missing(name: str, glance: ModuleType) -> None:
    loss = find(name)
    facts, formulas = dict(glance.facts(loss, "its chapter")), dict(glance.formulas(loss))
    assert facts["Estimates"] == loss.estimates
    for argument, kind in loss.arguments.items():
        assert f"${kind.symbol}$ `{argument}`: {DOMAINS[kind.domain]}" in facts["Takes"]
    for parameter, kind in loss.parameters.items():
        assert f"${kind.symbol}$ `{parameter}`: {kind.domain}" in facts["Takes"]
    libraries = {"PyTorch": loss.torch, "scikit-learn": loss.sklearn, "Optax": loss.optax}
    assert {key: value.split()[0] for key, value in libraries.items() if value} == {
        key: facts[key].split("`")[1] for key in libraries if key in facts
    }
    printed = {key: tex.replace(r" \\ &\quad {}", "") for key, tex in formulas.items()}  # unbroken
    assert loss.latex in printed["Loss"]
    assert all(slope in printed["Gradient"] for slope in loss.latex_grad.values())
    assert ("Density" in formulas) == (loss.density is not None)
