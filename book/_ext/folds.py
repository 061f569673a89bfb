"""What folds does so by itself: a page is as tall before its scripts have run as after, and opens without them.

Admonitions of the class `dropdown` fold, and the code of a cell that hides it, below the figure that it draws.
"""

from __future__ import annotations

from typing import Any

from docutils import nodes
from myst_nb.sphinx_ import HideCodeCellNode
from sphinx.application import Sphinx
from sphinx.transforms.post_transforms import SphinxPostTransform


class fold(nodes.Element):
    """What folds. Its first child is a `fold_title`."""


class fold_title(nodes.TextElement):
    """What it says while it is folded."""


class Folds(SphinxPostTransform):
    default_priority = 20
    formats = ("html",)

    def run(self, **keywords: Any) -> None:
        for box in list(self.document.findall(nodes.admonition)):
            if "dropdown" in box["classes"]:
                title, *rest = box.children
                box.replace_self(fold("", fold_title("", "", *title.children), *rest, **box.attributes))


class CodeBelow(SphinxPostTransform):
    """A reader wants the figure first. The theme's bar above it becomes a word below it."""

    default_priority = 200  # after MyST-NB has wrapped what a cell hides
    formats = ("html",)

    def run(self, **keywords: Any) -> None:
        cells = [(cell, one) for cell in self.document.findall(nodes.container) for one in cell.children]
        for cell, hidden in cells:  # MyST-NB does not tell all of them where they stand
            if isinstance(hidden, HideCodeCellNode):
                cell.children.remove(hidden)
                title = fold_title("", hidden["prompt_show"])
                cell += fold("", title, *hidden.children, classes=["hide", *hidden["classes"]])


def visit(self: Any, node: fold) -> None:
    self.body.append(self.starttag(node, "details", CLASS="admonition"))


def depart(self: Any, node: fold) -> None:
    self.body.append("</details>\n")


def visit_title(self: Any, node: fold_title) -> None:
    self.body.append('<summary class="admonition-title">')


def depart_title(self: Any, node: fold_title) -> None:
    self.body.append("</summary>\n")


def setup(app: Sphinx) -> dict[str, Any]:
    app.add_node(fold, html=(visit, depart))
    app.add_node(fold_title, html=(visit_title, depart_title))
    app.add_post_transform(Folds)
    app.add_post_transform(CodeBelow)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
