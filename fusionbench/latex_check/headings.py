"""What headings and captions say: which way a column is better, and what a mark stands for."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from fusionbench.cards import Better
from fusionbench.latex_check.styled import HUES, Reader, hue
from fusionbench.latex_check.table import Cell

_LEAST_PREFIX = 3
_HIGHER = re.compile(
    r"(m|mean|avg|average|w|macro|micro|overall|mc|box|mask)?"
    r"(ap|ar|iou|acc|accuracy|precision|prec|recall|rec|f1|f1score|fscore|fmeasure|dice|auc|auroc)"
    r"(s|m|l|box|mask|bb|bbox|small|medium|large|score|r40|r11|all|rare)?\d*"
    r"|map(\d*)(val|test|all|bbox|m)?|pa|oa|aa|mpa|fwiou|kappa|pck\d*|mota|motp|idf1|hota|success|suc"
    r"|fps|framerate|framespersecond|hz|throughput|speedup|delta[123]?|δ[123]?(125[23]?)?|a[123]"
    r"|r2|srcc|plcc|krcc|musiq|clipiqa|maniqa|dbcnn|tres|hyperiqa|mos|userpreference"
    r"|s[mα]|smeasure|emeasure|e[mφξ]|fβ|fbeta|maxf|wf|std|uqi|uiqi|viqi|vifp|ncc|pcc|scc|mg|meangradient"
    r"|fmi|q[0-9]?|qw|qp|qe|qs|qc|qg|qm|qncie|qte|qsf|te|vff|psnry|ssimy|msssim|fsim|cnr|snr|epi|ag"
)
_LOWER = re.compile(
    r"lamr|mr\d*|mr2|logaveragemissrate|missrate|missingrate|fppi|fpr|fnr|eer|err|error(rate)?|epe\d?"
    r"|n?o?of?params?|params?|parameters?|nparams?|learnableparams?"
    r"|g?t?m?flops?|flopsg|g?m?macs?|madds|multadds|bflops|computation(s|al?cost)?|complexity"
    r"|(run|running|inference|test|testing|train|training|avg|average|mean|total|gpu|cpu|processing"
    r"|execution|computation|computational)?times?|runtimes?|latency|delay"
    r"|(gpu|peak|cpu|training|max|video)?(mem|memory|vram|ram)(usage|cost|footprint)?"
    r"|modelsize|size|filesize|storage|energy|power|carbon"
    r"|rmse(log)?|mae|absrel|sqrel|absolutel?relative|rel|silog|log10|mse|mad|lpips|dists|niqe|piqe|brisque"
    r"|ilniqe|fid|kid|ergas|sam|deltae|ece|nll|loss|ranks?|avgrank|meanrank|averagerank|rankavg|overallrank"
    r"|hd95|assd|gmsd|distortion|mee|nabf|labf|mace|reprojectionerror"
)
_UNITS: dict[str, Better] = {
    **dict.fromkeys(("ms", "s", "sec", "second", "seconds", "min", "h", "µs", "us"), "lower"),
    **dict.fromkeys(("mb", "gb", "kb", "mib", "gib", "joule", "j", "w"), "lower"),
    **dict.fromkeys(("fps", "hz", "framess", "imgs", "images", "pairss"), "higher"),
}
_SIGNS: dict[str, Better] = {"+": "higher", "-": "lower", "−": "lower", "–": "lower"}
_CLASSES = """
person people pedestrian ped human rider car cars vehicle bus lamp light streetlamp trafficlight
motor motorcycle motorcyc motorbike moto mot truck trunk van bicycle bike cyclist dog curve carstop
stop guardrail colorcone colourcone cone bump background bg back unlabelled unlabeled unlabel road
sidewalk building sign trafficsign vegetation sky pole fence wall train terrain animal boat ship
plane othervehicle freightcar per guard color cur gua
"""
CLASSES = frozenset(_CLASSES.split())
_SHOWS_CLASSES = re.compile(
    r"\bdetect|\bsegment|\bmAP|\bmIoU|\bAP\d*\b|\bIoU|average precision|intersection over union",
    re.I,
)
_CLASS_METRIC = re.compile(r"m?(ap|iou|acc|ar|pa|dice|f1)\d*")


@dataclass(frozen=True)
class Direction:
    """Which way is better, and whether a metric's card says otherwise."""

    better: Better
    disputed: bool = False


