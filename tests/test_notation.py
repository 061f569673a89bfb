"""The notation page names every letter that formulas of records and chapters use, and each that means two things."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from lossbook.catalogue import CATALOGUE
from lossbook.core import Loss

BOOK = Path(__file__).parents[1] / "book"
PAGE = (BOOK / "notation.md").read_text(encoding="utf-8")
CHAPTERS = sorted(BOOK.glob("part-*/*.md"))
WORDS = re.compile(r"\\(?:text|mathrm|operatorname|mathtt|mathbf)\*?\{[^}]*\}|\\(?:begin|end)\{[^}]*\}|\\tag\{[^}]*\}")
GREEK = "alpha beta gamma Gamma delta epsilon varepsilon eta theta kappa lambda mu nu pi rho sigma tau phi psi omega"
LETTERS = {"\\" + name for name in GREEK.split()} | set("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ")


def letters(tex: str) -> set[str]:
    """The Latin and Greek letters of a formula: `y` and `\\sigma`, without words and names of functions."""
    return LETTERS & set(re.findall(r"\\[a-zA-Z]+|[a-zA-Z]", WORDS.sub(" ", tex)))


def formulas(markdown: str) -> list[str]:
    """Everything between dollars that is no code."""
    text = re.sub(r"(?s)```\{code-cell\}.*?```", "", markdown)
    text = re.sub(r"`[^`\n]*`", "", text)
    return [display or inline for display, inline in re.findall(r"(?s)\$\$(.+?)\$\$|\$([^$]+?)\$", text)]


def listed() -> set[str]:
    """The letters in the first column of the page's tables."""
    rows = re.findall(r"^\| (.+?) \| .+ \|", PAGE, re.MULTILINE)
    return set().union(*(letters(formula) for row in rows for formula in formulas(row)))


def of_record(loss: Loss) -> set[str]:
    printed = [loss.latex, *loss.latex_grad.values(), loss.density.latex if loss.density else ""]
    return set().union(*map(letters, printed))


def test_letters_are_read() -> None:
    assert letters(r"\frac{1}{2\sigma^2} \exp(-e_i^2) + \mathrm{KL}(p)") == {r"\sigma", "e", "i", "p"}
    assert letters(r"ab\tau\,\hat y") == {"a", "b", r"\tau", "y"}
    assert formulas("a `$x$` and $b$ and\n$$\nc\n$$") == ["b", "\nc\n"]


@pytest.mark.parametrize("name", CATALOGUE)
def test_the_letters_of_a_record_are_explained(name: str) -> None:
    """On the notation page, or in the card itself, under Takes or Where."""
    loss = CATALOGUE[name]
    own = [a.symbol for a in loss.arguments.values()] + [p.symbol for p in loss.parameters.values()]
    explained = listed() | set().union(*map(letters, [*own, *formulas(loss.where)]))
    assert of_record(loss) <= explained | {"d"}


@pytest.mark.parametrize("chapter", CHAPTERS, ids=lambda path: path.stem)
def test_the_letters_of_a_chapter_are_on_the_page(chapter: Path) -> None:
    used = set().union(*map(letters, formulas(chapter.read_text(encoding="utf-8"))))
    assert used <= listed() | {"E"}  # \mathbb{E}


def test_a_letter_of_two_rows_is_among_those_that_mean_two_things() -> None:
    """Indices apart: a letter that stands by itself in two tables' rows has its line in the last table."""
    tables, _, twice = PAGE.partition("## Letters that mean two things")
    named = set().union(
        *(letters(f) for row in re.findall(r"^\| (.+?) \|", twice, re.MULTILINE) for f in formulas(row))
    )
    seen: dict[str, int] = {}
    for row in re.findall(r"^\| (.+?) \| .+ \|", tables, re.MULTILINE):
        for formula in formulas(row):
            for symbol in re.split(r",\\ ", formula):
                if re.fullmatch(r"\\?[a-zA-Z]+(_[a-zA-Z0-9])?", symbol.strip()):
                    letter = symbol.strip().partition("_")[0]
                    seen[letter] = seen.get(letter, 0) + 1
    assert {letter for letter, count in seen.items() if count > 1} & LETTERS <= named


def test_every_row_says_what_it_means() -> None:
    for row in re.findall(r"^\|(.+)\|$", PAGE, re.MULTILINE):
        cells = [cell.strip() for cell in re.split(r"(?<!\\)\|", row)]
        assert len(cells) == 3 and all(cells), row
