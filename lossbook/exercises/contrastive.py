r"""Contrastive losses: quick questions first, then exercises on paper, with numbers and with code."""

from __future__ import annotations

import math

import numpy as np

from lossbook.exercises.kinds import Choice, Code, Mistake, Numeric, Option, Order, Paper, case
from lossbook.losses.contrastive_candidates import nt_xent, triplet_margin
from lossbook.losses.contrastive_pairs import contrastive, contrastive_embeddings_grad, contrastive_grad
from lossbook.losses.scores import logsumexp

# ── Check yourself ───────────────────────────────────────────────────────────────────────────────────────────────────

ONE_LOSS = Numeric(
    "contrastive-one-loss",
    "The loss of one pair",
    answer=float(contrastive(0.5, 1, margin=2.0)),
    mistakes=[
        Mistake(1.5**2, r"The factor ½ is missing. Some libraries leave it out, this course does not."),
        Mistake(0.5**2 / 2, r"That is the price of a *similar* pair at this distance."),
        Mistake(1.5, r"You have $M - D$. The loss takes half its square."),
        Mistake((2 - 0.25) ** 2 / 2, r"You squared the distance before taking it from the margin. It is $M - D$."),
        Mistake((4 - 0.25) / 2, r"$(M - D)^2$ is not $M^2 - D^2$."),
        Mistake(-1.5, "That is the slope. The loss itself is half the square of the shortfall."),
        Mistake(1.5 / 2, "The square is missing: half of $(M - D)^2$."),
        Mistake(2.5**2 / 2, "The shortfall is $M$ *minus* $D$."),
        Mistake(0, "A dissimilar pair costs nothing from the margin on. This one lies inside."),
    ],
    hints=["Is the pair inside the margin?", r"A dissimilar pair inside the margin pays $\frac12 (M - D)^2$."],
    solution=r"$D = 0.5 < M = 2$, so the price is $\frac12 (2 - 0.5)^2 = 1.125$.",
)

SLOPE = Numeric(
    "contrastive-slope",
    "The slope of a dissimilar pair",
    answer=float(contrastive_grad(0.3, 1, margin=1.0)),
    mistakes=[
        Mistake(
            -0.3,
            r"That is $-D$, a slip that stands in lecture notes. The derivative of $\frac12(M - D)^2$ is $-(M - D)$.",
        ),
        Mistake(0.7, r"The size is right. More distance makes this pair *cheaper*: what sign has the slope?"),
        Mistake(0.3, "That is the slope of a *similar* pair."),
        Mistake(-1.4, r"The 2 of the square cancels with the factor ½."),
        Mistake(0, "The slope vanishes from the margin on; this pair lies inside."),
        Mistake(0.7**2 / 2, "That is the loss. Differentiate it with respect to $D$."),
        Mistake(-0.49, "The square goes when you differentiate it."),
        Mistake(-0.35, r"The ½ cancels with the 2 that the square brings down."),
        Mistake(-1.3, r"The shortfall is $M - D = 0.7$, a difference."),
    ],
    hints=[
        r"Differentiate $\frac12 (M - D)^2$ with respect to $D$.",
        r"The chain rule brings a factor $-1$ from the inner function $M - D$.",
    ],
    solution=r"$-(M - D) = -(1 - 0.3) = -0.7$. A step against it raises $D$: the pair is pushed apart.",
)

WHAT_COLLAPSES = Choice(
    "contrastive-what-collapses",
    "When collapse is the cheapest",
    options=[
        Option(
            "Only similar pairs are ever shown.",
            "Then one point for everything costs nothing, and nothing holds anything apart.",
            right=True,
        ),
        Option(
            "The margin is 0.",
            r"$\max(0, 0 - D) = 0$: dissimilar pairs never cost anything, which is the same as leaving them out.",
            right=True,
        ),
        Option(
            "The margin is a hundred times too large.",
            "One point for everything would then cost *more*: half the squared margin for each dissimilar pair. "
            "In the chapter this run was badly sorted and wide, not collapsed.",
        ),
        Option(
            "Only dissimilar pairs are ever shown.",
            "These push and never pull, so nothing is drawn together. Similar things stay unsorted.",
        ),
    ],
    hints=[
        "What does the loss charge when all distances are 0?",
        r"A similar pair costs nothing then and a dissimilar one $\frac12 M^2$. In which cases is the total 0?",
    ],
    solution=r"The first and the second. With all distances 0 the similar pairs cost nothing and each dissimilar one "
    r"$\frac12 M^2$. That is free only if there are none, or if $M = 0$.",
)

