"""The first page and the page of all explorers: what needs what, what is shown, and the figure that is dragged."""

from __future__ import annotations

import itertools
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from xml.etree import ElementTree

import pytest
from bs4 import BeautifulSoup
from contents import pages

from lossbook.analysis.outliers import LANDLORDS, RENTS, rent_lines
from lossbook.figures.front import one_rent

ROOT = Path(__file__).parents[1]
BOOK = ROOT / "book"
CHAPTERS = {path.stem: path.read_text(encoding="utf-8") for path in BOOK.glob("part-*/*.md")}


@pytest.fixture(scope="module", autouse=True)
def extensions() -> Iterator[None]:
    """The folder of the book's own Sphinx extensions, importable while these tests run."""
    sys.path.append(str(BOOK / "_ext"))
    yield
    sys.path.remove(str(BOOK / "_ext"))


@pytest.fixture
def course() -> ModuleType:
    import course

    return course


# ── What needs what ──────────────────────────────────────────────────────────────────────────────────────────────────


def said(text: str) -> set[str] | None:
    """The chapters that a chapter's opening lines ask for, by the links in the sentence that says so."""
    opening = text[text.index("\n# ") :][:2500]
    found = re.search(r"(?:\bIt needs|\bYou need|\*\*It needs\*\*).*?(?=\n\n|\n- |\n```|\.\n)", opening, re.DOTALL)
    return set(re.findall(r"\]\((?:\.\./part-\d/)?([\w-]+)\.md(?:#[\w-]+)?\)", found[0])) if found else None


def test_the_map_knows_every_chapter_and_no_other(course: ModuleType) -> None:
    assert set(course.CHAPTERS) == set(CHAPTERS)
    assert set(CHAPTERS) <= pages()


def test_the_map_says_what_the_chapters_say(course: ModuleType) -> None:
    told = {name: said(text) for name, text in CHAPTERS.items()}
    assert sum(found is not None for found in told.values()) >= 7
    for name, found in told.items():
        chapter = course.CHAPTERS[name]
        if found is not None:
            assert found == {*chapter.needs, *chapter.partly}, name
            assert not set(chapter.needs) & set(chapter.partly), name


def test_what_is_needed_comes_before(course: ModuleType) -> None:
    toc = re.findall(r"file: part-\d/(\S+)", (ROOT / "_toc.yml").read_text(encoding="utf-8"))
    for name, chapter in course.CHAPTERS.items():
        assert all(toc.index(need) < toc.index(name) for need in (*chapter.needs, *chapter.partly)), name
        assert all(course.CHAPTERS[need].wide[0] < chapter.wide[0] for need in chapter.needs), "lines run to the right"
        assert all(course.CHAPTERS[need].tall[1] < chapter.tall[1] for need in chapter.needs), "lines run down"


def reached(edges: list[tuple[str, str, str]], name: str) -> set[str]:
    before = {start for start, end, kind in edges if end == name and kind == "needs"}
    return before | {far for near in before for far in reached(edges, near)}


def test_the_lines_say_all_and_nothing_twice(course: ModuleType) -> None:
    edges = course.edges(course.CHAPTERS)
    for name in course.CHAPTERS:
        assert reached(edges, name) == course.below(name)
    for edge in edges:
        if edge[2] == "needs":
            assert edge[0] not in reached([other for other in edges if other != edge], edge[1])


def test_for_a_chapter_that_is_left_out_stands_what_it_needs(course: ModuleType) -> None:
    here = [name for name in course.CHAPTERS if name != "softmax"]
    assert ("cross-entropy", "classification", "needs") in course.edges(here)
    assert not any("softmax" in edge for edge in course.edges(here))


