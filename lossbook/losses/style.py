r"""Losses of pictures for style transfer: content of features, style as their Gram matrix, total variation of pixels.

Features stand with the channels on the last axis but one and the places on the last: a map of C channels and H × W
pixels is C rows of M = HW numbers. Named after what libraries divide by, since a style weight means nothing without it.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import ArrayLike

from lossbook.core import Argument, Card, Floats, Loss, quiet, real, reduce, reduce_grad, same_shape, shown

__all__ = [
    "CONTENT",
    "STYLE",
    "TOTAL_VARIATION",
    "content",
    "content_grad",
    "gram_matrix",
    "style",
    "style_grad",
    "total_variation",
    "total_variation_grad",
]


def _maps(name: str, value: ArrayLike) -> Floats:
    """Channels by places."""
    array = real(name, value)
    if array.ndim < 2 or 0 in array.shape[-2:]:
        raise ValueError(f"{name} must have channels and places on its last two axes, got shape {array.shape}")
    return array


def _one_of(name: str, value: str, allowed: tuple[str, ...]) -> str:
    if not isinstance(value, str) or value not in allowed:
        raise ValueError(f"{name} must be one of {', '.join(map(repr, allowed))}, got {shown(value)}")
    return value


_F = Argument("F", "features")


def content(features: ArrayLike, target: ArrayLike, *, reduction: str = "mean") -> Floats | float:
    r"""Content loss: half the squared distance between two feature maps, channel by channel and place by place.

    .. math:: \ell = \frac{1}{2} \sum_{k=1}^{C} \lVert F_k - P_k \rVert^2

    Parameters
    ----------
    features, target : array_like
        Feature maps F of the picture and P of the content picture, of shape (…, C, M), one shape.
    reduction : {"none", "mean", "sum"}
        One loss per map, their mean, or their sum.

    Returns
    -------
    float or ndarray
        In the square of the features' unit. A float, or for "none" an array of the shape of `features` without its last
        two axes.

    Raises
    ------
    ValueError
        If the shapes differ, there is no channel or no place, the reduction is unknown, or "mean" meets an empty batch.

    Notes
    -----
    The paper's form, a sum. Many libraries take `mse` of the maps, which is this loss times 2/(CM).

    References
    ----------
    Gatys et al. (2016), "Image style transfer using convolutional neural networks", *CVPR*.

    Examples
    --------
    >>> content([[1.0, 2.0], [0.0, 3.0]], [[1.0, 0.0], [1.0, 3.0]])
    2.5
    """
    f, p = _maps("features", features), _maps("target", target)
    same_shape("features", f, "target", p)
    with quiet():
        return reduce(np.square(f - p).sum(axis=(-2, -1)) / 2, reduction)


def content_grad(features: ArrayLike, target: ArrayLike, *, reduction: str = "mean") -> Floats:
    """d content / d features: the difference F − P. Arguments as in `content`.

    >>> content_grad([[1.0, 2.0], [0.0, 3.0]], [[1.0, 0.0], [1.0, 3.0]])
    array([[ 0.,  2.],
           [-1.,  0.]])
    """
    f, p = _maps("features", features), _maps("target", target)
    same_shape("features", f, "target", p)
    with quiet():
        return reduce_grad(f - p, reduction, f[..., 0, 0].size)


CONTENT = Loss(
    value=content,
    grad=content_grad,
    title="content loss",
    synonyms=("feature reconstruction loss", "perceptual loss"),
    latex=r"\frac{1}{2} \sum_{k=1}^{C} \lVert F_k - P_k \rVert^2",
    latex_grad={"features": r"F_k - P_k"},
    where="$F_k$ holds what channel $k$ of $C$ answers at every place of the picture, $P_k$ the same of the content "
    "picture.",
    arguments={"features": _F, "target": Argument("P", "features")},
    estimates="the feature map of the content picture, place by place",
    card=Card(
        what="Half the squared distance between two feature maps, channel by channel and place by place.",
        why="Two pictures show the same in the same places if every filter answers the same everywhere.",
        strengths=("Its slope in the answers is their difference.",),
        weaknesses=("The same answers at other places cost as if they were others; the style loss of them is 0.",),
        pytorch="((features - target) ** 2).sum((-2, -1)).mean() / 2",
    ),
    source="gatys2016",
    chapter="style-transfer",
)

# ── Style ────────────────────────────────────────────────────────────────────────────────────────────────────────────

# By name, what (G/M − A/M′)², summed over the entries of a Gram matrix of C channels, is multiplied by.
NORMALISATIONS: dict[str, Callable[[int], float]] = {
    "paper": lambda channels: 1 / (4 * channels**2),
    "places": lambda channels: 1 / channels**2,
    "size": lambda channels: 1 / channels**4,
}
_NORMALISATIONS = tuple(NORMALISATIONS)


def gram_matrix(features: ArrayLike, *, normalisation: str = "paper") -> Floats:
    """Gram matrix G = F Fᵀ of a feature map: the products of every two channels, summed over all places.

    Parameters
    ----------
    features : array_like
        Feature maps F of shape (…, C, M), channels by places.
    normalisation : {"paper", "places", "size"}
        What it is divided by: nothing, since the paper divides in the loss; M, the number of places; or CM, the number
        of features.

    Returns
    -------
    ndarray
        Symmetric matrices of shape (…, C, C).

    Raises
    ------
    ValueError
        If there is no channel or no place, or the normalisation is unknown.

    Notes
    -----
    G/M is the matrix of second moments of the feature vectors, one vector for each place: the order of the places does
    not matter. It is no covariance, since no mean is subtracted.

    References
    ----------
    Gatys et al. (2016), "Image style transfer using convolutional neural networks", *CVPR*.

    Examples
    --------
    >>> gram_matrix([[1.0, 2.0], [0.0, 3.0]])
    array([[5., 6.],
           [6., 9.]])
    >>> gram_matrix([[2.0, 1.0], [3.0, 0.0]], normalisation="places")  # places exchanged
    array([[2.5, 3. ],
           [3. , 4.5]])
    """
    f = _maps("features", features)
    divisor = {"paper": 1, "places": f.shape[-1], "size": f.shape[-2] * f.shape[-1]}
    with quiet():
        return np.asarray(f @ f.swapaxes(-1, -2)) / divisor[_one_of("normalisation", normalisation, _NORMALISATIONS)]


def _moments(features: ArrayLike, target: ArrayLike) -> tuple[Floats, Floats]:
    """The feature map, and by how much its second moments exceed those of the style picture's: G/M − A/M′."""
    f, a = _maps("features", features), _maps("target", target)
    if f.shape[:-1] != a.shape[:-1]:
        raise ValueError(
            f"features and target must have the same shape except for the places, got {f.shape} and {a.shape}"
        )
    with quiet():
        return f, gram_matrix(f, normalisation="places") - gram_matrix(a, normalisation="places")


