"""*For teachers*: how long a chapter takes, what it holds, and an order for terms of several lengths.

    ```{course-plan}
    ```                   a row a chapter
    ```{course-weeks} 10
    ```                   a row a week

Nothing of this is typed: it is counted in the chapters' sources, at the paces below.
"""

from __future__ import annotations

import importlib
import inspect
import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from html import escape
from math import ceil
from pathlib import Path

import course
from docutils import nodes
from formula import chapter_pages
from glance import chapter_title
from notebooks import QUESTION, is_chapter
from sphinx.application import Sphinx
from sphinx.environment import BuildEnvironment
from sphinx.util.docutils import SphinxDirective

from lossbook.exercises import Choice, Code, Exercise, Numeric, Order, Paper, exercises

PAGE = "reference/for-teachers"
WORDS_A_MINUTE = 140  # of mathematical prose; a formula counts as a word
FIGURE = 3  # minutes: look, guess, drag, read what it says
TASK: dict[type[Exercise], int] = {Choice: 2, Order: 3, Numeric: 4, Code: 12, Paper: 12}  # minutes
WEEKS: dict[int, list[list[str]]] = {
    6: [
        ["statistical-view", "kl-divergence"],
        ["cross-entropy", "softmax"],
        ["recipe"],
        ["regression"],
        ["classification"],
        ["segmentation"],
    ],
    10: [
        ["statistical-view"],
        ["kl-divergence"],
        ["cross-entropy"],
        ["softmax"],
        ["recipe"],
        ["regression"],
        ["classification"],
        ["contrastive", "ranking"],
        ["generative"],
        ["segmentation", "detection"],
    ],
    14: [
        ["statistical-view"],
        ["kl-divergence"],
        ["cross-entropy"],
        ["softmax"],
        ["recipe"],
        ["regression"],
        ["classification"],
        ["contrastive"],
        ["ranking"],
        ["generative"],
        ["style-transfer"],
        ["sequences"],
        ["segmentation"],
        ["detection"],
    ],
}
"""Which chapters each week of a term of so many weeks takes."""

BLOCK = re.compile(r"(?ms)^(?P<fence>`{3,}|:{3,})\{(?P<name>[\w-]+)\}[^\n]*\n(?P<body>.*?)^(?P=fence)[ ]*$")


def main_path(text: str) -> str:
    """The prose of a chapter that stands open: no code, no question, nothing that folds, no slips and no exercises."""
    text = re.sub(r"(?s)\A---\n.*?\n---\n", "", text)
    text = re.sub(r"(?ms)^## (Slips to avoid|Check yourself|Exercises)$.*?(?=^## |\Z)", "", text)

    def kept(found: re.Match[str]) -> str:
        folds = found["name"] != "admonition" or ":class: dropdown" in found["body"]
        return "" if folds else found["body"]

    return BLOCK.sub(kept, text)


def words(text: str) -> int:
    """Words as they are read: a formula is one, a role its text, a link its words."""
    text = re.sub(r"(?s)\$\$.*?\$\$( \([\w-]+\))?|\$[^$]+\$", " x ", text)
    text = re.sub(r"\]\([^)]*\)", "]", re.sub(r"\{[\w:]+\}`[^`]*`", "x", text))
    return len(re.findall(r"\w[\w'’.,-]*", re.sub(r"(?m)^(\([\w-]+\)=|:\w+:.*|%.*)$", "", text)))


def explorers(chapter: str, text: str) -> int:
    """How many figures of the chapter's module its cells show."""
    module = importlib.import_module(f"lossbook.figures.{chapter.replace('-', '_')}")
    built = {
        name
        for name, function in inspect.getmembers(module, inspect.isfunction)
        if "Explorer" in str(function.__annotations__.get("return"))
    }
    return sum(found in built for found in re.findall(r"(?m)^(?:figures\.)?(\w+)\(", text))


@dataclass(frozen=True)
class Load:
    """What a chapter holds, and the minutes it asks for."""

    words: int
    figures: int
    quick: int  # questions in the text and of *Check yourself*
    exercises: int
    practice: int  # minutes of all questions

    @property
    def reading(self) -> int:
        """Minutes to read the main path and play with its figures."""
        return ceil(self.words / WORDS_A_MINUTE) + FIGURE * self.figures

    @property
    def minutes(self) -> int:
        return self.reading + self.practice


@cache
def load(chapter: str, text: str) -> Load:
    """Of a chapter, by its source."""
    tasks = [(found.start(), exercises()[found["id"]]) for found in QUESTION.finditer(text)]
    heading = re.search(r"(?m)^## Exercises$", text)
    start = heading.start() if heading else len(text)
    later = sum(place > start for place, _ in tasks)
    minutes = sum(TASK[type(task)] for _, task in tasks)
    return Load(words(main_path(text)), explorers(chapter, text), len(tasks) - later, later, minutes)


