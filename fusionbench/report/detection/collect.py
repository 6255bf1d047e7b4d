"""Names that figures still use."""

from fusionbench.detection.results import DetectionBoard, DetectionResult  # noqa: F401
