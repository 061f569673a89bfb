r"""Style transfer: quick questions first, then exercises on paper, with numbers and with code."""

from __future__ import annotations

import numpy as np

from lossbook.exercises.kinds import Choice, Code, Mistake, Numeric, Option, Paper, case
from lossbook.losses.style import NORMALISATIONS, gram_matrix, style, style_grad, total_variation

# ── Check yourself ───────────────────────────────────────────────────────────────────────────────────────────────────

WHAT_MOVES = Choice(
    "style-transfer-what-moves",
    "What the gradient moves",
    options=[
        Option("the weights of the network", "They are fixed, trained or random. *Fast* style transfer trains others."),
        Option("the pixels of the picture", "The picture is the parameter; the network only looks.", right=True),
        Option("the feature maps", "They are what the loss compares. The gradient passes through them to the pixels."),
        Option("the style picture", "It stays as it is; only its Gram matrices enter."),
    ],
    hints=["What is different after the run?"],
    solution="The pixels. Network and both photographs stay as they are.",
)

GRAM_ENTRY = Numeric(
    "style-transfer-gram-entry",
    "An entry of a Gram matrix",
    answer=float(gram_matrix([[1.0, 0.0, 2.0], [3.0, 1.0, 1.0]])[0, 1]),
    mistakes=[
        Mistake(11, "That is $G_{22}$: channel 2 with itself."),
        Mistake(5 / 3, "You divided by the places. The paper's Gram matrix is a sum."),
        Mistake(5 / 6, "You divided by all features. The paper's Gram matrix is a sum."),
        Mistake(15, "The products are taken place by place and then added, not the sums multiplied."),
        Mistake(8, "All answers added up. Multiply them place by place first."),
        Mistake(0, "Only the second place gives 0. The other two give 3 and 2."),
        Mistake(6, "The products are to be added: $1 \\cdot 3 + 0 \\cdot 1 + 2 \\cdot 1$."),
    ],
    hints=["Place by place: multiply what the two channels answer.", "Then add up over the three places."],
    solution=r"$G_{12} = 1 \cdot 3 + 0 \cdot 1 + 2 \cdot 1 = 5$.",
)

UNNOTICED = Choice(
    "style-transfer-unnoticed",
    "What leaves a Gram matrix alone",
    options=[
        Option(
            "The feature vectors are dealt out to other places.",
            "A sum over places does not know the order.",
            right=True,
        ),
        Option(
            "All answers of all channels change their sign.",
            "Every product of two answers stays. (A ReLU would not let it happen.)",
            right=True,
        ),
        Option(
            "The pixels of the picture are dealt out to other places.",
            "Filters wider than a pixel answer to noise otherwise than to a picture: the feature vectors "
            "themselves change.",
        ),
        Option("Two channels change places.", "Then rows and columns of the matrix change places with them."),
        Option("All answers are doubled.", "Then every entry is four times as large: contrast is noticed."),
    ],
    hints=["Which of these only change the order of the terms of $F_k \\cdot F_j$, or nothing in them?"],
    solution="The first two: $F F^\\top$ is the same for $F Q$ with any orthogonal $Q$, of which a permutation and "
    "$-I$ are examples.",
)

CUTS = Numeric(
    "style-transfer-cuts",
    "How many windows a cut runs through",
    answer=1 - (28 / 32) ** 2,
    mistakes=[
        Mistake((28 / 32) ** 2, "That is the share that no cut touches."),
        Mistake(1 - 28 / 32, "Cuts run in both directions: down *and* across."),
        Mistake(1 - (27 / 32) ** 2, "A window of 5 pixels has $5 - 1 = 4$ starts at which it crosses a given cut."),
        Mistake(
            1 - 27 / 32, "A window of 5 pixels has 4 starts at which it crosses a cut, and cuts run in both directions."
        ),
        Mistake(2 * (1 - 28 / 32), "You counted windows at the corners twice.", tolerance=0.005),
        Mistake((4 / 32) ** 2, "That is the share with a cut in both directions. One is enough."),
    ],
    hints=[
        "In one direction, a window lies inside a tile at $32 - 4$ of 32 places.",
        "It must do so in both directions.",
    ],
    solution=r"Inside a tile lie $(28/32)^2 = 0.766$ of the windows, so $1 - 0.766 = 0.234$ see a cut.",
)

