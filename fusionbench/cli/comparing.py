"""``fusionbench compare``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer


def compare(
    runs: Annotated[
        list[Path], typer.Argument(help="Two or more runs, or folders that `publish` wrote.")
    ],
    out: Annotated[
        Path | None, typer.Option(help="Folder for comparison.csv and comparison.md.")
    ] = None,
    only_common_pairs: Annotated[
        bool,
        typer.Option(
            "--only-common-pairs", help="Where data differs, take the pairs of equal checksums."
        ),
    ] = False,
    only_common_columns: Annotated[
        bool,
        typer.Option("--only-common-columns", help="Leave out columns that do not mean the same."),
    ] = False,
    any_code: Annotated[
        bool,
        typer.Option(
            "--any-code",
            help="Compare columns of equal parameters though their code changed.",
        ),
    ] = False,
) -> None:
    """Compare runs: what changed between them, and which means differ by more than chance.

    Runs that did not measure the same columns on the same images are refused (exit code 2).
    """
    from fusionbench import console
    from fusionbench.comparing import agree, changes, compare_means, load, merged_boards
    from fusionbench.comparing.writing import Comparison, TerminalComparison, write_comparison

    loaded = load(runs)
    agreed = agree(
        loaded,
        only_common_pairs=only_common_pairs,
        only_common_columns=only_common_columns,
        any_code=any_code,
    )
    for line in agreed.left_out:
        console.warn(line)
    comparison = Comparison(
        runs=loaded,
        agreed=agreed,
        changes=changes(loaded, agreed),
        boards=merged_boards(loaded, agreed),
        verdicts=compare_means(loaded, agreed),
    )
    console.show(TerminalComparison(comparison))
    if out is not None:
        written = write_comparison(comparison, out)
        console.note(f"{' and '.join(path.name for path in written)} written to {out}")
