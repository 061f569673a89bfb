"""What the records say, said a second time: words and ranges by hand, names by calling what they name.

A loss that is new needs no line in the tables; the tests of every record find it by themselves.
"""

from __future__ import annotations

import importlib
import inspect
import re
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from contents import PLANNED, pages
from oracles import draw
from pybtex.database import parse_file
from pybtex.plugin import find_plugin
from scipy import special

import lossbook
from lossbook.catalogue import CATALOGUE, find
from lossbook.core import DOMAINS, REDUCTIONS

ROOT = Path(__file__).parents[1]
LOSSES = pytest.mark.parametrize("loss", CATALOGUE.values(), ids=lambda loss: loss.name)

# By name: title, chapter, source, what the loss estimates, the name of its density, synonyms.
WORDS: dict[str, tuple[str, str, str, str, str, tuple[str, ...]]] = {
    "softmax_cross_entropy": (
        "softmax cross-entropy",
        "softmax",
        "bridle1990",
        "the conditional probability of every class",
        "",
        ("categorical cross-entropy", "multinomial logistic loss", "log loss"),
    ),
    "binary_cross_entropy": (
        "binary cross-entropy",
        "cross-entropy",
        "cox1958",
        "the conditional probability of 1",
        "",
        ("BCE", "log loss", "Bernoulli NLL"),
    ),
    "binary_cross_entropy_with_logits": (
        "binary cross-entropy from logits",
        "softmax",
        "cox1958",
        "the conditional log-odds of 1, plus log w",
        "",
        ("sigmoid cross-entropy", "logistic loss", "BCE with logits"),
    ),
    "triplet_margin": (
        "triplet loss",
        "contrastive",
        "schroff2015",
        "an order of distances: the positive nearer than the negative, by the margin",
        "",
        ("triplet margin loss",),
    ),
    "info_nce": (
        "InfoNCE",
        "contrastive",
        "oord2018",
        "similarity up to a constant: the log ratio of joint to independent probability",
        "",
        ("contrastive predictive coding loss", "N-pair softmax loss"),
    ),
    "nt_xent": (
        "NT-Xent",
        "contrastive",
        "chen2020",
        "similarity up to a constant: the log ratio of joint to independent probability",
        "",
        ("normalised temperature-scaled cross-entropy", "SimCLR loss"),
    ),
    "contrastive": (
        "contrastive loss",
        "contrastive",
        "hadsell2006",
        "a distance: small for similar pairs, at least the margin for dissimilar ones",
        "",
        ("pairwise loss", "siamese loss"),
    ),
    "contrastive_embeddings": (
        "contrastive loss of embeddings",
        "contrastive",
        "hadsell2006",
        "an embedding: similar things together, dissimilar ones at least the margin apart",
        "",
        ("siamese loss",),
    ),
    "cosine_embedding": (
        "cosine embedding loss",
        "contrastive",
        "bromley1993",
        "directions: similar things aligned, dissimilar ones beyond an angle",
        "",
        ("cosine contrastive loss",),
    ),
    "cross_entropy": (
        "cross-entropy",
        "cross-entropy",
        "coverthomas2006",
        "the distribution p itself",
        "",
        ("log loss", "logarithmic score"),
    ),
    "kl_divergence": (
        "Kullback–Leibler divergence",
        "kl-divergence",
        "kullback1951",
        "the distribution p itself",
        "",
        ("relative entropy", "information gain", "KL"),
    ),
    "js_divergence": (
        "Jensen–Shannon divergence",
        "kl-divergence",
        "lin1991",
        "the distribution p itself",
        "",
        ("JSD", "information radius"),
    ),
    "kl_normal": (
        "KL divergence of two normal distributions",
        "kl-divergence",
        "kullback1959",
        "mean and standard deviation of the other distribution",
        "",
        ("Gaussian KL",),
    ),
    "beta_nll": (
        "Beta negative log-likelihood",
        "recipe",
        "ferrari2004",
        "both shapes of the distribution of a fraction",
        "Beta",
        ("Beta regression",),
    ),
    "von_mises_nll": (
        "von Mises negative log-likelihood",
        "recipe",
        "vonmises1918",
        "the conditional mean direction",
        "von Mises",
        ("circular normal NLL",),
    ),
    "bernoulli_nll": (
        "Bernoulli negative log-likelihood",
        "recipe",
        "cox1958",
        "the conditional log-odds of 1",
        "Bernoulli",
        ("binary cross-entropy", "logistic loss"),
    ),
    "categorical_nll": (
        "categorical negative log-likelihood",
        "recipe",
        "bridle1990",
        "the conditional probability of every class",
        "categorical",
        ("softmax cross-entropy", "multinoulli NLL"),
    ),
    "poisson_nll": (
        "Poisson negative log-likelihood",
        "recipe",
        "poisson1837",
        "the logarithm of the conditional mean of a count",
        "Poisson",
        ("Poisson loss", "count regression"),
    ),
    "normal_nll": (
        "normal negative log-likelihood",
        "recipe",
        "gauss1809",
        "the conditional mean",
        "normal",
        ("Gaussian NLL",),
    ),
    "laplace_nll": (
        "Laplace negative log-likelihood",
        "recipe",
        "laplace1774",
        "the conditional median",
        "Laplace",
        (),
    ),
    "student_t_nll": (
        "Student-t negative log-likelihood",
        "recipe",
        "student1908",
        "the centre of the bulk of the targets",
        "Student-t",
        (),
    ),
    "normal_mixture_nll": (
        "normal mixture negative log-likelihood",
        "recipe",
        "bishop1994",
        "the whole conditional distribution, with several humps if need be",
        "mixture of normals",
        ("mixture density network loss", "MDN loss"),
    ),
    "mse": (
        "mean squared error",
        "regression",
        "legendre1805",
        "the conditional mean",
        "normal with variance ½",
        ("MSE", "squared error", "L2 loss", "quadratic loss"),
    ),
    "mae": (
        "mean absolute error",
        "regression",
        "laplace1774",
        "the conditional median",
        "Laplace",
        ("MAE", "absolute error", "L1 loss", "least absolute deviations"),
    ),
    "rmse": (
        "root mean squared error",
        "regression",
        "gauss1823",
        "the conditional mean",
        "",
        ("RMSE", "root mean square deviation"),
    ),
    "pinball": (
        "pinball loss",
        "regression",
        "koenker1978",
        "the conditional quantile",
        "asymmetric Laplace",
        ("quantile loss", "check loss", "tilted absolute loss"),
    ),
    "epsilon_insensitive": (
        "ε-insensitive loss",
        "regression",
        "vapnik1995",
        "a centre with as many targets above ŷ + ε as below ŷ − ε",
        "flat up to ε, Laplace tails beyond",
        ("SVR loss", "tube loss"),
    ),
    "huber": (
        "Huber loss",
        "regression",
        "huber1964",
        "a compromise between the conditional mean and the conditional median",
        "Huber's least favourable density",
        ("robust loss",),
    ),
    "smooth_l1": (
        "smooth L1 loss",
        "regression",
        "girshick2015",
        "a compromise between the conditional mean and the conditional median",
        "Huber's least favourable density, rescaled",
        (),
    ),
    "log_cosh": (
        "log-cosh loss",
        "regression",
        "green1990",
        "a compromise between the conditional mean and the conditional median",
        "hyperbolic secant",
        (),
    ),
    "cauchy": (
        "Cauchy loss",
        "regression",
        "black1996",
        "the centre of the bulk of the targets",
        "Cauchy",
        ("Lorentzian loss",),
    ),
    "sigmoid_focal": (
        "focal loss",
        "classification",
        "lin2017",
        "something nearer to ½ than the conditional probability of 1",
        "",
        ("binary focal loss", "focal cross-entropy"),
    ),
    "softmax_focal": (
        "focal loss of several classes",
        "classification",
        "lin2017",
        "a distribution flatter than the conditional one",
        "",
        ("categorical focal loss",),
    ),
    "hinge": (
        "hinge loss",
        "classification",
        "cortes1995",
        "the more probable label: the score is its sign, and no probability can be read off",
        "",
        ("SVM loss", "max-margin loss"),
    ),
    "squared_hinge": (
        "squared hinge loss",
        "classification",
        "bartlett2006",
        "2η − 1, where η is the conditional probability of +1",
        "",
        ("L2 hinge loss",),
    ),
    "perceptron": (
        "perceptron loss",
        "classification",
        "rosenblatt1958",
        "nothing: a score of 0 is best whatever the probabilities are",
        "",
        ("perceptron criterion",),
    ),
    "logistic": (
        "logistic loss of the margin",
        "classification",
        "cox1958",
        "the conditional log-odds of +1",
        "",
        ("soft margin loss", "logistic loss"),
    ),
    "exponential": (
        "exponential loss",
        "classification",
        "freund1997",
        "half the conditional log-odds of +1",
        "",
        ("AdaBoost loss",),
    ),
    "dpo": (
        "direct preference optimisation",
        "ranking",
        "rafailov2023",
        "log-ratios whose difference, times β, is the log-odds of being preferred",
        "",
        ("DPO",),
    ),
    "ipo": (
        "identity preference optimisation",
        "ranking",
        "azar2024",
        "log-ratios whose difference is (P − ½)/β, P the probability of being preferred",
        "",
        ("IPO",),
    ),
    "margin_ranking": (
        "margin ranking loss",
        "ranking",
        "herbrich2000",
        "the more probable order of the two: no probability can be read off",
        "",
        ("pairwise hinge loss", "ranking SVM loss"),
    ),
    "pairwise_logistic": (
        "pairwise logistic loss",
        "ranking",
        "bradley1952",
        "the log-odds of being preferred, as a difference of scores",
        "",
        ("Bradley–Terry loss", "RankNet", "BPR", "Bayesian personalised ranking", "reward model loss"),
    ),
    "listnet": (
        "ListNet",
        "ranking",
        "cao2007",
        "the log of the mean softmax of the relevances: the relevances, up to one number, where they are certain",
        "",
        ("listwise softmax loss", "top-one cross-entropy"),
    ),
    "listmle": (
        "ListMLE",
        "ranking",
        "xia2008",
        "log-strengths: the probability of coming next is the softmax over what is left",
        "",
        ("Plackett–Luce loss",),
    ),
    "brier": (
        "Brier score",
        "classification",
        "brier1950",
        "the conditional probability of every class",
        "",
        ("quadratic score", "Brier loss"),
    ),
    "binary_brier": (
        "Brier score of two classes",
        "classification",
        "brier1950",
        "the conditional probability of 1",
        "",
        ("half Brier score",),
    ),
    "spherical": (
        "spherical score",
        "classification",
        "gneiting2007",
        "the conditional probability of every class",
        "",
        ("spherical loss",),
    ),
    "generalised_cross_entropy": (
        "generalised cross-entropy",
        "classification",
        "zhang2018",
        "a distribution sharper than the conditional one; at q = 1 the most probable class",
        "",
        ("GCE", "generalized cross-entropy", "Lq loss"),
    ),
    "content": (
        "content loss",
        "style-transfer",
        "gatys2016",
        "the feature map of the content picture, place by place",
        "",
        ("feature reconstruction loss", "perceptual loss"),
    ),
    "style": (
        "style loss",
        "style-transfer",
        "gatys2016",
        "the second moments of the style picture's features, wherever they occur",
        "",
        ("Gram loss", "style reconstruction loss", "texture loss"),
    ),
    "total_variation": (
        "total variation loss",
        "style-transfer",
        "johnson2016",
        "a picture of one colour",
        "",
        ("TV loss", "total variation regulariser", "smoothness penalty"),
    ),
    "forward_correction": (
        "forward-corrected cross-entropy",
        "classification",
        "patrini2017",
        "the conditional probability of every true class",
        "",
        ("forward loss correction",),
    ),
    "kl_standard_normal": (
        "KL divergence from a normal code to the standard normal",
        "generative",
        "kingma2014",
        "the standard normal distribution: mean 0, log-variance 0",
        "",
        ("VAE KL term", "latent loss", "rate"),
    ),
    "bernoulli_elbo": (
        "negative evidence lower bound, Bernoulli decoder",
        "generative",
        "kingma2014",
        "at β = 1 the largest lower bound on log p(y) that this encoder can give",
        "",
        ("ELBO", "VAE loss", "variational free energy"),
    ),
    "normal_elbo": (
        "negative evidence lower bound, normal decoder",
        "generative",
        "kingma2014",
        "at β = 1 the largest lower bound on log p(y) that this encoder can give",
        "",
        ("ELBO", "VAE loss", "variational free energy"),
    ),
    "discriminator": (
        "discriminator's loss",
        "generative",
        "goodfellow2014",
        "log p(x)/g(x), the log of the ratio of the data's density and the generator's",
        "",
        ("adversarial loss", "GAN loss", "minimax loss"),
    ),
    "generator_saturating": (
        "generator's loss, saturating",
        "generative",
        "goodfellow2014",
        "the data's distribution, if the discriminator is the best one throughout",
        "",
        ("minimax generator loss",),
    ),
    "generator_nonsaturating": (
        "generator's loss, non-saturating",
        "generative",
        "goodfellow2014",
        "the data's distribution; on the way there it forgives missing modes",
        "",
        ("−log D trick", "non-saturating GAN loss"),
    ),
    "wasserstein_1": (
        "Wasserstein-1 distance of samples",
        "generative",
        "villani2009",
        "the sample y: every value carried onto the one of its rank",
        "",
        ("Wasserstein distance", "earth mover's distance", "Kantorovich–Rubinstein distance", "W1"),
    ),
    "wasserstein_1_histogram": (
        "Wasserstein-1 distance of histograms",
        "generative",
        "villani2009",
        "the distribution p itself",
        "",
        ("earth mover's distance", "Mallows distance"),
    ),
    "wasserstein_critic": (
        "Wasserstein critic's loss",
        "generative",
        "arjovsky2017",
        "with slopes of at most 1, a critic whose gain is the Wasserstein-1 distance",
        "",
        ("WGAN loss",),
    ),
    "wasserstein_generator": (
        "generator's loss against a Wasserstein critic",
        "generative",
        "arjovsky2017",
        "the data's distribution, if the critic is the best one with slopes of at most 1",
        "",
        ("WGAN generator loss",),
    ),
    "gradient_penalty": (
        "gradient penalty",
        "generative",
        "gulrajani2017",
        "a gradient of length 1",
        "",
        ("WGAN-GP penalty",),
    ),
    "denoising": (
        "denoising loss",
        "generative",
        "ho2020",
        "the conditional mean, given the noisy example",
        "",
        ("diffusion loss", "DDPM loss", "simple loss", "denoising score matching"),
    ),
    "flow_matching": (
        "flow matching loss",
        "generative",
        "lipman2023",
        "the mean speed of all lines through the point",
        "",
        ("conditional flow matching", "rectified flow loss"),
    ),
    "iou": (
        "IoU loss",
        "detection",
        "yu2016",
        "a box that covers the target, once it touches it",
        "",
        ("Jaccard loss of boxes", "intersection over union"),
    ),
    "giou": (
        "GIoU loss",
        "detection",
        "rezatofighi2019",
        "a box that covers the target",
        "",
        ("generalised IoU", "generalized IoU"),
    ),
    "diou": (
        "DIoU loss",
        "detection",
        "zheng2020",
        "a box that covers the target and has its centre",
        "",
        ("distance IoU",),
    ),
    "ciou": (
        "CIoU loss",
        "detection",
        "zheng2020",
        "a box that covers the target and has its centre and its shape",
        "",
        ("complete IoU",),
    ),
    "ctc": (
        "CTC loss",
        "sequences",
        "graves2006",
        "labels in their order; in every frame the share of the paths that fit",
        "",
        ("connectionist temporal classification",),
    ),
    "lovasz_hinge": (
        "Lovász hinge",
        "segmentation",
        "berman2018",
        "the mask of the largest expected Jaccard index, up to the slack of the hinge",
        "",
        ("Lovasz hinge",),
    ),
    "lovasz_softmax": (
        "Lovász-softmax loss",
        "segmentation",
        "berman2018",
        "masks of the largest mean Jaccard index",
        "",
        ("Lovasz softmax",),
    ),
    "boundary": (
        "boundary loss",
        "segmentation",
        "kervadec2019",
        "a mask whose boundary is near that of the object; by itself every pixel that is probable enough",
        "",
        ("distance map loss",),
    ),
    "dice": (
        "Dice loss",
        "segmentation",
        "milletari2016",
        "a mask: in a large picture every pixel whose probability exceeds half the best Dice coefficient",
        "",
        ("soft Dice", "Sørensen–Dice loss", "F1 loss"),
    ),
    "jaccard": (
        "Jaccard loss",
        "segmentation",
        "rahman2016",
        "a mask, the same that Dice ranks first on one picture",
        "",
        ("IoU loss of masks", "soft IoU", "intersection over union"),
    ),
    "tversky": (
        "Tversky loss",
        "segmentation",
        "salehi2017",
        "a mask: the larger β is against α, the more of the doubtful pixels it takes",
        "",
        (),
    ),
    "generalised_dice": (
        "generalised Dice loss",
        "segmentation",
        "sudre2017",
        "masks; the smaller a class, the more of the loss is about it",
        "",
        ("GDL", "generalized Dice"),
    ),
    "sequence_cross_entropy": (
        "sequence cross-entropy",
        "sequences",
        "bengio2003",
        "the conditional probability of every next token",
        "",
        ("language modelling loss", "next-token loss", "teacher forcing loss"),
    ),
    "distillation": (
        "distillation loss",
        "sequences",
        "hinton2015",
        "the teacher's scores, up to one number per row",
        "",
        ("knowledge distillation", "soft-target loss"),
    ),
}

