r"""Ways in which papers write tables: right marks are left alone, and each that is lost is found.

``B{..}`` and ``S{..}`` in ``latex_siblings.tex`` stand for the marks of the best and the second,
which a table's first line names, and ``ROWS`` for three rows.
"""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from fusionbench.latex_check import check_latex

ROWS = r"""A & B{6.72} & 0.031 \\
B & S{6.51} & B{0.020} \\
C & 6.10 & S{0.025} \\
"""
HEAD = re.compile(r"^%% (.*?) \| ?(.*?) \| ?(.*)$", re.M)
_, *PARTS = HEAD.split((Path(__file__).parent / "latex_siblings.tex").read_text(encoding="utf-8"))
TABLES = {
    name: ({"B": best, "S": second}, text.replace("ROWS", ROWS))
    for name, best, second, text in zip(*(PARTS[i::4] for i in range(4)), strict=True)
}
MARKED = re.compile(r"([BS])\{([^{}]*(?:\{,\}[^{}]*)?)\}")


def written(text, marks, lost=-1):
    """The table in LaTeX, without one of its marks."""
    seen = iter(range(10**6))
    return MARKED.sub(
        lambda m: m[2] if next(seen) == lost or not marks[m[1]] else f"{marks[m[1]]}{{{m[2]}}}",
        text,
    )


@pytest.fixture
def check(tmp_path):
    def run(text):
        (tmp_path / "p.tex").write_text(text, encoding="utf-8")
        return check_latex(tmp_path / "p.tex")

    return run


@pytest.mark.parametrize("name", TABLES)
def test_right_marks_are_left_alone_and_lost_ones_are_found(check, name):
    marks, text = TABLES[name]
    checked = check(written(text, marks))
    assert checked.wrong == []
    assert checked.numbers >= 6
    places = list(MARKED.finditer(text))
    for number, mark in enumerate(places):
        if marks[mark[1]]:
            lost = check(written(text, marks, number)).wrong
            assert lost, mark[0]


INPUT = r"""\begin{table}\begin{tabular}{lcc} Method & EN & Nabf \\ \hline
\input{rows}
\end{tabular}\end{table}"""


def test_rows_in_a_file_of_their_own_are_named_by_it(check, tmp_path):
    (tmp_path / "marks.sty").write_text("\\newcommand{\\first}[1]{\\textbf{#1}}\n")
    rows = "A & \\first{6.72} & 0.031 \\\\\nB & 6.10 & 0.020 \\\\\nC & 6.50 & \\first{0.025} \\\\\n"
    (tmp_path / "rows.tex").write_text(rows)
    checked = check("\\usepackage{booktabs,marks}\n" + INPUT)
    assert [wrong.split(": ")[0] for wrong in checked.wrong] == [
        f"{tmp_path}/rows.tex:2", f"{tmp_path}/rows.tex:3",
    ]  # fmt: skip
    assert checked.notes == [f"{tmp_path}/p.tex: table of line 2: taken to mean: bold is best"]


def test_lines_after_an_input_are_those_of_the_paper(check, tmp_path):
    (tmp_path / "rows.tex").write_text("A & \\textbf{6.72} & \\textbf{0.031} \\\\\n")
    text = INPUT.replace(
        "\\end{tabular}", "B & 6.10 & 0.020 \\\\\nC & 6.5 & 0.1 \\\\\n\\end{tabular}"
    )
    (first, second) = check(text).wrong
    assert f"{tmp_path}/rows.tex:1" in first
    assert f"{tmp_path}/p.tex:3" in second


@pytest.mark.parametrize("start", [r"\iffalse", r"\if0", r"\begin{comment}", "%"])
def test_tables_that_are_commented_out_are_not_read(check, start):
    wrong = r"\begin{tabular}{lc} M & EN \\ A & \textbf{1.0} \\ B & 2.0 \\ \end{tabular}"
    end = {"%": "", r"\begin{comment}": r"\end{comment}"}.get(start, r"\ifx\a\b x\fi\fi")
    right = wrong.replace("2.0", "0.5")
    checked = check(f"{start} {wrong} \n{end}\n{right}")
    assert (checked.wrong, checked.tables) == ([], 1)


def test_several_tables_of_one_file_are_told_apart(check):
    one = r"\begin{table}\begin{tabular}{lc} M & EN \\ A & \textbf{1.0} \\ B & %s \\ \end{tabular}"
    text = "\n".join(one % v + rf"\label{{tab:{v}}}\end{{table}}" for v in ("0.5", "2.0"))
    checked = check(text)
    assert checked.tables == 2
    assert len(checked.wrong) == 2
    assert all(":2: tab:2.0, EN" in wrong for wrong in checked.wrong)


@pytest.mark.parametrize(
    ("caption", "said"),
    [
        ("best in blue", {"blue": {1}}),
        (r"\textbf{bold} and \underline{underlined} denote the best and the second best",
         {"bold": {1}, "underlined": {2}}),
        ("red: best, blue: second, green: third", {"red": {1}, "blue": {2}, "green": {3}}),
        ("Red, blue and green mark the top three", {"red": {1}, "blue": {2}, "green": {3}}),
        ("Best in bold red. Second best in bold blue.",
         {"bold": {1, 2}, "red": {1}, "blue": {2}}),
        ("The best is bold and underlined", {"bold": {1}, "underlined": {1}}),
        ("Boldface: best; red: our method", {"bold": {1}, "red": set()}),
        ("Runner-up \\underline{underlined}, the best bold", {"underlined": {2}, "bold": {1}}),
        ("最优值加粗，次优值加下划线", {"bold": {1}, "underlined": {2}}),
        ("The first rows are gray and the second column is red", None),
        ("Results on TNO", {}),
    ],
)  # fmt: skip
def test_what_captions_say(caption, said):
    from fusionbench.latex_check.headings import said_in
    from fusionbench.latex_check.styled import read_text

    found = said_in(read_text(caption, {}))
    assert found == said or (said is None and 1 not in found.get("gray", set()))