def style(
    features: ArrayLike, target: ArrayLike, *, normalisation: str = "paper", reduction: str = "mean"
) -> Floats | float:
    r"""Style loss of one layer: the squared distance between the Gram matrices of two feature maps.

    .. math:: \ell = \frac{1}{4 C^2 M^2} \sum_{k=1}^{C} \sum_{j=1}^{C} \left(F_k \cdot F_j - A_k \cdot A_j\right)^2

    Parameters
    ----------
    features, target : array_like
        Feature maps F of the picture, of shape (…, C, M), and A of the style picture. The latter may have another
        number of places M′; then each Gram matrix is divided by its own.
    normalisation : {"paper", "places", "size"}
        The paper's form above; or the mean of the C² squared differences of Gram matrices that are divided by M, or by
        CM. The latter two are 4 and 4/C² times the paper's loss.
    reduction : {"none", "mean", "sum"}
        One loss per map, their mean, or their sum.

    Returns
    -------
    float or ndarray
        In the fourth power of the features' unit. A float, or for "none" an array of the shape of `features` without
        its last two axes.

    Raises
    ------
    ValueError
        If batch or channels of the two differ, there is no channel or no place, the normalisation or the reduction is
        unknown, or "mean" meets an empty batch.

    Notes
    -----
    "places" is what the authors' own PyTorch code does, "size" what Johnson's, PyTorch's example and *Dive into deep
    learning* do. The example of Keras is the paper's form with constants in place of C and M.

    References
    ----------
    Gatys et al. (2016), "Image style transfer using convolutional neural networks", *CVPR*; Johnson et al. (2016),
    "Perceptual losses for real-time style transfer and super-resolution", *ECCV*.

    Examples
    --------
    >>> style([[1.0, 2.0], [0.0, 3.0]], [[2.0, 1.0], [3.0, 0.0]])  # places exchanged
    0.0
    >>> style([[1.0, 2.0], [0.0, 3.0]], [[1.0, 2.0], [3.0, 0.0]])
    0.28125
    """
    weight = NORMALISATIONS[_one_of("normalisation", normalisation, _NORMALISATIONS)]
    f, excess = _moments(features, target)
    with quiet():
        return reduce(weight(f.shape[-2]) * np.square(excess).sum(axis=(-2, -1)), reduction)


