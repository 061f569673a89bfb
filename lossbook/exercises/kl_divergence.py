r"""Kullback–Leibler divergence: quick questions first, then exercises on paper, with numbers and with code."""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable

import numpy as np

import lossbook.losses.information as information
from lossbook.analysis.coins import waiting_time
from lossbook.exercises.kinds import Choice, Code, Mistake, Numeric, Option, Order, Paper, case
from lossbook.losses.information_densities import kl_normal

# ── Check yourself ───────────────────────────────────────────────────────────────────────────────────────────────────

THREE_HEADS = Numeric(
    "kl-three-heads",
    "Three heads in a row",
    answer=float(information.surprisal(1 / 8, base=2)),
    unit="bits",
    mistakes=[
        Mistake(3 * math.log(2), "That is the surprisal in *nats*. For bits, take the logarithm to base 2."),
        Mistake(1 / 8, "That is the probability. The surprisal is minus its logarithm."),
        Mistake(8, r"That is $1/p$. Take its logarithm."),
        Mistake(-3, r"The logarithm of a probability is negative; surprisal has a minus sign in front."),
        Mistake(1, "That is the surprise of *one* flip. Surprises of independent flips add up."),
        Mistake(3 * math.log10(2), "That is the logarithm to base 10. For bits, take the one to base 2."),
        Mistake(
            3 / 8, "You weighted the surprisal with its probability, as in an entropy. The three heads *have* come."
        ),
        Mistake(
            math.log2(3),
            "That is the surprisal of one chance in three. Three heads have one in eight: each flip halves it.",
        ),
        Mistake(
            1.5, "You took one half of each flip's bit, as in an entropy. The three heads *have* come: a bit for each."
        ),
    ],
    hints=["What is the probability of three heads?", r"$-\log_2 \frac18$."],
    solution=r"The probability is $\frac18$, and $-\log_2\frac18 = 3$: one bit for each flip.",
)

MEANING = Choice(
    "kl-meaning",
    "What the divergence says",
    options=[
        Option(
            "To someone who believes $q$: how surprising samples from $p$ are, on average.",
            "That is the *cross-entropy*. Part of that surprise would be there even for someone who knows $p$.",
        ),
        Option(
            "How much *more* surprising samples from $p$ are, on average, to someone who believes $q$ than to "
            "someone who knows $p$.",
            "The extra surprise of a wrong belief, in nats or bits per example.",
            right=True,
        ),
        Option(
            "How much more surprising samples from $q$ are, on average, to someone who believes $p$ than to "
            "someone who knows $q$.",
            r"That is the other order, $D_{\mathrm{KL}}(q \,\|\, p)$. The first argument deals.",
        ),
        Option(
            "The probability that a sample from $p$ could come from $q$.",
            "It is no probability: it may be larger than 1, even infinite.",
        ),
    ],
    hints=["Which of the two distributions is the expectation under?", "Surprise under $q$ minus surprise under $p$."],
    solution=r"It is $\mathbb{E}_p[-\log q] - \mathbb{E}_p[-\log p]$: both expectations "
    r"under $p$, "
    "the surprise of the believer in $q$ minus that of someone who knows better.",
)

NOT_A_DISTANCE = Choice(
    "kl-not-a-distance",
    "Divergence or distance",
    options=[
        Option("It is not symmetric.", "A distance is the same there and back.", right=True),
        Option("It violates the triangle inequality.", "A detour can be shorter than the direct way.", right=True),
        Option("It can be negative.", r"It cannot. Single *terms* can be, but their sum is at least 0."),
        Option(
            "It can be 0 for two different distributions.",
            r"It cannot: equality in $-\log z \ge 1 - z$ needs $z = 1$ for every outcome.",
        ),
    ],
    hints=["Go through the four properties of a metric.", "Two of the four hold for KL."],
    solution=r"Symmetry and the triangle inequality fail. The other two hold: $D_{\mathrm{KL}} \ge 0$, and 0 only "
    r"for $p = q$.",
)

WHICH_INFINITE = Choice(
    "kl-which-infinite",
    "Where the zero stands",
    options=[
        Option(
            r"$D_{\mathrm{KL}}(p \,\|\, q)$",
            r"The zero is in $p$, which deals: that outcome never happens, and $0 \log 0 = 0$. The value is "
            r"$\log\frac32$.",
        ),
        Option(
            r"$D_{\mathrm{KL}}(q \,\|\, p)$",
            "Here $q$ deals the third outcome one time in three, and $p$ says that it never comes.",
            right=True,
        ),
        Option("both", r"In $D_{\mathrm{KL}}(p \,\|\, q)$ the zero outcome never happens, so it costs nothing."),
        Option(
            r"$D_{\mathrm{JS}}(p, q)$",
            "Jensen–Shannon compares with the average of the two, which has no zero here. It is never infinite.",
        ),
    ],
    hints=["A zero in the *second* argument costs, a zero in the first does not."],
    solution=r"$D_{\mathrm{KL}}(q \,\|\, p)$ has the term $\frac13 \log\frac{1/3}{0} = \infty$. "
    r"In the other order the third term is 0, and $2 \cdot \frac12 \log\frac{1/2}{1/3} = \log\frac32$ remains.",
)

