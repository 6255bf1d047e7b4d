r"""``leaderboard.tex`` to ``\input`` into a paper, and a version of it that compiles by itself."""

from __future__ import annotations

from fusionbench.report.latex.writing import write_latex

__all__ = ["write_latex"]
