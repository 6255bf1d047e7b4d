"""Fusion quality metrics, one module per family; every public function here is a metric plug-in."""

from fusionbench.inventory import listing

listing(__name__)
