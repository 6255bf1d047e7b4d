"""Reading a published row: metric names as papers write them, and how many digits were given."""

from __future__ import annotations

import re
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation

from fusionbench.errors import FusionBenchError
from fusionbench.plugins import metric_card
from fusionbench.registry import METRICS

EXACT = 1e-6
"""Relative difference below which a value counts as the same however many digits were given."""

ALSO_CALLED: dict[str, tuple[str, ...]] = {
    "std": ("SD",),
    "stdev": ("SD",),
    "sigma": ("SD",),
    "corr": ("CC",),
    "qg": ("Qabf",),
    "viff": ("VIFF", "VIF"),
    "fmi": ("FMI_pixel", "FMI_dct", "FMI_w"),
    "msssim": ("MS-SSIM",),
    "mefssim": ("MEF-SSIM",),
}
"""Names in papers that are neither a metric's name nor its title here, without case and signs.

A name may stand for several metrics: the evaluator of CDDFuse calls VIF ``VIFF``.
"""


@dataclass(frozen=True)
class Published:
    """One value of a row.

    Attributes:
        name: The metric as the row names it.
        text: The value as it was given.
        value: The value.
        metrics: The metrics that the name may stand for.
    """

    name: str
    text: str
    value: float
    metrics: tuple[str, ...]

    @property
    def unit(self) -> float:
        """One unit of the last digit given, but at least 2e-6 of the value.

        Programs agree to about seven digits; more of them cannot be asked for.
        """
        exponent = Decimal(self.text).as_tuple().exponent
        digit = 10.0**exponent if isinstance(exponent, int) else 0.0
        return max(digit, 2 * EXACT * abs(self.value))

    def residual(self, value: float) -> float:
        """How far a value is from this one, in units of the last digit given."""
        return abs(value - self.value) / self.unit


def parse_row(text: str) -> tuple[Published, ...]:
    """Read ``EN=6.61,SD=43.4``.

    Args:
        text: ``NAME=VALUE`` separated by commas. Case, signs and blanks of a name do not count; the
            metrics' titles and common other names are understood. Trailing zeros count: ``6.60``
            was given to two decimals.

    Raises:
        FusionBenchError: A part is no ``NAME=VALUE``, a name is unknown or comes twice.
    """
    row: list[Published] = []
    for part in (p.strip() for p in text.split(",") if p.strip()):
        name, equals, number = (p.strip() for p in part.partition("="))
        if not (name and equals):
            raise FusionBenchError(f"--row: '{part}' is not NAME=VALUE, such as EN=6.61")
        published = Published(name, number, _finite(part, number), metrics_called(name))
        if any(set(known.metrics) & set(published.metrics) for known in row):
            raise FusionBenchError(f"--row names {name} twice")
        row.append(published)
    if not row:
        raise FusionBenchError("--row is empty; give it as EN=6.61,SD=43.4")
    return tuple(row)


def _finite(part: str, number: str) -> float:
    try:
        value = Decimal(number)
    except InvalidOperation:
        value = Decimal("NaN")
    if not value.is_finite():
        raise FusionBenchError(f"--row: '{number}' in '{part}' is not a number, such as 6.61")
    return float(value)


def metrics_called(name: str) -> tuple[str, ...]:
    """The metrics that a name in a paper may stand for.

    Raises:
        UnknownNameError: There is none.
    """
    wanted = _folded(name)
    known = {entry.name for entry in METRICS}
    named = [m for m in known if _folded(m) == wanted]
    titled = [e.name for e in METRICS if _folded(metric_card(e.plugin).title) == wanted]
    also = [m for m in ALSO_CALLED.get(wanted, ()) if m in known]
    found = tuple(dict.fromkeys([*named, *also, *titled]))
    return found or (METRICS[name].name,)


def _folded(name: str) -> str:
    return re.sub(r"[\W_]", "", name).casefold()
