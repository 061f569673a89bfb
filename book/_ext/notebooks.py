"""Every chapter as a notebook that stands alone, behind the download button of its page.

What only a Sphinx build understands is written out: a formula as TeX, an included function as its source, an admonition
as a quotation, a glued number as the number, a citation as on the page. A question has a cell, and one for its answer.
"""

from __future__ import annotations

import ast
import json
import re
import sys
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import jupytext
import nbformat
from cards import as_markdown
from formula import equations
from plumbing import without_plumbing
from predict import builder_and_explorer
from sphinx.application import Sphinx
from sphinx.environment import BuildEnvironment
from works import cited, references

from lossbook.catalogue import CATALOGUE, find
from lossbook.exercises import Choice, Code, Exercise, Order, exercises

FOLDER = "_static/notebooks"
INTRODUCTION = """\
This is a chapter of *Lossbook* as a notebook. All that it needs comes with one command, in the folder of the course:

    pip install ".[course]"

Elsewhere the next cell installs it, {where}.

To answer a question, put your answer in place of the dots in the cell below it, and run the cell;
`hint("its-id")` gives a hint, one more at each call."""
INSTALLING = """\
# What this chapter needs, installed where it is not there yet.
from importlib.util import find_spec
from pathlib import Path

if not all(map(find_spec, {modules})):
    wheels = sorted(Path().glob("lossbook-*.whl"))  # beside this notebook
    source = f"./{{wheels[-1]}}[chapters]" if wheels else "{source}"
    %pip install -q "{{source}}"
"""
ANSWERING = """\
import numpy as np

from lossbook.exercises import check, hint"""

FENCE = re.compile(r"^(?P<fence>`{3,}|:{3,})\{(?P<name>[\w:-]+)\}[ \t]*(?P<argument>.*)$")
OPTION = re.compile(r"^:(?P<key>[\w-]+):[ \t]*(?P<value>.*)$")
ROLE = re.compile(r"\{(?P<name>[a-z:]+)\}`(?P<text>[^`]+)`")
LABELLED = re.compile(r"^(?P<indent> *)\$\$ \((?P<label>[\w-]+)\)$")  # the end of a displayed equation
QUESTION = re.compile(r"^(?P<fence>`{3,}|:{3,})\{question\}[ ]+(?P<id>\S+)\n(?P<text>.*?)^(?P=fence)[ ]*$", re.M | re.S)
CITATION = re.compile(r"\{cite(?::[a-z]+)?\}`(?P<keys>[^`]+)`")
CARD = re.compile(r"^(?:`{3,}|:{3,})\{card\}[ ]+(?P<name>\w+)", re.M)  # which cites the source of its loss
ON_THE_PAGE = "Answer on this page, or in a notebook: "  # which is not said in a notebook
LINK = re.compile(r"\[(?P<text>[^\]]+)\]\((?P<page>[\w./-]+\.md)\)")


def quoted(text: str) -> str:
    return "\n".join(f"> {line}".rstrip() for line in text.splitlines())


def is_chapter(page: Path) -> bool:
    return page.suffix == ".md" and page.read_text(encoding="utf-8").startswith("---\njupytext:")


def answer(exercise: Exercise) -> str:
    """The cell in which a question is answered: run as it is, it says how."""
    if not isinstance(exercise, Code):
        return f'check("{exercise.id}", ...)'
    function = exercise.starter or exercise.reference
    return f'{exercise.starter_code}\n\n\ncheck("{exercise.id}", {function.__name__})'


