r"""Detection: quick questions first, then exercises on paper, with numbers and with code."""

from __future__ import annotations

import math
from itertools import permutations

import numpy as np

from lossbook.analysis.judging import Found, average_precision
from lossbook.exercises.kinds import Choice, Code, Mistake, Numeric, Option, Paper, case
from lossbook.losses.anchors import box_encode
from lossbook.losses.boxes import giou, iou
from lossbook.losses.detectors import prior_bias
from lossbook.losses.yolo import yolo_v1

# ── Check yourself ───────────────────────────────────────────────────────────────────────────────────────────────────

IOU_BY_HAND = Numeric(
    "detection-iou-by-hand",
    "An IoU by hand",
    answer=1 - float(iou([0, 0, 4, 2], [2, 0, 6, 2])),
    mistakes=[
        Mistake(
            0.5, "That is the share of *one* box that is covered (and it is Dice). Divide by the area of both together."
        ),
        Mistake(4 / 16, "You counted the shared area twice below: the union is $8 + 8 - 4$."),
        Mistake(2 / 3, "That is the *loss*, 1 less the IoU."),
        Mistake(4, "That is the shared area. Divide by that of the union."),
        Mistake(12, "That is the area of the union. The shared one stands above it."),
        Mistake(8, "That is the area of one box."),
        Mistake(16, "That is both areas added. Their shared part is in it twice, and IoU is a quotient."),
        Mistake(4 / 20, "You added the shared area to the other two. It is in them twice: take it away once."),
        Mistake(0, "They overlap, from $x = 2$ to $x = 4$."),
    ],
    hints=["The boxes share a square from $x = 2$ to $x = 4$.", "The union is $8 + 8 - 4$."],
    solution=r"They share 4, and together they cover $8 + 8 - 4 = 12$: $\frac{4}{12} = \frac13$.",
)

APART = Choice(
    "detection-apart",
    "Slopes from afar",
    options=[
        Option("L1 of the corners", "It does not know of overlap: every edge is pulled wherever it is.", right=True),
        Option("1 − IoU", "The boxes share no area, and after a small move they still share none."),
        Option("GIoU", "The empty part of the box around both shrinks as they approach.", right=True),
        Option("DIoU", "The distance of the centres shrinks as they approach.", right=True),
        Option("−log IoU", "It is infinite there, and next to it too. There is nothing to follow."),
    ],
    hints=["Move the box a little, so that it stays apart. Which losses change?"],
    solution="L1, GIoU and DIoU. IoU is 0 wherever the boxes are apart, so neither 1 − IoU nor its logarithm can "
    "tell near from far.",
)

MINED = Numeric(
    "detection-mined-count",
    "Who is in the sum",
    answer=6 + 3 * 6,
    mistakes=[
        Mistake(18, "Those are the mined ones. The six positive anchors are in the sum too."),
        Mistake(8732, "Most of the background is left out: three for each positive anchor are kept."),
        Mistake(6, "Those are the positive ones. Three negatives for each of them count as well."),
        Mistake(9, "It is 3 negatives for *each* positive, not 3 in all."),
        Mistake(8726, "Those are all negatives. The three hardest for each positive anchor are kept."),
        Mistake(8732 / 4, "You took a quarter of all anchors. The ratio starts from the *positive* ones."),
        Mistake(8732 - 24, "Those are the anchors that are left out."),
        Mistake(8, "The ratio is three *negatives to one positive*, not the other way round."),
    ],
    hints=["Every positive anchor counts. How many negatives are kept for each?"],
    solution="The 6 positive ones and the 18 most expensive of the others: 24.",
)

