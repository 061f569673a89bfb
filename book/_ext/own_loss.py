"""The page on which a reader's own loss is drawn: a field for its definition, and the figures of the worked examples.

    ```{own-loss}
    ```

Beside the figures wait, unseen, the same pictures with the controls of a loss that is typed; `own_loss.js` puts them in
their place when Python has drawn one.
"""

from __future__ import annotations

import json
from typing import Any

from docutils import nodes
from pictures import html_of
from sphinx.application import Sphinx
from sphinx.util.docutils import SphinxDirective

from lossbook.analysis.own_loss import EXAMPLES
from lossbook.figures import own_loss as figures

ABSENT = (
    '<p class="own-loss-absent"><strong>In this copy of the book nothing can be typed here</strong>, because it was '
    "built without the Python for its pages. The figures below show worked examples; in a notebook "
    "<code>profile(loss)</code> draws yours.</p>"
)


def data() -> dict[str, Any]:
    """What Python is told of the pictures: how data become points in them, what their controls stand for."""
    found: dict[str, Any] = {"places": {}, "grids": {}, "texts": {}, "examples": EXAMPLES}
    for explorer, moved in (figures.live_profile(), figures.live_fits()):
        found["places"][explorer.name] = explorer.places(moved)
        found["grids"][explorer.name] = {key: control.values for key, control in explorer.controls.items()}
        found["texts"][explorer.name] = {key: control.texts for key, control in explorer.controls.items()}
        if "point" in explorer.controls:
            x, y = explorer.controls["x"], explorer.controls["y"]
            targets = zip(figures.X, figures.Y, strict=True)
            found["points"] = [[x.index("x", float(a)), y.index("y", float(b))] for a, b in targets]
    return found


class OwnLoss(SphinxDirective):
    def run(self) -> list[nodes.Node]:
        packed = json.dumps(data()).replace("<", r"\u003c")
        live = "".join(
            f'<template data-live="{explorer.name}">{explorer.bare(moved)}</template>'
            for explorer, moved in (figures.live_profile(), figures.live_fits())
        )
        field = (
            f'<section class="code-field own-loss"><script type="application/json">{packed}</script>{live}</section>\n'
        )
        shown = html_of(figures.own_loss_profile) + html_of(figures.own_loss_fits)
        return [nodes.raw("", field + shown, format="html")]


def say_so(app: Sphinx, page: str, template: str, context: dict[str, Any], doctree: object) -> None:
    """Where the field has been left out, the page says why."""
    body = context.get("body", "")
    mark = '<figure class="explorer" data-explorer="own-loss"'
    if mark in body and not app.config.page_python:
        context["body"] = body.replace(mark, ABSENT + mark, 1)


def setup(app: Sphinx) -> dict[str, Any]:
    app.add_directive("own-loss", OwnLoss)
    app.connect("html-page-context", say_so, priority=600)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
