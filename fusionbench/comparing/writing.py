"""``comparison.csv`` and ``comparison.md``."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path
from typing import Literal

from rich import box
from rich.console import Console, ConsoleOptions, RenderResult
from rich.table import Table
from rich.text import Text

from fusionbench.comparing.agreeing import Agreed, Loaded
from fusionbench.comparing.changes import Change
from fusionbench.comparing.testing import ALPHA, Verdict
from fusionbench.files import csv_text, write_text
from fusionbench.report.collect import Board
from fusionbench.report.layout import (
    Entry,
    explanation,
    heading,
    lay_out,
    provenance,
    remarks,
    sentence,
)
from fusionbench.report.markdown import escape, row, section
from fusionbench.report.notes import pairs_word
from fusionbench.report.terminal import DASH, STYLES

TEXT_COLUMNS = ("Method", "Metric", "Change")
MOST_DECIMALS = 8
EXPLANATION = (
    "Means over the common pairs on which both runs have a value; the difference is second less "
    "first, with its paired bootstrap interval; p is that of Wilcoxon's signed-rank test, "
    "corrected for all tests of this comparison (Holm); better or worse means that it is below "
    "0.05. The test takes pairs as independent; frames of one video are not."
)


def groups(verdicts: Sequence[Verdict]) -> list[list[Verdict]]:
    """Verdicts of one data set, convention and two runs together, in their order."""
    found: dict[tuple[str, ...], list[Verdict]] = {}
    for verdict in verdicts:
        key = (verdict.dataset, verdict.first, verdict.second, verdict.column.convention)
        found.setdefault(key, []).append(verdict)
    return list(found.values())


def group_title(group: Sequence[Verdict]) -> str:
    """The data set, the two runs, how many pairs they have in common, and the convention."""
    one = group[0]
    pairs = pairs_word(one.of)
    runs = f"{one.first} → {one.second}"
    return f"{one.dataset}: {runs}, {pairs} in common, convention {one.column.convention}"


def identical_methods(group: Sequence[Verdict]) -> list[str]:
    """Labels of the methods whose values are the same in both runs on every common pair."""
    names = dict.fromkeys(v.method.name for v in group)
    return [
        next(v.method.label for v in group if v.method.name == name)
        for name in names
        if all(_same(v) for v in group if v.method.name == name)
    ]


def _same(verdict: Verdict) -> bool:
    return verdict.outcome == "identical" and verdict.pairs == verdict.of


def headers(group: Sequence[Verdict]) -> list[str]:
    """The heads of the columns; that of the pairs is left out where all pairs count."""
    means = [f"Mean {group[0].first}", f"Mean {group[0].second}"]
    pairs = [] if _whole(group) else ["Pairs"]
    return ["Method", "Metric", *pairs, *means, "Difference", "95 % interval", "p", "Change"]


def lines(group: Sequence[Verdict]) -> list[list[str]]:
    """A line of cells for each verdict, without the methods that are identical throughout."""
    same, whole = set(identical_methods(group)), _whole(group)
    return [_line(verdict, whole) for verdict in group if verdict.method.label not in same]


def _whole(group: Sequence[Verdict]) -> bool:
    return all(verdict.pairs == verdict.of for verdict in group)


def _line(verdict: Verdict, whole: bool) -> list[str]:
    low, high = verdict.low, verdict.high
    places = _places(high - low)
    return [
        verdict.method.label,
        verdict.column.metric,
        *([] if whole else [str(verdict.pairs)]),
        _mean(verdict.mean_first),
        _mean(verdict.mean_second),
        "0" if verdict.outcome == "identical" else _signed(verdict.difference, places),
        f"{_signed(low, places)} … {_signed(high, places)}" if math.isfinite(low) else DASH,
        _p(verdict.p_holm),
        verdict.outcome,
    ]


def _places(width: float) -> int:
    """Decimals that show two digits of an interval's width."""
    if not (math.isfinite(width) and width > 0):
        return 4
    return min(max(1 - math.floor(math.log10(width)), 0), MOST_DECIMALS)


