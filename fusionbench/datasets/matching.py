"""Which names mean one thing: normal forms, and beginnings and endings that a folder's names share.

Nothing is guessed: an affix is cut only where all names of a folder carry it, and never through a
number; what is left has to be told apart still.
"""

from __future__ import annotations

import itertools
import re
import unicodedata
from collections.abc import Callable, Collection, Iterable, Mapping
from typing import NamedTuple

Cut = tuple[int, int]
"""How many characters to cut at the front and at the end."""
_SEPARATORS = "_. -"
_IR = "ir i flir inf infra infrared thermal therm th tir t lwir mwir swir fir 红外 热红外"
_VIS = "vi v vis visible visual vs rgb color colour tv 可见光"
_WORDS = "|".join(sorted(f"{_IR} {_VIS}".split(), key=len, reverse=True))
_SURE = 2
"""Letters of a word from which it says what a folder holds."""
_PLAIN_AFFIX = 3
"""Letters that are cut at least where nothing but letters of one case stands on either side."""
_FIRST = re.compile(rf"({_WORDS})(?=[\W\d_]|$)[{_SEPARATORS}]*", re.IGNORECASE)
_LAST = re.compile(rf"(?:^|[{_SEPARATORS}]+|(?<=[\W\d_]))({_WORDS})$", re.IGNORECASE)


def composed(name: str) -> str:
    """The name in composed characters (NFC), as all systems but macOS write it."""
    return unicodedata.normalize("NFC", name)


def folded(name: str) -> str:
    """The name without upper and lower case."""
    return composed(composed(name).casefold())


def unpadded(name: str) -> str:
    """The name without case and without leading zeros of its numbers; 1.05 is not 1.5."""
    return re.sub(r"(?<!\d)(?<!\d\.)0+(?=\d)", "", folded(name))


FORMS: tuple[Callable[[str], str], ...] = (composed, folded, unpadded)
"""Forms under which names are compared, the strictest first."""


def match_names(names: Iterable[str], ids: Iterable[str]) -> dict[str, str]:
    """Which name belongs to which id: equal, or equal within one prefix and suffix of all names.

    ``{"walk_ADF", "walk2_ADF"}`` against ``{"walk", "walk2"}`` gives suffix ``_ADF``. Names may
    differ from ids in case or in leading zeros, all or none. What places most names wins, the
    strictest first; where two affixes place them differently, none does. Several names may be given
    to one id (``1`` and ``01``): the caller refuses them.
    """
    names, ids = list(names), list(ids)
    best: dict[str, str] = {}
    for form in FORMS:
        known = {form(one): one for one in ids}
        if len(known) < len(set(ids)):
            continue  # two ids would be one
        keys = {name: form(name) for name in names}
        found = {name: known[key] for name, key in keys.items() if key in known}
        found = found or _within_affix(keys, known)
        if len(found) > len(best):
            best = found
        if len(best) == len(names):
            break
    return best


def _within_affix(keys: Mapping[str, str], known: Mapping[str, str]) -> dict[str, str]:
    """What all names share around ids; nothing where that is not one thing."""
    prefix, suffix = shared_affix(keys.values())
    tried = {
        (key[:at], key[at + len(one) :])
        for key in sorted(keys.values(), key=len)[:20]
        for one in known
        if one and (at := key.find(one)) >= 0
    }
    fitting = {
        (before, after): {
            name: known[left]
            for name, key in keys.items()
            if (left := _cut(key, (len(before), len(after)))) in known
        }
        for before, after in tried
        if prefix.startswith(before) and suffix.endswith(after) and _can_be_cut(before, after)
    }
    fitting = {
        affix: {n: one for n, one in found.items() if _apart(affix, keys[n])}
        for affix, found in fitting.items()
    }
    most = max(map(len, fitting.values()), default=0)
    best = {affix: found for affix, found in fitting.items() if len(found) == most}
    if most == 1 or len(best) > 1:
        best = {affix: found for affix, found in best.items() if _at_bounds(*affix)}
    different = {tuple(sorted(found.items())) for found in best.values()}
    return dict(different.pop()) if len(different) == 1 else {}


def _can_be_cut(before: str, after: str) -> bool:
    """Whether cutting goes through no number, and is of more than a number."""
    whole = not before[-1:].isdecimal() and not after[:1].isdecimal()
    text = before + after
    return whole and (not any(map(str.isdecimal, text)) or any(map(str.isalpha, text)))


def _apart(affix: tuple[str, str], key: str) -> bool:
    """Whether a name falls apart where it is cut, or what is cut is more than a letter or two."""
    before, after = affix
    left = _cut(key, (len(before), len(after)))
    front = _bound(before[-1:], left[:1]) or len(before) >= _PLAIN_AFFIX
    return front and (_bound(left[-1:], after[:1]) or len(after) >= _PLAIN_AFFIX)


def _bound(one: str, other: str) -> bool:
    """Whether a part of a name may end between two characters: not within a word."""
    if not (one.isalpha() and other.isalpha()):
        return not (one.isdecimal() and other.isdecimal())
    lower = [character.islower() for character in (one, other)]
    cased = all(character.islower() or character.isupper() for character in (one, other))
    return not cased or lower[0] != lower[1]


def _at_bounds(before: str, after: str) -> bool:
    return before[-1:] in {"", *_SEPARATORS} and after[:1] in {"", *_SEPARATORS}


class Partners(NamedTuple):
    """The ids of the names of two folders, equal for partners.

    ``guessed`` says what was cut of either where that is no word for what the folder holds.
    """

    ir: dict[str, str]
    vis: dict[str, str]
    guessed: str = ""


