"""The first page in a browser: what is in sight, the drag, the progress, the search."""

from __future__ import annotations

import itertools
import json

import pytest
from built_site import OpenPage, Site
from playwright.sync_api import Browser, Page, expect
from visits import visit

HEAVIEST = 320_000  # bytes of a first visit, as for the chapters
HANDLE = "figure[data-explorer=one-rent] .explorer-handle"


def where(page: Page) -> tuple[float, float]:
    box = page.locator(HANDLE).bounding_box()
    assert box
    return box["x"] + box["width"] / 2, box["y"] + box["height"] / 2


@pytest.mark.parametrize(("width", "height"), [(1280, 800), (390, 844)])
def test_the_first_thing_to_drag_is_in_sight_and_says_something(width: int, height: int, open_page: OpenPage) -> None:
    page = open_page("index", width=width)
    page.set_viewport_size({"width": width, "height": height})
    explorer = page.locator("figure[data-explorer=one-rent]")
    for part in (".explorer-picture", ".explorer-readout"):
        box = explorer.locator(part).bounding_box()
        assert box and box["y"] >= 0 and box["y"] + box["height"] <= height - (100 if width < 500 else 0), (
            "no scrolling"
        )
    x, y = where(page)
    page.mouse.move(x, y)
    page.mouse.down()
    page.mouse.move(x, y + 20, steps=3)
    page.mouse.move(x, y + 300, steps=3)
    page.mouse.up()
    expect(explorer.locator("output.explorer-readout")).to_contain_text("larger flats are cheaper")
    assert where(page)[1] > y and page.evaluate("scrollY") == 0


def test_progress_is_summed_and_leads_on(open_page: OpenPage, server: str) -> None:
    """From nothing over a chapter that is begun to one that is done; nothing moves, and nothing is asked of storage."""
    page = open_page("index", origin=server)
    go, done = page.locator(".front-go"), page.locator(".front-done span").first
    places = "() => [...document.querySelectorAll('.find-a-loss, .course-map, h2')].map((one) => one.offsetTop)"
    before = page.evaluate(places)
    expect(go).to_have_text("Begin: 1 Statistical view")
    data = json.loads(page.locator(".front-begin script").text_content() or "")
    ids = [chapter["questions"] for chapter in data["chapters"]]
    total = sum(map(len, ids))
    note = "(ids) => ids.forEach((id) => localStorage.setItem('lossbook:question:' + id, 'right'))"
    page.evaluate(note, [ids[3][0], ids[3][2]])
    page.evaluate("(id) => localStorage.setItem('lossbook:question:' + id, 'wrong')", ids[3][1])
    page.reload()
    expect(done).to_have_text(f"2 of {total} questions done")
    expect(go).to_have_text("Go on: 4 Softmax and sigmoid")
    assert (go.get_attribute("href") or "").endswith(f"part-1/softmax.html#question-{ids[3][1]}")
    expect(page.locator("[data-amount=softmax]")).to_have_text(f"2 of {len(ids[3])} questions done")
    assert page.evaluate(places) == before
    page.evaluate(note, ids[3])
    page.reload()
    expect(go).to_have_text("Next: 5 One recipe for any loss")
    expect(page.locator(".map-boxes [data-chapter=softmax]")).to_have_class("map-done")
    page.evaluate(note, list(itertools.chain(*ids)))
    page.reload()
    expect(done).to_have_text(f"{total} of {total} questions done")
    assert page.evaluate(places) == before


def test_the_search_is_in_sight(open_page: OpenPage, server: str) -> None:
    """Where nothing may be stored, too."""
    page = open_page("index", origin=server, storage=False)
    expect(page.locator(".front-go")).to_have_text("Begin: 1 Statistical view")
    page.get_by_label("Find a loss", exact=True).last.fill("quantile loss")
    expect(page.locator(".find-a-loss [role=option]").first).to_contain_text("Pinball")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    page.wait_for_url("**/part-2/regression.html*#pinball*")


@pytest.mark.parametrize(("name", "width"), [("index", 1280), ("index", 390), ("reference/explorers", 390)])
def test_small_pictures_come_late_and_move_nothing(
    name: str, width: int, browser: Browser, site: Site, server: str
) -> None:
    with visit(browser, f"{server}{name}.html", width=width) as one:
        files = one.files(site.folder, server)
        assert sum(files.values()) <= HEAVIEST, files
        assert len(files) == len(one.asked), "something was asked for that is not there"
        assert not any(".dark.svg" in file for file in files), "pictures of the other theme"
        one.read()
        assert one.shift() <= 0.02, one.shifts()
