"""Light that reaches the visible camera, and what stands in its way: lamps, glare, smoke."""

from __future__ import annotations

from dataclasses import dataclass, field

import cv2
import numpy as np
from numpy.typing import NDArray

from sample_scenes.canvas import HEAT, IDENT, LIT, ROUGH, STRUCTURE, Canvas
from sample_scenes.noise import Float, as_float, cloud_field, sample

RGB = tuple[float, float, float]


@dataclass(frozen=True)
class Lamp:
    """A point light. ``aim`` None shines downwards (street lamp), else along aim (headlights)."""

    place: RGB
    power: float
    colour: RGB = (1.0, 0.82, 0.55)
    aim: RGB | None = None


@dataclass(frozen=True)
class Flare:
    """A source that blinds the visible camera: its place in metres, strength, bloom width.

    ``width`` is the bloom's radius as a share of the image height.
    """

    place: RGB
    power: float
    width: float = 0.2
    colour: RGB = (1.0, 0.95, 0.86)


@dataclass(frozen=True)
class Smoke:
    """A plume from a source at (x, z): opaque to visible light, nearly clear in infrared.

    Its puffs drift ``wind`` metres to the right, rise ``rise`` metres and grow by ``growth``.
    """

    x: float
    z: float
    density: float = 1.0
    wind: float = 6.0
    rise: float = 2.5
    growth: float = 1.5
    colour: RGB = (0.62, 0.61, 0.60)


@dataclass(frozen=True)
class Light:
    """Illumination and camera setting: linear RGB ambient and sun, gain, noise of the sensor."""

    ambient: RGB
    sun: RGB = (0.0, 0.0, 0.0)
    shadow: tuple[float, float] | None = None
    exposure: float = 1.0
    shot: float = 0.00012
    read: float = 0.003
    sky_glow: float = 1.0
    lamps: list[Lamp] = field(default_factory=list)
    flares: list[Flare] = field(default_factory=list)
    smokes: list[Smoke] = field(default_factory=list)


@dataclass(frozen=True)
class Layers:
    """The canvas at output size: linear reflectance and emission, heat, sun share, geometry."""

    albedo: Float
    glow: Float
    heat: Float
    lit: Float
    inverse_depth: Float
    place: Float


