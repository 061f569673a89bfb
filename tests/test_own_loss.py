"""The reader's own loss: the page's pictures against Matplotlib's, and their numbers against `profile` and others'."""

from __future__ import annotations

import json
import re
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.testing import assert_allclose
from statsmodels.robust import norms

sys.path.insert(0, str(Path(__file__).parents[1] / "book" / "_ext"))

import own_loss as directive
import page_python

from lossbook.analysis.fitting import fit_line
from lossbook.analysis.own_loss import EXAMPLES, OUTLIER, RIVALS, Fits, X, Y, example, function_in
from lossbook.analysis.profile import GRID, Profile
from lossbook.analysis.residual_curve import residual_curve
from lossbook.analysis.sentences import fitted
from lossbook.figures import own_loss as figures
from lossbook.figures import profile
from lossbook.page import call
from lossbook.page.placing import Place

DATA = json.loads(json.dumps(directive.data()))
STARTS = {
    explorer.name: {key: control.start for key, control in explorer.controls.items()}
    for explorer, _ in (figures.live_profile(), figures.live_fits())
}
# Five of the literature, as somebody would type them, and as statsmodels has them: its ρ and its ψ.
LITERATURE = {
    "Huber 1964": (
        "def loss(e):\n    k = 1.345\n    a = np.abs(e)\n    return np.where(a <= k, e**2 / 2, k * a - k**2 / 2)",
        norms.HuberT(1.345),
    ),
    "Tukey's biweight": (
        "def loss(e):\n    c = 4.685\n    u = np.minimum(np.abs(e) / c, 1)\n    return -c**2 / 6 * (1 - u**2)**3",
        norms.TukeyBiweight(4.685),
    ),
    "Andrews' wave": (
        "def loss(e):\n    a = 1.339\n    inside = np.abs(e) <= a * np.pi\n"
        "    return np.where(inside, a**2 * (1 - np.cos(e / a)), 2 * a**2)",
        norms.AndrewWave(1.339),
    ),
    "Ramsay's E": (
        "def loss(e, a=0.3):\n    u = a * np.abs(e)\n    return (1 - np.exp(-u) * (1 + u)) / a**2",
        norms.RamsayE(0.3),
    ),
    "Hampel": (
        "def loss(e, a=1.0, b=2.0, c=4.0):\n    u = np.abs(e)\n"
        "    falling = a * (b - a / 2) + a * (c - b) / 2 * (1 - ((c - u) / (c - b))**2)\n"
        "    return np.select([u <= a, u <= b, u <= c], [e**2 / 2, a * u - a**2 / 2, falling],\n"
        "                     a * (b - a / 2) + a * (c - b) / 2)",
        norms.Hampel(1.0, 2.0, 4.0),
    ),
}


def request(typed: str, **more: Any) -> dict[str, Any]:
    """What the page would ask at the start."""
    asked = {"typed": typed, "controls": STARTS, **{key: DATA[key] for key in ("places", "grids", "points")}}
    return json.loads(json.dumps(asked | more))


def look(typed: str, **more: Any) -> dict[str, Any]:
    said: list[str] = []
    answer: dict[str, Any] = json.loads(call("look", json.dumps(request(typed, **more)), said.append))
    assert json.loads(said[0])["timeout"]["error"].startswith("It had not finished after 10 seconds")
    return answer


def place(figure: str, name: str) -> Place:
    return Place(DATA["places"][figure][name])


def drawn(answer: dict[str, Any], figure: str, name: str) -> np.ndarray:
    """The points of a curve in data, from its markup."""
    one = place(figure, name)
    outline = re.search(r' d="M([^"]*)"', answer["units"][figure][one.key])
    assert outline
    return np.array([one.data(tuple(map(float, point.split()))) for point in re.split("[LM]", outline[1])])


def function(typed: str) -> Any:
    space: dict[str, Any] = {"np": np}
    exec(typed, space)
    return space["loss"]


