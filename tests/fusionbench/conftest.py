"""Runs made of thin air: a manifest, rows and small images."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from fusionbench.images import write_png
from fusionbench.manifest import (
    ColumnRecord,
    DataSetRecord,
    Manifest,
    MethodRecord,
    PairRecord,
    WeightsRecord,
)
from fusionbench.runs import Run

Values = dict[str, dict[str, float | str]]


@dataclass
class Builder:
    """Collects what a run holds, then writes it.

    ``scores[dataset, method]`` maps a pair to ``{column: value}``.
    """

    root: Path
    datasets: list[DataSetRecord] = field(default_factory=list)
    methods: list[MethodRecord] = field(default_factory=list)
    columns: list[ColumnRecord] = field(default_factory=list)

    def dataset(self, name: str, pairs: list[str], **facts: Any) -> DataSetRecord:
        sources = self.root.parent / "sources" / name
        record = DataSetRecord(
            name=name,
            title=facts.pop("title", name),
            split=facts.pop("split", "test"),
            folder=str(sources),
            home="",
            terms="",
            fingerprint="0123456789abcdef",
            pairs=[
                PairRecord(
                    id=pair,
                    ir=str(sources / "ir" / f"{pair}.png"),
                    vis=str(sources / "vis" / f"{pair}.png"),
                    ir_sha256="0" * 64,
                    vis_sha256="1" * 64,
                )
                for pair in pairs
            ],
            **facts,
        )
        self.datasets.append(record)
        return record

    def method(
        self, name: str, label: str = "", family: str = "pixel", note: str | None = None
    ) -> MethodRecord:
        weights = None
        if note is not None:
            weights = WeightsRecord(origin="authors", file="w.pth", sha256="2" * 64, note=note)
        record = MethodRecord(
            name=name, label=label or name, family=family, fingerprint="f", weights=weights
        )
        self.methods.append(record)
        return record

    def column(self, name: str, better: Any = "higher") -> ColumnRecord:
        metric, _, convention = name.partition("@")
        record = ColumnRecord(
            metric=metric, convention=convention, better=better, params={}, fingerprint="c"
        )
        self.columns.append(record)
        return record

    def write(self) -> Run:
        Manifest(
            command="fusionbench run",
            configuration={},
            versions={"fusionbench": "9.8.7"},
            hardware={},
            datasets=self.datasets,
            methods=self.methods,
            columns=self.columns,
        ).write(self.root)
        return Run(self.root)

    def scores(
        self, dataset: str, method: str, values: Values, errors: Values | None = None
    ) -> None:
        """Append score rows, in the order given."""
        rows = []
        for pair in dict.fromkeys([*values, *(errors or {})]):
            row = {"pair": pair, "fused": "3" * 64, "hash": {}, "values": values.get(pair, {})}
            rows.append(row | {"errors": (errors or {}).get(pair, {})})
        self._append(self.root / "scores" / dataset / f"{method}.jsonl", rows)

    def failure(self, dataset: str, method: str, pair: str, error: str) -> None:
        row = {"pair": pair, "hash": "h", "error": error, "traceback": "Traceback: ..."}
        self._append(self.root / "fused" / dataset / f"{method}.jsonl", [row])

    def images(self, size: tuple[int, int] = (48, 64), skip: tuple[str, ...] = ()) -> None:
        """Noise as sources and fused images of every data set, method and pair."""
        generator = np.random.default_rng(7)
        for dataset in self.datasets:
            for pair in dataset.pairs:
                for path in (pair.ir, pair.vis):
                    write_png(Path(path), generator.integers(0, 256, (*size, 3), np.uint8))
                for method in self.methods:
                    path = self.root / "fused" / dataset.name / method.name / f"{pair.id}.png"
                    if f"{method.name}/{pair.id}" not in skip:
                        write_png(path, generator.integers(0, 256, (*size, 3), np.uint8))

    @staticmethod
    def _append(path: Path, rows: list[dict[str, Any]]) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("a", encoding="utf-8") as stream:
            stream.writelines(json.dumps(row) + "\n" for row in rows)


@pytest.fixture
def builder(tmp_path: Path) -> Builder:
    """An empty run folder to fill."""
    return Builder(tmp_path / "run")


@pytest.fixture
def two_by_two(builder: Builder) -> Callable[[], Run]:
    """Two data sets, two conventions, two source images, three methods; one fails on one pair."""

    def make() -> Run:
        builder.dataset("MSRS", ["a", "b"])
        builder.dataset("T_NO", ["x", "y", "z"], split="", title="T_NO & friends")
        builder.method("ir", "Infrared", "source")
        builder.method("visible", "Visible", "source")
        builder.method("average", "Average")
        builder.method(
            "deep", "Deep_1 50% & more", "cnn", note="retrained on MSRS; not the authors'"
        )
        builder.method("gtf", "GTF", "low-rank")
        for name in ("EN@standard", "Nabf@standard", "EN@matlab"):
            builder.column(name, "lower" if "Nabf" in name else "higher")
        for s, dataset in enumerate(builder.datasets):
            for m, method in enumerate(builder.methods):
                values: Values = {
                    pair.id: {
                        "EN@standard": 6.0 + 0.25 * m + p + s,
                        "Nabf@standard": 0.01 * (m + 1) + 0.001 * p,
                        "EN@matlab": 4.0 + 0.5 * m + p,
                    }
                    for p, pair in enumerate(dataset.pairs)
                }
                builder.scores(dataset.name, method.name, values)
        builder.failure("MSRS", "gtf", "b", "RuntimeError: out_of_memory {100%}")
        return builder.write()

    return make


LONG_NAME = "A method with a really long name & co_2"


@pytest.fixture
def paper_run(builder: Builder) -> Run:
    """Two data sets, eight metrics, two source images and ten methods, with all that can go wrong.

    Means over fewer pairs, a failure, training data in the test, weights with footnotes.
    """
    builder.dataset(
        "MSRS", [f"m{i}" for i in range(5)], title="MSRS: roads & nights", skipped=["z"]
    )
    builder.dataset("TNO", [f"t{i}" for i in range(4)], split="", title="TNO_Human_Factors")
    scales = {"EN": 7.0, "SD": 44.0, "SF": 11.0, "AG": 4.0, "Qabf": 0.6, "VIF": 0.9}
    scales |= {"Nabf": 0.03, "Qcv": 420.0}
    for name in scales:
        builder.column(f"{name}@standard", "lower" if name in ("Nabf", "Qcv") else "higher")
    for name in ("Infrared", "Visible"):
        builder.method(name.lower(), name, "source")
    labels = ["Average", "Laplacian pyramid", LONG_NAME, "GTF", "IFEVIP", "CMTFusion"]
    for i, label in enumerate([*labels, "U2Fusion", "SeaFusion", "TarDAL", "DATFuse"]):
        method = builder.method(f"k{i}", label, "cnn", note="retrained_1" if i in (5, 6) else None)
        method.year = None if i == 1 else 2012 + (i * 3) % 11
        method.trained_on = {6: ["MSRS"], 7: ["MSRS/test", "TNO"]}.get(i, [])
    generator = np.random.default_rng(5)
    for dataset in builder.datasets:
        for method in builder.methods:
            few = dataset.name == "TNO" and method.name == "k9"
            level = generator.uniform(0.8, 1.2)
            values: Values = {
                pair.id: {
                    f"{name}@standard": scale * level * generator.uniform(0.9, 1.1)
                    for name, scale in scales.items()
                }
                for pair in dataset.pairs[: 2 if few else None]
            }
            if dataset.name == "MSRS" and method.name == "k4":
                values["m1"]["Qabf@standard"] = "nan"
            builder.scores(dataset.name, method.name, values)
    builder.failure("TNO", "k3", "t1", "RuntimeError: out_of_memory {100%}")
    return builder.write()
