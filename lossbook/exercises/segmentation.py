r"""Segmentation: quick questions first, then exercises on paper, with numbers and with code."""

from __future__ import annotations

import math

import numpy as np

from lossbook.core import Floats
from lossbook.exercises.kinds import Choice, Code, Mistake, Numeric, Option, Paper, case
from lossbook.losses.lovasz import lovasz_hinge
from lossbook.losses.overlap import dice, jaccard

# ── Check yourself ───────────────────────────────────────────────────────────────────────────────────────────────────

DICE_BY_HAND = Numeric(
    "segmentation-dice-by-hand",
    "A Dice coefficient by hand",
    answer=1 - float(dice([[1, 1, 1, 1, 1, 1, 0, 0]], [[0, 0, 0, 1, 1, 1, 1, 0]])),
    mistakes=[
        Mistake(3 / 7, "That is Jaccard, the common pixels by the *union*. Dice divides by both sizes added up."),
        Mistake(0.3, "The common pixels count twice: they stand in both sizes."),
        Mistake(0.4, "That is the Dice *loss*. The coefficient is one less it."),
        Mistake(4 / 7, "That is the Jaccard loss."),
        Mistake(0.5, "That is the precision: of the predicted pixels half are right."),
        Mistake(0.75, "That is the recall: three of the four true pixels are found."),
        Mistake(6 / 7, "Twice the overlap, but by the union. Dice divides by the two sizes added up."),
        Mistake(6 / 13, "The denominator is the sum of both sizes; the common pixels are not counted a third time."),
        Mistake(0.625, "That is the mean of precision and recall. Dice is their *harmonic* mean."),
    ],
    hints=["Twice the common pixels, by the sum of both sizes.", "$2 \\cdot 3 / (6 + 4)$."],
    solution=r"$D = \frac{2 \cdot 3}{6 + 4} = 0.6$.",
)

FROM_DICE = Numeric(
    "segmentation-jaccard-from-dice",
    "From Dice to Jaccard",
    answer=0.8 / (2 - 0.8),
    mistakes=[
        Mistake(1.6 / 1.8, "That goes the other way: $2J/(1 + J)$ makes a Dice of a Jaccard."),
        Mistake(0.4, "It is not the half: $J = D/(2 - D)$."),
        Mistake(0.8, "They are equal only at 0 and at 1."),
        Mistake(1 / 3, "That is the Jaccard *loss*."),
        Mistake(0.2, "That is the Dice loss."),
        Mistake(0.8 / 1.8, "The denominator is $2 - D$, not $1 + D$."),
        Mistake(0.64, "It is not the square."),
        Mistake(4.0, "That is $D/(1 - D)$. The denominator is $2 - D$."),
        Mistake(1.2, "That is the denominator $2 - D$ alone."),
        Mistake(0.2 / 1.8, "You went the other way, and took the loss: $2J/(1 + J)$ makes a Dice of a Jaccard."),
    ],
    hints=["$J = D/(2 - D)$."],
    solution=r"$J = \frac{0.8}{2 - 0.8} = \frac23$.",
)

EMPTY = Choice(
    "segmentation-empty-mask",
    "An empty mask",
    options=[
        Option(
            "The loss is 1 and its gradient 0.",
            "The overlap is 0 for every prediction, so the quotient is 0 for every prediction.",
            right=True,
        ),
        Option("The loss is 0, since nothing was missed.", "That would need ε above *and* below, and large."),
        Option("The loss is 1 and pushes every pixel down.", "It is 1 for *every* prediction above 0: a flat place."),
        Option("The loss is NaN.", "Only where all predictions are exactly 0 too."),
    ],
    hints=["What is $I$? And $1 - 2I/S$, if $S > 0$?"],
    solution="Without ε the picture costs 1, whatever is predicted, and teaches nothing. With ε above and below it "
    "pushes the predictions down.",
)

