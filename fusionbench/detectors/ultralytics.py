"""Any YOLO detector that the ultralytics package loads (AGPL-3.0, an optional extra).

Its checkpoints are pickles, and unpickling can run code. Only files whose checksum is known, or
which the user named by their path, are opened; and ultralytics 8.4 and newer is told to rebuild
known classes only. Do not name a file that you do not trust.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from fusionbench import Detections, WeightsError, detector, plainly

from ._suppression import suppress, without_suppression
from ._weights import FileDetector

if TYPE_CHECKING:
    from torch import Tensor

    from fusionbench import U8, Thresholds, Truths

SIZE = 640


@detector(
    "ultralytics",
    title="Ultralytics YOLO",
    licence="AGPL-3.0",
    paper="Ultralytics YOLO",
    authors="Glenn Jocher, Jing Qiu, Ayush Chaurasia",
    year=2023,
    venue="https://github.com/ultralytics/ultralytics",
    requires="yolo",
)
class Ultralytics(FileDetector):
    """A detector of the YOLO family, on images letterboxed to 640 pixels as the package does.

    As in the package's own validation, a box may count for more than one class. Suppression is
    ours: the package's ends after a time limit, and then drops images without an error.
    """

    published: ClassVar[dict[str, str]] = {
        "yolov8n": "YOLOv8n",
        "yolo11n": "YOLO11n",
        "yolov8n-int8": "YOLOv8n (8-bit copy)",
    }

    trainable: ClassVar[bool] = True

    @property
    def package(self) -> str:
        """Ultralytics and its version."""
        from ._yolo import with_torchvision

        return f"ultralytics {with_torchvision().__version__}"

    def train(
        self,
        images: Sequence[Path],
        truths: Sequence[Truths],
        classes: Sequence[str],
        folder: Path,
        schedule: Mapping[str, int],
    ) -> Path:
        """Train from this checkpoint; see :meth:`fusionbench.Detector.train`."""
        from ._yolo import train_yolo, write_yolo_folder

        data = write_yolo_folder(folder / "data", images, truths, classes)
        return train_yolo(data, self.weights().path, folder, schedule, self.setting.device)

    @property
    def classes(self) -> tuple[str, ...]:
        """The names that the checkpoint holds."""
        return tuple(self._names)

    def load(self) -> None:
        """Read the checkpoint and move the network to the device.

        Raises:
            FusionBenchError: ultralytics is not installed.
            WeightsError: The file is not a checkpoint of a YOLO detector.
        """
        from ._yolo import yolo_package

        path, package = self.found.path, yolo_package()
        try:
            yolo = package.YOLO(path)
            network, names = yolo.model.fuse().float().eval(), yolo.names
        except Exception as error:
            raise WeightsError(
                f"{path} could not be read by ultralytics: {plainly(error)}"
            ) from error
        if yolo.task != "detect" or "RTDETR" in type(network).__name__:
            raise WeightsError(
                f"{path} holds a {type(network).__name__} for the task '{yolo.task}'; expected a "
                "YOLO for the task 'detect'"
            )
        self._names: list[str] = [names[number] for number in sorted(names)]
        self._network: Any = network.to(self.setting.device).requires_grad_(False)

    def detect(self, images: Sequence[U8], thresholds: Thresholds) -> list[Detections]:
        """Find objects; see :meth:`fusionbench.Detector.detect`."""
        import torch

        if not images:
            return []
        batch = self._letterboxed(images)
        with torch.inference_mode():
            raw = self._network(batch)
        raw = (raw[0] if isinstance(raw, (tuple, list)) else raw).float()
        size, shape = tuple(batch.shape[2:]), images[0].shape
        return [self._detections(each, size, shape, thresholds) for each in raw]

    def _letterboxed(self, images: Sequence[U8]) -> Tensor:
        """B×3×H×W in [0, 1]: scaled to 640, sides padded to a multiple of the stride."""
        import torch
        from ultralytics.data.augment import LetterBox

        stride = int(self._network.stride.max())
        box = LetterBox(new_shape=(SIZE, SIZE), auto=True, stride=stride)
        stacked = torch.from_numpy(np.stack([box(image=image) for image in images]))
        moved: Tensor = stacked.to(self.setting.device).permute(0, 3, 1, 2).contiguous().float()
        return moved / 255

    def _detections(
        self, raw: Tensor, size: tuple[int, ...], shape: tuple[int, ...], thresholds: Thresholds
    ) -> Detections:
        """Boxes in the image's pixels from (4 + classes)×N, or from N×6 without suppression."""
        from ultralytics.utils import ops

        one_each = raw.shape[-1] == 6
        if one_each:
            boxes, scores, numbers = raw[:, :4], raw[:, 4], raw[:, 5]
        else:
            numbers, at = (raw[4:] >= thresholds.score).nonzero(as_tuple=True)
            boxes, scores = ops.xywh2xyxy(raw[:4, at].T), raw[4 + numbers, at]
        keep = without_suppression if one_each else suppress
        found = (boxes.cpu().numpy(), scores.cpu().numpy(), numbers.long().cpu().numpy())
        kept = keep(*found, thresholds)
        scaled = ops.scale_boxes(size, kept.boxes.copy(), shape)
        return Detections(scaled, kept.scores, kept.classes)
