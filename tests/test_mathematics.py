"""Formulas as MathML: every one can be set, spaces are as in TeX, and the font has every character."""

from __future__ import annotations

import io
import re
from pathlib import Path
from xml.etree import ElementTree

import mathfont
import mathml
import pytest
from fontTools.ttLib import TTFont

from lossbook.catalogue import CATALOGUE, find


def tree(tex: str, *, display: bool = True) -> ElementTree.Element:
    return ElementTree.fromstring(mathml.mathml(tex, display=display))


def spaces(tex: str) -> list[str]:
    """The visible pieces of a formula, with " " for a thin space."""
    found = []
    for node in tree(tex).iter():
        if node.tag == "mspace":
            found.append(" ")
        elif node.tag != "annotation" and node.text and node.text != "\u2061":
            found.append(node.text)
    return found


@pytest.mark.parametrize("name", CATALOGUE)
def test_every_formula_of_the_catalogue_can_be_set(name: str) -> None:
    loss = find(name)
    for tex in (loss.latex, *loss.latex_grad.values(), *([loss.density.latex] if loss.density else [])):
        assert tree(tex).find(".//annotation").text == tex


@pytest.mark.parametrize("tex", [r"\frac{1}{\undefined}", r"\frac{1}{2", r"\left( x"])
def test_bad_tex_is_refused_with_the_formula(tex: str) -> None:
    with pytest.raises(mathml.BadTeX, match=re.escape(tex)):
        mathml.mathml(tex)


