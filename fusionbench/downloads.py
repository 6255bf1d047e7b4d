"""Downloading and unpacking, for weights and data sets alike.

A download goes to ``<file>.part``, resumes where it stopped, and takes its name only once its size
and checksum are right. Nothing is downloaded that a user did not ask for.
"""

from __future__ import annotations

import contextlib
import hashlib
import http
import http.client
import lzma
import shutil
import tarfile
import time
import urllib.error
import urllib.parse
import urllib.request
import zipfile
import zlib
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import IO, Any

from fusionbench.errors import STOPPING, FusionBenchError

CHUNK = 1 << 18
TIMEOUT = 30.0
TRIES = 3
SLOWEST = 1000.0
"""Bytes a second, over ``WINDOW`` seconds, below which a mirror counts as stalled."""
WINDOW = 60.0
MOST_BYTES = 256 * 2**30
"""Of a download whose size is not known."""
MOST_EXPANDED = 200
"""How many times larger than its archive unpacked files may be; always allowed are ``ANYWAY``."""
ANYWAY = 2**30
MOST_FILES = 2_000_000


DAMAGE = (
    *(zipfile.BadZipFile, tarfile.TarError, zlib.error, lzma.LZMAError, EOFError, OSError),
    *(RuntimeError, NotImplementedError, UnicodeError),  # a password, a compression, a name
)
"""What unpacking a damaged or strange archive may raise."""


class DownloadError(FusionBenchError):
    """A file that no mirror gave, or an archive that must not be unpacked."""


@dataclass(frozen=True)
class Remote:
    """A file to download.

    Attributes:
        file: Its name here.
        urls: Where it can be had, in the order to try.
        bytes: Its size, if known.
        sha256, md5: Its checksum; one of them must be known.
    """

    file: str
    urls: tuple[str, ...]
    bytes: int | None = None
    sha256: str = ""
    md5: str = ""

    def problem(self, path: Path) -> str:
        """Why a file is not this one, or nothing."""
        size = path.stat().st_size
        if self.bytes is not None and size != self.bytes:
            return f"{size:,} bytes, expected {self.bytes:,}"
        name, expected = ("sha256", self.sha256) if self.sha256 else ("md5", self.md5)
        with path.open("rb") as stream:
            found = hashlib.file_digest(stream, name).hexdigest()
        return "" if found == expected else f"{name} {found}, expected {expected}"


class _Short(Exception):
    """The connection ended before the file did; going on is worth a try."""


def download(
    remote: Remote,
    folder: Path,
    *,
    advance: Callable[[int], None] = lambda count: None,
    timeout: float = TIMEOUT,
    tries: int = TRIES,
) -> Path:
    """Download a file, or find it there already.

    Args:
        remote: What to download.
        folder: Where to put it; made if needed.
        advance: Called with the number of bytes of each chunk.
        timeout: Seconds without a byte after which a mirror counts as stalled.
        tries: How often a mirror is asked to go on after it broke off.

    Raises:
        DownloadError: No mirror gave the file; says what each did.
    """
    if not (remote.sha256 or remote.md5):
        raise ValueError(f"{remote.file} has no checksum")
    target = folder / remote.file
    if target.is_file() and not remote.problem(target):
        return target
    target.parent.mkdir(parents=True, exist_ok=True)
    part = target.with_name(target.name + ".part")
    reasons = []
    for url in remote.urls:
        reason = _from_mirror(url, remote, part, advance, timeout, tries)
        if not reason:
            part.replace(target)
            return target
        reasons.append(f"{url}: {reason}")
    raise DownloadError(f"{remote.file} could not be downloaded:\n  " + "\n  ".join(reasons))


def _from_mirror(
    url: str,
    remote: Remote,
    part: Path,
    advance: Callable[[int], None],
    timeout: float,
    tries: int,
) -> str:
    """Fill the part file from one mirror; why that failed, or nothing."""
    reason = "not tried"
    for _ in range(tries):
        try:
            _receive(url, remote, part, advance, timeout)
        except _Short as short:
            reason = str(short)
            continue
        except (OSError, http.client.HTTPException, DownloadError) as error:
            if getattr(error, "errno", None) in STOPPING:
                raise
            reason = _words(error)
            if isinstance(error, TimeoutError) or "timed out" in reason:
                continue
            return reason
        problem = remote.problem(part)
        if problem:
            part.unlink()
        return problem
    return reason


def _receive(
    url: str, remote: Remote, part: Path, advance: Callable[[int], None], timeout: float
) -> None:
    have = part.stat().st_size if part.is_file() else 0
    if remote.bytes is not None and have >= remote.bytes:
        return
    request = urllib.request.Request(url, headers={"User-Agent": "fusionbench"})
    if have:
        request.add_header("Range", f"bytes={have}-")
    with _answer(request, remote, part, timeout) as answer:
        if answer is None:
            return
        resumed = answer.status == 206 and _starts_at(answer, have)
        with part.open("ab" if resumed else "wb") as stream:
            _copy(answer, stream, remote, have if resumed else 0, advance)