# The default of every parameter and the ends of its slider.
RANGES: dict[str, dict[str, tuple[float, float, float]]] = {
    "binary_cross_entropy_with_logits": {"pos_weight": (1.0, 0.1, 10.0)},
    "triplet_margin": {"margin": (1.0, 0.1, 3.0)},
    "info_nce": {"temperature": (0.1, 0.05, 2.0)},
    "nt_xent": {"temperature": (0.1, 0.05, 2.0)},
    "contrastive": {"margin": (1.0, 0.1, 3.0)},
    "contrastive_embeddings": {"margin": (1.0, 0.1, 3.0)},
    "cosine_embedding": {"margin": (0.0, -0.5, 0.9)},
    "student_t_nll": {"df": (4.0, 1.0, 30.0)},
    "pinball": {"quantile": (0.5, 0.05, 0.95)},
    "epsilon_insensitive": {"epsilon": (0.1, 0.0, 2.0)},
    "huber": {"delta": (1.0, 0.1, 4.0)},
    "smooth_l1": {"beta": (1.0, 0.1, 4.0)},
    "cauchy": {"scale": (1.0, 0.1, 4.0)},
    "sigmoid_focal": {"gamma": (2.0, 0.0, 5.0), "alpha": (0.25, 0.05, 0.95)},
    "softmax_focal": {"gamma": (2.0, 0.0, 5.0)},
    "dpo": {"beta": (0.1, 0.02, 1.0)},
    "ipo": {"beta": (0.1, 0.02, 1.0)},
    "margin_ranking": {"margin": (1.0, 0.0, 3.0)},
    "generalised_cross_entropy": {"q": (0.7, 0.1, 1.0)},
    "bernoulli_elbo": {"beta": (1.0, 0.0, 8.0)},
    "normal_elbo": {"scale": (1.0, 0.1, 3.0), "beta": (1.0, 0.0, 8.0)},
    "wasserstein_1_histogram": {"width": (1.0, 0.1, 3.0)},
    "gradient_penalty": {"penalty": (10.0, 0.0, 20.0)},
}

