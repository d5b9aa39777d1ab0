"""How picture files are to be read: brought to which size, how, and who is told how far it is."""

from dataclasses import dataclass

from vestry.data.image_set import Resize
from vestry.data.paths import Progress


@dataclass(frozen=True)
class Reading:
    """size: (height, width) that all pictures are brought to; None: that of most, or 64 x 64.
    way: how. on_progress: told how many pictures of how many are read."""

    size: tuple[int, int] | None = None
    way: Resize = "stretch"
    on_progress: Progress | None = None

    def tell(self, name: str, done: int, total: int) -> None:
        if self.on_progress is not None:
            self.on_progress(name, done, total)
