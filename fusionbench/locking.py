"""One process at a time works on a run's folder; the second one says who holds it, or waits."""

from __future__ import annotations

import json
import os
import platform
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from fusionbench.errors import FusionBenchError
from fusionbench.files import write_json

if TYPE_CHECKING:
    from filelock import BaseFileLock

LOCK, HOLDER = ".lock", ".lock.json"

waits = False
"""Whether a folder that another process holds is waited for (``--wait``)."""
_held: dict[Path, BaseFileLock] = {}


def hold(root: Path) -> None:
    """Keep a run's folder for this process until it ends or :func:`release_all` is called.

    The operating system holds the lock, so that one of a killed process does not stay. On a shared
    folder it is as good as the file system's own locks are.

    Raises:
        FusionBenchError: Another process holds it, and waiting was not asked for.
    """
    from filelock import FileLock, Timeout

    from fusionbench import console

    key = root.resolve()
    if key in _held:
        return
    root.mkdir(parents=True, exist_ok=True)
    lock = FileLock(root / LOCK)
    try:
        lock.acquire(timeout=0)
    except Timeout:
        if not waits:
            raise FusionBenchError(
                f"{root} is being worked on by {_holder(root)}; let it end, wait for it with "
                "--wait, or name another --out"
            ) from None
        console.note(f"waiting for {_holder(root)}, which works on {root}")
        lock.acquire()
    _held[key] = lock
    write_json(root / HOLDER, _self())


def _self() -> dict[str, Any]:
    from fusionbench.manifest import command_line

    since = datetime.now(UTC).isoformat(timespec="seconds")
    who = {"pid": os.getpid(), "host": platform.node(), "since": since}
    return {**who, "command": command_line()}


def _holder(root: Path) -> str:
    try:
        who = json.loads((root / HOLDER).read_text("utf-8"))
        return f"process {who['pid']} on {who['host']} since {who['since']} (`{who['command']}`)"
    except (OSError, ValueError, KeyError, TypeError):
        return "another process"


def release_all() -> None:
    """Give back every folder that this process holds."""
    global waits
    waits = False
    _release(list(_held))


def _release(roots: Iterable[Path]) -> None:
    for root in roots:
        (root / HOLDER).unlink(missing_ok=True)
        _held.pop(root).release()


@contextmanager
def released(*, wait: bool = False) -> Iterator[None]:
    """Give back, after a block, the folders that it holds; ``wait`` waits for those of others."""
    global waits
    before, waited = set(_held), waits
    waits = wait or waits
    try:
        yield
    finally:
        waits = waited
        _release(set(_held) - before)
