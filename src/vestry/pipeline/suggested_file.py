"""What an exploration writes for a study: `corrections.csv`, what its images contradict, and
`groups.csv`, which of them are of one object."""

import csv
import hashlib
import io
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from vestry.audit.suggested import Suggestion
from vestry.errors import StudyError
from vestry.schema.exploration import GroupsFile, SuggestedFile
from vestry.storage.ownership import read_object
from vestry.storage.run_folder import write_text
from vestry.storage.spreadsheet_text import guarded

SUGGESTED = "corrections.csv"
TRACKS = "groups.csv"
_KEYS = {SUGGESTED: "corrections", TRACKS: "groups"}
"""Of explore.json, where each is spoken of."""
_NEWLINE = "\n"


def suggested_file(found: Sequence[Suggestion]) -> tuple[SuggestedFile | None, str]:
    """What the file comes to, and its text; None and nothing where there is nothing to correct."""
    if not found:
        return None, ""
    rows = ([each.id, each.label or "", "" if each.label else "yes"] for each in found)
    text = _as_csv(["id", "label", "drop"], rows)
    relabelled = sum(each.label is not None for each in found)
    return SuggestedFile(
        file=SUGGESTED,
        relabelled=relabelled,
        dropped=len(found) - relabelled,
        sha256=_sum(text.encode()),
    ), text


def groups_file(tracks: Sequence[Sequence[str]]) -> tuple[GroupsFile | None, str]:
    """The same of which images are of one object. tracks: of each object the ids of its images."""
    if not tracks:
        return None, ""
    width = len(str(len(tracks)))
    rows = (
        [name, f"object {number:0{width}}"]
        for number, names in enumerate(tracks, start=1)
        for name in names
    )
    text = _as_csv(["id", "group"], rows)
    images = sum(map(len, tracks))
    return GroupsFile(
        file=TRACKS, groups=len(tracks), images=images, sha256=_sum(text.encode())
    ), text


def _as_csv(columns: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    stream = io.StringIO()
    lines = csv.writer(stream, lineterminator=_NEWLINE)
    lines.writerow(columns)
    lines.writerows([guarded(cell) for cell in row] for row in rows)
    return stream.getvalue()


def check_unchanged(folder: Path) -> None:
    """StudyError where a file that stands there was edited since: that work is somebody's."""
    results = read_object(folder / "explore.json") or {}
    for name, key in _KEYS.items():
        path, known = folder / name, results.get(key) or {}
        if not path.is_file():
            continue
        if not isinstance(known, dict) or _sum(path.read_bytes()) != known.get("sha256"):
            raise StudyError(
                f"{path} was changed since it was written; move it to your study, or give --force "
                "to replace it"
            )


def write_suggested(folder: Path, texts: Mapping[str, str]) -> None:
    """Write each, or remove the one of an earlier look where there is nothing to say. texts: by the
    file's name."""
    for name, text in texts.items():
        if text:
            write_text(folder / name, text)
        else:
            (folder / name).unlink(missing_ok=True)


def _sum(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()
