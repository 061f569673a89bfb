"""The figures and explorers of the chapter on softmax and sigmoid."""

from __future__ import annotations

import itertools
from typing import Any, NamedTuple

import numpy as np
from matplotlib.figure import Figure

from lossbook.analysis import irises, mislabelled, normalisers, overflow, rivals
from lossbook.core import Floats
from lossbook.explorer import Challenge, Choice, Explorer, Handle, Play, Predict, Slider, palette, subplots
from lossbook.figures.wording import powers_of_ten, written
from lossbook.losses.classification import softmax_cross_entropy, softmax_cross_entropy_grad
from lossbook.losses.information import entropy
from lossbook.losses.scores import logsumexp, sigmoid, softmax

BIRDS = ("blackbird", "robin", "wren")
SCORES = (2.0, 1.0, 0.0)
"""What the network on the phone answers when a bird sings."""

TEMPERATURES = (0.25, 0.5, 1.0, 2.0, 4.0)
LOWEST, HIGHEST = -3.0, 3.0
"""The third logit stays at 0: only differences count, so two sliders reach every distribution of three classes."""


# ── Three logits ─────────────────────────────────────────────────────────────────────────────────────────────────────


class _Logits(NamedTuple):
    """The left panel that two explorers share: three bars, two of them with a top to drag."""

    bars: Any
    tops: list[Any]

    def move(self, logits: Floats) -> None:
        for bar, value in zip(self.bars, logits, strict=True):
            bar.set_height(value)
        for top, value in zip(self.tops, logits[:2], strict=True):
            top.set_ydata([value])

    def handles(self) -> list[Handle]:
        return [Handle(top, y=name) for top, name in zip(self.tops, BIRDS, strict=False)]


def _logits(axis: Any) -> _Logits:
    axis.axhline(0, color=palette.axis, lw=0.8)
    bars = axis.bar(range(3), SCORES, width=0.6, color=palette.data, alpha=0.55)
    tops = [axis.plot([k], [SCORES[k]], "o", color=palette.data, ms=11)[0] for k in range(2)]
    axis.text(2, 0.12, "fixed at 0", ha="center", color=palette.muted, fontsize="small")
    axis.set(xlim=(-0.6, 2.6), ylim=(-3.5, 3.5), title="logits s")
    axis.set_xticks(range(3), BIRDS)
    axis.grid(False, axis="x")
    return _Logits(bars, tops)


def _sliders() -> dict[str, Slider]:
    return {
        name: Slider(LOWEST, HIGHEST, step=0.5, value=SCORES[k], label=f"logit of {name}")
        for k, name in enumerate(BIRDS[:2])
    }


def three_logits() -> Explorer:
    """Three logits, a temperature, and the probabilities that softmax makes of them."""
    figure, (left, right) = subplots(1, 2)
    panel = _logits(left)
    bars = right.bar(range(3), SCORES, width=0.6, color=palette.model, alpha=0.75)
    texts = [right.text(k, 1.03, "", ha="center", color=palette.model) for k in range(3)]
    right.set(xlim=(-0.6, 2.6), ylim=(0, 1.14), yticks=[0, 0.25, 0.5, 0.75, 1])
    right.set_title("probabilities p̂")
    right.set_xticks(range(3), BIRDS)
    right.grid(False, axis="x")

    def update(blackbird: float, robin: float, temperature: float) -> str:
        logits = np.array([blackbird, robin, 0.0])
        panel.move(logits)
        probabilities = softmax(logits, temperature=temperature)
        for bar, text, probability in zip(bars, texts, probabilities, strict=True):
            bar.set_height(probability)
            text.set_text(f"{probability:.3f}")
        listed = ", ".join(f"{name} {value:.3f}" for name, value in zip(BIRDS, probabilities, strict=True))
        return (
            f"At T = {temperature:g} the probabilities are {listed}; their entropy is "
            f"{entropy(probabilities):.3f} nats."
        )

    return Explorer(
        figure,
        update,
        name="three-logits",
        controls={**_sliders(), "temperature": Slider(values=TEMPERATURES, value=1.0, label="temperature T")},
        handles=panel.handles(),
        challenge=Challenge(
            "Set T to 0.5, and move the logits until the probabilities are 0.665, 0.245 and 0.090 again.",
            lambda blackbird, robin, temperature: bool(
                temperature == 0.5
                and np.allclose(softmax([blackbird, robin, 0.0], temperature=temperature), softmax(SCORES))
            ),
        ),
        caption="On the left, drag the tops of the first two bars, then move the temperature. The probabilities stay "
        "in the order of the scores and always sum to 1 (rounded as they are here: a 0.000 is a positive number, and "
        "the three may miss 1 by 0.001). Unless all scores are equal, the largest takes more when the temperature "
        "falls, and they draw level when it rises.",
        alt="Left, three bars for the logits of blackbird, robin and wren: 2, 1 and 0. Right, three bars for the "
        "probabilities at temperature 1: 0.665, 0.245 and 0.090.",
    )


