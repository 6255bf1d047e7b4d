"""Training of CMTFusion: what ``fusionbench train cmtfusion`` runs.

The output folder gets ``checkpoint.pt`` (everything a killed run needs to go on: give the same
command again), ``train.csv`` and ``validation.csv`` (losses), ``losses.png``, ``samples/*.png``
and, at the end, ``weights.safetensors`` with its card ``weights.json``.
"""
