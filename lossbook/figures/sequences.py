"""The figures and explorers of the chapter on losses over sequences."""

from __future__ import annotations

import math
from collections.abc import Mapping

import numpy as np

from lossbook.analysis import alignments, cuts, next_word, softening
from lossbook.analysis.digit_rows import STAGES, Reading, Rows
from lossbook.analysis.micro_batches import token_weights, two_means
from lossbook.explorer import Challenge, Choice, Explorer, Handle, Play, Predict, Slider, palette, subplots
from lossbook.explorer.palette import BookAxes, style
from lossbook.figures.wording import powers_of_ten, written
from lossbook.losses.ctc import ctc_collapse

# ── One token after the other ────────────────────────────────────────────────────────────────────────────────────────

SHARES = (0.0, 0.01, 0.05, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.8, 1.0)
TOP = 7.2  # a bar of an infinite cost


def next_words() -> Explorer:
    """A predictive table read along a sentence: one row of it, and what every word costs."""
    figure, (left, right) = subplots(1, 2)
    words, pairs = next_word.SENTENCE.split(), next_word.steps()
    rows = np.arange(len(next_word.WORDS))[::-1]
    at = np.arange(len(words))
    chances = left.barh(rows, np.zeros(rows.size), color=palette.model, alpha=0.7, height=0.66)
    (comes,) = left.plot([0], [0], "D", color=palette.truth, ms=9)
    left.set(xlim=(0, 1.05), ylim=(-0.6, rows[0] + 0.6), xlabel="probability", xticks=[0, 0.5, 1])
    left.set_yticks(rows, next_word.WORDS)
    title = left.set_title("after “the”")
    costs = right.bar(at, np.zeros(at.size), color=palette.loss, alpha=0.6, width=0.7)
    mean = right.axhline(0, color=palette.loss, lw=2, ls="--")
    (dot,) = right.plot([0], [0], "o", color=palette.outlier, ms=11)
    endless = [right.text(k, 7.3, "", color=palette.loss, ha="center", va="bottom", fontsize=14) for k in at]
    right.set(xlim=(-0.7, len(words) - 0.3), ylim=(0, 8.4), title="cost of each word (nats)", yticks=[0, 2, 4, 6])
    right.set_xticks(at, words, rotation=55, ha="right", rotation_mode="anchor")

    def update(word: int, share: float) -> str:
        before, after = pairs[word - 1]
        row = next_word.table(share)[before]
        for bar, p in zip(chances, row, strict=True):
            bar.set_width(p)
        comes.set_data([row[after]], [rows[after]])
        title.set_text(f"after “{next_word.WORDS[before]}”; diamond: what comes")
        paid = next_word.costs(share)
        for bar, text, cost in zip(costs, endless, paid, strict=True):
            bar.set_height(min(cost, TOP))
            text.set_text("" if math.isfinite(cost) else "∞")
        dot.set_data([word - 1], [min(paid[word - 1], TOP)])
        mean.set_ydata([min(paid.mean(), 9.0)] * 2)  # infinite: above the axis
        measure = next_word.sentence_perplexity(share)
        p, cost = row[after], paid[word - 1]
        return (
            f"“{words[word - 1]}” after “{next_word.WORDS[before]}” has probability {p:.3f} and costs "
            + (f"{cost:.3f} nats. " if math.isfinite(cost) else "infinitely much. ")
            + (
                f"Mean {paid.mean():.3f} nats, perplexity {measure:.2f}."
                if math.isfinite(measure)
                else "So mean and perplexity of the sentence are infinite."
            )
        )

    return Explorer(
        figure,
        update,
        name="next-words",
        controls={
            "word": Slider(1, len(words), step=1, value=3, label="word"),
            "share": Slider(values=SHARES, value=0.0, label="share spread evenly over all words"),
        },
        handles=[Handle(dot, x="word")],
        challenge=Challenge("Find the share with the smallest perplexity.", lambda word, share: bool(share == BEST)),
        caption=f"A table of next words, counted in “{next_word.KNOWN}”, reads another sentence. Drag the dot along "
        "it: left, the row of the table that is asked. Two pairs of words were never seen. Then spread a little of "
        "every row evenly: the dashed line is the mean cost, and the perplexity is its exponential.",
        alt="Left, the chances of nine words after dog, all of the counted mass on sat and the full stop. Right, nine "
        "bars with the cost of each word; two of them are infinite.",
    )


