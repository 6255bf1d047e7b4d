"""What runs have in common: columns that mean the same, on pairs that are the same images."""

from __future__ import annotations

import string
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from fusionbench.errors import FusionBenchError
from fusionbench.files import digest
from fusionbench.manifest import ColumnRecord, DataSetRecord, Manifest, fingerprint_of
from fusionbench.results import Board, Result, Results, full_name, said_of
from fusionbench.runs import Run

LETTERS = string.ascii_uppercase


@dataclass(frozen=True)
class Loaded:
    """A run under its letter.

    Attributes:
        letter: ``A`` for the first run.
        root: Its folder.
        manifest: What it was made from.
        results: The results of every method on every data set.
    """

    letter: str
    root: Path
    manifest: Manifest
    results: tuple[Result, ...]

    def result(self, dataset: str, method: str) -> Result | None:
        """The result of a method on a data set, if the run has it."""
        for result in self.results:
            if (result.dataset.name, result.method.name) == (dataset, method):
                return result
        return None


def load(folders: Sequence[Path]) -> list[Loaded]:
    """Read runs, or what ``fusionbench publish`` wrote of them.

    Raises:
        FusionBenchError: A folder holds no run or no scores, or there are too few or too many runs.
    """
    if not 2 <= len(folders) <= len(LETTERS):
        raise FusionBenchError(
            f"{len(folders)} runs given: expected two at least and {len(LETTERS)} at most"
        )
    loaded = [_load(letter, root) for letter, root in zip(LETTERS, folders, strict=False)]
    if empty := [str(run.root) for run in loaded if not any(r.rows for r in run.results)]:
        raise FusionBenchError(
            f"no scores in {', '.join(empty)}: `fusionbench score RUN` computes them"
        )
    return loaded


def _load(letter: str, root: Path) -> Loaded:
    found = Results.read(Run(root))
    return Loaded(letter, root, found.manifest, found.every)


@dataclass(frozen=True)
class Common:
    """A data set that several runs used.

    Attributes:
        record: As the first of them has it.
        pairs: For each run's letter its own id of every common pair, in the first one's order; the
            key is the id in the first run.
    """

    record: DataSetRecord
    pairs: dict[str, dict[str, str]]


@dataclass(frozen=True)
class Agreed:
    """What can be compared, and what cannot.

    Attributes:
        datasets: The data sets that two runs at least have.
        columns: The columns that every run has, as the first one records them.
        left_out: Lines that say what is not compared.
    """

    datasets: tuple[Common, ...]
    columns: tuple[ColumnRecord, ...]
    left_out: tuple[str, ...]


def agree(
    runs: Sequence[Loaded],
    *,
    only_common_pairs: bool = False,
    only_common_columns: bool = False,
    any_code: bool = False,
) -> Agreed:
    """Find what can be compared.

    Args:
        runs: Two runs at least.
        only_common_pairs: Where a data set differs, keep the pairs whose two files have the same
            checksums in all runs that have the data set, whatever the pairs are called.
        only_common_columns: Leave out a column whose parameters or code differ.
        any_code: Take a column as the same if its parameters are, though its code has changed.

    Raises:
        FusionBenchError: Columns or data sets of one name differ and may not be left out (all of
            them are listed), or nothing is common.
    """
    columns, unlike, left_out = _columns(runs, any_code)
    datasets, changed, alone = _datasets(runs)
    refused = [] if only_common_columns else unlike
    refused = refused + ([] if only_common_pairs else changed)
    if refused:
        raise _disagreement(refused, bool(unlike), bool(changed))
    left_out += [f"column left out: {line}" for line in unlike]
    left_out += [f"only common pairs: {line}" for line in changed] + alone
    if not columns or not datasets:
        what = "data set with a pair of the same images" if columns else "column"
        raise FusionBenchError("\n  ".join([f"the runs have no {what} in common:", *left_out]))
    return Agreed(tuple(datasets), tuple(columns), tuple(left_out))


def _disagreement(problems: list[str], columns: bool, pairs: bool) -> FusionBenchError:
    flags = ["--only-common-columns"] if columns else []
    flags += ["--only-common-pairs"] if pairs else []
    lines = "\n  ".join(["the runs did not measure the same thing:", *problems])
    return FusionBenchError(
        f"{lines}\nMeasure one of them again, or pass {' '.join(flags)} to compare what agrees."
    )


