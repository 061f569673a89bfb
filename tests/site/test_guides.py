"""The pages that are made from the chapters, in the built site, without a browser."""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path

from bs4 import BeautifulSoup
from built_site import built_site

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
