"""Whether fused images can be what their names say: constant, copied, renumbered, negative.

A :class:`Look` is taken of an image where it and its sources are decoded anyway; :func:`judge`
looks at all of a method's together. Only what is clear is named: near-identical scenes, frames of a
video and strong changes of contrast give no finding.
"""

from __future__ import annotations

import base64
import itertools
import zlib
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from fusionbench.checks import Findings, Problem
from fusionbench.runs import latest

if TYPE_CHECKING:
    from fusionbench.manifest import DataSetRecord, MethodRecord
    from fusionbench.runs import Run
    from fusionbench.sources import PairTriple, Plane, Sources, Triple

U8 = NDArray[np.uint8]
F32 = NDArray[np.float32]

SIDE = 16
"""Side of a thumbnail."""
COARSE = 64
"""Side of the images on which the direction of edges is compared."""
GRID = 32
"""Side of the grid of pixels whose colours are compared."""
FEW = 16
"""So many levels are no image where the sources have MANY."""
MANY = 64
NEAR_BLACK = 2
"""The highest level of values in 0..1 that were saved as bytes."""
STEP, FLAT = 96, 12
"""A leap of STEP levels where no source has one of FLAT is where a value wrapped around."""
WRAPPED, SURELY_WRAPPED, MOST_WRAPPED = 0.002, 0.01, 0.4
"""Shares of an image's pixels beside such leaps, and of the images that have them at least; methods
with strong artefacts stay below on most of their images."""
COPY = 1.0
"""Mean difference in levels up to which images of most pairs are a source that was saved anew."""
FITS, GAP, WIDE_GAP, REMAINS = 0.6, 0.2, 0.3, 0.5
"""Another pair fits if it explains FITS of the image, GAP more than its own (WIDE_GAP where few
images do), and leaves at most REMAINS of what its own leaves."""
FEW_OF = 0.2
"""Below this share of the images, single ones must be the clearer."""
WHITE = 0.3
"""Share of an image's pixels that are white beyond the share of either source's."""
COLOURED, EXCHANGED = 2.0, -0.5
"""Mean difference of red and blue from which an image has colours, and the agreement with those of
the visible image from which down red is blue."""
MOVED, FURTHER = 0.4, 0.2
"""Agreement of edges of an image that was moved, and how much more that is than where it lies;
where nothing was moved there is nothing to gain."""
NEGATIVE, SURELY_NEGATIVE = -0.3, -0.6
"""Polarity of images where half of them are negative, and of a single one."""
JUDGED = (
    *("levels-0-1", "constant-fused", "few-levels-fused", "repeated-fused", "same-as-another"),
    *("fused-is-source", "wrapped-fused", "fits-another-pair", "turned-fused", "inverted-fused"),
    *("white-fused", "exchanged-channels", "moved-fused"),
)
"""The checks of looks."""
RANGE = ("output-range", "output-clipped")
CLIPPED = 0.05
"""Share of an image's values from which on their clipping is said."""
MUCH = 0.3
"""Share that no built-in method comes to: such an output got through by ``--accept`` alone."""
PIXELS = 2**16
"""Pixels of an image that are looked at one by one."""
BLOCK = 1024
"""Images that are compared with all pairs at once."""


