"""Synthetic infrared/visible sample scenes: what ``configs/sample`` was made with.

Eight small registered pairs with ground-truth boxes and masks let a new user try every stage
without downloading a data set. They show what fusion is for (a person only the thermal camera
sees, a sign only the visible camera reads, glare, smoke); they are no substitute for real images
in a paper.

Example:
    >>> from sample_scenes import make_scene
    >>> scene = make_scene(1)
    >>> scene.name, scene.ir.shape, scene.vis.shape
    ('01_night', (240, 320), (240, 320, 3))
"""

from sample_scenes.scenes import KINDS, Box, Scene, make_scene, write_scenes

__all__ = ["KINDS", "Box", "Scene", "make_scene", "write_scenes"]
