"""The mathematics font of the site: STIX Two Math, cut to what the book uses and fitted to how browsers stretch.

A browser gives a stretched bracket the width of its widest variant, whichever it draws. STIX has thirteen sizes of
each, so small brackets would stand far from what they hold: the largest sizes go (pieces that join take over from
there), and all roots get the width of the smallest.
"""

from __future__ import annotations

import base64
import html
import io
import re
import sys
from collections.abc import Iterable
from pathlib import Path

from fontTools import subset
from fontTools.pens.transformPen import TransformPen
from fontTools.pens.ttGlyphPen import TTGlyphPen
from fontTools.ttLib import TTFont

FILES = Path(sys.prefix) / "share" / "node_modules" / "@fontsource" / "stix-two-math" / "files"
SOURCE = FILES / "stix-two-math-latin-400-normal.woff2"
STYLE = Path(sys.prefix) / "share" / "node_modules" / "temml" / "dist" / "Temml-STIX2.css"
INVISIBLE = set("\u2061\u2062\u2063\u2064\u200b\u00a0\u2009 \n")  # nothing is drawn for them
SIZES = 7  # of a bracket, the first included
ITALIC = {"h": 0x210E, "ϑ": 0x1D717, "ϕ": 0x1D719, "ϵ": 0x1D716, "ϖ": 0x1D71B, "ϱ": 0x1D71A, "ϰ": 0x1D718, "∂": 0x1D715}


class Missing(ValueError):
    """Characters that the font does not have."""


def italic(letter: str) -> str:
    """The mathematical italic letter that a browser draws for a lone letter in `mi`."""
    if letter in ITALIC:
        return chr(ITALIC[letter])
    for first, last, to in (("A", "Z", 0x1D434), ("a", "z", 0x1D44E), ("Α", "Ω", 0x1D6E2), ("α", "ω", 0x1D6FC)):
        if first <= letter <= last:
            return chr(to + ord(letter) - ord(first))
    return letter


def characters(markup: str) -> set[str]:
    """What a browser draws for the formulas of a page."""
    found: set[str] = set()
    for formula in re.findall(r"<math.*?</math>", markup, re.DOTALL):
        visible = re.sub(r"<annotation.*?</annotation>", "", formula, flags=re.DOTALL)
        found |= {italic(letter) for letter in re.findall(r"<mi>(.)</mi>", html.unescape(visible))}
        found |= set(html.unescape(re.sub(r"<[^>]*>", "", visible)))
        found |= {"√"} if "<msqrt" in visible or "<mroot" in visible else set()
    return found - INVISIBLE


def style(characters: Iterable[str]) -> str:
    """Temml's style for this font as CSS, with the font itself in it."""
    rules = re.sub(r"@font-face\s*\{.*?\}|/\*.*?\*/", "", STYLE.read_text(encoding="utf-8"), flags=re.DOTALL)
    rules = re.sub(r"\s*\n\s*", "\n", rules.replace("STIX2", '"Lossbook Math"'))
    font = base64.b64encode(build(characters)).decode()
    source = f'url(data:font/woff2;base64,{font}) format("woff2")'
    return f'@font-face {{ font-family: "Lossbook Math"; src: {source}; }}{rules}'


def build(characters: Iterable[str]) -> bytes:
    """The font with these characters (as they are drawn: see `italic`) as WOFF2. Raises `Missing`."""
    wanted = {ord(character) for character in characters}
    font = TTFont(SOURCE)
    if lacking := wanted - set(font.getBestCmap()):
        raise Missing(f"the mathematics font lacks {', '.join(f'{chr(c)} (U+{c:04X})' for c in sorted(lacking))}")
    _fit(font)
    options = subset.Options(
        flavor="woff2", hinting=False, layout_features=["*"], name_IDs=[0, 13, 14], notdef_outline=True
    )
    cutter = subset.Subsetter(options)
    cutter.populate(unicodes=wanted)
    cutter.subset(font)
    assert "MATH" in font and wanted <= set(font.getBestCmap())
    data = io.BytesIO()
    subset.save_font(font, data, options)
    return data.getvalue()


def _fit(font: TTFont) -> None:
    font["MATH"].table.MathConstants.SubscriptBaselineDropMin.Value = 0
    variants = font["MATH"].table.MathVariants
    root = font.getBestCmap()[ord("√")]
    for glyph, construction in zip(variants.VertGlyphCoverage.glyphs, variants.VertGlyphConstruction, strict=True):
        records = construction.MathGlyphVariantRecord
        if glyph == root:
            pieces = construction.GlyphAssembly.PartRecords
            for name in {*(record.VariantGlyph for record in records), *(piece.glyph for piece in pieces)} - {root}:
                _squeeze(font, name, font["hmtx"][root][0])
        elif len(records) > SIZES and construction.GlyphAssembly:
            construction.MathGlyphVariantRecord = records[:SIZES]
            construction.VariantCount = SIZES


def _squeeze(font: TTFont, name: str, width: int) -> None:
    """Make a glyph as wide as `width`, its height as it is."""
    glyphs, factor = font["glyf"], width / font["hmtx"][name][0]
    pen = TTGlyphPen(None)
    font.getGlyphSet()[name].draw(TransformPen(pen, (factor, 0, 0, 1, 0, 0)))
    glyphs[name] = pen.glyph()
    glyphs[name].recalcBounds(glyphs)
    font["hmtx"][name] = (width, glyphs[name].xMin)
