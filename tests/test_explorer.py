"""The explorer's parts: controls, markup, table, page, and every trap that was met on the way."""

from __future__ import annotations

import base64
import graphlib
import gzip
import importlib
import io
import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import matplotlib as mpl
import matplotlib.pyplot as plt
import numpy as np
import pytest
from colours import contrast, themes
from matplotlib.figure import Figure
from matplotlib.path import Path as Outline
from matplotlib.transforms import Bbox
from PIL import Image
from svg import disagreement, lookup, page_svg, saved_svg, table

from lossbook.explorer import (
    ASSETS,
    Challenge,
    Choice,
    Explorer,
    Handle,
    Play,
    Predict,
    Slider,
    Toggle,
    palette,
    style,
    subplots,
)
from lossbook.explorer.explorer import is_line
from lossbook.explorer.static import caption, externalise

X = np.linspace(-3, 3, 61)


def make(update: Any = None, controls: Any = None, figure: Figure | None = None, **changes: Any) -> Explorer:
    """A parabola with one slider, or with something else in its place."""
    if figure is None:
        figure, axes = subplots()
        (line,) = axes.plot(X, X)
        axes.set(ylim=(0, 9))

        def move(a: float) -> str:
            line.set_ydata((X - a) ** 2)
            return f"The vertex is at {a:.1f}."

        update = update or move
    controls = {"a": Slider(-1, 1, step=0.5, value=0, label="a", unit="m")} if controls is None else controls
    settings = {"name": "parabola", "caption": "Move $a$.", "alt": "A parabola."} | changes
    return Explorer(figure, update, controls=controls, **settings)


def every_state_agrees(build: Any) -> None:
    """The page against `savefig` of a second explorer, in every state."""
    html, fresh = build().html(), build()
    with style():
        fresh.figure.draw_without_rendering()
    fresh.figure.set_layout_engine("none")
    (key, control), *others = fresh.controls.items()
    assert not others
    for index, value in enumerate(control.values):
        fresh.set(**{key: value})
        assert disagreement(page_svg(html, {key: index}), saved_svg(fresh.figure)) == "", value


# ── Controls ─────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_slider_grid() -> None:
    slider = Slider(0.1, 0.5, step=0.1, value=0.3, label="δ")
    assert slider.values == [0.1, 0.2, 0.3, 0.4, 0.5]
    assert slider.texts == ["0.1", "0.2", "0.3", "0.4", "0.5"]
    assert slider.index("delta", 0.30000000001) == slider.start == 2
    assert Slider(-1, 1, step=1, label="n").texts == ["−1", "0", "1"]
    assert [type(value) for value in Slider(1, 3, step=1, label="n").values] == [int] * 3
    assert Slider(values=[0.5, 2, 8], value=8, label="n").index("n", 2) == 1


@pytest.mark.parametrize(
    ("build", "words"),
    [
        (lambda: Slider(1, 0, step=0.1, label="a"), ["start < stop", "start=1", "stop=0"]),
        (lambda: Slider(0, 1, step=0.3, label="a"), ["step must lead", "0.3"]),
        (lambda: Slider(0, 1, step=0.1, value=0.25, label="a"), ["value", "grid from 0 to 1", "0.25"]),
        (lambda: Slider(0, 1, step=0.1, value=2, label="a"), ["value", "got 2"]),
        (lambda: Slider(0, float("nan"), step=1, label="a"), ["stop", "finite", "nan"]),
        (lambda: Slider(0, 1, step=0.1, label=""), ["label", "''"]),
        (lambda: Slider(0, 1, values=[1, 2], label="a"), ["either", "values"]),
        (lambda: Slider(values=[2, 1], label="a"), ["values", "increasing", "[2, 1]"]),
        (lambda: Slider(values=3, label="a"), ["values", "got 3"]),
        (lambda: Slider(0, 1, step=1e-9, label="a"), ["at most 5000 values", "got 1000000001"]),
        (lambda: Choice(3, label="a"), ["options", "got 3"]),
        (lambda: Choice(["a", ["b"]], label="a"), ["options", "['a', ['b']]"]),
        (lambda: Choice(["mean"], label="a"), ["options", "two", "['mean']"]),
        (lambda: Choice("mean", label="a"), ["options", "'mean'"]),
        (lambda: Choice(["a", "a"], label="a"), ["options", "distinct"]),
        (lambda: Choice(["a", "b"], value="c", label="a"), ["value", "a, b", "'c'"]),
        (lambda: Toggle(value=2, label="a"), ["value", "2"]),
        (lambda: Play(0, 10, label="t", interval=1), ["interval", "20", "1"]),
        (lambda: Play(0, 10, label="t", interval=float("nan")), ["interval", "20", "nan"]),
        (lambda: Handle("line", x="a"), ["artist", "Line2D", "'line'"]),
        (lambda: Handle(mpl.lines.Line2D([0], [0])), ["x or y"]),
        (lambda: Handle(mpl.lines.Line2D([0, 1], [0, 1]), x="a"), ["one point"]),
    ],
)
def test_control_refuses(build: Any, words: list[str]) -> None:
    with pytest.raises(ValueError) as caught:
        build()
    for word in words:
        assert word in str(caught.value)


def test_tiny_values_are_told_apart() -> None:
    assert Slider(values=[1e-6, 1e-5, 0.01], label="rate").texts == ["1e−06", "1e−05", "0.01"]


def test_arrays_may_be_chosen_from() -> None:
    first, second = np.zeros(2), np.ones(2)
    assert Choice({"zeros": first, "ones": second}, value=second, label="data").start == 1


def nothing(**_: Any) -> str:
    return ""


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"name": "Parabola!"}, ["name", "'Parabola!'"]),
        ({"alt": " "}, ["alt", "parabola", "' '"]),
        ({"caption": ""}, ["caption", "''"]),
        ({"caption": "Costs 5 $."}, ["caption", "$"]),
        ({"figure": "figure"}, ["figure", "'figure'"]),
        ({"update": 3}, ["update", "callable", "3"]),
        ({"update": lambda b: ""}, ["update", "'a'"]),
        ({"update": lambda a: None}, ["update", "return", "None"]),
        ({"controls": [1]}, ["controls", "[1]"]),
        ({"controls": {"layout": Toggle(label="x")}, "update": nothing}, ["controls", "'layout'"]),
        ({"controls": {"a b": Toggle(label="x")}, "update": nothing}, ["controls", "'a b'"]),
        ({"controls": {"html": Toggle(label="x")}, "update": nothing}, ["controls", "'html'"]),
        ({"controls": {"sizes": Toggle(label="x")}, "update": nothing}, ["controls", "'sizes'"]),
        ({"handles": ["line"]}, ["handles", "'line'"]),
        ({"handles": None}, ["handles", "None"]),
    ],
)
def test_explorer_refuses(changes: dict[str, Any], words: list[str]) -> None:
    with pytest.raises(ValueError) as caught:
        make(**changes)
    for word in words:
        assert word in str(caught.value)


