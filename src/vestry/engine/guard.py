"""What ends workers whose parent was killed, with all that they started.

A killed process cannot clean up, and a signal at its death reaches its workers only, not their
children. So one small process outlives it by a moment: it is told which process groups there are,
and ends those that are left when its standard input closes. It runs from this file alone.
"""

import contextlib
import os
import signal
import subprocess
import sys
from pathlib import Path


def end_group(group: int) -> None:
    """Kill a process group, if it is still there."""
    with contextlib.suppress(ProcessLookupError, PermissionError):  # macOS: a group of zombies
        os.killpg(group, signal.SIGKILL)


class Guard:
    """The parent's side."""

    def __init__(self) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-I", "-S", str(Path(__file__))],
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,  # whatever ends the parent's group must not end it
        )

    def watch(self, group: int) -> None:
        self.tell(f"+{group}")

    def forget(self, group: int) -> None:
        """Once it has ended: its number may become another's."""
        self.tell(f"-{group}")

    def tell(self, word: str) -> None:
        assert self.process.stdin is not None  # noqa: S101 - for the type checker
        with contextlib.suppress(BrokenPipeError):  # somebody killed it; nothing else depends on it
            self.process.stdin.write(f"{word}\n".encode())
            self.process.stdin.flush()

    def stop(self) -> None:
        self.process.communicate()


def _main() -> None:
    groups: set[int] = set()
    for word in sys.stdin:
        change = groups.add if word[0] == "+" else groups.discard
        change(int(word[1:]))
    for group in groups:
        end_group(group)


if __name__ == "__main__":
    _main()
