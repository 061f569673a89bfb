"""Figures travel: a link to a state of an explorer, and an explorer as one file."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from built_site import OpenPage, Site
from playwright.sync_api import Browser, Page, expect
from svg import lookup, table
from test_every_explorer import BUILDERS

PAGE, NAME = "part-2/regression", "huber-profile"


def visited(open_page: OpenPage, link: str, **options: object) -> Page:
    page = open_page(PAGE, **options)
    page.goto(page.url + link)
    page.reload()  # a link that differs in its end only loads nothing
    return page


def shown(page: Page, name: str = NAME) -> dict[str, str]:
    """What the controls of an explorer say."""
    fields = page.locator(f'[data-explorer="{name}"] .explorer-controls [name]')
    return {one.get_attribute("name"): one.get_attribute("aria-valuetext") or one.input_value() for one in fields.all()}


@pytest.mark.parametrize("width", [1280, 390])
def test_a_link_puts_the_controls_there(width: int, open_page: OpenPage) -> None:
    """In sight, with picture and readout of that state, also after a reload; and a control moves on from there."""
    page = visited(open_page, f"#{NAME}?delta=2.0&probe=-3", width=width)
    figure = page.locator(f'[data-explorer="{NAME}"]')
    expect(figure).to_have_attribute("data-ready", "")
    expect(figure.locator("output")).to_contain_text("At e = −3.0 the loss is 4.000")
    expect(figure.locator(".explorer-stage")).to_be_in_viewport(ratio=0.5)
    assert {key: text.split()[0] for key, text in shown(page).items()} == {"delta": "2.0", "probe": "−3.0"}
    expect(figure.locator(".explorer-error")).to_have_count(0)
    figure.locator("[name=delta]").press("ArrowRight")
    expect(figure.locator("output")).not_to_contain_text("the loss is 4.000")


@pytest.mark.parametrize(
    ("query", "says"),
    [
        ("delta=7", "The link asks for delta = 7, but it can be 0.1"),
        ("delta=", "The link asks for delta = , but it can be"),
        ("detla=2", "The link asks for detla, but the controls are delta"),
        ("toString=1", "The link asks for toString, but the controls are"),
        ("delta=2.0&probe=x", "The link asks for probe = x, but it can be"),
    ],
)
def test_what_a_link_cannot_have_is_said(query: str, says: str, open_page: OpenPage) -> None:
    """What it can have is put there; the message goes when the reader moves on."""
    page = visited(open_page, f"#{NAME}?{query}")
    figure = page.locator(f'[data-explorer="{NAME}"]')
    expect(figure.locator(".explorer-error")).to_contain_text(says)
    assert shown(page)["delta"].startswith("2.0" if "delta=2.0" in query else "1.0")
    figure.locator("[name=delta]").press("ArrowRight")
    expect(figure.locator(".explorer-error")).to_have_count(0)


def test_a_copied_link_comes_back_to_its_state(open_page: OpenPage) -> None:
    """Its end stands in the address, too; a second link on the page is followed without loading it again."""
    page = open_page(PAGE)
    figure = page.locator(f'[data-explorer="{NAME}"]')
    start = shown(page)
    figure.scroll_into_view_if_needed()
    expect(figure).to_have_attribute("data-ready", "")  # its table comes when the reader is near
    figure.locator("[name=delta]").press("End")
    figure.locator("[name=probe]").press("Home")
    before = shown(page)
    assert before != start
    button = figure.get_by_role("button", name="Copy link to this state of huber profile")
    button.press("Enter")
    expect(button.locator("+ [role=status]")).to_have_text(re.compile("Copied|It is in the address bar now"))
    link = page.url
    assert "?delta=" in link and "%E2" not in link, "a plain minus"
    figure.get_by_role("button", name="Reset").click()
    assert shown(page) != before
    page.goto(link.partition("#")[0] + "#summary")
    page.goto(link)
    expect(figure.locator("[name=delta]")).to_have_attribute("aria-valuetext", before["delta"])
    assert shown(page) == before


def test_a_saved_explorer_plays_alone(open_page: OpenPage, browser: Browser, site: Site, tmp_path: Path) -> None:
    """The page's link leads to the file, which `save` makes alike; from a folder of its own it asks for nothing."""
    page = open_page(PAGE)
    link = page.locator(f'[data-explorer="{NAME}"]').get_by_role("link", name="Save huber profile as a file")
    (file,) = (site.folder / PAGE).parent.glob(link.get_attribute("href"))
    made = tmp_path / "made.html"
    explorer = BUILDERS["regression.huber_profile"]()
    explorer.save(made)
    data = table(made.read_text(encoding="utf-8"))
    assert table(file.read_text(encoding="utf-8")) == data
    for one in (file, made):
        copy = tmp_path / "alone" / one.name
        copy.parent.mkdir(exist_ok=True)
        copy.write_bytes(one.read_bytes())
        page = browser.new_context().new_page()
        asked: list[str] = []
        page.on("request", lambda request, asked=asked: asked.append(request.url))
        page.goto(copy.as_uri() + f"#{NAME}?delta=2.0")
        output = page.locator("output")
        state = {
            "delta": explorer.controls["delta"].index("delta", 2.0),
            "probe": explorer.controls["probe"].start,
        }
        expect(output).to_have_text(lookup(data["readout"], explorer.sizes, state))
        page.locator("[name=delta]").press("ArrowRight")
        expect(output).to_have_text(lookup(data["readout"], explorer.sizes, state | {"delta": state["delta"] + 1}))
        expect(page.locator(".explorer-source")).to_contain_text("From Lossbook")
        assert [url for url in asked if not url.startswith(copy.as_uri())] == []
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
        page.context.close()


def test_a_figure_that_is_not_there_is_named(open_page: OpenPage) -> None:
    """In one line, gone at a click. Other addresses are left alone, and a lone per cent sign breaks nothing."""
    page, line = open_page(PAGE), lambda: page.locator(".no-figure")
    for address, says in (
        ("#huber-profil?delta=2", "This page has no figure called “huber-profil”."),
        ("#summary", None),
        ("#%", None),
        ("#loss=np.where(a?b)", None),
        (f"#{NAME}?delta=%", None),
        ("#x?", "This page has no figure called “x”."),
    ):
        page.evaluate("to => { location.hash = to; }", address)
        expect(line()).to_have_count(int(says is not None))
        if says:
            expect(line()).to_have_text(says)
    line().click()
    expect(line()).to_have_count(0)
