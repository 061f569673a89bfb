r"""Classification losses: quick questions first, then exercises on paper, with numbers, with curves and with code."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

import lossbook as losses
from lossbook.analysis.margins import threshold, weighted
from lossbook.analysis.scoring_rules import smoothing_gap, softmax_twice_floor
from lossbook.core import Floats, quiet
from lossbook.exercises.kinds import Choice, Code, Mistake, Numeric, Option, Paper, case, guarded

# ── Check yourself ───────────────────────────────────────────────────────────────────────────────────────────────────

HINGE_OF_ONE = Numeric(
    "classification-hinge-of-one",
    "One hinge loss",
    answer=float(losses.hinge(0.5, -1.0)),
    mistakes=[
        Mistake(0.5, "That is $1 - s$, or the perceptron loss. The margin is $y s = -0.5$; the hinge asks for 1."),
        Mistake(0.25, "That is $(1 - s)^2$: the label is missing, and the hinge has no square."),
        Mistake(math.exp(0.5), "That is the exponential loss of this margin.", tolerance=0.004),
        Mistake(0, "The loss is 0 only from a margin of 1 on. Which sign has this margin?"),
        Mistake(1, "That is the 0–1 loss: a mistake counts 1. The hinge also says how far off it is."),
        Mistake(-0.5, "That is the margin. The hinge loss is what it lacks to 1."),
        Mistake(1.5**2, "That is the *squared* hinge."),
        Mistake(float(losses.logistic(0.5, -1.0)), "That is the logistic loss of this margin.", tolerance=0.004),
    ],
    hints=["The margin is $m = y s$.", r"$m = -0.5$. What is $\max(0, 1 - m)$?"],
    solution=r"$m = y s = -0.5$, so the loss is $1 - (-0.5) = 1.5$.",
)

READ_OFF = Choice(
    "classification-read-off",
    "From a score to a probability",
    options=[
        Option("logistic", r"Its best score is $\log\frac{\eta}{1-\eta}$, which the sigmoid turns back.", right=True),
        Option("hinge", r"Its best score is $\pm 1$ whatever $\eta$ is: only the sign of $2\eta - 1$ is left in it."),
        Option(
            "exponential",
            r"Its best score is half the log-odds: double it, then take the sigmoid.",
            right=True,
        ),
        Option("squared hinge", r"Its best score is $2\eta - 1$, so $\eta = (1 + s)/2$.", right=True),
        Option("perceptron", "Its best score is 0 for every probability."),
    ],
    hints=["Which of the curves in the right panel of the figure can be followed backwards?", "Three of the five."],
    solution=r"Logistic, exponential and squared hinge: their best score is a strictly increasing function of $\eta$. "
    "The hinge has a step, the perceptron a flat line.",
)

ACCURACY = Choice(
    "classification-accuracy-as-a-score",
    "Accuracy as a score",
    options=[
        Option("strictly proper", r"For that, honesty must be the *only* best forecast. Is 0.51 worse than 0.9 here?"),
        Option(
            "proper, but not strictly",
            r"With $\eta = 0.9$ every forecast above ½ has the same accuracy, the honest one among them.",
            right=True,
        ),
        Option("not proper", "Is there a forecast with a better accuracy than the honest one?"),
    ],
    hints=[r"An event has the probability 0.9. Which forecasts have the best accuracy, if above ½ means yes?"],
    solution=r"Every forecast on the same side of ½ as $\eta$ is as good as $\eta$: honesty is never beaten, and "
    r"never alone. So accuracy cannot tell 0.51 from 0.99.",
)

STUCK = Choice(
    "classification-stuck",
    "A loss that sticks",
    options=[
        Option("The learning rate is too large.", "Then the loss jumps or becomes NaN. This one settles calmly."),
        Option(
            "Softmax is applied twice.",
            r"Taken as logits, probabilities differ by at most 1: at best $\log(1 + 9/e) = 1.461$, and 1 more for a "
            r"mistake.",
            right=True,
        ),
        Option("Labels are smoothed with ε = 0.1.", r"Its floor for ten classes is 0.500."),
        Option(
            "The classes are unbalanced.",
            "Then the loss lingers at the entropy of the class shares, and accuracy at the largest share.",
        ),
    ],
    hints=["Accuracy is high, so the network has learnt the classes. What stops it from being sure?"],
    solution=r"Softmax twice. The largest gap between two probabilities is 1, and with $K = 10$ the loss is then "
    r"$\log(1 + 9 e^{-1}) = 1.461$. A sure wrong answer costs 1 more, and 5 % of them make 1.51.",
)

THRESHOLD = Numeric(
    "classification-threshold",
    "When to say yes",
    answer=threshold(1.0, 9.0),
    mistakes=[
        Mistake(0.9, "The other way round: a missed case is dear, so you say yes *earlier*."),
        Mistake(1 / 9, "That is the ratio of the costs, the *odds* from which yes pays. The probability is asked for."),
        Mistake(0.5, "That is right where both mistakes cost the same."),
        Mistake(8 / 9, "That is $1 - 1/9$. A missed case is dear, so you say yes *earlier* than at ½."),
        Mistake(1 / 11, "That would be right if a missed case cost 10. The two costs, 1 and 9, add up to 10."),
        Mistake(10 / 11, "The costs add up to 10, not 11. And a missed case is dear, so you say yes *earlier*."),
        Mistake(9, "That is the ratio of the costs, the dear one first. A probability lies between 0 and 1."),
    ],
    hints=[
        "With probability $p$, yes costs $(1 - p) \\cdot 1$ on average and no costs $p \\cdot 9$.",
        "Where are the two equal?",
    ],
    solution=r"Yes is cheaper where $(1 - p) \cdot 1 < 9 p$, that is from $p = \frac{1}{1 + 9} = 0.1$ on.",
)

WEIGHT_BACK = Numeric(
    "classification-weight-back",
    "What a weighted model means",
    answer=float(weighted(0.5, 1 / 4.0)),
    mistakes=[
        Mistake(0.8, "You moved it in the direction of training. To go *back* the odds are divided by 4."),
        Mistake(0.125, "You divided the *probability* by 4. It is the odds that the weight multiplies."),
        Mistake(0.5, "That is what the weighted model says. Its odds are four times too high."),
        Mistake(4, "Those are odds, and of the other direction: to go *back* the odds of 1 are divided by 4."),
        Mistake(0.25, "Those are the *odds*, 1 to 4. As a probability that is one in five."),
        Mistake(1 / 3, "Odds of 1 to 4 are one case in *five*: to the four against it comes the one for it."),
        Mistake(
            2, "You multiplied the probability by 4. It is the *odds* that a weight changes, and here they go back."
        ),
    ],
    hints=["A weight $w$ on the positives multiplies the odds by $w$.", "Odds of 1 become odds of 1 to 4."],
    solution=r"Odds of 1 divided by 4 are 1 to 4, a probability of $\frac{1}{1+4} = 0.2$.",
)

TEMPERATURE = Choice(
    "classification-what-temperature-changes",
    "What a temperature changes",
    options=[
        Option("the accuracy", "Dividing all logits of an example by one $T > 0$ leaves their order as it was."),
        Option("the cross-entropy on new data", "It is what $T$ is chosen by.", right=True),
        Option("the confidence in the chosen class", "A larger $T$ lowers it, towards $1/K$.", right=True),
        Option("which examples are wrong", "The largest logit stays the largest."),
    ],
    hints=["What does $s/T$ do to the order of the logits?", "Two of the four."],
    solution="Order stays, so the likeliest class and accuracy stay. Confidence moves, and with it cross-entropy, "
    "Brier score and calibration error.",
)

ECE_ZERO = Choice(
    "classification-ece-zero",
    "A calibration error of 0",
    options=[
        Option(
            "It is the best forecast there is.",
            "Compare the forecast that says 30 % every day, where it rains on 30 %.",
        ),
        Option(
            "It may still be useless.",
            "A constant forecast of the base rate has a calibration error of 0 and tells no day from another.",
            right=True,
        ),
        Option(
            "Its accuracy is 1.",
            "Calibration says that 0.3 means 0.3. It does not say that any forecast is near 0 or 1.",
        ),
    ],
    hints=["Invent a forecaster who never looks out of the window."],
    solution="The calibration error is no proper score: the base rate has 0. Read it beside one that is, log or Brier.",
)

# ── Exercises ────────────────────────────────────────────────────────────────────────────────────────────────────────

EXPONENTIAL_MINIMISER = Paper(
    "classification-exponential-minimiser",
    "What the exponential loss estimates",
    hints=[
        r"Write the expected loss $\eta\,e^{-s} + (1 - \eta)\,e^{s}$.",
        "Differentiate with respect to $s$ and set to zero.",
        r"You should arrive at $e^{2s} = \eta/(1 - \eta)$.",
    ],
    solution=r"""With probability $\eta$ the label is 1 and the loss $e^{-s}$, otherwise it is $e^{s}$. The expected
