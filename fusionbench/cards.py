"""Cards: what a plug-in says about itself; tables, citations and manifests are made from them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

Colour = Literal["luma", "rgb"]
Better = Literal["higher", "lower"]


@dataclass(frozen=True, kw_only=True)
class Card:
    """What every plug-in says about itself.

    Attributes:
        name: The name on the command line (no blanks, no comma).
        title: The name in tables, or in full.
        groups: Selector groups beside ``all``.
        paper, authors, year, venue, doi: The citation. A venue is ``Journal 7(2)``, a conference,
            or ``arXiv:ID``.
    """

    name: str
    title: str
    groups: tuple[str, ...] = ()
    paper: str = ""
    authors: str = ""
    year: int | None = None
    venue: str = ""
    doi: str = ""

    @property
    def selectors(self) -> frozenset[str]:
        """Every group name that selects this plug-in."""
        return frozenset({"all", *self.groups})


@dataclass(frozen=True, kw_only=True)
class MethodCard(Card):
    """A fusion method in words.

    Attributes:
        family: ``pixel``, ``multi-scale``, ``low-rank``, ``sparse``, ``cnn``, ``gan`` ...; a
            selector group too.
        colour: ``luma``: ``fuse`` gets the visible luma, the engine puts the chroma back.
            ``rgb``: ``fuse`` gets the visible image in colour and returns what is written.
        options: Named options with their allowed values; the first is the default.
        licence: Licence of the method's code and weights as their authors state it.
        parameters: Number of parameters that take part in the forward pass.
        training_data: What the published weights were trained on: data sets under the names that
            they have here, or splits of them as ``MSRS/train``.
        notes: What a reader of its rows should know.
        version: Raised with every change to the code that may change an image, which makes stored
            ones again. (A third party's code is hashed as well.)
    """

    family: str
    colour: Colour = "luma"
    options: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
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
class MetricCard(Card):
    """A metric in words; its formula is the docstring of its function.

    Attributes:
        better: Whether a higher or a lower value is better.
        low, high: The range of the value in its usual form (infinite where there is no bound).
        sources: Whether the value depends on the source images, or on the fused image alone.
        textbook: It is older than its use for fused images; its paper, where there is one, is what
            the field cites for it.
        conventions: The metric's parameters by convention, for a metric of a third party, which the
            conventions' own files do not name.
        version: Raised with every change to the code that may change a value, which makes stored
            ones again. (A third party's code is hashed as well.)
    """

    better: Better
    low: float
    high: float
    sources: bool = True
    textbook: bool = False
    conventions: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    version: int = 1

    @property
    def arrow(self) -> str:
        """The direction of better as an arrow."""
        return "↑" if self.better == "higher" else "↓"


@dataclass(frozen=True, kw_only=True)
class DetectorCard(Card):
    """An object detector in words; what stands after a colon in its name names its weights.

    Attributes:
        licence: Licence of the detector's code and weights.
        requires: The optional extra that has to be installed, if any.
        version: Raised with every change to the code that may change a box, which makes stored
            ones again. (A third party's code is hashed as well.)
    """

    licence: str = ""
    requires: str = ""
    version: int = 1
