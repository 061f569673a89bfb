"""Guess, then move, and challenges, in a real browser: the guess beside what happened, the goal when it is reached."""

from __future__ import annotations

import re
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from accessibility import LIGHTEN, findings
from playwright.sync_api import Browser, Page, expect
from visits import SHIFTS

ROOT = Path(__file__).parents[2]
CONF = """
import sys
sys.path.insert(0, {ext!r})
import lossbook.figures
lossbook.figures.__path__.append({here!r})
extensions = ["myst_nb", "mathematics", "sphinx.ext.autodoc", "sphinx_copybutton", "lossbook_site", "predict"]
myst_enable_extensions = ["dollarmath"]
nb_execution_mode = "off"
language = "en-GB"
html_theme = "sphinx_book_theme"
html_theme_options = dict(navbar_persistent=[], navbar_end=[], back_to_top_button=False)
html_static_path = [{static!r}, {explorer!r}]
html_js_files = ["explorer.js"]
html_css_files = ["explorer.css"]
html_math_renderer = "temml"
"""
TOY = """
from lossbook.explorer import Challenge, Choice, Explorer, Predict, Slider, subplots

def build(name, **moments):
    figure, axis = subplots()
    (point,) = axis.plot([0], [0], "o")
    axis.set(xlim=(-1, 5), ylim=(-1, 5))
    def update(x: float, way: str) -> str:
        point.set_data([x], [x if way == "up" else 0])
        return f"x = {x}, {way}"
    controls = {"x": Slider(0, 4, step=1, value=0, label="x", unit="g"), "way": Choice(["up", "flat"], label="way")}
    return Explorer(figure, update, name=name, controls=controls, caption="Move.", alt="A point.", **moments)

def number() -> Explorer:
    goal = Challenge("Make $x^2$ at least 9, going up.", lambda x, way: x * x >= 9 and way == "up")
    return build("toy-number", challenge=goal, predict=Predict(1002.25, "The mean is $1002.25$ g.", unit="g"))

def choice() -> Explorer:
    return build("toy-choice", predict=Predict("It falls.", "It falls.", options=["It rises: $x$.", "It falls."]))

def place() -> Explorer:
    return build("toy-place", predict=Predict(3, "At three.", control="x"))
"""
NAMES = ("number", "choice", "place")
pytestmark = pytest.mark.xdist_group("moments")  # one build is enough


def build(source: Path, builder: str) -> Path:
    target, read = source.parent / builder, source.parent / "read"  # what one builder has read serves another
    command = [sys.executable, "-m", "sphinx", "-q", "-n", "-W", "--keep-going", "-d", read, "-b", builder]
    run = subprocess.run(list(map(str, [*command, source, target])), capture_output=True, text=True)
    assert run.returncode == 0 and not run.stderr, run.stderr
    return target


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("moments") / "source"
    folder.mkdir()
    book = ROOT / "book"
    values = {"ext": book / "_ext", "here": folder, "static": book / "_static", "explorer": ROOT / "lossbook/explorer"}
    (folder / "conf.py").write_text(CONF.format(**{key: str(path) for key, path in values.items()}))
    (folder / "toy_moments.py").write_text(TOY)
    space: dict[str, Any] = {}
    exec(TOY, space)
    parts = [
        f"```{{predict}} toy-{name}\nHow far does $x$ move, {name}?\n```\n\n"
        f"```{{raw}} html\n{space[name]().html()}\n```\n"
        for name in NAMES
    ]
    (folder / "index.md").write_text("\n".join(["# Moments\n", *parts]), encoding="utf-8")
    return folder


@pytest.fixture(scope="module")
def html(source: Path) -> Path:
    return build(source, "html")


@pytest.fixture
def open_moments(browser: Browser, html: Path) -> Iterator[Callable[..., Page]]:
    contexts, complaints = [], []

    def open_moments(*, width: int = 1280, script: str = "", slow: float = 0, **options: Any) -> Page:
        context = browser.new_context(viewport={"width": width, "height": 900}, **options)
        contexts.append(context)
        if script:
            context.add_init_script(script)
        if slow:  # the scripts arrive this many seconds late
            context.route(re.compile("predict|question"), lambda route: (time.sleep(slow), route.continue_()))
        page = context.new_page()
        page.on("pageerror", lambda problem: complaints.append(str(problem)))
        page.on("request", lambda request: request.url.startswith(("file:", "data:")) or complaints.append(request.url))
        page.goto((html / "index.html").as_uri())
        return page

    yield open_moments
    for context in contexts:
        context.close()
    assert complaints == []


