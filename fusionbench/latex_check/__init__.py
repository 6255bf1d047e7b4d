"""Checking the marks of a paper's tables: is what is bold the best, and underlined the second?"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from fusionbench.errors import FusionBenchError
from fusionbench.latex_check.headings import Directions, Said, metric_cards, said_in, shows_classes
from fusionbench.latex_check.marks import (
    Lane,
    Meaning,
    Wrong,
    contests,
    groupings,
    is_source,
    judge,
    lanes,
    learn,
    meaning_text,
)
from fusionbench.latex_check.styled import read_text
from fusionbench.latex_check.table import Block, blocks
from fusionbench.latex_check.tex import Macro, Source, Tabular, macros, read

__all__ = ["Checked", "check_latex"]


@dataclass
class Checked:
    """What came of a check.

    Attributes:
        wrong: Every wrong mark, as ``file:line: table, column, row: what is and what should be``.
        notes: What was not checked, and why; and what each mark was taken to mean.
        tables, numbers: How many tables and numbers were checked.
        unmarked: How many tables have columns that could be checked, and no mark in them.
    """

    wrong: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    tables: int = 0
    numbers: int = 0
    unmarked: int = 0


def check_latex(path: Path, higher: Iterable[str] = (), lower: Iterable[str] = ()) -> Checked:
    r"""Check every table of a paper, and of the files that it takes in with ``\input``.

    A column's direction is its arrow's, else that of the metric, score or cost of that name. Bold
    and red stand for the best, underlined and blue for the second, unless the caption or the whole
    table says otherwise; what other marks mean is learnt from the table, and so is whether its
    groups of rows are ranked apart and whether its source images are ranked: the reading under
    which the fewest marks are wrong is taken.

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
    source = read(path)
    known, directions = macros(source), Directions(metric_cards(), higher, lower)
    checked = Checked(notes=[f"{text}; not checked" for text in source.missing])
    for table in sorted(source.tabulars(), key=lambda t: t.start):
        done = [_check(found, checked) for found in _parts(source, table, known, directions)]
        checked.tables += any(done)
    if not checked.tables and not checked.unmarked:
        said = "".join(f"\n{note}" for note in checked.notes)
        raise FusionBenchError(
            f"{path} holds no table that can be checked: expected one with marked numbers and "
            f"headings that are metrics or have arrows (or --higher NAME, --lower NAME){said}"
        )
    return checked


@dataclass(frozen=True)
class _Part:
    """Rows under one header: what is named in messages, the numbers, what the caption says."""

    where: str
    block: Block
    lanes: list[Lane]
    said: Said


def _parts(
    source: Source, table: Tabular, known: Mapping[str, Macro], directions: Directions
) -> Iterator[_Part]:
    name = table.label or f"table of line {source.line(table.start)}"
    captions = [read_text(text, known) for text in table.captions]
    words = ["".join(piece.text for piece in caption.pieces) for caption in captions]
    said = next((found for caption in captions if (found := said_in(caption))), {})
    for block in blocks(source, table, known):
        headings = [cell for row in block.header for cell in row]
        headings += [row.cells[c] for row in block.rows for c in block.labels if c < len(row.cells)]
        columns = lanes(block, directions, shows_classes(headings, words))
        yield _Part(f"{source.file(table.start)}: {name}", block, columns, said)


def _check(part: _Part, checked: Checked) -> bool:
    """Check a part; whether there was anything to check."""
    directed = [lane for lane in part.lanes if lane.direction]
    if not any(lane.marked for lane in part.lanes):
        if directed:
            checked.unmarked += 1
            checked.notes.append(f"{part.where}: no number is marked; skipped")
        return False
    mixed = [lane for lane in directed if len(lane.units) > 1]
    usable = [lane for lane in directed if lane not in mixed]
    for name, found in _skipped(part.lanes, mixed):
        checked.notes.append(f"{part.where}: {found}: {name}; skipped")
    if not any(lane.marked for lane in usable):
        checked.unmarked += bool(usable)
        return False
    wrong, meaning, numbers = _best_reading(part, usable)
    checked.numbers += numbers
    name = part.where.rpartition(": ")[2]
    checked.wrong += [f"{w.where}: {name}, {w.text}" for w in wrong]
    checked.notes += [f"{part.where}: {text}" for text in _meant(usable, meaning)]
    return True


def _best_reading(part: _Part, usable: list[Lane]) -> tuple[list[Wrong], Meaning, int]:
    """The reading under which the fewest marks are wrong or mean nothing; the first of equals."""
    readings = []
    entries = [entry for lane in usable for _, entry in lane.entries]
    marked = any(entry.cell.marks and is_source(entry.name) for entry in entries)
    for grouping in groupings(part.block):
        for with_sources in (True,) if marked else (False, True):
            found = [c for lane in usable for c in contests(lane, grouping, with_sources)]
            readings.append((found, learn(found, part.said)))
    found, learnt = min(readings, key=lambda reading: reading[1].cost)
    return judge(found, learnt), learnt.meaning, sum(len(contest.entries) for contest in found)


def _skipped(all_lanes: list[Lane], mixed: list[Lane]) -> list[tuple[str, str]]:
    unknown = ", ".join(dict.fromkeys(x.heading for x in all_lanes if not x.direction))
    units = ", ".join(dict.fromkeys(lane.heading for lane in mixed))
    said = [(unknown, "no arrow and no metric of that name"), (units, "numbers in several units")]
    return [(names, what) for names, what in said if names]


def _meant(usable: list[Lane], meaning: Meaning) -> list[str]:
    used = {m for lane in usable for _, entry in lane.entries for m in entry.cell.marks}
    texts = [f"taken to mean: {meaning_text(meaning)}"] if meaning else []
    if ignored := sorted(used - meaning.keys()):
        texts.append(f"stands for no place, not checked: {', '.join(ignored)}")
    disputed = [x.heading for x in usable if x.direction and x.direction.disputed]
    if disputed:
        names = ", ".join(dict.fromkeys(disputed))
        texts.append(f"the arrow is not what the metric's card says: {names}")
    return texts
