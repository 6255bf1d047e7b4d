"""A table as every format shows it: rounded, ranked, footnoted and captioned."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from fusionbench.cards import Better
from fusionbench.manifest import ColumnRecord
from fusionbench.report.collect import Board, Result, is_anchor
from fusionbench.report.columns import Number, column_numbers, column_places
from fusionbench.report.notes import (
    DAGGER,
    Notes,
    cell_notes,
    failure_notes,
    finding_note,
    options_note,
    pairs_word,
    trained_note,
    unscored_note,
    weights_note,
)
from fusionbench.report.options import PLAIN, Marks, TableStyle
from fusionbench.report.ordering import arranged, find_ours
from fusionbench.report.ranks import Rank

FINGERPRINT_DIGITS = 12
ARROWS: dict[Better, str] = {"higher": "↑", "lower": "↓"}
LEGENDS: dict[Marks, str] = {
    "bold-underline": "best in bold, second best underlined, ties marked alike",
    "red-blue": "best in red, second best in blue, ties marked alike",
    "top3": "best in bold, second best underlined, third best in italics, ties marked alike",
}


@dataclass(frozen=True)
class Entry:
    """One cell: its text (empty where there is no value), rank, footnote marks and spread."""

    text: str
    rank: Rank = ""
    marks: tuple[str, ...] = ()
    std: str = ""


@dataclass(frozen=True)
class Line:
    """One row: the method, how many of its pairs count, a cell per column, and its citation key."""

    label: Entry
    n: Entry
    cells: tuple[Entry, ...]
    anchor: bool
    cite: str = ""
    ours: bool = False


@dataclass(frozen=True)
class Table:
    """One table, ready to be written."""

    board: Board
    columns: tuple[ColumnRecord, ...]
    lines: tuple[Line, ...]
    notes: tuple[tuple[str, str], ...]
    style: TableStyle = PLAIN

    @property
    def headers(self) -> list[str]:
        """Metric names with the arrow of the better direction."""
        return [f"{column.metric} {ARROWS[column.better]}" for column in self.columns]

    @property
    def has_anchors(self) -> bool:
        """Whether source images stand above the methods."""
        return any(line.anchor for line in self.lines)

    @property
    def blocks(self) -> list[list[Line]]:
        """The rows that stand together: source images, methods, ours; none is empty."""
        groups = (
            [line for line in self.lines if line.anchor],
            [line for line in self.lines if not line.anchor and not line.ours],
            [line for line in self.lines if line.ours],
        )
        return [group for group in groups if group]


def lay_out(
    board: Board,
    columns: Sequence[ColumnRecord] | None = None,
    style: TableStyle = PLAIN,
    together: Sequence[Board] = (),
    notes: Notes | None = None,
) -> Table:
    """Lay out a board, or some of its columns.

    Source images come first and are not ranked. Only means over the same pairs compare, so a cell
    is ranked where it covers every pair that any method of its column covers.

    Args:
        board: A data set under a convention.
        columns: The columns to show; all of them by default.
        style: Order, decimals, standard deviations.
        together: The boards that stand in one table with this one; they share the order of their
            methods and the decimals of their metrics.
        notes: The footnotes of that table.

    Raises:
        UnknownNameError: ``style.ours`` is no method of the run.
    """
    together, notes = together or [board], notes or Notes()
    chosen = board.columns if columns is None else tuple(columns)
    order = arranged(together, style)
    results = sorted(board.results, key=lambda r: order.index(r.method.name))
    ours = find_ours((r.method for r in results), style.ours)
    numbers = [
        column_numbers(results, column, column_places(together, column, style), style)
        for column in chosen
    ]
    lines = []
    for place, result in enumerate(results):
        cells = [(column[place], c) for column, c in zip(numbers, chosen, strict=True)]
        across = [r for b in together for r in b.results if r.method.name == result.method.name]
        scored = result.scored(board.columns)
        row = across if style.layout == "wide" else [result]
        lines.append(_line(result, row, scored, cells, notes, result.method.name == ours))
    return Table(board, chosen, tuple(lines), tuple(notes.texts), style)


def _line(
    result: Result,
    row: Sequence[Result],
    scored: int,
    cells: list[tuple[Number, ColumnRecord]],
    notes: Notes,
    ours: bool,
) -> Line:
    weights = result.method.weights
    trained, unscored = trained_note(row), unscored_note(result, scored)
    label = [notes.mark(trained, DAGGER)] if trained else []
    label += [notes.mark(weights_note(weights))] if weights else []
    options = options_note(result.method)
    label += [notes.mark(options)] if options else []
    label += [notes.mark(text) for text in _found(row)]
    n = [notes.mark(unscored)] if unscored else []
    entries = []
    for (text, rank, std), column in cells:
        said = failure_notes(result) or cell_notes(result.cell(column), scored)
        marks = [notes.mark(note) for note in said]
        marks += n if len(row) > 1 or not (text or marks) else []
        entries.append(Entry(text, rank, tuple(marks), std))
    return Line(
        Entry(result.method.label, "", tuple(label)),
        Entry(str(scored), "", tuple(n)),
        tuple(entries),
        is_anchor(result.method),
        result.method.citation.key if result.method.citation else "",
        ours,
    )


def _found(row: Sequence[Result]) -> list[str]:
    """What checks found in a method's images of the data sets that its row covers."""
    return [
        f"{r.dataset.name}: {finding_note(f)}" if len(row) > 1 else finding_note(f)
        for r in row
        for f in r.findings
    ]


