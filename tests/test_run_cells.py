"""Run and change: a marked cell, with what it needs of the cells before it, runs alone and with NumPy alone."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest
from test_imports import REFUSE

sys.path.insert(0, str(Path(__file__).parents[1] / "book" / "_ext"))

from run_cells import TAG, standing_alone

BOOK = Path(__file__).parents[1] / "book"
CELL = re.compile(r"(?ms)^```\{code-cell\} ipython3\n(?::tags: \[(.*?)\]\n)?(.*?)^```")


def marked() -> dict[str, str]:
    """The code of every field, by page and number."""
    found = {}
    for page in sorted(BOOK.rglob("*.md")):
        cells = CELL.findall(page.read_text(encoding="utf-8"))
        for number, (tags, _) in enumerate(cells):
            if TAG in tags:
                found[f"{page.stem} {number}"] = standing_alone([source.strip() for _, source in cells], number)
    return found


MARKED = marked()
RUN = (
    REFUSE
    + """
import json
from lossbook.page import call
for code in json.loads(sys.stdin.read()):
    said = []
    answer = json.loads(call("run", code, said.append))
    said = [json.loads(one) for one in said]
    print(json.dumps(["".join(one.get("printed", "") for one in said), answer["error"]]))
"""
)


def test_marked_cells_run_alone_with_numpy_alone() -> None:
    run = subprocess.run(
        [sys.executable, "-c", RUN], input=json.dumps(list(MARKED.values())), capture_output=True, text=True
    )
    results = dict(zip(MARKED, map(json.loads, run.stdout.splitlines()), strict=True))
    assert {name: error for name, (_, error) in results.items() if error} == {}
    assert [name for name, (printed, _) in results.items() if not printed.strip()] == []
    assert len(MARKED) > 10 and len({name.split()[0] for name in MARKED}) > 5, "in several chapters"


def test_marked_cells_are_short() -> None:
    assert {name: code for name, code in MARKED.items() if len(code.splitlines()) > 25} == {}


@pytest.mark.parametrize(
    ("cells", "alone"),
    [
        (["x = 1"], "x = 1"),
        (["import numpy as np\n\nx = 1\ny = 2", "print(np.pi, x)"], "import numpy as np\n\nx = 1\nprint(np.pi, x)"),
        (["a = 1", "a = 2", "b = a", "print(b)"], "a = 2\nb = a\nprint(b)"),
        (["from myst_nb import glue", "print(1)\nglue('one', 1)"], "print(1)"),
    ],
)
def test_a_cell_gets_what_it_needs_and_no_more(cells: list[str], alone: str) -> None:
    assert standing_alone(cells, len(cells) - 1) == alone
