"""The data sets the suite knows: one YAML file each under ``configs/datasets``."""

from __future__ import annotations

from functools import cache
from pathlib import Path

from pydantic import BaseModel, ConfigDict, model_validator

from fusionbench.downloads import Remote
from fusionbench.errors import UnknownNameError
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


class DataSetCard(Named):
    """A data set as its YAML file states it.

    Attributes:
        name: The name on the command line.
        title: The name in full.
        folders: Names its folder goes by below a data root.
        splits: The layouts of each split, tried in order; the first that finds pairs is used. An
            entry may be a list of layouts, whose pairs belong together.
        default_split: The split used when none is asked for.
        generator: Module with ``write_scenes(folder)``, for a data set that the package makes.
        classes: Names of the label classes in order.
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
    generator: str = ""
    classes: tuple[str, ...] = ()
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
