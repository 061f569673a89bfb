"""Changes the package in one place at a time and sees whether the tests notice: `make mutate COUNT=225 SEED=0`.

A change that no test notices is a sentence of the code that nothing holds. Each is made in a scratch copy; the tests
that concern its file run until the first failure. Survivors are printed, and the share of changes that were noticed.
Those of `EQUIVALENT`, each in one function, change nothing that anybody can observe and say why.
"""

from __future__ import annotations

import argparse
import ast
import os
import random
import re
import shutil
import signal
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from fnmatch import fnmatch
from pathlib import Path

ROOT = Path(__file__).parents[1]
LIMIT = 600  # seconds for the tests of one change; a change that makes them hang is noticed

# What is changed, and the tests that concern it, the quickest first. Figures and chapters' exercises are left out: most
# numbers in them are a matter of taste.
TESTS: dict[str, list[str]] = {
    "lossbook/core.py": ["core", "cards", "records", "regression", "classification", "likelihood", "every_loss"],
    "lossbook/numerics.py": [
        "numerics",
        "information",
        "likelihood",
        "likelihood_more",
        "classification",
        "contrastive",
    ],
    "lossbook/catalogue.py": ["core"],
    "lossbook/conventions.py": ["conventions"],
    "lossbook/losses/regression.py": ["regression"],
    "lossbook/losses/robust.py": ["regression"],
    "lossbook/losses/likelihood_*.py": ["likelihood", "likelihood_more"],
    "lossbook/losses/scores.py": ["classification"],
    "lossbook/losses/classification.py": ["classification"],
    "lossbook/losses/margins.py": ["margins"],
    "lossbook/losses/focal.py": ["focal"],
    "lossbook/losses/scoring.py": ["scoring"],
    "lossbook/losses/ranking.py": ["ranking"],
    "lossbook/losses/preference.py": ["preferences"],
    "lossbook/losses/_rows.py": ["classification", "focal", "ranking"],
    "lossbook/losses/variational.py": ["generative"],
    "lossbook/losses/adversarial.py": ["generative"],
    "lossbook/losses/transport.py": ["generative"],
    "lossbook/losses/denoising.py": ["generative"],
    "lossbook/losses/style.py": ["style_losses"],
    "lossbook/losses/sequences.py": ["sequences"],
    "lossbook/losses/ctc.py": ["ctc"],
    "lossbook/losses/overlap.py": ["overlap"],
    "lossbook/losses/lovasz.py": ["overlap"],
    "lossbook/losses/outline.py": ["overlap"],
    "lossbook/losses/_masks.py": ["overlap"],
    "lossbook/losses/anchors.py": ["boxes"],
    "lossbook/losses/boxes.py": ["boxes"],
    "lossbook/losses/_anchors.py": ["detectors"],
    "lossbook/losses/detectors.py": ["detectors"],
    "lossbook/losses/yolo.py": ["detectors"],
    "lossbook/losses/contrastive_*.py": ["contrastive"],
    "lossbook/losses/_embeddings.py": ["contrastive"],
    "lossbook/losses/_components.py": ["generative"],
    "lossbook/losses/__init__.py": ["core"],
    "lossbook/losses/information*.py": ["information"],
    "lossbook/analysis/fitting.py": ["fitting"],
    "lossbook/analysis/residual_curve.py": ["fitting", "loss_profile"],
    "lossbook/analysis/[!_]*.py": [],  # the tests that import it
    "lossbook/exercises/sandbox.py": ["exercises"],
    "lossbook/exercises/[!_]*.py": ["exercises", "page_answers", "every_exercise", "extension", "worksheet"],
    "lossbook/explorer/*.py": ["explorer", "extension", "every_explorer"],
}
SITE = {
    "extension",
    "front",
    "glance",
    "plan",
    "shared",
    "which_loss",
}  # these build pages: of no use to a figure's sums
ENGINE = {"cards", "found", "kinds", "reading", "sandbox", "session", "trial"}  # of exercises/: the rest are chapters'

