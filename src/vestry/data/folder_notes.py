"""What is said of a folder of pictures: what was done to them, and what was passed over."""

from collections import Counter, defaultdict
from collections.abc import Iterable
from pathlib import PurePosixPath

from vestry.data.folder_listing import Picture

NAMES_SHOWN = 5


def changes(pictures: list[Picture], size: tuple[int, int], colour: bool) -> list[str]:
    """Notes on what was done to the pictures to make them alike."""
    headers = [picture.header for picture in pictures]
    counts = {
        "read as colour, though grey": sum(colour and not header.colour for header in headers),
        "set upright by their EXIF orientation": sum(header.turned for header in headers),
        "laid on white, since transparent": sum(header.transparent for header in headers),
        f"resized to {size[0]} x {size[1]} (height x width), whatever their proportions": sum(
            (header.height, header.width) != size for header in headers
        ),
    }
    return [
        f"{change}: {count:,} of {len(headers):,} images"
        for change, count in counts.items()
        if count
    ]


def passed_over(others: list[str], empty: list[str], nested: Counter[str]) -> list[str]:
    """Notes on what was found and not read, or read though it lay deeper than usual."""
    notes = []
    if others:
        notes.append(f"passed over, since not a PNG or JPEG in a class folder: {by_kind(others)}")
    if empty:
        notes.append(f"not a class, since no image lies in it: {shorten(empty)}")
    if nested:
        notes.append(
            f"images in folders below a class folder were taken as that class's: "
            f"{nested.total():,} in {shorten(list(nested))}"
        )
    return notes


def by_kind(names: Iterable[str]) -> str:
    """Files by suffix, the most first: "26,640 .ppm in 43 folders, README"; one alone by name."""
    kinds: dict[str, list[PurePosixPath]] = defaultdict(list)
    for name in names:
        path = PurePosixPath(name)
        kinds[path.suffix.lower()].append(path)
    ordered = sorted(kinds.items(), key=lambda item: (-len(item[1]), item[0]))
    return ", ".join(_kind(suffix, paths) for suffix, paths in ordered)


def shorten(names: list[str]) -> str:
    """How many there are, and the first of them by name."""
    shown = ", ".join(names[:NAMES_SHOWN])
    more = f" and {len(names) - NAMES_SHOWN:,} more" if len(names) > NAMES_SHOWN else ""
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
