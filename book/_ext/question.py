"""Exercises on the page: a directive that makes a form of an `Exercise`, with its feedback, hints and solution.

    ```{question} regression-huber-at-two
    The statement, in MyST. All else comes from the exercise of that id in `lossbook.exercises`.
    ```

Without a script the page still shows statement, options, hints and solution; builders other than HTML print them as
ordinary text. `question.js` judges by the data in the form, with the texts that `lossbook.exercises.check` uses.
"""

from __future__ import annotations

import html
import inspect
import json
import sys
from typing import Any

from docutils import nodes
from docutils.statemachine import StringList
from sphinx.application import Sphinx
from sphinx.transforms.post_transforms import SphinxPostTransform
from sphinx.util.docutils import SphinxDirective

from lossbook.exercises import Choice, Code, Exercise, Numeric, Order, chapters, exercises
from lossbook.exercises.found import closest
from lossbook.exercises.reading import TEXTS
from lossbook.exercises.session import HEADINGS

TEXTS_OF = {
    "numeric": ("right", "empty", "word", "shape", "comma", "zero", "real", "big", "near", "number"),
    "choice": ("choose", "more"),
    "order": ("right", "prefix", "start", "moved"),
    "code": ("done",),
    "paper": ("done",),
}


LAST = "</script></form>\n"  # how a question ends, and no guess
# Under a code exercise; `try.js` fills it.
TRY = '<details class="code-field question-try"><summary>Try it here</summary></details>\n'
# What the script counts, behind the last question of a page. It stands there from the start, so that nothing moves.
TALLY = """<div class="question-tally">
<p><strong>Questions on this page:</strong> <output aria-live="polite">0 of {questions} done, 0 tried.</output></p>
<p><button type="button">Clear this page…</button> Kept in this browser only; nothing is sent.</p>
</div>
"""


class element(nodes.Element):
    """An HTML element with ordinary content; `paper` says what other builders make of it."""


def html_element(tag: str, *children: nodes.Node, paper: str = "unwrap", **attributes: str) -> element:
    node = element("", *children, tag=tag, paper=paper)
    node["html"] = {name.rstrip("_").replace("_", "-"): value for name, value in attributes.items()}
    return node


def raw(text: str) -> nodes.Node:
    return nodes.raw("", text, format="html")


def script(found: dict[str, Any]) -> str:
    """Data in the page; no text in it may end the script element."""
    text = json.dumps(found).replace("<", r"\u003c")
    return f'<script type="application/json">{text}</script>'


def data(exercise: Exercise) -> dict[str, Any]:
    """What the page's script needs in order to judge. Sentences that are MyST stand in templates beside it."""
    found: dict[str, Any] = {"texts": {key: TEXTS[key] for key in TEXTS_OF[exercise.kind]}, "headings": HEADINGS}
    if isinstance(exercise, Numeric):
        found |= {"answer": exercise.value, "margin": exercise.margin}
        found["mistakes"] = [[float(mistake.wrong), exercise.reach(mistake)] for mistake in exercise.mistakes]
        found["slips"] = [[key, slip, exercise.slip_margin(slip)] for key, slip in exercise.slips.items()]
        found["texts"] |= {key: TEXTS[key] for key in exercise.slips}
    elif isinstance(exercise, Choice):
        found["right"] = [letter for letter, option in exercise.named.items() if option.right]
    elif isinstance(exercise, Order):
        letter = {name: letter for letter, name in exercise.shuffled.items()}
        found["accepted"] = [[letter[name] for name in order] for order in exercise.accepted]
        found["mistakes"] = [[letter[name] for name in mistake.wrong] for mistake in exercise.mistakes]
    return found


def feedback(exercise: Exercise) -> dict[str, str]:
    """The sentences for single mistakes and options, by the key the script finds them by."""
    if isinstance(exercise, Choice):
        return {letter: option.feedback for letter, option in exercise.named.items()}
    if isinstance(exercise, Numeric | Order | Code):
        return {str(index): mistake.hint for index, mistake in enumerate(exercise.mistakes)}
    return {}


