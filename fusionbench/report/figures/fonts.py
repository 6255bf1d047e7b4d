"""The fonts of every figure: a part of DejaVu Sans, and parts of others for names beyond it.

Matplotlib embeds a font into each PDF by cutting out the glyphs in use, and most of that time goes
into the tables of DejaVu Sans for scripts that no figure shows. Cutting them off once makes a PDF
about four times as fast to write. Glyphs beyond come from DejaVu Sans itself, and those that it
lacks from the first installed font that has them; a name that no font can show is drawn as ``#1``.
"""

from __future__ import annotations

import functools
import logging
import re
import tempfile
import unicodedata
from collections.abc import Iterable
from pathlib import Path
from typing import Any

log = logging.getLogger(__name__)
FAMILY = "Fusionbench Sans"
_BLOCKS = (
    *((0x20, 0x7F), (0xA0, 0x250), (0x370, 0x400), (0x2010, 0x2040), (0x2070, 0x20A0)),
    *((0x2190, 0x2194), (0x2200, 0x2270)),
)
_LIKELY = (
    "NotoSansCJK-Regular NotoSansCJKsc-Regular SourceHanSans wqy-microhei wqy-zenhei msyh simhei "
    "PingFang Hiragino STHeiti AppleSDGothic malgun meiryo DroidSansFallback NotoSans-Regular "
    "NotoSansArabic-Regular NotoSansHebrew-Regular NotoSansThai-Regular "
    "NotoSansDevanagari-Regular NotoSansSymbols NotoEmoji Symbola FreeSans arialuni ARIALUNI "
    "arial Arial unifont uming gbsn"
)
_UNLIKELY = re.compile(
    r"bold|black|heavy|light|thin|italic|oblique|condensed|mono|lastresort|color", re.I
)
_MOST_TRIED = 150
_SUGGESTED = {
    **dict.fromkeys(("CJK", "HIRAGANA", "KATAKANA", "HANGUL", "IDEOGRAPHIC"), "Noto Sans CJK"),
    **{n.upper(): f"Noto Sans {n}" for n in ("Arabic", "Hebrew", "Thai", "Devanagari", "Bengali")},
}
# matplotlib reads the files as long as it draws: they go when the process ends
_KEPT: list[tempfile.TemporaryDirectory[str]] = []
_FOUND: list[str] = []
_LOOKED_FOR: set[str] = set()
_LACKING: set[str] = set()
_NUMBERS: dict[str, int] = {}
_UNSAID: dict[str, str] = {}
_SEEN: set[str] = set()


def font_families() -> list[str]:
    """Families for ``font.family``, the small one made and registered at the first call."""
    return [*_base(), *_FOUND]


@functools.cache
def _base() -> tuple[str, str]:
    from matplotlib import font_manager

    codes = {code for low, high in _BLOCKS for code in range(low, high)}
    _register(Path(font_manager.findfont("DejaVu Sans")), codes, FAMILY)
    return (FAMILY, "DejaVu Sans")


def drawable(text: str) -> str:
    """The text as figures can show it: what no font has becomes a number such as ``#1``.

    The same letters become the same number throughout; :func:`say_missing` names them.
    """
    if text.isascii():
        return text
    text = unicodedata.normalize("NFC", text)
    prepare([text])
    if _LACKING.isdisjoint(text):
        return text
    lacking = re.escape("".join(sorted(_LACKING)))
    shown = re.sub(rf"[{lacking}]+(?:\s+[{lacking}]+)*", lambda m: f"#{_number(m[0])}", text)
    _UNSAID.setdefault(text, shown)
    return shown


def prepare(texts: Iterable[str]) -> None:
    """Find fonts for what DejaVu Sans lacks, all at once; each character is looked for once."""
    whole = " ".join(texts)
    _SEEN.update(re.findall(r"#\d+", whole))
    wanted = {c for c in unicodedata.normalize("NFC", whole) if not c.isascii()} - _LOOKED_FOR
    wanted = {c for c in wanted if c.isprintable() and ord(c) not in _of_dejavu()}
    _LOOKED_FOR.update(wanted)
    for path in _installed() if wanted else ():
        cmap = _characters(path)
        if found := {c for c in wanted if ord(c) in cmap}:
            try:
                _add(path, found)
            except Exception as error:  # a font that cannot be cut is none
                log.debug("%s: %s", path, error)
                continue
            wanted -= found
        if not wanted:
            break
    _LACKING.update(wanted)


def all_shown() -> bool:
    """Whether some font shows every character that has been looked for."""
    return not _LACKING


def say_missing() -> None:
    """Name in one warning what figures could not show since the last, and what would help."""
    if not _UNSAID:
        return
    said = ", ".join(f"{text} as {shown}" for text, shown in _UNSAID.items())
    lacking = sorted({c for text in _UNSAID for c in text if c in _LACKING})
    words = {unicodedata.name(c, "SYMBOL").split()[0].split("-")[0] for c in lacking}
    fonts = sorted({_SUGGESTED.get(word, "Noto Sans or Symbola") for word in words})
    _UNSAID.clear()
    log.warning(
        "no installed font shows some names, so figures show %s; install the font %s to see them",
        said,
        " and ".join(fonts),
    )