ONE_STEP = Order(
    "contrastive-one-step",
    "One step of a siamese network",
    steps={
        "pair": "Draw two examples and their label: same or different.",
        "embed": "Send both through the same network, with the same weights.",
        "distance": "Compute the distance between the two embeddings.",
        "loss": "Compute the loss from distance, label and margin.",
        "backward": "Carry the gradient back through both branches and add the two contributions.",
    },
    mistakes=[
        Mistake(("distance", "embed"), "The distance is taken between *embeddings*, so there must be some first."),
        Mistake(("embed", "pair"), "There is nothing to embed yet: draw a pair first."),
        Mistake(("loss", "distance"), "The loss needs the distance."),
        Mistake(("backward", "loss"), "There is no gradient before there is a loss."),
    ],
    hints=["Forwards first: examples, embeddings, distance, loss.", "The label is used late, but drawn with the pair."],
    solution="Pair, embeddings, distance, loss, gradient. Both branches share one set of weights, so their gradients "
    "add up.",
)

COLLAPSED = Numeric(
    "contrastive-collapsed",
    "What collapse costs under NT-Xent",
    answer=float(nt_xent(np.ones((4, 2)), np.ones((4, 2)))),
    tolerance=0.005,
    mistakes=[
        Mistake(math.log(8), "A view is no candidate for itself: of the eight views seven remain."),
        Mistake(math.log(4), "Both views of all four things are candidates, not four."),
        Mistake(math.log(6), "The partner is a candidate too: six strangers and one partner."),
        Mistake(0, "All similarities are 1, but so are those of the strangers. Nothing tells the partner from them."),
        Mistake(1 / 7, "That is the probability of the partner; the loss is minus its logarithm."),
        Mistake(math.log2(7), "Those are bits. Nats want the natural logarithm."),
        Mistake(math.log10(7), "You took the logarithm to the base 10. Nats want the natural one."),
        Mistake(-math.log(7), "That is the log-probability: change the sign."),
        Mistake(8 * math.log(7), "That is the sum over all eight views. Asked is the loss of one."),
        Mistake(math.log(3), "Four things are *eight* views, so seven others remain, not three."),
    ],
    hints=[
        "How many candidates does one view have?",
        r"All of them have the same similarity, so the softmax gives each the same probability.",
    ],
    solution=r"Each of the $2N = 8$ views chooses among $2N - 1 = 7$ others that all look alike, so it finds its "
    r"partner with probability $\frac17$ and pays $\log 7 \approx 1.946$ nats, at any temperature.",
)

COLD = Choice(
    "contrastive-cold",
    "A low temperature",
    options=[
        Option(
            "Of the push on the negatives, the most similar one receives nearly all.",
            "The softmax over the negatives becomes a maximum.",
            right=True,
        ),
        Option("All negatives are pushed alike.", "That is what a *high* temperature does."),
        Option(
            "The embeddings come closer together, because all similarities are divided by less.",
            r"Dividing by a small $T$ makes differences of similarity *count for more*. By itself it moves nothing.",
        ),
        Option(
            "Nothing changes, because the loss divides every similarity by the same number.",
            "A common *summand* would cancel in the softmax. A common factor does not.",
        ),
    ],
    hints=[r"Look at $\exp(s_1/T) : \exp(s_2/T)$ for $s_1 = 0.7$, $s_2 = 0.4$ and a small $T$."],
    solution=r"The first. The push on a negative is proportional to its probability, and the odds of two negatives "
    r"are $e^{(s_1 - s_2)/T}$, which grow without bound as $T \to 0$.",
)