class Question(SphinxDirective):
    required_arguments = 1
    has_content = True

    def run(self) -> list[nodes.Node]:
        name = self.arguments[0]
        if name not in exercises():
            raise self.error(f"question: no exercise is called {name!r}; closest: {', '.join(closest(name)) or 'none'}")
        exercise = exercises()[name]
        chapter = next(chapter for chapter, members in chapters().items() if name in members)
        self.env.note_dependency(inspect.getfile(sys.modules[f"lossbook.exercises.{chapter.replace('-', '_')}"]))
        attributes = {"data_question": name, "data_kind": exercise.kind, "id": f"question-{name}"}
        parts = self.parts(exercise)  # a browser that comes back fills nothing in: page and script would disagree
        return [html_element("form", *parts, class_="question", novalidate="", autocomplete="off", **attributes)]

    def parts(self, exercise: Exercise) -> list[nodes.Node]:
        title = html_element("span", nodes.strong("", exercise.title), class_="question-title")
        link = raw(f'<a class="headerlink" href="#question-{exercise.id}" title="Link to this question">#</a>')
        task = html_element("span", nodes.Text(f" ({exercise.task})"), class_="question-task")
        statement = html_element("div", *self.parsed(list(self.content)), class_="question-statement")
        legend = html_element("legend", title, task, link, paper="paragraph")
        return [
            html_element("fieldset", legend, statement, *self.entry(exercise)),
            *([raw(TRY)] if isinstance(exercise, Code) else []),
            *(
                []
                if isinstance(exercise, Numeric)
                else [raw(f'<p class="question-buttons">{self.buttons(exercise)}</p>')]
            ),
            raw('<output aria-live="polite"></output>'),
            *self.hints(exercise),
            *self.solution(exercise),
            *(
                html_element("template", *self.markdown(text), paper="drop", data_feedback=key)
                for key, text in feedback(exercise).items()
            ),
            raw(script(data(exercise))),
        ]

    def entry(self, exercise: Exercise) -> list[nodes.Node]:
        """What the reader fills in."""
        if isinstance(exercise, Numeric):
            unit = f" {html.escape(exercise.unit)}" if exercise.unit else ""
            name = f"answer-{exercise.id}"
            field = f'<input type="text" id="{name}" autocomplete="off" spellcheck="false">{unit}'
            entry = f'<label for="{name}">Your answer</label> <span class="question-field">{field}</span>'
            return [raw(f'<p class="question-entry question-buttons">{entry} {self.buttons(exercise)}</p>')]
        if isinstance(exercise, Choice):
            kind = "checkbox" if exercise.several else "radio"
            items = [self.option(exercise, kind, letter, option.text) for letter, option in exercise.named.items()]
            return [html_element("ul", *items, paper="list", class_="question-options")]
        if isinstance(exercise, Order):
            items = [self.step(letter, exercise.steps[name]) for letter, name in exercise.shuffled.items()]
            return [html_element("ol", *items, paper="list", class_="question-steps")]
        return self.starter(exercise) if isinstance(exercise, Code) else []

    def option(self, exercise: Exercise, kind: str, letter: str, text: str) -> nodes.Node:
        field = raw(f'<input type="{kind}" name="answer-{exercise.id}" value="{letter}">')
        words = html_element("span", nodes.Text(f"{letter}) "), *self.inline(text))
        return html_element("li", html_element("label", field, words), paper="item")

    def step(self, letter: str, text: str) -> nodes.Node:
        buttons = "".join(
            f'<button type="button" data-move="{step}" aria-label="Move step {letter} {way}">{arrow}</button>'
            for step, way, arrow in ((-1, "up", "↑"), (1, "down", "↓"))
        )
        words = html_element("span", nodes.Text(f"{letter}) "), *self.inline(text))
        moves = raw(f'<span class="question-moves">{buttons}</span>')
        return html_element("li", words, moves, paper="item", data_letter=letter)

    def starter(self, exercise: Code) -> list[nodes.Node]:
        name = exercise.reference.__name__ if exercise.starter is None else exercise.starter.__name__
        how = f'In a notebook, `check("{exercise.id}", {name})` judges what you wrote.'
        return [listing(exercise.starter_code), *self.markdown(how)]

    def buttons(self, exercise: Exercise) -> str:
        word = "Mark as done" if exercise.kind in ("code", "paper") else "Check"
        title = html.escape(exercise.title)
        clear = f'<button type="button" class="question-clear" aria-label="Clear: {title}">Clear</button>'
        return f'<button type="submit" aria-label="{word}: {title}">{word}</button> {clear}'

    def hints(self, exercise: Exercise) -> list[nodes.Node]:
        return [
            self.folded(f"Hint {number} of {len(exercise.hints)}", self.markdown(text), "question-hint")
            for number, text in enumerate(exercise.hints, 1)
        ]

    def solution(self, exercise: Exercise) -> list[nodes.Node]:
        code = [listing(exercise.code)] if exercise.code else []
        text = self.markdown(exercise.solution)
        inside = [*code, *text] if exercise.kind == "code" else [*text, *code]
        return [self.folded("Solution", inside, "question-solution")] if inside else []

    def folded(self, title: str, content: list[nodes.Node], class_: str) -> nodes.Node:
        return html_element(
            "details", html_element("summary", nodes.Text(title), paper="paragraph"), *content, class_=class_
        )

    def parsed(self, lines: list[str] | StringList) -> list[nodes.Node]:
        box = nodes.Element()
        text = lines if isinstance(lines, StringList) else StringList(lines, self.get_source_info()[0])
        self.state.nested_parse(text, self.content_offset, box)
        return box.children

    def markdown(self, text: str) -> list[nodes.Node]:
        return self.parsed(text.splitlines())

    def inline(self, text: str) -> list[nodes.Node]:
        """The content of a text of one paragraph, without the paragraph: it stands in a label."""
        return [child for block in self.markdown(text) for child in block.children]


