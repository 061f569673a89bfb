"""The weight of a page, what moves on it, and what is left of it without JavaScript, in a real browser."""

from __future__ import annotations

import re

import pytest
from built_site import OpenPage, Site, built_site
from by_turns import by_turns
from playwright.sync_api import Browser, Page, expect
from visits import visit

PAGES = built_site().pages
CHAPTERS = [name for name in PAGES if name.startswith("part-")]
HEAVIEST = 320_000  # bytes of a first visit, as gzip packs them
HEAVY = re.compile("fontawesome|mathjax|searchindex|doctools|togglebutton", re.IGNORECASE)  # scripts that are not used
ON_DEMAND = {"_static/minisearch.js", "_static/search-index.js"}
# When the search's box is opened, its files are asked for a little later: the page's own list says when they came.
LOADED = (
    "(names) => names.every((one) => performance.getEntriesByType('resource').some(({name}) => name.endsWith(one)))"
)
READING, ARRIVING = 0.02, 0.1  # the sum of all layout shifts
LINKS = [
    *(f"{name}#exercises" for name in CHAPTERS),
    "part-2/regression#huber-loss",
    "part-2/regression#mse-from-the-normal",
    "part-2/regression#question-regression-huber-at-two",
    "part-1/kl-divergence#question-kl-meaning",
    "reference/losses-at-a-glance#loss-huber",
]


@pytest.mark.parametrize(("name", "width"), by_turns(CHAPTERS, 1280, 390))
def test_a_first_visit_is_light_and_nothing_moves(
    name: str, width: int, browser: Browser, site: Site, server: str
) -> None:
    """Within its bound, without scripts that nothing uses; what the search needs comes when somebody searches.

    And nothing moves while the page is read to its end.
    """
    with visit(browser, f"{server}{name}.html", width=width) as one:
        files = one.files(site.folder, server)
        assert sum(files.values()) <= HEAVIEST, files
        assert len(files) == len(one.asked), "something was asked for that is not there"
        assert [file for file in files if file.endswith(".js") and HEAVY.search(file)] == []
        assert ON_DEMAND.isdisjoint(files)
        one.read()
        assert one.shift() <= READING, one.shifts()
        one.page.keyboard.press("Control+k")
        expect(one.page.locator("input[type=search]:visible")).to_be_focused()
        one.page.wait_for_function(LOADED, arg=sorted(ON_DEMAND))
        assert set(one.files(site.folder, server)) >= ON_DEMAND


@pytest.mark.parametrize(("place", "width"), by_turns(LINKS, 390, 1280))
def test_nothing_moves_where_a_link_leads(place: str, width: int, browser: Browser, server: str) -> None:
    """And the place stands in sight, unfolded."""
    with visit(browser, f"{server}{place.replace('#', '.html#')}", width=width) as one:
        one.page.wait_for_timeout(300)
        assert one.shift() <= ARRIVING, one.shifts()
        target = one.page.locator(f"[id='{place.partition('#')[2]}']")
        expect(target).to_be_in_viewport()
        assert target.evaluate("(one) => one.closest('details')?.open ?? true")


PLACES = """() => [...document.querySelectorAll("article h1, article h1 ~ p, .header-article-items__end")].slice(0, 3)
    .map((one) => { const { x, width, height } = one.getBoundingClientRect(); return [x, width, height]; })"""


@pytest.mark.parametrize(
    "name", ["index", "part-2/regression", "reference/losses-at-a-glance", "reference/conventions"]
)
def test_a_beginning_stands_where_it_will_stand(name: str, browser: Browser, site: Site, server: str) -> None:
    """A busy browser paints a page before all of it is read; no rule may wait for what comes later."""
    url, markup = f"{server}{name}.html", (site.folder / f"{name}.html").read_text(encoding="utf-8")
    begun = markup[: markup.index("</p>", markup.index("<h1")) + 4]
    with visit(browser, url) as one:
        whole = one.page.evaluate(PLACES)
        one.page.route(url, lambda route: route.fulfill(body=begun, content_type="text/html"))
        one.page.reload()
        first = one.page.evaluate(PLACES)
        assert len(first) >= 2 and first == whole[: len(first)]


def test_a_shift_is_found(browser: Browser, server: str) -> None:
    with visit(browser, f"{server}part-2/regression.html") as one:
        before, so_far = one.shift(), len(one.shifts())
        one.page.evaluate("() => { document.querySelector('article').style.paddingTop = '300px' }")
        one.page.wait_for_function("(so_far) => window.shifts.length > so_far", arg=so_far)
        assert one.shift() > before + ARRIVING


