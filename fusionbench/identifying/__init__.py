"""Which convention, gray conversion and pairs reproduce a published row of numbers.

A row of a paper's table says ``EN 6.61, SD 43.4``, and rarely how they were computed. Here every
metric of the row is computed under every convention that defines it, of the images as every gray
conversion in use makes them, and averaged over every subset of pairs that may have been used. The
candidates are ordered by how far they are from the row, in units of its last digits.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from fusionbench.errors import FusionBenchError
from fusionbench.identifying.candidates import Candidate, Subset, Trial, rank_candidates, subsets_of
from fusionbench.identifying.published import Published, parse_row
from fusionbench.identifying.values import GRAYS, Values, compute_values

__all__ = [
    "GRAYS",
    "Candidate",
    "Identified",
    "Published",
    "Subset",
    "Trial",
    "Values",
    "compute_values",
    "identify_row",
    "parse_row",
    "rank_candidates",
    "subsets_of",
]


@dataclass(frozen=True)
class Identified:
    """What became of a row.

    Attributes:
        row: The published values.
        tolerance: How far a value may be off, in units of its last digit.
        candidates: Every candidate, nearest first.
    """

    row: tuple[Published, ...]
    tolerance: float
    candidates: tuple[Candidate, ...]

    @property
    def fitting(self) -> list[Candidate]:
        """The candidates that give every value of the row."""
        return [candidate for candidate in self.candidates if candidate.fits]

    def write(self, path: Path) -> None:
        """Write a CSV line for each candidate and value, nearest candidate first."""
        from fusionbench.identifying.showing import write_candidates

        write_candidates(self.candidates, path)


def identify_row(
    row: Sequence[Published], values: Values, subsets: Sequence[Subset], tolerance: float
) -> Identified:
    """Find what reproduces a row.

    Args:
        row: The published values.
        values: What every pair gives (see :func:`compute_values`).
        subsets: The subsets of pairs to try.
        tolerance: How far a value may be off, in units of its last digit; 0.5 is rounding alone.

    Raises:
        FusionBenchError: No convention goes with the gray conversions.
    """
    candidates = rank_candidates(row, values, subsets, tolerance)
    if not candidates:
        raise FusionBenchError(
            f"no convention that defines a metric of the row goes with gray "
            f"{', '.join(values.grays)}; try all gray conversions"
        )
    return Identified(tuple(row), tolerance, tuple(candidates))
