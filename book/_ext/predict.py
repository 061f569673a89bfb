"""A guess before an explorer opens: a directive that stands before the explorer whose name it has.

    ```{predict} flour-scales
    The question, in MyST. Kind of guess, options and answer come from the explorer's `predict`.
    ```

The explorer and the paragraph behind it, which says what it shows, are covered until the reader has guessed or skipped:
from the first paint, so that nothing moves. The page is written as it looks before a guess; `predict.js` stands in it
before the first question and says that there are scripts, and a call behind each explorer opens it where an earlier
visit has. Without a script the question stands before an open explorer; builders other than HTML print it as text.
"""

from __future__ import annotations

import hashlib
import html
import importlib
import inspect
import pkgutil
import re
import sys
from functools import cache
from pathlib import Path
from typing import Any

from docutils import nodes
from question import Question, html_element, raw, script
from sphinx.application import Sphinx
from sphinx.util import logging

import lossbook.figures
from lossbook.exercises.reading import TEXTS
from lossbook.explorer import Explorer, Slider

logger = logging.getLogger(__name__)
STATIC = Path(__file__).resolve().parents[1] / "_static"
COVERED = (
    '<output aria-live="polite"><p>Covered until you guess or skip: the figure below and what it shows.</p></output>'
)
UNREAD = ("empty", "word", "shape", "comma", "zero", "real", "big")  # the texts about what is no number


source_of = cache(inspect.getsource)


@cache
def builder_and_explorer(name: str) -> tuple[Any, Explorer] | None:
    """The explorer of a name and the function in `lossbook.figures` that builds it and writes its name."""
    for module in pkgutil.iter_modules(lossbook.figures.__path__, "lossbook.figures."):
        for _, function in inspect.getmembers(importlib.import_module(module.name), inspect.isfunction):
            returns = str(function.__annotations__.get("return"))
            if "Explorer" not in returns or f'"{name}"' not in source_of(function):
                continue
            explorer = function()
            if explorer.name == name:
                return function, explorer
    return None


class Predict(Question):
    def run(self) -> list[nodes.Node]:
        name = self.arguments[0]
        found = builder_and_explorer(name)
        if found is None or found[1].predict is None:
            raise self.error(f"predict: no explorer called {name!r} in lossbook.figures has a guess")
        function, explorer = found
        self.env.note_dependency(inspect.getfile(sys.modules[function.__module__]))
        guess, shown = explorer.predict, name.replace("-", " ")
        legend = html_element("legend", nodes.strong("", "Guess, then move"), paper="paragraph")
        statement = html_element("div", *self.parsed(list(self.content)), class_="predict-statement")
        buttons = (
            '<p class="predict-buttons"><button type="submit">Guess and open</button> '
            f'<button type="button" class="predict-skip" aria-label="Skip the guess: {shown}">Skip</button></p>'
        )
        after = (
            '<p class="predict-again"><button type="button" data-do="again" '
            f'aria-label="Guess again: {shown}">Guess again</button></p>'
        )
        fieldset = html_element("fieldset", legend, statement, *self.guess_entry(name, explorer), raw(buttons))
        result = html_element("template", *self.markdown(guess.found), paper="drop")
        parts = [raw(script(data(explorer))), fieldset, raw(COVERED), raw(after), result]
        attributes = {"data_predict": name, "data_kind": guess.kind, "id": f"predict-{name}"}
        return [html_element("form", *parts, class_="predict", novalidate="", autocomplete="off", **attributes)]

    def guess_entry(self, name: str, explorer: Explorer) -> list[nodes.Node]:
        """What the reader fills in."""
        guess, field = explorer.predict, f"guess-{name}"
        if guess.kind == "choice":
            items = [self.one_of(field, letter, option) for letter, option in guess.named.items()]
            return [html_element("ul", *items, paper="list", class_="predict-options")]
        if guess.kind == "number":
            unit = f" {html.escape(guess.unit)}" if guess.unit else ""
            label, entry = "Your guess", f'<input type="text" id="{field}" autocomplete="off" spellcheck="false">{unit}'
        else:
            control = explorer.controls[guess.control]
            label, texts = f"Your guess: {html.escape(control.label)}", texts_of(explorer)
            if isinstance(control, Slider):
                start = html.escape(texts[control.start])
                entry = (
                    f'<input type="range" id="{field}" min="0" max="{len(texts) - 1}" value="{control.start}" '
                    f'aria-valuetext="{start}"> <span class="predict-value" aria-hidden="true">{start}</span>'
                )
            else:
                marks = [" selected" if number == control.start else "" for number in range(len(texts))]
                options = "".join(
                    f'<option value="{number}"{mark}>{html.escape(texts[number])}</option>'
                    for number, mark in enumerate(marks)
                )
                entry = f'<select id="{field}">{options}</select>'
        return [raw(f'<p class="predict-entry"><label for="{field}">{label}</label> {entry}</p>')]

    def one_of(self, field: str, letter: str, text: str) -> nodes.Node:
        button = raw(f'<input type="radio" name="{field}" value="{letter}">')
        words = html_element("span", nodes.Text(f"{letter}) "), *self.inline(text))
        return html_element("li", html_element("label", button, words), paper="item")


