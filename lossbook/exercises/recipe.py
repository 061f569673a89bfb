r"""The recipe: quick questions first, then exercises on paper, with numbers and with code."""

from __future__ import annotations

import math

import numpy as np

import lossbook as losses
from lossbook.core import Floats
from lossbook.exercises.kinds import Choice, Code, Mistake, Numeric, Option, Order, Paper, case

# ── Check yourself ───────────────────────────────────────────────────────────────────────────────────────────────────

MODE_OF_TWO_FIVE = Numeric(
    "recipe-mode-of-two-five",
    "The most likely share",
    answer=float(losses.beta_mode(2.0, 5.0)),
    tolerance=0.005,
    mistakes=[
        Mistake(
            0.7,
            "A value that occurred is not a value that was predicted. The mode follows from $a$ and $b$ alone.",
        ),
        Mistake(2 / 7, "That is the *mean*, $a/(a + b)$. The density is highest a little to the left of it."),
        Mistake(0.264, "That is the *median*: half of the probability lies below it."),
        Mistake(4 / 5, "You took $(b - 1)/(a + b - 2)$, the mode of the share that is *not* sunny."),
        Mistake(1 / 7, "The denominator is $a + b - 2$: each of the two exponents has lost a 1."),
        Mistake(1 / 6, "The denominator is $a + b - 2$: *both* exponents have lost a 1, and you took off one."),
        Mistake(2 / 5, "The numerator is $a - 1$, not $a$."),
        Mistake(1 / 4, "That is $(a - 1)/(b - 1)$, the odds. The denominator is $a + b - 2$."),
        Mistake(1.8, "Brackets: $a - 1$ is divided as a whole. A share cannot exceed 1."),
        Mistake(20, "In per cent, yes. A share lies between 0 and 1."),
    ],
    hints=["The mode is where the density is highest, and it knows nothing of $y$.", "$(a - 1)/(a + b - 2)$."],
    solution="$(2 - 1)/(2 + 5 - 2) = 1/5 = 0.2$. The outcome 0.7 enters the loss, not the mode.",
)

STEPS = Order(
    "recipe-steps",
    "The recipe in order",
    steps={
        "target": "Ask what kind of number the target is.",
        "family": "Choose a family of distributions that gives probability to such numbers and to no others.",
        "activations": "Let the network return raw numbers, and map them into the range of the parameters.",
        "loss": "Take the negative logarithm of the density at the target as the loss, and train.",
        "answer": "For a new example, return the distribution, or read one number off it.",
    },
    mistakes=[
        Mistake(("family", "target"), "A family is chosen for its support: first you must know what kind of number."),
        Mistake(
            ("activations", "family"),
            "Which range a raw number has to be mapped into depends on the family's parameters.",
        ),
        Mistake(("loss", "activations"), "The density needs valid parameters: a σ of −1 has no logarithm."),
        Mistake(("answer", "loss"), "Before training there is nothing worth returning."),
    ],
    hints=["Start with the data, end with an answer.", "Target, family, activations, loss, answer."],
    solution="Target, family, activations, loss, answer. What you know about the target enters at the second step.",
)

ACTIVATIONS = Choice(
    "recipe-activations",
    "Raw numbers into parameters",
    options=[
        Option("the mean of a normal: no activation", "A mean may be any real number.", right=True),
        Option(
            "the standard deviation of a normal: a sigmoid", "That would forbid every σ above 1. Use exp or softplus."
        ),
        Option("the rate of a Poisson: exp", "It is positive, and exp makes every real number positive.", right=True),
        Option(
            "the rate of a Poisson: ReLU",
            "ReLU returns exactly 0 for every negative input. A rate of 0 gives a positive count an infinite loss, "
            "and no gradient leads back.",
        ),
        Option("the weights of a mixture: softmax", "They are positive and sum to 1.", right=True),
        Option(
            "the weights of a mixture: one sigmoid each",
            "Each would lie between 0 and 1, but they would not sum to 1.",
        ),
    ],
    hints=[
        "For each: which values may the parameter take, and which values does the activation return?",
        "Three are right.",
    ],
    solution="Identity for a real number, exp (or softplus) for a positive one, softmax for several that sum to 1.",
)

