"""The directives and checks that make a site of the chapters, on tiny inputs."""

from __future__ import annotations

import contextlib
import functools
import importlib.metadata
import importlib.util
import json
import os
import pkgutil
import re
import subprocess
import sys
import tomllib
from pathlib import Path
from types import SimpleNamespace

import build
import mathfont
import mathml
import nbformat
import pagechecks
import pytest
from bs4 import BeautifulSoup
from docutils import nodes
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

import lossbook.analysis
from lossbook.analysis.fitting import Line
from lossbook.catalogue import CATALOGUE, find
from lossbook.exercises import Choice, chapters, exercises

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
        ("softmax_focal", "logits", "s_k"),
        ("dpo", "rejected", "a_l"),
    ],
)
def test_a_slope_names_the_component_it_is_of(name: str, argument: str, variable: str, extensions: Path) -> None:
    from formula import gradient_equations

    left = dict(gradient_equations(find(name)))[argument].split(" = ")[0]
    left = left.removesuffix(r" \\ &\quad")  # a wide one has a row to itself
    assert left.endswith(rf"{{\partial {variable}}}")


def test_formula_prints_one_part(extensions: Path) -> None:
    from formula import equations

    assert [label for label, _ in equations(find("mse"), "value")] == ["formula-mse"]
    assert [label for label, _ in equations(find("mse"), "gradient")] == ["formula-mse-prediction"]


def test_the_slope_of_nt_xent_is_that_of_the_sum_and_printed_once(extensions: Path) -> None:
    from formula import equations

    ((label, tex),) = equations(find("nt_xent"), "gradient")
    assert label == "formula-nt_xent-x1"
    assert tex.startswith(r"\begin{aligned} &\frac{\partial}{\partial z} \sum_{i=1}^{2N} \ell_{T,i} \\ &\quad = ")


def test_a_long_formula_is_broken_between_its_terms(extensions: Path) -> None:
    from formula import equation, narrow, terms

    assert terms(r"-a + b \left(c - d\right) - \frac{e + f}{g} + \lVert h - i \rVert") == [
        "-a",
        r" + b \left(c - d\right)",
        r" - \frac{e + f}{g}",
        r" + \lVert h - i \rVert",
    ]
    assert equation("y", "a + b") == "y = a + b"
    first, second = "a" * 20, " - " + "b" * 20
    assert equation("y", first + second) == (rf"\begin{{aligned}} &y = {first} \\ &\quad {{}}{second} \end{{aligned}}")
    wide = r"\ell(\mu_p, \sigma_p, \mu_q, \sigma_q)"
    assert equation(wide, first + second).startswith(rf"\begin{{aligned}} &{wide} \\ &\quad = {first} \\")
    assert equation("y", "a" * 22) == "y = " + "a" * 22
    assert equation("y", "a" * 200) == rf"\begin{{aligned}} &y \\ &\quad = {'a' * 200} \end{{aligned}}"
    product = rf"\frac{{1}}{{T}} \left({'c' * 20} - d\right) \left({'f' * 20} - g\right)"
    assert equation("y", product) == (
        rf"\begin{{aligned}} &y \\ &\quad = \frac{{1}}{{T}} \left({'c' * 20} - d\right)"
        rf" \\ &\qquad {{}} \cdot \left({'f' * 20} - g\right) \end{{aligned}}"
    )
    assert narrow(equation("y", f"{product} + x")) == narrow(f"y = {product} + x")
    for whole in (rf"-\log \left({'a' * 30}\right)", rf"\left({'a' * 30}\right)"):
        assert equation("y", whole) == rf"\begin{{aligned}} &y \\ &\quad = {whole} \end{{aligned}}"
    assert narrow("y = a(1 - b) + c") == r"\begin{aligned} &y \\ &\quad = a(1 - b) \\ &\quad {} + c \end{aligned}"
    assert narrow(equation("y", first + second)) == narrow(f"y = {first}{second}")
    assert narrow("y = a b") == "y = a b"


def test_no_row_of_a_printed_formula_ends_with_a_function_or_a_sum(extensions: Path) -> None:
    """A row that began with "· (…)" would read as a product of what is summed or logged."""
    from formula import equations

    ends = re.compile(r"(\\(log|exp|max|min|sign|operatorname\{\w+\})|\\sum_\{[^}]*\}(\^\{?[^}\s]*\}?)?)\s*$")
    assert ends.search(r"= \sum_{k=1}^{K} ")
    assert ends.search(r"= \Delta \operatorname{sign} ")
    rows = [row for loss in CATALOGUE.values() for _, tex in equations(loss) for row in tex.split(r" \\ ")[:-1]]
    assert len(rows) > 50
    assert [row for row in rows if ends.search(row)] == []