def _columns(
    runs: Sequence[Loaded], any_code: bool
) -> tuple[list[ColumnRecord], list[str], list[str]]:
    """Columns of all runs, lines on those of one name that differ, lines on what is left out."""
    columns, problems, notes = [], [], []
    for name, of in _columns_by_name(runs).items():
        if len(of) < len(runs):
            notes.append(f"column left out: {name} is only in {', '.join(of)}")
            continue
        if different := _different_parameters(of):
            problems.append(f"{name}: {different}")
            continue
        record = next(iter(of.values()))
        codes = _grouped({letter: c.fingerprint for letter, c in of.items()})
        if len(codes) > 1 and not any_code:
            problems.append(
                f"{name}: same parameters, but the metric's code has changed "
                f"({_listed(codes)}); --any-code compares nevertheless"
            )
            continue
        if len(codes) > 1:
            notes.append(f"{name} is compared although its code has changed ({_listed(codes)})")
        columns.append(record)
    return columns, problems, notes


def _columns_by_name(runs: Sequence[Loaded]) -> dict[str, dict[str, ColumnRecord]]:
    found: dict[str, dict[str, ColumnRecord]] = {}
    for run in runs:
        for column in run.manifest.columns:
            found.setdefault(full_name(column), {})[run.letter] = column
    return found


def _different_parameters(of: dict[str, ColumnRecord]) -> str:
    """Each parameter that differs, with its value in each run; nothing where all agree."""
    said = []
    for name in dict.fromkeys(n for column in of.values() for n in column.params):
        values = _grouped({letter: repr(c.params.get(name)) for letter, c in of.items()})
        said += [f"{name} is {_listed(values)}"] if len(values) > 1 else []
    better = _grouped({letter: column.better for letter, column in of.items()})
    said += [f"better is {_listed(better)}"] if len(better) > 1 else []
    return ", ".join(said)


def _grouped(values: dict[str, str]) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for letter, value in values.items():
        found.setdefault(value, []).append(letter)
    return found


def _listed(groups: dict[str, list[str]]) -> str:
    return ", ".join(f"{value} in {' and '.join(letters)}" for value, letters in groups.items())


def _datasets(runs: Sequence[Loaded]) -> tuple[list[Common], list[str], list[str]]:
    """Data sets of two runs at least, lines on those that differ, lines on what is left out."""
    found, problems, notes = [], [], []
    names = dict.fromkeys(d.name for run in runs for d in run.manifest.datasets)
    for name in names:
        of = {r.letter: d for r in runs for d in r.manifest.datasets if d.name == name}
        if len(of) < 2:
            notes.append(f"data set left out: {name} is only in {', '.join(of)}")
            continue
        common = _common(of)
        count = len(next(iter(common.pairs.values())))
        if len({record.fingerprint for record in of.values()}) > 1:
            problems.append(_different_data(name, of, count))
        if count:
            found.append(common)
    return found, problems, notes


def _common(of: dict[str, DataSetRecord]) -> Common:
    first = next(iter(of.values()))
    if len({record.fingerprint for record in of.values()}) == 1:
        same = {pair.id: pair.id for pair in first.pairs}
        return Common(first, dict.fromkeys(of, same))
    by_images = {letter: _ids(record) for letter, record in of.items()}
    shared = [i for i in _ids(first) if all(i in ids for ids in by_images.values())]
    own = _ids(first)
    return Common(
        first,
        {letter: {own[i]: ids[i] for i in shared} for letter, ids in by_images.items()},
    )


def _ids(record: DataSetRecord) -> dict[str, str]:
    return {digest(pair.content): pair.id for pair in record.pairs}


def _different_data(name: str, of: dict[str, DataSetRecord], common: int) -> str:
    each = ", ".join(
        f"{len(d.pairs)} pairs{f' of split {d.split}' if d.split else ''} "
        f"(fingerprint {d.fingerprint}) in {letter}"
        for letter, d in of.items()
    )
    return f"{name}: {each}; {common} pairs are the same images in all"


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
            said = tuple(f for r in runs for f in said_of(r.manifest, dataset.name, ""))
            said = tuple(f for place, f in enumerate(said) if f not in said[:place])
            boards.append(Board(dataset, convention, columns, tuple(results), version, said))
    return boards


def common_dataset(common: Common) -> DataSetRecord:
    """The data set with its common pairs only."""
    ids = next(iter(common.pairs.values()))
    pairs = [pair for pair in common.record.pairs if pair.id in ids]
    if len(pairs) == len(common.record.pairs):
        return common.record
    fingerprint = fingerprint_of(pairs)
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
    return replace(
        result, dataset=common.record, rows=rows, failed=failed, absent=absent, _cells={}
    )


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
    return replace(result, dataset=dataset, method=named)


def _version(runs: Sequence[Loaded]) -> str:
    of = {run.letter: run.manifest.versions.get("fusionbench", "unknown") for run in runs}
    if len(set(of.values())) == 1:
        return next(iter(of.values()))
    return ", ".join(f"{version} ({letter})" for letter, version in of.items())