def reduce_layers(canvas: Canvas, tiles: tuple[Float, Float]) -> tuple[Layers, Float]:
    """Downsample the canvas by area and lay the textures on.

    Returns:
        The layers at output size, and the texture of the infrared image in grey levels.
    """
    camera = canvas.camera
    size = (camera.width, camera.height)

    def area(layer: NDArray[np.uint8]) -> Float:
        return as_float(cv2.resize(layer, size, interpolation=cv2.INTER_AREA))

    s = camera.supersampling
    aux, inverse = area(canvas.aux), canvas.inverse_depth[s // 2 :: s, s // 2 :: s]
    flat = canvas.aux[s // 2 :: s, s // 2 :: s, IDENT] != STRUCTURE
    place = world_places(canvas, inverse)
    u = np.where(flat, place[..., 0], place[..., 0] + place[..., 2])
    v = np.where(flat, place[..., 2], place[..., 1])
    fade = np.clip(14 * inverse, 0.12, 1.0)
    rough = aux[..., ROUGH] / 255
    coarse, fine = sample(tiles[0], 24 * u, 24 * v), sample(tiles[1], 9 * u + 31, 9 * v + 77)
    relief = rough * fade * (0.75 * coarse + 0.35 * fine)
    thermal = rough * fade * (3.0 * coarse + 9.0 * sample(tiles[1], 7 * v + 13, 7 * u + 5))
    thermal += np.where(flat | (inverse < 1 / 300), 0, 3 - 0.9 * np.clip(place[..., 1], 0, 14))
    albedo = (
        cv2.pow(area(canvas.albedo) / 255, 2.2) * np.clip(1 + 0.45 * relief, 0.25, 2)[..., None]
    )
    glow, lit = cv2.pow(area(canvas.glow) / 255, 2.2), aux[..., LIT] / 255
    layers = Layers(as_float(albedo), as_float(glow), aux[..., HEAT], as_float(lit), inverse, place)
    return layers, as_float(thermal)


def world_places(canvas: Canvas, inverse_depth: Float) -> Float:
    """World coordinates (H, W, 3) of every output pixel, from its depth (at most 400 m)."""
    camera = canvas.camera
    z = 1 / np.maximum(inverse_depth, 1 / 400)
    s = camera.supersampling
    u = (np.arange(camera.width) + 0.5) * s - camera.shape[1] / 2
    v = (np.arange(camera.height) + 0.5) * s - camera.horizon
    x = z * u[None, :] / camera.focal
    y = camera.height_m - z * v[:, None] / camera.focal
    return as_float(np.stack([x, y, z], axis=2))


def illuminate(layers: Layers, light: Light) -> Float:
    """Linear radiance (H, W, 3): reflectance times ambient, sun and lamps, plus emission."""
    lit = layers.lit[..., None]
    ambient, sun = np.array(light.ambient, np.float32), np.array(light.sun, np.float32)
    total = ambient * (0.55 + 0.45 * lit) + sun * lit
    for lamp in light.lamps:
        total = total + _lamp(layers.place, lamp)[..., None] * np.array(lamp.colour, np.float32) * (
            0.3 + 0.7 * lit
        )
    return as_float(layers.albedo * total + light.sky_glow * layers.glow)


def _lamp(place: Float, lamp: Lamp) -> Float:
    offset = place - np.array(lamp.place, np.float32)
    square = (offset**2).sum(axis=2) + 0.6
    if lamp.aim is None:
        cosine = np.clip(-offset[..., 1] / np.sqrt(square), 0, 1) ** 1.6
    else:
        aim = np.array(lamp.aim) / np.linalg.norm(lamp.aim)
        cosine = np.clip((offset @ as_float(aim)) / np.sqrt(square), 0, 1) ** 14
    return as_float(lamp.power * cosine / square)


def add_flares(radiance: Float, canvas: Canvas, flares: list[Flare]) -> Float:
    """Add bloom, veiling glare, streaks and a lens ghost of each source (linear light)."""
    height, width = radiance.shape[:2]
    y = ((np.arange(height, dtype=np.float32) + 0.5) / height)[:, None]
    x = ((np.arange(width, dtype=np.float32) + 0.5) / height)[None, :]
    total = radiance.copy()
    for flare in flares:
        u, v = canvas.camera.project(np.array([flare.place]))[0] / canvas.camera.shape[0]
        dx, dy = as_float(x - u), as_float(y - v)
        square = (dx**2 + dy**2) / np.float32(flare.width**2)
        bloom = 5.0 * np.exp(-22 * square) + 1.1 * np.exp(-3.2 * square) + 0.16 / (1 + 1.2 * square)
        ray = cv2.pow(np.abs(np.sin(3 * np.arctan2(dy, dx) + 0.5)), 40)
        bloom += 0.7 * ray * np.exp(-2.4 * np.sqrt(square))
        total += (flare.power * bloom)[..., None] * np.array(flare.colour, np.float32)
        gx, gy = as_float(x - (width / height - u)), as_float(y - (0.95 - v))
        ghost = np.exp(-(((gx**2 + gy**2) / np.float32((0.22 * flare.width) ** 2)) ** 3))
        total += (0.03 * flare.power * ghost)[..., None] * np.array([0.5, 1, 0.7], np.float32)
    return total


def smoke_depth(
    canvas: Canvas, rng: np.random.Generator, layers: Layers, smoke: Smoke
) -> tuple[Float, Float]:
    """Optical depth (H, W) of a plume for what lies behind it, and its billows in [0, 1]."""
    height, width = layers.heat.shape
    billow = cloud_field(rng, (height, width), 1.3)
    camera = canvas.camera
    y, x = np.arange(height) + 0.5, np.arange(width) + 0.5
    total = np.zeros((height, width))
    for age, sway, lift in zip(np.linspace(0, 1, 48), *rng.normal(0, 1, (2, 48)), strict=True):
        radius = 0.16 + smoke.growth * age**0.8
        centre = np.array(
            [
                [
                    smoke.x + smoke.wind * age**1.2 + 0.45 * radius * sway,
                    1.0 + smoke.rise * age**0.75 + 0.40 * radius * lift,
                    smoke.z,
                ]
            ]
        )
        u, v = camera.project(centre)[0] / camera.supersampling
        spread = radius * camera.focal / smoke.z / camera.supersampling
        puff = np.outer(np.exp(-(((y - v) / spread) ** 2)), np.exp(-(((x - u) / spread) ** 2)))
        total += puff * (0.2 + 0.8 * (1 - age)) / (0.5 + radius)
    reach = 1 / np.maximum(layers.inverse_depth, 1 / 400) - smoke.z + 0.4 * billow
    behind = np.clip((reach + 0.6) / 3.0, 0, 1)
    wisps = np.clip(0.8 + 0.45 * billow, 0.02, 2)
    return as_float(smoke.density * total * wisps * behind), as_float(
        np.clip(0.5 + 0.24 * billow, 0, 1)
    )


def apply_smoke(
    radiance: Float,
    heat: Float,
    canvas: Canvas,
    rng: np.random.Generator,
    layers: Layers,
    light: Light,
) -> tuple[Float, Float]:
    """Beer-Lambert attenuation: visible light by exp(-tau), infrared by exp(-0.05 tau)."""
    for smoke in light.smokes:
        tau, billow = smoke_depth(canvas, rng, layers, smoke)
        clear = np.exp(-tau)[..., None]
        air = np.array(smoke.colour, np.float32) ** 2.2 * (0.45 + 1.1 * billow[..., None])
        air = air * (np.array(light.ambient) + 0.6 * np.array(light.sun))
        radiance = as_float(radiance * clear + (1 - clear) * air)
        clear_ir = np.exp(-0.05 * tau)
        heat = as_float(heat * clear_ir + (1 - clear_ir) * 118)
    return radiance, heat