SIZE_FACTOR = Numeric(
    "style-transfer-size-factor",
    "A style weight in another unit",
    answer=1e6 * NORMALISATIONS["size"](128) / NORMALISATIONS["paper"](128),
    mistakes=[
        Mistake(1e6 / 128**2, "The paper's loss has a 4 in its denominator, a mean of squares has not."),
        Mistake(4e6, "That is for a Gram matrix divided by the places alone. This one is divided by the channels too."),
        Mistake(4e6 / 128, "The Gram matrix is squared in the loss, and so is its divisor."),
        Mistake(
            1e6 * 128**2 / 4, "The other way round: dividing by more makes the loss smaller, so the weight counts less."
        ),
        Mistake(250_000 / 128**2, "The 4 multiplies: the paper's loss is a *quarter* of the mean of squares."),
        Mistake(1e6, "It would, if both were divided by the same. What are they divided by?"),
    ],
    hints=[
        "Write both losses as a number times the squared distance of $G/M$ and $A A^\\top/M$.",
        r"The paper's number is $1/(4C^2)$, the other's is $1/C^4$.",
    ],
    solution=r"The ratio is $4/C^2 = 4/16384$, so $10^6$ there is worth $244$ here.",
)

ZERO = Choice(
    "style-transfer-zero",
    "A style loss of zero",
    options=[
        Option("The pictures are the same.", "Any picture with these feature vectors in another order would do too."),
        Option(
            "Their feature vectors have the same distribution.",
            "The same *second moments*. Two heaps and a ring can have them in common.",
        ),
        Option(
            "Their feature vectors have the same mean and the same covariance.",
            "Only mean and covariance *together* are fixed: $G/M$ is the covariance plus the product of the mean with "
            "itself. More of one, less of the other.",
        ),
        Option("Their feature vectors have the same second moments.", "That and no more.", right=True),
    ],
    hints=["What is $G/M$, as a mean over the feature vectors?"],
    solution="The same second moments, the means of $f f^\\top$. Neither means nor distributions need agree.",
)

SPECKS = Choice(
    "style-transfer-specks",
    "Diagnose: a good loss and a bad file",
    options=[
        Option(
            "The filters are too narrow.",
            "Then coarse shapes would be missing in both, and the file would cost no more.",
        ),
        Option(
            "The picture left the range from 0 to 1, and saving cut it off.",
            "The loss never saw the picture that you saw. Cut off and measure again, or keep the pixels in range.",
            right=True,
        ),
        Option(
            "The weight of the content is too large.",
            "That would show in the style loss before saving.",
        ),
        Option("The learning rate was too large.", "Then the loss would not have come down so far."),
    ],
    hints=["What happens to a pixel of 1.2 when it is written to a file?"],
    solution="Nothing in the loss keeps a pixel between 0 and 1; a file does. What is cut off changes the picture. The "
    "remedy is to measure after cutting, to penalise, or to use an optimiser with bounds.",
)

# ── Exercises ────────────────────────────────────────────────────────────────────────────────────────────────────────

