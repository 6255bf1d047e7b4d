"""Collecting somebody else's fused images: a folder of images, or a folder of images per method."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from fusionbench.checks import Findings, Problem
from fusionbench.checks.fused import Look, judge_all
from fusionbench.datasets.pairing import match_names, natural
from fusionbench.errors import DataError
from fusionbench.files import digest
from fusionbench.images import SUFFIXES, read_image
from fusionbench.manifest import DataSetRecord, MethodRecord, PairRecord
from fusionbench.sources import PairSources


@dataclass(frozen=True)
class Collected:
    """Fused images found for a data set.

    Attributes:
        dataset: The data set, cut down to the pairs that every method has an image for.
        methods: One record per folder.
        notes: What the user should know: pairs without images, files left out.
    """

    dataset: DataSetRecord
    methods: list[MethodRecord]
    notes: list[str]


def method_folders(folder: Path, name: str | None = None) -> dict[str, Path]:
    """The folders of fused images by method name.

    Args:
        folder: Holds images (one method, named ``name`` or after the folder), or a folder of images
            per method.
        name: The method's name where the folder itself holds the images.

    Raises:
        DataError: There is no such folder, or there are no images.
    """
    if not folder.is_dir():
        raise DataError(f"--fused {folder} is not a folder")
    if _images(folder):
        return {_usable(name or folder.resolve().name): folder}
    found = {_usable(d.name): d for d in sorted(folder.iterdir()) if d.is_dir() and _images(d)}
    if not found:
        raise DataError(
            f"--fused {folder} holds no images ({', '.join(sorted(SUFFIXES))}) "
            "and no folder of images"
        )
    return found


def collect(
    folders: Mapping[str, Path],
    dataset: DataSetRecord,
    findings: Findings | None = None,
    *,
    skip_bad: bool = False,
) -> Collected:
    """Match the images of each folder to the pairs of a data set.

    An image belongs to the pair whose id is its stem, or its stem without one prefix and suffix
    that all images of the folder share. All methods are scored on the same pairs.

    Args:
        folders: The folder of each method, by its name.
        dataset: The data set as it was checked.
        findings: What was found is added to it, and settled.
        skip_bad: Without ``findings``: leave unusable images and pairs out.

    Raises:
        DataError: Images belong to no pair, cannot be read or have another size than their pair,
            or methods cover different pairs; lists every kind. Or nothing is left.
    """
    findings = findings if findings is not None else Findings(skip_bad=skip_bad)
    found = {name: _matched(path, dataset) for name, path in folders.items()}
    problems = {name: list(bad) for name, (_, bad) in found.items()}
    for name, (images, _) in found.items():
        if not images:
            raise _strangers(folders[name], dataset)
    covered = [set(images) for images, _ in found.values()]
    common = set.intersection(*covered)
    for name, (images, _) in found.items():
        missing = sorted(set.union(*covered) - set(images), key=natural)
        problems[name] += [Problem("no-fused-image", pair, "no image") for pair in missing]
    looks: dict[str, dict[str, Look]] = {name: {} for name in found}
    bad_files = _unreadable(found, dataset, common, looks)
    for (_, name), problem in bad_files.items():
        problems[name].append(problem)
    common -= {pair for pair, _ in bad_files}
    for name, bad in problems.items():
        findings.extend(bad, dataset=dataset.name, method=name, of=len(dataset.pairs))
    for name, count, bad in judge_all((name, False, seen) for name, seen in looks.items()):
        findings.extend(bad, dataset=dataset.name, method=name, of=count)
    findings.settle()
    if not common:
        raise DataError("no pair has a usable image of every method")
    return _collected(found, dataset, common)


def _strangers(folder: Path, dataset: DataSetRecord) -> DataError:
    images = ", ".join(path.name for path in _images(folder)[:3])
    pairs = ", ".join(pair.id for pair in dataset.pairs[:3])
    return DataError(
        f"--fused {folder}: no image belongs to a pair of {dataset.name}; "
        f"images are named {images} ..., pairs {pairs} ..."
    )


def _collected(
    found: Mapping[str, tuple[dict[str, Path], list[Problem]]],
    dataset: DataSetRecord,
    common: set[str],
) -> Collected:
    pairs = [p for p in dataset.pairs if p.id in common]
    notes = []
    if len(pairs) < len(dataset.pairs):
        notes.append(f"scored on {len(pairs)} of {len(dataset.pairs)} pairs of {dataset.name}")
    fingerprint = digest([[p.id, p.ir_sha256, p.vis_sha256] for p in pairs])
    smaller = dataset.model_copy(update={"pairs": pairs, "fingerprint": fingerprint})
    methods = [
        MethodRecord(
            name=name,
            label=name,
            family="images",
            fingerprint=digest(["images", name]),
            fused={dataset.name: {p.id: str(images[p.id].resolve()) for p in pairs}},
        )
        for name, (images, _) in found.items()
    ]
    return Collected(smaller, methods, notes)


def _matched(folder: Path, dataset: DataSetRecord) -> tuple[dict[str, Path], list[Problem]]:
    """Images by pair id, and each image that belongs to no pair."""
    by_stem = {path.stem: path for path in _images(folder)}
    flat = {pair.id.replace("/", "_"): pair.id for pair in dataset.pairs}
    matched = match_names(by_stem, flat)
    images = {flat[key]: by_stem[stem] for stem, key in matched.items()}
    strays = sorted(by_stem.keys() - matched.keys(), key=natural)
    return images, [Problem("no-pair", str(by_stem[stem]), "belongs to no pair") for stem in strays]


def _unreadable(
    found: Mapping[str, tuple[dict[str, Path], list[Problem]]],
    dataset: DataSetRecord,
    common: set[str],
    looks: dict[str, dict[str, Look]],
) -> dict[tuple[str, str], Problem]:
    """The problem of each image that cannot be read or has the wrong size, by pair and method.

    The look of each that can be used is added to ``looks``.
    """
    problems = {}
    for pair in (p for p in dataset.pairs if p.id in common):
        sources = PairSources(read_image(pair.ir), read_image(pair.vis))
        for name, (images, _) in found.items():
            seen = _seen(images[pair.id], sources, pair)
            if isinstance(seen, Look):
                looks[name][pair.id] = seen
            else:
                problems[pair.id, name] = seen
    return problems


def _seen(path: Path, sources: PairSources, pair: PairRecord) -> Look | Problem:
    try:
        image = read_image(path)
    except DataError as error:
        return Problem("unreadable-image", pair.id, str(error))
    got, size = image.shape[:2], sources.ir.shape[:2]
    if got == size:
        return Look.of(sources.triple(image))
    sizes = f"{got[1]}x{got[0]}, but pair {pair.id} is {size[1]}x{size[0]}"
    return Problem("fused-size", str(path), sizes)


def _images(folder: Path) -> list[Path]:
    return [p for p in sorted(folder.iterdir()) if p.suffix.lower() in SUFFIXES and p.is_file()]


def _usable(name: str) -> str:
    """A folder's name as a method's name: characters that selectors use become ``_``."""
    return re.sub(r"[,*?\[\]=@]", "_", name).lstrip("-") or "fused"
