"""The runs of a folder and what each came to, read lightly: no model, no image, no long list."""

import shlex
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from vestry.errors import DataError
from vestry.schema.outline import Outline, read_outline
from vestry.storage.marker import NAME, Marker, read_marker
from vestry.storage.named_paths import is_file
from vestry.storage.run_folder import RunFolder


@dataclass(frozen=True)
class ListedRun:
    """when: it was finished, or begun where it is not. outline: None where it has no results that
    can be read. problem: why, or what is missing, and how to go on; None where all is there."""

    folder: RunFolder
    when: datetime
    outline: Outline | None
    problem: str | None = None

    @property
    def name(self) -> str:
        return self.folder.path.resolve().name


def runs_in(folder: Path) -> list[ListedRun]:
    """Those right below `folder`, the newest first; of the folder of one run that run alone.

    Other folders are passed over. Raises DataError where there is no such folder.
    """
    if not folder.is_dir():
        raise DataError(
            f"there is no folder {folder}; `vestry run STUDY` makes it with a first run"
        )
    own = _listed(folder)
    found = (
        [own] if own else list(map(_listed, (each for each in folder.iterdir() if each.is_dir())))
    )
    return sorted(filter(None, found), key=lambda run: (run.when, run.folder.path), reverse=True)


def _listed(path: Path) -> ListedRun | None:
    """None for a folder that is no run's."""
    run, marker = RunFolder(path), read_marker(path)
    if marker is not None and marker.kind != "run":
        return None
    try:
        if not run.results.is_file():
            return _unfinished(run, marker) if marker else None
        outline = read_outline(run.results)
        when = datetime.fromisoformat(outline.created)
    except (OSError, ValueError, DataError) as error:
        if marker is None:  # somebody else's results, for all that is known
            return None
        reason = error.strerror if isinstance(error, OSError) else str(error)
        problem = f"{reason}; {_again(run, marker)} makes it anew"
        return ListedRun(run, _changed(run.results), None, problem)
    drawn = run.report.is_file()
    problem = f"its page is gone; `vestry report {_quoted(path)}` draws it again"
    return ListedRun(run, when, outline, None if drawn else problem)


def _unfinished(run: RunFolder, marker: Marker) -> ListedRun:
    problem = f"not finished; if it is not at work now, {_again(run, marker)} goes on where it was"
    return ListedRun(run, _changed(run.path / NAME), None, problem)


def _again(run: RunFolder, marker: Marker) -> str:
    """The command that made it, as far as the marker knows that."""
    there = [*filter(is_file, marker.places(run.path))]
    if not there or there[0].suffix != ".toml":
        return "its command, given again,"
    return f"`vestry run {_quoted(there[0])} --out {_quoted(run.path)}`"


def _quoted(path: Path) -> str:
    here = Path.cwd()
    return shlex.quote(str(path.relative_to(here) if path.is_relative_to(here) else path))


def _changed(path: Path) -> datetime:
    return datetime.fromtimestamp(path.stat().st_mtime, UTC)
