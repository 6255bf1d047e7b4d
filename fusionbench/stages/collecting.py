"""Collecting somebody else's fused images: a folder of images, or a folder of images per method."""

from __future__ import annotations

import hashlib
import re
from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from fusionbench.checks import CHECKS, Findings, Problem
from fusionbench.checks.fused import Look, Looks, judge_all
from fusionbench.checks.pictures import picture_findings
from fusionbench.datasets.aside import leads_nowhere, left_aside, what_is_there
from fusionbench.datasets.matching import composed, match_names
from fusionbench.datasets.opening import DataSet, image_folders
from fusionbench.datasets.pairing import Pair, is_utf8, natural, shown
from fusionbench.errors import DataError
from fusionbench.files import digest, is_hidden, subfolders
from fusionbench.imagefiles import Unreadable
from fusionbench.images import SUFFIXES, Picture, open_picture, read_bytes, read_sources
from fusionbench.manifest import DataSetRecord, MethodRecord, PairRecord, fingerprint_of
from fusionbench.names import check_path, fault_of, plain
from fusionbench.sources import PairSources, PairTriple

_SOURCES = {"ir", "visible"}
"""Names of the rows that show a source itself."""


@dataclass(frozen=True)
class Collected:
    """Fused images found for a data set.

    Attributes:
        dataset: The data set, cut down to the pairs that every method has an image for.
        methods: One record per folder.
        notes: What the user should know: pairs without images, files left out.
        looks: What was seen of each image, so that it need not be looked at again.
    """

    dataset: DataSetRecord
    methods: list[MethodRecord]
    notes: list[str]
    looks: Looks


def method_folders(
    folder: Path,
    name: str | None = None,
    dataset: DataSet | None = None,
    findings: Findings | None = None,
) -> dict[str, Path]:
    """The folders of fused images by label.

    Images may lie in the folder itself, in one folder per method, or deeper as ``METHOD/DATASET``
    or ``DATASET/METHOD`` where it is clear which folder is meant.

    Args:
        folder: Holds images (one method, labelled ``name`` or after the folder), or a folder of
            images per method.
        name: The method's label where there is one folder of images.
        dataset: What the images were fused from; tells its folders among others.
        findings: Folders that were left aside are added to it.

    Raises:
        DataError: There is no such folder, there are no images, or it is not clear which are meant;
            or ``name`` cannot be a label.
    """
    if name is not None:
        _check_label(name)
    if not folder.is_dir():
        raise DataError(f"--fused {folder} is not a folder")
    if _is_leaf(folder, dataset):
        aside = [] if _nested(folder, dataset) else [d for d in subfolders(folder) if _any_below(d)]
        if findings is not None:
            findings.extend(Problem("folders-aside", shown(path), "") for path in aside)
        return {name or composed(folder.resolve().name): folder}
    found = _below(folder, dataset)
    if not found:
        raise DataError(
            f"--fused {folder} holds no images and no folder of images; {what_is_there(folder)}"
        )
    if name is not None:
        if len(found) > 1:
            raise DataError(f"--name {name}: --fused {folder} holds {len(found)} methods' folders")
        return {name: next(iter(found.values()))}
    return found


def _below(folder: Path, dataset: DataSet | None) -> dict[str, Path]:
    """The folder of images of each method below a folder."""
    children = [d for d in subfolders(folder) if _any_below(d, dataset)]
    ours = _called_as(children, dataset)
    if len(ours) == 1 and not _is_leaf(ours[0], dataset):
        return _below(ours[0], dataset)
    found: dict[str, Path] = {}
    for child in children:
        if not is_utf8(child):
            raise DataError(f"--fused {shown(child)}: the name is not UTF-8; rename the folder")
        label = composed(child.name)
        if label in found:
            raise DataError(f"--fused {folder}: two folders are called '{label}'; rename one")
        found[label] = _leaf(child, dataset)
    return found


def _leaf(folder: Path, dataset: DataSet | None) -> Path:
    """The one folder of images at or below a method's folder.

    Raises:
        DataError: There are several, and none is called as the data set.
    """
    top = folder
    while not _is_leaf(folder, dataset):
        inner = [d for d in subfolders(folder) if _any_below(d, dataset)]
        chosen = inner if len(inner) == 1 else _called_as(inner, dataset)
        if len(chosen) != 1:
            named = ", ".join(shown(d) for d in inner[:5])
            raise DataError(
                f"--fused: {shown(top)} holds no images itself and {len(inner)} folders that do: "
                f"{named}; name one with --fused, or the data set with --dataset"
            )
        (folder,) = chosen
    return folder


