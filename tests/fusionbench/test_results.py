"""Which rows count, and what they come to."""

from __future__ import annotations

import math

from fusionbench.results import Results, sources_first


def test_only_the_newest_row_of_a_manifest_pair_counts(builder):
    builder.dataset("D", ["a", "b"])
    builder.method("m")
    column = builder.column("EN@standard")
    builder.scores("D", "m", {"a": {"EN@standard": 1.0}, "stranger": {"EN@standard": 100.0}})
    builder.scores("D", "m", {"b": {"EN@standard": 4.0}, "a": {"EN@standard": 2.0}})
    builder.scores("D", "not-in-manifest", {"a": {"EN@standard": 9.0}})
    (result,) = Results.read(builder.write()).every
    assert result.cell(column).values == {"a": 2.0, "b": 4.0}
    assert list(result.rows) == ["a", "b"]
    assert result.mean(column) == 3.0


def test_mean_is_correctly_rounded_not_a_running_sum(builder):
    builder.dataset("D", [str(i) for i in range(10)])
    builder.method("m")
    column = builder.column("EN@standard")
    builder.scores("D", "m", {str(i): {"EN@standard": 0.1} for i in range(10)})
    (result,) = Results.read(builder.write()).every
    assert sum([0.1] * 10) / 10 != 0.1
    assert result.mean(column) == 0.1


def test_nan_infinity_and_errors_are_told_apart(builder):
    builder.dataset("D", ["a", "b", "c", "d"])
    builder.method("m")
    nan, infinite = builder.column("VIF@standard"), builder.column("PSNR@standard")
    builder.scores(
        "D",
        "m",
        {
            "a": {"VIF@standard": "nan", "PSNR@standard": "inf"},
            "b": {"VIF@standard": 0.5, "PSNR@standard": 60.0},
            "c": {"VIF@standard": 1.0, "PSNR@standard": 61.0},
        },
        {"d": {"VIF@standard": "ValueError: flat"}},
    )
    (result,) = Results.read(builder.write()).every
    cell = result.cell(nan)
    assert (cell.undefined, cell.errors) == (("a",), {"d": "ValueError: flat"})
    assert (cell.mean, cell.pairs) == (0.75, 4)
    assert result.mean(infinite) == math.inf
    assert result.scored([nan, infinite]) == 4
    assert result.scored([infinite]) == 3


def test_infinities_of_both_signs_have_no_mean(builder):
    builder.dataset("D", ["a", "b"])
    builder.method("m")
    column = builder.column("PSNR@standard")
    builder.scores("D", "m", {"a": {"PSNR@standard": "inf"}, "b": {"PSNR@standard": "-inf"}})
    (result,) = Results.read(builder.write()).every
    assert math.isnan(result.mean(column))


def test_a_failure_takes_the_mean_and_the_pairs_older_score(builder):
    builder.dataset("D", ["a", "b"])
    builder.method("m")
    column = builder.column("EN@standard")
    builder.scores("D", "m", {"a": {"EN@standard": 1.0}, "b": {"EN@standard": 2.0}})
    builder.failure("D", "m", "b", "RuntimeError: no")
    builder.failure("D", "m", "not a pair", "RuntimeError: no")
    (result,) = Results.read(builder.write()).every
    assert result.failed == {"b": "RuntimeError: no"}
    assert result.cell(column).values == {"a": 1.0}
    assert math.isnan(result.mean(column))


def test_boards_and_rows_follow_the_manifest(two_by_two):
    run = two_by_two()
    found = Results.read(run).boards()
    assert [(b.dataset.name, b.convention) for b in found] == [
        ("MSRS", "standard"),
        ("MSRS", "matlab"),
        ("T_NO", "standard"),
        ("T_NO", "matlab"),
    ]
    assert [c.metric for c in found[0].columns] == ["EN", "Nabf"]
    assert [r.method.name for r in found[3].results] == ["ir", "visible", "average", "deep", "gtf"]


def test_source_images_come_first(builder):
    methods = [builder.method("b"), builder.method("ir", family="source"), builder.method("a")]
    assert [m.name for m in sources_first(methods)] == ["ir", "b", "a"]
