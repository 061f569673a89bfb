"""What people call losses: names that a record does not print, and losses that the course does not have.

The filter of *Losses at a glance* searches both.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from lossbook.core import Loss

ALSO: Mapping[str, tuple[str, ...]] = {
    "mse": ("torch.nn.MSELoss", "least squares", "OLS", "L2", "L2Loss", "mean squared", "optax.l2_loss"),
    "mae": ("torch.nn.L1Loss", "LAD", "L1", "least absolute", "absolute deviation", "median regression"),
    "rmse": ("root mean square", "RMSD"),
    "huber": ("torch.nn.HuberLoss", "Huber regression"),
    "smooth_l1": ("torch.nn.SmoothL1Loss", "robust"),
    "log_cosh": ("robust", "log cosh"),
    "pinball": ("quantile regression", "QuantileRegressor", "sklearn.linear_model.QuantileRegressor"),
    "epsilon_insensitive": ("support vector regression", "epsilon insensitive", "dead zone"),
    "cauchy": ("robust", "redescending"),
    "softmax_cross_entropy": (
        "torch.nn.CrossEntropyLoss",
        "torch.nn.NLLLoss",
        "torch.nn.functional.nll_loss",
        "sparse categorical crossentropy",
        "log_softmax",
        "label smoothing",
    ),
    "cross_entropy": ("log score", "categorical crossentropy", "soft labels"),
    "binary_cross_entropy": ("torch.nn.BCELoss", "binary crossentropy", "log loss"),
    "binary_cross_entropy_with_logits": (
        "torch.nn.BCEWithLogitsLoss",
        "binary crossentropy from logits",
        "log loss",
        "pos_weight",
    ),
    "kl_divergence": ("torch.nn.KLDivLoss", "kldiv", "scipy.special.rel_entr", "scipy.special.kl_div"),
    "js_divergence": ("JS divergence", "JS distance"),
    "kl_normal": ("KL of Gaussians",),
    "normal_nll": ("torch.nn.GaussianNLLLoss", "heteroscedastic", "heteroskedastic", "variance"),
    "laplace_nll": ("double exponential",),
    "student_t_nll": ("Student's t", "t distribution", "robust", "outlier"),
    "poisson_nll": ("torch.nn.PoissonNLLLoss", "sklearn.linear_model.PoissonRegressor", "counts", "Poisson deviance"),
    "categorical_nll": ("torch.nn.NLLLoss",),
    "hinge": ("support vector machine", "SVM"),
    "squared_hinge": ("LinearSVC", "L2-SVM"),
    "logistic": ("torch.nn.SoftMarginLoss",),
    "exponential": ("AdaBoost", "boosting"),
    "sigmoid_focal": ("RetinaNet", "sigmoid_focal_loss", "fvcore"),
    "softmax_focal": ("multi-class focal loss",),
    "brier": ("mean squared probability",),
    "generalised_cross_entropy": ("noisy labels", "label noise"),
    "forward_correction": ("noisy labels", "label noise", "transition matrix"),
    "margin_ranking": ("torch.nn.MarginRankingLoss",),
    "pairwise_logistic": ("Elo", "RLHF", "preference loss"),
    "listnet": ("learning to rank",),
    "listmle": ("learning to rank", "Breslow"),
    "dpo": ("RLHF", "preference loss"),
    "sequence_cross_entropy": ("language model", "z-loss", "perplexity", "next token"),
    "ctc": ("torch.nn.CTCLoss", "speech", "handwriting", "alignment", "blank"),
    "distillation": ("teacher", "student", "soft targets"),
    "dice": ("F-measure", "Sorensen", "segmentation", "overlap"),
    "jaccard": ("IoU", "mIoU", "segmentation"),
    "generalised_dice": ("GDL", "class imbalance"),
    "lovasz_hinge": ("Lovasz", "IoU"),
    "lovasz_softmax": ("Lovasz", "mIoU"),
    "iou": ("bounding box", "UnitBox"),
    "giou": ("bounding box", "torchvision generalized_box_iou_loss"),
    "diou": ("bounding box", "torchvision distance_box_iou_loss"),
    "ciou": ("bounding box", "torchvision complete_box_iou_loss"),
    "boundary": ("signed distance", "distance map"),
    "content": ("feature loss", "VGG loss"),
    "style": ("Gram matrix", "neural style transfer", "perceptual loss"),
    "total_variation": ("TV regularisation", "denoising prior", "smoothness"),
    "triplet_margin": ("torch.nn.TripletMarginLoss", "FaceNet"),
    "cosine_embedding": ("torch.nn.CosineEmbeddingLoss", "cosine similarity"),
    "contrastive": ("Hadsell",),
    "info_nce": ("CPC", "NCE"),
    "nt_xent": ("SimCLR", "NTXentLoss"),
    "von_mises_nll": ("circular", "direction"),
    "beta_nll": ("proportion", "share"),
    "normal_mixture_nll": ("MDN", "mixture of Gaussians"),
}
"""By the loss's name in the catalogue: classes of PyTorch, abbreviations, what it is used for."""


@dataclass(frozen=True)
class Absent:
    """A loss that the course does not have: its name, its other names, where it is to be had, what here is nearest."""

    title: str
    names: tuple[str, ...] = ()
    elsewhere: str = ""
    nearest: str = ""

    @property
    def phrases(self) -> tuple[str, ...]:
        return (self.title, *self.names, *([self.elsewhere] if self.elsewhere else []))