# The names in libraries that are not installed here, looked up in Optax 0.2.8 and Keras 3.15.1.
ELSEWHERE: dict[str, tuple[str, str]] = {
    "softmax_cross_entropy": (
        "optax.softmax_cross_entropy_with_integer_labels",
        "keras.losses.SparseCategoricalCrossentropy (from logits, if told)",
    ),
    "binary_cross_entropy": ("", "keras.losses.BinaryCrossentropy"),
    "binary_cross_entropy_with_logits": (
        "optax.sigmoid_binary_cross_entropy",
        "keras.losses.BinaryCrossentropy (from logits, if told)",
    ),
    "triplet_margin": ("optax.losses.triplet_margin_loss", ""),
    "nt_xent": ("optax.ntxent (labels instead of pairs)", ""),
    "cosine_embedding": (
        "optax.cosine_distance (similar pairs)",
        "keras.losses.CosineSimilarity (similar pairs; −1 is best)",
    ),
    "cross_entropy": ("optax.softmax_cross_entropy (from logits)", "keras.losses.CategoricalCrossentropy"),
    "kl_divergence": ("optax.kl_divergence", "keras.losses.KLDivergence (the truth first)"),
    "poisson_nll": ("", "keras.losses.Poisson (from the rate, without log y!)"),
    "mse": ("optax.squared_error", "keras.losses.MeanSquaredError"),
    "mae": ("", "keras.losses.MeanAbsoluteError"),
    "rmse": ("", "keras.metrics.RootMeanSquaredError"),
    "huber": ("optax.huber_loss", "keras.losses.Huber"),
    "log_cosh": ("optax.log_cosh", "keras.losses.LogCosh"),
    "sigmoid_focal": (
        "optax.sigmoid_focal_loss (α off)",
        "keras.losses.BinaryFocalCrossentropy (from logits and with α, if told)",
    ),
    "softmax_focal": ("", "keras.losses.CategoricalFocalCrossentropy (from probabilities; one-hot)"),
    "hinge": ("optax.hinge_loss", "keras.losses.Hinge"),
    "squared_hinge": ("", "keras.losses.SquaredHinge"),
    "perceptron": ("optax.losses.perceptron_loss", ""),
    "logistic": ("optax.sigmoid_binary_cross_entropy (labels 0 and 1)", ""),
    "listnet": ("optax.losses.ranking_softmax_loss (with distributions as labels)", ""),
    "ctc": ("optax.losses.ctc_loss", "keras.losses.CTC"),
    "dice": ("", "keras.losses.Dice (of the batch)"),
    "tversky": ("", "keras.losses.Tversky (of the batch; its α weighs the misses)"),
    "sequence_cross_entropy": ("optax.softmax_cross_entropy_with_integer_labels", ""),
}