PRIOR = Numeric(
    "segmentation-prior-bias",
    "A bias for a start",
    answer=math.log(0.05 / 0.95),
    unit="nats",
    mistakes=[
        Mistake(math.log(0.05), "That is the logarithm of the probability. The sigmoid wants the log-*odds*."),
        Mistake(math.log(0.95 / 0.05), "The sign is turned: this start says 95 %."),
        Mistake(-math.log(0.05), "The sigmoid wants the log-*odds*, and below ½ they are below 0."),
        Mistake(math.log(0.95), "That is the logarithm of the ground's share. The sigmoid wants the log-*odds*."),
        Mistake(0.05 / 0.95, "Those are the odds. The bias is their logarithm."),
        Mistake(-4.595, "That is the bias for 1 %, as in RetinaNet."),
        Mistake(0.05, "A bias of 0.05 is a probability of a little more than ½."),
        Mistake(1 / (1 + math.exp(-0.05)), "You took the sigmoid. It has to be undone: which $s$ gives 0.05?"),
        Mistake(0, "A bias of 0 says ½ in every pixel."),
        Mistake(-0.95, "The bias goes through a sigmoid: $\\sigma(s) = 0.05$."),
        Mistake(19, "Those are the odds *against*. The bias is the logarithm of the odds *for*."),
    ],
    hints=[r"Solve $\sigma(s) = 0.05$.", r"$s = \log\frac{0.05}{0.95}$."],
    solution=r"$s = \log\frac{0.05}{0.95} = -2.944$.",
)

CUT = Numeric(
    "segmentation-threshold",
    "Where Dice cuts",
    answer=0.64 / 2,
    mistakes=[
        Mistake(0.5, "½ is right for the share of wrong pixels. Dice cuts at half of *its best value*."),
        Mistake(0.64, "Half of it."),
        Mistake(0.36, "That is the best loss. Half of the best *coefficient* is wanted."),
        Mistake(0.18, "That is half of the best *loss*. Take the coefficient."),
        Mistake(0.64 / (2 - 0.64), "That is the Jaccard index of the same mask."),
        Mistake(2 * 0.64 / 1.64, "That makes a Dice of a Jaccard of 0.64. The 0.64 is a Dice already: halve it."),
        Mistake(0.64 / (2 - 0.64) / 2, "That is half of the Jaccard index. Half of the best *Dice* is wanted."),
        Mistake(0.82, "That is one less half of the best *loss*. Half of the best coefficient is wanted."),
        Mistake(0.68, "From 0.32 on a pixel is taken; 0.68 is one less it."),
        Mistake(0.8, "It is not the root. A pixel is worth taking if $2q > D$."),
    ],
    hints=["A pixel adds $2q$ above and 1 below. When does the quotient grow?"],
    solution="A pixel raises $D$ as long as $2q > D$. At the best mask the cut is half of its Dice, $0.32$.",
)

STILL = Choice(
    "segmentation-who-still-pulls",
    "Sure, and wrong",
    options=[
        Option(
            "Dice, linear denominator",
            r"Its slope in the logit carries the factor $\hat p(1 - \hat p)$, which is nearly 0.",
        ),
        Option(
            "Dice, squared denominator",
            r"Its slope in the logit carries the factor $\hat p(1 - \hat p)$, which is nearly 0.",
        ),
        Option(
            "the Lovász hinge",
            "It is a hinge of the logit: the slopes of the whole picture add up to 1 here.",
            right=True,
        ),
        Option(
            "cross-entropy, the mean over all pixels",
            "Each object pixel has the largest slope there is, nearly 1. But it is divided by all 1,024 pixels.",
        ),
    ],
    hints=["Look at the sums in the readout of the maps, at the stage where nothing was found."],
    solution="The Lovász hinge: its slopes add up to 1. Those of cross-entropy add up to 0.009, those of Dice to "
    "0.0003.",
)

# ── Exercises ────────────────────────────────────────────────────────────────────────────────────────────────────────

RANKING = Paper(
    "segmentation-two-indices",
    "Dice and Jaccard",
    hints=[
        "Write both with $I$ and $S$ alone; the union is $S - I$.",
        "Is $D \\mapsto D/(2 - D)$ increasing?",
        "For averages take one perfect picture and one of Dice $\\frac23$.",
    ],
    solution=r"""With $I$ the common pixels and $S$ both sizes added up, $D = 2I/S$ and $J = I/(S - I)$. Divide above
and below by $S$ and put $I/S = D/2$:

$$
J = \frac{D/2}{1 - D/2} = \frac{D}{2 - D} .
$$

Its derivative is $2/(2 - D)^2 > 0$, so of two masks *of one picture* the better one is the same under both. (*Assumed*:
the two are not both empty, or there is no quotient.)

For averages it fails, since the function is curved. A picture with $D = 1$ and one with $D = \frac23$ have $J = 1$ and
$J = \frac12$: the mean of $J$ is $0.75$. From the mean $\frac56$ of $D$ one would get $\frac56 / \frac76 = 0.714$.""",
)

