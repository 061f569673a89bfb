"""The page *Losses at a glance*, made for a tiny table of contents."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType, SimpleNamespace

import pytest
from contents import taught

from lossbook.catalogue import CATALOGUE, find


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
    chapters = ["regression", "softmax"]
    assert [loss for loss in losses if loss.chapter in chapters] == losses  # and none whose chapter is not there
    assert {loss.name for loss in losses} == {name for name, loss in CATALOGUE.items() if loss.chapter in chapters}
    assert list(dict.fromkeys(loss.chapter for loss in losses)) == chapters
    assert losses == sorted(losses, key=lambda loss: chapters.index(loss.chapter))  # each chapter in one piece


def test_chapters_have_their_headings(glance: ModuleType, env: SimpleNamespace) -> None:
    assert glance.chapter_title(env, "regression") == "Regression losses"


@pytest.mark.parametrize("query", ["log_cosh", "log-cosh loss", "optax.log_cosh", "keras.losses.LogCosh", "robust"])
def test_what_finds_a_loss(query: str, glance: ModuleType) -> None:
    assert query in glance.phrases(find("log_cosh"))


def test_functions_of_pytorch_are_found_by_their_usual_alias(glance: ModuleType) -> None:
    assert {"F.mse_loss", "torch.nn.MSELoss"} <= set(glance.phrases(find("mse")))


def test_the_chapter_is_no_word_of_the_loss(glance: ModuleType) -> None:
    """Its title names four losses; there is a menu for chapters."""
    assert not any("regression losses" in phrase.lower() for loss in CATALOGUE for phrase in glance.phrases(find(loss)))


def test_other_names_are_those_of_losses_and_exist(glance: ModuleType) -> None:
    import importlib

    from other_names import ABSENT, ALSO

    assert set(ALSO) <= set(CATALOGUE)
    names = [name for names in ALSO.values() for name in names] + [one.elsewhere for one in ABSENT]
    for name in names:
        module, _, attribute = name.rpartition(".")
        if module.startswith(("torch", "sklearn", "scipy")):
            assert hasattr(importlib.import_module(module), attribute), name
    for loss in CATALOGUE.values():  # every function of torch.nn.functional comes with its class
        if "torch.nn.functional" in loss.torch and loss.name not in ("cross_entropy", "sequence_cross_entropy"):
            assert any(name.startswith("torch.nn.") for name in ALSO.get(loss.name, ()))
    assert "torch.nn.CrossEntropyLoss" in ALSO["softmax_cross_entropy"]  # which serves sequences, too


def test_absent_losses_point_to_losses(glance: ModuleType) -> None:
    from other_names import ABSENT, absent

    assert {one.nearest for one in ABSENT} - {""} <= set(taught())  # the page links to their cards
    titles = [one.title for one in ABSENT]
    assert len(set(titles)) == len(titles)
    assert absent([]) == list(ABSENT)


def test_a_loss_is_absent_until_its_chapter_is_there(glance: ModuleType) -> None:
    from other_names import absent

    hinge = find("hinge")
    others = [loss for loss in CATALOGUE.values() if loss.chapter != hinge.chapter]
    assert "hinge loss" in {one.title for one in absent(others)}
    assert "hinge loss" not in {one.title for one in absent([*others, hinge])}


def test_what_joins_the_catalogue_leaves_the_absent(glance: ModuleType) -> None:
    """By its title or by any of its synonyms, however they are written."""
    from other_names import absent

    before = [one.title for one in absent(CATALOGUE.values())]
    assert {"Welsch loss", "Geman–McClure loss", "Tukey's biweight"} <= set(before)
    welsch, tukey = (
        SimpleNamespace(name=name, title=title, synonyms=synonyms)
        for name, title, synonyms in (("welsch", "Welsch loss", ()), ("tukey", "biweight loss", ("Tukeys Bi-Weight",)))
    )
    after = [one.title for one in absent([*CATALOGUE.values(), welsch, tukey])]
    assert [title for title in before if title not in after] == ["Welsch loss", "Tukey's biweight"]


def test_far_pull() -> None:
    from lossbook.analysis.profile import far_pull

    bounded = {"mae", "huber", "smooth_l1", "log_cosh", "pinball", "epsilon_insensitive"}
    by_hand = {"mse": "grows", "cauchy": "returns to 0", **dict.fromkeys(bounded, "bounded")}
    assert {name: far_pull(CATALOGUE[name]) for name in by_hand} == by_hand
    assert not any(far_pull(CATALOGUE[name]) for name in ("rmse", "normal_nll", "binary_cross_entropy", "nt_xent"))


def unbroken(tex: str) -> str:
    """LaTeX without what breaks it into rows (a product's new row begins with a dot), and without spaces."""
    return re.sub(r"\{\}\s*\\cdot|\\\\|&|\\q?quad|\{\}|\s", "", tex)


@pytest.mark.parametrize("name", CATALOGUE)
def test_nothing_of_the_record_is_missing(name: str, glance: ModuleType) -> None:
    loss = find(name)
    facts, formulas = dict(glance.facts(loss, "its chapter")), dict(glance.formulas(loss))
    assert facts["Estimates"] == loss.estimates
    for argument, kind in loss.arguments.items():
        assert f"${kind.symbol}$ `{argument}`: {kind.holds}" in facts["Takes"]
    for parameter, kind in loss.parameters.items():
        assert f"${kind.symbol}$ `{parameter}`: {kind.domain}" in facts["Takes"]
    libraries = {"PyTorch": loss.torch, "Keras": loss.keras, "scikit-learn": loss.sklearn, "SciPy": loss.scipy}
    libraries["Optax"] = loss.optax
    assert {key: value.split()[0] for key, value in libraries.items() if value} == {
        key: facts[key].split("`")[1] for key in libraries if key in facts
    }
    # Rows are broken between terms or before a bracket; without the marks of rows the formula is the record's.
    printed = {key: unbroken(tex) for key, tex in formulas.items()}
    assert unbroken(loss.latex) in printed["Loss"]
    assert all(unbroken(slope) in printed["Gradient"] for slope in loss.latex_grad.values())
    assert ("Density" in formulas) == (loss.density is not None)
