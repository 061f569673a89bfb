r"""Losses over sequences: quick questions first, then exercises on paper, with numbers, with curves and with code."""

from __future__ import annotations

import itertools
import math
import operator

import numpy as np

import lossbook as losses
from lossbook.exercises.kinds import Choice, Code, Mistake, Numeric, Option, Paper, case

# ── Check yourself ───────────────────────────────────────────────────────────────────────────────────────────────────

PERPLEXITY = Numeric(
    "sequences-perplexity-by-hand",
    "Perplexity of three tokens",
    answer=losses.perplexity(np.log([2.0, 4.0, 16.0])),
    mistakes=[
        Mistake(22 / 3, "You averaged 2, 4 and 16. What is averaged is their *logarithm*: the geometric mean."),
        Mistake(3 / (1 / 2 + 1 / 4 + 1 / 16), "You averaged the probabilities. Average the *losses*."),
        Mistake(128, "That is one over the probability of all three. Divide the sum of the losses by 3 first."),
        Mistake(math.exp(7 / 3), "You put a mean in *bits* into $e^x$. With bits it is $2^x$."),
        Mistake(7 / 3, "That is the mean loss in bits. The perplexity is 2 to that power."),
        Mistake(7 / 3 * math.log(2), "That is the mean loss in nats. The perplexity is $e$ to that power."),
        Mistake(7, "That is the *sum* of the losses in bits. Divide by 3, then take 2 to that power."),
        Mistake(4, "That is the median of the three. The perplexity is their geometric mean."),
        Mistake(128 / 3, "You divided by 3 *after* taking 2 to the power of the sum. The mean is taken first."),
        Mistake(22, "You added 2, 4 and 16. Average their logarithms."),
        Mistake(1 / 128, "That is the probability of all three. The perplexity is its root of order $-3$."),
        Mistake(16, "That is what the dearest token costs. All three are in the mean."),
    ],
    hints=["The losses in bits are 1, 2 and 4.", r"Their mean is $\frac73$. What is 2 to that power?"],
    solution=r"$2^{(1 + 2 + 4)/3} = 2^{7/3} = 5.04$, the geometric mean of 2, 4 and 16.",
)

TWO_TOKENISERS = Choice(
    "sequences-two-tokenisers",
    "Two perplexities",
    options=[
        Option(
            "The model of bytes: its perplexity is far smaller.",
            "It is a perplexity per *byte*, the other one per *word*. Bring both to one unit.",
        ),
        Option(
            "The model of words.",
            r"$\log_2 20 / 5 = 0.86$ bits per byte against $\log_2 3 = 1.58$.",
            right=True,
        ),
        Option("They are equally good.", "Compare the bits per byte: $\\log_2 20 / 5$ and $\\log_2 3$."),
        Option(
            "It cannot be said from these numbers.",
            "The length of a word in bytes is given, and with it bits per byte.",
        ),
    ],
    hints=["How many bits does each need for the five bytes of a word?"],
    solution=r"Per word of five bytes the first needs $\log_2 20 = 4.32$ bits, the second $5 \log_2 3 = 7.92$.",
)

BITS = Numeric(
    "sequences-bits-per-byte",
    "From nats per token to bits per byte",
    answer=losses.bits_per_byte([2.0], 4),
    mistakes=[
        Mistake(0.5, "Those are *nats* per byte. A bit is $\\log 2 = 0.693$ nats."),
        Mistake(2 / math.log(2), "Those are bits per *token*. A token has four bytes."),
        Mistake(0.5 * math.log(2), "You multiplied by $\\log 2$. Nats become bits when *divided* by it."),
        Mistake(8 / math.log(2), "You multiplied by four bytes a token. A token's bits are spread over its bytes."),
        Mistake(math.exp(2), "That is the perplexity per token."),
        Mistake(8, "You multiplied by four bytes a token, and these are nats still."),
        Mistake(2 / math.log(2) / 16, "You divided by the four bytes twice."),
        Mistake(0.5 / math.log(10), "That is a logarithm to base 10. Bits are to base 2."),
        Mistake(math.exp(2) / 4, "You divided the *perplexity* by the bytes. Divide the loss."),
        Mistake(math.exp(0.5), "That is a perplexity per byte. Bits per byte are its logarithm to base 2."),
    ],
    hints=["First bits per token, then per byte.", r"$\frac{2}{\log 2}$ bits for four bytes."],
    solution=r"$\frac{2}{4 \log 2} = 0.721$ bits per byte.",
)

