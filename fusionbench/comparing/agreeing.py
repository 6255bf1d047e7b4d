"""What runs have in common: columns that mean the same, on pairs that are the same images."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from fusionbench.comparing.reading import Loaded
from fusionbench.errors import FusionBenchError
from fusionbench.manifest import ColumnRecord, DataSetRecord
from fusionbench.report.collect import full_name

Images = tuple[str, str]


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


def _ids(record: DataSetRecord) -> dict[Images, str]:
    return {(pair.ir_sha256, pair.vis_sha256): pair.id for pair in record.pairs}


def _different_data(name: str, of: dict[str, DataSetRecord], common: int) -> str:
    each = ", ".join(
        f"{len(d.pairs)} pairs{f' of split {d.split}' if d.split else ''} "
        f"(fingerprint {d.fingerprint}) in {letter}"
        for letter, d in of.items()
    )
    return f"{name}: {each}; {common} pairs are the same images in all"
