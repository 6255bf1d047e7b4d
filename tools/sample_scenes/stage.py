"""A scene under construction: a canvas, a list of things to draw far to near, and the light."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from sample_scenes import facades, furniture, plants
from sample_scenes.canvas import Canvas
from sample_scenes.lighting import Flare, Lamp
from sample_scenes.people import Person, draw_person
from sample_scenes.shell import Car
from sample_scenes.vehicles import draw_car


@dataclass
class Stage:
    """Collects what stands in a scene; :meth:`draw` paints it in depth order.

    Places are jittered a little by ``rng``, so that another seed gives another picture of the same
    composition.
    """

    canvas: Canvas
    rng: np.random.Generator
    sun: tuple[float, float] | None = None
    items: list[tuple[float, Callable[[], Any]]] = field(default_factory=list)

    def add(self, z: float, draw: Callable[[], Any]) -> None:
        """Draw something at distance ``z`` metres."""
        self.items.append((z, draw))

    def draw(self) -> None:
        """Paint everything, the farthest first."""
        for _, draw in sorted(self.items, key=lambda item: -item[0]):
            draw()

    def person(self, x: float, z: float, **options: Any) -> Person:
        """Add a person near (x, z); options are fields of :class:`Person`."""
        drawn = {
            "tall": float(self.rng.uniform(1.64, 1.86)),
            "look": int(self.rng.integers(12)),
            "phase": float(self.rng.choice([1.25, 1.5, -1.25, -1.5]) + self.rng.uniform(-0.3, 0.3)),
            "warm": float(self.rng.uniform(-6, 8)),
        }
        x, z = x + float(self.rng.uniform(-0.2, 0.2)), z * float(self.rng.uniform(0.97, 1.03))
        person = Person(x, z, **(drawn | options))
        self.add(z, lambda: draw_person(self.canvas, person, self.sun))
        return person

    def car(self, x: float, z: float, yaw: float = 0.0, **options: Any) -> Car:
        """Add a car near (x, z) heading ``yaw``; options are fields of :class:`Car`."""
        z = z * float(self.rng.uniform(0.98, 1.02))
        look = int(self.rng.integers(6))
        car = Car(x, z, yaw, **({"look": look} | options))
        self.add(z, lambda: draw_car(self.canvas, car, self.sun))
        return car

    def wall(
        self,
        a: tuple[float, float],
        b: tuple[float, float],
        height: float,
        colour: tuple[int, int, int],
        **options: Any,
    ) -> None:
        """Add a facade; options are fields of :class:`sample_scenes.facades.Wall`."""
        wall = facades.Wall(a, b, height, colour, **options)
        self.add(max(a[1], b[1]) + 0.5, lambda: facades.draw_wall(self.canvas, self.rng, wall))

    def tree(self, x: float, z: float, height: float = 7.0) -> None:
        """Add a tree."""
        height *= float(self.rng.uniform(0.9, 1.1))
        self.add(z, lambda: plants.draw_tree(self.canvas, self.rng, x, z, height, self.sun))

    def lamp(self, x: float, z: float, reach: float = 1.3, *, power: float = 0.0) -> list[Lamp]:
        """Add a street lamp; with ``power`` it is on, and its light and faint halo come back."""
        height = 6.0
        self.add(z, lambda: furniture.draw_lamp(self.canvas, x, z, height, reach, on=power > 0))
        return [Lamp((x + reach, height, z), power)] if power > 0 else []

    def sign(self, text: str, x: float, z: float, **options: Any) -> None:
        """Add a sign with readable text."""
        self.add(z, lambda: furniture.draw_sign(self.canvas, text, x, z, **options))


def headlights(car: Car, power: float, width: float) -> tuple[list[Lamp], list[Flare]]:
    """Beams on the road and flares in the lens of a car that faces the camera."""
    lamps, flares = [], []
    reach = 2.1
    front = (car.x + reach * np.sin(car.yaw), car.z + reach * np.cos(car.yaw))
    for side in (-0.65, 0.65):
        place = (
            float(front[0] + side * np.cos(car.yaw)),
            0.66,
            float(front[1] - side * np.sin(car.yaw)),
        )
        aim = (float(np.sin(car.yaw)), -0.07, float(np.cos(car.yaw)))
        lamps.append(Lamp(place, 26 * power, (1.0, 0.95, 0.84), aim))
        flares.append(Flare(place, power, width))
    return lamps, flares
