"""Groups of methods that cannot be told apart."""

from __future__ import annotations

import math
import string
from collections.abc import Sequence


def cliques(mean_ranks: Sequence[float], difference: float) -> list[tuple[int, ...]]:
    """The largest groups whose mean ranks all lie less than a difference apart.

    Args:
        mean_ranks: One for each method, in any order.
        difference: The critical difference; infinite where no two methods can be told apart.

    Returns:
        Groups from the best on, each with the methods' places in ``mean_ranks``, best first. Every
        method is in one at least, alone if need be; groups overlap.

    Example:
        >>> cliques([3.143, 2.0, 2.893, 1.964], 1.05)
        [(3, 1, 2), (2, 0)]
    """
    order = sorted(range(len(mean_ranks)), key=lambda i: (mean_ranks[i], i))
    groups: list[tuple[int, ...]] = []
    reached = 0
    for start, first in enumerate(order):
        group = [i for i in order[start:] if mean_ranks[i] - mean_ranks[first] < difference]
        group = group or [first]
        if start + len(group) > reached:
            groups.append(tuple(group))
            reached = start + len(group)
    return groups


def letters(groups: Sequence[Sequence[int]], methods: int) -> list[str]:
    """Compact letters: methods that share one cannot be told apart.

    Args:
        groups: As `cliques` gives them.
        methods: How many methods there are.

    Returns:
        The letters of each method: ``a`` for the first group; after ``z`` follow ``A`` to ``Z``,
        then ``aa``.

    Example:
        >>> letters([(3, 1, 2), (2, 0)], 4)
        ['b', 'a', 'ab', 'a']
    """
    found = [""] * methods
    for number, group in enumerate(groups):
        for method in group:
            found[method] += _letter(number)
    return found


def _letter(number: int) -> str:
    alphabet = string.ascii_letters
    return alphabet[number % len(alphabet)] * (1 + math.floor(number / len(alphabet)))
