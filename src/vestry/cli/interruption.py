"""Ctrl-C and SIGTERM for commands with temporary folders: both unwind, so that nothing is left."""

import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Never

from vestry.errors import VestryError


@contextmanager
def interruptible(going_on: Callable[[], str]) -> Iterator[None]:
    """Both signals leave the block as a VestryError, with the exit code that a shell expects.

    going_on: what the user is told to do then.
    """
    numbers: list[int] = []

    def unwind(number: int, _: FrameType | None) -> Never:
        numbers.append(number)
        raise KeyboardInterrupt

    before = signal.signal(signal.SIGTERM, unwind)
    try:
        yield
    except KeyboardInterrupt:
        error = VestryError(f"interrupted; {going_on()}")
        error.exit_code = 128 + (numbers[0] if numbers else signal.SIGINT)
        raise error from None
    finally:
        signal.signal(signal.SIGTERM, before)
