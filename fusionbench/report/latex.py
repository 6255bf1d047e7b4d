r"""``leaderboard.tex`` to ``\input`` into a paper, and a version of it that compiles by itself."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Mapping
from pathlib import Path

from fusionbench.files import write_text
from fusionbench.manifest import Citation
from fusionbench.report.collect import Board, Result, boards
from fusionbench.report.latex_text import comment, escape
from fusionbench.report.layout import (
    Entry,
    Line,
    Table,
    explanation,
    heading,
    lay_out,
    provenance,
    sentence,
)
from fusionbench.runs import Run

MOST_COLUMNS = 10
ONE_COLUMN_WIDE = 5
RANKS = {"": "{}", "best": r"\textbf{{{}}}", "unranked": "{}", "second": r"\underline{{{}}}"}
PREAMBLE = r"""\documentclass[10pt]{article}
\usepackage[T1]{fontenc}
\usepackage[utf8]{inputenc}
\usepackage{lmodern}
\usepackage[a4paper,margin=20mm]{geometry}
\usepackage{booktabs}
\usepackage{graphicx}
\makeatletter\setlength{\@fptop}{0pt}\makeatother
\begin{document}"""


def write_latex(run: Run, results: list[Result]) -> list[Path]:
    """Write ``leaderboard.tex``, ``leaderboard_standalone.tex`` and ``references.bib``.

    The first needs ``booktabs`` and ``graphicx`` in the preamble and cites keys of the last. The
    second holds its references itself (like any document that cites, LaTeX reads it twice).
    """
    tables = [t for board in boards(run, results) for t in _tables(board)]
    head = "% Needs \\usepackage{booktabs,graphicx} in the preamble.\n"
    cited = {m.citation.key: m.citation for m in run.manifest.methods if m.citation}
    alone = [PREAMBLE, "\n\\clearpage\n".join(tables), *_references(cited), "\\end{document}\n"]
    files = {
        "leaderboard.tex": head + "\n".join(tables),
        "leaderboard_standalone.tex": "\n".join(alone),
        "references.bib": "".join(c.bibtex + "\n" for c in cited.values()),
    }
    for name, text in files.items():
        write_text(run.root / name, text)
    return [run.root / name for name in files]


def _references(cited: Mapping[str, Citation]) -> list[str]:
    if not cited:
        return []
    items = [rf"\bibitem{{{key}}} {escape(citation.text)}" for key, citation in cited.items()]
    start = [r"\clearpage\small", r"\begin{thebibliography}{99}"]
    return [*start, *items, r"\end{thebibliography}"]


def _tables(board: Board) -> Iterator[str]:
    """The board as one float, or as several where its columns would not be readable in one."""
    count = max(1, math.ceil(len(board.columns) / MOST_COLUMNS))
    wide = math.ceil(len(board.columns) / count)
    for part in range(count):
        table = lay_out(board, board.columns[part * wide : (part + 1) * wide])
        yield _float(table, f" (part {part + 1} of {count})" if count > 1 else "", part)


def _float(table: Table, part: str, number: int) -> str:
    board = table.board
    kind = "table*" if len(table.columns) > ONE_COLUMN_WIDE else "table"
    caption = ". ".join([heading(board) + part, *explanation(table), provenance(board)])
    name = re.sub(r"[^A-Za-z0-9]+", "-", f"{board.dataset.name}-{board.convention}").lower()
    return "\n".join(
        [
            f"% {comment(heading(board) + part)}. {comment(provenance(board))}.",
            rf"\begin{{{kind}}}[tbp]",
            r"\centering\small\setlength{\tabcolsep}{4.5pt}%",
            rf"\caption{{{escape(caption)}.}}",
            rf"\label{{tab:{name}{f'-{number + 1}' if part else ''}}}",
            r"\medskip\sbox9{%",
            *_tabular(table),
            "}%",
            r"\ifdim\wd9>\linewidth\resizebox{\linewidth}{!}{\usebox9}\else\usebox9\fi",
            *_notes(table),
            rf"\end{{{kind}}}",
            "",
        ]
    )


def _tabular(table: Table) -> list[str]:
    anchors = [_line(line) for line in table.lines if line.anchor]
    methods = [_line(line) for line in table.lines if not line.anchor]
    heads = ["Method", "N", *table.headers]
    return [
        rf"\begin{{tabular}}{{l{'r' * (len(heads) - 1)}}}",
        r"\toprule",
        " & ".join(map(escape, heads)) + r" \\",
        r"\midrule",
        *anchors,
        *([r"\midrule"] if anchors and methods else []),
        *methods,
        r"\bottomrule",
        r"\end{tabular}%",
    ]


def _line(line: Line) -> str:
    label = escape(line.label.text) + (rf"~\cite{{{line.cite}}}" if line.cite else "")
    if line.label.marks:
        label += _superscript(line.label)
    return " & ".join([label, _entry(line.n), *map(_entry, line.cells)]) + r" \\"


def _entry(entry: Entry) -> str:
    text = RANKS[entry.rank].format(escape(entry.text) or "--")
    return text + rf"\rlap{{{_superscript(entry)}}}" if entry.marks else text


def _superscript(entry: Entry) -> str:
    return rf"\textsuperscript{{{escape(','.join(entry.marks))}}}"


def _notes(table: Table) -> list[str]:
    if not table.notes:
        return []
    notes = [
        rf"\textsuperscript{{{escape(mark)}}}~{escape(sentence(text))}\par"
        for mark, text in table.notes
    ]
    return [
        r"\par\smallskip\dimen0=\wd9\relax",
        r"\ifdim\dimen0<0.5\linewidth\dimen0=0.5\linewidth\fi",
        r"\ifdim\dimen0>\linewidth\dimen0=\linewidth\fi",
        r"\begin{minipage}{\dimen0}\footnotesize\raggedright",
        *notes,
        r"\end{minipage}",
    ]
