"""Reads what two SVG files draw, ours and Matplotlib's own, and says where they disagree.

A drawing is a list of shapes in drawing order: lines as vertices in points, texts as string and anchor, each with its
colours. Only what the eye would see counts, so both are compared without groups, ids and definitions.
"""

from __future__ import annotations

import io
import json
import re
from dataclasses import dataclass, field
from html import unescape
from typing import Any
from xml.etree import ElementTree

import matplotlib as mpl
import numpy as np
from matplotlib.figure import Figure

from lossbook.explorer import style

ROUNDING = 0.15  # points: half a unit in x and in y, at a marker's place and in its outline
SIMPLIFIED = 0.25  # points: what either of two simplified curves may leave out
NAMESPACE = "{http://www.w3.org/2000/svg}"
NUMBER = re.compile(r"[-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?")


@dataclass
class Drawn:
    """The shapes of a drawing: kind ("path" or a text), points, fill and stroke; and the sentence that goes with it."""

    shapes: list[tuple[str, np.ndarray, str, str]] = field(default_factory=list)
    readout: str = ""


def table(html: str) -> dict[str, Any]:
    """The table of every state that a page holds."""
    found = re.search(r'(?s)<script type="application/json" class="explorer-table">(.*?)</script>', html)
    assert found
    return json.loads(found[1])


def lookup(column: dict[str, Any], sizes: dict[str, int], state: dict[str, int]) -> str:
    """What a column of the table holds for a state: the format's definition, written a second time."""
    at = 0
    for name in column["on"]:
        at = at * sizes[name] + state[name]
    body = column["body"][at]
    return column["head"] + (column["body"][body] if isinstance(body, int) else body) + column["tail"]


def page_svg(html: str, state: dict[str, int]) -> Drawn:
    """What the page shows in a state, by its table."""
    picture = re.search(r'(?s)<div class="explorer-picture".*?>(<svg.*</svg>)</div>', html)
    assert picture
    tree = ElementTree.fromstring(f"<all>{picture[1]}</all>")
    readout = ""
    if "explorer-table" in html:
        data = table(html)
        sizes = {name: len(texts) for name, texts in data["texts"].items()}
        readout = lookup(data["readout"], sizes, state)
        prefix = re.search(r'id="([a-z0-9-]+::)defs"', html)[1]
        for key, column in data["artists"].items():
            for group in tree.iter("g"):
                if group.get("id") == prefix + key:
                    group[:] = ElementTree.fromstring(f"<g>{lookup(column, sizes, state)}</g>")[:]
    return Drawn(shapes(tree, 0.1), readout)


def saved_svg(figure: Figure) -> Drawn:
    """What Matplotlib's own SVG writer makes of a figure, with the same simplification of lines."""
    file = io.StringIO()
    with style(), mpl.rc_context({"svg.fonttype": "none", "path.simplify_threshold": 0.25}):
        figure.savefig(file, format="svg", metadata={"Date": None})
    text = file.getvalue().replace("xlink:href", "href")
    return Drawn(shapes(ElementTree.fromstring(text[text.index("<svg") :]), 1.0))


def shapes(tree: ElementTree.Element, scale: float) -> list[tuple[str, np.ndarray, str, str]]:
    """The visible shapes of a drawing, with `scale` points per unit."""
    for element in tree.iter():
        element.tag = element.tag.replace(NAMESPACE, "")
    targets = {element.get("id"): element for element in tree.iter() if element.get("id")}
    found: list[tuple[str, np.ndarray, str, str]] = []
    panels = [[float(number) for number in element.get("viewBox").split()] for element in tree.iter("svg")]
    canvas = np.array([max(left + width for left, _, width, _ in panels), panels[0][3]]) * scale

    def visit(element: ElementTree.Element, inherited: dict[str, str], shift: np.ndarray) -> None:
        look = {**inherited, **{k: v for k, v in element.attrib.items() if k in LOOKS}, **css(element.get("style", ""))}
        if element.get("class") == "math":
            return  # ours draws formulas as outlines, theirs as text in Matplotlib's fonts
        if element.tag in ("defs", "clipPath", "pattern", "metadata", "circle", "style", "title"):
            return
        if element.tag == "path":
            add(points(element.get("d", "")), look, shift)
        elif element.tag == "use":
            target = targets[element.get("href", "")[1:]]
            place = np.array([float(element.get("x", 0)), float(element.get("y", 0))])
            if target.tag == "path":
                add(points(target.get("d", "")), {**look, **css(target.get("style", ""))}, shift + place)
        elif element.tag == "text" and element.text and not list(element):
            turn = element.get("transform", "")
            at = [float(element.get("x", 0)), float(element.get("y", 0))]
            if element.get("x") is None:
                at = [float(number) for number in NUMBER.findall(turn)[:2]] if "translate" in turn else at
            found.append((element.text.strip(), np.array([at]) * scale, "", ""))
        elif element.tag == "image":
            found.append(("image", np.zeros((1, 2)), "", ""))
        for child in element:
            visit(child, look, shift)

    def add(line: np.ndarray, look: dict[str, str], shift: np.ndarray) -> None:
        fill, stroke = colour(look.get("fill", "none" if scale < 1 else "#000000")), colour(look.get("stroke", "none"))
        fill = "none" if look.get("fill-opacity") == "0" else fill
        stroke = "none" if look.get("stroke-opacity") == "0" else stroke
        line = (line + shift) * scale if len(line) else np.zeros((0, 2))
        outside = not len(line) or np.any(line.max(0) < 0) or np.any(line.min(0) > canvas)
        if not outside and look.get("opacity") != "0" and (fill, stroke) != ("none", "none"):
            found.append(("path", line, fill, stroke))

    visit(tree, {}, np.zeros(2))
    return found


