r"""Generative models: quick questions first, then exercises on paper, with numbers and with code."""

from __future__ import annotations

import math

import numpy as np

from lossbook.exercises.kinds import Choice, Code, Mistake, Numeric, Option, Order, Paper, case
from lossbook.losses.denoising import denoising_weight
from lossbook.losses.transport import wasserstein_1
from lossbook.losses.variational import kl_standard_normal

# ── Check yourself ───────────────────────────────────────────────────────────────────────────────────────────────────

RATE = Numeric(
    "generative-rate",
    "The rate of one code",
    answer=float(kl_standard_normal([1.0], [math.log(4)])),
    tolerance=0.005,
    unit="nats",
    mistakes=[
        Mistake((2 + 1 - 1 - math.log(2)) / 2, r"You used $\sigma$ where the formula has the variance $\sigma^2 = 4$."),
        Mistake(4 - math.log(4), "The factor ½ in front is missing."),
        Mistake((4 + 1 - 1 + math.log(4)) / 2, r"The logarithm of the variance is *subtracted*."),
        Mistake((4 - 1 - math.log(4)) / 2, r"The mean counts too, with its square."),
        Mistake((4 + 1 - math.log(4)) / 2, r"The constant $-1$ is missing: without it a standard normal would cost ½."),
        Mistake(2.0, "The logarithm of the variance is missing."),
        Mistake((0.25 + 1 + math.log(4) - 1) / 2, r"That is for $\sigma = \frac12$."),
        Mistake(
            math.log(2) + 2 / 8 - 0.5,
            "That is the other direction, the prior first: KL(prior‖code). The bound has the code first.",
        ),
    ],
    hints=[r"$\frac12(\sigma^2 + \mu^2 - 1 - \log\sigma^2)$.", r"$\sigma^2 = 4$ and $\mu^2 = 1$."],
    solution=r"$\frac12(4 + 1 - 1 - \log 4) = 2 - \log 2 \approx 1.307$ nats.",
)

BEST_DISCRIMINATOR = Numeric(
    "generative-best-discriminator",
    "The best discriminator at one point",
    answer=0.75,
    mistakes=[
        Mistake(0.25, "That is the probability of *generated*. D is the probability of *real*."),
        Mistake(1 / 3, "That is g/p, upside down and without the sum: the probability is p/(p + g)."),
        Mistake(3.0, "That is the ratio of the densities, the odds. The probability is p/(p + g)."),
        Mistake(0.3, "That is the density of the data. It has to be compared with the generator's."),
        Mistake(math.log(3), "That is the logit, log p/g."),
        Mistake(0.5, "Only where the two densities agree."),
        Mistake(1.0, "Generated things fall here too, a third as often."),
    ],
    hints=[
        "Of a hundred things that fall near this point, how many are real?",
        "Real against generated as 0.3 to 0.1.",
    ],
    solution=r"$D^*(x) = p/(p + g) = 0.3/0.4 = 0.75$.",
)

EQUILIBRIUM = Numeric(
    "generative-equilibrium",
    "The loss of a finished game",
    answer=2 * math.log(2),
    tolerance=0.005,
    unit="nats",
    mistakes=[
        Mistake(0.0, "Zero is the loss of a discriminator that is always right. At the end it can tell nothing apart."),
        Mistake(math.log(2), "That is one half, of the real things or of the generated ones. Here the two are added."),
        Mistake(
            -2 * math.log(2), "That is the value of the game, which the discriminator maximises. Asked is its loss."
        ),
        Mistake(0.5, "That is the probability it gives, not the price."),
        Mistake(0.25, "That is the product of the two probabilities. The price is minus its logarithm."),
    ],
    hints=["What probability does the best discriminator give if p = g?", "Twice minus the logarithm of one half."],
    solution=r"$D^* = \frac12$ everywhere, so the price is $-\log\frac12 - \log\frac12 = 2\log 2 \approx 1.386$.",
)

