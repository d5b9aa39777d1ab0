"""Where images come from, by the text that a study file gives: `digits`, `folder:DIR`, ..."""

import functools
from collections.abc import Mapping
from pathlib import Path

from vestry.data.digits import DIGITS
from vestry.data.fashion_mnist import FASHION_MNIST
from vestry.data.folder import FOLDER
from vestry.data.idx import IDX
from vestry.data.image_set import Source
from vestry.data.npz import NPZ
from vestry.data.paths import DataPaths, Progress
from vestry.data.source_kind import SourceKind, SourceRequest
from vestry.errors import StudyError, did_you_mean
from vestry.system.plugins import brought

_OWN = (FASHION_MNIST, DIGITS, IDX, NPZ, FOLDER)
GROUP = "vestry.data_sources"
"""Entry points of other packages, each a `SourceKind` under the kind's own name."""


@functools.cache
def source_kinds() -> Mapping[str, SourceKind]:
    """All kinds by name; StudyError where another package's is none, or takes a name twice."""
    return brought(GROUP, SourceKind, _OWN)


def source_kind(text: str) -> tuple[SourceKind, str]:
    """Take `text` apart into its kind and the path after the colon ("" where there is none).

    Raises StudyError with the nearest valid name.
    """
    name, colon, path = text.partition(":")
    kind = source_kinds().get(name)
    if kind is None:
        spellings = [kind.spelling for kind in source_kinds().values()]
        near = did_you_mean(name.strip().lower(), spellings)
        raise StudyError(f"unknown source {text!r}{near} The sources are {', '.join(spellings)}")
    if kind.takes and not path.strip():
        raise StudyError(f"source {text!r} names no path; write {kind.spelling}")
    if colon and not kind.takes:
        raise StudyError(f"source {text!r}: {name} takes no path; write {name!r}")
    return kind, path


def source_file(text: str, places: DataPaths) -> Path | None:
    """The file or folder of the user's that `text` names; None for a source without a path."""
    path = source_kind(text)[1]
    return places.path(path) if path else None


def load_source(
    text: str,
    places: DataPaths,
    on_progress: Progress | None = None,
    image_size: tuple[int, int] | None = None,
) -> Source:
    """All the rows of the source that `text` names; what is published is downloaded where it must.

    on_progress: told how much of a download, or of a folder's images, is there.
    image_size: (height, width) that images are resized to; None as they are.

    Raises StudyError for an unknown source, or one that does not resize where that is asked for,
    MissingDataError where it is not to be had, DataError where it is damaged.
    """
    kind, path = source_kind(text)
    if image_size is not None:
        check_resizable(text)
    return kind.load(SourceRequest(text, places.path(path), places, image_size, on_progress))


def check_resizable(text: str, option: str = "image_size") -> None:
    """Raises StudyError where images of this source have one size of their own."""
    if not source_kind(text)[0].resizes:
        resizing = " or ".join(f"{k.name}:" for k in source_kinds().values() if k.resizes)
        raise StudyError(f"{option} resizes a {resizing} source; {text} has one size")
