r"""Ranking and preference: quick questions first, then exercises on paper, with numbers, with curves and with code."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

import lossbook as losses
from lossbook.core import Floats
from lossbook.exercises.kinds import Choice, Code, Mistake, Numeric, Option, Paper, case, guarded

# ── Check yourself ───────────────────────────────────────────────────────────────────────────────────────────────────

AUC_BY_HAND = Numeric(
    "ranking-auc-by-hand",
    "An AUC by hand",
    answer=(4 + 0.5) / (2 * 3),
    mistakes=[
        Mistake(4 / 6, "You gave the tie nothing. A tied pair counts one half."),
        Mistake(5 / 6, "You counted the tie as right. A tied pair counts one half."),
        Mistake(4 / 5, "You left the tied pair out altogether. It is one of the six, and counts one half."),
        Mistake(0.25, "That is the share of pairs in the *wrong* order. AUC is one minus it."),
        Mistake(1 / 6, "That is the share of pairs in the *wrong* order, with nothing for the tie."),
        Mistake(4, "That is how many pairs are right. Add a half for the tie, and divide by the number of pairs."),
        Mistake(4.5, "That is how many pairs are right. Divide by the number of pairs."),
        Mistake(2 / 6, "That is the share of pairs in the *wrong* order, with the tie counted as wrong."),
        Mistake(0.9, "You divided by five, the number of *scores*. Two positives and three negatives make six pairs."),
    ],
    hints=["There are $2 \\cdot 3 = 6$ pairs. Which are in the right order?", "Four are right, one is tied."],
    solution="Of the six pairs four are right (3 above 2, 1 and 0; 1 above 0), one is tied and one is wrong: "
    r"$(4 + \tfrac12)/6 = 0.75$.",
)

LOGISTIC_BY_HAND = Numeric(
    "ranking-logistic-by-hand",
    "One pairwise logistic loss",
    answer=float(losses.pairwise_logistic(1.0, 1.0 + math.log(3.0))),
    unit="nats",
    mistakes=[
        Mistake(math.log(4 / 3), "That would be right if the preferred document had the *higher* score."),
        Mistake(math.log(3), "That is the difference of the scores. It goes through $\\log(1 + \\exp(\\cdot))$."),
        Mistake(1 + math.log(3), "That is the hinge with margin 1."),
        Mistake(0.75, "That is the size of the *gradient*: the probability of the wrong order."),
        Mistake(3, "That is $e^{s_l - s_w}$, the exponential loss. Here the loss is $\\log(1 + 3)$."),
        Mistake(4, "That is $1 + e^{s_l - s_w}$. The loss is its logarithm."),
        Mistake(
            math.log1p(math.exp(1 + math.log(3))),
            "You took the score of the other document by itself. What counts is the *difference* of the two.",
        ),
        Mistake(0.25, "That is the probability of the right order. The loss is minus its logarithm."),
    ],
    hints=[
        r"The difference $s_w - s_l$ is $-\log 3$. Which probability has the right order?",
        r"$\sigma(-\log 3) = \frac14$.",
    ],
    solution=r"$\log(1 + \exp(s_l - s_w)) = \log(1 + 3) = 1.386$ nats.",
)

SHIFTED = Choice(
    "ranking-shifted-scores",
    "Five points for everybody",
    options=[
        Option("ListNet", "It takes a softmax of the scores, and a softmax does not notice a shift."),
        Option("squared error on the relevances", "It looks at each score by itself.", right=True),
        Option("NDCG", "It looks at the order, which has not changed."),
        Option("ListMLE", "Each of its steps is a softmax over what is left."),
        Option("the pairwise logistic loss", "In every difference the 5 cancels."),
    ],
    hints=["Which of them compares a score with something else than another score of the list?"],
    solution="Only the pointwise loss. All the others know differences of scores, or only their order.",
)

NINETY = Numeric(
    "ranking-nine-in-ten",
    "A lead that means nine in ten",
    answer=math.log(9),
    unit="nats",
    mistakes=[
        Mistake(9, "Those are the odds. The difference of strengths is their logarithm."),
        Mistake(0.9, "That is the probability itself. Which number does the sigmoid turn into it?"),
        Mistake(-math.log(0.9), "That is the loss of such a win. The difference is the log-*odds*."),
        Mistake(math.log(10), "The odds of nine in ten are 9 to 1, not 10 to 1."),
        Mistake(400 * math.log10(9), "Those are Elo points. In nats no factor and no base 10 is needed.", tolerance=4),
        Mistake(1 / 9, "Those are the odds of *losing*. The difference of strengths is a logarithm."),
        Mistake(0.8, "That is $2P - 1$, which is what a squared margin loss would estimate."),
        Mistake(1, "That is what the hinge with margin 1 would make of it. Here the model is Bradley and Terry's."),
    ],
    hints=[r"Solve $\sigma(d) = 0.9$.", r"$d = \log\frac{0.9}{0.1}$."],
    solution=r"$d = \log\frac{0.9}{0.1} = \log 9 = 2.197$.",
)

STAIRS = Choice(
    "ranking-why-not-ndcg",
    "Why nobody descends NDCG",
    options=[
        Option("It is expensive to compute.", "Sorting a list is quick. Think of its gradient."),
        Option(
            "Its gradient is 0 wherever no two scores are equal.",
            "It depends on the order alone, which a small change of the scores leaves as it is.",
            right=True,
        ),
        Option("It is bounded by 1.", "So is accuracy, and so is the sigmoid, which is descended every day."),
        Option("It needs more than two grades of relevance.", "Two grades will do."),
    ],
    hints=["Move one score by very little. What happens to NDCG?"],
    solution="NDCG is constant as long as the order does not change, so its gradient is 0, and at the jumps there is "
    "none.",
)

DPO_START = Numeric(
    "ranking-dpo-at-the-start",
    "DPO at the start",
    answer=float(losses.dpo([-7.0], [-9.0], [-7.0], [-9.0], beta=0.1)),
    unit="nats",
    mistakes=[
        Mistake(
            float(losses.dpo([-7.0], [-9.0], [0.0], [0.0], beta=0.1)),
            "You left the reference out: $h$ is a difference of *log-ratios*, and both are 0 here.",
        ),
        Mistake(
            math.log1p(math.exp(-2)),
            "You left out β and the reference: that is $-\\log\\sigma$ of the difference of log-probabilities.",
        ),
        Mistake(0, "The lead is 0. The loss of a lead of 0 is that of a coin."),
        Mistake(0.5, "That is the probability of the right order. The loss is minus its logarithm."),
        Mistake(25, "That is IPO's loss, $(0 - \\frac{1}{2\\beta})^2$."),
        Mistake(0.05, "That is the size of the gradient, $\\beta/2$."),
        Mistake(0.1 * math.log(2), "β multiplies the lead, inside. The loss itself is not multiplied."),
    ],
    hints=["What are the two log-ratios if the policy *is* the reference?", r"$-\log\sigma(0)$."],
    solution=r"Both log-ratios are 0, so $h = 0$ and the loss is $-\log\sigma(0) = \log 2 = 0.693$, whatever $\beta$ "
    "and the answers are.",
)

FELL = Choice(
    "ranking-what-a-fall-means",
    "What a falling loss says",
    options=[
        Option("The chosen answer has become more probable.", "It may have fallen, if the rejected one fell faster."),
        Option("The rejected answer has become less probable.", "It may have risen, if the chosen one rose faster."),
        Option(
            "The log-ratio of the chosen answer is the larger one.",
            "A loss below $\\log 2$ means $h > 0$, and that is all it means.",
            right=True,
        ),
        Option("The policy is still near the reference.", "The loss says nothing of the size of the two log-ratios."),
    ],
    hints=["The loss is a function of one number. Of which?"],
    solution="The loss is a falling function of the lead $h$, the difference of the two log-ratios. Below $\\log 2$ "
    "the lead is positive; nothing is said about either log-ratio by itself.",
)

IPO_LEAD = Numeric(
    "ranking-ipo-lead",
    "The lead that IPO wants",
    answer=1 / (2 * 0.2),
    mistakes=[
        Mistake(5, "That is $1/\\beta$. The square is smallest at half of it."),
        Mistake(10, "That is $2/\\beta$: the 2 stands below, with the $\\beta$."),
        Mistake(0.4, "That is $2\\beta$. The lead is its inverse."),
        Mistake(0.1, "That is $\\beta/2$. A smaller $\\beta$ means a *larger* lead."),
        Mistake(6.25, "That is the loss at the start, the square of the lead that is missing."),
        Mistake(0.5, "That is the numerator of $(P - \\frac12)/\\beta$: divide it by $\\beta$."),
    ],
    hints=[r"Where is $\left(h - \frac{1}{2\beta}\right)^2$ smallest?"],
    solution=r"$h = \frac{1}{2\beta} = \frac{1}{0.4} = 2.5$ nats. For DPO no lead is best.",
)

# ── Exercises ────────────────────────────────────────────────────────────────────────────────────────────────────────

LOG_ODDS = Paper(
    "ranking-log-odds",
    "What the pairwise logistic loss estimates",
    hints=[
        r"Write $d$ for the difference. With probability $P$ the loss is $\log(1 + e^{-d})$, otherwise "
        r"$\log(1 + e^{d})$.",
        r"The slopes of the two are $-\sigma(-d)$ and $\sigma(d)$.",
        r"You should arrive at $\sigma(d) - P = 0$. For the hinge, look at the pieces between $-M$ and $M$.",
    ],
    solution=r"""Let $d = s_1 - s_2$, and let the first item be preferred with probability $P$. The expected loss is

