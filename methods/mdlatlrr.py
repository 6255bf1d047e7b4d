"""Multi-level fusion with a latent low-rank projection of patches."""

from __future__ import annotations

import numpy as np

from fusionbench import method

from ._classical import F64, Classical

LEVELS = 4
SIDE = 8
NOISE = 0.4
LEARNED_FROM = 500
ROWS_AT_ONCE = 64


@method(
    "mdlatlrr",
    title="MDLatLRR",
    family="low-rank",
    groups=("classical",),
    paper="MDLatLRR: A novel decomposition method for infrared and visible image fusion",
    authors="Hui Li, Xiao-Jun Wu, Josef Kittler",
    options={"details": ("once", "vifb")},
    year=2020,
    venue="IEEE Transactions on Image Processing 29",
    doi="10.1109/TIP.2020.2975984",
)
class MdLatLrr(Classical):
    """Four levels: detail = L times every 8 × 8 patch (stride 1, averaged), base = image - detail.

    Detail patches are mixed with weights ``n_ir / (n_ir + n_vis)``, n their nuclear norm; the last
    bases are averaged. The 64 × 64 projection L is the latent low-rank one of 500 patches of each
    image of the pair, where the authors learned one from other images: details are alike, not
    equal. ``details=vifb`` counts level k 5 - k times, as the images that VIFB publishes do.
    """

    def fuse_gray(self, ir: F64, vis: F64) -> F64:
        """Fuse two H×W images in levels."""
        from ._classical.patches import extended

        height, width = ir.shape
        ir, vis = extended(ir / 255, SIDE), extended(vis / 255, SIDE)
        projection = _learned(ir, vis)
        fused = np.zeros_like(ir)
        for level in range(LEVELS):
            times = LEVELS - level if self.options["details"] == "vifb" else 1
            ir_detail, vis_detail, detail = _details(ir, vis, projection)
            ir, vis, fused = ir - ir_detail, vis - vis_detail, fused + times * detail
        return 255 * (fused + (ir + vis) / 2)[:height, :width]


def _learned(ir: F64, vis: F64) -> F64:
    """The projection, from patches at even distances over both images."""
    from ._classical.patches import latent_low_rank, starts, taken

    stride = max(int(np.sqrt(ir.size / LEARNED_FROM)), 1)
    rows, columns = (starts(n, SIDE, stride) for n in ir.shape)
    samples = [taken(image, rows, columns, SIDE).reshape(-1, SIDE**2) for image in (ir, vis)]
    return latent_low_rank(np.concatenate(samples).T, NOISE).projection


def _details(ir: F64, vis: F64, projection: F64) -> tuple[F64, F64, F64]:
    """The detail images of both sources, and the fused one."""
    from ._classical.patches import Overlap, starts, taken

    rows, columns = (starts(n, SIDE, 1) for n in ir.shape)
    images = [Overlap(ir.shape) for _ in range(3)]
    for first in range(0, len(rows), ROWS_AT_ONCE):
        some = rows[first : first + ROWS_AT_ONCE]
        parts = [_projected(taken(x, some, columns, SIDE), projection) for x in (ir, vis)]
        weight = _weight(*parts)
        parts.append(weight * parts[0] + (1 - weight) * parts[1])
        for image, part in zip(images, parts, strict=True):
            image.add(part, some, columns)
    ir_detail, vis_detail, fused = (image.mean() for image in images)
    return ir_detail, vis_detail, fused


def _projected(patches: F64, projection: F64) -> F64:
    flat = patches.reshape(-1, SIDE**2) @ projection.T
    return flat.reshape(patches.shape)


def _weight(ir: F64, vis: F64) -> F64:
    from ._classical.rules import share

    ir_norm, vis_norm = (
        np.sqrt(np.linalg.eigvalsh(x @ x.swapaxes(-1, -2)).clip(0)).sum(axis=-1) for x in (ir, vis)
    )
    return share(ir_norm, vis_norm)[..., None, None]
