"""`make bench`: two explorers beside `ipywidgets.interact` and beside a Plotly page, measured in one run.

Pages are measured in gzip kilobytes and in main-thread milliseconds per update in a browser; notebooks in milliseconds
that the kernel works per change. Both are processor time, so that what else the machine does disturbs little; ratios
hold better than times from one machine to the next.
"""

from __future__ import annotations

import gzip
import json
import statistics
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import tasks
from jupyter_client.manager import run_kernel
from playwright.sync_api import Browser, sync_playwright
from plotly.offline import get_plotlyjs

from lossbook.explorer import ASSETS, Explorer

sys.path.insert(0, str(Path(__file__).parents[1] / "tools"))
from find_browser import ADVICE, find_browser

UPDATES = 40
REPEATS = 5
TASKS = {"T1": tasks.t1, "T2": tasks.t2}


def kilobytes(*texts: str) -> float:
    return len(gzip.compress("".join(texts).encode(), 6)) / 1000


# ── The pages ────────────────────────────────────────────────────────────────────────────────────────────────────────


def our_page(explorer: Explorer) -> tuple[str, str]:
    """The page and a script whose `move(i)` shows state i."""
    move = """const inputs = [...document.querySelectorAll("input")];
    const move = (i) => inputs.forEach((input) => { input.value = (i * 7) % (+input.max + 1);
      input.dispatchEvent(new Event("input", {bubbles: true})); });"""
    return explorer.html(), move


def plotly_page(explorer: Explorer) -> tuple[str, str]:
    """The same curves as numbers for each state, to four digits, and the few lines that hand them to Plotly."""
    axes = explorer.figure.axes
    states = []
    for indices in np.ndindex(*explorer.sizes.values()):
        explorer.set(**{k: c.values[i] for (k, c), i in zip(explorer.controls.items(), indices, strict=True)})
        lines = [line for one in axes for line in one.lines]
        states.append([[float(f"{y:.4g}") for y in np.asarray(line.get_ydata(), dtype=float)] for line in lines])
    traces = [
        {
            "x": [float(f"{x:.4g}") for x in np.asarray(line.get_xdata(), dtype=float)],
            "y": y,
            "xaxis": f"x{n}",
            "yaxis": f"y{n}",
        }
        for (n, line), y in zip(
            ((n, line) for n, one in enumerate(axes, 1) for line in one.lines), states[0], strict=True
        )
    ]
    constant = [i for i, ys in enumerate(zip(*states, strict=True)) if all(y == ys[0] for y in ys)]
    moving = [i for i in range(len(traces)) if i not in constant]
    table = [[ys[i] for i in moving] for ys in states]
    layout = {f"yaxis{n}": {"range": one.get_ylim()} for n, one in enumerate(axes, 1)}
    if len(axes) > 1:
        layout["grid"] = {"rows": 1, "columns": len(axes), "pattern": "independent"}
    body = f"""<div id="plot"></div><script>const table = {json.dumps(table, separators=(",", ":"))};
    Plotly.newPlot("plot", {json.dumps(traces, separators=(",", ":"))}, {json.dumps(layout)});
    const show = (i) => Plotly.restyle("plot", {{y: table[i]}}, {moving});</script>"""
    return body, "const move = (i) => show((i * 7) % table.length);"


def main_thread(browser: Browser, head: str, body: str, move: str) -> float:
    """Main-thread milliseconds per update, without what an idle frame costs; the median of some runs."""
    with tempfile.TemporaryDirectory() as folder:
        page = Path(folder) / "page.html"
        page.write_text(
            f'<!doctype html><meta charset="utf-8">{head}<body style="width:700px">{body}</body>', encoding="utf-8"
        )
        tab = browser.new_page()
        tab.goto(page.as_uri())
        tab.wait_for_load_state("load")
        session = tab.context.new_cdp_session(tab)
        session.send("Performance.enable", {"timeDomain": "threadTicks"})
        tab.evaluate(f"""() => {{ {move}; const frame = () => new Promise(requestAnimationFrame);
            window.work = async (count, moves) => {{
                for (let i = 1; i <= count; i++) {{ if (moves) move(i); await frame(); }} }} }}""")

        def busy(moves: bool) -> float:
            def seconds() -> float:
                metrics = session.send("Performance.getMetrics")["metrics"]
                return next(one["value"] for one in metrics if one["name"] == "TaskDuration")

            before = seconds()
            tab.evaluate("([count, moves]) => work(count, moves)", [UPDATES, moves])
            return (seconds() - before) * 1000 / UPDATES

        busy(True)  # warm
        found = statistics.median(busy(True) - busy(False) for _ in range(REPEATS))
        tab.close()
        return found


# ── The notebook ─────────────────────────────────────────────────────────────────────────────────────────────────────

