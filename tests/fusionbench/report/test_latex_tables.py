"""Tables in the styles of papers: every planted fault is found, and nothing else.

A line of ``latex_tables/*.tex`` that ends with ``%! 6.10 7.20`` marks these numbers wrongly; the
line ``%= ...`` after it is the same row marked rightly.
"""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from fusionbench.latex_check import check_latex

TABLES = sorted((Path(__file__).parent / "latex_tables").glob("*.tex"))


def planted(text):
    """The wrong numbers with their lines."""
    lines = enumerate(text.split("\n"), start=1)
    return {(i, n) for i, line in lines if "%! " in line for n in line.split("%! ")[1].split()}


def found(checked):
    where = re.compile(r"[^:]*:(\d+): .*?: (\S+) is ")
    return {(int(m[1]), m[2]) for m in map(where.match, checked.wrong) if m}


def test_there_are_ten_tables_with_several_faults_each():
    texts = [path.read_text(encoding="utf-8") for path in TABLES]
    assert len(texts) >= 10
    assert all(len(planted(text)) >= 4 for text in texts)


@pytest.mark.parametrize("path", TABLES, ids=lambda path: path.stem)
def test_exactly_the_planted_faults_are_found(path):
    expected = planted(path.read_text(encoding="utf-8"))
    checked = check_latex(path)
    assert found(checked) == expected
    assert len(checked.wrong) == len(expected)


@pytest.mark.parametrize("path", TABLES, ids=lambda path: path.stem)
def test_the_mended_table_is_right(path, tmp_path):
    text = re.sub(r"^.*%! .*\n%= ", "\n", path.read_text(encoding="utf-8"), flags=re.M)
    assert "%!" not in text
    (tmp_path / "mended.tex").write_text(text, encoding="utf-8")
    checked = check_latex(tmp_path / "mended.tex")
    assert checked.wrong == []
    assert checked.numbers >= 35