# ── Numbers ──────────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("name", LITERATURE)
def test_a_loss_of_the_literature_is_drawn_as_profile_and_statsmodels_have_it(name: str) -> None:
    typed, norm = LITERATURE[name]
    answer, theirs = look(typed), norm
    explorer = profile(function(typed), sample=Y, name="typed")
    for index in (0, 37, 60, 100):
        moved = look(typed, controls={**STARTS, "own-loss": {"probe": index}})
        probe = round(-5 + index / 10, 1)
        if (probe * 2).is_integer():
            assert moved["readouts"]["own-loss"] == explorer.set(probe=probe).readout
        value = re.search(r"the loss is (\S+) and its slope (\S+);", moved["readouts"]["own-loss"])
        assert value
        numbers = [float(text.replace("−", "-")) for text in value.groups()]
        assert_allclose(numbers[1], theirs.psi(np.array([probe]))[0], atol=6e-4)
        shift = function(typed)(np.zeros(1))[0] - theirs.rho(np.zeros(1))[0]  # ours may begin elsewhere than at 0
        assert_allclose(numbers[0], theirs.rho(np.array([probe]))[0] + shift, atol=6e-4)
    ours = Profile(residual_curve(function(typed)), Y)
    for curve, numbers in (("loss_curve", ours.values), ("slope_curve", ours.slopes)):
        points = drawn(answer, "own-loss", curve)
        half = 0.51 / abs(place("own-loss", curve).y[1])  # a unit of the picture
        assert_allclose(points, np.column_stack([GRID, numbers]), atol=max(half, 0.51 / 222))


def test_densities_constants_and_lines_are_those_of_the_package() -> None:
    for title, typed in EXAMPLES.items():
        answer, ours = look(typed), Profile(example(title), Y)
        fits = Fits("This loss", ours, X, Y)
        assert answer["readouts"]["own-loss-fits"] == fitted(fits.constants, fits.lines)
        for name, constant in fits.constants.items():
            assert_allclose(drawn(answer, "own-loss-fits", f"constant {name}")[:, 0], constant, atol=0.006)
        assert_allclose(drawn(answer, "own-loss", "constant")[:, 0], ours.constant, atol=0.003)
        none = answer["units"]["own-loss"][place("own-loss", "no_density").key]
        assert ("its integral is infinite" in none) == (not ours.density.exists) == (title == "Tukey's biweight")
        if ours.density.exists:
            assert_allclose(drawn(answer, "own-loss", "density_curve")[:, 1], ours.densities, atol=3e-4)
        else:
            assert answer["units"]["own-loss"][place("own-loss", "density_curve").key] == ""
        line = fit_line(function(typed), X, Y)
        ends = drawn(answer, "own-loss-fits", "line This loss")[[0, -1]]
        assert_allclose(ends[:, 1], line(ends[:, 0]), atol=0.02)


def test_the_ten_targets_are_those_of_profile() -> None:
    assert sorted(Y) == sorted(profile.__kwdefaults__["sample"]) and Y[OUTLIER] == 4.2


# ── Pictures ─────────────────────────────────────────────────────────────────────────────────────────────────────────


def numbers(markup: str) -> tuple[str, list[int]]:
    """What a markup says beside its numbers, and those."""
    return re.sub(r"-?\d+", "#", markup), list(map(int, re.findall(r"-?\d+", markup)))


@pytest.mark.parametrize("title", EXAMPLES)
def test_markers_and_texts_stand_where_matplotlib_puts_them(title: str) -> None:
    """Moved in the page, or drawn by Matplotlib at once: the same markup, up to a unit of rounding."""
    y = Y.copy()
    y[OUTLIER] = -1.3
    index = DATA["grids"]["own-loss-fits"]["y"].index(-1.3)
    points = [list(point) for point in DATA["points"]]
    points[OUTLIER][1] = index
    answer = look(EXAMPLES[title], points=points, controls={**STARTS, "own-loss": {"probe": 72}})
    ours = Profile(example(title), y)
    for build, show in ((figures._panels, lambda p: p(ours, 2.2)), (figures._fits, None)):
        figure, panels = build()
        with figures_style():
            moved = panels.moved() if show is None else None
            show(panels) if show else panels(Fits("This loss", ours, X, y))
        name = "own-loss-fits" if show is None else "own-loss"
        artists = moved or {key: getattr(panels, key) for key in ("probe", "probe_slope", "constant_label")}
        explorer = figures.Explorer(figure, lambda: "", name=name, controls={}, handles=[], caption="c", alt="a")
        for key, now in explorer.places(artists).items():
            if now["at"] is None and "<text" not in now["markup"]:
                continue
            said, there = numbers(re.sub("<circle.*?/>", "", answer["units"][name][place(name, key).key]))
            kept, here = numbers(now["markup"])
            if not there and not said:
                assert not now["markup"] or abs(now["at"][1]) > 4600, key  # beyond the canvas Matplotlib draws nothing
            elif here:
                assert said == kept, key
                assert_allclose(there, here, atol=1.01, err_msg=key)