KERNEL = """
%matplotlib inline
import sys, time, statistics
sys.path.insert(0, {folder!r})
import ipywidgets, numpy as np, matplotlib.pyplot as plt
import tasks
import lossbook.explorer.live as live
from IPython.display import display
live.FEW_STATES, live.PATIENCE = 0, -1.0  # the kernel draws every change, as it must where the states are many

def interact_t1(delta):
    e = np.linspace(-5, 5, 401)
    loss, gradient = tasks.huber(e, delta)
    density = np.exp(-loss)
    figure, (left, right) = plt.subplots(1, 2, figsize=(7, 3.2))
    left.plot(e, loss)
    right.plot(e, gradient)
    right.plot(e, density / np.trapezoid(density, e))
    left.set(xlabel="residual e", ylabel="loss", xlim=(-5, 5), ylim=(0, 12))
    right.set(xlabel="residual e", ylabel="gradient, density", xlim=(-5, 5), ylim=(-4.2, 4.2))
    plt.show()

def interact_t2(mu, sigma):
    x = np.linspace(-7, 7, 401)
    p, q = tasks.humps(x), tasks.bell(x, mu, sigma)
    terms = np.where(q > 1e-300, q * (np.log(np.maximum(q, 1e-300)) - np.log(p)), 0)
    figure, axes = plt.subplots(figsize=(5, 3.2))
    axes.plot(x, p); axes.plot(x, q); axes.plot(x, terms)
    axes.text(0.98, 0.95, f"KL = {{np.trapezoid(terms, x):.3f}}", ha="right", va="top", transform=axes.transAxes)
    axes.set(xlabel="x", ylabel="density", xlim=(-7, 7), ylim=(-0.6, 1.4))
    plt.show()

def per_change(change, values):
    times = []
    for value in values:
        start = time.process_time()
        change(value)
        times.append(time.process_time() - start)
    return 1000 * statistics.median(times[5:])

def follow(widget, name):
    return lambda value: setattr(widget, name, value)

found = {{}}
values = [tasks.DELTAS.values[i % 41] for i in range(3, 240, 7)]
box = ipywidgets.interactive(interact_t1, delta=ipywidgets.FloatSlider(1.0, min=0, max=4, step=0.1))
display(box)
found["T1"] = [per_change(follow(box.children[0], "value"), values)]
explorer = tasks.t1()
assert explorer._table is None
display(explorer)
found["T1"].append(per_change(follow(explorer, "delta"), values))
values = [tasks.MUS.values[i % 21] for i in range(3, 240, 7)]
box = ipywidgets.interactive(interact_t2, mu=ipywidgets.FloatSlider(0, min=-4, max=4, step=0.4),
                             sigma=ipywidgets.FloatSlider(1.2, min=0.3, max=3.3, step=0.15))
display(box)
found["T2"] = [per_change(follow(box.children[0], "value"), values)]
explorer = tasks.t2()
assert explorer._table is None
display(explorer)
found["T2"].append(per_change(follow(explorer, "mu"), values))
import json
print("FOUND" + json.dumps(found))
"""


def kernel_milliseconds() -> dict[str, list[float]]:
    """For each task what a change costs the kernel with `interactive` (as `interact` makes it) and with an explorer."""
    found: list[dict[str, list[float]]] = []
    problems: list[str] = []

    def listen(message: dict) -> None:
        content = message["content"]
        if message["msg_type"] == "stream" and "FOUND" in content["text"]:
            found.append(json.loads(content["text"].split("FOUND", 1)[1].splitlines()[0]))
        if message["msg_type"] == "error":
            problems.append("\n".join(content["traceback"]))

    with run_kernel(kernel_name="python3") as client:
        client.execute_interactive(KERNEL.format(folder=str(Path(__file__).parent)), output_hook=listen, timeout=600)
    if problems or not found:
        raise SystemExit("\n".join(problems) or "the kernel said nothing")
    return found[0]


# ── The table ────────────────────────────────────────────────────────────────────────────────────────────────────────


def rows() -> Iterator[tuple[str, float, float]]:
    """What is measured, ours, and the other's."""
    path = find_browser()
    if not path:
        raise SystemExit(ADVICE)
    script, style = (asset.read_text(encoding="utf-8") for asset in ASSETS)
    plotly = get_plotlyjs()
    yield "library, kB gzip, against Plotly", kilobytes(script, style), kilobytes(plotly)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=["--no-sandbox"])
        for name, task in TASKS.items():
            ours, our_move = our_page(task())
            theirs, their_move = plotly_page(task())
            yield f"{name} page, kB gzip, against Plotly", kilobytes(ours), kilobytes(theirs)
            head = f"<style>{style}</style>"
            mine = main_thread(browser, head, f"{ours}<script>{script}</script>", our_move)
            yield (
                f"{name} main-thread ms per update, against Plotly",
                mine,
                main_thread(browser, f"<script>{plotly}</script>", theirs, their_move),
            )
        browser.close()
    for name, (interact, explorer) in kernel_milliseconds().items():
        yield f"{name} kernel ms per change, against interact", explorer, interact


def main() -> None:
    print(f"{'':52}{'ours':>10}{'other':>10}{'ratio':>8}")
    for what, ours, other in rows():
        print(f"{what:52}{ours:10.2f}{other:10.2f}{other / ours:8.1f}", flush=True)


if __name__ == "__main__":
    main()
