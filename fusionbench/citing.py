"""Citations of methods, metrics and detectors: BibTeX entries and their keys, from the cards."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable

from fusionbench.cards import Card, MetricCard
from fusionbench.manifest import Citation, ColumnRecord

_TEX = {
    **{"&": r"\&", "%": r"\%", "#": r"\#", "_": r"\_", "$": r"\$"},
    **{"{": r"{\textbraceleft}", "}": r"{\textbraceright}", "\\": r"{\textbackslash}"},
    **{"~": r"{\textasciitilde}", "^": r"{\textasciicircum}", "<": r"{\textless}"},
    **{">": r"{\textgreater}", "|": r"{\textbar}"},
}
"""Escapes whose braces are balanced: BibTeX counts those that are escaped too."""


def bibtex_key(card: Card) -> str:
    """First author's last name, year, and the method's or detector's name: ``park2023cmtfusion``.

    For a metric the first long word of the title stands at the end, ``wang2004image``: several
    metrics share a paper. A card without a paper has no key.
    """
    if not card.paper:
        return ""
    first = re.split(r",| and ", card.authors)[0].split()
    last = card.name.partition("-")[0]
    if isinstance(card, MetricCard):
        last = next((word for word in card.paper.split() if len(word) > 3), card.paper)
    parts = (first[-1] if first else "", str(card.year or ""), last)
    return "".join(re.sub(r"[^A-Za-z0-9]", "", _ascii(part)) for part in parts).lower()


def citation(card: Card) -> Citation | None:
    """How tables cite a plug-in, or None where its card names no paper."""
    if not card.paper:
        return None
    parts = (card.authors, card.paper, card.venue, str(card.year or ""))
    text = ". ".join(part.rstrip(".") for part in parts if part) + "."
    return Citation(key=bibtex_key(card), bibtex=bibtex(card), text=text)


def column_citation(column: ColumnRecord) -> Citation | None:
    """How a run's column is cited; None for a metric that names no paper, or is not known here.

    A manifest from before metrics had citations takes that of the metric's card.
    """
    if column.citation is not None:
        return column.citation
    from fusionbench.errors import UnknownNameError
    from fusionbench.plugins import metric_card
    from fusionbench.registry import METRICS

    try:
        return citation(metric_card(METRICS[column.metric].plugin))
    except UnknownNameError:
        return None


def cited_by(columns: Iterable[ColumnRecord]) -> dict[str, Citation]:
    """The citations of columns by key, each once, in the order of the columns."""
    found = (column_citation(column) for column in columns)
    return {cited.key: cited for cited in found if cited is not None}


def bibtex(card: Card) -> str:
    """The BibTeX entry of a plug-in's paper, or nothing where the card names none.

    Example:
        >>> from fusionbench.cards import MethodCard
        >>> card = MethodCard(name="x", title="X", family="cnn", paper="On X", year=2024,
        ...                   authors="A. Bee, C. Dee", venue="Journal of X 7(2)")
        >>> print(bibtex(card))
        @article{bee2024x,
          title = {{On X}},
          author = {A. Bee and C. Dee},
          journal = {Journal of X},
          volume = {7},
          number = {2},
          year = {2024},
        }
    """
    if not card.paper:
        return ""
    names = [name.strip() for name in re.split(r",| and ", card.authors) if name.strip()]
    kind, where = _where(card.venue)
    fields = {
        "title": f"{{{_tex(card.paper)}}}",
        "author": " and ".join(_tex(name) for name in names),
        **{key: _tex(value) for key, value in where.items()},
        "year": str(card.year or ""),
        "doi": card.doi,
    }
    lines = [f"  {key} = {{{value}}}," for key, value in fields.items() if value]
    return "\n".join([f"@{kind}{{{bibtex_key(card)},", *lines, "}"])


def _where(venue: str) -> tuple[str, dict[str, str]]:
    """The kind of BibTeX entry and its fields: ``Journal 7(2)``, a conference, or ``arXiv:ID``."""
    if found := re.fullmatch(r"(.+?) (\d+)(?:\(([\d-]+)\))?", venue):
        journal, volume, number = found.groups(default="")
        return "article", {"journal": journal, "volume": volume, "number": number}
    if found := re.fullmatch(r"arXiv:(\S+)", venue):
        return "misc", {"eprint": found[1], "archivePrefix": "arXiv"}
    if re.search(r"Conference|Symposium|Workshop|Proc", venue):
        return "inproceedings", {"booktitle": venue}
    if re.search(r"Journal|Transactions|Letters", venue):
        return "article", {"journal": venue}
    return "misc", {"howpublished": venue}


def _ascii(text: str) -> str:
    return unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode()


def _tex(text: str) -> str:
    return "".join(_TEX.get(letter, letter) for letter in text)