def _mean(value: float) -> str:
    return DASH if math.isnan(value) else f"{value:.5g}"


def _signed(value: float, places: int) -> str:
    return DASH if math.isnan(value) else f"{value:+.{places}f}"


def _p(value: float) -> str:
    if math.isnan(value):
        return DASH
    return "< 0.001" if value < 0.001 else f"{value:.3f}"


def summary(verdicts: Sequence[Verdict]) -> list[str]:
    """How many means changed and how many of them significantly, and whether any could have."""
    if not verdicts:
        return ["No method is in two runs: there is nothing to test."]
    count = Counter(verdict.outcome for verdict in verdicts)
    said = [
        f"Of {len(verdicts)} means in two runs {count['identical']} are identical, "
        f"{count['better']} significantly better, {count['worse']} significantly worse, "
        f"{count['not significant']} changed without significance."
    ]
    tested = [verdict for verdict in verdicts if not math.isnan(verdict.p_holm)]
    most = max((verdict.pairs for verdict in tested), default=0)
    least = 2.0 ** (1 - most)
    if tested and least * len(tested) >= ALPHA:
        said.append(
            f"With {pairs_word(most)} and {len(tested)} tests none could be significant: "
            f"Wilcoxon's smallest p value is then {least:.2g}."
        )
    return said


def run_lines(runs: Sequence[Loaded]) -> list[str]:
    """The letters and what they stand for."""
    return [f"{run.letter}: {run.root}" for run in runs]


OUTCOMES = {"better": "bold green", "worse": "bold red"}
SHORT = {"not significant": "n. s.", "nothing in common": "no pairs"}
MOST_WIDE = 24


class TerminalComparison:
    """Renders what changed, all methods in one table, and what is significant."""

    def __init__(self, comparison: Comparison) -> None:
        self._comparison = comparison

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        """The runs, what changed, the merged tables, the verdicts."""
        shown = self._comparison
        yield from (Text(line, style="bold") for line in run_lines(shown.runs))
        yield Text("\nWhat changed", style="bold")
        yield _changes(shown) if shown.changes else Text("Nothing.")
        for board in shown.boards:
            yield from _board(board)
        for group in groups(shown.verdicts):
            yield from _group(group)
        if shown.verdicts:
            yield Text(f"{EXPLANATION} n. s.: not significant.", style="dim")
        yield Text(" ".join(summary(shown.verdicts)), style="bold")


def _empty() -> Table:
    return Table(box=box.SIMPLE_HEAD, padding=(0, 1), pad_edge=False, show_edge=False)


def _changes(shown: Comparison) -> Table:
    rich = _empty()
    letters = [run.letter for run in shown.runs]
    for name in ("", *letters):
        rich.add_column(name, overflow="fold")
    for change in shown.changes:
        rich.add_row(Text(change.what), *(Text(change.values[letter]) for letter in letters))
    return rich


def _board(board: Board) -> Iterator[Table | Text]:
    table = lay_out(board)
    yield Text(f"\n{heading(board)}", style="bold")
    rich = _empty()
    rich.add_column("Method", overflow="fold")
    for header in ("N", *table.headers):
        rich.add_column(Text(header), justify="right", overflow="fold")
    for line in table.lines:
        rich.add_row(*map(_cell, (line.label, line.n, *line.cells)))
    yield rich
    for mark, text in table.notes:
        yield Text(f" {mark}: {sentence(text)}")
    for text in remarks(board):
        yield Text(f" {sentence(text)}")
    yield Text(". ".join([*explanation(table), provenance(board)]) + ".", style="dim")


def _cell(entry: Entry) -> Text:
    text = Text(entry.text or DASH, style=STYLES.get(entry.rank, ""))
    return Text.assemble(text, (f" {','.join(entry.marks)}" if entry.marks else "", "dim"))


