"""``fusionbench list KIND [--json]`` and ``fusionbench show NAME``."""

from __future__ import annotations

import inspect
import json
import math
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict
from functools import partial
from typing import TYPE_CHECKING, Annotated, Any

import typer

from fusionbench.cli import options as o

if TYPE_CHECKING:
    from fusionbench.conventions import Convention
    from fusionbench.datasets.catalogue import DataSetCard
    from fusionbench.inventory import Item
    from fusionbench.registry import Entry, Registry


app = typer.Typer(help="List what can be named on the command line.", no_args_is_help=True)

JsonOption = Annotated[bool, typer.Option("--json", help="Print JSON.")]


@app.command()
def methods(plugin: o.PluginOption = None, as_json: JsonOption = False) -> None:
    """Fusion methods."""
    from fusionbench.inventory import method_items
    from fusionbench.registry import METHODS, add_plugin_files

    add_plugin_files(plugin or (), strict=False)
    _show(method_items(), ("name", "title", "family", "year", "groups", "origin"), as_json, METHODS)


@app.command()
def metrics(plugin: o.PluginOption = None, as_json: JsonOption = False) -> None:
    """Quality metrics."""
    from fusionbench.inventory import metric_items
    from fusionbench.registry import METRICS, add_plugin_files

    add_plugin_files(plugin or (), strict=False)
    items = [i | {"low": str(i["low"]), "high": str(i["high"])} for i in metric_items()]
    _show(items, ("name", "title", "better", "low", "high", "conventions"), as_json, METRICS)


@app.command()
def detectors(plugin: o.PluginOption = None, as_json: JsonOption = False) -> None:
    """Object detectors."""
    from fusionbench.inventory import detector_items
    from fusionbench.registry import DETECTORS, add_plugin_files

    add_plugin_files(plugin or (), strict=False)
    _show(
        detector_items(),
        ("name", "title", "year", "licence", "requires", "origin"),
        as_json,
        DETECTORS,
    )


@app.command()
def datasets(as_json: JsonOption = False) -> None:
    """Data sets."""
    from fusionbench.inventory import dataset_items

    _show(dataset_items(), ("name", "title", "splits", "default_split", "home"), as_json)


@app.command()
def conventions(as_json: JsonOption = False) -> None:
    """Metric conventions: whose numbers a column reproduces."""
    from fusionbench.inventory import convention_items

    _show(convention_items(), ("name", "title", "source", "metrics"), as_json)


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
    name: Annotated[
        str,
        typer.Argument(
            help="A method, metric (or METRIC@CONVENTION), detector, data set, convention or check."
        ),
    ],
    plugin: o.PluginOption = None,
) -> None:
    """Print the card of whatever has a name here, with its formula and BibTeX entry."""
    from fusionbench import console
    from fusionbench.errors import UnknownNameError
    from fusionbench.registry import REGISTRIES, add_plugin_files

    add_plugin_files(plugin or ())
    base, at, convention = name.partition("@")
    known = list(_everything(convention if at else None))
    same = [card for other, card in known if other == base]
    same = same or [card for other, card in known if other.casefold() == base.casefold()]
    if not same:
        kind, command = ("metric", " metrics") if at else ("name", "")
        names = {other for other, _ in known}
        error = UnknownNameError(kind, base, names, f"fusionbench list{command}")
        for registry in REGISTRIES:
            registry.name_broken(error)
        raise error
    for card in same:
        console.plain("\n\n".join(filter(None, card())))


Blocks = list[str]
"""What is shown of one thing: facts, then text."""


def _everything(convention: str | None) -> Iterator[tuple[str, Callable[[], Blocks]]]:
    """The name of everything that can be shown, and its card.

    Args:
        convention: That of ``METRIC@CONVENTION``, which metrics alone have; None for all.
    """
    from fusionbench.checks import CHECKS
    from fusionbench.conventions import convention_named, load_conventions
    from fusionbench.datasets import load_datasets
    from fusionbench.registry import DETECTORS, METHODS, METRICS

    shown = [*load_conventions().values()] if convention is None else [convention_named(convention)]
    for entry in METRICS:
        yield entry.name, partial(_metric, entry, shown)
    if convention is not None:
        return
    for entry in (*METHODS, *DETECTORS):
        yield entry.name, partial(_plugin, entry)
    for dataset in load_datasets().values():
        yield dataset.name, partial(_dataset, dataset)
    for each in shown:
        for name in (each.name, *each.aliases):
            yield name, partial(_convention, each)
    for check in CHECKS.values():
        yield check.name, partial(lambda c: [_facts(asdict(c))], check)


