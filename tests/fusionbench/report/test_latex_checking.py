"""Wrong marks in a paper's tables are found, and right ones are left alone."""

from __future__ import annotations

import contextlib
import re

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from fusionbench.errors import FusionBenchError
from fusionbench.latex_check import check_latex
from fusionbench.latex_check.table import read_cell
from fusionbench.latex_check.tex import Macro
from fusionbench.report.leaderboard import write_leaderboard
from fusionbench.results import Results
from fusionbench.tables.style import TableStyle

BOOKTABS = r"""
\begin{table}[t]\caption{Results}\label{tab:main}
\begin{tabular}{lccc}
\toprule
Method & EN $\uparrow$ & SD ($\uparrow$) & N$^{AB/F}\downarrow$ \\
\midrule
GTF~\cite{gtf} & 6.63 & 31.57 & \textbf{0.021} \\ % a comment & with \\ both
U2Fusion & \underline{6.99} & \textbf{37.69} & 0.034 \\
Ours & \textbf{7.10} & \underline{37.0} & \underline{0.0250} \\
\bottomrule
\end{tabular}
\end{table}
"""
STACKED = r"""
\begin{tabular*}{\textwidth}{@{\extracolsep{\fill}}l|cc}
\hline
\multirow{2}{*}{Methods} & \multicolumn{2}{c}{Metrics} \\ \cline{2-3}
 & SSIM & $Q_{CV}$ \\ \hline\hline
\multicolumn{3}{c}{\textit{TNO}} \\ \hline
IR & 0.99 & 1.0 \\
VIS & 0.98 & 2.0 \\ \hline
A & {\bf 0.71} & 512.3 \\
B & \underline{0.70} & {\bfseries 400} \\
C & 0.60 & \underline{411.0} \\ \hline
\multicolumn{3}{c}{\textit{MSRS}} \\ \hline
A & \underline{0.81} & 1{,}512.3 \\
B & 0.70 & {\bfseries 1,400} \\
C & {\bf 0.90} & \underline{1\,411.0} \\ \hline
\end{tabular*}
"""
MULTIROW = r"""
\newcommand{\best}[1]{{\color{red}#1}}
\newcommand\snd[1]{\textcolor{blue}{#1}}
\begin{tabularx}{\linewidth}{llXXX}
\toprule
Dataset & Method & EN & VIF & Time (s) $\downarrow$ \\ \midrule
\multirow{3}{*}{TNO} & A & \best{7.2} & 0.41 & \snd{0.20} \\
 & B & 6.1 & \best{0.60} & \best{0.10} \\
 & C & \snd{7.1} & \snd{0.50} & 0.30 \\ \midrule
\multirow{3}{*}{\rotatebox{90}{MSRS}} & A & 5.2 & \best{0.51} & \best{1.0} \\
 & B & \snd{6.1} & \snd{0.50} & \snd{2.0} \\
 & C & \best{6.2} & 0.42 & -- \\ \bottomrule
\end{tabularx}
"""
MATH = r"""
\begin{table*}\label{tab:math}
$\begin{array}{lcc}
\text{Method} & Q^{AB/F} & \text{MSE} \\ \hline
\text{A} & \mathbf{0.61}\pm0.02 & 1.2\times10^{-2} \\
\text{B} & 0.55\pm0.30 & \underline{9.0\times10^{-3}} \\
\text{C} & \underline{0.60}^{\dagger}\pm0.01 & \mathbf{8.9\times10^{-3}} \\
\end{array}$
\end{table*}
"""
TRANSPOSED = r"""
\begin{tabular}{l|cccc}
Metric & DenseFuse & FusionGAN & \makecell{Our\\method} & IFCNN\footnotemark[1] \\ \hline
Entropy & 6.1 & 6.2 & \textbf{6.9} & \underline{6.8} \\
MI & \underline{2.1} & \textbf{2.4} & 1.9 & 2.0 \\
Qcv & 500 & \textbf{300} & 700 & \underline{400} \\
\end{tabular}
"""
WIDE = r"""
\begin{tabular}{lrrrr}
 & \multicolumn{2}{c}{TNO} & \multicolumn{2}{c}{MSRS} \\ \cmidrule(lr){2-3} \cmidrule(lr){4-5}
 & SF$\uparrow$ & $\downarrow$CE & SF$\uparrow$ & $\downarrow$CE \\ \midrule
\emph{Traditional} \\
GTF & 9.1 & \textbf{1.10} & \textbf{8.8} & 1.5 \\
LP & 8.1 & 1.2 & 8.1 & \textbf{1.1} \\ \midrule
\emph{Deep} \\
U2 & \textbf{9.5} & 1.3 & 7 & \textbf{1.1} \\ \midrule
\rowcolor{gray!20} Ours & \textbf{9.50} & \textbf{1.1} & 8.7 & 1.9 \\ \bottomrule
\end{tabular}
"""
FOOTNOTED = r"""
\begin{longtable}{lccc}
Method & Year & AG & PSNR (dB) \\ \endhead
A$^\ast$ & 2018 & 9.9\textsuperscript{a} & \cellcolor{red!25}66.1 \\
B & 2020 & \cellcolor{red!25}4.4 & \cellcolor{blue!10}65.0 \\
C & 2021 & \cellcolor{blue!10} 4.1 & 64.9 \\
D & 2022 & - & N/A \\
\end{longtable}
"""
PAPERS = {
    "booktabs": BOOKTABS, "stacked": STACKED, "multirow": MULTIROW, "math": MATH,
    "transposed": TRANSPOSED, "wide": WIDE, "footnoted": FOOTNOTED,
}  # fmt: skip


