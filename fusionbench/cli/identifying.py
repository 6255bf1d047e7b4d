"""``fusionbench identify``."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from fusionbench.cli import options as o

if TYPE_CHECKING:
    from fusionbench.checks import Findings
    from fusionbench.datasets import DataSet
    from fusionbench.identifying import Identified, Values
    from fusionbench.stages.collecting import Collected


def identify(
    fused: Annotated[Path, typer.Option(help="Folder of the method's fused images.")],
    row: Annotated[str, typer.Option(help="The published row, as EN=6.61,SD=43.4,MI=2.1.")],
    dataset: Annotated[str | None, typer.Option(help="The data set of the row.")] = None,
    data_root: o.DataRootOption = None,
    split: o.SplitOption = None,
    ir: o.IrOption = None,
    vis: o.VisOption = None,
    ir_range: o.IrRangeOption = None,
    vis_range: o.VisRangeOption = None,
    resize: o.ResizeOption = None,
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
    skip_bad_pairs: o.SkipBadOption = False,
    accept: o.AcceptOption = None,
    workers: o.WorkersOption = None,
    plugin: o.PluginOption = None,
) -> None:
    """Find the convention, gray conversion and pairs that reproduce a published row.

    Tried are all conventions, eight gray conversions, all pairs, the data set's other splits, the
    lists of --pairs and the first N pairs. Exit code 0: reproduced; 1: not; 2: could not be tried.
    """
    from fusionbench import console
    from fusionbench.cli.request import findings_for
    from fusionbench.engines import default_workers
    from fusionbench.identifying import compute_values, identify_row, parse_row, subsets_of
    from fusionbench.identifying.candidates import FIRST, parse_first
    from fusionbench.identifying.values import parse_grays
    from fusionbench.pipeline import tell
    from fusionbench.recipes import parse_reading
    from fusionbench.registry import add_plugin_files
    from fusionbench.settings import data_root as root_in_force

    add_plugin_files(plugin or ())
    published, counts = parse_row(row), [*FIRST, *parse_first(first)]
    conversions = parse_grays(grays)
    root = root_in_force(data_root)
    reading = parse_reading(ir_range, vis_range, resize)
    opened = _open(dataset, root, split, ir, vis).read_as(reading)
    findings = findings_for(accept, strict=False, skip_bad=skip_bad_pairs)
    collected = _collect(fused, opened, findings)
    tell(findings.records)
    found_pairs, images = collected.dataset.pairs, collected.methods[0].fused[opened.name]
    subsets, notes = subsets_of(found_pairs, opened, root=root, lists=pairs or (), first=counts)
    files = [(pair.ir, pair.vis, images[pair.id]) for pair in found_pairs]
    with console.progress("trying conventions and gray conversions", len(files)) as advance:
        values = compute_values(
            published,
            files,
            grays=conversions,
            recipes=[(pair.recipe("ir"), pair.recipe("vis")) for pair in found_pairs],
            workers=workers or default_workers(),
            advance=advance,
        )
    for note in [*collected.notes, *notes, *values.errors]:
        console.warn(note)
    _show(identify_row(published, values, subsets, tolerance), values, top, out)


def _show(found: Identified, values: Values, top: int, out: Path | None) -> None:
    """Say what was found, write it, and exit with 1 where nothing gives the row."""
    from fusionbench import console
    from fusionbench.identifying.showing import candidate_table, residual_table, verdict

    console.show(candidate_table(found, top))
    console.plain(
        "\nDistance of each value, in units of the last digit given "
        f"(up to {found.tolerance:g} fits):"
    )
    console.show(residual_table(found, top))
    console.plain("")
    for line in verdict(found, values):
        console.plain(line)
    if out is not None:
        found.write(out)
        console.note(f"{len(found.candidates)} candidates written to {out}")
    if not found.fitting:
        raise typer.Exit(1)


def _open(
    dataset: str | None, root: Path | None, split: str | None, ir: Path | None, vis: Path | None
) -> DataSet:
    """The data set named, or the two folders."""
    from fusionbench.datasets import open_dataset, open_folders
    from fusionbench.errors import FusionBenchError

    if ir is not None and vis is not None:
        return open_folders(ir, vis, dataset or "custom")
    if ir is not None or vis is not None:
        raise FusionBenchError("--ir and --vis go together: name both folders")
    if dataset is None:
        raise FusionBenchError("name the data set with --dataset, or its folders: --ir and --vis")
    return open_dataset(dataset, root, split)


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
