"""The figures and explorers of the chapter on cross-entropy and maximum likelihood."""

from __future__ import annotations

import math

import numpy as np

from lossbook.analysis import joint, optimism, pin, priors, tumours
from lossbook.explorer import Challenge, Choice, Explorer, Handle, Play, Predict, Slider, palette, subplots
from lossbook.figures.wording import adding_up, powers_of_ten, written
from lossbook.losses.classification import binary_cross_entropy
from lossbook.losses.information import cross_entropy, entropy, kl_divergence, surprisal
from lossbook.losses.scores import sigmoid

# In every figure of the chapter a cross-entropy has the colour of a loss, the entropy that it cannot get below that of
# the truth, and the divergence, what a model pays for being wrong, that of a surplus.


# ── Data arrive ──────────────────────────────────────────────────────────────────────────────────────────────────────

W = (1 - np.cos(np.linspace(0.0, np.pi, 73)[1:-1])) / 2  # dense at both ends, where logarithms are steep


def exponential(log: float) -> str:
    """exp(log) as readouts write it, however small: 0.21, 3 · 10⁻¹⁶."""
    exponent = math.floor(log / math.log(10))
    if exponent >= -3:
        return f"{math.exp(log):.3g}"
    lead = math.exp(log - exponent * math.log(10))
    return powers_of_ten(f"{lead:.1f}e{exponent}")


