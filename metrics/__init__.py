"""Fusion quality metrics, one module per family; every public function here is a metric plug-in."""
