"""The state of a car, and drawing in its coordinates."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from sample_scenes.camera import Points
from sample_scenes.canvas import Canvas, Colour, Paint
from sample_scenes.profiles import PROFILES

BODY_COLOURS: tuple[Colour, ...] = (
    (168, 36, 34),
    (188, 192, 196),
    (38, 58, 104),
    (54, 56, 60),
    (226, 226, 222),
    (92, 104, 92),
)


@dataclass(frozen=True)
class Car:
    """One car: where, its heading (radians; 0 faces away from the camera, pi faces it), its state.

    ``running`` makes bonnet, tyres and exhaust hot; ``lamps`` lights head and tail lamps.
    """

    x: float
    z: float
    yaw: float = 0.0
    kind: str = "sedan"
    look: int = 0
    running: bool = True
    lamps: bool = False
    ambient: float = 104.0


class Shell:
    """Draws faces, decals and wheels of one car, given in the car's own coordinates."""

    def __init__(self, canvas: Canvas, car: Car, sun: tuple[float, float] | None) -> None:
        self.canvas, self.car, self.sun = canvas, car, sun
        self.profile = PROFILES[car.kind]
        self.colour = BODY_COLOURS[car.look % len(BODY_COLOURS)]

    def world(self, local: Points | list[tuple[float, float, float]]) -> Points:
        """Car coordinates (right, up, forward) to world coordinates."""
        p = np.asarray(local, np.float64)
        c, s = np.cos(self.car.yaw), np.sin(self.car.yaw)
        x = self.car.x + c * p[:, 0] + s * p[:, 2]
        z = self.car.z - s * p[:, 0] + c * p[:, 2]
        return np.stack([x, p[:, 1], z], axis=1)

    def face(
        self,
        local: list[tuple[float, float, float]],
        paint: Paint,
        *,
        away: tuple[float, float, float] | None = None,
    ) -> bool:
        """Draw a face if it is turned to the camera, seen from ``away``; say whether it was."""
        corners = self.world(local)
        normal = np.cross(corners[1] - corners[0], corners[2] - corners[0])
        if away is not None:
            centre = corners.mean(axis=0)
            if normal @ (centre - self.world([away])[0]) < 0:
                normal = -normal
            if normal @ (np.array([0, self.canvas.camera.height_m, 0]) - centre) <= 0:
                return False
        normal = normal / (np.linalg.norm(normal) + 1e-9)
        shade = 0.5 + 0.4 * max(0.0, normal[1]) + 0.1 * abs(normal[0])
        lit = paint.lit * shade if away is not None else paint.lit
        self.canvas.poly(corners, Paint(paint.colour, paint.heat, lit, paint.rough, paint.glow))
        return True

    def hot(self, running: float, parked: float) -> float:
        """The infrared level of a part that the engine or the brakes heat."""
        return running if self.car.running else parked

    def wheel(self, side: float, axle: float, radius: float, depth: float) -> Points:
        """A circle (18, 3) around an axle, ``depth`` metres inside the flank, in the world."""
        angle = np.linspace(0, 2 * np.pi, 18, endpoint=False)
        across = np.full_like(angle, side * (self.profile.half_width - depth))
        return self.world(
            np.stack([across, 0.32 + radius * np.sin(angle), axle + radius * np.cos(angle)], axis=1)
        )

    def decal(self, local: list[tuple[float, float, float]], paint: Paint) -> None:
        """A patch on a face that is known to be visible."""
        self.canvas.poly(self.world(local), paint)

    def panel(self, x: float, y: float, half: tuple[float, float], z: float, paint: Paint) -> None:
        """A rectangle with half sizes ``half`` on the front or the rear at ``z``."""
        a, b = half
        self.decal(
            [(x - a, y - b, z), (x + a, y - b, z), (x + a, y + b, z), (x - a, y + b, z)], paint
        )
