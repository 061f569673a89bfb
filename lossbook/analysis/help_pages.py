"""A text that comes with Python, its help pages, read by a small network one byte after the other."""

from __future__ import annotations

import math
from functools import cache
from typing import Any, NamedTuple

import numpy as np

from lossbook.analysis.byte_model import BYTES, ByteModel
from lossbook.core import Floats

LENGTH = 400_000  # bytes; other versions of Python have other and longer pages
WINDOW = 8
STEPS = 1000
BATCH = 256
ORDERS = (0, 1, 2, 3, 4, 5)


class Text(NamedTuple):
    """The text to learn from, nine tenths, and the tenth to be judged on."""

    known: bytes
    unseen: bytes


@cache
def pages() -> Text:
    """Python's help pages in alphabetical order, the text that `help("lambda")` prints."""
    from pydoc_data.topics import topics

    whole = "\n".join(topics[name] for name in sorted(topics)).encode()[:LENGTH]
    cut = len(whole) * 9 // 10
    return Text(whole[:cut], whole[cut:])


@cache
def counted(order: int) -> Floats:
    """What every unseen byte costs the n-gram with a context of `order` bytes, in nats."""
    known, unseen = pages()
    return ByteModel(known, order).costs(unseen, known[-order:] if order else b"")


class Reader(NamedTuple):
    """A trained network: its loss on the way, in nats per byte, and what every unseen byte costs it."""

    path: list[float]
    costs: Floats


@cache
def train_reader(seed: int = 0, steps: int = STEPS, ahead: int = 1) -> Reader:
    """A network that sees a window of eight true bytes and predicts the next: Bengio and others' design.

    With `ahead=0` its label is the last byte of the window itself: the labels were not shifted.
    """
    import torch
    from torch.nn import functional as F

    torch.set_num_threads(1)
    torch.manual_seed(seed)
    known, unseen = (torch.tensor(np.frombuffer(part, dtype=np.uint8).astype(np.int64)) for part in pages())
    network = torch.nn.Sequential(
        torch.nn.Embedding(BYTES, 24),
        torch.nn.Flatten(),
        torch.nn.Linear(24 * WINDOW, 128),
        torch.nn.ReLU(),
        torch.nn.Linear(128, BYTES),
    )
    optimiser = torch.optim.Adam(network.parameters(), lr=5e-3)
    schedule = torch.optim.lr_scheduler.LinearLR(optimiser, 1.0, 0.05, steps)
    path = []

    def split(windows: Any) -> tuple[Any, Any]:
        return windows[:, :WINDOW], windows[:, WINDOW - 1 + ahead]

    for _ in range(steps):
        start = torch.randint(0, len(known) - WINDOW, (BATCH, 1))
        seen, label = split(known[start + torch.arange(WINDOW + 1)])
        loss = F.cross_entropy(network(seen), label)
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        schedule.step()
        path.append(loss.item())
    with torch.no_grad():
        seen, label = split(torch.cat([known[-WINDOW:], unseen]).unfold(0, WINDOW + 1, 1))
        costs = F.cross_entropy(network(seen), label, reduction="none").double().numpy()
    return Reader(path, np.asarray(costs))


def bits(nats: float) -> float:
    """Nats in bits."""
    return nats / math.log(2)
