"""Settings of the process that training wants; all of them leave results as they are or make them
repeatable.
"""

import contextlib
import ctypes
import sys
from collections.abc import Iterator

import torch

M_TRIM_THRESHOLD, M_MMAP_THRESHOLD = -1, -3
KEPT_BYTES = 1 << 30


@contextlib.contextmanager
def prepared(threads: int) -> Iterator[None]:
    """Use `threads` cores, keep freed memory, and treat denormal numbers as zero.

    Every step allocates and frees the same large arrays: given back to the system each time, their
    pages would have to be cleared again. Adam's memory of a weight that no longer changes decays
    into denormal numbers, which are slow and too small to matter; new threads take this setting
    from this one. Threads and denormal numbers are as before afterwards.
    """
    keep_freed_memory()
    before = torch.get_num_threads()
    torch.set_flush_denormal(True)
    torch.set_num_threads(threads)
    try:
        yield
    finally:
        torch.set_flush_denormal(False)
        torch.set_num_threads(before)


def keep_freed_memory() -> None:
    """Tell the C library to reuse large blocks; only glibc has such a setting."""
    if sys.platform == "linux":
        library = ctypes.CDLL(None)
        if hasattr(library, "mallopt"):
            library.mallopt(M_MMAP_THRESHOLD, KEPT_BYTES)
            library.mallopt(M_TRIM_THRESHOLD, KEPT_BYTES)
