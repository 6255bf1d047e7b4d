"""Trees and hedges."""

from __future__ import annotations

import numpy as np

from sample_scenes.camera import Points
from sample_scenes.canvas import Canvas, Colour, Paint, cast_shadow
from sample_scenes.furniture import box

LEAF: Colour = (58, 92, 40)
BASE_HEAT = 78.0


def draw_tree(
    canvas: Canvas,
    rng: np.random.Generator,
    x: float,
    z: float,
    height: float = 7.0,
    sun: tuple[float, float] | None = None,
) -> None:
    """A tree: trunk, limbs and a crown of overlapping leaf clumps, lighter and warmer on top."""
    if sun is not None:
        angle = np.linspace(0, 2 * np.pi, 16, endpoint=False)
        top = height * (0.68 + 0.2 * np.sin(angle))
        cast_shadow(canvas, x + sun[0] * top + 0.3 * height * np.cos(angle), z + sun[1] * top, 0.8)
        stem = height * np.array([0.0, 0.5])
        cast_shadow(canvas, x + sun[0] * stem, z + sun[1] * stem, 0.12)
    bark = Paint((74, 58, 44), BASE_HEAT + 12, 0.8, 0.6)
    foot, fork = 0.035 * height, 0.018 * height
    canvas.poly(
        [
            (x - foot, 0, z),
            (x + foot, 0, z),
            (x + fork, 0.55 * height, z),
            (x - fork, 0.55 * height, z),
        ],
        bark,
    )
    for side in (-1, 1):
        canvas.poly(
            [
                (x, 0.3 * height, z),
                (x + side * 0.22 * height, 0.62 * height, z),
                (x + side * 0.2 * height, 0.64 * height, z),
                (x, 0.36 * height, z),
            ],
            bark,
        )
    _crown(canvas, rng, x, z, height)


def _crown(canvas: Canvas, rng: np.random.Generator, x: float, z: float, height: float) -> None:
    clumps = 300
    angle, reach = rng.uniform(0, 2 * np.pi, clumps), np.sqrt(rng.uniform(0, 1, clumps))
    lobe = 0.82 + 0.18 * np.sin(3 * angle + rng.uniform(0, 6))
    cx = x + 0.33 * height * reach * lobe * np.cos(angle)
    cy = 0.68 * height + 0.31 * height * reach * lobe * np.sin(angle)
    order = np.argsort(cy + rng.normal(0, 0.07 * height, clumps))
    up = np.clip((cy[order] / height - 0.37) / 0.62, 0, 1)
    across = (cx[order] - x) / (0.33 * height)
    shade = rng.uniform(0.62, 1.2, clumps) * (0.5 + 0.6 * up - 0.14 * across)
    level = BASE_HEAT - 12 + 18 * up + 22 * (shade - 0.8)
    paints = [_leaf(LEAF, s, h, 0.35 + 0.65 * u) for s, h, u in zip(shade, level, up, strict=True)]
    radius = rng.uniform(0.022, 0.056, clumps) * height
    canvas.shapes(_leaves(rng, cx[order], cy[order], radius), z, paints)


def _leaf(tone: Colour, shade: float, heat: float, lit: float) -> Paint:
    r, g, b = (min(255, int(c * max(shade, 0.2))) for c in tone)
    return Paint((r, g, b), heat, lit, 0.8)


def _leaves(rng: np.random.Generator, x: Points, y: Points, radius: Points) -> Points:
    """Ragged outlines (N, 11, 2) around the centres."""
    angle = np.linspace(0, 2 * np.pi, 11, endpoint=False)[None, :] + rng.uniform(0, 6, (len(x), 1))
    ragged = radius[:, None] * rng.uniform(0.62, 1.2, (len(x), 11))
    return np.stack(
        [x[:, None] + ragged * np.cos(angle), y[:, None] + 0.85 * ragged * np.sin(angle)], axis=2
    )


def draw_hedge(
    canvas: Canvas, rng: np.random.Generator, x: tuple[float, float], z: float, height: float = 1.1
) -> None:
    """A clipped hedge across the view."""
    box(canvas, x, (0, height * 0.9), z, Paint((44, 66, 34), 76, 0.5, 0.9))
    count = int(np.clip((x[1] - x[0]) * 9, 20, 160))
    xs, ys = rng.uniform(x[0], x[1], count), np.sort(rng.uniform(0.1, 1.0, count))
    shade = rng.uniform(0.7, 1.3, count) * (0.6 + 0.5 * ys)
    paints = [
        _leaf((58, 88, 42), s, 72 + 10 * u, 0.4 + 0.6 * u) for s, u in zip(shade, ys, strict=True)
    ]
    canvas.shapes(_leaves(rng, xs, ys * height, np.full(count, 0.16)), z, paints)
