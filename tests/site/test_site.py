"""The built site as a reader meets it: every page, in a real browser."""

from __future__ import annotations

import re
import sys
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit

import pytest
from accessibility import LIGHTEN, findings
from built_site import OpenPage, Site, built_site
from by_turns import by_turns
from playwright.sync_api import Page, expect

sys.path.insert(0, str(Path(__file__).parents[1]))
from colours import contrast

PAGES = built_site().pages


def overflow(page: Page) -> int:
    """By how many pixels the page is wider than the window."""
    return page.evaluate("() => document.documentElement.scrollWidth - document.documentElement.clientWidth")


class Anchors(HTMLParser):
    """The links of a page and what they can lead to. Beautiful Soup would take half a minute for the book."""

    def __init__(self, path: Path) -> None:
        super().__init__(convert_charrefs=True)
        self.links, self.ids = list[str](), {""}
        self.feed(path.read_text("utf-8"))

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        given = dict(attributes)
        self.ids.add(given.get("id") or "")
        if tag == "a" and given.get("href"):
            self.links.append(given["href"] or "")


def bad_links(site: Site) -> list[str]:
    """Links and anchors within the site that lead nowhere."""
    paths = [(site.folder / f"{name}.html").resolve() for name in site.pages]
    parsed = {path: Anchors(path) for path in paths}
    bad = []
    for path, page in parsed.items():
        for link in page.links:
            parts = urlsplit(link)
            if parts.scheme or parts.netloc:
                continue
            target = (path.parent / unquote(parts.path)).resolve() if parts.path else path
            if not target.exists() or (target in parsed and unquote(parts.fragment) not in parsed[target].ids):
                bad.append(f"{path.relative_to(site.folder.resolve())} links to {link}")
    return bad


def test_there_are_pages(site: Site) -> None:
    assert {"index", "notation"} <= set(site.pages)


def assert_typeset(page: Page) -> None:
    """All TeX is set, in the font that was made for it, and none is left in the text."""
    assert page.locator(".math:not(svg *):not(:has(math))").count() == 0  # an explorer draws its own
    if page.locator("math").count():
        fonts = page.evaluate("document.fonts.ready.then(() => [...document.fonts].map(f => [f.family, f.status]))")
        assert ["Lossbook Math", "loaded"] in [[family.strip('"'), status] for family, status in fonts]
    assert not re.findall(r"\\[(\[].*|\$.*\$", page.locator("main").first.inner_text())


# Formulas wider than their box that do not say so, and numbers of formulas out of sight.
CUT = """() => [...document.querySelectorAll("article div.math")].filter((box) => {
    const formula = box.querySelector(".display"), number = box.querySelector(".eqno");
    if (!box.checkVisibility() || !formula) return false;
    const wide = formula.scrollWidth > formula.clientWidth + 2, { maskImage, overflowX } = getComputedStyle(formula);
    const cue = maskImage !== "none" && overflowX === "auto" && formula.tabIndex === 0;
    return (wide && !cue) || number?.getBoundingClientRect().right > innerWidth;
}).map((box) => box.innerText.slice(0, 60))"""
# Names in code and words in headings that a line ends in the middle of.
BROKEN = """() => [...document.querySelectorAll("article :is(code, .sig, h1, h2, h3)")].flatMap((name) => {
    if (name.closest("pre") || name.getClientRects().length < 2 && name.clientHeight < 40) return [];
    const texts = document.createTreeWalker(name, NodeFilter.SHOW_TEXT), found = [], range = new Range();
    for (let text; (text = texts.nextNode()); ) {
        const tops = [...text.data].map((_, at) => {
            range.setStart(text, at);
            range.setEnd(text, at + 1);
            return range.getBoundingClientRect().bottom;
        });
        for (let at = 1; at < tops.length; at++)
            if (tops[at] > tops[at - 1] + 5 && /[A-Za-z0-9]{2}/.test(text.data.slice(at - 1, at + 1)))
                found.push(text.data.slice(0, at) + "|" + text.data.slice(at));
    }
    return found;
})"""
# Marks that do not stand beside the formula that they touch.
TORN = """() => [...document.querySelectorAll("article .math math:not([display])")].flatMap((formula) => {
    const box = formula.parentElement.getBoundingClientRect(), range = new Range(), found = [];
    if (!box.width) return [];
    for (const [way, marks, at] of [["nextSibling", /^[.,;:!?)\\]’”]/, 0], ["previousSibling", /[([“‘]$/, -1]]) {
        let one = formula;
        while (!one[way] && one.parentElement.matches("span, em, strong")) one = one.parentElement;
        const text = one[way];
        if (text?.nodeType !== Node.TEXT_NODE || !marks.test(text.data)) continue;
        const start = at ? text.data.length - 1 : 0;
        range.setStart(text, start);
        range.setEnd(text, start + 1);
        const mark = range.getBoundingClientRect();
        const beside = at ? mark.right < box.left + 4 : mark.left > box.right - 4;
        if (!beside) found.push(one.parentElement.innerText.slice(0, 80));
    }
    return found;
})"""
LONG_CODE = """() => [...document.querySelectorAll("article pre")]
    .filter((code) => code.scrollWidth > code.clientWidth + 1)
    .map((code) => code.innerText.split("\\n").toSorted((a, b) => b.length - a.length)[0])"""