COLLAPSED = Choice(
    "sequences-collapsed",
    "A path of “aa”",
    options=[
        Option("a a –", "Repeats are merged first: this is “a”."),
        Option("a – a", "No repeat stands side by side, so nothing is merged; then the blank is dropped.", right=True),
        Option("– a a", "Repeats are merged first: this is “a”."),
        Option("a a a", "All three are merged into one: this is “a”."),
    ],
    hints=["Merge repeats first, then drop blanks."],
    solution="Only in “a – a” a blank keeps the two letters apart.",
)

HELLO = Numeric(
    "sequences-frames-of-hello",
    "How many frames “hello” needs",
    answer=6,
    tolerance=0.01,
    mistakes=[
        Mistake(5, "Then the two l would stand side by side and be merged."),
        Mistake(4, "A letter needs a frame of its own, the second l too."),
        Mistake(11, "That is the number of *states*, with a blank around each letter. Most blanks may be skipped."),
        Mistake(7, "Only one pair of equal letters stands side by side. The first and the last blank may be skipped."),
        Mistake(8, "The first and the last blank may be skipped. Only the two l need one."),
        Mistake(9, "A blank between *different* letters may be skipped."),
        Mistake(10, "That is two frames a letter. Only equal neighbours need something between them."),
    ],
    hints=["One frame for each letter. Where must a blank stand?"],
    solution="Five letters and one blank between the two l make 6 frames. With five the loss is infinite.",
)

SQUARED = Choice(
    "sequences-without-t-squared",
    "A temperature is doubled",
    options=[
        Option("It stays about as large.", "So it is *with* the factor $T^2$."),
        Option("It halves.", "One factor is in the derivative, $1/T$. The difference $\\hat p - q$ falls too."),
        Option(
            "It falls to about a quarter.",
            r"$(\hat p - q)/T$, and $\hat p - q$ itself falls as $1/T$.",
            right=True,
        ),
        Option("It doubles.", "At a higher temperature both distributions come closer to each other."),
    ],
    hints=[r"The derivative is $(\hat p - q)/T$. What does $\hat p - q$ do for a large $T$?"],
    solution=r"It falls as $1/T^2$, to about a quarter. That is what the factor $T^2$ takes back.",
)

# ── Exercises ────────────────────────────────────────────────────────────────────────────────────────────────────────


def accumulated_by_batch(losses: np.ndarray, mask: np.ndarray) -> float:
    """The loss of one update, its micro-batches in the rows.

    losses: one loss per token, padded; mask: 1 for tokens that count.
    """
    total = 0.0
    for i in range(len(losses)):
        total += (losses[i] * mask[i]).sum() / mask[i].sum()
    return total / len(losses)


def accumulated_by_token(losses: np.ndarray, mask: np.ndarray) -> float:
    """The loss of one update, its micro-batches in the rows.

    losses: one loss per token, padded; mask: 1 for tokens that count.
    """
    tokens = mask.sum()
    total = 0.0
    for i in range(len(losses)):
        total += (losses[i] * mask[i]).sum() / tokens
    return total


