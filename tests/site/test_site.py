"""The built site as a reader meets it: every page, in a real browser."""

from __future__ import annotations

import re
from pathlib import Path
from urllib.parse import unquote, urlsplit

import pytest
from axe_playwright_python.sync_playwright import Axe
from bs4 import BeautifulSoup
from built_site import OpenPage, Site, built_site
from playwright.sync_api import Page

PAGES = built_site().pages


def findings(page: Page, **rules: object) -> list[str]:
    """What axe-core finds outside of drawn formulas, one line per element. `rules`: which of its rules to ask."""
    options = {"preload": False, "resultTypes": ["violations"], **rules}  # preload would fetch the styles again
    violations = Axe().run(page, context={"exclude": [["mjx-container"]]}, options=options).response["violations"]
    return [f"{v['id']}: {node['html'][:200]}" for v in violations for node in v["nodes"]]


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


@pytest.mark.parametrize("name", PAGES)
def test_page_is_accessible_and_fits(name: str, open_page: OpenPage, server: str) -> None:
    """From a server: no finding of axe-core in both themes and at both widths, and no sideways scrolling.

    Contrast takes nine tenths of the time and depends on the theme alone, so each theme is asked once.
    """
    page = open_page(name, origin=server)
    structure = {"rules": {"color-contrast": {"enabled": False}}}
    looks = ((1280, "light", structure), (1280, "dark", {}), (390, "dark", structure), (390, "light", {}))
    for width, theme, rules in looks:
        page.set_viewport_size({"width": width, "height": 900})
        page.emulate_media(color_scheme=theme, reduced_motion="reduce")
        page.wait_for_function(f"document.documentElement.dataset.theme === '{theme}'")
        page.wait_for_timeout(300)  # the theme fades some colours
        assert overflow(page) <= 0, f"{width} px"
        assert findings(page, **rules) == [], f"{width} px, {theme}"


@pytest.mark.parametrize("name", PAGES)
def test_page_works_from_its_file(name: str, open_page: OpenPage) -> None:
    """All TeX is set, and none is left in the text; the fixture fails on a foreign request or a complaint."""
    page = open_page(name)
    assert page.locator("mjx-merror").count() == 0
    assert page.locator(".math:not(:has(mjx-container))").count() == 0
    assert not re.findall(r"\\[(\[].*|\$.*\$", page.locator("main").first.inner_text())


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