GIBBS_ORDER = Order(
    "kl-gibbs-order",
    "Why it is never negative",
    steps={
        "flip": r"Write $D_{\mathrm{KL}}(p \,\|\, q)$ as $\sum_k p_k \cdot (-\log(q_k/p_k))$, over the outcomes "
        r"with $p_k > 0$.",
        "tangent": r"Replace each $-\log z$ by the smaller (or equal) $1 - z$ with $z = q_k/p_k$.",
        "multiply": r"Multiply out: the sum is $\sum_k p_k - \sum_k q_k$.",
        "sums": r"The $p_k$ sum to 1 and these $q_k$ to at most 1, so the result is at least 0.",
    },
    mistakes=[
        Mistake(
            ("tangent", "flip"),
            r"The tangent bounds $-\log$ from below. First turn the fraction over, so that there is a minus sign.",
        ),
        Mistake(("multiply", "tangent"), "There is nothing to multiply out while the logarithm is still there."),
        Mistake(("sums", "multiply"), r"Only after multiplying out do $\sum p_k$ and $\sum q_k$ stand alone."),
    ],
    hints=["Start from the definition, end with the sums.", "Turn the fraction, bound, multiply out, add up."],
    solution=r"Turn the fraction over, bound by the tangent, multiply out, use the sums. "
    r"Equality needs $q_k = p_k$ for every $k$ with $p_k > 0$.",
)


def wrong_code_price() -> float:
    lengths = np.array([1, 2, 3, 3])
    uniform = np.full(4, 1 / 4)
    return float(uniform @ lengths - information.entropy(uniform, base=2))


WRONG_CODE_PRICE = Numeric(
    "kl-wrong-code-price",
    "A code for another source",
    answer=wrong_code_price,
    tolerance=0.005,  # two decimals will do, in a mistake too
    unit="bits",
    mistakes=[
        Mistake(2.25, "That is the whole price. The *extra* bits are what exceeds the best code."),
        Mistake(2, "That is the price of the best code, two bits for each of four equally likely outcomes."),
        Mistake(
            0.25 * math.log(2), "That is the divergence in nats; the question counts bits, as the words themselves do."
        ),
        Mistake(-0.25, "The wrong code cannot be cheaper than the best one: price minus entropy."),
        Mistake(
            0,
            r"It would be 0 for outcomes with probabilities $\frac12, \frac14, \frac18, \frac18$. These are "
            r"equally likely.",
        ),
        Mistake(
            0.5,
            r"You took off 1.75 bits, the entropy of $(\frac12, \frac14, \frac18, \frac18)$. The outcomes are equally "
            "likely: their entropy is 2 bits.",
        ),
        Mistake(
            1.75,
            r"That is the average length where the outcomes have probabilities $\frac12, \frac14, \frac18, "
            r"\frac18$. Here "
            "they are equally likely.",
        ),
        Mistake(1, "That is for all four outcomes together, $9 - 8$. The question is about one, on average."),
        Mistake(9, "That is the sum of the lengths. Average them, and take the best price off."),
        Mistake(
            1 / 8, "That is the extra as a share of the best price, one bit in eight. The extra *bits* were asked."
        ),
    ],
    hints=[
        "Average the lengths. What is the entropy of four equally likely outcomes?",
        r"$\frac{1 + 2 + 3 + 3}{4} - 2$.",
    ],
    solution=r"The code costs $\frac{1 + 2 + 3 + 3}{4} = 2.25$ bits, the best one 2, so 0.25 extra. It is "
    r"$D_{\mathrm{KL}}(p \,\|\, r)$ with $r = (\frac12, \frac14, \frac18, \frac18)$, the belief behind the words.",
)

WHICH_DIRECTION = Choice(
    "kl-which-direction",
    "One hump of two",
    options=[
        Option(
            r"The negative log-likelihood of the data.",
            r"Maximum likelihood would have covered both humps: data from the other one, with nearly no "
            r"probability, cost too much.",
        ),
        Option(
            r"$D_{\mathrm{KL}}(p \,\|\, q)$ with $p$ the data",
            "That is forward KL, which maximum likelihood minimises. It covers mass: the bell would be wide, "
            "and centred between the humps.",
        ),
        Option(
            r"$D_{\mathrm{KL}}(q \,\|\, p)$ with $p$ the data",
            "Reverse KL averages under the model, which is free to ignore what it does not produce.",
            right=True,
        ),
        Option(
            "Either; the two orders have the same optimum.",
            r"They must agree where $q$ can equal $p$. One hump cannot equal two, and here the optima lie far apart.",
        ),
    ],
    hints=["Which divergence punishes a model for what it leaves out?", "High precision, low recall."],
    solution=r"Reverse KL, where the humps are far apart, settles on one. Forward KL, the same as maximum likelihood, "
    r"gives a *normal* the mean and the variance of all data.",
)

# ── Exercises ────────────────────────────────────────────────────────────────────────────────────────────────────────


def two_coins() -> float:
    fair, other = [1 / 2, 1 / 2], [1 / 5, 4 / 5]
    return float(information.kl_divergence(fair, other))


