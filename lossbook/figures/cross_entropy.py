"""The figures and explorers of the chapter on cross-entropy and maximum likelihood."""

from __future__ import annotations

import math

import numpy as np

from lossbook.analysis import pin, priors, tumours
from lossbook.explorer import Explorer, Handle, Play, Slider, palette, subplots
from lossbook.figures.wording import adding_up, written
from lossbook.losses.classification import binary_cross_entropy
from lossbook.losses.information import cross_entropy, entropy, kl_divergence, surprisal
from lossbook.losses.likelihood_real import normal_nll
from lossbook.losses.scores import sigmoid

# In every figure of the chapter a cross-entropy has the colour of a loss, the entropy that it cannot get below that of
# the truth, and the divergence, what a model pays for being wrong, that of a surplus.


# ── Data arrive ──────────────────────────────────────────────────────────────────────────────────────────────────────

W = (1 - np.cos(np.linspace(0.0, np.pi, 73)[1:-1])) / 2  # dense at both ends, where logarithms are steep


def powers_of_ten(log: float) -> str:
    """exp(log) as readouts write it, however small: 0.21, 3 · 10⁻¹⁶."""
    exponent = math.floor(log / math.log(10))
    if exponent >= -3:
        return f"{math.exp(log):.3g}"
    lead = math.exp(log - exponent * math.log(10))
    digits = str(exponent).translate(str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹"))
    return f"{lead:.1f} · 10{digits}"


def pin_arrives() -> Explorer:
    """Likelihood, log-likelihood and average loss of a drawing pin, throw by throw."""
    figure, axes = subplots(3, 1, figsize=(5.2, 6.0), sharex=True)
    titles = ("likelihood, in parts of its largest value", "log-likelihood (nats)", "average loss (nats)")
    colours, tops = (palette.data, palette.data, palette.loss), (1.15, 4.0, 2.5)
    curves, dots, lines = [], [], []
    for axis, title, colour, bottom, top in zip(axes, titles, colours, (-0.05, -82.0, -0.15), tops, strict=True):
        lines.append(axis.plot([0.5, 0.5], [bottom, top], color=palette.model, lw=1)[0])
        curves.append(axis.plot(W, W, color=colour)[0])
        dots.append(axis.plot([0.5], [0], "o", color=palette.model, ms=8)[0])
        axis.set(xlim=(-0.015, 1.015), ylim=(bottom, top), title=title)
    axes[2].set_ylim(top=3.2)  # room above the line for the label, which the line would run through
    largest = axes[0].text(0.03, 0.93, "", color=palette.data, va="top")
    axes[2].plot(W, pin.average_loss(pin.POINT_UP, W), "--", color=palette.loss, lw=1.5)
    axes[2].text(0.5, 2.85, "dashed: the limit, H(p*, p)", color=palette.loss, ha="center", va="center")
    axes[2].set_xlabel("w, the model's probability of “point up”")

    def update(throws: int) -> str:
        up = int(pin.THROWS[:throws].sum())
        best = up / throws
        logs, losses = pin.likelihoods(throws, W)
        lowest = pin.share_loss(throws)
        for curve, values in zip(curves, (np.exp(logs + throws * lowest), logs, losses), strict=True):
            curve.set_ydata(values)
        for dot, value in zip(dots, (1.0, -throws * lowest, lowest), strict=True):
            dot.set_data([best], [value])
        for line in lines:
            line.set_xdata([best, best])
        largest.set_text(f"largest:\n{powers_of_ten(-throws * lowest)}")
        return (
            f"{up} of {throws} throws landed point up, so the best w is {best:.3f}. There the likelihood is "
            f"{powers_of_ten(-throws * lowest)}, the log-likelihood {written(-throws * lowest, 1)} and the average "
            f"loss {lowest:.3f} nats."
        )

    return Explorer(
        figure,
        update,
        name="cross-entropy-pin-arrives",
        controls={"throws": Play(1, 60, step=1, value=3, label="throws N", interval=250)},
        caption="Press play. A pin that truly lands point up in 70% of its throws is thrown sixty times. The three "
        "curves always agree about the best w. The likelihood grows narrow and tiny, the log-likelihood sinks without "
        "end, and only the average loss settles down, on the dashed curve.",
        alt="Three curves over w after three throws, all point up: the likelihood rises to 1 at w = 1, the "
        "log-likelihood rises to 0 there and the average loss falls to 0. A dashed curve with its minimum at 0.7 shows "
        "where the average loss will settle.",
    )


# ── The constant gap ─────────────────────────────────────────────────────────────────────────────────────────────────


def constant_gap() -> Explorer:
    """Cross-entropy and KL over w: the same curve at two heights, H(p*) apart."""
    grid = W[3:-3]
    figure, axis = subplots(figsize=(5.4, 3.7))
    (upper,) = axis.plot(grid, grid, color=palette.loss)
    (lower,) = axis.plot(grid, grid, color=palette.surplus)
    (gap,) = axis.plot([0.4, 0.4], [0, 1], color=palette.truth, lw=4)
    (least,) = axis.plot([0.7, 0.7], [-0.05, 2.6], ":", color=palette.muted, lw=1.2)
    dots = [axis.plot([0.4], [0], "o", color=colour, ms=9)[0] for colour in (palette.loss, palette.surplus)]
    for row, (text, colour) in enumerate(
        (
            ("cross-entropy H(p*, p)", palette.loss),
            ("KL divergence D(p*‖p)", palette.surplus),
            ("entropy H(p*)", palette.truth),
        )
    ):
        axis.text(0.5, 3.4 - 0.27 * row, text, color=colour, ha="center", va="center")
    axis.set(
        xlim=(0, 1),
        ylim=(-0.05, 3.6),
        yticks=[0, 1, 2, 3],
        xlabel="w, the model's probability of “point up”",
        ylabel="nats",
    )

    def update(truth: float, w: float) -> str:
        upper.set_ydata(pin.average_loss(truth, grid))
        lower.set_ydata(pin.surplus(truth, grid))
        price, extra = float(pin.average_loss(truth, w)), float(pin.surplus(truth, w))
        for dot, value in zip(dots, (price, extra), strict=True):
            dot.set_data([w], [value])
        gap.set_data([w, w], [extra, price])
        least.set_xdata([truth, truth])
        floor, more, total = adding_up(float(entropy(pin.two_sided(truth))), extra)
        return (
            f"At w = {w:.2f}, cross-entropy {total} − entropy {floor} = KL {more} nats. Both "
            f"curves have their lowest point at w = p* = {truth:.2f}."
        )

    return Explorer(
        figure,
        update,
        name="cross-entropy-constant-gap",
        controls={
            "truth": Slider(0.1, 0.9, step=0.1, value=0.7, label="truth p*(up)"),
            "w": Slider(0.1, 0.9, step=0.05, value=0.4, label="model w"),
        },
        handles=[Handle(dot, x="w") for dot in dots],
        caption="Drag w: the bar between the two curves keeps its length, so both are lowest at the same w. Then move "
        "the truth: only that changes the bar.",
        alt="Two equal curves over w, one above the other, both lowest at 0.7. At every w they are 0.611 apart.",
    )


# ── Monte Carlo ──────────────────────────────────────────────────────────────────────────────────────────────────────


def monte_carlo() -> Explorer:
    """The average loss of a growing dataset, with the band that about 95% of all datasets fall into."""
    figure, axis = subplots(figsize=(5.4, 3.7))
    sizes, none = pin.SIZES, np.zeros(pin.SIZES.size)
    band = axis.fill_between(sizes, none, none, color=palette.loss, alpha=0.18, lw=0)
    (exact,) = axis.plot([2, 10_000], [0, 0], "--", color=palette.loss, lw=1.5)
    others = [axis.plot(sizes, none, color=palette.data, lw=0.8, alpha=0.35)[0] for _ in range(pin.DATASETS)]
    (path,) = axis.plot(sizes, none, color=palette.loss)
    (dot,) = axis.plot([100], [0], "o", color=palette.loss, ms=10)
    label = axis.text(9500, 0, "", color=palette.loss, ha="right", va="bottom")
    axis.set(xscale="log", xlim=(1.8, 11_000), ylim=(0, 2.4), xlabel="examples N", ylabel="average loss (nats)")
    axis.set_xticks([10, 100, 1000, 10_000], ["10", "100", "1000", "10 000"])
    axis.set_xticks([], minor=True)

    def update(size: int, dataset: int, w: float) -> str:
        truth = float(pin.average_loss(pin.POINT_UP, w))
        paths = pin.paths(w)
        half = 2 * pin.standard_error(w, sizes)
        band.set_data(sizes, truth - half, truth + half)
        exact.set_ydata([truth, truth])
        label.set_text(f"H(p*, p) = {truth:.3f}")
        label.set_y(truth + 0.2)
        for line, values in zip(others, paths, strict=True):
            line.set_ydata(values)
        path.set_ydata(paths[dataset - 1])
        here = float(paths[dataset - 1, np.searchsorted(sizes, size)])
        dot.set_data([size], [here])
        return (
            f"Dataset {dataset}, the first {size} throws under the model w = {w:.1f}: average loss {here:.3f} nats, "
            f"off by {written(here - truth, 3)}. The standard error at this N is {pin.standard_error(w, size):.3f}."
        )

    return Explorer(
        figure,
        update,
        name="cross-entropy-monte-carlo",
        controls={
            "size": Slider(values=pin.STOPS, value=20, label="examples N"),
            "dataset": Slider(1, pin.DATASETS, step=1, value=3, label="dataset"),
            "w": Slider(values=(0.3, 0.5, 0.6, 0.8, 0.9), value=0.9, label="model w"),
        },
        handles=[Handle(dot, x="size")],
        caption="Each line is the average loss of one growing dataset; the band is ± 2 standard errors. Every "
        "dataset wanders, and all close in on the dashed line. To halve the width of the band takes four times N. Then "
        "try w = 0.5, and explain what you see.",
        alt="Eight jagged lines over the number of examples, on a logarithmic scale. They start anywhere between 0.1 "
        "and 2.3 and close in on a dashed line at 0.765, within a band that narrows to the right.",
    )


# ── Spikes ───────────────────────────────────────────────────────────────────────────────────────────────────────────

SEEDLINGS = np.array([2.1, 3.0, 3.4, 3.9, 4.2, 4.6, 5.5, 7.3])
"""The heights of eight seedlings of cress after a week, in cm: mean 4.25, standard deviation 1.50."""


def spikes() -> Explorer:
    """The empirical distribution as spikes, a bell over it, and what each spike costs."""
    x = np.linspace(0.5, 9, 86)
    figure, (top, bottom) = subplots(2, 1, figsize=(5.4, 5.2), sharex=True)
    top.vlines(SEEDLINGS, 0, 0.46, color=palette.data, lw=1.5)
    top.plot(SEEDLINGS, np.full(8, 0.46), "^", color=palette.data, ms=7)
    top.text(8.9, 0.62, "arrows: probability 1/8 at one point", color=palette.data, ha="right")
    (bell,) = top.plot(x, x, color=palette.model)
    (peak,) = top.plot([5], [0.3], "o", color=palette.model, ms=10)
    top.text(8.9, 0.54, "curve: model density p(x | w), per cm", color=palette.model, ha="right")
    top.set(xlim=(0.5, 9), ylim=(0, 0.69), yticks=[0, 0.2, 0.4], title="data and model")
    (cost,) = bottom.plot(x, x, color=palette.loss)
    (dots,) = bottom.plot(SEEDLINGS, SEEDLINGS, "o", color=palette.data, ms=7)
    (mean_line,) = bottom.plot([0.5, 9], [2, 2], "--", color=palette.loss, lw=1.2)
    mean_label = bottom.text(4.5, 9.6, "", color=palette.loss, ha="center")
    bottom.set(ylim=(0, 11), xlabel="height x (cm)", title="what an example costs: −log p(x | w), nats")

    def update(mean: float, scale: float) -> str:
        at = np.full(x.shape, mean)
        costs = np.asarray(normal_nll(np.full(8, mean), SEEDLINGS, scale=scale, reduction="none"))
        curve = np.asarray(normal_nll(at, x, scale=scale, reduction="none"))
        average = float(np.mean(costs))
        bell.set_ydata(np.exp(-curve))
        peak.set_data([mean], [math.exp(-normal_nll([0.0], [0.0], scale=scale))])
        cost.set_ydata(curve)
        dots.set_ydata(costs)
        mean_line.set_ydata([average, average])
        mean_label.set_text(f"average: {average:.3f}")
        dearest = int(np.argmax(costs))
        return (
            f"With μ = {mean:.2f} and σ = {scale:.2f} the cross-entropy of spikes and bell is {average:.3f} nats. The "
            f"dearest seedling, {SEEDLINGS[dearest]} cm, costs {float(costs[dearest]):.2f}."
        )

    return Explorer(
        figure,
        update,
        name="cross-entropy-spikes",
        controls={
            "mean": Slider(3.0, 6.0, step=0.25, value=5.25, label="mean μ", unit="cm"),
            "scale": Slider(1.0, 3.0, step=0.25, value=1.0, label="σ", unit="cm"),
        },
        handles=[Handle(peak, x="mean")],
        caption="Above, the model's density and eight examples. An example is a spike: it holds the probability 1/8 "
        "at a single point, so no finite height would do, and the arrows have none. Below, the price of each example; "
        "the dashed line is their average, which is the cross-entropy. Make it as low as you can. Which two numbers "
        "did you find?",
        alt="Above, eight arrows between 2.1 and 7.3 cm and a bell curve with its top at 5.25. Below, a parabola with "
        "the eight examples on it; their average is 2.545 nats.",
    )


# ── Forward, not reverse ─────────────────────────────────────────────────────────────────────────────────────────────


def forward_not_reverse() -> Explorer:
    """Average loss, forward and reverse KL of pairs of throws: the loss goes with the forward one."""
    grid = W[4:-4]
    figure, (left, right) = subplots(1, 2, figsize=(7.0, 3.6), width_ratios=[1, 1.5])
    data_bars = left.bar(np.arange(3) - 0.2, [0.0] * 3, 0.38, color=palette.data)
    model_bars = left.bar(np.arange(3) + 0.2, [0.0] * 3, 0.38, color=palette.model)
    left.text(2.45, 1.06, "data", color=palette.data, ha="right")
    left.text(2.45, 0.96, "model", color=palette.model, ha="right")
    left.set(xlim=(-0.5, 2.5), ylim=(0, 1.15), xticks=[0, 1, 2], xlabel="points up in a pair", title="probability")
    rows = (
        ("average loss", palette.loss, "-"),
        ("forward KL", palette.surplus, "-"),
        ("reverse KL (dashed)", palette.surplus, "--"),
    )
    curves = [right.plot(grid, grid, style, color=colour)[0] for _, colour, style in rows]
    stars = [right.plot([0.5], [0], "*", color=colour, ms=14)[0] for _, colour, _ in rows]
    dots = [right.plot([0.5], [0], "o", color=colour, ms=8)[0] for _, colour, _ in rows]
    for row, (text, colour, _) in enumerate(rows):
        right.text(0.5, 2.83 - 0.22 * row, text, color=colour, ha="center", va="center")
    right.set(xlim=(0, 1), ylim=(-0.05, 3.0), xlabel="w", title="nats")

    def update(mixed: int, w: float) -> str:
        forward, reverse = pin.best_pairs(mixed)
        for bars, heights in ((data_bars, pin.pairs(mixed)), (model_bars, pin.two_throws(w))):
            for bar, height in zip(bars, heights, strict=True):
                bar.set_height(height)
        here = [float(value) for value in pin.pair_losses(mixed, w)]
        lowest = [float(value) for value in (*pin.pair_losses(mixed, forward)[:2], pin.pair_losses(mixed, reverse)[2])]
        best = (forward, forward, reverse)
        shown = zip(curves, pin.pair_losses(mixed, grid), stars, best, lowest, dots, here, strict=True)
        for curve, heights, star, place, low, dot, value in shown:
            curve.set_ydata(heights)
            star.set_data([place], [low])
            dot.set_data([w], [value])
        return (
            f"At w = {w:.2f}: average loss {here[0]:.3f}, forward KL {here[1]:.3f}, reverse KL {here[2]:.3f}. The "
            f"first two are lowest at w = {forward:.3f}, the reverse one at w = {reverse:.3f}."
        )

    return Explorer(
        figure,
        update,
        name="cross-entropy-forward-not-reverse",
        controls={
            "mixed": Slider(1, 9, step=1, value=2, label="mixed pairs"),
            "w": Slider(0.1, 0.9, step=0.05, value=0.6, label="model w"),
        },
        handles=[Handle(dot, x="w") for dot in dots],
        caption="Stars mark the lowest points. The average loss and the forward KL share theirs, always. The reverse "
        "KL has its own. Lower the number of mixed pairs (one up, one down) to 1, and the stars move apart. Raise it "
        "to 8, where the model nearly fits, and they meet.",
        alt="Left, bars of the data (0.5, 0.1, 0.4) and of the model. Right, three curves over w: average loss and "
        "forward KL are lowest at 0.45, the reverse KL at 0.181.",
    )


# ── Binary labels ────────────────────────────────────────────────────────────────────────────────────────────────────


def label_curves() -> Explorer:
    """Binary cross-entropy over p̂ for a label between 0 and 1, and the floor that it cannot get below."""
    grid = W[2:-2]
    figure, axis = subplots(figsize=(5.4, 3.6))
    axis.plot(grid, surprisal(grid), ":", color=palette.muted, lw=1.2)
    axis.plot(grid, surprisal(1 - grid), ":", color=palette.muted, lw=1.2)
    axis.text(0.04, 4.32, "y = 1: −log p̂", color=palette.muted)
    axis.text(0.96, 4.32, "y = 0: −log(1 − p̂)", color=palette.muted, ha="right")
    (floor,) = axis.plot([0, 1], [0, 0], "--", color=palette.truth, lw=1.5)
    (gap,) = axis.plot([0.3, 0.3], [0, 1], color=palette.surplus, lw=4)
    (curve,) = axis.plot(grid, grid, color=palette.loss)
    (dot,) = axis.plot([0.3], [1], "o", color=palette.loss, ms=10)
    axis.set(
        xlim=(0, 1), ylim=(-0.1, 4.7), xlabel="p̂, the predicted probability of 1", ylabel="binary cross-entropy (nats)"
    )

    def update(y: float, prediction: float) -> str:
        curve.set_ydata(binary_cross_entropy(grid, np.full(grid.shape, y), reduction="none"))
        loss, least = float(binary_cross_entropy([prediction], [y])), float(entropy(pin.two_sided(y)))
        floor.set_ydata([least, least])
        gap.set_data([prediction, prediction], [least, loss])
        dot.set_data([prediction], [loss])
        floor_said, more, total = adding_up(least, float(pin.surplus(y, prediction)))
        return f"y = {y:.1f}, p̂ = {prediction:.2f}: loss {total} = entropy of the label {floor_said} + KL {more} nats."

    return Explorer(
        figure,
        update,
        name="cross-entropy-label-curves",
        controls={
            "y": Slider(0.0, 1.0, step=0.1, value=1.0, label="label y"),
            "prediction": Slider(0.05, 0.95, step=0.05, value=0.3, label="prediction p̂"),
        },
        handles=[Handle(dot, x="prediction")],
        caption="At y = 1 the dashed floor, the entropy of the label, is 0, and the loss is one logarithm. Move y "
        "down: the floor rises until y = 0.5 and falls again, to 0 at y = 0. No prediction gets below it; the thick "
        "bar from the floor up to the point is the KL divergence.",
        alt="The loss over the prediction for the label y = 1: it falls from above 4 on the left to 0 at a prediction "
        "of 1. A dashed line, the floor, is at 0. At a prediction of 0.3 the curve is 1.204 above it.",
    )


# ── Two targets ──────────────────────────────────────────────────────────────────────────────────────────────────────

TENTHS = (0.05, 0.2, 0.35, 0.5, 0.65, 0.8, 0.95)


def two_targets() -> Explorer:
    """One model judged against two truths: cross-entropy and KL may disagree about which is nearer."""
    figure, (left, right) = subplots(1, 2, figsize=(7.0, 3.3))
    rows = (("q", 0, palette.model), ("p₂", 1, palette.truth), ("p₁", 2, palette.truth))
    grips = {}
    for name, height, colour in rows:
        left.axhline(height, color=palette.muted, lw=0.6)
        grips[name] = left.plot([0.5], [height], "o", color=colour, ms=11)[0]
    left.set(xlim=(0, 1), ylim=(-0.5, 2.6), xlabel="probability of 1", title="two truths, one model")
    left.set_yticks([height for _, height, _ in rows], [name for name, _, _ in rows])
    bars, prices = {}, {}
    for name, height in (("p₁", 2), ("p₂", 1)):
        first = right.barh([height], [0.0], 0.5, color=palette.truth)[0]
        second = right.barh([height], [0.0], 0.5, left=[0.0], color=palette.surplus)[0]
        bars[name] = first, second
        prices[name] = right.text(0.05, height + 0.3, "", color=palette.ink, va="bottom", ha="left")
    right.text(0.05, 0.42, "entropy H(p)", color=palette.truth, va="center")
    right.text(0.05, 0.1, "+ KL divergence", color=palette.surplus, va="center")
    right.text(0.05, -0.22, "= cross-entropy", color=palette.ink, va="center")
    right.set(xlim=(0, 3.1), ylim=(-0.5, 2.8), xlabel="nats", title="price of q")
    right.set_yticks([2, 1], ["p₁", "p₂"])

    def update(first: float, second: float, model: float) -> str:
        q = pin.two_sided(model)
        places = {"p₁": first, "p₂": second}
        grips["q"].set_xdata([model])
        cost, extra = {}, {}
        for name, at in places.items():
            p = pin.two_sided(at)
            own, cost[name], extra[name] = float(entropy(p)), float(cross_entropy(p, q)), float(kl_divergence(p, q))
            grips[name].set_xdata([at])
            bars[name][0].set_width(own)
            bars[name][1].set_x(own)
            bars[name][1].set_width(extra[name])
            prices[name].set_text("{} + {} = {}".format(*adding_up(own, extra[name])))
        cheaper, nearer = (_smaller(numbers) for numbers in (cost, extra))
        return (
            f"Cross-entropy {cost['p₁']:.3f} against {cost['p₂']:.3f}: {cheaper} is the smaller. KL {extra['p₁']:.3f} "
            f"against {extra['p₂']:.3f}: {nearer} is the smaller. {_verdict(cheaper, nearer)}"
        )

    return Explorer(
        figure,
        update,
        name="cross-entropy-two-targets",
        controls={
            "first": Slider(values=TENTHS, value=0.95, label="first truth p₁"),
            "second": Slider(values=TENTHS, value=0.5, label="second truth p₂"),
            "model": Slider(values=TENTHS, value=0.65, label="model q"),
        },
        handles=[Handle(grips["p₁"], x="first"), Handle(grips["p₂"], x="second"), Handle(grips["q"], x="model")],
        caption="The bars are the cross-entropies, split into what the truth costs anyway and what the model adds. "
        "With p₁ the total is smaller, yet the model is further off. Find a place for q where both agree.",
        alt="Left, p₁ at 0.95, p₂ at 0.5 and q at 0.65. Right, two split bars: for p₁ 0.199 + 0.263 = 0.462 nats, for "
        "p₂ 0.693 + 0.047 = 0.740 nats.",
    )


def _smaller(numbers: dict[str, float]) -> str:
    low, high = sorted(numbers.values())
    return "neither" if high - low < 5e-4 else min(numbers, key=numbers.__getitem__)


def _verdict(cheaper: str, nearer: str) -> str:
    if "neither" in (cheaper, nearer):
        return "There is a tie."
    return "They agree." if cheaper == nearer else "They disagree."


# ── A prior ──────────────────────────────────────────────────────────────────────────────────────────────────────────

INSIDE = (1 - np.cos(np.linspace(0.12, np.pi - 0.12, 61))) / 2


def beta_prior() -> Explorer:
    """Prior, likelihood and posterior of the pin, with MLE, MAP and posterior mean."""
    figure, axis = subplots(figsize=(5.4, 4.2))
    (prior,) = axis.plot(INSIDE, INSIDE, "--", color=palette.density)
    (likelihood,) = axis.plot(INSIDE, INSIDE, ":", color=palette.data, lw=2.5)
    (posterior,) = axis.plot(INSIDE, INSIDE, color=palette.density)
    (mle,) = axis.plot([1], [0.05], "v", mfc="none", mec=palette.data, mew=2, ms=17)
    (mode,) = axis.plot([0.8], [0.05], "v", color=palette.density, ms=9)
    (mean,) = axis.plot([0.7], [0.05], "|", color=palette.density, ms=16, mew=2.5)
    keys = (
        ("dashed: prior", palette.density),
        ("dotted: likelihood   ▽ MLE", palette.data),
        ("solid: posterior   ▾ MAP   | mean", palette.density),
    )
    for row, (text, colour) in enumerate(keys):
        axis.text(0.5, 1.47 - 0.12 * row, text, color=colour, ha="center", va="center")
    axis.set(xlim=(-0.05, 1.05), ylim=(0, 1.57), yticks=[0, 0.5, 1], xlabel="w, the probability of “point up”")
    axis.set_ylabel("in parts of its largest value")

    def update(a: float, b: float, up: int, down: int) -> str:
        for curve, first, second in ((prior, a, b), (likelihood, 1 + up, 1 + down), (posterior, a + up, b + down)):
            density = priors.beta_density(first, second, INSIDE)
            curve.set_ydata(density / density.max())
        best = up / (up + down) if up + down else math.nan
        top, centre = priors.posterior_mode(up, down, a, b), priors.posterior_mean(up, down, a, b)
        for marker, at in ((mle, best), (mode, top), (mean, centre)):
            marker.set_xdata([at])
        said = "no data, so no MLE" if math.isnan(best) else f"MLE {best:.3f}"
        likeliest = "no single MAP" if math.isnan(top) else f"MAP {top:.3f}"
        return f"{up} up, {down} down, prior Beta({a:g}, {b:g}): {said}; {likeliest}; posterior mean {centre:.3f}."

    return Explorer(
        figure,
        update,
        name="cross-entropy-beta-prior",
        controls={
            "a": Slider(values=(1, 2, 5, 15), value=2, label="prior a"),
            "b": Slider(values=(1, 2, 5, 15), value=2, label="prior b"),
            "up": Slider(values=(0, 1, 3, 7, 21), value=3, label="throws, point up"),
            "down": Slider(values=(0, 1, 3, 9), value=0, label="throws, point down"),
        },
        caption="Three throws, all up: the MLE stands at 1, the MAP does not. Raise a and b to make the prior "
        "stubborn, then add throws until the data win. With a = b = 1 the prior is flat and MAP and MLE coincide.",
        alt="A broad prior around 0.5, a likelihood that rises to w = 1, and a posterior between the two with its top "
        "at 0.8.",
    )


# ── Penalties ────────────────────────────────────────────────────────────────────────────────────────────────────────


def penalties() -> Explorer:
    """One weight: the loss of the data, the penalty of a normal and of a Laplace prior, and their sums."""
    grid = np.linspace(-4, 4, 81)
    figure, axes = subplots(1, 2, figsize=(7.0, 3.7))
    kinds = (
        ("normal prior: L2", priors.normal_penalty, priors.map_under_normal),
        ("Laplace prior: L1", priors.laplace_penalty, priors.map_under_laplace),
    )
    drawn = []
    for axis, (title, _, _) in zip(axes, kinds, strict=True):
        (data,) = axis.plot(grid, grid, ":", color=palette.data, lw=2.2)
        (penalty,) = axis.plot(grid, grid, "--", color=palette.density)
        (total,) = axis.plot(grid, grid, color=palette.loss)
        (free,) = axis.plot([2], [0], "v", color=palette.data, ms=9)
        (best,) = axis.plot([1], [1], "o", color=palette.loss, ms=10)
        drawn.append((data, penalty, total, free, best))
        axis.set(xlim=(-4, 4), ylim=(-3.1, 8), yticks=[0, 2, 4, 6, 8], xlabel="weight w", title=title)
    axes[0].set_ylabel("nats, up to a constant")
    for row, (text, colour) in enumerate(
        (("dotted: data ▾ MLE", palette.data), ("dashed: penalty", palette.density), ("sum ● MAP", palette.loss))
    ):
        axes[0].text(0, -0.95 - 0.8 * row, text, color=colour, ha="center", va="center")

    def update(estimate: float, width: float) -> str:
        found = []
        for (_, cost_of, minimiser), (data, penalty, total, free, best) in zip(kinds, drawn, strict=True):
            loss, cost = priors.data_loss(grid, estimate), cost_of(grid, width)
            at = minimiser(estimate, width)
            least = float(priors.data_loss(at, estimate) + cost_of(at, width))
            data.set_ydata(loss)
            penalty.set_ydata(cost)
            total.set_ydata(loss + cost)
            free.set_xdata([estimate])
            best.set_data([at], [least])
            found.append(at)
        return (
            f"The data alone want w = {written(estimate, 2)}. With priors of width {width:g} the MAP is "
            f"{written(found[0], 3)} under the normal and {written(found[1], 3)} under the Laplace prior."
        )

    return Explorer(
        figure,
        update,
        name="cross-entropy-penalties",
        controls={
            "estimate": Slider(-3.0, 3.0, step=0.25, value=1.5, label="MLE of the weight"),
            "width": Slider(values=(0.5, 0.75, 1.0, 1.5, 2.0, 4.0), value=1.0, label="prior width τ, b"),
        },
        handles=[Handle(parts[3], x="estimate") for parts in drawn],
        caption="Drag the MLE towards 0. Under the normal prior the MAP is always the same fraction of it. Under the "
        "Laplace prior it moves by the same amount, and sticks at exactly 0 while the MLE is small.",
        alt="Two panels with the same dotted parabola, lowest at w = 1.5. With the normal prior's parabola added the "
        "sum is lowest at 0.75; with the Laplace prior's wedge added it is lowest at 0.5.",
    )


# ── Parameterisation ─────────────────────────────────────────────────────────────────────────────────────────────────


def parameterisation() -> Explorer:
    """One posterior drawn over the probability and over the log-odds: its two modes are two different pins."""
    s = np.linspace(-5, 6, 111)
    figure, (left, right) = subplots(1, 2, figsize=(7.0, 3.5))
    (over_w,) = left.plot(INSIDE, INSIDE, color=palette.density)
    (over_s,) = right.plot(s, s, color=palette.density)
    marks = [axis.plot([0.5], [0.2], "v", color=palette.density, ms=11)[0] for axis in (left, right)]
    left.set(xlim=(-0.03, 1.03), ylim=(0, 11), xlabel="probability w", title="density over w")
    right.set(xlim=(-5, 6), ylim=(0, 1.25), xlabel="log-odds s", title="density over s")
    texts = [
        left.text(0.02, 10.8, "", color=palette.density, va="top"),
        right.text(-4.8, 1.22, "", color=palette.density, va="top"),
    ]

    def update(up: int, down: int) -> str:
        a, b = 1 + up, 1 + down
        over_w.set_ydata(priors.beta_density(a, b, INSIDE))
        over_s.set_ydata(priors.log_odds_density(a, b, s))
        in_w, at = priors.posterior_mode(up, down, 1, 1), priors.log_odds_mode(up, down)
        in_s = float(sigmoid(at))
        marks[0].set_data([in_w], [0.25])
        marks[1].set_data([at], [0.03])
        texts[0].set_text("flat: no mode" if math.isnan(in_w) else f"mode at w = {in_w:.2f}")
        texts[1].set_text(f"mode at s = {written(at, 2)}\nthat is w = {in_s:.2f}")
        first = "The posterior over w is flat and has no mode" if math.isnan(in_w) else f"MAP over w: {in_w:.3f}"
        return f"{up} up, {down} down, flat prior on w. {first}. MAP over the log-odds: w = {in_s:.3f}."

    return Explorer(
        figure,
        update,
        name="cross-entropy-parameterisation",
        controls={
            "up": Slider(0, 8, step=1, value=3, label="throws, point up"),
            "down": Slider(0, 8, step=1, value=0, label="throws, point down"),
        },
        caption="Both panels show one and the same posterior: every event has the same probability in both. Yet, "
        "unless ups and downs are equal, its highest point moves when w is written as log-odds, because the new axis "
        "stretches the ends. After N throws the two modes are at most 1/(N + 2) apart.",
        alt="Left, a density over w that rises to w = 1, its mode. Right, the same belief over the log-odds: a hump "
        "with its top at 1.39, which is w = 0.8.",
    )


# ── Real data ────────────────────────────────────────────────────────────────────────────────────────────────────────


def prior_width() -> Explorer:
    """Thirty weights of a logistic regression and its losses, over the width of the prior."""
    widths = tumours.WIDTHS
    losses = np.array([tumours.average_losses(width) for width in widths])
    figure, (left, right) = subplots(1, 2, figsize=(7.0, 3.6))
    left.axhline(0, color=palette.muted, lw=0.8)
    (weights,) = left.plot(np.arange(1, 31), np.zeros(30), "o", color=palette.model, ms=5)
    left.set(xlim=(0, 31), yscale="symlog", ylim=(-300, 300), xlabel="feature", title="the 30 weights")
    left.set_yticks([-100, -10, -1, 0, 1, 10, 100], ["−100", "−10", "−1", "0", "1", "10", "100"])
    right.plot(widths, losses[:, 0], color=palette.loss)
    right.plot(widths, losses[:, 1], "--", color=palette.loss)
    fills = (palette.loss, palette.background)
    dots = [right.plot([1], [0.1], "o", mfc=fill, mec=palette.loss, mew=2, ms=9)[0] for fill in fills]
    right.text(2.2, 0.011, "training", color=palette.loss, ha="right")
    right.text(8, 1.2, "test (dashed)", color=palette.loss, ha="right")
    right.set(xscale="log", yscale="log", ylim=(1e-4, 10), xlabel="width τ of the prior", title="cross-entropy (nats)")
    right.set_xticks([0.01, 0.1, 1, 10, 100], ["0.01", "0.1", "1", "10", "100"])
    right.set_yticks([1e-4, 1e-3, 1e-2, 0.1, 1], ["0.0001", "0.001", "0.01", "0.1", "1"])
    right.set_xticks([], minor=True)
    right.set_yticks([], minor=True)

    def update(width: float) -> str:
        fitted, _ = tumours.map_fit(width)
        weights.set_ydata(fitted)
        train, test = tumours.average_losses(width)
        for dot, value in zip(dots, (train, test), strict=True):
            dot.set_data([width], [value])
        return (
            f"τ = {width:g}: length of the weights {np.linalg.norm(fitted):.3g}, training loss {train:.3g} nats, "
            f"test loss {test:.3g} nats."
        )

    return Explorer(
        figure,
        update,
        name="cross-entropy-prior-width",
        controls={"width": Slider(values=widths, value=1.0, label="width τ of the prior")},
        handles=[Handle(dots[0], x="width"), Handle(dots[1], x="width")],
        caption="Widen the prior. The training loss goes towards 0 and the weights grow without end: on these data the "
        "likelihood has no maximum. The test loss has its lowest point in between.",
        alt="Left, thirty weights, all between −1.2 and 0.5. Right, training loss falling and test loss first falling, "
        "then rising over the width of the prior, both axes logarithmic.",
    )
