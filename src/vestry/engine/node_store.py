"""What a node keeps while a run lasts: the files that its tasks read, each once, by content."""

import contextlib
import os
import secrets
import shutil
import stat
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path

from vestry.engine.shipping import Content, write_pieces
from vestry.errors import RunError
from vestry.storage.lock import held
from vestry.system.platform_calls import user

_STALE_SECONDS = 7 * 86_400.0

Fetch = Callable[[], Iterable[bytes]]
Wanted = Mapping[str, Mapping[Content, Fetch]]
"""Files by the name of what they are part of, and how each is got."""


class NodeStore:
    """One run's folder on one node, below the temporary folder; only its owner can look into it."""

    def __init__(self, run: str, node: str) -> None:
        owner = "own" if user() is None else user()
        temporary, own = Path(tempfile.gettempdir()), f"vestry-node-{owner}-"
        _remove_stale(temporary.glob(f"{own}*"))
        self.place = temporary / f"{own}{run}-{node}"
        _make_own(self.place)
        os.utime(self.place)  # for what removes the leftovers of runs that were killed

    @contextlib.contextmanager
    def desk(self) -> Iterator[Path]:
        """A folder for one task, gone afterwards."""
        path = self.place / f"task-{secrets.token_hex(4)}"
        path.mkdir()
        try:
            yield path
        finally:
            shutil.rmtree(path, ignore_errors=True)

    def lay_out(self, wanted: Wanted, desk: Path) -> dict[str, Path]:
        """Where everything that is wanted lies, by its name; what is not here yet is fetched."""
        found = {}
        for name, files in wanted.items():
            found[name] = desk / name
            found[name].parent.mkdir(parents=True, exist_ok=True)
            for content, fetch in files.items():
                target = found[name] / content.name if content.name else found[name]
                target.parent.mkdir(parents=True, exist_ok=True)
                _link(self._kept(content, fetch), target)
        return found

    def _kept(self, content: Content, fetch: Fetch) -> Path:
        path = self.place / content.sha256
        if not path.exists():
            with held(self.place / f"{content.sha256}.lock"):  # several tasks may want it
                if not path.exists():
                    write_pieces(path, content, fetch())
        return path

    def remove(self) -> None:
        shutil.rmtree(self.place, ignore_errors=True)


def _make_own(path: Path) -> None:
    """Raises RunError where somebody else has made it: what they put there would be read."""
    with contextlib.suppress(FileExistsError):
        path.mkdir(mode=0o700)
    if not _is_own(path.lstat()):
        raise RunError(f"{path} is somebody else's; remove it, or set TMPDIR on that node")


def _is_own(found: os.stat_result) -> bool:
    if not stat.S_ISDIR(found.st_mode):
        return False
    return user() is None or (found.st_uid == user() and not found.st_mode & 0o077)


def _remove_stale(folders: Iterable[Path]) -> None:
    """Of runs whose nodes, or who asked, were killed."""
    for path in folders:
        with contextlib.suppress(OSError):
            found = path.lstat()
            if _is_own(found) and found.st_mtime < time.time() - _STALE_SECONDS:
                shutil.rmtree(path, ignore_errors=True)


def _link(source: Path, target: Path) -> None:
    try:
        os.link(source, target)
    except OSError:  # a file system without hard links
        shutil.copyfile(source, target)
