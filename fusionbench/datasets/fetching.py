"""Fetching a data set: its archives downloaded, verified and unpacked below a data root."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from fusionbench.datasets.catalogue import DataSetCard
from fusionbench.downloads import download, unpack
from fusionbench.errors import DataError


def fetch_dataset(
    card: DataSetCard, root: Path, *, advance: Callable[[int], None] = lambda count: None
) -> Path:
    """Download and unpack a data set into ``root/<folder>``.

    The archives stay in ``root/.downloads``, so that a second call downloads nothing.

    Raises:
        DataError: It cannot be downloaded by a program (see :func:`by_hand`).
        DownloadError: A download failed, or an archive must not be unpacked.
    """
    if not card.archives:
        raise by_hand(card)
    target = root / card.folders[0]
    for archive in card.archives:
        path = download(archive.remote(), root / ".downloads" / card.name, advance=advance)
        unpack(path, target)
    return target


def by_hand(card: DataSetCard) -> DataError:
    """How to get a data set that a form or a drive link keeps from programs."""
    steps = card.steps or f"See {card.home}."
    return DataError(f"{card.name} cannot be downloaded by a program. {steps}")
