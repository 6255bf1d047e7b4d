"""The data sets the suite knows: one YAML file each under ``configs/datasets``."""

from __future__ import annotations

from functools import cache
from importlib import resources

import yaml
from pydantic import BaseModel, ConfigDict, ValidationError, model_validator

from fusionbench.errors import FusionBenchError, UnknownNameError


class Layout(BaseModel):
    """Where the files of a split lie below the data set's folder.

    Both patterns hold the same placeholders; what they match is the pair's id (joined by ``/``
    where there are several). ``{ext}`` stands for any image suffix. Example:
    ``test/ir/{id}.{ext}``.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    ir: str
    vis: str


class DataSetCard(BaseModel):
    """A data set as its YAML file states it.

    Attributes:
        name: The name on the command line.
        title: The name in full.
        folders: Names its folder goes by below a data root.
        splits: The layouts of each split, tried in order; the first that finds files is used.
        default_split: The split used when none is asked for.
        generator: Module with ``write_scenes(folder)``, for a data set that the package makes.
        classes: Names of the label classes in order.
        home, terms, cite: Where it comes from, its terms of use, and whom to cite.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: str
    title: str
    folders: tuple[str, ...]
    splits: dict[str, tuple[Layout, ...]]
    default_split: str
    generator: str = ""
    classes: tuple[str, ...] = ()
    home: str = ""
    terms: str = ""
    cite: str = ""

    @model_validator(mode="after")
    def _default_split_exists(self) -> DataSetCard:
        if self.default_split not in self.splits:
            raise ValueError(f"default_split '{self.default_split}' is not one of the splits")
        return self

    def layouts(self, split: str | None) -> tuple[Layout, ...]:
        """The layouts of a split (the default one for None).

        Raises:
            UnknownNameError: The data set has no such split.
        """
        split = split or self.default_split
        if split not in self.splits:
            command = "fusionbench list datasets"
            raise UnknownNameError(f"split of {self.name}", split, self.splits, command)
        return self.splits[split]


@cache
def load_datasets() -> dict[str, DataSetCard]:
    """Every data set by name.

    Raises:
        FusionBenchError: A file is not a valid data set.
    """
    found: dict[str, DataSetCard] = {}
    folder = resources.files("fusionbench.configs").joinpath("datasets")
    for file in sorted(folder.iterdir(), key=lambda f: f.name.casefold()):
        if file.name.endswith(".yaml"):
            try:
                card = DataSetCard.model_validate(yaml.safe_load(file.read_text("utf-8")))
            except (ValidationError, yaml.YAMLError) as error:
                raise FusionBenchError(f"configs/datasets/{file.name}: {error}") from error
            found[card.name] = card
    return found


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