def pin_arrives() -> Explorer:
    """Likelihood, log-likelihood and average loss of a drawing pin, throw by throw."""
    figure, axes = subplots(1, 3, figsize=(9.6, 2.7))
    titles = ("likelihood / its largest", "log-likelihood (nats)", "average loss (nats)")
    colours, tops = (palette.data, palette.data, palette.loss), (1.15, 4.0, 2.5)
    curves, dots, lines = [], [], []
    for axis, title, colour, bottom, top in zip(axes, titles, colours, (-0.05, -82.0, -0.15), tops, strict=True):
        lines.append(axis.plot([0.5, 0.5], [bottom, top], color=palette.model, lw=1)[0])
        curves.append(axis.plot(W, W, color=colour)[0])
        dots.append(axis.plot([0.5], [0], "o", color=palette.model, ms=8)[0])
        axis.set(xlim=(-0.03, 1.03), ylim=(bottom, top), xticks=[0, 0.5, 1], title=title)
        axis.set_xlabel("w, probability of “up”")
    axes[2].set_ylim(top=3.2)  # room above the line for the label, which the line would run through
    axes[0].set_ylim(top=1.5)
    axes[0].set_yticks([0, 0.5, 1])
    largest = axes[0].text(0.5, 1.36, "", color=palette.data, ha="center", va="center")
    axes[2].plot(W, pin.average_loss(pin.POINT_UP, W), "--", color=palette.loss, lw=1.5)
    axes[2].text(0.5, 2.85, "dashed: the limit, H(p*, p)", color=palette.loss, ha="center", va="center")

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
        largest.set_text(f"largest: {exponential(-throws * lowest)}")
        return (
            f"{up} of {throws} throws landed point up, so the best w is {best:.3f}. There the likelihood is "
            f"{exponential(-throws * lowest)}, the log-likelihood {written(-throws * lowest, 1)} and the average "
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
    figure, axis = subplots(figsize=(5.4, 3.2))
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


# ── The bus ──────────────────────────────────────────────────────────────────────────────────────────────────────────


def bus_terms() -> Explorer:
    """The joint divergence of the bus as three terms, and where it is lowest, under several forecasts."""
    grid = np.linspace(0, 3, 61)
    figure, (left, right) = subplots(1, 2, figsize=(7.0, 3.6), width_ratios=[1.25, 1])
    rows = (
        ("+ conditional\ncross-entropy", palette.loss),
        ("+ weather", palette.data),
        ("− entropy\nof the truth", palette.truth),
        ("= joint KL", palette.surplus),
    )
    bars = [left.barh([3 - row], [1.0], 0.5, color=colour)[0] for row, (_, colour) in enumerate(rows)]
    numbers = [left.text(0, 3 - row, "", color=palette.ink, va="center") for row in range(4)]
    left.set(xlim=(0, 3.6), ylim=(-0.5, 3.5), xticks=[0, 1, 2, 3], xlabel="nats", title="one sum")
    left.set_yticks([3, 2, 1, 0], [name for name, _ in rows])
    (conditional,) = right.plot(grid, grid, color=palette.loss)
    (divergence,) = right.plot(grid, grid, color=palette.surplus)
    stars = [right.plot([1], [0], "*", color=colour, ms=14)[0] for colour in (palette.loss, palette.surplus)]
    (dot,) = right.plot([1], [0], "o", color=palette.surplus, ms=9)
    right.text(0.1, 2.3, "conditional", color=palette.loss, va="center")
    right.text(0.1, 2.08, "joint KL", color=palette.surplus, va="center")
    right.set(xlim=(-0.08, 3.08), ylim=(-0.1, 2.5), xticks=[0, 1, 2, 3], yticks=[0, 1, 2], xlabel="w", title="nats")

    along = {name: [joint.joint_terms(at, name) for at in grid] for name in (*joint.FORECASTS, joint.TIED)}

    def update(w: float, forecast: str) -> str:
        terms = joint.joint_terms(w, forecast)
        least = joint.best_w(forecast)
        two = terms.conditional + terms.features
        spans = (
            (0.0, terms.conditional),
            (terms.conditional, terms.features),
            (terms.joint_kl, terms.truth),
            (0.0, terms.joint_kl),
        )
        said = [text.removeprefix("-") for text in adding_up(terms.conditional, terms.features, -terms.truth)]
        ends = (terms.conditional, two, two, terms.joint_kl)
        for bar, number, (start, size), end, text in zip(bars, numbers, spans, ends, said, strict=True):
            bar.set_x(start)
            bar.set_width(size)
            number.set_text(text)
            number.set_x(end + 0.06)
        conditional.set_ydata([at.conditional for at in along[forecast]])
        divergence.set_ydata([at.joint_kl for at in along[forecast]])
        dot.set_data([w], [terms.joint_kl])
        at_least = [joint.joint_terms(at, forecast) for at in least]
        for star, place, low in zip(stars, least, (at_least[0].conditional, at_least[1].joint_kl), strict=True):
            star.set_data([place], [low])
        return (
            "At w = {:.2f}: {} + {} − {} = {} nats. ".format(w, *said)
            + f"The conditional cross-entropy is lowest at w = {least[0]:.3f}, the joint KL at w = {least[1]:.3f}."
        )

    stay, move = "It stays where it is.", "It moves, because the divergence has changed."
    shifted = [joint.best_w(name)[1] for name in joint.FORECASTS]
    return Explorer(
        figure,
        update,
        name="cross-entropy-bus-terms",
        predict=Predict(
            stay if max(shifted) - min(shifted) < 1e-6 else move,
            "It stays: of the three terms only the middle one grows, by the same amount for every $w$. Choose the "
            "third forecast and see the joint KL rise, its star straight above the old place. Then the last one.",
            options=[stay, move, "It moves, but only if the new forecast is better than the old one."],
        ),
        controls={
            "w": Slider(0, 3, step=0.25, value=2.25, label="model w"),
            "forecast": Choice([*joint.FORECASTS, joint.TIED], label="dry, rain, snow"),
        },
        handles=[Handle(dot, x="w")],
        caption="Left, the three terms and what they come to. Right, the first term and the sum over w, each with a "
        "star at its lowest point. Change the forecast: the sum rises or falls as a whole, and its star keeps its w. "
        "Let w shape the weather as well, and the star jumps: the second term is no constant any more.",
        alt="Left, bars from 0 to 0.508, on by 0.958, back by 1.377, and what is left, 0.089. Right, two curves over w "
        "of one shape, both lowest at 1.344.",
    )


# ── Monte Carlo ──────────────────────────────────────────────────────────────────────────────────────────────────────


def monte_carlo() -> Explorer:
    """The average loss of a growing dataset, with the band that about 95% of all datasets fall into."""
    figure, axis = subplots(figsize=(5.4, 3.2))
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
            f"off by {written(round(here, 3) - round(truth, 3), 3)}. The standard error at this N is "
            f"{pin.standard_error(w, size):.3f}."
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


# ── Own throws and new ones ──────────────────────────────────────────────────────────────────────────────────────────


def own_and_new() -> Explorer:
    """The loss of a fitted w on the throws that it was fitted to, and what MLE and MAP cost on new ones."""
    sizes = np.arange(1, 61)
    floor = float(entropy(pin.two_sided(pin.POINT_UP)))
    figure, axis = subplots(figsize=(5.6, 3.7))
    axis.axhline(floor, color=palette.truth, ls=":", lw=1.8)
    (own,) = axis.plot(sizes, sizes, color=palette.loss)
    (new,) = axis.plot(sizes, sizes, "--", color=palette.loss)
    (prior,) = axis.plot(sizes, sizes, color=palette.density)
    (endless,) = axis.plot(sizes, sizes, "^", color=palette.loss, ms=6)
    dots = [axis.plot([3], [0], "o", color=colour, ms=8)[0] for colour in (palette.loss, palette.loss, palette.density)]
    rows = (
        ("dashed, best w on new throws (▴ infinite)", palette.loss),
        ("MAP under Beta(2, 2) on new throws", palette.density),
        ("dotted: the floor H(p*)", palette.truth),
    )
    for row, (text, colour) in enumerate(rows):
        axis.text(60, 1.27 - 0.105 * row, text, color=colour, ha="right", va="center")
    axis.text(60, 0.2, "solid, best w on its own throws", color=palette.loss, ha="right", va="center")
    axis.set(xscale="log", xlim=(0.94, 64), ylim=(-0.05, 1.35), xlabel="throws N", ylabel="loss per throw (nats)")
    axis.set_xticks([1, 2, 3, 5, 10, 20, 60], ["1", "2", "3", "5", "10", "20", "60"])
    axis.set_xticks([], minor=True)

    def update(size: int, series: int) -> str:
        found = optimism.judged(series)
        infinite = np.isinf(found.new)
        own.set_ydata(found.own)
        new.set_ydata(np.where(infinite, np.nan, found.new))
        prior.set_ydata(found.prior)
        endless.set_data(sizes[infinite], np.full(int(infinite.sum()), 1.1))
        at = size - 1
        for dot, height in zip(dots, (found.own[at], min(found.new[at], 1.1), found.prior[at]), strict=True):
            dot.set_data([size], [height])
        price = "infinite" if infinite[at] else f"{found.new[at]:.3f}"
        return (
            f"Series {series}, N = {size}: the best w costs {found.own[at]:.3f} nats on them (over all series of "
            f"this length {optimism.mean_own_loss(size):.3f} on average), on new throws {price}; the MAP costs "
            f"{found.prior[at]:.3f}."
        )

    return Explorer(
        figure,
        update,
        name="cross-entropy-own-and-new",
        predict=Predict(
            optimism.all_alike(3),
            "It is $0.7^3 + 0.3^3 = 0.37$: whenever the three fall alike, the best $w$ is 1 or 0, and the first new "
            "throw that falls the other way costs infinitely much.",
        ),
        controls={
            "size": Slider(1, 60, step=1, value=3, label="throws N"),
            "series": Slider(1, optimism.SERIES, step=1, value=1, label="series"),
        },
        handles=[Handle(dots[0], x="size")],
        caption="Series 1 is that of the first figure. The solid line is what you see when you fit: on average over "
        "all series below the floor. The dashed one is what new throws will cost on average: never below it, and "
        "infinite as long as all throws fell alike. With two imagined throws, one of each kind, the MAP is finite from "
        "the start. Try the other series: which of the three lines would you trust?",
        alt="Three lines over the number of throws. After three throws the loss of the best w is 0 on its own throws "
        "and infinite on new ones, while the MAP costs 0.639. At sixty throws all three are near a dotted line at "
        "0.611.",
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
        predict=Predict(
            pin.best_pairs(2)[1],
            "At 0.181: of the two humps of the data it takes one and drops the other.",
        ),
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
    figure, axis = subplots(figsize=(5.4, 3.3))
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
        challenge=Challenge(
            "Leave the truths where they are, and find a place for $q$ where cross-entropy and KL agree.",
            lambda first, second, model: (first, second) == (0.95, 0.5) and _agree(first, second, model),
        ),
        controls={
            "first": Slider(values=TENTHS, value=0.95, label="first truth p₁"),
            "second": Slider(values=TENTHS, value=0.5, label="second truth p₂"),
            "model": Slider(values=TENTHS, value=0.65, label="model q"),
        },
        handles=[Handle(grips["p₁"], x="first"), Handle(grips["p₂"], x="second"), Handle(grips["q"], x="model")],
        caption="The bars are the cross-entropies, split into what the truth costs anyway and what the model adds. "
        "At the start p₁ has the smaller total, yet the model is further from it. Find a place for q where both agree.",
        alt="Left, p₁ at 0.95, p₂ at 0.5 and q at 0.65. Right, two split bars: for p₁ 0.199 + 0.263 = 0.462 nats, for "
        "p₂ 0.693 + 0.047 = 0.740 nats.",
    )


def _agree(first: float, second: float, model: float) -> bool:
    q = pin.two_sided(model)
    one, two = pin.two_sided(first), pin.two_sided(second)
    gaps = [float(measure(one, q)) - float(measure(two, q)) for measure in (cross_entropy, kl_divergence)]
    return gaps[0] * gaps[1] > 0


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
    figure, axis = subplots(figsize=(5.4, 3.6))
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
    figure, axes = subplots(1, 2, figsize=(7.0, 3.2))
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
        predict=Predict(
            float(sigmoid(priors.log_odds_mode(3, 0))),
            r"It is $\frac{3 + 1}{3 + 2} = 0.8$: the new axis stretches the ends, so the same belief is spread thinner "
            "there.",
        ),
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


def one_direction() -> Explorer:
    """Tumours along the direction that separates the training half, and what longer weights do to both losses."""
    data, (train, test) = tumours.halves(), tumours.places()
    at = np.linspace(-3.0, 2.6, 141)
    figure, (left, right) = subplots(1, 2, figsize=(7.0, 3.9), width_ratios=[1.3, 1])
    jitter = np.random.default_rng(0).uniform(-0.05, 0.05, train.size + test.size)
    heights = {("training", 1): 1.14, ("test", 1): 1.34, ("training", 0): -0.14, ("test", 0): -0.34}
    for half, places, labels, moved in (
        ("training", train, data.train_y, jitter[: train.size]),
        ("test", test, data.test_y, jitter[train.size :]),
    ):
        wrong = (places > 0) != labels
        level = np.array([heights[half, int(label)] for label in labels]) + moved
        kept = places > -3.0  # the surest one is off the panel
        left.plot(places[kept & ~wrong], level[kept & ~wrong], ".", color=palette.data, ms=3, alpha=0.6)
        left.plot(places[kept & wrong], level[kept & wrong], "x", color=palette.outlier, ms=6, mew=1.6)
    left.plot([0, 0], [-0.42, 1.42], ":", color=palette.muted, lw=1.2)
    (curve,) = left.plot(at, at, color=palette.model)
    left.text(0.25, 0.28, "p̂ of “benign”", color=palette.model, va="center")
    left.text(0.25, 0.1, "✕ wrong side", color=palette.outlier, va="center")
    left.set(xlim=(-3.05, 2.65), ylim=(-0.46, 1.46), xlabel="distance from the plane", title="569 tumours")
    left.set_yticks(
        [1.34, 1.14, 1, 0.5, 0, -0.14, -0.34],
        ["benign, test", "training", "1", "½", "0", "malignant, training", "test"],
    )
    lengths = np.array(tumours.LENGTHS)
    pairs = [tumours.losses_at(length) for length in lengths]
    means = np.array([[part.mean() for part in pair] for pair in pairs])
    errors = np.array([tumours.standard_error(pair[1]) for pair in pairs])
    low, high = means[:, 1] - errors, means[:, 1] + errors
    right.fill_between(lengths, low, high, color=palette.loss, alpha=0.18, lw=0)
    right.plot(lengths, means[:, 0], color=palette.loss)
    right.plot(lengths, means[:, 1], "--", color=palette.loss)
    fills = (palette.loss, palette.background)
    dots = [right.plot([1], [0.1], "o", mfc=fill, mec=palette.loss, mew=2, ms=9)[0] for fill in fills]
    right.text(5.5, 0.0012, "training", color=palette.loss, ha="right")
    right.text(110, 5.2, "test (dashed) ± 1 SE", color=palette.loss, ha="right")
    right.set(xscale="log", yscale="log", ylim=(1e-5, 20), xlabel="length of the weights", title="cross-entropy (nats)")
    right.set_xticks([1, 10, 100], ["1", "10", "100"])
    right.set_yticks([1e-5, 1e-4, 1e-3, 1e-2, 0.1, 1, 10], ["10⁻⁵", "10⁻⁴", "10⁻³", "0.01", "0.1", "1", "10"])
    right.set_xticks([], minor=True)
    right.set_yticks([], minor=True)
    missed = [int(np.sum((places > 0) != y)) for places, y in ((train, data.train_y), (test, data.test_y))]
    best = lengths[means[:, 1].argmin()]

    def update(length: float) -> str:
        curve.set_ydata(sigmoid(length * at))
        number = tumours.LENGTHS.index(length)
        for dot, value in zip(dots, means[number], strict=True):
            dot.set_data([length], [value])
        training, tested = (powers_of_ten(f"{value:.3g}") for value in means[number])
        return (
            f"Length {length:g}: {missed[0]} of {train.size} training tumours on the wrong side, loss {training} nats; "
            f"{missed[1]} of {test.size} test tumours, loss {tested} ± {errors[number]:.2g}, the dearest costs "
            f"{pairs[number][1].max():.1f}."
        )

    return Explorer(
        figure,
        update,
        name="cross-entropy-one-direction",
        predict=Predict(
            float(best),
            f"At {best:g}. Longer weights turn no tumour round, but the {missed[1]} on the wrong side of the plane "
            "grow dearer in proportion, and in the end nothing else counts.",
            control="length",
        ),
        controls={"length": Slider(values=tumours.LENGTHS, value=1.0, label="length of the weights")},
        handles=[Handle(dots[0], x="length"), Handle(dots[1], x="length")],
        caption="Left, every tumour (the surest one is off to the left) at its distance from a plane that separates "
        "the training half; the plane stays, only the length of the weights changes. Lengthen them: the curve sharpens "
        "into a step. The training loss goes to 0, as there is nobody on the wrong side. The test loss turns and "
        "climbs, with the same "
        f"{missed[1]} mistakes throughout.",
        alt="Left, the benign tumours of the training half right of a dotted line, the malignant ones left of it, 14 "
        "of the test half on the wrong side, and a flat S-shaped curve. Right, the training loss falls with the length "
        "and the test loss has its lowest point at 8.",
    )