def _called_as(folders: Iterable[Path], dataset: DataSet | None) -> list[Path]:
    """The folders that bear the name of the data set, else of its split."""
    if dataset is None:
        return []
    card = dataset.card
    names = {dataset.name.casefold(), *(n.casefold() for n in (card.folders if card else ()))}
    by_name = [d for d in folders if d.name.casefold() in names]
    return by_name or [d for d in folders if card and d.name.casefold() == dataset.split.casefold()]


def _is_leaf(folder: Path, dataset: DataSet | None) -> bool:
    return bool(_images(folder)) or _nested(folder, dataset)


def _nested(folder: Path, dataset: DataSet | None) -> bool:
    """Whether a folder holds the images of pairs whose ids have several parts."""
    pairs = dataset.pairs if dataset is not None else ()
    deep = [pair.id for pair in pairs if "/" in pair.id]
    return any((folder / f"{key}{suffix}").is_file() for key in deep for suffix in SUFFIXES)


def _any_below(folder: Path, dataset: DataSet | None = None) -> bool:
    return _nested(folder, dataset) or bool(image_folders(folder))


def _check_label(name: str) -> None:
    """Refuse a ``--name`` that cannot stand in a table."""
    if not name.strip() or "/" in name:
        raise DataError(f"--name '{name}': expected a label such as MyNet, without /")
    check_path(name, "--name")


def collect(
    folders: Mapping[str, Path],
    dataset: DataSetRecord,
    findings: Findings | None = None,
    *,
    skip_bad: bool = False,
    others: Iterable[Pair] = (),
) -> Collected:
    """Match the images of each folder to the pairs of a data set.

    An image belongs to the pair whose id is its stem, whose infrared or visible file has its stem,
    or whose id is its stem without one prefix and suffix that all images of the folder share; in
    another case or with other leading zeros, all or none. All methods are scored on the same pairs.

    Args:
        folders: The folder of each method, by its label.
        dataset: The data set as it was checked.
        findings: What was found is added to it, and settled.
        skip_bad: Without ``findings``: leave unusable images and pairs out.
        others: Pairs of the data set that are not scored; their images are left out and counted.

    Raises:
        DataError: Images belong to no pair, cannot be read or have another size than their pair,
            or methods cover different pairs; lists every kind. Or nothing is left.
    """
    findings = findings if findings is not None else Findings(skip_bad=skip_bad)
    scored = {pair.id for pair in dataset.pairs}
    outside = {pair.id: pair for pair in others if pair.id not in scored}
    everything: list[Pair | PairRecord] = [*dataset.pairs, *outside.values()]
    placed = {name: _matched(path, everything) for name, path in folders.items()}
    found = {name: _without(outside, *one) for name, one in placed.items()}
    beyond = [path for one, _ in placed.values() for key, path in one.items() if key in outside]
    problems = {name: list(bad) for name, (_, bad) in found.items()}
    for name, (images, _) in found.items():
        if not images and not any(p.check == "two-files" for p in problems[name]):
            raise _strangers(folders[name], dataset, elsewhere=bool(placed[name][0]))
    covered = [set(images) for images, _ in found.values()]
    common = set.intersection(*covered)
    for name, (images, _) in found.items():
        missing = sorted(set.union(*covered) - set(images), key=natural)
        problems[name] += [Problem("no-fused-image", pair, "no image") for pair in missing]
    looks: dict[str, dict[str, tuple[str, Look]]] = {name: {} for name in found}
    for (pair_id, name), odd in _looked_at(found, dataset, common, looks).items():
        problems[name] += odd
        if any(CHECKS[problem.check].skippable for problem in odd):
            common -= {pair_id}
    for name, bad in problems.items():
        findings.extend(bad, dataset=dataset.name, method=name, of=len(dataset.pairs))
        aside = left_aside(found[name][0].values())
        findings.extend(aside, dataset=dataset.name, method=name)
    strays = [Problem("outside-subset", shown(path), "") for path in beyond]
    findings.extend(strays, dataset=dataset.name)
    for name, count, bad in judge_all(
        (name, False, _only_looks(one)) for name, one in looks.items()
    ):
        findings.extend(bad, dataset=dataset.name, method=name, of=count)
    findings.settle()
    if not common:
        raise DataError("no pair has a usable image of every method")
    return _collected(found, dataset, common, looks)