$$
R(d) = P \log(1 + e^{-d}) + (1 - P) \log(1 + e^{d}) ,
$$

with the slope $R'(d) = -P\,\sigma(-d) + (1 - P)\,\sigma(d) = \sigma(d) - P$. *If* $0 < P < 1$ it vanishes at
$d = \log\frac{P}{1-P}$ and nowhere else; $R'' = \sigma(d)\,\sigma(-d) > 0$, so that is the minimum. At $P = 1$ the loss
falls for ever.

The hinge $\max(0, M - d)$ has the expected loss $P(M - d) + (1 - P)(M + d)$ between $-M$ and $M$: a straight line of
slope $1 - 2P$. To the right of $M$ the slope is $1 - P$, to the left of $-M$ it is $-P$. So for $\tfrac12 < P < 1$ the
minimum is at $d = M$, whatever $P$ is. *Assumed*: one difference $d$ can be chosen freely, which a model of many items
need not allow.""",
)

TWO_ITEMS = Paper(
    "ranking-listmle-scaled",
    "ListMLE and the size of scores",
    hints=[
        "Put the items in the right order, best first. What is item $k$ compared with?",
        r"Write the term of item $k$ as $\log \sum_{j \ge k} e^{s_j - s_k}$.",
        "Multiply all scores by $c > 1$. What happens to each exponent?",
    ],
    solution=r"""Number the items from the best to the worst, without ties. Then