BY_HAND = Numeric(
    "style-transfer-by-hand",
    "A style loss by hand",
    answer=float(style([[1.0, 2.0], [0.0, 3.0]], [[1.0, 2.0], [3.0, 0.0]])),
    mistakes=[
        Mistake(18, "That is the sum of squares. The paper divides it by $4 C^2 M^2$."),
        Mistake(18 / 16, "The 4 is missing in the denominator: $4 C^2 M^2$."),
        Mistake(9 / 64, "Both entries beside the diagonal differ: count the second one too."),
        Mistake(18 / 4 / 16 / 4, "Divide by $4 C^2 M^2 = 4 \\cdot 4 \\cdot 4$ once."),
        Mistake(9, "That is the content loss, which compares place by place."),
        Mistake(18 / 4, "$C^2 M^2 = 16$ is missing in the denominator."),
        Mistake(0, "The diagonals agree. Beside them stand 6 and 3."),
        Mistake(36 / 64, "Two entries differ, by 3 each: $9 + 9 = 18$, not $(3 + 3)^2$."),
        Mistake(3 / 32, "The differences are to be squared."),
    ],
    hints=[
        r"The Gram matrix of $F$ has $5$ and $9$ on the diagonal and $6$ beside it.",
        r"That of $A$ has $5$, $9$ and $3$. Two entries differ, by 3 each.",
    ],
    solution=r"$G = \begin{pmatrix}5&6\\6&9\end{pmatrix}$, $A A^\top = \begin{pmatrix}5&3\\3&9\end{pmatrix}$, so "
    r"the sum "
    r"of squares is $2 \cdot 3^2 = 18$, and $18/(4 \cdot 2^2 \cdot 2^2) = 0.28125$.",
)

FROM_MSE = Numeric(
    "style-transfer-content-from-mse",
    "From a mean to the paper's content loss",
    answer=0.02 * 64 * 900 / 2,
    mistakes=[
        Mistake(0.02 * 64 * 900, "That is the sum. The paper takes half of it."),
        Mistake(0.02 * 900, "The mean is over channels *and* places, and the paper takes half of the sum."),
        Mistake(0.02 * 64, "The mean is over the places too, and the paper takes half of the sum."),
        Mistake(0.02 / 2, "A mean becomes a sum when it is multiplied by how many terms it has."),
        Mistake(0.02 * 900 / 2, "The mean is over channels *and* places."),
        Mistake(0.02 * 64 / 2, "A mean over everything: the places count too, not the channels alone."),
        Mistake(0.02 * 64 * 30 / 2, "A map of 30 by 30 has 900 places."),
        Mistake(0.02 * 2 / 57600, "You went the other way: from a sum to a mean."),
    ],
    hints=["How many numbers does the map hold?", "A mean times their number is the sum; the paper takes half of it."],
    solution=r"The map holds $64 \cdot 30 \cdot 30 = 57\,600$ numbers, so the sum is $0.02 \cdot 57\,600 = 1152$ "
    r"and half "
    "of it 576.",
)


def second_moments(features):
    """The Gram matrix of an array of shape (channels, height, width), over the number of places."""
    rows = features.reshape(len(features), -1)
    return rows @ rows.T / rows.shape[1]


def _summed(features):
    rows = features.reshape(len(features), -1)
    return rows @ rows.T


def _by_all(features):
    rows = features.reshape(len(features), -1)
    return rows @ rows.T / rows.size


def _covariance(features):
    rows = features.reshape(len(features), -1)
    rows = rows - rows.mean(axis=1, keepdims=True)
    return rows @ rows.T / rows.shape[1]


def _places(features):
    rows = features.reshape(len(features), -1)
    return rows.T @ rows / rows.shape[1]


def _scrambled(features):
    columns = features.reshape(-1, len(features))
    return columns.T @ columns / len(columns)


def _by_width(features):
    rows = features.reshape(len(features), -1)
    return rows @ rows.T / features.shape[2]


def _by_height(features):
    rows = features.reshape(len(features), -1)
    return rows @ rows.T / features.shape[1]


def _numpy_cov(features):
    return np.cov(features.reshape(len(features), -1))


def _by_channels(features):
    rows = features.reshape(len(features), -1)
    return rows @ rows.T / len(rows)


WIDE = [[[1.0, 2.0, 0.5], [0.0, 3.0, 1.0]], [[0.0, 1.0, -2.0], [4.0, -1.0, 1.0]]]
TWO = [[[1.0, 2.0], [0.0, 3.0]], [[0.0, 1.0], [4.0, -1.0]]]
THREE = [[[1.0, 0.5, 2.0]], [[0.0, 3.0, 1.0]], [[2.0, 2.0, -1.0]]]