loss

$$
R(s) = \eta\,e^{-s} + (1 - \eta)\,e^{s}
$$

has the derivative $R'(s) = -\eta\,e^{-s} + (1 - \eta)\,e^{s}$, which is zero where $e^{2s} = \eta/(1 - \eta)$. Hence

$$
s = \tfrac12 \log\frac{\eta}{1 - \eta},
$$

half the log-odds. $R'' = R > 0$, so it is the only minimum. Assumed: $0 < \eta < 1$; at the ends there is none.""",
)

BRIER_IS_PROPER = Paper(
    "classification-brier-is-proper",
    "Brier pays for honesty",
    hints=[
        r"For an event of probability $\eta$ the expected score is $\eta(1 - \hat p)^2 + (1 - \eta)\hat p^2$.",
        r"Differentiate with respect to $\hat p$.",
        r"Or complete the square: what is left beside $(\hat p - \eta)^2$?",
    ],
    solution=r"""The expected score of the forecast $\hat p$ is

$$
\eta\,(1 - \hat p)^2 + (1 - \eta)\,\hat p^2 = (\hat p - \eta)^2 + \eta\,(1 - \eta) .
$$

Multiply both sides out to see it. The second term does not depend on the forecast; the first is zero at
$\hat p = \eta$ and positive everywhere else. So honesty is the only best forecast: the score is *strictly* proper. The
regret of any other is $(\hat p - \eta)^2$, and nobody gets below $\eta(1 - \eta)$.