$$
\ell(s) = \sum_{k=1}^{K} \log \sum_{j=k}^{K} e^{s_j - s_k} .
$$

For $K = 2$ the second term is $\log e^0 = 0$ and the first is $\log(1 + e^{s_2 - s_1})$: the pairwise logistic loss.

If the scores are in the right order, $s_j - s_k < 0$ for every $j > k$. With $c\,s$ in place of $s$ and $c > 1$ each of
these exponents becomes smaller, and the one with $j = k$ stays 0. So each term but the last falls, and the loss falls.
No scores in the right order are the best ones: along the ray the loss goes to 0 and never arrives. ListNet is
different: its target has a softmax of the relevances in it, which fixes a size.""",
)

DPO_ON_PAPER = Paper(
    "ranking-dpo-on-paper",
    "Derive DPO",
    hints=[
        r"Put $\pi^*(y) = \pi_{\mathrm{ref}}(y)\,e^{r(y)/\beta}/Z$ and express $r(y)$ by it.",
        r"Insert this $r$ into the objective. You should find $\beta \log Z - \beta\,D_{\mathrm{KL}}(\pi \,\Vert\, "
        r"\pi^*)$.",
        "In the difference of two rewards of one prompt, what cancels?",
    ],
    solution=r"""For one prompt, let $Z = \sum_y \pi_{\mathrm{ref}}(y)\,e^{r(y)/\beta}$, *assumed finite*, and $\pi^* =
\pi_{\mathrm{ref}}\,e^{r/\beta}/Z$. *If* $\pi_{\mathrm{ref}} > 0$ everywhere, $r(y) = \beta \log\frac{\pi^*(y)}
{\pi_{\mathrm{ref}}(y)} + \beta \log Z$, and

$$
\begin{aligned}
& \sum_y \pi(y)\, r(y) - \beta \sum_y \pi(y) \log\frac{\pi(y)}{\pi_{\mathrm{ref}}(y)} \\
&\quad = \beta \log Z - \beta \sum_y \pi(y) \log\frac{\pi(y)}{\pi^*(y)} .
\end{aligned}
$$

The last sum is $D_{\mathrm{KL}}(\pi \,\Vert\, \pi^*) \ge 0$, so *among all distributions* $\pi^*$ is the best. Under
*Bradley and Terry's model* the chosen answer is preferred with probability $\sigma(r(y_w) - r(y_l))$. Both answers
belong to *one prompt*, so $\beta \log Z$ cancels, and with $h$ the difference of the two log-ratios the probability is
$\sigma(\beta h)$. Its negative logarithm, with the trained policy in place of $\pi^*$, is DPO's loss.""",
)


PLACKETT = Numeric(
    "ranking-order-by-hand",
    "The probability of an order",
    answer=math.exp(-losses.listmle([math.log(4.0), math.log(2.0), 0.0], [2.0, 1.0, 0.0])),
    mistakes=[
        Mistake(4 / 7, "That is the probability that A comes *first*. B then has to beat C."),
        Mistake(4 / 7 * 2 / 7, "After A is drawn it competes no longer: B has 2 of the 3 that are left."),
        Mistake(13 / 21, "That is the probability of *not* drawing this order."),
        Mistake(1 / 6, "All six orders alike would need equal scores."),
        Mistake(1 / 7 * 2 / 6, "That is the order CBA: the *worst* drawn first."),
        Mistake(4 / 7 * 1 / 3, "That is the order ACB."),
        Mistake(4 / 7 * 2 / 7 * 1 / 7, "You drew with replacement. Who has been drawn does not compete again."),
        Mistake(-math.log(8 / 21), "That is ListMLE, minus the logarithm of the probability."),
        Mistake(4 / 6 * 2 / 3, "Those are A against B and B against C. In the first draw A competes with *both*."),
        Mistake(2 / 3, "A softmax takes $e^s$, here 4, 2 and 1, and both draws count: who is first, and who is next."),
        Mistake(4 / 6 * 2 / 3 * 4 / 5, "Those are the three *pairs*, multiplied as if they were independent."),
    ],
    hints=["The strengths $e^s$ are 4, 2 and 1.", "Who is first: $\\frac47$. Who is next among B and C?"],
    solution=r"With $e^s$ = 4, 2, 1 the probability is $\frac{4}{4+2+1} \cdot \frac{2}{2+1} = \frac{8}{21} = 0.381$.",
)

