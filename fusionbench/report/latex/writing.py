"""The LaTeX files of a run."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from fusionbench.files import write_text
from fusionbench.manifest import Citation
from fusionbench.report.collect import Result, boards
from fusionbench.report.latex.floats import write_float
from fusionbench.report.latex.scripts import note, preamble
from fusionbench.report.latex.sheets import sheets
from fusionbench.report.latex.text import escape
from fusionbench.report.options import PLAIN, TableStyle
from fusionbench.runs import Run


def write_latex(run: Run, results: list[Result], style: TableStyle = PLAIN) -> list[Path]:
    """Write ``leaderboard.tex``, ``leaderboard_standalone.tex`` and ``references.bib``.

    The first needs ``booktabs`` and ``graphicx`` in the preamble (``xcolor`` too, for coloured
    marks) and cites keys of the last. The second holds its references itself (like any document
    that cites, LaTeX reads it twice).

    Args:
        run: A run that has been scored.
        results: What :func:`fusionbench.report.collect.collect` read from it.
        style: Layout, marks and the rest.

    Returns:
        The three files.

    Raises:
        UnknownNameError: ``style.ours`` is no method of the run.
    """
    tables = [write_float(sheet) for sheet in sheets(boards(run, results), style)]
    coloured = style.marks == "red-blue"
    packages = "booktabs,graphicx" + (",xcolor" if coloured else "")
    head = f"% Needs \\usepackage{{{packages}}} in the preamble.\n" + note("\n".join(tables))
    cited = {m.citation.key: m.citation for m in run.manifest.methods if m.citation}
    body = ["\n\\clearpage\n".join(tables), *_references(cited), "\\end{document}\n"]
    alone = [preamble("\n".join(body), coloured), *body]
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