def gradient_bars() -> Explorer:
    """The gradient p̂ − y of the cross-entropy as the logits and the label move."""
    figure, (left, right) = subplots(1, 2)
    panel = _logits(left)
    right.axhline(0, color=palette.axis, lw=0.8)
    bars = right.bar(range(3), SCORES, width=0.6, color=palette.gradient, alpha=0.75)
    texts = [right.text(k, 1.06, "", ha="center", color=palette.gradient) for k in range(3)]
    right.set(xlim=(-0.6, 2.6), ylim=(-1.08, 1.26), yticks=[-1, -0.5, 0, 0.5, 1], title="gradient p̂ − y")
    right.set_xticks(range(3), BIRDS)
    right.grid(False, axis="x")

    def update(blackbird: float, robin: float, label: int) -> str:
        logits = np.array([blackbird, robin, 0.0])
        panel.move(logits)
        slopes = softmax_cross_entropy_grad(logits, label)
        for bar, text, slope in zip(bars, texts, slopes, strict=True):
            bar.set_height(slope)
            text.set_text(written(slope, 3))
        loss = softmax_cross_entropy(logits, label)
        listed = ", ".join(f"{name} {written(slope, 3)}" for name, slope in zip(BIRDS, slopes, strict=True))
        return f"The bird is a {BIRDS[label]}: loss {loss:.3f} nats, gradient {listed}; the sum is 0."

    return Explorer(
        figure,
        update,
        name="softmax-gradient",
        controls={
            **_sliders(),
            "label": Choice({name: k for k, name in enumerate(BIRDS)}, value=1, label="the bird is a"),
        },
        handles=panel.handles(),
        caption="Choose the right answer and move the logits. The right class has a negative slope, all others a "
        "positive one, and the three sum to 0 (up to rounding). No slope leaves the range from −1 to 1, however wrong "
        "the scores are.",
        alt="Left, the logits 2, 1 and 0. Right, the gradient if the bird is a robin: blackbird 0.665, robin −0.755, "
        "wren 0.090.",
    )


# ── Why exponentials ─────────────────────────────────────────────────────────────────────────────────────────────────

CANDIDATES = {"e^s": "exp", "log(1 + e^s)": "softplus", "s²": "square", "|s|": "size"}


def why_exponentials() -> Explorer:
    """Shares of three shifted scores under four functions, and the odds of the first two against the shift."""
    grid = np.linspace(-4, 4, 161)
    figure, (left, right) = subplots(1, 2, figsize=(7.0, 3.4))
    curves = {name: normalisers.odds(name, SCORES[:2], grid) for name in CANDIDATES.values()}
    for curve in curves.values():
        left.plot(grid, curve, color=palette.muted, lw=1)
    (chosen,) = left.plot(grid, grid, color=palette.model, lw=2.5)
    (dot,) = left.plot([0], [1], "o", color=palette.model, ms=10)
    for x, y, name, side in (
        (4, 3.1, "e^s", "right"),
        (-3.9, 1.55, "log(1 + e^s)", "left"),
        (-3.9, 0.88, "|s|", "left"),
    ):
        left.text(x, y, name, ha=side, va="center", color=palette.muted, fontsize="small")
    left.text(-3.9, 0.29, "s²", color=palette.muted, fontsize="small", va="center")
    left.set(yscale="log", ylim=(0.1, 30), xlim=(-4.2, 4.2), xlabel="shift c of all scores")
    left.set_title("odds, blackbird : robin")
    left.set_yticks([0.1, 1, 10], ["0.1", "1", "10"])
    left.minorticks_off()
    bars = right.bar(range(3), SCORES, width=0.6, color=palette.model, alpha=0.75)
    (before,) = right.plot(range(3), SCORES, "_", color=palette.ink, ms=34, mew=2)
    right.text(2.55, 0.96, "stroke: at c = 0", ha="right", va="center", fontsize="small")
    right.set(xlim=(-0.6, 2.6), ylim=(0, 1.04), yticks=[0, 0.25, 0.5, 0.75, 1], title="shares")
    right.set_xticks(range(3), BIRDS)
    right.grid(False, axis="x")

    def update(function: str, shift: float) -> str:
        chosen.set_ydata(curves[function])
        here, start = (normalisers.shares(function, np.add(SCORES, c)) for c in (shift, 0.0))
        for bar, share in zip(bars, here, strict=True):
            bar.set_height(share)
        before.set_ydata(start)
        ratio = float(normalisers.odds(function, SCORES[:2], shift))
        dot.set_data([shift], [min(max(ratio, 0.1), 30)])
        said = f"{ratio:.3f} to 1" if np.isfinite(ratio) else "infinite"
        order = "kept" if normalisers.keeps_order(function, np.add(SCORES, shift)) else "broken"
        none = [name for name, share in zip(BIRDS, here, strict=True) if share == 0]
        return (
            f"Scores {', '.join(written(value, 1) for value in np.add(SCORES, shift))}: blackbird to robin {said}"
            f" ({float(normalisers.odds(function, SCORES[:2], 0.0)):.3f} at c = 0), order {order}"
            + (f", {none[0]} impossible." if none else ".")
        )

    first, last = (float(normalisers.odds("softplus", SCORES[:2], c)) for c in (0.0, 4.0))
    answers = ["They stay as they are.", "They move towards 1.", "They grow."]
    return Explorer(
        figure,
        update,
        name="why-exponentials",
        controls={
            "function": Choice(CANDIDATES, value="softplus", label="function"),
            "shift": Slider(-4, 4, step=0.5, value=0.0, label="shift c"),
        },
        handles=[Handle(dot, x="shift")],
        predict=Predict(
            answers[1] if 1 < last < first else answers[2 * int(last > first)],
            f"From {first:.2f} to {last:.2f}. Far to the right softplus is nearly s itself, and 6 is not "
            "much more than 5.",
            options=answers,
        ),
        caption="Each function turns the scores 2, 1 and 0, all shifted by c, into shares. Choose a function and move "
        "the shift. The odds lie on a flat line for the exponential alone. Softplus keeps the order; the square and "
        "the absolute value break even that where a score is negative, and give nothing at all to a score of 0.",
        alt="Left, four curves of the odds of blackbird to robin against a common shift: that of the exponential is "
        "flat at 2.7, softplus falls towards 1, the square and the absolute value swing far up and down between "
        "shifts of −2 and −1. Right, bars of the shares.",
    )


