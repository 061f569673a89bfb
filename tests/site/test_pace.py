"""A chapter has a length that is read in one sitting, and its cards fit on a screen: measured on the built page."""

from __future__ import annotations

import pytest
from built_site import OpenPage

TALLEST = 20_000  # pixels at a width of 1280, before a guess opens what it covers
# Chapters that are within it and stay so; a chapter that gets there is added.
WITHIN = ["part-2/classification", "part-2/ranking", "part-3/style-transfer"]
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
    assert {card: height for card, height in found["cards"] if height > 620} == {}
    page.set_viewport_size({"width": 390, "height": 844})
    assert page.evaluate(WIDER) == [], "cards that scroll sideways on a phone"
