"""Downloads from a server that stalls, truncates, lies, redirects and serves the wrong bytes."""

from __future__ import annotations

import hashlib
import http.server
import io
import tarfile
import threading
import time
import zipfile
from collections.abc import Iterator

import pytest

from fusionbench import downloads
from fusionbench.downloads import DownloadError, Remote, download, unpack

DATA = bytes(range(256)) * 4096
SHA = hashlib.sha256(DATA).hexdigest()


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *arguments) -> None:
        pass

    def do_GET(self) -> None:
        self.server.asked.append((self.path, self.headers.get("Range")))
        getattr(self, "serve_" + self.path.strip("/").replace("-", "_"))()

    def send(self, body: bytes, *, status=200, length=None, headers=()) -> None:
        self.send_response(status)
        for key, value in headers:
            self.send_header(key, value)
        self.send_header("Content-Length", str(len(body) if length is None else length))
        self.send_header("Connection", "close")
        self.end_headers()
        self.wfile.write(body)
        self.wfile.flush()
        self.close_connection = True

    def ranged(self, limit: int | None = None) -> None:
        start = int((self.headers.get("Range") or "bytes=0-")[6:-1])
        body = DATA[start:]
        headers = [("Content-Range", f"bytes {start}-{len(DATA) - 1}/{len(DATA)}")]
        status = 206 if start else 200
        self.send(body[:limit], status=status, length=len(body), headers=headers)

    def serve_good(self) -> None:
        self.ranged()

    def serve_breaks(self) -> None:
        self.ranged(limit=400_000)

    def serve_no_ranges(self) -> None:
        self.send(DATA)

    def serve_stalls(self) -> None:
        self.send(DATA[:1000], length=len(DATA))
        time.sleep(1.5)

    def serve_trickles(self) -> None:
        self.send(DATA[:1], length=len(DATA))
        for at in range(1, 200):
            try:
                self.wfile.write(DATA[at : at + 1])
                self.wfile.flush()
            except OSError:
                return
            time.sleep(0.02)

    def serve_not_a_length(self) -> None:
        self.send(DATA, length="many")

    def serve_416(self) -> None:
        if self.headers.get("Range"):
            self.send(b"", status=416)
        else:
            self.send(DATA)

    def serve_wrong(self) -> None:
        self.send(DATA[::-1])

    def serve_long(self) -> None:
        self.send(DATA + b"more")

    def serve_lies(self) -> None:
        self.send(DATA[:5000], length=5000)

    def serve_gone(self) -> None:
        self.send(b"not here", status=404)

    def serve_moved(self) -> None:
        self.send(b"", status=302, headers=[("Location", "/good")])

    def serve_round(self) -> None:
        self.send(b"", status=302, headers=[("Location", "/round")])

    def serve_file_url(self) -> None:
        self.send(b"", status=302, headers=[("Location", "ftp://somewhere/file")])


@pytest.fixture
def server() -> Iterator[http.server.ThreadingHTTPServer]:
    served = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    served.asked = []
    served.daemon_threads = True
    threading.Thread(target=served.serve_forever, daemon=True).start()
    yield served
    served.shutdown()
    served.server_close()


@pytest.fixture
def fetch(server, tmp_path):
    def run(*paths: str, size: int | None = len(DATA), **options):
        base = f"http://127.0.0.1:{server.server_port}/"
        remote = Remote("file.bin", tuple(base + p for p in paths), size, SHA)
        return download(remote, tmp_path / "in", timeout=0.5, **options)

    return run


def test_a_good_file_arrives_and_is_not_asked_for_twice(fetch, server) -> None:
    counted = []
    path = fetch("good", advance=counted.append)
    assert path.read_bytes() == DATA
    assert sum(counted) == len(DATA)
    assert fetch("good") == path
    assert len(server.asked) == 1
    assert [p.name for p in path.parent.iterdir()] == ["file.bin"]


