"""Names in any script: kept in tables, drawn where a font is there, told apart, never a failure."""

from __future__ import annotations

import io
import logging
import os
import re
import shutil
import subprocess
import sys
import warnings
from pathlib import Path

import pytest
from rich.console import Console

from fusionbench import console
from fusionbench.names import apart, distinct
from fusionbench.report import leaderboard_view, write_report
from fusionbench.report.figures import fonts
from fusionbench.report.figures.style import cut
from fusionbench.report.leaderboard import write_leaderboard
from fusionbench.results import Results
from fusionbench.tables.scripts import foreign, note, preamble


def write_latex(run):
    """The two LaTeX files of the leaderboard."""
    return [p for p in write_leaderboard(Results.read(run)) if p.suffix == ".tex"]


NAMES = [
    *(
        "我的方法",
        "融合方法v2 改进",
        "手法（改）",
        "한국어 방법",
        "Метод Ж",
        "Μέθοδος",
        "اسم",
        "שיטה",
    ),
    *("Sieć żółć", "Thuật toán ễ", "emoji 😀", "①", "A|B", "<b>&"),
]


@pytest.fixture
def named(builder):
    def make(names, dataset="MSRS"):
        pairs = ["a", "b", "图 三"]
        builder.dataset(dataset, pairs)
        builder.column("EN@s")
        builder.column("Nabf@s", "lower")
        for number, name in enumerate(names):
            builder.method(f"m{number}", name)
            values = {
                p: {"EN@s": 6 + number / 7 + i, "Nabf@s": 0.1 * (number + 1) + i}
                for i, p in enumerate(pairs)
            }
            builder.scores(dataset, f"m{number}", values)
        return builder.write()

    return make


@pytest.fixture
def no_fonts(monkeypatch):
    """A machine on which no other font than DejaVu Sans is installed."""
    monkeypatch.setattr(fonts, "_installed", list)
    for name in ("_LOOKED_FOR", "_LACKING", "_SEEN"):
        monkeypatch.setattr(fonts, name, set())
    for name in ("_NUMBERS", "_UNSAID"):
        monkeypatch.setattr(fonts, name, {})
    monkeypatch.setattr(fonts, "_FOUND", [])


def test_names_are_kept_in_every_table(named):
    run = named(NAMES[:-2])
    write_report(run, figures=False)
    tables = ("leaderboard.tex", "leaderboard_standalone.tex", "leaderboard.md", "ranks.md")
    for file in (*tables, "leaderboard.csv"):
        text = (run.root / file).read_text(encoding="utf-8")
        assert [name for name in NAMES[:-2] if name not in text] == [], file


def test_what_the_preamble_needs_is_said_above_the_tables(named):
    run = named(["我的方法", "Метод"])
    text = write_latex(run)[0].read_text(encoding="utf-8")
    head = text[: text.index("\\begin{table")]
    assert all(line.startswith("%") for line in head.splitlines())
    for needed in ("XeLaTeX", r"\usepackage{fontspec}", r"\usepackage{xeCJK}", "CJKutf8", "T2A"):
        assert needed in head


def test_western_names_need_nothing_more():
    assert foreign(["Ünïcødé Sieć żółć ½ £"]) == []
    assert note("Ünïcødé") == ""
    assert preamble("Ünïcødé").startswith(r"\documentclass")
    assert r"\usepackage[T1]{fontenc}" in preamble("GTF")
    assert r"\DeclareUnicodeCharacter{1EC5}{\~{\^{e}}}" in preamble("ễ")


@pytest.mark.parametrize("names", [NAMES, ["Thuật toán", "Sieć żółć", "λ ✗"], ["Метод", "Ours"]])
def test_latex_compiles_by_itself(named, names):
    run = named(names, "数据集" if names is NAMES else "MSRS")
    text = write_latex(run)[1].read_text(encoding="utf-8")
    engine = "xelatex" if "RequireXeTeX" in text else "pdflatex"
    if shutil.which(engine) is None:
        pytest.skip(f"{engine} is not installed")
    if engine == "xelatex":
        for package in ("fontspec.sty", "xeCJK.sty"):
            if subprocess.run(["kpsewhich", package], capture_output=True, check=False).returncode:
                pytest.skip(f"{package} is not installed")
    command = [engine, "-interaction=nonstopmode", "-halt-on-error", "leaderboard_standalone.tex"]
    done = subprocess.run(command, cwd=run.root, capture_output=True, check=False)
    assert done.returncode == 0, done.stdout[-2000:].decode(errors="replace")
    log = (run.root / "leaderboard_standalone.log").read_text(encoding="utf-8", errors="replace")
    if "none of" not in log:
        assert "Missing character" not in log


def test_data_sets_in_other_scripts_have_labels_of_their_own(builder):
    for name in ("数据", "图像"):
        builder.dataset(name, ["a"])
    builder.column("EN@s")
    builder.method("m", "M")
    for name in ("数据", "图像"):
        builder.scores(name, "m", {"a": {"EN@s": 1.0}})
    run = builder.write()
    text = write_latex(run)[0].read_text(encoding="utf-8")
    labels = re.findall(r"\\label\{(.*?)\}", text)
    assert len(set(labels)) == 2
    assert all(label.isascii() for label in labels)


