"""Which numbers compete, what the marks of a table mean, and which of them are wrong."""

from __future__ import annotations

import itertools
import math
import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from fusionbench.cards import Better
from fusionbench.latex_check.headings import Direction, Directions, Said, fold
from fusionbench.latex_check.styled import hue
from fusionbench.latex_check.table import Block, Cell, Row, in_one_unit

SOURCE = re.compile(
    r"(source)?(ir|vi|vis|tir|rgb|infrared|visible|thermal)(image|images|only|source|light)*"
)
NO_METHOD = re.compile(
    r"[Δ∆↑].*|.*\bimprovements?\b.*|(relative |abs\S* |rel\S* )?(gain|increase|reduction|impr)\b.*|"
    r"pairs|images|(friedman|wilcoxon|nemenyi|holm|kendall|spearman|critical difference)\b.*|"
    r"c\.?d\.?|p(.values?)?|[τρ]\b.*",
    re.I | re.S,
)
PLACES = {1: "best", 2: "second", 3: "third"}
USUAL = {"bold": 1, "underlined": 2, "italic": 3, "red": 1, "blue": 2, "green": 3}
USUAL_SHADES = {"red": 1, "orange": 2, "yellow": 3, "blue": 2, "green": 3}
FIRM = ("bold", "underlined", "red", "blue")
MOST_MARKS = 5
Grouping = Callable[[Row], object]
Meaning = dict[str, frozenset[int]]


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

    @property
    def ahead(self) -> dict[float, int]:
        """How many numbers are better than each."""
        places = self.places
        counts = Counter(places[e.cell.value or 0.0] for e in self.entries)
        return {v: sum(n for p, n in counts.items() if p < place) for v, place in places.items()}


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


@dataclass(frozen=True)
class Wrong:
    """A number whose marks are not those of its place."""

    where: str
    text: str


def lanes(block: Block, directions: Directions, classes: bool = False) -> list[Lane]:
    """The columns of a block, or its rows where more of these are metrics.

    Args:
        block: The block.
        directions: What says which way is better.
        classes: Whether names of classes are metrics.
    """
    labels = block.labels
    numbers = [c for c in range(block.width) if c not in labels]
    columns = [_column(block, c, directions, classes) for c in numbers]
    rows = [_row(block, row, labels, directions, classes) for row in block.rows]
    if _share(rows) > max(0.5, _share(columns)):
        return [_tidy(lane) for lane in rows]
    return [_tidy(lane) for lane in _without_noted_rows(columns)]


def _share(found: Sequence[Lane]) -> float:
    return sum(lane.direction is not None for lane in found) / max(1, len(found))


def _tidy(lane: Lane) -> Lane:
    """The lane in one unit, without marks that all of its numbers have."""
    entries = lane.entries
    cells = in_one_unit([entry.cell for _, entry in entries])
    if len(cells) > 2:
        everywhere = frozenset.intersection(*(cell.marks for cell in cells))
        cells = [replace(cell, marks=cell.marks - everywhere) for cell in cells]
    paired = zip(entries, cells, strict=True)
    return replace(lane, entries=tuple((row, replace(e, cell=cell)) for (row, e), cell in paired))


def _column(block: Block, column: int, directions: Directions, classes: bool) -> Lane:
    levels = block.levels(column)
    entries = tuple(
        (row, Entry(row.cells[column], block.label(row)))
        for row in block.rows
        if column < len(row.cells)
        and row.cells[column].value is not None
        and (column == 0 or row.cells[column - 1] is not row.cells[column])
    )
    words = " / ".join(dict.fromkeys(c.text for c in reversed(levels) if c.text))
    return Lane(words or f"column {column + 1}", directions.of(levels, classes), entries)


def _row(block: Block, row: Row, labels: list[int], directions: Directions, classes: bool) -> Lane:
    words = [row.cells[c] for c in reversed(labels) if c < len(row.cells)]
    entries = tuple(
        (row, Entry(cell, " ".join(c.text for c in reversed(block.levels(column)) if c.text)))
        for column, cell in enumerate(row.cells)
        if column not in labels and cell.value is not None
    )
    return Lane(block.label(row), directions.of(words, classes), entries)


def _without_noted_rows(columns: list[Lane]) -> list[Lane]:
    """Columns in which a footnote on a row's count of pairs hangs on its unmarked numbers too."""
    noted = {id(row) for c in columns if not c.direction for row, e in c.entries if e.cell.noted}
    return [
        replace(lane, entries=tuple((r, e) for r, e in lane.entries if _counts(r, e, noted)))
        for lane in columns
    ]


def _counts(row: Row, entry: Entry, noted: set[int]) -> bool:
    return bool(entry.cell.marks) or id(row) not in noted


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
    raised = [entry.cell.noted for _, entry in lane.entries if not NO_METHOD.fullmatch(entry.name)]
    lettered = 2 * sum(raised) > len(raised)  # groups that cannot be told apart, no reservations
    for row, entry in lane.entries:
        reserved = entry.cell.noted and not entry.cell.marks and not lettered
        left_out = reserved or NO_METHOD.fullmatch(entry.name)
        if not left_out and (with_sources or not is_source(entry.name)):
            groups.setdefault(grouping(row), []).append(entry)
    return [Contest(lane.heading, lane.direction.better, tuple(e)) for e in groups.values()]


def is_source(name: str) -> bool:
    """Whether a row or column is a source image rather than a method."""
    return SOURCE.fullmatch(fold(name)) is not None


