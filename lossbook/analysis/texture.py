"""Random filters of several widths, what they answer to a picture, and what their Gram matrices notice."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cache
from typing import NamedTuple

import numpy as np

from lossbook.analysis.photographs import SIZE, dealt, photograph
from lossbook.core import Floats
from lossbook.losses.style import content, style

Bank = tuple[Floats, ...]
WIDTHS = (3, 5, 7, 11)


@cache
def filter_bank(seed: int = 0, count: int = 24, widths: tuple[int, ...] = WIDTHS) -> Bank:
    """Random filters for pictures of three colours, `count` of each width: mean 0 and length 1, in arrays of shape
    (count, 3, width, width)."""
    random, bank = np.random.default_rng(seed), []
    for width in widths:
        filters = random.normal(size=(count, 3, width, width))
        filters -= filters.mean(axis=(1, 2, 3), keepdims=True)
        filters /= np.sqrt(np.square(filters).sum(axis=(1, 2, 3), keepdims=True))
        filters.flags.writeable = False
        bank.append(filters)
    return tuple(bank)


def _spectrum(filters: Floats, height: int, width: int) -> Floats:
    """The filters in frequencies, their centres on the first pixel."""
    size = filters.shape[-1]
    padded = np.zeros((*filters.shape[:2], height, width))
    padded[..., :size, :size] = filters
    return np.asarray(np.fft.rfft2(np.roll(padded, (-(size // 2), -(size // 2)), axis=(-2, -1))))


def answers(picture: Floats, bank: Bank) -> list[Floats]:
    """For each width the feature map of its filters: what each answers at every place, 0 where that is negative.

    Maps have the shape (count, places). The picture is taken to go on at the opposite edge, as a pattern that repeats.
    """
    return look(picture, [_spectrum(filters, *picture.shape[1:]).conj() for filters in bank])


def look(picture: Floats, spectra: Sequence[Floats]) -> list[Floats]:
    """`answers` from the conjugates of the filters' frequencies, for who looks at many pictures of one size."""
    height, width = picture.shape[1:]
    spectrum, maps = np.fft.rfft2(picture), []
    for filters in spectra:
        products = np.einsum("cyx,kcyx->kyx", spectrum, filters)
        maps.append(np.maximum(np.fft.irfft2(products, (height, width)), 0).reshape(len(filters), -1))
    return maps


def answers_grad(picture: Floats, bank: Bank, slopes: Sequence[Floats]) -> Floats:
    """The gradient in the pixels of anything whose gradients in the maps of `answers` are `slopes`."""
    height, width = picture.shape[1:]
    total = np.zeros((3, height, width // 2 + 1), dtype=complex)
    for filters, values, slope in zip(bank, answers(picture, bank), slopes, strict=True):
        passed = np.where(values > 0, slope, 0.0).reshape(-1, height, width)
        total += np.einsum("kyx,kcyx->cyx", np.fft.rfft2(passed), _spectrum(filters, height, width))
    return np.asarray(np.fft.irfft2(total, (height, width)))


def waves(picture: Floats, shortest: float, longest: float) -> float:
    """How strong the waves of a picture are whose lengths lie between two numbers of pixels: their summed squares."""
    height, width = picture.shape[1:]
    frequency = np.hypot(np.fft.fftfreq(height)[:, np.newaxis], np.fft.fftfreq(width))
    chosen = (frequency >= 1 / longest) & (frequency <= 1 / shortest)
    return float(np.square(np.abs(np.fft.fft2(picture)[:, chosen])).sum() / (height * width))


# ── Losses over all widths, in units that no normalisation changes ───────────────────────────────────────────────────

Layer = Callable[[Floats, Floats], Floats | float]


def _over_blank(loss: Layer, maps: Sequence[Floats], targets: Sequence[Floats]) -> float:
    ratios = [float(loss(f, t)) / float(loss(np.zeros_like(f), t)) for f, t in zip(maps, targets, strict=True)]
    return float(np.mean(ratios))


def style_share(maps: Sequence[Floats], targets: Sequence[Floats]) -> float:
    """The style loss of each width over that of a blank sheet, to which no filter answers; the mean over the widths."""
    return _over_blank(style, maps, targets)


def content_share(maps: Sequence[Floats], targets: Sequence[Floats]) -> float:
    """The content loss of each width over that of a blank sheet; the mean over the widths."""
    return _over_blank(content, maps, targets)


# ── What a Gram matrix notices ───────────────────────────────────────────────────────────────────────────────────────

TILES = (1, 2, 4, 8, 12, 16, 32, 96)
DEALS = 3  # over which the losses of a tile size are averaged


class Notice(NamedTuple):
    """What style and content loss make of a picture that was dealt out anew, in units of a blank sheet."""

    style: float
    content: float


@cache
def _looked(name: str, seed: int, count: int, size: int) -> tuple[list[Floats], list[Floats]]:
    """The filters' frequencies, and what they answer to a photograph as it is."""
    spectra = [_spectrum(filters, size, size).conj() for filters in filter_bank(seed, count)]
    return spectra, look(photograph(name, size), spectra)


@cache
def tiles_moved(tile: int, name: str = "pagoda", seed: int = 0, count: int = 24, size: int = SIZE) -> Notice:
    """Tiles of the *picture* laid down in other places, before the filters look; the mean over a few deals."""
    picture, (spectra, targets) = photograph(name, size), _looked(name, seed, count, size)
    dealt_out = [look(dealt(picture, tile, deal), spectra) for deal in range(DEALS)]
    found = [(style_share(maps, targets), content_share(maps, targets)) for maps in dealt_out]
    return Notice(*(float(value) for value in np.mean(found, axis=0)))


@cache
def answers_moved(tile: int, name: str = "pagoda", seed: int = 0, count: int = 24, size: int = SIZE) -> Notice:
    """Tiles of the *answers* laid down in other places, after the filters looked."""
    _, targets = _looked(name, seed, count, size)
    maps = [dealt(values.reshape(-1, size, size), tile).reshape(values.shape) for values in targets]
    return Notice(style_share(maps, targets), content_share(maps, targets))


def same_gram(features: Floats) -> Floats:
    """A feature map with the second moments of another and no more places than channels: G/M = S Sᵀ/C.

    It is all that a style loss keeps of a picture.
    """
    channels, places = features.shape
    sizes, directions = np.linalg.eigh(features @ features.T * (channels / places))
    return np.asarray(directions * np.sqrt(np.maximum(sizes, 0)))