def texts_of(explorer: Explorer) -> list[str]:
    """The values of the control that is guessed, as the page shows them."""
    control = explorer.controls[explorer.predict.control]
    return [f"{text} {control.unit}".strip() for text in control.texts]


def data(explorer: Explorer) -> dict[str, Any]:
    """What the page's script needs."""
    guess = explorer.predict
    if guess.kind == "number":
        texts = {key: TEXTS[key] for key in UNREAD}
        return {"answer": float(guess.answer), "unit": guess.unit, "texts": texts}
    if guess.kind == "choice":
        return {"answer": guess.letter, "texts": {"empty": TEXTS["choose"]}}
    control = explorer.controls[guess.control]
    index = control.index("answer", guess.answer)
    return {"answer": index, "control": guess.control, "label": control.label, "values": texts_of(explorer)}


FORM = re.compile(r'<form\b[^>]* data-predict="([^"]+)"')


def cover(app: Sphinx, page: str, template: str, context: dict[str, Any], doctree: nodes.document | None) -> None:
    """Cover what is guessed, and load script and style on pages with a guess alone."""
    body = context.get("body", "")
    names = FORM.findall(body)
    if not names:
        return
    for name in names:
        figure = re.compile(rf'(<figure class="explorer" data-explorer="{name}")(.*?</figure>)', re.DOTALL)
        body, found = figure.subn(rf'\1 data-covered=""\2<script>predict("{name}")</script>', body, count=1)
        if not found:
            logger.warning("%s: predict %s stands before no figure of that name", page, name)
    app.add_css_file("predict.css")
    # Not deferred: they must have run when the form is painted. `question.js` reads numbers; it is loaded once.
    context["script_files"] = [
        one for one in context["script_files"] if "question.js" not in str(getattr(one, "filename", ""))
    ]
    scripts = "".join(f'<script src="{address(context, name)}"></script>\n' for name in ("question.js", "predict.js"))
    place = FORM.search(body).start()
    context["body"] = body[:place] + scripts + body[place:]


def address(context: dict[str, Any], name: str) -> str:
    """Of a script of ours, with a mark of its content, as Sphinx writes them."""
    mark = hashlib.sha256((STATIC / name).read_bytes()).hexdigest()[:8]
    return f"{context['pathto'](f'_static/{name}', resource=True)}?v={mark}"


def setup(app: Sphinx) -> dict[str, Any]:
    app.setup_extension("question")
    app.add_directive("predict", Predict)
    app.connect("html-page-context", cover, priority=600)  # after `lossbook_site` has moved tables, before `light`
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