WHICH_SATURATES = Choice(
    "generative-which-saturates",
    "Which loss falls silent?",
    options=[
        Option(
            r"The generator minimises $\log(1 - D)$, and $D$ is near 0.",
            r"Its slope in the logit is $-D$: nearly 0.",
            right=True,
        ),
        Option(
            r"The generator minimises $-\log D$, and $D$ is near 0.",
            r"Its slope in the logit is $-(1 - D)$: nearly $-1$, as steep as it gets.",
        ),
        Option(
            r"The generator minimises $-\log D$, and $D$ is near 1.",
            "There the slope is small too, but then the generator has won: it should be.",
        ),
        Option(
            r"The critic is 1-Lipschitz, and data and samples lie far apart.",
            "A Wasserstein critic keeps slope 1, near or far.",
        ),
    ],
    hints=[
        "At the start the discriminator is sure: D is near 0 on generated things.",
        "Compare the slopes in the logit.",
    ],
    solution="The first: the saturating loss of the original game. Its other form, −log D, was proposed in the same "
    "paper because of it.",
)

TRANSPORT = Numeric(
    "generative-transport",
    "Two numbers onto two numbers",
    answer=float(wasserstein_1([2.0, 9.0], [8.0, 4.0])),
    mistakes=[
        Mistake(5.5, "You paired them as listed. In order, 2 goes to 4 and 9 to 8."),
        Mistake(3.0, "That is the sum of the ways; each value carries half of the mass."),
        Mistake(2.0, "That is the longest way. Take the mean."),
        Mistake(1.0, "That is the shorter way. Take the mean of both."),
        Mistake(0.5, "That is the difference of the means. Ways to the left and to the right do not cancel."),
        Mistake(11.0, "That is the sum of the ways as listed. Sort first, then take the mean."),
        Mistake(math.sqrt(2.5), "That is the root of the mean square, Wasserstein-2."),
        Mistake(2.5, "That is the mean square of the ways. Take the ways themselves."),
    ],
    hints=["Sort both.", "2 goes to 4, and 9 goes to 8."],
    solution=r"Sorted, $2 \to 4$ and $9 \to 8$: $\frac12(2 + 1) = 1.5$.",
)

SAME_NETWORK = Choice(
    "generative-same-network",
    "Noise, data or velocity?",
    options=[
        Option(
            "The *best* predictions of noise, data and velocity can be converted into each other exactly.",
            "Given the noisy example they are one and the same knowledge.",
            right=True,
        ),
        Option(
            "Their squared errors differ by a factor that depends on the noise level only.",
            "Yes: 1, the signal-to-noise ratio, and one plus it.",
            right=True,
        ),
        Option(
            "So networks trained with the three losses draw the same samples.",
            "The weights decide where a finite network spends its errors, and the sampler magnifies them differently.",
        ),
        Option(
            "Predicting noise is safest at the noisiest end, for the target is nearly the input there.",
            "The error in the noise is small there, but the sampler divides it by α, which is smaller.",
        ),
    ],
    hints=["What is true of the best predictor need not be true of a trained one.", "Two of the four are right."],
    solution="The first two. The losses have the same minimiser; a trained network is no minimiser.",
)

# ── Exercises ────────────────────────────────────────────────────────────────────────────────────────────────────────

DERIVE_DISCRIMINATOR = Paper(
    "generative-derive-discriminator",
    "The best discriminator and its value",
    hints=[
        r"Fix $x$ and differentiate $p\log D + g\log(1 - D)$ with respect to $D$.",
        r"Insert $D^*$ and write each term with the mixture $m = \frac12(p + g)$: $p/(p + g) = \frac12\, p/m$.",
    ],
    solution=r"""The value is a sum over $x$, and $D(x)$ may be chosen for each $x$ alone. The derivative is
$p/D - g/(1 - D)$. It is zero at $D^* = p/(p + g)$, and the second derivative is negative: a maximum.

With $m = \frac12(p + g)$ is $D^* = \frac12\,p/m$ and $1 - D^* = \frac12\,g/m$. So the value is
$\mathrm{KL}(p \,\|\, m) - \log 2 + \mathrm{KL}(g \,\|\, m) - \log 2 = 2\,\mathrm{JS}(p, g) - \log 4$.

It is $-\log 4$ where $p = g$, and 0 where the two never meet. The step "for each $x$ alone" needs a discriminator that
can be any function; a network cannot, quite.""",
)

