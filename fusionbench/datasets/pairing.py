"""Pairing files by name, fail-closed: what has no partner is a problem, never silently left out."""

from __future__ import annotations

import os
import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from fusionbench.checks import Problem
from fusionbench.datasets.aside import leads_nowhere
from fusionbench.datasets.catalogue import Layout
from fusionbench.datasets.matching import alike, are_words, claimed, composed, folded
from fusionbench.errors import FusionBenchError
from fusionbench.files import is_hidden
from fusionbench.images import SUFFIXES
from fusionbench.names import check_path

Files = dict[str, list[Path]]


@dataclass(frozen=True)
class Pair:
    """An infrared and a visible file of the same scene.

    Attributes:
        id: The name of the pair, and of its fused image.
        ir, vis: The files.
    """

    id: str
    ir: Path
    vis: Path


@dataclass(frozen=True)
class Pairing:
    """What pairing found: the pairs in order, and each file that has no place among them.

    ``notes`` is what is worth knowing and leaves nothing out.
    """

    pairs: tuple[Pair, ...]
    problems: tuple[Problem, ...]
    notes: tuple[Problem, ...] = ()


_PLACEHOLDER = re.compile(r"\{(\w+)\}")


def pair_layouts(folder: Path, layouts: Sequence[Layout]) -> Pairing:
    """Pair the files that layouts find below a folder.

    A file that several layouts find needs a partner under one of them only.
    """
    found = [_pair_layout(folder, layout) for layout in layouts]
    if len(found) == 1:
        return found[0]
    pairs = {pair.id: pair for pairing in reversed(found) for pair in pairing.pairs}
    used = {path for pair in pairs.values() for path in (pair.ir, pair.vis)}
    others = [p for one in found for p in one.problems if p.check != "no-partner"]
    patterns = {pattern for layout in layouts for pattern in (layout.ir, layout.vis)}
    files = [paths for pattern in patterns for paths in _files(folder, pattern)[0].values()]
    seen = {paths[0] for paths in files if len(paths) == 1 and not leads_nowhere(paths[0])}
    alone = [Problem("no-partner", shown(path), "has no partner") for path in sorted(seen - used)]
    problems = tuple(dict.fromkeys([*others, *alone]))
    notes = tuple(dict.fromkeys(note for one in found for note in one.notes))
    return Pairing(tuple(pairs[key] for key in sorted(pairs, key=natural)), problems, notes)


def _pair_layout(folder: Path, layout: Layout) -> Pairing:
    (ir, ir_hidden), (vis, vis_hidden) = _files(folder, layout.ir), _files(folder, layout.vis)
    return _join(_named(ir), _named(vis), _hidden(ir_hidden, vis_hidden))


def pair_folders(ir_folder: Path, vis_folder: Path) -> Pairing:
    """Pair two folders by file stem.

    Where stems differ, words such as ``ir`` and ``vis`` at one end, what all names of each folder
    share, case, or leading zeros are ignored (see :func:`fusionbench.datasets.matching.alike`).
    """
    pattern = "{id}.{ext}"
    (ir, ir_hidden), (vis, vis_hidden) = _files(ir_folder, pattern), _files(vis_folder, pattern)
    notes = _hidden(ir_hidden, vis_hidden) + _exchanged((ir_folder, ir), (vis_folder, vis))
    if len(ir) == len(vis) == 1 and are_words(*ir, *vis) and {*ir} != {*vis}:
        one = {name: _scene(ir_folder, vis_folder) for name in (*ir, *vis)}
        return _join(_named(ir, one), _named(vis, one), notes)
    ids = alike(list(ir), list(vis))
    found = _join(_named(ir, ids.ir), _named(vis, ids.vis), notes)
    names = [(pair.ir.stem, pair.vis.stem) for pair in found.pairs]
    if other := [f"{one} with {two}" for one, two in names if composed(one) != composed(two)]:
        check = "names-guessed" if ids.guessed else "names-differ"
        said = f"without {ids.guessed}" if ids.guessed else ""
        notes += [Problem(check, shown(text), said) for text in other]
    return Pairing(found.pairs, found.problems, tuple(notes))


def _exchanged(ir: tuple[Path, Files], vis: tuple[Path, Files]) -> list[Problem]:
    """Where names of files, or else of the folders, say the contrary of what they are given for."""
    folders = [[side[0].resolve().name] for side in (ir, vis)]
    for one, two in ((list(ir[1]), list(vis[1])), folders):
        said = claimed(one), claimed(two)
        if said in (("vis", "ir"), ("vis", ""), ("", "ir")):
            return [Problem("names-exchanged", f"infrared {one[0]}, visible {two[0]}", "")]
        if "" not in said:
            return []
    return []


