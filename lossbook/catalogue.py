"""Every `Loss` record of the package, found rather than listed: a record in a family module is in the catalogue."""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Iterator, Mapping
from types import MappingProxyType

import lossbook
from lossbook.core import Loss


def _records() -> Iterator[Loss]:
    for module in pkgutil.iter_modules(lossbook.__path__):
        if not module.ispkg and module.name not in ("core", "catalogue"):
            members = vars(importlib.import_module(f"lossbook.{module.name}")).values()
            yield from (member for member in members if isinstance(member, Loss))


CATALOGUE: Mapping[str, Loss] = MappingProxyType({loss.name: loss for loss in _records()})


def find(name: str) -> Loss:
    """The record of the loss called `name`. Raises `ValueError` that lists the names if there is none."""
    if name not in CATALOGUE:
        raise ValueError(f"name must be one of {', '.join(CATALOGUE)}, got {name!r}")
    return CATALOGUE[name]