def test_a_control_is_not_called_like_a_part_of_a_widget() -> None:
    from lossbook.explorer.live import LiveExplorer

    figure, _ = subplots()
    with pytest.raises(
        ValueError, match="controls of focused must have names that are free for attributes, got 'focus'"
    ):
        LiveExplorer(
            figure, nothing, name="focused", controls={"focus": Toggle(label="x")}, caption="Focus.", alt="Nothing."
        )


def test_handle_names_a_slider_of_the_explorer() -> None:
    figure, axes = subplots()
    (point,) = axes.plot([0], [0], "o")
    with pytest.raises(ValueError, match="handles of parabola must name its sliders, got 'b'"):
        make(lambda a: "", figure=figure, handles=[Handle(point, x="b")])
    with pytest.raises(ValueError, match="marker of its figure"):
        make(handles=[Handle(point, x="a")])


def test_state() -> None:
    explorer = make()
    assert explorer.set(a=1.0).readout == "The vertex is at 1.0."
    explorer.a = -0.5
    assert explorer.a == -0.5 and explorer.state == {"a": -0.5}
    with pytest.raises(ValueError, match="a must be on its grid from -1 to 1"):
        explorer.a = 0.3
    with pytest.raises(ValueError, match=r"controls of parabola are a, got b$"):
        explorer.set(b=1)
    assert explorer.state == {"a": -0.5}


@pytest.mark.parametrize("name", ["detla", "delt"])
def test_a_misspelt_control_is_refused_with_the_near_name(name: str) -> None:
    explorer = make(lambda delta, e: "", {"delta": Toggle(label="a"), "e": Toggle(label="b")})
    with pytest.raises(ValueError, match=f"controls of parabola are delta, e, got {name}: did you mean delta[?]$"):
        setattr(explorer, name, True)
    with pytest.raises(AttributeError, match=f"Explorer has no '{name}'"):
        getattr(explorer, name)
    assert name not in vars(explorer) and {"delta", "e", "html"} <= set(dir(explorer))
    explorer.caption = "What is there may be changed."
    assert explorer.caption.startswith("What")


LIVE = """
from IPython.core.interactiveshell import InteractiveShell
shell = InteractiveShell.instance()
shell.kernel = object()

from lossbook.explorer import Explorer, Slider, subplots
figure, axes = subplots()
controls = {"a": Slider(0, 1, step=0.5, label="a")}
toy = Explorer(figure, lambda a: str(a), name="toy", controls=controls, caption="x", alt="x")
shell.user_ns["toy"] = toy
for code in ("toy.a = 0.3", "toy.b = 1", "toy.aa = 1", "toy.set(a=0.3)"):
    shell.run_cell(code)
toy.a = 0.5
print(type(toy).__mro__[0].__name__, isinstance(toy, Explorer), toy.a, toy.readout)
"""


@pytest.mark.parametrize(("static", "kind"), [("", "LiveExplorer"), ("1", "Explorer")])
def test_a_slip_in_a_notebook_is_answered_in_one_line(static: str, kind: str) -> None:
    """Without the frames of whoever found out: the reader slipped, not the program."""
    environment = {**os.environ, "LOSSBOOK_STATIC": static}
    run = subprocess.run([sys.executable, "-c", LIVE], env=environment, capture_output=True, text=True, check=False)
    off = "ValueError: a must be on its grid from 0 to 1 (nearest: 0.5), got 0.3"
    assert run.stdout.splitlines() == [
        off,
        "ValueError: controls of toy are a, got b",
        "ValueError: controls of toy are a, got aa: did you mean a?",
        off,
        f"{kind} True 0.5 0.5",
    ], run.stderr


def test_too_many_states() -> None:
    controls = {"a": Slider(0, 100, step=1, label="a"), "b": Slider(0, 100, step=1, label="b")}
    with pytest.raises(ValueError, match="parabola has 10201 states, a page holds 5000"):
        make(lambda a, b: "", controls).html()


def test_error_in_update_fails_the_build() -> None:
    def update(a: float) -> str:
        if a > 0.5:
            raise ZeroDivisionError("too far")
        return ""

    with pytest.raises(ZeroDivisionError, match="too far"):
        make(update)._repr_mimebundle_()


# ── The page ─────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_page() -> None:
    bundle = make()._repr_mimebundle_()
    html = bundle["text/html"]
    assert html.startswith('<figure class="explorer" data-explorer="parabola"><script type="application/json"')
    assert '<label><span>a</span> <input type="range" name="a"' in html
    assert 'aria-valuetext="0.0 m"' in html and 'aria-label="A parabola."' in html
    assert '<output class="explorer-readout" aria-live="off">The vertex is at 0.0.</output>' in html
    formula = r'<span class="math notranslate nohighlight">\(a\)</span>'
    assert f'<figcaption>Move <span class="unbroken">{formula}.</span><span class="explorer-travel">' in html
    assert bundle["text/plain"] == "A parabola. The vertex is at 0.0."
    assert set(bundle) == {"text/html", "image/png", "text/plain"}


def test_every_state_of_the_parabola() -> None:
    every_state_agrees(make)
    data = table(make().html())
    assert [lookup(data["readout"], {"a": 5}, {"a": i})[-4:] for i in range(5)] == [
        "1.0.",
        "0.5.",
        "0.0.",
        "0.5.",
        "1.0.",
    ]


def test_each_distinct_markup_is_stored_once() -> None:
    """A unit that depends on one of two controls has a column over that one; a value that returns is a number."""
    figure, axes = subplots()
    (first,), (second,) = axes.plot(X, X), axes.plot(X, X)

    def update(a: int, b: int) -> str:
        first.set_ydata(X * a)
        second.set_ydata(X * b**2)
        return ""

    controls = {"a": Slider(1, 3, step=1, label="a"), "b": Slider(-2, 2, step=1, label="b")}
    columns = list(table(make(update, controls, figure).html())["artists"].values())
    assert [column["on"] for column in columns] == [["a"], ["b"]]
    assert [len(column["body"]) for column in columns] == [3, 5]
    assert columns[1]["body"][3:] == [1, 0]


