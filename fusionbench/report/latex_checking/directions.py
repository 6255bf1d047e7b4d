"""Which way a column is better: its arrow, what the user says, or the metric's card."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from fusionbench.cards import Better
from fusionbench.report.latex_checking.cells import Cell

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
