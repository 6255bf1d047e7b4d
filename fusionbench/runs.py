"""A run is a folder; this is its map, and how its rows are written and read.

Rows are JSON lines, appended and flushed one by one: a killed run loses one row at most.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache, cached_property
from pathlib import Path
from types import TracebackType
from typing import IO, Any

from fusionbench.files import replacing
from fusionbench.manifest import DataSetRecord, Manifest, MethodRecord, PairRecord
from fusionbench.names import check_path, distinct

Row = dict[str, Any]
SHOWN = 3

log = logging.getLogger(__name__)


class RowWriter:
    """Appends rows to a file; what is no row in it is set aside first, into ``NAME.jsonl.bad``.

    A half-written last line, left by a killed run, is cut off.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._stream: IO[str] | None = None

    def __enter__(self) -> RowWriter:
        self.path.parent.mkdir(parents=True, exist_ok=True)
        _set_bad_lines_aside(self.path)
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


def _set_bad_lines_aside(path: Path) -> None:
    if not path.exists():
        return
    lines = path.read_bytes().splitlines(keepends=True)
    good, bad, numbers = [], [], []
    for number, line in enumerate(lines, 1):
        if not line.endswith(b"\n"):
            continue
        if _row(line) is not None:
            good.append(line)
        else:
            bad.append(line)
            numbers.append(number)
    if len(good) == len(lines):
        return
    if bad:
        _say(path, tuple(numbers))
        with path.with_name(f"{path.name}.bad").open("ab") as stream:
            stream.writelines(bad)
    with replacing(path) as temporary:
        temporary.write_bytes(b"".join(good))


def read_rows(path: Path) -> Iterator[Row]:
    """The rows of a file in order, none where it does not exist; without a broken last line.

    A line that is no row (cut, two merged into one, blank, not UTF-8) is read past and said once;
    the pair that it was of is then done again. It stays until rows are added to the file.
    """
    if not path.exists():
        return
    bad = []
    with path.open("rb") as stream:
        for number, line in enumerate(stream, 1):
            if not line.endswith(b"\n"):
                continue
            row = _row(line)
            if row is None:
                bad.append(number)
            else:
                yield row
    if bad:
        _say(path, tuple(bad))


def _row(line: bytes) -> Row | None:
    try:
        row = json.loads(line)
    except ValueError:  # json's and Unicode's errors are of this kind
        return None
    return row if isinstance(row, dict) and isinstance(row.get("pair"), str) else None


@cache
def _say(path: Path, lines: tuple[int, ...]) -> None:
    """Say which lines are no rows, once in a process."""
    shown = ", ".join(map(str, lines[:SHOWN])) + (" ..." if len(lines) > SHOWN else "")
    word = "line is" if len(lines) == 1 else "lines are"
    log.warning("%s: %d %s no row and are read past (%s)", path, len(lines), word, shown)


def latest(path: Path) -> dict[str, Row]:
    """The last row of each pair, by the pair's id."""
    return {row["pair"]: row for row in read_rows(path)}


@dataclass(frozen=True)
class Run:
    """Paths and rows of one run folder.

    ``fused/<dataset>/<method>/<pair>.png`` and ``fused/<dataset>/<method>.jsonl`` come from the
    fuse stage, ``scores/<dataset>/<method>.jsonl`` from the score stage, the rest from the report.
    A name that would lead out of the folder raises :class:`~fusionbench.errors.FusionBenchError`.
    """

    root: Path

    @cached_property
    def manifest(self) -> Manifest:
        """What the run was made from; its methods' labels are told apart."""
        manifest = Manifest.read(self.root)
        labels = distinct(method.label for method in manifest.methods)
        for method, label in zip(manifest.methods, labels, strict=True):
            method.label = label
        return manifest

    @classmethod
    def holding(cls, root: Path, manifest: Manifest) -> Run:
        """The run of a folder as if its manifest were this one."""
        run = cls(root)
        run.__dict__["manifest"] = manifest
        return run

    def fused_rows(self, dataset: str, method: str) -> Path:
        """Rows ``{pair, hash, sha256, seconds}`` or ``{pair, hash, error, traceback}``."""
        return self._below("fused", dataset, method, suffix=".jsonl")

    def score_rows(self, dataset: str, method: str) -> Path:
        """Rows ``{pair, fused, hash, values, errors}``; the last three are keyed by column."""
        return self._below("scores", dataset, method, suffix=".jsonl")

    def fused_image(self, dataset: DataSetRecord, method: MethodRecord, pair: PairRecord) -> Path:
        """The fused image of one pair, made here or brought from elsewhere."""
        brought = method.fused.get(dataset.name)
        if brought is not None:
            return Path(brought[pair.id])
        return self._below("fused", dataset.name, method.name, pair.id, suffix=".png")

    def _below(self, *names: str, suffix: str) -> Path:
        *folders, last = (check_path(name, "name") for name in names)
        return self.root.joinpath(*folders, last + suffix)

    def has_image(self, dataset: DataSetRecord, method: MethodRecord, pair: PairRecord) -> bool:
        """Whether a fused image is meant to be there for the pair."""
        brought = method.fused.get(dataset.name)
        return brought is None or pair.id in brought

    def failures(self, dataset: str, method: str) -> dict[str, Row]:
        """Pairs on which the method failed, with the row that says how."""
        rows = latest(self.fused_rows(dataset, method))
        return {pair: row for pair, row in rows.items() if "error" in row}

    def scores(self, dataset: str, method: str) -> dict[str, Row]:
        """The newest score row of every pair."""
        return latest(self.score_rows(dataset, method))
