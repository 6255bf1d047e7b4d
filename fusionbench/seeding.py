"""The state of the random generators, so that what a method draws depends on nothing but its input.

Those of torch (on every device), NumPy (the legacy one), Python's ``random`` and OpenCV are set. A
generator that a method makes for itself is its own: one made in ``load`` goes on from pair to pair,
and results then depend on which pairs came before.
"""

from __future__ import annotations

import hashlib
import random

import numpy as np

MOST = 2**31 - 1
"""The largest seed that all of the generators take."""


def seed_of(seed: int, *names: str) -> int:
    """A seed for something with a name: of a run's seed, a method and a pair, say."""
    text = "\0".join([str(seed), *names])
    return int.from_bytes(hashlib.sha256(text.encode("utf-8", "surrogatepass")).digest()[:8]) % MOST


def seed_all(seed: int) -> None:
    """Set every generator."""
    import cv2
    import torch

    torch.manual_seed(seed)
    np.random.seed(seed % 2**32)  # noqa: NPY002  (methods may use the legacy generator)
    random.seed(seed)
    cv2.setRNGSeed(seed % MOST)


def state(device: str = "cpu") -> tuple[object, ...]:
    """The state of torch's, NumPy's and Python's generators: equal as long as nobody draws."""
    import torch

    on_device = torch.cuda.get_rng_state(device) if device.startswith("cuda") else torch.empty(0)
    _, key, *rest = np.random.get_state()  # noqa: NPY002
    held = (torch.get_rng_state(), on_device)
    return (
        *(tensor.numpy().tobytes() for tensor in held),
        np.asarray(key).tobytes(),
        *rest,
        random.getstate(),
    )
