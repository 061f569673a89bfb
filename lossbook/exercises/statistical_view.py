r"""The statistical view: quick questions first, then exercises on paper, with numbers and with code."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np

from lossbook.exercises.kinds import Choice, Code, Mistake, Numeric, Option, Order, Paper, case
from lossbook.losses.likelihood_real import normal_nll
from lossbook.losses.regression import mse, mse_grad

# ── Check yourself ───────────────────────────────────────────────────────────────────────────────────────────────────


def mean_error() -> float:
    x = np.array([1.0, 2.0, 3.0])
    return float(np.mean(2 * x - (1 + 3 * x)))


MEAN_ERROR = Numeric(
    "statistical-mean-error",
    "The mean error of the wrong line",
    answer=mean_error,
    mistakes=[
        Mistake(
            3,
            r"The size is right. A residual is target minus prediction, $y - \hat y$, and these predictions are too "
            "high.",
        ),
        Mistake(-2, r"You left out the intercept: $y - \hat y = 2x - 1 - 3x$."),
        Mistake(-9, "That is the sum of the three residuals; the mean divides it by 3."),
        Mistake(29 / 3, "That is the mean of the *squares*. The mean error keeps the signs."),
        Mistake(
            -1,
            r"If you got $e = 1 - x$, mind the brackets: $-(1 + 3x) = -1 - 3x$. If you got $e = -1$, the residual "
            r"is not "
            "the same for every ride: it also grows with $x$.",
        ),
        Mistake(
            9,
            r"If you got $e = 5x - 1$, mind the brackets: $-(1 + 3x) = -1 - 3x$. If you added the sizes 2, 3 and "
            r"4, keep "
            "their sign and divide by their number.",
        ),
        Mistake(0, "The mean residual is 0 for a line that was *fitted* to the rides. This one was not."),
        Mistake(29, "That is the sum of the *squares*. The mean error keeps the signs, and a mean divides."),
        Mistake(7, "That is the mean of the three predictions. Take them off the times 2, 4 and 6."),
        Mistake(
            float(np.std([-2.0, -3.0, -4.0])),
            "That is the spread of the residuals. The mean error is where they lie, not how far they scatter.",
        ),
    ],
    hints=[r"Write $e = y - \hat y$ as a function of $x$ first.", r"$e = 2x - (1 + 3x) = -1 - x$."],
    solution="$e = 2x - (1 + 3x) = -1 - x$ gives $-2$, $-3$ and $-4$, with mean $-3$: every ride is predicted too "
    "long.",
)

WHAT_IS_LEARNED = Choice(
    "statistical-what-is-learned",
    "What a prediction needs",
    options=[
        Option(
            r"$p(x, y \mid w)$, the joint distribution",
            "It would do, but it is more than you need: it also says how often there are rides of 3 km.",
        ),
        Option(
            r"$p(y \mid x, w)$, the conditional distribution",
            "It says how the time is distributed once you know the distance, and nothing about the distances.",
            right=True,
        ),
        Option(
            r"$p(x \mid w)$, the distribution of the features",
            "That one says which rides are common. It knows nothing about their times.",
        ),
        Option(
            r"$p(w \mid D)$, a distribution of the parameters",
            "That belongs to the Bayesian view, where the parameters are random too. A single best $w$ does here.",
        ),
    ],
    hints=["Which of the two, distance or time, is given when the model is used?"],
    solution="The distance is given, the time is asked for, so the conditional distribution is enough. This is why "
    "most supervised models do not waste parameters on $p(x)$.",
)

NOISE_OR_RESIDUAL = Choice(
    "statistical-noise-or-residual",
    "Noise and residual",
    options=[
        Option(
            "The noise and the residual are two names of one thing.",
            r"The noise $\varepsilon = y - \theta^{*\top}x$ uses the true parameters, which nobody has. The residual "
            "uses yours.",
        ),
        Option(
            "Noise that comes from a missing feature shrinks when the feature is added.",
            "What looked random had a cause. With the cause among the features, the model predicts it.",
            right=True,
        ),
        Option(
            "The residuals of a line fitted to few points spread less than the noise.",
            "The fit bends towards the noise of the very points that it is judged on.",
            right=True,
        ),
        Option(
            "Noise is always normal.",
            "That is an assumption. A barrier that is down on some rides gives noise with two humps.",
        ),
    ],
    hints=["Which of the two can you compute from data?", "Two of the four are right."],
    solution="The second and the third. Residuals are computed with the fitted parameters, noise is defined by the "
    "true ones; normality has to be assumed, or checked.",
)

SWITCH_TO_SUM = Numeric(
    "statistical-switch-to-sum",
    "From mean to sum",
    answer=0.1 / 16,
    tolerance=1e-4,  # 0.0063 will do
    mistakes=[
        Mistake(1.6, "The gradient of the sum is already 16 times larger; this would make the steps 256 times longer."),
        Mistake(0.1, "Then the steps would be 16 times longer than before."),
        Mistake(
            0.025,
            r"You divided by $\sqrt{16}$. The gradient of a sum of 16 equals 16 times that of the mean, not 4 times.",
        ),
        Mistake(
            0.4,
            r"You multiplied by $\sqrt{16}$. The gradient has become 16 times *larger*, so the learning rate has to "
            "shrink, and by 16.",
        ),
        Mistake(0.1 / 256, "You divided by 16 twice. The gradient of the sum is 16 times larger, not 256 times."),
        Mistake(160, "That is 16 divided by 0.1. Divide the old rate by the factor of the gradient instead."),
        Mistake(0.625, "That reads like per cent. Give the learning rate itself."),
    ],
    hints=[r"A step is learning rate times gradient.", "By which factor is the gradient of the sum larger?"],
    solution="The sum is 16 times the mean, and so is its gradient. The step stays the same if the learning rate "
    "shrinks by that factor: $0.1/16 = 0.00625$.",
)

LIKELIHOOD_OR_PROBABILITY = Choice(
    "statistical-likelihood-or-probability",
    "Likelihood and probability",
    options=[
        Option(
            r"The likelihood is the probability that the parameter $w$ is right.",
            "It is the probability (or density) of the *data* under $w$. A probability of $w$ needs a prior, a "
            "distribution of $w$ before any data.",
        ),
        Option(
            "The likelihood of continuous data can exceed 1.",
            "A density is probability *per unit*, and a narrow bell is high. Change minutes to hours and every "
            "density grows by 60.",
            right=True,
        ),
        Option(
            r"Summed over all possible parameters the likelihood gives 1.",
            r"It is normalised over $y$ for each $w$, not over $w$ for given $y$.",
        ),
        Option(
            "Another unit for the target changes the likelihood, but not which of two models has the larger one.",
            "Every density is multiplied by the same constant, so the ranking of the models stays.",
            right=True,
        ),
    ],
    hints=["What is the unit of a density of times?", "Two of the four are right."],
    solution=r"The second and the fourth. $p(y \mid x, w)$ is a distribution in $y$; read as a function of $w$ it is "
    "a likelihood, and nothing makes it sum to 1.",
)


def examples_until_zero() -> int:
    product, count = 1.0, 0
    while product > 0:
        product, count = product * 0.1, count + 1
    return count


UNTIL_ZERO = Numeric(
    "statistical-until-zero",
    "When a product becomes zero",
    answer=examples_until_zero,
    tolerance=0.4,  # a count: exact
    mistakes=[
        Mistake(
            323,
            r"Nearly: float64 still holds $10^{-323}$, as twice its smallest positive number. The next factor makes "
            "it 0.",
        ),
        Mistake(
            308,
            "At $10^{-308}$ the *full* precision ends. Below it float64 goes on with fewer and fewer digits, down "
            r"to $5 \cdot 10^{-324}$.",
        ),
        Mistake(
            16,
            "Sixteen is the number of decimal *digits* that float64 keeps. How small a number may be is another "
            "question.",
        ),
        Mistake(46, "That is where float32 ends. Python's floats are float64."),
        Mistake(45, "That many factors float32 can hold. Python's floats are float64."),
        Mistake(38, "At about $10^{-38}$ the full precision of *float32* ends. Python's floats are float64."),
        Mistake(
            1022, "So many *halvings* end the full precision of float64. A factor 0.1 is more than three halvings."
        ),
        Mistake(325, "One too many: the 324th factor already gives 0."),
        Mistake(
            745,
            r"There the *natural* logarithm of the product is beyond $-744.4$. Each factor takes $\log 10 \approx "
            r"2.3$ off "
            "it, not 1.",
        ),
        Mistake(1074, "That is how many factors *one half* can be multiplied. A factor 0.1 uses up more."),
        Mistake(
            309, "One beyond $10^{-308}$, where the *full* precision ends. Below it float64 goes on with fewer digits."
        ),
    ],
    hints=[
        "The smallest positive float64 is about $5 \\cdot 10^{-324}$.",
        "Or let Python multiply: a `while` loop tells you.",
    ],
    solution=r"The smallest positive float64 is $4.94 \cdot 10^{-324}$, and a result below half of that is rounded "
    "to 0. The 324th factor gives $10^{-324}$, which is. The sum of the logarithms is $-746$, a number like any "
    "other.",
)

TO_THE_ARGMIN = Order(
    "statistical-to-the-argmin",
    "From a story about nature to an argmin",
    steps={
        "story": r"Assume $y_i = \theta^\top x_i + \varepsilon_i$, with noise of a known density.",
        "centre": r"So the target has that density, centred on the prediction $\hat y_i = \theta^\top x_i$.",
        "product": r"Multiply over the examples, because their noise is independent.",
        "log": r"Take the logarithm: a sum that floating point can hold.",
        "minus": r"Change the sign and divide by $N$: an average loss.",
        "argmin": r"Choose the parameters with the smallest average loss.",
    },
    mistakes=[
        Mistake(("log", "product"), "Before the logarithm can turn a product into a sum, there must be a product."),
        Mistake(("minus", "log"), "The sign of the *logarithm* is changed, so the logarithm comes first."),
        Mistake(
            ("argmin", "minus"),
            "Before the sign is changed, the best parameters are those with the *largest* log-likelihood.",
        ),
        Mistake(("product", "centre"), "You need the density of one target before you can multiply them."),
    ],
    hints=["Start with the assumption about nature, end with the choice of the parameters."],
    solution="Story, density of one target, product, logarithm, minus sign, argmin. Most losses of the next chapters "
    "are made this way.",
)

# ── Exercises ────────────────────────────────────────────────────────────────────────────────────────────────────────

MEAN_AND_SPREAD = Paper(
    "statistical-mean-and-spread",
    "What the log-likelihood sees",
    hints=[
        r"Write $e_i = \bar e + (e_i - \bar e)$ and square.",
        r"The cross term is $2\bar e \sum_i (e_i - \bar e)$. What is that sum?",
    ],
    solution=r"""Split each residual at the mean and square:

