"""The command line. Commands import what they need when they run, so that ``--help`` is quick."""

from __future__ import annotations

import os
import re
import sys
from typing import Annotated

import typer

from fusionbench.cli import (
    data,
    detecting,
    examining,
    listing,
    profiling,
    reporting,
    running,
    training,
    weights,
)

app = typer.Typer(
    name="fusionbench",
    help="Benchmark and evaluation suite for infrared/visible image fusion.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)
app.command("run")(running.run)
app.command("fuse")(running.fuse)
app.command("score")(running.score)
app.command("report")(reporting.report)
app.command("detect")(detecting.detect)
app.command("profile")(profiling.profile)
app.command("suite")(running.suite)
app.command("compare")(examining.compare)
app.command("identify")(examining.identify)
app.command("latex-check")(examining.latex_check)
app.command("check")(examining.check)
app.command("new")(examining.new)
app.command("publish")(reporting.publish)
app.command("train", context_settings=training.CONTEXT)(training.train)
app.command("show")(listing.show)
app.add_typer(listing.app, name="list")
app.add_typer(data.app, name="data")
app.add_typer(weights.app, name="weights")

STOPPED = 130
"""Typer's exit code for Ctrl-C."""


def _version(wanted: bool) -> None:
    if wanted:
        from fusionbench import __version__, console

        console.plain(f"fusionbench {__version__}")
        raise typer.Exit


@app.callback()
def _common(
    debug: Annotated[bool, typer.Option(help="Show tracebacks and debug messages.")] = False,
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Show the version.")
    ] = False,
) -> None:
    from fusionbench import console

    console.log_to_terminal(debug)


def _not_text(error: UnicodeEncodeError) -> str:
    """What is said of a file or folder whose name is no text: bytes that are not UTF-8."""
    before, after = error.object[: error.start], error.object[error.start :]
    name = re.split(r"[\"'\n]", before)[-1] + re.split(r"[\"'\n]", after)[0]
    return (
        f"{name}: this name is not UTF-8, so no table can hold it; expected names that are text. "
        "Rename the file or folder (`convmv -f latin1 -t utf8 --notest` does many), and run again"
    )


def main() -> None:
    """Run the command line: exit code 0 done, 1 done with failed cells, 2 not done, 130 Ctrl-C."""
    from fusionbench import console, locking
    from fusionbench.errors import FusionBenchError, in_words

    console.never_fail()
    try:
        sys.exit(_run())
    except BrokenPipeError:  # what reads the output, such as `head`, has gone
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(0)
    except KeyboardInterrupt:
        console.note(
            "stopped: every image and row that was finished is kept; "
            "the same command goes on from there"
        )
        sys.exit(130)
    except FusionBenchError as error:
        if "--debug" in sys.argv:
            raise
        console.error(str(error))
        sys.exit(2)
    except OSError as error:
        if "--debug" in sys.argv or error.errno is None:
            raise
        console.error(in_words(error))
        sys.exit(2)
    except Exception as error:
        if "--debug" in sys.argv:
            raise
        if (
            isinstance(error, UnicodeEncodeError)
            and "\ud800" <= error.object[error.start] < "\ue000"
        ):
            console.error(_not_text(error))
            sys.exit(2)
        console.error(f"unexpected {type(error).__name__}: {error}")
        console.note("Run `fusionbench --debug ...` for the traceback; please report it.")
        sys.exit(2)
    finally:
        locking.release_all()


def _run() -> int:
    """The exit code of the command; typer would say nothing of Ctrl-C, or a word of its own.

    Raises:
        KeyboardInterrupt: Ctrl-C.
    """
    try:
        code = app(standalone_mode=False, prog_name="fusionbench")
    except Exception as error:
        stopped = isinstance(error.__cause__, KeyboardInterrupt)
        if stopped or not hasattr(error, "exit_code") or not hasattr(error, "show"):
            raise (KeyboardInterrupt if stopped else error) from error.__cause__
        error.show()  # a wrong option: its usage, and what was expected
        return int(error.exit_code)
    if code == STOPPED:
        raise KeyboardInterrupt
    return code if isinstance(code, int) else 0