class Writer:
    """Turns the MyST of one page into the Markdown that any notebook shows.

    `page` is the file it came from, `values` looks up glued numbers, and `numbers` has those of the equations by label.
    """

    def __init__(
        self, page: Path, values: Callable[[str], str] = lambda name: name, numbers: Mapping[str, str] | None = None
    ) -> None:
        self.page, self.values, self.numbers = page, values, numbers or {}
        self.questions = 0

    def cells(self, myst: str) -> Iterator[Any]:
        """The notebook cells of a piece of text: each question has one, and below it one for the answer."""
        start = 0
        for found in QUESTION.finditer(myst):
            yield from self.prose(myst[start : found.start()])
            exercise = exercises()[found["id"]]
            yield nbformat.v4.new_markdown_cell(self.question(exercise, found["text"].strip()))
            yield nbformat.v4.new_code_cell(answer(exercise))
            start = found.end()
        yield from self.prose(myst[start:])

    def prose(self, myst: str) -> Iterator[Any]:
        if text := self.text(myst).strip("\n"):
            yield nbformat.v4.new_markdown_cell(text)

    def question(self, exercise: Exercise, statement: str) -> str:
        self.questions += 1
        parts = [f"**Question {self.questions}. {exercise.title}** ({exercise.task})", statement]
        if isinstance(exercise, Choice):
            parts.append("\n".join(f"- **{letter})** {option.text}" for letter, option in exercise.named.items()))
        if isinstance(exercise, Order):
            steps = [f"- **{letter})** {exercise.steps[name]}" for letter, name in exercise.shuffled.items()]
            parts.append("\n".join(steps))
        code = [f"```python\n{exercise.code}\n```"] if exercise.code else []
        solved = [*code, exercise.solution] if isinstance(exercise, Code) else [exercise.solution, *code]
        parts += ["<details><summary>Solution</summary>", *filter(None, solved), "</details>"]
        return self.text("\n\n".join(parts))

    def text(self, myst: str) -> str:
        return "\n".join(self.blocks(myst.replace(ON_THE_PAGE, "").splitlines()))

    def display(self, tex: str, label: str = "") -> str:
        tag = rf" \tag{{{self.numbers[label]}}}" if label in self.numbers else ""
        return f"$$\n{tex.strip()}{tag}\n$$"

    def blocks(self, lines: list[str]) -> Iterator[str]:
        number = 0
        while number < len(lines):
            opening = FENCE.match(lines[number])
            if not opening:
                # a label for links; the end of an admonition that a question in it has split
                if not re.match(r"^\([\w-]+\)=$|^:{3,}$", lines[number]):
                    yield self.line(lines[number])
                number += 1
                continue
            end = next((n for n in range(number + 1, len(lines)) if lines[n].rstrip() == opening["fence"]), len(lines))
            options, body = {}, lines[number + 1 : end]
            while body and (option := OPTION.match(body[0])):
                options[option["key"]] = option["value"]
                body = body[1:]
            yield self.directive(opening["name"], opening["argument"].strip(), options, "\n".join(body).strip("\n"))
            number = end + 1

    def line(self, line: str) -> str:
        if end := LABELLED.match(line):
            number = self.numbers.get(end["label"])
            return (rf"{end['indent']}\tag{{{number}}}" + "\n" if number else "") + f"{end['indent']}$$"
        return LINK.sub(self.link, ROLE.sub(self.role, line))

    def link(self, found: re.Match[str]) -> str:
        """A link to another chapter leads to its notebook; other pages have none."""
        page = self.page.parent / found["page"]
        return f"[{found['text']}]({page.stem}.ipynb)" if page.exists() and is_chapter(page) else found["text"]

    def directive(self, name: str, argument: str, options: dict[str, str], body: str) -> str:
        if name == "formula" and argument in CATALOGUE:
            return "\n\n".join(
                self.display(tex, label) for label, tex in equations(find(argument), options.get("part"))
            )
        if name == "card" and argument in CATALOGUE:
            loss = find(argument)
            shown = {
                fact: "\n\n".join(self.display(tex, label) for label, tex in equations(loss, part, short=True))
                for fact, part in (("Forward", "value"), ("Backward", "gradient"))
            }
            return quoted(self.text(as_markdown(loss, shown)))
        if name == "math":
            return self.display(body or argument, options.get("label", ""))
        if name == "literalinclude":
            return f"```python\n{self.included(argument, options.get('pyobject', ''))}\n```"
        if name == "predict":
            found = builder_and_explorer(argument)
            options_of = found[1].predict.named if found and found[1].predict else {}
            listed = "\n".join(f"- **{letter})** {option}" for letter, option in options_of.items())
            return self.text("\n\n".join(filter(None, ("**Guess, then move.** " + body, listed))))
        if name in ("tableofcontents", "bibliography"):
            return ""
        title = argument if name == "admonition" else name.capitalize()
        return quoted(f"**{ROLE.sub(self.role, title)}**\n\n{self.text(body)}")

    def included(self, path: str, name: str) -> str:
        """The source of one function of an included module, or all of it."""
        book = next(folder for folder in self.page.parents if folder.name == "book")
        file = book / path.lstrip("/") if path.startswith("/") else self.page.parent / path
        source = file.read_text(encoding="utf-8")
        if not name:
            return source.strip()
        start = re.search(rf"^(def|class) {re.escape(name)}\b", source, re.MULTILINE)
        rest = source[start.start() :] if start else ""
        after = re.search(r"^(?=[^\s)#])", rest.partition("\n")[2], re.MULTILINE)
        return (rest.partition("\n")[0] + "\n" + rest.partition("\n")[2][: after.start() if after else None]).strip()

    def role(self, found: re.Match[str]) -> str:
        name, text = found["name"], found["text"]
        if name.startswith("glue"):
            return self.values(text)
        if name == "math":
            return f"${text}$"
        if name.startswith("cite"):
            return cited(text, textual=name == "cite:t")
        words = re.match(r"(.*?)\s*<.*>$", text)
        if words:
            return words[1]
        if name == "eq":
            return f"({self.numbers.get(text, text)})"
        return text.rsplit("/", 1)[-1].replace("-", " ") if name == "doc" else text


