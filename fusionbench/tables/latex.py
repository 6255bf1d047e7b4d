r"""Tables as LaTeX: floats to ``\input`` into a paper, and a document that compiles by itself."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from fusionbench.files import write_texts
from fusionbench.tables.escaping import comment, escape
from fusionbench.tables.model import Block, Entry, Header, Line, Table
from fusionbench.tables.numbers import Rank
from fusionbench.tables.scripts import note, preamble
from fusionbench.tables.style import Marks

ONE_COLUMN_WIDE = 5.5
"""Widths of numbers that fit into one column of a paper."""
COMMANDS: dict[Marks, dict[Rank, str]] = {
    "bold-underline": {"best": r"\textbf{%s}", "second": r"\underline{%s}"},
    "red-blue": {"best": r"\textcolor{red}{%s}", "second": r"\textcolor{blue}{%s}"},
    "top3": {"best": r"\textbf{%s}", "second": r"\underline{%s}", "third": r"\textit{%s}"},
}


def write_tables(
    root: Path, name: str, tables: Sequence[Table], references: Mapping[str, str] | None = None
) -> list[Path]:
    r"""Write ``NAME.tex`` and ``NAME_standalone.tex``.

    The first needs ``booktabs`` and ``graphicx`` in the preamble (``xcolor`` too, for coloured
    marks), and the entries of ``references.bib`` that it cites. The second holds its references
    itself (like any document that cites, LaTeX reads it twice).

    Args:
        root: A run's folder, whose name is part of every label.
        name: Of the files, without an ending.
        tables: What they hold; a table that is too wide goes on in further floats.
        references: The text of everything that is cited, by key.
    """
    run = root.resolve().name
    parts = [part for table in tables for part in table.split()]
    floats = [write_float(part, part.label(run)) for part in parts]
    coloured = any(table.marks == "red-blue" for table in tables)
    packages = "booktabs,graphicx" + (",xcolor" if coloured else "")
    head = f"% Needs \\usepackage{{{packages}}} in the preamble.\n" + note("\n".join(floats))
    cited = {line.cite for table in tables for line in table.lines if line.cite}
    listed = {key: text for key, text in (references or {}).items() if key in cited}
    body = ["\n\\clearpage\n".join(floats), *_references(listed), "\\end{document}\n"]
    files = {
        f"{name}.tex": head + "\n".join(floats),
        f"{name}_standalone.tex": "\n".join([preamble("\n".join(body), coloured), *body]),
    }
    return write_texts(root, files)


def write_float(table: Table, label: str) -> str:
    """The float as LaTeX; over both columns of a paper where one would be too narrow."""
    wide = sum(header.width for header in table.headers) > ONE_COLUMN_WIDE
    kind, gap = "table*" if wide else "table", "3pt" if len(table.headers) > 10 else "4.5pt"
    caption = ". ".join([table.title, *table.caption])
    return "\n".join(
        [
            f"% {comment('. '.join([table.title, *table.remarks[-1:]]))}.",
            rf"\begin{{{kind}}}[tbp]",
            rf"\centering\small\setlength{{\tabcolsep}}{{{gap}}}%",
            rf"\caption{{{escape(caption)}.}}",
            rf"\label{{{label}}}",
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
    columns = "".join("l" if header.left else "r" for header in table.headers)
    return [
        rf"\begin{{tabular}}{{l{columns}}}",
        r"\toprule",
        *_over(table.headers),
        _row([escape(table.stub), *map(_head, table.headers)]),
        *_blocks(table),
        r"\bottomrule",
        r"\end{tabular}%",
    ]


def _head(header: Header) -> str:
    return header.tex or escape(header.text)


def _over(headers: Sequence[Header]) -> list[str]:
    """The row above the heads, with a rule below each of its texts."""
    if not any(header.over for header in headers):
        return []
    texts, rules, start = [""], "", 0
    for stop in range(1, len(headers) + 1):
        if stop == len(headers) or headers[stop].over != headers[start].over:
            over = escape(headers[start].over)
            texts.append(rf"\multicolumn{{{stop - start}}}{{c}}{{{over}}}")
            rules += rf"\cmidrule(lr){{{start + 2}-{stop + 1}}}" if over else ""
            start = stop
    return [_row(texts), rules]


def _blocks(table: Table) -> list[str]:
    """The rows: a rule above each block, or above each part that has a heading of its own."""
    stacked, lines = any(block.over for block in table.blocks), []
    for block in table.blocks:
        if block.over or not stacked:
            lines.append(r"\midrule")
        else:
            lines.append(r"\addlinespace")
        lines += _block(block, len(table.headers) + 1, table)
    return lines


def _block(block: Block, columns: int, table: Table) -> list[str]:
    title = rf"\multicolumn{{{columns}}}{{l}}{{\textit{{{escape(block.over)}}}}} \\[2pt]"
    return [*([title] if block.over else []), *(_line(line, table) for line in block.lines)]


def _line(line: Line, table: Table) -> str:
    label = escape(line.label.text) + (rf"~\cite{{{line.cite}}}" if line.cite else "")
    label += _superscript(line.label.raised) if line.label.raised else ""
    cells = zip(line.cells, table.headers, strict=True)
    return _row([label, *(_entry(cell, table.marks, head.left) for cell, head in cells)])


def _entry(entry: Entry, marks: Marks, left: bool) -> str:
    text = COMMANDS[marks].get(entry.rank, "%s").replace("%s", escape(entry.text) or "--")
    if entry.std:
        text += rf"{{\scriptsize$\pm$\,{escape(entry.std)}}}"
    if not entry.raised:
        return text
    raised = _superscript(entry.raised)
    return text + (raised if left else rf"\rlap{{{raised}}}")


def _row(cells: Iterable[str]) -> str:
    return " & ".join(cells) + r" \\"


def _superscript(marks: str) -> str:
    return rf"\textsuperscript{{{escape(marks)}}}"


def _notes(table: Table) -> list[str]:
    notes = [
        (f"{_superscript(mark)}~" if mark else "") + escape(text) for mark, text in table.footnotes
    ]
    if not notes:
        return []
    return [
        r"\par\smallskip\dimen0=\wd9\relax",
        r"\ifdim\dimen0<0.5\linewidth\dimen0=0.5\linewidth\fi",
        r"\ifdim\dimen0>\linewidth\dimen0=\linewidth\fi",
        r"\begin{minipage}{\dimen0}\footnotesize\raggedright",
        *(note + r"\par" for note in notes),
        r"\end{minipage}",
    ]


def _references(cited: Mapping[str, str]) -> list[str]:
    if not cited:
        return []
    items = [rf"\bibitem{{{key}}} {escape(text)}" for key, text in cited.items()]
    return [r"\clearpage\small", r"\begin{thebibliography}{99}", *items, r"\end{thebibliography}"]