# ── Two classes ──────────────────────────────────────────────────────────────────────────────────────────────────────


def sigmoid_curve() -> Explorer:
    """The sigmoid at a temperature, with a point on it and the other class beside it."""
    s = np.linspace(-8, 8, 161)
    figure, axis = subplots(figsize=(4.8, 3.2))
    axis.plot(s, sigmoid(s), ":", color=palette.muted, lw=1.2)
    (yes,) = axis.plot(s, s, color=palette.model)
    (no,) = axis.plot(s, s, "--", color=palette.model)
    (probe,) = axis.plot([2], [0.9], "o", color=palette.model, ms=11)
    (mirror,) = axis.plot([2], [0.1], "o", mfc=palette.background, mec=palette.model, mew=2, ms=8)
    axis.text(8, 1.05, "yes, σ(s/T)", ha="right", color=palette.model)
    axis.text(-8, 1.05, "dashed: no, σ(−s/T)", ha="left", color=palette.model)
    axis.set(xlim=(-8.3, 8.3), ylim=(-0.05, 1.15), xlabel="logit s of yes (no has logit 0)", ylabel="probability")

    def update(logit: float, temperature: float) -> str:
        yes.set_ydata(sigmoid(s, temperature=temperature))
        no.set_ydata(sigmoid(-s, temperature=temperature))
        with_, without = softmax([logit, 0.0], temperature=temperature)
        probe.set_data([logit], [with_])
        mirror.set_data([logit], [without])
        odds = powers_of_ten(f"{np.exp(logit / temperature):.4g}")
        return (
            f"At s = {written(logit, 1)} and T = {temperature:g}: probability of yes {with_:.4f}, of no {without:.4f}; "
            f"the odds are e^({written(logit / temperature, 3)}) = {odds} to 1."
        )

    return Explorer(
        figure,
        update,
        name="sigmoid-curve",
        controls={
            "logit": Slider(-8, 8, step=0.5, value=2.0, label="logit s"),
            "temperature": Slider(values=TEMPERATURES, value=1.0, label="temperature T"),
        },
        handles=[Handle(probe, x="logit")],
        caption="Drag the point. The two curves are mirror images and sum to 1 at every s. One step to the right "
        "multiplies the odds by the same factor wherever you stand, though the probability moves less and less "
        "towards the ends. The temperature stretches the curve (dotted: T = 1).",
        alt="The sigmoid rises from near 0 to near 1, through one half at s = 0; its mirror image falls. At s = 2 the "
        "probability of yes is 0.88.",
    )


# ── Large logits ─────────────────────────────────────────────────────────────────────────────────────────────────────


SHIFTS = (
    0,
    5,
    8,
    9,
    10,
    15,
    20,
    40,
    60,
    80,
    85,
    86,
    87,
    90,
    100,
    110,
    200,
    400,
    600,
    700,
    705,
    710,
    720,
    740,
    750,
    800,
)


def large_logits() -> Explorer:
    """Naive and stable log-sum-exp of three logits that are all shifted by c."""
    size = np.unique(np.concatenate([SHIFTS, np.linspace(0, 20, 81), np.arange(20.0, 125.0, 0.5), np.arange(125, 810)]))
    shifts = np.concatenate([-size[:0:-1], size])
    exact = float(logsumexp(SCORES))
    low, high = 2.0, 2.9  # where the picture puts the infinities
    curves = {
        bits: np.clip([overflow.naive_logsumexp(np.add(SCORES, c), bits) - c for c in shifts], low, high)
        for bits in (16, 32, 64)
    }
    figure, axis = subplots(figsize=(5.0, 3.6))
    axis.axhline(exact, color=palette.model, lw=6, alpha=0.35)
    axis.text(3, exact - 0.035, "stable", color=palette.model, va="top", ha="center")
    (naive,) = axis.plot(shifts, curves[32], color=palette.outlier)
    (stable_probe,) = axis.plot([0], [exact], "s", mfc="none", mec=palette.model, mew=2.5, ms=16)
    (probe,) = axis.plot([0], [exact], "o", color=palette.outlier, ms=9)
    note = axis.text(0, high + 0.08, "", color=palette.outlier, ha="center", va="center")
    axis.set_xscale("symlog", linthresh=10, linscale=0.7)
    axis.set(xlim=(-900, 900), ylim=(low - 0.06, high + 0.16), xlabel="shift c added to the logits 2, 1, 0")
    axis.set_xticks([-800, -100, -10, 0, 10, 100, 800], ["−800", "−100", "−10", "0", "10", "100", "800"])
    axis.set_xticks([], minor=True)
    axis.set_ylabel("log-sum-exp minus c")
    axis.set_yticks([low, 2.2, 2.4, 2.6, high], ["−∞", "2.2", "2.4", "2.6", "∞"])

    sizes = {kind: f"About {int(overflow.largest_logit(kind))}." for kind in ("float16", "float32", "float64")}

    def update(shift: float, bits: int) -> str:
        naive.set_ydata(curves[bits])
        logits = np.add(SCORES, shift)
        answer = overflow.naive_logsumexp(logits, bits)
        probe.set_data([shift], [min(max(answer - shift, low), high)])
        stable_probe.set_xdata([shift])
        said = written(answer, 4) if np.isfinite(answer) else "∞" if answer > 0 else "−∞"
        note.set_text(f"naive: {said}")
        note.set_x(min(max(shift, -60), 60))
        largest = powers_of_ten(f"{overflow.power(logits.max(), bits):.3g}".replace("inf", "∞"))
        return (
            f"At c = {written(shift, 0)} in {bits} bits the largest power is {largest}; naive log-sum-exp gives "
            f"{said}, the stable one {written(float(logsumexp(logits)), 4)}."
        )

    return Explorer(
        figure,
        update,
        name="large-logits",
        controls={
            "shift": Slider(values=(*(-c for c in SHIFTS[:0:-1]), *SHIFTS), value=80, label="shift c"),
            "bits": Choice({"16 bits": 16, "32 bits": 32, "64 bits": 64}, value=32, label="precision"),
        },
        handles=[Handle(stable_probe, x="shift")],
        predict=Predict(
            sizes["float32"],
            f"$e^{{{overflow.largest_logit('float32'):.1f}}}$ is about $3.4 \\cdot 10^{{38}}$, the largest number of "
            "32 bits. It is the power that has to fit, not the logit.",
            options=[*sizes.values(), r"$3.4 \cdot 10^{38}$, the largest number there is."],
        ),
        caption="Three logits are shifted by c. Log-sum-exp should shift along, so the plotted difference should be "
        "flat, as the stable one is. Move c to the right until the naive formula overflows, then to the left until it "
        "loses its digits and underflows. Then change the precision. (The axis is stretched around 0.)",
        alt="The stable result is a flat line at 2.41. The naive result in 32 bits lies on it between about −85 "
        "and 86, goes to infinity on the right and, after a stretch of jumps, to minus infinity on the left.",
    )


