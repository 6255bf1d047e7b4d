"""Fusion methods, one module or folder each; every module here is discovered and registered."""