With absolute instead of squared error the expected score is the straight line
$\eta(1 - \hat p) + (1 - \eta)\hat p = \eta + (1 - 2\eta)\hat p$: its minimum is at an end, 0 or 1.""",
)

SMOOTHING_GAP = Numeric(
    "classification-smoothing-gap",
    "The gap that smoothing asks for",
    answer=smoothing_gap(0.2, 4),
    mistakes=[
        Mistake(
            math.log(16), r"You left out that the right class gets its share $\varepsilon/K$ as well: 0.85, not 0.8."
        ),
        Mistake(math.log(4), r"You gave all of $\varepsilon$ to each other class; each gets $\varepsilon/K$."),
        Mistake(
            math.log(0.85 / 0.15), "Those are the log-odds against the other three *together*. Each of them has 0.05."
        ),
        Mistake(16, "That is 0.8 by 0.05. The right class gets its share of 0.05 as well, and the gap is a logarithm."),
        Mistake(17, "That is the ratio of the two probabilities. The gap of the logits is its logarithm."),
        Mistake(1 / 17, "That is the ratio upside down, and without its logarithm: the gap is $\\log 17$."),
        Mistake(
            math.log(0.8 / (0.2 / 3)),
            r"You spread $\varepsilon$ over the *other* three classes. Here, as in PyTorch, all $K$ share it.",
        ),
        Mistake(
            -0.85 * math.log(0.85) - 0.15 * math.log(0.05),
            "That is the floor of the *loss*, the entropy of the smoothed label. The gap of the logits is asked for.",
        ),
        Mistake(math.log(20), "That is 1 by 0.05. The right class has only 0.85."),
        Mistake(0.8, "That is the gap of the two *probabilities*. The gap of the logits is the log of their ratio."),
        Mistake(-math.log(0.85), "That is minus the log of the right class's probability. Compare it with another's."),
        Mistake(math.log2(17), "That is the logarithm to base 2. Logits go with the natural one."),
        Mistake(math.log10(17), "That is the logarithm to base 10. Logits go with the natural one."),
    ],
    hints=[
        r"The smoothed label gives the right class $1 - \varepsilon + \varepsilon/K$ and each other class "
        r"$\varepsilon/K$.",
        "The best probabilities are the smoothed label itself, and a gap of logits is the log of their ratio.",
    ],
    solution=r"The label becomes 0.85 for the right class and 0.05 for each other one, so the gap is $\log 17 \approx "
    r"2.833$.",
)


def floor_of_two_classes() -> float:
    return softmax_twice_floor(2)


SOFTMAX_TWICE = Numeric(
    "classification-softmax-twice-floor",
    "The floor of softmax twice",
    answer=floor_of_two_classes,
    unit="nats",
    mistakes=[
        Mistake(0, r"For that a logit would have to grow without end. Here the “logits” are probabilities, at most 1."),
        Mistake(math.log(2), "That is the loss at the *start*, with both probabilities equal."),
        Mistake(
            math.log(1 + 9 / math.e), "That is the floor for *ten* classes. Here there is one other class, not nine."
        ),
        Mistake(math.log(1 + 2 / math.e), "That is the floor for *three* classes. Here there is *one* other class."),
        Mistake(1, "That is the largest gap between two probabilities. What is the loss at that gap?"),
        Mistake(math.log(1 + math.e), "That is the loss if the network is sure of the *wrong* class."),
        Mistake(
            1 / (1 + math.exp(-1)), "That is the largest probability that comes out. Its negative log is the loss."
        ),
        Mistake(
            1 / (1 + math.e),
            "That is what is left for the *other* class. The loss is the negative log of the right one.",
        ),
        Mistake(math.exp(-1), "Nearly: $e^{-1}$ is the weight of the other class. The loss is $\\log(1 + e^{-1})$."),
    ],
    hints=[
        "What is the largest gap between two probabilities?",
        r"The largest probability after the second softmax is $e/(e + 1)$.",
    ],
    solution="",
)

FOCAL_FACTOR = Numeric(
    "classification-focal-factor",
    "How much lighter an easy example is",
    answer=float(
        losses.softmax_focal([[math.log(9.0), 0.0]], [0], gamma=2.0)
        / losses.softmax_cross_entropy([[math.log(9.0), 0.0]], [0])
    ),
    mistakes=[
        Mistake(0.81, r"You took $\hat p^\gamma$. The factor is $(1 - \hat p)^\gamma$: what is *missing* counts."),
        Mistake(0.1, r"That is the factor for $\gamma = 1$."),
        Mistake(math.log(1 / 0.9), "That is its cross-entropy. By which *factor* does focal loss change it?"),
        Mistake(
            0.01 * math.log(1 / 0.9), "That is the focal loss itself. By which *factor* does it differ from the other?"
        ),
        Mistake(0.19, r"You took $1 - \hat p^\gamma$. The power belongs on the outside: $(1 - \hat p)^\gamma$."),
    ],
    hints=[r"Focal loss is $-(1 - \hat p)^\gamma \log \hat p$."],
    solution=r"$(1 - 0.9)^2 = 0.01$: a hundredth.",
)

RELIABILITY = Numeric(
    "classification-reliability-by-hand",
    "One part of a Brier score",
    answer=0.04,
    mistakes=[
        Mistake(0.2, "That is the mean *gap*, which the calibration error reports. Here the gap is squared."),
        Mistake(0, "Over all ten days forecasts and rain agree. But reliability looks at each group by itself."),
        Mistake(0.28, "That is the whole Brier score. Its reliability part is asked for."),
        Mistake(0.01, "That is the *resolution*: how far the two frequencies lie from the base rate."),
        Mistake(0.25, "That is the *uncertainty*, $\\bar y (1 - \\bar y)$."),
        Mistake(0.08, "You added the two groups. Each counts with its share, one half."),
        Mistake(0.24, "That is uncertainty less resolution: what is left of the score *without* the reliability part."),
        Mistake(0.4, "You added the gaps of the two groups. Square each, then average."),
    ],
    hints=[
        "In each group, how far is the forecast from the share of days on which it rained?",
        "It is 0.2 in both. Square, then average over the days.",
    ],
    solution=r"On the first five days the frequency is 0.4 against a forecast of 0.2, on the other five 0.6 against "
    r"0.8. So reliability is $0.2^2 = 0.04$. With an uncertainty of 0.25 and a resolution of 0.01 the Brier score is "
    r"$0.25 - 0.01 + 0.04 = 0.28$.",
)

DIAGNOSE_START = Choice(
    "classification-diagnose-the-start",
    "Diagnose this curve: it starts at 23.03",
    options=[
        Option(
            "The first weights are too large.",
            "Then the start would be some number that changes with the seed, and accuracy would lag. This one is "
            r"$10 \log 10$.",
        ),
        Option(
            "Class weights $N/N_k$ are averaged over the examples, not over their weights.",
            r"They average 10, so the loss starts at $10 \log 10 = 23.03$ and is ten times too large throughout.",
            right=True,
        ),
        Option("Softmax is applied twice.", "Then it would start at log 10 and never get below 1.461."),
        Option("The labels are −1 and 1.", "There are ten classes here; and with such labels the loss falls below 0."),
    ],
    hints=[r"Divide 23.03 by $\log 10$.", "What could multiply every loss by 10 and yet leave accuracy alone?"],
    solution=r"$23.03 = 10 \cdot \log 10$. Each class has about a tenth of the examples, so weights of $N/N_k$ are "
    r"near 10. PyTorch divides by the sum of the weights; who divides by $N$ also multiplies the learning rate by 10.",
)

DIAGNOSE_NEGATIVE = Choice(
    "classification-diagnose-below-zero",
    "Diagnose this curve: below zero",
    options=[
        Option(
            "The network is very good.", "A cross-entropy of labels 0 and 1 cannot fall below 0, however good it is."
        ),
        Option(
            "The labels are −1 and 1 in a loss for 0 and 1.",
            r"For $y = -1$ the loss is $\log(1 + e^{s}) + s$, which has no lower end.",
            right=True,
        ),
        Option("The learning rate is too large.", "That makes a loss jump, grow or become NaN, but not negative."),
        Option(
            "A sigmoid is applied twice.", "Then the loss would stop *above* 0: at 0.313 for a 1 and at 0.693 for a 0."
        ),
    ],
    hints=[r"Put $y = -1$ into $\log(1 + e^s) - y s$ and let $s$ fall."],
    solution=r"With $y = -1$ the loss $\log(1 + e^s) - y s$ becomes $\log(1 + e^s) + s \to -\infty$. The decisions "
    r"can be "
    "quite good all the same, which is why accuracy does not give it away.",
)


def hinge_losses(score: np.ndarray, target: np.ndarray) -> np.ndarray:
    """One hinge loss per example; target holds −1 or 1."""
    return np.maximum(0, 1 - target * score)


def _hinge(score: np.ndarray, target: np.ndarray) -> Floats | float:
    return losses.hinge(score, target, reduction="none")


HINGE_CODE = Code(
    "classification-hinge-code",
    "Write the hinge loss",
    reference=hinge_losses,
    equals=_hinge,
    cases=[
        case([2.0, 0.5, 0.5], [1.0, 1.0, -1.0]),
        case([-3.0, 3.0, 0.0], [-1.0, -1.0, 1.0]),
        case([0.25, -1.5], [-1.0, 1.0]),
        case([1000.0, -1000.0], [-1.0, 1.0]),
    ],
    mistakes=[
        Mistake(
            lambda score, target: np.maximum(0, -target * score),
            "That is the perceptron loss: it is content with a margin of 0. The hinge asks for 1.",
        ),
        Mistake(
            lambda score, target: 1 - target * score,
            "Beyond a margin of 1 your loss is negative. It stops at 0.",
        ),
        Mistake(lambda score, target: np.maximum(0, 1 - target * score) ** 2, "That is the *squared* hinge."),
        Mistake(lambda score, target: np.maximum(0, 1 - score), "The label is missing: the margin is $y s$."),
        Mistake(
            lambda score, target: np.maximum(0, 1 - (2 * target - 1) * score),
            "`2 * target - 1` is for labels 0 and 1. Here the label *is* −1 or 1.",
        ),
        Mistake(
            lambda score, target: np.where(target * score < 1, -target, 0.0),
            "That is the *gradient* of the hinge loss. Its value was asked for.",
        ),
        Mistake(
            lambda score, target: np.maximum(0, 1 + target * score),
            "The sign is turned: a large margin should be cheap.",
        ),
        Mistake(
            lambda score, target: np.mean(np.maximum(0, 1 - target * score)),
            "Right, but averaged: one loss per example was asked for.",
        ),
    ],
    hints=["The margin is `target * score`.", "`np.maximum(0, …)` works entry by entry."],
    solution="Nothing from a margin of 1 on; below it, what is missing.",
)


def weighted_by_examples(
    log_probabilities: np.ndarray,
    labels: np.ndarray,
    weights: np.ndarray,
) -> float:
    """The weighted mean of the negative log-probabilities of the labels.

    It must not change when all class weights are doubled.
    """
    w = weights[labels]
    loss = -log_probabilities[np.arange(len(labels)), labels]
    return np.mean(w * loss)


def weighted_by_weights(
    log_probabilities: np.ndarray,
    labels: np.ndarray,
    weights: np.ndarray,
) -> float:
    """The weighted mean of the negative log-probabilities of the labels.

    It must not change when all class weights are doubled.
    """
    w = weights[labels]
    loss = -log_probabilities[np.arange(len(labels)), labels]
    return np.sum(w * loss) / np.sum(w)


def _weighted(log_probabilities: np.ndarray, labels: np.ndarray, weights: np.ndarray) -> Floats | float:
    return losses.softmax_cross_entropy(log_probabilities, labels, weight=weights)


WEIGHTED_BUG = Code(
    "classification-weighted-mean-bug",
    "Find the bug: weights in the mean",
    starter=weighted_by_examples,
    reference=weighted_by_weights,
    equals=_weighted,
    cases=[
        case(np.log([[0.5, 0.5], [0.25, 0.75]]), np.array([0, 1]), [1.0, 3.0]),
        case(np.log([[0.2, 0.8], [0.6, 0.4], [0.1, 0.9]]), np.array([0, 0, 1]), [2.0, 5.0]),
        case(np.log([[0.2, 0.3, 0.5], [0.6, 0.3, 0.1]]), np.array([2, 0]), [4.0, 1.0, 0.5]),
        case(np.log([[0.2, 0.8], [0.6, 0.4]]), np.array([0, 1]), [2e-12, 5e-12]),
    ],
    mistakes=[
        Mistake(
            lambda log_probabilities, labels, weights: (
                np.sum(weights[labels] * -log_probabilities[np.arange(len(labels)), labels]) / np.sum(weights)
            ),
            "You divide by the weights of the *classes*. Divide by those of the examples, each with its label's "
            "weight.",
        ),
        *(
            Mistake(
                lambda log_probabilities, labels, weights, tiny=tiny: (
                    np.sum(weights[labels] * -log_probabilities[np.arange(len(labels)), labels])
                    / (np.sum(weights[labels]) + tiny)
                ),
                f"With {tiny:g} added to the divisor, twice the weights still change the mean, where they are small.",
            )
            for tiny in (1e-12, 1e-9, 1e-8)
        ),
        Mistake(
            lambda log_probabilities, labels, weights: np.sum(
                weights[labels] * -log_probabilities[np.arange(len(labels)), labels]
            ),
            "That is the sum. Twice the weights would still give twice the loss.",
        ),
        Mistake(
            lambda log_probabilities, labels, weights: np.mean(
                weights[labels] / np.sum(weights) * -log_probabilities[np.arange(len(labels)), labels]
            ),
            "Scaled to sum 1 over the *classes*, the weights no longer matter in size, but the mean still divides by "
            "$N$. Divide by the weights of the examples.",
        ),
        Mistake(
            lambda log_probabilities, labels, weights: np.average(
                log_probabilities[np.arange(len(labels)), labels], weights=weights[labels]
            ),
            "The minus sign is gone: logarithms of probabilities are below 0, a loss is not.",
        ),
        Mistake(
            lambda log_probabilities, labels, weights: np.mean(-log_probabilities[np.arange(len(labels)), labels]),
            "The weights are gone altogether. They should count, in the numerator *and* in the divisor.",
        ),
        Mistake(
            lambda log_probabilities, labels, weights: (
                np.mean(weights[labels] * -log_probabilities[np.arange(len(labels)), labels]) / np.mean(weights)
            ),
            "You divide by the mean weight of the *classes*; those of the examples have another mean.",
        ),
    ],
    hints=["Double all weights. What does the function return?", "A weighted mean divides by the sum of its weights."],
    solution="A weighted mean divides by the sum of the weights, as PyTorch does. Dividing by $N$ scales loss and "
    "gradient with the weights, and so the learning rate.",
)


def softmax_of_softmax(logits: np.ndarray, label: int) -> float:
    """The cross-entropy of one example from its logits."""
    p = np.exp(logits - np.max(logits))
    p = p / np.sum(p)
    return np.log(np.sum(np.exp(p))) - p[label]


def softmax_once(logits: np.ndarray, label: int) -> float:
    """The cross-entropy of one example from its logits."""
    shifted = logits - np.max(logits)
    return np.log(np.sum(np.exp(shifted))) - shifted[label]


def _softmax_loss_without_shift(logits: np.ndarray, label: int) -> float:
    with quiet():
        return np.log(np.sum(np.exp(logits))) - logits[label]


def _softmax_loss_of_log(logits: np.ndarray, label: int, log: Callable[..., Any]) -> Any:
    p = np.exp(logits - np.max(logits))
    with quiet():
        return -log(p[label] / np.sum(p))


SOFTMAX_BUG = Code(
    "classification-softmax-twice-bug",
    "Find the bug: a loss that sticks",
    starter=softmax_of_softmax,
    reference=softmax_once,
    equals=losses.softmax_cross_entropy,
    cases=[
        case([0.0, 0.0, 0.0], 1),
        case([2.0, 0.0, -1.0], 0),
        case([0.5, 3.0], 0),
        case([1000.0, 0.0, 990.0], 2),
        case([0.0, 1000.0], 0),
        case([-3000.0, -1000.0, -3000.0], 1),
    ],
    mistakes=[
        Mistake(
            lambda logits, label: -np.exp(logits - logits.max())[label] / np.sum(np.exp(logits - logits.max())),
            "That is minus the probability of the label: its logarithm is missing.",
        ),
        Mistake(
            _softmax_loss_without_shift,
            "Right in mathematics, but `np.exp(1000)` is infinite. Keep the shift by the largest logit.",
        ),
        Mistake(
            lambda logits, label: _softmax_loss_of_log(logits, label, np.log),
            "Right in mathematics, but a label 1000 below the largest logit costs infinity with you. Shift by the "
            "*largest*, and take no logarithm of a probability.",
        ),
        Mistake(
            lambda logits, label: _softmax_loss_without_shift(logits - np.mean(logits), label),
            "Shift by the *largest* logit: one that lies far above the mean overflows all the same.",
        ),
        Mistake(
            lambda logits, label: _softmax_loss_without_shift(logits - logits[0], label),
            "Shift by the *largest* logit, not by the first: `np.exp` of a later one may overflow.",
        ),
        *guarded(
            _softmax_loss_of_log,
            "The second softmax is gone. But a probability may be 0 in the computer. {}, you put a ceiling on the "
            "loss: use the logits.",
        ),
        Mistake(
            lambda logits, label: -(logits - np.max(logits))[label],
            "The logarithm of the sum is missing, so the largest logit always costs 0.",
        ),
        Mistake(
            lambda logits, label: np.log(np.sum(np.exp(logits - np.max(logits)))) - logits[label],
            "You shifted the logits in the sum and not the label's. Shift both, or neither.",
        ),
        Mistake(
            lambda logits, label: (logits - np.max(logits))[label] - np.log(np.sum(np.exp(logits - np.max(logits)))),
            "That is the *log-likelihood*. The loss is its negative.",
        ),
    ],
    hints=[
        "The last line is a cross-entropy from logits. What is handed to it?",
        "Hand it the shifted logits instead of `p`, and two lines can go.",
    ],
    solution="The last line takes the softmax already. With `p` in place of the logits it takes it twice, and the loss "
    r"cannot fall below $\log(1 + (K-1)/e)$.",
)


def calibration_error(
    confidence: np.ndarray,
    right: np.ndarray,
    bins: int,
) -> float:
    """The expected calibration error, in bins of equal width.

    confidence lies above 0 and at most at 1, right holds 0 or 1. A bin
    holds its upper edge.
    """
    place = np.ceil(np.round(confidence * bins, 9))
    total = 0.0
    for k in np.unique(place):
        here = place == k
        total += np.sum(here) * abs(np.mean(confidence[here]) - np.mean(right[here]))
    return total / len(confidence)


def _calibration_error(confidence: np.ndarray, right: np.ndarray, bins: int) -> float:
    from lossbook.analysis.calibration import expected_calibration_error

    return expected_calibration_error(confidence, right, bins=bins)


def _error_with(per_bin: str, confidence: np.ndarray, right: np.ndarray, bins: int) -> float:
    place = np.ceil(np.round(confidence * bins, 9))
    if per_bin == "unrounded":
        place = np.ceil(confidence * bins)
    if per_bin == "lower edge":
        place = np.minimum(np.floor(confidence * bins), bins - 1)
    groups = [place == k for k in np.unique(place)]
    gaps = np.array([np.mean(confidence[here]) - np.mean(right[here]) for here in groups])
    sizes = np.array([np.sum(here) for here in groups])
    if per_bin == "middle":
        gaps = (np.unique(place) - 0.5) / bins - np.array([np.mean(right[here]) for here in groups])
    if per_bin in ("lower edge", "middle", "unrounded", "weighted"):
        return float(sizes @ np.abs(gaps) / len(confidence))
    if per_bin == "plain":
        return float(np.mean(np.abs(gaps)))
    if per_bin == "signed":
        return float(sizes @ gaps / len(confidence))
    if per_bin == "squared":
        return float(sizes @ gaps**2 / len(confidence))
    return float(np.max(np.abs(gaps)))


ECE_CODE = Code(
    "classification-calibration-error-code",
    "Write the calibration error",
    reference=calibration_error,
    equals=_calibration_error,
    cases=[
        case([0.3, 0.9, 0.8, 0.7], [0.0, 1.0, 0.0, 1.0], bins=2),
        case([0.55, 0.6, 0.95, 0.9, 0.85], [1.0, 1.0, 0.0, 1.0, 1.0], bins=5),
        case([0.1, 0.2, 0.7, 0.5], [1.0, 0.0, 0.0, 1.0], bins=3),
        case([0.25, 0.5, 0.75, 0.9], [1.0, 0.0, 1.0, 0.0], bins=4),
        case([0.28, 0.28, 0.28, 0.26, 0.31], [0.0, 0.0, 0.0, 1.0, 1.0], bins=25),
    ],
    mistakes=[
        Mistake(
            lambda confidence, right, bins: _error_with("plain", confidence, right, bins),
            "Each bin counts the same with you. Weigh it by the number of forecasts in it.",
        ),
        Mistake(
            lambda confidence, right, bins: _error_with("lower edge", confidence, right, bins),
            "A confidence on an edge between two bins belongs to the lower bin, whose upper edge it is.",
        ),
        Mistake(
            lambda confidence, right, bins: _error_with("unrounded", confidence, right, bins),
            "Nearly. In the computer 0.28 · 25 is a little more than 7, and lands in the next bin: round first.",
        ),
        Mistake(
            lambda confidence, right, bins: _error_with("weighted", confidence, right, bins + 1),
            "You have one bin too many: `np.linspace(0, 1, bins + 1)` has `bins + 1` *edges*.",
        ),
        Mistake(
            lambda confidence, right, bins: _error_with("middle", confidence, right, bins),
            "You compare with the middle of the bin. Compare with the mean confidence of what is in it.",
        ),
        Mistake(
            lambda confidence, right, bins: _error_with("signed", confidence, right, bins),
            "Without absolute values a bin that is too sure and one that is not sure enough cancel.",
        ),
        Mistake(
            lambda confidence, right, bins: _error_with("squared", confidence, right, bins),
            "That is the mean *squared* gap. The calibration error takes its size.",
        ),
        Mistake(
            lambda confidence, right, bins: _error_with("largest", confidence, right, bins),
            "That is the *maximum* calibration error: the worst bin. The expected one averages.",
        ),
        Mistake(
            lambda confidence, right, bins: np.mean(np.abs(confidence - right)),
            "Compare group means, not single forecasts: one day either has rain or not.",
        ),
        Mistake(
            lambda confidence, right, bins: abs(np.mean(confidence) - np.mean(right)),
            "You put everything into one bin. Too sure here and not sure enough there then cancel.",
        ),
    ],
    hints=[
        "`np.ceil(np.round(confidence * bins, 9))` numbers the bins: unrounded, 0.28 · 25 is a little more than 7.",
        "In each bin: the size of the gap between mean confidence and share that is right, times how many are in it.",
    ],
    solution="Empty bins drop out by themselves, because `np.unique` lists only those that occur.",
)


def unweighted(probability: np.ndarray, weight: float) -> np.ndarray:
    """The probabilities that a model trained with this positive weight means.

    Training with it has multiplied the odds by `weight`.
    """
    odds = probability / (1 - probability) / weight
    return odds / (1 + odds)


def _unweighted(probability: np.ndarray, weight: float) -> Floats:
    return weighted(probability, 1 / weight)


UNWEIGHTED_CODE = Code(
    "classification-undo-the-weight-code",
    "Take a class weight back",
    reference=unweighted,
    equals=_unweighted,
    cases=[
        case([0.5], weight=4.0),
        case([0.2, 0.9, 0.5], weight=10.0),
        case([0.3, 0.6], weight=0.5),
        case([1 - 2.0**-40], weight=2.0**40),
    ],
    mistakes=[
        Mistake(
            lambda probability, weight: probability / weight,
            "You divided the probability. The weight multiplies the *odds*.",
        ),
        Mistake(
            lambda probability, weight: weight * probability / (weight * probability + 1 - probability),
            "That applies the weight once more. Go the other way.",
        ),
        Mistake(
            lambda probability, weight: probability / (1 - probability) / weight,
            "Those are the odds. Turn them into a probability again.",
        ),
        Mistake(
            lambda probability, weight: np.log(probability / (1 - probability)) - np.log(weight),
            "Those are the log-odds. Take the sigmoid of them.",
        ),
        Mistake(
            lambda probability, weight: probability / (probability + weight),
            "Check with a weight of 1: the probability has to stay. The other side is $1 - p$.",
        ),
        *(
            Mistake(
                lambda probability, weight, edge=edge: unweighted(np.clip(probability, edge, 1 - edge), weight),
                f"A tiny number such as {edge:g}, added or as a bound, moves a probability near 1. Leave it as it is.",
            )
            for edge in (1e-12, 1e-9, 1e-8, 1e-7)
        ),
        Mistake(
            lambda probability, weight: losses.sigmoid(np.log(probability / (1 - probability)) - weight),
            "In log-odds the shift is $\\log w$, not $w$.",
        ),
    ],
    hints=["Go to odds, divide by the weight, come back.", "Or subtract $\\log w$ from the log-odds."],
    solution="In log-odds the weight is a shift by $\\log w$, so taking it back is the same as lowering the bias of "
    "the last layer by $\\log w$.",
)


def loss_of_labels(score: np.ndarray, label: np.ndarray) -> np.ndarray:
    """The logistic loss of each example, from scores and labels −1 or 1."""
    return np.logaddexp(0, score) - label * score


def loss_of_signs(score: np.ndarray, label: np.ndarray) -> np.ndarray:
    """The logistic loss of each example, from scores and labels −1 or 1."""
    return np.logaddexp(0, -label * score)


def _naive_of_signs(score: np.ndarray, label: np.ndarray) -> np.ndarray:
    with quiet():
        return np.log(1 + np.exp(-label * score))


def _naive_of_halves(score: np.ndarray, label: np.ndarray) -> np.ndarray:
    with quiet():
        return np.log(1 + np.exp(score)) - (label + 1) / 2 * score


def _logistic(score: np.ndarray, label: np.ndarray) -> Floats | float:
    return losses.logistic(score, label, reduction="none")


SIGN_BUG = Code(
    "classification-labels-of-sign-bug",
    "Find the bug: a loss below zero",
    starter=loss_of_labels,
    reference=loss_of_signs,
    equals=_logistic,
    cases=[
        case([2.0, 2.0, -0.5], [1.0, -1.0, -1.0]),
        case([0.0, -3.0], [-1.0, 1.0]),
        case([1000.0, -1000.0, 1000.0], [1.0, -1.0, -1.0]),
    ],
    mistakes=[
        Mistake(
            lambda score, label: np.logaddexp(0, label * score),
            "The sign is turned: a large positive margin should be cheap.",
        ),
        Mistake(
            _naive_of_signs,
            "Right in mathematics, but `np.exp` of a large number is infinite. `np.logaddexp(0, …)` is not.",
        ),
        Mistake(
            _naive_of_halves,
            "The labels are mended, but `np.exp(1000)` is infinite. `np.logaddexp(0, score)` is not.",
        ),
        Mistake(
            lambda score, label: np.logaddexp(0, -(2 * label - 1) * score),
            "`2 * label - 1` is for labels 0 and 1. Here the label *is* −1 or 1.",
        ),
        *guarded(
            lambda score, label, log: -log(losses.sigmoid(label * score)),
            "The sign is mended. But a probability may be 0 in the computer. {}, you put a ceiling on the loss: use "
            "the margin.",
        ),
        Mistake(
            lambda score, label: np.maximum(0, np.logaddexp(0, score) - label * score),
            "You cut off what is negative, and a −1 is still priced wrongly: at a score of 2 it should cost 2.13, "
            "not 4.13.",
        ),
        Mistake(
            lambda score, label: np.logaddexp(0, score) - np.abs(label) * score,
            "With the size of the label, every example counts as a 1.",
        ),
        Mistake(
            lambda score, label: np.maximum(0, 1 - label * score),
            "That is the hinge. The logistic loss was asked for.",
        ),
        Mistake(
            lambda score, label: np.logaddexp(0, score) - (label + 1) * score,
            "`label + 1` is 0 or 2. Labels 0 and 1 are half of it.",
        ),
        Mistake(
            lambda score, label: np.mean(np.logaddexp(0, -label * score)),
            "Right, but averaged: one loss per example was asked for.",
        ),
    ],
    hints=[
        "The formula is that of labels 0 and 1. Which label of those does −1 stand for?",
        "Either turn the labels into 0 and 1, `(label + 1) / 2`, or write the loss of the margin `label * score`.",
    ],
    solution="For $y = -1$ the formula is $\\log(1 + e^s) + s$, which has no lower end. Of the margin it is "
    "$\\log(1 + e^{-ys})$.",
)


def clipped(logit: np.ndarray, label: np.ndarray) -> np.ndarray:
    """One cross-entropy per example, from logits and labels 0 or 1."""
    p = np.clip(logit, 1e-7, 1 - 1e-7)
    return -label * np.log(p) - (1 - label) * np.log(1 - p)


def from_logits(logit: np.ndarray, label: np.ndarray) -> np.ndarray:
    """One cross-entropy per example, from logits and labels 0 or 1."""
    return np.logaddexp(0, logit) - label * logit


def _clipped_sigmoid(logit: np.ndarray, label: np.ndarray) -> np.ndarray:
    with quiet():
        p = np.clip(1 / (1 + np.exp(-logit)), 1e-7, 1 - 1e-7)
        return -label * np.log(p) - (1 - label) * np.log(1 - p)


def _naive_sigmoid(logit: np.ndarray, label: np.ndarray) -> np.ndarray:
    with quiet():
        p = 1 / (1 + np.exp(-logit))
        return -label * np.log(p) - (1 - label) * np.log(1 - p)


def _naive_of_logits(logit: np.ndarray, label: np.ndarray) -> np.ndarray:
    with quiet():
        return np.log(1 + np.exp(logit)) - label * logit


def _from_logits(logit: np.ndarray, label: np.ndarray) -> Floats | float:
    return losses.binary_cross_entropy_with_logits(logit, label, reduction="none")


LOGITS_BUG = Code(
    "classification-logits-as-probabilities-bug",
    "Find the bug: a loss that does not move",
    starter=clipped,
    reference=from_logits,
    equals=_from_logits,
    cases=[
        case([0.0, 2.0, -1.0], [1.0, 1.0, 1.0]),
        case([0.5, 3.0, -3.0], [0.0, 1.0, 0.0]),
        case([1000.0, -1000.0], [0.0, 1.0]),
    ],
    mistakes=[
        Mistake(
            _clipped_sigmoid,
            "The sigmoid was missing, yes. But clipped to $10^{-7}$ no mistake costs more than 16, and none there "
            "has a "
            "gradient: use the logit itself.",
        ),
        Mistake(
            _naive_sigmoid,
            "The sigmoid was missing, yes. At ±1000 it is exactly 0 or 1 in the computer, and the logarithm infinite "
            "or NaN: use the logit itself.",
        ),
        Mistake(
            _naive_of_logits,
            "Right in mathematics, but `np.exp(1000)` is infinite. `np.logaddexp(0, logit)` is not.",
        ),
        *guarded(
            lambda logit, label, log: -label * log(losses.sigmoid(logit)) - (1 - label) * log(losses.sigmoid(-logit)),
            "The sigmoid was missing, yes. But a probability may be 0 in the computer. {}, you put a ceiling on the "
            "loss: use the logit itself.",
        ),
        Mistake(
            lambda logit, label: np.logaddexp(0, logit) - logit,
            "That is the loss of a 1, whatever the label is.",
        ),
        Mistake(
            lambda logit, label: np.logaddexp(0, -label * logit),
            "That is for labels −1 and 1. Here a 0 would always cost $\\log 2$.",
        ),
        Mistake(
            lambda logit, label: label * logit - np.logaddexp(0, logit),
            "That is the *log-likelihood*. The loss is its negative.",
        ),
        Mistake(
            lambda logit, label: np.logaddexp(0, logit) - (1 - label) * logit,
            "The labels are swapped: a large logit should be cheap for a 1.",
        ),
        Mistake(
            lambda logit, label: np.mean(np.logaddexp(0, logit) - label * logit),
            "Right, but averaged: one loss per example was asked for.",
        ),
    ],
    hints=[
        "Between `logit` and a probability something is missing.",
        r"Put $\hat p = \sigma(s)$ in and simplify: $\log(1 + e^s) - y s$ is left.",
        "`np.logaddexp(0, logit)` is $\\log(1 + e^s)$ without overflow.",
    ],
    solution="A logit below 0 or above 1 was clipped, so it cost 0 or 16.1, and nothing flowed back. With the sigmoid "
    "inside, the loss is $\\log(1 + e^s) - y s$: stable, and with a slope everywhere.",
)
