"""A chapter has a length that is read in one sitting, and its cards fit on a screen: measured on the built page."""

from __future__ import annotations

import pytest
from built_site import OpenPage

SCREEN = 760  # pixels that a window of 900 shows below the bars of browser and site
TALLEST = 20_000  # pixels at a width of 1280, before a guess opens what it covers
# Chapters that are within it and stay so; a chapter that gets there is added.
WITHIN = [
    "part-1/statistical-view",
    "part-1/cross-entropy",
    "part-1/recipe",
    "part-1/softmax",
    "part-1/kl-divergence",
    "part-2/regression",
    "part-2/classification",
    "part-2/contrastive",
    "part-2/ranking",
]
WITHIN += [f"part-3/{name}" for name in ("generative", "style-transfer", "sequences", "segmentation", "detection")]
MEASURE = """() => ({
  page: document.documentElement.scrollHeight,
  cards: [...document.querySelectorAll(".loss-card")].map((card) => {
    if (card.tagName === "DETAILS") card.open = true;
    return [card.id, card.offsetHeight];
  }),
})"""
WIDER = """() => [...document.querySelectorAll(".loss-card")].flatMap((card) => {
  if (card.tagName === "DETAILS") card.open = true;
  const parts = [card, ...card.querySelectorAll("dl, dd, pre, .display, .loss-card-head")];
  return parts.some((part) => part.scrollWidth > part.clientWidth + 1) ? [card.id] : [];
})"""


@pytest.mark.parametrize("name", WITHIN)
def test_a_chapter_stays_within_its_length(name: str, open_page: OpenPage) -> None:
    page = open_page(name)
    found = page.evaluate(MEASURE)
    assert found["page"] <= TALLEST
    assert {card: height for card, height in found["cards"] if height > SCREEN} == {}
    page.set_viewport_size({"width": 390, "height": 844})
    assert page.evaluate(WIDER) == [], "cards that scroll sideways on a phone"


@pytest.mark.parametrize("name", ["part-2/classification", "part-2/ranking"])
def test_what_a_figure_shows_is_covered_with_it(name: str, open_page: OpenPage) -> None:
    """The paragraph behind a covered figure tells the answer: it appears with the figure."""
    page = open_page(name)
    forms = page.locator("form.predict").all()
    assert len(forms) >= 2
    for form in forms:
        figure = page.locator(f'figure.explorer[data-explorer="{form.get_attribute("data-predict")}"]')
        told = page.locator(".cell", has=figure).locator("xpath=following-sibling::*[1][self::p]")
        assert told.count() == 1 and told.is_hidden() and figure.is_hidden()
        form.locator(".predict-skip").click()
        assert told.is_visible() and figure.is_visible()
