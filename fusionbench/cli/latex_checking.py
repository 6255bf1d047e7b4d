"""``fusionbench latex-check``."""


def latex_check() -> None:
    """Placeholder."""
    raise SystemExit("not there yet")
