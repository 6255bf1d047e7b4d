"""Which rows and columns of a run are shown, and under which names: chosen after the run."""

from __future__ import annotations

import fnmatch
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TypeVar

from fusionbench.errors import FusionBenchError, UnknownNameError
from fusionbench.manifest import ColumnRecord, MethodRecord
from fusionbench.names import distinct
from fusionbench.runs import Run
from fusionbench.selecting import listed, select

T = TypeVar("T")
COMMAND = "fusionbench report RUN"


@dataclass(frozen=True, kw_only=True)
class Choice:
    """What is shown of a run.

    Attributes:
        methods: Names, labels, families and globs, comma-separated; ``-NAME`` drops. Rows come in
            the order in which they are named. Source images stay unless they are dropped.
        metrics: Metrics, ``METRIC@CONVENTION``, globs or ``@CONVENTION``, in the same manner.
        labels: ``NAME=LABEL``: how methods are called in tables and figures.
        sources: Whether source images are shown.
    """

    methods: str = ""
    metrics: str = ""
    labels: Sequence[str] = ()
    sources: bool = True

    def of(self, run: Run) -> Run:
        """The run as if it held no more than what is chosen.

        Raises:
            UnknownNameError: A token names nothing in the run.
            FusionBenchError: A label is not ``NAME=LABEL``, or nothing is left.
        """
        manifest = run.manifest
        methods = self._methods(labelled(manifest.methods, self.labels))
        columns = manifest.columns
        if self.metrics:
            columns = _select(columns, self.metrics, _names_of_column, "metric of this run")
        kept = {method.name for method in methods}
        findings = [f for f in manifest.findings if not f.method or f.method in kept]
        update = {"methods": methods, "columns": columns, "findings": findings}
        return Run.holding(run.root, manifest.model_copy(update=update))

    def _methods(self, methods: list[MethodRecord]) -> list[MethodRecord]:
        if self.methods:
            sources = [method for method in methods if method.is_source]
            chosen = _select(methods, self.methods, _names_of_method, "method of this run")
            dropped = {t[1:].casefold() for t in listed(self.methods) if t.startswith("-")}
            kept = [
                m for m in sources if m not in chosen and not dropped & set(_names_of_method(m))
            ]
            methods = [*kept, *chosen]
        methods = [m for m in methods if self.sources or not m.is_source]
        if not methods:
            raise FusionBenchError("no method of the run is left to show")
        return methods


def labelled(methods: Sequence[MethodRecord], labels: Sequence[str]) -> list[MethodRecord]:
    """The methods under new labels, which are told apart.

    Raises:
        UnknownNameError: There is no such method.
        FusionBenchError: A label is not ``NAME=LABEL``.
    """
    named = {}
    for text in labels:
        name, _, label = text.partition("=")
        if not (name.strip() and label.strip()):
            raise FusionBenchError(f"--label {text}: expected NAME=LABEL")
        (method, *_) = _select(methods, name, _names_of_method, "method of this run")
        named[method.name] = label.strip()
    shown = distinct(named.get(m.name, m.label) for m in methods)
    return [
        method.model_copy(update={"label": label})
        for method, label in zip(methods, shown, strict=True)
    ]


def _names_of_method(method: MethodRecord) -> tuple[str, ...]:
    return method.name.casefold(), method.label.casefold(), method.family.casefold(), "all"


def _names_of_column(column: ColumnRecord) -> tuple[str, ...]:
    metric, convention = column.metric.casefold(), column.convention.casefold()
    return metric, f"{metric}@{convention}", f"@{convention}", "all"


def _select(
    items: Sequence[T], selector: str, names: Callable[[T], Sequence[str]], kind: str
) -> list[T]:
    """What a selector names, in its order, each once; one that only drops starts from all.

    Raises:
        UnknownNameError: A token names nothing.
        FusionBenchError: Nothing is left.
    """

    def named(token: str) -> list[T]:
        pattern = token.casefold()
        found = [i for i in items if any(fnmatch.fnmatchcase(n, pattern) for n in names(i))]
        found = [i for i in items if pattern in names(i)] or found
        if not found:
            raise UnknownNameError(kind, pattern, {names(i)[0] for i in items}, COMMAND)
        return found

    return select(selector, named, kind)