$$
\begin{aligned}
\frac1N \sum_i e_i^2 &= \frac1N \sum_i \bigl(\bar e + (e_i - \bar e)\bigr)^2 \\
&= \bar e^2 + \frac{2\bar e}{N} \sum_i (e_i - \bar e) \\
&\quad + \frac1N \sum_i (e_i - \bar e)^2 \\
&= \bar e^2 + s^2 ,
\end{aligned}
$$

because $\sum_i (e_i - \bar e) = 0$. With normal noise of *known* $\sigma$ the log-likelihood is

$$
\begin{aligned}
&\sum_i \log p(y_i \mid x_i, w) \\
&= -N\Bigl[\tfrac12\log(2\pi) + \log\sigma \\
&\qquad\quad + \frac{\bar e^2 + s^2}{2\sigma^2}\Bigr] .
\end{aligned}
$$

So a mean error and a spread of the same size cost the same. A model with $\bar e = 0$ can still be poor (large
$s$), and one with $s = 0$ too (large $|\bar e|$). The wrong line on exact data $y = 2x$ has $\bar e = -1 - \bar
x$ and $s$ equal to the spread of $x$.""",
)


def log_likelihood_gap() -> float:
    x = np.array([0.0, 1.0, 2.0, 3.0])
    right = normal_nll(2 * x, 2 * x, scale=3.0, reduction="sum")
    wrong = normal_nll(1 + 3 * x, 2 * x, scale=3.0, reduction="sum")
    return float(wrong - right)


GAP = Numeric(
    "statistical-log-likelihood-gap",
    "How much less likely",
    answer=log_likelihood_gap,
    mistakes=[
        Mistake(
            5, r"You divided by $2\sigma$. The exponent of the normal density is $-e^2/(2\sigma^2)$, here with 18."
        ),
        Mistake(15, r"That is the answer for $\sigma = 1$. With $\sigma = 3$ the wrong line is easier to excuse."),
        Mistake(5 / 12, "That is the average per ride; the log-likelihood is the sum over all four."),
        Mistake(-5 / 3, "The size is right. The question is how much *smaller* it is, a positive number."),
        Mistake(10 / 3, r"The factor ½ in $e^2/(2\sigma^2)$ is missing."),
        Mistake(10 / 18, "You added the sizes of the residuals. The normal density needs their squares."),
        Mistake(
            6 / 18, r"Mind the brackets: $2x - (1 + 3x) = -1 - x$, not $1 - x$. The residuals are $-1, -2, -3, -4$."
        ),
        Mistake(294 / 18, r"Mind the brackets: $2x - (1 + 3x) = -1 - x$, not $5x - 1$."),
        Mistake(30, r"That is $\sum_i e_i^2$ alone. The exponent divides it by $2\sigma^2 = 18$."),
        Mistake(
            4 * 2.5**2 / 18,
            "You used the mean error, −2.5, alone. The spread of the residuals counts as well: square each.",
        ),
        Mistake(4 * 1.25 / 18, "You used the spread of the residuals alone. Their mean counts as well: square each."),
        Mistake(
            4 * (2.5**2 + 5 / 3) / 18,
            r"You divided the spread by $N - 1$. In $\bar e^2 + s^2$ it is divided by $N$: their sum is then 30/4.",
        ),
        *(
            Mistake(
                sign * (5 / 3 + 2 * math.log(18 * math.pi)),
                "That is the log-likelihood of the wrong line itself. Take the right line's off: the constants cancel."
                if sign < 0
                else "That is the summed *loss* of the wrong line. Take the right line's off: the constants cancel.",
            )
            for sign in (-1, 1)
        ),
        Mistake(7.5, "That is the mean squared residual. The log-likelihood divides the *sum* by $2\\sigma^2$."),
        Mistake(
            math.exp(5 / 3),
            "That is how many *times* less likely the rides are. The question is about the logarithm of it.",
        ),
        Mistake(math.exp(-5 / 3), "That is the ratio of the two likelihoods. The question is about its logarithm."),
        Mistake(5 / 3 / math.log(2), "That is the answer in bits. Nats go with the natural logarithm."),
        Mistake(5 / 3 / math.log(10), "You took the logarithm to base 10. Nats go with the natural logarithm."),
    ],
    hints=[
        r"The terms without $e$ are the same under both lines, so they cancel.",
        r"The residuals of the wrong line are $-1, -2, -3, -4$; those of the right line are 0.",
    ],
    solution=r"The right line leaves no residuals, the wrong one $-1, -2, -3, -4$ with $\sum_i e_i^2 = 30$. The "
    r"difference is $\frac{30}{2 \cdot 3^2} = \frac53$ nats: the four rides are $\exp(5/3) \approx 5.3$ times less "
    "likely under the wrong line, even with a bell as wide as that.",
)


def log_likelihood(
    prediction: np.ndarray,
    target: np.ndarray,
    scale: float,
) -> float:
    """The log-likelihood of independent targets, each normal around its
    prediction with standard deviation scale."""
    e = target - prediction
    constant = -np.log(2 * np.pi) / 2 - np.log(scale)
    return np.sum(constant - e**2 / (2 * scale**2))


def _log_likelihood(prediction: np.ndarray, target: np.ndarray, scale: float) -> float:
    return -float(normal_nll(prediction, target, scale=scale, reduction="sum"))


def _by_product(prediction: np.ndarray, target: np.ndarray, scale: float) -> float:
    with np.errstate(divide="ignore", under="ignore"):
        return np.log(np.prod(np.exp(log_likelihoods(prediction, target, scale))))


def _by_density(prediction: np.ndarray, target: np.ndarray, scale: float) -> float:
    with np.errstate(divide="ignore", under="ignore"):
        return np.sum(np.log(np.exp(log_likelihoods(prediction, target, scale))))


def _by_density_and(epsilon: float) -> Callable[[np.ndarray, np.ndarray, float], float]:
    def damped(prediction: np.ndarray, target: np.ndarray, scale: float) -> float:
        with np.errstate(under="ignore"):
            return np.sum(np.log(np.exp(log_likelihoods(prediction, target, scale)) + epsilon))

    return damped


def log_likelihoods(prediction: np.ndarray, target: np.ndarray, scale: float) -> np.ndarray:
    return -np.asarray(normal_nll(prediction, target, scale=scale, reduction="none"))


LOG_LIKELIHOOD_CODE = Code(
    "statistical-log-likelihood-code",
    "Write the log-likelihood",
    reference=log_likelihood,
    equals=_log_likelihood,
    cases=[
        case([0.0], [1.0], scale=2.0),
        case([1.0, 2.0, 4.0], [1.5, 2.0, 3.0], scale=0.5),
        case([0.0, 0.0, 0.0], [20.0, 30.0, 36.0], scale=1.0),
        case([0.0], [60.0], scale=1.0),
    ],
    mistakes=[
        Mistake(
            lambda prediction, target, scale: -log_likelihood(prediction, target, scale),
            "The sign: this is the *negative* log-likelihood, the loss. Here larger is to be better.",
        ),
        Mistake(
            _by_product,
            "You multiplied first and took the logarithm afterwards. In one case no density is 0, but their "
            "product is, "
            "in floating point, and its logarithm is $-\\infty$: add up logarithms.",
        ),
        Mistake(
            _by_density,
            "You computed each density first and its logarithm afterwards. For a target 60 standard deviations "
            "away the "
            "density alone is 0 in floating point. Write down the logarithm of the density and compute that.",
        ),
        Mistake(
            lambda prediction, target, scale: np.sum(
                -np.log(2 * np.pi * scale) / 2 - (target - prediction) ** 2 / (2 * scale)
            ),
            r"You treat `scale` as a variance throughout. It is a standard deviation: $\sigma^2$ stands in both "
            r"places.",
        ),
        Mistake(
            lambda prediction, target, scale: np.sum(
                -np.log(2 * np.pi * scale) / 2 - (target - prediction) ** 2 / (2 * scale**2)
            ),
            r"The normalising constant is $1/\sqrt{2\pi\sigma^2}$. Your logarithm has $\sigma$ under the root.",
        ),
        Mistake(
            lambda prediction, target, scale: np.sum(
                -np.log(2 * np.pi) / 2 - np.log(scale) - (target - prediction) ** 2 / scale**2
            ),
            r"The factor ½ in the exponent $-e^2/(2\sigma^2)$ is missing.",
        ),
        Mistake(
            lambda prediction, target, scale: np.sum(
                -np.log(2 * np.pi) - np.log(scale) - (target - prediction) ** 2 / (2 * scale**2)
            ),
            r"The factor ½ in front of $\log(2\pi)$ is missing: it is the logarithm of a root.",
        ),
        Mistake(
            lambda prediction, target, scale: np.sum(
                -np.log(2 * np.pi) / 2 + np.log(scale) - (target - prediction) ** 2 / (2 * scale**2)
            ),
            r"The sign of $\log\sigma$ is wrong: $\sigma$ stands in the denominator of the density.",
        ),
        Mistake(
            lambda prediction, target, scale: (
                -np.log(2 * np.pi) / 2 - np.log(scale) - np.sum((target - prediction) ** 2) / (2 * scale**2)
            ),
            "You added the constants once. Every example brings its own, so there are $N$ of them.",
        ),
        Mistake(
            lambda prediction, target, scale: np.sum(
                -np.log(2 * np.pi) / 2 - np.log(scale) - np.abs(target - prediction) / (2 * scale**2)
            ),
            "The residual is not squared.",
        ),
        Mistake(
            lambda prediction, target, scale: log_likelihood(prediction, target, scale) / np.log(2),
            "These are bits. `np.log` gives nats; no division is needed.",
        ),
        Mistake(
            lambda prediction, target, scale: log_likelihood(prediction, target, scale) / np.log(10),
            "You took logarithms to base 10. `np.log` is the natural one.",
        ),
        Mistake(
            lambda prediction, target, scale: np.sum(
                -np.log(2 * np.pi) / 2 - np.log(scale) - (target - prediction) ** 2 / (2 * scale)
            ),
            r"The exponent needs $2\sigma^2$; you have $2\sigma$.",
        ),
        Mistake(
            lambda prediction, target, scale: np.mean(log_likelihoods(prediction, target, scale)),
            "That is the average per example; the likelihood of all of them is a product, so its logarithm is a *sum*.",
        ),
        Mistake(
            lambda prediction, target, scale: np.sum(-((target - prediction) ** 2) / (2 * scale**2)),
            "The constants are missing. They do not move the best line, but they do matter when you compare "
            r"different $\sigma$.",
        ),
        Mistake(
            lambda prediction, target, scale: np.sum(
                -np.log(2 * np.pi) / 2 - (target - prediction) ** 2 / (2 * scale**2)
            ),
            r"The term $-\log\sigma$ is missing: a wide bell is a low bell.",
        ),
        *(
            Mistake(
                _by_density_and(epsilon),
                f"Adding {epsilon:g} to a density keeps its logarithm finite and makes it wrong: in one case −1801 "
                f"becomes −{-math.log(epsilon):.0f}. Form no density at all.",
            )
            for epsilon in (1e-300, 1e-16, 1e-15, 1e-12, 1e-10, 1e-9, 1e-8)
        ),
        Mistake(
            lambda prediction, target, scale: np.sum(-np.log(scale) - (target - prediction) ** 2 / (2 * scale**2)),
            r"The constant $-\frac12\log(2\pi)$ is missing.",
        ),
        Mistake(
            lambda prediction, target, scale: np.sum(
                np.log(2 * np.pi) / 2 - np.log(scale) - (target - prediction) ** 2 / (2 * scale**2)
            ),
            r"The sign of $\frac12\log(2\pi)$ is wrong: $\sqrt{2\pi}$ stands in the denominator of the density.",
        ),
        Mistake(
            lambda prediction, target, scale: np.sum(
                -np.log(2 * np.pi) / 2 - 2 * np.log(scale) - (target - prediction) ** 2 / (2 * scale**2)
            ),
            r"You have $\log\sigma^2$ without its ½. The root $\sqrt{\sigma^2}$ leaves $\log\sigma$.",
        ),
        Mistake(
            lambda prediction, target, scale: log_likelihood(prediction, target, scale**2),
            r"You squared `scale` once too often: it *is* the standard deviation, which SciPy's `norm` takes as it is.",
        ),
        Mistake(
            lambda prediction, target, scale: np.sum(
                -np.log(2 * np.pi) / 2 - np.log(scale) - (target - prediction) ** 2 / 2
            ),
            r"The exponent does not divide by $\sigma^2$.",
        ),
        Mistake(
            lambda prediction, target, scale: np.exp(log_likelihood(prediction, target, scale)),
            "That is the likelihood itself. Its logarithm was asked for, and that survives where the product does not.",
        ),
        Mistake(
            lambda prediction, target, scale: np.sum(
                -np.log(2 * np.pi) / 2 - np.log(scale) - (target - prediction) ** 2 / 2 * scale**2
            ),
            "Mind the brackets: the exponent divides by the whole of `(2 * scale**2)`.",
        ),
        Mistake(
            lambda prediction, target, scale: np.sum(
                -np.log(2 * np.pi) / 2 - np.log(scale) + (target - prediction) ** 2 / (2 * scale**2)
            ),
            "The sign of the squared residual: the further off a target, the *less* likely it is.",
        ),
    ],
    hints=[
        r"One example contributes $-\frac12\log(2\pi) - \log\sigma - e^2/(2\sigma^2)$.",
        "Add the contributions; do not multiply densities.",
    ],
    solution="The cases include three rides whose densities multiply to 0 in floating point, and one whose density "
    "alone is 0.",
)


def typical_likelihood(densities: np.ndarray) -> float:
    """The geometric mean: the N-th root of the product of N densities."""
    return float(np.exp(np.mean(np.log(densities))))


def _root_of_product(densities: np.ndarray) -> float:
    with np.errstate(under="ignore"):
        return float(np.prod(densities) ** (1 / densities.size))


def _square_root(densities: np.ndarray) -> float:
    return float(np.exp(np.sum(np.log(densities)) / 2))


TYPICAL_CODE = Code(
    "statistical-typical-likelihood-code",
    "A likelihood per example",
    reference=typical_likelihood,
    cases=[case([0.25]), case([0.5, 0.125]), case([0.2, 3.0, 0.05]), case([1e-30, 4e30]), case([0.01, 0.04] * 1600)],
    mistakes=[
        Mistake(
            _root_of_product,
            "Right on paper. In the last case the product is 0 before you take the root: average the logarithms "
            "instead.",
        ),
        Mistake(
            lambda densities: np.mean(densities),
            "That is the arithmetic mean. It hardly notices a density near 0, which makes the whole product vanish.",
        ),
        Mistake(
            lambda densities: np.mean(np.log(densities)),
            "That is the average log-likelihood; take the exponential to get a density again.",
        ),
        Mistake(
            lambda densities: np.exp(np.sum(np.log(densities))),
            "That is the product itself: divide the sum of the logarithms by $N$ first.",
        ),
        Mistake(
            lambda densities: np.exp(-np.mean(np.log(densities))),
            "That is one divided by the geometric mean: drop the minus sign.",
        ),
        Mistake(
            lambda densities: 10 ** np.mean(np.log(densities)),
            "You took the natural logarithm and then a power of 10. The inverse of `np.log` is `np.exp`.",
        ),
        Mistake(
            lambda densities: 1 / np.mean(1 / densities),
            "That is the harmonic mean. The $N$-th root of a product is the geometric one.",
        ),
        Mistake(
            lambda densities: np.exp(np.mean(np.log(densities)) / densities.size),
            "You divided by $N$ twice: `np.mean` already does.",
        ),
        Mistake(
            _square_root, "That is the square root of the product, right for two densities only: it takes the $N$-th."
        ),
        *(
            Mistake(
                lambda densities, epsilon=epsilon: np.exp(np.mean(np.log(densities + epsilon))),
                f"You added {epsilon:g}. A density of $10^{{-30}}$ is small, and not 0: take its logarithm as it is.",
            )
            for epsilon in (1e-16, 1e-15, 1e-12, 1e-10, 1e-9, 1e-8)
        ),
        Mistake(
            lambda densities: -np.mean(np.log(densities)),
            "That is the average *loss*, in nats. Change the sign and take the exponential to get a density again.",
        ),
        Mistake(
            lambda densities: np.prod(densities) / densities.size,
            "You divided the product by $N$. Take its $N$-th root, by way of logarithms.",
        ),
        Mistake(
            lambda densities: np.median(densities), "That is the median of the densities. Take the geometric mean."
        ),
    ],
    hints=[
        r"The logarithm of the $N$-th root is $\frac1N$ times the logarithm.",
        "Which NumPy function is “sum divided by N”?",
    ],
    solution="The average loss, turned back into a density: $e^{-L}$. The next chapter takes the same $N$-th root "
    "of two coins' likelihoods.",
)


def slope_gradient(
    slope: float,
    x: np.ndarray,
    y: np.ndarray,
    reduction: str,
) -> float:
    """The derivative of the squared error of slope * x with respect to
    the slope, reduced by "sum" or "mean"."""
    each = -2 * (y - slope * x) * x
    reduce = np.sum if reduction == "sum" else np.mean
    return float(reduce(each))


def _slope_gradient(slope: float, x: np.ndarray, y: np.ndarray, reduction: str) -> float:
    return float(mse_grad(slope * x, y, reduction=reduction) @ x)


SLOPE_GRADIENT_CODE = Code(
    "statistical-slope-gradient-code",
    "The gradient under sum and mean",
    reference=slope_gradient,
    equals=_slope_gradient,
    cases=[
        case(0.5, [2.0], [4.0], reduction="sum"),
        case(0.5, [1.0, 3.0], [2.0, 6.0], reduction="sum"),
        case(0.5, [1.0, 3.0], [2.0, 6.0], reduction="mean"),
        case(3.0, [1.0, 2.0, 4.0], [2.5, 3.0, 8.0], reduction="mean"),
    ],
    mistakes=[
        Mistake(
            lambda slope, x, y, reduction: -slope_gradient(slope, x, y, reduction),
            r"The sign is wrong: $\partial e/\partial w = -x$. A slope that is too small must have a negative "
            "gradient.",
        ),
        Mistake(
            lambda slope, x, y, reduction: slope_gradient(slope, x, y, "sum"),
            "You return the sum in both cases; under `mean` divide by the number of examples.",
        ),
        Mistake(
            lambda slope, x, y, reduction: slope_gradient(slope, x, y, "mean"),
            "You return the mean in both cases; under `sum` nothing is divided.",
        ),
        Mistake(
            lambda slope, x, y, reduction: (np.sum if reduction == "sum" else np.mean)(-2 * (y - slope * x)),
            "The inner derivative is missing: the prediction is $wx$, so each term carries a factor $x$.",
        ),
        Mistake(
            lambda slope, x, y, reduction: slope_gradient(slope, x, y, reduction) / 2,
            "The factor 2 of the square is missing.",
        ),
        Mistake(
            lambda slope, x, y, reduction: -slope_gradient(slope, x, y, reduction) / 2,
            r"The factor $-2$ is missing: the 2 of the square, and the sign of $\partial e/\partial w = -x$.",
        ),
        Mistake(
            lambda slope, x, y, reduction: (np.sum if reduction == "sum" else np.mean)(-2 * (y - slope * x) * slope),
            "That is the derivative with respect to $x$. The slope $w$ is what changes, so the inner factor is $x$.",
        ),
        Mistake(
            lambda slope, x, y, reduction: (np.sum if reduction == "sum" else np.mean)((y - slope * x) ** 2),
            "That is the reduced loss itself. Its derivative with respect to $w$ was asked for.",
        ),
        Mistake(
            lambda slope, x, y, reduction: (
                -2
                * (np.sum if reduction == "sum" else np.mean)(y - slope * x)
                * (np.sum if reduction == "sum" else np.mean)(x)
            ),
            "You reduced the residuals and the distances one by one. Multiply them ride by ride first, then reduce.",
        ),
        Mistake(
            lambda slope, x, y, reduction: (np.mean if reduction == "sum" else np.sum)(-2 * (y - slope * x) * x),
            "You have the two reductions the wrong way round.",
        ),
        Mistake(
            lambda slope, x, y, reduction: -2 * (y - slope * x) @ x / (1 if reduction == "sum" else 2 * x.size),
            r"Under `mean` you divide by $2N$. Either the 2 of the square goes, or it stays; here it stays.",
        ),
    ],
    hints=[
        r"One example: $\frac{\partial}{\partial w}(y - wx)^2 = -2(y - wx)\,x$.",
        "Then reduce as the keyword says.",
    ],
    solution="Call it with the same rides twice over: the sum doubles, the mean stays.",
)


def uneven_mean() -> float:
    sizes = np.array([32, 32, 32, 4])
    means = np.array([1.0, 1.0, 1.0, 9.0])
    return float(sizes @ means / sizes.sum())


UNEVEN = Numeric(
    "statistical-uneven-batches",
    "The short batch at the end",
    answer=uneven_mean,
    mistakes=[
        Mistake(
            3,
            "That is the average of the four batch means, as a careless training log has it. The last batch holds 4 "
            "rides, not 25.",
        ),
        Mistake(12, "You added the batch means."),
        Mistake(132, "That is the summed loss of all rides; divide it by their number."),
        Mistake(1, "You left the last batch out. It is small, but it is data."),
        Mistake(132 / 128, "You divided by $4 \\cdot 32$. The last batch is not full: there are 100 rides, not 128."),
        Mistake(1.05, "You counted the last batch as one ride. Its mean of 9 stands for four rides."),
        Mistake(33, "You divided the summed loss by the number of batches. The question is about rides."),
        Mistake(68 / 36, "You weighted with one full batch and the short one. There are three full ones."),
        Mistake(5, "That is the mean of 1 and 9. The two losses do not stand for equally many rides."),
    ],
    hints=["A batch mean times the batch size is the batch's sum.", "Add the four sums and divide by 100."],
    solution=r"$\frac{32 \cdot 1 + 32 \cdot 1 + 32 \cdot 1 + 4 \cdot 9}{100} = 1.32$. In the average of the means "
    "each of the four rides counted 8 times as much as each of the other 96.",
)


def outlier_share() -> float:
    residuals = np.array([1.0, -1.0, 2.0, 20.0])
    pull = np.abs(mse_grad(np.zeros(4), residuals, reduction="mean"))
    return float(pull[-1] / pull.sum())


OUTLIER_SHARE = Numeric(
    "statistical-outlier-share",
    "Does averaging tame an outlier?",
    answer=outlier_share,
    tolerance=0.005,  # two decimals will do
    mistakes=[
        Mistake(
            20 / 24 / 4,
            "You divided the share by $N$. The mean divides *every* pull by 4, so the share does not change.",
        ),
        Mistake(
            float(mse([0.0], [20.0], reduction="sum") / mse(np.zeros(4), [1.0, -1.0, 2.0, 20.0], reduction="sum")),
            "That is its share of the *loss*. The pull is the gradient, which is linear in the residual.",
        ),
        Mistake(
            0.25, r"That would be its share if all rides pulled equally. Under squared error the pull is $2|e|/N$."
        ),
        Mistake(20 / 22, "You let the residuals $1$ and $-1$ cancel. The question is about sizes."),
        Mistake(10, "That is the pull itself, $2 \\cdot 20/4$. What is its share of all four pulls?"),
        Mistake(40, "That is its pull under the *sum*. What is its share of all four pulls?"),
        Mistake(
            5,
            "If you divided 20 by the other three sizes: a share divides by all four, its own included. If by "
            "$N = 4$, that is half a pull and no share.",
        ),
        Mistake(250 / 3, "That is in per cent. Give a number between 0 and 1."),
        Mistake(1 / 6, "That is the share of the three others together."),
    ],
    hints=[r"The pull of example $i$ is $|{-2e_i/N}|$.", "In a share the factor $2/N$ cancels."],
    solution=r"The pulls are $\frac24 (1, 1, 2, 20)$, so the share is $\frac{20}{24} \approx 0.833$, and exactly the "
    "same under the sum. A mean of squares is as sensitive to an outlier as a sum of squares; only another loss "
    "changes the shares.",
)

EMPIRICAL = Paper(
    "statistical-empirical",
    "From expectation to average",
    hints=[
        r"$\hat p_D$ puts probability $1/N$ on each example. What is an expectation under a distribution on $N$ "
        "points?",
        r"For the second part: is $L(w) \le L(w')$ the same statement as $N L(w) + c \le N L(w') + c$?",
        r"For the third part: what is the variance of an average of $N$ independent numbers?",
    ],
    solution=r"""**Expectation.** A distribution on finitely many points gives the expectation