NEGATIVE = Choice(
    "recipe-negative-loss",
    "A loss below zero",
    options=[
        Option(
            "There is a bug: a negative log-likelihood cannot be negative.",
            "The negative logarithm of a *probability* cannot. A density may exceed 1, and then its logarithm "
            "is positive.",
        ),
        Option(
            "The model is nearly perfect.",
            "Measure the same targets in kilometres instead of metres, and every loss falls by log 1000. The sign says "
            "nothing.",
        ),
        Option(
            "The density at the targets is above 1 on (geometric) average, in this unit.",
            "That is all that it means.",
            right=True,
        ),
        Option(
            "The probabilities do not sum to one.",
            "A density integrates to one and may be as high as it likes on a short interval.",
        ),
    ],
    hints=["What is $-\\log 2$?", "How high is a normal density with σ = 0.1 at its centre?"],
    solution="$-\\log p < 0$ exactly where $p > 1$. A normal density with $\\sigma = 0.1$ has the height 3.99 at its "
    "centre, and −log 3.99 = −1.38.",
)

BEST_SIGMA = Numeric(
    "recipe-best-sigma",
    "The best spread for one residual",
    answer=3.0,
    mistakes=[
        Mistake(9, "That is the best *variance*; σ is its root."),
        Mistake(4.5, "You have 2σ in the exponent where 2σ² belongs."),
        Mistake(0, "As σ → 0 the term $e^2/(2\\sigma^2)$ explodes, since the residual is not 0."),
        Mistake(math.sqrt(4.5), "A factor 2 is lost: the derivative of $4.5/\\sigma^2$ is $-9/\\sigma^3$."),
        Mistake(math.sqrt(3), "It is $\\sigma^2 = e^2$, not $\\sigma^2 = |e|$."),
        Mistake(-3, "The size is right. But a standard deviation is positive, whatever the sign of the residual."),
    ],
    hints=[
        r"Differentiate $\log\sigma + \frac{e^2}{2\sigma^2}$ with respect to $\sigma$.",
        r"$\frac1\sigma - \frac{e^2}{\sigma^3} = 0$.",
    ],
    solution=r"$\frac{1}{\sigma} - \frac{e^2}{\sigma^3} = 0$ gives $\sigma^2 = e^2$, so $\sigma = |e| = 3$. "
    "As $|e|$ shrinks, so does the best σ, without end.",
)

WHICH_FAMILY = Choice(
    "recipe-which-family",
    "Fit the family to the target",
    options=[
        Option("goals in a football match: Poisson", "A count without a fixed upper limit.", right=True),
        Option(
            "the share of a field that is flooded: normal",
            "A normal distribution gives probability to shares below 0 and above 1. Beta stays inside.",
        ),
        Option("the direction a pigeon flies off in: von Mises", "An angle: 359° and 1° are neighbours.", right=True),
        Option(
            "one of five species: five Bernoullis",
            "Five coins may all show heads. For exactly one of five take a categorical distribution.",
        ),
        Option(
            "a temperature measured by a sensor that sometimes fails wildly: Student-t",
            "Heavy tails: a wild value is unlikely, not impossible, and pulls little.",
            right=True,
        ),
    ],
    hints=["Which values can the target take, and which does the family allow?", "Three are right."],
    solution="Poisson, von Mises and Student-t fit. A share wants a Beta, one of five species a categorical.",
)

HINGE = Choice(
    "recipe-hinge",
    "Whose log-likelihood is the hinge?",
    options=[
        Option(
            "That of a Laplace distribution, because it is piecewise linear.",
            "Laplace gives $|e|$, with a peak. The hinge is flat for ever on one side.",
        ),
        Option(
            "Nobody's: exp(−loss) of the two labels does not sum to the same number at every score.",
            "At $s = 0$ the sum is $2e^{-1} = 0.74$, at $s = 1$ it is $1 + e^{-2} = 1.14$.",
            right=True,
        ),
        Option(
            "That of a Bernoulli distribution, like every loss of two classes.",
            "The Bernoulli gives the logistic loss, which is smooth and never exactly 0.",
        ),
        Option(
            "That of a distribution too complicated to write down.",
            "There is none at all. Add the two labels' exp(−loss) at $s = 0$ and at $s = 1$ and compare.",
        ),
    ],
    hints=[
        "If there were one, what would the probabilities of the two labels have to do at each score?",
        "Add exp(−loss) of the labels +1 and −1, once at $s = 0$ and once at $s = 1$.",
    ],
    solution="Probabilities of the two labels sum to 1 at every score, so exp(−loss) would have to sum to a "
    "constant. It does not. The hinge is a good loss all the same.",
)

