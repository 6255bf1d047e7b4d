"""The stages of a run: each a function from files to files that skips what is already done."""

from typing import Literal

Overwrite = Literal["never", "missing", "changed", "always"]
"""What to do again: nothing that exists; what is missing or failed; also what was made from
something else than now (the default); everything."""
WrittenColour = Literal["keep", "gray"]
"""What the fuse stage writes: fused luma under the visible chroma, or gray images."""


def is_done(there: bool, failed: bool, current: bool, overwrite: Overwrite) -> bool:
    """Whether a result can stay.

    Args:
        there: A result (or a recorded failure) exists.
        failed: It is a failure.
        current: It was made from what is there now.
        overwrite: The policy.
    """
    if not there or overwrite == "always":
        return False
    if overwrite == "never":
        return True
    return not failed and (current or overwrite == "missing")
