"""Which pages the book has: what is in `_toc.yml`."""

from __future__ import annotations

import re
from pathlib import Path

from lossbook.catalogue import CATALOGUE
from lossbook.core import Loss

PLANNED: set[str] = set()
"""Chapters whose losses may be in the package before the chapter is in the contents."""


def pages() -> set[str]:
    """The last names of all pages."""
    toc = (Path(__file__).parents[1] / "_toc.yml").read_text(encoding="utf-8")
    return {page.rpartition("/")[2] for page in re.findall(r"file: (\S+)", toc)}


def taught() -> dict[str, Loss]:
    """The losses that the pages show, by name: those whose chapter is there."""
    here = pages()
    return {name: loss for name, loss in CATALOGUE.items() if loss.chapter in here}