def _only_looks(looks: Mapping[str, tuple[str, Look]]) -> dict[str, Look]:
    return {pair: look for pair, (_, look) in looks.items()}


def _without(
    outside: Collection[str], images: Mapping[str, Path], problems: Iterable[Problem]
) -> tuple[dict[str, Path], list[Problem]]:
    """Images and problems without those of pairs that are not scored."""
    kept = {key: path for key, path in images.items() if key not in outside}
    return kept, [p for p in problems if not (p.check == "two-files" and p.item in outside)]


def _strangers(folder: Path, dataset: DataSetRecord, *, elsewhere: bool) -> DataError:
    if elsewhere:
        return DataError(f"--fused {folder}: its images are of pairs that were left out")
    images = ", ".join(shown(path.name) for path in _images(folder)[:3])
    pairs = ", ".join(pair.id for pair in dataset.pairs[:3])
    return DataError(
        f"--fused {folder}: no image belongs to a pair of {dataset.name}; "
        f"images are named {images} ..., pairs {pairs} ..."
    )


def _collected(
    found: Mapping[str, tuple[dict[str, Path], list[Problem]]],
    dataset: DataSetRecord,
    common: set[str],
    looks: Looks,
) -> Collected:
    pairs = [p for p in dataset.pairs if p.id in common]
    notes = []
    if len(pairs) < len(dataset.pairs):
        notes.append(f"scored on {len(pairs)} of {len(dataset.pairs)} pairs of {dataset.name}")
    fingerprint = fingerprint_of(pairs)
    smaller = dataset.model_copy(update={"pairs": pairs, "fingerprint": fingerprint})
    names = row_names(found)
    methods = [
        MethodRecord(
            name=names[label],
            label=label,
            family="images",
            fingerprint=digest(["images", label]),
            fused={dataset.name: {p.id: str(images[p.id].resolve()) for p in pairs}},
        )
        for label, (images, _) in found.items()
    ]
    return Collected(smaller, methods, notes, {names[label]: looks[label] for label in found})


def _matched(
    folder: Path, pairs: Sequence[Pair | PairRecord]
) -> tuple[dict[str, Path], list[Problem]]:
    """Images by pair id, and each image that belongs to no pair or claims another one's."""
    known = _known(pairs)
    paths: dict[str, list[Path]] = {}
    images = _images(folder) or _deep_images(folder)
    for path in filter(is_utf8, images):
        paths.setdefault(path.relative_to(folder).with_suffix("").as_posix(), []).append(path)
    matched = match_names(paths, known)
    by_id: dict[str, list[Path]] = {}
    for name, key in matched.items():
        by_id.setdefault(known[key], []).extend(paths[name])
    problems = [
        Problem("two-files", key, f"two files, {shown(two[0])} and {shown(two[1])}")
        for key, two in by_id.items()
        if len(two) > 1
    ]
    problems += [
        Problem("bad-name", shown(path), "the name is not UTF-8")
        for path in images
        if not is_utf8(path)
    ]
    for name in sorted(paths.keys() - matched.keys(), key=natural):
        problems += [Problem("no-pair", shown(p), "belongs to no pair") for p in paths[name]]
    return {key: found[0] for key, found in by_id.items() if len(found) == 1}, problems


def _known(pairs: Sequence[Pair | PairRecord]) -> dict[str, str]:
    """Ids by what a fused image may be called, where that is one pair's: id, or a source's name."""
    claims: dict[str, set[str]] = {}
    for pair in pairs:
        flat = {pair.id, pair.id.replace("/", "_")}
        stems = {composed(Path(pair.ir).stem), composed(Path(pair.vis).stem)}
        for name in flat | stems:
            claims.setdefault(name, set()).add(pair.id)
    known = {name: next(iter(ids)) for name, ids in claims.items() if len(ids) == 1}
    return known | {pair.id: pair.id for pair in pairs}


def _deep_images(folder: Path) -> list[Path]:
    """Images at any depth below a folder, without hidden ones."""
    return [
        path
        for path in sorted(folder.rglob("*"))
        if path.suffix.lower() in SUFFIXES
        and not any(map(is_hidden, path.relative_to(folder).parts))
        and (path.is_file() or leads_nowhere(path))
    ]


