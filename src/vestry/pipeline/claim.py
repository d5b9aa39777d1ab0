"""Whose folder a run folder is: a study takes a new one, or its own, and no other."""

import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from vestry.data.paths import DataPaths
from vestry.engine.task import OnEvent
from vestry.errors import StudyError
from vestry.pipeline.lost_results import is_lost, was_model
from vestry.schema.base import FORMAT
from vestry.storage.marker import NAME, Marker, is_cut, read_marker
from vestry.storage.named_paths import is_file
from vestry.storage.ownership import check_no_links, has_own_card, read_object
from vestry.storage.run_folder import OWN_NAMES, TEMPORARY, RunFolder, is_new
from vestry.study.reader import StudyFile, read_study, studies_before, study_inputs

# Runs by versions that left no marker, told by what they hold: results in our format and tasks
# with our cards.


_KEYS = {"title", "study", "members", "committees", "ranking", "data"}


@dataclass(frozen=True)
class _Earlier:
    """file, title: as its results have them. is_this: whether it is the asking study's, and the
    reason in words."""

    file: str
    title: str
    is_this: bool
    reason: str


def _earlier_run(run: RunFolder, file: Path, title: str) -> _Earlier | None:
    """What can be said of a folder without a marker; None where it is no run of ours."""
    damaged = is_cut(run.path)
    if not (damaged or _has_own_tasks(run)):
        return None
    results = own_results(run.results)
    if results is None:
        names = [path.name for path in run.path.iterdir()]
        alone = all(name in OWN_NAMES or TEMPORARY.fullmatch(name) for name in names)
        reason = f"it holds nothing but {'files of a run' if damaged else 'finished tasks'}"
        is_ours = alone and (damaged or is_lost(run, title))
        return _Earlier("", "", True, reason) if is_ours else None
    said, called = str(results["study"]["file"]), str(results["title"])
    here = file.resolve()
    found = [*filter(is_file, study_files(said, run.path))]
    if found:
        is_this = found == [here] or (here in found and title == called)
        return _Earlier(said, called, is_this, f"its results are of {said}")
    is_this = (Path(said).name, called) == (here.name, title)
    return _Earlier(said, called, is_this, "its results are of a study of this name and title")


def _has_own_tasks(run: RunFolder) -> bool:
    tasks = run.path / "tasks"
    if not tasks.is_dir() or tasks.is_symlink():
        return False
    return any(has_own_card(path) for path in tasks.iterdir() if path.is_dir())


def own_results(path: Path) -> dict[str, Any] | None:
    """The results in a file; None where it holds none that a run of ours has written."""
    results = read_object(path)
    if results is None or results.get("format") != FORMAT or not set(results) >= _KEYS:
        return None
    study = results["study"]
    return results if isinstance(study, dict) and {"file", "hash"} <= set(study) else None


def study_files(said: str, folder: Path) -> list[Path]:
    """Where a study file that results name may lie: they say it as it was given, so from whatever
    folder the study was run in; most likely this one, or one above the run."""
    bases = [Path.cwd(), *folder.resolve().parents]
    return list(dict.fromkeys((base / said).resolve() for base in bases))


