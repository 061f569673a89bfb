"""A colour that a text names is the colour that the picture has, in both themes; and the colours can be told apart."""

from __future__ import annotations

import html
import io
import itertools
import math
import re
from functools import cache
from pathlib import Path

import numpy as np
import pytest
from colours import linear, themes
from PIL import Image
from test_every_explorer import BUILDERS, each_explorer, explorer_of, markup_of, page

from lossbook.explorer import Explorer, palette, subplots

BOOK = Path(__file__).parents[1] / "book"
LIGHT, DARK, _ = themes().values()
# Hues as angles in OKLCH, from and to; brown is a dark orange, and grey has hardly any hue.
HUES = {
    "red": (5, 40), "orange": (40, 70), "brown": (40, 80), "yellow": (85, 115), "green": (135, 175),
    "blue": (215, 275), "purple": (295, 330), "violet": (285, 325), "pink": (340, 365),
}  # fmt: skip
WORD = re.compile(rf"(?i)\b({'|'.join([*HUES, 'grey', 'gray'])})\b")
# What simulates an eye without the cones for red, or for green (Machado, Oliveira and Fernandes 2009).
EYES = {
    "three kinds of cones": np.eye(3),
    "no red": np.array(
        [[0.152286, 1.052583, -0.204868], [0.114503, 0.786281, 0.099216], [-0.003882, -0.048116, 1.051998]]
    ),
    "no green": np.array(
        [[0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413], [-0.01182, 0.04294, 0.968881]]
    ),
}  # fmt: skip


def oklab(light: np.ndarray) -> np.ndarray:
    """Lightness and two axes of hue, in which distances are as the eye has them (Ottosson 2020)."""
    cones = np.array(
        [
            [0.4122214708, 0.5363325363, 0.0514459929],
            [0.2119034982, 0.6806995451, 0.1073969566],
            [0.0883024619, 0.2817188376, 0.6299787005],
        ]
    )
    axes = np.array(
        [
            [0.2104542553, 0.7936177850, -0.0040720468],
            [1.9779984951, -2.4285922050, 0.4505937099],
            [0.0259040371, 0.7827717662, -0.8086757660],
        ]
    )
    return axes @ np.cbrt(cones @ np.clip(light, 0, 1))


def is_called(code: str, word: str) -> bool:
    """Whether a colour such as #bd4b00 may be called by a word."""
    lightness, a, b = oklab(np.array(linear(code)))
    hue, strength = math.degrees(math.atan2(b, a)) % 360, math.hypot(a, b)
    if word in ("grey", "gray"):
        return strength < 0.03
    low, high = HUES[word]
    if word == "orange" and lightness < 0.55:
        return False  # brown, to the eye
    return strength > 0.06 and low <= hue <= high


@cache
def photographed(name: str) -> list[str]:
    """The colours of a picture that holds a photograph, as its paper has it: one of every fourth pixel both ways."""
    with Image.open(io.BytesIO(explorer_of(name).png())) as picture:
        pixels = np.asarray(picture.convert("RGB"))[::4, ::4].reshape(-1, 3)
    coloured = [(r, g, b) for r, g, b in pixels.tolist() if max(r, g, b) - min(r, g, b) > 20]
    return [f"#{r:02x}{g:02x}{b:02x}" for r, g, b in coloured]


def wrong_words(text: str, markup: str, *names: str) -> list[str]:
    """The colour words of a text for which a picture has no colour of the palette, in one of the themes; where a
    picture of `names` holds a photograph, no hundredth of its colours either."""
    used = set(re.findall(r"var\(--lb-(\w+)", markup))
    words = {word.lower() for word in WORD.findall(text)}
    wrong = sorted(w for w in words for theme in (LIGHT, DARK) if not any(is_called(theme[c], w) for c in used))
    seen = [photographed(name) for name in names if wrong and "data:image/jpeg" in markup_of(name)]
    return [
        word for word in wrong if not any(np.mean([is_called(c, word) for c in colours]) > 0.01 for colours in seen)
    ]


@each_explorer
def test_colour_words_of_a_picture_are_its_colours(name: str) -> None:
    explorer, markup = page(name)
    assert wrong_words(f"{explorer.caption} {explorer.alt} {html.unescape(explorer.readout)}", markup, name) == []