PRIOR = Numeric(
    "detection-prior",
    "A bias for a start",
    answer=prior_bias(0.1),
    mistakes=[
        Mistake(math.log(9), "The sign is turned round: that would start at 0.9."),
        Mistake(math.log(0.1), r"That is $\log\pi$. The logit is $\log\frac{\pi}{1-\pi}$."),
        Mistake(-math.log(0.1), r"That is $-\log\pi$. The logit is $\log\frac{\pi}{1-\pi}$, which is negative here."),
        Mistake(math.log(0.9), r"That is $\log(1-\pi)$. The logit is $\log\pi - \log(1-\pi)$."),
        Mistake(0.1, "That is the probability. The bias is the *logit* of it."),
        Mistake(prior_bias(0.01), "That is for 0.01, the paper's. Here it is 0.1."),
        Mistake(-math.log10(9), "The sigmoid has the natural logarithm as its inverse, not that to base 10."),
        Mistake(-math.log2(9), "The sigmoid has the natural logarithm as its inverse, not that to base 2."),
        Mistake(math.log10(9), "The sign is turned round, and the logarithm is the natural one, not that to base 10."),
        Mistake(math.log2(9), "The sign is turned round, and the logarithm is the natural one, not that to base 2."),
        Mistake(-1, r"That is $\log_{10}\pi$. The logit is $\log\frac{\pi}{1-\pi}$, with the natural logarithm."),
        Mistake(-math.log(0.9), r"That is $-\log(1-\pi)$. The logit is $\log\pi - \log(1-\pi)$."),
        Mistake(0.9, "That is the probability of background. The bias is the *logit* of that of an object."),
        Mistake(0, "A bias of 0 starts at ½."),
        Mistake(-9, "Those are the odds, $0.9 : 0.1$. The bias is minus their logarithm."),
        Mistake(9, "Those are the odds of background, $0.9 : 0.1$. The bias is minus their logarithm."),
        Mistake(1 / 9, "Those are the odds of an object. The bias is their logarithm.", tolerance=0.002),
        Mistake(1 / (1 + math.exp(-0.1)), "That is the sigmoid of 0.1. You need the number whose sigmoid is 0.1."),
    ],
    hints=[r"Solve $\sigma(b) = 0.1$.", r"$b = -\log\frac{1 - 0.1}{0.1}$."],
    solution=r"$b = -\log\frac{0.9}{0.1} = -\log 9 = -2.197$.",
)

BYSTANDER = Choice(
    "detection-not-responsible",
    "The other box",
    options=[
        Option("To overlap the object too.", "Its position and its size get no gradient from this object."),
        Option(
            "That its confidence is to be lower.",
            "It counts as background, with λ_noobj, even in a cell that has an object.",
            right=True,
        ),
        Option("Nothing at all.", "Its box learns nothing, but its confidence does."),
        Option("To say how well it overlaps.", "That is asked of the responsible box alone. Of this one 0 is asked."),
    ],
    hints=["Which of the five sums have $1 - r_{ij}$ in them?"],
    solution=r"$r_{ij} = 0$ for it, so it is in the fourth sum alone: $\lambda_{\text{noobj}} \hat C_{ij}^2$ presses "
    "its confidence down. Where it is goes unnoticed.",
)

SUPPRESSION = Numeric(
    "detection-suppression",
    "What suppression leaves",
    answer=2,
    mistakes=[
        Mistake(1, "B is dropped by A, and a box that was dropped drops nobody. C overlaps A by 0.3 only."),
        Mistake(3, "B overlaps A by more than ½, and A has the better score."),
        Mistake(0, "The box of the best score always stays."),
    ],
    hints=["Begin with the best score.", "B is gone. Whom does C have to be compared with?"],
    solution="A stays and drops B. C has to be compared with A alone, 0.3, and stays: 2 boxes.",
)

WHAT_HELPED = Choice(
    "detection-what-helped",
    "Two changes at once",
    options=[
        Option("It caused the improvement.", "Two things were changed. In the chapter's run the other one did most."),
        Option("Nothing.", "Nor can you tell that. It may have helped."),
        Option(
            "That cannot be told from these two runs.",
            "Cross-entropy with the prior bias and focal loss without it are missing.",
            right=True,
        ),
        Option("It found the hard examples.", "That is what it is for. Whether it made the difference is open."),
    ],
    hints=["How many things differ between the two?"],
    solution="Loss and bias were changed together, so two runs cannot separate them. Run all four combinations, with "
    "several seeds.",
)

# ── Exercises ────────────────────────────────────────────────────────────────────────────────────────────────────────


def overlap(box, other):
    """IoU of two boxes with the corners x1, y1, x2, y2."""
    width = max(0.0, min(box[2], other[2]) - max(box[0], other[0]))
    height = max(0.0, min(box[3], other[3]) - max(box[1], other[1]))
    common = width * height
    areas = [(b[2] - b[0]) * (b[3] - b[1]) for b in (box, other)]
    return common / (areas[0] + areas[1] - common)


