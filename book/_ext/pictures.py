"""The explorers that the book shows, and a small picture of each as it stands at the start.

They are taken from the chapters as they ran, so nothing is drawn twice. Of a picture with several panels one is shown.
"""

from __future__ import annotations

import hashlib
import html
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from notebooks import executed, is_chapter
from sphinx.application import Sphinx
from sphinx.environment import BuildEnvironment

from lossbook.explorer import Explorer
from lossbook.explorer.static import ASSETS, plain
from lossbook.figures import front, own_loss

FOLDER = "_static/thumbnails"
DRAWN = {  # pages that are no notebooks, and their explorers
    "index": (front.one_rent,),
    "reference/your-own-loss": (own_loss.own_loss_profile, own_loss.own_loss_fits),
}
# What a caption asks its reader to do begins with one of these.
TRY = (
    "ask|choose|close|compare|cut|drag|draw|feed|find|follow|give|go|leave|look|lower|make|move|place|play|press|put|raise|"
    "read|shrink|step|take|tick|turn|watch|widen"
)
ASKS = re.compile(rf"(?:^|, |: )(?:then |now )?(?:{TRY})\b", re.IGNORECASE)
CAPITALS = {word.lower(): word for word in ("CTC", "GDL", "KL", "NDCG", "YOLO", "Welsch")}
FIGURE = re.compile(r'<figure class="explorer" data-explorer="([a-z0-9-]+)"(.*?)</figure>', re.DOTALL)
PICTURE = re.compile(r'<div class="explorer-picture" role="img" aria-label="([^"]*)">(<svg.*?</svg>)</div>', re.DOTALL)
CAPTION = re.compile(r'<figcaption>(.*?)(?:<span class="explorer-travel">.*?)?</figcaption>', re.DOTALL)
MATHS = re.compile(r'<span class="math[^"]*">\\\((.*?)\\\)</span>', re.DOTALL)
SHORT = 40  # letters
COLOUR = re.compile(r"var\(--lb-(\w+),(#\w+)\)")


@dataclass(frozen=True)
class Shown:
    """An explorer as a page shows it."""

    page: str
    name: str
    alt: str
    caption: str  # HTML, formulas in letters
    panels: tuple[str, ...]
    moves: bool  # it has controls
    asks: bool  # its reader guesses before it opens
    goal: bool

    @property
    def title(self) -> str:
        """Its name in words, without that of its chapter in front."""
        chapter = Path(self.page).name
        words = self.name.removeprefix(f"{chapter}-").split("-")
        if len(words) > 1 and words[0] in chapter.split("-"):
            words = words[1:]
        text = " ".join(CAPITALS.get(word, word) for word in words)
        return text[0].upper() + text[1:]

    @property
    def sentence(self) -> str:
        """What to try: the first sentence of the caption that asks for something, or the first of all.

        A very short one brings the next. What is to be guessed is not said: nothing behind a colon.
        """
        sentences = re.split(r"(?<=[.?!])\s+(?=[A-Z“<])", self.caption)
        asking = (at for at, one in enumerate(sentences) if ASKS.search(re.sub("<[^>]+>", "", one)))
        first = next(asking, 0)
        if self.asks:
            return re.split("[:;]", sentences[first])[0].rstrip(".?!") + "."
        return " ".join(sentences[first : first + (2 if len(sentences[first]) < SHORT else 1)])

    @property
    def place(self) -> str:
        """The id to link to: a figure that is covered cannot be shown, its question can."""
        return f"predict-{self.name}" if self.asks else f"figure-{self.name}"

    def picture(self, theme: str, panel: int = 0) -> str:
        """One panel as an SVG file of its own, in the colours of a theme."""
        colours = themes()[theme]
        view = re.search(r'viewBox="([^"]+)"', self.panels[panel])
        assert view
        inside = self.panels[panel].partition(">")[2].rpartition("</svg>")[0]
        if panel:
            defs = re.search(r"<defs.*?</defs>", self.panels[0], re.DOTALL)
            inside = (defs[0] if defs else "") + inside
        drawn = COLOUR.sub(lambda one: colours.get(one[1], one[2]), inside)
        head = f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="{view[1]}" fill="none" stroke-linejoin="round">'
        return f"{head}<style>text{{font-family:system-ui,sans-serif;white-space:pre}}</style>{drawn}</svg>"

    def shape(self, panel: int = 0) -> tuple[int, int]:
        """Width and height of a panel in points."""
        view = re.search(r'viewBox="\S+ \S+ (\S+) (\S+)"', self.panels[panel])
        assert view
        return round(float(view[1]) / 10), round(float(view[2]) / 10)

    def file(self, theme: str, panel: int = 0) -> str:
        return f"{FOLDER}/{self.name}{panel or ''}.{theme}.svg"

    def image(self, root: str, panel: int = 0, *, covered: bool = False) -> str:
        """Both pictures, of which the page shows the one of its theme. Loaded when the reader comes near."""
        alt = "Covered until you have guessed" if covered else self.alt
        width, height = self.shape(panel)
        marks = {theme: hashlib.sha256(self.picture(theme, panel).encode()).hexdigest()[:8] for theme in themes()}
        return "".join(
            f'<img class="only-{theme}" src="{root}{self.file(theme, panel)}?v={mark}" width="{width}" '
            f'height="{height}" loading="lazy" decoding="async" alt="{alt}">'
            for theme, mark in marks.items()
        )