ABSENT: tuple[Absent, ...] = (
    Absent("hinge loss", ("SVM loss", "max margin"), "sklearn.metrics.hinge_loss", "binary_cross_entropy_with_logits"),
    Absent("squared hinge loss", ("LinearSVC", "squared_hinge"), "keras.losses.SquaredHinge"),
    Absent("multi-class hinge loss", ("MultiMarginLoss", "Crammer–Singer"), "torch.nn.MultiMarginLoss"),
    Absent("exponential loss", ("AdaBoost",), "", "binary_cross_entropy_with_logits"),
    Absent("focal loss", ("sigmoid_focal_loss", "RetinaNet"), "optax.sigmoid_focal_loss", "softmax_cross_entropy"),
    Absent("Dice loss", ("soft Dice", "F1 loss", "Sørensen"), "keras.losses.Dice"),
    Absent("Jaccard loss", ("IoU loss", "intersection over union", "GIoU", "DIoU", "CIoU"), "", ""),
    Absent("Tversky loss", ("focal Tversky",), "keras.losses.Tversky"),
    Absent("Lovász loss", ("Lovasz softmax", "Lovász hinge"), ""),
    Absent(
        "mean absolute percentage error", ("MAPE", "SMAPE"), "sklearn.metrics.mean_absolute_percentage_error", "mae"
    ),
    Absent(
        "mean squared logarithmic error",
        ("MSLE", "RMSLE", "root mean squared logarithmic error"),
        "sklearn.metrics.mean_squared_log_error",
        "mse",
    ),
    Absent("Gamma deviance", ("Gamma loss", "Gamma NLL"), "sklearn.metrics.mean_gamma_deviance", "poisson_nll"),
    Absent("Tweedie deviance", ("Tweedie loss",), "sklearn.metrics.mean_tweedie_deviance", "poisson_nll"),
    Absent("negative binomial negative log-likelihood", ("negative binomial",), "", "poisson_nll"),
    Absent("CTC loss", ("connectionist temporal classification",), "torch.nn.CTCLoss"),
    Absent("CRPS", ("continuous ranked probability score",), "", "pinball"),
    Absent("Brier score", ("quadratic score",), "sklearn.metrics.brier_score_loss", "mse"),
    Absent("spherical score", (), "", "cross_entropy"),
    Absent("0–1 loss", ("zero-one loss", "misclassification", "accuracy"), "sklearn.metrics.zero_one_loss"),
    Absent("expectile loss", ("asymmetric least squares",), "", "pinball"),
    Absent("pseudo-Huber loss", ("Charbonnier", "pseudo_huber"), "scipy.special.pseudo_huber", "huber"),
    Absent("Welsch loss", ("Leclerc", "correntropy"), "", "cauchy"),
    Absent("Tukey's biweight", ("bisquare", "Tukey loss"), "", "cauchy"),
    Absent("Geman–McClure loss", (), "", "cauchy"),
    Absent("margin ranking loss", ("pairwise hinge", "MarginRankingLoss"), "torch.nn.MarginRankingLoss"),
    Absent("Bayesian personalised ranking", ("BPR", "RankNet"), "", "binary_cross_entropy_with_logits"),
    Absent("Bradley–Terry loss", ("reward model", "preference loss"), "", "binary_cross_entropy_with_logits"),
    Absent("direct preference optimisation", ("DPO", "IPO"), "", "binary_cross_entropy_with_logits"),
    Absent("listwise softmax loss", ("ListNet", "ListMLE", "Plackett–Luce"), "optax.losses.ranking_softmax_loss"),
    Absent("LambdaRank", ("LambdaMART", "NDCG"), "", "pairwise_logistic"),
    Absent("CLIP loss", ("SigLIP",), "", "info_nce"),
    Absent("supervised contrastive loss", ("SupCon",), "", "info_nce"),
    Absent("ArcFace", ("CosFace", "angular margin"), "", "softmax_cross_entropy"),
    Absent("distillation loss", ("knowledge distillation",), "", "kl_divergence"),
    Absent("evidence lower bound", ("ELBO", "VAE loss"), "", "kl_normal"),
    Absent("adversarial loss", ("GAN loss", "minimax loss"), "", "js_divergence"),
    Absent("Wasserstein distance", ("earth mover", "WGAN", "optimal transport"), "scipy.stats.wasserstein_distance"),
    Absent("denoising loss", ("diffusion loss", "score matching", "flow matching"), "", "mse"),
    Absent("Hellinger distance", (), "", "js_divergence"),
    Absent("χ² divergence", ("chi squared divergence",), "", "kl_divergence"),
    Absent("Rényi divergence", ("alpha divergence",), "", "kl_divergence"),
    Absent("total variation", (), "", "js_divergence"),
    Absent("style loss", ("Gram matrix", "perceptual loss", "content loss"), "", "mse"),
    Absent("structural similarity", ("SSIM",), ""),
    Absent("Cox partial likelihood", ("survival", "proportional hazards"), ""),
)
"""What readers look for and do not find. An entry whose loss joins the catalogue leaves by itself: see `absent`."""


def plain(name: str) -> str:
    """A name without case, accents of dashes, spaces and punctuation: "Log-Cosh" and `log_cosh` are one."""
    return re.sub(r"[^a-z0-9\u0080-\uffff]", "", re.sub(r"[–‐‑−]", "-", name.lower()))


def absent(losses: Iterable[Loss]) -> list[Absent]:
    """The entries of `ABSENT` that none of the losses is, by its name, title, synonyms or names in libraries."""
    here = {
        plain(name.removesuffix(" loss"))
        for loss in losses
        for name in (loss.name.replace("_", " ").removesuffix(" loss"), loss.title, *loss.synonyms)
    }
    return [one for one in ABSENT if not {plain(name.removesuffix(" loss")) for name in (one.title, *one.names)} & here]