ACCUMULATION_BUG = Code(
    "sequences-accumulation-bug",
    "Find the bug: micro-batches that are not one batch",
    starter=accumulated_by_batch,
    reference=accumulated_by_token,
    equals=lambda losses_, mask: float((losses_ * mask).sum() / mask.sum()),
    cases=[
        case([[2.0, 0.0], [1.0, 3.0]], [[1, 0], [1, 1]]),
        case([[4.0, 1.0, 1.0], [0.5, 7.0, 7.0]], [[1, 1, 1], [1, 0, 0]]),
        case([[1.0, 2.0, 3.0], [2.0, 2.0, 5.0], [6.0, 1.0, 9.0]], [[1, 1, 1], [1, 1, 0], [1, 1, 0]]),
    ],
    mistakes=[
        Mistake(
            lambda losses, mask: (losses * mask).sum() / len(losses),
            "That is the sum of each micro-batch, divided by their number. Divide by the number of *tokens*.",
        ),
        Mistake(lambda losses, mask: (losses * mask).mean(), "Padding is in the divisor. Count the ones of the mask."),
        Mistake(lambda losses, mask: (losses * mask).sum(), "That is the sum. Divide it once, by all tokens."),
        Mistake(lambda losses, mask: losses.mean(), "The mask is gone: padding counts as a token."),
        Mistake(lambda losses, mask: losses.sum() / mask.sum(), "The padding's losses are in the sum: mask them."),
        Mistake(
            lambda losses, mask: (losses * mask).sum() / mask.sum() / len(losses),
            "Right, and then divided by the number of micro-batches once more.",
        ),
        Mistake(
            lambda losses, mask: ((losses * mask).sum(axis=1) / mask.sum(axis=1)).sum(),
            "That is the sum of the means. A token of a short micro-batch still weighs more.",
        ),
        Mistake(
            lambda losses, mask: (losses[-1] * mask[-1]).sum() / mask.sum(),
            "Only the last micro-batch is left: add to the total, do not replace it.",
        ),
        Mistake(
            lambda losses, mask: ((losses * mask).sum(axis=1) / mask.sum(axis=1)).sum() / mask.sum(),
            "Each micro-batch is still divided by its own tokens first. Divide once, by all tokens.",
        ),
        Mistake(
            lambda losses, mask: (losses * mask).mean(axis=1).sum(),
            "You added up means over all places, padding and all. Divide the sum once, by all tokens.",
        ),
    ],
    hints=["What does one token weigh in each of two micro-batches of 1 and 2 tokens?", "Divide once, by all tokens."],
    solution="Every micro-batch has to be divided by the tokens of the *whole update*, which must be counted first.",
)


def collapse_path(path: np.ndarray, blank: int) -> list:
    """The labels that a path stands for.

    path: one class per frame; blank: the class that stands for nothing.
    """
    labels = []
    before = blank
    for c in path:
        if c != before and c != blank:
            labels.append(int(c))
        before = c
    return labels


COLLAPSE_CODE = Code(
    "sequences-collapse-code",
    "Write the way from a path to its labels",
    reference=collapse_path,
    equals=lambda path, blank: losses.ctc_collapse(path, blank=blank),
    cases=[
        case([1, 0, 1], 0),
        case([1, 1, 0, 1, 2, 2], 0),
        case([0, 3, 3, 0, 0, 2], 0),
        case([4, 4, 2, 2, 4, 2, 1], 4),
        case([0, 0, 0], 0),
        case([0, 0, 1], 1),
    ],
    mistakes=[
        Mistake(
            lambda path, blank: [
                int(c) for t, c in enumerate(path[path != blank]) if t == 0 or c != path[path != blank][t - 1]
            ],
            "You dropped the blanks first, so equal letters that a blank kept apart were merged.",
        ),
        Mistake(
            lambda path, blank: [int(c) for c in path if c != blank],
            "Repeats are not merged: a letter that fills three frames is one letter.",
        ),
        Mistake(
            lambda path, blank: [int(c) for t, c in enumerate(path) if t == 0 or c != path[t - 1]],
            "Blanks are still there.",
        ),
        Mistake(
            lambda path, blank: [int(c) for t, c in enumerate(path) if c != 0 and (t == 0 or c != path[t - 1])],
            "The blank is not always class 0: use the argument.",
        ),
        Mistake(
            lambda path, blank: [int(c) for t, c in enumerate(path) if c != blank and t > 0 and c != path[t - 1]],
            "The first frame is lost: nothing stands before it, so its letter counts.",
        ),
        Mistake(
            lambda path, blank: [int(c) for c, d in itertools.pairwise(path) if c not in (blank, d)],
            "The last frame is lost: nothing stands after it, so its letter counts.",
        ),
        Mistake(
            lambda path, blank: sorted({int(c) for c in path if c != blank}),
            "A set forgets order and repeats.",
        ),
    ],
    hints=["Walk along the frames and remember the class before.", "A class counts if it is new and no blank."],
    solution="A frame adds a label if its class differs from the one before and is not the blank.",
)


