"""Files that a command writes where it is told: what may stand there before."""

import json
from collections.abc import Callable, Sequence
from pathlib import Path

from vestry.errors import StudyError, TableError
from vestry.pipeline.claim import own_results
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


# Where `vestry predict` may write its answers.


_COLUMNS = "image,class,confidence,sure,"
_KEYS = {"image", "label", "prepared", "warnings"}


def check_answers(out: Path, given: Sequence[str], force: bool) -> None:
    """Raise StudyError where `out` is one of the `given` inputs, or somebody else's file that
    `force` does not give up."""
    if out.exists() and any(_same(out, Path(text)) for text in given if text != "-"):
        raise StudyError(f"--out {out} is what is to be answered; name another file")
    check_output(out, _is_answers, "holds no answers of vestry predict", force)


def _same(one: Path, other: Path) -> bool:
    return other.exists() and one.samefile(other)


def _is_answers(path: Path) -> bool:
    """Whether a file has the form that answers have in the format that its suffix names."""
    match path.suffix.lower():
        case ".csv":
            with path.open("rb") as file:
                return file.read(len(_COLUMNS)) == _COLUMNS.encode()
        case ".json":
            return _is_list_of_answers(path)
        case _:
            return _is_fresh_table(path)


def _is_list_of_answers(path: Path) -> bool:
    try:
        found = json.loads(path.read_bytes())
    except (ValueError, RecursionError):
        return False
    if not isinstance(found, list) or not found:
        return False
    return all(isinstance(one, dict) and set(one) >= _KEYS for one in found)


def _is_fresh_table(path: Path) -> bool:
    from vestry.predictions.table import load_table  # noqa: PLC0415 - numpy, for this format alone

    try:
        return load_table(path).split == "fresh"
    except TableError:
        return False