def test_a_formula_carries_its_tex_and_is_remembered(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(mathml, "_memory", None)
    memory = mathml.remember(tmp_path / "known.json")
    first = mathml.mathml(r"a < b \& c")
    memory.keep()
    assert ElementTree.fromstring(first).find(".//annotation").text == r"a < b \& c"
    monkeypatch.setattr(mathml, "_process", lambda: pytest.fail("it was set before"))
    mathml.remember(tmp_path / "known.json")
    assert mathml.mathml(r"a < b \& c") == first


@pytest.mark.parametrize(
    ("tex", "expected"),
    [
        (r"\tfrac12 \log x", ["1", "2", " ", "log", " ", "x"]),
        (r"p_k \log q", ["p", "k", " ", "log", " ", "q"]),
        (r"p_k \log \frac{p}{q}", ["p", "k", " ", "log", " ", "p", "q"]),
        (r"-\log x", ["−", " ", "log", " ", "x"]),
        (r"(a) \log x", ["(", "a", ")", " ", "log", " ", "x"]),
        (r"\frac{a}{b} x", ["a", "b", " ", "x"]),
        (r"\frac{a}{b} \sum_i x", ["a", "b", " ", "∑", "i", "x"]),
        (r"x \left( y \right) z", ["x", " ", "(", "y", ")", " ", "z"]),
        (r"\left( x \right)^2 \left( y \right)", ["(", "x", ")", "2", " ", "(", "y", ")"]),
        (r"f ( y ) z", ["f", "(", "y", ")", "z"]),
        (r"\exp \left( x \right)", ["exp", "(", "x", ")"]),
        (r"x = \frac{a}{b}.", ["x", "=", "a", "b", "."]),
        (r"a = \log x", ["a", "=", "log", " ", "x"]),
        (r"a = \frac{b}{c}", ["a", "=", "b", "c"]),
        (r"\exp(x)", ["exp", "(", "x", ")"]),
    ],
)
def test_thin_spaces_stand_where_tex_has_them(tex: str, expected: list[str]) -> None:
    assert spaces(tex) == expected


@pytest.mark.parametrize(
    ("tex", "expected"),
    [
        (r"\log p", ["after-name"]),
        (r"\log \frac{p}{q}", ["beside-fraction"]),
        (r"\frac12 e", ["beside-fraction"]),
        (r"a \log p", [None, "after-name"]),
        (r"\log \hat p", [None]),
        (r"\frac12 \sum_k e", [None]),
        (r"a\,b", [None]),
    ],
)
def test_spaces_that_firefox_has_by_itself_say_so(tex: str, expected: list[str | None]) -> None:
    assert [space.get("class") for space in tree(tex).iter("mspace")] == expected


def test_a_name_and_its_application_have_a_row_of_their_own() -> None:
    """Else Firefox sets a space between sign and its bracket."""
    row = next(row for row in tree(r"2\operatorname{sign}(e)").iter("mrow") if row[0].text == "sign")
    assert [child.text for child in row] == ["sign", "\u2061"]


def test_scripts_are_tight_and_lines_are_not() -> None:
    relations = [node for node in tree(r"\sum_{i=1} x = 1").iter("mo") if node.text == "="]
    assert [node.get("lspace") for node in relations] == ["0", None]


@pytest.mark.parametrize(
    ("tex", "expected"),
    [
        (r"a = \sum_i b", "0"),  # the space of the relation is enough
        (r"\sum_i b", "0"),
        (r"a + \sum_i b", "0"),
        (r"\left( \sum_i b \right)", "0"),
        (r"a \sum_i b", None),  # a browser's own thin space
        (r"a = - \sum_i b", None),
    ],
)
def test_a_sum_stands_as_near_as_in_tex(tex: str, expected: str | None) -> None:
    assert next(node for node in tree(tex).iter("mo") if node.text == "∑").get("lspace") == expected


def test_a_line_that_goes_on_with_a_plus_has_space_on_both_sides() -> None:
    def signs(tex: str) -> list[str | None]:
        return [node.get("form") for node in tree(tex).iter("mo") if node.text in ("+", "−")]

    assert signs(r"\begin{aligned} a &= b \\ &\quad + c \end{aligned}") == ["infix"]
    assert signs(r"\begin{aligned} - a &= b - d \\ &= - c \end{aligned}") == ["prefix", None, "prefix"]
    assert signs(r"\begin{cases} - a & b \end{cases}") == ["prefix"]
    assert signs(r"E \bigl[ - a - b \bigr]") == ["prefix", None], "a sign behind a bracket of a chosen size"


def test_html_is_typeset_in_both_kinds() -> None:
    html = mathml.typeset(r"<p>\(a &lt; b\) and \[c\]</p>")
    assert html.count("<math") == 2 and html.count('display="block"') == 1 and r"\(" not in html


# ── The font ─────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_what_a_browser_draws() -> None:
    drawn = mathfont.characters(mathml.mathml(r"h + \sqrt{x} \log 2 - \beta"))
    assert drawn == set("ℎ+√𝑥log2−𝛽") | {"h", "x", "β"}


def test_the_font_has_its_table_every_character_and_roots_of_one_width() -> None:
    wanted = set("√(𝑥)∑")
    font = TTFont(io.BytesIO(mathfont.build(wanted)))
    assert "MATH" in font and {ord(c) for c in wanted} <= set(font.getBestCmap())
    variants = font["MATH"].table.MathVariants
    width = font["hmtx"].metrics
    for glyph, made in zip(variants.VertGlyphCoverage.glyphs, variants.VertGlyphConstruction, strict=True):
        sizes = [record.VariantGlyph for record in made.MathGlyphVariantRecord]
        if glyph == font.getBestCmap()[ord("√")]:
            assert len(sizes) > 1 and {width[name][0] for name in sizes} == {width[glyph][0]}
        assert len(sizes) <= mathfont.SIZES


def test_an_index_stands_as_low_below_y_as_below_x() -> None:
    """A browser sets it at the depth of the letter plus the drop, or at the usual place if that is lower."""
    font = TTFont(io.BytesIO(mathfont.build("𝑥𝑦𝑝𝑞")))
    constants, glyphs = font["MATH"].table.MathConstants, font["glyf"]
    for letter in "𝑥𝑦𝑝𝑞":
        depth = -glyphs[font.getBestCmap()[ord(letter)]].yMin
        assert depth + constants.SubscriptBaselineDropMin.Value <= constants.SubscriptShiftDown.Value + 15


def test_a_character_that_the_font_lacks_is_named() -> None:
    with pytest.raises(mathfont.Missing, match=r"𓀀 \(U\+13000\)"):
        mathfont.build("x𓀀")


def test_the_style_holds_the_font_and_asks_nobody() -> None:
    style = mathfont.style("x")
    assert style.startswith('@font-face { font-family: "Lossbook Math"; src: url(data:font/woff2;base64,')
    assert "Temml.woff2" not in style and "http" not in style.replace("http://www.w3.org/2000/svg", "")