# ── Loss and slope of a wrong logit ──────────────────────────────────────────────────────────────────────────────────


def bounded_pull() -> Explorer:
    """Cross-entropy and its slope as the logit of one wrong class grows, beside two losses that square something."""
    s = np.linspace(-6, 10, 161)
    figure, (left, right) = subplots(1, 2, figsize=(7.0, 3.6))
    lines = (
        (rivals.cross_entropy_of, "-", palette.loss, palette.gradient, 2.0),
        (rivals.logit_error_of, ":", palette.muted, palette.muted, 1.7),
        (rivals.brier_of, "--", palette.muted, palette.muted, 1.5),
    )
    for curve, style, colour, slope_colour, width in lines:
        values, slopes = curve(s)
        left.plot(s, values, style, color=colour, lw=width)
        right.plot(s, slopes, style, color=slope_colour, lw=width)
    left.text(0, 11.2, "dotted: ½s²", color=palette.muted, va="center", ha="center")
    left.text(4, 2.9, "dashed: Brier", color=palette.muted, ha="left", va="top")
    right.axhline(1, color=palette.muted, lw=0.6)
    right.text(-5.8, 1.06, "1", color=palette.muted, va="bottom")
    (dot,) = left.plot([2], [2], "o", color=palette.loss, ms=10)
    (slope_dot,) = right.plot([2], [1], "o", color=palette.gradient, ms=10)
    left.set(xlim=(-6, 10.3), ylim=(-0.5, 12.5), xlabel="logit s of the wrong class", title="loss")
    right.set(xlim=(-6, 10.3), ylim=(-1.2, 2.4), xlabel="logit s of the wrong class", title="slope")
    for axis in (left, right):
        axis.set_xticks([-5, 0, 5, 10])

    _, (early, late) = rivals.brier_of([2.0, 10.0])
    pushes = ["It grows with the mistake.", "It shrinks to almost nothing."]

    def update(wrong: float) -> str:
        (value,), (slope,) = rivals.cross_entropy_of(wrong)
        _, (square,) = rivals.logit_error_of(wrong)
        _, (brier,) = rivals.brier_of(wrong)
        dot.set_data([wrong], [value])
        slope_dot.set_data([wrong], [slope])
        return (
            f"With the wrong logit at {written(wrong, 1)} and the right one at 0 the loss is {value:.3f} nats. Slopes: "
            f"cross-entropy {slope:.5f}, squared error of the logit {written(square, 1)}, Brier {brier:.5f}."
        )

    return Explorer(
        figure,
        update,
        name="bounded-pull",
        controls={"wrong": Slider(-6, 10, step=0.5, value=2.0, label="wrong logit")},
        handles=[Handle(dot, x="wrong"), Handle(slope_dot, x="wrong")],
        predict=Predict(
            pushes[int(late < early)],
            f"Its slope falls from {early:.3f} at 2 to {late:.5f} at 10: surer, and less is done about it.",
            options=pushes,
        ),
        caption="Raise the logit of the wrong class; the right one stays at 0. The loss bends into a straight line and "
        "its slope rises towards 1 without reaching it. The slope of the dotted squared error grows for ever, and on "
        "the left it pushes a right answer back that is merely sure. The dashed Brier score has nearly no slope left "
        "where a mistake is sure.",
        alt="Left, the loss is near 0 for clearly negative logits and approaches a straight line of slope 1. Right, "
        "the slope rises from near 0 towards 1. Dotted: half the square of the logit and its slope, a straight line. "
        "Dashed: the Brier score, which levels off, and its slope, a hump that dies away.",
    )


PLACES = (0.5, 1.0, 2.0, 3.0, 5.0, 7.0, 10.0, 20.0, 30.0, 50.0, 70.0, 100.0)
"""Where the point with the wrong label may stand."""


