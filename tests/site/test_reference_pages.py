"""Losses at a glance, and conventions side by side, in the built site."""

from __future__ import annotations

import pytest
from built_site import OpenPage, Site
from contents import taught
from playwright.sync_api import Browser, Page, expect

from lossbook.catalogue import find
from lossbook.conventions import CONVENTIONS

NAME = "reference/losses-at-a-glance"
TAUGHT = taught()
VISIBLE = ".glance-loss:not([hidden])"


@pytest.fixture
def page(open_page: OpenPage) -> Page:
    return open_page(NAME)


def shown(page: Page) -> set[str]:
    """The functions of the losses that are to be seen."""
    return set(page.locator(f"{VISIBLE} .glance-facts code.py-func").all_text_contents())


def functions(names: set[str]) -> set[str]:
    return {f"lossbook.{name}" for name in names}


def test_rows_are_the_catalogue(page: Page, site: Site) -> None:
    assert page.locator(".glance-loss").count() == len(TAUGHT)
    assert shown(page) == functions(set(TAUGHT))
    headings = page.locator(".glance-loss h2").all_text_contents()
    titles = sorted(heading.lower().replace("’", "'") for heading in headings)
    assert titles == sorted(loss.title.lower() for loss in TAUGHT.values())
    assert page.locator(".glance-filter output").inner_text() == f"{len(TAUGHT)} losses"

    # Every row leads on to the chapter, to the function's documentation, and to its checks.
    chapters = {name.rpartition("/")[2]: name for name in site.pages}
    for loss in TAUGHT.values():
        links = page.locator(f"#loss-{loss.name.replace('_', '-')} a").evaluate_all("all => all.map(one => one.href)")
        wanted = [f"#{loss.value.__module__}.{loss.name}", f"#checks-{loss.name.replace('_', '-')}"]
        wanted += [f"/{chapters[loss.chapter]}.html"]
        assert all(any(link.endswith(end) for link in links) for end in wanted), (loss.name, links)


def test_filter_by_keyboard(page: Page) -> None:
    field, output = page.get_by_label("Filter", exact=True), page.locator(".glance-filter output")
    assert output.get_attribute("aria-live") == "polite"
    field.focus()
    page.keyboard.type("quantile")
    expect(output).to_have_text(f"1 of {len(TAUGHT)} losses")
    assert shown(page) == functions({"pinball"})
    assert page.url.endswith("#q=quantile")
    for _ in range(3):
        page.keyboard.press("Tab")
    expect(page.get_by_role("button", name="Show all")).to_be_focused()
    page.keyboard.press("Enter")
    expect(output).to_have_text(f"{len(TAUGHT)} losses")
    expect(field).to_be_focused()
    assert "#" not in page.url


FOUND = {
    "mse": {"mse"},
    "rmse": {"rmse"},
    "mae": {"mae"},
    "MSELoss": {"mse"},
    "torch.nn.MSELoss": {"mse"},
    "F.mse_loss": {"mse"},
    "L1Loss": {"mae", "smooth_l1"},
    "HuberLoss": {"huber"},
    "SmoothL1Loss": {"smooth_l1"},
    "CrossEntropyLoss": {"softmax_cross_entropy"},
    "BCELoss": {"binary_cross_entropy"},
    "BCEWithLogitsLoss": {"binary_cross_entropy_with_logits"},
    "KLDivLoss": {"kl_divergence"},
    "kl_div": {"kl_divergence", "kl_normal", "kl_standard_normal"},
    "GaussianNLLLoss": {"normal_nll"},
    "PoissonNLLLoss": {"poisson_nll"},
    "TripletMarginLoss": {"triplet_margin"},
    "least squares": {"mse"},
    "logcosh": {"log_cosh"},
    "log-cosh": {"log_cosh"},
    "quantile": {"pinball"},
    "QuantileRegressor": {"pinball"},
    "mean_pinball_loss": {"pinball"},
    "mean_poisson_deviance": {"poisson_nll"},
    "tf.keras.losses.MeanSquaredError": {"mse"},
    "MeanAbsoluteError": {"mae"},
    "SparseCategoricalCrossentropy": {"softmax_cross_entropy"},
    "jensenshannon": {"js_divergence"},
    "optax.squared_error": {"mse"},
    "sigmoid_binary_cross_entropy": {"binary_cross_entropy_with_logits", "logistic"},
    "hyperbolic": {"log_cosh"},
}
"""What people type, and exactly the losses that it finds."""


