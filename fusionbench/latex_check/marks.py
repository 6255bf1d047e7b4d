"""Which numbers compete, which way is better, what marks mean, and which are wrong."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from fusionbench.cards import Better
from fusionbench.latex_check.table import Block, Cell, Row

_LEAST_PREFIX = 3


@dataclass(frozen=True)
class Direction:
    """Which way is better, and whether a metric's card says otherwise."""

    better: Better
    disputed: bool = False


class Directions:
    """Finds the direction of headings.

    Args:
        cards: Names and titles of metrics with their direction.
        higher, lower: Headings that the user decides, however they are written.
    """

    def __init__(
        self, cards: Mapping[str, Better], higher: Iterable[str] = (), lower: Iterable[str] = ()
    ) -> None:
        self._cards = {fold(name): better for name, better in cards.items()}
        self._said: dict[str, Better] = {fold(name): "higher" for name in higher if fold(name)}
        self._said |= {fold(name): "lower" for name in lower if fold(name)}

    def of(self, levels: Iterable[Cell]) -> Direction | None:
        """The direction of a column from its headings, the closest first."""
        for cell in levels:
            if (found := self._one(cell)) is not None:
                return found
        return None

    def _one(self, cell: Cell) -> Direction | None:
        names = _names(cell)
        said = next((self._said[name] for name in names if name in self._said), None)
        if said is not None:
            return Direction(said)
        card = next((b for name in names if (b := self._card(name)) is not None), None)
        arrows = set(cell.text) & {"↑", "↓"}
        if len(arrows) == 1:
            arrow: Better = "higher" if arrows == {"↑"} else "lower"
            return Direction(arrow, card is not None and card != arrow)
        return Direction(card) if card is not None else None

    def _card(self, name: str) -> Better | None:
        if name in self._cards:
            return self._cards[name]
        if len(name) < _LEAST_PREFIX:
            return None
        family = {better for known, better in self._cards.items() if known.startswith(name)}
        return family.pop() if len(family) == 1 else None


def metric_cards() -> dict[str, Better]:
    """Every installed metric's direction, by name and by title."""
    from fusionbench.plugins import metric_card
    from fusionbench.registry import METRICS

    cards = [metric_card(entry.plugin) for entry in METRICS]
    return {name: card.better for card in cards for name in (card.title, card.name)}


def fold(text: str) -> str:
    """Letters and digits alone, in lower case: ``Q^{AB/F}`` and ``Qabf`` are the same."""
    return re.sub(r"[\W_]", "", text.casefold())


def _names(cell: Cell) -> list[str]:
    """What a heading may be called: in full, without scripts, without and within parentheses."""
    bare = re.sub(r"\([^)]*\)", "", cell.text)
    inner = re.findall(r"\(([^)]*)\)", cell.text)
    folded = [fold(text) for text in (cell.text, bare, cell.plain, *inner)]
    return [name for name in dict.fromkeys(folded) if name]


SOURCE = re.compile(
    r"(source)?(ir|vi|vis|tir|rgb|infrared|visible|thermal)(image|images|only|source|light)*"
)
Grouping = Callable[[Row], object]


@dataclass(frozen=True)
class Entry:
    """A number that competes, and whose it is."""

    cell: Cell
    name: str


@dataclass(frozen=True)
class Contest:
    """Numbers of one metric that are ranked together."""

    heading: str
    better: Better
    entries: tuple[Entry, ...]

    @property
    def places(self) -> dict[float, int]:
        """The place of each different number that is ranked, from 1."""
        values = {e.cell.value for e in self.entries if e.cell.value is not None}
        ordered = sorted(values, reverse=self.better == "higher")
        return {value: place for place, value in enumerate(ordered, start=1)}


@dataclass(frozen=True)
class Lane:
    """A column (or a row, where methods stand side by side) of one metric, before it is grouped."""

    heading: str
    direction: Direction | None
    entries: tuple[tuple[Row, Entry], ...]

    @property
    def marked(self) -> bool:
        """Whether any of its numbers is marked."""
        return any(entry.cell.marks for _, entry in self.entries)

    @property
    def units(self) -> set[str]:
        """What follows its numbers."""
        return {entry.cell.unit for _, entry in self.entries}


def lanes(block: Block, directions: Directions) -> list[Lane]:
    """The columns of a block, or its rows where these are the metrics."""
    labels = block.labels
    numbers = [c for c in range(block.width) if c not in labels]
    columns = [_column(block, c, directions) for c in numbers]
    if any(lane.direction for lane in columns):
        return _without_noted_rows(block, columns)
    rows = [_row(block, row, labels, directions) for row in block.rows]
    return rows if any(lane.direction for lane in rows) else columns


def _column(block: Block, column: int, directions: Directions) -> Lane:
    levels = block.levels(column)
    entries = tuple(
        (row, Entry(row.cells[column], block.label(row)))
        for row in block.rows
        if column < len(row.cells)
        and row.cells[column].value is not None
        and (column == 0 or row.cells[column - 1] is not row.cells[column])
    )
    words = " / ".join(dict.fromkeys(c.text for c in reversed(levels) if c.text))
    return Lane(words or f"column {column + 1}", directions.of(levels), entries)


def _row(block: Block, row: Row, labels: list[int], directions: Directions) -> Lane:
    words = [row.cells[c] for c in reversed(labels) if c < len(row.cells)]
    entries = tuple(
        (row, Entry(cell, " ".join(c.text for c in reversed(block.levels(column)) if c.text)))
        for column, cell in enumerate(row.cells)
        if column not in labels and cell.value is not None
    )
    return Lane(block.label(row), directions.of(words), entries)


