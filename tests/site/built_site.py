"""Where the built site is, and what pages it has."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

from playwright.sync_api import Page

OpenPage = Callable[..., Page]


class Site:
    """The folder of the built site, and the names of its pages."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    @property
    def pages(self) -> list[str]:
        files = self.folder.rglob("*.html")
        names = sorted(path.relative_to(self.folder).with_suffix("").as_posix() for path in files)
        return [name for name in names if not name.startswith("_static/") and name != "404"]


def built_site() -> Site:
    """The site that `make book` built, or the one that LOSSBOOK_BUILT names."""
    return Site(Path(os.environ.get("LOSSBOOK_BUILT") or Path(__file__).parents[2] / "_build" / "html"))
