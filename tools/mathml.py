"""TeX as MathML, set by Temml at build time; what browsers space worse than TeX is mended in the tree.

    mathml(r"\\frac12 e^2")              one formula
    typeset(html)                       every \\(…\\) and \\[…\\] of a piece of HTML

One Node process sets everything, and what it has set is remembered on disk.
"""

from __future__ import annotations

import atexit
import hashlib
import html
import json
import re
import subprocess
import sys
from functools import cache
from itertools import pairwise
from pathlib import Path
from xml.etree import ElementTree

NODE = Path(sys.prefix) / "bin" / "node"
TEMML = Path(sys.prefix) / "share" / "node_modules" / "temml" / "dist" / "temml.cjs"
SCRIPT = Path(__file__).with_name("set_math.cjs")
THIN, EDGE = "0.1667em", "0.1em"  # between factors; beside a fraction next to what has a space of its own
MEDIUM = "0.2222em"  # around + and −
LARGE = set("∑∏∫")
SIGNS = set("+−±")
OPENING = set("([{⟨")


class BadTeX(ValueError):
    """TeX that cannot be set, and what Temml says of it."""


def version() -> str:
    """It changes with Temml and with this file."""
    return hashlib.sha256(b"".join(path.read_bytes() for path in (TEMML, SCRIPT, Path(__file__)))).hexdigest()


class Memory:
    """What has been set, kept in a file. It forgets everything when Temml or this file changes."""

    def __init__(self, path: Path) -> None:
        self.path, self.changed = path, False
        self.version = version()
        found = json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}
        self.known: dict[str, str] = found.get("known", {}) if found.get("version") == self.version else {}

    def keep(self) -> None:
        if self.changed:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            self.path.write_text(json.dumps({"version": self.version, "known": self.known}), encoding="utf-8")
            self.changed = False


_memory: Memory | None = None


def remember(path: Path) -> Memory:
    """Keep what is set in a file; without this call it is kept as long as the process lives."""
    global _memory
    _memory = Memory(path)
    return _memory


def remembered() -> Memory:
    """Where what has been set is kept."""
    return _memory or remember(Path(sys.prefix) / "nothing.json")


