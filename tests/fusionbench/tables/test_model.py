"""One table, every format: parts, labels, footnotes."""

from __future__ import annotations

import io
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.console import Console

from fusionbench.tables.latex import write_float, write_tables
from fusionbench.tables.markdown import section, table_rows
from fusionbench.tables.model import Block, Entry, Header, Line, Table, fitting
from fusionbench.tables.terminal import Shown


def table(columns=3, rows=2, name="t", **facts):
    heads = facts.pop("heads", tuple(Header(f"H{i}") for i in range(columns)))
    lines = tuple(
        Line(Entry(f"row {r}"), tuple(Entry(f"{r}.{c}") for c in range(len(heads))))
        for r in range(rows)
    )
    return Table(name, "A heading", heads, (Block(lines),), **facts)


def shown(made, width=100):
    console = Console(file=io.StringIO(), width=width, color_system=None)
    console.print(Shown([made]))
    return console.file.getvalue()


@given(st.lists(st.floats(0.1, 30), max_size=40), st.floats(1, 40))
def test_ranges_hold_every_column_once_and_fit(widths, room):
    ranges = fitting(widths, room)
    assert [i for start, stop in ranges for i in range(start, stop)] == list(range(len(widths)))
    for start, stop in ranges:
        assert sum(widths[start:stop]) <= room or stop - start <= 1


def test_equal_columns_are_shared_out_evenly():
    assert fitting([1.0] * 23, 10) == [(0, 8), (8, 16), (16, 23)]
    assert fitting([1.0] * 10, 10) == [(0, 10)]


def test_parts_have_all_rows_and_labels_of_their_own():
    parts = table(23).split()
    assert [len(part.headers) for part in parts] == [8, 8, 7]
    assert {part.label("run") for part in parts} == {f"tab:run-t-{i}" for i in (1, 2, 3)}
    assert parts[2].title == "A heading (part 3 of 3)"
    assert [len(part.lines) for part in parts] == [2, 2, 2]


def test_labels_of_two_runs_differ():
    assert table().label("one") != table().label("two")
    assert table(name="数据集").label("r") != table(name="数据").label("r")


def test_a_wide_table_goes_on_below_in_every_format(tmp_path):
    made = table(40)
    write_tables(tmp_path, "x", [made])
    tex = (tmp_path / "x.tex").read_text(encoding="utf-8")
    assert tex.count(r"\begin{tabular}") == 4
    assert section(made).count("| :--- |") == 3
    text = shown(made, 70)
    for column in range(40):
        assert f"H{column} " in tex and f"H{column}" in text
        assert f"1.{column}" in text


def test_footnotes_are_sentences_with_and_without_marks():
    made = table(notes=(("a", "First"),), remarks=("How it was made.",))
    assert made.footnotes == [("a", "First."), ("", "How it was made.")]
    assert "<sup>a</sup> First.<br>\nHow it was made.<br>" in section(made)
    assert r"\textsuperscript{a}~First.\par" in write_float(made, "tab:x")
    assert "ᵃ First." in shown(made) and "How it was made." in shown(made)


@pytest.mark.parametrize("rank", ["best", "second", "third"])
def test_every_format_marks_every_rank(rank):
    entry = Entry("7.0", rank, ("a",), std="0.1", letters="bc")
    block = Block((Line(Entry("x"), (entry,), cite="key"),))
    made = Table("t", "h", (Header("H"),), (block,), marks="top3")
    markdown, tex = table_rows(made)[2], write_float(made, "tab:x")
    assert re.search(r"[*>]7\.0[*<].*&nbsp;±&nbsp;0\.1<sup>bc,a</sup>", markdown)
    assert re.search(r"\\text(bf|it)\{7\.0\}|\\underline\{7\.0\}", tex)
    assert r"x~\cite{key}" in tex and r"$\pm$\,0.1" in tex


def test_blocks_titles_and_heads_above():
    blocks = (
        Block((Line(Entry("a"), (Entry("1"), Entry("2"))),), "Sources", "Data 1"),
        Block((Line(Entry("b"), (Entry("3"), Entry("4"))),), "Methods"),
        Block((Line(Entry("c"), (Entry("5"), Entry("6"))),), over="Data 2"),
    )
    made = Table("t", "h", (Header("X", "Left"), Header("Y", "Right")), blocks)
    tex = write_float(made, "tab:x")
    assert r" & \multicolumn{1}{c}{Left} & \multicolumn{1}{c}{Right} \\" in tex
    assert r"\cmidrule(lr){2-2}\cmidrule(lr){3-3}" in tex
    assert tex.count(r"\midrule") == 2
    assert tex.count(r"\addlinespace") == 1
    assert "| **Data 1** |  |  |" in table_rows(made)
    assert "Data 2" in shown(made)
    assert made.as_json()["headers"] == [["X", "Left", False], ["Y", "Right", False]]


def test_no_value_is_a_dash_and_null():
    made = Table("t", "h", (Header("X"),), (Block((Line(Entry("a"), (Entry(""),)),)),))
    assert table_rows(made)[2] == "| a | – |"
    assert "a & --" in write_float(made, "tab:x")
    assert made.as_json()["blocks"][0]["lines"][0][1][0] is None


def test_a_kept_column_stands_in_every_part():
    heads = (Header("N", width=0, kept=True), *(Header(f"H{i}") for i in range(23)))
    made = table(heads=heads)
    assert [part.headers[0].text for part in made.split()] == ["N"] * 3
    assert [len(part.headers) for part in made.split()] == [9, 9, 8]
    assert shown(made, 60).count("N ") == len(re.findall("─\n", shown(made, 60)))
