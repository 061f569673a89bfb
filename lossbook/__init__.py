"""Where the losses of machine learning come from, and how they behave."""

from lossbook.regression import huber, huber_grad, mse, mse_grad

__version__ = "0.1.0"
