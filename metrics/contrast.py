"""Contrast of the fused image: standard deviation."""

from __future__ import annotations

from fusionbench import Triple, metric
from fusionbench.primitives import Array, at_least, histogram, namespace


@metric(
    "SD",
    title="Standard deviation",
    better="higher",
    low=0.0,
    high=127.5,
    sources=False,
    groups=("core", "contrast"),
    textbook=True,
)
def sd(triple: Triple, *, saturate: bool) -> Array:
    """Standard deviation of the grey levels: sqrt(Σ (F - mean F)² / N).

    Args:
        triple: The images.
        saturate: Do the arithmetic in saturating uint8, as MATLAB does on an integer image: the
            difference is rounded and clipped at 0, its square clipped at 255.
    """
    counts = histogram(triple.fused.u8)
    xp = namespace(counts)
    level = xp.arange(256, dtype=xp.float64, device=counts.device)
    pixels = triple.fused.pixels
    mean = xp.sum(counts * level, axis=-1)[..., None] / pixels
    square = (level - mean) ** 2
    if saturate:
        half_up = xp.floor(level - mean + 0.5)
        square = 255.0 - at_least(255.0 - at_least(half_up, 0.0) ** 2, 0.0)
    return xp.sqrt(xp.sum(counts * square, axis=-1) / pixels)
