"""Prints the entries of `lossbook.conventions` about one topic, with the values that their expressions have right now.

```{conventions} divergences     the entries
```
```{convention-symptoms}         what readers come with, and the entries that explain it
```
```{convention-matrix}           loss × library
```
"""

from __future__ import annotations

import re
import warnings
from collections.abc import Mapping
from functools import cache
from html import escape
from pathlib import Path
from types import CodeType, MappingProxyType
from typing import Any

import numpy as np
from docutils import nodes
from docutils.statemachine import StringList
from formula import headline, in_course_order
from glance import library_names
from sphinx.application import Sphinx
from sphinx.util.docutils import SphinxDirective

import lossbook
import lossbook.conventions
from lossbook.analysis.fitting import fit_constant, fit_line
from lossbook.catalogue import CATALOGUE
from lossbook.conventions import CONVENTIONS, LIBRARIES, SYMPTOMS, Convention, inputs


def cosine(a: Any, b: Any) -> float:
    return float(a @ b / np.linalg.norm(a) / np.linalg.norm(b))


class _Tensors:
    """`torch.nn.functional` or `torch.distributions` that turns the arrays it is handed into tensors of float64."""

    def __init__(self, module: Any) -> None:
        self.module = module

    def __getattr__(self, name: str) -> Any:
        import torch

        def tensor(value: Any) -> Any:
            return torch.as_tensor(value) if isinstance(value, np.ndarray) else value

        def call(*arguments: Any, **keywords: Any) -> Any:
            given = {key: tensor(value) for key, value in keywords.items()}
            return getattr(self.module, name)(*map(tensor, arguments), **given)

        return call


def tube_level(sample: Any, epsilon: float) -> float:
    """The constant with the smallest ε-insensitive loss: the median of the ends of all tubes."""
    return float(np.median([sample - epsilon, sample + epsilon]))


def autograd(function: Any, at: Any) -> Any:
    """The gradient that PyTorch gives for a function of one tensor."""
    import torch

    leaf = torch.tensor(at, requires_grad=True)
    return torch.autograd.grad(function(leaf), leaf)[0].numpy()


@cache
def names(seed: int = 0) -> Mapping[str, Any]:
    """What the expressions may name: the inputs, the public names of `lossbook`, and the libraries."""
    import torch
    from scipy import optimize, special, stats
    from scipy.spatial import distance as distance_functions
    from sklearn import ensemble, linear_model, metrics, svm

    ours = {name: value for name, value in vars(lossbook).items() if callable(value)}
    libraries = {"optimize": optimize, "special": special, "stats": stats, "distance_functions": distance_functions}
    libraries |= {
        "ensemble": ensemble,
        "linear_model": linear_model,
        "metrics": metrics,
        "svm": svm,
        "np": np,
        "torch": torch,
    }
    libraries |= {"F": _Tensors(torch.nn.functional), "distributions": _Tensors(torch.distributions)}
    own = {"HUBER": CATALOGUE["huber"], "PINBALL": CATALOGUE["pinball"], "fit_line": fit_line, "cosine": cosine}
    own |= {"fit_constant": fit_constant, "tube_level": tube_level, "autograd": autograd}
    return MappingProxyType({**ours, **libraries, **own, **inputs(seed)})


@cache
def compiled(expression: str) -> CodeType:
    return compile(expression, "<convention>", "eval")


def evaluate(expression: str, known: Mapping[str, Any]) -> Any:
    """The value of one expression, as a float64 number or array."""
    with np.errstate(all="ignore"), warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)  # PyTorch warns of what we show: broadcasting, a mean that is none
        return np.asarray(eval(compiled(expression), dict(known)), dtype=np.float64)


def shown(value: Any) -> str:
    """A number with four digits, or a few of them."""
    numbers = [
        f"{number:.4g}".replace("-", "−").replace("inf", "∞").replace("nan", "NaN") for number in np.ravel(value) + 0.0
    ]
    return numbers[0] if np.ndim(value) == 0 else f"[{', '.join(numbers)}]"


def breakable(code: str) -> str:
    """Code as HTML whose long names break between their parts, and nowhere else, where the page is narrow."""
    return re.sub(r"(?<=[a-z])(?=[A-Z])|(?<=[_.(])(?=\w)", "<wbr>", escape(code))


def by_lossbook(expression: str) -> bool:
    """Whether a function of this package stands in the expression."""
    words = set(re.findall(r"\b[a-z]\w*(?=\()", re.sub(r"\w+\.\w+", "", expression)))
    return bool(words & {*(name for name in vars(lossbook) if not name.startswith("_")), "fit_line", "fit_constant"})


