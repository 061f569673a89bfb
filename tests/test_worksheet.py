"""Worksheets hold every question of a chapter, give nothing away without `--solutions`, and need nothing else."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import worksheet
from bs4 import BeautifulSoup

from lossbook.exercises import Code, Numeric, chapters, exercises

PAGE = """# Losses

## Exercises

```{question} regression-huber-at-two
What is $\\ell$?
```

::::{question} regression-mse-code
Write it.

:::{note}
Any shape.
:::
::::
"""


def test_a_sheet_without_solutions() -> None:
    sheet = worksheet.worksheet(PAGE, solutions=False)
    assert sheet.startswith(
        "# Losses: worksheet\n\n## 1 · One Huber loss (a number)\n\nWhat is $\\ell$?\n\nAnswer: ____"
    )
    assert "Any shape." in sheet and "raise NotImplementedError" in sheet
    assert "**Answer" not in sheet and "np.mean((target" not in sheet


def test_a_sheet_with_solutions() -> None:
    sheet = worksheet.worksheet(PAGE, solutions=True)
    answer = exercises()["regression-huber-at-two"].value
    assert f"**Answer: {answer:g}**" in sheet and "np.mean((target - prediction) ** 2)" in sheet and "____" not in sheet


def test_every_question_of_a_chapter_is_on_its_sheet() -> None:
    page = worksheet.chapter("regression").read_text("utf-8")
    sheet = worksheet.worksheet(page, solutions=False)
    members = chapters()["regression"].values()
    assert len(re.findall(r"^## \d+ · ", sheet, re.M)) == len(members) >= 14
    for exercise in members:
        assert exercise.title in sheet
        assert not exercise.solution or exercise.solution not in sheet
    assert sum(isinstance(exercise, Code | Numeric) for exercise in members) >= 8


def test_the_command(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert worksheet.main(["regression"]) == 0
    assert "One Huber loss" in capsys.readouterr().out
    page = tmp_path / "new" / "sheet.html"
    assert worksheet.main(["regression", "--solutions", "-o", str(page)]) == 0
    soup = BeautifulSoup(page.read_text("utf-8"), "html.parser")
    assert soup.html["lang"] == "en-GB" and "solutions" in soup.title.get_text()
    assert r"\delta = 2" in [tex.get_text() for tex in soup.find_all("annotation")]
    assert not soup.select("[src], link[href]"), "it holds all it needs"
    with pytest.raises(SystemExit):
        worksheet.main(["regresion"])
    assert "must be one of" in capsys.readouterr().err
