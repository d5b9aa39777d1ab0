"""`folder:DIR`: pictures, one folder a class; train/, val/ and test/ above them where wanted."""

from collections import Counter, defaultdict
from collections.abc import Iterable
from pathlib import Path, PurePosixPath

import numpy as np

from vestry.data.decoding import Decoded, decode
from vestry.data.file_tree import tree_digest
from vestry.data.folder_layout import Layout, PartName, find_layout, part_of
from vestry.data.folder_pictures import Listing, files_below, list_classes, name_of
from vestry.data.image_cache import ImageCache
from vestry.data.image_file import FORMATS
from vestry.data.image_set import ImageSet, Resize, Source
from vestry.data.kept_source import kept_source
from vestry.data.paths import MissingDataError, Progress
from vestry.data.picture_notes import changes, files_of
from vestry.data.reading import Reading
from vestry.data.resizing import PREPARATION
from vestry.data.source_kind import SOURCES, SourceKind
from vestry.errors import DataError

# What is said of a folder of pictures: what was done to them, and what was passed over.


_NAMES_SHOWN = 5


def _passed_over(others: list[str], empty: list[str], nested: Counter[str]) -> list[str]:
    """Notes on what was found and not read, or read though it lay deeper than usual."""
    notes = []
    if others:
        notes.append(f"passed over, since not a picture in a class folder: {_by_kind(others)}")
    if empty:
        notes.append(f"not a class, since no image lies in it: {_shorten(empty)}")
    if nested:
        notes.append(
            f"images in folders below a class folder were taken as that class's: "
            f"{nested.total():,} in {_shorten(list(nested))}"
        )
    return notes


def _by_kind(names: Iterable[str]) -> str:
    """Files by suffix, the most first: "26,640 .ppm in 43 folders, README"; one alone by name."""
    kinds: dict[str, list[PurePosixPath]] = defaultdict(list)
    for name in names:
        path = PurePosixPath(name)
        kinds[path.suffix.lower()].append(path)
    ordered = sorted(kinds.items(), key=lambda item: (-len(item[1]), item[0]))
    return ", ".join(_kind(suffix, paths) for suffix, paths in ordered)


def _shorten(names: list[str]) -> str:
    """How many there are, and the first of them by name."""
    shown = ", ".join(names[:_NAMES_SHOWN])
    more = f" and {len(names) - _NAMES_SHOWN:,} more" if len(names) > _NAMES_SHOWN else ""
    return f"{len(names):,} ({shown}{more})"


def _kind(suffix: str, paths: list[PurePosixPath]) -> str:
    what = suffix or "without a suffix"
    if len(paths) == 1:
        return f"1 {what} ({paths[0]})"
    folders = {path.parent for path in paths}
    if len(folders) > 1:
        return f"{len(paths):,} {what} in {len(folders):,} folders"
    where = folders.pop().as_posix()
    return f"{len(paths):,} {what} {'at the top' if where == '.' else f'in {where}/'}"


_NEEDED = (
    "at least two are needed, one folder a class, with pictures in it, directly or below "
    "train/, val/ and test/"
)
Listings = dict[PartName, Listing]


def load(
    folder: Path,
    name: str,
    image_size: tuple[int, int] | None = None,
    on_progress: Progress | None = None,
    resize: Resize = "stretch",
    cache: ImageCache | None = None,
) -> Source:
    """Read every picture below `folder`, in the order of its path.

    image_size: (height, width) that all are resized to; None: the size of most, or 64 x 64.
    resize: how (`resizing.resized`). cache: where decoded images are kept and found.
    Grey stays grey; one image with colour makes all of them colour, and a note says so.
    A few damaged files are left out, and listed in the source's `files`. Classes are those of all
    parts together: whether each can be learnt, a study decides.

    Raises MissingDataError where the folder does not exist, DataError for many damaged images,
    and where there are fewer than two classes.
    """
    if not folder.is_dir():
        raise MissingDataError(f"{folder}: no such folder (source {name})")
    reading = Reading(image_size, resize, on_progress, cache)
    return kept_source(
        name,
        folder,
        reading,
        lambda: [b"folder", tree_digest(folder)],
        lambda r: _read(folder, name, r),
    )


