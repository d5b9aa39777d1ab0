"""Files of ours in somebody's folder: a list beside them says which they are and what was in them.

A file of the list that is as it was written may be written over or removed; one that was changed
since, or that stood there before, is its owner's.
"""

import hashlib
import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from vestry.errors import StudyError
from vestry.storage.ownership import check_replaceable, read_object
from vestry.storage.run_folder import atomic_path, write_json

_FORMAT = 1


@dataclass(frozen=True)
class OwnFiles:
    """folder: where they go. list_name: of the list in it. title: what they are of."""

    folder: Path
    list_name: str
    title: str

    def check(self, names: Iterable[str], force: bool, option: str = "--out") -> None:
        """Raise StudyError where writing these would replace what is not ours, or lead through a
        link. force: what stands in a file's place may be replaced; a link's target never is."""
        if self.folder.exists() and not self.folder.is_dir():
            raise StudyError(f"{self.folder} is a file; {option} takes a folder")
        if self.folder.is_symlink() and not self.folder.exists():
            raise StudyError(f"{self.folder} is a link that leads nowhere; give {option} another")
        title, _ = self._listed()
        if title not in (None, self.title) and not force:
            raise StudyError(
                f"{self.folder} holds the report of another study ({title}); give {option} another "
                "folder, or --force to replace it"
            )
        for name in (*names, self.list_name):
            self._check_one(name, force, option)

    def _check_one(self, name: str, force: bool, option: str) -> None:
        path = self.folder / name
        for above in path.parents:
            if above == self.folder:
                break
            if above.is_symlink():
                raise StudyError(
                    f"{above} is a link, and nothing is written through links: take it away, or "
                    f"give {option} another place"
                )
        check_replaceable(path, self._is_own, "is not as vestry left it", force, option)

    def write(self, texts: Mapping[str, str | bytes]) -> list[Path]:
        """Write these, and remove what an earlier call wrote beside them (into the same folders
        below ours) and this one does not; the paths, in order.

        The list comes first, so that what a killed process leaves is known as ours.
        """
        _, known = self._listed()
        new = {name: [_digest(_bytes(text))] for name, text in texts.items()}
        self._list({name: known.get(name, []) + new.get(name, []) for name in {**known, **new}})
        paths = [self.folder / name for name in texts]
        for path, text in zip(paths, texts.values(), strict=True):
            with atomic_path(path, synced=False) as temporary:
                temporary.write_bytes(_bytes(text))
        gone = self._remove_stale(known, texts)
        self._list({name: of for name, of in (known | new).items() if name not in gone})
        return paths

    def _remove_stale(self, known: Mapping[str, list[str]], texts: Iterable[str]) -> set[str]:
        """Names of the list that are no longer, or no longer ours."""
        folders = {Path(name).parts[0] for name in texts if len(Path(name).parts) > 1}
        stale = {n for n in known if n not in texts and Path(n).parts[0] in folders}
        for name in stale:
            if self._is_own(self.folder / name):
                (self.folder / name).unlink()
        return stale

    def _is_own(self, path: Path) -> bool:
        if path.is_symlink() or not path.is_file():
            return False
        if path == self.folder / self.list_name:
            return self._listed()[0] is not None
        known = self._listed()[1].get(path.relative_to(self.folder).as_posix(), [])
        return _digest(path.read_bytes()) in known

    def _list(self, files: Mapping[str, list[str]]) -> None:
        facts = {"vestry": "report", "format": _FORMAT, "title": self.title, "files": dict(files)}
        write_json(self.folder / self.list_name, facts)

    def _listed(self) -> tuple[str | None, dict[str, list[str]]]:
        """The title and the digests by name that the list has; (None, {}) without one of ours."""
        facts = read_object(self.folder / self.list_name) or {}
        title, files = facts.get("title"), facts.get("files")
        if facts.get("vestry") != "report" or not isinstance(title, str):
            return None, {}
        if not isinstance(files, dict) or not all(map(_is_inside, files)):
            return None, {}
        return title, {name: [str(each) for each in of] for name, of in files.items()}


def _is_inside(name: str) -> bool:
    """Whether it names something below the folder, and not above or beside it."""
    path = Path(os.path.normpath(name))
    return not path.is_absolute() and ".." not in path.parts and path.as_posix() == name


def _digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def _bytes(content: str | bytes) -> bytes:
    return content.encode(errors="backslashreplace") if isinstance(content, str) else content
