"""The printed formula is the checked formula: the LaTeX of every record is read back and compared, number by number.

The LaTeX of value, gradients and density goes through `latex_reader` and meets the functions themselves and PyTorch on
random inputs. The tests at the end flip each sign of each formula in turn and see the comparison fail.
"""

from __future__ import annotations

import ast
import dataclasses
import importlib
import inspect
import math
import pkgutil
import re
import sys
import warnings
from functools import cache
from itertools import islice, pairwise
from pathlib import Path

import numpy as np
import pytest
import torch
from latex_reader import LatexError, free_indices, read
from oracles import BATCHWISE, CLASSES, SCOPES, draw, extra_symbols, settings, target_of, torch_losses
from scipy import integrate, special, stats

import lossbook
from lossbook.catalogue import CATALOGUE
from lossbook.core import Loss

SEED = 20261122
TOLERANCE = {"rtol": 1e-8, "atol": 1e-10}


def scopes(loss: Loss, inputs, keywords, argument: str | None = None) -> list[dict]:
    """What the symbols stand for, once per example; once for the whole batch where the loss has none per example."""
    if loss.name in SCOPES:
        return SCOPES[loss.name](inputs, keywords, argument)
    arguments = {argument.symbol: np.asarray(inputs[name]) for name, argument in loss.arguments.items()}
    numbers = {parameter.symbol: keywords[name] for name, parameter in loss.parameters.items()}
    first = next(iter(arguments.values()))
    sizes = {"N": len(first), "K": first.shape[-1]}
    if {"prediction", "target"} <= set(inputs):
        arguments["e"] = inputs["target"] - inputs["prediction"]
    common = {**sizes, **numbers, **extra_symbols(loss, inputs)}
    if loss.name in BATCHWISE:
        return [{**common, **arguments}]
    return [{**common, **{symbol: value[i] for symbol, value in arguments.items()}} for i in range(len(first))]


@cache
def parsed(latex: str, symbols: frozenset[str]):
    free = free_indices(latex, symbols)
    pairs = re.findall(r"_\{([a-z]{2})\}", latex)  # row before column; a letter that stands alone by the alphabet
    letters = sorted(free, key=lambda letter: (any(letter == pair[1] for pair in pairs), letter))
    return letters, read(latex, symbols, letters)


def evaluate(latex: str, scope, component_shape=()) -> np.ndarray:
    """The formula at one example; a formula with a free index is one component of a vector."""
    letters, formula = parsed(latex, frozenset(scope))
    result = np.empty(component_shape[: len(letters)], dtype=object)
    for index in np.ndindex(result.shape):
        result[index] = formula({**scope, **{f"#{letter}": i for letter, i in zip(letters, index, strict=True)}})
    return np.array(result.tolist(), dtype=float)


def rounds(loss: Loss):
    """Inputs and keywords, among them a residual of exactly 0, where a formula may have its kink."""
    rng = np.random.default_rng(SEED)
    for keywords in settings(loss, rng):
        inputs = draw(loss, rng)
        yield inputs, keywords
        if {"prediction", "target"} == set(inputs) and loss.arguments["prediction"].domain == "real":
            yield (
                {**inputs, "prediction": np.where(np.arange(6) == 0, inputs["target"], inputs["prediction"])},
                keywords,
            )


def check_value(loss: Loss):
    """The printed formula of the value, evaluated, is what the function returns and what PyTorch returns: at the
    default, the ends and random values of the parameters, and at a residual of 0, where one may have a corner."""
    reduction = "mean" if loss.name in BATCHWISE and "none" not in loss.reductions else "none"
    for inputs, keywords in rounds(loss):
        read_back = [evaluate(loss.latex, scope) for scope in scopes(loss, inputs, keywords)]
        expected = np.ravel(loss(**inputs, **keywords, reduction=reduction))
        np.testing.assert_allclose(read_back, expected, **TOLERANCE, err_msg=loss.latex)
        by_torch = torch_losses(loss, inputs, keywords)[0].detach().numpy().ravel()
        np.testing.assert_allclose(read_back, by_torch, rtol=1e-7, atol=1e-9, err_msg=loss.latex)


