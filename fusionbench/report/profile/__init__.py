"""Tables and figures from ``profile/``: what methods cost, and what they give for it.

It only reads, and what it writes depends on the run's folder alone.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from fusionbench.errors import FusionBenchError
from fusionbench.runs import Run

if TYPE_CHECKING:
    from rich.console import RenderableType

__all__ = ["profile_table", "write_profile"]


def write_profile(folder: Path, run: Run | None = None, *, figures: bool = True) -> list[Path]:
    """Write the tables and figures of a profile into the folder that holds ``profile/``.

    ``profile.csv`` (every scope and clock), ``profile.md``, ``profile.tex`` and, in ``figures/``,
    time and memory against image size, the roofline, and time against each metric of the run.

    Args:
        folder: A run's folder.
        run: The run, for the figures that need its scores; None leaves those out.
        figures: Whether figures are drawn.

    Returns:
        The files; none where the folder holds no profile.

    Raises:
        FusionBenchError: A file of the profile cannot be read.
    """
    from fusionbench.files import write_text
    from fusionbench.report.profile.csvs import profile_csv
    from fusionbench.report.profile.latex import latex
    from fusionbench.report.profile.markdown import markdown
    from fusionbench.report.profile.reading import read

    profile = read(folder)
    if profile is None or not profile.blocks:
        return []
    texts = {
        "profile.csv": profile_csv(profile),
        "profile.md": markdown(profile),
        "profile.tex": latex(profile),
    }
    for name, text in texts.items():
        write_text(folder / name, text)
    written = [folder / name for name in texts]
    if figures:
        from fusionbench.report.figures.cost import write_figures

        written += write_figures(folder / "figures", profile, run)
    return written


def profile_table(folder: Path) -> RenderableType:
    """The profile of a run's folder for the terminal.

    Raises:
        FusionBenchError: The folder holds no profile, or a file of it cannot be read.
    """
    from fusionbench.report.profile.reading import read
    from fusionbench.report.profile.terminal import TerminalProfile

    profile = read(folder)
    if profile is None:
        raise FusionBenchError(f"{folder} holds no profile; `fusionbench profile` makes one")
    return TerminalProfile(profile)
