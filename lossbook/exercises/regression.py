r"""Regression losses: quick questions first, then exercises on paper, with numbers and with code."""

from __future__ import annotations

import math

import numpy as np

import lossbook as losses
from lossbook.core import Floats
from lossbook.exercises.kinds import Choice, Code, Mistake, Numeric, Option, Order, Paper, case

# ── Check yourself ───────────────────────────────────────────────────────────────────────────────────────────────────

BEST_CONSTANT = Numeric(
    "regression-best-constant",
    "The constant that absolute error chooses",
    answer=float(np.median([1, 2, 3, 4, 40])),
    mistakes=[
        Mistake(
            float(np.mean([1, 2, 3, 4, 40])),
            "That is the mean, which *squared* error chooses: it follows the 40. Absolute error counts sides.",
        ),
        Mistake(
            (1 + 40) / 2, "That is the middle of the range, which makes the *largest* error as small as it can be."
        ),
        Mistake(
            2.5, "You left the 40 out. Absolute error does not: it counts as one more number on the right-hand side."
        ),
        Mistake(
            float(losses.mae([3] * 5, [1, 2, 3, 4, 40])),
            "That is the mean absolute error which the best constant leaves. The constant itself is asked for.",
        ),
        Mistake(
            float(losses.mae([3] * 5, [1, 2, 3, 4, 40], reduction="sum")),
            "That is the sum of absolute errors which the best constant leaves. The constant itself is asked for.",
        ),
    ],
    hints=[
        "Move $c$ a little to the right. Which terms $|y_i - c|$ grow, and which shrink?",
        "The sum stops falling when as many numbers lie on the left of $c$ as on the right.",
    ],
    solution=r"Two numbers lie below 3 and two above it. A small step away from 3 lengthens three distances and "
    r"shortens two, so "
    r"$c = 3$, the median. That the last number is 40 and not 5 changes nothing.",
)

HUBER_AT_TWO = Numeric(
    "regression-huber-at-two",
    "One Huber loss",
    answer=float(losses.huber(5.0, 10.0, delta=2.0)),
    mistakes=[
        Mistake(
            5**2 / 2,
            r"The parabola $\frac12 e^2$ ends at $|e| = \delta$; this residual lies beyond it, on the line.",
            tolerance=0.2,
        ),
        Mistake(
            2 * 5 - 2 / 2,
            r"You took off $\delta/2$. The line is $\delta|e| - \frac12\delta^2$: only then does it meet the "
            r"parabola at $|e| = \delta$.",
        ),
        Mistake(
            2 * 5,
            r"The slope is right, but the line lies too high: it must meet the parabola at $|e| = \delta$, so "
            r"$\frac12\delta^2$ comes off.",
        ),
        Mistake(
            2 * (5 - 2),
            r"You took off $\delta^2$, so your line starts from 0 at $|e| = \delta$. The parabola has reached "
            r"$\frac12\delta^2$ there: only that much comes off.",
        ),
        Mistake(5**2, "That is the squared error. Huber's parabola has a factor ½, and this residual lies beyond it."),
        Mistake(
            float(losses.smooth_l1(5.0, 10.0, beta=2.0)),
            r"That is smooth L1, which is Huber's loss divided by $\delta$.",
        ),
        Mistake(
            2 * 5 + 2**2 / 2,
            r"The sign of the constant: $\frac12\delta^2$ comes *off*, so that the line meets the parabola.",
            tolerance=0.2,
        ),
        Mistake(
            5 - 2,
            r"That is how far the residual lies beyond $\delta$. The loss climbs by $\delta$ for each unit of it.",
        ),
        Mistake(float(losses.huber(5.0, 10.0)), r"That is the value for $\delta = 1$; here $\delta$ is 2."),
        Mistake(
            5, r"That is the absolute error. Huber's line has the slope $\delta$, and starts where the parabola ends."
        ),
        Mistake(
            2**2 / 2,
            r"That is the parabola at $|e| = \delta$, where the line starts. How far does it climb from there?",
        ),
    ],
    hints=[
        r"Is $|e|$ smaller or larger than $\delta$?",
        r"Beyond $\delta$ the loss is $\delta\left(|e| - \frac12\delta\right)$.",
    ],
    solution=r"$e = 10 - 5 = 5 > \delta = 2$, so $\delta\left(|e| - \frac12\delta\right) = 2 \cdot (5 - 1) = 8$.",
)

MEAN_AND_SUM = Choice(
    "regression-mean-and-sum",
    "What averaging changes",
    options=[
        Option(
            "Averaging makes the loss insensitive to outliers.",
            r"Every term is divided by the same $N$, so the outlier keeps its *share* of the gradient. Only "
            r"another loss changes that.",
        ),
        Option("Mean and sum have the same minimiser.", r"A positive factor $1/N$ moves no minimum.", right=True),
        Option(
            "With the sum, doubling the batch roughly doubles the gradient in the weights.",
            "In the weights the gradient of a sum is a sum over the batch, so one learning rate does not fit all "
            "batch sizes.",
            right=True,
        ),
        Option(
            "With the mean, a batch of 7 and a batch of 64 weigh equally, example by example.",
            "Each *batch* counts once, so an example in the batch of 7 weighs 64/7 times as much as one in the "
            "batch of 64.",
        ),
    ],
    hints=["Write both losses as a sum of $N$ terms. What is in front of the sum?", "Two of the four are right."],
    solution=r"The second and the third. The factor $1/N$ scales the loss and its gradient as a whole: it moves "
    r"no minimum, changes no "
    r"shares, and takes the growth with $N$ out of the gradient.",
)