def wrong_label() -> Explorer:
    """A logistic regression, a point with the wrong label that moves away, and how hard it pulls."""
    x, labels = mislabelled.two_clouds()
    clean = mislabelled.clean_fit()
    grid, places = np.linspace(-4, 8, 121), np.geomspace(PLACES[0], PLACES[-1], 60)
    figure, (left, right) = subplots(1, 2, figsize=(7.0, 3.4))
    left.plot(x, labels + np.where(labels == 1, 0.05, -0.05), "|", color=palette.data, ms=9, alpha=0.6)
    left.plot(grid, clean.probability(grid), ":", color=palette.muted)
    (curve,) = left.plot(grid, grid, color=palette.model)
    (point,) = left.plot([0], [-0.05], "o", color=palette.outlier, ms=10)
    note = left.text(0, 0.07, "", color=palette.outlier, ha="center", va="center")
    left.set(xlim=(-4.2, 8.4), ylim=(-0.14, 1.14), xlabel="feature x", yticks=[0, 0.5, 1], xticks=[-4, 0, 4, 8])
    left.set_title("probability of class 1")
    in_logit, in_slope = mislabelled.pulls(places)
    right.plot(places, in_logit, color=palette.gradient)
    right.plot(places, in_slope, "--", color=palette.gradient)
    right.text(100, 0.62, "on its logit", color=palette.gradient, ha="right", va="center")
    right.text(9, 30, "dashed:\non the slope", color=palette.gradient, ha="right", va="center")
    (dot,) = right.plot([1], [1], "o", color=palette.gradient, ms=9)
    (slope_dot,) = right.plot([1], [1], "o", color=palette.gradient, ms=9)
    right.set(xscale="log", yscale="log", xlim=(0.45, 115), ylim=(0.3, 150), xlabel="x of the wrong label")
    right.set_title("pull on the dotted fit")
    for ticks in (right.set_xticks, right.set_yticks):
        ticks([1, 10, 100], ["1", "10", "100"])
    right.minorticks_off()

    def update(at: float) -> str:
        fit = mislabelled.ruined_fit(at)
        curve.set_ydata(fit.probability(grid))
        point.set_xdata([min(at, 7.6)])
        note.set_text(f"x = {at:g}" if at <= 7 else f"x = {at:g} →")
        note.set_x(min(at, 7.0))
        (logit,), (slope,) = mislabelled.pulls(at)
        dot.set_data([at], [logit])
        slope_dot.set_data([at], [slope])
        cost = mislabelled.mean_loss(fit, x, labels)
        return (
            f"One wrong label of {x.size + 1}, at x = {at:g}: it pulls its logit down by {logit:.3f} and the slope by "
            f"{slope:.2f}. The fitted slope is {fit.slope:.2f} (without it {clean.slope:.2f}), and the {x.size} others "
            f"cost {cost:.3f} nats each ({mislabelled.mean_loss(clean, x, labels):.3f})."
        )

    ends = ["It stays above half of what it was.", "It falls to nearly 0."]
    return Explorer(
        figure,
        update,
        name="wrong-label",
        controls={"at": Slider(values=PLACES, value=2.0, label="wrong label at x")},
        handles=[Handle(dot, x="at"), Handle(slope_dot, x="at")],
        predict=Predict(
            ends[int(mislabelled.ruined_fit(100.0).slope < 0.05 * clean.slope)],
            f"From {clean.slope:.2f} to {mislabelled.ruined_fit(100.0).slope:.2f}: one point of "
            f"{x.size + 1} undoes what the others say.",
            options=ends,
        ),
        caption="Move the disc to the right: its label says 0 where the dotted fit expects a 1. Its pull on its own "
        "logit never exceeds 1. Its pull on the slope is x times as large, and the fitted curve (dotted: without the "
        "disc) lies down.",
        alt="Left, strokes of two classes along a feature, a rising curve fitted to them, and a disc with the wrong "
        "label at x = 2. Right, on logarithmic axes, its pull on its own logit, level near 1, and on the slope, a line "
        "that rises to 100.",
    )


# ── Sure and unsure ──────────────────────────────────────────────────────────────────────────────────────────────────

PREDICTIONS = {
    "one favourite: 2, 1, 0": (2.0, 1.0, 0.0),
    "two rivals: 2, 2, −1": (2.0, 2.0, -1.0),
    "all alike: 1, 1, 1": (1.0, 1.0, 1.0),
}
"""Three rows of logits for the entropy explorer."""


def on_triangle(p: Floats) -> tuple[Floats, Floats]:
    """Where a distribution of three classes stands in an equilateral triangle of side 1, the third class on top."""
    return p[..., 1] + p[..., 2] / 2, p[..., 2] * np.sqrt(3) / 2