TWO_COINS = Numeric(
    "kl-two-coins",
    "A fair coin, and another",
    answer=two_coins,
    tolerance=0.005,  # two decimals will do
    unit="nats",
    mistakes=[
        Mistake(
            float(information.kl_divergence([1 / 5, 4 / 5], [1 / 2, 1 / 2])),
            r"This is $D_{\mathrm{KL}}(q \,\|\, p)$: swap the arguments. The truth, here the fair coin, comes "
            r"first and weights the terms.",
        ),
        Mistake(
            float(information.kl_divergence([1 / 2, 1 / 2], [1 / 5, 4 / 5], base=2)),
            "That is the right divergence in *bits*. Nats use the natural logarithm.",
        ),
        Mistake(
            float(information.cross_entropy([1 / 2, 1 / 2], [1 / 5, 4 / 5])),
            r"That is the cross-entropy: take the entropy of $p$, $\log 2$, off. If you took $\log\frac52$ for heads, "
            r"its weight $\frac12$ and the term of tails are missing.",
        ),
        Mistake(
            -float(information.kl_divergence([1 / 2, 1 / 2], [1 / 5, 4 / 5])),
            r"A divergence is never negative: the truth stands on top, $\log(p/q)$.",
        ),
        Mistake(math.log(25 / 16), "You added the logarithms without the weights $p(x) = \\frac12$ in front of them."),
        Mistake(math.log10(5 / 4), "That is the logarithm to base 10. Nats use the natural logarithm."),
        Mistake(math.log(5 / 2) / 2, "That is the term of heads alone. Tails adds a negative one."),
        Mistake(math.log(5 / 8) / 2, "That is the term of tails alone. Heads adds a larger, positive one."),
        Mistake(math.log(2), r"That is the entropy of $p$. Take it off the cross-entropy of $p$ and $q$."),
        Mistake(5 / 4, r"That is the factor per flip. The divergence is its logarithm."),
        Mistake(0.3, "That is the *total variation*, half the sum of the differences. There is no logarithm in it."),
        Mistake(4 / 5, r"That is the factor per flip, upside down. The divergence is the logarithm of its inverse."),
    ],
    hints=[
        r"Two terms, $\frac12 \log\frac{1/2}{1/5}$ for heads, and one for tails.",
        r"$\frac12\log\frac52 + \frac12\log\frac58 = \frac12\log\frac{25}{16}$.",
    ],
    solution=r"The terms are $\frac12\log\frac{1/2}{1/5} = \frac12\log\frac52$ and "
    r"$\frac12\log\frac{1/2}{4/5} = \frac12\log\frac58$. Their sum is "
    r"$\frac12\log\frac{25}{16} = \log\frac54 \approx 0.223$ nats.",
)


def flips_needed() -> float:
    fair, other = [1 / 2, 1 / 2], [1 / 5, 4 / 5]
    gain = float(information.kl_divergence(fair, other))
    return math.log(1000) / gain


FLIPS_NEEDED = Numeric(
    "kl-flips-needed",
    "How many flips until it is clear",
    answer=flips_needed,
    unit="flips",
    mistakes=[
        Mistake(
            math.log(1000) / float(information.kl_divergence([1 / 5, 4 / 5], [1 / 2, 1 / 2])),
            r"You divided by $D_{\mathrm{KL}}(q \,\|\, p)$. That is the gain per flip if $q$ were true; here the "
            r"fair coin is.",
        ),
        Mistake(
            math.log(1000) / float(information.kl_divergence([1 / 2, 1 / 2], [1 / 5, 4 / 5], base=2)),
            r"You divided nats, $\log 1000$, by bits. Use one unit for both.",
        ),
        Mistake(1000 / math.log(5 / 4), "A factor of 1000 is $\\log 1000 \\approx 6.9$ nats: take the logarithm."),
        Mistake(
            3 / math.log(5 / 4), r"$\log_{10} 1000 = 3$, but a divergence in nats goes with the natural logarithm."
        ),
        Mistake(
            waiting_time(1 / 5, 1000).mean,
            r"That is how long it takes *on average until* the fair coin is first ahead by 1000. The last flip "
            r"overshoots "
            r"the goal, so this is a little more than the $N$ at which the expected logarithm is $\log 1000$.",
            tolerance=0.6,  # the mean of some thousand simulated players will do
        ),
        Mistake(math.log2(1000) / math.log(5 / 4), r"You divided bits, $\log_2 1000$, by nats. Use one unit for both."),
        Mistake(
            math.log(1000) / math.log(25 / 16),
            r"You forgot the weights $\frac12$ in the divergence: it is $\frac12\log\frac{25}{16} = \log\frac54$.",
        ),
        Mistake(
            math.log(1000) / float(information.cross_entropy([1 / 2, 1 / 2], [1 / 5, 4 / 5])),
            r"You divided by $\log\frac52$. That is what *heads* adds, and the cross-entropy. Tails takes some off: on "
            r"average a flip adds the divergence.",
        ),
        Mistake(
            2 * math.log(1000) / math.log(9 / 8),
            r"That is for the coin with $q(\text{heads}) = \frac13$. Here it is $\frac15$.",
        ),
        Mistake(
            waiting_time(1 / 3, 1000).mean,
            r"That is how long it takes *on average until* the fair coin is first ahead of the one with "
            r"$q(\text{heads}) = \frac13$. Here it is $\frac15$, and the *expected* logarithm is asked for.",
            tolerance=0.4,
        ),
        Mistake(math.log(1000), "That is the goal itself, in nats. Divide it by what one flip adds on average."),
        Mistake(1000, "A thousand flips put the fair coin ahead by far more. Compare logarithms."),
    ],
    hints=[
        "The log of the likelihood ratio grows by the divergence with every flip, on average.",
        r"$N \cdot D_{\mathrm{KL}}(p \,\|\, q) = \log 1000$.",
    ],
    solution=r"The expected logarithm after $N$ flips is $N \log\frac54$, so $N = \log 1000 / \log\frac54 \approx "
    r"31.0$. "
    r"For the bent coin of the chapter, with $\frac13$, it is nearly four times as many: the closer the coins, "
    r"the longer "
    "the wait.",
)


def divergence(p: np.ndarray, q: np.ndarray) -> float:
    """Σ p log(p/q), in nats: 0 where p is 0, infinite where q = 0 < p."""
    possible = p > 0
    if np.any(q[possible] == 0):
        return np.inf
    return np.sum(p[possible] * np.log(p[possible] / q[possible]))