NDCG_BY_HAND = Numeric(
    "ranking-ndcg-by-hand",
    "NDCG by hand",
    answer=(3 / math.log2(3) + 1 / 2) / (3 + 1 / math.log2(3)),
    mistakes=[
        Mistake((7 / math.log2(3) + 0.5) / (7 + 1 / math.log2(3)), "You used the gain $2^y - 1$; here it is $y$."),
        Mistake(3 / math.log2(3) + 0.5, "That is the DCG. Divide by that of the right order."),
        Mistake(3 + 1 / math.log2(3), "That is the DCG of the *right* order, by which to divide."),
        Mistake(
            (3 / math.log2(3) + 0.5) / 4, "You divided by the sum of the relevances. Discount them first, best first."
        ),
        Mistake(
            (3 / math.log2(3) + 0.5) / 3,
            "You divided by 3. The best possible DCG has the second document in it too, discounted.",
        ),
        Mistake((3 / 2 + 1 / 3) / 3.5, r"You discounted by the place itself. The discount is $\log_2(1 + \rho)$."),
        Mistake(2 / 3, "That is the share of misordered *pairs*. NDCG looks at places."),
        Mistake(
            (3 + 1 / math.log2(3)) / 4,
            r"You discounted by $\log_2 \rho$, and the first two places not at all. Here it is $\log_2(1 + \rho)$.",
        ),
        Mistake(
            3 / math.log2(3) / (3 + 1 / math.log2(3)), "You stopped after two places. The third document counts too."
        ),
        Mistake(1, "That needs the right order. Here the best document stands second."),
    ],
    hints=[
        r"The discounts are $\log_2 2 = 1$, $\log_2 3 = 1.585$ and $\log_2 4 = 2$.",
        r"DCG: $\frac{0}{1} + \frac{3}{1.585} + \frac{1}{2}$. Best possible: $\frac{3}{1} + \frac{1}{1.585} + "
        r"\frac{0}{2}$.",
    ],
    solution=r"$\mathrm{DCG} = \frac{3}{1.585} + \frac12 = 2.393$, the best is $3 + \frac{1}{1.585} = 3.631$, so "
    "NDCG is 0.659.",
)

ELO = Numeric(
    "ranking-elo",
    "Two hundred points",
    answer=1 / (1 + 10 ** (-200 / 400)),
    mistakes=[
        Mistake(math.sqrt(10), "Those are the odds. The probability is odds over one plus odds."),
        Mistake(1 / math.sqrt(10), "Those are the odds of *losing*. The probability of winning is asked for."),
        Mistake(1 / (1 + math.sqrt(10)), "That is the probability of the *weaker* player."),
        Mistake(1 / (1 + math.exp(-0.5)), "You took powers of $e$. Elo's 400 points are odds of *ten* to one."),
        Mistake(10 / 11, "That is a lead of 400 points."),
        Mistake(0.75, "Probabilities do not grow in a straight line with points. Odds do, as a power of ten."),
        Mistake(math.log(10) / 2, "That is the lead in nats. The probability is its sigmoid."),
        Mistake(5 / 6, "Half the points are the *root* of the odds, not half of them."),
        Mistake(1, "The 200 points have to be divided by 400 before they go into a power."),
    ],
    hints=["400 points are odds of 10 to 1; points add where odds multiply.", r"200 points are odds of $\sqrt{10}$."],
    solution=r"The odds are $10^{200/400} = 3.162$ to one, so the probability is $\frac{3.162}{4.162} = 0.760$. In "
    r"nats the lead is $\frac12 \log 10 = 1.151$.",
)

LEAD = Numeric(
    "ranking-dpo-by-hand",
    "One DPO loss",
    answer=float(losses.dpo([-12.0], [-20.0], [-11.0], [-14.0], beta=0.5)),
    unit="nats",
    mistakes=[
        Mistake(math.log1p(math.exp(-4)), "You left the reference out. The lead is a difference of log-*ratios*."),
        Mistake(math.log1p(math.exp(-8)), "You left out the reference *and* $\\beta$."),
        Mistake(0.5 * math.log1p(math.exp(-5)), "$\\beta$ multiplies the lead, inside, and not the loss."),
        Mistake(math.log1p(math.exp(-5)), "The lead is right. It has to be multiplied by $\\beta$."),
        Mistake(
            math.log1p(math.exp(2.5)), "The rejected answer stands first with you: the sign of the lead is turned."
        ),
        Mistake(math.log1p(math.exp(3.5)), "You *added* the two log-ratios. The lead is their difference."),
        Mistake(5, "That is the lead $h$."),
        Mistake(2.5, "That is $\\beta h$. It goes through $-\\log\\sigma$."),
        Mistake(1 / (1 + math.exp(-2.5)), "That is the probability of the right order. Take minus its logarithm."),
        Mistake(
            1 / (1 + math.exp(2.5)), "That is the probability of the *wrong* order. The loss is $-\\log$ of the right."
        ),
        Mistake(math.log1p(math.exp(-1)), "You multiplied the policy's half by β, and not the reference's."),
        Mistake(math.log1p(math.exp(-6.5)), "You multiplied the reference's half by β, and not the policy's."),
        Mistake(math.log1p(math.exp(-5.5)), "You *added* the reference. It is subtracted: $-12 - (-11)$."),
        Mistake(16, "That is IPO's loss, $(5 - 1)^2$."),
    ],
    hints=["The log-ratio of the chosen answer is $-12 - (-11) = -1$.", "The lead is $-1 - (-6) = 5$."],
    solution=r"The log-ratios are $-1$ and $-6$, the lead is $h = 5$, and the loss is $\log(1 + e^{-0.5 \cdot 5}) = "
    "0.0789$. Both answers have become less probable.",
)

