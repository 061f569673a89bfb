"""The test run itself: what needs the same costly thing runs in one worker."""

import pytest


@pytest.mark.xdist_group("together")
def test_groups_are_honoured(request: pytest.FixtureRequest) -> None:
    """Not so with pytest 9.2 and xdist 3.8: every table would be built twice, and two JupyterLabs started."""
    if getattr(request.config.option, "loadgroup", False):
        assert request.node.nodeid.endswith("@together")