@pytest.fixture
def check(tmp_path):
    def run(text, **options):
        path = tmp_path / "paper.tex"
        path.write_text(text, encoding="utf-8")
        return check_latex(path, **options)

    return run


@pytest.mark.parametrize("name", PAPERS)
def test_right_marks_are_left_alone(check, name):
    checked = check(PAPERS[name])
    assert checked.wrong == []
    assert checked.tables == 1
    assert checked.numbers >= 5


FLIPS = [
    ("booktabs", r"\textbf{7.10}", "7.10", "Ours: 7.10 is unmarked, should be bold"),
    ("booktabs", "31.57", r"\textbf{31.57}", "GTF: 31.57 is bold, should be unmarked: it is third"),
    ("booktabs", r"\underline{0.0250}", "0.0250", "0.0250 is unmarked, should be underlined"),
    ("stacked", r"{\bf 0.71}", "0.71", "A: 0.71 is unmarked, should be bold"),
    ("stacked", "1{,}512.3", r"{\bf 1{,}512.3}", "is bold, should be unmarked"),
    ("multirow", r"\best{7.2}", "7.2", "TNO A: 7.2 is unmarked, should be red"),
    ("multirow", r"\snd{2.0}", r"\best{2.0}", "MSRS B: 2.0 is red, should be blue"),
    ("math", r"\mathbf{0.61}", "0.61", "A: 0.61 is unmarked, should be bold"),
    ("transposed", "1.9", r"\underline{1.9}", "Our method: 1.9 is underlined, should be unmarked"),
    ("wide", r"\textbf{9.50}", "9.50", "Ours: 9.50 is unmarked, should be bold: tied for best"),
    ("footnoted", "64.9", r"\cellcolor{blue!10}64.9", "C: 64.9 is on blue!10, should be unmarked"),
]  # fmt: skip


@pytest.mark.parametrize(("name", "old", "new", "said"), FLIPS)
def test_a_wrong_mark_is_found_with_its_line(check, name, old, new, said):
    text = PAPERS[name]
    assert text.count(old) == 1
    line = text[: text.index(old)].count("\n") + 1
    (wrong,) = check(text.replace(old, new)).wrong
    assert f"paper.tex:{line}: " in wrong
    assert said in wrong


LAYOUTS = {
    "single": TableStyle(std=True),
    "stacked": TableStyle(layout="stacked", marks="top3", ours="k5"),
    "wide": TableStyle(layout="wide", marks="red-blue", decimals=1, order="rank"),
}
MARKED = re.compile(r"\\(?:textbf|underline|textit|textcolor\{\w+\})\{([\d.]+)\}")


@pytest.mark.parametrize("layout", LAYOUTS)
def test_own_tables_are_right_and_every_lost_mark_is_found(paper_run, check, layout):
    write_leaderboard(Results.read(paper_run), LAYOUTS[layout])
    text = (paper_run.root / "leaderboard.tex").read_text(encoding="utf-8")
    assert check(text).wrong == []
    marks = list(MARKED.finditer(text))
    for mark in marks[:: max(1, len(marks) // 6)]:
        line = text[: mark.start()].count("\n") + 1
        wrong = check(text[: mark.start()] + mark[1] + text[mark.end() :]).wrong
        assert any(f"paper.tex:{line}: " in w and f"{mark[1]} is unmarked" in w for w in wrong)


def test_what_marks_mean_is_learnt(check):
    swapped = BOOKTABS.replace("textbf", "WAS").replace("underline", "textbf")
    checked = check(swapped.replace("WAS", "underline"))
    assert checked.wrong == []
    assert any("bold is second, underlined is best" in note for note in checked.notes)


def test_columns_without_a_direction_are_said_to_be_skipped(check):
    text = BOOKTABS.replace(r"SD ($\uparrow$)", "Warmth")
    checked = check(text.replace(r"\textbf{37.69}", "37.69"))
    assert checked.wrong == []
    assert any("no arrow and no metric of that name: Warmth; skipped" in n for n in checked.notes)
    assert len(check(text, lower=["warmth"]).wrong) == 2
    assert check(text, higher=["warmth"]).wrong == []


def test_an_arrow_that_the_card_denies_is_said(check):
    text = BOOKTABS.replace(r"N$^{AB/F}\downarrow$", r"N$^{AB/F}\uparrow$")
    assert any("not what the metric's card says" in note for note in check(text).notes)


def test_files_that_the_paper_inputs_are_read(check, tmp_path):
    (tmp_path / "tables").mkdir()
    table = BOOKTABS.replace(r"\textbf{7.10}", r"\first{7.10}").replace(r"\textbf{7.10}", "7.10")
    (tmp_path / "tables" / "main.tex").write_text(table.replace(r"\textbf{37.69}", "37.69"))
    checked = check("\\newcommand{\\first}[1]{\\textbf{#1}}\n\\input{tables/main}\n\\input{gone}")
    (wrong,) = checked.wrong
    assert "tables/main.tex:8: tab:main, SD (↑), U2Fusion: 37.69 is unmarked" in wrong
    assert any("no file" in note and "gone" in note for note in checked.notes)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("no tables here", "no table that can be checked"),
        (r"\begin{tabular}{l} EN \\ 1", "paper.tex:1: .*is not closed"),
        (
            r"\begin{tabular}{lc} M & Colour \\ A & \textbf{1.0} \\ B & 2.0 \\ \end{tabular}",
            "no metric of that name: Colour",
        ),
    ],
)
def test_what_cannot_be_checked_is_refused(check, text, said):
    with pytest.raises(FusionBenchError, match=said):
        check(text)