def check_gradients(loss: Loss):
    """The printed formula of every derivative, evaluated at the same places, is what the gradient returns."""
    reduction = "mean" if loss.name in BATCHWISE and "none" not in loss.reductions else "none"
    for inputs, keywords in rounds(loss):
        for name, latex in loss.latex_grad.items():
            expected = loss.grads[name](**inputs, **keywords, reduction=reduction)
            per_scope = [expected] if loss.name in BATCHWISE else expected
            for scope, slopes in zip(scopes(loss, inputs, keywords, name), per_scope, strict=True):
                slopes = np.reshape(slopes, scope.get("#shape", np.shape(slopes)))  # pixels that one index counts
                if r"\ell" in latex:  # the loss itself, as printed above its derivatives
                    scope[r"\ell"] = float(evaluate(loss.latex, scope))
                np.testing.assert_allclose(evaluate(latex, scope, slopes.shape), slopes, **TOLERANCE, err_msg=latex)


SUPPORT = {"real": (-np.inf, np.inf), "positive": (0, np.inf), "unit": (0, 1), "angle": (-np.pi, np.pi)}
MASSES = {"count": range(150), "binary": range(2), "label": range(CLASSES)}


def check_density(loss: Loss):
    """Where the loss comes from a density, the printed one has the mass 1, and the loss is its negative logarithm,
    times the factor printed with it where there is one, plus a number that the target does not move."""
    if loss.density is None:
        return
    target = target_of(loss)
    symbol, domain = loss.arguments[target].symbol, loss.arguments[target].domain
    for inputs, keywords in islice(rounds(loss), 6):
        numbers = {parameter.symbol: keywords[name] for name, parameter in loss.parameters.items()}
        factor = float(evaluate(loss.density.factor, numbers))
        targets = np.unique(inputs[target])
        for i, scope in enumerate(scopes(loss, inputs, keywords)):
            example = {name: value[i : i + 1] for name, value in inputs.items()}

            def density(y, scope=scope, example=example, keywords=keywords):
                ell = float(loss(**{**example, target: np.array([y])}, **keywords, reduction="sum"))
                return ell, float(evaluate(loss.density.latex, {**scope, symbol: y, r"\ell": ell}))

            losses, printed = np.transpose([density(y) for y in targets])
            with np.errstate(all="ignore"):
                rest = losses + factor * np.log(printed)
            assert np.all(np.abs(rest - rest[0]) <= 1e-9 + 1e-8 * np.abs(losses).max()), (loss.density.latex, keywords)
            if i == 0:
                total = mass(lambda y, density=density: density(y)[1], domain, example)
                assert total == pytest.approx(1, abs=2e-6), (loss.density.latex, keywords)


def mass(density, domain: str, example) -> float:
    """The sum or the integral of a density over everything its target can be."""
    if domain in MASSES:
        return sum(density(y) for y in MASSES[domain])
    low, high = SUPPORT[domain]
    if domain != "real":
        return integrate.quad(density, low, high, limit=200)[0]
    centre = float(np.ravel(next(iter(example.values())))[0])
    cuts = [low, *(centre + np.array([-8, -4, -2, -1, -0.1, 0, 0.1, 1, 2, 4, 8])), high]
    with warnings.catch_warnings():
        warnings.simplefilter("error", integrate.IntegrationWarning)
        return sum(integrate.quad(density, a, b, epsabs=1e-8)[0] for a, b in pairwise(cuts))


# ── The formulas of the docstrings ───────────────────────────────────────────────────────────────────────────────────


def displayed(function) -> str:
    """What stands after `.. math::` in a docstring, on one line, with the functionals it uses written out."""
    found = re.search(r"\.\. math:: (.+?)(?:\n\s*\n|\Z)", inspect.getdoc(function) or "", re.DOTALL)
    return " ".join(found[1].split()) if found else ""


def written_out(latex: str) -> str:
    """KL(p‖q) and H(p) as the sums they stand for, ½ with its braces."""
    latex = re.sub(
        r"D_\{\\mathrm\{KL\}\}\((\w) \\,\\\|\\, (\w)\)",
        r"\\left(\\sum_{i=1}^{K} \1_i \\log \\frac{\1_i}{\2_i}\\right)",
        latex,
    )
    latex = re.sub(r"H\((\w)\)", r"\\left(-\\sum_{i=1}^{K} \1_i \\log \1_i\\right)", latex)
    return re.sub(r"\\t?frac(\d)(\d)", r"\\frac{\1}{\2}", latex)


def sides(statement: str) -> list[str]:
    parts = statement.split(" = ", 1) if r"\begin" in statement else statement.split(" = ")
    return [parts[0], *map(written_out, parts[1:])]


