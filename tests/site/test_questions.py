"""The forms of the questions in a real browser: they say what `check` says, and everyone can use them."""

from __future__ import annotations

import importlib.util
import itertools
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from accessibility import LIGHTEN, findings
from playwright.sync_api import Browser, Locator, Page, expect
from typed_numbers import TYPED

from lossbook.exercises import Choice, Exercise, Numeric, Order, chapters, check, exercises
from lossbook.exercises.reading import TEXTS
from lossbook.exercises.session import HEADINGS

ROOT = Path(__file__).parents[2]
BOOK = ROOT / "book"
CONF = """
import sys
sys.path.insert(0, {ext!r})
extensions = ["myst_nb", "mathematics", "sphinx.ext.autodoc", "sphinx_copybutton", "lossbook_site", "question"]
myst_enable_extensions = ["dollarmath"]
nb_execution_mode = "off"
language = "en-GB"
html_theme = "sphinx_book_theme"
html_theme_options = dict(navbar_persistent=[], navbar_end=[], back_to_top_button=False)
html_static_path = [{static!r}]
html_math_renderer = "temml"
"""
CHAPTER = chapters()["regression"]
pytestmark = pytest.mark.xdist_group("questions")  # one build is enough


def sphinx(source: Path, builder: str, *options: str) -> Path:
    """Build the little book with warnings as errors; the folder of what was built."""
    target = source.parent / builder
    command = [
        sys.executable,
        "-m",
        "sphinx",
        "-q",
        "-n",
        "-W",
        "--keep-going",
        *options,
        "-b",
        builder,
        str(source),
        str(target),
    ]
    run = subprocess.run(command, capture_output=True, text=True)
    assert run.returncode == 0 and not run.stderr, run.stderr
    return target


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A book of two pages: one chapter's exercises to be used, and every exercise that there is."""
    folder = tmp_path_factory.mktemp("questions") / "source"
    folder.mkdir()
    (folder / "conf.py").write_text(CONF.format(ext=str(BOOK / "_ext"), static=str(BOOK / "_static")), encoding="utf-8")
    for name, ids in (("index", CHAPTER), ("every", exercises())):
        questions = [f"```{{question}} {id}\nHow large is $x_{{{n}}}$?\n```\n" for n, id in enumerate(ids)]
        (folder / f"{name}.md").write_text(
            "\n".join(["---\norphan: true\n---\n# Questions\n", *questions]), encoding="utf-8"
        )
    return folder


@pytest.fixture(scope="module")
def html(source: Path) -> Path:
    return sphinx(source, "html")


@pytest.fixture
def open_questions(browser: Browser, html: Path) -> Iterator[Callable[..., Page]]:
    """Opens the page from its file. It may ask for nothing but files, and may not complain."""
    contexts, complaints = [], []

    def open_questions(
        name: str = "index", *, width: int = 1280, dark: bool = False, script: str = "", **options: Any
    ) -> Page:
        scheme = "dark" if dark else "light"
        context = browser.new_context(viewport={"width": width, "height": 900}, color_scheme=scheme, **options)
        contexts.append(context)
        if script:
            context.add_init_script(script)
        page = context.new_page()
        page.on("pageerror", lambda problem: complaints.append(str(problem)))
        page.on("request", lambda request: request.url.startswith(("file:", "data:")) or complaints.append(request.url))
        page.goto((html / f"{name}.html").as_uri())
        return page

    yield open_questions
    for context in contexts:
        context.close()
    assert complaints == []


@pytest.fixture
def page(open_questions: Callable[..., Page]) -> Page:
    return open_questions()


def form(page: Page, exercise: Exercise) -> Locator:
    return page.locator(f'form.question[data-question="{exercise.id}"]')


def first(kind: type[Exercise], wanted: Callable[[Any], bool] = lambda _: True) -> Any:
    return next(each for each in CHAPTER.values() if isinstance(each, kind) and wanted(each))


# ── The same judgement as in the notebook ────────────────────────────────────────────────────────────────────────────


def test_numbers_are_read_as_in_the_notebook(page: Page) -> None:
    read = page.evaluate("texts => texts.map((text) => parseNumber(text))", list(TYPED))
    for (text, meant), (value, key, piece) in zip(TYPED.items(), read, strict=True):
        if isinstance(meant, tuple):
            assert (key, piece) == meant, text
        else:
            assert (value, key) == (pytest.approx(meant, rel=1e-15, abs=0), ""), text


