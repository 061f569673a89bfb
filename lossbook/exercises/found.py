"""Every exercise of the book, found rather than listed: an `Exercise` in a module of this package is one."""

from __future__ import annotations

import difflib
import functools
import importlib
import pkgutil
from collections import Counter
from collections.abc import Mapping, Sequence
from types import MappingProxyType

import lossbook.exercises
from lossbook.exercises.kinds import Exercise


@functools.cache
def chapters() -> Mapping[str, Mapping[str, Exercise]]:
    """The exercises by chapter (named as its file, with hyphens) and id, in the order of the modules."""
    found: list[tuple[str, Exercise]] = []
    for module in pkgutil.iter_modules(lossbook.exercises.__path__):
        members = vars(importlib.import_module(f"lossbook.exercises.{module.name}")).values()
        found += [(module.name.replace("_", "-"), member) for member in members if isinstance(member, Exercise)]
    unique(found)
    names = dict.fromkeys(chapter for chapter, _ in found)
    return MappingProxyType(
        {name: MappingProxyType({each.id: each for chapter, each in found if chapter == name}) for name in names}
    )


def unique(found: Sequence[tuple[str, Exercise]]) -> None:
    """Refuse two exercises with one id."""
    for id, count in Counter(exercise.id for _, exercise in found).items():
        if count > 1:
            places = ", ".join(chapter for chapter, exercise in found if exercise.id == id)
            raise ValueError(f"ids must differ, got {id!r} {count} times (in {places})")


@functools.cache
def exercises() -> Mapping[str, Exercise]:
    """Every exercise by its id."""
    return MappingProxyType({id: exercise for chapter in chapters().values() for id, exercise in chapter.items()})


def closest(name: str) -> list[str]:
    """Ids that somebody who wrote `name` may have meant."""
    return difflib.get_close_matches(name[:100], exercises(), n=3, cutoff=0.5)
