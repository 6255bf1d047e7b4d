"""A pinhole camera over flat ground.

World axes in metres: X right, Y up from the ground, Z away from the camera.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

Points = NDArray[np.float64]

NEAR = 0.6


@dataclass(frozen=True)
class Camera:
    """Pinhole camera at (0, height_m, 0) that looks along +Z with a level axis.

    ``u = cx + f X / Z`` and ``v = horizon + f (height_m - Y) / Z``, in supersampled pixels.
    """

    width: int
    height: int
    height_m: float = 2.2
    horizon_at: float = 0.42

    @cached_property
    def supersampling(self) -> int:
        """Rendered pixels per output pixel along one axis."""
        return 4 if self.height <= 288 else 3 if self.height <= 576 else 2

    @cached_property
    def shape(self) -> tuple[int, int]:
        """Rows and columns of the supersampled layers."""
        return self.height * self.supersampling, self.width * self.supersampling

    @cached_property
    def focal(self) -> float:
        """Focal length in supersampled pixels (horizontal field of view 65 degrees at 4:3)."""
        return self.supersampling * min(1.05 * self.height, 0.9 * self.width)

    @cached_property
    def horizon(self) -> float:
        """Row of the horizon in supersampled pixels."""
        return self.horizon_at * self.shape[0]

    def project(self, points: Points) -> Points:
        """World points (N, 3) with Z > 0 to supersampled pixels (N, 2)."""
        scale = self.focal / points[:, 2]
        pixels = np.empty((len(points), 2))
        pixels[:, 0] = self.shape[1] / 2 + scale * points[:, 0]
        pixels[:, 1] = self.horizon + scale * (self.height_m - points[:, 1])
        return pixels


def clip_near(points: Points) -> Points:
    """The polygon cut at ``Z = NEAR`` (Sutherland-Hodgman on one plane)."""
    if points[:, 2].min() >= NEAR:
        return points
    inside = points[:, 2] >= NEAR
    kept: list[Points] = []
    for here, there, here_in, there_in in zip(
        points, np.roll(points, -1, axis=0), inside, np.roll(inside, -1), strict=True
    ):
        if here_in:
            kept.append(here)
        if here_in != there_in:
            share = (NEAR - here[2]) / (there[2] - here[2])
            kept.append(here + share * (there - here))
    return np.array(kept).reshape(-1, 3)
