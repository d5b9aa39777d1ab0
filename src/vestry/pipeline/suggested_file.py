"""`corrections.csv` of an exploration: what its images contradict, for `[data] corrections`."""

import csv
import hashlib
import io
from collections.abc import Sequence
from pathlib import Path

from vestry.audit.suggested import Suggestion
from vestry.errors import StudyError
from vestry.schema.exploration import SuggestedFile
from vestry.storage.ownership import read_object
from vestry.storage.run_folder import write_text
from vestry.storage.spreadsheet_text import guarded

SUGGESTED = "corrections.csv"
_NEWLINE = "\n"


def suggested_file(found: Sequence[Suggestion]) -> tuple[SuggestedFile | None, str]:
    """What the file comes to, and its text; None and nothing where there is nothing to correct."""
    if not found:
        return None, ""
    stream = io.StringIO()
    lines = csv.writer(stream, lineterminator=_NEWLINE)
    lines.writerow(["id", "label", "drop"])
    lines.writerows(
        [guarded(each.id), guarded(each.label or ""), "" if each.label else "yes"] for each in found
    )
    text = stream.getvalue()
    relabelled = sum(each.label is not None for each in found)
    return SuggestedFile(
        file=SUGGESTED,
        relabelled=relabelled,
        dropped=len(found) - relabelled,
        sha256=_sum(text.encode()),
    ), text


def check_unchanged(folder: Path) -> None:
    """StudyError where the file that stands there was edited since: that work is somebody's."""
    path = folder / SUGGESTED
    if not path.is_file():
        return
    known = (read_object(folder / "explore.json") or {}).get("corrections") or {}
    if not isinstance(known, dict) or _sum(path.read_bytes()) != known.get("sha256"):
        raise StudyError(
            f"{path} was changed since it was written; move it to your study, or give --force to "
            "replace it"
        )


def write_suggested(folder: Path, text: str) -> None:
    """Write it, or remove the one of an earlier look where there is nothing to correct."""
    if text:
        write_text(folder / SUGGESTED, text)
    else:
        (folder / SUGGESTED).unlink(missing_ok=True)


def _sum(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()
