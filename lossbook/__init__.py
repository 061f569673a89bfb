"""Where the losses of machine learning come from, and how they behave."""

from lossbook.information import (
    cross_entropy,
    cross_entropy_grad,
    cross_entropy_grad_q,
    entropy,
    js_divergence,
    js_divergence_grad,
    js_divergence_grad_q,
    kl_density,
    kl_divergence,
    kl_divergence_grad,
    kl_divergence_grad_q,
    kl_normal,
    kl_normal_grad,
    kl_normal_grad_mean_q,
    kl_normal_grad_scale_p,
    kl_normal_grad_scale_q,
    surprisal,
)
from lossbook.likelihood import (
    laplace_nll,
    laplace_nll_grad,
    laplace_nll_grad_scale,
    normal_nll,
    normal_nll_grad,
    normal_nll_grad_scale,
    student_t_nll,
    student_t_nll_grad,
    student_t_nll_grad_scale,
)
from lossbook.regression import (
    cauchy,
    cauchy_grad,
    epsilon_insensitive,
    epsilon_insensitive_grad,
    huber,
    huber_grad,
    log_cosh,
    log_cosh_grad,
    mae,
    mae_grad,
    mse,
    mse_grad,
    pinball,
    pinball_grad,
    rmse,
    rmse_grad,
    smooth_l1,
    smooth_l1_grad,
)

__version__ = "0.1.0"
