"""Conventions: YAML files that fix every parameter of every metric as one published code does.

A column's full name is ``metric@convention``. Nothing about a convention is hidden in code: a
metric function has no default parameters, so a convention that misses one cannot be used.
"""

from __future__ import annotations

import inspect
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any, Literal, Protocol

import numpy as np
from numpy.typing import NDArray
from pydantic import ConfigDict

from fusionbench.cards import MetricCard
from fusionbench.errors import FusionBenchError, UnknownNameError
from fusionbench.files import digest
from fusionbench.plugins import metric_card
from fusionbench.primitives import Array
from fusionbench.registry import METRICS, Entry
from fusionbench.selecting import listed
from fusionbench.sources import SCORED_BY, U8, PairSources, Seen, Triple
from fusionbench.yamls import Named, read_folder

DEFAULT = "standard"


class Images(Protocol):
    """Images of which some planes are seen: :class:`Triple` and its kin."""

    def seen(self, planes: Seen) -> tuple[Triple, ...]:
        """The triples of single planes to compute a metric of, and to average over."""


class Convention(Named):
    """One convention as its YAML file states it.

    Attributes:
        name: The part after ``@``.
        title: One line: what it reproduces.
        source: The published code it follows, with its commit.
        colour: ``luma``: metrics see the luma of every image. ``channels``: a metric is the mean
            over R, G and B (a gray source takes part in each; one plane where all are gray).
        wide: With ``channels``, the metrics that are taken once, of the H×3W matrix of the three
            planes side by side.
        warning: Said to the user when the convention is used.
        aliases: Other names.
        metrics: Parameters of each metric.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: str
    title: str
    source: str
    colour: Literal["luma", "channels"] = "luma"
    wide: tuple[str, ...] = ()
    warning: str = ""
    aliases: tuple[str, ...] = ()
    metrics: dict[str, dict[str, Any]]

    def defines(self, entry: Entry[Any]) -> bool:
        """Whether the convention, or the metric itself, says how it is taken here."""
        return entry.name in self.metrics or self.name in metric_card(entry.plugin).conventions

    def parameters(self, entry: Entry[Any]) -> Mapping[str, Any]:
        """The parameters of a metric that the convention defines."""
        if entry.name in self.metrics:
            return self.metrics[entry.name]
        return metric_card(entry.plugin).conventions[self.name]

    def seen(self, metric: str) -> Seen:
        """Which planes of the images a metric sees."""
        return "wide" if metric in self.wide else self.colour


@dataclass(frozen=True)
class Column:
    """One metric under one convention: what a column of a table holds."""

    metric: str
    convention: str

    @property
    def name(self) -> str:
        """``metric@convention``."""
        return f"{self.metric}@{self.convention}"

    @property
    def card(self) -> MetricCard:
        """The metric's card."""
        return metric_card(METRICS[self.metric].plugin)

    @property
    def params(self) -> Mapping[str, Any]:
        """The metric's parameters under the convention."""
        return load_conventions()[self.convention].parameters(METRICS[self.metric])

    def value(self, images: Images) -> float:
        """The metric of one fused image as float64 (NaN where it is not defined)."""
        return float(self._mean(images))

    def values(self, batch: Triple) -> NDArray[np.float64]:
        """The metric of each fused image of a batch (see :meth:`fusionbench.Plane.of`)."""
        return np.asarray(self._mean(batch).tolist(), dtype=np.float64)

    def array(self, batch: Images) -> Array:
        """The same as an array of the batch's kind, on its device."""
        return self._mean(batch)

    def _mean(self, images: Images) -> Array:
        function, params = METRICS[self.metric].plugin, self.params
        triples = images.seen(load_conventions()[self.convention].seen(self.metric))
        return sum(function(triple, **params) for triple in triples) / len(triples)

    def fingerprint(self) -> str:
        """What the value depends on beside the images: parameters and code."""
        seen = load_conventions()[self.convention].seen(self.metric)
        code = METRICS[self.metric].fingerprint
        return digest([self.name, seen, self.params, code, SCORED_BY])


@cache
def load_conventions() -> dict[str, Convention]:
    """Every convention by name.

    Raises:
        FusionBenchError: A file is not a valid convention.
    """
    return read_folder("conventions", Convention)


def convention_named(name: str) -> Convention:
    """The convention of that name or alias, in any case.

    Raises:
        UnknownNameError: There is none.
    """
    conventions = load_conventions()
    for convention in conventions.values():
        if name.casefold() in {n.casefold() for n in (convention.name, *convention.aliases)}:
            return convention
    raise UnknownNameError("convention", name, conventions, "fusionbench list conventions")


def select_columns(metrics: str, conventions: str = DEFAULT) -> list[Column]:
    """The columns that ``--metrics`` and ``--convention`` ask for.

    ``metrics`` is a selector whose tokens may carry ``@convention``; the others are taken in each
    of the comma-separated ``conventions``. A group or glob takes what a convention defines; a name
    that the convention does not define is an error.

    Raises:
        FusionBenchError: A name is unknown, or the convention does not define the metric.
    """
    chosen: dict[str, Column] = {}
    for token in listed(metrics):
        selector, _, named = token.partition("@")
        for convention in (named or conventions).split(","):
            columns = _columns(selector.lstrip("-"), convention_named(convention.strip()))
            if token.startswith("-"):
                for column in columns:
                    chosen.pop(column.name, None)
            else:
                chosen.update((column.name, column) for column in columns)
    if not chosen:
        raise FusionBenchError(f"'{metrics}' selects no metric")
    order = {name: place for place, name in enumerate(_table_order())}
    return sorted(chosen.values(), key=lambda c: (c.convention, order[c.metric]))


def shown_names(columns: Sequence[Column]) -> list[str]:
    """What columns are called beside each other: by the metric, where they share a convention."""
    alone = len({column.convention for column in columns}) == 1
    return [column.metric if alone else column.name for column in columns]


def _columns(selector: str, convention: Convention) -> list[Column]:
    entries = METRICS.select(selector)
    defined = [e for e in entries if convention.defines(e)]
    if not defined or (len(entries) == 1 and entries[0].name.casefold() == selector.casefold()):
        missing = [e.name for e in entries if not convention.defines(e)]
        if missing:
            raise FusionBenchError(
                f"convention '{convention.name}' does not define {', '.join(missing)}; "
                f"it defines {', '.join(convention.metrics)}"
            )
    return [Column(e.name, convention.name) for e in defined]


def _table_order() -> list[str]:
    """Metrics in the order of the default convention's file, the others after them by name."""
    first = list(load_conventions()[DEFAULT].metrics)
    return first + [e.name for e in METRICS if e.name not in first]


def missing_parameters(entry: Entry[Any], convention: Convention) -> set[str]:
    """Parameters on which a metric's signature and a convention's entry disagree."""
    signature = inspect.signature(entry.plugin).parameters.values()
    declared = {p.name for p in signature if p.kind is inspect.Parameter.KEYWORD_ONLY}
    return declared ^ set(convention.parameters(entry))


def score_images(ir: U8, vis: U8, fused: U8, columns: Sequence[Column]) -> dict[str, float]:
    """The value of each column, by name, for uint8 images H×W or H×W×3 RGB.

    To score several fused images of a pair, make one :class:`fusionbench.sources.PairSources` and
    take ``column.value(sources.triple(fused))``: what depends on the sources alone is shared.
    """
    triple = PairSources(ir, vis).triple(fused)
    return {column.name: column.value(triple) for column in columns}