EQUIVALENT: dict[tuple[str, str], str] = {
    (
        "lossbook/analysis/carrying.py",
        "critic: y[:, np.newaxis] <= middles  →  ((y[:, np.newaxis]) < (middles))",
    ): "a middle lies between two neighbouring places",
    (
        "lossbook/analysis/carrying.py",
        "critic: x[:, np.newaxis] <= middles  →  ((x[:, np.newaxis]) < (middles))",
    ): "a middle lies between two neighbouring places",
    ("lossbook/analysis/yolo_cell.py", "same_error: 0.5  →  (0.75)"): "the size term does not contain where the box is",
    ("lossbook/analysis/tumours.py", "map_fit: 1000  →  (500)"): "a bound on iterations that the fit never reaches",
    (
        "lossbook/analysis/two_humps.py",
        "dips: 0.8  →  (1.2000000000000002)",
    ): "a threshold between scales that lie far apart",
    ("lossbook/analysis/pin.py", "best_pairs: 999  →  (499)"): "a coarser grid tells the same valley",
    ("lossbook/analysis/pin.py", "best_pairs: 1e-12  →  (1e-08)"): "the tolerance of a search",
    ("lossbook/analysis/irises.py", "petal_model: 3000  →  (1500)"): "a bound on iterations that the fit never reaches",
    ("lossbook/analysis/two_humps.py", "reverse_jump: 1e-4  →  (0.00015000000000000001)"): "the tolerance of a search",
    (
        "lossbook/analysis/tumours.py",
        "misjudged: data.test_x @ weights + intercept > 0  →  ((data.test_x @ weights + intercept) >= (0))",
    ): "no tumour lies exactly on the plane",
    ("lossbook/analysis/fitting.py", "_pieces: 1e-3  →  (0.0015)"): "where a piece of the slope is told from the next",
    (
        "lossbook/analysis/residual_curve.py",
        '_unreduced: "reduction" in _keywords(loss)  →  (("reduction") not in (_keywords(loss)))',
    ): "each residual is then asked by itself",
    (
        "lossbook/analysis/residual_curve.py",
        "_from_callable: -0.25  →  ((0.25))",
    ): "it is tried at any numbers, of both signs as before",
    ("lossbook/analysis/specks.py", "quality: 1  →  (2)"): "any negative number asks for what is left",
    (
        "lossbook/analysis/optimism.py",
        "series: np.random.default_rng(number).random(THROWS.size) < POINT_UP"
        "  →  ((np.random.default_rng(number).random(THROWS.size)) <= (POINT_UP))",
    ): "no drawn number is exactly that",
    ("lossbook/analysis/fitting.py", "_lowest: 1e8  →  (150000000.0)"): "far is where a loss falls without end",
    ("lossbook/analysis/tumours.py", "Tumours: True  →  (False)"): "nobody assigns",
    (
        "lossbook/analysis/specks.py",
        "specks: np.minimum(down, right) <= 0.7  →  ((np.minimum(down, right)) < (0.7))",
    ): "no distance is exactly 0.7",
    (
        "lossbook/analysis/fitting.py",
        "_descended: at - start  →  ((at) + (start))",
    ): "far is where a loss falls without end, from either side",
    (
        "lossbook/analysis/scoring_rules.py",
        "best_forecast: costs <= costs.min() + 1e-12  →  ((costs) < (costs.min() + 1e-12))",
    ): "what lies on the rounding's edge is one place or the other",
    (
        "lossbook/analysis/residual_curve.py",
        '_unreduced: "reduction" in _keywords(loss) and "reduction" not in parameters'
        '  →  (("reduction" in _keywords(loss)) or ("reduction" not in parameters))',
    ): "where the keyword is not taken, the loss itself is tried next",
    (
        "lossbook/analysis/texture.py",
        "_spectrum: size // 2  →  ((size) / (2))",
    ): "half of an odd size is rounded down by the roll, too",
    (
        "lossbook/analysis/shape_pictures.py",
        "anchors: SIZE // STRIDE  →  ((SIZE) / (STRIDE))",
    ): "the size is a multiple of the stride",
    ("lossbook/analysis/anchor_grid.py", "centres: -1  →  ((1))"): "the arrays have one axis",
    ("lossbook/analysis/margins.py", "best_score: 60.0  →  (90.0)"): "no best score of a loss here lies so far out",
    (
        "lossbook/analysis/scoring_rules.py",
        "best_forecast: at - 1  →  ((1))",
    ): "a wider bracket of a convex cost holds the same minimum",
    ("lossbook/analysis/texture.py", "_spectrum: -2  →  ((2))"): "filters have four axes",
    ("lossbook/analysis/coins.py", "settled: 0  →  (1)"): "the first stop is 5",
    ("lossbook/analysis/two_humps.py", "dips: 0.5  →  (0.75)"): "where the search starts",
    (
        "lossbook/analysis/fitting.py",
        "_zoom: 1  →  (2)",
    ): "one constant is not split, two are or are not: the same sums",
    (
        "lossbook/losses/likelihood_bounded.py",
        "_beta_slopes: np.abs(x) <= 0.5  →  ((np.abs(x)) < (0.5))",
    ): "both ways agree there",
    ("lossbook/losses/information_densities.py", "kl_density: 1  →  (2)"): "both ways agree from 1 to 2",
    (
        "lossbook/analysis/scoring_rules.py",
        "best_forecast: 3  →  (4)",
    ): "no loss here has just four best places on the grid",
    (
        "lossbook/analysis/shape_pictures.py",
        "_drawn: x > box[0]  →  ((x) >= (box[0]))",
    ): "centres of pixels are no whole numbers",
    ("lossbook/analysis/training_runs.py", "weights_in_the_mean: -1  →  ((1))"): "scores have two axes",
    (
        "lossbook/losses/yolo.py",
        "_cells: np.square((b - every) / scale).sum(axis=-1)  →  (np.square((b - every) / scale).mean(axis=-1))",
    ): "the nearest is the nearest either way",
    ("lossbook/analysis/yolo_cell.py", "cell: -1  →  ((1))"): "one cell, two axes",
    (
        "lossbook/analysis/critics.py",
        "crowds: -1.5 + 0.4 * rng.normal(size=COUNT)  →  ((-1.5) - (0.4 * rng.normal(size=COUNT)))",
    ): "a normal that is mirrored is as normal",
    ("lossbook/analysis/scoring_rules.py", "focal_score: 0 * ones  →  ((0) / (ones))"): "0 over 1 is 0",
    (
        "lossbook/analysis/outliers.py",
        "share_below: y < line(x) - 1e-9 * np.ptp(y)  →  ((y) <= (line(x) - 1e-9 * np.ptp(y)))",
    ): "no point lies so near",
    (
        "lossbook/explorer/pen.py",
        "polyline: len(codes) - (len(codes) > 0 and codes[-1] == Path.STOP)  →  ((len(codes)))",
    ): "`curves` writes a line that ends in a stop the same way",
    (
        "lossbook/analysis/residual_curve.py",
        "implied_density: 32  →  (33)",
    ): "one node more changes no digit that is shown",
    (
        "lossbook/analysis/residual_curve.py",
        "_torch_reader: losses.ndim == 0 and leaf.numel() > 1  →  ((losses.ndim == 0))",
    ): "of a single number, the stack of one loss is that loss",
    (
        "lossbook/analysis/fitting.py",
        "_descended: slope(there) @ way < 0.9 * steepness  →  ((slope(there) @ way) <= (0.9 * steepness))",
    ): "two computed slopes do not agree to the last digit",
    ("lossbook/analysis/coins.py", "STOPS: 5  →  (6)"): "where the slider stops is as good after any number of flips",
    (
        "lossbook/analysis/fitting.py",
        "_zoom: sample.mean()  →  (sample.sum())",
    ): "where the kinks are not tried, values show the lowest place to a hundred-millionth only",
    (
        "lossbook/analysis/fitting.py",
        "fit_constant: (high - low) / 2  →  ((high - low))",
    ): "the slope finds the same place in an interval twice as wide",
    ("lossbook/analysis/fitting.py", "_where_slope_vanishes: 8  →  (9)"): "both are the rounding of a sum",
    (
        "lossbook/analysis/fitting.py",
        "_lowest_corner: lower < height  →  ((lower) <= (height))",
    ): "a corner that is as low is as good",
    (
        "lossbook/analysis/residual_curve.py",
        "_from_callable: -1.5  →  ((1.5))",
    ): "it is tried at any numbers, of both signs as before",
    (
        "lossbook/analysis/rides.py",
        "largest_gap: np.abs(true_at - steps[:-1])  →  (np.asarray(true_at - steps[:-1]))",
    ): "where it is negative, the distance to the step after is larger",
    (
        "lossbook/analysis/fitting.py",
        "_lowest_corner: 20  →  (21)",
    ): "the corners are tried from the steepest edge on, however many",
    (
        "lossbook/analysis/fitting.py",
        "_descended: here + 1e-4 * step * steepness  →  ((here))",
    ): "a step that only just falls ends at the same place",
    ("lossbook/explorer/live.py", "tokens: bool | int  →  ((int))"): "a bool is an int",
    (
        "lossbook/analysis/two_humps.py",
        "humps_from_normal: centre - mean  →  ((centre) + (mean))",
    ): "the humps' mean is 0",
    ("lossbook/explorer/pen.py", "polyline: end < 1  →  ((end) <= (1))"): "`curves` writes a single point the same way",
    (
        "lossbook/losses/scoring.py",
        "generalised_cross_entropy_grad: own > 1e-300  →  ((own) >= (1e-300))",
    ): "where they differ, both ways to the power give the same digits",
    ("lossbook/analysis/two_humps.py", "normal_from_humps: 9  →  (10)"): "a normal has 1e-19 of its mass beyond 9 σ",
    ("lossbook/losses/_embeddings.py", "in_range: 1e280  →  (1.5e+280)"): "either is far inside the range of squares",
    (
        "lossbook/losses/information_densities.py",
        "_integral: len(report) == 1 or error <= 1e-7 * max(1.0, abs(value))"
        "  →  ((error <= 1e-7 * max(1.0, abs(value))))",
    ): "without a report QUADPACK has reached an error of 1e-11, which the bound allows",
}


