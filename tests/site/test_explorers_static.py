"""The static face in a real browser, from files: every explorer plays its states, with nothing but its own assets."""

from __future__ import annotations

import itertools
import math
import re
import shutil
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from lossbook.explorer import ASSETS, Choice, Explorer, Handle, Play, Slider, Toggle, subplots
from lossbook.explorer.static import externalise

sys.path.insert(0, str(Path(__file__).parents[1]))
from svg import lookup, table
from test_every_explorer import each_explorer, page, sample

SHELL = """<!doctype html><html lang="en" data-theme="light"><head><meta charset="utf-8"><title>Explorers</title>
<meta name="viewport" content="width=device-width"><link rel="stylesheet" href="explorer.css">
<script defer src="explorer.js"></script><style>body {{ margin: 15px; font-family: sans-serif;
background: var(--lb-background) }}</style></head><body><main><h1>Explorers</h1>{}</main></body></html>"""

PHONE = {"width": 390, "height": 664}
Open = Callable[..., Page]


class Tabs:
    """Pages of the browser, and what they complained of. Without options it is always the same tab, which is quick."""

    def __init__(self, browser: Browser) -> None:
        self.browser, self.complaints = browser, list[str]()
        self.plain = self.new(has_touch=True)

    def new(self, **options: object) -> Page:
        tab, say = self.browser.new_context(**options).new_page(), self.complaints.append
        tab.on("console", lambda message: say(message.text) if message.type in ("error", "warning") else None)
        tab.on("pageerror", lambda problem: say(str(problem)))
        tab.on("request", lambda request: None if request.url.startswith("file:") else say(request.url))
        return tab


@pytest.fixture(scope="module")
def tabs(browser: Browser) -> Tabs:
    return Tabs(browser)


@pytest.fixture
def show(tabs: Tabs, tmp_path: Path) -> Iterator[Open]:
    """`show(html, ...)` opens explorers as a page from a file. Errors on the console fail the test."""
    for asset in ASSETS:
        shutil.copy(asset, tmp_path)
    tabs.complaints.clear()

    def show(*figures: str, width: int = 1000, gap: int = 0, **options: object) -> Page:
        space = f'<div style="height:{gap}px"></div>'
        (tmp_path / "page.html").write_text(SHELL.format(space.join(["", *figures])), encoding="utf-8")
        one = tabs.new(**options) if options else tabs.plain
        one.set_viewport_size({"width": width, "height": 900})
        one.emulate_media(media="screen", color_scheme="light")
        one.goto((tmp_path / "page.html").as_uri())
        return one

    yield show
    assert tabs.complaints == []


def toy(name: str = "toy") -> Explorer:
    """A point that two sliders move, a choice, a toggle and a clock."""
    figure, axes = subplots()
    (point,) = axes.plot([0], [0], "o", markersize=10)
    (line,) = axes.plot([-2, 2], [0, 0])
    axes.set(xlim=(-2, 2), ylim=(-2, 2))

    def update(x: float, y: float, way: str, bold: bool, t: int) -> str:
        point.set_data([x], [y])
        line.set_ydata([-t / 9, t / 9] if way == "up" else [t / 9, -t / 9])
        line.set_linewidth(4 if bold else 2)
        return f"x = {x}, y = {y}, {way}, {'bold' if bold else 'thin'}, t = {t}"

    controls = {
        "x": Slider(-1.5, 1.5, step=0.5, value=0, label="x", unit="cm"),
        "y": Slider(-1, 1, step=0.5, value=0, label="y"),
        "way": Choice(["up", "down"], label="way"),
        "bold": Toggle(label="bold"),
        "t": Play(0, 10, step=2, label="time", interval=100),
    }
    texts = {"name": name, "caption": "Drag the point.", "alt": "A point on a line."}
    return Explorer(figure, update, controls=controls, handles=[Handle(point, x="x", y="y")], **texts)


TOY = toy().html()


def put(one: Page, name: str, state: dict[str, int]) -> None:
    """Move an explorer's inputs to a state, as a reader's events would."""
    one.evaluate(
        """([name, state]) => { for (const key in state) {
            const input = document.querySelector(`[data-explorer="${name}"] [name="${key}"]`);
            if (input.type === "checkbox") input.checked = state[key] === 1;
            else if (input.type === "range") input.value = state[key]; else input.selectedIndex = state[key];
            input.dispatchEvent(new Event("input", {bubbles: true})); } }""",
        [name, state],
    )


