"""A teacher and a student at one temperature: what the student is told, and how loudly."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import NamedTuple

import numpy as np

from lossbook.core import Floats
from lossbook.losses.scores import softmax
from lossbook.losses.sequences import distillation, distillation_grad

CLASSES = ("7", "1", "9", "4", "0")
"""What a handwritten seven may be taken for, from the likeliest."""
TEACHER = np.array([6.0, 3.0, 2.0, 0.0, -3.0])
STUDENTS: Mapping[str, Floats] = MappingProxyType(
    {"knows nothing yet": np.zeros(5), "knows the class": np.array([6.0, 0.0, 0.0, 0.0, 0.0])}
)


class Softened(NamedTuple):
    """Both distributions at a temperature, the loss, and the length of its gradient with T² and without."""

    teacher: Floats
    student: Floats
    loss: float
    gradient: Floats
    length: float
    length_without: float


def softened(student: str, temperature: float) -> Softened:
    """What distillation compares, and what it asks of the student's scores."""
    scores = STUDENTS[student]
    slope = distillation_grad(scores, TEACHER, temperature=temperature)
    length = float(np.linalg.norm(slope))
    return Softened(
        softmax(TEACHER, temperature=temperature),
        softmax(scores, temperature=temperature),
        float(distillation(scores, TEACHER, temperature=temperature)),
        slope,
        length,
        length / temperature**2,
    )


def limit(student: str) -> float:
    """The length that the gradient goes to as the temperature grows: that of the centred difference of scores by K."""
    gap = STUDENTS[student] - TEACHER
    return float(np.linalg.norm(gap - gap.mean()) / len(CLASSES))