def test_a_broken_off_download_goes_on_where_it_stopped(fetch, server) -> None:
    assert fetch("breaks").read_bytes() == DATA
    starts = [int(r[6:-1]) for _, r in server.asked if r]
    assert starts == [400_000, 800_000]


def test_a_partial_file_of_an_earlier_call_is_used(fetch, server, tmp_path) -> None:
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "file.bin.part").write_bytes(DATA[:12345])
    assert fetch("good").read_bytes() == DATA
    assert server.asked == [("/good", "bytes=12345-")]


def test_a_server_without_ranges_starts_over(fetch, tmp_path) -> None:
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "file.bin.part").write_bytes(b"x" * 500)
    assert fetch("no-ranges").read_bytes() == DATA


def test_a_spoiled_partial_file_is_thrown_away(fetch, tmp_path) -> None:
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "file.bin.part").write_bytes(b"x" * 500)
    with pytest.raises(DownloadError, match="sha256"):
        fetch("good")
    assert fetch("good").read_bytes() == DATA


def test_redirects_are_followed(fetch) -> None:
    assert fetch("moved").read_bytes() == DATA


@pytest.mark.parametrize(("path", "reason"), [
    ("wrong", "sha256"),
    ("long", "more than the expected"),
    ("lies", "expected 1,048,576"),
    ("gone", "HTTP 404"),
    ("round", "HTTP 302"),
    ("file-url", "not followed"),
    ("stalls", "stalled"),
])  # fmt: skip
def test_a_bad_mirror_is_named_and_the_next_one_used(fetch, path, reason) -> None:
    with pytest.raises(DownloadError, match=reason):
        fetch(path, tries=1)
    assert fetch(path, "good", tries=1).read_bytes() == DATA


def test_a_lie_about_length_is_caught_by_the_checksum_alone(fetch) -> None:
    with pytest.raises(DownloadError, match="sha256"):
        fetch("lies", size=None)


def test_no_server_is_said(tmp_path) -> None:
    remote = Remote("file.bin", ("http://127.0.0.1:9/x",), None, SHA)
    with pytest.raises(DownloadError, match="refused"):
        download(remote, tmp_path)
    assert not (tmp_path / "file.bin").exists()


def test_md5_where_nothing_better_is_known(fetch, server, tmp_path) -> None:
    url = f"http://127.0.0.1:{server.server_port}/good"
    remote = Remote("file.bin", (url,), md5=hashlib.md5(DATA).hexdigest())
    assert download(remote, tmp_path).read_bytes() == DATA
    with pytest.raises(ValueError, match="no checksum"):
        download(Remote("file.bin", (url,)), tmp_path)


def zipped(path, names) -> None:
    with zipfile.ZipFile(path, "w") as archive:
        for name in names:
            archive.writestr(name, "text")


def tarred(path, names, link=False) -> None:
    with tarfile.open(path, "w:gz") as archive:
        for name in names:
            info = tarfile.TarInfo(name)
            info.size = 4
            archive.addfile(info, io.BytesIO(b"text"))
        if link:
            info = tarfile.TarInfo("link")
            info.type, info.linkname = tarfile.SYMTYPE, "/etc/passwd"
            archive.addfile(info)


@pytest.mark.parametrize("pack", [zipped, tarred])
def test_an_archive_unpacks_into_its_folder(pack, tmp_path) -> None:
    pack(tmp_path / "a", ["data/ir/1.png", "data/vi/1.png"])
    unpack(tmp_path / "a", tmp_path / "out")
    assert (tmp_path / "out" / "data" / "ir" / "1.png").read_text() == "text"
    assert [p.name for p in (tmp_path / "out").iterdir()] == ["data"]


