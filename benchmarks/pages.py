"""`make bench`: what a first visit to a page costs, beside a default Jupyter Book and beside the commit before.

The default book is made of the notebooks that readers download: the same text, questions and code, with the settings
that `jupyter-book create` gives, without our explorers and without what code prints. `BENCH_BEFORE=…` names another
commit than the last, one whose tools this environment has. Both are built in a temporary folder. A commit that changed
the package runs its notebooks, which takes minutes more. What every chapter costs stands below.
"""

from __future__ import annotations

import functools
import http.server
import json
import os
import re
import shutil
import statistics
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import astuple, dataclass
from pathlib import Path

import yaml
from playwright.sync_api import Browser, sync_playwright

sys.path.insert(0, str(Path(__file__).parents[1] / "tools"))
from find_browser import ADVICE, find_browser
from visits import main_thread, transferred, visit

ROOT = Path(__file__).parents[1]
CHAPTERS = {"part-2/regression": "huber-loss", "part-1/kl-divergence": "exercises"}  # and where a link leads into each
REPEATS = 3
CDN = re.compile(r"https://cdn\.jsdelivr\.net/npm/mathjax@3[^/]*/(.*)")
MATHJAX = "mathjax@3.2.2"  # which the default page asks a foreign host for


class _Quiet(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *_: object) -> None:
        """Say nothing."""


@contextmanager
def served(folder: Path) -> Iterator[str]:
    handler = functools.partial(_Quiet, directory=str(folder))
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}/"
        server.shutdown()


# ── The other books ──────────────────────────────────────────────────────────────────────────────────────────────────


def run(*command: str | Path, cwd: Path = ROOT, **environment: str) -> None:
    done = subprocess.run(
        list(map(str, command)),
        cwd=cwd,
        env=os.environ | environment,
        text=True,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
    )
    if done.returncode:
        raise SystemExit(f"{' '.join(map(str, command))} failed:\n{done.stdout[-3000:]}")


def default_book(folder: Path, site: Path) -> Path:
    """The same chapters as `jupyter-book create` would have them, with the MathJax that they ask for beside them."""
    book = folder / "default"
    book.mkdir()
    for chapter in CHAPTERS:
        notebook = json.loads((site / "_static" / "notebooks" / f"{Path(chapter).name}.ipynb").read_text("utf-8"))
        target = book / f"{chapter}.ipynb"
        target.parent.mkdir(exist_ok=True)
        target.write_text(json.dumps(notebook), encoding="utf-8")
    (book / "index.md").write_text("# Lossbook\n", encoding="utf-8")
    toc = {"format": "jb-book", "root": "index", "chapters": [{"file": chapter} for chapter in CHAPTERS]}
    (book / "_toc.yml").write_text(yaml.safe_dump(toc), encoding="utf-8")
    settings = {"title": "Lossbook", "author": "Lossbook", "execute": {"execute_notebooks": "off"}}
    (book / "_config.yml").write_text(yaml.safe_dump(settings), encoding="utf-8")
    run(sys.executable, "-c", "from jupyter_book.cli.main import main; main()", "build", book, "-q", cwd=folder)
    npm = ("npm", "install", "--no-save", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error")
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    run(*npm, "--prefix", folder, MATHJAX, cwd=folder, PATH=path)
    return book / "_build" / "html"


def earlier_book(folder: Path, site: Path, commit: str) -> Path:
    """The chapters as the commit builds them, with the runs of its notebooks that the present book has as well."""
    tree, output = folder / "earlier", folder / "built" / "_build"
    run("git", "worktree", "add", "--detach", tree, commit)
    try:
        cache = site.parent / ".jupyter_cache"
        if cache.exists():
            shutil.copytree(cache, output / ".jupyter_cache")
        run(sys.executable, tree / "tools" / "build.py", "--output", output, cwd=tree, PYTHONPATH=str(tree))
    finally:
        run("git", "worktree", "remove", "--force", tree)
    return output / "html"


# ── Measuring ────────────────────────────────────────────────────────────────────────────────────────────────────────


@dataclass
class Cost:
    kilobytes: float
    requests: int
    seconds: float
    reading: float
    link: float
    narrow_reading: float
    narrow_link: float


HEADINGS = ("kB gzip", "requests", "main s", "shift 1280", "by link", "shift 390", "by link")
FORMATS = ("{:.0f}", "{:.0f}", "{:.2f}", "{:.3f}", "{:.3f}", "{:.3f}", "{:.3f}")


def every_chapter(browser: Browser, site: Path) -> Iterator[str]:
    """One visit to each chapter of this book: bytes, requests, work, and shift at the width of a desk."""
    with served(site) as origin:
        for path in sorted(site.glob("part-*/*.html")):
            url = f"{origin}{path.relative_to(site).as_posix()}"
            with visit(browser, url) as one:
                weight = sum(one.files(site, origin).values()) / 1000
                one.read()
                found = (weight, len(one.asked), main_thread(browser, url), one.shift())
            yield line(path.relative_to(site).with_suffix("").as_posix(), found)


def line(title: str, found: tuple[float, ...]) -> str:
    cells = (form.format(value) for form, value in zip(FORMATS, found, strict=False))
    return f"{title:36}" + "".join(f"{cell:>12}" for cell in cells)


def cost(browser: Browser, folder: Path, chapter: str, mathjax: Path) -> Cost:
    def fulfil(address: str) -> Path | None:
        match = CDN.match(address)
        return mathjax / match[1].split("?")[0] if match else None

    with served(folder) as origin:
        url = f"{origin}{chapter}.html"
        with visit(browser, url, instead=fulfil) as one:
            files = list(one.files(folder, origin).values())
            files += [transferred(path) for path in map(fulfil, one.asked) if path and path.is_file()]
        shifts = []
        for width in (1280, 390):
            with visit(browser, url, width=width, instead=fulfil) as one:
                one.read()
                shifts.append(one.shift())
            with visit(browser, f"{url}#{CHAPTERS[chapter]}", width=width, instead=fulfil) as one:
                one.page.wait_for_timeout(500)
                shifts.append(one.shift())
        seconds = statistics.median(main_thread(browser, url, instead=fulfil) for _ in range(REPEATS))
    return Cost(sum(files) / 1000, len(one.asked), seconds, *shifts)


def main() -> None:
    path, site = find_browser(), ROOT / "_build" / "html"
    if not path:
        raise SystemExit(ADVICE)
    if not (site / "index.html").exists():
        raise SystemExit("There is no book in _build/html; `make book` builds it")
    commit = os.environ.get("BENCH_BEFORE") or "HEAD~1"
    with tempfile.TemporaryDirectory() as name, sync_playwright() as playwright:
        folder = Path(name)
        with ThreadPoolExecutor() as two:
            earlier = two.submit(earlier_book, folder, site, commit)
            default = two.submit(default_book, folder, site)
            books = {"this book": site, f"at {commit}": earlier.result(), "default book": default.result()}
        browser = playwright.chromium.launch(executable_path=path, args=["--no-sandbox"])
        print(f"{'':36}" + "".join(f"{heading:>12}" for heading in HEADINGS))
        for chapter in CHAPTERS:
            for title, book in books.items():
                found = astuple(cost(browser, book, chapter, folder / "node_modules" / "mathjax"))
                print(line(f"{chapter}, {title}", found), flush=True)
        print("\nEvery chapter of this book, one visit each")
        for row in every_chapter(browser, site):
            print(row, flush=True)
        browser.close()


if __name__ == "__main__":
    main()