@dataclass(frozen=True)
class Change:
    path: str
    line: int
    start: int  # in bytes of the file
    end: int
    text: str
    owner: str  # the function or record it stands in

    def __str__(self) -> str:
        return f"{self.path}:{self.line} {self.owner}"


# ── What can be changed ──────────────────────────────────────────────────────────────────────────────────────────────

SWAPPED: dict[type, str] = {
    ast.Add: "-",
    ast.Sub: "+",
    ast.Mult: "/",
    ast.Div: "*",
    ast.Pow: "*",
    ast.FloorDiv: "/",
    ast.Mod: "*",
    ast.BitAnd: "|",
    ast.BitOr: "&",
    ast.Lt: "<=",
    ast.LtE: "<",
    ast.Gt: ">=",
    ast.GtE: ">",
    ast.Eq: "!=",
    ast.NotEq: "==",
    ast.Is: "is not",
    ast.IsNot: "is",
    ast.In: "not in",
    ast.NotIn: "in",
    ast.And: "or",
    ast.Or: "and",
}
SIBLINGS = {
    "maximum": "minimum", "max": "min", "any": "all", "sum": "mean", "log1p": "log", "expm1": "exp", "floor": "ceil",
    "sin": "cos", "argmin": "argmax", "sort": "asarray", "square": "abs", "abs": "asarray", "sign": "asarray",
}  # fmt: skip
SIBLINGS |= {new: old for old, new in SIBLINGS.items() if old not in ("square", "abs", "sign", "sort")}
RECORDS = {"Loss", "Density", "Parameter", "Argument"}
WORDS: dict[str, list[str]] = {}  # what the records say, by keyword: another's word is the likeliest wrong one


