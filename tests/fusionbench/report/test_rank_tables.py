"""Ranks, tests and stability of a run whose answers are known by hand."""

from __future__ import annotations

import csv
import math

import numpy as np
import pytest
from scipy import stats

from fusionbench.report.ranks import write_ranks
from fusionbench.results import Results
from fusionbench.statistics.contests import rank_board


def rows(run, name):
    with (run.root / name).open(encoding="utf-8", newline="") as stream:
        return list(csv.DictReader(stream))


def contests(run):
    return [rank_board(board) for board in Results.read(run).boards()]


@pytest.fixture
def noisy(builder):
    """Five methods on 20 pairs by two metrics; ``best`` is much better by both."""
    generator = np.random.default_rng(11)
    ids = [f"{i:02}" for i in range(20)]
    builder.dataset("D", ids)
    builder.column("EN@standard")
    builder.column("Nabf@standard", "lower")
    for name in ("visible", "a", "b", "best", "c", "d"):
        builder.method(name, f"Label {name}", "source" if name == "visible" else "cnn")
        shift = 3.0 if name == "best" else 0.0
        values = {
            i: {
                "EN@standard": 6 + shift + generator.normal(),
                "Nabf@standard": 5 - shift + generator.normal(),
            }
            for i in ids
        }
        builder.scores("D", name, values)
    return builder.write()


def test_opposite_metrics_cancel_and_failed_methods_stay_out(two_by_two):
    run = two_by_two()
    msrs, _, tno, tno_matlab = contests(run)
    by_name = {contest.name: contest for contest in tno.all}
    assert by_name["EN"].mean_ranks.tolist() == [3, 2, 1]
    assert by_name["Nabf"].mean_ranks.tolist() == [1, 2, 3]
    assert by_name["overall"].mean_ranks.tolist() == [2, 2, 2]
    assert by_name["EN"].points.tolist() == [0, 1, 2]
    assert by_name["overall"].points.tolist() == [2, 2, 2]
    assert by_name["overall"].letters == ["a", "a", "a"]
    assert [m.method.name for m in msrs.overall.methods] == ["average", "deep"]
    assert msrs.left_out == (("GTF", "failed on 1 of 2 pairs"),)
    assert tno_matlab.overall.mean_ranks.tolist() == [3, 2, 1]


def test_files_and_their_rows(two_by_two):
    run = two_by_two()
    written = write_ranks(Results.read(run))
    names = ["ranks.csv", "ranks.md", "significance.csv", "stability.csv"]
    names += ["ranks.tex", "ranks_standalone.tex"]
    assert [p.name for p in written] == names
    ranks = rows(run, "ranks.csv")
    own = [r for r in ranks if (r["dataset"], r["metric"]) == ("T_NO", "Nabf")]
    assert [(r["method"], r["mean_rank"], r["borda"], r["n"]) for r in own] == [
        ("average", "1.0", "2.0", "3"),
        ("deep", "2.0", "1.0", "3"),
        ("gtf", "3.0", "0.0", "3"),
    ]
    assert not {"ir", "visible"} & {r["method"] for r in ranks}
    assert float(own[0]["mean"]) == pytest.approx(0.031)
    assert float(own[0]["friedman_p"]) == pytest.approx(stats.chi2.sf(6, 2))
    stability = rows(run, "stability.csv")
    across = [r for r in stability if r["first"] == "EN@standard" and r["second"] == "EN@matlab"]
    assert [(r["dataset"], r["kendall_tau"], r["moved"]) for r in across] == [
        ("MSRS", "1.0", "0"),
        ("T_NO", "1.0", "0"),
    ]


def test_the_same_bytes_again(noisy):
    first = {p.name: p.read_bytes() for p in write_ranks(Results.read(noisy))}
    assert first == {p.name: p.read_bytes() for p in write_ranks(Results.read(noisy))}


def test_ranks_and_tests_are_scipys(noisy):
    write_ranks(Results.read(noisy))
    results = {r.method.name: r for r in Results.read(noisy).every}
    column = noisy.manifest.columns[1]
    order = ["a", "b", "best", "c", "d"]
    table = np.array([list(results[n].cell(column).values.values()) for n in order]).T
    own = [r for r in rows(noisy, "ranks.csv") if r["metric"] == "Nabf"]
    expected = stats.rankdata(table, axis=1).mean(axis=0)
    assert [float(r["mean_rank"]) for r in own] == pytest.approx(expected.tolist())
    test = stats.friedmanchisquare(*table.T)
    assert float(own[0]["friedman"]) == pytest.approx(test.statistic)
    for row in rows(noisy, "significance.csv"):
        if row["metric"] == "Nabf":
            one, other = (order.index(row[key]) for key in ("first", "second"))
            gap = table[:, one] - table[:, other]
            assert float(row["difference"]) == pytest.approx(gap.mean())
            assert float(row["difference_low"]) < gap.mean() < float(row["difference_high"])
            assert float(row["wilcoxon_p"]) == pytest.approx(stats.wilcoxon(gap).pvalue)


