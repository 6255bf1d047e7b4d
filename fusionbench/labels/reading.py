"""From the label files of pairs to their true boxes, with what checks find on the way."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path, PurePosixPath

from fusionbench.checks import Findings
from fusionbench.datasets.catalogue import LabelLayout
from fusionbench.errors import DataError
from fusionbench.files import digest
from fusionbench.images import size_of, source_size
from fusionbench.labels.checking import BoxChecks
from fusionbench.labels.class_names import naming_of
from fusionbench.labels.coco import images_of, read_coco
from fusionbench.labels.finding import FoundFiles
from fusionbench.labels.label_sets import LabelSet, Size
from fusionbench.labels.readers import READERS, ImageLabels
from fusionbench.manifest import DataSetRecord, PairRecord


def read_labels(
    record: DataSetRecord, layout: LabelLayout, found: FoundFiles, findings: Findings
) -> LabelSet:
    """Read the files of a label set.

    Args:
        record: The data set as it is used.
        layout: The label set.
        found: Its files.
        findings: What checks find is added to it. Where it leaves unusable items out, pairs with
            unusable labels take no part in the evaluation.

    Raises:
        DataError: A pair has no file where it should, a file is malformed (names file and line), or
            there is no object of any class.
    """
    problems = _Problems(record, findings)
    naming = naming_of(layout, found)
    if not naming.classes:
        raise DataError(f"{found.source}: the labels hold no object of any class")
    sizes = problems.sizes(_labelled(record, layout, found, problems))
    raw = _raw(layout, found, sizes, problems)
    raw = {pair: problems.fitted(pair, raw[pair], sizes[pair], layout.format) for pair in raw}
    checks = BoxChecks(in_pixels=layout.format != "yolo")
    raw = {pair: labels for pair, labels in raw.items() if pair not in problems.unusable}
    truths = {p: checks.truths(labels.boxes, naming, sizes[p]) for p, labels in raw.items()}
    checks.tell(findings, record.name)
    if problems.unusable and not truths and findings.skip_bad:
        raise DataError(f"no pair of {record.name} has labels that can be used ({found.source})")
    if all(truth.ignore.all() for truth in truths.values()):
        problems.add("no-objects", f"{len(truths)} labelled pairs")
    without = tuple(pair.id for pair in record.pairs if pair.id not in truths)
    counts_as = {name: layout.counts_as.get(name, ()) for name in naming.classes}
    content = [
        [p, t.boxes.tolist(), t.classes.tolist(), t.ignore.tolist()] for p, t in truths.items()
    ]
    return LabelSet(
        layout.name,
        naming.classes,
        counts_as,
        truths,
        {pair: sizes[pair] for pair in truths},
        without,
        tuple(checks.odd),
        found.source,
        layout.notes,
        digest([layout.name, naming.classes, counts_as, content]),
    )


class _Problems:
    """What is found pair by pair, for one data set.

    Attributes:
        unusable: Pairs whose labels cannot be used; the command stops, or goes on without them.
    """

    def __init__(self, record: DataSetRecord, findings: Findings) -> None:
        self._record, self._findings = record, findings
        self._pairs = {pair.id: pair for pair in record.pairs}
        self.unusable: set[str] = set()

    def add(self, check: str, item: str, detail: str = "", of: int = 0) -> None:
        """Add what a check found on one item."""
        self._findings.add(check, item, detail, dataset=self._record.name, of=of)

    def pair(self, check: str, pair: str, detail: str) -> None:
        """Add what makes the labels of a pair unusable."""
        self.add(check, pair, detail, of=len(self._record.pairs))
        self.unusable.add(pair)

    def sizes(self, pairs: Sequence[PairRecord]) -> dict[str, Size]:
        """Width and height of the images that can be read."""
        sizes = {}
        for pair in pairs:
            try:
                sizes[pair.id] = source_size(pair)
            except DataError as error:
                self.pair("unreadable-image", pair.id, f"{Path(pair.vis).name}: {error}")
        return sizes

    def fitted(self, pair: str, labels: ImageLabels, size: Size, kind: str) -> ImageLabels:
        """Labels in pixels of the image as it is used, once what they say of it has been compared.

        Labels in pixels that were made for a source before it was resized are scaled with it.
        """
        if labels.image and not _may_be(labels.image, pair):
            self.add("labels-of-another-image", pair, labels.image, of=len(self._pairs))
        before = self._before(pair)
        if before is not None and labels.size is None and kind != "yolo" and labels.boxes:
            said = f"{before[0]}x{before[1]} became {size[0]}x{size[1]}"
            self.pair("labels-without-size", pair, said)
        if labels.size in (None, size):
            return labels
        if labels.size != before:
            self.pair("labels-of-another-size", pair, _sizes_said(labels.size or size, size))
            return labels
        if labels.boxes:
            said = f"{before[0]}x{before[1]} became {size[0]}x{size[1]}"
            self.add("boxes-scaled", pair, said, of=len(self._pairs))
        return labels.scaled(size)

    def _before(self, pair: str) -> Size | None:
        """The size of the source that was resized, before it was; None where none was."""
        record = self._pairs[pair]
        if not record.resized:
            return None
        return size_of(record.ir if record.resized == "ir" else record.vis)


def _sizes_said(stated: Size, actual: Size) -> str:
    turned = "; width and height are exchanged" if stated == actual[::-1] else ""
    (wide, high), (width, height) = stated, actual
    return f"made for an image of {wide}x{high}, the image has {width}x{height}{turned}"


def _may_be(image: str, pair: str) -> bool:
    """Whether a file name may be that of a pair's image: one name is a part of the other.

    Of two numbers, such as 1 and 0017, that says nothing: they are the same or not.
    """
    stated = PurePosixPath(image.replace("\\", "/")).stem.casefold()
    own = PurePosixPath(pair).name.casefold()
    if (stated + own).isdecimal():
        return int(stated) == int(own)
    return own in stated or stated in own


def _labelled(
    record: DataSetRecord, layout: LabelLayout, found: FoundFiles, problems: _Problems
) -> list[PairRecord]:
    """The pairs that have labels, or whose missing file says that nothing is there."""
    missing = [pair.id for pair in record.pairs if pair.id not in found.files]
    if missing and layout.absent == "error":
        raise DataError(
            f"labels '{layout.name}' of {record.name}/{record.split}: {len(missing)} of "
            f"{len(record.pairs)} pairs have no file {found.source}: {', '.join(missing[:10])}"
        )
    for name in found.strangers:
        problems.add("labels-without-pair", name)
    if layout.absent != "empty":
        return [pair for pair in record.pairs if pair.id in found.files]
    if found.own and 2 * len(missing) >= len(record.pairs):
        for pair in missing:
            problems.add("most-without-labels", pair, of=len(record.pairs))
    for pair in missing:
        problems.add("no-label-file", pair, of=len(record.pairs))
    return record.pairs


def _raw(
    layout: LabelLayout, found: FoundFiles, sizes: Mapping[str, Size], problems: _Problems
) -> dict[str, ImageLabels]:
    if layout.format == "coco":
        return _coco(found, sizes, problems)
    read, files = READERS[layout.format], found.files
    nothing = ImageLabels(())
    return {p: read(files[p], size) if p in files else nothing for p, size in sizes.items()}


def _coco(
    found: FoundFiles, sizes: Mapping[str, Size], problems: _Problems
) -> dict[str, ImageLabels]:
    file = read_coco(next(iter(found.files.values())))
    images, twice, strangers = images_of(file, list(sizes))
    if not images and not twice:
        named = ", ".join(image.name for image in file.images[:3])
        raise DataError(
            f"{found.source} lists none of the pairs; its images are named {named or 'nothing'}, "
            f"pairs {', '.join(list(sizes)[:3])}"
        )
    for problem in twice:
        problems.pair(*problem)
    for name in strangers if found.own else ():
        problems.add("labels-without-pair", name)
    for name in file.repeated:
        problems.add("annotation-id-repeated", name)
    return {pair: image.labels for pair, image in images.items()}
