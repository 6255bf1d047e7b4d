"""What can be named: the cards of methods, metrics, data sets and conventions as plain facts."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict
from typing import Any

Item = dict[str, Any]


def method_items() -> list[Item]:
    """The card of every fusion method, and where it comes from."""
    from fusionbench.registry import METHODS

    return [asdict(entry.plugin.card) | {"origin": entry.origin} for entry in METHODS]


def metric_items() -> list[Item]:
    """The card of every metric, the conventions that define it, and where it comes from."""
    from fusionbench.conventions import load_conventions
    from fusionbench.plugins import metric_card, metric_formula
    from fusionbench.registry import METRICS

    known, items = load_conventions().values(), []
    for entry in METRICS:
        facts: Item = {"formula": metric_formula(entry.plugin)}
        facts["conventions"] = [c.name for c in known if c.defines(entry)]
        items.append(asdict(metric_card(entry.plugin)) | facts | {"origin": entry.origin})
    return items


def detector_items() -> list[Item]:
    """The card of every object detector, and where it comes from."""
    from fusionbench.registry import DETECTORS

    return [asdict(entry.plugin.card) | {"origin": entry.origin} for entry in DETECTORS]


def dataset_items() -> list[Item]:
    """The card of every data set."""
    from fusionbench.datasets import load_datasets

    return [
        card.model_dump(mode="json") | {"splits": list(card.splits)}
        for card in load_datasets().values()
    ]


def convention_items() -> list[Item]:
    """Every convention, with the names of the metrics that it defines."""
    from fusionbench.conventions import load_conventions

    return [
        c.model_dump(mode="json", exclude={"metrics"}) | {"metrics": list(c.metrics)}
        for c in load_conventions().values()
    ]


ITEMS: dict[str, Callable[[], list[Item]]] = {
    "methods": method_items,
    "metrics": metric_items,
    "detectors": detector_items,
    "datasets": dataset_items,
    "conventions": convention_items,
}
