"""What looking at fused images costs beside scoring them, as ratios of processor time in one run.

    python benchmarks/looks.py [--dataset MSRS --data-root DATA] [--limit 8] [--methods 4]

Scores pairs (the sample's, where no others are named) with images of several blends, on one
process: once with the looks taken in the score stage, as `fusionbench run` does, once with looks
that are there already, as `fusionbench score --fused` hands them on. The pass of `score --fused`
that reads, checks and looks at every image before anything is written stands beside them.
"""

from __future__ import annotations

import argparse
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from unittest import mock

import numpy as np

from fusionbench.checks import Findings
from fusionbench.checks.fused import Look
from fusionbench.conventions import Column, select_columns
from fusionbench.datasets import check_pairs, open_dataset
from fusionbench.images import luma, read_sources, write_png
from fusionbench.manifest import DataSetRecord
from fusionbench.runs import Run
from fusionbench.sources import PairTriple
from fusionbench.stages.collecting import Collected, collect
from fusionbench.stages.scoring import score


def blended(record: DataSetRecord, root: Path, methods: int) -> dict[str, Path]:
    """Folders of fused images: as many blends of the sources as there are methods."""
    folders = {f"blend{number}": root / f"blend{number}" for number in range(methods)}
    for pair in record.pairs:
        ir, vis = (luma(image).astype(np.float64) for image in read_sources(pair))
        for share, folder in zip(np.linspace(0.3, 0.7, methods), folders.values(), strict=True):
            mixed = np.rint(share * ir + (1 - share) * vis).astype(np.uint8)
            write_png(folder / f"{pair.id}.png", mixed)
    return folders


class Clock:
    """Seconds of the processor that a call takes, and those of them that looks take."""

    def __init__(self) -> None:
        self.looks = 0.0

    def looking(self, triple: PairTriple) -> Look:
        """A look, timed on its own thread."""
        start = time.thread_time()
        look = LOOK(triple)
        self.looks += time.thread_time() - start
        return look

    def seconds(self, function: Callable[[], object]) -> tuple[float, float]:
        """Of all of a call, and of the looks in it."""
        self.looks, start = 0.0, time.process_time()
        with mock.patch.object(Look, "of", self.looking):
            function()
        return time.process_time() - start, self.looks


LOOK = Look.of


def stage(root: Path, found: Collected, columns: list[Column], *, looking: bool) -> None:
    """The score stage on images that have not been scored."""
    with tempfile.TemporaryDirectory(dir=root) as folder:
        looks = {} if looking else found.looks
        score(Run(Path(folder)), found.dataset, found.methods, columns, looks=looks)


def main(show: Callable[[str], None] = print) -> None:
    """Print the ratios."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--repeat", type=int, default=5)
    parser.add_argument("--methods", type=int, default=4)
    parser.add_argument("--metrics", default="core")
    parser.add_argument("--limit", type=int, default=8)
    parser.add_argument("--dataset", default="sample")
    parser.add_argument("--data-root", type=Path)
    given = parser.parse_args()
    columns = select_columns(given.metrics, "standard")
    with tempfile.TemporaryDirectory() as out:
        root = Path(out)
        record = check_pairs(open_dataset(given.dataset, given.data_root).first(given.limit))
        folders = blended(record, root, given.methods)
        found = collect(folders, record, Findings())
        clock = Clock()
        clock.seconds(lambda: stage(root, found, columns, looking=True))
        within, before = [], []
        for _ in range(given.repeat):
            whole, looks = clock.seconds(lambda: stage(root, found, columns, looking=True))
            rest, _ = clock.seconds(lambda: stage(root, found, columns, looking=False))
            check, _ = clock.seconds(lambda: collect(folders, record, Findings()))
            within.append(looks / (whole - looks))
            before.append(check / rest)
    images = len(record.pairs) * given.methods
    show(f"{images} images, {len(columns)} columns, {given.repeat} turns, medians")
    show(f"looks, beside the rest of the score stage: {statistics.median(within):7.2%}")
    show(f"reading and looking before the stage:      {statistics.median(before):7.2%}")


if __name__ == "__main__":
    main()
