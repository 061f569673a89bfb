r"""Softmax and sigmoid: quick questions first, then exercises on paper, with numbers and with code."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np

import lossbook as losses
from lossbook.core import quiet
from lossbook.exercises.kinds import Choice, Code, Mistake, Numeric, Option, Order, Paper, case
from lossbook.losses.information import entropy

# ── Check yourself ───────────────────────────────────────────────────────────────────────────────────────────────────

SHIFT_OR_SCALE = Choice(
    "softmax-shift-or-scale",
    "What leaves the probabilities alone",
    options=[
        Option("adding 100 to every logit", r"The factor $e^{100}$ stands above and below and cancels.", right=True),
        Option(
            "multiplying every logit by 100",
            "Every difference becomes a hundred times as large: this is the temperature 1/100, and it sharpens.",
        ),
        Option(
            "taking the largest logit away from every logit",
            "A shift like any other, and the one that keeps the powers from overflowing.",
            right=True,
        ),
        Option(
            "adding 100 to the largest logit only",
            "Its differences to the others grow by 100, so it takes nearly all of the probability. The *order* "
            "stays; the numbers do not.",
        ),
    ],
    hints=["Probabilities depend on differences of logits only. Which of the four changes a difference?"],
    solution="The first and the third. A common shift changes no difference; a factor changes all of them.",
)


def odds_of_blackbird() -> float:
    blackbird, _, wren = losses.softmax([2.0, 1.0, 0.0])
    return float(blackbird / wren)


ODDS = Numeric(
    "softmax-odds",
    "From a difference to odds",
    answer=odds_of_blackbird,
    tolerance=0.02,
    mistakes=[
        Mistake(2, "That is the difference of the logits, which is the *logarithm* of the ratio."),
        Mistake(4, r"The base is $e$, not 2: the ratio is $e^2$."),
        Mistake(
            math.e**2 / (1 + math.e**2), "That is the probability among the two alone. Asked is the ratio of the two."
        ),
        Mistake(math.exp(-2), "That is how many times as probable the wren is. Turn the ratio over."),
        Mistake(math.e, "That is the ratio of two neighbours, which are 1 apart. Blackbird and wren are 2 apart."),
        Mistake(100, r"The base is $e$, not 10: the ratio is $e^2$."),
        Mistake(
            math.exp(2) / (math.exp(2) + math.e + 1),
            "That is the probability of the blackbird. Asked is a ratio of two.",
        ),
        Mistake(
            math.exp(3),
            "You added the logits of all three birds; the ratio needs the difference of the two in question.",
        ),
    ],
    hints=[
        "Divide one line of the softmax by the other: the sum cancels.",
        r"$\hat p_j / \hat p_k = e^{s_j - s_k}$.",
    ],
    solution=r"$e^{2 - 0} = e^2 \approx 7.39$. The third bird does not matter: the ratio of two probabilities "
    r"depends on their two logits alone.",
)

WHICH_Y = Choice(
    "softmax-which-y",
    "The one-hot target",
    options=[
        Option(
            r"$y_k = 1$ for the true class, $y_k = 0$ for every other class",
            "One 1 and $K - 1$ zeros, which sum to 1.",
            right=True,
        ),
        Option(
            r"$y_k = 0$ for the true class, $y_k = 1$ for every other class",
            r"This turns the target inside out. It sums to $K - 1$, and minimising the loss would *lower* the "
            r"true class.",
        ),
        Option(
            r"$y_k = \hat p_k$ for the true class, $y_k = 0$ for every other class",
            "The target does not depend on the prediction. A target that did would need a derivative of its own.",
        ),
        Option(
            r"$y_k = 1/K$ for every class",
            "That is the target of complete ignorance. It belongs to no observed label.",
        ),
    ],
    hints=[r"Insert each candidate into $-\sum_k y_k \log \hat p_k$. Which gives $-\log$ of the true class alone?"],
    solution=r"The first: then $-\sum_k y_k \log \hat p_k$ has a single term, $-\log$ of the probability of the "
    r"true class.",
)

WHICH_FUNCTION = Choice(
    "softmax-which-function",
    "From logits to a distribution",
    options=[
        Option(
            "each logit, divided by the sum of the logits",
            "Logits may be negative, and may sum to 0. And 2, 1, 0 gives other shares than 7, 6, 5.",
        ),
        Option(
            "the sigmoid of each logit",
            "Each lies between 0 and 1, but the three need not sum to 1: they answer three separate questions.",
        ),
        Option(
            r"$e^{s_k}$, divided by the sum of the powers",
            "The softmax: positive, in the order of the logits, and a shift cancels.",
            right=True,
        ),
        Option(
            r"$\log(1 + e^{s_k})$, divided by the sum of these",
            "A distribution in the right order; but its odds change if all the logits rise together.",
        ),
        Option(
            "1 for the largest logit, 0 for the others",
            "A shift changes nothing, but the order of the other two is lost, and a tie has two ones.",
        ),
    ],
    hints=["Try the logits 2, 1, 0, then 1, 0, −1."],
    solution="The third, the softmax. Each of the others fails for some logits: on the sum, on the order, or on the "
    "shift.",
)

HEAT = Choice(
    "softmax-heat",
    "What a high temperature does",
    options=[
        Option(
            "The probabilities approach 0 and 1.",
            r"That is what a *low* temperature does. Dividing by a large $T$ brings the logits together.",
        ),
        Option(
            "The probabilities approach $1/K$, in unchanged order.", "All differences shrink towards 0.", right=True
        ),
        Option(
            "The most probable class may change.",
            r"Dividing by a positive number keeps the order of the logits, and softmax keeps it too.",
        ),
        Option(
            "Nothing, since a common factor cancels.",
            "A common *summand* of the logits cancels. A factor in the exponent does not.",
        ),
    ],
    hints=[r"What happens to $s_j/T - s_k/T$ as $T$ grows?"],
    solution=r"Every difference $(s_j - s_k)/T$ tends to 0, so all the powers approach each other and the "
    r"distribution approaches $1/K$. "
    "The order never changes.",
)

STAGES = Order(
    "softmax-stages",
    "From features to a loss",
    steps={
        "features": "Measure the features $x$ of one example.",
        "logits": "The network turns them into $K$ real scores.",
        "softmax": "Exponentiate the scores and divide by the sum of the powers.",
        "distribution": r"Read the result as $p(\cdot \mid x, w)$.",
        "loss": "Take minus the logarithm of the probability of the label.",
    },
    mistakes=[
        Mistake(("softmax", "logits"), "There is nothing to exponentiate yet: the network's scores come first."),
        Mistake(
            ("loss", "distribution"),
            "The loss asks the distribution for the probability of the label, so that has to be there.",
        ),
        Mistake(
            ("distribution", "softmax"),
            "Scores may be negative and sum to anything; only after the softmax are they a distribution.",
        ),
        Mistake(("logits", "features"), "The network needs something to work on: the features come first."),
    ],
    hints=["The label is needed at the very end only.", "Features, logits, softmax, distribution, loss."],
    solution="Features, logits, softmax, distribution, loss. The label takes part in the last step alone; a "
    "prediction stops before it.",
)

SURE_AND_WRONG = Choice(
    "softmax-sure-and-wrong",
    "What a low entropy says",
    options=[
        Option(
            "The prediction is right.",
            "A prediction can be sure and wrong. The entropy does not look at the label; the loss does.",
        ),
        Option("The loss is low.", "Only if the sure class is the true one. Otherwise the loss is high."),
        Option(
            "The model puts nearly all of the probability on one class.",
            "It describes the prediction, not its agreement with the world.",
            right=True,
        ),
        Option(
            "The logits are all close to 0.",
            "On the contrary: they have small differences then, and the entropy is close to $\\log K$. (The size of "
            "the logits says nothing: −1000 and −1010 are far from 0 and make a sure prediction.)",
        ),
    ],
    hints=[r"Which symbols occur in $-\sum_k \hat p_k \log \hat p_k$?"],
    solution=r"The third. Entropy is a function of $\hat p$ alone. Whether a sure model deserves its confidence "
    r"is a matter of calibration.",
)

# ── Exercises ────────────────────────────────────────────────────────────────────────────────────────────────────────


def loss_of_three() -> float:
    return float(losses.softmax_cross_entropy(np.log([1.0, 2.0, 5.0]), 2))


LOSS_BY_HAND = Numeric(
    "softmax-loss-by-hand",
    "One loss by hand",
    answer=loss_of_three,
    unit="nats",
    tolerance=0.005,  # two decimals will do, in a mistake too
    mistakes=[
        Mistake(5 / 8, r"That is the probability of the third class; the loss is minus its logarithm."),
        Mistake(math.log2(8 / 5), "That is the loss in bits. Without a base, $\\log$ is natural: nats."),
        Mistake(math.log(5 / 8), "The minus sign is missing: a loss from a probability is never negative."),
        Mistake(math.log(8), r"That is $\operatorname{LSE}(s) = \log 8$ alone. The logit of the true class comes off."),
        Mistake(math.log(5), r"That is the logit $s_y$ of the true class. The loss is $\operatorname{LSE}(s) - s_y$."),
        Mistake(-math.log(5), r"That is $-s_y$: $\operatorname{LSE}(s)$, which makes a probability of it, is missing."),
        Mistake(
            -math.log(2 / 8), "That is the loss if the *second* class were the true one. Labels count from 1 here."
        ),
        Mistake(
            -math.log(5 / 8 * 2 / 8 * 1 / 8), "You added the terms of all classes. Only the true class has $y_k = 1$."
        ),
        Mistake(math.log10(8 / 5), "That is the loss to the base 10. Without a base, $\\log$ is natural: nats."),
        Mistake(8 / 5, r"That is $1/\hat p_3$. The loss is the logarithm of it."),
        Mistake(3 / 8, r"That is $1 - \hat p_3$, how hard the true logit is pushed. The loss is $-\log\hat p_3$."),
        Mistake(
            math.log(8 / 5) / 3, "You divided by the number of classes. The sum over the classes has one term, no mean."
        ),
        Mistake(
            -math.log(3 / 8),
            r"You took $1 - \hat p_3$, the probability of all the *other* classes.",
        ),
        Mistake(
            -math.log(math.log(5) / math.log(10)),
            "You divided the logits by their sum. They have to be exponentiated first; logits may be negative.",
        ),
    ],
    hints=[r"$e^{\log 5} = 5$: what are the three powers?", r"The probabilities are $\frac18, \frac28, \frac58$."],
    solution=r"The powers are 1, 2 and 5, the probabilities $\frac18$, $\frac28$ and $\frac58$. The loss is "
    r"$-\log\frac58 = \log\frac85 \approx 0.470$ nats.",
)

JACOBIAN = Paper(
    "softmax-jacobian",
    "The Jacobian of the softmax",
    hints=[
        r"Take the logarithm first: $\log \hat p_k = s_k - \operatorname{LSE}(s)$.",
        r"$\frac{\partial}{\partial s_j}\operatorname{LSE}(s) = \hat p_j$.",
        r"$\frac{\partial \hat p_k}{\partial s_j} = \hat p_k\,\frac{\partial \log\hat p_k}{\partial s_j}$. For "
        r"the rows, sum over $j$; for the columns, over $k$.",
    ],
    solution=r"""With $\log \hat p_k = s_k - \operatorname{LSE}(s)$,