@pytest.mark.parametrize(("task", "states", "limit"), [("t1", 41, 5.0), ("t2", 441, 80.0)])
def test_pages_stay_small(monkeypatch: pytest.MonkeyPatch, task: str, states: int, limit: float) -> None:
    """The two tasks of the benchmark, in kilobytes as a server sends them."""
    monkeypatch.syspath_prepend(str(Path(__file__).parents[1] / "benchmarks"))
    explorer = getattr(importlib.import_module("tasks"), task)()
    html = explorer.html()
    assert len(table(html)["readout"]["body"]) == states
    assert len(gzip.compress(html.encode(), 6)) <= limit * 1000


def test_text_is_escaped() -> None:
    explorer = make(lambda a: "</script><b>&", alt='"quoted" & <b>', caption="1 < 2 $a<b$")
    html = explorer.html()
    assert table(html)["readout"]["head"] == "</script><b>&"
    assert html.count("</script>") == 1
    assert "&lt;/script&gt;" in html and "1 &lt; 2" in html and "&quot;quoted&quot; &amp; &lt;b&gt;" in html


def test_caption_in_plain_letters() -> None:
    text = caption(r"Move $\delta$, $\hat y_1$, $e^2 \le 1$ & more", typeset=False)
    assert re.sub(r"</?(i|sub|sup|span)[^>]*>", "", text) == "Move δ, ŷ1, e2 ≤ 1 &amp; more".replace("ŷ", "y\u0302")
    assert "<sub>1</sub>" in text and "<sup>2</sup>" in text


def test_kinds_of_controls() -> None:
    controls = {
        "loss": Choice({"squared": abs, "absolute": max}, value=max, label="loss"),
        "flag": Toggle(label="log scale"),
        "t": Play(0, 3, label="step", interval=50),
    }
    seen = []
    html = make(lambda **values: seen.append(values) or "", controls).html()
    assert seen[0] == {"loss": max, "flag": False, "t": 0}
    assert "<option>squared</option><option selected>absolute</option>" in html
    assert '<input type="checkbox" name="flag" data-start="0" autocomplete="off">' in html
    assert '<button type="button" class="explorer-play" data-plays="t" data-interval="50">Play</button>' in html


def test_figure_without_controls() -> None:
    html = make(lambda: "", {}).html()
    assert "<fieldset" not in html and "<output" not in html and "<script" not in html and "<svg" in html


def test_panels_of_a_row_are_pictures_of_their_own() -> None:
    figure, _ = subplots(1, 2)
    html = make(lambda: "", {}, figure).html()
    assert re.findall(r'viewBox="(\d+) 0 (\d+) ', html)[0][0] == "0"
    widths = [int(width) for _, width in re.findall(r'viewBox="(\d+) 0 (\d+) ', html)]
    assert len(widths) == 2 and sum(widths) == pytest.approx(5040, abs=1)
    figure, _axes = subplots(1, 2)
    figure.suptitle("over both")
    assert make(lambda: "", {}, figure).html().count("<svg") == 1


def test_panels_that_overlap_stay_together() -> None:
    """The third starts beside the second, but still below the first."""
    figure = Figure((7, 3))
    for left, width, bottom in ((0.1, 0.4, 0.6), (0.12, 0.1, 0.1), (0.4, 0.2, 0.1), (0.8, 0.15, 0.1)):
        figure.add_axes((left, bottom, width, 0.3))
    panels = make(lambda: "", {}, figure).drawing.panels()
    assert [len(keys) for _, _, keys in panels] == [3, 1]
    assert [left for left, _, _ in panels] == [0, pytest.approx(panels[0][1])]
    assert sum(width for _, width, _ in panels) == pytest.approx(7 * 72) and 0.6 < panels[0][1] / (7 * 72) < 0.8


@pytest.mark.parametrize(("columns", "height", "tall"), [(2, 4.9, 0), (2, 5.6, 2), (1, 12, 0)])
def test_panels_half_as_high_again_as_wide_are_tall(columns: int, height: float, tall: int) -> None:
    figure = Figure((7, height))
    for column in range(columns):
        figure.add_axes(((column + 0.2) / columns, 0.1, 0.6 / columns, 0.8))
    html = make(lambda: "", {}, figure).html()
    assert (html.count("<svg"), html.count("explorer-tall")) == (columns, tall)


def test_the_browser_knows_plain_values_as_they_are() -> None:
    from lossbook.explorer.live import Grid, tokens

    for values in ([True, False], [1, 2], [0.5, 1.5], ["a", "b"], [1, 0.5, "a"]):
        assert tokens(Choice({str(value): value for value in values}, label="x")) == values
    mixed = Choice({"one": 1, "many": (1, 2)}, value=(1, 2), label="x")
    assert tokens(mixed) == ["one", "many"]
    grid = Grid("x", mixed)
    assert grid.metadata["to_json"]((1, 2), None) == "many" and grid.metadata["from_json"]("many", None) == (1, 2)
    assert grid.metadata["from_json"]("neither", None) == "neither"  # which `validate` then refuses
    plain = Grid("x", Choice({"half": 0.5, "twice": 2.0}, label="x"))
    assert plain.metadata["to_json"](2.0, None) == 2.0 == plain.metadata["from_json"](2.0, None)


def test_large_tables_move_out_and_each_explorer_is_a_file_too(tmp_path: Path) -> None:
    html = make(lambda a: f"{a}" + "x" * 40_000 * round(2 + 2 * a)).html()  # 5 states, none a prefix of another
    small = make(name="small").html()
    folder = tmp_path / "explorers"
    page = externalise(f"<p>{html}</p><p>{small}</p>", folder, "../_static/explorers", "From <b>here</b>.")
    (script,) = folder.glob("*.js")
    key = script.stem
    assert re.fullmatch(r"parabola-[0-9a-f]{10}", key)
    assert f'data-explorer="parabola" data-table="../_static/explorers/{key}.js">' in page
    text = script.read_text(encoding="utf-8")
    assert text.startswith(f'lossbook_table("{key}", {{') and text.endswith("});\n")
    assert json.loads(text[text.index("{") : -3]) == table(html)
    assert page.count("explorer-table") == 1
    for name, figure in (("parabola", html), ("small", small)):
        link = f'<a href="../_static/explorers/{name}.html" download aria-label="Save {name} as a file">Save</a>'
        assert page.count(link) == 1
        page = page.replace(" " + link, "")
        alone = (folder / f"{name}.html").read_text(encoding="utf-8")
        assert figure in alone and "From <b>here</b>." in alone and f"<title>{name.capitalize()}</title>" in alone
    assert small in page
    plain = bare_of_controls()
    assert externalise(plain, tmp_path / "none", "explorers") == plain and not (tmp_path / "none").exists()


