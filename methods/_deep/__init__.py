"""What the wrappers of published networks share: loading, blocks, colour and saving."""

from .wrapper import DeepMethod

__all__ = ["DeepMethod"]
