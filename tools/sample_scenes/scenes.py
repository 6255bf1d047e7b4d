"""The public functions: make one scene, write a folder of scenes."""

from __future__ import annotations

import os
import shutil
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import cv2
import numpy as np
from numpy.typing import NDArray

from sample_scenes.camera import Camera
from sample_scenes.canvas import IDENT, Actor, Canvas
from sample_scenes.layouts import LAYOUTS
from sample_scenes.lighting import add_flares, apply_smoke, illuminate, reduce_layers
from sample_scenes.noise import texture_tile
from sample_scenes.sensors import expose, thermograph
from sample_scenes.stage import Stage

KINDS = ("day", "night", "glare", "smoke")
CLASSES: tuple[Literal["person", "car"], ...] = ("person", "car")
SMALLEST = 6.0
LEAST_SEEN = 0.35


@dataclass(frozen=True)
class Box:
    """A ground-truth box: centre x, y and width, height as shares of the image, all in [0, 1]."""

    label: Literal["person", "car"]
    x: float
    y: float
    w: float
    h: float


@dataclass(frozen=True)
class Scene:
    """A registered pair with its boxes: ``ir`` uint8 (H, W), ``vis`` uint8 RGB (H, W, 3).

    ``mask`` is uint8 (H, W): 0 background, 1 person, 2 car, of what is not hidden.
    """

    name: str
    ir: NDArray[np.uint8]
    vis: NDArray[np.uint8]
    boxes: tuple[Box, ...]
    mask: NDArray[np.uint8]


def make_scene(index: int, *, width: int = 320, height: int = 240, seed: int = 0) -> Scene:
    """Render one synthetic scene.

    Args:
        index: which scene, from 0; its kind is ``KINDS[index % 4]``, and after the eight
            compositions the next indices repeat them with other people, cars and textures.
        width: columns, at least 32.
        height: rows, at least 32.
        seed: non-negative; another seed gives another picture of the same composition.

    Returns:
        The scene; the same arguments give the same bytes.

    Raises:
        ValueError: if an argument is out of range.
    """
    return _render(index, width, height, seed)[0]


def _render(index: int, width: int, height: int, seed: int) -> tuple[Scene, Canvas]:
    if index < 0 or seed < 0 or min(width, height) < 32:
        raise ValueError(
            f"index and seed must be 0 or more and the size at least 32x32, "
            f"got index {index}, seed {seed}, size {width}x{height}"
        )
    layout = LAYOUTS[(index % 4) + 4 * ((index // 4) % 2)]
    draws, textures, plume, visible, thermal = (
        np.random.default_rng([seed, index, stream]) for stream in range(5)
    )
    canvas = Canvas(Camera(width, height, layout.height_m, layout.horizon_at))
    stage = Stage(canvas, draws)
    light = layout.build(stage)
    stage.draw()
    tiles = (texture_tile(textures, 256, 0.55), texture_tile(textures, 256, 1.25))
    layers, grain = reduce_layers(canvas, tiles)
    radiance, heat = apply_smoke(
        illuminate(layers, light), layers.heat + grain, canvas, plume, layers, light
    )
    radiance = add_flares(radiance, canvas, light.flares)
    boxes = tuple(box for actor in canvas.actors if (box := _box(canvas, actor)) is not None)
    name = f"{index:02d}_{KINDS[index % 4]}"
    pair = thermograph(heat, thermal), expose(radiance, light, visible)
    return Scene(name, *pair, boxes, _mask(canvas)), canvas


def _mask(canvas: Canvas) -> NDArray[np.uint8]:
    """The class of what each pixel's middle shows."""
    step = canvas.camera.supersampling
    seen = canvas.aux[step // 2 :: step, step // 2 :: step, IDENT]
    mask = np.zeros(seen.shape, np.uint8)
    for actor in canvas.actors:
        if actor.label in CLASSES:
            mask[seen == actor.ident] = 1 + CLASSES.index(actor.label)
    return mask


def _box(canvas: Canvas, actor: Actor) -> Box | None:
    """The box of an actor, or None if it is under 6 pixels high or wide 3, or mostly hidden."""
    x, y, w, h = actor.extent
    rows, cols = canvas.camera.shape
    scale = canvas.camera.supersampling
    if h < SMALLEST * scale or w < SMALLEST * scale / 2:
        return None
    seen = canvas.aux[y : y + h, x : x + w, IDENT] == actor.ident
    if seen.sum() < LEAST_SEEN * actor.area:
        return None
    return Box(actor.label, (x + w / 2) / cols, (y + h / 2) / rows, w / cols, h / rows)


def write_scenes(
    root: Path, *, count: int = 8, width: int = 320, height: int = 240, seed: int = 0
) -> None:
    """Write scenes as ``ir/NAME.png``, ``vi/NAME.png``, ``labels`` and ``masks`` under ``root``.

    A label line is ``class cx cy w h`` (YOLO; class 0 is person, 1 is car); a mask holds
    0 for background, 1 for person, 2 for car. Everything is written
    to a temporary folder beside ``root``, which is then renamed: ``root`` is complete or absent.

    Args:
        root: the folder to make; it must not exist, or be an empty folder.
        count: how many scenes, at least 1.
        width: columns of every image.
        height: rows of every image.
        seed: see :func:`make_scene`.

    Raises:
        FileExistsError: if ``root`` is a file or holds anything.
        ValueError: if an argument is out of range.
    """
    if count < 1:
        raise ValueError(f"count must be at least 1, got {count}")
    if root.exists() and not (root.is_dir() and not any(root.iterdir())):
        raise FileExistsError(f"{root} exists already; remove it or choose another folder")
    root.parent.mkdir(parents=True, exist_ok=True)
    work = Path(tempfile.mkdtemp(prefix=f".{root.name}-", dir=root.parent))
    try:
        for index in range(count):
            _write(work, make_scene(index, width=width, height=height, seed=seed))
        work.chmod(0o777 & ~_umask())
        work.replace(root)
    except BaseException:
        shutil.rmtree(work, ignore_errors=True)
        raise


def _umask() -> int:
    mask = os.umask(0o022)
    os.umask(mask)
    return mask


def _write(folder: Path, scene: Scene) -> None:
    visible = cv2.cvtColor(scene.vis, cv2.COLOR_RGB2BGR)
    images = (("ir", scene.ir), ("vi", visible), ("masks", scene.mask))
    for kind, image in images:
        (folder / kind).mkdir(exist_ok=True)
        (folder / kind / f"{scene.name}.png").write_bytes(cv2.imencode(".png", image)[1].tobytes())
    lines = [
        f"{CLASSES.index(box.label)} {box.x:.6f} {box.y:.6f} {box.w:.6f} {box.h:.6f}\n"
        for box in scene.boxes
    ]
    (folder / "labels").mkdir(exist_ok=True)
    (folder / "labels" / f"{scene.name}.txt").write_text("".join(lines), encoding="utf-8")
