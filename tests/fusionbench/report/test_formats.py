"""Markdown, LaTeX and the terminal."""

from __future__ import annotations

import io
import re
import shutil
import subprocess

import pytest
from rich.console import Console

from fusionbench.report import leaderboard_view, write_report
from fusionbench.results import Results
from fusionbench.tables.escaping import escape as tex
from fusionbench.tables.escaping import symbol
from fusionbench.tables.markdown import escape as md


def render(run, width):
    stream = io.StringIO()
    Console(file=stream, width=width, color_system=None).print(leaderboard_view(Results.read(run)))
    return stream.getvalue()


def compile_tex(folder, name):
    if shutil.which("pdflatex") is None:
        pytest.skip("pdflatex is not installed")
    command = ["pdflatex", "-interaction=nonstopmode", "-halt-on-error", name]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, errors="replace")
    assert done.returncode == 0, done.stdout[-2000:]
    return done.stdout


def test_markdown_table(two_by_two):
    run = two_by_two()
    write_report(run, figures=False)
    text = (run.root / "leaderboard.md").read_text(encoding="utf-8")
    assert text.count("\n## ") == 4
    assert "## T\\_NO &amp; friends (N = 3 pairs), convention matlab" in text
    lines = text.splitlines()
    assert "| Method | EN ↑ | Nabf ↓ |" in lines, "no N where all have the same"
    assert "| Method | N | EN ↑ | Nabf ↓ |" in lines
    first = lines[lines.index("| Method | N | EN ↑ | Nabf ↓ |") :]
    assert first[2].startswith("| *Source images, not ranked* |")
    assert first[3] == "| Infrared | 2 | 6.5000 | 0.01050 |"
    assert first[6] == "| Average | 2 | <ins>7.0000</ins> | **0.03050** |"
    assert first[7] == (
        "| Deep\\_1 50% &amp; more<sup>a</sup> | 2 | **7.2500** | <ins>0.04050</ins> |"
    )
    assert first[8] == "| GTF | 1 | –<sup>b</sup> | –<sup>b</sup> |"
    assert "<sup>a</sup> Weights: retrained on MSRS; not the authors'.<br>" in first
    assert "data fingerprint 0123456789ab; fusionbench 9.8.7." in text


def test_markdown_rows_have_equal_cells(two_by_two):
    run = two_by_two()
    run.manifest.methods[2].label = "a|b"
    run.manifest.write(run.root)
    write_report(run, figures=False)
    text = (run.root / "leaderboard.md").read_text(encoding="utf-8")
    for table in re.findall(r"(?:^\|.*\|\n)+", text, flags=re.M):
        counts = {len(re.findall(r"(?<!\\)\|", line)) for line in table.splitlines()}
        assert len(counts) == 1


@pytest.mark.parametrize(
    ("text", "expected"),
    [("a_b*c", "a\\_b\\*c"), ("<b> & [x]", "&lt;b&gt; &amp; \\[x\\]"), ("a|b\nc", "a\\|b c")],
)
def test_markdown_escape(text, expected):
    assert md(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Deep_1 50% & more", r"Deep\_1 50\% \& more"),
        ("#$ {x} \\ ~ ^", r"\#\$ \{x\} \textbackslash{} \textasciitilde{} \textasciicircum{}"),
        ("a < b > c | d", r"a \textless{} b \textgreater{} c \textbar{} d"),
        ("--fused\n---", r"-{}-fused -{}-{}-"),
        ("MS-SSIM ↑ ∞ −1", r"MS-SSIM $\uparrow$ $\infty$ $-$1"),
        ("λ Ω é ✗ ½ ﬁ ²", r"$\lambda$ $\Omega$ é $\times$ 1/2 fi \textsuperscript{2}"),
        ("我的方法_A（改）", r"我的方法\_A（改）"),
        ("Метод, Μέθοδος, e\u0302\u0303, \u202eا", "Метод, Μέθοδος, ễ, ا"),
    ],
)
def test_latex_escape(text, expected):
    assert tex(text) == expected


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("Qabf", "$Q^{AB/F}$"),
        ("Nabf", "$N^{AB/F}$"),
        ("Q_Y", "$Q_{Y}$"),
        ("Qcb", "$Q_{CB}$"),
        ("Q_MI", "$Q_{MI}$"),
        ("FMI_dct", r"FMI\textsubscript{dct}"),
        ("MS-SSIM", "MS-SSIM"),
        ("my_own_metric", r"my\_own\_metric"),
    ],
)
def test_metrics_are_set_as_the_field_sets_them(name, expected):
    assert symbol(name) == expected


