"""Which methods stand out in a figure, and how: by colour, line and marker at once."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from fusionbench.names import apart
from fusionbench.report.fonts import drawable
from fusionbench.report.ranking import Contest, Ranking
from fusionbench.report.style import BLUE, GRAY, GREEN, ORANGE, PURPLE, SKY, text_width

MOST = 7
BEST = 5


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


_STANDING = tuple(
    Look(colour, line, marker, True)
    for colour, line, marker in (
        *((ORANGE, "-", "o"), (BLUE, "-", "s"), (GREEN, "--", "^"), (PURPLE, "-.", "D")),
        *((SKY, "-", "v"), ("#E69F00", "--", "P"), ("#000000", ":", "X")),
    )
)
PLAIN = Look()
TEXT_OF_OTHERS = GRAY


def looks(ranking: Ranking, highlight: Sequence[str]) -> dict[str, Look]:
    """The look of every ranked method, by name.

    Up to seven methods stand out: all where there are no more, else those asked for and the best
    five (by overall mean rank, or by the first metric where there is no overall order).
    """
    return looks_of(ranking.overall or ranking.contests[0], ranking, highlight)


def looks_of(contest: Contest, ranking: Ranking, highlight: Sequence[str]) -> dict[str, Look]:
    """As `looks`, with the order of one contest."""
    names = list(dict.fromkeys(r.method.name for c in ranking.all for r in c.methods))
    order = sorted(names, key=lambda name: contest.places.get(name, len(names) + 1))
    asked = [name for name in highlight if name in names]
    best = [name for name in order if name not in asked]
    room = MOST if len(names) <= MOST else max(BEST, len(asked))
    standing = dict(zip([*asked, *best][: min(room, MOST)], _STANDING, strict=False))
    return {name: standing.get(name, PLAIN) for name in order}


def labels_of(ranking: Ranking) -> dict[str, str]:
    """The method's names in tables, by name."""
    return {r.method.name: r.method.label for c in ranking.all for r in c.methods}


def cut(labels: Mapping[str, str], width: float, size: float) -> dict[str, str]:
    """Labels that are at most ``width`` inches wide, by name, and told apart."""
    shown = apart(list(labels.values()), lambda text: one_line(text, width, size))
    return dict(zip(labels, shown, strict=True))


def one_line(text: str, width: float, size: float) -> str:
    """The text at a size in points, cut with ``…`` where it is wider than ``width`` inches.

    What no font can show is replaced.
    """
    text = drawable(text)
    if text_width(text, size) <= width:
        return text
    while len(text) > 1 and text_width(text + "…", size) > width:
        text = text[:-1]
    return text.rstrip() + "…"


def widest(texts: Sequence[str], size: float) -> float:
    """Width in inches of the widest of some texts, which may have several lines."""
    return max((text_width(line, size) for text in texts for line in text.split("\n")), default=0)