def test_the_width_of_a_formula_is_about_that_of_its_letters(extensions: Path) -> None:
    from formula import width

    assert width("abcd") == pytest.approx(4.2) and width(r"\log x") == pytest.approx(4.05)
    assert width(r"\frac{abcdef}{g}") == pytest.approx(6.6) and width("x^2") < width("x2")
    assert width(r"\sum_{k=1}^{K} x") < width("k=1Kx")
    rows = r"\begin{cases} a & b \\ ccc & d \end{cases}"
    assert width(rows) == pytest.approx(2 + 3.15 + 1.05 + 2)
    assert width(rows + " + x") == pytest.approx(width(rows) + 2.95)


def test_a_full_stop_stays_with_its_formula(extensions: Path) -> None:
    from lossbook_site import keep_together

    paragraph = nodes.paragraph("", "", nodes.Text("Between "), nodes.math("", "q"), nodes.Text(" and "))
    paragraph += [nodes.math("", "p"), nodes.Text("). Then "), nodes.math("", "z")]
    paragraph += [nodes.Text(" (see "), nodes.math("", "r"), nodes.Text("), (")]
    paragraph += [nodes.math("", "s"), nodes.Text(" too)")]
    keep_together(None, paragraph, "")
    kept = [node.astext() for node in paragraph.findall(nodes.inline)]
    assert kept == ["p).", "r),", "(s"] and paragraph.astext() == "Between q and p). Then z (see r), (s too)"


def test_the_package_page_leaves_out_what_has_no_words(extensions: Path) -> None:
    from lossbook_site import says_nothing

    things = {Line.slope: True, Choice.task: True, Line.__call__: None}
    assert {thing: says_nothing(None, "", "", thing, False, None) for thing in things} == things


def test_the_package_page_names_every_module() -> None:
    page = (ROOT / "book/reference/api.md").read_text(encoding="utf-8")
    families = {loss.value.__module__ for loss in CATALOGUE.values()}
    shown = {"lossbook.explorer", "lossbook.figures", "lossbook.exercises"}  # by what they export
    analysis = {module.name for module in pkgutil.iter_modules(lossbook.analysis.__path__, "lossbook.analysis.")}
    assert {name for name in families | shown | analysis if f".. automodule:: {name}\n" not in page} == set()


# ── What a page must have ────────────────────────────────────────────────────────────────────────────────────────────


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

    values = {"slope:.2f": "1.50"}
    numbers = {"residual": "7", "formula-mse": "8", "inner": "9"}
    return Writer(ROOT / "book/part-2/regression.md", lambda text: values.get(text, text), numbers).text


def test_a_formula_becomes_tex(write) -> None:
    assert write("```{formula} mse\n:part: value\n```") == "$$\n\\ell(e) = e^2 \\tag{8}\n$$"
    assert write("```{formula} mae\n:part: value\n```") == "$$\n\\ell(e) = |e|\n$$", "no number, no tag"


def test_an_admonition_becomes_a_quotation(write) -> None:
    text = write(":::{admonition} Derivation\n:class: dropdown\n\nTake $e$.\n\n```{math}\ne^2\n```\n:::")
    assert text == "> **Derivation**\n>\n> Take $e$.\n>\n> $$\n> e^2\n> $$"


def test_a_glued_number_becomes_the_number(write) -> None:
    assert write("The slope is {glue:text}`slope:.2f`.") == "The slope is 1.50."


def test_a_citation_is_that_of_the_page(write) -> None:
    """The third and the fourth as Sphinx prints them."""
    assert write("{cite:t}`huber1964` found it.") == "Huber [1964] found it."
    assert write("It is old {cite:p}`huber1964`.") == "It is old [Huber, 1964]."
    assert write("{cite}`black1996`, {cite}`bromley1993, oord2018`.") == (
        "[Black and Rangarajan, 1996], [Bromley *et al.*, 1993, van den Oord *et al.*, 2018]."
    )


def test_a_list_of_works_is_in_order_and_readable(extensions: Path) -> None:
    from works import references

    first, second = references({"huber1964", "black1996"}).splitlines()
    assert first.startswith("- Michael J. Black and Anand Rangarajan. On the unification of line processes")
    assert second == (
        "- Peter J. Huber. Robust estimation of a location parameter. *Annals of Mathematical Statistics*, "
        "35(1):73–101, 1964. [doi:10.1214/aoms/1177703732](https://doi.org/10.1214/aoms/1177703732)."
    )


def test_a_labelled_equation_keeps_its_number(write) -> None:
    assert write("$$\ne = y - \\hat y\n$$ (residual)") == "$$\ne = y - \\hat y\n\\tag{7}\n$$"
    assert write("1. It is\n\n   $$\n   e\n   $$ (inner)\n\n   by {eq}`inner`.") == (
        "1. It is\n\n   $$\n   e\n   \\tag{9}\n   $$\n\n   by (9)."
    )
    assert write("$$\ne\n$$ (another)") == "$$\ne\n$$"


