"""Ranks, intervals and tests over the pairs of a run."""
