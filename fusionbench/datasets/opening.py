"""Opening a data set: finding its folder, choosing a layout, pairing."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from pathlib import Path

from fusionbench.checks import Problem
from fusionbench.datasets.aside import what_is_there
from fusionbench.datasets.catalogue import DataSetCard, dataset_named
from fusionbench.datasets.lists import read_list
from fusionbench.datasets.pairing import (
    Pair,
    Pairing,
    is_utf8,
    natural,
    pair_folders,
    pair_layouts,
    shown,
)
from fusionbench.errors import DataError
from fusionbench.files import is_hidden, packaged, subfolders
from fusionbench.images import SUFFIXES
from fusionbench.recipes import Reading, merged

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
        rest: Pairs that there are and that were not chosen.
        notes: What is worth knowing and leaves nothing out.
        reading: How its files are made 8-bit and of one size.
    """

    name: str
    split: str
    folder: Path
    pairs: tuple[Pair, ...]
    problems: tuple[Problem, ...]
    card: DataSetCard | None = None
    rest: tuple[Pair, ...] = ()
    notes: tuple[Problem, ...] = ()
    reading: Reading = field(default_factory=Reading)

    def read_as(self, asked: Reading) -> DataSet:
        """The same data set, its files read as asked; for the rest as its card states."""
        return replace(self, reading=merged(self.reading, asked))

    def only(self, file: Path) -> DataSet:
        """The pairs that a file lists, one id or image name a line, in the data set's order.

        Raises:
            DataError: The file cannot be read, or lists what the data set does not have.
        """
        listed = read_list(file, self.pairs, "--pairs", self.name)
        twice = sorted((key for key, n in Counter(listed).items() if n > 1), key=natural)
        notes = [Problem("listed-twice", key, f"in {file}") for key in twice]
        wanted = set(listed)
        chosen = self._chosen(pair for pair in self.pairs if pair.id in wanted)
        return replace(chosen, notes=(*self.notes, *notes))

    def first(self, limit: int | None) -> DataSet:
        """The same data set with its first ``limit`` pairs (all for None)."""
        return self._chosen(self.pairs[:limit])

    def _chosen(self, pairs: Iterable[Pair]) -> DataSet:
        kept = tuple(pairs)
        ids = {pair.id for pair in kept}
        rest = (pair for pair in self.pairs if pair.id not in ids)
        return replace(self, pairs=kept, rest=(*self.rest, *rest))

    def counted(self) -> list[Problem]:
        """What there is to say where the split's number of pairs is not the published one.

        Nothing where pairs were chosen.
        """
        here = len(self.pairs)
        published = self.card.published.get(self.split) if self.card else None
        if published is None or self.rest or here == published:
            return []
        check = "part-of-split" if here < published else "more-than-split"
        return [Problem(check, self.split, f"{here} of {published} pairs of the split are here")]


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
    candidates = [packaged(card.packaged)] if card.packaged else list(_folders(card, root))
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
    for option, folder in (("--ir", ir), ("--vis", vis)):
        if not folder.is_dir():
            fault = "is a file, not a folder" if folder.is_file() else "is not a folder"
            raise DataError(f"{option} {folder} {fault}; name the folder that holds the images")
        if not is_utf8(folder):
            raise DataError(f"{option} {shown(folder)}: the name is not UTF-8; rename the folder")
    empty = [_empty(*one) for one in (("--ir", ir), ("--vis", vis)) if not _has_images(one[1])]
    if empty:
        raise DataError("; ".join(empty))
    if ir.samefile(vis):
        raise DataError(f"--ir and --vis are the same folder, {ir}; expected one of each kind")
    return _opened(name, "all", ir.parent, pair_folders(ir, vis), None)


def _has_images(folder: Path) -> bool:
    try:
        return any(
            path.suffix.lower() in SUFFIXES and not is_hidden(path.name) and path.is_file()
            for path in folder.iterdir()
        )
    except OSError:
        return False


def _empty(option: str, folder: Path) -> str:
    """What to say of a folder that holds no images."""
    deeper = [d for d in image_folders(folder) if d != folder]
    if not deeper:
        what = what_is_there(folder)
        return f"{option} {folder}: it and the folders in it hold no images; {what}"
    named = ", ".join(str(d) for d in deeper[:5]) + (", ..." if len(deeper) > 5 else "")
    return f"{option} {folder}: it holds no images itself; they lie deeper: name one of {named}"


def _opened(
    name: str, split: str, folder: Path, found: Pairing, card: DataSetCard | None
) -> DataSet:
    reading = card.reading if card else Reading()
    return DataSet(
        name, split, folder, found.pairs, found.problems, card, notes=found.notes, reading=reading
    )


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
        level = [d for parent in level for d in subfolders(parent)]
        found += [d for d in level if d.name.casefold() in names]
    return list({folder.resolve(): folder for folder in reversed(found)}.values())[::-1]


def image_folders(folder: Path, depth: int = DEPTH) -> list[Path]:
    """The folder and those below it that hold images, without hidden ones."""
    found, level = [], [folder]
    for _ in range(depth + 1):
        found += [d for d in level if _has_images(d)]
        level = [d for parent in level for d in subfolders(parent)]
    return list({d.resolve(): d for d in reversed(found)}.values())[::-1]


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
