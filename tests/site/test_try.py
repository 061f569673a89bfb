"""Code run in the page, in a real browser: one Python judges all answers that can be typed, and runs marked cells."""

from __future__ import annotations

import html
import json
import re
from collections.abc import Iterator

import pagepython
import pytest
from accessibility import LIGHTEN, findings
from built_site import OpenPage, Site
from playwright.sync_api import Browser, Locator, Page, expect

from lossbook.exercises import Code, exercises

pytestmark = pytest.mark.xdist_group("try")
CODES = {id: exercise for id, exercise in exercises().items() if isinstance(exercise, Code)}
PINBALL = CODES["regression-pinball-code"]
MSE = CODES["regression-mse-code"]
HEAD = "def pinball_loss(prediction, target, quantile):\n"
SWAPPED = HEAD + "    e = prediction - target\n    return np.maximum(quantile * e, (quantile - 1) * e)\n"
LOOP = HEAD + "    while len(target) == 3:\n        pass\n    return quantile\n"
MINUTES = 300_000  # ms: a busy machine takes its time to start a Python
# Time runs slower on a busy machine: the two seconds that a case may take are six. And the page's workers can be asked.
SLOWER = """
const soon = window.setTimeout;
window.setTimeout = (what, time, ...more) => soon(what, time === 2000 ? window.limit ?? 6000 : time, ...more);
window.workers = [];
window.Worker = class extends Worker { constructor(...all) { super(...all); workers.push(this); } };
"""
ASK = """async (calls) => {
  const worker = workers.at(-1), heard = [];
  worker.onmessage = null; // the page would end it where a busy machine pauses
  for (const [call, ...given] of calls)
    heard.push(await new Promise((show) => {
      const printed = [];
      const hear = ({ data }) => {
        if (data.said?.printed) printed.push(data.said.printed);
        if (!data.answer && !data.failed) return;
        worker.removeEventListener("message", hear);
        show({ printed: printed.join(""), ...(data.answer ?? data) });
      };
      worker.addEventListener("message", hear);
      worker.postMessage({ call, given });
    }));
  return heard;
}"""


@pytest.fixture(scope="module", autouse=True)
def python(site: Site) -> None:
    """What these tests need: here, where the parts can be had, the site must have them."""
    try:
        pagepython.parts()
    except pagepython.Missing as problem:
        pytest.skip(f"Python for the page cannot be had here: {problem}")
    assert (site.folder / "_static" / "python" / "parts.json").exists(), "`make book` puts them there"


@pytest.fixture(scope="module")
def asked() -> list[str]:
    return []


@pytest.fixture(scope="module")
def page(browser: Browser, server: str, asked: list[str]) -> Iterator[Page]:
    """A page in which Python has been started by a press, for all tests."""
    context = browser.new_context(viewport={"width": 1280, "height": 900})
    context.add_init_script(SLOWER)
    page = context.new_page()
    complaints: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.on("pageerror", lambda problem: complaints.append(str(problem)))
    page.on("console", lambda message: message.type in ("error", "warning") and complaints.append(message.text))
    page.goto(f"{server}part-2/regression.html")
    form = opened(page)
    press(form)
    expect(output(form).locator("p")).to_contain_text(re.compile(r"[0-9.]+ MB, once, from this site"))
    expect(finished(form)).to_contain_text("Write the body")
    yield page
    context.close()
    assert complaints == []


UNFOLD = "(one) => { for (; (one = one.parentElement?.closest('details')); ) one.open = true; }"


def form_of(page: Page, exercise: Code = PINBALL) -> Locator:
    return page.locator(f'form.question[data-question="{exercise.id}"]')


def opened(page: Page, exercise: Code = PINBALL) -> Locator:
    form = form_of(page, exercise)
    form.evaluate(UNFOLD)
    if form.locator(".question-try").get_attribute("open") is None:
        form.locator(".question-try summary").click()
    expect(form.locator("textarea")).to_be_visible()
    return form


def output(form: Locator) -> Locator:
    return form.locator(":scope > output")


def press(form: Locator, typed: str | None = None) -> None:
    if typed is not None:
        form.locator("textarea").fill(typed)
    form.get_by_role("button", name="Check what you typed").click()


def finished(form: Locator) -> Locator:
    expect(form.get_by_role("button", name="Check what you typed")).to_be_enabled(timeout=MINUTES)
    return output(form)


