"""Locks between processes: a file that one of them holds, and that a killed one lets go of."""

import contextlib
from collections.abc import Callable, Iterator
from pathlib import Path


@contextlib.contextmanager
def held(path: Path, taken: Callable[[], None] | None = None) -> Iterator[None]:
    """Hold the lock file `path`, waiting until whoever has it lets go.

    taken: called first where another process has it; what it raises ends the wait before it has
    begun. The file is removed afterwards; a killed process leaves it, and it holds nobody up. A
    link is not followed. Raises OSError where no file can be made, or where the file system has no
    locks.
    """
    import filelock  # noqa: PLC0415 - commands that lock nothing need not load it

    lock = filelock.FileLock(path)
    try:
        lock.acquire(timeout=0)
    except filelock.Timeout:
        if taken is not None:
            taken()
        lock.acquire()
    try:
        yield
    finally:
        # While it is still held, or another might hold it; who had opened it tries again.
        with contextlib.suppress(OSError):
            if path.stat().st_size == 0:
                path.unlink()
        lock.release()
