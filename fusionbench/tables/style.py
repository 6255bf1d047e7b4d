"""How tables are to look: one object, from the command line to the last cell."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal

from fusionbench.errors import FusionBenchError

Layout = Literal["single", "stacked", "wide"]
Marks = Literal["bold-underline", "red-blue", "top3"]
Order = Literal["given", "name", "year", "rank"]
MOST_DECIMALS = 8


@dataclass(frozen=True, kw_only=True)
class TableStyle:
    """The look of the tables; the defaults are what a plain ``fusionbench report`` writes.

    Attributes:
        layout: LaTeX: ``single`` is a table for each data set under each convention; ``stacked``
            has a table for each convention with the data sets as groups of rows, ``wide`` with the
            data sets side by side.
        marks: ``bold-underline``: best bold, second underlined. ``red-blue``: in these colours
            (LaTeX only). ``top3``: best bold, second underlined, third in italics.
        std: Whether every mean is followed by the standard deviation over its pairs.
        decimals: Decimals of every number (0 to 8); ``None`` chooses them for each column.
        ours: The method, by name or by title, that comes last and set apart.
        order: Order of the methods: as given to the run, by name, by year of publication (those
            without one last), or by their mean rank over the columns of the table, best first.
        side_by_side: Whether all conventions stand in one table, as ``SSIM (tang)``.

    Raises:
        FusionBenchError: ``decimals`` is out of its range.
    """

    layout: Layout = "single"
    marks: Marks = "bold-underline"
    std: bool = False
    decimals: int | None = None
    ours: str = ""
    order: Order = "given"
    side_by_side: bool = False

    def __post_init__(self) -> None:
        if self.decimals is not None and not 0 <= self.decimals <= MOST_DECIMALS:
            raise FusionBenchError(
                f"{self.decimals} decimals: expected a number from 0 to {MOST_DECIMALS}"
            )

    @property
    def plain(self) -> TableStyle:
        """The look where there is neither a layout nor a colour: in Markdown, terminal and page."""
        marks: Marks = "top3" if self.marks == "top3" else "bold-underline"
        return replace(self, layout="single", marks=marks)

    @property
    def depth(self) -> int:
        """How many places are marked."""
        return 3 if self.marks == "top3" else 2


PLAIN = TableStyle()
