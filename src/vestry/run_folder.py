"""Where every file of a run lives, and how it is written.

Nothing is ever half there: a file is written under a temporary name beside its place and renamed
into it when whole. A folder is complete when its card, written last, exists.
"""

import contextlib
import fcntl
import json
import os
import shutil
import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from vestry.errors import RunError

TEMPORARY_PREFIX = ".part-"


@contextlib.contextmanager
def atomic_path(path: Path) -> Iterator[Path]:
    """Give a temporary path beside `path`; rename it into place on success, remove it on failure.

    The temporary name keeps the suffix, because some writers choose their format by it.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(prefix=TEMPORARY_PREFIX, suffix=path.suffix, dir=path.parent)
    os.close(handle)
    temporary = Path(name)
    try:
        yield temporary
        temporary.chmod(0o644)
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)


def write_text(path: Path, text: str) -> None:
    """Write `text` as UTF-8, whole or not at all."""
    with atomic_path(path) as temporary:
        temporary.write_text(text, encoding="utf-8")


def write_json(path: Path, value: Any) -> None:
    """Write `value` as JSON that any reader takes: NaN and infinities are errors."""
    write_text(path, json.dumps(value, indent=1, allow_nan=False, ensure_ascii=False) + "\n")


def write_arrays(path: Path, arrays: Mapping[str, Any]) -> None:
    """Write arrays as a compressed `.npz`, whole or not at all."""
    import numpy as np  # noqa: PLC0415 - light commands know run folders, but no arrays

    with atomic_path(path) as temporary, temporary.open("wb") as file:
        np.savez_compressed(file, **arrays)


def read_json(path: Path) -> Any:
    return json.loads(path.read_text(encoding="utf-8"))


def remove_leftovers(folder: Path) -> None:
    """Remove temporary files that a killed process left anywhere under `folder`."""
    for leftover in folder.rglob(f"{TEMPORARY_PREFIX}*"):
        leftover.unlink(missing_ok=True)


@contextlib.contextmanager
def locked(folder: Path) -> Iterator[None]:
    """Keep `folder` to one run at a time; a killed one lets go of it by itself.

    Raises RunError where another run has it.
    """
    folder.mkdir(parents=True, exist_ok=True)
    handle = os.open(folder, os.O_RDONLY)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        yield
    except BlockingIOError as error:
        raise RunError(f"another run is at work in {folder}; wait for it, or give --out") from error
    finally:
        os.close(handle)


def link_folder(source: Path, target: Path) -> None:
    """Show the files of `source` in `target` too, as hard links or, where that fails, as copies.

    The card comes last, so that a target with a card is whole.
    """
    target.mkdir(parents=True, exist_ok=True)
    names = sorted(
        (p.name for p in source.iterdir() if p.is_file()), key=lambda n: n == "card.json"
    )
    for stale in [p for p in target.iterdir() if p.is_file() and p.name not in names]:
        stale.unlink()
    for name in names:
        with atomic_path(target / name) as temporary:
            temporary.unlink()
            try:
                os.link(source / name, temporary)
            except OSError:
                shutil.copy2(source / name, temporary)


@dataclass(frozen=True)
class RunFolder:
    """The names of one run's files; see DESIGN in the README for what each holds."""

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

    def task(self, digest: str) -> Path:
        """A finished task's files; the digest of its description names the folder."""
        return self.path / "tasks" / digest

    def workspace(self, digest: str) -> Path:
        """Where a task that is still running keeps its checkpoint."""
        return self.path / "tasks" / f"{digest}.unfinished"

    def member(self, name: str) -> Path:
        return self.path / "members" / name

    def committee(self, name: str) -> Path:
        return self.path / "committees" / name
