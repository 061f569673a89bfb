"""Colours as the stylesheet of the explorers has them, and how they look."""

from __future__ import annotations

import re

from lossbook.explorer import ASSETS


def themes() -> dict[str, dict[str, str]]:
    """The colours by meaning, by the selector of their theme: light, dark, and dark where the page names no theme."""
    css = ASSETS[1].read_text(encoding="utf-8")
    blocks = re.findall(r"([^{}]*)\{([^{}]*--lb-ink:[^{}]*)\}", css)
    return {
        selector.strip().split("\n")[-1]: dict(re.findall(r"--lb-(\w+): (#\w{6})", body)) for selector, body in blocks
    }


def linear(code: str) -> list[float]:
    """Red, green and blue of a colour such as #ff8800 as amounts of light, from 0 to 1."""
    parts = [int(code[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    return [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]


def contrast(a: str, b: str) -> float:
    """The contrast ratio of WCAG 2."""

    def luminance(code: str) -> float:
        red, green, blue = linear(code)
        return 0.2126 * red + 0.7152 * green + 0.0722 * blue

    bright, dark = sorted((luminance(a), luminance(b)), reverse=True)
    return (bright + 0.05) / (dark + 0.05)
