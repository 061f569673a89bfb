"""The course as one PDF: two small pages, printed and joined as all of it is."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
from playwright.sync_api import Browser
from pypdf import PdfReader

sys.path.insert(0, str(Path(__file__).parents[2] / "tools"))
import make_pdf

PAGE = """<!doctype html><html lang="en"><meta charset="utf-8"><title>{0}</title><main><h1>{0}<a href="#top">#</a></h1>
<p>{1}</p><h2>Section of {0}</h2><p style="break-before: page">The end of {0}.</p></main></html>"""
PAGES = [("Part I", "one/first"), ("Part II", "two/second"), ("Part II", "two/third")]


@pytest.fixture(scope="module")
def made(browser: Browser, tmp_path_factory: pytest.TempPathFactory) -> PdfReader:
    site = tmp_path_factory.mktemp("site")
    links = {
        "first": '<a href="../two/third.html#end">onward</a> <a href="../elsewhere.html">left out</a>',
        "second": '<a href="https://example.org/">the web</a> <a href="file:///etc/hosts">a file of this machine</a>',
        "third": "No link.",
    }
    for _, page in PAGES:
        folder, name = page.split("/")
        (site / folder).mkdir(exist_ok=True)
        (site / f"{page}.html").write_text(PAGE.format(name.capitalize(), links[name]), encoding="utf-8")
    chapters = make_pdf.printed(browser, site, PAGES)
    opening = make_pdf.front(browser, chapters)
    feet = make_pdf.numbers(browser, chapters, len(opening.pages))
    make_pdf.join(site, opening, chapters, feet).write(site / "made.pdf")
    return PdfReader(site / "made.pdf")


def test_contents_and_numbers_agree(made: PdfReader) -> None:
    texts = [page.extract_text() for page in made.pages]
    assert len(texts) == 7, "contents, and two sheets a page"
    for title, number in (("First", 2), ("Second", 4), ("Third", 6)):
        assert f"{title} {number}" in " ".join(texts[0].split())
        assert title in texts[number - 1] and texts[number - 1].split()[-1] == str(number)
        assert f"The end of {title}." in texts[number] and texts[number].split()[-1] == str(number + 1)


def test_bookmarks_lead_to_parts_pages_and_sections(made: PdfReader) -> None:
    found = []

    def walk(items: list, depth: int) -> None:
        for item in items:
            if isinstance(item, list):
                walk(item, depth + 1)
            else:
                found.append((depth, item.title, made.get_destination_page_number(item) + 1))

    walk(made.outline, 0)
    assert found == [
        (0, "Part I", 2), (1, "First", 2), (2, "Section of First", 2),
        (0, "Part II", 4), (1, "Second", 4), (2, "Section of Second", 4),
        (1, "Third", 6), (2, "Section of Third", 6),
    ]  # fmt: skip


def test_links_stay_inside_or_lead_to_the_web(made: PdfReader) -> None:
    links = [link.get_object() for page in made.pages for link in page.get("/Annots", [])]
    inside = [
        made.get_page_number(link["/Dest"][0].get_object()) + 1 for link in links if isinstance(link.get("/Dest"), list)
    ]
    assert inside == [6]
    addresses = [str(link["/A"]["/URI"]) for link in links if "/URI" in link.get("/A", {})]
    assert addresses == ["https://example.org/"], "no path of this machine"


def test_a_page_that_is_not_there_is_named(browser: Browser, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="none for part-2/nothing"):
        make_pdf.printed(browser, tmp_path, [("Part II", "part-2/nothing")])


def test_what_is_printed_follows_the_contents() -> None:
    toc = {"parts": [{"caption": "I", "chapters": [{"file": "a"}, {"file": "reference/explorers"}]}]}
    assert make_pdf.listed(toc) == [("I", "a")]
