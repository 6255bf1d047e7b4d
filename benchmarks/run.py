"""Where the time of ``fusionbench run`` goes: what is neither fusing nor scoring should be little.

    python benchmarks/run.py --dataset MSRS --data-root DATA --limit 32

Prints the wall time of each part of one run and its share, for the given methods and pairs. What
the report is made of is ``report.py``'s to say.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from fusionbench import pipeline, report
from fusionbench.planning import plan
from fusionbench.request import Request
from fusionbench.runs import read_rows

Clock = dict[str, float]


@contextmanager
def timed(clock: Clock, part: str) -> Iterator[None]:
    """Add the time of the block to a part."""
    start = time.perf_counter()
    yield
    clock[part] = clock.get(part, 0.0) + time.perf_counter() - start


def measure(request: Request) -> Clock:
    """Seconds of each part of a run into an empty folder."""
    clock: Clock = {}
    with timed(clock, "checking and planning"):
        planned = plan(request)
        run = pipeline.start(planned)
    with timed(clock, "fuse stage"):
        pipeline.fuse_all(run, planned)
    with timed(clock, "scoring"):
        pipeline.score_all(run, planned)
    with timed(clock, "report"):
        report.write_report(run)
    rows = (run.root / "fused").rglob("*.jsonl")
    clock["fusing"] = sum(row.get("seconds", 0.0) for path in rows for row in read_rows(path))
    clock["fuse stage beside fusing"] = clock.pop("fuse stage") - clock["fusing"]
    return clock


def main(show: Callable[[str], None] = print) -> None:
    """Measure one run and print the shares."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--methods", default="cmtfusion,baselines")
    parser.add_argument("--dataset", default="sample")
    parser.add_argument("--data-root", type=Path)
    parser.add_argument("--limit", type=int)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as out:
        request = Request(
            methods=arguments.methods,
            dataset=arguments.dataset,
            data_root=arguments.data_root,
            limit=arguments.limit,
            metrics="core",
            convention="standard",
            out=Path(out),
        )
        clock = measure(request)
    total = sum(clock.values())
    for part, seconds in sorted(clock.items(), key=lambda item: -item[1]):
        show(f"{part:26}{seconds:9.2f} s {seconds / total:7.1%}")
    rest = total - clock["fusing"] - clock["scoring"]
    show(f"{'neither fusing nor scoring':26}{rest:9.2f} s {rest / total:7.1%}")


if __name__ == "__main__":
    main()