FADED = """() => [...document.querySelectorAll("article span.math:is(.more-left, .more-right)")]
    .filter((box) => box.querySelector("math").getBoundingClientRect().width <= box.getBoundingClientRect().width + 1)
    .map((box) => box.textContent)"""


@pytest.mark.parametrize(("name", "look"), by_turns(PAGES, "1280-light", "390-dark", "1280-dark", "390-light"))
def test_page_works_from_its_file(name: str, look: str, open_page: OpenPage) -> None:
    """Typeset, nothing cut or torn at both widths, and nothing that axe-core finds in one of the four looks.

    The fixture fails on a foreign request or a complaint.
    """
    final, theme = look.split("-")
    page = open_page(name, dark=theme == "dark", reduced_motion="reduce")
    page.wait_for_function(f"document.documentElement.dataset.theme === '{theme}'")
    assert_typeset(page)
    expect(page.get_by_label("Toggle hidden content")).to_have_count(0)  # what folds is named by its own words
    for width in (390, 1280) if final == "1280" else (1280, 390):
        page.set_viewport_size({"width": width, "height": 900})
        assert overflow(page) <= 0, f"{width} px"
        page.evaluate("() => new Promise(requestAnimationFrame)")  # the script hears of the new width
        for faults in (CUT, BROKEN, TORN, FADED):
            assert page.evaluate(faults) == [], f"{width} px"
        assert width < 1280 or page.evaluate(LONG_CODE) == []
    page.evaluate(LIGHTEN)
    assert findings(page) == []


# Everything that a page shows in a colour: its letters, and what is drawn with a fill or a stroke.
COLOURS = """() => {
    const shown = new Map(), hex = (colour) => colour.match(/[\\d.]+/g)?.map(Number) ?? [];
    for (const one of document.querySelectorAll("article *")) {
        if (!one.checkVisibility({ visibilityProperty: true })) continue;
        const style = getComputedStyle(one), formula = one.closest("math");
        const speaks = [...one.childNodes].some((node) => node.nodeType === Node.TEXT_NODE && node.data.trim());
        const found = formula || (speaks && !one.closest("svg")) ? [style.color] : [];
        if (one.closest("figure.explorer svg") && one.matches("text")) found.push(style.fill);
        if (one.closest("figure.explorer svg") && one.matches("path")) found.push(style.stroke);
        for (const colour of found) {
            const [r, g, b, alpha = 1] = hex(colour);
            if (r !== undefined && alpha > 0.5) shown.set([r, g, b].join(), one.outerHTML.slice(0, 90));
        }
    }
    return [...shown];
}"""


