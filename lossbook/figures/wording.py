"""Numbers and Greek letters as readouts write them."""

from __future__ import annotations

_LETTERS = {
    "delta": "δ",
    "beta": "β",
    "tau": "τ",
    "varepsilon": "ε",
    "epsilon": "ε",
    "sigma": "σ",
    "nu": "ν",
    "kappa": "κ",
}


def written(number: float, digits: int = 2) -> str:
    """`number` with a fixed number of decimals, a true minus sign, and no minus on zero.

    >>> written(-1.234), written(-0.001)
    ('−1.23', '0.00')
    """
    text = f"{number:.{digits}f}"
    return text.lstrip("-") if float(text) == 0 else text.replace("-", "−")


def letter(latex: str) -> str:
    r"""The letter itself for a LaTeX symbol: δ for \delta.

    >>> letter(r"\delta"), letter("c")
    ('δ', 'c')
    """
    return _LETTERS.get(latex.removeprefix("\\"), latex)