def _area(box):
    return (box[2] - box[0]) * (box[3] - box[1])


def _shared(box, other):
    width = max(0.0, min(box[2], other[2]) - max(box[0], other[0]))
    height = max(0.0, min(box[3], other[3]) - max(box[1], other[1]))
    return width * height


def _overlap_absolute(box, other):
    width = abs(min(box[2], other[2]) - max(box[0], other[0]))
    height = abs(min(box[3], other[3]) - max(box[1], other[1]))
    return width * height / (_area(box) + _area(other) - width * height)


def _overlap_signed(box, other):
    width = min(box[2], other[2]) - max(box[0], other[0])
    height = min(box[3], other[3]) - max(box[1], other[1])
    common = width * height
    areas = [(b[2] - b[0]) * (b[3] - b[1]) for b in (box, other)]
    return common / (areas[0] + areas[1] - common)


def _overlap_clamped_late(box, other):
    width = min(box[2], other[2]) - max(box[0], other[0])
    height = min(box[3], other[3]) - max(box[1], other[1])
    common = max(0.0, width * height)
    areas = [(b[2] - b[0]) * (b[3] - b[1]) for b in (box, other)]
    return common / (areas[0] + areas[1] - common)


def _overlap_twice(box, other):
    width = max(0.0, min(box[2], other[2]) - max(box[0], other[0]))
    height = max(0.0, min(box[3], other[3]) - max(box[1], other[1]))
    areas = [(b[2] - b[0]) * (b[3] - b[1]) for b in (box, other)]
    return width * height / (areas[0] + areas[1])


def _overlap_pixels(box, other):
    width = max(0.0, min(box[2], other[2]) - max(box[0], other[0]) + 1)
    height = max(0.0, min(box[3], other[3]) - max(box[1], other[1]) + 1)
    common = width * height
    areas = [(b[2] - b[0] + 1) * (b[3] - b[1] + 1) for b in (box, other)]
    return common / (areas[0] + areas[1] - common)


def _overlap_hull(box, other):
    width = max(0.0, min(box[2], other[2]) - max(box[0], other[0]))
    height = max(0.0, min(box[3], other[3]) - max(box[1], other[1]))
    around = (max(box[2], other[2]) - min(box[0], other[0])) * (max(box[3], other[3]) - min(box[1], other[1]))
    return width * height / around


def _overlap_sizes(box, other):
    width = max(0.0, min(box[0] + box[2], other[0] + other[2]) - max(box[0], other[0]))
    height = max(0.0, min(box[1] + box[3], other[1] + other[3]) - max(box[1], other[1]))
    common = width * height
    return common / (box[2] * box[3] + other[2] * other[3] - common)


