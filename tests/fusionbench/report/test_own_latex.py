"""``latex-check`` finds nothing wrong in the project's own tables."""

from __future__ import annotations

import itertools
from pathlib import Path

import pytest

from fusionbench.latex_check import check_latex
from fusionbench.report.leaderboard import write_leaderboard
from fusionbench.results import Results
from fusionbench.tables.style import PLAIN, TableStyle


def write_latex(run, style=PLAIN):
    """The two LaTeX files of the leaderboard."""
    return [p for p in write_leaderboard(Results.read(run), style) if p.suffix == ".tex"]


RESULTS = Path(__file__).parents[3] / "results"
MARKS = ("bold-underline", "red-blue", "top3")
WAYS = list(
    itertools.product(("single", "stacked", "wide"), MARKS, ({}, {"std": True}), (None, 1, 0))
)


@pytest.mark.parametrize(("layout", "marks", "std", "decimals"), WAYS)
def test_leaderboards_of_every_look(paper_run, layout, marks, std, decimals):
    style = TableStyle(
        layout=layout, marks=marks, decimals=decimals, ours="k5", order="rank", **std
    )
    tables, alone = write_latex(paper_run, style)
    for path in (tables, alone):
        checked = check_latex(path)
        assert checked.wrong == []
        assert checked.numbers > 100


@pytest.mark.parametrize("layout", ["single", "stacked", "wide"])
def test_several_conventions_and_a_failed_method(two_by_two, layout):
    run = two_by_two()
    tables, alone = write_latex(run, TableStyle(layout=layout, ours="average"))
    assert check_latex(tables).wrong == check_latex(alone).wrong == []


@pytest.mark.parametrize("name", ["Average", "EN", "SSIM", "mAP", "Time", "Person", "Visible 2"])
def test_a_method_may_be_called_like_a_metric(builder, name):
    pairs = ["a", "b"]
    builder.dataset("MSRS", pairs)
    for number, label in enumerate((name, "GTF", "U2Fusion", "GTF (2)")):
        builder.method(f"m{number}", label)
        values = {p: {"EN@s": 6.0 + number, "Nabf@s": 0.1 * (number + 1)} for p in pairs}
        builder.scores("MSRS", f"m{number}", values)
    builder.column("EN@s")
    builder.column("Nabf@s", "lower")
    run = builder.write()
    checked = check_latex(write_latex(run)[0])
    assert (checked.wrong, checked.numbers) == ([], 8)


@pytest.mark.parametrize("path", sorted(RESULTS.glob("*/*.tex")), ids=lambda p: str(p.parent.name))
def test_published_tables(path, cli):
    done = cli("latex-check", path)
    assert (done.code, done.out) == (0, "")
