"""Names that figures still use."""

from fusionbench.profiling.results import (  # noqa: F401
    Block,
    Profile,
    macs_of,
    memory_of,
    parameters_of,
    time_of,
)
