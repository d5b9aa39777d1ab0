"""Where the command starts: errors become lines and exit codes, not tracebacks."""

import sys
from typing import Any

import typer

from vestry.cli.app import app
from vestry.errors import VestryError

_INTERRUPTED = 130

# The usage errors' class, wherever typer keeps it: newer ones bring a click of their own.
_UsageProblem: type[Any] = typer.BadParameter.__mro__[2]


def main() -> None:
    """The command's entry point: errors that a user can act on are lines, not tracebacks."""
    sys.exit(_exit_code())


def _exit_code() -> int:
    code, said = called()
    for line in said:
        typer.echo(f"vestry: {line}", err=True)
    return code


def called() -> tuple[int, list[str]]:
    """Run the command; its exit code, and what is to be said of an error, line by line."""
    try:
        result = app(standalone_mode=False)
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
