"""Citations of methods: BibTeX entries and their keys, from the cards."""

from __future__ import annotations

import re
import unicodedata

from fusionbench.cards import MethodCard
from fusionbench.manifest import Citation

_TEX = {"&": r"\&", "%": r"\%", "#": r"\#", "_": r"\_", "$": r"\$"}


def bibtex_key(card: MethodCard) -> str:
    """First author's last name, year and the method's name: ``park2023cmtfusion``; or nothing.

    A method without a paper has no key.
    """
    if not card.paper:
        return ""
    first = re.split(r",| and ", card.authors)[0].split()
    parts = (first[-1] if first else "", str(card.year or ""), card.name.partition("-")[0])
    return "".join(re.sub(r"[^A-Za-z0-9]", "", _ascii(part)) for part in parts).lower()


def citation(card: MethodCard) -> Citation | None:
    """How tables cite a method, or None where its card names no paper."""
    if not card.paper:
        return None
    parts = (card.authors, card.paper, card.venue, str(card.year or ""))
    text = ". ".join(part.rstrip(".") for part in parts if part) + "."
    return Citation(key=bibtex_key(card), bibtex=bibtex(card), text=text)


def bibtex(card: MethodCard) -> str:
    """The BibTeX entry of a method's paper, or nothing where the card names none.

    Example:
        >>> card = MethodCard(name="x", title="X", family="cnn", paper="On X", venue="Proc. X",
        ...                   authors="A. Bee, C. Dee", year=2024)
        >>> print(bibtex(card))
        @misc{bee2024x,
          title = {{On X}},
          author = {A. Bee and C. Dee},
          year = {2024},
          howpublished = {Proc. X},
        }
    """
    if not card.paper:
        return ""
    names = [name.strip() for name in re.split(r",| and ", card.authors) if name.strip()]
    fields = {
        "title": f"{{{_tex(card.paper)}}}",
        "author": " and ".join(_tex(name) for name in names),
        "year": str(card.year or ""),
        "howpublished": _tex(card.venue),
        "doi": card.doi,
    }
    lines = [f"  {key} = {{{value}}}," for key, value in fields.items() if value]
    return "\n".join([f"@misc{{{bibtex_key(card)},", *lines, "}"])


def _ascii(text: str) -> str:
    return unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode()


def _tex(text: str) -> str:
    return "".join(_TEX.get(letter, letter) for letter in text)