$$
\begin{aligned}
\frac{\partial \log \hat p_k}{\partial s_j} &= [k = j] - \frac{e^{s_j}}{\sum_k e^{s_k}} \\
&= [k = j] - \hat p_j , \\
\frac{\partial \hat p_k}{\partial s_j} &= \hat p_k\bigl([k = j] - \hat p_j\bigr) .
\end{aligned}
$$

A row: $\sum_j \hat p_k([k = j] - \hat p_j) = \hat p_k - \hat p_k = 0$. If all logits rise together, no probability
changes: that is shift invariance.
A column: $\sum_k \hat p_k([k = j] - \hat p_j) = \hat p_j - \hat p_j = 0$. Whatever one logit does, the probabilities
go on summing to 1.
The matrix is symmetric, so one of the two statements follows from the other. Assumed: finite logits, so that
$\log\hat p_k$ exists.""",
)


def both_labels_on() -> float:
    logits, target = np.zeros(3), np.array([1.0, 1.0, 0.0])
    return float((losses.softmax(logits) * target.sum() - target)[0])


UNNORMALISED = Numeric(
    "softmax-two-ones",
    "A target with two ones",
    answer=both_labels_on,
    tolerance=0.005,  # two decimals will do
    mistakes=[
        Mistake(
            1 / 3 - 1,
            r"That is $\hat p_1 - y_1$, which holds only if the target sums to 1. Here it sums to 2.",
        ),
        Mistake(1 / 3, r"The sign is turned: the gradient is $\hat p_1 \sum_k y_k - y_1$."),
        Mistake(
            1 / 3 - 1 / 2,
            r"That is right for the target divided by its sum, $(\frac12, \frac12, 0)$. The exercise did not divide.",
        ),
        Mistake(-1, r"That is the part $-y_1$ alone; $\hat p_1 \sum_k y_k$ is missing."),
        Mistake(2 / 3, r"That is the part $\hat p_1 \sum_k y_k$ alone; $y_1$ has to come off."),
        Mistake(-1 / (1 / 3), r"That is the derivative with respect to the *probability*, $-y_1/\hat p_1$."),
    ],
    hints=[
        r"Go through the derivation again and stop before the step that uses $\sum_k y_k = 1$.",
        r"$\frac{\partial\ell}{\partial s_1} = \hat p_1 \sum_k y_k - y_1$.",
    ],
    solution=r"All $\hat p_k = \frac13$ and $\sum_k y_k = 2$, so the slope is $\frac13 \cdot 2 - 1 = -\frac13$. "
    r"The rule $\hat p - y$ would say $-\frac23$. "
    r"The three true slopes are $-\frac13, -\frac13, \frac23$ and cancel, as shift invariance demands; those of "
    r"the rule sum to −1.",
)


def _naive_log_sum_exp(logits: np.ndarray) -> float:
    with quiet():
        return np.log(np.sum(np.exp(logits)))


def _from_the_mean(logits: np.ndarray) -> float:
    with quiet():
        return np.mean(logits) + np.log(np.sum(np.exp(logits - np.mean(logits))))


def _from_the_smallest(logits: np.ndarray) -> float:
    with quiet():
        return np.min(logits) + np.log(np.sum(np.exp(logits - np.min(logits))))


def _from_the_first(logits: np.ndarray) -> float:
    with quiet():
        return logits[0] + np.log(np.sum(np.exp(logits - logits[0])))


def _from_the_last(logits: np.ndarray) -> float:
    with quiet():
        return logits[-1] + np.log(np.sum(np.exp(logits - logits[-1])))


def _put_back_only(logits: np.ndarray) -> float:
    return np.max(logits) + _naive_log_sum_exp(logits)


def _from_the_largest_size(logits: np.ndarray) -> float:
    with quiet():
        size = np.max(np.abs(logits))
        return size + np.log(np.sum(np.exp(logits - size)))


def log_sum_exp(logits: np.ndarray) -> float:
    """log(sum(exp(logits))) for one row of logits, however large."""
    largest = np.max(logits)
    return largest + np.log(np.sum(np.exp(logits - largest)))


LOGSUMEXP_CODE = Code(
    "softmax-logsumexp-code",
    "Write a stable log-sum-exp",
    reference=log_sum_exp,
    equals=losses.logsumexp,
    cases=[
        case([0.0, 0.0]),
        case([2.0, 1.0, 0.0]),
        case([1000.0, 1000.0, 998.0]),
        case([-1000.0, -1001.0, -1003.0, -1000.0]),
        case([800.0, 0.0, -800.0, 3.0, 3.0]),
        case([1500.0, 1500.0, 0.0]),
        case([0.0, 0.0, 1000.0]),
        case([0.0, -30.0]),
    ],
    mistakes=[
        Mistake(
            _naive_log_sum_exp,
            "Right as a formula, but $e^{1000}$ overflows to infinity and $e^{-1000}$ underflows to 0. Take the "
            "largest logit out first.",
        ),
        Mistake(
            lambda logits: np.log(np.sum(np.exp(logits - np.max(logits)))),
            "You took the largest logit out of the sum and never put it back.",
        ),
        Mistake(
            lambda logits: np.max(logits),
            "That is the maximum, which is at most log K too small. The other powers count too.",
        ),
        Mistake(
            _from_the_smallest,
            "You take the *smallest* logit out. The remaining powers are then at least 1 and can still overflow.",
        ),
        Mistake(
            lambda logits: np.max(logits) + np.log(np.mean(np.exp(logits - np.max(logits)))),
            "You average the powers. The sum is asked for, which is larger by log K.",
        ),
        Mistake(
            _from_the_mean,
            "You take the *mean* of the logits out. The largest of them can still be far above it and overflow.",
        ),
        Mistake(
            _from_the_first,
            "You take the *first* logit out. It need not be the largest, and one far above it overflows.",
        ),
        Mistake(
            _from_the_last,
            "You take the *last* logit out. It need not be the largest, and one far above it overflows.",
        ),
        Mistake(
            _put_back_only,
            "You add the largest logit without having taken it out of the powers.",
        ),
        *(
            Mistake(
                lambda logits, limit=limit: _naive_log_sum_exp(np.clip(logits, -limit, limit)),
                f"You cut the logits off at {limit}: a logit of 1000 then counts as {limit}.",
            )
            for limit in (500, 700)
        ),
        *(
            Mistake(
                lambda logits, epsilon=epsilon: (
                    np.max(logits) + np.log(np.sum(np.exp(logits - np.max(logits))) + epsilon)
                ),
                f"Adding {epsilon:g} is not needed: one of the powers is 1, so that the logarithm never sees 0.",
            )
            for epsilon in (1e-8, 1e-7, 1e-6)
        ),
        Mistake(
            _from_the_largest_size,
            "You take the largest *size* out, without the sign. Where all logits are about −1000 the powers are then "
            "those of −2000, and all of them are 0.",
        ),
        Mistake(
            lambda logits: np.max(logits) - np.log(np.sum(np.exp(logits - np.max(logits)))),
            "The sign: the logarithm of the sum is added to the largest logit, not taken away.",
        ),
        Mistake(
            lambda logits: np.max(logits) + np.log2(np.sum(np.exp(logits - np.max(logits)))),
            "The powers are those of e, so the logarithm is the natural one, not that of base 2.",
        ),
        Mistake(
            lambda logits: np.max(logits) + np.log10(np.sum(np.exp(logits - np.max(logits)))),
            "The powers are those of e, so the logarithm is the natural one, not that of base 10.",
        ),
        Mistake(
            lambda logits: np.max(logits) + np.log1p(np.sum(np.exp(logits - np.max(logits)))),
            "`log1p` adds 1 to the sum, and the power of the largest logit is in the sum already.",
        ),
        Mistake(
            lambda logits: np.max(logits) + np.sum(np.exp(logits - np.max(logits))),
            "The logarithm is missing: the powers are added up and stay a sum.",
        ),
    ],
    hints=[
        r"$\log\sum_k e^{s_k} = c + \log\sum_k e^{s_k - c}$ for every $c$. Which $c$ keeps every power at most 1?",
        "With $c$ the largest logit one of the powers is exactly 1, so that the logarithm never sees 0.",
    ],
    solution="One power is 1 and none exceeds it: nothing overflows, and what underflows was too small to matter.",
)


def mean_loss(logits: np.ndarray, labels: np.ndarray) -> float:
    """Mean cross-entropy of rows of logits, one class index a row."""
    shifted = logits - logits.max(axis=1, keepdims=True)
    lse = np.log(np.sum(np.exp(shifted), axis=1))
    return np.mean(lse - shifted[np.arange(len(labels)), labels])


def _stable_then_log(logits: np.ndarray, labels: np.ndarray) -> float:
    with quiet():
        powers = np.exp(logits - logits.max(axis=1, keepdims=True))
        probabilities = powers / powers.sum(axis=1, keepdims=True)
        return -np.mean(np.log(probabilities[np.arange(len(labels)), labels]))


def _log_of_a_little_more(epsilon: float) -> Callable[[np.ndarray, np.ndarray], float]:
    return lambda logits, labels: -float(np.mean(np.log(_of_the_labels(logits, labels) + epsilon)))


def _clipped(epsilon: float) -> Callable[[np.ndarray, np.ndarray], float]:
    return lambda logits, labels: -np.mean(np.log(np.maximum(_of_the_labels(logits, labels), epsilon)))


def _of_the_labels(logits: np.ndarray, labels: np.ndarray) -> np.ndarray:
    return np.asarray(losses.softmax(logits))[np.arange(len(labels)), labels]


def _global_maximum(logits: np.ndarray, labels: np.ndarray) -> float:
    with quiet():
        lse = logits.max() + np.log(np.sum(np.exp(logits - logits.max()), axis=1))
        return np.mean(lse - logits[np.arange(len(labels)), labels])


def _first_column(logits: np.ndarray, labels: np.ndarray) -> float:
    with quiet():
        lse = logits[:, 0] + np.log(np.sum(np.exp(logits - logits[:, :1]), axis=1))
        return np.mean(lse - logits[np.arange(len(labels)), labels])


def _unshifted_label(logits: np.ndarray, labels: np.ndarray) -> float:
    lse = np.log(np.sum(np.exp(logits - logits.max(axis=1, keepdims=True)), axis=1))
    return np.mean(lse - logits[np.arange(len(labels)), labels])


def _naive_loss(logits: np.ndarray, labels: np.ndarray) -> float:
    with quiet():
        probabilities = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
        return -np.mean(np.log(probabilities)[np.arange(len(labels)), labels])


def _naive_lse(logits: np.ndarray, labels: np.ndarray) -> float:
    return _shifted_by(logits, labels, np.zeros((len(labels), 1)))


def _shifted_by(logits: np.ndarray, labels: np.ndarray, shift: np.ndarray) -> float:
    with quiet():
        lse = shift[:, 0] + np.log(np.sum(np.exp(logits - shift), axis=1))
        return np.mean(lse - logits[np.arange(len(labels)), labels])


def _log_softmax(logits: np.ndarray) -> np.ndarray:
    return np.asarray(losses.log_softmax(logits))


LOSS_CODE = Code(
    "softmax-loss-code",
    "Write the cross-entropy from logits",
    reference=mean_loss,
    equals=losses.softmax_cross_entropy,
    cases=[
        case([[2.0, 1.0, 0.0]], [1]),
        case([[0.0, 3.0], [1.0, -1.0], [0.5, 0.0]], [0, 0, 1]),
        case([[0.0, 30.0, 0.0], [0.0, 1.0, 2.0]], [0, 2]),
        case([[1000.0, 0.0], [0.0, 1.0], [-1000.0, -1002.0], [0.0, 0.0]], [1, 0, 0, 0]),
        case([[0.0, 1000.0], [1.0, 2.0]], [0, 1]),
        case([[800.0, 0.0]], [0]),
        case([[2000.0, 0.0, 0.0], [1.0, 0.0, 0.0]], [0, 1]),
    ],
    mistakes=[
        Mistake(
            _naive_loss,
            r"Right as a formula; with a logit of 1000 it gives NaN or infinity. Use "
            r"$\operatorname{LSE}(s) - s_y$, and take the largest logit of each row out first.",
        ),
        Mistake(
            _naive_lse,
            r"$\operatorname{LSE}(s) - s_y$ is right as a formula; with a logit of 1000 its power is infinite. Take "
            "the largest logit of each row out first, in both terms.",
        ),
        Mistake(
            lambda logits, labels: _shifted_by(logits, labels, logits.mean(axis=1, keepdims=True)),
            "You take the *mean* of each row out. Its largest logit can still be far above it and overflow.",
        ),
        Mistake(
            lambda logits, labels: _shifted_by(logits, labels, logits.min(axis=1, keepdims=True)),
            "You take the *smallest* logit of each row out. The powers are then at least 1 and can still overflow.",
        ),
        Mistake(
            lambda logits, labels: -np.mean(_of_the_labels(logits, labels)),
            "The logarithm is missing: that is minus the mean probability of the labels.",
        ),
        Mistake(
            lambda logits, labels: -np.mean(_log_softmax(logits)),
            "You average over all entries, and the labels do not occur. Pick the label's entry in each row.",
        ),
        Mistake(
            lambda logits, labels: -np.mean(_log_softmax(logits).max(axis=1)),
            "That is the loss if the most probable class were the true one. The labels do not occur in it.",
        ),
        Mistake(
            lambda logits, labels: np.mean(logits.max(axis=1) - logits[np.arange(len(labels)), labels]),
            r"That is the largest logit minus $s_y$. $\operatorname{LSE}(s)$ is larger: the other powers count too.",
        ),
        Mistake(
            lambda logits, labels: np.mean(
                np.logaddexp(0, logits).sum(axis=1) - logits[np.arange(len(labels)), labels]
            ),
            "Those are $K$ separate sigmoids, which answer $K$ questions. Here exactly one class is true: a softmax.",
        ),
        Mistake(
            lambda logits, labels: -np.sum(_log_softmax(logits)[np.arange(len(labels)), labels]) / logits.shape[1],
            "You divide by the number of classes. The mean is over the *rows*.",
        ),
        *(
            Mistake(
                lambda logits, labels, limit=limit: (
                    -np.mean(_log_softmax(np.clip(logits, -limit, limit))[np.arange(len(labels)), labels])
                ),
                f"You cut the logits off at {limit}: a loss of 1000 becomes {limit}.",
            )
            for limit in (500, 700)
        ),
        Mistake(
            lambda logits, labels: -np.mean(_log_softmax(losses.softmax(logits))[np.arange(len(labels)), labels]),
            "You apply the softmax twice: to the logits, and again to the probabilities.",
        ),
        Mistake(
            lambda logits, labels: -np.sum(_log_softmax(logits)[np.arange(len(labels)), labels]),
            "That is the sum; the mean over the rows is asked for.",
        ),
        Mistake(
            lambda logits, labels: -np.mean(_log_softmax(logits)[:, labels]),
            "`[:, labels]` takes every label from every row. You want one entry a row: index the rows as well.",
        ),
        Mistake(
            lambda logits, labels: (
                -(_log_softmax(logits).sum() - _log_softmax(logits)[np.arange(len(labels)), labels].sum()) / len(labels)
            ),
            "You add up the classes that are *not* the label. $y$ is 1 for the true class and 0 for every other.",
        ),
        Mistake(
            lambda logits, labels: np.mean(_log_softmax(logits)[np.arange(len(labels)), labels]),
            "The minus sign is missing: minus the logarithm of a probability is never negative.",
        ),
        Mistake(
            lambda logits, labels: -np.mean(_log_softmax(logits.T).T[np.arange(len(labels)), labels]),
            "You normalise down the columns, over the examples. The probabilities of one *row* have to sum to 1.",
        ),
        Mistake(
            _stable_then_log,
            "Your softmax is stable now, but a small probability has become 0 before you take its logarithm. Form no "
            r"probability: stay in logarithms, $\operatorname{LSE}(s) - s_y$.",
        ),
        *(
            Mistake(
                way(epsilon),
                f"{word.format(f'{epsilon:g}')} keeps the logarithm finite and makes it wrong: a loss of 1000 becomes "
                f"{-math.log(epsilon):.0f}. Form no probability at all.",
            )
            for way, word, epsilons in (
                (_log_of_a_little_more, "Adding {}", (1e-16, 1e-15, 1e-12, 1e-10, 1e-9)),
                (_clipped, "Cutting probabilities off at {}", (1e-16, 1e-15, 1e-12, 1e-10, 1e-9)),
                (_clipped, "Adding {}, or cutting off there,", (1e-300, 1e-8, 1e-7)),  # the same to six digits
            )
            for epsilon in epsilons
        ),
        Mistake(
            _global_maximum,
            "You take the largest logit of the *whole array* out. A row far below it underflows: take each row's own.",
        ),
        Mistake(
            _first_column,
            "You take the *first* logit of each row out. It need not be the largest, and one far above it overflows.",
        ),
        Mistake(
            _unshifted_label,
            "You took the largest logit out of the powers, and not out of $s_y$: take it out of both, or put it back.",
        ),
        Mistake(
            lambda logits, labels: np.mean(losses.logsumexp(logits)),
            r"That is the mean of $\operatorname{LSE}(s)$ alone. The logit of the true class is still to come off.",
        ),
        Mistake(
            lambda logits, labels: -np.mean(_log_softmax(logits)[np.arange(len(labels)), labels]) / np.log(10),
            "You took logarithms to base 10. `np.log` is the natural one.",
        ),
        Mistake(
            lambda logits, labels: -np.mean(logits[np.arange(len(labels)), labels]),
            r"That is the mean of $-s_y$: $\operatorname{LSE}(s)$, which makes probabilities of logits, is missing.",
        ),
        Mistake(
            lambda logits, labels: -np.sum(_log_softmax(logits)[np.arange(len(labels)), labels]) / logits.size,
            "You divide by the number of logits. There is one loss per row, so the mean divides by the rows.",
        ),
        Mistake(
            lambda logits, labels: -np.mean(_log_softmax(logits)[np.arange(len(labels)), labels]) / np.log(2),
            "That is the loss in bits. Use the natural logarithm.",
        ),
        Mistake(
            lambda logits, labels: -_log_softmax(logits)[np.arange(len(labels)), labels],
            "Those are the losses of the single rows. Their mean is asked for.",
        ),
        Mistake(
            lambda logits, labels: -np.mean(_log_softmax(logits)[np.arange(len(labels)), labels - 1]),
            "You count the classes from 1. `labels` counts from 0, as NumPy's indices do.",
        ),
    ],
    hints=[
        r"$-\log\hat p_y = \operatorname{LSE}(s) - s_y$, row by row: no probability is needed.",
        "Take the largest logit of each row out of it first, in both terms. `logits[np.arange(len(labels)), labels]` "
        "picks one entry a row.",
    ],
    solution="No probability is ever formed, so none can become 0 before its logarithm is taken.",
)


def mean_loss_grad(
    logits: np.ndarray,
    labels: np.ndarray,
) -> np.ndarray:
    """Gradient of the mean cross-entropy, one class index a row."""
    powers = np.exp(logits - logits.max(axis=1, keepdims=True))
    gradient = powers / powers.sum(axis=1, keepdims=True)
    gradient[np.arange(len(labels)), labels] -= 1
    return gradient / len(labels)


def _naive_gradient(logits: np.ndarray, labels: np.ndarray) -> np.ndarray:
    with quiet():
        probabilities = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
        return (probabilities - np.eye(logits.shape[1])[labels]) / len(labels)


def _gradient_from_global_maximum(logits: np.ndarray, labels: np.ndarray) -> np.ndarray:
    with quiet():
        powers = np.exp(logits - logits.max())
        return (powers / powers.sum(axis=1, keepdims=True) - np.eye(logits.shape[1])[labels]) / len(labels)


def _gradient_from_first_column(logits: np.ndarray, labels: np.ndarray) -> np.ndarray:
    with quiet():
        powers = np.exp(logits - logits[:, :1])
        return (powers / powers.sum(axis=1, keepdims=True) - np.eye(logits.shape[1])[labels]) / len(labels)


def _gradient_shifted_by(logits: np.ndarray, labels: np.ndarray, shift: np.ndarray) -> np.ndarray:
    with quiet():
        powers = np.exp(logits - shift)
        return (powers / powers.sum(axis=1, keepdims=True) - np.eye(logits.shape[1])[labels]) / len(labels)


def _with_the_slope_of_the_softmax(logits: np.ndarray, labels: np.ndarray) -> np.ndarray:
    p = np.asarray(losses.softmax(logits))
    return p * (1 - p) * _minus_one_hot(logits, labels) / len(labels)


def _one_off_every_row(logits: np.ndarray, labels: np.ndarray) -> np.ndarray:
    p = np.asarray(losses.softmax(logits))
    p[:, labels] -= 1
    return p / len(labels)


def _minus_one_hot(logits: np.ndarray, labels: np.ndarray) -> np.ndarray:
    return np.asarray(losses.softmax(logits) - np.eye(logits.shape[1])[labels])


GRADIENT_CODE = Code(
    "softmax-gradient-code",
    "Write its gradient",
    reference=mean_loss_grad,
    equals=losses.softmax_cross_entropy_grad,
    cases=[
        case([[2.0, 1.0, 0.0]], [1]),
        case([[0.0, 3.0], [1.0, -1.0], [0.5, 0.0]], [0, 0, 1]),
        case([[1000.0, 0.0, 1000.0], [0.0, 1.0, 2.0]], [1, 0]),
        case([[0.0, 1000.0], [1000.0, 0.0]], [0, 1]),
        case([[800.0, 0.0], [1000.0, 999.0]], [0, 1]),
        case([[2000.0, 0.0, 0.0]], [1]),
    ],
    mistakes=[
        Mistake(
            lambda logits, labels: _minus_one_hot(logits, labels),
            "That is the gradient of the sum. The mean divides it by the number of rows.",
        ),
        Mistake(
            lambda logits, labels: -_minus_one_hot(logits, labels) / len(labels),
            r"The sign is turned: it is $\hat p - y$, negative for the true class, so that a step *against* it "
            r"raises that logit.",
        ),
        Mistake(
            lambda logits, labels: _minus_one_hot(logits, labels) / logits.size,
            "You divide by the number of logits. There is one loss per row, so the mean divides by the rows.",
        ),
        Mistake(
            lambda logits, labels: losses.softmax(logits) / len(labels),
            r"That is $\hat p$ alone. The one-hot target is still to be taken away.",
        ),
        Mistake(
            lambda logits, labels: (
                -np.eye(logits.shape[1])[labels] / np.maximum(losses.softmax(logits), 1e-300) / len(labels)
            ),
            r"That is $-y/\hat p$, the derivative with respect to the *probabilities*. The Jacobian of the "
            r"softmax is missing.",
        ),
        Mistake(
            lambda logits, labels: (losses.softmax(logits) - (1 - np.eye(logits.shape[1])[labels])) / len(labels),
            "Your target is 1 for every class *but* the label. It is the other way round.",
        ),
        Mistake(
            _naive_gradient,
            "Right as a formula; with a logit of 1000 the powers overflow, and infinity by infinity is NaN. Take the "
            "largest logit of each row out first.",
        ),
        Mistake(
            _gradient_from_global_maximum,
            "You take the largest logit of the *whole array* out. In a row far below it all powers are 0, and 0 by "
            "0 is NaN: take each row's own.",
        ),
        Mistake(
            _gradient_from_first_column,
            "You take the *first* logit of each row out. It need not be the largest, and one far above it overflows.",
        ),
        Mistake(
            lambda logits, labels: _gradient_shifted_by(logits, labels, logits.mean(axis=1, keepdims=True)),
            "You take the *mean* of each row out. Its largest logit can still be far above it and overflow.",
        ),
        Mistake(
            lambda logits, labels: _gradient_shifted_by(logits, labels, logits.min(axis=1, keepdims=True)),
            "You take the *smallest* logit of each row out. The powers are then at least 1 and can still overflow.",
        ),
        Mistake(
            lambda logits, labels: _minus_one_hot(np.clip(logits, -700, 700), labels) / len(labels),
            "You cut the logits off: two that are beyond the limit then draw level.",
        ),
        Mistake(
            lambda logits, labels: -_minus_one_hot(logits, labels),
            "Two things: the sign is turned, and the mean divides by the number of rows.",
        ),
        Mistake(
            lambda logits, labels: (losses.softmax(logits) + np.eye(logits.shape[1])[labels]) / len(labels),
            "You add the target. It is taken away: prediction *minus* target.",
        ),
        Mistake(
            lambda logits, labels: (np.asarray(losses.softmax(logits)) - 1) / len(labels),
            "You take 1 away from every class. The target is 1 at the label alone.",
        ),
        Mistake(
            lambda logits, labels: (losses.softmax(logits) - np.eye(logits.shape[1])[labels - 1]) / len(labels),
            "You count the classes from 1. `labels` counts from 0, as NumPy's indices do.",
        ),
        Mistake(
            lambda logits, labels: (losses.sigmoid(logits) - np.eye(logits.shape[1])[labels]) / len(labels),
            "Those are the slopes of $K$ separate sigmoids. The probabilities of one row have to sum to 1.",
        ),
        Mistake(
            _with_the_slope_of_the_softmax,
            r"The factor $\hat p(1 - \hat p)$ has met $1/\hat p$ and gone: prediction minus target is left.",
        ),
        Mistake(
            _one_off_every_row,
            "`[:, labels]` takes 1 off every label in every row. You want one entry a row: index the rows as well.",
        ),
        Mistake(
            lambda logits, labels: _minus_one_hot(logits, labels) / logits.shape[1],
            "You divide by the number of classes. The mean is over the *rows*.",
        ),
        Mistake(
            lambda logits, labels: 2 * _minus_one_hot(logits, labels) / len(labels),
            "That is twice the gradient. The factor 2 belongs to a squared error; cross-entropy has none.",
        ),
        Mistake(
            lambda logits, labels: _minus_one_hot(logits, labels) * np.eye(logits.shape[1])[labels] / len(labels),
            "You have left the other classes at 0. Their logits stand in the sum as well, and their slope is "
            r"$\hat p_k$.",
        ),
        Mistake(
            lambda logits, labels: -np.eye(logits.shape[1])[labels] / len(labels),
            r"That is the part of $-s_y$ alone. The slope of $\operatorname{LSE}(s)$, which is $\hat p$, is missing.",
        ),
        Mistake(
            lambda logits, labels: (
                (np.asarray(losses.softmax(logits.T)).T - np.eye(logits.shape[1])[labels]) / len(labels)
            ),
            "You normalise down the columns, over the examples. The probabilities of one *row* have to sum to 1.",
        ),
    ],
    hints=[
        r"For one row it is $\hat p - y$ with a one-hot $y$.",
        "Compute the softmax, subtract 1 at the label, divide by the number of rows.",
    ],
    solution="Every row sums to zero, as shift invariance demands: a quick test for any gradient with respect to "
    "logits.",
)


def floor_of_eight() -> float:
    return float(entropy([4 / 8, 2 / 8, 2 / 8]))


FLOOR = Numeric(
    "softmax-floor",
    "How low can the loss go?",
    answer=floor_of_eight,
    unit="nats",
    mistakes=[
        Mistake(0, "A loss of 0 would need probability 1 for three different labels at one and the same input."),
        Mistake(1.5, "That is the entropy in bits. Natural logarithms give nats."),
        Mistake(math.log(3), r"That is the loss of $(\frac13, \frac13, \frac13)$. The labels are not evenly spread."),
        Mistake(math.log(2), "That is the loss on the most frequent label alone; the other four examples cost more."),
        Mistake(math.log(4), "That is the loss on an example of B or of C alone. Half of the eight belong to A."),
        Mistake(math.log(8), "You took the eight examples for eight classes. They share three labels, and not evenly."),
        Mistake(math.log(2) / 2, r"That is the part of one class: A, B and C have one of $\frac12\log 2$ each."),
        Mistake(5 * math.log(2), "You added the three surprisals. Each counts as often as its class occurs."),
        Mistake(5 / 3 * math.log(2), "That is the plain mean of three surprisals. A occurs twice as often as B or C."),
        Mistake(1 - 6 / 16, "That is the Gini impurity, without a logarithm. Cross-entropy weighs the surprisals."),
        Mistake(floor_of_eight() * 8, "That is the sum over the eight examples. The mean loss is asked for."),
    ],
    hints=[
        "All eight inputs are the same, so the model gives all eight the same distribution. Which one is best?",
        r"The mean loss is the cross-entropy $H(y, \hat p)$ of the label shares, and it is smallest at $\hat p = y$.",
    ],
    solution=r"The best prediction is the label shares $(\frac12, \frac14, \frac14)$, and the loss there is their "
    r"entropy "
    r"$\frac12\log 2 + \frac14\log 4 + \frac14 \log 4$. That is $\frac32 \log 2 \approx 1.040$ nats. No network can go "
    r"lower without telling the eight inputs apart.",
)

CONVEX = Paper(
    "softmax-convex",
    "Convex in the logits",
    hints=[
        r"Differentiate $\hat p_k - y_k$ once more: the Jacobian of the softmax is the matrix of second derivatives.",
        r"For a direction $v$ form $v^\top(\operatorname{diag}(\hat p) - \hat p\hat p^\top)v$. It is "
        r"$\sum_k \hat p_k v_k^2 - \bigl(\sum_k \hat p_k v_k\bigr)^2$. What is this of $v$?",
        r"For the last part take a logit that is a product of two weights, and look at the half-way point between "
        r"two equally good solutions.",
    ],
    solution=r"""The gradient is $\hat p - y$ (*with $\sum_k y_k = 1$*), and $y$ does not depend on $s$. So the matrix