def _swapped(p: np.ndarray, q: np.ndarray) -> float:
    return divergence(q, p)


def _zeros_skipped(p: np.ndarray, q: np.ndarray) -> float:
    both = (p > 0) & (q > 0)
    return np.sum(p[both] * np.log(p[both] / q[both]))


def _any_zero_of_q(p: np.ndarray, q: np.ndarray) -> float:
    return np.inf if np.any(q == 0) else divergence(p, q)


def _zeros_untreated(p: np.ndarray, q: np.ndarray) -> float:
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.sum(p * np.log(p / q))


def _sizes(p: np.ndarray, q: np.ndarray) -> float:
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.sum(np.abs(p[p > 0] * np.log(p[p > 0] / q[p > 0])))


def _zeros_to_numbers(p: np.ndarray, q: np.ndarray) -> float:
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.sum(np.nan_to_num(p * np.log(p / q)))


def _damped(epsilon: float) -> Callable[[np.ndarray, np.ndarray], float]:
    return lambda p, q: np.sum(p * np.log((p + epsilon) / (q + epsilon)))


def _unweighted(p: np.ndarray, q: np.ndarray) -> float:
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.sum(np.log(p[p > 0] / q[p > 0]))


def _cross_entropy(p: np.ndarray, q: np.ndarray) -> float:
    return divergence(p, q) - np.sum(p[p > 0] * np.log(p[p > 0]))


DIVERGENCE_CODE = Code(
    "kl-divergence-code",
    "Write the divergence",
    reference=divergence,
    equals=information.kl_divergence,
    cases=[
        case([0.5, 0.5], [0.25, 0.75]),
        case([0.5, 0.5], [0.5, 0.5]),
        case([1.0, 0.0], [0.5, 0.5]),
        case([1.0, 0.0], [1.0, 0.0]),
        case([0.5, 0.5, 0.0], [0.5, 0.0, 0.5]),
        case([0.5, 0.5, 0.0], [0.25, 0.75, 0.0]),
        case([0.1, 0.2, 0.3, 0.4], [0.4, 0.3, 0.2, 0.1]),
        case([0.7, 0.2, 0.1], [0.1, 0.6, 0.3]),
    ],
    mistakes=[
        Mistake(
            _swapped,
            r"This is $D_{\mathrm{KL}}(q \,\|\, p)$: swap the arguments. The weight in front of the logarithm is $p$.",
        ),
        Mistake(
            lambda p, q: divergence(p, q) / np.log(2), "These are bits. `np.log` gives nats; no division is needed."
        ),
        Mistake(lambda p, q: -divergence(p, q), r"The sign is wrong: it is $p \log(p/q)$, with $p$ on top."),
        Mistake(
            _zeros_skipped,
            r"Where $q = 0 < p$ you leave the term out. But the model calls impossible what happens: the "
            r"divergence is infinite.",
        ),
        Mistake(
            lambda p, q: divergence(p, q) / len(p),
            "You average over the outcomes. The weights $p$ are already in the sum: it *is* an average.",
        ),
        Mistake(_cross_entropy, r"That is the cross-entropy $H(p, q)$; the entropy of $p$ is to come off."),
        Mistake(
            _any_zero_of_q,
            r"It is infinite only where $q_k = 0 < p_k$. Where both are 0, the outcome never happens and costs "
            r"nothing.",
        ),
        Mistake(
            _zeros_untreated,
            "Where $p = 0$ you compute `0 * np.log(0)`, which is NaN, and NaN spoils the sum. Leave these "
            "outcomes out.",
        ),
        *(
            Mistake(
                _damped(epsilon),
                f"Adding {epsilon:g} avoids the zeros, but hides what they mean: where the model calls impossible what "
                f"happens, you report a finite price, {-math.log(2 * epsilon) / 2:.2f} nats in one of the cases.",
            )
            for epsilon in (1e-16, 1e-15, 1e-12, 1e-10, 1e-9, 1e-8, 1e-7, 1e-6)
        ),
        Mistake(
            lambda p, q: -divergence(q, p),
            "You weight the logarithms with $q$. The expectation is under $p$.",
        ),
        Mistake(_unweighted, "The weights $p$ in front of the logarithms are missing."),
        Mistake(
            lambda p, q: divergence(p, q) + divergence(q, p),
            "You added the two orders. That sum is symmetric; the first of them alone was asked for.",
        ),
        Mistake(
            lambda p, q: (divergence(p, q) + divergence(q, p)) / 2,
            "You averaged the two orders. Only the one in which $p$ deals was asked for.",
        ),
        Mistake(
            _sizes,
            "You took the sizes of the terms. Terms may be negative, where $q_k > p_k$; their *sum* never is.",
        ),
        Mistake(
            _zeros_to_numbers,
            "`np.nan_to_num` turns NaN into 0, which is right here, and ∞ into a huge number, which is not.",
        ),
        Mistake(lambda p, q: divergence(p, q) / np.log(10), "You took logarithms to base 10. `np.log` gives nats."),
    ],
    hints=[
        r"Keep only the outcomes with `p > 0` (a boolean array as an index does it): `0 * np.log(0)` is NaN, not 0.",
        r"Among those, is there one with `q == 0`? Then return `np.inf` before any logarithm.",
    ],
    solution="The two zeros are treated before the logarithm sees them, so no warning is given.",
)

