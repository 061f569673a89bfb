"""The HTML of an explorer, the same for the page and for the notebook."""

from __future__ import annotations

import hashlib
import html
import json
import re
import unicodedata
from pathlib import Path
from typing import Any

from lossbook.explorer.controls import Choice, Control, Play, Slider
from lossbook.explorer.state import State

ASSETS = (Path(__file__).with_name("explorer.js"), Path(__file__).with_name("explorer.css"))
INLINE_LIMIT = 100_000  # bytes of a table: larger ones are loaded when the reader comes near

escape = html.escape


def figure(explorer: State, svg: str, table: dict[str, Any] | None = None, *, typeset: bool = False) -> str:
    """The figure with its controls, and the table of every state if a page is to play it alone.

    `typeset` says that somebody sets the mathematics of its texts, as the book's builder does.
    """
    data = script = ""
    if table is not None and explorer.controls:
        texts = {key: control.texts for key, control in explorer.controls.items()}
        data = json.dumps({"texts": texts, **table}, ensure_ascii=False, separators=(",", ":"))
        data = data.replace("</", "<\\/").replace("<!", "\\u003c!")
        script = f'<script type="application/json" class="explorer-table">{data}</script>'
    readout = explorer.readout
    output = (
        f'<output class="explorer-readout" aria-live="off">{escape(readout)}</output>'
        if readout or explorer.controls
        else ""
    )
    return (
        f'<figure class="explorer" data-explorer="{explorer.name}">{script}'
        f'<div class="explorer-stage">'
        f'<div class="explorer-picture" role="img" aria-label="{escape(explorer.alt)}">{svg}</div>'
        f"{controls(explorer)}</div>{output}{challenge(explorer, typeset=typeset)}"
        f"<figcaption>{caption(explorer.caption, typeset=typeset)}{travel(explorer) if script else ''}</figcaption>"
        "</figure>"
    )


def travel(explorer: State) -> str:
    """What takes a state elsewhere: a button, to which `externalise` adds the file."""
    name = explorer.name.replace("-", " ")
    return (
        f'<span class="explorer-travel"><button type="button" class="explorer-link" disabled '
        f'aria-label="Copy link to this state of {name}">Copy link</button><span role="status"></span></span>'
    )


def controls(explorer: State) -> str:
    """The native inputs, disabled until the player has taken them over."""
    if not explorer.controls:
        return ""
    parts = [control(key, one, one.index(key, explorer.state[key])) for key, one in explorer.controls.items()]
    name = explorer.name.replace("-", " ")  # a page has ten buttons called Reset
    reset = f'<button type="button" class="explorer-reset" aria-label="Reset {name}">Reset</button>'
    fields = f'<fieldset class="explorer-controls" aria-label="{name}" disabled>{"".join(parts)}{reset}</fieldset>'
    return fields + '<span class="explorer-spoken" role="status"></span>'


def challenge(explorer: State, *, typeset: bool) -> str:
    """The goal of an explorer, and the place where its player says that it is reached."""
    goal = getattr(explorer, "challenge", None)
    if goal is None:
        return ""
    return (
        f'<p class="explorer-challenge"><strong>Challenge.</strong> {caption(goal.goal, typeset=typeset)} '
        '<span class="explorer-met" role="status"></span></p>'
    )


def control(key: str, one: Control, index: int) -> str:
    """One labelled native input; its state is an index into the control's values."""
    label, attributes = escape(one.label), f'name="{key}" data-start="{one.start}" autocomplete="off"'
    if isinstance(one, Slider):
        text = f"{one.texts[index]} {one.unit}".strip()
        field = (
            f'<input type="range" {attributes} data-unit="{escape(one.unit)}" min="0" max="{len(one.values) - 1}" '
            f'value="{index}" aria-valuetext="{escape(text)}">'
        )
        after = f'<span class="explorer-value" aria-hidden="true">{escape(text)}</span>'
        if isinstance(one, Play):
            timing = f'data-plays="{key}" data-interval="{one.interval}"'
            after += f'<button type="button" class="explorer-play" {timing}>Play</button>'
    elif isinstance(one, Choice):
        options = "".join(
            f"<option{' selected' if number == index else ''}>{escape(text)}</option>"
            for number, text in enumerate(one.texts)
        )
        field, after = f"<select {attributes}>{options}</select>", ""
    else:
        field, after = f'<input type="checkbox" {attributes}{" checked" if index else ""}>', ""
    return f'<span class="explorer-control"><label><span>{label}</span> {field}</label>{after}</span>'


def caption(text: str, *, typeset: bool) -> str:
    """The caption as HTML: mathematics for the page's builder to set, or in plain letters in a notebook."""
    whole = ""
    for before, formula, after, between in re.findall(r"([(“]*)\$([^$]*)\$([^\s$]{0,12})|([^$(“]+|[(“])", text):
        if between:
            whole += escape(between, quote=False)
            continue
        tex = f'<span class="math notranslate nohighlight">\\({escape(formula, quote=False)}\\)</span>'
        drawn = escape(before) + (tex if typeset else plain(formula)) + escape(after, quote=False)
        whole += f'<span class="unbroken">{drawn}</span>' if before or after else drawn
    return whole


