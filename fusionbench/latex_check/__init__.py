"""Checking the marks of a paper's tables: is what is bold the best, and underlined the second?"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

from fusionbench.errors import FusionBenchError
from fusionbench.latex_check.marks import (
    PLACES,
    Directions,
    Lane,
    Wrong,
    contests,
    groupings,
    ignored,
    judge,
    lanes,
    learn,
    metric_cards,
)
from fusionbench.latex_check.table import Block, blocks
from fusionbench.latex_check.tex import Source, macros, read_all

__all__ = ["Checked", "check_latex"]


@dataclass
class Checked:
    """What came of a check.

    Attributes:
        wrong: Every wrong mark, as ``file:line: table, column, row: what is and what should be``.
        notes: What was not checked, and why; and what each mark was taken to mean.
        tables, numbers: How many tables and numbers were checked.
    """

    wrong: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    tables: int = 0
    numbers: int = 0


def check_latex(path: Path, higher: Iterable[str] = (), lower: Iterable[str] = ()) -> Checked:
    r"""Check every table of a paper, and of the files that it takes in with ``\input``.

    A column's direction is its arrow's, else that of the metric of that name. What the marks mean
    is learnt from each table, and so is whether its groups of rows are ranked apart and whether
    its source images are ranked: the reading under which the fewest marks are wrong is taken.

    Args:
        path: The paper.
        higher: Headings of columns in which higher is better, whatever else says.
        lower: Those in which lower is better.

    Raises:
        FusionBenchError: A file cannot be read, or holds no table that can be checked.

    Example:
        >>> from fusionbench.latex_check import check_latex
        >>> check_latex(Path("paper.tex")).wrong  # doctest: +SKIP
    """
    sources, missing = read_all(path)
    known, directions = macros(sources), Directions(metric_cards(), higher, lower)
    checked = Checked(notes=[f"{text}; not checked" for text in missing])
    for source in sources:
        for table in sorted(source.tabulars(), key=lambda t: t.start):
            parts = blocks(source, table, known)
            where = table.label or f"table of line {source.line(table.start)}"
            done = [_check(block, source, where, directions, checked) for block in parts]
            checked.tables += any(done)
    if not checked.tables:
        said = "".join(f"\n{note}" for note in checked.notes)
        raise FusionBenchError(
            f"{path} holds no table that can be checked: expected one with marked numbers and "
            f"headings that are metrics or have arrows (or --higher NAME, --lower NAME){said}"
        )
    return checked


def _check(
    block: Block, source: Source, where: str, directions: Directions, checked: Checked
) -> bool:
    """Check a block; whether there was anything to check."""
    all_lanes = lanes(block, directions)
    if not any(lane.marked for lane in all_lanes):
        if any(lane.direction for lane in all_lanes):
            checked.notes.append(f"{source.path}: {where}: no number is marked; skipped")
        return False
    mixed = [lane for lane in all_lanes if lane.direction and len(lane.units) > 1]
    usable = [lane for lane in all_lanes if lane.direction and lane not in mixed]
    for name, found in _skipped(all_lanes, mixed):
        checked.notes.append(f"{source.path}: {where}: {found}: {name}; skipped")
    if not usable:
        return False
    wrong, meaning, numbers = _best_reading(block, usable)
    checked.numbers += numbers
    checked.wrong += [f"{source.path}:{w.line}: {where}, {w.text}" for w in wrong]
    checked.notes += [f"{source.path}: {where}: {text}" for text in _meant(usable, meaning)]
    return True


def _best_reading(block: Block, usable: list[Lane]) -> tuple[list[Wrong], dict[str, int], int]:
    """The reading under which the fewest marks are wrong or mean nothing; the first of equals."""
    readings: list[tuple[int, list[Wrong], dict[str, int], int]] = []
    for grouping in groupings(block):
        for with_sources in (False, True):
            found = [c for lane in usable for c in contests(lane, grouping, with_sources)]
            meaning = learn(found)
            wrong = judge(found, meaning)
            numbers = sum(len(contest.entries) for contest in found)
            readings.append((len(wrong) + ignored(found, meaning), wrong, meaning, numbers))
    _, wrong, meaning, numbers = min(readings, key=lambda reading: reading[0])
    return wrong, meaning, numbers


def _skipped(all_lanes: list[Lane], mixed: list[Lane]) -> list[tuple[str, str]]:
    unknown = ", ".join(dict.fromkeys(x.heading for x in all_lanes if not x.direction))
    units = ", ".join(dict.fromkeys(lane.heading for lane in mixed))
    said = [(unknown, "no arrow and no metric of that name"), (units, "numbers in several units")]
    return [(names, what) for names, what in said if names]


def _meant(usable: list[Lane], meaning: dict[str, int]) -> list[str]:
    used = {m for lane in usable for _, entry in lane.entries for m in entry.cell.marks}
    said = [f"{mark} is {PLACES[place]}" for mark, place in sorted(meaning.items())]
    texts = [f"taken to mean: {', '.join(said)}"] if said else []
    if ignored := sorted(used - meaning.keys()):
        texts.append(f"stands for no place, not checked: {', '.join(ignored)}")
    disputed = [x.heading for x in usable if x.direction and x.direction.disputed]
    if disputed:
        names = ", ".join(dict.fromkeys(disputed))
        texts.append(f"the arrow is not what the metric's card says: {names}")
    return texts
