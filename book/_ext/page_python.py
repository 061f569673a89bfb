"""Python for the reader's browser: its parts are put into the site, and pages get the scripts of their fields for code.

`tools/pagepython.py` finds the parts. Where they cannot be had, the pages are written without the fields.
"""

from __future__ import annotations

import re
import sys
from pathlib import Path
from typing import Any

from sphinx.application import Sphinx
from sphinx.config import Config

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "tools"))

import pagepython

SCRIPTS = {"question-try": "try.js", "run-cell": "run.js", "own-loss": "own_loss.js"}
FIELD = re.compile(r'<(?P<tag>details|section) class="code-field (?P<kind>[a-z-]+)"(?P<inside>.*?)</(?P=tag)>\n', re.S)


def configure(app: Sphinx, config: Config) -> None:
    try:
        config.page_python = pagepython.size(pagepython.parts())
    except pagepython.Missing:  # tools/build.py has said so
        config.page_python = ""


def load_scripts(app: Sphinx, page: str, template: str, context: dict[str, Any], doctree: object) -> None:
    """What runs the fields of a page, each of which says what it loads; without Python the fields go."""
    body, megabytes = context.get("body", ""), app.config.page_python
    kinds = {field["kind"] for field in FIELD.finditer(body)}
    if kinds and megabytes:
        app.add_css_file("page_python.css")
        app.add_js_file("page_python.js", defer="defer", priority=600)
        for kind in sorted(kinds):
            app.add_js_file(SCRIPTS[kind], defer="defer", priority=700)

    def filled(field: re.Match[str]) -> str:
        if not megabytes:
            return ""
        tag, kind = field["tag"], field["kind"]
        return f'<{tag} class="code-field {kind}" data-megabytes="{megabytes}"{field["inside"]}</{tag}>\n'

    if kinds:
        context["body"] = FIELD.sub(filled, body)


def write(app: Sphinx, problem: Exception | None) -> None:
    """The folder of the parts, without those of an earlier build."""
    if problem or app.builder.format != "html":
        return
    folder = Path(app.outdir) / "_static" / "python"
    folder.mkdir(exist_ok=True)
    wanted = pagepython.parts() if app.config.page_python else {}
    for path in folder.iterdir():
        if path.name not in wanted:
            path.unlink()
    for name, data in wanted.items():
        if not (folder / name).exists() or name == "parts.json":
            (folder / name).write_bytes(data)


def setup(app: Sphinx) -> dict[str, Any]:
    app.add_config_value("page_python", "", "html", str)  # megabytes
    app.connect("config-inited", configure)
    app.connect("html-page-context", load_scripts)
    app.connect("build-finished", write)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