def test_a_link_leads_to_the_other_chapters_notebook(write) -> None:
    assert write("See [softmax](../part-1/softmax.md).") == "See [softmax](softmax.ipynb)."
    assert write("See [the symbols](../notation.md).") == "See the symbols."


def test_included_source_is_the_whole_function(write) -> None:
    text = write("```{literalinclude} /../lossbook/losses/regression.py\n:pyobject: mse\n```")
    assert text.startswith("```python\ndef mse(")
    assert text.endswith("```") and "return reduce(" in text and "def mse_grad" not in text


def test_each_question_has_a_cell_and_one_for_its_answer(extensions: Path) -> None:
    from notebooks import Writer

    choice = next(each for each in exercises().values() if isinstance(each, Choice))
    code = exercises()["regression-find-the-bug"]
    asked = "Before.\n\n```{{question}} {}\nWhat is $1 + 1$?\n```\n\nBetween.\n\n```{{question}} {}\nMend it.\n```"
    cells = list(Writer(ROOT / "book/part-2/regression.md").cells(asked.format(choice.id, code.id)))
    assert [cell.cell_type for cell in cells] == ["markdown", "markdown", "code", "markdown", "markdown", "code"]
    question = cells[1].source
    assert question.startswith(f"**Question 1. {choice.title}** ({choice.task})\n\nWhat is $1 + 1$?")
    for letter, option in choice.named.items():
        assert f"- **{letter})** {option.text}" in question
    assert "<details><summary>Solution</summary>\n\n" in question and choice.solution in question
    assert cells[2].source == f'check("{choice.id}", ...)'
    assert cells[5].source.startswith(code.starter_code)
    assert cells[5].source.endswith(f'check("{code.id}", {code.starter.__name__})')


# ── A chapter's code without the book's plumbing ─────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("cell", "later", "left"),
    [
        ("from myst_nb import glue\nimport numpy as np\nprint(np.pi)", "", "import numpy as np\nprint(np.pi)"),
        ("x = 1\nassert x == 1\nprint(x)", "", "x = 1\nprint(x)"),
        ('a, b = 1, 2\nglue("a", a)\nglue("b", b)', "", ""),
        ('a = 1\nb = a + 1\n# for the text\nglue("b", b)\nprint(a)', "", "a = 1\nprint(a)"),
        ('a = 1\nglue("a", a)', "print(a)", "a = 1"),
        ('a = 1\nglue("a", a)', "a = 2\nprint(a)", ""),
        ('for x in (1, 2):\n    print(x)\n    glue(f"{x}", x)', "", "for x in (1, 2):\n    print(x)"),
        ('for x in (1, 2):\n    glue(f"{x}", x)\nfigure()', "", "figure()"),
        ('def put(x):\n    glue("x", x)\n\n\nput(1)\nput(2)', "", ""),
        ('numbers = {}\nfor x in (1, 2):\n    numbers[x] = x\nglue("all", numbers)', "", ""),
        ('import torch\np = torch.zeros(2)\np.sum().backward()\nglue("g", p.grad[0])', "", ""),
        ("def f(x):\n    return x\n\n\nprint(f(1))", "", "def f(x):\n    return x\n\n\nprint(f(1))"),
        ("unused = 1", "", "unused = 1"),
    ],
)
def test_plumbing_goes_and_what_it_alone_needed(cell: str, later: str, left: str, extensions: Path) -> None:
    from plumbing import without_plumbing

    assert without_plumbing([cell, later])[0] == left


# ── Every chapter as a notebook ──────────────────────────────────────────────────────────────────────────────────────


CHAPTERS = sorted((ROOT / "book").glob("part-*/*.md"))


@pytest.fixture(params=CHAPTERS, ids=[path.stem for path in CHAPTERS])
def notebook(request: pytest.FixtureRequest):
    """As `make book` wrote it for readers to download."""
    built = Path(os.environ.get("LOSSBOOK_BUILT") or ROOT / "_build" / "html")
    return nbformat.read(built / "_static" / "notebooks" / f"{request.param.stem}.ipynb", as_version=4)


def sources(notebook, kind: str) -> list[str]:
    """The cells of a kind; code without the line for pip, which is IPython's."""
    cells = [cell.source for cell in notebook.cells if cell.cell_type == kind]
    return [re.sub(r"^( *)%pip .*", r"\1pass", source, flags=re.MULTILINE) for source in cells]


