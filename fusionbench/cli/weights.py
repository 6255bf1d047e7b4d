"""``fusionbench weights list|fetch|add|verify``."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from fusionbench.cli import options as o

if TYPE_CHECKING:
    from fusionbench.weights import KnownWeights, WeightsFinder

app = typer.Typer(help="List, fetch, add and verify published weights.", no_args_is_help=True)

NamesArgument = Annotated[str, typer.Argument(help="Names of weights files, comma-separated.")]
NameArgument = Annotated[str, typer.Argument(help="The name of a weights file.")]


@app.command("list")
def list_weights(
    weights_dir: o.WeightsDirOption = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Published weights files: licence, source, and where each was found on this machine."""
    from rich.table import Table

    from fusionbench import console
    from fusionbench.weights import published_weights

    finder = _finder(weights_dir)
    items = [
        {
            "name": name,
            "file": known.file,
            "bytes": known.bytes,
            "sha256": known.sha256,
            "licence": known.licence,
            "source": known.source,
            "found": str(finder.find(known) or ""),
        }
        for name, known in published_weights().items()
    ]
    if as_json:
        console.plain(json.dumps(items, indent=2))
        return
    fields = ("name", "bytes", "licence", "source", "found")
    table = Table(*fields, box=None, pad_edge=False, header_style="bold")
    for item in items:
        table.add_row(*(f"{item[f]:,}" if f == "bytes" else str(item[f]) for f in fields))
    console.show(table)


@app.command()
def fetch(names: NamesArgument) -> None:
    """Download published weights into the user cache, verified; says their licence."""
    from fusionbench import console
    from fusionbench.weights import WeightsFinder
    from fusionbench.weights import fetch as fetch_into_cache

    for each, known in map(_known, names.split(",")):
        if found := WeightsFinder().find(known):
            console.note(f"{each} is here already: {found}")
            continue
        if not known.url:
            raise known.missing(each)
        console.note(f"{each}: {known.file} from {known.source}; licence: {known.licence}")
        with console.bytes_progress(f"fetching {each}") as advance:
            path = fetch_into_cache(known, advance)
        console.note(f"saved as {path}")


@app.command()
def add(name: NameArgument, file: Annotated[Path, typer.Argument(help="The file.")]) -> None:
    """Copy a weights file that you have into the user cache, after checking that it fits."""
    from fusionbench import console
    from fusionbench.weights import add as add_to_cache

    each, known = _known(name)
    target, exact = add_to_cache(known, file)
    if not exact:
        console.warn(
            f"this is not the file that is known as {each} (another checksum), but its parameters "
            "fit: tables will say that it is yours"
        )
    console.note(f"{each} added as {target}")


@app.command()
def verify(weights_dir: o.WeightsDirOption = None) -> None:
    """Say which published weights are here, by checksum; exit with 1 if one is missing."""
    from fusionbench import console
    from fusionbench.weights import published_weights

    finder = _finder(weights_dir)
    missing = 0
    for name, known in published_weights().items():
        path = finder.find(known)
        missing += path is None
        console.plain(f"{name}: {path if path else 'not found'}")
    if missing:
        raise typer.Exit(1)


def _finder(weights_dir: Path | None) -> WeightsFinder:
    from fusionbench.settings import weights_folders
    from fusionbench.weights import WeightsFinder

    return WeightsFinder(weights_folders(weights_dir))


def _known(name: str) -> tuple[str, KnownWeights]:
    from fusionbench.errors import UnknownNameError
    from fusionbench.weights import published_weights

    known = published_weights()
    if name.strip() not in known:
        raise UnknownNameError("weights file", name, known, "fusionbench weights list")
    return name.strip(), known[name.strip()]