# ── Exercises ────────────────────────────────────────────────────────────────────────────────────────────────────────


def judged_at_seven_tenths() -> float:
    return float(losses.beta_nll(2.0, 5.0, 0.7))


BETA_BY_HAND = Numeric(
    "recipe-beta-by-hand",
    "Judge a Beta by hand",
    answer=judged_at_seven_tenths,
    unit="nats",
    mistakes=[
        Mistake(30 * 0.7 * 0.3**4, "That is the density itself. Take its logarithm and change the sign."),
        Mistake(math.log(30 * 0.7 * 0.3**4), "The sign: the loss is *minus* the logarithm of the density."),
        Mistake(-math.log(0.7 * 0.3**4), "The factor 30 is missing, without which the density has no area of one."),
        Mistake(-math.log(30 * 0.7**4 * 0.3), "The exponents are swapped: $a - 1 = 1$ belongs to $y$, 4 to $1 - y$."),
        Mistake(-math.log(30 * 0.7**2 * 0.3**5), "The exponents are $a - 1$ and $b - 1$, not $a$ and $b$."),
        Mistake(-math.log10(30 * 0.7 * 0.3**4), "You took the logarithm to the base 10. Nats want the natural one."),
        Mistake(-math.log2(30 * 0.7 * 0.3**4), "Those are bits. Nats want the natural logarithm."),
        Mistake(-math.log(30 * 0.7 * 0.3), "The exponent 4 of $1 - y$ is missing."),
        Mistake(-math.log(30 * (0.7 * 0.3) ** 4), "Brackets: the exponent 4 belongs to $1 - y$ alone."),
    ],
    hints=[r"The density is $30\, y^{1} (1 - y)^{4}$.", "It is about 0.17 at 0.7."],
    solution=r"$-\log(30 \cdot 0.7 \cdot 0.3^4) = -\log 0.1701 \approx 1.771$.",
)

SAME_MODE = Numeric(
    "recipe-same-mode",
    "Another pair with the same mode",
    answer=1 + 14 * 3 / 7,
    mistakes=[
        Mistake(
            15 * 3 / 7,
            "That pair has its *mean* at 0.7. For the mode count from 1: it is $a - 1$ and $b - 1$ that matter.",
        ),
        Mistake(6, "$b - 1 = 6$, so one more."),
        Mistake(20, "That is $a + b - 2$. Take off 15 and add the 2 again."),
        Mistake(5, "You solved $14/(15 + b) = 0.7$. The denominator is $a + b - 2$."),
        Mistake(15 / 0.7 - 13, "The numerator is $a - 1 = 14$, not 15."),
        Mistake(35, "The other way round, and for the mean: a mode of 0.7 needs $b < a$."),
        Mistake(1 + 14 * 7 / 3, "The other way round: a mode above one half needs $b < a$."),
        Mistake(37.5, "$b = 2.5\\,a$ as in (2, 5). But that pair has its mode at 0.2."),
    ],
    hints=[r"Solve $\frac{14}{13 + b} = 0.7$.", "$13 + b = 20$."],
    solution=r"$\frac{14}{15 + b - 2} = 0.7$ gives $b = 7$. In general $b - 1 = \frac{0.3}{0.7}(a - 1)$: a "
    r"whole ray of pairs.",
)


def beta_mode(a: float, b: float) -> float:
    """The most likely value of a Beta distribution, NaN if there is none."""
    if a > 1 and b > 1:
        return (a - 1) / (a + b - 2)
    if a == b or (a < 1 and b < 1):
        return np.nan
    return 0.0 if a < b else 1.0


def _mean(a: float, b: float) -> float:
    return a / (a + b)


def _bare_formula(a: float, b: float) -> float:
    return (a - 1) / (a + b - 2)


def _formula_everywhere(a: float, b: float) -> float:
    return np.nan if a + b == 2 else (a - 1) / (a + b - 2)


def _formula_or_nothing(a: float, b: float) -> float:
    return (a - 1) / (a + b - 2) if a > 1 and b > 1 else np.nan


def _nothing_up_to_one(a: float, b: float) -> float:
    return np.nan if a <= 1 and b <= 1 else beta_mode(a, b)


