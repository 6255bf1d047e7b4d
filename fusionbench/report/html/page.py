"""The page: style, script, data and previews put into one HTML file."""

from __future__ import annotations

import base64
import hashlib
import html
import json
import zlib
from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from importlib.resources import files
from typing import Any

from fusionbench.report.html.thumbnails import Preview

SCRIPTS = (
    "core.js",
    "views.js",
    "board.js",
    "strip.js",
    "pairs.js",
    "stage.js",
    "compare.js",
    "cost.js",
    "about.js",
    "main.js",
)
POLICY = (
    "default-src 'none'; script-src 'sha256-{script}'; style-src 'sha256-{style}'; "
    "img-src 'self' data:; base-uri 'none'; form-action 'none'"
)


def render(data: Mapping[str, Any], images: Sequence[Sequence[Preview]]) -> str:
    """The HTML text.

    Args:
        data: What :func:`fusionbench.report.html.data.page_data` gives.
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