def listing(code: str) -> nodes.Node:
    return nodes.literal_block(code, code, language="python")


def visit(self: Any, node: element) -> None:
    attributes = "".join(f' {name}="{html.escape(value)}"' for name, value in node["html"].items())
    self.body.append(f"<{node['tag']}{attributes}>")


def depart(self: Any, node: element) -> None:
    self.body.append(f"</{node['tag']}>\n")


class OnPaper(SphinxPostTransform):
    """Without HTML a question is text: its parts become ordinary paragraphs and lists."""

    default_priority = 20

    def run(self, **keywords: Any) -> None:
        if self.app.builder.format == "html":
            return
        for node in list(self.document.findall(element)):
            if node["html"].get("class") in ("question", "predict", "loss-card"):
                node.replace_self(plain(node))


def plain(node: nodes.Node) -> list[nodes.Node]:
    if not isinstance(node, element):
        return [] if isinstance(node, nodes.raw) else [node]
    children = [kept for child in node.children for kept in plain(child)]
    if node["paper"] == "unwrap":
        return children
    made = {
        "paragraph": lambda: nodes.paragraph("", "", *children),
        "item": lambda: nodes.list_item("", nodes.paragraph("", "", *children)),
        "list": lambda: nodes.bullet_list("", *children),
    }
    return [made[node["paper"]]()] if node["paper"] in made else []


def load_script(app: Sphinx, page: str, template: str, context: dict[str, Any], doctree: nodes.document | None) -> None:
    """Only pages with questions load the script and the style of questions."""
    if doctree is not None and any(node["html"].get("class") == "question" for node in doctree.findall(element)):
        app.add_css_file("question.css")
        app.add_js_file("question.js", defer="defer")
        *before, last = context["body"].rpartition(LAST)
        if count := context["body"].count(LAST):
            context["body"] = "".join(before) + TALLY.format(questions=count) + last


def setup(app: Sphinx) -> dict[str, Any]:
    app.add_directive("question", Question)
    app.add_node(element, html=(visit, depart))
    app.add_post_transform(OnPaper)
    app.connect("html-page-context", load_script)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
