"""Names that figures still use."""

from fusionbench.report.leaderboard import (  # noqa: F401
    ARROWS,
    dataset_heading,
    heading,
    provenance,
)
from fusionbench.tables.model import Entry, sentence  # noqa: F401
