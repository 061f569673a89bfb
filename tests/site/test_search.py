"""The search: which section comes first for what readers type, and the field in a real browser."""

from __future__ import annotations

import gzip

import pytest
from built_site import OpenPage, Site
from playwright.sync_api import Browser, Page, expect

# What is typed, and the address at which the section that must come first begins.
FIRST = {
    "KL asymmetry": "part-1/kl-divergence.html",
    "L1 loss": "part-2/regression.html#mean-absolute-error",
    "L2 loss": "part-2/regression.html#mean-squared-error",
    "SimCLR": "part-2/contrastive.html#",
    "quantile loss": "part-2/regression.html#pinball",
    "log loss": "part-1/softmax.html#the-loss-cross-entropy-from-logits",
    "crossentropy": "part-1/",
    "Kulback": "part-1/kl-divergence.html",
    "heteroskedastic": "part-1/recipe.html#",
    "BCEWithLogitsLoss": "part-1/softmax.html#",
    "why is my loss half": "reference/conventions.html#",
    "softmx": "part-1/softmax.html",
    "Hubber": "part-2/regression.html#huber-loss",
    "bce_with_logits": "part-1/softmax.html#",
    "MAE": "part-2/regression.html#mean-absolute-error",
    "mse": "part-2/regression.html#mean-squared-error",
    "RMSE": "part-2/regression.html#root-mean-squared-error",
    "huber": "part-2/regression.html#huber-loss",
    "HuberLoss": "part-2/regression.html#huber-loss",
    "smooth l1": "part-2/regression.html#huber-loss",
    "KLDivLoss": "part-1/kl-divergence.html#",
    "kl_div": "part-1/kl-divergence.html#",
    "log-cosh": "part-2/regression.html#log-cosh",
    "logcosh": "part-2/regression.html#log-cosh",
    "jensen shannon": "part-1/kl-divergence.html#",
    "triplet loss": "part-2/contrastive.html#",
    "InfoNCE": "part-2/contrastive.html#",
    "NT-Xent": "part-2/contrastive.html#",
    "siamese network": "part-2/contrastive.html#",
    "maximum likelihood": "part-1/cross-entropy.html",
    "MAP estimate": "part-1/cross-entropy.html#",
    "log-sum-exp": "part-1/softmax.html#",
    "temperature": "part-",
    "von mises": "part-1/recipe.html#",
    "student t": "part-1/recipe.html#",
    "poisson": "part-1/recipe.html#",
    "beta distribution": "part-1/recipe.html#",
    "mixture density network": "part-1/recipe.html#",
    "variance collapse": "part-1/recipe.html#",
    "outlier": "part-2/regression.html",
    "influence function": "part-2/regression.html#influence",
    "epsilon insensitive": "part-2/regression.html#",
    "svr": "part-2/regression.html#",
    "log sum exp trick": "part-1/softmax.html#large-logits",
    "heteroscedastic regression": "part-1/recipe.html#predict-the-spread-as-well",
    "GaussianNLLLoss": "part-1/recipe.html#",
    "PoissonNLLLoss": "part-1/recipe.html#counts",
    "CrossEntropyLoss": "part-1/softmax.html#the-loss",
    "CosineEmbeddingLoss": "part-2/contrastive.html#angles",
    "TripletMarginLoss": "part-2/contrastive.html#triplets",
    "SmoothL1Loss": "part-2/regression.html#huber-loss",
    "median regression": "part-2/regression.html#mean-absolute-error",
    "quantile regression": "part-2/regression.html#pinball",
    "likelihood underflow": "part-1/statistical-view.html#a-computer",
    "collapse of embeddings": "part-2/contrastive.html#too-small-too-large-and-collapse",
    "how are formulas checked": "reference/how-formulas-are-checked.html",
    "mixture of gaussians": "part-1/recipe.html#",
    "notation": "notation.html",
    "which loss should I use": "reference/which-loss.html",
    "choose a loss function": "reference/which-loss.html",
    "jupyterhub": "reference/for-teachers.html#a-class",
    "worksheet": "reference/for-teachers.html#worksheets",
    "syllabus": "reference/for-teachers.html",
    "common mistakes": "reference/slips.html",
    "least squares": "part-2/regression.html#mean-squared-error",
    "extra bits": "part-1/kl-divergence.html#",
    "mode seeking": "part-1/kl-divergence.html#",
    "batch size reduction": "part-1/statistical-view.html#",
    "cosine embedding": "part-2/contrastive.html#",
    "hinge loss": "part-2/classification.html#hinge",
    "focal loss": "part-2/classification.html#focal-loss",
    "label smoothing": "part-2/classification.html#label-smoothing",
    "class imbalance": "part-2/classification.html#weights-costs-and-thresholds",
    "proper scoring rule": "part-2/classification.html#scores-that-pay",
    "temperature scaling": "part-2/classification.html#one-temperature",
    "noisy labels": "part-2/classification.html#wrong-labels",
    "multilabel": "part-2/classification.html#one-label-or-several",
    "loss is nan": "part-2/classification.html#when-training-goes-wrong",
    "loss stuck": "part-2/classification.html#when-training-goes-wrong",
    "adaboost": "part-2/classification.html#exponential",
    "RankNet": "part-2/ranking.html#",
    "BPR": "part-2/ranking.html#pairwise-logistic",
    "MarginRankingLoss": "part-2/ranking.html#margin-ranking",
    "DPO": "part-2/ranking.html#dpo",
    "IPO": "part-2/ranking.html#ipo",
    "LambdaMART": "part-2/ranking.html#lambdarank",
    "ndcg": "part-2/ranking.html#",
    "listmle": "part-2/ranking.html#listmle",
    "reward model": "part-2/ranking.html#",
    "perplexity": "part-3/sequences.html#",
    "bits per byte": "part-3/sequences.html#tokens-and-bytes",
    "CTCLoss": "part-3/sequences.html#labels-without-places",
    "gradient accumulation": "part-3/sequences.html#masks-and-two-means",
    "knowledge distillation": "part-3/sequences.html#a-teacher",
    "z-loss": "part-3/sequences.html#one-token",
}