def _nothing_where_equal(a: float, b: float) -> float:
    return np.nan if a == b else beta_mode(a, b)


def _larger_end(a: float, b: float) -> float:
    return float(a > b) if a != b and a < 1 and b < 1 else beta_mode(a, b)


def _swapped_ends(a: float, b: float) -> float:
    mode = beta_mode(a, b)
    return 1 - mode if mode in (0.0, 1.0) else mode


BETA_MODE_CODE = Code(
    "recipe-beta-mode-code",
    "When is there a mode?",
    reference=beta_mode,
    equals=losses.beta_mode,
    cases=[
        case(2.0, 5.0),
        case(15.0, 7.0),
        case(1.0, 3.0),
        case(4.0, 0.5),
        case(0.5, 0.25),
        case(1.0, 1.0),
        case(0.2, 1.5),
        case(1.0, 0.5),
        case(0.5, 1.0),
        case(4.0, 1.0),
        case(3.0, 3.0),
        case(5.0, 1.4),
        case(0.8, 1.5),
        case(4.0, 0.8),
        case(0.9, 0.8),
    ],
    mistakes=[
        Mistake(_mean, "That is the mean, $a/(a + b)$."),
        Mistake(
            _bare_formula,
            "That is the formula without its condition $a, b > 1$. At $a = b = 1$ it divides by zero. For $a = 0.5$, "
            "$b = 0.25$ it marks the *lowest* point of the density, and for $a = 4$, $b = 0.5$ it leaves the interval.",
        ),
        Mistake(
            _formula_everywhere,
            "You use the formula without its condition $a, b > 1$. For $a = 0.5$, $b = 0.25$ it marks the "
            "*lowest* point of "
            "a density that rises towards both ends; for $a = 4$, $b = 0.5$ it leaves the interval.",
        ),
        Mistake(
            _formula_or_nothing,
            "Right where $a, b > 1$. With $a \\le 1 \\le b$, not both 1, the density is largest at 0, and with "
            "$b \\le 1 "
            "\\le a$ at 1.",
        ),
        Mistake(_swapped_ends, "The two ends are swapped: a small $a$ piles the density up at 0."),
        Mistake(
            _nothing_up_to_one,
            "With $a < 1$ and $b = 1$ the density grows without bound at 0 only, so 0 is the answer; mirrored, 1.",
        ),
        Mistake(_larger_end, "With both shapes below 1 it grows without bound at *both* ends."),
        Mistake(
            _nothing_where_equal,
            "Equal shapes above 1, such as (3, 3), have one peak: at one half.",
        ),
    ],
    hints=[
        "Three cases: both shapes above 1; both below 1, or both equal to 1; all the rest.",
        "The density behaves like $y^{a - 1}$ near 0 and like $(1 - y)^{b - 1}$ near 1: with $a < 1$ it goes to "
        "infinity at 0.",
    ],
    solution="Check it with a plot of the density: the formula is the point of zero slope, and that is a peak "
    "only if both "
    "exponents are positive.",
)

MODE_ON_PAPER = Paper(
    "recipe-mode-on-paper",
    "Derive the mode",
    hints=[
        r"Take logarithms: maximise $(a - 1)\log y + (b - 1)\log(1 - y)$.",
        "What is the sign of the second derivative if $a, b > 1$? If $a, b < 1$?",
        "Solve (mode = $m$) for $b$ as a function of $a$.",
    ],
    solution=r"""The logarithm is increasing, and $\log B(a, b)$ does not depend on $y$. So maximise
$g(y) = (a - 1)\log y + (b - 1)\log(1 - y)$ on $(0, 1)$. Its slope

$$
g'(y) = \frac{a - 1}{y} - \frac{b - 1}{1 - y}
$$

vanishes where $(a - 1)(1 - y) = (b - 1)\,y$, that is at $y = (a - 1)/(a + b - 2)$. The second derivative

$$
g''(y) = -\frac{a - 1}{y^2} - \frac{b - 1}{(1 - y)^2}
$$

is negative everywhere if $a, b > 1$, so the point is the only maximum. If $a, b < 1$ it is positive: the same formula
is the *minimum*, and the density goes to infinity at both ends. If $a \le 1 \le b$ and not both are 1, $g' < 0$
throughout and the density is largest towards 0; mirrored, towards 1. For $a = b = 1$ all shares are equally likely.

The mode is $m$ if and only if $(b - 1) = \frac{1 - m}{m}(a - 1)$ with $a > 1$: a ray that starts at $(1, 1)$. For
$m = 0.7$ it passes through $(8, 4)$ and $(15, 7)$, for $m = 0.2$ through $(2, 5)$.""",
)


