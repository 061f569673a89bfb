"""A published site: its addresses, pictures and buttons, and that a build at home has none of them."""

from __future__ import annotations

import io
import os
import re
import shutil
import subprocess
import sys
import tomllib
import zipfile
from pathlib import Path
from xml.etree import ElementTree

import make_dist
import pytest
import yaml
from bs4 import BeautifulSoup
from docutils import nodes
from IPython.core.inputtransformer2 import TransformerManager
from PIL import Image

import lossbook

ROOT = Path(__file__).parents[1]
pytestmark = pytest.mark.xdist_group("shared")  # the little site is built once
SITE, REPOSITORY = "https://example.org/course/", "https://github.com/someone/losses"
CHAPTER = """\
---
jupytext:
  text_representation:
    extension: .md
    format_name: myst
kernelspec:
  display_name: Python 3
  language: python
  name: python3
---

# Little & light

With $e$ it begins, which is no description that anybody could read.

How much does one "wrong" reading cost & why? This page says it in a sentence.

```{code-cell} ipython3
from lossbook.figures import regression as figures

figures.huber_profile()
```
"""
INDEX = """\
---
myst:
  html_meta:
    description: Words from the front matter.
---

# A little book

Its first paragraph, which the front matter goes before.
"""


@pytest.fixture(scope="module")
def extensions() -> None:
    """The book's own Sphinx extensions, importable while these tests run."""
    sys.path.append(str(ROOT / "book" / "_ext"))
    yield
    sys.path.remove(str(ROOT / "book" / "_ext"))


