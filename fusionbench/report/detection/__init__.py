r"""The detection part of the report: tables and figures from a run's folder; it only reads.

Written into the run's folder: ``detection.csv`` (every number, tidy), ``detection.md``,
``detection.tex`` (to ``\input``), ``detection_standalone.tex`` (compiles by itself),
``detection_correlations.csv`` (rank correlation of each fusion metric with mAP), and in
``figures/`` precision over recall, images with boxes, and mAP over each metric. Every detector,
label set, data set and protocol has a table of its own: their numbers do not compare.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from fusionbench.runs import Run

if TYPE_CHECKING:
    from rich.console import RenderableType

    from fusionbench.report.detection.collect import DetectionBoard

__all__ = ["detection_table", "write_boards", "write_detection"]


def write_detection(run: Run, *, figures: bool = True) -> list[Path]:
    """Write every table of a run's detection, and its figures.

    Args:
        run: A run; one without detection gets nothing.
        figures: Whether figures are drawn as well.

    Returns:
        The files, in the order in which they were written.

    Raises:
        FusionBenchError: What the run holds of detection is damaged.
    """
    if not (run.root / "detection" / "manifest.json").is_file():
        return []
    from fusionbench.report.detection.collect import collect_detection

    return write_boards(run, collect_detection(run), figures=figures)


def write_boards(run: Run, boards: list[DetectionBoard], *, figures: bool = True) -> list[Path]:
    """As :func:`write_detection`, for evaluations that have been collected."""
    from fusionbench.report.detection.csvs import write_csv
    from fusionbench.report.detection.latex import write_latex
    from fusionbench.report.detection.markdown import write_markdown
    from fusionbench.report.figures.detection_curves import write_correlations

    if not boards:
        return []
    written = [write_csv(run, boards), write_markdown(run, boards), *write_latex(run, boards)]
    written.append(write_correlations(run, boards))
    return [*written, *(_figures(run, boards) if figures else [])]


def _figures(run: Run, boards: list[DetectionBoard]) -> list[Path]:
    from fusionbench.report.figures.detection_curves import write_curves, write_scatters
    from fusionbench.report.figures.detection_scenes import write_scenes
    from fusionbench.report.figures.style import figure_style

    with figure_style():
        return [
            *write_curves(run, boards),
            *write_scenes(run, boards),
            *write_scatters(run, boards),
        ]


def detection_table(boards: list[DetectionBoard]) -> RenderableType:
    """The detection tables for the terminal."""
    from fusionbench.report.detection.terminal import TerminalDetection

    return TerminalDetection(boards)
