"""One float: caption, tabular and footnotes."""

from __future__ import annotations

from collections.abc import Iterable

from fusionbench.report.latex.sheets import Sheet
from fusionbench.report.latex.text import comment, escape
from fusionbench.report.layout import (
    Entry,
    Line,
    dataset_heading,
    explanation,
    fingerprint,
    provenance,
    remarks,
    sentence,
)
from fusionbench.report.notes import pairs_word
from fusionbench.report.options import Marks
from fusionbench.report.ranks import Rank

ONE_COLUMN_WIDE = 5
COMMANDS: dict[Marks, dict[Rank, str]] = {
    "bold-underline": {"best": r"\textbf{%s}", "second": r"\underline{%s}"},
    "red-blue": {"best": r"\textcolor{red}{%s}", "second": r"\textcolor{blue}{%s}"},
    "top3": {"best": r"\textbf{%s}", "second": r"\underline{%s}", "third": r"\textit{%s}"},
}


def write_float(sheet: Sheet) -> str:
    """The float as LaTeX; over both columns of a paper where one would be too narrow."""
    first, *more = sheet.tables
    caption = ". ".join([sheet.heading, *explanation(first, sheet.style.marks, more)])
    origin = "; ".join(map(provenance, sheet.boards))
    gap = "3pt" if sheet.style.layout == "wide" else "4.5pt"
    kind = "table*" if _numbers(sheet) > ONE_COLUMN_WIDE else "table"
    return "\n".join(
        [
            f"% {comment(sheet.heading)}. {comment(origin)}.",
            rf"\begin{{{kind}}}[tbp]",
            rf"\centering\small\setlength{{\tabcolsep}}{{{gap}}}%",
            rf"\caption{{{escape(caption)}.}}",
            rf"\label{{{sheet.label}}}",
            r"\medskip\sbox9{%",
            *(_wide(sheet) if sheet.style.layout == "wide" else _narrow(sheet)),
            "}%",
            r"\ifdim\wd9>\linewidth\resizebox{\linewidth}{!}{\usebox9}\else\usebox9\fi",
            *_notes(sheet),
            rf"\end{{{kind}}}",
            "",
        ]
    )


def _numbers(sheet: Sheet) -> int:
    """How many numbers stand in a row; a standard deviation counts as one."""
    shown = sheet.tables if sheet.style.layout == "wide" else sheet.tables[:1]
    return sum(len(table.columns) for table in shown) * (2 if sheet.style.std else 1)


def _narrow(sheet: Sheet) -> list[str]:
    heads = ["Method", "N", *map(escape, sheet.tables[0].headers)]
    style, body = sheet.style, []
    for table in sheet.tables:
        blocks = [[_line(line, style.marks) for line in block] for block in table.blocks]
        if style.layout == "stacked":
            title = rf"\textit{{{escape(dataset_heading(table.board))}}}"
            body += [r"\midrule", rf"\multicolumn{{{len(heads)}}}{{l}}{{{title}}} \\[2pt]"]
            body += _joined(blocks, r"\addlinespace")
        else:
            body += [r"\midrule", *_joined(blocks, r"\midrule")]
    return _tabular("l" + "r" * (len(heads) - 1), [_row(heads), *body])


def _wide(sheet: Sheet) -> list[str]:
    count, tables, marks = len(sheet.tables[0].columns), sheet.tables, sheet.style.marks
    titles, rules = [], ""
    for place, board in enumerate(sheet.boards):
        title = escape(f"{board.dataset.name} (N = {len(board.dataset.pairs)})")
        titles.append(rf"\multicolumn{{{count}}}{{c}}{{{title}}}")
        rules += rf"\cmidrule(lr){{{2 + place * count}-{1 + (place + 1) * count}}}"
    rows = (
        _row([_label(lines[0]), *(_entry(c, marks) for line in lines for c in line.cells)])
        for lines in zip(*(table.lines for table in tables), strict=True)
    )
    blocks = [[next(rows) for _ in block] for block in tables[0].blocks]
    heads = ["Method", *(escape(header) for table in tables for header in table.headers)]
    top = [_row(["", *titles]), rules, _row(heads), r"\midrule"]
    return _tabular("l" + "r" * count * len(tables), [*top, *_joined(blocks, r"\midrule")])


def _tabular(spec: str, body: list[str]) -> list[str]:
    begin = rf"\begin{{tabular}}{{{spec}}}"
    return [begin, r"\toprule", *body, r"\bottomrule", r"\end{tabular}%"]


def _joined(blocks: list[list[str]], rule: str) -> list[str]:
    lines: list[str] = []
    for block in blocks:
        lines += [rule, *block] if lines else block
    return lines


def _line(line: Line, marks: Marks) -> str:
    return _row([_label(line), _entry(line.n, marks), *(_entry(c, marks) for c in line.cells)])


def _label(line: Line) -> str:
    label = escape(line.label.text) + (rf"~\cite{{{line.cite}}}" if line.cite else "")
    return label + (_superscript(line.label.marks) if line.label.marks else "")


def _entry(entry: Entry, marks: Marks) -> str:
    text = COMMANDS[marks].get(entry.rank, "%s").replace("%s", escape(entry.text) or "--")
    if entry.std:
        text += rf"{{\scriptsize$\pm$\,{escape(entry.std)}}}"
    return text + rf"\rlap{{{_superscript(entry.marks)}}}" if entry.marks else text


def _row(cells: Iterable[str]) -> str:
    return " & ".join(cells) + r" \\"


def _superscript(marks: Iterable[str]) -> str:
    return rf"\textsuperscript{{{escape(','.join(marks))}}}"


def _notes(sheet: Sheet) -> list[str]:
    marked = [rf"{_superscript([mark])}~{escape(sentence(text))}" for mark, text in sheet.notes]
    return [
        r"\par\smallskip\dimen0=\wd9\relax",
        r"\ifdim\dimen0<0.5\linewidth\dimen0=0.5\linewidth\fi",
        r"\ifdim\dimen0>\linewidth\dimen0=\linewidth\fi",
        r"\begin{minipage}{\dimen0}\footnotesize\raggedright",
        *(note + r"\par" for note in [*marked, *_remarks(sheet), escape(_origin(sheet))]),
        r"\end{minipage}",
    ]


def _remarks(sheet: Sheet) -> list[str]:
    several = len(sheet.boards) > 1
    return [
        escape(sentence(f"{board.dataset.name}: {text}" if several else text))
        for board in sheet.boards
        for text in remarks(board)
    ]


def _origin(sheet: Sheet) -> str:
    """Convention, N and data fingerprint: what makes the numbers comparable with others."""
    data = [
        f"{b.dataset.name}: N = {pairs_word(len(b.dataset.pairs))}, "
        f"data fingerprint {fingerprint(b)}"
        for b in sheet.boards
    ]
    first = sheet.boards[0]
    return f"Convention {first.convention}. {'; '.join(data)}. fusionbench {first.version}."
