"""``report.html``: the whole run in one file that needs no network, no server and no other file.

The page holds the tables of :func:`fusionbench.report.leaderboard.board_table`, the value of
every pair, previews of the images within a budget of bytes, boxes and profiles where the run has
them, and the manifest. What it holds depends on the run's files alone: the same run gives the same
bytes.
"""

from __future__ import annotations

from pathlib import Path

from fusionbench.results import Results

__all__ = ["BUDGET", "write_html"]

BUDGET = 16_000_000
"""Bytes of the page that previews of images may take."""


def write_html(results: Results, *, budget: int = BUDGET) -> list[Path]:
    """Write ``report.html`` into a run's folder.

    Fused images are shown from the run's folder where the page lies beside them; previews inside
    the page stand in for them elsewhere, and for source images, which lie outside the run.

    Args:
        results: Of a run that has been scored, wholly or in part.
        budget: Bytes of the page that previews of images may take, shared by the data sets in
            proportion to their pairs; 0 leaves all previews out.

    Returns:
        The one file that was written.
    """
    from fusionbench.files import write_text
    from fusionbench.report.html.data import page_data
    from fusionbench.report.html.page import render
    from fusionbench.report.html.thumbnails import previews

    run = results.run
    pairs = sum(len(dataset.pairs) for dataset in run.manifest.datasets)
    images = [
        previews(run, dataset, results.every, budget * len(dataset.pairs) // max(pairs, 1))
        for dataset in run.manifest.datasets
    ]
    path = run.root / "report.html"
    write_text(path, render(page_data(results, images), images))
    return [path]
