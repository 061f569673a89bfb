"""Found and shared: what search engines, chats and readers of a published site need.

Every page has a description. The rest needs addresses, which the environment gives at build time and a build at home
does without: LOSSBOOK_SITE, where the site will stand, and LOSSBOOK_REPOSITORY, its repository on GitHub.
"""

from __future__ import annotations

import base64
import html
import io
import os
import re
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from docutils import nodes
from notebooks import executed, is_chapter
from PIL import Image
from sphinx.application import Sphinx
from sphinx.config import Config
from sphinx.environment import BuildEnvironment

LONGEST = 200  # letters of a description; search engines show no more
SIZE = (1200, 630)  # of a picture, as those who show it ask for
MARGIN = 24
FOLDER = "_static/shared"
BRANCH = "notebooks"  # of the repository: where the workflow puts the built notebooks, for Colab and Binder to open
MISSING = """\
<h1>There is no such page</h1>
<p>It may have moved, or the address may have a slip. The contents are at the side, and the search finds losses by the
names that other libraries give them. Or <a href="{start}">begin at the beginning</a>.</p>"""


def site_address(text: str) -> str:
    """The address of the site with its last slash; empty if there is none."""
    if text and not re.fullmatch(r"https?://[^\s/?#]+(/[^\s?#]*)?", text):
        raise ValueError(f"LOSSBOOK_SITE is an address like https://example.org/course/, got {text!r}")
    return text.rstrip("/") + "/" if text else ""


def repository_address(text: str) -> str:
    """The address of the repository; empty if there is none. Colab opens notebooks from GitHub alone."""
    if text and not re.fullmatch(r"https://github\.com/[\w.-]+/[\w.-]+/?", text):
        raise ValueError(f"LOSSBOOK_REPOSITORY is an address like https://github.com/owner/name, got {text!r}")
    return text.rstrip("/").removesuffix(".git")


# ── Descriptions ─────────────────────────────────────────────────────────────────────────────────────────────────────


def shortened(text: str) -> str:
    """Whole sentences if one fits, else whole words."""
    text = " ".join(text.split())
    if len(text) <= LONGEST:
        return text
    sentences = re.match(rf"(.{{40,{LONGEST - 1}}}[.?!])(?=\s)", text)
    return sentences[1] if sentences else text[: LONGEST - 1].rpartition(" ")[0].rstrip(",;:") + "…"


def description(doctree: nodes.document) -> str:
    """The first paragraph of a page's running text, preferably without a formula, whose TeX nobody reads."""
    paragraphs = [
        each for each in doctree.findall(nodes.paragraph) if isinstance(each.parent, nodes.section | nodes.document)
    ]
    plain = [each for each in paragraphs if not any(each.findall(nodes.math)) and len(each.astext()) >= 40]
    return shortened((plain or paragraphs)[0].astext()) if plain or paragraphs else ""


def describe(app: Sphinx, page: str, template: str, context: dict[str, Any], doctree: nodes.document | None) -> None:
    """Front matter (`myst: {html_meta: {description: …}}`) goes before the first paragraph."""
    if doctree is None:
        if app.config.lossbook_site and page == app.config.notfound_pagename:  # where the search finds its data
            context["content_root"] = urlsplit(app.config.lossbook_site).path
        return
    given = re.search(r'<meta content="([^"]*)" name="description"', context["metatags"])
    text = html.unescape(given[1]) if given else description(doctree)
    if text and not given:
        context["metatags"] += f'<meta name="description" content="{html.escape(text)}" />\n'
    if site := app.config.lossbook_site:
        picture, alt = app.env.lossbook_pictures.get(page) or next(  # type: ignore[attr-defined]
            iter(app.env.lossbook_pictures.values()),  # type: ignore[attr-defined]
            ("", ""),
        )
        tags = {"og:description": text, "og:image": picture and site + picture, "og:image:alt": alt}
        if picture:
            tags |= {"og:image:width": str(SIZE[0]), "og:image:height": str(SIZE[1])}
        escaped = {key: html.escape(value) for key, value in tags.items() if value}
        context["meta"] = {**(context["meta"] or {}), **escaped}


# ── Pictures ─────────────────────────────────────────────────────────────────────────────────────────────────────────


def first_explorer(cells: list[Any]) -> tuple[bytes, str] | None:
    """The first explorer that a chapter shows: its picture and its text alternative."""
    for data in (output.get("data", {}) for cell in cells for output in cell.get("outputs", ())):
        if "image/png" in data and 'class="explorer"' in data.get("text/html", ""):
            return base64.b64decode(data["image/png"]), data["text/plain"]
    return None