DRAWN = """(figure, ids) => ids.map((id) =>
    [...figure.querySelector(`[id="${id}"]`).querySelectorAll("path")].map((path) => path.getAttribute("d")))"""


def finger(one: Page, x: float, y: float, across: float, down: float, steps: int = 12) -> None:
    """A finger comes down at a point, goes on by so much in each of some steps, and leaves."""
    session = one.context.new_cdp_session(one)
    for step in range(steps + 1):
        spot = {"x": x + across * step, "y": y + down * step}
        kind = "touchMove" if step else "touchStart"
        session.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": [spot]})
    session.send("Input.dispatchTouchEvent", {"type": "touchEnd", "touchPoints": []})
    session.detach()


GRASP = """([name, key]) => {
    const handle = document.querySelector(`[id="${name}::${key}"]`), circle = handle.querySelector("circle");
    circle.scrollIntoView({ block: "center" });
    window.cancelled = 0;
    addEventListener("pointercancel", () => (window.cancelled += 1), true);
    const { left, width, top, height } = circle.getBoundingClientRect();
    const [x, y] = [left + width / 2, top + height / 2];
    const unit = handle.closest("svg").getScreenCTM().inverse();
    const [at, next] = [0, 1].map((step) => new DOMPoint(x + step, y + step).matrixTransform(unit));
    const taken = document.elementFromPoint(x, y).closest(".explorer-handle");
    return [x, y, [at.x, at.y], [next.x, next.y], taken.id, scrollY];
}"""


INDICES = """all => all.map((one) => [one.name,
    { checkbox: Number(one.checked), range: Number(one.value) }[one.type] ?? one.selectedIndex])"""


def drag_down(one: Page, html: str, key: str, steps: int = 12) -> None:
    """A finger takes a handle down in small steps: the page stays, and the last value is the nearest."""
    data, name = table(html), one.locator("figure.explorer").get_attribute("data-explorer")
    x, y, (u, v), (u1, v1), taken, before = one.evaluate(GRASP, [name, key])
    finger(one, x, y, 2, 6, steps)
    assert one.evaluate("[scrollY, window.cancelled]") == [before, 0], f"{name}, {key}: the page scrolled"
    (handle,) = (one for one in data["handles"] if taken.endswith(f"::{one['artist']}"))  # one may cover another
    state = dict(one.locator(".explorer-controls [name]").evaluate_all(INDICES))
    sizes = {key: len(texts) for key, texts in data["texts"].items()}
    to = (u + 2 * steps * (u1 - u), v + 6 * steps * (v1 - v))

    def away(indices: tuple[int, ...]) -> float:
        at, place = state | dict(zip(handle["controls"], indices, strict=True)), 0
        for control in handle["on"]:
            place = place * sizes[control] + at[control]
        return math.dist(handle["at"][place], to)

    grid = itertools.product(*(range(sizes[key]) for key in handle["controls"]))
    nearest = min(away(indices) for indices in grid)
    assert away(tuple(state[key] for key in handle["controls"])) == pytest.approx(nearest, abs=1)


def assert_it_fits(one: Page, width: int) -> None:
    """No wider than the page, letters of at least 9 px; on a phone it is all on the screen, less the site's bar.

    The screen is 844 px high, of which the browser's own bars take 180.
    """
    assert one.evaluate("document.documentElement.scrollWidth") <= width
    stage = one.locator(".explorer-stage").bounding_box()
    assert width > 390 or stage["height"] <= PHONE["height"] - 56
    sizes = one.evaluate(
        """() => [...document.querySelectorAll(".explorer-picture text")].map((text) =>
            text.getAttribute("font-size") * text.ownerSVGElement.getScreenCTM().a)"""
    )
    assert min(sizes, default=9) >= 9, f"{width} px"


@each_explorer
def test_it_fits_and_plays_its_states(name: str, show: Open) -> None:
    """Legible without sideways scrolling at both widths; readout and every drawn path as Python has them."""
    explorer, html = page(name)
    one = show(html, "", width=1280, gap=1500)
    assert_it_fits(one, 1280)
    one.set_viewport_size(PHONE)
    assert_it_fits(one, 390)
    if not explorer.controls:
        return
    figure, data, sizes = one.locator("figure.explorer"), table(html), explorer.sizes
    for state in sample(explorer):
        put(one, explorer.name, state)
        expect(figure.locator("output")).to_have_text(lookup(data["readout"], sizes, state))
        drawn = figure.evaluate(DRAWN, [f"{explorer.name}::{key}" for key in data["artists"]])
        for (key, column), paths in zip(data["artists"].items(), drawn, strict=True):
            assert paths == re.findall(r' d="([^"]+)"', lookup(column, sizes, state)), f"{state}, unit {key}"
    for handle in data["handles"]:
        figure.get_by_role("button", name="Reset").click()
        drag_down(one, html, handle["artist"])


