"""What a program that calls the suite finds as it was afterwards: see :func:`kept`."""

from __future__ import annotations

import os
import random
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import numpy as np

from fusionbench.seeding import MOST


@contextmanager
def kept() -> Iterator[None]:
    """Undo, after a block, what it changes for everyone else in the process.

    Environment variables, the numbers of threads of torch and OpenCV, and the random generators:
    Python's, NumPy's legacy one, and torch's on every device. The state of OpenCV's cannot be read:
    it goes on from a number that it drew before, so that it depends on nothing that the block did.
    """
    import cv2
    import torch

    environment = dict(os.environ)
    threads = torch.get_num_threads(), cv2.getNumThreads()
    drawn = int(np.ravel(cv2.randu(np.zeros(1, np.int32), 0, MOST))[0])
    python, numpy = random.getstate(), np.random.get_state()  # noqa: NPY002
    restore = _torch_generators()
    try:
        yield
    finally:
        for name in os.environ.keys() - environment.keys():
            del os.environ[name]
        os.environ.update({k: v for k, v in environment.items() if os.environ.get(k) != v})
        if torch.get_num_threads() != threads[0]:
            torch.set_num_threads(threads[0])
        if cv2.getNumThreads() != threads[1]:
            cv2.setNumThreads(threads[1])
        cv2.setRNGSeed(drawn)
        random.setstate(python)
        np.random.set_state(numpy)  # noqa: NPY002
        restore()


def _torch_generators() -> Callable[[], None]:
    """What sets torch's generators back; a device that was not in use is not started."""
    import torch

    state = torch.get_rng_state()
    started = torch.cuda.is_initialized()  # type: ignore[no-untyped-call]
    cuda = torch.cuda.get_rng_state_all() if started else None
    mps = torch.mps.get_rng_state() if torch.backends.mps.is_available() else None

    def restore() -> None:
        torch.set_rng_state(state)
        if cuda is not None:
            torch.cuda.set_rng_state_all(cuda)
        else:  # takes effect when it is first used
            torch.cuda.manual_seed_all(torch.initial_seed())
        if mps is not None:
            torch.mps.set_rng_state(mps)

    return restore
