""" "Your own loss" in a real browser: one page, one Python, from a link to an endless loop."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from urllib.parse import quote

import pagepython
import pytest
from accessibility import LIGHTEN, findings
from built_site import OpenPage, Site
from playwright.sync_api import Browser, Locator, Page, expect
from test_own_loss import BAD, LITERATURE, look, numbers

from lossbook.analysis.own_loss import EXAMPLES, Y
from lossbook.figures import profile

pytestmark = pytest.mark.xdist_group("own loss")
PAGE = "reference/your-own-loss"
LINKED = LITERATURE["Tukey's biweight"][0] + "\n# (it's 100% ~mine~)!*"
MINUTES = 300_000  # ms: a busy machine takes its time to start a Python
# The ten seconds that a picture may take are fewer where a test says so; and what Python answers is kept.
SHORTER = """
const soon = window.setTimeout;
window.setTimeout = (what, time, ...more) => soon(what, time === 10000 ? (window.limit ?? 30000) : time, ...more);
window.answers = [];
window.shifts = 0;
const shifted = new PerformanceObserver((list) => list.getEntries().forEach((entry) => (window.shifts += entry.value)));
shifted.observe({ type: "layout-shift", buffered: true });
window.Worker = class extends Worker {
  constructor(...all) {
    super(...all);
    this.addEventListener("message", ({ data }) => data.answer && answers.push(data.answer));
  }
};
"""


@pytest.fixture(scope="module", autouse=True)
def python(site: Site) -> None:
    try:
        pagepython.parts()
    except pagepython.Missing as problem:
        pytest.skip(f"Python for the page cannot be had here: {problem}")


@pytest.fixture(scope="module")
def asked() -> list[str]:
    return []


@pytest.fixture(scope="module")
def page(browser: Browser, server: str, asked: list[str]) -> Iterator[Page]:
    """The page from a link that carries a definition, drawn by a press; nothing is loaded before that."""
    context = browser.new_context(viewport={"width": 1280, "height": 900})
    context.add_init_script(SHORTER)
    page = context.new_page()
    complaints: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.on("pageerror", lambda problem: complaints.append(str(problem)))
    page.on("console", lambda message: message.type in ("error", "warning") and complaints.append(message.text))
    page.goto(f"{server}{PAGE}.html#loss={quote(LINKED)}")
    expect(box(page).locator("textarea")).to_have_value(LINKED)
    expect(said(page)).to_contain_text("Nothing of it has run yet")
    page.wait_for_load_state("networkidle")
    assert [address for address in asked if re.search("/python[/_]", address)] == []
    assert page.evaluate("shifts") == 0, "nothing moves when the field comes"
    draw(page)
    yield page
    context.close()
    assert complaints == []


def box(page: Page) -> Locator:
    return page.locator(".own-loss")


def said(page: Page) -> Locator:
    return box(page).locator("output")


def readout(page: Page, figure: str = "own-loss") -> Locator:
    return page.locator(f'[data-explorer="{figure}"] .explorer-readout')


def draw(page: Page, typed: str | None = None) -> None:
    button = box(page).get_by_role("button", name="Draw what you typed")
    if typed is not None:
        box(page).locator("textarea").fill(typed)
    button.click()
    expect(button).to_be_enabled(timeout=MINUTES)


def slider(page: Page, figure: str, name: str) -> Locator:
    return page.locator(f'[data-explorer="{figure}"] input[name="{name}"]')


def test_five_losses_of_the_literature_are_drawn_as_python_draws_them(page: Page) -> None:
    """What this browser's Python answered and the page shows: as the same functions answer here, and as `profile`."""
    for typed, _ in LITERATURE.values():
        draw(page, typed)
        expect(said(page)).to_have_text("Drawn below.")
        ours, theirs = look(typed), page.evaluate("answers.at(-1)")
        assert theirs["readouts"] == ours["readouts"]
        space: dict = {}
        exec("import numpy as np\n" + typed, space)
        expect(readout(page)).to_have_text(profile(space["loss"], sample=Y, name="typed").readout)
        for figure, units in ours["units"].items():
            for key, markup in units.items():
                (kept, here), (found, there) = numbers(markup), numbers(theirs["units"][figure][key])
                assert kept == found and all(abs(a - b) <= 1 for a, b in zip(here, there, strict=True))
            shown = page.evaluate(
                """([figure, keys]) => keys.map((key) => document.querySelector(
                     `[data-explorer="${figure}"] .explorer-picture [id$=":${key}"]`).innerHTML)""",
                [figure, list(units)],
            )
            for group, key in zip(shown, units, strict=True):
                assert numbers(group)[1][:60] == numbers(marked(theirs["units"][figure][key], group))[1][:60]


def marked(markup: str, group: str) -> str:
    """A unit as this view of the figure names its parts, and as the browser closes its elements."""
    prefix = re.search(r"#(own-loss(?:-fits)?::\d+:)", group)
    text = re.sub(r"#own-loss(?:-fits)?::", "#" + prefix[1], markup) if prefix else markup
    return re.sub(r"<(path|circle|use)([^>]*)/>", r"<\1\2></\1>", text)


