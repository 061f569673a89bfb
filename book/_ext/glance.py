"""Every loss that has its chapter on one page, in the order of the course, with a filter that needs no server.

```{losses-at-a-glance}
```

A loss is a row of a compact table that opens into its card. The filter says so where a loss is not in the course.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from html import escape
from pathlib import Path
from typing import Any

from docutils import nodes
from formula import Formula, chapter_pages, density_equations, equations, headline, in_course_order
from other_names import ALSO, Absent, absent
from sphinx.application import Sphinx
from sphinx.environment import BuildEnvironment

from lossbook.analysis.profile import far_pull
from lossbook.catalogue import find
from lossbook.core import Loss

PAGE = "reference/losses-at-a-glance"
LIBRARIES = {"torch": "PyTorch", "keras": "Keras", "sklearn": "scikit-learn", "scipy": "SciPy", "optax": "Optax"}
COLUMNS = ("Loss", "of one example", "estimates", "noise", "far pull")
LONG = 34  # symbols: a longer formula gets a line of its own in the table


class card(nodes.General, nodes.Element):
    """One loss: what opens, with the data that the filter reads."""


class opening(nodes.General, nodes.Element):
    """The line of the table that opens it."""


class piece(nodes.General, nodes.Element):
    """A piece of that line."""


class heading(nodes.General, nodes.TextElement):
    """Its name. A section would need a place in the page's own outline, which a directive cannot give it."""


# ── Chapters ─────────────────────────────────────────────────────────────────────────────────────────────────────────


def chapter_title(env: BuildEnvironment, chapter: str) -> str:
    """The first heading of the chapter."""
    page = Path(env.doc2path(chapter_pages(env)[chapter]))
    found = re.search(r"^# (.+)$", page.read_text(encoding="utf-8"), re.MULTILINE)
    return found[1].strip() if found else chapter


# ── One loss ─────────────────────────────────────────────────────────────────────────────────────────────────────────


def library_names(loss: Loss) -> dict[str, str]:
    return {library: name for field, library in LIBRARIES.items() if (name := getattr(loss, field))}


def phrases(loss: Loss) -> list[str]:
    """What the filter searches: each phrase is found by its beginning, and by that of any of its words."""
    names = [name.partition(" ")[0] for name in library_names(loss).values()]
    also = ALSO.get(loss.name, ())
    short = [name.replace("torch.nn.functional.", "F.") for name in (*names, *also) if ".functional." in name]
    found = [loss.name, loss.title, *loss.synonyms, *names, *short, *also, loss.estimates]
    found += [loss.density.name] if loss.density else []
    found += ["robust", "outlier"] if far_pull(loss) in ("bounded", "returns to 0") else []
    return [phrase for phrase in dict.fromkeys(found) if phrase]


def searched(names: Iterable[str]) -> str:
    """Phrases as the page carries them."""
    return "|".join(name.replace("|", " ") for name in names)


def domain(loss: Loss) -> Iterator[str]:
    """What each argument and parameter may be, in Markdown."""
    for name, argument in loss.arguments.items():
        yield f"${argument.symbol}$ `{name}`: {argument.holds}"
    for name, parameter in loss.parameters.items():
        yield f"${parameter.symbol}$ `{name}`: {parameter.domain}; {parameter.default:g} unless given"


def code(name: str) -> str:
    """A library's name as code, and what follows it ("(from logits)") as text."""
    dotted, _, remark = name.partition(" ")
    return f"`{dotted}` {remark}".strip()


def facts(loss: Loss, chapter: str) -> Iterator[tuple[str, str]]:
    """The lower half of a card: name of the fact, and what it is, in Markdown."""
    yield "Estimates", loss.estimates
    yield "Takes", "\n".join(f"- {line}" for line in domain(loss))
    for library, name in library_names(loss).items():
        yield library, code(name)
    yield "Chapter", chapter
    yield "Code", f"{{py:func}}`lossbook.{loss.name} <{loss.value.__module__}.{loss.name}>`"


