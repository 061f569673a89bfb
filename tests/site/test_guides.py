"""The pages that are made from the chapters, in the built site, mostly without a browser."""

from __future__ import annotations

import posixpath
import re
from functools import cache
from pathlib import Path

from bs4 import BeautifulSoup
from built_site import OpenPage, built_site
from contents import taught
from playwright.sync_api import expect

CHAPTERS = sorted((Path(__file__).parents[2] / "book").glob("part-*/*.md"))


@cache
def markup(page: str) -> str:
    return (built_site().folder / f"{page}.html").read_text("utf-8")


@cache
def soup(page: str) -> BeautifulSoup:
    return BeautifulSoup(markup(page), "html.parser")


def test_every_slip_of_every_chapter_is_collected_and_leads_back() -> None:
    found = 0
    for chapter in CHAPTERS:
        text = re.sub(r"(?ms)^(`{3,}|:{3,}).*?^\1 *$", "", chapter.read_text("utf-8"))
        listed = re.search(r"(?ms)^## Slips to avoid$(.*?)(?=^## |\Z)", text)
        count = len(re.findall(r"(?m)^\d+\. ", listed[1])) if listed else 0
        items = soup("reference/slips").select(f"#slips-{chapter.stem} ul.slips > li")
        assert len(items) == count > 0, chapter.stem
        page = f"{chapter.parent.name}/{chapter.stem}"
        section = BeautifulSoup(
            re.search(r'(?s)<section id="slips-to-avoid">.*?</section>', markup(page))[0], "html.parser"
        )
        for number, item in enumerate(items, 1):
            link = item.select_one("a.slip-number").extract()
            assert link["href"] == f"../{page}.html#slip-{number}" and link.get_text().endswith(f".{number}")
            (original,) = section.select(f"li#slip-{number}")
            assert words(original) == words(item)
        found += count
    assert len(soup("reference/slips").select("ul.slips > li")) == found >= 100


def words(item: object) -> list[str]:
    return item.get_text().split()  # type: ignore[attr-defined]


# ── Which loss? ──────────────────────────────────────────────────────────────────────────────────────────────────────

WHICH = "reference/which-loss"


def test_every_link_of_the_guide_leads_to_an_anchor_that_is_there() -> None:
    links = soup(WHICH).select(".which a[href], .which-left a[href]")
    assert len(links) > 150
    for link in links:
        page, _, anchor = link["href"].partition("#")
        there = markup(posixpath.normpath(f"reference/{page}").removesuffix(".html"))
        assert f' id="{anchor}"' in there, link["href"]
        assert link.get_text().strip()


def test_the_guide_can_be_read_without_a_script() -> None:
    """Every loss of the catalogue stands in the page; each answer is a line that opens into a question or losses."""
    page = soup(WHICH)
    named = {link["href"].rpartition("#loss-")[2] for link in page.select(".which b a, .which-left b a")}
    assert named == {name.replace("_", "-") for name in taught()}
    for answer in page.select(".which-all details"):
        assert answer.summary.get_text() and len(answer.select(":scope > .which-question, :scope > .which-end")) == 1
    assert all(end.select("li > b > a") for end in page.select(".which-end"))


def test_one_question_at_a_time_by_keyboard_and_by_address(open_page: OpenPage, server: str) -> None:
    page = open_page(WHICH, origin=server)
    ask = page.locator(".which-ask")
    assert not page.locator(".which-all").is_visible()
    for answer in (
        "A number",
        "Any real number; you report one number",
        "A few targets may be wild, and most are good",
    ):
        ask.get_by_role("button", name=answer, exact=True).focus()
        page.keyboard.press("Enter")
        assert page.evaluate("document.activeElement.tagName") == "H2"
    ask.get_by_role("button", name="Pull like the others, but no harder than a limit").click()
    assert page.url.endswith("#path=number.one.wild.bounded")
    expect(ask.get_by_role("link", name="Huber loss")).to_be_visible()
    ask.get_by_role("button", name="Back").click()
    expect(ask.get_by_role("heading")).to_have_text("What shall a wild target do?")
    page.go_back()
    expect(ask.get_by_role("heading")).to_have_text("Take")
    ask.get_by_role("navigation").get_by_role("button", name="A number", exact=True).click()
    expect(ask.get_by_role("heading")).to_have_text("What does your model predict?")
    page.goto(page.url.partition("#")[0] + "#path=two.rare.no-such")
    expect(ask.get_by_role("heading")).to_have_text("Do you need the probability?")
    ask.get_by_role("button", name="Show all paths").click()
    assert page.locator(".which-all").is_visible()


# ── For teachers ─────────────────────────────────────────────────────────────────────────────────────────────────────


def test_the_plan_has_every_chapter_with_the_figures_and_questions_of_its_page() -> None:
    table, *orders = soup("reference/for-teachers").select("table.plan")
    rows = {row.select_one("th a")["href"]: row for row in table.select("tbody tr") if row.select_one("th a")}
    assert set(rows) == {f"../{path.parent.name}/{path.stem}.html" for path in CHAPTERS}
    for href, row in rows.items():
        page = markup(href.removeprefix("../").removesuffix(".html"))
        cell = {one["data-head"]: one.get_text() for one in row.select("td")}
        assert int(cell["Figures"]) == page.count('<figure class="explorer"')
        quick, later = map(int, cell["Questions + exercises"].split(" + "))
        assert quick + later == page.count('<form class="question"')
    assert [len(order.select("tbody tr")) for order in orders] == [6, 10, 14]