LOG_SUM = Paper(
    "kl-log-sum",
    "Merging outcomes",
    hints=[
        r"Put $a = p_1 + p_2$ and $b = q_1 + q_2$, and look at the distributions $(p_1/a, p_2/a)$ and $(q_1/b, "
        r"q_2/b)$.",
        r"Their divergence is at least 0. Multiply it by $a$ and take the logarithms apart.",
    ],
    solution=r"""Let $a = p_1 + p_2 > 0$ and $b = q_1 + q_2$. (For $a = 0$ both sides are 0. If
$q_1 = 0 < p_1$ or $q_2 = 0 < p_2$ the right-hand side is infinite, and there is nothing to prove.)

Then $(p_1/a, p_2/a)$ and $(q_1/b, q_2/b)$ are distributions of two outcomes, and by Gibbs' inequality

$$
\begin{aligned}
0 &\le a \sum_{k=1}^{2} \frac{p_k}{a} \log\frac{p_k/a}{q_k/b} \\
&= \sum_{k=1}^2 p_k \log\frac{p_k}{q_k} - a\log\frac ab .
\end{aligned}
$$

Moving the last term over is the claim. The other outcomes of the sum do not change, so the divergence as a whole
cannot rise. If it is finite, it is unchanged exactly if the two distributions agree, $p_1/q_1 = p_2/q_2 = a/b$, or
$p_1 q_2 = p_2 q_1$, which allows for zeros. What is lost is precisely the divergence *within* the merged pair, weighted
by $a$.""",
)


def detour() -> float:
    a, b, c = (0, 1), (1, 1), (2, 1)
    direct = kl_normal(*a, *c)
    legs = kl_normal(*a, *b) + kl_normal(*b, *c)
    return float(direct - legs)


def third_coin() -> float:
    """The share of heads at which the gains of heads and the losses of tails cancel."""
    tails, heads = np.asarray(information.surprisal([4 / 5, 1 / 5])) - information.surprisal([1 / 2, 1 / 2])
    return float(tails / (tails - heads))


FORTH, BACK = (float(information.kl_divergence(*pair)) for pair in itertools.permutations([[0.5, 0.5], [0.8, 0.2]]))

THIRD_COIN = Numeric(
    "kl-third-coin",
    "A coin that is neither",
    answer=third_coin,
    tolerance=0.0006,  # three decimals: 0.339, not 0.340
    mistakes=[
        Mistake(
            0.35,
            "That is halfway between the two. Halfway in probability is not halfway in divergence: ask what heads and "
            "tails add to the log ratio.",
        ),
        Mistake(1 - math.log(8 / 5) / math.log(4), "That is the probability of *tails*."),
        Mistake(math.log2(4 / 3), r"That is for a coin with $q(\text{heads}) = \frac13$. Here it is $\frac15$."),
        Mistake(math.sqrt(1 / 10), "That is the geometric mean of the two probabilities of heads."),
        Mistake(
            0.2 + 0.3 * FORTH / (FORTH + BACK),
            r"You divided the way between the coins the wrong way round. The drift is $D_{\mathrm{KL}}(p \,\|\, q)$ at "
            r"$\frac12$ and $-D_{\mathrm{KL}}(q \,\|\, p)$ at $\frac15$.",
        ),
        Mistake(
            math.log(8 / 5) / math.log(5 / 2),
            "That is the loss of tails over the gain of heads: the *odds* of heads, and not yet the probability.",
        ),
        Mistake(
            BACK / (FORTH + BACK),
            r"That is which *share of the way* from $\frac15$ to $\frac12$ to go. Go it, starting from $\frac15$.",
        ),
        Mistake(FORTH / (FORTH + BACK), r"That is a share of the way from $\frac12$ to $\frac15$, not a probability."),
        Mistake(2 / 7, "That is the harmonic mean of the two probabilities of heads."),
        Mistake(0.5, "If the fair coin is flipped, the log ratio rises by $D_{\\mathrm{KL}}(p \\,\\|\\, q)$ per flip."),
        Mistake(0.2, "If the coin $q$ is flipped, the log ratio falls by $D_{\\mathrm{KL}}(q \\,\\|\\, p)$ per flip."),
    ],
    hints=[
        r"Heads adds $\log\frac{1/2}{1/5}$ to the log ratio, tails adds $\log\frac{1/2}{4/5}$, which is negative.",
        r"$h \log\frac52 = (1 - h) \log\frac85$.",
    ],
    solution=r"Per flip the log ratio gains $h \log\frac52 - (1 - h)\log\frac85$ on average. That is 0 for "
    r"$h = \log\frac85 / \log 4 \approx 0.339$. Below it more flips favour $q$, above it $p$, and neither is true.",
)


TRIANGLE = Numeric(
    "kl-triangle",
    "A detour that pays",
    answer=detour,
    unit="nats",
    mistakes=[
        Mistake(
            2,
            r"If you took $\frac12 \cdot 2^2$, that is the direct way alone: take the two legs off. If you took "
            r"$4 - 1 - 1$, each divergence has a factor ½.",
        ),
        Mistake(
            0,
            r"Distances would add up like that. KL of two normals with one σ is half the *square* of the difference.",
        ),
        Mistake(-1, "That is detour minus direct way. The direct way is the longer one here."),
        Mistake(1.5, r"You took off one leg; the detour has two, of $\frac12$ each."),
        Mistake(1 / math.log(2), "That is the answer in bits."),
        Mistake(3, "You added the legs to the direct way. Take them off."),
        Mistake(4, r"If you took $2^2$, that is the direct way without its factor ½, and the legs are to come off."),
        Mistake(1 / math.log(10), "You took logarithms to base 10. Nats go with the natural one."),
    ],
    hints=[
        r"With $\sigma_p = \sigma_q = 1$ the closed form is $\frac12(\mu_p - \mu_q)^2$.",
        r"The direct way is 2, each leg is $\frac12$.",
    ],
    solution=r"$\frac12 \cdot 2^2 - \left(\frac12 \cdot 1^2 + \frac12 \cdot 1^2\right) = 1$. The triangle "
    r"inequality would need this to be at most 0.",
)


