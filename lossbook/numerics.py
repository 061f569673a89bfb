"""Building blocks that keep the last digits where the textbook form of a formula would lose them.

No loss lives here. Every function says which cancellation it avoids; `tests/test_numerics.py` holds each of them to
references of 50 digits.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy import special

from lossbook.core import Floats, quiet

_ATANH = 1.0 / np.arange(3, 43, 2)  # 1/3, 1/5, …: the series of artanh after its first term
_ORDERS = np.arange(2, 22, 2)  # ten terms of either asymptotic series, exact to the last bit from _LARGE on
_STIRLING = special.bernoulli(20)[_ORDERS] / (_ORDERS * (_ORDERS - 1))
_DIGAMMA = -special.bernoulli(20)[_ORDERS] / _ORDERS
_LARGE = 8.0


def x_minus_log1p(x: Floats, log: Floats | None = None) -> Floats:
    """x − log(1 + x) ≥ 0 for x > −1, to a few ulp also near 0, where the two terms agree in all their digits.

    `log` is log(1 + x) where the caller knows it better than x does: near x = −1, and where x is huge.

    >>> x_minus_log1p(np.array([1e-9, 0.0, 1.0]))
    array([5.00000000e-19, 0.00000000e+00, 3.06852819e-01])
    """
    x = np.asarray(x, dtype=np.float64)
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        r = x / (2 + x)  # log1p(x) = 2 artanh(r) and x − 2r = xr, so the leading terms cancel on paper
        near = r * (x - 2 * r**2 * np.polynomial.polynomial.polyval(r**2, _ATANH))
        far = x - (np.log1p(x) if log is None else log)
    return np.where(np.abs(x) <= 0.5, near, np.where(x == np.inf, np.inf, far))


def _exact_product(a: Floats, b: Floats) -> tuple[Floats, Floats]:
    """a · b as its rounded value and the exact error of the rounding (Dekker)."""

    def halves(x: Floats) -> tuple[Floats, Floats]:
        shifted = 134217729.0 * x  # 2**27 + 1 splits 53 bits into two factors short enough to multiply exactly
        high = shifted - (shifted - x)
        return high, x - high

    product = a * b
    (a_high, a_low), (b_high, b_low) = halves(a), halves(b)
    return product, ((a_high * b_high - product) + a_high * b_low + a_low * b_high) + a_low * b_low


def exp_difference(a: Floats, b: Floats, divisor: float = 1.0) -> Floats:
    """exp((a − b)/divisor) to about one ulp: what rounding lost of the exponent, which exp would magnify, is put back.

    a is finite or −inf, b is finite. Both are read in pieces, so that the dozen steps need no dozen arrays.
    """
    pieces = np.nditer(
        [a, b, None],
        flags=["external_loop", "buffered", "zerosize_ok"],
        op_flags=[["readonly"], ["readonly"], ["writeonly", "allocate"]],
        op_dtypes=[np.dtype(np.float64)] * 3,
        buffersize=2**12,
    )
    with quiet(), pieces:
        for x, y, power in pieces:
            difference = x - y
            part = difference + y  # Knuth's TwoSum: `lost` is the exact rounding error of the difference
            lost = (x - part) - (y - (part - difference))
            exponent = difference / divisor
            product, product_lost = _exact_product(exponent, np.asarray(divisor))
            lost = ((difference - product) - product_lost + lost) / divisor
            power[...] = np.exp(exponent) * (1 + np.where(np.isfinite(lost), lost, 0.0))
        return np.asarray(pieces.operands[2])


def weighted_gap(a: Floats, b: Floats, y: Floats) -> Floats:
    """a(1 − y) − by without cancellation, written a − (a + b)y with the sum and the product kept exactly."""
    with np.errstate(over="ignore", invalid="ignore"):
        total = a + b
        part = total - a
        total_lost = (a - (total - part)) + (b - part)
        product, product_lost = _exact_product(total, y)
        gap = (a - product) - product_lost - total_lost * y
    return np.where(np.isfinite(gap), gap, a * (1 - y) - b * y)


def _asymptotic(x: Floats, coefficients: Floats) -> Floats:
    return np.asarray(np.polynomial.polynomial.polyval(1 / x**2, coefficients))


def stirling_error(x: Floats) -> Floats:
    """log Γ(x) − [(x − ½) log x − x + ½ log 2π], which is about 1/(12x): what Stirling's formula leaves out."""
    x = np.asarray(x, dtype=np.float64)
    large = np.maximum(x, _LARGE)
    direct = special.gammaln(x) - ((x - 0.5) * np.log(x) - x + 0.5 * np.log(2 * np.pi))
    return np.where(x >= _LARGE, _asymptotic(large, _STIRLING) / large, direct)