def figures_style() -> Any:
    from lossbook.explorer.palette import style

    return style()


def test_a_curve_is_interrupted_where_it_is_no_number_and_stays_near_the_picture() -> None:
    one = place("own-loss", "loss_curve")
    markup = one.curve([0, 1, 2, 3, 4], [1, np.nan, 1e300, -np.inf, 2])
    outline = re.search(r' d="([^"]*)"', markup)
    assert outline and outline[1].count("M") == 2
    assert max(abs(int(number)) for number in re.findall(r"-?\d+", outline[1])) <= 20_000
    assert one.curve([0, 1], [np.nan, np.nan]) == ""
    assert place("own-loss", "probe").marker(1.0, np.nan) == ""
    assert "&lt;b&gt;\\1" in place("own-loss", "constant_label").text("<b>\\1", 0.5)


def test_units_and_data_are_each_other_s_inverse() -> None:
    for figure, found in DATA["places"].items():
        for name in found:
            one = place(figure, name)
            (at,) = one.units([0.5], [0.25])
            assert_allclose(one.data(at), (0.5, 0.25), atol=0.01)


def test_only_linear_axes_tell_their_places() -> None:
    figure, axes = figures.subplots()
    (line,) = axes.plot([1, 2], [1, 2])
    axes.set_yscale("log")
    explorer = figures.Explorer(figure, lambda: "", name="log", controls={}, caption="c", alt="a")
    with pytest.raises(ValueError, match="artists of log must stand in linear axes, got line"):
        explorer.places({"line": line})


# ── What is moved ────────────────────────────────────────────────────────────────────────────────────────────────────


def test_a_marker_goes_to_the_step_nearest_to_the_pointer() -> None:
    typed = EXAMPLES["squared error"]
    (at,) = place("own-loss", "probe_slope").units([-2.04], [7.0])
    answer = look(typed, drag={"figure": "own-loss", "handle": 1, "at": list(at)})
    assert answer["readouts"]["own-loss"].startswith("At e = −2.0 the loss is 4.000 and its slope −4.000")
    (at,) = place("own-loss-fits", "point 9").units([3.33], [99.0])
    answer = look(typed, drag={"figure": "own-loss-fits", "handle": 9, "at": list(at)})
    assert answer["controls"]["own-loss-fits"] == {"point": 9, "x": 33, "y": 100}
    y = Y.copy()
    y[9] = 5.0
    assert f"fits the constant {y.mean():.3f}" in answer["readouts"]["own-loss-fits"]


def test_a_slider_moves_the_point_that_is_chosen() -> None:
    typed = EXAMPLES["squared error"]
    chosen = look(typed, moved="point", controls={**STARTS, "own-loss-fits": {"point": 0, "x": 5, "y": 5}})
    assert chosen["controls"]["own-loss-fits"] == {"point": 0, "x": 10, "y": 31} and chosen["points"] == DATA["points"]
    moved = look(typed, moved="y", controls={**STARTS, "own-loss-fits": {"point": 0, "x": 10, "y": 0}})
    assert moved["points"][0] == [10, 0] and moved["points"][1:] == DATA["points"][1:]


def test_points_on_one_x_have_no_line_and_the_page_says_so() -> None:
    points = [[5, y] for _, y in DATA["points"]]
    assert look(EXAMPLES["Huber"], points=points)["error"].startswith("x must hold at least two different values")


# ── What is no loss ──────────────────────────────────────────────────────────────────────────────────────────────────

