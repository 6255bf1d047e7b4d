"""All figures of a profile."""

from __future__ import annotations

from pathlib import Path

from fusionbench.report.figures.pareto import pareto_figures
from fusionbench.report.figures.roofline import roofline_figures
from fusionbench.report.figures.scaling import scaling_figures
from fusionbench.report.figures.style import figure_style, save
from fusionbench.report.profile.reading import Profile
from fusionbench.runs import Run


def write_figures(folder: Path, profile: Profile, run: Run | None) -> list[Path]:
    """Write them as PNG and PDF: ``scaling_*``, ``roofline_*`` and, with a run, ``pareto_*``."""
    written = []
    with figure_style():
        for name, figure in scaling_figures(profile):
            written += save(figure, folder, name)
        for name, figure in roofline_figures(profile):
            written += save(figure, folder, name)
        if run is not None:
            for name, figure in pareto_figures(profile, run):
                written += save(figure, folder, name)
    return written
