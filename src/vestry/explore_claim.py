"""Whose folder an exploration's folder is: a source takes a new one, or its own."""

from pathlib import Path

from vestry.data.places import Places
from vestry.data.source import source_kind
from vestry.errors import StudyError
from vestry.marker import NAME, Marker, read_marker
from vestry.output_file import check_outside_runs
from vestry.ownership import check_no_links, read_object

OWN_NAMES = (NAME, "explore.json", "explore.html", "figures", "test_looks.jsonl")
KEYS = {"title", "data", "exploration"}


def title_of(source: str) -> str:
    return f"What is in {source}"


def claimed(source: str, places: Places, folder: Path) -> Marker:
    """The marker of a folder for the exploration of `source`."""
    path = source_kind(source)[1]
    return Marker.of("exploration", folder, title_of(source), places.path(path) if path else None)


def check_folder(source: str, places: Places, folder: Path, force: bool) -> None:
    """Raise StudyError unless the folder is new, empty or an exploration's of the same source.

    force: other files there, or another source's, may be replaced; what is explored never is.
    """
    if folder.is_symlink() and not folder.exists():
        raise StudyError(f"{folder} is a link that leads nowhere; give --out another folder")
    if folder.exists() and not folder.is_dir():
        raise StudyError(f"{folder} is a file; --out takes a folder")
    check_no_links(folder, OWN_NAMES)
    for name in OWN_NAMES:
        check_outside_runs(folder / name, "--out")
    check_input(source, places, folder)
    if not force and folder.is_dir() and any(folder.iterdir()):
        check_owner(source, places, folder)


def check_input(source: str, places: Places, folder: Path) -> None:
    path, top = source_kind(source)[1], folder.resolve()
    read = places.path(path).resolve() if path else None
    if read is not None and (read == top or any(inside(read, top / name) for name in OWN_NAMES)):
        raise StudyError(f"{read} is what is explored; give --out another folder")


def inside(path: Path, folder: Path) -> bool:
    return path == folder or path.is_relative_to(folder)


def check_owner(source: str, places: Places, folder: Path) -> None:
    title = owner(folder)
    if title is None:
        raise StudyError(
            f"{folder} holds other files; give --out an empty or new folder, or --force to replace "
            f"{', '.join(OWN_NAMES)} there"
        )
    marker, asking = read_marker(folder), claimed(source, places, folder)
    file = Path(asking.file)
    same = (
        title == asking.title
        if marker is None or not asking.file
        else (marker.is_of(file, title, folder) or marker.may_be_of(file, asking.title, folder))
    )
    if not same:
        raise StudyError(
            f"{folder} is of another source ({title}); give --out another folder, or --force to "
            "replace what is there"
        )


def owner(folder: Path) -> str | None:
    """The title of the exploration that a folder holds; None where it is none of ours."""
    marker = read_marker(folder)
    if marker is not None:
        return marker.title if marker.kind == "exploration" else None
    found = read_object(folder / "explore.json")  # by a version that left no marker
    return str(found["title"]) if found is not None and set(found) >= KEYS else None
