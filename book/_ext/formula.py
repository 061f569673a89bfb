"""The printed formula is the checked formula: directives that print what the catalogue's records hold.

    ```{formula} huber          value and gradients of the loss `huber`, numbered, with a mark that links to its checks
    :part: value                only the value; `gradient`: only the gradients
    ```
    ```{formula-tests}          what every loss has to pass, in the words of the tests
    ```
    ```{formula-checks}         what the formulas of every loss are compared with
    ```

Both of the latter are read off the sources of the tests: the page can name no comparison that is not made.

On the page of the loss's own chapter the equations have labels: {eq}`formula-huber` for the value, and
{eq}`formula-huber-prediction` for the derivative with respect to `prediction`.
"""

from __future__ import annotations

import ast
import inspect
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

from docutils import nodes
from docutils.parsers.rst import directives
from docutils.statemachine import StringList
from sphinx.application import Sphinx
from sphinx.environment import BuildEnvironment
from sphinx.util.docutils import SphinxDirective

from lossbook.catalogue import CATALOGUE, find
from lossbook.core import RESIDUAL, Loss

TESTS = Path(__file__).parents[2] / "tests"
ORACLES, FAMILY, PRINTED = (TESTS / f"{name}.py" for name in ("oracles", "test_every_loss", "test_printed_formulas"))
CHECKS_PAGE = "reference/how-formulas-are-checked"
ROW = 27.0  # letters that fit beside each other on a phone: a wider equation is broken into rows, if it has the terms
NAMES = {r"\log", r"\exp", r"\max", r"\min", r"\cos", r"\sin"}
OPENING = {"(", "[", "{", r"\lVert", r"\begin"}
CLOSING = {")", "]", "}", r"\rVert", r"\end"}
VECTORS = {
    "logits",
    "box",
    "soft mask",
    "soft masks",
    "distribution",
    "components",
    "positive components",
    "binary components",
    "embedding",
    "features",
    "picture",
    "frames",
}
"""Domains of `core.DOMAINS` with more than one number per example."""


def of_batch(loss: Loss) -> bool:
    """Whether the formula is that of a whole batch, as RMSE's is, and not of one example."""
    return "none" not in loss.reductions


def symbol(loss: Loss) -> str:
    r"""ℓ, or L for a batch, with the loss's parameters as its index: `\ell_{\delta}`."""
    letter = "L" if of_batch(loss) else r"\ell"
    index = ", ".join(parameter.symbol for parameter in loss.parameters.values())
    return rf"{letter}_{{{index}}}" if index else letter


def terms(tex: str) -> list[str]:
    """What is added and subtracted at the top level, each with its sign: outside of brackets, fractions and norms."""
    found, depth = [""], 0
    for token in re.findall(r"\\[a-zA-Z]+|\s[+-]\s|.", tex):
        depth += token in OPENING
        depth -= token in CLOSING
        if token.strip() in ("+", "-") and depth == 0 and found[-1]:
            found.append("")
        found[-1] += token
    return found


def width(tex: str) -> float:
    """About how many letters wide a formula is set: a fraction as wide as its wider part, an index half as wide."""
    tokens, total = re.findall(r"\\[a-zA-Z]+|\\.|\S", tex), 0.0

    def group() -> str:
        if tokens[0] != "{":
            return tokens.pop(0)
        depth, inside = 0, list[str]()
        while not inside or depth:
            inside.append(tokens.pop(0))
            depth += (inside[-1] == "{") - (inside[-1] == "}")
        return " ".join(inside[1:-1])

    def limits(least: float) -> float:
        """The wider of what stands above and below."""
        while tokens and tokens[0] in ("_", "^"):
            tokens.pop(0)
            least = max(least, 0.65 * width(group()))
        return least

    while tokens:
        token = tokens.pop(0)
        if token == r"\frac":
            total += max(width(group()), width(group())) + 0.3
        elif token in (r"\operatorname", r"\text", r"\mathrm"):
            total += 0.9 * len(group().replace(" ", ""))
        elif token in ("_", "^"):
            tokens.insert(0, token)
            total += limits(0.0)
        elif token == r"\sum":
            total += limits(1.5)
        elif token == r"\begin":
            group()  # the name, "cases"
            end = tokens.index(r"\end")
            rows = [row.split("&") for row in " ".join(tokens[:end]).split(r"\\")]
            del tokens[: end + 1]
            group()
            total += 2 + sum(max(map(width, column)) for column in zip(*rows, strict=True)) + 2 * (len(rows[0]) - 1)
        elif token in NAMES:
            total += len(token) - 1
        elif token in ("+", "-", "=", r"\cdot"):
            total += 1.9
        elif token in "()[]|,." or token in (r"\lVert", r"\rVert"):
            total += 0.7
        elif token not in (r"\left", r"\right", r"\,", r"\!", r"\hat", "{", "}", "&"):
            total += 1.05
    return total


