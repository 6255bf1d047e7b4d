"""CMTFusion written out step by step, without any shortcut: the fast network's reference.

Every function takes the state dict (the checkpoints' names, without ``module.``) and a name prefix,
so the arithmetic can be read beside the specification. Slow on purpose.
"""

import math
from collections.abc import Mapping

import torch
import torch.nn.functional as F
from torch import Tensor

State = Mapping[str, Tensor]


def gelu(x: Tensor) -> Tensor:
    """Tanh approximation of GELU: x/2 (1 + tanh(sqrt(2/pi) (x + 0.044715 x^3)))."""
    return 0.5 * x * (1 + torch.tanh(math.sqrt(2 / math.pi) * (x + 0.044715 * torch.pow(x, 3))))


def conv(
    p: State, name: str, x: Tensor, stride: int = 1, padding: int = 0, groups: int = 1
) -> Tensor:
    """Convolution by the parameters called ``name``."""
    weight, bias = p[f"{name}.weight"], p[f"{name}.bias"]
    return F.conv2d(x, weight, bias, stride=stride, padding=padding, groups=groups)


def edge_strength(x: Tensor) -> Tensor:
    """Local maximum of the gradient magnitude of an image in [-1, 1]."""
    image = (127.5 * x + 127.5) / 255
    padded = F.pad(image, (1, 1, 1, 1), mode="replicate")
    dx = 0.5 * (padded[:, :, 1:-1, 2:] - padded[:, :, 1:-1, :-2])
    dy = 0.5 * (padded[:, :, 2:, 1:-1] - padded[:, :, :-2, 1:-1])
    return F.max_pool2d(torch.sqrt(dx**2 + dy**2), 3, stride=1, padding=1)


def edge_maps(ir: Tensor, vis: Tensor) -> tuple[Tensor, Tensor]:
    """Relative edge strength of each image, about -1..1."""
    u_ir, u_vis = edge_strength(ir), edge_strength(vis)
    total = u_ir + u_vis + 1e-5
    return 2 * (u_ir / total - 0.5), 2 * (u_vis / total - 0.5)


def esa(p: State, name: str, x: Tensor) -> Tensor:
    """Enhanced spatial attention."""
    a = conv(p, f"{name}.conv1", x)
    pooled = F.max_pool2d(conv(p, f"{name}.conv2", a, stride=2), kernel_size=7, stride=3)
    c = F.relu(conv(p, f"{name}.conv_max", pooled, padding=1))
    c = F.relu(conv(p, f"{name}.conv3", c, padding=1))
    c = conv(p, f"{name}.conv3_", c, padding=1)
    c = F.interpolate(c, x.shape[-2:], mode="bilinear", align_corners=False)
    return x * torch.sigmoid(conv(p, f"{name}.conv4", c + conv(p, f"{name}.conv_f", a)))


def rfdb(p: State, name: str, x: Tensor) -> Tensor:
    """Residual feature distillation block."""
    distilled, r = [], x
    for i in (1, 2, 3):
        distilled.append(gelu(conv(p, f"{name}.c{i}_d", r)))
        r = gelu(conv(p, f"{name}.c{i}_r", r, padding=1) + r)
    distilled.append(gelu(conv(p, f"{name}.c4", r, padding=1)))
    return esa(p, f"{name}.esa", conv(p, f"{name}.c5", torch.cat(distilled, dim=1)))


def upsample(p: State, name: str, x: Tensor, size: tuple[int, int]) -> Tensor:
    """Transposed convolution, GELU, then reflection padding or cropping to ``size``."""
    weight, bias = p[f"{name}.up.0.weight"], p[f"{name}.up.0.bias"]
    y = gelu(F.conv_transpose2d(x, weight, bias, stride=2, padding=1))
    dy, dx = size[0] - y.shape[2], size[1] - y.shape[3]
    left, top = int(dx / 2), int(dy / 2)
    return F.pad(y, (left, dx - left, top, dy - top), mode="reflect")