SYMBOLS = {
    "le": " ≤ ", "ge": " ≥ ", "ne": " ≠ ", "to": " → ", "approx": " ≈ ", "in": " ∈ ", "mid": " | ", "infty": "∞",
    "cdot": "·", "times": "×", "pm": "±", "sum": "∑", "int": "∫", "partial": "∂", "ell": "ℓ",
    "left": "", "right": "", "mathrm": "", "operatorname": "", "text": "", "mathbf": "",
}  # fmt: skip
ACCENTS = {"hat": "\u0302", "bar": "\u0304", "tilde": "\u0303"}


def plain(tex: str) -> str:
    """A short formula in letters: Greek, accents, sub- and superscripts. What it does not know it leaves readable."""

    def symbol(match: re.Match[str]) -> str:
        name = match[1]
        size = "CAPITAL" if name[0].isupper() else "SMALL"
        try:
            return unicodedata.lookup(
                f"GREEK {size} LETTER {name.removeprefix('var').upper().replace('LAMBDA', 'LAMDA')}"
            )
        except KeyError:
            return SYMBOLS.get(name, name)

    text = re.sub(r"\\(hat|bar|tilde)\s*\{?(\w)\}?", lambda match: match[2] + ACCENTS[match[1]], tex)
    text = re.sub(r"\\frac\{([^{}]*)\}\{([^{}]*)\}", r"\1/\2", text)
    text = re.sub(r"\\[,;:! |]", " ", re.sub(r"\\([A-Za-z]+)\s?", symbol, text))
    text = escape(re.sub(r" +", " ", text), quote=False)
    for mark, tag in (("_", "sub"), ("^", "sup")):
        text = re.sub(rf"\{mark}(?:\{{([^{{}}]*)\}}|(\S))", rf"<{tag}>\1\2</{tag}>", text)
    return f'<i class="explorer-math">{re.sub(r"[{}]", "", text)}</i>'


# An explorer alone. Nothing is loaded: looks, player and every state stand in the file, which forbids the rest.
ALONE = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy"
 content="default-src 'none'; img-src data:; style-src 'unsafe-inline'; script-src 'unsafe-inline'">
<title>{title}</title>
<style>
{css}
:root {{ color-scheme: light dark; }}
body {{
  max-width: 64rem; margin: 1.5rem auto; padding: 0 1rem; font: 1rem/1.5 system-ui, sans-serif;
  color: var(--lb-ink); background: var(--lb-background);
}}
.explorer-source {{ color: var(--lb-muted); font-size: 0.85em; }}
.explorer-source a {{ color: inherit; }}
</style>
</head>
<body>
<main>{figure}</main>
<p class="explorer-source">{source}</p>
<script>
{player}
</script>
</body>
</html>
"""


def alone(figure: str, title: str, source: str) -> str:
    """A whole page of one explorer, which needs no other file. `source` says in HTML where it comes from."""
    player, css = (path.read_text(encoding="utf-8") for path in ASSETS)
    return ALONE.format(title=escape(title), css=css, figure=figure, source=source, player=player)


FIGURE = re.compile(
    r'<figure class="explorer" data-explorer="(?P<name>[a-z0-9-]+)">'
    r'(?P<script><script type="application/json" class="explorer-table">(?P<data>.*?)</script>)?'
    r"(?P<rest>.*?)</figure>",
    re.DOTALL,
)
TRAVEL = re.compile(r'(<span class="explorer-travel">.*?)(</span>)(?=</figcaption>)', re.DOTALL)


def externalise(text: str, folder: Path, url_prefix: str, source: str = "") -> str:
    """Write each explorer of a page as a file of its own into `folder`, and its table as a script if it is large.

    The player loads such a table when its figure comes near. A script, not JSON: a page that was opened from a file may
    load scripts beside it, but fetch nothing. `source` says in HTML where the explorers come from.
    """
    prefix = url_prefix.rstrip("/")

    def move(match: re.Match[str]) -> str:
        name, data = match["name"], match["data"]
        if data is None:
            return match[0]
        folder.mkdir(parents=True, exist_ok=True)
        title = name.replace("-", " ").capitalize()
        (folder / f"{name}.html").write_text(alone(match[0], title, source), encoding="utf-8")
        link = f'<a href="{prefix}/{name}.html" download aria-label="Save {name.replace("-", " ")} as a file">Save</a>'
        rest = TRAVEL.sub(lambda found: f"{found[1]} {link}{found[2]}", match["rest"])
        start = f'<figure class="explorer" data-explorer="{name}"'
        if len(data.encode()) <= INLINE_LIMIT:
            return f"{start}>{match['script']}{rest}</figure>"
        key = f"{name}-{hashlib.sha256(data.encode()).hexdigest()[:10]}"
        (folder / f"{key}.js").write_text(f'lossbook_table("{key}", {data});\n', encoding="utf-8")
        return f'{start} data-table="{prefix}/{key}.js">{rest}</figure>'

    return FIGURE.sub(move, text)
