"""LaTeX cites the methods' papers, and what it cites is there."""

from __future__ import annotations

import re
import shutil
import subprocess

import pytest

from fusionbench.report import write_report
from fusionbench.stages.preparing import prepare_methods


@pytest.fixture
def cited(builder):
    """A run with CMTFusion and two classical methods, scored."""
    builder.dataset("D", ["a"])
    builder.column("EN@standard")
    for prepared in prepare_methods("cmtfusion,laplacian,average", weights=["cmtfusion=retrained"]):
        builder.methods.append(prepared.record)
        builder.scores("D", prepared.record.name, {"a": {"EN@standard": 1.0}})
    return builder.write()


def test_every_cited_key_is_in_the_bib_and_in_the_standalone(cited) -> None:
    write_report(cited, figures=False)
    table = (cited.root / "leaderboard.tex").read_text()
    keys = re.findall(r"\\cite\{(\w+)\}", table)
    assert keys == ["park2023cmtfusion", "burt1983laplacian"]
    bib = (cited.root / "references.bib").read_text()
    alone = (cited.root / "leaderboard_standalone.tex").read_text()
    for key in keys:
        assert f"@article{{{key}," in bib
        assert rf"\bibitem{{{key}}}" in alone


@pytest.mark.skipif(shutil.which("pdflatex") is None, reason="pdflatex is not installed")
def test_the_standalone_resolves_its_citations(cited) -> None:
    write_report(cited, figures=False)
    command = ["pdflatex", "-interaction=nonstopmode", "leaderboard_standalone.tex"]
    for _ in range(2):
        done = subprocess.run(command, cwd=cited.root, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout[-2000:]
    assert "undefined" not in done.stdout