def test_the_best_is_told_apart_and_the_rest_is_not(noisy):
    write_ranks(Results.read(noisy))
    letters = {r["method"]: r["groups"] for r in rows(noisy, "ranks.csv") if r["metric"] == "EN"}
    assert letters["best"] == "a"
    assert {letters[n] for n in "abcd"} == {"b"}
    compared = rows(noisy, "significance.csv")
    assert len(compared) == 2 * 10
    winners = {(r["first"], r["second"]): r["better"] for r in compared if r["metric"] == "Nabf"}
    assert winners[("a", "best")] == winners[("best", "d")] == "best"
    assert winners[("a", "b")] == ""
    text = (noisy.root / "ranks.md").read_text(encoding="utf-8")
    assert "| Label best | **1." in text
    assert "Label visible" not in text
    assert "| Friedman p |" in text


def test_pairs_without_a_value_for_anyone_are_left_out_and_counted(builder):
    builder.dataset("D", list("abcd"))
    builder.column("VIF@standard")
    for k, name in enumerate(("x", "y", "z")):
        builder.method(name)
        values = {p: {"VIF@standard": float(k)} for p in "abcd"}
        if name == "y":
            values["c"]["VIF@standard"] = "nan"
        builder.scores("D", name, values)
    run = builder.write()
    write_ranks(Results.read(run))
    (ranking,) = contests(run)
    assert ranking.overall.pairs == ("a", "b", "d")
    assert ranking.overall.dropped == 1
    assert {r["n"] for r in rows(run, "ranks.csv")} == {"3"}
    assert {r["n"] for r in rows(run, "significance.csv")} == {"3"}
    assert "1 pair left out" in (run.root / "ranks.md").read_text(encoding="utf-8")


def test_methods_scored_on_fewer_pairs_are_left_out(builder):
    builder.dataset("D", list("abc"))
    builder.column("EN@standard")
    for name in ("x", "y", "z"):
        builder.method(name)
        pairs = "ab" if name == "z" else "abc"
        builder.scores("D", name, {p: {"EN@standard": float(len(name))} for p in pairs})
    run = builder.write()
    (ranking,) = contests(run)
    assert [m.method.name for m in ranking.overall.methods] == ["x", "y"]
    assert ranking.left_out == (("z", "not on the pairs of the others in EN"),)


def test_infinite_values_are_ranked_and_not_averaged(builder):
    builder.dataset("D", list("ab"))
    builder.column("PSNR@standard")
    for name, values in {"x": ("inf", 60.0), "y": (50.0, 40.0), "z": ("-inf", "inf")}.items():
        builder.method(name)
        builder.scores(
            "D", name, {p: {"PSNR@standard": v} for p, v in zip("ab", values, strict=True)}
        )
    run = builder.write()
    write_ranks(Results.read(run))
    own = [r for r in rows(run, "ranks.csv") if r["metric"] == "PSNR"]
    assert [r["mean_rank"] for r in own] == ["1.5", "2.5", "2.0"]
    assert [r["mean"] for r in own] == ["inf", "45.0", ""]
    assert [r["borda"] for r in own] == ["2.0", "1.0", "0.0"]
    assert rows(run, "significance.csv") == []


@pytest.mark.parametrize("methods", [0, 1, 2])
def test_nothing_to_compare(builder, methods):
    builder.dataset("D", ["a"])
    builder.column("EN@standard")
    for i in range(methods):
        builder.method(f"m{i}")
        builder.scores("D", f"m{i}", {"a": {"EN@standard": float(i)}})
    run = builder.write()
    write_ranks(Results.read(run))
    found = rows(run, "ranks.csv")
    assert len(found) == (4 if methods == 2 else 0)
    assert all(r["friedman_p"] == "" for r in found)
    text = (run.root / "ranks.md").read_text(encoding="utf-8")
    assert ("No two methods" in text) == (methods < 2)


def test_all_ties_are_one_group(builder):
    builder.dataset("D", list("abc"))
    builder.column("EN@standard")
    for name in ("x", "y", "z"):
        builder.method(name)
        builder.scores("D", name, {p: {"EN@standard": 1.0} for p in "abc"})
    run = builder.write()
    write_ranks(Results.read(run))
    found = rows(run, "ranks.csv")
    assert {(r["mean_rank"], r["groups"], r["friedman_p"]) for r in found} == {("2.0", "a", "1.0")}
    assert {r["wilcoxon_p"] for r in rows(run, "significance.csv")} == {"1.0"}
    (ranking,) = contests(run)
    assert not math.isnan(ranking.overall.test.p)