class Directions:
    """Finds the direction of headings.

    Args:
        cards: Names and titles of metrics with their direction.
        higher, lower: Headings that the user decides, however they are written.
    """

    def __init__(
        self, cards: Mapping[str, Better], higher: Iterable[str] = (), lower: Iterable[str] = ()
    ) -> None:
        self._cards = {fold(name): better for name, better in cards.items()}
        self._said: dict[str, Better] = {fold(name): "higher" for name in higher if fold(name)}
        self._said |= {fold(name): "lower" for name in lower if fold(name)}

    def of(self, levels: Sequence[Cell], classes: bool = False) -> Direction | None:
        """The direction of a column from its headings, the closest first.

        What the user said comes before an arrow at any level, and that before a name.

        Args:
            levels: The headings.
            classes: Whether names of classes are columns of a detection or segmentation.
        """
        if any("Δ" in cell.text or "∆" in cell.text for cell in levels[:1]):
            return None
        said = next((self._said[n] for c in levels for n in _names(c) if n in self._said), None)
        if said is not None:
            return Direction(said)
        named = next((b for c in levels if (b := self._named(c, classes)) is not None), None)
        arrow = next((b for c in levels if (b := _arrow(c)) is not None), None)
        if arrow is not None:
            return Direction(arrow, named is not None and named != arrow)
        return Direction(named) if named is not None else None

    def _named(self, cell: Cell, classes: bool) -> Better | None:
        names = _names(cell)
        exact = (self._cards.get(name) or _known(name) for name in names)
        found = next((better for better in exact if better is not None), None)
        if found is None and classes and any(_is_class(name) for name in names):
            return "higher"
        if found is None:
            found = _by_words(cell.text, self._cards) or _by_unit(cell.text)
        return found or next((b for name in names if (b := self._family(name))), None)

    def _family(self, name: str) -> Better | None:
        """The direction that all metrics have whose names begin so."""
        if len(name) < _LEAST_PREFIX:
            return None
        family = {better for known, better in self._cards.items() if known.startswith(name)}
        return family.pop() if len(family) == 1 else None


def shows_classes(headings: Iterable[Cell], captions: Iterable[str]) -> bool:
    """Whether a table is one of detection or segmentation, so that names of classes are metrics."""
    names = [name for cell in headings for name in _names(cell)]
    words = [fold(word) for cell in headings for word in cell.text.split()]
    scores = any(_CLASS_METRIC.fullmatch(name) for name in (*names, *words))
    classes = {name for name in names if name in CLASSES}
    several = len(classes) >= 3 and bool(classes & {"person", "people", "pedestrian", "car"})
    return scores or several or any(_SHOWS_CLASSES.search(caption) for caption in captions)


def metric_cards() -> dict[str, Better]:
    """Every installed metric's direction, by name and by title."""
    from fusionbench.plugins import metric_card
    from fusionbench.registry import METRICS

    cards = [metric_card(entry.plugin) for entry in METRICS]
    return {name: card.better for card in cards for name in (card.title, card.name)}


def fold(text: str) -> str:
    """Letters and digits alone, in lower case: ``Q^{AB/F}`` and ``Qabf`` are the same."""
    return re.sub(r"[\W_]", "", text.casefold())


def _names(cell: Cell) -> list[str]:
    """What a heading may be called: in full, without scripts, without and within parentheses."""
    bare = re.sub(r"[(\[][^)\]]*[)\]]", "", cell.text)
    inner = re.findall(r"\(([^)]*)\)", cell.text)
    folded = [fold(text) for text in (cell.text, bare, cell.plain, *inner)]
    return [name for name in dict.fromkeys(folded) if name]


def _known(name: str) -> Better | None:
    if _LOWER.fullmatch(name):
        return "lower"
    return "higher" if _HIGHER.fullmatch(name) else None


def _is_class(name: str) -> bool:
    return name in CLASSES or (name.endswith("s") and name[:-1] in CLASSES)


def _by_words(text: str, cards: Mapping[str, Better]) -> Better | None:
    """The direction on which all words that are metrics agree: ``Person AP50``."""
    words = [fold(word) for word in re.split(r"[\s/,:]+", re.sub(r"\([^)]*\)", " ", text))]
    if len(words) < 2:
        return None
    found = {better for w in words if w and (better := cards.get(w) or _known(w)) is not None}
    return found.pop() if len(found) == 1 else None


def _by_unit(text: str) -> Better | None:
    units = [fold(unit) for unit in re.findall(r"[(\[]([^)\]]*)[)\]]", text)]
    found = {_UNITS[unit] for unit in units if unit in _UNITS}
    return found.pop() if len(found) == 1 else None


def _arrow(cell: Cell) -> Better | None:
    arrows = {"↑": "↑", "⬆": "↑", "▲": "↑", "↓": "↓", "⬇": "↓", "▼": "↓"}
    found = {arrows[c] for c in cell.text if c in arrows}
    if len(found) == 1:
        return "higher" if found == {"↑"} else "lower"
    sign = re.search(r"\(\s*([+\-−–])\s*\)\s*$", cell.text)
    return _SIGNS[sign[1]] if sign and not found else None


