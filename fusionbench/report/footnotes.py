"""Footnotes: everything a reader must know about a row or a cell before quoting it."""

from __future__ import annotations

from collections.abc import Sequence

from fusionbench.manifest import ColumnRecord, DataSetRecord, MethodRecord, WeightsRecord
from fusionbench.results import Cell, Result, counted
from fusionbench.tables.notes import DAGGER, Notes, one_line, pairs_word

TRAINED = "Scored on data that the method was trained on"
PAIRS_NAMED = 4
LONGEST_ERROR = 600
"""Characters of an error's text in a footnote; where there are more, the note says so."""


def marks_of_row(row: Sequence[Result], notes: Notes) -> tuple[str, ...]:
    """Marks behind a method's name: its training, weights, options, and what checks found.

    Args:
        row: The method's results on every data set that its row covers.
        notes: The footnotes of the table.
    """
    several = len(row) > 1
    found = [
        f"{r.dataset.name}: {f.said()}" if several else f.said() for r in row for f in r.findings
    ]
    return marks_of_method(row[0].method, [r.dataset for r in row], found, notes)


def marks_of_method(
    method: MethodRecord, datasets: Sequence[DataSetRecord], found: Sequence[str], notes: Notes
) -> tuple[str, ...]:
    """Marks behind a method's name, with the sentences of what checks found."""
    trained = trained_note(method, datasets)
    marks = [notes.mark(trained, DAGGER)] if trained else []
    said = [weights_note(method.weights) if method.weights else "", options_note(method), *found]
    return (*marks, *(notes.mark(text) for text in said if text))


def marks_of_cell(
    result: Result, column: ColumnRecord, scored: int, notes: Notes
) -> tuple[str, ...]:
    """Marks behind a mean: why there is none, or over how many pairs it is."""
    said = failure_notes(result) or cell_notes(result.cell(column), scored)
    return tuple(notes.mark(text) for text in said)


def saw_in_training(method: MethodRecord, data: DataSetRecord) -> bool:
    """Whether the method was trained on the data set, the split or a pair that it is scored on."""
    if not {data.name, f"{data.name}/{data.split}"}.isdisjoint(method.trained_on):
        return True
    ids = method.trained_pairs.get(data.name, [])
    return not {pair.id for pair in data.pairs}.isdisjoint(ids)


def trained_note(method: MethodRecord, datasets: Sequence[DataSetRecord]) -> str:
    """What a table says about a method that was trained on what it is scored on, or nothing."""
    seen = [data.name for data in datasets if saw_in_training(method, data)]
    if not seen:
        return ""
    return TRAINED if len(datasets) == 1 else f"{TRAINED} ({', '.join(seen)})"


def weights_note(weights: WeightsRecord) -> str:
    """What a table says about the weights a method ran with."""
    return f"Weights: {weights.note or f'{weights.origin} ({weights.file})'}"


def options_note(method: MethodRecord) -> str:
    """What a table says about a method that ran with other options than its defaults, or nothing.

    The defaults are what the authors' program does.
    """
    changed = ", ".join(f"{key} = {value}" for key, value in method.changed_options.items())
    return f"Not the default: {changed}" if changed else ""


def failure_notes(result: Result) -> list[str]:
    """One note for each different error of a method that failed: what, on which pairs."""
    if result.refused:
        return [finding.said() for finding in result.refused]
    notes = []
    total = pairs_word(len(result.dataset.pairs))
    for error, count in counted(result.failed.values()):
        ids = [pair for pair, text in result.failed.items() if text == error]
        named = ", ".join(ids[:PAIRS_NAMED])
        if count > PAIRS_NAMED:
            named += f" and {count - PAIRS_NAMED} more"
        notes.append(f"Failed on {count} of {total} ({named}): {error_text(error)}")
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
        notes.append(_partial(f"Failed on {count} of {total} with {error_text(error)}", cell))
    if cell.pairs < scored:
        notes.append(f"{cell.pairs} of {total} scored in this column")
    return notes


def _partial(what: str, cell: Cell) -> str:
    over = len(cell.values)
    return f"{what}; the mean is over the other {pairs_word(over)}" if over else what


def error_text(text: str) -> str:
    """An error's text on one line; of a very long one the beginning, and that there is more."""
    text = one_line(text)
    if len(text) <= LONGEST_ERROR:
        return text
    return f"{text[:LONGEST_ERROR]} … ({len(text)} characters; the rows hold all)"
