"""Time, FLOPs and memory of methods."""