GRADIENT_SIGN = Choice(
    "regression-gradient-sign",
    "Which way the gradient points",
    options=[
        Option(
            r"$2e$",
            r"That is the derivative with respect to the *target*, or to $e$. Since $\partial e/\partial\hat y "
            r"= -1$, the sign turns.",
        ),
        Option(
            r"$-2e$, which is negative",
            "A step against a negative gradient raises the prediction, as it should.",
            right=True,
        ),
        Option(r"$-e$, which is negative", r"The sign is right; the factor is that of $\frac12 e^2$."),
        Option(
            r"$-2e$, which is positive",
            r"With $e = y - \hat y$ a prediction that is too low has $e > 0$. Check with the step: against the "
            r"gradient, $\hat y$ must rise.",
        ),
    ],
    hints=[
        r"Differentiate $(y - \hat y)^2$ with respect to $\hat y$ by the chain rule.",
        "What is the sign of $e$ here?",
    ],
    solution=r"$\frac{\partial}{\partial\hat y}(y - \hat y)^2 = -2(y - \hat y) = -2e$, and $e > 0$ because the "
    r"prediction is too low. "
    r"Gradient descent moves against the gradient: up.",
)

FROM_DENSITY = Order(
    "regression-from-density",
    "From Laplace noise to absolute error",
    steps={
        "noise": r"Assume $y_i = \hat y_i + \varepsilon_i$ with $\varepsilon_i$ drawn from "
        r"$\frac{1}{2b}\exp(-|\varepsilon|/b)$.",
        "product": r"Because the $\varepsilon_i$ are independent, write the likelihood as a product over the examples.",
        "log": r"Take the logarithm: the product becomes a sum of $-\log 2b - |y_i - \hat y_i|/b$.",
        "minus": r"Change the sign: a log-likelihood to maximise becomes a loss to minimise.",
        "constant": r"From this loss drop $N\log 2b$ and the factor $1/b$, which do not depend on the prediction.",
    },
    mistakes=[
        Mistake(
            ("product", "noise"),
            "There is no likelihood yet: a density has to be assumed before anything can be multiplied.",
        ),
        Mistake(
            ("log", "product"),
            "There is one density per example. Multiply them first; the logarithm then makes a sum of the product.",
        ),
        Mistake(("minus", "log"), "It is the *log*-likelihood whose sign changes: take the logarithm first."),
        Mistake(
            ("constant", "minus"),
            "One may drop constants earlier, but this step drops them from the *loss*: first turn the log-likelihood "
            "into one.",
        ),
    ],
    hints=["What is assumed comes before what follows from it.", "Assumption, product, logarithm, sign, tidying up."],
    solution="Assumption, product, logarithm, sign, constants. What remains is $\\sum_i |y_i - \\hat y_i|$. "
    "Only the first two steps assume anything.",
)

NINETY_PER_CENT = Choice(
    "regression-ninety-per-cent",
    "What the 0.9-pinball loss estimates",
    options=[
        Option(
            "nine tenths of the mean",
            "The loss knows nothing of the mean: it counts how many targets lie on each side.",
        ),
        Option(
            "a value that nine tenths of the targets exceed",
            r"The other way round. With $\tau = 0.9$ it is being too *low* that is dear, so the prediction moves up.",
        ),
        Option(
            "a value that nine tenths of the targets do not exceed",
            "The 0.9-quantile: too low costs nine times as much as too high.",
            right=True,
        ),
        Option(
            "an interval that holds nine tenths of the targets",
            "It gives one number. An interval takes two quantiles, say 0.05 and 0.95.",
        ),
    ],
    hints=[r"With $\tau = 0.9$, what does a prediction that is 1 too low cost, and one that is 1 too high?"],
    solution=r"One too low costs $\tau = 0.9$, one too high costs $1 - \tau = 0.1$. The two pulls balance when "
    r"a tenth of the targets lies above.",
)

SMOOTH_L1 = Choice(
    "regression-smooth-l1",
    "Two losses with nearly one name",
    options=[
        Option(
            "They are the same function.", r"Only for $\delta = \beta = 1$. Compare the slopes of the straight parts."
        ),
        Option(
            "`HuberLoss` is twice `SmoothL1Loss`.",
            r"Huber has slope $\delta$ in the tails, smooth L1 has slope 1.",
            right=True,
        ),
        Option(
            "`SmoothL1Loss` is twice `HuberLoss`.",
            r"The other way round: at $\delta = 2$ it is Huber whose tails have slope 2.",
        ),
        Option(
            "They differ by a constant.",
            r"Both are 0 at $e = 0$, so a constant would have to be 0. They differ by a factor.",
        ),
    ],
    hints=["What is the slope of each far away from 0?"],
    solution=r"$\text{Huber}_\delta(e) = \delta \cdot \text{SmoothL1}_\delta(e)$: at 2 they differ by the "
    r"factor 2, and so do their gradients.",
)