def _looked_at(
    found: Mapping[str, tuple[dict[str, Path], list[Problem]]],
    dataset: DataSetRecord,
    common: set[str],
    looks: Mapping[str, dict[str, tuple[str, Look]]],
) -> dict[tuple[str, str], list[Problem]]:
    """What is wrong with or odd about each image, by pair and method.

    The look of each that can be used is added to ``looks``. No more pairs than there are threads
    are in memory.
    """
    problems: dict[tuple[str, str], list[Problem]] = {}

    def look_at(pair: PairRecord) -> list[tuple[str, tuple[str, Look] | None, list[Problem]]]:
        sources = PairSources(*read_sources(pair))
        return [(n, *_look(images[pair.id], sources, pair)) for n, (images, _) in found.items()]

    used = [pair for pair in dataset.pairs if pair.id in common]
    with ThreadPoolExecutor() as pool:
        for pair, seen in zip(used, pool.map(look_at, used), strict=True):
            for name, look, odd in seen:
                if look is not None:
                    looks[name][pair.id] = look
                if odd:
                    problems[pair.id, name] = odd
    return problems


def _look(
    path: Path, sources: PairSources, pair: PairRecord
) -> tuple[tuple[str, Look] | None, list[Problem]]:
    """Checksum and look of an image that can be used, and what is wrong with or odd about it."""
    try:
        data = read_bytes(path)
        picture = open_picture(path, data, thorough=True)
        odd: list[Problem] = []
        triple = triple_of(sources, picture, pair.id, odd, shown(path))
    except Unreadable as error:
        said = f"{path}: {error}; save 8 or 16 bits"
        return None, [Problem("unreadable-image", pair.id, said)]
    except DataError as error:
        return None, [Problem("unreadable-image", pair.id, str(error))]
    if triple is None:
        return None, odd
    return (hashlib.sha256(data).hexdigest(), Look.of(triple)), odd


def triple_of(
    sources: PairSources, picture: Picture, pair: str, odd: list[Problem], file: str
) -> PairTriple | None:
    """A fused image with its sources, where it fits them; what is odd about it goes to ``odd``.

    Raises:
        Unreadable: Nothing says which of its values is white.
    """
    image = picture.as_8_bit()
    odd += [Problem(check, pair, said) for check, said in picture_findings(picture, fused=True)]
    size = sources.ir.shape[1::-1]
    if picture.size == size:
        return sources.triple(image)
    got, wanted = (f"{width}x{height}" for width, height in (picture.size, size))
    sides = zip(picture.size, size, strict=True)
    hints = "".join(f"; {hint}" for side in sides if (hint := _cut_or_padded(*side)))
    odd.append(Problem("fused-size", file, f"{got}, but pair {pair} is {wanted}{hints}"))
    return None


def _cut_or_padded(got: int, wanted: int) -> str:
    """Words for a side that was brought to a multiple of what a network takes, if it was."""
    for step in (64, 32, 16, 8, 4):
        if got % step == 0 and 0 < abs(got - wanted) <= step:
            return f"{got} = {wanted} {'cut' if got < wanted else 'padded'} to a multiple of {step}"
    return ""


def _images(folder: Path) -> list[Path]:
    return [
        p
        for p in sorted(folder.iterdir())
        if p.suffix.lower() in SUFFIXES and not is_hidden(p.name)
        if p.is_file() or leads_nowhere(p)
    ]


def row_names(labels: Iterable[str]) -> dict[str, str]:
    """The name of each label's row and files: the label itself, if it can be one.

    Otherwise the characters that stand in the way become ``_`` and a few digits of the label's
    checksum follow, so that ``a=b`` and ``a_b`` stay apart; the same for names that differ in case
    only, and for those of the source images.
    """
    labels = list(labels)
    alike = Counter(plain(label) for label in labels)
    return {
        label: _row_name(label, taken=alike[plain(label)] > 1 or plain(label) in _SOURCES)
        for label in labels
    }


def _row_name(label: str, *, taken: bool) -> str:
    name = re.sub(r"[,*?\[\]=@<>:\"|\\/\x00-\x1f\x7f]", "_", label)
    name = re.sub(r"^[-. ]+|[. ]+$", "_", name)[:80]
    if name == label and not taken and not fault_of(name):
        return name
    return f"{name.strip('_') or 'fused'}-{digest(label)[:6]}"
