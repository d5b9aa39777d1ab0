"""Settings of a process that trains; all of them leave results as they are or make them
repeatable.
"""

import contextlib
import ctypes
import functools
import sys
from collections.abc import Iterator

_M_TRIM_THRESHOLD, _M_MMAP_THRESHOLD = -1, -3
_KEPT_BYTES = 1 << 30

PROCESS_ENVIRONMENT = {"GOMP_SPINCOUNT": "3000"}
"""Environment of a process that trains; read when torch is loaded, so it cannot be set later.

Between two parallel pieces of work OpenMP's threads wait in a busy loop, by default for
milliseconds. Where another program wants the core too, each wait then costs a turn of the
scheduler, and training all but stands still. After 3,000 rounds, some ten microseconds, the thread
sleeps instead: that costs a little on a machine at rest and saves the run on a busy one.
"""


@contextlib.contextmanager
def prepared(threads: int) -> Iterator[None]:
    """Use `threads` cores, keep freed memory, and treat denormal numbers as zero.

    Every step allocates and frees the same large arrays: given back to the system each time, their
    pages would have to be cleared again. Adam's moments of a weight that no longer changes decay
    into denormal numbers, which are slow and too small to matter; new threads take this setting
    from this one. Threads and denormal numbers are as before afterwards.
    """
    import torch  # noqa: PLC0415 - heavy

    _keep_freed_memory()
    before = torch.get_num_threads()
    torch.set_flush_denormal(True)
    torch.set_num_threads(threads)
    try:
        yield
    finally:
        torch.set_flush_denormal(False)
        torch.set_num_threads(before)


@functools.cache  # once in a process, which keeps the setting
def _keep_freed_memory() -> None:
    """Tell the C library to reuse large blocks; only glibc has such a setting."""
    if sys.platform == "linux":
        library = ctypes.CDLL(None)
        if hasattr(library, "mallopt"):
            library.mallopt(_M_MMAP_THRESHOLD, _KEPT_BYTES)
            library.mallopt(_M_TRIM_THRESHOLD, _KEPT_BYTES)