# ── Exercises ────────────────────────────────────────────────────────────────────────────────────────────────────────


def three_houses() -> float:
    return float(losses.mse([2, 4, 9], [3, 4, 5]))


MSE_BY_HAND = Numeric(
    "regression-mse-by-hand",
    "Mean squared error by hand",
    answer=three_houses,
    mistakes=[
        Mistake(17, "That is the *sum* of the squares. The mean divides it by the number of examples."),
        Mistake(17 / 6, "A factor ½ has slipped in. Some texts use it; the mean squared error has none."),
        Mistake(5 / 3, "That is the mean of the *absolute* errors: square the residuals instead."),
        Mistake(math.sqrt(17 / 3), "That is its square root, the RMSE."),
        Mistake(1, "You averaged first and squared then, so errors of opposite sign cancelled. Square first."),
        Mistake(17 / 2, "You divided by $N - 1$, as for a variance. The mean squared error divides by $N$."),
        Mistake(5, "That is the sum of the *absolute* errors: square the residuals, then divide by 3."),
        Mistake(-1, "That is the mean of the residuals, in which −4 and 1 partly cancel. Square each first."),
        Mistake(9, "You added the residuals first and squared then. Square first, then average."),
        Mistake(-5, "You read $-4^2$ as −16. The residual is squared with its sign, $(-4)^2 = 16$."),
        Mistake(
            float(np.var([1, 0, -4])),
            "That is the *variance* of the residuals, which takes their mean off first. This loss does not.",
        ),
    ],
    hints=[r"Write the three residuals $e_i = y_i - \hat y_i$.", "They are 1, 0 and −4. Square each, then average."],
    solution=r"The residuals are 1, 0 and −4, their squares 1, 0 and 16, so the mean is $17/3 \approx 5.67$: "
    r"almost all of it comes from one house.",
)


def third_gradient() -> float:
    return float(losses.mse_grad([2, 4, 9], [3, 4, 5])[2])


MSE_GRADIENT_BY_HAND = Numeric(
    "regression-mse-gradient-by-hand",
    "One entry of the gradient",
    answer=third_gradient,
    mistakes=[
        Mistake(
            -8 / 3,
            r"The sign is that of the derivative with respect to the *target*: $\partial e/\partial\hat y = -1$ "
            r"turns it round.",
        ),
        Mistake(8, r"That is the gradient of the sum. The mean has a factor $1/N = 1/3$."),
        Mistake(4 / 3, r"The factor 2 of the square is missing: this is the gradient of $\frac12 e^2$, averaged."),
        Mistake(-4, r"That is the residual. The gradient of the mean of squares is $-2e_3/N$."),
        Mistake(4, r"That is $\hat y_3 - y_3$. The factor 2 of the square and the $1/N$ of the mean are missing."),
        Mistake(-8, r"Two things: that is the gradient of the *sum*, and with respect to the target."),
        Mistake(
            -4 / 3,
            r"Two things: the factor 2 of the square is missing, and $\partial e/\partial\hat y = -1$ turns the sign.",
        ),
        Mistake(2, "That is the slope for a constant that all three share: the *sum* of the three entries."),
        Mistake(17 / 3, "That is the loss. Its derivative with respect to the third prediction is asked for."),
        Mistake(16 / 3, "That is what the third house adds to the loss. Its derivative is asked for."),
    ],
    hints=[
        r"Only one term of the mean contains $\hat y_3$.",
        r"$\frac{\partial}{\partial\hat y_3}\frac13 (y_3 - \hat y_3)^2 = -\frac23 e_3$.",
    ],
    solution=r"$-\frac{2}{3} e_3 = -\frac23 \cdot (-4) = \frac83$. It is positive: the prediction is too high, "
    r"and a step against the gradient lowers it.",
)


def mean_squared_error(prediction: np.ndarray, target: np.ndarray) -> float:
    """The mean of the squared residuals, as one number."""
    return np.mean((target - prediction) ** 2)


