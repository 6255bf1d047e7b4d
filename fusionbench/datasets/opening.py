"""Opening a data set: finding its folder, choosing a layout, pairing."""

from __future__ import annotations

from dataclasses import dataclass, replace
from importlib import resources
from pathlib import Path

from fusionbench.checks import Problem
from fusionbench.datasets.catalogue import DataSetCard, dataset_named
from fusionbench.datasets.pairing import Pair, Pairing, natural, pair_folders, pair_layouts
from fusionbench.errors import DataError
from fusionbench.images import SUFFIXES

DEPTH = 3


@dataclass(frozen=True)
class DataSet:
    """A data set found on disk.

    Attributes:
        name: Its name in tables and folders.
        split: The split that was opened.
        folder: Where it was found.
        pairs: Its pairs, in natural order of their ids.
        problems: Each file that could not be paired.
        card: What is known of it beforehand, if anything.
    """

    name: str
    split: str
    folder: Path
    pairs: tuple[Pair, ...]
    problems: tuple[Problem, ...]
    card: DataSetCard | None = None

    def only(self, file: Path) -> DataSet:
        """The pairs that a file lists, one id or image name a line, in the data set's order.

        Raises:
            DataError: The file cannot be read, or lists what the data set does not have.
        """
        try:
            lines = file.read_text(encoding="utf-8").split()
        except (OSError, UnicodeDecodeError) as error:
            raise DataError(f"--pairs {file}: {error}") from error
        names = {Path(n).stem if Path(n).suffix.lower() in SUFFIXES else n for n in lines}
        missing = sorted(names - {pair.id for pair in self.pairs}, key=natural)
        if missing or not names:
            raise DataError(
                f"--pairs {file}: {len(missing)} of {len(names)} listed pairs are not in "
                f"{self.name}: {', '.join(missing[:10])}"
            )
        return replace(self, pairs=tuple(pair for pair in self.pairs if pair.id in names))

    def first(self, limit: int | None) -> DataSet:
        """The same data set with its first ``limit`` pairs (all for None)."""
        return replace(self, pairs=self.pairs[:limit])


def open_dataset(name: str, root: Path | None, split: str | None = None) -> DataSet:
    """Find a registered data set below a data root and pair its files.

    Args:
        name: The data set's name, in any case.
        root: The data root; not needed by a data set that the package holds.
        split: The split; the data set's default one for None.

    Raises:
        DataError: It is not there; says where it was looked for and what the layout should be.
    """
    card = dataset_named(name)
    layouts = card.layouts(split)
    candidates = [_packaged(card)] if card.packaged else list(_folders(card, root))
    for folder in candidates:
        fitting = [together for together in layouts if all(one.fits(folder) for one in together)]
        tried = [pair_layouts(folder, together) for together in fitting]
        found = next((t for t in tried if t.pairs), next((t for t in tried if t.problems), None))
        if found:
            return _opened(card.name, split or card.default_split, folder, found, card)
    raise _not_found(card, root, candidates, split)


def open_folders(ir: Path, vis: Path, name: str = "custom") -> DataSet:
    """Pair two folders of images by file name.

    Raises:
        DataError: A folder is missing or holds no image.
    """
    for folder in (ir, vis):
        if not folder.is_dir():
            raise DataError(f"{folder} is not a folder")
    found = pair_folders(ir, vis)
    if not found.pairs and not found.problems:
        raise DataError(f"{ir} and {vis} hold no images")
    return _opened(name, "all", ir.parent, found, None)


def _opened(
    name: str, split: str, folder: Path, found: Pairing, card: DataSetCard | None
) -> DataSet:
    return DataSet(name, split, folder, found.pairs, found.problems, card)


def _folders(card: DataSetCard, root: Path | None) -> list[Path]:
    """Folders below the root, at most ``DEPTH`` deep, that bear one of the data set's names."""
    if root is None:
        raise DataError(
            f"data set '{card.name}' needs a data root: name it with --data-root, FUSIONBENCH_DATA "
            f"or `data_root` in the configuration file. {_source(card)}"
        )
    if not root.is_dir():
        raise DataError(f"data root {root} is not a folder")
    names = {name.casefold() for name in card.folders}
    found = [root] if root.resolve().name.casefold() in names else []
    level = [root]
    for _ in range(DEPTH):
        level = [d for parent in level for d in sorted(parent.iterdir()) if d.is_dir()]
        found += [d for d in level if d.name.casefold() in names]
    return found


def _not_found(
    card: DataSetCard, root: Path | None, looked: list[Path], split: str | None
) -> DataError:
    where = ", ".join(str(p) for p in looked) or f"{root} and {DEPTH} levels of folders below it"
    layouts = " or ".join(
        "{0}/{1.ir} with {0}/{1.vis}".format(layout.folder or card.folders[0], layout)
        for together in card.layouts(split)
        for layout in together
    )
    return DataError(
        f"data set '{card.name}' (split {split or card.default_split}) was not found. "
        f"Looked in: {where}. Expected: {layouts}. {_source(card)}"
    )


def _source(card: DataSetCard) -> str:
    return f"It comes from {card.home}; `fusionbench data fetch {card.name}` gets it or says how to"


def _packaged(card: DataSetCard) -> Path:
    """The folder of a data set that the package holds."""
    return Path(str(resources.files("fusionbench.configs").joinpath(card.packaged)))
