"""`Explorer`: one Matplotlib figure with controls, live in Jupyter, static on a page, a picture on paper."""

from __future__ import annotations

import html
import inspect
import io
import os
import re
import sys
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from matplotlib.figure import Figure

from lossbook.core import shown
from lossbook.explorer.controls import Control, Handle
from lossbook.explorer.palette import style


class Explorer:
    """A figure that its reader can play with."""

    def __init__(
        self,
        figure: Figure,
        update: Callable[..., str],
        *,
        name: str,
        controls: Mapping[str, Control],
        handles: Sequence[Handle] = (),
        caption: str,
        alt: str,
    ) -> None:
        self.figure, self.update, self.name, self.caption, self.alt = figure, update, name, caption, alt
        self.controls, self.handles = dict(controls), list(handles)
        self.state = {key: control.start for key, control in self.controls.items()}
        self.set()

    def set(self, **values: Any) -> Explorer:
        """Move controls to `values`."""
        for key, value in values.items():
            self.state[key] = self.controls[key].index(key, value)
        with style():
            self.readout = self.update(**{key: self.controls[key].values[index] for key, index in self.state.items()})
        return self

    def _repr_mimebundle_(self, include: object = None, exclude: object = None) -> dict[str, str]:
        with style():
            svg, png = io.StringIO(), io.BytesIO()
            self.figure.savefig(svg, format="svg", metadata={"Date": None})
        text = re.sub(r"(?s)^.*?(?=<svg)", "", svg.getvalue())
        body = (
            f'<figure class="explorer" data-explorer="{self.name}">{text}'
            f'<output aria-live="polite">{html.escape(self.readout)}</output>'
            f"<figcaption>{html.escape(self.caption)}</figcaption></figure>"
        )
        return {"text/html": body, "text/plain": self.alt}