IOU_CODE = Code(
    "detection-iou-code",
    "Write the IoU",
    reference=overlap,
    equals=lambda box, other: 1 - float(iou(box, other)),
    cases=[
        case([0.0, 0.0, 2.0, 2.0], [1.0, 0.0, 3.0, 2.0]),
        case([0.0, 0.0, 4.0, 3.0], [1.0, 1.0, 2.0, 5.0]),
        case([0.0, 0.0, 1.0, 1.0], [3.0, 0.5, 4.0, 2.0]),
        case([0.0, 0.0, 1.0, 1.0], [3.0, 2.0, 4.0, 5.0]),
        case([1.0, 1.0, 3.0, 2.0], [1.0, 1.0, 3.0, 2.0]),
        case([0.1, 0.2, 2.3, 0.9], [0.5, -0.3, 1.2, 0.6]),
        case([1.0, 1.0, 2.0, 5.0], [0.0, 0.0, 4.0, 3.0]),
        case([-1.0, 2.0, 3.5, 7.0], [1.5, 4.0, 6.0, 4.5]),
        case([0.0, 0.0, 2e-6, 2e-6], [1e-6, 0.0, 3e-6, 2e-6]),
    ],
    mistakes=[
        Mistake(
            _overlap_clamped_late,
            "Boxes that are apart in both directions have two negative sides, whose product is positive. Cut each "
            "*side* off at 0, before you multiply.",
        ),
        Mistake(_overlap_signed, "For boxes that are apart a side comes out negative. Cut it off at 0."),
        Mistake(_overlap_twice, "The shared area is in both areas. Take it away once to have the union."),
        Mistake(_overlap_pixels, "You added 1, which counts pixels. These corners are real numbers."),
        Mistake(_overlap_hull, "You divided by the box around both. That is larger than the union."),
        Mistake(_overlap_sizes, "You read the last two numbers as width and height. They are the other corner."),
        Mistake(lambda box, other: 1 - overlap(box, other), "That is the loss, 1 − IoU."),
        Mistake(_shared, "That is the shared area. Divide it by that of the union."),
        Mistake(
            lambda box, other: _shared(box, other) / _area(box),
            "You divided by the area of the first box. IoU has that of both together.",
        ),
        Mistake(
            lambda box, other: _shared(box, other) / _area(other),
            "You divided by the area of the second box. IoU has that of both together.",
        ),
        Mistake(
            lambda box, other: _shared(box, other) / min(_area(box), _area(other)),
            "You divided by the smaller of the two areas. IoU has that of both together.",
        ),
        Mistake(lambda box, other: 2 * _shared(box, other) / (_area(box) + _area(other)), "That is Dice, not IoU."),
        Mistake(
            lambda box, other: _shared(box, other) / (_area(box) + _area(other) + _shared(box, other)),
            "You *added* the shared area below. It is in both areas: take it away once.",
        ),
        Mistake(_overlap_absolute, "For boxes that are apart a side comes out negative. It is 0 then, not its size."),
        Mistake(lambda box, other: 1 - float(giou(box, other)), "That is GIoU: leave the box around both out."),
    ],
    hints=[
        "The shared area goes from the larger of the left edges to the smaller of the right ones.",
        "If they are apart, that width is negative. What should it be?",
        "The union is the sum of both areas, less what was counted twice.",
    ],
)

ENCODED = Numeric(
    "detection-encoded-shift",
    "An encoded shift",
    answer=float(box_encode([14, 20, 38, 50], [10, 10, 30, 50], variances=(0.1, 0.1, 0.2, 0.2))[0]),
    mistakes=[
        Mistake(0.3, "That is the shift in widths of the anchor. Divide it by the variance too."),
        Mistake(6, "That is the shift in pixels. Divide by the width of the anchor, and by the variance."),
        Mistake(60, "You left out the width of the anchor."),
        Mistake(2, "You compared the left edges. It is the *centres* that are compared."),
        Mistake(0.2, "You compared the left edges. It is the *centres* that are compared, and the variance divides."),
        Mistake(4, "You compared edges. It is the *centres* that are compared, in widths of the anchor."),
        Mistake(2.5, "You divided by the width of the object. It is that of the *anchor*."),
        Mistake(0.03, "You multiplied by the variance. Encoding divides by it."),
        Mistake(1.5, "That is with 0.2, the variance of the sizes. A shift has 0.1."),
        Mistake(-3, "The sign is turned round: object minus anchor."),
        Mistake(1.25, "That is the vertical shift. The first number is the horizontal one."),
        Mistake(0.125, "That is the vertical shift, and the variance does not divide it yet."),
        Mistake(0.25, "You divided by the width of the object. It is that of the *anchor*, and then the variance."),
        Mistake(0.4, "You compared the right edges. It is the *centres* that are compared, and the variance divides."),
        Mistake(-0.3, "The sign is turned round, and the variance does not divide it yet."),
        Mistake(-6, "The sign is turned round, and the width of the anchor and the variance do not divide it yet."),
        Mistake(math.log(1.2) / 0.2, "That is the *third* number, the width's. The first one is the shift."),
        Mistake(
            math.log(1.2), "That is the logarithm of the widths' ratio. The first number is the shift of the centre."
        ),
    ],
    hints=["The centres are at $x = 20$ and $x = 26$.", "The anchor is 20 wide. Then divide by 0.1."],
    solution=r"$\frac{26 - 20}{20} / 0.1 = 3$.",
)