MOMENTS_CODE = Code(
    "style-transfer-gram-code",
    "Write the Gram matrix",
    reference=second_moments,
    cases=[case([[[1.0, 2.0]], [[0.0, 3.0]]]), case(WIDE), case(TWO), case(THREE)],
    mistakes=[
        Mistake(_by_width, "You divided by the width. The places are height times width."),
        Mistake(_by_height, "You divided by the height. The places are height times width."),
        Mistake(_numpy_cov, "`np.cov` subtracts the mean and divides by one less. A Gram matrix does neither."),
        Mistake(_summed, "Divide by the number of places, height times width."),
        Mistake(_by_all, "You divided by all features. Asked is the number of places alone."),
        Mistake(_by_channels, "You divided by the number of channels. Divide by the number of places."),
        Mistake(_covariance, "No mean is subtracted: a Gram matrix is no covariance."),
        Mistake(_places, "You compared places with places. The matrix has one row and column for each *channel*."),
        Mistake(
            _scrambled,
            "`reshape` does not move an axis. Keep the channels in front: `features.reshape(len(features), -1)`.",
        ),
    ],
    hints=[
        "Make a matrix of it first: a row for each channel, a column for each place.",
        "`rows @ rows.T` has the products of every two channels, summed over the places.",
    ],
)


def style_slope(features, target):
    """The gradient of the paper's style loss in `features`; both of shape (channels, places)."""
    channels, places = features.shape
    excess = features @ features.T - target @ target.T
    return excess @ features / (channels * places) ** 2


def _slope_quarter(features, target):
    return style_slope(features, target) / 4


def _slope_four(features, target):
    return 4 * style_slope(features, target)


def _slope_half(features, target):
    return style_slope(features, target) / 2


def _slope_sign(features, target):
    return -style_slope(features, target)


def _slope_target(features, target):
    channels, places = features.shape
    excess = features @ features.T - target @ target.T
    return excess @ target / (channels * places) ** 2


def _slope_sum(features, target):
    return (features @ features.T - target @ target.T) @ features


def _slope_once(features, target):
    return style_slope(features, target) * features.size


def _slope_channels(features, target):
    return style_slope(features, target) * features.shape[1] ** 2


def _slope_places(features, target):
    return style_slope(features, target) * features.shape[0] ** 2


def _slope_difference(features, target):
    return (features @ features.T - target @ target.T) @ (features - target) / features.size**2


def _slope_double(features, target):
    return 2 * style_slope(features, target)


def _slope_content(features, target):
    return features - target


F = [[1.0, 2.0, 0.0], [0.0, 3.0, 1.0]]
A = [[1.0, 0.0, 0.0], [2.0, 1.0, 1.0]]

SLOPE_CODE = Code(
    "style-transfer-slope-code",
    "Write the gradient of the style loss",
    reference=style_slope,
    equals=style_grad,
    cases=[
        case([[2.0]], [[1.0]]),
        case(F, A),
        case([[1.0, 2.0], [0.5, 0.0], [3.0, 1.0]], [[0.0, 1.0], [1.0, 1.0], [2.0, 0.0]]),
    ],
    mistakes=[
        Mistake(
            _slope_quarter,
            "A quarter is too little: the square brings 2, and every channel stands in two factors, which brings "
            "2 more.",
        ),
        Mistake(
            _slope_four,
            "Four times too much: the 4 in the paper's denominator cancels once with what the square brings.",
        ),
        Mistake(_slope_half, "Half is missing: $F_k$ stands in row $k$ of $G$ *and* in column $k$."),
        Mistake(_slope_sign, "The sign: where $G$ is too large, a step down must make the features smaller."),
        Mistake(_slope_target, "The difference multiplies the features that you may move, $F$, not $A$."),
        Mistake(_slope_sum, "The division by $C^2 M^2$ is missing."),
        Mistake(_slope_double, "Twice too much: the square brings 2 and the two factors 2, and the 4 cancels both."),
        Mistake(_slope_once, "Divide by $CM$ *squared*."),
        Mistake(_slope_channels, "$M^2$ is missing in the denominator: $C^2 M^2$."),
        Mistake(_slope_places, "$C^2$ is missing in the denominator: $C^2 M^2$."),
        Mistake(_slope_difference, "The difference of the Gram matrices multiplies the features themselves, $F$."),
        Mistake(_slope_content, "That is the gradient of the *content* loss."),
    ],
    hints=[
        r"With $E = F F^\top - A A^\top$ the loss is the sum of squares of $E$ over $4 C^2 M^2$.",
        r"The gradient of the sum of squares is $4 E F$, since $E$ is symmetric.",
    ],
)