def _without_noted_rows(block: Block, columns: list[Lane]) -> list[Lane]:
    """Columns in which a footnote on a row's count of pairs hangs on its unmarked numbers too."""
    noted = {id(row) for c in columns if not c.direction for row, e in c.entries if e.cell.noted}
    return [
        Lane(
            lane.heading,
            lane.direction,
            tuple((r, e) for r, e in lane.entries if e.cell.marks or id(r) not in noted),
        )
        for lane in columns
    ]


def groupings(block: Block) -> Iterator[Grouping]:
    """Ways in which a table's rows may be groups that are ranked apart, the likeliest first."""
    if len({row.title for row in block.rows}) > 1:
        yield lambda row: row.title
    yield lambda row: 0
    labels = block.labels
    if len(labels) > 1:
        for column in labels:
            yield lambda row, c=column: row.cells[c].plain if c < len(row.cells) else ""  # type: ignore[misc]
    if len({row.rule for row in block.rows}) > 1:
        yield lambda row: row.rule


def contests(lane: Lane, grouping: Grouping, with_sources: bool) -> list[Contest]:
    """A lane's numbers in groups; a number with a footnote and no mark does not compete."""
    if lane.direction is None:
        return []
    groups: dict[object, list[Entry]] = {}
    for row, entry in lane.entries:
        left_out = entry.cell.noted and not entry.cell.marks
        if not left_out and (with_sources or not is_source(entry.name)):
            groups.setdefault(grouping(row), []).append(entry)
    return [Contest(lane.heading, lane.direction.better, tuple(e)) for e in groups.values()]


def is_source(name: str) -> bool:
    """Whether a row or column is a source image rather than a method."""
    return SOURCE.fullmatch(fold(name)) is not None


PLACES = {1: "best", 2: "second", 3: "third"}
USUAL = {"bold": 1, "underlined": 2, "italic": 3, "red": 1, "blue": 2, "green": 3}
ALWAYS = ("bold", "underlined")
AGREEMENT = 0.5


@dataclass(frozen=True)
class Wrong:
    """A number whose marks are not those of its place."""

    line: int
    text: str


def learn(contests: Iterable[Contest]) -> dict[str, int]:
    """The place that each mark stands for.

    A mark stands for the place (first to third) that it marks most often, if at least half of its
    uses and half of the numbers in that place agree. Bold and underlined are always taken to mean
    something: where nothing agrees, best and second.
    """
    uses: dict[str, Counter[int]] = {}
    holders: Counter[int] = Counter()
    for contest in contests:
        if len(contest.entries) < 2:
            continue
        places = contest.places
        for entry in contest.entries:
            place = places[entry.cell.value or 0.0]
            holders[place] += 1
            for mark in entry.cell.marks:
                uses.setdefault(mark, Counter())[place] += 1
    learnt = {mark: _place(mark, used, holders) for mark, used in uses.items()}
    return {mark: place for mark, place in learnt.items() if place}


def _place(mark: str, used: Counter[int], holders: Counter[int]) -> int:
    usual = USUAL.get(mark, 0)
    place = max(PLACES, key=lambda p: (used[p], p == usual))
    agrees = used[place] >= AGREEMENT * max(used.total(), holders[place])
    return place if agrees else usual if mark in ALWAYS else 0


def judge(contests: Sequence[Contest], meaning: Mapping[str, int]) -> list[Wrong]:
    """Every number that is marked wrongly, or is not marked and should be."""
    return [wrong for contest in contests for wrong in _judge(contest, meaning)]


def ignored(contests: Iterable[Contest], meaning: Mapping[str, int]) -> int:
    """How many marks stand on numbers without meaning a place."""
    return sum(len(e.cell.marks - meaning.keys()) for c in contests for e in c.entries)


def _judge(contest: Contest, meaning: Mapping[str, int]) -> list[Wrong]:
    places = contest.places
    if len(contest.entries) < 2:
        alone = [e for e in contest.entries if e.cell.marks & meaning.keys()]
        return [Wrong(e.cell.line, _said(contest, e, "has nothing to compare with")) for e in alone]
    wrong = []
    for entry in contest.entries:
        place = places[entry.cell.value or 0.0]
        due = {mark for mark, meant in meaning.items() if meant == place}
        if due != entry.cell.marks & meaning.keys():
            wrong.append(Wrong(entry.cell.line, _explained(contest, entry, due, place)))
    return wrong


def _explained(contest: Contest, entry: Entry, due: set[str], place: int) -> str:
    name = PLACES.get(place, f"number {place}")
    ties = sum(e.cell.value == entry.cell.value for e in contest.entries) > 1
    reason = f"{'tied for' if ties else 'it is'} {name} ({contest.better} is better)"
    if place > 1:
        first = next(e for e in contest.entries if contest.places[e.cell.value or 0.0] == 1)
        reason += f"; the best is {first.cell.shown} ({first.name})"
    return _said(contest, entry, f"should be {marks_text(due)}: {reason}")


def _said(contest: Contest, entry: Entry, text: str) -> str:
    marks = marks_text(entry.cell.marks)
    return f"{contest.heading}, {entry.name}: {entry.cell.shown} is {marks}, {text}"


def marks_text(marks: Iterable[str]) -> str:
    """Marks in words."""
    return " and ".join(sorted(marks)) or "unmarked"