# ── A little site, built with addresses and without ──────────────────────────────────────────────────────────────────


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A book of two pages with our configuration."""
    folder = tmp_path_factory.mktemp("little")
    book = folder / "book"
    (book / "part-1").mkdir(parents=True)
    for name in ("_ext", "_static", "_templates", "references.bib", "search.yml"):
        (book / name).symlink_to(ROOT / "book" / name)
    (book / "index.md").write_text(INDEX)
    (book / "part-1" / "little.md").write_text(CHAPTER)
    shutil.copy(ROOT / "_config.yml", folder)
    toc = {"format": "jb-book", "root": "index", "chapters": [{"file": "part-1/little"}]}
    (folder / "_toc.yml").write_text(yaml.safe_dump(toc))
    return folder


def build(folder: Path, **addresses: str) -> Path:
    book = [str(folder / "book"), "-q", "--path-output", str(folder), "--config", str(folder / "_config.yml")]
    command = [sys.executable, "-c", "from jupyter_book.cli.main import main; main()", "build", *book]
    environment = {key: value for key, value in os.environ.items() if not key.startswith("LOSSBOOK_")}
    environment |= {"PYTHONPATH": str(ROOT), "LOSSBOOK_STATIC": "1", **addresses}
    done = subprocess.run(
        [*command, "--toc", str(folder / "_toc.yml")], cwd=folder, env=environment, capture_output=True, text=True
    )
    assert done.returncode == 0 and "search index" not in done.stderr, done.stdout + done.stderr
    return folder / "_build" / "html"


@pytest.fixture(scope="module")
def plain(folder: Path) -> Path:
    return build(folder).rename(folder / "plain")


@pytest.fixture(scope="module")
def shared(folder: Path, plain: Path) -> Path:
    """The same with both addresses, and then once more after a change of one page."""
    build(folder, LOSSBOOK_SITE=SITE.rstrip("/"), LOSSBOOK_REPOSITORY=REPOSITORY)
    (folder / "book" / "index.md").write_text(INDEX + "\nChanged.\n")
    return build(folder, LOSSBOOK_SITE=SITE, LOSSBOOK_REPOSITORY=REPOSITORY)


def head(page: Path) -> dict[str, str]:
    """The tags about a page: the names and properties of `meta`, and the canonical link."""
    parsed = BeautifulSoup(page.read_text(encoding="utf-8"), "html.parser").head
    found = [(tag.get("name") or tag.get("property"), tag["content"]) for tag in parsed.find_all("meta", content=True)]
    found += [("canonical", link["href"]) for link in parsed.find_all("link", rel="canonical")]
    found = [(name, value) for name, value in found if name != "viewport"]  # Sphinx and the theme give it
    names = [name for name, _ in found]
    assert len(set(names)) == len(names), "a tag is there twice"
    return {str(name): value for name, value in found}


def buttons(page: Path) -> dict[str, str]:
    """The addresses of other hosts that a page links to, by the words of the link or its tip."""
    parsed = BeautifulSoup(page.read_text(encoding="utf-8"), "html.parser")
    return {link.get("title") or link.text.strip(): link["href"] for link in parsed.select("a[href^=http]")}


def loaded(page: Path) -> list[str]:
    """What a browser fetches for a page by itself."""
    parsed = BeautifulSoup(page.read_text(encoding="utf-8"), "html.parser")
    links = [link for link in parsed.select("link[href]") if link["rel"] != ["canonical"]]
    return [each["href"] for each in links] + [each["src"] for each in parsed.select("[src]")]


LITTLE = "How much does one “wrong” reading cost & why? This page says it in a sentence."


def test_without_addresses_there_is_the_description_alone(plain: Path) -> None:
    index, little = head(plain / "index.html"), head(plain / "part-1" / "little.html")
    assert index["description"] == "Words from the front matter." and little["description"] == LITTLE
    assert not [name for page in (index, little) for name in page if name.startswith(("og:", "twitter", "canonical"))]
    assert not any((plain / name).exists() for name in ("sitemap.xml", "404.html", "_static/shared"))
    assert buttons(plain / "part-1" / "little.html") == {}
    assert "git+" not in (plain / "_static/notebooks/little.ipynb").read_text()


def test_a_page_says_where_it_is_and_what_it_shows(shared: Path) -> None:
    index, little = head(shared / "index.html"), head(shared / "part-1" / "little.html")
    address = f"{SITE}part-1/little.html"
    assert little["canonical"] == little["og:url"] == address and index["canonical"] == f"{SITE}index.html"
    assert little["description"] == little["og:description"] == LITTLE
    assert index["description"] == index["og:description"] == "Words from the front matter."
    assert little["og:title"] == "Little & light" and little["og:site_name"] == "Lossbook"
    assert little["og:image"] == index["og:image"] == f"{SITE}_static/shared/little.png"
    assert "Huber" in little["og:image:alt"] and little["twitter:card"] == "summary_large_image"


def test_the_picture_is_that_of_the_first_explorer_and_small(shared: Path) -> None:
    path = shared / "_static" / "shared" / "little.png"
    picture = Image.open(path).convert("L")
    assert picture.size == (1200, 630) and path.stat().st_size < 60_000
    assert picture.getpixel((0, 0)) == 255 and picture.histogram()[0:100] != [0] * 100, "white, with lines"


def test_the_sitemap_has_every_page_after_a_small_change_too(shared: Path) -> None:
    tree = ElementTree.parse(shared / "sitemap.xml")
    pages = [each.text for each in tree.iter("{http://www.sitemaps.org/schemas/sitemap/0.9}loc")]
    assert pages == [f"{SITE}index.html", f"{SITE}part-1/little.html"]


def test_the_page_for_missing_ones_works_at_any_depth(shared: Path) -> None:
    fetched = loaded(shared / "404.html")
    assert fetched and all(each.startswith(("/course/", "data:")) for each in fetched)
    for each in fetched:
        name = each.partition("?")[0].removeprefix("/course/")
        assert each.startswith("data:") or (shared / name).exists(), each
    page = BeautifulSoup((shared / "404.html").read_text(encoding="utf-8"), "html.parser")
    assert page.article.h1.text == "There is no such page" and page.article.a["href"] == "/course/"
    assert page.html["data-content_root"] == "/course/", "the search works there"
    leads = [link["href"] for link in page.select("a[href]") if not link["href"].startswith("#")]
    assert leads and all(each.startswith(("/course/", "https://github.com/")) for each in leads), leads


def test_buttons_open_the_built_notebook_and_edit_the_source(shared: Path) -> None:
    assert buttons(shared / "part-1" / "little.html") == {
        "Run this chapter in Colab": (
            "https://colab.research.google.com/github/someone/losses/blob/notebooks/little.ipynb"
        ),
        "Run this chapter in Binder": "https://mybinder.org/v2/gh/someone/losses/notebooks?labpath=little.ipynb",
        "Edit this page": f"{REPOSITORY}/edit/main/book/part-1/little.md",
    }
    assert buttons(shared / "index.html") == {"Edit this page": f"{REPOSITORY}/edit/main/book/index.md"}


def test_nothing_is_fetched_from_another_host(shared: Path, plain: Path) -> None:
    for page in [*shared.rglob("*.html"), *plain.rglob("*.html")]:
        assert not [each for each in loaded(page) if re.match(r"(https?:)?//", each)], page


@pytest.mark.parametrize("text", ["example.org", "ftp://example.org/", "https://example.org/?a=b", "https:///course"])
def test_an_address_that_is_none_is_refused(text: str, extensions: None) -> None:
    from shared import repository_address, site_address

    with pytest.raises(ValueError, match=f"LOSSBOOK_SITE.*{re.escape(text)}"):
        site_address(text)
    with pytest.raises(ValueError, match=f"LOSSBOOK_REPOSITORY.*{re.escape(text)}"):
        repository_address(text)


def test_addresses_are_written_one_way(extensions: None) -> None:
    from shared import repository_address, site_address

    assert site_address("") == repository_address("") == ""
    assert site_address("https://a.org") == site_address("https://a.org/") == "https://a.org/"
    assert repository_address("https://github.com/a/b.git") == repository_address("https://github.com/a/b/")


def test_a_long_description_ends_with_a_sentence_or_a_word(extensions: None) -> None:
    from shared import description, shortened

    first = "One sentence that is long enough to stand alone."
    assert shortened(f"{first} {'word ' * 60}") == first
    cut = shortened("word " * 60)
    assert len(cut) <= 200 and cut.endswith("word…")
    document = nodes.document(None, None)
    assert description(document) == ""
    document += nodes.paragraph("", "", nodes.Text("Only "), nodes.math("", "e"), nodes.Text("."))
    assert description(document) == "Only e."


# ── Notebooks that install what they need ────────────────────────────────────────────────────────────────────────────


def run(cell: str, folder: Path, monkeypatch: pytest.MonkeyPatch, *, there: bool) -> list[str]:
    """Run a notebook's first cell as IPython does, and return what it would have given to pip."""
    asked: list[str] = []

    class Shell:
        def run_line_magic(self, name: str, line: str) -> None:
            assert name == "pip"
            asked.append(line.format(**space))

    monkeypatch.chdir(folder)
    monkeypatch.setattr("importlib.util.find_spec", lambda name: object() if there else None)
    space: dict[str, object] = {"get_ipython": Shell}
    exec(TransformerManager().transform_cell(cell), space)
    return asked


