"""Footnotes of one table: a mark for each text."""

from __future__ import annotations

LETTERS = "abcdefghijklmnopqrstuvwxyz"
DAGGER = "†"


class Notes:
    """Footnotes of one table; equal texts share a mark."""

    def __init__(self) -> None:
        self._marks: dict[str, str] = {}

    def mark(self, text: str, symbol: str = "") -> str:
        """The mark of a note: the symbol if it is free, else ``a`` to ``z``, ``aa``, ``ab``, ..."""
        if text not in self._marks:
            taken = self._marks.values()
            free = symbol if symbol not in taken else ""
            self._marks[text] = free or _letters(sum(mark.isalpha() for mark in taken))
        return self._marks[text]

    @property
    def texts(self) -> tuple[tuple[str, str], ...]:
        """``(mark, text)`` in order."""
        return tuple((mark, text) for text, mark in self._marks.items())


def _letters(number: int) -> str:
    last = LETTERS[number % 26]
    return last if number < 26 else _letters(number // 26 - 1) + last


def pairs_word(count: int) -> str:
    """``1 pair`` or ``8 pairs``."""
    return f"{count} pair" if count == 1 else f"{count} pairs"


def one_line(text: str) -> str:
    """The text with single blanks."""
    return " ".join(text.split())
