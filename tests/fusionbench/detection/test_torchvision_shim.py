"""torchvision beside a torch that its operators do not fit: suppression in plain torch."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
import torch

from fusionbench.detectors import _yolo as shim


def some_boxes(count: int) -> tuple[torch.Tensor, torch.Tensor]:
    generator = torch.Generator().manual_seed(count)
    corners = torch.rand(count, 4, generator=generator) * 100
    corners[:, 2:] += corners[:, :2]
    return corners, torch.randperm(count, generator=generator) / count


@pytest.mark.parametrize("count", [0, 1, 10, 300, 1500])
@pytest.mark.parametrize("overlap", [0.3, 0.7])
def test_it_keeps_what_the_package_keeps(count: int, overlap: float, yolo: object) -> None:
    from ultralytics.utils.nms import TorchNMS

    boxes, scores = some_boxes(count)
    kept = shim.nms(boxes, scores, overlap)
    assert kept.dtype == torch.int64
    assert torch.equal(kept, TorchNMS.nms(boxes, scores, overlap))


def test_by_hand() -> None:
    boxes = torch.tensor([[0, 0, 10, 10], [0, 0, 10, 5], [20, 0, 30, 10], [0, 0, 10, 10]]).float()
    scores = torch.tensor([0.5, 0.9, 0.1, 0.4])
    assert shim.nms(boxes, scores, 0.5).tolist() == [1, 0, 2]  # 0 overlaps 1 by exactly a half
    assert shim.nms(boxes, scores, 0.49).tolist() == [1, 2]


@pytest.mark.usefixtures("yolo")  # the extra that torchvision belongs to
def test_torchvision_imports_and_suppresses() -> None:
    shim.make_torchvision_importable()
    import torchvision

    boxes, scores = some_boxes(200)
    kept = torchvision.ops.nms(boxes, scores, 0.5)
    assert torch.equal(kept, shim.nms(boxes, scores, 0.5))
    classes = torch.arange(200) % 3
    each = [torch.nonzero(classes == c)[:, 0] for c in range(3)]
    alone = torch.cat([e[shim.nms(boxes[e], scores[e], 0.5)] for e in each])
    together = torchvision.ops.batched_nms(boxes, scores, classes, 0.5)
    assert sorted(together.tolist()) == sorted(alone.tolist())
    assert shim.make_torchvision_importable() == bool(shim._libraries)


@pytest.fixture
def another_torchvision(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A module of that name to be written, and this process as if none had been imported."""
    for name in [n for n in sys.modules if n.partition(".")[0] == "torchvision"]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setattr(shim, "_libraries", [])
    monkeypatch.syspath_prepend(tmp_path)
    yield tmp_path / "torchvision.py"
    sys.modules.pop("torchvision", None)


def test_one_that_loads_is_left_alone(another_torchvision: Path) -> None:
    another_torchvision.write_text("loaded = True\n")
    assert shim.make_torchvision_importable() is False
    assert sys.modules["torchvision"].loaded and not shim._libraries


def test_another_failure_is_not_hidden(another_torchvision: Path) -> None:
    another_torchvision.write_text("raise RuntimeError('built for another planet')\n")
    with pytest.raises(RuntimeError, match="another planet"):
        shim.make_torchvision_importable()
    assert not shim._libraries


def test_none_at_all(another_torchvision: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "path", [str(another_torchvision.parent)])
    monkeypatch.setattr(sys, "meta_path", [m for m in sys.meta_path if "Path" in repr(m)])
    assert shim.make_torchvision_importable() is False
