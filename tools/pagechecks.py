"""What is checked on every built page that Sphinx does not check: the text alternatives of pictures."""

from __future__ import annotations

import json
import re
from pathlib import Path

from bs4 import BeautifulSoup, Tag

FILE_NAME = re.compile(r"(^|/)[\w.-]+\.(png|svg|jpe?g|gif|webp)$", re.IGNORECASE)


def name_of(picture: Tag) -> str:
    """The text alternative of a picture, as far as a page can give one."""
    if picture.name == "img":
        return picture.get("alt") or ""
    title = picture.find("title")
    return picture.get("aria-label") or picture.get("aria-labelledby") or (title.get_text() if title else "")


def without_alternative(page: BeautifulSoup) -> list[str]:
    """The pictures that say nothing to who cannot see them. An empty alt is refused too: all of ours mean something."""
    bad = []
    for picture in page.select("img, [role=img]"):
        if picture.find_parent(attrs={"aria-hidden": "true"}) or picture.get("aria-hidden") == "true":
            continue
        name = name_of(picture).strip()
        if not name or FILE_NAME.search(name):
            bad.append(f"{picture.get('src') or f'a {picture.name}'} (alt is {name!r})")
    return bad


def problems(html: Path, memory: Path) -> list[str]:
    """Everything wrong on the pages that changed since they were last found right; `memory` holds when that was."""
    passed = json.loads(memory.read_text()) if memory.exists() else {}
    stamps = {path.relative_to(html).as_posix(): path.stat().st_mtime_ns for path in html.rglob("*.html")}
    changed = [name for name, stamp in stamps.items() if passed.get(name) != stamp and not name.startswith("_static/")]
    parsed = {name: BeautifulSoup((html / name).read_text(encoding="utf-8"), "html.parser") for name in changed}

    found = {
        name: [f"{name}: no text alternative: {what}" for what in without_alternative(page)]
        for name, page in parsed.items()
    }

    memory.write_text(json.dumps({name: stamp for name, stamp in stamps.items() if not found.get(name)}))
    return [complaint for name in changed for complaint in found[name]]
