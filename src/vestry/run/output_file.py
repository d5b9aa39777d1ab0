"""A file that a command writes where it is told: what may stand there before."""

from collections.abc import Callable
from pathlib import Path

from vestry.errors import StudyError
from vestry.run.claim import own_results
from vestry.storage.marker import read_marker
from vestry.storage.ownership import check_replaceable
from vestry.storage.run_folder import OWN_NAMES


def check_output(
    path: Path, is_own: Callable[[Path], bool], why: str, force: bool, option: str = "--out"
) -> None:
    """Raise StudyError unless `path` is new, `is_own`, or may be replaced by `force`.

    why: what is to be said of a file that is not. A run's own files are never replaced.
    """
    check_outside_runs(path, option)
    check_replaceable(path, is_own, why, force, option)


def check_outside_runs(path: Path, option: str) -> None:
    place = path.parent.resolve() / path.name
    for folder in place.parents:
        if place.relative_to(folder).parts[0] in OWN_NAMES and is_run(folder):
            raise StudyError(
                f"{path} lies among the files of the run in {folder}, which later commands read; "
                f"give {option} another place"
            )


def is_run(folder: Path) -> bool:
    """Whether a run's own files lie in `folder`, by its marker or, without one, its results."""
    marker = read_marker(folder)
    if marker is not None:
        return marker.kind == "run"
    return own_results(folder / "results.json") is not None