HALF = Paper(
    "segmentation-half-the-best",
    "Half the best Dice",
    hints=[
        r"In a large picture $D(A) = 2 \sum_{i \in A} q_i \,/\, (|A| + \sum_i q_i)$. What did you assume?",
        r"Add one pixel to $A$. When is $(a + 2q)/(b + 1) > a/b$?",
        "Then do the same with $(1 - \\alpha - \\beta) I + \\alpha |A| + \\beta \\sum_i q_i$ below.",
    ],
    solution=r"""Let pixel $i$ belong to the object with probability $q_i$, *independently*, and let there be *so many
pixels that every sum is as good as its expectation*. For a mask $A$

$$
D(A) = \frac{2 \sum_{i \in A} q_i}{|A| + \sum_i q_i} = \frac ab .
$$

One pixel more makes it $(a + 2q)/(b + 1)$, which is larger exactly if $2q > a/b = D(A)$. At the best mask no pixel can
be added or taken away with gain: those with $q > D^*/2$ are in and those with $q < D^*/2$ are out (one pixel changes
$D$ by next to nothing). Since $D^* \le 1$, the cut is at most $\frac12$.

For Tversky's index with $\alpha + \beta = 1$ the denominator is $\alpha |A| + \beta \sum_i q_i$, and a pixel is worth
taking if $q > \alpha\, T^*$. In a *small* picture the mean of the quotient is not the quotient of the means, and the
cut moves: for one certain pixel and one uncertain it is $\frac12$ exactly.""",
)

BATCH = Numeric(
    "segmentation-batch-or-image",
    "Two pictures, one loss",
    answer=(0.1 + 0.8) / 2,
    mistakes=[
        Mistake(1 - 2 * 91 / 210, "That is one quotient for the whole batch: the large picture drowns the small one."),
        Mistake(0.9, "That is the sum of the two losses. The mean was asked for."),
        Mistake(0.55, "That is the mean Dice *coefficient*. The loss is one less it."),
        Mistake(2 * 91 / 210, "That is the coefficient, and of the batch."),
        Mistake(1.1, "Those are the two *coefficients*, added up. The mean loss was asked for."),
        Mistake(-0.55, "That is minus the coefficient. The loss is one less the coefficient."),
        Mistake(0.1, "That is the large picture alone."),
        Mistake(0.8, "That is the small picture alone."),
        Mistake((1 - 90 / 110 + 1 - 1 / 9) / 2, "That is the mean *Jaccard* loss."),
    ],
    hints=["The large picture: $2 \\cdot 90/200$. The small one: $2 \\cdot 1/10$.", "Now average the two losses."],
    solution=r"$1 - \frac{180}{200} = 0.1$ and $1 - \frac{2}{10} = 0.8$, on average $0.45$. One quotient for the batch "
    r"would be $1 - \frac{2 \cdot 91}{210} = 0.133$.",
)