INSIDE = Paper(
    "detection-inside",
    "A box inside the target",
    hints=[
        "What are the shared area, the union and the box around both, as long as the box stays inside?",
        "Which of these three depend on where it is?",
        r"For DIoU only $R/Q$ is left. $Q$ does not change either. What is the slope of $R$?",
    ],
    solution=r"""Let the box have the area $a$ and the target the area $A$. *As long as the box stays inside*, which a
small shift does not change because no edge touches, they share $I = a$, the union is $U = A$, and the smallest box
around both is the target, so $C = A$. None of these knows where the box is. So
$1 - \frac{I}{U}$ and $\frac{C-U}{C} = 0$ stay as they are, and no shift changes IoU or GIoU. (A
change of *size* does: $a$ is in $I$.)

In DIoU the term $\frac{R}{Q}$ is added. $Q$ is the squared diagonal of the target, a constant too. $R = (x - x_t)^2 +
(y - y_t)^2$ has the slopes $2(x - x_t)$ and $2(y - y_t)$ in the centre. So descent moves the box along the straight
line to the centre of the target, and only there it stops.""",
)

YOLO_SIZE = Numeric(
    "detection-yolo-size",
    "A size term by hand",
    answer=yolo_v1([[[[0.5, 0.5, 0.16, 0.36]]]], [[[1.0]]], [[[1.0]]], [[[0.5, 0.5, 0.25, 0.36]]], [[0]]).size,
    mistakes=[
        Mistake(0.01, r"That is without the weight, $\lambda_{\text{coord}} = 5$."),
        Mistake(5 * 0.09**2, "You left out the square roots: those of the sizes are compared."),
        Mistake(0.25, "You squared λ, as darknet's printed cost does. The paper's weight multiplies the square."),
        Mistake(0.09**2, "You left out the square roots, and the weight 5."),
        Mistake(0.5, "You left out the square: $5 \\cdot 0.1$."),
        Mistake(5 * 0.09, "That is the difference itself, five times. Compare square roots, and square."),
        Mistake(0.005, r"That is with $\lambda_{\text{noobj}} = \frac12$. Sizes have $\lambda_{\text{coord}} = 5$."),
        Mistake(0.1, "You doubled: the height is right and adds nothing."),
        Mistake(5 * (0.09 / 0.25) ** 2, "You took the relative error. The paper compares square roots."),
        Mistake(
            5 * (0.09 / 0.16) ** 2, "You took the error relative to the predicted width. The paper compares roots."
        ),
        Mistake(5 * 0.3, "You took the root of the difference. It is the difference of the roots, squared."),
    ],
    hints=[r"$\sqrt{0.16} = 0.4$ and $\sqrt{0.25} = 0.5$.", "Square the difference, and multiply by 5."],
    solution=r"$5 \left( (0.4 - 0.5)^2 + 0 \right) = 0.05$.",
)


def mined_term(costs, positive, ratio=3):
    """SSD's classification term: costs of all anchors, which of them are positive, and negatives per positive."""
    own = np.sum(positive)
    if own == 0:
        return 0.0
    negative = np.sort(costs[~positive])[::-1]
    return (np.sum(costs[positive]) + np.sum(negative[: ratio * own])) / own


def mined_term_broken(costs, positive, ratio=3):
    """SSD's classification term: costs of all anchors, which of them are positive, and negatives per positive."""
    own = np.sum(positive)
    if own == 0:
        return 0.0
    hardest = np.sort(costs)[::-1][: ratio * own]
    return (np.sum(costs[positive]) + np.sum(hardest)) / own


def _mined_easy(costs, positive, ratio=3):
    own = np.sum(positive)
    if own == 0:
        return 0.0
    negative = np.sort(costs[~positive])
    return (np.sum(costs[positive]) + np.sum(negative[: ratio * own])) / own


def _mined_by_all(costs, positive, ratio=3):
    own = np.sum(positive)
    if own == 0:
        return 0.0
    negative = np.sort(costs[~positive])[::-1][: ratio * own]
    return (np.sum(costs[positive]) + np.sum(negative)) / (own + len(negative))


def _mined_in_all(costs, positive, ratio=3):
    own = np.sum(positive)
    if own == 0:
        return 0.0
    negative = np.sort(costs[~positive])[::-1]
    return (np.sum(costs[positive]) + np.sum(negative[:ratio])) / own


def _mined_without_check(costs, positive, ratio=3):
    own = np.sum(positive)
    negative = np.sort(costs[~positive])[::-1]
    with np.errstate(all="ignore"):
        return (np.sum(costs[positive]) + np.sum(negative[: ratio * own])) / own


def _mined_sum(costs, positive, ratio=3):
    own = np.sum(positive)
    negative = np.sort(costs[~positive])[::-1]
    return np.sum(costs[positive]) + np.sum(negative[: ratio * own])


