"""Mathematics as MathML, set while the book is built: a page shows its formulas without a script.

`tools/mathml.py` sets them, `tools/mathfont.py` cuts the font to the characters that the pages use. TeX that cannot be
set is a warning with its place, and the book is built with warnings as errors.
"""

from __future__ import annotations

import re
import sys
from pathlib import Path
from typing import Any

from docutils import nodes
from sphinx.application import Sphinx
from sphinx.config import Config
from sphinx.errors import ExtensionError
from sphinx.util import logging
from sphinx.util.math import get_node_equation_number

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tools"))

import mathfont  # noqa: E402
import mathml  # noqa: E402

logger = logging.getLogger(__name__)


def configure(app: Sphinx, config: Config) -> None:
    if not mathml.TEMML.exists():
        raise ExtensionError("Temml is not installed in this environment; tools/install.sh fetches it")
    config.mathematics_version = mathml.version()  # pages are written anew when formulas are set in another way


def remember(app: Sphinx) -> None:
    mathml.remember(Path(app.doctreedir) / "mathml.json")


def setting(tex: str, display: bool, place: Any) -> str:
    """The formula as MathML; where it cannot be set, a warning and the TeX itself."""
    try:
        return mathml.mathml(tex, display=display)
    except mathml.BadTeX as problem:
        logger.warning("bad TeX: %s", problem, location=place)
        return f"<code>{nodes.unescape(tex)}</code>"


def visit_inline(self: Any, node: nodes.math) -> None:
    self.body.append(self.starttag(node, "span", "", CLASS="math notranslate nohighlight"))
    self.body.append(setting(node.astext(), False, node) + "</span>")
    raise nodes.SkipNode


def visit_display(self: Any, node: nodes.math_block) -> None:
    self.body.append(self.starttag(node, "div", CLASS="math notranslate nohighlight"))
    if node["number"]:
        self.body.append(f'<span class="eqno">({get_node_equation_number(self, node)})')
        self.add_permalink_ref(node, "Link to this equation")
        self.body.append("</span>")
    self.body.append(f'<div class="display">{setting(in_rows(node.astext()), True, node)}</div></div>\n')
    raise nodes.SkipNode


def in_rows(tex: str) -> str:
    r"""Paragraphs and lines that end in \\ become rows of one display."""
    parts = [part.strip() for part in tex.split("\n\n") if part.strip()]
    if len(parts) == 1 and (r"\\" not in parts[0] or parts[0].startswith(r"\begin")):
        return parts[0]
    return r"\begin{aligned}" + r" \\ ".join(parts) + r"\end{aligned}"


def set_captions(app: Sphinx, page: str, template: str, context: dict[str, Any], doctree: object) -> None:
    r"""What a running chapter wrote with \(…\), the captions of explorers, is set now."""
    captions = re.compile(r'(<span class="math notranslate nohighlight">)\\\((.*?)\\\)(</span>)', re.DOTALL)

    def one(match: re.Match[str]) -> str:
        before, tex, after = match.groups()
        return before + setting(mathml.html.unescape(tex), False, page) + after

    context["body"] = captions.sub(one, context.get("body", ""))


def write_style(app: Sphinx, problem: Exception | None) -> None:
    """Temml's style for this font, with the font itself: both are there at the first paint, no other flashes up.

    Made anew when the pages use other characters than before.
    """
    if problem or app.builder.format != "html":
        return
    memory = mathml.remembered()
    memory.keep()
    out = Path(app.outdir)
    pages = [path.read_text(encoding="utf-8") for path in sorted(out.rglob("*.html")) if "_static" not in path.parts]
    wanted = "".join(sorted(set().union(*map(mathfont.characters, pages))))
    made = Path(app.doctreedir) / "mathfont.txt"
    target = out / "_static" / "mathematics.css"
    key = f"{memory.version} {wanted}"
    if target.exists() and made.exists() and made.read_text(encoding="utf-8") == key:
        return
    target.write_text(mathfont.style(wanted), encoding="utf-8")
    made.write_text(key, encoding="utf-8")


def load_style(app: Sphinx, page: str, template: str, context: dict[str, Any], doctree: object) -> None:
    """Only pages with formulas load their style."""
    if "<math" in context.get("body", ""):
        app.add_css_file("mathematics.css", priority=400)


def setup(app: Sphinx) -> dict[str, Any]:
    app.add_html_math_renderer("temml", (visit_inline, None), (visit_display, None))
    app.add_config_value("mathematics_version", "", "html")
    app.connect("config-inited", configure)
    app.connect("builder-inited", remember)
    app.connect("html-page-context", set_captions, priority=400)
    app.connect("html-page-context", load_style)
    app.connect("build-finished", write_style)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": False}