$\sum_{\text{points}} \text{probability} \times \text{value}$. With probability $1/N$ on each example (and $k/N$
where an example occurs $k$ times, which the sum over $i$ counts by itself),

$$
\begin{aligned}
&\mathbb{E}_{(x, y) \sim \hat p_D}[\ell(x, y, w)] \\
&\quad = \sum_{i=1}^N \frac1N\,\ell(x_i, y_i, w) = L(w) .
\end{aligned}
$$

**Argmin.** Let $a > 0$ and $c$ be free of $w$. Then $L(\hat w) \le L(w)$ for all $w$ exactly if $aL(\hat w) + c \le
aL(w) + c$ for all $w$. With $a = N$ this turns mean into sum.

**Error.** *If the examples are independent draws from* $p^*$ and $w$ was fixed before they were drawn, $L(w)$
has mean $\mathbb{E}_{p^*}[\ell]$ and variance $\operatorname{Var}(\ell)/N$. So it is typically off by the standard
deviation $\sqrt{\operatorname{Var}(\ell)/N}$, if that is finite: four times the data halve the error. For a $w$ that
was *chosen* with these data the argument fails: its average loss on them is too small on average, which is why one
tests on fresh data.""",
)

JOINT = Paper(
    "statistical-joint-and-conditional",
    "Why you need not model the features",
    hints=[
        r"Write $p(x, y \mid w) = p(y \mid x, w)\,p(x \mid w)$ and take the logarithm.",
        r"Which term is left if the distribution of $x$ does not involve $w$?",
        r"For the last part, think of a model in which both factors share a parameter.",
    ],
    solution=r"""The logarithm turns the product rule into a sum:

$$
\begin{aligned}
&\sum_i \log p(x_i, y_i \mid w) \\
&\quad = \sum_i \log p(y_i \mid x_i, w) \\
&\qquad + \sum_i \log p(x_i \mid w) .
\end{aligned}
$$

*If the model's distribution of $x$ does not depend on* $w$, the last sum is a constant, and the joint and the
conditional log-likelihood have the same argmax. Nearly the same holds if it has parameters of its own, $w = (u, v)$
with $p(y \mid x, u)\,p(x \mid v)$: each sum is then maximised alone, so both likelihoods have the same best $u$. (About
$v$ the conditional likelihood says nothing.)

It fails if both factors share a parameter. Let $x$ be normal around $w$ and $y$ normal around $w$ as well, with
variance 1 both. The conditional likelihood gives $w = \bar y$, the joint one $w = \frac12(\bar x + \bar y)$:
here the features do tell something about $w$.""",
)
