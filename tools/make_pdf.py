"""The course as one PDF, `_build/lossbook.pdf`: the pages of the built site as a browser prints them, joined.

    make pdf                                       everything
    python tools/make_pdf.py --only part-2/ranking -o ranking.pdf

A list of contents in front, bookmarks of parts, chapters and sections, a number on every page, and links that lead from
chapter to chapter inside the file.
"""

from __future__ import annotations

import argparse
import html
import io
import sys
import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import unquote, urlsplit

import yaml
from find_browser import ADVICE, find_browser
from playwright.sync_api import Browser, sync_playwright
from pypdf import PdfReader, PdfWriter
from pypdf.generic import ArrayObject, DictionaryObject, Fit, NameObject

ROOT = Path(__file__).resolve().parent.parent
LEFT_OUT = {"reference/explorers", "reference/your-own-loss", "reference/for-teachers"}  # they live on a screen
MARGINS = {"top": "17mm", "bottom": "19mm", "left": "18mm", "right": "18mm"}
LOOK = """@page { size: A4; } body { margin: 0; font: 11pt/1.5 system-ui, sans-serif; color: #202124; }
h1 { margin: 45mm 0 2mm; font-size: 34pt; letter-spacing: -0.02em; }
h2 { margin: 7mm 0 1mm; font-size: 12pt; break-after: avoid; }
p.what { margin: 0 0 12mm; } p.line { display: flex; gap: 4mm; margin: 0.6mm 0; break-inside: avoid; }
p.line span:first-child { flex: 1; }"""
# What a page of the site has around its text, and how large that is on paper.
PAPER = """.bd-header-article, .bd-sidebar-primary, .bd-sidebar-secondary, .prev-next-footer, footer, .question-tally,
.bd-header, #jb-print-toc { display: none !important; } html { font-size: 13px !important; }
.bd-main, .bd-content, .bd-article-container { max-width: none !important; padding: 0 !important; }
#jb-print-docs-body h1 { text-align: left; font-weight: 650; }
figure.explorer .explorer-picture > svg { max-height: 100mm; }"""


@dataclass(frozen=True)
class Chapter:
    """One page of the site, and what is printed of it."""

    page: str
    part: str
    title: str
    pdf: PdfReader

    @property
    def length(self) -> int:
        return len(self.pdf.pages)


def listed(toc: Mapping[str, object]) -> list[tuple[str, str]]:
    """Part and page of everything that is printed, in the order of the table of contents."""
    parts = toc.get("parts", [])
    assert isinstance(parts, list)
    return [
        (part["caption"], chapter["file"])
        for part in parts
        for chapter in part["chapters"]
        if chapter["file"] not in LEFT_OUT
    ]


def printed(browser: Browser, site: Path, pages: Iterable[tuple[str, str]]) -> list[Chapter]:
    """Print pages of a site, each in a tab of its own."""
    found = []
    for part, page in pages:
        file = site / f"{page}.html"
        if not file.exists():
            raise ValueError(f"site must hold every page of _toc.yml, got none for {page}: run `make book`")
        tab = browser.new_page(color_scheme="light")
        tab.goto(file.as_uri())
        tab.emulate_media(media="print")  # which unfolds derivations
        tab.add_style_tag(content=PAPER)
        tab.evaluate("document.fonts.ready")
        heading = tab.locator("h1").first
        title = heading.evaluate(
            "one => [...one.childNodes].filter((n) => n.tagName !== 'A').map((n) => n.textContent).join('')"
        )
        data = tab.pdf(format="A4", margin=MARGINS, print_background=True, outline=True, tagged=True)
        tab.close()
        found.append(Chapter(page, part, " ".join(title.split()), PdfReader(io.BytesIO(data))))
    return found


def of_html(browser: Browser, text: str) -> PdfReader:
    tab = browser.new_page()
    tab.set_content(text)
    data = tab.pdf(format="A4", margin=MARGINS)
    tab.close()
    return PdfReader(io.BytesIO(data))


def front(browser: Browser, chapters: Sequence[Chapter]) -> PdfReader:
    """Title and contents. They are as long whatever the numbers are, so they are printed twice."""

    def write(before: int) -> PdfReader:
        lines, part, number = [], "", before + 1
        for chapter in chapters:
            if chapter.part != part:
                lines.append(f"<h2>{html.escape(part := chapter.part)}</h2>")
            lines.append(f'<p class="line"><span>{html.escape(chapter.title)}</span><span>{number}</span></p>')
            number += chapter.length
        what = '<h1>Lossbook</h1><p class="what">A course on the loss functions of machine learning</p>'
        return of_html(browser, f"<meta charset=utf-8><style>{LOOK}</style>{what}{''.join(lines)}")

    return write(len(write(0).pages))


