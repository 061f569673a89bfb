"""Figures with controls: defined once, live in Jupyter, static on a page, a picture on paper."""

import os
import sys
from importlib.util import find_spec

if find_spec("matplotlib") is None:
    raise ModuleNotFoundError('Figures need Matplotlib: pip install "lossbook[live]"', name="matplotlib")

from lossbook.explorer.controls import Choice, Handle, Play, Slider, Toggle
from lossbook.explorer.explorer import Explorer
from lossbook.explorer.moments import Challenge, Predict
from lossbook.explorer.palette import palette, style, subplots
from lossbook.explorer.static import ASSETS


def is_live() -> bool:
    """Whether this runs in a Jupyter kernel that can show widgets, and no book is being built."""
    if os.environ.get("LOSSBOOK_STATIC") or "IPython" not in sys.modules or find_spec("anywidget") is None:
        return False
    return hasattr(sys.modules["IPython"].get_ipython(), "kernel")


if is_live():  # the same explorer, and a widget too
    from lossbook.explorer.live import LiveExplorer as Explorer  # type: ignore[assignment]

__all__ = [
    "ASSETS", "Challenge", "Choice", "Explorer", "Handle", "Play", "Predict", "Slider", "Toggle", "palette", "style",
    "subplots",
]  # fmt: skip