COSINE_MARGIN = Choice(
    "contrastive-cosine-margin",
    "A margin that works the other way round",
    options=[
        Option("0.9", "Dissimilar pairs may then have a cosine of up to 0.9, an angle of 26°. That is lenient."),
        Option("0", "It asks for at least a right angle. One of the three asks for more."),
        Option(
            r"$-0.5$",
            r"Dissimilar pairs pay until their cosine has fallen to $-0.5$, an angle of 120°.",
            right=True,
        ),
    ],
    hints=[r"A dissimilar pair pays $\max(0, \cos(u, v) - M)$. From which angle on does it pay nothing?"],
    solution=r"$M = -0.5$. This margin bounds a *similarity* from above, so a smaller one keeps pairs further apart.",
)

# ── Exercises ────────────────────────────────────────────────────────────────────────────────────────────────────────

BOTH_GRADIENTS = Paper(
    "contrastive-both-gradients",
    "From the distance to the embeddings",
    hints=[
        r"Write $D^2 = (u - v)^\top (u - v)$ and differentiate both sides: $2D\, \partial D / \partial u = 2(u - v)$.",
        r"Multiply by $\partial\ell/\partial D$, which is $D$ for a similar pair. What becomes of the $D$ below?",
    ],
    solution=r"""From $D^2 = \|u - v\|^2$ follows $\partial D/\partial u = (u - v)/D$ for $D > 0$: the unit vector
from $v$ to $u$.

*Similar.* $\partial\ell/\partial u = D \cdot (u - v)/D = u - v$. The distance cancels, so this one is defined at
$D = 0$ as well, where it is 0.

*Dissimilar, $0 < D < M$.* $\partial\ell/\partial u = -(M - D)(u - v)/D$: a vector of length $M - D$ that points from
$u$ towards $v$. A descent step goes the opposite way, straight apart.

*Dissimilar, $D \ge M > 0$.* 0, at $D = M$ too, since both one-sided slopes are 0 there.

At $D = 0$ a dissimilar pair has no direction to be pushed in. If $M > 0$ the loss has a peak there: it falls with slope
$-M$ whichever way $u$ moves, so there is no gradient, and the package returns 0.""",
)


def first_component() -> float:
    slope = contrastive_embeddings_grad([0.3, 0.4], [0.0, 0.0], 1, margin=2.0)
    return float(slope[0])


FIRST_COMPONENT = Numeric(
    "contrastive-first-component",
    "One component of the gradient",
    answer=first_component,
    mistakes=[
        Mistake(0.9, "The sign: the derivative of the dissimilar branch is negative, and a step *against* it pushes."),
        Mistake(-0.45, r"You multiplied by $u - v$ itself. It has to be divided by its length $D = 0.5$."),
        Mistake(-0.3, r"That uses $-D$ as the slope. It is $-(M - D)$."),
        Mistake(0.3, "That is the gradient of a *similar* pair."),
        Mistake(-1.5, "That is the slope with respect to the distance. The direction is still missing."),
        Mistake(-1.2, "That is the second component."),
        Mistake(1.2, "That is the second component, and its sign is turned."),
        Mistake(-0.6, "That is the direction alone. Its length is the shortfall $M - D = 1.5$."),
        Mistake(-1.8, r"The 2 of the square cancels with the factor ½."),
        Mistake(0, r"The gradient vanishes from the margin on; here $D = 0.5$ is inside."),
    ],
    hints=[
        r"$D = \sqrt{0.3^2 + 0.4^2}$.",
        r"$\partial\ell/\partial u = -(M - D)\,\frac{u - v}{D}$.",
    ],
    solution=r"$D = 0.5$, so the slope is $-(2 - 0.5) = -1.5$, and the unit vector from $v$ to $u$ is $(0.6, 0.8)$. "
    r"The product is $(-0.9, -1.2)$.",
)


def contrastive_loss(
    distance: np.ndarray,
    label: np.ndarray,
    margin: float,
) -> float:
    """Mean contrastive loss of pairs; label 0 is similar, 1 is dissimilar."""
    similar = distance**2 / 2
    dissimilar = np.maximum(0, margin - distance) ** 2 / 2
    return float(np.mean(np.where(label == 1, dissimilar, similar)))