BAD = {
    "def loss(e):\n    return e[:2]": "loss must return one number per residual, got shape (2,)",
    "def loss(e):\n    if e > 0:\n        return e\n    return -e": "truth value of an array",
    "def loss(e):\n    return np.log(e - 100)": "loss must be finite at ordinary residuals",
    "def loss(e):\n    return 1j * e": "complex128 instead of real numbers",
    "def loss(e):\n    pass": "object instead of real numbers",
    "def loss(a, b, c):\n    return a": "missing 2 required positional arguments",
    "def loss(e):\n    return np.where(np.abs(e) > 3, np.nan, e**2)": "loss must be a number at every residual",
}


@pytest.mark.parametrize("typed", BAD)
def test_a_bad_function_gets_the_message_of_profile(typed: str) -> None:
    with pytest.raises(ValueError) as refused:
        profile(function(typed), sample=Y)
    answer = look(typed)
    assert answer == {"error": str(refused.value)}
    assert BAD[typed] in answer["error"]


@pytest.mark.parametrize(
    ("typed", "told"),
    [
        ("", "there must be a function called loss, got no function"),
        ("x = 3", "there must be a function called loss, got no function"),
        ("def f(e): return e\ndef g(e): return e", "there must be a function called loss, got f, g"),
        ("def loss(e) return", "SyntaxError: expected ':'"),
        ("1 / 0", 'File "<your loss>", line 1, in <module>\n    1 / 0'),
        ("def loss(e):\n    raise SystemExit", "SystemExit"),
        ("raise ValueError('mine')", "ValueError: mine"),
        ("def loss(e):\n    assert np.abs(e).max() < 100\n    return e**2", "line 2, in loss\n    assert np.abs(e)"),
        ("import scipy.nothing", "ModuleNotFoundError"),
    ],
)
def test_nonsense_is_answered_as_python_answers(typed: str, told: str) -> None:
    answer = look(typed)
    assert told in answer.get("trace", "") + answer.get("error", "") and "own_loss.py" not in str(answer)


def test_what_falls_without_end_has_no_constant_and_no_line() -> None:
    for typed in ("def loss(e):\n    return -(e**2)", "def loss(e):\n    return e"):
        answer = look(typed)
        assert "no constant fits the sample best, because it falls without end" in answer["readouts"]["own-loss"]
        assert "fits no constant, for none is best, and no line" in answer["readouts"]["own-loss-fits"]
        assert answer["units"]["own-loss"][place("own-loss", "constant").key] == ""


def test_the_only_function_need_not_be_called_loss() -> None:
    assert look("def mine(e):\n    return e**2")["readouts"] == look(EXAMPLES["squared error"])["readouts"]
    assert look("loss = abs")["readouts"] == look(EXAMPLES["absolute error"])["readouts"]


def test_one_loss_leaves_nothing_to_the_next() -> None:
    before = np.exp
    look("np.exp = None\ndef loss(e):\n    np.abs = None\n    return e**2")
    assert np.exp is before and callable(np.abs)


# ── The page ─────────────────────────────────────────────────────────────────────────────────────────────────────────


class App:
    def __init__(self, megabytes: str) -> None:
        self.config = type("Config", (), {"page_python": megabytes})
        self.added: list[str] = []

    def add_css_file(self, name: str, **_: Any) -> None:
        self.added.append(name)

    add_js_file = add_css_file


def test_without_python_the_page_says_so_and_shows_the_examples() -> None:
    field = '<section class="code-field own-loss"><template>x</template></section>\n'
    figure = '<figure class="explorer" data-explorer="own-loss">'
    for megabytes in ("8.9", ""):
        app, context = App(megabytes), {"body": f"a{field}{figure}"}
        page_python.load_scripts(app, "p", "t", context, None)
        directive.say_so(app, "p", "t", context, None)
        assert ("own_loss.js" in app.added) == bool(megabytes)
        assert ("nothing can be typed here" in context["body"]) == (not megabytes)
        assert ('data-megabytes="8.9"' in context["body"]) == bool(megabytes) and figure in context["body"]


