"""Finding the label file of every pair."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from fusionbench.datasets.catalogue import LabelLayout
from fusionbench.errors import DataError

_PLACEHOLDER = re.compile(r"\{(\w+)\}")


class NoLabelsError(DataError):
    """A data set has no labels that could be read: none are declared, or none are there."""


@dataclass(frozen=True)
class FoundFiles:
    """Label files on disk.

    Attributes:
        files: By pair id; one file for all pairs stands under every id.
        source: The pattern that found them, with its folder.
        base: The folder that the pattern was tried in.
        pattern: The pattern.
        own: Whether they are labels of one's own, which no data set declares.
        strangers: Names of label files beside one's own that belong to none of the pairs.
    """

    files: dict[str, Path]
    source: str
    base: Path
    pattern: str
    own: bool = False
    strangers: tuple[str, ...] = ()


def find_files(
    layout: LabelLayout, split: str, ids: Sequence[str], places: Sequence[Path]
) -> FoundFiles | None:
    """The label files of pairs, from the first place and pattern that has any; None for none."""
    for place, pattern in candidates(layout, split, places):
        paths = ((pair, fill(pattern, pair)) for pair in ids)
        named = {pair: as_spelled(place / path) for pair, path in paths if path}
        files = {pair: path for pair, path in named.items() if path}
        if files:
            return FoundFiles(files, str(place / pattern), place, pattern)
    return None


def as_spelled(path: Path) -> Path | None:
    """The path if there is such a file, with its suffix in small or capital letters.

    Raises:
        DataError: It is a link that leads nowhere, or a folder: not to be taken for no file.
    """
    for spelled in (path, path.with_suffix(path.suffix.upper())):
        if spelled.is_file():
            return spelled
        if spelled.is_symlink() or spelled.exists():
            raise DataError(f"{spelled}: a link that leads nowhere, or a folder, not a file")
    return None


_EXPORTED = re.compile(r"_(?:png|jpe?g|bmp|tiff?|webp)\.rf\.[0-9A-Za-z]{16,}")


def bare(name: str) -> str:
    """The name of the image that an export of labels was made of.

    >>> bare("01301_png.rf.0123456789abcdef0123456789abcdef")
    '01301'
    """
    return _EXPORTED.sub("", name)


def candidates(
    layout: LabelLayout, split: str, places: Sequence[Path]
) -> Iterator[tuple[Path, str]]:
    """Every folder and pattern to try, in order."""
    for pattern in layout.files.get(split, ()):
        for place in places:
            yield place, pattern


def places_of(folder: Path, data_root: Path | None) -> list[Path]:
    """Where a data set's labels may lie: its folder, the one that holds it, the data root."""
    found = [folder, folder.parent, *([data_root] if data_root else [])]
    return list(dict.fromkeys(path.resolve() for path in found))


def fill(pattern: str, pair: str) -> str | None:
    """The file of a pair; None where the pair's id does not have the pattern's parts.

    >>> fill("annotations/{set}/{frame}.txt", "set00/I01")
    'annotations/set00/I01.txt'
    >>> fill("labels/{number}.txt", "00131D")
    'labels/131.txt'
    """
    names = list(dict.fromkeys(_PLACEHOLDER.findall(pattern)))
    values = {"number": _number(pair)} if "number" in names else {}
    parts = [name for name in names if name != "number"]
    given = [pair] if len(parts) == 1 else pair.split("/")
    if len(parts) not in (0, len(given)) or None in values.values():
        return None
    filled = values | dict(zip(parts, given, strict=False))
    return _PLACEHOLDER.sub(lambda match: str(filled[match.group(1)]), pattern)


def _number(pair: str) -> str | None:
    digits = re.match(r"\d+", pair)
    return str(int(digits.group())) if digits else None
