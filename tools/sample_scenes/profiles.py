"""Side outlines of the vehicles that the scenes hold."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Profile:
    """Side outline: lower body (z, y) from front bumper over the bonnet to the rear, and the cabin.

    ``cabin`` is windscreen foot, roof front, roof rear, rear window foot. Metres; z = 0 mid-car.
    """

    body: tuple[tuple[float, float], ...]
    cabin: tuple[tuple[float, float], ...]
    half_width: float
    axles: tuple[float, float]
    pillars: tuple[float, ...]


SEDAN = Profile(
    (
        (2.22, 0.24),
        (2.25, 0.52),
        (2.12, 0.72),
        (1.0, 0.93),
        (-1.45, 0.96),
        (-2.15, 0.92),
        (-2.25, 0.60),
        (-2.2, 0.26),
    ),
    ((1.05, 0.92), (0.35, 1.40), (-0.85, 1.42), (-1.62, 0.95)),
    0.89,
    (1.38, -1.35),
    (-0.28,),
)
HATCH = Profile(
    (
        (1.95, 0.24),
        (2.0, 0.55),
        (1.88, 0.76),
        (1.0, 0.96),
        (-1.85, 1.0),
        (-1.95, 0.62),
        (-1.9, 0.26),
    ),
    ((1.08, 0.95), (0.45, 1.47), (-1.35, 1.47), (-1.82, 0.99)),
    0.88,
    (1.22, -1.25),
    (-0.32,),
)
VAN = Profile(
    (
        (2.4, 0.26),
        (2.45, 0.62),
        (2.35, 0.95),
        (1.75, 1.15),
        (-2.4, 1.15),
        (-2.45, 0.6),
        (-2.4, 0.28),
    ),
    ((1.78, 1.14), (1.12, 2.05), (-2.3, 2.1), (-2.4, 1.14)),
    0.97,
    (1.55, -1.5),
    (0.55, -0.9),
)
PROFILES = {"sedan": SEDAN, "hatch": HATCH, "van": VAN}
