r"""``detection.tex`` to ``\input`` into a paper, and a version of it that compiles by itself."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

from fusionbench.files import write_text
from fusionbench.report.detection.collect import DetectionBoard
from fusionbench.report.detection.layout import (
    DetectionLine,
    DetectionTable,
    explanation,
    heading,
    lay_out,
    provenance,
    remarks,
)
from fusionbench.report.latex.floats import COMMANDS
from fusionbench.report.latex.scripts import note, preamble
from fusionbench.report.latex.text import comment, escape
from fusionbench.report.layout import Entry, sentence
from fusionbench.runs import Run


def write_latex(run: Run, boards: Sequence[DetectionBoard]) -> list[Path]:
    """Write ``detection.tex``, which needs ``booktabs`` and ``graphicx``, and a standalone one."""
    tables = [_float(lay_out(board)) for board in boards]
    head = "% Needs \\usepackage{booktabs,graphicx} in the preamble.\n" + note("\n".join(tables))
    body = "\n\\clearpage\n".join(tables)
    alone = [preamble(body), body, "\\end{document}\n"]
    files = {
        "detection.tex": head + "\n".join(tables),
        "detection_standalone.tex": "\n".join(alone),
    }
    for name, text in files.items():
        write_text(run.root / name, text)
    return [run.root / name for name in files]


def _float(table: DetectionTable) -> str:
    board = table.board
    caption = ". ".join([heading(board), *explanation(table), provenance(board)])
    name = re.sub(r"[^A-Za-z0-9]+", "-", f"detection-{board.name}").lower()
    return "\n".join(
        [
            f"% {comment(heading(board))}. {comment(provenance(board))}.",
            r"\begin{table*}[tbp]",
            r"\centering\small\setlength{\tabcolsep}{4.5pt}%",
            rf"\caption{{{escape(caption)}.}}",
            rf"\label{{tab:{name}}}",
            r"\medskip\sbox9{%",
            *_tabular(table),
            "}%",
            r"\ifdim\wd9>\linewidth\resizebox{\linewidth}{!}{\usebox9}\else\usebox9\fi",
            *_notes(table),
            r"\end{table*}",
            "",
        ]
    )


def _tabular(table: DetectionTable) -> list[str]:
    sources = [_line(line) for line in table.lines if line.is_source]
    methods = [_line(line) for line in table.lines if not line.is_source]
    return [
        rf"\begin{{tabular}}{{l{'r' * (len(table.headers) - 2)}ll}}",
        r"\toprule",
        " & ".join([_header(text) for text in ("Images", *table.headers)]) + r" \\",
        r"\midrule",
        *sources,
        *([r"\midrule"] if methods else []),
        *methods,
        r"\bottomrule",
        r"\end{tabular}%",
    ]


def _header(text: str) -> str:
    return rf"$\Delta$ {escape(text[2:])}" if text.startswith("Δ ") else escape(text)


def _line(line: DetectionLine) -> str:
    label = escape(line.label.text)
    if line.label.marks:
        label += rf"\textsuperscript{{{escape(','.join(line.label.marks))}}}"
    return " & ".join([label, *map(_entry, line.cells)]) + r" \\"


def _entry(entry: Entry) -> str:
    command = COMMANDS["bold-underline"].get(entry.rank, "%s")
    return command.replace("%s", escape(entry.text) or "--")


def _notes(table: DetectionTable) -> list[str]:
    notes = [
        rf"\textsuperscript{{{escape(mark)}}}~{escape(sentence(text))}\par"
        for mark, text in table.notes
    ]
    notes += [rf"{escape(sentence(text))}\par" for text in remarks(table.board)]
    if not notes:
        return []
    width = r"\begin{minipage}{\linewidth}\footnotesize\raggedright"
    return [r"\par\smallskip", width, *notes, r"\end{minipage}"]
