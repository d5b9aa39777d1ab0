"""How picture files are to be read: brought to which size, how, kept where, and who is told."""

from dataclasses import dataclass, field

from vestry.data.image_cache import ImageCache
from vestry.data.image_room import Room
from vestry.data.image_set import Resize
from vestry.data.paths import Progress, Telling


@dataclass(frozen=True)
class Reading:
    """size: (height, width) that all pictures are brought to; None: that of most, or 64 x 64.
    way: how. on_progress: told how many pictures of how many are read. cache: where decoded images
    are kept and found; None: nowhere. room: where they go while they are decoded."""

    size: tuple[int, int] | None = None
    way: Resize = "stretch"
    on_progress: Progress | None = None
    cache: ImageCache | None = None
    room: Room = field(default_factory=Room)

    def tell(self, name: str, done: int, total: int) -> None:
        if self.on_progress is not None:
            self.on_progress(name, done, total)

    def say(self, text: str) -> None:
        """A line for whoever waits; nothing where nobody listens to lines."""
        if isinstance(self.on_progress, Telling):
            self.on_progress.say(text)