@dataclass(frozen=True)
class _Seen:
    """Numbers alike: their marks, their place, and the place that ties ahead would leave them."""

    marks: frozenset[str]
    place: int
    late: int
    names: frozenset[str]


@dataclass(frozen=True)
class Learnt:
    """The places that each mark stands for, and what is wrong then, what is unusual added.

    ``skips``: after two that tie for the best comes no second but the third.
    """

    meaning: Meaning
    skips: bool = False
    cost: float = math.inf


def learn(found: Sequence[Contest], said: Said) -> Learnt:
    """The places that each mark stands for.

    A mark stands for what the caption says. Otherwise bold and red are the best, underlined and
    blue the second, unless numbers throughout the table say another thing: red and bold on the
    best with blue and bold on the second, or colours the other way round. Other marks stand for
    what they mostly mark, or for nothing. There is no second without a best and no third without
    a second.

    Args:
        found: What the numbers compete in.
        said: What the caption says.
    """
    seen = Counter(_seen(found))
    uses: Counter[str] = Counter()
    for kind, count in seen.items():
        uses.update(dict.fromkeys(kind.marks, count))
    marks = [mark for mark, _ in sorted(uses.items(), key=lambda u: (-u[1], u[0]))]
    rows = {m: {n for k in seen if m in k.marks for n in k.names} for m in marks}
    choices = [_choices(m, uses[m], said, len(rows[m]) == 1) for m in marks[:MOST_MARKS]]
    # marks beyond the most used are not looked at
    best = Learnt({})
    for chosen in itertools.product(*choices):
        meaning = {m: places for m, (places, _) in zip(marks, chosen, strict=False) if places}
        unusual = sum(extra for _, extra in chosen)
        if unusual >= best.cost or not _sensible(meaning, said):
            continue
        for skips in (False, True):
            wrong = sum(n for kind, n in seen.items() if not _fits(kind, meaning, skips))
            cost = unusual + wrong + 0.5 * skips
            best = min(best, Learnt(meaning, skips, cost), key=lambda learnt: learnt.cost)
    return learn(found, {}) if said and math.isinf(best.cost) else best


def _seen(found: Iterable[Contest]) -> Iterator[_Seen]:
    for contest in found:
        places, ahead = contest.places, contest.ahead
        for entry in contest.entries:
            value = entry.cell.value or 0.0
            alone = len(contest.entries) < 2
            place = 0 if alone else places[value]
            late = place if alone else ahead[value] + 1
            yield _Seen(entry.cell.marks, place, late, frozenset((entry.name,)))


def _fits(kind: _Seen, meaning: Meaning, skips: bool) -> bool:
    """Whether the marks are those of the place."""
    place = kind.late if skips else kind.place
    return kind.marks & meaning.keys() == (due_at(place, meaning) if kind.place else set())


def due_at(place: int, meaning: Mapping[str, frozenset[int]]) -> set[str]:
    """The marks that a place is due."""
    return {mark for mark, places in meaning.items() if place in places}


def _choices(mark: str, uses: int, said: Said, one_row: bool) -> list[tuple[frozenset[int], float]]:
    """What a mark may stand for, with what makes each unlikely: 0 for the usual."""
    told = said.get(mark, said.get(hue(mark) or mark))
    if told is not None:
        return [(told, 0.0)]
    shade = mark.startswith("on ")
    usual = (USUAL_SHADES if shade else USUAL).get(hue(mark) or mark, 0)
    firm = mark in FIRM or (not shade and hue(mark) in FIRM)
    nothing = 0.75 * uses + 1.0 + 0.5 * bool(usual)
    found = [(frozenset((usual,)), 0.0)] if usual else []
    another = max(2.0, 0.5 * uses) if firm else 1.0 if usual else 0.0
    found += [(frozenset((place,)), another + 0.25 * place) for place in PLACES if place != usual]
    both = max(1.0, 0.1 * uses) + 0.01
    found += [(frozenset(set_), both) for set_ in ((1, 2), (1, 2, 3), (2, 3))]
    if not firm or (one_row and uses > 2):
        found.append((frozenset(), nothing))
    return found


def _sensible(meaning: Meaning, said: Said) -> bool:
    """Whether places are told apart, and none is marked without the one before it."""
    due = {place: due_at(place, meaning) for place in PLACES}
    told = set().union(*said.values()) if said else set()
    for place in (2, 3):
        if due[place] and not due[place - 1] and place not in told:
            return False
        if due[place] and due[place] == due[place - 1]:
            return False
    return True


def judge(found: Sequence[Contest], learnt: Learnt) -> list[Wrong]:
    """Every number that is marked wrongly, or is not marked and should be."""
    return [wrong for contest in found for wrong in _judge(contest, learnt)]


def _judge(contest: Contest, learnt: Learnt) -> Iterator[Wrong]:
    kinds = list(_seen([contest]))
    for entry, kind in zip(contest.entries, kinds, strict=True):
        if _fits(kind, learnt.meaning, learnt.skips):
            continue
        if not kind.place:
            text = _said(contest, entry, "has nothing to compare with")
        else:
            place = kind.late if learnt.skips else kind.place
            text = _explained(contest, entry, due_at(place, learnt.meaning), place)
        yield Wrong(entry.cell.where, text)


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


def meaning_text(meaning: Meaning) -> str:
    """What marks stand for in words."""
    order = sorted(meaning.items())
    return ", ".join(f"{m} is {' and '.join(PLACES[p] for p in sorted(s))}" for m, s in order)
