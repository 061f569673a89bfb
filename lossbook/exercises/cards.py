"""How results are shown: plain text in a terminal, a small card in a notebook."""

from __future__ import annotations

import html
import re
import textwrap
from collections.abc import Sequence
from dataclasses import dataclass

COLOURS = {"right": "#1a7f37", "wrong": "#b35900", "asked": "#0969da"}
COLOURS |= dict.fromkeys(("not attempted", "not read", "unknown"), "#6e7781")
INLINE = re.compile(r"`([^`]+)`|\$([^$]+)\$|\*\*([^*]+)\*\*|\*([^*]+)\*")


@dataclass
class Card:
    """A heading, sentences, rows of a name and a value, and perhaps code."""

    heading: str
    status: str
    messages: Sequence[str] = ()
    rows: Sequence[tuple[str, str]] = ()
    code: str = ""

    @property
    def text(self) -> str:
        lines = [textwrap.fill(message, 100, initial_indent="  ", subsequent_indent="  ") for message in self.messages]
        width = max((len(name) for name, _ in self.rows), default=0)
        lines += [f"  {name:<{width}}  {value}" for name, value in self.rows]
        return "\n".join([self.heading, *lines, *([textwrap.indent(self.code, "    ")] if self.code else [])])

    def __repr__(self) -> str:
        return self.text

    @property
    def html(self) -> str:
        rows = "".join(
            f'<tr><th scope="row" style="text-align:left;vertical-align:top;padding-right:1em">{inline(name)}</th>'
            f'<td style="text-align:left">{inline(value)}</td></tr>'
            for name, value in self.rows
        )
        return (
            f'<div style="border-left:4px solid {COLOURS[self.status]};padding:.2em .8em;margin:.4em 0">'
            f"<strong>{html.escape(self.heading)}</strong>"
            + "".join(f'<p style="margin:.3em 0">{inline(message)}</p>' for message in self.messages)
            + (f'<table style="margin:.3em 0">{rows}</table>' if rows else "")
            + (f"<pre>{html.escape(self.code)}</pre>" if self.code else "")
            + "</div>"
        )

    def _repr_html_(self) -> str:
        return self.html


def inline(text: str) -> str:
    """Inline MyST (code, maths, emphasis) as HTML; all else is escaped."""
    parts, last = [], 0
    for match in INLINE.finditer(text):
        code, maths, strong, emphasis = match.groups()
        parts.append(html.escape(text[last : match.start()]))
        parts.append(
            f"<code>{html.escape(code)}</code>"
            if code
            else rf"\({html.escape(maths)}\)"
            if maths
            else f"<strong>{html.escape(strong)}</strong>"
            if strong
            else f"<em>{html.escape(emphasis)}</em>"
        )
        last = match.end()
    return "".join([*parts, html.escape(text[last:])])