def _read(folder: Path, name: str, reading: Reading) -> Source:
    layout = find_layout(folder)
    listings = {part: list_classes(folder, path) for part, path in layout.parts.items()}
    others = [name_of(folder, file) for path in layout.aside for file in files_below(path)]
    others += [other for listing in listings.values() for other in listing.others]
    _refuse_unclassed(folder, layout, listings, others)
    decoded = decode(
        folder,
        name,
        [picture for listing in listings.values() for picture in listing.pictures],
        [file for listing in listings.values() for file in listing.damaged],
        reading,
    )
    parts = _parts(layout, decoded)
    size, colour = parts["train"].image_shape[:2], len(parts["train"].image_shape) == 3
    notes = [
        *layout.notes,
        *changes(decoded.pictures, (size[0], size[1]), colour, reading),
        *_passed_over(others, *_folders(listings)),
        *_lost_classes(listings, parts["train"].classes),
    ]
    return Source(
        name,
        parts["train"],
        parts.get("test"),
        None,
        tuple(notes),
        validation=parts.get("validation"),
        files=decoded.files,
        preparation=PREPARATION[reading.way],
        pictures=files_of(decoded.pictures),
    )


def _refuse_unclassed(folder: Path, layout: Layout, listings: Listings, others: list[str]) -> None:
    """DataError where a part holds no image in a class folder, or there are too few classes."""
    found = f". Passed over: {_by_kind(others)}" if others else ""
    for part, path in layout.named.items():
        if not listings[part].classes:
            raise DataError(
                f"{folder}: {path.name}/ holds no picture in a class folder; fill or remove "
                f"it{found}"
            )
    names = sorted(_class_names(listings))
    if len(names) < 2:
        held = f"one class ({names[0]})" if names else "no class"
        raise DataError(f"{folder} holds images of {held}; {_NEEDED}{found}")
    if not layout.named and all(map(part_of, names)):
        raise DataError(
            f"{folder}: {', '.join(f'{name}/' for name in names)} would be the classes. As parts "
            "they need train/ among them, and one folder a class in each, with the images in that"
        )


def _parts(layout: Layout, decoded: Decoded) -> dict[PartName, ImageSet]:
    """The rows of each part, which follow one another in what was decoded."""
    classes = tuple(sorted({picture.class_name for picture in decoded.pictures}))
    numbers = {name: label for label, name in enumerate(classes)}
    labels = np.array([numbers[picture.class_name] for picture in decoded.pictures], dtype=np.int64)
    ids = np.array([picture.id for picture in decoded.pictures], dtype=np.str_)
    parts, start = {}, 0
    for part, path in layout.parts.items():
        end = start + sum(
            isinstance(picture.path, Path) and path in picture.path.parents
            for picture in decoded.pictures
        )
        rows = slice(start, end)
        parts[part] = ImageSet(decoded.images[rows], labels[rows], classes, ids[rows])
        start = end
    return parts


def _folders(listings: Listings) -> tuple[list[str], Counter[str]]:
    """Class folders without images, and folders below class folders, of all parts."""
    empty = [name for listing in listings.values() for name in listing.empty]
    return empty, sum((listing.nested for listing in listings.values()), Counter())


def _lost_classes(listings: Listings, classes: tuple[str, ...]) -> list[str]:
    """A note on classes of which no image is left without the damaged files."""
    lost = sorted(_class_names(listings).difference(classes))
    return [f"not a class, since every image in it is damaged: {_shorten(lost)}"] if lost else []


def _class_names(listings: Listings) -> set[str]:
    return {name for listing in listings.values() for name in listing.classes}


SOURCES.register(
    SourceKind(
        "folder",
        f"pictures ({FORMATS}), one folder a class, below train/, val/ and test/ if wanted",
        lambda request: load(
            request.path,
            request.text,
            request.image_size,
            request.on_progress,
            request.resize,
            request.reading.cache,
        ),
        takes="DIR",
        resizes=True,
    )
)