LOSS_CODE = Code(
    "contrastive-loss-code",
    "Write the contrastive loss",
    reference=contrastive_loss,
    cases=[
        case([0.3], [1.0], 1.0),
        case([0.3], [0.0], 1.0),
        case([0.5, 1.5, 0.2, 3.0], [0.0, 1.0, 1.0, 1.0], 1.0),
        case([0.5, 1.5, 0.2, 3.0], [0.0, 1.0, 1.0, 0.0], 2.0),
    ],
    mistakes=[
        Mistake(
            lambda distance, label, margin: np.mean(
                np.where(label == 0, np.maximum(0, margin - distance) ** 2, distance**2) / 2
            ),
            "The labels are the other way round: here 0 is similar and 1 is dissimilar.",
        ),
        Mistake(
            lambda distance, label, margin: np.mean(
                np.where(label == 1, np.maximum(0, margin - distance) ** 2, distance**2)
            ),
            "Both factors ½ are missing.",
        ),
        Mistake(
            lambda distance, label, margin: np.mean(
                np.where(label == 1, np.maximum(0, margin - distance) ** 2 / 2, distance**2)
            ),
            "The factor ½ of the *similar* branch is missing.",
        ),
        Mistake(
            lambda distance, label, margin: np.mean(
                np.where(label == 1, np.maximum(0, margin - distance) ** 2, distance**2 / 2)
            ),
            "The factor ½ of the *dissimilar* branch is missing.",
        ),
        Mistake(
            lambda distance, label, margin: np.mean(
                np.where(label == 1, np.maximum(0, margin**2 - distance**2), distance**2) / 2
            ),
            "$(M - D)^2$ is not $M^2 - D^2$.",
        ),
        Mistake(
            lambda distance, label, margin: (
                np.where(label == 1, np.maximum(0, margin - distance) ** 2, distance**2) / 2
            ),
            "That is one loss per pair. Take the mean.",
        ),
        Mistake(
            lambda distance, label, margin: np.mean(np.where(label == 1, margin - distance, distance) ** 2 / 2),
            "A dissimilar pair beyond the margin costs nothing; yours is pulled back to the margin. Cut off with "
            "`np.maximum(0, …)` before you square.",
        ),
        Mistake(
            lambda distance, label, margin: np.mean(
                np.where(label == 1, np.maximum(0, margin - distance), distance) / 2
            ),
            "The two branches are squared.",
        ),
        Mistake(
            lambda distance, label, margin: np.mean(np.where(label == 1, np.maximum(0, margin - distance), distance)),
            "That is PyTorch's `hinge_embedding_loss`. Here both branches are squared and halved.",
        ),
        Mistake(
            lambda distance, label, margin: np.mean(
                np.where(label == 1, np.maximum(0, margin - distance**2), distance**2) / 2
            ),
            "Only the *distance* is squared inside the maximum; the whole difference $M - D$ has to be.",
        ),
        Mistake(
            lambda distance, label, margin: np.sum(
                np.where(label == 1, np.maximum(0, margin - distance) ** 2, distance**2) / 2
            ),
            "That is the sum. Take the mean over the pairs.",
        ),
    ],
    hints=[
        "Compute both branches for all pairs, then choose with `np.where`.",
        "`np.maximum(0, margin - distance) ** 2 / 2` is the branch of the dissimilar pairs.",
    ],
    solution="Both branches are computed for every pair, and the label selects. That costs twice the work and no loop.",
)


def contrastive_slope(
    distance: np.ndarray,
    label: np.ndarray,
    margin: float,
) -> np.ndarray:
    """The derivative of each pair's loss in its distance; 1 is dissimilar."""
    return np.where(label == 1, -np.maximum(0, margin - distance), distance)


