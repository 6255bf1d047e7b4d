"""What the marks of a table mean, learnt from the table, and which of them are wrong."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from fusionbench.report.latex_checking.contests import Contest, Entry

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
