"""``comparison.csv`` and ``comparison.md``, and a comparison in the terminal."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from rich.console import Console, ConsoleOptions, RenderResult
from rich.table import Table as RichTable
from rich.text import Text

from fusionbench.comparing.agreeing import Agreed, Loaded
from fusionbench.comparing.changes import Change
from fusionbench.comparing.testing import ALPHA, Verdict
from fusionbench.files import csv_text, write_texts
from fusionbench.report.leaderboard import board_table
from fusionbench.report.ranks import p_text
from fusionbench.results import Board
from fusionbench.tables.markdown import escape, section, table_rows
from fusionbench.tables.model import DASH, Block, Entry, Header, Line, Table, Tone
from fusionbench.tables.notes import pairs_word
from fusionbench.tables.terminal import render

MOST_DECIMALS = 8
EXPLANATION = (
    "Means over the common pairs on which both runs have a value; the difference is second less "
    "first, with its paired bootstrap interval; p is that of Wilcoxon's signed-rank test, "
    "corrected for all tests of this comparison (Holm); better or worse means that it is below "
    "0.05. The test takes pairs as independent; frames of one video are not."
)
TONES: dict[str, Tone] = {"better": "good", "worse": "bad"}
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


def groups(verdicts: Sequence[Verdict]) -> list[list[Verdict]]:
    """Verdicts of one data set, convention and two runs together, in their order."""
    found: dict[tuple[str, ...], list[Verdict]] = {}
    for verdict in verdicts:
        key = (verdict.dataset, verdict.first, verdict.second, verdict.column.convention)
        found.setdefault(key, []).append(verdict)
    return list(found.values())


def verdict_table(group: Sequence[Verdict]) -> Table:
    """What changed between two runs: the methods above each other, a row for each metric.

    Methods that are identical throughout are named below; the number of pairs is left out where
    all of them count.
    """
    one, whole = group[0], all(verdict.pairs == verdict.of for verdict in group)
    same = identical_methods(group)
    blocks: dict[str, list[Line]] = {}
    for verdict in group:
        if verdict.method.label not in same:
            blocks.setdefault(verdict.method.label, []).append(_line(verdict, whole))
    heads = [*([] if whole else ["Pairs"]), f"Mean {one.first}", f"Mean {one.second}"]
    heads += ["Difference", "95 % interval", "p"]
    said = (f"Identical in every value: {', '.join(same)}",) if same else ()
    return Table(
        name=f"comparison-{one.dataset}-{one.first}-{one.second}-{one.column.convention}",
        heading=group_title(group),
        headers=(*map(Header, heads), Header("Change", left=True)),
        blocks=tuple(Block(tuple(lines), over=label) for label, lines in blocks.items()),
        stub="Metric",
        remarks=said,
    )


def change_table(comparison: Comparison) -> Table:
    """What differs between the runs beside their numbers."""
    letters = [run.letter for run in comparison.runs]
    lines = [
        Line(Entry(change.what), tuple(Entry(change.values[letter]) for letter in letters))
        for change in comparison.changes
    ]
    heads = tuple(Header(letter, left=True) for letter in letters)
    return Table("changes", "What changed", heads, (Block(tuple(lines)),), stub="")


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


def _line(verdict: Verdict, whole: bool) -> Line:
    low, high = verdict.low, verdict.high
    places = _places(high - low)
    same = verdict.outcome == "identical"
    cells = [
        *([] if whole else [str(verdict.pairs)]),
        _mean(verdict.mean_first),
        _mean(verdict.mean_second),
        "0" if same else _signed(verdict.difference, places),
        f"{_signed(low, places)} … {_signed(high, places)}" if math.isfinite(low) else DASH,
        p_text(verdict.p_holm),
    ]
    change = Entry(verdict.outcome, tone=TONES.get(verdict.outcome, ""))
    return Line(Entry(verdict.column.metric), (*map(Entry, cells), change))


def _places(width: float) -> int:
    """Decimals that show two digits of an interval's width."""
    if not (math.isfinite(width) and width > 0):
        return 4
    return min(max(1 - math.floor(math.log10(width)), 0), MOST_DECIMALS)


def _mean(value: float) -> str:
    return DASH if math.isnan(value) else f"{value:.5g}"


def _signed(value: float, places: int) -> str:
    return DASH if math.isnan(value) else f"{value:+.{places}f}"


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


class TerminalComparison:
    """Renders what changed, all methods in one table, and what is significant."""

    def __init__(self, comparison: Comparison) -> None:
        self._comparison = comparison

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        """The runs, what changed, the merged tables, the verdicts."""
        shown, width = self._comparison, options.max_width
        yield from (Text(line, style="bold") for line in run_lines(shown.runs))
        yield Text("")
        yield from self._tables(shown, width)
        if shown.verdicts:
            yield Text(EXPLANATION, style="dim")
        yield Text(" ".join(summary(shown.verdicts)), style="bold")

    def _tables(self, shown: Comparison, width: int) -> Iterator[RichTable | Text]:
        if shown.changes:
            yield from render(change_table(shown), width)
        else:
            yield Text("Nothing changed beside the numbers.\n")
        for board in shown.boards:
            yield from render(board_table(board), width)
        for group in groups(shown.verdicts):
            yield from render(verdict_table(group), width)


def write_comparison(comparison: Comparison, folder: Path) -> list[Path]:
    """Write ``comparison.csv`` (full precision) and ``comparison.md`` into a folder."""
    files = {"comparison.csv": _csv(comparison), "comparison.md": _markdown(comparison)}
    return write_texts(folder, files)


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
    parts += [section(verdict_table(group), 3) for group in groups(comparison.verdicts)]
    rows = table_rows(change_table(comparison)) if comparison.changes else ["Nothing."]
    parts += ["## What changed", "", *rows, ""]
    parts += [section(board_table(board)) for board in comparison.boards]
    return "\n".join(parts).rstrip("\n") + "\n"
