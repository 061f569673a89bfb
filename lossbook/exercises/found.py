"""Every exercise of the book, found rather than listed: an `Exercise` in a module of this package is one."""

from __future__ import annotations

import difflib
import functools
import importlib
import pkgutil
from collections.abc import Mapping
from types import MappingProxyType

import lossbook.exercises
from lossbook.exercises.kinds import Exercise


@functools.cache
def chapters() -> Mapping[str, Mapping[str, Exercise]]:
    """The exercises by chapter (named as its file, with hyphens) and id, in the order of the modules."""
    found: dict[str, Mapping[str, Exercise]] = {}
    for module in pkgutil.iter_modules(lossbook.exercises.__path__):
        members = vars(importlib.import_module(f"lossbook.exercises.{module.name}")).values()
        exercises = [member for member in members if isinstance(member, Exercise)]
        if exercises:
            found[module.name.replace("_", "-")] = MappingProxyType({exercise.id: exercise for exercise in exercises})
            if len(found[module.name.replace("_", "-")]) < len(exercises):
                raise ValueError(f"ids must differ, got one twice in {module.name}")
    return MappingProxyType(found)


@functools.cache
def exercises() -> Mapping[str, Exercise]:
    """Every exercise by its id. Raises `ValueError` if two share one."""
    every = [exercise for chapter in chapters().values() for exercise in chapter.values()]
    by_id = {exercise.id: exercise for exercise in every}
    if len(by_id) < len(every):
        ids = [exercise.id for exercise in every]
        raise ValueError(f"ids must differ, got {sorted({name for name in ids if ids.count(name) > 1})} twice")
    return MappingProxyType(by_id)


def closest(name: str) -> list[str]:
    """Ids that somebody who wrote `name` may have meant."""
    return difflib.get_close_matches(name[:100], exercises(), n=3, cutoff=0.5)