@pytest.mark.parametrize("chapter", sorted({name.partition(".")[0] for name in BUILDERS}))
def test_colour_words_near_a_picture_are_its_colours(chapter: str) -> None:
    """In the section of a chapter that shows a picture. Marbles and the like have colours of their own."""
    for source in BOOK.glob(f"part-*/{chapter.replace('_', '-')}.md"):
        text = re.sub(r"(?s)```\{question\}.*?```", "", source.read_text(encoding="utf-8"))
        for section in re.split(r"(?m)^## ", text):
            shown = [name for name in BUILDERS if re.search(rf"\b{name.partition('.')[2]}\(", section)]
            markup = "".join(map(markup_of, shown))
            if shown:
                prose = re.sub(r"(?s)```.*?```", "", section)
                assert wrong_words(prose, markup, *shown) == [], section.splitlines()[0]


# What a label may call a loss, and what a divergence: one colour each, in the figures of all chapters.
MEANINGS = {
    "outlier": re.compile(r"KL|D\([pq]\*?‖|Σ p log|\bdivergence"),
    "loss": re.compile(r"(?i)cross-entropy [H(]|average loss$|^H\(p\*?, "),
    "truth": re.compile(r"(?i)^entropy\b"),
}
NEUTRAL = {"ink", "axis", "muted"}  # titles, and the names of axes


def labels(markup: str) -> list[tuple[str, str]]:
    """The lettering of a picture in its first state: what it says, and the colour of the palette that it has."""
    picture = re.sub(r"(?s)<script.*?</script>", "", markup)
    found = re.findall(r"(?s)<text\b([^>]*)>(.*?)</text>", picture)
    colours = [re.search(r"var\(--lb-(\w+)", style) for style, _ in found]
    return [(html.unescape(re.sub("<[^>]*>", "", words)), colour[1] if colour else "ink")
            for (_, words), colour in zip(found, colours, strict=True)]  # fmt: skip


def wrong_meanings(markup: str) -> list[tuple[str, str]]:
    """The labels that name a divergence, a cross-entropy or an entropy in the colour of something else."""
    return [
        (words, colour)
        for words, colour in labels(markup)
        for meaning, called in MEANINGS.items()
        if called.search(words) and colour not in NEUTRAL | {meaning}
    ]


@each_explorer
def test_a_divergence_and_an_entropy_have_the_same_colour_in_every_chapter(name: str) -> None:
    explorer, markup = page(name)
    assert wrong_meanings(markup) == []
    if "KL" in explorer.readout or re.search(r"\bD\(", explorer.readout):
        assert "var(--lb-outlier" in markup, "a divergence is spoken of and none is drawn in its colour"


def test_a_divergence_in_the_colour_of_a_loss_is_noticed() -> None:
    figure, axes = subplots()
    axes.text(0, 0, "D(p‖q)", color=palette.loss)
    axes.text(0, 1, "KL divergence D(p*‖p)", color=palette.surplus)
    toy = Explorer(figure, lambda: "", name="toy", controls={}, caption="Two labels.", alt="Two labels.")
    assert wrong_meanings(toy.html()) == [("D(p‖q)", "loss")]


def test_a_wrong_colour_word_is_noticed() -> None:
    figure, axes = subplots()
    axes.plot([0, 1], [0, 1], color="#bd4b00")
    toy = Explorer(figure, lambda: "", name="toy", controls={}, caption="The orange line.", alt="An orange line.")
    assert wrong_words(toy.caption, toy.html()) == []
    assert wrong_words("the purple line", toy.html()) == ["purple", "purple"]
    assert is_called("#8f5f00", "brown") and not is_called("#8f5f00", "orange")


@pytest.mark.parametrize(("meaning", "word"), [
    ("loss", "blue"), ("gradient", "red"), ("density", "purple"), ("model", "green"), ("outlier", "orange"),
    ("truth", "blue"), ("data", "grey"),
])  # fmt: skip
def test_each_colour_has_one_name_in_both_themes(meaning: str, word: str) -> None:
    assert is_called(LIGHT[meaning], word) and is_called(DARK[meaning], word)


@pytest.mark.parametrize("theme", [LIGHT, DARK], ids=["light", "dark"])
@pytest.mark.parametrize("eye", EYES)
def test_colours_are_told_apart(eye: str, theme: dict[str, str]) -> None:
    """Distances in OKLab times 100: from about 2 on a difference is seen side by side, from 8 on across a picture."""
    meanings = ("loss", "gradient", "density", "model", "outlier", "truth", "data")
    seen = {meaning: oklab(EYES[eye] @ linear(theme[meaning])) for meaning in meanings}
    for one, other in itertools.combinations(meanings, 2):
        assert 100 * np.linalg.norm(seen[one] - seen[other]) > 8, (one, other)
