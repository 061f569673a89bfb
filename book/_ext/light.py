"""Only what is used: scripts and styles of the theme that nothing of ours needs stay out, and its icons are a few.

The frame of the pages is `_templates/layout.html`; what Sphinx and its extensions add to every page is sorted here.
"""

from __future__ import annotations

import hashlib
import io
import re
from pathlib import Path
from typing import Any

from fontTools import subset
from fontTools.ttLib import TTFont
from sphinx.application import Sphinx
from sphinx.config import Config

TEMPLATES = Path(__file__).resolve().parents[1] / "_templates"
# Search, highlighting of hits, tabs and folding: ours is another search, no page has tabs, and `folds` needs no script.
UNUSED = ("doctools.js", "sphinx_highlight.js", "design-tabs.js", "togglebutton.js", "togglebutton.css")
# What a page must contain for a file to be of use to it.
NEEDED = {
    "sphinx-design.min.css": 'class="sd-',
    "copybutton.js": 'class="highlight',
    "clipboard.min.js": 'class="highlight',
    "copybutton.css": 'class="highlight',
    "pygments.css": 'class="highlight',
}


def configure(app: Sphinx, config: Config) -> None:
    config.templates_path = [str(TEMPLATES), *config.templates_path]  # the theme has put its own there


def spare_the_index(app: Sphinx) -> None:
    """No page loads Sphinx's own search index, so no page is read for it."""
    if app.builder.format == "html":
        app.builder.load_indexer = app.builder.index_page = lambda *_: None
        app.builder.dump_search_index = lambda: None


def sort_out(app: Sphinx, page: str, template: str, context: dict[str, Any], doctree: object) -> None:
    """Leave out of a page the files that it has no use for."""
    body = context.get("body", "")

    def used(asset: Any) -> bool:
        name = str(getattr(asset, "filename", None) or asset or "").split("?")[0].rsplit("/", 1)[-1]
        if "toggle" in str(getattr(asset, "attributes", {}).get("body", "")):
            return False
        return name not in UNUSED and (name not in NEEDED or NEEDED[name] in body)

    for kind in ("script_files", "css_files"):
        context[kind] = [asset for asset in context[kind] if used(asset)]


# .fa-bars:before,.fa-navicon:before{content:"\f0c9"}: begun at a brace alone: long data is not tried at every letter
RULE = re.compile(r"(?<![^{}])([^{}]+)\{content:\s*\"\\([0-9a-f]+)\"\}")


def names_in(selector: str) -> set[str]:
    return set(re.findall(r"\.fa-([\w-]+):{1,2}before", selector))


def icons(pages: list[str], styles: list[str]) -> set[int]:
    """The code points of the icons that pages name by class and that styles put in by a character."""
    css = "\n".join(styles)
    words = {word for page in pages for word in re.findall(r"\bfa-([\w-]+)", page)}
    by_name = {int(code, 16) for selector, code in RULE.findall(css) if names_in(selector) & words}
    return by_name | {ord(letter) for letter in re.findall(r"[\ue000-\uf8ff]", RULE.sub("", css))}


def cut_icons(app: Sphinx, problem: Exception | None) -> None:
    """Leave of the theme's icons, in its fonts and in its style, those that are shown."""
    if problem or app.builder.format != "html":
        return
    static = Path(app.outdir) / "_static"
    files = (path for path in sorted(Path(app.outdir).rglob("*.html")) if "_static" not in path.parts)
    pages = [path.read_text(encoding="utf-8") for path in files]
    styles = {path: path.read_text(encoding="utf-8") for path in sorted(static.rglob("*.css"))}
    shown = icons(pages, list(styles.values()))

    def kept(rule: re.Match[str]) -> str:
        return "" if names_in(rule[1]) and int(rule[2], 16) not in shown else rule[0]

    for path, css in styles.items():
        if (shorter := RULE.sub(kept, css)) != css:
            path.write_text(shorter, encoding="utf-8")
    for path in sorted(static.rglob("fa-*.woff2")):
        path.write_bytes(cut(path.read_bytes(), frozenset(shown), Path(app.doctreedir)))


def cut(font: bytes, shown: frozenset[int], memory: Path) -> bytes:
    """The font with the icons that are shown alone; made once for a font and a set of icons."""
    key = hashlib.sha256(font + repr(sorted(shown)).encode()).hexdigest()[:16]
    made = memory / f"icons-{key}.woff2"
    if not made.exists():
        options = subset.Options(flavor="woff2", hinting=False)
        whole = TTFont(io.BytesIO(font))
        cutter = subset.Subsetter(options)
        cutter.populate(unicodes=shown & set(whole.getBestCmap()))
        cutter.subset(whole)
        subset.save_font(whole, str(made), options)
    return made.read_bytes()


def setup(app: Sphinx) -> dict[str, Any]:
    app.connect("config-inited", configure)
    app.connect("builder-inited", spare_the_index)
    app.connect("html-page-context", sort_out, priority=950)
    app.connect("build-finished", cut_icons)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