@dataclass(frozen=True)
class Look:
    """What is kept of one fused image and its sources to judge it by.

    Attributes:
        lowest, highest, levels: Of the fused luma, in 0..255; how many different ones.
        many: Levels of the source that has more.
        crc: Checksum of the fused luma.
        off_ir, off_vis: Mean absolute difference of its luma from the sources', in levels.
        polarity: Agreement of its edges with the stronger edge of the sources, -1..1; 0 where
            there are no edges.
        wrapped: Share of the pixels beside which a value wrapped around.
        white: Share of the pixels that are white, less the larger such share of the sources.
        colours: Agreement of red less blue with the visible image's, -1..1; 0 without colours.
        still, moved: Agreement of the edges with the stronger ones of the sources, where the image
            lies and where it would have to lie.
        across, down: How far that is, in shares of 1/COARSE of the image.
        thumbs: Luma thumbnails of fused, infrared and visible, SIDE×SIDE bytes each, as base64.
    """

    lowest: int
    highest: int
    levels: int
    many: int
    crc: int
    off_ir: float
    off_vis: float
    polarity: float
    wrapped: float
    thumbs: str
    white: float = 0.0
    colours: float = 0.0
    still: float = 0.0
    moved: float = 0.0
    across: int = 0
    down: int = 0

    @classmethod
    def of(cls, triple: PairTriple) -> Look:
        """The look of a fused image."""
        import cv2

        (gray,) = triple.seen("luma")
        planes = gray.fused, gray.ir, gray.vis
        shares = [plane.remember(_shares) for plane in planes]
        own, *used = map(np.flatnonzero, shares)
        tiny = [plane.remember(_tiny) for plane in planes]
        off = [cv2.norm(gray.fused.u8, s.u8, cv2.NORM_L1) / s.pixels for s in planes[1:]]
        white = shares[0][-1] - max(shares[1][-1], shares[2][-1])
        return cls(
            lowest=int(own[0]),
            highest=int(own[-1]),
            levels=len(own),
            many=max(map(len, used)),
            crc=zlib.crc32(gray.fused.u8),
            off_ir=round(off[0], 4),
            off_vis=round(off[1], 4),
            polarity=round(_polarity(gray), 4),
            wrapped=round(_wrapped(triple), 6),
            thumbs=base64.b64encode(b"".join(tiny)).decode("ascii"),
            white=round(max(0.0, float(white)), 4),
            colours=round(_colours(triple), 4),
            **_place(gray),
        )

    def row(self) -> dict[str, Any]:
        """The look as a row of scores holds it."""
        return asdict(self)

    @property
    def constant(self) -> bool:
        """Whether every pixel has one value."""
        return self.levels == 1

    @classmethod
    def from_row(cls, row: Any) -> Look | None:
        """What :meth:`row` gave; None where there is none or it is of another version."""
        try:
            return cls(**row)
        except TypeError:
            return None

    @property
    def near_black(self) -> bool:
        """Whether it looks like values in 0..1 saved as bytes (a constant one may)."""
        return self.highest <= NEAR_BLACK and self.many > 1

    @property
    def poor(self) -> bool:
        """Whether it has hardly any levels though its sources have many."""
        return self.levels <= FEW and self.many >= MANY

    def pictures(self) -> F32:
        """The thumbnails, 3×SIDE×SIDE."""
        raw = np.frombuffer(base64.b64decode(self.thumbs), np.uint8)
        return raw.reshape(3, SIDE, SIDE).astype(np.float32)


def _shares(plane: Plane) -> F32:
    """The share of the pixels at each level."""
    import cv2

    counts = cv2.calcHist([plane.u8], [0], None, [256], [0, 256])
    shares: F32 = np.divide(counts.ravel(), plane.pixels, dtype=np.float32)
    return shares