@cache
def themes() -> dict[str, dict[str, str]]:
    """The colours by meaning, as the explorers' style sheet has them."""
    blocks = re.findall(r"\{([^{}]*--lb-ink:[^{}]*)\}", ASSETS[1].read_text(encoding="utf-8"))
    light, dark = (dict(re.findall(r"--lb-(\w+): (#\w{6})", block)) for block in blocks[:2])
    return {"light": light, "dark": dark}


def read(page: str, markup: str, asked: set[str]) -> Iterator[Shown]:
    """The explorers in a piece of HTML."""
    for name, body in FIGURE.findall(markup):
        picture, caption = PICTURE.search(body), CAPTION.search(body)
        assert picture and caption, name
        words = MATHS.sub(lambda one: plain(html.unescape(one[1])), caption[1])
        panels = tuple(re.findall(r"<svg .*?</svg>", picture[2], re.DOTALL))
        goal = "explorer-challenge" in body
        yield Shown(page, name, picture[1], words, panels, "explorer-controls" in body, name in asked, goal)


def explorers_of(env: BuildEnvironment, page: str) -> list[Shown]:
    """What a page shows, in its order. Read once in a build."""
    if (env, page) not in KNOWN:
        KNOWN[env, page] = list(_explorers_of(env, page))
    return KNOWN[env, page]


KNOWN: dict[tuple[BuildEnvironment, str], list[Shown]] = {}


def _explorers_of(env: BuildEnvironment, page: str) -> list[Shown]:
    from myst_nb.core.read import read_myst_markdown_notebook

    if page in DRAWN:
        return [shown for builder in DRAWN[page] for shown in read(page, html_of(builder), set())]
    path = Path(env.doc2path(page))
    if not is_chapter(path):
        return []
    text = path.read_text(encoding="utf-8")
    asked = set(re.findall(r"^`{3,}\{predict\} (\S+)$", text, re.MULTILINE))
    cells = executed(env, read_myst_markdown_notebook(text, add_source_map=True, path=path))
    outputs = (output.get("data", {}).get("text/html", "") for cell in cells for output in cell.get("outputs", ()))
    return [shown for markup in outputs for shown in read(page, markup, asked)]


@cache
def html_of(builder: Callable[[], Explorer]) -> str:
    """The explorer that a function builds; its table is made once in a build, however many pages show it."""
    return builder().html()


def write(folder: Path, shown: Shown, panel: int = 0) -> None:
    """The pictures of an explorer, one a theme, into a site."""
    for theme in themes():
        path, text = folder / shown.file(theme, panel), shown.picture(theme, panel)
        path.parent.mkdir(parents=True, exist_ok=True)
        if not path.exists() or path.read_text(encoding="utf-8") != text:
            path.write_text(text, encoding="utf-8")


def name_figures(app: Sphinx, page: str, template: str, context: dict[str, Any], doctree: object) -> None:
    """Every explorer has an address, `regression.html#figure-outlier-line`; what waits in a template has none."""
    pieces, seen = re.split(r"(<template.*?</template>)", context.get("body", ""), flags=re.DOTALL), set()

    def named(found: re.Match[str]) -> str:
        first = found[1] not in seen
        seen.add(found[1])
        return f'{found[0]} id="figure-{found[1]}"' if first else found[0]

    start = re.compile(r'<figure class="explorer" data-explorer="([a-z0-9-]+)"')
    context["body"] = "".join(piece if number % 2 else start.sub(named, piece) for number, piece in enumerate(pieces))


def setup(app: Sphinx) -> dict[str, Any]:
    app.connect("html-page-context", name_figures, priority=700)  # after who looks for the tag as it was written
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
