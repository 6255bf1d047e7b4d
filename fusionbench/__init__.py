"""fusionbench: benchmark and evaluation suite for infrared/visible image fusion.

The names below are the public API. They are imported at first use, so that ``import fusionbench``
(and with it ``fusionbench --help``) costs nothing.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from fusionbench.boxes import Detections
    from fusionbench.cards import DetectorCard, MethodCard, MetricCard
    from fusionbench.checkpoints import load_weights, read_weights
    from fusionbench.errors import DataError, FusionBenchError, UnknownNameError, WeightsError
    from fusionbench.plugins import Detector, Method, Setting, detector, method, metric
    from fusionbench.sources import Plane, Sources, Triple
    from fusionbench.weights import KnownWeights, Weights, WeightsFinder

__version__ = "0.1.0"

_HOMES = {
    "cards": ("DetectorCard", "MethodCard", "MetricCard"),
    "checkpoints": ("load_weights", "read_weights"),
    "boxes": ("Detections",),
    "errors": ("DataError", "FusionBenchError", "UnknownNameError", "WeightsError"),
    "plugins": ("Detector", "Method", "Setting", "detector", "method", "metric"),
    "sources": ("Plane", "Sources", "Triple"),
    "weights": ("KnownWeights", "Weights", "WeightsFinder"),
}
_HOME_OF = {name: home for home, names in _HOMES.items() for name in names}

__all__ = [
    "DataError",
    "Detections",
    "Detector",
    "DetectorCard",
    "FusionBenchError",
    "KnownWeights",
    "Method",
    "MethodCard",
    "MetricCard",
    "Plane",
    "Setting",
    "Sources",
    "Triple",
    "UnknownNameError",
    "Weights",
    "WeightsError",
    "WeightsFinder",
    "detector",
    "load_weights",
    "method",
    "metric",
    "read_weights",
]


def __getattr__(name: str) -> Any:
    if name not in _HOME_OF:
        raise AttributeError(f"module 'fusionbench' has no attribute '{name}'")
    value = getattr(importlib.import_module(f"fusionbench.{_HOME_OF[name]}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted([*globals(), *__all__])
