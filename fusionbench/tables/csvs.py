"""Frames as CSV: full precision, and no text that a spreadsheet takes for a formula."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from fusionbench.files import csv_text

if TYPE_CHECKING:
    import pandas as pd


def frame_text(frame: pd.DataFrame, *, nan: str = "") -> str:
    """The frame with its header and without its index; ``nan`` stands for a value that is not."""
    columns = [_cells(frame.iloc[:, i].tolist(), nan) for i in range(frame.shape[1])]
    lines = map(",".join, zip(*columns, strict=True))
    return "".join([csv_text([list(frame.columns)]), *(f"{line}\n" for line in lines)])


def _cells(values: list[Any], nan: str) -> list[str]:
    """The values of a column as they stand in a line; each text is quoted once."""
    known: dict[tuple[type, Any], str] = {}
    found = []
    for value in values:
        if isinstance(value, float):  # numpy's among them
            found.append(nan if math.isnan(value) else repr(float(value)))
            continue
        key = (type(value), value)
        if key not in known:
            known[key] = csv_text([[value, ""]])[:-2]
        found.append(known[key])
    return found
