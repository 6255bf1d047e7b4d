"""Object detectors: one module each, discovered by the registry."""
