"""What each part of a report costs, on a made-up run.

    python benchmarks/report.py --methods 12 --pairs 32 --metrics 18

Prints the wall time of every table and figure kind, in processor seconds, and its share.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np

from fusionbench.files import write_text
from fusionbench.images import write_png
from fusionbench.manifest import (
    ColumnRecord,
    DataSetRecord,
    Manifest,
    MethodRecord,
    PairRecord,
)
from fusionbench.report.collect import Result, collect, full_name
from fusionbench.runs import Run

Writer = Callable[[Run, list[Result]], list[Path]]
NAMES = (
    *("EN", "SD", "SF", "AG", "MI", "NMI", "PSNR", "MSE", "CC", "SCD", "VIF", "VIFF", "SSIM"),
    *("MS-SSIM", "Qabf", "Nabf", "FMI_w", "FMI_dct", "Qcb", "Qcv"),
)
LOWER = {"MSE", "Nabf", "Qcv"}


def made_up(root: Path, methods: int, pairs: int, metrics: int, size: tuple[int, int]) -> Run:
    """A run with plausible scores (methods differ, scenes differ) and smooth noise as images."""
    generator = np.random.default_rng(0)
    ids = [f"{i:05}" for i in range(pairs)]
    image_folder = root / "sources"
    records = [
        PairRecord(
            id=i,
            ir=str(image_folder / "ir" / f"{i}.png"),
            vis=str(image_folder / "vis" / f"{i}.png"),
            ir_sha256="0" * 64,
            vis_sha256="1" * 64,
        )
        for i in ids
    ]
    data = DataSetRecord(
        name="Made",
        title="",
        split="",
        folder="",
        home="",
        terms="",
        fingerprint="0",
        pairs=records,
    )
    names = ["ir", "visible", *(f"Method{i:02}" for i in range(methods))]
    rows = [
        MethodRecord(name=n, label=n, family="source" if i < 2 else "cnn", fingerprint="f")
        for i, n in enumerate(names)
    ]
    columns = [
        ColumnRecord(
            metric=name,
            convention="standard",
            better="lower" if name in LOWER else "higher",
            params={},
            fingerprint="c",
        )
        for name in NAMES[:metrics]
    ]
    Manifest(
        command="made up",
        configuration={},
        versions={"fusionbench": "0"},
        hardware={},
        datasets=[data],
        methods=rows,
        columns=columns,
    ).write(root)
    _scores(root, names, ids, columns, generator)
    _images(root, names, records, size, generator)
    return Run(root)


def _scores(
    root: Path,
    names: list[str],
    ids: list[str],
    columns: list[ColumnRecord],
    generator: np.random.Generator,
) -> None:
    import json

    quality = generator.normal(size=len(names))
    scene = generator.normal(size=len(ids))
    for m, name in enumerate(names):
        lines = []
        for p, pair in enumerate(ids):
            values = {}
            for column in columns:
                sign = 1 if column.better == "higher" else -1
                noise = float(generator.normal())
                values[full_name(column)] = 10 + scene[p] + sign * quality[m] * 0.6 + noise
            row = {"pair": pair, "fused": "3" * 64, "hash": {}, "values": values, "errors": {}}
            lines.append(json.dumps(row))
        write_text(root / "scores" / "Made" / f"{name}.jsonl", "\n".join(lines) + "\n")


def _images(
    root: Path,
    names: list[str],
    pairs: list[PairRecord],
    size: tuple[int, int],
    generator: np.random.Generator,
) -> None:
    for pair in pairs[:4]:
        fused = [root / "fused" / "Made" / n / f"{pair.id}.png" for n in names]
        for path in [Path(pair.ir), Path(pair.vis), *fused]:
            noise = generator.normal(size=(*size, 3)).astype(np.float32)
            smooth = cv2.GaussianBlur(noise, (0, 0), 6)
            scaled = cv2.normalize(smooth, None, 0, 255, cv2.NORM_MINMAX)
            write_png(path, scaled.astype(np.uint8))


def writers() -> dict[str, Writer]:
    """Every part of a report that this benchmark times, in the order of the report."""
    from fusionbench.report.csvs import write_csvs
    from fusionbench.report.figures import write_rank_figures
    from fusionbench.report.figures.box_plots import write_boxes
    from fusionbench.report.figures.grids import write_grids
    from fusionbench.report.rank_tables import write_ranks

    return {
        "csv": write_csvs,
        "ranks": write_ranks,
        "boxes": write_boxes,
        "rank figures": write_rank_figures,
        "grids": write_grids,
    }


def main(show: Callable[[str], None] = print) -> None:
    """Time every writer on one run and print the shares."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--methods", type=int, default=12)
    parser.add_argument("--pairs", type=int, default=32)
    parser.add_argument("--metrics", type=int, default=18, choices=range(1, 21), metavar="1..20")
    parser.add_argument("--size", type=int, nargs=2, default=(480, 640))
    parser.add_argument("--keep", type=Path, help="Write the run here and leave it.")
    parser.add_argument("--only", help="Writers to time, separated by commas.")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        root = given.keep or Path(scratch)
        run = made_up(root, given.methods, given.pairs, given.metrics, tuple(given.size))
        results = collect(run)
        clock = {}
        for name, write in writers().items():
            if given.only and name not in given.only.split(","):
                continue
            wall, cpu = time.perf_counter(), time.process_time()
            files = len(write(run, results))
            clock[name] = (time.process_time() - cpu, time.perf_counter() - wall, files)
    total = sum(cpu for cpu, _, _ in clock.values())
    for name, (cpu, wall, files) in clock.items():
        show(f"{name:14}{cpu:8.2f} s cpu {wall:8.2f} s wall {cpu / total:6.1%} {files:4} files")
    show(f"{'all':14}{total:8.2f} s cpu")


if __name__ == "__main__":
    main()