def replacements(node: ast.AST, source: str) -> Iterator[str]:
    """Every changed spelling of one node."""

    def text(part: ast.AST) -> str:
        return f"({ast.get_source_segment(source, part)})"

    match node:
        case ast.BinOp(left, operation, right) if type(operation) in SWAPPED:
            yield f"{text(left)} {SWAPPED[type(operation)]} {text(right)}"
            yield text(left)
            yield text(right)
        case ast.Compare(left, [operation], [right]):
            yield f"{text(left)} {SWAPPED[type(operation)]} {text(right)}"
        case ast.BoolOp(operation, values):
            yield f" {SWAPPED[type(operation)]} ".join(map(text, values))
            for i in range(len(values)):
                kept = [text(value) for j, value in enumerate(values) if j != i]
                yield (" and " if isinstance(operation, ast.And) else " or ").join(kept)
        case ast.UnaryOp(ast.USub() | ast.Not(), operand):
            yield text(operand)
        case ast.Constant(bool() as value):
            yield str(not value)
        case ast.Constant(int() as value):  # one more of few, half of many
            yield repr(value + 1 if value < 50 else value // 2)
        case ast.Constant(float() as value):  # what is tiny is a tolerance: a much coarser one
            yield repr(value * (1e4 if 0 < value < 1e-4 else 1.5) or 1.0)
        case ast.IfExp(test, body, other):
            yield f"{text(other)} if {text(test)} else {text(body)}"
        case ast.Call(ast.Attribute(_, name) as function) if name in SIBLINGS:
            whole, old = ast.get_source_segment(source, node) or "", ast.get_source_segment(source, function) or ""
            yield f"{old.removesuffix(name)}{SIBLINGS[name]}{whole.removeprefix(old)}"


def of_a_record(node: ast.Call) -> Iterator[tuple[ast.Constant, str]]:
    """The words of a record, each with what it is about."""
    name = node.func.id if isinstance(node.func, ast.Name) else ""
    if name in RECORDS:
        pairs = [(str(i), value) for i, value in enumerate(node.args)]
        pairs += [(keyword.arg or "", keyword.value) for keyword in node.keywords]
        for about, value in pairs:
            inner = (
                value.values if isinstance(value, ast.Dict) else value.elts if isinstance(value, ast.Tuple) else [value]
            )
            for one in inner:
                if isinstance(one, ast.Constant) and isinstance(one.value, str):
                    yield one, f"{name}.{about}"


def changes(path: str, source: str) -> Iterator[Change]:
    tree = ast.parse(source)
    offsets = [0]
    for line in source.encode().splitlines(keepends=True):
        offsets.append(offsets[-1] + len(line))
    never: set[int] = set()  # annotations, docstrings' and messages' insides
    for node in ast.walk(tree):
        unwanted: list[ast.AST | None] = []
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            unwanted = [node.returns, *(a.annotation for a in [*node.args.args, *node.args.kwonlyargs])]
        elif isinstance(node, ast.AnnAssign):
            unwanted = [node.annotation]
        exported = isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "__all__"
        strict = (
            isinstance(node, ast.keyword) and node.arg == "strict"
        )  # of zip: an assertion, which no right code trips
        if exported or strict or isinstance(node, ast.Raise | ast.JoinedStr):
            unwanted = [node]
        never |= {id(inner) for part in unwanted if part for inner in ast.walk(part)}

    def change(node: ast.AST, text: str, owner: str) -> Change:
        start = offsets[node.lineno - 1] + node.col_offset  # type: ignore[attr-defined]
        end = offsets[node.end_lineno - 1] + node.end_col_offset  # type: ignore[attr-defined]
        return Change(path, node.lineno, start, end, text, owner)  # type: ignore[attr-defined]

    for top in tree.body:
        owner = getattr(top, "name", "") or (ast.unparse(top.targets[0]) if isinstance(top, ast.Assign) else "")
        for node in ast.walk(top):
            if id(node) in never:
                continue
            for text in replacements(node, source):
                yield change(node, f"({text})" if isinstance(node, ast.expr) else text, owner)
            if isinstance(node, ast.If):
                yield change(node.test, f"not ({ast.get_source_segment(source, node.test)})", owner)
            if isinstance(node, ast.Call):
                for keyword in node.keywords:
                    if keyword.arg in ("axis", "keepdims", "key", "reverse", "default"):
                        yield change(keyword, "", owner)
                for word, about in of_a_record(node):
                    for text in mangled(word.value, about):
                        yield change(word, repr(text), owner)


def mangled(word: str, about: str) -> Iterator[str]:
    """Another record's word for the same; of LaTeX, which other tests flip sign by sign, one sign."""
    if "\\" in word or about.endswith((".latex", ".latex_grad", "Density.1")):
        if "-" in word:
            yield word.replace("-", "+", 1)
        return
    others = sorted(set(WORDS.get(about, ())) - {word})
    if others and word:
        yield others[len(word) % len(others)]


def every_change(root: Path, patterns: list[str]) -> list[Change]:
    sources = {
        path.relative_to(root).as_posix(): path.read_text() for path in sorted((root / "lossbook").rglob("*.py"))
    }
    chosen = {
        path: text
        for path, text in sources.items()
        if any(fnmatch(path, pattern) for pattern in patterns)
        and ("exercises/" not in path or Path(path).stem in ENGINE)
    }
    for text in sources.values():
        for node in ast.walk(ast.parse(text)):
            if isinstance(node, ast.Call):
                for word, about in of_a_record(node):
                    WORDS.setdefault(about, []).append(word.value)
    found = [change for path, text in chosen.items() for change in changes(path, text)]
    return sorted(dict.fromkeys(found), key=lambda change: (change.path, change.start, change.text))


# ── Whether the tests notice ─────────────────────────────────────────────────────────────────────────────────────────


def runs(change: Change) -> list[list[str]]:
    """The arguments of pytest, one list a run; a file a run, so that nothing is collected after the first failure."""
    names = next(names for pattern, names in TESTS.items() if fnmatch(change.path, pattern))
    own = [[change.path], *([f"tests/test_{name}.py"] for name in names or importers(Path(change.path)))]
    if "/exercises/" in change.path and "sandbox" not in change.path:
        own = [[*run, "-k", "not memory and not process and not ended and not spawned"] for run in own]
    if "/analysis/" in change.path:  # what `make test` leaves out comes last: other seeds, runs against each other
        own += [[*run, "-m", "slow"] for run in own[1:]]
    if "/losses/" not in change.path:
        return own
    family = ["tests/test_every_loss.py", "tests/test_printed_formulas.py"]
    return [*own, ["tests/test_records.py"], [*family, "-k", selection(change)]]


def importers(module: Path) -> list[str]:
    """The tests that name a module of its package or what uses it: the nearest first, then the shortest."""
    tests = {path: path.read_text() for path in (ROOT / "tests").glob("test_*.py")}
    users = {
        path: path.read_text() for room in ("analysis", "figures") for path in (ROOT / "lossbook" / room).glob("*.py")
    }
    chosen: list[Path] = []
    layer, seen = {module}, {module}
    while layer:
        naming = re.compile("|".join(_naming(one) for one in sorted(layer)))
        near = [path for path, text in tests.items() if path not in chosen and naming.search(text)]
        chosen += sorted(near, key=lambda path: path.stat().st_size)
        layer = {path.relative_to(ROOT) for path, text in users.items() if naming.search(text)} - seen
        seen |= layer
    names = [path.stem.removeprefix("test_") for path in chosen]
    return [name for name in names if name not in SITE]


def _naming(module: Path) -> str:
    package = ".".join(module.parent.parts)
    return rf"{package}\.{module.stem}\b|from {package} import (?:\([^)]*|.*)\b{module.stem}\b"


def selection(change: Change) -> str:
    """The losses whose functions and record the change can touch: its own, or for a helper those of its file."""
    names = [
        node.name for node in ast.parse((ROOT / change.path).read_text()).body if isinstance(node, ast.FunctionDef)
    ]
    losses = [name for name in names if f"{name}_grad" in names]
    own = [name for name in losses if change.owner.lower() == name or change.owner.startswith(f"{name}_grad")]
    return " or ".join(own or losses or ["a"])


def noticed(tree: Path, change: Change | None, arguments: list[list[str]]) -> str:
    """How the tests end in a child of this process, which has imported the slow libraries already: "" if all pass."""
    child = os.fork()
    if child == 0:
        os.setsid()
        os.chdir(tree)
        os.environ["PYTHONPATH"] = str(tree)  # for the processes that tests start
        null = os.open(os.devnull, os.O_RDWR)
        for stream in (0, 1, 2) if change else (0,):
            os.dup2(null, stream)
        sys.path[:] = [str(tree), str(tree / "tests"), *(p for p in sys.path if Path(p or ".").resolve() != ROOT)]
        import pytest

        for given in arguments:
            code = pytest.main(
                [
                    "-x",
                    "-q",
                    "-p",
                    "no:cacheprovider",
                    "-p",
                    "no:xdist",
                    f"--tb={'no' if change else 'short'}",
                    *(() if "-m" in given else ("-m", "not slow")),
                    *given,
                ]
            )
            if code not in (0, 5):
                os._exit(1)
        os._exit(0)
    end = time.monotonic() + LIMIT
    while time.monotonic() < end:
        pid, status = os.waitpid(child, os.WNOHANG)
        if pid:
            return "failed" if status else ""
        time.sleep(0.02)
    os.killpg(child, signal.SIGKILL)
    os.waitpid(child, 0)
    return "too slow"


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("patterns", nargs="*", help="files to change, such as lossbook/losses/*.py (default: all)")
    parser.add_argument("--count", type=int, default=225, help="how many changes to sample; 0: all")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--list", action="store_true", help="only list them")
    options = parser.parse_args()
    found = every_change(ROOT, options.patterns or list(TESTS))
    if homeless := sorted({c.path for c in found if not any(fnmatch(c.path, pattern) for pattern in TESTS)}):
        parser.error(f"TESTS in tools/mutate.py does not say which tests concern {', '.join(homeless)}")
    if options.count and options.count < len(found):
        found = sorted(random.Random(options.seed).sample(found, options.count), key=lambda c: (c.path, c.start))
    os.environ |= {
        "PYTHONDONTWRITEBYTECODE": "1",
        "OMP_NUM_THREADS": "1",
        "OPENBLAS_NUM_THREADS": "1",
        "MPLBACKEND": "agg",
    }
    sys.dont_write_bytecode = True
    for module in (
        "torch",
        "scipy.stats",
        "scipy.optimize",
        "sklearn.metrics",
        "mpmath",
        "matplotlib.pyplot",
        "pytest",
    ):
        __import__(module)
    with tempfile.TemporaryDirectory(prefix="mutate-") as folder:
        tree = Path(folder) / "lossbook"
        shutil.copytree(
            ROOT, tree, ignore=shutil.ignore_patterns(".git", ".venv*", "_build", "__pycache__", ".*_cache")
        )
        return survey(tree, found, only_list=options.list)


def survey(tree: Path, found: list[Change], only_list: bool) -> int:
    survivors, excused, sound = 0, 0, set()
    for number, change in enumerate(found, 1):
        path = tree / change.path
        source = path.read_bytes()
        old = source[change.start : change.end].decode()
        label = f"{change}: {' '.join(old.split())}  →  {' '.join(change.text.split()) or 'dropped'}"
        if only_list:
            print(label)
            continue
        changed = source[: change.start] + change.text.encode() + source[change.end :]
        try:
            ast.parse(changed)
        except SyntaxError:
            changed = changed.replace(b", )", b")")
        arguments = runs(change)
        first = arguments[:2]
        if str(first) not in sound:
            if noticed(tree, None, first):
                raise SystemExit(f"the tests fail without any change: {first}")
            sound.add(str(first))
        path.write_bytes(changed)
        how = noticed(tree, change, arguments)
        path.write_bytes(source)
        if how:
            print(f"{number}/{len(found)} {how:9} {label}", flush=True)
            continue
        reason = EQUIVALENT.get((change.path, label.removeprefix(f"{change.path}:{change.line} ")))
        excused += reason is not None
        survivors += reason is None
        print(
            f"{number}/{len(found)} {'same' if reason else 'SURVIVED':9} {label}" + (f"  ({reason})" if reason else "")
        )
    counted = len(found) - excused
    if counted and not only_list:
        print(f"{counted - survivors} of {counted} changes noticed: {(counted - survivors) / counted:.1%}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
