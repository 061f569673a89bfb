"""The directives and checks that make a site of the chapters, on tiny inputs."""

from __future__ import annotations

import importlib.util
import json
import pkgutil
import re
import sys
from pathlib import Path

import build
import pagechecks
import pytest
from bs4 import BeautifulSoup

import lossbook.analysis
from lossbook.catalogue import CATALOGUE, find

ROOT = Path(__file__).parents[1]


@pytest.fixture(scope="module")
def extensions() -> Path:
    """The folder of the book's own Sphinx extensions, importable while these tests run."""
    folder = ROOT / "book" / "_ext"
    sys.path.append(str(folder))
    yield folder
    sys.path.remove(str(folder))


def parse(html: str) -> BeautifulSoup:
    return BeautifulSoup(html, "html.parser")


# ── Formulas ─────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_formula_prints_both_sides(extensions: Path) -> None:
    from formula import equations

    value, slope = equations(find("huber"))
    assert value == ("formula-huber", rf"\ell_{{\delta}}(e) = {find('huber').latex}")
    assert slope[0] == "formula-huber-prediction"
    assert slope[1].startswith(r"\frac{\partial \ell_{\delta}}{\partial \hat y} = ")


@pytest.mark.parametrize(
    ("name", "argument", "variable"),
    [
        ("kl_divergence", "q", "q_k"),
        ("softmax_cross_entropy", "logits", "s_k"),
        ("info_nce", "negatives", "n_k"),
        ("info_nce", "positive", "p"),
        ("kl_normal", "mean_q", r"\mu_q"),
        ("rmse", "prediction", r"\hat y_i"),
    ],
)
def test_a_slope_names_the_component_it_is_of(name: str, argument: str, variable: str, extensions: Path) -> None:
    from formula import gradient_equations

    left = dict(gradient_equations(find(name)))[argument].split(" = ")[0]
    assert left.endswith(rf"{{\partial {variable}}}")


def test_formula_prints_one_part(extensions: Path) -> None:
    from formula import equations

    assert [label for label, _ in equations(find("mse"), "value")] == ["formula-mse"]
    assert [label for label, _ in equations(find("mse"), "gradient")] == ["formula-mse-prediction"]


def test_the_slope_of_nt_xent_is_that_of_the_sum_and_printed_once(extensions: Path) -> None:
    from formula import equations

    ((label, tex),) = equations(find("nt_xent"), "gradient")
    assert label == "formula-nt_xent-x1"
    assert tex.startswith(r"\frac{\partial}{\partial z} \sum_{i=1}^{2N} \ell_{T,i} = ")


def test_a_long_formula_is_broken_between_its_terms(extensions: Path) -> None:
    from formula import equation, terms

    assert terms(r"-a + b \left(c - d\right) - \frac{e + f}{g} + \lVert h - i \rVert") == [
        "-a",
        r" + b \left(c - d\right)",
        r" - \frac{e + f}{g}",
        r" + \lVert h - i \rVert",
    ]
    assert equation("y", "a + b") == "y = a + b"
    first, second = "a" * 70, " - " + "b" * 70
    assert equation("y", first + second) == (rf"\begin{{aligned}} y &= {first} \\ &\quad {{}}{second} \end{{aligned}}")
    wide = r"\ell(\mu_p, \sigma_p, \mu_q, \sigma_q)"
    assert equation(wide, first + second).startswith(rf"\begin{{aligned}} &{wide} \\ &\quad = {first} \\")
    assert equation("y", "a" * 200) == "y = " + "a" * 200


@pytest.mark.parametrize("name", CATALOGUE)
def test_every_formula_can_be_set(name: str, extensions: Path) -> None:
    from formula import equations

    tex = [equation for _, equation in equations(find(name))]
    assert pagechecks.bad_tex(tex) == [""] * len(tex)


def test_the_package_page_names_every_module() -> None:
    page = (ROOT / "book/reference/api.md").read_text(encoding="utf-8")
    families = {loss.value.__module__ for loss in CATALOGUE.values()}
    shown = {"lossbook.explorer", "lossbook.figures", "lossbook.exercises"}  # by what they export
    analysis = {module.name for module in pkgutil.iter_modules(lossbook.analysis.__path__, "lossbook.analysis.")}
    assert {name for name in families | shown | analysis if f".. automodule:: {name}\n" not in page} == set()


# ── What a page must have ────────────────────────────────────────────────────────────────────────────────────────────


def test_bad_tex_is_found() -> None:
    html = r'<span class="math">\(\frac{1}{2}\)</span><div class="math"><span>(1)</span>\[\frac{1}{\undefined}\]</div>'
    good, bad = pagechecks.bad_tex(pagechecks.formulas(parse(html)))
    assert (good, bad) == ("", r"Undefined control sequence \undefined")


@pytest.mark.parametrize(
    ("html", "count"),
    [
        ('<img alt="Two lines that cross" src="a.png">', 0),
        ('<img src="a.png">', 1),
        ('<img alt="" src="a.png">', 1),
        ('<img alt="../_images/a1b2.png" src="a.png">', 1),
        ('<div role="img" aria-label="A line"></div>', 0),
        ('<svg role="img"></svg>', 1),
        ('<svg role="img"><title>A line</title></svg>', 0),
        ('<svg role="img" aria-hidden="true"></svg>', 0),
    ],
)
def test_missing_text_alternatives_are_found(html: str, count: int) -> None:
    assert len(pagechecks.without_alternative(parse(html))) == count