def normal_divergence(
    mean_p: float,
    scale_p: float,
    mean_q: float,
    scale_q: float,
) -> float:
    """D(p‖q) in nats for two normals: p, the truth, and q, the model."""
    square = scale_p**2 + (mean_p - mean_q) ** 2
    return np.log(scale_q / scale_p) + square / (2 * scale_q**2) - 1 / 2


NORMAL_CODE = Code(
    "kl-normal-code",
    "Write the divergence of two normals",
    reference=normal_divergence,
    equals=kl_normal,
    cases=[
        case(0.0, 1.0, 0.0, 1.0),
        case(0.0, 1.0, 1.0, 1.0),
        case(0.0, 1.0, 0.0, 2.0),
        case(1.0, 0.5, -1.0, 3.0),
        case(2.0, 3.0, 1.0, 0.5),
    ],
    mistakes=[
        Mistake(
            lambda mean_p, scale_p, mean_q, scale_q: normal_divergence(mean_q, scale_q, mean_p, scale_p),
            r"This is $D_{\mathrm{KL}}(q \,\|\, p)$: swap the arguments. The variance that divides is that of $q$.",
        ),
        Mistake(
            lambda mean_p, scale_p, mean_q, scale_q: normal_divergence(mean_p, scale_p, mean_q, scale_q) + 1 / 2,
            r"The last term, $-\frac12$, is missing: the divergence of a normal from itself must be 0.",
        ),
        Mistake(
            lambda mean_p, scale_p, mean_q, scale_q: (
                np.log(scale_p / scale_q) + (scale_p**2 + (mean_p - mean_q) ** 2) / (2 * scale_q**2) - 1 / 2
            ),
            r"The logarithm is upside down: it is $\log(\sigma_q/\sigma_p)$. Yours can be negative.",
        ),
        Mistake(
            lambda mean_p, scale_p, mean_q, scale_q: (
                np.log(scale_q / scale_p) / 2 + (scale_p + (mean_p - mean_q) ** 2) / (2 * scale_q) - 1 / 2
            ),
            "You treat the scales as variances. They are standard deviations: square them.",
        ),
        Mistake(
            lambda mean_p, scale_p, mean_q, scale_q: (
                np.log(scale_q / scale_p) + (scale_p**2 + (mean_p - mean_q) ** 2) / (2 * scale_q) - 1 / 2
            ),
            r"$2\sigma_q$ in the denominator: the normal density has $2\sigma^2$ in its exponent.",
        ),
        Mistake(
            lambda mean_p, scale_p, mean_q, scale_q: (
                2 * np.log(scale_q / scale_p) + (scale_p**2 + (mean_p - mean_q) ** 2) / (2 * scale_q**2) - 1 / 2
            ),
            r"The logarithm is that of the *standard deviations*, or half of that of the variances. Yours is twice too "
            "large.",
        ),
        Mistake(
            lambda mean_p, scale_p, mean_q, scale_q: (
                np.log(scale_q / scale_p) + (scale_p**2 + (mean_p - mean_q) ** 2) / scale_q**2 - 1 / 2
            ),
            r"The factor ½ before the fraction is missing: its denominator is $2\sigma_q^2$.",
        ),
        Mistake(
            lambda mean_p, scale_p, mean_q, scale_q: (
                np.log(scale_q / scale_p) / 2 + (scale_p**2 + (mean_p - mean_q) ** 2) / (2 * scale_q**2) - 1 / 2
            ),
            "You halved the logarithm. The ½ belongs to a ratio of *variances*, not of standard deviations.",
        ),
        Mistake(
            lambda mean_p, scale_p, mean_q, scale_q: (
                np.log(scale_q / scale_p) + (scale_p**2 + (mean_p - mean_q) ** 2) / 2 * scale_q**2 - 1 / 2
            ),
            "Mind the brackets: the denominator is the whole of `(2 * scale_q**2)`.",
        ),
        Mistake(
            lambda mean_p, scale_p, mean_q, scale_q: normal_divergence(mean_p, scale_p, mean_q, scale_q) + 1,
            r"The sign of the last term: $-\frac12$. The divergence of a normal from itself must be 0.",
        ),
        Mistake(
            lambda mean_p, scale_p, mean_q, scale_q: (
                np.log10(scale_q / scale_p) + (scale_p**2 + (mean_p - mean_q) ** 2) / (2 * scale_q**2) - 1 / 2
            ),
            "You took the logarithm to base 10. `np.log` is the natural one.",
        ),
        Mistake(
            lambda mean_p, scale_p, mean_q, scale_q: (
                np.log2(scale_q / scale_p) + (scale_p**2 + (mean_p - mean_q) ** 2) / (2 * scale_q**2) - 1 / 2
            ),
            "You took the logarithm to base 2 and the other terms in nats. `np.log` is the natural one.",
        ),
        Mistake(
            lambda mean_p, scale_p, mean_q, scale_q: (
                np.log(scale_q / scale_p) + (scale_p**2 + (mean_p - mean_q) ** 2) / (2 * scale_p**2) - 1 / 2
            ),
            r"You divide by the variance of $p$. The squared distances are measured in units of the model's "
            r"$\sigma_q$.",
        ),
        Mistake(
            lambda mean_p, scale_p, mean_q, scale_q: (
                np.log(scale_q / scale_p) + (scale_p**2 + mean_p - mean_q) / (2 * scale_q**2) - 1 / 2
            ),
            "The difference of the means is not squared.",
        ),
        Mistake(
            lambda mean_p, scale_p, mean_q, scale_q: (
                np.log(scale_q / scale_p) + (scale_p + mean_p - mean_q) ** 2 / (2 * scale_q**2) - 1 / 2
            ),
            "Mind the brackets: two squares are added, not the square of a sum taken.",
        ),
        Mistake(
            lambda mean_p, scale_p, mean_q, scale_q: (
                np.log(scale_q / scale_p) + (mean_p - mean_q) ** 2 / (2 * scale_q**2) - 1 / 2
            ),
            r"The variance of $p$ is missing: $\mathbb{E}_p[(x - \mu_q)^2] = \sigma_p^2 + (\mu_p - \mu_q)^2$.",
        ),
        Mistake(
            lambda mean_p, scale_p, mean_q, scale_q: (scale_p**2 + (mean_p - mean_q) ** 2) / (2 * scale_q**2) - 1 / 2,
            r"The term $\log(\sigma_q/\sigma_p)$ is missing.",
        ),
        Mistake(
            lambda mean_p, scale_p, mean_q, scale_q: (
                np.log(scale_q / scale_p) + (scale_p + (mean_p - mean_q) ** 2) / (2 * scale_q) - 1 / 2
            ),
            r"In the fraction you treat the scales as variances. Square them: $\sigma_p^2$ and $\sigma_q^2$.",
        ),
        Mistake(
            lambda mean_p, scale_p, mean_q, scale_q: (
                np.log(scale_q / scale_p) + (scale_p**2 / 2 + (mean_p - mean_q) ** 2) / scale_q**2 - 1 / 2
            ),
            "The ½ belongs to both squares. You gave it to the variance alone.",
        ),
        Mistake(
            lambda mean_p, scale_p, mean_q, scale_q: (
                np.log(scale_q / scale_p) + (scale_p**2 + (mean_p - mean_q) ** 2) / scale_q**2 - 1
            ),
            "Only the logarithm is right: the fraction and the 1 each need a factor ½.",
        ),
        Mistake(
            lambda mean_p, scale_p, mean_q, scale_q: normal_divergence(mean_p, scale_p, mean_q, scale_q) - 1 / 2,
            r"You take off 1 where $\frac12$ is due: the divergence of a normal from itself must be 0.",
        ),
        Mistake(
            lambda mean_p, scale_p, mean_q, scale_q: (
                np.log(scale_q / scale_p) + (scale_q**2 + (mean_p - mean_q) ** 2) / (2 * scale_p**2) - 1 / 2
            ),
            r"The logarithm is right, and the fraction is upside down: $\sigma_p^2$ stands on top, $\sigma_q^2$ below.",
        ),
        Mistake(
            lambda mean_p, scale_p, mean_q, scale_q: -normal_divergence(mean_p, scale_p, mean_q, scale_q),
            "All the signs are turned: a divergence is never negative.",
        ),
        Mistake(
            lambda mean_p, scale_p, mean_q, scale_q: normal_divergence(mean_p, scale_p, mean_q, scale_q) / np.log(2),
            "These are bits. `np.log` gives nats; no division is needed.",
        ),
    ],
    hints=[
        "The formula stands in the section on densities, with its derivation.",
        r"$\log(\sigma_q/\sigma_p) + \frac{\sigma_p^2 + (\mu_p - \mu_q)^2}{2\sigma_q^2} - \frac12$.",
    ],
    solution="Three checks that need no second formula: 0 for equal arguments, never negative, ½ for a shift by one σ.",
)