@pytest.mark.parametrize("pack", [zipped, tarred])
@pytest.mark.parametrize("name", ["../evil", "a/../../evil", "/evil", "..\\evil", "C:/evil"])
def test_a_member_outside_the_folder_is_refused(pack, name, tmp_path) -> None:
    pack(tmp_path / "a", ["fine", name])
    with pytest.raises(DownloadError, match="outside its folder"):
        unpack(tmp_path / "a", tmp_path / "out")
    assert not list((tmp_path / "out").iterdir())
    assert not (tmp_path / "evil").exists()


def test_links_are_refused(tmp_path) -> None:
    tarred(tmp_path / "a", ["fine"], link=True)
    with pytest.raises(DownloadError, match="links"):
        unpack(tmp_path / "a", tmp_path / "out")
    assert not list((tmp_path / "out").iterdir())


def test_what_is_no_archive_is_refused(tmp_path) -> None:
    (tmp_path / "a").write_bytes(b"neither")
    with pytest.raises(DownloadError, match="neither a zip nor a tar"):
        unpack(tmp_path / "a", tmp_path / "out")


def test_a_trickle_is_no_download(fetch, monkeypatch) -> None:
    monkeypatch.setattr(downloads, "WINDOW", 0.2)
    with pytest.raises(DownloadError, match=r"trickles: sends only .* bytes a second"):
        fetch("trickles")
    assert fetch("trickles", "good").read_bytes() == DATA


def test_a_length_that_is_no_number_is_not_believed(fetch) -> None:
    assert fetch("not-a-length").read_bytes() == DATA


def test_without_a_size_a_download_is_bounded(fetch, monkeypatch) -> None:
    monkeypatch.setattr(downloads, "MOST_BYTES", 1000)
    with pytest.raises(DownloadError, match="more than the expected 1,000 bytes"):
        fetch("good", size=None)


def test_a_whole_part_of_unknown_size_is_the_file(fetch, tmp_path) -> None:
    part = tmp_path / "in" / "file.bin.part"
    part.parent.mkdir(exist_ok=True)
    part.write_bytes(DATA)
    assert fetch("416", size=None).read_bytes() == DATA
    (part.parent / "file.bin").unlink()
    part.write_bytes(DATA + b"spoiled")
    assert fetch("416", size=None).read_bytes() == DATA


def test_an_archive_that_grows_beyond_measure_is_refused(tmp_path, monkeypatch) -> None:
    monkeypatch.setattr(downloads, "ANYWAY", 1000)
    with zipfile.ZipFile(tmp_path / "bomb.zip", "w", zipfile.ZIP_DEFLATED) as packed:
        packed.writestr("zeros", bytes(10_000_000))
    with tarfile.open(tmp_path / "bomb.tar.xz", "w:xz") as packed:
        member = tarfile.TarInfo("zeros")
        member.size = 10_000_000
        packed.addfile(member, io.BytesIO(bytes(10_000_000)))
    for name in ("bomb.zip", "bomb.tar.xz"):
        with pytest.raises(DownloadError, match="would unpack to more than"):
            unpack(tmp_path / name, tmp_path / "out")
        assert list((tmp_path / "out").iterdir()) == []
    monkeypatch.setattr(downloads, "MOST_FILES", 3)
    zipped(tmp_path / "many.zip", [f"f{n}" for n in range(5)])
    with pytest.raises(DownloadError, match="or 3 files"):
        unpack(tmp_path / "many.zip", tmp_path / "out")


def test_a_damaged_archive_is_one_plain_error(tmp_path) -> None:
    path = tmp_path / "a.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as packed:
        packed.writestr("x", bytes(range(256)) * 100)
    data = bytearray(path.read_bytes())
    data[40:60] = bytes(20)
    path.write_bytes(data)
    with pytest.raises(DownloadError, match="cannot be unpacked"):
        unpack(path, tmp_path / "out")
    data[6] |= 1  # says that it is encrypted
    path.write_bytes(data)
    with pytest.raises(DownloadError, match="cannot be unpacked"):
        unpack(path, tmp_path / "out")