def _mined_parts(costs, positive, ratio):
    own = np.sum(positive)
    return own, costs[positive], np.sort(costs[~positive])[::-1][: ratio * own]


def _mined_three(costs, positive, ratio=3):
    return mined_term(costs, positive, 3)


def _mined_means(costs, positive, ratio=3):
    own, near, far = _mined_parts(costs, positive, ratio)
    return np.mean(near) + np.mean(far) if own else 0.0


def _mined_clamped(costs, positive, ratio=3):
    own = max(1, np.sum(positive))
    return (np.sum(costs[positive]) + np.sum(np.sort(costs[~positive])[::-1][: ratio * own])) / own


def _mined_alone(costs, positive, ratio=3):
    own, _, far = _mined_parts(costs, positive, ratio)
    return np.sum(far) / own if own else 0.0


def _mined_nothing(costs, positive, ratio=3):
    own = np.sum(positive)
    return np.sum(costs) / own if own else 0.0


def _mined_by_anchors(costs, positive, ratio=3):
    own, near, far = _mined_parts(costs, positive, ratio)
    return (np.sum(near) + np.sum(far)) / len(costs) if own else 0.0


def _mined_top(costs, positive, ratio=3):
    own = np.sum(positive)
    return np.sum(np.sort(costs)[::-1][: (ratio + 1) * own]) / own if own else 0.0


MINING_BUG = Code(
    "detection-mining-bug",
    "Mining that counts twice",
    reference=mined_term,
    starter=mined_term_broken,
    cases=[
        case([0.1, 2.0, 0.5, 1.0, 0.2, 0.7], [True, False, False, False, False, False]),
        case([4.0, 2.0, 0.5, 1.0, 0.2, 0.7], [True, False, False, False, False, False]),
        case([3.0, 0.3, 0.9, 2.5, 0.1, 0.8, 1.5, 0.4], [True, False, False, True, False, False, False, False], ratio=2),
        case([0.5, 1.5, 0.2], [False, False, False]),
        case([0.5, 1.5, 0.2], [False, True, False]),
    ],
    mistakes=[
        Mistake(_mined_easy, "You kept the *cheapest* of the background. Mining keeps the most expensive."),
        Mistake(_mined_by_all, "You divided by all anchors that were kept. SSD divides by the positive ones."),
        Mistake(_mined_in_all, "You kept `ratio` negatives in all. It is so many for *each* positive anchor."),
        Mistake(_mined_without_check, "Without an object 0 is divided by 0. The loss is 0 then, by definition."),
        Mistake(_mined_sum, "Divide by the number of positive anchors."),
        Mistake(_mined_three, "You wrote 3 where `ratio` belongs."),
        Mistake(_mined_means, "You added two means. Both sums are divided by the number of positive anchors."),
        Mistake(_mined_clamped, "Without an object you keep background all the same. The loss is 0 then."),
        Mistake(_mined_alone, "The positive anchors are in the sum too, not only the mined ones."),
        Mistake(_mined_nothing, "All of the background is in your sum. Mining leaves most of it out."),
        Mistake(_mined_by_anchors, "You divided by the number of all anchors. SSD divides by the positive ones."),
        Mistake(_mined_top, "You kept the most expensive of *all* anchors. The positive ones count however cheap."),
    ],
    hints=[
        "Try it with a positive anchor that is expensive. How often is its cost in the sum?",
        "Among which anchors may the hardest be looked for?",
    ],
    solution="The hardest anchors were looked for among *all* of them, so a positive anchor that is expensive was "
    "counted twice, and took the place of background. Where objects are found easily it does not show.",
)


def keep_best(overlaps, scores, threshold=0.5):
    """Which boxes stay: overlaps is a square array of IoU, scores has one number per box."""
    order = np.argsort(-scores)
    kept = []
    while len(order) > 0:
        best = order[0]
        kept.append(best)
        order = order[1:][overlaps[best, order[1:]] <= threshold]
    return np.array(kept)


def _keep_unbeaten(overlaps, scores, threshold=0.5):
    order = np.argsort(-scores)
    kept = [k for i, k in enumerate(order) if all(overlaps[k, better] <= threshold for better in order[:i])]
    return np.array(kept)


