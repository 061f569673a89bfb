"""The search: an index over the sections of the built pages, made by MiniSearch, loaded when a reader first searches.

A section answers to its heading, to the names of the losses whose formula it prints (from the catalogue's records,
names in other libraries among them) and to its words. What readers say instead of our words stands in `search.yml`.
"""

from __future__ import annotations

import hashlib
import json
import re
import subprocess
import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import yaml
from bs4 import BeautifulSoup, NavigableString, Tag
from glance import phrases
from sphinx.application import Sphinx
from sphinx.errors import ExtensionError

from lossbook.catalogue import CATALOGUE

BOOK = Path(__file__).resolve().parents[1]
NODE = Path(sys.prefix) / "bin" / "node"
MINISEARCH = Path(sys.prefix) / "share" / "node_modules" / "minisearch" / "dist"
WORDS = BOOK / "search.yml"
BUILD, PLAYER = BOOK.parent / "tools" / "build_search.cjs", BOOK / "_static" / "search.js"
# What is no prose: pictures, code, data, what is folded away in a question, marks beside headings and formulas.
SILENT = "svg, script, style, template, pre, annotation, output, nav, .eqno, .headerlink, .checked-mark"
SILENT += ", div.math, .question details, .explorer-travel, details.hide > summary"
LONGEST = 150  # characters of what a function is
CARD, CHAPTER = 0.4, 1.5  # a card comes after the section that teaches its loss, a part after its whole
WEIGHTS = {
    "reference/api": 0.1,
    "reference/bibliography": 0.4,
    "reference/explorers": 0.3,
    "reference/slips": 0.4,
    "reference/how-formulas-are-checked": 0.4,
}


def sections(page: str, markup: str) -> Iterator[dict[str, Any]]:
    """The sections of one built page: heading, page, address, words, and the names of the losses they define."""
    article = BeautifulSoup(lightened(markup), "html.parser").select_one("article")
    if article is None or page in ("search", "404"):
        return
    names_here = names_at(article, page)  # before the formulas go
    for silent in article.select(SILENT):
        silent.decompose()
    heading = article.find("h1")
    title_of_page = text_of(heading) if heading else page
    boxes = article.select("section[id], .glance-loss[id], dl.py > dt[id]")
    wholes = [box.find_parent("dl") if box.name == "dt" else box for box in boxes]
    for box, whole in zip(boxes, wholes, strict=True):
        title = box.find(["h1", "h2", "h3", "h4"]) or box.select_one(".sig-name, .glance-title, summary") or box
        url = f"{page}.html" if title is heading else f"{page}.html#{box['id']}"
        names = [*names_here.get(whole.get("id"), ()), *words()["sections"].get(url, ())]
        if box.name == "dt":  # of a function, what it is
            said = whole.select_one("dd > p")
            text = text_of(said)[:LONGEST] if said else ""
        else:
            text = re.sub(r"\s+", " ", " ".join(own_text(whole, title, wholes))).strip()
        yield {
            "title": text_of(title),
            "page": title_of_page,
            "url": url,
            "text": text,
            "names": " | ".join(names),
            "exact": [plain(name) for name in (*names, text_of(title))],
            "weight": WEIGHTS.get(page, 1.0)
            * CARD ** ("glance-loss" in (whole.get("class") or []))
            * CHAPTER ** (title is heading),
        }


# Most of a page is data, drawings and formulas, of which words alone are wanted: a parser need not build all that.
DRAWN = re.compile(r"<(script|style|annotation|pre)\b.*?</\1>|<svg\b(?:(?!<svg\b).)*?</svg>", re.DOTALL)
FORMULA = re.compile(r"(<math\b[^>]*>)(.*?)(</math>)", re.DOTALL)


def lightened(markup: str) -> str:
    """The article of a page without data and drawings, its formulas without their parts."""
    markup = DRAWN.sub("", markup[markup.find("<article") : markup.rfind("</article>")])
    return FORMULA.sub(lambda one: one[1] + re.sub(r"<[^>]*>", "", one[2]) + one[3], markup)


def text_of(node: Tag) -> str:
    return re.sub(r"\s+", " ", node.get_text(" " if node.name == "summary" else "")).strip()