TWO_DERIVATIONS = Paper(
    "generative-two-derivations",
    "The bound, derived twice",
    hints=[
        r"First way: $\log p(x) = \log \mathbb E_q[p(x, z)/q(z)]$. The logarithm is concave.",
        r"Second way: start from $\mathrm{KL}(q \,\|\, p(z \mid x))$ and insert $p(z \mid x) = p(x, z)/p(x)$.",
    ],
    solution=r"""*Jensen.* $\log p(x) = \log \mathbb E_q\!\left[\frac{p(x, z)}{q(z)}\right] \ge
\mathbb E_q\!\left[\log\frac{p(x, z)}{q(z)}\right]$, and $p(x, z) = p(x \mid z)\,p(z)$ splits the right side into
$\mathbb E_q[\log p(x \mid z)] - \mathrm{KL}(q \,\|\, p(z))$.

*Exactly.* $\mathrm{KL}(q \,\|\, p(z \mid x)) = \mathbb E_q[\log q - \log p(x, z)] + \log p(x)$. So
$\log p(x) = \text{bound} + \mathrm{KL}(q \,\|\, p(z \mid x))$.

The first shows that it is a bound, the second by how much: the gap is KL(code‖posterior).""",
)


def rate_code(mean: np.ndarray, log_variance: np.ndarray) -> float:
    """The mean over examples (rows) of KL(code‖standard normal), summed over components (columns)."""
    terms = np.exp(log_variance) + mean**2 - 1 - log_variance
    return float(np.mean(np.sum(terms, axis=1)) / 2)


RATE_CODE = Code(
    "generative-rate-code",
    "Write the rate",
    reference=rate_code,
    cases=[
        case([[1.0, 0.0]], [[0.0, 0.0]]),
        case([[0.0, 0.0], [0.0, 0.0]], [[1.0, -1.0], [0.5, 2.0]]),
        case([[1.0, -2.0, 0.5], [0.0, 3.0, 1.0]], [[0.3, -1.0, 0.0], [2.0, 0.1, -0.4]]),
    ],
    mistakes=[
        Mistake(
            lambda mean, log_variance: np.mean(np.exp(log_variance) + mean**2 - 1 - log_variance) / 2,
            "You averaged over the components as well. They are summed; only examples are averaged.",
        ),
        Mistake(
            lambda mean, log_variance: np.sum(np.exp(log_variance) + mean**2 - 1 - log_variance) / 2,
            "That is the sum over the batch. Take the mean over the examples.",
        ),
        Mistake(
            lambda mean, log_variance: np.mean(np.sum(np.exp(log_variance) + mean**2 - 1 - log_variance, axis=1)),
            "The factor ½ is missing.",
        ),
        Mistake(
            lambda mean, log_variance: (
                np.mean(np.sum(np.exp(2 * log_variance) + mean**2 - 1 - 2 * log_variance, 1)) / 2
            ),
            r"You took the argument for $\log\sigma$. It is $\log\sigma^2$: its exponential is the variance already.",
        ),
        Mistake(
            lambda mean, log_variance: np.mean(np.sum(np.exp(log_variance) + mean**2 - 1 + log_variance, axis=1)) / 2,
            "The log-variance is subtracted.",
        ),
        Mistake(
            lambda mean, log_variance: (
                np.mean(np.sum(np.exp(log_variance / 2) + mean**2 - 1 - log_variance, axis=1)) / 2
            ),
            r"$\exp(v/2)$ is the standard deviation. The formula has the variance.",
        ),
        Mistake(
            lambda mean, log_variance: np.mean(np.sum(np.exp(log_variance) - 1 - log_variance, axis=1)) / 2,
            "The mean counts too, with its square.",
        ),
        Mistake(
            lambda mean, log_variance: np.mean(np.sum(np.exp(log_variance) + mean - 1 - log_variance, axis=1)) / 2,
            "The mean enters with its square.",
        ),
        Mistake(
            lambda mean, log_variance: np.mean(np.sum(np.exp(log_variance) + mean**2 - log_variance, axis=1)) / 2,
            "The constant −1 is missing: a standard normal code costs 0.",
        ),
        Mistake(
            lambda mean, log_variance: np.mean(np.sum(np.exp(log_variance) + mean**2 - 1, axis=1)) / 2,
            "The log-variance itself is missing: it is subtracted.",
        ),
        Mistake(
            lambda mean, log_variance: np.mean(np.sum(np.exp(log_variance) + mean**2 - 1 - log_variance, axis=0)) / 2,
            "You summed down the columns. One code is a *row*: `axis=1`.",
        ),
        Mistake(
            lambda mean, log_variance: np.sum(np.exp(log_variance) + mean**2 - 1 - log_variance, axis=1) / 2,
            "One rate per code: their mean is still to be taken.",
        ),
        Mistake(
            lambda mean, log_variance: -np.mean(np.sum(np.exp(log_variance) + mean**2 - 1 - log_variance, axis=1)) / 2,
            "The sign: that is what is added to the *bound*. The divergence itself is not negative.",
        ),
    ],
    hints=[
        r"Write $\frac12(\exp v + \mu^2 - 1 - v)$ for the whole array first.",
        "Then sum along `axis=1`, and take the mean of that.",
    ],
    solution="Sum over components, mean over examples: with a mean over both, ten times as many components would weigh "
    "no more than before.",
)


