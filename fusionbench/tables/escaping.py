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
    "≡": r"$\equiv$",
    "∑": r"$\sum$",
    "√": r"$\surd$",
    "∂": r"$\partial$",
    "∇": r"$\nabla$",
    "⊕": r"$\oplus$",
    "⊗": r"$\otimes$",
    "⇒": r"$\Rightarrow$",
    "✓": r"$\surd$",
    "✗": r"$\times$",
    "★": r"$\star$",
    "☆": r"$\star$",
    "•": r"\textbullet{}",
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
ACCENTED = range(0x00C0, 0x0180)
_SMALL_GREEK = (
    "alpha beta gamma delta epsilon zeta eta theta iota kappa lambda mu nu xi pi rho sigma tau "
    "upsilon phi chi psi omega"
)
_CAPITAL_GREEK = "gamma delta theta lambda xi pi sigma upsilon phi psi omega"
NOT_IN_T1 = frozenset("ĦħĸŉĿŀŦŧſ")


_GREEK_WORD = re.compile("([\u0370-\u03ff\u1f00-\u1fff]{3,})")
_JOINERS = "\u200c\u200d"
_KEPT = ("<wide>", "<narrow>", "<circle>", "<square>")


def escape(text: str) -> str:
    """Text for the body of a LaTeX document (UTF-8, T1).

    Line breaks become blanks. Letters of other scripts are kept; what the preamble needs for them
    :mod:`fusionbench.tables.scripts` says. Invisible characters go, and symbols that stand
    for plain letters become these.
    """
    composed = unicodedata.normalize("NFC", text.replace("\0", ""))
    unligatured = re.sub(r"-(?=-)", "\0", " ".join(composed.split()))
    words = _GREEK_WORD.split(unligatured)
    escaped = "".join(w if i % 2 else "".join(map(_character, w)) for i, w in enumerate(words))
    # after a line break, [ begins its argument and * belongs to it
    return f"{{{escaped[0]}}}{escaped[1:]}" if escaped.startswith(("[", "*")) else escaped


def symbol(name: str) -> str:
    r"""A metric's name as the field sets it: ``Qabf`` as Q with AB/F raised, ``Q_Y`` lowered."""
    if found := re.fullmatch(r"([A-Z])abf", name):
        return f"${found[1]}^{{AB/F}}$"
    if found := re.fullmatch(r"Q_?([A-Za-z]{1,3})", name):
        return f"$Q_{{{found[1].upper()}}}$"
    if found := re.fullmatch(r"([A-Za-z-]+)_([A-Za-z0-9]+)", name):
        return rf"{found[1]}\textsubscript{{{found[2]}}}"
    return escape(name)


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
    if ord(character) in ACCENTED and character not in NOT_IN_T1:
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
    """The letters that a symbol stands for, or the character itself."""
    kind = unicodedata.category(character)
    if kind in ("Cc", "Cf", "Cs"):
        return character if character in _JOINERS else "?" if kind == "Cs" else ""
    how = unicodedata.decomposition(character).partition(" ")[0]
    letters = unicodedata.normalize("NFKD", character).replace("\u2044", "/")
    if how[:1] != "<" or how in _KEPT or not (letters.isascii() and letters.isprintable()):
        return character
    return "".join(_SPECIAL.get(c, c) for c in letters)
