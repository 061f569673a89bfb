"""Every loss of the catalogue on one page, in the order of the course, with a filter that needs no server.

```{losses-at-a-glance}
```
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from html import escape
from pathlib import Path
from typing import Any

from docutils import nodes
from formula import Formula, chapter_pages, density_equations, equations, headline, in_course_order
from sphinx.application import Sphinx
from sphinx.environment import BuildEnvironment

from lossbook.core import DOMAINS, Loss

PAGE = "reference/losses-at-a-glance"
LIBRARIES = {"torch": "PyTorch", "sklearn": "scikit-learn", "optax": "Optax"}


class card(nodes.General, nodes.Element):
    """One loss: an article with the data that the filter reads."""


class heading(nodes.General, nodes.TextElement):
    """Its name. A section would need a place in the page's own outline, which a directive cannot give it."""


# ── Chapters ─────────────────────────────────────────────────────────────────────────────────────────────────────────


def chapter_title(env: BuildEnvironment, chapter: str) -> str:
    """The first heading of the chapter, or its file name in words as long as there is no such page."""
    page = chapter_pages(env).get(chapter)
    heading = page and re.search(r"^# (.+)$", Path(env.doc2path(page)).read_text(encoding="utf-8"), re.MULTILINE)
    return heading[1].strip() if heading else chapter.replace("-", " ").capitalize()


# ── One loss ─────────────────────────────────────────────────────────────────────────────────────────────────────────


def library_names(loss: Loss) -> dict[str, str]:
    return {library: name for field, library in LIBRARIES.items() if (name := getattr(loss, field))}


def words(loss: Loss, chapter: str) -> str:
    """What the filter searches: both `log_cosh` and "log cosh" are found."""
    found = [loss.name, loss.name.replace("_", " "), loss.title, *loss.synonyms, *library_names(loss).values()]
    found += [chapter, loss.estimates, loss.density.name if loss.density else ""]
    return " ".join(found).replace("–", "-").lower()


def domain(loss: Loss) -> Iterator[str]:
    """What each argument and parameter may be, in Markdown."""
    for name, argument in loss.arguments.items():
        yield f"${argument.symbol}$ `{name}`: {DOMAINS[argument.domain]}"
    for name, parameter in loss.parameters.items():
        yield f"${parameter.symbol}$ `{name}`: {parameter.domain}; {parameter.default:g} unless given"


def code(name: str) -> str:
    """A library's name as code, and what follows it ("(from logits)") as text."""
    dotted, _, remark = name.partition(" ")
    return f"`{dotted}` {remark}".strip()


def facts(loss: Loss, chapter: str) -> Iterator[tuple[str, str]]:
    """The right half of a card: name of the fact, and what it is, in Markdown."""
    yield "Estimates", loss.estimates
    yield "Takes", "\n".join(f"- {line}" for line in domain(loss))
    for library, name in library_names(loss).items():
        yield library, code(name)
    yield "Chapter", chapter
    yield "Code", f"{{py:func}}`lossbook.{loss.name} <{loss.value.__module__}.{loss.name}>`"


def formulas(loss: Loss) -> Iterator[tuple[str, str]]:
    """The left half of a card: as `facts`."""

    def display(*tex: str) -> str:
        return "\n\n".join(f"```{{math}}\n{one}\n```" for one in tex)

    yield "Loss", display(*(tex for _, tex in equations(loss, "value")))
    yield "Gradient", display(*(tex for _, tex in equations(loss, "gradient")))
    if loss.where:
        yield "Where", loss.where
    if loss.density:
        yield "Density", f"{loss.density.name}\n\n" + display(*density_equations(loss))


# ── The page ─────────────────────────────────────────────────────────────────────────────────────────────────────────


class Glance(Formula):
    required_arguments = 0
    option_spec = {}  # noqa: RUF012

    def run(self) -> list[nodes.Node]:
        losses = in_course_order(self.env)
        box = nodes.container(classes=["glance"])
        box += nodes.raw("", self.filter(losses), format="html")
        for loss in losses:
            self.depends_on(loss)
            box += self.card(loss)
        return [box]

    def filter(self, losses: list[Loss]) -> str:
        chapters = dict.fromkeys(loss.chapter for loss in losses)
        options = "".join(
            f'<option value="{chapter}">{escape(chapter_title(self.env, chapter))}</option>' for chapter in chapters
        )
        return (
            '<form class="glance-filter" role="search" aria-label="Filter the losses" hidden>'
            '<label class="glance-words">Filter <input type="search" name="q" autocomplete="off" spellcheck="false" '
            'placeholder="quantile, kl_div, median, …"></label>'
            f'<label>Chapter <select name="chapter"><option value="">all</option>{options}</select></label>'
            '<label><input type="checkbox" name="density" value="yes"> has a density</label>'
            '<button type="reset">Show all</button>'
            f'<output aria-live="polite">{len(losses)} losses</output></form>'
        )

    def card(self, loss: Loss) -> nodes.Node:
        chapter = chapter_title(self.env, loss.chapter)
        page = chapter_pages(self.env).get(loss.chapter)
        made = card(ids=[f"loss-{loss.name.replace('_', '-')}"], chapter=loss.chapter, words=words(loss, chapter))
        made["density"] = "yes" if loss.density else "no"
        made += heading("", headline(loss))
        if loss.synonyms:
            made += nodes.paragraph("", "also " + ", ".join(loss.synonyms), classes=["glance-synonyms"])
        left = nodes.container("", self.listed(formulas(loss)), self.mark(loss), classes=["glance-formulas"])
        link = f"{{doc}}`{chapter} </{page}>`" if page else chapter
        right = nodes.container("", self.listed(facts(loss, link)), classes=["glance-facts"])
        made += nodes.container("", left, right, classes=["glance-halves"])
        return made

    def listed(self, entries: Iterator[tuple[str, str]]) -> nodes.Node:
        found = nodes.definition_list()
        for name, text in entries:
            definition = nodes.definition("", *self.markdown(text))
            found += nodes.definition_list_item("", nodes.term("", name), definition)
        return found


def visit_card(self: Any, node: card) -> None:
    data = "".join(f' data-{name}="{escape(node[name])}"' for name in ("chapter", "density", "words"))
    self.body.append(f'<article class="glance-loss" id="{node["ids"][0]}"{data}>')


def depart_card(self: Any, node: card) -> None:
    self.body.append("</article>\n")


def tags(before: str, after: str) -> tuple[Any, Any]:
    return lambda self, node: self.body.append(before), lambda self, node: self.body.append(after)


def read_again(app: Sphinx, env: BuildEnvironment, *pages: set[str]) -> list[str]:
    """This page, whenever another is added, changed or removed: it names and orders the chapters."""
    return [PAGE] if PAGE in env.all_docs and set().union(*pages) else []


def load_script(app: Sphinx, page: str, template: str, context: dict[str, Any], doctree: nodes.document | None) -> None:
    body = context.get("body", "")
    if 'class="glance-filter"' in body:
        app.add_js_file("glance.js", defer="defer")
    if 'class="glance-filter"' in body or 'class="convention ' in body:
        app.add_css_file("glance.css")


def setup(app: Sphinx) -> dict[str, Any]:
    app.add_directive("losses-at-a-glance", Glance)
    app.add_node(card, html=(visit_card, depart_card), latex=tags("", ""))
    app.add_node(heading, html=tags("<h2>", "</h2>"), latex=tags(r"\subsubsection*{", "}"))
    app.connect("env-get-outdated", read_again)
    app.connect("html-page-context", load_script)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