@pytest.mark.parametrize("name", ["part-1/cross-entropy", "part-2/contrastive", "reference/losses-at-a-glance"])
def test_paper_is_white_and_its_ink_is_dark(name: str, open_page: OpenPage) -> None:
    """Also where the screen is dark: every formula, letter and curve stands out from white; the dark comes back."""
    page = open_page(name, dark=True)
    dark = page.evaluate(COLOURS)
    for media, colours in (("print", []), ("screen", dark)):
        page.emulate_media(media=media)
        page.wait_for_function(
            f"document.documentElement.dataset.theme === '{'light' if media == 'print' else 'dark'}'"
        )
        now = page.evaluate(COLOURS)
        if media == "screen":
            assert dict(now) == dict(colours)
            continue
        ink = "#%02x%02x%02x"
        pale = {code: words for code, words in now if contrast(ink % tuple(map(int, code.split(","))), "#ffffff") < 3}
        allowed = {"223,225,229", "255,255,255"}  # lines of a grid; the rim of a point
        assert {code: words for code, words in pale.items() if code not in allowed} == {}
        wasted = page.locator(
            "article :is(.explorer-controls, .glance-filter, details:not(.dropdown, .loss-card) > summary)"
        ).all()
        assert [one.inner_text() for one in wasted if one.is_visible()] == []


def test_a_page_needs_no_storage(open_page: OpenPage, server: str) -> None:
    """Where a reader has switched storage off, the theme's button and the search work and nothing complains."""
    page = open_page("part-2/regression", origin=server, storage=False)
    assert page.evaluate("() => { try { return Boolean(localStorage.stored) } catch { return 'refused' } }") is False
    page.get_by_role("button", name="Color mode").first.click()
    expect(page.locator("html")).to_have_attribute("data-theme", re.compile("light|dark"))
    page.keyboard.press("Control+k")
    expect(page.locator("input[type=search]:visible")).to_be_focused()
    slider = page.locator('[data-explorer="outlier-line"] input[type=range]').first
    slider.scroll_into_view_if_needed()
    slider.press("ArrowRight")


@pytest.mark.parametrize(
    "name", ["part-2/regression", "part-1/softmax", "reference/losses-at-a-glance", "reference/api", "search"]
)
def test_no_page_is_wider_than_the_screen_whatever_is_typed(name: str, open_page: OpenPage) -> None:
    page = open_page(name)
    for field in page.locator("article :is(input[type=text], input[type=search], textarea)").all():
        if field.is_visible():
            field.fill("x" * 200)
            field.press("Enter")
    for width in (320, 390, 640, 1280):
        page.set_viewport_size({"width": width, "height": 900})
        assert overflow(page) <= 0, f"{width} px"


@pytest.mark.parametrize("name", ["index", "part-2/regression", "reference/losses-at-a-glance"])
def test_page_works_from_a_server(name: str, open_page: OpenPage, server: str) -> None:
    page = open_page(name, origin=server)
    assert_typeset(page)
    for guess in page.locator(".predict-skip").all():  # what it covers is not there to be scrolled to
        guess.click()
    for explorer in page.locator("figure.explorer:has(input)").all():  # large tables load when they come near
        explorer.scroll_into_view_if_needed()
        expect(explorer).to_have_attribute("data-ready", "")


def test_what_has_the_focus_is_seen(open_page: OpenPage) -> None:
    """Whatever the Tab key reaches has a ring: the theme takes it from some of its buttons."""
    page = open_page("part-1/kl-divergence")
    reached = set()
    for _ in range(60):
        page.keyboard.press("Tab")
        name, outline, shadow = page.evaluate(
            """() => { const one = document.activeElement, { outlineStyle, boxShadow } = getComputedStyle(one);
            return [one.ariaLabel || one.innerText || one.name, outlineStyle, boxShadow]; }"""
        )
        assert outline != "none" or "px" in shadow.replace("0px 0px 0px 0px", ""), name
        reached.add(name)
    assert {"Toggle primary sidebar", "Download this page"} <= reached


def test_nothing_speaks_in_the_words_of_the_theme(site: Site) -> None:
    """And a figure stands before the code that draws it."""
    for name in site.pages:
        text = (site.folder / f"{name}.html").read_text(encoding="utf-8")
        assert not re.search("Show code cell|Hide code cell|Toggle hidden content|Click to (?:show|hide)", text), name
        assert not re.search(
            r'<details class="[^"]*\bhide\b(?:(?!</details>).)*</details>\s*<div class="cell_output', text, re.S
        ), name


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
