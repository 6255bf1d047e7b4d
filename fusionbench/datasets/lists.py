"""Lists of pairs: a text file of ids or image names, one a line."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path, PurePosixPath

from fusionbench.datasets.matching import FORMS
from fusionbench.datasets.pairing import Pair, natural
from fusionbench.errors import DataError
from fusionbench.files import read_lines
from fusionbench.images import SUFFIXES

_HEADERS = "id name file filename image pair ir vi vis infrared visible thermal rgb"
_HEADER = re.compile(rf"({_HEADERS.replace(' ', '|')})s?", re.IGNORECASE)
_COLUMNS = re.compile(r"[\t,;]")


def read_list(file: Path, pairs: Sequence[Pair], option: str, where: str) -> list[str]:
    """The ids that a file lists, as often as it does.

    An entry is an id or a file of the pair, with or without suffix and folders; blanks within it
    belong to it. Of lines with several columns (tabs, commas, semicolons) all have to name one
    pair. Lines that begin with ``#`` and a first line of column names are passed over, unless pairs
    are called so.

    Args:
        file: The list.
        pairs: The pairs that there are.
        option: What the file was given with, for messages.
        where: What the pairs belong to, for messages.

    Raises:
        DataError: The file cannot be read, is empty, or lists what is not among the pairs.
    """
    try:
        lines = read_lines(file)
    except DataError as error:
        raise DataError(f"{option} {error}") from error
    found = _best(lines, pairs)
    unknown = [line for line, key in zip(lines, found, strict=True) if key is None]
    unknown = [line for line in unknown if not line.startswith("#") and not _is_header(line, lines)]
    if not any(found) and not unknown:
        raise DataError(f"{option} {file} lists nothing; expected ids of {where}, one a line")
    if unknown:
        names = sorted(dict.fromkeys(unknown), key=natural)
        listed = len({*names, *filter(None, found)})
        known = ", ".join(pair.id for pair in pairs[:3])
        raise DataError(
            f"{option} {file}: {len(names)} of {listed} listed pairs are not in {where}: "
            f"{', '.join(names[:10])}; pairs are named {known} ..."
        )
    return [key for key in found if key is not None]


def _best(lines: Sequence[str], pairs: Iterable[Pair]) -> list[str | None]:
    """The id of each line, under the strictest form of names that places most of them."""
    best: list[str | None] = [None] * len(lines)
    for form in FORMS:
        names = _names(pairs, form)
        found = [_of_line(line, names, form) for line in lines]
        if found.count(None) < best.count(None):
            best = found
    return best


def _names(pairs: Iterable[Pair], form: Callable[[str], str]) -> dict[str, str]:
    """Ids by what a pair may be called; no name of several pairs."""
    ids: dict[str, set[str]] = {}
    others: dict[str, set[str]] = {}
    for pair in pairs:
        ids.setdefault(form(pair.id), set()).add(pair.id)
        for name in (pair.ir.stem, pair.vis.stem, pair.id.rpartition("/")[2]):
            others.setdefault(form(name), set()).add(pair.id)
    known = others | ids
    return {name: next(iter(named)) for name, named in known.items() if len(named) == 1}


def _of_line(line: str, names: dict[str, str], form: Callable[[str], str]) -> str | None:
    parts = [part for part in _COLUMNS.split(line) if part.strip()]
    if key := _of_entry(line, names, form, folders=len(parts) < 2):
        return key
    keys = {_of_entry(part, names, form) for part in parts}
    return keys.pop() if len(keys) == 1 else None


def _of_entry(
    text: str, names: dict[str, str], form: Callable[[str], str], *, folders: bool = True
) -> str | None:
    """The id that a text stands for, with ``folders`` in front of it or without."""
    text = text.strip().strip('"').removeprefix("./").replace("\\", "/")
    place = PurePosixPath(text)
    short = str(place.with_suffix("")) if place.suffix.lower() in SUFFIXES else text
    tried = (text, short, *([PurePosixPath(short).name] if folders else []))
    return next((names[form(one)] for one in tried if form(one) in names), None)


def _is_header(line: str, lines: Sequence[str]) -> bool:
    first = _COLUMNS.split(line)[0].strip().strip('"')
    return line == lines[0] and len(lines) > 1 and bool(_HEADER.fullmatch(first))
