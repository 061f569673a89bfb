"""What a visit to a page costs: bytes, requests, work of the main thread, and how far the page jumps about.

`benchmarks/pages.py` prints it and `tests/site/test_light.py` bounds it, so both mean the same.
"""

from __future__ import annotations

import gzip
import re
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import unquote, urlsplit

from playwright.sync_api import Browser, BrowserContext, Page, Request, Route

PACKED = {".woff2", ".woff", ".png", ".jpg", ".webp", ".gif"}  # compressed already: no server packs them again
QUIET = 1.0  # seconds in which the main thread must do nearly nothing before a page counts as idle
PATIENCE = 30  # seconds
SLOW = 120_000  # milliseconds, on a machine that does other things

# Every shift counts, also one within half a second of a key or a click, and no window of time forgives any.
SHIFTS = """
window.shifts = [];
new PerformanceObserver((list) => {
  for (const entry of list.getEntries())
    window.shifts.push([entry.value, entry.sources.map(({ node }) =>
      (node?.nodeType === Node.ELEMENT_NODE ? node : node?.parentElement)?.outerHTML.slice(0, 100) ?? "gone")]);
}).observe({ type: "layout-shift", buffered: true });
"""
# Down the page as somebody reads it, a screen at a time; what loads when it comes near has its chance.
READ = """async () => {
  const pause = (time) => new Promise((done) => setTimeout(done, time));
  for (let seen = -1; scrollY > seen; ) {
    seen = scrollY;
    scrollBy({ top: innerHeight * 0.75, behavior: "instant" });
    await pause(60);
  }
  await pause(300);
}"""


def transferred(path: Path) -> int:
    """Bytes of a file as a server sends it that packs text with gzip."""
    data = path.read_bytes()
    return len(data) if path.suffix in PACKED else len(gzip.compress(data, 6))


@dataclass
class Visit:
    """A page that was opened, and what it asked for."""

    page: Page
    asked: list[str] = field(default_factory=list)  # addresses, each once

    def shift(self) -> float:
        """The sum of all layout shifts until now."""
        return sum(value for value, _ in self.shifts())

    def shifts(self) -> list[tuple[float, list[str]]]:
        """Every layout shift until now, with what moved."""
        self.page.evaluate("() => new Promise((done) => requestAnimationFrame(() => setTimeout(done)))")
        return [(value, moved) for value, moved in self.page.evaluate("() => window.shifts")]

    def read(self) -> None:
        """Scroll from where the page stands to its end."""
        self.page.evaluate(READ)

    def files(self, folder: Path, origin: str) -> dict[str, int]:
        """What was asked for, and the bytes of each; `folder` is what the server at `origin` serves."""
        names = [unquote(urlsplit(url).path).lstrip("/") for url in self.asked if url.startswith(origin)]
        return {name: transferred(folder / name) for name in names if (folder / name).is_file()}


Instead = Callable[[str], Path | None]  # the file that stands for an address of a foreign host


def divert(context: BrowserContext, instead: Instead | None) -> None:
    def answer(route: Route) -> None:
        path = instead(route.request.url) if instead else None
        if path and path.is_file():
            route.fulfill(path=path)
        else:
            route.abort()

    context.route(re.compile(r"^https?://(?!127\.0\.0\.1)"), answer)  # nothing is asked of the network


@contextmanager
def visit(browser: Browser, url: str, *, width: int = 1280, instead: Instead | None = None) -> Iterator[Visit]:
    """A first visit, with nothing in the cache, until the page is idle."""
    context = browser.new_context(viewport={"width": width, "height": 900}, color_scheme="light")
    context.set_default_timeout(SLOW)
    divert(context, instead)
    try:
        context.add_init_script(SHIFTS)
        found = Visit(context.new_page())

        def note(request: Request) -> None:
            address = request.url.split("#")[0]
            if address not in found.asked and not address.startswith(("data:", "blob:")):
                found.asked.append(address)

        context.on("request", note)
        found.page.goto(url, wait_until="load")
        found.page.wait_for_load_state("networkidle")
        found.page.evaluate("() => document.fonts.ready.then(() => true)")
        yield found
    finally:
        context.close()


def main_thread(browser: Browser, url: str, *, instead: Instead | None = None) -> float:
    """Seconds of processor time that the main thread works on a first visit until it is idle."""
    context = browser.new_context(viewport={"width": 1280, "height": 900})
    context.set_default_timeout(SLOW)
    divert(context, instead)
    try:
        page = context.new_page()
        session = context.new_cdp_session(page)
        session.send("Performance.enable", {"timeDomain": "threadTicks"})

        def worked() -> float:
            metrics = session.send("Performance.getMetrics")["metrics"]
            return next(one["value"] for one in metrics if one["name"] == "TaskDuration")

        before = worked()
        page.goto(url, wait_until="load")
        seen, since = worked(), time.monotonic()
        end = since + PATIENCE
        while time.monotonic() < min(since + QUIET, end):
            page.wait_for_timeout(100)
            now = worked()
            if now - seen > 0.01:
                since = time.monotonic()
                seen = now
        return seen - before
    finally:
        context.close()