def roughness(image):
    """Half the sum of squared steps to the right and down, from every pixel that has both neighbours."""
    here = image[:-1, :-1]
    right, down = image[:-1, 1:] - here, image[1:, :-1] - here
    return float(np.sum(right**2 + down**2) / 2)


def _all_steps(image):
    return float((np.sum((image[:, 1:] - image[:, :-1]) ** 2) + np.sum((image[1:] - image[:-1]) ** 2)) / 2)


def _no_half(image):
    return 2 * roughness(image)


def _one_way(image):
    return float(np.sum((image[:-1, 1:] - image[:-1, :-1]) ** 2) / 2)


def _other_way(image):
    return float(np.sum((image[1:, :-1] - image[:-1, :-1]) ** 2) / 2)


def _backwards(image):
    return roughness(image[::-1, ::-1])


def _all_doubled(image):
    return 2 * _all_steps(image)


def _absolute(image):
    here = image[:-1, :-1]
    return float(np.sum(np.abs(image[:-1, 1:] - here) + np.abs(image[1:, :-1] - here)) / 2)


def _wrapped(image):
    right, down = np.roll(image, -1, axis=1) - image, np.roll(image, -1, axis=0) - image
    return float(np.sum(right**2 + down**2) / 2)


def _mean(image):
    return roughness(image) / ((len(image) - 1) * (len(image[0]) - 1))


def _lengths(image):
    here = image[:-1, :-1]
    return float(np.sum(np.sqrt((image[:-1, 1:] - here) ** 2 + (image[1:, :-1] - here) ** 2)))


ROUGHNESS = Code(
    "style-transfer-variation-code",
    "Write a total variation",
    reference=roughness,
    equals=total_variation,
    cases=[
        case([[0.0, 3.0], [4.0, 1.0]]),
        case([[0.0, 0.0, 1.0], [0.0, 2.0, 1.0], [5.0, 0.0, -1.0]]),
        case([[0.0, 0.5, 1.0, 1.0], [0.0, 0.5, 1.0, 3.0]]),
    ],
    mistakes=[
        Mistake(_no_half, "The factor ½ is missing."),
        Mistake(_one_way, "The steps down are missing."),
        Mistake(_other_way, "The steps to the right are missing."),
        Mistake(_backwards, "Those are the steps to the left and up. Asked are those to the right and down."),
        Mistake(_all_doubled, "The ½ is missing, and only pixels with *both* neighbours count."),
        Mistake(
            _all_steps,
            "You took the steps along the last row and column too. Only pixels with *both* neighbours count.",
        ),
        Mistake(_wrapped, "`np.roll` compares the last pixel with the first. A picture has an edge."),
        Mistake(_absolute, "The steps are to be squared."),
        Mistake(_mean, "Asked is half the *sum*, not the mean."),
        Mistake(_lengths, "That is the total variation of mathematics, with roots. Asked are the squares."),
    ],
    hints=[
        "`image[:-1, :-1]` are the pixels that have both neighbours.",
        "Their right neighbours are `image[:-1, 1:]`, the lower ones `image[1:, :-1]`.",
    ],
)


def style_distance(features, target):
    """Mean squared difference of the Gram matrices over places of two maps of shape (channels, height, width)."""
    rows = [maps.reshape(len(maps), -1) for maps in (features, target)]
    grams = [row @ row.T / row.shape[1] for row in rows]
    return float(np.mean((grams[0] - grams[1]) ** 2))


def broken_distance(features, target):
    """Mean squared difference of the Gram matrices over places of two maps of shape (channels, height, width)."""
    rows = [maps.reshape(-1, len(maps)).T for maps in (features, target)]
    grams = [row @ row.T / row.shape[1] for row in rows]
    return float(np.mean((grams[0] - grams[1]) ** 2))


