"""Every chapter as a notebook that runs by itself, behind the download button of its page.

What only a Sphinx build understands is written out: a formula as TeX, a question as its statement, an included function
as its source, an admonition as a quotation, a glued number as the number.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import jupytext
import nbformat
from formula import equations
from sphinx.application import Sphinx
from sphinx.environment import BuildEnvironment

from lossbook.catalogue import CATALOGUE, find

FOLDER = "_static/notebooks"
INTRODUCTION = """\
This chapter of *Lossbook* runs wherever the package `lossbook` is installed: `pip install ".[live]"` in the folder of
the course, with scikit-learn, statsmodels, PyTorch and MyST-NB beside it; `make lab` there sets up everything."""

FENCE = re.compile(r"^(?P<fence>`{3,}|:{3,})\{(?P<name>[\w:-]+)\}[ \t]*(?P<argument>.*)$")
OPTION = re.compile(r"^:(?P<key>[\w-]+):[ \t]*(?P<value>.*)$")
ROLE = re.compile(r"\{(?P<name>[a-z:]+)\}`(?P<text>[^`]+)`")
LABELLED = re.compile(r"^\$\$ \((?P<label>[\w-]+)\)$")  # the end of a displayed equation
LINK = re.compile(r"\[(?P<text>[^\]]+)\]\((?P<page>[\w./-]+\.md)\)")


def quoted(text: str) -> str:
    return "\n".join(f"> {line}".rstrip() for line in text.splitlines())


def is_chapter(page: Path) -> bool:
    return page.suffix == ".md" and page.read_text(encoding="utf-8").startswith("---\njupytext:")


def display(tex: str) -> str:
    return f"$$\n{tex.strip()}\n$$"


class Writer:
    """Turns the MyST of one page into the Markdown that any notebook shows. `page` is the file it came from."""

    def __init__(self, page: Path, values: Callable[[str], str] = lambda name: name) -> None:
        self.page, self.values = page, values

    def text(self, myst: str) -> str:
        return "\n".join(self.blocks(myst.splitlines()))

    def blocks(self, lines: list[str]) -> Iterator[str]:
        number = 0
        while number < len(lines):
            opening = FENCE.match(lines[number])
            if not opening:
                if not re.match(r"^\([\w-]+\)=$", lines[number]):  # a label for links
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
            return rf"\tag{{{end['label']}}}" + "\n$$"
        return LINK.sub(self.link, ROLE.sub(self.role, line))

    def link(self, found: re.Match[str]) -> str:
        """A link to another chapter leads to its notebook; other pages have none."""
        page = self.page.parent / found["page"]
        return f"[{found['text']}]({page.stem}.ipynb)" if page.exists() and is_chapter(page) else found["text"]

    def directive(self, name: str, argument: str, options: dict[str, str], body: str) -> str:
        if name == "formula" and argument in CATALOGUE:
            return "\n\n".join(display(tex) for _, tex in equations(find(argument), options.get("part")))
        if name == "math":
            tag = rf" \tag{{{options['label']}}}" if "label" in options else ""
            return display((body or argument) + tag)
        if name == "question":
            calls = f'`ask("{argument}")` shows it, `check("{argument}", answer)` judges, `hint("{argument}")` helps.'
            return f"**Question.** {self.text(body)}\n\n{calls}"
        if name == "literalinclude":
            return f"```python\n{self.included(argument, options.get('pyobject', ''))}\n```"
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
            return "; ".join(re.sub(r"\d", r" \g<0>", key.strip().capitalize(), count=1) for key in text.split(","))
        words = re.match(r"(.*?)\s*<.*>$", text)
        if words:
            return words[1]
        return f"({text})" if name == "eq" else text.rsplit("/", 1)[-1].replace("-", " ") if name == "doc" else text


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
    notebook = jupytext.reads(text, fmt="md:myst")
    writer = Writer(path, values)
    for cell in notebook.cells:
        if cell.cell_type == "markdown":
            cell.source = writer.text(cell.source)
    notebook.cells.insert(1, nbformat.v4.new_markdown_cell(quoted(INTRODUCTION)))
    if "```{question}" in text:
        notebook.cells.insert(2, nbformat.v4.new_code_cell("from lossbook.exercises import ask, check, hint"))
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