def answered(page: Page, typed: str) -> Locator:
    form = opened(page)
    press(form, typed)
    return finished(form)


# ── What it says ─────────────────────────────────────────────────────────────────────────────────────────────────────


def mistake(id: str, number: int) -> str:
    """Code that hands in a known mistake, in the reader's Python as anywhere else."""
    name = (CODES[id].starter or CODES[id].reference).__name__
    return f"from lossbook.exercises import exercises\n{name} = exercises()[{id!r}].mistakes[{number}].wrong"


def test_every_reference_starter_and_mistake_is_heard(page: Page) -> None:
    answers, wanted = [], []
    for id, exercise in CODES.items():
        answers += [("judge", id, exercise.code), ("judge", id, exercise.starter_code)]
        wanted += [("right", None), ("not attempted", None)]
        answers += [("judge", id, mistake(id, number)) for number in range(len(exercise.mistakes))]
        wanted += [("wrong", number) for number in range(len(exercise.mistakes))]
    cards = page.evaluate(ASK, answers)
    assert [card for card in cards if "failed" in card] == []
    heard = [(card["status"], card["messages"][0] if card["status"] == "wrong" else None) for card in cards]
    assert len(answers) > 150 and heard == wanted


def test_a_known_mistake_shows_its_hint_with_its_formulas(page: Page) -> None:
    card = answered(page, SWAPPED)
    assert card.get_attribute("data-status") == "wrong"
    expect(card).to_contain_text("The two sides are swapped")
    assert card.locator("math").count() >= 1


def test_the_smallest_case_that_fails_is_shown(page: Page) -> None:
    card = answered(page, HEAD + "    print('so far')\n    return np.abs(target - prediction)")
    expect(card.locator("tr")).to_have_text(["case[0.], [1.], quantile=0.9", "expected[0.9]", "received[1.]"])
    expect(card).to_contain_text("It printed: so far")
    expect(answered(page, HEAD + "    return 1 / 0")).to_contain_text("ZeroDivisionError: division by zero")


def test_an_error_is_shown_as_python_shows_it(page: Page) -> None:
    card = answered(page, "1 / 0")
    expect(card.locator("pre")).to_contain_text('File "<your answer>", line 1, in <module>\n    1 / 0')
    assert card.get_attribute("data-status") == "not read"


def test_what_is_right_is_noted(page: Page) -> None:
    card = answered(page, PINBALL.code)
    assert card.get_attribute("data-status") == "right"
    assert form_of(page).get_attribute("data-progress") == "right"


def test_what_was_printed_is_text_and_nothing_else(page: Page) -> None:
    card = answered(page, HEAD + "    print('`<img src=x onerror=alert(1)>`')\n    return 1")
    expect(card).to_contain_text("<img src=x")
    assert card.locator("img").count() == 0


def test_nobody_but_this_site_was_asked(page: Page, asked: list[str], server: str) -> None:
    assert any("numpy" in address for address in asked)
    assert [address for address in asked if not address.startswith((server, f"blob:{server}", "data:"))] == []


# ── Run and change ───────────────────────────────────────────────────────────────────────────────────────────────────

CELL = re.compile(
    r'<div class="cell tag_run-and-change(?:(?!<div class="cell ).)*?'
    r'<div class="output stream [^>]*>.*?<pre>(.*?)</pre>'
    r'.*?class="code-field run-cell"[^>]*>.*?<script type="application/json">(.*?)</script>',
    re.S,
)


def cells(site: Site) -> list[tuple[str, str]]:
    """What the pages show of every marked cell: its output, and the code that its field begins with."""
    texts = [path.read_text(encoding="utf-8") for path in sorted(site.folder.glob("part-*/*.html"))]
    found = [cell for text in texts for cell in CELL.findall(text)]
    assert len(found) == sum(text.count("<summary>Run and change</summary>") for text in texts) > 0
    return [(html.unescape(re.sub("<.*?>", "", output)), json.loads(code)) for output, code in found]


def test_every_marked_cell_prints_in_the_page_what_the_book_shows(page: Page, site: Site) -> None:
    shown = cells(site)
    heard = page.evaluate(ASK, [("run", code) for _, code in shown])
    assert [one["printed"] for one in heard] == [output for output, _ in shown]
    assert {one["error"] for one in heard} == {""}


