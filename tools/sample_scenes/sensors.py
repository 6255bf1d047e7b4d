"""The two cameras: linear radiance to 8-bit colour, heat levels to 8-bit grey."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from sample_scenes.lighting import Light
from sample_scenes.noise import Float, as_float, cloud_field

U8 = NDArray[np.uint8]
GAIN_CURVE = (
    (0, 14, 62, 82, 104, 120, 150, 180, 232, 255),
    (5, 12, 34, 62, 98, 130, 162, 193, 238, 252),
)


def expose(radiance: Float, light: Light, rng: np.random.Generator) -> U8:
    """Visible camera: blur, photon and read noise, tone curve, sRGB encoding.

    Noise is Gaussian with variance ``shot * signal + read**2`` per channel, in units of full scale;
    the tone curve ``1 - exp(-1.6 x)`` rolls highlights off.

    Args:
        radiance: linear RGB (H, W, 3), non-negative.
        light: exposure and noise levels.
        rng: source of the noise.

    Returns:
        uint8 sRGB (H, W, 3).
    """
    height, width = radiance.shape[:2]
    scale = max(height / 240, 0.5)
    blurred = as_float(cv2.GaussianBlur(radiance, (0, 0), 0.42 * scale))
    y, x = np.ogrid[-1 : 1 : height * 1j, -1 : 1 : width * 1j]
    falloff = as_float(light.exposure * (1 - 0.13 * (x**2 + y**2)))[..., None]
    signal = blurred * falloff + 0.002
    sigma = np.sqrt(np.float32(light.shot) * np.minimum(signal, 1.5) + np.float32(light.read**2))
    noise = rng.standard_normal(signal.shape, np.float32)
    noise = 1.35 * as_float(cv2.GaussianBlur(0.55 * noise + 0.84 * noise[..., 1:2], (0, 0), 0.5))
    tone = 1 - np.exp(-1.6 * np.maximum(signal + sigma * noise, 0))
    encoded = np.where(tone < 0.0031308, 12.92 * tone, 1.055 * cv2.pow(tone, 1 / 2.4) - 0.055)
    return _quantise(as_float(255 * encoded))


def thermograph(heat: Float, rng: np.random.Generator) -> U8:
    """Uncooled thermal camera: soft optics, column and pixel pattern, shading, thermal noise.

    The gain curve spends most of the range on the few degrees around the background, as the
    automatic gain control of such cameras does.

    Args:
        heat: grey levels (H, W), about 0 to 255.
        rng: source of the noise.

    Returns:
        uint8 (H, W).
    """
    height, width = heat.shape
    levels = as_float(np.interp(heat, *GAIN_CURVE))
    image = as_float(cv2.GaussianBlur(levels, (0, 0), 0.85 * max(height / 240, 0.4)))
    image = image + 1.8 * cloud_field(rng, (height, width), 2.2)
    image += 0.7 * rng.standard_normal((1, width)) + 0.4 * rng.standard_normal((height, 1))
    pattern = rng.standard_normal((height, width), np.float32)
    image += 0.9 * pattern + 1.5 * rng.standard_normal((height, width), np.float32)
    y, x = np.ogrid[-1 : 1 : height * 1j, -1 : 1 : width * 1j]
    return _quantise(image - 6 * (x**2 + y**2) * (image / 128))


def _quantise(values: Float) -> U8:
    return np.clip(np.rint(values), 0, 255).astype(np.uint8)