def equation(left: str, right: str) -> str:
    """Both sides; where they are too wide for a phone, in rows of a few terms, the left side alone if it must be."""
    if width(f"{left} = {right}") <= ROW:
        return f"{left} = {right}"
    parts = terms(right)
    alone = width(f"{left} = {parts[0]}") > ROW
    rows, room = [""], ROW - 2 if alone else ROW - width(f"{left} = ")
    for term in parts:
        if alone and width(term) > ROW - 2:  # a product: its last bracket goes into a row of its own
            term = folded(term)
        if rows[-1] and width(rows[-1] + term) > room:
            rows.append("")
            room = ROW - 1
        rows[-1] += term
    return aligned(left, rows, alone)


def folded(term: str) -> str:
    """A product in two rows: the last factor that is a bracket in the second one, if it is not the only one."""
    depth, starts = 0, list[int]()
    for token in re.finditer(r"\\[a-zA-Z]+|.", term):
        if token[0] == r"\left" and depth == 0:
            starts.append(token.start())
        depth += token[0] in OPENING
        depth -= token[0] in CLOSING
    start = starts[-1] if starts else 0
    if name := re.search(
        r"\\(?:log|exp|max|min|operatorname\{\w+\})\s*$", term[:start]
    ):  # a function stays with what it is of
        start = name.start()
    head, last = term[:start].rstrip(), term[start:]
    simple = re.fullmatch(r"\s*[+-]?\s*(\\(log|exp))?", head)
    return term if simple or width(last) > ROW else rf"{head} \\ &\qquad {{}} \cdot {last}"


def aligned(left: str, rows: list[str], alone: bool) -> str:
    """An equation in rows, its left side alone in the first one or with the first of the others."""
    # The empty group makes the sign at the start of a row a binary one.
    if alone:
        return rf"\begin{{aligned}} &{left} \\ &\quad = " + r" \\ &\quad {}".join(rows) + r" \end{aligned}"
    return rf"\begin{{aligned}} &{left} = " + r" \\ &\quad {}".join(rows) + r" \end{aligned}"


def narrow(tex: str) -> str:
    """An equation of one or two rows in as many as it has terms, the left side in a row of its own."""
    left, _, right = re.sub(r"\\(?:begin|end)\{aligned\}|\{\} \\cdot|&|\\q?quad|\\\\|\{\}", "", tex).partition("=")
    parts = terms(" ".join(right.split()))
    return aligned(left.strip(), parts, True) if len(parts) > 1 else tex


def value_equation(loss: Loss) -> str:
    """The loss of one example (or of a batch), both sides."""
    residual = r"e_1, \dots, e_N" if of_batch(loss) else "e"
    symbols = dict.fromkeys(a.symbol for a in loss.arguments.values())  # two views share one letter
    arguments = residual if loss.arguments == RESIDUAL else ", ".join(symbols)
    return equation(f"{symbol(loss)}({arguments})", loss.latex)


def component(loss: Loss, argument: str) -> str:
    """`_k` where the derivative is printed for one component of a vector: the index that no sum in it binds."""
    if not of_batch(loss) and loss.arguments[argument].domain not in VECTORS:
        return ""
    tex = loss.latex_grad[argument]
    if pair := re.search(r"_(\{[a-z]{2}\})", tex):  # row and column of a picture
        return f"_{pair[1]}"
    free = set(re.findall(r"_([a-z])\b", tex)) - set(re.findall(r"\\sum_\{([a-z])=", tex))
    free -= {argument.symbol for argument in loss.arguments.values()}  # a label picks an entry and is no free index
    return "".join(f"_{letter}" for letter in sorted(free))


def gradient_equations(loss: Loss, short: bool = False) -> Iterator[tuple[str, str]]:
    """For each argument with a derivative: its name, and the equation, both sides; `short` if it is minus the first."""
    left = {
        argument: loss.latex_slope
        or rf"\frac{{\partial {symbol(loss)}}}{{\partial {loss.arguments[argument].symbol}{component(loss, argument)}}}"
        for argument in loss.grads
    }
    first, *_ = loss.grads
    for argument in loss.grads:
        tex = loss.latex_grad[argument]
        if short and opposite(tex, loss.latex_grad[first]):
            yield argument, f"{left[argument]} = -{left[first]}"
        else:
            yield argument, equation(left[argument], tex)


