"""Comparing runs: what differs between them, and whether a difference of their numbers is real.

Runs are named A, B, C ... in the order given. They can be compared where they measured the same
thing: the same columns (parameters and code) on the same images. What does not agree is an error
that lists it, or is left out on request, and then that is said.
"""

from __future__ import annotations

from fusionbench.comparing.agreeing import Agreed, Loaded, agree, load, merged_boards
from fusionbench.comparing.changes import Change, changes
from fusionbench.comparing.testing import Verdict, compare_means

__all__ = [
    "Agreed",
    "Change",
    "Loaded",
    "Verdict",
    "agree",
    "changes",
    "compare_means",
    "load",
    "merged_boards",
]
