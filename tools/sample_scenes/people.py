"""Walking and standing people: an articulated figure in metres, dressed, warm."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

from sample_scenes.camera import Points
from sample_scenes.canvas import Canvas, Colour, Paint, cast_shadow

CIRCLE = np.array([(np.cos(a), np.sin(a)) for a in 2 * np.pi * np.arange(14) / 14])
SKIN: tuple[Colour, ...] = ((205, 158, 130), (150, 103, 75), (92, 62, 45), (222, 182, 155))
HAIR: tuple[Colour, ...] = ((38, 28, 22), (82, 56, 36), (20, 18, 18), (128, 112, 98))
JACKETS: tuple[Colour, ...] = (
    (158, 42, 38),
    (36, 62, 122),
    (182, 150, 62),
    (66, 92, 62),
    (126, 126, 132),
    (206, 202, 192),
)
TROUSERS: tuple[Colour, ...] = ((38, 44, 66), (52, 48, 46), (98, 90, 76), (30, 30, 32))


@dataclass(frozen=True)
class Person:
    """One person: where, how tall (metres), which way, and in which part of the stride.

    ``view`` is the angle between heading and line of sight in radians: 0 walks towards the camera,
    pi/2 to the right, -pi/2 to the left. ``phase`` is the stride in radians; ``stride`` is 0 for
    someone who stands. ``dark`` dresses the person in black, ``warm`` shifts all levels.
    """

    x: float
    z: float
    tall: float = 1.75
    view: float = np.pi / 2
    phase: float = 1.4
    stride: float = 1.0
    dark: bool = False
    warm: float = 0.0
    bag: bool = False
    coat: bool = False
    look: int = 0


class Figure:
    """Draws the parts of one person on the billboard plane through its feet."""

    def __init__(self, canvas: Canvas, person: Person, sun: tuple[float, float] | None) -> None:
        self.canvas, self.person, self.sun = canvas, person, sun
        self.side = float(np.sin(person.view))
        self.front = abs(float(np.cos(person.view)))
        self.lift = 0.0
        self.shadow_pass = False

    def part(
        self, circles: list[tuple[float, float, float]], paint: Paint, core: float = 0.0
    ) -> None:
        """The convex hull of circles (s, y, radius), in units of the body height.

        ``core`` > 0 draws a second, smaller hull, brighter and this many levels hotter: a round
        body seen from the front rather than a flat cut-out.
        """
        self._hull(circles, 1.0, 0.0, paint)
        if core > 0 and not self.shadow_pass:
            lighter = tuple(min(255, int(c * 1.2) + 5) for c in paint.colour)
            inner = Paint((lighter[0], lighter[1], lighter[2]), paint.heat + core, 1.0, paint.rough)
            self._hull(circles, 0.58, 0.22, inner)

    def _hull(
        self, circles: list[tuple[float, float, float]], grow: float, shift: float, paint: Paint
    ) -> None:
        cloud = [np.array([s - shift * r, y]) + grow * r * CIRCLE for s, y, r in circles]
        hull = cv2.convexHull(np.concatenate(cloud).astype(np.float32))[:, 0, :]
        flat = hull.astype(np.float64) * self.person.tall
        flat[:, 1] = np.maximum(flat[:, 1] + self.lift * self.person.tall, 0)
        self._emit(flat, paint)

    def _emit(self, flat: Points, paint: Paint) -> None:
        x, y = self.person.x + flat[:, 0], flat[:, 1]
        if self.shadow_pass and self.sun is not None:
            z = self.person.z + self.sun[1] * y
            cast_shadow(self.canvas, x + self.sun[0] * y, z, 0.12)
        elif not self.shadow_pass:
            self.canvas.poly(np.column_stack([x, y, np.full(len(x), self.person.z)]), paint)

    def draw(self) -> None:
        """Paint the ground shadow, then the figure."""
        legs = [self._leg(+1), self._leg(-1)]
        self.lift = -min(min(y - r for _, y, r in leg[-1]) for leg in legs)
        for self.shadow_pass in (True, False):
            if self.shadow_pass and self.sun is None:
                continue
            self._arm(-1)
            self._draw_leg(legs[1], far=True)
            self._draw_leg(legs[0], far=False)
            self._torso()
            self._arm(+1)
            self._head()

    def _clothes(self, which: tuple[Colour, ...], shade: float = 1.0) -> Colour:
        if self.person.dark:
            return (50, 50, 55)
        base = which[self.person.look % len(which)]
        return (int(base[0] * shade), int(base[1] * shade), int(base[2] * shade))

    def _leg(self, which: int) -> list[list[tuple[float, float, float]]]:
        swing = 0.46 * self.person.stride * np.sin(self.person.phase) * which
        lifted = np.cos(self.person.phase) * which
        bend = (0.10 + 0.75 * max(0.0, lifted) + 0.22 * max(0.0, -np.sin(swing))) * min(
            1.0, self.person.stride + 0.1
        )
        hip = (0.045 * self.front * which, 0.515)
        knee = (hip[0] + 0.245 * np.sin(swing) * self.side, hip[1] - 0.245 * np.cos(swing))
        shin = swing - bend
        ankle = (knee[0] + 0.235 * np.sin(shin) * self.side, knee[1] - 0.235 * np.cos(shin))
        toe_rise = 0.055 * np.sin(min(0.0, shin))
        toe = (ankle[0] + 0.085 * self.side, ankle[1] - 0.03 - toe_rise * 0.2)
        return [
            [(hip[0], hip[1], 0.062), (knee[0], knee[1], 0.037)],
            [(knee[0], knee[1], 0.036), (ankle[0], ankle[1], 0.023)],
            [(ankle[0] - 0.012 * self.side, ankle[1] - 0.018, 0.024), (*toe, 0.015)],
        ]

    def _draw_leg(self, leg: list[list[tuple[float, float, float]]], *, far: bool) -> None:
        cloth = self._clothes(TROUSERS, 0.7 if far else 1.0)
        heat = self._level(168 if far else 178)
        self.part(leg[2], Paint((24, 22, 22), self._level(138)))
        self.part(leg[1], Paint(cloth, heat - 6, 0.9), 12)
        self.part(leg[0], Paint(cloth, heat, 0.9), 14)

    def _arm(self, which: int) -> None:
        swing = -0.42 * self.person.stride * np.sin(self.person.phase) * which
        shoulder = (0.108 * self.front * which, 0.795)
        out = 0.022 * self.front * which
        elbow = (
            shoulder[0] + 0.17 * np.sin(swing) * self.side + out,
            shoulder[1] - 0.17 * np.cos(swing),
        )
        fore = swing + 0.35 * min(1.0, self.person.stride + 0.3)
        hand = (
            elbow[0] + 0.15 * np.sin(fore) * self.side + 0.2 * out,
            elbow[1] - 0.15 * np.cos(fore),
        )
        cloth = self._clothes(JACKETS, 0.72 if which < 0 else 0.9)
        palm = (hand[0] * 1.02 + 0.008 * self.side, hand[1] - 0.022)
        self.part([(*palm, 0.02)], Paint(self._skin(), self._level(212)))
        self.part([(*elbow, 0.029), (*hand, 0.02)], Paint(cloth, self._level(176), 0.9), 10)
        self.part([(*shoulder, 0.039), (*elbow, 0.03)], Paint(cloth, self._level(172), 0.9), 10)

    def _torso(self) -> None:
        wide = 0.058 + 0.045 * self.front
        lean = 0.012 * self.side * self.person.stride
        cloth = self._clothes(JACKETS)
        hem = 0.36 if self.person.coat else 0.505
        if self.person.bag:
            bag = Paint(self._clothes(((52, 70, 60), (60, 46, 80))), self._level(128))
            self.part([(-0.085 * self.side, 0.77, 0.045), (-0.10 * self.side, 0.62, 0.05)], bag, 5)
        chest = [(lean - wide * 0.9, 0.785, 0.04), (lean + wide * 0.9, 0.785, 0.04)]
        waist = [(-wide * 0.62, 0.60, 0.042), (wide * 0.62, 0.60, 0.042)]
        hips = [(-wide * 0.72, hem, 0.046), (wide * 0.72, hem, 0.046)]
        self.part(waist + hips, Paint(cloth, self._level(176), 0.95), 12)
        self.part(chest + waist, Paint(cloth, self._level(184), 0.95), 16)

    def _head(self) -> None:
        skin, hair = self._skin(), HAIR[self.person.look % len(HAIR)]
        lean = 0.022 * self.side * self.person.stride
        neck = [(lean * 0.6, 0.83, 0.03), (lean, 0.87, 0.03)]
        self.part(neck, Paint(skin, self._level(226)))
        skull = [(lean, 0.945, 0.052), (lean + 0.008 * self.side, 0.905, 0.04)]
        self.part(skull, Paint(skin, self._level(232)), 12)
        cap = [(lean - 0.016 * self.side, 0.962, 0.047), (lean - 0.03 * self.side, 0.93, 0.034)]
        if self.person.view < -2.4 or self.person.view > 2.4:
            cap = [(lean, 0.955, 0.052), (lean, 0.915, 0.044)]
        elif abs(self.side) < 0.5:
            cap = [(lean - 0.026, 0.957, 0.026), (lean + 0.026, 0.957, 0.026), (lean, 0.972, 0.03)]
        self.part(cap, Paint((40, 38, 38) if self.person.dark else hair, self._level(205)))

    def _skin(self) -> Colour:
        return (66, 58, 54) if self.person.dark else SKIN[self.person.look % len(SKIN)]

    def _level(self, heat: float) -> float:
        return heat + self.person.warm


def draw_person(canvas: Canvas, person: Person, sun: tuple[float, float] | None = None) -> None:
    """Draw a labelled person.

    Args:
        canvas: the layers.
        person: pose and place.
        sun: ground offset (X, Z) of a shadow in metres per metre of height; None for no sun.
    """
    with canvas.actor("person"):
        Figure(canvas, person, sun).draw()