# What arguments hold that no domain says, by the arguments that hold it.
HOLDS: dict[str, set[str]] = {
    "K × K, a row per true class: the probabilities of the observed class": {"forward_correction.noise_matrix"},
    "a sample of real numbers, on the last axis": {"wasserstein_1.x"},
    "log-probability of the chosen answer under the policy": {"dpo.chosen", "ipo.chosen"},
    "log-probability of the chosen answer under the reference": {"dpo.reference_chosen", "ipo.reference_chosen"},
    "log-probability of the rejected answer under the policy": {"ipo.rejected", "dpo.rejected"},
    "log-probability of the rejected answer under the reference": {"dpo.reference_rejected", "ipo.reference_rejected"},
    "one real score per item, on the last axis": {"listmle.scores", "listnet.scores"},
    "one real score per pixel": {"lovasz_hinge.logits"},
    "one real score per pixel, on the last axis": {"bernoulli_elbo.logits"},
    "one real vector per negative, shape (M, d) or (N, M, d)": {"info_nce.negatives"},
    "one view of each of N things, a real vector per row": {"nt_xent.x1"},
    "the critic's gradient at one point, on the last axis": {"gradient_penalty.gradients"},
    "the critic's score of a generated thing": {"wasserstein_generator.fake_scores", "wasserstein_critic.fake_scores"},
    "the critic's score of a real thing": {"wasserstein_critic.real_scores"},
    "the discriminator's score of a generated thing, above 0 for “real”": {
        "generator_nonsaturating.fake_logits",
        "generator_saturating.fake_logits",
        "discriminator.fake_logits",
    },
    "the discriminator's score of a real thing, above 0 for “real”": {"discriminator.real_logits"},
    "the example, on the last axis": {"flow_matching.data"},
    "the logarithm of each component's variance, on the last axis": {
        "bernoulli_elbo.log_variance",
        "kl_standard_normal.log_variance",
        "normal_elbo.log_variance",
    },
    "the mean of each component of the code, on the last axis": {
        "bernoulli_elbo.mean",
        "kl_standard_normal.mean",
        "normal_elbo.mean",
    },
    "the noise level, the logarithm of the signal-to-noise ratio": {"denoising.log_snr"},
    "the noise that the line starts from, on the last axis": {"flow_matching.noise"},
    "the other sample, on the last axis; its size may differ": {"wasserstein_1.y"},
    "the other view of each, row by row": {"nt_xent.x2"},
    "the predicted speed, on the last axis": {"flow_matching.prediction"},
    "the relevance of each item, any real number, on the last axis": {"listmle.relevance", "listnet.relevance"},
    "the signed distance of every pixel to the object": {"boundary.distance"},
}


