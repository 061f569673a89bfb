"""What is looked at in more than one way: one way now, the others in `make test-slow`."""

from __future__ import annotations

from collections.abc import Sequence

import pytest


def by_turns(names: Sequence[str], *ways: object) -> list[object]:
    """Each name with each of the ways. `make test` takes one way a name, in turn; `make test-slow` takes the others.

    What several pages have in common is so seen in every way at each run, and a page's own in all of them once a week.
    """
    turn = len(ways)
    return [
        pytest.param(name, way, marks=[pytest.mark.slow] if number % turn != place else [], id=f"{name}-{way}")
        for number, name in enumerate(names)
        for place, way in enumerate(ways)
    ]
