"""What looking at fused images costs beside scoring them, as ratios in one run.

    python benchmarks/looks.py [--repeat 5] [--methods 4] [--metrics core] [--limit 8]

Scores the sample's pairs with images of several blends, on one process. Taken in turn: the score
stage with the looks taken in it (as `fusionbench run` does), and with looks that are there already
(as `fusionbench score --fused` hands them on). The pass of `score --fused` that reads, checks and
looks at every image before anything is written stands beside them.
"""

from __future__ import annotations

import argparse
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np

from fusionbench.checks import Findings
from fusionbench.conventions import Column, select_columns
from fusionbench.datasets import check_pairs, open_dataset
from fusionbench.images import luma, read_sources, write_png
from fusionbench.manifest import DataSetRecord
from fusionbench.runs import Run
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


def seconds(function: Callable[[], object]) -> float:
    """How long one call takes."""
    start = time.perf_counter()
    function()
    return time.perf_counter() - start


def stage(root: Path, found: Collected, columns: list[Column], *, looking: bool) -> float:
    """Seconds of the score stage on images that have not been scored."""
    with tempfile.TemporaryDirectory(dir=root) as folder:
        run, looks = Run(Path(folder)), {} if looking else found.looks
        return seconds(lambda: score(run, found.dataset, found.methods, columns, looks=looks))


def main(show: Callable[[str], None] = print) -> None:
    """Print the ratios."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--repeat", type=int, default=5)
    parser.add_argument("--methods", type=int, default=4)
    parser.add_argument("--metrics", default="core")
    parser.add_argument("--limit", type=int, default=8)
    given = parser.parse_args()
    columns = select_columns(given.metrics, "standard")
    with tempfile.TemporaryDirectory() as out:
        root = Path(out)
        record = check_pairs(open_dataset("sample", None).first(given.limit))
        folders = blended(record, root, given.methods)
        found = collect(folders, record, Findings())
        stage(root, found, columns, looking=True)
        looking, before = [], []
        for turn in range(given.repeat):
            order = (True, False) if turn % 2 else (False, True)
            spent = {way: stage(root, found, columns, looking=way) for way in order}
            looking.append(spent[True] / spent[False] - 1)
            before.append(seconds(lambda: collect(folders, record, Findings())) / spent[False])
    images = len(record.pairs) * given.methods
    show(f"{images} images, {len(columns)} columns, {given.repeat} turns, medians")
    show(f"looks within the score stage:       {statistics.median(looking):7.2%} of it")
    show(f"reading and looking before it:      {statistics.median(before):7.2%} of it")


if __name__ == "__main__":
    main()