def _keep_worst(overlaps, scores, threshold=0.5):
    order = np.argsort(scores)
    kept = []
    while len(order) > 0:
        kept.append(order[0])
        order = order[1:][overlaps[order[0], order[1:]] <= threshold]
    return np.array(kept)


def _keep_near(overlaps, scores, threshold=0.5):
    order = np.argsort(-scores)
    kept = []
    while len(order) > 0:
        kept.append(order[0])
        order = order[1:][overlaps[order[0], order[1:]] > threshold]
    return np.array(kept)


def _keep_by_place(overlaps, scores, threshold=0.5):
    return np.sort(keep_best(overlaps, scores, threshold))


def _keep_in_order_given(overlaps, scores, threshold=0.5):
    order = np.arange(len(scores))
    kept = []
    while len(order) > 0:
        kept.append(order[0])
        order = order[1:][overlaps[order[0], order[1:]] <= threshold]
    return np.array(kept)


def _keep_one(overlaps, scores, threshold=0.5):
    best = np.argmax(scores)
    return np.array([best, *[k for k in np.argsort(-scores) if overlaps[best, k] <= threshold]])


def _keep_ranks(overlaps, scores, threshold=0.5):
    order = np.argsort(-scores)
    return keep_best(overlaps[np.ix_(order, order)], scores[order], threshold)


def _keep_strictly(overlaps, scores, threshold=0.5):
    return keep_best(overlaps, scores, np.nextafter(threshold, 0))


def _keep_at_half(overlaps, scores, threshold=0.5):
    return keep_best(overlaps, scores)


def _keep_scores(overlaps, scores, threshold=0.5):
    return scores[keep_best(overlaps, scores, threshold)]


def _keep_everything(overlaps, scores, threshold=0.5):
    return np.argsort(-scores)


def _keep_unsorted_unbeaten(overlaps, scores, threshold=0.5):
    return np.sort(_keep_unbeaten(overlaps, scores, threshold))


NMS_CODE = Code(
    "detection-nms-code",
    "Write non-maximum suppression",
    reference=keep_best,
    cases=[
        case([[1.0, 0.6], [0.6, 1.0]], [0.4, 0.9]),
        case([[1.0, 0.2], [0.2, 1.0]], [0.4, 0.9]),
        case([[1.0, 0.6, 0.3], [0.6, 1.0, 0.6], [0.3, 0.6, 1.0]], [0.9, 0.8, 0.7]),
        case(
            [[1.0, 0.7, 0.0, 0.0], [0.7, 1.0, 0.0, 0.1], [0.0, 0.0, 1.0, 0.6], [0.0, 0.1, 0.6, 1.0]],
            [0.5, 0.6, 0.9, 0.8],
        ),
        case([[1.0, 0.6], [0.6, 1.0]], [0.4, 0.9], threshold=0.7),
        case([[1.0, 0.5], [0.5, 1.0]], [0.4, 0.9]),
        case([[1.0, 0.7, 0.0], [0.7, 1.0, 0.0], [0.0, 0.0, 1.0]], [0.4, 0.9, 0.6]),
    ],
    mistakes=[
        Mistake(_keep_ranks, "Those are places in your *sorted* list. Give the boxes' own indices."),
        Mistake(_keep_strictly, "You drop a box at exactly the threshold. Only one that overlaps by *more* goes."),
        Mistake(_keep_at_half, "You wrote ½ where `threshold` belongs."),
        Mistake(_keep_scores, "Those are the scores of the boxes that stay. Give their indices."),
        Mistake(_keep_everything, "Nothing is dropped: you only sorted."),
        Mistake(_keep_unsorted_unbeaten, "A box that was dropped drops nobody; and the best score comes first."),
        Mistake(_keep_by_place, "The right boxes, in the wrong order: the best score comes first."),
        Mistake(_keep_worst, "You began with the *smallest* score."),
        Mistake(_keep_in_order_given, "You took the boxes as they came. Sort by score first."),
        Mistake(_keep_near, "You kept those that overlap and dropped the others."),
        Mistake(
            _keep_unbeaten, "A box that was dropped drops nobody: compare with the boxes that *stay*, not with all."
        ),
        Mistake(_keep_one, "You went round once. The next best box drops others, too."),
    ],
    hints=[
        "Sort the indices by score, the best first.",
        "Take the first, keep of the rest those that overlap it by the threshold or less, and go on.",
    ],
)