def bare_of_controls() -> str:
    return make(lambda: "still", controls={}).html()


def test_an_explorer_is_saved_as_one_file(tmp_path: Path) -> None:
    """As it stands, with its looks, its player and every state, and with nothing that would be loaded."""
    file = tmp_path / "parabola.html"
    explorer = make().set(a=0.5)
    explorer.save(file)
    text = file.read_text(encoding="utf-8")
    assert table(text) == table(explorer.html())
    assert 'data-start="2" autocomplete="off" data-unit="m" min="0" max="4" value="3"' in text
    assert '<output class="explorer-readout" aria-live="off">The vertex is at 0.5.</output>' in text
    assert all(asset.read_text(encoding="utf-8") in text for asset in ASSETS)
    markup = text.partition("<script>\n")[0]
    assert "Lossbook" in markup and '<i class="explorer-math">a</i>' in markup and r"\(" not in markup
    assert not re.search(r"(src|href)\s*=|@import|https?:(?!//www\.w3\.org)", markup)
    explorer.save(str(file))  # again, over the one that is there
    folder = tmp_path / "folder.html"
    folder.mkdir()
    for wrong in (tmp_path / "parabola.pdf", tmp_path / "nowhere" / "parabola.html", tmp_path, folder, 3, None, ""):
        with pytest.raises(ValueError, match=re.escape("path must name an .html file in a folder that is there, got")):
            explorer.save(wrong)
    for sort, wrongs in (
        ("title", ("", " ", 3)),
        ("address", ("", "example.org", "javascript:alert(1)", "https://a b", 3)),
    ):
        for wrong in wrongs:
            with pytest.raises(ValueError, match=f"{sort} must"):
                explorer.save(file, **{sort: wrong})
    assert sorted(tmp_path.iterdir()) == [folder, file]


def test_a_saved_explorer_names_its_source(tmp_path: Path) -> None:
    make().save(file := tmp_path / "a.html", title="Roots & <b>", address='https://example.org/a?b&"c')
    text = file.read_text(encoding="utf-8")
    assert '<a href="https://example.org/a?b&amp;&quot;c">Roots &amp; &lt;b&gt;</a>.' in text
    assert "<title>Roots &amp; &lt;b&gt;</title>" in text


# ── Colours ──────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_stylesheet_has_the_palette_and_both_dark_blocks_agree() -> None:
    light, dark, unset = themes().values()
    assert light == vars(palette)
    assert dark == unset and set(dark) == set(light)


@pytest.mark.parametrize(("theme", "grounds"), [(0, ["#ffffff", "#f3f4f5"]), (1, ["#14181e", "#121212", "#222832"])])
def test_contrast_of_text_and_curves(theme: int, grounds: list[str]) -> None:
    colours = list(themes().values())[theme]
    for name in set(colours) - {"grid", "background"}:
        for ground in grounds:
            assert contrast(colours[name], ground) >= 4.5, (name, ground)


def test_figure_follows_the_theme() -> None:
    html = make().html()
    assert set(re.findall(r'(?:fill|stroke)="(#\w+)"', html)) == set()
    assert "var(--lb-ink,#202124)" in html and "var(--lb-loss,#0240ba)" in html
    assert "var(--lb-background" not in html  # no card


# ── The house ────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_imports_inside_run_one_way() -> None:
    """No module of the explorer needs one that needs it, not even for its annotations."""
    needs: dict[str, set[str]] = {}
    for path in ASSETS[0].parent.glob("*.py"):
        found = re.findall(r"from lossbook\.explorer(?:\.(\w+))? import (.+)", path.read_text(encoding="utf-8"))
        modules = {module or name for module, names in found for name in names.split(", ")}
        needs[path.stem] = modules
    assert needs["live"] >= {"static", "explorer"} and needs["static"] == {"controls", "state"}
    graphlib.TopologicalSorter(needs).prepare()  # raises an error that names a circle


# ── The traps of the field notes, by their numbers ───────────────────────────────────────────────────────────────────


def test_1_same_explorer_same_page() -> None:
    one, two = make()._repr_mimebundle_(), make()._repr_mimebundle_()
    assert one == two


def test_2_ids_are_the_explorers_own_and_no_style_leaks() -> None:
    one, two = make().html(), make(name="other").html()
    ids = [set(re.findall(r' id="([^"]+)"', html)) for html in (one, two)]
    assert ids[0] and not ids[0] & ids[1]
    assert "<style" not in one


def with_legend() -> Explorer:
    figure, axes = subplots()
    (_line,) = axes.plot(X, X, label="start")
    legend = axes.legend(loc="upper left")

    def update(a: float) -> str:
        legend.get_texts()[0].set_text(f"a longer label {a}")
        return str(a)

    return make(update, figure=figure)


def with_limits() -> Explorer:
    figure, (left, right) = subplots(1, 2)
    (line,) = left.plot(X, X)
    right.plot(X, X)

    def update(a: float) -> str:
        line.set_ydata(X * (2 + a))
        left.set_ylim(-9 - a, 9 + 20 * a**2)
        return str(a)

    return make(update, figure=figure)


def with_new_artists() -> Explorer:
    figure, axes = subplots()
    drawn: list[Any] = []

    def update(a: float) -> str:
        for artist in drawn:
            artist.remove()
        with style():
            drawn[:] = [axes.fill_between(X, 0, X**2 + a, color=palette.density, alpha=0.3)]
        axes.set_ylim(0, 10)
        return str(a)

    return make(update, figure=figure)


def with_ticks() -> Explorer:
    figure, axes = subplots()

    def update(a: float) -> str:
        axes.set_xticks([0, 0.5 + a / 4], ["zero", f"at {a}"])
        axes.set_xlim(0, 1)
        return str(a)

    return make(update, figure=figure)