def rows(convention: Convention, known: Mapping[str, Any]) -> list[tuple[str, str, str, str]]:
    """(kind, who, expression, value) for each line of an entry."""
    theirs = evaluate(convention.restated or convention.call, known)
    who = "lossbook" if by_lossbook(convention.same) else "which is"
    found = [("theirs", convention.library, convention.call, shown(theirs))]
    found += [("same", who, convention.same, shown(evaluate(convention.same, known)))]
    if convention.trap:
        found += [("trap", "and not", convention.trap, shown(evaluate(convention.trap, known)))]
    if convention.exact:
        found += [("exact", "the loss itself", convention.exact, shown(evaluate(convention.exact, known)))]
    return found


def anchors() -> dict[Convention, str]:
    """An id for each entry, of the library and the function, with a number where there are several."""
    found: dict[Convention, str] = {}
    counts: dict[str, int] = {}
    for entry in CONVENTIONS:
        stem = f"{entry.library}-{entry.function}".lower().replace("_", "-")
        counts[stem] = counts.get(stem, 0) + 1
        found[entry] = stem if counts[stem] == 1 else f"{stem}-{counts[stem]}"
    return found


class Symptoms(SphinxDirective):
    """What readers come with, and the entries that explain it."""

    def run(self) -> list[nodes.Node]:
        at, lines = anchors(), []
        for key, sentence in SYMPTOMS.items():
            links = [
                f'<a href="#{at[entry]}">{entry.library} <code>{escape(entry.function)}</code></a>'
                for entry in CONVENTIONS
                if key in entry.symptoms
            ]
            lines.append(f"<dt>{escape(sentence)}</dt><dd>{', '.join(links)}</dd>")
        return [nodes.raw("", f'<dl class="symptoms">{"".join(lines)}</dl>', format="html")]


class Matrix(SphinxDirective):
    """Loss × library: what the records call it there, with links to the entries on that function."""

    def run(self) -> list[nodes.Node]:
        at = anchors()
        head = "".join(f'<th scope="col" role="columnheader">{library}</th>' for library in ("Loss", *LIBRARIES))
        lines = []
        for loss in in_course_order(self.env):
            names = library_names(loss)
            if len(names) < 2:
                continue
            cells = []
            for library in LIBRARIES:
                dotted, _, remark = names.get(library, "").partition(" ")
                function = dotted.rpartition(".")[2]
                text = f"<code>{breakable(function)}</code>" if function else ""
                text += f" {escape(remark)}" if remark else ""
                links = [
                    f'<a href="#{at[entry]}" aria-label="convention {number} of {function} in {library}">{number}</a>'
                    for number, entry in enumerate(
                        (e for e in CONVENTIONS if function and (e.library, e.function) == (library, function)), 1
                    )
                ]
                text += f' <span class="matrix-links">{" ".join(links)}</span>' if links else ""
                cells.append(f'<td role="cell" data-library="{library}">{text or "–"}</td>')
            title = f'<th scope="row" role="rowheader">{escape(headline(loss))}</th>'
            lines.append(f'<tr role="row">{title}{"".join(cells)}</tr>')
        table = (
            f'<table role="table"><thead role="rowgroup"><tr role="row">{head}</tr></thead>'
            f'<tbody role="rowgroup">{"".join(lines)}</tbody></table>'
        )
        return [nodes.raw("", f'<div class="convention-matrix">{table}</div>', format="html")]


class Conventions(SphinxDirective):
    required_arguments = 1

    def run(self) -> list[nodes.Node]:
        topic = self.arguments[0]
        entries = [convention for convention in CONVENTIONS if convention.topic == topic]
        if not entries:
            raise self.error(f"conventions: no entry is about {topic}")
        for module in (lossbook.conventions, *(loss.value for loss in CATALOGUE.values())):
            path = module.__file__ if hasattr(module, "__file__") else module.__code__.co_filename
            self.env.note_dependency(str(Path(path).resolve()))
        known, at = names(), anchors()
        found: list[nodes.Node] = []
        for entry in entries:
            box = nodes.container(classes=["convention"], ids=[at[entry]])
            box += self.markdown(entry.claim)
            box += nodes.raw("", self.table(entry, known), format="html")
            found.append(box)
        return found

    def table(self, entry: Convention, known: Mapping[str, Any]) -> str:
        lines = []
        for kind, who, expression, value in rows(entry, known):
            lines.append(
                f'<tr role="row" class="{kind}"><th role="rowheader" scope="row">{escape(who)}</th>'
                f'<td role="cell"><code>{breakable(expression)}</code></td><td role="cell">{value}</td></tr>'
            )
        # The roles are those of the elements; said aloud because narrow screens get another layout.
        return f'<table role="table"><tbody role="rowgroup">{"".join(lines)}</tbody></table>'

    def markdown(self, text: str) -> list[nodes.Node]:
        container = nodes.Element()
        self.state.nested_parse(StringList([text], self.get_source_info()[0]), self.content_offset, container)
        return container.children


def setup(app: Sphinx) -> dict[str, Any]:
    app.add_directive("conventions", Conventions)
    app.add_directive("convention-symptoms", Symptoms)
    app.add_directive("convention-matrix", Matrix)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
