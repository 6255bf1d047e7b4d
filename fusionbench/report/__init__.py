r"""The report stage: tables and figures from a run's folder.

It only reads what the other stages wrote, and what it writes depends on that alone: delete a
leaderboard and it comes back byte for byte.

Written into the run's folder: ``leaderboard.csv`` (means), ``scores.csv`` (every value, tidy),
``leaderboard.md``, ``leaderboard.tex`` (to ``\input``), ``leaderboard_standalone.tex`` (compiles
by itself), ``ranks.csv``, ``ranks.md``, ``significance.csv`` and ``stability.csv``, ``detection.*``
and ``profile.*`` where there is any, ``figures/`` and ``report.html``.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING

from fusionbench.report.options import PLAIN, TableStyle
from fusionbench.runs import Run

if TYPE_CHECKING:
    from rich.console import RenderableType

    from fusionbench.report.collect import Result

__all__ = ["TableStyle", "leaderboard_table", "write_report"]


def write_report(
    run: Run,
    *,
    figures: bool = True,
    html: bool = True,
    style: TableStyle = PLAIN,
    boxes: Path | None = None,
) -> list[Path]:
    """Write every table of a run, and its figures.

    Args:
        run: A run that has been scored, wholly or in part.
        figures: Whether figures are drawn as well.
        html: Whether ``report.html`` is written as well.
        style: How ``leaderboard.tex`` and ``leaderboard.md`` look. It is not remembered: a report
            without one has the default look. ``style.ours`` is drawn in colour.
        boxes: A YAML file that says which pairs the grids show and what they enlarge; see
            :func:`fusionbench.report.figures.grids.read_boxes`.

    Returns:
        The files, in the order in which they were written.

    Raises:
        FusionBenchError: The folder is not a run, or ``boxes`` is not valid.
        UnknownNameError: ``style.ours`` is no method of the run; nothing has been written.

    Example:
        >>> from pathlib import Path
        >>> from fusionbench.report import write_report
        >>> from fusionbench.runs import Run
        >>> written = write_report(Run(Path("results/my-run")))  # doctest: +SKIP
    """
    from fusionbench.report.collect import collect
    from fusionbench.report.csvs import write_csvs
    from fusionbench.report.detection import write_detection
    from fusionbench.report.figures import fonts
    from fusionbench.report.html import write_html
    from fusionbench.report.latex import write_latex
    from fusionbench.report.markdown import write_markdown
    from fusionbench.report.ordering import find_ours
    from fusionbench.report.profile import write_profile
    from fusionbench.report.rank_tables import write_ranks

    results = collect(run)
    if figures:
        fonts.prepare(_names(run))
    ours = find_ours((result.method for result in results), style.ours)
    if boxes is not None:
        from fusionbench.report.figures.grids import read_boxes

        read_boxes(boxes, run.manifest)
    written = write_csvs(run, results)
    written += [write_markdown(run, results, style), *write_latex(run, results, style)]
    written += write_ranks(run, results)
    written += write_detection(run, figures=figures)
    written += write_profile(run.root, run, figures=figures)
    with ThreadPoolExecutor(1) as beside:
        page = beside.submit(write_html, run, results) if html else None
        if figures:
            written += _figures(run, results, [ours] if ours else [], boxes)
        if page:
            written += page.result()
    fonts.say_missing()
    return written


def _names(run: Run) -> list[str]:
    """Every name that a figure may show."""
    data = [text for d in run.manifest.datasets for text in (d.name, d.title)]
    pairs = [pair.id for d in run.manifest.datasets for pair in d.pairs]
    return [*(method.label for method in run.manifest.methods), *data, *pairs]


def _figures(
    run: Run, results: list[Result], highlight: list[str], boxes: Path | None
) -> list[Path]:
    from fusionbench.report.figures import write_rank_figures
    from fusionbench.report.figures.box_plots import write_boxes
    from fusionbench.report.figures.grids import write_grids

    return [
        *write_boxes(run, results),
        *write_rank_figures(run, results, highlight),
        *write_grids(run, results, boxes),
    ]


def leaderboard_table(run: Run) -> RenderableType:
    """The leaderboard for the terminal: one table for each data set under each convention.

    A table that is wider than the terminal goes on below itself with the next metrics.

    Raises:
        FusionBenchError: The folder is not a run.
    """
    from fusionbench.report.terminal import TerminalLeaderboard

    return TerminalLeaderboard(run)
