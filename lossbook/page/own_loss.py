"""The page "Your own loss": what was typed goes in, and its pictures come out, with the book's own functions.

The page sends the whole state with every question, so a Python that starts anew needs to know nothing: what was typed,
the controls, the targets, how the pictures were drawn, and where a marker was dragged to. Targets are counted in steps
of the sliders that move them, so that slider and marker always agree.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from functools import lru_cache
from typing import Any

import numpy as np

from lossbook.analysis.own_loss import Fits, function_in
from lossbook.analysis.profile import GRID, Profile
from lossbook.analysis.residual_curve import residual_curve
from lossbook.analysis.sentences import fitted, label, profiled
from lossbook.core import quiet
from lossbook.exercises import sandbox
from lossbook.page.placing import Place
from lossbook.page.reading import as_it_was, executed, told

FILE = "<your loss>"
OWN = "This loss"
SECONDS = 10.0
ENDINGS = {
    "timeout": {"error": f"It had not finished after {SECONDS:.0f} seconds. Is there a loop that never ends?"},
    "crash": {"error": "It ended Python, perhaps by taking more memory than a page has."},
}
State = dict[str, Any]


def look(request: str, say: Callable[[str], None]) -> str:
    """The state with its pictures and sentences, as JSON; or the error that stands in their way."""
    say(json.dumps({"seconds": SECONDS, **ENDINGS}))
    with as_it_was(), sandbox.quiet():
        try:
            return json.dumps(shown(json.loads(request)))
        except BaseException as problem:
            if isinstance(problem, ValueError) and not _from_what_was_typed(problem):
                return json.dumps({"error": str(problem)})
            return json.dumps({"trace": told(problem, FILE)})


def _from_what_was_typed(problem: BaseException) -> bool:
    trace = problem.__traceback__
    while trace:
        if trace.tb_frame.f_code.co_filename == FILE:
            return True
        trace = trace.tb_next
    return isinstance(problem, SyntaxError)


@lru_cache(maxsize=4)
def _profile(typed: str) -> Profile:
    """Of what was typed, on no targets yet. The same definition is read once."""
    space: dict[str, Any] = {"np": np, "__name__": "__main__"}
    executed(typed, FILE, space)
    return Profile(residual_curve(function_in(space)), np.zeros(1))


def shown(asked: State) -> State:
    """What the pictures show of a state, and the state after what was dragged or moved."""
    controls: dict[str, dict[str, int]] = asked["controls"]
    grids: dict[str, dict[str, list[float]]] = asked["grids"]
    points: list[list[int]] = asked["points"]
    places = {figure: {name: Place(one) for name, one in found.items()} for figure, found in asked["places"].items()}
    moved, fits = controls["own-loss"], controls["own-loss-fits"]
    if drag := asked.get("drag"):
        at = drag["at"]
        if drag["figure"] == "own-loss":
            probe = places["own-loss"]["probe_slope" if drag["handle"] else "probe"]
            moved["probe"] = _nearest(grids["own-loss"]["probe"], probe.data(at)[0])
        else:
            fits["point"] = drag["handle"]
            right, up = places["own-loss-fits"][f"point {drag['handle']}"].data(at)
            points[fits["point"]] = [_nearest(grids["own-loss-fits"][key], to) for key, to in (("x", right), ("y", up))]
    elif asked.get("moved") in ("x", "y"):
        points[fits["point"]] = [fits["x"], fits["y"]]
    fits["x"], fits["y"] = points[fits["point"]]
    x = np.array([grids["own-loss-fits"]["x"][i] for i, _ in points])
    y = np.array([grids["own-loss-fits"]["y"][i] for _, i in points])
    profile = _profile(asked["typed"]).of(y)
    probe_at = grids["own-loss"]["probe"][moved["probe"]]
    found = Fits(OWN, profile, x, y)
    return {
        "controls": controls,
        "points": points,
        "units": {
            "own-loss": _panels(places["own-loss"], profile, probe_at),
            "own-loss-fits": _fits(places["own-loss-fits"], found),
        },
        "readouts": {
            "own-loss": profiled(profile, probe_at),
            "own-loss-fits": fitted(found.constants, found.lines),
        },
    }


def _nearest(values: list[float], value: float) -> int:
    return int(np.abs(np.array(values) - value).argmin())


def _upright(place: Place, x: float) -> str:
    return place.curve([x, x], place.ylim)


def _panels(places: dict[str, Place], profile: Profile, probe: float) -> dict[str, str]:
    """The markup of everything in the four panels that a loss changes."""
    with quiet():
        value, slope = profile.at(probe)
    exists = profile.density.exists
    drawn = {
        "loss_curve": places["loss_curve"].curve(GRID, profile.values),
        "slope_curve": places["slope_curve"].curve(GRID, profile.slopes),
        "density_curve": places["density_curve"].curve(GRID, profile.densities),
        "no_density": "" if exists else places["no_density"].markup,
        "probe": places["probe"].marker(probe, value),
        "probe_slope": places["probe_slope"].marker(probe, slope),
        "constant": _upright(places["constant"], profile.constant),
        "constant_label": places["constant_label"].text(label(profile.constant, 3), profile.constant + 0.2),
    }
    drawn |= {f"target_{i}": places[f"target_{i}"].marker(y, 0.0) for i, y in enumerate(profile.sample)}
    return {places[name].key: markup for name, markup in drawn.items()}


def _fits(places: dict[str, Place], fits: Fits) -> dict[str, str]:
    """The markup of everything in the two panels of fits that a loss or a target changes."""
    drawn: dict[str, str] = {}
    for name, constant in fits.constants.items():
        row = places[f"constant {name}"]
        drawn[f"constant {name}"] = row.curve([constant] * 2, row.ends)
        drawn[f"value {name}"] = places[f"value {name}"].text(label(constant, 2))
        line, place = fits.lines[name], places[f"line {name}"]
        ends = np.linspace(place.xlim[0], place.xlim[1], 200)
        drawn[f"line {name}"] = place.curve(ends, line(ends)) if line else ""
    for i, (x, y) in enumerate(zip(fits.x, fits.y, strict=True)):
        drawn[f"point {i}"] = places[f"point {i}"].marker(x, y)
        drawn[f"target {i}"] = places[f"target {i}"].marker(y, 0.0)
    return {places[name].key: markup for name, markup in drawn.items()}
