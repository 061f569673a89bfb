"""The figures and explorers of the book, one module a chapter, and `profile` for any loss of a residual."""

from lossbook.figures.loss_profile import profile

__all__ = ["profile"]