def how_sure() -> Explorer:
    """The path of a prediction through the triangle of distributions as the temperature moves, and its entropy."""
    grid = 10 ** np.linspace(-1, 1.3, 47)
    figure, (left, right) = subplots(1, 2)
    x, y = np.meshgrid(np.linspace(0, 1, 121), np.linspace(0, np.sqrt(3) / 2, 105))
    third = y / (np.sqrt(3) / 2)
    second = x - third / 2
    shares = np.stack([1 - second - third, second, third], axis=-1)
    inside = (shares > -1e-9).all(axis=-1)
    surface = np.full(x.shape, np.nan)
    surface[inside] = entropy(np.clip(shares[inside], 0, 1))
    left.contour(x, y, surface, levels=[0.3, 0.5, 0.7, 0.9, 1.05], colors=palette.muted, linewidths=0.7)
    left.plot([0, 1, 0.5, 0], [0, 0, np.sqrt(3) / 2, 0], color=palette.axis, lw=1)
    for place, name, side in (((-0.02, -0.09), BIRDS[0], "left"), ((1.02, -0.09), BIRDS[1], "right")):
        left.text(*place, name, ha=side, va="center")
    left.text(0.5, 0.93, BIRDS[2], ha="center", va="center")
    left.set(xlim=(-0.1, 1.1), ylim=(-0.16, 1.02), aspect="equal")
    left.set_axis_off()
    left.set_title("all distributions")
    (path,) = left.plot([0], [0], color=palette.model)
    (point,) = left.plot([0], [0], "o", color=palette.model, ms=11)
    right.axhline(np.log(3), color=palette.muted, lw=0.8)
    right.text(0.11, np.log(3) + 0.03, "log 3", color=palette.muted)
    (curve,) = right.plot(grid, grid, color=palette.model)
    (mark,) = right.plot([1], [1], "o", color=palette.model, ms=11)
    right.set(xscale="log", xlim=(0.09, 22), ylim=(-0.05, 1.24), xlabel="temperature T", title="entropy in nats")
    right.set_xticks([0.1, 1, 10], ["0.1", "1", "10"])
    right.minorticks_off()

    def update(logits: tuple[float, float, float], temperature: float) -> str:
        along = np.array([softmax(logits, temperature=float(t)) for t in grid])
        path.set_data(*on_triangle(along))
        curve.set_ydata(entropy(along))
        here = softmax(logits, temperature=temperature)
        point.set_data(*(np.atleast_1d(value) for value in on_triangle(here)))
        surprise = float(entropy(here))
        mark.set_data([temperature], [surprise])
        listed = ", ".join(f"{value:.3f}" for value in here)
        return (
            f"At T = {temperature:g} the prediction is ({listed}): entropy {surprise:.3f} nats, as unsure as a "
            f"fair choice "
            f"among {np.exp(surprise):.2f} birds."
        )

    values = [0.1, 0.15, 0.2, 0.3, 0.5, 0.7, 1, 1.5, 2, 3, 5, 7, 10, 15, 20]
    return Explorer(
        figure,
        update,
        name="how-sure",
        controls={
            "logits": Choice(PREDICTIONS, value=SCORES, label="logits"),
            "temperature": Slider(values=values, value=1, label="temperature T"),
        },
        handles=[Handle(mark, x="temperature")],
        caption="Every distribution over three birds is a point of the triangle; the thin lines join points of equal "
        "entropy. Raise the temperature and the prediction walks to the middle. Lower it and it walks to a corner, or "
        "with two rivals to the middle of a side, where the entropy is log 2. Three that are all alike are in the "
        "middle already, and no temperature moves them.",
        alt="Left, a triangle with blackbird, robin and wren at its corners, and the path of a prediction from "
        "the blackbird corner to the centre. Right, the entropy rises with the temperature from 0 to log 3.",
    )


# ── The whole model ──────────────────────────────────────────────────────────────────────────────────────────────────

_ROWS = np.array([3.6, 2.4, 1.2])  # the heights at which the three classes stand


def _stages(axis: Any, stages: dict[str, tuple[float, str]], arrows: tuple[tuple[float, float], ...]) -> None:
    """The names and symbols of stages above a panel without axes, and the arrows between them."""
    axis.set(ylim=(0.1, 5.2))
    axis.set_axis_off()
    for name, (x, symbol) in stages.items():
        axis.text(x, 4.85, name, ha="center", va="center", fontsize=11.5)
        axis.text(x, 4.42, symbol, ha="center", va="center", color=palette.muted, fontsize=10)
    for x0, x1 in arrows:
        axis.annotate("", (x1, _ROWS[1]), (x0, _ROWS[1]), arrowprops={"arrowstyle": "->", "color": palette.axis})


def _network_panel(axis: Any) -> list[list[Any]]:
    """Nodes and connections; returns the numbers in the nodes: features, hidden units, logits."""
    columns = ((0.9, np.array([3.0, 1.8]), palette.data), (2.7, _ROWS, palette.muted), (4.5, _ROWS, palette.data))
    _stages(axis, {"features": (0.9, "x"), "network": (2.7, "w"), "logits": (4.5, "s")}, ())
    axis.set_xlim(0.1, 5.1)
    for (x0, starts, _), (x1, ends, _) in itertools.pairwise(columns):
        for start, end in itertools.product(starts, ends):
            axis.plot([x0, x1], [start, end], color=palette.muted, lw=0.6, alpha=0.6, zorder=1)
    for y, name in ((3.68, "length, cm"), (1.12, "width, cm")):
        axis.text(0.9, y, name, ha="center", va="center", color=palette.muted, fontsize=9.5)
    numbers = []
    for x, places, colour in columns:
        axis.plot(np.full(places.size, x), places, "o", ms=37, mfc=palette.background, mec=colour, mew=1.4, zorder=2)
        numbers.append(
            [axis.text(x, y, "", ha="center", va="center", color=colour, fontsize=10, zorder=3) for y in places]
        )
    return numbers


class _Outcome(NamedTuple):
    """What changes in the right-hand panel of the whole model."""

    bars: Any
    shares: list[Any]
    chosen: Any
    loss: Any
    label: Any


