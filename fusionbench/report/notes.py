"""Footnotes: everything a reader must know about a row or a cell before quoting it."""

from __future__ import annotations

from collections.abc import Sequence

from fusionbench.checks import FindingRecord
from fusionbench.manifest import MethodRecord, WeightsRecord
from fusionbench.report.collect import Cell, Result, counted

DAGGER = "†"
TRAINED = "Scored on data that the method was trained on"
LETTERS = "abcdefghijklmnopqrstuvwxyz"
PAIRS_NAMED = 4
LONGEST_ERROR = 160


class Notes:
    """Footnotes of one table; equal texts share a mark."""

    def __init__(self) -> None:
        self._marks: dict[str, str] = {}

    def mark(self, text: str, symbol: str = "") -> str:
        """The mark of a note: the symbol if it is free, else ``a`` to ``z``, ``aa``, ``ab``, ..."""
        if text not in self._marks:
            taken = self._marks.values()
            free = symbol if symbol not in taken else ""
            self._marks[text] = free or _letters(sum(mark.isalpha() for mark in taken))
        return self._marks[text]

    @property
    def texts(self) -> list[tuple[str, str]]:
        """``(mark, text)`` in order."""
        return [(mark, text) for text, mark in self._marks.items()]


def _letters(number: int) -> str:
    last = LETTERS[number % 26]
    return last if number < 26 else _letters(number // 26 - 1) + last


def pairs_word(count: int) -> str:
    """``1 pair`` or ``8 pairs``."""
    return f"{count} pair" if count == 1 else f"{count} pairs"


def saw_in_training(result: Result) -> bool:
    """Whether the method was trained on the data set, the split or a pair that it is scored on."""
    data, method = result.dataset, result.method
    if not {data.name, f"{data.name}/{data.split}"}.isdisjoint(method.trained_on):
        return True
    ids = method.trained_pairs.get(data.name, [])
    return not {pair.id for pair in data.pairs}.isdisjoint(ids)


def trained_note(results: Sequence[Result]) -> str:
    """What a table says about a method that was trained on what it is scored on, or nothing.

    Args:
        results: The method's results on every data set that its row covers.
    """
    seen = [r.dataset.name for r in results if saw_in_training(r)]
    if not seen:
        return ""
    return TRAINED if len(results) == 1 else f"{TRAINED} ({', '.join(seen)})"


def weights_note(weights: WeightsRecord) -> str:
    """What a table says about the weights a method ran with."""
    return f"Weights: {weights.note or f'{weights.origin} ({weights.file})'}"


def finding_note(finding: FindingRecord) -> str:
    """What a table says about an input that a check found fault with."""
    return " ".join(finding.said().split())


def options_note(method: MethodRecord) -> str:
    """What a table says about a method that ran with other options than its defaults, or nothing.

    The defaults are what the authors' program does.
    """
    changed = ", ".join(f"{key} = {value}" for key, value in method.changed_options.items())
    return f"Not the default: {changed}" if changed else ""


def failure_notes(result: Result) -> list[str]:
    """One note for each different error of a method that failed: who, what, on which pairs."""
    if result.refused:
        return [finding_note(finding) for finding in result.refused]
    notes = []
    total = pairs_word(len(result.dataset.pairs))
    for error, count in counted(result.failed.values()):
        ids = [pair for pair, text in result.failed.items() if text == error]
        named = ", ".join(ids[:PAIRS_NAMED])
        if count > PAIRS_NAMED:
            named += f" and {count - PAIRS_NAMED} more"
        notes.append(
            f"{result.method.label} failed on {count} of {total} ({named}): {_one_line(error)}"
        )
    return notes


def unscored_note(result: Result, scored: int) -> str:
    """What a table says where not all pairs of a method have been scored, or nothing."""
    total = len(result.dataset.pairs)
    if scored + len(result.failed) >= total:
        return ""
    note = f"{scored} of {pairs_word(total)} scored"
    if result.absent:
        note += f" ({pairs_word(result.absent)} without a fused image)"
    return note


def cell_notes(cell: Cell, scored: int) -> list[str]:
    """What a table says about a mean that is not over all of a row's pairs."""
    notes = []
    total = pairs_word(scored)
    for reason, count in counted(cell.reasons.get(pair, "") for pair in cell.undefined):
        why = f" ({reason})" if reason else ""
        notes.append(_partial(f"Undefined on {count} of {total}{why}", cell))
    for error, count in counted(cell.errors.values()):
        notes.append(_partial(f"Failed on {count} of {total} with {_one_line(error)}", cell))
    if cell.pairs < scored:
        notes.append(f"{cell.pairs} of {total} scored in this column")
    return notes


def _partial(what: str, cell: Cell) -> str:
    over = len(cell.values)
    return f"{what}; the mean is over the other {pairs_word(over)}" if over else what


def _one_line(text: str) -> str:
    text = " ".join(text.split())
    return text if len(text) <= LONGEST_ERROR else text[: LONGEST_ERROR - 1] + "…"
