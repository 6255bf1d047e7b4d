"""Four compositions in the open: crossing, car park, park, works yard."""

from __future__ import annotations

import numpy as np

from sample_scenes import backgrounds as bg
from sample_scenes import furniture as fu
from sample_scenes import plants
from sample_scenes.canvas import Paint
from sample_scenes.lighting import Flare, Light, Smoke
from sample_scenes.palette import (
    BRICK,
    CREAM,
    DAY_SKY,
    DULL_SKY,
    HALF_PI,
    NIGHT_SKY,
    SLATE,
    STONE,
)
from sample_scenes.stage import Stage, headlights


def crossing_night(stage: Stage) -> Light:
    """A zebra crossing at night: one person in the lamp's pool, others in the dark."""
    canvas = stage.canvas
    bg.draw_sky(canvas, stage.rng, NIGHT_SKY)
    bg.draw_ground(canvas, bg.PAVING)
    bg.strip(canvas, (4.8, 60), (1.0, 120), bg.GRASS)
    bg.draw_road(canvas, (-4.0, 4.4))
    bg.draw_zebra(canvas, (-4.0, 4.4), (9.0, 12.5))
    stage.wall((-20, 46), (2, 46), 13, BRICK, night=True, heat=96)
    stage.wall((4, 40), (26, 40), 9, STONE, night=True, heat=90)
    stage.tree(8.2, 20, 7.5)
    stage.tree(-9.5, 24, 8)
    lamps = stage.lamp(-5.4, 12.5, 1.4, power=30) + stage.lamp(5.6, 33, -1.4, power=22)
    stage.sign(
        "SCHOOL",
        -5.7,
        11.5,
        letter=0.42,
        plate=(176, 120, 18),
        ink=(250, 250, 246),
        lit_by_itself=True,
    )
    stage.car(2.3, 19.0, 0.0, kind="sedan", lamps=True)
    far = headlights(stage.car(-2.0, 31.0, np.pi, kind="hatch", lamps=True), 0.2, 0.05)
    stage.person(-2.7, 10.4, view=HALF_PI, tall=1.72)
    stage.person(5.0, 8.6, view=-HALF_PI, dark=True, tall=1.80)
    stage.person(7.4, 12.5, view=-0.4, dark=True, coat=True)
    stage.person(6.6, 21.5, view=HALF_PI, dark=True)
    return Light(
        (0.0035, 0.004, 0.007),
        exposure=1.5,
        shot=0.0009,
        read=0.0034,
        sky_glow=0.55,
        lamps=lamps + far[0],
        flares=[Flare(lamp.place, 0.16, 0.07, lamp.colour) for lamp in lamps] + far[1],
    )


def car_park_night(stage: Stage) -> Light:
    """A car park at night with a prowler between cold parked cars."""
    canvas = stage.canvas
    bg.draw_sky(canvas, stage.rng, NIGHT_SKY)
    bg.draw_ground(canvas, bg.ASPHALT)
    for x in np.arange(-21.0, 22.0, 2.8):
        bg.strip(canvas, (float(x) - 0.06, float(x) + 0.06), (13.0, 18.0), bg.MARKING)
        bg.strip(canvas, (float(x) - 0.06, float(x) + 0.06), (25.0, 30.0), bg.MARKING)
    bg.strip(canvas, (-30, 30), (30.2, 36), bg.GRASS)
    stage.wall((-30, 38), (6, 38), 8.5, CREAM, night=True, heat=94)
    stage.wall((9, 52), (40, 52), 14, SLATE, night=True, heat=88)
    stage.tree(15, 33, 7)
    stage.tree(7.6, 33, 6)
    lamps = stage.lamp(-7.0, 20.0, 1.5, power=30)
    stage.sign("EXIT", 2.7, 11.8, letter=0.46, plate=(22, 96, 52), lit_by_itself=True, foot=2.2)
    for bay, kind in ((-3, "hatch"), (-2, "sedan"), (0, "van"), (2, "hatch")):
        stage.car(
            2.8 * bay - 1.4 + 2.8,
            15.4,
            0.0 if bay % 2 else np.pi,
            kind=kind,
            running=False,
            ambient=76,
        )
    for bay in (-4, -2, 1, 3, 4):
        stage.car(
            2.8 * bay + 1.4, 27.4, np.pi, kind="sedan", running=bay == 1, ambient=76, lamps=bay == 1
        )
    stage.person(-3.4, 9.2, view=-HALF_PI, dark=True)
    stage.person(6.9, 14.0, view=0.6, dark=True, stride=0.3)
    stage.person(-5.0, 20.5, view=HALF_PI, coat=True)
    return Light(
        (0.005, 0.006, 0.009),
        exposure=1.5,
        shot=0.0009,
        read=0.0034,
        sky_glow=0.5,
        lamps=lamps,
        flares=[Flare(lamp.place, 0.14, 0.07, lamp.colour) for lamp in lamps],
    )


