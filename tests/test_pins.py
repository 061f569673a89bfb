"""The pins: what a fresh installation brings has one version, and `make pins` has not been forgotten."""

from __future__ import annotations

import re
from importlib.metadata import distributions
from pathlib import Path

ROOT = Path(__file__).parents[1]
# pip comes with Python, lossbook is ours, PyTorch has its own file; the rest comes on other systems alone.
UNPINNED = {"pip", "lossbook", "torch", "appnope", "colorama", "pywin32", "pywinpty"}


def name(text: str) -> str:
    return re.sub(r"[-_.]+", "-", text).lower()


def pins(file: str) -> dict[str, str]:
    lines = (ROOT / file).read_text(encoding="utf-8").splitlines()
    return {name(line.split("==")[0]): line.split("==")[1] for line in lines if line and not line.startswith("#")}


def test_every_line_of_the_requirements_is_pinned_and_the_constraints_agree() -> None:
    constraints = pins("constraints.txt")
    assert {key: constraints[key] for key in pins("requirements.txt")} == pins("requirements.txt")


def test_everything_installed_is_pinned() -> None:
    installed = {name(each.metadata["Name"]) for each in distributions()}
    assert installed - set(pins("constraints.txt")) - UNPINNED == set()


def test_actions_are_pinned_by_commit() -> None:
    used = [
        line
        for path in sorted((ROOT / ".github/workflows").glob("*.yml"))
        for line in path.read_text(encoding="utf-8").splitlines()
        if "uses:" in line
    ]
    assert used and all(re.search(r"uses: [\w./-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+$", line) for line in used)
