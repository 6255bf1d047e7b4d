"""``leaderboard.csv`` and ``scores.csv``."""

from __future__ import annotations

import csv

from fusionbench.report import write_report


def read(path):
    with path.open(encoding="utf-8", newline="") as stream:
        return list(csv.DictReader(stream))


def test_means_against_hand_computed_values(two_by_two):
    run = two_by_two()
    write_report(run, figures=False)
    rows = {
        (r["dataset"], r["convention"], r["method"]): r for r in read(run.root / "leaderboard.csv")
    }
    assert len(rows) == 2 * 2 * 5
    average = rows["T_NO", "standard", "average"]
    assert float(average["EN"]) == (7.5 + 8.5 + 9.5) / 3
    assert float(average["Nabf"]) == 0.031
    assert average["n"] == "3"
    assert rows["T_NO", "matlab", "average"]["Nabf"] == ""
    assert float(rows["MSRS", "matlab", "deep"]["EN"]) == 6.0
    assert rows["MSRS", "matlab", "deep"]["label"] == "Deep_1 50% & more"


def test_header_and_order(two_by_two):
    run = two_by_two()
    write_report(run, figures=False)
    lines = (run.root / "leaderboard.csv").read_text().splitlines()
    assert lines[0] == "dataset,convention,method,label,n,EN,Nabf"
    assert [line.split(",")[:3] for line in lines[1:4]] == [
        ["MSRS", "standard", "ir"],
        ["MSRS", "standard", "visible"],
        ["MSRS", "standard", "average"],
    ]


def test_a_method_that_failed_has_empty_cells_and_the_pairs_it_did(two_by_two):
    run = two_by_two()
    write_report(run, figures=False)
    rows = [r for r in read(run.root / "leaderboard.csv") if r["method"] == "gtf"]
    assert [(r["dataset"], r["n"], r["EN"]) for r in rows[:2]] == [("MSRS", "1", "")] * 2
    assert float(rows[2]["EN"]) == 9.0


def test_full_precision_comes_back(builder):
    builder.dataset("D", ["a"])
    builder.method("m")
    builder.column("EN@standard")
    builder.scores("D", "m", {"a": {"EN@standard": 0.1 + 0.2}})
    run = builder.write()
    write_report(run, figures=False)
    assert read(run.root / "leaderboard.csv")[0]["EN"] == "0.30000000000000004"
    assert read(run.root / "scores.csv")[0]["value"] == "0.30000000000000004"


def test_scores_are_tidy(two_by_two):
    run = two_by_two()
    write_report(run, figures=False)
    rows = read(run.root / "scores.csv")
    assert list(rows[0]) == ["dataset", "pair", "method", "metric", "convention", "value"]
    assert len(rows) == (2 * 5 - 1 + 3 * 5) * 3
    assert not [r for r in rows if (r["method"], r["pair"]) == ("gtf", "b")]
    assert {"dataset": "T_NO", "pair": "z", "method": "ir", "metric": "EN", "convention": "matlab",
            "value": "6.0"} in rows  # fmt: skip


def test_undefined_and_infinite_scores_are_written_as_such(builder):
    builder.dataset("D", ["a", "b"])
    builder.method("m")
    builder.column("PSNR@standard")
    builder.scores("D", "m", {"a": {"PSNR@standard": "inf"}, "b": {"PSNR@standard": "nan"}})
    run = builder.write()
    write_report(run, figures=False)
    assert [r["value"] for r in read(run.root / "scores.csv")] == ["inf", "nan"]
    assert read(run.root / "leaderboard.csv")[0]["PSNR"] == "inf"