MSE_CODE = Code(
    "regression-mse-code",
    "Write the mean squared error",
    reference=mean_squared_error,
    equals=losses.mse,
    cases=[
        case([1.0], [3.0]),
        case([2.0, 4.0, 9.0], [3.0, 4.0, 5.0]),
        case([0.5, -1.0, 0.0, 2.0], [0.5, 1.0, -3.0, 2.5]),
        case([[1.0, 2.0], [3.0, 4.0], [5.0, 6.0]], [[0.0, 2.0], [3.0, 8.0], [5.0, 9.0]]),
        case([0.0, 0.0], [2e-6, -1e-6]),
        case([0.0, 0.0], [-4e6, 3e6]),
    ],
    mistakes=[
        Mistake(
            lambda prediction, target: np.sum((target - prediction) ** 2),
            "That is the sum. The *mean* divides by the number of residuals.",
        ),
        Mistake(
            lambda prediction, target: np.mean((target - prediction) ** 2) / 2,
            "A factor ½ has slipped in; the mean squared error has none.",
        ),
        Mistake(
            lambda prediction, target: np.mean(np.abs(target - prediction)),
            "That is the mean *absolute* error: square instead.",
        ),
        Mistake(
            lambda prediction, target: np.mean(target - prediction) ** 2,
            "Square first, average then: otherwise errors of opposite sign cancel.",
        ),
        Mistake(
            lambda prediction, target: np.sqrt(np.mean((target - prediction) ** 2)), "That is the root of it, the RMSE."
        ),
        Mistake(
            lambda prediction, target: (target - prediction) ** 2,
            "You return one loss per example; average them into one number.",
        ),
        Mistake(
            lambda prediction, target: np.sum((target - prediction) ** 2) / len(target),
            "You divide by `len`, which counts *rows*. With two columns there are twice as many residuals.",
        ),
        Mistake(
            lambda prediction, target: np.mean(target**2 - prediction**2),
            "You square target and prediction, then subtract. Subtract first: the brackets decide.",
        ),
        Mistake(
            lambda prediction, target: np.var(target - prediction),
            "`np.var` takes the mean of the residuals off before it squares. The mean squared error does not.",
        ),
        Mistake(
            lambda prediction, target: np.sum((target - prediction) ** 2) / max(target.size - 1, 1),
            "You divide by $N - 1$, as for a variance. The mean divides by $N$.",
        ),
        Mistake(
            lambda prediction, target: -np.mean((target - prediction) ** 2),
            "The sign is wrong: squares are positive, and so is their mean.",
        ),
        Mistake(
            lambda prediction, target: np.mean((target - prediction) ** 2, axis=0),
            "With `axis=0` each column gets a mean of its own. One number for all of them is asked for.",
        ),
    ],
    hints=["NumPy subtracts arrays element by element.", "`np.mean` averages over all elements, whatever the shape."],
    solution="One line, and the order of its three operations is the whole point: subtract, square, average.",
)


def mse_gradient(prediction: np.ndarray, target: np.ndarray) -> np.ndarray:
    """The derivative of the mean squared error by each prediction."""
    return -2 * (target - prediction) / target.size


MSE_GRADIENT_CODE = Code(
    "regression-mse-gradient-code",
    "Write its gradient",
    reference=mse_gradient,
    equals=losses.mse_grad,
    cases=[
        case([1.0], [3.0]),
        case([2.0, 4.0, 9.0], [3.0, 4.0, 5.0]),
        case([[1.0, 2.0], [3.0, 4.0], [5.0, 6.0]], [[0.0, 2.0], [3.0, 8.0], [5.0, 9.0]]),
        case([0.0, 0.0], [2e-6, -1e-6]),
        case([0.0, 0.0], [-4e6, 3e6]),
    ],
    mistakes=[
        Mistake(
            lambda prediction, target: 2 * (target - prediction) / target.size,
            r"The sign is wrong: this is the gradient with respect to the *target*. For the prediction, "
            r"$\partial e/\partial\hat y = -1$.",
        ),
        Mistake(
            lambda prediction, target: -2 * (target - prediction),
            r"That is the gradient of the *sum*; the mean has a factor $1/N$.",
        ),
        Mistake(
            lambda prediction, target: -(target - prediction) / target.size, "The factor 2 of the square is missing."
        ),
        Mistake(
            lambda prediction, target: -2 * np.mean(target - prediction),
            "That is one number, the slope for a constant that all examples share. Here each prediction has a "
            "slope of its own.",
        ),
        Mistake(
            lambda prediction, target: -2 * (target - prediction) / len(target),
            "You divide by `len`, which counts *rows*; `target.size` counts all elements.",
        ),
        Mistake(
            lambda prediction, target: prediction - target,
            "That is minus the residual: the factor 2 of the square and the $1/N$ of the mean are missing.",
        ),
        Mistake(
            lambda prediction, target: -2 * abs(target - prediction) / target.size,
            "The sign of each residual is lost: a prediction that is too high has a positive slope.",
        ),
        Mistake(
            lambda prediction, target: (target - prediction) ** 2 / target.size,
            "That is what each example adds to the loss. Differentiate it with respect to its prediction.",
        ),
    ],
    hints=["The gradient has the shape of `prediction`.", r"Entry $i$ is $-2e_i/N$."],
    solution="Check it as you would any gradient: move one prediction by a millionth and see how the loss changes.",
)

