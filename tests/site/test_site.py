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


# The drawn formulas' insides, which axe-core is not to judge but would wade through; their outer size stays. And
# colours change at once.
LIGHTEN = """() => {
    document.querySelectorAll("mjx-container > svg > *, mjx-assistive-mml").forEach((inner) => inner.remove());
    const calm = document.createElement("style");
    calm.textContent = "* { transition: none !important; animation: none !important }";
    document.head.append(calm);
}"""
# One element for every look of a text: its own font and colours, and those of all that it stands in.
LOOKS = """() => {
    const looks = new Map();
    for (const one of document.body.querySelectorAll("*")) {
        const speaks = [...one.childNodes].some((node) => node.nodeType === Node.TEXT_NODE && node.data.trim());
        if (!(speaks || one.matches("input, select, textarea")) || one.closest("mjx-container")) continue;
        if (!one.checkVisibility()) continue;
        const { color, fill, fontSize, fontWeight, textShadow } = getComputedStyle(one);
        const look = [one.closest("figure.explorer")?.dataset.explorer, color, fill, fontSize, fontWeight, textShadow];
        for (let around = one; around; around = around.parentElement) {
            const { backgroundColor, backgroundImage, opacity, position, filter } = getComputedStyle(around);
            look.push(backgroundColor, backgroundImage, opacity, position, filter);
            if (around.localName !== "span") look.push(around.localName, String(around.className));
        }
        const key = look.join("|");
        if (!looks.has(key)) looks.set(key, one);
    }
    return [...looks.values()];
}"""
ASK = """async ([contrast, rest]) => {
    const found = [await axe.run({ exclude: [["mjx-container"]] }, rest), await axe.run((%s)(), contrast)];
    return found.flatMap((result) => result.violations);
}"""


def findings(page: Page) -> list[str]:
    """What axe-core finds outside of drawn formulas, one line per element.

    It is slow at contrast, so of all texts that look the same in the same surroundings it is asked about one.
    """
    if not page.evaluate("() => 'axe' in window"):
        page.evaluate(Axe().axe_script)
    common = {"preload": False, "resultTypes": ["violations"]}  # preload would fetch the styles again
    contrast = {**common, "runOnly": ["color-contrast"]}
    rest = {**common, "rules": {"color-contrast": {"enabled": False}}}
    violations = page.evaluate(ASK % LOOKS, [contrast, rest])
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
    """From a server: no sideways scrolling, and no finding of axe-core in both themes and at both widths."""
    page = open_page(name, origin=server)
    for width in (1280, 390):
        page.set_viewport_size({"width": width, "height": 900})
        assert overflow(page) <= 0, f"{width} px"
    page.evaluate(LIGHTEN)
    for width, theme in ((390, "light"), (390, "dark"), (1280, "dark"), (1280, "light")):
        page.set_viewport_size({"width": width, "height": 900})
        page.emulate_media(color_scheme=theme, reduced_motion="reduce")
        page.wait_for_function(f"document.documentElement.dataset.theme === '{theme}'")
        assert findings(page) == [], f"{width} px, {theme}"


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
