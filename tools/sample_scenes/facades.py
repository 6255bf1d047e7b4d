"""House fronts: windows, doors, shops, ledges, with heat that follows them only in part."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from sample_scenes.canvas import Canvas, Colour, Paint


@dataclass(frozen=True)
class Wall:
    """A facade over the ground line from ``a`` to ``b`` (X, Z in metres).

    ``night`` lights a share of the windows and warms them in infrared; by day glass mirrors the
    cold sky.
    """

    a: tuple[float, float]
    b: tuple[float, float]
    height: float
    colour: Colour
    heat: float = 98.0
    lit: float = 1.0
    storey: float = 3.2
    bay: float = 2.6
    night: bool = False
    shop: bool = False


class Facade:
    """Draws one wall: plinth, cornice, a grid of windows, doors or shop fronts."""

    def __init__(self, canvas: Canvas, rng: np.random.Generator, wall: Wall) -> None:
        self.canvas, self.rng, self.wall = canvas, rng, wall
        self.length = float(np.hypot(wall.b[0] - wall.a[0], wall.b[1] - wall.a[1]))

    def rect(
        self, t: tuple[float, float], y: tuple[float, float], paint: Paint, *, depth: bool = False
    ) -> None:
        """A rectangle on the wall: ``t`` metres along it, ``y`` metres up."""
        a, b = np.array(self.wall.a), np.array(self.wall.b)
        p0, p1 = (a + (b - a) * (s / self.length) for s in t)
        self.canvas.poly(
            [
                (p0[0], y[0], p0[1]),
                (p1[0], y[0], p1[1]),
                (p1[0], y[1], p1[1]),
                (p0[0], y[1], p0[1]),
            ],
            paint,
            depth=depth,
        )

    def draw(self) -> None:
        """Paint the wall and everything on it."""
        wall, full = self.wall, (0.0, self.length)
        self.rect(full, (0, wall.height), self._paint(wall.colour, wall.heat), depth=True)
        self.rect(full, (0, 0.55), self._paint(_scale(wall.colour, 0.68), wall.heat + 9))
        self.rect(
            full,
            (wall.height - 0.5, wall.height),
            self._paint(_scale(wall.colour, 1.22), wall.heat - 9),
        )
        storeys = max(1, int((wall.height - 0.6) / wall.storey))
        for floor in range(storeys):
            if floor:
                at = floor * wall.storey + 0.2
                self.rect(
                    full, (at, at + 0.16), self._paint(_scale(wall.colour, 1.14), wall.heat + 5)
                )
            self._row(floor)

    def _row(self, floor: int) -> None:
        wall = self.wall
        count = max(1, int(self.length / wall.bay))
        width = self.length / count
        for bay in range(count):
            centre = (bay + 0.5) * width
            if floor == 0 and wall.shop:
                self._shop(centre, width)
            elif floor == 0 and bay % 4 == 1:
                self._door(centre)
            else:
                self._window(centre, floor * wall.storey + 1.15)

    def _window(self, centre: float, foot: float) -> None:
        wall, half, high = self.wall, 0.55, 1.5
        warm = float(self.rng.uniform(-6, 22))
        glow = self._glow(0.33)
        tone = float(self.rng.uniform(0.7, 1.3))
        frame = self._paint(_scale(wall.colour, 1.35), wall.heat + 6 + 0.4 * warm)
        self.rect(
            (centre - half - 0.14, centre + half + 0.14), (foot - 0.16, foot + high + 0.12), frame
        )
        heat = wall.heat + warm if wall.night else wall.heat - 30 + 0.8 * warm
        glass = Paint(_scale((52, 66, 80), tone), heat, 0.7 * wall.lit, 0.0, glow)
        self.rect((centre - half, centre + half), (foot, foot + high), glass)
        bar = Paint(_scale(wall.colour, 1.3), heat + 7, wall.lit)
        self.rect((centre - 0.035, centre + 0.035), (foot, foot + high), bar)
        self.rect((centre - half, centre + half), (foot + 0.95, foot + 1.02), bar)

    def _door(self, centre: float) -> None:
        wall = self.wall
        self.rect(
            (centre - 0.65, centre + 0.65), (0, 2.45), self._paint((196, 190, 178), wall.heat + 4)
        )
        tone: Colour = ((86, 44, 34), (40, 66, 60), (52, 48, 84))[int(self.rng.integers(3))]
        self.rect((centre - 0.5, centre + 0.5), (0, 2.25), self._paint(tone, wall.heat + 20))

    def _shop(self, centre: float, width: float) -> None:
        wall, half = self.wall, width * 0.44
        tone: Colour = ((132, 52, 44), (40, 84, 78), (168, 130, 60))[int(self.rng.integers(3))]
        self.rect((centre - half, centre + half), (2.55, 3.05), self._paint(tone, wall.heat + 2))
        glow = self._glow(0.6)
        heat = wall.heat + float(self.rng.uniform(2, 18)) - (0 if wall.night else 24)
        self.rect(
            (centre - half, centre + half), (0.5, 2.5), Paint((60, 68, 74), heat, 0.6, 0.0, glow)
        )
        self.rect(
            (centre - 0.06, centre + 0.06), (0, 2.5), self._paint(_scale(tone, 0.7), heat + 12)
        )

    def _glow(self, share: float) -> Colour:
        draw, tone = self.rng.random(), self.rng.uniform(0.45, 1.0)
        if not self.wall.night or draw > share:
            return (0, 0, 0)
        return _scale((214, 170, 96), float(tone))

    def _paint(self, colour: Colour, heat: float) -> Paint:
        return Paint(colour, heat, self.wall.lit, 0.3)


def draw_wall(canvas: Canvas, rng: np.random.Generator, wall: Wall) -> None:
    """Draw a facade."""
    Facade(canvas, rng, wall).draw()


def _scale(colour: Colour, by: float) -> Colour:
    r, g, b = (min(255, int(c * by)) for c in colour)
    return (r, g, b)