def probability_of_labels(p: np.ndarray, labels: np.ndarray) -> float:
    """The probability of all paths that stand for the labels.

    p: probabilities, one row per frame, class 0 is the blank.
    labels: at least one class from 1, as many frames as it takes.
    """
    states = np.zeros(2 * len(labels) + 1, dtype=int)
    states[1::2] = labels
    alpha = np.zeros(len(states))
    alpha[:2] = p[0, states[:2]]
    for frame in p[1:]:
        new = alpha.copy()
        new[1:] += alpha[:-1]
        for s in range(2, len(states)):
            if states[s] != 0 and states[s] != states[s - 2]:
                new[s] += alpha[s - 2]
        alpha = new * frame[states]
    return alpha[-1] + alpha[-2]


def _forward(
    p: np.ndarray,
    labels: np.ndarray,
    *,
    skip: str = "right",
    start: int = 2,
    end: int = 2,
    stay: bool = True,
    copied: bool = True,
    begin: int = 0,
    last: int = 0,
    emits: bool = True,
    blanks: bool = True,
    most: bool = False,
) -> float:
    states = np.zeros(2 * len(labels) + 1, dtype=int)
    states[1::2] = labels
    alpha = np.zeros(len(states))
    if not blanks:
        states, skip, begin, end = np.array(labels), "none", 0, 1
        alpha, start = np.zeros(len(states)), 1
    alpha[begin:start] = p[0, states[begin:start]]
    for frame in p[1:]:
        new = alpha.copy() if stay else np.zeros(len(states))
        before = alpha if copied else new
        for s in range(1, len(states)):
            add = max if most else operator.add
            new[s] = add(new[s], before[s - 1])
            fits = {"right": states[s] not in (0, states[s - 2]), "letters": states[s] != 0, "any": True, "none": False}
            if s > 1 and fits[skip]:
                new[s] = add(new[s], before[s - 2])
        alpha = new * frame[states] if emits else new
    ends = alpha[len(alpha) - end : len(alpha) - last]
    return float(ends.max() if most else ends.sum())


def _by_ctc(p: np.ndarray, labels: np.ndarray) -> float:
    return float(np.exp(-np.asarray(losses.ctc(np.log(p), labels))))


