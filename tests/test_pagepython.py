"""Where Python for a page comes from: only the right bytes are taken, from the first place that has them."""

from __future__ import annotations

import io
import json
import subprocess
import sys
import zipfile
from pathlib import Path

import pagepython
import pytest

RIGHT, TAMPERED = b"the wheel", b"the wheeI"
LOCK = {"info": {}, "packages": {"numpy": {"file_name": "numpy.whl", "sha256": pagepython.sha256(RIGHT)}, "other": {}}}


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(pagepython, "CACHE", tmp_path / "cache")
    return tmp_path / "cache"


def places(monkeypatch: pytest.MonkeyPatch, web: bytes | Exception, package: bytes | Exception) -> list[str]:
    """Two places that give these; the list of those that were asked."""
    asked: list[str] = []

    def place(name: str, gives: bytes | Exception) -> bytes:
        asked.append(name)
        if isinstance(gives, Exception):
            raise gives
        return gives

    monkeypatch.setattr(pagepython, "from_web", lambda address: place("web", web))
    monkeypatch.setattr(pagepython, "from_package", lambda requirement, checksum: place("package", package))
    return asked


def test_the_first_place_with_the_right_bytes_is_taken_and_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    asked = places(monkeypatch, OSError("unreachable"), RIGHT)
    for _ in range(2):
        assert pagepython.numpy(json.dumps(LOCK).encode()) == ("numpy.whl", RIGHT)
    assert asked == ["web", "package"], "the second time it is there"


def test_a_tampered_wheel_is_refused_wherever_it_comes_from(cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    asked = places(monkeypatch, TAMPERED, TAMPERED)
    with pytest.raises(pagepython.Missing, match=r"numpy\.whl .*other bytes"):
        pagepython.numpy(json.dumps(LOCK).encode())
    assert asked == ["web", "package"] and not list(cache.glob("*"))
    cache.mkdir()
    (cache / "numpy.whl").write_bytes(TAMPERED)
    with pytest.raises(pagepython.Missing):
        pagepython.numpy(json.dumps(LOCK).encode())


def test_another_core_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pagepython, "from_npm", lambda package: b"another archive")
    with pytest.raises(pagepython.Missing, match="other bytes"):
        pagepython.core()


def test_a_place_that_fails_is_no_end(monkeypatch: pytest.MonkeyPatch) -> None:
    places(monkeypatch, TimeoutError(), subprocess.CalledProcessError(1, "pip"))
    with pytest.raises(pagepython.Missing, match="TimeoutError, CalledProcessError"):
        pagepython.numpy(json.dumps(LOCK).encode())


def test_it_can_be_left_out(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LOSSBOOK_PYTHON", "off")
    with pytest.raises(pagepython.Missing, match="off"):
        pagepython.parts.__wrapped__()


def test_only_numpy_can_be_loaded() -> None:
    assert list(json.loads(pagepython.short_lock(json.dumps(LOCK).encode()))["packages"]) == ["numpy"]


def test_our_part_is_what_judging_imports_and_always_the_same(tmp_path: Path) -> None:
    archive = pagepython.ours()
    names = set(zipfile.ZipFile(io.BytesIO(archive)).namelist())
    assert {"lossbook/page/answers.py", "lossbook/numerics.py"} <= names
    assert not [name for name in names if "/figures/" in name or "/explorer/" in name or not name.endswith(".py")]
    assert archive == pagepython.ours()
    (tmp_path / "ours.zip").write_bytes(archive)
    code = "import sys; sys.path[:0] = ['ours.zip']; import lossbook.page as page; print(page.__file__)"
    run = subprocess.run([sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True, check=True)
    assert "ours.zip" in run.stdout