BEST = min(SHARES, key=next_word.sentence_perplexity)

# ── Tokens cut in other ways ─────────────────────────────────────────────────────────────────────────────────────────

MODELS = {"no context": 0, "one byte of context": 1, "three bytes of context": 3}


def cut_in_tokens() -> Explorer:
    """A sentence under one model, cut into tokens: the area of a bar is what its token costs."""
    figure, (left, right) = subplots(1, 2, gridspec_kw={"width_ratios": [1.9, 1]})
    letters = list(cuts.SENTENCE)
    widths = [len(letter.encode()) for letter in letters]
    places = np.concatenate([[0], np.cumsum(widths)[:-1]])
    most = len(cuts.tokens("bytes"))
    bars = left.bar(np.zeros(most), np.zeros(most), width=0, align="edge", color=palette.loss, alpha=0.6)
    for bar in bars:
        bar.set_edgecolor(palette.ink)
    level = left.axhline(0, color=palette.truth, lw=2.2, ls="--")
    left.set(xlim=(-0.3, most + 0.3), ylim=(0, 9), ylabel="bits per byte", title="area of a bar: bits of a token")
    left.set_xticks(places + np.array(widths) / 2, [letter if letter != " " else "␣" for letter in letters])
    left.tick_params(axis="x", length=0)
    rows = np.arange(len(cuts.CUTS))[::-1]
    dots = [right.plot([1], [row], "o", color=palette.loss, ms=9)[0] for row in rows]
    (chosen,) = right.plot([1], [0], "o", color=palette.outlier, ms=15, mfc="none", mew=2.5)
    right.set(xscale="log", xlim=(0.2, 1e28), ylim=(-0.6, rows[0] + 0.6), title="perplexity")
    right.set_xticks([1, 1e10, 1e20], ["1", "10¹⁰", "10²⁰"])
    right.minorticks_off()
    right.set_yticks(rows, ["bytes", "letters", "pairs", "words", "sentence"])

    def update(cut: str, model: str) -> str:
        found = cuts.cut_sentence(cut, MODELS[model])
        starts = np.concatenate([[0], np.cumsum(found.lengths)[:-1]])
        heights = found.costs / math.log(2) / found.lengths
        for k, bar in enumerate(bars):
            here = k < len(starts)
            bar.set_x(starts[k] if here else 0)
            bar.set_width(found.lengths[k] if here else 0)
            bar.set_height(heights[k] if here else 0)
        level.set_ydata([found.bits_per_byte] * 2)
        for dot, name, row in zip(dots, cuts.CUTS, rows, strict=True):
            value = cuts.cut_sentence(name, MODELS[model]).perplexity
            dot.set_data([value], [row])
            if name == cut:
                chosen.set_data([value], [row])
        measure = f"{found.perplexity:.2f}" if found.perplexity < 1e5 else powers_of_ten(f"{found.perplexity:.1e}")
        count = len(found.costs)
        return (
            f"{model.capitalize()}, {cut}: {count} token{'s' * (count > 1)}, {found.costs.sum() / math.log(2):.1f} "
            f"bits in all, {found.costs.mean():.3f} nats a token. Perplexity {measure}; "
            f"{found.bits_per_byte:.3f} bits per byte."
        )

    return Explorer(
        figure,
        update,
        name="cut-in-tokens",
        controls={
            "cut": Choice(list(cuts.CUTS), value="letters", label="a token is"),
            "model": Choice(list(MODELS), value="one byte of context", label="model"),
        },
        predict=Predict(
            "It stays as it is, to the last digit.",
            "All bits of the sentence are the same, and so are its bytes. Only the number of tokens has changed, and "
            "perplexity divides by that.",
            options=["It falls.", "It stays as it is, to the last digit.", "It rises."],
        ),
        caption="The sentence “we wait by the café” (é is two bytes) under a model that counts bytes. A bar is a "
        "token: as wide as its bytes, its area what it costs in bits. Cut the sentence in other ways: the dashed "
        "line, bits per byte, stays, and perplexity leaps. Then take a better model and compare both measures.",
        alt="Left, nineteen bars over the letters of the sentence and a dashed line at 2.3 bits per byte. Right, five "
        "perplexities on a logarithmic axis, from 5 for bytes to 10 to the 14th for the whole sentence.",
    )


# ── Two means ────────────────────────────────────────────────────────────────────────────────────────────────────────

