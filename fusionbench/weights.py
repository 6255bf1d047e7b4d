"""Weight files: found by their checksum, or a user's own; and which were used.

A file that was downloaded by hand is verified, copied into the user's cache and recorded there.
"""

from __future__ import annotations

import json
import os
import re
import shutil
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Any, ClassVar

from fusionbench.checkpoints import refuse_no_weights
from fusionbench.errors import WeightsError
from fusionbench.files import packaged, replacing, sha256_of, user_cache, write_json
from fusionbench.registry import METHODS

REGISTRY = "configs/weights.yaml"


@dataclass(frozen=True)
class Weights:
    """The weights a method runs with.

    Attributes:
        origin: ``authors``, ``retrained`` or ``file``.
        path: The file.
        sha256: Its checksum.
        note: One sentence for the table's footnote: whose weights these are and how they were made.
        more: Further files, where the weights come in several.
        trained_on: What they were trained on; None for what the method's card says.
        trained_pairs: Ids of the pairs they were trained on by data set, where they are known.
    """

    origin: str
    path: Path
    sha256: str
    note: str
    more: tuple[Path, ...] = ()
    trained_on: tuple[str, ...] | None = None
    trained_pairs: Mapping[str, tuple[str, ...]] = field(default_factory=dict)


@dataclass(frozen=True)
class Original:
    """A file that a weights file was converted from."""

    file: str
    bytes: int
    sha256: str
    url: str

    __pydantic_config__: ClassVar[dict[str, str]] = {"extra": "forbid"}

    def __post_init__(self) -> None:
        _check(self.bytes, self.sha256, self.url)


@dataclass(frozen=True)
class KnownWeights:
    """A published weights file: how to recognise it and where it comes from.

    Attributes:
        file: The file's name.
        bytes, sha256: Its size and checksum.
        source: Where it is published, for people.
        licence: As its authors state it.
        url: Where it can be downloaded, pinned to a commit or a release; empty where it cannot.
        origin: Whose weights they are: ``authors``, ``third-party`` or ``retrained``.
        note: One sentence for the table's footnote.
        converted_from: The published files, where this one is a conversion of them.
        conversion: How it was made from them.
        name: Its name in ``configs/weights.yaml``.
    """

    file: str
    bytes: int
    sha256: str
    source: str
    licence: str
    url: str = ""
    origin: str = "authors"
    note: str = "the authors' published weights"
    converted_from: tuple[Original, ...] = ()
    conversion: str = ""
    name: str = ""

    __pydantic_config__: ClassVar[dict[str, str]] = {"extra": "forbid"}

    def __post_init__(self) -> None:
        _check(self.bytes, self.sha256, self.url)

    def missing(self, method: str) -> WeightsError:
        """The error for a method whose published weights were not found."""
        where = f"It is published at {self.source}."
        if self.url and self.name:
            where += f" `fusionbench weights fetch {self.name}` downloads it, as does --download."
        if self.converted_from:
            originals = " and ".join(original.file for original in self.converted_from)
            where = (
                f"It is a conversion of {originals}, published at {self.source}: {self.conversion}."
            )
        return WeightsError(
            f"method '{method}' needs {self.file} ({self.bytes:,} bytes, sha256 {self.sha256}; "
            f"{self.licence}), which was not found.\n"
            f"{where} Put it in a folder named by --weights-dir or "
            f"FUSIONBENCH_WEIGHTS or in {user_cache('weights')}, name it with "
            f"--weights {method}=FILE, or leave the method out with --methods ...,-{method}"
        )


def _check(size: int, sha256: str, url: str) -> None:
    if size <= 0:
        raise ValueError(f"bytes is {size}, expected a positive number")
    if not re.fullmatch("[0-9a-f]{64}", sha256):
        raise ValueError(f"sha256 is '{sha256}', expected 64 hexadecimal digits in lower case")
    if url and not url.startswith("https://"):
        raise ValueError(f"url is '{url}', expected https://...")