def test_ten_explorers_on_a_page(show: Open) -> None:
    one = show(*(toy(f"toy-{number}").html() for number in range(10)))
    expect(one.locator("figure.explorer[data-ready]")).to_have_count(10)
    for number in (0, 9):
        one.locator(f'[data-explorer="toy-{number}"] input[name=x]').press("End")
    for number in range(10):
        at = "x = 1.5" if number in (0, 9) else "x = 0.0"
        expect(one.locator(f'[data-explorer="toy-{number}"] output')).to_contain_text(at)


def test_keyboard_and_spoken_value(show: Open) -> None:
    one = show(TOY)
    slider = one.get_by_label("x", exact=True)
    for key, value in (("ArrowRight", "0.5"), ("End", "1.5"), ("Home", "−1.5"), ("ArrowUp", "−1.0")):
        slider.press(key)
        expect(slider).to_have_attribute("aria-valuetext", f"{value} cm")
        expect(one.locator(".explorer-value").first).to_have_text(f"{value} cm")
    one.get_by_label("way").select_option("down")
    one.get_by_label("bold").check()
    expect(one.locator("output")).to_have_text("x = -1.0, y = 0.0, down, bold, t = 0")
    one.get_by_role("button", name="Reset").click()
    expect(one.locator("output")).to_have_text("x = 0.0, y = 0.0, up, thin, t = 0")
    expect(one.get_by_label("bold")).not_to_be_checked()
    expect(one.get_by_label("way")).to_have_value("up")


def stopped(one: Page) -> Page:
    """Stop the page's clock: its time passes when a test turns it, however busy the machine is."""
    one.clock.install(time=0)
    one.clock.pause_at(1000)
    return one


def test_play_runs_to_the_end_and_starts_again(show: Open) -> None:
    one = stopped(show(TOY, reduced_motion="no-preference"))  # in a tab of its own
    button, said = one.locator("button.explorer-play"), one.locator("output").inner_text
    one.clock.run_for(1000)
    assert said().endswith("t = 0"), "never by itself"
    button.click()
    one.clock.run_for(450)
    assert said().endswith("t = 8") and button.inner_text() == "Pause"
    one.clock.run_for(100)
    assert said().endswith("t = 10") and button.inner_text() == "Play"
    button.click()
    one.clock.run_for(250)
    assert said().endswith("t = 4") and button.inner_text() == "Pause"
    button.click()
    one.clock.run_for(1000)
    assert said().endswith("t = 4") and button.inner_text() == "Play"


def test_play_is_calm_where_motion_is_not_wanted(show: Open) -> None:
    one = stopped(show(TOY, reduced_motion="reduce"))
    one.get_by_role("button", name="Play").click()
    one.clock.run_for(450)
    expect(one.locator("output")).to_contain_text("t = 0")
    one.clock.run_for(100)
    expect(one.locator("output")).to_contain_text("t = 2")


@pytest.mark.parametrize(("width", "means"), [(1000, "mouse"), (390, "touch"), (1000, "pen")])
def test_marker_is_dragged_in_the_picture(show: Open, width: int, means: str) -> None:
    one = show(TOY, width=width, has_touch=means == "touch")
    grip = one.locator(".explorer-handle circle")
    box = one.locator(".explorer-picture svg").bounding_box()
    unit = one.evaluate("document.querySelector('.explorer-picture svg').getScreenCTM().a")
    (handle,) = table(TOY)["handles"]
    assert handle["on"] == ["x", "y"] and len(handle["at"]) == 35
    at = handle["at"][6 * 5 + 4]  # x = 1.5, y = 1
    start = grip.bounding_box()
    from_x, from_y = start["x"] + start["width"] / 2, start["y"] + start["height"] / 2
    to_x, to_y = box["x"] + at[0] * unit + 4, box["y"] + at[1] * unit - 3
    session = one.context.new_cdp_session(one)
    if means == "pen":
        for kind, x, y in (("mousePressed", from_x, from_y), ("mouseMoved", to_x, to_y), ("mouseReleased", to_x, to_y)):
            pen = {"pointerType": "pen", "button": "left", "buttons": 1, "clickCount": 1}
            session.send("Input.dispatchMouseEvent", {"type": kind, "x": x, "y": y, **pen})
    elif means == "touch":
        for kind, spots in (
            ("touchStart", [{"x": from_x, "y": from_y}]),
            ("touchMove", [{"x": (from_x + to_x) / 2, "y": (from_y + to_y) / 2}]),
            ("touchMove", [{"x": to_x, "y": to_y}]),
            ("touchEnd", []),
        ):
            session.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": spots})
    else:
        one.mouse.move(from_x, from_y)
        one.mouse.down()
        one.mouse.move(to_x, to_y, steps=3)
        one.mouse.up()
    expect(one.locator("output")).to_contain_text("x = 1.5, y = 1.0")
    expect(one.get_by_label("x", exact=True)).to_have_value("6")
    one.mouse.move(from_x, from_y)
    expect(one.locator("output")).to_contain_text("x = 1.5, y = 1.0")


