"""JSON-lines rows: appended and flushed one by one, so that a killed run loses one row at most."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from types import TracebackType
from typing import IO, Any

Row = dict[str, Any]


class RowWriter:
    """Appends rows to a file; a half-written last line, left by a killed run, is cut off first."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._stream: IO[str] | None = None

    def __enter__(self) -> RowWriter:
        self.path.parent.mkdir(parents=True, exist_ok=True)
        _cut_partial_line(self.path)
        self._stream = self.path.open("a", encoding="utf-8", newline="\n")
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        at: TracebackType | None,
    ) -> None:
        if self._stream is not None:
            self._stream.close()

    def write(self, row: Row) -> None:
        """Append one row and flush it."""
        if self._stream is None:
            raise RuntimeError("RowWriter is used in a with block")
        self._stream.write(json.dumps(row, ensure_ascii=False, allow_nan=False) + "\n")
        self._stream.flush()


def _cut_partial_line(path: Path) -> None:
    if path.exists():
        data = path.read_bytes()
        if data and not data.endswith(b"\n"):
            with path.open("r+b") as stream:
                stream.truncate(data.rfind(b"\n") + 1)


def read_rows(path: Path) -> Iterator[Row]:
    """The rows of a file in order, none where it does not exist; without a broken last line."""
    if not path.exists():
        return
    with path.open(encoding="utf-8") as stream:
        for line in stream:
            if line.endswith("\n"):
                yield json.loads(line)


def latest(path: Path) -> dict[str, Row]:
    """The last row of each pair, by the pair's id."""
    return {row["pair"]: row for row in read_rows(path)}