LOVASZ_BY_HAND = Numeric(
    "segmentation-lovasz-by-hand",
    "A Lovász hinge by hand",
    answer=float(lovasz_hinge([[2.0, -1.0, 0.5]], [[1, 1, 0]])),
    mistakes=[
        Mistake(2 * (1 - 1 / 3), "That is the value for scores of ±1. Here the errors are 2 and 1.5."),
        Mistake(2 / 3, "That is the Jaccard loss of the mask $s > 0$. Each step is weighted with its error."),
        Mistake(3.5, "You added up the errors. Each is weighted with a step of the Jaccard loss."),
        Mistake(
            3.5 / 3,
            "That is the mean of the hinges, pixel by pixel, or you began with the smaller error. The largest goes "
            "first, and each is weighted with the *growth* of the Jaccard loss.",
        ),
        Mistake(
            2 * 0.5 + 1.5 * 2 / 3,
            "The second pixel counts with the *growth* $\\frac23 - \\frac12$, not with $\\frac23$.",
        ),
        Mistake(1, "That is the first pixel alone. The third one is wrong too."),
        Mistake(1.25 - 1 / 3, "The first pixel has a margin above 1: it costs 0, not less than 0."),
        Mistake(1 / 2 + 0.5 / 6, "The errors are $1 - z s$, here 2 and 1.5. You left out the 1."),
        Mistake(1.5, "That is the error of the third pixel. Each error is weighted with a step of the Jaccard loss."),
        Mistake(0.25, "That is the third pixel alone, $1.5 \\cdot \\frac16$."),
        Mistake(2 * 0.5 + 1.5 * 0.5, "The second step is $\\frac23 - \\frac12$: the union grows with a false alarm."),
    ],
    hints=[
        "The errors are −1, 2 and 1.5: the second pixel goes first, then the third.",
        "Second pixel wrong: one of two is left, $\\bar J = \\frac12$. Third one too: union 3, $\\bar J = \\frac23$.",
    ],
    solution=r"$2 \cdot \frac12 + 1.5 \cdot \left(\frac23 - \frac12\right) = 1.25$; the first pixel has a margin above "
    "1 and costs nothing.",
)

NOTHING = Choice(
    "segmentation-diagnose-nothing",
    "A low loss and nothing found",
    options=[
        Option(
            "The loss is wrong: a loss of 0.02 means that training is done.",
            "1 % everywhere costs 0.056 already, so 0.02 is not far from it: the mean hides the rare pixels.",
        ),
        Option(
            "Look at probabilities at a lower cut, train longer or start at the prior.",
            "No pixel has reached ½ yet; the order of the pixels may be good already.",
            right=True,
        ),
        Option(
            "The network is too small to see the objects.",
            "First look whether the objects have *higher* probabilities than the ground. In the run they have.",
        ),
        Option("Empty pictures should be removed.", "They are pictures too; the rare pixels are what is slow."),
    ],
    hints=["What is the mean cross-entropy of 1 % in every pixel, if 1 % of the pixels are of the object?"],
    solution="At 1 % foreground the best *constant* costs the entropy, 0.056 nats. A loss of 0.02 is below it: the "
    "network tells pixels apart already, though none has reached ½. So look at recall, and at a lower cut.",
)


def soft_dice(probability: np.ndarray, mask: np.ndarray, smooth: float) -> np.ndarray:
    """One Dice loss per picture; both arrays have the shape (N, H, W).

    The denominator is linear; smooth is added above and below.
    """
    overlap = np.sum(probability * mask, axis=(1, 2))
    sizes = np.sum(probability + mask, axis=(1, 2))
    return 1 - (2 * overlap + smooth) / (sizes + smooth)


def _dice(probability: np.ndarray, mask: np.ndarray, smooth: float) -> Floats | float:
    return dice(probability, mask, smooth=smooth, reduction="none")


PICTURES = [[[0.6, 0.2], [0.2, 0.1]], [[0.9, 0.4], [0.3, 0.0]], [[0.1, 0.0], [0.2, 0.1]]]
MASKS = [[[1.0, 0.0], [0.0, 0.0]], [[1.0, 1.0], [0.0, 0.0]], [[0.0, 0.0], [0.0, 0.0]]]


def _parts(probability: np.ndarray, mask: np.ndarray) -> tuple[Floats, Floats]:
    return np.sum(probability * mask, axis=(1, 2)), np.sum(probability + mask, axis=(1, 2))