BLOCKS = ["section", "div", "dl", "dt", "dd", "ul", "ol", "li", "table", "thead", "tbody", "tr", "th", "td"]
BLOCKS += ["details", "summary", "figure", "form", "fieldset", "p", "pre"]


def own_text(box: Tag, title: Tag, wholes: list[Tag]) -> Iterator[str]:
    """The text of a section without its heading and without the sections and functions inside it, block by block."""
    for child in box.children:
        if isinstance(child, NavigableString):
            yield str(child)
        elif isinstance(child, Tag) and child is not title and not any(child is other for other in wholes):
            nested = child.find(BLOCKS) is not None
            yield from own_text(child, title, wholes) if nested else [text_of(child)]


def names_at(article: Tag, page: str) -> dict[str, list[str]]:
    """The names of losses by the id of the section that prints their formula in their chapter, or of their card."""
    found: dict[str, list[str]] = {}
    by_id = {tag["id"]: tag for tag in article.find_all(id=True)}
    for loss in CATALOGUE.values():
        name = loss.name.replace("_", "-")
        formula = by_id.get(f"equation-formula-{name}") if Path(page).name == loss.chapter else None
        home = formula.find_parent("section", id=True) if formula else by_id.get(f"loss-{name}")
        if home:
            found.setdefault(home["id"], []).extend(dict.fromkeys([loss.name, *phrases(loss)]))
    return found


def plain(name: str) -> str:
    """As search.js compares whole queries."""
    return re.sub(r"[\W_]+", " ", name.lower()).strip()


class Index:
    """The sections of every page, remembered by the page's content: only what changed is read again."""

    def __init__(self, memory: Path) -> None:
        self.memory = memory
        self.key = hashlib.sha256(Path(__file__).read_bytes() + PLAYER.read_bytes() + WORDS.read_bytes()).hexdigest()
        found = json.loads(memory.read_text(encoding="utf-8")) if memory.exists() else {}
        self.known = found.get("pages", {}) if found.get("key") == self.key else {}

    def sections(self, html: Path) -> list[dict[str, Any]]:
        known, found = self.known, []
        self.known = {}
        for path in sorted(html.rglob("*.html")):
            page = path.relative_to(html).with_suffix("").as_posix()
            if page.startswith("_static"):
                continue
            markup = path.read_text(encoding="utf-8")
            stamp = hashlib.sha256(markup.encode()).hexdigest()
            entry = known.get(page)
            if not entry or entry["stamp"] != stamp:
                entry = {"stamp": stamp, "sections": list(sections(page, markup))}
            self.known[page] = entry
            found += entry["sections"]
        return found

    def keep(self) -> None:
        self.memory.write_text(json.dumps({"key": self.key, "pages": self.known}), encoding="utf-8")


@cache
def words() -> dict[str, dict[str, list[str]]]:
    return yaml.safe_load(WORDS.read_text(encoding="utf-8"))


def write_index(app: Sphinx, problem: Exception | None) -> None:
    if problem or app.builder.format != "html":
        return
    out = Path(app.outdir)
    index = Index(Path(app.doctreedir) / "search.json")
    found = index.sections(out)
    here = {url for url in words()["sections"] if url.partition(".html")[0] in app.env.found_docs}
    if lost := here - {section["url"] for section in found}:
        raise ExtensionError(f"search.yml names sections that are not there: {', '.join(sorted(lost))}")
    command = [str(NODE), str(BUILD), str(MINISEARCH / "cjs/index.cjs"), str(PLAYER)]
    made = subprocess.run(command, input=json.dumps(found), capture_output=True, text=True, check=True).stdout
    data = f"window.lossbookIndex={{index:{made},synonyms:{json.dumps(words()['words'], ensure_ascii=False)}}};"
    (out / "_static" / "search-index.js").write_text(data, encoding="utf-8")
    (out / "_static" / "minisearch.js").write_bytes((MINISEARCH / "umd/index.js").read_bytes())
    index.keep()


def load(app: Sphinx, *_: Any) -> None:
    app.add_js_file("search.js", defer="defer")
    app.add_css_file("search.css")


def setup(app: Sphinx) -> dict[str, Any]:
    if not MINISEARCH.exists():
        raise ExtensionError("MiniSearch is not installed in this environment; tools/install.sh fetches it")
    app.connect("html-page-context", load)
    app.connect("build-finished", write_index, priority=900)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