def _colours(triple: PairTriple) -> float:
    """Agreement of red less blue of the fused and the visible image, on a grid of pixels."""
    images = triple.fused, triple.sources.vis
    if any(image.ndim == 2 for image in images):
        return 0.0
    step = tuple(slice(None, None, -(-side // GRID)) for side in triple.fused.shape[:2])
    one, other = (image[step].astype(np.float32) for image in images)
    one, other = (image[..., 0] - image[..., 2] for image in (one, other))
    if min(float(np.abs(x).mean()) for x in (one, other)) < COLOURED:
        return 0.0
    return float((one * other).sum() / np.sqrt((one**2).sum() * (other**2).sum()))


def _small(plane: Plane) -> U8:
    """The image at COARSE×COARSE; by a whole number first, which is quick."""
    import cv2

    image: U8 = plane.u8
    times = min(image.shape) // (COARSE + COARSE // 2)
    if times > 1:
        high, wide = (side // times for side in image.shape)
        whole = image[: high * times, : wide * times]
        image = cv2.resize(whole, (wide, high), interpolation=cv2.INTER_AREA).view(np.uint8)
    size = (COARSE, COARSE)
    small: U8 = cv2.resize(image, size, interpolation=cv2.INTER_AREA).view(np.uint8)
    return small


def _tiny(plane: Plane) -> bytes:
    import cv2

    tiny = cv2.resize(plane.remember(_small), (SIDE, SIDE), interpolation=cv2.INTER_AREA)
    return bytes(tiny.data)


def _edges(plane: Plane) -> F32:
    """Differences of coarse neighbours, downwards and to the right."""
    small: F32 = plane.remember(_small).astype(np.float32)
    return np.stack([small[1:, :-1] - small[:-1, :-1], small[:-1, 1:] - small[:-1, :-1]])


def _stronger(sources: Sources) -> tuple[F32, F32]:
    """The stronger of the two edges at every place, and its square."""
    ir, vis = _edges(sources.ir), _edges(sources.vis)
    first, second = ((edges * edges).sum(0) for edges in (ir, vis))
    return np.where(first >= second, ir, vis), np.maximum(first, second)


def _polarity(gray: Triple) -> float:
    stronger, square = gray.sources.remember(_stronger)
    own = gray.fused.remember(_edges)
    both = float(np.sqrt((own * own).sum(0) * square).sum())
    together = float((own * stronger).sum())
    return together / both if both > 0 else 0.0


def _spectrum(sources: Sources) -> tuple[NDArray[np.complex128], float]:
    """The conjugate spectrum of the stronger edges, and their length."""
    stronger, square = sources.remember(_stronger)
    return np.fft.rfft2(stronger, (COARSE, COARSE)).conj(), float(np.sqrt(square.sum()))


def _place(gray: Triple) -> dict[str, Any]:
    """Where the edges agree most with those of the sources, by cross-correlation."""
    spectrum, length = gray.sources.remember(_spectrum)
    own = gray.fused.remember(_edges)
    length *= float(np.sqrt((own * own).sum()))
    if not length:
        return {}
    product = (np.fft.rfft2(own, (COARSE, COARSE)) * spectrum).sum(0)
    agreement = np.fft.irfft2(product, (COARSE, COARSE)) / length
    down, across = (int(x) for x in np.unravel_index(agreement.argmax(), agreement.shape))
    return {
        "still": round(float(agreement[0, 0]), 4),
        "moved": round(float(agreement[down, across]), 4),
        "across": (across + COARSE // 2) % COARSE - COARSE // 2,
        "down": (down + COARSE // 2) % COARSE - COARSE // 2,
    }


def _wrapped(triple: PairTriple) -> float:
    """Share of the pixels with a leap to the next one where both sources are flat.

    Of large images some of the rows are looked at.
    """
    import cv2

    fused, count = triple.fused, 0
    channels = 1 if fused.ndim == 2 else fused.shape[2]
    step = -(-fused.shape[0] * fused.shape[1] // PIXELS)
    rows = len(fused[::step])
    beside = (np.s_[::step, 1:], np.s_[::step, :-1]), (np.s_[1::step], np.s_[:-1:step])
    for this, other in beside:
        if not fused[this].size:
            continue
        leaps = cv2.absdiff(fused[this], fused[other])
        places = np.unique(np.flatnonzero(leaps >= STEP) // channels)
        if not places.size:
            continue
        where = np.divmod(places, leaps.shape[1])
        flat = np.ones(len(places), bool)
        for source in (triple.sources.ir, triple.sources.vis):
            first, second = source[this][where], source[other][where]
            apart = np.abs(first.astype(np.int16) - second).reshape(len(flat), -1)
            flat &= (apart < FLAT).all(-1)
        count += int(flat.sum())
    return float(count / (rows * fused.shape[1]))


Looks = Mapping[str, Mapping[str, tuple[str, Look]]]
"""The SHA-256 of image files and their looks, by method and pair."""


def judge_run(
    run: Run,
    datasets: Sequence[DataSetRecord],
    methods: Sequence[MethodRecord],
    findings: Findings,
) -> set[tuple[str, str, str]]:
    """Add what is wrong with the images of a run, from what its stages recorded.

    Args:
        run: The run, scored.
        datasets: The pairs.
        methods: Whose images are judged; the looks of one at a time are in memory.
        findings: What is found is added to it.

    Returns:
        Check, data set and method of all that was judged.
    """
    judged = set()
    for dataset, method in itertools.product(datasets, methods):
        findings.extend(
            _ranges(run, dataset, method, findings), dataset=dataset.name, method=method.name
        )
        judged |= {(check, dataset.name, method.name) for check in RANGE}
    for dataset in datasets:
        seen = ((m.name, m.is_source, _recorded(run, dataset, m)) for m in methods)
        for name, count, problems in judge_all(seen):
            if count:
                judged |= {(check, dataset.name, name) for check in JUDGED}
                findings.extend(problems, dataset=dataset.name, method=name, of=count)
    return judged


def _ranges(
    run: Run, dataset: DataSetRecord, method: MethodRecord, findings: Findings
) -> Iterator[Problem]:
    """Outputs of which a considerable share was clipped."""
    for row in latest(run.fused_rows(dataset.name, method.name)).values():
        if (share := row.get("outside", 0)) > CLIPPED:
            accepted = "output-range" in findings.accept and share > MUCH
            check = "output-range" if accepted else "output-clipped"
            yield Problem(check, row["pair"], f"{share:.0%}")


def _recorded(run: Run, dataset: DataSetRecord, method: MethodRecord) -> dict[str, Look]:
    """What the score stage saw of a method's images, in the order of the pairs."""
    rows = run.scores(dataset.name, method.name)
    lost = run.failures(dataset.name, method.name)
    ids = [pair.id for pair in dataset.pairs if pair.id not in lost]
    looks = {i: Look.from_row(rows[i].get("look")) for i in ids if i in rows}
    return {i: look for i, look in looks.items() if look is not None}


def judge(looks: Mapping[str, Look], *, anchor: bool = False) -> list[Problem]:
    """What is wrong with one method's images of one data set.

    Args:
        looks: The look of each pair's image, in the order of the pairs.
        anchor: Whether the method shows a source on purpose; nothing is wrong with it then.
    """
    if anchor or not looks:
        return []
    found = list(_levels(looks))
    found += _copies(_without(looks, found))
    kinds = (_repeated, _misfits, _moved, lambda rest: _wrapped_around(rest, len(looks)), _inverted)
    for kind in (*kinds, _discoloured):
        found += kind(_without(looks, found))
    return found


def _without(looks: Mapping[str, Look], found: Iterable[Problem]) -> dict[str, Look]:
    """The images with which nothing is wrong yet: one finding says enough of an image."""
    named = {problem.item for problem in found}
    return {pair: look for pair, look in looks.items() if pair not in named}


def judge_all(
    methods: Iterable[tuple[str, bool, Mapping[str, Look]]],
) -> Iterator[tuple[str, int, list[Problem]]]:
    """What is wrong with the images of each method of one data set.

    Args:
        methods: Name, whether it shows a source on purpose, and the look of each pair's image;
            those of one method at a time are in memory.

    Yields:
        The name, the number of images, and what is wrong with them.
    """
    sums: dict[str, dict[str, int]] = {}
    for name, anchor, looks in methods:
        found = judge(looks, anchor=anchor)
        if not anchor:
            found += alike(looks, sums)
            sums[name] = {pair: look.crc for pair, look in looks.items()}
        yield name, len(looks), found


def alike(looks: Mapping[str, Look], others: Mapping[str, Mapping[str, int]]) -> list[Problem]:
    """Images that another method has too, where that is so of most.

    Args:
        looks: The look of each pair's image.
        others: The checksums of other methods' images by pair, by the methods' names.
    """
    found: dict[str, Problem] = {}
    for name, sums in others.items():
        own = {p: look for p, look in looks.items() if p in sums and look.levels > FEW}
        same = [pair for pair, look in own.items() if look.crc == sums[pair]]
        if same and len(same) * 2 > len(own):
            for pair in same:
                found.setdefault(pair, Problem("same-as-another", pair, f"as of {name}"))
    return list(found.values())


def _levels(looks: Mapping[str, Look]) -> Iterator[Problem]:
    """Images without gray levels; those with 0 and 1 are sure where most are near black."""
    black = {pair for pair, look in looks.items() if look.near_black}
    bytes_of_floats = len(black) * 2 > len(looks) and any(looks[p].highest for p in black)
    for pair, look in looks.items():
        used = f"levels {look.lowest} to {look.highest}"
        if bytes_of_floats and pair in black:
            yield Problem("levels-0-1", pair, used)
        elif look.levels == 1 and look.many > 1:
            yield Problem("constant-fused", pair, f"every pixel is {look.lowest}")
        elif look.poor:
            yield Problem("few-levels-fused", pair, f"{look.levels} levels, {used[7:]}")


def _repeated(looks: Mapping[str, Look]) -> Iterator[Problem]:
    """Images that pairs with other sources have too."""
    first: dict[int, tuple[str, str]] = {}
    for pair, look in looks.items():
        before, thumbs = first.setdefault(look.crc, (pair, look.thumbs))
        if thumbs != look.thumbs:
            yield Problem("repeated-fused", pair, f"the image of {before} again")


def _copies(looks: Mapping[str, Look]) -> Iterator[Problem]:
    most = {}
    for side in ("off_ir", "off_vis"):
        most[side] = sum(getattr(look, side) <= COPY for look in looks.values()) * 2 > len(looks)
    for pair, look in looks.items():
        ir, vis = (look.off_ir, "off_ir", "infrared"), (look.off_vis, "off_vis", "visible")
        off, side, name = min(ir, vis)
        if look.levels > 1 and (off == 0 or (most[side] and off <= COPY)):
            anew = ", saved anew" if off else ""
            yield Problem("fused-is-source", pair, f"the {name} image{anew}")


def _misfits(looks: Mapping[str, Look]) -> Iterator[Problem]:
    """Images that fit another pair, or their own when they are turned."""
    if not looks:
        return
    pairs, fits = list(looks), _Fits(list(looks.values()))
    turned = _clear(fits.own, fits.turned_best) & (fits.turned_best >= fits.other_best)
    other = _clear(fits.own, fits.other_best) & (fits.other_best > fits.turned_best)
    shift = _explained(np.flatnonzero(other), fits.other, len(pairs))
    for place in np.flatnonzero(other):
        yield Problem("fits-another-pair", pairs[place], f"fits {pairs[fits.other[place]]}{shift}")
    for place in np.flatnonzero(turned):
        yield Problem("turned-fused", pairs[place], list(TURNS)[fits.turned[place]])


def _wrapped_around(looks: Mapping[str, Look], of: int) -> Iterator[Problem]:
    hit = {pair: look.wrapped for pair, look in looks.items() if look.wrapped >= WRAPPED}
    many = len(hit) >= 3 or max(hit.values(), default=0.0) >= SURELY_WRAPPED
    if many and len(hit) >= MOST_WRAPPED * of:
        for pair, share in hit.items():
            yield Problem("wrapped-fused", pair, f"beside {share:.1%} of the pixels")


def _inverted(looks: Mapping[str, Look]) -> Iterator[Problem]:
    half = sum(look.polarity <= NEGATIVE for look in looks.values()) * 2 >= len(looks)
    for pair, look in looks.items():
        if look.polarity <= (NEGATIVE if half else SURELY_NEGATIVE):
            yield Problem("inverted-fused", pair, "")


def _moved(looks: Mapping[str, Look]) -> Iterator[Problem]:
    """Images that do not lie where their sources do."""
    for pair, look in looks.items():
        if look.moved >= MOVED and look.moved - look.still >= FURTHER:
            far = (
                f"{look.across / COARSE:+.0%} of the width, {look.down / COARSE:+.0%} of the height"
            )
            yield Problem("moved-fused", pair, far)


def _discoloured(looks: Mapping[str, Look]) -> Iterator[Problem]:
    """Images of exchanged channels, where that is so of most; and white ones."""
    exchanged = {pair for pair, look in looks.items() if look.colours <= EXCHANGED}
    coloured = sum(look.colours != 0 for look in looks.values())
    for pair, look in looks.items():
        if pair in exchanged and len(exchanged) * 2 > coloured:
            yield Problem("exchanged-channels", pair, "")
        elif look.white >= WHITE:
            yield Problem("white-fused", pair, f"{look.white:.0%} of the pixels")


def _clear(own: F32, best: F32) -> NDArray[np.bool_]:
    """Which images something else than their own pair fits clearly better."""
    better = (best >= FITS) & (1 - best <= REMAINS * (1 - own))
    group = better & (best - own >= GAP)
    if group.mean() >= FEW_OF and group.sum() > 1:
        return group
    return better & (best - own >= WIDE_GAP)


def _explained(places: NDArray[np.intp], other: NDArray[np.intp], count: int) -> str:
    """What most of the images have in common, or nothing."""
    if len(places) < 2:
        return ""
    ((away, times),) = Counter((other[places] - places).tolist()).most_common(1)
    if times * 2 > len(places):
        return f", {abs(away)} {'later' if away > 0 else 'earlier'}"
    backwards = (other[places] + places == count - 1).sum() * 2 > len(places)
    return ", in reverse order" if backwards else ""


TURNS: Mapping[str, Callable[[F32], F32]] = {
    "left and right are exchanged": lambda t: t[:, :, ::-1],
    "top and bottom are exchanged": lambda t: t[:, ::-1],
    "turned by 180 degrees": lambda t: t[:, ::-1, ::-1],
    "rows and columns are exchanged": lambda t: t.transpose(0, 2, 1),
    "turned by 90 degrees": lambda t: t.transpose(0, 2, 1)[:, ::-1],
    "turned by 270 degrees": lambda t: t.transpose(0, 2, 1)[:, :, ::-1],
    "turned over the other diagonal": lambda t: t.transpose(0, 2, 1)[:, ::-1, ::-1],
}
"""What may have happened to thumbnails N×SIDE×SIDE."""


class _Fits:
    """How much of each fused thumbnail a mixture of two sources and a constant explains, 0..1.

    Attributes:
        own: Of its own pair's sources.
        other, other_best: The other pair that explains most, and how much.
        turned, turned_best: The turn after which its own pair explains most, and how much.
    """

    def __init__(self, looks: Sequence[Look]) -> None:
        fused, ir, vis = np.stack([look.pictures() for look in looks], axis=1)
        ir, vis = _flat(ir), _flat(vis)
        self._bases = ir, _unit(vis - (vis * ir).sum(-1, keepdims=True) * ir)
        flat = _flat(fused)
        self.own = self._by_own(flat)
        turned = np.stack([self._by_own(_flat(turn(fused))) for turn in TURNS.values()])
        self.turned, self.turned_best = turned.argmax(0), turned.max(0)
        self.other = np.zeros(len(looks), np.intp)
        self.other_best = np.zeros(len(looks), np.float32)
        for start in range(0, len(looks), BLOCK):
            self._compare(flat, np.arange(start, min(start + BLOCK, len(looks))))

    def _by_own(self, flat: F32) -> F32:
        first, second = ((flat * basis).sum(-1) for basis in self._bases)
        fits: F32 = (first**2 + second**2).astype(np.float32)
        return fits

    def _compare(self, flat: F32, places: NDArray[np.intp]) -> None:
        first, second = (flat[places] @ basis.T for basis in self._bases)
        fits = first**2 + second**2
        fits[np.arange(len(places)), places] = 0
        self.other[places] = fits.argmax(1)
        self.other_best[places] = fits.max(1)


def _flat(thumbs: F32) -> F32:
    """Thumbnails as vectors of mean 0 and length 1."""
    flat = thumbs.reshape(len(thumbs), -1)
    return _unit(flat - flat.mean(-1, keepdims=True))


def _unit(vectors: F32) -> F32:
    """Vectors of length 1; zero where there is next to nothing."""
    length = np.linalg.norm(vectors, axis=-1, keepdims=True)
    return np.where(length > 1e-3, vectors / np.maximum(length, 1e-3), 0).astype(np.float32)