@LOSSES
def test_the_words_of_a_record(loss):
    density = loss.density.name if loss.density else ""
    assert (loss.title, loss.chapter, loss.source, loss.estimates, density, loss.synonyms) == WORDS[loss.name]
    for name, argument in loss.arguments.items():
        told = [text for text, places in HOLDS.items() if f"{loss.name}.{name}" in places]
        assert argument.holds == (*told, DOMAINS[argument.domain])[0]
    assert (loss.optax, loss.keras) == ELSEWHERE.get(loss.name, ("", ""))


@LOSSES
def test_every_symbol_is_in_the_formula_or_explained(loss):
    for name, argument in loss.arguments.items():
        said = " ".join([loss.latex, loss.where, *loss.latex_grad.values()])
        whole = rf"(?<![A-Za-z]){re.escape(argument.symbol)}(?![A-Za-z])"
        derived = argument.symbol in ("y", r"\hat y") and re.search(r"(?<![A-Za-z\\])e(?![A-Za-z])", loss.latex)
        derived = derived or (name == "labels" and loss.name.startswith("lovasz"))  # z = ±1, by what y is
        assert derived or re.search(whole, said), f"{name} is called {argument.symbol}"


@LOSSES
def test_the_source_is_the_one_that_the_docstring_names(loss):
    """Author and year of the entry in the bibliography."""
    entry = re.search(rf"@\w+{{{loss.source},(.+?)\n}}", (ROOT / "book/references.bib").read_text(), re.DOTALL)[1]
    surname = re.search(r"author\s*= {+(?:von |van den )?([^,}]+)", entry)[1]
    year = re.search(r"year\s*= {(\d{4})}", entry)[1]
    surname = surname.replace("{", "").replace("}", "")
    text = " ".join((inspect.getdoc(loss.value) or "").split())
    assert surname.split()[-1] in text and year in text, (loss.name, surname, year)


