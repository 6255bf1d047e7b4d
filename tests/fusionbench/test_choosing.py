"""Rows, columns and names chosen after the run, the same in every file."""

from __future__ import annotations

import csv
import re

import pytest

from fusionbench.choosing import Choice
from fusionbench.errors import FusionBenchError, UnknownNameError
from fusionbench.report import TableStyle, leaderboard_view, write_report
from fusionbench.report.leaderboard import leaderboard_tables
from fusionbench.results import Results


def chosen(run, **choice):
    return Results.read(run, Choice(**choice))


def names(results):
    return [method.name for method in results.manifest.methods]


def columns(results):
    return [f"{c.metric}@{c.convention}" for c in results.manifest.columns]


@pytest.mark.parametrize(
    ("selector", "expected"),
    [
        ("", ["ir", "visible", "average", "deep", "gtf"]),
        ("gtf,average", ["ir", "visible", "gtf", "average"]),
        ("GTF", ["ir", "visible", "gtf"]),
        ("-deep", ["ir", "visible", "average", "gtf"]),
        ("*e*,-visible", ["ir", "average", "deep"]),
        ("all,-ir", ["visible", "average", "deep", "gtf"]),
    ],
)
def test_methods_by_name_label_glob_and_what_is_dropped(two_by_two, selector, expected):
    assert names(chosen(two_by_two(), methods=selector)) == expected


@pytest.mark.parametrize(
    ("selector", "expected"),
    [
        ("en", ["EN@standard", "EN@matlab"]),
        ("EN@matlab", ["EN@matlab"]),
        ("@standard", ["EN@standard", "Nabf@standard"]),
        ("-EN", ["Nabf@standard"]),
        ("N*", ["Nabf@standard"]),
    ],
)
def test_metrics_by_name_convention_and_glob(two_by_two, selector, expected):
    assert columns(chosen(two_by_two(), metrics=selector)) == expected


@pytest.mark.parametrize(
    "choice",
    [{"methods": "nobody"}, {"metrics": "VIF"}, {"labels": ["nobody=X"]}, {"methods": "-nobody"}],
)
def test_what_the_run_has_not_is_refused_and_nothing_written(two_by_two, choice):
    run = two_by_two()
    before = sorted(run.root.rglob("*"))
    with pytest.raises(UnknownNameError):
        write_report(run, figures=False, html=False, choice=Choice(**choice))
    assert sorted(run.root.rglob("*")) == before


@pytest.mark.parametrize("label", ["average", "average=", "average= ", "=Ours", " =Ours"])
def test_a_label_without_a_text_or_a_name_is_refused(two_by_two, label):
    with pytest.raises(FusionBenchError, match="NAME=LABEL"):
        chosen(two_by_two(), labels=[label])


def test_ranks_are_those_of_the_rows_that_are_shown(two_by_two):
    table = leaderboard_tables(chosen(two_by_two(), methods="average,gtf"))[2]
    cells = {line.label.text: [c.rank for c in line.cells] for line in table.lines}
    assert cells["GTF"] == ["best", "second"]
    assert cells["Average"] == ["second", "best"]


def test_labels_are_told_apart(two_by_two):
    results = chosen(two_by_two(), labels=["average=GTF"])
    labels = [method.label for method in results.manifest.methods]
    assert len(set(labels)) == len(labels)
    assert set(labels) >= {"GTF", "GTF (2)"}


def test_every_file_names_the_chosen_and_scores_csv_keeps_all(two_by_two):
    run = two_by_two()
    choice = Choice(methods="deep,gtf", metrics="EN", labels=["deep=Ours"], sources=False)
    write_report(run, figures=False, choice=choice)
    for file in ("leaderboard.md", "leaderboard.tex", "ranks.md", "leaderboard.csv"):
        text = (run.root / file).read_text(encoding="utf-8")
        assert "Ours" in text, file
        assert not re.search(r"Average|Infrared|Visible|Nabf|N\^", text), file
    with (run.root / "scores.csv").open(encoding="utf-8", newline="") as stream:
        rows = list(csv.DictReader(stream))
    assert {row["method"] for row in rows} == {"ir", "visible", "average", "deep", "gtf"}
    assert {row["metric"] for row in rows} == {"EN", "Nabf"}


def test_without_a_choice_everything_comes_back(two_by_two):
    run = two_by_two()
    write_report(run, figures=False)
    plain = {p: p.read_bytes() for p in run.root.glob("leaderboard.*")}
    write_report(run, figures=False, choice=Choice(methods="gtf", sources=False))
    assert {p: p.read_bytes() for p in plain} != plain
    write_report(run, figures=False)
    assert {p: p.read_bytes() for p in plain} == plain


def test_conventions_side_by_side(two_by_two):
    tables = leaderboard_tables(Results.read(two_by_two()), TableStyle(side_by_side=True))
    assert len(tables) == 2
    heads = [header.text for header in tables[1].headers]
    assert heads == ["EN (standard) ↑", "Nabf (standard) ↓", "EN (matlab) ↑"]
    assert "conventions standard, matlab" in tables[1].heading


def test_on_the_command_line(two_by_two, cli):
    run = two_by_two()
    options = [
        "--methods",
        "deep,gtf",
        "--no-sources",
        "--label",
        "deep=My net",
        "--ours",
        "My net",
    ]
    done = cli("report", run.root, "--no-figures", "--no-html", *options, "--metrics", "EN")
    assert "My net" in done.out and "Average" not in done.out
    refused = cli("report", run.root, "--no-figures", "--methods", "dep")
    assert (refused.code, "deep" in refused.err) == (2, True)


def test_the_terminal_is_given_the_choice(two_by_two):
    view = leaderboard_view(chosen(two_by_two(), methods="gtf"), TableStyle(layout="wide"))
    assert len(view.tables) == 4, "one for each data set and convention, whatever LaTeX does"
