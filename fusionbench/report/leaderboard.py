"""The leaderboard: every metric of every method, as tables."""

from __future__ import annotations

import math
import statistics
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from fusionbench.cards import Better
from fusionbench.citing import cited_by
from fusionbench.errors import UnknownNameError
from fusionbench.files import write_texts
from fusionbench.manifest import ColumnRecord, Manifest, MethodRecord
from fusionbench.report.footnotes import marks_of_cell, marks_of_row, unscored_note
from fusionbench.results import SCORES, Board, Result, Results, full_name, sources_first
from fusionbench.statistics.contests import rank_board
from fusionbench.tables.csvs import frame_text
from fusionbench.tables.escaping import escape, symbol
from fusionbench.tables.latex import write_tables
from fusionbench.tables.markdown import document
from fusionbench.tables.model import WIDEST, Block, Entry, Header, Line, Table
from fusionbench.tables.notes import Notes, pairs_word
from fusionbench.tables.numbers import Rank, decimals, ranks, rounded, shown
from fusionbench.tables.style import PLAIN, Marks, TableStyle

FINGERPRINT_DIGITS = 12
ARROWS: dict[Better, str] = {"higher": "↑", "lower": "↓"}
LEGENDS: dict[Marks, str] = {
    "bold-underline": "best in bold, second best underlined, ties marked alike",
    "red-blue": "best in red, second best in blue, ties marked alike",
    "top3": "best in bold, second best underlined, third best in italics, ties marked alike",
}
TITLES = ("Source images, not ranked", "Fusion methods", "Ours")
WITH_STD = 1.6
"""Width of a number with its standard deviation."""
WIDE, WIDE_SHORT = 12.0, 16.0
"""Widths of numbers beside each other where data sets are; the latter of those of two decimals."""
SHORT_DECIMALS = 2
MOST_ROWS = 48
"""Rows of data sets above each other that fit on a page."""


def write_leaderboard(results: Results, style: TableStyle = PLAIN) -> list[Path]:
    """Write ``leaderboard.csv`` (means), ``scores.csv`` (every value), ``.md`` and ``.tex``.

    Numbers of the CSV files are in full precision. Of the style, the layout and colours have no
    meaning in Markdown.

    Raises:
        UnknownNameError: ``style.ours`` is no method of the run.
    """
    run = results.run
    means = results.means if results.means.notes.any() else results.means.drop(columns="notes")
    scores = (results.whole or results).scores  # all of them, whatever is shown
    scores = scores[~scores.problem.str.startswith("failed")]
    texts = {
        "leaderboard.csv": frame_text(means),
        "scores.csv": frame_text(scores[list(SCORES)], nan="nan"),
        "leaderboard.md": document("Leaderboard", leaderboard_tables(results, style.plain)),
    }
    cited = {m.cite: m.citation for m in run.manifest.methods if m.citation}
    cited |= cited_by(run.manifest.columns)
    texts["references.bib"] = "".join(f"{citation.bibtex}\n" for citation in cited.values())
    tables = leaderboard_tables(results, style)
    written = write_texts(run.root, texts)
    return [*written, *write_tables(run.root, "leaderboard", tables, references(results.manifest))]


def references(manifest: Manifest) -> dict[str, str]:
    """What the rows of a run's tables cite, one line of text each, by key."""
    return {m.cite: m.citation.text for m in manifest.methods if m.citation}


def leaderboard_tables(results: Results, style: TableStyle = PLAIN) -> list[Table]:
    """The tables of a run: as ``style.layout`` puts its data sets.

    Source images come first and are not ranked. Only means over the same pairs compare, so a cell
    is ranked where it covers every pair that any method of its column covers.

    Raises:
        UnknownNameError: ``style.ours`` is no method of the run.
    """
    boards = results.boards(side_by_side=style.side_by_side)
    if style.layout == "single":
        return [board_table(board, style) for board in boards]
    groups = [
        [board for board in boards if board.convention == name]
        for name in dict.fromkeys(board.convention for board in boards)
    ]
    make = _stacked if style.layout == "stacked" else _wide
    return [table for group in groups for table in make(group, style)]


def board_table(board: Board, style: TableStyle = PLAIN) -> Table:
    """The table of one data set."""
    return _Sheet([board], board.columns, replace(style, layout="single")).table(
        f"{board.dataset.name}-{board.convention}"
    )


