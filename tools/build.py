"""Build the site: run the chapters that changed, in parallel; build the pages; refuse what a reader would trip over.

    python tools/build.py                                       the whole book into _build/html
    python tools/build.py --only part-2/regression              one chapter, quickly, warnings shown but allowed
    python tools/build.py --output DIRECTORY                    into DIRECTORY/html, with a cache of its own

Chapters run through jupyter-cache, which knows only a chapter's own cells. `Runner` adds what it cannot know: the
sources of `lossbook` that the chapter can depend on.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import re
import subprocess
import sys
import time
from collections.abc import Iterable, Iterator
from concurrent.futures import ProcessPoolExecutor, as_completed
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).resolve().parent.parent
BOOK, PACKAGE = ROOT / "book", ROOT / "lossbook"
CELL_TIMEOUT = 300  # seconds
STARTS = 3  # of a kernel: its ports were free when they were chosen, and may be taken by the time it binds them
ENVIRONMENT = {
    "LOSSBOOK_STATIC": "1",  # explorers show themselves as HTML, not as a widget that needs a kernel
    "JUPYTER_PREFER_ENV_PATH": "1",
    "PYDEVD_DISABLE_FILE_VALIDATION": "1",
    **dict.fromkeys(("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS"), "1"),  # one core per chapter
}


class Refused(Exception):
    """The book is not fit to be published, and the message says why."""


def say(*words: object) -> None:
    print(*words, flush=True)


# ── Which pages there are ────────────────────────────────────────────────────────────────────────────────────────────


def pages(toc: Any) -> Iterator[str]:
    """The names of all pages of a table of contents, in reading order."""
    if isinstance(toc, dict):
        for key in ("root", "file"):
            if key in toc:
                yield toc[key]
        toc = [value for key, value in toc.items() if key in ("parts", "chapters", "sections")]
    if isinstance(toc, list):
        for entry in toc:
            yield from pages(entry)


def source_of(page: str) -> Path:
    path = BOOK / f"{page}.md"
    if not path.exists():
        raise Refused(f"_toc.yml names {page}, and there is no book/{page}.md")
    return path


# ── Running chapters ─────────────────────────────────────────────────────────────────────────────────────────────────


def package_sources(page: str) -> list[Path]:
    """The files of `lossbook` that a chapter's output can depend on.

    All of them, except the figures and exercises of other chapters that neither it nor anything it uses mentions.
    """
    sources = sorted(path for path in PACKAGE.rglob("*") if path.suffix in {".py", ".mplstyle", ".js", ".css"})
    chapters = {path.stem.replace("-", "_") for path in BOOK.glob("part-*/*.md")}
    others = {path for path in sources if path.parent.name in ("figures", "exercises") and path.stem in chapters}
    wanted = {path for path in others if path.stem == Path(page).name.replace("-", "_")}
    text = source_of(page).read_text(encoding="utf-8")
    while True:
        seen = text + "".join(path.read_text(encoding="utf-8") for path in sorted(wanted))
        mentioned = {path for path in others if re.search(rf"\b{path.parent.name}\b.*\b{path.stem}\b", seen)}
        if mentioned <= wanted:
            return [path for path in sources if path not in others or path in wanted]
        wanted |= mentioned


def fingerprint(page: str) -> str:
    digest = hashlib.sha256()
    for path in (*package_sources(page), ROOT / "requirements.txt"):
        digest.update(path.relative_to(ROOT).as_posix().encode() + path.read_bytes())
    return digest.hexdigest()


def execute(page: str, notebook: Any) -> Any:
    """Run one chapter in a fresh kernel, in the chapter's folder. Called in a process of its own."""
    from jupyter_cache.executors.utils import single_nb_execution

    folder = source_of(page).parent
    quiet = ["--log-level=ERROR"]  # of the kernel itself; what a cell prints is kept
    for start in range(1, STARTS + 1):
        try:
            return single_nb_execution(notebook, str(folder), CELL_TIMEOUT, allow_errors=False, extra_arguments=quiet)
        except RuntimeError as problem:
            if start == STARTS or "before replying" not in str(problem):
                raise
            say(f"  {page}  {problem}: starting another")