def heading(board: Board) -> str:
    """The data set, its size and split, and the convention."""
    return f"{dataset_heading(board)}, convention {board.convention}"


def dataset_heading(board: Board) -> str:
    """The data set, its size and split."""
    data = board.dataset
    split = f"; split {data.split}" if data.split else ""
    return f"{data.title or data.name} (N = {pairs_word(len(data.pairs))}{split})"


def provenance(board: Board) -> str:
    """What identifies the data and the program."""
    return f"Data fingerprint {fingerprint(board)}; fusionbench {board.version}"


def fingerprint(board: Board) -> str:
    """The first digits of the data's fingerprint."""
    return board.dataset.fingerprint[:FINGERPRINT_DIGITS]


def explanation(
    table: Table, marks: Marks = "bold-underline", more: Sequence[Table] = ()
) -> list[str]:
    """The sentences of a caption between the heading and the provenance.

    Args:
        table: The table.
        marks: How the format that it is written in shows its ranks.
        more: Tables that stand in one with it.
    """
    tables = [table, *more]
    deviations = " ± standard deviations" if table.style.std else ""
    said = [f"Means{deviations} over the pairs"]
    directions = {c.better for c in table.columns}
    legend = [f"{ARROWS[b]} {b} is better" for b in ARROWS if b in directions]
    ranks_used = {cell.rank for t in tables for line in t.lines for cell in line.cells}
    if "best" in ranks_used:
        legend.append(LEGENDS[marks])
    said.append("; ".join(legend))
    if table.has_anchors:
        said.append(
            "The source images in the first rows are not ranked: "
            "a copy of a source wins some metrics trivially"
        )
    if "unranked" in ranks_used:
        said.append("A mean over fewer pairs than others of its column is not ranked")
    for data in (t.board.dataset for t in tables):
        if data.skipped:
            name = data.name if more else "the data set"
            said.append(f"{pairs_word(len(data.skipped))} of {name} left out as unusable")
    return said


def remarks(board: Board) -> list[str]:
    """What checks found in the pairs: footnotes of the whole table."""
    return [finding_note(finding) for finding in board.findings]


def sentence(text: str) -> str:
    """The text with one full stop at its end."""
    return f"{text.rstrip('.')}."