AP_BY_HAND = Numeric(
    "detection-ap-by-hand",
    "An average precision by hand",
    answer=average_precision(
        [Found(np.array([[0.0, 0, 1, 1], [5, 5, 6, 6], [2, 2, 3, 3]]), np.array([0.9, 0.8, 0.7]))],
        [np.array([[0.0, 0, 1, 1], [2, 2, 3, 3]])],
    ).average,
    mistakes=[
        Mistake(
            (1 + 0.5 + 2 / 3) / 3, "You averaged the precision after *every* box. Recall rises at right ones only."
        ),
        Mistake(2 / 3, "That is the precision at the end. Average it over the recall."),
        Mistake(1, "That is the recall at the end. One box in the middle was wrong."),
        Mistake(0.5 + 0.5 * 0.5, "For the second half you took the precision *before* the third box."),
        Mistake(0.5, "You stopped at the first wrong box. The list goes on."),
        Mistake(0.5 + 0.5 * (0.5 + 2 / 3) / 2, "You joined the points by a straight line. Each step counts as a step."),
        Mistake(5 / 3, "You added the two precisions. Each counts for half of the recall."),
        Mistake(
            (6 + 5 * 2 / 3) / 11, "That reads the curve at eleven recalls, as PASCAL VOC did at first. Take the area."
        ),
        Mistake(0.5 * 2 / 3, "That is what the second half of the recall adds. The first half adds to it."),
        Mistake((1 + 2 / 3) / 3, "You divided by the number of boxes. There are two *objects*."),
    ],
    hints=[
        r"Recall rises to $\frac12$ at the first box and to 1 at the third.",
        r"The precision there is 1 and $\frac23$.",
    ],
    solution=r"At the first right box the precision is 1, at the second $\frac23$, and each adds $\frac12$ to the "
    r"recall: $\frac12 \cdot 1 + \frac12 \cdot \frac23 = \frac56 = 0.833$.",
)

PRICES = ((2, 3), (3, 9), (7, 8))

ASSIGNMENT = Numeric(
    "detection-assignment",
    "The cheapest assignment",
    answer=min(PRICES[i][0] + PRICES[j][1] for i, j in permutations(range(3), 2)),
    mistakes=[
        Mistake(10, "You took the cheapest pair first, 2. Then the second object costs 8. Look at all pairs of pairs."),
        Mistake(5, "The first prediction has both objects then. Each prediction may have one at most."),
        Mistake(11, "Not all assignments were tried: the second prediction can take the first object."),
        Mistake(14, "Every object needs one prediction; the third prediction goes without."),
        Mistake(3, "That is the price of one object. There are two."),
        Mistake(
            12, "You let every prediction answer for the object that suits it. There are two objects, and one each."
        ),
    ],
    hints=["Prediction 1 is the best for both objects. Who gives way more cheaply?", "$3 + 3$ or $2 + 8$?"],
    solution="Prediction 1 takes the second object for 3, prediction 2 the first one for 3: 6. The cheapest pair first "
    "would cost $2 + 8 = 10$. Prediction 3 answers for nothing.",
)

BIAS_ON_PAPER = Paper(
    "detection-bias-on-paper",
    "The loss before the first step",
    hints=[
        r"With $\pi = \sigma(b)$ an anchor with an object costs $-\log\pi$, one without $-\log(1-\pi)$.",
        r"Write the sum, divide by $N$, differentiate in $\pi$.",
        r"You should find $\pi = N/A$.",
    ],
    solution=r"""*If* all scores are $b$, let $\pi = \sigma(b)$. The loss at the start is

$$
L = -\log \pi - \frac{A - N}{N} \log(1 - \pi) .
$$

Its slope in $b$ is $\frac{1}{N}\left(A\pi - N\right)$, since each anchor has $\pi - y$. It is 0 at $\pi = \frac{N}{A}$,
the share of anchors with an object, and rises with $b$, so this is the minimum: $b = -\log\frac{A - N}{N}$.

For $A = 1000$ and $N = 10$ this is $\pi = 0.01$, $b = -4.595$, and $L = 4.605 + 99 \cdot 0.01005 = 5.60$. With
$b = 0$ it is $100 \log 2 = 69.3$. The first steps of a network with $b = 0$ are spent on the difference.
The published 0.01 is no share that was counted; it is small enough.""",
)