_PLACES = (
    (r"(?:best|top)[-\s]*(?:two|2)|(?:two|2)\s+best|前两", (1, 2)),
    (r"(?:best|top)[-\s]*(?:three|3)|(?:three|3)\s+best|前三", (1, 2, 3)),
    (r"second(?:ary)?(?:[-\s]+(?:best|highest|place))?\b|2nd(?:[-\s]+best)?|runners?[-\s]*up|sub-?optimal"
     r"|次优|次佳|第二", (2,)),
    (r"third(?:[-\s]+(?:best|highest|place))?\b|3rd(?:[-\s]+best)?|第三", (3,)),
    (r"\bbest\b|\bfirst\b(?!\s+(?:two\s+)?(?:row|col|line|group|block|part))|\b1st\b|\boptimal\b"
     r"|\bhighest\b|\btop[-\s]*(?:1\b|one\b|perform\w*|scor\w*|result\w*)|\bwinner"
     r"|最优|最佳|最好|第一", (1,)),
    (r"\bours\b|\bour (?:method|model|results?|approach)\b|\bproposed\b", (0,)),
)  # fmt: skip
_WORDS = (
    (r"doubl[ey][-\s]*underlin\w*", "doubly underlined"),
    (r"dash(?:ed)?[-\s]*underlin\w*", "dashed"),
    (r"bold\w*|加粗|粗体|黑体", "bold"), (r"underlin\w*|underscor\w*|下划线", "underlined"),
    (r"italic\w*|斜体", "italic"), (r"boxed|\bboxes\b", "boxed"),
    (r"红色?", "red"), (r"蓝色?", "blue"), (r"绿色?", "green"),
    *((rf"\b{word}\b", word) for word in (*HUES, "gray")), (r"\bgrey\b", "gray"),
)  # fmt: skip
_TOKEN = re.compile(
    "|".join(f"(?P<p{i}>{pattern})" for i, (pattern, _) in enumerate(_PLACES))
    + "|"
    + "|".join(f"(?P<m{i}>{pattern})" for i, (pattern, _) in enumerate(_WORDS)),
    re.I,
)
Said = dict[str, frozenset[int]]


def said_in(caption: Reader) -> Said:
    """What a caption says that marks stand for: ``{"red": {1}, "underlined": {2}}``; 0 is no place.

    Clauses such as ``red: best, blue: second`` and ``bold and underlined denote the best and the
    second best`` are read; of several places for one mark, all hold.
    """
    text = "".join(piece.text for piece in caption.pieces)
    styles = [piece.marks for piece in caption.pieces for _ in piece.text]
    found: dict[str, set[int]] = {}
    for clause in re.finditer(r"(?:[^.;。；]|\.(?=\S))+", text):
        for marks, places in _clause(clause[0], styles[clause.start() :]):
            for mark in marks:
                found.setdefault(mark, set()).update(places)
    return {mark: frozenset(places - {0}) for mark, places in found.items()}


def _clause(text: str, styles: Sequence[frozenset[str]]) -> list[tuple[set[str], set[int]]]:
    marks: list[set[str]] = []
    places: list[int] = []
    end = 0
    for token in _TOKEN.finditer(text):
        kind, number = (token.lastgroup or "")[0], int((token.lastgroup or "")[1:])
        if kind == "p":
            places += [p for p in _PLACES[number][1] if places[-1:] != [p]]
            continue
        beside = marks and not re.sub(r"[\s\-]|font|face|type|text", "", text[end : token.start()])
        if beside:
            marks[-1].add(_WORDS[number][1])
        else:
            marks.append({_WORDS[number][1]})
        end = token.end()
    if not marks:
        return _styled_places(text, styles)
    return _paired(marks, places) or _in_parts(text, styles)


def _paired(marks: list[set[str]], places: list[int]) -> list[tuple[set[str], set[int]]]:
    ranked = [place for place in places if place]
    for wanted in (places, ranked):
        if len(marks) == len(wanted):
            return [(mark, {place}) for mark, place in zip(marks, wanted, strict=True)]
    if len(set(ranked)) == 1 and 0 not in places:
        return [(set().union(*marks), set(ranked))]
    return []


def _in_parts(text: str, styles: Sequence[frozenset[str]]) -> list[tuple[set[str], set[int]]]:
    """A clause's parts where the whole has more marks than places or fewer."""
    parts = list(re.finditer(r"(?:(?!,|\(|\)|\band\b|\bwhile\b|\bwhereas\b|，|、).)+", text, re.S))
    if len(parts) < 2:
        return []
    return [pair for part in parts for pair in _clause(part[0], styles[part.start() :])]


def _styled_places(text: str, styles: Sequence[frozenset[str]]) -> list[tuple[set[str], set[int]]]:
    """Words for places that are marked themselves: the best in bold letters."""
    found = []
    for token in _TOKEN.finditer(text):
        marks = frozenset.intersection(*styles[token.start() : token.end()])
        if marks:
            places = _PLACES[int((token.lastgroup or "")[1:])][1]
            found.append(({hue(mark) or mark for mark in marks}, set(places)))
    return found