def _scene(ir_folder: Path, vis_folder: Path) -> str:
    """A name for the only pair, whose files are called no more than ``thermal`` and ``visible``."""
    ir, vis = ir_folder.resolve().parent, vis_folder.resolve().parent
    name = composed(ir.name)
    return name if ir == vis and name and not _fault(name) else "pair"


def natural(text: str) -> list[tuple[int, int | str]]:
    """A sort key under which ``2`` comes before ``10``."""
    return [(0, int(p)) if p.isdecimal() else (1, p) for p in re.split(r"(\d+)", text) if p]


def _files(folder: Path, pattern: str) -> tuple[Files, list[Path]]:
    """The image files that a pattern finds, by name, and those that are hidden.

    A link that leads nowhere is one of them: a file that cannot be read.
    """
    regex = re.compile(_regex(pattern))
    found: Files = {}
    hidden = []
    for path in sorted(folder.glob(_PLACEHOLDER.sub("*", pattern))):
        place = path.relative_to(folder)
        match = regex.fullmatch(place.as_posix())
        if not match or not (path.is_file() or leads_nowhere(path)):
            continue
        if any(map(is_hidden, place.parts)):
            hidden.append(path)
            continue
        name = "/".join(v for k, v in match.groupdict().items() if k != "ext")
        found.setdefault(name, []).append(path)
    return found, hidden


def _regex(pattern: str) -> str:
    suffixes = "|".join(sorted(s[1:] for s in SUFFIXES))
    parts = _PLACEHOLDER.split(pattern)
    out = ""
    for at, part in enumerate(parts):
        if at % 2 == 0:
            out += re.escape(part)
        else:
            out += f"(?P<{part}>(?i:{suffixes}))" if part == "ext" else f"(?P<{part}>[^/]+)"
    return out


def _named(files: Files, ids: Mapping[str, str] | None = None) -> Files:
    """Files by id in composed characters, or by what ``ids`` says."""
    found: Files = {}
    for name, paths in files.items():
        found.setdefault(ids[name] if ids else composed(name), []).extend(paths)
    return found


def _join(ir: Files, vis: Files, notes: Iterable[Problem]) -> Pairing:
    pairs, problems = [], []
    cases = Counter(folded(key) for key in ir.keys() | vis.keys())
    for key in sorted(ir.keys() | vis.keys(), key=natural):
        one, other = ir.get(key, []), vis.get(key, [])
        twice = next((paths for paths in (one, other) if len(paths) > 1), [])
        if twice:
            two = f"two files, {shown(twice[0])} and {shown(twice[1])}"
            problems.append(Problem("two-files", shown(key), two))
        elif cases[folded(key)] > 1 and one and other:
            problems.append(Problem("two-files", shown(key), "another pair differs in case only"))
        elif fault := _fault(key):
            problems.append(Problem("bad-name", shown((one or other)[0]), fault))
        elif not (one and other) and leads_nowhere((one or other)[0]):
            continue  # one of the files that are left aside
        elif not other:
            alone = f"infrared {shown(one[0])} has no visible partner"
            problems.append(Problem("no-partner", shown(key), alone))
        elif not one:
            alone = f"visible {shown(other[0])} has no infrared partner"
            problems.append(Problem("no-partner", shown(key), alone))
        else:
            pairs.append(Pair(key, one[0], other[0]))
    return Pairing(tuple(pairs), tuple(problems), tuple(notes))


def shown(name: Path | str) -> str:
    """A name as any terminal can show it: bytes that are not UTF-8 are written out."""
    return os.fsencode(name).decode("utf-8", "backslashreplace")


def is_utf8(name: Path | str) -> bool:
    """Whether a name can be written down; on Linux a file may be called by any bytes."""
    return not any("\ud800" <= character <= "\udfff" for character in str(name))


def _fault(key: str) -> str:
    """What keeps a pair's id from being the name of its fused image."""
    if not is_utf8(key):
        return "the name is not UTF-8"
    if any(part.startswith(".") for part in key.split("/")):
        return f"what is left of the name, '{key}', begins with a dot"
    try:
        check_path(key, "pair")
    except FusionBenchError as error:
        return str(error)
    return ""


def _hidden(*found: Iterable[Path]) -> list[Problem]:
    return [
        Problem("hidden-names", shown(path), "") for path in sorted({p for f in found for p in f})
    ]
