"""The figures and explorers of the chapter on style transfer."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from lossbook.analysis.moments import CENTRE, SHAPES, bells, cloud, squared_products, two_sample
from lossbook.analysis.painting import Painting, small_painting
from lossbook.analysis.photographs import SIZE, dealt, photograph
from lossbook.analysis.texture import TILES, WIDTHS, answers, answers_moved, filter_bank, tiles_moved
from lossbook.core import Floats
from lossbook.explorer import Challenge, Choice, Explorer, Handle, Play, Predict, Slider, palette, subplots
from lossbook.figures.wording import written


def _shown(picture: Floats) -> Floats:
    """Rows, columns and colours, cut to what a screen can show."""
    return np.asarray(np.clip(picture, 0, 1).transpose(1, 2, 0))


def _hang(axis: Any, picture: Floats, title: str = "") -> Any:
    """A picture in its own pixels, without axes."""
    axis.set_axis_off()
    axis.set_title(title, fontsize="medium")
    return axis.imshow(_shown(picture), interpolation="none")


def _grey(values: Floats, size: int) -> Floats:
    """A feature map as a grey picture, its largest answers white."""
    bright = np.minimum(values.reshape(size, size) / np.quantile(values, 0.995), 1)
    return np.repeat(bright[np.newaxis], 3, axis=0)


def photographs() -> Explorer:
    """The two photographs of the chapter."""
    figure, (left, right) = subplots(1, 2, figsize=(4.8, 2.5))
    _hang(left, photograph("pagoda"), "pagoda")
    _hang(right, photograph("flower"), "flower")
    return Explorer(
        figure,
        lambda: "",
        name="style-photographs",
        controls={},
        caption=f"The photographs of this chapter, {SIZE} by {SIZE} pixels. They ship with scikit-learn.",
        alt="Left, a pagoda with four roofs of tiles above trees, pale sky behind it. Right, a round orange flower "
        "with many petals before a dark green ground.",
    )


# ── Filters and what they answer ─────────────────────────────────────────────────────────────────────────────────────

SHOWN_FILTER = 6


def one_filter() -> Explorer:
    """A random filter of each width, and what it answers to the pagoda."""
    bank = filter_bank()
    maps = answers(photograph("pagoda"), bank)
    figure, (left, right) = subplots(1, 2, figsize=(5.2, 2.7))

    def drawn(width: int) -> Floats:
        filters = bank[WIDTHS.index(width)][SHOWN_FILTER]
        sharp = 0.5 + 0.5 * filters / np.abs(filters).max()
        block = 77 // width
        return np.repeat(np.repeat(sharp, block, axis=1), block, axis=2)

    pattern = _hang(left, drawn(7), "filter")
    answer = _hang(right, _grey(maps[2][SHOWN_FILTER], SIZE), "its answers")

    def update(width: float) -> str:
        pattern.set_data(_shown(drawn(int(width))))
        values = maps[WIDTHS.index(int(width))][SHOWN_FILTER]
        answer.set_data(_shown(_grey(values, SIZE)))
        return (
            f"A filter of {width:.0f} × {width:.0f} pixels. It answers at {np.mean(values > 0):.0%} of the places, on "
            f"average with {values.mean():.2f}."
        )

    return Explorer(
        figure,
        update,
        name="style-one-filter",
        controls={"width": Slider(values=WIDTHS, value=7, label="width", unit="px")},
        caption="Left, a random filter, grey where it is 0. Right, what it answers to the pagoda at every place; white "
        "is much. Change the width: wider filters answer, on the whole, to coarser patterns.",
        alt="Left, a square of 7 by 7 coloured specks. Right, the pagoda in grey and black: edges and tiles bright, "
        "the sky a dark, even grey.",
    )


# ── What a Gram matrix notices ───────────────────────────────────────────────────────────────────────────────────────

MOVED = {"tiles of the picture": "picture", "tiles of the answers": "answers"}
WORSE = "more than 1"
GUESSES = ["0, since a Gram matrix ignores place", "about ½", WORSE]


def tiles() -> Explorer:
    """A picture or its feature maps dealt out in tiles, and what style and content loss make of it."""
    figure, (left, right) = subplots(1, 2, figsize=(7.0, 3.4))
    whole = photograph("pagoda")
    map_shown = _grey(answers(whole, filter_bank())[2][SHOWN_FILTER], SIZE)
    picture = _hang(left, whole)
    places = np.arange(len(TILES))
    right.set_xticks(places, [str(tile) for tile in TILES])
    right.set_yscale("symlog", linthresh=0.1)
    right.set(xlim=(-0.4, len(TILES) - 0.6), ylim=(-0.02, 25), xlabel="side of a tile, pixels", title="blank sheet = 1")
    right.set_yticks([0, 0.1, 1, 10], ["0", "0.1", "1", "10"])
    right.axhline(1, color=palette.muted, lw=0.8)
    found = {
        "picture": [tiles_moved(tile) for tile in TILES],
        "answers": [answers_moved(tile) for tile in TILES],
    }
    lines = {
        "style": right.plot(places, places, color=palette.loss)[0],
        "content": right.plot(places, places, "--", color=palette.loss)[0],
    }
    marks = {name: right.plot([0], [1], "o", color=palette.loss, ms=8)[0] for name in lines}
    names = {name: right.text(0, 1, name, color=palette.loss, va="center") for name in lines}

    def update(tile: float, moved: str) -> str:
        order = TILES.index(int(tile))
        source = whole if moved == "picture" else map_shown
        picture.set_data(_shown(dealt(source, int(tile))))
        for name, line in lines.items():
            values = np.array([getattr(notice, name) for notice in found[moved]])
            line.set_ydata(values)
            marks[name].set_data([order], [values[order]])
        names["style"].set_position((0.15, 16) if moved == "picture" else (0.15, 0.035))
        names["content"].set_position((2.6, 4.6) if moved == "picture" else (0.15, 2.6))
        notice = found[moved][order]
        what = "the picture" if moved == "picture" else "the answers"
        start = "Nothing is moved" if tile == SIZE else f"Tiles of {tile:.0f} × {tile:.0f} of {what} are moved"
        return f"{start}: style loss {_number(notice.style)}, content loss {_number(notice.content)}."

    pixels = tiles_moved(1).style
    return Explorer(
        figure,
        update,
        name="style-tiles",
        controls={
            "tile": Slider(values=TILES, value=32, label="side of a tile", unit="px"),
            "moved": Choice(MOVED, value="picture", label="what is moved"),
        },
        caption="Left, the pagoda cut into tiles that are laid down in other places. Right, style loss and content "
        "loss against the original, for each size of tile (means over three deals for the picture); 1 is what a sheet "
        "costs to which no filter answers. Make the tiles smaller, then move the answers instead.",
        alt="Left, nine tiles of a pagoda in the wrong places. Right, two falling curves over the size of the tiles: "
        "the style loss from about ten for single pixels to 0.2, the content loss from four to 1.7; both reach 0 when "
        "nothing is moved.",
        predict=Predict(
            WORSE if pixels > 1 else GUESSES[pixels > 0.25],
            f"It is {pixels:.1f}: to filters wider than a pixel, shuffled pixels are noise, unlike any pagoda.",
            options=GUESSES,
        ),
    )


def _number(value: float) -> str:
    """Two digits, and 0 for what is rounding."""
    return "0" if value < 1e-12 else written(value, 2) if value >= 0.1 else f"{value:.3f}"


# ── Clouds with one Gram matrix ──────────────────────────────────────────────────────────────────────────────────────

SHIFTS = [round(float(shift), 1) for shift in np.arange(-1, 1.01, 0.1)]
FAR = 0.9


def clouds() -> Explorer:
    """Two clouds of feature vectors with the same second moments, and two distances between them."""
    figure, (left, right) = subplots(1, 2, figsize=(7.0, 3.1))
    first = cloud(1.0)
    left.axhline(0, color=palette.grid, lw=0.8)
    left.axvline(0, color=palette.grid, lw=0.8)
    left.plot(*first, "o", color=palette.truth, ms=4, alpha=0.7)
    (second,) = left.plot(*first, "s", color=palette.model, ms=4, mfc="none")
    (centre,) = left.plot([0], [0], "D", color=palette.outlier, ms=10)
    left.set(xlim=(-4.6, 4.6), ylim=(-3.4, 3.4), xlabel="answer of channel 1", ylabel="answer of channel 2")
    left.text(4.4, 3.0, "style picture (dots)", color=palette.truth, ha="right", va="center")
    left.text(-4.4, -3.0, "other picture (squares)", color=palette.model, ha="left", va="center")
    lines = {shape: [two_sample(first, cloud(shift, shape), bells) for shift in SHIFTS] for shape in SHAPES}
    (curve,) = right.plot(SHIFTS, lines[SHAPES[0]], color=palette.loss)
    right.plot(SHIFTS, np.zeros(len(SHIFTS)), "--", color=palette.loss)
    (mark,) = right.plot([0], [0], "o", color=palette.loss, ms=8)
    right.text(-0.95, 0.07, "kernel (x · y)², the Gram matrix", color=palette.loss, va="center", fontsize="small")
    right.text(1.0, 1.12, "bell-shaped kernel", color=palette.loss, ha="right", va="center", fontsize="small")
    right.set(xlim=(-1.08, 1.08), ylim=(-0.08, 1.25), xlabel="where the centre lies", title="two-sample distance")

    def update(shift: float, shape: str) -> str:
        points = cloud(shift, shape)
        second.set_data(*points)
        centre.set_data([shift * CENTRE[0]], [shift * CENTRE[1]])
        curve.set_ydata(lines[shape])
        seen = lines[shape][SHIFTS.index(round(shift, 1))]
        mark.set_data([shift], [seen])
        moments = two_sample(first, points, squared_products)
        return (
            f"The squares are centred at ({written(shift * CENTRE[0], 2)}, {written(shift * CENTRE[1], 2)}). By second "
            f"moments the clouds are {_number(abs(moments))} apart, by the bell-shaped kernel {max(seen, 0):.2f}."
        )

    return Explorer(
        figure,
        update,
        name="style-clouds",
        controls={
            "shift": Slider(-1, 1, step=0.1, value=0.5, label="centre"),
            "shape": Choice(list(SHAPES), value=SHAPES[0], label="shape"),
        },
        handles=[Handle(centre, x="shift")],
        predict=Predict(
            "Yes, if the near one is wider.",
            "Second moments count the distance from the origin, and spread makes up for what the centre lacks.",
            options=[
                "No, its feature vectors are shorter.",
                "Yes, if both are equally wide.",
                "Yes, if the near one is wider.",
            ],
        ),
        caption="Each mark is one place of a picture: what two channels answer there. Drag the diamond, the centre of "
        "the squares. Their spread follows, so that both clouds keep one Gram matrix.",
        alt="Left, a narrow cloud of dots up on the right and a wider one of squares nearer to the origin. Right, two "
        "curves over the centre: one is zero everywhere, the other falls from 1 on the left to 0 on the right.",
        challenge=Challenge(
            f"Find two clouds that the bell-shaped kernel calls {FAR} apart or more, with one Gram matrix.",
            lambda shift, shape: two_sample(first, cloud(shift, shape), bells) >= FAR,
        ),
    )


# ── Paintings ────────────────────────────────────────────────────────────────────────────────────────────────────────


def film(painting: Painting | None = None) -> Explorer:
    """The iterations from noise to a texture."""
    record = small_painting() if painting is None else painting
    figure, (left, right) = subplots(1, 2, figsize=(7.0, 3.1))
    picture = _hang(left, record.frames[0])
    right.plot(record.steps, record.style, color=palette.loss)
    (mark,) = right.plot([0], [1], "o", color=palette.loss, ms=8)
    right.set_yscale("log")
    right.set(xlabel="iterations", title="style loss, blank sheet = 1")

    def update(frame: int) -> str:
        picture.set_data(_shown(record.frames[frame]))
        mark.set_data([record.steps[frame]], [record.style[frame]])
        return f"After {record.steps[frame]} iterations the style loss is {record.style[frame]:.2g} of a blank sheet's."

    last = len(record.steps) - 1
    return Explorer(
        figure,
        update,
        name="style-film",
        controls={"frame": Play(0, last, value=last, label="frame", interval=450)},
        caption="From noise to the pagoda's style, with no content asked for. Go back to frame 0 and press play. Watch "
        "what goes first and what comes last; in the end look for a pagoda.",
        alt="Left, a patchwork of grey, white, orange and green bands with blue spots and no pagoda. Right, a curve "
        "that falls steeply at first on a logarithmic scale.",
    )


RISES = [3, 30, 300]


def weights(paintings: Sequence[Painting] | None = None) -> Explorer:
    """The flower in the pagoda's style, for several weights of the content."""
    records = [small_painting(weight) for weight in (0.01, 0.1, 1.0)] if paintings is None else list(paintings)
    figure, (left, right) = subplots(1, 2, figsize=(7.0, 3.4))
    picture = _hang(left, records[0].frames[-1])
    ends = np.array([[record.content[-1], record.style[-1]] for record in records])
    right.plot(*ends.T, "o-", color=palette.loss, ms=4)
    (mark,) = right.plot([1], [1], "o", color=palette.loss, ms=10)
    right.set_yscale("log")
    right.set(xlim=(0, 1.1 * ends[:, 0].max()), xlabel="content loss", ylabel="style loss", title="blank sheet = 1")

    def update(weight: float) -> str:
        record = next(record for record in records if record.weight == weight)
        picture.set_data(_shown(record.frames[-1]))
        mark.set_data([record.content[-1]], [record.style[-1]])
        return (
            f"Content counts {weight:g} times: style loss {record.style[-1]:.2g}, content loss "
            f"{record.content[-1]:.2f} of a blank sheet's."
        )

    values = [record.weight for record in records]
    rise = ends[-1, 1] / ends[0, 1]
    guesses = [f"about {factor} times as large" for factor in RISES]
    return Explorer(
        figure,
        update,
        name="style-weights",
        controls={"weight": Slider(values=values, value=values[len(values) // 2], label="weight of the content")},
        caption="The flower's content in the pagoda's style, from noise each time. Move the weight from one end to "
        "the other: one loss falls while the other rises.",
        alt="Left, the flower in the pagoda's greys, its petals crossed by bright and dark bands. Right, style loss "
        "over content loss: a falling curve, one dot for each weight.",
        predict=Predict(
            guesses[int(np.argmin(np.abs(np.log(rise / np.array(RISES)))))],
            f"It becomes {rise:.0f} times as large, while the content loss falls to {ends[-1, 0] / ends[0, 0]:.0%}.",
            options=guesses,
        ),
    )