@LOSSES
def test_the_chapter_prints_the_formula(loss):
    if loss.chapter not in pages():
        assert loss.chapter in PLANNED
        return
    (page,) = (ROOT / "book").glob(f"part-*/{loss.chapter}.md")
    assert re.search(rf"```{{(formula|card)}} {loss.name}\n", page.read_text())


@LOSSES
def test_record_value_and_gradients_have_the_same_defaults(loss):
    for function in (loss.value, *loss.grads.values()):
        given = {name: parameter.default for name, parameter in inspect.signature(function).parameters.items()}
        assert {name: given[name] for name in loss.parameters} == loss.defaults, function.__name__
        assert given["reduction"] == inspect.signature(loss.value).parameters["reduction"].default
        assert [name for name in given if name in loss.arguments] == list(loss.arguments)
    ranges = {name: (p.default, p.low, p.high) for name, p in loss.parameters.items()}
    assert ranges == RANGES.get(loss.name, ranges)
    assert all(low <= default <= high for default, low, high in ranges.values())
    assert set(loss.reductions) <= set(REDUCTIONS)


# ── Names in libraries: what they name is called, and gives the loss ─────────────────────────────────────────────────


@pytest.fixture(scope="module")
def page():
    folder = str(ROOT / "book" / "_ext")
    sys.path.insert(0, folder)
    yield importlib.import_module("formula")
    sys.path.remove(folder)