MEAN_AND_MEDIAN = Paper(
    "regression-mean-and-median",
    "Why mean and why median",
    hints=[
        r"For squared error, differentiate $\sum_i (y_i - c)^2$ and set it to zero. Is the second derivative positive?",
        r"For absolute error, the slope of $|y_i - c|$ in $c$ is $-1$ where $c < y_i$ and $+1$ where $c > y_i$. "
        r"What is the sum of the slopes?",
    ],
    solution=r"""**Squared error.** $\frac{d}{dc}\sum_i (y_i - c)^2 = -2\sum_i (y_i - c)$ is zero exactly where $Nc =
\sum_i y_i$. The second derivative $2N$ is positive, so the mean is the only minimum.

**Absolute error.** At a $c$ that is none of the $y_i$ the slope is (number of $y_i$ below $c$) − (number above). It is
negative as long as more numbers lie above, positive as soon as more lie below, so the sum falls, then rises. It
changes over at the middle number if $N$ is odd. If $N$ is even, the slope is zero all the way between the two middle
numbers. If these differ, every point between them is a minimiser, and "the median" is a convention; otherwise, and for
every odd $N$, there is only one.""",
)


def clipped_pull() -> float:
    return float(np.sum(losses.huber_grad(np.zeros(3), np.array([1.0, -2.0, 50.0]), delta=3.0)))


CLIPPED_PULL = Numeric(
    "regression-clipped-pull",
    "How hard an outlier pulls",
    answer=clipped_pull,
    tolerance=0.005,  # two decimals will do
    mistakes=[
        Mistake(
            2 / 3,
            r"The sign is wrong: $\partial e/\partial\hat y = -1$. Residuals above pull the constant *up*, so "
            r"the gradient is negative.",
        ),
        Mistake(-2, "That is the gradient of the sum; the mean divides it by 3."),
        Mistake(
            -49 / 3,
            r"You did not clip the 50: beyond $\delta$ the slope stays at $\delta = 3$. This is the gradient of "
            r"$\frac12 e^2$.",
        ),
        Mistake(
            -98 / 3,
            r"This is the gradient of the squared error: no clipping, and a factor 2 that Huber's ½ takes away.",
        ),
        Mistake(
            -1 / 3, r"You clipped at 1 in place of $\delta = 3$, or added the signs only, as absolute error would."
        ),
        Mistake(2, "Two things: that is the gradient of the sum, and its sign is that of the residuals."),
        Mistake(-4 / 3, r"A factor 2 is left over: the slope of $\frac12 e^2$ is $e$, not $2e$."),
        Mistake(
            49 / 3, r"Two things: the 50 is not clipped to 3, and $\partial e/\partial\hat y = -1$ turns the sign."
        ),
        Mistake(1 / 3, "You dropped the outlier. Huber keeps it: it pulls with 3, no more and no less."),
        Mistake(4 / 3, r"Two things: a factor 2 is left over, and $\partial e/\partial\hat y = -1$ turns the sign."),
        Mistake(
            98 / 3, r"Two things: this is the squared error, which clips nothing, and $\partial e/\partial\hat y = -1$."
        ),
        Mistake(-1, "That is the share of the outlier alone. The residuals 1 and −2 pull too."),
        Mistake(
            float(losses.huber([0.0, 0.0, 0.0], [1.0, -2.0, 50.0], delta=3.0)),
            "That is the loss itself. Its derivative with respect to the constant is asked for.",
        ),
    ],
    hints=[
        r"The slope of Huber's loss in $\hat y$ is $-e$, clipped to $[-\delta, \delta]$.",
        "The clipped residuals are 1, −2 and 3.",
    ],
    solution=r"Clipped to $[-3, 3]$ the residuals 1, −2 and 50 become 1, −2 and 3. The gradient is $-\frac13(1 "
    r"- 2 + 3) = -\frac23$. "
    r"For squared error it would be $-\frac23 \cdot 49$: the outlier would decide alone.",
)


def broken_huber(
    prediction: np.ndarray,
    target: np.ndarray,
    delta: float,
) -> np.ndarray:
    """One Huber loss per example: quadratic up to delta, linear beyond."""
    size = np.abs(target - prediction)
    return np.where(size <= delta, size**2 / 2, delta * size - delta / 2)


def repaired_huber(
    prediction: np.ndarray,
    target: np.ndarray,
    delta: float,
) -> np.ndarray:
    """One Huber loss per example: quadratic up to delta, linear beyond."""
    size = np.abs(target - prediction)
    return np.where(size <= delta, size**2 / 2, delta * size - delta**2 / 2)


def _huber(prediction: np.ndarray, target: np.ndarray, delta: float) -> Floats | float:
    return losses.huber(prediction, target, delta=delta, reduction="none")


