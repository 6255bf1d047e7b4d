"""One page a metric: card, docstring, conventions, calibration and values of a committed triple."""

from __future__ import annotations

import csv
import re
from collections.abc import Iterator, Sequence
from functools import cache
from pathlib import Path
from typing import Any

from fusionbench.cli.listing import _bound, _definition, _parameters
from fusionbench.conventions import Column, Convention, load_conventions
from fusionbench.images import read_image
from fusionbench.plugins import metric_card
from fusionbench.registry import METRICS, Entry
from fusionbench.sources import PairSources, PairTriple
from site_pages import markdown as md

ROOT = Path(__file__).resolve().parents[2]
GOLDEN = ROOT / "tests" / "metrics"
EXAMPLE = "e5_noise97x83"
EXAMPLE_FILES = [GOLDEN / "inputs" / f"{EXAMPLE}_{kind}.png" for kind in ("ir", "vis", "fused")]
SECTION = re.compile(r"^(Parameters, each set by the convention|Returns|Raises|Example):$", re.M)


def pages() -> Iterator[tuple[str, str]]:
    """The page of every metric, and their list."""
    rows = []
    for entry in METRICS:
        card = metric_card(entry.plugin)
        taken = [c.name for c in load_conventions().values() if c.defines(entry)]
        span = f"{_bound(card.low)} to {_bound(card.high)}"
        name = f"[{entry.name}]({entry.name}.md)"
        rows.append((name, card.title, card.arrow, span, ", ".join(taken)))
        yield f"metrics/{entry.name}.md", _page(entry, taken)
    yield (
        "metrics/index.md",
        md.page(
            "Metrics",
            "A number is a *column*, `METRIC@CONVENTION`: the metric, and whose published code it "
            "reproduces. ↑: higher is better.",
            md.table(("name", "title", "", "range", "conventions"), rows),
            md.contents(entry.name for entry in METRICS),
        ),
    )


def _page(entry: Entry[Any], taken: Sequence[str]) -> str:
    card = metric_card(entry.plugin)
    definition, parameters, value = docstring(entry)
    known = {
        "better": f"{card.better} {card.arrow}",
        "range": f"{_bound(card.low)} to {_bound(card.high)}",
        "groups": md.code(card.groups),
        "depends on": "the fused image and its sources"
        if card.sources
        else "the fused image alone",
        "textbook": "older than its use for fused images" if card.textbook else "",
        "paper": md.paper(card),
        "value": value,
        "try it": f"`fusionbench run --metrics {entry.name} --dataset sample`",
    }
    conventions = [load_conventions()[name] for name in taken]
    agreement = [row for row in _calibration("Agreement") if _of(entry, row[0])]
    return md.page(
        f"{entry.name}: {card.title}",
        md.facts(known),
        md.section("Definition", definition),
        md.section("Parameters", parameters and "Each is set by the convention.", parameters),
        md.section("Conventions", _conventions(entry, conventions)),
        md.section("Values to check against", _example(entry, taken, agreement)),
        md.section("Known faults and differences of published code", _faults(entry, conventions)),
        md.cite(card),
    )


def docstring(entry: Entry[Any]) -> tuple[str, str, str]:
    """A metric's definition, the meaning of its parameters, and that of its value."""
    lead, *rest = SECTION.split(_definition(entry))
    texts = dict(zip(rest[::2], rest[1::2], strict=True))
    definition = "\n\n".join(md.markdown(part) for part in lead.strip().split("\n\n"))
    items = re.split(r"\n {4}(?=\S)", texts.get("Parameters, each set by the convention", ""))
    named = (item.partition(":") for item in items if item.strip())
    parameters = "\n".join(
        f"`{name.strip()}`\n: {md.markdown(text, display=False)}\n" for name, _, text in named
    )
    return definition, parameters, md.markdown(texts.get("Returns", ""), display=False)


def _conventions(entry: Entry[Any], conventions: Sequence[Convention]) -> str:
    standard = next((c for c in conventions if c.name == "standard"), None)
    rows = []
    for each in conventions:
        how = dict(each.parameters(entry))
        usual = dict(standard.parameters(entry)) if standard else how
        changed = {key: value for key, value in how.items() if usual.get(key) != value}
        planes = {"wide": "three colour planes side by side", "channels": "mean over the channels"}
        seen = planes.get(each.seen(entry.name), "luma")
        differs = f"`{_parameters(changed)}`" if changed else ("" if standard else "–")
        rows.append((md.link("conventions", each.name), f"`{_parameters(how)}`", differs, seen))
    head = ("convention", "parameters", "differs from standard in", "images seen as")
    return md.table(head, rows)


def _example(entry: Entry[Any], taken: Sequence[str], agreement: Sequence[Sequence[str]]) -> str:
    """Values of the committed triple, beside what the published code gives for it."""
    golden = _golden()
    rows = []
    for name in taken:
        column = Column(entry.name, name)
        here = f"{column.value(_triple()):.10g}"
        others = [row for row in agreement if row[0] == column.name] or [
            [column.name, "", "", "", ""]
        ]
        for _, metric, implementation, triples, error in others:
            there = golden.get((metric, implementation))
            rows.append(
                (
                    f"`{column.name}`",
                    here,
                    implementation,
                    "" if there is None else f"{there:.10g}",
                    triples,
                    error,
                )
            )
    pictures = " ".join(f"![{path.stem}](../pictures/{path.name})" for path in EXAMPLE_FILES)
    head = ("column", "here", "compared with", "there", "triples compared", "worst relative error")
    return "\n\n".join(
        (
            f"Infrared, visible and fused image of `{EXAMPLE}` (`tests/metrics/inputs`):",
            pictures,
            md.table(head, rows),
            "The error is the worst over all golden triples without an exception "
            "(`metrics/CALIBRATION.md`), rounded up to a power of ten.",
        )
    )


def _faults(entry: Entry[Any], conventions: Sequence[Convention]) -> str:
    lines = [f"- `{entry.name}@{c.name}`: {md.prose(c.warning)}" for c in conventions if c.warning]
    for column, triple, implementation, error, reason in _calibration("Exceptions"):
        if _of(entry, column):
            where = "every triple" if triple == "all" else f"triple `{triple}`"
            how = error if error == "not comparable" else f"relative error up to {error}"
            why = md.markdown(reason, display=False)
            lines.append(f"- `{column}` against {implementation}, {where}: {why} ({how}).")
    return "\n".join(lines) or (
        "None is known: on every golden triple the published code gives the same value."
    )


def _of(entry: Entry[Any], column: str) -> bool:
    return column.partition("@")[0] == entry.name


@cache
def _calibration(section: str) -> list[list[str]]:
    """The rows of one table of ``metrics/CALIBRATION.md``."""
    text = (ROOT / "metrics" / "CALIBRATION.md").read_text("utf-8")
    part = re.split(rf"^## {section}$", text, flags=re.M)[1].split("\n## ")[0]
    lines = [line for line in part.splitlines() if line.startswith("|")][2:]
    return [[cell.strip() for cell in line.strip("|").split(" | ")] for line in lines]


@cache
def _golden() -> dict[tuple[str, str], float]:
    with (GOLDEN / "golden.csv").open(encoding="utf-8", newline="") as stream:
        rows = [row for row in csv.DictReader(stream) if row["triple"] == EXAMPLE]
    return {(row["metric"], row["implementation"]): float(row["value"]) for row in rows}


@cache
def _triple() -> PairTriple:
    ir, vis, fused = map(read_image, EXAMPLE_FILES)
    return PairSources(ir, vis).triple(fused)
