"""One page a method, a data set and a convention, from cards and YAML."""

from __future__ import annotations

import csv
import inspect
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

from fusionbench.cards import MethodCard
from fusionbench.cli.listing import _parameters
from fusionbench.conventions import Convention, load_conventions
from fusionbench.datasets import load_datasets
from fusionbench.datasets.catalogue import DataSetCard, Layout
from fusionbench.errors import FusionBenchError
from fusionbench.plugins import Setting
from fusionbench.registry import METHODS, METRICS, Entry
from fusionbench.weights import KnownWeights, published_weights
from site_pages import markdown as md
from site_pages.pictures import SCENE, picture_of

ROOT = Path(__file__).resolve().parents[2]
RESULTS = ROOT / "results"


def methods() -> Iterator[tuple[str, str]]:
    """The page of every method, and their list."""
    rows = []
    for entry in METHODS:
        card: MethodCard = entry.plugin.card
        needs = "published weights" if _weights_of(entry.name) else ""
        name = f"[{entry.name}]({entry.name}.md)"
        rows.append((name, card.title, card.family, card.year, card.licence, needs))
        yield f"methods/{entry.name}.md", _method(entry)
    head = ("name", "title", "family", "year", "licence", "needs")
    yield (
        "methods/index.md",
        md.page(
            "Methods",
            "What `--methods` takes, beside the groups `baselines`, `classical`, `deep` and `all`.",
            md.table(head, rows),
            md.contents(entry.name for entry in METHODS),
        ),
    )


def _method(entry: Entry[Any]) -> str:
    card: MethodCard = entry.plugin.card
    colour = {
        "luma": "fuses the visible luma; the engine puts the chroma back",
        "rgb": "gets and returns colour",
    }
    known = {
        "name": f"`{entry.name}`",
        "family": card.family,
        "groups": md.code(card.groups),
        "paper": md.paper(card) or card.year,
        "colour": colour[card.colour],
        "parameters": f"{card.parameters:,}" if card.parameters else "",
        "trained on": ", ".join(card.training_data),
        "options": _options(card),
        "licence": card.licence,
        "notes": md.prose(card.notes),
        "code": f"`{entry.module}`",
        "try it": f"`fusionbench run --methods {entry.name},baselines --dataset sample`",
    }
    return md.page(
        card.title,
        md.facts(known),
        md.section("What it does", md.prose(inspect.getdoc(entry.plugin) or "")),
        md.section("On a sample scene", _picture(entry)),
        md.section("Weights", _weights(entry.name)),
        md.section("Numbers", _numbers(entry.name)),
        md.cite(card),
    )


def _options(card: MethodCard) -> str:
    """Options as ``--option METHOD.KEY=VALUE`` takes them; the first value is the default."""
    return ", ".join(f"`{key}={'|'.join(values)}`" for key, values in card.options.items())


def _picture(entry: Entry[Any]) -> str:
    shown = picture_of(entry)
    if shown.is_file():
        caption = f"Infrared, visible and fused: a street with smoke (`{SCENE}`)."
        return f"![{entry.name}](../pictures/{shown.name})\n\n{caption}"
    return (
        f"`fusionbench run --methods {entry.name} --dataset sample` makes it; there is no picture "
        "here, as the method is a source, needs published weights, or takes long."
    )


def _weights_of(name: str) -> dict[str, KnownWeights]:
    """The published files of a method: those of its name, and parts of it that are no method."""
    known = published_weights()
    others = {entry.name for entry in METHODS} - {name}
    return {
        key: file
        for key, file in known.items()
        if key == name or (key.startswith(f"{name}-") and key not in others)
    }


def _shipped(name: str) -> str:
    """The card of the weights that ship with a method, or nothing."""
    try:
        found = METHODS[name].plugin(Setting(weights="retrained")).weights()
    except FusionBenchError:
        return ""
    here = found is not None and found.path.resolve().is_relative_to(ROOT / "methods")
    return str(found.path.with_suffix(".md").resolve().relative_to(ROOT)) if here else ""


def _weights(name: str) -> str:
    parts = []
    if shipped := _shipped(name):
        parts.append(
            "Weights that this project trained ship with the package, and are used where the "
            f"authors' are not found (`--weights {name}=retrained` insists); their card is "
            f"`{shipped}`. Tables say whose weights a row has."
        )
    for key, known in _weights_of(name).items():
        got = "not to be had as one file"
        if known.url:
            got = f"`fusionbench weights fetch {key}`"
        elif known.converted_from:
            originals = ", ".join(f"`{each.file}`" for each in known.converted_from)
            got = f"a conversion of {originals}: {md.prose(known.conversion)}"
        parts.append(
            md.facts(
                {
                    "file": f"`{known.file}`, {known.bytes:,} bytes",
                    "how to get it": got,
                    "published at": f"<{known.source}>",
                    "licence": known.licence,
                    "whose": f"{known.origin}: {md.prose(known.note)}",
                    "sha256": f"`{known.sha256}`",
                }
            )
        )
    if parts:
        parts.append("A file is recognised by size and checksum, whatever it is called.")
    return "\n\n".join(parts) or "None: the method is a formula."


@cache
def _published() -> list[tuple[str, dict[str, str]]]:
    """Every row of the leaderboards that this project publishes, with the folder of each."""
    found = []
    for path in sorted(RESULTS.glob("*/leaderboard.csv")):
        if (path.parent / "README.md").is_file() or path.parent.name == "sample":
            with path.open(encoding="utf-8", newline="") as stream:
                found += [(path.parent.name, row) for row in csv.DictReader(stream)]
    return found