SLOPE_CODE = Code(
    "contrastive-slope-code",
    "Write its slope",
    reference=contrastive_slope,
    cases=[
        case([0.3], [1.0], 1.0),
        case([0.3, 1.5], [0.0, 1.0], 1.0),
        case([0.5, 1.5, 0.2, 3.0], [0.0, 1.0, 1.0, 0.0], 2.0),
    ],
    mistakes=[
        Mistake(
            lambda distance, label, margin: np.where(label == 1, np.where(distance < margin, -distance, 0.0), distance),
            r"Your dissimilar branch is $-D$. That pushes hardest at the margin and not at all at $D = 0$; it should "
            r"be $-(M - D)$.",
        ),
        Mistake(
            lambda distance, label, margin: np.where(label == 1, np.maximum(0, margin - distance), distance),
            "The sign of the dissimilar branch: distance makes such a pair cheaper.",
        ),
        Mistake(
            lambda distance, label, margin: np.where(label == 1, distance - margin, distance),
            "Beyond the margin the slope is 0. Yours turns positive there and pulls the pair back.",
        ),
        Mistake(
            lambda distance, label, margin: (
                np.where(label == 1, -np.maximum(0, margin - distance), distance) / len(distance)
            ),
            "That is the gradient of the *mean*. Asked is the slope of each pair's own loss.",
        ),
        Mistake(
            lambda distance, label, margin: np.where(label == 0, -np.maximum(0, margin - distance), distance),
            "The labels are the other way round: 1 is dissimilar.",
        ),
        Mistake(
            lambda distance, label, margin: 2 * np.where(label == 1, -np.maximum(0, margin - distance), distance),
            "The 2 of the square cancels with the factor ½.",
        ),
        Mistake(
            lambda distance, label, margin: np.where(label == 1, -np.maximum(0, margin - distance), distance) / 2,
            "The factor ½ cancels with the 2 of the square.",
        ),
        Mistake(
            lambda distance, label, margin: (
                np.where(label == 1, np.maximum(0, margin - distance) ** 2, distance**2) / 2
            ),
            "That is the loss. Differentiate both branches.",
        ),
        Mistake(
            lambda distance, label, margin: np.where(label == 1, -distance, distance),
            r"Your dissimilar branch is $-D$, and without an end. It should be $-(M - D)$, and 0 beyond the margin.",
        ),
        Mistake(
            lambda distance, label, margin: np.where(label == 1, np.maximum(0, margin - distance), -distance),
            "All signs are turned: that is where descent goes. The slope of $\\frac12 D^2$ is $+D$.",
        ),
        Mistake(
            lambda distance, label, margin: np.where(label == 1, -np.maximum(0, margin - distance), -distance),
            "The sign of the similar branch: more distance makes such a pair dearer.",
        ),
        Mistake(
            lambda distance, label, margin: np.where(label == 1, np.where(distance < margin, -1.0, 0.0), 1.0),
            "That is the slope of the distances without their square, as in PyTorch's `hinge_embedding_loss`.",
        ),
    ],
    hints=["Differentiate each branch on its own.", "`np.maximum` cuts off beyond the margin here too."],
    solution="The square's 2 cancels the ½, and the inner derivative of $M - D$ gives the minus sign.",
)


def one_triplet() -> float:
    anchor, positive, negative = [[0.0, 0.0]], [[0.8, 0.0]], [[0.0, 1.2]]
    return float(triplet_margin(anchor, positive, negative, margin=0.5))


TRIPLET = Numeric(
    "contrastive-triplet",
    "A triplet in the right order",
    answer=one_triplet,
    mistakes=[
        Mistake(0, "The order is right, but the negative is only 0.4 farther away than the positive: less than $M$."),
        Mistake(0.9, "The distances are the wrong way round: the *positive's* comes with a plus sign."),
        Mistake(0.005, "You halved and squared it. This loss is a plain maximum."),
        Mistake(-0.4, "The margin is missing, and a loss that goes below 0 would never be satisfied."),
        Mistake(0.4, "The margin is missing, and the difference is that of the negative minus the positive."),
        Mistake(-0.1, "A sign: the margin comes with a plus, and the loss is never negative."),
        Mistake(0.05, "No ½ here: this loss is a plain maximum."),
        Mistake(1.3, "The distance of the negative is missing: it is to be subtracted."),
    ],
    hints=[
        "The positive is nearer than the negative. By how much, and how much does the margin ask for?",
        r"Insert into $\max(0, D(a, p) - D(a, n) + M)$.",
    ],
    solution=r"$\max(0,\ 0.8 - 1.2 + 0.5) = 0.1$. It reaches 0 once the negative is 0.5 farther away.",
)

