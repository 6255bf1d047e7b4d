"""What every format of a table shows: ranks, dashes, footnotes, captions."""

from __future__ import annotations

import pytest

from fusionbench.report.leaderboard import leaderboard_tables
from fusionbench.results import Results
from fusionbench.tables.notes import Notes


def tables(run):
    return leaderboard_tables(Results.read(run))


def said(table):
    return [*table.caption, *table.remarks]


def line(table, label):
    return next(x for x in table.lines if x.label.text == label)


@pytest.fixture
def single(builder):
    """A data set of four pairs and one metric; fill in the scores of each method."""

    def make(metric="EN@standard", better="higher", pairs="abcd", **scores):
        builder.dataset("D", list(pairs))
        builder.column(metric, better)
        for name, values in scores.items():
            builder.method(name)
            builder.scores("D", name, {p: {metric: v} for p, v in values.items() if v is not None})
        return builder

    return make


def test_ties_are_decided_on_what_is_shown(single):
    builder = single(pairs="a", x={"a": 7.00001}, y={"a": 7.00004}, z={"a": 6.9}, w={"a": 6.8})
    (table,) = tables(builder.write())
    shown = [(x.cells[0].text, x.cells[0].rank) for x in table.lines]
    assert shown == [("7.0000", "best"), ("7.0000", "best"), ("6.9000", "second"), ("6.8000", "")]


def test_source_images_are_first_and_never_ranked(builder):
    builder.dataset("D", ["a"])
    builder.column("EN@standard")
    for name, family, value in [("m", "cnn", 5.0), ("ir", "source", 9.0), ("k", "cnn", 4.0)]:
        builder.method(name, family=family)
        builder.scores("D", name, {"a": {"EN@standard": value}})
    (table,) = tables(builder.write())
    assert [
        (block.title, [(x.label.text, x.cells[0].rank) for x in block.lines])
        for block in table.blocks
    ] == [
        ("Source images, not ranked", [("ir", "")]),
        ("Fusion methods", [("m", "best"), ("k", "second")]),
    ]
    assert any("copy of a source" in text for text in said(table))


def test_a_failure_is_a_dash_with_who_what_and_where(two_by_two):
    table = tables(two_by_two())[0]
    gtf = line(table, "GTF")
    notes = dict(table.notes)
    assert [h.text for h in table.headers] == ["N", "EN ↑", "Nabf ↓"]
    assert [cell.text for cell in gtf.cells] == ["1", "", ""]
    assert [notes[mark] for cell in gtf.cells for mark in cell.marks] == [
        "Failed on 1 of 2 pairs (b): RuntimeError: out_of_memory {100%}"
    ] * 2
    assert not [c for x in table.lines for c in x.cells if x.label.text != "GTF" and not c.text]


def test_different_errors_are_different_notes_and_pairs_are_cut(builder):
    ids = [f"p{i}" for i in range(9)]
    builder.dataset("D", ids)
    builder.column("EN@standard")
    builder.method("m")
    for pair in ids[:7]:
        builder.failure("D", "m", pair, "ValueError: one\nline " + "x" * 900)
    builder.failure("D", "m", "p8", "MemoryError: two")
    (table,) = tables(builder.write())
    (first, second) = [text for _, text in table.notes if "Failed" in text]
    assert first.startswith(
        "Failed on 7 of 9 pairs (p0, p1, p2, p3 and 3 more): ValueError: one line"
    )
    assert len(first) < 750 and first.endswith("… (921 characters; the rows hold all)")
    assert second == "Failed on 1 of 9 pairs (p8): MemoryError: two"
    assert len(table.lines[0].cells[1].marks) == 2


def test_an_undefined_pair_is_said_and_the_mean_is_not_ranked(single):
    full = dict.fromkeys("abcd", 5.0)
    builder = single(x={**full, "a": "nan", "b": 9.0}, y=full, z=dict.fromkeys("abcd", 4.0))
    (table,) = tables(builder.write())
    x, y, z = (row.cells[0] for row in table.lines)
    assert (x.text, x.rank) == ("6.3333", "unranked")
    assert (y.rank, z.rank) == ("best", "second")
    note = dict(table.notes)[x.marks[0]]
    assert note == "Undefined on 1 of 4 pairs; the mean is over the other 3 pairs"
    assert any("fewer pairs" in text for text in said(table))


def test_a_pair_undefined_for_every_method_costs_nobody_the_rank(single):
    both = {"a": "nan", "b": 1.0, "c": 1.0, "d": 1.0}
    (table,) = tables(single(x=both, y={**both, "b": 2.0}).write())
    assert [row.cells[0].rank for row in table.lines] == ["second", "best"]


def test_undefined_everywhere_is_a_dash(single):
    (table,) = tables(single(x=dict.fromkeys("abcd", "nan"), y=dict.fromkeys("abcd", 1.0)).write())
    cell = table.lines[0].cells[0]
    assert (cell.text, dict(table.notes)[cell.marks[0]]) == ("", "Undefined on 4 of 4 pairs")


