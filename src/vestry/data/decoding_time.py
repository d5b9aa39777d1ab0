"""How long it will take to decode many pictures, by a few of them that are timed."""

import time
from collections.abc import Callable, Sequence

from vestry.data.folder_pictures import Picture

_MANY_PIXELS, _MANY = 500_000_000, 20_000
"""Pixels, or pictures, from which it may take long enough to be worth a sample."""
_SAMPLE_SECONDS, _SAMPLE, _BATCH = 1.0, 2048, 8
_LONG = 8.0
"""Seconds from which it is said."""
_MEGAPIXELS = 1_000_000


def expected(
    pictures: Sequence[Picture], decode: Callable[[Sequence[Picture]], None]
) -> str | None:
    """A line on how long decoding these will take; None where that is not long.

    decode: decodes some, which are spread over all of them, for about a second.
    """
    pixels = sum(picture.header.height * picture.header.width for picture in pictures)
    if pixels < _MANY_PIXELS and len(pictures) < _MANY:
        return None
    spread = pictures[:: max(1, len(pictures) // _SAMPLE)]
    batches = max(1, len(spread) // _BATCH)
    started, spent, timed = time.perf_counter(), 0.0, 0
    for batch in range(batches):
        decode(spread[batch::batches])
        timed += len(spread[batch::batches])
        spent = time.perf_counter() - started
        if spent > _SAMPLE_SECONDS:
            break
    seconds = len(pictures) * spent / timed
    return said(pictures, pixels, seconds) if seconds >= _LONG else None


def said(pictures: Sequence[Picture], pixels: int, seconds: float) -> str:
    """ "5,000 pictures of about 12 megapixels: about 3 min to decode"."""
    each = pixels / len(pictures)
    sizes = {(picture.header.height, picture.header.width) for picture in pictures}
    if len(sizes) == 1 and each < _MEGAPIXELS:
        height, width = sizes.pop()
        size = f"{width:,} x {height:,} pixels"
    elif each >= _MEGAPIXELS:
        size = f"about {each / _MEGAPIXELS:,.0f} megapixels"
    else:
        size = f"about {each:,.0f} pixels"
    return f"{len(pictures):,} pictures of {size}: about {_duration(seconds)} to decode"


def _duration(seconds: float) -> str:
    if seconds < 90:
        return f"{seconds:.0f} s"
    if seconds < 90 * 60:
        return f"{seconds / 60:.0f} min"
    return f"{seconds / 3600:.1f} h"