FLAT = Choice(
    "ranking-diagnose-flat",
    "Diagnose: flat at 0.6931",
    options=[
        Option("The learning rate is too small.", "Then it would fall slowly, and start a little off $\\log 2$."),
        Option(
            "Both documents of a pair get the same score.",
            r"Then every difference is exactly 0 and every loss exactly $\log 2$: the features of the *document* are "
            "missing.",
            right=True,
        ),
        Option("The pairs are turned round.", "Then the loss would fall as usual, and the AUC would go below ½."),
        Option("The margin is 0.", "The logistic loss has no margin. A hinge with margin 0 would show a loss of 0."),
    ],
    hints=["To four decimals, at every step, on every batch. What must each difference be?"],
    solution="If the network sees the query alone, or features that all documents of a query share, its scores differ "
    "between queries and never within one. Feed it the document.",
)

TOO_GOOD = Choice(
    "ranking-diagnose-too-good",
    "Diagnose: a hinge at 0.0005",
    options=[
        Option("The network has learnt the training pairs by heart.", "Then their scores would lie a margin apart."),
        Option(
            "The margin is 0.",
            "Equal scores cost nothing then, so making all scores small is as good as ordering them.",
            right=True,
        ),
        Option("The labels are 0 and 1 instead of −1 and 1.", "Then the loss could not fall below half the margin."),
        Option("The logarithm is missing.", "The hinge has none."),
    ],
    hints=["Which scores have a small hinge loss, in *any* order?"],
    solution="PyTorch's `margin_ranking_loss` has the margin 0 unless you give one. Then the loss measures how large "
    "the wrong differences are, and shrinking all scores makes it small.",
)


def share_misordered(positive: np.ndarray, negative: np.ndarray) -> float:
    """The share of pairs, one score of each group, in the wrong order.

    A positive should have the higher score. Ties count one half.
    """
    lead = positive[:, None] - negative[None, :]
    return np.mean((lead < 0) + 0.5 * (lead == 0))


def _misordered(positive: np.ndarray, negative: np.ndarray) -> float:
    from lossbook.analysis.preferences import misordered

    return misordered(positive, negative)


MISORDERED_CODE = Code(
    "ranking-misordered-code",
    "Count misordered pairs",
    reference=share_misordered,
    equals=_misordered,
    cases=[
        case([1.0], [1.0, 0.0]),
        case([3.0, 1.0], [2.0, 1.0, 0.0]),
        case([0.0, 0.5, 2.0, 2.0], [2.0, -1.0]),
        case([0.25, 1.0, 1.0], [0.0, 1.0 + 1e-9]),
    ],
    mistakes=[
        Mistake(
            lambda positive, negative: np.mean(positive[:, None] < negative[None, :]),
            "Ties cost nothing with you. They count one half.",
        ),
        Mistake(
            lambda positive, negative: np.mean(
                np.where(np.isclose(positive[:, None], negative[None, :]), 0.5, positive[:, None] < negative[None, :])
            ),
            "A small difference is no tie: only equal scores are.",
        ),
        Mistake(
            lambda positive, negative: np.mean(positive[:, None] <= negative[None, :]),
            "A tie counts one with you. It counts one half.",
        ),
        Mistake(
            lambda positive, negative: 1 - share_misordered(positive, negative),
            "That is the AUC. The share in the *wrong* order was asked for.",
        ),
        Mistake(
            lambda positive, negative: (
                np.sum(positive[:, None] < negative[None, :]) + 0.5 * np.sum(positive[:, None] == negative[None, :])
            ),
            "That is the number of pairs. Divide by how many there are.",
        ),
        Mistake(
            lambda positive, negative: np.mean(np.maximum(0, negative[None, :] - positive[:, None])),
            "That is a hinge: it measures *how far* a pair is wrong. Count pairs.",
        ),
        Mistake(
            lambda positive, negative: (
                np.sum(positive[:, None] < negative[None, :]) / max(1, np.sum(positive[:, None] != negative[None, :]))
            ),
            "You leave tied pairs out. They belong to the pairs, and count one half.",
        ),
        Mistake(
            lambda positive, negative: np.mean(positive[:, None] > negative[None, :]),
            "That is the share in the *right* order, with nothing for ties.",
        ),
    ],
    hints=["`positive[:, None] - negative[None, :]` holds every difference once.", "Wrong: below 0. Tied: equal to 0."],
    solution="One minus this number is the area under the ROC curve.",
)


def pair_losses(preferred: np.ndarray, other: np.ndarray) -> np.ndarray:
    """One pairwise logistic loss per pair. It must survive differences of 10,000."""
    return np.logaddexp(0, other - preferred)


def _pair_losses(preferred: np.ndarray, other: np.ndarray) -> Floats | float:
    return losses.pairwise_logistic(preferred, other, reduction="none")


def _careless_pairs(preferred: np.ndarray, other: np.ndarray) -> Floats:
    with np.errstate(all="ignore"):
        return np.asarray(np.log(1 + np.exp(other - preferred)))


