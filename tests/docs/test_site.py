"""The built site in a browser: every page opens, every link leads somewhere, search finds."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from functools import partial
from html.parser import HTMLParser
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urldefrag

import pytest

from tests.docs.conftest import DOCS, ROOT

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def site() -> Path:
    """The site as ``make docs`` builds it: a warning is an error, and nothing is fetched."""
    for package in ("sphinx", "furo", "myst_nb"):
        pytest.importorskip(package, reason=f"{package} is not installed (the extra `docs`)")
    out = DOCS / "_build" / "html"
    command = [sys.executable, "-m", "sphinx", "-W", "--keep-going", "-q", str(DOCS), str(out)]
    nowhere = dict.fromkeys(("http_proxy", "https_proxy"), "http://127.0.0.1:9")
    done = subprocess.run(
        command, cwd=ROOT, env={**os.environ, **nowhere}, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    return out


class _Page(HTMLParser):
    """The links and the anchors of a page."""

    def __init__(self, path: Path) -> None:
        super().__init__()
        self.links: list[str] = []
        self.anchors: set[str] = set()
        self.feed(path.read_text("utf-8"))

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        known = dict(attrs)
        self.links += [v for k in ("href", "src") if (v := known.get(k))]
        self.anchors |= {v for k in ("id", "name") if (v := known.get(k))}


def test_every_link_leads_somewhere(site: Path) -> None:
    pages = {path: _Page(path) for path in site.rglob("*.html")}
    assert len(pages) > 100
    broken = []
    for path, page in pages.items():
        for link in page.links:
            target, anchor = urldefrag(link)
            if target.startswith(("http:", "https:", "data:", "mailto:")):
                continue
            found = (path.parent / unquote(target.partition("?")[0])).resolve() if target else path
            if not found.exists():
                broken.append(f"{path.relative_to(site)}: {link}")
            elif anchor and found in pages and unquote(anchor) not in pages[found].anchors:
                broken.append(f"{path.relative_to(site)}: {link} (no such anchor)")
    assert broken == []


@pytest.fixture(scope="module")
def address(site: Path) -> Iterator[str]:
    class Quiet(SimpleHTTPRequestHandler):
        def log_message(self, *arguments: Any) -> None:
            """Nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=str(site)))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_address[1]}"
    server.shutdown()


def _open(browser: Any, scheme: str, wrong: list[str], address: str) -> Any:
    page = browser.new_page(viewport={"width": 1400, "height": 900}, color_scheme=scheme)
    page.on("pageerror", lambda error: wrong.append(f"{page.url}: {error}"))
    page.on(
        "response",
        lambda got: got.status >= 400 and "favicon" not in got.url and wrong.append(got.url),
    )
    page.on(
        "request",
        lambda sent: sent.url.startswith((address, "data:")) or wrong.append(f"fetched {sent.url}"),
    )
    return page


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_every_page_opens_and_fits(site: Path, browser: Any, address: str, scheme: str) -> None:
    wrong: list[str] = []
    page = _open(browser, scheme, wrong, address)
    for path in sorted(site.rglob("*.html")):
        page.goto(f"{address}/{path.relative_to(site).as_posix()}")
        for width in (1400, 700):
            page.set_viewport_size({"width": width, "height": 900})
            wide = page.evaluate("document.documentElement.scrollWidth")
            if wide > width:
                wrong.append(f"{path.name} is {wide} wide at {width}")
        missing = page.evaluate("[...document.images].filter(i => !i.naturalWidth).map(i => i.src)")
        wrong += [f"{path.name}: no image {source}" for source in missing]
        shown = page.evaluate("getComputedStyle(document.body).backgroundColor")
        level = int(shown.partition("(")[2].split(",")[0])
        if (level < 128) != (scheme == "dark"):
            wrong.append(f"{path.name}: background {shown} in {scheme}")
    page.close()
    assert wrong == []


@pytest.mark.parametrize(
    ("words", "found"),
    [("entropy", "generated/metrics/EN"), ("CMTFusion", "generated/methods/cmtfusion"),
     ("warm-up", "tutorials/timing"), ("게이트", "cmtfusion-ko")],
)  # fmt: skip
def test_search_finds(browser: Any, address: str, words: str, found: str) -> None:
    wrong: list[str] = []
    page = _open(browser, "light", wrong, address)
    page.goto(f"{address}/search.html?q={words}")
    page.wait_for_selector("#search-results li a")
    links = page.eval_on_selector_all("#search-results li a", "all => all.map(a => a.href)")
    page.close()
    assert any(found in link for link in links), links
    assert wrong == []
