"""The card of a loss, on one screen: what its record says, formulas first checked and then printed.

    ```{card} hinge             in the place of `{formula} hinge`: its equations have the same labels and the same mark
    :folded:                    name and, if short, formula only, until it is opened: for variants of a loss with a card
    ```

The facts beside the formulas come from `Loss.card`.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from docutils import nodes
from docutils.parsers.rst import directives
from formula import Formula, capital, equations, headline, value_equation
from question import html_element
from sphinx.application import Sphinx

from lossbook.core import Loss

MOST = 6  # rows of derivatives that a card shows unfolded
SHORT = 2  # rows of a formula that the summary of a folded card shows


def facts(loss: Loss) -> Iterator[tuple[str, str]]:
    """What stands around the formulas, in the order of reading: name of the fact, and what it is, in Markdown."""
    if loss.card is None:
        raise ValueError(f"the record of {loss.name} has no card")
    yield "What", f"{loss.card.what} {{cite:p}}`{loss.source}`"
    yield "Why", loss.card.why
    yield "Forward", ""
    yield "Backward", ""
    yield "Where", loss.where
    yield "Estimates", f"{capital(loss.estimates)}."
    yield "Strengths", "\n".join(f"- {claim}" for claim in loss.card.strengths)
    yield "Weaknesses", "\n".join(f"- {claim}" for claim in loss.card.weaknesses)
    yield "PyTorch", f"```python\n{loss.card.pytorch}\n```"


def as_markdown(loss: Loss, displays: dict[str, str]) -> str:
    """The card for a notebook; `displays` has its formulas as they are shown there."""
    parts = [f"**{headline(loss)}**" + (f" (also {', '.join(loss.synonyms)})" if loss.synonyms else "")]
    for name, text in facts(loss):
        text = displays.get(name, text)
        if text:
            parts.append(f"**{name}.**" + ("\n\n" if text.startswith(("$$", "- ", "```")) else " ") + text)
    return "\n\n".join(parts)


class Card(Formula):
    option_spec = {"folded": directives.flag}  # noqa: RUF012

    def run(self) -> list[nodes.Node]:
        loss = self.loss()
        try:
            told = list(facts(loss))
        except ValueError as problem:
            raise self.error(f"card: {problem}") from problem
        name, folded = loss.name.replace("_", "-"), "folded" in self.options
        formulas = {"Forward": self.numbered(loss, "value"), "Backward": self.numbered(loss, "gradient", short=True)}
        if sum(tex.count(r"\\") + 1 for _, tex in equations(loss, "gradient", short=True)) > MOST:
            names = ", ".join(f"${loss.arguments[argument].symbol}$" for argument in loss.grads)
            (paragraph,) = self.markdown(f"The derivatives with respect to {names}")
            summary = html_element("summary", *paragraph.children, paper="paragraph")
            formulas["Backward"] = [html_element("details", summary, *formulas["Backward"])]
        body = html_element("dl", class_="loss-card-facts")
        for fact, text in told:
            if content := formulas.get(fact) or (self.markdown(text) if text else []):
                term = html_element("dt", nodes.Text(fact), paper="paragraph")
                body += html_element("div", term, html_element("dd", *content), class_=f"loss-card-{fact.lower()}")
        head = [html_element("span", nodes.Text(headline(loss)), class_="loss-card-name")]
        if loss.synonyms:
            head.append(html_element("span", nodes.Text(f"also {', '.join(loss.synonyms)}"), class_="loss-card-also"))
        if folded:
            if (tex := value_equation(loss)).count(r"\\") < SHORT:
                (paragraph,) = self.markdown(f"${tex}$")
                head[1:] = [html_element("span", *paragraph.children, class_="loss-card-formula")]
            else:
                del head[1:]
            summary = html_element("summary", *head, paper="paragraph")
            return [html_element("details", summary, body, self.mark(loss), class_="loss-card", id=f"card-{name}")]
        title = html_element("p", *head, paper="paragraph", class_="loss-card-head")
        label = {"role": "group", "aria-label": headline(loss), "id": f"card-{name}"}
        return [html_element("div", title, self.mark(loss), body, class_="loss-card", **label)]


def setup(app: Sphinx) -> dict[str, Any]:
    app.setup_extension("sphinx_design")  # which has another directive of this name
    app.add_directive("card", Card, override=True)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
