"""The built site as a reader meets it: every page, in a real browser."""

from __future__ import annotations

import re
from pathlib import Path
from urllib.parse import unquote, urlsplit

import pytest
from accessibility import LIGHTEN, findings
from bs4 import BeautifulSoup
from built_site import OpenPage, Site, built_site
from playwright.sync_api import Page, expect

PAGES = built_site().pages


def overflow(page: Page) -> int:
    """By how many pixels the page is wider than the window."""
    return page.evaluate("() => document.documentElement.scrollWidth - document.documentElement.clientWidth")


def bad_links(site: Site) -> list[str]:
    """Links and anchors within the site that lead nowhere."""
    paths = [(site.folder / f"{name}.html").resolve() for name in site.pages]
    parsed = {path: BeautifulSoup(path.read_text("utf-8"), "html.parser") for path in paths}
    anchors = {path: {tag["id"] for tag in page.select("[id]")} | {""} for path, page in parsed.items()}
    bad = []
    for path, page in parsed.items():
        for link in page.select("a[href]"):
            parts = urlsplit(link["href"])
            if parts.scheme or parts.netloc:
                continue
            target = (path.parent / unquote(parts.path)).resolve() if parts.path else path
            if not target.exists() or unquote(parts.fragment) not in anchors.get(target, {unquote(parts.fragment)}):
                bad.append(f"{path.relative_to(site.folder.resolve())} links to {link['href']}")
    return bad


def test_there_are_pages(site: Site) -> None:
    assert {"index", "notation"} <= set(site.pages)


def assert_typeset(page: Page) -> None:
    """All TeX is set, and none is left in the text."""
    assert page.locator("mjx-merror").count() == 0
    assert page.locator(".math:not(svg *):not(:has(mjx-container))").count() == 0  # an explorer draws its own
    assert not re.findall(r"\\[(\[].*|\$.*\$", page.locator("main").first.inner_text())


@pytest.mark.parametrize("name", PAGES)
def test_page_works_from_its_file(name: str, open_page: OpenPage) -> None:
    """Typeset, no sideways scrolling, and no finding of axe-core in both themes and at both widths.

    The fixture fails on a foreign request or a complaint.
    """
    page = open_page(name)
    assert_typeset(page)
    for width in (1280, 390):
        page.set_viewport_size({"width": width, "height": 900})
        assert overflow(page) <= 0, f"{width} px"
    page.evaluate(LIGHTEN)
    structure = {(390, "light"), (1280, "dark")}  # the rules on structure see no colours: once at each width
    for width, theme in ((390, "light"), (390, "dark"), (1280, "dark"), (1280, "light")):
        page.set_viewport_size({"width": width, "height": 900})
        page.emulate_media(color_scheme=theme, reduced_motion="reduce")
        page.wait_for_function(f"document.documentElement.dataset.theme === '{theme}'")
        assert findings(page, structure=(width, theme) in structure) == [], f"{width} px, {theme}"


@pytest.mark.parametrize("name", ["index", "part-2/regression", "reference/losses-at-a-glance"])
def test_page_works_from_a_server(name: str, open_page: OpenPage, server: str) -> None:
    page = open_page(name, origin=server)
    assert_typeset(page)
    for explorer in page.locator("figure.explorer:has(input)").all():  # large tables load when they come near
        explorer.scroll_into_view_if_needed()
        expect(explorer).to_have_attribute("data-ready", "")


def test_links_lead_somewhere(site: Site) -> None:
    assert bad_links(site) == []


def test_a_bad_link_is_found(tmp_path: Path) -> None:
    good, bad = '<p id="here"></p><a href="#here"></a>', '<a href="b.html"></a><a href="a.html#gone"></a>'
    (tmp_path / "a.html").write_text(good + bad)
    assert bad_links(Site(tmp_path)) == ["a.html links to b.html", "a.html links to a.html#gone"]


def test_an_inaccessible_page_is_found(open_page: OpenPage, server: str) -> None:
    page = open_page("index", origin=server)
    page.evaluate("() => document.querySelector('article').append(document.createElement('input'))")
    assert any(finding.startswith("label") for finding in findings(page))


def test_pale_words_are_found(open_page: OpenPage, server: str) -> None:
    """Colours that hardly differ, of one word in the text or of what it stands in."""
    page = open_page("index", origin=server)
    assert findings(page) == []
    for place in ("article p", "article"):
        page.evaluate(f"""() => document.querySelector("{place}").insertAdjacentHTML("beforeend",
            '<span style="color: #999">pale</span>')""")
        assert any(finding.startswith("color-contrast") and "pale" in finding for finding in findings(page))
        page.evaluate("() => document.querySelector('[style=\\'color: #999\\']').remove()")
    page.evaluate("() => { document.querySelector('article p').style.backgroundColor = '#555' }")
    assert any(finding.startswith("color-contrast") for finding in findings(page))
