"""Citations as text: authors and year as on the page, and the list of the works that a text cites."""

from __future__ import annotations

import functools
import re
from pathlib import Path
from typing import Any

from pybtex.database import parse_file
from pybtex.plugin import find_plugin, register_plugin
from pybtex.richtext import Text

FILE = Path(__file__).parents[1] / "references.bib"
# What pybtex looks up for every work, each time among all packages that are installed, unless it is registered.
for group, name in {
    "pybtex.backends": "plaintext",
    "pybtex.style.names": "plain",
    "pybtex.style.sorting": "author_year_title",
    "pybtex.style.formatting": "plain",
    "pybtex.style.labels": "number",
}.items():
    register_plugin(group, name, find_plugin(group, name), force=True)
STYLE, MARKDOWN = find_plugin("pybtex.style.formatting", "plain")(), find_plugin("pybtex.backends", "markdown")()


@functools.cache
def works(file: Path = FILE) -> Any:
    return parse_file(str(file)).entries


def authors(key: str) -> str:
    people = works()[key].persons["author"]
    names = [str(Text.from_latex(" ".join([*person.prelast_names, *person.last_names]))) for person in people]
    return " and ".join(names) if len(names) < 3 else f"{names[0]} *et al.*"


def cited(keys: str, textual: bool) -> str:
    """What the page prints for the keys of a citation: "[Huber, 1964]", or "Huber [1964]" within a sentence."""
    found = [(authors(key), works()[key].fields["year"]) for key in map(str.strip, keys.split(","))]
    if textual:
        return ", ".join(f"{names} [{year}]" for names, year in found)
    return f"[{', '.join(f'{names}, {year}' for names, year in found)}]"


def reference(key: str) -> str:
    """A work as one line of Markdown."""
    text = STYLE.format_entry(key, works()[key]).text.render(MARKDOWN)
    return re.sub(r"\\([-.():])", r"\1", " ".join(text.split()))


def references(keys: set[str]) -> str:
    """The list of works by author and year, each once."""
    order = sorted(keys, key=lambda key: (authors(key).lower(), works()[key].fields["year"]))
    return "\n".join(f"- {reference(key)}" for key in order)
