"""Running what a learner handed in, in a process of its own: whatever it does, that process can be ended.

On Linux the process is a fork of the notebook, there in milliseconds. Where a fork is unsafe it is a new Python, which
takes a second to start and gets a copy of the answer. In a page there are no processes: there the whole Python is the
sandbox, and the page, which listens to what is `heard`, ends it.
"""

from __future__ import annotations

import contextlib
import io
import json
import os
import pickle
import queue
import signal
import subprocess
import sys
import threading
import warnings
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import IO, Any, NoReturn

Report = Callable[[Any], None]

DONE, TIMEOUT, CRASH, NOT_SENT = "done", "timeout", "crash", "not sent"
UNSAFE_TO_FORK = ("jax", "tensorflow")  # their threads hold locks that nobody in the child would release
MEMORY = 2 * 2**30  # bytes an answer may take on top of what is there
CPU_SECONDS = 120  # a forgotten child ends itself
START_SECONDS = 60.0  # for a new Python to import what the answer uses; PyTorch alone may take ten


@dataclass
class Noise:
    """What was printed, and the warnings that were given, while somebody else's code ran."""

    printed: io.StringIO
    warned: list[warnings.WarningMessage]


Work = Callable[[Report, Noise], None]
heard: Callable[[list[Any]], None] | None = None  # in a page it is told the reports until now, at every new one


def confined(work: Work, seconds: float) -> tuple[list[Any], str]:
    """Do `work(report, noise)` out of harm's way; return what it reported (plain data) and how it ended.

    It ends done, or in a timeout (more than `seconds` between two reports), or in a crash. Where it must be copied into
    a new Python and cannot be, it ends not sent.
    """
    if sys.platform == "emscripten":
        return _directly(work)
    return _forked(work, seconds) if _safe_to_fork() else _spawned(work, seconds)


def _directly(work: Work) -> tuple[list[Any], str]:
    """In this very Python, without walls: the page has put it where it can be ended."""
    reports: list[Any] = []

    def report(item: Any) -> None:
        reports.append(item)
        if heard:
            heard(reports)

    try:
        with quiet() as noise:
            work(report, noise)
        return reports, DONE
    except BaseException:
        return reports, CRASH


def _safe_to_fork() -> bool:
    if sys.platform != "linux" or any(name in sys.modules for name in UNSAFE_TO_FORK):
        return False
    torch = sys.modules.get("torch")  # on the CPU a fork can use it, with one thread; see `_in_the_child`
    return torch is None or not torch.cuda.is_initialized()


def _forked(work: Work, seconds: float) -> tuple[list[Any], str]:
    from multiprocessing import connection

    receiver, sender = connection.Pipe(duplex=False)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # 3.12 warns of threads; the child takes no lock of theirs
        child = os.fork()
    if child == 0:
        _in_the_child(work, lambda item: sender.send_bytes(json.dumps(item).encode()))
    sender.close()
    reports: list[Any] = []
    try:
        while receiver.poll(seconds):
            item = json.loads(receiver.recv_bytes())
            if item == DONE:
                return reports, DONE
            reports.append(item)
        return reports, TIMEOUT
    except (EOFError, OSError, ValueError):
        return reports, CRASH
    finally:
        with contextlib.suppress(OSError):
            os.kill(child, signal.SIGKILL)
        with contextlib.suppress(OSError):
            os.waitpid(child, 0)
        receiver.close()


def _in_the_child(work: Work, report: Report) -> NoReturn:
    """A child's whole life, forked or spawned: work, report, vanish without running anybody's exit handlers."""
    try:
        if "torch" in sys.modules:  # its pool of threads stayed behind with the parent
            sys.modules["torch"].set_num_threads(1)
        _limits()
        with quiet() as noise:
            work(report, noise)
        report(DONE)
    finally:
        os._exit(0)


def _limits() -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the notebook, which then ends this child
    if sys.platform != "linux":
        return
    import resource

    with open("/proc/self/statm", encoding="ascii") as file:
        taken = int(file.read().split()[0]) * resource.getpagesize()
    limits = {resource.RLIMIT_AS: taken + MEMORY, resource.RLIMIT_CPU: CPU_SECONDS, resource.RLIMIT_CORE: 0}
    for limit, value in limits.items():
        with contextlib.suppress(ValueError, OSError):
            resource.setrlimit(limit, (value, resource.getrlimit(limit)[1]))


def _spawned(work: Work, seconds: float) -> tuple[list[Any], str]:
    copied = _copied(work)
    if copied is None:
        return [], NOT_SENT
    # The path is handed over so that the new Python finds what this one finds. `_serve` reads the copy from its stdin.
    start = f"import sys; sys.path[:] = {sys.path!r}; from lossbook.exercises.sandbox import _serve; _serve()"
    child = subprocess.Popen(
        [sys.executable, "-c", start],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        creationflags=getattr(subprocess, "CREATE_NO_WINDOW", 0),
    )
    lines: queue.SimpleQueue[bytes] = queue.SimpleQueue()
    threading.Thread(target=_talk, args=(child, copied, lines), daemon=True).start()
    reports: list[Any] = []
    try:
        item = json.loads(lines.get(timeout=START_SECONDS))  # that it has read the copy
        while (item := json.loads(lines.get(timeout=seconds))) != DONE:
            reports.append(item)
        return reports, DONE
    except queue.Empty:
        return reports, TIMEOUT
    except ValueError:  # the last line is empty: it has ended
        return reports, CRASH
    finally:
        child.kill()
        child.wait()


def _copied(work: Work) -> bytes | None:
    """`work`, with the answer in it, as bytes; in a thread, for the answer's own methods have a say in it."""
    box: queue.SimpleQueue[bytes | None] = queue.SimpleQueue()

    import cloudpickle

    def copy() -> None:
        try:
            box.put(cloudpickle.dumps(work))
        except BaseException:
            box.put(None)

    threading.Thread(target=copy, daemon=True).start()
    with contextlib.suppress(queue.Empty):
        return box.get(timeout=START_SECONDS)
    return None


def _talk(child: subprocess.Popen[bytes], copied: bytes, lines: queue.SimpleQueue[bytes]) -> None:
    assert child.stdin and child.stdout
    with contextlib.suppress(OSError), child.stdin:
        child.stdin.write(copied)
    with child.stdout:
        for line in child.stdout:
            lines.put(line)
    lines.put(b"")


def _serve() -> None:
    """What a new Python does: read the work, and report on what was the standard output. An error ends it: a crash."""
    out: IO[bytes] = os.fdopen(os.dup(1), "wb", buffering=0)
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)  # what C code prints must not stand among the reports

    def report(item: Any) -> None:
        out.write(json.dumps(item).encode() + b"\n")

    work = pickle.loads(sys.stdin.buffer.read())
    report("ready")
    _in_the_child(work, report)


@contextlib.contextmanager
def quiet() -> Iterator[Noise]:
    """Nothing is printed into the notebook, nothing waits at `input()`; what was printed and warned of is kept."""
    noise, stdin = Noise(io.StringIO(), []), sys.stdin
    sys.stdin = io.StringIO()
    try:
        with (
            contextlib.redirect_stdout(noise.printed),
            contextlib.redirect_stderr(noise.printed),
            warnings.catch_warnings(record=True) as noise.warned,
        ):
            warnings.simplefilter("always")
            yield noise
    finally:
        sys.stdin = stdin