def gates(p: State, name: str, variant: str, ir: Tensor, vis: Tensor) -> tuple[Tensor, Tensor]:
    """Gated bottleneck: the weight map of IR and of VIS."""
    if variant == "paper":
        shared = conv(p, f"{name}.bot_conv0", torch.cat([vis, ir], dim=1))
        a = conv(p, f"{name}.bot_conv1", shared, padding=1)
        b = conv(p, f"{name}.bot_conv2", shared, padding=1)
        pair = torch.softmax(torch.stack([a, b]), dim=0)
        return pair[1], pair[0]
    a = torch.sigmoid(conv(p, f"{name}.bot_conv1", vis + ir, padding=1))
    b = torch.sigmoid(conv(p, f"{name}.bot_conv2", vis + ir, padding=1))
    g_vis = a / (a + b)
    return b / (b + g_vis), g_vis


def channel_step(p: State, name: str, q: Tensor, k: Tensor) -> Tensor:
    """The query map, each channel scaled by its irrelevance to the key map."""
    key = conv(p, f"{name}.channel_conv_1", k).flatten(2)
    query = conv(p, f"{name}.channel_conv_2", q).flatten(2)
    relevance = torch.sigmoid(query @ key.transpose(1, 2))
    return q * (1 - relevance).unsqueeze(-1)


def spatial_step(p: State, name: str, variant: str, q: Tensor, k: Tensor) -> Tensor:
    """The query map, each pixel scaled by its irrelevance to the mean key."""
    n, c, h, w = q.shape
    key, query = conv(p, f"{name}.spatial_conv_1", k), conv(p, f"{name}.spatial_conv_2", q)
    if variant == "paper":
        key, query = key.permute(0, 2, 3, 1), query.permute(0, 2, 3, 1)
    key, query = key.reshape(n, h * w, c), query.reshape(n, h * w, c)
    relevance = torch.sigmoid(query @ key.mean(dim=1, keepdim=True).transpose(1, 2))
    return q * (1 - relevance).reshape(n, 1, h, w)


def cut(x: Tensor) -> list[Tensor]:
    """The 2x2 patches, each with its last axes swapped in memory and read back as h x w."""
    h, w = x.shape[2] // 2, x.shape[3] // 2
    patches = [x[:, :, i * h : (i + 1) * h, j * w : (j + 1) * w] for i in (0, 1) for j in (0, 1)]
    return [p.transpose(2, 3).contiguous().view(*x.shape[:2], h, w) for p in patches]


def patch_step(p: State, name: str, q: Tensor, k: Tensor) -> Tensor:
    """Spatial step of the ``patch`` variant."""
    n, c, height, width = q.shape
    h, w = height // 2, width // 2
    key, query = conv(p, f"{name}.spatial_key_conv", k), conv(p, f"{name}.spatial_query_conv", q)
    scaled = []
    for pq, query_patch, key_patch in zip(cut(q), cut(query), cut(key), strict=True):
        mean_key = key_patch.mean(dim=(2, 3), keepdim=True)
        scaled.append(pq * (1 - torch.sigmoid((query_patch * mean_key).sum(1, keepdim=True))))
    stacked = torch.cat(scaled, dim=1).view(n, c, 2, 2, h, w)
    joined = stacked.permute(0, 1, 4, 2, 5, 3).contiguous().view(n, c, 2 * h, 2 * w)
    return joined if joined.shape == q.shape else F.interpolate(joined, size=(height, width))


def transformer(p: State, name: str, variant: str, q: Tensor, k: Tensor) -> Tensor:
    """Cross-modal transformer: what the query map has and the key map has not."""
    if variant == "patch":
        spatial = patch_step(p, name, q, k)
    else:
        spatial = spatial_step(p, name, variant, q, k)
    return conv(p, f"{name}.conv11", torch.cat([channel_step(p, name, q, k), spatial], dim=1))