# ── Without JavaScript ───────────────────────────────────────────────────────────────────────────────────────────────

# What is shown and does nothing without a script. Inputs of questions do: the reader marks an answer with them.
DEAD = """() => [...document.querySelectorAll("button, input, select, textarea")]
    .filter((one) => one.checkVisibility({ visibilityProperty: true }) && one.getBoundingClientRect().width > 0)
    .filter((one) => !one.closest(".question-options, .question-field, .dropdown, .search-results form"))
    .map((one) => one.outerHTML.slice(0, 120))"""
# Formulas and pictures without a size, where nothing folds them away.
UNSEEN = """() => [...document.querySelectorAll("article :is(math, figure.explorer svg, img)")]
    .filter((one) => !one.closest("details:not([open])") && one.checkVisibility())
    .filter((one) => { const { width, height } = one.getBoundingClientRect(); return !(width > 0 && height > 0); })
    .map((one) => one.outerHTML.slice(0, 120))"""
HIDDEN = """() => [...document.querySelectorAll("article :is(p, math, figure, figcaption, li, table, pre, h2, h3)")]
    .filter((one) => !one.closest("details:not([open]), summary, .question-tally, .glance-filter, nav, [class*=print]"))
    .filter((one) => !one.closest("[class*=controls], [class*=buttons]"))
    .filter((one) => !one.closest(".predict :is(output, .predict-entry, .predict-again)"))
    .filter((one) => !one.checkVisibility())
    .map((one) => one.outerHTML.slice(0, 120))"""


@pytest.mark.parametrize("name", PAGES)
def test_a_page_reads_without_javascript(name: str, open_page: OpenPage) -> None:
    """In light colours, whatever the reader's system has."""
    page = open_page(name, java_script_enabled=False)
    word = page.locator(".without-script, .search-results noscript").first.evaluate(
        "(one) => [one.checkVisibility(), one.innerText]"
    )
    assert word[0] and "JavaScript" in word[1], "what does not work says so"
    for width in (1280, 390):
        page.set_viewport_size({"width": width, "height": 900})
        assert page.evaluate(DEAD) == []
    page.evaluate(
        "() => document.querySelectorAll('article details:not([open]) > summary').forEach((one) => one.click())"
    )
    assert page.locator("article details:not([open])").count() == 0
    for scheme in ("light", "dark"):
        page.emulate_media(color_scheme=scheme)
        assert page.evaluate(DEAD) == []
        assert page.evaluate(UNSEEN) == []
        assert page.evaluate(HIDDEN) == []
        ink, theme = page.evaluate(
            """() => { const { color } = getComputedStyle(document.body);
            const base = getComputedStyle(document.documentElement).getPropertyValue("--pst-color-text-base");
            return [color, base]; }"""
        )
        assert theme and ink != "rgb(0, 0, 0)", "the theme has its colours"
    assert page.locator("html").get_attribute("data-theme") == "light"


def test_downloads_open_without_javascript(open_page: OpenPage) -> None:
    page = open_page("part-2/regression", java_script_enabled=False)
    page.get_by_role("button", name="Download this page").focus()
    expect(page.locator("a[download], .dropdown-menu a").first).to_be_visible()


# ── Copying ──────────────────────────────────────────────────────────────────────────────────────────────────────────

COPIED = """(box) => {
    const range = new Range(), data = new DataTransfer();
    range.selectNodeContents(box);
    getSelection().removeAllRanges();
    getSelection().addRange(range);
    box.dispatchEvent(new ClipboardEvent("copy", { clipboardData: data, bubbles: true, cancelable: true }));
    return data.getData("text/plain");
}"""


def copied(page: Page, selector: str) -> str:
    return page.locator(selector).first.evaluate(COPIED)


def test_a_formula_is_copied_as_its_tex(open_page: OpenPage) -> None:
    """In a paragraph and as a display, whole, and with the words around it as they stand."""
    page = open_page("part-2/regression")
    words = copied(page, "article p:has(math)")
    assert re.search(r"\w \$[^$]+\$", words) and "annotation" not in words
    display = copied(page, "article div.math:has(math):visible")
    assert re.search(r"\$\$.+\$\$", display, re.DOTALL) and "\\" in display
    part = page.locator("article p math mi").first.evaluate(COPIED)
    assert re.fullmatch(r"\$[^$]+\$", part.strip()), "however little is marked, the formula is whole"
