"""Cards: what a plug-in says about itself; tables, citations and manifests are made from them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

Colour = Literal["luma", "rgb"]
Better = Literal["higher", "lower"]


@dataclass(frozen=True, kw_only=True)
class MethodCard:
    """A fusion method in words.

    Attributes:
        name: The name on the command line (lower case, no blanks, no comma).
        title: The name in tables.
        family: ``pixel``, ``multi-scale``, ``low-rank``, ``sparse``, ``cnn``, ``gan`` ...
        colour: ``luma``: ``fuse`` gets the visible luma, the engine puts the chroma back.
            ``rgb``: ``fuse`` gets the visible image in colour and returns what is written.
        groups: Selector groups beside ``all`` and the family, such as ``baselines``.
        options: Named options with their allowed values; the first is the default.
        paper, authors, year, venue, doi: The citation.
        licence: Licence of the method's code and weights as their authors state it.
        parameters: Number of parameters that take part in the forward pass.
        training_data: What the published weights were trained on: data sets under the names that
            they have here, or splits of them as ``MSRS/train``.
        notes: What a reader of its rows should know.
        version: Raised with every change to the code that may change an image, which makes stored
            ones again. (A third party's code is hashed as well.)
    """

    name: str
    title: str
    family: str
    colour: Colour = "luma"
    groups: tuple[str, ...] = ()
    options: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    paper: str = ""
    authors: str = ""
    year: int | None = None
    venue: str = ""
    doi: str = ""
    licence: str = ""
    parameters: int | None = None
    training_data: tuple[str, ...] = ()
    notes: str = ""
    version: int = 1

    @property
    def selectors(self) -> frozenset[str]:
        """Every group name that selects this method."""
        return frozenset({"all", self.family, *self.groups})


@dataclass(frozen=True, kw_only=True)
class MetricCard:
    """A metric in words.

    Attributes:
        name: The name in tables and on the command line.
        title: The name in full.
        better: Whether a higher or a lower value is better.
        low, high: The range of the value in its usual form (infinite where there is no bound).
        sources: Whether the value depends on the source images, or on the fused image alone.
        groups: Selector groups beside ``all``.
        conventions: The metric's parameters by convention, for a metric of a third party, which the
            conventions' own files do not name.
        paper, year, doi: The publication that introduced it.
        version: Raised with every change to the code that may change a value, which makes stored
            ones again. (A third party's code is hashed as well.)
    """

    name: str
    title: str
    better: Better
    low: float
    high: float
    sources: bool = True
    groups: tuple[str, ...] = ()
    conventions: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    paper: str = ""
    year: int | None = None
    doi: str = ""
    version: int = 1

    @property
    def selectors(self) -> frozenset[str]:
        """Every group name that selects this metric."""
        return frozenset({"all", *self.groups})

    @property
    def arrow(self) -> str:
        """The direction of better as an arrow."""
        return "↑" if self.better == "higher" else "↓"


@dataclass(frozen=True, kw_only=True)
class DetectorCard:
    """An object detector in words.

    Attributes:
        name: The name on the command line; what stands after a colon there names its weights.
        title: The name in tables.
        groups: Selector groups beside ``all``.
        licence: Licence of the detector's code and weights.
        paper, authors, year, venue, doi: The citation.
        requires: The optional extra that has to be installed, if any.
        version: Raised with every change to the code that may change a box, which makes stored
            ones again. (A third party's code is hashed as well.)
    """

    name: str
    title: str
    groups: tuple[str, ...] = ()
    licence: str = ""
    paper: str = ""
    authors: str = ""
    year: int | None = None
    venue: str = ""
    doi: str = ""
    requires: str = ""
    version: int = 1

    @property
    def selectors(self) -> frozenset[str]:
        """Every group name that selects this detector."""
        return frozenset({"all", *self.groups})
