"""Imports run one way: core ← numerics ← losses ← catalogue ← analysis ← {figures, exercises}.

`explorer` knows no loss. `forbidden` reads a module's source, not what it happened to import, so that an import inside
a function counts too.
"""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import pytest

import lossbook

PACKAGE = Path(lossbook.__file__).parent
DRAWING = {"matplotlib", "PIL", "anywidget", "ipywidgets", "IPython", "traitlets"}
EVERYONE = {"numpy", "scipy"}
TOOLS = {"core", "numerics"}
LOSSES = {*TOOLS, "losses"}
ANALYSIS = {*LOSSES, "", "catalogue", "analysis"}

# What each part of the package may import of lossbook, and of others beyond NumPy, SciPy and the standard library.
# A module not named here stands where `conventions` does: it may use any loss and any analysis, and draws nothing.
RULES: dict[str, tuple[set[str], set[str]]] = {
    "core": (set(), set()),
    "numerics": ({"core"}, set()),
    "losses": (LOSSES, set()),  # which family may use which: see FAMILIES
    "catalogue": ({"", "core", "losses"}, set()),  # the families are found by walking the folder, not named
    "": ({"losses"}, set()),
    # a reader's own loss may be a PyTorch one; the others bring data sets
    "analysis": (ANALYSIS, {"torch", "sklearn", "statsmodels"}),
    "explorer": ({"core", "explorer"}, DRAWING),  # core has the checks of arguments and no loss
    "figures": ({*ANALYSIS, "explorer", "figures"}, {*DRAWING, "torch", "sklearn", "statsmodels"}),
    "exercises": ({*ANALYSIS, "exercises"}, {"IPython", "ipywidgets", "anywidget", "traitlets", "cloudpickle"}),
    "page": ({*ANALYSIS, "exercises", "page"}, set()),
}
ELSEWHERE = (ANALYSIS, set[str]())

# Families stand beside each other; the few that build on another one are named, with what they build on.
FAMILIES: dict[str, set[str]] = {
    "classification": {"scores"},
    "likelihood_real": {"scores"},  # the weights of a mixture are a softmax
    "likelihood_discrete": {"scores", "classification"},  # the categorical one is softmax cross-entropy
    "information_densities": {"information"},
    "margins": {"scores"},
    "_rows": {"scores"},  # the softmax of every row
    "scoring": {"_rows", "scores"},
    "focal": {"_rows", "scores"},
    "ranking": {"scores", "classification"},  # ListNet is softmax cross-entropy
    "preference": {"scores"},
    "anchors": {"boxes"},
    "detectors": {"_anchors", "boxes", "scores", "classification", "focal", "robust"},  # sums of the others
    "yolo": {"_anchors", "boxes"},
    "overlap": {"_masks"},
    "lovasz": {"_masks"},
    "outline": {"_masks"},
    "ctc": {"scores"},  # the softmax of every frame
    "sequences": {"scores", "classification"},  # every token's loss is softmax cross-entropy
    "adversarial": {"scores"},
    "variational": {"_components", "scores"},
    "transport": {"_components", "_embeddings"},
    "denoising": {"_components", "scores"},
    "contrastive_pairs": {"_embeddings"},
    "contrastive_candidates": {"_embeddings", "contrastive_pairs", "scores", "classification"},  # InfoNCE is a softmax
}


def part_of(module: str) -> str:
    """`lossbook.figures.regression` belongs to the part "figures", `lossbook` itself to ""."""
    return [*module.split("."), ""][1]


def imported(source: str, module: str, package: bool = False) -> set[str]:
    """Every module that the source imports, by absolute name; `from lossbook import mse` counts as lossbook."""
    found = set()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            base = node.module or ""
            if node.level:
                parents = module.split(".")[: None if package and node.level == 1 else -node.level + package]
                base = ".".join([*parents, base] if base else parents)
            names = {f"{base}.{alias.name}" for alias in node.names}
            modules = {name for name in names if is_module(name)}
            found |= modules or {base}
    return found


def is_module(name: str) -> bool:
    path = PACKAGE.parent / name.replace(".", "/")
    return name.startswith("lossbook.") and (path.with_suffix(".py").exists() or path.is_dir())


def forbidden(source: str, module: str, package: bool = False) -> set[str]:
    """The imports that the module's place in the package does not allow."""
    ours, others = RULES.get(part_of(module), ELSEWHERE)
    wrong = set()
    for name in imported(source, module, package):
        top = name.partition(".")[0]
        if top == "lossbook":
            allowed = part_of(name) in ours
            if part_of(name) == part_of(module) == "losses":
                allowed = name.split(".")[-1] in FAMILIES.get(module.split(".")[-1], set())
            elif part_of(module) == "catalogue" and part_of(name) == "losses":
                allowed = name == "lossbook.losses"  # it finds the families, it does not name them
            wrong |= set() if allowed else {name}
        elif top not in sys.stdlib_module_names | EVERYONE | others:
            wrong.add(name)
    return wrong


def modules() -> list[tuple[str, Path]]:
    paths = sorted(PACKAGE.rglob("*.py"))
    names = [
        ".".join(path.relative_to(PACKAGE.parent).with_suffix("").parts).removesuffix(".__init__") for path in paths
    ]
    return list(zip(names, paths, strict=True))