def normal_loss(
    mean: np.ndarray,
    log_scale: np.ndarray,
    target: np.ndarray,
) -> np.ndarray:
    """One normal negative log-likelihood per example; log_scale is log σ."""
    z = (target - mean) / np.exp(log_scale)
    return np.log(2 * np.pi) / 2 + log_scale + z**2 / 2


def _normal(mean: np.ndarray, log_scale: np.ndarray, target: np.ndarray) -> Floats | float:
    return losses.normal_nll(mean, target, scale=np.exp(log_scale), reduction="none")


def _raw_scale(mean: np.ndarray, log_scale: np.ndarray, target: np.ndarray) -> Floats:
    with np.errstate(all="ignore"):
        return np.asarray(np.log(2 * np.pi) / 2 + np.log(log_scale) + ((target - mean) / log_scale) ** 2 / 2)


NORMAL_CODE = Code(
    "recipe-normal-code",
    "A loss with two outputs",
    reference=normal_loss,
    equals=_normal,
    cases=[
        case([0.0], [0.0], [2.0]),
        case([1.0, 2.0, 3.0], [-1.0, 0.5, 2.0], [1.5, 0.0, 3.0]),
        case([0.0, 0.0], [-8.0, 3.0], [0.1, 10.0]),
    ],
    mistakes=[
        Mistake(
            lambda mean, log_scale, target: np.log(2 * np.pi) / 2 + ((target - mean) / np.exp(log_scale)) ** 2 / 2,
            "The term $\\log\\sigma$ is missing. It is no constant here: without it the loss goes to its floor "
            "as σ → ∞.",
        ),
        Mistake(
            lambda mean, log_scale, target: (
                np.log(2 * np.pi) / 2 + log_scale + (target - mean) ** 2 / (2 * np.exp(log_scale))
            ),
            "You have 2σ where $2\\sigma^2$ belongs.",
        ),
        Mistake(
            lambda mean, log_scale, target: log_scale + ((target - mean) / np.exp(log_scale)) ** 2 / 2,
            "The constant $\\frac12\\log 2\\pi$ is missing. PyTorch's `gaussian_nll_loss` leaves it out too, unless "
            "`full=True`.",
        ),
        Mistake(
            lambda mean, log_scale, target: (
                np.log(2 * np.pi) + log_scale + ((target - mean) / np.exp(log_scale)) ** 2 / 2
            ),
            "The density has the *root* of $2\\pi$ below: its logarithm is $\\frac12\\log 2\\pi$.",
        ),
        Mistake(
            lambda mean, log_scale, target: (
                np.log(2 * np.pi) / 2 + log_scale + ((target - mean) / np.exp(log_scale)) ** 2
            ),
            "The factor ½ of the square is missing: the exponent is $-e^2/(2\\sigma^2)$.",
        ),
        Mistake(
            lambda mean, log_scale, target: np.log(2 * np.pi) + log_scale + ((target - mean) / np.exp(log_scale)) ** 2,
            "Both factors ½ are missing: of $\\log 2\\pi$ and of the square.",
        ),
        Mistake(_raw_scale, "The second output is log σ, not σ."),
        Mistake(
            lambda mean, log_scale, target: (
                np.exp(-(((target - mean) / np.exp(log_scale)) ** 2) / 2) / (np.sqrt(2 * np.pi) * np.exp(log_scale))
            ),
            "That is the density. The loss is minus its logarithm.",
        ),
        Mistake(
            lambda mean, log_scale, target: np.mean(
                np.log(2 * np.pi) / 2 + log_scale + ((target - mean) / np.exp(log_scale)) ** 2 / 2
            ),
            "That is the mean over the examples. Asked is one loss for each of them.",
        ),
        Mistake(
            lambda mean, log_scale, target: (
                -np.log(2 * np.pi) / 2 - log_scale - ((target - mean) / np.exp(log_scale)) ** 2 / 2
            ),
            "That is the log-likelihood. A loss is to be made *small*: change the sign.",
        ),
        Mistake(
            lambda mean, log_scale, target: (
                np.log(2 * np.pi) / 2 + log_scale / 2 + (target - mean) ** 2 / (2 * np.exp(log_scale))
            ),
            "You read the second output as the logarithm of the *variance*. Here it is that of σ.",
        ),
    ],
    hints=[
        r"$\sigma = \exp(\text{log\_scale})$.",
        r"Three terms: $\frac12\log 2\pi$, $\log\sigma$ and $e^2/(2\sigma^2)$.",
    ],
    solution="Dividing by σ before squaring keeps the numbers in range.",
)


