"""Why FPDE is far from VIFB's own image on one pair: its weights are ill-conditioned there."""

from __future__ import annotations

import numpy as np
import pytest

from fusionbench.images import read_image
from fusionbench.methods._classical import to_bytes
from fusionbench.methods._classical.rules import kl_weights
from fusionbench.methods.fpde import _diffused


def weights(shared, pair: str, noise: float) -> np.ndarray:
    """Weights of the details of infrared and one visible channel, to which noise is added."""
    rng = np.random.default_rng(0)
    details = []
    for kind in ("IR", "VI"):
        image = read_image(shared(f"data/VIFB/input/{kind}/{pair}.jpg")).astype(np.float64)
        image = image if image.ndim == 2 else image[..., 0]
        if kind == "VI":
            image = image + noise * rng.standard_normal(image.shape)
        details.append(image - to_bytes(_diffused(image)))
    return np.array(kl_weights(*details))


@pytest.mark.reference
def test_noise_of_one_grey_level_swings_the_weights_of_walking2_alone(shared) -> None:
    """As the decoders of JPEG files differ from each other, in the visible image's chroma."""
    swing = {
        pair: np.abs(weights(shared, pair, 1.0) - weights(shared, pair, 0.0)).max()
        for pair in ("walking2", "fight", "manWalking", "labMan")
    }
    assert swing.pop("walking2") > 5 * max(swing.values())
    assert weights(shared, "walking2", 0.0).min() < 0
