"""Every explorer of the book: its page shows what a fresh `savefig` of the same state shows."""

from __future__ import annotations

import importlib
import inspect
import json
import pkgutil
import random
import re
from collections.abc import Callable
from functools import cache
from pathlib import Path

import build
import numpy as np
import pytest
from svg import disagreement, page_svg, saved_svg, table

import lossbook.figures
from lossbook.explorer import Explorer, style

BOOK = Path(__file__).parents[1] / "book"
STATES = 4  # a sample of each explorer's states: the first, the last and some between


def figures() -> dict[str, Callable[[], object]]:
    """Every public function in `lossbook.figures` that can be called without arguments."""
    found = {}
    for module in pkgutil.iter_modules(lossbook.figures.__path__, "lossbook.figures."):
        for name, function in inspect.getmembers(importlib.import_module(module.name), inspect.isfunction):
            parameters = inspect.signature(function).parameters.values()
            needs = any(p.default is p.empty and p.kind not in (p.VAR_POSITIONAL, p.VAR_KEYWORD) for p in parameters)
            if function.__module__ == module.name and not name.startswith("_") and not needs:
                found[f"{module.name.rpartition('.')[2]}.{name}"] = function
    return found


BUILDERS = {
    name: builder for name, builder in figures().items() if "Explorer" in str(builder.__annotations__.get("return"))
}

# What is asked of one explorer is asked by one worker, here and in the browser: its table is built once in a run.
each_explorer = pytest.mark.parametrize(
    "name", [pytest.param(name, marks=pytest.mark.xdist_group(name)) for name in BUILDERS]
)


@cache
def built(chapter: str) -> dict[str, str]:
    """By function, the markup of a chapter's explorers as the book has it; nothing where its sources have changed.

    To draw all states of all explorers takes long, and `make book` has just done it.
    """
    folder = BOOK.parent / "_build" / ".jupyter_cache"
    (page,) = (path.relative_to(BOOK).with_suffix("").as_posix() for path in BOOK.glob(f"part-*/{chapter}.md"))
    memory = folder / "lossbook.json"
    runs = json.loads(memory.read_text(encoding="utf-8")) if memory.exists() else {}
    if runs.get(page, {}).get("sources") != build.fingerprint(page):
        return {}
    runner = build.Runner(folder.parent)
    try:
        record = runner.cache.match_cache_notebook(runner.notebook(page))
    except KeyError:  # its text has changed
        return {}
    found = {}
    for cell in runner.cache.get_cache_bundle(record.pk).nb.cells:
        shown = [output.data.get("text/html", "") for output in cell.get("outputs", []) if "data" in output]
        called = re.search(r"^(?:\w+\.)?(\w+)\(\)\Z", cell.source.rstrip(), re.MULTILINE)
        if called and shown and shown[-1].startswith('<figure class="explorer"'):
            found[called[1]] = "".join(shown[-1])
    return found


@cache
def explorer_of(name: str) -> Explorer:
    explorer = BUILDERS[name]()
    assert isinstance(explorer, Explorer)
    return explorer


@cache
def markup_of(name: str) -> str:
    """An explorer's page, built once: by the book where it has it, else here."""
    module, _, function = name.partition(".")
    chapter = module.replace("_", "-")
    markup = built(chapter).get(function) if any(BOOK.glob(f"part-*/{chapter}.md")) else None
    return markup or explorer_of(name).html()


def called(name: str) -> str:
    """An explorer's own name, as its page has it."""
    return re.search(r'data-explorer="([^"]+)"', markup_of(name))[1]


def page(name: str) -> tuple[Explorer, str]:
    return explorer_of(name), markup_of(name)


def sample(explorer: Explorer) -> list[dict[str, int]]:
    sizes = explorer.sizes
    chance = random.Random(explorer.name)
    states = [{key: 0 for key in sizes}, {key: size - 1 for key, size in sizes.items()}]
    states += [{key: chance.randrange(size) for key, size in sizes.items()} for _ in range(STATES - 2)]
    return states if sizes else [{}]


@cache
def other(name: str) -> Explorer:
    """A second explorer that never draws markup, its axes where the default state's layout puts them."""
    fresh = BUILDERS[name]()
    with style():
        fresh.figure.draw_without_rendering()
    fresh.figure.set_layout_engine(None)
    return fresh