def test_what_the_page_and_its_figures_say() -> None:
    assert figures.own_loss_profile().readout.endswith("the constant it fits to the sample is 0.250.")
    assert "constant 0.250" in figures.ALT_PROFILE
    assert RIVALS["Huber"].defaults == {"delta": 1.0}
    one, more = (look(f"def loss(e):\n    return {text}") for text in ("np.abs(e) ** 1.5", "3 * np.abs(e) ** 1.5 + 7"))
    fits = "own-loss-fits"
    assert one["readouts"][fits] == more["readouts"][fits]  # neither constant nor line notices
    tilted = look("def loss(e):\n    return np.where(e < 0, -3 * e, e)")["readouts"][fits]
    assert (
        "fits the constant −0.800" in tilted
    )  # the third of ten, a quarter of the way: steeper on the left pulls down
    above = [*DATA["points"]]
    for y in (100, 92, 80):  # Welsch lets go of a far point, however far
        above[OUTLIER] = [20, y]
        answer = look("def loss(e):\n    return 1 - np.exp(-(e**2) / 0.5)", points=above)
        assert "it implies no density" in answer["readouts"]["own-loss"]
        slope = re.search(r"a line of slope (\S+)\. ", answer["readouts"][fits])
        assert slope and abs(float(slope[1]) - 0.34) < 0.02


def test_a_function_that_was_imported_is_none_that_the_reader_made() -> None:
    space: dict[str, Any] = {"np": np, "__name__": "typed"}
    exec("from math import sqrt\nfrom textwrap import dedent\ndef mine(e):\n    return e**2\n", space)
    assert function_in(space) is space["mine"]
    exec("def other(e):\n    return e\n", space)
    with pytest.raises(ValueError, match="there must be a function called loss, got mine, other"):
        function_in(space)
    space["loss"] = np.square  # one that is called so need not be made here
    assert function_in(space) is np.square
    with pytest.raises(ValueError, match="there must be a function called loss, got no function"):
        function_in({"__name__": "typed", "loss": 3.0})


def test_the_targets_the_rivals_and_a_line_that_flees() -> None:
    assert X.tolist() == list(range(1, 11)) and Y[OUTLIER] == 4.2 == Y.max()
    assert Y.tolist() == [-1.9, 4.2, -1.2, -0.8, -0.1, -0.5, 0.4, 0.2, 0.9, 1.3]
    assert [*RIVALS] == ["Squared", "Absolute", "Huber"]
    fits = Fits("Mine", Profile(residual_curve(lambda e: e**2), Y), X, Y)
    assert [*fits.constants] == [*fits.lines] == ["Squared", "Absolute", "Huber", "Mine"]
    assert fits.constants["Squared"] == pytest.approx(Y.mean()) and fits.constants["Absolute"] == pytest.approx(0.05)
    for name in ("Squared", "Mine"):
        line = fits.lines[name]
        assert line is not None and (line.slope, line.intercept) == pytest.approx(tuple(np.polyfit(X, Y, 1)), abs=1e-5)
    assert fits.constants["Mine"] == pytest.approx(Y.mean(), abs=1e-5)
    assert Fits("Falls", Profile(residual_curve(lambda e: -np.abs(e)), Y), X, Y).lines["Falls"] is None


@pytest.mark.parametrize(
    ("title", "losses"),
    [
        ("squared error", [9, 0.25, 0, 4]),
        ("absolute error", [3, 0.5, 0, 2]),
        ("Huber", [2.5, 0.125, 0, 1.5]),
        ("pinball", [0.6, 0.1, 0, 1.6]),
        ("Cauchy", [np.log(5.5), np.log(1.125), 0, np.log(3)]),
        ("Tukey's biweight", [6.25 / 6, 6.25 / 6 * (1 - 0.96**3), 0, 6.25 / 6 * (1 - 0.36**3)]),
        ("LINEX", [np.exp(-3) + 2, np.exp(-0.5) - 0.5, 0, np.exp(2) - 3]),
    ],
)
def test_the_examples_by_hand(title: str, losses: list[float]) -> None:
    assert_allclose(example(title).value(np.array([-3.0, -0.5, 0.0, 2.0])), losses, rtol=1e-12, atol=1e-15)