def matched_scale() -> float:
    within, between = 1.0**2, 3.0**2
    return math.sqrt(within + between)


MOMENT_MATCH = Numeric(
    "kl-moment-match",
    "The bell that covers both humps",
    answer=matched_scale,
    mistakes=[
        Mistake(1, "That is the width of one hump, and nearly what the *reverse* divergence chooses."),
        Mistake(10, "That is the variance. The standard deviation is its root."),
        Mistake(3, "That is the spread of the two centres. Each hump adds a variance of 1 of its own."),
        Mistake(9, "That is the *variance* of the two centres. Add the variance within a hump, then take the root."),
        Mistake(4, r"Standard deviations do not add up; *variances* do: $1 + 3^2$."),
        Mistake(math.sqrt(11), r"You added the variances of both humps. On average a hump has variance 1: $1 + 3^2$."),
        Mistake(
            math.sqrt(5),
            "You halved the variance. Each half of the data has variance $1 + 3^2$ about 0, and so has the whole.",
        ),
        Mistake(2, r"You added 3 instead of $3^2$. The centres lie 3 away from the mean, so they add a variance of 9."),
        Mistake(math.sqrt(37), "The centres lie 3 away from the common mean, not 6: their variance is 9."),
        Mistake(
            math.sqrt(19), r"You took $2 \cdot 3^2$ for the centres. Each is 3 away from the mean: on average $3^2$."
        ),
    ],
    hints=[
        "The forward optimum has the mean and the variance of the whole mixture.",
        "Variance within a hump plus variance of the centres.",
    ],
    solution=r"The mean is 0 and the variance $\frac12(1 + 9) + \frac12(1 + 9) = 10$, so $\sigma = \sqrt{10} "
    r"\approx 3.16$: more than three times the width of a hump.",
)