def generator_code(logits: np.ndarray) -> float:
    """The mean non-saturating loss of generated things, from the discriminator's logits."""
    return float(np.mean(np.logaddexp(0, -logits)))


def _overflowing(logits):
    with np.errstate(over="ignore"):
        return np.mean(np.log1p(np.exp(-logits)))


GENERATOR_CODE = Code(
    "generative-generator-code",
    "Write the generator's loss",
    reference=generator_code,
    cases=[case([0.0, 0.0]), case([1.0, -2.0, 3.0]), case([-800.0, 5.0]), case([800.0, -1.0])],
    mistakes=[
        Mistake(
            lambda logits: -np.mean(np.logaddexp(0, logits)),
            "That is the saturating loss, log(1 − D).",
        ),
        Mistake(
            lambda logits: np.mean(np.logaddexp(0, logits)),
            "That is −log(1 − D), the *discriminator's* price of a generated thing.",
        ),
        Mistake(
            lambda logits: np.sum(np.logaddexp(0, -logits)),
            "That is the sum. Take the mean.",
        ),
        Mistake(
            lambda logits: np.logaddexp(0, -logits),
            "One loss per thing: their mean is still to be taken.",
        ),
        Mistake(
            _overflowing,
            r"Right on paper, but $e^{800}$ is infinite for a computer. `np.logaddexp` takes the large part out first.",
        ),
        Mistake(
            lambda logits: -np.mean(logits),
            "That is the loss against a Wasserstein critic. A discriminator's logit goes through the sigmoid first.",
        ),
        Mistake(
            lambda logits: np.mean(1 / (1 + np.exp(-np.clip(logits, -700, 700)))),
            "That is the mean probability of “real”. The loss is minus its logarithm.",
        ),
        Mistake(
            lambda logits: -np.mean(np.log(1 / (1 + np.exp(-np.clip(logits, -700, 700))) + 1e-8)),
            "A small number under the logarithm stops the price at 18.4, exactly where help is needed most.",
        ),
        Mistake(
            lambda logits: np.mean(np.logaddexp(0, -logits)) / np.log(2),
            "That is in bits. The course counts in nats.",
        ),
        Mistake(
            lambda logits: -np.mean(np.logaddexp(0, -logits)),
            "The sign: that is log D, which the generator would *maximise*.",
        ),
        Mistake(
            lambda logits: -np.mean(np.log(np.clip(1 / (1 + np.exp(-np.clip(logits, -700, 700))), 1e-7, 1))),
            "Clipping the probability stops the price at 16.1 and its slope at 0: exactly where help is needed most.",
        ),
    ],
    hints=[
        r"$-\log D$ with $D = 1/(1 + e^{-s})$ is $\log(1 + e^{-s})$.",
        "`np.logaddexp(0, -s)` computes it at −800 too.",
    ],
    solution="log(1 + exp(−s)), from the logit: the probability itself would be 0 at −800, and its logarithm infinite.",
)


