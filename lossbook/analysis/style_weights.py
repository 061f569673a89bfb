"""What the style losses of published code charge for each layer of VGG, beside the paper's."""

from __future__ import annotations

import numpy as np

from lossbook.core import Floats

CHANNELS = np.array([64, 128, 256, 512, 512])
SHRUNK = np.array([1, 2, 4, 8, 16])
"""Of the five layers that style is read from, VGG's conv1_1 to conv5_1: channels, and by how much the picture's side is
divided on the way there."""

CODES = ("the paper", "its authors' PyTorch", "Johnson, PyTorch's example, d2l", "Keras' example")


def charged(code: str) -> Floats:
    """What a code charges for a layer over what the paper charges, for the same two pictures; one number per layer.

    Weights that a code has by default for each layer are in it, the style weight that a reader sets is not.
    """
    if code == "the paper":
        return np.ones(5)
    if code == "its authors' PyTorch":  # Gram over the places, mean of squares, weights 1000/C²
        return 4 * 1000 / CHANNELS**2
    if code == "Johnson, PyTorch's example, d2l":  # Gram over all features, mean of squares
        return 4 / CHANNELS**2
    if code == "Keras' example":  # the paper's with 3 for the channels and the picture's pixels for the places
        return np.asarray((CHANNELS / 3) ** 2 / SHRUNK**4)
    raise ValueError(f"code must be one of {', '.join(CODES)}, got {code!r}")
