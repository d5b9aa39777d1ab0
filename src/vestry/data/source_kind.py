"""What a kind of data source is, all that the rest has to know of it; and which there are."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from vestry.data.image_cache import ImageCache
from vestry.data.image_set import Resize, Source
from vestry.data.paths import DataPaths, Progress
from vestry.data.published import PublishedSet
from vestry.data.reading import Reading
from vestry.system.registry import Registry


@dataclass(frozen=True)
class SourceRequest:
    """A source that is to be loaded.

    text: as the study names it. path: what stands after the colon, from the study's folder.
    image_size: (height, width) that images are resized to, for kinds that resize; None as they are.
    resize: how they are.
    on_progress: told how much of a download, or of a folder's images, is there.
    column: what holds each row's group; a source without such columns gives no groups.
    """

    text: str
    path: Path
    places: DataPaths
    image_size: tuple[int, int] | None = None
    on_progress: Progress | None = None
    column: str | None = None
    resize: Resize = "stretch"

    @property
    def reading(self) -> Reading:
        """Of picture files."""
        cache = ImageCache.below(self.places.cache)
        return Reading(self.image_size, self.resize, self.on_progress, cache)


@dataclass(frozen=True)
class SourceKind:
    """name: what stands before the colon, or alone.

    words: what it is, in a line. load: gives all its rows; raises MissingDataError where it is not
    to be had, DataError where it is damaged.
    takes: what stands after the colon, "DIR" or "FILE"; "" for a source that takes no path.
    resizes: whether `image_size` and `resize` may be given.
    takes_path: whether what stands after the colon is a path.
    published: the set that its makers publish under what stands after the colon; raises StudyError
    for an unknown one. None for what is not downloaded.
    where: what `vestry data list` says of where its data is; None where there is nothing to say.
    """

    name: str
    words: str
    load: Callable[[SourceRequest], Source]
    takes: str = ""
    resizes: bool = False
    takes_path: bool = True
    published: Callable[[str], PublishedSet] | None = None
    where: Callable[[DataPaths], str | None] = lambda _: None

    @property
    def spelling(self) -> str:
        """How a study names it: `digits`, `folder:DIR`."""
        return f"{self.name}:{self.takes}" if self.takes else self.name


SOURCES: Registry[SourceKind] = Registry(
    "source", "vestry.data.sources", lambda thing: isinstance(thing, SourceKind)
)
"""By name; `kinds_in_order` has them as they are listed."""


def kinds_in_order() -> list[SourceKind]:
    """What needs no path first, then by name."""
    return sorted(SOURCES.values(), key=lambda kind: (bool(kind.takes), kind.name))
