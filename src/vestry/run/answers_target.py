"""Where `vestry predict` may write its answers."""

import json
from collections.abc import Sequence
from pathlib import Path

from vestry.errors import StudyError, TableError
from vestry.run.output_file import check_output

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
