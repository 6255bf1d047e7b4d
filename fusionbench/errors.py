"""Errors that a user can act on; the command line prints them without a traceback."""

from __future__ import annotations

import difflib
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
