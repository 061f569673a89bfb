r"""A loss of the outline for segmentation: how far from the object's boundary the probability lies."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from lossbook.core import (
    Argument,
    Card,
    Floats,
    Loss,
    check_probability,
    place,
    quiet,
    real,
    reduce,
    reduce_grad,
    same_shape,
    shown,
)
from lossbook.losses._masks import _pictures

__all__ = [
    "BOUNDARY",
    "boundary",
    "boundary_grad",
    "signed_distance",
]


def signed_distance(mask: ArrayLike) -> Floats:
    """Distance of every pixel to the object outside of it, and minus that to its outside less 1 within it.

    Parameters
    ----------
    mask : array_like
        0 or 1, of shape (…, H, W).

    Returns
    -------
    ndarray
        In pixels, from centre to centre, the shape of `mask`: 0 on the pixels of the object at its edge, −1, … further
        in, 1, … outside. 0 everywhere where the mask is empty, as in the authors' code; a mask of ones has no outside
        and is refused.

    Raises
    ------
    ValueError
        If a value is neither 0 nor 1, a mask is all ones, or there is no row or column.

    References
    ----------
    Kervadec et al. (2019), "Boundary loss for highly unbalanced segmentation", *MIDL*.

    Examples
    --------
    >>> signed_distance([[0, 0, 1, 1, 1, 0]])
    array([[ 2.,  1.,  0., -1.,  0.,  1.]])
    """
    from scipy import ndimage

    y = _pictures("mask", real("mask", mask))
    wrong = (y != 0) & (y != 1)
    if wrong.any():
        raise ValueError(f"mask must be 0 or 1, got {shown(y[wrong][0])} at index {place(wrong)}")
    result = np.zeros(y.shape)
    for index in np.ndindex(y.shape[:-2]):
        inside = y[index] == 1
        if inside.all():
            raise ValueError("mask must have a pixel outside of the object, got a picture of ones")
        if inside.any():
            outer, inner = (ndimage.distance_transform_edt(side) for side in (~inside, inside))
            result[index] = np.where(inside, 1.0 - inner, outer)
    return result


def boundary(prediction: ArrayLike, distance: ArrayLike, *, reduction: str = "mean") -> Floats | float:
    r"""Boundary loss: the mean over all pixels of the probability times the signed distance to the object.

    .. math:: \ell = \frac{1}{M} \sum_{i=1}^{M} \phi_i \hat p_i

    Parameters
    ----------
    prediction : array_like
        Predicted probabilities, numbers in [0, 1] of shape (…, H, W).
    distance : array_like
        Signed distances φ of the same shape, below 0 inside of the object: `signed_distance(mask)`.
    reduction : {"none", "mean", "sum"}
        One loss per picture, their mean, or their sum.

    Returns
    -------
    float or ndarray
        In the unit of the distances; below 0 for a good mask. A float, or for "none" an array of the shape of
        `prediction` without its last two axes.

    Raises
    ------
    ValueError
        If a probability is outside [0, 1], the shapes differ, there is no row or column, the reduction is unknown, or
        "mean" meets an empty batch.

    Notes
    -----
    Its slope does not depend on the prediction, and on an empty mask it is 0 with the authors' distances. It is meant
    as a term beside a loss of regions, with a weight that grows while training.

    References
    ----------
    Kervadec et al. (2019), "Boundary loss for highly unbalanced segmentation", *MIDL*.

    Examples
    --------
    >>> boundary([[0.5, 0.0, 1.0, 1.0]], [[2.0, 1.0, 0.0, -1.0]])
    0.0
    """
    p, d = _pictures("prediction", check_probability("prediction", prediction)), real("distance", distance)
    same_shape("prediction", p, "distance", d)
    with quiet():
        return reduce((p * d).mean(axis=(-2, -1)), reduction)


def boundary_grad(prediction: ArrayLike, distance: ArrayLike, *, reduction: str = "mean") -> Floats:
    """d boundary / d prediction: the signed distance by the number of pixels. Arguments as in `boundary`.

    >>> boundary_grad([[0.5, 0.0, 1.0, 1.0]], [[2.0, 1.0, 0.0, -1.0]])
    array([[ 0.5 ,  0.25,  0.  , -0.25]])
    """
    p, d = _pictures("prediction", check_probability("prediction", prediction)), real("distance", distance)
    same_shape("prediction", p, "distance", d)
    slopes = np.where(np.isnan(p), p, d / (p.shape[-2] * p.shape[-1]))
    return reduce_grad(slopes, reduction, p[..., 0, 0].size)


BOUNDARY = Loss(
    value=boundary,
    grad=boundary_grad,
    title="boundary loss",
    synonyms=("distance map loss",),
    latex=r"\frac{1}{M} \sum_{i=1}^{M} \phi_i \hat p_i",
    latex_grad={"prediction": r"\frac{\phi_i}{M}"},
    where=r"$\hat p_i$ is the probability of pixel $i$ of $M$, $\phi_i$ its distance to the object, below 0 inside.",
    arguments={
        "prediction": Argument(r"\hat p", "soft mask"),
        "distance": Argument(r"\phi", "picture", "the signed distance of every pixel to the object"),
    },
    estimates="a mask whose boundary is near that of the object; by itself every pixel that is probable enough",
    card=Card(
        what="The mean of the probability times the signed distance to the object.",
        why="Losses of overlap do not see how far off a pixel is.",
        strengths=("A false alarm costs the more, the farther it is from the object.",),
        weaknesses=(
            "Its slope does not depend on the prediction.",
            "On an empty mask, with the authors' distances, it is 0.",
        ),
        pytorch="(prediction * distance).mean()",
    ),
    source="kervadec2019",
    chapter="segmentation",
)
