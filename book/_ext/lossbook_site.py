"""What makes the site our own: our styles, the explorers' player, nothing from other hosts.

Loaded by `_config.yml`. No mathematics lives here.
"""

from __future__ import annotations

import hashlib
import html
import json
import os
import re
from pathlib import Path
from typing import Any

from docutils import nodes
from sphinx.application import Sphinx
from sphinx.config import Config
from sphinx.environment import BuildEnvironment

from lossbook.explorer.static import ASSETS as EXPLORER_ASSETS
from lossbook.explorer.static import externalise

os.environ["LOSSBOOK_STATIC"] = "1"  # before any chapter runs: explorers then show themselves as HTML

HERE = Path(__file__).parent


def configure(app: Sphinx, config: Config) -> None:
    """Name the styles and scripts of every page.

    Jupyter Book would load all of `_static` on every page; a directive's own script is named by the directive.
    """
    config.html_css_files = ["lossbook.css"]
    config.html_js_files = [("lossbook.js", {"defer": "defer"})]


def copy_assets(app: Sphinx) -> None:
    """The explorers' player, which belongs to the package."""
    if app.builder.format != "html":
        return
    static = Path(app.outdir) / "_static"
    for source in EXPLORER_ASSETS:
        copy = static / source.name
        if not copy.exists() or copy.stat().st_mtime < source.stat().st_mtime:
            copy.parent.mkdir(parents=True, exist_ok=True)
            copy.write_bytes(source.read_bytes())


def add_explorers(app: Sphinx, page: str, template: str, context: dict[str, Any], doctree: object) -> None:
    """A page with explorers loads their player once, and their large tables when the reader comes near."""
    if 'class="explorer"' not in context.get("body", ""):
        return
    address = context["pathto"]("_static/explorers", 1)
    title = f"<cite>Lossbook</cite>, {context['title']}"
    if getattr(app.config, "lossbook_site", ""):  # shared.py knows the address
        title = f'<a href="{html.escape(app.config.lossbook_site)}{page}.html">{title}</a>'
    folder = Path(app.outdir) / "_static" / "explorers"
    context["body"] = externalise(context["body"], folder, address, f"From {title}.")
    app.add_css_file("explorer.css")
    app.add_js_file("explorer.js", defer="defer")


def pages_run_again(app: Sphinx, env: BuildEnvironment, *_: Any) -> list[str]:
    """The pages whose notebook ran after Sphinx last read them: their source is the same, their output may not be."""
    memory = Path(env.mystnb_config.execution_cache_path) / "lossbook.json"
    runs = json.loads(memory.read_text()) if memory.exists() else {}
    return [page for page, run in runs.items() if page in env.all_docs and run["time"] * 1e6 > env.all_docs[page]]


def says_nothing(app: Sphinx, what: str, name: str, thing: object, skip: bool, options: object) -> bool | None:
    """Leave out what has no words of its own: a tuple's fields, and a property that would borrow those of `str`."""
    words = getattr(thing, "__doc__", None) or ""
    return True if words.startswith("Alias for field number") or (isinstance(thing, property) and not words) else None


def bars_are_bars(app: Sphinx, what: str, name: str, thing: object, options: object, lines: list[str]) -> None:
    """Let a docstring say |e| in its prose, where reStructuredText would look for a substitution."""
    block = -1  # the indentation of the directive or doctest that we are in
    for number, line in enumerate(lines):
        indentation = len(line) - len(line.lstrip())
        if line.lstrip().startswith((".. ", ">>>")):
            block = indentation
        elif line.strip() and indentation <= block:
            block = -1
        if block < 0:
            lines[number] = re.sub(r"`[^`]*`|\|", lambda found: r"\|" if found[0] == "|" else found[0], line)