def with_annotation() -> Explorer:
    figure, axes = subplots()
    axes.set(xlim=(-2, 2), ylim=(-2, 2))
    note = axes.annotate("here", (0, 0), (0.5, 0.5), arrowprops={"arrowstyle": "->"})

    def update(a: float) -> str:
        note.xy = (a, -a)
        return str(a)

    return make(update, figure=figure)


def with_hidden_and_empty() -> Explorer:
    figure, axes = subplots()
    axes.set(xlim=(-2, 2), ylim=(-2, 2))
    (line,) = axes.plot([0, 1], [0, 1], visible=False)
    text = axes.text(0, 0, "")

    def update(a: float) -> str:
        line.set_visible(a != 0)
        text.set_text("" if a == 0 else f"a = {a}")
        return str(a)

    return make(update, figure=figure)


def with_markers() -> Explorer:
    """The first artist with a marker defines it; a later state lets it vanish, and clips and hatches appear."""
    figure, axes = subplots()
    axes.set(xlim=(-2, 2), ylim=(-2, 2))
    (first,) = axes.plot([-1, 0, 1], [0, 0, 0], "o")
    axes.plot([-1, 0, 1], [1, 1, 1], "o")
    (bar,) = axes.bar([0], [1], hatch="", visible=False)

    def update(a: float) -> str:
        first.set_visible(a <= 0)
        first.set_marker("s" if a < 0 else "o")
        bar.set_visible(a == 1)
        return str(a)

    return make(update, figure=figure)


TRAPS = [with_legend, with_limits, with_new_artists, with_ticks, with_annotation, with_hidden_and_empty, with_markers]


@pytest.mark.parametrize("build", TRAPS, ids=lambda build: build.__name__)
def test_3_4_5_every_state_is_drawn_anew(build: Any) -> None:
    every_state_agrees(build)


def test_5_nothing_refers_to_what_is_not_there() -> None:
    html = with_markers().html()
    text = html + json.dumps(table(html)).replace('\\"', '"')
    for target in re.findall(r'(?:href="#|url\(#)([^")]+)', text):
        assert f'id="{target}"' in re.sub(r"(?s)<script.*?</script>", "", html)


def test_6_text_stays_text_with_its_spaces_and_one_font() -> None:
    figure, axes = subplots()
    axes.text(0, 0, "two  spaces")
    html = make(lambda: "", {}, figure).html()
    assert ">two  spaces</text>" in html and "font-family" not in html
    assert re.search(r"\.explorer-picture text \{[^}]*white-space: pre", ASSETS[1].read_text(encoding="utf-8"))


def test_7_figure_of_pyplot_is_closed_and_measured_in_points() -> None:
    figure, _axes = plt.subplots(figsize=(4, 3), dpi=200, layout="constrained")
    explorer = make(lambda: "", {}, figure)
    assert not plt.fignum_exists(figure.number) and figure.dpi == 72
    assert 'viewBox="0 0 2880 2160"' in explorer.html()
    assert figure.get_layout_engine() is None or not figure.get_layout_engine().adjust_compatible
    assert figure.stale_callback is None


def test_7_axes_do_not_move_with_a_longer_label() -> None:
    explorer = make()
    explorer.html()
    before = explorer.figure.axes[0].get_position().bounds
    explorer.figure.axes[0].set_ylabel("two\nlines")
    explorer.set(a=1)
    explorer.png()
    assert explorer.figure.axes[0].get_position().bounds == before


PLAIN = """
import sys
from lossbook.explorer import Explorer, Toggle, subplots
figure, axes = subplots()
explorer = Explorer(figure, lambda a: str(a), name="x", controls={"a": Toggle(label="a")}, caption="x", alt="x")
assert explorer._repr_mimebundle_()["text/html"]
print(sorted({name.split(".")[0] for name in sys.modules} & {"anywidget", "ipywidgets", "matplotlib.pyplot", "torch"}))
"""
KERNEL = """
import IPython
class Shell:
    kernel = object()
IPython.get_ipython = Shell
"""


@pytest.mark.parametrize(
    ("code", "static", "loaded"),
    [(PLAIN, "", "[]"), (KERNEL + PLAIN, "1", "[]")],
    ids=["plain Python", "build in a kernel"],
)
def test_9_no_widget_is_made_where_none_is_shown(code: str, static: str, loaded: str) -> None:
    environment = {**os.environ, "LOSSBOOK_STATIC": static}
    run = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=False)
    assert (run.stdout.strip(), run.returncode) == (loaded, 0), run.stderr


def test_9_in_a_kernel_it_is_a_widget() -> None:
    code = KERNEL + PLAIN.replace(
        "assert explorer._repr", "import anywidget; assert isinstance(explorer, anywidget.AnyWidget); #"
    )
    environment = {**os.environ, "LOSSBOOK_STATIC": ""}
    run = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=False)
    assert (run.stdout.strip(), run.returncode) == ("['anywidget', 'ipywidgets']", 0), run.stderr


# Traps 8 and 10 (arrow keys, spoken values, later views, the dark theme) need a browser: tests/site.


def test_player_is_small_and_does_no_mathematics() -> None:
    script = ASSETS[0].read_text(encoding="utf-8")
    assert len(script.splitlines()) < 300
    assert not re.search(r"Math\.(?!max\b)", script)
    assert not re.search(r"https?://", script)


# ── Handles and layouts, seen from matplotlib ────────────────────────────────────────────────────────────────────────


def test_a_handle_stands_where_its_marker_is_drawn() -> None:
    """Up in the data is up on the page: from matplotlib's own pixels, whose origin is below."""
    figure, axes = subplots()
    (point,) = axes.plot([0], [0], "o")
    axes.set(xlim=(-1, 3), ylim=(-1, 3))
    sliders = {"a": Slider(0, 2, step=1, value=0, label="a"), "b": Slider(0, 2, step=1, value=0, label="b")}

    def move(a: float, b: float) -> str:
        point.set_data([a], [b])
        return ""

    explorer = make(move, sliders, figure, handles=[Handle(point, x="a", y="b")])
    (handle,) = table(explorer.html())["handles"]
    at = np.reshape(handle["at"], (3, 3, 2))  # by a, by b
    assert handle["on"] == ["a", "b"] and handle["controls"] == ["a", "b"]
    assert np.all(np.diff(at[:, :, 0], axis=0) > 0) and np.ptp(at[:, :, 0], axis=1).max() == 0
    assert np.all(np.diff(at[:, :, 1], axis=1) < 0) and np.ptp(at[:, :, 1], axis=0).max() == 0
    pixels = np.array([[axes.transData.transform((a, b)) for b in range(3)] for a in range(3)])
    whole = figure.bbox.height
    scale = (at[2, 0, 0] - at[0, 0, 0]) / (pixels[2, 0, 0] - pixels[0, 0, 0])
    np.testing.assert_allclose(at[..., 0], pixels[..., 0] * scale, atol=1)
    np.testing.assert_allclose(at[..., 1], (whole - pixels[..., 1]) * scale, atol=1)