def normal_slopes(
    mean: np.ndarray,
    log_scale: np.ndarray,
    target: np.ndarray,
) -> np.ndarray:
    """The slope of each example's loss with respect to log_scale."""
    return 1 - ((target - mean) / np.exp(log_scale)) ** 2


def _slopes(mean: np.ndarray, log_scale: np.ndarray, target: np.ndarray) -> Floats:
    scale = np.exp(log_scale)
    return scale * losses.normal_nll_grad_scale(mean, target, scale=scale, reduction="none")


SLOPE_CODE = Code(
    "recipe-scale-slope-code",
    "The pull on the spread",
    reference=normal_slopes,
    equals=_slopes,
    cases=[case([0.0], [0.0], [2.0]), case([1.0, 2.0, 3.0], [-1.0, 0.5, 2.0], [1.5, 0.0, 3.0])],
    mistakes=[
        Mistake(
            lambda mean, log_scale, target: np.exp(-log_scale) - (target - mean) ** 2 / np.exp(3 * log_scale),
            "That is the slope with respect to σ. By the chain rule multiply it by $d\\sigma/d\\log\\sigma = \\sigma$.",
        ),
        Mistake(
            lambda mean, log_scale, target: ((target - mean) / np.exp(log_scale)) ** 2 - 1,
            "The sign is turned: where the residual is larger than σ, a larger σ *lowers* the loss.",
        ),
        Mistake(
            lambda mean, log_scale, target: -(((target - mean) / np.exp(log_scale)) ** 2),
            "The 1 is missing: it is the slope of the term $\\log\\sigma$.",
        ),
        Mistake(
            lambda mean, log_scale, target: 1 - (target - mean) ** 2 / np.exp(log_scale),
            "The residual is to be divided by σ *before* it is squared.",
        ),
        Mistake(
            lambda mean, log_scale, target: 1 - ((target - mean) / np.exp(log_scale)) ** 2 / 2,
            "A factor 2 is lost: the derivative of $\\frac12 e^2\\exp(-2u)$ in $u$ is $-e^2\\exp(-2u)$.",
        ),
        Mistake(
            lambda mean, log_scale, target: 1 - 2 * ((target - mean) / np.exp(log_scale)) ** 2,
            "The ½ before the square cancels with the 2 that the derivative brings down.",
        ),
        Mistake(
            lambda mean, log_scale, target: 1 + ((target - mean) / np.exp(log_scale)) ** 2,
            "A sign: $e^2/(2\\sigma^2)$ *falls* as σ grows.",
        ),
        Mistake(
            lambda mean, log_scale, target: (1 - ((target - mean) / np.exp(log_scale)) ** 2) / len(target),
            "That is the gradient of the *mean*. Asked is the slope of each example's own loss.",
        ),
        Mistake(
            lambda mean, log_scale, target: (1 - (target - mean) ** 2 / np.exp(log_scale)) / 2,
            "You read the second output as the logarithm of the *variance*.",
        ),
    ],
    hints=[r"With $u = \log\sigma$ the loss is $u + \frac12 e^2 \exp(-2u)$ plus a constant.", r"$1 - e^2\exp(-2u)$."],
    solution="The slope vanishes where $\\sigma = |e|$. It never exceeds 1, so on the way down to a small σ the steps "
    "stay bounded. Where σ is far too small there is no such bound.",
)

