"""Numbers and Greek letters as readouts write them."""

from __future__ import annotations

import re
from decimal import Decimal

from lossbook.analysis.sentences import written

__all__ = ["adding_up", "letter", "powers_of_ten", "written"]

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


def adding_up(*parts: float, digits: int = 3) -> list[str]:
    """The parts and their sum, rounded, with as many decimals as it takes for what is printed to add up.

    >>> adding_up(0.199, 0.263), adding_up(0.3254, 0.0724)
    (['0.199', '0.263', '0.462'], ['0.3254', '0.0724', '0.3978'])
    >>> adding_up(0.4444, 0.3, -0.7)
    ['0.444', '0.300', '-0.700', '0.044']
    """
    while True:
        texts = [f"{round(number, digits) + 0.0:.{digits}f}" for number in (*parts, sum(parts))]  # and no -0.000
        if digits == 9 or sum(map(Decimal, texts[:-1])) == Decimal(texts[-1]):
            return texts
        digits += 1


def letter(latex: str) -> str:
    r"""The letter itself for a LaTeX symbol: δ for \delta.

    >>> letter(r"\delta"), letter("c")
    ('δ', 'c')
    """
    return _LETTERS.get(latex.removeprefix("\\"), latex)


_RAISED = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")


def powers_of_ten(number: str) -> str:
    """A number as Python writes it, with an exponent as people write it.

    >>> powers_of_ten("1.27e-14"), powers_of_ten("1.1e+03"), powers_of_ten("0.5")
    ('1.27 · 10⁻¹⁴', '1.1 · 10³', '0.5')
    """
    return re.sub(r"e([-+]\d+)$", lambda found: f" · 10{str(int(found[1])).translate(_RAISED)}", number)