@pytest.mark.parametrize(
    "change",
    [
        lambda axes: axes.set_xlim(0, 2),
        lambda axes: axes.set_ylim(0, 2),
        lambda axes: axes.set_position([0.2, 0.2, 0.5, 0.5]),
        lambda axes: axes.set_visible(False),
        lambda axes: axes.set_axis_off(),
        lambda axes: axes.set_xscale("symlog"),
        lambda axes: axes.set_yscale("symlog"),
        lambda axes: axes.lines[0].set_zorder(9),
        lambda axes: axes.lines[0].remove(),
    ],
)
def test_what_moves_everything_in_an_axes(change: Any) -> None:
    from lossbook.explorer.encode import layout

    figure, axes = plt.subplots()
    axes.plot([0, 1], [0, 1])
    axes.set(xlim=(0, 1), ylim=(0, 1))
    before = layout(axes)
    assert layout(axes) == before
    change(axes)
    assert layout(axes) != before
    plt.close(figure)


# ── Edges of the controls ────────────────────────────────────────────────────────────────────────────────────────────


def test_the_grid_of_a_slider() -> None:
    assert Slider(0, 1, step=0.25, label="a").texts == ["0.00", "0.25", "0.50", "0.75", "1.00"]
    assert Slider(-0.5, 0.5, step=0.5, label="a").texts == ["−0.5", "0.0", "0.5"]
    assert Slider(0.005, 0.025, step=0.01, label="a").texts == ["0.005", "0.015", "0.025"]
    assert Slider(0.0005, 1.0005, step=0.5, label="a").texts[1] == "0.5005"
    assert [type(value) for value in Slider(0, 2, step=1, label="a").values] == [int] * 3
    assert [type(value) for value in Slider(0.0, 2, step=1, label="a").values] == [float] * 3
    assert Slider(values=[1, 2.5], label="a").texts == ["1.0", "2.5"]
    assert len(Slider(0, 4999, step=1, label="a").values) == 5000
    for start, stop, step in ((0, 5000, 1), (1, 1, 1), (0, 1, 0), (0, 1, -1), (0, 1, 0.3)):
        with pytest.raises(ValueError):
            Slider(start, stop, step=step, label="a")
    for values in ([1], [1, 1], [2, 1], 3):
        with pytest.raises(ValueError, match="values must be at least two increasing numbers"):
            Slider(values=values, label="a")
    with pytest.raises(ValueError, match="not both"):
        Slider(0, values=[1, 2], label="a")


def test_what_is_on_the_grid() -> None:
    slider = Slider(0, 1, step=0.1, value=0.3, label="a")
    assert slider.start == 3 == slider.index("a", 0.3 + 0.9e-7)
    for value in (0.3 + 1.1e-7, -0.1, 1.1, 0.35):
        with pytest.raises(ValueError, match="a must be on its grid from 0 to 1"):
            slider.index("a", value)
    for value in (True, "0.3", None, float("nan"), float("inf")):
        with pytest.raises(ValueError, match="a must be a finite number"):
            slider.index("a", value)


def test_a_choice_tells_one_from_true() -> None:
    choice = Choice({"one": 1, "yes": True, "one point": 1.0}, label="a")
    assert [choice.index("a", value) for value in (1, True, 1.0)] == [0, 1, 2]
    with pytest.raises(ValueError, match="a must be one of one, yes, one point, got 2"):
        choice.index("a", 2)
    assert Toggle(True, label="a").start == 1
    with pytest.raises(ValueError):
        Toggle(1, label="a")  # type: ignore[arg-type]
    for interval in (20, 1000):
        assert Play(0, 1, label="a", interval=interval).interval == interval
    for wrong in (19, float("inf"), "20"):
        with pytest.raises(ValueError, match="interval"):
            Play(0, 1, label="a", interval=wrong)  # type: ignore[arg-type]


def test_five_thousand_states_are_enough() -> None:
    controls = {"a": Slider(1, 71, step=1, label="a"), "b": Slider(1, 71, step=1, label="b")}
    with pytest.raises(ValueError, match="5041 states"):
        make(lambda a, b: "", controls).html()


def test_the_page_starts_where_the_control_does() -> None:
    html = make(controls={"a": Slider(-1, 1, step=0.5, value=0.5, label="a")}).html()
    (tag,) = re.findall(r'<input type="range"[^>]*>', html)
    found = dict(re.findall(r'([\w-]+)="([^"]*)"', tag))
    assert (found["data-start"], found["min"], found["max"], found["value"]) == ("3", "0", "4", "3")


def test_dashes_are_those_of_the_line() -> None:
    figure, axes = subplots()
    axes.plot([0, 1], [0, 1], lw=1, ls=(4, (3, 2)))
    html = make(lambda: "", {}, figure).html()
    dashes, offset = re.search(r'stroke-dasharray="([\d. ]+)" stroke-dashoffset="([\d.]+)"', html).groups()  # type: ignore[union-attr]
    long, short = map(float, dashes.split())
    assert (long / short, float(offset) / short) == pytest.approx((1.5, 2))


def test_a_control_starts_with_its_first_value_unless_told() -> None:
    assert Choice(["a", "b"], label="x").start == Slider(0, 1, step=1, label="x").start == 0
    assert Choice(["a", "b"], value="b", label="x").start == Toggle(True, label="x").start == 1
    assert Toggle(label="x").start == Play(0, 1, label="x").start == 0


def test_an_image_lies_where_its_axes_say() -> None:
    """Above the middle of the axes, so above the middle of the page: from matplotlib's own pixels."""
    figure = Figure((7, 3))
    axes = figure.add_axes((0.1, 0.1, 0.8, 0.8), xlim=(-1, 2), ylim=(-4, 2))
    axes.imshow(np.eye(2), extent=(0, 1, 0, 1), aspect="auto")
    axes.set(xlim=(-1, 2), ylim=(-4, 2))
    html = make(lambda: "", {}, figure).html()
    found = re.search(r'<image x="([-\d.]+)" y="([-\d.]+)" width="([\d.]+)" height="([\d.]+)"', html)
    assert found
    left, top, width, height = (float(number) / 10 for number in found.groups())  # tenths of a point
    points = axes.transData.transform([(0, 0), (1, 1)]) * 72 / figure.dpi
    np.testing.assert_allclose([left, left + width], points[:, 0], atol=1.5)
    np.testing.assert_allclose([top + height, top], 3 * 72 - points[:, 1], atol=1.5)