def hours(minutes: int) -> str:
    """Rounded to a quarter: a sum of guesses has no minutes."""
    quarters = max(1, round(minutes / 15))
    return f"{quarters // 4 or ''}{['', '¼', '½', '¾'][quarters % 4]} h"


class _Table(SphinxDirective):
    def chapters(self) -> dict[str, Load]:
        """Of the book that is built, in its order."""
        found = {}
        for name, page in chapter_pages(self.env).items():
            path = Path(self.env.doc2path(page))
            if is_chapter(path):
                self.env.note_dependency(str(path))
                found[name] = load(name, path.read_text(encoding="utf-8"))
        return found

    def link(self, name: str) -> str:
        uri = self.env.app.builder.get_relative_uri(self.env.docname, chapter_pages(self.env)[name])
        title = course.CHAPTERS[name].short if name in course.CHAPTERS else chapter_title(self.env, name)
        return f'<a href="{uri}">{escape(title)}</a>'

    def links(self, names: Iterable[str]) -> str:
        return ", ".join(self.link(name) for name in names)

    def table(self, caption: str, head: Iterable[str], rows: Iterable[Iterable[str]]) -> list[nodes.Node]:
        head = list(head)
        lines = []
        for row in rows:
            first, *rest = row
            cells = "".join(
                f'<td role="cell" data-head="{escape(name)}">{cell}</td>'
                for name, cell in zip(head[1:], rest, strict=True)
            )
            lines.append(f'<tr role="row"><th scope="row" role="rowheader">{first}</th>{cells}</tr>')
        top = "".join(f'<th scope="col" role="columnheader">{escape(name)}</th>' for name in head)
        html = (
            f'<table class="plan" role="table"><caption>{escape(caption)}</caption><thead role="rowgroup">'
            f'<tr role="row">{top}</tr></thead><tbody role="rowgroup">{"".join(lines)}</tbody></table>'
        )
        return [nodes.raw("", html, format="html")]


class Plan(_Table):
    def run(self) -> list[nodes.Node]:
        here = self.chapters()
        rows = []
        for name, each in here.items():
            needs = self.links(
                other for other in here if name in course.CHAPTERS and other in course.nearest(name, here)
            )
            rows.append(
                (
                    self.link(name),
                    needs or "–",
                    f"{each.words:,}".replace(",", " "),
                    str(each.figures),
                    f"{each.quick} + {each.exercises}",
                    hours(each.reading),
                    hours(each.practice),
                    hours(each.minutes),
                )
            )
        total = (sum(each.reading for each in here.values()), sum(each.practice for each in here.values()))
        sums = ("", "", "", hours(total[0]), hours(total[1]), hours(sum(total)))
        rows.append(("All", *sums[:1], *sums[1:3], "", *sums[3:]))
        head = (
            "Chapter",
            "Needs",
            "Words",
            "Figures",
            "Questions + exercises",
            "Read and play",
            "Practise",
            "Together",
        )
        return self.table("What each chapter needs, holds and takes.", head, rows)


class Weeks(_Table):
    required_arguments = 1

    def run(self) -> list[nodes.Node]:
        count, here = int(self.arguments[0]), self.chapters()
        rows = []
        for week, names in enumerate(WEEKS[count], 1):
            kept = [name for name in names if name in here]
            if kept:
                loads = [here[name] for name in kept]
                reading, practice = (sum(getattr(one, kind) for one in loads) for kind in ("reading", "practice"))
                rows.append((str(week), self.links(kept), hours(reading), hours(practice)))
        return self.table(f"{count} weeks", ("Week", "Chapters", "Read and play", "All questions"), rows)


class Paces(_Table):
    """What the times are counted with, in a sentence."""

    def run(self) -> list[nodes.Node]:
        names = {Choice: "a choice", Order: "an order of steps", Numeric: "a number", Code: "a function"}
        tasks = ", ".join(f"{TASK[kind]} for {name}" for kind, name in names.items())
        text = (
            f"The times: {WORDS_A_MINUTE} words a minute, {FIGURE} minutes for a figure; "
            f"{tasks} and {TASK[Paper]} for a derivation on paper."
        )
        return [nodes.paragraph("", text)]


def load_style(app: Sphinx, page: str, template: str, context: dict[str, object], doctree: object) -> None:
    if 'class="plan"' in str(context.get("body", "")):
        app.add_css_file("guide.css")


def read_again(app: Sphinx, env: BuildEnvironment, *pages: set[str]) -> list[str]:
    """This page, whenever another is added, changed or removed."""
    return [PAGE] if PAGE in env.all_docs and set().union(*pages) else []


def setup(app: Sphinx) -> dict[str, object]:
    app.add_directive("course-plan", Plan)
    app.add_directive("course-weeks", Weeks)
    app.add_directive("course-paces", Paces)
    app.connect("env-get-outdated", read_again)
    app.connect("html-page-context", load_style)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