def _outcome_panel(axis: Any) -> _Outcome:
    _stages(
        axis,
        {"softmax": (0.75, ""), "distribution": (3.15, "p(· | x, w)"), "loss": (6.2, "−log p(y | x, w)")},
        ((-0.1, 0.2), (1.3, 1.6), (4.7, 5.15)),
    )
    axis.set_xlim(-0.2, 7.3)
    axis.text(0.75, _ROWS[1], "exp\n÷ sum", ha="center", va="center", fontsize=10.5, linespacing=1.4)
    axis.plot([1.8, 1.8], [0.75, 4.1], color=palette.axis, lw=0.8)
    bars = axis.barh(_ROWS, [1, 1, 1], height=0.42, left=1.8, color=palette.model, alpha=0.75)
    shares = [axis.text(4.5, y + 0.42, "", ha="right", va="center", color=palette.model, fontsize=10.5) for y in _ROWS]
    for y, name in zip(_ROWS, irises.SPECIES, strict=True):
        axis.text(1.9, y + 0.42, name, ha="left", va="center", fontsize=10)
    (chosen,) = axis.plot([4.4], [2.4], "<", color=palette.truth, ms=9)
    loss = axis.text(6.2, 2.4, "", ha="center", va="center", color=palette.loss, fontsize=15)
    axis.text(6.2, 1.95, "nats", ha="center", va="center", color=palette.loss, fontsize=10)
    label = axis.text(6.2, 1.45, "", ha="center", va="center", color=palette.truth, fontsize=10)
    return _Outcome(bars, shares, chosen, loss, label)


def whole_model() -> Explorer:
    """Features, network, logits, softmax, distribution, loss: one flower on its way through all of them."""
    network = irises.flower_network()
    figure, (left, right) = subplots(1, 2, figsize=(7.4, 3.5), width_ratios=(5, 7.5))
    features, hidden, logits = _network_panel(left)
    outcome = _outcome_panel(right)

    def update(length: float, width: float, species: int) -> str:
        flower = np.array([length, width])
        scores = network.logits(flower)
        shares = softmax(scores)
        loss = float(softmax_cross_entropy(scores, species))
        written_in = ((features, flower, 1), (hidden, network.hidden(flower), 2), (logits, scores, 1))
        for texts, values, digits in written_in:
            for text, value in zip(texts, values, strict=True):
                text.set_text(written(value, digits))
        for bar, text, share in zip(outcome.bars, outcome.shares, shares, strict=True):
            bar.set_width(2.2 * share)
            text.set_text(f"{share:.3f}")
        outcome.chosen.set_ydata([_ROWS[species]])
        outcome.loss.set_text(f"{loss:.3f}")
        outcome.label.set_text(f"y = {irises.SPECIES[species]}")
        listed = ", ".join(f"{name} {share:.3f}" for name, share in zip(irises.SPECIES, shares, strict=True))
        return (
            f"A petal of {length:.1f} by {width:.1f} cm: {listed}. If it is {irises.SPECIES[species]}, the loss is "
            f"{loss:.3f} nats."
        )

    return Explorer(
        figure,
        update,
        name="whole-model",
        controls={
            "length": Slider(1.0, 7.0, step=0.5, value=5.0, label="petal length", unit="cm"),
            "width": Slider(0.1, 2.5, step=0.3, value=1.6, label="petal width", unit="cm"),
            "species": Choice({name: k for k, name in enumerate(irises.SPECIES)}, value=1, label="the flower is"),
        },
        caption="Feed a flower through a trained network. The sliders change the features, and with them the numbers "
        "of every later stage (some by less than the digits show). The last control changes the label, and of all "
        "the numbers only the loss: the label takes no part in the prediction.",
        alt="Six stages from left to right: two features of a petal, a network of three hidden units, three "
        "logits, the softmax, the bars of a distribution over three species, and the loss of the true species.",
    )


# ── Held-out flowers ─────────────────────────────────────────────────────────────────────────────────────────────────

MODELS = {"one linear layer": "linear", "eight hidden units": "network"}
HEATS = (0.25, 0.5, 0.75, 1.0, 1.5, 2.0, 2.5, 3.0, 4.0, 6.0, 8.0)


def _where(fields: list[Floats], level: float) -> tuple[Floats, Floats]:
    """The lines on which one of some fields over the petal plane has a level, as one path with gaps."""
    axis, gap = Figure().subplots(), np.full((1, 2), np.nan)
    found = [axis.contour(irises.LENGTHS, irises.BREADTHS, field, levels=[level]).allsegs[0] for field in fields]
    path = np.concatenate([part for lines in found for line in lines for part in (line, gap)] or [gap])
    return path[:, 0], path[:, 1]


