"""*Which loss?*: the questions of `which-loss.yml` on one page.

    ```{which-loss}
    ```
    ```{losses-left-out}       those that no path ends in
    ```

All of them stand in the page, each answer a line that opens, and can be read without a script. `which_loss.js` asks one
question at a time from the same markup, and puts the answers in the address.
"""

from __future__ import annotations

import importlib
from collections.abc import Iterable
from html import escape
from pathlib import Path
from typing import Any

import choices
import glance
from choices import LEFT_OUT, QUESTIONS, Pick, Question
from docutils import nodes
from formula import chapter_pages, headline, in_course_order
from sphinx.application import Sphinx
from sphinx.environment import BuildEnvironment
from sphinx.util.docutils import SphinxDirective

from lossbook.catalogue import find
from lossbook.core import Loss
from lossbook.exercises import exercises

PAGE = "reference/which-loss"


def anchor_and_words(see: str, link: str = "") -> tuple[str, str]:
    """Where in its chapter a link leads, and what it says."""
    _, _, name = see.partition("#")
    if name in exercises():
        return f"question-{name}", f"exercise: {exercises()[name].title}"
    if name.startswith("card-"):
        return name, "its card"
    return (f"figure-{name}" if is_explorer(see) else name), link


def is_explorer(see: str) -> bool:
    """Whether a name is that of an explorer in the chapter's figures: written there as it is in the page."""
    chapter, _, name = see.partition("#")
    module = Path(importlib.import_module("lossbook.figures").__path__[0]) / f"{chapter.replace('-', '_')}.py"
    return f'name="{name}"' in module.read_text(encoding="utf-8")


def placed() -> set[str]:
    """The losses that a path ends in or that are left out with a reason."""
    return {pick.loss for pick in choices.picks(QUESTIONS)} | {one.loss for one in LEFT_OUT}


class _FromChoices(SphinxDirective):
    def run(self) -> list[nodes.Node]:
        for source in (choices.SOURCE, Path(choices.__file__)):
            self.env.note_dependency(str(source))
        return [nodes.raw("", "".join(self.parts(in_course_order(self.env))), format="html")]

    def parts(self, here: list[Loss]) -> Iterable[str]:
        raise NotImplementedError

    def uri(self, page: str) -> str:
        return self.env.app.builder.get_relative_uri(self.env.docname, page)

    def card(self, name: str) -> str:
        """The loss, with a link to all that is known about it."""
        return f'<a href="{self.uri(glance.PAGE)}#loss-{name.replace("_", "-")}">{escape(headline(find(name)))}</a>'


class WhichLoss(_FromChoices):
    def parts(self, here: list[Loss]) -> Iterable[str]:
        yield '<div class="which" id="which"><div class="which-ask"></div><div class="which-all">'
        yield from self.question(choices.among(QUESTIONS, [loss.name for loss in here]))
        yield "</div></div>"

    def question(self, question: Question) -> Iterable[str]:
        yield f'<div class="which-question"><p>{escape(question.text)}</p><ul>'
        for answer in question.answers:
            yield f'<li><details data-answer="{answer.key}"><summary>{escape(answer.text)}</summary>'
            yield from self.question(answer.then) if isinstance(answer.then, Question) else self.end(answer.then)
            yield "</details></li>"
        yield "</ul></div>"

    def end(self, picks: tuple[Pick, ...]) -> Iterable[str]:
        yield '<ul class="which-end">'
        for pick in picks:
            yield f"<li><b>{self.card(pick.loss)}</b> {escape(pick.why)}"
            yield f' <span class="which-but">{escape(pick.but)}</span>' if pick.but else ""
            yield f" {self.shown(pick)}</li>"
        yield "</ul>"

    def shown(self, pick: Pick) -> str:
        chapter, _, _ = pick.see.partition("#")
        anchor, words = anchor_and_words(pick.see, pick.link)
        page = chapter_pages(self.env).get(chapter)
        return f'<a class="which-see" href="{self.uri(page)}#{anchor}">{escape(words)}</a>' if page else ""


class LeftOut(_FromChoices):
    def parts(self, here: list[Loss]) -> Iterable[str]:
        names = [loss.name for loss in here]
        yield '<ul class="which-left">'
        for one in LEFT_OUT:
            if one.loss in names:
                yield f"<li><b>{self.card(one.loss)}</b>: {escape(one.why)} Take: {self.card(one.instead)}.</li>"
        for name in names:
            if name not in placed():
                yield f"<li><b>{self.card(name)}</b>: its chapter says when.</li>"
        yield "</ul>"


def finish(app: Sphinx, page: str, template: str, context: dict[str, Any], doctree: nodes.document | None) -> None:
    body = context.get("body", "")
    if 'class="which"' in body:
        app.add_css_file("guide.css")
        app.add_js_file("which_loss.js", defer="defer")
        ready = '<script>document.documentElement.classList.add("can-ask")</script>'
        context["body"] = body.replace('<div class="which"', f'{ready}<div class="which"', 1)


def read_again(app: Sphinx, env: BuildEnvironment, *pages: set[str]) -> list[str]:
    """This page, whenever another is added, changed or removed: it leaves out what the book does not have."""
    return [PAGE] if PAGE in env.all_docs and set().union(*pages) else []


def setup(app: Sphinx) -> dict[str, Any]:
    app.add_directive("which-loss", WhichLoss)
    app.add_directive("losses-left-out", LeftOut)
    app.connect("env-get-outdated", read_again)
    app.connect("html-page-context", finish)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
