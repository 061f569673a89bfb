"""Make the wheel and the source distribution, and try the wheel in an environment that has never seen this folder.

    python tools/make_dist.py            into dist/
    python tools/make_dist.py --no-trial without the trial, which takes half a minute and a package index

The source distribution is made first and the wheel from it, so both are complete or neither is.
"""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
import venv
import zipfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
DIST = ROOT / "dist"

# What somebody does first who has installed the package: run in an empty folder, with the wheel's Python.
TRIAL = """\
import doctest, importlib, pkgutil, sys
import lossbook
from lossbook.exercises import check
from lossbook.figures.regression import huber_profile

assert "site-packages" in lossbook.__file__, lossbook.__file__
assert lossbook.__version__ == sys.argv[1], lossbook.__version__
modules = ["lossbook", *(found.name for found in pkgutil.walk_packages(lossbook.__path__, "lossbook."))]
results = [doctest.testmod(importlib.import_module(name)) for name in modules]
failed, tried = (sum(numbers) for numbers in zip(*results))
assert tried > 100 and not failed, (tried, failed)
page = huber_profile().html()
assert 'class="explorer"' in page and "<svg" in page
assert check("regression-huber-at-two", "8") and not check("regression-huber-at-two", "4")
print(f"{len(modules)} modules imported, {tried} examples of docstrings run, one explorer as HTML "
      f"({len(page) // 1000} kB), two answers checked")
"""


def make(folder: Path) -> tuple[Path, Path]:
    """The source distribution and the wheel that it gives, in an emptied folder."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    hook = "import sys; from setuptools import build_meta; build_meta.build_sdist(sys.argv[1])"
    with tempfile.TemporaryDirectory() as scratch:  # setuptools leaves its notes in the folder it works in
        copy = Path(scratch) / "lossbook"
        for name in tracked(""):
            if (ROOT / name).exists():
                (copy / name).parent.mkdir(parents=True, exist_ok=True)
                shutil.copy2(ROOT / name, copy / name)
        subprocess.run([sys.executable, "-c", hook, str(folder)], cwd=copy, check=True, stdout=subprocess.DEVNULL)
    (source,) = folder.glob("*.tar.gz")
    pip = [sys.executable, "-m", "pip", "--disable-pip-version-check", "wheel", "-q", "--no-deps"]
    subprocess.run([*pip, "--no-build-isolation", "-w", str(folder), str(source)], check=True)
    (wheel,) = folder.glob("*.whl")
    return source, wheel


def tracked(folder: str) -> set[str]:
    """The files of a folder that the repository holds."""
    command = ["git", "ls-files", "--cached", "--others", "--exclude-standard", *([folder] if folder else [])]
    return set(subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True).stdout.split("\n")) - {""}


def compare(wheel: Path) -> None:
    """Refuse a wheel that lacks a file of the package, or has another."""
    inside = {name for name in zipfile.ZipFile(wheel).namelist() if ".dist-info/" not in name}
    wanted = {name for name in tracked("lossbook") if (ROOT / name).exists()}
    if inside != wanted:
        sys.exit(f"The wheel lacks {sorted(wanted - inside)} and has {sorted(inside - wanted)} besides")


def attempt(wheel: Path) -> None:
    """Install the wheel in a new environment, in another folder, and use it."""
    with tempfile.TemporaryDirectory() as folder:
        venv.create(folder, with_pip=True)
        python = Path(folder) / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
        clean = {key: value for key, value in os.environ.items() if key not in ("PYTHONPATH", "PIP_CONSTRAINT")}
        pip = [str(python), "-m", "pip", "--disable-pip-version-check", "install", "-q", f"{wheel}[live]"]
        pip.append("scikit-learn")  # two examples of docstrings ask for it
        subprocess.run(pip, cwd=folder, env=clean, check=True)
        version = wheel.name.split("-")[1]
        subprocess.run([str(python), "-c", TRIAL, version], cwd=folder, env=clean, check=True)


def main() -> None:
    parser = argparse.ArgumentParser(description="Make the wheel and the source distribution, and try the wheel.")
    parser.add_argument("--no-trial", action="store_true")
    options = parser.parse_args()
    source, wheel = make(DIST)
    compare(wheel)
    print(f"{source.relative_to(ROOT)}, {wheel.relative_to(ROOT)}: every file of the package is in it", flush=True)
    if not options.no_trial:
        attempt(wheel)


if __name__ == "__main__":
    main()
