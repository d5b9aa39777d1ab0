"""What systems do each in their own way: every call that POSIX or Linux alone has stands here, with
its counterpart on Windows.

`sys.platform` is asked where a function is called: type checkers know that form, and tests can set
it to see the other side.
"""

import contextlib
import errno
import os
import platform
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any


def group_options() -> dict[str, Any]:
    """Options of `subprocess.Popen` under which a process leads a group of its own, which neither
    Ctrl-C in this one's terminal nor an end of this one's group reaches."""
    if sys.platform == "win32":
        return {"creationflags": subprocess.CREATE_NEW_PROCESS_GROUP}
    return {"start_new_session": True}


def end_group(leader: int) -> None:
    """Kill the process group of a process that was started so, if it is still there.

    Windows knows children by their parent alone: what outlived its parent is not found there.
    """
    if sys.platform == "win32":
        command = ["taskkill", "/F", "/T", "/PID", str(leader)]
        with contextlib.suppress(OSError):
            subprocess.run(command, capture_output=True, check=False)
        return
    with contextlib.suppress(ProcessLookupError, PermissionError):  # macOS: a group of zombies
        os.killpg(leader, signal.SIGKILL)


def leave_parent() -> None:
    """Go on as a child of nobody, which does not end with who started this process; on Windows no
    process ends with another."""
    if sys.platform != "win32" and os.fork():
        os._exit(0)


def user() -> int | None:
    """Whose files this process makes; None on Windows, where folders say that themselves."""
    return None if sys.platform == "win32" else os.getuid()


def hands_down_sockets() -> bool:
    """Whether a process can hand open sockets and pipes to one that it starts, by their numbers."""
    return sys.platform != "win32"


def handing_down(*handles: int) -> dict[str, Any]:
    """Options of `subprocess.Popen` for a process that gets these, in a group of its own."""
    return {"pass_fds": handles, "process_group": 0}


def pipe_without_wait() -> tuple[int, int]:
    """A pipe whose reading end raises BlockingIOError where there is nothing to read, for whoever
    hands sockets down."""
    reading, writing = os.pipe()
    if sys.platform != "win32":
        os.set_blocking(reading, False)
    return reading, writing


def open_to_append(path: Path) -> int:
    """A handle of a file, new or not, whose writes go to its end byte for byte; no link is
    followed. Raises OSError where `path` is one, or cannot be written."""
    flags = os.O_WRONLY | os.O_APPEND | os.O_CREAT
    if sys.platform != "win32":
        return os.open(path, flags | os.O_NOFOLLOW, 0o666)
    if path.is_symlink():
        raise OSError(errno.ELOOP, os.strerror(errno.ELOOP), str(path))
    return os.open(path, flags | os.O_BINARY, 0o666)


def sync(path: Path) -> None:
    """Have the disk hold a file's content, or a folder's names; some file systems cannot, and
    Windows opens no folder and flushes only what is opened for writing."""
    if sys.platform == "win32" and path.is_dir():
        return
    handle = os.open(path, os.O_RDWR if sys.platform == "win32" else os.O_RDONLY)
    try:
        with contextlib.suppress(OSError):
            os.fsync(handle)
    finally:
        os.close(handle)


def way(path: Path, start: Path) -> str:
    """The way to `path` from the folder `start`, with slashes; on Windows the whole path where that
    is on another drive."""
    try:
        return Path(os.path.relpath(path, start)).as_posix()
    except ValueError:
        return path.absolute().as_posix()


def available_cores() -> int:
    """Cores that this process may use."""
    if sys.platform == "linux":
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def processor() -> str:
    """The processor's name as the kernel gives it (Linux), else what Python knows of it."""
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        return platform.processor() or "unknown"
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.processor() or "unknown"


def memory_bytes() -> int | None:
    """The machine's memory; None where the system does not say."""
    if sys.platform == "win32":
        return _windows_memory()
    return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")


def usable_memory() -> int | None:
    """The memory that this process may use: the machine's, or what its control groups (those of a
    container) leave of it; None where the system does not say."""
    known = [memory_bytes(), *_group_limits()]
    return min((size for size in known if size is not None), default=None)


_GROUPS = Path("/sys/fs/cgroup")


def _group_limits() -> list[int]:
    """Of version 2 every group from this process's up; of version 1 that of memory."""
    if sys.platform != "linux":
        return []
    files = [_GROUPS / "memory" / "memory.limit_in_bytes", _GROUPS / "memory.max"]
    with contextlib.suppress(OSError):
        for line in Path("/proc/self/cgroup").read_text(encoding="utf-8").splitlines():
            own = Path(line.rpartition(":")[2].lstrip("/"))
            if line.startswith("0::") and ".." not in own.parts:
                files += [_GROUPS / place / "memory.max" for place in (own, *own.parents)]
    limits = []
    for file in files:
        with contextlib.suppress(OSError, ValueError):  # no such group, or "max"
            limits.append(int(file.read_text(encoding="utf-8")))
    return limits


def _windows_memory() -> int | None:
    import ctypes  # noqa: PLC0415 - only here

    kilobytes = ctypes.c_ulonglong(0)
    kernel: Any = ctypes.windll.kernel32  # type: ignore[attr-defined,unused-ignore]
    found = kernel.GetPhysicallyInstalledSystemMemory(ctypes.byref(kilobytes))
    return kilobytes.value * 1024 if found else None


def give_back_memory() -> None:
    """Let the system have what was freed here; only glibc has to be asked."""
    if sys.platform == "linux":
        import ctypes  # noqa: PLC0415 - only here

        library = ctypes.CDLL(None)
        if hasattr(library, "malloc_trim"):
            library.malloc_trim(0)