def test_latex_table(two_by_two):
    run = two_by_two()
    write_report(run, figures=False)
    text = (run.root / "leaderboard.tex").read_text(encoding="utf-8")
    assert text.count(r"\begin{table}") == text.count(r"\end{table}") == 4
    assert r"Method & N & EN $\uparrow$ & $N^{AB/F}$ $\downarrow$ \\" in text
    deep = r"Deep\_1 50\% \& more\textsuperscript{a} & 2 & \textbf{7.2500} & \underline{0.04050} \\"
    assert deep in text
    assert r"GTF & 1 & --\rlap{\textsuperscript{b}} & --\rlap{\textsuperscript{b}} \\" in text
    assert r"RuntimeError: out\_of\_memory \{100\%\}." in text
    assert r"\documentclass" not in text
    rule = text.index(r"\midrule", text.index("Visible & 2"))
    assert text.index("Visible & 2") < rule < text.index("Average & 2")
    assert (
        "% MSRS (N = 2 pairs; split test), convention standard. Convention standard; MSRS: N = 2"
        in text
    )
    labels = re.findall(r"\\label\{(.*?)\}", text)
    assert len(set(labels)) == 4


def test_latex_compiles_by_itself(two_by_two):
    run = two_by_two()
    run.manifest.methods[2].label = 'Ünï_cødé λ ✗ \\x{y}^2 ~#$ "q" `b` <t>'
    run.manifest.datasets[0].title = "Roads & {nights}: 100% #1 $5 a_b^c ~ \\"
    run.manifest.write(run.root)
    write_report(run, figures=False)
    out = compile_tex(run.root, "leaderboard_standalone.tex")
    assert "Overfull" not in out
    assert "Output written on leaderboard_standalone.pdf (4 pages" in out


def test_wide_latex_fits_the_page_of_a_two_column_paper(builder):
    builder.dataset("D", ["a"])
    for i in range(23):
        builder.column(f"Metric_{i}@standard")
    for i in range(40):
        builder.method(f"m{i}", f"A method with a long name, number {i}", note=f"weights {i}")
        builder.scores(
            "D", f"m{i}", {"a": {f"Metric_{k}@standard": 7.0 + i + k for k in range(23)}}
        )
    run = builder.write()
    write_report(run, figures=False)
    text = (run.root / "leaderboard.tex").read_text(encoding="utf-8")
    assert text.count(r"\begin{table*}") == 3
    assert [len(spec) for spec in re.findall(r"\\begin\{tabular\}\{(\w+)\}", text)] == [9, 9, 8]
    paper = r"\documentclass[twocolumn]{article}\usepackage{booktabs,graphicx}"
    paper += r"\begin{document}Text.\input{leaderboard.tex}\end{document}"
    (run.root / "paper.tex").write_text(paper, encoding="utf-8")
    assert "Overfull \\hbox" not in compile_tex(run.root, "paper.tex")


def test_terminal_shows_whole_cells_at_any_width(builder):
    builder.dataset("D", ["a"])
    for i in range(9):
        builder.column(f"Metric{i}@standard")
    builder.method("m", "A method [red]of[/red] many words", note="retrained")
    builder.method("k", "Other")
    values = {f"Metric{k}@standard": 1.25 + k / 8 for k in range(9)}
    builder.scores("D", "m", {"a": values})
    builder.scores("D", "k", {"a": {name: value + 1 for name, value in values.items()}})
    run = builder.write()
    for width in (70, 100, 200):
        text = render(run, width)
        assert "…" not in text
        assert max(map(len, text.splitlines())) <= width
        for k in range(9):
            assert f"Metric{k} ↑" in text
            assert f"{1.25 + k / 8:.4f}" in text
        assert "A method [red]of[/red] many wordsᵃ" in text
        assert "ᵃ Weights: retrained." in text


def test_terminal_marks_best_and_second(two_by_two):
    stream = io.StringIO()
    Console(file=stream, width=120, force_terminal=True).print(
        leaderboard_view(Results.read(two_by_two()))
    )
    assert "\x1b[1m7.2500\x1b[0m" in stream.getvalue()
    assert "\x1b[4m7.0000\x1b[0m" in stream.getvalue()


def test_terminal_tables_stand_for_every_board(two_by_two):
    text = render(two_by_two(), 100)
    assert "T_NO & friends (N = 3 pairs), convention matlab" in text
    assert text.count("Method  ") == 4
    assert "–ᵇ" in text