def _number(letters: str) -> int:
    if letters not in _NUMBERS:
        number = len(_NUMBERS) + 1
        while f"#{number}" in _SEEN or number in _NUMBERS.values():
            number += 1
        _NUMBERS[letters] = number
    return _NUMBERS[letters]


@functools.cache
def _of_dejavu() -> frozenset[int]:
    from matplotlib import font_manager

    return _characters(Path(font_manager.findfont("DejaVu Sans")))


@functools.cache
def _characters(path: Path) -> frozenset[int]:
    """The characters of a font file's first face; none where it cannot be read."""
    from fontTools.ttLib import TTFont  # type: ignore[import-untyped]

    logging.getLogger("fontTools").setLevel(logging.ERROR)
    try:
        with TTFont(str(path), fontNumber=0, lazy=True) as font:
            drawn = {"glyf", "CFF ", "CFF2"} & set(font.keys())
            return frozenset(font.getBestCmap() or ()) if drawn else frozenset()
    except Exception:  # fontTools raises whatever a broken file makes it raise
        return frozenset()


@functools.cache
def _installed() -> list[Path]:
    """Files of installed fonts, those that hold many scripts first."""
    from matplotlib import font_manager

    def likely(path: Path) -> tuple[int, str]:
        places = (i for i, stem in enumerate(_LIKELY.split()) if path.stem.startswith(stem))
        return next(places, len(_LIKELY)), str(path)

    files = map(Path, font_manager.findSystemFonts())
    found = {file for file in files if not _UNLIKELY.search(file.stem)}
    return sorted(found, key=likely)[:_MOST_TRIED]


def _add(path: Path, characters: Iterable[str]) -> None:
    """Make some characters of a font a family of figures."""
    import matplotlib

    family = f"Fusionbench Names {len(_FOUND) + 1}"
    _register(path, {ord(c) for c in characters}, family)
    _FOUND.append(family)
    if FAMILY in matplotlib.rcParams["font.family"]:
        matplotlib.rcParams["font.family"] = font_families()


def _register(source: Path, codes: set[int], family: str) -> None:
    """Cut some characters out of a font and register them as a family."""
    from fontTools import subset  # type: ignore[import-untyped]
    from matplotlib import font_manager

    if not _KEPT:
        _KEPT.append(tempfile.TemporaryDirectory(prefix="fusionbench-font-"))
    shaping = ["*"] if family != FAMILY else []
    options = subset.Options(layout_features=shaping, glyph_names=True, notdef_outline=True)
    options.drop_tables += ["FFTM"] if shaping else ["GSUB", "GPOS", "GDEF", "FFTM"]
    options.name_IDs = ["*"]
    options.font_number = 0
    # what is odd in a font that somebody installed is nothing to a reader of the log
    logging.getLogger("fontTools").setLevel(logging.ERROR)
    font = subset.load_font(str(source), options)
    cutter = subset.Subsetter(options)
    cutter.populate(unicodes=sorted(codes))
    cutter.subset(font)
    if "glyf" not in font:
        _with_quadratic_outlines(font)
    for record in font["name"].names:
        if record.nameID in (1, 4, 6, 16):
            record.string = family.replace(" ", "") if record.nameID == 6 else family
    target = Path(_KEPT[0].name) / f"{family.replace(' ', '')}.ttf"
    subset.save_font(font, str(target), options)
    font_manager.fontManager.addfont(target)


def _with_quadratic_outlines(font: Any) -> None:
    """Turn cubic outlines into TrueType's: matplotlib puts no others into a PDF rightly."""
    from fontTools.pens.cu2quPen import Cu2QuPen  # type: ignore[import-untyped]
    from fontTools.pens.ttGlyphPen import TTGlyphPen  # type: ignore[import-untyped]
    from fontTools.ttLib import newTable

    glyphs, order = font.getGlyphSet(), font.getGlyphOrder()
    drawn = {}
    for name in order:
        pen = TTGlyphPen(glyphs)
        glyphs[name].draw(Cu2QuPen(pen, font["head"].unitsPerEm / 1000, reverse_direction=True))
        drawn[name] = pen.glyph()
    font["loca"], font["glyf"] = newTable("loca"), newTable("glyf")
    font["glyf"].glyphOrder, font["glyf"].glyphs = order, drawn
    font.recalcBBoxes = True
    limits = (
        "maxTwilightPoints maxStorage maxFunctionDefs maxInstructionDefs maxStackElements "
        "maxSizeOfInstructions maxComponentElements"
    )
    sizes = {"tableVersion": 0x00010000, "maxZones": 1, "numGlyphs": len(order)}
    vars(font["maxp"]).update(dict.fromkeys(limits.split(), 0) | sizes)
    for name in {"CFF ", "CFF2", "VORG"} & set(font.keys()):
        del font[name]
    post = {"formatType": 2.0, "extraNames": [], "mapping": {}, "glyphOrder": order}
    vars(font["post"]).update(post)
    font.sfntVersion = "\000\001\000\000"