@pytest.mark.parametrize("origin", ["upper", "lower"])
@pytest.mark.parametrize("opaque", [True, False])
@pytest.mark.parametrize("times", [1, 8])
def test_a_photograph_keeps_its_own_pixels(origin: str, opaque: bool, times: int) -> None:
    """Without interpolation: all its pixels and no others, the right way up; JPEG unless it shows through.

    A grid of few pixels is a PNG that stays sharp.
    """
    figure = Figure((7, 3))
    axes = figure.add_axes((0.1, 0.1, 0.8, 0.8))
    pixels = np.zeros((8, 16, 4))
    pixels[..., 3] = 1
    pixels[:4, :, 0] = 1  # the first rows are red
    pixels[0, 0, 3] = 1 if opaque else 0.5
    pixels = pixels.repeat(times, axis=0).repeat(times, axis=1)
    axes.imshow(pixels, interpolation="none", origin=origin, extent=(0, 2, 0, 1), aspect="auto")
    axes.set(xlim=(-1, 3), ylim=(-1, 2))
    html = make(lambda: "", {}, figure).html()
    found = re.search(
        r'<image x="([-\d.]+)" y="([-\d.]+)" width="([\d.]+)" height="([\d.]+)" '
        r'href="data:image/(\w+);base64,([^"]+)" preserveAspectRatio="none"',
        html,
    )
    assert found and found[5] == ("jpeg" if opaque and times > 1 else "png")
    assert html.count('image-rendering="pixelated"') == (times == 1)
    image = np.asarray(Image.open(io.BytesIO(base64.b64decode(found[6]))).convert("RGB"))
    assert image.shape == (8 * times, 16 * times, 3)
    top, bottom = image[times, 8 * times, 0], image[6 * times, 8 * times, 0]
    assert (top > 200 and bottom < 50) if origin == "upper" else (top < 50 and bottom > 200)
    left, up, width, height = (float(number) / 10 for number in found.groups()[:4])
    corners = axes.transData.transform([(0, 0), (2, 1)]) * 72 / figure.dpi
    np.testing.assert_allclose([left, left + width], corners[:, 0], atol=0.2)
    np.testing.assert_allclose([up + height, up], 3 * 72 - corners[:, 1], atol=0.2)


@pytest.mark.parametrize("handled", [("a", "b"), ("b",)])
def test_a_drag_takes_the_state_whose_marker_is_nearest(handled: tuple[str, ...]) -> None:
    """In a kernel; what no handle moves stays."""
    from lossbook.explorer.live import LiveExplorer

    figure, axes = subplots()
    (point,) = axes.plot([0], [0], "o")
    axes.set(xlim=(-1, 3), ylim=(-1, 3))
    controls = {
        "a": Slider(0, 2, step=1, value=1, label="a"),
        "other": Slider(0, 2, step=1, value=2, label="o"),
        "b": Slider(0, 2, step=1, value=0, label="b"),
    }

    def move(a: float, other: float, b: float) -> str:
        point.set_data([a], [b])
        return f"{a}, {other}, {b}"

    handle = Handle(point, x="a" if "a" in handled else None, y="b")
    words = {"name": "dragged", "caption": "Drag.", "alt": "A point."}
    explorer = LiveExplorer(figure, move, controls=controls, handles=[handle], **words)
    for a, b in ((2, 2), (0, 1), (1, 0)):
        explorer._dragged(explorer, {"handle": 0, "at": explorer_place(explorer, axes, a + 0.4, b - 0.4)}, None)
        assert explorer.state == {"a": a if "a" in handled else 1, "other": 2, "b": b} and explorer._error == ""
        assert explorer.readout == f"{explorer.state['a']}, 2, {b}"


def explorer_place(explorer: Explorer, axes: Any, x: float, y: float) -> list[float]:
    """A point of the data in the page's tenths of a point."""
    across, up = axes.transData.transform((x, y)) * 72 / explorer.figure.dpi
    return [10 * across, 10 * (explorer.figure.get_size_inches()[1] * 72 - up)]


def test_an_outline_of_several_parts_by_hand() -> None:
    """Tenths of a point, each from where the pen stands: after a part is closed, at its beginning."""
    from lossbook.explorer.pen import outline

    names = ("MOVETO", "LINETO", "CURVE3", "CURVE4", "CLOSEPOLY", "STOP")
    move, line, two, three, close, stop = (getattr(Outline, name) for name in names)
    steps: list[tuple[Any, float, float]] = [
        *((move, 1, 0), (two, 2, 2), (two, 3, 0), (close, 0, 0)),
        *((move, 2, 1), (line, 4, 1), (line, 4.01, 1), (three, 5, 1), (three, 5, 2), (three, 4, 0), (close, 0, 0)),
        *((line, 2, 3), (line, 2, 3), (stop, 0, 0), (line, 9, 9)),
    ]
    path = Outline([(x, y) for _, x, y in steps], [code for code, _, _ in steps])
    assert outline(path) == "m10 0q10 20 20 0zm10 10 20 0c10 0 10 10 0-10zl0 20"
    assert (
        outline(Outline([(1, 1), (2, 1), (2.01, 1), (2, 0), (0, 0)], [move, line, line, line, close]))
        == "m10 10 10 0 0-10z"
    )
    assert outline(Outline([(1, 1), (2, 2), (3, 2)], [move, move, line])) == "m10 10m10 10 10 0"
    assert outline(Outline([(1, 2)])) == "m10 20" and outline(Outline(np.zeros((0, 2)))) == ""
    assert outline(Outline([(1, 1), (2, 1), (2, 0)])) == "m10 10 10 0 0-10"


def test_what_has_been_told_is_not_told_again() -> None:
    explorer = make()
    drawing = explorer.drawing
    for a in (0.5, -1):
        explorer.set(a=a)
        changed = drawing.changed()
        line = explorer.figure.axes[0].lines[0]
        assert [drawing.artists[key] for key in changed] == [line]
        assert not any(artist.stale for artist in (explorer.figure, explorer.figure.axes[0], line))
        assert drawing.changed() == {}