SECOND = (12, 1.5)  # tokens, and the mean loss of a token


def micro_batches() -> Explorer:
    """Two micro-batches of one update: their tokens and losses, both means, and what one token weighs."""
    figure, (left, right) = subplots(1, 2, gridspec_kw={"width_ratios": [1.7, 1]})
    (first,) = left.bar([0], [1], width=1, align="edge", color=palette.model, alpha=0.55)
    (second,) = left.bar([1], [SECOND[1]], width=SECOND[0], align="edge", color=palette.density, alpha=0.4)
    of_means = left.axhline(1, color=palette.loss, lw=2.2)
    of_tokens = left.axhline(1, color=palette.truth, lw=2.2, ls="--")
    (corner,) = left.plot([1], [1], "o", color=palette.outlier, ms=12)
    left.set(xlim=(0, 24.4), ylim=(0, 4.3), xlabel="tokens", ylabel="mean loss (nats)", yticks=[0, 1, 2, 3, 4])
    left.set_title("solid: mean of means, dashed: by token")
    for text, x, colour in (("first", 0, palette.model), ("second", 1, palette.density)):
        right.bar([x], [0], width=0, color=colour)
        right.text(x, -0.013, text, color=colour, ha="center", va="top")
    heights = right.bar([0, 1], [0, 0], width=0.6, color=[palette.model, palette.density], alpha=0.6)
    even = right.axhline(0, color=palette.truth, lw=2.2, ls="--")
    right.set(xlim=(-0.6, 1.6), ylim=(0, 0.53), title="weight of one token", xticks=[], yticks=[0, 0.25, 0.5])

    def update(tokens: int, loss: float) -> str:
        counts, losses = [tokens, SECOND[0]], [loss, SECOND[1]]
        found = two_means(counts, losses)
        first.set_width(tokens)
        first.set_height(loss)
        second.set_x(tokens)
        corner.set_data([tokens], [loss])
        of_means.set_ydata([found.means] * 2)
        of_tokens.set_ydata([found.tokens] * 2)
        weights, each = token_weights(counts)
        for bar, weight in zip(heights, weights, strict=True):
            bar.set_height(weight)
        even.set_ydata([each, each])
        off = found.means / found.tokens - 1
        return (
            f"First micro-batch: {tokens} token{'s' * (tokens > 1)} of mean loss {loss:.2f}; second: {SECOND[0]} of "
            f"{SECOND[1]:.2f}. Mean over tokens {found.tokens:.3f}, mean of means {found.means:.3f}, off by "
            f"{written(100 * off, 1)}%. A token of the first weighs {SECOND[0] / tokens:.3g} times one of the second."
        )

    return Explorer(
        figure,
        update,
        name="micro-batches",
        controls={
            "tokens": Slider(1, 12, step=1, value=3, label="tokens of the first micro-batch"),
            "loss": Slider(0.5, 4.0, step=0.5, value=3.5, label="their mean loss", unit="nats"),
        },
        handles=[Handle(corner, x="tokens", y="loss")],
        predict=Predict(
            token_weights([3, SECOND[0]])[0][0] / token_weights([3, SECOND[0]])[0][1],
            "Four times: each micro-batch gets half of the update, and the first shares its half among a quarter "
            "as many tokens.",
            unit="times",
        ),
        challenge=Challenge(
            "Make the two means equal although the two micro-batches have different lengths.",
            lambda tokens, loss: bool(loss == SECOND[1] and tokens != SECOND[0]),
        ),
        caption="Two micro-batches whose gradients are added for one update. An area is a sum of losses. Drag the "
        "corner of the first. The mean over tokens is all area by all width; the mean of means averages the two "
        "heights. On the right, what a single token weighs in the mean of means; the dashed line is what it should.",
        alt="Left, a narrow tall block of 3 tokens and a wide low one of 12; the mean of means, 2.5, lies well above "
        "the mean over tokens, 1.9. Right, a token of the first weighs four times one of the second.",
    )


# ── Distillation ─────────────────────────────────────────────────────────────────────────────────────────────────────

TEMPERATURES = (0.5, 1.0, 2.0, 3.0, 4.0, 6.0, 8.0, 12.0, 20.0)