SHARE_OF_PAIRS = Numeric(
    "contrastive-share-of-pairs",
    "How many pairs are similar",
    answer=10 * math.comb(10, 2) / math.comb(100, 2),
    tolerance=0.0004,  # 0.091 is right and 9 of the 100 is not
    mistakes=[
        Mistake(0.09, "Nine of the *99* other pictures are of the same kind: the first one is not drawn again."),
        Mistake(0.1, "That counts each picture as a pair with itself, too. Draw the second from the 99 others."),
        Mistake(450, "That is the *number* of similar pairs. Divide it by that of all pairs."),
        Mistake(10 / 11, "That is the share of the dissimilar ones."),
        Mistake(100 / 11, "In per cent, yes. A probability lies between 0 and 1."),
        Mistake(10 / 99, "The first picture is not drawn again: *nine* others of its kind remain."),
        Mistake(45, "That is the number of pairs of *one* kind. Count all kinds, and divide by all pairs."),
        Mistake(
            math.comb(10, 2) / math.comb(100, 2),
            "That is the share of *one* kind. There are ten kinds of similar pair.",
        ),
    ],
    hints=["How many pairs can be made of ten pictures of one kind?", "There are 4950 pairs in all."],
    solution=r"Take one picture. Of the 99 others 9 are of its kind, so the share is $9/99 = 1/11 \approx 0.091$. "
    r"With $K$ kinds it falls roughly like $1/K$: random pairs are nearly all dissimilar.",
)


def info_nce_of_one(
    anchor: np.ndarray,
    positive: np.ndarray,
    negatives: np.ndarray,
    temperature: float,
) -> float:
    """InfoNCE of one anchor by cosine; the negatives are rows."""
    candidates = np.vstack([positive, negatives])
    lengths = np.linalg.norm(candidates, axis=1) * np.linalg.norm(anchor)
    scores = candidates @ anchor / lengths / temperature
    largest = scores.max()
    return largest + np.log(np.exp(scores - largest).sum()) - scores[0]


def _cosines(anchor: np.ndarray, positive: np.ndarray, negatives: np.ndarray) -> np.ndarray:
    candidates = np.vstack([positive, negatives])
    return candidates @ anchor / (np.linalg.norm(candidates, axis=1) * np.linalg.norm(anchor))


def _picking(scores: np.ndarray) -> float:
    """The cross-entropy of the first candidate."""
    return float(logsumexp(scores) - scores[0])


def _without_care(anchor: np.ndarray, positive: np.ndarray, negatives: np.ndarray, temperature: float) -> float:
    scores = _cosines(anchor, positive, negatives) / temperature
    with np.errstate(over="ignore"):
        return float(np.log(np.exp(scores).sum()) - scores[0])


def _negatives_only(anchor: np.ndarray, positive: np.ndarray, negatives: np.ndarray, temperature: float) -> float:
    scores = _cosines(anchor, positive, negatives) / temperature
    return float(logsumexp(scores[1:]) - scores[0])


