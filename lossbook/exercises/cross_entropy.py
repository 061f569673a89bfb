r"""Cross-entropy and maximum likelihood: quick questions first, then exercises on paper, with numbers and with code."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

import lossbook.losses.classification as classification
import lossbook.losses.information as information
from lossbook.core import Floats, quiet
from lossbook.exercises.kinds import Choice, Code, Mistake, Numeric, Option, Order, Paper, case
from lossbook.losses.likelihood_bounded import beta_mode

# ── Check yourself ───────────────────────────────────────────────────────────────────────────────────────────────────

WHICH_TERM_GOES = Choice(
    "cross-entropy-which-term-goes",
    "The term that goes",
    options=[
        Option(
            r"$D_{\mathrm{KL}}(p^* \,\|\, p) = H(p^*, p) - H(p^*)$, and $H(p^*)$ is free of $w$: it may go.",
            "The truth has no parameters of ours. A constant moves no minimum.",
            right=True,
        ),
        Option(
            r"$D_{\mathrm{KL}}(p^* \,\|\, p) = H(p^*, p) - H(p)$, and the entropy of the model is small: it may go.",
            r"The entropy in the difference is that of the *truth*. The entropy of the model does depend on $w$, "
            r"and could not be dropped however small.",
        ),
        Option(
            r"$H(p^*) = 0$, because labels are certain, so the two are equal.",
            "They have the same minimiser even where the labels are uncertain. The term goes because it is *constant*, "
            "not because it is zero.",
        ),
        Option(
            r"They are not the same: the minimisers differ by $H(p^*)$.",
            r"The *values* differ by $H(p^*)$. The places where they are lowest do not.",
        ),
    ],
    hints=["Write the logarithm of the quotient as a difference.", "Which of the two expectations contains $w$?"],
    solution=r"$\mathbb{E}_{p^*}[\log p^* - \log p] = H(p^*, p) - H(p^*)$. Nature's distribution does not depend on "
    r"our parameters, so $H(p^*)$ is the same number for every $w$, and a constant moves no minimum. It is also the "
    "term that nobody could compute.",
)

AND_LIKELIHOOD = Choice(
    "cross-entropy-and-likelihood",
    "Cross-entropy and likelihood",
    options=[
        Option(
            r"The cross-entropy of a dataset is $-\frac1N$ times its log-likelihood, so what minimises the one "
            "maximises the other.",
            "Logarithm, minus sign and $1/N$ do not move the optimum.",
            right=True,
        ),
        Option(
            "It justifies training a classifier by $-\\log$ of the probability that it gave to the observed class.",
            "Among the distributions it can express, the classifier then makes the data as probable as possible.",
            right=True,
        ),
        Option(
            "It justifies the choice of the network: with cross-entropy any network comes close to the truth.",
            "The principle picks the best member of *your* family. Whether the family holds a good one is another "
            "question.",
        ),
        Option(
            "The two agree only when the model is right, that is, when some $w$ gives $p^*$ itself.",
            "They are the same function up to sign and factor, right model or not.",
        ),
    ],
    hints=["Take the logarithm of the product over the examples.", "Two of the four hold."],
    solution=r"$-\frac1N \log \prod_i p(y_i \mid x_i, w) = \frac1N \sum_i -\log p(y_i \mid x_i, w)$, so the two have "
    "one optimum on every dataset and for every family. The principle of maximum likelihood is what justifies "
    "cross-entropy as the loss of a classifier that outputs probabilities. It does not choose the family.",
)

FLOOR = Numeric(
    "cross-entropy-floor",
    "The floor of the loss",
    answer=float(information.entropy([0.8, 0.2])),
    tolerance=0.005,
    unit="nats",
    mistakes=[
        Mistake(0, "Even a model that knows the bag is surprised by a blue marble now and then."),
        Mistake(
            float(information.entropy([0.8, 0.2], base=2)), "That is the entropy in *bits*. Use the natural logarithm."
        ),
        Mistake(-math.log(0.8), "That is the surprise at a *red* marble. One in five is blue."),
        Mistake(-math.log(0.2), "That is the surprise at a *blue* marble. Four in five are red."),
        Mistake(-0.8 * math.log(0.8), "That is the part of the red marbles alone. The blue ones have a term as well."),
        Mistake(-0.2 * math.log(0.2), "That is the part of the blue marbles alone. The red ones have a term as well."),
        Mistake(math.log(2), "That is what a model pays that calls both colours equally likely. One can do better."),
        Mistake(-math.log(0.8 * 0.2), "You added the two surprisals. Each counts as often as its colour is drawn."),
        Mistake(-math.log(0.8 * 0.2) / 2, "That is the plain mean of the two surprisals. Red is drawn far more often."),
    ],
    hints=[
        "The cross-entropy is the entropy plus a divergence. How small can the divergence be?",
        r"$H(p^*) = -0.8 \log 0.8 - 0.2 \log 0.2$.",
    ],
    solution=r"$H(p^*, p) = H(p^*) + D_{\mathrm{KL}}(p^* \,\|\, p) \ge H(p^*) = -0.8\log 0.8 - 0.2\log 0.2 \approx "
    r"0.500$, with equality for $p = p^*$.",
)

ONE_LABEL = Numeric(
    "cross-entropy-one-label",
    "One binary label",
    answer=float(classification.binary_cross_entropy([0.8], [0.0])),
    tolerance=0.01,
    unit="nats",
    mistakes=[
        Mistake(-math.log(0.8), r"That is the loss for $y = 1$. Here the label is 0, so $1 - \hat p$ counts."),
        Mistake(math.log(0.2), "The logarithm of a probability is negative; the loss has a minus sign in front."),
        Mistake(0.8, r"That is $\hat p - y$, the gradient with respect to the logit."),
        Mistake(0.2, r"That is the *likelihood* $1 - \hat p$. Take minus its logarithm."),
        Mistake(0.8 / (0.8 * 0.2), r"That is the gradient with respect to $\hat p$. The loss itself is asked for."),
        Mistake(
            -math.log(0.8) - math.log(0.2), "You added both terms. With a label of 0 the one with $y$ in front is zero."
        ),
        Mistake(0.8**2, r"That is the squared error $(\hat p - y)^2$. Cross-entropy takes a logarithm."),
        Mistake(-math.log2(0.2), "That is the loss in bits."),
    ],
    hints=[r"Which of the two terms $-y\log\hat p - (1 - y)\log(1 - \hat p)$ survives?", r"$-\log(1 - 0.8)$."],
    solution=r"$-\log(1 - 0.8) = \log 5 \approx 1.609$: the model gave the outcome one chance in five.",
)

TO_THE_LOSS = Order(
    "cross-entropy-to-the-loss",
    "From the probability of the data to the loss",
    steps={
        "product": r"Independent examples, and a $p(x)$ free of $w$: maximise $\prod_i p(y_i \mid x_i, w)$.",
        "log": r"The logarithm is increasing: maximise $\log \prod_i p(y_i \mid x_i, w)$.",
        "sum": r"It turns a product into a sum: maximise $\sum_i \log p(y_i \mid x_i, w)$.",
        "minus": r"Change the sign: minimise $-\sum_i \log p(y_i \mid x_i, w)$.",
        "mean": r"Divide by $N$: minimise $\frac1N \sum_i -\log p(y_i \mid x_i, w)$.",
    },
    mistakes=[
        Mistake(
            ("log", "product"), "There is nothing to take the logarithm of yet: first the examples' probabilities."
        ),
        Mistake(("sum", "log"), "A product becomes a sum only once the logarithm has been taken."),
        Mistake(("minus", "sum"), "The line with the minus sign already has the sum: split the logarithm first."),
        Mistake(("mean", "minus"), "The line with $1/N$ is already a minimum: change the sign first."),
    ],
    hints=["It begins with independence.", "Product, log, sum, minus sign, $1/N$."],
    solution=r"Only the first step assumes something: that the examples are independent, and that the model's "
    r"$p(x)$ is free of $w$, so that its factors may go. The others do not move the optimum.",
)

WHAT_MAP_MAXIMISES = Choice(
    "cross-entropy-what-map-maximises",
    "What MAP maximises",
    options=[
        Option(
            r"The likelihood of $w$ given $D$",
            r"The likelihood is $p(D \mid w)$, and what maximises it is the MLE.",
        ),
        Option(
            r"The posterior $p(w \mid D)$, which is proportional to likelihood times prior",
            "Minus its logarithm is the loss plus a penalty.",
            right=True,
        ),
        Option("The prior $p(w)$", "That would ignore the data."),
        Option(
            "The probability that $w$ is right",
            "For a continuous parameter the probability of any single value is 0. MAP maximises a *density*, which is "
            "why it depends on the parameterisation.",
        ),
    ],
    hints=["Bayes' rule has a likelihood, a prior and a posterior. The name says which."],
    solution=r"$p(w \mid D) \propto p(D \mid w)\,p(w)$: the posterior. With a flat prior it is largest where the "
    "likelihood is, and only then do MAP and MLE agree for every dataset.",
)

MEAN_AND_PENALTY = Choice(
    "cross-entropy-mean-and-penalty",
    "From the sum to the mean",
    options=[
        Option(r"$\lambda' = \lambda / N$", "Both terms are divided, so the whole objective is.", right=True),
        Option(
            r"$\lambda' = \lambda$",
            "Then only the loss is divided: the penalty has become $N$ times as strong beside it.",
        ),
        Option(r"$\lambda' = N \lambda$", "The wrong way: the loss got smaller, so the penalty has to as well."),
        Option(
            r"Any: $1/N$ does not move the argmin",
            "Not if it multiplies the *whole* objective. Here it multiplies one of two terms.",
        ),
    ],
    hints=["Divide the whole objective by $N$."],
    solution=r"$\frac1N\bigl(\sum_i \ell_i + \lambda \lVert w \rVert^2\bigr)$ has the same minimiser, and the penalty "
    r"in it is $\frac{\lambda}{N}\lVert w \rVert^2$.",
)

# ── Exercises ────────────────────────────────────────────────────────────────────────────────────────────────────────

JOINT_TERMS = Paper(
    "cross-entropy-joint-terms",
    "The joint divergence",
    hints=[
        r"Write $\log \frac{p^*(x, y)}{p(y \mid x, w)\,p(x)}$ as a sum of three logarithms.",
        "Which of the three expectations contain $w$?",
    ],
    solution=r"""By the product rule $p(x, y \mid w) = p(y \mid x, w)\,p(x)$, so

