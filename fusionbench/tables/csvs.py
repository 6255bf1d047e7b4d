"""Frames as CSV: full precision, and no text that a spreadsheet takes for a formula."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from fusionbench.files import csv_text

if TYPE_CHECKING:
    import pandas as pd


def frame_text(frame: pd.DataFrame, *, nan: str = "") -> str:
    """The frame with its header and without its index; ``nan`` stands for a value that is not."""
    rows = frame.astype(object).itertuples(index=False, name=None)
    return csv_text([list(frame.columns), *([_plain(v, nan) for v in row] for row in rows)])


def _plain(value: Any, nan: str) -> object:
    if value is None:
        return ""
    if isinstance(value, float):  # numpy's among them
        return nan if math.isnan(value) else repr(float(value))
    return value