def compare_displayed(latex: str, scope: dict, expected: list) -> None:
    """A displayed formula, with the definitions beside it, gives the expected value; alternatives give one each."""
    statements = [sides(part.strip(" ,")) for part in re.split(r"\\qquad(?:\\text\{or\}\\qquad)?", latex)]
    main = [statement for statement in statements if statement[0] == statements[0][0]]
    for left, right in (statement for statement in statements if statement not in main):
        symbol = re.sub(r"_\w$", "", left)
        shape = () if symbol == left else (int(scope["N" if left.endswith("_i") else "K"]),)
        scope = {**scope, symbol: evaluate(right, scope, shape)}
    for (left, *rights), value in zip(main, [*expected, *expected[-1:]], strict=False):
        for right in [left, *rights] if left.startswith(r"\log") else rights:
            integral = re.fullmatch(r"\\int_\{\\text\{low\}\}\^\{\\text\{high\}\} (.+) \\,\\mathrm\{d\}x", right)
            if integral:
                read_back = integrate.quad(
                    lambda x, inner=integral[1]: float(
                        evaluate(re.sub(r"\b([pq])\(x\)", r"\1", inner), {"p": scope["p"](x), "q": scope["q"](x)})
                    ),
                    scope["low"],
                    scope["high"],
                    epsabs=1e-12,
                )[0]
            else:
                read_back = evaluate(right, scope, np.shape(value))
            np.testing.assert_allclose(read_back, value, rtol=1e-7, atol=1e-9, equal_nan=False, err_msg=right)


def docstring_rounds(loss: Loss):
    for inputs, keywords in islice(rounds(loss), 3):
        found = scopes(loss, inputs, keywords)
        if loss.name in BATCHWISE:
            yield found[0], [loss(**inputs, **keywords)]
            continue
        for scope, value in zip(found, loss(**inputs, **keywords, reduction="none"), strict=True):
            if loss.name == "softmax_cross_entropy":
                scope = {**scope, "p": np.eye(CLASSES)[scope["y"]]}
            yield scope, [value]


def check_docstring(loss: Loss, latex: str | None = None):
    """The formula in the docstring of the loss, evaluated, is what the function returns."""
    latex = displayed(loss.value) if latex is None else latex
    for scope, expected in docstring_rounds(loss) if latex else ():
        compare_displayed(latex, scope, expected)


# Functions beside the losses that display a formula: what its symbols are, and what it has to give.
def others(rng) -> dict[str, tuple[dict, list]]:
    p = rng.dirichlet([2, 2, 2])
    s, t = rng.normal(0, 2, 4), float(rng.uniform(0.3, 3))
    u, v = rng.normal(0, 1, (2, 3))
    narrow, wide = stats.norm(0.3, 0.8).pdf, stats.norm(0, 1).pdf
    return {
        "surprisal": ({"p": p[0]}, [lossbook.surprisal(p[0])]),
        "entropy": ({"p": p, "K": 3}, [lossbook.entropy(p)]),
        "softmax": ({"s": s, "T": t, "K": 4}, [lossbook.softmax(s, temperature=t)]),
        "log_softmax": (
            {"s": s, "T": t, "K": 4, r"\hat p": lossbook.softmax(s, temperature=t)},
            [lossbook.log_softmax(s, temperature=t)],
        ),
        "logsumexp": ({"s": s, "K": 4}, [lossbook.logsumexp(s)]),
        "sigmoid": ({"s": s[0], "T": t}, [lossbook.sigmoid(s[0], temperature=t)]),
        "pairwise_distance": (
            {"u": u, "v": v},
            [lossbook.pairwise_distance(u, v), lossbook.pairwise_distance(u, v, metric="cosine")],
        ),
        "kl_density": (
            {"p": narrow, "q": wide, "low": -6, "high": 6},
            [lossbook.kl_density(narrow, wide, -6, 6)],
        ),
    }


# Gradient docstrings say in plain characters what the derivative is: "d mse / d prediction = −2e, over N …".
PLAIN = {
    "−": "-", "·": r"\cdot ", "½": r"\frac{1}{2}", "²": "^2", "³": "^3", "ψ(": r"\operatorname{digamma}(",
    "I₁": "I_1", "I₀": "I_0", "σp": r"\sigma_p ", "σq": r"\sigma_q ", "μp": r"\mu_p ", "μq": r"\mu_q ",
    "log": r"\log ", "sign(": r"\operatorname{sign}(", "tanh": r"\tanh ", "sin ": r"\sin ", "cos ": r"\cos ",
    "p̂": r"\hat p ", "rmse": "R", "σ": r"\sigma ", "μ": r"\mu ", "ν": r"\nu ", "κ": r"\kappa ", "λ": r"\lambda ",
}  # fmt: skip


