"""What lies among the images of a data set and is not read: said, never silently left out."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from pathlib import Path

from fusionbench.checks import Problem
from fusionbench.imagefiles import SUFFIXES, what_is_read

_PICTURES = "gif apng heic heif avif jxl j2k j2c jpx exr hdr pfm pam psd svg eps pdf ico tga dds"
_CAMERAS = "raw dng cr2 nef arw rjpg seq fff csq mp4 avi mkv mov"
_ARRAYS = "npy npz mat bin h5 hdf5 fits dcm nii"
NOT_READ = frozenset(f".{name}" for name in f"{_PICTURES} {_CAMERAS} {_ARRAYS}".split())
"""Suffixes of images, arrays and films that are not read."""


def left_aside(images: Iterable[Path]) -> list[Problem]:
    """What lies beside images, looks like one of them and is not read."""
    known = set(images)
    return list(_in_folders({path.parent for path in known}, known))


def _in_folders(folders: Iterable[Path], known: set[Path]) -> Iterator[Problem]:
    for folder in sorted(folders):
        for path in sorted(folder.iterdir()):
            if path not in known and not path.name.startswith(".") and (why := _why(path)):
                yield Problem("left-aside", str(path), why)


def leads_nowhere(path: Path) -> bool:
    """Whether a path is a link to nothing, or in a circle."""
    return path.is_symlink() and not path.exists()


def _why(path: Path) -> str:
    """Why a file that looks like an image is none; nothing for any other."""
    suffix = path.suffix.lower()
    if suffix not in SUFFIXES | NOT_READ:
        return ""
    if leads_nowhere(path):
        return "a link that leads nowhere"
    if not path.is_file():
        return "a folder or device"
    return "" if suffix in SUFFIXES else f"{suffix[1:]} is not read"


def what_is_there(*folders: Path) -> str:
    """What folders hold in place of images, and what would be read, in words."""
    found = Counter(
        (path.suffix.lower() or "no suffix")
        + (" (a link that leads nowhere)" if leads_nowhere(path) else "")
        for folder in folders
        for path in folder.iterdir()
        if not path.is_dir() and not path.name.startswith(".")
    )
    said = ", ".join(f"{count} {suffix}" for suffix, count in found.most_common(8))
    return f"found: {said or 'no files'}; read are {' '.join(sorted(SUFFIXES))} ({what_is_read()})"