def _distance_summed(features, target):
    rows = [maps.reshape(len(maps), -1) for maps in (features, target)]
    grams = [row @ row.T for row in rows]
    return float(np.mean((grams[0] - grams[1]) ** 2))


def _distance_total(features, target):
    return len(features) ** 2 * style_distance(features, target)


def _distance_places(features, target):
    rows = [maps.reshape(len(maps), -1).T for maps in (features, target)]
    grams = [row @ row.T / row.shape[1] for row in rows]
    return float(np.mean((grams[0] - grams[1]) ** 2))


BUG = Code(
    "style-transfer-find-the-bug",
    "Find the bug in this style loss",
    reference=style_distance,
    starter=broken_distance,
    cases=[
        case(TWO, [[[0.0, 1.0], [1.0, 0.0]], [[2.0, 0.0], [1.0, 1.0]]]),
        case(THREE, [[[0.0, 0.0, 1.0]], [[1.0, 0.0, 1.0]], [[1.0, 2.0, 0.0]]]),
    ],
    mistakes=[
        Mistake(_distance_summed, "The bug is gone, and so is the division by the places."),
        Mistake(_distance_total, "The bug is gone. But you add up where the mean over all entries was asked for."),
        Mistake(
            _distance_places,
            "Now places are compared with places: for two maps of other sizes it would fail. Channels belong in "
            "the rows.",
        ),
    ],
    hints=[
        "Print `rows[0]` for a map whose channels are all zeros and all ones. What should its rows be?",
        "`reshape(-1, C)` cuts the numbers in the order in which they lie in memory, channel after channel.",
    ],
    solution="The channels come first in memory, so `reshape(-1, C)` fills its rows with pieces of *one* channel. The "
    "author's test had equal maps, which cost 0 under any scrambling. Keep the first axis: `reshape(len(maps), -1)`.",
)

KERNEL = Paper(
    "style-transfer-kernel",
    "The kernel of the Gram matrix",
    hints=[
        r"Write $(f \cdot g)^2$ as a sum over two indices.",
        r"What is the mean over $f$ of $f_k f_j$, in terms of $G$?",
    ],
    solution=r"$(f \cdot g)^2 = \sum_{k,j} f_k f_j g_k g_j$. The mean over both clouds is $\sum_{k,j} S_{kj} "
    r"R_{kj}$ with "
    r"$S = G/M$ and $R$ the same of the other cloud. The three means add up to $\sum (S_{kj}^2 + R_{kj}^2 - 2 S_{kj} "
    r"R_{kj}) = \sum (S_{kj} - R_{kj})^2$. *With* $(1 + f \cdot g)^2$ instead, $1 + 2 f \cdot g + (f \cdot g)^2$ "
    r"adds twice "
    "the squared distance of the means: then the means have to agree as well.",
)

CONTRAST = Numeric(
    "style-transfer-half-contrast",
    "Half the contrast",
    answer=(0.5**2 - 1) ** 2,
    mistakes=[
        Mistake(
            (0.5 - 1) ** 2, "That is the *content* loss, in units of a blank sheet. Gram matrices carry the square."
        ),
        Mistake(0.5**4, "That is what is left of $\\lVert G \\rVert^2$. The loss is the squared *difference*."),
        Mistake(1 - 0.5**4, "That is a difference of squares. The loss is the square of the difference."),
        Mistake(0.5, "The answers are halved; the Gram matrix has products of two of them."),
        Mistake(0.75, "The difference of the Gram matrices is $-0.75\\,G$. The loss squares it."),
        Mistake((2**2 - 1) ** 2, "That is twice the contrast."),
    ],
    hints=["All answers are halved. What becomes of $G$?", r"The difference is $(\tfrac14 - 1)\, G$."],
    solution=r"$G$ becomes $G/4$, so the loss is $(\tfrac14 - 1)^2 = 0.5625$ of a blank sheet's, whose $G$ is 0.",
)
