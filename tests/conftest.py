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


@pytest.hookimpl(tryfirst=True)  # before `-m` chooses
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Of a claim about a run, `make test` runs the first seed; `make test-slow` runs the others.

    And so it does what compares several seeds in one test, which has no parameter `seed` (or `first`, of several).
    """
    for item in items:
        if item.get_closest_marker("seeds"):
            indices = item.callspec.indices if hasattr(item, "callspec") else {}
            if indices.get("seed", indices.get("first", 1)) > 0:
                item.add_marker("slow")
