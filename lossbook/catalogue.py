"""Every `Loss` record of the package, found rather than listed: a record in a family module is in the catalogue."""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Iterator, Mapping
from types import MappingProxyType

import lossbook.losses
from lossbook.core import Loss, shown


def _records() -> Iterator[Loss]:
    for module in pkgutil.iter_modules(lossbook.losses.__path__, "lossbook.losses."):
        members = vars(importlib.import_module(module.name)).values()
        yield from (member for member in members if isinstance(member, Loss))


def _by_name(records: Iterator[Loss]) -> dict[str, Loss]:
    found: dict[str, Loss] = {}
    for record in records:
        if found.setdefault(record.name, record) is not record:
            raise ValueError(f"two records are called {record.name!r}")
    return found


CATALOGUE: Mapping[str, Loss] = MappingProxyType(_by_name(_records()))


def find(name: str) -> Loss:
    """The record of the loss called `name`. Raises `ValueError` that lists the names if there is none.

    >>> find("huber").title
    'Huber loss'
    """
    if not isinstance(name, str) or name not in CATALOGUE:
        raise ValueError(f"name must be one of {', '.join(CATALOGUE)}, got {shown(name)}")
    return CATALOGUE[name]
