"""Pairing files by name, fail-closed: what has no partner is a problem, never silently left out."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from fusionbench.checks import Problem
from fusionbench.datasets.catalogue import Layout
from fusionbench.images import SUFFIXES


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
    """What pairing found: the pairs in order, and each file that has no place among them."""

    pairs: tuple[Pair, ...]
    problems: tuple[Problem, ...]


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
    patterns = {pattern for layout in layouts for pattern in (layout.ir, layout.vis)}
    seen = {path for pattern in patterns for path in _by_id(folder, pattern)[0].values()}
    alone = [Problem("no-partner", str(path), "has no partner") for path in sorted(seen - used)]
    return Pairing(tuple(pairs[key] for key in sorted(pairs, key=natural)), tuple(alone))


def _pair_layout(folder: Path, layout: Layout) -> Pairing:
    ir, ir_problems = _by_id(folder, layout.ir)
    vis, vis_problems = _by_id(folder, layout.vis)
    return _join(ir, vis, [*ir_problems, *vis_problems])


def pair_folders(ir_folder: Path, vis_folder: Path) -> Pairing:
    """Pair two folders by file stem; a common prefix or suffix (``IR01``, ``VIS01``) is ignored."""
    ir, ir_problems = _by_id(ir_folder, "{id}.{ext}")
    vis, vis_problems = _by_id(vis_folder, "{id}.{ext}")
    if not set(ir) & set(vis):
        short_ir, short_vis = _without_affix(ir), _without_affix(vis)
        if set(short_ir) & set(short_vis):
            ir, vis = short_ir, short_vis
    return _join(ir, vis, [*ir_problems, *vis_problems])


def match_names(names: Iterable[str], ids: Iterable[str]) -> dict[str, str]:
    """Which name belongs to which id: equal, or equal within one prefix and suffix for all names.

    ``{"walk_ADF", "walk2_ADF"}`` against ``{"walk", "walk2"}`` gives suffix ``_ADF``. The affix
    that places the most names wins; none is guessed for single names.
    """
    names, ids = list(names), set(ids)
    exact = {name: name for name in names if name in ids}
    if exact:
        return exact
    best: dict[str, str] = {}
    for prefix, suffix in sorted(_affixes(names, ids)):
        stripped = ((name, _strip(name, prefix, suffix)) for name in names)
        matched = {name: left for name, left in stripped if left in ids}
        if len(matched) > len(best):
            best = matched
    return best


def natural(text: str) -> list[tuple[int, int | str]]:
    """A sort key under which ``2`` comes before ``10``."""
    return [(0, int(p)) if p.isdigit() else (1, p) for p in re.split(r"(\d+)", text) if p]


def _affixes(names: list[str], ids: set[str]) -> set[tuple[str, str]]:
    found = set()
    for name in names:
        for known in ids:
            at = name.find(known)
            if at >= 0:
                found.add((name[:at], name[at + len(known) :]))
    return found


def _strip(name: str, prefix: str, suffix: str) -> str:
    """What stands between prefix and suffix; nothing where the name does not have both."""
    long_enough = len(name) >= len(prefix) + len(suffix)
    if not (long_enough and name.startswith(prefix) and name.endswith(suffix)):
        return ""
    return name[len(prefix) : len(name) - len(suffix)]


def _without_affix(files: Mapping[str, Path]) -> dict[str, Path]:
    """The files keyed by what is left when letters common to all stems are cut from the front."""
    stems = list(files)
    prefix = re.match(r"[A-Za-z_\-]*", _common(stems)) if stems else None
    cut = len(prefix.group()) if prefix else 0
    return {stem[cut:]: path for stem, path in files.items()}


def _common(stems: list[str]) -> str:
    low, high = min(stems), max(stems)
    same = next((i for i, c in enumerate(low) if i >= len(high) or c != high[i]), len(low))
    return low[:same]


def _by_id(folder: Path, pattern: str) -> tuple[dict[str, Path], list[Problem]]:
    """The image files that a pattern finds, by id, and every id found twice."""
    regex = re.compile(_regex(pattern))
    found: dict[str, Path] = {}
    problems = []
    for path in sorted(folder.glob(_PLACEHOLDER.sub("*", pattern))):
        match = regex.fullmatch(path.relative_to(folder).as_posix())
        if not match or not path.is_file():
            continue
        key = "/".join(v for k, v in match.groupdict().items() if k != "ext")
        if key in found:
            problems.append(Problem("two-files", key, f"two files, {found[key]} and {path}"))
        found.setdefault(key, path)
    return found, problems


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


def _join(ir: Mapping[str, Path], vis: Mapping[str, Path], problems: list[Problem]) -> Pairing:
    for key in sorted(ir.keys() - vis.keys(), key=natural):
        alone = f"infrared {ir[key]} has no visible partner"
        problems.append(Problem("no-partner", key, alone))
    for key in sorted(vis.keys() - ir.keys(), key=natural):
        alone = f"visible {vis[key]} has no infrared partner"
        problems.append(Problem("no-partner", key, alone))
    both = sorted(ir.keys() & vis.keys(), key=natural)
    return Pairing(tuple(Pair(k, ir[k], vis[k]) for k in both), tuple(problems))
