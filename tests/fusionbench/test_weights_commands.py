"""``fusionbench weights`` and ``fusionbench show``."""

from __future__ import annotations

import functools
import hashlib
import http.server
import json
import threading
from dataclasses import replace

import pytest

from fusionbench import weights
from fusionbench.files import user_cache
from fusionbench.weights import KnownWeights

DATA = b"not a network, but bytes with a checksum" * 100


@pytest.fixture
def known(tmp_path, monkeypatch):
    """One published weights file, ``tiny``, that a local server has."""
    folder = tmp_path / "served"
    folder.mkdir()
    (folder / "tiny.pth").write_bytes(DATA)
    handler = functools.partial(http.server.SimpleHTTPRequestHandler, directory=folder)
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    made = KnownWeights(
        "tiny.pth",
        len(DATA),
        hashlib.sha256(DATA).hexdigest(),
        "a shelf",
        "MIT",
        "https://x/y",
        name="tiny",
    )
    object.__setattr__(made, "url", f"http://127.0.0.1:{server.server_port}/tiny.pth")
    monkeypatch.setattr(weights, "published_weights", lambda: {"tiny": made})
    yield made
    server.shutdown()
    server.server_close()


def test_fetch_verifies_and_says_the_licence(cli, known) -> None:
    done = cli("weights", "fetch", "tiny")
    assert done.code == 0, done.err
    assert "licence: MIT" in done.err
    assert (user_cache("weights", "tiny", "tiny.pth")).read_bytes() == DATA
    assert weights.WeightsFinder().find(known)
    assert "is here already" in cli("weights", "fetch", "tiny").err


def test_nothing_is_downloaded_that_was_not_asked_for(known) -> None:
    assert weights.WeightsFinder().find(known) is None
    assert "fusionbench weights fetch tiny" in str(known.missing("m"))
    found = weights.WeightsFinder(download=True).find(known)
    assert found == user_cache("weights", "tiny", "tiny.pth")


def test_list_and_verify_say_what_is_here(cli, known, tmp_path) -> None:
    assert json.loads(cli("weights", "list", "--json").out)[0]["found"] == ""
    assert cli("weights", "verify").code == 1
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "renamed.bin").write_bytes(DATA)
    done = cli("weights", "verify", "--weights-dir", tmp_path / "mine")
    assert done.code == 0
    assert "renamed.bin" in done.out
    assert "tiny" in cli("weights", "list").out


def test_add_takes_the_right_file_only(cli, known, tmp_path) -> None:
    (tmp_path / "wrong.pth").write_bytes(DATA[1:])
    done = cli("weights", "add", "tiny", tmp_path / "wrong.pth")
    assert done.code == 2 and "is not tiny.pth" in done.err
    assert not user_cache("weights").exists()
    (tmp_path / "right.pth").write_bytes(DATA)
    assert cli("weights", "add", "tiny", tmp_path / "right.pth").code == 0
    assert weights.WeightsFinder().find(known)
    assert "no such file" in cli("weights", "add", "tiny", tmp_path / "none").err


def test_weights_without_a_url_say_how_to_get_them(cli, known, monkeypatch) -> None:
    by_hand = replace(known, url="")
    monkeypatch.setattr(weights, "published_weights", lambda: {"tiny": by_hand})
    done = cli("weights", "fetch", "tiny")
    assert done.code == 2 and "a shelf" in done.err


def test_unknown_weights_suggest_near_names(cli, known) -> None:
    assert "Did you mean tiny" in cli("weights", "fetch", "tinny").err


def test_the_real_list_is_valid(cli) -> None:
    items = json.loads(cli("weights", "list", "--json").out)
    assert len({item["sha256"] for item in items}) == len(items)


def test_show_prints_the_card_and_bibtex(cli) -> None:
    done = cli("show", "cmtfusion")
    assert done.code == 0
    assert "10.1109/TCSVT.2023.3289170" in done.out
    assert "464,521" in done.out
    assert "@article{park2023cmtfusion," in done.out
    assert "@" not in cli("show", "average").out
    assert "Did you mean" in cli("show", "cmtfuson").err
