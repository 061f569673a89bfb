"""Python for the reader's browser: where its parts come from, and how they are packed for the site.

    python tools/pagepython.py          fetch what is missing, and say what there is

The core is npm's `pyodide`, at a pinned version and checksum. NumPy's wheel for it is known by the checksum in the
core's own lock file, and is taken from the first place that has these very bytes. Both are kept outside of the
repository, in `~/.cache/lossbook` or where LOSSBOOK_CACHE says. LOSSBOOK_PYTHON=off builds the site without.
"""

from __future__ import annotations

import base64
import functools
import gzip
import hashlib
import io
import json
import os
import shutil
import subprocess
import sys
import tarfile
import tempfile
import urllib.request
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
CACHE = Path(os.environ.get("LOSSBOOK_CACHE") or Path.home() / ".cache" / "lossbook")
VERSION = "0.29.1"  # the newest whose NumPy both places have
CORE = (  # of the package, as npm writes it
    "sha512-mpk9jtkiM7Ugh1r9P9dbR8vKrmf0lED32hBZq+Fn1kkkBiUoOjSsJEWcyprugICpiFpIXpUOf80ZrvFXkQMk2g=="
)
PATIENCE = 10  # seconds that a place may take to answer
SCRIPT, LOCK = "pyodide.js", "pyodide-lock.json"
FILES = (SCRIPT, "pyodide.asm.js", "pyodide.asm.wasm", "python_stdlib.zip", LOCK)
PACKED = (".js", ".wasm")  # the rest is compressed already
NODE = Path(sys.prefix) / "bin"


class Missing(Exception):
    """A part that cannot be had, and why."""


def kept(name: str, right: Callable[[bytes], bool], places: Iterator[Callable[[], bytes]]) -> bytes:
    """The bytes called `name`: from the cache, or from the first place that gives the right ones."""
    path = CACHE / name
    if path.exists() and right(found := path.read_bytes()):
        return found
    reasons = []
    for place in places:
        try:
            found = place()
        except (OSError, subprocess.SubprocessError, StopIteration) as problem:
            reasons.append(type(problem).__name__)
            continue
        if right(found):
            CACHE.mkdir(parents=True, exist_ok=True)
            part = path.with_name(f"{name}.{os.getpid()}")
            part.write_bytes(found)
            part.replace(path)
            return found
        reasons.append("other bytes than its checksum says")
    raise Missing(f"{name} ({', '.join(reasons) or 'no place has it'})")


# ── The places ───────────────────────────────────────────────────────────────────────────────────────────────────────


def from_npm(package: str) -> bytes:
    with tempfile.TemporaryDirectory() as folder:
        path = f"{NODE}{os.pathsep}{os.environ.get('PATH', '')}"
        npm = shutil.which("npm", path=path)
        if not npm:
            raise FileNotFoundError("npm")
        command = [npm, "pack", package, "--pack-destination", folder, "--silent"]
        environment = {**os.environ, "PATH": path, "npm_config_fetch_retries": "0"}
        subprocess.run(command, env=environment, check=True, capture_output=True, cwd=folder, timeout=120)
        return next(Path(folder).glob("*.tgz")).read_bytes()


def from_web(address: str) -> bytes:
    with urllib.request.urlopen(address, timeout=PATIENCE) as answer:
        return bytes(answer.read())


def from_package(requirement: str, checksum: str) -> bytes:
    """The member with this SHA-256 of a package that carries it."""
    with tempfile.TemporaryDirectory() as folder:
        command = [sys.executable, "-m", "pip", "--disable-pip-version-check", "-qq", "download", "--no-deps"]
        environment = {**os.environ, "PIP_RETRIES": "0", "PIP_CONSTRAINT": ""}
        subprocess.run(
            [*command, "-d", folder, requirement], env=environment, check=True, capture_output=True, timeout=300
        )
        with zipfile.ZipFile(next(Path(folder).glob("*.whl"))) as package:
            members = (package.read(name) for name in package.namelist() if name.endswith(".whl"))
            return next(member for member in members if sha256(member) == checksum)


# ── The parts ────────────────────────────────────────────────────────────────────────────────────────────────────────


def sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def integrity(data: bytes) -> str:
    return f"sha512-{base64.b64encode(hashlib.sha512(data).digest()).decode()}"


def core() -> dict[str, bytes]:
    """The files of the core that a page needs."""
    name = f"pyodide-{VERSION}.tgz"
    data = kept(name, lambda data: integrity(data) == CORE, iter([lambda: from_npm(f"pyodide@{VERSION}")]))
    with tarfile.open(fileobj=io.BytesIO(data)) as archive:
        files = {file: archive.extractfile(f"package/{file}") for file in FILES}
        return {file: member.read() for file, member in files.items() if member}


def numpy(lock: bytes) -> tuple[str, bytes]:
    """NumPy's wheel, by the name and checksum in the core's lock file."""
    entry = json.loads(lock)["packages"]["numpy"]
    name, checksum = entry["file_name"], entry["sha256"]
    places = [
        lambda: from_web(f"https://cdn.jsdelivr.net/pyodide/v{VERSION}/full/{name}"),
        lambda: from_package("gbdraw==0.14.2", checksum),  # it ships this wheel with its own page; 41 MB
    ]
    return name, kept(name, lambda data: sha256(data) == checksum, iter(places))


LISTED = """
import sys, importlib, lossbook.page, lossbook.exercises
for name in lossbook.page.CALLS.values():
    importlib.import_module("lossbook.page." + name)
lossbook.exercises.exercises()
print(*(module.__file__ for name, module in sys.modules.items() if name.partition(".")[0] == "lossbook"), sep="\\n")
"""


def ours() -> bytes:
    """The modules of `lossbook` that a page's calls import, as an archive that is the same for the same sources."""
    run = subprocess.run([sys.executable, "-c", LISTED], cwd=ROOT, check=True, capture_output=True, text=True)
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as file:
        for path in sorted(map(Path, run.stdout.split("\n")[:-1])):
            file.writestr(zipfile.ZipInfo(path.relative_to(ROOT).as_posix()), path.read_bytes(), zipfile.ZIP_DEFLATED)
    return archive.getvalue()


def short_lock(lock: bytes) -> bytes:
    """The lock file with NumPy alone: nothing else can be loaded."""
    whole = json.loads(lock)
    return json.dumps({"info": whole["info"], "packages": {"numpy": whole["packages"]["numpy"]}}).encode()


def pack(data: bytes) -> bytes:
    """As gzip packs it; that takes seconds for the core, so it is kept."""
    path = CACHE / f"{sha256(data)[:12]}.gz"
    if path.exists() and gzip.decompress(packed := path.read_bytes()) == data:
        return packed
    packed = gzip.compress(data, 9, mtime=0)
    path.write_bytes(packed)
    return packed


@functools.cache
def parts() -> dict[str, bytes]:
    """What stands in the folder `_static/python` of the site, by file name. Raises `Missing`.

    `parts.json` names the others with what tells versions apart, so that a browser may keep them for ever.
    """
    if os.environ.get("LOSSBOOK_PYTHON") == "off":
        raise Missing("LOSSBOOK_PYTHON is off")
    files = core()
    name, wheel = numpy(files[LOCK])
    files |= {LOCK: short_lock(files[LOCK]), name: wheel, "lossbook.zip": ours()}
    packed, entries = {}, {}
    for file, data in files.items():
        squeezed = pack(data) if file.endswith(PACKED) else data
        stored = f"{sha256(data)[:12]}-{file}{'.packed' if squeezed is not data else ''}"
        packed[stored] = squeezed
        entries[file] = {"file": stored, "size": len(squeezed), "packed": squeezed is not data}
    total = sum(len(data) for data in packed.values())
    listed = {"numpy": name, "total": total, "files": entries}
    return packed | {"parts.json": json.dumps(listed).encode()}


def size(found: dict[str, bytes]) -> str:
    """What a reader is told of the download: megabytes."""
    return f"{sum(map(len, found.values())) / 1e6:.1f}"


if __name__ == "__main__":
    try:
        print(f"Python for the page: {size(parts())} MB, kept in {CACHE}")
    except Missing as problem:
        sys.exit(f"Python for the page cannot be had: {problem}")
