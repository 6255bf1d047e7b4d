"""One look for every figure: readable in print, safe for colour-blind readers, no time stamps."""

from __future__ import annotations

import contextlib
import functools
import re
import warnings
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from fusionbench.files import replacing
from fusionbench.report.figures.fonts import drawable, font_families

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from fusionbench.images import U8

BLUE, ORANGE, YELLOW = "#0072B2", "#D55E00", "#F0E442"
SKY, GREEN, PURPLE = "#56B4E9", "#009E73", "#CC79A7"
GRAY, LIGHT, DARK = "#8C8C8C", "#E3E3E3", "#333333"
TEXT_WIDTH = 7.16
COLUMN_WIDTH = 3.5
DPI = 300
_NO_TIME_STAMP = {"CreationDate": None, "Creator": None, "Producer": None}
_RC: dict[str, Any] = {
    "font.size": 8,
    "axes.titlesize": 8,
    "axes.labelsize": 8,
    "axes.edgecolor": DARK,
    "axes.linewidth": 0.6,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.axisbelow": True,
    "grid.color": LIGHT,
    "grid.linewidth": 0.6,
    "xtick.labelsize": 7,
    "ytick.labelsize": 7,
    "xtick.major.width": 0.6,
    "ytick.major.width": 0.6,
    "pdf.fonttype": 42,
    "text.parse_math": False,
    "figure.dpi": DPI,
    "savefig.dpi": DPI,
}


@contextlib.contextmanager
def figure_style() -> Iterator[None]:
    """Draw in the suite's style, whatever the user's own matplotlib settings are."""
    import matplotlib.style

    look = {**_RC, "font.family": font_families()}
    with matplotlib.style.context(["default", look]), warnings.catch_warnings():
        # what no font has is drawn as a number and said once
        warnings.filterwarnings("ignore", message="Glyph .* missing from")
        yield


def save(figure: Figure, folder: Path, name: str) -> list[Path]:
    """Save a figure as PNG and PDF; the same figure gives the same bytes."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg

    _make_readable(figure)
    png, pdf = (folder / f"{file_name(name)}.{kind}" for kind in ("png", "pdf"))
    canvas: Any = FigureCanvasAgg(figure)
    canvas.draw()
    figure.set_layout_engine("none")
    with ThreadPoolExecutor(1) as beside:
        encoding = beside.submit(_encode, np.array(canvas.buffer_rgba()), png)
        with replacing(pdf) as temporary:
            figure.savefig(temporary, format="pdf", metadata=_NO_TIME_STAMP)
        encoding.result()
    return [png, pdf]


def _make_readable(figure: Figure) -> None:
    """Let every text in other scripts be one that the fonts can show."""
    from matplotlib.text import Text

    for text in figure.findobj(Text):
        if isinstance(text, Text) and not text.get_text().isascii():
            text.set_text(drawable(text.get_text()))
            text.set_fontfamily(font_families())


def _encode(pixels: U8, path: Path) -> None:
    """Write a PNG; the default level takes twice as long for files a tenth smaller."""
    from PIL import Image

    with replacing(path) as temporary:
        Image.fromarray(pixels).save(temporary, "png", dpi=(DPI, DPI), compress_level=3)


def axes_at(figure: Figure, left: float, top: float, wide: float, tall: float) -> Axes:
    """Axes at a place in inches from the figure's upper left corner.

    Labels and titles stay where they are put: looking for their best place costs more than drawing.
    """
    width, height = figure.get_size_inches()
    bounds = (left / width, 1 - (top + tall) / height, wide / width, tall / height)
    ax = figure.add_axes(bounds)
    ax.set_title("", y=1.0)
    ax.xaxis.set_label_coords(0.5, -0.3 / tall)
    ax.yaxis.set_label_coords(-0.4 / wide, 0.5)
    return ax


def file_name(text: str) -> str:
    """A name as part of a file's name: separators and blanks become ``_``."""
    return re.sub(r"[\s/\\:*?\"<>|]+", "_", text)


@functools.lru_cache(maxsize=4096)
def text_width(text: str, size: float) -> float:
    """The width of a line of text in inches, at a size in points."""
    from matplotlib.font_manager import FontProperties
    from matplotlib.textpath import text_to_path

    font = FontProperties(family=font_families() if not text.isascii() else None, size=size)
    wide, _, _ = text_to_path.get_text_width_height_descent(text, font, False)
    return float(wide) / 72 if text.strip() else 0.0


def fitted(text: str, width: float, size: float, smallest: float = 5) -> tuple[str, float]:
    """A label and a size in points with which it is at most ``width`` inches wide.

    It is broken into two lines before it is made smaller, and cut with ``…`` at the smallest size.
    What no font can show is replaced.
    """
    text = drawable(text)
    while True:
        for lines in _broken(text):
            if all(text_width(line, size) <= width for line in lines):
                return "\n".join(lines), size
        if size <= smallest:
            break
        size -= 0.5
    while len(text) > 1 and text_width(text + "…", size) > width:
        text = text[:-1]
    return text + "…", size


def _broken(text: str) -> Iterator[tuple[str, ...]]:
    """The text in one line, then in two, the most even break first."""
    yield (text,)
    breaks = [m.end() for m in re.finditer(r"[\s\-_/+@]", text)][:20]
    for place in sorted(breaks, key=lambda b: abs(2 * b - len(text))):
        if text[:place].strip() and text[place:].strip():
            yield text[:place].rstrip(), text[place:].lstrip()