def opposite(tex: str, other: str) -> bool:
    """Whether two derivatives, of one term each, differ by a minus sign in front and by nothing else."""
    return len(terms(tex)) == len(terms(other)) == 1 and (tex == f"-{other}" or other == f"-{tex}")


def equations(loss: Loss, part: str | None = None, *, short: bool = False) -> list[tuple[str, str]]:
    """The (label, LaTeX) pairs that a directive prints: arguments with one and the same derivative share a line, and
    on a card (`short`) one that is minus the first says no more than that."""
    value = [] if part == "gradient" else [(f"formula-{loss.name}", value_equation(loss))]
    slopes: dict[str, str] = {}
    for argument, tex in gradient_equations(loss, short) if part != "value" else ():
        slopes.setdefault(tex, f"formula-{loss.name}-{argument}")
    return value + [(label, tex) for tex, label in slopes.items()]


def density_equations(loss: Loss) -> Iterator[str]:
    """The density that the loss comes from, and how the loss follows from it where it is not its negative logarithm."""
    if loss.density:
        yield f"p(y) = {loss.density.latex}"
        if loss.density.factor != "1":
            yield rf"{symbol(loss)} = -{loss.density.factor} \log p(y) + \text{{a constant}}"


def capital(text: str) -> str:
    """Text with a capital, except where it begins with a symbol: a capital ε looks like an E."""
    return (text[0].upper() if text[0].isascii() else text[0]) + text[1:]


def headline(loss: Loss) -> str:
    """The title with a capital."""
    return capital(loss.title)


def chapter_pages(env: BuildEnvironment) -> dict[str, str]:
    """The pages of the book by their last name, in the order of the contents."""
    return {Path(page).name: page for page in env.config.external_site_map}


def in_course_order(env: BuildEnvironment) -> list[Loss]:
    """The losses in the order of the contents, without those whose chapter is not there."""
    order = list(chapter_pages(env))
    here = [loss for loss in CATALOGUE.values() if loss.chapter in order]
    return sorted(here, key=lambda loss: order.index(loss.chapter))


class _FromRecords(SphinxDirective):
    def depends_on(self, loss: Loss) -> None:
        """Have the page read again when the loss's source changes."""
        self.env.note_dependency(str(Path(inspect.getfile(loss.value)).resolve()))

    def markdown(self, text: str) -> list[nodes.Node]:
        container = nodes.Element()
        lines = StringList(text.splitlines(), self.get_source_info()[0])
        self.state.nested_parse(lines, self.content_offset, container)
        return container.children


class Formula(_FromRecords):
    required_arguments = 1
    option_spec = {  # noqa: RUF012
        "part": lambda text: directives.choice(text, ("value", "gradient")),
        "narrow": directives.flag,
    }

    def run(self) -> list[nodes.Node]:
        loss = self.loss()
        box = nodes.container(classes=["formula"])
        box += self.numbered(loss, self.options.get("part"))
        box += self.mark(loss)
        return [box]

    def loss(self) -> Loss:
        """The loss that the directive names."""
        try:
            loss = find(self.arguments[0])
        except ValueError as problem:
            raise self.error(f"{self.name}: {problem}") from problem
        self.depends_on(loss)
        return loss

    def numbered(self, loss: Loss, part: str | None, *, short: bool = False) -> list[nodes.Node]:
        """Its equations; on the page of its own chapter they have labels."""
        at_home = Path(self.env.docname).name == loss.chapter
        found: list[nodes.Node] = []
        for label, tex in equations(loss, part, short=short):
            tex = narrow(tex) if "narrow" in self.options else tex
            name = f":label: {label}\n" if at_home else ""
            found += self.markdown(f"```{{math}}\n{name}{tex}\n```")
        return found

    def mark(self, loss: Loss) -> nodes.Node:
        page = self.env.app.builder.get_relative_uri(self.env.docname, CHECKS_PAGE)
        link = nodes.reference(
            "", "checked", refuri=f"{page}#checks-{loss.name.replace('_', '-')}", internal=True, classes=["checked"]
        )
        link["reftitle"] = f"How the formulas of {loss.name} are checked"
        return nodes.paragraph("", "", link, classes=["checked-mark"])


