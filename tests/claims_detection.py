"""What the cards of the detection chapter claim."""

from __future__ import annotations

import numpy as np
import pytest
from claims import holds, random

import lossbook

LOSSES = ("iou", "giou", "diou", "ciou")


def boxes(count: int = 300) -> tuple[np.ndarray, np.ndarray]:
    """Pairs of boxes of all kinds."""
    low = random().normal(0, 2, (2, count, 2))
    return tuple(np.concatenate([low, low + random().uniform(0.2, 5, low.shape)], axis=-1))


def gradient(name: str, prediction: object, target: object) -> np.ndarray:
    return np.asarray(getattr(lossbook, f"{name}_grad")(prediction, target, reduction="none"))


def apart() -> tuple[np.ndarray, np.ndarray]:
    """Boxes beside each other, near and far, in all directions."""
    angle = np.linspace(0, 2 * np.pi, 48, endpoint=False)
    away = np.concatenate(
        [np.multiply.outer(gap, np.stack([np.cos(angle), np.sin(angle)], -1)) for gap in (5, 50, 500)]
    )
    one = np.concatenate([away - np.array([1, 0.5]), away + np.array([1, 0.5])], axis=-1)
    return one, np.broadcast_to([-1.5, -1.0, 1.5, 1.0], one.shape)


def inside() -> tuple[np.ndarray, np.ndarray]:
    rng = random()
    centre = rng.uniform(-1, 1, (60, 2))
    half = rng.uniform(0.1, 0.9, (60, 2))
    one = np.concatenate([centre - half, centre + half], axis=-1)
    return one, np.broadcast_to([-2.0, -2.0, 2.0, 2.0], one.shape)


def shift(slopes: np.ndarray) -> np.ndarray:
    return slopes[..., :2] + slopes[..., 2:]


@holds("iou", "It has no unit: both boxes ten times as large cost the same.")
def iou_without_unit() -> None:
    one, other = boxes()
    np.testing.assert_allclose(
        lossbook.iou(10 * one, 10 * other, reduction="none"), lossbook.iou(one, other, reduction="none"), atol=1e-12
    )


@holds("iou", "One number for all four edges: none can be right by itself.")
def iou_couples_edges() -> None:
    """The slope of one edge depends on where another one is."""
    target = [0.0, 0.0, 4.0, 4.0]
    slopes = [gradient("iou", [1.0, 1.0, 3.0, top], target)[0] for top in (2.0, 3.0)]
    assert slopes[0] > 0 and slopes[1] == pytest.approx(2 * slopes[0])


@holds("iou", "Boxes that are apart cost 1, with a gradient of 0, however far apart they are.")
def iou_apart() -> None:
    one, other = apart()
    assert (lossbook.iou(one, other, reduction="none") == 1).all() and not gradient("iou", one, other).any()


@holds("iou", "Inside the target a box may shift without a change.")
def iou_inside() -> None:
    np.testing.assert_allclose(shift(gradient("iou", *inside())), 0, atol=1e-12)


@holds("giou", "Boxes that are apart are pulled, from any distance.")
@holds("diou", "Boxes that are apart are pulled, from any distance.")
def pulled_from_afar() -> None:
    one, other = apart()
    for name in ("giou", "diou"):
        moved = shift(gradient(name, one, other))
        assert ((moved * (one[:, :2] + one[:, 2:])).sum(axis=-1) > 0).all(), "descent leads to the target"


@holds("giou", "Where one box contains the other it is IoU again.")
def giou_inside() -> None:
    one, other = inside()
    for pair in ((one, other), (other, one)):
        np.testing.assert_allclose(lossbook.giou(*pair, reduction="none"), lossbook.iou(*pair, reduction="none"))
        np.testing.assert_allclose(gradient("giou", *pair), gradient("iou", *pair), atol=1e-12)


