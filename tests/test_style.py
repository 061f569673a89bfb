"""The source itself: its style, and its types."""

import subprocess
import sys
from pathlib import Path

import pytest


@pytest.mark.parametrize("command", ["ruff check .", "mypy lossbook"])
def test_nothing_is_found(command: str) -> None:
    run = subprocess.run(
        [sys.executable, "-m", *command.split()], cwd=Path(__file__).parents[1], capture_output=True, text=True
    )
    assert run.returncode == 0, run.stdout + run.stderr
