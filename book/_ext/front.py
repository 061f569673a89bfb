"""The first page, and the page of all explorers: made from the chapters and from `course`.

```{front-figure}        the explorer that is dragged at once
```{front-begin}         where to begin, or to go on, and how much is done
```{find-a-loss}         a field that opens the search
```{course-map}          what needs what
```{course-chapters}     each chapter with what it is good for
```{best-figures}        name | panel | what is to be seen, a line each
```{all-explorers}       every explorer, by chapter
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from dataclasses import dataclass
from html import escape
from pathlib import Path
from typing import Any

import pictures
from course import CHAPTERS, edges, nearest
from docutils import nodes
from formula import in_course_order
from notebooks import is_chapter
from pictures import Shown, explorers_of, html_of
from plan import hours, load
from question import html_element
from sphinx.application import Sphinx
from sphinx.environment import BuildEnvironment
from sphinx.errors import ExtensionError
from sphinx.util.docutils import SphinxDirective

from lossbook.figures.front import one_rent

GLANCE, GUIDE, ALL = (f"reference/{name}" for name in ("losses-at-a-glance", "which-loss", "explorers"))
COLUMN, BOX, ROW, HEIGHT = 210, 160, 62, 46  # of the wide map: thousandths of its width, and pixels
TALL_COLUMN, TALL_BOX = 550, 450
QUESTION = re.compile(r"^(?:`{3,}|:{3,})\{question\}[ ]+(\S+)", re.MULTILINE)
GUESS = re.compile(r"^(?:`{3,}|:{3,})\{predict\}[ ]+(\S+)", re.MULTILINE)
AFTERWARDS = re.compile(
    r"(?:\*\*Afterwards\*\*,? you can|After this chapter,? you can)\s+(.+?)(?=\n- \*\*|\n\n|\nIn ten)", re.DOTALL
)


@dataclass(frozen=True)
class Entry:
    """A chapter in the contents."""

    page: str
    number: int
    title: str
    part: str
    text: str

    @property
    def name(self) -> str:
        return Path(self.page).name

    @property
    def short(self) -> str:
        return CHAPTERS[self.name].short

    @property
    def questions(self) -> list[str]:
        return QUESTION.findall(self.text)

    @property
    def guesses(self) -> list[str]:
        return GUESS.findall(self.text)

    @property
    def afterwards(self) -> str:
        """What its opening lines promise."""
        found = AFTERWARDS.search(self.text)
        if not found:
            return ""
        words = re.sub(r"\[([^\]]+)\]\([^)]*\)", r"\1", " ".join(found[1].split()))
        words = re.sub(r"[*_`]", "", words).rstrip(".") + "."
        return words[0].upper() + words[1:]


def contents(env: BuildEnvironment) -> list[Entry]:
    """The chapters in their order. A chapter that the map does not know stops the build."""
    found = []
    for tree in env.config.external_site_map.root.subtrees:
        for page in map(str, tree.items):
            path = Path(env.doc2path(page))
            if not is_chapter(path):
                continue
            text = path.read_text(encoding="utf-8")
            title = re.search(r"^# (.+)$", text, re.MULTILINE)
            assert title, page
            found.append(Entry(page, len(found) + 1, title[1].strip(), tree.caption or "", text))
    if unknown := [entry.page for entry in found if entry.name not in CHAPTERS]:
        raise ExtensionError(f"book/_ext/course.py does not say what {', '.join(unknown)} needs")
    return found


# ── The map ──────────────────────────────────────────────────────────────────────────────────────────────────────────


def line_wide(start: tuple[float, float], end: tuple[float, float]) -> str:
    """From the right of a box to the left of another: a bend in the gap, then straight on."""
    x, y = start[0] * COLUMN + BOX, (start[1] + 0.5) * ROW
    beyond, far, level = (start[0] + 1) * COLUMN, end[0] * COLUMN, (end[1] + 0.5) * ROW
    middle = (x + beyond) / 2
    return f"M{x:g} {y:g}C{middle:g} {y:g} {middle:g} {level:g} {beyond:g} {level:g}" + (f"H{far:g}" * (far > beyond))


def line_tall(start: tuple[float, float], end: tuple[float, float]) -> str:
    """From the bottom of a box to the top of one in the next row; further down through the lane in the middle.

    Straight down where the column is empty between the two.
    """
    x, y = start[0] * TALL_COLUMN + TALL_BOX / 2, (start[1] + 0.5) * ROW + HEIGHT / 2
    far, top = end[0] * TALL_COLUMN + TALL_BOX / 2, (end[1] + 0.5) * ROW - HEIGHT / 2
    between = (one.tall for one in CHAPTERS.values() if start[1] < one.tall[1] < end[1])
    if start[0] == end[0] and not any(abs(other[0] - start[0]) < 1 for other in between):
        return f"M{x:g} {y:g}V{top:g}"
    if end[1] - start[1] <= 1:
        middle = (y + top) / 2
        return f"M{x:g} {y:g}C{x:g} {middle:g} {far:g} {middle:g} {far:g} {top:g}"
    side, level, lane = (1 if end[0] > 0.5 else -1), (end[1] + 0.5) * ROW, 500
    inner = lane + side * (TALL_COLUMN - TALL_BOX) / 2
    out = lane + 140 if start[0] > 0.5 else lane - 140
    bend = y + (ROW - HEIGHT)
    return (
        f"M{out:g} {y:g}C{out:g} {bend:g} {lane:g} {y:g} {lane:g} {bend:g}"
        f"V{level - 16:g}C{lane:g} {level:g} {lane:g} {level:g} {inner:g} {level:g}"
    )


def lines(here: Iterable[str], kind: str) -> str:
    draw, at = (line_wide, "wide") if kind == "wide" else (line_tall, "tall")
    here = list(here)
    rows = 1 + max(getattr(CHAPTERS[name], at)[1] for name in here)
    width = 4 * COLUMN + BOX if kind == "wide" else TALL_COLUMN + TALL_BOX
    drawn = "".join(
        f'<path class="{how}" data-from="{start}" data-to="{end}" '
        f'd="{draw(getattr(CHAPTERS[start], at), getattr(CHAPTERS[end], at))}"/>'
        for start, end, how in edges(here)
    )
    return (
        f'<svg class="map-lines map-{kind}" viewBox="0 0 {width} {rows * ROW:g}" style="height:{rows * ROW:g}px" '
        f'preserveAspectRatio="none" aria-hidden="true">{drawn}</svg>'
    )


def words_of(names: Iterable[str], by_name: dict[str, Entry]) -> str:
    return " and ".join(f"{by_name[name].number} {by_name[name].short}" for name in CHAPTERS if name in set(names))


def course_map(entries: list[Entry], root: str) -> str:
    """Boxes that are links, in a list that reads well by itself, and lines behind them."""
    if not entries:
        return ""
    by_name = {entry.name: entry for entry in entries}
    parts = list(dict.fromkeys(entry.part for entry in entries))
    boxes = ""
    for entry in entries:
        chapter, needs = CHAPTERS[entry.name], nearest(entry.name, by_name)
        said = f"needs {words_of(needs, by_name)}" if needs else "needs no other chapter"
        partly = {name for name in chapter.partly if name in by_name} - needs
        said += f"; a section of it needs {words_of(partly, by_name)}" if partly else ""
        wide, tall = chapter.wide, chapter.tall
        place = (
            f"--x:{wide[0] * COLUMN / 10:g}%;--y:{(wide[1] + 0.5) * ROW - HEIGHT / 2:g}px;"
            f"--tx:{tall[0] * TALL_COLUMN / 10:g}%;--ty:{(tall[1] + 0.5) * ROW - HEIGHT / 2:g}px"
        )
        boxes += (
            f'<li class="map-part-{parts.index(entry.part) + 1}" style="{place}">'
            f'<a href="{root}{entry.page}.html" data-chapter="{entry.name}" '
            f'data-needs="{" ".join(sorted(needs | partly))}">'
            f'<span class="map-number">{entry.number}</span> <span class="map-name">{escape(entry.short)}</span>'
            f'<span class="unseen">, {said}</span></a></li>'
        )
    legend = "".join(
        f'<li class="map-part-{number}">{escape(part)}</li>' for number, part in enumerate(parts, 1) if part
    )
    return (
        f'<div class="course-map" style="--height:{HEIGHT}px"><ul class="map-legend">{legend}</ul>'
        f'<div class="map-ground">{lines(by_name, "wide")}{lines(by_name, "tall")}'
        f'<ol class="map-boxes">{boxes}</ol></div></div>\n'
    )


# ── Chapters, figures, progress ──────────────────────────────────────────────────────────────────────────────────────


def counted(number: int, one: str) -> str:
    return f"{number} {one}" if number == 1 else f"{number} {one}s"


def chapter_list(entries: list[Entry], figures: dict[str, int], root: str) -> str:
    """Each part with its chapters, what each is good for and how much there is to do."""
    parts = ""
    for part in dict.fromkeys(entry.part for entry in entries):
        items = ""
        for entry in (entry for entry in entries if entry.part == part):
            asked = counted(len(entry.questions), "question")
            items += (
                f'<li value="{entry.number}"><a href="{root}{entry.page}.html">{escape(entry.title)}</a>'
                f"<p>{escape(entry.afterwards)}</p>"
                f'<p class="front-amount">{hours(load(entry.name, entry.text).reading)}, '
                f"{counted(figures[entry.page], 'figure')}, "
                f'<span data-amount="{entry.name}">{asked}</span></p></li>'
            )
        parts += f"<section><h3>{escape(part)}</h3><ol>{items}</ol></section>"
    return f'<div class="front-chapters">{parts}</div>\n'


def figures_in(env: BuildEnvironment) -> int:
    return sum(len(explorers_of(env, entry.page)) for entry in contents(env))


def progress(entries: list[Entry], figures: int, root: str) -> str:
    """Where to begin; a script says how far its reader has come, in the room that is kept for it."""
    if not entries:
        return ""
    first = entries[0]
    known = [
        {"name": e.name, "page": e.page, "number": e.number, "short": e.short, "questions": e.questions}
        | {"guesses": e.guesses}
        for e in entries
    ]
    total = sum(len(entry.questions) for entry in entries)
    data = json.dumps(
        {"root": root, "figures": figures, "chapters": known}, ensure_ascii=False, separators=(",", ":")
    ).replace("<", "\\u003c")
    return (
        f'<div class="front-begin"><script type="application/json">{data}</script>'
        f'<a class="front-go" href="{root}{first.page}.html">'
        f"<span>Begin: {first.number} {escape(first.short)}</span></a>"
        f'<p class="front-done"><span>{len(entries)} chapters, {figures} figures, {total} questions</span>'
        '<span class="front-bar" aria-hidden="true"></span></p></div>\n'
    )


def card(shown: Shown, root: str, sentence: str, panel: int = 0, level: str = "b", title: str = "") -> str:
    """A small picture that leads to its explorer."""
    notes = [word for word, holds in (("guess first", shown.asks), ("with a goal", shown.goal)) if holds]
    more = f' <span class="card-note">{", ".join(notes)}</span>' if notes and level == "h3" else ""
    covered = shown.asks and level == "h3"
    look = ' class="card-covered"' if covered else ""
    return (
        f'<li{look}><a href="{root}{shown.page}.html#{shown.place}">'
        f'<span class="card-picture">{shown.image(root, panel, covered=covered)}</span>'
        f"<{level}>{escape(title or shown.title)}</{level}></a><p>{sentence}{more}</p></li>"
    )


class _Front(SphinxDirective):
    @property
    def root(self) -> str:
        return "../" * self.env.docname.count("/")

    def write(self, shown: Shown, panel: int = 0) -> None:
        """Its pictures. These pages are read in every build, so their pictures are always there."""
        if self.env.app.builder.format == "html":
            pictures.write(Path(self.env.app.outdir), shown, panel)


class FrontFigure(_Front):
    has_content = True

    def run(self) -> list[nodes.Node]:
        words = nodes.Element()
        self.state.nested_parse(self.content, self.content_offset, words)
        shown = nodes.raw("", html_of(one_rent) + "\n", format="html")
        return [html_element("div", *words.children, shown, class_="front-figure")]


class FrontBegin(_Front):
    def run(self) -> list[nodes.Node]:
        return [nodes.raw("", progress(contents(self.env), figures_in(self.env), self.root), format="html")]


class FindALoss(_Front):
    """The same search as everywhere, in sight; without JavaScript the link below it is there."""

    def run(self) -> list[nodes.Node]:
        glance = f'<a href="{self.root}{GLANCE}.html">all {len(in_course_order(self.env))} losses at a glance</a>'
        asked = f"or see {glance}"
        if GUIDE in set(map(str, self.env.config.external_site_map)):
            asked = f'or <a href="{self.root}{GUIDE}.html">answer a few questions</a>, or see {glance}'
        form = (
            f'<div class="find-a-loss"><form action="{self.root}search.html" role="search" aria-label="Find a loss">'
            '<label for="find-a-loss">Find a loss</label><input type="search" id="find-a-loss" name="q" '
            'autocomplete="off" spellcheck="false" placeholder="BCEWithLogitsLoss, quantile, Dice, …"></form>'
            f"<p>{asked}</p></div>\n"
        )
        return [nodes.raw("", form, format="html")]


class CourseMap(_Front):
    def run(self) -> list[nodes.Node]:
        return [nodes.raw("", course_map(contents(self.env), self.root), format="html")]


class CourseChapters(_Front):
    def run(self) -> list[nodes.Node]:
        entries = contents(self.env)
        figures = {entry.page: len(explorers_of(self.env, entry.page)) for entry in entries}
        return [nodes.raw("", chapter_list(entries, figures, self.root), format="html")]


class BestFigures(_Front):
    has_content = True

    def run(self) -> list[nodes.Node]:
        everything = {one.name: one for entry in contents(self.env) for one in explorers_of(self.env, entry.page)}
        cards = ""
        for line in self.content:
            name, panel, title, sentence = (part.strip() for part in line.split("|"))
            if name in everything:  # not of a chapter that is left out
                self.write(everything[name], int(panel))
                cards += card(everything[name], self.root, escape(sentence), int(panel), title=title)
        return [nodes.raw("", f'<ul class="figure-cards figure-best">{cards}</ul>\n', format="html")]


class AllExplorers(_Front):
    def run(self) -> list[nodes.Node]:
        entries = contents(self.env)
        groups = [(f"{entry.number}. {entry.title}", entry.page) for entry in entries]
        here = set(map(str, self.env.config.external_site_map))
        groups += [("Elsewhere", page) for page in pictures.DRAWN if page in here]
        sections: dict[str, nodes.section] = {}
        for title, page in groups:
            found = explorers_of(self.env, page)
            if not found:
                continue
            for shown in found:
                self.write(shown)
            cards = "".join(card(shown, self.root, shown.sentence, level="h3") for shown in found)
            made = nodes.raw("", f'<ul class="figure-cards">{cards}</ul>\n', format="html")
            if title not in sections:
                key = nodes.make_id(f"explorers-{Path(page).name}")
                sections[title] = nodes.section("", nodes.title("", title), ids=[key], names=[key])
            sections[title] += made
        return list(sections.values())


def read_again(app: Sphinx, env: BuildEnvironment, *pages: set[str]) -> list[str]:
    """These pages, whenever another is added, changed, removed or has run again."""
    return [page for page in ("index", ALL) if page in env.all_docs]


# In the head, as nothing may move when the page is read on. The first page is its own way through the book: on a wide
# screen it has no list of contents beside it.
WIDE = """<style>
html .bd-main .bd-content { margin-inline: 0; }
html .bd-main .bd-content .bd-article-container { max-width: 75rem; margin-inline: auto; padding-inline: 1rem; }
html .bd-main .bd-content .bd-article-container .bd-article { padding-inline: 0; }
.bd-sidebar-secondary, .secondary-toggle, .dropdown-download-buttons, .btn-fullscreen-button {
  display: none !important;
}
@media (width >= 992px) {
  html .bd-main .bd-content .bd-article-container { padding-inline: 3rem; }
  #pst-primary-sidebar, .primary-toggle { display: none !important; }
}
</style>"""


def add_files(app: Sphinx, page: str, template: str, context: dict[str, Any], doctree: object) -> None:
    body = context.get("body", "")
    if 'class="figure-cards' in body or 'class="course-map"' in body:
        app.add_css_file("front.css")
    if 'class="front-begin"' in body:
        app.add_js_file("front.js", defer="defer")
        context["metatags"] = context.get("metatags", "") + WIDE


def setup(app: Sphinx) -> dict[str, Any]:
    app.setup_extension("pictures")
    directives: dict[str, type[SphinxDirective]] = {
        "front-figure": FrontFigure, "front-begin": FrontBegin, "find-a-loss": FindALoss, "course-map": CourseMap,
        "course-chapters": CourseChapters, "best-figures": BestFigures, "all-explorers": AllExplorers,
    }  # fmt: skip
    for name, directive in directives.items():
        app.add_directive(name, directive)
    app.connect("env-get-outdated", read_again)
    app.connect("html-page-context", add_files)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
