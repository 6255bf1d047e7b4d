"""Where tasks run: in this process, or in several on this machine.

A task is small and carries paths, not arrays; results come back in order, and the driver alone
writes them. Functions and tasks must be importable, so that another process can run them; the
program that called is not run again there, so that a script needs no ``if __name__ == "__main__"``.
"""

from __future__ import annotations

import multiprocessing
import os
import signal
import sys
import threading
import warnings
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from multiprocessing.connection import Connection
from types import ModuleType
from typing import Any, TypeVar

T = TypeVar("T")
R = TypeVar("R")


def default_workers() -> int:
    """The cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _nothing() -> None:
    """Prepare nothing."""


def run_tasks(
    function: Callable[[T], R],
    tasks: Sequence[T],
    workers: int,
    prepare: Callable[[], object] = _nothing,
    *,
    here: bool = True,
) -> Iterator[R]:
    """Yield ``function(task)`` for each task in order.

    Args:
        function: A module-level function.
        tasks: What to call it with.
        workers: Processes; 1 runs everything here.
        prepare: A module-level function, called once in every process before its first task.
        here: Whether this process is prepared as well, where it does the tasks.
    """
    workers = min(workers, len(tasks))
    if workers <= 1:
        if here:
            prepare()
        yield from map(function, tasks)
        return
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(workers, context, _start_process, (prepare,)) as pool:
        with _deaf(), _without_main():
            results = pool.map(function, tasks)
        yield from results


@contextmanager
def beside(work: Callable[[], R], *, safe: bool = True) -> Iterator[Callable[[], R]]:
    """Do something in a copy of this process while a block runs; it gives what came of it.

    Where no copy can be made safely, it is done here when it is asked for. Nothing but the result,
    which must be possible to pickle, comes back: neither what it remembers nor what it logs is seen
    here. The copy must not use cv2, whose threads are not copied.

    Args:
        work: What to do; raises here what it raises there.
        safe: Whether a copy may be made at all.
    """
    alone = sys.platform == "linux" and threading.active_count() == 1
    if not (safe and alone and default_workers() > 1):
        yield work
        return
    context = multiprocessing.get_context("fork")
    ours, theirs = context.Pipe(duplex=False)
    process = context.Process(target=_send, args=(work, theirs), daemon=True)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # no thread of Python's runs
        process.start()
    theirs.close()
    try:
        yield lambda: _received(ours)
    finally:
        process.terminate()
        process.join()
        ours.close()


def _send(work: Callable[[], object], pipe: Connection) -> None:
    try:
        pipe.send((work(), None))
    except Exception as error:  # the caller's, wherever it happened
        pipe.send((None, error))


def _received(pipe: Connection) -> Any:
    try:
        result, error = pipe.recv()
    except EOFError:
        raise RuntimeError("the process that worked beside this one was killed") from None
    if error is not None:
        raise error
    return result


@contextmanager
def _deaf() -> Iterator[None]:
    """Start processes that do not hear Ctrl-C: this one does, and sees to them."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)


@contextmanager
def _without_main() -> Iterator[None]:
    """Start processes that do not import the program's main module."""
    before = sys.modules["__main__"]
    sys.modules["__main__"] = ModuleType("__main__")
    try:
        yield
    finally:
        sys.modules["__main__"] = before


def _start_process(prepare: Callable[[], object]) -> None:
    """Keep libraries from starting a thread for every core in every process, then prepare."""
    for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
        os.environ[name] = "1"
    import cv2

    cv2.setNumThreads(1)
    prepare()