def glued(cells: list[Any]) -> Callable[[str], str]:
    """Looks up numbers that cells have glued: `name` or `name:.3f`, as in the text."""
    values: dict[str, str] = {}
    for output in (output for cell in cells for output in cell.get("outputs", ())):
        if name := output.get("metadata", {}).get("scrapbook", {}).get("name"):
            values[name] = next((data for kind, data in output["data"].items() if kind.endswith("text/plain")), "")

    def look_up(text: str) -> str:
        name, _, layout = text.partition(":")
        value = values.get(name, name)
        number = re.fullmatch(r"(?:np\.\w+\()?(-?[\d.]+(?:e[+-]?\d+)?)\)?", value)
        return format(float(number[1]), layout) if layout and number else value.strip("'\"")

    return look_up


def executed(env: BuildEnvironment, notebook: Any) -> list[Any]:
    """The cells as they ran when the book was built; none in a build without the cache."""
    from jupyter_cache import get_cache

    try:
        return get_cache(env.mystnb_config.execution_cache_path).merge_match_into_notebook(notebook)[1].cells
    except KeyError:
        return []


def as_notebook(env: BuildEnvironment, path: Path) -> Any:
    from myst_nb.core.read import read_myst_markdown_notebook

    text = path.read_text(encoding="utf-8")
    values = glued(executed(env, read_myst_markdown_notebook(text, add_source_map=True, path=path)))
    equations = env.get_domain("math").equations  # type: ignore[attr-defined]
    numbers = {label: str(number) for label, (_, number) in equations.items() if number is not None}
    return notebook_of(text, Writer(path, values, numbers), env.config.lossbook_repository)


def imported(code: str) -> set[str]:
    """The packages, Python's own apart, that code imports."""
    found = [node for node in ast.walk(ast.parse(code)) if isinstance(node, ast.Import | ast.ImportFrom)]
    modules = {name.name for node in found if isinstance(node, ast.Import) for name in node.names}
    modules |= {node.module for node in found if isinstance(node, ast.ImportFrom) and node.module and not node.level}
    return {module.split(".")[0] for module in modules} - set(sys.stdlib_module_names)


def installing(codes: list[str], repository: str) -> str:
    """The cell that installs what the other cells need: from a wheel, from the repository, or from the folder."""
    modules = sorted(imported("\n".join(codes)) | {"lossbook", "matplotlib", "anywidget"})
    source = f"lossbook[chapters] @ git+{repository}" if repository else ".[chapters]"
    return INSTALLING.format(modules=json.dumps(modules), source=source).strip()


def notebook_of(text: str, writer: Writer, repository: str = "") -> Any:
    """The notebook of a chapter's text; `repository` is the address to install the package from."""
    notebook = jupytext.reads(text, fmt="md:myst")
    codes = [cell for cell in notebook.cells if cell.cell_type == "code"]
    for cell, source in zip(codes, without_plumbing([cell.source for cell in codes]), strict=True):
        cell.source = source
    cells = [
        made for cell in notebook.cells for made in ([cell] if cell.cell_type == "code" else writer.cells(cell.source))
    ]
    notebook.cells = [cell for cell in cells if cell.source]
    where = "from a wheel of lossbook beside this notebook" + (f" or from {repository}" if repository else "")
    install = installing([cell.source for cell in codes], repository)
    notebook.cells.insert(1, nbformat.v4.new_markdown_cell(quoted(INTRODUCTION.format(where=where))))
    notebook.cells.insert(2, nbformat.v4.new_code_cell(install))
    if writer.questions:
        notebook.cells.insert(3, nbformat.v4.new_code_cell(ANSWERING))
    keys = {key.strip() for found in CITATION.finditer(text) for key in found["keys"].split(",")}
    keys |= {find(found["name"]).source for found in CARD.finditer(text)}
    if keys:
        notebook.cells.append(nbformat.v4.new_markdown_cell(f"## References\n\n{references(keys)}"))
    for number, cell in enumerate(notebook.cells):
        cell.id = f"cell-{number}"  # jupytext draws random ones, and equal sources shall give equal files
    notebook.metadata.pop("jupytext", None)
    return notebook


def offer(app: Sphinx, page: str, template: str, context: dict[str, Any], doctree: object) -> None:
    """Write the notebook of a page with code, and put it where the page's download button was."""
    for group in context.get("header_buttons", ()):
        if group.get("label") != "download-buttons":
            continue
        path = Path(app.env.doc2path(page))
        group["buttons"] = [button for button in group["buttons"] if button["type"] == "javascript"]  # print
        if is_chapter(path):
            target = Path(app.outdir) / FOLDER / f"{path.stem}.ipynb"
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_text(json.dumps(as_notebook(app.env, path), indent=1, ensure_ascii=False), encoding="utf-8")
            group["buttons"].insert(
                0,
                {
                    "type": "link",
                    "url": context["pathto"](f"{FOLDER}/{target.name}", 1),
                    "text": ".ipynb",
                    "tooltip": "Download this chapter as a notebook",
                    "icon": "fas fa-code",
                    "label": "download-notebook-button",
                },
            )


def setup(app: Sphinx) -> dict[str, Any]:
    app.connect("html-page-context", offer, priority=900)  # after the theme has made its buttons
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
