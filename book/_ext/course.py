"""What each chapter needs of the others: the one place that says so.

The map of the first page draws it, and a chapter's opening lines say it in words; a test compares the two.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass


@dataclass(frozen=True)
class Chapter:
    """A chapter on the map.

    `needs` are the chapters that its main path builds on, `partly` those that a section or a derivation of it does.
    `wide` and `tall` are its column and row where the map runs to the right, and where it runs down.
    """

    short: str
    wide: tuple[float, float]
    tall: tuple[float, float]
    needs: tuple[str, ...] = ()
    partly: tuple[str, ...] = ()


CHAPTERS = {
    "statistical-view": Chapter("Statistical view", (0, 0), (0, 0)),
    "kl-divergence": Chapter("KL divergence", (0, 3), (1, 0)),
    "cross-entropy": Chapter("Cross-entropy", (1, 3), (1, 1), needs=("kl-divergence",)),
    "softmax": Chapter("Softmax and sigmoid", (2, 3), (1, 2), needs=("cross-entropy",)),
    "recipe": Chapter("One recipe for any loss", (2, 0), (0, 2), needs=("statistical-view", "cross-entropy")),
    "regression": Chapter("Regression", (3, 0), (0, 3), needs=("recipe",)),
    "classification": Chapter("Classification", (3, 2), (1, 3), needs=("softmax",)),
    "contrastive": Chapter("Contrastive", (3, 5), (0, 5), partly=("softmax",)),
    "ranking": Chapter("Ranking", (3, 6), (1, 5), needs=("softmax",), partly=("kl-divergence",)),
    "generative": Chapter("Generative models", (4, 3), (0, 6), needs=("kl-divergence", "softmax")),
    "style-transfer": Chapter("Style transfer", (4, 6), (0.5, 7)),
    "sequences": Chapter("Sequences", (4, 4), (1, 6), needs=("softmax",), partly=("kl-divergence",)),
    "segmentation": Chapter("Segmentation", (4, 2), (1, 4), needs=("softmax", "classification")),
    "detection": Chapter("Detection", (4, 1), (0, 4), needs=("softmax", "regression"), partly=("classification",)),
}


def below(name: str) -> set[str]:
    """All that a chapter's main path builds on, directly or not."""
    return {each for need in CHAPTERS[name].needs for each in {need, *below(need)}}


def nearest(name: str, here: Collection[str]) -> set[str]:
    """What it needs of the chapters that are here; for one that is left out stands what that one needs."""
    needs = CHAPTERS[name].needs
    return {each for need in needs for each in ({need} if need in here else nearest(need, here))}


def edges(here: Collection[str]) -> list[tuple[str, str, str]]:
    """The lines of the map, (from, to, "needs" or "partly"): none that a way over others says already."""
    found = []
    for name in here:
        direct = nearest(name, here)
        implied = set().union(*(below(need) for need in direct))
        found += [(need, name, "needs") for need in CHAPTERS if need in direct - implied]
        partly = set(CHAPTERS[name].partly) & set(here)
        found += [(need, name, "partly") for need in CHAPTERS if need in partly - direct - implied]
    return found