def test_a_page_is_checked_again_until_it_is_right(tmp_path: Path) -> None:
    page, memory = tmp_path / "html" / "a.html", tmp_path / "memory.json"
    page.parent.mkdir()
    page.write_text('<img src="a.png">')
    assert pagechecks.problems(page.parent, memory) == pagechecks.problems(page.parent, memory) != []
    page.write_text('<img src="a.png" alt="A line">')
    assert pagechecks.problems(page.parent, memory) == []
    assert "a.html" in json.loads(memory.read_text())


# ── What makes a chapter run again ───────────────────────────────────────────────────────────────────────────────────


def test_pages_are_read_off_the_contents() -> None:
    toc = {"root": "index", "parts": [{"chapters": [{"file": "a"}, {"file": "b", "sections": [{"file": "c"}]}]}]}
    assert list(build.pages(toc)) == ["index", "a", "b", "c"]


@pytest.fixture
def tiny_book(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Two chapters, `one` and `two`, with figures of their own; `two` also uses a figure of `one`."""
    files = {
        "lossbook/core.py": "",
        "lossbook/figures/one.py": "",
        "lossbook/figures/two.py": "",
        "lossbook/figures/shared.py": "",
        "book/part-1/one.md": "from lossbook.figures import one",
        "book/part-1/two.md": "from lossbook.figures import two",
        "requirements.txt": "",
    }
    for name, text in files.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text)
    for name, path in {"ROOT": "", "BOOK": "book", "PACKAGE": "lossbook"}.items():
        monkeypatch.setattr(build, name, tmp_path / path)
    return tmp_path


def changed(book: Path, file: str, text: str = "# changed") -> dict[str, bool]:
    """Which chapters a change of `file` makes stale."""
    before = {page: build.fingerprint(page) for page in ("part-1/one", "part-1/two")}
    (book / file).write_text(text)
    return {page[-3:]: build.fingerprint(page) != seen for page, seen in before.items()}


def test_a_chapter_depends_on_the_package(tiny_book: Path) -> None:
    assert changed(tiny_book, "lossbook/core.py") == {"one": True, "two": True}
    assert changed(tiny_book, "lossbook/figures/shared.py") == {"one": True, "two": True}


def test_a_chapter_does_not_depend_on_another_chapters_figures(tiny_book: Path) -> None:
    assert changed(tiny_book, "lossbook/figures/two.py") == {"one": False, "two": True}


def test_a_chapter_depends_on_figures_that_its_own_figures_use(tiny_book: Path) -> None:
    (tiny_book / "lossbook/figures/two.py").write_text("from lossbook.figures.one import curve")
    assert changed(tiny_book, "lossbook/figures/one.py") == {"one": True, "two": True}


# ── Chapters as notebooks ────────────────────────────────────────────────────────────────────────────────────────────


@pytest.fixture
def write(extensions: Path):
    from notebooks import Writer

    return Writer(ROOT / "book/part-2/regression.md", lambda text: "1.50" if text == "slope:.2f" else text).text


def test_a_formula_becomes_tex(write) -> None:
    assert write("```{formula} mse\n:part: value\n```") == "$$\n\\ell(e) = e^2\n$$"


def test_an_admonition_becomes_a_quotation(write) -> None:
    text = write(":::{admonition} Derivation\n:class: dropdown\n\nTake $e$.\n\n```{math}\ne^2\n```\n:::")
    assert text == "> **Derivation**\n>\n> Take $e$.\n>\n> $$\n> e^2\n> $$"


def test_a_glued_number_becomes_the_number(write) -> None:
    assert write("The slope is {glue:text}`slope:.2f`, see {cite:t}`huber1964` and {eq}`residual`.") == (
        "The slope is 1.50, see Huber 1964 and (residual)."
    )


def test_a_labelled_equation_keeps_its_label(write) -> None:
    assert write("$$\ne = y - \\hat y\n$$ (residual)") == "$$\ne = y - \\hat y\n\\tag{residual}\n$$"


def test_a_link_leads_to_the_other_chapters_notebook(write) -> None:
    assert write("See [softmax](../part-1/softmax.md).") == "See [softmax](softmax.ipynb)."
    assert write("See [the symbols](../notation.md).") == "See the symbols."


def test_included_source_is_the_whole_function(write) -> None:
    text = write("```{literalinclude} /../lossbook/losses/regression.py\n:pyobject: mse\n```")
    assert text.startswith("```python\ndef mse(")
    assert text.endswith("```") and "return reduce(" in text and "def mse_grad" not in text


def test_a_question_keeps_its_statement(write) -> None:
    text = write("```{question} some-id\nWhat is $1 + 1$?\n```")
    assert "What is $1 + 1$?" in text and 'check("some-id", answer)' in text


def test_no_directive_is_left_in_any_notebook(extensions: Path) -> None:
    """Every chapter, as written out: no MyST that only Sphinx would understand."""
    import jupytext
    from notebooks import Writer

    for path in sorted((ROOT / "book").glob("part-*/*.md")):
        cells = jupytext.read(path, fmt="md:myst").cells
        texts = [Writer(path).text(cell.source) for cell in cells if cell.cell_type == "markdown"]
        left = re.findall(r"^[`:]{3,}\{.*|\{[a-z:]+\}`[^`]*`", "\n".join(texts), re.MULTILINE)
        assert left == [], path.name


def test_installed_for_the_site() -> None:
    assert importlib.util.find_spec("jupyter_book")
    assert pagechecks.NODE.exists() and pagechecks.MATHJAX.exists()