def plain_slope(gradient) -> str:
    """The derivative that the first line of a docstring gives, as LaTeX; "" where it says it in words."""
    line = (inspect.getdoc(gradient) or "").splitlines()[0]
    found = re.match(r"d \w+ / d \w+ = (.+?)(?:[,.:;]( |$)| with )", line)
    latex = found[1] if found else ""
    for character, command in PLAIN.items():
        latex = latex.replace(character, command)
    return latex


def plain_symbols(loss: Loss, scope: dict, k: int) -> dict:
    """The symbols of one component, and the letters that gradient docstrings take for granted."""
    found = {symbol: value[k] if np.ndim(value) else value for symbol, value in scope.items()}
    domains = {argument.domain: argument.symbol for argument in loss.arguments.values()}
    if "label" in domains:
        found |= {r"\hat p": special.softmax(scope["s"])[k], "y": float(scope["y"] == k)}
    elif "binary" in domains and "s" in scope:
        found |= {r"\hat p": special.expit(scope["s"])}
    if loss.name == "poisson_nll":
        found |= {r"\lambda": math.exp(scope["s"])}
    if loss.name == "js_divergence":
        found |= {"m": (found["p"] + found["q"]) / 2}
    if loss.name == "rmse":
        found |= {"R": math.sqrt(np.mean(scope["e"] ** 2))}
    if loss.name == "normal_mixture_nll":
        weights = special.softmax(scope["s"])
        odds = weights * stats.norm(scope[r"\mu"], scope[r"\sigma"]).pdf(scope["y"])
        found |= {"w": weights[k], "r": odds[k] / odds.sum()}
    return found


def check_gradient_docstrings(loss: Loss, change=lambda latex: latex):
    """The derivative in the first line of a gradient's docstring, where it is a formula, is what it returns."""
    reduction = "mean" if loss.name in BATCHWISE else "none"
    for inputs, keywords in islice(rounds(loss), 3):
        for name, gradient in loss.grads.items():
            latex = plain_slope(gradient)
            if not latex:
                continue
            slopes = np.asarray(gradient(**inputs, **keywords, reduction=reduction))
            rows = [slopes] if loss.name in BATCHWISE else slopes
            for scope, row in zip(scopes(loss, inputs, keywords, name), rows, strict=True):
                for k, slope in enumerate(np.ravel(row)):
                    read_back = evaluate(change(latex), plain_symbols(loss, scope, k))
                    np.testing.assert_allclose(read_back, slope, **TOLERANCE, equal_nan=False, err_msg=latex)


LOSSES = pytest.mark.parametrize("loss", CATALOGUE.values(), ids=lambda loss: loss.name)
DENSITIES = pytest.mark.parametrize(
    "loss", [loss for loss in CATALOGUE.values() if loss.density], ids=lambda loss: loss.name
)


CHECKS = [check for name, check in list(globals().items()) if name.startswith("check_")]


@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.__name__.removeprefix("check_"))
@LOSSES
def test_printed(loss, check):
    check(loss)


# ── The comparison can fail ──────────────────────────────────────────────────────────────────────────────────────────


def flipped(latex: str) -> list[str]:
    """The formula with each of its signs flipped in turn, and with a minus in front of everything."""
    signs = [match.start() for match in re.finditer("[+-]", latex)]
    turned = [latex[:i] + ("-" if latex[i] == "+" else "+") + latex[i + 1 :] for i in signs]
    return [*turned, rf"-\left({latex}\right)"]


@LOSSES
def test_any_flipped_sign_in_the_value_is_caught(loss):
    for latex in flipped(loss.latex):
        with pytest.raises(AssertionError):
            check_value(dataclasses.replace(loss, latex=latex))


@LOSSES
def test_any_flipped_sign_in_a_gradient_is_caught(loss):
    for name, latex in loss.latex_grad.items():
        for wrong in flipped(latex):
            with pytest.raises(AssertionError):
                check_gradients(dataclasses.replace(loss, latex_grad={**loss.latex_grad, name: wrong}))


def with_density(loss: Loss, **changes) -> Loss:
    return dataclasses.replace(loss, density=dataclasses.replace(loss.density, **changes))


@DENSITIES
def test_any_flipped_sign_in_a_density_is_caught(loss):
    for latex in flipped(loss.density.latex):
        with pytest.raises(AssertionError):
            check_density(with_density(loss, latex=latex))