def style_grad(
    features: ArrayLike, target: ArrayLike, *, normalisation: str = "paper", reduction: str = "mean"
) -> Floats:
    """d style / d features: the difference of the Gram matrices times the features, (G − A Aᵀ) F/(C²M²).

    Arguments as in `style`.

    >>> style_grad([[1.0, 2.0], [0.0, 3.0]], [[1.0, 2.0], [3.0, 0.0]])
    array([[0.    , 0.5625],
           [0.1875, 0.375 ]])
    """
    weight = NORMALISATIONS[_one_of("normalisation", normalisation, _NORMALISATIONS)]
    f, excess = _moments(features, target)
    with quiet():
        return reduce_grad(4 * weight(f.shape[-2]) / f.shape[-1] * (excess @ f), reduction, f[..., 0, 0].size)


STYLE = Loss(
    value=style,
    grad=style_grad,
    title="style loss",
    synonyms=("Gram loss", "style reconstruction loss", "texture loss"),
    latex=r"\frac{1}{4 C^2 M^2} \sum_{k=1}^{C} \sum_{j=1}^{C} \left(F_k \cdot F_j - A_k \cdot A_j\right)^2",
    latex_grad={"features": r"\frac{1}{C^2 M^2} \sum_{j=1}^{C} \left(F_k \cdot F_j - A_k \cdot A_j\right) F_j"},
    where="$F_k$ holds what channel $k$ of $C$ answers at each of the $M$ places, $A_k$ the same of the style picture; "
    "$F_k \\cdot F_j$ is an entry of the Gram matrix.",
    arguments={"features": _F, "target": Argument("A", "features")},
    estimates="the second moments of the style picture's features, wherever they occur",
    card=Card(
        what="The squared distance between two Gram matrices, over $4 C^2 M^2$.",
        why="Texture is what stays when you look elsewhere in the same picture.",
        strengths=(
            "The order of the places does not matter: whole columns may be shuffled.",
            "The two pictures may differ in size.",
        ),
        weaknesses=(
            "It knows second moments only: a cloud with another mean and another shape can cost 0.",
            "Of fourth order: features of twice the size, in both, cost sixteen times as much.",
        ),
        pytorch="(((features @ features.mT - target @ target.mT) ** 2).sum((-2, -1))\n"
        " / (2 * features.shape[-2] * features.shape[-1]) ** 2).mean()",
    ),
    source="gatys2016",
    chapter="style-transfer",
)

# ── Total variation ──────────────────────────────────────────────────────────────────────────────────────────────────

FORMS = ("squared", "power", "absolute")


def _picture(value: ArrayLike) -> Floats:
    array = real("image", value)
    if array.ndim < 2 or min(array.shape[-2:]) < 2:
        raise ValueError(
            f"image must have at least two rows and two columns on its last two axes, got shape {array.shape}"
        )
    return array


def _steps(x: Floats, *, whole: bool) -> tuple[Floats, Floats]:
    """The differences to the right and down. Without `whole`, only where a pixel has both neighbours."""
    with quiet():
        right, down = x[..., :, 1:] - x[..., :, :-1], x[..., 1:, :] - x[..., :-1, :]
    return (right, down) if whole else (right[..., :-1, :], down[..., :, :-1])


def _back(right: Floats, down: Floats, x: Floats) -> Floats:
    """The gradient in the pixels from the slopes in the differences: each is paid out at both its ends."""
    gradient = np.zeros_like(x)
    rows, columns = right.shape[-2], down.shape[-1]
    with quiet():
        gradient[..., :rows, 1:] += right
        gradient[..., :rows, :-1] -= right
        gradient[..., 1:, :columns] += down
        gradient[..., :-1, :columns] -= down
    return gradient