def framed(png: bytes) -> bytes:
    """The picture in the middle of a white card, in few colours: some ten kilobytes."""
    picture = Image.open(io.BytesIO(png)).convert("RGB")
    scale = min((whole - 2 * MARGIN) / side for whole, side in zip(SIZE, picture.size, strict=True))
    picture = picture.resize((round(picture.width * scale), round(picture.height * scale)), Image.Resampling.LANCZOS)
    card = Image.new("RGB", SIZE, "white")
    card.paste(picture, ((SIZE[0] - picture.width) // 2, (SIZE[1] - picture.height) // 2))
    data = io.BytesIO()
    card.quantize(64, dither=Image.Dither.NONE).save(data, "PNG", optimize=True)
    return data.getvalue()


def draw(app: Sphinx, env: BuildEnvironment) -> list[str]:
    """Write the picture of every chapter before the pages that name it."""
    from myst_nb.core.read import read_myst_markdown_notebook

    found: dict[str, tuple[str, str]] = {}
    for page in sorted(env.found_docs) if app.config.lossbook_site else ():
        path = Path(env.doc2path(page))
        if not is_chapter(path):
            continue
        text = path.read_text(encoding="utf-8")
        shown = first_explorer(executed(env, read_myst_markdown_notebook(text, add_source_map=True, path=path)))
        if shown:
            target = Path(app.outdir) / FOLDER / f"{path.stem}.png"
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(framed(shown[0]))
            found[page] = f"{FOLDER}/{target.name}", shown[1]
    env.lossbook_pictures = found  # type: ignore[attr-defined]
    return []


# ── Buttons ──────────────────────────────────────────────────────────────────────────────────────────────────────────


def launchers(repository: str, name: str) -> list[dict[str, str]]:
    """Where a chapter's notebook runs without an installation."""
    path = urlsplit(repository).path
    hosts = {
        "Colab": f"https://colab.research.google.com/github{path}/blob/{BRANCH}/{name}.ipynb",
        "Binder": f"https://mybinder.org/v2/gh{path}/{BRANCH}?labpath={name}.ipynb",
    }
    return [
        {"type": "link", "url": url, "text": host, "tooltip": f"Run this chapter in {host}", "icon": "fas fa-play"}
        | {"label": f"launch-{host.lower()}-button"}
        for host, url in hosts.items()
    ]


def offer(app: Sphinx, page: str, template: str, context: dict[str, Any], doctree: object) -> None:
    repository, buttons = app.config.lossbook_repository, context.get("header_buttons", [])
    if not repository or doctree is None:
        return
    for button in buttons:
        if button.get("label") == "source-edit-button":
            button["tooltip"] = "Edit this page"
    if is_chapter(path := Path(app.env.doc2path(page))):
        group = {"type": "group", "tooltip": "Run this chapter", "icon": "fas fa-rocket", "label": "launch-buttons"}
        buttons.insert(0, group | {"buttons": launchers(repository, path.stem)})


# ── Addresses ────────────────────────────────────────────────────────────────────────────────────────────────────────


def configure(app: Sphinx, config: Config) -> None:
    """Hand the addresses on to the extensions and the theme, each by its own name for them."""
    if site := config.lossbook_site:
        config.html_baseurl = config.ogp_site_url = site
        config.ogp_site_name = config.html_title
        config.ogp_type = "article"
        config.ogp_social_cards = {"enable": False}  # pictures of text; ours show figures
        config.ogp_enable_meta_description = False
        config.ogp_custom_meta_tags = ['<meta name="twitter:card" content="summary_large_image" />']
        config.sitemap_url_scheme = "{link}"
        config.notfound_urls_prefix = urlsplit(site).path
        config.notfound_context = {"title": "No such page", "body": MISSING.format(start=urlsplit(site).path)}
    if repository := config.lossbook_repository:
        config.html_theme_options |= {
            "repository_url": repository,
            "repository_branch": "main",
            "path_to_docs": "book",
            "use_edit_page_button": True,
        }


def map_every_page(app: Sphinx, problem: Exception | None) -> None:
    """Of a build after a small change, too, where sphinx-sitemap sees the pages alone that were written again."""
    links = getattr(app, "sitemap_links", None)
    if links is None or problem:
        return
    while not links.empty():
        links.get()
    for page in sorted(app.env.found_docs):
        links.put((app.builder.get_target_uri(page), None))


def setup(app: Sphinx) -> dict[str, Any]:
    site = site_address(os.environ.get("LOSSBOOK_SITE", ""))
    app.add_config_value("lossbook_site", site, "html")
    app.add_config_value("lossbook_repository", repository_address(os.environ.get("LOSSBOOK_REPOSITORY", "")), "html")
    app.connect("config-inited", configure, priority=400)
    app.connect("env-updated", draw)
    app.connect("html-page-context", describe, priority=400)  # before sphinxext.opengraph reads what it is told here
    app.connect("html-page-context", offer, priority=910)  # after the notebook's own button
    if site:
        app.connect("build-finished", map_every_page, priority=400)
        for extension in ("sphinxext.opengraph", "sphinx_sitemap", "notfound.extension"):
            app.setup_extension(extension)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