def answers(exercise: Exercise) -> list[Any]:
    """Answers of every sort: right, each known mistake, and others."""
    if isinstance(exercise, Numeric):
        known = [exercise.value, *exercise.slips.values(), exercise.value + 0.9 * exercise.margin, 123456.5]
        known += [m.wrong + sign * exercise.reach(m) for m in exercise.mistakes for sign in (-0.99, 0.99, 1.01)]
        known += [exercise.value + 9.9 * exercise.margin, exercise.value - 10.1 * exercise.margin]
        return [repr(float(value)) for value in [*known, *(m.wrong for m in exercise.mistakes)]] + ["", "ln x", "1/0"]
    if isinstance(exercise, Choice):
        sizes = range(len(exercise.named) + 1) if exercise.several else (0, 1)
        return [list(some) for size in sizes for some in itertools.combinations(exercise.named, size)]
    assert isinstance(exercise, Order)
    return [list(some) for some in itertools.islice(itertools.permutations(exercise.shuffled), 120)]


JUDGE = """(form, answers) => answers.map((answer) => {
    const { kind } = form.dataset;
    if (kind === "numeric") form.querySelector("input").value = answer;
    if (kind === "choice")
        form.querySelectorAll("input").forEach((box) => { box.checked = answer.includes(box.value); });
    if (kind === "order") {
        const steps = form.querySelector(".question-steps");
        answer.forEach((letter) => steps.append(steps.querySelector(`[data-letter="${letter}"]`)));
    }
    return JUDGES[kind](form, dataOf(form));
})"""


def test_the_page_says_what_check_says(open_questions: Callable[..., Page]) -> None:
    """For right answers, every known mistake and others: one status, and one set of texts."""
    spec = importlib.util.spec_from_file_location("question", BOOK / "_ext" / "question.py")
    assert spec and spec.loader
    question = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(question)
    page, judged = open_questions("every"), 0
    for exercise in exercises().values():
        if not isinstance(exercise, Numeric | Choice | Order):
            continue
        handed_in = answers(exercise)
        for answer, (status, messages) in zip(handed_in, form(page, exercise).evaluate(JUDGE, handed_in), strict=True):
            result = check(exercise.id, answer if isinstance(answer, str) else "".join(answer))
            assert status == result.status, (exercise.id, answer)
            own = question.feedback(exercise)
            shown = [own[each] if isinstance(each, str) else TEXTS[each["text"]].format(**each) for each in messages]
            assert status == "not attempted" or shown == list(result.messages), (exercise.id, answer)
            judged += 1
    assert judged > 100


# ── As a reader meets it ─────────────────────────────────────────────────────────────────────────────────────────────


def test_a_number_by_keyboard_alone(page: Page) -> None:
    exercise = first(Numeric, lambda each: "$" in each.mistakes[0].hint)
    box = form(page, exercise)
    box.get_by_label("Your answer").focus()
    page.keyboard.type(str(exercise.mistakes[0].wrong))
    page.keyboard.press("Enter")
    output = box.locator("output")
    assert output.get_attribute("aria-live") == "polite"
    assert output.locator("strong").inner_text() == HEADINGS["wrong"]
    output.locator("math").first.wait_for()
    page.keyboard.press("Control+a")
    page.keyboard.type("two")
    page.keyboard.press("Tab")
    page.keyboard.press("Space")
    assert "“two”" in output.inner_text()
    box.get_by_label("Your answer").fill(repr(exercise.value))
    box.get_by_role("button", name="Check").click()
    assert output.locator("strong").inner_text() == HEADINGS["right"]
    assert box.get_attribute("data-progress") == "right"


def test_options_are_native_and_typeset(page: Page) -> None:
    exercise = first(Choice, lambda each: not each.several and any("$" in option.text for option in each.options))
    box = form(page, exercise)
    assert box.get_by_role("radio").count() == len(exercise.options)
    assert box.locator("label math").count() > 0
    assert exercise.title in box.get_by_role("group").first.locator("legend").inner_text()
    box.get_by_role("button", name="Check").click()
    assert box.locator("output").inner_text().endswith(TEXTS["choose"])
    box.get_by_role("radio").first.focus()
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    assert box.locator("output strong").inner_text() in (HEADINGS["right"], HEADINGS["wrong"])
    assert form(page, first(Choice, lambda each: each.several)).get_by_role("checkbox").count() > 0


