r"""What a LaTeX document needs for names in other scripts than Latin.

pdfLaTeX with T1 shows western names; accented letters beyond are declared to it one by one. For
every other script the document is one for XeLaTeX, with the first of some usual fonts that is
installed.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Sequence

from fusionbench.tables.escaping import ACCENTED, NOT_IN_T1

PREAMBLE = r"""\documentclass[10pt]{article}
\usepackage[T1]{fontenc}
\usepackage[utf8]{inputenc}
\usepackage{lmodern}
{NAMES}\usepackage[a4paper,margin=20mm]{geometry}
\usepackage{booktabs}
\usepackage{graphicx}
{COLOURS}\makeatletter\setlength{\@fptop}{0pt}\makeatother
\begin{document}"""
_ENCODING = "\n".join(PREAMBLE.split("\n")[1:4]) + "\n"
_ACCENTS = {
    **{0x300: "`", 0x301: "'", 0x302: "^", 0x303: "~", 0x304: "=", 0x306: "u", 0x307: "."},
    **{0x308: '"', 0x30A: "r", 0x30B: "H", 0x30C: "v", 0x323: "d", 0x327: "c", 0x328: "k"},
    **{0x331: "b"},
}
_EASTERN = {"CJK": "SC", "HIRAGANA": "JP", "KATAKANA": "JP", "HANGUL": "KR", "BOPOMOFO": "TC"}
_OF_REGION = {
    "JP": ("IPAexMincho", "Hiragino Mincho ProN", "MS Mincho", "HaranoAjiMincho-Regular.otf"),
    "KR": ("UnBatang", "NanumMyeongjo", "Batang"),
    "TC": ("PMingLiU", "WenQuanYi Zen Hei"),
    "SC": ("FandolSong-Regular.otf", "SimSun", "WenQuanYi Zen Hei"),
}
_SERIF = ("CMU Serif", "DejaVu Serif", "Noto Serif", "FreeSerif", "Times New Roman")
_BROAD = ("DejaVu Sans", "FreeSerif", "Arial Unicode MS", "Arial")
_IN_SERIF = {"CYRILLIC", "GREEK", "LATIN"}


def foreign(texts: Iterable[str]) -> list[str]:
    """The characters that pdfLaTeX with T1 does not know, sorted."""
    found = {c for text in texts for c in text if not c.isascii()}
    western = {c for c in found if ord(c) < 0x100 or (ord(c) in ACCENTED and c not in NOT_IN_T1)}
    return sorted(found - western)


def scripts(characters: Iterable[str]) -> list[str]:
    """Names of the scripts, as ``CJK`` or ``ARABIC``; what is no letter is ``SYMBOLS``."""
    found = {_script(c) for c in characters if not unicodedata.combining(c)}
    return sorted(found | ({"LATIN"} if not found and list(characters) else set()))


def _script(character: str) -> str:
    word = unicodedata.name(character, "SYMBOLS").split()[0].split("-")[0]
    if word in ("FULLWIDTH", "IDEOGRAPHIC", "HALFWIDTH"):
        return "CJK"
    return word if unicodedata.category(character)[0] in "LM" else "SYMBOLS"


def note(tables: str) -> str:
    r"""The comment above tables that a paper is to ``\input``; nothing where T1 is enough."""
    characters = foreign([tables])
    if not characters:
        return ""
    if declared := _declared(characters):
        lines = ["Names with rare accents: for pdfLaTeX the preamble needs", *declared]
        return "".join(f"% {line}\n" for line in lines)
    found = scripts(characters)
    lines = [
        f"Names in other scripts ({', '.join(found)}): compile with XeLaTeX, and in the preamble",
        r"\usepackage{fontspec}",
        *(
            rf"\set{kind}font{{{fonts[0]}}} % or another that has them"
            for kind, fonts in _wanted(found)
        ),
    ]
    if set(found) & _EASTERN.keys():
        lines.insert(2, r"\usepackage{xeCJK}")
    if "CYRILLIC" in found:
        lines.append(r"With pdfLaTeX Cyrillic needs \usepackage[T1,T2A]{fontenc} instead.")
    if set(found) & _EASTERN.keys():
        lines.append(
            r"With pdfLaTeX Chinese needs \usepackage{CJKutf8} and the table within "
            r"\begin{CJK*}{UTF8}{gbsn} ... \end{CJK*} instead."
        )
    return "".join(f"% {line}\n" for line in lines)


def preamble(body: str, coloured: bool = False) -> str:
    """The preamble of a document that compiles by itself, by what stands in its body."""
    text = PREAMBLE.replace("{COLOURS}", "\\usepackage{xcolor}\n" if coloured else "")
    characters = foreign([body])
    declared = _declared(characters)
    if not characters or declared:
        return text.replace("{NAMES}", "".join(f"{line}\n" for line in declared))
    lines = [r"\usepackage{iftex}\RequireXeTeX", *_fonts(scripts(characters))]
    whole = text.replace(_ENCODING, "").replace("{NAMES}", "".join(f"{x}\n" for x in lines))
    return f"% !TeX program = xelatex\n{whole}"


def _declared(characters: Sequence[str]) -> list[str]:
    """What tells pdfLaTeX of accented letters; nothing where one of them is more than that."""
    lines = []
    for character in characters:
        base, *accents = list(unicodedata.normalize("NFD", character))
        if not (base.isascii() and base.isalpha() and accents):
            return []
        text = {"i": r"\i", "j": r"\j"}.get(base, base)
        for accent in accents:
            if ord(accent) not in _ACCENTS:
                return []
            text = rf"\{_ACCENTS[ord(accent)]}{{{text}}}"
        lines.append(rf"\DeclareUnicodeCharacter{{{ord(character):04X}}}{{{text}}}")
    return lines


def _fonts(found: Sequence[str]) -> list[str]:
    lines = [r"\usepackage{fontspec}"]
    for kind, fonts in _wanted(found):
        lines += [r"\usepackage{xeCJK}"] if kind == "CJKmain" else []
        lines.append(_first(kind, fonts))
    return lines


def _wanted(found: Sequence[str]) -> list[tuple[str, Sequence[str]]]:
    """Which fonts are to be set, each with those that would do, the best first."""
    eastern = {_EASTERN[script] for script in found if script in _EASTERN}
    others = {script for script in found if script not in _EASTERN}
    wanted: list[tuple[str, Sequence[str]]] = []
    if others:
        wanted.append(("main", _SERIF if others <= _IN_SERIF else _BROAD))
    if eastern:
        region = min(eastern, key=list(_OF_REGION).index)
        names = [f"{kind} {region}" for kind in ("Noto Serif CJK", "Noto Sans CJK")]
        wanted.append(("CJKmain", [*names, f"Source Han Serif {region}", *_OF_REGION[region]]))
    return wanted


def _first(kind: str, fonts: Sequence[str]) -> str:
    """The command that takes the first of some fonts that is installed."""
    slanted = "[AutoFakeSlant]" if kind == "CJKmain" else ""
    text = rf"\PackageWarning{{fonts}}{{none of {', '.join(fonts)} is installed}}"
    for font in reversed(fonts):
        text = f"\\IfFontExistsTF{{{font}}}{{\\set{kind}font{slanted}{{{font}}}}}{{%\n{text}}}"
    return text
