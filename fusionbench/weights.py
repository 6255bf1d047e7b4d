"""Finding weight files by their checksum, and saying which were used."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from fusionbench.errors import WeightsError
from fusionbench.files import sha256_of, user_cache


@dataclass(frozen=True)
class Weights:
    """The weights a method runs with.

    Attributes:
        origin: ``authors``, ``retrained`` or ``file``.
        path: The file.
        sha256: Its checksum.
        note: One sentence for the table's footnote: whose weights these are and how they were made.
    """

    origin: str
    path: Path
    sha256: str
    note: str


@dataclass(frozen=True)
class KnownWeights:
    """A published weights file: how to recognise it and where it comes from."""

    file: str
    bytes: int
    sha256: str
    source: str
    licence: str

    def missing(self, method: str) -> WeightsError:
        """The error for a method whose published weights were not found."""
        return WeightsError(
            f"method '{method}' needs {self.file} ({self.bytes:,} bytes, sha256 {self.sha256}; "
            f"{self.licence}), which was not found.\n"
            f"It is published at {self.source}. Put it in a folder named by --weights-dir or "
            f"FUSIONBENCH_WEIGHTS or in {user_cache('weights')}, name it with "
            f"--weights {method}=FILE, or leave the method out with --methods ...,-{method}"
        )


class WeightsFinder:
    """Looks a file up by size and SHA-256, whatever its name.

    Searched in this order: the given folders, ``FUSIONBENCH_WEIGHTS`` (folders separated as in
    ``PATH``), the user cache's ``weights`` folder; each with its subfolders.
    """

    def __init__(self, folders: Sequence[Path] = ()) -> None:
        self.folders = tuple(folders)

    def places(self) -> list[Path]:
        """The folders that are searched, those that exist."""
        named = [Path(p) for p in os.environ.get("FUSIONBENCH_WEIGHTS", "").split(os.pathsep) if p]
        return [p for p in (*self.folders, *named, user_cache("weights")) if p.is_dir()]

    def find(self, known: KnownWeights) -> Path | None:
        """The first file with that size and checksum, or None."""
        for place in self.places():
            for path in sorted(place.rglob("*")):
                right_size = path.is_file() and path.stat().st_size == known.bytes
                if right_size and sha256_of(path) == known.sha256:
                    return path
        return None


def user_file(method: str, asked: str) -> Weights:
    """The weights file that a user named with ``--weights method=FILE``.

    Raises:
        WeightsError: There is no such file.
    """
    path = Path(asked).expanduser()
    if not path.is_file():
        raise WeightsError(f"--weights {method}={asked}: there is no such file")
    return Weights("file", path, sha256_of(path), f"weights from the user's file {path.name}")