@DENSITIES
def test_a_wrong_constant_in_a_density_is_caught(loss):
    with pytest.raises(AssertionError):
        check_density(with_density(loss, latex=rf"1.01 \cdot {loss.density.latex}"))


@DENSITIES
def test_a_wrong_factor_of_a_density_is_caught(loss):
    with pytest.raises(AssertionError):
        check_density(with_density(loss, factor=rf"1.01 \cdot {loss.density.factor}"))


# Each is a density, and not that of the loss.
EXCHANGED = {
    "mse": r"\frac{1}{2} \exp\left(-|y - \hat y|\right)",
    "mae": r"\frac{1}{\sqrt{\pi}} \exp\left(-(y - \hat y)^2\right)",
    "normal_nll": r"\frac{1}{2 \sigma} \exp\left(-\frac{|y - \hat y|}{\sigma}\right)",
    "laplace_nll": r"\frac{1}{\sqrt{2 \pi} b} \exp\left(-\frac{(y - \hat y)^2}{2 b^2}\right)",
    "student_t_nll": r"\frac{1}{\sqrt{2 \pi} \sigma} \exp\left(-\frac{(y - \hat y)^2}{2 \sigma^2}\right)",
    "cauchy": r"\frac{1}{\sqrt{2 \pi} c} \exp\left(-\frac{(y - \hat y)^2}{2 c^2}\right)",
    "log_cosh": r"\frac{1}{2} \exp\left(-|y - \hat y|\right)",
    "beta_nll": r"\frac{y^{b - 1} (1 - y)^{a - 1}}{\operatorname{B}(a, b)}",
    "bernoulli_nll": r"\frac{\exp\left(-y s\right)}{1 + \exp\left(-s\right)}",
    "categorical_nll": r"\frac{\exp\left(-s_y\right)}{\sum_{k=1}^{K} \exp\left(-s_k\right)}",
    "poisson_nll": r"\frac{1}{y!} \exp\left(-y s - \exp\left(-s\right)\right)",
    "von_mises_nll": r"\frac{1}{2 \pi I_0(\kappa)} \exp\left(-\kappa \cos(y - \hat y)\right)",
}


@pytest.mark.parametrize("name", EXCHANGED)
def test_the_density_of_another_loss_is_caught(name):
    with pytest.raises(AssertionError):
        check_density(with_density(CATALOGUE[name], latex=EXCHANGED[name]))


@LOSSES
def test_any_flipped_sign_in_a_docstring_is_caught(loss):
    for latex in flipped(displayed(loss.value))[:-1]:
        with pytest.raises((AssertionError, IndexError)):
            check_docstring(loss, latex)
    with pytest.raises(AssertionError):
        check_docstring(loss, displayed(loss.value).replace(" = ", " = 1.01 ", 1))


def test_any_flipped_sign_in_a_gradient_docstring_is_caught():
    seen = 0
    for loss in CATALOGUE.values():
        latex = {plain_slope(gradient) for gradient in loss.grads.values()} - {""}
        for slope in latex:
            for wrong in flipped(slope):
                seen += 1
                with pytest.raises(AssertionError):
                    check_gradient_docstrings(
                        loss, lambda tex, slope=slope, wrong=wrong: wrong if tex == slope else tex
                    )
    assert seen > 75


@pytest.mark.parametrize("name", others(np.random.default_rng(0)))
def test_the_formula_of_any_other_docstring_is_what_the_function_returns(name):
    rng = np.random.default_rng(SEED)
    latex = displayed(getattr(lossbook, name))
    for _ in range(4):
        compare_displayed(latex, *others(rng)[name])
    for wrong in flipped(latex)[:-1]:
        with pytest.raises((AssertionError, LatexError)):
            compare_displayed(wrong, *others(rng)[name])


def test_no_docstring_displays_a_formula_that_nothing_reads():
    modules = [importlib.import_module(m.name) for m in pkgutil.walk_packages(lossbook.__path__, "lossbook.")]
    found = {f.__name__ for m in modules for f in vars(m).values() if inspect.isfunction(f) and displayed(f)}
    assert found <= {*CATALOGUE, *others(np.random.default_rng(0))}
    assert all(displayed(loss.value) for loss in CATALOGUE.values())


# ── What the page "How formulas are checked" says of these tests ─────────────────────────────────────────────────────


@pytest.fixture(scope="module")
def page():
    folder = str(Path(__file__).parents[1] / "book" / "_ext")
    sys.path.insert(0, folder)
    yield importlib.import_module("formula")
    sys.path.remove(folder)


