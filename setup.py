"""Finds the packages: those of the engine, and those at the top that are installed inside it."""

from setuptools import find_namespace_packages, setup


def found(top: str) -> list[str]:
    """The package at the top and everything below it, folders of data too."""
    return find_namespace_packages(include=[top, f"{top}.*"], exclude=["*.__pycache__"])


inside = [name for top in ("methods", "metrics", "configs") for name in found(top)]
setup(packages=[*found("fusionbench"), *(f"fusionbench.{name}" for name in inside)])