@cache
def published_weights() -> Mapping[str, KnownWeights]:
    """Every published weights file that ``configs/weights.yaml`` lists, by name.

    Raises:
        WeightsError: The file is not valid.
    """
    return read_registry(packaged("weights.yaml").read_text("utf-8"))


def read_registry(text: str, where: str = REGISTRY) -> dict[str, KnownWeights]:
    """Parse a list of weights files in YAML: names, and the fields of :class:`KnownWeights`.

    Raises:
        WeightsError: It is not valid; every field that is wrong is named.
    """
    import yaml
    from pydantic import TypeAdapter, ValidationError

    try:
        found = TypeAdapter(dict[str, KnownWeights]).validate_python(yaml.safe_load(text))
    except yaml.YAMLError as error:
        raise WeightsError(f"{where} is not YAML: {error}") from error
    except ValidationError as error:
        raise WeightsError(f"{where}: {error}") from error
    return {name: replace(known, name=name) for name, known in found.items()}


def known_weights(name: str) -> KnownWeights:
    """The published weights file of that name in ``configs/weights.yaml``.

    Raises:
        WeightsError: There is none.
    """
    known = published_weights()
    if name not in known:
        raise WeightsError(f"{REGISTRY} has no weights '{name}'; it has: {', '.join(known)}")
    return known[name]


class WeightsFinder:
    """Looks a file up by size and SHA-256, whatever its name.

    Searched in this order: the given folders, ``FUSIONBENCH_WEIGHTS`` (folders separated as in
    ``PATH``), the user cache's ``weights`` folder; each with its subfolders.

    Args:
        folders: Searched first.
        download: Download into the user cache what is not found and has a url.
    """

    def __init__(self, folders: Sequence[Path] = (), *, download: bool = False) -> None:
        self.folders, self.download = tuple(folders), download

    def places(self) -> list[Path]:
        """The folders that are searched, those that exist."""
        named = [Path(p) for p in os.environ.get("FUSIONBENCH_WEIGHTS", "").split(os.pathsep) if p]
        return [p for p in (*self.folders, *named, user_cache("weights")) if p.is_dir()]

    def find(self, known: KnownWeights) -> Path | None:
        """The first file with that size and checksum, or None.

        Raises:
            DownloadError: A download was allowed and failed.
        """
        for place in self.places():
            for path in sorted(place.rglob("*")):
                right_size = path.is_file() and path.stat().st_size == known.bytes
                if right_size and sha256_of(path) == known.sha256:
                    return path
        return fetch(known) if self.download and known.url else None


def fetch(known: KnownWeights, advance: Callable[[int], None] = lambda count: None) -> Path:
    """Download a published weights file into the user cache and verify it.

    Raises:
        DownloadError: It cannot be had, or is not the file that it should be.
    """
    from fusionbench.downloads import Remote, download

    remote = Remote(known.file, (known.url,), known.bytes, known.sha256)
    return download(remote, user_cache("weights", known.name), advance=advance)


def find_published(
    method: str, files: Sequence[Sequence[KnownWeights]], finder: WeightsFinder
) -> Weights:
    """The published weights of a method.

    Args:
        method: Its name, for the error.
        files: For each file that is needed, the copies of it that are known, best first.
        finder: Looks them up.

    Raises:
        WeightsError: One is not there; the message says where it is published.
    """
    found = []
    for copies in files:
        there = [(path, known) for known in copies if (path := finder.find(known)) is not None]
        if not there:
            raise copies[0].missing(method)
        found.append(there[0])
    (path, known), *others = found
    note = known.note + "".join(f"; with {k.file} (sha256 {k.sha256[:12]})" for _, k in others)
    return Weights(known.origin, path, known.sha256, note, tuple(p for p, _ in others))


