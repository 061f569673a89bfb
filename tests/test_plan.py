"""*For teachers*: what is counted in the chapters, and orders in which nothing comes before what it needs."""

from __future__ import annotations

import importlib
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from urllib.parse import parse_qsl

import pytest

from lossbook.exercises import Code, Numeric
from lossbook.figures.regression import huber_profile

BOOK = Path(__file__).parents[1] / "book"
TEXT = """---
kernelspec: x
---

# A chapter

Four words of prose, with $x = 1$ and a [link](elsewhere.md).

$$
y = 2
$$ (label)

```{code-cell} ipython3
figures.flour_scales()
```

:::{admonition} Derivation
:class: dropdown
None of these words count.
:::

:::{admonition} Note
Two more.
:::

```{question} regression-mse-by-hand
What is it?
```

## Slips to avoid

1. Not these.

## Exercises

```{question} regression-mse-code
Write it.
```

## Summary

Three last words.
"""


@pytest.fixture(scope="module")
def plan() -> Iterator[ModuleType]:
    folder = str(BOOK / "_ext")
    sys.path.insert(0, folder)
    yield importlib.import_module("plan")
    sys.path.remove(folder)


def test_a_chapter_by_hand(plan: ModuleType) -> None:
    """A chapter; Four words of prose, with x and a link; x; Two more.; Summary; Three last words."""
    found = plan.load("regression", TEXT)
    assert (found.words, found.figures, found.quick, found.exercises) == (2 + 9 + 1 + 2 + 1 + 3, 1, 1, 1)
    assert found.practice == plan.TASK[Numeric] + plan.TASK[Code]
    assert found.reading == 1 + plan.FIGURE and found.minutes == found.reading + found.practice


def test_quarters_of_an_hour(plan: ModuleType) -> None:
    assert [plan.hours(minutes) for minutes in (1, 20, 52, 60, 100, 150)] == [
        "¼ h",
        "¼ h",
        "¾ h",
        "1 h",
        "1¾ h",
        "2½ h",
    ]


@pytest.mark.parametrize("weeks", [6, 10, 14])
def test_no_chapter_comes_before_one_that_it_needs(weeks: int, plan: ModuleType) -> None:
    assert len(plan.WEEKS[weeks]) == weeks and all(plan.WEEKS[weeks])
    order = [name for week in plan.WEEKS[weeks] for name in week]
    assert len(set(order)) == len(order)
    for place, name in enumerate(order):
        assert plan.course.below(name) <= set(order[:place]), name


def test_fourteen_weeks_are_the_whole_course(plan: ModuleType) -> None:
    chapters = {path.stem for path in BOOK.glob("part-*/*.md")}
    assert {name for week in plan.WEEKS[14] for name in week} == chapters == set(plan.course.CHAPTERS)
    assert set(plan.WEEKS) == {6, 10, 14}


def test_what_the_page_says_of_slides_works(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    text = (BOOK / "reference" / "for-teachers.md").read_text(encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    for code in re.findall(r"(?s)```python\n(.*?)```", text):
        exec(code, {})
    assert "explorer" in (tmp_path / "huber.html").read_text(encoding="utf-8")
    links = re.findall(r"part-\d/([\w-]+)\.html#([\w-]+)\?([^`]+)`", text)
    assert links
    for chapter, name, query in links:
        assert (chapter, name) == ("regression", "huber-profile")
        explorer = huber_profile()
        for control, value in parse_qsl(query):
            assert float(value) in map(float, explorer.controls[control].texts)