def total_variation(image: ArrayLike, *, form: str = "squared", reduction: str = "mean") -> Floats | float:
    r"""Total variation: how much a picture changes from each pixel to its right and lower neighbours.

    .. math:: \ell = \frac{1}{2} \sum_{i=1}^{H} \sum_{j=1}^{W} \left(h_{ij}^2 + v_{ij}^2\right)

    Here h is the difference to the right neighbour and v to the lower one, both 0 in the last row and column.

    Parameters
    ----------
    image : array_like
        Pixels of shape (…, H, W), at least 2 × 2; every channel counts as a picture of its own.
    form : {"squared", "power", "absolute"}
        The sum above; the sum of (h² + v²)^(5/4); or half the mean of |h| plus half that of |v|, over all differences,
        those along the last row and column too.
    reduction : {"none", "mean", "sum"}
        One loss per channel, their mean, or their sum. Published code takes the sum of the first two forms and the mean
        of the third.

    Returns
    -------
    float or ndarray
        A float, or for "none" an array of the shape of `image` without its last two axes.

    Raises
    ------
    ValueError
        If a picture has fewer than two rows or columns, the form or the reduction is unknown, or "mean" meets an empty
        batch.

    Notes
    -----
    "squared" is that of Johnson's code (which writes down its gradient only), "power" that of the example of Keras,
    "absolute" that of *Dive into deep learning*. The total variation of mathematics, of Rudin et al. (1992), is the sum
    of √(h² + v²): it lets an edge stand that the squares smear. At a difference of 0 the slope of |h| is taken as 0.

    References
    ----------
    Johnson et al. (2016), "Perceptual losses for real-time style transfer and super-resolution", *ECCV*.

    Examples
    --------
    >>> picture = [[0.0, 3.0], [4.0, 0.0]]
    >>> [total_variation(picture, form=form) for form in ("squared", "power", "absolute")]
    [12.5, 55.90169943749474, 3.5]
    """
    _one_of("form", form, FORMS)
    right, down = _steps(_picture(image), whole=form == "absolute")
    places = (-2, -1)
    with quiet():
        if form == "absolute":
            return reduce((np.abs(right).mean(axis=places) + np.abs(down).mean(axis=places)) / 2, reduction)
        squares = np.square(right) + np.square(down)
        return reduce((squares / 2 if form == "squared" else squares**1.25).sum(axis=places), reduction)


def total_variation_grad(image: ArrayLike, *, form: str = "squared", reduction: str = "mean") -> Floats:
    """d total_variation / d image: the differences that arrive at a pixel, less those that leave it.

    Arguments as in `total_variation`.

    >>> total_variation_grad([[0.0, 3.0], [4.0, 0.0]])
    array([[-7.,  3.],
           [ 4.,  0.]])
    """
    x = _picture(image)
    _one_of("form", form, FORMS)
    right, down = _steps(x, whole=form == "absolute")
    with quiet():
        if form == "absolute":
            slopes = [np.sign(steps) / (2 * steps.shape[-2] * steps.shape[-1]) for steps in (right, down)]
        elif form == "power":
            slopes = [2.5 * (np.square(right) + np.square(down)) ** 0.25 * steps for steps in (right, down)]
        else:
            slopes = [right, down]
    return reduce_grad(_back(slopes[0], slopes[1], x), reduction, x[..., 0, 0].size)


TOTAL_VARIATION = Loss(
    value=total_variation,
    grad=total_variation_grad,
    title="total variation loss",
    synonyms=("TV loss", "total variation regulariser", "smoothness penalty"),
    latex=r"\frac{1}{2} \sum_{i=1}^{H} \sum_{j=1}^{W} \left(h_{ij}^2 + v_{ij}^2\right)",
    latex_grad={"image": r"\bar h_{ij} - h_{ij} + \bar v_{ij} - v_{ij}"},
    where=r"$x_{ij}$ is the pixel in row $i$ of $H$ and column $j$ of $W$, $h_{ij} = x_{i,j+1} - x_{ij}$ the step to "
    r"the right from it and $v_{ij} = x_{i+1,j} - x_{ij}$ the step down, both 0 in the last row and column; "
    r"$\bar h_{ij} = h_{i,j-1}$ and $\bar v_{ij} = v_{i-1,j}$ are the steps that arrive, 0 at the edge.",
    arguments={"image": Argument("x", "picture")},
    estimates="a picture of one colour",
    card=Card(
        what="Half the sum of the squared steps from every pixel to its right and its lower neighbour.",
        why="Neighbouring pixels are mostly alike, and grain that filters hardly answer to is cheap.",
        strengths=("Only a picture of one colour is free (the last pixel of all apart).",),
        weaknesses=(
            "An edge that is smeared over two pixels costs half: it blurs.",
            "The sum of squares is one of at least four formulas of that name.",
        ),
        pytorch="((image.diff(dim=-1)[..., :-1, :] ** 2).sum((-2, -1))\n"
        " + (image.diff(dim=-2)[..., :-1] ** 2).sum((-2, -1))).mean() / 2",
    ),
    source="johnson2016",
    chapter="style-transfer",
)
