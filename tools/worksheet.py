"""A chapter's questions as a worksheet to hand out, without solutions or with them.

    python -m tools.worksheet regression                               Markdown, on the standard output
    python -m tools.worksheet regression --solutions -o sheet.html     one page that holds all it needs, to be printed
    make worksheet CHAPTER=regression                                  both sheets, in both formats

The statements come from the chapter, everything else from its exercises: nothing is written twice.
"""

from __future__ import annotations

import argparse
import html
import re
import sys
from collections.abc import Iterator
from pathlib import Path

from lossbook.exercises import Choice, Code, Exercise, Numeric, Order, Paper, exercises

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "tools"))
QUESTION = re.compile(r"^(?P<fence>`{3,}|:{3,})\{question\}[ ]+(?P<id>\S+)\n(?P<text>.*?)^(?P=fence)[ ]*$", re.M | re.S)
REFERENCE = re.compile(r"\{eq\}`([\w-]+)`")
EQUATION = re.compile(r"^\$\$\n(?P<tex>[^$]*)\n\$\$ \((?P<label>[\w-]+)\)$", re.M)
STYLE = """
body { max-width: 42rem; margin: 2rem auto; padding: 0 1rem; font: 1rem/1.5 Georgia, serif; }
body { color: #111; background: #fff; }
h1, h2 { line-height: 1.2; } h2 { margin-top: 2rem; font-size: 1.1rem; break-after: avoid; }
pre { padding: 0.5rem; border: 1px solid #999; white-space: pre-wrap; } pre, table, p, li { break-inside: avoid; }
ul.offered { list-style: none; }
"""


def chapter(name: str) -> Path:
    """The chapter's file. Raises `ValueError` that lists the chapters with questions if there is none of that name."""
    pages = {
        page.stem: page for page in sorted((ROOT / "book").rglob("*.md")) if "{question}" in page.read_text("utf-8")
    }
    if name not in pages:
        raise ValueError(f"chapter must be one of {', '.join(pages)}, got {name!r}")
    return pages[name]


def worksheet(page: str, solutions: bool) -> str:
    """The questions in a chapter's text, as Markdown."""
    title = re.search(r"^# (.+)$", page, re.M)
    heading = f"# {title[1] if title else 'Worksheet'}: {'solutions' if solutions else 'worksheet'}"
    found = [(exercises()[match["id"]], by_itself(match["text"].strip(), page)) for match in QUESTION.finditer(page)]
    return "\n\n".join([heading, *(question(n, *each, solutions) for n, each in enumerate(found, 1))]) + "\n"


def by_itself(statement: str, page: str) -> str:
    """A statement with the chapter's equations that it points to below it, since the sheet has no chapter around it."""
    tex = {match["label"]: match["tex"] for match in EQUATION.finditer(page)}
    labels = [label for label in dict.fromkeys(REFERENCE.findall(statement)) if label in tex]
    below = [f"$$\n{tex[label]}\n\\tag{{{label}}}\n$$" for label in labels]
    return "\n\n".join([REFERENCE.sub(r"(\1)", statement), *below])


def question(number: int, exercise: Exercise, statement: str, solutions: bool) -> str:
    """One question: its statement, what it offers, and perhaps the answer with the worked solution."""
    parts = [f"## {number} · {exercise.title} ({exercise.task})", statement, *offered(exercise)]
    return "\n\n".join([*parts, *(solved(exercise) if solutions else space(exercise))])


def offered(exercise: Exercise) -> Iterator[str]:
    if isinstance(exercise, Choice):
        yield "\n".join(f"- {letter}) {option.text}" for letter, option in exercise.named.items())
    if isinstance(exercise, Order):
        yield "\n".join(f"- {letter}) {exercise.steps[name]}" for letter, name in exercise.shuffled.items())
    if isinstance(exercise, Code):
        yield listing(exercise.starter_code)


def space(exercise: Exercise) -> Iterator[str]:
    """Where to write; nothing for a function or a derivation, which no line can hold."""
    if not isinstance(exercise, Code | Paper):
        yield f"Answer: ____________________ {exercise.unit if isinstance(exercise, Numeric) else ''}".strip()


def solved(exercise: Exercise) -> Iterator[str]:
    if isinstance(exercise, Numeric):
        yield f"**Answer: {exercise.value:.6g} {exercise.unit}".strip() + "**"
    if isinstance(exercise, Choice):
        yield f"**Answer: {', '.join(letter for letter, option in exercise.named.items() if option.right)}**"
    if isinstance(exercise, Order):
        letter = {name: letter for letter, name in exercise.shuffled.items()}
        yield f"**Answer: {', '.join(letter[name] for name in exercise.steps)}**"
    if exercise.solution:
        yield exercise.solution
    if exercise.code:
        yield listing(exercise.code)


def listing(code: str) -> str:
    return f"```python\n{code}\n```"


def printable(markdown: str) -> str:
    """The worksheet as one HTML page that holds all it needs, the font of its mathematics included."""
    import mathfont
    import mathml
    from markdown_it import MarkdownIt
    from mdit_py_plugins.dollarmath import dollarmath_plugin

    def math(tex: str, options: dict[str, bool]) -> str:
        return mathml.mathml(tex, display=options["display_mode"])

    body = MarkdownIt("commonmark").enable("table").use(dollarmath_plugin, renderer=math).render(markdown)
    body = body.replace("<ul>\n<li>a) ", '<ul class="offered">\n<li>a) ')  # the letter is mark enough
    title = html.escape(markdown.splitlines()[0].removeprefix("# "))
    head = f'<meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>{title}</title>'
    head += f"<style>{STYLE}{mathfont.style(mathfont.characters(body))}</style>"
    return f'<!doctype html>\n<html lang="en-GB"><head>{head}</head>\n<body><main>\n{body}</main></body></html>\n'


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="worksheet", description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("chapter", help="file name of the chapter, such as regression")
    parser.add_argument("--solutions", action="store_true", help="with answers and worked solutions")
    parser.add_argument("-o", "--output", type=Path, metavar="FILE", help="a file; HTML if its name ends in .html")
    chosen = parser.parse_args(arguments)
    try:
        text = worksheet(chapter(chosen.chapter).read_text("utf-8"), chosen.solutions)
    except ValueError as problem:
        parser.error(str(problem))
    if chosen.output is None:
        sys.stdout.write(text)
    else:
        chosen.output.parent.mkdir(parents=True, exist_ok=True)
        chosen.output.write_text(printable(text) if chosen.output.suffix == ".html" else text, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