def formulas(loss: Loss) -> Iterator[tuple[str, str]]:
    """The upper half of a card: as `facts`."""

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
        head = "".join(f"<span>{escape(name)}</span>" for name in COLUMNS)
        box += nodes.raw("", f'<div class="glance-head" aria-hidden="true">{head}</div>', format="html")
        for loss in losses:
            self.depends_on(loss)
            box += self.card(loss)
        box += nodes.raw("", self.missing(absent(losses)), format="html")
        return [box]

    def missing(self, entries: list[Absent]) -> str:
        """The losses that the course does not have, which the filter shows if one of them is asked for."""
        items = []
        for one in sorted(entries, key=lambda one: one.title.lower()):
            text = f"<b>{escape(one.title)}</b>"
            text += f" ({escape(', '.join(one.names))})" if one.names else ""
            text += f"; elsewhere: <code>{escape(one.elsewhere)}</code>" if one.elsewhere else ""
            if one.nearest:
                near = find(one.nearest)
                text += f'; nearest here: <a href="#loss-{near.name.replace("_", "-")}">{escape(near.title)}</a>'
            items.append(f'<li data-words="{escape(searched(one.phrases))}">{text}</li>')
        return (
            '<details class="glance-absent"><summary>Not in this course</summary>'
            f"<p>Losses that readers look for and that have no card here.</p><ul>{''.join(items)}</ul></details>"
        )

    def filter(self, losses: list[Loss]) -> str:
        chapters = dict.fromkeys(loss.chapter for loss in losses)
        options = "".join(
            f'<option value="{chapter}">{escape(chapter_title(self.env, chapter))}</option>' for chapter in chapters
        )
        return (
            '<form class="glance-filter" role="search" aria-label="Filter the losses">'
            '<label class="glance-words">Filter <input type="search" name="q" autocomplete="off" spellcheck="false" '
            'placeholder="MSELoss, quantile, kl_div, median, outlier, …"></label>'
            f'<label>Chapter <select name="chapter"><option value="">all</option>{options}</select></label>'
            '<label><input type="checkbox" name="density" value="yes"> has a density</label>'
            '<button type="reset">Show all</button><button type="button" name="open">Open all</button>'
            f'<output aria-live="polite">{len(losses)} losses</output></form>'
        )

    def card(self, loss: Loss) -> nodes.Node:
        chapter = chapter_title(self.env, loss.chapter)
        page = chapter_pages(self.env)[loss.chapter]
        made = card(ids=[f"loss-{loss.name.replace('_', '-')}"], chapter=loss.chapter, words=searched(phrases(loss)))
        made["density"] = "yes" if loss.density else "no"
        made += self.line(loss)
        if loss.synonyms:
            made += nodes.paragraph("", "also " + ", ".join(loss.synonyms), classes=["glance-synonyms"])
        upper = nodes.container("", self.listed(formulas(loss)), self.mark(loss), classes=["glance-formulas"])
        link = f"{{doc}}`{chapter} </{page}>`"
        lower = nodes.container("", self.listed(facts(loss, link)), classes=["glance-facts"])
        made += nodes.container("", upper, lower, classes=["glance-halves"])
        return made

    def line(self, loss: Loss) -> nodes.Node:
        made = opening()
        ((_, tex),) = equations(loss, "value")
        made += piece("", heading("", headline(loss)), kind="name")
        (paragraph,) = self.markdown(f"${tex}$")
        symbols = re.findall(r"\\[a-zA-Z]+|[^\s{}_^&]", re.sub(r"\\(left|right|[td]?frac)\b", "", tex))
        made += piece("", *paragraph.children, kind="formula long" if len(symbols) > LONG else "formula")
        made += piece("", *self.inline(loss.estimates), kind="estimates")
        made += piece("", nodes.Text(loss.density.name if loss.density else "–"), kind="noise")
        made += piece("", nodes.Text(far_pull(loss) or "–"), kind="pull")
        return made

    def inline(self, text: str) -> list[nodes.Node]:
        (paragraph,) = self.markdown(text)
        return paragraph.children

    def listed(self, entries: Iterator[tuple[str, str]]) -> nodes.Node:
        found = nodes.definition_list()
        for name, text in entries:
            definition = nodes.definition("", *self.markdown(text))
            found += nodes.definition_list_item("", nodes.term("", name), definition)
        return found


def visit_card(self: Any, node: card) -> None:
    data = "".join(f' data-{name}="{escape(node[name])}"' for name in ("chapter", "density", "words"))
    self.body.append(f'<details class="glance-loss" id="{node["ids"][0]}"{data}>')


def depart_card(self: Any, node: card) -> None:
    self.body.append("</details>\n")


def visit_piece(self: Any, node: piece) -> None:
    classes = " ".join(f"glance-{kind}" for kind in node["kind"].split())
    self.body.append(f'<span class="{classes}">')


def tags(before: str, after: str) -> tuple[Any, Any]:
    return lambda self, node: self.body.append(before), lambda self, node: self.body.append(after)


def read_again(app: Sphinx, env: BuildEnvironment, *pages: set[str]) -> list[str]:
    """This page, whenever another is added, changed or removed: it names and orders the chapters."""
    return [PAGE] if PAGE in env.all_docs and set().union(*pages) else []


# No sections, so no list of them beside. In the head, as a rule with `:has` would hold only when the losses are read
# and move what has been painted before.
WIDE = "<style>.bd-main .bd-content .bd-article-container { max-width: 72rem; }</style>"


def load_script(app: Sphinx, page: str, template: str, context: dict[str, Any], doctree: nodes.document | None) -> None:
    body = context.get("body", "")
    if 'class="glance-filter"' in body:
        app.add_js_file("glance.js", defer="defer")
        context["metatags"] = context.get("metatags", "") + WIDE
    if 'class="glance-filter"' in body or 'class="convention ' in body:
        app.add_css_file("glance.css")


def setup(app: Sphinx) -> dict[str, Any]:
    app.add_directive("losses-at-a-glance", Glance)
    app.add_node(card, html=(visit_card, depart_card), latex=tags("", ""))
    app.add_node(opening, html=tags("<summary>", "</summary>"), latex=tags("", ""))
    app.add_node(piece, html=(visit_piece, tags("", "</span>")[1]), latex=tags("", " "))
    app.add_node(heading, html=tags("<h2>", "</h2>"), latex=tags(r"\subsubsection*{", "}"))
    app.connect("env-get-outdated", read_again)
    app.connect("html-page-context", load_script)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