def digamma_minus_log(x: Floats) -> Floats:
    """ψ(x) − log x, which is about −1/(2x): the derivative of log Γ(x) with its leading term taken out."""
    x = np.asarray(x, dtype=np.float64)
    large = np.maximum(x, _LARGE)
    series = -0.5 / large + _asymptotic(large, _DIGAMMA) / large**2
    return np.where(x >= _LARGE, series, special.digamma(x) - np.log(x))


def _bessel_series(terms: int) -> Floats:
    """Coefficients of 1 − I₁(κ)/I₀(κ) in powers of 1/κ, from the differential equation that the ratio obeys."""
    c = np.zeros(terms + 1)
    c[1] = 0.5
    for n in range(2, terms + 1):
        c[n] = (c[1:n] @ c[n - 1 : 0 : -1] + (n - 2) * c[n - 1]) / 2
    return c


_BESSEL = _bessel_series(25)


def bessel_ratio(kappa: Floats) -> Floats:
    """I₁(κ)/I₀(κ), which is about κ/2 for a small κ."""
    return np.asarray(special.i1e(kappa) / special.i0e(kappa))


def bessel_gap(kappa: Floats) -> Floats:
    """1 − I₁(κ)/I₀(κ), which is about 1/(2κ) for a large κ, where the ratio itself has lost the digits of the gap."""
    kappa = np.asarray(kappa, dtype=np.float64)
    direct = 1 - bessel_ratio(kappa)
    return np.where(kappa < 30, direct, np.polynomial.polynomial.polyval(1 / np.maximum(kappa, 30.0), _BESSEL))


def without_maximum(values: Floats, axis: int = -1) -> tuple[Floats, NDArray[np.bool_]]:
    """The largest value along the axis (axis kept), and a mask that is True at exactly one place where it stands."""
    place = np.expand_dims(np.argmax(values, axis=axis), axis)
    mask = np.zeros(values.shape, dtype=bool)
    np.put_along_axis(mask, place, True, axis=axis)
    return np.take_along_axis(values, place, axis=axis), mask


def log_ratio(a: Floats, b: Floats) -> Floats:
    """log(a/b) for a, b ≥ 0: from the quotient, which loses nothing, or where that leaves the range from both logs."""
    with quiet():
        ratio = a / b
        return np.where((ratio > 1e-300) & (ratio < 1e300), np.log(ratio), np.log(a) - np.log(b))


def log1p_square(e: Floats, scale: float | Floats) -> Floats:
    """log(1 + (e/scale)²) without the overflow of the square: beyond |e/scale| = 1e8 the 1 no longer counts."""
    size = np.abs(e)
    with quiet():
        near = np.log1p(np.square(np.minimum(size / scale, 1e8)))
        return np.where(size / scale > 1e8, 2 * (np.log(size) - np.log(scale)), near)


def damped(e: Floats, scale: float | Floats) -> Floats:
    """e / (1 + (e/scale)²), which turns back to 0 far out, without the overflow of the square."""
    with quiet():
        ratio = e / scale
        return np.where(np.abs(ratio) < 1, e / (1 + np.square(ratio)), scale / (ratio + 1 / ratio))