@dataclass(frozen=True)
class FolderClaim:
    """A folder, and what is to be run in it.

    file, title: of the study, or of whatever else the run is made from. inputs: what it reads,
    without links. makers: the folders of its members and committees.
    """

    file: Path
    title: str
    inputs: Sequence[Path]
    makers: Sequence[Path]
    run: RunFolder

    def check(self) -> list[str]:
        """Notes on what was taken for granted; StudyError where the folder cannot be used."""
        folder = self.run.path
        if folder.is_symlink() and not folder.exists():
            raise StudyError(f"{folder} is a link that leads nowhere; give --out another folder")
        if folder.exists() and not folder.is_dir():
            raise StudyError(f"{folder} is a file; --out takes a folder")
        marker = read_marker(folder)
        notes = self.check_owner(marker)
        check_no_links(folder, OWN_NAMES)
        self.check_inputs()
        self.check_makers(marker)
        return notes

    def check_owner(self, marker: Marker | None) -> list[str]:
        folder = self.run.path
        if marker is None:
            return self.check_unmarked()
        if marker.kind != "run":
            raise StudyError(f"{folder} is an exploration's; give --out an empty or new folder")
        if marker.is_of(self.file, self.title, folder):
            return []
        if not marker.may_be_of(self.file, self.title, folder):
            raise StudyError(_whose(folder, marker.file, marker.title, self.file))
        return [
            f"{folder} is of {marker.file}, which is no longer there; by name and title it is "
            "this study"
        ]

    def check_unmarked(self) -> list[str]:
        folder = self.run.path
        if is_new(folder):
            return []
        earlier = _earlier_run(self.run, self.file, self.title)
        damaged = is_cut(folder)
        if earlier is None or (os.path.lexists(folder / NAME) and not damaged):
            raise StudyError(f"{folder} holds other files; give --out an empty or new folder")
        if not earlier.is_this:
            advice = " Its fits can be taken along: copy its folder `tasks` into the new one"
            raise StudyError(_whose(folder, earlier.file, earlier.title, self.file) + f".{advice}")
        why = f"{NAME} in it is damaged" if damaged else "it was made by an earlier version"
        return [f"{folder}: {why}; {earlier.reason}, so it is gone on with"]

    def check_inputs(self) -> None:
        """What the study reads is not where the run writes."""
        top = self.run.path.resolve()
        for path in self.inputs:
            inside = path.relative_to(top).parts[:1] if path.is_relative_to(top) else ()
            if path == top or (inside and inside[0] in OWN_NAMES):
                raise StudyError(
                    f"{path} is read by the study, and the run would write there; give --out "
                    "another folder"
                )

    def check_makers(self, marker: Marker | None) -> None:
        known = marker.makers if marker else ()
        for path in self.makers:
            if not path.exists() or _key(path) in known:
                continue
            is_ours = path.is_dir() and (
                has_own_card(path)
                or not any(path.iterdir())
                or (marker is None and was_model(path))  # what else lies there was looked at
            )
            if not is_ours:
                raise StudyError(
                    f"{path} holds no model of Vestry's, and {path.name} would be written there; "
                    "move it away, or give --out another folder"
                )

    def take(self) -> list[str]:
        """Write the marker, for who has locked the folder; notes and errors as `check` has them."""
        notes, before = self.check(), read_marker(self.run.path)
        kept = {
            name for name in (before.makers if before else ()) if (self.run.path / name).is_dir()
        }
        makers = tuple(sorted(kept | {_key(path) for path in self.makers}))
        marker = Marker.of("run", self.run.path, self.title, self.file, makers)
        if marker != before:
            marker.write(self.run.path)
        return notes


def _key(path: Path) -> str:
    """A model's folder as the marker has it: "members/LR"."""
    return f"{path.parent.name}/{path.name}"


def _whose(folder: Path, file: str, title: str, asking: Path) -> str:
    return (
        f"{folder} is the run folder of another study, {file} ({title!r}); give --out or --runs "
        f"another folder for {asking}"
    )


def check_claims(file: StudyFile, places: DataPaths, run: RunFolder) -> None:
    """Raise StudyError where a folder of this study, or of one that it builds on, is not to be
    had: before any of them is run."""
    owners: dict[Path, Path] = {}
    for claim in _claims(file, places, run):
        claim.check()
        asking = claim.file.resolve()
        owner = owners.setdefault(claim.run.path.resolve(), asking)
        if owner != asking:
            raise StudyError(_whose(claim.run.path, str(owner), "run before", claim.file))


def _claims(file: StudyFile, places: DataPaths, run: RunFolder) -> Iterator[FolderClaim]:
    for path in studies_before(file):
        yield from _claims(
            read_study(path), replace(places, base=path.parent), folder_before(path, run)
        )
    yield _claim_of(file, places, run)


def _claim_of(file: StudyFile, places: DataPaths, run: RunFolder) -> FolderClaim:
    study = file.study
    makers = [
        *(run.member(member.name) for member in study.member),
        *(run.committee(committee.name) for committee in study.committee),
    ]
    return FolderClaim(file.path, study.title, study_inputs(file, places, run), makers, run)


def folder_before(path: Path, run: RunFolder) -> RunFolder:
    """The run folder of a study that `after` names: beside the run of the one that builds on it."""
    folder = run.path
    if folder.name in ("", ".."):  # "." has no neighbours by its name
        folder = Path(os.path.abspath(folder))  # noqa: PTH100 - resolving would follow links
    return RunFolder(folder.parent / path.stem)


def take(file: StudyFile, places: DataPaths, run: RunFolder, report: OnEvent) -> None:
    """Make `run` this study's folder, saying what was taken for granted; see `FolderClaim.take`."""
    for note in _claim_of(file, places, run).take():
        report({"event": "note", "text": note})
