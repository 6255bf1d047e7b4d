"""Street furniture: lamp posts, signs with text, benches, fences, fires."""

from __future__ import annotations

import itertools

import cv2
import numpy as np

from sample_scenes.canvas import Canvas, Colour, Paint

METAL = Paint((72, 76, 80), 88, 0.9)
SIGN_HEAT = 92.0


def box(
    canvas: Canvas, x: tuple[float, float], y: tuple[float, float], z: float, paint: Paint
) -> None:
    """An upright rectangle that faces the camera."""
    canvas.poly([(x[0], y[0], z), (x[1], y[0], z), (x[1], y[1], z), (x[0], y[1], z)], paint)


def draw_lamp(
    canvas: Canvas, x: float, z: float, height: float = 6.5, reach: float = 1.3, *, on: bool = False
) -> tuple[float, float, float]:
    """A street lamp whose arm reaches ``reach`` metres along X; returns the place of its light."""
    box(canvas, (x - 0.07, x + 0.07), (0, height), z, METAL)
    box(canvas, (x - 0.13, x + 0.13), (0, 0.9), z, METAL)
    canvas.poly(
        [
            (x, height - 0.12, z),
            (x, height, z),
            (x + reach, height + 0.25, z),
            (x + reach, height + 0.15, z),
        ],
        METAL,
    )
    tip = x + reach
    glow: Colour = (255, 214, 150) if on else (0, 0, 0)
    box(
        canvas,
        (tip - 0.4, tip + 0.4),
        (height + 0.12, height + 0.32),
        z,
        Paint((90, 92, 94), 150 if on else 86, 0.9),
    )
    box(
        canvas,
        (tip - 0.34, tip + 0.34),
        (height + 0.04, height + 0.14),
        z,
        Paint((220, 220, 210), 168 if on else 86, 1.0, 0.0, glow),
    )
    return (tip, height, z)


def draw_sign(
    canvas: Canvas,
    text: str,
    x: float,
    z: float,
    *,
    foot: float = 2.0,
    letter: float = 0.34,
    plate: Colour = (24, 84, 150),
    ink: Colour = (244, 244, 240),
    lit_by_itself: bool = False,
) -> None:
    """A sign on posts. Plate and letters differ in reflectance alone, never in temperature.

    Marks the text's rectangle as ``"sign"``. ``letter`` is the height of a capital in metres;
    ``lit_by_itself`` stands for retro-reflective sheeting that shines in headlights at night.
    """
    camera = canvas.camera
    scale = camera.focal / z
    font = cv2.FONT_HERSHEY_DUPLEX
    size = letter * scale / cv2.getTextSize("H", font, 1.0, 1)[0][1]
    thick = max(1, round(0.16 * letter * scale))
    (wide, tall), _ = cv2.getTextSize(text, font, size, thick)
    half, high = wide / scale / 2 + 0.5 * letter, letter * 2.0
    for post in (-0.7 * half, 0.7 * half):
        box(canvas, (x + post - 0.05, x + post + 0.05), (0, foot), z, METAL)
    own = 0.75 if lit_by_itself else 0.0
    for grow, colour in ((0.14, ink), (0.05, plate)):
        box(
            canvas,
            (x - half - grow * letter, x + half + grow * letter),
            (foot - grow * letter, foot + high + grow * letter),
            z,
            Paint(colour, SIGN_HEAT, 1.0, 0.0, _dim(colour, own)),
        )
    centre = camera.project(np.array([[x, foot + high / 2, z]]))[0]
    origin = (round(float(centre[0]) - wide / 2), round(float(centre[1]) + tall / 2))
    for layer, tone in ((canvas.albedo, ink), (canvas.glow, _dim(ink, own))):
        cv2.putText(layer, text, origin, font, size, tone, thick, cv2.LINE_AA)
    inner = half - 0.4 * letter
    canvas.mark(
        "sign", np.array([[x - inner, foot + 0.4 * letter, z], [x + inner, foot + 1.6 * letter, z]])
    )


def draw_bench(canvas: Canvas, x: float, z: float) -> None:
    """A park bench that faces the camera."""
    wood, leg = Paint((118, 78, 44), 92, 0.9, 0.3), Paint((40, 40, 42), 86, 0.7)
    for at in (-0.75, 0.75):
        box(canvas, (x + at - 0.05, x + at + 0.05), (0, 0.85), z, leg)
    for low in (0.42, 0.58, 0.74):
        box(canvas, (x - 0.9, x + 0.9), (low, low + 0.1), z, wood)


def draw_fence(canvas: Canvas, x: tuple[float, float], z: float, height: float = 1.0) -> None:
    """A railing across the view."""
    for at in np.arange(x[0], x[1], 0.5):
        box(canvas, (float(at), float(at) + 0.07), (0, height), z, METAL)
    for y in (0.35, 0.9):
        box(canvas, x, (y * height, y * height + 0.07), z, METAL)


def draw_fire(canvas: Canvas, rng: np.random.Generator, x: float, z: float) -> None:
    """A burning oil drum: a round steel drum, hot towards the rim, with flames."""
    edges = np.sin(np.linspace(-np.pi / 2, np.pi / 2, 10)) * 0.3
    for left, right in itertools.pairwise(edges):
        shade = 0.35 + 0.75 * (1 - abs(left + right + 0.12) / 0.72)
        for low, hot in ((0.0, 150), (0.3, 172), (0.6, 205)):
            colour = _dim((96, 74, 60) if low else (70, 64, 60), shade)
            box(
                canvas,
                (x + left, x + right),
                (low, low + 0.3),
                z,
                Paint(colour, hot * (0.85 + 0.15 * shade), 0.8, 0.4),
            )
    for rib in (0.29, 0.59, 0.86):
        box(canvas, (x - 0.31, x + 0.31), (rib, rib + 0.035), z, Paint((48, 40, 36), 190, 0.7))
    for size, colour, heat in (
        (1.0, (226, 84, 18), 246.0),
        (0.66, (255, 158, 40), 252.0),
        (0.36, (255, 232, 140), 255.0),
    ):
        for at, high in ((-0.15, 0.55), (0.13, 0.65), (0.0, 1.0)):
            _flame(canvas, rng, x + at, z, size * high, Paint((0, 0, 0), heat, 1, 0, colour))


def _flame(
    canvas: Canvas, rng: np.random.Generator, x: float, z: float, high: float, paint: Paint
) -> None:
    t = np.linspace(0, 1, 12)
    half = 0.26 * high * np.sin(np.pi * np.sqrt(t)) ** 0.8 * (1 - 0.45 * t) + 0.05 * (1 - t)
    sway = 0.09 * high * np.sin(5 * t + rng.uniform(0, 6)) * t
    right = np.stack([x + sway + half, 0.84 + high * t], axis=1)
    left = np.stack([x + sway - half, 0.84 + high * t], axis=1)[::-1]
    canvas.shapes(np.concatenate([right, left])[None], z, [paint])


def _dim(colour: Colour, by: float) -> Colour:
    return (int(colour[0] * by), int(colour[1] * by), int(colour[2] * by))
