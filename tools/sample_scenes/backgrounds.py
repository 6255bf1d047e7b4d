"""The far and the flat: sky, hills, ground, road markings, paving."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from sample_scenes.canvas import GROUND, HEAT, Canvas, Colour, Paint
from sample_scenes.noise import cloud_field

ASPHALT = Paint((88, 88, 92), 104, 1.0, 0.30)
PAVING = Paint((150, 144, 134), 114, 1.0, 0.22)
KERB = Paint((176, 172, 164), 118, 1.0, 0.15)
GRASS = Paint((84, 112, 52), 82, 1.0, 0.85)
GRAVEL = Paint((158, 140, 112), 110, 1.0, 0.5)
MARKING = Paint((222, 222, 214), 98, 1.0, 0.12)


@dataclass(frozen=True)
class Sky:
    """Sky colours (sRGB) at the zenith and the horizon, cloudiness, and infrared levels."""

    top: Colour
    bottom: Colour
    clouds: float = 0.0
    heat: tuple[float, float] = (14.0, 62.0)


def draw_sky(canvas: Canvas, rng: np.random.Generator, sky: Sky) -> None:
    """Fill everything above the horizon with a gradient and clouds (emitted, not lit)."""
    cols = canvas.camera.shape[1]
    edge = int(canvas.camera.horizon)
    grid = (max(edge // 4, 2), max(cols // 4, 2))
    t = np.linspace(0, 1, grid[0])[:, None] ** 1.4
    cloud = np.clip(cloud_field(rng, grid, 1.6) * 0.55 + 0.1, 0, 1) * sky.clouds * (1.15 - 0.5 * t)
    colour = np.stack(
        [a + (b - a) * t + 0 * cloud for a, b in zip(sky.top, sky.bottom, strict=True)], axis=2
    )
    colour += cloud[..., None] * (0.86 * np.array(sky.bottom) + 34 - colour)
    heat = sky.heat[0] + (sky.heat[1] - sky.heat[0]) * t**1.5 + 26 * cloud
    size = (cols, edge)
    canvas.glow[:edge] = cv2.resize(_u8(colour), size, interpolation=cv2.INTER_LINEAR)
    canvas.aux[:edge, :, HEAT] = cv2.resize(_u8(heat), size, interpolation=cv2.INTER_LINEAR)


def _u8(values: NDArray[np.float64]) -> NDArray[np.uint8]:
    return np.clip(np.rint(values), 0, 255).astype(np.uint8)


def draw_ground(canvas: Canvas, paint: Paint) -> None:
    """Cover everything below the horizon."""
    edge = int(canvas.camera.horizon)
    rows, cols = canvas.camera.shape
    corners = (0, edge), (cols, rows)
    cv2.rectangle(canvas.albedo, *corners, paint.colour, cv2.FILLED)
    aux = (paint.heat, 255 * paint.lit, 255 * paint.rough, float(GROUND))
    cv2.rectangle(canvas.aux, *corners, aux, cv2.FILLED)


def strip(canvas: Canvas, x: tuple[float, float], z: tuple[float, float], paint: Paint) -> None:
    """A flat rectangle on the ground."""
    canvas.ident = GROUND
    canvas.poly(
        [(x[0], 0, z[0]), (x[1], 0, z[0]), (x[1], 0, z[1]), (x[0], 0, z[1])], paint, depth=False
    )
    canvas.ident = 1


def draw_road(
    canvas: Canvas, x: tuple[float, float], far: float = 160.0, *, dashes: bool = True
) -> None:
    """A straight road along Z with edge lines, a dashed centre line, tyre tracks and kerbs."""
    strip(canvas, x, (1.0, far), ASPHALT)
    centre = (x[0] + x[1]) / 2
    for lane in (-0.27, 0.27):
        for track in (-0.8, 0.8):
            middle = centre + lane * (x[1] - x[0]) + track
            strip(
                canvas, (middle - 0.25, middle + 0.25), (1.0, far), Paint((84, 84, 88), 107, 1, 0.3)
            )
    for edge, sign in ((x[0], 1), (x[1], -1)):
        strip(canvas, (edge + sign * 0.3, edge + sign * 0.42), (1.0, far), MARKING)
        strip(canvas, (edge - sign * 0.18, edge), (1.0, far), KERB)
    if dashes:
        for z in np.arange(2.0, 90.0, 6.0):
            strip(canvas, (centre - 0.07, centre + 0.07), (float(z), float(z) + 3.0), MARKING)


def draw_paving(
    canvas: Canvas, x: tuple[float, float], z: tuple[float, float], slab: float = 1.2
) -> None:
    """Paving with joints between slabs."""
    strip(canvas, x, z, PAVING)
    joint = Paint((112, 106, 98), 110, 1.0, 0.2)
    for at in np.arange(z[0], min(z[1], 34.0), slab):
        strip(canvas, x, (float(at), float(at) + 0.03 + 0.002 * at), joint)
    for at in np.arange(x[0] + slab, x[1] - 0.1, slab):
        strip(canvas, (float(at), float(at) + 0.035), z, joint)


def draw_zebra(canvas: Canvas, x: tuple[float, float], z: tuple[float, float]) -> None:
    """White bars along Z across a road that runs along Z."""
    for at in np.arange(x[0] + 0.3, x[1] - 0.3, 1.0):
        strip(canvas, (float(at), float(at) + 0.5), z, MARKING)


def draw_ridge(
    canvas: Canvas, rng: np.random.Generator, z: float, height: float, paint: Paint
) -> None:
    """A ragged tree line or range of hills across the view at distance ``z``."""
    x = np.linspace(-1.2 * z, 1.2 * z, 120)
    wave = np.interp(np.arange(120), np.arange(0, 120, 6), rng.uniform(0.5, 1.0, 20))
    y = height * (wave + rng.uniform(-0.09, 0.09, 120))
    top = np.stack([x, y, np.full_like(x, z)], axis=1)
    foot = np.array([[x[-1], 0.0, z], [x[0], 0.0, z]])
    canvas.poly(np.concatenate([top, foot]), paint)