def transport_code(x: np.ndarray, y: np.ndarray) -> float:
    """The Wasserstein-1 distance of two samples of one size."""
    return float(np.mean(np.abs(np.sort(x) - np.sort(y))))


TRANSPORT_CODE = Code(
    "generative-transport-code",
    "Write Wasserstein-1",
    reference=transport_code,
    cases=[
        case([0.0, 10.0], [7.0, 1.0]),
        case([3.0, 1.0, 2.0], [2.0, 3.0, 1.0]),
        case([0.5, -1.0, 4.0, 2.0], [1.0, 1.0, -3.0, 8.0]),
    ],
    mistakes=[
        Mistake(lambda x, y: np.mean(np.abs(x - y)), "Sort both first: that pairs them as they were listed."),
        Mistake(lambda x, y: np.mean(np.abs(np.sort(x) - y)), "Only one of the two is sorted."),
        Mistake(lambda x, y: np.sum(np.abs(np.sort(x) - np.sort(y))), "Each value carries 1/n of the mass: the mean."),
        Mistake(lambda x, y: np.abs(np.mean(x) - np.mean(y)), "That is the difference of the means."),
        Mistake(lambda x, y: np.mean(np.sort(x) - np.sort(y)), "Ways to the left and to the right do not cancel."),
        Mistake(lambda x, y: np.max(np.abs(np.sort(x) - np.sort(y))), "That is the longest way. Take the mean."),
        Mistake(lambda x, y: np.mean((np.sort(x) - np.sort(y)) ** 2), "That is the mean square of the ways."),
        Mistake(lambda x, y: np.abs(np.sort(x) - np.sort(y)), "Those are the ways. Their mean is asked for."),
        Mistake(lambda x, y: np.mean(np.abs(x[:, None] - y)), "That is over all pairs. Each value is carried once."),
        Mistake(
            lambda x, y: np.sqrt(np.mean((np.sort(x) - np.sort(y)) ** 2)),
            "That is Wasserstein-2: squares and a root.",
        ),
    ],
    hints=["The lowest goes to the lowest.", "`np.sort` both, then the mean absolute difference."],
    solution="Two sorts and a mean: $n \\log n$ instead of a search among $n!$ pairings.",
)

TO_DATA = Numeric(
    "generative-noise-to-data",
    "From noise to data",
    answer=1.0,
    mistakes=[
        Mistake(0.6, r"You forgot to divide by $\alpha$."),
        Mistake((1 - 0.6 * 0.5) / 0.8, r"$\alpha$ and $\sigma$ are exchanged."),
        Mistake((1 + 0.8 * 0.5) / 0.6, "The noise is *subtracted* from the noisy example."),
        Mistake(0.5, "That is the noise that was predicted."),
        Mistake(0.2, r"$\alpha z - \sigma \cdot 0.5$ is for a predicted *velocity*. The network predicts the noise."),
        Mistake(0.75, r"Divide by $\alpha$, not by $\sigma$."),
        Mistake(1 / 0.6, r"That is $z/\alpha$, as if there were no noise. Take it away first."),
        Mistake(1.4, r"The noise is *subtracted*, and then you divide by $\alpha$."),
        Mistake((1 - 0.5) / 0.6, r"The noise enters with its factor $\sigma$."),
    ],
    hints=[r"$z = \alpha x + \sigma\varepsilon$. Solve for $x$.", r"$(1 - 0.8 \cdot 0.5)/0.6$."],
    solution=r"$\hat x = (z - \sigma\hat\varepsilon)/\alpha = (1 - 0.4)/0.6 = 1$.",
)

