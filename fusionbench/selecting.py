"""What options name: comma-separated lists, and the selectors that are such lists."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TypeVar

from fusionbench.errors import FusionBenchError

T = TypeVar("T")


def listed(text: str) -> list[str]:
    """The parts of a comma-separated list, without blanks around them and without empty ones."""
    return [part.strip() for part in text.split(",") if part.strip()]


def select(selector: str, named: Callable[[str], Iterable[T]], kind: str) -> list[T]:
    """What a selector names, in its order, each once.

    ``-token`` drops what the token names; a selector that only drops starts from ``all``.

    Args:
        selector: Tokens, comma-separated.
        named: Gives what a token without its sign names, and refuses one that names nothing.
        kind: What is selected, for the message.

    Raises:
        FusionBenchError: Nothing is left.
    """
    tokens = listed(selector)
    if tokens and all(token.startswith("-") for token in tokens):
        tokens.insert(0, "all")
    chosen: list[T] = []
    for token in tokens:
        found = list(named(token.removeprefix("-")))
        if token.startswith("-"):
            chosen = [item for item in chosen if item not in found]
        else:
            chosen += [item for item in found if item not in chosen]
    if not chosen:
        raise FusionBenchError(f"'{selector}' selects no {kind}")
    return chosen