def petal_plane() -> Explorer:
    """Two classifiers over the petal plane as a temperature moves, and what they cost on old and on new flowers."""
    data = irises.petals()
    figure, (left, right) = subplots(1, 2, figsize=(7.2, 3.6), width_ratios=(1.15, 1))
    for k, mark in enumerate("sov"):
        for x, y, face in ((data.train_x, data.train_y, "none"), (data.held_x, data.held_y, palette.data)):
            left.plot(*x[y == k].T, mark, mfc=face, mec=palette.data, ms=4.5, mew=0.8, alpha=0.75)
    for height, sign, name in zip((0.62, 0.4, 0.18), "□○▽", irises.SPECIES, strict=True):
        left.text(5.45, height, f"{sign} {name}", va="center", color=palette.data, fontsize="small")
    (edge,) = left.plot([0], [0], color=palette.ink, lw=1.6)
    (sure,) = left.plot([0], [0], "--", color=palette.model, lw=1.6)
    left.set(xlim=(0.5, 7.2), ylim=(0, 2.75), xlabel="petal length in cm", title="petal width in cm")
    edges = {kind: _where(irises.leads(kind), 0.0) for kind in MODELS.values()}
    costs = {
        kind: [[irises.loss_at(kind, T, held) for T in HEATS] for held in (False, True)] for kind in MODELS.values()
    }
    (old,) = right.plot(HEATS, HEATS, "--", color=palette.loss, lw=1.3)
    (new,) = right.plot(HEATS, HEATS, color=palette.loss)
    (dot,) = right.plot([1], [1], "o", color=palette.loss, ms=10)
    right.text(8.5, 0.58, "held-out flowers", color=palette.loss, va="center", ha="right")
    right.text(8.5, 0.52, "dashed: training", color=palette.loss, va="center", ha="right")
    right.set(xscale="log", xlim=(0.22, 9), ylim=(0, 0.62), xlabel="temperature T", title="mean loss in nats")
    right.set_xticks([0.25, 1, 4], ["0.25", "1", "4"])
    right.minorticks_off()

    def update(model: str, temperature: float) -> str:
        edge.set_data(*edges[model])
        sure.set_data(*_where(irises.log_odds(model, temperature), irises.SURE))
        old.set_ydata(costs[model][0])
        new.set_ydata(costs[model][1])
        on_old, on_new = (losses[HEATS.index(temperature)] for losses in costs[model])
        dot.set_data([temperature], [on_new])
        right_ones = int(np.sum(irises.petal_model(model).logits(data.held_x).argmax(axis=1) == data.held_y))
        return (
            f"At T = {temperature:g}: {right_ones} of {data.held_y.size} held-out flowers named correctly, loss "
            f"{on_new:.3f} nats; on the training flowers {on_old:.3f}."
        )

    return Explorer(
        figure,
        update,
        name="petal-plane",
        controls={
            "model": Choice(MODELS, value="network", label="model"),
            "temperature": Slider(values=HEATS, value=1.0, label="temperature T"),
        },
        handles=[Handle(dot, x="temperature")],
        challenge=Challenge(
            "Make the network of eight hidden units cost less than 0.11 nats on the held-out flowers.",
            lambda model, temperature: model == "network" and costs["network"][1][HEATS.index(temperature)] < 0.11,
        ),
        caption="Flowers that trained the model are hollow, those held out are full. On the solid lines the most "
        "probable species changes; on the dashed ones it has just 90%. Move the temperature: the solid lines stay, and "
        "between the dashed ones more and more is unsure. On the training flowers no T above 1 pays, for either model.",
        alt="Left, three groups of flowers in the plane of petal length and width, solid boundaries between them, and "
        "dashed lines beside these. Right, the loss on held-out flowers against the temperature, lowest at 2.5; on the "
        "training flowers it is far lower at 1.",
    )


# ── The floor of the loss ────────────────────────────────────────────────────────────────────────────────────────────


def label_floor() -> Explorer:
    """A classifier free to say anything at each width: its loss sinks to the entropy of the labels there."""
    flowers, widths, steps = irises.shared_widths(), irises.WIDTHS, irises.STEPS
    losses, shares = irises.descent_to_floor()
    frequency = flowers.counts[:, 1] / flowers.counts.sum(axis=1)
    figure, (left, right) = subplots(1, 2)
    left.axhline(flowers.floor, color=palette.truth, lw=1.5, ls="--")
    left.text(1.2, flowers.floor - 0.012, "entropy of the labels,\ngiven the width", color=palette.truth, va="top")
    left.plot(steps + 1, losses, color=palette.loss, lw=1, alpha=0.5)
    (dot,) = left.plot([1], [losses[0]], "o", color=palette.loss, ms=10)
    left.set(xscale="log", xlim=(0.8, 520), ylim=(0.33, 0.72), xlabel="step + 1", title="mean loss in nats")
    left.set_xticks([1, 10, 100], ["1", "10", "100"])
    left.minorticks_off()
    right.plot(widths, frequency, "D", mfc="none", mec=palette.truth, mew=2, ms=12)
    (points,) = right.plot(widths, shares[0], "o", color=palette.model, ms=7)
    right.text(1.37, 0.94, "◇ share among the flowers", color=palette.truth, fontsize="small")
    right.text(1.37, 0.84, "● p̂ of the model", color=palette.model, fontsize="small")
    right.set(xlim=(1.35, 1.85), ylim=(0, 1.02), xlabel="petal width in cm", xticks=widths, title="virginica")

    ends = ["At 0.", f"At about {flowers.floor:.1f}.", "At log 2: it does not move."]

    def update(snapshot: int) -> str:
        dot.set_data([steps[snapshot] + 1], [losses[snapshot]])
        points.set_ydata(shares[snapshot])
        gap = losses[snapshot] - flowers.floor
        return (
            f"After {steps[snapshot]} steps the loss is {losses[snapshot]:.4f} nats, {gap:.4f} above the "
            f"entropy of the labels given the width."
        )

    return Explorer(
        figure,
        update,
        name="label-floor",
        predict=Predict(
            ends[1],
            f"At {flowers.floor:.3f} nats. At each width both species occur; the best answer is their share.",
            options=ends,
        ),
        controls={"snapshot": Play(0, len(steps) - 1, step=1, value=8, label="snapshot", interval=150)},
        caption="38 irises have one of five petal widths, and at each width both species occur. The model may choose "
        "its logits at each width freely. Press play: every dot comes to rest in its diamond, and the loss on "
        "the dashed line. On these flowers no model that sees the width alone can go lower.",
        alt="Left, the mean loss falls from log 2 towards a dashed line, the entropy of the labels given the width. "
        "Right, the predicted probability of virginica at five petal widths moves towards its share among the flowers.",
    )
