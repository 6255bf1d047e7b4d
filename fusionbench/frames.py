"""Frames that a program gets: leaderboards that show themselves, and the cards."""

from __future__ import annotations

import io
from collections.abc import Sequence

import pandas as pd

from fusionbench.tables.html import page_part
from fusionbench.tables.model import Table

WIDTH = 160
"""Columns of a terminal for which a run is written out."""


class Leaderboard(pd.DataFrame):
    """The means of a run, which a notebook shows as the table: marked and with its footnotes.

    A row for each method on a data set under a convention: ``n`` is the number of pairs scored,
    then come the metrics (NaN where the method failed), then what checks found. Whatever is
    computed from it is a plain frame.

    Attributes:
        tables: The same as tables, rounded and ranked.
    """

    _metadata = ["tables"]  # noqa: RUF012  (pandas reads it of the class)
    tables: tuple[Table, ...]

    @classmethod
    def of(cls, means: pd.DataFrame, tables: Sequence[Table]) -> Leaderboard:
        """A frame of means that shows tables."""
        made = cls(means)
        made.tables = tuple(tables)
        return made

    @property
    def _constructor(self) -> type[pd.DataFrame]:
        return pd.DataFrame

    def _repr_html_(self) -> str:
        return page_part(self.tables)

    def to_text(self, width: int = WIDTH) -> str:
        """The tables for a terminal of so many columns."""
        return text_of(self.tables, width)


def text_of(tables: Sequence[Table], width: int = WIDTH) -> str:
    """Tables as they would be shown in a terminal without colours."""
    from rich.console import Console

    from fusionbench.tables.terminal import Shown

    stream = io.StringIO()
    Console(file=stream, width=width, force_terminal=False).print(Shown(tables))
    return stream.getvalue()


def cards(kind: str) -> pd.DataFrame:
    """The cards of ``methods``, ``metrics``, ``datasets`` or ``conventions``, by their names."""
    from fusionbench.inventory import ITEMS

    frame = pd.DataFrame(ITEMS[kind]())
    frame.index = pd.Index(frame["name"].tolist())
    return frame