def test_exit_codes(cli, tmp_path):
    path = tmp_path / "p.tex"
    assert cli("latex-check", path).code == 2
    path.write_text(BOOKTABS)
    done = cli("latex-check", path)
    assert (done.code, done.out) == (0, "")
    path.write_text(BOOKTABS.replace(r"\textbf{7.10}", "7.10"))
    done = cli("latex-check", path)
    assert done.code == 1
    assert done.out.startswith(f"{path}:9: tab:main, EN ↑, Ours: 7.10 is unmarked")


@pytest.mark.parametrize(
    ("source", "value", "marks", "noted"),
    [
        (r"7.12", 7.12, "", False),
        (r"$-$1.5", -1.5, "", False),
        (r"\textbf{\underline{7.1}}", 7.1, "bold underlined", False),
        (r"$\mathbf{7.1 \pm 0.2}$", 7.1, "bold", False),
        (r"7.1{\scriptsize$\pm$\textbf{0.2}}", 7.1, "", False),
        (r"\textcolor[rgb]{1,0,0}{\bf 0.5}$_{(+0.1)}$", 0.5, "1,0,0 bold", False),
        (r"12{,}345.6", 12345.6, "", False),
        (r"12\,345", 12345.0, "", False),
        (r"0,85", 0.85, "", False),
        (r".85", 0.85, "", False),
        (r"\num{7.1}\rlap{\textsuperscript{a,b}}", 7.1, "", True),
        (r"7.1$^{\dagger}$", 7.1, "", True),
        (r"\phantom{0}7.1 (0.2)", 7.1, "", False),
        (r"3.5M", 3.5, "", False),
        (r"$\infty$", float("inf"), "", False),
        (r"\centering\textbf{2.0}", 2.0, "bold", False),
        (r"\small 0.5", 0.5, "", False),
        (r"\unknown{2.0}", 2.0, "\\unknown", False),
        (r"0.7/0.3", None, "", False),
        (r"mAP$_{50}$", None, "", False),
        (r"--", None, "", False),
        (r"", None, "", False),
    ],
)
def test_numbers_in_cells(source, value, marks, noted):
    cell = read_cell(source, {}, "t.tex:1")
    assert (cell.value, cell.marks, cell.noted) == (value, frozenset(marks.split()), noted)


@pytest.mark.parametrize(
    ("body", "count", "used", "marks"),
    [
        (r"\textbf{#1}", 1, r"\m{7.1}", {"bold"}),
        (r"\bf", 0, r"{\m 7.1}", {"bold"}),
        (r"{\color{red}#2}#1", 2, r"\m{}{7.1}", {"red"}),
        (r"\m", 0, r"\m 7.1", set()),
        (r"\m{\m{#1}}", 1, r"\m{7.1}", None),
    ],
)
def test_commands_of_the_paper_are_expanded(body, count, used, marks):
    cell = read_cell(used, {"m": Macro(count, body)}, "t.tex:1")
    assert marks is None or (cell.value, cell.marks) == (7.1, marks)


TOKENS = [
    *("\\\\", "&", "{", "}", "$", "%", "\n", " ", "^", "_", "[", "]", "#1", "EN", "0.5", "7", "-"),
    *(r"\textbf{", r"\underline{1.0}", r"\multicolumn{2}{c}{EN}", r"\multirow{3}{*}{A}", r"\hline"),
    *(r"\begin{tabular}{ll}", r"\end{tabular}", r"\color{red}", r"\newcommand{\a}[1]{", r"\a"),
    *("\\", "↑"),
]  # fmt: skip


@settings(
    max_examples=80, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(st.lists(st.sampled_from(TOKENS), max_size=40).map("".join))
def test_any_text_is_read_or_refused(check, body):
    table = rf"\begin{{tabular}}{{lc}} M & EN \\ A & 1.0 \\ {body} \end{{tabular}}"
    with contextlib.suppress(FusionBenchError):
        checked = check(table)
        assert checked.tables + checked.unmarked > 0