LOOKS = {"fill", "stroke", "opacity", "fill-opacity", "stroke-opacity"}


def css(text: str) -> dict[str, str]:
    pairs = (part.split(":", 1) for part in text.split(";") if ":" in part)
    return {key.strip(): value.strip() for key, value in pairs if key.strip() in LOOKS}


def colour(text: str) -> str:
    """A CSS variable of the palette counts as its light colour; black counts as ink."""
    text = re.sub(r"var\(--lb-\w+,(#\w+)\)", r"\1", unescape(text))
    return "url" if text.startswith("url") else "#202124" if text == "#000000" else text


def points(line: str) -> np.ndarray:
    """The vertices of a path (of a curve its end points), from absolute or relative commands."""
    out: list[np.ndarray] = []
    here = start = np.zeros(2)
    for letter, text in re.findall(r"([MmLlQqCcHhVvZz])([^MmLlQqCcHhVvZz]*)", line):
        if letter in "Zz":
            here = start
            out.append(here)
            continue
        pairs = np.array([float(number) for number in NUMBER.findall(text)]).reshape(-1, 2)
        size = {"m": 1, "l": 1, "q": 2, "c": 3}[letter.lower()]
        for number, pair in enumerate(pairs[size - 1 :: size]):
            here = here + pair if letter.islower() else pair
            out.append(here)
            if letter in "Mm" and number == 0:
                start = here
    return np.array(out)


def disagreement(ours: Drawn, theirs: Drawn) -> str:
    """Where two drawings differ by more than the rounding; empty where they agree."""
    texts = [sorted(kind for kind, *_ in drawn.shapes if kind != "path") for drawn in (ours, theirs)]
    if texts[0] != texts[1]:
        return f"texts {sorted(set(texts[0]) ^ set(texts[1]))}"
    left = [shape for shape in theirs.shapes if shape[0] == "path"]
    mine = [shape for shape in ours.shapes if shape[0] == "path"]
    if len(left) != len(mine):
        return f"{len(mine)} paths against {len(left)}"
    boxes = [box(line) for _, line, *_ in left]
    for _, line, *look in mine:
        near = np.abs(np.array(boxes) - box(line)).max(axis=1) <= 1  # point: what is further away is another shape
        fits = [close and look == their_look for close, (_, _, *their_look) in zip(near, left, strict=True)]
        gaps = [apart(line, shape[1]) if fit else np.inf for fit, shape in zip(fits, left, strict=True)]
        best = int(np.argmin(gaps))
        simplified = len(line) > 5 or len(line) != len(left[best][1])
        if gaps[best] > ROUNDING + SIMPLIFIED * simplified:
            return f"a path {look} that starts at {line[0]} is off by {gaps[best]:.2f} points"
        del left[best], boxes[best]
    return ""


def box(line: np.ndarray) -> np.ndarray:
    return np.concatenate([line.min(0), line.max(0)])


def apart(a: np.ndarray, b: np.ndarray) -> float:
    """The distance of two polylines."""
    return max(distance(a, b), distance(b, a))


def distance(vertices: np.ndarray, line: np.ndarray) -> float:
    """How far the vertices stand from the polyline at most."""
    if len(line) == 1:
        return float(np.linalg.norm(vertices - line[0], axis=1).max())
    start, step = line[:-1], np.diff(line, axis=0)
    length = np.maximum((step**2).sum(axis=1), 1e-12)
    along = np.clip(((vertices[:, None, :] - start) * step).sum(axis=2) / length, 0, 1)
    gaps = np.linalg.norm(vertices[:, None, :] - start - along[..., None] * step, axis=2)
    return float(gaps.min(axis=1).max())