def test_a_cell_is_changed_and_run(page: Page) -> None:
    box = cell(page)
    field, output = box.locator("textarea"), box.locator("output")
    book = field.input_value()
    run(box)
    expect(output.locator("pre")).to_contain_text("mean 1.667 [-0.667  0.     1.333]")
    run(box, "import warnings\nprint('<b>')\nwarnings.warn('look')\n2 * 3\n")
    expect(output.locator("pre")).to_have_text("<b>\nUserWarning: look\n6\n")
    run(box, "x = 2\nx * 3")
    expect(output.locator("pre")).to_have_text("6\n")
    run(box, "x = 1")
    expect(output).to_have_text("It printed nothing.")
    run(box, "print('so far')\ndef f():\n    return 1 / 0\n\nf()")
    expect(output.locator("pre").first).to_have_text("so far\n")
    expect(output.locator(".code-error")).to_contain_text(
        'Traceback (most recent call last):\n  File "<your code>", line 5, in <module>\n    f()'
    )
    expect(output.locator(".code-error")).to_contain_text("ZeroDivisionError: division by zero")
    run(box, "print(1")
    expect(output.locator(".code-error")).to_contain_text("SyntaxError: '(' was never closed")
    run(box, "[0] * 10**9")
    expect(output.locator(".code-error")).to_contain_text("MemoryError")
    box.get_by_role("button", name="Put back").click()
    expect(field).to_have_value(book)


def cell(page: Page) -> Locator:
    box = page.locator(".run-cell").first
    if box.get_attribute("open") is None:
        box.locator("summary").click()
    return box


def run(box: Locator, typed: str | None = None) -> None:
    button = box.get_by_role("button", name="Run what you typed")
    if typed is not None:
        box.locator("textarea").fill(typed)
    button.click()
    expect(button).to_be_enabled(timeout=MINUTES)


# ── What it bears ────────────────────────────────────────────────────────────────────────────────────────────────────


def test_an_endless_loop_is_ended_and_the_next_answer_finds_a_new_python(page: Page) -> None:
    """After the limit by itself, with the case named; by Stop at once; and the next code is run."""
    before = page.evaluate("workers.length")
    page.evaluate("window.limit = 2000")
    card = answered(page, LOOP)
    expect(card).to_contain_text("It had not finished after 2 seconds. Is there a loop that never ends?")
    expect(card.locator("tr")).to_have_text(["case[0., 0., 1.], [ 2., -2., 1.], quantile=0.9"])
    assert page.evaluate("workers.length") == before + 1, "the next one starts in the background"
    box = cell(page)
    box.locator("textarea").fill("n = 0\nwhile True:\n    n += 1\n    if n % 1000 == 0:\n        print(n)")
    box.get_by_role("button", name="Run what you typed").click()
    expect(box.locator("output pre")).to_contain_text("1000\n2000")  # as it is printed
    box.get_by_role("button", name="Stop").click()
    expect(box.locator("output")).to_contain_text("Stopped.")
    expect(box.locator("output pre")).to_contain_text("1000\n2000")
    assert page.evaluate("workers.length") == before + 2, "and again"


# A Python that says so and no more, and then is gone, as after `js.close()`.
SILENT = """() => {
const later = window.setTimeout;
window.setTimeout = (what, time, ...more) => later(what, Math.min(time, 60), ...more);
window.Worker = class {
  constructor() { later(() => this.onmessage({ data: { ready: true } })); }
  postMessage({ call, given }) { if (given[0] === "say") this.onmessage({ data: { said: SAID } }); }
  terminate() {
    window.ended = (window.ended ?? 0) + 1;
    later(() => this.onerror?.({ preventDefault() {} }), 5); // as one that slept in Python does
  }
};
const SAID = { seconds: 2, timeout: { error: "too long" }, crash: { error: "gone" } };
}"""


def test_a_python_that_has_gone_is_noticed(open_page: OpenPage, server: str) -> None:
    """At once where it had said what may take long, after some seconds where it had said nothing."""
    page = open_page("part-2/regression", origin=server)
    page.evaluate(SILENT)
    box = cell(page)
    for typed, told in (("say", "too long"), ("nothing", "Python has ended and says nothing more."), ("say", "too")):
        run(box, typed)
        expect(box.locator("output")).to_contain_text(told)
    assert page.evaluate("ended") == 3