def _group(group: Sequence[Verdict]) -> Iterator[Table | Text]:
    yield Text(f"\n{group_title(group)}", style="bold")
    if rows := lines(group):
        rich = _empty()
        _, *heads = headers(group)
        for name in heads:
            justify: Literal["left", "right"] = "left" if name in TEXT_COLUMNS else "right"
            rich.add_column(name, justify=justify, no_wrap=name != "Metric", max_width=MOST_WIDE)
        for label, of_method in groupby(rows, key=lambda line: line[0]):
            rich.add_row(Text(label, style="bold"))
            for _, *cells, change in of_method:
                shown = Text(SHORT.get(change, change), style=OUTCOMES.get(change, ""))
                rich.add_row(*map(Text, cells), shown)
        yield rich
    if same := identical_methods(group):
        yield Text(f"Identical in every value: {', '.join(same)}.")


HEADER = (
    *("dataset", "convention", "metric", "method", "run_a", "run_b", "pairs", "mean_a", "mean_b"),
    *("difference", "low", "high", "p", "p_holm", "outcome"),
)


@dataclass(frozen=True)
class Comparison:
    """All that is shown of a comparison."""

    runs: Sequence[Loaded]
    agreed: Agreed
    changes: Sequence[Change]
    boards: Sequence[Board]
    verdicts: Sequence[Verdict]


def write_comparison(comparison: Comparison, folder: Path) -> list[Path]:
    """Write ``comparison.csv`` (full precision) and ``comparison.md`` into a folder."""
    files = {"comparison.csv": _csv(comparison), "comparison.md": _markdown(comparison)}
    for name, text in files.items():
        write_text(folder / name, text)
    return [folder / name for name in files]


def _csv(comparison: Comparison) -> str:
    rows: list[Sequence[object]] = [HEADER]
    for v in comparison.verdicts:
        numbers = (v.mean_first, v.mean_second, v.difference, v.low, v.high, v.p, v.p_holm)
        texts = ("" if math.isnan(number) else repr(number) for number in numbers)
        names = (v.dataset, v.column.convention, v.column.metric, v.method.name)
        rows.append([*names, v.first, v.second, v.pairs, *texts, v.outcome])
    return csv_text(rows)


def _markdown(comparison: Comparison) -> str:
    parts = ["# Comparison", ""]
    parts += [f"- {escape(line)}" for line in run_lines(comparison.runs)]
    if comparison.agreed.left_out:
        parts += ["", "Not compared:", ""]
        parts += [f"- {escape(line)}" for line in comparison.agreed.left_out]
    parts += ["", "## Is the change significant?", ""]
    parts += [" ".join(summary(comparison.verdicts)), ""]
    parts += [EXPLANATION, ""] if comparison.verdicts else []
    for group in groups(comparison.verdicts):
        parts += _group_rows(group)
    parts += ["## What changed", "", *_change_cells(comparison), ""]
    for board in comparison.boards:
        parts.append(section(lay_out(board)))
    return "\n".join(parts).rstrip("\n") + "\n"


def _group_rows(group: Sequence[Verdict]) -> list[str]:
    parts = [f"### {escape(group_title(group))}", ""]
    if rows := lines(group):
        parts += _table(headers(group), rows)
    if same := identical_methods(group):
        parts += ["", escape(f"Identical in every value: {', '.join(same)}.")]
    return [*parts, ""]


def _change_cells(comparison: Comparison) -> list[str]:
    letters = [run.letter for run in comparison.runs]
    rows = [(c.what, *(c.values[letter] for letter in letters)) for c in comparison.changes]
    return _table(["", *letters], rows, all_left=True) if rows else ["Nothing."]


def _table(
    heads: Sequence[str], rows: Sequence[Sequence[str]], *, all_left: bool = False
) -> list[str]:
    rule = [":---" if all_left or name in TEXT_COLUMNS else "---:" for name in heads]
    cells = [[escape(cell) for cell in row] for row in (heads, *rows)]
    return [row(cells[0]), row(rule), *map(row, cells[1:])]