def distilled() -> Explorer:
    """A teacher and a student at one temperature, and how long the gradient is with T² and without."""
    figure, (left, right) = subplots(1, 2)
    at = np.arange(len(softening.CLASSES))
    bars = left.bar(at, np.zeros(at.size), color=palette.truth, alpha=0.55, width=0.7)
    marks = left.plot(at, np.zeros(at.size), "_", color=palette.model, ms=24, mew=3)[0]
    left.set(ylim=(0, 1.05), title="bars: teacher, strokes: student", ylabel="probability", xlabel="class")
    left.set_xticks(at, softening.CLASSES)
    (kept,) = right.plot(TEMPERATURES, TEMPERATURES, color=palette.gradient, lw=2.2)
    (faded,) = right.plot(TEMPERATURES, TEMPERATURES, "--", color=palette.muted, lw=2.2)
    (dot,) = right.plot([1], [1], "o", color=palette.gradient, ms=9)
    (other,) = right.plot([1], [1], "o", color=palette.muted, ms=9)
    right.set(xscale="log", yscale="log", xlim=(0.45, 23), ylim=(1.4e-3, 6), xlabel="temperature T")
    right.set_title("length of the gradient")
    right.set_yticks([0.01, 0.1, 1], ["0.01", "0.1", "1"])
    right.set_xticks([0.5, 1, 2, 4, 8, 20], ["½", "1", "2", "4", "8", "20"])
    right.minorticks_off()
    right.text(21, 2.1, "with T²", color=palette.gradient, ha="right")
    right.text(1.1, 0.0075, "without\n(dashed)", color=palette.muted, ha="center")

    def update(temperature: float, student: str) -> str:
        found = softening.softened(student, temperature)
        for bar, p in zip(bars, found.teacher, strict=True):
            bar.set_height(p)
        marks.set_ydata(found.student)
        curve = [softening.softened(student, t) for t in TEMPERATURES]
        kept.set_ydata([one.length for one in curve])
        faded.set_ydata([one.length_without for one in curve])
        dot.set_data([temperature], [found.length])
        other.set_data([temperature], [found.length_without])
        return (
            f"T = {temperature:g}: the teacher says 7 with {found.teacher[0]:.3f}, 1 with {found.teacher[1]:.3f} and 9 "
            f"with {found.teacher[2]:.3f}. Loss {found.loss:.3f}; the gradient is {found.length:.3f} long, without T² "
            f"it would be {found.length_without:.4f}."
        )

    return Explorer(
        figure,
        update,
        name="distilled",
        controls={
            "temperature": Slider(values=TEMPERATURES, value=1.0, label="temperature T"),
            "student": Choice(list(softening.STUDENTS), value="knows nothing yet", label="student"),
        },
        caption="A teacher has looked at a handwritten 7. At T = 1 it hardly says more than the label. Raise the "
        "temperature: now you see that a 1 is likelier to it than a 9, and a 9 than a 0. Watch the two dots. "
        "Then take the student who knows the class.",
        alt="Left, the teacher's bars at T = 1, 0.93 for the class 7, and the student's strokes, all at 0.2. Right, "
        "the length of the gradient over the temperature: rising to a level with T squared, falling steeply without.",
    )


# ── Alignments ───────────────────────────────────────────────────────────────────────────────────────────────────────

ROWS = 17  # as many paths as a text has under either order


def _shown(text: str) -> str:
    return f"“{text}”" if text else "The empty text"


