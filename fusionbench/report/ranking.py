"""Names that figures still use."""

from fusionbench.statistics.contests import (  # noqa: F401
    ALPHA,
    OVERALL,
    Contest,
    Ranking,
    contenders,
    rank_board,
    values_of,
)
