"""Object detectors: one module each, discovered by the registry."""

from fusionbench.inventory import listing

listing(__name__)