def test_what_a_query_finds(page: Page) -> None:
    for query, losses in FOUND.items():
        page.get_by_label("Filter", exact=True).fill(query)
        assert shown(page) == functions(losses), query


def test_synonyms_dashes_and_case(page: Page) -> None:
    for query in ("Kullback–Leibler", "relative ENTROPY", "kl_div ", "crossentropy", "logloss", "outlier", "NLLLoss"):
        page.get_by_label("Filter", exact=True).fill(query)
        wanted = {
            "crossentropy": "cross_entropy",
            "logloss": "binary_cross_entropy",
            "outlier": "huber",
            "NLLLoss": "categorical_nll",
        }
        assert f"lossbook.{wanted.get(query, 'kl_divergence')}" in shown(page), query
        assert "lossbook.mse" not in shown(page), query
    page.get_by_label("Filter", exact=True).fill("zzz")
    assert shown(page) == set()
    expect(page.locator(".glance-filter output")).to_have_text("No loss fits.")


def test_what_is_not_in_the_course_is_named(page: Page) -> None:
    """An absent loss is said to be absent, with the losses that are here still shown."""
    for query, title in (
        ("SSIM", "structural similarity"),
        ("supcon", "supervised contrastive loss"),
        ("welsch", "Welsch loss"),
    ):
        page.get_by_label("Filter", exact=True).fill(query)
        expect(page.locator(".glance-filter output")).to_have_text(f"Not in this course: {title}.")
        assert page.locator(".glance-absent li:not([hidden])").count() == 1
        assert page.locator(".glance-absent li:not([hidden])").is_visible()
    page.get_by_label("Filter", exact=True).fill("mse")
    assert page.locator(".glance-absent").is_hidden()


def test_a_line_opens_into_its_card(page: Page) -> None:
    card = page.locator("#loss-huber")
    expect(card.locator(".glance-facts")).to_be_hidden()
    card.locator("summary").focus()
    page.keyboard.press("Enter")
    expect(card.locator(".glance-facts")).to_be_visible()
    page.get_by_role("button", name="Open all").click()
    assert page.locator(".glance-loss[open]").count() == len(TAUGHT)
    page.get_by_role("button", name="Close all").click()
    assert page.locator(".glance-loss[open]").count() == 0


def test_chapter_and_density(page: Page) -> None:
    page.get_by_label("Chapter").select_option("regression")
    page.get_by_label("has a density").check()
    regression = {name for name, loss in TAUGHT.items() if loss.chapter == "regression"}
    assert shown(page) == functions({name for name in regression if find(name).density}) != functions(regression)
    page.reload()
    expect(page.get_by_label("Chapter")).to_have_value("regression")
    assert shown(page) == functions({name for name in regression if find(name).density})


def test_a_link_to_one_loss_shows_it(page: Page) -> None:
    page.get_by_label("Filter", exact=True).fill("quantile")
    page.evaluate("location.hash = '#loss-huber'")
    expect(page.locator("#loss-huber")).to_be_in_viewport()
    expect(page.locator("#loss-huber .glance-facts")).to_be_visible()
    assert len(shown(page)) == len(TAUGHT)


def test_without_javascript_all_is_there(browser: Browser, site: Site) -> None:
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto((site.folder / f"{NAME}.html").as_uri())
    assert page.locator(".glance-filter").is_hidden()
    assert shown(page) == functions(set(TAUGHT))
    context.close()


def test_conventions_are_all_there(open_page: OpenPage) -> None:
    page = open_page("reference/conventions")
    assert page.locator(".convention").count() == len(CONVENTIONS)
    texts = page.locator(".convention tr.theirs code").all_text_contents()
    assert sorted(texts) == sorted(convention.call for convention in CONVENTIONS)