PAIR_CODE = Code(
    "ranking-pairwise-code",
    "Write the pairwise logistic loss",
    reference=pair_losses,
    equals=_pair_losses,
    cases=[case([2.0], [0.5]), case([0.0, 3.0, -1.0], [0.0, 1.0, 1.0]), case([0.0, 10000.0], [10000.0, 0.0])],
    mistakes=[
        Mistake(
            lambda preferred, other: np.logaddexp(0, preferred - other),
            "The sign is turned: with you it is dear to put the preferred item on top.",
        ),
        Mistake(
            _careless_pairs,
            "Right, up to a difference of about 700; there `np.exp` overflows. `np.logaddexp(0, x)` does not.",
        ),
        *guarded(
            lambda preferred, other, log: -log(losses.sigmoid(preferred - other)),
            "A probability may be 0 in the computer. {}, you put a ceiling on the loss: use the difference.",
        ),
        Mistake(
            lambda preferred, other: np.maximum(0, 1 - (preferred - other)),
            "That is the hinge with margin 1.",
        ),
        Mistake(
            lambda preferred, other: losses.sigmoid(other - preferred),
            "That is the probability of the wrong order, which is the size of the gradient. The loss is $-\\log$ of "
            "the probability of the *right* order.",
        ),
        Mistake(
            lambda preferred, other: np.exp(-np.logaddexp(0, other - preferred)),
            "That is the probability of the right order. The loss is minus its logarithm.",
        ),
        Mistake(
            lambda preferred, other: np.logaddexp(0, other - preferred) / np.log(2),
            "Right, but in bits. Use the natural logarithm.",
        ),
        Mistake(
            lambda preferred, other: np.maximum(0, other - preferred),
            "That is the hinge with margin 0: it is content with equal scores, and this loss is not.",
        ),
        Mistake(
            lambda preferred, other: np.mean(np.logaddexp(0, other - preferred)),
            "Right, but averaged: one loss per pair was asked for.",
        ),
        Mistake(
            lambda preferred, other: -np.logaddexp(0, other - preferred),
            "That is the log-likelihood. The loss is its negative.",
        ),
        Mistake(
            lambda preferred, other: np.logaddexp(0, -preferred) + np.logaddexp(0, other),
            "You judge each score by itself. Only their difference counts: add 5 to both and nothing may change.",
        ),
    ],
    hints=[r"$-\log\sigma(d) = \log(1 + e^{-d})$.", "`np.logaddexp(0, x)` is $\\log(e^0 + e^x)$, and stable."],
    solution=r"`np.logaddexp(0, x)` computes $\log(1 + e^x)$ without ever forming a large $e^x$.",
)


def order_loss(scores: np.ndarray) -> float:
    """ListMLE of one list whose items stand in the right order, best first."""
    total = 0.0
    for k in range(len(scores)):
        left = scores[k:]
        top = np.max(left)
        total += top + np.log(np.sum(np.exp(left - top))) - scores[k]
    return total


def _order_loss(scores: np.ndarray) -> Floats | float:
    return losses.listmle(scores, -np.arange(float(len(scores))))


def _careless_order(scores: np.ndarray) -> float:
    with np.errstate(all="ignore"):
        return float(np.sum([np.log(np.sum(np.exp(scores[k:]))) - scores[k] for k in range(len(scores))]))


def _order_loss_shifted(scores: np.ndarray, shift: float) -> float:
    with np.errstate(all="ignore"):
        return float(np.sum([np.log(np.sum(np.exp(scores[k:] - shift))) + shift - s for k, s in enumerate(scores)]))


def _order_loss_of_log(scores: np.ndarray, log: Callable[..., Any]) -> Any:
    with np.errstate(all="ignore"):
        return -np.sum([log(losses.softmax(scores[k:])[0]) for k in range(len(scores))])


ORDER_CODE = Code(
    "ranking-listmle-code",
    "Write ListMLE",
    reference=order_loss,
    equals=_order_loss,
    cases=[
        case([1.0, 0.0]),
        case([0.0, 0.0, 0.0]),
        case([2.0, 0.5, 1.0, -1.0]),
        case([1000.0, 0.0, 500.0]),
        case([-1000.0, 1000.0, -1000.0, 0.0]),
    ],
    mistakes=[
        Mistake(
            lambda scores: np.sum([np.logaddexp.reduce(scores) - s for s in scores]),
            "Items that have been drawn compete no longer: the sum below runs over what is *left*.",
        ),
        Mistake(
            lambda scores: np.sum(
                [np.logaddexp(0, scores[j] - scores[k]) for k in range(len(scores)) for j in range(k + 1, len(scores))]
            ),
            "Those are pairs, each by itself. An item competes with all that are left *at once*.",
        ),
        Mistake(
            lambda scores: np.sum([np.logaddexp.reduce(scores[k + 1 :]) - scores[k] for k in range(len(scores) - 1)]),
            "The item that is drawn belongs to those it is drawn from: `scores[k:]`, not `scores[k + 1:]`.",
        ),
        Mistake(
            lambda scores: np.logaddexp.reduce(scores) - scores[0],
            "That is only who comes first. The rest of the order has to be drawn too.",
        ),
        Mistake(
            lambda scores: np.sum([np.logaddexp.reduce(scores[: k + 1]) - scores[k] for k in range(len(scores))]),
            "You draw from the bottom: the best item competes with nobody. Start with all of them.",
        ),
        Mistake(
            lambda scores: -np.sum([np.logaddexp.reduce(scores[k:]) - scores[k] for k in range(len(scores))]),
            "That is the log-likelihood. The loss is its negative.",
        ),
        Mistake(
            lambda scores: np.mean([np.logaddexp.reduce(scores[k:]) - scores[k] for k in range(len(scores))]),
            "You divide by the number of items. The probability of an order is a product, so its terms add up.",
        ),
        Mistake(
            _careless_order,
            "Right for small scores; `np.exp` overflows at about 700. Take the largest score off first.",
        ),
        Mistake(
            lambda scores: _order_loss_shifted(scores, np.max(scores)),
            "Once large scores are drawn, what is left vanishes beside the largest of all. Take off the largest of "
            "those that are *left*.",
        ),
        Mistake(
            lambda scores: _order_loss_of_log(scores, np.log),
            "Right for small scores. But take off the *largest* of those left, nothing else, and take no logarithm of "
            "a probability: it may be 0 in the computer.",
        ),
        *guarded(
            _order_loss_of_log,
            "A probability may be 0 in the computer. {}, you put a ceiling on what an item costs: use the scores.",
        ),
        Mistake(
            lambda scores: np.exp(-np.sum([np.logaddexp.reduce(scores[k:]) - scores[k] for k in range(len(scores))])),
            "That is the probability of the order. The loss is minus its logarithm.",
        ),
    ],
    hints=[
        "Item $k$ is drawn from `scores[k:]`.",
        "Its probability is a softmax; the loss is the sum of minus their logarithms.",
        "For large scores take the largest of those left off before `np.exp`.",
    ],
    solution="The last term is always 0: the last item has no rival.",
)