# ── What the tests do, read off their sources ────────────────────────────────────────────────────────────────────────


@cache
def oracles(source: str) -> dict[str, str]:
    """By name of the loss, the code of the tests that computes it a second time: its entry in the table `TORCH`.

    With the function that it names, if it names one of its module.
    """
    tree = ast.parse(source)
    functions = {node.name: node for node in tree.body if isinstance(node, ast.FunctionDef)}
    table = next(
        node.value
        for node in tree.body
        if isinstance(node, ast.AnnAssign) and ast.unparse(node.target) == "TORCH" and isinstance(node.value, ast.Dict)
    )
    found = {}
    for key, value in zip(table.keys, table.values, strict=True):
        named = dict.fromkeys(
            node.id for node in ast.walk(value) if isinstance(node, ast.Name) and node.id in functions
        )
        parts = [ast.get_source_segment(source, functions[name]) or "" for name in named]
        if not isinstance(value, ast.Name):
            margin = "\n" + " " * (key.col_offset if key else 0)
            parts.append((ast.get_source_segment(source, value) or "").replace(margin, "\n"))
        found[ast.literal_eval(key)] = "\n\n".join(parts)  # type: ignore[arg-type]
    return found


def library_calls(code: str) -> list[str]:
    """The functions of PyTorch that a piece of the oracles' code calls, by their full names."""
    aliases = {"F": "torch.nn.functional", "td": "torch.distributions", "torch": "torch"}
    chains = (re.match(r"(F|td|torch)\.([\w.]+)$", ast.unparse(node.func)) for node in _calls(code))
    return sorted({f"{aliases[match[1]]}.{match[2]}" for match in chains if match})


def _calls(code: str) -> Iterator[ast.Call]:
    yield from (node for node in ast.walk(ast.parse(code)) if isinstance(node, ast.Call))


def sentences(source: str) -> Iterator[str]:
    """The first sentence of the docstring of every function `check_…`, which the tests call for every loss."""
    for node in ast.parse(source).body:
        if isinstance(node, ast.FunctionDef) and node.name.startswith("check_"):
            text = " ".join((ast.get_docstring(node) or "").split("\n\n")[0].split())
            if not text:
                raise ValueError(f"{node.name} must say in its docstring what it checks")
            yield text


def checks(loss: Loss) -> str:
    """What the tests compare the formulas of one loss with, in Markdown."""
    slopes = ", ".join(f"`lossbook.{slope.__name__}`" for slope in loss.grads.values())
    oracle = oracles(ORACLES.read_text())[loss.name]
    calls = ", ".join(f"`{name}`" for name in library_calls(oracle))
    lines = [
        f"- Value: the printed formula, and `lossbook.{loss.name}`, against the code below"
        + (f", which calls {calls}." if calls else ", written with tensors alone."),
        f"- Gradient: the printed formula against {slopes}, and those against finite differences"
        " and PyTorch's automatic derivative of the code below.",
    ]
    if loss.density:
        factor = "" if loss.density.factor == "1" else f" times ${loss.density.factor}$"
        scipy = f", and of SciPy's `{loss.density.scipy}`" if loss.density.scipy else ""
        lines.append(f"- Density: the loss against the negative logarithm of the printed one{scipy}{factor}.")
    return "\n".join([*lines, "", "```python", oracle, "```"])


class FormulaTests(_FromRecords):
    def run(self) -> list[nodes.Node]:
        found = []
        for path in (PRINTED, FAMILY):
            self.env.note_dependency(str(path))
            found += sentences(path.read_text())
        return self.markdown("\n".join(f"- {text}" for text in found))


class FormulaChecks(_FromRecords):
    def run(self) -> list[nodes.Node]:
        self.env.note_dependency(str(ORACLES))
        found: list[nodes.Node] = []
        for loss in in_course_order(self.env):
            self.depends_on(loss)
            anchor = f"checks-{loss.name.replace('_', '-')}"
            title = nodes.rubric("", "", *self.inline(f"{headline(loss)}, `{loss.name}`"))
            title["ids"] = [anchor]
            found += [title, nodes.container("", *self.markdown(checks(loss)), classes=["oracle"])]
        return found

    def inline(self, text: str) -> list[nodes.Node]:
        (paragraph,) = self.markdown(text)
        return paragraph.children


def setup(app: Sphinx) -> dict[str, Any]:
    app.add_directive("formula", Formula)
    app.add_directive("formula-tests", FormulaTests)
    app.add_directive("formula-checks", FormulaChecks)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
