"""Checking the contents of pairs before any work, and fingerprinting them in the same pass."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

import numpy as np

from fusionbench.checks import CHECKS, Findings, Problem
from fusionbench.checks import pictures as look
from fusionbench.datasets.aside import left_aside
from fusionbench.datasets.opening import DataSet
from fusionbench.datasets.pairing import Pair
from fusionbench.errors import DataError
from fusionbench.images import U8, Picture, luma, open_picture, read_bytes
from fusionbench.manifest import DataSetRecord, PairRecord, fingerprint_of
from fusionbench.recipes import SOURCES, Range, Reading, Which, Window, keeps_shape

MOSTLY = 0.75
"""Share of the pairs from which folders are taken to be swapped."""
NAMES: dict[Which, str] = {"ir": "infrared", "vis": "visible"}
RANKS = np.linspace(0, 100, 4097)
"""Percentiles of an image that stand for it where images are pooled."""


@dataclass
class _Seen:
    """What was found in one pair; ``record`` is None where there is no computing with it."""

    pair: Pair
    record: PairRecord | None = None
    problems: list[Problem] = field(default_factory=list)
    colour: tuple[float, float] = (0.0, 0.0)
    few: dict[Which, str] = field(default_factory=dict)

    def add(self, check: str, detail: str) -> None:
        self.problems.append(Problem(check, self.pair.id, detail))


def check_pairs(
    dataset: DataSet,
    findings: Findings | None = None,
    *,
    skip_bad: bool = False,
    advance: Callable[[], None] = lambda: None,
) -> DataSetRecord:
    """Read every image of a data set and record it with its checksums.

    Args:
        dataset: The data set, limited to the pairs that will be used; its ``reading`` says how
            they are made 8-bit and of one size.
        findings: What was found is added to it, and the caller settles; for None it is settled
            here.
        skip_bad: Without ``findings``: leave bad pairs out (and record them) instead of stopping.
        advance: Called once per pair.

    Raises:
        DataError: No pair is left. Without ``findings`` also: a file has no partner, cannot be
            read or loses its range, two sizes differ, or infrared and visible are the same image;
            lists every kind.
    """
    used = findings if findings is not None else Findings(skip_bad=skip_bad)
    check = partial(_check, dataset.reading, _pooled(dataset))
    with ThreadPoolExecutor() as pool:
        seen = []
        for result in pool.map(check, dataset.pairs):
            seen.append(result)
            advance()
    left_out = [*dataset.problems, *(p for one in seen for p in one.problems if _drops(p, used))]
    lost = {problem.item for problem in left_out}
    pairs = [one.record for one in seen if one.record is not None and one.pair.id not in lost]
    found = [*dataset.problems, *(p for one in seen for p in one.problems)]
    found += [*_of_folders(seen), *_repeated(seen), *_poor(seen)]
    used.extend(found, dataset=dataset.name, of=len(dataset.pairs))
    used.extend(
        left_aside(path for pair in dataset.pairs for path in (pair.ir, pair.vis)),
        dataset=dataset.name,
    )
    if findings is None:
        used.settle()
    if not pairs and (findings is None or used.skip_bad):
        raise DataError(f"data set '{dataset.name}' has no usable pair\n{_list(found)}".rstrip())
    card = dataset.card
    return DataSetRecord(
        name=dataset.name,
        title=card.title if card else dataset.name,
        split=dataset.split,
        folder=str(dataset.folder),
        home=card.home if card else "",
        terms=card.terms if card else "",
        fingerprint=fingerprint_of(pairs),
        pairs=pairs,
        skipped=[str(problem) for problem in left_out],
    )


def _drops(problem: Problem, used: Findings) -> bool:
    """Whether a problem leaves its pair out."""
    check = CHECKS[problem.check]
    return check.outcome == "refuse" and check.skippable and check.name not in used.accept


def _list(problems: Sequence[Problem]) -> str:
    found = Findings()
    found.extend(problems)
    return "\n".join(
        f"  {record.text()}\n    what to do: {CHECKS[record.check].remedy}"
        for record in found.records
        if record.outcome == "refuse"
    )


def _pooled(dataset: DataSet) -> dict[Which, Window]:
    """The windows of ranges that are stated over all images of a data set."""
    windows: dict[Which, Window] = {}
    for which in SOURCES:
        asked = dataset.reading.of(which)
        if asked is not None and asked.pooled:
            with ThreadPoolExecutor() as pool:
                ranks = list(pool.map(_ranks, (getattr(pair, which) for pair in dataset.pairs)))
            known = [values for values in ranks if values is not None]
            together = np.concatenate(known) if known else np.zeros(1)
            windows[which] = _window(together, asked)
    return windows


def _ranks(path: Path) -> np.ndarray | None:
    try:
        return np.asarray(np.percentile(open_picture(path).samples, RANKS))
    except DataError:
        return None  # named when the pair is checked


def _window(values: np.ndarray, asked: Range) -> Window:
    if asked.values:
        return asked.low, asked.high
    low, high = np.percentile(values, (asked.low, asked.high))
    return float(low), float(high)


def problems_of(pair: Pair, ir: Picture, vis: Picture) -> list[Problem]:
    """What is odd about the two sources of a pair that are in memory, whatever its files are."""
    seen = _examined(_Seen(pair), {"ir": (ir, ""), "vis": (vis, "")}, Reading(), {})
    return [*seen.problems, *_of_folders([seen])]


def _check(reading: Reading, pooled: dict[Which, Window], pair: Pair) -> _Seen:
    seen = _Seen(pair)
    read = {which: found for which in SOURCES if (found := _read(seen, which)) is not None}
    return _examined(seen, read, reading, pooled) if len(read) == len(SOURCES) else seen


def _examined(
    seen: _Seen,
    read: Mapping[Which, tuple[Picture, str]],
    reading: Reading,
    pooled: Mapping[Which, Window],
) -> _Seen:
    """A pair whose files have been read, with their checksums."""
    pair = seen.pair
    windows: dict[Which, Window | None] = {}
    images: dict[Which, U8] = {}
    for which, (picture, _) in read.items():
        asked = reading.of(which)
        windows[which] = pooled.get(which) or _own_window(asked, picture)
        if (image := _as_8_bit(seen, which, picture, windows[which], asked)) is not None:
            images[which] = image
            if picture.white == 255 and (levels := look.few_levels(luma(image))):
                seen.few[which] = levels
    if len(images) < len(SOURCES) or not (size := _resized(seen, reading, images)):
        return seen
    resized, wanted = size
    seen.record = PairRecord(
        id=pair.id,
        ir=str(pair.ir.resolve()),
        vis=str(pair.vis.resolve()),
        ir_sha256=read["ir"][1],
        vis_sha256=read["vis"][1],
        ir_window=windows["ir"],
        vis_window=windows["vis"],
        resized=resized,
        size=wanted,
    )
    seen.colour = look.colourfulness(images["ir"]), look.colourfulness(images["vis"])
    for which, image in images.items():
        lost = any(p.check == "few-levels" for p in seen.problems)
        if look.constant(image) and not lost:
            seen.add("constant-source", f"{NAMES[which]}: {image.flat[0]}")
    if not resized:
        _compare(seen, luma(images["ir"]), luma(images["vis"]))
    return seen


def _read(seen: _Seen, which: Which) -> tuple[Picture, str] | None:
    path: Path = getattr(seen.pair, which)
    try:
        data = read_bytes(path)
        return open_picture(path, data, thorough=True), hashlib.sha256(data).hexdigest()
    except DataError as error:
        seen.add("unreadable-image", str(error))
        return None


def _own_window(asked: Range | None, picture: Picture) -> Window | None:
    return None if asked is None else _window(picture.samples, asked)


def _as_8_bit(
    seen: _Seen, which: Which, picture: Picture, window: Window | None, asked: Range | None
) -> U8 | None:
    """The image of a source, and what is odd about it."""
    name, samples = NAMES[which], picture.samples
    for check, detail in look.picture_findings(picture, stated=window is not None):
        seen.add(check, f"{name}: {detail}" if detail else name)
    if window is None and picture.white is None:
        seen.add("no-range", f"{name}: {samples.dtype}, {samples.min():g} to {samples.max():g}")
        return None
    if window is not None and window[0] >= window[1]:
        seen.add("constant-source", f"{name}: the range is {window[0]:g} to {window[1]:g}")
        return None
    image = picture.windowed(window) if window else picture.as_8_bit()
    if window is not None:
        levels = len(np.unique(image))
        span = f"{asked}: {window[0]:g} to {window[1]:g} becomes 0 to 255, {levels} levels"
        seen.add("ir-range" if which == "ir" else "vis-range", span)
    return image


def _resized(
    seen: _Seen, reading: Reading, images: dict[Which, U8]
) -> tuple[Which | str, tuple[int, int] | None] | None:
    """Which source is resized, and to what; None where the sizes do not fit."""
    sizes: dict[Which, tuple[int, int]] = {w: i.shape[1::-1] for w, i in images.items()}
    if sizes["ir"] == sizes["vis"]:
        return "", None
    said = ", ".join(f"{NAMES[w]} {width}x{height}" for w, (width, height) in sizes.items())
    if not reading.resize:
        seen.add("sizes-differ", f"sizes differ, {said}")
        return None
    to = sizes["vis" if reading.resize == "ir" else "ir"]
    if not keeps_shape(sizes[reading.resize], to):
        seen.add("shapes-differ", said)
        return None
    seen.add("resized", f"{said}: {NAMES[reading.resize]} becomes {to[0]}x{to[1]}")
    return reading.resize, to


def _compare(seen: _Seen, ir: U8, vis: U8) -> None:
    """Whether the two sources are one image."""
    if np.array_equal(ir, vis):
        same = f"infrared and visible are the same image ({seen.pair.ir}, {seen.pair.vis})"
        seen.add("same-image", same)
    elif abs(alike := look.correlation(ir, vis)) > look.ALIKE:
        seen.add("nearly-same-image", f"correlation {alike:.3f}")


def _of_folders(seen: Sequence[_Seen]) -> list[Problem]:
    """Swapped folders, or infrared images in colour."""
    known = [one for one in seen if one.record is not None]
    swapped = [
        Problem("swapped-folders", one.pair.id, f"{one.pair.ir}, {one.pair.vis}")
        for one in known
        if one.colour[0] > look.COLOUR >= one.colour[1]
    ]
    if swapped and len(swapped) >= MOSTLY * len(known):
        return swapped
    return [
        Problem("false-colour-infrared", one.pair.id, f"channels differ by {one.colour[0]:.0f}")
        for one in known
        if one.colour[0] > look.FALSE_COLOUR
    ]


def _repeated(seen: Sequence[_Seen]) -> Iterator[Problem]:
    """Pairs whose images other pairs have too."""
    first: dict[tuple[str, ...], str] = {}
    for record in (one.record for one in seen if one.record is not None):
        both = record.ir_sha256, record.vis_sha256
        before = [first.setdefault(key, record.id) for key in (both, ("ir", both[0]), both[1:])]
        names = ("both images", "infrared", "visible")
        if again := [(n, b) for n, b in zip(names, before, strict=True) if b != record.id]:
            yield Problem("repeated-source", record.id, "{} of {} again".format(*again[0]))


def _poor(seen: Sequence[_Seen]) -> Iterator[Problem]:
    """Sources of few gray levels, where most of one kind are."""
    for which, name in NAMES.items():
        poor = [one for one in seen if which in one.few]
        if len(poor) * 2 > len(seen):
            for one in poor:
                yield Problem("few-levels-source", one.pair.id, f"{name}: {one.few[which]}")