COLLAPSE = Paper(
    "recipe-collapse",
    "A loss without a minimum",
    hints=[
        "Let the mean pass exactly through the first example. Which σ would you shrink?",
        "What happens to the other examples' losses if only the first σ shrinks?",
        r"With the floor $\sigma \ge \sigma_0$, how low can one loss get?",
    ],
    solution=r"""Let the mean meet the target of example 1 exactly, $e_1 = 0$, and keep all other means and spreads.
Then the loss of example 1 is $\frac12\log 2\pi + \log\sigma_1$, and the sum of the others is some constant $C$. As
$\sigma_1 \to 0$ the total goes to $-\infty$. So such a model has no maximum-likelihood estimate, whatever the
rest of the data say.

With *one common* σ the same happens only if the model can meet *all* targets: otherwise the sum of squares over
$2\sigma^2$ stops the fall.

With a floor $\sigma_i \ge \sigma_0$ each loss is at least $\frac12\log 2\pi + \log\sigma_0$, so the total is bounded
below. The floor has the unit of the target and says what you can measure at best: rounding to whole francs cannot
justify a σ of a thousandth of a franc. A prior on σ, or held-out data and early stopping, serve the same end.""",
)

POISSON_BY_HAND = Numeric(
    "recipe-poisson-by-hand",
    "A count, judged by hand",
    answer=float(losses.poisson_nll(math.log(3.0), 4)),
    unit="nats",
    mistakes=[
        Mistake(
            3 - 4 * math.log(3), r"$\log y! = \log 24$ is missing. It moves no minimum, but it is part of $-\log p$."
        ),
        Mistake(4 * math.log(3) - 3 - math.log(24), "That is the log-probability: change the sign."),
        Mistake(
            math.log(24) - 4 * math.log(3), r"The factor $e^{-\lambda}$ is missing: it adds $\lambda = 3$ to the loss."
        ),
        Mistake(
            4 * math.log(3) - math.log(24),
            r"The factor $e^{-\lambda}$ is missing, and the sign is that of the log-probability.",
        ),
        Mistake(
            3 - 4 * math.log(3) + 4 * math.log(4) - 4 + 0.5 * math.log(8 * math.pi),
            "You used Stirling's approximation of log 4!, as PyTorch does with `full=True`. It is 0.021 nats short.",
        ),
        Mistake(4 - 3 * math.log(4) + math.log(6), "Rate and count are swapped: the rate is 3, the count 4."),
        Mistake(3 - 4 * math.log(3) + math.log(4), r"You took $\log y$ for $\log y!$: $4! = 24$."),
        Mistake(3 - 4 * math.log(3) + math.log(6), "The factorial is that of the count, 4! = 24, not of the rate."),
        Mistake(81 * math.exp(-3) / 24, "That is the probability. The loss is minus its logarithm."),
        Mistake((3 - 4 * math.log(3) + math.log(24)) / math.log(2), "Those are bits. Nats want the natural logarithm."),
        Mistake(
            (3 - 4 * math.log(3) + math.log(24)) / math.log(10),
            "You took the logarithm to the base 10. Nats want the natural one.",
        ),
    ],
    hints=[r"$\ell = \lambda - y\log\lambda + \log y!$.", r"$3 - 4\log 3 + \log 24$."],
    solution=r"$3 - 4\log 3 + \log 24 \approx 1.784$: the probability of the count 4 is 0.168.",
)

POISSON_ON_PAPER = Paper(
    "recipe-poisson-on-paper",
    "Run the recipe for counts",
    hints=[
        r"The probability of $y$ is $\lambda^y e^{-\lambda}/y!$. Put $\lambda = \exp(s)$.",
        "Differentiate with respect to $s$; sum over the examples; set to zero.",
    ],
    solution=r"""$-\log\frac{\lambda^y e^{-\lambda}}{y!} = \lambda - y\log\lambda + \log y! = \exp(s) - ys + \log y!$.
The raw output $s$ may be any real number, and the rate is positive.

The slope is $\exp(s) - y = \lambda - y$: prediction minus target, as for the cross-entropy and the halved squared
error. The second derivative $\exp(s)$ is positive, so the loss is convex in $s$.

*Independence* turns the likelihood into a product and the loss into a sum. For a constant $s$ its slope is
$N\lambda - \sum_i y_i$, which vanishes at $\lambda = \bar y$, the mean. (If all counts are 0 it is positive
everywhere: $s \to -\infty$.)

The term $\log y!$ does not depend on $s$ and may be left out in training, not when losses of different families are
compared.""",
)


def broken_angle(prediction: np.ndarray, target: np.ndarray) -> np.ndarray:
    """Target minus prediction in degrees, the short way round (−180 to 180)."""
    e = target - prediction
    return np.where(e > 180, e - 360, e)


