"""``fusionbench compare``, ``identify``, ``latex-check``; ``check`` and ``new`` for plug-ins."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from fusionbench.cli import options as o
from fusionbench.request import Request

if TYPE_CHECKING:
    from fusionbench.checks import Findings
    from fusionbench.datasets import DataSet
    from fusionbench.identifying import Identified, Values
    from fusionbench.stages.collecting import Collected


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


@o.takes(
    *("data_root", "split", "ir", "vis", *o.READING),
    *("skip_bad_pairs", "accept", "workers", "plugin"),
)
def identify(
    fused: Annotated[Path, typer.Option(help="Folder of the method's fused images.")],
    row: Annotated[str, typer.Option(help="The published row, as EN=6.61,SD=43.4,MI=2.1.")],
    dataset: Annotated[str | None, typer.Option(help="The data set of the row.")] = None,
    pairs: Annotated[
        list[Path] | None,
        typer.Option(help="File that lists a subset to try, a pair a line; repeatable."),
    ] = None,
    first: Annotated[
        str, typer.Option(help="Further numbers N whose first N pairs to try, comma-separated.")
    ] = "",
    grays: Annotated[
        str,
        typer.Option(
            help="Gray conversions to try, comma-separated: luma, opencv, opencv-read, truncated, "
            "mean, red, green, blue; channels (none, for means over the channels)."
        ),
    ] = "all",
    tolerance: Annotated[
        float,
        typer.Option(min=0, help="How far a value may be off, in units of its last digit."),
    ] = 0.5,
    top: Annotated[int, typer.Option(min=1, help="How many candidates to show.")] = 6,
    out: Annotated[Path | None, typer.Option(help="CSV file for all candidates.")] = None,
    *,
    request: Request,
) -> None:
    """Find the convention, gray conversion and pairs that reproduce a published row.

    Tried are all conventions, eight gray conversions, all pairs, the data set's other splits, the
    lists of --pairs and the first N pairs. Exit code 0: reproduced; 1: not; 2: could not be tried.
    """
    from fusionbench import console
    from fusionbench.engines import default_workers
    from fusionbench.errors import FusionBenchError
    from fusionbench.identifying import compute_values, identify_row, parse_row, subsets_of
    from fusionbench.identifying.candidates import FIRST, parse_first
    from fusionbench.identifying.values import parse_grays
    from fusionbench.pipeline import tell
    from fusionbench.planning import open_one

    request.with_plugins()
    published, counts = parse_row(row), [*FIRST, *parse_first(first)]
    conversions = parse_grays(grays)
    if dataset is None and request.ir is None and request.vis is None:
        raise FusionBenchError("name the data set with --dataset, or its folders: --ir and --vis")
    opened = open_one(replace(request, dataset=dataset))
    findings = request.findings()
    collected = _collect(fused, opened, findings)
    tell(findings.records)
    found_pairs, images = collected.dataset.pairs, collected.methods[0].fused[opened.name]
    subsets, notes = subsets_of(
        found_pairs, opened, root=request.root(), lists=pairs or (), first=counts
    )
    files = [(pair.ir, pair.vis, images[pair.id]) for pair in found_pairs]
    with console.progress("trying conventions and gray conversions", len(files)) as advance:
        values = compute_values(
            published,
            files,
            grays=conversions,
            recipes=[(pair.recipe("ir"), pair.recipe("vis")) for pair in found_pairs],
            workers=request.workers or default_workers(),
            advance=advance,
        )
    for note in [*collected.notes, *notes, *values.errors]:
        console.warn(note)
    _show(identify_row(published, values, subsets, tolerance), values, top, out)


def _show(found: Identified, values: Values, top: int, out: Path | None) -> None:
    """Say what was found, write it, and exit with 1 where nothing gives the row."""
    from fusionbench import console
    from fusionbench.identifying.showing import (
        candidate_table,
        residual_table,
        verdict,
        write_candidates,
    )
    from fusionbench.tables.terminal import Shown

    console.show(Shown([candidate_table(found, top), residual_table(found, top)]))
    for line in verdict(found, values):
        console.plain(line)
    if out is not None:
        write_candidates(found.candidates, out)
        console.note(f"{len(found.candidates)} candidates written to {out}")
    if not found.fitting:
        raise typer.Exit(1)


def _collect(fused: Path, opened: DataSet, findings: Findings) -> Collected:
    """The fused images of one method, matched to the pairs."""
    from fusionbench.errors import FusionBenchError
    from fusionbench.pipeline import check_datasets
    from fusionbench.stages.collecting import collect, method_folders

    folders = method_folders(fused, None, opened)
    if len(folders) > 1:
        raise FusionBenchError(
            f"--fused {fused} holds {len(folders)} folders of images; a row is of one method: "
            f"name one of {', '.join(str(folder) for folder in folders.values())}"
        )
    (record,) = check_datasets([opened], findings)
    return collect(folders, record, findings, others=(*opened.pairs, *opened.rest))


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


def check(
    names: Annotated[
        list[str], typer.Argument(help="Methods, metrics, detectors (NAME:WEIGHTS) or data sets.")
    ],
    plugin: o.PluginOption = None,
    device: Annotated[str, o.OPTIONS["device"]] = "cpu",
    weights: Annotated[
        str | None, typer.Option(help="Of the method: authors, retrained or a file.")
    ] = None,
    data_root: o.DataRootOption = None,
) -> None:
    """Check that a plug-in does what the engine relies on: sizes, batches, range, card and more.

    The same is there for tests of its own: `from fusionbench.testing import check_method`.
    """
    from fusionbench import console
    from fusionbench.registry import add_plugin_files
    from fusionbench.tables.terminal import Shown
    from fusionbench.testing import check as checked

    add_plugin_files(plugin or ())
    found = [
        one
        for name in names
        for one in checked(name, device=device, data_root=data_root, weights=weights)
    ]
    console.show(Shown([one.table() for one in found]))
    if not all(one.passed for one in found):
        raise typer.Exit(1)


def new(
    kind: Annotated[
        Literal["method", "metric", "dataset"], typer.Argument(help="What the package holds.")
    ],
    name: Annotated[str, typer.Argument(help="The plug-in's name, such as my-net.")],
    out: Annotated[Path | None, typer.Option(help="The package's folder [NAME].")] = None,
) -> None:
    """Begin a plug-in: a small package that works at once, with an entry point and tests."""
    from fusionbench import console
    from fusionbench.starting import start_plugin

    code = start_plugin(kind, name, out)
    console.plain(f"{code.parent} is written; `{code.parent / 'README.md'}` says what is where")
    if kind == "dataset":
        console.plain(
            f"  pip install -e {code.parent}\n  fusionbench check {name} --data-root DATA"
        )
    else:
        console.plain(f"  fusionbench check {name} --plugin {code}\n  pytest {code.parent}")