def park_day(stage: Stage) -> Light:
    """A park: trees, a path, people in the sun and one in the shade of the leaves."""
    canvas = stage.canvas
    stage.sun = (-0.8, -0.5)
    bg.draw_sky(canvas, stage.rng, DAY_SKY)
    bg.draw_ground(canvas, bg.GRASS)
    canvas.ident = 0
    canvas.poly(
        [(-3.2, 0, 1), (0.6, 0, 1), (3.0, 0, 22), (9.0, 0, 60), (6.5, 0, 60), (0.6, 0, 22)],
        bg.GRAVEL,
        depth=False,
    )
    canvas.ident = 1
    stage.add(
        120, lambda: bg.draw_ridge(canvas, stage.rng, 120, 10, Paint((72, 94, 74), 70, 0.7, 0.7))
    )
    stage.wall((-34, 70), (-6, 70), 10, CREAM, heat=104)
    for x, z, high in (
        (-9.5, 22, 8.5),
        (-4.5, 34, 9),
        (8.8, 19, 8),
        (14, 33, 9),
        (4, 48, 9),
        (-17, 40, 10),
    ):
        stage.tree(x, z, high)
    stage.add(27, lambda: plants.draw_hedge(canvas, stage.rng, (5.4, 13.0), 27))
    stage.add(15.5, lambda: fu.draw_bench(canvas, 4.7, 15.5))
    stage.sign("PARK", -3.6, 9.8, letter=0.40, plate=(30, 92, 60), foot=1.2)
    stage.person(-1.4, 8.2, view=0.5)
    stage.person(2.6, 11.5, view=-HALF_PI, bag=True)
    stage.person(1.7, 17.5, view=3.0)
    stage.person(2.5, 17.9, view=3.0, tall=1.25)
    stage.person(8.2, 18.6, view=HALF_PI, dark=True, stride=0.2)
    stage.person(-6.0, 26.0, view=HALF_PI)
    return Light((0.32, 0.37, 0.42), (0.74, 0.69, 0.58), stage.sun, 0.95)


def yard_smoke(stage: Stage) -> Light:
    """A works yard with smoke drifting over a field of view full of people and a van."""
    canvas = stage.canvas
    bg.draw_sky(canvas, stage.rng, DULL_SKY)
    bg.draw_ground(canvas, bg.GRAVEL)
    bg.strip(canvas, (-40, 40), (30, 90), bg.GRASS)
    bg.strip(canvas, (-40, 40), (14.0, 22.0), bg.ASPHALT)
    stage.add(
        130, lambda: bg.draw_ridge(canvas, stage.rng, 130, 11, Paint((80, 96, 84), 72, 0.6, 0.7))
    )
    stage.wall((-28, 36), (-3, 36), 8.0, SLATE, bay=4.0, storey=3.8, heat=100)
    stage.wall((12, 44), (34, 44), 11.0, BRICK, heat=94)
    stage.tree(8.5, 33, 8)
    stage.add(29, lambda: fu.draw_fence(canvas, (3.0, 24.0), 29, 1.3))
    stage.sign("GATE 7", 4.9, 11.0, letter=0.44, plate=(26, 26, 28), ink=(244, 206, 40), foot=1.6)
    stage.car(-5.6, 17.5, -1.15, kind="van")
    stage.car(6.2, 19.0, 1.35, kind="sedan", running=False)
    stage.person(-0.9, 11.0, view=HALF_PI)
    stage.person(0.6, 13.5, view=0.2, coat=True)
    stage.person(-2.0, 20.0, view=-HALF_PI)
    stage.person(-3.1, 13.0, view=-1.0)
    stage.person(-5.2, 10.0, view=HALF_PI, bag=True)
    stage.add(9.0, lambda: fu.draw_fire(canvas, stage.rng, 1.6, 9.0))
    smokes = [Smoke(1.6, 9.0, 1.0, -6.0, 1.8, 1.5, (0.70, 0.69, 0.67))]
    return Light(
        (0.62, 0.64, 0.67),
        exposure=1.0,
        smokes=smokes,
        flares=[Flare((1.6, 1.2, 9.0), 0.12, 0.06, (1.0, 0.6, 0.25))],
    )