@pytest.mark.parametrize("installed", [True, False])
def test_figures_give_one_line_of_warning_at_most(named, request, caplog, installed):
    if not installed:
        request.getfixturevalue("no_fonts")
    run = named(["我的方法", "融合", "GTF"])
    with warnings.catch_warnings(), caplog.at_level(logging.WARNING):
        warnings.simplefilter("error", UserWarning)
        write_report(run, html=False)
    said = [r.getMessage() for r in caplog.records if r.name == fonts.__name__]
    if not installed:
        (line,) = said
        assert "我的方法 as #" in line and "融合 as #" in line
        assert "Noto Sans CJK" in line and "\n" not in line
    assert len(said) <= 1


def test_a_font_that_is_there_is_used(named):
    chinese = [path for path in fonts._installed() if ord("我") in fonts._characters(path)]
    if not chinese:
        pytest.skip("no installed font has Chinese letters")
    assert fonts.drawable("我的方法 v2") == "我的方法 v2"
    assert fonts.font_families()[-1].startswith("Fusionbench Names")


def test_without_a_font_names_stay_told_apart(no_fonts):
    shown = [
        fonts.drawable(name)
        for name in ("我的 方法", "融合v2", "融合v3", "#1 GTF", "Ünï", "我的 方法")
    ]
    assert shown[0] == shown[-1]
    assert len(set(shown)) == len(shown) - 1
    assert all(text.isascii() or text == "Ünï" for text in shown)


def test_labels_are_told_apart():
    labels = ["GTF", "GTF", "GTF (2)", "e\u0301", "é", "A\u200bB", "AB", "a  b", "a b"]
    found = distinct(labels)
    assert len(set(found)) == len(labels)
    assert (found[0], found[1], found[2]) == ("GTF", "GTF (3)", "GTF (2)")
    assert distinct(["a", "b"]) == ["a", "b"]


def test_labels_that_a_figure_cuts_are_told_apart():
    labels = {f"m{i}": f"A method with a really very long name, version {i}" for i in range(4)}
    shown = cut(labels, 1.0, 7)
    assert len(set(shown.values())) == 4
    assert apart(["ab", "ac", "d"], lambda text: text[:5][:1] if len(text) < 3 else text[:3]) == [
        "(1)", "(2)", "d",
    ]  # fmt: skip


def test_two_methods_of_one_label_are_two_rows(named):
    run = named(["GTF", "GTF", "Visible"])
    write_report(run, figures=False)
    text = (run.root / "leaderboard.md").read_text(encoding="utf-8")
    assert text.count("| GTF |") == 1
    assert text.count("| GTF (2) |") == 1


def test_wide_and_turned_letters_keep_the_terminal_in_columns(named):
    run = named(["我的方法", "اسم الطريقة", "GTF", "e\u0301\u0302", "\u202eevil"])
    stream = io.StringIO()
    Console(file=stream, width=60).print(leaderboard_view(Results.read(run)))
    from rich.cells import cell_len

    lines = [line for line in stream.getvalue().splitlines() if re.search(r"\d\.\d{4}\s", line)]
    assert len(lines) == 5
    ends = {cell_len(line[: re.search(r" \d\.\d{4}", line).end()]) for line in lines}
    assert len(ends) == 1
    assert "\u202e" not in stream.getvalue()


@pytest.mark.parametrize("encoding", ["ascii", "latin-1", "utf-8"])
def test_no_encoding_of_a_terminal_makes_printing_fail(monkeypatch, encoding):
    raw = io.BytesIO()
    monkeypatch.setattr(sys, "stdout", io.TextIOWrapper(raw, encoding=encoding))
    console.never_fail()
    Console().print("EN ↑ – 我 é \udce9 ±", markup=False)
    sys.stdout.flush()
    text = raw.getvalue().decode(encoding)
    assert "\\xe9" in text
    assert ("EN ^ - \\u6211 e" in text) == (encoding == "ascii")


def test_file_names_that_are_no_text_are_refused_by_name(cli, pair_folders, tmp_path):
    folder = pair_folders(2)
    bad = os.fsencode(tmp_path / "fused") + b"/Net\xff"
    try:
        Path(os.fsdecode(bad)).mkdir(parents=True)
    except OSError:
        pytest.skip("this file system takes only names that are text")
    for index in range(2):
        shutil.copy(folder / "vi" / f"{index}.png", bad + f"/{index}.png".encode())
    given = ("--ir", folder / "ir", "--vis", folder / "vi", "--metrics", "EN", "--no-figures")
    done = cli("score", "--fused", tmp_path / "fused", *given, "--out", tmp_path / "out")
    assert done.code == 2
    assert "Net\\xff: the name is not UTF-8" in done.err
    assert "unexpected" not in done.err
    out = os.fsdecode(os.fsencode(tmp_path) + b"/out\xe9")
    done = cli("run", "--methods", "average", *given, "--out", out)
    assert (done.code, "unexpected" in done.err) == (2, False)


def test_the_case_of_many_names(cli, shared, tmp_path):
    case = shared("cases/81_method_names")
    given = ("--fused", case / "Fused", "--ir", case / "ir", "--vis", case / "vis")
    done = cli("score", *given, "--metrics", "EN,SD", "--out", tmp_path, "--no-html")
    assert done.code == 0
    assert "Glyph" not in done.err and "UserWarning" not in done.err
    assert "我的方法" in (tmp_path / "leaderboard.tex").read_text(encoding="utf-8")