def test_no_directive_is_left_in_any_notebook(notebook) -> None:
    """No MyST that only Sphinx would understand, no label, and no talk of the page."""
    text = "\n".join(sources(notebook, "markdown"))
    assert (
        re.findall(r"^ *[`:]{3,}\{.*|\{[a-z:]+\}`[^`]*`|^ *\$\$ \(.*|^\([\w-]+\)=|on this page", text, re.MULTILINE)
        == []
    )
    assert not re.search(r"\b[a-z]+(19|20)\d\d\b", re.sub(r"\(http\S+\)", "", text)), "a key of a work"


def test_a_guess_is_text_in_a_notebook(extensions: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import notebooks
    from notebooks import Writer

    toy = SimpleNamespace(predict=SimpleNamespace(named={"A": "None of them.", "B": "One of them."}))
    monkeypatch.setattr(notebooks, "builder_and_explorer", lambda name: (None, toy) if name == "toy" else None)
    (cell,) = Writer(ROOT / "book" / "x.md").cells("```{predict} toy\nHow many have $x$?\n```")
    assert cell.cell_type == "markdown"
    assert cell.source.startswith("**Guess, then move.** How many have $x$?\n\n- **A)** None of them.\n- **B)** One")


def test_every_question_of_a_chapter_can_be_answered_in_its_notebook(request, notebook) -> None:
    chapter = request.node.callspec.params["notebook"].stem
    checked = [re.findall(r'check\("([^"]+)"', source) for source in sources(notebook, "code")]
    assert sorted(id for ids in checked for id in ids) == sorted(chapters()[chapter])
    assert max(map(len, checked)) == 1
    asked = re.findall(r"^\*\*Question (\d+)\. ", "\n".join(sources(notebook, "markdown")), re.MULTILINE)
    assert asked == [str(number) for number in range(1, len(chapters()[chapter]) + 1)]


def test_a_notebooks_code_has_no_plumbing_and_all_its_names(notebook) -> None:
    """ruff finds a name that went with the plumbing and is needed all the same."""
    code = sources(notebook, "code")
    assert not any(re.search(r"\bglue\(|myst_nb|^ *assert ", source, re.MULTILINE) for source in code)
    command = [
        sys.executable,
        "-m",
        "ruff",
        "check",
        "--isolated",
        "--select",
        "F821",
        "--stdin-filename",
        "n.py",
        "-",
    ]
    found = subprocess.run(command, input="\n".join(code), capture_output=True, text=True)
    assert found.returncode == 0, found.stdout


@pytest.mark.slow  # the book has run these cells; test_a_notebooks_code_has_no_plumbing_and_all_its_names is quick
def test_a_notebook_runs_by_itself(notebook, tmp_path: Path) -> None:
    """All its code in a new Python, in another folder, without MyST-NB; and nothing is complained of."""
    code = ["import sys", "sys.modules['myst_nb'] = None", *sources(notebook, "code")]
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "MPLBACKEND": "agg"}
    command = [sys.executable, "-"]
    run = subprocess.run(command, input="\n".join(code), cwd=tmp_path, env=environment, capture_output=True, text=True)
    assert (run.returncode, run.stderr) == (0, "")


@functools.cache
def imported_by_the_package() -> set[str]:
    from notebooks import imported

    return set().union(*(imported(path.read_text(encoding="utf-8")) for path in (ROOT / "lossbook").rglob("*.py")))


@functools.cache
def installed_by(extra: str) -> set[str]:
    """The distributions that `pip install ".[extra]"` brings, as pyproject.toml and their own metadata say."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    found, waiting = {"lossbook"}, [*project["dependencies"], *project["optional-dependencies"][extra]]
    while waiting:
        wanted = Requirement(waiting.pop())
        name = canonicalize_name(wanted.name)
        if name == "lossbook":
            waiting += [each for inner in wanted.extras for each in project["optional-dependencies"][inner]]
        elif name not in found and (not wanted.marker or wanted.marker.evaluate({"extra": ""})):
            found.add(name)
            with contextlib.suppress(importlib.metadata.PackageNotFoundError):
                waiting += importlib.metadata.requires(name) or []
    return found


owners = functools.cache(importlib.metadata.packages_distributions)  # reads what every installed package says of itself


def test_the_one_command_installs_what_a_notebook_imports(notebook, extensions: Path) -> None:
    """And what the package imports, wherever in its files it does."""
    from notebooks import INTRODUCTION, imported

    command = 'pip install ".[course]"'
    assert command in INTRODUCTION and command in (ROOT / "README.md").read_text(encoding="utf-8")
    assert sum(command in text for text in sources(notebook, "markdown")) == 1
    modules = imported_by_the_package().union(*map(imported, sources(notebook, "code")))
    brought = installed_by("course")
    assert {name for name in modules if not brought & set(map(canonicalize_name, owners()[name]))} == set()


def test_installed_for_the_site() -> None:
    assert importlib.util.find_spec("jupyter_book")
    assert mathml.NODE.exists() and mathml.TEMML.exists() and mathfont.SOURCE.exists()