DICE_CODE = Code(
    "segmentation-dice-code",
    "Write the Dice loss",
    reference=soft_dice,
    equals=_dice,
    cases=[
        case(PICTURES[:1], MASKS[:1], 0.0),
        case(PICTURES, MASKS, 1.0),
        case(PICTURES, MASKS, 0.1),
        case([[[1e-8, 0.0], [0.0, 0.0]]], MASKS[2:], 1e-8),
    ],
    mistakes=[
        Mistake(
            lambda probability, mask, smooth: (
                1 - (2 * np.sum(probability * mask) + smooth) / (np.sum(probability + mask) + smooth)
            ),
            "That is one quotient for the whole batch. One loss per picture was asked for: sum over `axis=(1, 2)`.",
        ),
        Mistake(
            lambda probability, mask, smooth: (
                1 - 2 * _parts(probability, mask)[0] / (_parts(probability, mask)[1] + smooth)
            ),
            "`smooth` is only below. On the empty mask the loss is then 1 for every prediction.",
        ),
        Mistake(
            lambda probability, mask, smooth: (
                1
                - (2 * _parts(probability, mask)[0] + smooth) / (np.sum(probability**2 + mask**2, axis=(1, 2)) + smooth)
            ),
            "That is the squared denominator, V-Net's.",
        ),
        Mistake(
            lambda probability, mask, smooth: (
                1
                - (_parts(probability, mask)[0] + smooth)
                / (_parts(probability, mask)[1] - _parts(probability, mask)[0] + smooth)
            ),
            "That is the Jaccard loss: the overlap by the union.",
        ),
        Mistake(
            lambda probability, mask, smooth: (
                (2 * _parts(probability, mask)[0] + smooth) / (_parts(probability, mask)[1] + smooth)
            ),
            "That is the coefficient. The loss is one less it.",
        ),
        Mistake(
            lambda probability, mask, smooth: (
                -(2 * _parts(probability, mask)[0] + smooth) / (_parts(probability, mask)[1] + smooth)
            ),
            "That is minus the coefficient: the same gradient, but the loss was to be one less the coefficient.",
        ),
        Mistake(
            lambda probability, mask, smooth: (
                1 - (_parts(probability, mask)[0] + smooth) / (_parts(probability, mask)[1] + smooth)
            ),
            "The overlap counts twice: it is in both sizes.",
        ),
        Mistake(
            lambda probability, mask, smooth: (
                1 - 2 * (_parts(probability, mask)[0] + smooth) / (_parts(probability, mask)[1] + smooth)
            ),
            "You doubled `smooth` too. It is added to $2I$.",
        ),
        Mistake(
            lambda probability, mask, smooth: np.mean(
                1 - (2 * _parts(probability, mask)[0] + smooth) / (_parts(probability, mask)[1] + smooth)
            ),
            "Right, but averaged: one loss per picture was asked for.",
        ),
        Mistake(
            lambda probability, mask, smooth: (
                1
                - (2 * np.sum((probability > 0.5) * mask, axis=(1, 2)) + smooth)
                / (np.sum((probability > 0.5) + mask, axis=(1, 2)) + smooth)
            ),
            "You cut at ½ first. That is the Dice of a mask; it has no gradient in the probabilities.",
        ),
        Mistake(
            lambda probability, mask, smooth: 1 - 2 * _parts(probability, mask)[0] / _parts(probability, mask)[1],
            "`smooth` is missing, above and below.",
        ),
        Mistake(
            lambda probability, mask, smooth: (
                1 - (2 * _parts(probability, mask)[0] + smooth) / _parts(probability, mask)[1]
            ),
            "`smooth` is only above: a right mask then costs less than 0.",
        ),
        Mistake(
            lambda probability, mask, smooth: (
                1
                - (2 * _parts(probability, mask)[0] + smooth)
                / (_parts(probability, mask)[1] - _parts(probability, mask)[0] + smooth)
            ),
            "You doubled the overlap as Dice does, but divided by the union. Dice divides by both sizes added up.",
        ),
        Mistake(
            lambda probability, mask, smooth: (
                1
                - (2 * np.mean(probability * mask, axis=(1, 2)) + smooth)
                / (np.mean(probability + mask, axis=(1, 2)) + smooth)
            ),
            "Means in the place of sums: `smooth` then weighs as much as all pixels of the picture together.",
        ),
        Mistake(
            lambda probability, mask, smooth: (
                1 - (2 * np.sum(probability * mask, axis=1) + smooth) / (np.sum(probability + mask, axis=1) + smooth)
            ),
            "One quotient per *column*: sum over rows and columns, `axis=(1, 2)`.",
        ),
        Mistake(
            lambda probability, mask, smooth: (
                1 - (2 * np.sum(probability * mask, axis=0) + smooth) / (np.sum(probability + mask, axis=0) + smooth)
            ),
            "`axis=0` adds up the pictures and keeps the pixels. It is the other way round.",
        ),
        Mistake(
            lambda probability, mask, smooth: np.sum(
                1 - (2 * _parts(probability, mask)[0] + smooth) / (_parts(probability, mask)[1] + smooth)
            ),
            "Right, but added up: one loss per picture was asked for.",
        ),
    ],
    hints=["`np.sum(…, axis=(1, 2))` adds up each picture by itself.", "$1 - (2I + ε)/(S + ε)$."],
    solution="The sums run over rows and columns and leave the first axis.",
)