def break_names(app: Sphinx, page: str, template: str, context: dict[str, Any], doctree: object) -> None:
    """A long name in code may break after an underscore, a point or a bracket; so it need not break inside a word."""

    def breakable(found: re.Match[str]) -> str:
        return found[1] + re.sub(r"([_.(=,/\[])(?=\w|&quot;)", r"\1<wbr>", found[2]) + found[3]

    context["body"] = re.sub(r'(<(?:span class="pre"|code[^>]*)>)([^<]{9,})(</)', breakable, context.get("body", ""))


def mend_citations(app: Sphinx, page: str, template: str, context: dict[str, Any], doctree: object) -> None:
    """An entry of a list of citations is an item of that list; the role it has is not allowed where it stands."""
    context["body"] = context.get("body", "").replace('role="doc-biblioentry"', 'role="listitem"')


def write_true_minus(app: Sphinx, doctree: nodes.document, page: str) -> None:
    """A glued number is text, so it gets the minus sign that the formulas beside it have."""
    for glued in doctree.findall(nodes.inline):
        if "pasted-text" in glued["classes"]:
            for text in list(glued.findall(nodes.Text)):
                text.parent.replace(text, nodes.Text(re.sub(r"-(?=[\d.])", "−", text)))


def keep_together(app: Sphinx, doctree: nodes.document, page: str) -> None:
    """What touches a formula stays on its line: the full stop behind it, the bracket before it.

    A browser may break a line on either side of an SVG.
    """
    for formula in list(doctree.findall(nodes.math)):
        parent, place = formula.parent, formula.parent.index(formula)
        before, after = (parent[at] if 0 <= at < len(parent) else None for at in (place - 1, place + 1))
        opening = re.search(r"[(\[“‘]*$", before if isinstance(before, nodes.Text) else "")
        closing = re.match(r"\S{0,12}", after if isinstance(after, nodes.Text) else "")
        assert opening and closing  # both may be empty
        if opening[0] or closing[0]:
            whole = [nodes.Text(opening[0]), formula, nodes.Text(closing[0])]
            parent[place] = nodes.inline("", "", *whole, classes=["unbroken"])
        if opening[0]:
            parent[place - 1] = nodes.Text(before[: opening.start()])
        if closing[0]:
            parent[place + 1] = nodes.Text(after[closing.end() :])
        elif after is None and isinstance(parent, nodes.emphasis | nodes.strong):  # the comma may stand behind these
            beyond = parent.next_node(descend=False, siblings=True)
            if isinstance(beyond, nodes.Text) and (mark := re.match(r"[.,;:!?)]+", beyond)):
                parent[place] = nodes.inline("", "", parent[place], nodes.Text(mark[0]), classes=["unbroken"])
                parent.parent.replace(beyond, nodes.Text(beyond[mark.end() :]))


def straighten_types(app: Sphinx, doctree: nodes.document) -> None:
    """What a parameter may be is code, which smart quotes would spoil for those who copy it."""
    for kind in doctree.findall(nodes.classifier):
        for text in list(kind.findall(nodes.Text)):
            text.parent.replace(text, nodes.Text(re.sub("[“”]", '"', text)))


def own_sources() -> str:
    """Changes when a directive changes, so that every page is then read again."""
    return hashlib.sha256(b"".join(path.read_bytes() for path in sorted(HERE.glob("*.py")))).hexdigest()


def setup(app: Sphinx) -> dict[str, Any]:
    app.add_config_value("lossbook_extensions", own_sources(), "env")
    app.add_config_value("comments_config", {}, "html")  # Jupyter Book sets it for an extension that we leave out
    app.connect("config-inited", configure)
    app.connect("autodoc-skip-member", says_nothing)
    app.connect("autodoc-process-docstring", bars_are_bars, priority=400)
    app.connect("env-get-outdated", pages_run_again)
    app.connect("builder-inited", copy_assets)
    app.connect("doctree-read", straighten_types)
    app.connect("doctree-resolved", write_true_minus)
    app.connect("doctree-resolved", keep_together)
    app.connect("html-page-context", add_explorers)
    app.connect("html-page-context", mend_citations)
    app.connect("html-page-context", break_names)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
