"""Names that figures still use."""

from fusionbench.manifest import MethodRecord
from fusionbench.results import (  # noqa: F401
    Board,
    Result,
    Results,
    conventions,
    counted,
    full_name,
    said_of,
)
from fusionbench.results import sources_first as anchors_first  # noqa: F401
from fusionbench.runs import Run


def is_anchor(method: MethodRecord) -> bool:
    """Whether it is a source."""
    return method.is_source


def collect(run: Run) -> list[Result]:
    """The results."""
    return list(Results.read(run).every)


def boards(run: Run, results: list[Result]) -> list[Board]:
    """The boards."""
    return Results(run, tuple(results)).boards()
