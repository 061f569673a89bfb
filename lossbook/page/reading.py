"""Code that a reader typed: run as Python runs it, with what it printed and the error as Python shows it."""

from __future__ import annotations

import ast
import builtins
import contextlib
import linecache
import sys
import traceback
from collections.abc import Iterator
from typing import Any

import numpy as np


def executed(typed: str, file: str, space: dict[str, Any]) -> Any:
    """Run what was typed in `space`; the value of a last line that is an expression, as a notebook shows it."""
    linecache.cache[file] = (len(typed), None, typed.splitlines(keepends=True), file)  # for the lines of a traceback
    tree = ast.parse(typed, file)
    last = tree.body[-1] if tree.body else None
    if not isinstance(last, ast.Expr):
        exec(compile(tree, file, "exec"), space)
        return None
    del tree.body[-1]
    exec(compile(tree, file, "exec"), space)
    return eval(compile(ast.Expression(last.value), file, "eval"), space)


def told(problem: BaseException, file: str) -> str:
    """What Python prints of an exception, from the first line of the reader's own code on."""
    trace = problem.__traceback__
    while trace and trace.tb_frame.f_code.co_filename != file:
        trace = trace.tb_next
    try:
        return "".join(traceback.format_exception(type(problem), problem, trace)).strip()
    except BaseException:
        return type(problem).__name__


@contextlib.contextmanager
def as_it_was() -> Iterator[None]:
    """The next code meets NumPy and Python's own names as this one did, whatever this one does to them."""
    spaces = [(space, dict(space)) for space in (vars(np), vars(builtins))]
    with np.errstate():
        try:
            yield
        finally:
            for space, kept in spaces:
                for name in space.keys() - kept.keys():
                    if f"numpy.{name}" not in sys.modules:  # which NumPy imports when it is first asked for it
                        del space[name]
                space.update(kept)