def test_fill_stroke_and_clip_by_hand() -> None:
    from lossbook.explorer.pen import Pen

    pen = Pen(100, 50, "p::")
    context = pen.new_gc()
    context.set_foreground((1, 0, 0))
    context.set_linewidth(0)
    assert pen.paint(context, None) == "" == pen.paint(context, (0, 0, 1, 0))
    assert pen.paint(context, (0, 0, 1)) == pen.paint(context, (0, 0, 1, 1)) == ' fill="#0000ff"'
    assert pen.paint(context, (0, 0, 1, 0.5)) == ' fill="#0000ff" fill-opacity="0.5"'
    context.set_linewidth(2)
    stroke = ' stroke="#ff0000" stroke-width="20"'
    assert pen.paint(context, None) == stroke
    context.set_dashes(0, [3, 2])
    assert pen.paint(context, None) == stroke + ' stroke-dasharray="30 20"'
    context.set_dashes(1, [3, 2])
    context.set_joinstyle("miter")
    context.set_capstyle("projecting")
    stroke += ' stroke-dasharray="30 20" stroke-dashoffset="10" stroke-linejoin="miter" stroke-linecap="square"'
    assert pen.paint(context, None) == stroke
    context.set_alpha(0.25)  # of all, whatever the colours' own
    assert pen.paint(context, (0, 0, 1, 0.5)) == f' fill="#0000ff"{stroke} opacity="0.25"'
    context.set_alpha(1)
    assert pen.paint(context, (0, 0, 1, 0.5)) == f' fill="#0000ff"{stroke}'
    context.set_alpha(0)
    assert pen.paint(context, (0, 0, 1, 0.5)) == ""
    assert pen.clip(context) == "" == pen.definitions()
    context.set_clip_rectangle(Bbox.from_bounds(1, 2, 3, 4))
    assert pen.clip(context) == pen.clip(context) == ' clip-path="url(#p::d0)"'
    box = '<rect x="10" y="440" width="30" height="40"/>'
    assert pen.definitions() == f'<clipPath id="p::d0">{box}</clipPath>'


# ── Guesses and goals ────────────────────────────────────────────────────────────────────────────────────────────────


def test_the_table_says_which_states_meet_the_goal() -> None:
    explorer = make(challenge=Challenge("Move $a$ past a half.", lambda a: abs(a) > 0.5))
    goal = table(explorer.html())["goal"]
    assert goal == {"on": ["a"], "body": [True, False, False, False, True]}
    assert "Challenge: Move $a$ past a half." in explorer._repr_mimebundle_()["text/plain"]
    assert "goal" not in table(make().html())


def test_a_goal_that_is_met_at_the_start_or_never_is_refused() -> None:
    with pytest.raises(ValueError, match="challenge of parabola must not be met at the start"):
        make(challenge=Challenge("Stay.", lambda a: a == 0))
    with pytest.raises(ValueError, match="challenge of parabola must be met by some state"):
        make(challenge=Challenge("Leave.", lambda a: a > 1)).html()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"answer": "much", "found": "It is."}, "answer must be a finite number, got 'much'"),
        ({"answer": float("nan"), "found": "It is."}, "answer must be a finite number"),
        ({"answer": 1, "found": ""}, "found must be a sentence"),
        ({"answer": "C", "found": "It is.", "options": ["A", "B"]}, "answer must be one of at least two different"),
        ({"answer": "A", "found": "It is.", "options": ["A", "A"]}, "answer must be one of at least two different"),
        ({"answer": "A", "found": "It is.", "options": ["A", "B"], "control": "a"}, "control must be empty"),
        ({"answer": 1, "found": "It is.", "control": "a", "unit": "g"}, "unit must be empty"),
        (
            {"answer": 1, "found": "It is.", "control": "b"},
            "predict of parabola must name one of its controls, got 'b'",
        ),
        ({"answer": 0.3, "found": "It is.", "control": "a"}, "answer must be on its grid .*, got 0.3"),
    ],
)
def test_a_guess_that_cannot_be_is_refused(arguments: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        make(predict=Predict(**arguments))


def test_a_kernel_says_when_the_goal_is_met_where_it_sends_no_table() -> None:
    from lossbook.explorer.live import LiveExplorer

    figure, axes = subplots()
    (point,) = axes.plot([0], [0], "o")
    axes.set(xlim=(0, 99), ylim=(0, 99))
    sliders = {key: Slider(0, 99, step=1, value=0, label=key) for key in "ab"}

    def move(a: float, b: float) -> str:
        point.set_data([a], [b])
        return f"{a}, {b}"

    goal = Challenge("Make $a + b$ larger than 100.", lambda a, b: a + b > 100)
    words = {"name": "many", "caption": "Move.", "alt": "A point."}
    explorer = LiveExplorer(figure, move, controls=sliders, challenge=goal, **words)
    assert explorer._table is None and "explorer-met" in explorer._html
    said = [explorer.set(a=a, b=b)._met for a, b in ((50, 50), (50, 51), (99, 1), (99, 2))]
    assert said == [False, True, False, True]


def test_letters_are_written_as_they_are_set() -> None:
    """Upright, slanted and bold; a panel is 5 inches wide, two are 7, and a row is 3.2 inches high."""
    figure, _ = subplots(2, 2)
    assert (figure.get_figwidth(), figure.get_figheight()) == (7.0, 6.4)
    single, axis = subplots()
    assert (single.get_figwidth(), single.get_figheight()) == (5.0, 3.2)
    for word, style_ in (("upright", "normal"), ("slanted", "italic")):
        axis.text(0.5, 0.5, word, fontstyle=style_)
    explorer = Explorer(single, lambda: "still", controls={}, name="letters", caption="Letters.", alt="Letters.")
    found = dict(re.findall(r"<text([^>]*)>(upright|slanted)</text>", explorer.html()))
    slanted = {word: "font-style" in attributes for attributes, word in found.items()}
    assert slanted == {"upright": False, "slanted": True}


def test_only_a_line_of_so_many_points_is_one() -> None:
    _, axis = subplots()
    (line,) = axis.plot([0, 1], [0, 1])
    (marker,) = axis.plot([0], [1], "o")
    assert is_line(line, 2) and not is_line(line, 1) and is_line(marker, 1) and not is_line(marker, 2)
    assert not is_line(axis.text(0, 0, "a"), 1) and not is_line(axis.bar([0], [1])[0], 2)