MOMENT_MATCH_PROOF = Paper(
    "kl-moment-match-proof",
    "Moments are all that a normal can see",
    hints=[
        r"Only $-\mathbb{E}_p[\log q]$ depends on $q$. Write it out for a normal $q$.",
        r"$\mathbb{E}_p[(x - \mu)^2] = \sigma_p^2 + (\mu_p - \mu)^2$. Minimise in $\mu$ first, then in $\sigma$.",
        r"What is left over is $-\mathbb{E}_p[\log q]$ at the optimum minus the entropy of $p$.",
    ],
    solution=r"""Let $q$ be normal with mean $\mu$ and standard deviation $\sigma$. Then

$$
\begin{aligned}
D_{\mathrm{KL}}(p \,\|\, q) = {}& \mathbb{E}_p[\log p] + \log\left(\sigma\sqrt{2\pi}\right) \\
& + \frac{\sigma_p^2 + (\mu_p - \mu)^2}{2\sigma^2} .
\end{aligned}
$$

For every $\sigma$ the best mean is $\mu = \mu_p$. With $t = \sigma^2$ it remains to minimise $\frac12\log t +
\frac{\sigma_p^2}{2t}$. The derivative $\frac{1}{2t} - \frac{\sigma_p^2}{2t^2} = \frac{t - \sigma_p^2}{2t^2}$ changes
from negative to positive at $t = \sigma_p^2$, so this is the minimum.

Left over is $\frac12\log(2\pi \sigma_p^2) + \frac12 - H(p)$: the entropy of the normal with $p$'s variance minus the
entropy of $p$. Since it is never negative, the normal has the largest entropy of all densities with a given variance.

Assumed: $p$ has a density, a finite variance and a finite entropy.""",
)


def js(p: np.ndarray, q: np.ndarray) -> float:
    """Jensen–Shannon: half of each one's divergence from the average."""

    def kl(a: np.ndarray, b: np.ndarray) -> float:
        if np.any((a > 0) & (b == 0)):
            return np.inf
        return np.sum(a[a > 0] * np.log(a[a > 0] / b[a > 0]))

    average = (p + q) / 2
    return kl(p, average) / 2 + kl(q, average) / 2


def broken_js(p: np.ndarray, q: np.ndarray) -> float:
    """Jensen–Shannon: half of each one's divergence from the average."""

    def kl(a: np.ndarray, b: np.ndarray) -> float:
        if np.any((a > 0) & (b == 0)):
            return np.inf
        return np.sum(a[a > 0] * np.log(a[a > 0] / b[a > 0]))

    average = (p + q) / 2
    return kl(average, p) / 2 + kl(average, q) / 2


def _infinite_left_out(p: np.ndarray, q: np.ndarray) -> float:
    return (_zeros_skipped((p + q) / 2, p) + _zeros_skipped((p + q) / 2, q)) / 2


JENSEN_SHANNON_BUG = Code(
    "kl-jensen-shannon-bug",
    "Repair a Jensen–Shannon divergence",
    reference=js,
    starter=broken_js,
    equals=information.js_divergence,
    cases=[
        case([1.0, 0.0], [0.0, 1.0]),
        case([1.0, 0.0], [1.0, 0.0]),
        case([0.5, 0.5], [0.25, 0.75]),
        case([0.7, 0.2, 0.1], [0.1, 0.2, 0.7]),
        case([0.5, 0.5, 0.0], [0.5, 0.0, 0.5]),
    ],
    mistakes=[
        Mistake(
            lambda p, q: 2 * js(p, q),
            "Both terms are right, but each has a weight of one half: the largest value is log 2.",
        ),
        Mistake(
            lambda p, q: information.kl_divergence(p, q) / 2 + information.kl_divergence(q, p) / 2,
            "That is the average of the two orders of KL. It is symmetric too, but infinite where one of them has"
            " a zero.",
        ),
        Mistake(lambda p, q: np.sqrt(js(p, q)), "That is its root, the metric. The divergence itself was asked for."),
        Mistake(
            lambda p, q: information.kl_divergence(p, (p + q) / 2),
            "One half of the story: that compares only $p$ with the average, and is not symmetric.",
        ),
        Mistake(
            lambda p, q: information.kl_divergence(p, (p + q) / 2) / 2 + information.kl_divergence((p + q) / 2, q) / 2,
            "You repaired one of the two terms. In the other, the average still stands first.",
        ),
        Mistake(
            lambda p, q: information.kl_divergence((p + q) / 2, p) / 2 + information.kl_divergence(q, (p + q) / 2) / 2,
            "You repaired the second of the two terms. In the first, the average still stands first.",
        ),
        Mistake(
            lambda p, q: js(p, q) - np.log(2),
            r"The average is half of the sum, $(p + q)/2$. With the sum itself every logarithm is off by $\log 2$.",
        ),
        Mistake(lambda p, q: js(p, q) / np.log(2), "These are bits. Nats were asked for: the largest value is log 2."),
        Mistake(lambda p, q: -js(p, q), "The sign is wrong: a divergence is never negative."),
        Mistake(
            _infinite_left_out,
            "You left the infinite terms out. The inner function was right: look at what it is given, in which order.",
        ),
        Mistake(
            lambda p, q: information.kl_divergence(p, (p + q) / 2) / 2,
            "Half of the first divergence is right; half of the second, that of $q$, is missing.",
        ),
    ],
    hints=[
        r"Where does `average` stand in $D_{\mathrm{KL}}(p \,\|\, m)$, first or second?",
        "The average has no zero where p or q is positive. As which argument does that help?",
    ],
    solution="The average belongs in second place, where a zero would be fatal: it has none wherever p or q is "
    "positive.",
)
