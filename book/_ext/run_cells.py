"""Run and change: a code cell with the tag `run-and-change` gets a field in which its reader runs it, changed or not.

The field begins with what the cell needs of the cells before it, so that it stands alone.
"""

from __future__ import annotations

import ast
import hashlib
import json
from collections.abc import Iterable, Sequence
from typing import Any

from docutils import nodes
from plumbing import bound, names, without_plumbing
from sphinx.application import Sphinx

TAG = "run-and-change"
FIELD = """<details class="code-field run-cell" data-cell="{cell}"><summary>Run and change</summary>
<script type="application/json">{code}</script></details>
"""


def standing_alone(sources: Sequence[str], number: int) -> str:
    """A cell behind the statements of earlier cells that give it the names it uses: imports first, in their order."""
    cells = without_plumbing(sources)
    wanted: set[str] = set()
    kept: list[str] = []
    for place in range(number, -1, -1):
        for statement in reversed(ast.parse(cells[place]).body):
            made = bound(statement)
            if place < number and not made & wanted:
                continue
            used = names([statement]) - (set() if made else names([statement], ast.Store))  # not what a loop makes
            wanted = wanted - made | used
            if place < number:
                kept.append(ast.get_source_segment(cells[place], statement) or "")
    earlier = ["import numpy as np"] * ("np" in wanted) + kept[::-1]  # where a cell that nobody sees imported it
    imports = sorted({one for one in earlier if one.startswith(("import ", "from "))}, key=earlier.index)
    rest = "\n".join([*(one for one in earlier if one not in imports), cells[number]])
    return "\n\n".join(filter(None, ["\n".join(imports), rest]))


def sources(cells: Iterable[nodes.Element]) -> list[str]:
    return [
        next((block.astext() for part in cell if "cell_input" in part["classes"] for block in part), "")
        for cell in cells
    ]


def add_fields(app: Sphinx, doctree: nodes.document) -> None:
    cells = [box for box in doctree.findall(nodes.container) if "cell" in box["classes"]]
    texts = sources(cells)
    for number, cell in enumerate(cells):
        if f"tag_{TAG}" not in cell["classes"]:
            continue
        code = standing_alone(texts, number)
        key = f"{app.env.docname.rpartition('/')[2]}-{hashlib.sha256(code.encode()).hexdigest()[:8]}"
        packed = json.dumps(code).replace("<", r"\u003c")
        cell += nodes.raw("", FIELD.format(cell=key, code=packed), format="html")


def setup(app: Sphinx) -> dict[str, Any]:
    app.connect("doctree-read", add_fields)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