def test_the_first_cell_installs_what_is_not_there(
    extensions: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from notebooks import installing

    alone, known = installing(["import torch"], ""), installing(["import torch"], REPOSITORY)
    assert '["anywidget", "lossbook", "matplotlib", "torch"]' in alone
    assert run(known, tmp_path, monkeypatch, there=True) == []
    assert run(alone, tmp_path, monkeypatch, there=False) == ['install -q ".[chapters]"']
    assert run(known, tmp_path, monkeypatch, there=False) == [f'install -q "lossbook[chapters] @ git+{REPOSITORY}"']
    (tmp_path / "lossbook-0.1.0-py3-none-any.whl").touch()
    for cell in (alone, known):
        wheel = 'install -q "./lossbook-0.1.0-py3-none-any.whl[chapters]"'
        assert run(cell, tmp_path, monkeypatch, there=False) == [wheel]


def test_the_built_notebook_names_the_repository(shared: Path) -> None:
    import nbformat

    cells = nbformat.read(shared / "_static/notebooks/little.ipynb", as_version=4).cells
    assert REPOSITORY in cells[1].source and 'pip install ".[course]"' in cells[1].source
    code = [cell.source for cell in cells if cell.cell_type == "code"]
    assert f'"lossbook[chapters] @ git+{REPOSITORY}"' in code[0]


def test_notebooks_get_a_branch_of_their_own(tmp_path: Path) -> None:
    """Pushed twice: the branch has what was built last, nothing else, and no history."""
    remote, built = tmp_path / "remote.git", tmp_path / "built"
    subprocess.run(["git", "init", "-q", "--bare", str(remote)], check=True)
    built.mkdir()
    for name in ("old.ipynb", "new.ipynb"):
        for old in built.iterdir():
            old.unlink()
        (built / name).write_text("{}")
        command = [str(ROOT / ".ci/publish-notebooks"), str(built), str(remote), REPOSITORY, "abc123"]
        subprocess.run(command, check=True)

    def git(*words: str) -> str:
        return subprocess.run(["git", *words], cwd=remote, check=True, capture_output=True, text=True).stdout

    assert git("ls-tree", "--name-only", "notebooks").split() == [
        "README.md",
        "new.ipynb",
        "requirements.txt",
        "runtime.txt",
    ]
    assert git("rev-list", "--count", "notebooks").strip() == "1"
    assert f"lossbook[course] @ git+{REPOSITORY}@abc123" in git("show", "notebooks:requirements.txt")


# ── The package travels ──────────────────────────────────────────────────────────────────────────────────────────────


def test_the_version_stands_in_one_place() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    assert project["project"]["dynamic"] == ["version"] and "version" not in project["project"]
    assert "version:" not in (ROOT / "CITATION.cff").read_text(encoding="utf-8").replace("cff-version:", "")
    assert re.fullmatch(r"\d+\.\d+\.\d+", lossbook.__version__)


def test_the_wheel_has_every_file_of_the_package(tmp_path: Path) -> None:
    source, wheel = make_dist.make(tmp_path / "dist")
    make_dist.compare(wheel)
    assert wheel.name == f"lossbook-{lossbook.__version__}-py3-none-any.whl"
    assert source.name == f"lossbook-{lossbook.__version__}.tar.gz"
    short = tmp_path / "short.whl"
    with zipfile.ZipFile(short, "w") as archive:
        archive.writestr("lossbook/__init__.py", io.BytesIO(b"").read())
    with pytest.raises(SystemExit, match=r"lacks \[.*lossbook/py\.typed"):
        make_dist.compare(short)
