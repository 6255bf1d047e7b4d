"""One look for every figure: readable in print, safe for colour-blind readers, no time stamps."""

from __future__ import annotations

import contextlib
import functools
import re
import warnings
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from fusionbench.files import replacing
from fusionbench.names import apart
from fusionbench.report.figures.fonts import drawable, font_families
from fusionbench.results import Results
from fusionbench.statistics.contests import Ranking

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure
    from matplotlib.text import Text

    from fusionbench.images import U8

BLUE, ORANGE, YELLOW = "#0072B2", "#D55E00", "#F0E442"
SKY, GREEN, PURPLE, AMBER = "#56B4E9", "#009E73", "#CC79A7", "#E69F00"
GRAY, LIGHT, DARK = "#8C8C8C", "#E3E3E3", "#333333"
COLOURS = (ORANGE, BLUE, GREEN, PURPLE, SKY, AMBER, "#000000")
"""What stands out, in this order; orange is what the reader asked for, or the best."""
TEXT_WIDTH, COLUMN_WIDTH = 7.16, 3.5
"""Of a page and of one of its two columns, in inches."""
DPI = 300
LEVEL = 2
"""Of compression of pictures."""
MOST, BEST = len(COLOURS), 5
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
    "legend.frameon": False,
    "legend.fontsize": 7,
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
        with replacing(pdf) as temporary, _quick_pictures():
            unstamped = dict.fromkeys(("CreationDate", "Creator", "Producer"))
            figure.savefig(temporary, format="pdf", metadata=unstamped)
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
        Image.fromarray(pixels).save(temporary, "png", dpi=(DPI, DPI), compress_level=LEVEL)


@contextlib.contextmanager
def _quick_pictures() -> Iterator[None]:
    """Compress pictures within a PDF as those beside it: matplotlib itself asks for no level."""
    from PIL import Image

    Image.preinit()
    usual = Image.SAVE["PNG"]

    def quick(image: Image.Image, stream: Any, name: Any) -> None:
        image.encoderinfo.setdefault("compress_level", LEVEL)
        usual(image, stream, name)

    Image.register_save("PNG", quick)
    try:
        yield
    finally:
        Image.register_save("PNG", usual)


def file_name(text: str) -> str:
    """A name as part of a file's name: separators and blanks become ``_``."""
    return re.sub(r"[\s/\\:*?\"<>|]+", "_", text)


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


def headline(figure: Figure, text: str, size: float = 8) -> Text:
    """One line above everything, cut where it is wider than the figure."""
    width, height = figure.get_size_inches()
    text = one_line(text, width - 0.1, size)
    return figure.text(0.5, 1 - 0.16 / height, text, ha="center", fontsize=size)


def bare(ax: Axes) -> None:
    """Leave of the axes' frame only an upright line at each place along it."""
    ax.spines[:].set_visible(False)
    ax.tick_params(length=0)
    ax.grid(visible=True, axis="x")


@functools.lru_cache(maxsize=4096)
def text_width(text: str, size: float) -> float:
    """The width of a line of text in inches, at a size in points."""
    from matplotlib.font_manager import FontProperties
    from matplotlib.textpath import text_to_path

    font = FontProperties(family=font_families() if not text.isascii() else None, size=size)
    wide, _, _ = text_to_path.get_text_width_height_descent(text, font, False)
    return float(wide) / 72 if text.strip() else 0.0


def widest(texts: Iterable[str], size: float) -> float:
    """Width in inches of the widest of some texts, which may have several lines."""
    return max((text_width(line, size) for text in texts for line in text.split("\n")), default=0)


def legend_columns(labels: Collection[str], width: float, size: float = 7) -> int:
    """In how many columns a legend stands that is at most ``width`` inches wide."""
    return max(1, min(len(labels), int(width / (widest(labels, size) + 0.55))))


def one_line(text: str, width: float, size: float) -> str:
    """The text at a size in points, with ``…`` inside where it is wider than ``width`` inches.

    The end stays, which often tells names apart. What no font can show is replaced.
    """
    shown = whole = drawable(text)
    for kept in range(len(whole) - 1, 0, -1):
        if text_width(shown, size) <= width:
            break
        tail = kept * 2 // 5
        shown = f"{whole[: kept - tail].rstrip()}…{whole[len(whole) - tail :].lstrip()}"
    return shown


