"""One order of the methods: what ``--order rank`` and ``ranks.md`` say."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from fusionbench.comparing.agreeing import _published
from fusionbench.report.collect import boards
from fusionbench.report.layout import lay_out
from fusionbench.report.options import TableStyle
from fusionbench.report.rank_markdown import ranks_markdown
from fusionbench.report.ranking import rank_board
from fusionbench.runs import Run

RESULTS = Path(__file__).resolve().parents[3] / "results"


@pytest.mark.parametrize("name", ["field", "cmtfusion-variants", "cmtfusion-losses"])
def test_a_published_table_by_rank_has_the_order_of_its_ranks(name: str) -> None:
    run = Run(RESULTS / name)
    for board in boards(run, _published(run)):
        table = lay_out(board, style=TableStyle(order="rank"))
        shown = [line.label.text for line in table.lines if not line.anchor]
        ranks = ranks_markdown([rank_board(board)])
        listed = re.findall(r"^\| ([^|*]+?) \|", ranks, re.MULTILINE)[2:]
        assert shown == [re.sub(r"\\(.)", r"\1", label) for label in listed][: len(shown)]
        assert len(shown) > 3
