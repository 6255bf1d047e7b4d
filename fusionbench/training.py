"""What the engine hands to a method that is to be trained: checked pairs, and where to write."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from fusionbench.errors import DataError
from fusionbench.files import digest
from fusionbench.manifest import DataSetRecord


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
    record: DataSetRecord, held: int | Sequence[str]
) -> tuple[DataSetRecord, DataSetRecord]:
    """Split a data set into training and validation pairs.

    Args:
        record: The pairs, in order.
        held: How many to hold out, spread evenly over the order (pair ``i`` of ``n`` is held out
            where ``(i + 1) * held // n`` is greater than ``i * held // n``), or their ids.

    Raises:
        DataError: An id is not in the data set, or nothing is left to learn from.
    """
    ids = [pair.id for pair in record.pairs]
    if isinstance(held, int):
        n = len(ids)
        chosen = {ids[i] for i in range(n) if (i + 1) * held // n > i * held // n}
    else:
        chosen = set(held)
    if missing := sorted(chosen - set(ids)):
        raise DataError(
            f"{len(missing)} of {len(chosen)} held-out pairs are not in {record.name}: "
            f"{', '.join(missing[:10])}"
        )
    if len(chosen) == len(ids):
        raise DataError(f"all {len(ids)} pairs of {record.name} are held out: none is left")
    return _only(record, set(ids) - chosen), _only(record, chosen)


def _only(record: DataSetRecord, ids: set[str]) -> DataSetRecord:
    pairs = [pair for pair in record.pairs if pair.id in ids]
    fingerprint = digest([[p.id, p.ir_sha256, p.vis_sha256] for p in pairs])
    return record.model_copy(update={"pairs": pairs, "fingerprint": fingerprint})
