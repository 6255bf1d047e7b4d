"""Wall colours, skies and angles that the compositions share."""

from __future__ import annotations

import numpy as np

from sample_scenes import backgrounds as bg

BRICK, CREAM, STONE, SLATE = (146, 88, 70), (204, 186, 150), (166, 160, 150), (112, 120, 130)
DAY_SKY = bg.Sky((92, 140, 200), (198, 214, 226), 0.8)
DULL_SKY = bg.Sky((136, 146, 158), (196, 200, 204), 0.7, (30, 78))
NIGHT_SKY = bg.Sky((16, 18, 34), (58, 50, 62), 0.35, (8, 40))
DUSK_SKY = bg.Sky((92, 104, 142), (250, 196, 138), 0.5, (20, 66))
HALF_PI = np.pi / 2