def lovasz_of_one(logits: np.ndarray, labels: np.ndarray) -> float:
    """The Lovász hinge of one picture, flattened; labels are 0 and 1.

    At least one label is 1.
    """
    errors = 1 - logits * (2 * labels - 1)
    order = np.argsort(-errors)
    y = labels[order]
    left = np.sum(y) - np.cumsum(y)
    union = np.sum(y) + np.cumsum(1 - y)
    loss_of_sets = 1 - left / union
    steps = np.diff(loss_of_sets, prepend=0.0)
    return float(np.sum(steps * np.maximum(errors[order], 0)))


def _lovasz(logits: np.ndarray, labels: np.ndarray) -> Floats | float:
    return lovasz_hinge(logits[np.newaxis], labels[np.newaxis])


def _variant(
    logits: np.ndarray,
    labels: np.ndarray,
    *,
    sign: int = -1,
    cut: bool = True,
    sums: bool = False,
    ones: bool = False,
    margin: int = 1,
    dice: bool = False,
    first: bool = True,
) -> float:
    errors = margin - logits * (2 * labels - 1)
    order = np.argsort(sign * errors)
    y = labels[order]
    left, union = np.sum(y) - np.cumsum(y), np.sum(y) + np.cumsum(1 - y)
    losses = 1 - 2 * left / (left + union) if dice else 1 - left / union
    steps = losses if sums else np.diff(losses, prepend=0.0 if first else losses[0])
    weight = np.ones(len(y)) / len(y) if ones else steps
    return float(np.sum(weight * (np.maximum(errors[order], 0) if cut else errors[order])))


def _unsigned(logits: np.ndarray, labels: np.ndarray) -> float:
    errors = 1 - logits * labels
    order = np.argsort(-errors)
    y = labels[order]
    losses = 1 - (np.sum(y) - np.cumsum(y)) / (np.sum(y) + np.cumsum(1 - y))
    return float(np.sum(np.diff(losses, prepend=0.0) * np.maximum(errors[order], 0)))


def _unsorted_steps(logits: np.ndarray, labels: np.ndarray) -> float:
    errors = 1 - logits * (2 * labels - 1)
    y = labels[np.argsort(-errors)]
    losses = 1 - (np.sum(y) - np.cumsum(y)) / (np.sum(y) + np.cumsum(1 - y))
    return float(np.sum(np.diff(losses, prepend=0.0) * np.maximum(errors, 0)))


def _fixed_union(logits: np.ndarray, labels: np.ndarray) -> float:
    errors = 1 - logits * (2 * labels - 1)
    order = np.argsort(-errors)
    y = labels[order]
    losses = 1 - (np.sum(y) - np.cumsum(y)) / np.sum(y)
    return float(np.sum(np.diff(losses, prepend=0.0) * np.maximum(errors[order], 0)))