T = torch.tensor
# Where PyTorch's own is not what the other tests compare with, because it is less exact or another kind of thing.
BY_TORCH = {
    "cross_entropy": lambda f, p, q: f(T(q).log(), T(p), reduction="none"),
    "poisson_nll": lambda f, log_rate, target: (
        f(T(log_rate), T(target), reduction="none") + torch.lgamma(T(target) + 1.0)
    ),
    "von_mises_nll": lambda f, prediction, target, concentration: (
        -f(T(prediction), T(concentration)).log_prob(T(target))
    ),
    "normal_mixture_nll": lambda f, logits, means, scales, target: (
        -f(torch.distributions.Categorical(logits=T(logits)), torch.distributions.Normal(T(means), T(scales))).log_prob(
            T(target)
        )
    ),
}


@LOSSES
def test_the_name_in_pytorch(loss, page):
    name = loss.torch.split()[0] if loss.torch else ""
    if loss.name in BY_TORCH:
        inputs = draw(loss, np.random.default_rng(5))
        module, _, attribute = name.rpartition(".")
        named = getattr(importlib.import_module(module), attribute)
        result = BY_TORCH[loss.name](named, **inputs, **loss.defaults)
        np.testing.assert_allclose(result, loss(**inputs, reduction="none"), rtol=1e-5)
    elif name:
        assert name in page.library_calls(page.oracles(page.ORACLES.read_text())[loss.name])


def log_loss(f, target, prediction):
    return f(target, np.stack([1 - prediction, prediction], axis=-1))


def softmaxed(f, logits, labels):
    return f(labels, special.softmax(logits, axis=-1), labels=range(logits.shape[-1]))


def half_deviance(f, log_rate, target):
    """Half the deviance is the loss less that of the best rate, which is the count itself."""
    best = np.where(target > 0, target - special.xlogy(target, target), 0) + special.gammaln(target + 1)
    return f(target, np.exp(log_rate)) / 2 + best.mean()


# By name of the loss: what its name in scikit-learn, or in SciPy, gives for the mean of a batch.
BY_SKLEARN = {
    "mse": lambda f, prediction, target: f(target, prediction),
    "mae": lambda f, prediction, target: f(target, prediction),
    "rmse": lambda f, prediction, target: f(target, prediction),
    "pinball": lambda f, prediction, target: f(target, prediction, alpha=0.5),
    "binary_cross_entropy": lambda f, prediction, target: log_loss(f, np.round(target), prediction),
    "binary_cross_entropy_with_logits": lambda f, logits, labels: log_loss(f, np.round(labels), special.expit(logits)),
    "softmax_cross_entropy": softmaxed,
    "poisson_nll": half_deviance,
    "cross_entropy": lambda f, p, q: f(np.eye(4), q[:4]),
    "hinge": lambda f, score, target: f(target, score),
    "brier": lambda f, prediction, labels: f(labels, prediction, labels=range(4)),
    "binary_brier": lambda f, prediction, target: f(np.round(target), prediction),
}
BY_SCIPY = {
    "wasserstein_1": lambda f, x, y: [f(*row) for row in zip(x, y, strict=True)],
    "wasserstein_1_histogram": lambda f, p, q: [f(range(4), range(4), *row) for row in zip(p, q, strict=True)],
    "kl_divergence": lambda f, p, q: f(p, q, axis=-1),
    "js_divergence": lambda f, p, q: f(p, q, axis=-1) ** 2,
    "huber": lambda f, prediction, target: f(1.0, target - prediction),
}
ESTIMATORS = {"epsilon_insensitive": "sklearn.svm.SVR", "huber": "sklearn.linear_model.HuberRegressor"}