@pytest.fixture(scope="module")
def answers(browser, site) -> dict[str, list[str]]:
    """What the page's own search finds for each query, best first."""
    page = browser.new_page()
    page.goto((site.folder / "search.html").as_uri())
    for name in ("minisearch", "search-index"):
        page.add_script_tag(url=(site.folder / f"_static/{name}.js").as_uri())
    found = page.evaluate(
        """queries => {
            const { synonyms } = lossbookIndex, { options, tokenize, unpack } = lossbookSearch;
            const index = { ...lossbookIndex.index, index: unpack(lossbookIndex.index.index) };
            const mini = MiniSearch.loadJS(index, { ...options, tokenize, processTerm: (term) => term });
            const found = (query) => lossbookSearch.find(mini, synonyms, query).map((result) => result.url);
            return Object.fromEntries(queries.map((query) => [query, found(query)]));
        }""",
        list(FIRST),
    )
    page.close()
    return found


@pytest.mark.parametrize("query", FIRST)
def test_the_right_section_comes_first(query: str, answers: dict[str, list[str]]) -> None:
    assert answers[query] and answers[query][0].startswith(FIRST[query]), answers[query][:5]


def test_what_is_packed_is_unpacked(browser: Browser, site: Site) -> None:
    page = browser.new_page()
    page.goto((site.folder / "search.html").as_uri())
    index = [["loss", {"0": {"3": 1, "40": 12}, "3": {"0": 1}}], ["los", {"1": {"700": 37}}], ["ωx", {"0": {"0": 2}}]]
    again = page.evaluate("(index) => lossbookSearch.unpack(lossbookSearch.pack(index))", index)
    assert again == sorted(index)
    page.close()


def test_a_search_weighs_little(site: Site) -> None:
    """Growth by accident is noticed: 240 kB for the fourteen pages of November 2026, and 20 kB for each more."""
    pages = len(site.pages) - 14
    files = [site.folder / "_static" / f"{name}.js" for name in ("minisearch", "search-index")]
    weight = sum(len(gzip.compress(file.read_bytes(), 6)) for file in files)
    assert weight < 240_000 + 20_000 * max(0, pages), weight


def test_nothing_is_loaded_before_the_first_use_and_all_of_it_from_here(open_page: OpenPage) -> None:
    page = open_page("part-2/regression")
    assert page.evaluate("!window.MiniSearch && !window.lossbookIndex")
    page.keyboard.press("Control+k")
    page.keyboard.type("hubber")
    expect(page.get_by_role("option").first).to_contain_text("Huber loss")
    expect(page.locator("mark").first).to_be_visible()


def test_a_search_by_keyboard_alone(open_page: OpenPage) -> None:
    page = open_page("index")
    page.keyboard.press("Control+k")
    field = page.get_by_role("combobox", name="Search this book")
    expect(field).to_be_focused()
    page.keyboard.type("quantile loss")
    expect(page.get_by_role("listbox")).to_be_visible()
    expect(field).to_have_attribute("aria-expanded", "true")
    page.keyboard.press("ArrowDown")
    first = page.get_by_role("option").first
    expect(first).to_have_attribute("aria-selected", "true")
    assert field.get_attribute("aria-activedescendant") == first.get_attribute("id")
    page.keyboard.press("Enter")
    page.wait_for_url("**/part-2/regression.html#pinball*")


def test_the_page_of_results(open_page: OpenPage) -> None:
    page: Page = open_page("search")
    page.get_by_role("searchbox", name="Search this book").last.fill("KL asymmetry")
    expect(page.locator(".search-results li").first).to_contain_text("Kullback")
    page.get_by_role("searchbox", name="Search this book").last.fill("qqqqzzzz")
    expect(page.locator(".search-results output")).to_have_text("Nothing found.")