def alike(ir: Collection[str], vis: Collection[str]) -> Partners:
    """The ids of the names of two folders.

    Names are partners that are equal; or are so without words such as ``ir`` and ``vis`` at one
    end, without what all names of each folder share, in another case, or without leading zeros.
    What gives most partners wins, the strictest first.
    """
    best = Partners({}, {})
    most = -1
    for (cuts, guessed), form in itertools.product(_cuts(ir, vis), FORMS):
        left = [
            {name: _cut(name, cut) for name in side}
            for side, cut in zip((ir, vis), cuts, strict=True)
        ]
        if not all(all(side.values()) for side in left):
            continue
        keys = [{name: form(text) for name, text in side.items()} for side in left]
        common = set(keys[0].values()) & set(keys[1].values())
        if len(common) > most:
            shown = {keys[0][name]: composed(text) for name, text in reversed(left[0].items())}
            ids = [{n: shown.get(k, k) for n, k in side.items()} for side in keys]
            most, best = len(common), Partners(ids[0], ids[1], guessed)
        if most == min(len(ir), len(vis)):
            break
    return best


def claimed(names: Iterable[str]) -> str:
    """``ir`` or ``vis`` where every name bears a word for one of them and none for the other."""
    words = [
        {folded(part) for part in re.findall(r"[^\W\d_]+", name) if len(part) >= _SURE}
        for name in names
    ]
    sides = {"ir": set(_IR.split()), "vis": set(_VIS.split())}
    said = [{side for side, known in sides.items() if found & known} for found in words]
    return said[0].pop() if said and len(said[0]) == 1 and said.count(said[0]) == len(said) else ""


def are_words(*names: str) -> bool:
    """Whether names say nothing but what is infrared or visible."""
    return all(re.fullmatch(_WORDS, name, re.IGNORECASE) for name in names)


def _cuts(ir: Collection[str], vis: Collection[str]) -> Iterable[tuple[tuple[Cut, Cut], str]]:
    """What may be cut from the names of two folders, nothing first; and what of it is no word."""
    yield ((0, 0), (0, 0)), ""
    for both in itertools.product(_word_cuts(ir), _word_cuts(vis)):
        if both != ((0, 0), (0, 0)):
            yield both, ""
    if min(len(ir), len(vis)) < 2:
        return
    for at_bounds in (True, False):
        found = _differing(shared_affix(ir), shared_affix(vis), at_bounds)
        if found is None:
            continue
        names = [(name, cut) for side, cut in zip((ir, vis), found, strict=True) for name in side]
        parts = {part for name, (front, end) in names for part in (name[:front], _end(name, end))}
        bare = list(filter(None, (part.strip(_SEPARATORS) for part in parts)))
        words = are_words(*bare)
        sure = words and all(len(word) >= _SURE for word in bare)
        if sure or all(_falls_apart(*one) for one in names):
            cut = " and ".join(sorted(repr(part) for part in parts if part))
            yield found, "" if words else cut


def _falls_apart(name: str, cut: Cut) -> bool:
    """Whether a name is cut between its parts."""
    left = _cut(name, cut)
    front = not cut[0] or _bound(name[cut[0] - 1], left[:1])
    return front and (not cut[1] or _bound(left[-1:], name[-cut[1]]))


def _end(name: str, count: int) -> str:
    return name[len(name) - count :]


def _word_cuts(names: Collection[str]) -> list[Cut]:
    """Cuts of one word for infrared or visible that all names begin or end with."""
    found = [(0, 0)]
    first = {(m := _FIRST.match(name)) and folded(m.group()) for name in names}
    last = {(m := _LAST.search(name)) and folded(m.group()) for name in names}
    if len(first) == 1 and (text := first.pop()):
        found.append((len(text), 0))
    if len(last) == 1 and (text := last.pop()):
        found.append((0, len(text)))
    return found


def shared_affix(names: Iterable[str]) -> tuple[str, str]:
    """The beginning and the ending that all names share."""
    names = list(names)
    return _beginning(names), _beginning([name[::-1] for name in names])[::-1]


def _beginning(names: Collection[str]) -> str:
    first, last = min(names, default=""), max(names, default="")
    same = itertools.takewhile(lambda two: two[0] == two[1], zip(first, last, strict=False))
    return "".join(one for one, _ in same)


def _differing(
    ir: tuple[str, str], vis: tuple[str, str], at_bounds: bool
) -> tuple[Cut, Cut] | None:
    """Cuts of what the names of each folder share and those of the other do not."""
    fronts = [re.sub(r"\d+$", "", front) for front, _ in (ir, vis)]
    ends = [re.sub(r"^\d+", "", end) for _, end in (ir, vis)]
    front_kept = _kept(fronts, at_bounds)
    end_kept = _kept([end[::-1] for end in ends], at_bounds)
    front_cuts = [text[: len(text) - front_kept] for text in fronts]
    end_cuts = [text[end_kept:] for text in ends]
    cuts = list(zip(front_cuts, end_cuts, strict=True))
    if len({re.sub(r"[\W\d_]", "", folded(front + end)) for front, end in cuts}) == 1:
        return None  # they differ in numbers only: other scenes
    one, other = ((len(front), len(end)) for front, end in cuts)
    return one, other


def _kept(texts: list[str], at_bounds: bool) -> int:
    """How many characters at the end of both texts are the same; from a separator on, if asked."""
    same = len(shared_affix(texts)[1])
    if at_bounds:
        while same and any(
            text[: len(text) - same][-1:] not in {"", *_SEPARATORS} for text in texts
        ):
            same -= 1
    return same


def _cut(name: str, cut: Cut) -> str:
    """The name without so many characters at both ends."""
    return name[cut[0] : max(len(name) - cut[1], cut[0])]
