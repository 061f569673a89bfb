"""Running what a learner handed in, so that neither an endless loop nor a crash reaches the notebook.

On Linux the work is done in a forked child, which can be ended whatever it does. Where forking is unsafe (elsewhere, or
a library with threads of its own is loaded) it is done in a daemon thread: a loop in Python is interrupted, and what
cannot be interrupted is left behind.
"""

from __future__ import annotations

import contextlib
import ctypes
import io
import json
import multiprocessing.connection as connection
import os
import queue
import signal
import sys
import threading
import warnings
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

Report = Callable[[Any], None]

DONE, TIMEOUT, CRASH = "done", "timeout", "crash"
UNSAFE_TO_FORK = ("torch", "jax", "tensorflow")  # their thread pools do not survive a fork
MEMORY = 2 * 2**30  # bytes a forked answer may take on top of what is there
CPU_SECONDS = 120  # a forgotten child ends itself


class OutOfTime(BaseException):
    """Raised inside a thread that has used up its time. Not an `Exception`, so that `except Exception` lets it pass."""


@dataclass
class Noise:
    """What was printed, and the warnings that were given, while somebody else's code ran."""

    printed: io.StringIO
    warned: list[warnings.WarningMessage]


Work = Callable[[Report, Noise], None]


def confined(work: Work, seconds: float) -> tuple[list[Any], str]:
    """Do `work(report, noise)` out of harm's way; return what it reported (plain data) and how it ended.

    It ends done, or in a timeout (more than `seconds` between two reports), or in a crash.
    """
    if sys.platform == "linux" and not any(name in sys.modules for name in UNSAFE_TO_FORK):
        with contextlib.suppress(OSError):  # no more processes: a thread will do
            return _forked(work, seconds)
    return _threaded(work, seconds)


def _forked(work: Work, seconds: float) -> tuple[list[Any], str]:
    receiver, sender = connection.Pipe(duplex=False)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # 3.12 warns of threads; the child takes no lock of theirs
        child = os.fork()
    if child == 0:
        _in_the_child(work, sender)
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


def _in_the_child(work: Work, sender: connection.Connection) -> None:
    """The child's whole life: work, report, vanish without running the notebook's exit handlers."""
    try:
        _limits()
        with _quiet() as noise:
            work(lambda item: sender.send_bytes(json.dumps(item).encode()), noise)
        sender.send_bytes(json.dumps(DONE).encode())
    finally:
        os._exit(0)


def _limits() -> None:
    import resource  # not on every system

    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the notebook, which then ends this child
    with open("/proc/self/statm", encoding="ascii") as file:
        taken = int(file.read().split()[0]) * resource.getpagesize()
    limits = {resource.RLIMIT_AS: taken + MEMORY, resource.RLIMIT_CPU: CPU_SECONDS, resource.RLIMIT_CORE: 0}
    for limit, value in limits.items():
        with contextlib.suppress(ValueError, OSError):
            resource.setrlimit(limit, (value, resource.getrlimit(limit)[1]))


def _threaded(work: Work, seconds: float) -> tuple[list[Any], str]:
    box: queue.SimpleQueue[tuple[str, Any]] = queue.SimpleQueue()

    def body() -> None:
        try:
            work(lambda item: box.put(("report", item)), noise)
            box.put((DONE, None))
        except BaseException:
            box.put((CRASH, None))

    thread = threading.Thread(target=body, daemon=True, name="lossbook-answer")
    reports: list[Any] = []
    with _quiet() as noise:
        try:
            thread.start()
        except RuntimeError:  # no threads here (a browser, say): better without a limit than not at all
            body()
        try:
            while True:
                what, item = box.get(timeout=seconds)
                if what != "report":
                    return reports, what
                reports.append(item)
        except queue.Empty:
            return reports, TIMEOUT
        finally:
            _interrupt(thread)


def _interrupt(thread: threading.Thread) -> None:
    """End a thread that still runs; once may not be enough, for the answer may catch it."""
    thread.join(0.02)
    for _ in range(20):
        if thread.ident is None or not thread.is_alive():
            return
        ctypes.pythonapi.PyThreadState_SetAsyncExc(ctypes.c_ulong(thread.ident), ctypes.py_object(OutOfTime))
        thread.join(0.02)


@contextlib.contextmanager
def _quiet() -> Iterator[Noise]:
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