@holds("giou", "A box as large as the target, on its level and apart, is stretched: its far edge goes outward.")
def giou_stretches() -> None:
    for gap in (0.01, 1.0, 30.0):
        slopes = gradient("giou", [-3.0 - gap, 0.0, -gap, 2.0], [0.0, 0.0, 3.0, 2.0])
        assert slopes[0] > 0 > slopes[2], "the left edge to the left, the right one to the right"


@holds("diou", "Far away it stretches a box as GIoU does: the far edge goes outward.")
def diou_stretches() -> None:
    """Of equal boxes on one level: from the distance on that is one diagonal, 5 for 4 by 3."""
    for gap in (0.01, 0.5, 0.99, 1.01, 3.0, 30.0, 300.0):
        for one, far in (([-4 - gap, 0, -gap, 3], 0), ([4 + gap, 0, 8 + gap, 3], 2)):
            outward = -gradient("diou", np.array(one, dtype=float), [0.0, 0.0, 4.0, 3.0])[far] * (far - 1)
            assert (outward > 0) == (gap > 1) and outward != 0
    angle = np.linspace(0, 2 * np.pi, 48, endpoint=False)
    for loss in ("diou", "giou"):  # in any direction, whatever the shapes: the edges far from the target go outward
        for half in ([1.0, 0.5], [0.5, 3.0]):
            centre = 500 * np.stack([np.cos(angle), np.sin(angle)], -1)
            for at in centre[np.abs(centre).min(axis=-1) > 10]:
                slopes = gradient(loss, np.concatenate([at - half, at + half]), [-1.5, -1.0, 1.5, 1.0])
                away = np.sign(at) * -np.where(at > 0, slopes[2:], slopes[:2])
                assert (away.max() if loss == "diou" else away.min()) > 0


@holds("diou", "A box inside the target is led to its centre.")
def diou_inside() -> None:
    one, other = inside()
    moved, centre = shift(gradient("diou", one, other)), (one[:, :2] + one[:, 2:]) / 2
    np.testing.assert_allclose(moved / centre, (moved / centre)[:, :1] * [1, 1])  # straight to (0, 0)
    assert (moved * centre > 0).all()


@holds("diou", "Once the centres agree it is IoU, whatever the shapes are.")
def diou_centred() -> None:
    half = random().uniform(0.2, 3, (2, 50, 2))
    one, other = (np.concatenate([-part, part], axis=-1) for part in half)
    np.testing.assert_allclose(lossbook.diou(one, other, reduction="none"), lossbook.iou(one, other, reduction="none"))


@holds("ciou", "Boxes with one centre still have their shapes compared.")
def ciou_shapes() -> None:
    wide, tall = [-2.0, -1.0, 2.0, 1.0], [-1.0, -2.0, 1.0, 2.0]
    assert lossbook.ciou(wide, tall) > lossbook.diou(wide, tall) + 0.01


@holds("ciou", r"Its gradient holds $\alpha$ fixed, so it is not the slope of the value.")
def ciou_alpha_fixed() -> None:
    box, target, step = np.array([0.0, 0.0, 2.0, 1.0]), [0.0, 0.0, 2.5, 2.0], np.array([0, 0, 1e-6, 0])
    ends = [(box + sign * step, target) for sign in (1, -1)]
    whole = (lossbook.ciou(*ends[0]) - lossbook.ciou(*ends[1])) / 2e-6
    held = lossbook.ciou_alpha(box, target)
    fixed = (lossbook.ciou(*ends[0], alpha=held) - lossbook.ciou(*ends[1], alpha=held)) / 2e-6
    slope = lossbook.ciou_grad(box, target)[2]
    assert slope == pytest.approx(fixed, rel=1e-6) and abs(slope - whole) > 1e-3


@holds("ciou", "Once centres and shapes agree it is IoU.")
def ciou_agree() -> None:
    half, scale = random().uniform(0.2, 3, (50, 2)), random().uniform(0.3, 3, (50, 1))
    one, other = (np.concatenate([-part, part], axis=-1) for part in (half, scale * half))
    np.testing.assert_allclose(lossbook.ciou(one, other, reduction="none"), lossbook.iou(one, other, reduction="none"))
