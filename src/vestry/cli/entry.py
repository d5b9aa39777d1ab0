"""Where the command starts: errors become lines and exit codes, not tracebacks."""

import io
import os
import sys
from typing import Any

import typer

from vestry.cli.app import app
from vestry.errors import VestryError, bounded, printable
from vestry.system.parts import explained

_INTERRUPTED = 130
_LONGEST_LINE = 4_000
"""Characters: a name in a file can be as long as the file."""

# The usage errors' class, wherever typer keeps it: newer ones bring a click of their own.
_UsageProblem: type[Any] = typer.BadParameter.__mro__[2]


def main() -> None:
    """The command's entry point: errors that a user can act on are lines, not tracebacks."""
    _make_speakable()
    sys.exit(_exit_code())


def _make_speakable() -> None:
    """Standard streams that can take whatever is said: what their encoding lacks is written as an
    escape, and one that was closed before the start swallows it, so that no file of ours is ever
    opened in its place."""
    for number, name in enumerate(("stdin", "stdout", "stderr")):
        stream = getattr(sys, name)
        if stream is None:
            _open_nothing(number)
            setattr(sys, name, open(number, "r" if number == 0 else "w", closefd=False))  # noqa: SIM115
        elif number and isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")


def _open_nothing(number: int) -> None:
    handle = os.open(os.devnull, os.O_RDWR)
    if handle != number:
        os.dup2(handle, number)
        os.close(handle)


def _exit_code() -> int:
    code, said = called()
    for line in said:
        typer.echo(f"vestry: {printable(bounded(line, _LONGEST_LINE))}", err=True)
    return code


def called() -> tuple[int, list[str]]:
    """Run the command; its exit code, and what is to be said of an error, line by line."""
    try:
        result = app(standalone_mode=False)
    except ModuleNotFoundError as error:
        if (missing := explained(error)) is None:
            raise
        return missing.exit_code, [str(missing)]
    except VestryError as error:
        return error.exit_code, str(error).splitlines()
    except _UsageProblem as error:
        error.show()
        return int(error.exit_code), []
    except OSError as error:
        return 1, [_os_error_text(error)]
    except (KeyboardInterrupt, typer.Abort):
        result = _INTERRUPTED
    # Typer answers Ctrl-C with this code, too, instead of passing the interrupt on.
    if result == _INTERRUPTED:
        return _INTERRUPTED, ["interrupted; what was finished is kept, run it again to go on"]
    return result if isinstance(result, int) else 0, []


def _os_error_text(error: OSError) -> str:
    place = f"{error.filename}: " if error.filename else ""
    reason = error.strerror or str(error)
    return f"{place}{reason}; what was finished is kept, run it again when that is put right"