def points(path: str) -> list[tuple[float, float]]:
    """Points along an SVG path of the commands M, C, H and V."""
    found: list[tuple[float, float]] = []
    for command, text in re.findall(r"([MCHV])([^MCHV]*)", path):
        numbers = [float(number) for number in text.split()]
        if command == "M":
            found.append((numbers[0], numbers[1]))
            continue
        (x, y), steps = found[-1], [step / 40 for step in range(1, 41)]
        if command == "C":
            ends = [(x, y), *zip(numbers[::2], numbers[1::2], strict=True)]
            weights = [((1 - t) ** 3, 3 * t * (1 - t) ** 2, 3 * t**2 * (1 - t), t**3) for t in steps]
            found += [
                tuple(sum(w * end[i] for w, end in zip(row, ends, strict=True)) for i in (0, 1)) for row in weights
            ]
        else:
            end = (numbers[0], y) if command == "H" else (x, numbers[0])
            found += [(x + (end[0] - x) * t, y + (end[1] - y) * t) for t in steps]
    return found


@pytest.mark.parametrize("kind", ["wide", "tall"])
def test_no_line_runs_through_a_box_and_no_two_boxes_touch(kind: str, course: ModuleType) -> None:
    import front

    column, width = (front.COLUMN, front.BOX) if kind == "wide" else (front.TALL_COLUMN, front.TALL_BOX)
    boxes = {}
    for name, chapter in course.CHAPTERS.items():
        across, down = getattr(chapter, kind)
        middle = (down + 0.5) * front.ROW
        boxes[name] = (across * column, middle - front.HEIGHT / 2, across * column + width, middle + front.HEIGHT / 2)
    for name, (left, top, right, bottom) in boxes.items():
        for other, box in boxes.items():
            assert name == other or left >= box[2] or box[0] >= right or top >= box[3] or box[1] >= bottom
    drawn = re.findall(r'data-from="([\w-]+)" data-to="([\w-]+)" d="([^"]+)"', front.lines(course.CHAPTERS, kind))
    assert len(drawn) == len(course.edges(course.CHAPTERS))
    for start, end, path in drawn:
        for name, (left, top, right, bottom) in boxes.items():
            inside = [(x, y) for x, y in points(path) if left < x < right and top < y < bottom]
            assert name in (start, end) or not inside, f"{start} to {end} runs through {name}"
        left, top, right, bottom = boxes[end]
        x, y = points(path)[-1]
        assert left - 1 <= x <= right + 1 and top - 1 <= y <= bottom + 1, "a line ends at its box"


# ── The pages as they were built ─────────────────────────────────────────────────────────────────────────────────────


@pytest.fixture(scope="module")
def site() -> Path:
    sys.path.append(str(ROOT / "tests" / "site"))
    from built_site import built_site

    sys.path.pop()
    folder = built_site().folder
    assert (folder / "index.html").exists(), "`make book` builds it"
    return folder


def parsed(path: Path) -> BeautifulSoup:
    return BeautifulSoup(path.read_text(encoding="utf-8"), "html.parser")


def test_all_explorers_are_all(site: Path) -> None:
    """Every explorer of every page has one picture, which leads to it; nothing else is there."""
    there: set[tuple[str, str]] = set()
    for path in (path for path in site.rglob("*.html") if "_static" not in path.parts):
        text = re.sub(r"<template.*?</template>", "", path.read_text(encoding="utf-8"), flags=re.DOTALL)
        found = re.findall(r'<figure class="explorer" data-explorer="([a-z0-9-]+)"', text)
        there |= {(path.relative_to(site).as_posix(), name) for name in found}
    page = parsed(site / "reference/explorers.html")
    links = [link["href"].removeprefix("../").split("#") for link in page.select(".figure-cards li > a")]
    shown = [(path, re.sub("^(figure|predict)-", "", place)) for path, place in links]
    assert len(shown) == len(set(shown)) and set(shown) == there
    chapters = [heading.get_text(strip=True).rstrip("#") for heading in page.select("article h2")]
    assert len(chapters) == len(CHAPTERS) + 1
    for item in page.select(".figure-cards li"):
        assert item.select_one("h3").get_text(strip=True) and len(item.select_one("p").get_text(strip=True)) > 10
        assert len(item.select("img[alt][loading=lazy][width][height]")) == 2
        assert item.select_one("button") is None, "a caption without what stands below it"


