"""Where images come from, by the text that a study file gives: `digits`, `folder:DIR`, ..."""

from pathlib import Path

from vestry.data.image_set import Resize, Source
from vestry.data.paths import DataPaths, Progress
from vestry.data.source_kind import SOURCES, SourceKind, SourceRequest, kinds_in_order
from vestry.errors import DataError, StudyError, did_you_mean

_SUFFIXES = frozenset({".npz", ".csv", ".tsv", ".parquet", ".arrow", ".zip", ".tar", ".tgz", ".gz"})


def source_kind(text: str) -> tuple[SourceKind, str]:
    """Take `text` apart into its kind and the path after the colon ("" where there is none).

    A bare path is of the kind that finds out itself. Raises StudyError with the nearest valid name.
    """
    name, colon, path = text.partition(":")
    kind = SOURCES.get(name)
    if kind is None and _is_path(text):
        return SOURCES["path"], text
    if kind is None:
        spellings = [kind.spelling for kind in kinds_in_order()]
        near = did_you_mean(name.strip().lower(), spellings)
        raise StudyError(
            f"unknown source {text!r}{near} The sources are {', '.join(spellings)}; a path is "
            f"known by a slash: ./{text}"
        )
    if kind.takes and not path.strip():
        what = "path" if kind.takes_path else "set"
        raise StudyError(f"source {text!r} names no {what}; write {kind.spelling}")
    if colon and not kind.takes:
        raise StudyError(f"source {text!r}: {name} takes no path; write {name!r}")
    if kind.published is not None:
        kind.published(path)  # an unknown name is said where the study is read
    return kind, path if kind.takes_path else ""


def _is_path(text: str) -> bool:
    """Whether `text` can only be meant as a path, or something is there."""
    if not text.strip():
        return False
    if any(sign in text for sign in "/\\") or text.startswith("~"):
        return True
    return ":" not in text and (Path(text).suffix.lower() in _SUFFIXES or Path(text).exists())


def source_file(text: str, places: DataPaths) -> Path | None:
    """The file or folder of the user's that `text` names; None for a source without a path."""
    path = source_kind(text)[1]
    return places.path(path) if path else None


def load_source(
    text: str,
    places: DataPaths,
    on_progress: Progress | None = None,
    image_size: tuple[int, int] | None = None,
    column: str | None = None,
    resize: Resize = "stretch",
) -> Source:
    """All the rows of the source that `text` names; what is published is downloaded where it must.

    on_progress: told how much of a download, or of a folder's images, is there.
    image_size: (height, width) that images are resized to; None as they are. resize: how.
    column: what holds each row's group, where the source has such columns; None where nobody asks.

    Raises StudyError for an unknown source, or one that does not resize where that is asked for,
    MissingDataError where it is not to be had, DataError where it is damaged.
    """
    kind, path = source_kind(text)
    if image_size is not None:
        check_resizable(text)
    if resize != "stretch":
        check_resizable(text, f'resize = "{resize}"')
    place = places.path(path)
    if path:
        _refuse_everything(place)
    return kind.load(SourceRequest(text, place, places, image_size, on_progress, column, resize))


def _refuse_everything(place: Path) -> None:
    """A whole disk or home would be walked for hours, and is nobody's set of images."""
    whole = place.resolve()
    if whole == whole.parent:
        raise DataError(f"{place} is the whole disk; name the folder that holds the class folders")
    if whole == Path.home().resolve():
        raise DataError(f"{place} is your home folder; name the folder with the images in it")


def check_resizable(text: str, option: str = "image_size") -> None:
    """Raises StudyError where images of this source have one size of their own."""
    if not source_kind(text)[0].resizes:
        resizing = " or ".join(f"{k.name}:" for k in kinds_in_order() if k.resizes)
        raise StudyError(f"{option} resizes a {resizing} source; {text} has one size")
