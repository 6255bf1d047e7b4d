"""``fusionbench list methods|metrics|datasets|conventions|checks [--json]``."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated, Any

import typer

from fusionbench.cli import options as o

if TYPE_CHECKING:
    from fusionbench.registry import Registry


app = typer.Typer(help="List what can be named on the command line.", no_args_is_help=True)

JsonOption = Annotated[bool, typer.Option("--json", help="Print JSON.")]
Item = dict[str, Any]


@app.command()
def methods(plugin: o.PluginOption = None, as_json: JsonOption = False) -> None:
    """Fusion methods."""
    from fusionbench.registry import METHODS, add_plugin_files

    add_plugin_files(plugin or (), strict=False)
    items = [asdict(e.plugin.card) | {"origin": e.origin} for e in METHODS]
    _show(items, ("name", "title", "family", "year", "groups", "origin"), as_json, METHODS)


@app.command()
def metrics(plugin: o.PluginOption = None, as_json: JsonOption = False) -> None:
    """Quality metrics."""
    from fusionbench.conventions import load_conventions
    from fusionbench.plugins import metric_card
    from fusionbench.registry import METRICS, add_plugin_files

    add_plugin_files(plugin or (), strict=False)
    conventions = load_conventions().values()
    items = []
    for entry in METRICS:
        defined = [c.name for c in conventions if c.defines(entry)]
        card = asdict(metric_card(entry.plugin))
        card |= {"low": str(card["low"]), "high": str(card["high"])}
        items.append(card | {"conventions": defined, "origin": entry.origin})
    _show(items, ("name", "title", "better", "low", "high", "conventions"), as_json, METRICS)


@app.command()
def datasets(as_json: JsonOption = False) -> None:
    """Data sets."""
    from fusionbench.datasets import load_datasets

    items = [
        card.model_dump(mode="json") | {"splits": list(card.splits)}
        for card in load_datasets().values()
    ]
    _show(items, ("name", "title", "splits", "default_split", "home"), as_json)


@app.command()
def conventions(as_json: JsonOption = False) -> None:
    """Metric conventions: whose numbers a column reproduces."""
    from fusionbench.conventions import load_conventions

    items = [
        c.model_dump(mode="json", exclude={"metrics"}) | {"metrics": list(c.metrics)}
        for c in load_conventions().values()
    ]
    _show(items, ("name", "title", "source", "metrics"), as_json)


@app.command()
def checks(
    as_json: JsonOption = False,
    markdown: Annotated[bool, typer.Option("--markdown", help="Print a page.")] = False,
) -> None:
    """Checks of what is given to the suite: what they look at, what follows, what to do."""
    from fusionbench import console
    from fusionbench.checks import CHECKS, page

    if markdown:
        console.plain(page().rstrip())
        return
    items = [asdict(check) for check in CHECKS.values()]
    _show(items, ("name", "outcome", "looks_at", "finds", "remedy"), as_json)


def _show(
    items: list[Item],
    fields: tuple[str, ...],
    as_json: bool,
    registry: Registry[Any] | None = None,
) -> None:
    from rich.table import Table

    from fusionbench import console

    broken = list(registry.broken.values()) if registry else []
    if as_json:
        listed = items + [{"name": b.module, "broken": b.error} for b in broken]
        console.plain(json.dumps(listed, indent=2, ensure_ascii=False))
        return
    table = Table(*fields, box=None, pad_edge=False, header_style="bold")
    for item in items:
        table.add_row(*(_cell(item[field]) for field in fields))
    console.show(table)
    for failed in broken:
        console.warn(f"broken: {failed.module}: {failed.error}")


def _cell(value: object) -> str:
    if isinstance(value, list | tuple):
        return ", ".join(map(str, value))
    return "" if value is None else str(value)


def show(
    method: Annotated[str, typer.Argument(help="A method.")], plugin: o.PluginOption = None
) -> None:
    """Print a method's card and its BibTeX entry."""
    from fusionbench import console
    from fusionbench.citing import bibtex
    from fusionbench.registry import METHODS, add_plugin_files

    add_plugin_files(plugin or ())
    entry = METHODS[method]
    card = entry.plugin.card
    facts = asdict(card) | {"origin": entry.origin, "module": entry.module}
    width = max(map(len, facts))
    for name, value in facts.items():
        if text := _text(value):
            console.plain(f"{name.replace('_', ' '):{width}}  {text}")
    if entry.plugin.__doc__:
        console.plain(f"\n{entry.plugin.__doc__.strip()}")
    if entry_text := bibtex(card):
        console.plain(f"\n{entry_text}")


def _text(value: object) -> str:
    if isinstance(value, dict):
        return "; ".join(f"{key}: {', '.join(allowed)}" for key, allowed in value.items())
    if isinstance(value, list | tuple):
        return ", ".join(map(str, value))
    if isinstance(value, int) and value > 9999:
        return f"{value:,}"
    return "" if value is None else str(value)
