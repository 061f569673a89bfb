"""The live face in a real JupyterLab: sliders, cells, two views, a restarted kernel."""

from __future__ import annotations

import json
import os
import re
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Locator, Page, expect

TOYS = '''
import numpy as np
from lossbook.explorer import Explorer, Handle, Slider, Toggle, subplots

def parabola(name="parabola", many=False):
    """y = (x - a)² b: few states, or so many that the kernel is asked for each."""
    figure, axes = subplots()
    x = np.linspace(-3, 3, 50)
    (line,) = axes.plot(x, x)
    (point,) = axes.plot([0], [0], "o")
    axes.set(xlim=(-3, 3), ylim=(-1, 9))
    def update(a, b):
        if many and b == 2:
            raise ValueError("b is too steep")
        line.set_ydata((x - a) ** 2 * b)
        point.set_xdata([a])
        return f"The vertex is at {a:.1f}, the steepness is {b:.1f}."
    b = Slider(values=list(np.linspace(1, 2, 101).round(2)) if many else [1, 2], label="b")
    a = Slider(-2.9, 2.9, step=0.1, value=0, label="a") if many else Slider(-2, 2, step=0.5, value=0, label="a")
    return Explorer(figure, update, name=name, controls={"a": a, "b": b}, handles=[Handle(point, x="a")],
                    caption="Move $a$.", alt="A parabola with its vertex marked.")
'''
CELLS = [
    "from toys import parabola\nfew = parabola()\nmany = parabola('many', many=True)\n"
    "print(many._table is None, few._table is None)",
    "few",
    "few.a = 1.5\nprint(few.readout)",
    "few",
    "many",
    "many.a = 1.5; print(many.readout)",
    "many",
    "from ipywidgets import FloatSlider, VBox, jslink\nother = FloatSlider(min=-2, max=2, step=0.5)\n"
    "seen = []\nfew.observe(lambda change: seen.append(change.new), 'a')\nVBox([few, other])",
    "few.a = -1.0\nprint(seen, few.state, many.state)",
    "few.a = 1.3",
]


pytestmark = pytest.mark.xdist_group("jupyterlab")  # one is enough


