"""The results of several runs in one table: the union of their methods."""

from __future__ import annotations

from collections.abc import Sequence

from fusionbench.comparing.agreeing import Agreed, Common
from fusionbench.comparing.reading import Loaded
from fusionbench.files import digest
from fusionbench.manifest import ColumnRecord, DataSetRecord
from fusionbench.report.collect import Board, Result, full_name


def merged_boards(runs: Sequence[Loaded], agreed: Agreed) -> list[Board]:
    """One board for each data set under each convention, over the common pairs and columns.

    A method of several runs has a row for each, with the runs' letters after its label; runs whose
    values are the same in every cell share a row.
    """
    version = _version(runs)
    boards = []
    for common in agreed.datasets:
        dataset = common_dataset(common)
        results = _merged(runs, common, dataset, agreed.columns)
        for convention in dict.fromkeys(c.convention for c in agreed.columns):
            columns = tuple(c for c in agreed.columns if c.convention == convention)
            boards.append(Board(dataset, convention, columns, tuple(results), version))
    return boards


def common_dataset(common: Common) -> DataSetRecord:
    """The data set with its common pairs only."""
    ids = next(iter(common.pairs.values()))
    pairs = [pair for pair in common.record.pairs if pair.id in ids]
    if len(pairs) == len(common.record.pairs):
        return common.record
    fingerprint = digest([[p.id, p.ir_sha256, p.vis_sha256] for p in pairs])
    return common.record.model_copy(update={"pairs": pairs, "fingerprint": fingerprint})


def common_result(run: Loaded, common: Common, method: str) -> Result | None:
    """A method's result in a run on the common pairs, under the ids of the data set's record."""
    result = run.result(common.record.name, method)
    if result is None or run.letter not in common.pairs:
        return None
    own = common.pairs[run.letter]
    rows = {i: result.rows[o] for i, o in own.items() if o in result.rows}
    failed = {i: result.failed[o] for i, o in own.items() if o in result.failed}
    brought = result.method.fused.get(common.record.name)
    absent = 0 if brought is None else sum(o not in brought for o in own.values())
    return Result(common.record, result.method, rows, failed, absent)


def _merged(
    runs: Sequence[Loaded],
    common: Common,
    dataset: DataSetRecord,
    columns: Sequence[ColumnRecord],
) -> list[Result]:
    found = []
    for method in dict.fromkeys(m.name for run in runs for m in run.manifest.methods):
        of = {r.letter: common_result(r, common, method) for r in runs}
        held = {letter: result for letter, result in of.items() if result is not None}
        alike: dict[str, list[str]] = {}
        for letter, result in held.items():
            alike.setdefault(_contents(result, columns), []).append(letter)
        for letters in alike.values():
            marked = f" ({' = '.join(letters)})" if len(held) > 1 else ""
            found.append(_relabelled(held[letters[0]], dataset, marked))
    return found


def _contents(result: Result, columns: Sequence[ColumnRecord]) -> str:
    cells = {full_name(column): result.cell(column).values for column in columns}
    return repr([sorted(result.failed), {n: sorted(v.items()) for n, v in cells.items()}])


def _relabelled(result: Result, dataset: DataSetRecord, marked: str) -> Result:
    method = result.method
    named = method.model_copy(
        update={"name": f"{method.name}{marked}", "label": f"{method.label}{marked}"}
    )
    return Result(dataset, named, result.rows, result.failed, result.absent)


def _version(runs: Sequence[Loaded]) -> str:
    of = {run.letter: run.manifest.versions.get("fusionbench", "unknown") for run in runs}
    if len(set(of.values())) == 1:
        return next(iter(of.values()))
    return ", ".join(f"{version} ({letter})" for letter, version in of.items())
