"""Prints the entries of `lossbook.conventions` about one topic, with the values that their expressions have right now.

```{conventions} divergences
```
"""

from __future__ import annotations

import warnings
from html import escape
from pathlib import Path
from typing import Any

import numpy as np
from docutils import nodes
from docutils.statemachine import StringList
from sphinx.application import Sphinx
from sphinx.util.docutils import SphinxDirective

import lossbook
import lossbook.conventions
from lossbook.analysis.fitting import fit_line
from lossbook.catalogue import CATALOGUE
from lossbook.conventions import CONVENTIONS, Convention, inputs


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


def names(seed: int = 0) -> dict[str, Any]:
    """What the expressions may name: the inputs, the public names of `lossbook`, and the libraries."""
    import torch
    from scipy import optimize, special, stats
    from scipy.spatial import distance as distance_functions
    from sklearn import linear_model, metrics, svm

    ours = {name: value for name, value in vars(lossbook).items() if callable(value)}
    libraries = {"optimize": optimize, "special": special, "stats": stats, "distance_functions": distance_functions}
    libraries |= {"linear_model": linear_model, "metrics": metrics, "svm": svm, "np": np, "torch": torch}
    libraries |= {"F": _Tensors(torch.nn.functional), "distributions": _Tensors(torch.distributions)}
    own = {"HUBER": CATALOGUE["huber"], "fit_line": fit_line, "cosine": cosine}
    return {**ours, **libraries, **own, **inputs(seed)}


def evaluate(expression: str, known: dict[str, Any]) -> Any:
    """The value of one expression, as a float64 number or array."""
    with np.errstate(all="ignore"), warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="reduction: 'mean' divides", category=UserWarning)  # what we show
        return np.asarray(eval(expression, dict(known)), dtype=np.float64)


def shown(value: Any) -> str:
    """A number with four digits, or a few of them."""
    numbers = [f"{number:.4g}".replace("-", "−").replace("inf", "∞") for number in np.ravel(value) + 0.0]
    return numbers[0] if np.ndim(value) == 0 else f"[{', '.join(numbers)}]"


def rows(convention: Convention, known: dict[str, Any]) -> list[tuple[str, str, str]]:
    """(who, expression, value) for each line of an entry."""
    theirs = evaluate(convention.restated or convention.call, known)
    found = [(convention.library, convention.call, shown(theirs))]
    found += [("the same here", convention.same, shown(evaluate(convention.same, known)))]
    if convention.trap:
        found += [("not", convention.trap, shown(evaluate(convention.trap, known)))]
    return found


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
        known = names()
        found: list[nodes.Node] = []
        for entry in entries:
            box = nodes.container(classes=["convention"])
            box += self.markdown(entry.claim)
            box += nodes.raw("", self.table(entry, known), format="html")
            found.append(box)
        return found

    def table(self, entry: Convention, known: dict[str, Any]) -> str:
        lines = []
        for who, expression, value in rows(entry, known):
            kind = {"the same here": "same", "not": "trap"}.get(who, "theirs")
            lines.append(
                f'<tr role="row" class="{kind}"><th role="rowheader" scope="row">{escape(who)}</th>'
                f'<td role="cell"><code>{escape(expression)}</code></td><td role="cell">{value}</td></tr>'
            )
        # The roles are those of the elements; said aloud because narrow screens get another layout.
        return f'<table role="table"><tbody role="rowgroup">{"".join(lines)}</tbody></table>'

    def markdown(self, text: str) -> list[nodes.Node]:
        container = nodes.Element()
        self.state.nested_parse(StringList([text], self.get_source_info()[0]), self.content_offset, container)
        return container.children


def setup(app: Sphinx) -> dict[str, Any]:
    app.add_directive("conventions", Conventions)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
