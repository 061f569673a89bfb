"""What is checked on every built page that Sphinx does not check: TeX, and the text alternatives of pictures."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path

from bs4 import BeautifulSoup, Tag

NODE = Path(sys.prefix) / "bin" / "node"
MATHJAX = Path(sys.prefix) / "share" / "node_modules" / "mathjax"
FILE_NAME = re.compile(r"(^|/)[\w.-]+\.(png|svg|jpe?g|gif|webp)$", re.IGNORECASE)


def formulas(page: BeautifulSoup) -> list[str]:
    r"""The TeX of a page, without the delimiters \( \) and \[ \] that Sphinx puts around it."""
    texts = [node.get_text() for node in page.select(".math")]
    return [tex for text in texts for tex in re.findall(r"\\[(\[](.*)\\[)\]]", text, re.DOTALL)]


def bad_tex(tex: list[str]) -> list[str]:
    """What MathJax says of each formula: an empty string where it is content."""
    if not tex:
        return []
    script = Path(__file__).with_name("check_tex.cjs")
    command = [str(NODE), str(script), str(MATHJAX)]
    return json.loads(subprocess.run(command, input=json.dumps(tex), capture_output=True, text=True, check=True).stdout)


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
    tex = [(name, formula) for name in changed for formula in formulas(parsed[name])]
    for (name, formula), complaint in zip(tex, bad_tex([formula for _, formula in tex]), strict=True):
        if complaint:
            found[name].append(f"{name}: bad TeX: {complaint} in {formula}")

    memory.write_text(json.dumps({name: stamp for name, stamp in stamps.items() if not found.get(name)}))
    return [complaint for name in changed for complaint in found[name]]