@LOSSES
def test_the_page_prints_the_oracle_that_runs(loss, page):
    printed = page.oracles(page.ORACLES.read_text())[loss.name]
    names = page.library_calls(printed)
    shown = {code for code in ast.walk(ast.parse(printed)) if isinstance(code, ast.Call)}
    assert names or not any(ast.unparse(call.func).startswith(("F.", "td.", "torch.")) for call in shown)
    space = {"torch": torch, "F": torch.nn.functional, "td": torch.distributions, "math": math}
    *functions, last = printed.split("\n\n")
    for code in functions:
        exec("from __future__ import annotations\n" + code, space)
    if last.startswith("def "):
        exec("from __future__ import annotations\n" + last, space)
        last = re.match(r"def (\w+)", last)[1]
    inputs = draw(loss, np.random.default_rng(SEED))
    tensors = {name: torch.tensor(value) for name, value in inputs.items()}
    again = eval(f"({last}\n)", space)(**tensors, **loss.defaults)
    assert torch.equal(again, torch_losses(loss, inputs, loss.defaults)[0])
    assert page.checks(loss).count(printed) == 1 and all(name in page.checks(loss) for name in names)


def test_the_page_lists_every_check(page):
    for module in ("test_printed_formulas", "test_every_loss"):
        listed = list(page.sentences((Path(__file__).parent / f"{module}.py").read_text()))
        run = importlib.import_module(module).CHECKS
        assert listed == [" ".join(check.__doc__.split("\n\n")[0].split()) for check in run]


# ── The reader is strict ─────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("latex", "value"),
    [
        (r"\frac{1}{2} a^2 - 3", 1.5),
        (r"-a^2", -9),
        (r"2^{a - 1} b", 20),
        (r"|b - a| - \left|a - b\right|", 0),
        (r"2 |a - 5| b", 20),
        (r"\log \cosh a", np.log(np.cosh(3))),
        (r"b \log\left(a\right) a", 15 * np.log(3)),
        (r"\cosh^2 a - \sinh^2 a", 1),
        (r"a / b \cdot b", 3),
        (r"\begin{cases} 1 & a > b \\ 2 & a \le b \end{cases}", 2),
        (r"\begin{cases} 1 & 0 < a < 4 \\ 2 & \text{otherwise} \end{cases}", 1),
        (r"\max\left(0, a - b\right) + \min(a, b)", 3),
        (r"\sum_{k=1}^{K} v_k^2 + 1", 15),
        (r"\sum_{k=1}^{K} v_k [k = n]", 3),
        (r"v_n - \hat v", -4),
        (r"\sum_{i=1}^{2} \sum_{j=1}^{K} m_{ij}^2", 91),
        (r"\sum_{i=1}^{2} \sum_{j=1}^{K} m_{ij} [j = i]", 6),
        (r"\sqrt{a + 1} + a!", 8),
        (r"\operatorname{sign}(a - b) \, b", -5),
        (r"\Gamma\left(b\right)", 24),
    ],
)
def test_what_a_formula_means(latex, value):
    scope = {"a": 3.0, "b": 5.0, "v": np.array([1.0, 2.0, 3.0]), "K": 3, "n": 2, r"\hat v": 7.0}
    scope["m"] = np.array([[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]])
    assert read(latex, scope)(scope) == pytest.approx(value, abs=1e-12)


@pytest.mark.parametrize(
    "latex",
    [
        r"\log a b",
        r"\log(a)^2",
        r"a + q",
        r"a \foo",
        r"a b)",
        r"(a",
        r"|a",
        r"2^34",
        r"\frac12",
        r"a_k",
        r"a $ b",
        r"",
        r"a +",
        r"a / b c",
        r"a^b^2",
        r"\operatorname{softmax}(a)",
        r"\sum_{k=1}^{2} a_k b_j",
        r"\sum_{i=1}^{2} m_{ij}",
        r"\sum_{i=1}^{2} \sum_{j=1}^{2} \sum_{k=1}^{2} m_{ijk}",
        r"\begin{cases} a \end{cases}",
        r"\begin{cases} a & b \end{cases}",
        r"\begin{matrix} a & b > 1 \end{matrix}",
        r"\log v",
        r"v v",
        r"a + v",
    ],
)
def test_what_is_unclear_is_an_error(latex):
    scope = {"a": 1.0, "b": 2.0, "c": 3.0, "v": np.array([1.0, 2.0]), "m": np.ones((2, 2))}
    with pytest.raises(LatexError):
        read(latex, scope)(scope)