def numbers(browser: Browser, chapters: Sequence[Chapter], before: int) -> PdfReader:
    """Sheets with nothing but the foot of each page: the chapter's title and the number."""
    feet, number = [], before
    for chapter in chapters:
        for _ in range(chapter.length):
            number += 1
            feet.append(f"<section><span>{html.escape(chapter.title)}</span><span>{number}</span></section>")
    look = """@page { size: A4; margin: 0 } body { margin: 0; font: 8pt system-ui, sans-serif; color: #4d5156; }
    section { display: flex; justify-content: space-between; align-items: end; box-sizing: border-box; height: 296mm;
    padding: 0 18mm 9mm; break-after: page; break-inside: avoid; } section:last-child { break-after: auto; }"""
    tab = browser.new_page()
    tab.set_content(f"<meta charset=utf-8><style>{look}</style>{''.join(feet)}")
    data = tab.pdf(format="A4", margin=dict.fromkeys(MARGINS, "0"), prefer_css_page_size=True)
    tab.close()
    return PdfReader(io.BytesIO(data))


def join(site: Path, opening: PdfReader, chapters: Sequence[Chapter], feet: PdfReader) -> PdfWriter:
    """All of it, with bookmarks, numbers, and links that stay inside."""
    writer = PdfWriter()
    writer.append(opening, import_outline=False)
    starts: dict[str, int] = {}
    part, above = "", None
    for chapter in chapters:
        starts[chapter.page] = start = len(writer.pages)
        if chapter.part != part:
            part = chapter.part
        writer.append(chapter.pdf, import_outline=False)
        if above is None or above[0] != part:
            above = (part, writer.add_outline_item(title=part, page_number=start, bold=True))
        mark = writer.add_outline_item(title=chapter.title, page_number=start, parent=above[1])
        for title, page in sections(chapter.pdf):
            writer.add_outline_item(title=title, page_number=start + page, parent=mark)
    for number, foot in enumerate(feet.pages):
        page = writer.pages[len(opening.pages) + number]
        page.merge_page(foot)
        page.compress_content_streams()  # merging has unpacked them
    for at, page in enumerate(writer.pages):
        keep_inside(writer, page, at, site, starts)
    writer.add_metadata({"/Title": "Lossbook", "/Subject": "A course on the loss functions of machine learning"})
    writer.compress_identical_objects(remove_duplicates=True, remove_unreferenced=True)
    return writer


def sections(pdf: PdfReader) -> list[tuple[str, int]]:
    """The sections of a chapter, from the outline that the browser writes: what stands below its title."""
    found: list[tuple[str, int]] = []

    def walk(items: Sequence[object], depth: int) -> None:
        for item in items:
            if isinstance(item, list):
                walk(item, depth + 1)
            elif depth == 1:
                number = pdf.get_destination_page_number(item)  # type: ignore[arg-type]
                if number is not None and number >= 0:
                    found.append((str(item.title).rstrip("#").strip(), number))  # type: ignore[attr-defined]

    walk(pdf.outline, 0)
    return found


def keep_inside(writer: PdfWriter, page: DictionaryObject, at: int, site: Path, starts: Mapping[str, int]) -> None:
    """A link to a page that is printed leads to it; one to a file of this machine leads nowhere, so it goes."""
    kept = ArrayObject()
    for reference in page.get("/Annots", []):
        link = reference.get_object()
        action = link.get("/A", DictionaryObject()).get_object()
        address = urlsplit(str(action.get("/URI", "")))
        if address.scheme == "file":
            place = Path(unquote(address.path))
            name = place.relative_to(site).with_suffix("").as_posix() if place.is_relative_to(site) else ""
            if name not in starts:
                continue
            del link["/A"]
            target = writer.pages[starts[name]].indirect_reference
            link[NameObject("/Dest")] = ArrayObject([target, NameObject(Fit.fit().fit_type)])
        kept.append(reference)
    if "/Annots" in page:
        page[NameObject("/Annots")] = kept


def make(site: Path, pages: Sequence[tuple[str, str]], target: Path) -> int:
    """Write the PDF of these pages. Returns how many sheets it has."""
    site = site.resolve()
    if not (path := find_browser()):
        sys.exit(ADVICE)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=["--no-sandbox"])
        chapters = printed(browser, site, pages)
        opening = front(browser, chapters)
        feet = numbers(browser, chapters, len(opening.pages))
        browser.close()
    writer = join(site, opening, chapters, feet)
    target.parent.mkdir(parents=True, exist_ok=True)
    writer.write(target)
    return len(writer.pages)


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--only", metavar="PAGE", action="append", help="print this page alone, e.g. part-2/regression")
    parser.add_argument("-o", "--output", type=Path, default=ROOT / "_build" / "lossbook.pdf")
    options = parser.parse_args()
    pages = listed(yaml.safe_load((ROOT / "_toc.yml").read_text(encoding="utf-8")))
    if options.only and (unknown := set(options.only) - {page for _, page in pages}):
        sys.exit(f"no page of the PDF is called {', '.join(sorted(unknown))}")
    start = time.monotonic()
    chosen = [one for one in pages if not options.only or one[1] in options.only]
    sheets = make(ROOT / "_build" / "html", chosen, options.output)
    size = options.output.stat().st_size / 1e6
    print(f"{options.output}: {sheets} pages, {size:.1f} MB, {time.monotonic() - start:.0f} s")


if __name__ == "__main__":
    main()
