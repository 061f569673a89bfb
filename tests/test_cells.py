"""The code cells of the pages, as a reader runs them: one by one, and some of them again."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

BOOK = Path(__file__).parents[1] / "book"
CELL = re.compile(r"(?ms)^```\{code-cell\} ipython3\n(?::tags:.*?\n)?(.*?)^```")
PAGES = [page for page in sorted(BOOK.rglob("*.md")) if CELL.search(page.read_text(encoding="utf-8"))]


def test_a_cell_that_loses_its_import_is_noticed() -> None:
    assert rebound(["from lossbook.analysis import joint", "joint = [joint.joint_terms(1.0)]"]) == {"joint"}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_every_cell_can_be_run_again(page: Path) -> None:
    """No cell gives another meaning to a name that was imported: run once more, it would not find the module."""
    assert rebound(CELL.findall(page.read_text(encoding="utf-8"))) == set()


def rebound(cells: list[str]) -> set[str]:
    """The names that are imported and assigned."""
    imported, assigned = set(), set()
    for node in ast.walk(ast.parse("\n".join(cells))):
        if isinstance(node, ast.Import | ast.ImportFrom):
            imported |= {alias.asname or alias.name.partition(".")[0] for alias in node.names}
        elif isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            assigned.add(node.id)
    return imported & assigned