@pytest.mark.parametrize(("module", "path"), modules(), ids=[name for name, _ in modules()])
def test_imports_run_one_way(module, path):
    wrong = forbidden(path.read_text(encoding="utf-8"), module, path.name == "__init__.py")
    assert not wrong, f"{module} must not import {', '.join(sorted(wrong))}"


def loaded_by(statement: str) -> set[str]:
    """The top-level packages that a fresh interpreter has loaded after the statement."""
    code = f"{statement}; import sys; print(*{{name.partition('.')[0] for name in sys.modules}})"
    return set(subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.split())


HEAVY = {"matplotlib", "ipywidgets", "anywidget", "IPython", "torch", "pandas", "sklearn", "statsmodels", "sympy"}


@pytest.mark.parametrize("statement", ["import lossbook", "import lossbook.catalogue"])
def test_lossbook_loads_nothing_heavy(statement):
    loaded = loaded_by(statement)
    assert "numpy" in loaded and not loaded & HEAVY


# In a page there is NumPy and nothing else: what refuses to be imported here is not there.
REFUSE = """
import sys

class Absent:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in {"scipy", "cloudpickle", "matplotlib", "torch", "_multiprocessing", "resource"}:
            raise ModuleNotFoundError(name)

sys.meta_path.insert(0, Absent())
sys.platform = "emscripten"
"""
ANSWER = """
import numpy as np, lossbook, lossbook.exercises
from lossbook.exercises import check, chapters, exercises

def pinball(prediction, target, quantile):
    e = target - prediction
    return np.where(e > 0, quantile * e, (quantile - 1) * e)

assert check("regression-pinball-code", pinball).right, check("regression-pinball-code", pinball)
assert check("regression-huber-at-two", "4").status == "wrong"
assert check("regression-huber-at-two", np.float64(4)).status == "wrong", "a value that is looked at in the sandbox"
lossbook.entropy([0.5, 0.5]), lossbook.von_mises_nll([0.0], [1.0]), lossbook.beta_nll_grad([2.0], [5.0], [0.7])
"""


def test_answers_are_judged_with_numpy_alone():
    subprocess.run([sys.executable, "-c", REFUSE + ANSWER], check=True)


def test_what_is_refused_is_not_there():
    run = subprocess.run([sys.executable, "-c", REFUSE + "import scipy"], capture_output=True, text=True)
    assert "ModuleNotFoundError: scipy" in run.stderr


# ── The rule can fail ────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("module", "source", "wrong"),
    [
        ("lossbook.core", "from lossbook.losses.regression import mse", {"lossbook.losses.regression"}),
        ("lossbook.core", "import torch", {"torch"}),
        (
            "lossbook.losses.regression",
            "from lossbook.losses.likelihood_real import normal_nll",
            {"lossbook.losses.likelihood_real"},
        ),
        ("lossbook.losses.regression", "import lossbook.catalogue", {"lossbook.catalogue"}),
        ("lossbook.losses.regression", "from lossbook import figures", {"lossbook.figures"}),
        ("lossbook.losses.regression", "from lossbook import mse", {"lossbook"}),
        ("lossbook.losses.regression", "def late():\n    import matplotlib.pyplot", {"matplotlib.pyplot"}),
        ("lossbook.losses.regression", "from ..figures import profile", {"lossbook.figures"}),
        ("lossbook.numerics", "from lossbook.losses.regression import mse", {"lossbook.losses.regression"}),
        ("lossbook.catalogue", "from lossbook.losses.regression import MSE", {"lossbook.losses.regression"}),
        ("lossbook.explorer.static", "from lossbook.catalogue import find", {"lossbook.catalogue"}),
        ("lossbook.explorer.static", "from ..losses.regression import mse", {"lossbook.losses.regression"}),
        ("lossbook.figures.regression", "import pandas", {"pandas"}),
        ("lossbook.exercises.kinds", "from lossbook.figures import regression", {"lossbook.figures.regression"}),
        ("lossbook.analysis.fitting", "import matplotlib", {"matplotlib"}),
        ("lossbook.analysis.fitting", "from lossbook.figures import profile", {"lossbook.figures"}),
        (
            "lossbook.losses.classification",
            "from lossbook.losses.contrastive_pairs import contrastive",
            {"lossbook.losses.contrastive_pairs"},
        ),
    ],
)
def test_a_wrong_arrow_is_caught(module, source, wrong):
    assert forbidden(source, module) == wrong


@pytest.mark.parametrize(
    ("module", "source"),
    [
        (
            "lossbook.losses.regression",
            "import numpy as np\nfrom lossbook.core import Loss\nfrom ..numerics import damped",
        ),
        ("lossbook.explorer.static", "from . import encode\nfrom lossbook.explorer import palette\nimport matplotlib"),
        ("lossbook.figures.regression", "from lossbook.catalogue import find\nfrom lossbook import huber"),
        ("lossbook.exercises.kinds", "import json\nfrom lossbook.losses.regression import mse"),
    ],
)
def test_a_right_arrow_is_not(module, source):
    assert forbidden(source, module) == set()


def test_a_heavy_import_is_seen():
    assert "matplotlib" in loaded_by("import lossbook, matplotlib")
