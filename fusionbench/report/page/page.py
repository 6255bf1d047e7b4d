"""``report.html``: style, script, data and previews put into one file.

The page holds every table of the run as the other formats show it, the value of every pair, the
comparison of every two methods, previews of the images within a budget of bytes, boxes where
detectors found them, and the manifest. What it holds depends on the run's files alone: the same run
gives the same bytes.
"""

from __future__ import annotations

import base64
import hashlib
import html
import json
import zlib
from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Any

from fusionbench.files import write_text
from fusionbench.report.page.data import Parts, page_data
from fusionbench.report.page.previews import Preview, previews
from fusionbench.results import Results
from fusionbench.tables.style import PLAIN, TableStyle

BUDGET = 16_000_000
"""Bytes of the page that previews of images may take."""
SCRIPTS = (
    *("core.js", "views.js", "table.js", "board.js", "ranks.js", "cost.js"),
    *("strip.js", "pairs.js", "stage.js", "compare.js", "detection.js", "about.js", "main.js"),
)
POLICY = (
    "default-src 'none'; script-src 'sha256-{script}'; style-src 'sha256-{style}'; "
    "img-src 'self' data:; base-uri 'none'; form-action 'none'"
)


def write_html(
    results: Results,
    parts: Parts | None = None,
    style: TableStyle = PLAIN,
    *,
    budget: int = BUDGET,
) -> list[Path]:
    """Write ``report.html`` into a run's folder.

    Fused images are shown from the run's folder where the page lies beside them; previews inside
    the page stand in for them elsewhere, and for source images, which lie outside the run.

    Args:
        results: Of a run that has been scored, wholly or in part.
        parts: Its ranks, comparisons, evaluations and profile, where they have been read.
        style: How tables look; see :func:`fusionbench.report.page.data.page_data`.
        budget: Bytes of the page that previews of images may take, shared by the data sets in
            proportion to their pairs; 0 leaves all previews out.

    Returns:
        The one file that was written.
    """
    run = results.run
    pairs = sum(len(dataset.pairs) for dataset in run.manifest.datasets)
    images = [
        previews(run, dataset, results.every, budget * len(dataset.pairs) // max(pairs, 1))
        for dataset in run.manifest.datasets
    ]
    path = run.root / "report.html"
    data = page_data(results, images, parts or Parts.read(results), style)
    write_text(path, render(data, images))
    return [path]


def render(data: Mapping[str, Any], images: Sequence[Sequence[Preview]]) -> str:
    """The HTML text.

    Args:
        data: What :func:`fusionbench.report.page.data.page_data` gives.
        images: Previews, by data set and pair.
    """
    style, script = _asset("page.css"), "".join(map(_asset, SCRIPTS))
    parts = {
        "title": html.escape(data["title"]),
        "policy": POLICY.format(script=_hash(script), style=_hash(style)),
        "style": f"<style>{style}</style>",
        "script": f"<script>{script}</script>",
        "data": f'<script type="text/plain" id="data">{packed(data)}</script>',
        "images": "\n".join(_image_scripts(images)),
    }
    text = _asset("page.html")
    for name, part in parts.items():
        text = text.replace(f"<!--{name}-->", part)
    return text


def packed(data: Mapping[str, Any]) -> str:
    """JSON, deflated (zlib format), in base64."""
    text = json.dumps(data, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
    return base64.b64encode(zlib.compress(text.encode(), 9)).decode()


def _image_scripts(images: Sequence[Sequence[Preview]]) -> Iterator[str]:
    """One block for each pair that has previews: ``small;large``, views separated by commas."""
    for d, pairs in enumerate(images):
        for p, preview in enumerate(pairs):
            if preview.small:
                text = f"{_listed(preview.small)};{_listed(preview.large)}"
                yield f'<script type="text/plain" id="images-{d}-{p}">{text}</script>'


def _listed(views: Mapping[int, str]) -> str:
    return ",".join(views.get(view, "") for view in range(max(views, default=-1) + 1))


@cache
def _asset(name: str) -> str:
    return files(__package__).joinpath(name).read_text(encoding="utf-8")


def _hash(text: str) -> str:
    return base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
