"""Four compositions in a street: day, smoke, headlights, low sun."""

from __future__ import annotations

import numpy as np

from sample_scenes import backgrounds as bg
from sample_scenes import furniture as fu
from sample_scenes.canvas import Paint
from sample_scenes.lighting import Flare, Light, Smoke
from sample_scenes.palette import (
    BRICK,
    CREAM,
    DAY_SKY,
    DULL_SKY,
    DUSK_SKY,
    HALF_PI,
    NIGHT_SKY,
    SLATE,
    STONE,
)
from sample_scenes.stage import Stage, headlights


def _street(stage: Stage, *, night: bool, sky: bg.Sky) -> None:
    """A street in one-point perspective between two rows of houses."""
    canvas, rng = stage.canvas, stage.rng
    bg.draw_sky(canvas, rng, sky)
    bg.draw_ground(canvas, bg.PAVING)
    bg.draw_paving(canvas, (-6.6, -3.4), (1.0, 90.0))
    bg.draw_paving(canvas, (3.6, 8.0), (1.0, 90.0))
    bg.draw_road(canvas, (-3.2, 3.4))
    stage.wall((-16, 74), (18, 74), 15, SLATE, night=night, heat=90)
    for near, far, high, colour in (
        (3.5, 20, 9.6, BRICK),
        (20, 36, 12.6, CREAM),
        (36, 62, 10, STONE),
    ):
        stage.wall((-6.6, near), (-6.6, far), high, colour, night=night, shop=True, lit=0.55)
    for near, far, high, colour in ((9, 26, 10.5, CREAM), (26, 60, 12, BRICK)):
        stage.wall((8.2, far), (8.2, near), high, colour, night=night, heat=104)


def street_day(stage: Stage) -> Light:
    """A shopping street by day."""
    stage.sun = (0.75, -0.55)
    _street(stage, night=False, sky=DAY_SKY)
    stage.tree(6.6, 17, 6.4)
    stage.tree(6.8, 29, 7)
    stage.lamp(-3.9, 26, 1.2)
    stage.sign("MARKET ST", 5.0, 10.5, letter=0.36)
    stage.car(2.25, 13.0, 0.0, kind="hatch", running=False)
    stage.car(-1.5, 17.5, np.pi, kind="sedan")
    stage.car(1.6, 33.0, 0.0, kind="van")
    stage.person(-4.3, 7.6, view=HALF_PI, bag=True)
    stage.person(4.6, 12.5, view=-0.5)
    stage.person(-4.4, 15.5, view=3.0, coat=True)
    stage.person(-5.2, 15.9, view=3.0)
    stage.person(0.6, 24.0, view=-HALF_PI)
    stage.person(5.2, 22.0, view=0.3)
    return Light((0.34, 0.38, 0.44), (0.72, 0.67, 0.58), stage.sun, 0.95)


def street_smoke(stage: Stage) -> Light:
    """A street by day with smoke from a burning bin across the road."""
    _street(stage, night=False, sky=DULL_SKY)
    stage.lamp(-3.9, 21, 1.2)
    stage.sign("FIRE LANE", -5.0, 11.0, letter=0.38, plate=(172, 32, 30))
    stage.car(2.2, 11.5, 0.0, kind="sedan", running=True)
    stage.car(-1.6, 25.0, np.pi, kind="van")
    stage.person(0.5, 13.0, view=HALF_PI)
    stage.person(-0.9, 16.5, view=-HALF_PI, coat=True)
    stage.person(-4.6, 14.5, view=0.2)
    stage.person(5.0, 15.0, view=-1.2)
    stage.add(9.6, lambda: fu.draw_fire(stage.canvas, stage.rng, -1.9, 9.6))
    smoke = Smoke(-1.9, 9.6, 0.9, 6.5, 2.2, 1.5)
    return Light(
        (0.62, 0.64, 0.67),
        exposure=1.0,
        smokes=[smoke],
        flares=[Flare((-1.9, 1.2, 9.6), 0.12, 0.06, (1.0, 0.6, 0.25))],
    )


def street_glare(stage: Stage) -> Light:
    """Oncoming headlights at night; someone crosses right beside the beam."""
    _street(stage, night=True, sky=NIGHT_SKY)
    lamps = stage.lamp(5.0, 24, -1.3, power=20)
    stage.sign("SLOW", 4.9, 10.5, letter=0.42, plate=(170, 36, 30), lit_by_itself=True)
    car = stage.car(-1.3, 14.5, np.pi, kind="sedan", lamps=True)
    beams, flares = headlights(car, 0.8, 0.15)
    stage.car(2.2, 27.0, 0.0, kind="hatch", lamps=True)
    stage.person(0.4, 12.0, view=-HALF_PI)
    stage.person(-3.2, 11.0, view=HALF_PI, coat=True)
    stage.person(5.8, 14.5, view=0.2)
    stage.person(-4.9, 20.0, view=3.0, dark=True)
    return Light(
        (0.012, 0.012, 0.018),
        exposure=1.3,
        shot=0.0007,
        read=0.003,
        sky_glow=0.6,
        lamps=lamps + beams,
        flares=flares,
    )


def crossing_glare(stage: Stage) -> Light:
    """A low sun at the end of the street: backlit walkers vanish in the flare."""
    canvas = stage.canvas
    stage.sun = (-0.25, -1.7)
    bg.draw_sky(canvas, stage.rng, DUSK_SKY)
    bg.draw_ground(canvas, bg.PAVING)
    bg.draw_road(canvas, (-4.2, 4.2))
    bg.draw_zebra(canvas, (-4.2, 4.2), (8.5, 11.5))
    stage.add(
        150, lambda: bg.draw_ridge(canvas, stage.rng, 150, 12, Paint((70, 76, 70), 74, 0.3, 0.5))
    )
    stage.wall((-7.4, 5), (-7.4, 44), 9, STONE, lit=0.25, shop=True)
    stage.wall((9.4, 60), (9.4, 6), 11, BRICK, lit=0.3)
    stage.tree(6.7, 19, 6.5)
    stage.tree(7.0, 30, 7)
    stage.sign("STOP", -5.6, 11.0, letter=0.44, plate=(178, 26, 28))
    stage.car(2.1, 16.0, np.pi, kind="hatch", lamps=True)
    stage.car(-2.2, 22.0, 0.0, kind="sedan")
    stage.person(0.3, 10.0, view=HALF_PI)
    stage.person(1.7, 10.6, view=-HALF_PI, bag=True)
    stage.person(5.6, 11.0, view=0.3)
    stage.person(-5.4, 17.0, view=3.0)
    sun = (9.0, 30.0, 400.0)
    stage.add(300, lambda: _solar_disc(stage, sun))
    return Light(
        (0.20, 0.20, 0.23),
        (0.34, 0.25, 0.15),
        stage.sun,
        1.0,
        flares=[Flare(sun, 1.5, 0.30, (1.0, 0.84, 0.60))],
    )


def _solar_disc(stage: Stage, place: tuple[float, float, float]) -> None:
    angle = np.linspace(0, 2 * np.pi, 24, endpoint=False)
    x, y, z = place
    disc = np.stack([x + 7 * np.cos(angle), y + 7 * np.sin(angle), np.full_like(angle, z)], axis=1)
    stage.canvas.poly(disc, Paint((0, 0, 0), 236, 1, 0, (255, 250, 220)))
