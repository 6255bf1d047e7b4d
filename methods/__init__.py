"""Fusion methods, one module or folder each; every module here is discovered and registered."""

from fusionbench.inventory import listing

listing(__name__)
