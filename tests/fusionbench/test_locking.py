"""One process on a run's folder; and what the operating system refuses, in one line."""

from __future__ import annotations

import errno
import os
import subprocess
import sys
import textwrap
import time
from pathlib import Path

import pytest

from fusionbench import files
from fusionbench.errors import FusionBenchError, in_words
from fusionbench.locking import hold, release_all

HOLDING = """
import sys, time
from pathlib import Path
from fusionbench.locking import hold
sys.argv = ["fusionbench", "run", "--out", "x"]
hold(Path({root!r}))
print("held", flush=True)
time.sleep({seconds})
"""


@pytest.fixture
def holder(tmp_path: Path):
    """``holder(seconds)``: a process that holds ``tmp_path / "run"``."""
    started = []

    def start(seconds: float) -> subprocess.Popen[str]:
        code = HOLDING.format(root=str(tmp_path / "run"), seconds=seconds)
        process = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True)
        started.append(process)
        assert process.stdout is not None and process.stdout.readline() == "held\n"
        return process

    yield start
    for process in started:
        process.kill()
        process.wait()
        process.stdout.close()
    release_all()


def test_the_second_process_says_who_holds_the_folder(cli, holder, tmp_path: Path) -> None:
    process = holder(60)
    command = ("run", "--methods", "average", "--metrics", "EN", "--limit", 1)
    done = cli(*command, "--out", tmp_path / "run", "--no-figures", "--no-html")
    assert done.code == 2
    assert f"process {process.pid} on" in done.err and "`fusionbench run --out x`" in done.err
    assert "--wait" in done.err and not (tmp_path / "run" / "manifest.json").exists()
    process.kill()
    process.wait()
    hold(tmp_path / "run")  # the lock of a killed process does not stay
    hold(tmp_path / "run")  # and is this process's own


def test_waiting_until_the_folder_is_free(cli, holder, tmp_path: Path) -> None:
    holder(2)
    command = ("run", "--methods", "average", "--metrics", "EN", "--limit", 1, "--wait")
    done = cli(*command, "--out", tmp_path / "run", "--no-figures", "--no-html")
    assert done.code == 0 and "waiting for process" in done.err
    assert not (tmp_path / "run" / ".lock.json").exists()


def test_a_full_disk_stops_the_run_and_costs_no_cell(cli, pair_folders, tmp_path, monkeypatch):
    folder, run = pair_folders(3), tmp_path / "run"
    command = ("run", "--methods", "average", "--ir", folder / "ir", "--vis", folder / "vi")
    command += ("--metrics", "EN", "--out", run, "--no-figures", "--no-html")
    write = Path.write_bytes

    def full(path: Path, data: bytes) -> int:
        if path.suffix == ".png" and path.name.startswith(files.TEMPORARY):
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(path))
        return write(path, data)

    with monkeypatch.context() as patched:
        patched.setattr(Path, "write_bytes", full)
        done = cli(*command)
    assert done.code == 2 and "No space left" in done.err and "free some space" in done.err
    assert "unexpected" not in done.err
    rows = run / "fused" / "custom" / "average.jsonl"
    assert not rows.exists() or rows.read_text() == ""
    assert cli(*command).code == 0


READ_ONLY = [
    ("run", "--methods", "average", "--limit", "1", "--metrics", "EN", "--out", "{there}/run"),
    ("fuse", "--methods", "average", "--limit", "1", "--out", "{there}/run"),
    ("data", "inspect", "sample", "--out", "{there}/sheet.png"),
    ("publish", "{run}", "{there}/published"),
    ("compare", "{run}", "{run}", "--out", "{there}/compared"),
]


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Path:
    run = tmp_path_factory.mktemp("finished") / "run"
    command = ["run", "--methods", "average", "--limit", "2", "--metrics", "EN", "--out", str(run)]
    code = "import sys\nfrom fusionbench.cli import main\nmain()"
    done = subprocess.run([sys.executable, "-c", code, *command], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return run


@pytest.mark.parametrize("command", READ_ONLY, ids=lambda command: command[0])
def test_a_place_that_cannot_be_written_is_one_plain_line(
    cli, tmp_path: Path, finished: Path, command
) -> None:
    """A file stands where a folder is needed: even the superuser cannot write below it."""
    (tmp_path / "file").write_text("")
    there = tmp_path / "file"
    done = cli(*(part.format(there=there, run=finished) for part in command))
    assert done.code == 2, done.err
    assert str(there) in done.err
    assert "unexpected" not in done.err and "Traceback" not in done.err


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EACCES, errno.EROFS, errno.ELOOP])
def test_errors_of_the_system_say_where_and_what_to_do(number: int) -> None:
    text = in_words(OSError(number, os.strerror(number), "/some/where"))
    assert text.startswith("/some/where: ") and ";" in text and "\n" not in text


def test_a_reader_that_goes_away_ends_it_quietly() -> None:
    code = textwrap.dedent(
        """
        import sys
        sys.argv = ["fusionbench", "list", "metrics", "--json"]
        from fusionbench.cli import main
        main()
        """
    )
    process = subprocess.Popen(
        [sys.executable, "-c", code], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    assert process.stdout is not None and process.stderr is not None
    process.stdout.readline()
    process.stdout.close()
    assert process.stderr.read() == ""
    process.stderr.close()
    process.wait(60)


def test_holding_without_waiting_raises(holder, tmp_path: Path) -> None:
    holder(30)
    begun = time.monotonic()
    with pytest.raises(FusionBenchError, match="is being worked on by process"):
        hold(tmp_path / "run")
    assert time.monotonic() - begun < 20  # at once, not after the other has ended
