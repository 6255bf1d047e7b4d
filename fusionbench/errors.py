"""Errors that a user can act on; the command line prints them without a traceback."""

from __future__ import annotations

import difflib
import errno
from collections.abc import Iterable


class FusionBenchError(Exception):
    """The command cannot go on: what was got, what was expected, what to do next (exit code 2)."""


class UnknownNameError(FusionBenchError):
    """A name that no plug-in, data set or convention has."""

    def __init__(self, kind: str, name: str, known: Iterable[str], command: str) -> None:
        known = sorted(known)
        folded = {k.casefold(): k for k in known}
        near = [folded[n] for n in difflib.get_close_matches(name.casefold(), folded, 3, 0.5)]
        hint = f" Did you mean {' or '.join(near)}?" if near else ""
        super().__init__(f"unknown {kind} '{name}'.{hint} `{command}` shows them all.")
        self.near = near

    def add(self, line: str) -> None:
        """Add a line to the message."""
        self.args = (f"{self.args[0]}\n{line}",)


class DataError(FusionBenchError):
    """Images or pairs that cannot be used as they are."""


class WeightsError(FusionBenchError):
    """A weights file that is missing, is not the file it should be, or does not fit the network."""


class FusionBenchWarning(UserWarning):
    """Something odd about what a program gave, of which the numbers may not be what they seem."""


_REMEDIES = {
    errno.ENOSPC: "free some space, or name another folder; what was finished is kept",
    errno.EDQUOT: "free some of your quota, or name another folder; what was finished is kept",
    errno.EROFS: "the file system is read-only: name another folder",
    errno.EACCES: "change its permissions, or name another folder",
    errno.EPERM: "change its permissions, or name another folder",
    errno.ENAMETOOLONG: "use shorter names",
    errno.ELOOP: "a link leads back to itself: remove it",
    errno.ENOTDIR: "a folder was expected where a file lies",
    errno.EISDIR: "a file was expected where a folder lies",
    errno.ENOENT: "it is not there, or was removed meanwhile",
    errno.EEXIST: "something of that name is there already",
    errno.EMFILE: "too many files are open: raise the limit (`ulimit -n`) or use fewer --workers",
}
STOPPING = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EIO, errno.EMFILE})
"""Errors after which nothing can be written: they stop a run rather than cost it a cell."""


def in_words(error: OSError) -> str:
    """An error of the operating system as one line: where, what, and what to do."""
    where = error.filename2 or error.filename
    what = error.strerror or str(error)
    remedy = _REMEDIES.get(error.errno or 0, "")
    return ": ".join(filter(None, [str(where or ""), what])) + (f"; {remedy}" if remedy else "")