LOVASZ_CODE = Code(
    "segmentation-lovasz-code",
    "Write the Lovász hinge",
    reference=lovasz_of_one,
    equals=_lovasz,
    cases=[
        case([2.0, -1.0, 0.5], [1, 1, 0]),
        case([0.3, -0.2, -1.5, 0.9, -0.4], [1, 0, 0, 1, 1]),
        case([-2.0, 3.0, 0.7, -0.1], [0, 1, 0, 1]),
        case([-40.0, 8.0, 1.5], [1, 0, 1]),
    ],
    mistakes=[
        Mistake(
            lambda logits, labels: _variant(logits, labels, sign=1),
            "You sort upward. The largest error goes first.",
        ),
        Mistake(
            lambda logits, labels: _variant(logits, labels, cut=False),
            "A pixel with a margin above 1 costs 0, not less than 0: cut the errors with `np.maximum(…, 0)`.",
        ),
        Mistake(
            lambda logits, labels: _variant(logits, labels, sums=True),
            "The weights are the *growth* of the Jaccard loss from one pixel to the next: `np.diff`.",
        ),
        Mistake(
            lambda logits, labels: _variant(logits, labels, ones=True),
            "That is the mean of the hinges: each pixel by itself. The weights come from the Jaccard loss.",
        ),
        Mistake(_unsigned, "With labels 0 and 1 the ground has no sign. Use `2 * labels - 1`."),
        Mistake(_unsorted_steps, "Steps in the sorted order, errors in the old one: sort the errors too."),
        Mistake(_fixed_union, "A false alarm makes the *union* larger. With a fixed one it costs nothing."),
        Mistake(
            lambda logits, labels: float(jaccard([logits > 0], [labels])),
            "That is the Jaccard loss of the mask $s > 0$, a staircase. The errors have to come in.",
        ),
        Mistake(
            lambda logits, labels: _variant(logits, labels) / len(logits),
            "The steps add up to 1 at most; there is nothing to divide by.",
        ),
        Mistake(
            lambda logits, labels: _variant(logits, labels, margin=0),
            "The errors are $1 - z s$. You left out the 1, and with it the margin.",
        ),
        Mistake(
            lambda logits, labels: _variant(-logits, labels),
            "The sign is turned: the error is large where $z s$ is *below* 0, $1 - z s$.",
        ),
        Mistake(
            lambda logits, labels: _variant(logits, labels, dice=True),
            "Your steps are those of the Dice loss. The Lovász hinge takes the Jaccard loss: divide by the union.",
        ),
        Mistake(
            lambda logits, labels: float(np.sum(np.maximum(1 - logits * (2 * labels - 1), 0))),
            "That is the sum of the hinges: each pixel by itself. The weights come from the Jaccard loss.",
        ),
        Mistake(
            lambda logits, labels: float(np.max(np.maximum(1 - logits * (2 * labels - 1), 0))),
            "That is the largest error alone, as on an empty mask. Here every error counts with its step.",
        ),
        Mistake(
            lambda logits, labels: _variant(logits, labels) / 2,
            "You halved it, perhaps to have the Jaccard loss at scores of ±1. The Lovász hinge is twice that there.",
        ),
        Mistake(
            lambda logits, labels: _variant(logits, labels, first=False),
            "The first step is lost: `np.diff` needs `prepend=0.0`, since with no pixel wrong the loss is 0.",
        ),
    ],
    hints=[
        "The errors are $1 - z s$ with $z = \\pm 1$. Sort them downward.",
        "If the first $i$ pixels are wrong: what is left of the overlap, and how large is the union? Two `np.cumsum`.",
        "Weigh each error with the growth of the Jaccard loss at its pixel, `np.diff`.",
    ],
    solution="A missed pixel takes one from the overlap, a false alarm adds one to the union.",
)


def dice_of_all(probability: np.ndarray, mask: np.ndarray) -> float:
    """The mean over N pictures of the Dice loss with smooth = 1."""
    overlap = np.sum(probability * mask)
    sizes = np.sum(probability + mask)
    return 1 - (2 * overlap + 1) / (sizes + 1)


def dice_of_each(probability: np.ndarray, mask: np.ndarray) -> float:
    """The mean over N pictures of the Dice loss with smooth = 1."""
    overlap = np.sum(probability * mask, axis=(1, 2))
    sizes = np.sum(probability + mask, axis=(1, 2))
    return np.mean(1 - (2 * overlap + 1) / (sizes + 1))


def _mean_dice(probability: np.ndarray, mask: np.ndarray) -> Floats | float:
    return dice(probability, mask, smooth=1.0)


