"""The data sets the suite knows, one YAML file each in ``configs/datasets``, and their fetching."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

from fusionbench.downloads import Remote, download, unpack
from fusionbench.errors import DataError, FusionBenchError, UnknownNameError
from fusionbench.recipes import Reading, Resized, parse_reading
from fusionbench.yamls import Named, read_folder


class Layout(BaseModel):
    """Where the files of a split lie below the data set's folder.

    Both patterns hold the same placeholders; what they match is the pair's id (joined by ``/``
    where there are several). ``{ext}`` stands for any image suffix. Example:
    ``test/ir/{id}.{ext}``. ``folder``, where given, is the name that the data set's folder must
    have for this layout.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    ir: str
    vis: str
    folder: str = ""

    def fits(self, folder: Path) -> bool:
        """Whether the layout may be tried on a folder."""
        return not self.folder or folder.resolve().name.casefold() == self.folder.casefold()


class Archive(BaseModel):
    """A file to download for a data set: where it can be had, and how to know it is whole."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    file: str
    urls: tuple[str, ...]
    bytes: int | None = None
    sha256: str = ""
    md5: str = ""

    @model_validator(mode="after")
    def _has_a_checksum(self) -> Archive:
        if not (self.sha256 or self.md5):
            raise ValueError(f"{self.file}: a download needs sha256 or md5")
        return self

    def remote(self) -> Remote:
        """The file as the downloader takes it."""
        return Remote(**self.model_dump())


class LabelLayout(BaseModel):
    """One set of labels of a data set: where its files lie and what its classes are.

    Patterns hold the placeholders of the split's layout; ``{number}`` stands for the number that
    the pair's id begins with, without leading zeros. A pattern without placeholder is one file for
    all pairs. Files are looked for below the data set's folder, the folder that holds it, and the
    data root.

    Attributes:
        name: What it is called in rows and on the command line.
        title: What it is.
        format: ``yolo``, ``voc``, ``coco``, ``kaist`` (bbGt version 3), or ``segmentation``: images
            of class numbers, which hold no boxes and are only counted.
        files: For each split that it covers, the patterns to try in order.
        classes: Names of the classes in order, or by number where the files number otherwise.
        names_file: A file that names the classes in the order of the files at hand (lines ``name``
            or ``number name``); where it is there, it is believed rather than ``classes``.
        aliases: Other names under which files know a class.
        counts_as: For each class the names under which detectors know it; none for a class that
            detectors trained on COCO do not know.
        ignored: Labels of regions whose detections do not count, and the class they are near to.
        absent: What it means that a pair has no file: ``error``, ``empty`` (no objects), or
            ``unlabelled`` (the pair takes no part in an evaluation).
        notes: What to know about it.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: str
    title: str
    format: Literal["yolo", "voc", "coco", "kaist", "segmentation"]
    files: dict[str, tuple[str, ...]]
    classes: tuple[str, ...] | dict[int, str]
    names_file: str = ""
    aliases: dict[str, str] = {}
    counts_as: dict[str, tuple[str, ...]] = {}
    ignored: dict[str, str] = {}
    absent: Literal["error", "empty", "unlabelled"] = "error"
    notes: str = ""

    @property
    def class_names(self) -> tuple[str, ...]:
        """Names of the classes, in the order of their numbers."""
        if isinstance(self.classes, tuple):
            return self.classes
        return tuple(self.classes[number] for number in sorted(self.classes))

    @model_validator(mode="after")
    def _names_are_classes(self) -> LabelLayout:
        known = set(self.class_names)
        named = {*self.counts_as, *self.aliases.values(), *self.ignored.values()}
        if unknown := sorted(named - known):
            raise ValueError(f"labels '{self.name}': {', '.join(unknown)}: not among the classes")
        claimed = [alias.casefold() for names in self.counts_as.values() for alias in names]
        if len(claimed) != len(set(claimed)):
            raise ValueError(f"labels '{self.name}': a detector's class counts as two classes")
        return self


class DataSetCard(Named):
    """A data set as its YAML file states it.

    Attributes:
        name: The name on the command line.
        title: The name in full.
        folders: Names its folder goes by below a data root.
        splits: The layouts of each split, tried in order; the first that finds pairs is used. An
            entry may be a list of layouts, whose pairs belong together.
        default_split: The split used when none is asked for.
        published: How many pairs its home or paper states for a split, where it does.
        packaged: Its folder below ``configs``, for a data set that the package holds.
        labels: Its sets of labels, the default one first.
        ir_range, vis_range, resize: How its files are read where they are not 8-bit, or not of one
            size, as the options of those names take it; options come first.
        home, terms, cite: Where it comes from, its terms of use, and whom to cite.
        archives: What ``fusionbench data fetch`` downloads and unpacks, in order.
        steps: How to get it by hand, where a form or a drive link stands in the way.
        notes: What is odd about it.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: str
    title: str
    folders: tuple[str, ...]
    splits: dict[str, tuple[Layout | tuple[Layout, ...], ...]]
    default_split: str
    published: dict[str, int] = Field(default_factory=dict)
    packaged: str = ""
    labels: tuple[LabelLayout, ...] = ()
    ir_range: str = ""
    vis_range: str = ""
    resize: Resized = ""
    home: str = ""
    terms: str = ""
    cite: str = ""
    archives: tuple[Archive, ...] = ()
    steps: str = ""
    notes: str = ""

    @model_validator(mode="after")
    def _default_split_exists(self) -> DataSetCard:
        if self.default_split not in self.splits:
            raise ValueError(f"default_split '{self.default_split}' is not one of the splits")
        if unknown := sorted(set(self.published) - set(self.splits)):
            raise ValueError(f"published names splits that there are not: {', '.join(unknown)}")
        return self

    @model_validator(mode="after")
    def _labels_fit(self) -> DataSetCard:
        names = [labels.name for labels in self.labels]
        if len(names) != len(set(names)):
            raise ValueError("two sets of labels have one name")
        covered = {split for labels in self.labels for split in labels.files}
        if unknown := sorted(covered - set(self.splits)):
            raise ValueError(f"labels cover splits that there are not: {', '.join(unknown)}")
        return self

    @property
    def reading(self) -> Reading:
        """How its files are made 8-bit and of one size."""
        return parse_reading(self.ir_range, self.vis_range, self.resize)

    @model_validator(mode="after")
    def _ranges_can_be_read(self) -> DataSetCard:
        try:
            parse_reading(self.ir_range, self.vis_range, self.resize)
        except FusionBenchError as error:
            raise ValueError(str(error)) from error
        return self

    def layouts(self, split: str | None) -> tuple[tuple[Layout, ...], ...]:
        """The layouts of a split (the default one for None); those of one entry belong together.

        Raises:
            UnknownNameError: The data set has no such split.
        """
        split = split or self.default_split
        if split not in self.splits:
            command = "fusionbench list datasets"
            raise UnknownNameError(f"split of {self.name}", split, self.splits, command)
        entries = self.splits[split]
        return tuple(entry if isinstance(entry, tuple) else (entry,) for entry in entries)


@cache
def load_datasets() -> dict[str, DataSetCard]:
    """Every data set by name.

    Raises:
        FusionBenchError: A file is not a valid data set.
    """
    return read_folder("datasets", DataSetCard)


def dataset_named(name: str) -> DataSetCard:
    """The data set of that name, in any case.

    Raises:
        UnknownNameError: There is none.
    """
    known = load_datasets()
    for card in known.values():
        if card.name.casefold() == name.casefold():
            return card
    raise UnknownNameError("data set", name, known, "fusionbench list datasets")


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