def cmt(p: State, name: str, variant: str, ir: Tensor, vis: Tensor) -> tuple[Tensor, Tensor]:
    """One level's gated bottleneck and its two transformers."""
    g_ir, g_vis = gates(p, name, variant, ir, vis)
    vis_hat = transformer(p, f"{name}.fusionTransformer_vis", variant, vis, ir * g_ir)
    ir_hat = transformer(p, f"{name}.fusionTransformer_ir", variant, ir, vis * g_vis)
    return ir_hat, vis_hat


def sfc(p: State, name: str, ir: Tensor, vis: Tensor) -> Tensor:
    """Fusion block: two maps of 32 channels to one image in [-1, 1]."""
    x = conv(p, f"{name}.fused.conv2d", torch.cat([vis, ir], dim=1))
    x = gelu(conv(p, f"{name}.se_conv", x, padding=1, groups=32))
    x = gelu(conv(p, f"{name}.hd_conv", x, padding=1, groups=32))
    return torch.tanh(conv(p, f"{name}.pw_conv", conv(p, f"{name}.cp_conv", x, groups=32)))


def pyramid(
    p: State, stem: str, downs: tuple[str, str], ones: tuple[str, str, str], x: Tensor
) -> list[Tensor]:
    """One modality's features at levels 1, 2, 3, before the distillation blocks."""
    level1 = conv(p, f"{stem}.conv2d", x, padding=1)
    level2 = gelu(conv(p, f"{downs[0]}.0", level1, stride=2, padding=1))
    level3 = gelu(conv(p, f"{downs[1]}.0", level2, stride=2, padding=1))
    maps = zip(ones, (level1, level2, level3), strict=True)
    return [conv(p, f"{one}.conv2d", level) for one, level in maps]


def forward(p: State, variant: str, ir: Tensor, vis: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """The whole network: images N x 1 x H x W in [-1, 1] to the outputs of levels 1, 2 and 3."""
    if variant != "paper":
        edge_ir, edge_vis = edge_maps(ir, vis)
        ir, vis = torch.cat([ir, edge_ir], dim=1), torch.cat([vis, edge_vis], dim=1)
    own_ir = pyramid(p, "conv_ir1", ("down1", "down2"), ("conv11_5", "conv11_3", "conv11_1"), ir)
    own_vis = pyramid(p, "conv_rgb1", ("down3", "down4"), ("conv11_6", "conv11_4", "conv11_2"), vis)
    names_ir = {2: ("up_eval2", "conv1_2"), 1: ("up_eval6", "conv2_2")}
    names_vis = {2: ("up_eval1", "conv1_1"), 1: ("up_eval5", "conv2_1")}
    outputs, below_ir, below_vis = [], None, None
    for level in (3, 2, 1):
        x_ir = joined(
            p, variant, f"ir_encoder_level{level}", names_ir.get(level), own_ir[level - 1], below_ir
        )
        x_vis = joined(
            p,
            variant,
            f"rgb_encoder_level{level}",
            names_vis.get(level),
            own_vis[level - 1],
            below_vis,
        )
        below_ir, below_vis = cmt(p, f"Stage{level}_1", variant, x_ir, x_vis)
        outputs.append(sfc(p, f"conv{9 - level}", below_ir, below_vis))
    return outputs[2], outputs[1], outputs[0]


def joined(
    p: State,
    variant: str,
    encoder: str,
    names: tuple[str, str] | None,
    own: Tensor,
    below: Tensor | None,
) -> Tensor:
    """A level's features, joined with those below; distilled before or, ``paper``, after."""
    if variant != "paper":
        own = rfdb(p, encoder, own)
    if names is not None and below is not None:
        up = upsample(p, names[0], below, (own.shape[2], own.shape[3]))
        own = conv(p, f"{names[1]}.conv2d", torch.cat([own, up], dim=1))
    return rfdb(p, encoder, own) if variant == "paper" else own