def _plugin(entry: Entry[Any]) -> Blocks:
    from fusionbench.citing import bibtex

    card = entry.plugin.card
    facts = asdict(card) | {"origin": entry.origin, "module": entry.module}
    return [_facts(facts), inspect.getdoc(entry.plugin) or "", bibtex(card)]


def _metric(entry: Entry[Any], conventions: Sequence[Convention]) -> Blocks:
    from fusionbench.citing import bibtex
    from fusionbench.plugins import metric_card

    card = metric_card(entry.plugin)
    seen = "the fused image and its sources" if card.sources else "the fused image alone"
    facts = {
        **{key: getattr(card, key) for key in ("name", "title", "groups")},
        "better": card.better,
        "range": f"{_bound(card.low)} to {_bound(card.high)}",
        "depends on": seen,
        "textbook": card.textbook and "yes, older than its use for fused images",
        **{key: getattr(card, key) for key in ("paper", "authors", "year", "venue", "doi")},
        **{"origin": entry.origin, "module": entry.module},
    }
    taken = [_taken(entry, each) for each in conventions if each.defines(entry)]
    return [_facts(facts), _definition(entry), "Conventions:\n" + "\n".join(taken), bibtex(card)]


def _bound(value: float) -> str:
    if math.isinf(value):
        return "infinity" if value > 0 else "-infinity"
    return f"{value:g}"


def _definition(entry: Entry[Any]) -> str:
    """A metric's formula and the meaning of its parameters, from its docstring."""
    text = inspect.getdoc(entry.plugin) or ""
    text = re.sub(r"^ +triple: .*\n?", "", text, flags=re.M)
    text = re.sub(r"\n*^Args:\n*(?=^\w|\Z)", "\n\n", text, flags=re.M)
    text = text.replace("\nArgs:\n", "\nParameters, each set by the convention:\n")
    return re.sub(r":\w+:`~?([^`]+)`", r"\1", text).replace("``", "`").strip()


def _taken(entry: Entry[Any], convention: Convention) -> str:
    """How a convention takes a metric, and whose numbers that gives."""
    wide = "of the three colour planes side by side" * (convention.seen(entry.name) == "wide")
    about = [wide, convention.title, f"follows {convention.source}", convention.warning]
    how = _parameters(convention.parameters(entry))
    lines = [f"  {convention.name}: {how}", *(f"      {line}" for line in about if line)]
    return "\n".join(lines)


def _parameters(values: Mapping[str, Any]) -> str:
    """Parameters as YAML has them."""
    shown = ((k, v if isinstance(v, str) else json.dumps(v)) for k, v in values.items())
    return ", ".join(f"{key}={value}" for key, value in shown) or "no parameters"


def _convention(convention: Convention) -> Blocks:
    metrics = [f"  {name}: {_parameters(p)}" for name, p in convention.metrics.items()]
    facts = convention.model_dump(exclude={"metrics"})
    return [_facts(facts), "\n".join(["Metrics:", *metrics])]


def _dataset(card: DataSetCard) -> Blocks:
    facts = card.model_dump(exclude={"packaged"})
    return [
        _facts(
            facts
            | {"splits": list(card.splits), "archives": [each.file for each in card.archives]}
            | {"labels": [f"{each.name} ({each.title})" for each in card.labels]}
        )
    ]


def _facts(facts: Mapping[str, object]) -> str:
    width = max(map(len, facts))
    texts = ((name.replace("_", " "), _text(value)) for name, value in facts.items())
    return "\n".join(f"{name:{width}}  {text}" for name, text in texts if text)


def _text(value: object) -> str:
    if isinstance(value, dict):
        return "; ".join(f"{key}: {_text(item)}" for key, item in value.items())
    if isinstance(value, list | tuple):
        return ", ".join(map(str, value))
    if isinstance(value, bool):
        return "yes" if value else ""
    if isinstance(value, int) and value > 9999:
        return f"{value:,}"
    return "" if value is None else str(value).strip()