class Runner:
    """Fills the notebook cache that Jupyter Book then reads, and remembers which package sources each run saw."""

    def __init__(self, output: Path) -> None:
        from jupyter_cache import get_cache

        self.cache = get_cache(str(output / ".jupyter_cache"))
        self.memory = output / ".jupyter_cache" / "lossbook.json"  # page: {"sources": fingerprint, "time": of the run}
        self.runs = json.loads(self.memory.read_text()) if self.memory.exists() else {}
        self.sources: dict[str, str] = {}  # page: fingerprint now

    def notebook(self, page: str) -> Any | None:
        """The chapter as Jupyter Book will read it, or None for a page that is no notebook."""
        from myst_nb.core.read import is_myst_markdown_notebook, read_myst_markdown_notebook

        path = source_of(page)
        text = path.read_text(encoding="utf-8")
        if not is_myst_markdown_notebook(text):
            return None
        return read_myst_markdown_notebook(text, add_source_map=True, path=path)

    def stale(self, page: str, notebook: Any) -> bool:
        """Whether the chapter must run, after dropping a result that older package sources gave."""
        self.sources[page] = fingerprint(page)
        try:
            record = self.cache.match_cache_notebook(notebook)
        except KeyError:
            return True
        if self.runs.get(page, {}).get("sources") == self.sources[page]:
            return False
        self.cache.remove_cache(record.pk)
        return True

    def keep(self, page: str, result: Any) -> None:
        from jupyter_cache.base import CacheBundleIn

        bundle = CacheBundleIn(result.nb, str(source_of(page)), data={"execution_seconds": result.time})
        self.cache.cache_notebook_bundle(bundle, check_validity=False, overwrite=True)
        self.runs[page] = {"sources": self.sources[page], "time": time.time()}
        self.memory.write_text(json.dumps(self.runs, indent=1))

    def run(self, names: Iterable[str]) -> None:
        notebooks = {page: notebook for page in names if (notebook := self.notebook(page)) is not None}
        todo = {page: notebook for page, notebook in notebooks.items() if self.stale(page, notebook)}
        cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
        workers = min(len(todo), cores)
        if not todo:
            say(f"Notebooks: all {len(notebooks)} up to date")
            return
        say(f"Notebooks: running {len(todo)} of {len(notebooks)}, {workers} at a time")
        failures = []
        with ProcessPoolExecutor(workers) as pool:
            longest_first = sorted(todo, key=lambda page: -source_of(page).stat().st_size)  # no core waits at the end
            jobs = {pool.submit(execute, page, todo[page]): page for page in longest_first}
            for count, job in enumerate(as_completed(jobs), 1):
                page = jobs[job]
                try:
                    result = job.result()
                except RuntimeError as problem:  # not of a cell: of the kernel
                    failures.append(f"The kernel of book/{page}.md failed: {problem}")
                    continue
                say(f"  {count}/{len(todo)}  {page}  {'failed' if result.err else f'{result.time:.1f} s'}")
                if result.err:
                    failures.append(f"A cell of book/{page}.md failed:\n\n{result.err}")
                else:
                    self.keep(page, result)
        if failures:
            raise Refused("\n\n".join(failures))


# ── Building pages ───────────────────────────────────────────────────────────────────────────────────────────────────


def build_pages(output: Path, toc: Path, strict: bool) -> None:
    say("Pages: building")
    command = [sys.executable, "-c", "from jupyter_book.cli.main import main; main()", "build", str(BOOK), "-q"]
    command += ["--path-output", str(output.parent), "--config", str(ROOT / "_config.yml"), "--toc", str(toc)]
    command += ["-W", "-n", "--keep-going"] if strict else []
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True)
    if done.returncode:
        (output / ".doctrees" / "environment.pickle").unlink(missing_ok=True)  # so that the next run warns again
        raise Refused(f"Jupyter Book stopped with the warnings above.\n{done.stdout[-2000:]}")


def fetch_python() -> None:
    """What a page needs to run Python; without it the book is built without the fields for code."""
    import pagepython

    try:
        pagepython.parts()
    except pagepython.Missing as problem:
        os.environ["LOSSBOOK_PYTHON"] = "off"  # nobody asks again
        say(f"Python for the pages cannot be had, so code exercises have no field to try them in: {problem}")


def check_pages(output: Path, names: list[str]) -> None:
    """Refuse a missing page, pictures without a text alternative."""
    from pagechecks import problems

    html = output / "html"
    if missing := [page for page in names if not (html / f"{page}.html").exists()]:
        raise Refused(f"No page was built for {', '.join(missing)}")
    found = problems(html, output / ".checked.json")
    if found:
        raise Refused("\n".join(found))


def main() -> None:
    parser = argparse.ArgumentParser(description="Build the Lossbook site.")
    parser.add_argument("--only", metavar="PAGE", action="append", help="build this page alone, e.g. part-2/regression")
    parser.add_argument("--output", metavar="DIRECTORY", type=Path, default=ROOT / "_build")
    options = parser.parse_args()
    os.environ.update(ENVIRONMENT)

    output = options.output.resolve()
    if output.name != "_build":  # Jupyter Book always builds into a folder of this name
        output /= "_build"
    output.mkdir(parents=True, exist_ok=True)
    toc = ROOT / "_toc.yml"
    if options.only:
        toc = output / "_toc.yml"
        chapters = [{"file": page} for page in options.only]
        toc.write_text(yaml.safe_dump({"format": "jb-book", "root": "index", "chapters": chapters}))
    names = list(pages(yaml.safe_load(toc.read_text(encoding="utf-8"))))

    start = time.monotonic()
    try:
        Runner(output).run(names)
        fetch_python()
        build_pages(output, toc, strict=not options.only)
        check_pages(output, names)
    except Refused as problem:
        sys.exit(f"\n{problem}\n\nThe book was not built.")
    page = names[1] if options.only else "index"
    say(f"Built in {time.monotonic() - start:.0f} s. Open {(output / 'html' / f'{page}.html').as_uri()}")


if __name__ == "__main__":
    main()
