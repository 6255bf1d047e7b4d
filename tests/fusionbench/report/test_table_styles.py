"""Layouts, marks, order, decimals and standard deviations of the tables."""

from __future__ import annotations

import re
import shutil
import subprocess

import numpy as np
import pytest

from fusionbench.errors import FusionBenchError, UnknownNameError
from fusionbench.report import TableStyle, write_report
from fusionbench.report.leaderboard import leaderboard_tables, mean_ranks, write_leaderboard
from fusionbench.results import Results
from fusionbench.tables.numbers import ranks

STYLES = {
    "single": TableStyle(),
    "single-std": TableStyle(std=True, marks="top3"),
    "stacked": TableStyle(layout="stacked", marks="top3", ours="k5", order="year"),
    "stacked-std": TableStyle(layout="stacked", std=True, ours="TarDAL"),
    "wide": TableStyle(layout="wide", marks="red-blue", ours="seafusion", order="rank", decimals=2),
    "wide-std": TableStyle(layout="wide", std=True, order="name"),
}


def tex(run, style):
    write_leaderboard(Results.read(run), style)
    return (run.root / "leaderboard.tex").read_text(encoding="utf-8")


def first(run, **style):
    return leaderboard_tables(Results.read(run), TableStyle(**style))[0]


def labels(table):
    return [line.label.text for line in table.lines]


