"""Any text as LaTeX: special characters escaped, symbols by their commands."""

from __future__ import annotations

import re
import unicodedata

_SPECIAL = {
    "\\": r"\textbackslash{}",
    "{": r"\{",
    "}": r"\}",
    "_": r"\_",
    "%": r"\%",
    "&": r"\&",
    "#": r"\#",
    "$": r"\$",
    "~": r"\textasciitilde{}",
    "^": r"\textasciicircum{}",
    "<": r"\textless{}",
    ">": r"\textgreater{}",
    "|": r"\textbar{}",
    '"': "''",
    "`": r"\textasciigrave{}",
    "\0": "-{}",
}
_SYMBOLS = {
    "↑": r"$\uparrow$",
    "↓": r"$\downarrow$",
    "→": r"$\rightarrow$",
    "←": r"$\leftarrow$",
    "∞": r"$\infty$",
    "−": r"$-$",
    "×": r"$\times$",
    "±": r"$\pm$",
    "≤": r"$\leq$",
    "≥": r"$\geq$",
    "≠": r"$\neq$",
    "≈": r"$\approx$",
    "·": r"$\cdot$",
    "†": r"\textdagger{}",
    "‡": r"\textdaggerdbl{}",
    "°": r"\textdegree{}",
    "²": r"\textsuperscript{2}",
    "³": r"\textsuperscript{3}",
    "µ": r"$\mu$",
    "…": r"\ldots{}",
    "–": "--",
    "—": "---",
    "“": "``",
    "”": "''",
    "‘": "`",
    "’": "'",
    "\u00a0": "~",
}
_ACCENTED = range(0x00C0, 0x0180)
_SMALL_GREEK = (
    "alpha beta gamma delta epsilon zeta eta theta iota kappa lambda mu nu xi pi rho sigma tau "
    "upsilon phi chi psi omega"
)
_CAPITAL_GREEK = "gamma delta theta lambda xi pi sigma upsilon phi psi omega"
_NOT_IN_T1 = frozenset("ĦħĸŉĿŀŦŧſ")


def escape(text: str) -> str:
    """Text for the body of a LaTeX document compiled with pdfLaTeX (UTF-8, T1).

    Line breaks become blanks. A character outside Latin, Greek and the usual symbols becomes the
    plain letters it decomposes into, or ``?``.
    """
    unligatured = re.sub(r"-(?=-)", "\0", " ".join(text.replace("\0", "").split()))
    escaped = "".join(map(_character, unligatured))
    # after a line break, [ begins its argument and * belongs to it
    return f"{{{escaped[0]}}}{escaped[1:]}" if escaped.startswith(("[", "*")) else escaped


def comment(text: str) -> str:
    """Text for one comment line."""
    return " ".join(text.split())


def _character(character: str) -> str:
    if character in _SPECIAL:
        return _SPECIAL[character]
    if character in _SYMBOLS:
        return _SYMBOLS[character]
    if character.isascii() and character.isprintable():
        return character
    if ord(character) in _ACCENTED and character not in _NOT_IN_T1:
        return character
    return _greek(character) or _plain(character)


def _greek(character: str) -> str:
    size, _, letter = unicodedata.name(character, "").partition(" LETTER ")
    letter = "lambda" if letter == "LAMDA" else letter.lower()
    if size == "GREEK SMALL" and letter in _SMALL_GREEK.split():
        return rf"$\{letter}$"
    if size == "GREEK CAPITAL" and letter in _CAPITAL_GREEK.split():
        return rf"$\{letter.capitalize()}$"
    return ""


def _plain(character: str) -> str:
    decomposed = unicodedata.normalize("NFKD", character).replace("\u2044", "/")
    letters = [c for c in decomposed if not unicodedata.combining(c)]
    if not all(c.isascii() and c.isprintable() for c in letters):
        return "?"
    return "".join(_SPECIAL.get(c, c) for c in letters) or "?"
