r"""``profile.tex``: one table for each device and image size, to ``\input`` into a paper."""

from __future__ import annotations

import re

from fusionbench.report.latex.scripts import note
from fusionbench.report.latex.text import comment, escape
from fusionbench.report.layout import Entry, sentence
from fusionbench.report.profile.reading import Profile
from fusionbench.report.profile.table import Table, TableLine, lay_out

HEAD = "% Needs \\usepackage{booktabs,graphicx} in the preamble.\n"


def latex(profile: Profile) -> str:
    """The tables, each a float that is shrunk where it would be wider than the text.

    Times in other variants than float32 stand in a table of their own.
    """
    tables = []
    for block in profile.blocks:
        tables.append(lay_out(profile, block, "cost"))
        if block.variants:
            tables.append(lay_out(profile, block, "variants"))
    body = "\n".join(_float(table, n) for n, table in enumerate(tables, 1))
    return HEAD + note(body) + body


def _float(table: Table, number: int) -> str:
    caption = ". ".join([table.heading, *table.caption])
    name = re.sub(r"[^A-Za-z0-9]+", "-", table.block.where.slug)
    return "\n".join(
        [
            f"% {comment(table.heading)}.",
            r"\begin{table*}[tbp]",
            r"\centering\small\setlength{\tabcolsep}{4.5pt}%",
            rf"\caption{{{escape(caption)}.}}",
            rf"\label{{tab:profile-{name}-{number}}}",
            r"\medskip\sbox9{%",
            *_tabular(table),
            "}%",
            r"\ifdim\wd9>\linewidth\resizebox{\linewidth}{!}{\usebox9}\else\usebox9\fi",
            *_notes(table),
            r"\end{table*}",
            "",
        ]
    )


def _tabular(table: Table) -> list[str]:
    return [
        rf"\begin{{tabular}}{{l{'r' * len(table.headers)}}}",
        r"\toprule",
        " & ".join(["Method", *map(escape, table.headers)]) + r" \\",
        r"\midrule",
        *map(_line, table.lines),
        r"\bottomrule",
        r"\end{tabular}%",
    ]


def _line(line: TableLine) -> str:
    return " & ".join([escape(line.label), *map(_entry, line.cells)]) + r" \\"


def _entry(entry: Entry) -> str:
    text = escape(entry.text) or "--"
    if not entry.marks:
        return text
    return text + rf"\rlap{{\textsuperscript{{{','.join(entry.marks)}}}}}"


def _notes(table: Table) -> list[str]:
    if not table.notes:
        return []
    return [
        r"\par\smallskip",
        r"\begin{minipage}{\linewidth}\footnotesize\raggedright",
        *(
            rf"\textsuperscript{{{mark}}}~{escape(sentence(text))}\par"
            for mark, text in table.notes
        ),
        r"\end{minipage}",
    ]