$$
\begin{aligned}
D_{\mathrm{KL}} &= \mathbb{E}_{p^*}[\log p^*(x, y)] \\
&\quad - \mathbb{E}_{p^*}[\log p(y \mid x, w)] \\
&\quad - \mathbb{E}_{p^*}[\log p(x)] .
\end{aligned}
$$

The first term is $-H(p^*)$, the third is the cross-entropy of the features. Neither contains $w$. If both are finite,
they shift the objective by a constant, and the second term alone decides: it is the conditional cross-entropy.

If $w$ shapes $p(x \mid w)$ as well, the third term depends on $w$ and may not be dropped. The joint fit then
compromises between describing the features and describing the targets; a conditional fit does not care for
the features.""",
)

SHARE_OF_UPS = Paper(
    "cross-entropy-share-of-ups",
    "The best probability is the share",
    hints=[
        "Take the logarithm first.",
        r"The derivative of $n_1 \log w + n_0 \log(1 - w)$ is $\frac{n_1}{w} - \frac{n_0}{1 - w}$.",
        "Is there a way without calculus, with a divergence that cannot be negative?",
    ],
    solution=r"""The log-likelihood $n_1 \log w + n_0 \log(1 - w)$ has the derivative
$\frac{n_1}{w} - \frac{n_0}{1 - w}$, which is zero exactly where $n_1 (1 - w) = n_0 w$, at
$w = \frac{n_1}{n_1 + n_0}$. The second derivative, $-\frac{n_1}{w^2} - \frac{n_0}{(1 - w)^2}$, is negative everywhere,
so this is the only maximum.

