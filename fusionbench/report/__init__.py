r"""The report stage: tables and figures from a run's folder.

It only reads what the other stages wrote, and what it writes depends on that alone: delete a
leaderboard and it comes back byte for byte. A run is read once, into
:class:`fusionbench.results.Results`.

Written into the run's folder: ``leaderboard.csv`` (means), ``scores.csv`` (every value, tidy),
``leaderboard.md``, ``leaderboard.tex`` (to ``\input``), ``leaderboard_standalone.tex`` (compiles
by itself), ``ranks.*``, ``significance.csv`` and ``stability.csv``, ``detection.*`` and
``profile.*`` where there is any, ``figures/`` and ``report.html``.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from fusionbench.choosing import Choice
from fusionbench.engines import beside
from fusionbench.runs import Run
from fusionbench.tables.style import PLAIN, TableStyle

if TYPE_CHECKING:
    from rich.console import RenderableType

    from fusionbench.results import Results
    from fusionbench.statistics.contests import Ranking

__all__ = ["Choice", "TableStyle", "leaderboard_view", "write_report"]


def write_report(
    run: Run | Results,
    *,
    figures: bool = True,
    html: bool = True,
    style: TableStyle = PLAIN,
    boxes: Path | None = None,
    choice: Choice | None = None,
) -> list[Path]:
    """Write every table of a run, and its figures.

    Args:
        run: A run that has been scored, wholly or in part, or its results.
        figures: Whether figures are drawn as well.
        html: Whether ``report.html`` is written as well.
        style: How tables look. It is not remembered: a report without one has the default look.
            ``style.ours`` is drawn in colour.
        boxes: A YAML file that says which pairs the grids show and what they enlarge; see
            :func:`fusionbench.report.figures.grids.read_boxes`.
        choice: Which methods and metrics of a run are shown, and under which names; not remembered
            either. Results have theirs.

    Returns:
        The files, in the order in which they were written.

    Raises:
        FusionBenchError: The folder is not a run, or ``boxes`` is not valid.
        UnknownNameError: The choice or ``style.ours`` names what the run has not; nothing has been
            written.

    Example:
        >>> from pathlib import Path
        >>> from fusionbench.report import write_report
        >>> from fusionbench.runs import Run
        >>> written = write_report(Run(Path("results/my-run")))  # doctest: +SKIP
    """
    from fusionbench.report.detection import write_detection
    from fusionbench.report.figures import fonts
    from fusionbench.report.leaderboard import find_ours, write_leaderboard
    from fusionbench.report.page.data import Parts
    from fusionbench.report.page.page import write_html
    from fusionbench.report.profile import write_profile
    from fusionbench.report.ranks import write_ranks
    from fusionbench.results import Results

    results = run if isinstance(run, Results) else Results.read(run, choice)
    ours = find_ours(results.manifest.methods, style.ours)
    if boxes is not None:
        from fusionbench.report.figures.grids import read_boxes

        read_boxes(boxes, results.manifest)
    if figures:
        fonts.prepare(_names(results))
    parts = Parts.read(results)
    plots = partial(_plots, results, parts.rankings, [ours] if ours else [])
    drawing: Callable[[], list[Path]] = plots if figures else list
    if figures:
        fonts.font_families(), results.scores  # made once, for both processes
    with beside(drawing, safe=figures and fonts.all_shown()) as drawn:
        written = write_leaderboard(results, style)
        written += write_ranks(results, parts.rankings, parts.significance)
        written += write_detection(results, parts.evaluations, figures=figures, style=style)
        written += write_profile(results.run.root, results, parts.profile, figures=figures)
        with ThreadPoolExecutor(1) as thread:
            page = thread.submit(write_html, results, parts, style) if html else None
            grids = _grids(results, boxes) if figures else []
            written += [*drawn(), *grids, *(page.result() if page else [])]
    fonts.say_missing()
    return written


def _names(results: Results) -> list[str]:
    """Every name that a figure may show."""
    manifest = results.manifest
    data = [text for d in manifest.datasets for text in (d.name, d.title)]
    pairs = [pair.id for d in manifest.datasets for pair in d.pairs]
    columns = [text for c in manifest.columns for text in (c.metric, c.convention)]
    return [*(method.label for method in manifest.methods), *columns, *data, *pairs]


def _grids(results: Results, boxes: Path | None) -> list[Path]:
    from fusionbench.report.figures.grids import write_grids

    return write_grids(results, boxes)


def _plots(results: Results, rankings: Sequence[Ranking], highlight: list[str]) -> list[Path]:
    """The figures that are drawn without images."""
    from fusionbench.report.figures import write_rank_figures
    from fusionbench.report.figures.box_plots import write_boxes

    return [*write_boxes(results), *write_rank_figures(results, highlight, rankings)]


def leaderboard_view(results: Results, style: TableStyle = PLAIN) -> RenderableType:
    """The leaderboard for the terminal: one table for each data set under each convention.

    A table that is wider than the terminal goes on below itself with the next metrics.
    """
    from fusionbench.report.leaderboard import leaderboard_tables
    from fusionbench.tables.terminal import Shown

    return Shown(leaderboard_tables(results, style.plain))
