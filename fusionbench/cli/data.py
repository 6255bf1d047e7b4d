"""``fusionbench data list|fetch|verify|inspect``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from fusionbench.cli import listing
from fusionbench.cli import options as o
from fusionbench.request import Request

app = typer.Typer(help="List, fetch, verify and look at data sets.", no_args_is_help=True)
app.command("list")(listing.datasets)

NameArgument = Annotated[str, typer.Argument(help="A data set.")]


@app.command()
def fetch(name: NameArgument, data_root: o.DataRootOption = None) -> None:
    """Download a data set below the data root, or say how to get it; shows its terms."""
    from fusionbench import console
    from fusionbench.datasets import dataset_named
    from fusionbench.datasets.catalogue import by_hand, fetch_dataset
    from fusionbench.errors import FusionBenchError
    from fusionbench.settings import data_root as root_in_force

    card = dataset_named(name)
    console.note(f"{card.title}\nhome:  {card.home}\nterms: {card.terms}\ncite:  {card.cite}")
    if card.packaged:
        console.note("The package holds this data set; there is nothing to fetch.")
        return
    root = root_in_force(data_root)
    if not card.archives:
        raise by_hand(card)
    if root is None:
        raise FusionBenchError("name the folder to put it in with --data-root")
    with console.bytes_progress(f"fetching {card.name}") as advance:
        target = fetch_dataset(card, root, advance=advance)
    console.note(f"unpacked into {target}; `fusionbench data verify {card.name}` looks it over")


@app.command()
@o.takes("data_root", "split", *o.READING)
def verify(
    name: NameArgument,
    full: Annotated[bool, typer.Option("--all", help="List everything that was found.")] = False,
    *,
    request: Request,
) -> None:
    """Read every pair and its labels; say what checks find, and exit with 1 if any refuses."""
    from fusionbench import console
    from fusionbench.checks import CHECKS
    from fusionbench.datasets import open_dataset
    from fusionbench.pipeline import tell
    from fusionbench.surveying import survey

    root = request.root()
    dataset = open_dataset(name, root, request.split).read_as(request.reading())
    with console.progress(f"reading {dataset.name}", len(dataset.pairs)) as advance:
        found = survey(dataset, advance, data_root=root)
    console.plain(f"{dataset.name}, split {dataset.split}, in {dataset.folder}")
    console.plain(f"{found.usable} usable pairs, fingerprint {found.fingerprint}")
    for kind, count in found.kinds.most_common():
        console.plain(f"  {count} of {kind}")
    for line in found.labelled.values():
        console.plain(line)
    for counted in dataset.counted():
        console.plain(counted.detail)
    for path in found.odd:
        console.plain(f"belongs to no pair: {path}")
    tell(found.findings)
    for problem in found.problems if full else ():
        console.plain(f"{problem.check}: {problem}")
    if dataset.card and dataset.card.notes:
        console.plain(f"notes: {dataset.card.notes}")
    if stopping := [finding for finding in found.findings if finding.stops]:
        for remedy in dict.fromkeys(CHECKS[finding.check].remedy for finding in stopping):
            console.note(f"what to do: {remedy}")
        raise typer.Exit(1)


@app.command()
def inspect(
    name: NameArgument,
    data_root: o.DataRootOption = None,
    split: o.SplitOption = None,
    out: Annotated[Path | None, typer.Option(help="The PNG to write [NAME-SPLIT.png].")] = None,
    count: Annotated[int, typer.Option(min=1, help="How many pairs.")] = 24,
) -> None:
    """Write a contact sheet: infrared beside visible."""
    from fusionbench import console
    from fusionbench.datasets import open_dataset
    from fusionbench.settings import data_root as root_in_force
    from fusionbench.surveying import contact_sheet

    dataset = open_dataset(name, root_in_force(data_root), split)
    path = out or Path(f"{dataset.name}-{dataset.split}.png")
    contact_sheet(dataset, path, count=count)
    console.note(f"contact sheet of {dataset.name} written to {path}")