def _stacked(group: Sequence[Board], style: TableStyle) -> list[Table]:
    """A table with the data sets above each other, in as few as fit on a page each."""
    stacks: list[list[Board]] = []
    rows = MOST_ROWS
    for board in group:
        needed = len(board.results) + 1
        if rows + needed > MOST_ROWS:
            stacks.append([])
            rows = 0
        stacks[-1].append(board)
        rows += needed
    made = [_Sheet(s, group[0].columns, style, group).table(group[0].convention) for s in stacks]
    parts = [part for table in made for part in table.split()]
    if len(parts) == 1:
        return parts
    return [replace(part, part=n, parts=len(parts)) for n, part in enumerate(parts, 1)]


def _wide(group: Sequence[Board], style: TableStyle) -> list[Table]:
    """Tables with the data sets beside each other, each with as many metrics as fit."""
    columns = group[0].columns
    short = style.decimals is not None and style.decimals <= SHORT_DECIMALS and not style.std
    each = (WITH_STD if style.std else 1.0) * len(group)
    count = max(1, math.ceil(len(columns) / max(1, (WIDE_SHORT if short else WIDE) // each)))
    size = math.ceil(len(columns) / count)
    return [
        replace(
            _Sheet(group, columns[size * part : size * (part + 1)], style).table(
                group[0].convention
            ),
            part=part + 1,
            parts=count,
        )
        for part in range(count)
    ]


@dataclass
class _Sheet:
    """What stands in one table: data sets under a convention, and some of the metrics.

    ``together`` are the boards that share the order of methods and the decimals of metrics.
    """

    boards: Sequence[Board]
    columns: Sequence[ColumnRecord]
    style: TableStyle
    together: Sequence[Board] = ()

    def __post_init__(self) -> None:
        self.together = self.together or self.boards
        self.notes = Notes()
        self._known: dict[tuple[str, str], dict[str, tuple[str, Rank, str]]] = {}
        self.order = arranged(self.together, self.style)
        methods = [result.method for result in self.boards[0].results]
        self.ours = find_ours(methods, self.style.ours)
        self.wide = self.style.layout == "wide"
        self.counted = not self.wide and any(map(_counts_differ, self.boards))

    def table(self, name: str) -> Table:
        """The table, under a name that tells it apart."""
        blocks = self._abreast() if self.wide else self._below()
        used = {cell.rank for b in blocks for line in b.lines for cell in line.cells}
        return Table(
            name=name,
            heading=heading(*self.boards),
            headers=tuple(self._headers()),
            blocks=tuple(blocks),
            caption=self._caption(used),
            notes=self.notes.texts,
            remarks=tuple(self._remarks(used)),
            marks=self.style.marks,
        )

    def _headers(self) -> Iterator[Header]:
        width = WITH_STD if self.style.std else 1.0
        if self.wide:
            shared = WIDEST / (len(self.boards) * len(self.columns) + 1)
            width = min(width, shared)  # what fits beside each other has been chosen
        for board in self.boards if self.wide else self.boards[:1]:
            title = f"{board.dataset.name} (N = {len(board.dataset.pairs)})" if self.wide else ""
            yield from [Header("N", width=0, kept=True)] if self.counted else []
            several = len({column.convention for column in self.columns}) > 1
            for column in self.columns:
                arrow, named = ARROWS[column.better], column.metric
                beside = f"({column.convention}) {arrow}" if several else arrow
                tex = f"{symbol(named)} {escape(beside)}"
                yield Header(f"{named} {beside}", title, width=width, tex=tex)

    def _below(self) -> list[Block]:
        """The blocks of every board, those of one after those of another."""
        blocks = []
        for board in self.boards:
            rows = [self._line(board, result, [result]) for result in self._results(board)]
            over = dataset_heading(board) if self.style.layout == "stacked" else ""
            for title, lines in self._grouped(rows):
                blocks.append(Block(lines, title, over))
                over = ""
        return blocks

    def _abreast(self) -> list[Block]:
        """One row for each method, with its cells of every board."""
        rows = []
        for of in zip(*map(self._results, self.boards), strict=True):
            made = [self._line(b, r, of)[1] for b, r in zip(self.boards, of, strict=True)]
            cells = tuple(cell for line in made for cell in line.cells)
            rows.append((of[0].method, replace(made[0], cells=cells)))
        return [Block(lines, title) for title, lines in self._grouped(rows)]

    def _results(self, board: Board) -> list[Result]:
        return sorted(board.results, key=lambda r: self.order.index(r.method.name))

    def _grouped(
        self, rows: Sequence[tuple[MethodRecord, Line]]
    ) -> list[tuple[str, tuple[Line, ...]]]:
        """Source images, methods, ours; titled where there is more than methods."""
        groups: tuple[list[Line], ...] = ([], [], [])
        for method, line in rows:
            groups[0 if method.is_source else 2 if method.name == self.ours else 1].append(line)
        plain = not groups[0] and not groups[2]
        found = zip(TITLES, map(tuple, groups), strict=True)
        return [("" if plain else title, lines) for title, lines in found if lines]

    def _line(
        self, board: Board, result: Result, row: Sequence[Result]
    ) -> tuple[MethodRecord, Line]:
        """A result as a row, or as its part of a row of several."""
        scored = result.scored(board.columns)
        label = Entry(result.method.label, marks=marks_of_row(row, self.notes))
        unscored = unscored_note(result, scored)
        few = (self.notes.mark(unscored),) if unscored else ()
        cells = [Entry(str(scored), marks=few)] if self.counted else []
        for column in self.columns:
            text, rank, std = self._numbers(board, column)[result.method.name]
            marks = marks_of_cell(result, column, scored, self.notes)
            marks += few if self.wide or not (text or marks) else ()
            cells.append(Entry(text, rank, marks, std))
        return result.method, Line(label, tuple(cells), result.method.cite)

    def _numbers(self, board: Board, column: ColumnRecord) -> dict[str, tuple[str, Rank, str]]:
        key = (board.dataset.name, full_name(column))
        if key not in self._known:
            places = column_places(self.together, column, self.style)
            self._known[key] = column_numbers(board.results, column, places, self.style)
        return self._known[key]

    def _caption(self, used: set[Rank]) -> tuple[str, ...]:
        directions = {column.better for column in self.columns}
        legend = [f"{ARROWS[b]} {b} is better" for b in ARROWS if b in directions]
        legend += [LEGENDS[self.style.marks]] if "best" in used else []
        return ("; ".join(legend),) if legend else ()

    def _remarks(self, used: set[Rank]) -> Iterator[str]:
        yield f"Means{' ± standard deviations' if self.style.std else ''} over the pairs"
        if any(r.method.is_source for board in self.boards for r in board.results):
            yield "Source images are not ranked: a copy of a source wins some metrics trivially"
        if "unranked" in used:
            yield "A mean over fewer pairs than others of its column is not ranked"
        several = len(self.boards) > 1
        for board in self.boards:
            said = [finding.said() for finding in board.findings]
            if skipped := board.dataset.skipped:
                said.append(f"{pairs_word(len(skipped))} left out as unusable")
            yield from (f"{board.dataset.name}: {text}" if several else text for text in said)
        yield provenance(*self.boards)


def _counts_differ(board: Board) -> bool:
    """Whether a method is scored on other than all pairs."""
    total = len(board.dataset.pairs)
    return any(r.scored(board.columns) != total for r in board.results)


def heading(*boards: Board) -> str:
    """The data set, its size and split, and the convention; of several their names alone."""
    several = len(boards) > 1
    *first, last = [b.dataset.name if several else dataset_heading(b) for b in boards]
    named = f"{', '.join(first)} and {last}" if first else last
    word = "conventions" if ", " in boards[0].convention else "convention"
    return f"{named}, {word} {boards[0].convention}"


def dataset_heading(board: Board) -> str:
    """The data set, its size and split."""
    data = board.dataset
    split = f"; split {data.split}" if data.split else ""
    return f"{data.title or data.name} (N = {pairs_word(len(data.pairs))}{split})"


def provenance(*boards: Board) -> str:
    """What identifies numbers: what makes them comparable with others."""
    data = [
        f"{b.dataset.name}: N = {pairs_word(len(b.dataset.pairs))}, "
        f"data fingerprint {fingerprint(b)}"
        for b in boards
    ]
    return f"Convention {boards[0].convention}; {'; '.join(data)}; fusionbench {boards[0].version}"


def fingerprint(board: Board) -> str:
    """The first digits of the data's fingerprint."""
    return board.dataset.fingerprint[:FINGERPRINT_DIGITS]


def column_places(boards: Sequence[Board], column: ColumnRecord, style: TableStyle) -> int:
    """Decimals of a metric in a table: the same on all of its data sets."""
    if style.decimals is not None:
        return style.decimals
    return min(decimals(_contending(board.results, column)) for board in boards)


def column_numbers(
    results: Sequence[Result], column: ColumnRecord, places: int, style: TableStyle = PLAIN
) -> dict[str, tuple[str, Rank, str]]:
    """Text, rank and standard deviation of each method's cell; texts are empty where none is.

    Only means over the same pairs compare, so a cell is ranked where it covers every pair that any
    method of the column covers. Ranks are those of the rounded values. The standard deviation is
    that of the sample (divided by the number of pairs less one).
    """
    means = [result.mean(column) for result in results]
    contend = [
        not math.isnan(mean) and not result.method.is_source
        for mean, result in zip(means, results, strict=True)
    ]
    covered = [set(result.cell(column).values) for result in results]
    every = set().union(*(p for p, c in zip(covered, contend, strict=True) if c))
    full = [c and p == every for c, p in zip(contend, covered, strict=True)]
    compared = [rounded(m, places) if f else None for m, f in zip(means, full, strict=True)]
    ranked = ranks(compared, column.better, style.depth)
    named: list[Rank] = [
        "unranked" if c and not f else rank
        for c, f, rank in zip(contend, full, ranked, strict=True)
    ]
    texts = ["" if math.isnan(mean) else shown(mean, places) for mean in means]
    spreads = [_spread(r, column, places) if style.std else "" for r in results]
    names = [result.method.name for result in results]
    return dict(zip(names, zip(texts, named, spreads, strict=True), strict=True))


def _contending(results: Sequence[Result], column: ColumnRecord) -> list[float]:
    """The means that are ranked, or all of them where none is."""
    means = [(r.mean(column), r.method.is_source) for r in results]
    return [m for m, source in means if not source and not math.isnan(m)] or [m for m, _ in means]


def _spread(result: Result, column: ColumnRecord, places: int) -> str:
    values = list(result.cell(column).values.values())
    if math.isnan(result.mean(column)) or len(values) < 2 or not all(map(math.isfinite, values)):
        return ""
    return shown(statistics.stdev(values), places)


def arranged(boards: Sequence[Board], style: TableStyle) -> list[str]:
    """Names of the methods in the order of the rows: source images, methods, ours.

    Args:
        boards: The boards whose numbers stand in one table; they share the order.
        style: Which order; methods that it cannot tell apart stay as they were given.

    Raises:
        UnknownNameError: ``style.ours`` is no method of the run.
    """
    methods = list({r.method.name: r.method for board in boards for r in board.results}.values())
    last = find_ours(methods, style.ours)
    key = _key(boards, style)
    ordered = sources_first(sorted(methods, key=lambda m: (m.name == last, key(m))))
    return [method.name for method in ordered]


def find_ours(methods: Iterable[MethodRecord], ours: str) -> str:
    """The name of the method that ``--ours`` means; empty where it means none.

    Raises:
        UnknownNameError: There is no such method (source images are none).
    """
    known = [method for method in methods if not method.is_source]
    wanted = ours.casefold()
    for method in known:
        if ours and wanted in (method.name.casefold(), method.label.casefold()):
            return method.name
    if ours:
        names = [m.name for m in known]
        raise UnknownNameError("method of this run", ours, names, "fusionbench report RUN")
    return ""


def _key(boards: Sequence[Board], style: TableStyle) -> Callable[[MethodRecord], Any]:
    if style.order == "name":
        return lambda method: method.label.casefold()
    if style.order == "year":
        return lambda method: math.inf if method.year is None else method.year
    if style.order == "rank":
        means = mean_ranks(boards)
        return lambda method: means.get(method.name, math.inf)
    return lambda method: 0


def mean_ranks(boards: Iterable[Board]) -> dict[str, float]:
    """The overall mean rank of each method, the mean over the boards that rank it.

    It is the rank of ``ranks.md``: on every pair, over every metric; a method that is in no overall
    order there has none.
    """
    found: dict[str, list[float]] = {}
    for overall in filter(None, (rank_board(board).overall for board in boards)):
        for result, rank in zip(overall.methods, overall.mean_ranks.tolist(), strict=True):
            found.setdefault(result.method.name, []).append(rank)
    return {name: round(math.fsum(ranks) / len(ranks), 9) for name, ranks in found.items()}
