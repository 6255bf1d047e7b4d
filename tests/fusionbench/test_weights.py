"""Published weights files: the list, finding them by checksum, and the errors."""

import re
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from fusionbench import KnownWeights, WeightsError, WeightsFinder
from fusionbench.files import sha256_of
from fusionbench.weights import (
    Original,
    find_published,
    known_weights,
    published_weights,
    read_registry,
    user_file,
)

PINNED = re.compile(
    r"https://raw\.githubusercontent\.com/[^/]+/[^/]+/[0-9a-f]{40}/.+"
    r"|https://github\.com/[^/]+/[^/]+/releases/download/v[^/]+/.+"
)
ENTRY = """
net:
  file: net.pth
  bytes: 12
  sha256: {sha}
  source: https://example.org/net
  licence: MIT
""".format(sha="ab" * 32)


def made(folder: Path, name: str, content: bytes) -> KnownWeights:
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    return KnownWeights(name, len(content), sha256_of(path), "https://example.org", "MIT")


def test_every_entry_can_be_fetched_or_says_what_it_was_made_from() -> None:
    known = published_weights()
    assert len(known) >= 16
    assert len({entry.sha256 for entry in known.values()}) == len(known)
    for name, entry in known.items():
        urls = [entry.url] if entry.url else [original.url for original in entry.converted_from]
        assert all(map(PINNED.fullmatch, urls)), name
        assert entry.source.startswith("https://github.com/") and entry.licence and entry.note
        if entry.origin == "authors":
            assert bool(entry.url) != bool(entry.converted_from) == bool(entry.conversion)


@pytest.mark.reference
def test_the_reference_files_are_those_of_the_list(shared: Callable[[str], Path]) -> None:
    finder = WeightsFinder([shared("weights"), shared("reference/cmtfusion")])
    absent = [name for name, entry in published_weights().items() if finder.find(entry) is None]
    assert absent == ["yolo11n", "yolov8n"]


def test_an_unknown_name_lists_the_known_ones() -> None:
    assert known_weights("sage").file == "checkpoints.pt"
    with pytest.raises(WeightsError, match=r"has no weights 'sagf'; it has: .*sage"):
        known_weights("sagf")


def test_an_entry() -> None:
    entry = read_registry(ENTRY)["net"]
    source = "https://example.org/net"
    assert entry == KnownWeights("net.pth", 12, "ab" * 32, source, "MIT", name="net")
    assert (entry.origin, entry.url, entry.converted_from) == ("authors", "", ())


@pytest.mark.parametrize(
    ("text", "told"),
    [
        (ENTRY.replace("12", "0"), "bytes is 0, expected a positive number"),
        (ENTRY.replace("12", "many"), "net.bytes"),
        (ENTRY.replace("ab", "AB"), "expected 64 hexadecimal digits"),
        (ENTRY.replace("licence: MIT", "license: MIT"), "net.license"),
        (ENTRY + "  url: http://example.org/net.pth", "expected https://"),
        (ENTRY + "  converted_from: [{file: a}]", "net.converted_from.0.sha256"),
        ("net: [", "is not YAML"),
        ("- net", "dict"),
    ],
)
def test_a_wrong_entry_is_named(text: str, told: str) -> None:
    with pytest.raises(WeightsError, match=r"^mine\.yaml") as caught:
        read_registry(text, "mine.yaml")
    assert told in str(caught.value)


def test_files_are_found_by_content_in_the_order_of_the_places(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    named, variable = tmp_path / "named", tmp_path / "variable"
    known = made(variable, "deep/inside/other-name.bin", b"same bytes")
    made(variable, "decoy", b"as many by")
    monkeypatch.setenv("FUSIONBENCH_WEIGHTS", str(variable))
    named.mkdir()
    assert WeightsFinder([named]).find(known) == variable / "deep/inside/other-name.bin"
    made(named, "copy", b"same bytes")
    assert WeightsFinder([named]).find(known) == named / "copy"
    assert WeightsFinder([named]).find(replace(known, sha256="0" * 64)) is None


def test_one_of_several_copies_is_enough(tmp_path: Path) -> None:
    there = made(tmp_path, "there", b"there")
    absent = replace(there, file="absent", sha256="1" * 64)
    found = find_published("net", [[absent, there]], WeightsFinder([tmp_path]))
    assert (found.path.name, found.sha256, found.more) == ("there", there.sha256, ())
    with pytest.raises(WeightsError, match=r"'net' needs absent .*1111"):
        find_published("net", [[absent]], WeightsFinder([tmp_path]))


def test_all_of_several_files_are_needed(tmp_path: Path) -> None:
    encoder, decoder = (made(tmp_path, name, name.encode()) for name in ("encoder", "decoder"))
    found = find_published("net", [[encoder], [decoder]], WeightsFinder([tmp_path]))
    assert (found.path.name, [p.name for p in found.more]) == ("encoder", ["decoder"])
    assert f"with decoder (sha256 {decoder.sha256[:12]})" in found.note
    (tmp_path / "decoder").unlink()
    with pytest.raises(WeightsError, match="needs decoder"):
        find_published("net", [[encoder], [decoder]], WeightsFinder([tmp_path]))


def test_a_missing_conversion_names_its_originals() -> None:
    original = Original("model.ckpt", 5, "2" * 64, "https://example.org/model.ckpt")
    known = KnownWeights("net.pth", 5, "3" * 64, "https://example.org", "MIT")
    converted = replace(known, converted_from=(original,), conversion="transposed")
    message = str(converted.missing("net"))
    assert "conversion of model.ckpt, published at https://example.org: transposed" in message


def test_a_users_file(tmp_path: Path) -> None:
    made(tmp_path, "mine.pth", b"mine")
    found = user_file("net", str(tmp_path / "mine.pth"))
    assert found.note == f"the user's file mine.pth, sha256 {found.sha256[:12]}"
    assert (found.origin, found.sha256) == ("file", sha256_of(tmp_path / "mine.pth"))
    with pytest.raises(WeightsError, match="--weights net=none: there is no such file"):
        user_file("net", "none")
