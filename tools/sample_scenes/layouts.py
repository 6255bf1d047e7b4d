"""The table of the eight compositions: two for each of day, night, glare and smoke."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from sample_scenes import places, streets
from sample_scenes.lighting import Light
from sample_scenes.stage import Stage


@dataclass(frozen=True)
class Layout:
    """A composition: camera height in metres, horizon as a share of the height, and its builder."""

    height_m: float
    horizon_at: float
    build: Callable[[Stage], Light]


LAYOUTS: tuple[Layout, ...] = (
    Layout(2.4, 0.42, streets.street_day),
    Layout(2.6, 0.40, places.crossing_night),
    Layout(2.2, 0.42, streets.street_glare),
    Layout(2.4, 0.42, streets.street_smoke),
    Layout(2.4, 0.40, places.park_day),
    Layout(3.4, 0.34, places.car_park_night),
    Layout(2.4, 0.44, streets.crossing_glare),
    Layout(2.8, 0.38, places.yard_smoke),
)