def parts(page: Page, name: str) -> tuple[Any, Any, Any]:
    form = page.locator(f"#predict-toy-{name}")
    return form, form.locator("output"), page.locator(f'figure[data-explorer="toy-{name}"]')


def test_a_number_stands_beside_what_happened_and_how_far_off(open_moments: Callable[..., Page]) -> None:
    page = open_moments()
    form, output, figure = parts(page, "number")
    expect(figure).to_be_hidden()
    expect(output).to_have_text("Covered until you guess or skip: the figure below and what it shows.")
    for typed, said in (("", "a number"), ("heavy", "heavy")):
        form.get_by_label("Your guess").fill(typed)
        form.get_by_role("button", name="Guess and open").click()
        expect(output).to_contain_text(said)
        expect(figure).to_be_hidden()
    form.get_by_label("Your guess").fill("1000")
    form.get_by_label("Your guess").press("Enter")
    expect(figure).to_be_visible()
    expect(output).to_contain_text("You guessed 1000 g; it is 1002.25 g. Your guess is 2.25 g too low.")
    expect(output.locator("math")).to_have_count(1)
    expect(form.get_by_role("button", name="Guess again")).to_be_focused()
    page.reload()
    expect(figure).to_be_visible()
    expect(output).to_contain_text("2.25 g too low")
    form.get_by_role("button", name="Guess again").click()
    expect(figure).to_be_hidden()
    expect(form.get_by_label("Your guess")).to_have_value("")
    expect(form.get_by_label("Your guess")).to_be_focused()
    for typed, said in (("1010", "7.75 g too high"), ("2004.5/2", "Your guess is right.")):
        form.get_by_label("Your guess").fill(typed)
        form.get_by_label("Your guess").press("Enter")
        expect(output).to_contain_text(said)
        form.get_by_role("button", name="Guess again").click()
    page.reload()
    expect(figure).to_be_hidden()


def test_a_letter(open_moments: Callable[..., Page]) -> None:
    page = open_moments()
    form, output, figure = parts(page, "choice")
    form.get_by_role("button", name="Guess and open").click()
    expect(figure).to_be_hidden()
    form.get_by_role("radio", name="A)").check()
    form.get_by_role("button", name="Guess and open").click()
    expect(output).to_contain_text("You guessed A; it is B.")
    expect(figure).to_be_visible()
    page.reload()
    expect(form.get_by_role("radio", name="A)")).to_be_checked()
    expect(output).to_contain_text("You guessed A; it is B.")
    form.get_by_role("button", name="Guess again").click()
    form.get_by_role("radio", name="B)").check()
    form.get_by_role("button", name="Guess and open").click()
    expect(output).to_contain_text("You guessed B, and so it is.")


def test_a_place_and_the_figure_at_both(open_moments: Callable[..., Page]) -> None:
    page = open_moments()
    form, output, figure = parts(page, "place")
    slider = form.get_by_role("slider")
    slider.focus()
    page.keyboard.press("ArrowRight")
    expect(slider).to_have_attribute("aria-valuetext", "1 g")
    form.get_by_role("button", name="Guess and open").click()
    expect(output).to_contain_text("x: you guessed 1 g; found 3 g.")
    for button, x in (("Show your guess", "1"), ("Show what was found", "3")):
        form.get_by_role("button", name=button).click()
        expect(figure.locator(".explorer-readout")).to_contain_text(f"x = {x}")


@pytest.mark.parametrize("script", ["", "delete Window.prototype.localStorage"])
def test_skipping_opens_and_needs_no_storage(open_moments: Callable[..., Page], script: str) -> None:
    page = open_moments(script=script)
    form, output, figure = parts(page, "number")
    form.get_by_role("button", name="Skip").click()
    expect(figure).to_be_visible()
    expect(output).to_have_text("Skipped: the figure is open.")
    if not script:
        page.reload()
        expect(figure).to_be_visible()
    form.get_by_role("button", name="Guess again").click()
    expect(figure).to_be_hidden()


