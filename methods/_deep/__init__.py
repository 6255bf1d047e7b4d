"""What the wrappers of published networks share: loading, blocks, colour and saving."""

from .wrapper import DeepMethod, SignedMethod

__all__ = ["DeepMethod", "SignedMethod"]