def test_steps_are_ordered_by_keyboard(page: Page) -> None:
    exercise = first(Order)
    box = form(page, exercise)
    letter = {name: letter for letter, name in exercise.shuffled.items()}
    for place, name in enumerate(exercise.steps):
        up = box.get_by_role("button", name=f"Move step {letter[name]} up")
        up.focus()
        for _ in exercise.steps:
            if box.locator("[data-letter]").nth(place).get_attribute("data-letter") == letter[name]:
                break
            page.keyboard.press("Enter")
            assert up.evaluate("button => button === document.activeElement")
            assert "Moved to place" in box.locator("output").inner_text()
    box.get_by_role("button", name="Check").click()
    assert box.locator("output strong").inner_text() == HEADINGS["right"]


def test_hints_come_one_by_one_and_the_solution_is_there(page: Page) -> None:
    exercise = first(Exercise, lambda each: len(each.hints) == 2 and each.solution)
    box = form(page, exercise)
    one, two = box.locator(".question-hint").all()
    assert one.is_visible() and not two.is_visible()
    one.locator("summary").click()
    two.locator("summary").wait_for(state="visible")
    assert box.locator(".question-solution").is_visible()


def test_code_shows_starter_checker_and_the_tested_solution(page: Page) -> None:
    exercise = first(Exercise, lambda each: each.kind == "code")
    box = form(page, exercise)
    assert box.locator("fieldset .highlight").inner_text().strip() == exercise.starter_code
    assert f'check("{exercise.id}", {exercise.reference.__name__})' in box.inner_text()
    solution = box.locator(".question-solution")
    assert not solution.locator(".highlight").is_visible()
    solution.locator("summary").click()
    assert solution.locator(".highlight pre").inner_text().strip() == exercise.code


# ── Progress ─────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_progress_stays_and_is_cleared_on_request(page: Page) -> None:
    exercise = first(Numeric)
    box, tally = form(page, exercise), page.locator(".question-tally output")
    assert tally.inner_text().startswith(f"0 of {len(CHAPTER)} done")
    box.get_by_label("Your answer").fill(repr(exercise.value))
    box.get_by_role("button", name="Check").click()
    assert tally.inner_text().startswith(f"1 of {len(CHAPTER)} done")
    page.evaluate("() => localStorage.setItem('another', 'kept')")
    page.reload()
    assert tally.inner_text().startswith(f"1 of {len(CHAPTER)} done")
    assert box.get_attribute("data-progress") == "right"
    page.evaluate("() => localStorage.setItem('lossbook:question:softmax-odds', 'right')")
    asked: list[str] = []
    page.once("dialog", lambda dialog: (asked.append(dialog.message), dialog.dismiss()))
    page.get_by_role("button", name="Clear this page").click()
    assert f"to the {len(CHAPTER)} questions on this page" in asked[0] and "Other chapters keep theirs" in asked[0]
    assert tally.inner_text().startswith("1 of"), "who says no keeps all"
    box.get_by_label("Your answer").fill("12345")
    page.once("dialog", lambda dialog: dialog.accept())
    page.get_by_role("button", name="Clear this page").click()
    assert tally.inner_text().startswith("0 of") and "cleared" in tally.inner_text()
    assert box.get_by_label("Your answer").input_value() == ""
    page.reload()
    assert tally.inner_text().startswith("0 of")
    assert page.evaluate("() => localStorage.getItem('another')") == "kept"
    assert page.evaluate("() => localStorage.getItem('lossbook:question:softmax-odds')") == "right"


def test_one_question_can_be_cleared(page: Page) -> None:
    """Field, options, order, hints, what was said and what is noted; the others keep theirs."""
    number, choice, order = (form(page, first(kind)) for kind in (Numeric, Choice, Order))
    offered = order.locator("[data-letter]").evaluate_all("steps => steps.map((step) => step.dataset.letter)")
    number.get_by_label("Your answer").fill("1")
    choice.locator("input").first.check()
    order.get_by_role("button", name=f"Move step {offered[0]} down").click()
    order.locator(".question-hint summary").first.click()
    for box in (number, choice, order):
        assert box.get_by_role("button", name="Clear").count() == 0, "nothing to clear yet"
        box.get_by_role("button", name="Check").click()
    for box in (choice, order):
        box.get_by_role("button", name="Clear").click()
        assert box.locator("output").inner_text() == "" and box.get_attribute("data-progress") == ""
        assert box.get_by_role("button", name="Clear").count() == 0
    assert choice.locator("input:checked").count() == 0
    assert order.locator("[data-letter]").evaluate_all("steps => steps.map((step) => step.dataset.letter)") == offered
    assert order.locator("details[open]").count() == 0 and order.locator(".question-hint:visible").count() == 1
    assert number.get_by_label("Your answer").input_value() == "1" and number.locator("output").inner_text()
    page.reload()
    assert choice.get_attribute("data-progress") == "" and number.get_attribute("data-progress") == "wrong"


