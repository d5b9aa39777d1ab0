"""Where every file of a run lives, and how it is written.

Nothing is ever half there: a file is written under a temporary name beside its place and renamed
into it when whole. A folder is complete when its card, written last, exists.
"""

import contextlib
import json
import os
import re
import secrets
import stat
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from vestry.errors import DamagedError, RunError
from vestry.storage.lock import held
from vestry.storage.names import stored_name
from vestry.system.platform_calls import sync

TEMPORARY_PREFIX = ".part-"
TEMPORARY = re.compile(r"\.part-[0-9a-z_]{8}(\.[^/]*)?")
"""The whole name of a temporary file; other files that begin like one are somebody else's."""
LOCK = ".vestry.lock"
"""The file in a folder by which one run at a time has it."""
UNFINISHED = ".unfinished"
"""How the folder ends in which a task that is still running keeps its checkpoint."""


@contextlib.contextmanager
def atomic_path(path: Path, synced: bool = True) -> Iterator[Path]:
    """Give a temporary path beside `path`; rename it into place on success, remove it on failure.

    The temporary name keeps the suffix, because some writers choose their format by it. The file
    has the mode that the user's umask gives, and is on the disk before it has its name, so that a
    loss of power leaves the old file or the new one; `synced=False` spares the wait, for what is
    written often and can be made again. A link at `path` is replaced, not followed.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary, mode = _new_file(path)
    try:
        yield temporary
        if temporary.stat().st_nlink == 1:  # a hard link shows a file that is settled
            temporary.chmod(mode)  # some writers make a file of their own
            if synced:
                sync(temporary)
        temporary.replace(path)
        if synced:
            sync(path.parent)
    finally:
        temporary.unlink(missing_ok=True)


def _new_file(path: Path) -> tuple[Path, int]:
    """An empty file beside `path`, and its permissions, which are as for any new file."""
    temporary = path.with_name(f"{TEMPORARY_PREFIX}{secrets.token_hex(4)}{path.suffix}")
    handle = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o666)
    try:
        return temporary, stat.S_IMODE(os.fstat(handle).st_mode)
    finally:
        os.close(handle)


def write_text(path: Path, text: str) -> None:
    """Write `text` as UTF-8, whole or not at all. A byte of a path that is no text is written as an
    escape, which JSON reads as what it was."""
    with atomic_path(path) as temporary:
        temporary.write_text(text, encoding="utf-8", errors="backslashreplace")


def write_json(path: Path, value: Any) -> None:
    """Write `value` as JSON that any reader takes: NaN and infinities are errors."""
    write_text(path, json.dumps(value, indent=1, allow_nan=False, ensure_ascii=False) + "\n")


def write_arrays(path: Path, arrays: Mapping[str, Any]) -> None:
    """Write arrays as a compressed `.npz`, whole or not at all."""
    import numpy as np  # noqa: PLC0415 - light commands know run folders, but no arrays

    with atomic_path(path) as temporary, temporary.open("wb") as file:
        np.savez_compressed(file, **arrays)


def read_json(path: Path) -> Any:
    """Raises DamagedError where the file is no JSON, as after a loss of power."""
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except (ValueError, RecursionError) as error:
        raise DamagedError(
            f"{path} is damaged ({error}); run its study again, which makes it anew"
        ) from None


def remove_leftovers(folder: Path) -> None:
    """Remove temporary files that a killed process left anywhere under `folder`; a link is none,
    and leads nowhere."""
    for place, _, names in os.walk(folder, followlinks=False):
        for path in (Path(place) / name for name in names if TEMPORARY.fullmatch(name)):
            with contextlib.suppress(FileNotFoundError):
                if stat.S_ISREG(path.lstat().st_mode):
                    path.unlink()


@contextlib.contextmanager
def locked(folder: Path) -> Iterator[None]:
    """Keep `folder` to one run at a time; a killed one lets go of it by itself.

    Raises RunError where another run has it.
    """

    def taken() -> None:
        raise RunError(f"another run is at work in {folder}; wait for it, or give --out")

    folder.mkdir(parents=True, exist_ok=True)
    with held(folder / LOCK, taken):
        yield


def is_new(folder: Path) -> bool:
    """Whether `folder` is not there, or holds nothing but a lock, and what a run left that was
    killed while it wrote its first file."""
    names = {path.name for path in folder.iterdir()} if folder.is_dir() else set()
    return not {name for name in names if not TEMPORARY.fullmatch(name)} - {LOCK}


OWN_NAMES = (
    LOCK,
    *("vestry.json", "study.toml", "environment.json", "split.json", "results.json"),
    *("report.html", "test_looks.jsonl", "figures", "tasks", "members", "committees"),
)
"""What lies in a run's folder that a run writes anew."""


@dataclass(frozen=True)
class RunFolder:
    """The names of one run's files; docs/results.md says what results.json holds.

    `member` and `committee` raise RunError for a name that would lead out of the run.
    """

    path: Path

    @property
    def study(self) -> Path:
        return self.path / "study.toml"

    @property
    def environment(self) -> Path:
        return self.path / "environment.json"

    @property
    def split(self) -> Path:
        return self.path / "split.json"

    @property
    def results(self) -> Path:
        return self.path / "results.json"

    @property
    def looks(self) -> Path:
        """Each look that this run took at the test labels, a line of JSON each."""
        return self.path / "test_looks.jsonl"

    @property
    def report(self) -> Path:
        return self.path / "report.html"

    @property
    def images(self) -> Path:
        """The few images that the page shows, so that it can be drawn again from the run alone."""
        return self.path / "figures" / "images.npz"

    @property
    def exploration(self) -> Path:
        """The correlation of pixels, which is too large for the results; not in every run."""
        return self.path / "figures" / "exploration.npz"

    @property
    def explanations(self) -> Path:
        """What members look at, as maps of an image's size; not in every run."""
        return self.path / "figures" / "explanations.npz"

    @property
    def taken_home(self) -> Path:
        """Where the report goes as files, without another folder."""
        return self.path / "report"

    @property
    def exports(self) -> Path:
        """Where models that are exported without a target go."""
        return self.path / "exports"

    def task(self, digest: str) -> Path:
        """A finished task's files; the digest of its description names the folder."""
        return self.path / "tasks" / digest

    def workspace(self, digest: str) -> Path:
        """Where a task that is still running keeps its checkpoint."""
        return self.path / "tasks" / f"{digest}{UNFINISHED}"

    def member(self, name: str) -> Path:
        return self.path / "members" / stored_name(name)

    def committee(self, name: str) -> Path:
        return self.path / "committees" / stored_name(name)