FORWARD_CODE = Code(
    "sequences-forward-code",
    "Write the forward recursion",
    reference=probability_of_labels,
    equals=_by_ctc,
    cases=[
        case([[0.6, 0.4], [0.6, 0.4]], [1]),
        case([[0.6, 0.4], [0.3, 0.7], [0.5, 0.5], [0.1, 0.9], [0.4, 0.6]], [1]),
        case([[0.5, 0.3, 0.2], [0.2, 0.5, 0.3], [0.6, 0.1, 0.3], [0.3, 0.2, 0.5]], [1, 2]),
        case([[0.5, 0.3, 0.2], [0.2, 0.5, 0.3], [0.6, 0.1, 0.3], [0.3, 0.2, 0.5]], [1, 1]),
        case([[0.5, 0.3, 0.2], [0.2, 0.5, 0.3], [0.6, 0.1, 0.3], [0.3, 0.2, 0.5]], [2, 1, 2]),
    ],
    mistakes=[
        Mistake(
            lambda p, labels: _forward(p, labels, skip="letters"),
            "A blank between two *equal* labels must not be skipped, or they would be merged.",
        ),
        Mistake(
            lambda p, labels: _forward(p, labels, skip="any"),
            "Only a blank may be skipped, on the way from one label to a different one. You skip labels too.",
        ),
        Mistake(
            lambda p, labels: _forward(p, labels, skip="none"),
            "The blank between two different labels may be skipped: a step of two states is missing.",
        ),
        Mistake(
            lambda p, labels: _forward(p, labels, start=1),
            "A path may also start with the first label, not only with a blank.",
        ),
        Mistake(
            lambda p, labels: _forward(p, labels, end=1),
            "A path may also end with the last label, not only with a blank: two states to add.",
        ),
        Mistake(
            lambda p, labels: _forward(p, labels, stay=False),
            "A path may also stay in a state: a letter or a blank may last for several frames.",
        ),
        Mistake(
            lambda p, labels: _forward(p, labels, end=2 * len(labels) + 1),
            "You added up all states of the last frame. Only the last two have read every label.",
        ),
        Mistake(
            lambda p, labels: _forward(p, labels, copied=False),
            "You change α while you read it: in one frame a path then takes several steps. Keep the old row.",
        ),
        Mistake(
            lambda p, labels: -np.log(_forward(p, labels)),
            "That is the loss. The probability itself was asked for.",
        ),
        Mistake(
            lambda p, labels: np.log(_forward(p, labels)),
            "That is the *log*-probability. The probability itself was asked for.",
        ),
        Mistake(
            lambda p, labels: _forward(p, labels, most=True),
            "That is the best path of these labels. Add where you took the maximum.",
        ),
        Mistake(
            lambda p, labels: _forward(p, labels, begin=1),
            "A path may also start with a blank, not only with the first label.",
        ),
        Mistake(
            lambda p, labels: _forward(p, labels, start=2 * len(labels) + 1),
            "A path cannot start in any state: only the first blank and the first label are open to it.",
        ),
        Mistake(
            lambda p, labels: _forward(p, labels, last=1),
            "A path may also end with a blank, not only with the last label: two states to add.",
        ),
        Mistake(
            lambda p, labels: _forward(p, labels, emits=False),
            "After the first frame you only count paths. Multiply by the frame's probability of every state.",
        ),
        Mistake(
            lambda p, labels: _forward(p, labels, blanks=False),
            "There are no blanks among your states: put one before, between and behind the labels.",
        ),
        Mistake(
            lambda p, labels: float(np.prod(p[np.arange(len(labels)), labels])),
            "That is one path, a label a frame from the first on, cut short. Add up all paths through all frames.",
        ),
        Mistake(
            lambda p, labels: float(np.prod(p.max(axis=1))),
            "That is the probability of the best path. Add up all paths that stand for the labels.",
        ),
    ],
    hints=[
        "Put a blank before, between and behind the labels: those are the states of a row of $\\alpha$.",
        "In each frame: stay, come from the state before, or skip a blank between two different labels.",
        "A path ends in the last label or in the blank behind it.",
    ],
    solution="It is the recursion of the chapter, with probabilities in place of their logarithms, which is fine for a "
    "few frames and underflows for many.",
)


TWO_FRAMES = Numeric(
    "sequences-two-frames",
    "Two frames by hand",
    answer=math.exp(-float(losses.ctc(np.log([[0.6, 0.4], [0.6, 0.4]]), [1]))),
    mistakes=[
        Mistake(0.36, "That is the *most probable path*, two blanks, and it stands for the empty text."),
        Mistake(0.16, "That is the path “a a” alone. Two more paths stand for “a”."),
        Mistake(0.48, "You left out “a a”, which is merged into “a”."),
        Mistake(0.24, "That is one path, “– a”. Two more stand for “a”."),
        Mistake(0.4, "That is a in *one* frame, or two of the three paths that stand for “a”. Add all three."),
        Mistake(0.75, "You counted three of four paths. They are not equally probable."),
        Mistake(0.6, "That is the blank in one frame. Add the paths that stand for “a”."),
        Mistake(0.52, "Those are the paths that say the same in both frames. “– –” is not “a”."),
        Mistake(0.8, "You added the two frames. Paths are products over frames."),
        Mistake(-math.log(0.64), "That is the loss, minus the logarithm of the probability."),
        Mistake(1, "The path of two blanks stands for the empty text, so less than 1 is left."),
    ],
    hints=["Which of the four paths stand for “a”?", "“a –”, “– a” and “a a”."],
    solution=r"$0.4 \cdot 0.6 + 0.6 \cdot 0.4 + 0.4 \cdot 0.4 = 0.64$. The best *path* has 0.36 and says nothing.",
)

