"""Which convention, gray conversion and pairs reproduce a published row of numbers.

A row of a paper's table says ``EN 6.61, SD 43.4``, and rarely how they were computed. Here every
metric of the row is computed under every convention that defines it, of the images as every gray
conversion in use makes them, and averaged over every subset of pairs that may have been used. The
candidates are ordered by how far they are from the row, in units of its last digits.
"""

from __future__ import annotations

from fusionbench.identifying.candidates import (
    Candidate,
    Identified,
    Subset,
    Trial,
    identify_row,
    rank_candidates,
    subsets_of,
)
from fusionbench.identifying.values import GRAYS, Published, Values, compute_values, parse_row

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
