"""Figures with controls: defined once, live in Jupyter, static on a page, a picture on paper."""

from importlib.util import find_spec

if find_spec("matplotlib") is None:
    raise ModuleNotFoundError('Figures need Matplotlib: pip install "lossbook[live]"', name="matplotlib")

from lossbook.explorer.controls import Choice, Handle, Play, Slider, Toggle
from lossbook.explorer.explorer import Explorer
from lossbook.explorer.palette import palette, style, subplots
from lossbook.explorer.static import ASSETS

__all__ = ["ASSETS", "Choice", "Explorer", "Handle", "Play", "Slider", "Toggle", "palette", "style", "subplots"]
