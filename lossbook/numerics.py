"""Building blocks that keep the last digits where the textbook form of a formula would lose them.

No loss lives here, and nothing but NumPy is needed: the special functions that the losses use are here too, because the
package also runs in a browser. Every function says which cancellation it avoids; `tests/test_numerics.py` holds each of
them to references of 50 digits.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from lossbook.core import Floats, quiet

_ATANH = 1.0 / np.arange(3, 43, 2)  # 1/3, 1/5, …: the series of artanh after its first term
_ORDERS = np.arange(2, 22, 2)  # ten terms of either asymptotic series, exact to the last bit from _LARGE on
_BERNOULLI = np.array(
    [1 / 6, -1 / 30, 1 / 42, -1 / 30, 5 / 66, -691 / 2730, 7 / 6, -3617 / 510, 43867 / 798, -174611 / 330]
)
_STIRLING = _BERNOULLI / (_ORDERS * (_ORDERS - 1))
_DIGAMMA = -_BERNOULLI / _ORDERS
_LARGE = 8.0


def xlogy(x: Floats, y: Floats) -> Floats:
    """x log y, and 0 where x = 0 whatever y is: nothing happens at what cannot happen.

    >>> xlogy(np.array([0.0, 2.0, 1.0]), np.array([0.0, 1.0, 0.0]))
    array([  0.,   0., -inf])
    """
    x, y = np.asarray(x, dtype=np.float64), np.asarray(y, dtype=np.float64)
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.where((x == 0) & ~np.isnan(y), 0.0, x * np.log(y))


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
    climbed = np.zeros_like(x)
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        for _ in range(
            int(_LARGE)
        ):  # Γ(x + 1) = xΓ(x): what Stirling's formula leaves out grows by this on the way down
            climbed = climbed + np.where(x < _LARGE, (x + 0.5) * np.log1p(1 / x) - 1, 0.0)
            x = np.where(x < _LARGE, x + 1, x)
        return _asymptotic(x, _STIRLING) / x + climbed


def digamma_minus_log(x: Floats) -> Floats:
    """ψ(x) − log x, which is about −1/(2x): the derivative of log Γ(x) with its leading term taken out."""
    x = np.asarray(x, dtype=np.float64)
    climbed = np.zeros_like(x)
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        for _ in range(int(_LARGE)):  # ψ(x + 1) = ψ(x) + 1/x, and every step has the same sign
            climbed = climbed + np.where(x < _LARGE, x_minus_log1p(1 / x), 0.0)
            x = np.where(x < _LARGE, x + 1, x)
        return -0.5 / x + _asymptotic(x, _DIGAMMA) / x**2 - climbed


def digamma(x: Floats) -> Floats:
    """ψ(x), the derivative of log Γ(x), for x > 0."""
    return digamma_minus_log(x) + np.log(x)


def _bessel_series(terms: int) -> Floats:
    """Coefficients of 1 − I₁(κ)/I₀(κ) in powers of 1/κ, from the differential equation that the ratio obeys."""
    c = np.zeros(terms + 1)
    c[1] = 0.5
    for n in range(2, terms + 1):
        c[n] = (c[1:n] @ c[n - 1 : 0 : -1] + (n - 2) * c[n - 1]) / 2
    return c


_BESSEL = _bessel_series(25)
_FAR = 30.0  # κ from which the asymptotic series of the Bessel functions are exact to the last bit
_HANKEL = np.cumprod([1.0, *((2 * k - 1) ** 2 / (8 * k) for k in range(1, 26))])
_VERSINES = 2 * np.sin(np.linspace(0, np.pi, 33) / 2) ** 2  # 1 − cos θ
_TRAPEZOID = np.array([0.5, *[1.0] * 31, 0.5]) / 32


def _averages(kappa: Floats) -> tuple[Floats, Floats]:
    """The averages over the circle of w = exp(−κ(1 − cos θ)) and of w(1 − cos θ), for κ ≤ 30.

    They are exp(−κ) I₀(κ) and exp(−κ)(I₀(κ) − I₁(κ)), and no term of either is negative. What the trapezoidal rule
    with 64 points of the circle leaves out is I₆₄(κ).
    """
    weights = np.exp(-np.minimum(kappa, _FAR)[..., None] * _VERSINES) * _TRAPEZOID
    return weights.sum(axis=-1), weights @ _VERSINES


def scaled_i0(kappa: Floats) -> Floats:
    """exp(−κ) I₀(κ), I₀ the modified Bessel function of order 0, which itself overflows near κ = 700.

    >>> scaled_i0(np.array([0.0, 1e6]))
    array([1.0000000e+00, 3.9894233e-04])
    """
    kappa = np.asarray(kappa, dtype=np.float64)
    large = np.maximum(kappa, _FAR)
    far = np.polynomial.polynomial.polyval(1 / large, _HANKEL) / np.sqrt(2 * np.pi * large)
    return np.where(kappa < _FAR, _averages(kappa)[0], far)


def bessel_gap(kappa: Floats) -> Floats:
    """1 − I₁(κ)/I₀(κ), which is about 1/(2κ) for a large κ, where the ratio itself has lost the digits of the gap."""
    kappa = np.asarray(kappa, dtype=np.float64)
    whole, gap = _averages(kappa)
    far = np.polynomial.polynomial.polyval(1 / np.maximum(kappa, _FAR), _BESSEL)
    return np.where(kappa < _FAR, gap / whole, far)


_NEAR = [np.array([4.0**-k / (math.factorial(k) * math.factorial(k + n)) for k in range(14)]) for n in (0, 1)]


def bessel_ratio(kappa: Floats) -> Floats:
    """I₁(κ)/I₀(κ), which is about κ/2 for a small κ: there it is the quotient of the power series."""
    kappa = np.asarray(kappa, dtype=np.float64)
    below, above = (np.polynomial.polynomial.polyval(np.minimum(kappa, 2) ** 2, series) for series in _NEAR)
    return np.where(kappa < 2, kappa / 2 * (above / below), 1 - bessel_gap(kappa))


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
