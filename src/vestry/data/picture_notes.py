"""What was done to pictures to make them alike, in words; and which file each of them is."""

from collections.abc import Sequence
from pathlib import Path

from vestry.data.folder_pictures import Picture
from vestry.data.reading import Reading
from vestry.data.resizing import words_of


def changes(
    pictures: Sequence[Picture], size: tuple[int, int], colour: bool, reading: Reading
) -> list[str]:
    """Notes on what was done to the pictures to make them alike. size: that they have now."""
    unasked = (
        "" if reading.size else " since their sizes differ; `image_size` in [data] sets another"
    )
    headers = [picture.header for picture in pictures]
    resized = f"resized to {size[0]} x {size[1]} (height x width), {words_of(reading.way, 'their')}"
    counts = {
        "read as colour, though grey": sum(colour and not header.colour for header in headers),
        "set upright by their EXIF orientation": sum(header.turned for header in headers),
        "laid on white, since transparent": sum(header.transparent for header in headers),
        "the upper 8 of 16 bits a channel taken": sum(header.deep for header in headers),
        "the first picture of an animation taken": sum(header.moving for header in headers),
        f"{resized}{unasked}": sum((header.height, header.width) != size for header in headers),
    }
    return [
        f"{change}: {count:,} of {len(headers):,} images"
        for change, count in counts.items()
        if count
    ]


def files_of(pictures: Sequence[Picture]) -> dict[str, Path]:
    """By id, the file that each picture is; nothing of those that are none."""
    return {one.id: one.path for one in pictures if isinstance(one.path, Path)}
