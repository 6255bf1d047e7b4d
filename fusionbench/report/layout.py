"""A table as every format shows it: rounded, ranked, footnoted and captioned."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from fusionbench.cards import Better
from fusionbench.manifest import ColumnRecord
from fusionbench.report.collect import Board, Result, is_anchor
from fusionbench.report.notes import (
    DAGGER,
    TRAINED,
    Notes,
    cell_notes,
    failure_notes,
    pairs_word,
    saw_in_training,
    unscored_note,
    weights_note,
)
from fusionbench.report.ranks import Rank, decimals, ranks, rounded, shown

FINGERPRINT_DIGITS = 12
ARROWS: dict[Better, str] = {"higher": "↑", "lower": "↓"}


@dataclass(frozen=True)
class Entry:
    """One cell: its text (empty where there is no value), its rank and its footnote marks."""

    text: str
    rank: Rank = ""
    marks: tuple[str, ...] = ()


@dataclass(frozen=True)
class Line:
    """One row: the method, how many of its pairs count, a cell per column, and its citation key."""

    label: Entry
    n: Entry
    cells: tuple[Entry, ...]
    anchor: bool
    cite: str = ""


@dataclass(frozen=True)
class Table:
    """One table, ready to be written."""

    board: Board
    columns: tuple[ColumnRecord, ...]
    lines: tuple[Line, ...]
    notes: tuple[tuple[str, str], ...]

    @property
    def headers(self) -> list[str]:
        """Metric names with the arrow of the better direction."""
        return [f"{column.metric} {ARROWS[column.better]}" for column in self.columns]

    @property
    def has_anchors(self) -> bool:
        """Whether source images stand above the methods."""
        return any(line.anchor for line in self.lines)


def lay_out(board: Board, columns: Sequence[ColumnRecord] | None = None) -> Table:
    """Lay out a board, or some of its columns.

    Source images come first and are not ranked. Only means over the same pairs compare, so a cell
    is ranked where it covers every pair that any method of its column covers.
    """
    chosen = board.columns if columns is None else tuple(columns)
    results = sorted(board.results, key=lambda r: not is_anchor(r.method))
    notes = Notes()
    texts = [_column(results, column) for column in chosen]
    lines = []
    for place, result in enumerate(results):
        cells = [(column[place], c) for column, c in zip(texts, chosen, strict=True)]
        lines.append(_line(board, result, cells, notes))
    return Table(board, chosen, tuple(lines), tuple(notes.texts))


def _column(results: Sequence[Result], column: ColumnRecord) -> list[tuple[str, Rank]]:
    means = [result.mean(column) for result in results]
    contend = [
        not math.isnan(mean) and not is_anchor(result.method)
        for mean, result in zip(means, results, strict=True)
    ]
    places = decimals([m for m, c in zip(means, contend, strict=True) if c] or means)
    covered = [set(result.cell(column).values) for result in results]
    every = set().union(*(p for p, c in zip(covered, contend, strict=True) if c))
    full = [c and p == every for c, p in zip(contend, covered, strict=True)]
    compared = [rounded(m, places) if f else None for m, f in zip(means, full, strict=True)]
    texts = ["" if math.isnan(mean) else shown(mean, places) for mean in means]
    ranked = ranks(compared, column.better)
    named: list[Rank] = [
        "unranked" if c and not f else rank
        for c, f, rank in zip(contend, full, ranked, strict=True)
    ]
    return list(zip(texts, named, strict=True))


def _line(
    board: Board,
    result: Result,
    cells: list[tuple[tuple[str, Rank], ColumnRecord]],
    notes: Notes,
) -> Line:
    weights, scored = result.method.weights, result.scored(board.columns)
    label = [notes.mark(TRAINED, DAGGER)] if saw_in_training(result) else []
    label += [notes.mark(weights_note(weights))] if weights else []
    unscored = unscored_note(result, scored)
    n = [notes.mark(unscored)] if unscored else []
    entries = []
    for (text, rank), column in cells:
        said = failure_notes(result) or cell_notes(result.cell(column), scored)
        marks = [notes.mark(note) for note in said] or ([] if text else n)
        entries.append(Entry(text, rank, tuple(marks)))
    return Line(
        Entry(result.method.label, "", tuple(label)),
        Entry(str(scored), "", tuple(n)),
        tuple(entries),
        is_anchor(result.method),
        result.method.citation.key if result.method.citation else "",
    )


def heading(board: Board) -> str:
    """The data set, its size and split, and the convention."""
    data = board.dataset
    size = f"N = {pairs_word(len(data.pairs))}"
    split = f"; split {data.split}" if data.split else ""
    return f"{data.title or data.name} ({size}{split}), convention {board.convention}"


def provenance(board: Board) -> str:
    """What identifies the data and the program."""
    return (
        f"Data fingerprint {board.dataset.fingerprint[:FINGERPRINT_DIGITS]}; "
        f"fusionbench {board.version}"
    )


def explanation(table: Table) -> list[str]:
    """The sentences of a caption between the heading and the provenance."""
    said = ["Means over the pairs"]
    directions = {c.better for c in table.columns}
    legend = [f"{ARROWS[b]} {b} is better" for b in ARROWS if b in directions]
    ranks_used = {cell.rank for line in table.lines for cell in line.cells}
    if "best" in ranks_used:
        legend.append("best in bold, second best underlined, ties marked alike")
    said.append("; ".join(legend))
    if table.has_anchors:
        said.append(
            "The source images in the first rows are not ranked: "
            "a copy of a source wins some metrics trivially"
        )
    if "unranked" in ranks_used:
        said.append("A mean over fewer pairs than others of its column is not ranked")
    if skipped := table.board.dataset.skipped:
        said.append(f"{pairs_word(len(skipped))} of the data set left out as unusable")
    return said


def sentence(text: str) -> str:
    """The text with one full stop at its end."""
    return f"{text.rstrip('.')}."
