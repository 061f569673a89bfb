"""What several test files share."""

import os

for library in ("OMP", "MKL", "OPENBLAS"):  # as in `make book`: one core for each of the processes that run the tests
    os.environ.setdefault(f"{library}_NUM_THREADS", "1")

import numpy as np  # noqa: E402
import pytest  # noqa: E402


@pytest.fixture
def rng() -> np.random.Generator:
    """Random numbers that are the same in every run."""
    return np.random.default_rng(20261121)
