"""Python for the reader's browser: its parts are put into the site, so that code exercises can be answered in the page.

`tools/pagepython.py` finds them. Where they cannot be had, the pages are written without the fields.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

from sphinx.application import Sphinx
from sphinx.config import Config

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "tools"))

import pagepython


def configure(app: Sphinx, config: Config) -> None:
    try:
        config.page_python = pagepython.size(pagepython.parts())
    except pagepython.Missing:  # tools/build.py has said so
        config.page_python = ""


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
    app.connect("config-inited", configure)
    app.connect("build-finished", write)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