@pytest.fixture(scope="session")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A JupyterLab with one notebook: its address."""
    folder = tmp_path_factory.mktemp("lab")
    (folder / "toys.py").write_text(TOYS, encoding="utf-8")
    cells = [
        {"cell_type": "code", "id": f"c{i}", "source": text, "metadata": {}, "outputs": [], "execution_count": None}
        for i, text in enumerate(CELLS)
    ]
    kernel = {"kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"}}
    notebook = {"nbformat": 4, "nbformat_minor": 5, "metadata": kernel, "cells": cells}
    (folder / "notebook.ipynb").write_text(json.dumps(notebook), encoding="utf-8")
    settings = folder / "settings"
    (settings / "@jupyterlab/apputils-extension").mkdir(parents=True)
    notices = {"fetchNews": "false", "checkForUpdates": False, "doNotDisturbMode": True}
    (settings / "@jupyterlab/apputils-extension/notification.jupyterlab-settings").write_text(json.dumps(notices))
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    environment = {key: value for key, value in os.environ.items() if key != "LOSSBOOK_STATIC"}
    environment |= {"JUPYTERLAB_SETTINGS_DIR": str(settings), "JUPYTER_CONFIG_DIR": str(folder / "config")}
    environment |= {"JUPYTERLAB_WORKSPACES_DIR": str(folder / "workspaces"), "JUPYTER_RUNTIME_DIR": str(folder / "run")}
    options = [
        f"--ServerApp.port={port}",
        "--ServerApp.ip=127.0.0.1",
        "--IdentityProvider.token=",
        "--ServerApp.password=",
        "--allow-root",
    ]
    options += ["--no-browser", f"--ServerApp.root_dir={folder}", "--LabApp.extension_manager=readonly"]
    options += ["--LabApp.expose_app_in_browser=True"]
    with open(folder / "log.txt", "w", encoding="utf-8") as log:
        command = [sys.executable, "-m", "jupyterlab", *options]
        running = subprocess.Popen(command, cwd=folder, env=environment, stdout=log, stderr=subprocess.STDOUT)
        try:
            await_server(f"http://127.0.0.1:{port}/api", folder / "log.txt")
            yield f"http://127.0.0.1:{port}"
        finally:
            running.terminate()
            running.wait(20)


def await_server(address: str, log: Path) -> None:
    for _ in range(600):
        try:
            with urllib.request.urlopen(address, timeout=2):
                return
        except OSError:
            time.sleep(0.2)
    pytest.fail(f"JupyterLab did not start:\n{log.read_text()}")


@pytest.fixture(scope="module")
def notebook(lab: str, browser: Browser) -> Iterator[Page]:
    """The notebook in JupyterLab; its page must not raise anything in all of these tests."""
    context = browser.new_context(viewport={"width": 1300, "height": 4200})
    page = context.new_page()
    problems: list[str] = []
    page.on("pageerror", lambda problem: problems.append(str(problem)))
    page.goto(f"{lab}/lab/tree/notebook.ipynb")
    expect(page.locator(".jp-Notebook .jp-CodeCell")).to_have_count(len(CELLS))
    expect(page.locator(".jp-Notebook-ExecutionIndicator[data-status=idle]")).to_be_visible(timeout=60_000)
    run(page, 0)
    yield page
    context.close()
    assert problems == []


def cell(page: Page, number: int) -> Locator:
    return page.locator(".jp-Notebook .jp-CodeCell").nth(number)


def run(page: Page, number: int) -> Locator:
    """Run a cell and wait for it. Returns its output area."""
    one = cell(page, number)
    prompt = one.locator(".jp-InputPrompt")
    before = prompt.inner_text()
    for tenth in range(1200):
        if tenth % 30 == 0 and prompt.inner_text() == before:  # one that has just opened may miss a key
            one.locator(".cm-content").click()
            page.keyboard.press("Control+Enter")
        text = prompt.inner_text()
        if text != before and "*" not in text and "[ ]" not in text:
            return one.locator(".jp-OutputArea")
        page.wait_for_timeout(100)
    pytest.fail(f"cell {number} did not finish: {one.inner_text()}")


def curve(view: Locator) -> str:
    """The path of the parabola as it is drawn: the first thick line."""
    return view.locator("path[stroke-width='20']").first.get_attribute("d")


def view_of(page: Page, number: int) -> Locator:
    view = run(page, number).locator("figure.explorer")
    expect(view).to_have_attribute("data-ready", "")
    return view


def test_few_states_travel_and_many_stay(notebook: Page) -> None:
    assert "True False" in cell(notebook, 0).locator(".jp-OutputArea").inner_text()


@pytest.mark.parametrize(("first", "setter", "second"), [(1, 2, 3), (4, 5, 6)], ids=["table", "kernel"])
def test_slider_cell_and_second_view_stay_in_step(notebook: Page, first: int, setter: int, second: int) -> None:
    view = view_of(notebook, first)
    start = curve(view)
    slider = view.locator("input[name=a]")
    slider.focus()
    notebook.keyboard.press("ArrowRight")  # JupyterLab would move to the next cell
    expect(view.locator("output")).to_contain_text(re.compile(r"at 0\.[15]"))
    expect(slider).to_be_focused()
    assert curve(view) != start
    # from a cell
    assert "vertex is at 1.5" in run(notebook, setter).inner_text()
    expect(view.locator("output")).to_contain_text("at 1.5")
    expect(view.locator(".explorer-value").first).to_have_text("1.5")
    moved = curve(view)
    assert moved != start
    # a view that opens later shows the present state and stays in step
    later = view_of(notebook, second)
    expect(later.locator("output")).to_contain_text("at 1.5")
    assert curve(later) == moved
    later.locator("input[name=a]").focus()
    notebook.keyboard.press("Home")
    for one in (view, later):
        expect(one.locator("output")).not_to_contain_text("at 1.5")
    assert curve(view) == curve(later) != moved
    assert view.locator("[id]").first.get_attribute("id") != later.locator("[id]").first.get_attribute("id")
    view.locator(".explorer-reset").click()
    expect(later.locator("output")).to_contain_text("at 0.0")
    assert curve(later) == start


@pytest.mark.parametrize("number", [1, 4], ids=["table", "kernel"])
def test_marker_is_dragged(notebook: Page, number: int) -> None:
    view = cell(notebook, number).locator("figure.explorer")
    box = view.locator(".explorer-handle circle").bounding_box()
    notebook.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    notebook.mouse.down()
    notebook.mouse.move(box["x"] + box["width"] / 2 + 60, box["y"] + 20, steps=4)
    notebook.mouse.up()
    expect(view.locator("output")).to_contain_text(re.compile(r"at (0\.[4-9]|1)"))


def test_it_composes_with_ipywidgets(notebook: Page) -> None:
    area = run(notebook, 7)
    expect(area.locator("figure.explorer")).to_have_attribute("data-ready", "")
    assert "[-1.0] {'a': -1.0, 'b': 1}" in run(notebook, 8).inner_text()
    expect(area.locator("output")).to_contain_text("at -1.0")


def test_value_off_the_grid_is_refused(notebook: Page) -> None:
    text = run(notebook, 9).inner_text()
    assert text.strip() == "ValueError: a must be on its grid from -2 to 2 (nearest: 1.5), got 1.3"


def test_error_in_update_shows_in_the_widget(notebook: Page) -> None:
    view = view_of(notebook, 4)
    view.locator("input[name=b]").focus()
    notebook.keyboard.press("End")
    expect(view.locator(".explorer-error")).to_contain_text("ValueError: b is too steep")
    notebook.keyboard.press("Home")
    expect(view.locator(".explorer-error")).to_have_count(0)


def test_it_follows_the_theme(notebook: Page) -> None:
    """Letters that stand out, and JupyterLab's own surface behind the picture."""
    view = view_of(notebook, 1)
    surface = """one => { while (getComputedStyle(one).backgroundColor === "rgba(0, 0, 0, 0)") one = one.parentElement;
        return getComputedStyle(one).backgroundColor; }"""
    for theme, letters, behind in (("Dark", "232, 234, 237", "17, 17, 17"), ("Light", "32, 33, 36", "255, 255, 255")):
        change = {"theme": f"JupyterLab {theme}"}
        notebook.evaluate("change => jupyterapp.commands.execute('apputils:change-theme', change)", change)
        expect(notebook.locator(f"body[data-jp-theme-name='JupyterLab {theme}']")).to_be_attached()
        expect(notebook.locator("#jupyterlab-splash")).to_have_count(0)  # its curtain, which must fall before the next
        for words in (".explorer-picture text", "output", ".explorer-controls label"):
            expect(view.locator(words).first).to_have_css("fill" if "text" in words else "color", f"rgb({letters})")
        assert view.locator(".explorer-picture svg").first.evaluate(surface) == f"rgb({behind})"


def test_restarted_kernel_leaves_the_picture_and_the_cell_revives_it(notebook: Page) -> None:
    view = view_of(notebook, 1)
    before = curve(view)
    notebook.evaluate("jupyterapp.shell.currentWidget.sessionContext.session.kernel.restart()")
    expect(notebook.locator(".jp-Notebook-ExecutionIndicator[data-status=idle]")).to_be_visible(timeout=30_000)
    expect(view.locator(".explorer-error")).to_have_text(
        "The kernel that made this figure is gone: run the cell again."
    )
    assert curve(view) == before
    view.locator("input[name=a]").focus()
    notebook.keyboard.press("ArrowLeft")  # no kernel knows this explorer: nothing breaks
    expect(view.locator(".explorer-error")).to_contain_text("run the cell again")
    run(notebook, 9)  # counts as the first, so that the next one's number changes
    run(notebook, 0)
    view = view_of(notebook, 1)
    expect(view.locator(".explorer-error")).to_have_count(0)
    view.locator("input[name=a]").focus()
    notebook.keyboard.press("ArrowRight")
    expect(view.locator("output")).to_contain_text("at 0.5")
    expect(view.locator("output")).to_contain_text("steepness is 1.0")