def test_probe_and_points_move_by_keyboard(page: Page) -> None:
    draw(page, EXAMPLES["squared error"])
    probe = slider(page, "own-loss", "probe")
    probe.focus()
    for _ in range(3):
        page.keyboard.press("ArrowRight")
    expect(readout(page)).to_contain_text("At e = 1.3 the loss is 1.690 and its slope 2.600")
    expect(probe).to_have_attribute("aria-valuetext", "1.3")
    slider(page, "own-loss-fits", "point").focus()
    page.keyboard.press("Home")
    expect(slider(page, "own-loss-fits", "y")).to_have_attribute("aria-valuetext", "−1.9")
    slider(page, "own-loss-fits", "y").focus()
    page.keyboard.press("Home")
    mean = f"{(Y.sum() - 3.1) / 10:.3f}".replace("-", "−")
    expect(readout(page, "own-loss-fits")).to_contain_text(f"fits the constant {mean}")
    expect(readout(page)).to_contain_text(f"fits to the sample is {mean}.")
    page.locator('[data-explorer="own-loss-fits"]').get_by_role("button", name="Reset").click()
    expect(readout(page, "own-loss-fits")).to_contain_text("fits the constant 0.250")


def test_a_point_is_dragged(page: Page) -> None:
    draw(page, EXAMPLES["squared error"])
    handle = page.locator('[data-explorer="own-loss-fits"] .explorer-handle').nth(9)
    handle.scroll_into_view_if_needed()
    spot = handle.locator("path").bounding_box()
    assert spot
    x, y = spot["x"] + spot["width"] / 2, spot["y"] + spot["height"] / 2
    page.mouse.move(x, y)
    page.mouse.down()
    page.mouse.move(x - 30, y + 60, steps=5)
    page.mouse.up()
    expect(slider(page, "own-loss-fits", "point")).to_have_attribute("aria-valuetext", "10")
    expect(readout(page, "own-loss-fits")).not_to_contain_text("fits the constant 0.250")
    page.wait_for_function(  # Python answers a moment after the pointer has come to rest
        """([x, y]) => {
            const handles = document.querySelectorAll('[data-explorer="own-loss-fits"] .explorer-handle');
            const box = handles[9].querySelector("path").getBoundingClientRect();
            return Math.abs(box.x + 30 - x) < 6 && Math.abs(box.y - 60 - y) < 6;
        }""",
        arg=[spot["x"], spot["y"]],
    )


def test_a_bad_function_gets_the_message_of_profile_and_moves_nothing(
    page: Page, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "torch", None)  # the page has none, and another test may have loaded it here
    before = readout(page).text_content()
    for typed in BAD:
        draw(page, typed)
        expect(said(page)).to_have_text(look(typed)["error"])
    draw(page, "def loss(e)\n    return e")
    expect(said(page).locator("pre")).to_contain_text("SyntaxError: expected ':'")
    draw(page, "def loss(e):\n    return np.ones(10**10) + [0] * 10**9")
    expect(said(page)).to_contain_text("Error")
    assert readout(page).text_content() == before


def test_a_worked_example_is_chosen_and_a_link_made(page: Page) -> None:
    box(page).get_by_label("Start from").select_option("LINEX")
    expect(readout(page)).to_contain_text("density it implies is 0.368", timeout=MINUTES)
    expect(box(page).locator("textarea")).to_have_value(EXAMPLES["LINEX"])
    box(page).locator("textarea").fill(LINKED)
    box(page).get_by_role("button", name="Put your definition into the address").click()
    address = page.url
    box(page).locator("textarea").fill("something else")
    page.evaluate("(address) => { location.hash = '#'; location.href = address; }", address)
    expect(box(page).locator("textarea")).to_have_value(LINKED)


@pytest.mark.parametrize("dark", [False, True])
def test_the_live_pictures_have_no_findings_and_fit_a_phone(dark: bool, page: Page) -> None:
    page.set_viewport_size({"width": 390, "height": 844})
    page.emulate_media(color_scheme="dark" if dark else "light")
    page.evaluate(LIGHTEN)
    assert findings(page, "article.bd-article", structure=not dark) == []
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    page.set_viewport_size({"width": 1280, "height": 900})


def test_nobody_but_this_site_was_asked(page: Page, asked: list[str], server: str) -> None:
    assert any("numpy" in address for address in asked)
    assert [address for address in asked if not address.startswith((server, f"blob:{server}", "data:"))] == []


def test_an_endless_loop_is_ended(page: Page) -> None:
    """The last test of this page: nobody waits for the Python that starts anew."""
    page.evaluate("window.limit = 1500")
    draw(page, "def loss(e):\n    while True:\n        pass")
    expect(said(page)).to_contain_text("It had not finished after 10 seconds. Is there a loop that never ends?")


def test_from_a_file_it_says_why_not_and_shows_the_examples(open_page: OpenPage) -> None:
    page = open_page(PAGE)
    draw(page, EXAMPLES["Huber"])
    expect(said(page)).to_contain_text("opened from a file")
    page.locator('[data-explorer="own-loss"] select').select_option("Cauchy")
    expect(readout(page)).to_contain_text("its slope 0.667")