def test_what_was_kept_and_fits_no_longer_is_ignored(open_moments: Callable[..., Page]) -> None:
    kept = {"number": "heavy", "choice": '"]C', "place": "77"}
    script = "".join(f"localStorage.setItem('lossbook:predict:toy-{n}', '{value}');" for n, value in kept.items())
    page = open_moments(script=script)
    for name in NAMES:
        expect(parts(page, name)[2]).to_be_hidden()


STILL = 0.02  # the sum of all layout shifts, as in test_light
KEPT = {"number": "1000", "choice": "A", "place": "1"}


@pytest.mark.parametrize("kept", [{}, KEPT, dict.fromkeys(NAMES, "skipped")], ids=["first", "returning", "skipped"])
@pytest.mark.parametrize("scripts", [True, False])
def test_nothing_moves_when_the_page_arrives(
    open_moments: Callable[..., Page], kept: dict[str, str], scripts: bool
) -> None:
    """From the first paint a figure is covered, or open where it was opened before; the script comes late here."""
    keep = "".join(f"localStorage.setItem('lossbook:predict:toy-{n}', '{value}');" for n, value in kept.items())
    page = open_moments(script=keep + SHIFTS, slow=0.3, java_script_enabled=scripts)
    page.wait_for_timeout(300)
    for name in NAMES:
        expect(parts(page, name)[2]).to_be_visible(visible=bool(kept) or not scripts)
    if scripts:
        shifts = page.evaluate("() => window.shifts")
        assert sum(value for value, _ in shifts) <= STILL, shifts


def test_the_challenge_notices_when_it_is_reached(open_moments: Callable[..., Page]) -> None:
    page = open_moments()
    form, _, figure = parts(page, "number")
    form.get_by_role("button", name="Skip").click()
    status = figure.locator(".explorer-met")
    expect(figure.locator(".explorer-challenge math")).to_have_count(1)
    expect(status).to_have_text("Not reached yet.")
    expect(status).to_have_role("status")
    slider = figure.get_by_role("slider")
    for x, met in enumerate((False, False, True, True), 1):
        slider.press("ArrowRight")
        expect(status).to_contain_text("✓ Reached: " if met else "Not reached yet.")
        assert f"x = {x}" in figure.locator(".explorer-readout").inner_text()
    figure.get_by_role("combobox").select_option("flat")
    expect(status).to_contain_text("Reached before; this state does not")
    figure.get_by_role("button", name="Reset").click()
    expect(status).to_contain_text("Reached before; this state does not")
    expect(parts(page, "choice")[2].locator(".explorer-challenge")).to_have_count(0)


def test_without_a_script_a_question_and_an_open_figure(open_moments: Callable[..., Page]) -> None:
    page = open_moments(java_script_enabled=False)
    for name in NAMES:
        form, _, figure = parts(page, name)
        expect(form).to_contain_text(f", {name}?")
        expect(figure).to_be_visible()
        assert not form.locator("button, input, select").evaluate_all("all => all.some(one => one.checkVisibility())")
    expect(page.locator(".predict-options li")).to_have_count(2)


def test_on_paper_a_question_and_the_picture(open_moments: Callable[..., Page]) -> None:
    page = open_moments()
    page.emulate_media(media="print")
    for name in NAMES:
        form, output, figure = parts(page, name)
        expect(form).to_contain_text(f", {name}?")
        expect(figure).to_be_visible()
        expect(output).to_be_hidden()
        assert not form.locator("button, input, select").evaluate_all("all => all.some(one => one.checkVisibility())")


def test_other_builders_print_text(source: Path, html: Path) -> None:
    text = (build(source, "text") / "index.txt").read_text(encoding="utf-8")
    for name in NAMES:
        assert f", {name}?" in text
    assert "B) It falls." in text and "1002" not in text


@pytest.mark.parametrize("dark", [False, True])
@pytest.mark.parametrize("width", [1280, 390])
def test_everyone_can_use_them(open_moments: Callable[..., Page], width: int, dark: bool) -> None:
    page = open_moments(width=width, color_scheme="dark" if dark else "light")
    page.evaluate(LIGHTEN)
    for name in NAMES:
        assert findings(page, f"#predict-toy-{name}") == []
        form, _, figure = parts(page, name)
        if name == "place":
            form.get_by_role("button", name="Guess and open").click()
        else:
            form.get_by_role("button", name="Skip").click()
        expect(figure).to_be_visible()
        assert findings(page, f"#predict-toy-{name}") == []
        assert findings(page, f'figure[data-explorer="toy-{name}"]') == []
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
