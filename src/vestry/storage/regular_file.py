"""Files alone are read: a pipe or a device may never end, or never begin."""

import errno
import stat
from pathlib import Path


def check_regular(path: Path) -> None:
    """Raise OSError where `path` is no file, or what it names cannot be looked at."""
    if not stat.S_ISREG(path.stat().st_mode):
        raise OSError(errno.EINVAL, "it is no file, but a folder, pipe, device or socket")
