"""The stage as a whole: what it writes, what it leaves alone, and that it comes back the same."""

from __future__ import annotations

import hashlib
import subprocess
import sys

import pytest

from fusionbench.errors import FusionBenchError
from fusionbench.report import write_report
from fusionbench.results import Results
from fusionbench.runs import Run

TABLES = {
    "leaderboard.csv",
    "scores.csv",
    "leaderboard.md",
    "leaderboard.tex",
    "leaderboard_standalone.tex",
    "references.bib",
    "ranks.csv",
    "ranks.md",
    "ranks.tex",
    "ranks_standalone.tex",
    "significance.csv",
    "stability.csv",
    "report.html",
}


def contents(folder):
    return {
        str(p.relative_to(folder)): hashlib.sha256(p.read_bytes()).hexdigest()
        for p in sorted(folder.rglob("*"))
        if p.is_file()
    }


def test_importing_the_stage_imports_no_heavy_library():
    code = (
        "import sys, fusionbench.report\n"
        "heavy = {'pandas', 'matplotlib', 'seaborn', 'rich', 'torch'} & set(sys.modules)\n"
        "sys.exit(', '.join(heavy) or 0)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


def test_a_folder_that_is_no_run(tmp_path):
    with pytest.raises(FusionBenchError, match=r"manifest\.json"):
        write_report(Run(tmp_path))
    with pytest.raises(FusionBenchError, match=r"manifest\.json"):
        Results.read(Run(tmp_path))


def test_only_reads_and_comes_back_identical(two_by_two, builder):
    run = two_by_two()
    builder.images()
    before = contents(run.root.parent)
    written = write_report(run)
    after = contents(run.root.parent)
    names = {str(p.relative_to(run.root)) for p in written}
    assert not TABLES - names
    assert "figures/box_EN@matlab.pdf" in names
    assert "figures/grid_T_NO.png" in names
    assert {k: after[k] for k in before} == before
    assert after.keys() - before.keys() == {f"run/{name}" for name in names}
    for path in written:
        path.unlink()
    assert write_report(Run(run.root)) == written
    assert contents(run.root.parent) == after


def test_figures_can_be_left_out(two_by_two):
    run = two_by_two()
    written = write_report(run, figures=False)
    assert {p.name for p in written} == TABLES
    assert not (run.root / "figures").exists()


@pytest.mark.slow
def test_bytes_do_not_depend_on_the_process(two_by_two, builder):
    run = two_by_two()
    builder.images()
    code = (
        "import sys; from pathlib import Path; from fusionbench.runs import Run\n"
        "from fusionbench.report import write_report; write_report(Run(Path(sys.argv[1])))"
    )
    seen = []
    for seed in ("1", "2"):
        command = [sys.executable, "-c", code, str(run.root)]
        environment = {"PYTHONHASHSEED": seed, "PATH": "", "HOME": str(run.root.parent)}
        subprocess.run(command, check=True, env=environment)
        seen.append(contents(run.root))
    assert seen[0] == seen[1]


def test_a_run_without_any_score_is_reported_all_the_same(builder):
    builder.dataset("D", ["a", "b"])
    builder.method("m")
    builder.column("EN@standard")
    run = builder.write()
    assert {p.name for p in write_report(run)} == TABLES
    assert "0 of 2 pairs scored" in (run.root / "leaderboard.md").read_text(encoding="utf-8")