WEIGHT = Numeric(
    "generative-weight",
    "What the noise loss thinks of an error in the data",
    answer=float(denoising_weight(math.log(0.36 / 0.64))),
    tolerance=0.003,
    mistakes=[
        Mistake(0.64 / 0.36, "Upside down: noise prediction cares *less* about the data where there is more noise."),
        Mistake(0.75, r"An error is multiplied by $\alpha/\sigma$, a *squared* error by its square."),
        Mistake(1 + 0.36 / 0.64, "That is the weight of velocity prediction, one more."),
        Mistake(0.64, r"That is $\sigma^2$. The weight is $\alpha^2/\sigma^2$."),
        Mistake(0.8 / 0.6, r"Upside down, and without the square: the weight is $\alpha^2/\sigma^2$."),
        Mistake(1 / 0.36, "That is one over the signal's share. Signal over *noise* is asked for."),
        Mistake(0.36, r"$\alpha^2$ has to be divided by $\sigma^2$."),
        Mistake(1.0, "Only where signal and noise are equally strong."),
    ],
    hints=[
        r"$\hat\varepsilon - \varepsilon = -(\alpha/\sigma)(\hat x - x)$.",
        r"The square of that: $\alpha^2/\sigma^2$.",
    ],
    solution=r"$\alpha^2/\sigma^2 = 0.36/0.64 = 0.5625$, the signal-to-noise ratio.",
)

FIND_THE_BUG = Choice(
    "generative-find-the-bug",
    "Find the bug",
    options=[
        Option(
            "`spread = log_variance.exp()`",
            r"It should be `(log_variance / 2).exp()`: the exponential of a log-*variance* is the variance.",
            right=True,
        ),
        Option(
            "`code = mean + spread * torch.randn_like(mean)`",
            "That is the reparameterisation as it should be: noise scaled and shifted.",
        ),
        Option(
            "`error = ((x - decoder(code)) ** 2).sum(1)`",
            "Summed over the components of each example, as the likelihood wants.",
        ),
        Option(
            "`rate = (log_variance.exp() + mean ** 2 - 1 - log_variance).sum(1) / 2`",
            "Here the exponential of the log-variance is right: the formula has the variance.",
        ),
        Option(
            "`loss = (error / (2 * scale ** 2) + rate).mean()`",
            "Both terms per example, then one mean: the balance is that of the bound.",
        ),
    ],
    hints=["Which line needs a standard deviation, and which needs a variance?", "A code is drawn as μ + σ·noise."],
    solution="The first line. The code is then drawn with spread σ² while the rate charges for σ: no error message, "
    "and a bound that bounds nothing.",
)

DIAGNOSE = Choice(
    "generative-diagnose",
    "Diagnose a VAE",
    options=[
        Option(
            "The decoder's spread is far too large for the data: a bare squared error with the rate beside it.",
            "With σ = 1 an error of 0.1 saves 0.005 nats. No code is worth its rate at that price.",
            right=True,
        ),
        Option(
            "The rate was left out.",
            "Then nothing would hold it down: it would be large, not 0.",
        ),
        Option(
            "The learning rate is too small.",
            "Then both would still be moving; here they have come to rest.",
        ),
        Option(
            "The data have too few examples.",
            "Too few would show as a gap between training and held-out data, not as an empty code.",
        ),
    ],
    hints=[
        "How many nats does the code cost, and how many does it save?",
        "The data are scaled to a spread of 0.1, and the loss is ‖x − x̂‖²/2 plus the rate.",
    ],
    solution=r"The first. Predicting the mean costs $\frac12 \cdot 0.1^2 = 0.005$ nats a component more than a perfect "
    "reconstruction. An empty code is the optimum, not an accident: the loss does what it was told.",
)

ONE_ROUND = Order(
    "generative-one-round",
    "One round of two players",
    steps={
        "draw": "Draw data, and draw noise and send it through the generator.",
        "detach": "Cut the generated things off from the generator's graph.",
        "judge": "Take one step of the discriminator: label 1 for data, 0 for generated.",
        "again": "Score freshly generated things with the discriminator as it is now.",
        "generator": "Take one step of the generator, on cross-entropy against the label 1.",
    },
    mistakes=[
        Mistake(("judge", "draw"), "There is nothing to judge yet."),
        Mistake(("judge", "detach"), "Without the cut the discriminator's loss would also move the generator."),
        Mistake(("generator", "again"), "The generator's loss needs the scores first."),
        Mistake(("again", "judge"), "Score with the discriminator as it is *after* its step."),
    ],
    hints=["The discriminator goes first.", "Its step must not move the generator: cut the graph before it."],
    solution="Draw, cut, step of the discriminator, new scores, step of the generator.",
)