def test_the_page_would_scroll_where_no_handle_is(show: Open) -> None:
    """So that the tests of dragging could fail."""
    one = show(TOY, "", width=390, gap=1500)
    one.locator("figcaption").scroll_into_view_if_needed()
    box, before = one.locator("figcaption").bounding_box(), one.evaluate("scrollY")
    finger(one, box["x"] + 9, box["y"] + 9, 0, -6)
    assert one.evaluate("scrollY") > before


def test_pointer_says_what_can_be_held_and_what_is(show: Open) -> None:
    """An open hand at rest and over a handle, a closed one while it is dragged, an open one afterwards."""
    one = show(TOY)
    cursor = "one => getComputedStyle(one).cursor"
    handle, picture = one.locator(".explorer-handle"), one.locator(".explorer-picture")
    box = handle.locator("circle").bounding_box()
    x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    assert (handle.evaluate(cursor), picture.evaluate(cursor)) == ("grab", "auto")
    one.mouse.move(x, y)
    assert handle.evaluate(cursor) == "grab"
    one.mouse.down()
    one.mouse.move(x + 30, y + 10)
    assert (handle.evaluate(cursor), picture.evaluate(cursor)) == ("grabbing", "grabbing")
    one.mouse.up()
    assert (handle.evaluate(cursor), picture.evaluate(cursor)) == ("grab", "auto")


def test_picture_and_slider_agree_when_the_reader_comes_back(show: Open, tmp_path: Path) -> None:
    """After a reload, and after "back" to a page that the browser has not kept, with a table that is loaded too."""
    (tmp_path / "elsewhere.html").write_text("<!doctype html><title>Elsewhere</title>", encoding="utf-8")
    big = TOY.replace('{"texts"', '{"padding":"' + "x" * 100_000 + '","texts"')
    for html in (TOY, externalise(big, tmp_path / "explorers", "explorers")):
        one = show(html)
        for way in ("reload", "back"):
            one.locator("input[name=x]").press("End")
            one.get_by_label("bold").check()
            one.get_by_label("way").select_option("down")
            expect(one.locator("output")).to_contain_text("x = 1.5, y = 0.0, down, bold")
            one.evaluate("addEventListener('unload', () => {})")  # which keeps the page out of the back/forward cache
            if way == "reload":
                one.reload()
            else:
                one.goto((tmp_path / "elsewhere.html").as_uri())
                one.go_back()
            expect(one.locator("figure.explorer")).to_have_attribute("data-ready", "")
            at = float(one.locator(".explorer-value").first.inner_text().removesuffix(" cm").replace("−", "-"))
            assert int(one.locator("input[name=x]").input_value()) == (at + 1.5) / 0.5
            way_now = one.get_by_label("way").input_value()
            bold = "bold" if one.get_by_label("bold").is_checked() else "thin"
            expect(one.locator("output")).to_have_text(f"x = {at}, y = 0.0, {way_now}, {bold}, t = 0")


def test_screen_reader_hears_where_controls_come_to_rest(show: Open) -> None:
    """Once after a row of moves, and once after Play; the sentence that is seen follows every move."""
    one = show(TOY)
    one.evaluate("""() => { window.spoken = []; const region = document.querySelector("[role=status]");
        new MutationObserver(() => window.spoken.push(region.textContent)).observe(region, { childList: true }); }""")
    assert one.locator("output").get_attribute("aria-live") == "off"
    seen = one.evaluate("""() => { const [slider] = document.getElementsByName("x");
        return [4, 5, 6].map((at) => { slider.value = at; slider.dispatchEvent(new Event("input", {bubbles: true}));
            return [document.querySelector("output").textContent.slice(0, 7), window.spoken.length]; }); }""")
    assert seen == [["x = 0.5", 0], ["x = 1.0", 0], ["x = 1.5", 0]]
    one.wait_for_function("window.spoken.length")
    one.get_by_role("button", name="Play").click()
    one.wait_for_function("window.spoken.length > 1")
    assert one.evaluate("window.spoken") == [f"x = 1.5, y = 0.0, up, thin, t = {t}" for t in (0, 10)]


