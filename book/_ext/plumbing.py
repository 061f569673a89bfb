"""Code of a chapter without what only the book needs: glued numbers, and asserts that keep the prose true."""

from __future__ import annotations

import ast
import re
from collections.abc import Callable, Iterable, Iterator, Sequence

Block = Sequence[ast.stmt]


def names(nodes: Iterable[ast.AST], context: type[ast.expr_context] = ast.Load) -> set[str]:
    inside = (part for node in nodes for part in ast.walk(node))
    return {node.id for node in inside if isinstance(node, ast.Name) and isinstance(node.ctx, context)}


def bound(statement: ast.stmt) -> set[str]:
    """The names that an assignment, a definition or an import gives to things."""
    if isinstance(statement, ast.FunctionDef | ast.ClassDef):
        return {statement.name}
    if isinstance(statement, ast.Import | ast.ImportFrom):
        return {(alias.asname or alias.name).split(".")[0] for alias in statement.names}
    assigns = isinstance(statement, ast.Assign | ast.AnnAssign)
    return names([statement], ast.Store) if assigns else set()


def is_plumbing(statement: ast.stmt, helpers: set[str]) -> bool:
    if isinstance(statement, ast.Assert):
        return True
    if isinstance(statement, ast.ImportFrom):
        return statement.module == "myst_nb"
    call = statement.value if isinstance(statement, ast.Expr) else None
    return isinstance(call, ast.Call) and isinstance(call.func, ast.Name) and call.func.id in {"glue", *helpers}


def superfluous(block: Block, goes: Callable[[ast.stmt], bool]) -> Iterator[ast.stmt]:
    """The statements that go, those inside others too; a loop or a function of nothing else goes as a whole."""
    for statement in block:
        body = getattr(statement, "body", [])
        inside = list(superfluous(body, goes))
        if goes(statement) or (body and len(inside) == len(body)):
            yield statement
        else:
            yield from inside


def dropped(source: str, statements: Block) -> str:
    """`source` without these statements, the comments right above them, and the gaps that they leave."""
    lines = source.splitlines()
    gone: set[int] = set()
    for statement in statements:
        first = statement.lineno - 1
        while first > 0 and lines[first - 1].lstrip().startswith("#"):
            first -= 1
        gone |= set(range(first, statement.end_lineno or 0))
    text = "\n".join(line for number, line in enumerate(lines) if number not in gone)
    return re.sub(r"\n{4,}", "\n\n\n", text).strip("\n")


def shows(source: str, helpers: set[str]) -> bool:
    """Whether a cell of the book prints something, or ends in what is shown."""
    body = ast.parse(source).body
    return "print" in names(body) or (isinstance(body[-1], ast.Expr) and not is_plumbing(body[-1], helpers))


def cleaned(source: str, needed: set[str]) -> str:
    """A cell without its plumbing, and without what it computed for that alone; `needed` has the names used later."""
    text = source
    helpers: set[str] = set()  # functions that glue
    suspects: set[str] = set()  # names that the plumbing used, which may have been made for it
    used: set[str] = set()

    def goes(statement: ast.stmt) -> bool:
        made = bound(statement)
        return is_plumbing(statement, helpers) or bool(made and made <= suspects - used)

    while True:
        body = ast.parse(text).body
        used = names(body) | needed
        gone = list(superfluous(body, goes))
        if not gone:
            return text if text == source or shows(source, helpers) or needed & names(body, ast.Store) else ""
        helpers |= {statement.name for statement in gone if isinstance(statement, ast.FunctionDef)}
        suspects |= names(gone)
        text = dropped(text, gone)


def without_plumbing(sources: Sequence[str]) -> list[str]:
    """The code cells of a chapter as a reader needs them; empty where a cell only served the book."""
    kept: list[str] = []
    needed: set[str] = set()
    for source in reversed(sources):
        kept.append(cleaned(source, needed))
        for statement in reversed(ast.parse(kept[-1]).body):
            needed = needed - bound(statement) | names([statement])
    return kept[::-1]