def fitted(
    text: str, width: float, size: float, tall: float = 0.24, smallest: float = 5
) -> tuple[str, float]:
    """A label and a size in points that take at most a width and a height in inches.

    It is broken into lines before it is made smaller, and shortened at the smallest size. What no
    font can show is replaced.
    """
    text = drawable(text)
    while size >= smallest:
        lines = _broken(text, width, size)
        if len(lines) <= max(1, int(tall * 72 / size)) and widest(lines, size) <= width:
            shares = (0.5, 0.6, 0.7, 0.8, 0.9, 1.0)
            even = (_broken(text, share * width, size) for share in shares)
            kept = (found for found in even if len(found) == len(lines))
            return "\n".join(next(kept)), size
        size -= 0.5
    return one_line(text, width, smallest), smallest


def _broken(text: str, width: float, size: float) -> list[str]:
    """The text in lines of a width, where words are not longer than that."""
    lines = [""]
    for word in re.findall(r"[^\s\-_/+@]*[\s\-_/+@]+|[^\s\-_/+@]+", text):
        if lines[-1] and text_width((lines[-1] + word).rstrip(), size) > width:
            lines.append("")
        lines[-1] += word
    return [line.strip() for line in lines]


def cut(labels: Mapping[str, str], width: float, size: float) -> dict[str, str]:
    """Labels that are at most ``width`` inches wide, by name, and told apart."""
    shown = apart(list(labels.values()), lambda text: one_line(text, width, size))
    return dict(zip(labels, shown, strict=True))


def whole_scores(results: Results) -> pd.DataFrame:
    """The values of the methods that did not fail on any pair of a data set."""
    import pandas as pd

    failed = [(r.dataset.name, r.method.name) for r in results.every if r.failed]
    keys = pd.MultiIndex.from_frame(results.scores[["dataset", "method"]])
    return results.scores[~keys.isin(failed)]


def ranked_values(ranking: Ranking) -> pd.DataFrame:
    """The values of a board, of those methods that each metric ranks."""
    import pandas as pd

    frame = ranking.board.scores
    ranked = [(c.name, r.method.name) for c in ranking.contests for r in c.methods]
    return frame[pd.MultiIndex.from_frame(frame[["metric", "method"]]).isin(ranked)]


def labels_of(ranking: Ranking) -> dict[str, str]:
    """The method's names in tables, by name."""
    return {r.method.name: r.method.label for c in ranking.all for r in c.methods}


@dataclass(frozen=True)
class Look:
    """How a method is drawn; ``stands_out`` is false for those in the background."""

    colour: str = "#BDBDBD"
    line: str = "-"
    marker: str = ""
    stands_out: bool = False

    @property
    def of_line(self) -> dict[str, Any]:
        """Arguments of matplotlib's lines."""
        if not self.stands_out:
            return {"color": self.colour, "linewidth": 0.6, "zorder": 2}
        return {"color": self.colour, "linestyle": self.line, "linewidth": 1.2, "zorder": 3}


STANDING = tuple(
    Look(colour, line, marker, True)
    for colour, line, marker in zip(
        COLOURS, ("-", "-", "--", "-.", "-", "--", ":"), "os^DvPX", strict=True
    )
)


def looks(ranking: Ranking, highlight: Sequence[str]) -> dict[str, Look]:
    """The look of every ranked method, by name, best first.

    Up to seven methods stand out: all where there are no more, else those asked for and the best
    five (by overall mean rank, or by the first metric where there is no overall order).
    """
    contest = ranking.overall or ranking.contests[0]
    names = list(labels_of(ranking))
    order = sorted(names, key=lambda name: contest.places.get(name, len(names) + 1))
    asked = [name for name in highlight if name in names]
    best = [name for name in order if name not in asked]
    room = MOST if len(names) <= MOST else max(BEST, len(asked))
    standing = dict(zip([*asked, *best][: min(room, MOST)], STANDING, strict=False))
    return {name: standing.get(name, Look()) for name in order}