def alignment_paths() -> Explorer:
    """The paths of a text through four frames, and the probabilities of all texts."""
    figure, grid = subplots(2, 2, figsize=(5.6, 6.2), gridspec_kw={"height_ratios": [2.5, 1], "width_ratios": [1, 1]})
    (trellis, listed), _ = grid
    below = grid[1, 0].get_gridspec()
    for axis in grid[1]:
        axis.remove()
    with style():
        bars_of = figure.add_subplot(below[1, :], axes_class=BookAxes)
    texts = alignments.texts()
    classes = range(len(alignments.CLASSES))

    frames = np.arange(1, alignments.FRAMES + 1)
    edges = {}
    for t in frames[:-1]:
        for k in classes:
            for j in classes:
                (line,) = trellis.plot(
                    [t, t + 1], [-k, -j], color=palette.model, lw=1, solid_capstyle="round", zorder=1
                )
                edges[t - 1, k, j] = line
    rings = [
        [trellis.plot([t], [-k], "o", color=palette.ink, mfc="none", zorder=3)[0] for k in classes] for t in frames
    ]
    discs = [[trellis.plot([t], [-k], "o", color=palette.density, zorder=2)[0] for k in classes] for t in frames]
    trellis.set(xlim=(0.6, 4.4), ylim=(-2.45, 0.45), xlabel="frame", xticks=frames, title="lit paths")
    trellis.set_yticks([-k for k in classes], ["blank", "a", "b"])
    trellis.grid(False)

    rows = np.arange(ROWS)
    names = [
        listed.text(-0.04, row, "", color=palette.ink, ha="right", va="center", family="monospace") for row in rows
    ]
    lengths = [listed.plot([0, 0], [row, row], color=palette.model, lw=7)[0] for row in rows]
    listed.set(xlim=(-0.7, 1.04), ylim=(ROWS - 0.4, -0.7), xlabel="share of the probability", title="the same, listed")
    listed.set_xticks([0, 0.5, 1])
    listed.set_yticks([])
    listed.grid(False)
    listed.spines["left"].set_visible(False)

    at = np.arange(len(texts))
    bars = bars_of.bar(at, np.zeros(len(texts)), color=palette.model, alpha=0.7, width=0.7)
    (dot,) = bars_of.plot([0], [0], "o", color=palette.outlier, ms=11, zorder=4)
    bars_of.set(xlim=(-0.7, len(texts) - 0.3), ylim=(0, 0.78), ylabel="probability", yticks=[0, 0.25, 0.5])
    bars_of.set_xticks(at, [text or "∅" for text in texts], rotation=90)
    bars_of.set_title("every text; drag the dot to another one")

    def update(target: int, reading: str, order: str) -> str:
        text = texts[target]
        found = alignments.alignment(text, reading, order)
        right = alignments.paths(text)
        p = alignments.READINGS[reading]
        for (t, k, j), line in edges.items():
            share = float(np.nan_to_num(found.steps[t, k, j]))
            line.set_linewidth(round(14 * share) / 2 + 0.8 if share > 0 else 0)
        for t in range(alignments.FRAMES):
            for k in classes:
                rings[t][k].set_markersize(round(26 * math.sqrt(p[t, k])))
                discs[t][k].set_markersize(round(26 * math.sqrt(np.nan_to_num(found.occupancy[t, k]))))
        items = list(found.probabilities.items())
        for row, (name, length) in enumerate(zip(names, lengths, strict=True)):
            path, probability = items[row] if row < len(items) else ("", 0.0)
            new = path != "" and path not in right
            name.set_text(" ".join(path))
            name.set_color(palette.outlier if new else palette.ink)
            length.set_data([0, probability / found.total if path else 0.0], [row, row])
            length.set_color(palette.outlier if new else palette.model)
        totals = [alignments.alignment(one, reading, order).total for one in texts]
        for bar, total in zip(bars, totals, strict=True):
            bar.set_height(round(total, 3))
        dot.set_data([target], [round(found.total, 3)])
        if not items:
            verdict = "no path stands for it, so its probability is 0 and the loss infinite"
        else:
            verdict = (
                f"{len(items)} path{'s' * (len(items) > 1)}, together {found.total:.4f}; −log of that is "
                f"{-math.log(found.total):.3f} nats"
            )
        added = [path for path, _ in items if path not in right]
        note = f" Not among them by right: {', '.join(added)}." if added and len(added) < 4 else ""
        note = f" Not among them by right: {len(added)} of these." if len(added) > 3 else note
        return f"{_shown(text)}: {verdict}.{note}"

    return Explorer(
        figure,
        update,
        name="ctc-paths",
        controls={
            "target": Slider(0, len(texts) - 1, step=1, value=texts.index("ab"), label="text, by its place"),
            "reading": Choice(list(alignments.READINGS), value="clear", label="what the network says"),
            "order": Choice(list(alignments.ORDERS), value=alignments.ORDERS[0], label="order"),
        },
        handles=[Handle(dot, x="target")],
        predict=Predict(
            len(alignments.paths("ab")),
            "Fifteen. One frame goes to each letter; the other two are spread over five places, blank, a, blank, b and "
            "blank, and that can be done in $\\binom{6}{2} = 15$ ways.",
        ),
        caption="Four frames, each a blank, an a or a b. Drag the dot to another text: the paths that stand for it "
        "light up, thick where probable. An open ring is as large as the network's probability of a class in a frame, "
        "a disc as what the lit paths put there: the gradient is ring minus disc. Then change the order.",
        alt="A grid of four frames and three classes with lines between them, a list of the fifteen paths of the text "
        "ab, each with its share, and below them the probabilities of seventeen texts; that of ab is the largest.",
    )


