"""The claims that cards of losses make, each with its check: a registry that `test_cards.py` runs.

The checks of a chapter's losses stand in `claims_<chapter>.py`, with `_` for `-`.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

Claim = tuple[str, str]
CHECKS: dict[Claim, Callable[[], None]] = {}


def holds(name: str, claim: str) -> Callable[[Callable[[], None]], Callable[[], None]]:
    """Marks the check of a claim of the card of a loss; one check may serve several."""

    def register(check: Callable[[], None]) -> Callable[[], None]:
        if (name, claim) in CHECKS:
            raise ValueError(f"two checks of one claim of {name}: {claim}")
        CHECKS[name, claim] = check
        return check

    return register


def random() -> np.random.Generator:
    return np.random.default_rng(20261128)


def separated_is_cheaper_when_steeper(loss: Callable[..., float], *arguments: np.ndarray) -> None:
    costs = [loss(*(scale * one for one in arguments)) for scale in (1, 2, 4, 8)]
    assert all(np.diff(costs) < 0)