NEGATIVE = Choice(
    "sequences-diagnose-negative",
    "A loss below zero",
    options=[
        Option("The network is better than perfect.", "A CTC loss is −log of a probability: it is never negative."),
        Option(
            "A label equals the index of the blank.",
            "Then the sum counts paths twice, and the “probability” passes 1. Shift the labels, or set `blank`.",
            right=True,
        ),
        Option("The learning rate is too large.", "That makes a loss jump up. It does not make −log p negative."),
        Option("The labels are too long for the frames.", "Then the loss is infinite."),
    ],
    hints=["What must be true of a number whose −log is negative?"],
    solution="`F.ctc_loss` does not check its labels. With digits 0–9 as labels and the blank at 0 it falls below 0. "
    "It does not check its scores either: without the log-softmax it may be negative too.",
)

GRADIENT = Paper(
    "sequences-ctc-gradient",
    "The gradient of CTC",
    hints=[
        r"Write $P = \sum_i P_i$ and $P_i = \prod_t \hat p_{t k_i(t)}$, where $k_i(t)$ is the class of path $i$ in "
        r"frame $t$.",
        r"$\partial \log \hat p_{tj} / \partial s_{tk} = [j = k] - \hat p_{tk}$.",
        r"You should meet $\sum_i \frac{P_i}{P} [k_i(t) = k]$, and that is $\gamma_{tk}$.",
    ],
    solution=r"""Let path $i$ have the class $k_i(t)$ in frame $t$ and the probability
$P_i = \prod_t \hat p_{t k_i(t)}$. The loss is $-\log P$ with $P = \sum_i P_i$. Then

$$
\frac{\partial \ell}{\partial s_{tk}} = -\frac{1}{P} \sum_i P_i \,\frac{\partial \log P_i}{\partial s_{tk}}
= -\sum_i \frac{P_i}{P} \bigl([k_i(t) = k] - \hat p_{tk}\bigr) ,
$$

because only the factor of frame $t$ depends on $s_{tk}$ (*the frames are independent given the input*), and the
derivative of the log-softmax is $[j = k] - \hat p_{tk}$. The weights $P_i/P$ sum to 1, so the second part is
$\hat p_{tk}$. The first part is the share of paths, each with its probability, that have class $k$ in frame $t$: it is
$\gamma_{tk}$. So the gradient is $\hat p_{tk} - \gamma_{tk}$. *Assumed*: $P > 0$. In a frame both sum to 1 over the
classes, so each row of the gradient sums to 0.""",
)

WHY_SQUARED = Paper(
    "sequences-why-t-squared",
    "Where T² comes from",
    hints=[
        r"Write $\hat p_k = e^{s_k/T} / \sum_j e^{s_j/T}$ and expand $e^x \approx 1 + x$.",
        r"Let $\bar s$ be the mean of the scores. You should find $\hat p_k \approx \frac1K (1 + (s_k - \bar s)/T)$.",
        r"Insert it into $T (\hat p_k - q_k)$.",
    ],
    solution=r"""The gradient of the loss with $T^2$ is $T(\hat p_k - q_k)$: the chain rule gives
$(\hat p_k - q_k)/T$ for the divergence, times $T^2$. For a large $T$, *with the scores held fixed*,
$e^{s_k/T} = 1 + s_k/T + O(1/T^2)$, so with $\bar s$ for the mean of the $K$ scores

$$
\hat p_k = \frac{1 + s_k/T}{K (1 + \bar s/T)} + O(1/T^2)
= \frac1K \Bigl(1 + \frac{s_k - \bar s}{T}\Bigr) + O(1/T^2) ,
$$

and the same for the teacher's $q_k$ with $t_k$ and $\bar t$. The difference is
$\frac{1}{KT}\bigl((s_k - \bar s) - (t_k - \bar t)\bigr) + O(1/T^2)$: it falls as $1/T$. So the gradient of the
divergence alone falls as $1/T^2$, and with $T^2$ it goes to $\frac1K\bigl((s_k - \bar s) - (t_k - \bar t)\bigr)$,
which does not depend on $T$. It is the gradient of half the variance, over the classes,
of the differences $s_k - t_k$.""",
)