def drawn_by_matplotlib(name: str, state: dict[str, int]) -> Explorer:
    fresh = other(name)
    return fresh.set(**{key: fresh.controls[key].values[index] for key, index in state.items()})


def test_there_are_explorers_to_test() -> None:
    assert len(BUILDERS) >= 3


def test_the_book_has_what_is_built_here() -> None:
    """Where the book was built from these sources: its markup is taken for an explorer's own in all these tests."""
    for name in ("kl_divergence.coin_entropy", "regression.quantile_lines"):
        module, _, function = name.partition(".")
        markup = built(module.replace("_", "-")).get(function)
        assert markup in (None, BUILDERS[name]().html())


@each_explorer
def test_each_state_is_what_savefig_draws(name: str) -> None:
    explorer, html = page(name)
    for state in sample(explorer):
        fresh, ours = drawn_by_matplotlib(name, state), page_svg(html, state)
        problem = disagreement(ours, saved_svg(fresh.figure))
        assert not problem, f"{name} at {state}: {problem}"
        assert not state or ours.readout == fresh.readout


def test_names_are_unique() -> None:
    names = list(map(called, BUILDERS))
    assert sorted(names) == sorted(set(names))


@each_explorer
def test_page_is_complete(name: str) -> None:
    explorer, html = page(name)
    assert html.count("<input") + html.count("<select") == len(explorer.controls)
    assert html.count("<label>") == len(explorer.controls)
    assert ("explorer-reset" in html) == bool(explorer.controls)
    assert len(set(re.findall(r' id="([^"]+)"', html))) == len(re.findall(r' id="([^"]+)"', html))
    for target in re.findall(r'(?:href="#|url\(#)([^")]+)', re.sub(r"(?s)<script.*?</script>", "", html)):
        assert f'id="{target}"' in html
    if explorer.controls:
        readout = table(html)["readout"]
        assert len(set(readout["body"])) > 1, "the readout never changes"
        said = [f"{readout['head']}{body}{readout['tail']}" for body in readout["body"] if isinstance(body, str)]
        assert [text for text in said if re.search(r"\de[-+−]?\d", text)] == [], "an exponent as only programs write it"


@each_explorer
def test_lettering_is_legible(name: str) -> None:
    """At least eight points as drawn, and on a phone, a page 390 px wide, at least seven CSS pixels."""
    _, html = page(name)
    sizes = [float(size) / 10 for size in re.findall(r'font-size="([\d.]+)"', html)]
    widths = [float(width) for width in re.findall(r"--w:([\d.]+)", html)]
    assert not sizes or min(sizes) >= 8
    assert not sizes or min(sizes) * 96 / 72 * min(1, 350 / (96 * max(widths))) >= 7


@each_explorer
def test_each_challenge_can_be_met_and_is_not_met_at_the_start(name: str) -> None:
    explorer, html = page(name)
    if not explorer.challenge:
        return
    goal, starts = table(html)["goal"], [explorer.controls[key].start for key in table(html)["goal"]["on"]]
    met = np.array(goal["body"]).reshape([explorer.sizes[key] for key in goal["on"]])
    assert met.any() and not met[*starts]


def test_each_guess_stands_before_its_explorer_in_a_chapter() -> None:
    """And every directive has an explorer with a guess: ids agree both ways."""
    asked = {}
    for chapter in BOOK.rglob("*.md"):
        text = chapter.read_text(encoding="utf-8")
        for found in re.finditer(r"^`{3,}\{predict\} (\S+)$", text, re.MULTILINE):
            assert found[1] not in asked
            asked[found[1]] = text[found.end() :]
    guesses = {}
    for name, builder in BUILDERS.items():
        if "Predict(" in inspect.getsource(builder):
            guesses[called(name)] = name.rpartition(".")[2]
    assert guesses.keys() == asked.keys()
    for name, function in guesses.items():
        assert f".{function}(" in asked[name]


@pytest.mark.xdist_group("regression.quantile_lines")
def test_a_wrong_picture_is_noticed() -> None:
    name = "regression.quantile_lines"
    explorer, html = page(name)
    states = sample(explorer)
    fresh = drawn_by_matplotlib(name, states[0])
    assert np.any([disagreement(page_svg(html, state), saved_svg(fresh.figure)) for state in states[1:]])