def dpo_half_scaled(
    chosen: np.ndarray,
    rejected: np.ndarray,
    reference_chosen: np.ndarray,
    reference_rejected: np.ndarray,
    beta: float,
) -> np.ndarray:
    """One DPO loss per pair, from log-probabilities of whole answers."""
    policy = chosen - rejected
    reference = reference_chosen - reference_rejected
    return np.logaddexp(0, -(beta * policy - reference))


def dpo_scaled(
    chosen: np.ndarray,
    rejected: np.ndarray,
    reference_chosen: np.ndarray,
    reference_rejected: np.ndarray,
    beta: float,
) -> np.ndarray:
    """One DPO loss per pair, from log-probabilities of whole answers."""
    policy = chosen - rejected
    reference = reference_chosen - reference_rejected
    return np.logaddexp(0, -beta * (policy - reference))


def _dpo(
    chosen: np.ndarray,
    rejected: np.ndarray,
    reference_chosen: np.ndarray,
    reference_rejected: np.ndarray,
    beta: float,
) -> Floats | float:
    return losses.dpo(chosen, rejected, reference_chosen, reference_rejected, beta=beta, reduction="none")


def _dpo_by_exp(
    chosen: np.ndarray,
    rejected: np.ndarray,
    reference_chosen: np.ndarray,
    reference_rejected: np.ndarray,
    beta: float,
) -> Floats:
    with np.errstate(all="ignore"):
        lead = chosen - rejected - reference_chosen + reference_rejected
        return np.asarray(np.log(1 + np.exp(-beta * lead)))


DPO_BUG = Code(
    "ranking-dpo-bug",
    "Find the bug in this DPO",
    starter=dpo_half_scaled,
    reference=dpo_scaled,
    equals=_dpo,
    cases=[
        case([-7.0], [-9.0], [-7.0], [-9.0], beta=0.5),
        case([-12.0, -3.0], [-20.0, -2.0], [-11.0, -4.0], [-14.0, -5.0], beta=0.5),
        case([-5.0, -8.0], [-6.0, -8.5], [-4.0, -9.0], [-7.0, -8.0], beta=0.1),
        case([-2.0], [-4.0], [-3.0], [-3.5], beta=1.0),
        case([-2900.0, -500.0], [-700.0, -2700.0], [-600.0, -600.0], [-500.0, -500.0], beta=0.5),
    ],
    mistakes=[
        Mistake(
            lambda chosen, rejected, reference_chosen, reference_rejected, beta: np.logaddexp(
                0, -beta * (chosen - rejected)
            ),
            "The reference is gone. At the start, where the policy is the reference, every loss must be $\\log 2$.",
        ),
        Mistake(
            lambda chosen, rejected, reference_chosen, reference_rejected, beta: np.logaddexp(
                0, -(chosen - rejected - reference_chosen + reference_rejected)
            ),
            "Now β is gone altogether. It multiplies the whole lead.",
        ),
        Mistake(
            lambda chosen, rejected, reference_chosen, reference_rejected, beta: np.logaddexp(
                0, beta * (chosen - rejected - reference_chosen + reference_rejected)
            ),
            "The sign is turned: a large lead has to be cheap.",
        ),
        Mistake(
            _dpo_by_exp,
            "The bug is gone. But `np.exp` of a large lead overflows, as log-probabilities of whole answers are large: "
            "keep `np.logaddexp`.",
        ),
        *guarded(
            lambda chosen, rejected, reference_chosen, reference_rejected, beta, log: (
                -log(losses.sigmoid(beta * (chosen - rejected - reference_chosen + reference_rejected)))
            ),
            "The bug is gone. But a probability may be 0 in the computer. {}, you put a ceiling on the loss: keep "
            "`np.logaddexp`.",
        ),
        Mistake(
            lambda chosen, rejected, reference_chosen, reference_rejected, beta: np.logaddexp(
                0, -(chosen - rejected - beta * (reference_chosen - reference_rejected))
            ),
            "You moved β to the other half. It multiplies *both*.",
        ),
        Mistake(
            lambda chosen, rejected, reference_chosen, reference_rejected, beta: (
                beta * np.logaddexp(0, -(chosen - rejected - reference_chosen + reference_rejected))
            ),
            "β multiplies the lead, inside the sigmoid, and not the loss.",
        ),
        Mistake(
            lambda chosen, rejected, reference_chosen, reference_rejected, beta: np.logaddexp(
                0, -(chosen - rejected - reference_chosen + reference_rejected) / beta
            ),
            "You divide the lead by β. It is multiplied: a reward is β times a log-ratio.",
        ),
        Mistake(
            lambda chosen, rejected, reference_chosen, reference_rejected, beta: np.logaddexp(
                0, -beta * (chosen - rejected + reference_chosen - reference_rejected)
            ),
            "The reference is *subtracted*: what counts is how much the policy changed.",
        ),
        Mistake(
            lambda chosen, rejected, reference_chosen, reference_rejected, beta: np.mean(
                dpo_scaled(chosen, rejected, reference_chosen, reference_rejected, beta)
            ),
            "The bug is gone. But you average, and one loss per pair was asked for.",
        ),
        Mistake(
            lambda chosen, rejected, reference_chosen, reference_rejected, beta: (
                (chosen - rejected - reference_chosen + reference_rejected - 1 / (2 * beta)) ** 2
            ),
            "That is IPO.",
        ),
    ],
    hints=[
        "Test it with $\\beta = 1$: nothing is wrong. Then with a policy that is the reference, and $\\beta = 0.5$.",
        "The loss is $-\\log\\sigma(\\beta h)$. What belongs to $h$?",
    ],
    solution="β multiplies the whole lead, the policy's half and the reference's. At β = 1 nobody sees the slip.",
)