def test_every_layout_compiles_and_fits_the_page(paper_run):
    """All styles in one document, with the packages that the files ask for."""
    if shutil.which("pdflatex") is None:
        pytest.skip("pdflatex is not installed")
    asked = set()
    for name, style in STYLES.items():
        text = tex(paper_run, style).replace(r"\label{", rf"\label{{{name}:")
        asked |= set(re.search(r"\\usepackage\{(.*)\}", text)[1].split(","))
        (paper_run.root / f"{name}.tex").write_text(text, encoding="utf-8")
    assert asked == {"booktabs", "graphicx", "xcolor"}
    inputs = r"\clearpage".join(rf"\input{{{name}.tex}}" for name in STYLES)
    paper = rf"\documentclass[twocolumn]{{article}}\usepackage{{{','.join(sorted(asked))}}}"
    paper += rf"\begin{{document}}{inputs}\end{{document}}"
    (paper_run.root / "paper.tex").write_text(paper, encoding="utf-8")
    command = ["pdflatex", "-interaction=nonstopmode", "-halt-on-error", "paper.tex"]
    done = subprocess.run(command, cwd=paper_run.root, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout[-2000:]
    assert "Overfull" not in done.stdout
    assert "too large" not in done.stdout
    assert "Output written on paper.pdf" in done.stdout


def test_stacked_has_one_header_and_a_title_for_each_data_set(paper_run):
    text = tex(paper_run, STYLES["stacked"])
    assert text.count(r"\begin{tabular}") == text.count("Method & N & EN") == 1
    titles = re.findall(r"\\multicolumn\{10\}\{l\}\{\\textit\{(.*?)\}\} \\\\", text)
    assert titles == [
        r"MSRS: roads \& nights (N = 5 pairs; split test)",
        r"TNO\_Human\_Factors (N = 4 pairs)",
    ]
    assert r"\label{tab:run-standard}" in text


def test_wide_has_each_method_once_beside_its_numbers_on_every_data_set(paper_run):
    text = tex(paper_run, STYLES["wide"])
    assert r" & \multicolumn{8}{c}{MSRS (N = 5)} & \multicolumn{8}{c}{TNO (N = 4)} \\" in text
    assert r"\cmidrule(lr){2-9}\cmidrule(lr){10-17}" in text
    (row,) = [line for line in text.splitlines() if line.startswith("DATFuse")]
    cells = row.removesuffix(r" \\").split(" & ")
    assert len(cells) == 17
    assert not any("superscript" in cell for cell in cells[:9])
    assert all("superscript" in cell for cell in cells[9:]), "two of four pairs, on TNO only"
    assert "2 of 4 pairs scored." in text
    assert "Scored on data that the method was trained on (MSRS, TNO)." in text


def test_the_footnote_says_convention_n_and_fingerprint(paper_run):
    for style in STYLES.values():
        for table in tex(paper_run, style).split(r"\begin{table")[1:]:
            notes = table[table.index(r"\begin{minipage}") :]
            assert "Convention standard;" in notes
            assert re.search(
                r"(MSRS: N = 5|TNO: N = 4) pairs, data fingerprint 0123456789ab", notes
            )


def test_tables_too_long_for_a_page_are_parted(builder):
    for name in ("A", "B", "C"):
        builder.dataset(name, ["a"])
    builder.column("EN@standard")
    for i in range(30):
        builder.method(f"m{i}")
    text = tex(builder.write(), TableStyle(layout="stacked"))
    assert text.count(r"\begin{table}") == 3
    assert set(re.findall(r"\\label\{(.*?)\}", text)) == {
        f"tab:run-standard-{i}" for i in (1, 2, 3)
    }


def test_colours_need_their_package(paper_run):
    assert "xcolor" not in tex(paper_run, TableStyle())
    assert r"\textcolor{red}{" in tex(paper_run, TableStyle(marks="red-blue"))
    assert r"\usepackage{xcolor}" in (paper_run.root / "leaderboard_standalone.tex").read_text()


def test_standard_deviations_are_those_of_numpy(paper_run):
    table = first(paper_run, std=True, decimals=6)
    scores = Results.read(paper_run).scores
    one = scores[(scores.method == "k0") & (scores.dataset == "MSRS")]
    values = one[one.metric == paper_run.manifest.columns[0].metric].value
    (line,) = [x for x in table.lines if x.label.text == "Average"]
    assert float(line.cells[0].text) == pytest.approx(np.mean(values), abs=1e-6)
    assert float(line.cells[0].std) == pytest.approx(np.std(values, ddof=1), abs=1e-6)


def test_one_pair_has_no_standard_deviation(builder):
    builder.dataset("D", ["a"])
    builder.column("EN@standard")
    builder.method("m")
    builder.scores("D", "m", {"a": {"EN@standard": 1.0}})
    assert first(builder.write(), std=True).lines[0].cells[0].std == ""


def test_decimals_decide_ties(builder):
    builder.dataset("D", ["a"])
    builder.column("EN@standard")
    for name, value in {"x": 7.14, "y": 7.11, "z": 7.2}.items():
        builder.method(name)
        builder.scores("D", name, {"a": {"EN@standard": value}})
    run = builder.write()
    shown = [(x.cells[0].text, x.cells[0].rank) for x in first(run, decimals=1).lines]
    assert shown == [("7.1", "second"), ("7.1", "second"), ("7.2", "best")]
    ranked = [x.cells[0].rank for x in first(run, marks="top3").lines]
    assert ranked == ["second", "third", "best"]


def test_a_metric_has_the_same_decimals_on_all_data_sets_of_a_table(builder):
    for name, value in {"A": 9.0, "B": 12.0}.items():
        builder.dataset(name, ["a"])
        builder.methods or (builder.column("SF@standard"), builder.method("m"))
        builder.scores(name, "m", {"a": {"SF@standard": value}})
    run = builder.write()
    assert "& 9.000" in tex(run, TableStyle(layout="stacked"))
    assert "& 9.0000" in tex(run, TableStyle())


def test_orders(paper_run):
    given = labels(first(paper_run))
    assert labels(first(paper_run, order="name"))[2:] == sorted(given[2:], key=str.casefold)
    years = {m.label: m.year for m in paper_run.manifest.methods}
    ordered = [years[name] for name in labels(first(paper_run, order="year"))[2:]]
    assert ordered == [*sorted(y for y in ordered if y), None]
    means = mean_ranks(Results.read(paper_run).boards()[:1])
    names = {m.label: m.name for m in paper_run.manifest.methods}
    ranked = [means[names[label]] for label in labels(first(paper_run, order="rank"))[2:]]
    assert ranked == sorted(ranked)


@pytest.mark.parametrize("order", ["given", "name", "year", "rank"])
def test_ours_is_last_and_source_images_first(paper_run, order):
    table = first(paper_run, order=order, ours="cmtFUSION")
    assert labels(table)[:2] == ["Infrared", "Visible"]
    assert labels(table)[-1] == "CMTFusion"
    assert [len(block.lines) for block in table.blocks] == [2, 9, 1]


@pytest.mark.parametrize("ours", ["CMTFusio", "infrared"])
def test_ours_that_is_no_method_is_refused_before_anything_is_written(paper_run, ours):
    before = sorted(paper_run.root.rglob("*"))
    with pytest.raises(UnknownNameError, match=ours):
        write_report(paper_run, figures=False, style=TableStyle(ours=ours))
    assert sorted(paper_run.root.rglob("*")) == before


@pytest.mark.parametrize("decimals", [-1, 9])
def test_decimals_out_of_range(decimals):
    with pytest.raises(FusionBenchError, match="from 0 to 8"):
        TableStyle(decimals=decimals)


def test_markdown_follows_the_style(paper_run):
    style = TableStyle(std=True, decimals=1, ours="GTF", marks="top3", order="name")
    write_report(paper_run, figures=False, style=style)
    text = (paper_run.root / "leaderboard.md").read_text(encoding="utf-8")
    rows = [line for line in text.splitlines() if line.startswith("| ")]
    table = rows[: rows.index(next(r for r in rows if r.startswith("| GTF"))) + 1]
    assert table[-2].startswith("| *Ours* |")
    assert re.search(r"\| \*\*\d\.\d\*\*&nbsp;±&nbsp;0\.\d", text)
    assert re.search(r"\| \*\d\.\d\*&nbsp;±&nbsp;0\.\d", text)
    assert "third best in italics" in text


def test_a_style_is_not_remembered(paper_run, cli):
    write_report(paper_run, figures=False)
    plain = (paper_run.root / "leaderboard.tex").read_bytes()
    options = ["--layout", "wide", "--marks", "top3", "--std", "--ours", "k5", "--order", "year"]
    cli("report", paper_run.root, "--no-figures", "--decimals", 3, *options)
    styled = (paper_run.root / "leaderboard.tex").read_bytes()
    assert styled != plain
    style = TableStyle(layout="wide", marks="top3", std=True, ours="k5", order="year", decimals=3)
    assert tex(paper_run, style).encode() == styled
    cli("report", paper_run.root, "--no-figures")
    assert (paper_run.root / "leaderboard.tex").read_bytes() == plain


def test_third_place():
    assert ranks([3.0, 1.0, 2.0, 3.0, 0.0], "higher", 3) == ["best", "third", "second", "best", ""]