@contextlib.contextmanager
def _answer(
    request: urllib.request.Request, remote: Remote, part: Path, timeout: float
) -> Iterator[Any]:
    """The server's answer; None where the part that is there was the whole file already."""
    try:
        answer = _opener().open(request, timeout=timeout)
    except urllib.error.HTTPError as error:
        if error.code != http.HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE or not part.is_file():
            raise
        if remote.problem(part):
            part.unlink()
            raise _Short("does not go on from the part that is here") from error
        yield None
        return
    with answer:
        yield answer


def _copy(
    answer: Any, stream: IO[bytes], remote: Remote, have: int, advance: Callable[[int], None]
) -> None:
    announced = str(answer.headers.get("Content-Length", ""))
    expected = have + int(announced) if announced.isdecimal() else remote.bytes
    most = MOST_BYTES if remote.bytes is None else remote.bytes
    since, received = time.monotonic(), 0
    while chunk := _read(answer):
        have, received = have + len(chunk), received + len(chunk)
        if have > most:
            stream.truncate(0)
            raise DownloadError(f"sends more than the expected {most:,} bytes")
        stream.write(chunk)
        advance(len(chunk))
        if (passed := time.monotonic() - since) >= WINDOW:
            if received < SLOWEST * passed:
                rate = f"{received / passed:,.0f} bytes a second"
                raise DownloadError(f"sends only {rate}; expected {SLOWEST:,.0f} at least")
            since, received = time.monotonic(), 0
    if expected is not None and have < expected:
        raise _Short(f"broke off after {have:,} of {expected:,} bytes")


def _read(answer: Any) -> bytes:
    try:
        data: bytes = answer.read1(CHUNK)  # what is there, so that a trickle is noticed
    except http.client.IncompleteRead as error:
        raise _Short(f"broke off {error.expected or '?'} bytes before the end") from error
    except TimeoutError as error:
        raise _Short("stalled") from error
    return data


def _starts_at(answer: Any, have: int) -> bool:
    return str(answer.headers.get("Content-Range", "")).startswith(f"bytes {have}-")


def _words(error: Exception) -> str:
    if isinstance(error, urllib.error.HTTPError):
        return f"HTTP {error.code} {error.reason}"
    return str(getattr(error, "reason", None) or error) or type(error).__name__


class _CarefulRedirects(urllib.request.HTTPRedirectHandler):
    """Follows redirects to http and https only, and never from https to http."""

    def redirect_request(
        self, req: Any, fp: Any, code: int, msg: str, headers: Any, newurl: str
    ) -> urllib.request.Request | None:
        before, after = (urllib.parse.urlsplit(u).scheme for u in (req.full_url, newurl))
        if after not in ("http", "https") or (before == "https" and after == "http"):
            raise DownloadError(f"redirects to {newurl}, which is not followed")
        return super().redirect_request(req, fp, code, msg, headers, newurl)


def _opener() -> urllib.request.OpenerDirector:
    return urllib.request.build_opener(_CarefulRedirects)


def unpack(archive: Path, folder: Path) -> None:
    """Unpack a zip or tar archive into a folder, and nowhere else.

    Everything is checked before anything is written; the contents appear in the folder at once.

    Raises:
        DownloadError: It is no such archive, is damaged, holds a member with an absolute path, a
            ``..`` or a link, or would grow beyond all measure (``MOST_EXPANDED``, ``MOST_FILES``).
    """
    folder.mkdir(parents=True, exist_ok=True)
    inside = folder / f".{archive.name}.unpacking"
    shutil.rmtree(inside, ignore_errors=True)
    try:
        if zipfile.is_zipfile(archive):
            with zipfile.ZipFile(archive) as packed:
                _check_members(archive, ((i.filename, i.file_size) for i in packed.infolist()))
                packed.extractall(inside)
        elif tarfile.is_tarfile(archive):
            with tarfile.open(archive) as packed_tar:
                _check_members(archive, ((m.name, m.size) for m in _plain(archive, packed_tar)))
                packed_tar.extractall(inside, filter="data")
        else:
            raise DownloadError(f"{archive.name} is neither a zip nor a tar archive")
        shutil.copytree(inside, folder, dirs_exist_ok=True)
    except DAMAGE as error:
        if getattr(error, "errno", None) in STOPPING:
            raise
        raise DownloadError(f"{archive.name} cannot be unpacked: {error}") from error
    finally:
        shutil.rmtree(inside, ignore_errors=True)


def _plain(archive: Path, packed: tarfile.TarFile) -> Iterator[tarfile.TarInfo]:
    for member in packed:
        if not (member.isfile() or member.isdir()):
            raise DownloadError(f"{archive.name} holds links or devices; not unpacked")
        yield member


def _check_members(archive: Path, members: Iterable[tuple[str, int]]) -> None:
    total, most = 0, max(ANYWAY, MOST_EXPANDED * archive.stat().st_size)
    for count, (name, size) in enumerate(members, 1):
        total += size
        if total > most or count > MOST_FILES:
            raise DownloadError(
                f"{archive.name} ({archive.stat().st_size:,} bytes) would unpack to more than "
                f"{most:,} bytes or {MOST_FILES:,} files; not unpacked"
            )
        path = PurePosixPath(name.replace("\\", "/"))
        if path.is_absolute() or ".." in path.parts or ":" in (path.parts or ("",))[0]:
            raise DownloadError(f"{archive.name} holds '{name}', outside its folder; not unpacked")