INFO_NCE_CODE = Code(
    "contrastive-info-nce-code",
    "Write InfoNCE for one anchor",
    reference=info_nce_of_one,
    cases=[
        case([1.0, 0.0], [1.0, 0.0], [[0.0, 1.0]], 1.0),
        case([1.0, 0.0], [3.0, 4.0], [[0.0, 1.0], [2.0, 2.0]], 0.5),
        case([1.0, 2.0], [2.0, 1.0], [[-1.0, 1.0], [0.5, 2.0], [0.0, -3.0]], 0.2),
        case([1.0, 0.0], [0.0, 1.0], [[1.0, 0.1]], 0.001),
    ],
    mistakes=[
        Mistake(
            _negatives_only,
            "The positive is a candidate as well: it belongs into the sum below the line. Without it the loss can go "
            "below 0.",
        ),
        Mistake(
            lambda anchor, positive, negatives, temperature: _picking(
                np.vstack([positive, negatives]) @ anchor / temperature
            ),
            "You compare by dot product. A cosine divides it by both lengths.",
        ),
        Mistake(
            lambda anchor, positive, negatives, temperature: _picking(
                _cosines(anchor, positive, negatives) * np.linalg.norm(anchor) / temperature
            ),
            "A cosine divides by *both* lengths. That of the anchor is missing.",
        ),
        Mistake(
            lambda anchor, positive, negatives, temperature: _picking(
                np.vstack([positive, negatives]) @ anchor / np.linalg.norm(anchor) / temperature
            ),
            "A cosine divides by *both* lengths. That of each candidate is missing.",
        ),
        Mistake(
            lambda anchor, positive, negatives, temperature: _picking(_cosines(anchor, positive, negatives)),
            "The temperature is not used.",
        ),
        Mistake(
            lambda anchor, positive, negatives, temperature: _picking(
                _cosines(anchor, positive, negatives) * temperature
            ),
            "You multiply by the temperature. The similarities are *divided* by it.",
        ),
        Mistake(
            lambda anchor, positive, negatives, temperature: _picking(
                (1 - _cosines(anchor, positive, negatives)) / temperature
            ),
            "You score by cosine *distance*, so the candidate that is least alike wins. Score by the cosine itself.",
        ),
        Mistake(
            lambda anchor, positive, negatives, temperature: (
                -_picking(_cosines(anchor, positive, negatives) / temperature)
            ),
            "That is the log-probability of the positive: change the sign.",
        ),
        Mistake(
            lambda anchor, positive, negatives, temperature: np.exp(
                -_picking(_cosines(anchor, positive, negatives) / temperature)
            ),
            "That is the probability of the positive. The loss is minus its logarithm.",
        ),
        Mistake(
            lambda anchor, positive, negatives, temperature: (
                _picking(_cosines(anchor, positive, negatives) / temperature) / np.log(2)
            ),
            "Those are bits. Nats want the natural logarithm.",
        ),
        Mistake(
            lambda anchor, positive, negatives, temperature: (
                _picking(_cosines(anchor, positive, negatives) / temperature) / np.log(10)
            ),
            "You took the logarithm to the base 10. Nats want the natural one.",
        ),
        Mistake(
            lambda anchor, positive, negatives, temperature: _picking(
                _cosines(positive, anchor, negatives) / temperature
            ),
            "You compare the candidates with the positive. It is the *anchor* that has to find its positive.",
        ),
        Mistake(
            _without_care,
            "Right until the temperature is small: then the exponentials overflow. Subtract the largest score from all "
            "of them first; the loss does not change.",
        ),
    ],
    hints=[
        "Put positive and negatives into one array of candidates and compute all cosines at once.",
        "It is the cross-entropy of label 0 under these scores. Take the largest score out before you exponentiate.",
    ],
    solution="Score the candidates, then take the cross-entropy of the first one. Taking out the largest score keeps "
    "a small temperature from overflowing.",
)

EQUAL_DISTANCES = Paper(
    "contrastive-equal-distances",
    "Four kinds in a plane",
    hints=[
        "Place two points at distance 1. Where can a third be? And a fourth?",
        "All points at distance 1 from both of the first two: how many are there, and how far apart are they?",
    ],
    solution=r"""Put the first two points at distance 1. Points at distance 1 from both lie on two circles of radius 1,
which meet in exactly two points, above and below the middle of the segment. These two are $\sqrt3$ apart, so they
cannot both be used. At most *three* points of a plane are pairwise at distance 1.

A regression loss with target 1 for every dissimilar pair therefore cannot reach 0 with four kinds. The contrastive
loss can: the corners of a square with side $M$ are at distance $M$ or $\sqrt2 M$, and both are far enough.""",
)

SCALING = Paper(
    "contrastive-scaling",
    "The margin is a unit of length",
    hints=[
        r"Insert $\alpha D$ and $\alpha M$ into both branches and take $\alpha$ out of the maximum.",
        r"If $\ell_{\alpha M}(\alpha D) = \alpha^2 \ell_M(D)$ for every pair, what does that say about the minimisers?",
    ],
    solution=r"""For $\alpha > 0$, $\frac12 (\alpha D)^2 = \alpha^2 \cdot \frac12 D^2$ and
$\frac12 \max(0, \alpha M - \alpha D)^2 = \alpha^2 \cdot \frac12 \max(0, M - D)^2$. So
$\ell_{\alpha M}(\alpha D) = \alpha^2\, \ell_M(D)$.

Let the points $z_i$ be free. If $z$ minimises the loss with margin $M$, then $\alpha z$ minimises it with margin
$\alpha M$: any better configuration $z'$ for $\alpha M$ would give the better configuration $z'/\alpha$ for $M$.
All ratios of distances, and so all nearest neighbours, are the same.

What was assumed is that the points may be scaled freely. A start that is not scaled with them, a step size, weight
decay or unit-length embeddings break the symmetry. Then a margin can be too small or too large, *compared with
those*.""",
)