def repaired_angle(prediction: np.ndarray, target: np.ndarray) -> np.ndarray:
    """Target minus prediction in degrees, the short way round (−180 to 180)."""
    return (target - prediction + 180) % 360 - 180


ANGLE_BUG = Code(
    "recipe-find-the-bug",
    "Find the bug in this angle",
    reference=repaired_angle,
    starter=broken_angle,
    cases=[
        case([10.0], [30.0]),
        case([350.0], [10.0]),
        case([10.0], [350.0]),
        case([0.0, 90.0, 300.0], [90.0, 0.0, 20.0]),
        case([0.0], [730.0]),
        case([20.0, 140.0], [140.0, 20.0]),
        case([1810.0], [0.0]),
    ],
    mistakes=[
        Mistake(
            lambda prediction, target: (target - prediction) % 360,
            "This lies between 0 and 360: a wind that turned 20° to the left is reported as 340° to the right.",
        ),
        Mistake(
            lambda prediction, target: np.abs((target - prediction + 180) % 360 - 180),
            "The size is right. The sign is lost, and with it the direction of the gradient.",
        ),
        Mistake(
            lambda prediction, target: np.where(
                target - prediction < -180, target - prediction + 360, target - prediction
            ),
            "One side of north works now, and the one that the author tried no longer does.",
        ),
        Mistake(
            lambda prediction, target: np.arctan2(
                np.sin(np.deg2rad(target - prediction)), np.cos(np.deg2rad(target - prediction))
            ),
            "A sound way, but this is in radians. Turn it back into degrees.",
        ),
        Mistake(
            lambda prediction, target: np.rad2deg(np.arcsin(np.sin(np.deg2rad(target - prediction)))),
            "The sine alone cannot tell 120° from 60°.",
        ),
        Mistake(
            lambda prediction, target: np.where(
                np.abs(target - prediction) > 180, target - prediction - 360, target - prediction
            ),
            "Below −180 a full turn is to be *added*.",
        ),
        Mistake(
            lambda prediction, target: (target - prediction + 180) % 360,
            "Shift back by half a turn after the remainder.",
        ),
        Mistake(
            lambda prediction, target: (prediction - target + 180) % 360 - 180,
            "That is prediction minus target; the residual is target minus prediction.",
        ),
        Mistake(
            lambda prediction, target: np.where(
                target - prediction > 180,
                target - prediction - 360,
                np.where(target - prediction < -180, target - prediction + 360, target - prediction),
            ),
            "Both sides of north work now. But an instrument that has counted two full turns reports 730°, and "
            "you take "
            "off only one of them.",
        ),
    ],
    hints=[
        "Try 350° predicted and 10° observed. Then turn them round.",
        "The remainder `% 360` lies between 0 and 360. Shift before it and shift back after.",
    ],
    solution="Shift by half a turn, take the remainder, shift back. The von Mises loss needs none of this, "
    "because it sees "
    "the angle only through its cosine.",
)

HINGE_ON_PAPER = Paper(
    "recipe-hinge-on-paper",
    "No distribution behind the hinge",
    hints=[
        r"Suppose $P(y \mid s) = c \exp(-\ell(ys))$ with the same $c$ at every score.",
        "Compare the scores 0 and 1.",
        "What becomes of the loss if $c$ may depend on $s$?",
    ],
    solution=r"""Suppose the hinge were the negative log-likelihood of a label $y = \pm1$, up to a constant:
$P(y \mid s) = c \exp(-\max(0, 1 - ys))$. The two probabilities sum to one at every score, so
$\exp(-\max(0, 1 - s)) + \exp(-\max(0, 1 + s)) = 1/c$ for all $s$. At $s = 0$ the left-hand side is
$2e^{-1} \approx 0.736$, at $s = 1$ it is $1 + e^{-2} \approx 1.135$. A contradiction.

You may *make* a distribution by dividing by the sum $Z(s)$ at each score. Its negative log-likelihood is
$\max(0, 1 - ys) + \log Z(s)$, which is another loss with other minimisers.

For the logistic loss, $\log(1 + e^{-ys})$, the two terms are $1/(1 + e^{-s})$ and $1/(1 + e^{s})$, the sigmoid of $s$
and of $-s$. They sum to 1 at every score, and the loss is the Bernoulli's.""",
)