# ── Before anything is pressed, from a file, and by keyboard ─────────────────────────────────────────────────────────


def test_nothing_is_loaded_before_the_first_press(open_page: OpenPage, server: str) -> None:
    page = open_page("part-2/regression", origin=server)
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    form = opened(page)
    expect(form.locator(".question-try")).to_contain_text(re.compile(r"loads Python, [0-9.]+ MB, once, from this site"))
    form.locator("textarea").fill("typed")
    page.wait_for_load_state("networkidle")
    assert asked == []
    assert (
        page.evaluate("performance.getEntriesByType('resource').filter((one) => /[/]python[/_]/.test(one.name)).length")
        == 0
    )


def test_from_a_file_it_says_why_not_and_what_to_do(open_page: OpenPage) -> None:
    form = opened(open_page("part-2/regression"))
    press(form, PINBALL.code)
    expect(finished(form)).to_contain_text("opened from a file")
    expect(output(form).locator("code")).to_have_text("make serve")


def test_what_was_typed_is_there_again_until_it_is_cleared(open_page: OpenPage, server: str) -> None:
    page = open_page("part-2/regression", origin=server)
    form = opened(page)
    starter = form.locator("textarea").input_value()
    assert starter.strip() == PINBALL.starter_code
    assert not form.locator("fieldset > [class*=highlight]").is_visible(), "the field stands in its place"
    form.locator("textarea").fill("mine")
    page.reload()
    form = opened(page)
    expect(form.locator("textarea")).to_have_value("mine")
    form.get_by_role("button", name="Mark as done").click()
    form.get_by_role("button", name="Clear").click()
    expect(form.locator("textarea")).to_have_value(starter)
    page.reload()
    expect(opened(page).locator("textarea")).to_have_value(starter)


def test_the_field_is_left_by_keyboard(open_page: OpenPage, server: str) -> None:
    page = open_page("part-2/regression", origin=server)
    form = opened(page)
    field = form.locator("textarea")
    field.fill("")
    field.press_sequentially("def f():")
    field.press("Enter")
    field.press_sequentially("if x:")
    field.press("Enter")
    field.press_sequentially("y")
    field.press("Enter")
    field.press("Shift+Tab")
    field.press_sequentially("z")
    expect(field).to_have_value("def f():\n    if x:\n        y\n    z")
    field.press("Control+a")
    field.press("Tab")
    expect(field).to_have_value("    def f():\n        if x:\n            y\n        z")
    field.press("Shift+Tab")
    field.press("Control+End")
    field.press("Escape")
    field.press("Tab")
    expect(form.get_by_role("button", name="Check what you typed")).to_be_focused()
    page.keyboard.press("Shift+Tab")
    expect(field).to_be_focused()
    field.press("Tab")
    expect(field).to_have_value("def f():\n    if x:\n        y\n    z" + "   ")


@pytest.mark.parametrize("dark", [False, True])
def test_the_open_field_has_no_findings(dark: bool, open_page: OpenPage, server: str) -> None:
    page = open_page("part-2/regression", origin=server, width=390, dark=dark)
    page.evaluate(LIGHTEN)
    form = opened(page)
    page.evaluate(
        """([id, card]) => show(document.querySelector(`[data-question="${id}"]`), card)""",
        [PINBALL.id, {"heading": "✗", "status": "wrong", "messages": [0, "`x`"], "rows": [["case", "1"]], "code": "T"}],
    )
    box = cell(page)
    box.evaluate("""(one) => {
      const [text, error] = [made("pre", "6", { tabIndex: 0 }), made("pre", "E", { tabIndex: 0 })];
      error.className = "code-error";
      one.querySelector("output").append(text, error);
    }""")
    assert findings(page, f"#question-{PINBALL.id}", structure=not dark) == []
    assert findings(page, ".run-cell", structure=not dark) == []
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    assert form.locator("textarea").evaluate("(one) => getComputedStyle(one).fontSize") >= "14px"


def test_every_code_exercise_has_a_field_and_says_what_comes(site: Site) -> None:
    for path in site.folder.glob("part-*/*.html"):
        text = path.read_text(encoding="utf-8")
        fields = re.findall(r'class="code-field question-try" data-megabytes="[0-9.]+"', text)
        assert len(fields) == text.count('data-kind="code"') == text.count("question-try"), path
