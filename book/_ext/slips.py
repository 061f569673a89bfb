"""*Slips in lecture notes, collected*: the numbered items of every chapter's section of that name, on one page.

    ```{slips}
    ```

The chapters' own nodes are copied when the page is written, with glued numbers and citations. Of a chapter
this relies on the heading and on the numbered lists below it.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from docutils import nodes
from formula import chapter_pages
from glance import chapter_title
from notebooks import is_chapter
from sphinx import addnodes
from sphinx.application import Sphinx
from sphinx.environment import BuildEnvironment
from sphinx.transforms.post_transforms import SphinxPostTransform
from sphinx.util.docutils import SphinxDirective

HEADING = "Slips to avoid"


class slips_of(nodes.General, nodes.Element):
    """The place of a chapter's slips. Its `page` is the chapter."""


def slips(doctree: nodes.document) -> Iterator[nodes.list_item]:
    """The items of the numbered lists right under the heading."""
    for section in doctree.findall(nodes.section):
        if section[0].astext() == HEADING:
            for numbered in section.children:
                if isinstance(numbered, nodes.enumerated_list):
                    yield from (item for item in numbered.children if isinstance(item, nodes.list_item))


def anchor(number: int) -> str:
    return f"slip-{number}"


def mark(app: Sphinx, doctree: nodes.document) -> None:
    """Give every slip of a chapter an address."""
    for number, item in enumerate(slips(doctree), 1):
        item["ids"].append(anchor(number))


class Slips(SphinxDirective):
    """Leaves the place; headings and items come later, since a directive may make no section."""

    def run(self) -> list[nodes.Node]:
        return [slips_of(page="")]


def add_headings(app: Sphinx, doctree: nodes.document) -> None:
    """One section a chapter, early enough for the contents beside the page."""
    env = app.env
    for place in list(doctree.findall(slips_of)):
        sections = []
        for chapter, page in chapter_pages(env).items():
            path = Path(env.doc2path(page))
            if is_chapter(path) and f"\n## {HEADING}\n" in path.read_text(encoding="utf-8"):
                title = nodes.title("", chapter_title(env, chapter))
                sections.append(nodes.section("", title, slips_of(page=page), ids=[f"slips-{chapter}"]))
        place.parent.replace(place, sections)


class Copies(SphinxPostTransform):
    default_priority = 4  # before references are resolved, so that they are resolved from here

    def run(self, **keywords: Any) -> None:
        for place in list(self.document.findall(slips_of)):
            place.replace_self(self.items(place["page"]))

    def items(self, page: str) -> nodes.Node:
        here = self.env.docname
        uri = self.app.builder.get_relative_uri(here, page)
        number_of_chapter = ".".join(map(str, self.env.toc_secnumbers.get(page, {}).get("", ())))
        copies = []
        for number, item in enumerate(slips(self.env.get_doctree(page)), 1):
            copy = item.deepcopy()
            for node in copy.findall(nodes.Element):
                node["ids"], node["names"] = [], []
                if isinstance(node, addnodes.pending_xref):
                    node["refdoc"] = here
                if isinstance(node, nodes.reference) and node.get("refid"):
                    node["refuri"] = f"{uri}#{node.attributes.pop('refid')}"
            shown = f"{number_of_chapter}.{number}" if number_of_chapter else str(number)
            link = nodes.reference("", shown, refuri=f"{uri}#{anchor(number)}", internal=True, classes=["slip-number"])
            first = copy.next_node(nodes.paragraph)
            first.insert(0, [link, nodes.Text(" ")])
            copies.append(copy)
        return nodes.bullet_list("", *copies, classes=["slips"])


def read_again(app: Sphinx, env: BuildEnvironment, *pages: set[str]) -> list[str]:
    """The page of slips, whenever a chapter is added, changed or removed."""
    return ["reference/slips"] if "reference/slips" in env.all_docs and set().union(*pages) else []


def load_style(app: Sphinx, page: str, template: str, context: dict[str, Any], doctree: nodes.document | None) -> None:
    if 'class="slips' in context.get("body", ""):
        app.add_css_file("guide.css")


def ignored(self: Any, node: nodes.Node) -> None:
    raise nodes.SkipNode


def setup(app: Sphinx) -> dict[str, Any]:
    app.add_directive("slips", Slips)
    app.add_node(slips_of, html=(ignored, None), latex=(ignored, None))
    app.add_post_transform(Copies)
    app.connect("doctree-read", mark)
    app.connect("doctree-read", add_headings, priority=100)  # before Sphinx collects titles
    app.connect("env-get-outdated", read_again)
    app.connect("html-page-context", load_style)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