FIND_THE_BUG = Code(
    "regression-find-the-bug",
    "Find the bug in this Huber",
    reference=repaired_huber,
    starter=broken_huber,
    equals=_huber,
    cases=[
        case([0.0], [3.0], delta=2.0),
        case([0.0, 0.0, 0.0], [-3.0, 0.2, 3.0], delta=0.5),
        case([1.0, 2.0, 3.0, 4.0], [1.0, 2.5, 6.0, -4.0], delta=1.0),
        case([0.0, 1.0], [1.5, 0.0], delta=2.0),
        case([0.0, 0.0], [2e-6, -5e-7], delta=1e-6),
        case([0.0, 0.0], [-4e6, 3e6], delta=3.5e6),
    ],
    mistakes=[
        Mistake(
            lambda prediction, target, delta: np.where(
                abs(target - prediction) <= delta, (target - prediction) ** 2 / 2, delta * abs(target - prediction)
            ),
            r"Without a constant the line starts too high: at $|e| = \delta$ the loss jumps from "
            r"$\frac12\delta^2$ to $\delta^2$.",
        ),
        Mistake(
            lambda prediction, target, delta: np.where(
                abs(target - prediction) <= delta,
                (target - prediction) ** 2,
                delta * abs(target - prediction) - delta**2 / 2,
            ),
            r"The parabola was right as it stood: without the ½ its slope at $\delta$ is $2\delta$, and that of "
            r"the line is $\delta$.",
        ),
        Mistake(
            lambda prediction, target, delta: np.where(
                abs(target - prediction) <= delta, (target - prediction) ** 2 / 2, abs(target - prediction) - delta / 2
            ),
            r"Now the slope of the line is 1. It has to go on with the parabola's slope at the join, which is "
            r"$\delta$.",
        ),
        Mistake(
            lambda prediction, target, delta: np.mean(repaired_huber(prediction, target, delta)),
            "The bug is gone. But you average, and one loss per example was asked for.",
        ),
        Mistake(
            lambda prediction, target, delta: np.sum(repaired_huber(prediction, target, delta)),
            "The bug is gone. But you add up, and one loss per example was asked for.",
        ),
        Mistake(
            lambda prediction, target, delta: np.where(
                abs(target - prediction) <= delta,
                (target - prediction) ** 2 / 2,
                delta * (abs(target - prediction) - delta),
            ),
            r"You take off $\delta^2$, so the line starts from 0 at $|e| = \delta$, where the parabola has reached "
            r"$\frac12\delta^2$.",
        ),
        Mistake(
            lambda prediction, target, delta: np.where(
                abs(target - prediction) <= delta,
                (target - prediction) ** 2 / 2,
                delta * abs(target - prediction) - (delta / 2) ** 2,
            ),
            r"$(\delta/2)^2$ is a quarter of $\delta^2$. What comes off is half of it.",
        ),
        Mistake(
            lambda prediction, target, delta: 2 * repaired_huber(prediction, target, delta),
            "The two pieces meet now, but everything is twice too large: the parabola keeps its ½.",
        ),
        Mistake(
            lambda prediction, target, delta: repaired_huber(prediction, target, delta) / delta,
            r"You divided everything by $\delta$: that is smooth L1.",
        ),
        Mistake(
            lambda prediction, target, delta: np.where(
                target - prediction <= delta,
                (target - prediction) ** 2 / 2,
                delta * (target - prediction) - delta**2 / 2,
            ),
            "The `np.abs` is gone: a residual far *below* zero is now paid by the parabola.",
        ),
        Mistake(
            lambda prediction, target, delta: np.minimum(
                (target - prediction) ** 2 / 2, delta * abs(target - prediction) - delta**2 / 2
            ),
            "The line touches the parabola from below, so the smaller of the two is always the line.",
        ),
    ],
    hints=[
        r"Test it with $\delta = 1$: nothing is wrong. Test it with $\delta = 2$ just below and just above $|e| = 2$.",
        r"The two pieces must have one value at $|e| = \delta$. The parabola gives $\frac12\delta^2$ there; "
        r"what does the line give?",
    ],
    solution=r"At $|e| = \delta$ the line must give $\frac12\delta^2$, so what comes off $\delta|e|$ is "
    r"$\frac12\delta^2$, not $\frac12\delta$. "
    r"At $\delta = 1$ the two agree, which is why a test at the default value never saw it.",
)

RMSE_OF_TWO = Numeric(
    "regression-rmse-of-two-batches",
    "The RMSE of two batches",
    answer=math.sqrt((10 * 3**2 + 30 * 5**2) / 40),
    mistakes=[
        Mistake(4, "You averaged the two roots. What averages is the *squared* error, and the batches differ in size."),
        Mistake(
            (10 * 3 + 30 * 5) / 40,
            "The sizes are in, but you averaged *roots*. Go back to squares, average, then take the root.",
        ),
        Mistake(
            math.sqrt((3**2 + 5**2) / 2),
            "Squares, average, root: right. But the second batch holds three times as many examples.",
        ),
        Mistake(21, "That is the mean squared error; its root is still to be taken."),
        Mistake(math.sqrt(3**2 + 5**2), "You added the two mean squared errors. They average, weighted by the sizes."),
        Mistake(17, "That is the plain mean of the two mean squared errors: weight them by size, then take the root."),
        Mistake(840, "That is the sum of all squared errors. Divide it by 40, then take the root."),
        Mistake(
            34, "That is the sum of the two mean squared errors. They average, weighted by the sizes; then the root."
        ),
        Mistake(math.sqrt(840), "You took the root of the *sum* of the squared errors. Divide by 40 first."),
        Mistake(
            math.sqrt((30 * 3**2 + 10 * 5**2) / 40),
            "The sizes are swapped: the batch of 30 is the one with an RMSE of 5.",
        ),
    ],
    hints=[
        "From an RMSE and a size you can get the *sum* of the squared errors back.",
        "The sums are $10 \\cdot 9$ and $30 \\cdot 25$.",
    ],
    solution=r"$\sqrt{\frac{10 \cdot 3^2 + 30 \cdot 5^2}{10 + 30}} = \sqrt{21} \approx 4.58$. The plain "
    r"average of the roots is 4. Weighted with the batch sizes it is 4.5, still too small, because "
    r"the root is concave.",
)


