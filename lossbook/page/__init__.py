"""What the pages of the book ask of the Python in a reader's browser, by name: texts go in, JSON comes out.

`book/_static/python_worker.js` calls `call`. Before a step that may never end, or may end Python, each function tells
its last argument, `say`, what the page shows if it does; the page then ends the worker. Nothing here needs more than
NumPy, and nothing is imported before it is asked for.
"""

from __future__ import annotations

from importlib import import_module

CALLS = {"judge": "answers", "run": "cells", "look": "own_loss"}


def call(name: str, *given: object) -> str:
    """Ask the function of that name, in the module that `CALLS` says."""
    return str(getattr(import_module(f"{__name__}.{CALLS[name]}"), name)(*given))