Without calculus: minus the log-likelihood over $N$ is $H(\hat p_D, p) = H(\hat p_D) + D_{\mathrm{KL}}(\hat p_D \,\|\,
p)$, and the divergence is smallest, 0, only for $p = \hat p_D$.

For $n_0 = 0$ the likelihood is $w^{n_1}$, largest at the edge $w = 1$, where no derivative vanishes. In log-odds
there is then no maximum at all: the supremum is approached as $s \to \infty$.""",
)

OF_PAIRS = Numeric(
    "cross-entropy-of-pairs",
    "Twenty pairs",
    answer=(4 + 2 * 12) / 40,
    tolerance=0.005,
    mistakes=[
        Mistake(1.4, r"That is the mean number of points up *per pair*, which is $2w$."),
        Mistake(0.8, "That is the share of pairs with at least one point up. A pair with two counts double."),
        Mistake(0.6, "That is the share of pairs with *two* points up. The mixed pairs add to it."),
        Mistake(0.2, "That is the share of *mixed* pairs. Ask for the share of single throws."),
        Mistake(0.75, "You left the mixed pairs out. Each of them holds one throw up and one down."),
        Mistake(
            math.sqrt(12 / 20), "You matched the probability of two up alone. The likelihood uses all twenty pairs."
        ),
        Mistake(
            1 - math.sqrt(4 / 20),
            "You matched the probability of none up alone. The likelihood uses all twenty pairs.",
        ),
        Mistake(12 / 40, "That is the share of throws that landed point *down*."),
        Mistake(28, "That is the *number* of throws that landed point up. Divide it by that of all throws."),
        Mistake(28 / 12, r"That is the *odds*, 28 up to 12 down. The probability is up among all throws."),
        Mistake(
            16 / 40, "You counted a pair with two points up once. It holds two throws that landed point up, as it says."
        ),
    ],
    hints=["How many single throws are there, and how many of them landed point up?", "28 of 40."],
    solution=r"The likelihood is $\bigl((1 - w)^2\bigr)^{4} \bigl(2w(1 - w)\bigr)^4 \bigl(w^2\bigr)^{12} \propto "
    r"w^{28}(1 - w)^{12}$, so $w = \frac{28}{40} = 0.7$, although no binomial distribution fits these pairs well.",
)


def _padded(loss: Callable[..., Any], hint: str) -> list[Mistake]:
    """A loss of probabilities that adds a little to them before it takes the logarithm, or cuts them off below."""

    def added(epsilon: float) -> Callable[..., Any]:
        return lambda *given: loss(*given, lambda p: np.log(p + epsilon))

    def cut(epsilon: float) -> Callable[..., Any]:
        return lambda *given: loss(*given, lambda p: np.log(np.maximum(p, epsilon)))

    ways = [(added, "Adding {}", size) for size in (1e-12, 1e-10, 1e-9, 1e-8, 1e-7, 1e-6, 1e-5)]
    ways += [(cut, "Cutting off at {}", size) for size in (1e-8, 1e-7, 1e-6, 1e-5)]  # the cases go down to 1e-9
    return [Mistake(way(epsilon), hint.format(word.format(f"{epsilon:g}"))) for way, word, epsilon in ways]


def dataset_cross_entropy(counts: np.ndarray, q: np.ndarray) -> float:
    """Average of −log q; counts[k] examples had outcome k."""
    return -np.sum(counts * np.log(q)) / np.sum(counts)


def _dataset_cross_entropy(counts: np.ndarray, q: np.ndarray) -> Floats | float:
    return information.cross_entropy(counts / np.sum(counts), q)


DATASET_CODE = Code(
    "cross-entropy-dataset-code",
    "Cross-entropy from counts",
    reference=dataset_cross_entropy,
    equals=_dataset_cross_entropy,
    cases=[
        case([1.0, 1.0], [0.5, 0.5]),
        case([3.0, 1.0], [0.5, 0.5]),
        case([10.0, 2.0, 8.0], [0.25, 0.5, 0.25]),
        case([2.0, 5.0, 1.0], [0.2, 0.7, 0.1]),
        case([3.0, 1.0], [1 - 1e-9, 1e-9]),
    ],
    mistakes=[
        Mistake(
            lambda counts, q: -np.sum(counts * np.log(q)),
            "That is the *sum* of the losses. The average divides by the number of examples.",
        ),
        Mistake(
            lambda counts, q: np.sum(counts * np.log(q)) / np.sum(counts),
            "The sign: that is the average log-likelihood, which is negative.",
        ),
        Mistake(
            lambda counts, q: -np.mean(counts * np.log(q)),
            "You divide by the number of *outcomes*. Divide by the number of examples, the sum of the counts.",
        ),
        Mistake(
            lambda counts, q: -np.sum(counts * np.log2(q)) / np.sum(counts),
            "That is in bits. Use the natural logarithm.",
        ),
        Mistake(
            lambda counts, q: -np.sum(counts * np.log10(q)) / np.sum(counts),
            "That is with the logarithm to base 10. `np.log` is the natural one.",
        ),
        Mistake(
            lambda counts, q: -np.sum(counts * q) / np.sum(counts),
            "The logarithm is missing: that is minus the average probability.",
        ),
        Mistake(
            lambda counts, q: np.prod(q**counts),
            "That is the likelihood of the data. Minus its logarithm, divided by the number of examples, is asked for.",
        ),
        Mistake(
            lambda counts, q: -np.sum(np.log(q)),
            "You add up one loss for each *outcome*. Each counts as often as it occurred. The average is asked for.",
        ),
        *_padded(
            lambda counts, q, log: -np.sum(counts * log(q)) / np.sum(counts),
            "{} changes what a rare outcome costs, and no `q` is 0. Take the logarithm of `q` itself.",
        ),
        Mistake(
            lambda counts, q: -np.mean(np.log(q)),
            "You average over the *outcomes*, each once. Each counts as often as it occurred.",
        ),
        Mistake(
            lambda counts, q: -np.log(np.sum(counts * q) / np.sum(counts)),
            "That is the logarithm of the average probability. The average of the logarithms is asked for.",
        ),
        Mistake(
            lambda counts, q: np.exp(-np.sum(counts * np.log(q)) / np.sum(counts)),
            "That is the perplexity, e to the power of the cross-entropy. Leave the power out.",
        ),
        Mistake(
            lambda counts, q: np.sum(counts / np.sum(counts) * np.log(counts / np.sum(counts) / q)),
            "That is the divergence: you have taken the entropy of the data off.",
        ),
        Mistake(
            lambda counts, q: -np.sum(counts / np.sum(counts) * np.log(counts / np.sum(counts))),
            "That is the entropy of the *data*: the model's `q` does not occur in it.",
        ),
        Mistake(
            lambda counts, q: -np.sum(q * np.log(q)),
            "That is the entropy of the *model*: the data's counts do not occur in it.",
        ),
        Mistake(
            lambda counts, q: -np.sum(q * np.log(counts / np.sum(counts))),
            "The roles are swapped: the *data* weight the terms, the logarithm is of the *model*.",
        ),
    ],
    hints=[r"All `counts[k]` examples with outcome $k$ cost the same, $-\log q_k$.", "`np.sum(counts)` is $N$."],
    solution=r"The weights $n_k/N$ are the empirical distribution, so this is $H(\hat p_D, q)$.",
)


def broken_bce(p: np.ndarray, y: np.ndarray) -> np.ndarray:
    """One binary cross-entropy per example, from probabilities of a 1."""
    return y * np.log(p) + (1 - y) * np.log(p)


def repaired_bce(p: np.ndarray, y: np.ndarray) -> np.ndarray:
    """One binary cross-entropy per example, from probabilities of a 1."""
    return -y * np.log(p) - (1 - y) * np.log(1 - p)


def _of_the_labels(p: np.ndarray, y: np.ndarray) -> np.ndarray:
    with quiet():
        return -p * np.log(y) - (1 - p) * np.log(1 - y)


def _bce(p: np.ndarray, y: np.ndarray) -> Floats | float:
    return classification.binary_cross_entropy(p, y, reduction="none")


BCE_REPAIR = Code(
    "cross-entropy-bce-repair",
    "Two mistakes in one line",
    reference=repaired_bce,
    starter=broken_bce,
    equals=_bce,
    cases=[case([0.8], [1.0]), case([0.8], [0.0]), case([0.3, 0.9, 0.6], [0.0, 1.0, 0.0]), case([1e-9], [1.0])],
    mistakes=[
        Mistake(
            lambda p, y: y * np.log(p) + (1 - y) * np.log(1 - p),
            "One is repaired. Now look at the sign: your loss is negative, and lowest for the worst prediction.",
        ),
        Mistake(
            lambda p, y: -y * np.log(p) - (1 - y) * np.log(p),
            r"The sign is right now. But your loss does not depend on the label: it is $-\log \hat p$ for both. A 0 "
            r"has the probability $1 - \hat p$.",
        ),
        Mistake(
            lambda p, y: -y * np.log(p) + (1 - y) * np.log(1 - p),
            "The minus sign belongs to both terms.",
        ),
        Mistake(
            lambda p, y: y * np.log(p) - (1 - y) * np.log(1 - p),
            "The first term has lost its minus sign: a label 1 would *reward* a wrong prediction.",
        ),
        Mistake(
            lambda p, y: (p - y) ** 2,
            "That is the squared error, the Brier score of one example. Cross-entropy takes logarithms.",
        ),
        *_padded(
            lambda p, y, log: -y * log(p) - (1 - y) * log(1 - p),
            "Both mistakes are gone. But: {} changes what a sure mistake costs, and no prediction here is 0 or 1.",
        ),
        Mistake(
            lambda p, y: -y * np.log(p) + (1 - y) * np.log(p),
            r"The first term is right. The second still has both mistakes: its sign, and $\hat p$ for $1 - \hat p$.",
        ),
        Mistake(
            lambda p, y: -y * np.log(p) - (1 - y) * (1 - np.log(p)),
            r"Mind the brackets: $\log(1 - \hat p)$ is not $1 - \log\hat p$.",
        ),
        Mistake(
            _of_the_labels,
            "The two are swapped: the logarithm is of the prediction. That of a label is 0 or infinite.",
        ),
        Mistake(
            lambda p, y: p**y * (1 - p) ** (1 - y),
            "That is the likelihood of each label. The loss is minus its logarithm.",
        ),
        Mistake(
            lambda p, y: np.mean(-y * np.log(p) - (1 - y) * np.log(1 - p)),
            "Both mistakes are gone. But you average, and one loss per example was asked for.",
        ),
        Mistake(
            lambda p, y: np.sum(-y * np.log(p) - (1 - y) * np.log(1 - p)),
            "Both mistakes are gone. But you add up, and one loss per example was asked for.",
        ),
        Mistake(
            lambda p, y: -y * np.log(p),
            "That is the branch of the label 1 alone: a label 0 would cost nothing, whatever the prediction.",
        ),
        Mistake(
            lambda p, y: -(1 - y) * np.log(1 - p),
            "That is the branch of the label 0 alone: a label 1 would cost nothing, whatever the prediction.",
        ),
        Mistake(
            lambda p, y: -y * np.log(1 - p) - (1 - y) * np.log(p),
            r"The labels are swapped: $\hat p$ is the probability of a *1*.",
        ),
        Mistake(
            lambda p, y: -y * np.log2(p) - (1 - y) * np.log2(1 - p),
            "Both mistakes are gone, and two logarithms have become those of base 2. The loss was in nats.",
        ),
        Mistake(
            lambda p, y: -y * np.log10(p) - (1 - y) * np.log10(1 - p),
            "Both mistakes are gone, and two logarithms have become those of base 10. `np.log` is the natural one.",
        ),
        Mistake(
            lambda p, y: -y * np.log(p) - 1 - y * np.log(1 - p),
            "Mind the brackets: the second logarithm is multiplied by the whole of `(1 - y)`.",
        ),
        Mistake(
            lambda p, y: -np.log(p + (1 - p)) * y,
            "The probabilities of the two labels always add up to 1. The Bernoulli likelihood is a product of powers.",
        ),
    ],
    hints=["Test it with a label 0 and a good prediction, say 0.1. What should come out?", "One sign, one logarithm."],
    solution=r"The likelihood is $\hat p^{\,y}(1 - \hat p)^{1 - y}$, not $\hat p^{\,y}\hat p^{\,1 - y}$, and the loss "
    "is *minus* its logarithm.",
)

HOW_MANY = Numeric(
    "cross-entropy-how-many",
    "How many examples",
    answer=(0.6 / 0.02) ** 2,
    tolerance=0.05,
    mistakes=[
        Mistake(30, "That is the ratio of the two. The error shrinks with the *square root* of $N$: square it."),
        Mistake(
            (2 * 0.6 / 0.02) ** 2,
            "That makes *two* standard errors equal to 0.02, a stricter demand than the one asked for.",
        ),
        Mistake(
            (1.96 * 0.6 / 0.02) ** 2,
            "That makes *1.96* standard errors equal to 0.02, for an interval of 95%. One was asked for.",
        ),
        Mistake(0.6 / 0.02**2, "The standard deviation has to be squared as well."),
        Mistake(0.6**2 / 0.02, "The wanted standard error has to be squared as well."),
        Mistake(math.sqrt(30), "You took the root where the square belongs."),
        Mistake(
            (0.6 / 0.04) ** 2,
            "That lets the error be 0.04, twice as large as asked. Twice the error takes a *quarter* of the examples.",
        ),
    ],
    hints=[r"The standard error is $\operatorname{sd}/\sqrt N$.", r"$0.6/\sqrt N = 0.02$."],
    solution=r"$\sqrt N = \frac{0.6}{0.02} = 30$, so $N = 900$. For a tenth of that error it takes 90 000.",
)

MAP_OF_FIVE = Numeric(
    "cross-entropy-map-of-five",
    "MAP after five throws",
    answer=float(beta_mode([3.0 + 4], [3.0 + 1])[0]),
    tolerance=0.005,
    mistakes=[
        Mistake(4 / 5, "That is the MLE. The prior is missing."),
        Mistake(7 / 11, "That is the *mean* of the posterior Beta(7, 4). Its mode takes 1 off each parameter."),
        Mistake(0.5, "That is the mode of the *prior*. The data are missing."),
        Mistake(7 / 9, "The numerator: 1 comes off the first parameter, $7 - 1$."),
        Mistake(6 / 11, "The denominator: 1 comes off each parameter, so 2 off their sum."),
        Mistake(6 / 10, "The denominator: 1 comes off *each* parameter, so 2 off their sum, and not 1."),
        Mistake(4 / 9, r"The numerator: the prior counts there too, as $a - 1 = 2$ throws that landed up."),
        Mistake(1 / 3, r"That is the MAP probability of point *down*."),
        Mistake(
            5 / 7,
            "That is MAP under Beta(2, 2), or the posterior mean under a flat prior. A Beta(3, 3) is worth $a - 1 = 2$ "
            "throws up and 2 down.",
        ),
    ],
    hints=["The posterior is Beta(3 + 4, 3 + 1).", r"The mode of Beta$(a, b)$ is $\frac{a - 1}{a + b - 2}$."],
    solution=r"The posterior is Beta(7, 4), whose mode is $\frac{7 - 1}{7 + 4 - 2} = \frac69 \approx 0.667$. The prior "
    "counts as two more throws up and two more down.",
)


def map_pin(up: float, down: float, a: float, b: float) -> float:
    """MAP estimate of the probability of "up" under Beta(a, b)."""
    return (a - 1 + up) / (a + b - 2 + up + down)


def _map_estimate(up: float, down: float, a: float, b: float) -> float:
    return float(beta_mode([a + up], [b + down])[0])


MAP_CODE = Code(
    "cross-entropy-map-code",
    "MAP of a pin",
    reference=map_pin,
    equals=_map_estimate,
    cases=[
        case(3.0, 0.0, 2.0, 2.0),
        case(0.0, 0.0, 2.0, 5.0),
        case(4.0, 1.0, 3.0, 3.0),
        case(10.0, 30.0, 1.5, 4.0),
    ],
    mistakes=[
        Mistake(
            lambda up, down, a, b: up / (up + down),
            "That is the MLE: `a` and `b` do not occur in it.",
        ),
        Mistake(
            lambda up, down, a, b: (a + up) / (a + b + up + down),
            "That is the *mean* of the posterior. The mode takes 1 off each parameter.",
        ),
        Mistake(
            lambda up, down, a, b: (1 + up) / (2 + up + down),
            "Your prior is Beta(2, 2) whatever `a` and `b` are: neither occurs in it.",
        ),
        Mistake(
            lambda up, down, a, b: (a - 1 + up) / (up + down),
            "The denominator: the prior's `a - 1` and `b - 1` throws count there too.",
        ),
        Mistake(
            lambda up, down, a, b: up / (a + b - 2 + up + down),
            "The numerator: the prior's `a - 1` throws that landed up count there too.",
        ),
        Mistake(
            lambda up, down, a, b: (a - 1 + up) / (b - 1 + down),
            "Those are the *odds* of up to down. The estimate is the share of ups among all.",
        ),
        Mistake(
            lambda up, down, a, b: (a - 1 + down) / (a + b - 2 + up + down),
            "`up` and `down` are swapped: `a` goes with `up`.",
        ),
        Mistake(
            lambda up, down, a, b: (a - 1 + up) / a + b - 2 + up + down,
            "Mind the brackets: the whole of `a + b - 2 + up + down` divides.",
        ),
        Mistake(
            lambda up, down, a, b: a - 1 + up / a + b - 2 + up + down,
            "Mind the brackets, above and below: one sum is divided by another.",
        ),
        Mistake(
            lambda up, down, a, b: (a - 1) / (a + b - 2),
            "That is the mode of the prior. The throws do not occur in it.",
        ),
        Mistake(
            lambda up, down, a, b: (a - 1 + up) / (a + b - 1 + up + down),
            "The denominator: 1 comes off *both* parameters, so 2 off their sum.",
        ),
        Mistake(
            lambda up, down, a, b: (a - 1 + up) / (a + b + up + down),
            "The denominator: the two 1s that come off the parameters are missing there.",
        ),
        Mistake(
            lambda up, down, a, b: (a + up) / (a + b - 2 + up + down),
            "The numerator: 1 comes off the first parameter there too.",
        ),
        Mistake(
            lambda up, down, a, b: (b - 1 + up) / (a + b - 2 + up + down),
            "`a` and `b` are swapped: `a` belongs to the ups.",
        ),
        Mistake(
            lambda up, down, a, b: (b - 1 + down) / (a + b - 2 + up + down),
            "That is the MAP probability of *down*.",
        ),
        Mistake(
            lambda up, down, a, b: a - 1 + up / (a + b - 2 + up + down),
            "Mind the brackets: the whole sum `a - 1 + up` is divided.",
        ),
    ],
    hints=["The posterior is a Beta distribution again. With which parameters?", "`a + up` and `b + down`."],
    solution=r"$\text{posterior} \propto w^{n_1}(1 - w)^{n_0} \cdot w^{a - 1}(1 - w)^{b - 1}$, a Beta distribution "
    r"with parameters $a + n_1$ and $b + n_0$; insert them into the mode.",
)


def map_gradient(
    w: np.ndarray,
    x: np.ndarray,
    y: np.ndarray,
    tau: float,
) -> np.ndarray:
    """Gradient of the mean logistic loss plus w·w/(2 tau² N), like w."""
    p = 1 / (1 + np.exp(-(x @ w)))
    return (x.T @ (p - y) + w / tau**2) / len(y)


def _map_gradient(w: np.ndarray, x: np.ndarray, y: np.ndarray, tau: float) -> Floats:
    slopes = classification.binary_cross_entropy_with_logits_grad(x @ w, y)
    return np.asarray(slopes @ x + w / (tau**2 * len(y)))


def _with_the_slope_of_the_sigmoid(w: np.ndarray, x: np.ndarray, y: np.ndarray, tau: float) -> np.ndarray:
    p = 1 / (1 + np.exp(-(x @ w)))
    return np.asarray((x.T @ ((p - y) * p * (1 - p)) + w / tau**2) / len(y))


MAP_GRADIENT_CODE = Code(
    "cross-entropy-penalised-gradient-code",
    "The gradient with a prior",
    reference=map_gradient,
    equals=_map_gradient,
    cases=[
        case([0.5], [[1.0], [2.0]], [1.0, 0.0], tau=0.5),
        case([1.0, -1.0], [[1.0, 0.0], [0.5, 2.0], [-1.0, 1.0]], [1.0, 0.0, 1.0], tau=2.0),
        case([0.0, 3.0], [[1.0, 1.0], [0.5, -2.0]], [0.0, 0.0], tau=1.5),
    ],
    mistakes=[
        Mistake(
            lambda w, x, y, tau: x.T @ (1 / (1 + np.exp(-(x @ w))) - y) / len(y),
            "That is the gradient of the loss. The prior's part is missing.",
        ),
        Mistake(
            lambda w, x, y, tau: x.T @ (1 / (1 + np.exp(-(x @ w))) - y) / len(y) + w / tau**2,
            "The penalty was to be divided by $N$ as well: without that, its prior would narrow as data come in.",
        ),
        Mistake(
            lambda w, x, y, tau: (x.T @ (y - 1 / (1 + np.exp(-(x @ w)))) + w / tau**2) / len(y),
            r"The sign of the loss's part: the gradient with respect to a logit is $\hat p - y$.",
        ),
        Mistake(
            lambda w, x, y, tau: x.T @ (1 / (1 + np.exp(-(x @ w))) - y) + w / tau**2,
            "That is the gradient of the *sum* plus penalty, $N$ times too long.",
        ),
        Mistake(
            lambda w, x, y, tau: (x.T @ (1 / (1 + np.exp(-(x @ w))) - y) + w / (2 * tau**2)) / len(y),
            r"The derivative of $\frac{1}{2\tau^2}w^2$ is $\frac{w}{\tau^2}$: the 2 cancels.",
        ),
        Mistake(
            lambda w, x, y, tau: (x.T @ (1 / (1 + np.exp(-(x @ w))) - y) + 2 * w / tau**2) / len(y),
            r"The 2 of the square cancels with that of the denominator: $\frac{1}{2\tau^2}w^2$ has the derivative "
            r"$\frac{w}{\tau^2}$.",
        ),
        Mistake(
            lambda w, x, y, tau: (x.T @ (1 / (1 + np.exp(-(x @ w))) - y) + w / tau) / len(y),
            r"The variance of the prior is $\tau^2$, so the penalty divides by $\tau^2$.",
        ),
        Mistake(
            lambda w, x, y, tau: (x.T @ (1 / (1 + np.exp(-(x @ w))) - y) + w * tau**2) / len(y),
            r"A wide prior is a *weak* penalty: it divides by $\tau^2$.",
        ),
        Mistake(
            lambda w, x, y, tau: (x.T @ (1 / (1 + np.exp(-(x @ w))) - y) - w / tau**2) / len(y),
            "The sign of the prior's part: the penalty grows away from 0, so its gradient points along $w$.",
        ),
        Mistake(
            lambda w, x, y, tau: w / (tau**2 * len(y)),
            "That is the prior's part alone. The gradient of the losses is missing.",
        ),
        Mistake(
            lambda w, x, y, tau: (x.T @ (1 / (1 + np.exp(-(x @ w))) - y) + w / tau**2) / len(w),
            "You divide by the number of *weights*. $N$ is the number of examples, the rows of `x`.",
        ),
        Mistake(
            lambda w, x, y, tau: (x.T @ (1 / (1 + np.exp(-(x @ w))) - y) + w / (tau**2 * len(y))) / len(y),
            "You divide the penalty by $N$ twice.",
        ),
        Mistake(
            lambda w, x, y, tau: (x.T @ (1 / (1 + np.exp(-(x @ w))) - y) + w @ w / tau**2) / len(y),
            r"That holds the squared length itself. The gradient of $\frac12\lVert w \rVert^2$ is $w$.",
        ),
        Mistake(
            lambda w, x, y, tau: (x.T @ (1 / (1 + np.exp(-(x @ w))) - y) + np.sign(w) / tau) / len(y),
            "That is the slope of an absolute value: a Laplace prior, L1. Here the prior is normal.",
        ),
        Mistake(
            _with_the_slope_of_the_sigmoid,
            r"The factor $\hat p(1 - \hat p)$ belongs to a squared error. With cross-entropy it has cancelled.",
        ),
        Mistake(
            lambda w, x, y, tau: x.T @ (1 / (1 + np.exp(-(x @ w))) - y) + w / (tau**2 * len(y)),
            "The losses were to be averaged too: you add them up and divide the penalty alone.",
        ),
        Mistake(
            lambda w, x, y, tau: (x.T @ (1 / (1 + np.exp(x @ w)) - y) + w / tau**2) / len(y),
            r"The sign inside the sigmoid: $\hat p = \frac{1}{1 + e^{-s}}$.",
        ),
        Mistake(
            lambda w, x, y, tau: (x.T @ (x @ w - y) + w / tau**2) / len(y),
            r"You took the logit for the prediction. It is $\hat p = \sigma(s)$ that is compared with $y$.",
        ),
        Mistake(
            lambda w, x, y, tau: -(x.T @ (1 / (1 + np.exp(-(x @ w))) - y) + w / tau**2) / len(y),
            "That is minus the gradient, the direction of a step. The gradient points uphill.",
        ),
    ],
    hints=[
        r"With respect to the logits the gradient of the sum is $\hat p - y$. The chain rule brings $x^\top$ in.",
        r"The derivative of $\frac{1}{2\tau^2 N}\lVert w \rVert^2$ is $\frac{w}{\tau^2 N}$.",
    ],
    solution=r"At the optimum $x^\top(y - \hat p) = w/\tau^2$: the examples' pushes balance the pull of the prior.",
)

FLAT_OVER_WHAT = Numeric(
    "cross-entropy-flat-over-what",
    "Flat, but over what?",
    answer=(7 + 1) / (9 + 2),
    tolerance=0.005,
    mistakes=[
        Mistake(
            7 / 9, r"That is the MLE, and the mode over $w$. Over the log-odds the density has the factor $w(1 - w)$."
        ),
        Mistake(8 / 3, r"That is the *odds* $\frac{w}{1 - w}$ at the mode."),
        Mistake(math.log(8 / 3), r"Those are the log-odds at the mode. Turn them into $w$."),
        Mistake(3 / 11, "That is the probability of *down* there."),
        Mistake(math.log(7 / 2), "Those are the log-odds of the MLE. Its mode over the log-odds is another pin."),
        Mistake(
            8 / 10, "One is added to the ups only. The factor $w(1 - w)$ adds one to the exponent of $1 - w$ as well."
        ),
        Mistake(
            7 / 11, "The exponent of $w$ grows too, from 7 to 8: the numerator counts one more, not the sum alone."
        ),
        Mistake(
            6 / 7, r"You divided by $w(1 - w)$. The density over $s$ is the density over $w$ *times* $\frac{dw}{ds}$."
        ),
    ],
    hints=[
        r"The posterior over $w$ is proportional to $w^7(1 - w)^2$. What becomes of a density when the axis changes?",
        r"Over the log-odds it is proportional to $w^8(1 - w)^3$.",
    ],
    solution=r"The posterior over $w$ is proportional to $w^7(1 - w)^2$, largest at $\frac79 \approx 0.778$. Over $s$ "
    r"the density gets the factor $\frac{dw}{ds} = w(1 - w)$: it is proportional to $w^8(1 - w)^3$, largest at "
    r"$w = \frac{8}{11} \approx 0.727$. MAP agrees with MLE only if the prior is flat over the very parameter that you "
    "maximise over.",
)

LAPLACE_PRIOR = Paper(
    "cross-entropy-laplace-prior",
    "Why L1 gives zeros",
    hints=[
        r"Minus the logarithm of the Laplace density is $\frac{|w|}{b}$ plus a constant. "
        r"Take $m > 0$ and look at $w > 0$ first.",
        r"At $w = 0$ compare the slopes on the left and on the right.",
    ],
    solution=r"""The objective is $\frac12(w - m)^2 + \frac1b |w|$, up to a constant. Let $m \ge 0$; the other case is
its mirror image. For $w < 0$ the slope $w - m - \frac1b$ is negative, so the minimiser is not there. For $w > 0$ the
slope is $w - m + \frac1b$.

If $m > \frac1b$, it is zero at $w = m - \frac1b > 0$, negative before and positive after: the minimum, moved towards 0
by $\frac1b$.

If $m \le \frac1b$, it is positive for all $w > 0$. The objective falls up to 0 and rises from there, so the
minimiser is exactly 0.""",
)
