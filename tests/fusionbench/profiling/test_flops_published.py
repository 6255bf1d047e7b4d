"""Counts of whole networks against those of the code that their authors publish.

The numbers were counted by ``FlopCounterMode`` on the published code, one 640×480 pair. DATFuse and
CMTFusion are not among them: here they leave out, or do in another order, what does not change
their output.
"""

from __future__ import annotations

import pytest
import torch

from fusionbench.profiling.flops import count
from fusionbench.registry import METHODS

PUBLISHED = {
    "densefuse": 54_057_369_600,
    "didfuse": 227_907_993_600,
    "flfusenet": 8_803_123_200,
    "ifcnn": 79_626_240_000,
    "reconet": 12_806_553_600,
    "sage": 39_970_406_400,
    "sdnet": 17_557_094_400,
    "seafusion": 101_990_400_000,
    "stdfusion": 172_897_075_200,
    "tardal-dt": 181_724_774_400,
    "u2fusion": 404_722_483_200,
}


@pytest.mark.parametrize("name", PUBLISHED)
def test_flops_and_parameters_of_the_published_code(name):
    made = METHODS[name].plugin()
    made.network = made.build().eval()
    channels = 3 if made.card.colour == "rgb" else 1
    ir, vis = torch.empty(1, 1, 480, 640), torch.empty(1, channels, 480, 640)
    counted = count(made, ir, vis)
    assert counted.device == "meta"
    assert counted.flops == PUBLISHED[name]
    assert counted.parameters == made.card.parameters