def _numbers(name: str) -> str:
    """The method's means in the published results, with their remarks, read from the CSV."""
    known = {entry.name for entry in METRICS}
    tables: dict[tuple[str, ...], list[list[str]]] = {}
    for folder, row in _published():
        if row["method"] in (name, f"{name}-retrained"):
            metrics = tuple(key for key in row if key.partition("@")[0] in known)
            values = [f"{float(row[key]):.4g}" if row[key] else "–" for key in metrics]
            about = [f"`results/{folder}`", *(row[k] for k in ("dataset", "convention", "n"))]
            remark = md.prose(row.get("notes") or "")
            tables.setdefault(metrics, []).append([*about, row["label"], *values, remark])
    head = ("published in", "data set", "convention", "N", "row")
    shown = [md.table((*head, *metrics, "remarks"), rows) for metrics, rows in tables.items()]
    return "\n\n".join(shown) or "The published results have no row of it."


def datasets() -> Iterator[tuple[str, str]]:
    """The page of every data set, and their list."""
    rows = []
    for card in load_datasets().values():
        counts = ", ".join(f"{split} {n:,}" for split, n in card.published.items())
        name = f"[{card.name}]({card.name}.md)"
        rows.append((name, card.title, counts, ", ".join(each.name for each in card.labels)))
        yield f"datasets/{card.name}.md", _dataset(card)
    yield (
        "datasets/index.md",
        md.page(
            "Data sets",
            "What `--dataset` takes. `--ir DIR --vis DIR` takes any two folders instead.",
            md.table(("name", "title", "published pairs", "labels"), rows),
            md.contents(load_datasets()),
        ),
    )


def _dataset(card: DataSetCard) -> str:
    home = f"<{card.home}>" if card.home.startswith("http") else card.home
    known = {
        "name": f"`{card.name}`",
        "home": home,
        "terms": md.prose(card.terms),
        "cite": md.prose(card.cite),
        "folder": f"{md.code(card.folders)}, below the data root",
        "infrared read as": card.ir_range,
        "visible read as": card.vis_range,
        "resized": card.resize,
        "try it": f"`fusionbench run --dataset {card.name} --data-root DATA --limit 8`",
    }
    splits = [
        (
            f"`{split}`" + " (default)" * (split == card.default_split),
            card.published.get(split, "not stated"),
            "<br>".join(_layouts(entries)),
        )
        for split, entries in card.splits.items()
    ]
    labels = [
        (
            f"`{e.name}`",
            e.title,
            e.format,
            ", ".join(e.class_names),
            ", ".join(e.files),
            md.prose(e.notes),
        )
        for e in card.labels
    ]
    head = ("name", "what", "format", "classes", "splits", "to know")
    return md.page(
        card.title,
        md.facts(known),
        md.section("How to get it", _getting(card)),
        md.section("Layout", md.table(("split", "published pairs", "files"), splits)),
        md.section("Labels", md.table(head, labels) if labels else ""),
        md.section("Oddities", md.prose(card.notes)),
    )


def _layouts(entries: tuple[Layout | tuple[Layout, ...], ...]) -> Iterator[str]:
    for entry in entries:
        for layout in entry if isinstance(entry, tuple) else (entry,):
            folder = f" (folder `{layout.folder}`)" * bool(layout.folder)
            yield f"`{layout.ir}` with `{layout.vis}`{folder}"


def _getting(card: DataSetCard) -> str:
    if card.packaged:
        return "It ships with the package."
    lines = []
    if card.archives:
        files = md.code(archive.file for archive in card.archives)
        lines.append(f"`fusionbench data fetch {card.name}` downloads and unpacks {files}.")
    if card.steps:
        lines.append(md.prose(card.steps))
    lines.append(f"`fusionbench data verify {card.name}` says whether what you have is complete.")
    return "\n\n".join(lines)


def conventions() -> Iterator[tuple[str, str]]:
    """The page of every convention, and their list."""
    known = load_conventions()
    for each in known.values():
        yield f"conventions/{each.name}.md", _convention(each)
    rows = [
        (f"[{c.name}]({c.name}.md)", md.prose(c.title), md.prose(c.source)) for c in known.values()
    ]
    yield (
        "conventions/index.md",
        md.page(
            "Conventions",
            "A convention fixes every free parameter of every metric, as one body of published "
            "code sets it. What a table does not say (log base, value range, border, sum or mean) "
            "is what makes its numbers differ from another's.",
            md.table(("name", "what it reproduces", "follows"), rows),
            md.contents(known),
        ),
    )


def _convention(each: Convention) -> str:
    standard = load_conventions()["standard"].metrics
    seen = {"luma": "the luma of every image", "channels": "each colour channel; the mean is taken"}
    known = {
        "name": md.code((each.name, *each.aliases)),
        "follows": md.prose(each.source),
        "metrics see": seen[each.colour],
        "warning": md.prose(each.warning),
        "try it": f"`fusionbench run --convention {each.name} --dataset sample`",
    }
    rows = []
    for name, parameters in each.metrics.items():
        usual = standard.get(name)
        changed = {k: v for k, v in parameters.items() if usual is not None and usual.get(k) != v}
        differs = (
            f"`{_parameters(changed)}`" if changed else ("" if usual is not None else "not in it")
        )
        wide = " (three planes side by side)" * (name in each.wide)
        rows.append((md.link("metrics", name) + wide, f"`{_parameters(parameters)}`", differs))
    return md.page(
        each.name,
        md.prose(each.title) + ".",
        md.facts(known),
        md.section(
            "Parameters", md.table(("metric", "parameters", "differs from standard in"), rows)
        ),
    )
