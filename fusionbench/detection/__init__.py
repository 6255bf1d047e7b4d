"""Detection on fused images: average precision, intervals, finetuning."""

from typing import Literal

Protocol = Literal["frozen", "finetuned"]
"""A detector is tested as it is; or trained on every method's images of some pairs, and tested on
the others."""