of second derivatives is the Jacobian of the softmax,
$\operatorname{diag}(\hat p) - \hat p \hat p^\top$. Along a direction $v$,

$$
\begin{aligned}
& v^\top\bigl(\operatorname{diag}(\hat p) - \hat p\hat p^\top\bigr) v \\
&\quad = \sum_k \hat p_k v_k^2 - \Bigl(\sum_k \hat p_k v_k\Bigr)^2 \ge 0 ,
\end{aligned}
$$

which is the variance of $v_k$ when $k$ is drawn from $\hat p$. A variance is never negative, so the loss is convex.
All $\hat p_k$ are positive, so it is
zero only if all $v_k$ are equal: the direction of a common shift, along which the loss is flat.

If the logits are a linear function of the weights, $s = Wx + b$, a convex function of $s$ is convex in $(W, b)$ too.
If they are a product of weights it need not be: with two classes and $s = (0, w_1 w_2)$, the loss of the second class
is $\log(1 + e^{-w_1 w_2})$. It is $\log(1 + e^{-4}) \approx 0.018$
at $(2, 2)$ and at $(-2, -2)$, and $\log 2 \approx 0.693$ half-way between. A convex function cannot do that.""",
)

TWO_CLASSES = Paper(
    "softmax-two-classes",
    "Sigmoid from softmax",
    hints=[
        r"Divide the numerator and the denominator of $\hat p_1$ by $e^{s_1}$.",
        r"For the loss, write $-\log\hat p_1 = \log(1 + e^{-(s_1 - s_2)})$. For the gradient, use $\hat p_2 = 1 - "
        r"\hat p_1$.",
    ],
    solution=r"""Dividing above and below by $e^{s_1}$,

$$
\begin{aligned}
\hat p_1 &= \frac{e^{s_1}}{e^{s_1} + e^{s_2}} = \frac{1}{1 + e^{-(s_1 - s_2)}} \\
&= \sigma(s_1 - s_2) .
\end{aligned}
$$

Only the difference $d = s_1 - s_2$ enters, and $\hat p_2 = 1 - \sigma(d) = \sigma(-d)$. The loss is
$-y_1 \log\sigma(d) - (1 - y_1)\log\sigma(-d)$ *because $y_2 = 1 - y_1$*: binary cross-entropy
with the logit $d$. Its derivative in $d$ is $\sigma(d) - y_1$. With two separate logits the derivatives are
$\hat p_1 - y_1$ and $\hat p_2 - y_2 = -(\hat p_1 - y_1)$: the same number twice, with opposite signs.
Two logits say with two numbers what one number can say.""",
)
