"""Files: checksums, atomic writing, and the user's cache folder."""

from __future__ import annotations

import contextlib
import csv
import hashlib
import io
import json
import math
import os
import re
import tempfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from fusionbench.errors import DataError

_MARKS = {
    b"\xff\xfe\x00\x00": "UTF-32",
    b"\x00\x00\xfe\xff": "UTF-32",
    b"\xff\xfe": "UTF-16",
    b"\xfe\xff": "UTF-16",
}
_LEFTOVERS = {"__macosx", "@eadir", "thumbs.db", "desktop.ini", "$recycle.bin", "lost+found"}

TEMPORARY = ".fusionbench-"
"""How the names of temporary files begin."""
FORMULA = ("=", "+", "-", "@", "\t")
"""What makes a spreadsheet take a cell for a formula."""


def csv_text(rows: Iterable[Sequence[object]]) -> str:
    """Rows as CSV with Unix line ends; no text is a formula to a spreadsheet.

    Text that begins as a formula does gets an apostrophe in front; numbers are left alone.
    """
    stream = io.StringIO(newline="")
    writer = csv.writer(stream, lineterminator="\n")
    writer.writerows([_cell(value) for value in row] for row in rows)
    return stream.getvalue()


def _cell(value: object) -> object:
    if not isinstance(value, str):
        return value
    text = value.replace("\r", " ")  # ends a line to some readers, quoted or not
    return f"'{text}" if text.startswith(FORMULA) and not is_number(text) else text


def plain_cell(text: str) -> str:
    """What stood in a cell before :func:`csv_text` put an apostrophe in front."""
    return text[1:] if text.startswith("'") and text[1:].startswith(FORMULA) else text


def is_number(text: str) -> bool:
    """Whether a text is a number, infinite ones and NaN among them."""
    try:
        float(text)
    except ValueError:
        return False
    return True


def sha256_of(path: Path) -> str:
    """The SHA-256 of a file's bytes, in hexadecimal."""
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def digest(value: Any) -> str:
    """A short SHA-256 (16 hexadecimal digits) of a JSON-like value, the same on every machine."""
    text = json.dumps(value, sort_keys=True, separators=(",", ":"), default=str)
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def packaged(*names: str) -> Path:
    """A file or folder of ``configs/``, which the package holds."""
    from fusionbench import configs

    return Path(str(configs.__file__)).parent.joinpath(*names)


def is_hidden(name: str) -> bool:
    """Whether a file or folder is none of the user's data: a name that begins with a dot (such as
    ``._00001.png``, ``.ipynb_checkpoints``), or what a system leaves behind.
    """
    return name.startswith(".") or name.casefold() in _LEFTOVERS


def subfolders(folder: Path) -> list[Path]:
    """The folders in a folder, without hidden ones; none where it cannot be read."""
    try:
        return [d for d in sorted(folder.iterdir()) if not is_hidden(d.name) and d.is_dir()]
    except OSError:
        return []


def read_text(path: Path) -> str:
    """A text file in UTF-8, with or without a byte order mark.

    Raises:
        DataError: It cannot be read, or is in another encoding; says which, or the line.
    """
    try:
        data = path.read_bytes()
    except OSError as error:
        raise DataError(f"{path}: cannot be read: {error.strerror or error}") from error
    found = next((name for mark, name in _MARKS.items() if data.startswith(mark)), "")
    if found or b"\0" in data:
        said = f"it is {found}" if found else "it holds zero bytes: no text, or UTF-16"
        raise DataError(f"{path}: cannot be read: {said}; save it as UTF-8")
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise DataError(
            f"{path}, line {line}: cannot be read: byte 0x{data[error.start]:02x} is not UTF-8 "
            "(Latin-1, GBK or another old encoding?); save it as UTF-8"
        ) from error


def read_lines(path: Path) -> list[str]:
    """The lines of a text file that are not empty, without blanks around them.

    Raises:
        DataError: As :func:`read_text`.
    """
    lines = re.split(r"\r\n|\r|\n", read_text(path))
    return [stripped for line in lines if (stripped := line.strip())]


def user_cache(*parts: str) -> Path:
    """A folder below the user's cache (``FUSIONBENCH_CACHE``, else ``~/.cache/fusionbench``)."""
    named = os.environ.get("FUSIONBENCH_CACHE")
    base = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return (Path(named) if named else Path(base) / "fusionbench").joinpath(*parts)


@contextlib.contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """A temporary path beside ``path`` that takes its place when the block ends well."""
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=TEMPORARY, suffix=path.suffix)
    os.close(handle)
    temporary = Path(name)
    try:
        yield temporary
        temporary.chmod(0o666 & ~_umask())
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)


def remove_leftovers(folder: Path) -> int:
    """Remove the temporary files that killed processes left below a folder; how many there were."""
    found = [path for path in folder.rglob(f"{TEMPORARY}*") if path.is_file()]
    for path in found:
        path.unlink(missing_ok=True)
    return len(found)


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask


def write_text(path: Path, text: str) -> None:
    """Write a text file atomically (UTF-8, Unix line ends)."""
    with replacing(path) as temporary:
        temporary.write_text(text, encoding="utf-8", newline="\n")


def write_texts(folder: Path, texts: Mapping[str, str]) -> list[Path]:
    """Write text files of these names into a folder, each atomically; the files."""
    for name, text in texts.items():
        write_text(folder / name, text)
    return [folder / name for name in texts]


def write_json(path: Path, value: Any) -> None:
    """Write a JSON file atomically."""
    write_text(path, json.dumps(value, indent=2, ensure_ascii=False, allow_nan=False) + "\n")


def to_json_number(value: float) -> float | str:
    """A float as strict JSON can hold it: ``nan``, ``inf`` and ``-inf`` become strings."""
    return value if math.isfinite(value) else str(value)
