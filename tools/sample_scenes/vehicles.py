"""Cars as extruded side profiles in true perspective, with glass, wheels, lamps and hot parts."""

from __future__ import annotations

import itertools

import cv2
import numpy as np

from sample_scenes.canvas import Canvas, Colour, Paint, cast_shadow
from sample_scenes.shell import Car, Shell


class Body(Shell):
    """Draws one car."""

    def draw(self) -> None:
        """Paint shadow, tyres, lower body, cabin and details, far parts first."""
        self._ground()
        self._tyres()
        self._lower_body()
        self._cabin()

    def _ground(self) -> None:
        w, ends = self.profile.half_width, (self.profile.body[0][0], self.profile.body[-1][0])
        floor = [(-w, 0.0, ends[0]), (w, 0.0, ends[0]), (w, 0.0, ends[1]), (-w, 0.0, ends[1])]
        self.canvas.shadow(self.world(floor), 0.08, self.hot(7, -6))
        if self.sun is None:
            return
        tops = [(s * w * 0.8, y, z) for z, y in self.profile.cabin for s in (-1, 1)]
        tops += [(s * w, y, z) for z, y in self.profile.body for s in (-1, 1)]
        cast = self.world(tops)
        cast_shadow(
            self.canvas,
            cast[:, 0] + self.sun[0] * cast[:, 1],
            cast[:, 2] + self.sun[1] * cast[:, 1],
            0.0,
        )

    def _tyres(self) -> None:
        paint = Paint((22, 22, 24), self.hot(150, self.car.ambient - 4), 0.5)
        for side in (-1.0, 1.0):
            for axle in self.profile.axles:
                rims = [self.wheel(side, axle, 0.32, d) for d in (0.0, 0.2)]
                both = np.concatenate(rims)
                pixels = self.canvas.camera.project(both).astype(np.float32)
                order = cv2.convexHull(pixels, returnPoints=False)[:, 0]
                self.canvas.poly(both[order], paint)

    def _lower_body(self) -> None:
        w, body = self.profile.half_width, self.profile.body
        base = self.hot(112, self.car.ambient)
        middle = (0.0, 0.6, 0.0)
        for index, ((z0, y0), (z1, y1)) in enumerate(itertools.pairwise(body)):
            inset = [0.06 if y > 0.8 else 0.0 for y in (y0, y1)]
            quad = [
                (-w + inset[0], y0, z0),
                (w - inset[0], y0, z0),
                (w - inset[1], y1, z1),
                (-w + inset[1], y1, z1),
            ]
            bonnet = index in (1, 2)
            heat = self.hot(178, base - 6) if bonnet else self.hot(160, base) if z0 > 2 else base
            self.face(quad, Paint(self.colour, heat), away=middle)
        self._ends()
        for side in (-1.0, 1.0):
            outline = [(side * (w - (0.06 if y > 0.8 else 0)), y, z) for z, y in body]
            if self.face(outline, Paint(self.colour, base), away=middle):
                self._flank(side, base)

    def _flank(self, side: float, base: float) -> None:
        w = self.profile.half_width + 0.005
        front, rear = self.profile.axles
        sill = [
            (side * w, 0.25, front - 0.4),
            (side * w, 0.36, front - 0.4),
            (side * w, 0.36, rear + 0.4),
            (side * w, 0.25, rear + 0.4),
        ]
        self.decal(sill, Paint((30, 30, 32), base + 6, 0.5))
        for z in (*self.profile.pillars, (front + rear) / 2 + 0.9):
            seam = [
                (side * w, 0.38, z),
                (side * w, 0.9, z),
                (side * w, 0.9, z - 0.025),
                (side * w, 0.38, z - 0.025),
            ]
            self.decal(seam, Paint(_dim(self.colour, 0.5), base - 3, 0.6))
        tyre = self.hot(152, self.car.ambient - 6)
        for axle in self.profile.axles:
            self.canvas.poly(self.wheel(side, axle, 0.39, -0.005), Paint((14, 14, 15), base, 0.3))
            self.canvas.poly(self.wheel(side, axle, 0.32, -0.01), Paint((26, 26, 28), tyre, 0.7))
            rim = Paint((150, 152, 156), self.hot(186, self.car.ambient - 8), 0.8)
            self.canvas.poly(self.wheel(side, axle, 0.2, -0.015), rim)
            hub = Paint((70, 72, 76), self.hot(200, self.car.ambient - 8), 0.8)
            self.canvas.poly(self.wheel(side, axle, 0.07, -0.02), hub)

    def _ends(self) -> None:
        towards = -self.car.z * np.cos(self.car.yaw) - self.car.x * np.sin(self.car.yaw)
        if towards > 0:
            self._front(self.profile.body[1][0] + 0.01)
        else:
            self._rear(min(z for z, _ in self.profile.body) - 0.01)

    def _front(self, z: float) -> None:
        low = self.profile.body[1][1]
        w = self.profile.half_width
        glow = (255, 250, 235) if self.car.lamps else (0, 0, 0)
        self.panel(
            0,
            low + 0.06,
            (w * 0.5, 0.07),
            z,
            Paint((24, 24, 26), self.hot(196, self.car.ambient - 4), 0.6),
        )
        self.panel(
            0,
            low - 0.17,
            (w * 0.62, 0.05),
            z,
            Paint((20, 20, 22), self.hot(184, self.car.ambient - 4), 0.6),
        )
        self.panel(0, low - 0.07, (0.26, 0.055), z, Paint((225, 225, 215), 122, 0.9))
        for side in (-1, 1):
            lamp = Paint((236, 240, 244), self.hot(170, self.car.ambient), 1.0, 0.0, glow)
            self.panel(side * w * 0.76, low + 0.08, (0.17, 0.075), z, lamp)

    def _rear(self, z: float) -> None:
        w = self.profile.half_width
        high = 0.76 if self.car.kind != "van" else 0.95
        glow = (225, 26, 18) if self.car.lamps else (0, 0, 0)
        self.panel(0, 0.36, (w * 0.95, 0.09), z, Paint(_dim(self.colour, 0.55), 108, 0.8))
        self.panel(0, 0.62, (0.26, 0.055), z, Paint((228, 214, 120), 108, 0.9))
        for side in (-1, 1):
            self.panel(
                side * w * 0.8,
                high,
                (0.13, 0.085),
                z,
                Paint((165, 22, 20), self.hot(122, 100), 1.0, 0.0, glow),
            )
        self.panel(
            -w * 0.55,
            0.27,
            (0.06, 0.035),
            z,
            Paint((60, 60, 60), self.hot(242, self.car.ambient), 0.6),
        )

    def _cabin(self) -> None:
        low, high = self.profile.half_width - 0.07, self.profile.half_width - 0.24
        foot_f, roof_f, roof_r, foot_r = self.profile.cabin
        span = [(low, foot_f), (high, roof_f), (high, roof_r), (low, foot_r)]
        middle = (0.0, 1.1, -0.3)
        roof_heat = self.hot(88, 82) if self.sun is None else self.hot(120, 118)
        glass = Paint((40, 50, 58), 70 if self.sun else 76, 0.75)
        for (w0, (z0, y0)), (w1, (z1, y1)) in itertools.pairwise(span):
            quad = [(-w0, y0, z0), (w0, y0, z0), (w1, y1, z1), (-w1, y1, z1)]
            roof = y0 > 1.3 and y1 > 1.3
            shell = Paint(self.colour, roof_heat if roof else 100)
            if self.face(quad, shell, away=middle) and not roof:
                self._pane(quad, glass, 0.09)
        for side in (-1.0, 1.0):
            quad = [(side * w, y, z) for w, (z, y) in span]
            if self.face(quad, Paint(self.colour, 102), away=middle):
                self._side_glass(quad, glass)

    def _pane(self, quad: list[tuple[float, float, float]], glass: Paint, margin: float) -> None:
        corners = np.array(quad)
        inner = corners + margin * (corners.mean(axis=0) - corners)
        self.decal([tuple(p) for p in inner], glass)
        top = inner[1:3].mean(axis=0)
        sheen = np.stack(
            [inner[1], inner[2], 0.55 * inner[2] + 0.45 * inner[3], 0.8 * inner[1] + 0.2 * inner[0]]
        )
        sheen = sheen + 0.04 * (top - sheen)
        self.decal([tuple(p) for p in sheen], Paint((92, 106, 116), glass.heat - 3, 0.9))

    def _side_glass(self, quad: list[tuple[float, float, float]], glass: Paint) -> None:
        corners = np.array(quad)
        side = corners[0, 0]
        self._pane([tuple(p) for p in corners], glass, 0.16)
        for z in self.profile.pillars:
            top = corners[1]
            post = [
                (side, 0.93, z + 0.05),
                (top[0], top[1], z + 0.05),
                (top[0], top[1], z - 0.05),
                (side, 0.93, z - 0.05),
            ]
            self.decal(post, Paint(_dim(self.colour, 0.6), 100, 0.6))


def _dim(colour: Colour, by: float) -> Colour:
    return (int(colour[0] * by), int(colour[1] * by), int(colour[2] * by))


def draw_car(canvas: Canvas, car: Car, sun: tuple[float, float] | None = None) -> None:
    """Draw a labelled car; ``sun`` as in :func:`sample_scenes.people.draw_person`."""
    with canvas.actor("car"):
        Body(canvas, car, sun).draw()
