"""The one module that writes to the terminal: results on stdout, everything else on stderr."""

from __future__ import annotations

import codecs
import io
import logging
import sys
import unicodedata
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from rich.console import Console
from rich.logging import RichHandler

out = Console()
err = Console(stderr=True)


_PLAINER = {
    **{"–": "-", "—": "-", "−": "-", "↑": "^", "↓": "v", "±": "+-", "…": "...", "×": "x"},
    **{"·": ".", "Δ": "d", "τ": "tau", "•": "*", "✓": "yes", "†": "+", "“": '"', "”": '"'},
}


def never_fail() -> None:
    """Let both streams show what their encoding lacks by plainer letters, or escaped.

    A terminal need not be one of UTF-8, and names of files need not be text at all.
    """
    codecs.register_error("plainer", _plainer)
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="plainer")


def _plainer(error: UnicodeError) -> tuple[str, int]:
    if not isinstance(error, UnicodeEncodeError):
        raise error
    given = error.object[error.start : error.end]
    return "".join(map(_letters, given)), error.end


def _letters(character: str) -> str:
    if "\udc80" <= character <= "\udcff":  # a byte of a file's name that is no text
        return f"\\x{ord(character) - 0xDC00:02x}"
    kept = unicodedata.normalize("NFKD", character).encode("ascii", "ignore").decode()
    escaped = character.encode("ascii", "backslashreplace").decode()
    return _PLAINER.get(character) or kept.strip() or escaped


def show(renderable: Any) -> None:
    """Print a result."""
    out.print(renderable)


def plain(text: str) -> None:
    """Print a result as it is: no markup, no colour, no wrapping."""
    out.print(text, markup=False, highlight=False, soft_wrap=True)


def note(text: str) -> None:
    """Tell the user something beside the result."""
    err.print(text, markup=False, highlight=False, soft_wrap=True)


def error(text: str) -> None:
    """Tell the user what went wrong."""
    err.print("error: ", style="bold red", end="")
    err.print(text, markup=False, highlight=False, soft_wrap=True)


def warn(text: str) -> None:
    """Tell the user what may surprise."""
    err.print("warning: ", style="yellow", end="")
    err.print(text, markup=False, highlight=False, soft_wrap=True)


@contextmanager
def progress(what: str, total: int) -> Iterator[Callable[[], None]]:
    """A progress bar on stderr; yields the function that moves it by one."""
    from rich.progress import (
        BarColumn,
        MofNCompleteColumn,
        Progress,
        TextColumn,
        TimeRemainingColumn,
    )

    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeRemainingColumn(elapsed_when_finished=True),
    )
    with Progress(*columns, console=err) as bar:
        task = bar.add_task(what, total=total)
        yield lambda: bar.advance(task)


@contextmanager
def share(what: str) -> Iterator[Callable[[float, str], None]]:
    """A bar on stderr for work whose length is not a count; yields ``move(share 0..1, words)``."""
    from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeElapsedColumn

    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        TaskProgressColumn(),
        TimeElapsedColumn(),
        TextColumn("{task.fields[words]}"),
    )
    with Progress(*columns, console=err) as bar:
        task = bar.add_task(what, total=1.0, words="")
        yield lambda done, words: bar.update(task, completed=done, words=words)


@contextmanager
def bytes_progress(what: str) -> Iterator[Callable[[int], None]]:
    """A count of bytes and their rate on stderr; yields the function that adds to it."""
    from rich.progress import DownloadColumn, Progress, TextColumn, TransferSpeedColumn

    columns = (TextColumn("{task.description}"), DownloadColumn(), TransferSpeedColumn())
    with Progress(*columns, console=err) as bar:
        task = bar.add_task(what, total=None)
        yield lambda count: bar.advance(task, count)


def log_to_terminal(debug: bool) -> None:
    """Send log records to stderr: warnings, or everything when debugging."""
    handler = RichHandler(console=err, show_time=False, show_path=False)
    logger = logging.getLogger("fusionbench")
    logger.handlers[:] = [handler]
    logger.setLevel(logging.DEBUG if debug else logging.WARNING)
