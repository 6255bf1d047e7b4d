"""The golden numbers as test cases.

``golden.csv`` holds values of published implementations (``triple,metric,implementation,value``),
``columns.csv`` says which of its rows a column must reproduce, ``exceptions.csv`` where it does not
and why. The images of the ``e*`` triples lie beside them; the others are reference material.
"""

from __future__ import annotations

import csv
import math
import os
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from fusionbench.conventions import Column
from fusionbench.sources import PairSources, PairTriple

HERE = Path(__file__).resolve().parent
LIMITS = {"VIF": 1e-7, "VIFF": 1e-5}
NOTHING = 1e-12
"""Values up to this are rounding residue of 0."""


@dataclass(frozen=True)
class Case:
    """One golden number that one column must reproduce."""

    column: str
    triple: str
    metric: str
    implementation: str
    value: float

    @property
    def usual_limit(self) -> float:
        """The relative error allowed where there is no exception."""
        return LIMITS.get(self.column.partition("@")[0], 1e-9)

    @property
    def limit(self) -> float:
        """The relative error allowed."""
        return next((e.limit for e in excuses() if e.covers(self)), self.usual_limit)

    def error(self, got: float) -> float:
        """The relative error (0 where both are NaN or both the same infinity)."""
        if math.isnan(self.value) or math.isnan(got):
            return 0.0 if math.isnan(self.value) and math.isnan(got) else math.inf
        if got == self.value:
            return 0.0
        if abs(self.value) <= NOTHING:
            return 0.0 if abs(got) <= NOTHING else math.inf
        return abs(got - self.value) / abs(self.value)


def _table(name: str) -> list[dict[str, str]]:
    with (HERE / name).open(encoding="utf-8", newline="") as stream:
        return list(csv.DictReader(stream))


@cache
def cases() -> list[Case]:
    """Every case, in the order of ``columns.csv``."""
    values: dict[tuple[str, str], list[dict[str, str]]] = {}
    for row in _table("golden.csv"):
        values.setdefault((row["metric"], row["implementation"]), []).append(row)
    made = []
    for wanted in _table("columns.csv"):
        column, metric, implementation = wanted.values()
        for row in values[metric, implementation]:
            if row["triple"].startswith("rgb_") and not column.endswith("@vifb"):
                continue
            case = Case(column, row["triple"], metric, implementation, float(row["value"]))
            made.append(case)
    return made


@dataclass(frozen=True)
class Excuse:
    """A row of ``exceptions.csv``; the triple ``*`` stands for any."""

    column: str
    triple: str
    implementation: str
    limit: float
    reason: str

    def covers(self, case: Case) -> bool:
        """Whether it is about this case."""
        same = self.column == case.column and self.implementation == case.implementation
        return same and self.triple in ("*", case.triple)


@cache
def excuses() -> list[Excuse]:
    """Every exception."""
    return [Excuse(**{**e, "limit": float(e["limit"])}) for e in _table("exceptions.csv")]  # type: ignore[arg-type]


def inputs(triple: str) -> Path | None:
    """The folder that holds a triple's images, or None where the reference material is absent."""
    shared = Path(os.environ.get("FUSIONBENCH_SHARED") or HERE.parents[2] / "shared")
    for folder in (HERE / "inputs", shared / "reference" / "metrics" / "inputs"):
        if (folder / f"{triple}_ir.png").exists():
            return folder
    return None


def images(triple: str) -> tuple[NDArray[np.uint8], NDArray[np.uint8], NDArray[np.uint8]]:
    """Infrared, visible and fused image, H×W or H×W×3 RGB."""
    folder = inputs(triple)
    if folder is None:
        raise FileNotFoundError(triple)
    ir, vis, fused = (_read(folder / f"{triple}_{kind}.png") for kind in ("ir", "vis", "fused"))
    return ir, vis, fused


def _read(path: Path) -> NDArray[np.uint8]:
    image = cv2.imread(str(path), cv2.IMREAD_UNCHANGED)
    assert image is not None, path
    array = np.asarray(image, dtype=np.uint8)
    return array if array.ndim == 2 else np.ascontiguousarray(array[..., ::-1])


@cache
def value(column: str, triple: str) -> float:
    """The column's value of a golden triple."""
    metric, _, convention = column.partition("@")
    return Column(metric, convention).value(_triple(triple))


@cache
def _triple(name: str) -> PairTriple:
    ir, vis, fused = images(name)
    return PairSources(ir, vis).triple(fused)