@cache
def _process() -> subprocess.Popen[str]:
    process = subprocess.Popen(
        [str(NODE), str(SCRIPT), str(TEMML)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, encoding="utf-8"
    )
    atexit.register(process.terminate)
    return process


def mathml(tex: str, *, display: bool = False) -> str:
    """A formula as a `math` element that carries its TeX. Raises `BadTeX` with what Temml says."""
    memory = remembered()
    key = f"{'display' if display else 'inline'} {tex}"
    if key not in memory.known:
        process = _process()
        assert process.stdin and process.stdout
        process.stdin.write(json.dumps([tex, display]) + "\n")
        process.stdin.flush()
        answer = json.loads(process.stdout.readline())
        if "error" in answer:
            raise BadTeX(f"{answer['error']} in {tex}")
        memory.known[key] = mended(answer["mathml"])
        memory.changed = True
    return memory.known[key]


def typeset(text: str) -> str:
    r"""HTML with every \(…\) and \[…\] in it set."""

    def one(match: re.Match[str]) -> str:
        inline, display = match.groups()
        return mathml(html.unescape(inline or display), display=inline is None)

    return re.sub(r"\\\((.+?)\\\)|\\\[(.+?)\\\]", one, text, flags=re.DOTALL)


# ── Spacing as TeX has it ────────────────────────────────────────────────────────────────────────────────────────────

SCRIPTS = {"msub", "msup", "msubsup", "munder", "mover", "munderover"}


def mended(markup: str) -> str:
    """The tree with the spaces that Temml leaves out and without those that TeX does not set in scripts."""
    tree = ElementTree.fromstring(markup)
    for parent in list(tree.iter()):
        _wrap_names(parent)
        if parent.tag in SCRIPTS:
            for script in list(parent)[1:]:
                _tighten(script)
        if parent.tag in {"mrow", "math", "mtd", "msqrt", "mstyle", "semantics"}:
            _sign(parent)
            _space(parent)
        if parent.tag == "mtr":
            _go_on(parent)
    return ElementTree.tostring(tree, encoding="unicode", short_empty_elements=True)


def _tighten(script: ElementTree.Element) -> None:
    """TeX sets no space around the operators of a script: i=1, not i = 1."""
    for operator in script.iter("mo"):
        if operator.get("fence") != "true" and operator.get("separator") != "true":
            operator.set("lspace", "0")
            operator.set("rspace", "0")


def _go_on(row: ElementTree.Element) -> None:
    """A line of a display that goes on with + has a space on both sides of it, as after the end of the line before."""
    for before, cell in pairwise(list(row)):
        if "tml-right" not in before.get("class", ""):
            continue
        inside = list(cell[0] if len(cell) and cell[0].tag == "mrow" else cell)
        first = next((node for node in inside if node.tag != "mspace"), None)
        if first is not None and first.tag == "mo" and first.text in SIGNS and first is not inside[-1]:
            first.attrib.pop("stretchy", None)
            first.attrib.update(form="infix", lspace=MEDIUM, rspace=MEDIUM)


def _sign(row: ElementTree.Element) -> None:
    r"""A minus after a bracket is a sign, also after a bracket whose size the author has chosen (\bigl)."""
    for left, right in pairwise(list(row)):
        bracket = left.tag == "mo" and left.get("fence") == "true" and left.text in OPENING
        if bracket and right.tag == "mo" and right.text in SIGNS and right.get("form") is None:
            right.attrib.update(form="prefix", stretchy="false")


def _kind(node: ElementTree.Element) -> str:
    """What TeX calls the atom: "name" for log, "op" for a sum, "inner" for a fraction, "ord", or "" for all others.

    "fence" is what stands between brackets that grow, which TeX calls inner too.
    """
    if node.tag == "mfrac":
        return "inner"
    if node.tag == "mo" and node.text in LARGE:
        return "op"
    if node.tag == "mo":
        return "ord" if node.get("form") == "postfix" else ""
    if node.tag in {"mi", "mn", "msqrt", "mtext"}:
        return "" if node.text in {".", ",", ";"} else "ord"
    if node.tag in {"msub", "msup", "msubsup", "mover", "munder", "munderover"} and len(node):
        return _kind(node[0])
    if node.tag in {"mrow", "mstyle", "mpadded"} and len(node):
        if node.tag == "mrow" and _is_name(node):
            return "name"
        if all(
            end.get("fence") == "true" and end.get("stretchy") == "true" and end.text for end in (node[0], node[-1])
        ):
            return "fence"
        first = _kind(node[0])
        return first if len(node) == 1 else "ord" if first or node[0].get("form") == "prefix" else ""
    return ""


def _is_name(row: ElementTree.Element) -> bool:
    """A row such as log: a name, the invisible application, perhaps a space."""
    return len(row) >= 2 and row[0].tag == "mi" and row[1].tag == "mo" and row[1].text == "\u2061"


def _wrap_names(row: ElementTree.Element) -> None:
    """A name and its application in a row of their own: Firefox sets a space between them and a bracket otherwise."""
    if _is_name(row) and row.tag == "mrow":
        return
    for name, application in pairwise(list(row)):
        if name.tag == "mi" and application.tag == "mo" and application.text == "\u2061":
            place = list(row).index(name)
            row.remove(name)
            row.remove(application)
            whole = ElementTree.Element("mrow")
            whole.extend([name, application])
            row.insert(place, whole)


def _space(row: ElementTree.Element) -> None:
    """A thin space before the name of a function and beside a fraction, where a factor stands there.

    Firefox has spaces of its own beside fractions and after names: the classes tell its style which not to add to.
    """
    children = list(row)
    if len(children) > 1 and _kind(children[0]) == "op":
        next(children[0].iter("mo")).set("lspace", "0")
    for left, right in pairwise(children):
        before, after = _kind(left), _kind(right)
        minus = left.tag == "mo" and left.get("form") == "prefix" and left.get("fence") != "true"
        width = ""
        inner = {before, after} <= {"inner", "fence", "ord"} and {before, after} != {"ord"}
        if inner or (after == "name" and (before in ("ord", "inner", "fence") or minus)):
            width = THIN
        elif {before, after} == {"inner", "op"} or (left.text == "{" and right.tag == "mtable"):
            width = EDGE
        elif after == "op" and (
            left.tag == "mspace"
            or (before == "name" and left[-1].tag == "mspace")
            or (left.tag == "mo" and not minus)  # a relation, a sign between two, a bracket
        ):
            next(right.iter("mo")).set("lspace", "0")  # the space is there already
        if width:
            space = ElementTree.Element("mspace", {"width": width})
            if "inner" in (before, after) and "op" not in (before, after):
                space.set("class", "beside-fraction")
            row.insert(list(row).index(right), space)
        if left.tag == "mrow" and len(left) > 1 and left[-1].tag == "mspace" and left[-2].text == "\u2061":
            if after == "inner":
                left[-1].set("class", "beside-fraction")
            elif right.tag != "mover":  # before a hat Firefox has no space
                left[-1].set("class", "after-name")
