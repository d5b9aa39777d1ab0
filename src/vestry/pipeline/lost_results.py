"""What a loss of power has left of a run's files, where its folder's marker is lost, too."""

import os
import re
import tomllib
from pathlib import Path

from vestry.storage.ownership import starts_with, was_cut
from vestry.storage.run_folder import RunFolder

_RESULTS, _STUDY, _CARD = b'{\n "format": ', b"title = ", b'{\n "'
"""How these files begin."""
_TOP = 16
"""Bytes, of which the files have more."""


def is_lost(run: RunFolder, title: str) -> bool:
    """Whether results, page and study are missing, emptied or cut, or of a study of this title:
    anything else of these names is somebody else's."""
    return all(
        not os.path.lexists(path) or (not path.is_symlink() and path.is_file() and is_ours(path))
        for path, is_ours in (
            (run.results, lambda path: was_cut(path, _RESULTS)),
            (run.report, _is_page),
            (run.study, lambda path: _is_study(path, title)),
        )
    )


def was_model(folder: Path) -> bool:
    """Whether the folder showed a model: its card was emptied or cut, or is missing beside tables
    of probabilities."""
    card = folder / "card.json"
    if os.path.lexists(card):
        return was_cut(card, _CARD)
    return any((folder / f"{split}.npz").is_file() for split in ("validation", "test"))


def _is_blank(path: Path) -> bool:
    """Whether it was emptied, or has zeros where it began."""
    with path.open("rb") as file:
        return not file.read(_TOP).strip(b"\0")


def _is_page(path: Path) -> bool:
    from vestry.report.page import MARK  # noqa: PLC0415 - heavy
    from vestry.report.shell import generator  # noqa: PLC0415 - heavy

    return _is_blank(path) or starts_with(path, generator(MARK))


def _is_study(path: Path, title: str) -> bool:
    """By its first line, since the rest may be lost."""
    if _is_blank(path):
        return True
    with path.open("rb") as file:
        (line,) = re.findall(rb"\A[^\n\0]*", file.read(10_000))
    try:
        return bool(tomllib.loads(line.decode()).get("title") == title)
    except ValueError:
        return _STUDY.startswith(line[: len(_STUDY)])
