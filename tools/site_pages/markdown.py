"""What all generated pages are made of."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence

from fusionbench.cards import Card
from fusionbench.citing import bibtex
from site_pages.formulas import escaped, markdown

__all__ = ["markdown"]


def prose(text: str) -> str:
    """Text as Markdown, its paragraphs apart; what stands between backticks is code."""
    paragraphs = re.split(r"\n\s*\n", re.sub(r":\w+:`~?", "`", text.strip()).replace("``", "`"))
    return "\n\n".join(
        "".join(p if p.startswith("`") else escaped(p) for p in re.split("(`[^`]*`)", paragraph))
        for paragraph in (" ".join(each.split()) for each in paragraphs)
    )


def table(header: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    """A table; a bar inside a cell is escaped, an empty cell stays empty."""
    lines = [header, ["---"] * len(header), *rows]
    return "\n".join(f"| {' | '.join(map(_cell, line))} |" for line in lines)


def _cell(value: object) -> str:
    text = "" if value is None else str(value).replace("\n", " ")
    return text.replace("\\|", "|").replace("|", "\\|").strip()


def facts(known: Mapping[str, object]) -> str:
    """What is known of something as a table without a heading; what is empty is left out."""
    return table(("", ""), ((f"**{k}**", v) for k, v in known.items() if v not in ("", None)))


def code(names: Iterable[object]) -> str:
    """Names as code, with commas between."""
    return ", ".join(f"`{name}`" for name in names)


def page(title: str, *parts: str) -> str:
    """A page of a title and what follows it."""
    return "\n\n".join([f"# {title}", *filter(None, parts)]) + "\n"


def section(title: str, *parts: str) -> str:
    """A section, or nothing where it would be empty."""
    return "\n\n".join([f"## {title}", *filter(None, parts)]) if any(parts) else ""


def fence(text: str, language: str = "") -> str:
    """A block of code."""
    return f"```{language}\n{text.strip()}\n```"


def contents(pages: Iterable[str], *, hidden: bool = True) -> str:
    """The pages below this one."""
    options = ":hidden:\n" * hidden
    return f"```{{toctree}}\n{options}:maxdepth: 1\n\n" + "\n".join(pages) + "\n```"


def paper(card: Card) -> str:
    """The publication behind a card, linked where its DOI is known."""
    if not card.paper:
        return ""
    title = f"[{prose(card.paper)}](https://doi.org/{card.doi})" if card.doi else prose(card.paper)
    return ". ".join(filter(None, (prose(card.authors), title, prose(card.venue), str(card.year))))


def cite(card: Card) -> str:
    """The section with the BibTeX entry."""
    return section("Cite", fence(bibtex(card), "bibtex")) if card.paper else ""


def link(folder: str, name: str, title: str = "") -> str:
    """A link to the page of something, seen from a page of another folder."""
    return f"[{title or name}](../{folder}/{name}.md)"