LOOKED_AT = """(far) => new Promise((done) => new IntersectionObserver(done, { rootMargin: "600px" }).observe(far))"""


def test_large_table_loads_when_it_comes_near(show: Open, tmp_path: Path) -> None:
    html = toy("far").html()
    html = html.replace('{"texts"', '{"padding":"' + "x" * 100_000 + '","texts"')
    big = externalise(html, tmp_path / "explorers", "explorers")
    assert "explorer-table" not in big
    one = show(big, gap=5000)
    far = one.locator('[data-explorer="far"]')
    far.evaluate(LOOKED_AT)  # after the player's own observer, which is older
    assert far.get_attribute("data-ready") is None
    far.scroll_into_view_if_needed()
    expect(far).to_have_attribute("data-ready", "")
    far.locator("input[name=x]").press("End")
    expect(far.locator("output")).to_contain_text("x = 1.5")


def test_without_script_the_default_state_shows(show: Open) -> None:
    one = show(TOY, java_script_enabled=False)
    assert "x = 0.0, y = 0.0" in one.locator("output").inner_text()
    assert one.locator(".explorer-picture path").count() > 10
    assert all(field.is_disabled() for field in one.locator("input, select, button").all())


def test_figure_follows_the_theme(show: Open) -> None:
    one = show(TOY)
    text = one.locator(".explorer-picture text").first
    light = text.evaluate("text => getComputedStyle(text).fill")
    one.evaluate("document.documentElement.dataset.theme = 'dark'")
    dark = text.evaluate("text => getComputedStyle(text).fill")
    assert (light, dark) == ("rgb(32, 33, 36)", "rgb(232, 234, 237)")
    one.evaluate("delete document.documentElement.dataset.theme")
    one.emulate_media(color_scheme="dark")
    assert text.evaluate("text => getComputedStyle(text).fill") == dark


def test_paper_has_the_picture_and_no_controls(show: Open) -> None:
    one = show(TOY)
    one.emulate_media(media="print")
    expect(one.locator(".explorer-controls")).to_be_hidden()
    expect(one.locator(".explorer-picture svg")).to_be_visible()


def test_paper_has_the_default_state(show: Open) -> None:
    one = show(TOY)
    default = one.locator(".explorer-picture").inner_html()
    one.locator("input[name=x]").press("End")
    moved = one.locator(".explorer-picture").inner_html()
    assert moved != default
    one.evaluate("window.dispatchEvent(new Event('beforeprint'))")
    assert one.locator(".explorer-picture").inner_html() == default
    expect(one.locator("output")).to_contain_text("x = 0.0")
    one.evaluate("window.dispatchEvent(new Event('afterprint'))")
    assert one.locator(".explorer-picture").inner_html() == moved
    expect(one.locator("output")).to_contain_text("x = 1.5")


def test_one_explorer_twice_on_a_page(show: Open, tmp_path: Path) -> None:
    """Each has ids of its own and moves alone, with the table in the page and with a table beside it."""
    big = TOY.replace('{"texts"', '{"padding":"' + "x" * 100_000 + '","texts"')
    for html in (TOY, externalise(big, tmp_path / "explorers", "explorers")):
        one = show(html, html)
        first, second = one.locator("figure.explorer").all()
        for figure in (first, second):
            figure.scroll_into_view_if_needed()
            expect(figure).to_have_attribute("data-ready", "")
        ids = one.evaluate("[...document.querySelectorAll('[id]')].map((element) => element.id)")
        assert len(ids) == len(set(ids))
        used = one.evaluate("[...document.querySelectorAll('[clip-path]')].map((e) => e.getAttribute('clip-path'))")
        assert set(re.findall(r"#([^)]+)", " ".join(used))) <= set(ids)
        untouched = first.locator(".explorer-picture").inner_html()
        before = second.locator(".explorer-picture").inner_html()
        second.locator("input[name=x]").press("End")
        expect(second.locator("output")).to_contain_text("x = 1.5")
        expect(first.locator("output")).to_contain_text("x = 0.0")
        assert first.locator(".explorer-picture").inner_html() == untouched
        assert second.locator(".explorer-picture").inner_html() != before
