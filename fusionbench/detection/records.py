"""What the manifest says of a detector."""

from __future__ import annotations

import re

from pydantic import BaseModel, ConfigDict, Field

from fusionbench.manifest import WeightsRecord


class ThresholdsRecord(BaseModel):
    """What the detector drops; see :class:`fusionbench.detection.boxes.Thresholds`."""

    model_config = ConfigDict(extra="forbid")

    score: float
    overlap: float
    most: int


class DetectorRecord(BaseModel):
    """One detector as it was used.

    ``classes`` is empty until the detector has been loaded. ``fingerprint`` covers the detector's
    source code, its weights, the thresholds and the kind of device.
    """

    model_config = ConfigDict(extra="forbid")

    name: str
    label: str
    licence: str
    weights: WeightsRecord
    classes: list[str] = Field(default_factory=list)
    thresholds: ThresholdsRecord
    fingerprint: str

    @property
    def key(self) -> str:
        """The detector with its weights, as folders and tables name it."""
        label = re.sub(r"[^A-Za-z0-9]+", "-", self.label).strip("-").lower()
        return f"{label}-{self.weights.sha256[:8]}" if self.weights.origin == "file" else label