def test_a_metric_that_raised_is_said(single):
    builder = single(x={"a": 1.0, "b": 3.0})
    builder.scores("D", "x", {}, {p: {"EN@standard": "ValueError: too flat"} for p in "cd"})
    (table,) = tables(builder.write())
    cell = table.lines[0].cells[0]
    assert cell.text == "2.0000"
    assert dict(table.notes)[cell.marks[0]] == (
        "Failed on 2 of 4 pairs with ValueError: too flat; the mean is over the other 2 pairs"
    )


def test_a_run_killed_while_scoring_says_how_far_it_came(single):
    builder = single(
        x={"a": 1.0, "b": 2.0}, y=dict.fromkeys("abcd", 1.0), z=dict.fromkeys("abcd", 2.0)
    )
    builder.method("unscored")
    (table,) = tables(builder.write())
    notes = dict(table.notes)
    x, unscored = line(table, "x"), line(table, "unscored")
    assert (x.cells[0].text, notes[x.cells[0].marks[0]]) == ("2", "2 of 4 pairs scored")
    assert (x.cells[1].text, x.cells[1].rank) == ("1.5000", "unranked")
    assert notes[unscored.cells[1].marks[0]] == "0 of 4 pairs scored"


def test_images_missing_from_a_folder_brought_from_elsewhere_are_said(single):
    builder = single(x={"a": 1.0, "b": 2.0, "c": 1.0})
    brought = {"D": {p: f"/somewhere/{p}.png" for p in "abc"}}
    builder.methods[0] = builder.methods[0].model_copy(update={"fused": brought})
    (table,) = tables(builder.write())
    assert table.notes == (("a", "3 of 4 pairs scored (1 pair without a fused image)"),)


def test_one_column_scored_less_than_the_others(builder):
    builder.dataset("D", ["a", "b"])
    builder.method("m")
    builder.column("EN@standard")
    builder.column("MI@standard")
    builder.scores(
        "D", "m", {"a": {"EN@standard": 1.0, "MI@standard": 1.0}, "b": {"EN@standard": 1.0}}
    )
    (table,) = tables(builder.write())
    assert table.notes == (("a", "1 of 2 pairs scored in this column"),)
    assert table.lines[0].cells[1].marks == ("a",)


def test_weights_are_said_once_per_text(builder):
    builder.dataset("D", ["a"])
    builder.column("EN@standard")
    builder.method("p", note="the authors' file")
    builder.method("q", note="retrained on MSRS")
    builder.method("r", note="retrained on MSRS")
    builder.method("s", note="")
    (table,) = tables(builder.write())
    marks = {row.label.text: row.label.marks for row in table.lines}
    assert marks["q"] == marks["r"] != marks["p"]
    notes = dict(table.notes)
    assert notes[marks["q"][0]] == "Weights: retrained on MSRS"
    assert notes[marks["s"][0]] == "Weights: authors (w.pth)"


@pytest.mark.parametrize(("trained_on", "marked"), [
    (["MSRS"], True), (["MSRS/test"], True), (["KAIST", "MSRS/train"], False), ([], False),
])  # fmt: skip
def test_a_method_scored_on_its_training_data_is_marked(builder, trained_on, marked):
    builder.dataset("MSRS", ["a"])
    builder.method("m", note="theirs").trained_on = trained_on
    builder.column("EN@standard")
    builder.scores("MSRS", "m", {"a": {"EN@standard": 1.0}})
    (table,) = tables(builder.write())
    assert ("†" in table.lines[0].label.marks) is marked
    assert table.lines[0].label.marks[-1] == "a"
    assert any(mark == "†" for mark, _ in table.notes) is marked


def test_one_method_is_no_contest(single):
    (table,) = tables(single(x=dict.fromkeys("abcd", 1.0)).write())
    assert table.lines[0].cells[0].rank == ""
    assert not any("bold" in text for text in said(table))


def test_heading_and_provenance(builder):
    builder.dataset("MSRS", ["a"], title="MSRS: roads", skipped=["z"])
    builder.dataset("TNO", ["a", "b"], split="")
    builder.method("m")
    builder.column("EN@standard")
    first, second = tables(builder.write())
    assert first.heading == "MSRS: roads (N = 1 pair; split test), convention standard"
    assert second.heading == "TNO (N = 2 pairs), convention standard"
    assert first.remarks[-1] == (
        "Convention standard; MSRS: N = 1 pair, data fingerprint 0123456789ab; fusionbench 9.8.7"
    )
    assert any(text.startswith("1 pair left out") for text in said(first))


def test_arrows_follow_the_manifest(two_by_two):
    heads = [h.text for h in tables(two_by_two())[2].headers]
    assert heads == ["EN ↑", "Nabf ↓"]


def test_marks_go_on_after_z():
    notes = Notes()
    marks = [notes.mark(str(i)) for i in range(54)]
    assert (marks[0], marks[25], marks[26], marks[27], marks[52]) == ("a", "z", "aa", "ab", "ba")
    assert notes.mark("0") == "a"
