"""The layers that both sensors are rendered from.

Everything is drawn once
into shared layers (reflectance, temperature, depth), so the two sensors see exactly the same
geometry and the pair is registered by construction.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, Literal

import cv2
import numpy as np
from numpy.typing import NDArray

from sample_scenes.camera import Camera, Points, clip_near
from sample_scenes.noise import Float, as_float

Colour = tuple[int, int, int]
Label = Literal["person", "car"]
U8 = NDArray[np.uint8]
Outline = NDArray[np.int32]

GROUND, STRUCTURE, FIRST_ACTOR = 0, 1, 2
HEAT, LIT, ROUGH, IDENT = range(4)


@dataclass(frozen=True)
class Paint:
    """What a surface is: sRGB reflectance, grey level in infrared, sun exposure, texture, light.

    ``heat`` is the 8-bit level before sensor effects, ``lit`` the share of direct light in [0, 1],
    ``rough`` the relative amplitude of the texture in [0, 1], ``glow`` emitted sRGB light.
    """

    colour: Colour
    heat: float
    lit: float = 1.0
    rough: float = 0.0
    glow: Colour = (0, 0, 0)


@dataclass
class Actor:
    """A labelled object: where it was drawn (supersampled pixels) and how much of it."""

    ident: int
    label: Label
    extent: tuple[int, int, int, int] = (0, 0, 0, 0)
    area: int = 0


@dataclass
class Canvas:
    """The layers, at supersampled size, painted far to near."""

    camera: Camera
    albedo: U8 = field(init=False)
    aux: U8 = field(init=False)
    glow: U8 = field(init=False)
    inverse_depth: Float = field(init=False)
    actors: list[Actor] = field(default_factory=list)
    marks: dict[str, tuple[float, float, float, float]] = field(default_factory=dict)
    ident: int = STRUCTURE
    drawn: list[Outline] = field(default_factory=list)

    def __post_init__(self) -> None:
        rows, cols = self.camera.shape
        self.albedo = np.zeros((rows, cols, 3), np.uint8)
        self.aux = np.zeros((rows, cols, 4), np.uint8)
        self.glow = np.zeros((rows, cols, 3), np.uint8)
        below = np.arange(rows, dtype=np.float32) + 0.5 - self.camera.horizon
        ground = np.maximum(below, 0) / (self.camera.focal * self.camera.height_m)
        self.inverse_depth = as_float(np.repeat(ground[:, None], cols, axis=1))

    def poly(
        self, points: Points | Sequence[Sequence[float]], paint: Paint, *, depth: bool = True
    ) -> None:
        """Fill a flat polygon given by world points (N, 3).

        Args:
            points: corners in order, metres; parts nearer than the near plane are cut off.
            paint: the surface.
            depth: False keeps the depth that is there (decals on a drawn surface).
        """
        corners = clip_near(np.asarray(points, np.float64))
        if len(corners) < 3:
            return
        outline = self.pixels(corners)
        self._fill(outline, paint)
        if depth:
            self._fill_depth(outline, corners)

    def pixels(self, corners: Points) -> Outline:
        """World points (N, 3) to the nearest supersampled pixels, int32 (N, 2)."""
        return np.rint(self.camera.project(corners)).astype(np.int32)

    def shapes(self, outlines: Points, z: float, paints: Sequence[Paint]) -> None:
        """Fill many small polygons (N, K, 2) given by X and Y in the upright plane at ``z``."""
        flat = outlines.reshape(-1, 2)
        corners = np.column_stack([flat, np.full(len(flat), z)])
        pixels = self.pixels(corners).reshape(outlines.shape)
        for outline, paint in zip(pixels, paints, strict=True):
            self._fill(outline, paint)
            cv2.fillPoly(self.inverse_depth, [outline], 1.0 / z)

    def _fill(self, outline: Outline, paint: Paint) -> None:
        if self.ident >= FIRST_ACTOR:
            self.drawn.append(outline)
        heat = min(max(paint.heat, 0.0), 255.0)
        lit, rough = 255 * min(paint.lit, 1.0), 255 * min(paint.rough, 1.0)
        cv2.fillPoly(self.albedo, [outline], paint.colour)
        cv2.fillPoly(self.aux, [outline], (heat, lit, rough, float(self.ident)))
        cv2.fillPoly(self.glow, [outline], paint.glow)

    def _fill_depth(self, outline: Outline, corners: Points) -> None:
        depths = corners[:, 2]
        near, far = depths.min(), depths.max()
        if far - near <= 0.05 * far:
            cv2.fillPoly(self.inverse_depth, [outline], 2.0 / (near + far))
            return
        roi, mask = self._mask(outline)
        basis = np.column_stack([self.camera.project(corners), np.ones(len(corners))])
        a, b, c = np.linalg.lstsq(basis, 1.0 / depths, rcond=None)[0]
        v, u = np.ogrid[roi]
        np.copyto(self.inverse_depth[roi], as_float(a * u + b * v + c), where=mask)

    def _mask(self, outline: Outline) -> tuple[tuple[slice, slice], NDArray[np.bool_]]:
        rows, cols = self.camera.shape
        low = np.clip(outline.min(axis=0), 0, [cols - 1, rows - 1])
        high = np.clip(outline.max(axis=0), 0, [cols - 1, rows - 1])
        mask = np.zeros((high[1] - low[1] + 1, high[0] - low[0] + 1), np.uint8)
        cv2.fillPoly(mask, [outline - low.astype(np.int32)], 1.0)
        return (slice(low[1], high[1] + 1), slice(low[0], high[0] + 1)), mask.astype(bool)

    def shadow(self, points: Points, lit: float, heat: float = 0.0) -> None:
        """Darken the ground inside a polygon on it to ``lit``, and shift its heat."""
        corners = clip_near(np.asarray(points, np.float64))
        if len(corners) < 3:
            return
        roi, mask = self._mask(self.pixels(corners))
        layer: Any = self.aux[roi]
        mask &= (layer[..., IDENT] == GROUND) & (layer[..., LIT] > 255 * lit)
        layer[..., LIT][mask] = int(255 * lit)
        warmed = layer[..., HEAT][mask].astype(np.float32) + heat
        layer[..., HEAT][mask] = np.clip(warmed, 0, 255).astype(np.uint8)

    def mark(self, name: str, points: Points) -> None:
        """Remember the bounding rectangle of world points as (x0, y0, x1, y1) in [0, 1]."""
        pixels = self.camera.project(points) / np.array(self.camera.shape[::-1])
        low, high = pixels.min(axis=0), pixels.max(axis=0)
        self.marks[name] = (float(low[0]), float(low[1]), float(high[0]), float(high[1]))

    @contextmanager
    def actor(self, label: Label) -> Iterator[None]:
        """Everything drawn inside the block belongs to one labelled object."""
        actor = Actor(FIRST_ACTOR + len(self.actors), label)
        self.actors.append(actor)
        self.ident, self.drawn = actor.ident, [np.zeros((0, 2), np.int32)]
        try:
            yield
        finally:
            self.ident = STRUCTURE
            roi, _ = self._mask(np.concatenate(self.drawn))
            mask = (self.aux[roi][..., IDENT] == actor.ident).astype(np.uint8)
            x, y, w, h = (int(value) for value in cv2.boundingRect(mask))
            actor.extent = (x + int(roi[1].start), y + int(roi[0].start), w, h)
            actor.area = int(cv2.countNonZero(mask))


def cast_shadow(canvas: Canvas, x: Points, z: Points, thick: float) -> None:
    """Darken and cool the hull of ground points (x, z), made ``thick`` metres deeper either way."""
    cloud = np.stack([np.concatenate([x, x]), np.concatenate([z - thick, z + thick])], axis=1)
    hull = cv2.convexHull(cloud.astype(np.float32))[:, 0, :].astype(np.float64)
    canvas.shadow(np.column_stack([hull[:, 0], np.zeros(len(hull)), hull[:, 1]]), 0.22, -7)
