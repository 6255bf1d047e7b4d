"""The font of every figure: the part of DejaVu Sans that text needs.

Matplotlib embeds a font into each PDF by cutting out the glyphs in use, and most of that time goes
into the tables of DejaVu Sans for scripts that no figure shows. Cutting them off once makes a PDF
about four times as fast to write. Glyphs beyond come from DejaVu Sans itself.
"""

from __future__ import annotations

import functools
import tempfile
from pathlib import Path

FAMILY = "Fusionbench Sans"
_BLOCKS = (
    *((0x20, 0x7F), (0xA0, 0x250), (0x370, 0x400), (0x2010, 0x2040), (0x2070, 0x20A0)),
    *((0x2190, 0x2194), (0x2200, 0x2270)),
)


@functools.cache
def font_families() -> tuple[str, str]:
    """Families for ``font.family``, the small one made and registered at the first call."""
    from matplotlib import font_manager

    _FOLDER.append(tempfile.TemporaryDirectory(prefix="fusionbench-font-"))
    small = Path(_FOLDER[-1].name) / "sans.ttf"
    _write(Path(font_manager.findfont("DejaVu Sans")), small)
    font_manager.fontManager.addfont(small)
    return (FAMILY, "DejaVu Sans")


# matplotlib reads the file as long as it draws: it goes when the process ends
_FOLDER: list[tempfile.TemporaryDirectory[str]] = []


def _write(source: Path, target: Path) -> None:
    from fontTools import subset  # type: ignore[import-untyped]

    options = subset.Options(layout_features=[], glyph_names=True, notdef_outline=True)
    options.drop_tables += ["GSUB", "GPOS", "GDEF", "FFTM"]
    options.name_IDs = ["*"]
    font = subset.load_font(str(source), options)
    cutter = subset.Subsetter(options)
    cutter.populate(unicodes=[code for low, high in _BLOCKS for code in range(low, high)])
    cutter.subset(font)
    for record in font["name"].names:
        if record.nameID in (1, 4, 6, 16):
            record.string = FAMILY.replace(" ", "") if record.nameID == 6 else FAMILY
    subset.save_font(font, str(target), options)