@pytest.mark.parametrize("name", ["index", "reference/explorers"])
def test_each_small_picture_is_small_and_can_be_read(name: str, site: Path) -> None:
    path = site / f"{name}.html"
    for image in parsed(path).select(".figure-cards img"):
        file = path.parent / image["src"].split("?")[0]
        text = file.read_text(encoding="utf-8")
        assert len(text) < 50_000, file.name
        ElementTree.fromstring(text)
        assert "var(" not in text, "a picture of its own has its own colours"


def test_a_picture_links_to_a_figure_and_a_covered_one_to_its_question(site: Path) -> None:
    regression = (site / "part-2/regression.html").read_text(encoding="utf-8")
    assert regression.count('id="figure-outlier-line"') == 1
    links = [link["href"] for link in parsed(site / "reference/explorers.html").select(".figure-cards li > a")]
    assert "../part-2/regression.html#figure-outlier-line" in links
    assert "../part-2/regression.html#predict-flour-scales" in links


def test_what_is_to_be_guessed_is_not_shown_on_the_way(site: Path) -> None:
    guesses = {
        name for text in CHAPTERS.values() for name in re.findall(r"^`{3,}\{predict\} (\S+)$", text, re.MULTILINE)
    }
    covered = parsed(site / "reference/explorers.html").select(".card-covered")
    assert {item.a["href"].split("#predict-")[1] for item in covered} == guesses
    for item in covered:
        assert "guess first" in item.p.get_text() and ":" not in item.p.get_text()
        assert {image["alt"] for image in item.select("img")} == {"Covered until you have guessed"}


def test_the_first_page_has_what_it_promises(site: Path) -> None:
    page = parsed(site / "index.html")
    assert len(page.select("article h1")) == 1
    boxes = page.select(".map-boxes a")
    assert [int(box.select_one(".map-number").get_text()) for box in boxes] == list(range(1, len(CHAPTERS) + 1))
    assert all("needs" in box.select_one(".unseen").get_text() for box in boxes), "the lines in words"
    assert len(page.select(".front-chapters li")) == len(CHAPTERS)
    assert all(
        re.match(r"[\d¼½¾]+ h, \d+ figures, \d+ questions", item.get_text()) for item in page.select(".front-amount")
    )
    assert len(page.select(".figure-best li")) == 8
    questions = sum(len(re.findall(r"^`{3,}\{question\}", text, re.MULTILINE)) for text in CHAPTERS.values())
    figures = len(parsed(site / "reference/explorers.html").select(".figure-cards li")) - 3
    assert (
        page.select_one(".front-done").get_text(strip=True) == f"14 chapters, {figures} figures, {questions} questions"
    )


# ── The figure that is dragged ───────────────────────────────────────────────────────────────────────────────────────


def test_squared_error_follows_one_rent_and_the_others_hold() -> None:
    """What caption and readout say, over all states: in any of them ten rents are as far from a line as they are."""
    explorer = one_rent()
    rents = explorer.controls["rent"].values
    squared, huber, absolute = zip(*([line.slope for line in rent_lines(float(rent))] for rent in rents), strict=True)
    assert [one.short for one in LANDLORDS] == ["squared error", "Huber", "absolute error"]
    steps = [high - low for low, high in itertools.pairwise(squared)]
    assert max(steps) - min(steps) < 1e-6 and min(steps) > 0, "it follows, step by step"
    assert [rent for rent, slope in zip(rents, squared, strict=True) if slope < 0] == list(range(0, 401, 50))
    assert squared[-1] > 10
    assert min(absolute) > 4.5 and max(absolute) < 6.01 and min(huber) > 4.5 and max(huber) < 6.2
    for rent, slope in zip(rents, squared, strict=True):
        explorer.set(rent=rent)
        assert ("larger flats are cheaper" in explorer.readout) == (slope < 0)
    # Least squares by hand: sizes 20 to 110 have mean 65 and squared distances that sum to 8,250.
    total = sum((10 * k - 45) * rent for k, rent in enumerate([*map(float, RENTS), 600.0]))
    assert rent_lines(600.0)[0].slope == pytest.approx(total / 8250, rel=1e-6)
    assert (min(RENTS), max(RENTS)) == (930, 1370), "the text alternative"