DICE_BUG = Code(
    "segmentation-dice-bug",
    "Find the bug: small objects are forgotten",
    starter=dice_of_all,
    reference=dice_of_each,
    equals=_mean_dice,
    cases=[case(PICTURES[:2], MASKS[:2]), case(PICTURES, MASKS), case(PICTURES[:1], MASKS[:1])],
    mistakes=[
        Mistake(
            lambda probability, mask: 1 - (2 * _parts(probability, mask)[0] + 1) / (_parts(probability, mask)[1] + 1),
            "Each picture has its own quotient now. Their mean was asked for.",
        ),
        Mistake(
            lambda probability, mask: np.mean(
                1 - 2 * _parts(probability, mask)[0] / (_parts(probability, mask)[1] + 1)
            ),
            "Each picture has its own quotient now, but you dropped the 1 above.",
        ),
        Mistake(
            lambda probability, mask: (
                1 - (2 * np.mean(_parts(probability, mask)[0]) + 1) / (np.mean(_parts(probability, mask)[1]) + 1)
            ),
            "That is still one quotient, of means in the place of sums. First divide, then average.",
        ),
        Mistake(
            lambda probability, mask: np.mean(
                1 - (2 * np.sum(probability * mask, axis=1) + 1) / (np.sum(probability + mask, axis=1) + 1)
            ),
            "One quotient per *column*: sum over rows and columns, `axis=(1, 2)`.",
        ),
        Mistake(
            lambda probability, mask: np.mean(
                1 - (2 * np.sum(probability * mask, axis=0) + 1) / (np.sum(probability + mask, axis=0) + 1)
            ),
            "`axis=0` adds up the pictures and keeps the pixels. It is the other way round.",
        ),
        Mistake(
            lambda probability, mask: np.sum(
                1 - (2 * _parts(probability, mask)[0] + 1) / (_parts(probability, mask)[1] + 1)
            ),
            "The sums are right, but you add the losses up. Their mean was asked for.",
        ),
        Mistake(
            lambda probability, mask: np.mean(
                1 - (2 * _parts(probability, mask)[0] + 1) / (np.sum(probability**2 + mask**2, axis=(1, 2)) + 1)
            ),
            "The axes are mended. But the denominator was linear, and you squared it.",
        ),
        Mistake(
            lambda probability, mask: np.mean(
                (2 * _parts(probability, mask)[0] + 1) / (_parts(probability, mask)[1] + 1)
            ),
            "The axes are mended, but that is the mean coefficient. The loss is one less it.",
        ),
        Mistake(
            lambda probability, mask: (
                -np.mean((2 * _parts(probability, mask)[0] + 1) / (_parts(probability, mask)[1] + 1))
            ),
            "The axes are mended, but that is minus the coefficient. The loss is one less the coefficient.",
        ),
        Mistake(
            lambda probability, mask: np.mean(1 - 2 * _parts(probability, mask)[0] / _parts(probability, mask)[1]),
            "The axes are mended, but the 1 above and the 1 below are gone. They were no bug.",
        ),
        Mistake(
            lambda probability, mask: np.mean(
                1
                - (_parts(probability, mask)[0] + 1) / (_parts(probability, mask)[1] - _parts(probability, mask)[0] + 1)
            ),
            "The axes are mended, but that is the Jaccard loss: the overlap by the union.",
        ),
        Mistake(
            lambda probability, mask: (
                (1 - (2 * np.sum(probability * mask) + 1) / (np.sum(probability + mask) + 1)) / len(mask)
            ),
            "That is still one quotient, and then divided by the number of pictures. First divide, then average.",
        ),
        Mistake(
            lambda probability, mask: np.mean(
                1 - (2 * np.sum(probability * mask, axis=2) + 1) / (np.sum(probability + mask, axis=2) + 1)
            ),
            "One quotient per *row*: sum over rows and columns, `axis=(1, 2)`.",
        ),
        Mistake(
            lambda probability, mask: np.mean(
                (1 - (2 * _parts(probability, mask)[0] + 1) / (_parts(probability, mask)[1] + 1))[mask.any(axis=(1, 2))]
            ),
            "You left out the empty pictures. With the 1 above and below they count, and push down.",
        ),
    ],
    hints=[
        "How many quotients does this function form for three pictures?",
        "Sum over rows and columns alone: `axis=(1, 2)`.",
    ],
    solution="`np.sum` without an axis adds up the pictures too: one quotient for the batch, in which a picture with a "
    "large object outweighs the others.",
)