def rmse_of_batches(rmses: np.ndarray, sizes: np.ndarray) -> float:
    """The RMSE of all examples, from the RMSE and the size of each batch."""
    return np.sqrt(np.sum(sizes * rmses**2) / np.sum(sizes))


RMSE_CODE = Code(
    "regression-rmse-of-batches-code",
    "RMSE from batches",
    reference=rmse_of_batches,
    cases=[
        case([2.0], [5.0]),
        case([3.0, 5.0], [10.0, 30.0]),
        case([1.0, 0.0, 4.0], [8.0, 8.0, 2.0]),
        case([2e-6, 1e-6], [3.0, 5.0]),
        case([4e6, 3e6], [3.0, 5.0]),
    ],
    mistakes=[
        Mistake(
            lambda rmses, sizes: np.mean(rmses), "Averaging roots is what the exercise warns of: go back to squares."
        ),
        Mistake(
            lambda rmses, sizes: np.sum(sizes * rmses) / np.sum(sizes),
            "The weights are right, but it is the *squares* that average.",
        ),
        Mistake(
            lambda rmses, sizes: np.sqrt(np.mean(rmses**2)),
            "Squares and root are right; a batch of 2 must not count as much as one of 8.",
        ),
        Mistake(
            lambda rmses, sizes: np.sum(sizes * rmses**2) / np.sum(sizes),
            "That is the mean squared error: the root is missing.",
        ),
        Mistake(
            lambda rmses, sizes: np.sqrt(np.sum(sizes * rmses**2)) / np.sum(sizes),
            "Divide by all examples *under* the root: the brackets close too early.",
        ),
        Mistake(
            lambda rmses, sizes: np.sqrt(np.sum((sizes * rmses) ** 2)) / np.sum(sizes),
            "The sizes are squared with the roots. A batch's sum of squared errors is its size times the *square*.",
        ),
        Mistake(
            lambda rmses, sizes: np.sqrt(np.sum(sizes * rmses) / np.sum(sizes)),
            "The square is missing: a root was taken of RMSEs that were not squared first.",
        ),
        Mistake(
            lambda rmses, sizes: np.sqrt(np.sum(sizes * rmses**2)),
            "That is the root of the sum: divide by the number of all examples first.",
        ),
        Mistake(
            lambda rmses, sizes: np.sqrt(np.mean(sizes * rmses**2)),
            "You divide by the number of *batches*. Divide by the number of all examples.",
        ),
        Mistake(
            lambda rmses, sizes: np.sqrt(np.sum(rmses**2)),
            "The mean squared errors do not add up; they average, weighted by the sizes.",
        ),
    ],
    hints=[
        "Undo the root, then undo the mean: what is the sum of squared errors of one batch?",
        "Add the sums, divide by all examples, take the root.",
    ],
    solution="This is why a training loop should add up squared errors and counts, and take the root once, at the end.",
)


PINBALL_OPTIMUM = Paper(
    "regression-pinball-optimum",
    "Derive the pinball optimum",
    hints=[
        r"Write the expected loss of a constant $c$ as two integrals: one over $y > c$ with factor $\tau$, one "
        r"over $y < c$ with factor $1 - \tau$.",
        r"Differentiate with respect to $c$. The limits of the integrals move as well, but there the integrand "
        r"is zero.",
        r"You should arrive at $-\tau\,(1 - F(c)) + (1 - \tau)\,F(c)$, where $F$ is the distribution function of $y$.",
    ],
    solution=r"""Let $y$ have the density $p$ and the distribution function $F$. The expected pinball loss of a
constant $c$ is

$$
\begin{aligned}
& R(c) = \tau \int_c^\infty (y - c)\,p(y)\,dy \\
&\quad + (1 - \tau) \int_{-\infty}^c (c - y)\,p(y)\,dy .
\end{aligned}
$$

The integrands vanish at the moving limit $y = c$, so only the factors $(y - c)$ and $(c - y)$ are differentiated:

$$
\begin{aligned}
R'(c) &= -\tau\,(1 - F(c)) \\
&\quad + (1 - \tau)\,F(c) \\
&= F(c) - \tau .
\end{aligned}
$$

It is zero where $F(c) = \tau$: $c$ is the $\tau$-quantile. Since $F$ never falls, $R'$ is negative before and positive
behind, so this is a minimum; where $F$ is flat at the height $\tau$ every point of the flat piece is one. With $\tau =
\frac12$ the loss is half the absolute error and the minimiser is the median.

Assumed: a finite mean of $|y|$, so that $R$ exists. The density is a convenience; the same argument with one-sided
slopes covers a sample.""",
)