def user_file(method: str, asked: str) -> Weights:
    """The weights file that a user named with ``--weights method=FILE``.

    Raises:
        WeightsError: There is no such file.
    """
    path = Path(asked).expanduser()
    if not path.is_file():
        raise WeightsError(f"--weights {method}={asked}: there is no such file")
    refuse_no_weights(path)
    sha256, pairs = sha256_of(path), trained_pairs(path)
    note = note_of_file(path, sha256)
    return Weights("file", path, sha256, note, trained_on=(), trained_pairs=pairs)


def replaced(asked: Path, names: Sequence[str] | None) -> str | None:
    """Which of a plug-in's files ``--weights NAME=FILE`` stands for; None if that is not clear."""
    alike = [name for name in names or () if Path(name).suffix.lower() == asked.suffix.lower()]
    for found in (names or (), alike):
        if len(found) == 1:
            return found[0]
    return None


def own_files(
    method: str, names: Sequence[str], place: Callable[[str], Path], asked: str | None
) -> Weights:
    """The weights of a plug-in: files beside it, or what the user named instead.

    Args:
        method: Its name, for the error.
        names: The files that its code names, the weights first; none where they are not known.
        place: Where each of them is, the user's choice among it.
        asked: What ``--weights method=...`` says, a file or a folder.

    Raises:
        WeightsError: A file is not there, or it is not clear which one the user's replaces.
    """
    given = Path(asked).expanduser() if asked is not None else None
    if given is not None and not given.is_dir():
        user_file(method, str(asked))
        if len(names) > 1 and replaced(given, names) is None:
            raise WeightsError(
                f"--weights {method}={asked}: the method has {len(names)} files "
                f"({', '.join(names)}); name a folder that holds them: --weights {method}=FOLDER"
            )
    paths = [place(name) for name in names] or [given or Path()]
    for path in paths:
        if not path.is_file():
            raise WeightsError(
                f"method '{method}' needs {path}, and there is no such file. Put it there, name "
                f"another with --weights {method}=FILE, or leave the method out with "
                f"--methods ...,-{method}"
            )
        refuse_no_weights(path)
    main = next((path for path in paths if path == given), paths[0])
    sha256, more = sha256_of(main), tuple(path for path in paths if path != main)
    note = note_of_file(main, sha256) if given else f"{main.name}, sha256 {sha256[:12]}"
    note += "".join(f"; with {path.name} (sha256 {sha256_of(path)[:12]})" for path in more)
    return Weights(
        origin="file" if given else "plug-in",
        path=main,
        sha256=sha256,
        note=note,
        more=more,
        trained_on=() if given else None,
        trained_pairs=trained_pairs(main),
    )


def note_of_file(path: Path, sha256: str) -> str:
    """The footnote of a user's weights: files of one name are told apart."""
    return f"the user's file {path.name}, sha256 {sha256[:12]}"


def read_card(weights: Path) -> dict[str, Any]:
    """The card (same name, suffix ``.json``) beside a weights file; empty where there is none.

    Raises:
        WeightsError: It cannot be read.
    """
    card = weights.with_suffix(".json")
    if not card.is_file():
        return {}
    try:
        facts = json.loads(card.read_text("utf-8"))
    except (OSError, ValueError) as error:
        raise WeightsError(
            f"{card} should be the card of {weights.name} (JSON), and cannot be read: {error}. "
            "Remove it, or copy it again with the weights"
        ) from error
    return facts if isinstance(facts, dict) else {}


def trained_pairs(weights: Path) -> dict[str, tuple[str, ...]]:
    """Ids of training pairs by data set, as the card beside a weights file lists them, if any.

    Raises:
        WeightsError: The card cannot be read.
    """
    listed = read_card(weights).get("trained_pairs") or {}
    if not isinstance(listed, dict) or not all(isinstance(ids, list) for ids in listed.values()):
        raise WeightsError(
            f"{weights.with_suffix('.json')}: trained_pairs is {type(listed).__name__}; expected "
            "lists of pair ids by data set, as `fusionbench train` writes them"
        )
    return {name: tuple(map(str, ids)) for name, ids in listed.items()}


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
