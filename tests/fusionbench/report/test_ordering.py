"""One order of the methods: what ``--order rank`` and ``ranks.md`` say."""

from __future__ import annotations

from pathlib import Path

import pytest

from fusionbench.report.leaderboard import board_table
from fusionbench.report.ranks import rank_tables
from fusionbench.results import Results
from fusionbench.runs import Run
from fusionbench.statistics.contests import rank_board
from fusionbench.tables.style import TableStyle

RESULTS = Path(__file__).resolve().parents[3] / "results"


@pytest.mark.parametrize("name", ["field", "cmtfusion-variants", "cmtfusion-losses"])
def test_a_published_table_by_rank_has_the_order_of_its_ranks(name: str) -> None:
    for board in Results.read(Run(RESULTS / name)).boards():
        table = board_table(board, TableStyle(order="rank"))
        sources = {r.method.label for r in board.results if r.method.is_source}
        shown = [line.label.text for line in table.lines if line.label.text not in sources]
        (ranks,) = rank_tables([rank_board(board)])
        listed = [line.label.text for line in ranks.blocks[0].lines]
        assert shown == listed
        assert len(shown) > 3