@LOSSES
@pytest.mark.parametrize("library", ["sklearn", "scipy"])
def test_the_name_in_scikit_learn_and_scipy(loss, library):
    name = getattr(loss, library).split(" ")[0]
    if not name:
        return
    calls = BY_SKLEARN if library == "sklearn" else BY_SCIPY
    module, _, attribute = name.rpartition(".")
    named = getattr(importlib.import_module(module), attribute)
    if loss.name not in calls:
        assert name == ESTIMATORS.get(loss.name, name)  # an estimator that minimises the loss, which cannot be called
        return
    inputs = draw(loss, np.random.default_rng(6))
    expected = dict(inputs)
    if loss.name.startswith("binary_"):
        whole = "target" if "target" in inputs else "labels"
        expected[whole] = np.round(inputs[whole])
    if loss.name == "cross_entropy":
        expected = {"p": np.eye(4), "q": inputs["q"][:4]}
    result = np.mean(calls[loss.name](named, **inputs))
    assert result == pytest.approx(loss(**expected, reduction="mean"), rel=1e-9)


def test_what_the_symbols_of_nt_xent_mean():
    where = find("nt_xent").where
    assert "$p_k$ is the softmax probability with which $z$ picks $c_k$" in where
    assert "$q_k$ that with which $c_k$ picks $z$" in where


# ── Another axis ─────────────────────────────────────────────────────────────────────────────────────────────────────

AXES = sorted(
    name
    for name, value in vars(lossbook).items()
    if inspect.isfunction(value) and "axis" in inspect.signature(value).parameters
)


@pytest.mark.parametrize("name", AXES)
@pytest.mark.parametrize("axis", [0, 1, -2])
def test_along_another_axis(name, axis):
    """What a function gives along the last axis it gives along any other, in the same places."""
    function = getattr(lossbook, name)
    rng = np.random.default_rng(7)
    parameters = [n for n, p in inspect.signature(function).parameters.items() if p.default is inspect.Parameter.empty]
    scores = "logits" in parameters
    arrays = [rng.normal(0, 2, (2, 3, 4)) if scores else rng.dirichlet(np.full(4, 2.0), (2, 3)) for _ in parameters]
    last = function(*arrays)
    other = function(*(np.moveaxis(array, -1, axis) for array in arrays), axis=axis)
    if np.ndim(last) == 3:
        other = np.moveaxis(other, axis, -1)
    np.testing.assert_allclose(other, last, rtol=1e-14)
    single = function(*(np.moveaxis(array[:1, :1], -1, axis) for array in arrays), axis=axis)  # axes of length 1 stay
    assert np.shape(single) == ((1, 1) if np.ndim(last) == 2 else np.shape(np.moveaxis(arrays[0][:1, :1], -1, axis)))


def test_labels_of_the_bibliography_are_short_and_in_order() -> None:
    """No accent of TeX is spelt out in a label, and nobody stands behind Z because of a brace."""
    entries = parse_file(str(ROOT / "book/references.bib")).entries.values()
    labels = [entry.label for entry in find_plugin("pybtex.style.formatting", "alpha")().format_entries(entries)]
    assert max(map(len, labels)) <= 7 and labels[-1].startswith("Z")


def test_works_named_in_docstrings_are_in_the_bibliography() -> None:
    entries = parse_file(str(ROOT / "book/references.bib")).entries.values()
    known = {(entry.fields["year"], str(person)) for entry in entries for person in entry.persons["author"]}
    docstrings = [inspect.getdoc(loss.value) or "" for loss in CATALOGUE.values()]
    named = {found for text in docstrings for found in re.findall(r"\b([A-Z]\w+)(?: et al\.)? \((\d{4})\)", text)}
    assert len(named) > 40
    for name, year in named:
        assert any(name in person and year == at for at, person in known), f"{name} ({year})"
