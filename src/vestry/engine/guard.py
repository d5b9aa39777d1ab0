"""What ends workers whose parent was killed, with all that they started.

A killed process cannot clean up, and a signal at its death reaches its workers only, not their
children. So one small process outlives it by a moment: it is told which process groups there are,
and ends those that are left when its standard input closes. It loads as little as can be.
"""

import contextlib
import subprocess
import sys
from pathlib import Path

from vestry.system.platform_calls import end_group, group_options, leave_parent

_START = (
    "import sys; sys.path.insert(0, sys.argv[1]); from vestry.engine.guard import _main; _main()"
)
_APART = "apart"
_SOURCES = Path(__file__).parents[2]


class Guard:
    """The parent's side. apart: as a child of nobody, for parents whose end takes their children
    with them, such as Ray's."""

    def __init__(self, apart: bool = False) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-I", "-S", "-c", _START, str(_SOURCES), *([_APART] * apart)],
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            **group_options(),  # whatever ends the parent's group must not end it
        )
        if apart:
            self.process.wait()

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
    """The guard's own life: see above."""
    if _APART in sys.argv:
        leave_parent()
    groups: set[int] = set()
    for word in sys.stdin:
        change = groups.add if word[0] == "+" else groups.discard
        change(int(word[1:]))
    for group in groups:
        end_group(group)