BAKER = Numeric(
    "regression-baker",
    "The baker's quantile",
    answer=3 / (3 + 1),
    mistakes=[
        Mistake(
            1 / 4, "The other way round: it is the *missing* loaf that is dear, so she should rather bake too many."
        ),
        Mistake(3, "That is the ratio of the costs. The quantile is the share that the dearer side has of both."),
        Mistake(1 / 3, r"That is the ratio of the costs, upside down; the level solves $\tau : (1 - \tau) = 3 : 1$."),
        Mistake(0.5, "That would be right if both errors cost the same."),
        Mistake(75, "In per cent, yes. As a level, a share between 0 and 1, it is a hundredth of that."),
        Mistake(
            2 / 3,
            "You took the cost of a loaf left over off that of a missing one. The 3 is the whole cost: the level "
            "is its share of both.",
        ),
    ],
    hints=[
        r"The pinball loss charges $\tau$ per unit too low and $1 - \tau$ per unit too high.",
        r"Solve $\tau/(1 - \tau) = 3/1$.",
    ],
    solution=r"$\tau/(1 - \tau) = 3$ gives $\tau = \frac34$. She bakes so many that three days in four there is "
    r"enough.",
)


def pinball_loss(
    prediction: np.ndarray,
    target: np.ndarray,
    quantile: float,
) -> np.ndarray:
    """One pinball loss per example.

    It costs quantile per unit too low, 1 − quantile per unit too high.
    """
    e = target - prediction
    return np.maximum(quantile * e, (quantile - 1) * e)


def _pinball(prediction: np.ndarray, target: np.ndarray, quantile: float) -> Floats | float:
    return losses.pinball(prediction, target, quantile=quantile, reduction="none")


PINBALL_CODE = Code(
    "regression-pinball-code",
    "Write the pinball loss",
    reference=pinball_loss,
    equals=_pinball,
    cases=[
        case([0.0], [1.0], quantile=0.9),
        case([0.0, 0.0, 1.0], [2.0, -2.0, 1.0], quantile=0.9),
        case([1.0, 5.0, -2.0], [4.0, 1.0, 0.0], quantile=0.25),
        case([1.0, 5.0], [4.0, 1.0], quantile=0.5),
        case([0.0, 0.0], [2e-6, -1e-6], quantile=0.9),
        case([0.0, 0.0], [-4e6, 3e6], quantile=0.9),
    ],
    mistakes=[
        Mistake(
            lambda prediction, target, quantile: np.maximum(
                quantile * (prediction - target), (quantile - 1) * (prediction - target)
            ),
            r"The two sides are swapped: being too *low*, $e > 0$, costs $\tau$. Is your residual target minus "
            r"prediction?",
        ),
        Mistake(
            lambda prediction, target, quantile: np.maximum(
                quantile * (target - prediction), (1 - quantile) * (target - prediction)
            ),
            "For a prediction that is too high your loss is negative: the second slope has to be $\\tau - 1$.",
        ),
        Mistake(
            lambda prediction, target, quantile: np.where(
                target >= prediction, quantile * (target - prediction), (1 - quantile) * (target - prediction)
            ),
            r"Where the prediction is too high, $e$ is negative, so $(1 - \tau)e$ is too. Its size is what costs.",
        ),
        Mistake(
            lambda prediction, target, quantile: np.maximum(quantile * (target - prediction), 0),
            "A prediction that is too high costs nothing here. It has to cost $1 - \\tau$ per unit.",
        ),
        Mistake(
            lambda prediction, target, quantile: np.where(
                target >= prediction, quantile * (target - prediction) ** 2, (1 - quantile) * (target - prediction) ** 2
            ),
            "You weigh *squares*, which is the loss of an expectile. The pinball loss weighs distances.",
        ),
        Mistake(
            lambda prediction, target, quantile: np.mean(pinball_loss(prediction, target, quantile)),
            "Right, but averaged: one loss per example was asked for.",
        ),
        Mistake(
            lambda prediction, target, quantile: np.minimum(
                quantile * (target - prediction), (quantile - 1) * (target - prediction)
            ),
            "That is the *smaller* of the two. The loss is the larger one.",
        ),
        Mistake(
            lambda prediction, target, quantile: -pinball_loss(prediction, target, quantile),
            "The sign is wrong: a loss of this kind is nowhere negative.",
        ),
        Mistake(
            lambda prediction, target, quantile: quantile * abs(target - prediction),
            "Both sides cost the same here, which estimates the median whatever the level.",
        ),
        Mistake(
            lambda prediction, target, quantile: (
                2 * np.maximum(quantile * (target - prediction), (quantile - 1) * (target - prediction))
            ),
            "Twice too large. Some authors do that so that 0.5 gives the absolute error; here it gives half of it.",
        ),
    ],
    hints=[
        "`np.where` on the sign of the residual does it.",
        r"It is also the larger of $\tau e$ and $(\tau - 1)e$. Why?",
    ],
    solution=r"For $e > 0$ the first is larger, for $e < 0$ the second, since $\tau - 1$ is negative: no case "
    r"distinction is needed.",
)