def test_what_cannot_be_read_is_not_tried_and_never_widens_the_page(page: Page) -> None:
    box = form(page, first(Numeric))
    for typed in ("abc", "1/0", "inf", "x" * 150, "x" * 5000, "1" * 5000):
        box.get_by_label("Your answer").fill(typed)
        box.get_by_role("button", name="Check").click()
        assert box.locator("output strong").inner_text() == HEADINGS["not read"], typed
        for width in (1280, 390):
            page.set_viewport_size({"width": width, "height": 900})
            assert page.evaluate("() => document.documentElement.scrollWidth") <= width
    assert page.locator(".question-tally output").inner_text() == f"0 of {len(CHAPTER)} done, 0 tried."


def test_a_browser_that_stores_nothing(open_questions: Callable[..., Page]) -> None:
    forbidden = "Object.defineProperty(window, 'localStorage', {get() { throw new DOMException('no'); }});"
    page = open_questions(script=f"addEventListener('DOMContentLoaded', () => {{ {forbidden} }}, true);")
    exercise = first(Numeric)
    form(page, exercise).get_by_label("Your answer").fill(repr(exercise.value))
    form(page, exercise).get_by_role("button", name="Check").click()
    assert page.locator(".question-tally output").inner_text().startswith("1 of")
    form(page, exercise).get_by_role("button", name="Clear").click()
    assert page.locator(".question-tally output").inner_text().startswith("0 of")
    page.once("dialog", lambda dialog: dialog.accept())
    page.get_by_role("button", name="Clear this page").click()
    assert "cleared" in page.locator(".question-tally output").inner_text()


# ── For everyone ─────────────────────────────────────────────────────────────────────────────────────────────────────


def test_it_reads_without_a_script(open_questions: Callable[..., Page]) -> None:
    page = open_questions(java_script_enabled=False)
    box = form(page, first(Choice))
    assert "How large is" in box.inner_text() and first(Choice).options[0].text.split("$")[0] in box.inner_text()
    assert box.locator("button:visible").count() == 0
    for part in box.locator("details").all():
        part.locator("summary").click()
        assert part.locator("p").first.is_visible()


def test_no_accessibility_findings(open_questions: Callable[..., Page]) -> None:
    page = open_questions()
    for kind in (Numeric, Choice, Order):
        form(page, first(kind)).get_by_role("button", name="Check").click()
    page.evaluate("() => document.querySelectorAll('.question details').forEach((box) => { box.open = true; })")
    hints = page.locator(".question-hint").filter(visible=True)  # each shows the next when it opens
    expect(hints).to_have_count(sum(len(each.hints) for each in CHAPTER.values()))
    for width in (1280, 390):
        page.set_viewport_size({"width": width, "height": 900})
        assert page.evaluate("() => document.documentElement.scrollWidth") <= width
    page.evaluate(LIGHTEN)
    for width, theme in ((390, "light"), (390, "dark"), (1280, "dark"), (1280, "light")):
        page.set_viewport_size({"width": width, "height": 900})
        page.emulate_media(color_scheme=theme)
        page.wait_for_function(f"document.documentElement.dataset.theme === '{theme}'")
        structure = (width, theme) in {(390, "light"), (1280, "dark")}  # which sees no colours: once at each width
        assert findings(page, ".bd-article", structure=structure) == [], f"{width} px, {theme}"


def test_other_builders_print_text(source: Path) -> None:
    latex = next(sphinx(source, "latex", "-D", "exclude_patterns=every.md").glob("*.tex")).read_text(encoding="utf-8")
    exercise = first(Choice)
    for words in (exercise.title, exercise.task, "How large is", "a) ", "Hint 1 of 2", "Solution"):
        assert words in latex


def test_an_unknown_id_fails_the_build(tmp_path: Path, source: Path) -> None:
    (tmp_path / "conf.py").write_text((source / "conf.py").read_text(encoding="utf-8"), encoding="utf-8")
    (tmp_path / "index.md").write_text("# T\n\n```{question} regression-huber-at-too\nWhat?\n```\n", encoding="utf-8")
    with pytest.raises(
        AssertionError, match=r"no exercise is called 'regression-huber-at-too'.*regression-huber-at-two"
    ):
        sphinx(tmp_path, "dummy")