def digit_readings(runs: Mapping[str, Reading], unseen: Rows, row: int = 0) -> Explorer:
    """What two networks say of one row of digits, frame by frame, at the stages of their training."""
    figure, (top, bottom) = subplots(2, 1, figsize=(4.7, 3.7), gridspec_kw={"height_ratios": [1, 2]})
    picture = unseen.pictures[row]
    frames = next(iter(runs.values())).said.shape[2]
    top.imshow(picture, cmap="Greys", aspect="auto", extent=(0.5, frames + 0.5, 0, 1), interpolation="nearest")
    top.set(xticks=[], yticks=[], title="a row that neither network has seen")
    top.grid(False)
    at = np.arange(1, frames + 1)
    (blank,) = bottom.plot(at, np.zeros(frames), color=palette.muted, lw=2.2, drawstyle="steps-mid")
    bars = bottom.bar(at, np.zeros(frames), color=palette.model, alpha=0.65, width=0.8)
    names = [bottom.text(t, 0, "", color=palette.model, ha="center", va="bottom", fontsize="large") for t in at]
    bottom.set(xlim=(0.5, frames + 0.5), ylim=(0, 1.24), xlabel="frame", ylabel="probability", yticks=[0, 0.5, 1])
    bottom.set_xticks(range(5, frames + 1, 5))
    bottom.set_title("line: blank; bars: the likeliest digit")
    digits = "".join(str(k - 1) for k in unseen.labels[row, : unseen.lengths[row]])

    def update(stage: int, network: str) -> str:
        said = runs[network].said[stage, row]
        best = said[:, 1:].argmax(axis=1)
        heights = said[at - 1, 1 + best]
        blank.set_ydata(said[:, 0].round(3))
        for bar, text, height, digit in zip(bars, names, heights, best, strict=True):
            bar.set_height(round(float(height), 3))
            text.set_text(str(digit) if height > 0.5 else "")
            text.set_y(round(float(height), 3) + 0.01)
        read = "".join(str(k - 1) for k in ctc_collapse(said.argmax(axis=1)))
        return (
            f"{network}, after {STAGES[stage]} steps: the row {digits} is read as {read or 'nothing'}; "
            f"{np.mean(said.argmax(axis=1) == 0):.0%} of its frames are blank."
        )

    return Explorer(
        figure,
        update,
        name="digit-readings",
        controls={
            "stage": Play(0, len(STAGES) - 1, value=len(STAGES) - 1, label="stage", interval=600),
            "network": Choice(list(runs), value=next(iter(runs)), label="network"),
        },
        caption="Nobody told the network where a digit stands. Play its training from stage 0: at first all "
        "classes are about alike, then the blank rises in most frames, then one digit in each of the others. Then take "
        "the other network.",
        alt="Above, a row of handwritten digits. Below, the probability of the blank in twenty frames, near 1 in most "
        "of them, and a few narrow bars with a digit each.",
    )


def compression(found: Mapping[str, float], after: Mapping[str, float]) -> Explorer:
    """Bits per byte of models, and of compressors that start from nothing."""
    figure, axis = subplots(figsize=(5.6, 3.3))
    rows = sorted({**found, **after}.items(), key=lambda item: -item[1])
    for row, (name, value) in enumerate(rows):
        axis.barh([row], [value], color=palette.model if name in found else palette.truth, alpha=0.65, height=0.62)
        axis.text(value + 0.04, row, f"{value:.2f}", va="center", color=palette.ink)
    axis.set(xlim=(0, 1.15 * rows[0][1]), ylim=(-0.6, len(rows) - 0.4), xlabel="bits per byte of the unseen text")
    axis.set_yticks(range(len(rows)), [name for name, _ in rows])
    axis.tick_params(axis="y", length=0)
    return Explorer(
        figure,
        lambda: "",
        name="compression",
        controls={},
        caption="The last tenth of Python's help pages: what each model or program needs for one of its bytes. "
        "“After” means: it has been given the first nine tenths; gzip looks back 32 KiB only.",
        alt="Bars, the longest on the bottom: " + "; ".join(f"{name} {value:.2f}" for name, value in rows) + ".",
    )
