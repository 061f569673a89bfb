"""A cell of the book that its reader may change and run: what it prints comes out while it runs, and then its end."""

from __future__ import annotations

import contextlib
import io
import json
import sys
import time
import warnings
from collections.abc import Callable, Iterator
from typing import Any

from lossbook.page.reading import as_it_was, executed, told

FILE = "<your code>"
SECONDS = 20.0  # that a cell may take
LIMIT = 20_000  # characters of output that a page shows
CUT = "\n… The page shows no more of it."
TOO_LONG = f"It had not finished after {SECONDS:.0f} seconds. Is there a loop that never ends?"
GONE = "It ended Python, perhaps by taking more memory than a page has. What was printed stands above."
OFTEN = 0.1  # seconds between two tellings of what was printed


class Output(io.TextIOBase):
    """Tells what is written to it, now and then, up to a limit."""

    def __init__(self, pass_on: Callable[[str], None]) -> None:
        self.pass_on, self.parts, self.room, self.told = pass_on, list[str](), LIMIT, 0.0

    def writable(self) -> bool:
        return True

    def write(self, text: str) -> int:
        if self.room > 0:
            kept = text[: self.room]
            self.room -= len(kept)
            self.parts.append(kept if self.room else kept + CUT)
        if time.monotonic() - self.told > OFTEN:
            self.now()
        return len(text)

    def now(self) -> None:
        self.told = time.monotonic()
        if self.parts:
            self.pass_on("".join(self.parts))
            self.parts.clear()


def run(typed: str, say: Callable[[str], None]) -> str:
    """The error in which the cell ended, as JSON; none if it did not. What it prints has been said by then."""
    endings = {"timeout": {"error": TOO_LONG}, "crash": {"error": GONE}}
    say(json.dumps({"seconds": SECONDS, **endings}))
    output = Output(lambda text: say(json.dumps({"printed": text})))
    space: dict[str, Any] = {"__name__": "__main__"}
    error = ""
    with as_it_was(), _into(output):
        try:
            value = executed(typed, FILE, space)
            if value is not None:
                output.write(repr(value) + "\n")
        except BaseException as problem:
            error = told(problem, FILE)
    output.now()
    return json.dumps({"error": error})


@contextlib.contextmanager
def _into(output: Output) -> Iterator[None]:
    """What is printed or warned of goes there, and `input()` finds nothing."""

    def warn(message: Warning | str, category: type[Warning], *place: Any, **more: Any) -> None:
        output.write(f"{category.__name__}: {message}\n")

    stdin, sys.stdin = sys.stdin, io.StringIO()
    try:
        with (
            contextlib.redirect_stdout(output),
            contextlib.redirect_stderr(output),
            warnings.catch_warnings(),
        ):
            warnings.simplefilter("default")
            warnings.showwarning = warn
            yield
    finally:
        sys.stdin = stdin