def ranking_with_zeros(
    first: np.ndarray,
    second: np.ndarray,
    order: np.ndarray,
    margin: float,
) -> np.ndarray:
    """One margin ranking loss per pair.

    order is 1 where the first should have the higher score, 0 where the
    second should.
    """
    return np.maximum(0, margin - order * (first - second))


def ranking_with_signs(
    first: np.ndarray,
    second: np.ndarray,
    order: np.ndarray,
    margin: float,
) -> np.ndarray:
    """One margin ranking loss per pair.

    order is 1 where the first should have the higher score, 0 where the
    second should.
    """
    sign = 2 * order - 1
    return np.maximum(0, margin - sign * (first - second))


def _signed(first: np.ndarray, second: np.ndarray, order: np.ndarray, margin: float) -> Floats | float:
    swap = order == 0
    return losses.margin_ranking(
        np.where(swap, second, first), np.where(swap, first, second), margin=margin, reduction="none"
    )


MARGIN_BUG = Code(
    "ranking-margin-bug",
    "Find the bug: half of the pairs never learn",
    starter=ranking_with_zeros,
    reference=ranking_with_signs,
    equals=_signed,
    cases=[
        case([3.0, 3.0], [1.0, 1.0], [1.0, 0.0], margin=1.0),
        case([0.0, 0.5, 2.0], [0.2, 1.5, 1.5], [0.0, 1.0, 0.0], margin=1.0),
        case([1.0, -1.0], [1.0, 1.0], [0.0, 1.0], margin=0.5),
        case([-1000.0, 1000.0], [1.0, 1.0], [1.0, 0.0], margin=1.0),
    ],
    mistakes=[
        Mistake(
            lambda first, second, order, margin: np.maximum(0, margin - (1 - 2 * order) * (first - second)),
            "The signs are turned: 1 has to become 1 and 0 has to become −1.",
        ),
        Mistake(
            lambda first, second, order, margin: np.maximum(0, margin - (order - 1) * (first - second)),
            "You shifted the labels to −1 and 0: now the *other* half never learns.",
        ),
        Mistake(
            lambda first, second, order, margin: np.maximum(0, margin - (order - 0.5) * (first - second)),
            "The signs are right, but the difference is halved. Use 1 and −1.",
        ),
        Mistake(
            lambda first, second, order, margin: np.maximum(0, margin - (first - second)),
            "Now the order is not looked at: the first always has to win.",
        ),
        Mistake(
            lambda first, second, order, margin: np.maximum(0, margin - abs(first - second)),
            "With the size of the difference any order is right, if it is clear enough.",
        ),
        Mistake(
            lambda first, second, order, margin: order * np.maximum(0, margin - (first - second)),
            "The pairs with 0 cost nothing now, so they still never learn. In them the *second* has to win.",
        ),
        Mistake(
            lambda first, second, order, margin: margin - (2 * order - 1) * (first - second),
            "The signs are mended. But beyond the margin the loss is 0, not negative.",
        ),
        Mistake(
            lambda first, second, order, margin: np.mean(ranking_with_signs(first, second, order, margin)),
            "The bug is gone. But you average, and one loss per pair was asked for.",
        ),
    ],
    hints=["What does the function return where `order` is 0, whatever the scores are?", "0 has to become −1."],
    solution="With 0 the scores drop out and the loss is the margin: no gradient. $2 \\cdot \\text{order} - 1$ makes "
    "−1 and 1 of 0 and 1.",
)
