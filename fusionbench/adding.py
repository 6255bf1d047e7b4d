"""Weights files that a user downloaded by hand: verified, copied into the cache, and recorded."""

from __future__ import annotations

import json
import shutil
from datetime import UTC, datetime
from pathlib import Path

from fusionbench.checkpoints import refuse_no_weights
from fusionbench.errors import WeightsError
from fusionbench.files import replacing, sha256_of, user_cache, write_json
from fusionbench.registry import METHODS
from fusionbench.weights import KnownWeights, Weights

RECORD = "added.json"


def add(known: KnownWeights, file: Path) -> tuple[Path, bool]:
    """Copy a weights file into the user's cache.

    A file with the known checksum is that file. Any other has to be accepted by the method of that
    name (its parameters' names and shapes, strictly); its checksum is then recorded beside it.

    Returns:
        Where it lies now, and whether its checksum is the known one.

    Raises:
        WeightsError: The file is not there, or is neither.
    """
    refuse_no_weights(file)
    found = sha256_of(file)
    exact = found == known.sha256
    if not exact:
        _accept(known, file, found)
    folder = user_cache("weights", known.name)
    target = folder / (known.file if exact else f"added{file.suffix}")
    with replacing(target) as temporary:
        shutil.copyfile(file, temporary)
    if not exact:
        facts = {"file": target.name, "bytes": file.stat().st_size, "sha256": found}
        added = datetime.now(UTC).isoformat(timespec="seconds")
        write_json(folder / RECORD, {**facts, "original_name": file.name, "added": added})
    return target, exact


def _accept(known: KnownWeights, file: Path, found: str) -> None:
    unlike = f"{file} is not {known.file}: sha256 {found}, expected {known.sha256}"
    entry = next((e for e in METHODS if e.name == known.name), None)
    if entry is None or not entry.plugin.accepts_other_files:
        raise WeightsError(
            f"{unlike}. To run a method with weights of your own, name them with "
            f"--weights METHOD={file}"
        )
    try:
        entry.plugin.check_weights(file)
    except WeightsError as error:
        raise WeightsError(f"{unlike}; nor does it fit the network: {error}") from error


def added_weights(name: str) -> Weights | None:
    """The file that was added for a method and is not the one with the known checksum, if any.

    Raises:
        WeightsError: It has changed since it was added.
    """
    record = user_cache("weights", name, RECORD)
    if not record.is_file():
        return None
    try:
        facts = json.loads(record.read_text("utf-8"))
        path = record.with_name(facts["file"])
        facts = {key: str(facts[key]) for key in ("sha256", "added", "original_name")}
    except (OSError, ValueError, TypeError, KeyError) as error:
        raise WeightsError(
            f"{record} cannot be read ({type(error).__name__}: {error}); remove it, and add the "
            f"file again with `fusionbench weights add {name} FILE`"
        ) from error
    if not path.is_file() or sha256_of(path) != facts["sha256"]:
        raise WeightsError(
            f"{path} is not what was added ({facts['added']}); add it again with "
            f"`fusionbench weights add {name} FILE`, or remove {record}"
        )
    note = (
        f"the user's file {facts['original_name']}, added as the authors' weights: its parameters "
        f"fit the network, its origin was not checked (sha256 {facts['sha256'][:12]})"
    )
    return Weights("added", path, facts["sha256"], note)
