"""Values that papers and benchmarks published come out again, end to end from the images."""

from __future__ import annotations

import csv
import math
from collections import defaultdict
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from fusionbench.conventions import Column, select_columns
from fusionbench.images import luma, read_image
from fusionbench.metrics.yang import _variance
from fusionbench.sources import PairSources, Plane

VIFB = {
    "Cross_entropy": "CE",
    "Entropy": "EN",
    "Mutinf": "MI",
    "Psnr": "PSNR",
    "Avg_gradient": "AG",
    "Edge_intensity": "EI",
    "Qabf": "Qabf",
    "Variance": "SD",
    "Spatial_frequency": "SF",
    "Rmse": "RMSE",
    "Ssim": "SSIM",
    "Qcb": "Qcb",
    "Qcv": "Qcv",
}
Find = Callable[[str], Path]


def _error(got: float, published: float) -> float:
    return abs(got - published) / abs(published)


@pytest.mark.reference
@pytest.mark.slow
def test_tang_legacy_reproduces_published_tno_values(shared: Find) -> None:
    """9 methods, 9 images, every metric of the file, computed in MATLAB by their authors."""
    folder = shared("data/fused_results/TNO")
    with (folder / "published_metrics.tsv").open(encoding="utf-8", newline="") as stream:
        rows = list(csv.DictReader(stream, delimiter="\t"))
    methods = [name for name in rows[0] if name not in ("metric", "image")]
    worst: dict[str, float] = defaultdict(float)
    for image in sorted({row["image"] for row in rows}):
        ir, vis = (read_image(shared(f"data/TNO/{kind}/{image}")) for kind in ("ir", "vi"))
        sources = PairSources(ir, vis)
        for method in methods:
            triple = sources.triple(read_image(folder / f"{method}_TNO" / image))
            for row in (r for r in rows if r["image"] == image):
                got = Column(row["metric"], "tang-legacy").value(triple)
                error = _error(got, float(row[method]))
                worst[row["metric"]] = max(worst[row["metric"]], error)
    print("\nmetric  worst relative error against 81 published values")
    for metric, error in worst.items():
        print(f"{metric:7} {error:.1e}")
    assert len(worst) == 11
    assert max(worst.values()) <= 1e-7


@pytest.mark.reference
@pytest.mark.slow
def test_vifb_reproduces_published_averages(shared: Find) -> None:
    """13 methods, the average of 13 metrics over the 21 pairs."""
    with shared("reference/metrics/vifb_published_averages.csv").open(newline="") as stream:
        published = {row["method"]: row for row in csv.DictReader(stream)}
    images = shared("data/VIFB")
    values: dict[tuple[str, str], list[float]] = defaultdict(list)
    for path in sorted((images / "input" / "IR").glob("*.jpg")):
        sources = PairSources(read_image(path), read_image(images / "input" / "VI" / path.name))
        for method in published:
            fused = images / "output" / "fused_images" / f"{path.stem}_{method}.jpg"
            triple = sources.triple(read_image(fused))
            for theirs, ours in VIFB.items():
                values[method, theirs].append(Column(ours, "vifb").value(triple))
    errors = {
        key: _error(float(np.mean(v)), float(published[key[0]][key[1]]))
        for key, v in values.items()
    }
    print("\nmetric             worst relative error  method")
    for theirs in VIFB:
        method = max(published, key=lambda m: errors[m, theirs])
        print(f"{theirs:18} {errors[method, theirs]:.1e}               {method}")
    assert {len(v) for v in values.values()} == {21}
    assert max(errors.values()) <= 1e-4, {k: e for k, e in errors.items() if not e <= 1e-4}
    assert not any(math.isnan(e) for e in errors.values())


@pytest.mark.reference
@pytest.mark.parametrize("pair", ["00119D", "00143D"])
def test_flat_windows_lose_an_image_only_where_the_published_residues_cancel(shared, pair) -> None:
    """Zheng Liu's code gives values on these pairs though both sources are flat in some windows."""
    folder = shared("data/MSRS/test")
    ir, vis = (read_image(folder / kind / f"{pair}.png") for kind in ("ir", "vi"))
    if pair == "00119D":
        ir, vis = (np.ascontiguousarray(image[:241, :321]) for image in (ir, vis))
    fused = ((luma(ir).astype(int) + luma(vis)) // 2).astype(np.uint8)
    triple = PairSources(ir, vis).triple(fused)
    columns = {c.name: c for c in select_columns("Q_Y", "liu,standard")}
    planes = (Plane(luma(ir)), Plane(luma(vis)))
    flat = sum(plane.remember(_variance) for plane in planes) == 0
    assert flat.sum() > 5
    published, ours = (columns[f"Q_Y@{name}"].value(triple) for name in ("liu", "standard"))
    assert published == pytest.approx(ours, abs=1e-14)
