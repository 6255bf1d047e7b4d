"""What the engine hands to a method that is to be trained: checked pairs, and where to write."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from fusionbench.errors import DataError
from fusionbench.manifest import DataSetRecord, fingerprint_of


@dataclass(frozen=True, kw_only=True)
class TrainingRequest:
    """A training run as the engine sees it.

    Attributes:
        method: The method's name.
        training: Pairs to learn from, by data set; read, checked and hashed.
        validation: Pairs held out, by data set.
        out: The folder of the run; what is there is gone on from.
        device: A torch device name.
        seed: Seeds everything random.
        command: The command as it was typed.
        progress: Called with the share of the run that is done, 0..1, and words on how it goes.
    """

    method: str
    training: tuple[DataSetRecord, ...]
    validation: tuple[DataSetRecord, ...]
    out: Path
    device: str = "cpu"
    seed: int = 0
    command: str = ""
    progress: Callable[[float, str], None] = lambda share, words: None


def hold_out(
    records: Sequence[DataSetRecord], held: int | Sequence[str]
) -> list[tuple[DataSetRecord, DataSetRecord]]:
    """Split data sets into training and validation pairs.

    Args:
        records: The pairs of each data set, in order.
        held: How many of each data set to hold out, spread evenly over the order (pair ``i`` of
            ``n`` is held out where ``(i + 1) * held // n`` is greater than ``i * held // n``), or
            their ids, each of which has to be in one data set at least.

    Raises:
        DataError: An id is in no data set, or nothing of a data set is left to learn from.
    """
    if isinstance(held, int):
        return [_split(record, _spread(record, held)) for record in records]
    known = {pair.id for record in records for pair in record.pairs}
    if missing := sorted(set(held) - known):
        raise DataError(
            f"{len(missing)} of {len(set(held))} held-out pairs are not in "
            f"{', '.join(record.name for record in records)}: {', '.join(missing[:10])}"
        )
    return [_split(record, set(held)) for record in records]


def _spread(record: DataSetRecord, held: int) -> set[str]:
    """The ids of so many pairs, spread evenly over the order."""
    n = len(record.pairs)
    chosen = (i for i in range(n) if (i + 1) * held // n > i * held // n)
    return {record.pairs[i].id for i in chosen}


def _split(record: DataSetRecord, held: set[str]) -> tuple[DataSetRecord, DataSetRecord]:
    ids = {pair.id for pair in record.pairs}
    if ids <= held:
        raise DataError(f"all {len(ids)} pairs of {record.name} are held out: none is left")
    return _only(record, ids - held), _only(record, ids & held)


def _only(record: DataSetRecord, ids: set[str]) -> DataSetRecord:
    pairs = [pair for pair in record.pairs if pair.id in ids]
    fingerprint = fingerprint_of(pairs)
    return record.model_copy(update={"pairs": pairs, "fingerprint": fingerprint})
