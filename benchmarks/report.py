"""What a report costs, on a made-up run: each part of it, or the whole beside another commit's.

    python benchmarks/report.py --methods 12 --pairs 32 --metrics 18
    python benchmarks/report.py --methods 40 --pairs 361 --metrics 8 --against 922205b

The first prints the time of every table and figure kind and its share. The second reports the same
run with this code and with that of a commit, in turns and in fresh processes, and prints wall time,
peak memory, how often a row file was opened, and the ratios. ``--tables`` leaves out figures and
page.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
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
from fusionbench.results import Results, full_name
from fusionbench.runs import Run

Writer = Callable[[Results], list[Path]]
ROOT = Path(__file__).resolve().parents[1]
CHILD = """
import json, sys, time
from pathlib import Path
opened = []
sys.addaudithook(lambda event, args: opened.append(str(args[0])) if event == "open" else None)
from fusionbench.report import write_report
from fusionbench.runs import Run
import fusionbench
wanted = json.loads(sys.argv[2])
start = time.perf_counter()
write_report(Run(Path(sys.argv[1])), figures=wanted, html=wanted)
wall = time.perf_counter() - start
try:
    import resource
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
except ImportError:
    peak = float("nan")
rows = [path for path in opened if path.endswith(".jsonl")]
print(json.dumps([wall, peak, len(rows), len(set(rows)), fusionbench.__file__]))
"""
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
    _without_news(root / "manifest.json")
    _scores(root, names, ids, columns, generator)
    _images(root, names, records, size, generator)
    return Run(root)


def _without_news(path: Path) -> None:
    """Leave out what is empty and an older commit does not know."""
    facts = json.loads(path.read_text(encoding="utf-8"))
    for part in (facts, *facts["methods"], *facts["columns"]):
        for name in ("findings", "changed_options", "citation"):
            if not part.get(name):
                part.pop(name, None)
    write_text(path, json.dumps(facts))


def _scores(
    root: Path,
    names: list[str],
    ids: list[str],
    columns: list[ColumnRecord],
    generator: np.random.Generator,
) -> None:
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
    from fusionbench.report.figures import write_rank_figures
    from fusionbench.report.figures.box_plots import write_boxes
    from fusionbench.report.figures.grids import write_grids
    from fusionbench.report.leaderboard import write_leaderboard
    from fusionbench.report.page.page import write_html
    from fusionbench.report.ranks import write_ranks

    return {
        "leaderboard": write_leaderboard,
        "ranks": write_ranks,
        "boxes": write_boxes,
        "rank figures": write_rank_figures,
        "grids": write_grids,
        "page": write_html,
    }


def whole(run: Run, code: Path, *, figures: bool) -> list[float]:
    """Wall seconds, peak MiB, and row files opened and there, of a report in a fresh process."""
    command = [sys.executable, "-c", CHILD, str(run.root), json.dumps(figures)]
    environment = os.environ | {"PYTHONPATH": str(code)}
    run_it = {"cwd": code, "capture_output": True, "text": True, "check": True}
    done = subprocess.run(command, env=environment, **run_it)
    *numbers, file = json.loads(done.stdout.splitlines()[-1])
    assert Path(file).is_relative_to(code), f"{file} is not of {code}"
    return [float(number) for number in numbers]


def against(
    run: Run, commit: str, times: int, *, figures: bool, show: Callable[[str], None]
) -> None:
    """Report the run with this code and with a commit's, in turns, and print both and ratios."""
    with tempfile.TemporaryDirectory() as scratch:
        other = Path(scratch) / "code"
        git = ["git", "-C", str(ROOT), "worktree"]
        subprocess.run([*git, "add", "-q", "--detach", str(other), commit], check=True)
        try:
            turns = [
                (whole(run, ROOT, figures=figures), whole(run, other, figures=figures))
                for _ in range(times)
            ]
        finally:
            subprocess.run([*git, "remove", "--force", str(other)], check=True)
    here, there = (np.median(np.array(part), axis=0) for part in zip(*turns, strict=True))
    for name, numbers in (("this code", here), (commit, there)):
        wall, peak, opened, files = numbers
        show(f"{name:12}{wall:8.2f} s {peak:8.0f} MiB, {opened:.0f} reads of {files:.0f} row files")
    ratios = [turn[1][0] / turn[0][0] for turn in turns]
    show(f"time ratio {np.median(ratios):.2f} (from {min(ratios):.2f} to {max(ratios):.2f})")
    show(f"memory ratio {there[1] / here[1]:.2f}")


def main(show: Callable[[str], None] = print) -> None:
    """Time every writer on one run and print the shares."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--methods", type=int, default=12)
    parser.add_argument("--pairs", type=int, default=32)
    parser.add_argument("--metrics", type=int, default=18, choices=range(1, 21), metavar="1..20")
    parser.add_argument("--size", type=int, nargs=2, default=(480, 640))
    parser.add_argument("--keep", type=Path, help="Write the run here and leave it.")
    parser.add_argument("--against", help="A commit whose report is timed beside this one.")
    parser.add_argument("--times", type=int, default=3, help="How often, with --against.")
    parser.add_argument("--tables", action="store_true", help="With --against: tables alone.")
    parser.add_argument("--only", help="Writers to time, separated by commas.")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        root = given.keep or Path(scratch)
        run = made_up(root, given.methods, given.pairs, given.metrics, tuple(given.size))
        if given.against:
            against(run, given.against, given.times, figures=not given.tables, show=show)
            return
        results = Results.read(run)
        clock = {}
        for name, write in writers().items():
            if given.only and name not in given.only.split(","):
                continue
            wall, cpu = time.perf_counter(), time.process_time()
            files = len(write(results))
            clock[name] = (time.process_time() - cpu, time.perf_counter() - wall, files)
    total = sum(cpu for cpu, _, _ in clock.values())
    for name, (cpu, wall, files) in clock.items():
        show(f"{name:14}{cpu:8.2f} s cpu {wall:8.2f} s wall {cpu / total:6.1%} {files:4} files")
    show(f"{'all':14}{total:8.2f} s cpu")


if __name__ == "__main__":
    main()
