"""``fusionbench latex-check``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from fusionbench.cli import options as o


def latex_check(
    paper: Annotated[Path, typer.Argument(help="A LaTeX file; what it inputs is read too.")],
    higher: Annotated[
        str, typer.Option(help="Columns in which higher is better, comma-separated.")
    ] = "",
    lower: Annotated[
        str, typer.Option(help="Columns in which lower is better, comma-separated.")
    ] = "",
    plugin: o.PluginOption = None,
) -> None:
    """Check that what a paper's tables mark as best and second is.

    Exit code 0: every mark is right, or there is none; 1: some are wrong; 2: no table has a column
    of which is known whether higher or lower is better.
    """
    from fusionbench import console
    from fusionbench.latex_check import check_latex
    from fusionbench.registry import add_plugin_files

    add_plugin_files(plugin or ())
    checked = check_latex(paper, higher.split(","), lower.split(","))
    for text in checked.wrong:
        console.plain(text)
    for text in checked.notes:
        console.note(text)
    console.note(
        f"{len(checked.wrong)} wrong of {checked.numbers} numbers in {checked.tables} tables"
    )
    if checked.wrong:
        raise typer.Exit(1)
